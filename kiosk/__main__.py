"""``python -m kiosk``: the kiosk process.

Exit codes: 0 asked to leave, or the autopilot's walk is done; 1 the autopilot could not finish; 2 it cannot start,
with one sentence that says why.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from hardware.config import Config, ConfigError, PinsKind, WiringLevel, load_config
from hardware.link.clock import Clock, ClockError, LockstepClock, RealClock
from hardware.link.mailbox import Mailbox, socket_mailbox
from hardware.link.messages import GuardToKiosk, KioskToGuard, WorldToControl
from hardware.link.notify import Notifier
from hardware.link.paths import RuntimeDirError, RuntimePaths, open_runtime_directory
from kiosk.app import Kiosk, Simulation, WorldIn, WorldOut
from kiosk.appliance import console
from kiosk.appliance.frames import FrameFeed
from kiosk.appliance.lacks import Lacks, nothing_lacks
from kiosk.archive import StoreArchive
from kiosk.assets import assets_directory
from kiosk.autopilot import Autopilot
from kiosk.content import Content, ContentError, load_content, read_screening
from kiosk.locale import LocaleError
from kiosk.session import texts
from kiosk.session.setup import Display, Setup
from kiosk.sound import Silence, Sound
from kiosk.staff.desk import texts as desk_texts
from kiosk.stage import DisplayError, PygameStage
from kiosk.store.moment import SimulatedWallClock, WallClock, wall_utc_ms
from kiosk.store.records import StoreError
from kiosk.store.store import open_store
from kiosk.ui.sound import close_sound, open_sound

IDLE_WAIT_S: Final = 0.05


class _Leave:
    """Set by SIGTERM and SIGINT."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def setup_of(
    config: Config, content: Content, archive: StoreArchive, clock: Clock, display: Display | None = None
) -> Setup:
    """What does not change while the kiosk runs."""
    return Setup(
        content=content,
        screening=read_screening(assets_directory()),
        gym_name=config.gym.name,
        treadmill_label=config.gym.treadmill_label,
        units=config.gym.units,
        language=config.gym.language if config.gym.language in content.texts else "en",
        volume=config.sound.volume,
        config_cap_ckmh=config.limits.cap_ckmh,
        config_max_dpct=round(config.limits.max_incline_percent * 10),
        simulated=config.simulated,
        supervised=config.wiring.supervised,
        puller=config.wiring.level is WiringLevel.H1,
        new_id=lambda: archive.new_id(clock.now()),
        today=lambda: archive.today(clock.now()),
        display=display,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    options = _options(arguments)
    try:
        return _run(options)
    except (ConfigError, ContentError, LocaleError, RuntimeDirError, ClockError, DisplayError, StoreError) as error:
        print(error, file=sys.stderr, flush=True)
        if console.on_appliance(os.environ):
            leave = _Leave()
            signal.signal(signal.SIGTERM, leave)
            console.explain(str(error), lambda: leave.asked)
        return 2


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m kiosk", description="The kiosk: screen, session and record.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="instead of the configuration's data directory")
    parser.add_argument("--lockstep", action="store_true", help="time is the simulated world's")
    parser.add_argument("--headless", action="store_true", help="draw without a display")
    parser.add_argument("--autopilot", action="store_true", help="play a member who walks First Steps")
    parser.add_argument("--once", action="store_true", help="end after the autopilot's walk")
    parser.add_argument("--pictures", type=Path, help="keep a picture of every screen here")
    return parser.parse_args(arguments)


def _lacks(config: Config, *, silent: bool, headless: bool) -> Callable[[float], str]:
    """What staff are told is missing, where the kiosk owns its screen."""
    if headless or config.simulated or not config.screen.fullscreen:
        return nothing_lacks
    return Lacks(silent=silent and config.sound.enabled).notice


def _sound(config: Config, *, headless: bool) -> tuple[Sound, str]:
    """The loudspeaker; headless runs have none, and nobody misses it."""
    if headless:
        return Silence(), ""
    return open_sound(assets_directory(), enabled=config.sound.enabled, step=config.sound.volume)


