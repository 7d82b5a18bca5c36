"""What commissioning remembers: what was seen, one run on the belt, the whole, and what one turn amounts to.

Frozen data and the few figures that its modules and the opening check share. Times are monotonic seconds.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hardware.config import MAX_CAP_KMH
from hardware.config.profiles import Profile
from hardware.link.messages import Cause, KioskToGuard, Missing, Status
from kiosk.staff.commissioning.findings import Findings, Identity
from kiosk.staff.commissioning.instruction import Instruction
from kiosk.staff.commissioning.measure import Trace

SESSION: Final = "commissioning"
HIGHEST_CKMH: Final = round(MAX_CAP_KMH * 100)
SILENT_S: Final = 1.5  # a guard that says nothing for so long is not there
AGAIN_S: Final = 1.0  # requests are repeated until they show
STEP_BACK_S: Final = 2.0  # between the clip's closing and the start
ENDS: Final = ("unusable", "left", "done")
SOFT_ENDS: Final = frozenset({Cause.STAFF_STOP, Cause.STOP_TEST})
NO_MATTER: Final = frozenset(
    {Missing.NOT_COMMISSIONED, Missing.OPENING_CHECK, Missing.CONTROL, Missing.MIN_ABOVE_CAP}
)
"""What keeps a session from being armed, but not a commissioning; control comes once it is armed."""
FAILURE_OF: Final = {
    Cause.CLIP: "clip",
    Cause.RED_BUTTON: "red_button",
    Cause.LINK_LOST: "link_lost",
    Cause.BELT_PROCESS: "link_lost",
    Cause.CONTROL_LOST: "no_control",
    Cause.TELEMETRY_STALE: "no_speed",
    Cause.OVERSPEED: "faster",
    Cause.DEVIATION: "faster",
    Cause.START_TIMEOUT: "no_start",
    Cause.BELT_STOPPED_ITSELF: "stopped_itself",
    Cause.UNEXPECTED_MOTION: "moved_itself",
    Cause.SAFETY_KEY: "safety_key",
    Cause.STOP_NOT_CONFIRMED: "not_stopped",
    Cause.SCREEN_FROZEN: "screen",
    Cause.STAFF_STOP: "staff_stop",
}


class Seen(msgspec.Struct, frozen=True):
    """What the guard said last, when it sent that, and what it refused since the turn before."""

    status: Status
    at_s: float
    refused: tuple[Missing, ...] = ()


class Run(msgspec.Struct, frozen=True):
    """One run on the empty belt."""

    kind: str  # "start", "tape", "stop", "pause", "link", "incline" or "key"
    goal_ckmh: int = 0  # to be stopped from; 0: the slowest
    trace: Trace = Trace()
    mark: str = ""  # how far within the run
    mark_s: float = 0.0
    asked_ckmh: int = 0
    levels: tuple[int, ...] = ()  # steady speeds, the slowest first
    taps: tuple[float, ...] = ()
    steady_ckmh: int | None = None
    started_s: float | None = None
    stop_asked_s: float | None = None
    stop_written_s: float | None = None
    stop_was_s: float | None = None  # what stood there before this stop
    epoch_s: float | None = None
    armed_s: float | None = None
    failure: str = ""
    by_hand: bool = False  # staff stopped it
    alarm_s: float | None = None  # when the alarm was first heard of
    cause: Cause | None = None
    pause_works: bool | None = None


class Procedure(msgspec.Struct, frozen=True):
    """The procedure's whole memory."""

    who: str  # staff member who commissions, for the profile
    today: str  # ISO date, for the profile
    started_s: float
    phase: str = "ready"
    since_s: float = 0.0
    identity: Identity | None = None
    offered: tuple[Identity, Findings, str, str] | None = None  # kept progress: of, what, when, by whom
    found: Findings = Findings()
    step: str = "control"
    run: Run | None = None
    failure: str = ""
    detail: str = ""
    asked_s: float | None = None  # when the last request was repeated
    arms: int = 0
    anew: str = ""
    rebound: bool = False
    unusable: str = ""
    speed_first_tried: bool = False
    no_starts: int = 0


class Turn(msgspec.Struct, frozen=True):
    """What one step amounts to."""

    state: Procedure
    requests: tuple[KioskToGuard, ...]
    instruction: Instruction
    keep: bool = False  # the findings have grown
    profile: Profile | None = None  # to be written before the requests are sent


but = msgspec.structs.replace
