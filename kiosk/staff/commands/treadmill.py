"""``retrowalk commission | opening-check`` and ``retrowalk treadmill bind | unbind | profile``.

``commission`` and ``opening-check`` take the kiosk's seat at the guard, so the kiosk with the screen is stopped first
(systemctl stop retrowalk-kiosk). They do in a shell what the staff screens do, with the same procedures.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from hardware.config import Config, ConfigError, PinsKind, bound, load_config
from hardware.config.profiles import Profile, ProfileError, load_profile, profile_path
from kiosk.staff.commands.shell import (
    AsJson,
    AskedError,
    ConfigFile,
    Data,
    PinPad,
    PinStdin,
    Reason,
    config_of,
    directory_of,
    now,
    print_json,
    print_table,
    sentences,
    sign_in,
    speed_text,
)
from kiosk.store.ids import IdSource
from kiosk.store.moment import local_text, wall_utc_ms

if TYPE_CHECKING:
    from hardware.link.paths import RuntimePaths
    from kiosk.staff.commissioning.job import CommissionJob, Job
    from kiosk.staff.commissioning.simulated_house import HouseTime
    from kiosk.staff.small_kiosk import Face
    from kiosk.store.records import Staff
    from kiosk.supervise import Supervisor

SYSTEM_CONFIG: Final = Path("/etc/retrowalk/retrowalk.toml")
LOOP_S: Final = 0.020
SPOKEN: Final = "X1"  # "Stop. Hold the rails.": what must be understood at the treadmill
EXIT_NOT_DONE: Final = 1
RESTART: Final = (
    "It counts when guard and belt are started anew, while the belt stands: "
    "sudo systemctl restart retrowalk-guard retrowalk-belt; at a desk, end retrowalk run and start it again."
)

app = typer.Typer(no_args_is_help=True)
treadmill = typer.Typer(no_args_is_help=True)
"""Commands for the group ``retrowalk treadmill``, which hardware.cli has begun."""

Runtime = Annotated[Path | None, typer.Option(help="Where the sockets live.")]
Simulated = Annotated[
    str | None, typer.Option(metavar="MACHINE", help="On a simulated treadmill; see: retrowalk treadmill list.")
]
Auto = Annotated[bool, typer.Option("--auto", help="A scripted technician; on simulated pins only.")]


class _Leave:
    """Set by the first Ctrl-C or SIGTERM: the belt is stopped first."""

    def __init__(self) -> None:
        self.asked = False
        self._before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def __bool__(self) -> bool:
        return self.asked

    def put_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


@contextmanager
def _faults() -> Iterator[None]:
    """What can go wrong between shell, guard and disk, as one sentence."""
    from hardware.link.clock import ClockError
    from hardware.link.paths import RuntimeDirError
    from kiosk.staff.commissioning.job import JobError
    from kiosk.staff.small_kiosk import SeatTakenError

    with sentences():
        try:
            yield
        except (ProfileError, RuntimeDirError, ClockError, JobError, SeatTakenError, OSError) as error:
            raise AskedError(str(error)) from error


class _Place:
    """Where a procedure is to run: configuration, sockets, time; and the house, where it is simulated."""

    def __init__(
        self, stack: ExitStack, config: Path | None, runtime: Path | None, machine: str | None, data: Path | None
    ) -> None:
        from hardware.link.clock import RealClock
        from hardware.link.paths import open_runtime_directory, take_lock
        from kiosk.staff.commissioning import simulated_house

        self._supervisor: Supervisor | None = None
        self._looked = 0
        self.simulated = machine is not None
        self.directory: Path
        if machine is None:
            file = config or SYSTEM_CONFIG
            self.config: Config = load_config(file)
            self.directory = data or self.config.data_directory
            self.paths: RuntimePaths = open_runtime_directory(runtime)
            self._real = RealClock()
            self._time: HouseTime | None = None
            return
        self.directory = (data or _workshop()).expanduser().resolve()
        file = simulated_house.write_config(self.directory, machine)
        self.config = load_config(file)
        base = stack.enter_context(tempfile.TemporaryDirectory(prefix="retrowalk-"))
        self.paths = open_runtime_directory(Path(base) / "run")
        lock = take_lock(self.paths)
        stack.callback(os.close, lock)
        self._supervisor = simulated_house.supervisor(file, self.paths, machine)
        self._supervisor.start()
        stack.callback(self._supervisor.stop)
        self._time = self._joined(stack, self._supervisor)

    def _joined(self, stack: ExitStack, house: Supervisor) -> HouseTime:
        from kiosk.staff.commissioning import simulated_house

        deadline_s = time.monotonic() + 10.0
        while not self.paths.world_clock.exists() and time.monotonic() < deadline_s:
            code = house.tend()
            if code is not None:
                raise typer.Exit(code)
            time.sleep(0.02)
        time_ = simulated_house.HouseTime(self.paths)
        stack.callback(time_.close)
        return time_

    def now(self) -> float:
        """Monotonic seconds, or the simulated world's."""
        return self._real.now() if self._time is None else self._time.now()

    def wait(self) -> bool:
        """20 ms."""
        if self._time is not None:
            return bool(self._time.wait())
        time.sleep(LOOP_S)
        return True

    def tend(self) -> None:
        """Start anew what has left."""
        self._looked += 1
        if self._supervisor is not None and self._looked % 25 == 0:
            code = self._supervisor.tend()
            if code is not None:
                raise typer.Exit(code or EXIT_NOT_DONE)


