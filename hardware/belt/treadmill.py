"""What the belt process knows of the treadmill's motion, and what "at rest" means. Pure.

safety.md, Rest: two fresh readings of 0.00 and one second, and either no `07` in this lease or the start latency of
the profile + 2 s passed since. Everything that is not rest is moving or unknown, and unknown is treated as moving.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from hardware.config.profiles import Profile
from hardware.constants import DUPLICATE_S, REST_START_MARGIN_S, STILL_READINGS, STILL_S


class Motion(StrEnum):
    """What the newest data says of the belt."""

    UNKNOWN = "unknown"  # no data, or old data
    MOVING = "moving"
    STARTING = "starting"  # reads 0.00, as a belt does that will spin up any moment: `07` went out a moment ago
    ZERO = "zero"  # reads 0.00, not yet long enough to be believed
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Readings:
    """The Treadmill Data records of one connection, as far as decisions need them."""

    seq: int = 0  # counts records, a duplicate or backlog (see DUPLICATE_S) counting as one
    speed_ckmh: int | None = None
    incline_dpct: int | None = None
    at_s: float | None = None
    previous_ckmh: int | None = None
    zeros: int = 0  # readings of 0.00 in a row
    zero_since_s: float | None = None
    moved_at_s: float | None = None  # newest reading above 0.00

    def age_s(self, now_s: float) -> float | None:
        """How old the newest reading is."""
        return None if self.at_s is None else max(0.0, now_s - self.at_s)


def take(readings: Readings, speed_ckmh: int, incline_dpct: int | None, now_s: float, stale_s: float) -> Readings:
    """The readings with one more record that came at *now_s*.

    A record within DUPLICATE_S of the one before replaces it: the last of a burst is the newest truth, and no burst
    makes two readings. A gap longer than *stale_s* starts the count of zeros anew.
    """
    gap_s = math.inf if readings.at_s is None else now_s - readings.at_s
    follows = 0 <= gap_s <= stale_s
    again = follows and gap_s < DUPLICATE_S
    if speed_ckmh > 0:
        zeros, since = 0, None
    elif again and readings.zeros:
        zeros, since = readings.zeros, readings.zero_since_s
    elif readings.zeros and follows:
        zeros, since = readings.zeros + 1, readings.zero_since_s
    else:
        zeros, since = 1, now_s
    return replace(
        readings,
        seq=readings.seq if again else readings.seq + 1,
        speed_ckmh=speed_ckmh,
        incline_dpct=readings.incline_dpct if incline_dpct is None else incline_dpct,
        at_s=now_s,
        previous_ckmh=readings.previous_ckmh if again else readings.speed_ckmh,
        zeros=zeros,
        zero_since_s=since,
        moved_at_s=now_s if speed_ckmh > 0 else readings.moved_at_s,
    )


def motion(
    readings: Readings, profile: Profile, started_at_s: float | None, now_s: float, doubt_since_s: float | None = None
) -> Motion:
    """What *readings* say at *now_s*; *started_at_s* is when `07` was last written in this lease.

    A process that found the lease open does not know of a `07` before its time: from *doubt_since_s* on, a belt that
    reads 0.00 is no more than ZERO for as long as a start could still come through.
    """
    age_s = None if readings.at_s is None else now_s - readings.at_s
    if age_s is None or not 0 <= age_s <= profile.stale_s:  # a time-stamp from the future is no data
        return Motion.UNKNOWN
    if readings.speed_ckmh:
        return Motion.MOVING
    window_s = profile.start_latency_s + REST_START_MARGIN_S
    if started_at_s is not None and now_s - started_at_s <= window_s:
        moved = readings.moved_at_s is not None and readings.moved_at_s > started_at_s
        return Motion.ZERO if moved else Motion.STARTING
    if readings.zeros < STILL_READINGS or readings.zero_since_s is None:
        return Motion.ZERO
    if doubt_since_s is not None and now_s - doubt_since_s <= window_s:
        return Motion.ZERO
    still_s = max(STILL_S, profile.quirks.zero_debounce_s)
    return Motion.REST if now_s - readings.zero_since_s >= still_s else Motion.ZERO


class Outcome(StrEnum):
    """What became of one write to the control point."""

    WRITTEN = "written"  # the ATT response came (or, without response, it was handed over)
    TIMED_OUT = "timed_out"  # may still arrive
    TURNED_AWAY = "turned_away"  # 0xFE or InProgress: certainly not carried out
    FAILED = "failed"
    ANSWERED = "answered"  # the indication 80 op result


@dataclass(frozen=True, slots=True)
class Report:
    """One outcome. *payload* is what was written; of an ANSWERED, the op code alone."""

    outcome: Outcome
    payload: bytes
    at_s: float
    result: int | None = None  # of ANSWERED
    att: int | None = None  # of FAILED and TURNED_AWAY
    generation: int = 0

    @property
    def op(self) -> int:
        """The control point op code."""
        return self.payload[0] if self.payload else -1
