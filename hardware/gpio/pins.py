"""The small protocol by which the guard meets its pins, and the simulated world's side of it.

Polarity, for every backend (levels are electrical, 1 = high):

* Inputs have the internal pull-up and are pulled to ground by their contact. A closed contact reads **0**; an open
  one, a cut wire and a pulled connector read **1**.
* Clip and red button are normally closed loops: 0 = clip on, button released. So a broken wire stops the belt.
* The amber button is normally open: 0 = pressed. A broken wire only makes it useless.
* The permit's read-back is the relay's normally closed mirror contact: 0 = dropped, 1 = picked up. A broken wire
  reads "picked up" and is found as soon as the permit is off.
* The deck sensors are normally closed as well: 0 = the walker is clear of that end, 1 = too near it, or no sensor.
* The belt pick-up's pulse is low; between two pulses it reads 1.
* The test pulse, where it is fitted, takes the place of ground at the far end of the two loops. It is low but for one
  sample in each tick, in which a closed loop must read 1: one that then reads 0 touches ground somewhere.
* Outputs: alarm 1 = sounding. The permit is a pulse train; its level at any moment means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from hardware.link.endpoint import Endpoint
from hardware.link.messages import PinDrive, PinLevels


class PinError(Exception):
    """A pin cannot be read, driven or claimed; the text is a sentence for staff."""


PINS: Final = 64  # more than any Pi has: a world that tells of others is not remembered


class Pins(Protocol):
    """Input levels by BCM pin number, and outputs to drive."""

    def levels(self, now_s: float) -> Mapping[int, int]:
        """The levels now. A pin that has not been heard of yet is left out. Raises PinError."""

    def drive(self, pin: int, level: int, now_s: float) -> None:
        """Set an output. Raises PinError."""

    def close(self) -> None:
        """Outputs low, pins released; idempotent."""


class WorldPins:
    """The pins of the simulated world, over its socket (or, composed, in memory)."""

    def __init__(self, world: Endpoint[PinDrive, PinLevels]) -> None:
        self._world = world
        self._levels: dict[int, int] = {}
        self._driven: set[int] = set()

    def levels(self, now_s: float) -> Mapping[int, int]:
        """The levels as the world last told them. Raises PinError when the world is gone."""
        for frame in self._world.drain(now_s):
            self._levels.update((pin, level) for pin, level in frame.body.levels if 0 <= pin < PINS)
        if self._world.closed:
            raise PinError("The simulated pins are gone.")
        return self._levels

    def drive(self, pin: int, level: int, now_s: float) -> None:
        """Tell the world."""
        self._driven.add(pin)
        self._world.send(PinDrive(pin, level), now_s)

    def close(self) -> None:
        """Outputs low, then leave; idempotent."""
        for pin in sorted(self._driven):
            self._world.send(PinDrive(pin, 0), 0.0)
        self._driven.clear()
        self._world.close()
