"""Every mischief x every phase of a session, composed: is the stop confirmed, or the alarm raised, in its time?

In each scene the phase is reached on an honest treadmill, the mischief is turned on, and after four seconds (0.5 in a
stop) the clip is pulled. Wiring is H0: nothing but bytes can stop the belt. The belt process has no profile, which is
the hardest case. A scene fails if a motion byte left with an interlock open, if neither rest was measured nor the
alarm raised within the stop budget (and, after a start, the time in which it may still come through), or if a belt
that was reported at rest moved again with nobody told.

    python -m tests.bench.mischief [--quick] [--json]

Quick: walking only. On a virtual clock, so figures are seconds of the world, the same on every machine: each cell is
one scene, played exactly; N says how many, and claims nothing of other moments in a phase.

Exit code 1 if any scene fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from hardware.config import WiringLevel
from hardware.config.profiles import UNCOMMISSIONED
from hardware.link.messages import State
from hardware.simulated.mischief import MISCHIEF
from tests.bench.common import main, table
from tests.support.composed import Composed

START_WINDOW_S = UNCOMMISSIONED.start_latency_s + 2.0
LATER_S = 20.0


def _start(house: Composed) -> None:
    house.starting()
    house.run(1.0)


def _stop(house: Composed) -> None:
    house.walking(160)
    house.kiosk.stop()
    house.run(0.6)


PHASES: dict[str, tuple[Callable[[Composed], None], float, float]] = {
    # name: how to get there, how long the mischief has before the clip, what the budget is
    "idle": (Composed.idle, 4.0, UNCOMMISSIONED.stop_budget_s),
    "armed": (Composed.armed, 4.0, START_WINDOW_S),
    "start": (_start, 4.0, START_WINDOW_S),
    "walk": (lambda house: house.walking(160), 4.0, UNCOMMISSIONED.stop_budget_s),
    "stop": (_stop, 0.5, UNCOMMISSIONED.stop_budget_s),
}


def told(house: Composed) -> bool:
    """The guard says where the belt is, and is right, or calls for help, or knows that it is not its own to stop."""
    at_rest = house.state in (State.LATCHED, State.IDLE) and house.speed == 0
    return at_rest or house.alarm or (not house.lease.active and house.status.in_use_by_other)


def scene(name: str, phase: str) -> dict[str, object]:
    """One cell of the table."""
    reach, wait_s, budget_s = PHASES[phase]
    with Composed(level=WiringLevel.H0) as house:
        reach(house)
        house.mischief(name)
        house.run(wait_s)
        house.hand("clip", False)
        pulled_s = house.now_s
        while not told(house) and house.now_s - pulled_s <= budget_s + 0.1:
            house.quantum()
        took_s = house.now_s - pulled_s
        outcome = "alarm" if house.alarm else "rest" if house.speed == 0 else "in use"
        failures = [] if told(house) else ["neither rest nor alarm in the budget"]
        failures += list(house.world.violations)
        moved_s = 0.0  # how long the belt has moved with nobody told
        for _ in range(round(LATER_S / 0.02)):
            house.quantum()
            moved_s = 0.0 if house.speed == 0 or house.alarm or house.status.in_use_by_other else moved_s + 0.02
            if moved_s > budget_s:
                failures.append("the belt moves and nobody is told")
                break
        starts = sum(entry.value == b"\x00\x0d" for entry in house.world.tap.entries if entry.t_s > pulled_s)
        if outcome == "rest" and starts > 1:
            failures.append("the belt was started again and again")
        failures += list(house.world.violations[len(failures) :])
        belt = round(house.speed)
    return {
        "mischief": name,
        "phase": phase,
        "outcome": outcome,
        "seconds": round(took_s, 2),
        "belt_ckmh_later": belt,
        "failures": sorted(set(failures)),
    }


def run(options: argparse.Namespace) -> dict:
    """All scenes."""
    phases = ["walk"] if options.quick else list(PHASES)
    scenes = [scene(name, phase) for name in MISCHIEF for phase in phases]
    failed = [one for one in scenes if one["failures"]]
    return {
        "ours": {
            "mischief": len(MISCHIEF),
            "phases": phases,
            "scenes": len(scenes),
            "failed": len(failed),
            "rest": sum(one["outcome"] == "rest" for one in scenes),
            "alarm": sum(one["outcome"] == "alarm" for one in scenes),
            "in_use": sum(one["outcome"] == "in use" for one in scenes),
            "slowest_rest_s": max((one["seconds"] for one in scenes if one["outcome"] == "rest"), default=0),
            "slowest_alarm_s": max((one["seconds"] for one in scenes if one["outcome"] == "alarm"), default=0),
        },
        "scenes": scenes,
        "failures": [f"{one['mischief']} in {one['phase']}: {', '.join(one['failures'])}" for one in failed],
    }


def show(result: dict) -> None:
    """A row for each mischief, a column for each phase: outcome and seconds from the clip to it."""
    phases = result["ours"]["phases"]
    cells = {(one["mischief"], one["phase"]): one for one in result["scenes"]}
    rows = []
    for name in MISCHIEF:
        row = [name]
        for phase in phases:
            one = cells[name, phase]
            row.append(f"{'FAILED ' if one['failures'] else ''}{one['outcome']} {one['seconds']:.2f}")
        rows.append(row)
    table(["mischief", *phases], rows)
    ours = result["ours"]
    outcomes = f"{ours['rest']} at rest, {ours['alarm']} alarms, {ours['in_use']} not our belt"
    print(f"N = {ours['scenes']} scenes, all there are: {outcomes}")
    print(f"slowest rest {ours['slowest_rest_s']} s, slowest alarm {ours['slowest_alarm_s']} s")
    print(f"{ours['failed']} failed")


if __name__ == "__main__":
    sys.exit(main("Mischief: seconds from the clip to rest or alarm, H0, no profile", run, show))
