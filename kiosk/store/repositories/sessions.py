"""Sessions, their samples and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, case, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from hardware.units import distance_m
from kiosk.store.kinds import SessionState, Verdict
from kiosk.store.models import ConsentRow, MetaRow, SampleRow, SessionHealthRow, SessionRow, TraceRow
from kiosk.store.moment import DAY_MS, Moment
from kiosk.store.records import SCORES, Closing, Opening, Ratings, Sample, SessionRecord
from kiosk.store.repositories import members
from kiosk.store.repositories._rows import record
from kiosk.store.trace import unpack

WEEK_MS: Final = 7 * DAY_MS


def kiosk_id(connection: Connection) -> str:
    """This kiosk's own identifier."""
    return connection.scalar(select(MetaRow.value).where(MetaRow.key == "kiosk")) or ""


def insert_opening(connection: Connection, opening: Opening, at: Moment) -> None:
    """Open a session; nothing happens if it is there already. A member who is not on record makes it a guest's.

    (The record may be a fresh one, begun because the old one could not be read.)
    """
    member = None if opening.member_id is None else members.standing_id(connection, opening.member_id)
    connection.execute(
        upsert(SessionRow)
        .values(
            id=opening.id,
            member_id=member,
            kiosk=kiosk_id(connection),
            program_id=opening.program_id,
            variant=opening.variant,
            treadmill=opening.treadmill,
            language=opening.language,
            started_ms=at.utc_ms,
            clock_trusted=at.trusted,
            state=SessionState.OPEN,
            cause="",
            plan_s=opening.plan_s,
            walk_s=0.0,
            distance_m=0.0,
            top_ckmh=0,
            average_ckmh=0,
            cap_ckmh=opening.cap_ckmh,
            cap_source=opening.cap_source,
            samples=0,
        )
        .on_conflict_do_nothing()
    )


def insert_samples(connection: Connection, samples: Sequence[Sample]) -> None:
    """Add samples; one that is there already (the outcome of its commit was unknown) stays as it is."""
    if not samples:
        return
    connection.execute(
        upsert(SampleRow).on_conflict_do_nothing(),  # not OR IGNORE: that would swallow broken rules too
        [
            {
                "session_id": sample.session_id,
                "t_ms": max(0, round(sample.t_s * 1000)),
                "measured_ckmh": sample.measured_ckmh,
                "commanded_ckmh": sample.commanded_ckmh,
                "incline_dpct": sample.incline_dpct,
            }
            for sample in samples
        ],
    )


def update_closing(connection: Connection, closing: Closing, duration_s: float) -> None:
    """Close a session *duration_s* (monotonic) after it was opened. A closed one stays as it was closed."""
    counted = select(func.count()).where(SampleRow.session_id == closing.session_id).scalar_subquery()
    connection.execute(
        update(SessionRow)
        .where(SessionRow.id == closing.session_id, SessionRow.state == SessionState.OPEN)
        .values(
            state=closing.state,
            cause=closing.cause,
            ended_ms=SessionRow.started_ms + max(0, round(duration_s * 1000)),
            walk_s=closing.walk_s,
            distance_m=closing.distance_m,
            top_ckmh=closing.top_ckmh,
            average_ckmh=closing.average_ckmh,
            samples=counted,
        )
    )


def upsert_ratings(connection: Connection, ratings: Ratings) -> None:
    """Set the scores that are given; leave the others. Nothing happens for a session that is not on record."""
    if connection.scalar(select(SessionRow.id).where(SessionRow.id == ratings.session_id)) is None:
        return
    given = {name: value for name in SCORES if (value := getattr(ratings, name)) is not None}
    if given:
        statement = upsert(SessionHealthRow).values(session_id=ratings.session_id, **given)
        connection.execute(statement.on_conflict_do_update(index_elements=["session_id"], set_=given))


def of_agreed_member(connection: Connection, session_id: str) -> bool:
    """Whether the session is a member's whose last word on keeping health data was yes."""
    given = (
        select(ConsentRow.given_ms)
        .join(SessionRow, SessionRow.member_id == ConsentRow.member_id)
        .where(SessionRow.id == session_id, ConsentRow.withdrawn_ms.is_(None))
    )
    return connection.scalar(given) is not None


def lock_without_scores(connection: Connection, session_id: str) -> None:
    """Chest pain or dizziness of a member who agrees to nothing any more: what locks them, and nothing else."""
    if connection.scalar(select(SessionRow.member_id).where(SessionRow.id == session_id)) is not None:
        upsert_ratings(connection, Ratings(session_id, dizzy=True))


def set_why(connection: Connection, session_id: str, why: str) -> None:
    """Keep the why-stopped answer."""
    connection.execute(update(SessionRow).where(SessionRow.id == session_id).values(why=why))


def set_member(connection: Connection, session_id: str, member_id: str) -> None:
    """A guest became a member at the summary: this one session is theirs. Never changes another member's session."""
    connection.execute(
        update(SessionRow)
        .where(SessionRow.id == session_id, SessionRow.member_id.is_(None))
        .values(member_id=member_id)
    )


def close_interrupted(connection: Connection) -> tuple[str, ...]:
    """Close every open session as interrupted, with the figures of its samples. Returns their identifiers."""
    open_ids = connection.scalars(select(SessionRow.id).where(SessionRow.state == SessionState.OPEN)).all()
    for session_id in open_ids:
        samples = samples_of(connection, session_id)
        figures = figures_of(samples)
        last_s = samples[-1].t_s if samples else 0.0
        closing = Closing(session_id, SessionState.INTERRUPTED, "interrupted", *figures)
        update_closing(connection, closing, last_s)
    return tuple(open_ids)


