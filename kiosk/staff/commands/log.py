"""``retrowalk sessions`` and ``retrowalk events``: what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.store.kinds import Severity
from kiosk.store.moment import DAY_MS, iso, local_text
from kiosk.store.records import SessionRecord

if TYPE_CHECKING:
    pass

from kiosk.staff.commands.shell import (
    AsJson,
    ConfigFile,
    Data,
    checked,
    directory_of,
    now,
    print_json,
    print_table,
    sentences,
)

app = typer.Typer(no_args_is_help=True)


def session_json(session: SessionRecord) -> dict[str, object]:
    """A session as ``--json`` shows one; without scores."""
    return {
        "id": session.id,
        "member_id": session.member_id,
        "program": session.program_id,
        "variant": session.variant,
        "treadmill": session.treadmill,
        "started": iso(session.started_ms),
        "ended": None if session.ended_ms is None else iso(session.ended_ms),
        "clock_trusted": session.clock_trusted,
        "state": session.state,
        "cause": session.cause,
        "walk_s": session.walk_s,
        "distance_m": session.distance_m,
        "top_kmh": session.top_ckmh / 100,
        "average_kmh": session.average_ckmh / 100,
        "cap_kmh": session.cap_ckmh / 100,
        "cap_source": session.cap_source,
        "samples": session.samples,
    }


def print_sessions(found: Sequence[SessionRecord]) -> None:
    """Sessions as a table; a question mark marks a start whose clock nobody had set."""
    print_table(
        ("started", "who", "program", "state", "cause", "walked", "metres", "top", "cap"),
        [
            (
                local_text(session.started_ms) + ("" if session.clock_trusted else " ?"),
                "guest" if session.member_id is None else "member",
                f"{session.program_id} {session.variant}",
                session.state.value,
                session.cause,
                f"{session.walk_s // 60:.0f}:{session.walk_s % 60:02.0f}",
                f"{session.distance_m:.0f}",
                f"{session.top_ckmh / 100:.2f} km/h",
                f"{session.cap_ckmh / 100:.2f} km/h, {session.cap_source}",
            )
            for session in found
        ],
        "There are no sessions yet.",
    )


@app.command()
def sessions(
    *,
    member: Annotated[str | None, typer.Option(metavar="CODE", help="Only this member's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Sessions, newest first."""
    from kiosk.store.commands import reading
    from kiosk.store.repositories import members
    from kiosk.store.repositories import sessions as repository

    with sentences():
        with reading(directory_of(data, config)) as connection:
            if member is None:
                found = repository.last(connection, limit)
            else:
                found = repository.last_of_member(connection, members.find(connection, member).id, limit)
        if as_json:
            print_json([session_json(session) for session in found])
        else:
            print_sessions(found)


@app.command()
def events(
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    days: Annotated[int | None, typer.Option(min=1, help="Only of the last so many days.")] = None,
    severity: Annotated[str | None, typer.Option(help="info, notice, stop or fault.")] = None,
    cause: Annotated[str | None, typer.Option(help="clip, red_button, link_lost, ...")] = None,
    session: Annotated[str | None, typer.Option(metavar="ID", help="Only of this session.")] = None,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """The log: trips, stops, resets and faults, newest first."""
    from kiosk.store.commands import reading
    from kiosk.store.repositories import events as repository

    with sentences():
        kind = None if severity is None else Severity(checked(Severity, severity, "severity"))
        since_ms = 0 if days is None else now().utc_ms - days * DAY_MS
        with reading(directory_of(data, config)) as connection:
            found = repository.last(
                connection, limit=limit, since_ms=since_ms, severity=kind, cause=cause, session_id=session
            )
        if as_json:
            print_json(
                [
                    {
                        "id": event.id,
                        "at": iso(event.at_ms),
                        "session": event.session_id,
                        "kind": event.kind,
                        "severity": event.severity,
                        "cause": event.cause,
                        "state": event.state,
                        "speed_kmh": None if event.speed_ckmh is None else event.speed_ckmh / 100,
                        "detail": event.detail,
                    }
                    for event in found
                ]
            )
            return
        print_table(
            ("at", "severity", "kind", "cause", "state", "speed", "detail"),
            [
                (
                    local_text(event.at_ms),
                    event.severity.value,
                    event.kind,
                    event.cause,
                    event.state,
                    "-" if event.speed_ckmh is None else f"{event.speed_ckmh / 100:.2f}",
                    event.detail,
                )
                for event in found
            ],
            "The log is empty."
            if (days, severity, cause, session) == (None, None, None, None)
            else "Nothing in the log is like that. Leave an option out to see more.",
        )
