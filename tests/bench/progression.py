"""A thousand members for half a year: is any rule broken, and how fast do people get on?

``python -m tests.bench.progression [--quick] [--json]``
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from decimal import Decimal
from random import Random

from kiosk.coach.standing import Facts, judge, ladder_of
from tests.bench import common
from tests.support.members import RULES, Body, Walk, body, broken, checks_of, facts_of, live

WEEKS = 26
MILESTONES = (
    ("First Steps done", lambda ladder: ladder.first is None),
    ("5 minutes of main", lambda ladder: ladder.main_s >= 300),
    ("1.5 mph", lambda ladder: ladder.comfort_mph >= Decimal("1.5")),
    ("10 minutes of main", lambda ladder: ladder.main_s >= 600),
    ("2.0 mph", lambda ladder: ladder.comfort_mph >= Decimal("2.0")),
    ("first hill", lambda ladder: ladder.hill >= 1),
)


def weeks_to(walks: list[Walk], facts) -> dict[str, float]:
    """When each milestone was reached, in weeks since the first visit."""
    reached: dict[str, float] = {}
    history = []
    for walk in walks:
        history.append(walk.visit)
        ladder = ladder_of(history, facts, RULES.progress)
        for name, there in MILESTONES:
            if name not in reached and there(ladder):
                reached[name] = (walk.day - walks[0].day).days / 7
    return reached


def group(members: int, who: Body | None, seed: int) -> dict:
    """*members* lives; *who* None: all sorts of people."""
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    milestones: dict[str, list[float]] = {name: [] for name, _ in MILESTONES}
    problems: list[str] = []
    visits: list[int] = []
    careful: list[float] = []  # the fastest speed of each of 65 and older, or who fell
    for number in range(members):
        random = Random(seed + number)
        facts = facts_of(random)
        checks = checks_of(random)
        if who is not None:
            facts, checks = Facts(), ()
        walks = live(random, WEEKS, facts, who or body(random), checks)
        problems += [f"member {seed + number}, {text}" for text in broken(walks, facts)]
        visits.append(len(walks))
        if facts.older or facts.fell:
            choices = [walk.taken.choice for walk in walks]
            careful.append(max((float(max(c.comfort_mph, c.new_mph or c.comfort_mph)) for c in choices), default=0.0))
        verdicts.update(judge(walk.visit, RULES.progress).value for walk in walks)
        reasons.update(walk.taken.reason for walk in walks)
        for name, week in weeks_to(walks, facts).items():
            milestones[name].append(week)
    return {
        "members": members,
        "visits": sum(visits),
        "visits_p50": common.percentile(visits, 50),
        "broken": problems[:20],
        "broken_count": len(problems),
        "careful": {
            "members": len(careful),
            "above_1_0": sum(speed > 1.0 for speed in careful),
            "above_1_5": sum(speed > 1.5 for speed in careful),
            "fastest_mph": max(careful, default=0.0),
        },
        "verdicts": dict(verdicts.most_common()),
        "reasons": dict(reasons.most_common()),
        "weeks_to": {
            name: {
                "reached_percent": round(100 * len(weeks) / members, 1),
                "p10": round(common.percentile(weeks, 10), 1),
                "p50": round(common.percentile(weeks, 50), 1),
                "p90": round(common.percentile(weeks, 90), 1),
            }
            for name, weeks in milestones.items()
            if weeks
        },
    }


EASY = Body(
    keen=1.0, fit_mph=2.6, sore=0.0, quits=0.0, declines=0.0, silent=0.0, misfortune=0.0, holiday=0.0,
)  # fmt: skip


def run(options: argparse.Namespace) -> dict:
    members = 60 if options.quick else 1000
    return {
        "ours": group(members, None, 1),
        "untroubled": group(max(20, members // 10), EASY, 500_000),
        "weeks": WEEKS,
    }


def show(result: dict) -> None:
    for title, key in (("all sorts of people", "ours"), ("young, keen and untroubled", "untroubled")):
        told = result[key]
        print(f"{title}: {told['members']} members, {told['visits']} visits in {result['weeks']} weeks, "
              f"{told['broken_count']} rules broken")  # fmt: skip
        common.table(
            ["weeks to", "reached", "p10", "p50", "p90"],
            [[n, f"{w['reached_percent']} %", w["p10"], w["p50"], w["p90"]] for n, w in told["weeks_to"].items()],
        )
        if told["careful"]["members"]:
            careful = told["careful"]
            print(f"65 and older, or fell: {careful['members']} members, {careful['above_1_0']} came above 1.0 mph, "
                  f"{careful['above_1_5']} above 1.5 mph, the fastest {careful['fastest_mph']} mph")  # fmt: skip
        print(f"sessions: {told['verdicts']}")
        print(f"why: {told['reasons']}\n")
        for text in told["broken"]:
            print(f"BROKEN {text}")


if __name__ == "__main__":
    sys.exit(common.main("Progression of simulated members", run, show))
