"""The belt pick-up: one pulse for each stretch of belt, counted over the samples. Pure.

A pulse is the input going low. It must stay low and high for two samples each (10 ms) to be counted. Lengths in mm,
speeds 0.01 km/h, times monotonic seconds.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from hardware.constants import PICKUP_LEAST_CKMH, PICKUP_WINDOW_S

CKMH_PER_MM_S: Final = 0.36
ROW: Final = 2  # samples


class Pickup(msgspec.Struct, frozen=True):
    """The pulses so far. *times*: those since the belt last stood, as far back as the window reaches."""

    mm: int  # of belt from one pulse to the next
    since_s: float  # when counting began
    high: bool = False  # it was high for a ROW since the last pulse
    row: int = 0  # samples in a row at the level they have now, at most ROW; negative: low
    pulses: int = 0
    times: tuple[float, ...] = ()


def sampled(was: Pickup, *, low: bool, now_s: float) -> Pickup:
    """The pick-up after one more sample."""
    row = max(-ROW, min(was.row, 0) - 1) if low else min(ROW, max(was.row, 0) + 1)
    if row == was.row:
        return was
    high = was.high or row == ROW
    if row != -ROW or not high:
        return msgspec.structs.replace(was, row=row, high=high)
    times = () if _too_slow(was, now_s) else was.times
    first = next((n for n, at_s in enumerate(times) if now_s - at_s <= PICKUP_WINDOW_S), len(times) - 1)
    kept = (*times[max(0, first) :], now_s)
    return msgspec.structs.replace(was, row=row, high=False, pulses=was.pulses + 1, times=kept)


def speed_ckmh(pickup: Pickup, now_s: float) -> int | None:
    """The belt's speed, or None as long as nothing is known: after a standstill that takes two pulses.

    A pulse that is overdue slows the figure down; a belt slower than 0.2 km/h stands.
    """
    if _too_slow(pickup, now_s):
        return 0
    times = pickup.times
    if len(times) < 2:
        return None
    mean = (len(times) - 1) * pickup.mm / (times[-1] - times[0]) * CKMH_PER_MM_S
    return round(min(mean, _most(pickup, now_s)))


def _most(pickup: Pickup, now_s: float) -> float:
    """No faster than this, or there would have been a pulse since."""
    last_s = pickup.times[-1] if pickup.times else pickup.since_s
    return pickup.mm / (now_s - last_s) * CKMH_PER_MM_S if now_s > last_s else math.inf


def _too_slow(pickup: Pickup, now_s: float) -> bool:
    return _most(pickup, now_s) < PICKUP_LEAST_CKMH
