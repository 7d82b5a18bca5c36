"""The guard's black boxes beside the events they belong to. Compressed: a minute of ticks is highly repetitive."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from sqlalchemy import Connection, select

from kiosk.store.models import BlackBoxRow, EventRow
from kiosk.store.records import StoreError

COMPRESSED = "+zlib"


@dataclass(frozen=True, slots=True)
class BoxEntry:
    """One box as listed."""

    event_id: str
    at_ms: int
    cause: str
    size: int


def packed(content: bytes) -> bytes:
    """As a box is stored."""
    return zlib.compress(content, 6)


def listed(connection: Connection, limit: int = 20) -> tuple[BoxEntry, ...]:
    """The newest boxes, newest first."""
    rows = connection.execute(
        select(BlackBoxRow.event_id, BlackBoxRow.at_ms, EventRow.cause, BlackBoxRow.content)
        .join(EventRow, EventRow.id == BlackBoxRow.event_id)
        .order_by(BlackBoxRow.at_ms.desc(), BlackBoxRow.event_id.desc())
        .limit(limit)
    )
    return tuple(BoxEntry(row.event_id, row.at_ms, row.cause or "", len(row.content)) for row in rows)


def fetch(connection: Connection, name: str, format_name: str) -> tuple[str, bytes]:
    """Event and box that *name* means: ``last``, a whole identifier, or its unique end. Raises StoreError."""
    query = select(BlackBoxRow.event_id, BlackBoxRow.format, BlackBoxRow.content)
    if name == "last":
        rows = connection.execute(
            query.order_by(BlackBoxRow.at_ms.desc(), BlackBoxRow.event_id.desc()).limit(1)
        ).all()
        if not rows:
            raise StoreError("There is no black box on record yet: one is kept of each stop.")
    else:
        rows = connection.execute(query.where(BlackBoxRow.event_id.endswith(name, autoescape=True)).limit(2)).all()
        if not rows:
            raise StoreError(f'No black box "{name}" is on record. List them with: retrowalk blackbox list')
        if len(rows) > 1:
            raise StoreError(f'"{name}" fits several black boxes. Give more of the identifier.')
    row = rows[0]
    if row.format != format_name + COMPRESSED:
        raise StoreError(f"This black box was kept in the form {row.format}, which this version does not read.")
    return row.event_id, zlib.decompress(row.content)
