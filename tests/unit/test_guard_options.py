"""The options of the wiring: a walker who leaves the safe stretch of deck; a pick-up for the speed of the belt."""

from __future__ import annotations

import pytest

from hardware.constants import OFF_DECK_S, OFF_DECK_SLOW_S, OFF_DECK_STOP_S, PICKUP_S
from hardware.link.messages import (
    Cause,
    Deck,
    Envelope,
    Missing,
    Reset,
    ResetBy,
    State,
    StatusEvent,
    Stop,
    StopWhy,
    Target,
    WishMode,
)
from tests.support.plant import Habits, Rig

WIDE = Envelope(400, 50)
OUTSIDE = (Deck.OPEN_END, Deck.MOTOR_END)


def walking(speed: int = 200, habits: Habits | None = None, *, pickup: float | None = None, deck=Deck.SAFE) -> Rig:
    rig = Rig(habits)
    rig.deck, rig.pickup = deck, pickup
    assert rig.to_running(WIDE), rig.machine
    rig.tick(Target(speed, 0))
    assert rig.run(90, lambda: rig.out.wish.speed_ckmh >= speed)
    rig.run(3)
    assert rig.state is State.RUNNING
    return rig


# ------------------------------------------------------------------------------------ the deck


@pytest.mark.parametrize("where", OUTSIDE)
def test_a_stride_outside_changes_nothing_and_a_longer_stay_eases_the_belt(where):
    rig = walking()
    rig.deck = where
    rig.run(OFF_DECK_S - 0.04)
    rig.deck = Deck.SAFE
    rig.run(1)
    assert rig.out.wish.speed_ckmh == 200
    rig.deck = where
    rig.run(OFF_DECK_S + 1.0)
    assert rig.out.wish.speed_ckmh == pytest.approx(200 - 32, abs=11)
    assert rig.state is State.RUNNING


def test_back_inside_the_belt_does_not_rise_until_a_new_target_comes():
    rig = walking()
    rig.deck = Deck.OPEN_END
    rig.run(2)
    rig.tick(Target(240, 0))  # not while outside
    rig.deck = Deck.SAFE
    rig.run(8)
    assert rig.out.wish.speed_ckmh == 80
    for _ in range(200):
        rig.tick(Target(240, 0))  # the same again is no new one
    assert rig.out.wish.speed_ckmh == 80
    rig.tick(Target(160, 0))
    rig.run(12)
    assert rig.out.wish.speed_ckmh == 160


def test_still_outside_three_seconds_after_the_minimum_is_reached_the_belt_stops_softly():
    rig = walking(100)
    rig.deck = Deck.MOTOR_END
    rig.run(OFF_DECK_S + 0.7 + OFF_DECK_SLOW_S - 0.2)
    assert rig.state is State.RUNNING
    rig.run(0.6)
    assert (rig.state, rig.machine.cause) == (State.STOPPING, Cause.OFF_DECK)
    assert rig.out.permit
    rig.run(10, lambda: rig.state is State.LATCHED)
    rig.run(1)
    rig.tick(Reset(ResetBy.MEMBER))
    assert rig.state is State.IDLE


def test_six_seconds_outside_stop_the_belt_wherever_its_ramp_has_come():
    rig = walking(360)
    rig.deck = Deck.OPEN_END
    rig.run(OFF_DECK_STOP_S - 0.04)
    assert rig.state is State.RUNNING
    speed = rig.out.wish.speed_ckmh
    rig.run(0.1)
    assert rig.machine.cause is Cause.OFF_DECK
    assert rig.out.wish.mode is WishMode.RUN  # softly: on down the ramp
    assert 80 < rig.out.wish.speed_ckmh <= speed


def test_going_in_and_out_counts_anew_each_time():
    rig = walking(80)
    for _ in range(5):
        rig.deck = Deck.OPEN_END
        rig.run(OFF_DECK_SLOW_S - 0.2)
        rig.deck = Deck.SAFE
        rig.run(0.2)
    assert rig.state is State.RUNNING


def test_outside_again_after_a_new_target_eases_again():
    rig = walking()
    rig.deck = Deck.OPEN_END
    rig.run(3)
    rig.deck = Deck.SAFE
    rig.run(5)
    rig.tick(Target(150, 0))
    rig.run(10)
    assert rig.out.wish.speed_ckmh == 150
    rig.deck = Deck.OPEN_END
    rig.run(4)
    assert rig.out.wish.speed_ckmh == 80


def test_a_deck_that_eases_the_belt_does_not_let_the_incline_rise():
    rig = walking(80)
    rig.tick(Target(80, 50))
    rig.run(2)
    rig.deck = Deck.OPEN_END
    rig.run(0.5)
    flat = rig.out.wish.incline_dpct
    rig.run(2)
    assert rig.out.wish.incline_dpct == flat


def test_outside_before_the_belt_runs_matters_to_nobody():
    rig = Rig()
    rig.deck = Deck.MOTOR_END
    assert rig.to_starting(WIDE)
    rig.run(0.5)
    assert rig.state is State.STARTING


