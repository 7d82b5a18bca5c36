"""The command ``retrowalk``; mounts hardware.cli."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import hardware.cli
import kiosk.appliance.cli
import kiosk.staff.cli
from hardware.config import Config, ConfigError, load_config
from hardware.link.paths import RuntimeDirError, open_runtime_directory, take_lock
from kiosk import black_box, programs_command
from kiosk.staff.commands import treadmill
from kiosk.supervise import Child, Supervisor, python_module

if TYPE_CHECKING:
    from kiosk.staff.desk.box import BoxData
    from kiosk.ui import theme
    from kiosk.ui.black_box_chart import BoxPicture

SYSTEM_CONFIG = Path("/etc/retrowalk/retrowalk.toml")
STATE = Path("/var/lib/retrowalk")  # of the appliance
TARGET = Path("/usr/lib/systemd/system/retrowalk.target")

app = typer.Typer(
    name="retrowalk",
    help="Guided backward walking on FTMS treadmills.",
    epilog=(
        "On the appliance: sudo retrowalk setup sets it up, sudo retrowalk doctor says what is wrong and what to do; "
        "the guide for wiring and commissioning is in /usr/share/doc/retrowalk."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:
    if asked:
        from kiosk.appliance.version import version

        typer.echo(f"retrowalk {version()}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Guided backward walking on FTMS treadmills."""
    # With a callback typer keeps the command's name even where there is only one.


app.registered_commands.extend(hardware.cli.app.registered_commands)
app.registered_groups.extend(hardware.cli.app.registered_groups)
hardware.cli.treadmill_app.registered_commands.extend(treadmill.treadmill.registered_commands)
app.registered_commands.extend(kiosk.staff.cli.app.registered_commands)
app.registered_groups.extend(kiosk.staff.cli.app.registered_groups)
app.registered_commands.extend(kiosk.appliance.cli.app.registered_commands)
app.registered_groups.extend(kiosk.appliance.cli.app.registered_groups)
app.add_typer(programs_command.app, name="programs")


def _fail(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(2)


@app.command()
def run(
    config: Annotated[Path, typer.Option(help="The configuration file.")] = SYSTEM_CONFIG,
    headless: Annotated[bool, typer.Option("--headless", help="Without a display: for tests.")] = False,
    runtime: Annotated[Path | None, typer.Option(help="Where the sockets live.")] = None,
) -> None:
    """Start guard, stopper, belt and kiosk on a real treadmill, and watch them."""
    if config == SYSTEM_CONFIG and TARGET.exists():
        raise _fail(f"On the appliance systemd starts them: sudo systemctl start {TARGET.name}")
    try:
        if load_config(config).simulated:
            raise _fail(f"{config} is a configuration of the simulated world. Use: retrowalk demo")
        paths = open_runtime_directory(runtime)
        lock = take_lock(paths)
    except (ConfigError, RuntimeDirError) as error:
        raise _fail(str(error)) from error
    screen = ["--headless"] if headless else []
    house = Supervisor(
        [
            Child("guard", python_module("hardware.guard", config, paths.directory)),
            Child("stopper", python_module("hardware.stopper", config, paths.directory)),
            Child("belt", python_module("hardware.belt", config, paths.directory)),
            Child("kiosk", python_module("kiosk", config, paths.directory, *screen)),
        ]
    )
    house.start()
    try:
        code = house.run()
    finally:
        house.stop()
        os.close(lock)
    raise typer.Exit(code)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise typer.BadParameter("write it as WIDTHxHEIGHT, for example 1280x720")
    if not (320 <= int(width) <= 7680 and 240 <= int(height) <= 4320):
        raise typer.BadParameter("between 320x240 and 7680x4320, please")
    return int(width), int(height)


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Without a window; implies --autopilot.")] = False,
    autopilot: Annotated[
        bool, typer.Option("--autopilot", help="The kiosk's member is played by the program.")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="Where the record and the pictures go.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Headless on the real clock, not in lock-step.")
    ] = False,
    size: Annotated[str, typer.Option(help="Window size.")] = "1280x720",
    treadmill: Annotated[str | None, typer.Option(help="A treadmill to play, by name.")] = None,
) -> None:
    """Walk a session on the simulated treadmill: in a window, or by itself where there is no display."""
    if importlib.util.find_spec("hardware.simulated") is None:
        raise _fail(hardware.cli.NO_SIMULATION)
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from kiosk.demo import DemoError, DemoOptions, display_missing, run_demo, summary_lines  # field tools start fast

    width, height = _size(size)
    if not headless and display_missing():
        typer.echo("There is no display here, so the kiosk walks a session by itself, without a window.", err=True)
        headless = True
    options = DemoOptions(
        data=data or _demo_data(),
        headless=headless,
        autopilot=autopilot or headless,
        real_time=real_time,
        width=width,
        height=height,
        treadmill=treadmill,
        console=None if treadmill is None else hardware.cli.console_only(treadmill),
    )
    try:
        code, result = run_demo(options)
    except (DemoError, RuntimeDirError) as error:
        raise _fail(str(error)) from error
    if result is not None:
        lines = [msgspec.json.encode(result).decode()] if as_json else summary_lines(result)
        typer.echo("\n".join(lines))
        if options.autopilot and result.violations:
            code = 1
    elif options.autopilot:
        typer.echo("The walk did not come to its end; the lines above say why.", err=True)
    raise typer.Exit(code)


