"""What is lost in mid-walk, composed: link, data, the belt process, the guard, the screen, the Bluetooth service.

Each scene says what the belt truly does, what the guard makes of it, and in what time. Wiring is H1 where the permit
is what stops the belt, H0 where nothing but Bluetooth can.
"""

from __future__ import annotations

import pytest

from hardware.config import WiringLevel
from hardware.link.messages import Cause, LinkState, ResetBy, State, Stop, StopWhy
from hardware.simulated.pins import DROP_OUT_S
from tests.support.composed import QUANTUM_S, Composed

STALE_S = 2.5 + 1.0  # telemetry is stale after 2.5 s, and the newest record may be fresh when it ends
KEY_STOP_S = 0.6  # from 2.00 km/h


def assert_permit_drops(house: Composed, within_s: float) -> None:
    house.until(lambda: not house.permit, within_s=within_s + DROP_OUT_S + 2 * QUANTUM_S)


# ---------------------------------------------------------------------------------------------- link and data


def test_a_cut_link_drops_the_permit_and_the_key_stops_the_belt():
    with Composed(level=WiringLevel.H1) as house:
        house.walking(200)
        house.mischief("link_cut")
        assert_permit_drops(house, within_s=0.5)  # the supervision time-out of this link
        house.until(lambda: house.speed == 0, within_s=KEY_STOP_S)
        assert house.state is State.STOPPING
        assert house.cause is Cause.LINK_LOST
        house.assert_safe()


def test_a_cut_link_without_a_puller_is_told_and_the_alarm_comes_in_its_budget():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        house.mischief("link_cut")
        house.until(lambda: house.cause is Cause.LINK_LOST, within_s=0.5)
        assert house.speed == 200  # nothing can slow it now
        house.until(lambda: house.alarm, within_s=6.2)
        assert house.status.reset_by is ResetBy.STAFF
        house.assert_safe()


def test_a_link_that_comes_back_to_a_moving_belt_of_ours_brings_the_stop_first():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        house.mischief("link_cut")
        house.run(4)
        back_s = house.now_s
        house.mischief("link_cut", on=False)
        house.until(lambda: house.speed == 0, within_s=12)
        ops = [one.value.hex() for one in house.writes(since_s=back_s)]
        assert ops[:2] == ["00", "0801"]
        assert not any(op.startswith(("07", "02")) for op in ops)
        house.latched(within_s=6)
        house.assert_safe()


def test_a_slow_supervision_time_out_does_not_hide_a_lost_link():
    with Composed(level=WiringLevel.H1, mischief=["slow_supervision"]) as house:
        house.walking(200)
        house.mischief("link_cut")
        assert_permit_drops(house, within_s=STALE_S)
        assert house.cause is Cause.TELEMETRY_STALE
        house.until(lambda: house.speed == 0, within_s=KEY_STOP_S)
        house.assert_safe()


def test_a_link_dropped_by_the_treadmill_is_a_hard_stop():
    with Composed(level=WiringLevel.H1) as house:
        house.walking(200)
        house.mischief("link_dropped")
        assert_permit_drops(house, within_s=0.1)
        house.until(lambda: house.speed == 0, within_s=KEY_STOP_S)
        assert house.cause is Cause.LINK_LOST
        house.assert_safe()


@pytest.mark.parametrize("name", ["telemetry_frozen", "telemetry_garbage", "telemetry_truncated"])
def test_data_that_ends_is_a_stop(name):
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        house.mischief(name)
        house.until(lambda: house.cause is Cause.TELEMETRY_STALE, within_s=STALE_S)
        house.until(lambda: house.speed == 0, within_s=3)
        house.until(lambda: house.alarm, within_s=6.2)  # at rest, but nobody can know
        house.mischief(name, on=False)
        house.latched(within_s=5)
        house.assert_safe()


def test_control_lost_is_a_stop_that_takes_control_back():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        lost_s = house.now_s
        house.mischief("control_lost")
        house.until(lambda: house.speed == 0, within_s=4)
        assert [one.value.hex() for one in house.writes(since_s=lost_s)][:2] == ["00", "0801"]
        house.latched(within_s=5)
        assert house.cause is Cause.CONTROL_LOST
        house.assert_safe()


# ---------------------------------------------------------------------------------------------- the screen


def test_a_frozen_screen_eases_the_belt_to_a_stop():
    with Composed() as house:
        house.walking(200)
        house.kiosk.frozen = True
        frozen_s = house.now_s
        house.until(lambda: house.state is State.STOPPING, within_s=0.7)
        while house.state is not State.LATCHED:
            house.quantum()
            assert house.permit
            assert house.now_s - frozen_s < 12
        assert house.speed == 0
        assert house.cause is Cause.SCREEN_FROZEN
        assert not house.alarm
        house.assert_safe()


def test_a_kiosk_that_died_eases_the_belt_and_a_new_one_finds_it_latched():
    with Composed() as house:
        house.walking(200)
        house.kiosk.endpoint.close()
        house.run(12)
        assert house.speed == 0
        house.restart_kiosk()
        house.run(0.2)
        assert (house.state, house.cause) == (State.LATCHED, Cause.SCREEN_FROZEN)
        house.assert_safe()


