"""The stop ladder, rung by rung (safety.md, the table)."""

import itertools
from dataclasses import replace

import pytest

from hardware.belt import stop
from hardware.belt.ftms.codec import PAUSE, REQUEST_CONTROL, STOP
from hardware.belt.stop import EVERY_S, Rungs, Sight
from hardware.belt.treadmill import Motion, Outcome, Report
from hardware.config.profiles import Quirks
from hardware.constants import FALLING_CKMH, RELINK_S, STOP_RESEND_S, STOP_RETRY_S, TICK_S, WRITE_DEADLINE_S
from hardware.link.messages import StopOutcome

SLOWEST = b"\x02\x50\x00"
PLAIN = Rungs(slowest_ckmh=80, slowest=SLOWEST)
MOVING = Sight(
    motion=Motion.MOVING, speed_ckmh=200, reading_at_s=9.9, linked=True, busy=False, control=True, generation=1
)


class Climb:
    """A ladder, stepped by hand."""

    def __init__(self, machine=PLAIN, sight=MOVING, now_s=10.0):
        self.ladder = stop.begin(now_s, sight.generation)
        self.machine, self.sight = machine, sight
        self.outcome = None
        self.relink = False

    def at(self, now_s, *reports, **seen):
        self.sight = replace(self.sight, **seen)
        result = stop.step(self.ladder, now_s, self.sight, self.machine, reports)
        self.ladder, self.outcome, self.relink = result.ladder, result.outcome, result.relink
        assert type(self.outcome) is StopOutcome
        assert type(self.ladder.outcome) is StopOutcome
        for name in ("toggles", "accepted", "stood", "turned_away", "slow"):
            assert type(getattr(self.ladder, name)) is bool, name
        assert self.ladder.generation == self.sight.generation
        return result.payload


def told(outcome, payload, at_s, result=None, generation=1):
    return Report(outcome, payload, at_s, result, generation=generation)


def answered(at_s, result=1, op=b"\x08", generation=1):
    return told(Outcome.ANSWERED, op, at_s, result, generation)


def written(at_s, payload=STOP):
    return told(Outcome.WRITTEN, payload, at_s)


def test_the_stop_leaves_in_the_very_step_in_which_it_is_wanted():
    assert Climb().at(10.0) == STOP


@pytest.mark.parametrize("motion", [Motion.MOVING, Motion.UNKNOWN, Motion.STARTING, Motion.ZERO])
def test_whatever_is_not_rest_is_stopped_at_once(motion):
    assert Climb().at(10.0, motion=motion) == STOP


def test_nothing_goes_to_a_belt_at_rest():
    climb = Climb()
    assert [climb.at(10.0 + n / 50, motion=Motion.REST) for n in range(100)] == [b""] * 100
    assert climb.outcome is StopOutcome.AT_REST


def test_it_is_repeated_within_500_ms_while_the_belt_moves():
    climb = Climb()
    sent = [round(10 + n * 0.02, 2) for n in range(200) if climb.at(10 + n * 0.02) == STOP]
    assert max(later - earlier for earlier, later in itertools.pairwise(sent)) <= 0.5 + 1e-9
    assert len(sent) >= 8


def test_nothing_is_handed_out_while_a_write_is_outstanding_or_the_link_is_down():
    climb = Climb()
    assert climb.at(10.0, busy=True) == b""
    assert climb.at(10.02, busy=False, linked=False) == b""
    assert climb.at(10.04, linked=True) == STOP


def test_acceptance_is_told_but_ends_nothing():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.05, written(10.04))
    assert climb.outcome is StopOutcome.WRITING
    climb.at(10.1, answered(10.09))
    assert climb.outcome is StopOutcome.ACCEPTED
    assert climb.at(10.0 + EVERY_S) == STOP


def test_without_an_answer_it_says_so_at_the_second_try():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.0 + EVERY_S, written(10.05))
    assert climb.outcome is StopOutcome.UNANSWERED


