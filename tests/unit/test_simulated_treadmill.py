"""The simulated treadmill keeps to FTMS by default, and departs from it only as it was told to."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from hardware.simulated.machines import (
    MACHINES,
    SIMULATED_S1,
    Answers,
    Habits,
    Machine,
    Pause,
    Ranges,
    Speed,
    Start,
    Stop,
    Telemetry,
)
from hardware.simulated.mischief import MISCHIEF, misbehaving
from hardware.simulated.peripheral import (
    CONTROL_POINT,
    FEATURE,
    FIRMWARE_REVISION,
    INCLINE_RANGE,
    MODEL_NUMBER,
    SPEED_RANGE,
    STATUS,
    TRAINING_STATUS,
    TREADMILL_DATA,
    Console,
    Drop,
    Peripheral,
    Send,
)
from hardware.simulated.physics import Physics

STEP_S = 0.02


class Rider:
    """A client that has connected, subscribed and taken control; collects what the treadmill says."""

    def __init__(self, machine: Machine = SIMULATED_S1, *, control: bool = True, **habits: object) -> None:
        self.now_s = 10.0
        machine = replace(machine, habits=replace(machine.habits, **habits))
        self.mill = Peripheral(machine, self.now_s)
        self.heard: list[Send] = []
        self.dropped: list[Drop] = []
        self.mill.connected(self.now_s)
        for char in (TREADMILL_DATA, STATUS, TRAINING_STATUS, CONTROL_POINT):
            self.take(self.mill.subscribe(char, True, self.now_s).outputs)
            self.wait(0.12)  # some machines drop CCCD writes that come closer
        if control:
            self.ask("00")

    def take(self, outputs) -> None:
        for output in outputs:
            (self.heard if isinstance(output, Send) else self.dropped).append(output)

    def write(self, command: str, *, response: bool = True) -> int | None:
        answer = self.mill.write(CONTROL_POINT, bytes.fromhex(command), response, self.now_s)
        self.take(answer.outputs)
        return answer.att_error

    def ask(self, command: str) -> int | None:
        """Write, and wait for the indication: its result code, or None."""
        before = len(self.heard)
        assert self.write(command) == 0
        self.wait(0.1)
        for send in self.heard[before:]:
            if send.indication:
                assert send.value[:2] == bytes((0x80, bytes.fromhex(command)[0]))
                return send.value[2]
        return None

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self.take(self.mill.step(self.now_s))

    def start(self, speed: str = "") -> None:
        assert self.ask("07") == 1
        self.wait(self.mill.habits.start_latency_s + 5)
        if speed:
            assert self.ask(speed) == 1
            self.wait(8)

    def values(self, char: int) -> list[bytes]:
        return [send.value for send in self.heard if send.char == char]

    @property
    def speed(self) -> float:
        return self.mill.true_ckmh


# ---------------------------------------------------------------------------------------------- physics


def test_travel_does_not_depend_on_how_often_one_looks():
    coarse, fine = Physics(0.0), Physics(0.0)
    for physics in (coarse, fine):
        physics.belt.aim(0.5, 300.0, 50.0)
        physics.belt.aim(9.25, 0.0, 100.0)
    coarse.advance(20.0)
    for step in range(1, 2001):
        fine.advance(step / 100)
    assert coarse.travel_m == pytest.approx(fine.travel_m, rel=1e-9)
    # 0.5 s rest, 6 s up to 3.00 km/h, 2.75 s there, 3 s down to rest
    assert coarse.travel_m == pytest.approx((6 * 1.5 + 2.75 * 3 + 3 * 1.5) / 3.6, rel=1e-6)
    assert not coarse.moving


def test_a_later_command_does_not_cancel_one_that_acts_before_it():
    physics = Physics(0.0)
    physics.belt.aim(1.0, 100.0, 1000.0)
    physics.belt.aim(2.0, 0.0, 1000.0)
    physics.advance(1.5)
    assert physics.speed_ckmh == 100
    physics.advance(2.5)
    assert physics.speed_ckmh == 0


# ---------------------------------------------------------------------------------------------- what it is


def test_it_tells_its_ranges_features_and_model():
    mill = Rider().mill
    assert struct.unpack("<HHH", mill.read(SPEED_RANGE).value) == (80, 1600, 10)
    assert struct.unpack("<hhH", mill.read(INCLINE_RANGE).value) == (0, 100, 5)
    features, targets = struct.unpack("<II", mill.read(FEATURE).value)
    assert features == 1 << 2 | 1 << 3 | 1 << 12  # distance, inclination, elapsed time
    assert targets == 0b11
    assert mill.read(MODEL_NUMBER).value == b"S1"
    assert mill.read(FIRMWARE_REVISION).value == b"1.0"
    assert mill.read(TREADMILL_DATA).att_error == 0x02
    assert mill.read(0x2AD6).att_error == 0x0A


def test_a_missing_or_empty_range_is_told_as_such():
    assert Rider(speed_range=Ranges.MISSING).mill.read(SPEED_RANGE).att_error == 0x0A
    assert Rider(incline_range=Ranges.ZERO).mill.read(INCLINE_RANGE).value == bytes(6)


# ---------------------------------------------------------------------------------------------- control point


def test_nothing_is_obeyed_before_indications_are_on():
    mill = Peripheral(SIMULATED_S1, 0.0)
    mill.connected(0.0)
    assert mill.write(CONTROL_POINT, b"\x00", True, 0.0).att_error == 0xFD
    assert not mill.has_control


@pytest.mark.parametrize("command", ["01", "026400", "030a00", "07", "0801", "0802"])
def test_nothing_is_obeyed_before_control_is_taken(command):
    rider = Rider(control=False)
    assert rider.ask(command) == 5


def test_a_second_command_before_the_answer_is_thrown_away():
    rider = Rider()
    rider.start()
    assert rider.write("02c800") == 0
    assert rider.write("0801") == 0xFE
    rider.wait(5)
    assert rider.speed == 200


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("024f00", 3),  # 0.79 km/h, below 0.80
        ("024106", 3),  # 16.01 km/h
        ("02", 3),
        ("0264", 3),
        ("03ffff", 3),  # -0.1 %
        ("036500", 3),  # 10.1 %
        ("0803", 3),
        ("0801ff", 3),
        ("0701", 3),
        ("04c8", 2),
        ("13", 2),
        ("ff", 2),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(command, result):
    assert Rider().ask(command) == result


def test_an_empty_write_has_an_invalid_length():
    assert Rider().write("") == 0x0D


def test_the_belt_starts_at_its_minimum_after_its_latency_and_takes_a_speed():
    rider = Rider()
    assert rider.ask("07") == 1
    rider.wait(2.3)
    assert rider.speed == 0
    rider.wait(2.5)
    assert rider.speed == 80
    assert rider.ask("02d200") == 1
    rider.wait(4)
    assert rider.speed == 210
    assert rider.ask("07") == 4  # start when started


def test_a_speed_off_the_grid_is_cut_to_it():
    rider = Rider()
    rider.start("020001")  # 2.56 km/h
    assert rider.speed == 250


def test_a_stop_acts_after_225_ms_and_ramps_at_0_28_m_per_s2():
    rider = Rider()
    rider.start("022c01")
    assert rider.write("0801") == 0
    rider.wait(0.2)
    assert rider.speed == 300
    rider.wait(1.03)
    assert rider.speed == pytest.approx(200, abs=3)
    rider.wait(2.2)
    assert rider.speed == 0
    assert rider.ask("0801") == 4  # stop when stopped
    assert b"\x02\x01" in rider.values(STATUS)


def test_a_stop_during_the_countdown_cancels_it():
    rider = Rider()
    rider.ask("07")
    rider.wait(1)
    assert rider.ask("0801") == 1
    rider.wait(10)
    assert rider.speed == 0


def test_reset_stops_flattens_and_gives_control_away():
    rider = Rider()
    rider.start("022c01")
    rider.ask("033200")
    rider.wait(12)
    assert rider.mill.true_dpct == 50
    assert rider.ask("01") == 1
    rider.wait(15)
    assert (rider.speed, rider.mill.true_dpct) == (0, 0)
    assert rider.ask("07") == 5


def test_the_machines_own_key_stops_it_hard_and_keeps_it_from_starting():
    rider = Rider()
    rider.start("022c01")
    rider.take(rider.mill.set_key(False, rider.now_s))
    rider.wait(0.7)
    assert rider.speed == 0
    assert b"\x03" in rider.values(STATUS)
    assert rider.ask("07") == 4
    rider.take(rider.mill.set_key(True, rider.now_s))
    assert rider.ask("07") == 1


def test_a_lost_link_leaves_the_belt_running_and_takes_control_away():
    rider = Rider()
    rider.start("02c800")
    rider.mill.disconnected(rider.now_s)
    rider.wait(30)
    assert rider.speed == 200
    assert not rider.mill.has_control


def test_a_machine_of_the_other_class_stops_when_its_link_is_lost():
    rider = Rider(link_loss_stop_s=5.0)
    rider.start("02c800")
    rider.mill.disconnected(rider.now_s)
    rider.wait(4.9)
    assert rider.speed == 200
    rider.wait(3)
    assert rider.speed == 0


# ---------------------------------------------------------------------------------------------- data


def test_data_comes_once_a_period_and_says_the_true_speed():
    rider = Rider()
    rider.start("02c800")
    rider.heard.clear()
    rider.wait(10)
    records = rider.values(TREADMILL_DATA)
    assert len(records) == 10
    assert {record[:4] for record in records} == {bytes.fromhex("0c04c800")}


def test_an_mph_machine_believes_what_it_says():
    rider = Rider(MACHINES["tm11gy"])
    rider.start("026400")
    assert rider.speed == pytest.approx(160.93, abs=0.01)
    assert rider.values(TREADMILL_DATA)[-1][2:4] == bytes.fromhex("6400")


def test_records_have_the_shapes_of_the_captures():
    shapes = {
        "urevo-e1l": {("8425", 18)},
        "technogym-myrun": {("1f00", 15), ("8006", 12)},
        "matrix": {("9e1b", 20)},
        "matrix-pair": {("9f00", 20), ("001f", 14)},
        "horizon-7-4": {("8404", 14)},
    }
    for name, expected in shapes.items():
        rider = Rider(MACHINES[name])
        rider.wait(3)
        assert {(record[:2].hex(), len(record)) for record in rider.values(TREADMILL_DATA)} >= expected, name


def test_a_moving_belt_is_never_reported_as_zero_by_rounding():
    rider = Rider(report_step_ckmh=32, stop_decel_ckmh_s=10.0)
    rider.start("02c800")
    rider.write("0801")
    for _ in range(400):
        rider.wait(STEP_S)
        if rider.heard[-1].char == TREADMILL_DATA and rider.speed > 0:
            assert rider.heard[-1].value[2:4] != b"\0\0"


# ---------------------------------------------------------------------------------------------- misbehaviour


def test_every_mischief_is_a_change_or_a_deed():
    base = Habits()
    assert len(MISCHIEF) >= 20
    for mischief in MISCHIEF.values():
        assert (mischief.change is None) != (mischief.deed is None), mischief.name
        if mischief.change is not None:
            assert misbehaving(base, [mischief.name]) != base, mischief.name


def test_mischief_can_be_taken_back_in_any_order():
    base = Habits()
    assert misbehaving(base, ["slow_decel", "mph_units"]) == misbehaving(base, ["mph_units", "slow_decel"])
    assert misbehaving(base, []) == base


def test_a_stop_to_a_resting_toggle_machine_starts_it():
    rider = Rider(stop=Stop.TOGGLE)
    assert rider.ask("0801") == 1
    rider.wait(5)
    assert rider.speed == 80


def test_a_start_to_a_running_toggle_machine_stops_it():
    rider = Rider(start=Start.TOGGLE)
    rider.start("02c800")
    assert rider.ask("07") == 1
    rider.wait(4)
    assert rider.speed == 0


def test_an_ignored_stop_is_answered_with_success():
    rider = Rider(stop=Stop.IGNORED)
    rider.start("02c800")
    assert rider.ask("0801") == 1
    rider.wait(10)
    assert rider.speed == 200
    assert rider.ask("0802") == 1
    rider.wait(4)
    assert rider.speed == 0


def test_a_stop_that_needs_the_minimum_works_after_the_speed_came_down():
    rider = Rider(stop=Stop.NEEDS_MINIMUM)
    rider.start("02c800")
    rider.ask("0801")
    rider.wait(5)
    assert rider.speed == 200
    rider.ask("025000")
    rider.wait(2)
    rider.ask("0801")
    rider.wait(2)
    assert rider.speed == 0


def test_a_pause_may_only_slow_down():
    rider = Rider(pause=Pause.SLOWS)
    rider.start("022c01")
    rider.ask("0802")
    rider.wait(10)
    assert rider.speed == 161


def test_a_deaf_countdown_starts_a_belt_that_was_told_to_stop():
    rider = Rider(countdown_deaf=True)
    rider.ask("07")
    assert rider.ask("0801") == 1
    rider.wait(6)
    assert rider.speed == 80


def test_a_second_start_may_loop_the_countdown():
    rider = Rider(MACHINES["tunturi-t80"])
    rider.ask("07")
    rider.wait(3)
    rider.ask("07")
    rider.wait(3)
    assert rider.speed == 0
    rider.wait(4)
    assert rider.speed == 80


def test_a_machine_may_start_on_a_speed_alone():
    rider = Rider(MACHINES["fitshow-fs"])
    assert rider.ask("07") == 4
    assert rider.ask("026400") == 1
    rider.wait(8)
    assert rider.speed == 100


def test_a_machine_may_wait_for_a_hand_at_the_console():
    rider = Rider(MACHINES["technogym-myrun"])
    assert rider.ask("07") == 1
    rider.wait(20)
    assert rider.speed == 0
    rider.take(rider.mill.press(Console.START, rider.now_s))
    rider.wait(6)
    assert rider.speed == 80


def test_an_early_speed_may_cost_the_link():
    rider = Rider(MACHINES["kingsmith-ks-hd-z1d"])
    rider.write("07")
    rider.wait(0.5)
    rider.write("026400")
    rider.wait(0.1)
    assert rider.dropped


def test_a_speed_may_be_answered_and_ignored():
    rider = Rider(speed=Speed.IGNORED)
    rider.start("022c01")
    assert rider.speed == 80


def test_a_lost_answer_does_not_block_the_next_command():
    rider = Rider(answers=Answers.LOST)
    assert rider.ask("07") is None
    rider.wait(6)
    assert rider.speed == 80
    assert rider.ask("0801") is None
    rider.wait(3)
    assert rider.speed == 0


def test_a_machine_may_never_answer_request_control_and_obey_all_the_same():
    rider = Rider(MACHINES["omega-z"], control=False)
    assert rider.ask("00") is None
    assert rider.ask("07") == 1
    rider.wait(8)
    assert rider.speed == 80


def test_frozen_and_stuck_telemetry_hide_what_the_belt_does():
    silent = Rider(telemetry=Telemetry.SILENT)
    silent.start("02c800")
    assert not silent.values(TREADMILL_DATA)
    stuck = Rider(telemetry=Telemetry.STUCK)
    stuck.wait(3)
    stuck.start("02c800")
    assert stuck.speed == 200
    assert {record[2:4] for record in stuck.values(TREADMILL_DATA)} == {b"\0\0"}


def test_zero_frames_come_among_true_ones():
    rider = Rider(zero_every=4)
    rider.start("02c800")
    rider.heard.clear()
    rider.wait(12)
    speeds = [record[2:4].hex() for record in rider.values(TREADMILL_DATA)]
    assert speeds.count("0000") == 3
    assert speeds.count("c800") == 9


def test_the_target_may_be_reported_for_a_belt_at_rest():
    rider = Rider(reports_target=True)
    rider.start("02c800")
    rider.ask("0801")
    rider.wait(6)
    assert rider.speed == 0
    assert rider.values(TREADMILL_DATA)[-1][2:4] == bytes.fromhex("c800")


def test_an_old_stop_may_be_replayed_at_every_subscription():
    rider = Rider(stale_status=True)
    assert rider.values(STATUS) == [b"\x02\x01"]


def test_control_can_be_taken_away():
    rider = Rider()
    rider.take(rider.mill.lose_control(rider.now_s))
    assert rider.values(STATUS)[-1] == b"\xff"
    assert rider.ask("0801") == 5


def test_somebody_at_the_console_is_told_to_everybody():
    rider = Rider()
    rider.start("02c800")
    rider.take(rider.mill.press(Console.PLUS, rider.now_s))
    rider.wait(4)
    assert rider.speed == 300
    assert rider.values(STATUS)[-1] == bytes.fromhex("052c01")


def test_there_are_at_least_eight_named_machines_and_each_can_be_read():
    assert len(MACHINES) >= 9
    for machine in MACHINES.values():
        driven = machine.has_control_point and not machine.habits.needs_pairing
        rider = Rider(machine, control=driven)
        rider.wait(2)
        for info in rider.mill.characteristics():
            if "read" in info.properties:
                assert rider.mill.read(info.uuid).att_error == 0
        assert rider.values(TREADMILL_DATA), machine.key
