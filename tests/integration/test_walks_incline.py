"""Incline, composed: set, measured, never raised with speed in one step, flat after every stop; machines without."""

from __future__ import annotations

import itertools
from contextlib import contextmanager

import pytest

from hardware.config import WiringLevel
from hardware.constants import INCLINE_STEP_DPCT, RISE_SPACING_S
from hardware.link.messages import Missing, State
from hardware.simulated.machines import MACHINES, SIMULATED_S1
from tests.support.composed import Composed, NotReached

FLAT = b"\x03\x00\x00"


@contextmanager
def walking(machine=SIMULATED_S1, speed_ckmh=100):
    with Composed(machine, level=WiringLevel.H0, max_incline_percent=3.0) as house:
        house.walking(speed_ckmh, max_dpct=30)
        yield house


def commands(house, op, since_s=0.0):
    """(time, value) of each write of *op* after *since_s*."""
    return [
        (one.t_s, int.from_bytes(one.value[1:3], "little", signed=op == "03"))
        for one in house.writes(since_s=since_s, op=op)
    ]


def raises(commanded, begin=0):
    """The writes that are above the one before."""
    values = [(0.0, begin), *commanded]
    return [after for before, after in itertools.pairwise(values) if after[1] > before[1]]


def test_an_incline_is_set_in_steps_measured_and_told():
    with walking() as house:
        house.kiosk.target(100, 25)
        house.until(lambda: house.status.incline_dpct == 25, within_s=60)
        assert house.world.treadmill.true_dpct == 25
        steps = commands(house, "03")
        values = [0, *(value for _, value in steps)]
        assert max(after - before for before, after in itertools.pairwise(values)) <= INCLINE_STEP_DPCT
        assert min(after - before for (before, _), (after, _) in itertools.pairwise(steps)) >= RISE_SPACING_S - 0.1
        house.assert_safe()


def test_speed_and_incline_are_never_raised_in_one_step():
    with walking() as house:
        began_s = house.now_s
        house.kiosk.target(200, 30)
        house.until(lambda: house.status.incline_dpct == 30 and house.speed == 200, within_s=90)
        ups = raises(commands(house, "03", began_s))
        faster = raises(commands(house, "02", began_s), 100)
        assert ups
        assert faster
        assert min(abs(up - fast) for up, _ in ups for fast, _ in faster) >= RISE_SPACING_S - 0.1
        house.assert_safe()


def test_an_incline_may_fall_at_any_time():
    with walking() as house:
        house.kiosk.target(100, 20)
        house.until(lambda: house.status.incline_dpct == 20, within_s=60)
        asked_s = house.now_s
        house.kiosk.target(100, 0)
        house.run(0.5)
        assert [value for _, value in commands(house, "03", asked_s)] == [0]
        house.until(lambda: house.status.incline_dpct == 0, within_s=10)


@pytest.mark.parametrize("how", ["clip", "link", "member"])
def test_every_stop_brings_the_deck_back_to_flat_a_hard_one_only_once_the_belt_rests(how):
    with walking() as house:
        house.kiosk.target(100, 20)
        house.until(lambda: house.status.incline_dpct == 20, within_s=60)
        asked_s = house.now_s
        if how == "clip":
            house.hand("clip", False)
        elif how == "member":
            house.kiosk.stop()
        else:
            house.mischief("link_dropped")
        house.until(lambda: house.speed == 0, within_s=15)
        stood_s = house.now_s
        house.until(lambda: house.world.treadmill.true_dpct == 0, within_s=20)
        written = commands(house, "03", asked_s)
        assert {value for _, value in written} == {0}
        assert len(written) <= 2
        if how != "member":  # a soft stop may lower the deck while it slows down
            assert min(at_s for at_s, _ in written) >= stood_s
        house.assert_safe()


def test_a_belt_process_that_died_is_followed_by_one_that_knows_the_deck_is_ours():
    with walking() as house:
        house.kiosk.target(100, 20)
        house.until(lambda: house.status.incline_dpct == 20, within_s=60)
        house.kill_belt()
        house.run(0.5)
        house.start_belt()
        house.until(lambda: house.speed == 0, within_s=15)
        house.until(lambda: house.world.treadmill.true_dpct == 0, within_s=25)
        house.assert_safe()


def test_nobody_is_armed_on_a_deck_that_is_not_flat_and_somebody_elses_is_left_alone():
    with Composed(level=WiringLevel.H0, max_incline_percent=3.0) as house:
        house.world.treadmill.physics.deck.aim(house.now_s, 20, 1000)
        with pytest.raises(NotReached):
            house.armed(max_dpct=30)
        assert Missing.INCLINE in house.status.arm_missing
        assert house.writes(op="03") == []


@pytest.mark.parametrize(("name", "speed_ckmh"), [("urevo-e1l", 96), ("kingsmith-k12", 100)])
def test_a_machine_without_an_incline_walks_flat_whatever_the_session_asks(name, speed_ckmh):
    # Urevo answers `03` with success though its deck cannot move (quirk 21): what it says it can counts, not that.
    with walking(MACHINES[name], speed_ckmh) as house:
        house.kiosk.target(160, 30)
        house.run(10)
        assert house.state is State.RUNNING
        assert house.speed > 120
        assert house.writes(op="03") == []
        house.kiosk.stop()
        house.latched(within_s=20)
        assert house.writes(op="03") == []


def test_a_machine_of_whole_percents_gets_whole_percents_and_never_more_than_asked():
    with walking(MACHINES["tunturi-t80"]) as house:
        house.kiosk.target(100, 25)
        house.run(15)
        assert house.world.treadmill.true_dpct == 20
        assert {value for _, value in commands(house, "03")} <= {10, 20}
        house.assert_safe()


def test_an_envelope_without_an_incline_keeps_the_deck_flat():
    with Composed(level=WiringLevel.H0, max_incline_percent=3.0) as house:
        house.walking(100, max_dpct=0)
        house.kiosk.target(100, 30)
        house.run(8)
        assert house.writes(op="03") == []
