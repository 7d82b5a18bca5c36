"""The guard's machine at its very edges: single steps, at times that binary fractions hold exactly."""

from __future__ import annotations

import msgspec
import pytest

from hardware.constants import (
    ALARM_TEST_S,
    ARM_WINDOW_S,
    CONSENT_AGE_S,
    FOLLOW_CONSENT_S,
    OPENING_VALID_S,
    PROOF_WINDOW_S,
    RESET_GAP_S,
    STOP_TEST_S,
)
from hardware.guard import machine as machine_module
from hardware.guard import opening
from hardware.guard.deck import Away
from hardware.guard.evidence import lasting, recent
from hardware.guard.limits import Course
from hardware.guard.machine import _stopped, step
from hardware.guard.memory import Motion
from hardware.link.messages import (
    Arm,
    Cause,
    Contact,
    Deck,
    Envelope,
    LinkState,
    LowerCap,
    Missing,
    Proof,
    Purpose,
    Reset,
    ResetBy,
    SafetyEvent,
    Start,
    State,
    Stop,
    StopBy,
    StopWhy,
    Target,
    WishMode,
)
from tests.support.plant import ADDRESS, TICK, Habits, Rig, plant_rules, typed

NOW_S = 1024.0
MOMENT_S = 2.0**-10
WIDE = Envelope(400, 50)


def at(rig: Rig, *requests, now_s: float = NOW_S, seen=None, belt=None, **known):
    """One step of the rig's machine with *known* changed and its inputs with *seen* changed; all else is fresh."""
    inputs = rig.inputs(*requests)
    frame = msgspec.structs.replace(inputs.belt, **({"reading_age_s": 0.0} | (belt or {})))
    fresh = {"belt": frame, "belt_at_s": now_s, "drawn": rig.drawn + 1, "drawn_at_s": now_s}
    inputs = msgspec.structs.replace(inputs, **(fresh | (seen or {})))
    machine = msgspec.structs.replace(rig.machine, **({"tick_s": now_s - TICK} | known))
    m, out = step(machine, inputs, now_s, rig.rules)
    typed(m, out)
    return m, out


def led(to: str, *more, habits: Habits | None = None, **rules) -> Rig:
    """A rig that was led there the legal way."""
    rig = Rig(habits, plant_rules(habits or Habits(), **rules))
    assert getattr(rig, f"to_{to}")(*more), rig.machine
    return rig


def proving() -> Rig:
    rig = led("idle")
    rig.run(1)
    rig.tick(Arm(WIDE, "s1", Purpose.SESSION))
    assert rig.state is State.PROOF
    return rig


# ------------------------------------------------------------------------------------ windows


def test_the_limits_of_an_age_themselves_count():
    assert lasting(NOW_S - 3.0, NOW_S, 3.0)
    assert not lasting(NOW_S - 3.0 + MOMENT_S, NOW_S, 3.0)
    assert recent(NOW_S - 3.0, NOW_S, 3.0)
    assert recent(NOW_S, NOW_S, 3.0)
    assert not recent(NOW_S - 3.0 - MOMENT_S, NOW_S, 3.0)
    assert not recent(NOW_S + MOMENT_S, NOW_S, 3.0)


def test_a_start_is_given_up_after_its_time_and_not_at_it():
    rig = led("starting", habits=Habits(latency_s=6.0))
    assert at(rig, since_s=NOW_S - 10.0)[0].state is State.STARTING
    assert at(rig, since_s=NOW_S - 10.0 - MOMENT_S)[0].cause is Cause.START_TIMEOUT


def test_a_proof_is_forgotten_after_its_window_and_not_at_it():
    rig = proving()
    assert at(rig, since_s=NOW_S - PROOF_WINDOW_S)[0].state is State.PROOF
    assert at(rig, since_s=NOW_S - PROOF_WINDOW_S - MOMENT_S)[0].cause is Cause.ARM_EXPIRED


@pytest.mark.parametrize(("follows", "seconds"), [(False, ARM_WINDOW_S), (True, FOLLOW_CONSENT_S)])
def test_an_arming_ends_after_its_window_and_not_at_it(follows, seconds):
    rig = led("armed", WIDE, Purpose.FOLLOW if follows else Purpose.SESSION, follow_allowed=True)
    assert at(rig, consent_s=NOW_S - seconds)[0].state is State.ARMED
    assert at(rig, consent_s=NOW_S - seconds - MOMENT_S)[0].cause is Cause.ARM_EXPIRED


