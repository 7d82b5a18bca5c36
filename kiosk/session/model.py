"""What a session is: its state, what happens to it (events), what it asks for (actions). All frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from hardware.link.messages import Cause, Refused, SafetyEvent, Status
from kiosk.coach.cues import NEVER, Speaker
from kiosk.coach.plan import Choice, Plan
from kiosk.coach.player import Played, Player
from kiosk.coach.screening import Form, Outcome
from kiosk.coach.standing import FastTrack, Visit
from kiosk.intents import Intent, ScreenId
from kiosk.staff.caps import EffectiveCap
from kiosk.staff.desk.errands import Answered
from kiosk.staff.desk.turn import Desk
from kiosk.store.kinds import AgeBand
from kiosk.store.records import Cap, Staff
from kiosk.store.repositories.service import IN_SERVICE, Service

MEASURED_FRESH_S: Final = 1.5
"""A speed older than this is shown as --.- (screens A10)."""

STATUS_FRESH_S: Final = 1.0
"""The guard reports ten times a second; silent for this long, it does not answer."""

TOUCH_GUARD_S: Final = 0.3
"""Touches this soon after a new screen were meant for the one before it."""

REST_TOUCH_S: Final = 3.0
"""Touch again so long after the belt was measured at rest (screens A10, 14)."""

KEYPAD_TRIES: Final = 5
KEYPAD_PAUSE_S: Final = 60.0
CODE_DIGITS: Final = 6

GAP_S: Final = 0.001  # float noise of a clock that counts in 20 ms


# ----------------------------------------------------------------------------------------------- what is fixed


# ----------------------------------------------------------------------------------------------- the person


@dataclass(frozen=True, slots=True)
class Person:
    """A member, as far as a session needs to know. A guest has none."""

    id: str
    label: str  # first name or masked code; goes on a screen
    language: str | None
    age_band: AgeBand | None
    consented: bool
    screened_until_ms: int | None  # a full screening is in force until then
    screening_limit_ckmh: int | None
    last_session_id: str | None  # for what is learnt of it later: the morning after
    forbidden: bool  # the last screening said no, and no letter has lifted it
    history: tuple[Visit, ...]  # oldest first
    cleared_on: date | None = None  # a clinician has unlocked them
    fast_track: FastTrack | None = None  # staff have set a level
    days: tuple[int, ...] = ()  # of their own week, 0 = Monday; none: the sample's
    limit_waits: bool = False  # the screening's limit waits for a balance check by staff
    balance_checked: bool = False  # staff have checked it, and not too long ago


@dataclass(frozen=True, slots=True)
class Offer:
    """A program at a level, as it can be walked here today."""

    program: str
    choice: Choice
    plan: Plan  # clipped
    recommended: bool
    reason: str  # catalogue key, empty if none
    reason_values: Mapping[str, str | int | Decimal]
    cap: EffectiveCap


@dataclass(frozen=True, slots=True)
class Walked:
    """What became of a walk, as measured."""

    walk_s: float = 0.0
    distance_m: float = 0.0
    top_ckmh: int = 0
    trace: tuple[tuple[float, int], ...] = ()  # (seconds of walking, 0.01 km/h), one a second
    eased: int = 0

    @property
    def average_ckmh(self) -> int:
        """Over the time the belt moved."""
        return 0 if self.walk_s <= 0 else round(self.distance_m / self.walk_s * 360)


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's stay at the kiosk: wiped when it ends."""

    guest: bool
    person: Person | None = None
    consent: bool = False
    form: Form | None = None
    outcome: Outcome | None = None
    signer: str = ""  # staff whose PIN was taken and who has not said why yet
    signed_by: str = ""  # staff who let a gated person walk
    forced_base: bool = False  # a gate was opened for this one session: nothing faster than the slowest
    talk_key: str = ""  # what TALK_TO_STAFF says
    staff_may: bool = False  # ... and staff may let the session happen all the same
    offers: tuple[Offer, ...] = ()
    page: int = 0  # of program cards
    offer: Offer | None = None
    agreed: bool = True  # to what is new in the plan
    id: str = ""  # the session's; also in the guard's Arm
    began_s: float = 0.0  # opening of the record, monotonic
    opened: bool = False
    closed: bool = False
    area_clear: bool = False
    shoes: bool = False
    key_seen: bool = False  # a person put the treadmill's own key back
    staff_seen: bool = False  # H0: a person said that staff are in sight
    pulled: bool = False  # the clip was seen open since Arm
    armed: bool = False  # Arm was sent and is being followed
    asked_s: float = NEVER  # last Arm
    reset_s: float = NEVER
    steady_since_s: float | None = None  # the belt runs evenly at its base speed
    pace_ckmh: int = 0  # that the member has set at the console, on CONSOLE_START
    player: Player | None = None
    played: Played | None = None
    drift_s: float | None = None  # the walker is too near an end of the deck since
    drift_eased_s: float = NEVER  # last step slower because of it
    resume: bool = False  # the next start goes on with the walk
    paused: bool = False  # a short break, asked for after a stop
    walked: Walked = Walked()
    sent_s: float = NEVER  # last Target
    sampled_s: float = NEVER
    measured_s: float = NEVER  # last integration
    cause: Cause | None = None  # what stopped the belt
    why: str = ""
    effort: int | None = None
    pain_after: int | None = None
    history_from: ScreenId = ScreenId.PROGRAM
    history_page: int = 0
    joining: bool = False  # a guest at the consent screen of becoming a member
    join_asked_s: float | None = None  # the record was asked for a new member
    join_failed: bool = False
    new_code: str = ""  # goes on the screen JOINED and nowhere else

    @property
    def overridable(self) -> bool:
        """Staff may open a gate once, before anything was walked."""
        gate = self.staff_may or (self.outcome is not None and self.outcome.overridable)
        return gate and not self.signed_by and not self.opened

    @property
    def signed_once(self) -> bool:
        """Staff sign this gate for the first visit alone; what is left of it is kept, as the member agreed to."""
        return self.person is not None and self.consent and self.outcome is not None and self.outcome.signed_once

    @property
    def member_id(self) -> str | None:
        """None for guests."""
        return None if self.person is None else self.person.id


