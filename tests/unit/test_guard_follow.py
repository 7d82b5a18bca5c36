"""A treadmill without a control point: the member sets the pace at its console, and the permit alone can stop it."""

from __future__ import annotations

import pytest
from msgspec import structs

from hardware.constants import FOLLOW_CONSENT_S
from hardware.guard.limits import House
from hardware.guard.memory import Rules
from hardware.guard.opening import Checks
from hardware.link.messages import (
    Arm,
    BeginCheck,
    Cause,
    Contact,
    Deck,
    Ease,
    Envelope,
    LinkState,
    LowerCap,
    Missing,
    Proof,
    Purpose,
    Reset,
    ResetBy,
    Start,
    State,
    StatusEvent,
    Stop,
    StopWhy,
    Target,
    WishMode,
)
from tests.support.plant import ADDRESS, START_S, UNCHECKED, Habits, Rig, plant_profile, plant_rules

FOLLOW = Purpose.FOLLOW
WIDE = Envelope(400, 0)


def rules(**more: object) -> Rules:
    return plant_rules(Habits(), **{"commissioned": False, "follow_allowed": True, "cap_ckmh": 200, **more})


def follower(rig: Rig | None = None, envelope: Envelope = WIDE) -> Rig:
    """Armed; the member has yet to start the belt at the console."""
    rig = rig or Rig(rules=rules())
    rig.puller = True
    rig.plant.grants = False
    assert rig.to_armed(envelope, FOLLOW), (rig.machine, rig.refused[-1:])
    return rig


def walking(speed: int = 120, **more: object) -> Rig:
    rig = follower(**more)
    rig.plant.console(speed)
    rig.run(4)
    assert rig.state is State.RUNNING, rig.machine
    return rig


def why(rig: Rig, request: object) -> tuple[Missing, ...]:
    rig.tick(request)
    return rig.refused[-1].why if rig.refused else ()


# ------------------------------------------------------------------------------------ whether


def test_only_bluetooth_is_no_stop_for_a_walk_that_follows():
    supervised = Rules(House(400, 50, supervised=True), 0.06, rules().profiles, UNCHECKED)
    rig = Rig(rules=supervised)
    assert rig.to_idle()
    rig.run(3)
    assert Missing.PERMIT in why(rig, Arm(WIDE, "f", FOLLOW))
    assert rig.state is State.IDLE


@pytest.mark.parametrize("change", [{"follow_allowed": False}, {"firmware": "2"}])
def test_staff_must_have_allowed_it_for_this_very_treadmill(change):
    rig = Rig(rules=rules(**change))
    assert rig.to_idle()
    rig.run(3)
    assert Missing.STAFF in why(rig, Arm(WIDE, "f", FOLLOW))
    assert rig.state is State.IDLE


def test_it_needs_an_opening_check_and_one_under_way_lets_it_be_the_brake_test():
    rig = Rig(rules=rules(checks=Checks()))
    assert rig.to_idle()
    rig.run(3)
    assert why(rig, Arm(WIDE, "f", FOLLOW)) == (Missing.OPENING_CHECK,)
    rig.tick(BeginCheck())
    walking(rig=rig)
    rig.tick(Stop(StopWhy.STAFF))
    rig.run(5, lambda: rig.state is State.LATCHED)
    assert Proof.BRAKE not in rig.out.opening.missing
    assert Proof.BRAKE in Rig(rules=rules(checks=Checks())).tick().opening.missing


def test_with_an_opening_check_of_today_it_is_armed():
    follower(Rig(rules=rules(checks=Checks()), checked=(ADDRESS, START_S)))


def console_only(**more: object) -> Rig:
    """At rest beside a treadmill whose speed only its console can set."""
    rig = Rig(rules=rules(**more))
    rig.plant.facts = structs.replace(rig.plant.facts, can_speed=False)
    rig.plant.grants = False
    assert rig.to_idle()
    rig.run(3)
    return rig