@pytest.mark.parametrize("state", ["idle", "running"])
def test_only_a_proof_has_a_window_of_three_minutes(state):
    m, _ = at(led(state), since_s=NOW_S - 2 * PROOF_WINDOW_S)
    assert (m.state, m.cause) == (State(state), None)


@pytest.mark.parametrize("state", ["idle", "armed"])
def test_what_latches_at_rest_has_latched_then(state):
    rig = led(state)
    rig.open("red")
    m, _ = at(rig, since_s=1.0)
    assert (m.state, m.since_s) == (State.LATCHED, NOW_S)


# ------------------------------------------------------------------------------------ stops that are tests


def test_a_pause_test_is_no_leave_to_lose_the_link():
    rig = led("running", WIDE, Purpose.COMMISSIONING)
    rig.tick(Stop(StopWhy.PAUSE_TEST))
    assert (rig.machine.cause, rig.machine.stop_by) == (Cause.STOP_TEST, StopBy.PAUSE)
    m, _ = at(rig, belt={"link": LinkState.LOST}, stop_s=NOW_S)
    assert m.cause is Cause.LINK_LOST


def test_an_ordinary_stop_knows_nothing_of_the_last_test():
    m, out = at(led("running"), Stop(StopWhy.MEMBER), stop_by=StopBy.UNLINK)
    assert (m.stop_by, out.wish.stop_by) == (StopBy.LADDER, StopBy.LADDER)


def test_another_soft_cause_changes_nothing_of_a_stop_under_way():
    rig = led("running")
    rig.tick(Stop(StopWhy.MEMBER))
    rig.machine = msgspec.structs.replace(rig.machine, ramp=(200, rig.now), ramping_s=3.75)
    assert _stopped(rig.machine, Cause.SCREEN_FROZEN, rig.now + 1.0) == rig.machine


# ------------------------------------------------------------------------------------ what a tick brings


def test_a_frame_that_is_missing_is_missing_whatever_its_time():
    assert at(led("running"), seen={"belt": None})[0].cause is Cause.BELT_PROCESS


def test_zeros_of_another_connection_are_no_rest():
    rig = led("idle")
    assert at(rig)[1].at_rest
    assert not at(rig, belt={"generation": rig.plant.generation + 1})[1].at_rest


def test_told_to_leave_it_stops_a_belt_under_way_at_once():
    m, out = at(led("running"), seen={"shutdown": True})
    assert (m.cause, out.wish.mode) == (Cause.STAFF_STOP, WishMode.STOP)


def test_the_slowest_reading_there_is_is_motion_and_no_zero():
    rig = led("idle")
    assert rig.machine.motion.zeros >= 2
    m, out = at(rig, belt={"speed_ckmh": 1})
    assert (m.motion.zeros, m.motion.zero_since_s) == (0, None)
    assert not out.at_rest
    assert out.in_use_by_other


@pytest.mark.parametrize(("purpose", "cap"), [(Purpose.SESSION, 150), (Purpose.COMMISSIONING, 400)])
def test_only_commissioning_goes_beyond_the_profile(purpose, cap):
    rig = led("idle", cap_ckmh=150)
    rig.run(1)
    rig.tick(Arm(WIDE, "s1", purpose))
    assert (rig.state, rig.out.limits.cap_ckmh) == (State.PROOF, cap)
    assert at(rig)[1].limits.cap_ckmh == cap


def test_a_session_s_own_cap_is_no_overspeed_of_the_machine():
    rig = led("running", Envelope(200, 50))
    assert rig.out.limits.cap_ckmh == 200
    assert at(rig, belt={"speed_ckmh": 430})[0].motion.over_since_s is None
    assert at(rig, belt={"speed_ckmh": 431})[0].motion.over_since_s == NOW_S


@pytest.mark.parametrize(("scaled", "most"), [(False, 100), (True, 130)])
def test_a_quarter_is_too_fast_before_the_scale_is_proved_and_half_a_km_h_afterwards(scaled, most):
    rig = led("running")
    assert rig.machine.course.speed_ckmh == 80
    known = {"scaled": scaled, "motion": Motion(), "since_s": NOW_S}
    assert at(rig, belt={"speed_ckmh": most}, **known)[0].motion.fast_since_s is None
    assert at(rig, belt={"speed_ckmh": most + 1}, **known)[0].motion.fast_since_s == NOW_S


