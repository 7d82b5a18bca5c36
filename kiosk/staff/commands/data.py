"""``retrowalk backup | restore | export | report``: the record leaves the machine, and comes back."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.staff.commands.shell import (
    AsJson,
    AskedError,
    ConfigFile,
    Data,
    Reason,
    config_of,
    directory_of,
    now,
    print_json,
    print_table,
    sentences,
    shell_user,
)
from kiosk.store.ids import IdSource

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kiosk.store.moment import Moment
    from kiosk.store.records import SessionRecord

app = typer.Typer(no_args_is_help=True)

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    JSON = "json"
    TCX = "tcx"


def confirmed(question: str, *, yes: bool) -> None:
    """Ask, unless --yes was given. Raises AskedError for a no, and where there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise AskedError(f"{question} There is no terminal to ask at: add --yes.")
    if not typer.confirm(question):
        raise AskedError("Nothing was changed.")


@app.command()
def backup(
    to: Annotated[Path | None, typer.Argument(metavar="DIR", help="Where to; else the record's own backups.")] = None,
    *,
    listed: Annotated[bool, typer.Option("--list", help="Only list the backups that are there.")] = False,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Copy the record while the kiosk works, open the copy and check it."""
    from kiosk.staff import audit
    from kiosk.store import backup as backups
    from kiosk.store.commands import for_command, reading
    from kiosk.store.database import FILE_NAME
    from kiosk.store.trouble import RecordError

    with sentences():
        directory = directory_of(data, config)
        place = to or directory / "backups"
        if listed:
            _list_backups(place, as_json=as_json)
            return
        with reading(directory):
            pass  # a missing or damaged record is named before anything is written
        at = now()
        made = backups.make(directory / FILE_NAME, place, at)
        if to is None:
            backups.rotate(place)
        try:
            with for_command(directory, at) as connection:
                audit.note(
                    connection,
                    IdSource(),
                    at,
                    who=shell_user(),
                    action="backed up",
                    subject=f"{made.sessions} sessions",
                    after=made.path.name,
                )
        except RecordError as error:  # a record that takes nothing more is one to be copied all the more
            typer.echo(f"The audit does not know of this backup: {error}", err=True)
        if as_json:
            print_json(
                {
                    "path": str(made.path),
                    "bytes": made.bytes,
                    "sessions": made.sessions,
                    "members": made.members,
                    "sha256": backups.checksum_of(made.path),
                }
            )
            return
        typer.echo(f"Made and checked: {made.path}, {made.bytes / 1e6:.1f} MB, {made.sessions} sessions.")


def _list_backups(place: Path, *, as_json: bool) -> None:
    from kiosk.store import backup as backups

    found = backups.every(place)
    if as_json:
        print_json([{"path": str(path), "bytes": path.stat().st_size} for path in found])
        return
    print_table(
        ("backup", "size"),
        [(path.name, f"{path.stat().st_size / 1e6:.1f} MB") for path in found],
        f"There are no backups in {place}.",
    )


@app.command()
def restore(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The backup; else the newest one.")] = None,
    *,
    reason: Reason = "",
    yes: Yes = False,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup back; stop the kiosk first. The record there is set aside, and what is newer in it taken over."""
    from kiosk.staff import audit
    from kiosk.store import backup as backups
    from kiosk.store.commands import for_command

    with sentences():
        directory, at = directory_of(data, config), now()
        if file is None:
            found = backups.every(directory / "backups")
            if not found:
                raise AskedError(f"There are no backups in {directory / 'backups'}. Name the file to put back.")
            file = found[0]
        checked = backups.verify(file)
        confirmed(f"Put back {file} ({checked.sessions} sessions)?", yes=yes)
        done = backups.restore(file, directory, at)
        with for_command(directory, at) as connection:
            audit.note(
                connection, IdSource(), at, who=shell_user(), action="restored", subject=f"backup {file.name}",
                before="no record" if done.aside is None else done.aside.name,
                after=f"{done.backup.sessions} sessions", reason=reason,
            )  # fmt: skip
        if as_json:
            print_json(
                {
                    "backup": str(file),
                    "sessions": done.backup.sessions,
                    "merged_sessions": done.merged_sessions,
                    "erased_again": done.erased_again,
                    "aside": None if done.aside is None else str(done.aside),
                    "note": done.note,
                }
            )
            return
        typer.echo(f"Put back {file.name}: {done.backup.sessions} sessions, {done.merged_sessions} newer taken over.")
        if done.erased_again:
            typer.echo(f"Members who were erased since the backup and now once more: {done.erased_again}.")
        if done.aside is not None:
            typer.echo(f"The record that was there is now {done.aside.name}.")
        if done.note:
            typer.echo(done.note)


def _day(text: str | None, what: str, *, end: bool = False) -> int | None:
    """UTC milliseconds of the local midnight that begins, or ends, a day written as 2026-07-31. Raises AskedError.

    Where the clocks change a day has 23 or 25 hours.
    """
    if text is None:
        return None
    try:
        midnight = datetime.strptime(text, "%Y-%m-%d") + timedelta(days=end)  # of the wall: without a zone
        return round(midnight.astimezone().astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise AskedError(f'{what}: "{text}" is no day. Write it as 2026-07-31.') from None


@app.command()
def export(
    to: Annotated[Path, typer.Argument(metavar="DIR", help="Folder or stick.")],
    *,
    form: Annotated[Format, typer.Option("--format", help="csv or json of sessions; tcx of one.")] = Format.CSV,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="From this day on, as 2026-07-01.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="Up to and with this day.")] = None,
    session: Annotated[str | None, typer.Option(metavar="ID", help="Only this session.")] = None,
    member: Annotated[
        str | None, typer.Option(metavar="CODE", help="All data of one member (access request).")
    ] = None,
    samples: Annotated[bool, typer.Option("--samples", help="With every second of each walk (json).")] = False,
    health: Annotated[bool, typer.Option("--health", help="With pain and effort scores.")] = False,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Write sessions, one session or one member's data to a folder, with a checksum. Sessions carry no name."""
    from kiosk.staff import audit
    from kiosk.store import export as exports
    from kiosk.store.commands import for_command, reading

    with sentences():
        directory, at, ids = directory_of(data, config), now(), IdSource()
        since_ms, until_ms = _day(since, "--since"), _day(until, "--until", end=True)
        if since_ms is not None and until_ms is not None and until_ms <= since_ms:
            raise AskedError(f"--until {until} is before --since {since}. Give the earlier day to --since.")
        others = {"--format": form is not Format.CSV, "--session": session, "--since": since, "--until": until}
        if member is not None and any(others.values()):
            named = next(name for name, given in others.items() if given)
            raise AskedError(f"--member writes all there is of one member, as JSON: leave out {named}.")
        if samples and form is not Format.JSON and member is None:
            raise AskedError("--samples is for JSON. Add --format json, or leave it out.")
        if form is Format.TCX and session is None:
            raise AskedError("TCX is of one session. Name it with --session; see: retrowalk sessions --json.")
        with reading(directory) as connection:
            name, content, subject = _content(
                connection, at, form, since_ms, until_ms, session, member, samples=samples, health=health
            )
        digest = exports.write(to, name, content)
        with for_command(directory, at) as connection:
            audit.note(connection, ids, at, who=shell_user(), action="exported", subject=subject, after=name)
        if as_json:
            print_json({"path": str(to / name), "bytes": len(content), "sha256": digest})
        else:
            typer.echo(f"Written: {to / name}\nSHA-256: {digest}")


def _content(
    connection: Connection,
    at: Moment,
    form: Format,
    since_ms: int | None,
    until_ms: int | None,
    session: str | None,
    member: str | None,
    *,
    samples: bool,
    health: bool,
) -> tuple[str, bytes, str]:
    """(file name, bytes, subject of the audit entry)."""
    from kiosk.store import export as exports
    from kiosk.store.repositories import members
    from kiosk.store.repositories import sessions as repository

    if member is not None:
        found = members.find(connection, member)
        text = exports.member_json(connection, found, at.utc_ms)
        return exports.file_name("member", at.utc_ms, "json"), text.encode(), f"member {found.id}"
    chosen: tuple[SessionRecord, ...]
    if session is not None:
        one = repository.by_id(connection, session)
        if one is None:
            raise AskedError(f'There is no session "{session}". See: retrowalk sessions --json.')
        chosen = (one,)
    else:
        chosen = repository.between(connection, since_ms or 0, until_ms)
    name = exports.file_name("session" if session else "sessions", at.utc_ms, form.value)
    if form is Format.TCX:
        content = exports.session_tcx(chosen[0], repository.samples_of(connection, chosen[0].id))
    elif form is Format.JSON:
        content = exports.sessions_json(connection, chosen, health=health, samples=samples).encode()
    else:
        content = exports.sessions_csv(chosen, health=health).encode()
    return name, content, f"{len(chosen)} sessions"


@app.command()
def report(
    to: Annotated[Path | None, typer.Argument(metavar="DIR", help="Write report.html and report.png here.")] = None,
    *,
    weeks: Annotated[int, typer.Option(min=1, max=520, help="How many weeks, this one included.")] = 12,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Use by hour, sessions a week, stops by cause, caps: as tables, or as a page and a picture. Nobody is named."""
    from dataclasses import asdict

    from kiosk.store.commands import reading
    from kiosk.store.reports import report as sums
    from kiosk.store.trouble import RecordError

    with sentences():
        at, settings = now(), config_of(config)
        with reading(directory_of(data, config)) as connection:
            found = sums(connection, at.utc_ms, weeks)
        if to is not None:
            from kiosk.staff.report import page, write_picture

            try:
                to.mkdir(parents=True, exist_ok=True)
                (to / "report.html").write_text(page(found, settings.gym.name), encoding="utf-8")
                write_picture(found, settings.gym.name, to / "report.png")
            except OSError as error:
                raise RecordError(f"{to} cannot be written ({error.strerror}). Choose another folder.") from error
        if as_json:
            fields = asdict(found)
            del fields["caps"]
            print_json(
                fields | {"written": None if to is None else [str(to / "report.html"), str(to / "report.png")]}
            )
            return
        if to is not None:
            typer.echo(f"Written: {to / 'report.html'} and {to / 'report.png'}")
            return
        print_table(
            ("week from", "sessions", "minutes"),
            [(week.monday.isoformat(), str(week.sessions), f"{week.walk_s / 60:.0f}") for week in found.weeks],
            "",
        )
        typer.echo("")
        hours = [(f"{hour}:00", str(count)) for hour, count in enumerate(found.by_hour) if count]
        print_table(("hour", "sessions"), hours, "Nobody has walked in this time.")
        if found.stops:
            typer.echo("")
            print_table(("ended early by", "sessions"), [(cause, str(count)) for cause, count in found.stops], "")
        typer.echo("")
        typer.echo(f"{found.sessions} sessions, {found.completed} completed, {found.members} members.")
