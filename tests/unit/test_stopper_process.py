"""The fallback writer's own house-keeping: which treadmill it would stop, and what it knows of it."""

from __future__ import annotations

import pytest

from hardware.config.profiles import UNCOMMISSIONED, Profile, ProfileError, Quirks
from hardware.constants import SENTRY_MISSING_S, STOPPER_GRACE_S, TICK_S
from hardware.link.clock import VirtualClock
from hardware.link.endpoint import memory_pair
from hardware.link.messages import Complaint, Sentry
from hardware.link.steploop import StepLoop
from hardware.stopper.process import StopperProcess

HERE, THERE = "C0:FF:EE:00:00:42", "C0:FF:EE:00:00:99"


class Pen:
    """A writer that notes to whom it writes."""

    def __init__(self, address: str, log: list[str]) -> None:
        self.address, self.log, self.closed = address, log, False

    async def prepare(self) -> None:
        pass

    async def stop(self) -> bool:
        assert not self.closed
        self.log.append(self.address)
        return True

    async def connect(self) -> bool:
        return True

    def poll(self) -> None:
        pass

    def watch(self) -> tuple[()]:
        return ()

    async def close(self) -> None:
        self.closed = True


class LeaseBook:
    active = False


class House:
    """A stopper that was started for the treadmill HERE, and belt processes that come and go."""

    def __init__(self, profiles: dict[str, Profile | ProfileError] | None = None) -> None:
        self.clock, self.lease, self.log = VirtualClock(), LeaseBook(), []
        self.pens = [Pen(HERE, self.log)]
        self.profiles = profiles or {}
        self.loop = StepLoop(self.clock, self._idle)
        self.process = StopperProcess(
            writer=self.pens[0],
            profile=self.profile(HERE),
            lease=self.lease,
            clock=self.clock,
            address=HERE,
            writer_of=self.pen,
            profile_of=self.profile,
        )
        self.task = self.loop.create_task(self.process.run())
        self.run(STOPPER_GRACE_S)

    def _idle(self) -> None:
        self.loop.stop()

    def pen(self, address: str) -> Pen:
        self.pens.append(Pen(address, self.log))
        return self.pens[-1]

    def profile(self, address: str) -> Profile:
        found = self.profiles.get(address, UNCOMMISSIONED)
        if isinstance(found, ProfileError):
            raise found
        return found

    def belt(self, address: str | None):
        """A belt process connects, and says once who it is; a dead one closes its end."""
        mine, stoppers = memory_pair(Complaint, Sentry)
        self.process.admit(stoppers)
        mine.send(Sentry("belt", self.lease.active, False, False, address), self.clock.now())
        self.run(0.04)
        return mine

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.clock.now_s += TICK_S
            self.loop.run_forever()

    def left_alone(self) -> set[str]:
        """Guard and belt are silent, the lease is open: to whom it writes."""
        self.log.clear()
        self.lease.active = True
        self.run(SENTRY_MISSING_S + 1.5)
        return set(self.log)


@pytest.fixture
def house():
    made = []

    def make(*args) -> House:
        made.append(House(*args))
        return made[-1]

    yield make
    for one in made:
        one.process.end()
        one.run(0.1)
        one.task.result()
        one.loop.close()


def test_after_staff_have_bound_another_treadmill_a_stop_goes_to_that_one(house):
    one = house()
    one.belt(HERE).close()
    one.belt(THERE).close()
    assert one.left_alone() == {THERE}
    assert one.pens[0].closed


def test_with_the_treadmill_it_knows_and_with_none_bound_it_keeps_its_writer(house):
    one = house()
    one.belt(HERE).close()
    one.belt(None).close()
    assert one.left_alone() == {HERE}
    assert len(one.pens) == 1


def test_while_a_belt_of_ours_may_move_nothing_is_looked_up_and_the_old_one_stays(house):
    one = house()
    one.lease.active = True
    one.belt(THERE).close()
    assert one.left_alone() == {HERE}
    one.lease.active = False
    one.run(0.1)
    assert one.left_alone() == {THERE}


def test_what_commissioning_has_learned_since_counts_from_the_next_belt_process_on(house):
    one = house()
    one.profiles[HERE] = Profile(quirks=Quirks(toggle_stop=True))
    one.belt(HERE).close()
    one.left_alone()
    assert one.log == [HERE]  # a second stop starts this machine


def test_a_profile_that_cannot_be_read_leaves_the_longest_budget_and_a_writer(house):
    one = house({HERE: Profile(stop_time_s=1.0)})
    one.profiles[THERE] = ProfileError("It is broken.")
    one.belt(THERE).close()
    assert one.left_alone() == {THERE}
    one.run(2.5)
    assert len(one.log) >= 7  # beyond 1.8 s
