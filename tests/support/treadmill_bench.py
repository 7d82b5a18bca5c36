"""The belt process alone with the simulated treadmill, on a virtual clock; the test is the guard.

Frames are still encoded. One quantum is 20 ms: the world steps, then the belt process takes its turn.
"""

from __future__ import annotations

from collections.abc import Callable

from hardware.belt.process import BeltProcess
from hardware.belt.wire import WireLink
from hardware.config import parse_config
from hardware.config.profiles import Profile
from hardware.constants import TICK_S
from hardware.link.clock import VirtualClock
from hardware.link.endpoint import memory_pair
from hardware.link.mailbox import Mailbox
from hardware.link.messages import (
    Belt,
    BeltToWorld,
    Complaint,
    LinkState,
    Sentry,
    StopBy,
    ToStopper,
    Wish,
    WishMode,
    WorldToBelt,
)
from hardware.link.steploop import StepLoop
from hardware.simulated.machines import SIMULATED_S1, Machine
from hardware.simulated.tap import CONTROL_POINT
from hardware.simulated.world import World

ADDRESS = "C0:FF:EE:00:00:42"
CONFIG = f"""
[treadmill]
link = "simulated"
address = "{ADDRESS}"
[limits]
cap_kmh = 5.0
max_incline_percent = 5
[wiring]
pins = "simulated"
"""


class FakeLease:
    """A lease that the test opens and closes."""

    active = False


class TreadmillBench:
    """``with TreadmillBench() as bench: ...``"""

    def __init__(
        self,
        *,
        machine: Machine = SIMULATED_S1,
        profile: Profile | None = None,
        lease: bool = False,
        address: str | None = ADDRESS,
    ) -> None:
        self.address = address
        self.clock = VirtualClock()
        self.world = World(parse_config(CONFIG), self.clock.now(), machine)
        self.profile = profile or Profile(cap_ckmh=500)
        self.lease = FakeLease()
        self.lease.active = lease
        self.loop = StepLoop(self.clock, self._idle)
        self.frames: list[Belt] = []
        self.sentries: list[Sentry] = []
        self.wish: Wish | None = None
        self.guard_up = True
        self._quanta = 0
        self._start_s = self.clock.now()
        self.new_belt()

    def _idle(self) -> None:
        self.loop.stop()

    def new_belt(self) -> None:
        """Start (another) belt process; the old one is as good as killed."""
        link_here, link_there = memory_pair(WorldToBelt, BeltToWorld)
        self.guard, guard_belt = memory_pair(Belt, Wish)
        self.stopper, belt_stopper = memory_pair(ToStopper, Complaint)
        self.world.attach_link(link_there)
        self.link_end = link_here
        self.process = BeltProcess(
            link=WireLink(Mailbox(_once(link_here)), self.clock),
            profile=self.profile,
            address=self.address,
            cap_ckmh=500,
            guard=Mailbox(_once(guard_belt)),
            stopper=Mailbox(_once(belt_stopper)),
            lease=self.lease,
            clock=self.clock,
        )
        self.task = self.loop.create_task(self.process.run())

    def kill_belt(self) -> None:
        """As kill -9: no word, the mailboxes just end."""
        self.link_end.close()
        self.guard.close()
        self.task.cancel()
        self.loop.run_forever()

    def __enter__(self) -> TreadmillBench:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.end()
        for _ in range(100):
            if self.task.done():
                break
            self.loop.run_forever()
            self.clock.now_s += TICK_S
        self.task.cancel()
        self.loop.run_forever()
        self.loop.close()
        if not self.task.cancelled():
            self.task.result()

    # ------------------------------------------------------------------------------------------ time

    def quantum(self) -> None:
        """20 ms."""
        self._quanta += 1
        self.clock.now_s = self._start_s + self._quanta * TICK_S
        now_s = self.clock.now()
        self.world.step(now_s)
        if self.guard_up and self.wish is not None:
            self.guard.send(self.wish, now_s)
        self.loop.run_forever()
        if self.task.done() and not self.task.cancelled():
            self.task.result()
        self.world.receive(now_s)
        self.frames += [frame.body for frame in self.guard.drain(now_s)]
        self.sentries += [frame.body for frame in self.stopper.drain(now_s)]

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / TICK_S)):
            self.quantum()

    def until(self, condition: Callable[[Belt], bool], what: str, seconds: float = 20.0) -> float:
        """Let time pass until the newest frame satisfies *condition*; gives the seconds it took."""
        begun_s = self.clock.now()
        for _ in range(round(seconds / TICK_S)):
            self.quantum()
            if self.frames and condition(self.frames[-1]):
                return self.clock.now() - begun_s
        raise AssertionError(f"no {what} within {seconds} s: {self.frames[-1] if self.frames else None}")

    # ------------------------------------------------------------------------------------------ the guard's part

    @property
    def frame(self) -> Belt:
        """The newest Belt frame."""
        return self.frames[-1]

    def want(
        self, mode: WishMode, epoch: int, speed_ckmh: int = 0, incline_dpct: int = 0, **more: StopBy | bool
    ) -> None:
        """From now on, every tick, this Wish."""
        self.wish = Wish(epoch, mode, speed_ckmh, incline_dpct, **more)

    def ready(self) -> None:
        """Connected, control held, belt still."""
        if self.wish is None:
            self.want(WishMode.STOP, 1)
        self.until(lambda frame: frame.link is LinkState.READY, "control", 30)
        self.run(2.1)

    def walking(self, speed_ckmh: int = 100, epoch: int = 2) -> None:
        """Started, and moving at *speed_ckmh*."""
        self.ready()
        self.lease.active = True
        self.want(WishMode.RUN, epoch, speed_ckmh)
        self.until(lambda frame: abs((frame.speed_ckmh or 0) - speed_ckmh) <= 20, "speed", 30)

    def hands(self, what: str, *, closed: bool) -> None:
        """Move the clip or a button."""
        self.world.hand(what, closed, self.clock.now())

    def mischief(self, name: str, *, on: bool = True) -> None:
        """Give the treadmill a bad habit."""
        self.world.mischief(name, on, self.clock.now())

    # ------------------------------------------------------------------------------------------ the truth

    def writes(self, since_s: float = 0.0) -> list[tuple[float, bytes]]:
        """What left for the control point after *since_s*."""
        return [
            (entry.t_s, entry.value)
            for entry in self.world.tap.entries
            if entry.direction == "write" and entry.char == CONTROL_POINT and entry.t_s > since_s
        ]

    @property
    def true_ckmh(self) -> float:
        """The belt's true speed."""
        return self.world.treadmill.true_ckmh


def _once(endpoint):
    given = []

    def dial():
        if given:
            return None
        given.append(endpoint)
        return endpoint

    return dial
