"""What is kept how long: samples as rows for a month, packed for a year, thinned after that; the log for two years.

In small steps, each a short transaction, so that the walk under way never waits for housekeeping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, text, update

from kiosk.store.kinds import SessionState, Severity
from kiosk.store.models import BlackBoxRow, EventRow, SampleRow, SessionRow, TraceRow
from kiosk.store.moment import DAY_MS
from kiosk.store.repositories import sessions
from kiosk.store.trace import TraceError, pack, thinned, unpack

PACK_AFTER_MS: Final = 30 * DAY_MS
"""Rows anybody can query with sqlite3 for a month; then packed, a fiftieth of the size, nothing lost."""

THIN_AFTER_MS: Final = 365 * DAY_MS
THIN_STEP_S: Final = 10
"""Raw samples for 12 months, then less (coaching.md section 7): one for every ten seconds."""

LOG_MS: Final = 730 * DAY_MS
"""Stops and faults are kept; what is only information goes after two years. Black boxes too: they are large."""

STEP: Final = 20  # sessions a transaction


@dataclass(frozen=True, slots=True)
class Kept:
    """What one step did; nothing left to do when all are 0."""

    packed: int
    thinned: int
    events: int

    @property
    def done(self) -> bool:
        """True when there was nothing to do."""
        return self.packed + self.thinned + self.events == 0


def step(connection: Connection, utc_ms: int, limit: int = STEP) -> Kept:
    """Do at most *limit* of each; call again until ``done``."""
    return Kept(
        _pack(connection, utc_ms - PACK_AFTER_MS, limit),
        _thin(connection, utc_ms - THIN_AFTER_MS, limit),
        _forget_events(connection, utc_ms - LOG_MS, limit * 50),
    )


def pack_session(connection: Connection, session_id: str) -> None:
    """Turn the rows of one session into its trace."""
    rows = sessions.samples_of(connection, session_id)
    connection.execute(insert(TraceRow).values(session_id=session_id, step_s=1, packed=pack(rows)))
    connection.execute(delete(SampleRow).where(SampleRow.session_id == session_id))


def _pack(connection: Connection, before_ms: int, limit: int) -> int:
    # From one session with rows to the next by the primary key: identifiers sort by time, so the oldest come first
    # and nothing else is read, however many sessions there are.
    packed = 0
    last = ""
    while packed < limit:
        session_id = connection.scalar(select(func.min(SampleRow.session_id)).where(SampleRow.session_id > last))
        if session_id is None:
            break
        last = session_id
        started_ms, state = connection.execute(
            select(SessionRow.started_ms, SessionRow.state).where(SessionRow.id == session_id)
        ).one()
        if started_ms >= before_ms:
            break
        if state != SessionState.OPEN:
            pack_session(connection, session_id)
            packed += 1
    return packed


def _thin(connection: Connection, before_ms: int, limit: int) -> int:
    found = connection.execute(
        select(TraceRow.session_id, TraceRow.packed, SessionRow.started_ms)
        .join(SessionRow, SessionRow.id == TraceRow.session_id)
        .where(text("trace.step_s < 10"))  # as the partial index has it
        .order_by(TraceRow.session_id)
        .limit(limit)
    ).all()
    old = [(session_id, packed) for session_id, packed, started_ms in found if started_ms < before_ms]
    for session_id, packed in old:
        try:
            thin = pack(thinned(unpack(session_id, packed), THIN_STEP_S))
        except TraceError:
            thin = packed  # what cannot be read stays as it is, and is not tried again
        connection.execute(
            update(TraceRow).where(TraceRow.session_id == session_id).values(step_s=THIN_STEP_S, packed=thin)
        )
    return len(old)


def _forget_events(connection: Connection, before_ms: int, limit: int) -> int:
    old = (
        select(EventRow.id)
        .where(EventRow.at_ms < before_ms, EventRow.severity == Severity.INFO)
        .limit(limit)
        .scalar_subquery()
    )
    gone = connection.execute(delete(EventRow).where(EventRow.id.in_(old))).rowcount
    boxes = select(BlackBoxRow.event_id).where(BlackBoxRow.at_ms < before_ms).limit(limit).scalar_subquery()
    return gone + connection.execute(delete(BlackBoxRow).where(BlackBoxRow.event_id.in_(boxes))).rowcount
