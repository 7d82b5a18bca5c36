"""``retrowalk members``: codes, names, history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.store.ids import IdSource
from kiosk.store.kinds import AgeBand, CapScope
from kiosk.store.moment import iso, local_text
from kiosk.store.records import Member

if TYPE_CHECKING:
    pass

from kiosk.staff.commands.caps import cap_json
from kiosk.staff.commands.data import Yes, confirmed
from kiosk.staff.commands.log import print_sessions, session_json
from kiosk.staff.commands.shell import (
    AsJson,
    AskedError,
    Code,
    ConfigFile,
    Data,
    Reason,
    checked,
    directory_of,
    now,
    print_json,
    print_table,
    sentences,
    shell_user,
    speed_text,
)

app = typer.Typer(no_args_is_help=True, help="Members: codes, names, history.")


def member_json(member: Member) -> dict[str, object]:
    """A member as ``--json`` shows one."""
    return {
        "id": member.id,
        "code": member.code,
        "name": member.name,
        "language": member.language,
        "age_band": member.age_band,
        "first_seen": iso(member.first_seen_ms),
    }


@app.command("add")
def members_add(
    *,
    name: Annotated[str | None, typer.Option(help="First name, for the greeting; a code is enough.")] = None,
    code: Annotated[str | None, typer.Option(help="Six digits; without it a free code is chosen.")] = None,
    language: Annotated[str | None, typer.Option(help="en, es or de.")] = None,
    age: Annotated[str | None, typer.Option(help="16-17, 18-64 or 65+.")] = None,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Add a member and print the code to hand over."""
    from kiosk.staff import audit
    from kiosk.store.commands import for_command
    from kiosk.store.repositories import members

    with sentences():
        at, ids = now(), IdSource()
        if language is not None and language not in ("en", "es", "de"):
            raise AskedError(f'"{language}" is no language of the kiosk. Choose one of: en, es, de.')
        band = None if age is None else AgeBand(checked(AgeBand, age, "age band"))
        with for_command(directory_of(data, config), at, create=True) as connection:
            member = members.add(
                connection, ids.new(at.utc_ms), at, code=code, name=name, language=language, age_band=band
            )
            audit.note(connection, ids, at, who=shell_user(), action="member added", subject=f"member {member.id}")
        if as_json:
            print_json(member_json(member))
        else:
            typer.echo(f"Added. The member code is {member.code}.")