@dataclass(frozen=True, slots=True)
class Keypad:
    """A keypad in use. The digits leave it only as a question to the record."""

    digits: str = ""
    error: str = ""
    asked: bool = False  # an answer is awaited
    shown: bool = False  # a member wants to read their own digits


@dataclass(frozen=True, slots=True)
class State:
    """All that the session knows."""

    screen: ScreenId = ScreenId.ATTRACT
    since_s: float = 0.0
    active_s: float = 0.0  # last thing a person did here
    status: Status | None = None
    status_s: float = NEVER
    caps: tuple[Cap, ...] = ()
    banner: str = ""
    language: str = ""  # empty: the house's
    volume: int = 0  # 0: the house's
    stay: Stay | None = None
    keypad: Keypad = Keypad()
    code_wrong: int = 0
    code_paused_s: float = NEVER
    pin_paused_s: float = NEVER
    pin_from: ScreenId = ScreenId.ATTRACT
    staff: str = ""  # signed in for a reset
    desk: Desk | None = None  # staff at work: their pages lie over this screen, which is attract or out of service
    needs_owner: bool = False  # no staff account yet: nothing but making the owner's
    utc_ms: int = 0  # the wall clock as last read, for the desk's dates
    reset_taps: frozenset[int] = frozenset()
    proofs: frozenset[str] = frozenset()  # what was seen to move on the reset screen (session/service.py)
    service: Service = IN_SERVICE  # in or out of service, and the faults of the last seven days
    stop_touch_s: float | None = None
    amber_s: float | None = None  # pressed since
    amber_used: bool = False  # this press has had its effect
    speaker: Speaker = field(default_factory=Speaker)
    counted: int | None = None  # the countdown number last spoken
    stop_sent_s: float = NEVER
    fault_since_s: float | None = None  # a fault needs somebody, and nobody has come yet
    fault_sounded_s: float = NEVER
    fault_heard: bool = False  # somebody has touched the screen since
    key_out: bool = False  # the puller has the treadmill's own key; it holds again only while the permit is on
    rest_s: float | None = None  # at rest since, on a screen that waits for it
    missing_s: float | None = None  # the guard or the treadmill is not there since
    left_open: str = ""  # address of the treadmill whose session a reboot has cut off, until it is seen at rest
    astray: tuple[
        tuple[ScreenId, ScreenId], ...
    ] = ()  # steps that flow.py does not know; empty unless there is a bug

    def fresh(self, now_s: float) -> Status | None:
        """The guard's last word, if it is recent."""
        return self.status if self.status is not None and now_s - self.status_s <= STATUS_FRESH_S else None


# ----------------------------------------------------------------------------------------------- what happens


@dataclass(frozen=True, slots=True)
class Touched:
    """A person wants something."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class Told:
    """The guard's word."""

    body: Status | Refused | SafetyEvent


@dataclass(frozen=True, slots=True)
class GuardGone:
    """The guard's socket is closed."""


@dataclass(frozen=True, slots=True)
class Found:
    """The record's answer to a member code."""

    person: Person | None
    broken: bool = False  # the record does not answer


@dataclass(frozen=True, slots=True)
class Joined:
    """A guest's walk belongs to a new member now. *code* empty: the record could not."""

    code: str


@dataclass(frozen=True, slots=True)
class PinTried:
    """The desk's answer to a staff PIN. *who* empty: wrong."""

    who: str
    wait_s: float = 0.0
    broken: bool = False
    account: Staff | None = None


@dataclass(frozen=True, slots=True)
class CapsRead:
    """The cap rows as they stand now."""

    caps: tuple[Cap, ...]


@dataclass(frozen=True, slots=True)
class RecordHealth:
    """The standing notice of the record, a catalogue key; empty if all is well."""

    banner: str


@dataclass(frozen=True, slots=True)
class OwnerNeeded:
    """Whether there is no staff account yet."""

    needed: bool


@dataclass(frozen=True, slots=True)
class ServiceRead:
    """Whether the treadmill is in service, and the faults of the last seven days."""

    service: Service


@dataclass(frozen=True, slots=True)
class ClockRead:
    """The wall clock, UTC milliseconds; now and then, for dates on staff screens."""

    utc_ms: int


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """By the record a session was open on *treadmill* (its address) when the machine went away, moments ago."""

    treadmill: str


Event = (
    Touched
    | Told
    | GuardGone
    | Found
    | Joined
    | PinTried
    | CapsRead
    | RecordHealth
    | ServiceRead
    | OwnerNeeded
    | ClockRead
    | LeftOpen
    | Answered
)


# ----------------------------------------------------------------------------------------------- what is asked for
