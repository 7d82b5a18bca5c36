"""The log: trips, stops, resets, faults."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from kiosk.store.kinds import Severity
from kiosk.store.models import BlackBoxRow, EventRow, SessionRow
from kiosk.store.records import Event, EventIn
from kiosk.store.repositories._rows import record

DETAIL_MAX: Final = 400
COLUMNS: Final = (
    EventRow.id,
    EventRow.at_ms,
    EventRow.session_id,
    EventRow.kind,
    EventRow.severity,
    EventRow.cause,
    EventRow.state,
    EventRow.speed_ckmh,
    EventRow.detail,
)
"""Of an event, as the record gives one out (Event)."""


def insert_event(connection: Connection, event_id: str, event: EventIn, at_ms: int) -> None:
    """Add an event; one that is there already stays. An unknown session leaves the event without one."""
    session_id = event.session_id
    if session_id is not None and connection.scalar(select(SessionRow.id).where(SessionRow.id == session_id)) is None:
        session_id = None
    connection.execute(
        upsert(EventRow)
        .values(
            id=event_id,
            at_ms=at_ms,
            session_id=session_id,
            kind=event.kind[:40],
            severity=event.severity,
            cause=event.cause,
            state=event.state,
            speed_ckmh=event.speed_ckmh,
            detail=event.detail[:DETAIL_MAX],
        )
        .on_conflict_do_nothing()
    )


def last(
    connection: Connection,
    *,
    limit: int = 50,
    since_ms: int = 0,
    severity: Severity | None = None,
    cause: str | None = None,
    session_id: str | None = None,
) -> tuple[Event, ...]:
    """Events, newest first, narrowed by what is given."""
    statement = select(*COLUMNS).where(EventRow.at_ms >= since_ms)
    if severity is not None:
        statement = statement.where(EventRow.severity == severity)
    if cause is not None:
        statement = statement.where(EventRow.cause == cause)
    if session_id is not None:
        statement = statement.where(EventRow.session_id == session_id)
    rows = connection.execute(statement.order_by(EventRow.at_ms.desc(), EventRow.id.desc()).limit(limit))
    return tuple(record(Event, row) for row in rows.mappings())


def of_kind(connection: Connection, kind: str, limit: int = 50) -> tuple[Event, ...]:
    """The newest events of one kind."""
    statement = select(*COLUMNS).where(EventRow.kind == kind)
    rows = connection.execute(statement.order_by(EventRow.at_ms.desc(), EventRow.id.desc()).limit(limit))
    return tuple(record(Event, row) for row in rows.mappings())


def between(connection: Connection, since_ms: int, until_ms: int) -> tuple[Event, ...]:
    """Events from *since_ms* on and before *until_ms*, oldest first."""
    within = (EventRow.at_ms >= since_ms, EventRow.at_ms < until_ms)
    rows = connection.execute(select(*COLUMNS).where(*within).order_by(EventRow.at_ms, EventRow.id))
    return tuple(record(Event, row) for row in rows.mappings())


def by_id(connection: Connection, event_id: str) -> Event | None:
    """One event."""
    row = connection.execute(select(*COLUMNS).where(EventRow.id == event_id)).mappings().first()
    return None if row is None else record(Event, row)


def insert_black_box(connection: Connection, event_id: str, at_ms: int, form: str, content: bytes) -> None:
    """Keep the black box of an event; nothing happens if the event is not on record or has one."""
    if connection.scalar(select(EventRow.id).where(EventRow.id == event_id)) is None:
        return
    connection.execute(
        upsert(BlackBoxRow)
        .values(event_id=event_id, at_ms=at_ms, format=form, content=content)
        .on_conflict_do_nothing()
    )


def black_box(connection: Connection, event_id: str) -> tuple[str, bytes] | None:
    """(format, content) of an event's black box; None without one."""
    row = connection.execute(
        select(BlackBoxRow.format, BlackBoxRow.content).where(BlackBoxRow.event_id == event_id)
    ).first()
    return None if row is None else (row.format, row.content)


def with_black_box(connection: Connection, limit: int = 50) -> tuple[Event, ...]:
    """Events that have a black box, newest first."""
    rows = connection.execute(
        select(*COLUMNS)
        .join(BlackBoxRow, BlackBoxRow.event_id == EventRow.id)
        .order_by(EventRow.at_ms.desc(), EventRow.id.desc())
        .limit(limit)
    )
    return tuple(record(Event, row) for row in rows.mappings())
