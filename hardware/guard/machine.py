"""The safety state machine. Pure: ``step(machine, inputs, now_s, rules) -> (machine, outputs)``; no clock, no I/O.

Once a tick, and at once when a contact opens, the loop hands over what it has: switches, the newest Belt frame, the
newest drawn frame of the screen, requests. The machine looks at levels (only three things must be edges: the clip's
proof, the amber press, a reset) and answers with the Wish, permit, alarm, lease and what to report.

The order of one step, and of this file: see what the inputs amount to; trip; do what is asked; let time do its part;
derive the outputs. Section numbers and I1-I15 are those of safety.md. Times are monotonic seconds, speeds 0.01 km/h.
Ages are compared so that a time-stamp from the future, or one that is no number, is unhealthy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hardware.config.profiles import UNCOMMISSIONED, Profile
from hardware.constants import (
    ALARM_TEST_S,
    ARM_WINDOW_S,
    CONSENT_AGE_S,
    DEVIATION_CKMH,
    DEVIATION_S,
    OVERSPEED_MARGIN_CKMH,
    OVERSPEED_S,
    PAUSE_TEST_S,
    PERMIT_DROPOUT_S,
    PERMIT_PICKUP_S,
    PROOF_WINDOW_S,
    RESET_GAP_S,
    REST_START_MARGIN_S,
    SCALE_S,
    SCREEN_MISSING_S,
    STILL_READINGS,
    STILL_S,
    STOP_TEST_S,
    TICK_S,
    WISH_MISSING_S,
)
from hardware.guard import opening
from hardware.guard.limits import (
    NOTHING,
    Course,
    House,
    Limits,
    at_start,
    eased_ckmh,
    follow,
    limits_of,
    profile_of,
    ramp_s,
    within,
)
from hardware.guard.opening import Check, Checks
from hardware.link.messages import (
    Arm,
    BeginCheck,
    Belt,
    Cause,
    Contact,
    Disarm,
    Ease,
    Envelope,
    Heard,
    LinkState,
    LowerCap,
    Missing,
    Opening,
    Proof,
    Purpose,
    Rebind,
    Refused,
    Reset,
    ResetBy,
    SafetyEvent,
    Scan,
    SoundAlarm,
    Start,
    State,
    StatusEvent,
    Stop,
    StopBy,
    StopWhy,
    Switches,
    Target,
    TreadmillFacts,
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
    }
)
"""Causes that do not take the permit from a belt that is being stopped. Every other one is hard."""

RAMPED: Final = frozenset({Cause.MEMBER_STOP, Cause.PLAN_DONE, Cause.STAFF_STOP, Cause.SCREEN_FROZEN})
"""Soft causes that slow the belt before they stop it: it obeys, and nobody else has touched it."""

BY_MEMBER: Final = SOFT | {Cause.CLIP}
"""Causes that the walker may reset alone (decisions: Reset). Every other one needs staff."""

WIRES: Final = frozenset({Cause.RED_BUTTON, Cause.INPUT_FAULT, Cause.PERMIT_FAULT})
"""Causes that count in every state, and that call for staff even where another hard cause came first."""

STOP_CAUSES: Final = {
    StopWhy.MEMBER: Cause.MEMBER_STOP,
    StopWhy.PLAN_DONE: Cause.PLAN_DONE,
    StopWhy.STAFF: Cause.STAFF_STOP,
    StopWhy.PAUSE_TEST: Cause.STAFF_STOP,  # except in commissioning, where it is a test
    StopWhy.LINK_TEST: Cause.STAFF_STOP,
}

TESTS: Final = {StopWhy.PAUSE_TEST: StopBy.PAUSE, StopWhy.LINK_TEST: StopBy.UNLINK}
TEST_ADDS_S: Final = {StopBy.PAUSE: PAUSE_TEST_S, StopBy.UNLINK: STOP_TEST_S}  # to the stop's budget

BRAKES: Final = frozenset({Cause.MEMBER_STOP, Cause.PLAN_DONE, Cause.STAFF_STOP})
"""Stops that prove the brake: asked for, and by Bluetooth alone. A hard cause may have taken the key as well."""

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
    sound_s: float | None = None  # since when the alarm sounds so that staff may hear it
    scan: bool = False
    leave: bool = False  # to be started anew: nothing is reset or armed any more

    @property
    def hard(self) -> bool:
        """True while a hard cause is latched."""
        return self.cause is not None and self.cause not in SOFT

    @property
    def budget_s(self) -> float:
        """How long this stop may take before the alarm."""
        return self.profile.stop_budget_s + self.ramping_s

    @property
    def holding(self) -> Limits:
        """The limits that hold now, the session's envelope included."""
        return self.limits if self.envelope is None else within(self.limits, self.envelope)


