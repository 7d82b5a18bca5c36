"""Proving a wire: a person moves what hangs on it, and the pin is seen to follow. For ``retrowalk setup``.

Reads levels only; no output is driven. The guard must not run: a pin has one owner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hardware.config import PinsKind, Wiring
from hardware.constants import SAMPLE_S
from hardware.gpio.chip import ChipPins
from hardware.gpio.pins import PinError, Pins
from hardware.link.paths import RuntimePaths

STEADY_SAMPLES: Final = 4
"""A level counts once it has stood for so many samples (20 ms): shorter is bounce. The pick-up pulses faster."""

LOW, HIGH = 0, 1


@dataclass(frozen=True, slots=True)
class Proved:
    """Name in [wiring], the level it has while nobody touches it, and how long a level must stand."""

    name: str
    rest: int | None  # None: either
    steady: int = STEADY_SAMPLES


PROVABLE: Final = (
    Proved("clip", LOW),
    Proved("red_button", LOW),
    Proved("amber_button", HIGH),
    Proved("deck_open_end", LOW),
    Proved("deck_motor_end", LOW),
    Proved("belt_pickup", None, steady=1),
)


def fitted(wiring: Wiring) -> tuple[Proved, ...]:
    """The inputs of *wiring* that a person can move."""
    return tuple(wire for wire in PROVABLE if getattr(wiring, wire.name) is not None)


def open_inputs(wiring: Wiring, paths: RuntimePaths) -> Pins:
    """The pins of every provable input. Raises PinError with a sentence."""
    if wiring.pins is not PinsKind.GPIO:
        raise PinError("The pins are simulated: there is no wire to prove.")
    return ChipPins([getattr(wiring, wire.name) for wire in fitted(wiring)], [], paths.directory, wiring.chip_label)


def watch(
    pins: Pins,
    pin: int,
    wire: Proved,
    seconds: float,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> str:
    """Watch *pin* for *seconds*: '' once it was seen at both levels and came back to rest, else what was wrong.

    Raises PinError.
    """
    start_s = now()
    steady, run, level = set[int](), 0, -1
    while now() - start_s < seconds:
        read = pins.levels(now()).get(pin, -1)
        run = run + 1 if read == level else 1
        level = read
        if level in (LOW, HIGH) and run >= wire.steady:
            steady.add(level)
            if steady == {LOW, HIGH} and wire.rest in (None, level):
                return ""
        sleep(SAMPLE_S)
    if steady == {LOW, HIGH}:
        return f"GPIO {pin} moved, and did not come back"
    if steady == {LOW}:
        return f"GPIO {pin} stayed closed (low) all the time: the wire is on another pin, or touches ground"
    if steady == {HIGH}:
        return f"GPIO {pin} stayed open (high) all the time: the wire is broken, or on another pin"
    return f"GPIO {pin} does not settle: a loose contact"