def _workshop() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "retrowalk-workshop"


def _signed_in(directory: Path, *, simulated: bool, pin_stdin: bool) -> Staff | None:
    """Who commissions or checks: owner or staff, by PIN. None in a simulated house, whose record is its own."""
    from kiosk.store.kinds import Role

    if simulated:
        return None
    staff = sign_in(directory, PinPad(stdin=pin_stdin), IdSource(), now(), "Staff PIN")
    if staff.role not in (Role.OWNER, Role.STAFF):
        raise AskedError(f"{staff.name} is {staff.role}. An owner or staff must do this.")
    return staff


def _audit(
    directory: Path,
    staff: Staff | None,
    action: str,
    subject: str,
    before: str = "",
    after: str = "",
    reason: str = "",
) -> None:
    from kiosk.staff import audit
    from kiosk.store.commands import for_command

    if staff is None:
        return
    at = now()
    with for_command(directory, at) as connection:
        audit.note(
            connection,
            IdSource(),
            at,
            who=staff.name,
            action=action,
            subject=subject,
            before=before,
            after=after,
            reason=reason,
        )


def _lead(place: _Place, job: Job, heading: str, *, auto: bool, leave: _Leave) -> bool:
    """Run *job* with a person at the terminal, or with the script."""
    from hardware.link.mailbox import socket_mailbox
    from hardware.link.messages import GuardToKiosk
    from kiosk.assets import assets_directory
    from kiosk.locale import load_catalogue
    from kiosk.staff.commissioning.hands import AutoHand
    from kiosk.staff.commissioning.instruction import texts
    from kiosk.staff.commissioning.simulated_house import SocketWorld
    from kiosk.staff.commissioning.terminal import LineFace, TerminalFace
    from kiosk.staff.small_kiosk import AutoFace, GuardMailbox, SmallKiosk, run

    say = load_catalogue(assets_directory() / "locale", place.config.gym.language)
    say.require(texts())
    units = place.config.gym.units
    guard: GuardMailbox = socket_mailbox(place.paths.guard_kiosk, GuardToKiosk)
    kiosk = SmallKiosk(guard)
    with ExitStack() as stack:
        stack.callback(guard.close)
        tend: Callable[[], None] = place.tend
        face: Face
        if auto:
            if place.config.wiring.pins is not PinsKind.SIMULATED:
                raise AskedError("--auto plays a technician on simulated pins only. Leave it out.")
            world = SocketWorld(place.paths, place.now())
            stack.callback(world.close)
            face = AutoFace(AutoHand(world), LineFace(say, units))

            def tend() -> None:
                place.tend()
                world.tend(place.now())

        elif sys.stdin.isatty():
            face = stack.enter_context(TerminalFace(say, units, heading))
        else:
            raise AskedError(
                "There is no terminal to ask at. With a simulated treadmill, --auto plays the technician."
            )
        return run(kiosk, job, face, now=place.now, wait=place.wait, leaving=lambda: bool(leave), tend=tend)


