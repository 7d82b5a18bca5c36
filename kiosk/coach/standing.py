"""Where a member stands: what each walk was, and what their history folds to (coaching section 3). Pure.

A member's standing is not kept anywhere: it is worked out from the history (``ladder_of``), so it can always be
explained and never disagrees with the record.

Words: *C* comfort speed, *T* a new speed on trial, *D* main seconds, *L* hill percent, as in ``plan``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from hardware.units import mph_from_ckmh
from kiosk.coach.plan import TENTH, Choice
from kiosk.coach.rules import ProgressRules

VARIANTS: Final = ("1", "2", "3-4", "3-4")  # the four visits of First Steps
LOWEST_MPH: Final = Decimal("0.5")
NEAR_MPH: Final = Decimal("0.06")
"""A speed this little below a tenth is that tenth: on a grid of 0.1 km/h the belt may lie up to 0.06 mph below it."""
EASED_MPH: Final = Decimal("0.15")
"""This far below its own speed a walk was eased: a press takes 0.2 mph off, a machine's own steps less."""
CHEST: Final = "chest"
PAIN: Final = "pain"


@dataclass(frozen=True, slots=True)
class Visit:
    """One walk of a member's past. Scores 0-10; None = not asked or not answered."""

    day: date
    program: str
    choice: Choice
    planned_s: float
    walked_s: float
    completed: bool  # to the end of its plan
    top_ckmh: int = 0
    cause: str = ""  # what stopped the belt
    why: str = ""  # the why-stopped answer
    pain_before: int | None = None
    pain_peak: int | None = None
    pain_after: int | None = None
    effort: int | None = None
    dizzy: bool = False
    stumble: bool = False
    worse_next_morning: bool = False

    @property
    def rated(self) -> bool:
        """Whether effort and pain after it are known."""
        return self.effort is not None and self.pain_after is not None


class Verdict(StrEnum):
    """What a session was (coaching section 3)."""

    CLEAN = "clean"
    UNRATED = "unrated"  # no scores, or the console set the pace: it proves nothing and harms nothing
    HOLD = "hold"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class FastTrack:
    """Staff set a level after two clean visits of First Steps (coaching section 3; logged by the caller)."""

    on: date
    comfort_mph: Decimal
    main_s: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What else counts of a member. *cap_mph*: the lowest cap that holds for them here."""

    older: bool = False  # 65 and older
    fell: bool = False  # a fall in the last year; on later days: a limit on record that waits for a balance check
    balance_checked: bool = False  # by staff, and not too long ago
    cap_mph: Decimal = Decimal("2.0")
    own_mph: Decimal | None = None  # the member's own cap, where staff have set one
    pain_now: int | None = None
    flags: frozenset[str] = frozenset()  # of the screening
    staff_signed: bool = False  # staff let this session happen, now
    cleared_on: date | None = None  # clinician or staff: what was before no longer locks
    fast_track: FastTrack | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where a member stands: what the history folds to."""

    first: int | None = 0  # which visit of First Steps comes next, from 0; None = done
    comfort_mph: Decimal = LOWEST_MPH
    main_s: int = 120
    hill: int = 0
    streak: int = 0  # clean in a row at this level
    trial_mph: Decimal | None = None
    trial_clean: int = 0
    hill_clean: int = 0
    moved: str = ""  # what rose last: D, C or L
    frozen: int = 0  # sessions for which the other two stay as they are
    main_raised: date | None = None
    clean: int = 0  # in all
    main_clean: tuple[int, ...] = ()  # main seconds of clean base sessions
    holds: int = 0  # in a row
    ambers: tuple[date, ...] = ()
    reds: tuple[date, ...] = ()
    pain_red: date | None = None
    chest: date | None = None
    fast: bool = False
    last: Visit | None = None
    verdict: Verdict | None = None
    verdicts: tuple[Verdict, ...] = ()
    began: date | None = None  # of this stretch of visits


# ------------------------------------------------------------------------------------------------ judging a session


