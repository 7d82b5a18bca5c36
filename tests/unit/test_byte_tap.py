"""The monitor of promises P3 and P5 catches forbidden bytes, and lets allowed ones pass. Bytes are fed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hardware.simulated.tap import CONTROL_POINT, TREADMILL_DATA, Monitor, Tap, incline_in, speed_in

NOW = 1000.0


class Scene:
    """Wires and bytes in the order of a session. A walk at 2.00 km/h and 1.0 % is one line away."""

    def __init__(self, **options: object) -> None:
        self.monitor = Monitor(**options)
        self.tap = Tap(self.monitor)
        self.now_s = NOW
        self.clip = self.red = True
        self.amber = False
        self._wires()

    def _wires(self) -> None:
        self.monitor.wires(clip_closed=self.clip, red_closed=self.red, amber_pressed=self.amber, now_s=self.now_s)

    def set(self, **wires: bool) -> Scene:
        for name, value in wires.items():
            setattr(self, name, value)
        self._wires()
        return self

    def wait(self, seconds: float) -> Scene:
        self.now_s += seconds
        return self

    def says(self, speed: int, incline: int = 0, seconds: float = 1.0) -> Scene:
        """The treadmill reports, then *seconds* pass."""
        record = b"\x08\x00" + speed.to_bytes(2, "little") + incline.to_bytes(2, "little", signed=True) + b"\xff\x7f"
        self.tap.notify(TREADMILL_DATA, record, self.now_s, indication=False)
        return self.wait(seconds)

    def write(self, command: str) -> Scene:
        self.tap.write(CONTROL_POINT, bytes.fromhex(command), self.now_s)
        return self

    def consent(self) -> Scene:
        return self.set(clip=False).wait(1).set(clip=True).wait(1)

    def walk(self) -> Scene:
        self.says(0).says(0).consent().write("00").write("07").wait(3)
        return self.says(80).write("02c800").says(200, 10).says(200, 10)

    @property
    def found(self) -> list[str]:
        return self.monitor.violations


def test_a_whole_session_is_allowed():
    scene = Scene(cap_ckmh=200).walk().write("030a00")
    scene.write("0801").says(100).wait(0.5).write("0801").says(20).says(0)
    assert scene.found == []


def test_a_second_session_after_a_rest_and_a_new_consent_is_allowed():
    scene = Scene().walk().write("0801").says(100).says(0).says(0).wait(10).says(0).says(0)
    scene.consent().write("07").wait(3).says(80).write("029600").says(150)
    assert scene.found == []


@pytest.mark.parametrize("wire", ["clip", "red"])
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("07", "starts the belt with"),
        ("02c900", "above the measured"),
        ("031400", "raises the deck"),
    ],
)
def test_each_motion_byte_with_an_interlock_open_is_caught(wire, command, words):
    scene = Scene().walk().set(**{wire: False}).wait(0.1).write(command)
    assert any(words in sentence and "P3" in sentence for sentence in scene.found)
    assert command in scene.found[0].replace(" ", "")


@pytest.mark.parametrize("command", ["0801", "0802", "00", "02c800", "025000", "030a00", "030000"])
def test_what_stops_slows_or_flattens_is_allowed_with_an_interlock_open(command):
    assert Scene().walk().set(clip=False).wait(0.1).write(command).found == []


def test_a_speed_at_rest_with_an_interlock_open_is_caught():
    scene = Scene().says(0).says(0).set(clip=False).wait(0.1).write("025000")
    assert "at rest" in scene.found[0]


def test_a_speed_with_none_measured_and_an_interlock_open_is_caught():
    scene = Scene().set(clip=False).wait(0.1).write("025000")
    assert "none is measured" in scene.found[0]


def test_measured_speed_is_forgotten_with_the_link():
    scene = Scene().walk().set(clip=False).wait(0.1)
    scene.monitor.link_lost()
    assert "none is measured" in scene.write("025000").found[0]


@pytest.mark.parametrize("grace_s", [0.0, 0.02, 0.25])
def test_bytes_within_the_grace_are_excused_and_no_later(grace_s):
    assert Scene(grace_s=grace_s).walk().set(clip=False).wait(grace_s).write("02fa00").found == []
    assert len(Scene(grace_s=grace_s).walk().set(clip=False).wait(grace_s + 0.001).write("02fa00").found) == 1


def test_a_closed_clip_alone_allows_no_faster_belt_after_a_trip():
    scene = Scene().walk().set(clip=False).wait(0.1).set(clip=True).wait(5).says(200).write("02fa00")
    assert "had been opened" in scene.found[0]


def test_a_glitch_shorter_than_the_grace_is_no_trip():
    scene = Scene(grace_s=0.02).walk()
    assert scene.set(clip=False).wait(0.004).set(clip=True).wait(1).write("02fa00").found == []


def test_a_start_without_a_consent_edge_is_caught():
    scene = Scene().says(0).says(0).wait(100).write("07")
    assert "without a consent edge" in scene.found[0]
    late = Scene().says(0).says(0).consent().wait(31).write("07")
    assert "without a consent edge" in late.found[0]


def test_an_amber_press_is_a_consent_edge():
    assert Scene().says(0).says(0).set(amber=True).wait(0.2).set(amber=False).wait(20).write("07").found == []


def test_a_stop_to_a_belt_freshly_at_rest_is_caught():
    scene = Scene().says(0).says(0).says(0).write("0801")
    assert "freshly at rest" in scene.found[0]


def test_a_stop_to_a_belt_that_may_still_spin_up_is_allowed():
    scene = Scene().says(0).says(0).consent().write("07").says(0).says(0).says(0).write("0801")
    assert scene.found == []


def test_a_stop_to_a_belt_whose_readings_are_old_is_allowed():
    assert Scene().says(0).says(0).says(0).wait(5).write("0801").found == []


def test_a_start_to_a_moving_belt_is_caught():
    scene = Scene().walk().write("0801").says(150).consent().write("07")
    assert any("moves at 1.50" in sentence for sentence in scene.found)


def test_a_second_start_is_caught():
    scene = Scene().says(0).says(0).consent().write("07").wait(1).write("07")
    assert "second start" in scene.found[0]


def test_a_start_that_moved_nothing_is_over_once_it_no_longer_can():
    scene = Scene(speed_starts=True).says(0).says(0).consent()
    scene.write("07")
    for _ in range(12):
        scene.says(0)
    scene.consent().write("02 50 00")
    assert scene.found == []


@pytest.mark.parametrize("command", ["01", "04c8", "0bff", "", "02c8", "080101", "70", "ff", "80", "13"])
def test_op_codes_that_may_never_leave_are_caught(command):
    assert "no command that may ever leave" in Scene().walk().write(command).found[0]


def test_a_speed_above_the_cap_is_caught():
    assert "above the gym's cap of 2.00" in Scene(cap_ckmh=200).walk().write("02d200").found[0]


def test_a_machine_that_starts_on_a_speed_is_held_to_the_rules_of_a_start():
    fine = Scene(speed_starts=True).says(0).says(0).consent().write("026400").says(0).says(100).write("02c800")
    assert fine.found == []
    bare = Scene(speed_starts=True).says(0).says(0).wait(60).write("026400")
    assert "without a consent edge" in bare.found[0]
    pulled = Scene(speed_starts=True).says(0).says(0).set(clip=False).wait(0.1).write("026400")
    assert pulled.found


def test_other_characteristics_are_not_judged():
    scene = Scene().walk().set(clip=False).wait(0.1)
    scene.tap.write(0x2A00, b"\x07", scene.now_s)
    assert scene.found == []


# ---------------------------------------------------------------------------------------------- parser, log


@pytest.mark.parametrize(
    ("record", "speed", "incline"),
    [
        ("8425e10028000003000000000060004e0000", 225, None),
        ("9e1b710000002200001e00ff7f0000ffff0000", 113, 30),
        ("1f0084012a00000000000001000000", None, 0),
        ("80064e020200ffffff372700", 590, None),
        ("08003903f1ff1700", 825, -15),
        ("0800390300807fff", 825, -32768),
        ("0800390f", 3897, None),
        ("0000", None, None),
        ("", None, None),
        ("08", None, None),
    ],
)
def test_its_own_parser_reads_speed_and_incline(record, speed, incline):
    assert speed_in(bytes.fromhex(record)) == speed
    assert incline_in(bytes.fromhex(record)) == incline


def test_the_tap_counts_and_keeps_what_passed():
    scene = Scene().walk()
    assert scene.tap.max_ckmh == 200
    assert scene.tap.writes == 3
    assert scene.tap.motion_writes == 2
    first, at = scene.tap.since(0, 3)
    rest, end = scene.tap.since(at, 1000)
    assert first + rest == scene.tap.entries
    assert end == len(scene.tap.entries)
    assert scene.tap.since(end, 10) == ((), end)


def test_its_own_parser_agrees_with_the_captures():
    vectors = json.loads((Path(__file__).parents[1] / "data" / "ftms_vectors.json").read_text())
    seen = 0
    for vector in vectors:
        if vector["characteristic"] != "2acd":
            continue
        expected = vector["expect"]
        record = bytes.fromhex(vector["hex"])
        speed = speed_in(record)
        assert (None if speed is None else speed / 100) == expected.get("speed_kmh"), vector["hex"]
        incline = incline_in(record)
        assert (None if incline is None else incline / 10) == expected.get("incline_pct"), vector["hex"]
        seen += 1
    assert seen >= 20
