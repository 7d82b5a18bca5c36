"""The belt process with the simulated treadmill, on a virtual clock; the test is the guard."""

import itertools
from dataclasses import replace

import pytest

from hardware.belt.link import Fault, LinkError
from hardware.belt.wire import WireLink
from hardware.config.profiles import Profile, Quirks
from hardware.constants import WISH_MISSING_S
from hardware.link.messages import LinkState, StatusEvent, StopOutcome, WishMode
from hardware.simulated.machines import MACHINES, SIMULATED_S1
from tests.support.treadmill_bench import TreadmillBench

STOP, CONTROL, START = b"\x08\x01", b"\x00", b"\x07"


@pytest.fixture
def bench():
    with TreadmillBench() as made:
        yield made
        assert made.process.refusals == []


def values(bench, since_s=0.0):
    return [value for _, value in bench.writes(since_s)]


# ---------------------------------------------------------------------------------------------- connecting


def test_it_reads_what_the_treadmill_is_and_takes_control_once(bench):
    bench.ready()
    facts = bench.frame.facts
    assert (facts.model, facts.firmware, facts.min_ckmh, facts.max_ckmh) == ("S1", "1.0", 80, 1600)
    assert (facts.increment_ckmh, facts.max_dpct, facts.can_speed, facts.can_incline) == (10, 50, True, True)
    bench.run(60)
    assert values(bench) == [CONTROL]


def test_before_the_guard_has_said_anything_nothing_is_written(bench):
    bench.run(20)
    assert bench.frame.link is LinkState.READ_ONLY
    assert values(bench) == []


def test_one_frame_a_tick(bench):
    bench.run(1)
    before = len(bench.frames)
    bench.run(2)
    assert len(bench.frames) - before == 100


def test_the_stopper_hears_ten_times_a_second_and_at_once_when_rest_changes(bench):
    bench.ready()
    bench.sentries.clear()
    bench.run(2)
    assert 20 <= len(bench.sentries) <= 21
    assert all(sentry.role == "belt" and sentry.at_rest for sentry in bench.sentries)


def test_a_treadmill_that_is_not_in_reach_is_said_in_words_and_found_once_it_is_there():
    with TreadmillBench() as bench:
        bench.mischief("vanished")
        bench.run(15)
        assert bench.frame.link is LinkState.SEARCHING
        assert "not in reach" in bench.frame.trouble
        bench.mischief("vanished", on=False)
        bench.ready()
        assert bench.frame.trouble == ""


def test_a_machine_without_a_control_point_is_read_only_and_says_so():
    with TreadmillBench(machine=MACHINES["domyos"]) as bench:
        bench.want(WishMode.HOLD, 1)
        bench.run(20)
        assert bench.frame.link is LinkState.READ_ONLY
        assert "no control point" in bench.frame.trouble
        assert values(bench) == []


def test_a_machine_whose_slowest_speed_is_above_the_cap_says_so():
    with TreadmillBench(profile=Profile(cap_ckmh=60)) as bench:
        bench.ready()
        assert "slowest speed" in bench.frame.trouble


def test_a_machine_too_slow_to_say_what_it_is_is_asked_again_and_known_then(monkeypatch):
    in_time, read = [False], WireLink.read

    async def slow_read(link: WireLink, char: int, deadline_s: float) -> bytes:
        if not in_time[0]:
            raise LinkError(Fault.TIMED_OUT)
        return await read(link, char, deadline_s)

    monkeypatch.setattr(WireLink, "read", slow_read)
    profile = Profile(cap_ckmh=500, model="S1", firmware="1.0", commissioned=True)
    with TreadmillBench(profile=profile) as bench:
        bench.want(WishMode.HOLD, 1)
        bench.run(20)
        assert not bench.frame.facts.commissioned
        in_time[0] = True
        bench.run(10)
        assert (bench.frame.facts.model, bench.frame.facts.firmware) == ("S1", "1.0")
        assert bench.frame.facts.commissioned
        assert bench.frame.facts.min_ckmh == 80
        assert bench.frame.link is LinkState.READY
        assert bench.frame.generation == 1