@app.command()
def commission(
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it was left, without asking.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what was measured in part.")] = False,
    simulated: Simulated = None,
    auto: Auto = False,
    pin_stdin: PinStdin = False,
    data: Data = None,
    config: ConfigFile = None,
    runtime: Runtime = None,
    as_json: AsJson = False,
) -> None:
    """Measure what the bound treadmill really does; leaves a profile, a chart of how it stops, and its cap.

    Ten minutes beside the empty belt. It can be broken off (L, or Ctrl-C: the belt is stopped first) and taken up
    again within a day.
    """
    from kiosk.staff.commissioning.job import CommissionJob

    with _faults(), ExitStack() as stack:
        if resume and restart:
            raise AskedError("Give --resume or --restart, not both.")
        leave = _Leave()
        stack.callback(leave.put_back)
        place = _Place(stack, config, runtime, simulated, data)
        address = place.config.treadmill.address
        if address is None:
            raise AskedError(
                "No treadmill is bound. Find it with: retrowalk scan; then: retrowalk treadmill bind ADDRESS"
            )
        staff = _signed_in(place.directory, simulated=place.simulated, pin_stdin=pin_stdin)
        who = staff.name if staff is not None else "Workshop"
        _audit(place.directory, staff, "commissioning begun", f"treadmill {address}")
        job = CommissionJob(
            place.directory,
            address,
            who=who,
            now_s=place.now(),
            utc_ms=wall_utc_ms,
            local_time=local_text,
            restart=restart,
            resume=resume,
        )
        began_s = place.now()
        good = _lead(place, job, "Commissioning", auto=auto, leave=leave)
        minutes = (place.now() - began_s) / 60
        if good and job.profile is not None:
            _audit(
                place.directory,
                staff,
                "commissioned",
                f"treadmill {address}",
                after=f"cap {speed_text(job.profile.cap_ckmh)}",
            )
        _tell_commissioned(job, good, minutes, as_json=as_json)
    if not good:
        raise typer.Exit(EXIT_NOT_DONE)


def _tell_commissioned(job: CommissionJob, good: bool, minutes: float, *, as_json: bool) -> None:
    from kiosk.staff.commissioning import page
    from kiosk.staff.commissioning.findings import cap_of, quirk_names, quirks_of

    state, found = job.state, job.state.found
    chart = None
    if good and job.page is not None:
        chart = _chart(job.page)
    if as_json:
        print_json(
            {
                "state": state.phase,
                "unusable": state.unusable,
                "identity": state.identity,
                "minutes": round(minutes, 2),
                "cap_kmh": None if not good else (cap_of(found) or 0) / 100,
                "quirks": quirk_names(quirks_of(found)),
                "found": found,
                "page": None if job.page is None else str(job.page / page.PAGE),
                "chart": chart,
            }
        )
        return
    if good:
        typer.echo(f"Commissioned in {minutes:.1f} minutes. Cap {speed_text(cap_of(found))}.")
        typer.echo(f"  page   {job.page and job.page / page.PAGE}\n  chart  {chart}")
    elif state.phase == "unusable":
        typer.echo("This treadmill must not be controlled; the lines above say why.")
    else:
        typer.echo("Broken off. What was measured is kept for a day: retrowalk commission --resume")


def _chart(place: Path) -> str:
    """Draw the chart beside the page."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from kiosk.staff.commissioning import chart, page  # pygame is loaded for this alone

    return str(chart.draw(place, page.read_record(place)))


@app.command("opening-check")
def opening_check(
    *,
    simulated: Simulated = None,
    auto: Auto = False,
    pin_stdin: PinStdin = False,
    data: Data = None,
    config: ConfigFile = None,
    runtime: Runtime = None,
    as_json: AsJson = False,
) -> None:
    """Prove red button, clip, alarm, voice and one stop of the empty belt: needed before the day's first session."""
    from kiosk.staff.commissioning.job import CheckJob

    with _faults(), ExitStack() as stack:
        leave = _Leave()
        stack.callback(leave.put_back)
        place = _Place(stack, config, runtime, simulated, data)
        staff = _signed_in(place.directory, simulated=place.simulated, pin_stdin=pin_stdin)
        job = CheckJob(place.now(), _voice(place.config, silent=auto))
        good = _lead(place, job, "Opening check", auto=auto, leave=leave)
        subject = f"treadmill {place.config.treadmill.address}"
        _audit(place.directory, staff, "opening check" if good else "opening check broken off", subject)
        if as_json:
            print_json({"state": job.state.phase, "good": good})
        else:
            typer.echo("All is well: sessions can begin." if good else "Broken off: no session can begin without it.")
    if not good:
        raise typer.Exit(EXIT_NOT_DONE)