class Evidence(msgspec.Struct, frozen=True):
    """What this tick's inputs amount to."""

    now_s: float
    rules: Rules
    switches: Switches
    life: int  # of the belt process
    belt: Belt | None  # its frame, if fresh
    link_up: bool
    control: bool
    link: LinkId | None
    speed: int | None  # the reading, if fresh
    still: bool  # two fresh readings of 0.00, and a second
    at_rest: bool  # still, and no start is on its way
    event: StatusEvent | None  # new in this tick
    screen: bool
    permit_fault: bool
    late: bool
    shutdown: bool

    @property
    def moving(self) -> bool:
        """True only if freshly measured."""
        return self.speed is not None and self.speed > 0


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


but: Final = msgspec.structs.replace


def initial(
    now_s: float, *, lease: bool = False, session: str = "", checked: tuple[str, float] | None = None
) -> Machine:
    """A guard just started: LATCHED. With an open *lease* a moving belt is ours and is stopped first (2.6).

    *checked*: the treadmill of the last opening check, and when it was finished. Epochs start at the ticks since
    boot: those of a restarted guard are above all that it ever gave out.
    """
    machine = Machine(since_s=now_s, epoch=int(now_s / TICK_S), check=opening.done_before(checked))
    if not lease:
        return machine
    return but(
        machine, cause=Cause.RESTART_MOVING, staff=True, lease=True, session=session, run_s=now_s, stop_s=now_s
    )


def step(machine: Machine, inputs: Inputs, now_s: float, rules: Rules) -> tuple[Machine, Outputs]:
    """One tick at *now_s*."""
    m, seen = _look(machine, inputs, now_s, rules)
    cause = _trip(m, seen)
    if cause is not None:
        m = _stopped(m, cause, now_s)
    m, refused = _asked(m, seen, inputs.requests)
    m = _moved_on(m, seen)
    return _settled(machine, m, seen, refused)


# ------------------------------------------------------------------------------------------------ seeing


def _recent(at_s: float | None, now_s: float, limit_s: float) -> bool:
    return at_s is not None and 0.0 <= now_s - at_s <= limit_s


def _lasting(since_s: float | None, now_s: float, seconds: float) -> bool:
    return since_s is not None and now_s - since_s >= seconds