def test_a_machine_that_wants_pairing_says_so():
    with TreadmillBench() as bench:
        bench.mischief("needs_pairing")
        bench.want(WishMode.HOLD, 1)
        bench.run(20)
        assert bench.frame.link is LinkState.READ_ONLY
        assert "paired" in bench.frame.trouble


def test_a_refused_control_is_not_asked_for_every_second():
    with TreadmillBench() as bench:
        bench.mischief("control_refused")
        bench.want(WishMode.HOLD, 1)
        bench.run(60)
        assert bench.frame.link is LinkState.READ_ONLY
        assert "refuses" in bench.frame.trouble
        assert 2 <= values(bench).count(CONTROL) <= 6


def test_a_machine_that_never_answers_the_request_obeys_where_its_profile_says_so():
    profile = Profile(quirks=Quirks(no_request_control_answer=True))
    with TreadmillBench(machine=MACHINES["omega-z"], profile=profile) as bench:
        bench.walking(100)
        assert bench.true_ckmh > 80


@pytest.mark.parametrize("name", ["matrix", "matrix-pair", "technogym-myrun", "urevo-e1l", "precor", "mobvoi"])
def test_records_in_fragments_cut_short_or_with_extra_bytes_are_read(name):
    with TreadmillBench(machine=MACHINES[name]) as bench:
        bench.want(WishMode.HOLD, 1)
        bench.run(20)
        assert bench.frame.speed_ckmh == 0
        assert bench.frame.reading_age_s < 2.5


def test_the_status_replayed_at_subscription_is_no_event(bench):
    bench.mischief("stale_status")
    bench.ready()
    assert bench.frame.event is None


# ---------------------------------------------------------------------------------------------- start, follow


def test_one_start_then_the_target_and_nothing_else(bench):
    bench.walking(150)
    bench.run(30)
    assert values(bench) == [CONTROL, START, b"\x02\x96\x00"]
    assert 140 <= bench.frame.speed_ckmh <= 150


def test_no_speed_is_written_before_the_belt_is_seen_moving(bench):
    bench.walking(150)
    start_s, speed_s = (at for at, value in bench.writes() if value[0] in (0x07, 0x02))
    moved = [entry.t_s for entry in bench.world.tap.entries if entry.char == 0x2ACD and entry.value[2:4] != b"\0\0"]
    assert start_s < moved[0] <= speed_s


def test_of_targets_that_change_every_tick_only_the_newest_are_written_at_the_machines_interval(bench):
    bench.walking(100)
    begun_s = bench.clock.now()
    for n in range(100):
        bench.want(WishMode.RUN, 2, 100 + n)
        bench.quantum()
    bench.run(3)
    written = [(at, int.from_bytes(value[1:], "little")) for at, value in bench.writes(begun_s)]
    gaps = [later[0] - earlier[0] for earlier, later in itertools.pairwise(written)]
    assert min(gaps) >= 0.25 - 1e-6
    assert written[-1][1] == 190
    assert len(written) <= 9


def test_without_a_lease_no_start_leaves(bench):
    bench.ready()
    bench.want(WishMode.RUN, 2, 100)
    bench.run(10)
    assert START not in values(bench)


def test_a_start_that_shows_no_motion_is_not_repeated(bench):
    bench.mischief("never_starts")
    bench.ready()
    bench.lease.active = True
    bench.want(WishMode.RUN, 2, 100)
    bench.run(30)
    assert values(bench).count(START) == 1


def test_a_machine_that_starts_by_speed_is_started_by_speed():
    profile = Profile(cap_ckmh=500, quirks=Quirks(start_before_speed=False))
    with TreadmillBench(machine=MACHINES["fitshow-fs"], profile=profile) as bench:
        bench.walking(150)
        assert START not in values(bench)
        assert bench.process.refusals == []


def test_a_machine_that_speaks_mph_goes_as_fast_as_was_meant_and_no_faster():
    profile = Profile(cap_ckmh=500, quirks=Quirks(mph_units=True, toggle_start=True))
    with TreadmillBench(machine=MACHINES["tm11gy"], profile=profile) as bench:
        bench.walking(161)
        bench.run(5)
        assert 140 <= bench.true_ckmh <= 161
        assert abs(bench.frame.speed_ckmh - bench.true_ckmh) <= 2
        assert bench.frame.facts.min_ckmh == 97