def judge(visit: Visit, rules: ProgressRules) -> Verdict:
    """What *visit* was. A member's own no to a rise is never held against them."""
    share = visit.walked_s / visit.planned_s if visit.planned_s > 0 else 1.0
    peak = max((p for p in (visit.pain_peak, visit.pain_after) if p is not None), default=None)
    rise = None if visit.pain_after is None or visit.pain_before is None else visit.pain_after - visit.pain_before
    effort = visit.effort
    if (
        (peak is not None and peak > rules.amber_pain)
        or (effort is not None and effort > rules.amber_effort)
        or visit.why == CHEST
        or visit.stumble
        or visit.cause == "red_button"
    ):
        return Verdict.RED
    if (
        (peak is not None and peak > rules.hold_pain and not _as_prescribed(visit, peak, rise, rules))
        or (rise is not None and rise > rules.clean_pain_rise)
        or visit.worse_next_morning
        or (effort is not None and effort > rules.hold_effort)
        or share < rules.hold_share
        or visit.dizzy
        or visit.why == PAIN  # pain that ends a walk is no 3 of 10, whatever is tapped afterwards
    ):
        return Verdict.AMBER
    if (
        (peak is not None and peak > rules.clean_pain and not _as_prescribed(visit, peak, rise, rules))
        or (effort is not None and effort > rules.clean_effort)
        or share < rules.clean_share
        or visit.why != ""
    ):
        return Verdict.HOLD
    # A pace set at the console is not one of the plan's: such a walk proves nothing of a level, and harms nothing.
    return Verdict.CLEAN if visit.rated and not visit.choice.follow else Verdict.UNRATED


def _as_prescribed(visit: Visit, peak: int, rise: int | None, rules: ProgressRules) -> bool:
    """P9 and P10, which a clinician has prescribed, bear more pain (E23)."""
    return visit.program in ("P9", "P10") and peak <= rules.rehab_pain and (rise is None or rise <= 1)


# ------------------------------------------------------------------------------------------------ folding the history


def ladder_of(history: Sequence[Visit], facts: Facts, rules: ProgressRules) -> Ladder:
    """Where *history* (oldest first) leads to."""
    ladder = Ladder(main_s=rules.main_first_s)
    for visit in history:
        if visit.walked_s < rules.count_s and judge(visit, rules) is not Verdict.RED:
            continue
        ladder = _walked(on_day(ladder, visit.day, facts, rules), visit, rules)
    return ladder


def on_day(ladder: Ladder, day: date, facts: Facts, rules: ProgressRules) -> Ladder:
    """Where they stand when they come on *day*: with what staff have set by then, and after the time away."""
    return _away(_fast(ladder, day, facts, rules), day, rules)


def _fast(ladder: Ladder, day: date, facts: Facts, rules: ProgressRules) -> Ladder:
    track = facts.fast_track
    if track is None or ladder.fast or facts.older or day < track.on:
        return ladder
    if ladder.clean < rules.fast_clean or ladder.first is None or ladder.reds:
        return ladder
    return replace(
        ladder,
        first=None,
        fast=True,
        comfort_mph=max(LOWEST_MPH, min(track.comfort_mph, rules.fast_mph)),
        main_s=max(rules.main_first_s, min(track.main_s, rules.fast_main_s)),
        streak=0,
    )


def _away(ladder: Ladder, day: date, rules: ProgressRules) -> Ladder:
    """What a gap does before the next visit."""
    if ladder.last is None:
        return replace(ladder, began=day)
    away = (day - ladder.last.day).days
    if away >= rules.gap_start_days:
        return replace(_again(ladder, 0, rules), began=day)
    if away >= rules.gap_back_days:
        return replace(_again(ladder, 1, rules), began=day)
    if away >= rules.gap_days and ladder.first is None:
        main = int(ladder.main_s * rules.gap_factor) // rules.main_step_s * rules.main_step_s
        comfort = max(LOWEST_MPH, ladder.comfort_mph - rules.amber_mph)
        return _flat(replace(ladder, main_s=max(rules.main_first_s, main), comfort_mph=comfort))
    return ladder


def _flat(ladder: Ladder) -> Ladder:
    """No hill, nothing on trial, nothing proved at the new level yet."""
    return replace(ladder, hill=0, hill_clean=0, trial_mph=None, trial_clean=0, streak=0, moved="", frozen=0)


def _again(ladder: Ladder, visit: int, rules: ProgressRules) -> Ladder:
    """Back to First Steps."""
    first = visit if ladder.first is None else min(ladder.first, visit)
    return _flat(replace(ladder, first=first, comfort_mph=LOWEST_MPH, main_s=rules.main_first_s, holds=0))


