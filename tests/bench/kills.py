"""Every process killed (SIGKILL) and frozen (SIGSTOP) at random moments of a start or a walk, on the real clock.

    python -m tests.bench.kills [--quick] [--json] [--each N] [--houses N] [--level H0|H1] [--case WORDS] [--fresh]

Simulated treadmill and pins, real processes, the scheduling of deploy/systemd where the machine allows it. Times are
the simulated world's own: from the signal to the permit relay dropping, and to the last moment in which the belt
truly moved. What has to hold, every time:

  guard, belt     H1: permit off within 150 ms (450 for a frozen belt process: 300 ms make a silence), and at both
                  levels the belt at rest within 300 ms and the stop budget of the profile
  kiosk           eased: at rest within 500 ms of silence, the soft ramp and the stop budget
  stopper         the walk goes on; then the clip, pulled, stops it within the stop budget
  guard and belt  the stopper alone: within 300 ms and the stop budget

A frozen process that thaws must not move the belt again, and no byte may leave that the monitor of the simulated
link forbids (but a stop to a belt that rests, where the belt process died: a start may have left before it did).
Then everything is started again and the next walk must come about. The last case is the real kiosk, killed in
mid-walk: its session must be on record, closed as interrupted at the next start, with its samples.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hardware.config.profiles import parse_profile
from hardware.constants import (
    SCREEN_MISSING_S,
    SENTRY_MISSING_S,
    SOFT_RAMP_CKMH_PER_S,
    STOP_RESEND_S,
    WISH_MISSING_S,
)
from hardware.link.messages import LinkState, Start, State
from tests.bench import common, priorities
from tests.bench.stop_path import MACHINE, PROFILE
from tests.support.house import House, ScriptedKiosk, Timeout

FASTEST_CKMH, SLOWEST_CKMH = 140, 80
PERMIT_S = 0.150  # P2
STOP_S = parse_profile(PROFILE).stop_budget_s
RAMP_S = (FASTEST_CKMH - SLOWEST_CKMH) / SOFT_RAMP_CKMH_PER_S
QUICK, FULL = 20, 200
LOT = 20
FULL_S = 26 * 60.0
HOUSES = 10
SETTLED_S = 0.7  # still for so long, the link's air and the start latency included: nothing is on its way
LOOK_S = 0.02
BLIND = "stops a belt freshly at rest"  # the monitor's words


@dataclass(frozen=True)
class Case:
    """Which processes are lost, how, and what follows."""

    processes: tuple[str, ...]
    number: signal.Signals
    rest_s: float
    permit_s: float | None = PERMIT_S  # None: the permit stays

    @property
    def name(self) -> str:
        """For the table."""
        return f"{' and '.join(self.processes)} {'kill -9' if self.number is signal.SIGKILL else 'SIGSTOP'}"


def cases() -> list[Case]:
    """Every process both ways, and guard and belt together."""
    found = []
    for number in (signal.SIGKILL, signal.SIGSTOP):
        frozen = number is signal.SIGSTOP
        found += [
            Case(("guard",), number, WISH_MISSING_S + STOP_S),
            Case(("belt",), number, SENTRY_MISSING_S + STOP_S, PERMIT_S + (WISH_MISSING_S if frozen else 0.0)),
            Case(("kiosk",), number, SCREEN_MISSING_S + RAMP_S + STOP_S, None),
            Case(("stopper",), number, STOP_S),
            Case(("guard", "belt"), number, SENTRY_MISSING_S + STOP_RESEND_S + STOP_S),
        ]
    return found


@dataclass
class Found:
    """What became of one lot."""

    n: int = 0
    permit_s: list[float] = field(default_factory=list)
    rest_s: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    spoiled: int = 0
    blind: int = 0  # stops to a belt that never started: with the belt process dead nobody knew that no `07` had left


class Spoiled(Exception):
    """Before the walk the guard went back to IDLE, or our heartbeat was late: too busy a machine to show anything."""


class Round:
    """One start or walk, a signal at a random moment of it, and what became of the belt."""

    def __init__(self, house: House, case: Case, level: str, rng: random.Random, *, ranked: bool) -> None:
        self.house = house
        self.case = case
        self.level = level
        self.rng = rng
        self.ranked = ranked
        self.kiosk: ScriptedKiosk = house.kiosk()
        self.kiosk_alive = True

    def legal(self) -> None:
        """To RUNNING by the legal way, up to the random moment."""
        try:
            self.begin()
        except Timeout:
            status = self.kiosk.status
            fell_back = status is not None and status.state is State.IDLE
            if self.kiosk.screen_was_missed or fell_back:
                raise Spoiled from None
            raise

    def pump(self, seconds: float) -> None:
        """Time passes; a kiosk that lives says so."""
        if self.kiosk_alive:
            self.kiosk.pump(seconds)
        else:
            time.sleep(seconds)

    def begin(self) -> None:
        """To a random moment from the start command on."""
        self.kiosk.expect(lambda s: s.link is LinkState.READY, "treadmill", 30)
        if self.ranked:  # not before: a Python that starts in real time takes the processor from the other houses
            priorities.apply({name: process.pid for name, process in self.house.processes.items()})
        self.kiosk.arm(self.house)
        self.kiosk.send(Start())
        kind = self.rng.random()
        if kind < 0.25:  # in spin-up
            self.pump(self.rng.uniform(0.0, 0.4))
            return
        self.kiosk.expect(lambda s: s.state is State.RUNNING, "running", 20)
        self.kiosk.target(self.rng.choice((SLOWEST_CKMH, 110, FASTEST_CKMH)))
        # Most of them soon; some after the first rise, which the guard does not give before 3 s.
        self.pump(self.rng.uniform(0.0, 1.5) if kind < 0.8 else self.rng.uniform(3.0, 5.0))

    def signal(self) -> float:
        """Lose them; when, on the world's clock."""
        sent_s = time.monotonic()
        for name in self.case.processes:
            if name == "kiosk":
                self.kiosk_alive = False
                if self.case.number is signal.SIGKILL:
                    self.kiosk.close()
            else:
                self.house.kill(name, self.case.number)
        return sent_s

    def watch(self, sent_s: float, cursor: int) -> tuple[float | None, float, bool]:
        """When the permit dropped, until when the belt moved, and whether it has come to rest at all."""
        off_s: float | None = None
        moved_s = sent_s
        give_up_s = sent_s + self.case.rest_s + 4.0
        while True:
            report = self.house.report(cursor)
            cursor = report.log_next
            drops = [entry.t_s for entry in report.log if entry.note == "permit off" and entry.t_s >= sent_s]
            off_s = drops[0] if drops and off_s is None else off_s
            moved_s = report.now_s if report.belt_ckmh else moved_s
            settled = report.now_s - moved_s > SETTLED_S
            waits_for_permit = self.wants_permit and off_s is None and report.now_s - sent_s < 1.0
            if (settled and not waits_for_permit) or report.now_s > give_up_s:
                return off_s, moved_s, settled
            self.pump(LOOK_S)

    @property
    def wants_permit(self) -> bool:
        """The permit has to drop at this level, in this case."""
        return self.case.permit_s is not None and self.level != "H0"

    def run(self, found: Found) -> None:
        """The whole round."""
        case, house = self.case, self.house
        self.legal()
        before, cursor = house.report(), house.tap_end()
        sent_s = self.signal()
        if case.processes == ("stopper",):
            sent_s = self.goes_on()
        off_s, moved_s, settled = self.watch(sent_s, cursor)
        rest_s = moved_s - sent_s
        found.n += 1
        found.rest_s.append(rest_s)
        if not settled or rest_s > case.rest_s:
            found.missed.append(f"rest after {rest_s:.2f} s" if settled else "never at rest")
        if self.wants_permit and case.permit_s is not None:
            if off_s is not None:
                found.permit_s.append(off_s - sent_s)
            if off_s is None or off_s - sent_s > case.permit_s:
                found.missed.append(
                    "permit never off" if off_s is None else f"permit off after {off_s - sent_s:.3f} s"
                )
        self.thaw(found)
        for sentence in house.report().violations[len(before.violations) :]:
            if "belt" in case.processes and BLIND in sentence:
                found.blind += 1
            else:
                found.violations.append(sentence)
        self.mend()

    def goes_on(self) -> float:
        """Without the stopper nothing changes; then the clip."""
        self.kiosk.pump(5.0, lambda s: s.state is State.RUNNING)
        self.pump(1.0)
        if self.kiosk.status is None or self.kiosk.status.state is not State.RUNNING:
            if self.kiosk.screen_was_missed:
                raise Spoiled
            raise Timeout(f"the walk did not go on without the stopper: {self.kiosk.status}")
        opened_s = time.monotonic()
        self.house.hand("clip", closed=False)
        return opened_s

    def thaw(self, found: Found) -> None:
        """A process that thaws must not move the belt."""
        if self.case.number is not signal.SIGSTOP:
            return
        for name in self.case.processes:
            if name != "kiosk":
                self.house.kill(name, signal.SIGCONT)
        self.kiosk_alive = True
        until = time.monotonic() + 0.8
        while time.monotonic() < until:
            if self.house.report().belt_ckmh:
                found.missed.append("moved again after the thaw")
                return
            self.pump(LOOK_S)

    def mend(self) -> None:
        """What was killed is started again; hands put everything back."""
        if self.case.number is signal.SIGKILL:
            for name in self.case.processes:
                if name != "kiosk":
                    self.house.spawn(name)
        self.house.hand("clip", closed=True)
        self.kiosk.close()


