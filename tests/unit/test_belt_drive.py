from dataclasses import replace

import pytest

from hardware.belt import drive
from hardware.belt.drive import Drive, Order, View
from hardware.belt.ftms.codec import START
from hardware.belt.ftms.facts import Grid, Machine
from hardware.belt.treadmill import Motion, Outcome, Report
from hardware.config.profiles import Quirks
from hardware.constants import ANSWER_S, RISE_SPACING_S

MACHINE = Machine(Grid(80, 500, 10), Grid(0, 50, 5), Quirks())
REST = View(Motion.REST, 0, 0, ready=True, lease=True)
MOVING = View(Motion.MOVING, 100, 0, ready=True, lease=True)


def speed(value):
    return b"\x02" + value.to_bytes(2, "little")


def incline(value):
    return b"\x03" + value.to_bytes(2, "little")


def report(outcome, op, result=None):
    return Report(outcome, bytes((op,)), 0.0, result)


def started(epoch=1, **more):
    return Drive(epoch=epoch, **more)


def test_one_start_in_an_epoch_and_no_second():
    state, payload = drive.run(Drive(), 10.0, Order(1, 80, 0), MACHINE, REST)
    assert payload == START
    for n in range(1, 500):
        state, payload = drive.run(state, 10.0 + n * 0.02, Order(1, 80, 0), MACHINE, REST)
        assert payload == b""


def test_a_new_epoch_may_start_again():
    _, payload = drive.run(started(1), 10.0, Order(2, 80, 0), MACHINE, REST)
    assert payload == START


@pytest.mark.parametrize("motion", [Motion.UNKNOWN, Motion.MOVING, Motion.STARTING, Motion.ZERO])
def test_no_start_unless_measured_at_rest(motion):
    assert drive.run(Drive(), 10.0, Order(1, 80, 0), MACHINE, replace(REST, motion=motion))[1] == b""


@pytest.mark.parametrize("missing", [{"ready": False}, {"lease": False}])
def test_nothing_without_control_or_lease(missing):
    assert drive.run(Drive(), 10.0, Order(1, 80, 0), MACHINE, replace(REST, **missing))[1] == b""
    assert drive.run(started(), 10.0, Order(1, 80, 0), MACHINE, replace(MOVING, **missing))[1] == b""


@pytest.mark.parametrize("ready", [False, True])
def test_a_belt_that_a_hand_started_first_in_this_epoch_is_not_started_when_the_hand_has_stopped_it(ready):
    state, payload = drive.run(Drive(), 10.0, Order(1, 80, 0), MACHINE, replace(MOVING, ready=ready))
    assert payload == b""
    state, payload = drive.run(state, 12.0, Order(1, 80, 0), MACHINE, REST)
    assert payload == b""
    assert drive.run(state, 20.0, Order(2, 80, 0), MACHINE, REST)[1] == START


def test_a_moving_belt_that_was_not_started_in_this_epoch_is_given_no_target():
    assert drive.run(started(1), 10.0, Order(2, 150, 0), MACHINE, MOVING)[1] == b""


def test_no_speed_during_spin_up_as_it_drops_the_link_of_some():
    assert drive.run(started(), 10.0, Order(1, 80, 0), MACHINE, replace(MOVING, motion=Motion.STARTING))[1] == b""


def test_a_machine_that_takes_a_speed_before_it_moves_gets_it():
    eager = replace(MACHINE, quirks=Quirks(no_speed_while_starting=False))
    view = replace(REST, motion=Motion.STARTING)
    assert drive.run(started(), 10.0, Order(1, 80, 0), eager, view)[1] == speed(80)


def test_a_machine_that_starts_by_speed_never_gets_07():
    by_speed = replace(MACHINE, quirks=Quirks(start_before_speed=False))
    state, payload = drive.run(Drive(), 10.0, Order(1, 80, 0), by_speed, REST)
    assert payload == speed(80)
    assert state.epoch == 1
    assert drive.run(state, 11.0, Order(1, 80, 0), by_speed, REST)[1] == b""


@pytest.mark.parametrize(("wish", "written"), [(150, 150), (159, 150), (96, 90), (500, 500), (900, 500)])
def test_a_speed_is_rounded_to_the_slower_step_of_the_machine(wish, written):
    view = replace(MOVING, speed_wire=0)
    assert drive.run(started(), 10.0, Order(1, wish, 0), MACHINE, view)[1] == speed(written)


def test_below_the_machines_minimum_it_only_ever_slows_down_to_it():
    assert drive.run(started(), 10.0, Order(1, 50, 0), MACHINE, MOVING)[1] == speed(80)
    assert drive.run(started(), 10.0, Order(1, 50, 0), MACHINE, replace(MOVING, speed_wire=60))[1] == b""


def test_what_was_commanded_is_not_written_again():
    assert drive.run(started(speed_wire=150), 10.0, Order(1, 150, 0), MACHINE, MOVING)[1] == b""