def test_the_deck_follows_and_goes_back_to_flat_once_the_belt_rests(bench):
    bench.walking(100)
    bench.want(WishMode.RUN, 2, 100, 20)
    bench.run(8)
    assert bench.frame.incline_dpct == 20
    bench.want(WishMode.STOP, 3)
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest")
    rest_s = bench.clock.now()
    bench.lease.active = False
    bench.until(lambda frame: frame.incline_dpct == 0, "flat", 30)
    flat = [at for at, value in bench.writes() if value == b"\x03\x00\x00"]
    assert len(flat) == 1
    assert flat[0] >= rest_s - 0.021


def test_somebody_elses_incline_is_left_alone(bench):
    bench.world.treadmill.physics.deck.aim(bench.clock.now(), 30, 1000)
    bench.ready()
    bench.run(20)
    assert values(bench) == [CONTROL]


# ---------------------------------------------------------------------------------------------- stop


def test_a_stop_leaves_in_the_quantum_in_which_it_is_wished_and_the_belt_comes_to_rest(bench):
    bench.walking(150)
    bench.want(WishMode.STOP, 3)
    asked_s = bench.clock.now()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 6)
    assert bench.writes(asked_s)[0] == (pytest.approx(asked_s + 0.02), STOP)
    assert set(values(bench, asked_s)) == {STOP}
    assert bench.true_ckmh == 0


def test_a_stop_is_not_held_up_by_a_target_still_in_flight(bench):
    bench.mischief("slow_radio")
    bench.walking(100)
    bench.run(2)
    bench.want(WishMode.RUN, 2, 120)
    bench.quantum()
    assert bench.process.client.control_point.in_flight
    bench.want(WishMode.STOP, 3)
    asked_s = bench.clock.now()
    bench.run(0.3)
    assert bench.writes(asked_s)[0][0] == pytest.approx(asked_s + 0.02)


def test_a_stop_is_not_held_up_by_an_answer_that_does_not_come(bench):
    bench.walking(100)
    bench.run(2)
    bench.mischief("ack_lost")
    bench.want(WishMode.RUN, 2, 120)
    bench.run(0.2)
    bench.want(WishMode.STOP, 3)
    asked_s = bench.clock.now()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 8)
    assert bench.writes(asked_s)[0][0] == pytest.approx(asked_s + 0.02)


@pytest.mark.parametrize("after_s", [0.02, 1.0, 2.5])
@pytest.mark.parametrize("habit", [None, "deaf_countdown"])
def test_a_stop_during_spin_up_stops_the_belt(bench, after_s, habit):
    if habit:
        bench.mischief(habit)
    bench.ready()
    bench.lease.active = True
    bench.want(WishMode.RUN, 2, 100)
    bench.run(after_s)
    assert values(bench)[-1] == START
    bench.want(WishMode.STOP, 3)
    asked_s = bench.clock.now()
    bench.run(0.02)
    assert values(bench, asked_s) == [STOP]
    took_s = bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 15)
    assert took_s + after_s > 8.0  # not before a start can no longer come through
    bench.run(10)
    assert bench.true_ckmh == 0


def test_no_wish_for_300_ms_stops_the_belt(bench):
    bench.walking(100)
    bench.guard_up = False
    lost_s = bench.clock.now()
    bench.run(6)
    first_s, first = bench.writes(lost_s)[0]
    assert first == STOP
    assert WISH_MISSING_S < first_s - lost_s <= WISH_MISSING_S + 0.041
    assert bench.true_ckmh == 0


def test_end_of_file_from_the_guard_stops_the_belt_at_once(bench):
    bench.walking(100)
    lost_s = bench.clock.now()
    bench.guard.close()
    bench.guard_up = False
    bench.run(0.04)
    assert values(bench, lost_s) == [STOP]


def test_a_wish_that_comes_back_after_the_dead_man_starts_nothing_in_its_old_epoch(bench):
    bench.walking(100)
    bench.guard_up = False
    bench.run(0.4)
    bench.guard_up = True
    came_s = bench.clock.now()
    bench.run(10)
    assert {value for value in values(bench, came_s) if value[0] in (0x02, 0x07)} == set()
    assert bench.true_ckmh == 0


