"""``retrowalk guard --check``: what a technician reads, with every wire right and with each one wrong."""

from __future__ import annotations

import threading
import time

import pytest
from typer.testing import CliRunner

from hardware.config import Config, PinsKind, Wiring, WiringLevel
from hardware.gpio.pins import PinError
from hardware.guard.check import CheckError, check, open_pins
from hardware.link.endpoint import Listener, SocketEndpoint
from hardware.link.messages import GuardToPins, PinLevels
from hardware.link.paths import open_runtime_directory
from hardware.simulated.pins import Pins as SimulatedPins
from kiosk.cli import app

FITTED = Wiring(
    pins=PinsKind.SIMULATED,
    level=WiringLevel.H1,
    clip=17,
    red_button=27,
    amber_button=22,
    permit=23,
    permit_readback=24,
    alarm=25,
)


class Bench:
    """The simulated world's wiring, on a clock that moves when somebody sleeps."""

    def __init__(self, wiring: Wiring = FITTED) -> None:
        self.wiring = wiring
        self.wires = SimulatedPins(wiring)
        self.now_s = 10.0
        self.welded: bool | None = None
        self.error = ""
        self.sounded = 0.0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        if self.wires.alarm:
            self.sounded += seconds
        self.now_s += seconds

    def levels(self, now_s: float) -> dict[int, int]:
        if self.error:
            raise PinError(self.error)
        levels = dict(self.wires.levels(now_s))
        if self.welded is not None:
            levels[24] = int(self.welded)
        return levels

    def drive(self, pin: int, level: int, now_s: float) -> None:
        self.wires.drive(pin, level, now_s)

    def close(self) -> None:
        pass

    def check(self, *, outputs: bool = True):
        return check(self, self.wiring, self.now, self.sleep, outputs=outputs)


def test_with_all_well_it_names_every_wire_its_pin_its_level_and_its_meaning():
    bench = Bench()
    report = bench.check()
    assert report.missing == []
    text = report.text()
    assert "clip              GPIO 17     low   closed: the clip is on" in text
    assert "red button        GPIO 27     low   closed: released" in text
    assert "amber button      GPIO 22     high  released" in text
    assert "permit read-back  GPIO 24     low   relay dropped" in text
    assert "permit            GPIO 23           the relay picked up after 0.0" in text
    assert "alarm             GPIO 25           switched on for 0.3 s: did you hear it?" in text
    assert text.endswith("Nothing is missing.\n")
    assert bench.sounded == pytest.approx(0.3, abs=0.02)
    assert not bench.wires.alarm
    assert bench.wires.outputs[23] == 0


@pytest.mark.parametrize(
    ("wire", "pin", "hint"), [("clip", 17, "put the clip on"), ("red", 27, "twist the button until it springs out")]
)
def test_an_open_loop_is_named_with_what_to_do_and_where_to_look(wire, pin, hint):
    bench = Bench()
    setattr(bench.wires, f"{wire}_closed", False)
    report = bench.check()
    (sentence,) = report.missing
    assert hint in sentence
    assert f"GPIO {pin}" in sentence
    assert "open" in report.text()


def test_a_loose_contact_is_told_from_an_open_one(monkeypatch):
    bench = Bench()
    plain = bench.levels
    count = [0]

    def loose(now_s: float) -> dict[int, int]:
        count[0] += 1
        return {**plain(now_s), 17: int(count[0] % 30 == 0)}

    monkeypatch.setattr(bench, "levels", loose)
    assert "does not settle: a loose contact" in bench.check().text()


def test_a_pressed_amber_button_is_named():
    bench = Bench()
    bench.wires.amber_pressed = True
    assert bench.check().missing == ["The amber button at GPIO 22 is pressed, or its wire touches ground. Let it go."]


def test_a_welded_relay_is_found_before_a_pulse_is_sent():
    bench = Bench()
    bench.welded = True
    report = bench.check()
    assert "welded" in report.missing[0]
    assert 23 not in bench.wires.outputs


def test_a_dead_relay_is_found():
    bench = Bench()
    bench.welded = False
    assert "does not pick up" in bench.check().missing[0]


def test_a_relay_that_drops_too_late_is_found(monkeypatch):
    bench = Bench()
    monkeypatch.setattr("hardware.simulated.pins.DROP_OUT_S", 0.4)
    assert "does not drop in time" in bench.check().missing[0]


def test_a_relay_without_read_back_is_missing_something():
    wiring = Wiring(pins=PinsKind.SIMULATED, level=WiringLevel.H1, permit=23)
    report = Bench(wiring).check()
    assert "no read-back contact" in report.missing[0]
    assert "counts as H0" in report.lines[-1]


def test_without_outputs_nothing_is_driven():
    bench = Bench()
    report = bench.check(outputs=False)
    assert bench.wires.outputs == {}
    assert report.text().count("not tried") == 2


def test_wires_that_are_not_fitted_are_said_to_be_so_and_h0_is_explained():
    report = Bench(Wiring(pins=PinsKind.SIMULATED)).check()
    assert report.missing == []
    for name in ("amber button", "permit", "alarm"):
        assert f"{name:<17} not fitted" in report.text()
    assert "level H0: only Bluetooth can stop the belt" in report.text()


