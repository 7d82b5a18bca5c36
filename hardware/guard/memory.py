"""What the guard's machine is given, what it remembers and what it answers: data alone. Pure.

Times are monotonic seconds, speeds 0.01 km/h, inclines 0.1 %. ``None`` is "never" or "not yet": no sentinels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hardware.config.profiles import UNCOMMISSIONED, Profile
from hardware.constants import TICK_S
from hardware.guard import opening
from hardware.guard.deck import Away
from hardware.guard.limits import NOTHING, Course, House, Limits, within
from hardware.guard.opening import Check, Checks
from hardware.link.messages import (
    Arm,
    BeginCheck,
    Belt,
    Cause,
    Disarm,
    Ease,
    Envelope,
    Heard,
    LowerCap,
    Missing,
    Opening,
    Purpose,
    Rebind,
    Refused,
    Reset,
    SafetyEvent,
    Scan,
    SoundAlarm,
    Start,
    State,
    Stop,
    StopBy,
    Switches,
    Target,
    Wish,
    WishMode,
)

Request = (
    Arm | Start | Target | Ease | Stop | Reset | Disarm | LowerCap | Scan | BeginCheck | SoundAlarm | Heard | Rebind
)
LinkId = tuple[int, int]  # which belt process, and which of its connections

SOFT: Final = frozenset(
    {
        Cause.BOOT,
        Cause.MEMBER_STOP,
        Cause.PLAN_DONE,
        Cause.STAFF_STOP,
        Cause.ARM_EXPIRED,
        Cause.SCREEN_FROZEN,
        Cause.BELT_STOPPED_ITSELF,
        Cause.STOP_TEST,
        Cause.OFF_DECK,
    }
)
"""Causes that do not take the permit from a belt that is being stopped. Every other one is hard."""

AT_REST_STATES: Final = frozenset({State.LATCHED, State.IDLE, State.PROOF, State.ARMED})
GUARDED: Final = frozenset({State.ARMED, State.STARTING, State.RUNNING, State.STOPPING})
UNDER_WAY: Final = frozenset({State.STARTING, State.RUNNING})


class Rules(msgspec.Struct, frozen=True):
    """What is fixed for this guard's life."""

    house: House
    tick_late_s: float
    profiles: Mapping[str, Profile]  # by treadmill address
    checks: Checks = Checks()
    alarm: bool = False  # an alarm output is fitted
    proved: bool = True  # False: it is not sure yet that this is the treadmill that people stand at


class Inputs(msgspec.Struct, frozen=True):
    """What one tick brings."""

    switches: Switches
    belt: Belt | None  # the newest frame of the belt process that is connected
    belt_at_s: float | None  # when it was sent
    belt_life: int  # counts belt processes that connected
    drawn: int | None  # the newest frame the screen has drawn
    drawn_at_s: float | None
    requests: tuple[Request, ...] = ()
    shutdown: bool = False  # the guard was told to leave: the belt comes to rest first


class Motion(msgspec.Struct, frozen=True):
    """What the readings so far amount to."""

    link: LinkId | None = None
    seq: int | None = None
    zeros: int = 0  # fresh readings of 0.00 in a row
    zero_since_s: float | None = None
    over_since_s: float | None = None  # faster than the cap
    fast_since_s: float | None = None  # faster than asked
    wrong_since_s: float | None = None  # the pick-up tells another speed
    creeps_since_s: float | None = None  # pulses of the pick-up while it reads 0.00