@app.command("list")
def members_list(data: Data = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """All members, with how often they have walked."""
    from kiosk.store.commands import reading
    from kiosk.store.repositories import members

    with sentences():
        with reading(directory_of(data, config)) as connection:
            found = members.every(connection)
        if as_json:
            print_json(
                [
                    member_json(member) | {"sessions": count, "last": None if newest is None else iso(newest)}
                    for member, count, newest in found
                ]
            )
            return
        print_table(
            ("code", "name", "since", "sessions", "last"),
            [
                (
                    member.code,
                    member.name or "-",
                    local_text(member.first_seen_ms),
                    str(count),
                    "-" if newest is None else local_text(newest),
                )
                for member, count, newest in found
            ],
            "There are no members yet. Add one with: retrowalk members add.",
        )


@app.command("show")
def members_show(code: Code, data: Data = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """One member: caps, this week, last sessions. No health data is shown."""
    from kiosk.store.commands import reading
    from kiosk.store.repositories import caps, members, sessions

    with sentences():
        at = now()
        with reading(directory_of(data, config)) as connection:
            member = members.find(connection, code)
            own = caps.one(connection, CapScope.MEMBER, member.id)
            screening = members.last_screening(connection, member.id)
            week, week_s = sessions.week_of_member(connection, member.id, at.utc_ms)
            visits = sessions.visits_of_member(connection, member.id)
            last = sessions.last_of_member(connection, member.id, 10)
        if as_json:
            print_json(
                member_json(member)
                | {
                    "visits": visits,
                    "week_sessions": week,
                    "week_walk_s": week_s,
                    "cap": None if own is None else cap_json(own),
                    "screening": None
                    if screening is None
                    else {
                        "outcome": screening.outcome,
                        "at": iso(screening.at_ms),
                        "expires": iso(screening.expires_ms),
                    },
                    "sessions": [session_json(session) for session in last],
                }
            )
            return
        typer.echo(f"Member {member.code}{f', {member.name}' if member.name else ''}")
        typer.echo(f"Since {local_text(member.first_seen_ms)}, {visits} sessions walked, {week} in the last 7 days.")
        typer.echo(f"Own cap: {'none' if own is None else speed_text(own.speed_ckmh)}")
        if screening is not None:
            over = " (expired)" if screening.expires_ms <= at.utc_ms else ""
            typer.echo(f"Screening: {screening.outcome} until {local_text(screening.expires_ms)}{over}")
        print_sessions(last)


@app.command("set")
def members_set(
    code: Code,
    *,
    name: Annotated[str | None, typer.Option(help="A new first name; an empty one takes the name away.")] = None,
    language: Annotated[str | None, typer.Option(help="en, es or de.")] = None,
    age: Annotated[str | None, typer.Option(help="16-17, 18-64 or 65+.")] = None,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Change what is known of a member."""
    from kiosk.staff import audit
    from kiosk.store.commands import for_command
    from kiosk.store.repositories import members

    with sentences():
        at, ids = now(), IdSource()
        if name is None and language is None and age is None:
            raise AskedError("Nothing to change was given: --name, --language or --age.")
        if language is not None and language not in ("en", "es", "de"):
            raise AskedError(f'"{language}" is no language of the kiosk. Choose one of: en, es, de.')
        band = None if age is None else AgeBand(checked(AgeBand, age, "age band"))
        with for_command(directory_of(data, config), at) as connection:
            member = members.find(connection, code)
            changed = [
                (what, before or "none", after)
                for what, before, after in (("language", member.language, language), ("age", member.age_band, band))
                if after is not None
            ]
            if name is not None:
                changed.append(("name", "name" if member.name else "none", "name" if name else "none"))
                members.set_name(connection, member.id, name or None)
            if language is not None:
                members.set_language(connection, member.id, language)
            if band is not None:
                members.set_age_band(connection, member.id, band)
            audit.note(
                connection,
                ids,
                at,
                who=shell_user(),
                action="member changed",
                subject=f"member {member.id}",
                before=", ".join(f"{what} {before}" for what, before, _ in changed),
                after=", ".join(f"{what} {after}" for what, _, after in changed),
            )
        typer.echo("Changed.")


@app.command("erase")
def members_erase(
    code: Code,
    *,
    health_only: Annotated[bool, typer.Option("--health-only", help="Only scores and screening.")] = False,
    reason: Reason = "",
    yes: Yes = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Erase a member: name, code, scores, samples. Their walks stay as a guest's, so the statistics do not change.

    Backups forget them as they are replaced, within a week; a backup put back before that erases them again. A record
    that a restore has replaced goes after 30 days, what was exported of them into the record's own folder now.
    """
    from kiosk.staff import audit
    from kiosk.store import export as exports
    from kiosk.store.commands import for_command, reading
    from kiosk.store.repositories import members

    with sentences():
        directory, at, ids = directory_of(data, config), now(), IdSource()
        with for_command(directory, at) as connection:
            member = members.find(connection, code)
        what = "the health data of" if health_only else "all personal data of"
        confirmed(f"Erase {what} member {code}? This cannot be undone.", yes=yes)
        with for_command(directory, at) as connection:
            if health_only:
                count = members.withdraw_consent(connection, member.id, at.utc_ms)
            else:
                count = members.erase(connection, member.id, at.utc_ms)
            audit.note(
                connection,
                ids,
                at,
                who=shell_user(),
                action="health data erased" if health_only else "member erased",
                subject=f"member {member.id}",
                after=f"{count} sessions",
                reason=reason,
            )
        with reading(directory) as connection:
            exports.forget(connection, directory, member.id)
        _forget_pages(directory)
        for broken in sorted(directory.glob("*.broken-*Z")):
            typer.echo(f"{broken} cannot be read and may hold them still. Remove it once it is of no use.")
        typer.echo(f"Erased. Sessions that {'lost their scores' if health_only else 'are a guest’s now'}: {count}.")


@app.command("merge")
def members_merge(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The code that stays.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The code that goes.")],
    *,
    reason: Reason = "",
    yes: Yes = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Make one member of two records of the same person. The lower cap and the lower step of progress stay."""
    from kiosk.staff import audit
    from kiosk.store.commands import for_command
    from kiosk.store.repositories import members

    with sentences():
        directory, at, ids = directory_of(data, config), now(), IdSource()
        with for_command(directory, at) as connection:
            stays, goes = members.find(connection, keep), members.find(connection, other)
        confirmed(f"Merge member {other} into {keep}? The code {other} will be gone.", yes=yes)
        with for_command(directory, at) as connection:
            count = members.merge(connection, stays.id, goes.id, at.utc_ms)
            audit.note(
                connection,
                ids,
                at,
                who=shell_user(),
                action="members merged",
                subject=f"member {stays.id}",
                before=f"member {goes.id}",
                after=f"{count} sessions moved",
                reason=reason,
            )
        _forget_pages(directory)
        typer.echo(f"Merged. {count} sessions moved to {keep}.")


def _forget_pages(directory: Path) -> None:
    """Erased bytes are overwritten in the file; take them out of the write-ahead log as well."""
    from kiosk.store.commands import empty_log

    empty_log(directory)
