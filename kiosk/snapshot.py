"""What a screen may know, and what a person may want: the contract between the session and the screens.

The session makes one immutable ``Snapshot`` per frame; a screen draws it and turns touches into an ``Intent``.
Screens never call hardware, never touch the store and have no clock of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from hardware.link.messages import Cause, Status
from hardware.units import SpeedUnit

if TYPE_CHECKING:
    from kiosk.staff.desk.views import StaffView


class ScreenId(StrEnum):
    """Every screen there is. Which follows which: kiosk/screens/flow.py."""

    ATTRACT = "attract"
    WHO = "who"
    CODE = "code"
    CONSENT = "consent"  # health data, before the first pain score
    SCREENING = "screening"
    TALK_TO_STAFF = "talk_to_staff"
    PROGRAM = "program"
    PREVIEW = "preview"
    CHECK = "check"
    STRADDLE = "straddle"
    COUNTDOWN = "countdown"
    BELT_STARTING = "belt_starting"
    STEP_ON = "step_on"
    WALK = "walk"
    EASING = "easing"
    STOPPING = "stopping"
    SAFETY_STOP = "safety_stop"
    BELT_STOPPED = "belt_stopped"
    PAUSE = "pause"  # between two sets: the belt is stopped, the member stands on the side rails
    WHY_STOPPED = "why_stopped"
    EFFORT = "effort"
    PAIN = "pain"
    SUMMARY = "summary"
    HISTORY = "history"  # a member's own walks, as charts
    JOINED = "joined"  # a guest has become a member: their code
    STAFF_PIN = "staff_pin"
    OVERRIDE = "override"  # staff opened a gate: why, from a list
    RESET = "reset"
    OUT_OF_SERVICE = "out_of_service"
    # The staff's desk (kiosk/staff/desk); small pages that ask one thing first.
    STAFF_PICK = "staff_pick"
    STAFF_PAD = "staff_pad"
    STAFF_TYPE = "staff_type"
    STAFF_CONFIRM = "staff_confirm"
    STAFF_NOTE = "staff_note"
    STAFF_SETUP = "staff_setup"
    STAFF_MENU = "staff_menu"
    STAFF_CAPS = "staff_caps"
    STAFF_CAP = "staff_cap"
    STAFF_MEMBERS = "staff_members"
    STAFF_MEMBER = "staff_member"
    STAFF_ACCOUNTS = "staff_accounts"
    STAFF_ACCOUNT = "staff_account"
    STAFF_OVERRIDE = "staff_override"
    STAFF_EXPORT = "staff_export"
    STAFF_REPORTS = "staff_reports"
    STAFF_LOG = "staff_log"
    STAFF_EVENT = "staff_event"
    STAFF_BOX = "staff_box"
    STAFF_FAULTS = "staff_faults"
    STAFF_FAULT = "staff_fault"
    STAFF_TREADMILL = "staff_treadmill"
    STAFF_PROCEDURE = "staff_procedure"
    STAFF_DIAGNOSTICS = "staff_diagnostics"
    STAFF_TOUCH = "staff_touch"
    STAFF_SYSTEM = "staff_system"


FAR_SCREENS: Final = frozenset(
    {
        ScreenId.STRADDLE,
        ScreenId.COUNTDOWN,
        ScreenId.BELT_STARTING,
        ScreenId.STEP_ON,
        ScreenId.WALK,
        ScreenId.EASING,
        ScreenId.STOPPING,
        ScreenId.SAFETY_STOP,
        ScreenId.BELT_STOPPED,
        ScreenId.PAUSE,
    }
)
"""Read from the rails at viewing distance: type by visual angle, gaze target at one place."""

INERT_SCREENS: Final = FAR_SCREENS - {ScreenId.BELT_STOPPED, ScreenId.PAUSE}
"""The belt may move: touch does nothing but stop."""


DESK_SCREENS: Final = frozenset(
    screen for screen in ScreenId if screen.value.startswith("staff_") and screen is not ScreenId.STAFF_PIN
)
"""The staff's desk. Which page follows which there: kiosk/staff/desk/flow.py."""


