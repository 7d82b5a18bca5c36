"""``python -m hardware.guard``: everything a process must do around the guard's loop.

Files are read before the first tick and never after. Errors a person must see: one sentence on stderr, exit code 2.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from hardware.config import Config, ConfigError, LinkKind, PinsKind, load_config
from hardware.config.binding import BindingError, proved
from hardware.config.profiles import Profile, ProfileError, parse_profile
from hardware.gpio.chip import ChipPins
from hardware.gpio.pins import PinError, Pins, WorldPins
from hardware.gpio.wires import input_pins, output_pins
from hardware.guard.loop import BeltSeat, Guard, KioskSeat, rules_of, run
from hardware.guard.seat import Seat
from hardware.link.clock import ClockError, LockstepClock, RealClock
from hardware.link.endpoint import Listener, SocketEndpoint, connect
from hardware.link.lease import Lease
from hardware.link.mailbox import socket_mailbox
from hardware.link.messages import Belt, Complaint, KioskToGuard, PinDrive, PinLevels, PinsToGuard
from hardware.link.notify import Notifier
from hardware.link.paths import RuntimeDirError, RuntimePaths, open_runtime_directory

WORLD_WAIT_S: Final = 10.0
BOOT_S: Final = 60.0  # monotonic seconds are those since the boot
HOLD_S: Final = 10.0  # less than the unit's TimeoutStartSec
HOLD_LOOK_S: Final = 0.1
_MCL_CURRENT: Final = 1
_MCL_FUTURE: Final = 2

BELT_TAKEN: Final = "A belt process is connected to this guard already. Only one may drive the belt."
KIOSK_TAKEN: Final = "A kiosk is connected to this guard already. Close it first."


class _Told:
    """SIGTERM and SIGINT: bring the belt to rest, then leave."""

    def __init__(self) -> None:
        self.told = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.told = True

    def __call__(self) -> bool:
        return self.told


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the guard; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m hardware.guard", description="The guard: alone decides whether the belt may move."
    )
    parser.add_argument("--config", type=Path, required=True, help="configuration file")
    parser.add_argument("--runtime", type=Path, required=True, help="directory of the sockets")
    parser.add_argument("--lockstep", action="store_true", help="take the time from the simulated world")
    options = parser.parse_args(arguments)
    told = _Told()
    try:
        config = load_config(options.config)
        if options.lockstep and not _all_simulated(config):
            raise ConfigError(
                "Lock-step is only for a world that is simulated throughout: "
                'set treadmill.link = "simulated" and wiring.pins = "simulated", or leave --lockstep out.'
            )
        paths = open_runtime_directory(options.runtime)
        _serve(config, paths, told, lockstep=options.lockstep)
    except (ConfigError, BindingError, RuntimeDirError, PinError, ClockError) as error:
        _say(str(error))
    else:
        return 0
    hold(told, os.environ)  # with what was opened let go again: nobody shall wait at a door that is not kept
    return 2


def hold(told: Callable[[], bool], environment: Mapping[str, str]) -> None:
    """What a person has to mend is tried again only now and then: each try costs a core at real-time priority, and
    lines of the journal. Not so soon after the boot, when devices may come late, and not where nobody restarts us.
    """
    if "NOTIFY_SOCKET" not in environment or time.monotonic() < BOOT_S:
        return
    until_s = time.monotonic() + HOLD_S
    while time.monotonic() < until_s and not told():
        time.sleep(HOLD_LOOK_S)


def _all_simulated(config: Config) -> bool:
    return config.treadmill.link is LinkKind.SIMULATED and config.wiring.pins is PinsKind.SIMULATED


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _serve(config: Config, paths: RuntimePaths, told: _Told, *, lockstep: bool) -> None:
    rules = rules_of(config, _profiles(config.data_directory), proved=proved(config.data_directory))
    belt: BeltSeat = Seat(Belt, BELT_TAKEN, _listener(paths.guard_belt))
    kiosk: KioskSeat = Seat(KioskToGuard, KIOSK_TAKEN, _listener(paths.guard_kiosk))
    lease = Lease(paths.lease, writable=True)
    notifier = Notifier()
    pins = _pins(config, paths)
    clock = LockstepClock(paths.world_clock, "guard") if lockstep else RealClock()
    if isinstance(clock, LockstepClock) and not clock.wait():
        return
    guard = Guard(
        rules=rules,
        wiring=config.wiring,
        pins=pins,
        belt=belt,
        kiosk=kiosk,
        stopper=socket_mailbox(paths.stopper, Complaint),
        lease=lease,
        now_s=clock.now(),
    )
    _settle_memory()
    notifier.ready()
    try:
        if isinstance(clock, LockstepClock):
            _run_lockstep(guard, clock, told)
        else:
            run(guard, clock.now, time.sleep, told_to_leave=told, healthy=notifier.feed)
    finally:
        notifier.stopping()
        guard.close(clock.now())
        lease.close()
        notifier.close()
        if isinstance(clock, LockstepClock):
            clock.close()


def _run_lockstep(guard: Guard, clock: LockstepClock, told: _Told) -> None:
    """Until told to leave, or until the world that owns the time has gone."""
    while True:
        now_s = clock.now()
        if told():
            guard.leave(now_s)
        guard.step(now_s)
        if guard.done(now_s) or not clock.wait():
            return


def _profiles(directory: Path) -> dict[str, Profile]:
    """Every profile in the data directory, by address. One that cannot be used is said and left out (P11)."""
    found: dict[str, Profile] = {}
    for path in sorted((directory / "profiles").glob("*.toml")):
        try:
            profile = parse_profile(path.read_text(encoding="utf-8"), str(path))
            if profile.address is None or path.stem != profile.address.replace(":", "-"):
                raise ProfileError(
                    f"{path} is a profile of {profile.address}, not of the treadmill it is named after."
                )
        except (ProfileError, OSError, UnicodeDecodeError) as error:
            _say(f"{error} This treadmill counts as uncommissioned: 2.0 km/h at most.")
        else:
            found[profile.address] = profile
    return found


def _listener(path: Path) -> Listener:
    there = connect(path)
    if there is not None:
        there.close()
        raise RuntimeDirError(f"Another guard is already running in {path.parent}. Stop it first.")
    try:
        return Listener(path)
    except OSError as error:
        raise RuntimeDirError(f"The socket {path} cannot be opened: {error}.") from error


def _pins(config: Config, paths: RuntimePaths) -> Pins:
    wiring = config.wiring
    if wiring.pins is PinsKind.GPIO:
        inputs, outputs = input_pins(wiring).values(), output_pins(wiring).values()
        return ChipPins(inputs, outputs, paths.directory, wiring.chip_label)
    deadline_s = time.monotonic() + WORLD_WAIT_S
    while (sock := connect(paths.world_pins)) is None:
        if time.monotonic() > deadline_s:
            raise PinError(f"No simulated world listens at {paths.world_pins}. Start it first.")
        time.sleep(0.01)
    return WorldPins(SocketEndpoint[PinDrive, PinLevels](sock, PinsToGuard))


def _settle_memory() -> None:
    """No collector and no page fault in a tick. What the loop makes is freed by counting: it makes no cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()
    unlimited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY
    try:
        # MCL_FUTURE under a limit would turn a later allocation into a crash.
        ctypes.CDLL(None, use_errno=True).mlockall(_MCL_CURRENT | (_MCL_FUTURE if unlimited else 0))
    except (OSError, AttributeError):
        return  # not Linux, or no such call: a page fault then costs time, and lateness trips
