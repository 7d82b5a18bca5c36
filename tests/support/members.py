"""Simulated members on the virtual calendar: habits, bodies, moods; and what they make of a proposal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from kiosk.assets import assets_directory
from kiosk.coach.plan import Plan, clipped, expand
from kiosk.coach.progression import Proposal, Today, propose
from kiosk.coach.standing import Facts, Ladder, Verdict, Visit, judge, ladder_of
from kiosk.content import read_programs, read_rules

ASSETS = assets_directory()
RULES = read_rules(ASSETS)
PROGRAMS = read_programs([ASSETS / "programs"])
BEGAN = date(2026, 1, 5)


@dataclass(frozen=True)
class Body:
    """How somebody takes to it. Shares are chances per visit."""

    keen: float = 0.9  # comes on a day on which walking is allowed
    fit_mph: float = 1.6  # above this it is hard
    sore: float = 0.05
    quits: float = 0.05
    declines: float = 0.1
    silent: float = 0.05  # gives no scores
    misfortune: float = 0.01
    holiday: float = 0.01  # a day on which a longer absence begins


def body(random: Random) -> Body:
    """Somebody."""
    return Body(
        keen=random.choice([0.3, 0.6, 0.9, 1.0]),
        fit_mph=random.uniform(0.6, 2.4),
        sore=random.choice([0.0, 0.02, 0.1, 0.3]),
        quits=random.choice([0.0, 0.05, 0.2]),
        declines=random.choice([0.0, 0.1, 0.5]),
        silent=random.choice([0.0, 0.0, 0.1, 1.0]),
        misfortune=random.choice([0.0, 0.005, 0.03]),
        holiday=random.choice([0.0, 0.01, 0.03]),
    )


@dataclass(frozen=True)
class Walk:
    """What was proposed and what came of it."""

    day: date
    today: Today
    taken: Proposal
    plan: Plan
    visit: Visit
    facts: Facts


def live(
    random: Random, weeks: int, facts: Facts, who: Body | None = None, checks: tuple[tuple[date, date], ...] = ()
) -> list[Walk]:
    """Some weeks of somebody's life with the treadmill. *checks*: from when until when a balance check holds."""
    who = who or body(random)
    walks: list[Walk] = []
    history: list[Visit] = []
    away = BEGAN
    for number in range(weeks * 7):
        day = BEGAN + timedelta(days=number)
        if random.random() < who.holiday:
            away = max(away, day + timedelta(days=random.choice([10, 16, 35, 100])))
        if day < away or random.random() > who.keen:
            continue
        pain_now = random.choice([1, 2, 4, 5]) if random.random() < who.sore else 0
        checked = facts.balance_checked or any(on <= day < until for on, until in checks)
        now = replace(facts, pain_now=pain_now, staff_signed=False, balance_checked=checked)
        today = propose(history, day, now, PROGRAMS, RULES)
        if today.staff_may and random.random() < 0.7:
            now = replace(now, staff_signed=True)
            today = propose(history, day, now, PROGRAMS, RULES)
        if not today.proposals:
            if today.refusal == "talk.locked" and random.random() < 0.1:
                facts = replace(facts, cleared_on=day)
            continue
        taken = today.proposals[0] if random.random() < 0.85 else random.choice(today.proposals)
        walks.append(_walk(random, who, day, today, taken, now))
        history.append(walks[-1].visit)
    return walks


def _walk(random: Random, who: Body, day: date, today: Today, taken: Proposal, facts: Facts) -> Walk:
    cap = round(float(facts.cap_mph) * 160.9344)
    plan = clipped(expand(PROGRAMS[taken.program], taken.choice, RULES), cap_ckmh=cap, base_ckmh=80, max_dpct=50)
    declined = plan.new_step is not None and random.random() < who.declines
    share = random.choice([0.3, 0.75, 0.95]) if random.random() < who.quits else 1.0
    top = plan.top_ckmh if not declined else round(float(plan.mastered_mph) * 160.9344)
    hard = max(0.0, top / 160.9344 - who.fit_mph)
    effort = min(10, max(0, round(random.gauss(2.5 + hard * 6, 1.2))))
    pain = facts.pain_now or 0
    after = min(
        10, max(0, pain + random.choice([0, 0, 0, 0, 1, -1]) + (random.random() < who.sore) * random.randint(1, 5))
    )
    bad = random.random() < who.misfortune
    silent = random.random() < who.silent
    visit = Visit(
        day=day,
        program=taken.program,
        choice=replace(taken.choice, declined=declined),
        planned_s=plan.walk_s,
        walked_s=plan.walk_s * share,
        completed=share == 1.0,
        top_ckmh=top,
        cause="red_button" if bad else "plan_done" if share == 1.0 else "member_stop",
        why=""
        if share == 1.0 and not bad
        else random.choice(["tired", "unsteady", "pain", "other", "chest" if bad else "tired"]),
        pain_before=None if silent else pain,
        pain_peak=None if silent else max(pain, after),
        pain_after=None if silent else after,
        effort=None if silent else effort,
        worse_next_morning=random.random() < who.sore / 4,
    )
    return Walk(day, today, taken, plan, visit, facts)