@app.command()
def gallery(
    directory: Annotated[Path, typer.Argument(help="Where the pictures and the index page go.")],
    size: Annotated[str, typer.Option(help="Pixels of the panel.")] = "1920x1080",
    lang: Annotated[str, typer.Option(help="Language of the texts.")] = "en",
    width_mm: Annotated[
        float | None, typer.Option(min=50, max=3000, help="Width of the panel; left out: the usual one of its size.")
    ] = None,
    distance_m: Annotated[float, typer.Option(min=0.3, max=10, help="From how far the walker reads.")] = 3.0,
) -> None:
    """Draw every screen in its important states to PNG, with an index page."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ["SDL_VIDEODRIVER"] = "dummy"  # pictures need no window, and a desk without a display has none
    from kiosk.gallery import GalleryError, panel, parse_size, render  # field tools start fast

    try:
        pixels = parse_size(size)
        pictures = render(directory, pixels, lang, panel(pixels, width_mm, distance_m))
    except GalleryError as error:
        raise _fail(str(error)) from error
    typer.echo(f"{len(pictures)} pictures in {directory}; open {directory / 'index.html'}")


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    bundle: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also pack what helpers need, without personal data.")
    ] = None,
    config: Annotated[Path, typer.Option(help="The configuration file.")] = SYSTEM_CONFIG,
    data: Annotated[Path | None, typer.Option(help="The directory of the record.")] = None,
    runtime: Annotated[Path | None, typer.Option(help="Where the sockets live.")] = None,
    lang: Annotated[str | None, typer.Option(help="en, es or de; else the gym's.")] = None,
) -> None:
    """Say what is wrong and what to do. Exit code 0: nothing; 1: something is to be done; 2: it cannot look."""
    from kiosk.assets import assets_directory
    from kiosk.locale import load_catalogues
    from kiosk.staff.commands.shell import now, print_json
    from kiosk.staff.health import beacon, computer, house, report
    from kiosk.staff.health import bundle as bundles
    from kiosk.staff.health.machine import Machine

    found, settings = house.configuration(config)
    texts = load_catalogues(assets_directory() / "locale")
    words = texts.get(lang or ("en" if settings is None else settings.gym.language))
    if words is None:
        raise _fail(f'There are no texts in "{lang}". Choose one of: {", ".join(texts)}.')
    machine, at = Machine(), now()
    directory = data or (STATE if settings is None and STATE.is_dir() else (settings or Config()).data_directory)
    kiosk = beacon.read(runtime or _runtime(config), at.now_s)
    real = settings is not None and not settings.simulated
    look, radio = None, None
    alone = real and kiosk is None and computer.guard_runs(machine)
    if settings is not None and real:
        if (kiosk is None or kiosk.status is None) and not computer.guard_runs(machine):
            look = house.WireLook(*hardware.cli.look_at_wires(settings, runtime or _runtime(config)))
        radio = hardware.cli.radio_trouble(settings.treadmill.adapter)
    examined = report.examine(
        machine,
        config=settings,
        config_found=found,
        directory=directory,
        at=at,
        beacon=kiosk,
        radio=radio,
        look=look,
        alone=alone,
    )
    if as_json:
        print_json(report.as_data(words, examined))
    else:
        typer.echo(report.text(words, examined), nl=False)
    if bundle is not None:
        try:
            bundles.write(bundle, bundles.parts(machine, words, examined, config, directory), at)
        except OSError as error:
            raise _fail(f"{bundle} cannot be written: {error.strerror}. Choose another place.") from error
        typer.echo(words("health.bundled", file=bundle), err=as_json)
    raise typer.Exit(examined.exit_code)


def _runtime(config: Path) -> Path:
    """The appliance's runtime directory for its configuration, else this user's."""
    from hardware.link.paths import default_runtime_directory

    return Path("/run/retrowalk") if config == SYSTEM_CONFIG else default_runtime_directory()


blackbox = typer.Typer(no_args_is_help=True, help="The guard's own minute around each stop.")
app.add_typer(blackbox, name="blackbox")

Box = Annotated[str, typer.Argument(metavar="ID", help="An identifier, its end, or: last")]
DataDir = Annotated[Path | None, typer.Option(help="The directory of the record.")]


def _data_directory(data: Path | None) -> Path:
    return data or (load_config(SYSTEM_CONFIG) if SYSTEM_CONFIG.exists() else Config()).data_directory


def _account(box: str, data: Path | None) -> tuple[str, hardware.cli.Account]:
    from kiosk.store.commands import reading
    from kiosk.store.records import StoreError
    from kiosk.store.repositories import black_boxes

    try:
        with reading(_data_directory(data)) as connection:
            event_id, content = black_boxes.fetch(connection, box, black_box.FORMAT)
        return event_id, hardware.cli.account_of(content)
    except (StoreError, ConfigError, hardware.cli.BlackBoxError) as error:
        raise _fail(str(error)) from error


@blackbox.command("list")
def blackbox_list(data: DataDir = None) -> None:
    """The boxes on record, newest first."""
    from kiosk.staff.commands.shell import print_table
    from kiosk.store.commands import reading
    from kiosk.store.moment import local_text
    from kiosk.store.records import StoreError
    from kiosk.store.repositories import black_boxes

    try:
        with reading(_data_directory(data)) as connection:
            boxes = black_boxes.listed(connection)
    except (StoreError, ConfigError) as error:
        raise _fail(str(error)) from error
    rows = [(box.event_id, local_text(box.at_ms), box.cause, f"{box.size / 1000:.0f} kB") for box in boxes]
    print_table(("id", "kept", "cause", "size"), rows, "No black box is on record yet: one is kept of each stop.")


@blackbox.command("show")
def blackbox_show(
    box: Box,
    data: DataDir = None,
    png: Annotated[Path | None, typer.Option(help="Also draw it to this file, on one time axis.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Lanes, speeds and story as one JSON object.")] = False,
) -> None:
    """What happened around a stop, change by change, timed from the event."""
    event_id, account = _account(box, data)
    event = account.event
    if as_json:
        typer.echo(msgspec.json.encode(_box_data(_box_picture(event_id, account), account)))
        return
    typer.echo(f"{event_id}: {event.kind}, cause {event.cause or 'none'}, {len(account.moments)} steps of the guard")
    typer.echo("\n".join(hardware.cli.story(account)))
    if png is not None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        from kiosk.ui.black_box_chart import write_box_chart

        try:
            write_box_chart(png, _box_picture(event_id, account))
        except OSError as error:
            raise _fail(str(error)) from error
        typer.echo(f"drawn to {png}")


def _box_data(picture: BoxPicture, account: hardware.cli.Account) -> BoxData:
    from kiosk.staff.desk.box import BoxData, Lane, Stretch

    def changes(points: Sequence[tuple[float, float | None]]) -> tuple[tuple[float, float | None], ...]:
        kept = [point for n, point in enumerate(points) if n in (0, len(points) - 1) or point[1] != points[n - 1][1]]
        return tuple((round(at_s, 3), value) for at_s, value in kept)

    return BoxData(
        picture.title,
        tuple(
            Lane(
                lane.name,
                tuple(Stretch(round(bar.from_s, 3), round(bar.to_s, 3), bar.word) for bar in lane.bars),
                tuple((round(at_s, 3), word) for at_s, word in lane.marks),
            )
            for lane in picture.lanes
        ),
        changes(picture.measured),
        changes(picture.wished),
        tuple(hardware.cli.story(account)),
    )


def _box_picture(event_id: str, account: hardware.cli.Account) -> BoxPicture:
    from kiosk.ui import theme
    from kiosk.ui.black_box_chart import Bar, BoxPicture, Lane

    moments = account.moments

    def lane(name: str, value: Callable[[hardware.cli.Moment], str], colours: Mapping[str, theme.Colour]) -> Lane:
        bars: list[Bar] = []
        for word, run in itertools.groupby(moments, key=value):
            stretch = list(run)
            if word:
                bars.append(Bar(stretch[0].at_s, stretch[-1].at_s + 0.02, colours.get(word, theme.BUTTON_LINE), word))
        return Lane(name, bars=tuple(bars))

    open_red = {"open": theme.RED, "pressed": theme.RED, "off": theme.RED, "on": theme.SKY, "alarm": theme.RED}
    return BoxPicture(
        title=f"{account.event.kind}: {account.event.cause or 'none'}   {event_id}",
        lanes=(
            lane("state", lambda m: m.state.value, {"running": theme.SKY, "stopping": theme.AMBER}),
            lane("wish", lambda m: m.wish.value, {"run": theme.SKY, "stop": theme.AMBER}),
            lane("clip", lambda m: "" if m.clip_closed else "open", open_red),
            lane("red button", lambda m: "" if m.red_closed else "pressed", open_red),
            lane("permit", lambda m: "on" if m.permit else "off", open_red),
            lane("alarm", lambda m: "alarm" if m.alarm else "", open_red),
            Lane("written", marks=tuple((m.at_s, m.written.hex(" ")) for m in moments if m.written)),
            Lane("asked", marks=tuple((m.at_s, ", ".join(m.asked)) for m in moments if m.asked)),
        ),
        measured=tuple((m.at_s, None if m.measured_ckmh is None else m.measured_ckmh / 100) for m in moments),
        wished=tuple((m.at_s, m.wished_ckmh / 100) for m in moments),
    )


@blackbox.command("replay")
def blackbox_replay(box: Box, data: DataDir = None) -> None:
    """Run the recorded minute through today's machine; exit code 1 where it decides otherwise."""
    event_id, account = _account(box, data)
    for difference in account.differences:
        typer.echo(
            f"{difference.at_s:+9.3f} s  {difference.field}: recorded {difference.recorded}, today {difference.today}"
        )
    many = len(account.differences)
    typer.echo(f"{event_id}: {len(account.moments)} steps replayed, {many} difference{'' if many == 1 else 's'}.")
    raise typer.Exit(1 if many else 0)