def lot(case: Case, level: str, rounds: int, seed: int, *, ranked: bool) -> Found:
    """So many rounds in a house of their own."""
    found = Found()
    rng = random.Random(f"{case.name} {level} {seed}")
    with tempfile.TemporaryDirectory(prefix="rw-") as directory:
        with House(Path(directory), treadmill=MACHINE, profile=PROFILE, level=level) as house:
            while found.n < rounds:
                one = Round(house, case, level, rng, ranked=ranked)
                try:
                    one.run(found)
                except Spoiled:
                    found.spoiled += 1
                    one.mend()
                    if found.spoiled > rounds:
                        found.missed.append("too busy a machine: the bench itself cannot keep time")
                        break
                except Timeout as error:
                    found.missed.append(f"no walk: {error}"[:400])
                    break
    return found


def lots(options: argparse.Namespace, done: dict[str, Any], each: int) -> deque[tuple[Case, str, int, int]]:
    """What is still to do: case, level, rounds, seed."""
    wanted = [case for case in cases() if not options.case or options.case in case.name]
    levels = (options.level,) if options.level else ("H1", "H0")
    due: list[tuple[Case, str, int, int]] = []
    for start in range(0, each, LOT):
        for level in levels:
            for case in wanted:
                have = done.get(f"{case.name} {level}", {}).get("n", 0)
                if have <= start:
                    due.append((case, level, min(LOT, each - start), options.seed + start))
    return deque(due)


