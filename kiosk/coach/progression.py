"""What comes next for a member, and why (coaching section 3). Pure: history and today in, proposals out.

A member's standing is not kept anywhere: it is what their history folds to (``ladder_of``), so it can always be
explained and never disagrees with the record. One thing changes at a time; every proposal says why in one sentence.

Words: *C* comfort speed, *T* a new speed on trial, *D* main seconds, *L* hill percent, as in ``plan``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from hardware.units import mph_from_ckmh
from kiosk.coach.plan import Choice, expand
from kiosk.coach.programs import Program, ProgramError
from kiosk.coach.rules import ProgressRules, Rules

FIRST_STEPS: Final = "P1"
BASE: Final = "P2"
STEP_UP: Final = "P3"
HILLS: Final = "P4"
EXTRAS: Final = ("P5", "P6", "P7", "P8")
LOCKED_BY_PAIN: Final = frozenset({"P4", "P8", "P11"})
VARIANTS: Final = ("1", "2", "3-4", "3-4")  # the four visits of First Steps
TENTH: Final = Decimal("0.1")
LOWEST_MPH: Final = Decimal("0.5")
AHEAD_DAYS: Final = 14
NEAR_MPH: Final = Decimal("0.06")  # half a display step: the machine's grid may lie a little below
CHEST: Final = "chest"
UNCHECKED: Final = {"reason.longer": "reason.longer_unchecked", "reason.minute_a_week": "reason.unchecked"}
"""What is said instead where a new speed is due and waits for a balance check by staff."""


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
class Proposal:
    """A program at a level, and why. *reason* is a catalogue key with *values* for its places."""

    program: str
    choice: Choice
    recommended: bool
    reason: str = ""
    values: Mapping[str, str | int | Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Today:
    """What may be walked today. With *refusal* (a catalogue key) nothing may, and there is no proposal.

    *staff_may*: a staff member can let it happen all the same.
    """

    proposals: tuple[Proposal, ...] = ()
    refusal: str = ""
    staff_may: bool = False


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
        ladder = _fast(ladder, visit.day, facts, rules)
        ladder = _walked(_away(ladder, visit.day, rules), visit, rules)
    return ladder


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
    at_level = main >= ladder.main_s and visit.choice.comfort_mph >= ladder.comfort_mph
    streak = ladder.streak + 1 if clean and at_level else ladder.streak if verdict is Verdict.UNRATED or clean else 0
    return replace(ladder, streak=streak)


def _step_up(ladder: Ladder, visit: Visit, clean: bool, rules: ProgressRules) -> Ladder:
    new = visit.choice.new_mph
    walked = new is not None and not visit.choice.declined and _tenth(visit.top_ckmh) >= new - NEAR_MPH
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


def _tenth(speed_ckmh: int) -> Decimal:
    return Decimal(str(mph_from_ckmh(speed_ckmh))).quantize(TENTH, rounding=ROUND_HALF_UP)


# ------------------------------------------------------------------------------------------------ today


def for_guest() -> Today:
    """A guest walks the first visit of First Steps (coaching section 7)."""
    return Today((Proposal(FIRST_STEPS, Choice(VARIANTS[0]), True, "reason.first"),))


def propose(
    history: Sequence[Visit], today: date, facts: Facts, programs: Mapping[str, Program], rules: Rules
) -> Today:
    """What *history* (oldest first) leads to today."""
    progress = rules.progress
    soon = _too_soon(history, today, progress)
    if soon:
        return Today(refusal=soon)
    ladder = _fast(ladder_of(history, facts, progress), today, facts, progress)
    ladder = _away(ladder, today, progress)
    refused = _refused(history, ladder, today, facts, progress)
    if refused is not None:
        return refused
    best = _next(ladder, today, facts, progress)
    found = [best, *_extras(ladder, today, facts, programs, progress)]
    fitting = [p for p in found if _fits(p, history, ladder, today, programs, rules)]
    if not fitting:
        return Today(refusal="talk.week")
    return Today(tuple(replace(p, recommended=index == 0) for index, p in enumerate(fitting)))


def upcoming(
    history: Sequence[Visit], today: date, facts: Facts, programs: Mapping[str, Program], rules: Rules
) -> tuple[date, Proposal] | None:
    """The next day from *today* on at which something may be walked, and what; None if staff have to be asked."""
    facts = replace(facts, pain_now=None, staff_signed=False)
    for days in range(AHEAD_DAYS):
        day = today + timedelta(days=days)
        then = propose(history, day, facts, programs, rules)
        if then.proposals:
            return day, then.proposals[0]
    return None


def _too_soon(history: Sequence[Visit], today: date, rules: ProgressRules) -> str:
    """A rest day between two visits, three visits in seven days, 48 hours after a RED."""
    last = history[-1] if history else None
    if last is not None and (today - last.day).days < rules.red_hours_days and judge(last, rules) is Verdict.RED:
        return "talk.locked"
    counted = [visit for visit in history if visit.walked_s >= rules.count_s]
    if counted and (today - counted[-1].day).days <= rules.rest_days:
        return "talk.rest"
    if sum((today - visit.day).days < 7 for visit in counted) >= rules.week_sessions:
        return "talk.week"
    return ""


def _refused(
    history: Sequence[Visit], ladder: Ladder, today: date, facts: Facts, rules: ProgressRules
) -> Today | None:
    since = facts.cleared_on or date.min
    recent_reds = [day for day in ladder.reds if (today - day).days <= rules.red_days and day > since]
    if (ladder.chest is not None and ladder.chest > since) or len(recent_reds) >= 2:
        return Today(refusal="talk.locked")
    if _pain_is_rising(history, today, since, rules):
        return Today(refusal="talk.locked")
    if facts.staff_signed:
        return None
    after_red = ladder.verdict is Verdict.RED and ladder.reds[-1] > since
    recent_ambers = [day for day in ladder.ambers if (today - day).days <= rules.amber_days and day > since]
    if after_red or len(recent_ambers) >= 2:
        return Today(refusal="talk.locked", staff_may=True)
    return None


def _pain_is_rising(history: Sequence[Visit], today: date, since: date, rules: ProgressRules) -> bool:
    """Pain before the walks is up by two points within two weeks (coaching section 3, RED)."""
    window = [
        visit.pain_before
        for visit in history
        if visit.pain_before is not None and visit.day > since and (today - visit.day).days <= rules.pain_up_days
    ]
    return len(window) >= 3 and window[-1] - window[0] >= rules.pain_up and window[-1] > rules.clean_pain


def balance_mph(history: Sequence[Visit], facts: Facts, rules: ProgressRules) -> Decimal | None:
    """The most for members of 65 and older and for those who fell (E15); None for all others.

    1.0 mph until four clean sessions and a balance check by staff, then 1.5; up to 2.0 where staff have set the
    member's own cap so high (coaching section 3, cap_speed).
    """
    if not (facts.older or facts.fell):
        return None
    return _balance_mph(ladder_of(history, facts, rules), facts, rules)


def _balance_mph(ladder: Ladder, facts: Facts, rules: ProgressRules) -> Decimal:
    if ladder.clean < rules.older_clean or not facts.balance_checked:
        return rules.speed_older_first_mph
    by_staff = rules.speed_older_mph if facts.own_mph is None else facts.own_mph
    return max(rules.speed_older_mph, min(by_staff, rules.speed_older_staff_mph))


def _cap(ladder: Ladder, facts: Facts, rules: ProgressRules) -> Decimal:
    """How fast this member may become at all, in steps of 0.1 mph."""
    cap = facts.cap_mph
    if facts.older or facts.fell:
        cap = min(cap, _balance_mph(ladder, facts, rules))
    return max(LOWEST_MPH, cap.quantize(TENTH, rounding=ROUND_FLOOR))


def _unchecked(ladder: Ladder, facts: Facts, rules: ProgressRules) -> bool:
    """It is the balance check alone that they wait for: their sessions are proof enough, and no cap is as low."""
    waits = (facts.older or facts.fell) and not facts.balance_checked
    return waits and ladder.clean >= rules.older_clean and facts.cap_mph > rules.speed_older_first_mph


def _next(ladder: Ladder, today: date, facts: Facts, rules: ProgressRules) -> Proposal:
    if ladder.first is not None:
        return _first(ladder)
    cap = _cap(ladder, facts, rules)
    comfort = min(ladder.comfort_mph, cap)
    same = Choice("main", comfort, main_s=ladder.main_s)
    if facts.pain_now is not None and facts.pain_now >= rules.start_pain:
        less = Choice(
            "main",
            max(LOWEST_MPH, comfort - rules.amber_mph),
            main_s=max(rules.main_first_s, ladder.main_s - rules.amber_main_s),
        )
        return Proposal(BASE, less, True, "reason.pain_today")
    verdict = ladder.verdict
    if ladder.trial_mph is not None and ladder.trial_mph <= cap and verdict is not Verdict.AMBER:
        trial = Choice("step", comfort, new_mph=ladder.trial_mph)
        return Proposal(STEP_UP, trial, True, "reason.again_faster", {"speed_mph": ladder.trial_mph})
    unchecked = _unchecked(ladder, facts, rules)
    if unchecked and ladder.comfort_mph > comfort:
        return Proposal(BASE, same, True, "reason.unchecked")  # the last check is too long ago
    if _gap(ladder, today) >= rules.gap_days:
        return Proposal(BASE, same, True, "reason.after_gap")
    if verdict is not Verdict.CLEAN:
        return Proposal(BASE, same, True, _why_same(ladder))
    if ladder.streak < (rules.need_older if facts.older else rules.need):
        return Proposal(BASE, same, True, "reason.once_more")
    waits = unchecked and ladder.main_s >= rules.main_a_s
    rise = _rise(ladder, today, cap, comfort, rules)
    if rise is None:
        return Proposal(BASE, same, True, "reason.unchecked" if waits else "reason.same")
    return replace(rise, reason=UNCHECKED.get(rise.reason, rise.reason)) if waits else rise


def _gap(ladder: Ladder, today: date) -> int:
    return 0 if ladder.last is None else (today - ladder.last.day).days


def _first(ladder: Ladder) -> Proposal:
    index = ladder.first or 0
    choice = Choice(VARIANTS[index])
    if ladder.last is None:
        reason = "reason.first"
    elif ladder.verdict is Verdict.CLEAN:
        reason = "reason.next_step"
    elif ladder.verdict is Verdict.UNRATED:
        reason = _unrated(ladder)
    else:
        reason = "reason.small_again"
    return Proposal(FIRST_STEPS, choice, True, reason)


def _why_same(ladder: Ladder) -> str:
    if ladder.verdict is Verdict.AMBER or (ladder.ambers and ladder.last and ladder.ambers[-1] == ladder.last.day):
        return "reason.less"
    return _unrated(ladder) if ladder.verdict is Verdict.UNRATED else "reason.after_hold"


def _unrated(ladder: Ladder) -> str:
    follow = ladder.last is not None and ladder.last.choice.follow
    return "reason.console" if follow else "reason.unrated"


def _rise(ladder: Ladder, today: date, cap: Decimal, comfort: Decimal, rules: ProgressRules) -> Proposal | None:
    """The one change that is due: duration, then speed, in two rounds; then longer (coaching: ADVANCE A-F)."""
    for longer, faster in ((rules.main_a_s, rules.speed_b_mph), (rules.main_c_s, cap), (rules.main_f_s, cap)):
        if ladder.main_s < longer:
            return _longer(ladder, today, comfort, rules)
        if comfort < min(faster, cap):
            return _faster(ladder, cap, comfort, rules)
    return None


def _longer(ladder: Ladder, today: date, comfort: Decimal, rules: ProgressRules) -> Proposal | None:
    if ladder.frozen > 0 and ladder.moved != "D":
        return None
    raised = ladder.main_raised
    if raised is not None and (today - raised).days < rules.main_every_days:
        return Proposal(BASE, Choice("main", comfort, main_s=ladder.main_s), True, "reason.minute_a_week")
    main = ladder.main_s + rules.main_step_s
    return Proposal(BASE, Choice("main", comfort, main_s=main), True, "reason.longer")


def _faster(ladder: Ladder, cap: Decimal, comfort: Decimal, rules: ProgressRules) -> Proposal | None:
    if ladder.frozen > 0 and ladder.moved != "C":
        return None
    effort = None if ladder.last is None else ladder.last.effort
    low = effort is not None and effort <= rules.low_effort
    new = min(cap, comfort + (rules.speed_step_low_mph if low else rules.speed_step_mph))
    return Proposal(STEP_UP, Choice("step", comfort, new_mph=new), True, "reason.faster", {"speed_mph": new})


# ------------------------------------------------------------------------------------------------ what else there is


def _extras(
    ladder: Ladder, today: date, facts: Facts, programs: Mapping[str, Program], rules: ProgressRules
) -> list[Proposal]:
    if ladder.first is not None:
        return []
    painful = facts.pain_now is not None and facts.pain_now >= rules.start_pain
    if painful:
        return []
    comfort = min(ladder.comfort_mph, _cap(ladder, facts, rules))
    found = []
    hill = _hill(ladder, today, facts, comfort, programs, rules)
    if hill is not None:
        found.append(hill)
    for id_ in EXTRAS:
        program = programs.get(id_)
        if program is None or not program.enabled or not _needs_met(program, ladder, comfort, today, facts, rules):
            continue
        choice = Choice(program.variants[0].id, comfort)
        if program.levels.sets:
            sets, main = program.levels.sets[0 if _visits(ladder, id_) == 0 else 1]
            choice = replace(choice, sets=sets, main_s=main)
        found.append(Proposal(id_, choice, False, f"reason.{id_}"))
    return found


def _visits(ladder: Ladder, program: str) -> int:
    return int(ladder.last is not None and ladder.last.program == program)


def _hill(
    ladder: Ladder, today: date, facts: Facts, comfort: Decimal, programs: Mapping[str, Program], rules: ProgressRules
) -> Proposal | None:
    program = programs.get(HILLS)
    if program is None or not program.enabled or not _needs_met(program, ladder, comfort, today, facts, rules):
        return None
    need = rules.need_older if facts.older else rules.need
    up = ladder.hill == 0 or ladder.hill_clean >= need
    free = ladder.frozen == 0 or ladder.moved == "L"
    hill = ladder.hill + 1 if up and free else ladder.hill
    hill = min(hill, program.cap.incline)
    if hill == 0:
        return None
    return Proposal(HILLS, Choice("hill", comfort, hill=hill), False, "reason.hill", {"percent": hill})


def _needs_met(
    program: Program, ladder: Ladder, comfort: Decimal, today: date, facts: Facts, rules: ProgressRules
) -> bool:
    needs = program.needs
    last = ladder.last
    locked = ladder.pain_red is not None and (today - ladder.pain_red).days < rules.pain_lock_days
    long_enough = sum(main >= needs.main_s for main in ladder.main_clean)
    pain = max((p for p in (facts.pain_now, last.pain_after if last else None) if p is not None), default=0)
    recent = ladder.verdicts[-needs.undizzy_sessions :] if needs.undizzy_sessions else ()
    return (
        not (locked and program.id in LOCKED_BY_PAIN)
        and ladder.clean >= needs.clean_sessions
        and comfort >= needs.comfort_mph
        and long_enough >= needs.main_clean
        and (needs.pain_at_most is None or pain <= needs.pain_at_most)
        and Verdict.RED not in recent
        and Verdict.AMBER not in recent
        and not facts.flags & set(needs.no_flags)
        and (not facts.older or needs.staff_from_age is None or facts.staff_signed)
    )


def _fits(
    proposal: Proposal,
    history: Sequence[Visit],
    ladder: Ladder,
    today: date,
    programs: Mapping[str, Program],
    rules: Rules,
) -> bool:
    """Whether it fits into the visit's and the week's minutes."""
    program = programs.get(proposal.program)
    if program is None or not program.enabled:
        return False
    try:
        walk_s = expand(program, proposal.choice, rules).walk_s
    except ProgramError:
        return False
    progress = rules.progress
    # The record counts the belt's time; stepping on and off is not walking the plan.
    week_s = sum(min(v.walked_s, v.planned_s) for v in history if 0 <= (today - v.day).days < 7)
    new = ladder.began is None or (today - ladder.began).days < 7 * progress.first_weeks
    if new and not ladder.fast:
        return walk_s <= rules.session.first_weeks_walk_s and week_s + walk_s <= progress.first_weeks_s
    return walk_s <= rules.session.walk_s and week_s + walk_s <= progress.week_s


# ------------------------------------------------------------------------------------------------ levels as words


def code_of(choice: Choice) -> str:
    """A level as one word for the record: ``main/C1.2/D300``."""
    parts = [choice.variant, f"C{choice.comfort_mph}"]
    for letter, value in (
        ("T", choice.new_mph),
        ("P", choice.pt_mph),
        ("D", choice.main_s),
        ("L", choice.hill),
        ("S", choice.sets if choice.sets > 1 else None),
    ):
        if value is not None:
            parts.append(f"{letter}{value}")
    marks = [mark for mark, holds in (("no", choice.declined), ("console", choice.follow)) if holds]
    return "/".join([*parts, *marks])


_PART: Final = re.compile(r"^([CTPDLS])(\d+(?:\.\d+)?)$")


def choice_of(code: str) -> Choice:
    """The level back from its word; what cannot be read is left at its default (old records)."""
    variant, *parts = code.split("/")
    values = {match.group(1): Decimal(match.group(2)) for part in parts if (match := _PART.match(part))}
    return Choice(
        variant,
        values.get("C", LOWEST_MPH),
        values.get("T"),
        values.get("P"),
        int(values["D"]) if "D" in values else None,
        int(values["L"]) if "L" in values else None,
        int(values.get("S", Decimal(1))),
        declined="no" in parts,
        follow="console" in parts,
    )
