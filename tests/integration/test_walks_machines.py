"""The named machines, composed: which walk as they are, which need a profile, and which must not be driven at all."""

from __future__ import annotations

import pytest

from hardware.config import WiringLevel
from hardware.config.profiles import UNCOMMISSIONED, Profile, Quirks
from hardware.link.messages import Cause, Missing, State
from hardware.simulated.machines import MACHINES, SIMULATED_S1
from tests.support.composed import ADDRESS, Composed, NotReached

AS_THEY_ARE = (
    "simulated-s1",
    "urevo-e1l",
    "tunturi-t80",
    "matrix",
    "matrix-pair",
    "merach",
    "precor",
    "omega-z",  # nobody has measured it: its silence to Request Control is consent
    "winfita",
    "medisoft-870",
)
QUIRKS = {
    "omega-z": Quirks(no_request_control_answer=True),
    "fitshow-fs": Quirks(start_before_speed=False),
    "horizon-7-4": Quirks(pause_unsupported=False),
    "kingsmith-k12": Quirks(toggle_stop=True, min_write_interval_s=0.4),
    "tm11gy": Quirks(mph_units=True, toggle_start=True),
    "merach": Quirks(zero_debounce_s=3.0),
}


def commissioned(name: str) -> Profile:
    """The profile that a technician would leave with."""
    machine = MACHINES[name]
    return Profile(
        name=name,
        address=ADDRESS,
        model=machine.model,
        firmware=machine.firmware,
        commissioned=True,
        cap_ckmh=200,
        start_latency_s=machine.habits.start_latency_s + 0.5,
        stop_time_s=4.0,
        quirks=QUIRKS[name],
    )


def walk_and_pull_the_clip(name: str, profile: Profile) -> Composed:
    with Composed(MACHINES[name], level=WiringLevel.H0, profile=profile) as house:
        house.starting()
        house.until(lambda: house.state is State.RUNNING, within_s=15)
        house.kiosk.target(160)
        house.run(25)
        assert house.state is State.RUNNING, house.scene()
        increment = max(MACHINES[name].increment_ckmh * 1.61, 10)
        assert 160 - increment <= house.speed <= 160.5, house.scene()
        house.hand("clip", False)
        house.until(lambda: house.speed == 0, within_s=4.5)
        house.run(10)
        assert (house.state, house.speed, house.alarm) == (State.LATCHED, 0, False), house.scene()
        assert house.cause is Cause.CLIP
        house.assert_safe()
    return house


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_machines_without_a_profile_walk_and_stop_at_the_clip(name):
    walk_and_pull_the_clip(name, UNCOMMISSIONED)


@pytest.mark.parametrize("name", sorted(QUIRKS))
def test_machines_with_their_profile_walk_and_stop_at_the_clip(name):
    walk_and_pull_the_clip(name, commissioned(name))


@pytest.mark.parametrize("name", ["omega-z", "kingsmith-ks-hd-z1d", "domyos"])
def test_machines_that_give_no_control_against_their_profile_are_not_armed(name):
    machine = MACHINES[name]
    profile = Profile(address=ADDRESS, model=machine.model, firmware=machine.firmware, commissioned=True)
    with Composed(machine, profile=profile) as house:
        with pytest.raises(NotReached):
            house.armed()
        assert Missing.CONTROL in house.status.arm_missing
        assert house.status.trouble
        assert house.speed == 0
        house.assert_safe()


@pytest.mark.parametrize("name", ["technogym-myrun", "sole-f85", "fitshow-fs"])
def test_machines_that_do_not_start_time_out_at_rest(name):
    with Composed(MACHINES[name], level=WiringLevel.H0) as house:
        house.starting()
        house.until(lambda: house.state is State.LATCHED, within_s=25)
        assert house.cause is Cause.START_TIMEOUT
        assert house.speed == 0
        house.assert_safe()


def test_a_green_button_pressed_after_the_time_out_is_met_with_a_stop():
    with Composed(MACHINES["technogym-myrun"], level=WiringLevel.H0) as house:
        house.starting()
        house.until(lambda: house.state is State.STOPPING, within_s=12)
        house.run(0.5)
        house.mischief("console_start")
        house.run(20)
        assert house.speed == 0
        house.assert_safe()


def test_a_machine_that_ignores_stop_and_pause_raises_the_alarm_in_its_budget():
    with Composed(MACHINES["horizon-7-4"], level=WiringLevel.H0) as house:
        house.walking(160)
        house.hand("clip", False)
        house.until(lambda: house.alarm, within_s=6.1)
        assert house.speed <= 160
        assert not house.status.at_rest
        house.assert_safe()


def test_a_belt_that_takes_km_per_h_for_mph_and_tells_the_truth_is_caught_before_it_rises():
    with Composed(SIMULATED_S1, level=WiringLevel.H0, mischief=["mph_commands"]) as house:
        house.starting()
        house.until(lambda: house.state is State.RUNNING, within_s=10)
        house.kiosk.target(200)
        house.run(12)
        assert house.status.hard
        assert house.world.tap.max_ckmh <= 130
        assert house.speed == 0
        house.assert_safe()
