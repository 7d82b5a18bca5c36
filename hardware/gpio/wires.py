"""Which wire is on which pin, and what its levels mean. Polarity: hardware.gpio.pins."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hardware.config import Wiring
from hardware.constants import DECK_BACK_S, PIN_UNHEARD_S, SAMPLE_S
from hardware.gpio import pickup
from hardware.gpio.debounce import PRESS_SAMPLES, RECLOSE_SAMPLES, Debounce, sampled
from hardware.gpio.pickup import Pickup
from hardware.link.messages import Contact, Deck, Switches

UNHEARD_SAMPLES: Final = round(PIN_UNHEARD_S / SAMPLE_S)
DECK_SAMPLES: Final = round(DECK_BACK_S / SAMPLE_S)
SHORTED_TESTS: Final = 2  # in a row: found within two ticks, and one could be a glitch


class Wire(StrEnum):
    """The wires, by the words people use."""

    CLIP = "clip"
    RED = "red button"
    AMBER = "amber button"
    READBACK = "permit read-back"
    OPEN_END = "open-end sensor"
    MOTOR_END = "motor-end sensor"
    PICKUP = "belt pick-up"
    PERMIT = "permit"
    ALARM = "alarm"
    TEST_PULSE = "test pulse"


LOOPS: Final = (Wire.CLIP, Wire.RED)


def input_pins(wiring: Wiring) -> dict[Wire, int]:
    """The inputs that are fitted."""
    fitted = {
        Wire.CLIP: wiring.clip,
        Wire.RED: wiring.red_button,
        Wire.AMBER: wiring.amber_button,
        Wire.READBACK: wiring.permit_readback,
        Wire.OPEN_END: wiring.deck_open_end,
        Wire.MOTOR_END: wiring.deck_motor_end,
        Wire.PICKUP: wiring.belt_pickup,
    }
    return {wire: pin for wire, pin in fitted.items() if pin is not None}


def output_pins(wiring: Wiring) -> dict[Wire, int]:
    """The outputs that are fitted."""
    fitted = {Wire.PERMIT: wiring.permit, Wire.ALARM: wiring.alarm, Wire.TEST_PULSE: wiring.test_pulse}
    return {wire: pin for wire, pin in fitted.items() if pin is not None}


class Switchboard:
    """Counts samples of every input. One working thread; nothing here waits or fetches."""

    def __init__(self, wiring: Wiring) -> None:
        self._pins: Final = input_pins(wiring)
        self._settle: Final = {
            Wire.CLIP: RECLOSE_SAMPLES,
            Wire.RED: RECLOSE_SAMPLES,
            Wire.AMBER: PRESS_SAMPLES,
            Wire.OPEN_END: DECK_SAMPLES,
            Wire.MOTOR_END: DECK_SAMPLES,
        }
        self._contacts: dict[Wire, Debounce] = {wire: Debounce() for wire in self._settle if wire in self._pins}
        self._readback: bool | None = None
        self._pickup_mm: Final = wiring.pickup_mm
        self._pickup: Pickup | None = None
        self._pickup_s = 0.0
        self._unheard = dict.fromkeys(self._pins, 0)
        self._fault = ""
        self._low_tests = dict.fromkeys(LOOPS, 0)

    def sample(self, levels: Mapping[int, int], now_s: float) -> bool:
        """Take one sample; True if a loop has just opened, so that the machine must be asked at once."""
        self._fault = ""
        before = self._contacts
        after = dict(before)
        for wire, pin in self._pins.items():
            level = levels.get(pin)
            if level is None:
                self._unheard[wire] += 1
                if self._unheard[wire] >= UNHEARD_SAMPLES:
                    self._fault = f"The {wire} (pin {pin}) cannot be read."
                continue
            self._unheard[wire] = 0
            if level not in (0, 1):
                self._fault = f"The {wire} (pin {pin}) reads {level}, which is neither low nor high."
            elif wire is Wire.READBACK:
                self._readback = level == 1
            elif wire is Wire.PICKUP:
                self._pickup = pickup.sampled(
                    self._pickup or Pickup(self._pickup_mm, now_s), low=level == 0, now_s=now_s
                )
                self._pickup_s = now_s
            else:
                after[wire] = sampled(before[wire], is_open=level == 1, settle=self._settle[wire])
        self._contacts = after
        return any(after[wire].contact is Contact.OPEN and before[wire].contact is not Contact.OPEN for wire in LOOPS)

    def tested(self, levels: Mapping[int, int]) -> None:
        """A sample with the test pulse high. It says nothing of openings; a loop that reads low is shorted."""
        for wire in LOOPS:
            low = levels.get(self._pins[wire]) == 0
            self._low_tests[wire] = self._low_tests[wire] + 1 if low else 0

    def failed(self, why: str) -> None:
        """The pins could not be read at all: that is a fault until they can."""
        self._fault = why

    @property
    def _short(self) -> str:
        for wire in LOOPS:
            if self._low_tests[wire] >= SHORTED_TESTS:
                return (
                    f"The loop of the {wire} (pin {self._pins[wire]}) touches ground: it would not show an opening."
                )
        return ""

    @property
    def _deck(self) -> Deck | None:
        ends = {Deck.OPEN_END: self._contacts.get(Wire.OPEN_END), Deck.MOTOR_END: self._contacts.get(Wire.MOTOR_END)}
        fitted = {end: contact for end, contact in ends.items() if contact is not None}
        outside = (end for end, contact in fitted.items() if contact.contact is not Contact.CLOSED)
        return next(outside, Deck.SAFE) if fitted else None

    @property
    def switches(self) -> Switches:
        """What the wires say now."""
        amber, one = self._contacts.get(Wire.AMBER), self._pickup
        return Switches(
            clip=self._contacts[Wire.CLIP].contact,
            red=self._contacts[Wire.RED].contact,
            amber_pressed=None if amber is None else amber.contact is Contact.CLOSED,
            permit_readback=self._readback if Wire.READBACK in self._pins else None,
            fault=self._fault or self._short,
            deck=self._deck,
            pickup_ckmh=None if one is None else pickup.speed_ckmh(one, self._pickup_s),
            pulses=0 if one is None else one.pulses,
        )