@pytest.mark.parametrize(
    ("speed", "pickup", "wrong"),
    [
        (100, None, False),
        (100, 130, False),  # 0.3 km/h
        (100, 131, True),
        (200, 250, False),  # a quarter
        (200, 251, True),
        (200, 149, True),
        (1, 100, True),
        (0, 100, False),  # its pulses count, not its speed
    ],
)
def test_the_pick_up_contradicts_beyond_a_quarter_and_three_tenths(speed, pickup, wrong):
    rig = led("running")
    switches = msgspec.structs.replace(rig.inputs().switches, pickup_ckmh=pickup)
    m, _ = at(rig, seen={"switches": switches}, belt={"speed_ckmh": speed})
    assert m.motion.wrong_since_s == (NOW_S if wrong else None)


def test_a_start_may_come_until_its_latency_and_two_seconds_have_passed():
    rig = led("idle")
    assert not at(rig, run_s=NOW_S - 4.0)[1].at_rest
    assert at(rig, run_s=NOW_S - 4.0 - MOMENT_S)[1].at_rest


def test_a_proof_that_is_complete_waits_for_control_alone():
    rig = led("idle")
    rig.run(1)
    rig.tick(Arm(WIDE, "c", Purpose.COMMISSIONING))
    m, out = at(rig, pulled=True, belt={"link": LinkState.READ_ONLY})
    assert (m.state, out.start_missing) == (State.PROOF, (Missing.CONTROL,))


# ------------------------------------------------------------------------------------ what is asked


def test_a_proof_begins_with_nothing_proved():
    rig = led("idle")
    rig.run(1)
    m, out = at(rig, Arm(WIDE, "s1", Purpose.SESSION), scan=True, pulled=True, consent_s=NOW_S)
    assert (m.state, m.since_s, m.pulled, m.consent_s, m.link) == (State.PROOF, NOW_S, False, None, (1, 1))
    assert not out.wish.scan


def test_without_a_belt_process_nothing_is_armed():
    m, out = at(led("idle"), Arm(WIDE, "s1", Purpose.SESSION), seen={"belt": None})
    assert m.state is State.IDLE
    assert Missing.BELT_PROCESS in out.refused[0].why


def test_a_start_needs_consent_younger_than_its_age_whatever_the_window(monkeypatch):
    monkeypatch.setattr(machine_module, "ARM_WINDOW_S", 90.0)
    rig = led("armed")
    assert at(rig, consent_s=NOW_S - CONSENT_AGE_S)[1].start_missing == ()
    _, out = at(rig, consent_s=NOW_S - CONSENT_AGE_S - MOMENT_S)
    assert (out.start_missing, out.consent_left_s) == ((Missing.CONSENT,), 0.0)


HELD = (160, 0)
"""A target that no longer counts: the belt was eased for a walker who left the deck."""


def test_a_new_target_counts_again_once_the_walker_is_back():
    rig = led("running")
    known = {"away": Away(held=HELD), "ramp": (80, NOW_S), "goal": (80, 0)}
    m, _ = at(rig, Target(120, 0), **known)
    assert (m.goal, m.ramp, m.away.held) == ((120, 0), None, None)
    m, _ = at(rig, Target(*HELD), **known)
    assert (m.goal, m.ramp, m.away.held) == ((80, 0), (80, NOW_S), HELD)


def test_a_target_that_comes_while_the_walker_is_outside_is_held_back():
    rig = led("running")
    outside = msgspec.structs.replace(rig.inputs().switches, deck=Deck.OPEN_END)
    known = {"away": Away(since_s=NOW_S - 1.0, slow_s=NOW_S - 1.0, held=HELD), "ramp": (80, NOW_S), "goal": (80, 0)}
    m, _ = at(rig, Target(120, 0), seen={"switches": outside}, **known)
    assert (m.goal, m.ramp) == ((80, 0), (80, NOW_S))
    assert m.away == Away(since_s=NOW_S - 1.0, slow_s=NOW_S - 1.0, held=(120, 0))


# ------------------------------------------------------------------------------------ reset, start, what is forgotten


def latched() -> Rig:
    rig = Rig()
    rig.run(3)
    assert (rig.state, rig.out.reset_missing) == (State.LATCHED, ())
    return rig


def test_a_reset_counts_after_half_a_second_without_one_and_not_at_it():
    rig = latched()
    m, out = at(rig, Reset(ResetBy.MEMBER), reset_s=NOW_S - RESET_GAP_S)
    assert (m.state, m.reset_s, out.refused[0].why) == (State.LATCHED, NOW_S, (Missing.RESET_HELD,))
    m, out = at(rig, Reset(ResetBy.MEMBER), reset_s=NOW_S - RESET_GAP_S - MOMENT_S)
    assert (m.state, m.reset_s, out.refused) == (State.IDLE, NOW_S, ())


