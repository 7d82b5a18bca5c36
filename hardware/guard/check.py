"""``retrowalk guard --check``: each wire, its pin, its level and what that means now; the permit's relay; the alarm.

For the technician with the screwdriver. It moves no belt: it talks to pins alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hardware.config import Config, PinsKind, Wiring, WiringLevel
from hardware.constants import PERMIT_DROPOUT_S, PERMIT_PICKUP_S, SAMPLE_S, TICK_S
from hardware.gpio.chip import ChipPins
from hardware.gpio.pins import PinError, Pins, WorldPins
from hardware.gpio.wires import SHORTED_TESTS, Switchboard, Wire, input_pins, output_pins
from hardware.link.endpoint import SocketEndpoint, connect
from hardware.link.messages import Contact, PinDrive, PinLevels, PinsToGuard
from hardware.link.paths import RuntimePaths

LOOK_S: Final = 0.8
LOOK_SAMPLES: Final = round(LOOK_S / SAMPLE_S)
"""Longer than a contact takes to settle. Counted in samples, as settling is: a busy machine looks for longer."""

ALARM_S: Final = 0.3
LEVELS: Final = {0: "low", 1: "high", None: "?"}


class CheckError(Exception):
    """The wires cannot be looked at; the text is a sentence that says why."""


@dataclass(slots=True)
class Report:
    """What was found, in words; *missing* is empty when everything is as it must be."""

    lines: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def text(self) -> str:
        """For a terminal."""
        found = "\n".join(self.lines)
        if not self.missing:
            return f"{found}\n\nNothing is missing.\n"
        return f"{found}\n\nMissing:\n" + "".join(f"- {sentence}\n" for sentence in self.missing)


def open_pins(config: Config, paths: RuntimePaths) -> Pins:
    """The configured pins. Raises CheckError with a sentence."""
    wiring = config.wiring
    try:
        if wiring.pins is PinsKind.GPIO:
            inputs, outputs = input_pins(wiring).values(), output_pins(wiring).values()
            return ChipPins(inputs, outputs, paths.directory, wiring.chip_label)
    except PinError as error:
        raise CheckError(str(error)) from error
    sock = connect(paths.world_pins)
    if sock is None:
        raise CheckError(f"The pins are simulated, and no simulated world listens at {paths.world_pins}.")
    return WorldPins(SocketEndpoint[PinDrive, PinLevels](sock, PinsToGuard))


class _Look:
    """Reads the pins for a while."""

    def __init__(self, pins: Pins, wiring: Wiring, now: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.pins = pins
        self.now = now
        self.sleep = sleep
        self.board = Switchboard(wiring)
        self.levels: dict[int, int] = {}

    def sample(self) -> None:
        """One sample, and its pause."""
        try:
            self.levels.update(self.pins.levels(self.now()))
        except PinError as error:
            raise CheckError(str(error)) from error
        self.board.sample(self.levels, self.now())
        self.sleep(SAMPLE_S)

    def test(self) -> None:
        """One sample with the test pulse high."""
        try:
            self.board.tested(self.pins.levels(self.now()))
        except PinError as error:
            raise CheckError(str(error)) from error

    def during(self, seconds: float, until: Callable[[], bool] = lambda: False) -> float | None:
        """Sample for *seconds* or until *until*; how long that took, or None if it never came."""
        start_s = self.now()
        while self.now() - start_s < seconds:
            self.sample()
            if until():
                return self.now() - start_s
        return None

    def drive(self, pin: int, level: int) -> None:
        """Set an output."""
        try:
            self.pins.drive(pin, level, self.now())
        except PinError as error:
            raise CheckError(str(error)) from error


def check(
    pins: Pins, wiring: Wiring, now: Callable[[], float], sleep: Callable[[float], None], *, outputs: bool
) -> Report:
    """Look at every wire; with *outputs* also work the permit's relay and the alarm. Raises CheckError."""
    look, report = _Look(pins, wiring, now, sleep), Report()
    for _ in range(LOOK_SAMPLES):
        look.sample()
    _loops(look, wiring, report)
    _amber(look, wiring, report)
    _deck(look, wiring, report)
    _pickup(look, wiring, report)
    _permit(look, wiring, report, outputs=outputs)
    _alarm(look, wiring, report, outputs=outputs)
    _test_pulse(look, wiring, report, outputs=outputs)
    fault = look.board.switches.fault
    if fault:
        report.missing.append(fault)
    if wiring.level is WiringLevel.H0:
        report.lines.append("level H0: only Bluetooth can stop the belt. Staff stand by, 2.0 km/h at most.")
    elif wiring.supervised:
        report.lines.append(f"level {wiring.level} without read-back counts as H0. Staff stand by, 2.0 km/h at most.")
    return report


def _line(wire: Wire, pin: int | None, level: str, meaning: str) -> str:
    where = "not fitted" if pin is None else f"GPIO {pin}"
    return f"{wire:<17} {where:<10}  {level:<4}  {meaning}".rstrip()


def _level(look: _Look, pin: int) -> str:
    return LEVELS[look.levels.get(pin)]


def _loops(look: _Look, wiring: Wiring, report: Report) -> None:
    switches = look.board.switches
    for wire, pin, contact, closed, opened in (
        (Wire.CLIP, wiring.clip, switches.clip, "the clip is on", "the clip is off"),
        (Wire.RED, wiring.red_button, switches.red, "released", "pressed"),
    ):
        meaning = {
            Contact.CLOSED: f"closed: {closed}",
            Contact.OPEN: f"open: {opened}, or a wire is broken",
            Contact.SETTLING: "does not settle: a loose contact, or it is being moved",
        }[contact]
        report.lines.append(_line(wire, pin, _level(look, pin), meaning))
        if contact is not Contact.CLOSED:
            hint = "put the clip on" if wire is Wire.CLIP else "twist the button until it springs out"
            report.missing.append(
                f"The loop of the {wire} is not closed: {hint}; if that is done, look for a broken wire between "
                f"GPIO {pin} and ground."
            )


