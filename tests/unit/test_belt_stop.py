"""The stop ladder, rung by rung (safety.md, the table)."""

import itertools
from dataclasses import replace

import pytest

from hardware.belt import stop
from hardware.belt.ftms.codec import PAUSE, REQUEST_CONTROL, STOP
from hardware.belt.stop import EVERY_S, Rungs, Sight
from hardware.belt.treadmill import Motion, Outcome, Report
from hardware.constants import RELINK_S, STOP_RETRY_S, WRITE_DEADLINE_S
from hardware.link.messages import StopOutcome
from hardware.profiles import Quirks

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
