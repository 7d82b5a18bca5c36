"""Every mischief, composed, in mid-walk and during spin-up, followed by a pulled clip.

Whatever the treadmill does: no motion byte leaves with an interlock open, and the stop is confirmed by measured speed
or the alarm is raised in its budget. Wiring is H0, so that nothing but bytes can stop the belt. The whole table, all
phases, is ``python -m tests.bench.mischief``.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardware.config import WiringLevel
from hardware.config.profiles import UNCOMMISSIONED, Profile, Quirks
from hardware.link.messages import Cause, State
from hardware.simulated.machines import SIMULATED_S1
from hardware.simulated.mischief import MISCHIEF
from tests.support.composed import ADDRESS, Composed, NotReached

NAMES = sorted(MISCHIEF)
BUDGET_S = UNCOMMISSIONED.stop_budget_s


def stopped_or_told(house: Composed) -> bool:
    return house.alarm or (house.state is State.LATCHED and house.speed == 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_pulled_in_mid_walk_is_confirmed_or_told(name):
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        house.mischief(name)
        house.run(4)
        house.hand("clip", False)
        house.until(lambda: stopped_or_told(house), within_s=BUDGET_S + 0.1)
        house.assert_safe()


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_pulled_during_spin_up_is_confirmed_or_told(name):
    with Composed(level=WiringLevel.H0) as house:
        house.starting()
        house.run(1)
        house.mischief(name)
        house.run(1)
        house.hand("clip", False)
        # The guard waits until a start can no longer come through (6.5 s + 2 s after `07`).
        house.until(lambda: stopped_or_told(house), within_s=9)
        house.run(3)
        assert stopped_or_told(house), house.scene()
        house.assert_safe()


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("runaway", Cause.OVERSPEED),
        ("mph_commands", None),
        ("stops_by_itself", Cause.BELT_STOPPED_ITSELF),
        ("console_stop", Cause.BELT_STOPPED_ITSELF),
        ("console_pause", Cause.BELT_STOPPED_ITSELF),
        ("telemetry_frozen", Cause.TELEMETRY_STALE),
        ("telemetry_garbage", Cause.TELEMETRY_STALE),
        ("telemetry_truncated", Cause.TELEMETRY_STALE),
        ("control_lost", Cause.CONTROL_LOST),
        ("link_cut", Cause.LINK_LOST),
        ("link_dropped", Cause.LINK_LOST),
        ("bluetooth_hung", Cause.TELEMETRY_STALE),
        ("bluetooth_killed", Cause.TELEMETRY_STALE),
    ],
)
def test_what_goes_wrong_in_mid_walk_stops_the_belt_by_itself(name, cause):
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        house.mischief(name)
        if cause is None:  # shows with the next speed only
            house.kiosk.target(200)
        house.until(lambda: house.state in (State.STOPPING, State.LATCHED), within_s=25)
        assert cause is None or house.cause is cause
        house.assert_safe()


def test_somebody_who_holds_plus_at_the_console_is_caught():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        house.mischief("console_plus")
        house.until(lambda: house.state is State.STOPPING, within_s=5.5)
        assert house.cause in (Cause.DEVIATION, Cause.OVERSPEED)
        house.until(lambda: house.speed == 0, within_s=5)
        house.assert_safe()


@pytest.mark.parametrize("name", ["zero_frames", "odd_status", "stale_status", "flaky_connect", "twin", "ack_lost"])
def test_what_is_only_odd_does_not_stop_a_walk(name):
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        house.mischief(name)
        house.run(30)
        assert house.state is State.RUNNING
        assert house.speed == 120
        house.assert_safe()


def test_a_belt_that_starts_by_itself_while_armed_is_stopped():
    with Composed(level=WiringLevel.H0) as house:
        house.armed()
        house.mischief("console_start")
        house.until(lambda: house.cause is Cause.UNEXPECTED_MOTION, within_s=5)
        house.until(lambda: house.speed == 0, within_s=3)
        house.assert_safe()


def test_a_belt_at_rest_is_never_stopped_again_however_odd_its_telemetry():
    for name in ("stale_status", "odd_status", "zero_frames", "slow_decel"):
        with Composed(level=WiringLevel.H0, mischief=[name]) as house:
            house.walking(100)
            house.kiosk.stop()
            house.latched(within_s=20)
            house.run(20)
            house.assert_safe()


def test_a_toggling_stop_that_no_profile_tells_of_comes_to_rest_for_good():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        house.kiosk.stop()
        house.run(0.6)
        house.mischief("stop_toggles")
        house.run(15)
        still_s = house.now_s
        while house.now_s - still_s < 20:
            house.quantum()
            assert house.speed == 0
        assert "moved again" in house.status.trouble


# ---------------------------------------------------------------------------------------------- on from the start


@pytest.mark.parametrize("name", ["never_starts", "start_needs_hand"])
def test_a_start_that_moves_nothing_times_out_at_rest(name):
    with Composed(level=WiringLevel.H0, mischief=[name]) as house:
        house.starting()
        house.until(lambda: house.state is State.LATCHED, within_s=25)
        assert house.cause is Cause.START_TIMEOUT
        assert len(house.writes(op="07")) == 1
        assert house.speed == 0
        house.assert_safe()


@pytest.mark.parametrize(
    "name",
    ["late_start", "ack_lost", "always_success", "slow_decel", "odd_status", "zero_frames", "flaky_connect", "twin"],
)
def test_what_does_not_endanger_anybody_lets_a_session_walk(name):
    quirks = Quirks(no_request_control_answer=True) if name == "ack_lost" else Quirks()
    machine = SIMULATED_S1
    profile = Profile(
        address=ADDRESS, model=machine.model, firmware=machine.firmware, start_latency_s=7.5, quirks=quirks
    )
    with Composed(level=WiringLevel.H0, mischief=[name], profile=profile) as house:
        house.walking(120)
        house.kiosk.stop()
        house.latched(within_s=20)
        assert house.cause is Cause.MEMBER_STOP
        house.assert_safe()


@pytest.mark.parametrize(
    "name",
    [
        "control_refused",
        "control_unanswered",
        "commands_refused",
        "needs_pairing",
        "att_error",
        "ack_lost",
        "vanished",
        "in_use",
        "telemetry_frozen",
        "telemetry_garbage",
        "link_cut",
        "bluetooth_hung",
        "bluetooth_killed",
    ],
)
def test_a_treadmill_that_cannot_be_held_is_never_armed_and_says_why(name):
    machine = SIMULATED_S1  # measured: of one that nobody has measured, a silence would be consent
    profile = Profile(address=ADDRESS, model=machine.model, firmware=machine.firmware, commissioned=True)
    with Composed(mischief=[name], profile=profile) as house:
        with pytest.raises(NotReached):
            house.armed()
        assert house.state in (State.LATCHED, State.IDLE)
        assert set(house.status.reset_missing) | set(house.status.arm_missing)
        assert house.speed == 0
        assert house.writes(op="07") == []
        house.assert_safe()


def test_a_belt_that_resumes_at_its_last_speed_is_brought_to_its_minimum_before_it_gets_there():
    quick = replace(SIMULATED_S1, habits=replace(SIMULATED_S1.habits, accel_ckmh_s=100.0))
    with Composed(quick, level=WiringLevel.H0) as house:
        house.walking(200)
        house.hand("clip", False)  # a stop from full speed: that is what it remembers
        house.latched(within_s=8)
        house.hand("clip", True)
        house.run(2.4)  # so that the next record comes late after the belt begins to move
        house.mischief("starts_fast")
        house.starting()
        fastest = 0.0
        for _ in range(600):
            house.quantum()
            fastest = max(fastest, house.speed)
        assert 80 < fastest <= 150  # one data period late, as nobody can know sooner
        assert house.speed == 80
        house.assert_safe()


def test_a_belt_that_starts_by_itself_after_connecting_is_somebody_elses():
    with Composed(level=WiringLevel.H0, mischief=["starts_by_itself"]) as house:
        house.run(20)
        assert house.speed == 80
        assert house.status.in_use_by_other
        assert {one.value.hex() for one in house.writes()} <= {"00"}
        house.assert_safe()
