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

CHATTER_SAMPLES: Final = 3
CHATTER_WINDOW: Final = 20
"""So many open samples among the last twenty (100 ms) trip too: a contact that chatters at 100 Hz never shows two in
a row (hazard 11)."""

PRESS_S: Final = 0.040
"""The amber button counts as pressed after this long without a bounce: a press starts nothing by itself."""

PIN_UNHEARD_S: Final = 1.0
"""A fitted input whose level has not been told for this long is a fault."""

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

FOLLOW_CONSENT_S: Final = 60.0
"""A walk that the member starts at the console may begin this long after their own edge: the console is out of reach
of the clip's cord, and its countdown takes 3-6 s."""

PROOF_WINDOW_S: Final = 180.0
"""An Arm whose clip proof does not come in three minutes is forgotten: the next to touch the clip is someone else."""

RESET_GAP_S: Final = 0.500
"""A Reset this soon after another is the same press, held or repeated. A held reset never counts (hazard 14)."""

START_TIMEOUT_S: Final = 10.0
START_TIMEOUT_MARGIN_S: Final = 4.0
"""No motion by max(10 s, start latency + 4 s) after `07`: give up (Omega Z needs 4.4-6.2 s, quirk 9)."""

RISE_STEP_CKMH: Final = 33
RISE_SPACING_S: Final = 3.0
"""A commanded speed rises by at most 0.33 km/h (0.2 mph) and at most every 3 s. It may fall at any time."""

INCLINE_STEP_DPCT: Final = 10
"""Incline rises by at most 1 % at a time, in the same spacing, and never together with speed (coaching R7)."""

SCALE_S: Final = 3.0
"""So long the belt runs at its minimum first; it rises only once it was measured within 25 % of what was asked. A
machine that takes km/h for mph is 61 % off (hazard 25, quirk 19)."""

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

CAP_SUPERVISED_CKMH: Final = 200
"""Hard limit while only Bluetooth can stop the belt (H0): 2.0 km/h, staff present."""

MIN_UNTOLD_CKMH: Final = 80
"""Minimum of a machine that tells none (quirk 21): 0.8 km/h, the usual one."""

CAP_MAX_CKMH: Final = 563
"""No configuration, profile or person can allow more: 3.5 mph, beside the walk-to-run switch (coaching E8)."""

INCLINE_MAX_DPCT: Final = 50
"""5 %: the steepest any program uses (coaching 1b)."""

PERMIT_PICKUP_S: Final = 0.500
PERMIT_DROPOUT_S: Final = 0.200
"""The relay must follow the permit: pumps need some pulses to pick up; drop-out is 80-120 ms (safety.md 2.3)."""

OFF_DECK_S: Final = 0.400
"""Outside the safe stretch of the deck for so long: the belt eases. A leg that swings through the beam takes less."""

DECK_BACK_S: Final = 0.300
"""Inside again counts only after so long: between two strides the beam of somebody outside is free for less."""

OFF_DECK_SLOW_S: Final = 3.0
OFF_DECK_STOP_S: Final = 6.0
"""Still outside 3 s after the minimum was reached, or 6 s in all: a soft stop. Two strides must be enough to come
back; a belt at its minimum carries a person who stands still 0.7 m in 3 s, half a deck."""

PICKUP_WINDOW_S: Final = 1.0
"""The belt pick-up's speed is the mean over this long, or over the last two pulses where they are further apart."""

PICKUP_LEAST_CKMH: Final = 20
"""Slower than 0.2 km/h is standing: below every treadmill's minimum, and 3.6 s without a pulse each 200 mm."""

PICKUP_CKMH: Final = 30
PICKUP_S: Final = 3.0
"""Pick-up and reported speed differ by more than a quarter and by more than 0.3 km/h, for 3 s: one of them lies. The
report lags by a second and a ramp; mph taken for km/h is 61 % off (hazard 25)."""

PICKUP_PULSE_S: Final = 2.0
"""Pulses no further apart than this, for PICKUP_S while the belt reads 0.00: it moves, whatever it says."""

OPENING_VALID_S: Final = 18 * 3600.0
"""An opening check counts for one day of work: 18 h of the clock that began at boot (safety.md, Proofs)."""

ALARM_TEST_S: Final = 2.0
"""So long the alarm sounds for the opening check: long enough to be heard, too short to be taken for a real one."""

STOP_TEST_S: Final = 12.0
"""Commissioning, link test: longest time on the permit alone. Links that are lost by themselves take 4-6 s to be
noticed and about as long to come back (safety.md 5.1); the belt is empty and at its minimum."""

PAUSE_TEST_S: Final = 3.0
"""Commissioning, pause test: the stop may take so much longer, for `08 02` to be answered (2 s) and then to show
nothing (1 s) before the ladder begins."""

LEAVE_S: Final = 2.0
"""A guard that is to be started anew waits so long for the belt process to go first, as it was told to."""

BLACK_BOX_S: Final = 60.0
"""The guard keeps this long of ticks before a trip."""

# ------------------------------------------------------------------ the belt process and the stopper

DUPLICATE_S: Final = 0.050
"""A record this soon after another is the same one again (F17: two subscribers) or backlog (F14), no new reading."""

STATUS_REPLAY_S: Final = 2.0
"""The first Machine Status this soon after subscribing is a replay of an old one (hazard 32) and is ignored."""

ANSWER_S: Final = 2.0
"""An ordinary command is answered by an indication within this, or its outcome is unknown (treadmills.md 6)."""

COMMAND_DEADLINE_S: Final = 1.0
"""Deadline of one ordinary write or subscription (bluez.md F4: BlueZ itself would wait 30 s)."""

STOP_RETRY_S: Final = 0.050
"""A stop that was turned away (0xFE: an indication is outstanding; InProgress) is tried again this soon."""

FALLING_CKMH: Final = 5
"""A belt counts as slowing when it lost 0.05 km/h since the last look: above the noise, below any ramp seen."""

RELINK_S: Final = 2.0
"""No stop got through a live link for this long: the treadmill's ATT is stuck, only a new link helps (F4)."""

RECONNECT_S: Final = 1.0
"""Pause between attempts to connect (safety.md 2.6: 1 Hz)."""

CONNECT_DEADLINE_S: Final = 12.0
"""One attempt to find and connect. BlueZ needs 0.4-1 s; a lost Connected signal costs 3-5 s (F19)."""

SENTRY_S: Final = 0.100
SENTRY_MISSING_S: Final = 0.300
"""Guard and belt tell the stopper ten times a second that they live; silence of both for 300 ms calls it."""

STOPPER_GRACE_S: Final = 1.0
"""A stopper that was just started gives guard and belt this long to connect before it calls them silent."""