def facts_of(random: Random) -> Facts:
    """Age, falls, the cap of the place, and what staff have allowed."""
    own = random.choice([None, None, None, "1.2", "1.8", "3.0"])
    cap = Decimal(random.choice(["1.2", "2.0", "2.0"]))
    return Facts(
        older=random.random() < 0.25,
        fell=random.random() < 0.1,
        cap_mph=cap if own is None else min(cap, Decimal(own)),
        own_mph=None if own is None else Decimal(own),
    )


def checks_of(random: Random) -> tuple[tuple[date, date], ...]:
    """When staff check somebody's balance, each time for so many days; half of all are never checked."""
    days = [BEGAN + timedelta(days=random.randrange(180)) for _ in range(random.choice([0, 0, 1, 2]))]
    return tuple((day, day + timedelta(days=random.choice([30, 182]))) for day in days)


def older_limit(history: list[Visit], facts: Facts) -> Decimal | None:
    """Coaching section 3, cap_speed, said once more: the most for those of 65 and older and those who fell."""
    if not (facts.older or facts.fell):
        return None
    clean = sum(
        judge(visit, RULES.progress) is Verdict.CLEAN for visit in history if visit.walked_s >= RULES.progress.count_s
    )
    if clean < 4 or not facts.balance_checked:
        return Decimal("1.0")
    by_staff = facts.own_mph is not None and facts.own_mph > Decimal("1.5")
    return min(facts.own_mph, Decimal("2.0")) if by_staff and facts.own_mph else Decimal("1.5")


def broken(walks: list[Walk], facts: Facts) -> list[str]:
    """Every "never" of coaching section 3 that these walks break; empty if none."""
    rules, found = RULES.progress, []
    history: list[Visit] = []
    raised: date | None = None
    for number, walk in enumerate(walks):

        def note(text: str, day: date = walk.day, into: list[str] = found) -> None:
            into.append(f"{day}: {text}")

        counted = [other for other in walks[:number] if other.visit.walked_s >= rules.count_s]
        week = [other for other in counted if (walk.day - other.day).days < 7]
        if len(week) >= rules.week_sessions:
            note("a fourth visit within seven days")
        if counted and (walk.day - counted[-1].day).days <= rules.rest_days:
            note("no rest day")
        minutes = sum(other.visit.walked_s for other in week) + walk.plan.walk_s
        if minutes > rules.week_s or walk.plan.walk_s > RULES.session.walk_s:
            note("too many minutes")
        new = (walk.day - walks[0].day).days < 7 * rules.first_weeks
        if new and (minutes > rules.first_weeks_s or walk.plan.walk_s > RULES.session.first_weeks_walk_s):
            note("too many minutes in the first two weeks")
        for proposal in walk.today.proposals:
            choice = proposal.choice
            fastest = max(choice.comfort_mph, choice.new_mph or Decimal(0))
            if fastest > max(facts.cap_mph, Decimal("1.0")):
                note(f"above the cap: {choice}")
            most = older_limit(history, walk.facts)
            if most is not None and fastest > most:
                note(f"above {most} for age or a fall: {choice}")
            if choice.new_mph is not None and choice.new_mph - choice.comfort_mph > rules.speed_step_low_mph:
                note(f"too big a step: {choice}")
            if not proposal.reason:
                note(f"no reason: {proposal}")
        ladder = ladder_of(history, facts, rules)
        found += _level_rules(walk, ladder, raised, facts)
        if walk.taken.program == "P2" and (walk.taken.choice.main_s or 0) > ladder.main_s:
            raised = walk.day
        if history and judge(history[-1], rules) is Verdict.RED:
            if (walk.day - history[-1].day).days <= rules.red_hours_days:
                note("within 48 hours of a red session")
            if (walk.taken.program, walk.taken.choice.variant) != ("P1", "1"):
                note("not back at the first step after a red session")
        history.append(walk.visit)
    return found


def _level_rules(walk: Walk, ladder: Ladder, raised: date | None, facts: Facts) -> list[str]:
    rules, choice, found = RULES.progress, walk.taken.choice, []
    if walk.taken.program not in ("P2", "P3", "P4") or ladder.first is not None:
        return found
    rises = {
        "D": walk.taken.program == "P2" and (choice.main_s or 0) > ladder.main_s,
        "C": (choice.new_mph or choice.comfort_mph) > ladder.comfort_mph,
        "L": (choice.hill or 0) > ladder.hill,
    }
    if sum(rises.values()) > 1:
        found.append(f"{walk.day}: two things rise at once: {choice}")
    for name, rose in rises.items():
        if rose and ladder.frozen > 0 and ladder.moved != name:
            found.append(f"{walk.day}: {name} rises while frozen by {ladder.moved}")
    if rises["D"] and raised is not None and (walk.day - raised).days < rules.main_every_days:
        found.append(f"{walk.day}: duration rises twice in a week")
    trial = rises["C"] and ladder.trial_mph is not None
    if any(rises.values()) and not trial and walk.taken.recommended:
        need = rules.need_older if facts.older else rules.need
        if ladder.verdict is not Verdict.CLEAN or ladder.streak < need:
            found.append(f"{walk.day}: a rise that was not earned")
    if choice.hill and (ladder.clean < 8 or choice.comfort_mph < Decimal("1.2") or choice.hill - ladder.hill > 1):
        found.append(f"{walk.day}: a hill too early or too steep: {choice}")
    return found