class _SetupHands:
    """The hardware as kiosk.appliance.setup wants it; here because only this module may see hardware.cli."""

    def __init__(self, runtime: Path | None) -> None:
        self._runtime = runtime

    def wires(self, config: Config) -> Sequence[str]:
        return hardware.cli.wires_to_prove(config)

    def prove(self, config: Config, wire: str, seconds: float) -> str:
        return hardware.cli.prove_wire(config, wire, seconds, self._runtime)

    def scan(self, seconds: float, adapter: str | None) -> Sequence[tuple[str, str, str]]:
        from hardware.cli import ScanFailedError
        from kiosk.appliance.setup import SetupError

        try:
            return hardware.cli.treadmills_in_reach(seconds, adapter)
        except ScanFailedError as error:
            raise SetupError(str(error)) from error

    def services(self, *, on: bool) -> bool:
        if on and TARGET.exists():  # not before it is set up: the kiosk takes the console where one could log in
            subprocess.run(["systemctl", "--quiet", "enable", TARGET.name], check=False)
        if not Path("/run/systemd/system").is_dir():
            return False
        units = [f"retrowalk-{name}.service" for name in ("guard", "belt", "stopper", "kiosk")]
        command = ["restart", TARGET.name] if on else ["stop", *units]
        return subprocess.run(["systemctl", *command], check=False).returncode == 0

    def opened(self) -> bool | None:
        from hardware.link.paths import default_runtime_directory
        from kiosk.staff.commands.shell import now
        from kiosk.staff.health import beacon

        kiosk = beacon.read(self._runtime or default_runtime_directory(), now().now_s)
        if kiosk is None or kiosk.status is None:
            return None
        opening = kiosk.status.opening
        return not opening.needed or opening.valid_left_s is not None


