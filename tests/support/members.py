"""Simulated members on the virtual calendar: habits, bodies, moods; and what they make of a proposal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from kiosk.assets import assets_directory
from kiosk.coach.plan import Plan, clipped, expand
from kiosk.coach.progression import Facts, Proposal, Today, Visit, propose
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


def live(random: Random, weeks: int, facts: Facts, who: Body | None = None) -> list[Walk]:
    """Some weeks of somebody's life with the treadmill."""
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
        now = replace(facts, pain_now=pain_now, staff_signed=False)
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
    return Walk(day, today, taken, plan, visit)


def facts_of(random: Random) -> Facts:
    """Age, falls and the cap of the place."""
    return Facts(
        older=random.random() < 0.25,
        fell=random.random() < 0.1,
        balance_checked=random.random() < 0.5,
        cap_mph=Decimal(random.choice(["1.2", "2.0", "2.0"])),
    )