def _walked(ladder: Ladder, visit: Visit, rules: ProgressRules) -> Ladder:
    verdict = judge(visit, rules)
    clean = verdict is Verdict.CLEAN
    moved_before = ladder.moved
    ladder = replace(ladder, frozen=max(0, ladder.frozen - 1))
    match visit.program:
        case "P1" if ladder.first is not None:
            ladder = _first_steps(ladder, visit, verdict, rules)
        case "P2" if ladder.first is None:
            ladder = _base(ladder, visit, verdict, rules)
        case "P3" if ladder.first is None:
            ladder = _step_up(ladder, visit, clean, rules)
        case "P4" if ladder.first is None:
            ladder = _hills(ladder, visit, clean, rules)
    if ladder.moved == moved_before and ladder.frozen == 0:
        ladder = replace(ladder, moved="")
    ladder = replace(
        ladder,
        clean=ladder.clean + clean,
        holds=0 if clean else ladder.holds + (verdict is Verdict.HOLD),
        last=visit,
        verdict=verdict,
        verdicts=(*ladder.verdicts, verdict),
    )
    if verdict is Verdict.RED:
        peak = max((p for p in (visit.pain_peak, visit.pain_after) if p is not None), default=0)
        return replace(
            _again(ladder, 0, rules),
            reds=(*ladder.reds, visit.day),
            pain_red=visit.day if peak > rules.amber_pain else ladder.pain_red,
            chest=visit.day if visit.why == CHEST else ladder.chest,
        )
    if verdict is Verdict.AMBER or ladder.holds >= 2:
        return replace(_back(ladder, rules), ambers=(*ladder.ambers, visit.day), holds=0)
    return ladder


def _first_steps(ladder: Ladder, visit: Visit, verdict: Verdict, rules: ProgressRules) -> Ladder:
    if ladder.first is None or verdict is not Verdict.CLEAN or visit.choice.variant != VARIANTS[ladder.first]:
        return ladder
    if visit.choice.declined:
        return ladder  # not held against anybody, but its speed was not walked either
    if ladder.first + 1 < len(VARIANTS):
        return replace(ladder, first=ladder.first + 1)
    comfort = max(LOWEST_MPH, min(Decimal("1.0"), _tenth(visit.top_ckmh)))
    return _flat(replace(ladder, first=None, comfort_mph=comfort, main_s=rules.main_first_s))


def _base(ladder: Ladder, visit: Visit, verdict: Verdict, rules: ProgressRules) -> Ladder:
    main = visit.choice.main_s or ladder.main_s
    clean = verdict is Verdict.CLEAN
    if main > ladder.main_s:
        ladder = replace(
            ladder, main_s=main, main_raised=visit.day, moved="D", frozen=rules.freeze_sessions, streak=0
        )
    if clean:
        ladder = replace(ladder, main_clean=(*ladder.main_clean, main))
    at_level = (
        main >= ladder.main_s
        and visit.choice.comfort_mph >= ladder.comfort_mph
        and _mph(visit.top_ckmh) >= visit.choice.comfort_mph - EASED_MPH
    )
    streak = ladder.streak + 1 if clean and at_level else ladder.streak if verdict is Verdict.UNRATED or clean else 0
    return replace(ladder, streak=streak)


def _step_up(ladder: Ladder, visit: Visit, clean: bool, rules: ProgressRules) -> Ladder:
    new = visit.choice.new_mph
    walked = new is not None and not visit.choice.declined and _mph(visit.top_ckmh) >= new - NEAR_MPH
    if new is None or not walked:
        return ladder  # a rise that was declined, or eased away: neither for nor against
    same = ladder.trial_mph == new
    tries = (ladder.trial_clean if same else 0) + 1 if clean else 0
    if tries < 2:
        return replace(ladder, trial_mph=new, trial_clean=tries, moved="C", frozen=rules.freeze_sessions)
    return replace(
        ladder, comfort_mph=new, trial_mph=None, trial_clean=0, streak=0, moved="C", frozen=rules.freeze_sessions
    )


def _hills(ladder: Ladder, visit: Visit, clean: bool, rules: ProgressRules) -> Ladder:
    hill = visit.choice.hill or 0
    if visit.choice.declined:
        return ladder
    if hill > ladder.hill:
        ladder = replace(ladder, hill=hill, hill_clean=0, moved="L", frozen=rules.freeze_sessions)
    return replace(ladder, hill_clean=ladder.hill_clean + 1 if clean else 0)


def _back(ladder: Ladder, rules: ProgressRules) -> Ladder:
    if ladder.first is not None:
        return replace(ladder, first=max(0, ladder.first - 1))
    main = max(rules.main_first_s, ladder.main_s - rules.amber_main_s)
    comfort = max(LOWEST_MPH, ladder.comfort_mph - rules.amber_mph)
    return _flat(replace(ladder, main_s=main, comfort_mph=comfort))


def _mph(speed_ckmh: int) -> Decimal:
    return Decimal(str(mph_from_ckmh(speed_ckmh)))


def _tenth(speed_ckmh: int) -> Decimal:
    return _mph(speed_ckmh).quantize(TENTH, rounding=ROUND_HALF_UP)
