"""The belt process over real bleak and real D-Bus, on the real clock; the test is the guard and bluetoothd."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bleak.backends.bluezdbus.manager import get_global_bluez_manager

from hardware.belt.bluetooth import BluetoothLink
from hardware.belt.process import BeltProcess
from hardware.config.profiles import Profile
from hardware.constants import TICK_S
from hardware.link.clock import RealClock
from hardware.link.endpoint import memory_pair
from hardware.link.mailbox import Mailbox
from hardware.link.messages import Belt, LinkState, StopOutcome, Wish, WishMode
from tests.support.bluez import ADDRESS, FakeBluez
from tests.support.treadmill_bench import FakeLease, _once

PROFILE = Profile(cap_ckmh=500, start_latency_s=0.3, data_period_s=0.1)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """A loop of its own for *work*; what bleak keeps for the life of a loop is let go of."""

    async def whole() -> None:
        try:
            await work()
        finally:
            manager = await _manager()
            if manager is not None and manager._bus is not None:
                manager._bus.disconnect()
                if manager._bus_watcher_task is not None:
                    await asyncio.wait({manager._bus_watcher_task}, timeout=2)

    asyncio.run(whole())


async def _manager():
    try:
        return await asyncio.wait_for(get_global_bluez_manager(), 2)
    except Exception:  # no bluetoothd at the end of a test: then there is nothing to let go of
        return None


async def until(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Wait for *condition*."""
    end_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end_s:
            raise AssertionError(f"no {what} within {seconds} s")
        await asyncio.sleep(0.005)


class BluezBench:
    """``async with BluezBench(bus) as bench: ...``"""

    def __init__(
        self, bus, *, profile: Profile = PROFILE, lease: bool = False, address: str | None = ADDRESS
    ) -> None:
        self.address = address
        self.fake = FakeBluez(bus.address)
        self.profile = profile
        self.lease = FakeLease()
        self.lease.active = lease
        self.frames: list[Belt] = []
        self.wish: Wish | None = None

    async def __aenter__(self) -> BluezBench:
        await self.fake.start()
        clock = RealClock()
        self.guard, guard_belt = memory_pair(Belt, Wish)
        self.link = BluetoothLink(None, clock)
        self.process = BeltProcess(
            link=self.link,
            profile=self.profile,
            address=self.address,
            cap_ckmh=500,
            guard=Mailbox(_once(guard_belt)),
            stopper=Mailbox(lambda: None),
            lease=self.lease,
            clock=clock,
        )
        self.task = asyncio.ensure_future(self.process.run())
        self._guarding = asyncio.ensure_future(self._guard())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.lease.active = False
        self.process.end()
        await asyncio.wait({self.task}, timeout=10)
        self._guarding.cancel()
        await asyncio.wait({self._guarding})
        await self.fake.close()
        self.task.result()

    async def _guard(self) -> None:
        while True:
            if self.wish is not None:
                self.guard.send(self.wish, time.monotonic())
            self.frames += [frame.body for frame in self.guard.drain(time.monotonic())]
            await asyncio.sleep(TICK_S)

    @property
    def frame(self) -> Belt:
        """The newest."""
        return self.frames[-1]

    def want(self, mode: WishMode, epoch: int, speed_ckmh: int = 0) -> float:
        """From now on, every tick, this Wish."""
        self.wish = Wish(epoch, mode, speed_ckmh, 0)
        return time.monotonic()

    async def until(self, condition: Callable[[Belt], object], what: str, seconds: float = 10.0) -> None:
        """Wait until the newest frame satisfies *condition*."""
        await until(lambda: self.frames and condition(self.frames[-1]), what, seconds)

    async def ready(self) -> None:
        """Connected, control held, belt at rest."""
        self.want(WishMode.STOP, 1)
        await self.until(lambda frame: frame.link is LinkState.READY, "control")
        await self.until(lambda frame: frame.stop_outcome is StopOutcome.AT_REST, "rest")

    async def walking(self, speed_ckmh: int = 150) -> None:
        """Moving at *speed_ckmh*."""
        await self.ready()
        self.lease.active = True
        self.want(WishMode.RUN, 2, speed_ckmh)
        await self.until(lambda frame: abs((frame.speed_ckmh or 0) - speed_ckmh) < 10, "speed")
