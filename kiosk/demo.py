"""The demo: the whole house on the simulated world, in a window for people or headless and by itself.

Headless it runs in lock-step (the simulated world owns time) unless real time is asked for, shows a progress line,
and ends with a summary: what was walked, and where database, chart and pictures are.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from hardware.config.files import save_profile
from hardware.config.profiles import Profile, ProfileError
from hardware.link.endpoint import SocketEndpoint, connect
from hardware.link.messages import WorldAsk, WorldReport, WorldToControl
from hardware.link.paths import RuntimePaths, open_runtime_directory, take_lock
from hardware.units import SpeedUnit
from kiosk.staff import pin
from kiosk.store.commands import for_command, reading
from kiosk.store.database import FILE_NAME
from kiosk.store.ids import IdSource
from kiosk.store.kinds import Role
from kiosk.store.moment import Moment, wall_utc_ms
from kiosk.store.records import StoreError
from kiosk.store.repositories import members, sessions
from kiosk.supervise import Child, Supervisor, python_module
from kiosk.ui.chart_file import write_speed_chart

WALK_TIMEOUT_S: Final = 1800.0
ROLES: Final = "guard,belt,stopper,kiosk"

ADDRESS: Final = "C0:FF:EE:00:00:42"

DEMO_CONFIG: Final = """\
# Written by `retrowalk demo`: everything in here is simulated.
[gym]
name = "Retro Walk demo"
treadmill_label = "Treadmill 4"

[treadmill]
link = "simulated"
address = "{address}"

[limits]
cap_kmh = 2.0

[wiring]
pins = "simulated"
level = "H1"
clip = 17
red_button = 27
amber_button = 22
permit = 23
permit_readback = 24
alarm = 25

[checks]
opening = false
profile = false

[timing]
tick_late_s = 0.25

[screen]
width_px = {width}
height_px = {height}
fullscreen = false

[data]
directory = {data}
"""


STAFF_PIN: Final = "246810"
MEMBER_CODE: Final = "417926"
"""Of the demo's own record alone, and told to whoever watches it (README)."""


class DemoError(Exception):
    """The demo cannot go on; the text says what to do."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line asked for."""

    data: Path
    headless: bool
    autopilot: bool
    real_time: bool
    width: int
    height: int
    treadmill: str | None = None
    mischief: tuple[str, ...] = ()
    console: tuple[str, str] | None = None  # model and firmware of a treadmill whose speed only its console sets