def test_a_reset_forgets_whose_session_it_was_and_what_ended_it():
    known = {"cause": Cause.MEMBER_STOP, "staff": True, "alarm": True, "session": "s1", "envelope": WIDE}
    m, out = at(latched(), Reset(ResetBy.STAFF), purpose=Purpose.SESSION, **known)
    assert (m.state, m.since_s, m.cause, m.staff, m.alarm) == (State.IDLE, NOW_S, None, False, False)
    assert (m.session, m.purpose, m.envelope) == ("", None, None)
    assert (out.alarm, [event.kind for event in out.events]) == (False, ["reset"])


def test_a_start_begins_at_the_minimum_with_nothing_left_of_the_last_walk():
    rig = led("armed")
    known = {"goal": (300, 20), "ramp": (300, 1.0), "scaled": True, "ran": True, "away": Away(held=HELD)}
    m, _ = at(rig, Start(), consent_s=NOW_S, course=Course(300, 20, 1.0), started_life=None, **known)
    assert (m.state, m.since_s, m.lease, m.run_s) == (State.STARTING, NOW_S, True, NOW_S)
    assert (m.course, m.goal, m.ramp) == (Course(80, 0, NOW_S), (80, 0), None)
    assert (m.scaled, m.ran, m.away, m.started_life) == (False, False, Away(), rig.plant.life)


def test_the_first_motion_is_the_beginning_of_the_walk():
    rig = led("starting", habits=Habits(latency_s=6.0))
    m, _ = at(rig, belt={"speed_ckmh": 40}, since_s=NOW_S - 2.0)
    assert (m.state, m.since_s, m.ran, m.run_s) == (State.RUNNING, NOW_S, True, NOW_S)


def test_a_walk_that_follows_begins_with_the_first_motion_too():
    rig = led("armed", WIDE, Purpose.FOLLOW, follow_allowed=True)
    m, _ = at(rig, consent_s=NOW_S, belt={"speed_ckmh": 40}, away=Away(held=HELD))
    assert (m.state, m.since_s, m.ran, m.away, m.run_s) == (State.RUNNING, NOW_S, True, Away(), None)


# ------------------------------------------------------------------------------------ with time


def test_an_alarm_test_lasts_two_seconds_and_no_longer():
    rig = led("idle")
    assert at(rig, sound_s=NOW_S - ALARM_TEST_S)[1].alarm
    assert not at(rig, sound_s=NOW_S - ALARM_TEST_S - MOMENT_S)[1].alarm
    assert not at(led("armed"), sound_s=NOW_S, consent_s=NOW_S)[1].alarm


@pytest.mark.parametrize(("was", "renewed"), [(False, True), (True, False)])
def test_only_a_press_renews_consent(was, renewed):
    rig = led("armed")
    pressed = msgspec.structs.replace(rig.inputs().switches, amber_pressed=True)
    m, out = at(rig, seen={"switches": pressed}, amber=was, consent_s=NOW_S - 10.0)
    assert (m.amber, m.consent_s) == (True, NOW_S if renewed else NOW_S - 10.0)
    assert out.consent_left_s == (30.0 if renewed else 20.0)


def test_who_follows_has_a_minute():
    rig = led("armed", WIDE, Purpose.FOLLOW, follow_allowed=True)
    assert at(rig, consent_s=NOW_S - 10.0)[1].consent_left_s == 50.0


def test_a_proof_ages_while_it_waits_for_control():
    rig = led("idle")
    rig.run(1)
    rig.tick(Arm(WIDE, "c", Purpose.COMMISSIONING))
    waiting = {"belt": {"link": LinkState.READ_ONLY}, "pulled": True}
    m, _ = at(rig, consent_s=NOW_S - CONSENT_AGE_S, **waiting)
    assert (m.state, m.pulled, m.consent_s) == (State.PROOF, True, NOW_S - CONSENT_AGE_S)
    m, _ = at(rig, consent_s=NOW_S - CONSENT_AGE_S - MOMENT_S, **waiting)
    assert (m.state, m.pulled, m.consent_s) == (State.PROOF, False, None)
    m, _ = at(rig, consent_s=None, **waiting)
    assert m.consent_s == NOW_S
    m, _ = at(rig, consent_s=NOW_S - 10.0, pulled=True)
    assert (m.state, m.since_s, m.consent_s) == (State.ARMED, NOW_S, NOW_S - 10.0)


