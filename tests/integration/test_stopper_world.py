"""The fallback writer on the simulated link, composed with the belt process on a virtual clock."""

import itertools

import pytest

from hardware.config.profiles import Profile, Quirks
from hardware.constants import SENTRY_MISSING_S
from hardware.link.endpoint import memory_pair
from hardware.link.mailbox import Mailbox
from hardware.link.messages import BeltToWorld, Complaint, Sentry, WishMode, WorldToBelt
from hardware.stopper.process import StopperProcess
from hardware.stopper.world import WorldWriter
from tests.support.treadmill_bench import ADDRESS, TreadmillBench, _once

STOP, CONTROL = b"\x08\x01", b"\x00"


class StopperBench(TreadmillBench):
    """A bench with a stopper; the test is the guard."""

    def __init__(self, **more):
        super().__init__(**more)
        here, there = memory_pair(WorldToBelt, BeltToWorld)
        self.world.attach_link(there)
        self.fallback = StopperProcess(
            writer=WorldWriter(Mailbox(_once(here)), ADDRESS, self.clock),
            profile=self.profile,
            lease=self.lease,
            clock=self.clock,
        )
        self.fallback_task = self.loop.create_task(self.fallback.run())
        self.guard_sentry, stopper_end = memory_pair(Complaint, Sentry)
        self.fallback.admit(stopper_end)
        self.belt_sentry, stopper_end = memory_pair(Complaint, Sentry)
        self.fallback.admit(stopper_end)
        self.guard_word = Sentry("guard", False, False, True, ADDRESS)
        self.guard_speaks = True
        self.belt_speaks = True

    def quantum(self):
        heard = len(self.sentries)
        if self.guard_speaks:
            self.guard_sentry.send(self.guard_word, self.clock.now())
        super().quantum()
        for sentry in self.sentries[heard:]:
            if self.belt_speaks:
                self.belt_sentry.send(sentry, self.clock.now())

    def guard_says(self, *, stop_now=False, at_rest=False):
        self.guard_word = Sentry("guard", self.lease.active, stop_now, at_rest, ADDRESS)

    def __exit__(self, *args):
        self.fallback.end()
        super().__exit__(*args)
        self.fallback_task.result()


@pytest.fixture
def bench():
    with StopperBench() as made:
        made.walking(150)
        made.guard_says()
        made.run(1)
        yield made


def test_through_a_whole_walk_it_writes_nothing(bench):
    bench.run(10)
    bench.want(WishMode.STOP, 3)
    bench.run(10)
    assert bench.fallback.writes == 0


def test_a_dead_belt_process_and_a_guard_that_asks_the_belt_is_stopped_though_its_indications_went_with_it(bench):
    bench.kill_belt()
    bench.belt_sentry.close()
    bench.guard_says(stop_now=True)
    asked_s = bench.clock.now()
    bench.run(4)
    assert bench.true_ckmh == 0
    first_s, first = bench.writes(asked_s)[0]
    assert first == STOP
    assert first_s - asked_s <= 0.041
    assert {value for _, value in bench.writes(asked_s)} == {STOP}


def test_both_silent_with_the_lease_open_it_stops_the_belt_by_itself(bench):
    bench.kill_belt()
    bench.belt_speaks = bench.guard_speaks = False
    lost_s = bench.clock.now()
    bench.run(5)
    assert bench.true_ckmh == 0
    assert SENTRY_MISSING_S - 0.1 <= bench.writes(lost_s)[0][0] - lost_s <= SENTRY_MISSING_S + 0.1


def test_both_silent_without_a_lease_it_leaves_the_belt_alone(bench):
    bench.kill_belt()
    bench.lease.active = False
    bench.belt_speaks = bench.guard_speaks = False
    lost_s = bench.clock.now()
    bench.run(5)
    assert bench.writes(lost_s) == []


def test_it_goes_on_until_its_budget_is_over_and_no_longer(bench):
    bench.mischief("stop_and_pause_ignored")
    bench.kill_belt()
    bench.belt_speaks = bench.guard_speaks = False
    bench.run(12)
    written = [at for at, value in bench.writes() if value == STOP]
    assert max(later - earlier for earlier, later in itertools.pairwise(written)) <= 0.6
    assert bench.profile.stop_budget_s - 0.6 <= written[-1] - written[0] <= bench.profile.stop_budget_s


def test_with_the_link_down_it_makes_one_takes_control_and_stops(bench):
    bench.kill_belt()
    bench.mischief("link_dropped")
    bench.guard_says(stop_now=True)
    asked_s = bench.clock.now()
    bench.run(6)
    assert bench.true_ckmh == 0
    assert CONTROL in [value for _, value in bench.writes(asked_s)]


def test_its_end_leaves_the_link_up(bench):
    bench.fallback.end()
    bench.run(5)
    assert bench.fallback_task.done()
    assert bench.world.radio.up


def test_a_machine_that_starts_on_a_second_stop_gets_one():
    profile = Profile(cap_ckmh=500, quirks=Quirks(toggle_stop=True))
    with StopperBench(profile=profile) as bench:
        bench.mischief("stop_toggles")
        bench.walking(150)
        bench.kill_belt()
        bench.guard_says(stop_now=True)
        bench.run(10)
        assert bench.true_ckmh == 0


def test_the_one_stop_of_such_a_machine_counts_over_a_link_made_for_it_too():
    profile = Profile(cap_ckmh=500, quirks=Quirks(toggle_stop=True))
    with StopperBench(profile=profile) as bench:
        bench.mischief("stop_toggles")
        bench.walking(150)
        bench.kill_belt()
        bench.mischief("link_dropped")
        bench.guard_says(stop_now=True)
        asked_s = bench.clock.now()
        bench.run(10)
        assert bench.true_ckmh == 0
        answers = [
            entry.value for entry in bench.world.tap.entries if entry.t_s > asked_s and entry.direction == "indicate"
        ]
        assert b"\x80\x08\x05" not in answers  # a stop that is refused counts as taken, and would be its only one
        assert b"\x80\x08\x01" in answers