@pytest.mark.parametrize("shorted", [False, True])
def test_the_test_pulse_must_be_followed_by_both_loops(monkeypatch, shorted):
    bench = Bench(Wiring(test_pulse=5))
    driven: dict[int, int] = {}
    monkeypatch.setattr(bench, "drive", lambda pin, level, now_s: driven.update({pin: level}))
    follow = {17: True, 27: not shorted}
    monkeypatch.setattr(
        bench, "levels", lambda now_s: {pin: int(driven.get(5, 0) and on) for pin, on in follow.items()}
    )
    report = bench.check()
    assert ("both loops follow" in report.text()) == (not shorted)
    assert bool(report.missing) == shorted
    assert driven == {5: 0}
    assert "test pulse        GPIO 5            not tried" in bench.check(outputs=False).text()


def test_a_pin_that_is_never_heard_of_is_missing():
    bench = Bench()
    bench.wires = SimulatedPins(Wiring(pins=PinsKind.SIMULATED))
    assert any("cannot be read" in sentence for sentence in bench.check().missing)


def test_a_pin_error_ends_the_check_with_its_sentence():
    bench = Bench()
    bench.error = "A GPIO pin is held by another process (GPIO busy). Is the guard running already?"
    with pytest.raises(CheckError, match="Is the guard running already"):
        bench.check()


def test_simulated_pins_need_a_world(tmp_path):
    with pytest.raises(CheckError, match="no simulated world listens"):
        open_pins(Config(wiring=FITTED), open_runtime_directory(tmp_path / "run"))


# ------------------------------------------------------------------------------------ the command

CONFIG = """\
[wiring]
pins = "simulated"
clip = 17
red_button = 27
"""


@pytest.fixture
def command(tmp_path):
    config, runtime = tmp_path / "retrowalk.toml", tmp_path / "run"
    config.write_text(CONFIG)

    def run(*more: str):
        return CliRunner().invoke(app, ["guard", *more, "--config", str(config), "--runtime", str(runtime)])

    run.config, run.runtime = config, runtime
    return run


def test_the_command_needs_to_be_told_what_to_do(command):
    result = command()
    assert result.exit_code == 2
    assert "--check" in result.stderr


def test_a_bad_configuration_is_a_sentence_and_exit_2(command):
    command.config.write_text("[wiring]\nclipp = 3\n")
    result = command("--check")
    assert result.exit_code == 2
    assert 'Did you mean "clip"?' in result.stderr


def test_no_world_is_a_sentence_and_exit_2(command):
    result = command("--check")
    assert result.exit_code == 2
    assert "no simulated world listens" in result.stderr


@pytest.mark.parametrize(("level", "code"), [(0, 0), (1, 1)])
def test_the_command_exits_1_exactly_when_something_is_missing(command, level, code):
    paths = open_runtime_directory(command.runtime)
    listener = Listener(paths.world_pins)
    ended = threading.Event()

    def world() -> None:
        deadline = time.monotonic() + 10
        while (sock := listener.accept()) is None and time.monotonic() < deadline:
            ended.wait(0.005)
        end = SocketEndpoint(sock, GuardToPins)
        end.send(PinLevels(((17, level), (27, 0))), 0.0)
        ended.wait(10)
        end.close()

    thread = threading.Thread(target=world)
    thread.start()
    try:
        result = command("--check")
    finally:
        ended.set()
        thread.join()
        listener.close()
    assert result.exit_code == code
    assert ("Nothing is missing." in result.stdout) == (code == 0)


# ------------------------------------------------------------------------------------ deck sensors and belt pick-up

OPTIONS = Wiring(pins=PinsKind.SIMULATED, deck_open_end=5, deck_motor_end=6, belt_pickup=16)


def test_deck_sensors_and_the_belt_pick_up_are_named_with_what_they_say():
    bench = Bench(OPTIONS)
    report = bench.check()
    assert report.missing == []
    text = report.text()
    assert "open-end sensor   GPIO 5      low   clear" in text
    assert "motor-end sensor  GPIO 6      low   clear" in text
    assert "belt pick-up      GPIO 16     high  0 pulses in 0.8 s" in text
    assert "open-end sensor   not fitted" in Bench().check().text()


@pytest.mark.parametrize(("end", "wire", "pin"), [("open", "open-end", 5), ("motor", "motor-end", 6)])
def test_a_deck_sensor_that_is_open_is_missing_with_what_to_do(end, wire, pin):
    bench = Bench(OPTIONS)
    setattr(bench.wires, f"clear_of_{end}_end", False)
    (sentence,) = bench.check().missing
    assert f"The {wire} sensor sees somebody too near" in sentence
    assert f"broken wire between GPIO {pin} and ground" in sentence


def test_a_pick_up_that_counts_while_the_belt_stands_is_missing():
    bench = Bench(OPTIONS)
    levels = bench.levels
    bench.levels = lambda now_s: {**levels(now_s), 16: int(now_s * 10) % 2}
    (sentence,) = bench.check().missing
    assert "The belt pick-up at GPIO 16 counts pulses" in sentence
