"""What commissioning may learn of a stop, step by step; in every case the ladder follows."""

from dataclasses import replace

import pytest

from hardware.belt import trial
from hardware.belt.ftms.codec import PAUSE, REQUEST_CONTROL, encode_target_speed
from hardware.belt.stop import Sight
from hardware.belt.treadmill import Motion, Outcome, Report
from hardware.constants import WRITE_DEADLINE_S
from hardware.link.messages import StopBy, StopOutcome

MOVING = Sight(
    motion=Motion.MOVING, speed_ckmh=80, reading_at_s=9.9, linked=True, busy=False, control=True, generation=1
)


def said(outcome, payload, at_s, result=None, generation=1):
    return Report(outcome, payload, at_s, result, generation=generation)


def answer(at_s, result=1, op=0x08):
    return said(Outcome.ANSWERED, bytes((op,)), at_s, result)


class Try:
    """One trial, from 10 s on."""

    def __init__(self, by=StopBy.PAUSE):
        self.trial = trial.begin(by, 5, 10.0, 1)
        self.cut = False

    def at(self, now_s, *reports, sight=MOVING):
        act = trial.step(self.trial, now_s, sight, reports)
        self.trial, self.cut = act.trial, act.cut
        return act.payload

    @property
    def learned(self):
        return self.trial.over, self.trial.pause_works


def accepted():
    one = Try()
    assert one.at(10.0) == PAUSE
    one.at(10.1, said(Outcome.WRITTEN, PAUSE, 10.1), answer(10.1))
    assert one.trial.outcome is StopOutcome.ACCEPTED
    return one


def test_the_first_byte_is_a_pause_and_it_leaves_once():
    one = Try()
    assert [one.at(10.0 + tick * 0.02) for tick in range(10)] == [PAUSE] + [b""] * 9


def test_a_belt_that_comes_to_rest_by_the_pause_alone_can_be_paused():
    one = accepted()
    for second, speed in enumerate((60, 20)):
        at_s = 10.9 + second
        assert one.at(at_s, sight=replace(MOVING, speed_ckmh=speed, reading_at_s=at_s)) == b""
    assert one.at(12.9, sight=replace(MOVING, motion=Motion.ZERO, speed_ckmh=0, reading_at_s=12.9)) == b""
    assert one.learned == (False, None)
    one.at(13.9, sight=replace(MOVING, motion=Motion.REST, speed_ckmh=0, reading_at_s=13.9))
    assert one.learned == (True, True)


def test_a_guard_that_sees_the_rest_first_ends_a_pause_that_has_worked():
    standing = replace(MOVING, motion=Motion.ZERO, speed_ckmh=0, reading_at_s=12.9)
    one = accepted()
    assert trial.paused(one.trial, standing)
    assert not trial.paused(one.trial, MOVING)
    assert not trial.paused(one.trial, replace(standing, motion=Motion.UNKNOWN))
    assert not trial.paused(Try().trial, standing)  # nothing was accepted
    assert not trial.paused(replace(accepted().trial, over=True), standing)  # judged already
    assert not trial.paused(replace(accepted().trial, by=StopBy.UNLINK), standing)


@pytest.mark.parametrize("result", [2, 3, 4, 5])
def test_a_pause_that_is_refused_makes_way_for_the_ladder_at_once(result):
    one = Try()
    one.at(10.0)
    one.at(10.1, answer(10.1, result))
    assert one.learned == (True, False)
    assert one.trial.outcome is StopOutcome.REFUSED


def test_a_pause_that_nobody_answers_makes_way_after_a_second():
    one = Try()
    one.at(10.0)
    one.at(10.1, said(Outcome.WRITTEN, PAUSE, 10.1))
    one.at(11.08)
    assert one.learned == (False, None)
    one.at(11.1)
    assert one.learned == (True, False)


def test_a_belt_no_slower_a_second_after_acceptance_is_not_paused():
    one = accepted()
    one.at(10.9, sight=replace(MOVING, speed_ckmh=76, reading_at_s=10.9))
    assert one.learned == (False, None)
    one.at(11.9, sight=replace(MOVING, speed_ckmh=76, reading_at_s=11.9))
    assert one.learned == (True, False)


def test_a_belt_that_slows_and_then_goes_on_is_not_paused():
    one = accepted()
    for at_s, speed in ((11.0, 60), (12.0, 50), (12.9, 50)):
        one.at(at_s, sight=replace(MOVING, speed_ckmh=speed, reading_at_s=at_s))
    assert one.learned == (False, None)
    one.at(13.0, sight=replace(MOVING, speed_ckmh=50, reading_at_s=13.0))
    assert one.learned == (True, False)


