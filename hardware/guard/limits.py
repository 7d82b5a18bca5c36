"""The only place where a target is decided: what this treadmill may be asked for, and how the Wish gets there. Pure.

Speeds 0.01 km/h, inclines 0.1 %, times monotonic seconds. Rises are stepped, spaced, rounded down and never of speed
and incline together; falls are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hardware.config.profiles import UNCOMMISSIONED, Profile
from hardware.constants import (
    CAP_MAX_CKMH,
    CAP_SUPERVISED_CKMH,
    INCLINE_MAX_DPCT,
    INCLINE_STEP_DPCT,
    MIN_UNTOLD_CKMH,
    RISE_SPACING_S,
    RISE_STEP_CKMH,
    SOFT_RAMP_CKMH_PER_S,
)
from hardware.link.messages import Envelope, Purpose, TreadmillFacts
from hardware.units import on_grid


class House(msgspec.Struct, frozen=True):
    """What the configuration allows on any treadmill. *supervised*: wiring level H0."""

    cap_ckmh: int
    max_dpct: int
    supervised: bool


class Limits(msgspec.Struct, frozen=True):
    """What holds on this treadmill. Arming needs ``min_ckmh <= cap_ckmh``; an increment of 0 means no grid."""

    min_ckmh: int
    cap_ckmh: int
    increment_ckmh: int
    max_dpct: int
    increment_dpct: int


NOTHING: Final = Limits(1, 0, 0, 0, 0)
"""No treadmill is known: nothing may be asked for."""


class Course(msgspec.Struct, frozen=True):
    """What the belt is asked for now, and when either of the two last rose."""

    speed_ckmh: int
    incline_dpct: int
    risen_s: float


def profile_of(facts: TreadmillFacts, profiles: Mapping[str, Profile]) -> Profile:
    """The profile measured on this very machine; with other firmware only its quirks and latency are kept (P11).

    The same where the belt process scales speeds by another profile than this: one of the two was started before the
    treadmill was measured anew, and what it calls 2 km/h may be another speed.
    """
    profile = profiles.get(facts.address, UNCOMMISSIONED)
    alike = facts.ckmh_per_told in (None, float(profile.ckmh_per_told))
    if alike and (profile.model or "", profile.firmware or "") == (facts.model, facts.firmware):
        return profile
    return msgspec.structs.replace(profile, commissioned=False, stop_time_s=None, follow_allowed=False)


def limits_of(facts: TreadmillFacts, profile: Profile, house: House, purpose: Purpose | None = None) -> Limits:
    """The lowest of all caps: machine, profile, configuration, wiring level, and the most anybody may allow.

    Commissioning finds out what the profile will say, on the empty belt: what the profile says now does not bind it.
    """
    caps = [CAP_MAX_CKMH, facts.max_ckmh, house.cap_ckmh]
    if purpose is not Purpose.COMMISSIONING:
        caps.append(profile.limit_ckmh)
    if house.supervised:
        caps.append(CAP_SUPERVISED_CKMH)
    return Limits(
        min_ckmh=profile.min_ckmh or facts.min_ckmh or MIN_UNTOLD_CKMH,
        cap_ckmh=min(caps),
        increment_ckmh=facts.increment_ckmh if profile.increment_ckmh is None else profile.increment_ckmh,
        max_dpct=max(0, min(INCLINE_MAX_DPCT, house.max_dpct, facts.max_dpct)) if facts.can_incline else 0,
        increment_dpct=facts.increment_dpct,
    )


def within(limits: Limits, envelope: Envelope) -> Limits:
    """The limits with the session's envelope, which can only lower them."""
    return msgspec.structs.replace(
        limits,
        cap_ckmh=min(limits.cap_ckmh, envelope.cap_ckmh),
        max_dpct=max(0, min(limits.max_dpct, envelope.max_dpct)),
    )


def at_start(limits: Limits, now_s: float) -> Course:
    """A belt starts at the machine's minimum, flat."""
    return Course(limits.min_ckmh, 0, now_s)


def follow(course: Course, speed_ckmh: int, incline_dpct: int, limits: Limits, rise_s: float | None) -> Course:
    """One tick from *course* toward a target, which may be any pair of integers. *rise_s*: now; None: only falls."""
    rise_due = rise_s is not None and rise_s - course.risen_s >= RISE_SPACING_S
    speed = _toward(
        course.speed_ckmh,
        speed_ckmh,
        lowest=limits.min_ckmh,
        highest=limits.cap_ckmh,
        increment=limits.increment_ckmh,
        step=RISE_STEP_CKMH if rise_due else 0,
    )
    faster = speed > course.speed_ckmh
    incline = _toward(
        course.incline_dpct,
        incline_dpct,
        lowest=0,
        highest=limits.max_dpct,
        increment=limits.increment_dpct,
        step=INCLINE_STEP_DPCT if rise_due and not faster else 0,
    )
    rose = faster or incline > course.incline_dpct
    return Course(speed, incline, rise_s if rose and rise_s is not None else course.risen_s)


def _toward(now: int, target: int, *, lowest: int, highest: int, increment: int, step: int) -> int:
    highest = on_grid(highest, lowest, increment, raising=True)
    target = max(lowest, min(target, highest))
    return on_grid(min(target, now + step), lowest, increment, raising=target > now)


def eased_ckmh(from_ckmh: int, since_s: float, now_s: float) -> int:
    """Where a soft ramp that left *from_ckmh* at *since_s* has come: 0.2 mph less each second (may be negative)."""
    return from_ckmh - int(SOFT_RAMP_CKMH_PER_S * (now_s - since_s))


def ramp_s(from_ckmh: int, limits: Limits) -> float:
    """How long the soft ramp from there to the machine's minimum takes."""
    return (from_ckmh - limits.min_ckmh) / SOFT_RAMP_CKMH_PER_S
