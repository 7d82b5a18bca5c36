"""Every number with a safety meaning, once, with its reason.

Times are seconds on the monotonic clock, speeds 0.01 km/h. "safety.md" is the project's safety design; where a
number is our own proposal ([A] there) it is to be validated on each treadmill by commissioning.
"""

from __future__ import annotations

from typing import Final

SAMPLE_S: Final = 0.005
"""Input sampling period. Two open samples trip, so an opening is acted on within 10 ms."""

TICK_S: Final = 0.020
"""Guard tick: one Wish, one permit edge. 25 Hz on the permit pin suits a charge pump (safety.md 2.3)."""

OPEN_SAMPLES: Final = 2
"""Open samples in a row that trip: one could be a glitch, more would cost time."""

RECLOSE_S: Final = 0.500
"""A clip or button counts as closed only after this long without a bounce."""

TICK_LATE_S: Final = 0.060
"""A tick later than this is a trip: the guard could not have seen an opening (virtual machines: 0.250)."""

TICK_LATE_MAX_S: Final = 0.250
"""The largest value configuration may give TICK_LATE_S."""

WISH_MISSING_S: Final = 0.300
"""No Wish for this long means STOP in the belt; no Belt frame for this long is a trip in the guard."""

SCREEN_MISSING_S: Final = 0.500
"""No drawn frame for this long eases the belt to a stop: the walker no longer knows what happens."""

TELEMETRY_PERIODS: Final = 3.0
TELEMETRY_STALE_MIN_S: Final = 2.5
"""Treadmill Data older than max(3 periods, 2.5 s) is no data. FTMS machines send about one a second."""

STILL_READINGS: Final = 2
STILL_S: Final = 1.0
"""At rest: two fresh readings of 0.00, one second apart in all (a machine may send a zero while it ramps)."""

REST_START_MARGIN_S: Final = 2.0
"""After `07` a belt may still spin up: rest counts only after the start latency and this margin."""

STOP_RESEND_S: Final = 0.500
WRITE_DEADLINE_S: Final = 0.250
"""Stop ladder: each attempt has its own deadline; repeats only while moving or unknown."""

NOT_FALLING_S: Final = 1.0
"""Speed not falling this long after an accepted stop: next rung of the ladder."""

STOP_BUDGET_UNCOMMISSIONED_S: Final = 6.0
STOP_BUDGET_FACTOR: Final = 1.3
STOP_BUDGET_MARGIN_S: Final = 0.5
"""Budget = measured stop time x 1.3 + 0.5 s; without a measurement 6 s (slowest stops seen: 4.0 s)."""

ARM_WINDOW_S: Final = 30.0
CONSENT_AGE_S: Final = 30.0
"""Start is accepted this long after Arm, and this long after the walker's own edge (clip or amber button)."""

START_TIMEOUT_S: Final = 10.0
START_TIMEOUT_MARGIN_S: Final = 4.0
"""No motion by max(10 s, start latency + 4 s) after `07`: give up (Omega Z needs 4.4-6.2 s, quirk 9)."""

RISE_STEP_CKMH: Final = 33
RISE_SPACING_S: Final = 3.0
"""A commanded speed rises by at most 0.33 km/h (0.2 mph) and at most every 3 s. It may fall at any time."""

SOFT_RAMP_CKMH_PER_S: Final = 32
"""A soft stop takes 0.2 mph off each second, down to the machine's minimum, then STOP."""

OVERSPEED_MARGIN_CKMH: Final = 30
OVERSPEED_S: Final = 0.300
"""Faster than cap + 0.3 km/h for 300 ms is a trip."""

DEVIATION_CKMH: Final = 50
DEVIATION_S: Final = 3.0
"""Faster than asked by 0.5 km/h for 3 s is a trip: somebody presses + at the console, or units are wrong."""

MEMBER_STOP_BUTTON_STUCK_S: Final = 60.0
"""A red button open this long stays latched with its own message (hazard 13)."""

CAP_UNCOMMISSIONED_CKMH: Final = 200
"""Hard limit for a treadmill whose stop distance nobody has measured: 2.0 km/h (safety.md 5.2)."""

CAP_MAX_CKMH: Final = 563
"""No configuration, profile or person can allow more: 3.5 mph, beside the walk-to-run switch (coaching E8)."""

INCLINE_MAX_DPCT: Final = 50
"""5 %: the steepest any program uses (coaching 1b)."""

BLACK_BOX_S: Final = 60.0
"""The guard keeps this long of ticks before a trip."""
