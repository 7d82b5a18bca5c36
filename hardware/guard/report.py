"""What the kiosk is told: the machine's state as a Status. Pure."""

from __future__ import annotations

import msgspec

from hardware.guard.memory import Inputs, Machine, Outputs
from hardware.link.messages import Contact, LinkState, ResetBy, Status, StopOutcome
from hardware.link.messages import Inputs as Wires


def status_of(m: Machine, inputs: Inputs, outputs: Outputs, now_s: float, ticks_late: int) -> Status:
    """The Status at *now_s*. What the belt process says of link and treadmill stands only while it is heard."""
    switches, belt = inputs.switches, inputs.belt if outputs.belt_heard else None
    age_s = None
    if belt is not None and belt.reading_age_s is not None and inputs.belt_at_s is not None:
        age_s = belt.reading_age_s + max(0.0, now_s - inputs.belt_at_s)
    by = ResetBy.STAFF if m.staff else ResetBy.MEMBER
    return Status(
        state=m.state,
        cause=m.cause,
        hard=m.hard,
        stopping_s=0.0 if m.stop_s is None else max(0.0, now_s - m.stop_s),
        reset_by=None if m.cause is None else by,
        reset_missing=outputs.reset_missing,
        arm_missing=outputs.arm_missing,
        start_missing=outputs.start_missing,
        inputs=Wires(
            clip_closed=switches.clip is Contact.CLOSED,
            red_closed=switches.red is Contact.CLOSED,
            amber_pressed=switches.amber_pressed,
            permit_readback=switches.permit_readback,
            fault=switches.fault,
            deck=switches.deck,
            pickup_ckmh=switches.pickup_ckmh,
        ),
        link=LinkState.OFF if belt is None else belt.link,
        measured_ckmh=outputs.measured_ckmh,
        measured_age_s=age_s,
        incline_dpct=None if belt is None or outputs.measured_ckmh is None else belt.incline_dpct,
        commanded_ckmh=outputs.wish.speed_ckmh,
        commanded_dpct=outputs.wish.incline_dpct,
        wish=outputs.wish.mode,
        epoch=outputs.wish.epoch,
        cap_ckmh=outputs.limits.cap_ckmh,
        min_ckmh=outputs.limits.min_ckmh,
        start_latency_s=m.profile.start_latency_s,
        at_rest=outputs.at_rest,
        consent_left_s=outputs.consent_left_s,
        session=m.session or None,
        permit=outputs.permit,
        alarm=outputs.alarm,
        in_use_by_other=outputs.in_use_by_other,
        facts=None if belt is None else belt.facts,
        trouble=switches.fault or ("" if belt is None else belt.trouble),
        ticks_late=ticks_late,
        purpose=m.purpose,
        opening=outputs.opening,
        reading_seq=0 if belt is None else belt.reading_seq,
        started_at_s=None if belt is None else belt.started_at_s,
        stop_written_at_s=None if belt is None else belt.stop_written_at_s,
        stop_outcome=StopOutcome.NONE if belt is None else belt.stop_outcome,
        control_answered=None if belt is None else belt.control_answered,
        pause_works=None if belt is None else belt.pause_works,
        stop_budget_s=m.budget_s,
        found=() if belt is None else belt.found,
        scans=0 if belt is None else belt.scans,
        follow=outputs.follow,
        keys=m.keys,
    )


def steady(status: Status) -> Status:
    """The Status without what changes in every tick: what is left changes only when something happens."""
    but = msgspec.structs.replace
    opening = but(status.opening, valid_left_s=None if status.opening.valid_left_s is None else 0.0)
    return but(
        status,
        stopping_s=0.0,
        measured_age_s=None,
        consent_left_s=None,
        ticks_late=0,
        reading_seq=0,
        opening=opening,
    )
