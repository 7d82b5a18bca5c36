"""The belt process under the Wishes of staff: no control, scan, leave, and stops that begin with a trial."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from hardware.belt.link import CONTROL_POINT as CONTROL_POINT_CHAR
from hardware.belt.link import Fault, LinkError
from hardware.belt.wire import WireLink
from hardware.config.profiles import Profile
from hardware.link.messages import LinkState, StatusEvent, StopBy, StopOutcome, WishMode
from hardware.simulated.machines import MACHINES, SIMULATED_S1, Pause
from tests.support.treadmill_bench import ADDRESS, TreadmillBench

CONTROL, STOP, PAUSE = b"\x00", b"\x08\x01", b"\x08\x02"


@pytest.fixture
def bench():
    with TreadmillBench() as one:
        yield one


def machine(**habits):
    return replace(SIMULATED_S1, habits=replace(SIMULATED_S1.habits, **habits))


def walking_at_minimum(bench):
    """So long that a zero is no spin-up."""
    bench.hands("clip", closed=False)
    bench.hands("clip", closed=True)
    bench.walking(80)
    bench.run(12)


def values(bench, since_s=0.0):
    return [value for _, value in bench.writes(since_s)]


# ---------------------------------------------------------------------------------------------- read-only


@pytest.mark.parametrize("mode", list(WishMode))
def test_without_control_no_byte_at_all_is_written_whatever_is_wished(bench, mode):
    bench.world.treadmill.physics.deck.aim(bench.clock.now(), 30, 1000)
    bench.want(mode, 2, 100, 10, control=False)
    bench.run(15)
    assert values(bench) == []
    assert bench.frame.link is LinkState.READ_ONLY
    assert bench.frame.speed_ckmh == 0
    assert bench.process.refusals == []


def test_without_control_a_belt_that_moves_and_is_not_ours_is_only_read(bench):
    bench.want(WishMode.STOP, 1, control=False)
    bench.mischief("console_start")
    bench.run(10)
    assert bench.frame.speed_ckmh == 80
    assert values(bench) == []


def test_control_that_is_denied_in_mid_walk_still_stops_the_belt_that_is_ours_and_leaves_the_deck(bench):
    bench.walking(120)
    bench.want(WishMode.RUN, 2, 120, 10)
    bench.until(lambda frame: frame.incline_dpct == 10, "incline", 30)
    denied_s = bench.clock.now()
    bench.want(WishMode.RUN, 2, 120, 10, control=False)
    bench.until(lambda frame: frame.stop_outcome is not StopOutcome.NONE and frame.speed_ckmh == 0, "rest", 8)
    bench.run(5)
    bench.lease.active = False
    bench.run(20)
    assert set(values(bench, denied_s)) == {STOP}
    assert bench.frame.incline_dpct == 10


# ---------------------------------------------------------------------------------------------- control


def test_a_machine_nobody_has_measured_that_never_answers_is_held_after_two_seconds_and_that_is_told():
    with TreadmillBench(machine=machine(answers_control=False)) as bench:
        bench.want(WishMode.STOP, 1)
        bench.until(lambda frame: bool(frame.last_write), "request", 10)
        assert bench.frame.control_answered is None
        took_s = bench.until(lambda frame: frame.link is LinkState.READY, "control", 5)
        assert 1.9 <= took_s <= 2.3
        assert bench.frame.control_answered is False
        bench.run(20)
        assert values(bench) == [CONTROL]


def test_a_measured_machine_that_suddenly_does_not_answer_is_not_held():
    profile = Profile(cap_ckmh=500, commissioned=True)
    with TreadmillBench(machine=machine(answers_control=False), profile=profile) as bench:
        bench.want(WishMode.STOP, 1)
        bench.until(lambda frame: frame.control_answered is False, "silence", 10)
        assert bench.frame.link is LinkState.READ_ONLY
        assert bench.frame.control_answered is False
        assert "profile" in bench.frame.trouble


def test_an_answer_is_told_as_one_and_forgotten_with_the_link(bench):
    bench.ready()
    assert bench.frame.control_answered is True
    bench.mischief("link_dropped")
    bench.run(0.1)
    assert bench.frame.control_answered is None


# ---------------------------------------------------------------------------------------------- scan


def test_a_scan_tells_what_is_near_and_keeps_the_bound_link(bench):
    bench.ready()
    bench.mischief("twin")
    bench.want(WishMode.STOP, 1, scan=True)
    bench.until(lambda frame: frame.scans == 1, "scan", 10)
    bound, twin = bench.frame.found
    assert (bound.address, bound.connected, bound.rssi) == (ADDRESS, True, None)
    assert not twin.connected
    assert twin.name == bound.name
    bench.run(5)
    assert bench.frame.scans > 2
    assert bench.frame.link is LinkState.READY
    assert bench.frame.generation == 1
    assert values(bench) == [CONTROL]
    bench.want(WishMode.STOP, 1)
    bench.run(0.1)
    assert bench.frame.found == ()


def test_what_is_gone_is_no_longer_found_after_three_scans(bench):
    bench.ready()
    bench.mischief("twin")
    bench.want(WishMode.STOP, 1, scan=True)
    bench.until(lambda frame: len(frame.found) == 2, "twin", 10)
    bench.mischief("twin", on=False)
    scans = bench.frame.scans
    bench.until(lambda frame: len(frame.found) == 1, "twin gone", 20)
    assert bench.frame.scans - scans in (3, 4)


def test_nothing_is_looked_for_while_the_belt_is_ours(bench):
    bench.walking(100)
    for mode in (WishMode.RUN, WishMode.STOP):
        bench.want(mode, 2 if mode is WishMode.RUN else 3, 100, scan=True)
        bench.run(3)
    assert bench.frame.scans == 0


def test_a_process_without_a_treadmill_scans_too():
    with TreadmillBench(address=None) as bench:
        bench.want(WishMode.STOP, 1, scan=True)
        bench.until(lambda frame: bool(frame.found), "treadmill", 10)
        assert [one.address for one in bench.frame.found] == [ADDRESS]
        assert bench.frame.link is LinkState.OFF


# ---------------------------------------------------------------------------------------------- leave


def test_asked_by_the_guard_to_leave_at_rest_it_ends_in_good_order(bench):
    bench.ready()
    bench.want(WishMode.STOP, 1, leave=True)
    bench.run(3)
    assert bench.task.result() is True
    assert values(bench) == [CONTROL]


def test_asked_by_the_guard_to_leave_a_belt_that_is_ours_it_stays_and_stops_it(bench):
    bench.walking(120)
    bench.want(WishMode.STOP, 3, leave=True)
    bench.run(0.5)
    assert not bench.task.done()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 8)
    assert not bench.task.done()
    bench.lease.active = False
    bench.run(12)
    assert bench.task.result() is True


# ---------------------------------------------------------------------------------------------- a pause first


def paused(bench, seconds=14.0):
    """Walk at the minimum, stop with a pause, until rest; gives what was written."""
    walking_at_minimum(bench)
    bench.want(WishMode.STOP, 3, stop_by=StopBy.PAUSE)
    asked_s = bench.clock.now()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", seconds)
    return asked_s, bench.writes(asked_s)


def test_a_machine_that_pauses_is_stopped_by_the_pause_alone(bench):
    asked_s, written = paused(bench)
    assert written == [(pytest.approx(asked_s + 0.02), PAUSE)]
    assert bench.frame.pause_works is True
    assert bench.frame.stop_written_at_s == pytest.approx(asked_s + 0.02)
    assert bench.world.violations == ()


@pytest.mark.parametrize(
    ("pause", "after_s"), [(Pause.UNSUPPORTED, (0.0, 0.3)), (Pause.IGNORED, (1.0, 3.2)), (Pause.SLOWS, (1.0, 4.0))]
)
def test_where_the_pause_does_nothing_the_ladder_follows(pause, after_s):
    with TreadmillBench(machine=machine(pause=pause)) as bench:
        asked_s, written = paused(bench)
        assert [value for _, value in written][:2] == [PAUSE, STOP]
        assert PAUSE not in [value for _, value in written[1:]]
        assert after_s[0] <= written[1][0] - asked_s <= after_s[1]
        assert bench.frame.pause_works is False


def test_a_pause_that_is_not_answered_gives_way_to_the_ladder_after_a_second(bench):
    walking_at_minimum(bench)
    bench.mischief("ack_lost")
    bench.want(WishMode.STOP, 3, stop_by=StopBy.PAUSE)
    asked_s = bench.clock.now()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 10)
    (first_s, first), (second_s, second), *_ = bench.writes(asked_s)
    assert (first, second) == (PAUSE, STOP)
    assert 1.0 <= second_s - first_s <= 1.2
    assert bench.frame.pause_works is False


@pytest.mark.parametrize("how", ["ladder", "silence", "leave"])
def test_a_trial_ends_at_once_when_the_guard_no_longer_asks_for_it(how):
    with TreadmillBench(machine=machine(pause=Pause.IGNORED)) as bench:
        walking_at_minimum(bench)
        bench.want(WishMode.STOP, 3, stop_by=StopBy.PAUSE)
        bench.run(0.1)
        asked_s = bench.clock.now()
        if how == "ladder":
            bench.want(WishMode.STOP, 4)
        elif how == "silence":
            bench.guard_up = False
        else:
            bench.process.leave()
        bench.run(0.4)
        assert values(bench, asked_s)[0] == STOP
        assert bench.writes(asked_s)[0][0] - asked_s <= (0.36 if how == "silence" else 0.021)
        assert bench.frame.pause_works is None


# ---------------------------------------------------------------------------------------------- without a link


def speeds_told(frames):
    """The speeds of a run of frames, one for each reading."""
    return [next(group).speed_ckmh for _, group in itertools.groupby(frames, key=lambda frame: frame.reading_seq)]


@pytest.mark.parametrize(("link_loss_stop_s", "stops"), [(None, False), (0.5, True), (4.0, True)])
def test_what_a_machine_does_without_a_link_is_told_before_anything_is_written(link_loss_stop_s, stops):
    with TreadmillBench(machine=machine(link_loss_stop_s=link_loss_stop_s)) as bench:
        walking_at_minimum(bench)
        bench.want(WishMode.STOP, 3, stop_by=StopBy.UNLINK)
        asked_s, seen = bench.clock.now(), len(bench.frames)
        bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 20)
        written = bench.writes(asked_s)
        first_s = written[0][0] if written else bench.clock.now()
        fresh = [one for one in bench.frames[seen:] if one.generation == 2 and one.speed_ckmh is not None]
        before = speeds_told(fresh)[:2]
        assert (before[-1] < 80) is stops
        assert {value for _, value in written} <= {CONTROL, STOP}
        assert first_s - asked_s < 12.0
        assert bench.true_ckmh == 0
        assert bench.world.violations == ()


def test_a_trial_without_a_link_is_broken_off_when_the_guard_wants_the_ladder(bench):
    walking_at_minimum(bench)
    bench.want(WishMode.STOP, 3, stop_by=StopBy.UNLINK)
    bench.run(2.5)  # the link is down, and the process stays away
    bench.want(WishMode.STOP, 4)
    asked_s = bench.clock.now()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 8)
    assert values(bench, asked_s)[:2] == [CONTROL, STOP]
    assert bench.writes(asked_s)[0][0] - asked_s < 1.0


def test_after_a_trial_a_treadmill_that_is_gone_is_looked_for_once_a_second_as_ever(bench, monkeypatch):
    paused(bench)
    bench.lease.active = False
    tries = []

    async def nothing_there(_link, _address, _deadline_s):
        tries.append(bench.clock.now())
        await asyncio.sleep(0.02)
        raise LinkError(Fault.NO_ADAPTER)

    monkeypatch.setattr(WireLink, "connect", nothing_there)
    bench.mischief("link_dropped")
    bench.run(6)
    assert 3 <= len(tries) <= 6


# ---------------------------------------------------------------------------------------------- pairing


def test_a_machine_that_pairs_when_asked_is_held_a_moment_later():
    with TreadmillBench(machine=MACHINES["medisoft-870"]) as bench:
        bench.want(WishMode.STOP, 1)
        bench.until(lambda frame: "paired" in frame.trouble, "word of pairing", 5)
        bench.until(lambda frame: frame.link is LinkState.READY, "control", 10)
        assert bench.frame.trouble == ""


def test_a_subscription_that_pairing_holds_up_has_ever_more_time(bench, monkeypatch):
    """BlueZ pairs by itself where a CCCD wants encryption, and letting go of the link in the middle breaks it off."""
    real = WireLink.subscribe

    async def pairing_first(link, char, deadline_s):
        if char == CONTROL_POINT_CHAR:
            await asyncio.sleep(min(deadline_s, 3.0))
            if deadline_s < 3.0:
                raise LinkError(Fault.TIMED_OUT)
        await real(link, char, deadline_s)

    monkeypatch.setattr(WireLink, "subscribe", pairing_first)
    bench.want(WishMode.STOP, 1)
    bench.until(lambda frame: frame.link is LinkState.READY, "control", 25)
    assert bench.frame.generation == 3


# ---------------------------------------------------------------------------------------------- dropped subscriptions


@pytest.mark.parametrize("gap_s", [0.1, 0.3])
def test_a_machine_that_drops_close_subscriptions_is_subscribed_to_again_and_held(gap_s):
    with TreadmillBench(machine=machine(cccd_gap_s=gap_s)) as bench:
        bench.want(WishMode.STOP, 1)
        bench.until(lambda frame: frame.link is LinkState.READY, "control", 12)
        bench.run(2)
        assert bench.frame.reading_age_s < 1.2
        bench.mischief("console_start")  # 2ADA comes after the reads, so far enough from the others
        bench.until(lambda frame: frame.event is StatusEvent.STARTED_BY_USER, "event", 2)


def test_on_such_a_machine_a_stop_after_a_loss_gets_through_within_a_second_of_the_link():
    with TreadmillBench(machine=machine(cccd_gap_s=0.1)) as bench:
        walking_at_minimum(bench)
        bench.mischief("link_dropped")
        bench.want(WishMode.STOP, 3)
        bench.until(lambda frame: frame.generation == 2, "link", 10)
        linked_s = bench.clock.now()
        bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 10)
        stopped = next(at_s for at_s, value in bench.writes(linked_s) if value == STOP)
        assert stopped - linked_s < 1.0
        assert bench.true_ckmh == 0


# --------------------------------------------------------------------------------------- links that only we see


def test_a_link_that_died_without_a_word_is_made_again_after_ten_seconds_of_silence(bench):
    bench.ready()
    bench.mischief("bluetooth_killed")
    bench.run(4)
    bench.mischief("bluetooth_killed", on=False)
    bench.until(lambda frame: frame.generation == 2 and frame.link is LinkState.READY, "new link", 15)


def test_a_machine_that_is_silent_at_rest_is_not_connected_to_again_and_again():
    with TreadmillBench(machine=machine(silent_at_rest=True)) as bench:
        bench.want(WishMode.STOP, 1)
        bench.run(60)
        assert bench.frame.generation == 1


def test_a_write_that_finds_no_link_makes_a_new_one_at_once(bench):
    walking_at_minimum(bench)
    bench.mischief("bluetooth_killed")
    bench.run(2.2)
    bench.mischief("bluetooth_killed", on=False)
    bench.want(WishMode.STOP, 3)
    bench.run(0.1)
    assert bench.frame.link is LinkState.LOST
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 10)
    assert bench.true_ckmh == 0


# ---------------------------------------------------------------------------------------------- what a stop taught


def stopped_and_started_again(bench, how):
    """A walk that is stopped; then the belt moves again, by itself or by somebody at its console."""
    walking_at_minimum(bench)
    bench.want(WishMode.STOP, 3)
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 10)
    bench.lease.active = False
    if how == "console":
        bench.mischief("console_start")
    else:
        bench.world.treadmill._begin(bench.clock.now())
    bench.until(lambda frame: bool(frame.speed_ckmh), "motion", 8)
    bench.run(0.1)
    return bench.process._toggles


def test_a_belt_that_moves_again_after_a_stop_is_remembered_as_one_that_a_stop_can_start(bench):
    assert stopped_and_started_again(bench, "by itself")


def test_a_belt_that_somebody_starts_at_its_console_is_not(bench):
    assert not stopped_and_started_again(bench, "console")


def test_a_radio_slower_than_the_deadline_keeps_its_link_and_its_data_through_a_stop(bench):
    walking_at_minimum(bench)
    bench.mischief("slow_radio")
    bench.mischief("slow_decel")
    bench.want(WishMode.STOP, 3)
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 12)
    assert bench.frame.generation == 1
