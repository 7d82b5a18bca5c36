"""What a screen may know: the contract between the session and the screens. What a person may want: kiosk/intents.py.

The session makes one immutable ``Snapshot`` per frame; a screen draws it and turns touches into an ``Intent``.
Screens never call hardware, never touch the store and have no clock of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hardware.link.messages import Cause, Status
from hardware.units import SpeedUnit
from kiosk.intents import Intent, ScreenId, TileState
from kiosk.staff.desk.views import StaffView


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
    follow: bool = False  # the pace is set at the console: top_ckmh is the most that the member is to set


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
    follow: bool = False  # the pace was set at the console


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
    follow: bool = False  # the pace of this walk is set at the console
    pace_ckmh: int = 0  # ... up to this; 0: at its slowest
    own_days: str = ""  # PROGRAM: the days that the member chose, as read; empty for the sample's
    can_confirm: bool = True  # RESET: False until every item is done
    set_up_first: bool = False  # ATTRACT: there is no staff account yet, and a touch leads to making one
    staff: StaffView | None = None  # the desk's, on its screens
    held: Held | None = None  # filled in by the stage, which alone knows of fingers
