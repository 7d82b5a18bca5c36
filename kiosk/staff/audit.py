"""The audit: who, when, what, before, after, why. Append-only: triggers in the database refuse all else.

Members appear by identifier only, so erasing a member leaves nothing personal behind.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, insert, select

from kiosk.store.ids import IdSource
from kiosk.store.models import AuditRow
from kiosk.store.moment import Moment
from kiosk.store.records import AuditEntry
from kiosk.store.repositories._rows import record

REASON_MAX: Final = 400


def note(
    connection: Connection,
    ids: IdSource,
    at: Moment,
    *,
    who: str,
    action: str,
    subject: str,
    before: str = "",
    after: str = "",
    reason: str = "",
) -> None:
    """Add one entry, in the transaction of the change it speaks of: neither is ever there without the other."""
    connection.execute(
        insert(AuditRow).values(
            id=ids.new(at.utc_ms),
            at_ms=at.utc_ms,
            who=who,
            action=action,
            subject=subject,
            before=before,
            after=after,
            reason=reason[:REASON_MAX],
        )
    )


def last(connection: Connection, limit: int = 50) -> tuple[AuditEntry, ...]:
    """Entries, newest first."""
    rows = connection.execute(
        select(
            AuditRow.id,
            AuditRow.at_ms,
            AuditRow.who,
            AuditRow.action,
            AuditRow.subject,
            AuditRow.before,
            AuditRow.after,
            AuditRow.reason,
        )
        .order_by(AuditRow.at_ms.desc(), AuditRow.id.desc())
        .limit(limit)
    )
    return tuple(record(AuditEntry, row) for row in rows.mappings())
