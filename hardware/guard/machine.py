"""The safety state machine. Pure: ``step(machine, inputs, now_s, rules) -> (machine, outputs)``; no clock, no I/O.

Once a tick, and at once when a contact opens, the loop hands over what it has: switches, the newest Belt frame, the
newest drawn frame of the screen, requests. The machine looks at levels (only three things must be edges: the clip's
proof, the amber press, a reset) and answers with the Wish, permit, alarm, lease and what to report.

The order of one step: see what the inputs amount to (hardware.guard.evidence); then, as this file is written: trip;
do what is asked; let time do its part; derive the outputs. What is remembered between steps is hardware.guard.memory.
Section numbers and I1-I15 are those of safety.md. Times are monotonic seconds, speeds 0.01 km/h.
"""

from __future__ import annotations

from typing import Final

from hardware.constants import (
    ALARM_TEST_S,
    ARM_WINDOW_S,
    CONSENT_AGE_S,
    DEVIATION_S,
    FOLLOW_CONSENT_S,
    OVERSPEED_S,
    PAUSE_TEST_S,
    PICKUP_S,
    PROOF_WINDOW_S,
    RESET_GAP_S,
    REST_START_MARGIN_S,
    SCALE_S,
    STOP_TEST_S,
)
from hardware.guard import deck, opening
from hardware.guard.deck import Away
from hardware.guard.evidence import Evidence, lasting, look, recent, told_facts
from hardware.guard.limits import at_start, eased_ckmh, follow, ramp_s
from hardware.guard.memory import (
    AT_REST_STATES,
    GUARDED,
    SOFT,
    UNDER_WAY,
    Inputs,
    Machine,
    Outputs,
    Request,
    Rules,
    but,
)
from hardware.link.messages import (
    Arm,
    BeginCheck,
    Cause,
    Contact,
    Disarm,
    Ease,
    Heard,
    LowerCap,
    Missing,
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
    Target,
    Wish,
    WishMode,
)

RAMPED: Final = frozenset({Cause.MEMBER_STOP, Cause.PLAN_DONE, Cause.STAFF_STOP, Cause.SCREEN_FROZEN, Cause.OFF_DECK})
"""Soft causes that slow the belt before they stop it: it obeys, and nobody else has touched it."""

EMPTY_BELT: Final = frozenset({Purpose.OPENING_CHECK, Purpose.COMMISSIONING})
"""Purposes without a walker: a stop is the ladder from that very speed, which is what is to be measured or proved."""

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
    StopWhy.LEFT_OPEN: Cause.STAFF_STOP,  # except after a boot, where it takes the lease that the boot has lost
}

TESTS: Final = {StopWhy.PAUSE_TEST: StopBy.PAUSE, StopWhy.LINK_TEST: StopBy.UNLINK}
TEST_ADDS_S: Final = {StopBy.PAUSE: PAUSE_TEST_S, StopBy.UNLINK: STOP_TEST_S}  # to the stop's budget

BRAKES: Final = frozenset({Cause.MEMBER_STOP, Cause.PLAN_DONE, Cause.STAFF_STOP})
"""Stops that prove the brake: asked for, and by Bluetooth alone. A hard cause may have taken the key as well."""


def step(machine: Machine, inputs: Inputs, now_s: float, rules: Rules) -> tuple[Machine, Outputs]:
    """One tick at *now_s*."""
    m, seen = look(machine, inputs, now_s, rules)
    cause = _trip(m, seen)
    if cause is not None:
        m = _stopped(m, cause, now_s)
    m, refused = _asked(m, seen, inputs.requests)
    m = _moved_on(m, seen)
    return _settled(machine, m, seen, refused)


# ------------------------------------------------------------------------------------------------ tripping


def _unlinked(m: Machine, now_s: float) -> bool:
    """True while a link test may have dropped the link: for so long its loss is no fault."""
    test = m.cause is Cause.STOP_TEST and m.stop_by is StopBy.UNLINK
    return test and recent(m.stop_s, now_s, STOP_TEST_S)


