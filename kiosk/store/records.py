"""What flows into the record and out of it: frozen, plain, without SQL."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from kiosk.store.kinds import AgeBand, CapScope, Role, Screened, SessionState, Severity, Verdict
from kiosk.store.moment import Moment


class StoreError(Exception):
    """The record cannot do what was asked; the text is a sentence for a person."""


class HealthState(StrEnum):
    """How the record is. Everything but OK is also the catalogue key of the standing notice (Snapshot.banner)."""

    OK = ""
    DISK_FULL = "disk_full"
    READ_ONLY = "disk_read_only"
    BROKEN = "disk_broken"
    STALLED = "disk_stalled"
    IN_MEMORY = "record_in_memory"
    SET_ASIDE = "record_set_aside"  # works, but an unreadable file was set aside at this start


@dataclass(frozen=True, slots=True)
class Health:
    """How the record is now. *sentence* is for staff; *age_s* is how long it has been so (real seconds)."""

    state: HealthState
    sentence: str
    age_s: float
    pending: int  # records in memory that are not on disk yet
    dropped: int  # records given up: memory is bounded

    @property
    def ok(self) -> bool:
        """True if nothing needs to be said."""
        return self.state is HealthState.OK


# ------------------------------------------------------------------------------------------------- into the record


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that is about to start. *id* is the UUIDv7 that is also in the guard's Arm."""

    id: str
    program_id: str
    variant: str
    cap_ckmh: int
    cap_source: str  # which cap won, as EffectiveCap.source
    member_id: str | None = None  # None: a guest
    treadmill: str = ""  # Bluetooth address, as TreadmillFacts.address
    language: str = "en"
    plan_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of a walk. *t_s* counts from the opening, monotonic. None: not known (stale)."""

    session_id: str
    t_s: float
    measured_ckmh: int | None
    commanded_ckmh: int
    incline_dpct: int | None


@dataclass(frozen=True, slots=True)
class EventIn:
    """Something that happened. *detail* never holds a name, code, PIN or score."""

    kind: str  # SafetyEvent.kind, or "store", "ease", "stay", "dizzy", ...
    severity: Severity = Severity.INFO
    session_id: str | None = None
    cause: str = ""
    state: str = ""
    speed_ckmh: int | None = None
    detail: str = ""
    guard_event: int | None = None  # SafetyEvent.id, so that the black box finds its event


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a session. Speeds 0.01 km/h, measured; *walk_s* is time with the belt moving."""

    session_id: str
    state: SessionState
    cause: str
    walk_s: float
    distance_m: float
    top_ckmh: int
    average_ckmh: int


@dataclass(frozen=True, slots=True)
class Ratings:
    """Health data of one session; None leaves what is there. Only for members who gave consent."""

    session_id: str
    effort: int | None = None
    pain_before: int | None = None
    pain_peak: int | None = None
    pain_after: int | None = None
    worse_next_morning: bool | None = None
    dizzy: bool | None = None
    stumble: bool | None = None
    verdict: Verdict | None = None


SCORES: Final = tuple(field.name for field in fields(Ratings) if field.name != "session_id")
"""What of a session tells of health, by name: as the record keeps it and exports leave it out."""


# ------------------------------------------------------------------------------------------------- out of the record


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the kiosk knows them."""

    id: str
    code: str
    name: str | None
    language: str | None
    age_band: AgeBand | None
    first_seen_ms: int


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session with its scores, as history and progression read it."""

    id: str
    member_id: str | None
    program_id: str
    variant: str
    treadmill: str
    started_ms: int
    ended_ms: int | None
    clock_trusted: bool
    state: SessionState
    cause: str
    why: str | None
    plan_s: float
    walk_s: float
    distance_m: float
    top_ckmh: int
    average_ckmh: int
    cap_ckmh: int
    cap_source: str
    samples: int
    effort: int | None
    pain_before: int | None
    pain_peak: int | None
    pain_after: int | None
    worse_next_morning: bool | None
    dizzy: bool | None
    stumble: bool | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log."""

    id: str
    at_ms: int
    session_id: str | None
    kind: str
    severity: Severity
    cause: str
    state: str
    speed_ckmh: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap row. *key* is empty for the gym and for guests."""

    scope: CapScope
    key: str
    speed_ckmh: int | None
    incline_dpct: int | None
    set_ms: int
    set_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff account, without its hash."""

    id: str
    name: str
    role: Role
    active: bool
    created_ms: int


@dataclass(frozen=True, slots=True)
class Screening:
    """The outcome of one screening."""

    id: str
    member_id: str
    at_ms: int
    outcome: Screened
    limit_ckmh: int | None
    signer: str
    reason: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a member stands: comfort speed, main time and hill of the programs that grow."""

    comfort_ckmh: int
    main_s: int
    hill_dpct: int
    locked_until_ms: int | None
    updated_ms: int = 0  # when staff set it; of what is read alone


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, when and why."""

    id: str
    at_ms: int
    who: str
    action: str
    subject: str
    before: str
    after: str
    reason: str


__all__ = [
    "AgeBand",
    "AuditEntry",
    "Cap",
    "CapScope",
    "Closing",
    "Event",
    "EventIn",
    "Health",
    "HealthState",
    "Member",
    "Moment",
    "Opening",
    "Progress",
    "Ratings",
    "Role",
    "Sample",
    "Screened",
    "Screening",
    "SessionRecord",
    "SessionState",
    "Severity",
    "Staff",
    "StoreError",
    "Verdict",
]