def test_a_screen_frozen_in_the_countdown_keeps_the_belt_from_starting():
    with Composed() as house:
        house.armed()
        house.kiosk.frozen = True
        house.run(1.0)
        house.kiosk.start()
        house.run(5)
        assert house.writes(op="07") == []
        assert house.speed == 0
        house.assert_safe()


# ---------------------------------------------------------------------------------------------- the belt process


def test_a_killed_belt_process_drops_the_permit():
    with Composed(level=WiringLevel.H1) as house:
        house.walking(200)
        house.kill_belt()
        assert_permit_drops(house, within_s=0.34)
        house.until(lambda: house.speed == 0, within_s=KEY_STOP_S)
        assert house.cause is Cause.BELT_PROCESS
        house.assert_safe()


def test_a_restarted_belt_process_adopts_the_link_and_stops_the_belt_first():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        house.kill_belt()
        house.run(1.0)
        assert house.speed == 200  # F15: the link outlives the process, the belt goes on
        again_s = house.now_s
        house.start_belt()
        house.until(lambda: house.speed == 0, within_s=5)
        ops = [one.value.hex() for one in house.writes(since_s=again_s)]
        assert ops[0] in ("0801", "00")
        assert "0801" in ops[:2]
        assert not any(op.startswith(("07", "02")) for op in ops)
        house.latched(within_s=14)
        house.assert_safe()


@pytest.mark.parametrize("after_s", [0.04, 0.5, 2.4])
def test_a_belt_process_killed_during_spin_up_is_followed_by_a_stop(after_s):
    with Composed(level=WiringLevel.H0) as house:
        house.starting()
        house.run(after_s)
        house.kill_belt()
        house.run(1.0)
        house.start_belt()
        house.run(20)
        assert house.speed == 0
        assert house.state is State.LATCHED
        house.assert_safe()


def test_a_hung_belt_process_drops_the_permit_and_obeys_no_old_order_when_it_wakes():
    with Composed(level=WiringLevel.H1) as house:
        house.walking(120)
        house.kiosk.target(200)
        house.belt_hangs = True
        assert_permit_drops(house, within_s=0.34)
        house.until(lambda: house.speed == 0, within_s=KEY_STOP_S)
        woke_s = house.now_s
        house.belt_hangs = False
        house.run(8)
        assert house.speed == 0
        # `02` with the minimum is a rung of the ladder: the newest reading it knows of is 1.20 km/h.
        assert {one.value.hex() for one in house.writes(since_s=woke_s)} <= {"0801", "00", "025000"}
        house.assert_safe()


def test_a_belt_process_that_slept_for_long_stops_a_belt_of_which_it_knows_nothing():
    """The tap calls that a stop at rest, as the zeros had reached the host. A stop is never held back for them."""
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        house.belt_hangs = True
        house.run(2)
        house.hand("key", False)
        house.run(10)
        woke_s = house.now_s
        house.belt_hangs = False
        house.run(5)
        assert [one.value.hex() for one in house.writes(since_s=woke_s)][:1] == ["0801"]
        assert house.writes(since_s=woke_s + 2.0) == []
        assert all("(P5)" in sentence for sentence in house.world.violations)


# ---------------------------------------------------------------------------------------------- the guard


def test_a_killed_guard_drops_the_permit_and_the_belt_process_stops_by_itself():
    with Composed(level=WiringLevel.H1) as house:
        house.walking(200)
        killed_s = house.now_s
        house.kill_guard()
        assert_permit_drops(house, within_s=0)
        house.until(lambda: house.speed == 0, within_s=KEY_STOP_S)
        assert house.writes(since_s=killed_s, op="0801")
        house.assert_safe()


def test_a_killed_guard_without_a_puller_is_a_stop_by_the_belt_process_within_300_ms():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        killed_s = house.now_s
        house.kill_guard()
        house.until(lambda: house.speed == 0, within_s=3)
        assert house.writes(since_s=killed_s, op="0801")[0].t_s - killed_s <= 0.3 + QUANTUM_S
        house.assert_safe()


def test_a_hung_guard_drops_the_permit_and_trips_when_it_wakes():
    with Composed(level=WiringLevel.H1) as house:
        house.walking(200)
        hung_s = house.now_s
        house.guard_hangs = True
        assert_permit_drops(house, within_s=0)
        house.until(lambda: house.speed == 0, within_s=KEY_STOP_S)
        house.run(1)
        assert house.writes(since_s=hung_s, op="0801")[0].t_s - hung_s <= 0.3 + 2 * QUANTUM_S
        house.guard_hangs = False
        house.run(12)
        assert house.state is State.LATCHED
        assert house.status.hard
        house.assert_safe()