# ------------------------------------------------------------------------------------ the pick-up


def test_a_pick_up_that_agrees_disturbs_no_walk_from_start_to_stop():
    rig = walking(pickup=1.0)
    rig.run(10)
    assert rig.state is State.RUNNING
    rig.tick(Stop(StopWhy.MEMBER))
    rig.run(20, lambda: rig.state is State.LATCHED)
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.MEMBER_STOP)
    rig.run(2)
    rig.tick(Reset(ResetBy.MEMBER))
    rig.run(3)
    assert rig.out.arm_missing == ()


@pytest.mark.parametrize(("factor", "trips"), [(1.2, False), (1.3, True), (0.8, False), (0.7, True), (0.0, True)])
def test_more_than_a_quarter_off_for_three_seconds_is_a_hard_trip(factor, trips):
    rig = walking(pickup=1.0)
    rig.pickup = factor
    rig.run(PICKUP_S - 0.1)
    assert rig.state is State.RUNNING
    rig.run(0.2)
    assert (rig.machine.cause is Cause.PICKUP) is trips
    assert rig.out.permit is not trips


def test_a_quarter_of_little_is_no_contradiction():
    rig = walking(80, pickup=1.0)
    rig.pickup = 1.36  # 0.29 km/h
    rig.run(6)
    assert rig.state is State.RUNNING
    rig.pickup = 1.4
    rig.run(6)
    assert rig.machine.cause is Cause.PICKUP


def test_a_contradiction_that_passes_counts_anew():
    rig = walking(pickup=1.0)
    for _ in range(4):
        rig.pickup = 1.5
        rig.run(PICKUP_S - 0.2)
        rig.pickup = 1.0
        rig.run(0.1)
    assert rig.state is State.RUNNING


def test_a_pick_up_that_contradicts_needs_staff():
    rig = walking(pickup=1.0)
    rig.pickup = 2.0
    rig.run(4)
    assert rig.machine.cause is Cause.PICKUP
    rig.pickup = 1.0
    rig.run(12)
    rig.tick(Reset(ResetBy.MEMBER))
    assert rig.state is State.LATCHED
    rig.run(1)
    rig.tick(Reset(ResetBy.STAFF))
    assert rig.state is State.IDLE


def pulse(rig: Rig, seconds: float, every_s: float = 0.5) -> None:
    """The pick-up pulses, whatever the treadmill says."""
    for n in range(round(seconds / 0.02)):
        if n % round(every_s / 0.02) == 0:
            rig.belt_mm += 200
        rig.tick()


def test_a_belt_that_reads_zero_but_pulses_is_not_at_rest():
    rig = Rig()
    rig.pickup = 0.0
    assert rig.to_idle()
    rig.run(3)
    assert rig.out.arm_missing == ()
    pulse(rig, 0.1)
    assert not rig.out.at_rest
    assert rig.out.arm_missing == (Missing.BELT_MOVING,)
    rig.run(0.85)
    assert not rig.out.at_rest
    rig.run(0.1)
    assert rig.out.at_rest


def test_pulses_of_an_armed_belt_that_reads_zero_are_a_hard_trip_after_three_seconds():
    rig = Rig()
    rig.pickup = 0.0
    assert rig.to_armed(WIDE)
    pulse(rig, PICKUP_S - 0.1)
    assert rig.state is State.ARMED
    pulse(rig, 0.3)
    assert rig.machine.cause is Cause.PICKUP
    assert not rig.out.permit


def test_one_pulse_while_it_stands_is_no_trip():
    rig = Rig()
    rig.pickup = 0.0
    assert rig.to_armed(WIDE)
    rig.belt_mm += 200
    rig.run(8)
    assert rig.state is State.ARMED


def test_a_belt_that_reads_zero_and_pulses_on_is_no_stop():
    rig = walking(pickup=1.0)
    rig.tick(Stop(StopWhy.STAFF))
    rig.run(12, lambda: rig.plant.speed == 0)
    pulse(rig, 12)
    assert rig.state is State.STOPPING
    assert rig.out.alarm
    assert not rig.out.permit


def test_a_guard_that_starts_has_heard_no_pulse_yet():
    rig = Rig(lease=True)
    rig.pickup = 0.0
    rig.belt_mm = 20_000
    rig.run(9.5)
    assert not rig.machine.lease


# ------------------------------------------------------------------------------------ two things at once


def test_a_belt_stopped_at_its_console_is_not_driven_down_a_ramp_because_the_screen_froze_as_well():
    rig = walking()
    rig.screen = False
    rig.run(0.6, lambda: rig.now - rig.drawn_at > 0.49)
    assert rig.state is State.RUNNING
    rig.plant.report(StatusEvent.STOPPED_BY_USER)
    rig.tick()
    rig.tick()
    assert rig.machine.cause is Cause.BELT_STOPPED_ITSELF
    assert rig.out.wish.mode is WishMode.STOP
