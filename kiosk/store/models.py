"""The tables, typed. Rules that must always hold are in the database: CHECK, UNIQUE, foreign keys, STRICT types.

Times ``_ms`` are UTC milliseconds since 1970; durations and offsets come from the monotonic clock (moment.py). Speeds
``_ckmh`` are 0.01 km/h, inclines ``_dpct`` 0.1 %. Identifiers are UUIDv7 text. A bool is an INTEGER of 0 or 1.

Health data (pain, effort, dizziness, verdicts) is in ``session_health``, ``screening`` and ``consent`` alone: it can
be erased without touching the statistics (coaching.md section 7). Raw screening answers are never stored.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import (
    REAL,
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from kiosk.store.kinds import (
    MAX_CAP_CKMH,
    MAX_INCLINE_DPCT,
    MIN_CAP_CKMH,
    AgeBand,
    CapScope,
    Role,
    Screened,
    SessionState,
    Severity,
    Verdict,
)

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention=_NAMES)


class Flag(TypeDecorator[bool]):
    """A bool in a STRICT table."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        """To 0 or 1."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        """From 0 or 1."""
        return None if value is None else bool(value)


def _one_of(column: str, kind: type[StrEnum]) -> CheckConstraint:
    values = ", ".join(f"'{member.value}'" for member in kind)
    return CheckConstraint(f"{column} IN ({values})", column)


def _between(column: str, low: int, high: int) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", column)


def _flag(column: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN (0, 1)", column)


def _length(column: str, low: int, high: int) -> CheckConstraint:
    return CheckConstraint(f"length({column}) BETWEEN {low} AND {high}", column)


def _at_least_0(column: str) -> CheckConstraint:
    return CheckConstraint(f"{column} >= 0", column)


def _table(*items: SchemaItem, with_rowid: bool = True) -> tuple[SchemaItem | dict[str, bool], ...]:
    return (*items, {"sqlite_strict": True, "sqlite_with_rowid": with_rowid})


class MetaRow(Base):
    """Facts about this database: ``kiosk`` is this kiosk's own identifier."""

    __tablename__ = "meta"
    __table_args__ = _table(with_rowid=False)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class MemberRow(Base):
    """A member. Code and name are the only personal identifiers in the database; the name is optional."""

    __tablename__ = "member"
    __table_args__ = _table(
        _length("id", 36, 36),
        CheckConstraint("length(code) = 6 AND code NOT GLOB '*[^0-9]*'", "code"),
        _length("name", 1, 60),
        CheckConstraint("language IN ('en', 'es', 'de')", "language"),
        _one_of("age_band", AgeBand),
        UniqueConstraint("code"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    age_band: Mapped[str | None] = mapped_column(Text)
    first_seen_ms: Mapped[int] = mapped_column(Integer)


class SessionRow(Base):
    """One walk, opened before the belt moves. A guest's has no member and is never linked to one without asking."""

    __tablename__ = "session"
    __table_args__ = _table(
        _length("id", 36, 36),
        _one_of("state", SessionState),
        CheckConstraint("(state = 'open') = (ended_ms IS NULL)", "ended"),
        CheckConstraint("ended_ms >= started_ms", "order"),
        _flag("clock_trusted"),
        _at_least_0("plan_s"),
        _at_least_0("walk_s"),
        _at_least_0("distance_m"),
        _between("top_ckmh", 0, 65535),
        _between("average_ckmh", 0, 65535),
        _between("cap_ckmh", 0, 65535),
        _at_least_0("samples"),
        _length("cause", 0, 40),
        _length("why", 1, 40),
        Index(None, "member_id", "started_ms", "walk_s"),
        Index(None, "started_ms"),
        Index("ix_session_open", "id", sqlite_where=text("state = 'open'")),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    member_id: Mapped[str | None] = mapped_column(Text, ForeignKey("member.id", ondelete="SET NULL"))
    kiosk: Mapped[str] = mapped_column(Text)
    program_id: Mapped[str] = mapped_column(Text)
    variant: Mapped[str] = mapped_column(Text)
    treadmill: Mapped[str] = mapped_column(Text)  # Bluetooth address, '' if not known
    language: Mapped[str] = mapped_column(Text)
    started_ms: Mapped[int] = mapped_column(Integer)
    ended_ms: Mapped[int | None] = mapped_column(Integer)
    clock_trusted: Mapped[bool] = mapped_column(Flag)
    state: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)  # what ended it: hardware.link.messages.Cause, '' while open
    why: Mapped[str | None] = mapped_column(Text)  # the why-stopped answer
    plan_s: Mapped[float] = mapped_column(REAL)
    walk_s: Mapped[float] = mapped_column(REAL)
    distance_m: Mapped[float] = mapped_column(REAL)
    top_ckmh: Mapped[int] = mapped_column(Integer)
    average_ckmh: Mapped[int] = mapped_column(Integer)
    cap_ckmh: Mapped[int] = mapped_column(Integer)
    cap_source: Mapped[str] = mapped_column(Text)
    samples: Mapped[int] = mapped_column(Integer)  # how many were recorded, also after thinning


class SessionHealthRow(Base):
    """Scores of 0-10 and what the coach made of them. Health data: erasable by itself."""

    __tablename__ = "session_health"
    __table_args__ = _table(
        _between("effort", 0, 10),
        _between("pain_before", 0, 10),
        _between("pain_peak", 0, 10),
        _between("pain_after", 0, 10),
        _flag("worse_next_morning"),
        _flag("dizzy"),
        _flag("stumble"),
        _one_of("verdict", Verdict),
        with_rowid=False,
    )

    session_id: Mapped[str] = mapped_column(Text, ForeignKey("session.id", ondelete="CASCADE"), primary_key=True)
    effort: Mapped[int | None] = mapped_column(Integer)
    pain_before: Mapped[int | None] = mapped_column(Integer)
    pain_peak: Mapped[int | None] = mapped_column(Integer)
    pain_after: Mapped[int | None] = mapped_column(Integer)
    worse_next_morning: Mapped[bool | None] = mapped_column(Flag)
    dizzy: Mapped[bool | None] = mapped_column(Flag)
    stumble: Mapped[bool | None] = mapped_column(Flag)
    verdict: Mapped[str | None] = mapped_column(Text)


class SampleRow(Base):
    """One second of a walk, committed within 2 s of happening. Older sessions are packed into ``trace``."""

    __tablename__ = "sample"
    __table_args__ = _table(
        _at_least_0("t_ms"),
        _between("measured_ckmh", 0, 65535),
        _between("commanded_ckmh", 0, 65535),
        with_rowid=False,
    )

    session_id: Mapped[str] = mapped_column(Text, ForeignKey("session.id", ondelete="CASCADE"), primary_key=True)
    t_ms: Mapped[int] = mapped_column(Integer, primary_key=True)  # since the session opened, monotonic
    measured_ckmh: Mapped[int | None] = mapped_column(Integer)  # NULL: stale
    commanded_ckmh: Mapped[int] = mapped_column(Integer)
    incline_dpct: Mapped[int | None] = mapped_column(Integer)


class TraceRow(Base):
    """The samples of one older session, packed (trace.py); *step_s* tells how far retention has thinned them."""

    __tablename__ = "trace"
    __table_args__ = _table(
        CheckConstraint("step_s > 0", "step_s"),
        Index("ix_trace_not_thinned", "session_id", sqlite_where=text("step_s < 10")),
    )

    session_id: Mapped[str] = mapped_column(Text, ForeignKey("session.id", ondelete="CASCADE"), primary_key=True)
    step_s: Mapped[int] = mapped_column(Integer)
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class EventRow(Base):
    """A trip, a stop, a reset, a fault. No name, code or score is ever in *detail*."""

    __tablename__ = "event"
    __table_args__ = _table(
        _length("id", 36, 36),
        _length("kind", 1, 40),
        _one_of("severity", Severity),
        _length("detail", 0, 400),
        _between("speed_ckmh", 0, 65535),
        Index(None, "at_ms"),
        Index(None, "session_id"),
        Index(None, "cause", "at_ms"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    session_id: Mapped[str | None] = mapped_column(Text, ForeignKey("session.id", ondelete="SET NULL"))
    at_ms: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    speed_ckmh: Mapped[int | None] = mapped_column(Integer)
    detail: Mapped[str] = mapped_column(Text)


class StaffRow(Base):
    """A staff account. Accounts are retired, not deleted: the audit names them."""

    __tablename__ = "staff"
    __table_args__ = _table(
        _length("id", 36, 36),
        _length("name", 1, 60),
        _one_of("role", Role),
        _flag("active"),
        CheckConstraint("pin_hash LIKE '$argon2id$%'", "pin_hash"),
        Index("uq_staff_name", text("lower(name)"), unique=True),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    pin_hash: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Flag)
    created_ms: Mapped[int] = mapped_column(Integer)


class PinLockRow(Base):
    """Wrong PINs in a row on this kiosk, whoever typed them; one row."""

    __tablename__ = "pin_lock"
    __table_args__ = _table(CheckConstraint("id = 1", "one"), _at_least_0("wrong"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    wrong: Mapped[int] = mapped_column(Integer)
    last_wrong_ms: Mapped[int] = mapped_column(Integer)


class CapRow(Base):
    """The most that staff allow for one scope: speed, slope or both. The lowest that applies wins."""

    __tablename__ = "cap"
    __table_args__ = _table(
        _one_of("scope", CapScope),
        CheckConstraint("(scope = 'member') = (member_id IS NOT NULL)", "member"),
        CheckConstraint("member_id = key", "member_key"),
        _between("speed_ckmh", MIN_CAP_CKMH, MAX_CAP_CKMH),
        _between("incline_dpct", 0, MAX_INCLINE_DPCT),
        CheckConstraint("speed_ckmh IS NOT NULL OR incline_dpct IS NOT NULL", "something"),
        with_rowid=False,
    )

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    member_id: Mapped[str | None] = mapped_column(Text, ForeignKey("member.id", ondelete="CASCADE"))
    speed_ckmh: Mapped[int | None] = mapped_column(Integer)
    incline_dpct: Mapped[int | None] = mapped_column(Integer)
    set_ms: Mapped[int] = mapped_column(Integer)
    set_by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class AuditRow(Base):
    """What staff did: who, when, before, after, why. Triggers refuse every change and deletion.

    *subject* names a member by identifier only, so that erasing a member leaves nothing personal here.
    """

    __tablename__ = "audit"
    __table_args__ = _table(_length("id", 36, 36), _length("reason", 0, 400), Index(None, "at_ms"))

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    at_ms: Mapped[int] = mapped_column(Integer)
    who: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class ScreeningRow(Base):
    """The outcome of one screening: never an answer. Health data."""

    __tablename__ = "screening"
    __table_args__ = _table(
        _length("id", 36, 36),
        _one_of("outcome", Screened),
        _between("limit_ckmh", MIN_CAP_CKMH, MAX_CAP_CKMH),
        _length("reason", 0, 400),
        CheckConstraint("expires_ms > at_ms", "expiry"),
        Index(None, "member_id", "at_ms"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    member_id: Mapped[str] = mapped_column(Text, ForeignKey("member.id", ondelete="CASCADE"))
    at_ms: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(Text)
    limit_ckmh: Mapped[int | None] = mapped_column(Integer)
    signer: Mapped[str] = mapped_column(Text)  # staff name, '' where none was needed
    reason: Mapped[str] = mapped_column(Text)
    expires_ms: Mapped[int] = mapped_column(Integer)


class ConsentRow(Base):
    """A member's yes to keeping health data, and its withdrawal."""

    __tablename__ = "consent"
    __table_args__ = _table(CheckConstraint("withdrawn_ms >= given_ms", "order"), with_rowid=False)

    member_id: Mapped[str] = mapped_column(Text, ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    given_ms: Mapped[int] = mapped_column(Integer, primary_key=True)
    withdrawn_ms: Mapped[int | None] = mapped_column(Integer)


class ProgressRow(Base):
    """Where a member stands: comfort speed C, main time D, hill L (coaching.md section 3), and locks."""

    __tablename__ = "progress"
    __table_args__ = _table(
        _between("comfort_ckmh", 0, MAX_CAP_CKMH),
        _at_least_0("main_s"),
        _between("hill_dpct", 0, MAX_INCLINE_DPCT),
        with_rowid=False,
    )

    member_id: Mapped[str] = mapped_column(Text, ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    comfort_ckmh: Mapped[int] = mapped_column(Integer)
    main_s: Mapped[int] = mapped_column(Integer)
    hill_dpct: Mapped[int] = mapped_column(Integer)
    locked_until_ms: Mapped[int | None] = mapped_column(Integer)
    updated_ms: Mapped[int] = mapped_column(Integer)


class ErasedRow(Base):
    """Who was erased and when: nothing but an identifier, so that a restored backup does not bring a member back."""

    __tablename__ = "erased"
    __table_args__ = _table(_length("member_id", 36, 36), with_rowid=False)

    member_id: Mapped[str] = mapped_column(Text, primary_key=True)
    at_ms: Mapped[int] = mapped_column(Integer)


class BlackBoxRow(Base):
    """The guard's ticks around a trip, as the kiosk fetched them; *format* names how *content* is packed."""

    __tablename__ = "black_box"
    __table_args__ = _table(Index(None, "at_ms"))

    event_id: Mapped[str] = mapped_column(Text, ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    at_ms: Mapped[int] = mapped_column(Integer)
    format: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)


AUDIT_TRIGGERS: Final = tuple(
    f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
    f"BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)