def test_a_clip_pulled_again_begins_the_proof_again():
    rig = proving()
    opened = msgspec.structs.replace(rig.inputs().switches, clip=Contact.OPEN)
    m, _ = at(rig, seen={"switches": opened}, pulled=False, consent_s=NOW_S - 1.0)
    assert (m.state, m.pulled, m.consent_s) == (State.PROOF, True, None)


@pytest.mark.parametrize(
    ("measured", "waited_s", "scaled"),
    [(60, 3.0, True), (100, 3.0, True), (59, 3.0, False), (101, 3.0, False), (80, 3.0 - MOMENT_S, False)],
)
def test_the_scale_is_proved_after_three_seconds_within_a_quarter(measured, waited_s, scaled):
    m, _ = at(led("running"), belt={"speed_ckmh": measured}, since_s=NOW_S - waited_s, scaled=False, motion=Motion())
    assert m.scaled is scaled


def outside(rig: Rig) -> dict:
    return {"switches": msgspec.structs.replace(rig.inputs().switches, deck=Deck.OPEN_END)}


def test_the_belt_eases_from_where_it_is_and_the_deck_rises_no_further():
    rig = led("running")
    known = {"course": Course(120, 5, 1.0), "goal": (160, 10), "away": Away(since_s=NOW_S - 0.5)}
    m, _ = at(rig, seen=outside(rig), belt={"speed_ckmh": 120}, **known)
    assert (m.ramp, m.goal, m.away.held) == ((120, NOW_S), (160, 5), (160, 10))
    m, _ = at(rig, seen=outside(rig), belt={"speed_ckmh": 120}, ramp=(160, NOW_S - 1.0), **known)
    assert (m.ramp, m.goal, m.away.held) == ((160, NOW_S - 1.0), (160, 5), (160, 10))
    known["goal"] = (160, 3)
    m, _ = at(rig, seen=outside(rig), belt={"speed_ckmh": 120}, **known)
    assert m.goal == (160, 3)


def test_once_eased_nothing_is_eased_again_until_a_target_counts():
    rig = led("running")
    known = {"ramp": (160, NOW_S - 1.0), "goal": (160, 5), "away": Away(since_s=NOW_S - 1.0, held=(150, 10))}
    m, _ = at(rig, seen=outside(rig), **known)
    assert (m.ramp, m.goal, m.away.held) == ((160, NOW_S - 1.0), (160, 5), (150, 10))


def test_a_fall_gives_the_belt_its_time_to_fall_as_well():
    rig = led("running")
    motion = Motion(fast_since_s=NOW_S - 1.0)
    known = {"course": Course(120, 0, 1.0), "motion": motion, "belt": {"speed_ckmh": 180}, "scaled": True}
    assert at(rig, goal=(120, 0), **known)[0].motion.fast_since_s == NOW_S - 1.0
    assert at(rig, goal=(100, 0), **known)[0].motion.fast_since_s is None


# ------------------------------------------------------------------------------------ to rest


def stopping(purpose: Purpose = Purpose.SESSION, why: StopWhy = StopWhy.MEMBER) -> Rig:
    """Asked to stop, and the belt reads 0.00: with the next step it is at rest."""
    rig = led("running", WIDE, purpose)
    rig.tick(Stop(why))
    assert rig.run(10, lambda: rig.machine.motion.zeros >= 2)
    assert rig.state is State.STOPPING
    return rig


AT_REST = {"motion": Motion(link=(1, 1), zeros=5, zero_since_s=NOW_S - 5.0), "run_s": NOW_S - 60.0}


def test_at_rest_the_lease_ends_and_the_moment_is_remembered():
    rig = stopping()
    m, out = at(rig, since_s=NOW_S - 5.0, stop_s=NOW_S - 5.0, **AT_REST)
    assert (m.state, m.since_s, m.lease, m.run_s, m.stop_s, m.rest_s) == (
        State.LATCHED,
        NOW_S,
        False,
        None,
        None,
        NOW_S,
    )
    assert [event.kind for event in out.events] == ["rest"]


@pytest.mark.parametrize("epoch", [-1, 1])
def test_rest_is_believed_only_under_a_belt_process_that_acts_on_this_very_stop(epoch):
    rig = stopping()
    m, _ = at(rig, belt={"wish_epoch": rig.machine.epoch + epoch}, stop_s=NOW_S - 5.0, **AT_REST)
    assert (m.state, m.lease) == (State.STOPPING, True)


def test_a_lease_of_a_latched_guard_ends_without_a_new_latch():
    rig = stopping()
    m, _ = at(rig, state=State.LATCHED, since_s=NOW_S - 5.0, stop_s=NOW_S - 5.0, **AT_REST)
    assert (m.state, m.since_s, m.lease) == (State.LATCHED, NOW_S - 5.0, False)


