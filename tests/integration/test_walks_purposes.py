"""Opening check and commissioning with all parts together: guard, belt process, treadmill, and nothing waived."""

from __future__ import annotations

import pytest

from hardware.config import Checks
from hardware.config.profiles import Profile
from hardware.link.messages import (
    Arm,
    BeginCheck,
    Cause,
    Deck,
    Envelope,
    Heard,
    LinkState,
    Missing,
    Proof,
    Purpose,
    Rebind,
    ResetBy,
    Scan,
    SoundAlarm,
    State,
    Stop,
    StopWhy,
)
from hardware.simulated.machines import MACHINES
from tests.support.composed import ADDRESS, Composed

STRICT = Checks()
PROFILE = Profile(name="S1", address=ADDRESS, model="S1", firmware="1.0", commissioned=True, start_latency_s=4.0)


def armed(house: Composed, purpose: Purpose) -> None:
    """From LATCHED or IDLE to ARMED, by staff."""
    house.until(lambda: house.state is not None and not house.status.reset_missing, 20)
    if house.state is State.LATCHED:
        house.kiosk.reset(ResetBy.STAFF)
    house.run(1)
    house.hand("key", True)  # H1: a permit that dropped has pulled it
    house.run(0.5)
    house.kiosk.say(Arm(Envelope(500, 0), "staff", purpose))
    house.run(0.2)
    house.hand("clip", False)
    house.run(0.3)
    house.hand("clip", True)
    house.until(lambda: house.state is State.ARMED, 5)


def ran(house: Composed, purpose: Purpose) -> None:
    armed(house, purpose)
    house.kiosk.start()
    house.until(lambda: house.state is State.RUNNING, 12)
    house.run(2)


def test_an_uncommissioned_treadmill_gets_no_byte_until_it_is_commissioned():
    with Composed(checks=STRICT) as house:
        house.idle()
        house.run(5)
        assert set(house.status.arm_missing) == {Missing.NOT_COMMISSIONED, Missing.OPENING_CHECK}
        assert house.status.link is LinkState.READ_ONLY
        assert house.writes() == []
        ran(house, Purpose.COMMISSIONING)
        assert house.status.control_answered is True
        assert house.status.purpose is Purpose.COMMISSIONING
        house.kiosk.stop(StopWhy.STAFF)
        house.until(lambda: house.state is State.LATCHED, 12)
        house.run(1)
        since_s = house.now_s
        house.run(10)
        assert house.writes(since_s) == []
        house.assert_safe()


def test_the_whole_opening_check_leads_to_a_session():
    with Composed(checks=STRICT, profile=PROFILE) as house:
        house.idle()
        house.run(3)
        assert house.status.arm_missing == (Missing.OPENING_CHECK,)
        house.kiosk.say(BeginCheck())
        house.hand("red", False)
        house.run(0.5)
        house.hand("red", True)
        house.run(1)
        house.kiosk.say(SoundAlarm())
        house.run(0.5)
        assert house.alarm
        house.kiosk.say(Heard(alarm=True, sound=True))
        house.run(2.5)
        assert not house.alarm
        ran(house, Purpose.OPENING_CHECK)
        house.kiosk.stop(StopWhy.STAFF)
        house.until(lambda: house.state is State.LATCHED, 12)
        assert house.status.opening.valid_left_s is not None
        assert house.status.opening.missing == ()
        house.kill_guard()
        house.start_guard()
        house.restart_kiosk()
        house.run(1)
        ran(house, Purpose.SESSION)
        house.assert_safe()