def test_a_timed_out_write_is_tried_again_at_once():
    climb = Climb()
    climb.at(10.0)
    assert climb.at(10.25, told(Outcome.TIMED_OUT, STOP, 10.25)) == STOP
    assert climb.outcome is StopOutcome.UNANSWERED


@pytest.mark.parametrize("outcome", [Outcome.TURNED_AWAY, Outcome.FAILED])
def test_a_write_turned_away_is_tried_again_within_50_ms(outcome):
    climb = Climb()
    climb.at(10.0)
    assert climb.at(10.02, told(outcome, STOP, 10.02)) == b""
    assert climb.at(10.021 + STOP_RETRY_S) == STOP


def test_the_answer_to_another_command_frees_the_control_point_for_a_stop_turned_away():
    climb = Climb()
    climb.at(10.0)
    assert climb.at(10.03, told(Outcome.TURNED_AWAY, STOP, 10.02), answered(10.03, op=b"\x02")) == STOP


def test_result_05_takes_control_again_and_then_stops():
    climb = Climb()
    climb.at(10.0)
    assert climb.at(10.1, written(10.05), answered(10.1, result=5), control=False) == REQUEST_CONTROL
    assert climb.outcome is StopOutcome.REFUSED
    assert climb.at(10.15, told(Outcome.WRITTEN, REQUEST_CONTROL, 10.15)) == STOP


def test_control_that_never_comes_back_holds_up_no_stop():
    climb = Climb()
    times = [10 + n * 0.02 for n in range(300)]
    sent = [(at, climb.at(at, control=False)) for at in times]
    stops = [at for at, payload in sent if payload == STOP]
    asks = [at for at, payload in sent if payload == REQUEST_CONTROL]
    assert max(later - earlier for earlier, later in itertools.pairwise(stops)) <= 0.5 + 1e-9
    assert min(later - earlier for earlier, later in itertools.pairwise(asks)) >= 0.4


def test_on_a_new_connection_the_first_words_are_control_and_stop():
    climb = Climb()
    climb.at(10.0, linked=False, control=False)
    first = climb.at(13.0, generation=2, linked=True, motion=Motion.UNKNOWN, speed_ckmh=None, reading_at_s=None)
    assert first == REQUEST_CONTROL
    assert climb.at(13.02) == STOP


def test_outcomes_of_an_older_connection_are_not_believed():
    climb = Climb()
    climb.at(10.0)
    climb.at(13.0, answered(12.99, generation=1), generation=2)
    assert climb.outcome is not StopOutcome.ACCEPTED


def climb_that_does_not_slow(machine, speed=200, seconds=4.0, period_s=0.5):
    climb = Climb(machine)
    sent = []
    for n in range(int(seconds / 0.02)):
        now = 10 + n * 0.02
        reading_at = 10 - 0.1 + int((now - 9.9) / period_s + 1e-9) * period_s
        reports = [written(now - 0.01), answered(now - 0.01)] if n == 3 else []
        payload = climb.at(now, *reports, reading_at_s=reading_at, speed_ckmh=speed)
        if payload:
            sent.append((round(now - 10, 2), payload))
    return sent


def test_a_belt_that_does_not_slow_gets_the_machines_minimum_between_the_stops():
    sent = climb_that_does_not_slow(PLAIN)
    first = next(at for at, payload in sent if payload == SLOWEST)
    assert 1.0 <= first <= 1.6
    stops = [at for at, payload in sent if payload == STOP]
    assert max(later - earlier for earlier, later in itertools.pairwise(stops)) <= 0.5 + 1e-9


def test_pause_comes_first_where_the_profile_allows_it_and_never_elsewhere():
    allowed = climb_that_does_not_slow(replace(PLAIN, pause=True))
    alternatives = [payload for _, payload in allowed if payload != STOP]
    assert alternatives[:2] == [PAUSE, SLOWEST]
    assert PAUSE not in [payload for _, payload in climb_that_does_not_slow(PLAIN)]