def _run(options: argparse.Namespace) -> int:
    config = load_config(options.config)
    if options.lockstep and not (config.simulated and config.wiring.pins is PinsKind.SIMULATED):
        raise ConfigError("Lock-step is for a simulated treadmill with simulated pins. Start without --lockstep.")
    if options.autopilot and not config.simulated:
        raise ConfigError("The autopilot plays in the simulated world only. Start without --autopilot.")
    paths = open_runtime_directory(options.runtime)
    data: Path = options.data or config.data_directory
    assets = assets_directory()
    content = load_content(assets, own_programs=data / "programs")
    for catalogue in content.texts.values():
        catalogue.require(texts.keys(read_screening(assets), content.week) | desk_texts.keys())
    leave = _Leave()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    stage = PygameStage(config.screen, content.texts, headless=options.headless, title=config.gym.name)
    clock: Clock = LockstepClock(paths.world_clock, "kiosk") if options.lockstep else RealClock()
    if isinstance(clock, LockstepClock):
        clock.wait()  # the world's time begins with the first quantum
    wall = SimulatedWallClock(wall_utc_ms(), clock.now()) if options.lockstep else WallClock()
    store = open_store(data, wall.moment(clock.now()), threaded=not options.lockstep)
    archive = StoreArchive(
        store,
        wall,
        read_screening(assets_directory()),
        threaded=not options.lockstep,
        watch_clock=not config.simulated,
        wants_owner=not options.autopilot,
    )
    autopilot = Autopilot(read_screening(assets_directory())) if options.autopilot else None
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
    sound, silent_because = _sound(config, headless=options.headless)
    if silent_because:
        print(silent_because, file=sys.stderr, flush=True)
    kiosk = Kiosk(
        setup=setup_of(config, content, archive, clock, stage.display(silent_because)),
        guard=_guard(paths),
        archive=archive,
        stage=stage,
        sound=sound,
        lockstep=options.lockstep,
        simulation=Simulation(_world(paths)) if config.simulated else None,
        autopilot=autopilot,
        pictures=options.pictures,
        progress=_print_line if options.autopilot else None,
        lacks=_lacks(config, silent=bool(silent_because), headless=options.headless),
        runtime=paths.directory,
    )
    gc.collect()
    gc.freeze()  # what was loaded stays; a collection in mid-walk has less to look through
    try:
        if isinstance(clock, LockstepClock):
            return _lockstep(kiosk, clock, leave, autopilot, once=options.once)
        return _real(kiosk, clock, leave, autopilot, stage, once=options.once)
    finally:
        kiosk.close()
        close_sound()
        if isinstance(clock, LockstepClock):
            clock.close()


def _guard(paths: RuntimePaths) -> Mailbox[KioskToGuard, GuardToKiosk]:
    return socket_mailbox(paths.guard_kiosk, GuardToKiosk)


def _world(paths: RuntimePaths) -> Mailbox[WorldOut, WorldIn]:
    return socket_mailbox(paths.world_control, WorldToControl)


def _print_line(line: str) -> None:
    print(line, flush=True)


def _ended(kiosk: Kiosk, leave: _Leave, autopilot: Autopilot | None, *, once: bool) -> int | None:
    """The exit code, once it is over."""
    if leave.asked:
        return 0
    if kiosk.complaint:
        print(kiosk.complaint, file=sys.stderr)
        return 2
    if autopilot is not None and once:
        if autopilot.trouble:
            print(f"The autopilot cannot go on: {autopilot.trouble}.", file=sys.stderr)
            return 1
        if autopilot.done:
            return 0
    return None


def _lockstep(kiosk: Kiosk, clock: LockstepClock, leave: _Leave, autopilot: Autopilot | None, *, once: bool) -> int:
    while True:
        kiosk.step(clock.now())
        code = _ended(kiosk, leave, autopilot, once=once)
        if code is not None:
            kiosk.leave(clock.now())
            return code
        if not clock.wait():
            return 0


def _real(
    kiosk: Kiosk, clock: Clock, leave: _Leave, autopilot: Autopilot | None, stage: PygameStage, *, once: bool
) -> int:
    notifier = Notifier()
    frames = FrameFeed(notifier)
    try:
        while True:
            now_s = clock.now()
            kiosk.step(now_s)
            frames.after_turn(kiosk.drawn, now_s)
            code = 0 if stage.closed else _ended(kiosk, leave, autopilot, once=once)
            if code is not None:
                kiosk.leave(clock.now())
                return code
            wait_s = min(kiosk.next_frame_s - clock.now(), IDLE_WAIT_S)
            if wait_s > 0:
                time.sleep(wait_s)
    finally:
        notifier.stopping()
        notifier.close()


if __name__ == "__main__":
    sys.exit(main())