def run(options: argparse.Namespace) -> dict[str, Any]:
    each = options.each or (QUICK if options.quick else FULL)
    began_s = time.monotonic()
    saved = None if options.quick or options.each else common.Saved("kills", fresh=options.fresh)
    done: dict[str, Any] = saved.data if saved else {}
    due, lock = lots(options, done, each), threading.Lock()

    def work() -> None:
        ranked = priorities.instrument()
        while True:
            with lock:
                if not due or (saved and time.monotonic() - began_s > FULL_S):
                    return
                case, level, rounds, seed = due.popleft()
            found = lot(case, level, rounds, seed, ranked=ranked)
            with lock:
                row = done.setdefault(
                    f"{case.name} {level}",
                    {"n": 0, "permit_s": [], "rest_s": [], "missed": [], "violations": [], "spoiled": 0, "blind": 0},
                )
                for key in ("n", "permit_s", "rest_s", "missed", "violations", "spoiled", "blind"):
                    row[key] += getattr(found, key)
                row |= {"rest_budget_s": case.rest_s, "permit_budget_s": case.permit_s}
                if saved:
                    saved.save()

    threads = [threading.Thread(target=work) for _ in range(options.houses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = [told(name, row) for name, row in done.items()]
    result = {"rows": rows, "each": each, "seed": options.seed, "seconds": round(time.monotonic() - began_s)}
    total, missed = sum(row["n"] for row in rows), sum(len(row["missed"]) for row in rows)
    result["claim"] = common.claim(total, missed, "missed its budget") if total else ""
    result["failures"] = [
        f"{row['case']}: {row['missed'][:3] or row['violations'][:3]}" for row in rows if row["bad"]
    ]
    short = [row["case"] for row in rows if row["n"] < each]
    if saved is None and short:
        result["failures"].append(f"Fewer than {each} rounds: {short}")
    return result


def told(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """One line of the table."""
    return {
        "case": name,
        "n": row["n"],
        "permit_off_ms": spread(row["permit_s"], 1000),
        "permit_budget_ms": round(1000 * row["permit_budget_s"]) if row["permit_s"] else None,
        "rest_s": spread(row["rest_s"], 1),
        "rest_budget_s": round(row["rest_budget_s"], 2),
        "missed": row["missed"],
        "violations": row["violations"],
        "spoiled": row["spoiled"],
        "blind_stops": row["blind"],
        "bad": bool(row["missed"] or row["violations"]),
    }


def spread(values: list[float], scale: float) -> list[float] | None:
    """p50 and max."""
    return [round(scale * v, 2) for v in (common.percentile(values, 50), max(values))] if values else None


def show(result: dict[str, Any]) -> None:
    def pair(values: list[float] | None) -> str:
        return "-" if values is None else f"{values[0]:g} / {values[1]:g}"

    common.table(
        ("lost", "n", "permit off ms p50 / max", "budget", "at rest s p50 / max", "budget", "missed", "forbidden"),
        [
            (
                r["case"], r["n"], pair(r["permit_off_ms"]), r["permit_budget_ms"] or "-", pair(r["rest_s"]),
                r["rest_budget_s"], len(r["missed"]), len(r["violations"]),
            )
            for r in result["rows"]
        ],
    )  # fmt: skip
    print(f"{result['claim']} {result['each']} by themselves: at most {common.most_percent(result['each']):.2g} %.")
    spoiled = sum(row["spoiled"] for row in result["rows"])
    blind = sum(row["blind_stops"] for row in result["rows"])
    if blind:
        print(f"{blind} stops went to a belt that had not started: its process was dead, and nobody knew it.")
    print(f"{result['seconds']} s, seed {result['seed']}; {spoiled} rounds begun anew: too busy a machine.")


if __name__ == "__main__":
    sys.exit(
        common.main(
            __doc__.splitlines()[0],
            run,
            show,
            each={"type": int, "default": 0},
            houses={"type": int, "default": HOUSES},
            level={"choices": ["H0", "H1"]},
            case={"help": "only cases whose name contains this"},
            fresh={"action": "store_true", "help": "forget what an earlier full run has reached"},
            seed={"type": int, "default": 20261120},
        )
    )