def test_the_minimum_is_no_rung_for_a_belt_that_is_not_faster():
    assert {payload for _, payload in climb_that_does_not_slow(PLAIN, speed=80)} == {STOP}


def test_a_machine_that_takes_no_speed_has_only_the_stop():
    assert {payload for _, payload in climb_that_does_not_slow(Rungs())} == {STOP}


def test_a_belt_that_slows_gets_no_alternative():
    climb = Climb()
    for n in range(150):
        now = 10 + n * 0.02
        reports = [answered(now)] if n == 3 else []
        payload = climb.at(now, *reports, reading_at_s=now - 0.01, speed_ckmh=max(1, 200 - n))
        assert payload in (b"", STOP)


def test_slowing_again_ends_the_alternatives():
    climb = Climb()
    for n in range(100):
        climb.at(10 + n * 0.02, reading_at_s=10 + n * 0.02)
    assert climb.ladder.slow
    climb.at(12.0, reading_at_s=12.0, speed_ckmh=150)
    assert not climb.ladder.slow


def test_a_zero_after_the_stop_is_waited_on_since_a_second_stop_may_start_the_belt():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    sent = [climb.at(11 + n * 0.02, motion=Motion.ZERO, speed_ckmh=0, reading_at_s=11.0) for n in range(50)]
    assert sent == [b""] * 50
    assert climb.at(12.02, motion=Motion.MOVING, speed_ckmh=90, reading_at_s=12.02) == STOP


def test_a_zero_from_before_the_stop_is_not_waited_on():
    climb = Climb(sight=replace(MOVING, motion=Motion.ZERO, speed_ckmh=0, reading_at_s=9.9))
    assert climb.at(10.0) == STOP
    assert climb.at(10.0 + EVERY_S, written(10.05)) == STOP


def test_a_zero_that_grows_old_is_stopped_again():
    climb = Climb()
    climb.at(10.0)
    climb.at(11.0, written(10.05), motion=Motion.ZERO, speed_ckmh=0, reading_at_s=11.0)
    assert climb.at(13.6, motion=Motion.UNKNOWN, speed_ckmh=None) == STOP


def test_during_spin_up_a_zero_is_waited_on_only_once_the_stop_was_accepted():
    climb = Climb(sight=replace(MOVING, motion=Motion.STARTING, speed_ckmh=0))
    assert climb.at(10.0) == STOP
    assert climb.at(10.0 + EVERY_S, written(10.05), reading_at_s=10.3) == STOP
    assert climb.at(12.0, answered(10.6), reading_at_s=11.5) == b""
    assert climb.at(12.5, motion=Motion.MOVING, speed_ckmh=30, reading_at_s=12.5) == STOP


def test_stopped_already_counts_as_accepted_only_when_nothing_moves():
    climb = Climb(sight=replace(MOVING, motion=Motion.ZERO, speed_ckmh=0))
    climb.at(10.0)
    climb.at(10.1, answered(10.1, result=4))
    assert climb.outcome is StopOutcome.ACCEPTED
    other = Climb()
    other.at(10.0)
    other.at(10.1, answered(10.1, result=4))
    assert other.outcome is StopOutcome.REFUSED


def test_a_machine_that_starts_on_a_second_stop_gets_one_while_it_slows():
    toggles = stop.rungs(Quirks(toggle_stop=True), 80, SLOWEST)
    climb = Climb(toggles)
    assert climb.at(10.0) == STOP
    climb.at(10.1, written(10.05), answered(10.1))
    for n in range(1, 40):
        assert climb.at(10.1 + n * 0.05, reading_at_s=10.1 + n * 0.05, speed_ckmh=200 - 5 * n) == b""
    assert climb.at(14.0, motion=Motion.UNKNOWN, speed_ckmh=None) == b""


def test_a_machine_that_starts_on_a_second_stop_still_gets_it_when_it_does_not_slow():
    toggles = stop.rungs(Quirks(toggle_stop=True), 80, SLOWEST)
    climb = Climb(toggles)
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    sent = [climb.at(10.1 + n * 0.02, reading_at_s=10.1 + n * 0.02) for n in range(150)]
    assert STOP in sent