def test_past_its_budget_a_soft_stop_turns_hard_and_only_staff_may_reset():
    rig = led("running")
    rig.tick(Stop(StopWhy.MEMBER))
    late = {"stop_s": NOW_S - 10.0, "since_s": NOW_S - 10.0, "belt": {"speed_ckmh": 80}}
    m, out = at(rig, ramp=(200, NOW_S), course=Course(200, 0, 1.0), **late)
    assert (m.alarm, m.staff, m.ramp, m.cause) == (True, True, None, Cause.STOP_NOT_CONFIRMED)
    assert (out.alarm, out.permit, out.wish.mode) == (True, False, WishMode.STOP)
    m, _ = at(rig, cause=Cause.CLIP, **late)
    assert (m.alarm, m.staff, m.cause) == (True, True, Cause.CLIP)


def test_a_link_test_that_finds_its_treadmill_again_takes_it_by_its_new_link():
    rig = led("running", WIDE, Purpose.COMMISSIONING)
    rig.tick(Stop(StopWhy.LINK_TEST))
    assert rig.machine.stop_by is StopBy.UNLINK
    again = {"generation": 7, "link": LinkState.READY, "speed_ckmh": 80}
    m, out = at(rig, belt=again, stop_s=NOW_S - STOP_TEST_S)
    assert (m.cause, m.link, out.wish.stop_by) == (Cause.STOP_TEST, (1, 7), StopBy.UNLINK)
    m, out = at(rig, belt=again | {"generation": 1}, stop_s=NOW_S - STOP_TEST_S - MOMENT_S)
    assert (m.cause, out.wish.stop_by) == (Cause.STOP_TEST, StopBy.LADDER)
    m, _ = at(rig, belt=again, stop_s=NOW_S - STOP_TEST_S - MOMENT_S)
    assert m.cause is Cause.LINK_LOST
    m, _ = at(rig, belt=again | {"link": LinkState.CONNECTING}, stop_s=NOW_S)
    assert m.link == (1, 1)


# ------------------------------------------------------------------------------------ for the record


def test_events_are_counted_on_and_tell_time_speed_and_the_trouble_of_the_belt_process():
    rig = led("running")
    rig.open("clip")
    m, out = at(rig, events=7, belt={"trouble": "it does not answer", "speed_ckmh": 80})
    assert m.events == 8
    assert out.events == (SafetyEvent(8, NOW_S, "trip", Cause.CLIP, State.STOPPING, 80, "it does not answer"),)
    _, out = at(rig, events=7, seen={"belt": None})
    assert (out.events[0].detail, out.events[0].speed_ckmh) == ("", None)


def test_a_cap_may_be_lowered_to_what_it_is_and_below_the_minimum_it_stops():
    rig = led("running", WIDE)
    m, out = at(rig, LowerCap(WIDE.cap_ckmh))
    assert (m.state, out.refused) == (State.RUNNING, ())
    m, out = at(rig, LowerCap(80))
    assert (m.state, m.envelope, out.limits.cap_ckmh) == (State.RUNNING, Envelope(80, 50), 80)
    m, _ = at(rig, LowerCap(79))
    assert (m.state, m.cause, m.stop_s) == (State.STOPPING, Cause.STAFF_STOP, NOW_S)


def test_a_refused_reset_names_everything_that_is_missing():
    rig = latched()
    opened = {"switches": msgspec.structs.replace(rig.inputs().switches, clip=Contact.OPEN)}
    _, out = at(rig, Reset(ResetBy.MEMBER), seen=opened, staff=True, reset_s=NOW_S)
    assert out.refused[0].why == (Missing.CLIP_OPEN, Missing.STAFF, Missing.RESET_HELD)
    _, out = at(rig, Reset(ResetBy.MEMBER), seen=opened, state=State.STOPPING, lease=True)
    assert out.refused[0].why == (Missing.CLIP_OPEN, Missing.BELT_MOVING)


def test_a_stop_that_has_just_come_to_rest_is_not_reset_in_the_same_step():
    m, out = at(latched(), Reset(ResetBy.STAFF), state=State.STOPPING, stop_s=NOW_S)
    assert (m.state, out.refused[0].why) == (State.STOPPING, (Missing.BELT_MOVING,))


