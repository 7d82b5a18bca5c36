"""The coach's numbers: one file, ``assets/coaching.toml``, that a physiotherapist can sign.

Each number carries its source in that file. Here are only their names, types and the ranges in which they make sense.
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(ge=0, le=3600)]
Positive = Annotated[float, Meta(gt=0, le=3600)]
Mph = Decimal
"""Exact: 0.1 mph has no binary fraction, and a rule "at most 0.2" must not fail by 3e-17."""
Count = Annotated[int, Meta(ge=0, le=1000)]
Percent = Annotated[int, Meta(ge=0, le=15)]


MOST_MPH: Final = Decimal("3.5")
"""No number in the file may be faster (coaching 1b; hardware.constants.CAP_MAX_CKMH is the same speed)."""


class RulesError(Exception):
    """The file of numbers cannot be used; the text says what to change."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Signed(_Table, frozen=True, kw_only=True):
    """Who stands behind the numbers."""

    by: str
    on: str


class SpeedRules(_Table, frozen=True, kw_only=True):
    """How fast, and in which steps."""

    first_mph: Mph
    first_highest_mph: Mph
    step_mph: Mph
    new_hold_s: Seconds
    ramp_up_s: Positive
    ramp_down_s: Positive
    default_cap_mph: Mph
    highest_mph: Mph
    cap_staff_mph: Mph


class InclineRules(_Table, frozen=True, kw_only=True):
    """How steep, and from when."""

    step_percent: Percent
    ramp_s: Positive
    new_hold_s: Seconds
    highest_percent: Percent
    highest_mph: Mph
    need_comfort_mph: Mph
    need_clean: Count


class SessionRules(_Table, frozen=True, kw_only=True):
    """How long."""

    walk_s: Seconds
    first_weeks_walk_s: Seconds


class MountRules(_Table, frozen=True, kw_only=True):
    """From the rails onto the belt and off again."""

    step_on_s: Positive
    steady_limit_s: Positive
    straddle_s: Positive
    straddle_limit_s: Positive
    countdown_s: Annotated[int, Meta(ge=3, le=10)]
    moving_steady_s: Positive
    stand_still_s: Positive


class PlayerRules(_Table, frozen=True, kw_only=True):
    """How a plan is played."""

    announce_s: Positive
    near_mph: Mph
    spacing_s: Positive
    lag_s: Positive
    ease_mph: Mph
    hold_to_stop_s: Positive
    resume_least_s: Seconds


class CueRules(_Table, frozen=True, kw_only=True):
    """How much is said."""

    gap_s: Seconds
    mount_gap_s: Seconds
    technique_gap_s: Seconds
    safety_mute_s: Seconds
    change_quiet_s: Seconds
    before_change_s: Seconds
    stale_s: Seconds
    change_stale_s: Seconds
    first_minute: Count
    per_minute: Count
    show_s: Positive
    reminder_s: Positive
    new_user_visits: Count


Share = Annotated[float, Meta(gt=0, le=1)]
Score = Annotated[int, Meta(ge=0, le=10)]


class ProgressRules(_Table, frozen=True, kw_only=True):
    """What a session is called afterwards, and what follows from it."""

    clean_share: Share
    hold_share: Share
    clean_pain: Score
    hold_pain: Score
    amber_pain: Score
    clean_pain_rise: Score
    rehab_pain: Score
    clean_effort: Score
    hold_effort: Score
    amber_effort: Score
    low_effort: Score
    count_s: Seconds
    week_sessions: Count
    rest_days: Count
    first_weeks: Count
    first_weeks_s: Seconds
    week_s: Seconds
    need: Count
    need_older: Count
    freeze_sessions: Count
    main_step_s: Count
    main_every_days: Count
    main_first_s: Count
    main_a_s: Count
    main_c_s: Count
    main_f_s: Count
    speed_step_mph: Mph
    speed_step_low_mph: Mph
    speed_b_mph: Mph
    speed_older_first_mph: Mph
    speed_older_mph: Mph
    older_clean: Count
    speed_older_staff_mph: Mph
    amber_main_s: Count
    amber_mph: Mph
    amber_days: Count
    red_hours_days: Count
    red_days: Count
    pain_up: Score
    pain_up_days: Count
    pain_lock_days: Count
    gap_days: Count
    gap_factor: Share
    gap_back_days: Count
    gap_start_days: Count
    fast_clean: Count
    fast_mph: Mph
    fast_main_s: Count
    start_pain: Score
    hill_pain: Score
    hill_main_s: Count


class Rules(_Table, frozen=True, kw_only=True):
    """The whole file."""

    signed: Signed
    speed: SpeedRules
    incline: InclineRules
    session: SessionRules
    mount: MountRules
    player: PlayerRules
    cues: CueRules
    progress: ProgressRules


def parse_rules(text: str, where: str = "coaching.toml") -> Rules:
    """Check the text of the file. Raises RulesError with a sentence that names the key."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{where} is not valid TOML: {error}.") from error
    try:
        rules = msgspec.convert(raw, Rules)
    except msgspec.ValidationError as error:
        raise RulesError(f"{where}: {error}.") from error
    for table in (rules.speed, rules.incline, rules.player, rules.progress):
        for name in table.__struct_fields__:
            value = getattr(table, name)
            if isinstance(value, Decimal) and not 0 < value <= MOST_MPH:
                raise RulesError(f"{where}: {name} is {value}; it must be above 0 and at most {MOST_MPH} mph.")
    return rules
