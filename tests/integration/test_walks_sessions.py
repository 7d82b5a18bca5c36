"""Whole sessions, composed: what the belt is told, in what order, and how a session ends and the next begins."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hardware.config import WiringLevel
from hardware.link.messages import Cause, Missing, ResetBy, State, StopWhy
from tests.support.composed import Composed


def speeds_written(house: Composed) -> list[tuple[float, int]]:
    return [(one.t_s, int.from_bytes(one.value[1:3], "little")) for one in house.writes(op="02")]


def test_a_session_starts_once_at_the_minimum_and_rises_in_spaced_steps_to_its_target():
    with Composed() as house:
        house.walking(200)
        assert len(house.writes(op="07")) == 1
        (start,) = house.writes(op="07")
        written = speeds_written(house)
        assert all(at_s > start.t_s for at_s, _ in written)
        steps = [80, *(speed for _, speed in written)]
        assert steps[-1] == 200
        assert all(0 <= after - before <= 33 for before, after in pairwise(steps))
        rises = [at_s for at_s, speed in written if speed > 80]
        assert all(after - before >= 3.0 - 1e-6 for before, after in pairwise(rises))
        house.assert_safe()


def test_connecting_resetting_and_arming_never_move_a_belt():
    with Composed() as house:
        house.armed()
        house.run(5)
        assert {one.value[:1] for one in house.writes()} == {b"\x00"}
        assert house.speed == 0
        house.assert_safe()


def test_a_plan_that_is_done_ramps_down_keeps_the_permit_and_latches_for_the_member():
    with Composed() as house:
        house.walking(200)
        began_s = house.now_s
        house.kiosk.stop(StopWhy.PLAN_DONE)
        while house.state is not State.LATCHED:
            house.quantum()
            assert house.permit
            assert not house.alarm
            assert house.now_s - began_s < 15
        assert house.speed == 0
        assert house.cause is Cause.PLAN_DONE
        assert house.status.reset_by is ResetBy.MEMBER
        lowered = [speed for at_s, speed in speeds_written(house) if at_s >= began_s]
        assert lowered == sorted(lowered, reverse=True)
        assert lowered[-1] <= 100  # the last step to 0.80 is the stop itself
        assert not house.lease.active
        house.assert_safe()


def test_a_second_session_follows_a_reset_a_new_proof_and_a_new_consent():
    with Composed() as house:
        house.walking(120)
        house.kiosk.stop(StopWhy.PLAN_DONE)
        house.latched(within_s=15)
        house.run(2)
        house.walking(100)
        assert len(house.writes(op="07")) == 2
        house.assert_safe()


def test_a_members_stop_comes_to_rest_softly_and_writes_no_stop_to_a_belt_at_rest():
    with Composed() as house:
        house.walking(160)
        house.kiosk.stop(StopWhy.MEMBER)
        house.latched(within_s=15)
        assert house.cause is Cause.MEMBER_STOP
        last_s = house.writes(op="0801")[-1].t_s
        house.run(30)
        assert house.writes(since_s=last_s + 0.001, op="08") == []
        house.assert_safe()


def test_easing_slows_to_the_minimum_and_stays_there():
    with Composed() as house:
        house.walking(200)
        house.kiosk.ease()
        house.until(lambda: house.speed == 80, within_s=8)
        house.run(20)
        assert house.state is State.RUNNING
        assert house.speed == 80
        house.assert_safe()


def test_a_cap_lowered_in_mid_walk_acts_at_once():
    with Composed() as house:
        house.walking(200)
        house.kiosk.lower_cap(120)
        house.until(lambda: house.speed <= 120, within_s=4)
        house.kiosk.target(200)
        house.run(20)
        assert house.speed <= 120
        house.assert_safe()


def test_no_target_goes_above_the_gyms_cap_or_the_sessions_envelope():
    with Composed(cap_kmh=1.5) as house:
        house.walking(80, cap_ckmh=130)
        house.kiosk.target(600)
        house.run(40)
        assert house.speed == 130
        house.assert_safe()


def test_start_without_a_consent_edge_is_refused():
    with Composed() as house:
        house.armed()
        house.run(40)
        house.kiosk.start()
        house.run(1)
        assert house.writes(op="07") == []
        assert house.speed == 0
        house.assert_safe()


def test_start_without_the_clip_proof_is_refused():
    with Composed() as house:
        house.idle()
        house.run(0.5)
        house.kiosk.arm()
        house.run(0.5)
        assert house.status.start_missing == (Missing.CLIP_PULL,)
        house.kiosk.start()
        house.run(1)
        assert any(refused.what == "start" for refused in house.kiosk.refused)
        assert house.writes(op="07") == []
        house.assert_safe()


def test_an_amber_press_renews_the_consent():
    with Composed(amber=True) as house:
        house.armed()
        house.run(20)
        house.hand("amber", True)
        house.run(0.3)
        house.hand("amber", False)
        house.run(5)
        assert house.state is State.ARMED
        house.starting()
        house.until(lambda: house.state is State.RUNNING, within_s=10)
        house.assert_safe()


@pytest.mark.parametrize("level", list(WiringLevel))
def test_every_wiring_level_walks(level):
    with Composed(level=level) as house:
        house.walking(120)
        house.run(10)
        assert house.speed == 120
        assert house.permit is (level is not WiringLevel.H0)
        house.assert_safe()


def test_an_incline_rises_apart_from_speed_and_goes_back_to_flat():
    with Composed(max_incline_percent=3.0) as house:
        house.walking(100, max_dpct=30)
        house.kiosk.target(100, 20)
        house.until(lambda: house.world.treadmill.true_dpct == 20, within_s=60)
        house.kiosk.stop(StopWhy.PLAN_DONE)
        house.latched(within_s=15)
        house.until(lambda: house.world.treadmill.true_dpct == 0, within_s=20)
        moves = [one for one in house.writes() if one.value[:1] in (b"\x02", b"\x03")]
        ups = [one.t_s for one in moves if one.value[:1] == b"\x03" and one.value != b"\x03\0\0"]
        speeds = [at_s for at_s, _ in speeds_written(house)]
        assert all(abs(up - speed) > 1.0 for up in ups for speed in speeds)
        house.assert_safe()


def test_the_same_script_gives_the_same_bytes():
    logs = []
    for _ in range(2):
        with Composed() as house:
            house.walking(160)
            house.hand("clip", False)
            house.run(5)
            logs.append(house.world.tap.entries)
    assert logs[0] == logs[1]
