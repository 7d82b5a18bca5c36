"""``retrowalk caps``: which speed and slope hold, and changing them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardware.units import dpct_from_percent
from kiosk.store.ids import IdSource
from kiosk.store.kinds import AgeBand, CapScope
from kiosk.store.moment import Moment, iso, local_text
from kiosk.store.records import Cap, Member, Staff, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kiosk.staff.caps import Actor

from kiosk.staff.commands.shell import (
    AsJson,
    AskedError,
    ConfigFile,
    Data,
    PinPad,
    PinStdin,
    Reason,
    checked,
    config_of,
    directory_of,
    now,
    print_json,
    print_table,
    sentences,
    shell_user,
    sign_in,
    speed_of,
    speed_text,
)

app = typer.Typer(no_args_is_help=True, help="Speed and slope caps: the lowest that applies wins.")


def cap_json(cap: Cap) -> dict[str, object]:
    """A cap as ``--json`` shows one."""
    return {
        "scope": cap.scope,
        "key": cap.key,
        "speed_kmh": None if cap.speed_ckmh is None else cap.speed_ckmh / 100,
        "incline_percent": None if cap.incline_dpct is None else cap.incline_dpct / 10,
        "set_by": cap.set_by,
        "set_at": iso(cap.set_ms) if cap.set_ms else None,
        "reason": cap.reason,
    }


@contextmanager
def _reading_or_empty(directory: Path) -> Iterator[Connection | None]:
    """A gym that has not opened its doors yet has caps too: the configuration's and the coaching rules'."""
    from kiosk.store.commands import reading
    from kiosk.store.database import FILE_NAME

    if not (directory / FILE_NAME).exists():
        yield None
        return
    with reading(directory) as connection:
        yield connection


def _held_ckmh(connection: Connection, code: str, rows: tuple[Cap, ...], at: Moment) -> int | None:
    """What screening holds this member to, as the kiosk works it out."""
    from kiosk.archive import find_person
    from kiosk.assets import assets_directory
    from kiosk.content import read_rules
    from kiosk.session.limits import held_ckmh

    person = find_person(connection, code, at)
    history = () if person is None else person.history
    return held_ckmh(person, None, history, rows, read_rules(assets_directory()).progress)


@app.command("show")
def caps_show(
    *,
    member: Annotated[str | None, typer.Option(metavar="CODE", help="What holds for this member.")] = None,
    program: Annotated[str, typer.Option(metavar="ID", help="What holds in this program, as P2.")] = "",
    treadmill: Annotated[str, typer.Option(metavar="ADDRESS", help="What holds on this treadmill.")] = "",
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """All caps, and which one wins."""
    from kiosk.staff.caps import CapContext, effective, with_defaults
    from kiosk.store.repositories import caps, members
    from kiosk.store.repositories import sessions as repository

    with sentences():
        at, settings = now(), config_of(config)
        known: Member | None = None
        rows: tuple[Cap, ...] = ()
        visits, screening_ckmh = 0, None
        with _reading_or_empty(directory_of(data, config)) as connection:
            if connection is not None:
                rows = caps.every(connection)
            if member is not None:
                if connection is None:
                    raise StoreError(
                        f"No member has the code {member}: there are no members yet. "
                        "Add one with: retrowalk members add."
                    )
                known = members.find(connection, member)
                visits = repository.visits_of_member(connection, known.id)
                screening_ckmh = _held_ckmh(connection, known.code, rows, at)
        context = CapContext(
            config_ckmh=settings.limits.cap_ckmh,
            config_dpct=dpct_from_percent(settings.limits.max_incline_percent),
            treadmill=treadmill,
            program_id=program,
            member_id=None if known is None else known.id,
            visits=visits,
            age_band=None if known is None else known.age_band,
            screening_ckmh=screening_ckmh,
        )
        found = effective(rows, context)
        if as_json:
            print_json(
                {
                    "effective": {
                        "speed_kmh": found.speed_ckmh / 100,
                        "source": found.source,
                        "incline_percent": found.incline_dpct / 10,
                        "incline_source": found.incline_source,
                    },
                    "applies": [
                        {
                            "source": candidate.source,
                            "speed_kmh": None if candidate.speed_ckmh is None else candidate.speed_ckmh / 100,
                            "incline_percent": None
                            if candidate.incline_dpct is None
                            else candidate.incline_dpct / 10,
                            "set_by": candidate.set_by,
                        }
                        for candidate in found.candidates
                    ],
                    "caps": [cap_json(cap) for cap in with_defaults(rows)],
                }
            )
            return
        print_table(
            ("scope", "which", "speed", "slope", "set by", "date", "reason"),
            [
                (
                    cap.scope.value,
                    cap.key,
                    speed_text(cap.speed_ckmh),
                    "-" if cap.incline_dpct is None else f"{cap.incline_dpct / 10:g} %",
                    cap.set_by,
                    local_text(cap.set_ms) if cap.set_ms else "-",
                    cap.reason,
                )
                for cap in with_defaults(rows)
            ],
            "No caps are set.",
        )
        who = "a guest" if known is None else f"member {known.code}"
        typer.echo(
            f"For {who}: at most {speed_text(found.speed_ckmh)} ({found.source} cap), "
            f"slope {found.incline_dpct / 10:g} % ({found.incline_source} cap). "
            "A treadmill's commissioned limit holds besides."
        )


def _programs(directory: Path) -> tuple[str, ...]:
    """The programs that a kiosk over this record knows, a gym's own with them; none where they cannot be read."""
    from kiosk.assets import assets_directory
    from kiosk.coach.programs import ProgramError
    from kiosk.content import ContentError, read_programs

    own = directory / "programs"
    try:
        return tuple(read_programs([assets_directory() / "programs", *([own] if own.is_dir() else [])]))
    except (ContentError, ProgramError):
        return ()


