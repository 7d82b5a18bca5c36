"""What comes next for a member, and why (coaching section 3). Pure: history and today in, proposals out.

Where they stand is what their history folds to (``standing``). One thing changes at a time; every proposal says why
in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from kiosk.coach.plan import TENTH, Choice, expand
from kiosk.coach.programs import Program, ProgramError
from kiosk.coach.rules import MOST_MPH, ProgressRules, Rules
from kiosk.coach.standing import LOWEST_MPH, VARIANTS, Facts, Ladder, Verdict, Visit, judge, ladder_of, on_day

FIRST_STEPS: Final = "P1"
BASE: Final = "P2"
STEP_UP: Final = "P3"
HILLS: Final = "P4"
EXTRAS: Final = ("P5", "P6", "P7", "P8")
LOCKED_BY_PAIN: Final = frozenset({"P4", "P8", "P11"})
AHEAD_DAYS: Final = 14
WRONG_CLOCK_DAYS: Final = 7
UNCHECKED: Final = {"reason.longer": "reason.longer_unchecked", "reason.minute_a_week": "reason.unchecked"}
"""What is said instead where a new speed is due and waits for a balance check by staff."""


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
    ladder = on_day(ladder_of(history, facts, progress), today, facts, progress)
    refused = _refused(history, ladder, today, facts, progress)
    if refused is not None:
        return refused
    best = _next(ladder, today, facts, programs, progress)
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
    """A rest day between two visits, three visits in seven days, 48 hours after a RED.

    The record of a walk knows its day alone: two days on it may be 30 hours, from the third it is 48 for certain.
    A walk more than a week ahead of today was recorded by a clock that was set wrong: nobody rests until then.
    """
    last = history[-1] if history else None
    if last is not None and (today - last.day).days <= rules.red_hours_days and judge(last, rules) is Verdict.RED:
        return "talk.locked"
    counted = [v for v in history if v.walked_s >= rules.count_s and (v.day - today).days <= WRONG_CLOCK_DAYS]
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


def _highest(programs: Mapping[str, Program]) -> Decimal:
    """How far the step-up program leads at all; a cap above it raises nothing (stage D ends at 2.0)."""
    step_up = programs.get(STEP_UP)
    return MOST_MPH if step_up is None or step_up.cap.mph is None else step_up.cap.mph


def _unchecked(ladder: Ladder, facts: Facts, rules: ProgressRules) -> bool:
    """It is the balance check alone that they wait for: their sessions are proof enough, and no cap is as low."""
    waits = (facts.older or facts.fell) and not facts.balance_checked
    return waits and ladder.clean >= rules.older_clean and facts.cap_mph > rules.speed_older_first_mph


def _next(
    ladder: Ladder, today: date, facts: Facts, programs: Mapping[str, Program], rules: ProgressRules
) -> Proposal:
    painful = facts.pain_now is not None and facts.pain_now >= rules.start_pain
    if ladder.first is not None:
        return _first(ladder, painful=painful)
    cap = min(_cap(ladder, facts, rules), _highest(programs))
    comfort = min(ladder.comfort_mph, cap)
    same = Choice("main", comfort, main_s=ladder.main_s)
    if painful:
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


def _first(ladder: Ladder, *, painful: bool) -> Proposal:
    """The next visit of First Steps; with pain today the one before it, which holds nothing new (START PAIN)."""
    index = ladder.first or 0
    if painful and index > 0:
        return Proposal(FIRST_STEPS, Choice(VARIANTS[index - 1]), True, "reason.small_again")
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
            return _faster(ladder, min(faster, cap), comfort, rules)
    return None


def _longer(ladder: Ladder, today: date, comfort: Decimal, rules: ProgressRules) -> Proposal | None:
    if ladder.frozen > 0 and ladder.moved != "D":
        return None
    raised = ladder.main_raised
    if raised is not None and (today - raised).days < rules.main_every_days:
        return Proposal(BASE, Choice("main", comfort, main_s=ladder.main_s), True, "reason.minute_a_week")
    main = ladder.main_s + rules.main_step_s
    return Proposal(BASE, Choice("main", comfort, main_s=main), True, "reason.longer")


def _faster(ladder: Ladder, most: Decimal, comfort: Decimal, rules: ProgressRules) -> Proposal | None:
    if ladder.frozen > 0 and ladder.moved != "C":
        return None
    effort = None if ladder.last is None else ladder.last.effort
    low = effort is not None and effort <= rules.low_effort
    new = min(most, comfort + (rules.speed_step_low_mph if low else rules.speed_step_mph))
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