def test_targets_keep_the_machines_interval_and_only_the_newest_is_written():
    state, payload = drive.run(started(), 10.0, Order(1, 100, 0), MACHINE, MOVING)
    assert payload == speed(100)
    state = drive.fold(state, [report(Outcome.ANSWERED, 2, 1)], 10.05)
    assert drive.run(state, 10.1, Order(1, 110, 0), MACHINE, MOVING)[1] == b""
    assert drive.run(state, 10.25, Order(1, 130, 0), MACHINE, MOVING)[1] == speed(130)


def test_a_raise_waits_for_the_answer_to_the_one_before_and_a_lowering_does_not():
    state, _ = drive.run(started(), 10.0, Order(1, 100, 0), MACHINE, replace(MOVING, speed_wire=80))
    assert drive.run(state, 10.5, Order(1, 130, 0), MACHINE, MOVING)[1] == b""
    assert drive.run(state, 10.5, Order(1, 90, 0), MACHINE, MOVING)[1] == speed(90)


def test_a_raise_that_was_not_answered_is_not_repeated():
    state, _ = drive.run(started(), 10.0, Order(1, 150, 0), MACHINE, MOVING)
    state = drive.fold(state, [], 10.1 + ANSWER_S)
    assert drive.run(state, 10.1 + ANSWER_S, Order(1, 150, 0), MACHINE, MOVING)[1] == b""


def test_a_lowering_that_was_not_answered_is_repeated():
    fast = replace(MOVING, speed_wire=200)
    state, _ = drive.run(started(speed_wire=200), 10.0, Order(1, 100, 0), MACHINE, fast)
    state = drive.fold(state, [], 10.1 + ANSWER_S)
    assert drive.run(state, 10.1 + ANSWER_S, Order(1, 100, 0), MACHINE, fast)[1] == speed(100)


@pytest.mark.parametrize("outcome", [Outcome.TURNED_AWAY, Outcome.FAILED])
def test_a_target_that_was_certainly_not_taken_is_written_again(outcome):
    state, _ = drive.run(started(speed_wire=100), 10.0, Order(1, 150, 0), MACHINE, MOVING)
    state = drive.fold(state, [report(outcome, 2)], 10.1)
    assert state.speed_wire == 100
    assert drive.run(state, 10.3, Order(1, 150, 0), MACHINE, MOVING)[1] == speed(150)


@pytest.mark.parametrize(("payload", "again"), [(speed(100), speed(100)), (speed(150), b"")])
def test_a_lowering_thrown_away_is_written_again_though_the_late_answer_to_the_raise_before_it_came_first(
    payload, again
):
    """Until its indication is confirmed a machine answers the next write 0xFE, and the indication is heard first."""
    fast = replace(MOVING, speed_wire=150)
    state, _ = drive.run(started(speed_wire=100), 10.0, Order(1, 150, 0), MACHINE, MOVING)
    state, written = drive.run(state, 10.3, Order(1, 100, 0), MACHINE, fast)
    assert written == speed(100)
    late = [report(Outcome.ANSWERED, 2, 1), Report(Outcome.TURNED_AWAY, payload, 10.35, att=0xFE)]
    state = drive.fold(state, late, 10.35)
    assert drive.run(state, 10.6, Order(1, 100, 0), MACHINE, fast)[1] == again


@pytest.mark.parametrize(("answers", "again"), [((4,), speed(100)), ((4, 1), b""), ((1, 4), b""), ((4, 4), b"")])
def test_a_late_refusal_of_a_raise_is_not_taken_for_the_lowering_written_over_it(answers, again):
    """Both answers carry the op code alone. Where the second never comes the lowering is written once more."""
    fast = replace(MOVING, speed_wire=120)
    state, _ = drive.run(started(speed_wire=120), 10.0, Order(1, 150, 0), MACHINE, MOVING)
    state, written = drive.run(state, 10.3, Order(1, 100, 0), MACHINE, fast)
    assert written == speed(100)
    state = drive.fold(state, [report(Outcome.ANSWERED, 2, result) for result in answers], 10.4)
    assert drive.run(state, 10.5, Order(1, 100, 0), MACHINE, fast)[1] == b""
    state = drive.fold(state, [], 10.4 + ANSWER_S)
    assert drive.run(state, 10.5 + ANSWER_S, Order(1, 100, 0), MACHINE, fast)[1] == again


@pytest.mark.parametrize("outcome", [Outcome.TIMED_OUT, Outcome.TURNED_AWAY, Outcome.FAILED])
def test_what_became_of_a_raise_says_nothing_of_the_lowering_written_over_it(outcome):
    state, _ = drive.run(started(speed_wire=120), 10.0, Order(1, 150, 0), MACHINE, MOVING)
    state, _ = drive.run(state, 10.3, Order(1, 100, 0), MACHINE, MOVING)
    state = drive.fold(state, [Report(outcome, speed(150), 10.4), report(Outcome.ANSWERED, 2, 1)], 10.4)
    assert state.pending is None
    assert state.speed_wire == 100
    assert drive.run(state, 13.0, Order(1, 100, 0), MACHINE, MOVING)[1] == b""