@dataclass(frozen=True, slots=True)
class _Named:
    """The scope as it was named on the command line: one of these at most."""

    treadmill: str | None
    program: str | None
    member: str | None
    visits: int | None
    age: str | None
    guests: bool
    slope: str | None


def _scope_of(connection: Connection, directory: Path, named: _Named, *, setting: bool) -> tuple[CapScope, str]:
    from kiosk.store.repositories import members

    given: list[tuple[CapScope, str]] = []
    if named.treadmill is not None:
        if not re.fullmatch("([0-9A-F]{2}:){5}[0-9A-F]{2}", named.treadmill.upper()):
            raise AskedError(f'"{named.treadmill}" is no Bluetooth address. Write it as C0:FF:EE:00:00:42.')
        given.append((CapScope.TREADMILL, named.treadmill.upper()))
    if named.program is not None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}", named.program):
            raise AskedError(f'"{named.program}" is no program. Write its id, as P2.')
        known = _programs(directory)
        if known and named.program not in known and setting:
            raise AskedError(f'There is no program "{named.program}" here. Choose one of: {", ".join(known)}.')
        given.append((CapScope.PROGRAM, named.program))
    if named.member is not None:
        given.append((CapScope.MEMBER, members.find(connection, named.member).id))
    if named.visits is not None:
        given.append((CapScope.VISITS, str(named.visits)))
    if named.age is not None:
        given.append((CapScope.AGE, checked(AgeBand, named.age, "age band")))
    if named.guests:
        given.append((CapScope.GUEST, ""))
    if named.slope is not None:
        if not re.fullmatch(r"\d(\.\d)?", named.slope):
            raise AskedError(f'"{named.slope}" is no slope. Write percent, as 1 or 2.5.')
        given.append((CapScope.INCLINE, str(max(1, dpct_from_percent(named.slope)))))
    if len(given) > 1:
        raise AskedError("Name one scope at a time: one of --treadmill, --program, --member, --visits, --age, ...")
    return given[0] if given else (CapScope.GYM, "")


Treadmill = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of this treadmill only.")]
Program = Annotated[str | None, typer.Option(metavar="ID", help="Of this program only.")]
OfMember = Annotated[str | None, typer.Option("--member", metavar="CODE", help="Of this member only.")]
Visits = Annotated[int | None, typer.Option(min=1, max=100, help="Of a member's first so many visits.")]
Age = Annotated[str | None, typer.Option(help="Of an age band: 16-17, 18-64 or 65+.")]
Guests = Annotated[bool, typer.Option("--guests", help="Of guests.")]
Slope = Annotated[str | None, typer.Option(metavar="PERCENT", help="On slopes of this much and more.")]