def test_where_only_the_console_sets_the_speed_the_kiosk_is_told_to_follow_and_what_that_misses():
    rig = console_only()
    assert rig.out.follow
    assert rig.out.arm_missing == ()
    rig = console_only(checks=Checks())
    assert rig.out.arm_missing == (Missing.OPENING_CHECK,)


def test_without_leave_such_a_treadmill_is_not_for_walking():
    rig = console_only(follow_allowed=False, commissioned=True)
    assert not rig.out.follow
    assert Missing.CONTROL in rig.out.arm_missing


def test_a_treadmill_that_can_be_driven_is_not_followed_unasked():
    rig = Rig(rules=rules(commissioned=True))
    assert rig.to_idle()
    rig.run(3)
    assert not rig.out.follow


def test_one_that_is_followed_gives_no_control_whatever_its_profile_says():
    rig = console_only(commissioned=True)
    assert not rig.out.wish.control
    assert rig.plant.written == []


def test_only_bluetooth_follows_nothing():
    known = plant_rules(Habits(), follow_allowed=True).profiles
    rig = Rig(rules=Rules(House(400, 50, supervised=True), 0.06, known, UNCHECKED))
    rig.plant.facts = structs.replace(rig.plant.facts, can_speed=False)
    rig.run(3)
    assert not rig.out.follow


def test_pulls_of_the_own_key_are_counted_at_rest_too():
    rig = Rig(rules=rules())
    rig.run(1)
    for told in (StatusEvent.SAFETY_KEY, StatusEvent.STOPPED_BY_USER, StatusEvent.SAFETY_KEY):
        rig.plant.report(told)
        rig.run(1)
    assert rig.machine.keys == 2


# ------------------------------------------------------------------------------------ how it begins


def test_nothing_is_written_and_no_lease_is_taken_from_arming_to_rest():
    rig = follower()
    modes = set()
    for speed in (0, 100, 150, 0):
        rig.plant.console(speed)
        for _ in range(200):
            rig.tick()
            modes.add(rig.out.wish.mode)
            assert not rig.out.wish.control
            assert not rig.out.lease
    rig.run(3)
    assert modes == {WishMode.HOLD}
    assert rig.plant.written == []
    assert rig.state is State.LATCHED
    assert rig.machine.cause is Cause.BELT_STOPPED_ITSELF
    rig.tick(Reset(ResetBy.MEMBER))
    assert rig.state is State.IDLE


def test_the_belt_begins_to_move_and_the_walk_runs():
    rig = follower()
    rig.run(20)
    assert rig.state is State.ARMED
    rig.plant.console(100)
    rig.run(2)
    assert rig.state is State.RUNNING
    assert not rig.out.in_use_by_other
    assert rig.out.permit


def test_a_belt_that_moves_before_the_clip_was_proved_is_somebody_elses():
    rig = Rig(rules=rules())
    assert rig.to_idle()
    rig.run(3)
    rig.tick(Arm(WIDE, "f", FOLLOW))
    rig.plant.console(100)
    rig.run(2)
    assert rig.state is State.IDLE
    assert rig.out.in_use_by_other


def test_the_consent_holds_for_a_minute():
    rig = follower()
    rig.run(FOLLOW_CONSENT_S - 1)
    assert rig.state is State.ARMED
    assert rig.out.consent_left_s == pytest.approx(1.0, abs=0.2)
    rig.run(1.5)
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.ARM_EXPIRED)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("ends", ["window", "screen", "stop"])
def test_a_belt_that_comes_just_after_its_arming_has_ended_is_stopped_by_the_permit(ends, reset):
    rig = follower()
    rig.run(FOLLOW_CONSENT_S - 1)
    assert rig.state is State.ARMED
    if ends == "screen":
        rig.screen = False
    elif ends == "stop":
        rig.tick(Stop(StopWhy.MEMBER))
    assert rig.run(2, lambda: rig.state is State.LATCHED)
    assert rig.out.permit
    rig.screen = True
    rig.run(0.6)
    if reset:  # as the kiosk does by itself when it is back at the check
        rig.tick(Reset(ResetBy.MEMBER))
        assert rig.state is State.IDLE
    rig.run(3)  # the console's own countdown
    rig.plant.console(100)
    assert rig.run(2, lambda: rig.state is State.STOPPING)
    assert rig.machine.cause is Cause.UNEXPECTED_MOTION
    assert not rig.out.permit
    assert rig.out.alarm is not reset  # after a reset it is a belt like any other: the alarm waits for the budget
    rig.plant.console(0)  # the key is out
    assert rig.run(4, lambda: rig.state is State.LATCHED)
    assert not rig.out.alarm
    assert rig.machine.staff