def test_a_raise_that_timed_out_may_still_arrive_and_is_not_repeated():
    state, _ = drive.run(started(speed_wire=100), 10.0, Order(1, 150, 0), MACHINE, MOVING)
    state = drive.fold(state, [report(Outcome.TIMED_OUT, 2)], 11.0)
    assert drive.run(state, 11.0, Order(1, 150, 0), MACHINE, MOVING)[1] == b""


def test_a_lowering_that_timed_out_is_repeated():
    fast = replace(MOVING, speed_wire=200)
    state, _ = drive.run(started(speed_wire=200), 10.0, Order(1, 100, 0), MACHINE, fast)
    state = drive.fold(state, [report(Outcome.TIMED_OUT, 2)], 11.0)
    assert drive.run(state, 11.0, Order(1, 100, 0), MACHINE, fast)[1] == speed(100)


def test_a_value_the_machine_refused_is_not_asked_for_again_but_another_is():
    state, _ = drive.run(started(speed_wire=100), 10.0, Order(1, 150, 0), MACHINE, MOVING)
    state = drive.fold(state, [report(Outcome.ANSWERED, 2, 3)], 10.1)
    assert drive.run(state, 11.0, Order(1, 150, 0), MACHINE, MOVING)[1] == b""
    assert drive.run(state, 11.0, Order(1, 140, 0), MACHINE, MOVING)[1] == speed(140)


def test_answers_to_other_commands_are_not_taken_for_the_targets():
    state, _ = drive.run(started(), 10.0, Order(1, 150, 0), MACHINE, MOVING)
    assert drive.fold(state, [report(Outcome.ANSWERED, 7, 1)], 10.1).pending is not None


def test_speed_and_incline_are_never_raised_in_one_step():
    state = started(speed_wire=100)
    order = Order(1, 130, 10)
    raised = []
    for n in range(500):
        now = 10.0 + n * 0.02
        state, payload = drive.run(state, now, order, MACHINE, MOVING)
        if payload:
            raised.append((now, payload))
            state = drive.fold(state, [report(Outcome.ANSWERED, payload[0], 1)], now)
    assert [payload for _, payload in raised] == [speed(130), incline(10)]
    assert raised[1][0] - raised[0][0] >= RISE_SPACING_S


def test_slowing_down_comes_before_anything_with_the_deck():
    state = started(speed_wire=150, incline_dpct=0)
    _, payload = drive.run(state, 10.0, Order(1, 100, 20), MACHINE, replace(MOVING, speed_wire=150))
    assert payload == speed(100)


def test_the_deck_is_lowered_before_the_speed_is_raised():
    state = started(speed_wire=100, incline_dpct=20)
    assert drive.run(state, 10.0, Order(1, 150, 0), MACHINE, MOVING)[1] == incline(0)


@pytest.mark.parametrize(("wish", "written"), [(12, 10), (50, 50), (80, 50)])
def test_an_incline_is_rounded_down_and_kept_below_the_steepest(wish, written):
    assert drive.run(started(speed_wire=100), 10.0, Order(1, 100, wish), MACHINE, MOVING)[1] == incline(written)


def test_a_machine_without_a_motor_under_the_deck_is_never_asked():
    flat = replace(MACHINE, incline=None)
    assert drive.run(started(speed_wire=100), 10.0, Order(1, 100, 20), flat, MOVING)[1] == b""
    assert drive.flatten(started(incline_dpct=20), 10.0, flat, REST, ours=True)[1] == b""


def test_a_machine_that_takes_no_speed_is_never_given_one():
    fixed = replace(MACHINE, speed=None)
    assert drive.run(started(), 10.0, Order(1, 150, 0), fixed, MOVING)[1] == b""


def test_the_deck_goes_back_to_flat_at_rest_three_tries_at_most():
    tilted = replace(REST, incline_dpct=20)
    state, now, tries = started(incline_dpct=20), 10.0, 0
    for _ in range(3000):
        now += 0.02
        state, payload = drive.flatten(state, now, MACHINE, tilted, ours=True)
        tries += payload == incline(0)
    assert tries == drive.FLATTEN_TRIES


@pytest.mark.parametrize(
    ("view", "ours"),
    [
        (replace(REST, incline_dpct=20), False),
        (replace(REST, incline_dpct=0), True),
        (replace(REST, incline_dpct=-10), True),
        (replace(REST, incline_dpct=20, motion=Motion.ZERO), True),
        (replace(REST, incline_dpct=20, ready=False), True),
    ],
)
def test_the_deck_is_left_alone_otherwise(view, ours):
    assert drive.flatten(started(), 10.0, MACHINE, view, ours=ours)[1] == b""