def test_a_machine_that_starts_on_a_second_stop_is_looked_at_first_on_a_new_connection():
    toggles = stop.rungs(Quirks(toggle_stop=True), 80, SLOWEST)
    blind = replace(MOVING, motion=Motion.UNKNOWN, speed_ckmh=None, reading_at_s=None)
    climb = Climb(toggles, blind)
    assert climb.at(10.0) == b""
    assert climb.at(11.0, motion=Motion.MOVING, speed_ckmh=90, reading_at_s=11.0) == STOP
    silent = Climb(toggles, blind)
    assert silent.at(10.0 + stop.FIRST_READING_S) == STOP


def test_after_rest_a_belt_that_moves_again_is_stopped_again_at_once():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05))
    climb.at(12.0, motion=Motion.REST, speed_ckmh=0)
    assert climb.at(12.1, motion=Motion.MOVING, speed_ckmh=60, reading_at_s=12.1) == STOP
    assert climb.outcome is StopOutcome.WRITING


def test_stops_that_never_get_through_a_live_link_ask_for_a_new_one():
    climb = Climb()
    now = 10.0
    while not climb.relink and now < 20:
        if climb.at(now) == STOP:
            now += WRITE_DEADLINE_S
            climb.at(now, told(Outcome.TIMED_OUT, STOP, now))
        now += 0.02
    assert RELINK_S <= now - 10.0 <= RELINK_S + 0.6


def test_one_stop_that_gets_through_is_enough_to_keep_the_link():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.25, told(Outcome.TIMED_OUT, STOP, 10.25))
    climb.at(10.3, written(10.3))
    for n in range(200):
        climb.at(10.4 + n * 0.02)
        assert not climb.relink


def test_which_rungs_a_machine_has_follows_from_its_quirks():
    assert stop.rungs(Quirks(), 80, SLOWEST) == Rungs(False, True, 80, SLOWEST)
    assert stop.rungs(Quirks(pause_unsupported=False), None, b"").pause
    assert not stop.rungs(Quirks(pause_unsupported=False, toggle_stop=True), None, b"").pause


def test_a_belt_that_stood_and_moves_again_was_started_by_a_second_stop_and_gets_one_at_a_time_from_then_on():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    climb.at(11.0, motion=Motion.ZERO, speed_ckmh=0, reading_at_s=11.0)
    assert climb.at(12.0, motion=Motion.MOVING, speed_ckmh=40, reading_at_s=12.0) == STOP
    climb.at(12.1, written(12.05), answered(12.1))
    for n in range(1, 30):
        now = 12.1 + n * 0.02
        assert climb.at(now, reading_at_s=now, speed_ckmh=40 - n) == b""


def test_a_belt_that_never_stood_teaches_nothing():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    climb.at(11.0, reading_at_s=11.0, speed_ckmh=100)
    assert not climb.ladder.toggles


def test_a_belt_that_moves_again_after_rest_is_known_to_toggle():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    climb.at(12.0, motion=Motion.REST, speed_ckmh=0, reading_at_s=12.0)
    climb.at(12.1, motion=Motion.MOVING, speed_ckmh=60, reading_at_s=12.1)
    assert climb.ladder.toggles


# ---------------------------------------------------------------------------------------------- to the letter


def test_a_stop_has_250_ms_and_what_is_no_stop_is_over_before_the_next_one_is_due():
    assert stop.deadline_s(STOP) == WRITE_DEADLINE_S
    for other in (REQUEST_CONTROL, PAUSE, SLOWEST):
        assert stop.deadline_s(other) == pytest.approx(WRITE_DEADLINE_S - 2 * TICK_S)


