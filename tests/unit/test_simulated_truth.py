"""What a bench takes for the truth of a machine is what its physics does."""

import itertools

import pytest

from hardware.simulated.machines import MACHINES, LinkLoss, Pause, Start
from hardware.simulated.peripheral import CONTROL_POINT, TREADMILL_DATA, Console, Mode, Peripheral
from hardware.simulated.truth import truth_of

TRUTHS = {key: truth_of(machine) for key, machine in MACHINES.items()}


class Lab:
    """One machine, run at its minimum, with a stop-watch on the belt itself."""

    def __init__(self, key):
        self.machine, self.now_s = MACHINES[key], 0.0
        self.treadmill = Peripheral(self.machine, 0.0)
        self.treadmill.paired = True
        self.treadmill.connected(0.0)
        for char in (TREADMILL_DATA, CONTROL_POINT):
            self.run(0.2)
            self.treadmill.subscribe(char, True, self.now_s)

    def run(self, seconds):
        for _ in range(round(seconds / 0.01)):
            self.now_s += 0.01
            self.treadmill.step(self.now_s)

    def write(self, text):
        self.run(0.5)
        return self.treadmill.write(CONTROL_POINT, bytes.fromhex(text), True, self.now_s)

    def until(self, condition, seconds=40):
        begun_s = self.now_s
        while not condition(self.treadmill):
            self.run(0.01)
            assert self.now_s - begun_s < seconds
        return self.now_s - begun_s

    def started(self):
        self.write("00")
        speed = self.machine.min_ckmh.to_bytes(2, "little").hex()
        self.write("02" + speed if TRUTHS[self.machine.key].start is Start.SPEED_STARTS else "07")
        if not TRUTHS[self.machine.key].starts_by_itself:
            self.treadmill.press(Console.START, self.now_s)
        latency_s = self.until(lambda treadmill: treadmill.true_ckmh > 0)
        self.run(10)
        return latency_s


DRIVEN = sorted(key for key, truth in TRUTHS.items() if truth.has_control_point)


@pytest.mark.parametrize("key", DRIVEN)
def test_start_minimum_and_stop_are_as_the_truth_says(key):
    truth, lab = TRUTHS[key], Lab(key)
    assert lab.started() == pytest.approx(truth.start_latency_s, abs=0.03)
    speed = lab.treadmill.true_ckmh
    assert speed == pytest.approx(truth.min_ckmh, abs=1)
    lab.run(0.5)
    before_m = lab.treadmill.physics.travel_m
    lab.treadmill.write(CONTROL_POINT, b"\x08\x01", True, lab.now_s)
    if not truth.stop_works:
        lab.run(10)
        assert lab.treadmill.true_ckmh == speed
        return
    took_s = lab.until(lambda treadmill: treadmill.true_ckmh == 0)
    assert took_s == pytest.approx(truth.stop_time_s(speed), abs=0.03)
    travel_m = lab.treadmill.physics.travel_m - before_m
    assert travel_m == pytest.approx(truth.stop_travel_m(speed), abs=0.01)


@pytest.mark.parametrize("key", DRIVEN)
def test_pause_and_link_loss_are_as_the_truth_says(key):
    truth = TRUTHS[key]
    for way in ("pause", "link"):
        lab = Lab(key)
        lab.started()
        if way == "pause":
            lab.write("0802")
            rests, coasts = truth.pause_works, truth.pause is Pause.COASTS
        else:
            lab.treadmill.disconnected(lab.now_s)
            rests, coasts = truth.stops_on_link_loss, truth.link_loss is LinkLoss.COASTS
        speeds = []
        for _ in range(300):
            lab.run(0.05)
            speeds.append(lab.treadmill.true_ckmh)
        assert (speeds[-1] == 0) is rests
        if rests:
            fall = max(before - after for before, after in itertools.pairwise(speeds)) / 0.05
            decel = lab.machine.habits.coast_decel_ckmh_s if coasts else truth.stop_decel_ckmh_s
            assert fall == pytest.approx(decel, rel=0.01)
            assert lab.treadmill.mode is Mode.IDLE


def test_between_them_the_machines_have_all_that_commissioning_must_tell_apart():
    truths = list(TRUTHS.values())
    assert any(one.mph_units for one in truths)
    assert any(not one.answers_control for one in truths)
    assert any(one.start is Start.SPEED_STARTS for one in truths)
    assert any(one.pause is Pause.UNSUPPORTED for one in truths)
    assert {one.link_loss for one in truths} == set(LinkLoss)
    assert any(one.toggle_stop for one in truths)
    assert any(one.toggle_start for one in truths)
    assert any(one.start_latency_s > 5 for one in truths)
    assert {80, 100} <= {one.min_ckmh for one in truths}
    assert any(one.increment_ckmh == 16 for one in truths)
    assert {0.25, 1.0} <= {one.period_s for one in truths}
    assert {one.has_incline for one in truths} == {True, False}
    assert any(not one.has_control_point for one in truths)
    assert any(one.needs_pairing for one in truths)