def _trip(m: Machine, seen: Evidence) -> Cause | None:
    """The first reason to stop, hard ones first. Each is a level: it holds for as long as what causes it."""
    state, switches, now_s = m.state, seen.switches, seen.now_s
    guarded, under_way = state in GUARDED, state in UNDER_WAY
    linked = guarded and not _unlinked(m, now_s)
    pulled = m.following and state is State.STOPPING  # by us: a permit that drops takes the key
    ruled = not m.following  # by us: what a walker does at the console is no fault of a walk that follows it
    # A stop that arrives at a belt at rest may start it (quirk 12): so long after our rest, motion is still ours.
    aftermath_s = m.profile.start_latency_s + REST_START_MARGIN_S
    after = state in AT_REST_STATES and recent(m.rest_s, now_s, aftermath_s)
    ours = ruled if state is State.ARMED else after  # armed to follow: the motion is the walk
    reasons = (
        (switches.red is Contact.OPEN or (guarded and switches.red is not Contact.CLOSED), Cause.RED_BUTTON),
        (switches.fault != "", Cause.INPUT_FAULT),
        (seen.permit_fault, Cause.PERMIT_FAULT),
        (guarded and switches.clip is not Contact.CLOSED, Cause.CLIP),
        (guarded and seen.late, Cause.TICK_LATE),
        (guarded and seen.belt is None, Cause.BELT_PROCESS),
        (linked and not (seen.link_up and seen.link == m.link), Cause.LINK_LOST),
        (guarded and seen.event is StatusEvent.SAFETY_KEY and not pulled, Cause.SAFETY_KEY),
        (guarded and ruled and seen.event is StatusEvent.CONTROL_LOST, Cause.CONTROL_LOST),
        (
            under_way and ruled and seen.event is StatusEvent.RESET,
            Cause.CONTROL_LOST,
        ),  # it drops control; ours may do it too
        (linked and ruled and not seen.control, Cause.CONTROL_LOST),
        (linked and seen.speed is None, Cause.TELEMETRY_STALE),
        (guarded and lasting(m.motion.over_since_s, now_s, OVERSPEED_S), Cause.OVERSPEED),
        (lasting(m.motion.fast_since_s, now_s, DEVIATION_S), Cause.DEVIATION),
        (guarded and _contradicted(m, now_s), Cause.PICKUP),
        (ours and seen.moving, Cause.UNEXPECTED_MOTION),
        (state is State.STARTING and now_s - m.since_s > m.profile.start_timeout_s, Cause.START_TIMEOUT),
        (under_way and ruled and seen.event is StatusEvent.STOPPED_BY_USER, Cause.BELT_STOPPED_ITSELF),
        (state is State.RUNNING and seen.reads_zero, Cause.BELT_STOPPED_ITSELF),
        ((under_way or state is State.ARMED) and not seen.screen, Cause.SCREEN_FROZEN),
        (state is State.RUNNING and deck.must_stop(m.away, now_s), Cause.OFF_DECK),
        (state is State.ARMED and not recent(m.consent_s, now_s, _window_s(m)), Cause.ARM_EXPIRED),
        (state is State.PROOF and now_s - m.since_s > PROOF_WINDOW_S, Cause.ARM_EXPIRED),
        (under_way and seen.shutdown, Cause.STAFF_STOP),
    )
    return next((cause for bad, cause in reasons if bad), None)


def _window_s(m: Machine) -> float:
    return FOLLOW_CONSENT_S if m.following else ARM_WINDOW_S


