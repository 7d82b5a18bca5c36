"""In service or not: the third same fault within seven days takes the treadmill out until an owner's PIN.

Kept in ``meta`` beside the log, so that it survives restarts and power cuts: the hold itself, and for each cause up
to which event it was cleared. Counted by the log's own order, not by the wall clock alone: a clock that was set back
hides no fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Integer, delete, func, literal_column, select
from sqlalchemy.dialects.sqlite import insert as upsert

from hardware.link.messages import Cause
from kiosk.store.ids import IdSource
from kiosk.store.kinds import Severity
from kiosk.store.models import AuditRow, EventRow, MetaRow
from kiosk.store.moment import DAY_MS, Moment
from kiosk.store.records import EventIn
from kiosk.store.repositories import events

WINDOW_MS: Final = 7 * DAY_MS
LIMIT: Final = 3

FAULTS: Final = frozenset(
    {
        Cause.RESTART_MOVING,
        Cause.LINK_LOST,
        Cause.TELEMETRY_STALE,
        Cause.BELT_PROCESS,
        Cause.SCREEN_FROZEN,
        Cause.OVERSPEED,
        Cause.DEVIATION,
        Cause.START_TIMEOUT,
        Cause.UNEXPECTED_MOTION,
        Cause.CONTROL_LOST,
        Cause.STOP_NOT_CONFIRMED,
        Cause.TICK_LATE,
        Cause.INPUT_FAULT,
        Cause.PERMIT_FAULT,
        Cause.PICKUP,
    }
)
"""What a machine does wrong. A clip, a button, a key or a step off the deck is a person's doing and no fault. So may
a belt be that stopped itself: its console has a key for that, and where members set the pace there walks end so.
"""

STOPS: Final = ("trip", "stop")
"""As the guard names its stops: "stop" is one that leaves the permit, as for a frozen screen."""

_HOLD: Final = "service_hold"
_REASON_MAX: Final = 400
_CLEARED: Final = "service_cleared:"
_ROWID: Final[ColumnElement[int]] = literal_column("event.rowid", Integer)


@dataclass(frozen=True, slots=True)
class Tally:
    """One cause within the last seven days, since it was last cleared. Times UTC ms; 0 where *count* is 0."""

    cause: str
    count: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Service:
    """How it stands. *hold*: the cause that took the treadmill out of service, '' while it is in."""

    hold: str = ""
    tallies: tuple[Tally, ...] = ()

    def of(self, cause: str) -> Tally:
        """The tally of *cause*."""
        return next((tally for tally in self.tallies if tally.cause == cause), Tally(cause, 0, 0, 0))


IN_SERVICE: Final = Service()


def is_fault(event: EventIn) -> bool:
    """Whether this event counts."""
    return event.kind in STOPS and event.cause in FAULTS


def _meta(connection: Connection, key: str) -> str:
    return connection.scalar(select(MetaRow.value).where(MetaRow.key == key)) or ""


def _keep(connection: Connection, key: str, value: str) -> None:
    connection.execute(
        upsert(MetaRow)
        .values(key=key, value=value)
        .on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )


def tally(connection: Connection, cause: str, utc_ms: int) -> Tally:
    """How often *cause* has come."""
    cleared = _meta(connection, _CLEARED + cause)
    row = connection.execute(
        select(func.count(), func.min(EventRow.at_ms), func.max(EventRow.at_ms)).where(
            EventRow.cause == cause,
            EventRow.kind.in_(STOPS),
            EventRow.at_ms >= utc_ms - WINDOW_MS,
            (int(cleared) if cleared.isdigit() else 0) < _ROWID,
        )
    ).one()
    return Tally(cause, row[0], row[1] or 0, row[2] or 0)


def read(connection: Connection, utc_ms: int) -> Service:
    """The hold, and every fault of the last seven days, the most frequent first."""
    found = [tally(connection, cause.value, utc_ms) for cause in sorted(FAULTS)]
    found = sorted((one for one in found if one.count), key=lambda one: (-one.count, -one.last_ms))
    return Service(_meta(connection, _HOLD), tuple(found))


def consider(connection: Connection, ids: IdSource, cause: str, at: Moment) -> bool:
    """After a fault is in the log: out of service, if it is the third. True if it is now."""
    if _meta(connection, _HOLD):
        return True
    found = tally(connection, cause, at.utc_ms)
    if found.count < LIMIT:
        return False
    _keep(connection, _HOLD, cause)
    told = EventIn("out_of_service", Severity.FAULT, cause=cause, detail=f"{found.count} times in 7 days")
    events.insert_event(connection, ids.new(at.utc_ms), told, at.utc_ms)
    return True


def clear(connection: Connection, ids: IdSource, at: Moment, *, who: str, reason: str = "") -> str:
    """Back into service, with its entries in log and audit; returns the cause. '' if it was in service.

    *reason*: at most 400 characters are kept.
    """
    cause = _meta(connection, _HOLD)
    if not cause:
        return ""
    newest = connection.scalar(select(func.max(_ROWID)).select_from(EventRow)) or 0
    _keep(connection, _CLEARED + cause, str(newest))
    connection.execute(delete(MetaRow).where(MetaRow.key == _HOLD))
    told = EventIn("back_in_service", Severity.NOTICE, cause=cause)
    events.insert_event(connection, ids.new(at.utc_ms), told, at.utc_ms)
    connection.execute(
        upsert(AuditRow).values(
            id=ids.new(at.utc_ms),
            at_ms=at.utc_ms,
            who=who,
            action="back in service",
            subject="treadmill",
            before=f"out of service: {cause}",
            after="in service",
            reason=reason[:_REASON_MAX],
        )
    )
    return cause