def test_whoever_arms_anew_just_after_an_arming_has_ended_starts_the_belt_at_the_console_as_ever():
    rig = follower()
    rig.tick(Stop(StopWhy.MEMBER))
    assert rig.run(2, lambda: rig.state is State.LATCHED)
    assert rig.to_armed(purpose=Purpose.FOLLOW)
    rig.plant.console(100)
    assert rig.run(3, lambda: rig.state is not State.ARMED)
    assert rig.state is State.RUNNING


def test_a_belt_that_comes_long_after_its_arming_has_ended_is_somebody_elses():
    rig = follower()
    assert rig.run(FOLLOW_CONSENT_S + 1, lambda: rig.state is State.LATCHED)
    rig.run(12)
    rig.plant.console(100)
    rig.run(2)
    assert rig.machine.cause is Cause.ARM_EXPIRED
    assert rig.out.in_use_by_other


@pytest.mark.parametrize("request_", [Start(), Target(100, 0), Ease()])
def test_it_cannot_be_driven(request_):
    rig = follower()
    assert why(rig, request_) == (Missing.CONTROL,)
    assert rig.state is State.ARMED
    rig = walking()
    assert why(rig, request_) == (Missing.CONTROL,)
    assert rig.state is State.RUNNING


def test_what_the_walker_does_at_the_console_is_no_fault():
    rig = walking(100)
    for speed in (150, 190, 80):
        rig.plant.console(speed)
        rig.run(5)
        assert rig.state is State.RUNNING
    rig.plant.report(StatusEvent.STOPPED_BY_USER)
    rig.run(1)
    rig.plant.report(StatusEvent.CONTROL_LOST)
    rig.run(1)
    assert rig.state is State.RUNNING


# ------------------------------------------------------------------------------------ how it ends


def stops(rig: Rig, cause: Cause, *, alarm: bool = True) -> None:
    assert rig.run(4, lambda: rig.machine.cause is cause), rig.machine.cause
    assert rig.state is State.STOPPING
    assert not rig.out.permit
    assert rig.out.alarm is alarm
    assert rig.out.wish.mode is WishMode.HOLD


def test_the_clip_drops_the_permit_and_sounds_the_alarm_until_the_belt_is_measured_at_rest():
    rig = walking()
    rig.open("clip")
    rig.tick()
    stops(rig, Cause.CLIP)
    rig.run(4, lambda: rig.state is State.LATCHED)
    assert rig.plant.speed == 0
    assert rig.out.at_rest
    assert not rig.out.alarm
    assert rig.plant.written == []


def test_a_stop_that_was_asked_for_drops_the_permit_too_without_the_alarm():
    rig = walking()
    rig.tick(Stop(StopWhy.MEMBER))
    stops(rig, Cause.MEMBER_STOP, alarm=False)
    rig.plant.report(StatusEvent.SAFETY_KEY)  # it was our own puller that took it
    rig.tick()
    assert rig.machine.cause is Cause.MEMBER_STOP
    rig.run(4, lambda: rig.state is State.LATCHED)
    assert rig.out.permit


@pytest.mark.parametrize("envelope", [WIDE, Envelope(150, 0)])
def test_over_the_cap_it_is_stopped(envelope):
    cap = min(200, envelope.cap_ckmh)
    rig = walking(100, envelope=envelope)
    rig.plant.console(cap + 25)
    rig.run(4)
    assert rig.state is State.RUNNING
    rig.plant.console(cap + 60)
    stops(rig, Cause.OVERSPEED)


