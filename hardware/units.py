"""Speeds and inclines as the wire has them, and every conversion to and from what people read.

Inside the product speed is an integer of 0.01 km/h (``_ckmh``) and incline an integer of 0.1 % (``_dpct``),
as FTMS has them. mph exists only in program files and in what a person reads.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

CKMH_PER_MPH: Final = Decimal("160.9344")  # international mile, exact
METRES_PER_MILE: Final = 1609.344
MM_PER_S_PER_CKMH: Final = 10_000 / 3600  # 0.01 km/h = 10 m/h


class SpeedUnit(StrEnum):
    """What a person reads speeds in."""

    MPH = "mph"
    KMH = "km/h"


def _half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def ckmh_from_mph(mph: Decimal | float | str) -> int:
    """Speed in 0.01 km/h for *mph*, rounded half up. 0.5 mph is 80."""
    return _half_up(Decimal(str(mph)) * CKMH_PER_MPH)


def mph_from_ckmh(speed_ckmh: int) -> float:
    """Speed in mph for 0.01 km/h."""
    return float(Decimal(speed_ckmh) / CKMH_PER_MPH)


def tenths_of_mph(speed_ckmh: int) -> Decimal:
    """The fastest tenth of a mph that *speed_ckmh* allows: of 241 that is 1.5, whose place on the wire is 241."""
    below_the_next = (Decimal(speed_ckmh) + Decimal("0.5")) / CKMH_PER_MPH
    return below_the_next.quantize(Decimal("0.1"), rounding=ROUND_FLOOR)


def ckmh_from_kmh(kmh: Decimal | float | str) -> int:
    """Speed in 0.01 km/h for *kmh*, rounded half up (never through a binary fraction: 4.1 is 410)."""
    return _half_up(Decimal(str(kmh)) * 100)


def kmh_from_ckmh(speed_ckmh: int) -> float:
    """Speed in km/h for 0.01 km/h."""
    return speed_ckmh / 100


def dpct_from_percent(percent: Decimal | float | str) -> int:
    """Incline in 0.1 % for *percent*, rounded half up."""
    return _half_up(Decimal(str(percent)) * 10)


def speed_in(speed_ckmh: int, unit: SpeedUnit) -> float:
    """Speed in the *unit* a person reads."""
    return mph_from_ckmh(speed_ckmh) if unit is SpeedUnit.MPH else kmh_from_ckmh(speed_ckmh)


def speed_text(speed_ckmh: int | None, unit: SpeedUnit) -> str:
    """One decimal, or ``--.-`` when the speed is not known. Rounded half up, so 80 reads 0.5 mph."""
    if speed_ckmh is None:
        return "--.-"
    value = Decimal(speed_ckmh) / (CKMH_PER_MPH if unit is SpeedUnit.MPH else 100)
    return str(value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))


def distance_m(speed_ckmh: int, seconds: float) -> float:
    """Belt travel in metres at a steady speed."""
    return speed_ckmh * MM_PER_S_PER_CKMH / 1000 * seconds


def on_grid(target: int, minimum: int, increment: int, *, raising: bool) -> int:
    """Nearest value the machine can take: slower when raising, not slower than asked when lowering.

    The grid starts at *minimum*. An *increment* of 0 or less means that the machine tells none: no rounding.
    (treadmills.md 1.7: floor when raising, ceil when lowering, so that a step never overshoots its aim.)
    """
    if increment <= 0 or target <= minimum:
        return target if increment <= 0 else minimum
    steps, rest = divmod(target - minimum, increment)
    if rest and not raising:
        steps += 1
    return minimum + steps * increment
