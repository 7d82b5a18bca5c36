"""Cap rows as they are kept. Which one wins: kiosk/staff/caps.py."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from kiosk.store.kinds import CapScope
from kiosk.store.models import CapRow
from kiosk.store.records import Cap
from kiosk.store.repositories._rows import record


def every(connection: Connection) -> tuple[Cap, ...]:
    """All rows."""
    rows = connection.execute(
        select(
            CapRow.scope,
            CapRow.key,
            CapRow.speed_ckmh,
            CapRow.incline_dpct,
            CapRow.set_ms,
            CapRow.set_by,
            CapRow.reason,
        ).order_by(CapRow.scope, CapRow.key)
    )
    return tuple(record(Cap, row) for row in rows.mappings())


def one(connection: Connection, scope: CapScope, key: str) -> Cap | None:
    """The row of one scope, if it is set."""
    return next((cap for cap in every(connection) if cap.scope is scope and cap.key == key), None)


def put(connection: Connection, cap: Cap) -> None:
    """Set or replace a row. The caller audits."""
    values = {
        "member_id": cap.key if cap.scope is CapScope.MEMBER else None,
        "speed_ckmh": cap.speed_ckmh,
        "incline_dpct": cap.incline_dpct,
        "set_ms": cap.set_ms,
        "set_by": cap.set_by,
        "reason": cap.reason,
    }
    statement = upsert(CapRow).values(scope=cap.scope, key=cap.key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["scope", "key"], set_=values))


def remove(connection: Connection, scope: CapScope, key: str) -> None:
    """Take a row away. The caller audits."""
    connection.execute(delete(CapRow).where(CapRow.scope == scope, CapRow.key == key))