def _contradicted(m: Machine, now_s: float) -> bool:
    """The belt pick-up tells another speed than the treadmill, or a belt that reads 0.00 moves."""
    motion = m.motion
    return lasting(motion.wrong_since_s, now_s, PICKUP_S) or lasting(motion.creeps_since_s, now_s, PICKUP_S)


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
        if m.state is State.ARMED and m.following:
            m = but(m, rest_s=now_s)  # started at its console a moment ago, it may yet come: that would be this walk
        return m if m.state is State.LATCHED else but(m, state=State.LATCHED, since_s=now_s)
    ramped = m.state is State.RUNNING and cause in RAMPED and m.purpose not in EMPTY_BELT and not m.following
    return but(
        m,
        state=State.STOPPING,
        since_s=now_s,
        stop_s=now_s,
        stop_by=StopBy.LADDER,
        lease=not m.following,
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
        (seen.belt is not None and not seen.shutdown, Missing.BELT_PROCESS),  # told to leave, so will it
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
    brakes = m.following and m.check.under_way  # its brake test is such a walk, ended by the permit
    return valid or brakes or not seen.rules.checks.opening


def _console_only(m: Machine, seen: Evidence) -> bool:
    """Only its console can set this treadmill's speed, and staff allow walks that follow it."""
    facts = None if seen.belt is None else seen.belt.facts
    told = facts is not None and not facts.can_speed
    return told and m.profile.follow_allowed and not seen.rules.house.supervised


def _may_write(m: Machine, seen: Evidence) -> bool:
    """A treadmill that was not commissioned is read-only (P11), but for commissioning itself and to stop it.

    One that is only followed is never written to, nor one of which it is not sure that people stand at it.
    """
    commissioning = m.purpose is Purpose.COMMISSIONING and m.state in (State.PROOF, *GUARDED)
    known = m.profile.commissioned or not seen.rules.checks.profile or commissioning
    return (m.lease or (known and seen.rules.proved and not _console_only(m, seen))) and not m.following


def _fitness(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    """The same, and what keeps this treadmill from carrying this session."""
    belt, limits = seen.belt, m.holding
    may_write, known = _may_write(m, seen), belt is not None and belt.facts is not None
    # Commissioning may ask an uncommissioned treadmill for control only from PROOF on.
    control_to_come = m.state is State.PROOF and m.purpose is Purpose.COMMISSIONING
    checks = (
        (seen.switches.permit_readback is not False, Missing.PERMIT),  # permitted, but the relay is not yet up
        (belt is None or belt.facts is not None, Missing.LINK),
        (not m.following or not seen.rules.house.supervised, Missing.PERMIT),  # it is all that can stop the belt
        (not m.following or not known or m.profile.follow_allowed, Missing.STAFF),
        (not known or may_write or (m.following and seen.rules.proved), Missing.NOT_COMMISSIONED),
        (not seen.link_up or seen.control or not may_write or control_to_come, Missing.CONTROL),
        (seen.rules.proved, Missing.STAFF),
        (belt is None or belt.facts is None or belt.facts.can_speed or m.following, Missing.CONTROL),
        (_checked(m, seen), Missing.OPENING_CHECK),
        (belt is None or not belt.incline_dpct, Missing.INCLINE),
        (limits.min_ckmh <= limits.cap_ckmh, Missing.MIN_ABOVE_CAP),
    )
    return tuple(dict.fromkeys((*_health(m, seen), *(missing for good, missing in checks if not good))))


def _reset_missing(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    if m.state not in (State.LATCHED, State.STOPPING):
        return ()
    return (*_health(m, seen), Missing.BELT_PROCESS) if m.leave else _health(m, seen)


def _not_idle(m: Machine) -> tuple[Missing, ...]:
    if m.state in (State.LATCHED, State.STOPPING):
        return (Missing.LATCHED,)
    return () if m.state is State.IDLE else (Missing.ALREADY_ARMED,)


def _arm_missing(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    return _not_idle(m) or _fitness(but(m, purpose=Purpose.FOLLOW) if _console_only(m, seen) else m, seen)


def _start_missing(m: Machine, seen: Evidence) -> tuple[Missing, ...]:
    if m.state is State.PROOF:
        proved = m.pulled and seen.switches.clip is Contact.CLOSED
        return (Missing.CONTROL if proved else Missing.CLIP_CLOSE if m.pulled else Missing.CLIP_PULL,)
    if m.state is not State.ARMED:
        return (Missing.NOT_ARMED,)
    fitness = _fitness(m, seen)
    return fitness if recent(m.consent_s, seen.now_s, CONSENT_AGE_S) else (*fitness, Missing.CONSENT)


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
        case Stop(StopWhy.LEFT_OPEN) if m.cause is Cause.BOOT:  # latched as it began
            return (_reclaimed(m, now_s) if seen.moving and not m.lease else m), ()
        case Stop(why):  # at rest, or stopping already: nothing is left to do
            nothing = m.state in (State.LATCHED, State.IDLE, State.STOPPING)
            return (m if nothing else _asked_to_stop(m, seen, why)), ()
        case Reset(who):
            return _reset(m, seen, who)
        case Arm(envelope, session, purpose):
            armed = but(m, state=State.PROOF, since_s=now_s, envelope=envelope, session=session, purpose=purpose)
            if seen.belt is not None and seen.belt.facts is not None:
                armed = told_facts(armed, seen.belt.facts, seen.rules)
            missing = _not_idle(m) or _fitness(armed, seen)
            return (m, missing) if missing else (but(armed, link=seen.link, pulled=False, consent_s=None), ())
        case Start() | Target() | Ease() if m.following and m.state in (State.ARMED, *UNDER_WAY):
            return m, (Missing.CONTROL,)
        case Start():
            missing = _start_missing(m, seen)
            return (m, missing) if missing else (_started(m, seen), ())
        case Disarm() if m.state in (State.PROOF, State.ARMED):
            return _idle(m, now_s), ()
        case Target(speed_ckmh, incline_dpct) if m.state in UNDER_WAY:
            target = (speed_ckmh, incline_dpct)
            if deck.counts(m.away, target, now_s):
                return but(m, goal=target, ramp=None, away=but(m.away, held=None)), ()
            return but(m, away=deck.eased(m.away, target)), ()
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


def _reclaimed(m: Machine, now_s: float) -> Machine:
    """The belt was ours before the boot and still moves: stop it first, as with a lease found open (2.6)."""
    return but(m, cause=Cause.RESTART_MOVING, staff=True, lease=True, run_s=now_s, stop_s=now_s)


def _asked_to_stop(m: Machine, seen: Evidence, why: StopWhy) -> Machine:
    """A test of commissioning is one only where it belongs; anywhere else it is an ordinary stop. Never none."""
    by = TESTS.get(why)
    slow = seen.speed is not None and 4 * seen.speed <= 5 * m.limits.min_ckmh
    slowest = slow and m.course.speed_ckmh <= m.limits.min_ckmh
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
        away=Away(),
        started_life=seen.life,
    )


# ------------------------------------------------------------------------------------------------ moving on with time


def _moved_on(m: Machine, seen: Evidence) -> Machine:
    now_s = seen.now_s
    pressed = seen.switches.amber_pressed is True and not m.amber
    m = but(
        m,
        amber=seen.switches.amber_pressed is True,
        check=opening.with_switches(m.check, seen.switches),
        sound_s=m.sound_s if recent(m.sound_s, now_s, ALARM_TEST_S) and m.state not in GUARDED else None,
        scan=m.scan and seen.screen and m.state in (State.LATCHED, State.IDLE) and not m.lease,
    )
    match m.state:
        case State.PROOF:
            return _proving(m, seen)
        case State.ARMED if m.following and seen.moving:
            return but(m, state=State.RUNNING, since_s=now_s, ran=True, away=Away())
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
    if not recent(m.consent_s, now_s, CONSENT_AGE_S):
        return but(m, pulled=False, consent_s=None)
    return but(m, state=State.ARMED, since_s=now_s) if seen.control or m.following else m


def _following(m: Machine, seen: Evidence) -> Machine:
    """Toward the session's goal, or down a soft ramp to the minimum (Ease, or a walker who leaves the deck).

    No rise before the scale is proved.
    """
    asked, measured = m.course.speed_ckmh, seen.speed
    slowest = m.following or asked <= m.limits.min_ckmh
    away = deck.watched(m.away, seen.switches.deck, slowest=slowest, now_s=seen.now_s)
    m = but(m, away=away)
    if m.following:
        return m
    if deck.must_ease(away, seen.now_s) and (m.ramp is None or away.held is None):
        flat = (m.goal[0], min(m.goal[1], m.course.incline_dpct))  # nor does the deck go up
        m = but(m, ramp=m.ramp or (asked, seen.now_s), away=deck.eased(away, m.goal), goal=flat)
    if lasting(m.since_s, seen.now_s, SCALE_S) and measured is not None and 3 * asked <= 4 * measured <= 5 * asked:
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
    by_hand = seen.event is StatusEvent.STOPPED_BY_USER  # at the console: another speed might set it going again
    done = by_hand or seen.reads_zero or seen.shutdown or course.speed_ckmh <= m.limits.min_ckmh
    return but(m, course=course, ramp=None if done else m.ramp)


def _stopping(m: Machine, seen: Evidence) -> Machine:
    """Until measured at rest under a belt process that acts on this stop; past the budget, the alarm (I8).

    A belt that reads 0.00 but may yet start is not at rest and is not released; it is no reason for a siren either.
    """
    if _unlinked(m, seen.now_s) and seen.link_up:
        m = but(m, link=seen.link)  # the link that the test lost may come back as another
    obeyed = m.mode is WishMode.STOP and seen.belt is not None and seen.belt.wish_epoch == m.epoch
    if seen.at_rest and (obeyed or m.following):
        if m.purpose in (Purpose.OPENING_CHECK, Purpose.FOLLOW) and m.ran and m.cause in BRAKES and not m.alarm:
            m = but(m, check=opening.with_proof(m.check, Proof.BRAKE))
        m = but(m, lease=False, run_s=None, stop_s=None, rest_s=None if m.following else seen.now_s)
        return m if m.state is State.LATCHED else but(m, state=State.LATCHED, since_s=seen.now_s)
    if m.alarm or seen.still or not lasting(m.stop_s, seen.now_s, m.budget_s):
        return m
    return but(m, alarm=True, staff=True, ramp=None, cause=m.cause if m.hard else Cause.STOP_NOT_CONFIRMED)


# ------------------------------------------------------------------------------------------------ the outputs


def _mode(m: Machine) -> WishMode:
    if (m.state in UNDER_WAY or (m.state is State.STOPPING and m.ramp is not None)) and not m.following:
        return WishMode.RUN
    return WishMode.STOP if m.lease else WishMode.HOLD


def _settled(before: Machine, m: Machine, seen: Evidence, refused: tuple[Refused, ...]) -> tuple[Machine, Outputs]:
    mode = _mode(m)
    raised = mode is not m.mode and mode is not WishMode.HOLD  # each STOP and each RUN has an epoch of its own
    permit = m.cause is None or (m.cause in SOFT and m.cause is not Cause.BOOT)
    braking = m.following and m.state is State.STOPPING  # by the permit, as nothing else can
    permit = permit and not braking
    check = opening.settled(m.check, m.address, alarm=seen.rules.alarm, now_s=seen.now_s)
    m = but(m, mode=mode, epoch=m.epoch + raised, permit=permit, check=check)
    speed, incline = (m.course.speed_ckmh, m.course.incline_dpct) if mode is WishMode.RUN else (0, 0)
    stop_by = m.stop_by if m.cause is Cause.STOP_TEST and recent(m.stop_s, seen.now_s, STOP_TEST_S) else None
    events = _events(before, m, seen)
    consent_s = m.consent_s if m.state is State.ARMED else None
    consent_age_s = FOLLOW_CONSENT_S if m.following else CONSENT_AGE_S
    outputs = Outputs(
        wish=Wish(
            m.epoch,
            mode,
            speed,
            incline,
            stop_by=stop_by or StopBy.LADDER,
            control=_may_write(m, seen),
            scan=m.scan,
            leave=m.leave,
        ),
        permit=permit,
        alarm=m.alarm or m.sound_s is not None or (braking and m.hard),
        lease=m.lease,
        stop_now=m.lease and seen.belt is None,
        belt_heard=seen.belt is not None,
        at_rest=seen.at_rest,
        measured_ckmh=seen.speed,
        in_use_by_other=seen.moving and not m.lease and not (m.following and m.state in GUARDED),
        limits=m.holding,
        consent_left_s=None if consent_s is None else max(0.0, consent_s + consent_age_s - seen.now_s),
        reset_missing=_reset_missing(m, seen),
        arm_missing=_arm_missing(m, seen),
        start_missing=_start_missing(m, seen),
        events=events,
        refused=refused,
        opening=opening.told(m.check, m.address, seen.rules.checks, alarm=seen.rules.alarm, now_s=seen.now_s),
        follow=_console_only(m, seen),
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