def test_a_belt_that_is_not_ours_is_left_alone_and_said_to_be_in_use(bench):
    bench.ready()
    bench.mischief("console_start")
    bench.run(8)
    assert bench.true_ckmh > 0
    assert "did not start it" in bench.frame.trouble
    bench.want(WishMode.STOP, 2)
    bench.run(5)
    bench.guard_up = False
    bench.run(5)
    assert values(bench) == [CONTROL]


def test_a_stop_that_is_ignored_climbs_to_the_machines_minimum_and_goes_on(bench):
    bench.walking(200)
    bench.mischief("stop_and_pause_ignored")
    bench.want(WishMode.STOP, 3)
    asked_s = bench.clock.now()
    bench.run(8)
    written = bench.writes(asked_s)
    stops = [at for at, value in written if value == STOP]
    assert b"\x02\x50\x00" in [value for _, value in written]
    assert b"\x08\x02" not in [value for _, value in written]
    assert max(later - earlier for earlier, later in itertools.pairwise(stops)) <= 0.5 + 1e-6
    assert bench.frame.speed_ckmh == 80


def test_a_machine_whose_pause_works_where_its_stop_does_not_is_paused():
    profile = Profile(cap_ckmh=500, quirks=Quirks(pause_unsupported=False))
    machine = replace(SIMULATED_S1, habits=replace(SIMULATED_S1.habits, stop=MACHINES["horizon-7-4"].habits.stop))
    with TreadmillBench(machine=machine, profile=profile) as bench:
        bench.walking(200)
        bench.want(WishMode.STOP, 3)
        bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 12)
        assert b"\x08\x02" in values(bench)


def test_control_lost_is_told_and_the_stop_takes_it_back_first(bench):
    bench.walking(150)
    bench.mischief("control_lost")
    bench.run(0.1)
    assert bench.frame.event is StatusEvent.CONTROL_LOST
    assert bench.frame.link is LinkState.READ_ONLY
    bench.want(WishMode.STOP, 3)
    asked_s = bench.clock.now()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 8)
    assert values(bench, asked_s)[:2] == [CONTROL, STOP]


def test_the_machines_own_key_is_told(bench):
    bench.walking(150)
    bench.hands("key", closed=False)
    bench.until(lambda frame: frame.event is StatusEvent.SAFETY_KEY, "safety key", 8)


def test_events_in_one_breath_are_all_told(bench):
    bench.walking(150)
    seen = len(bench.frames)
    bench.mischief("console_stop")
    bench.mischief("control_lost")
    bench.run(6)
    told = {frame.event for frame in bench.frames[seen:]}
    assert {StatusEvent.CONTROL_LOST, StatusEvent.STOPPED_BY_USER} <= told


# ---------------------------------------------------------------------------------------------- losses


def test_after_a_loss_with_the_lease_open_the_first_words_are_control_and_stop(bench):
    bench.walking(150)
    bench.mischief("link_dropped")
    bench.run(0.1)
    assert bench.frame.link is LinkState.LOST
    bench.want(WishMode.STOP, 3)
    lost_s = bench.clock.now()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 15)
    assert values(bench, lost_s)[:2] == [CONTROL, STOP]
    assert {value[0] for value in values(bench, lost_s)} <= {0x00, 0x08}


def test_after_a_loss_no_target_of_before_is_written_though_the_wish_still_says_run(bench):
    bench.walking(150)
    bench.mischief("link_dropped")
    bench.want(WishMode.RUN, 2, 200)
    lost_s = bench.clock.now()
    bench.run(10)
    assert bench.frame.generation == 2
    assert {value[0] for value in values(bench, lost_s)} & {0x02, 0x03, 0x07} == set()


def test_a_killed_process_is_followed_by_one_that_adopts_the_link_and_stops_the_belt_first(bench):
    bench.walking(150)
    bench.kill_belt()
    bench.run(0.5)
    assert bench.true_ckmh > 100
    bench.want(WishMode.STOP, 3)
    bench.new_belt()
    came_s = bench.clock.now()
    bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 15)
    assert bench.frame.adopted
    assert values(bench, came_s)[:2] == [CONTROL, STOP]
    assert {value[0] for value in values(bench, came_s)} <= {0x00, 0x08}