def _voice(config: Config, *, silent: bool) -> Callable[[], None]:
    """Lets the kiosk's voice be heard."""
    if silent:
        return lambda: None
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    from kiosk.assets import assets_directory
    from kiosk.ui.sound import open_sound

    sound, why = open_sound(assets_directory(), enabled=config.sound.enabled, step=config.sound.volume)
    if why:
        typer.echo(why, err=True)
    return lambda: sound.say(SPOKEN, config.gym.language, over=True)


# ------------------------------------------------------------------------------------------------ the bound treadmill


@treadmill.command("bind")
def bind(
    address: Annotated[str, typer.Argument(help="As retrowalk scan shows it.")],
    *,
    label: Annotated[str, typer.Option(help="What people call this treadmill.")] = "",
    reason: Reason = "",
    pin_stdin: PinStdin = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Bind this kiosk to one treadmill, by its address. Counts when guard and belt are started anew."""
    from hardware.config.binding import Binding, BindingError, load_binding, save_binding

    with _faults():
        directory = directory_of(data, config)
        wanted = address.upper().replace("-", ":")
        if not re.fullmatch(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", wanted):
            raise AskedError(
                f'"{address}" is no address. Write it as C0:FF:EE:00:01:02; retrowalk scan lists those in reach.'
            )
        known = config_of(config)
        staff = sign_in(directory, PinPad(stdin=pin_stdin), IdSource(), now(), "Staff PIN")
        try:
            before = load_binding(directory)
            at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            name = label.strip() or known.gym.treadmill_label
            save_binding(directory, Binding(address=wanted, label=name, bound_by=staff.name, bound_at=at))
        except BindingError as error:
            raise AskedError(str(error)) from error
        _audit(
            directory,
            staff,
            "bound",
            f"treadmill {wanted}",
            before="" if before is None else before.address,
            after=wanted,
            reason=reason,
        )
        profile = load_profile(directory, wanted)
        typer.echo(f"Bound to {wanted} as {name}. {RESTART}")
        if not profile.commissioned:
            typer.echo("It is not commissioned yet, so it is only read: retrowalk commission")


@treadmill.command("unbind")
def unbind(*, pin_stdin: PinStdin = False, data: Data = None, config: ConfigFile = None) -> None:
    """Forget the bound treadmill; the configuration's own address holds again."""
    from hardware.config.binding import BindingError, load_binding, remove_binding

    with _faults():
        directory = directory_of(data, config)
        staff = sign_in(directory, PinPad(stdin=pin_stdin), IdSource(), now(), "Staff PIN")
        try:
            before = load_binding(directory)
            there = remove_binding(directory)
        except BindingError as error:
            raise AskedError(str(error)) from error
        if before is not None:
            _audit(directory, staff, "unbound", f"treadmill {before.address}", before=before.label)
        typer.echo(f"No longer bound by staff. {RESTART}" if there else "No treadmill was bound by staff.")


@treadmill.command("profile")
def profile_(
    *,
    address: Annotated[str | None, typer.Option(help="Of another treadmill than the bound one.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="DIR", help="Write its page and chart there.")] = None,
    follow: Annotated[
        bool | None,
        typer.Option("--follow/--no-follow", help="Allow walks at its console's pace, or no longer."),
    ] = None,
    pin_stdin: PinStdin = False,
    runtime: Runtime = None,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what was measured on the bound treadmill: cap, stops, quirks, who signed; or write the page again.

    With --follow staff allow walks at its console's pace, where it takes no commands over Bluetooth: members set the
    speed before they step on, and clip, red button and the end of a plan stop it by its own key alone.
    """
    from hardware.config.binding import Proof, load_binding

    with _faults():
        directory = directory_of(data, config)
        known = config_of(config)
        try:
            wanted = address or bound(_at(known, directory)).treadmill.address
        except ConfigError as error:
            raise AskedError(str(error)) from error
        if wanted is None:
            raise AskedError("No treadmill is bound. Name one with --address.")
        profile = load_profile(directory, wanted)
        if follow is not None:
            _follow(directory, known, profile, wanted, runtime, allowed=follow, pin_stdin=pin_stdin)
            return
        if profile.address is None:
            raise AskedError(f"{wanted} is not commissioned: there is no {profile_path(directory, wanted)}.")
        if page is not None:
            _page_again(directory, wanted, page)
            return
        if as_json:
            print_json(profile)
            return
        _profile_table(profile)
        binding = load_binding(directory)
        if binding is not None and binding.address == wanted:
            how = {Proof.KEY: "by its own key", Proof.STICKER: "by its sticker", Proof.NONE: "not yet"}
            typer.echo(f"bound by {binding.bound_by}, {binding.bound_at}; proved {how[binding.proved_by]}")


def _follow(
    directory: Path,
    config: Config,
    profile: Profile,
    address: str,
    runtime: Path | None,
    *,
    allowed: bool,
    pin_stdin: bool,
) -> None:
    """Staff's leave for model and firmware as the running kiosk knows them. Raises AskedError, ProfileError."""
    from hardware.config.files import save_profile
    from hardware.link.paths import open_runtime_directory
    from kiosk.staff.follow import may_be_followed, with_leave
    from kiosk.staff.health import beacon
    from kiosk.store.kinds import Role

    if config.wiring.supervised:
        raise AskedError(
            "It takes no commands, and no wire that is read back could stop it. Fit H1 or H2 with read-back."
        )
    word = beacon.read(open_runtime_directory(runtime).directory, now().now_s)
    facts = None if word is None or word.status is None else word.status.facts
    if facts is None or facts.address != address:
        raise AskedError(
            f"The kiosk must be running and connected to {address}, so that its model and firmware are known. "
            "Or use the staff screen: Treadmill."
        )
    if not may_be_followed(facts):
        raise AskedError("This treadmill takes its speed over Bluetooth. Follow mode is for those that do not.")
    staff = sign_in(directory, PinPad(stdin=pin_stdin), IdSource(), now(), "Staff PIN")
    if staff.role not in (Role.OWNER, Role.STAFF):
        raise AskedError(f"{staff.name} is {staff.role}. An owner or staff must do this.")
    save_profile(directory, with_leave(profile, facts, allowed=allowed))
    word_of = {True: "allowed", False: "not allowed"}
    before, after = word_of[profile.follow_allowed], word_of[allowed]
    _audit(directory, staff, "follow mode", f"treadmill {address}", before=before, after=after)
    typer.echo(f"Follow mode is {after} on {address}. {RESTART}")


def _at(config: Config, directory: Path) -> Config:
    return msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, directory=str(directory)))


def _page_again(directory: Path, address: str, to: Path) -> None:
    from kiosk.staff.commissioning import page

    found = page.records(directory, address)
    if not found:
        raise AskedError(f"There is no record of how {address} was commissioned in {directory / 'commissioning'}.")
    try:
        record = page.read_record(found[0])
    except msgspec.DecodeError as error:
        raise AskedError(f"The record in {found[0]} cannot be read: {error}.") from error
    to.mkdir(parents=True, exist_ok=True)
    (to / page.RECORD).write_bytes((found[0] / page.RECORD).read_bytes())
    (to / page.PAGE).write_text(page.page_of(record), encoding="utf-8")
    typer.echo(f"{to / page.PAGE}\n{_chart(to)}")


def _profile_table(profile: Profile) -> None:
    from kiosk.staff.commissioning.findings import quirk_names

    room_mm = (profile.deck_mm or 0) / 2
    typer.echo(
        f"{profile.name} ({profile.model or '-'}, firmware {profile.firmware or '-'}), {profile.address}\n"
        f"cap {speed_text(profile.limit_ckmh)}, "
        + (
            f"commissioned {profile.measured_on or '?'}, signed by {profile.signed_by or '?'}"
            if profile.commissioned
            else "not commissioned: read-only"
        )
        + ("\nfollow mode allowed: members set the speed at its console" if profile.follow_allowed else "")
    )
    print_table(
        ("stop from", "time", "travel", ""),
        [
            (
                speed_text(point.ckmh),
                f"{point.seconds:.2f} s",
                f"{point.travel_mm / 1000:.2f} m",
                "more than half the deck" if room_mm and point.travel_mm > room_mm else "",
            )
            for point in profile.stops
        ],
        "No stop was measured.",
    )
    for name in quirk_names(profile.quirks):
        typer.echo(f"  {name}")