@pytest.mark.parametrize("state", ["armed", "starting", "running"])
def test_who_is_armed_is_not_armed_again(state):
    m, out = at(led(state), Arm(WIDE, "s2", Purpose.SESSION), consent_s=NOW_S, since_s=NOW_S)
    assert (m.state, m.session, out.refused[0].why) == (State(state), "s1", (Missing.ALREADY_ARMED,))
    assert out.arm_missing == (Missing.ALREADY_ARMED,)


def test_what_staff_open_and_close_is_seen_by_the_check():
    rig = led("idle")
    rig.open("clip")
    m, _ = at(rig, check=opening.begun())
    assert m.check.opened == (Proof.CLIP,)


def test_a_ramp_takes_a_third_of_a_km_h_each_second_whatever_the_goal_is():
    known = {"course": Course(200, 0, 1.0), "goal": (400, 0), "scaled": True}
    m, out = at(led("running"), ramp=(200, NOW_S - 1.0), **known)
    assert (m.course.speed_ckmh, out.wish.speed_ckmh) == (170, 170)


# ------------------------------------------------------------------------------------ what goes out


def test_a_soft_stop_goes_on_running_down_its_ramp_and_a_ramp_alone_runs_nothing():
    rig = led("running")
    m, out = at(rig, Stop(StopWhy.MEMBER), course=Course(200, 20, 1.0))
    assert (m.state, m.ramp, out.wish.mode) == (State.STOPPING, (200, NOW_S), WishMode.RUN)
    assert (out.wish.speed_ckmh, out.wish.incline_dpct, out.permit, out.alarm) == (200, 0, True, False)
    _, out = at(latched(), ramp=(200, NOW_S))
    assert (out.wish.mode, out.wish.speed_ckmh) == (WishMode.HOLD, 0)


def test_each_run_and_each_stop_has_an_epoch_of_its_own_and_rest_has_none():
    rig = led("armed")
    epoch = rig.machine.epoch
    m, out = at(rig, Start(), consent_s=NOW_S)
    assert (m.epoch, out.wish.epoch, out.wish.mode) == (epoch + 1, epoch + 1, WishMode.RUN)
    rig = led("running")
    assert at(rig)[0].epoch == rig.machine.epoch
    rig.open("red")
    m, out = at(rig)
    assert (m.epoch, out.wish.epoch, out.wish.mode) == (rig.machine.epoch + 1, rig.machine.epoch + 1, WishMode.STOP)
    rig = stopping()
    m, out = at(rig, stop_s=NOW_S - 5.0, **AT_REST)
    assert (m.epoch, m.mode, out.wish.mode) == (rig.machine.epoch, WishMode.HOLD, WishMode.HOLD)


def test_the_wish_carries_the_course_while_it_runs_and_nothing_else_ever():
    rig = led("running")
    known = {"course": Course(80, 20, 1.0), "goal": (80, 20)}
    wish = at(rig, **known)[1].wish
    assert (wish.speed_ckmh, wish.incline_dpct) == (80, 20)
    rig.open("red")
    wish = at(rig, **known)[1].wish
    assert (wish.speed_ckmh, wish.incline_dpct) == (0, 0)


def test_what_is_measured_is_told_and_consent_only_while_armed():
    _, out = at(led("running"), belt={"speed_ckmh": 77}, consent_s=NOW_S)
    assert (out.measured_ckmh, out.consent_left_s, out.in_use_by_other) == (77, None, False)


def test_a_check_is_finished_by_its_last_proof():
    rig = led("idle")
    assert rig.rules.alarm
    m, out = at(rig, check=opening.Check(under_way=True, proved=tuple(Proof)))
    assert m.check == opening.Check(address=ADDRESS, done_s=NOW_S)
    assert out.opening.valid_left_s == OPENING_VALID_S
    silent = tuple(proof for proof in Proof if proof is not Proof.ALARM)
    m, out = at(rig, check=opening.Check(under_way=True, proved=silent))
    assert (m.check.under_way, out.opening.missing) == (True, (Proof.ALARM,))


@pytest.mark.parametrize(("can_speed", "follow"), [(True, False), (False, True)])
def test_where_only_the_console_sets_the_speed_the_walk_follows(can_speed, follow):
    rig = led("idle", follow_allowed=True)
    facts = msgspec.structs.replace(rig.plant.facts, can_speed=can_speed)
    _, out = at(rig, belt={"facts": facts})
    assert (out.follow, out.wish.control) == (follow, not follow)


FOLLOWS = {"purpose": Purpose.FOLLOW}


