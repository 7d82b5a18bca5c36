"""From what the treadmill told while it was started, driven and stopped, to what it really does. Pure.

Speeds 0.01 km/h, lengths millimetres, times monotonic seconds. A reading is known from its arrival on; how old it was
when it left the treadmill nobody knows. So where a figure guards a person (stop time, belt travel) it is an upper
bound: the belt is taken to have run at the older, higher reading until the newer one arrived. That is never less than
the truth, and at most speed x one data period more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Final

import msgspec

from hardware.config.profiles import StopPoint
from hardware.link.messages import Status
from hardware.units import CKMH_PER_MPH, MM_PER_S_PER_CKMH, on_grid

MPH_RATIO: Final = float(CKMH_PER_MPH) / 100
UNITS_TOLERANCE: Final = 0.08
"""A true speed within 8 % of 1.609 (or 0.621) times the reported one says that the figures are miles (kilometres)."""

TRUE_TOLERANCE: Final = 0.03
"""Within 3 % the telemetry is true: taps by hand and a tape measure tell no better."""

BELT_LENGTH_ERROR_MM: Final = 5.0
"""How well a belt's length is known that was measured with a tape."""

MISSED_MAX: Final = 2
"""Passes that may go by without a tap; of more nobody can say how many they were."""

PASSES_MIN: Final = 5

RESOLUTION_MAX_CKMH: Final = 20
"""A machine that tells coarser speeds than this one is not told by the pattern of its readings."""

STOP_SHARE: Final = 0.5
"""The cap's stop travel is at most this share of the deck (safety.md 5.2, P12)."""


class Reading(msgspec.Struct, frozen=True, array_like=True):
    """One Treadmill Data record, by the time of its arrival."""

    at_s: float
    ckmh: int
    dpct: int | None = None


class Trace(msgspec.Struct, frozen=True):
    """What was heard of one run."""

    seq: int | None = None  # of the newest record
    readings: tuple[Reading, ...] = ()


def heard(trace: Trace, status: Status, at_s: float) -> Trace:
    """The trace with what *status*, sent at *at_s*, has that is new."""
    if status.measured_ckmh is None or status.measured_age_s is None or status.reading_seq == trace.seq:
        return trace
    reading = Reading(at_s - status.measured_age_s, status.measured_ckmh, status.incline_dpct)
    return Trace(status.reading_seq, (*trace.readings, reading))


def start_latency_s(readings: Iterable[Reading], started_s: float) -> float | None:
    """From the write that starts the belt to the first record that shows it moving; None: it did not."""
    return next((r.at_s - started_s for r in readings if r.at_s >= started_s and r.ckmh > 0), None)


def data_period_s(readings: Sequence[Reading]) -> float | None:
    """The usual time between two records; None where there are too few."""
    gaps = [b.at_s - a.at_s for a, b in pairwise(readings)]
    return median(gaps) if len(gaps) >= 3 else None


def steady_ckmh(readings: Sequence[Reading], since_s: float, *, count: int = 3) -> int | None:
    """The speed of the newest *count* records if they came after *since_s* and agree within 0.02 km/h.

    Records of 0.00 between others are left out (some machines send such while running).
    """
    newest = [r.ckmh for r in readings if r.at_s > since_s and r.ckmh > 0][-count:]
    if len(newest) < count or max(newest) - min(newest) > 2:
        return None
    return int(median(newest))


def false_zero(readings: Sequence[Reading]) -> bool:
    """True if a record of 0.00 stands alone between two of a running belt."""
    speeds = [r.ckmh for r in readings]
    return any(a > 0 and b == 0 and c > 0 for a, b, c in zip(speeds, speeds[1:], speeds[2:], strict=False))