@app.command()
def setup(
    config: Annotated[Path, typer.Option(help="The configuration file to write.", readable=False)] = SYSTEM_CONFIG,
    data: Annotated[Path, typer.Option(help="Where the record is kept.", readable=False)] = STATE,
    answers: Annotated[
        Path | None, typer.Option(help="Answers in a TOML file: nothing is asked, what needs hands is left out.")
    ] = None,
    again: Annotated[
        list[str] | None, typer.Option(help="A step to do once more: questions, wires, treadmill, check.")
    ] = None,
    runtime: Annotated[Path | None, typer.Option(help="Where the sockets live.")] = None,
) -> None:
    """Set this kiosk up: gym, screen, wires, treadmill, opening check. May be broken off and taken up again."""
    from rich.console import Console

    from kiosk.appliance import setup as wizard
    from kiosk.appliance.config_text import read_answers
    from kiosk.appliance.console import on_kiosks_console
    from kiosk.appliance.helper import MOVING, belt_moves
    from kiosk.staff.commands.shell import shell_user

    for step in again or ():
        if step not in wizard.STEPS:
            raise _fail(f'There is no step "{step}". The steps: {", ".join(wizard.STEPS)}.')
    if answers is None and not sys.stdin.isatty():
        raise _fail("There is no terminal to ask at. Start it from one, or give --answers FILE.")
    if config == SYSTEM_CONFIG and os.geteuid() != 0:
        raise _fail("Setting up needs rights of the machine: put sudo before this command.")
    if config == SYSTEM_CONFIG and belt_moves():
        raise _fail(MOVING)
    one: wizard.Setup | None = None
    try:
        given = None if answers is None else read_answers(answers.read_text(encoding="utf-8"), str(answers))
        one = wizard.Setup(
            config=config,
            data=data,
            hands=_SetupHands(runtime),
            console=Console(),
            answers=given,
            panel=wizard.attached_panel(),
            who=shell_user(),
            kiosks_console=on_kiosks_console(),
        )
        became = one.run(again or ())
    except (wizard.SetupError, ConfigError, OSError) as error:
        raise _fail(str(error)) from error
    except (KeyboardInterrupt, EOFError):
        stopped = " Until then the kiosk is stopped." if one is not None and one.stopped else ""
        raise _fail(
            f"\nBroken off. The steps that are done are kept; sudo retrowalk setup goes on from there.{stopped}"
        ) from None
    if "failed" in became.values() or became["questions"] != "done":
        raise typer.Exit(1)


def _demo_data() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "retrowalk-demo"


def main() -> None:
    """Entry point of the distribution."""
    from kiosk.appliance.owner import hand_over

    try:
        app()
    finally:
        hand_over(STATE)