def test_the_next_stop_is_due_exactly_one_tick_before_the_500_ms():
    climb = Climb(now_s=0.0)
    assert climb.at(0.0) == STOP
    assert climb.at(EVERY_S - 0.001) == b""
    assert climb.at(EVERY_S) == STOP
    assert pytest.approx(STOP_RESEND_S - TICK_S) == EVERY_S


def test_outcome_and_acceptance_do_not_outlive_their_connection_but_what_was_learnt_does():
    climb = Climb()
    climb.ladder = replace(climb.ladder, toggles=True)
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    climb.at(13.0, generation=2, linked=False)
    assert climb.outcome is StopOutcome.WRITING
    assert not climb.ladder.accepted
    assert climb.ladder.toggles


def test_what_was_learnt_is_kept_over_rest():
    climb = Climb()
    climb.ladder = replace(climb.ladder, toggles=True)
    climb.at(10.0, motion=Motion.REST)
    assert climb.ladder.toggles
    assert not climb.ladder.stood


def test_a_belt_at_rest_that_no_stop_was_accepted_by_teaches_nothing_when_it_moves():
    climb = Climb()
    climb.at(10.0, motion=Motion.REST)
    climb.at(10.1, motion=Motion.MOVING)
    assert not climb.ladder.toggles


def test_that_it_stood_is_remembered_from_one_look_at_rest_to_the_next():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    climb.at(12.0, motion=Motion.REST)
    climb.at(12.1, motion=Motion.REST)
    climb.at(12.2, motion=Motion.MOVING)
    assert climb.ladder.toggles


def test_the_link_is_given_up_exactly_when_nothing_got_through_for_so_long_and_only_once():
    climb = Climb(now_s=0.0)
    climb.at(0.0)
    climb.at(0.0, told(Outcome.TIMED_OUT, STOP, 0.0))
    assert not climb.relink
    climb.at(RELINK_S - 0.001)
    assert not climb.relink
    assert climb.at(RELINK_S) == b""
    assert climb.relink
    for now_s in (RELINK_S + 0.02, 2 * RELINK_S):  # until it is down: only for stops that fail from now on
        climb.at(now_s)
        assert not climb.relink


def test_an_outcome_is_told_while_the_link_is_down_and_when_it_is_given_up():
    climb = Climb(now_s=0.0)
    climb.at(0.0)
    climb.at(0.1, written(0.05), answered(0.1))
    climb.at(0.2, linked=False)
    assert climb.outcome is StopOutcome.ACCEPTED
    climb.at(0.3, told(Outcome.TIMED_OUT, STOP, 0.3), linked=True)
    climb.at(0.3 + RELINK_S)
    assert climb.outcome is StopOutcome.ACCEPTED


def test_a_stop_that_was_turned_away_is_due_again_when_any_answer_comes_but_only_by_the_first():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.02, told(Outcome.TURNED_AWAY, STOP, 10.02), busy=True)
    assert climb.at(10.03, answered(10.03, op=b"\x02"), busy=False) == STOP
    assert climb.at(10.04, answered(10.04, op=b"\x02")) == b""


def test_once_written_an_answer_brings_no_further_stop():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.02, told(Outcome.TURNED_AWAY, STOP, 10.02))
    assert climb.at(10.08) == STOP
    climb.at(10.1, written(10.1))
    assert climb.at(10.15, answered(10.15, op=b"\x02")) == b""


def test_a_timed_out_stop_is_not_waiting_for_an_answer():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.25, told(Outcome.TIMED_OUT, STOP, 10.25))
    assert climb.at(10.3, answered(10.3, op=b"\x02")) == b""


def test_what_was_accepted_once_stays_so_whatever_is_said_of_the_repeats():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    for report in (answered(10.2, result=4), answered(10.3, result=5), told(Outcome.TIMED_OUT, STOP, 10.4)):
        climb.at(report.at_s, report)
        assert climb.outcome is StopOutcome.ACCEPTED


def test_a_refusal_stands_until_a_write_fails():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1, result=2))
    assert climb.outcome is StopOutcome.REFUSED
    climb.at(10.0 + EVERY_S)
    assert climb.outcome is StopOutcome.REFUSED
    climb.at(10.6, told(Outcome.FAILED, STOP, 10.6))
    assert climb.outcome is StopOutcome.UNANSWERED


