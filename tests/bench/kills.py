"""Every process killed (SIGKILL) and frozen (SIGSTOP) at random moments of a walk, on the real clock.

    python -m tests.bench.kills [--quick] [--json] [--each N] [--level H0|H1]

Simulated treadmill and pins, real processes. Times are the simulated world's own: from the signal to the permit
relay dropping and to the belt at rest by its true speed. Each budget is stated beside its figure; what missed it is
counted. A stopper that dies takes nothing with it: there the walk must simply go on, and the next clip pull stop it.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from hardware.link.messages import State
from tests.bench import common
from tests.bench.stop_path import MACHINE, PROFILE
from tests.support.house import House, ScriptedKiosk, Timeout

PERMIT_BUDGET_S = 0.150 + 0.300  # relay drop-out after the last pulse (P2), and 300 ms for a silence to be one
SOFT_REST_BUDGET_S = 12.0  # 0.5 s for the screen's silence, the soft ramp, the profile's stop budget
HARD_REST_BUDGET_S = 6.0
QUICK, FULL = 20, 200


@dataclass
class Case:
    """One process and one way to lose it."""

    name: str
    process: str
    number: int
    permit: bool  # the permit has to drop (hard cause), else the belt is eased to rest
    permit_s: list[float] = field(default_factory=list)
    rest_s: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    violations: int = 0


def cases() -> list[Case]:
    """Every process twice."""
    found = []
    for process in ("guard", "belt", "kiosk", "stopper"):
        for name, number in (("kill -9", signal.SIGKILL), ("SIGSTOP", signal.SIGSTOP)):
            found.append(Case(f"{process} {name}", process, number, permit=process in ("guard", "belt")))
    return found


def until(house: House, condition, seconds: float, kiosk: ScriptedKiosk | None) -> float | None:
    """World time at which *condition* first held, None if it never did within *seconds*."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        report = house.report()
        if condition(report):
            return report.now_s
        if kiosk is None:
            time.sleep(0.005)
        else:
            kiosk.pump(0.005)
    return None


def one(house: House, case: Case, rng: random.Random) -> None:
    """A walk, a signal at a random moment of it, and what became of the belt."""
    kiosk = house.kiosk()
    kiosk.walk(house)
    kiosk.target(rng.choice((80, 110, 140)))
    kiosk.pump(rng.uniform(0.0, 4.0))
    before = house.report()
    house.kill(
        case.process, case.number
    ) if case.process != "kiosk" else kiosk.close() if case.number == signal.SIGKILL else None
    sent_s = house.report().now_s
    talking = kiosk if case.process != "kiosk" else None
    if case.process == "stopper":
        kiosk.pump(1.0)
        if house.report().belt_ckmh == 0 or kiosk.status.state is not State.RUNNING:
            case.missed.append("the walk did not go on")
        house.hand("clip", closed=False)
        sent_s = house.report().now_s
    if case.permit:
        off = until(house, lambda r: not r.permit, 2.0, talking)
        if off is None or off - sent_s > PERMIT_BUDGET_S:
            case.missed.append(f"permit {'never' if off is None else f'{off - sent_s:.3f} s'}")
        if off is not None:
            case.permit_s.append(max(0.0, off - sent_s))
    budget_s = HARD_REST_BUDGET_S if case.process != "kiosk" else SOFT_REST_BUDGET_S
    rest = until(house, lambda r: r.belt_ckmh == 0, budget_s + 1.0, talking)
    if rest is None or rest - sent_s > budget_s:
        case.missed.append(f"rest {'never' if rest is None else f'{rest - sent_s:.2f} s'}")
    if rest is not None:
        case.rest_s.append(max(0.0, rest - sent_s))
    case.violations += len(house.report().violations) - len(before.violations)
    if case.number == signal.SIGSTOP and case.process != "kiosk":
        house.kill(case.process, signal.SIGCONT)
        time.sleep(0.3)  # a thawed process must not move the belt either
        if until(house, lambda r: r.belt_ckmh > 0, 0.5, talking) is not None:
            case.missed.append("moved again after SIGCONT")
    elif case.process != "kiosk":
        house.spawn(case.process)
    house.hand("clip", closed=True)
    house.hand("key", closed=True)
    if talking is not None:
        kiosk.close()


def run(options: argparse.Namespace) -> dict:
    each = options.each or (QUICK if options.quick else FULL)
    rng = random.Random(options.seed)
    rows = []
    for case in cases():
        with tempfile.TemporaryDirectory(prefix="rw-") as directory:
            with House(Path(directory), treadmill=MACHINE, profile=PROFILE, level=options.level) as house:
                for _ in range(each):
                    try:
                        one(house, case, rng)
                    except Timeout as error:
                        case.missed.append(f"did not get walking again: {error}"[:300])
                        break
        rows.append(
            {
                "case": case.name,
                "n": len(case.rest_s),
                "permit_off_ms": _spread(case.permit_s),
                "rest_s": [round(v, 2) for v in (common.percentile(case.rest_s, 50), max(case.rest_s))]
                if case.rest_s
                else None,
                "missed": case.missed,
                "violations": case.violations,
            }
        )
        if not options.json:
            print(f"  {rows[-1]}", flush=True)
    return {"rows": rows, "each": each, "level": options.level, "seed": options.seed}


def _spread(values: list[float]) -> list[float] | None:
    return [round(1000 * v, 1) for v in (common.percentile(values, 50), max(values))] if values else None


def show(result: dict) -> None:
    common.table(
        ("killed", "n", "permit off p50/max ms", "at rest p50/max s", "missed", "violations"),
        [
            (r["case"], r["n"], r["permit_off_ms"], r["rest_s"], len(r["missed"]), r["violations"])
            for r in result["rows"]
        ],
    )
    n = result["each"]
    print(f"{n} of each, level {result['level']}: with no miss, at most {300 / n:.0f} % would miss (95 %).")


if __name__ == "__main__":
    sys.exit(
        common.main(
            __doc__.splitlines()[0],
            run,
            show,
            each={"type": int, "default": 0},
            level={"default": "H1", "choices": ["H0", "H1"]},
            seed={"type": int, "default": 20261120},
        )
    )
