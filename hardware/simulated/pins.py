"""The pins of the simulated world, as they behave: loops, buttons, the permit's charge pump and relay, key puller.

Polarity is that of the real wiring (deploy's drawing): inputs are pulled up, a closed loop pulls its pin to ground.
Clip and red button are normally closed: closed = level 0, open or cut = level 1. The amber button is normally open:
pressed = level 0. The permit read-back is the relay's normally closed mirror contact: relay on = level 1, off = 0.
"""

from __future__ import annotations

import math
from typing import Final

from hardware.config import Wiring, WiringLevel

DROP_OUT_S: Final = 0.100
"""The pump holds the relay this long after the last edge (safety.md 2.3: 80 to 120 ms)."""

PICK_UP_EDGES: Final = 4
"""So many edges, each within DROP_OUT_S of the one before, charge the pump far enough for the relay to pick up."""


class Pins:
    """Every wire between the guard and the world. Levels by BCM pin number."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring: Final = wiring
        self.clip_closed = True
        self.red_closed = True
        self.amber_pressed = False
        self.clear_of_open_end = True
        self.clear_of_motor_end = True
        self.belt_mm = 0.0  # how far the belt has run
        self.outputs: dict[int, int] = {}
        self._edges = 0
        self._last_edge_s = -math.inf

    # ---------------------------------------------------------------------------------------- guard's side

    def levels(self, now_s: float) -> tuple[tuple[int, int], ...]:
        """Level of each fitted input pin."""
        wiring = self._wiring
        levels = [(wiring.clip, int(not self.clip_closed)), (wiring.red_button, int(not self.red_closed))]
        if wiring.amber_button is not None:
            levels.append((wiring.amber_button, int(not self.amber_pressed)))
        if wiring.permit_readback is not None:
            levels.append((wiring.permit_readback, int(self.permit(now_s))))
        if wiring.deck_open_end is not None:
            levels.append((wiring.deck_open_end, int(not self.clear_of_open_end)))
        if wiring.deck_motor_end is not None:
            levels.append((wiring.deck_motor_end, int(not self.clear_of_motor_end)))
        if wiring.belt_pickup is not None:  # the magnet is past the sensor for half of the way to the next
            levels.append((wiring.belt_pickup, int(self.belt_mm % wiring.pickup_mm < wiring.pickup_mm / 2)))
        return tuple(levels)

    def drive(self, pin: int, level: int, now_s: float) -> None:
        """The guard drove an output. Only a change of the permit pin pumps: a level, high or low, does not."""
        before = self.outputs.get(pin, 0)
        self.outputs[pin] = level
        if pin != self._wiring.permit or level == before:
            return
        self._edges = self._edges + 1 if now_s - self._last_edge_s <= DROP_OUT_S else 1
        self._last_edge_s = now_s

    # ---------------------------------------------------------------------------------------- the world's side

    def permit(self, now_s: float) -> bool:
        """True while the permit relay is picked up."""
        return self._edges >= PICK_UP_EDGES and now_s - self._last_edge_s <= DROP_OUT_S

    @property
    def alarm(self) -> bool:
        """True while the buzzer sounds."""
        return self._wiring.alarm is not None and bool(self.outputs.get(self._wiring.alarm, 0))

    @property
    def interlock_open(self) -> bool:
        """True while clip or red button is open."""
        return not (self.clip_closed and self.red_closed)


class KeyCircuit:
    """Whether the treadmill's own safety key counts as seated: a hand's doing, or the permit's (safety.md 2.5).

    H1: a spring pulls the magnet key when the permit falls; only a hand puts it back, and only while the permit holds
    it. Before the first permit the puller is uncocked and the key stays where the technician put it.
    H2: permit contacts in the key loop: open without permit once it has been there, closed again with it.
    H0, or no permit pin: the hand alone.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._level: Final = wiring.level if wiring.permit is not None else WiringLevel.H0
        self._in_place = True
        self._cocked = False
        self._permit = False

    def hand(self, seated: bool) -> None:
        """A hand pulls the key or puts it back."""
        self._in_place = seated and not (self._level is WiringLevel.H1 and self._cocked and not self._permit)

    def seated(self, permit: bool) -> bool:
        """Whether the treadmill's key circuit is closed, given the permit relay now."""
        if permit:
            self._cocked = True
        if self._level is WiringLevel.H1 and self._permit and not permit:
            self._in_place = False
        self._permit = permit
        if self._level is WiringLevel.H2 and self._cocked and not permit:
            return False
        return self._in_place
