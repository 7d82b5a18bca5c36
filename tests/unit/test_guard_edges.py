"""The guard's machine at its very edges: single steps, at times that binary fractions hold exactly."""

from __future__ import annotations

import msgspec
import pytest

from hardware.constants import ARM_WINDOW_S, CONSENT_AGE_S, FOLLOW_CONSENT_S, PROOF_WINDOW_S
from hardware.guard import machine as machine_module
from hardware.guard.deck import Away
from hardware.guard.evidence import lasting, recent
from hardware.guard.machine import _stopped, step
from hardware.guard.memory import Motion
from hardware.link.messages import (
    Arm,
    Cause,
    Deck,
    Envelope,
    LinkState,
    Missing,
    Purpose,
    State,
    Stop,
    StopBy,
    StopWhy,
    Target,
    WishMode,
)
from tests.support.plant import TICK, Habits, Rig, plant_rules, typed

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
    assert at(rig, consent_s=NOW_S - CONSENT_AGE_S - MOMENT_S)[1].start_missing == (Missing.CONSENT,)


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