def test_a_belt_that_stood_and_moves_again_is_not_paused():
    one = accepted()
    one.at(11.0, sight=replace(MOVING, motion=Motion.ZERO, speed_ckmh=0, reading_at_s=11.0))
    one.at(12.0, sight=replace(MOVING, speed_ckmh=10, reading_at_s=12.0))
    assert one.learned == (True, False)


def test_a_pause_turned_away_is_tried_again_for_a_second_and_then_nothing_is_learned():
    one, written, now_s = Try(), 0, 10.0
    while not one.trial.over:
        reports = [said(Outcome.TURNED_AWAY, PAUSE, now_s)] if one.trial.handed else []
        written += one.at(now_s, *reports) == PAUSE
        now_s += 0.02
        assert now_s < 11.2
    assert 10 <= written <= 20
    assert one.learned == (True, None)


@pytest.mark.parametrize("outcome", [Outcome.TIMED_OUT, Outcome.FAILED])
def test_of_a_pause_that_never_got_there_nothing_is_learned(outcome):
    one = Try()
    one.at(10.0)
    one.at(10.0 + WRITE_DEADLINE_S, said(outcome, PAUSE, 10.25))
    assert one.learned == (True, None)


def test_what_is_said_of_other_writes_or_of_another_link_changes_nothing():
    one = Try()
    one.at(10.0)
    speed = encode_target_speed(80)
    one.at(10.1, said(Outcome.TIMED_OUT, speed, 10.1), answer(10.1, 5, op=0x02), answer(10.1, 1, op=0x00))
    one.at(10.1, said(Outcome.FAILED, REQUEST_CONTROL, 10.1), said(Outcome.FAILED, PAUSE, 10.1, generation=0))
    assert one.learned == (False, None)
    assert not one.trial.accepted


@pytest.mark.parametrize(
    "change",
    [
        {"linked": False},
        {"generation": 2},
        {"motion": Motion.UNKNOWN, "speed_ckmh": None},
        {"control": False},
        {"motion": Motion.REST, "speed_ckmh": 0},
        {"motion": Motion.STARTING, "speed_ckmh": 0},
    ],
)
def test_where_a_pause_would_say_nothing_none_is_written(change):
    one = Try()
    assert one.at(10.0, sight=replace(MOVING, **change)) == b""
    assert one.learned == (True, None)


@pytest.mark.parametrize("change", [{"linked": False}, {"generation": 2}, {"motion": Motion.UNKNOWN}])
def test_a_trial_that_loses_sight_of_the_belt_leaves_it_to_the_ladder(change):
    one = accepted()
    one.at(10.5, sight=replace(MOVING, **change))
    assert one.learned == (True, None)


# ---------------------------------------------------------------------------------------------- without a link

GONE = replace(MOVING, linked=False, motion=Motion.UNKNOWN, speed_ckmh=None, reading_at_s=None, control=False)
BACK = replace(GONE, linked=True, generation=2)


def unlinked():
    one = Try(StopBy.UNLINK)
    assert one.at(10.0) == b""
    assert one.cut
    one.at(10.02, sight=GONE)
    assert not one.cut
    return one


def test_without_a_link_nothing_is_written_until_two_readings_of_the_new_one():
    one = unlinked()
    for tick in range(300):
        assert one.at(10.04 + tick * 0.02, sight=GONE) == b""
    assert not one.trial.over
    one.at(17.0, sight=BACK)
    one.at(17.8, sight=replace(BACK, motion=Motion.MOVING, speed_ckmh=80, reading_at_s=17.8))
    one.at(17.9, sight=replace(BACK, motion=Motion.MOVING, speed_ckmh=80, reading_at_s=17.8))
    assert not one.trial.over
    one.at(18.8, sight=replace(BACK, motion=Motion.MOVING, speed_ckmh=80, reading_at_s=18.8))
    assert one.trial.over


def test_a_new_link_without_two_readings_is_the_ladders_after_2_5_seconds():
    one = unlinked()
    one.at(15.0, sight=BACK)
    one.at(17.48, sight=BACK)
    assert not one.trial.over
    one.at(17.5, sight=BACK)
    assert one.trial.over


def test_no_new_link_within_12_seconds_or_one_lost_again_ends_the_trial():
    one = unlinked()
    one.at(21.98, sight=GONE)
    assert not one.trial.over
    one.at(22.0, sight=GONE)
    assert one.trial.over
    one = unlinked()
    one.at(15.0, sight=BACK)
    one.at(15.1, sight=replace(GONE, generation=2))
    assert one.trial.over
