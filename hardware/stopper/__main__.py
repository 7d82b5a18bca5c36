"""``python -m hardware.stopper``: the fallback writer. With ``--once``: stop if the lease is open, then go."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hardware.config import Config, ConfigError, LinkKind, load_config
from hardware.config.profiles import load_profile, usable_profile
from hardware.link.clock import Clock, ClockError, LockstepClock, RealClock
from hardware.link.endpoint import Listener, SocketEndpoint
from hardware.link.lease import Lease
from hardware.link.mailbox import socket_mailbox
from hardware.link.messages import Complaint, Sentry, WorldToBelt
from hardware.link.notify import Notifier
from hardware.link.paths import RuntimeDirError, RuntimePaths, open_runtime_directory
from hardware.link.steploop import StepLoop
from hardware.stopper.process import Peer, StopperProcess
from hardware.stopper.world import WorldWriter
from hardware.stopper.writer import Writer

ONCE_ENOUGH: Final = 2  # taken by the treadmill twice: more could start a belt that stands (quirk 12)


def say(sentence: str) -> None:
    """For the journal, or whoever has started it by hand."""
    print(sentence, file=sys.stderr, flush=True)


def make_writer(config: Config, paths: RuntimePaths, clock: Clock, address: str | None) -> Writer:
    """The writer that the configuration names, for the treadmill at *address*."""
    if config.treadmill.link is LinkKind.SIMULATED:
        return WorldWriter(socket_mailbox(paths.world_link, WorldToBelt), address, clock)
    from hardware.stopper.bluez import BluezWriter

    return BluezWriter(address, config.treadmill.adapter)


class _Entrance:
    """The listening socket, for the loop."""

    def __init__(self, path: Path) -> None:
        self._listener: Final = Listener(path)
        self.connections = 0

    def fileno(self) -> int:
        return self._listener.fileno()

    def accept(self) -> Peer | None:
        sock = self._listener.accept()
        return None if sock is None else SocketEndpoint[Complaint, Sentry](sock, Sentry)

    def close(self) -> None:
        self._listener.close()


async def serve(
    config: Config, paths: RuntimePaths, clock: Clock, on_process: Callable[[StopperProcess], None]
) -> None:
    """Run until asked to leave."""
    profile = usable_profile(config.data_directory, config.treadmill.address, say)
    notifier = Notifier()
    lease = Lease(paths.lease, writable=False)
    entrance = _Entrance(paths.stopper)
    try:
        process = StopperProcess(
            writer=make_writer(config, paths, clock, config.treadmill.address),
            profile=profile,
            lease=lease,
            clock=clock,
            accept=entrance.accept,
            listener=entrance,
            healthy=notifier.feed,
            address=config.treadmill.address,
            writer_of=lambda address: make_writer(config, paths, clock, address),
            profile_of=lambda address: load_profile(config.data_directory, address),
        )
        on_process(process)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, process.end)
        notifier.ready()
        await process.run()
    finally:
        notifier.stopping()
        notifier.close()
        entrance.close()
        lease.close()


def run_once(config: Config, paths: RuntimePaths) -> int:
    """For ExecStopPost=. Exit code 0: nothing to do, or the treadmill took the stop; 1: it did not."""
    profile = usable_profile(config.data_directory, config.treadmill.address, say)
    lease = Lease(paths.lease, writable=False)
    try:
        if not lease.active:
            return 0
        clock = RealClock()

        async def work() -> bool:
            enough = 1 if profile.quirks.toggle_stop else ONCE_ENOUGH
            process = StopperProcess(
                writer=make_writer(config, paths, clock, config.treadmill.address),
                profile=profile,
                lease=lease,
                clock=clock,
                grace_s=0.0,
                enough=enough,
            )
            await process.run()
            return process.post.confirmed > 0

        taken = asyncio.run(work())
    finally:
        lease.close()
    if not taken:
        say("The treadmill did not take the stop. Step to the side rails and pull its own key.")
    return 0 if taken else 1


def run_lockstep(config: Config, paths: RuntimePaths) -> None:
    """Time is the simulated world's; when the world goes away, so do we."""
    clock = LockstepClock(paths.world_clock, "stopper")
    processes: list[StopperProcess] = []

    def on_idle() -> None:
        if not clock.wait():
            for process in processes:
                process.end()

    loop = StepLoop(clock, on_idle)
    try:
        clock.wait()
        loop.run_until_complete(serve(config, paths, clock, processes.append))
    finally:
        clock.close()
        loop.close()


def main(argv: list[str] | None = None) -> int:
    """Exit codes: 0 in good order, 1 a stop was not taken (--once), 2 could not start."""
    parser = argparse.ArgumentParser(prog="python -m hardware.stopper", description="The fallback that writes stop.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--lockstep", action="store_true", help="time comes from the simulated world")
    parser.add_argument("--once", action="store_true", help="stop the belt if the lease is open, then end")
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
        paths = open_runtime_directory(arguments.runtime)
        if arguments.once:
            return run_once(config, paths)
        if arguments.lockstep:
            if config.treadmill.link is not LinkKind.SIMULATED:
                raise ConfigError("Lock-step needs a simulated treadmill (treadmill.link).")
            run_lockstep(config, paths)
        else:
            asyncio.run(serve(config, paths, RealClock(), lambda _: None))
    except (ConfigError, RuntimeDirError, ClockError) as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
