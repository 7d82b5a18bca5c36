"""How a belt and a deck move: true speed, true incline, true travel. No bytes, no radio, no clock.

Times are the caller's seconds; they are handed in and never run backwards. Ramps are straight lines, integrated
exactly, so that the result does not depend on how often the caller looks.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

METRES_PER_CKMH_S: Final = 0.01 / 3.6  # 0.01 km/h for one second


class Aim(NamedTuple):
    """From *at_s* on, head for *goal* at *rate* a second."""

    at_s: float
    goal: float
    rate: float


class Ramp:
    """One quantity that heads for the newest due aim in a straight line."""

    __slots__ = ("_aims", "_now_s", "goal", "rate", "value")

    def __init__(self, now_s: float, value: float = 0.0) -> None:
        self._now_s = now_s
        self._aims: list[Aim] = []
        self.value = value
        self.goal = value
        self.rate = 1.0

    @property
    def final_goal(self) -> float:
        """Where it will end if nothing else is asked."""
        return self._aims[-1].goal if self._aims else self.goal

    def aim(self, at_s: float, goal: float, rate: float) -> None:
        """Replace every aim at or after *at_s*. *rate* is above 0, in units a second."""
        self._aims = [aim for aim in self._aims if aim.at_s < at_s]
        self._aims.append(Aim(at_s, goal, rate))

    def advance(self, now_s: float) -> float:
        """Move on to *now_s*; returns the integral of the value over the time that passed."""
        area = 0.0
        while self._aims and self._aims[0].at_s <= now_s:
            aim = self._aims.pop(0)
            area += self._run(aim.at_s)
            self.goal, self.rate = aim.goal, aim.rate
        return area + self._run(now_s)

    def _run(self, until_s: float) -> float:
        seconds = until_s - self._now_s
        if seconds <= 0:
            return 0.0
        self._now_s = until_s
        start, gap = self.value, self.goal - self.value
        ramp_s = min(seconds, abs(gap) / self.rate)
        self.value = self.goal if ramp_s * self.rate >= abs(gap) else start + math.copysign(ramp_s * self.rate, gap)
        return (start + self.value) / 2 * ramp_s + self.value * (seconds - ramp_s)


class Physics:
    """One treadmill's belt (0.01 km/h) and deck (0.1 %)."""

    def __init__(self, now_s: float) -> None:
        self.belt: Final = Ramp(now_s)
        self.deck: Final = Ramp(now_s)
        self.travel_m = 0.0

    def advance(self, now_s: float) -> None:
        """Move on to *now_s*."""
        self.travel_m += self.belt.advance(now_s) * METRES_PER_CKMH_S
        self.deck.advance(now_s)

    @property
    def speed_ckmh(self) -> float:
        """The belt's true speed."""
        return self.belt.value

    @property
    def incline_dpct(self) -> float:
        """The deck's true incline."""
        return self.deck.value

    @property
    def moving(self) -> bool:
        """True while the belt moves at all."""
        return self.belt.value > 0