@pytest.mark.parametrize("why", [StopWhy.PAUSE_TEST, StopWhy.LINK_TEST])
def test_the_tests_of_commissioning_end_at_rest_with_the_permit_on(why):
    with Composed(checks=STRICT) as house:
        ran(house, Purpose.COMMISSIONING)
        since_s = house.now_s
        house.kiosk.say(Stop(why))
        house.run(0.1)
        assert house.cause is Cause.STOP_TEST
        lowest = []

        def rest() -> bool:
            lowest.append(house.permit)
            return house.state is State.LATCHED

        house.until(rest, 20)
        assert house.cause is Cause.STOP_TEST
        assert all(lowest)
        assert house.speed == 0
        if why is StopWhy.PAUSE_TEST:
            house.run(3)
            assert house.status.pause_works is not None
            assert house.writes(since_s)[0].value == b"\x08\x02"
        house.assert_safe()


def test_a_scan_finds_the_treadmill_and_a_rebind_ends_the_belt_process():
    with Composed(checks=STRICT) as house:
        house.run(4)
        scans = house.status.scans
        house.kiosk.say(Scan(True))
        house.until(lambda: house.status.scans > scans, 20)
        assert ADDRESS in [found.address for found in house.status.found]
        house.kiosk.say(Scan(False))
        house.kiosk.say(Rebind())
        house.until(lambda: house.guard.done(house.now_s), 5)
        assert house.writes() == []


def test_proofs_are_named_one_by_one():
    with Composed(checks=STRICT, profile=PROFILE) as house:
        house.idle()
        house.kiosk.say(BeginCheck())
        house.run(0.2)
        assert set(house.status.opening.missing) == set(Proof)
        house.hand("clip", False)
        house.run(0.2)
        house.hand("clip", True)
        house.run(1)
        assert Proof.CLIP not in house.status.opening.missing


def test_deck_sensors_and_pick_up_walk_along_and_a_walker_who_stays_outside_is_stopped():
    with Composed(deck=True) as house:
        house.walking(160)
        house.run(5)
        assert house.state is State.RUNNING
        assert house.status.inputs.deck is Deck.SAFE
        assert house.status.inputs.pickup_ckmh == pytest.approx(160, abs=8)
        house.hand("deck", False)
        house.run(1)
        assert house.status.inputs.deck is Deck.OPEN_END
        assert house.status.commanded_ckmh < 160
        house.until(lambda: house.cause is Cause.OFF_DECK, 7)
        house.latched(12)
        assert house.status.reset_by is ResetBy.MEMBER
        house.hand("deck", True)
        house.run(5)
        assert house.status.inputs.pickup_ckmh == 0
        house.assert_safe()


# ------------------------------------------------------------------------------------ walks that follow the console

DOMYOS = MACHINES["domyos"]
FOLLOWED = Profile(address=ADDRESS, model=DOMYOS.model, firmware=DOMYOS.firmware, follow_allowed=True)


def followed(house: Composed) -> None:
    """Armed to follow; the member starts the belt at the console and walks."""
    armed(house, Purpose.FOLLOW)
    house.mischief("console_start")
    house.until(lambda: house.state is State.RUNNING, 15)
    house.run(3)
    assert house.speed > 0


@pytest.mark.parametrize("stop", ["clip", "screen", "member"])
def test_a_walk_that_follows_the_console_is_stopped_by_the_key_and_never_written_to(stop):
    with Composed(DOMYOS, profile=FOLLOWED) as house:
        followed(house)
        assert not house.status.in_use_by_other
        if stop == "clip":
            house.hand("clip", False)
        elif stop == "screen":
            house.kiosk.frozen = True
        else:
            house.kiosk.stop()
        house.until(lambda: house.state is State.STOPPING, 2)
        house.run(0.4)
        assert not house.permit
        assert house.alarm is (stop == "clip")
        house.until(lambda: house.state is State.LATCHED, 10)
        assert house.speed == 0
        assert not house.alarm
        assert house.writes() == []


def test_a_guard_that_dies_in_such_a_walk_takes_the_key_with_it():
    with Composed(DOMYOS, profile=FOLLOWED) as house:
        followed(house)
        house.kill_guard()
        house.until(lambda: house.speed == 0, 6)
        assert not house.permit
        assert house.writes() == []