def test_the_first_stop_that_was_written_counts_for_the_zero_after_it_not_the_newest():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1))
    climb.at(10.5)
    climb.at(10.9, written(10.55), motion=Motion.ZERO, speed_ckmh=0, reading_at_s=10.3)
    assert climb.at(11.4) == b""


def test_a_zero_read_in_the_very_moment_of_the_write_is_not_after_it():
    climb = Climb()
    climb.at(10.0)
    assert climb.at(11.0, written(10.05), motion=Motion.ZERO, speed_ckmh=0, reading_at_s=10.05) == STOP


def test_an_unanswered_zero_is_waited_on_but_teaches_nothing():
    climb = Climb()
    climb.at(10.0)
    assert climb.at(11.0, written(10.05), motion=Motion.ZERO, speed_ckmh=0, reading_at_s=11.0) == b""
    climb.at(12.0, motion=Motion.MOVING, speed_ckmh=50, reading_at_s=12.0)
    assert not climb.ladder.toggles


def judged(steps, machine=PLAIN):
    """A climb at these (time, reading time, speed); accepted at 0.0. Times are exact in binary where it matters."""
    climb = Climb(machine, now_s=0.0)
    climb.at(0.0, reading_at_s=-0.125)
    climb.at(0.0, written(0.0), answered(0.0))
    for now, at, speed in steps:
        climb.at(now, reading_at_s=at, speed_ckmh=speed)
    return climb


def test_it_is_judged_exactly_a_second_after_acceptance():
    assert not judged([(0.999, 0.9, 200)]).ladder.slow
    assert judged([(1.0, 0.9, 200)]).ladder.slow


def test_the_answer_to_another_command_is_no_acceptance_of_the_stop():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, answered(10.1, op=b"\x02"), answered(10.1, op=b"\x00"))
    assert climb.outcome is StopOutcome.WRITING
    assert not climb.ladder.accepted


def test_what_was_seen_before_the_acceptance_does_not_count_against_the_belt():
    climb = Climb(now_s=0.0)
    climb.at(0.0, reading_at_s=-0.125)
    climb.at(0.25, reading_at_s=0.25)
    assert climb.ladder.reference == (0.25, 200)
    climb.at(0.75, written(0.5), answered(0.75), reading_at_s=0.75)
    assert climb.ladder.reference == (0.75, 200)


def test_the_half_second_is_counted_from_the_acceptance():
    climb = Climb()
    climb.at(10.0)
    climb.at(10.0, written(10.0), answered(10.0))
    climb.at(11.5, reading_at_s=10.25)
    assert not climb.ladder.slow


def test_it_is_judged_by_a_reading_at_least_half_a_second_after_acceptance():
    assert not judged([(1.5, 0.499, 200)]).ladder.slow
    assert judged([(1.5, 0.5, 200)]).ladder.slow


def test_the_clock_of_the_judgement_starts_with_the_acceptance_and_with_each_judgement():
    climb = Climb(now_s=0.0)
    climb.at(0.0, reading_at_s=-0.125)
    climb.at(0.75, written(0.5), answered(0.75), reading_at_s=0.625)
    climb.at(1.5, reading_at_s=1.5)
    assert not climb.ladder.slow
    climb.at(1.75, reading_at_s=1.75)
    assert climb.ladder.slow
    climb.at(2.0, reading_at_s=2.0, speed_ckmh=190)
    assert not climb.ladder.slow
    climb.at(2.75, reading_at_s=2.75, speed_ckmh=190)
    assert not climb.ladder.slow
    climb.at(3.0, reading_at_s=3.0, speed_ckmh=190)
    assert climb.ladder.slow