def steepest_ckmh_s(readings: Sequence[Reading], *, rising: bool) -> float | None:
    """The steepest change between two records, per second: the ramp is at least this steep. None: nothing changed."""
    sign = 1 if rising else -1
    slopes = [sign * (b.ckmh - a.ckmh) / (b.at_s - a.at_s) for a, b in pairwise(readings) if b.at_s > a.at_s]
    return max((slope for slope in slopes if slope > 0), default=None)


# ------------------------------------------------------------------------------------------------ stops


class Stopped(msgspec.Struct, frozen=True):
    """One stop, as upper bounds."""

    from_ckmh: int
    seconds: float  # from the first stop byte to the record that shows rest
    travel_mm: float
    react_s: float | None  # to the first record that shows it slower


def resolution_ckmh(readings: Iterable[Reading]) -> int:
    """How coarse the told speeds are; 1 where they are as fine as the wire has them."""
    step = math.gcd(*(r.ckmh for r in readings))
    return step if 1 < step <= RESOLUTION_MAX_CKMH else 1


def stopped(readings: Sequence[Reading], stop_s: float, *, false_zeros: bool = False) -> Stopped | None:
    """The stop that was first written at *stop_s*; None while the belt is not at rest or nothing was heard before.

    *false_zeros*: this machine sends 0.00 while it runs, so that only the second in a row is believed.
    """
    before = [r for r in readings if r.at_s <= stop_s]
    after = [r for r in readings if r.at_s > stop_s]
    moving = [n for n, r in enumerate(after) if r.ckmh > 0]
    zeros = after[moving[-1] + 1 :] if moving else after
    if not before or len(zeros) < 1 + false_zeros:
        return None
    rest_s = zeros[int(false_zeros)].at_s
    grain = resolution_ckmh(readings)
    last = before[-1] if before[-1].ckmh or len(before) < 2 else before[-2]
    # A 0.00 with motion after it was none: the reading before it holds on.
    falling = [last, *(after[n] for n in moving)]
    highest, travel_mm, until_s = 0, 0.0, rest_s
    for reading in reversed(falling):  # no record counts for less than a later one: the belt was not slower then
        highest = max(highest, reading.ckmh)
        since_s = max(reading.at_s, stop_s)
        travel_mm += (highest + grain) * MM_PER_S_PER_CKMH * (until_s - since_s)
        until_s = since_s
    slower = (r.at_s - stop_s for r in after if r.ckmh < falling[0].ckmh)
    return Stopped(highest, rest_s - stop_s, travel_mm, next(slower, None))


def worst(points: Iterable[StopPoint]) -> tuple[StopPoint, ...]:
    """One point a speed, the longest and farthest of each, by rising speed; and none better than a slower one."""
    merged: dict[int, StopPoint] = {}
    for point in points:
        known = merged.get(point.ckmh, point)
        merged[point.ckmh] = StopPoint(
            point.ckmh, max(point.seconds, known.seconds), max(point.travel_mm, known.travel_mm)
        )
    ordered: list[StopPoint] = []
    for ckmh in sorted(merged):
        below = ordered[-1] if ordered else merged[ckmh]
        one = merged[ckmh]
        ordered.append(StopPoint(ckmh, max(one.seconds, below.seconds), max(one.travel_mm, below.travel_mm)))
    return tuple(ordered)


def cap_ckmh(stops: Sequence[StopPoint], deck_mm: int, minimum: int, increment: int) -> int | None:
    """The highest speed of the machine's grid whose stop travel is at most half the deck; None: not even the slowest.

    Between two measured speeds travel is taken to grow in a straight line: never less than what really grows with
    the square of speed. Never above the fastest speed that was measured.
    """
    room_mm = STOP_SHARE * deck_mm
    points = worst(stops)
    if not points or points[0].travel_mm > room_mm:
        return None
    highest: float = points[0].ckmh
    for low, high in pairwise(points):
        if high.travel_mm > room_mm:
            share = (room_mm - low.travel_mm) / (high.travel_mm - low.travel_mm)
            highest = low.ckmh + (high.ckmh - low.ckmh) * share
            break
        highest = high.ckmh
    return on_grid(int(highest + 1e-6), minimum, increment, raising=True)