class IntentKind(StrEnum):
    """What a touch or key means."""

    WAKE = "wake"
    GUEST = "guest"
    HAVE_CODE = "have_code"
    DIGIT = "digit"  # value 0-9
    ERASE = "erase"
    SUBMIT = "submit"
    SHOW = "show"  # the typed member code, or its dots again
    YES = "yes"
    NO = "no"
    BACK = "back"
    CANCEL = "cancel"
    NEXT = "next"
    CHOOSE = "choose"  # value: index of the card, tile or answer
    SCORE = "score"  # value 0-10
    SKIP = "skip"
    TICK = "tick"  # value: index of a check tile that a person confirms
    STOP = "stop"
    STAFF = "staff"  # hold the logo
    LANGUAGE = "language"  # value: index into Snapshot.languages
    VOLUME = "volume"  # value 1-3
    CONFIRM = "confirm"
    DONE = "done"
    STAY = "stay"  # more time, please
    HISTORY = "history"  # my walks so far
    JOIN = "join"  # a guest wants to become a member
    OPEN = "open"  # value: index of the tile or row
    PREVIOUS = "previous"  # the page of a list before
    STEP = "step"  # value: +1 or -1
    HOLD = "hold"  # value: which; counts only while a finger stays 2 s
    LETTER = "letter"  # value: index into the letters
    SPACE = "space"
    SIGN_OUT = "sign_out"
    TOUCH = "touch"  # value: x * 10000 + y, filled in by the stage


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish of a person."""

    kind: IntentKind
    value: int = 0


class TileState(StrEnum):
    """A line of the safety check."""

    WAITING = "waiting"
    ACTIVE = "active"  # this is what to do now
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Tile:
    """One line of the safety check: *key* names its text in the catalogue; *tap* tiles are confirmed by touch."""

    key: str
    state: TileState
    tap: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of a plan, from *start_s* for *seconds*, at *speed_ckmh* and *incline_dpct*."""

    start_s: float
    seconds: float
    speed_ckmh: int
    incline_dpct: int
    name: str


@dataclass(frozen=True, slots=True)
class ProgramCard:
    """A program as a member sees it before choosing it; all figures after caps."""

    id: str
    title: str
    minutes: int
    top_ckmh: int
    top_dpct: int
    steps: tuple[Step, ...]
    recommended: bool
    reason: str  # catalogue key or ready sentence: why recommended, or which cap clips it; empty if none
    about: str = ""  # ready sentence: what it is for


@dataclass(frozen=True, slots=True)
class WalkView:
    """The walk, from step on to stopped."""

    title: str
    phase: int  # 1-based
    phases: int
    left_s: float
    walked_s: float
    steps: tuple[Step, ...]
    at_s: float  # where in the plan
    next_ckmh: int | None  # announced change
    next_in_s: float | None
    cue_show: tuple[str, ...]  # at most two lines of at most 22 characters
    stop_touched: bool  # a first touch showed the stop bar: touch again to stop
    target_ckmh: int = 0  # what the plan asks for now: tells whether the next change goes up or down
    next_dpct: int | None = None  # announced hill change; never together with next_ckmh
    behind: bool = False  # the belt does not reach what was asked: the plan waits for it


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a chart: *label* is a date as people write it here."""

    label: str
    value: float
    now: bool = False  # today, this week


@dataclass(frozen=True, slots=True)
class PainPair:
    """Pain 0-10 before and after one walk; None where it was not answered."""

    label: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class HistoryView:
    """A member's walks so far. Empty tuples before the first."""

    walks: int
    minutes: int
    weeks: tuple[Bar, ...]  # minutes walked, oldest first, this week last
    comfort: tuple[Bar, ...]  # 0.01 km/h, one a walk, oldest first
    pain: tuple[PainPair, ...]
    kept: bool  # scores are kept: False without consent
    streak: int  # weeks in a row with at least two visits
    page: int = 0  # a small panel shows one chart at a time; DAYS_PAGE is a page everywhere
    days: tuple[int, ...] = ()  # of the week, 0 = Monday: the member's own, or the sample's
    open_days: tuple[int, ...] = ()  # that may be chosen besides
    own_days: bool = False  # the member chose them


DAYS_PAGE: Final = 3
"""Of HISTORY, behind the charts: the days of the member's own week."""


@dataclass(frozen=True, slots=True)
class SummaryView:
    """The end of a session."""

    walk_s: float
    distance_m: float
    top_ckmh: int
    average_ckmh: int
    week_sessions: int | None  # None for guests
    week_limit: int
    speeds: tuple[tuple[float, int], ...]  # (seconds, measured 0.01 km/h)
    plan: tuple[Step, ...]
    effort: int | None
    pain_before: int | None
    pain_after: int | None
    next_title: str
    next_reason: str
    completed: bool
    last: tuple[Bar, ...] = ()  # minutes of the last six walks, this one last; empty for guests
    advice: str = ""  # ready sentence after high or risen pain; empty if none
    join: bool = False  # a guest may become a member here
    join_failed: bool = False  # ... and it did not work just now