class Machine(msgspec.Struct, frozen=True):
    """The guard's whole memory. ``None`` is "never" or "not yet": there are no sentinels."""

    since_s: float  # when *state* was entered
    epoch: int
    state: State = State.LATCHED
    cause: Cause | None = Cause.BOOT
    staff: bool = False  # only staff may reset
    alarm: bool = False
    permit: bool = False
    permit_wrong_s: float | None = None  # since when the relay contradicts
    mode: WishMode = WishMode.HOLD
    lease: bool = False  # if the belt moves, it is ours
    session: str = ""
    purpose: Purpose | None = None
    envelope: Envelope | None = None
    address: str | None = None  # of the treadmill last connected; so are the next two
    profile: Profile = UNCOMMISSIONED
    limits: Limits = NOTHING
    motion: Motion = Motion()
    link: LinkId | None = None  # the connection that was armed
    pulled: bool = False  # the clip was opened since Arm
    consent_s: float | None = None  # the walker's own edge
    amber: bool = False
    course: Course = Course(0, 0, 0.0)  # what the belt is asked for while the Wish is RUN
    goal: tuple[int, int] = (0, 0)  # speed and incline that the session asks for
    ramp: tuple[int, float] | None = None  # a soft ramp: from which speed, since when
    scaled: bool = False  # the belt was measured at what it was asked for
    started_life: int | None = None  # the belt process that got the start
    ran: bool = False  # since Arm the belt was seen to move as it was told
    run_s: float | None = None  # when a `07` of this lease may last have been written
    stop_s: float | None = None  # when this stop began
    ramping_s: float = 0.0  # what its ramp, or what it is to test, adds to the budget
    stop_by: StopBy = StopBy.LADDER  # how it begins
    rest_s: float | None = None  # when the belt last came to rest under our lease
    drawn: int | None = None
    drawn_s: float | None = None
    event_seq: int | None = None  # of the newest Machine Status seen
    reset_s: float | None = None  # the last Reset, whatever became of it
    tick_s: float | None = None
    events: int = 0
    check: Check = Check()
    away: Away = Away()
    pulses: int | None = None  # of the belt pick-up
    pulse_s: float | None = None  # when the newest one was counted
    sound_s: float | None = None  # since when the alarm sounds so that staff may hear it
    scan: bool = False
    leave: bool = False  # to be started anew: nothing is reset or armed any more
    keys: int = 0  # pulls of the treadmill's own key that it has told of

    @property
    def hard(self) -> bool:
        """True while a hard cause is latched."""
        return self.cause is not None and self.cause not in SOFT

    @property
    def following(self) -> bool:
        """True where the member sets the pace at the console: the permit alone can stop, and nothing is written."""
        return self.purpose is Purpose.FOLLOW

    @property
    def budget_s(self) -> float:
        """How long this stop may take before the alarm."""
        return self.profile.stop_budget_s + self.ramping_s

    @property
    def holding(self) -> Limits:
        """The limits that hold now, the session's envelope included."""
        return self.limits if self.envelope is None else within(self.limits, self.envelope)


class Outputs(msgspec.Struct, frozen=True):
    """What the loop writes and reports after a step."""

    wish: Wish
    permit: bool
    alarm: bool
    lease: bool
    stop_now: bool  # the stopper must help: the belt may move and its process is silent
    belt_heard: bool
    at_rest: bool
    measured_ckmh: int | None
    in_use_by_other: bool
    limits: Limits
    consent_left_s: float | None
    reset_missing: tuple[Missing, ...]
    arm_missing: tuple[Missing, ...]
    start_missing: tuple[Missing, ...]
    events: tuple[SafetyEvent, ...]
    refused: tuple[Refused, ...]
    opening: Opening
    follow: bool = False


but: Final = msgspec.structs.replace


def initial(
    now_s: float,
    *,
    lease: bool = False,
    session: str = "",
    checked: tuple[str, float] | None = None,
    staff: bool = False,
) -> Machine:
    """A guard just started: LATCHED. With an open *lease* a moving belt is ours and is stopped first (2.6).

    *checked*: the treadmill of the last opening check, and when it was finished. *staff*: what the guard before had
    latched is for staff to reset. Epochs start at the ticks since
    boot: those of a restarted guard are above all that it ever gave out.
    """
    machine = Machine(since_s=now_s, epoch=int(now_s / TICK_S), staff=staff, check=opening.done_before(checked))
    if not lease:
        return machine
    return but(
        machine, cause=Cause.RESTART_MOVING, staff=True, lease=True, session=session, run_s=now_s, stop_s=now_s
    )