def within_room(stops: Sequence[StopPoint], deck_mm: int) -> bool:
    """True while every stop so far took at most half the deck: a faster one may be tried."""
    return all(point.travel_mm <= STOP_SHARE * deck_mm for point in stops)


# ------------------------------------------------------------------------------------------------ minimum, increment


def increment_ckmh(levels: Iterable[int]) -> int | None:
    """The machine's own step: the smallest gap between the steady speeds that it took while asked for rising ones.

    Speeds 0.01 km/h apart are one and the same, rounded. None: it took only one speed.
    """
    taken = sorted(set(levels))
    gaps = [b - a for a, b in pairwise(taken) if b - a > 1]
    return min(gaps, default=None)


# ------------------------------------------------------------------------------------------------ the true speed


class TrueSpeed(msgspec.Struct, frozen=True):
    """What the tape mark has told."""

    passes: int
    seconds: float  # of one pass
    ckmh: float
    uncertainty: float  # of the speed, as a share of it (two standard errors)
    ratio: float  # true / reported


def passes(taps: Sequence[float]) -> list[tuple[int, float]] | None:
    """Number and time of each pass. A double tap counts once, a missed one is left out; None: too uneven to tell."""
    gaps = [b - a for a, b in pairwise(taps)]
    if not gaps:
        return None
    usual = median(gaps)
    if usual <= 0:
        return None
    numbered = [(0, taps[0])]
    for at_s in taps[1:]:
        share = (at_s - numbered[-1][1]) / usual
        if share < 0.5:
            continue
        many = round(share)
        if abs(share - many) > 0.3:
            return None
        numbered.append((numbered[-1][0] + many, at_s))
    return numbered if numbered[-1][0] < len(numbered) + MISSED_MAX else None


def true_speed(taps: Sequence[float], belt_mm: int, reported_ckmh: float) -> TrueSpeed | None:
    """The belt's true speed from taps at each pass of a mark on a belt of *belt_mm*; None: too few or too uneven."""
    numbered = passes(taps)
    if numbered is None or len(numbered) <= PASSES_MIN or reported_ckmh <= 0:
        return None
    n = len(numbered)
    mean_i = sum(i for i, _ in numbered) / n
    mean_t = sum(t for _, t in numbered) / n
    spread = sum((i - mean_i) ** 2 for i, _ in numbered)
    seconds = sum((i - mean_i) * (t - mean_t) for i, t in numbered) / spread
    if seconds <= 0:
        return None
    off = sum((t - mean_t - seconds * (i - mean_i)) ** 2 for i, t in numbered) / (n - 2)
    by_hand = 2 * math.sqrt(off / spread) / seconds
    ckmh = belt_mm / seconds / MM_PER_S_PER_CKMH
    return TrueSpeed(
        passes=numbered[-1][0],
        seconds=seconds,
        ckmh=ckmh,
        uncertainty=math.hypot(by_hand, BELT_LENGTH_ERROR_MM / belt_mm),
        ratio=ckmh / reported_ckmh,
    )


class Units(StrEnum):
    """What the treadmill's figures are, compared with what they are taken for."""

    AS_SAID = "as_said"
    MPH = "mph"  # taken for km/h, but miles an hour
    KMH = "kmh"  # taken for miles an hour, but km/h
    SCALE = "scale"  # neither: a factor of its own


def units_of(ratio: float) -> Units:
    """The verdict on a ratio of true to reported speed."""
    for units, expected in ((Units.MPH, MPH_RATIO), (Units.KMH, 1 / MPH_RATIO)):
        if abs(ratio / expected - 1) <= UNITS_TOLERANCE:
            return units
    return Units.AS_SAID if abs(ratio - 1) <= TRUE_TOLERANCE else Units.SCALE