def test_a_new_process_stops_our_belt_even_before_the_guard_has_said_anything():
    with TreadmillBench() as bench:
        bench.walking(150)
        bench.kill_belt()
        bench.wish = None
        bench.new_belt()
        came_s = bench.clock.now()
        bench.run(6)
        assert values(bench, came_s)[:2] == [CONTROL, STOP]
        assert bench.true_ckmh == 0


def test_a_new_process_leaves_a_moving_belt_alone_that_is_not_ours():
    with TreadmillBench() as bench:
        bench.walking(150)
        bench.kill_belt()
        bench.lease.active = False
        bench.new_belt()
        came_s = bench.clock.now()
        bench.want(WishMode.STOP, 1)
        bench.run(10)
        assert values(bench, came_s) == []
        assert bench.true_ckmh > 100


def test_a_new_process_does_not_hammer_a_belt_that_stands_already():
    with TreadmillBench() as bench:
        bench.walking(100)
        bench.want(WishMode.STOP, 3)
        bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 10)
        bench.kill_belt()
        bench.new_belt()
        came_s = bench.clock.now()
        bench.run(15)
        assert values(bench, came_s).count(STOP) <= 3
        assert bench.frame.stop_outcome is StopOutcome.AT_REST


def test_data_that_ends_is_told_by_its_age_and_the_link_is_no_longer_ready(bench):
    bench.walking(150)
    bench.mischief("telemetry_frozen")
    bench.run(4)
    assert bench.frame.reading_age_s > 2.5
    assert bench.frame.link is LinkState.READ_ONLY
    assert "no data" in bench.frame.trouble


@pytest.mark.parametrize("habit", ["telemetry_garbage", "telemetry_truncated"])
def test_records_that_cannot_be_trusted_are_counted_and_are_no_readings(bench, habit):
    bench.ready()
    before = bench.frame
    bench.mischief(habit)
    bench.run(10)
    assert bench.frame.anomalies > before.anomalies + 5
    assert bench.frame.reading_age_s > 5


def test_writes_that_nobody_answers_make_way_for_a_new_link():
    with TreadmillBench() as bench:
        bench.walking(150)
        bench.mischief("att_silent")
        bench.run(1)
        bench.want(WishMode.STOP, 3)
        bench.run(4)
        assert bench.frame.link is not LinkState.READY
        bench.mischief("att_silent", on=False)
        bench.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest", 20)
        assert bench.frame.generation >= 2


# ---------------------------------------------------------------------------------------------- leaving


def test_asked_to_leave_it_stops_the_belt_first_and_then_lets_go_of_the_link():
    with TreadmillBench() as bench:
        bench.walking(150)
        asked_s = bench.clock.now()
        bench.process.leave()
        bench.run(0.02)
        assert values(bench, asked_s) == [STOP]
        assert not bench.task.done()
        bench.run(6)
        assert bench.task.result() is True
        assert bench.true_ckmh == 0
        bench.run(3)
        assert not bench.world.radio.up


def test_asked_to_leave_with_a_belt_that_will_not_stop_it_goes_in_the_end_and_leaves_the_link_up():
    with TreadmillBench() as bench:
        bench.walking(150)
        bench.mischief("stop_and_pause_ignored")
        bench.process.leave()
        bench.run(bench.profile.stop_budget_s + 1.2)
        assert bench.task.result() is False
        bench.run(3)
        assert bench.world.radio.up


def test_asked_to_leave_without_a_belt_of_ours_it_goes_at_once():
    with TreadmillBench() as bench:
        bench.ready()
        bench.process.leave()
        bench.run(0.2)
        assert bench.task.result() is True


def test_a_link_that_cannot_even_be_given_up_is_not_the_end_of_connecting(bench, monkeypatch):
    bench.walking(120)
    real, failed = WireLink.disconnect, []

    async def broken(self) -> None:
        await real(self)
        failed.append(True)
        raise AttributeError("bus")  # as a library does when its bus is torn down under it

    monkeypatch.setattr(WireLink, "disconnect", broken)
    bench.mischief("link_dropped")
    bench.run(1)
    bench.want(WishMode.STOP, 3)
    bench.run(12)
    assert failed
    assert bench.true_ckmh == 0
    assert bench.frame.link is not LinkState.LOST
