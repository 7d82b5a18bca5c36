"""``python -m hardware.belt``: the belt process on its real sockets and signals."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from hardware.belt.link import GattLink
from hardware.belt.process import BeltProcess
from hardware.belt.wire import WireLink
from hardware.config import Config, ConfigError, LinkKind, load_config
from hardware.config.profiles import ProfileError, load_profile
from hardware.link.clock import Clock, ClockError, LockstepClock, RealClock
from hardware.link.lease import Lease
from hardware.link.mailbox import socket_mailbox
from hardware.link.messages import Complaint, Wish, WorldToBelt
from hardware.link.notify import Notifier
from hardware.link.paths import RuntimeDirError, RuntimePaths, open_runtime_directory
from hardware.link.steploop import StepLoop


def make_link(config: Config, paths: RuntimePaths, clock: Clock) -> GattLink:
    """The link that the configuration names; nothing else is ever tried."""
    if config.treadmill.link is LinkKind.SIMULATED:
        return WireLink(socket_mailbox(paths.world_link, WorldToBelt), clock)
    from hardware.belt.bluetooth import BluetoothLink

    return BluetoothLink(config.treadmill.adapter, clock)


async def serve(config: Config, paths: RuntimePaths, clock: Clock, on_process: Callable[[BeltProcess], None]) -> bool:
    """Run until asked to leave. True: the belt is at rest, or was never ours. Raises ProfileError."""
    notifier = Notifier()
    lease = Lease(paths.lease, writable=False)
    try:
        process = BeltProcess(
            link=make_link(config, paths, clock),
            profile=load_profile(config.data_directory, config.treadmill.address),
            address=config.treadmill.address,
            cap_ckmh=config.limits.cap_ckmh,
            guard=socket_mailbox(paths.guard_belt, Wish),
            stopper=socket_mailbox(paths.stopper, Complaint),
            lease=lease,
            clock=clock,
            healthy=notifier.feed,
        )
        on_process(process)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, process.leave)
        notifier.ready()
        return await process.run()
    finally:
        notifier.stopping()
        notifier.close()
        lease.close()


def run_lockstep(config: Config, paths: RuntimePaths) -> bool:
    """Time is the simulated world's; when the world goes away, so do we."""
    clock = LockstepClock(paths.world_clock, "belt")
    process: list[BeltProcess] = []

    def on_idle() -> None:
        if not clock.wait():
            for one in process:
                one.end()

    loop = StepLoop(clock, on_idle)
    try:
        clock.wait()
        return loop.run_until_complete(serve(config, paths, clock, process.append))
    finally:
        clock.close()
        loop.close()


def main(argv: list[str] | None = None) -> int:
    """Exit codes: 0 left in good order, 1 left with a belt that may still move, 2 could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m hardware.belt", description="The process that speaks to the belt."
    )
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--lockstep", action="store_true", help="time comes from the simulated world")
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
        paths = open_runtime_directory(arguments.runtime)
        if arguments.lockstep:
            if config.treadmill.link is not LinkKind.SIMULATED:
                raise ConfigError("Lock-step needs a simulated treadmill (treadmill.link).")
            rest = run_lockstep(config, paths)
        else:
            runner = asyncio.Runner()
            rest = runner.run(serve(config, paths, RealClock(), lambda _: None))
            if rest:  # closing cancels bleak's tasks, and they drop the link: not while the stopper may need it
                runner.close()
    except (ConfigError, RuntimeDirError, ProfileError, ClockError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0 if rest else 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # no tidying up by the interpreter either (bluez.md F15, F17)