def _amber(look: _Look, wiring: Wiring, report: Report) -> None:
    pin = wiring.amber_button
    if pin is None:
        report.lines.append(_line(Wire.AMBER, None, "", ""))
        return
    pressed = look.board.switches.amber_pressed
    report.lines.append(_line(Wire.AMBER, pin, _level(look, pin), "pressed" if pressed else "released"))
    if pressed:
        report.missing.append(f"The amber button at GPIO {pin} is pressed, or its wire touches ground. Let it go.")


def _deck(look: _Look, wiring: Wiring, report: Report) -> None:
    for wire, pin in ((Wire.OPEN_END, wiring.deck_open_end), (Wire.MOTOR_END, wiring.deck_motor_end)):
        if pin is None:
            report.lines.append(_line(wire, None, "", ""))
            continue
        clear = look.levels.get(pin) == 0
        meaning = "clear" if clear else "too near, or a wire is broken"
        report.lines.append(_line(wire, pin, _level(look, pin), meaning))
        if not clear:
            report.missing.append(
                f"The {wire} sees somebody too near: clear the deck; if it is clear, look for a broken wire between "
                f"GPIO {pin} and ground, or turn the sensor's threshold down."
            )


def _pickup(look: _Look, wiring: Wiring, report: Report) -> None:
    pin = wiring.belt_pickup
    if pin is None:
        report.lines.append(_line(Wire.PICKUP, None, "", ""))
        return
    pulses = look.board.switches.pulses
    report.lines.append(_line(Wire.PICKUP, pin, _level(look, pin), f"{pulses} pulses in {LOOK_S} s"))
    if pulses:
        report.missing.append(
            f"The belt pick-up at GPIO {pin} counts pulses. Let the belt stand still; if it does, the sensor or its "
            "wire picks up noise."
        )


def _permit(look: _Look, wiring: Wiring, report: Report, *, outputs: bool) -> None:
    permit, readback = wiring.permit, wiring.permit_readback
    if permit is None:
        report.lines.append(_line(Wire.PERMIT, None, "", ""))
        return
    if readback is None:
        report.lines.append(_line(Wire.PERMIT, permit, "", "no read-back: the relay cannot be checked"))
        report.missing.append(
            "The permit relay has no read-back contact (wiring.permit_readback). Without one a welded relay stays "
            "unnoticed until it is needed."
        )
        return
    up = look.board.switches.permit_readback
    report.lines.append(
        _line(Wire.READBACK, readback, _level(look, readback), "relay picked up" if up else "relay dropped")
    )
    if up:
        report.missing.append(
            f"The permit is off but its relay reads picked up: the relay is welded, or the read-back wire at "
            f"GPIO {readback} is broken."
        )
        return
    if not outputs:
        report.lines.append(_line(Wire.PERMIT, permit, "", "not tried"))
        return
    picked_s = _pulse(look, permit, PERMIT_PICKUP_S)
    dropped_s = look.during(PERMIT_DROPOUT_S, lambda: look.board.switches.permit_readback is False)
    if picked_s is None:
        meaning = f"pulsed for {PERMIT_PICKUP_S} s: the relay did not pick up"
        report.missing.append(f"The permit relay does not pick up. Look at the pump and relay behind GPIO {permit}.")
    elif dropped_s is None:
        meaning = f"the relay picked up, and was still up {PERMIT_DROPOUT_S} s after the last pulse"
        report.missing.append("The permit relay does not drop in time. Nobody may walk until it is replaced.")
    else:
        meaning = f"the relay picked up after {picked_s:.2f} s and dropped {dropped_s:.2f} s after the last pulse"
    report.lines.append(_line(Wire.PERMIT, permit, "", meaning))


def _pulse(look: _Look, pin: int, seconds: float) -> float | None:
    """Pulse the permit as the guard does, one edge a tick, until the relay is up. It ends low."""
    start_s, level, picked_s = look.now(), 0, None
    while look.now() - start_s < seconds and picked_s is None:
        level ^= 1
        look.drive(pin, level)
        if look.during(TICK_S, lambda: look.board.switches.permit_readback is True) is not None:
            picked_s = look.now() - start_s
    look.drive(pin, 0)
    return picked_s


def _alarm(look: _Look, wiring: Wiring, report: Report, *, outputs: bool) -> None:
    pin = wiring.alarm
    if pin is None:
        report.lines.append(_line(Wire.ALARM, None, "", ""))
        return
    if not outputs:
        report.lines.append(_line(Wire.ALARM, pin, "", "not tried"))
        return
    look.drive(pin, 1)
    look.during(ALARM_S)
    look.drive(pin, 0)
    report.lines.append(_line(Wire.ALARM, pin, "", f"switched on for {ALARM_S} s: did you hear it?"))


def _test_pulse(look: _Look, wiring: Wiring, report: Report, *, outputs: bool) -> None:
    pin = wiring.test_pulse
    if pin is None:
        report.lines.append(_line(Wire.TEST_PULSE, None, "", ""))
        return
    if not outputs:
        report.lines.append(_line(Wire.TEST_PULSE, pin, "", "not tried"))
        return
    for _ in range(SHORTED_TESTS):
        look.drive(pin, 1)
        look.sleep(SAMPLE_S)
        look.test()
        look.drive(pin, 0)
        look.sleep(SAMPLE_S)
    short = look.board.switches.fault
    report.lines.append(_line(Wire.TEST_PULSE, pin, "", "a loop does not follow" if short else "both loops follow"))