def test_a_restarted_guard_knows_by_its_lease_that_the_moving_belt_is_ours():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        house.kill_guard()
        house.run(0.1)
        house.start_guard()
        house.restart_kiosk()
        house.until(lambda: house.speed == 0, within_s=4)
        house.run(12)
        assert (house.state, house.cause) == (State.LATCHED, Cause.RESTART_MOVING)
        assert house.status.reset_by is ResetBy.STAFF
        assert not house.lease.active
        house.assert_safe()


def test_a_belt_that_somebody_else_moves_is_left_alone_and_shown_as_in_use():
    with Composed(level=WiringLevel.H0) as house:
        house.until(lambda: house.kiosk.status is not None and house.status.link is LinkState.READY, within_s=8)
        house.mischief("console_start")
        house.until(lambda: house.speed > 0, within_s=5)
        began_s = house.now_s
        house.run(10)
        assert house.status.in_use_by_other
        assert house.writes(since_s=began_s) == []
        assert house.speed == 80
        house.assert_safe()


def test_after_a_reboot_in_mid_walk_the_record_s_open_session_stops_the_belt_that_still_moves():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        house.kill_belt()
        house.kill_guard()
        house.lease.release()  # what is in /run ends with the boot
        house.run(5)
        house.start_guard()
        house.start_belt()
        house.restart_kiosk()
        house.until(lambda: house.kiosk.status is not None and house.status.in_use_by_other, within_s=10)
        assert house.speed == 120
        house.kiosk.say(Stop(StopWhy.LEFT_OPEN))
        house.until(lambda: house.speed == 0, within_s=5)
        assert (house.cause, house.permit) == (Cause.RESTART_MOVING, False)
        house.until(lambda: not house.lease.active, within_s=12)
        house.assert_safe()


# ---------------------------------------------------------------------------------------------- the service


@pytest.mark.parametrize("name", ["bluetooth_hung", "bluetooth_killed", "att_silent"])
def test_a_bluetooth_service_that_fails_drops_the_permit(name):
    with Composed(level=WiringLevel.H1) as house:
        house.walking(200)
        house.mischief(name)
        if name == "att_silent":
            house.hand("clip", False)
        assert_permit_drops(house, within_s=STALE_S)
        house.until(lambda: house.speed == 0, within_s=KEY_STOP_S)
        house.assert_safe()


def test_what_a_hung_service_delivers_late_moves_nothing():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        house.kiosk.target(200)
        house.run(2)
        house.mischief("bluetooth_hung")
        house.run(8)
        top = house.speed
        house.mischief("bluetooth_hung", on=False)
        for _ in range(600):
            house.quantum()
            assert house.speed <= top
        assert house.speed == 0
        house.assert_safe()


def test_a_service_that_comes_back_is_reconnected_and_the_belt_stopped():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        house.mischief("bluetooth_killed")
        house.run(6)
        house.mischief("bluetooth_killed", on=False)
        house.until(lambda: house.speed == 0, within_s=15)
        house.latched(within_s=14)
        house.assert_safe()


# ---------------------------------------------------------------------------------------------- the stopper


def test_the_stopper_stops_a_belt_whose_process_was_killed():
    with Composed(level=WiringLevel.H0, stopper=True) as house:
        house.walking(200)
        killed_s = house.now_s
        house.kill_belt()
        house.until(lambda: house.speed == 0, within_s=4)
        assert house.writes(since_s=killed_s, op="0801")[0].t_s - killed_s <= 0.3 + 2 * QUANTUM_S
        assert house.cause is Cause.BELT_PROCESS
        house.assert_safe()


def test_the_stopper_stops_a_belt_whose_process_hangs():
    with Composed(level=WiringLevel.H0, stopper=True) as house:
        house.walking(200)
        hung_s = house.now_s
        house.belt_hangs = True
        house.until(lambda: house.speed == 0, within_s=4)
        assert house.writes(since_s=hung_s, op="0801")[0].t_s - hung_s <= 0.3 + 2 * QUANTUM_S
        house.assert_safe()


def test_the_stopper_alone_stops_a_belt_when_guard_and_belt_process_are_killed():
    with Composed(level=WiringLevel.H0, stopper=True) as house:
        house.walking(200)
        killed_s = house.now_s
        house.kill_belt()
        house.kill_guard()
        house.until(lambda: house.speed == 0, within_s=4)
        assert house.writes(since_s=killed_s, op="0801")[0].t_s - killed_s <= 0.3 + 2 * QUANTUM_S
        house.assert_safe()


def test_a_stopper_that_is_there_changes_no_byte_of_a_session():
    logs = []
    for present in (False, True):
        with Composed(stopper=present) as house:
            house.walking(120)
            house.kiosk.stop()
            house.latched(within_s=12)
            house.run(5)
            logs.append([(one.t_s, one.value) for one in house.writes()])
            house.assert_safe()
    assert logs[0] == logs[1]


def test_a_killed_stopper_costs_nothing():
    with Composed(stopper=True) as house:
        house.walking(120)
        house.kill_stopper()
        house.run(5)
        assert house.state is State.RUNNING
        assert house.speed == 120
        house.assert_safe()