def _since(was_s: float | None, now_s: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now_s if was_s is None else was_s


def _look(m: Machine, inputs: Inputs, now_s: float, rules: Rules) -> tuple[Machine, Evidence]:
    """Take this tick's inputs into memory and say what they amount to. Nothing here decides."""
    readback = inputs.switches.permit_readback
    permit_wrong = readback is not None and readback is not m.permit
    m = but(m, permit_wrong_s=_since(m.permit_wrong_s, now_s, holds=permit_wrong))
    if inputs.drawn != m.drawn:  # only a new frame counts: a repeated one was drawn before the screen froze
        m = but(m, drawn=inputs.drawn, drawn_s=inputs.drawn_at_s)

    belt, sent_s = inputs.belt, inputs.belt_at_s
    if belt is None or sent_s is None or not _recent(sent_s, now_s, WISH_MISSING_S):
        belt, link, speed, event = None, None, None, None
    else:
        if belt.facts is not None and m.state in AT_REST_STATES:
            m = _told_facts(m, belt.facts, rules)
        link = (inputs.belt_life, belt.generation)
        read_s = None if belt.reading_age_s is None else sent_s - belt.reading_age_s
        speed = belt.speed_ckmh if _recent(read_s, now_s, m.profile.stale_s) else None
        event = belt.event if m.event_seq is not None and m.event_seq != belt.event_seq else None
        m = but(m, event_seq=belt.event_seq)
    m = but(m, motion=Motion() if belt is None or speed is None else _motion(m, link, belt.reading_seq, speed, now_s))

    still_s = max(STILL_S, m.profile.quirks.zero_debounce_s)
    still = m.motion.zeros >= STILL_READINGS and _lasting(m.motion.zero_since_s, now_s, still_s)
    seen = Evidence(
        now_s=now_s,
        rules=rules,
        switches=inputs.switches,
        life=inputs.belt_life,
        belt=belt,
        link_up=belt is not None and belt.link in (LinkState.READ_ONLY, LinkState.READY),
        control=belt is not None and belt.link is LinkState.READY,
        link=link,
        speed=speed,
        still=still,
        at_rest=still and not _may_start_yet(m, belt, inputs.belt_life, now_s),
        event=event,
        screen=_recent(m.drawn_s, now_s, SCREEN_MISSING_S),
        permit_fault=_lasting(m.permit_wrong_s, now_s, PERMIT_PICKUP_S if m.permit else PERMIT_DROPOUT_S),
        late=m.tick_s is not None and not _recent(m.tick_s, now_s, TICK_S + rules.tick_late_s),
        shutdown=inputs.shutdown,
    )
    return but(m, tick_s=now_s), seen


def _told_facts(m: Machine, facts: TreadmillFacts, rules: Rules) -> Machine:
    profile = profile_of(facts, rules.profiles)
    return but(m, address=facts.address, profile=profile, limits=limits_of(facts, profile, rules.house, m.purpose))


def _motion(m: Machine, link: LinkId | None, seq: int, speed: int, now_s: float) -> Motion:
    """The readings so far and one fresh one. Whatever is not 0.00 on the same link starts the count anew."""
    was = m.motion
    if speed > 0:
        zeros, zero_since_s = 0, None
    elif link != was.link or was.zero_since_s is None:
        zeros, zero_since_s = 1, now_s
    else:
        zeros, zero_since_s = was.zeros + (seq != was.seq), was.zero_since_s
    asked = m.course.speed_ckmh
    over = speed > m.limits.cap_ckmh + OVERSPEED_MARGIN_CKMH
    fast = speed > asked + DEVIATION_CKMH or (not m.scaled and 4 * speed > 5 * asked)
    return Motion(
        link,
        seq,
        zeros,
        zero_since_s,
        over_since_s=_since(was.over_since_s, now_s, holds=over),
        fast_since_s=_since(was.fast_since_s, now_s, holds=m.state in UNDER_WAY and fast),
    )


def _may_start_yet(m: Machine, belt: Belt | None, life: int, now_s: float) -> bool:
    """True while a `07` of this lease may still move a belt that reads 0.00 (decisions: Rest).

    When one was written the belt process knows; it is believed if it is the one that got the start and has acted on
    the newest Wish. Otherwise the last tick in which it might have written one counts.
    """
    started_s = m.run_s
    if started_s is not None and belt is not None and life == m.started_life and belt.wish_epoch == m.epoch:
        started_s = belt.started_at_s
    return started_s is not None and not now_s - started_s > m.profile.start_latency_s + REST_START_MARGIN_S


# ------------------------------------------------------------------------------------------------ tripping


def _unlinked(m: Machine, now_s: float) -> bool:
    """True while a link test may have dropped the link: for so long its loss is no fault."""
    test = m.cause is Cause.STOP_TEST and m.stop_by is StopBy.UNLINK
    return test and _recent(m.stop_s, now_s, STOP_TEST_S)


def _trip(m: Machine, seen: Evidence) -> Cause | None:
    """The first reason to stop, hard ones first. Each is a level: it holds for as long as what causes it."""
    state, switches, now_s = m.state, seen.switches, seen.now_s
    guarded, under_way = state in GUARDED, state in UNDER_WAY
    linked = guarded and not _unlinked(m, now_s)
    # A stop that arrives at a belt at rest may start it (quirk 12): so long after our rest, motion is still ours.
    aftermath_s = m.profile.start_latency_s + REST_START_MARGIN_S
    ours = state is State.ARMED or (state in AT_REST_STATES and _recent(m.rest_s, now_s, aftermath_s))
    reasons = (
        (switches.red is Contact.OPEN or (guarded and switches.red is not Contact.CLOSED), Cause.RED_BUTTON),
        (switches.fault != "", Cause.INPUT_FAULT),
        (seen.permit_fault, Cause.PERMIT_FAULT),
        (guarded and switches.clip is not Contact.CLOSED, Cause.CLIP),
        (guarded and seen.late, Cause.TICK_LATE),
        (guarded and seen.belt is None, Cause.BELT_PROCESS),
        (linked and not (seen.link_up and seen.link == m.link), Cause.LINK_LOST),
        (guarded and seen.event is StatusEvent.SAFETY_KEY, Cause.SAFETY_KEY),
        (guarded and seen.event is StatusEvent.CONTROL_LOST, Cause.CONTROL_LOST),
        (under_way and seen.event is StatusEvent.RESET, Cause.CONTROL_LOST),  # it drops control; ours may do it too
        (linked and not seen.control, Cause.CONTROL_LOST),
        (linked and seen.speed is None, Cause.TELEMETRY_STALE),
        (guarded and _lasting(m.motion.over_since_s, now_s, OVERSPEED_S), Cause.OVERSPEED),
        (_lasting(m.motion.fast_since_s, now_s, DEVIATION_S), Cause.DEVIATION),
        (ours and seen.moving, Cause.UNEXPECTED_MOTION),
        (state is State.STARTING and now_s - m.since_s > m.profile.start_timeout_s, Cause.START_TIMEOUT),
        ((under_way or state is State.ARMED) and not seen.screen, Cause.SCREEN_FROZEN),
        (under_way and seen.event is StatusEvent.STOPPED_BY_USER, Cause.BELT_STOPPED_ITSELF),
        (state is State.RUNNING and seen.still, Cause.BELT_STOPPED_ITSELF),
        (state is State.ARMED and not _recent(m.consent_s, now_s, ARM_WINDOW_S), Cause.ARM_EXPIRED),
        (state is State.PROOF and now_s - m.since_s > PROOF_WINDOW_S, Cause.ARM_EXPIRED),
        (under_way and seen.shutdown, Cause.STAFF_STOP),
    )
    return next((cause for bad, cause in reasons if bad), None)


def _stopped(m: Machine, cause: Cause, now_s: float) -> Machine:
    """Stop for *cause*: LATCHED where nothing moves, else STOPPING. The first hard cause is kept (I11)."""
    hard = cause not in SOFT
    if m.hard:
        m = but(m, staff=m.staff or cause in WIRES or cause is Cause.UNEXPECTED_MOTION)
    elif hard or m.cause is None:
        m = but(m, cause=cause, staff=cause not in BY_MEMBER)
    if m.state is State.STOPPING:
        # What turns hard loses its ramp, and the time that it would have had.
        return but(m, ramp=None, ramping_s=min(m.ramping_s, now_s - m.since_s)) if hard else m
    if m.state in AT_REST_STATES and cause is not Cause.UNEXPECTED_MOTION:
        return m if m.state is State.LATCHED else but(m, state=State.LATCHED, since_s=now_s)
    ramped = m.state is State.RUNNING and cause in RAMPED
    return but(
        m,
        state=State.STOPPING,
        since_s=now_s,
        stop_s=now_s,
        stop_by=StopBy.LADDER,
        lease=True,
        ramp=(m.course.speed_ckmh, now_s) if ramped else None,
        ramping_s=ramp_s(m.course.speed_ckmh, m.limits) if ramped else 0.0,
    )


# ------------------------------------------------------------------------------------------------ what is missing


def _health(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    """What keeps any belt from being reset, armed or started. Of a chain only the first broken link is named.

    Control is not among it: while a hard cause keeps the permit off, the treadmill's key cannot be put back (H1), and
    some treadmills give no control without it.
    """
    checks = (
        (seen.switches.red is Contact.CLOSED, Missing.RED_PRESSED),
        (seen.switches.clip is Contact.CLOSED, Missing.CLIP_OPEN),
        (seen.switches.fault == "", Missing.WIRING),
        (m.permit_wrong_s is None, Missing.PERMIT),
        (seen.belt is not None, Missing.BELT_PROCESS),
        (seen.belt is None or seen.link_up, Missing.LINK),
        (not seen.link_up or seen.speed is not None, Missing.TELEMETRY),
        (seen.speed is None or (seen.at_rest and not m.lease), Missing.BELT_MOVING),
        (seen.screen, Missing.SCREEN),
    )
    return tuple(missing for good, missing in checks if not good)


def _checked(m: Machine, seen: Evidence) -> bool:
    """The opening check: a session needs one that counts, its own brake test one that is under way."""
    if m.purpose is Purpose.COMMISSIONING:
        return True
    if m.purpose is Purpose.OPENING_CHECK:
        return m.check.under_way
    valid = opening.valid_left_s(m.check, m.address, seen.now_s) is not None
    return valid or not seen.rules.checks.opening


def _may_write(m: Machine, rules: Rules) -> bool:
    """A treadmill that was not commissioned is read-only (P11), but for commissioning itself and to stop it."""
    commissioning = m.purpose is Purpose.COMMISSIONING and m.state in (State.PROOF, *GUARDED)
    return m.profile.commissioned or not rules.checks.profile or commissioning or m.lease


def _fitness(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    """The same, and what keeps this treadmill from carrying this session."""
    belt, limits = seen.belt, m.holding
    may_write = _may_write(m, seen.rules)
    # Commissioning may ask an uncommissioned treadmill for control only from PROOF on.
    control_to_come = m.state is State.PROOF and m.purpose is Purpose.COMMISSIONING
    checks = (
        (seen.switches.permit_readback is not False, Missing.PERMIT),  # permitted, but the relay is not yet up
        (belt is None or belt.facts is not None, Missing.LINK),
        (belt is None or belt.facts is None or may_write, Missing.NOT_COMMISSIONED),
        (not seen.link_up or seen.control or not may_write or control_to_come, Missing.CONTROL),
        (belt is None or belt.facts is None or belt.facts.can_speed, Missing.CONTROL),
        (_checked(m, seen), Missing.OPENING_CHECK),
        (belt is None or not belt.incline_dpct, Missing.INCLINE),
        (limits.min_ckmh <= limits.cap_ckmh, Missing.MIN_ABOVE_CAP),
    )
    return tuple(dict.fromkeys((*_health(m, seen), *(missing for good, missing in checks if not good))))


def _reset_missing(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    if m.state not in (State.LATCHED, State.STOPPING):
        return ()
    return (*_health(m, seen), Missing.BELT_PROCESS) if m.leave else _health(m, seen)


def _arm_missing(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    if m.state in (State.LATCHED, State.STOPPING):
        return (Missing.LATCHED,)
    return _fitness(m, seen) if m.state is State.IDLE else (Missing.ALREADY_ARMED,)


def _start_missing(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    if m.state is State.PROOF:
        proved = m.pulled and seen.switches.clip is Contact.CLOSED
        return (Missing.CONTROL if proved else Missing.CLIP_CLOSE if m.pulled else Missing.CLIP_PULL,)
    if m.state is not State.ARMED:
        return (Missing.NOT_ARMED,)
    fitness = _fitness(m, seen)
    return fitness if _recent(m.consent_s, seen.now_s, CONSENT_AGE_S) else (*fitness, Missing.CONSENT)


# ------------------------------------------------------------------------------------------------ doing what is asked


def _asked(m: Machine, seen: Evidence, requests: tuple[Request, ...]) -> tuple[Machine, tuple[Refused, ...]]:
    """Requests in their order, each judged by the state that the one before it left. A refusal says why."""
    refused = []
    for request in requests:
        m, why = _one(m, seen, request)
        if why:
            refused.append(Refused(type(request).__name__.lower(), why))
    return m, tuple(refused)


def _one(m: Machine, seen: Evidence, request: Request) -> tuple[Machine, tuple[Missing, ...]]:
    now_s = seen.now_s
    match request:
        case Stop(why):  # at rest, or stopping already: nothing is left to do
            nothing = m.state in (State.LATCHED, State.IDLE, State.STOPPING)
            return (m if nothing else _asked_to_stop(m, seen, why)), ()
        case Reset(who):
            return _reset(m, seen, who)
        case Arm(purpose=Purpose.FOLLOW):
            return m, (Missing.STAFF,)
        case Arm(envelope, session, purpose):
            armed = but(
                m, state=State.PROOF, since_s=now_s, envelope=envelope, session=session, purpose=purpose, scan=False
            )
            if seen.belt is not None and seen.belt.facts is not None:
                armed = _told_facts(armed, seen.belt.facts, seen.rules)
            missing = _fitness(armed, seen) if m.state is State.IDLE else _arm_missing(m, seen)
            return (m, missing) if missing else (but(armed, link=seen.link, pulled=False, consent_s=None), ())
        case Start():
            missing = _start_missing(m, seen)
            return (m, missing) if missing else (_started(m, seen), ())
        case Disarm() if m.state in (State.PROOF, State.ARMED):
            return _idle(m, now_s), ()
        case Target(speed_ckmh, incline_dpct) if m.state in UNDER_WAY:
            return but(m, goal=(speed_ckmh, incline_dpct), ramp=None), ()
        case Ease() if m.state in UNDER_WAY:
            return but(m, ramp=(m.course.speed_ckmh, now_s)), ()
        case LowerCap(cap_ckmh) if m.envelope is not None and cap_ckmh <= m.envelope.cap_ckmh:
            m = but(m, envelope=but(m.envelope, cap_ckmh=cap_ckmh))
            impossible = m.state in UNDER_WAY and m.limits.min_ckmh > cap_ckmh
            return (_stopped(m, Cause.STAFF_STOP, now_s) if impossible else m), ()
        case Target() | Ease() | Disarm() | LowerCap():
            return m, (Missing.NOT_ARMED,)
        case _:
            return _house_keeping(m, seen, request)


def _asked_to_stop(m: Machine, seen: Evidence, why: StopWhy) -> Machine:
    """A test of commissioning is one only where it belongs; anywhere else it is an ordinary stop. Never none."""
    by = TESTS.get(why)
    slowest = m.course.speed_ckmh <= m.limits.min_ckmh and 4 * (seen.speed or 0) <= 5 * m.limits.min_ckmh
    fits = m.state is State.RUNNING and m.purpose is Purpose.COMMISSIONING
    if by is None or not fits or (by is StopBy.UNLINK and not slowest):
        return _stopped(m, STOP_CAUSES[why], seen.now_s)
    return but(_stopped(m, Cause.STOP_TEST, seen.now_s), stop_by=by, ramping_s=TEST_ADDS_S[by])


def _house_keeping(
    m: Machine, seen: Evidence, request: Scan | BeginCheck | SoundAlarm | Heard | Rebind
) -> tuple[Machine, tuple[Missing, ...]]:
    """What staff may ask for while nothing is armed and nothing moves. None of it moves anything."""
    if m.state not in (State.LATCHED, State.IDLE):
        return m, (Missing.ALREADY_ARMED,)
    if m.lease or seen.moving:
        return m, (Missing.BELT_MOVING,)
    match request:
        case Scan(on):
            return but(m, scan=on), ()
        case BeginCheck():
            return but(m, check=opening.begun()), ()
        case SoundAlarm() if seen.rules.alarm:
            return but(m, sound_s=seen.now_s, check=but(m.check, sounded=True)), ()
        case SoundAlarm():
            return m, (Missing.WIRING,)
        case Heard():
            heard = opening.with_heard(m.check, request)
            return (but(m, check=heard), ()) if m.check.under_way else (m, (Missing.OPENING_CHECK,))
        case Rebind():
            if m.state is State.IDLE:
                m = but(m, state=State.LATCHED, since_s=seen.now_s, cause=Cause.BOOT)
            return but(m, leave=True, scan=False), ()


def _reset(m: Machine, seen: Evidence, who: ResetBy) -> tuple[Machine, tuple[Missing, ...]]:
    """To IDLE, never to motion (I4). Counts only as an edge, and only when every cause is gone in that very tick."""
    held = m.reset_s is not None and not seen.now_s - m.reset_s > RESET_GAP_S
    m = but(m, reset_s=seen.now_s)
    if m.state is State.STOPPING:
        return m, _reset_missing(m, seen) or (Missing.BELT_MOVING,)
    missing = _reset_missing(m, seen)
    if m.staff and who is not ResetBy.STAFF:
        missing += (Missing.STAFF,)
    if held:
        missing += (Missing.RESET_HELD,)
    return (m, missing) if missing or m.state is not State.LATCHED else (_idle(m, seen.now_s), ())


def _idle(m: Machine, now_s: float) -> Machine:
    return but(
        m,
        state=State.IDLE,
        since_s=now_s,
        cause=None,
        staff=False,
        alarm=False,
        session="",
        purpose=None,
        envelope=None,
    )


def _started(m: Machine, seen: Evidence) -> Machine:
    return but(
        m,
        state=State.STARTING,
        since_s=seen.now_s,
        lease=True,
        course=at_start(m.limits, seen.now_s),
        goal=(m.limits.min_ckmh, 0),
        ramp=None,
        scaled=False,
        ran=False,
        started_life=seen.life,
    )


# ------------------------------------------------------------------------------------------------ moving on with time


def _moved_on(m: Machine, seen: Evidence) -> Machine:
    now_s = seen.now_s
    pressed = seen.switches.amber_pressed is True and not m.amber
    check = opening.with_switches(m.check, seen.switches)
    m = but(
        m,
        amber=seen.switches.amber_pressed is True,
        check=opening.settled(check, m.address, alarm=seen.rules.alarm, now_s=now_s),
        sound_s=m.sound_s if _recent(m.sound_s, now_s, ALARM_TEST_S) and m.state not in GUARDED else None,
        scan=m.scan and seen.screen and m.state in (State.LATCHED, State.IDLE) and not m.lease,
    )
    match m.state:
        case State.PROOF:
            return _proving(m, seen)
        case State.ARMED if pressed:
            return but(m, consent_s=now_s)
        case State.STARTING:
            m = but(m, run_s=now_s)
            return but(m, state=State.RUNNING, since_s=now_s, ran=True) if seen.moving else m
        case State.RUNNING:
            return _following(m, seen)
        case State.STOPPING:
            return _stopping(_slowing(m, seen), seen)
        case State.LATCHED if m.lease:
            return _stopping(m, seen)
    return m


def _proving(m: Machine, seen: Evidence) -> Machine:
    """The clip pulled, then closed; commissioning may then still wait for control."""
    clip, now_s = seen.switches.clip, seen.now_s
    if seen.link != m.link or set(_fitness(m, seen)) - {Missing.CLIP_OPEN}:
        return _idle(m, now_s)  # nothing was promised yet, so nothing latches; IDLE says what is missing
    if clip is Contact.OPEN:
        return but(m, pulled=True, consent_s=None)
    if not m.pulled or clip is not Contact.CLOSED:
        return m
    m = but(m, consent_s=now_s if m.consent_s is None else m.consent_s)
    if not _recent(m.consent_s, now_s, CONSENT_AGE_S):
        return but(m, pulled=False, consent_s=None)
    return but(m, state=State.ARMED, since_s=now_s) if seen.control else m


def _following(m: Machine, seen: Evidence) -> Machine:
    """Toward the session's goal, or down a soft ramp to the minimum (Ease). No rise before the scale is proved."""
    asked, measured = m.course.speed_ckmh, seen.speed or 0
    if _lasting(m.since_s, seen.now_s, SCALE_S) and 3 * asked <= 4 * measured <= 5 * asked:
        m = but(m, scaled=True)
    speed, incline = m.goal if m.ramp is None else (eased_ckmh(*m.ramp, seen.now_s), m.goal[1])
    course = follow(m.course, speed, incline, m.holding, seen.now_s if m.scaled else None)
    if course.speed_ckmh < asked:  # the belt needs time to fall as well: DEVIATION counts anew
        m = but(m, motion=but(m.motion, fast_since_s=None))
    return but(m, course=course)


def _slowing(m: Machine, seen: Evidence) -> Machine:
    if m.ramp is None:
        return m
    course = follow(m.course, eased_ckmh(*m.ramp, seen.now_s), 0, m.limits, None)
    done = seen.still or seen.shutdown or course.speed_ckmh <= m.limits.min_ckmh
    return but(m, course=course, ramp=None if done else m.ramp)


def _stopping(m: Machine, seen: Evidence) -> Machine:
    """Until measured at rest under a belt process that acts on this stop; past the budget, the alarm (I8).

    A belt that reads 0.00 but may yet start is not at rest and is not released; it is no reason for a siren either.
    """
    if _unlinked(m, seen.now_s) and seen.link_up:
        m = but(m, link=seen.link)  # the link that the test lost may come back as another
    obeyed = m.mode is WishMode.STOP and seen.belt is not None and seen.belt.wish_epoch == m.epoch
    if seen.at_rest and obeyed:
        if m.purpose is Purpose.OPENING_CHECK and m.ran and m.cause in BRAKES and not m.alarm:
            m = but(m, check=opening.with_proof(m.check, Proof.BRAKE))
        m = but(m, lease=False, run_s=None, stop_s=None, rest_s=seen.now_s)
        return m if m.state is State.LATCHED else but(m, state=State.LATCHED, since_s=seen.now_s)
    if m.alarm or seen.still or not _lasting(m.stop_s, seen.now_s, m.budget_s):
        return m
    return but(m, alarm=True, staff=True, ramp=None, cause=m.cause if m.hard else Cause.STOP_NOT_CONFIRMED)


# ------------------------------------------------------------------------------------------------ the outputs


def _mode(m: Machine) -> WishMode:
    if m.state in UNDER_WAY or (m.state is State.STOPPING and m.ramp is not None):
        return WishMode.RUN
    return WishMode.STOP if m.lease else WishMode.HOLD


def _settled(before: Machine, m: Machine, seen: Evidence, refused: tuple[Refused, ...]) -> tuple[Machine, Outputs]:
    mode = _mode(m)
    raised = mode is not m.mode and mode is not WishMode.HOLD  # each STOP and each RUN has an epoch of its own
    permit = m.cause is None or (m.cause in SOFT and m.cause is not Cause.BOOT)
    m = but(m, mode=mode, epoch=m.epoch + raised, permit=permit)
    speed, incline = (m.course.speed_ckmh, m.course.incline_dpct) if mode is WishMode.RUN else (0, 0)
    stop_by = m.stop_by if m.cause is Cause.STOP_TEST and _recent(m.stop_s, seen.now_s, STOP_TEST_S) else None
    events = _events(before, m, seen)
    consent_s = m.consent_s if m.state is State.ARMED else None
    outputs = Outputs(
        wish=Wish(
            m.epoch,
            mode,
            speed,
            incline,
            stop_by=stop_by or StopBy.LADDER,
            control=_may_write(m, seen.rules),
            scan=m.scan,
            leave=m.leave,
        ),
        permit=permit,
        alarm=m.alarm or m.sound_s is not None,
        lease=m.lease,
        stop_now=m.lease and seen.belt is None,
        belt_heard=seen.belt is not None,
        at_rest=seen.at_rest,
        measured_ckmh=seen.speed,
        in_use_by_other=seen.moving and not m.lease,
        limits=m.holding,
        consent_left_s=None if consent_s is None else max(0.0, consent_s + CONSENT_AGE_S - seen.now_s),
        reset_missing=_reset_missing(m, seen),
        arm_missing=_arm_missing(m, seen),
        start_missing=_start_missing(m, seen),
        events=events,
        refused=refused,
        opening=opening.told(m.check, m.address, seen.rules.checks, alarm=seen.rules.alarm, now_s=seen.now_s),
    )
    return but(m, events=m.events + len(events)), outputs


def _events(before: Machine, m: Machine, seen: Evidence) -> tuple[SafetyEvent, ...]:
    """For the record: what this step has changed."""

    def entered(state: State) -> bool:
        return m.state is state and before.state is not state

    restarted = m.lease and before.tick_s is None
    new_cause = m.cause is not before.cause or restarted
    kinds = (
        (before.cause is not None and m.cause is None, "reset"),
        (entered(State.PROOF), "arm"),
        (entered(State.STARTING), "start"),
        (m.cause is not None and (new_cause or entered(State.STOPPING)), "trip" if m.hard else "stop"),
        (m.alarm and not before.alarm, "escalation"),
        (before.lease and not m.lease, "rest"),
    )
    detail = seen.switches.fault or ("" if seen.belt is None else seen.belt.trouble)
    return tuple(
        SafetyEvent(m.events + n, seen.now_s, kind, m.cause, m.state, seen.speed, detail)
        for n, kind in enumerate((kind for happened, kind in kinds if happened), start=1)
    )