class DemoResult(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of ``retrowalk demo --json``. Speeds are km/h as people write them."""

    state: str
    walk_s: float
    samples: int
    distance_m: float
    max_speed_kmh: float  # from the byte tap of the simulated link, not from our own readings
    cap_kmh: float
    database: str
    chart: str
    pids: dict[str, int]
    pictures: list[str]
    violations: list[str]  # motion bytes with an interlock open (promise P3); empty when all is well
    wall_s: float


def display_missing() -> bool:
    """True where no window can be opened: neither X nor Wayland is there."""
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run_demo(options: DemoOptions, *, quiet: bool = False) -> tuple[int, DemoResult | None]:
    """Run the house once. Returns the exit code, and the result if a session was recorded. Raises DemoError."""
    data = options.data.expanduser().resolve()
    try:
        data.mkdir(parents=True, exist_ok=True)
        config = data / "demo.toml"
        config.write_text(
            DEMO_CONFIG.format(
                address=ADDRESS, width=options.width, height=options.height, data=json.dumps(str(data))
            ),
            "utf-8",
        )
        pictures = data / "pictures"
        pictures.mkdir(exist_ok=True)
        for old in pictures.glob("*.png"):
            old.unlink()
    except OSError as error:
        raise DemoError(
            f"The demo cannot write to {data}: {error.strerror}. Choose another place with --data."
        ) from error
    _furnish(data)
    if options.console is not None:
        _follow(data, *options.console)
    with tempfile.TemporaryDirectory(prefix="retrowalk-") as runtime:
        paths = open_runtime_directory(Path(runtime) / "run")
        lock = take_lock(paths)
        try:
            return _run_house(options, config, data, pictures, paths, quiet=quiet)
        finally:
            os.close(lock)


def _furnish(data: Path) -> None:
    """A staff account and a member, so that every screen of the demo can be reached."""
    ids, at = IdSource(), Moment(time.monotonic(), wall_utc_ms())
    try:
        with for_command(data, at, create=True) as connection:
            if pin.first_account_needed(connection):
                pin.add_account(connection, ids, at, name="Demo", role=Role.OWNER, pin=STAFF_PIN, by=None)
            if members.by_code(connection, MEMBER_CODE) is None:
                members.add(connection, ids.new(at.utc_ms), at, code=MEMBER_CODE, name="Robin")
    except StoreError:
        return  # a broken record is the kiosk's to set aside: it says so on its screen, and the demo goes on


def _follow(data: Path, model: str, firmware: str) -> None:
    """Leave to walk at the console's pace, as staff give it: this treadmill takes no commands. Raises DemoError."""
    allowed = Profile(name=model, address=ADDRESS, model=model, firmware=firmware, follow_allowed=True)
    try:
        save_profile(data, allowed)
    except ProfileError as error:
        raise DemoError(str(error)) from error


def _run_house(
    options: DemoOptions, config: Path, data: Path, pictures: Path, paths: RuntimePaths, *, quiet: bool
) -> tuple[int, DemoResult | None]:
    lockstep = options.headless and options.autopilot and not options.real_time
    step = ["--lockstep"] if lockstep else []
    runtime = paths.directory

    world = [*step, *(["--roles", ROLES] if lockstep else [])]
    if options.treadmill:
        world += ["--treadmill", options.treadmill]
    screen = [*step, "--pictures", str(pictures)]
    if options.headless:
        screen.append("--headless")
    if options.autopilot:
        screen += ["--autopilot", "--once"]
    progress = _Progress(quiet=quiet or not options.autopilot)
    house = Supervisor(
        [
            Child("simulated", python_module("hardware.simulated", config, runtime, *world), restart=False),
            Child("guard", python_module("hardware.guard", config, runtime, *step)),
            Child("stopper", python_module("hardware.stopper", config, runtime, *step)),
            Child("belt", python_module("hardware.belt", config, runtime, *step)),
            Child("kiosk", python_module("kiosk", config, runtime, *screen), restart=False, read_stdout=True),
        ],
        environment={"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"} if options.headless else None,
        on_line=progress.line,
    )
    started = time.monotonic()
    house.start()
    pids = house.pids()
    try:
        code = house.run()
        report = None if code else ask_world(paths)
    finally:
        house.stop()
        progress.end()
    if code:
        return code, None
    if report is None:
        raise DemoError("The simulated world went away before it could say what it saw.")
    result = _result(data, pictures, pids, report, time.monotonic() - started)
    return (1 if result is None and options.autopilot else 0), result


class _Progress:
    """One line on the terminal, rewritten, from the autopilot's JSON lines."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet: Final = quiet
        self._open = False

    def line(self, _name: str, text: str) -> None:
        if self._quiet:
            return
        try:
            news = msgspec.json.decode(text.encode(), type=ProgressLine)
        except msgspec.DecodeError:
            return
        speed = "--.-" if news.speed_kmh is None else f"{news.speed_kmh:.1f}"
        sys.stderr.write(f"\r\x1b[K{news.screen:<14} {speed} km/h  {news.walked_s:5.0f} s walked  {news.note}"[:110])
        sys.stderr.flush()
        self._open = True

    def end(self) -> None:
        if self._open:
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._open = False


class ProgressLine(msgspec.Struct, frozen=True):
    """What the autopilot prints on its standard output, one JSON object a line."""

    screen: str
    speed_kmh: float | None = None
    walked_s: float = 0.0
    note: str = ""


def ask_world(paths: RuntimePaths, timeout_s: float = 5.0) -> WorldReport | None:
    """The simulated world's own account, or None when it does not answer."""
    sock = connect(paths.world_control)
    if sock is None:
        return None
    control = SocketEndpoint[WorldAsk, WorldReport](sock, WorldToControl)
    try:
        control.send(WorldAsk(None), time.monotonic())
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not control.closed:
            for frame in control.drain(time.monotonic()):
                if isinstance(frame.body, WorldReport):
                    return frame.body
            time.sleep(0.005)
        return None
    finally:
        control.close()


def _result(
    data: Path, pictures: Path, pids: dict[str, int], report: WorldReport, wall_s: float
) -> DemoResult | None:
    """What stands in the record, beside what the simulated world saw. None where no session was recorded."""
    try:
        with reading(data) as connection:
            newest = sessions.last(connection, 1)
            walked = sessions.samples_of(connection, newest[0].id) if newest else []
    except StoreError as error:
        raise DemoError(str(error)) from error
    if not newest:
        return None
    session = newest[0]
    chart = data / "chart.png"
    write_speed_chart(chart, tuple((sample.t_s, sample.measured_ckmh or 0) for sample in walked), SpeedUnit.MPH)
    return DemoResult(
        state=session.state.value,
        walk_s=round(session.walk_s, 1),
        samples=len(walked),
        distance_m=round(session.distance_m, 1),
        max_speed_kmh=report.tap_max_ckmh / 100,
        cap_kmh=session.cap_ckmh / 100,
        database=str(data / FILE_NAME),
        chart=str(chart),
        pids=pids,
        pictures=[str(path) for path in sorted(pictures.glob("*.png"))],
        violations=list(report.violations),
        wall_s=round(wall_s, 1),
    )


def summary_lines(result: DemoResult) -> list[str]:
    """The result for a person."""
    minutes, seconds = divmod(round(result.walk_s), 60)
    lines = [
        f"Session {result.state}: {minutes} min {seconds:02d} s walked, {result.distance_m:.0f} m, "
        f"top speed {result.max_speed_kmh:.1f} km/h (cap {result.cap_kmh:.1f}).",
        f"  database  {result.database}  ({result.samples} samples)",
        f"  chart     {result.chart}",
    ]
    if result.pictures:
        lines.append(f"  pictures  {Path(result.pictures[0]).parent}  ({len(result.pictures)} screens)")
    lines += [f"  PROMISE BROKEN: {violation}" for violation in result.violations]
    return lines