def test_a_moving_belt_is_somebody_elses_unless_it_is_ours_or_followed():
    rig = latched()
    moving = {"speed_ckmh": 50}
    assert not at(rig)[1].in_use_by_other
    assert at(rig, belt=moving)[1].in_use_by_other
    assert at(rig, belt=moving, **FOLLOWS)[1].in_use_by_other
    assert not at(rig, belt=moving, lease=True, stop_s=NOW_S)[1].in_use_by_other
    assert not at(rig, belt=moving, state=State.RUNNING, link=(1, 1), cause=None, **FOLLOWS)[1].in_use_by_other


def test_a_hard_stop_sounds_the_alarm_at_once_only_where_nothing_else_can_stop_the_belt():
    rig = led("running")
    rig.open("red")
    assert not at(rig)[1].alarm
    m, out = at(rig, **FOLLOWS)
    assert (m.state, out.alarm, out.permit, out.lease) == (State.STOPPING, True, False, False)


def kinds(m_and_out) -> list[str]:
    return [event.kind for event in m_and_out[1].events]


def test_every_change_is_an_event_of_its_own_kind_and_once():
    rig = led("idle")
    rig.run(1)
    assert kinds(at(rig)) == []
    assert kinds(at(rig, Arm(WIDE, "s1", Purpose.SESSION))) == ["arm"]
    rig = led("armed")
    assert kinds(at(rig, consent_s=NOW_S)) == []
    assert kinds(at(rig, Start(), consent_s=NOW_S)) == ["start"]
    rig = led("running")
    assert kinds(at(rig)) == []
    assert kinds(at(rig, Stop(StopWhy.MEMBER))) == ["stop"]
    rig.open("clip")
    assert kinds(at(rig)) == ["trip"]
    assert kinds(at(rig, state=State.STOPPING, cause=Cause.CLIP, stop_s=NOW_S, lease=True)) == []
    late = {"state": State.STOPPING, "cause": Cause.CLIP, "stop_s": NOW_S - 60.0, "lease": True}
    assert kinds(at(rig, belt={"speed_ckmh": 80}, **late)) == ["escalation"]
    assert kinds(at(rig, belt={"speed_ckmh": 80}, alarm=True, **late)) == []


def test_a_guard_that_was_started_anew_beside_a_moving_belt_says_so_once():
    rig = latched()
    moving = {"cause": Cause.RESTART_MOVING, "lease": True, "stop_s": NOW_S, "run_s": NOW_S}
    assert kinds(at(rig, tick_s=None, **moving)) == ["trip"]
    assert kinds(at(rig, **moving)) == []
    assert kinds(at(rig, tick_s=None)) == []


def test_a_latched_belt_that_moves_again_is_another_stop_for_the_record():
    rig = latched()
    told = at(rig, belt={"speed_ckmh": 50}, cause=Cause.CLIP, rest_s=NOW_S - 1.0)
    assert (told[0].state, told[0].cause, told[0].staff, kinds(told)) == (State.STOPPING, Cause.CLIP, True, ["trip"])


# ------------------------------------------------------------------------------------ which cause does what


@pytest.mark.parametrize("purpose", [Purpose.OPENING_CHECK, Purpose.COMMISSIONING])
def test_an_empty_belt_is_stopped_from_the_speed_it_has(purpose):
    m, out = at(led("running"), Stop(StopWhy.STAFF), purpose=purpose, course=Course(200, 0, 1.0))
    assert (m.state, m.ramp, out.wish.mode) == (State.STOPPING, None, WishMode.STOP)


def test_a_broken_wire_calls_for_staff_though_another_cause_came_first():
    rig = led("running")
    broken = {"switches": msgspec.structs.replace(rig.inputs().switches, fault="x")}
    m, _ = at(rig, seen=broken, state=State.STOPPING, cause=Cause.CLIP, lease=True, stop_s=NOW_S)
    assert (m.cause, m.staff) == (Cause.CLIP, True)


@pytest.mark.parametrize(
    ("cause", "proves"),
    [
        (Cause.MEMBER_STOP, True),
        (Cause.PLAN_DONE, True),
        (Cause.STAFF_STOP, True),
        (Cause.SCREEN_FROZEN, False),
        (Cause.CLIP, False),
    ],
)
def test_the_brake_is_proved_by_a_stop_that_was_asked_for(cause, proves):
    known = {"cause": cause, "purpose": Purpose.OPENING_CHECK, "check": opening.begun(), "stop_s": NOW_S - 5.0}
    m, _ = at(stopping(), **known, **AT_REST)
    assert (m.state, m.check.proved) == (State.LATCHED, (Proof.BRAKE,) if proves else ())
