"""The lines of a gpio-sim chip as the simulated world's wires: levels by its pulls, outputs by its values (sysfs)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from hardware.config import Wiring
from hardware.link.endpoint import Counters
from hardware.link.messages import VERSION, Frame, PinDrive, PinLevels


class GpioSimLines:
    """The lines of the gpio-sim chip, in the place of the guard's mailbox for simulated pins.

    When a process claims a line with its pull-up, gpio-sim moves the simulated pull with it. A closed contact is
    stronger than a pull-up, so the wires are looked after.
    """

    def __init__(self, chip: Path, wiring: Wiring) -> None:
        inputs = (wiring.clip, wiring.red_button, wiring.amber_button, wiring.permit_readback)
        outputs = (wiring.permit, wiring.alarm)
        self._pulls: Final = {pin: _opened(chip, pin, "pull", os.O_RDWR) for pin in inputs if pin is not None}
        self._values: Final = {pin: _opened(chip, pin, "value", os.O_RDONLY) for pin in outputs if pin is not None}
        self._levels: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self.counters = Counters()
        self.closed = False

    def fileno(self) -> int:
        """There is nothing to select on: -1."""
        return -1

    def send(self, body: PinLevels, now_s: float) -> None:
        """Let the wires have these levels."""
        self._levels = dict(body.levels)
        self._look_after_wires()

    def _look_after_wires(self) -> None:
        for pin, level in self._levels.items():
            wanted = b"pull-up" if level else b"pull-down"
            if os.pread(self._pulls[pin], 16, 0).strip() != wanted:
                os.pwrite(self._pulls[pin], wanted, 0)

    def drain(self, now_s: float) -> list[Frame[PinDrive]]:
        """What the guard has driven since."""
        self._look_after_wires()
        frames = []
        for pin, descriptor in self._values.items():
            value = int(os.pread(descriptor, 4, 0))
            if self._seen.get(pin) != value:
                self._seen[pin] = value
                frames.append(Frame(VERSION, 0, now_s, PinDrive(pin, value)))
        return frames

    def close(self) -> None:
        """Idempotent."""
        if not self.closed:
            self.closed = True
            for descriptor in (*self._pulls.values(), *self._values.values()):
                os.close(descriptor)


def _opened(chip: Path, pin: int, name: str, flags: int) -> int:
    return os.open(chip / f"sim_gpio{pin}" / name, flags | os.O_CLOEXEC)