def test_a_cap_that_staff_lower_in_mid_walk_counts_at_once():
    rig = walking(180)
    rig.tick(LowerCap(120))
    stops(rig, Cause.OVERSPEED)


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        ("lost", Cause.LINK_LOST),
        ("mute", Cause.TELEMETRY_STALE),
        ("silent", Cause.BELT_PROCESS),
        ("key", Cause.SAFETY_KEY),
        ("red", Cause.RED_BUTTON),
        ("fault", Cause.INPUT_FAULT),
    ],
)
def test_every_hard_cause_stops_it(what, cause):
    rig = walking()
    if what == "lost":
        rig.plant.link = LinkState.LOST
    elif what == "key":
        rig.plant.report(StatusEvent.SAFETY_KEY)
    elif what == "red":
        rig.open("red")
    elif what == "fault":
        rig.fault = "The clip (pin 17) cannot be read."
    else:
        setattr(rig.plant, what, True)
    stops(rig, cause)


def test_a_frozen_screen_stops_it():
    rig = walking()
    rig.screen = False
    stops(rig, Cause.SCREEN_FROZEN, alarm=False)


def test_a_walker_who_stays_off_the_deck_is_stopped_after_three_seconds():
    rig = Rig(rules=rules())
    rig.deck = Deck.SAFE
    rig = walking(rig=rig)
    rig.deck = Deck.OPEN_END
    rig.run(2.9)
    assert rig.state is State.RUNNING
    stops(rig, Cause.OFF_DECK, alarm=False)


def test_a_puller_that_does_not_stop_the_belt_ends_in_the_alarm_and_is_never_taken_for_rest():
    rig = walking()
    rig.puller = False
    rig.tick(Stop(StopWhy.MEMBER))
    rig.run(7)
    assert rig.machine.alarm
    assert rig.machine.cause is Cause.STOP_NOT_CONFIRMED
    rig.run(5)
    assert rig.state is State.STOPPING
    assert rig.out.alarm


def test_the_clip_pulled_while_armed_latches_without_a_word_to_the_belt():
    rig = follower()
    rig.open("clip")
    rig.tick()
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.CLIP)
    assert rig.clip is Contact.OPEN
    assert rig.plant.written == []


def test_a_belt_started_again_right_after_the_walk_is_not_ours():
    rig = walking()
    rig.plant.console(0)
    rig.run(6, lambda: rig.state is State.LATCHED)
    rig.plant.console(100)
    rig.run(3)
    assert rig.state is State.LATCHED
    assert rig.machine.cause is Cause.BELT_STOPPED_ITSELF
    assert rig.out.in_use_by_other
    assert rig.plant.written == []


def test_another_firmware_takes_the_permission_back():
    profile = plant_profile(Habits(), follow_allowed=True, firmware="2")
    rig = Rig(rules=Rules(House(400, 50, supervised=False), 0.06, {ADDRESS: profile}, UNCHECKED))
    rig.run(3)
    assert not rig.machine.profile.follow_allowed


# ------------------------------------------------------------------------------------ not proved yet


@pytest.mark.parametrize("commissioned", [True, False])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_treadmill_that_is_not_proved_to_be_this_one_is_listened_to_and_armed_for_nothing(purpose, commissioned):
    rig = Rig(rules=structs.replace(rules(commissioned=commissioned), proved=False))
    assert rig.to_idle()
    rig.run(3)
    assert {Missing.STAFF, Missing.NOT_COMMISSIONED} <= set(why(rig, Arm(WIDE, "p", purpose)))
    assert Missing.NOT_COMMISSIONED in rig.out.arm_missing
    assert rig.state is State.IDLE
    assert not rig.out.wish.control
    rig.plant.report(StatusEvent.SAFETY_KEY)
    rig.run(1)
    assert rig.machine.keys == 1
    assert rig.plant.written == []
