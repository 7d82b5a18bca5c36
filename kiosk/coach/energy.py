"""Energy of backward walking: an estimate, shown as "about", off by default (coaching section 6).

Shape: the ACSM walking equation (E11) with a backward factor on its level term, fitted to the Compendium's value for
3.5 mph (E10: 6.0 METs) and held against Hooper's slopes (E5). Valid for what it was fitted to; below 2.0 mph there
are no usable backward data, and practice makes the same pace cheaper (E9: -19 % in four weeks). Hence: plus or minus
25 %, rounded to 5 kcal, and never a headline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hardware.units import mph_from_ckmh

METRES_PER_MIN_PER_MPH: Final = 26.8
RESTING_VO2: Final = 3.5  # ml/kg/min: one MET
LEVEL_TERM: Final = 0.1  # ACSM walking, ml/kg/min per m/min
SLOPE_TERM: Final = 1.8
SLOW_FACTOR: Final = 1.40  # backward against forward up to 2.0 mph [D: a guess below it]
FAST_FACTOR_RISE: Final = 0.47  # from 2.0 to 3.5 mph
KCAL_PER_MET: Final = RESTING_VO2 / 200  # per kg and minute
SHARE: Final = 0.25
ROUND_KCAL: Final = 5


class Rails(Enum):
    """How the rails are held: holding on makes it cheaper (E12, forward data)."""

    FREE = 1.0
    FINGERTIPS = 0.95
    GRIPPED = 0.85


class Intensity(Enum):
    """What the effort is called (E28)."""

    LIGHT = "light"  # below 3 METs
    MODERATE = "moderate"
    VIGOROUS = "vigorous"  # 6 and more


def mets(speed_ckmh: int, incline_dpct: int = 0) -> float:
    """Metabolic equivalents of walking backward at a speed on a slope; 1.0 at rest."""
    mph = mph_from_ckmh(speed_ckmh)
    if mph <= 0:
        return 1.0
    factor = SLOW_FACTOR if mph <= 2.0 else SLOW_FACTOR + FAST_FACTOR_RISE * (mph - 2.0) / 1.5
    metres = mph * METRES_PER_MIN_PER_MPH
    slope = incline_dpct / 1000
    return 1.0 + (factor * LEVEL_TERM * metres + SLOPE_TERM * metres * slope) / RESTING_VO2


def intensity(value: float) -> Intensity:
    """What so many METs are called."""
    if value < 3.0:
        return Intensity.LIGHT
    return Intensity.MODERATE if value < 6.0 else Intensity.VIGOROUS


@dataclass(frozen=True, slots=True)
class Estimate:
    """Kilocalories, rounded to 5: show "about *kcal*", or the range."""

    kcal: int
    least: int
    most: int


def estimate(walked: Iterable[tuple[float, int, int]], weight_kg: float, rails: Rails = Rails.FINGERTIPS) -> Estimate:
    """Gross energy of stretches of (seconds, 0.01 km/h, 0.1 %) for somebody of *weight_kg*.

    Raises ValueError for a weight that no person has.
    """
    if not 20 <= weight_kg <= 300:
        raise ValueError(f"a weight of {weight_kg:g} kg")
    kcal = 0.0
    for seconds, speed_ckmh, incline_dpct in walked:
        kcal += mets(speed_ckmh, incline_dpct) * KCAL_PER_MET * weight_kg * seconds / 60
    kcal *= rails.value
    return Estimate(_fives(kcal), _fives(kcal * (1 - SHARE)), _fives(kcal * (1 + SHARE)))


def _fives(kcal: float) -> int:
    return round(kcal / ROUND_KCAL) * ROUND_KCAL


def cadence(speed_ckmh: int) -> tuple[int, int]:
    """Steps a minute to expect at a speed, lowest and highest: a display estimate, never a metronome ([M], E14)."""
    mph = mph_from_ckmh(speed_ckmh)
    below = None
    for at, steps in _CADENCE:
        if mph <= at:
            if below is None:
                return steps
            share = (mph - below[0]) / (at - below[0])
            low = below[1][0] + share * (steps[0] - below[1][0])
            high = below[1][1] + share * (steps[1] - below[1][1])
            return round(low), round(high)
        below = (at, steps)
    return _CADENCE[-1][1]


_CADENCE: Final = (
    (0.5, (45, 60)),
    (1.0, (70, 85)),
    (1.5, (85, 100)),
    (2.0, (100, 115)),
    (3.0, (120, 135)),
    (3.5, (130, 145)),
)
