"""``python -m hardware.simulated``: the world as a process of its own."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from hardware.config import Config, ConfigError, LinkKind, PinsKind, load_config
from hardware.link.clock import RealClock
from hardware.link.endpoint import Listener
from hardware.link.paths import RuntimeDirError, RuntimePaths, open_runtime_directory
from hardware.simulated import real_time
from hardware.simulated.doors import Doors, DoorsError
from hardware.simulated.lockstep import ORDER, START_S, Barrier, LockstepError
from hardware.simulated.machines import SIMULATED_S1, Machine
from hardware.simulated.world import World, WorldError, machine_named


class _Signals:
    """SIGTERM and SIGINT end the world at the next look."""

    def __init__(self) -> None:
        self._told = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._told = True

    def stopping(self) -> bool:
        """True once a signal came."""
        return self._told


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the world; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m hardware.simulated", description="The simulated treadmill, its pins and its time."
    )
    parser.add_argument("--config", type=Path, required=True, help="configuration file")
    parser.add_argument("--runtime", type=Path, required=True, help="directory of the sockets")
    parser.add_argument("--treadmill", default=SIMULATED_S1.key, help="which machine to play")
    parser.add_argument("--mischief", default="", help="bad habits to begin with, comma-separated")
    parser.add_argument(
        "--lockstep", action="store_true", help="own time, and let the roles take their 20 ms in turn"
    )
    parser.add_argument("--roles", default=",".join(ORDER), help="who takes part in the lock-step, comma-separated")
    parser.add_argument("--run-on", type=float, default=0.0, help="simulated seconds to go on when all have left")
    options = parser.parse_args(arguments)
    signals = _Signals()
    try:
        job = _Job(
            config=load_config(options.config),
            machine=machine_named(options.treadmill),
            paths=open_runtime_directory(options.runtime),
            mischief=tuple(name for name in options.mischief.split(",") if name),
        )
        if options.lockstep:
            _run_lockstep(job, _roles(options.roles), options.run_on, signals)
        else:
            _run_real_time(job, signals)
    except (ConfigError, RuntimeDirError, WorldError, DoorsError, LockstepError, _UsageError) as error:
        _say(str(error))
        return 2
    return 0


@dataclass(frozen=True, slots=True)
class _Job:
    config: Config
    machine: Machine
    paths: RuntimePaths
    mischief: tuple[str, ...]

    def world(self, now_s: float, *, grace_s: float = 0.0) -> World:
        """The world as it was asked for."""
        world = World(self.config, now_s, self.machine, grace_s=grace_s)
        for name in self.mischief:
            world.mischief(name, True, now_s)
        return world


class _UsageError(Exception):
    """An option makes no sense; the text says which would."""


def _roles(text: str) -> tuple[str, ...]:
    roles = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in roles if name not in ORDER]
    if unknown or not roles:
        raise _UsageError(f"--roles takes some of {', '.join(ORDER)}; it was given {text!r}.")
    return roles


def _may_lockstep(config: Config) -> None:
    if config.treadmill.link is not LinkKind.SIMULATED or config.wiring.pins is not PinsKind.SIMULATED:
        raise _UsageError(
            "Lock-step is only for a world that is simulated throughout: "
            'set treadmill.link = "simulated" and wiring.pins = "simulated", or leave --lockstep out.'
        )


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _run_lockstep(job: _Job, roles: Sequence[str], run_on_s: float, signals: _Signals) -> None:
    _may_lockstep(job.config)
    world = job.world(START_S)
    with Doors(job.paths) as doors, closing(world):
        barrier = Barrier(
            Listener(job.paths.world_clock),
            roles,
            world,
            doors,
            stopping=signals.stopping,
            complain=_say,
            run_on_s=run_on_s,
        )
        with closing(barrier):
            barrier.run()


def _run_real_time(job: _Job, signals: _Signals) -> None:
    clock = RealClock()
    # A guard that is late trips by itself after tick_late_s; until then a byte on its way is nobody's fault.
    world = job.world(clock.now(), grace_s=job.config.timing.tick_late_s)
    with Doors(job.paths) as doors, closing(world):
        real_time.run(world, doors, clock, signals.stopping)


def run() -> NoReturn:
    """Entry point."""
    sys.exit(main())


if __name__ == "__main__":
    run()