@dataclass(frozen=True, slots=True)
class Held:
    """A finger stays on something that wants to be held; *share* of the time is over, 0-1."""

    intent: Intent
    share: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that may be shown in one frame."""

    now_s: float
    screen: ScreenId
    screen_s: float  # how long this screen has been up
    left_s: float | None  # until the time-out that leaves this screen; None = no time-out
    warn: bool  # the time-out is near: offer to stay
    gym_name: str
    treadmill_label: str
    units: SpeedUnit
    language: str
    languages: tuple[str, ...]
    volume: int
    simulated: bool
    legend: tuple[str, ...]  # simulation keys, one short line each; empty outside simulation
    banner: str  # catalogue key of a standing notice ("disk_full", ...); empty if none
    status: Status | None  # None: the guard does not answer
    belt_free: bool  # attract: FREE / IN USE / OUT OF SERVICE follows from this and status
    measured_ckmh: int | None  # None: unknown or older than 1.5 s; shown as --.-
    member_name: str  # first name or masked code; empty for guests and on attract
    digits: int = 0  # how many keypad digits are in; never the digits
    keypad_error: str = ""  # catalogue key
    question: str = ""  # catalogue key of the screening question
    question_n: int = 0
    questions: int = 0
    cards: tuple[ProgramCard, ...] = ()
    card: ProgramCard | None = None
    tiles: tuple[Tile, ...] = ()
    count: int | None = None  # seconds of a countdown, as shown
    walk: WalkView | None = None
    cause: Cause | None = None
    reset_items: tuple[Tile, ...] = ()
    pain_before: int | None = None
    summary: SummaryView | None = None
    notes: tuple[str, ...] = field(default=())  # ready sentences for staff screens
    question_scale: bool = False  # the question is answered by a SCORE 0-10, not by YES or NO
    choices: tuple[str, ...] = ()  # catalogue keys of the answers to CHOOSE from (WHY_STOPPED)
    stop_key: str = ""  # catalogue key of why it stopped or is out of service: "stop.clip", "stop.link_lost", ...
    stop_touched: bool = False  # as in WalkView, on every screen where the belt may move
    cue_show: tuple[str, ...] = ()  # the cue of far screens other than the walk; at most two lines
    needs_staff: bool = False  # only a staff PIN leads on from here: offer STAFF
    talk_key: str = ""  # catalogue key of what TALK_TO_STAFF says; never a reason
    preview_note: str = ""  # ready sentence: what is new today and is agreed to by going on; empty if nothing is
    preview_choice: bool = False  # offer NO on the preview: the same pace as before, nothing new
    more_cards: bool = False  # PROGRAM: NEXT shows other programs
    touch_ready: bool = True  # BELT_STOPPED, SAFETY_STOP: False while the belt may still move
    shown_digits: str = ""  # CODE only, while its owner wants to read it: a staff PIN never
    paused_s: int | None = None  # keypad: seconds until it takes digits again
    amber: bool = False  # an amber button is fitted
    guest: bool = False
    supervised: bool = False  # H0: staff have to be present, and the check says so
    starting: bool = False  # the house is coming up: not free yet, and not out of service either
    take_home: tuple[str, ...] = ()  # ready sentences for a day without a treadmill: rest days, the summary
    history: HistoryView | None = None
    new_code: str = ""  # JOINED only: the new member's code, shown to them once
    joining: bool = False  # CONSENT: a guest becomes a member, which says more
    paused: bool = False  # PAUSE: a break that the member asked for, and not the rest between two sets
    waiting: bool = False  # an answer of the record is awaited
    has_history: bool = False  # PROGRAM, SUMMARY: offer HISTORY
    visit_n: int | None = None  # PROGRAM: which visit of the week this is; None for guests
    visit_limit: int = 0
    own_days: str = ""  # PROGRAM: the days that the member chose, as read; empty for the sample's
    can_confirm: bool = True  # RESET: False until every item is done
    set_up_first: bool = False  # ATTRACT: there is no staff account yet, and a touch leads to making one
    staff: StaffView | None = None  # the desk's, on its screens
    held: Held | None = None  # filled in by the stage, which alone knows of fingers