def test_after_one_judgement_the_next_comes_a_second_later_from_the_speed_of_then():
    climb = judged([(1.0, 1.0, 200)])
    assert climb.ladder.reference == (1.0, 200)
    climb.at(1.5, reading_at_s=1.5, speed_ckmh=210)
    assert climb.ladder.reference == (1.0, 200)
    climb.at(2.0, reading_at_s=2.0, speed_ckmh=210)
    assert climb.ladder.reference == (2.0, 210)


def test_slowing_is_a_loss_of_exactly_the_noise_or_more():
    assert judged([(0.5, 0.5, 200 - FALLING_CKMH)]).ladder.reference == (0.5, 200 - FALLING_CKMH)
    assert judged([(0.5, 0.5, 201 - FALLING_CKMH)]).ladder.reference == (0.0, 200)


def test_nothing_is_judged_before_the_first_stop_has_been_handed_out():
    climb = Climb(now_s=0.0)
    for n in range(10):
        climb.at(n * 0.25, linked=False, reading_at_s=n * 0.25)
    assert climb.ladder.reference is None
    climb.at(3.0, linked=True, reading_at_s=3.0)
    assert not climb.ladder.slow


@pytest.mark.parametrize("blind", [{"speed_ckmh": None}, {"reading_at_s": None}, {"motion": Motion.UNKNOWN}])
def test_without_a_reading_nothing_is_judged(blind):
    climb = judged([])
    climb.at(2.0, **{"reading_at_s": 2.0, **blind})
    assert not climb.ladder.slow


def test_control_is_asked_for_only_where_the_next_stop_still_leaves_in_time():
    other_s = WRITE_DEADLINE_S - 2 * TICK_S
    latest_s = STOP_RESEND_S - other_s - TICK_S
    assert latest_s + other_s + TICK_S == STOP_RESEND_S  # to the bit, so that the very moment is tried as well
    for now, expected in ((latest_s, REQUEST_CONTROL), (latest_s + 0.001, b"")):
        climb = Climb(now_s=0.0)
        climb.at(0.0)
        assert climb.at(now, written(0.05), control=False) == expected


def test_control_is_asked_for_once_in_a_while_not_at_every_look():
    climb = Climb(now_s=0.0)
    assert climb.at(0.0, control=False) == REQUEST_CONTROL
    assert climb.at(0.02, told(Outcome.WRITTEN, REQUEST_CONTROL, 0.02)) == STOP
    assert climb.at(EVERY_S - 0.001) == b""
    assert climb.at(EVERY_S + 0.02) == STOP
    assert climb.at(EVERY_S + 0.04) == REQUEST_CONTROL
    climb.ladder = replace(climb.ladder, control_tried_s=0.0, handed_s=EVERY_S - 0.1, due_s=9.0)
    assert climb.at(EVERY_S) == REQUEST_CONTROL


def test_a_request_for_control_that_failed_brings_no_stop_forward():
    climb = Climb(now_s=0.0)
    climb.at(0.0)
    climb.at(0.1, written(0.05), control=False)
    assert climb.at(0.2, told(Outcome.FAILED, REQUEST_CONTROL, 0.2)) == b""


def test_alternatives_take_turns_and_come_no_faster_than_the_stops():
    climb = judged([], replace(PLAIN, pause=True))
    sent = []
    for n in range(1, 400):
        payload = climb.at(n / 64, reading_at_s=n / 64)
        if payload not in (b"", STOP):
            sent.append((n / 64, payload))
    assert [payload for _, payload in sent[:5]] == [PAUSE, SLOWEST, PAUSE, SLOWEST, PAUSE]
    assert all(later[0] - earlier[0] >= EVERY_S for earlier, later in itertools.pairwise(sent))


def test_an_alternative_is_due_to_the_moment():
    climb = judged([(1.0, 1.0, 200)])
    climb.ladder = replace(climb.ladder, handed_s=1.0, due_s=1.5, alternative_due_s=1.125)
    assert climb.at(1.12, reading_at_s=1.12) == b""
    assert climb.at(1.125, reading_at_s=1.125) == SLOWEST


