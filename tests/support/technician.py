"""A treadmill commissioned in a composed house: procedure, scripted technician, and a parent that starts anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from hardware.config import Checks, WiringLevel
from hardware.config.binding import Binding, Proof
from hardware.config.profiles import UNCOMMISSIONED, Profile
from hardware.link.messages import Missing
from hardware.simulated.machines import Machine
from kiosk.staff.commissioning import procedure
from kiosk.staff.commissioning.hands import AutoHand
from kiosk.staff.commissioning.memory import Procedure, Seen, Turn
from tests.support.composed import Composed

STRICT = Checks()
TURN_QUANTA = 5


class Room:
    """The simulated world as a technician meets it."""

    def __init__(self, house: Composed) -> None:
        self._house = house

    def hand(self, what: str, closed: bool) -> None:
        self._house.hand(what, closed)

    def belt_ckmh(self) -> float:
        return self._house.speed


def anew(house: Composed, profile: Profile, binding: Binding | None = None) -> None:
    """Guard and belt leave and are started again, as their parent does it, with what is on disk then."""
    house.profile = profile
    if binding is not None:
        house.address, house.proved = binding.address, binding.proved_by is not Proof.NONE
    house.kill_belt()
    house.kill_guard()
    house.run(0.2)
    house.start_guard()
    house.restart_kiosk()
    house.start_belt()


@dataclass
class Session:
    """One procedure at work in a house; any pure one with the same step will do."""

    house: Composed
    state: Any
    step: Callable[..., Turn]
    hand: AutoHand
    written: list[Profile] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    kept: int = 0
    refused: int = 0
    turn: Turn | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.house.close()

    def once(self) -> Turn:
        """100 ms: the house's quanta, then one look."""
        house = self.house
        for _ in range(TURN_QUANTA):
            house.quantum()
            self.hand.watch(house.now_s)
            if house.guard is not None and house.guard.done(house.now_s):
                anew(house, self.written[-1] if self.written else house.profile)
                self.refused = 0
        now_s = house.now_s
        seen = None
        if house.kiosk.status is not None:
            fresh = house.kiosk.refused[self.refused :]
            self.refused = len(house.kiosk.refused)
            why: tuple[Missing, ...] = tuple(one for refusal in fresh for one in refusal.why)
            seen = Seen(house.kiosk.status, house.kiosk.status_at_s, why)
        deeds = () if self.turn is None else self.hand.answer(self.turn.instruction, now_s)
        turn = self.step(self.state, seen, deeds, now_s)
        self.turn, self.state = turn, turn.state
        self.kept += turn.keep
        if turn.profile is not None:
            self.written.append(turn.profile)
        for request in turn.requests:
            house.kiosk.say(request)
        if not self.pages or self.pages[-1] != turn.instruction.page:
            self.pages.append(turn.instruction.page)
        return turn

    def until(self, *pages: str, within_s: float = 1500.0) -> float:
        """Until one of *pages* is shown; returns how long it took."""
        began_s = self.house.now_s
        while self.house.now_s - began_s < within_s:
            if self.once().instruction.page in pages:
                return self.house.now_s - began_s
        raise AssertionError(f"{pages} not reached: {self.pages[-12:]} {self.house.scene()}")


def commissioning(
    machine: Machine,
    *,
    cap_kmh: float = 2.0,
    level: WiringLevel = WiringLevel.H2,
    deck_mm: int = 1400,
    belt_mm: int | None = 3000,
    max_incline_percent: float = 0.0,
    profile: Profile = UNCOMMISSIONED,
    mischief: tuple[str, ...] = (),
) -> Session:
    """A technician has arrived at *machine*."""
    house = Composed(
        machine,
        level=level,
        cap_kmh=cap_kmh,
        max_incline_percent=max_incline_percent,
        profile=profile,
        mischief=mischief,
        checks=STRICT,
    )
    house.world.tap.monitor.speed_may_start()
    state: Procedure = procedure.begin(house.now_s, who="Ana", today="2026-11-21", holding=profile)
    return Session(house, state, procedure.step, AutoHand(Room(house), deck_mm=deck_mm, belt_mm=belt_mm))
