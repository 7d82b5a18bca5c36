"""What the desk wants to know: use by hour, sessions a week, stops by cause, who walks. Counts only, nobody named."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from kiosk.store.kinds import SessionState, Severity
from kiosk.store.models import EventRow, SessionRow
from kiosk.store.records import Cap
from kiosk.store.repositories import caps, service

WEEKS: Final = 12


@dataclass(frozen=True, slots=True)
class Week:
    """One week from Monday on, in the machine's time zone."""

    monday: date
    sessions: int
    walk_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """Sums from *since_ms* to *until_ms*. Only sessions that were walked count."""

    since_ms: int
    until_ms: int
    sessions: int
    completed: int
    guests: int
    members: int  # different ones
    walk_s: float
    distance_m: float
    by_hour: tuple[int, ...]  # 24 counts, local time
    by_weekday: tuple[int, ...]  # Monday first
    weeks: tuple[Week, ...]
    stops: tuple[tuple[str, int], ...]  # cause of sessions that ended before their plan, most frequent first
    faults: tuple[tuple[str, int], ...]  # cause of faults in the log: of the machine, the record, a backup
    programs: tuple[tuple[str, int], ...]
    caps: tuple[Cap, ...]


def _is_fault() -> ColumnElement[bool]:
    """A stop for what a machine does wrong, logged as the stop that it is; and what else is logged as a fault.

    That the third of them took the treadmill out of service is no fault more.
    """
    return or_(
        and_(EventRow.kind.in_(service.STOPS), EventRow.cause.in_(sorted(service.FAULTS))),
        and_(EventRow.severity == Severity.FAULT, EventRow.kind.not_in((*service.STOPS, "out_of_service"))),
    )


def report(connection: Connection, until_ms: int, weeks: int = WEEKS) -> Report:
    """The report of the last *weeks* weeks, the current one included, up to *until_ms*."""
    end = datetime.fromtimestamp(until_ms / 1000).astimezone()
    monday = (end - timedelta(days=end.weekday())).date()
    mondays = [monday - timedelta(weeks=n) for n in reversed(range(weeks))]
    since_ms = round(datetime.combine(mondays[0], datetime.min.time()).astimezone().timestamp() * 1000)
    within = (SessionRow.started_ms >= since_ms, SessionRow.started_ms <= until_ms, SessionRow.walk_s > 0)
    by_hour, by_weekday = [0] * 24, [0] * 7
    per_week = dict.fromkeys(mondays, (0, 0.0))
    total, walked, metres, done, guests = 0, 0.0, 0.0, 0, 0
    members: set[str] = set()
    stops: Counter[str] = Counter()
    programs: Counter[str] = Counter()
    rows = connection.execute(
        select(
            SessionRow.started_ms,
            SessionRow.walk_s,
            SessionRow.distance_m,
            SessionRow.state,
            SessionRow.cause,
            SessionRow.program_id,
            SessionRow.member_id,
        ).where(*within)
    )
    for started_ms, walk_s, distance_m, state, cause, program, member_id in rows:
        local = datetime.fromtimestamp(started_ms / 1000)
        by_hour[local.hour] += 1
        by_weekday[local.weekday()] += 1
        first = local.date() - timedelta(days=local.weekday())
        count, seconds = per_week.get(first, (0, 0.0))
        per_week[first] = (count + 1, seconds + walk_s)
        total += 1
        walked += walk_s
        metres += distance_m
        programs[program] += 1
        if state == SessionState.COMPLETED:
            done += 1
        elif state != SessionState.OPEN:
            stops[cause] += 1
        if member_id is None:
            guests += 1
        else:
            members.add(member_id)
    faults = connection.execute(
        select(EventRow.cause, func.count())
        .where(EventRow.at_ms >= since_ms, EventRow.at_ms <= until_ms, _is_fault())
        .group_by(EventRow.cause)
        .order_by(func.count().desc())
    )
    return Report(
        since_ms,
        until_ms,
        total,
        done,
        guests,
        len(members),
        walked,
        metres,
        tuple(by_hour),
        tuple(by_weekday),
        tuple(Week(first, *per_week[first]) for first in sorted(per_week)),
        tuple(stops.most_common()),
        tuple((cause, count) for cause, count in faults),
        tuple(programs.most_common()),
        caps.every(connection),
    )
