"""What one tick's inputs amount to: what is fresh, moves, stands, or was said anew. Pure; nothing here decides.

Ages are compared so that a time-stamp from the future, or one that is no number, is unhealthy.
"""

from __future__ import annotations

import msgspec

from hardware.constants import (
    DEVIATION_CKMH,
    OVERSPEED_MARGIN_CKMH,
    PERMIT_DROPOUT_S,
    PERMIT_PICKUP_S,
    PICKUP_CKMH,
    PICKUP_PULSE_S,
    REST_START_MARGIN_S,
    SCREEN_MISSING_S,
    STILL_READINGS,
    STILL_S,
    TICK_S,
    WISH_MISSING_S,
)
from hardware.guard.limits import limits_of, profile_of
from hardware.guard.memory import AT_REST_STATES, UNDER_WAY, Inputs, LinkId, Machine, Motion, Rules, but
from hardware.link.messages import Belt, LinkState, StatusEvent, Switches, TreadmillFacts


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
    reads_zero: bool  # two fresh readings of 0.00, and a second
    still: bool  # and no pulse of the pick-up for a second
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


def recent(at_s: float | None, now_s: float, limit_s: float) -> bool:
    """True if *at_s* lies no more than *limit_s* in the past, and not in the future."""
    return at_s is not None and 0.0 <= now_s - at_s <= limit_s


def lasting(since_s: float | None, now_s: float, seconds: float) -> bool:
    """True if something has held since *since_s* for so long; None: it does not hold."""
    return since_s is not None and now_s - since_s >= seconds


def _since(was_s: float | None, now_s: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now_s if was_s is None else was_s


def look(m: Machine, inputs: Inputs, now_s: float, rules: Rules) -> tuple[Machine, Evidence]:
    """Take this tick's inputs into memory and say what they amount to. Nothing here decides."""
    readback = inputs.switches.permit_readback
    permit_wrong = readback is not None and readback is not m.permit
    m = but(m, permit_wrong_s=_since(m.permit_wrong_s, now_s, holds=permit_wrong))
    if inputs.drawn != m.drawn:  # only a new frame counts: a repeated one was drawn before the screen froze
        m = but(m, drawn=inputs.drawn, drawn_s=inputs.drawn_at_s)

    belt, sent_s = inputs.belt, inputs.belt_at_s
    if belt is None or sent_s is None or not recent(sent_s, now_s, WISH_MISSING_S):
        belt, link, speed, event = None, None, None, None
    else:
        if belt.facts is not None and m.state in AT_REST_STATES:
            m = told_facts(m, belt.facts, rules)
        link = (inputs.belt_life, belt.generation)
        read_s = None if belt.reading_age_s is None else sent_s - belt.reading_age_s
        speed = belt.speed_ckmh if recent(read_s, now_s, m.profile.stale_s) else None
        event = belt.event if m.event_seq is not None and m.event_seq != belt.event_seq else None
        m = but(m, event_seq=belt.event_seq, keys=m.keys + (event is StatusEvent.SAFETY_KEY))
    pulses = inputs.switches.pulses
    if m.pulses is None or pulses != m.pulses:
        m = but(m, pulses=pulses, pulse_s=None if m.pulses is None else now_s)
    motion = Motion()
    if belt is not None and speed is not None:
        motion = _motion(m, link, belt.reading_seq, speed, inputs.switches.pickup_ckmh, now_s)
    m = but(m, motion=motion)

    still_s = max(STILL_S, m.profile.quirks.zero_debounce_s)
    reads_zero = m.motion.zeros >= STILL_READINGS and lasting(m.motion.zero_since_s, now_s, still_s)
    still = reads_zero and (m.pulse_s is None or lasting(m.pulse_s, now_s, STILL_S))
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
        reads_zero=reads_zero,
        still=still,
        at_rest=still and not _may_start_yet(m, belt, inputs.belt_life, now_s),
        event=event,
        screen=recent(m.drawn_s, now_s, SCREEN_MISSING_S),
        permit_fault=lasting(m.permit_wrong_s, now_s, PERMIT_PICKUP_S if m.permit else PERMIT_DROPOUT_S),
        late=m.tick_s is not None and not recent(m.tick_s, now_s, TICK_S + rules.tick_late_s),
        shutdown=inputs.shutdown,
    )
    return but(m, tick_s=now_s), seen


def told_facts(m: Machine, facts: TreadmillFacts, rules: Rules) -> Machine:
    """The machine with what holds on the treadmill that is connected, for the purpose it is armed for."""
    profile = profile_of(facts, rules.profiles)
    return but(m, address=facts.address, profile=profile, limits=limits_of(facts, profile, rules.house, m.purpose))


def _motion(m: Machine, link: LinkId | None, seq: int, speed: int, pickup: int | None, now_s: float) -> Motion:
    """The readings so far and one fresh one. Whatever is not 0.00 on the same link starts the count anew."""
    was = m.motion
    if speed > 0:
        zeros, zero_since_s = 0, None
    elif link != was.link or was.zero_since_s is None:
        zeros, zero_since_s = 1, now_s
    else:
        zeros, zero_since_s = was.zeros + (seq != was.seq), was.zero_since_s
    asked = m.course.speed_ckmh
    cap = m.holding.cap_ckmh if m.following else m.limits.cap_ckmh  # it is the member who keeps the session's cap
    over = speed > cap + OVERSPEED_MARGIN_CKMH
    fast = speed > asked + DEVIATION_CKMH or (not m.scaled and 4 * speed > 5 * asked)
    creeps = speed == 0 and recent(m.pulse_s, now_s, PICKUP_PULSE_S)
    return Motion(
        link,
        seq,
        zeros,
        zero_since_s,
        over_since_s=_since(was.over_since_s, now_s, holds=over),
        fast_since_s=_since(was.fast_since_s, now_s, holds=m.state in UNDER_WAY and fast and not m.following),
        wrong_since_s=_since(was.wrong_since_s, now_s, holds=_disagree(pickup, speed)),
        creeps_since_s=_since(was.creeps_since_s, now_s, holds=creeps),
    )


def _disagree(pickup: int | None, speed: int) -> bool:
    """The pick-up contradicts the reading. Pulses of a belt that reads 0.00 are another matter (*creeps*)."""
    if pickup is None or speed == 0:
        return False
    off = abs(pickup - speed)
    return off > PICKUP_CKMH and 4 * off > speed


def _may_start_yet(m: Machine, belt: Belt | None, life: int, now_s: float) -> bool:
    """True while a `07` of this lease may still move a belt that reads 0.00 (decisions: Rest).

    When one was written the belt process knows; it is believed if it is the one that got the start and has acted on
    the newest Wish. Otherwise the last tick in which it might have written one counts.
    """
    started_s = m.run_s
    if started_s is not None and belt is not None and life == m.started_life and belt.wish_epoch == m.epoch:
        started_s = belt.started_at_s
    return started_s is not None and not now_s - started_s > m.profile.start_latency_s + REST_START_MARGIN_S