@app.command("set")
def caps_set(
    *,
    speed: Annotated[str | None, typer.Argument(metavar="SPEED", help="2.5 or 2.5km/h, or 1.5mph.")] = None,
    incline: Annotated[str | None, typer.Option(metavar="PERCENT", help="The steepest slope, 0 to 5.")] = None,
    treadmill: Treadmill = None,
    program: Program = None,
    member: OfMember = None,
    visits: Visits = None,
    age: Age = None,
    guests: Guests = False,
    slope: Slope = None,
    reason: Reason = "",
    pin_stdin: PinStdin = False,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Set a cap; without a scope that of the whole gym. Lowering acts at once, also on a walk under way."""
    with sentences():
        speed_ckmh = None if speed is None else speed_of(speed)
        incline_dpct = None
        if incline is not None:
            if not re.fullmatch(r"\d{1,2}(\.\d)?", incline):
                raise AskedError(f'"{incline}" is no slope. Write percent, as 1 or 2.5.')
            incline_dpct = dpct_from_percent(incline)
        if speed_ckmh is None and incline_dpct is None:
            raise AskedError("Give a speed, as 2.5 or 1.5mph, or --incline.")
        _change_cap(
            directory_of(data, config),
            PinPad(stdin=pin_stdin),
            _Named(treadmill, program, member, visits, age, guests, slope),
            speed_ckmh=speed_ckmh,
            incline_dpct=incline_dpct,
            reason=reason,
            as_json=as_json,
            config_ckmh=config_of(config).limits.cap_ckmh,
        )


@app.command("clear")
def caps_clear(
    *,
    treadmill: Treadmill = None,
    program: Program = None,
    member: OfMember = None,
    visits: Visits = None,
    age: Age = None,
    guests: Guests = False,
    slope: Slope = None,
    reason: Reason = "",
    pin_stdin: PinStdin = False,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Take a cap away; where the coaching rules have one for this scope, theirs holds again."""
    with sentences():
        _change_cap(
            directory_of(data, config),
            PinPad(stdin=pin_stdin),
            _Named(treadmill, program, member, visits, age, guests, slope),
            speed_ckmh=None,
            incline_dpct=None,
            reason=reason,
            as_json=as_json,
            config_ckmh=config_of(config).limits.cap_ckmh,
        )


def _change_cap(
    directory: Path,
    pad: PinPad,
    named: _Named,
    *,
    speed_ckmh: int | None,
    incline_dpct: int | None,
    reason: str,
    as_json: bool,
    config_ckmh: int,
) -> None:
    from kiosk.staff import caps as rules
    from kiosk.store.commands import for_command
    from kiosk.store.repositories import caps

    at, ids = now(), IdSource()
    actor = rules.Actor(shell_user())

    def planned(connection: Connection, actor: Actor) -> rules.Change:
        setting = speed_ckmh is not None or incline_dpct is not None
        scope, key = _scope_of(connection, directory, named, setting=setting)
        return rules.plan_change(
            caps.every(connection),
            scope,
            key,
            speed_ckmh=speed_ckmh,
            incline_dpct=incline_dpct,
            at=at,
            actor=actor,
            reason=reason,
            rests_ckmh=rules.rests_on_ckmh(connection, scope, key, at),
            open_ckmh=config_ckmh,
        )

    if speed_ckmh is not None:
        rules.checked_speed(speed_ckmh)  # before a record is made for a cap that nobody can have
    with for_command(directory, at, create=True) as connection:
        change = planned(connection, actor)
    if change.after is None and (change.before is None or change.before.set_ms == 0):
        raise AskedError("No such cap has been set, so there is none to take away. See: retrowalk caps show.")
    if change.raises and not reason.strip():
        raise AskedError("Raising a cap wants a reason. Say why with --reason.")
    signers: list[Staff] = []
    for number in range(change.signers):
        signers.append(
            sign_in(directory, pad, ids, at, "Staff PIN" if number == 0 else "A second staff member's PIN")
        )
    actor = rules.Actor(actor.name, tuple(signers))
    with for_command(directory, at) as connection:
        change = planned(connection, actor)
        rules.apply_change(connection, ids, change, at=at, actor=actor, reason=reason)
    if as_json:
        print_json(
            {
                "scope": change.scope,
                "key": change.key,
                "before": None if change.before is None else cap_json(change.before),
                "after": None if change.after is None else cap_json(change.after),
                "raised": change.raises,
            }
        )
        return
    what = f"{change.scope} cap {change.key}".strip()
    when = "From the next session on" if change.raises else "From now on, also on a walk under way"
    held = "none" if change.after is None else speed_text(change.after.speed_ckmh)
    slope = ""
    if change.after is not None and change.after.incline_dpct is not None:
        slope = f", slope {change.after.incline_dpct / 10:g} %"
    typer.echo(f"{when}: {what} {held}{slope}.")
    if speed_ckmh is not None and speed_ckmh > config_ckmh:
        typer.echo(f"The configuration's own cap is lower and still holds: {speed_text(config_ckmh)}.")