def test_pause_alone_is_the_alternative_when_the_speed_is_not_known():
    climb = judged([(1.0, 1.0, 200)], replace(PLAIN, pause=True))
    climb.ladder = replace(climb.ladder, alternative=PAUSE, handed_s=1.0, due_s=1.5, alternative_due_s=1.125)
    assert climb.at(1.2, motion=Motion.UNKNOWN, speed_ckmh=None) == PAUSE


# ------------------------------------------------------------------------------------- slow radios, `80 08 04`


def slow_radio(climb, now_s, attempts, answers=True):
    """Every stop reaches the machine after our deadline: it times out here, and is answered all the same."""
    relinks = []
    for number in range(attempts):
        begun_s = now_s + number * 0.5
        climb.at(begun_s)
        relinks.append(climb.relink)
        if climb.relink:
            break
        reports = [told(Outcome.TIMED_OUT, STOP, begun_s + 0.25)]
        climb.at(begun_s + 0.25, *reports)
        relinks.append(climb.relink)
        if answers:
            climb.at(begun_s + 0.35, answered(begun_s + 0.35, result=4))
            relinks.append(climb.relink)
    return relinks


def test_a_radio_slower_than_the_deadline_keeps_its_link_as_long_as_stops_are_answered():
    assert not any(slow_radio(Climb(), 10.0, 60))


def test_where_nothing_comes_back_new_links_are_asked_for_ever_more_slowly():
    climb, now_s, asked_s = Climb(), 10.0, []
    for generation in range(2, 8):
        begun_s = now_s
        climb.at(now_s)
        while not climb.relink and now_s < begun_s + 60:
            now_s += 0.02
            climb.at(now_s, told(Outcome.TIMED_OUT, STOP, now_s, generation=climb.sight.generation))
        asked_s.append(round(now_s - begun_s - RELINK_S * 2 ** min(generation - 2, 4), 1))
        now_s += 1.0
        climb.at(now_s, generation=generation)
    assert asked_s == [0.0] * 6


@pytest.mark.parametrize("heard", ["written", "answered"])
def test_a_stop_that_got_through_starts_that_patience_anew(heard):
    climb = Climb()
    climb.ladder = replace(climb.ladder, relinks=3)
    climb.at(10.0)
    climb.at(10.1, written(10.1) if heard == "written" else answered(10.1))
    assert climb.ladder.relinks == 0
    climb.at(10.5, generation=2)
    assert climb.ladder.relinks == 0


def test_new_links_asked_for_are_counted_over_the_new_link():
    climb = Climb()
    climb.ladder = replace(climb.ladder, relinks=2)
    climb.at(10.0, generation=2)
    assert climb.ladder.relinks == 2


def not_slowing_and_said_to_stand(reading_at_s):
    """A machine that answers `04` while its newest reading says that it moves; the ladder is due for another rung."""
    climb = Climb()
    climb.at(10.0)
    climb.at(10.1, written(10.05), answered(10.1, result=4))
    climb.ladder = replace(climb.ladder, slow=True, due_s=20.0)
    return climb.at(10.2, reading_at_s=reading_at_s)


def test_the_minimum_is_asked_for_after_04_only_of_a_belt_seen_moving_since():
    assert not_slowing_and_said_to_stand(10.05) == b""
    assert not_slowing_and_said_to_stand(10.1) == b""
    assert not_slowing_and_said_to_stand(None) == b""
    assert not_slowing_and_said_to_stand(10.15) == SLOWEST


def test_a_belt_known_to_have_started_on_a_second_stop_gets_one_from_the_beginning():
    climb = Climb()
    climb.ladder = stop.begin(10.0, 1, toggles=True)
    assert climb.at(10.0) == STOP
    climb.at(10.1, written(10.05), answered(10.1))
    later = [climb.at(10.1 + n * 0.02, speed_ckmh=200 - n, reading_at_s=10.1 + n * 0.02) for n in range(1, 100)]
    assert set(later) == {b""}