def figures_of(samples: Sequence[Sample]) -> tuple[float, float, int, int]:
    """(walk_s, distance_m, top_ckmh, average_ckmh): each sample stands for the time until the next, at most 2 s."""
    walk_s = distance = 0.0
    top = 0
    for index, sample in enumerate(samples):
        speed = sample.measured_ckmh or 0
        if speed == 0:
            continue
        until = samples[index + 1].t_s if index + 1 < len(samples) else sample.t_s + 1.0
        seconds = min(until - sample.t_s, 2.0)
        walk_s += seconds
        distance += distance_m(speed, seconds)
        top = max(top, speed)
    average = round(distance / walk_s * 360) if walk_s else 0
    return walk_s, distance, top, average


def samples_of(connection: Connection, session_id: str) -> list[Sample]:
    """The samples of a session in order of time, from rows or, for older sessions, from its trace."""
    packed = connection.scalar(select(TraceRow.packed).where(TraceRow.session_id == session_id))
    if packed is not None:
        return unpack(session_id, packed)
    rows = connection.execute(
        select(SampleRow.t_ms, SampleRow.measured_ckmh, SampleRow.commanded_ckmh, SampleRow.incline_dpct)
        .where(SampleRow.session_id == session_id)
        .order_by(SampleRow.t_ms)
    )
    return [
        Sample(session_id, t_ms / 1000, measured, commanded, incline) for t_ms, measured, commanded, incline in rows
    ]


_RECORD: Final = (
    SessionRow.id,
    SessionRow.member_id,
    SessionRow.program_id,
    SessionRow.variant,
    SessionRow.treadmill,
    SessionRow.started_ms,
    SessionRow.ended_ms,
    SessionRow.clock_trusted,
    SessionRow.state,
    SessionRow.cause,
    SessionRow.why,
    SessionRow.plan_s,
    SessionRow.walk_s,
    SessionRow.distance_m,
    SessionRow.top_ckmh,
    SessionRow.average_ckmh,
    SessionRow.cap_ckmh,
    SessionRow.cap_source,
    SessionRow.samples,
    SessionHealthRow.effort,
    SessionHealthRow.pain_before,
    SessionHealthRow.pain_peak,
    SessionHealthRow.pain_after,
    SessionHealthRow.worse_next_morning,
    SessionHealthRow.dizzy,
    SessionHealthRow.stumble,
    SessionHealthRow.verdict,
)


_RECORDS: Final = select(*_RECORD).join(SessionHealthRow, SessionHealthRow.session_id == SessionRow.id, isouter=True)


def by_id(connection: Connection, session_id: str) -> SessionRecord | None:
    """One session."""
    row = connection.execute(_RECORDS.where(SessionRow.id == session_id)).mappings().first()
    return None if row is None else record(SessionRecord, row)


def last_of_member(connection: Connection, member_id: str, limit: int = 20) -> tuple[SessionRecord, ...]:
    """A member's sessions, newest first."""
    rows = connection.execute(
        _RECORDS.where(SessionRow.member_id == member_id)
        .order_by(SessionRow.started_ms.desc(), SessionRow.id.desc())
        .limit(limit)
    )
    return tuple(record(SessionRecord, row) for row in rows.mappings())


def last(connection: Connection, limit: int = 20) -> tuple[SessionRecord, ...]:
    """All sessions, newest first."""
    rows = connection.execute(_RECORDS.order_by(SessionRow.started_ms.desc(), SessionRow.id.desc()).limit(limit))
    return tuple(record(SessionRecord, row) for row in rows.mappings())


def week_of_member(connection: Connection, member_id: str, utc_ms: int) -> tuple[int, float]:
    """(sessions, walked seconds) in the seven days before *utc_ms*; a session without a step does not count."""
    count, walked = connection.execute(
        select(func.count(), func.coalesce(func.sum(SessionRow.walk_s), 0.0)).where(
            SessionRow.member_id == member_id,
            SessionRow.started_ms > utc_ms - WEEK_MS,
            SessionRow.walk_s > 0,
        )
    ).one()
    return int(count), float(walked)


def visits_of_member(connection: Connection, member_id: str) -> int:
    """How many sessions the member has walked in, ever."""
    return (
        connection.scalar(select(func.count()).where(SessionRow.member_id == member_id, SessionRow.walk_s > 0)) or 0
    )


def clean_of_member(connection: Connection, member_id: str) -> int:
    """How many of the member's sessions the coach called clean."""
    clean = case((SessionHealthRow.verdict == Verdict.CLEAN, 1))
    return (
        connection.scalar(
            select(func.count(clean))
            .select_from(SessionRow)
            .join(SessionHealthRow, SessionHealthRow.session_id == SessionRow.id)
            .where(SessionRow.member_id == member_id)
        )
        or 0
    )


def newest_ms(connection: Connection) -> int:
    """When the newest session started; 0 if there is none. The floor of an untrusted clock."""
    return connection.scalar(select(func.max(SessionRow.started_ms))) or 0


def between(connection: Connection, since_ms: int, until_ms: int | None = None) -> tuple[SessionRecord, ...]:
    """Sessions that started from *since_ms* on and before *until_ms*, oldest first."""
    statement = _RECORDS.where(SessionRow.started_ms >= since_ms)
    if until_ms is not None:
        statement = statement.where(SessionRow.started_ms < until_ms)
    rows = connection.execute(statement.order_by(SessionRow.started_ms, SessionRow.id))
    return tuple(record(SessionRecord, row) for row in rows.mappings())
