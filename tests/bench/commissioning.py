"""Commissioning of the named simulated machines on the virtual clock: what was found beside what is true.

Each machine is commissioned from the door to the signature by a scripted technician with human pauses; every part but
the treadmill is the product's own. Exact must be: units, slowest speed, smallest step, what happens on link loss.
Start latency: at most one data period (and the air) above the truth. Stop travel of every stop: never below the
belt's true travel since the stop byte, and at most speed x one data period above it (two for a machine that sends
0.00 while it runs, where one record of rest alone is not believed).

    python -m tests.bench.commissioning [--quick] [--json] [--machine KEY] [--mischief]
"""

from __future__ import annotations

import argparse
import sys
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any

from hardware.simulated.machines import MACHINES, SIMULATED_S1, Machine
from hardware.simulated.mischief import MISCHIEF
from hardware.simulated.truth import truth_of
from hardware.units import MM_PER_S_PER_CKMH
from kiosk.staff.commissioning.findings import StopTrace, cap_of, points_of, quirk_names, quirks_of
from kiosk.staff.commissioning.measure import STOP_SHARE
from tests.bench.common import main, table
from tests.support.technician import Session, commissioning

FACTOR = 1.3
AIR_S = 0.1  # a write and a record are on the air for up to 60 ms, and looked at every 20
GRAIN_CKMH = 2
WAITS_S = 60.0  # a page that has named what is missing for so long waits for a person to see to it

FAST_ROLLER = replace(
    SIMULATED_S1,
    key="fast-roller",
    habits=replace(SIMULATED_S1.habits, write_scale=FACTOR, report_scale=1 / FACTOR),
)
"""A belt that runs at 1.3 times what it says: no unit explains it."""

NAMED = (
    "simulated-s1",
    "urevo-e1l",
    "omega-z",
    "fitshow-fs",
    "horizon-7-4",
    "kingsmith-ks-hd-z1d",
    "kingsmith-k12",
    "tunturi-t80",
    "matrix",
    "matrix-pair",
    "tm11gy",
    "merach",
    "precor",
)
REFUSED = {"domyos": "no_control", "technogym-myrun": "no_start", "sole-f85": "no_start", "mobvoi": "no_stop"}
"""Machines that must not be controlled, and why it is said."""
QUICK = ("urevo-e1l", "fitshow-fs", "tm11gy", "precor")


@dataclass
class Log:
    """The belt's true way, sampled each 100 ms (its ramps are straight in between, or nearly)."""

    at_s: list[float]
    travel_m: list[float]
    ckmh: list[float]

    def travel_mm(self, from_s: float, to_s: float) -> float:
        """How far the belt went."""
        return 1000 * (self._travel(to_s) - self._travel(from_s))

    def _travel(self, at_s: float) -> float:
        n = min(max(1, bisect_left(self.at_s, at_s)), len(self.at_s) - 1)
        a, b = self.at_s[n - 1], self.at_s[n]
        share = min(max((at_s - a) / (b - a), 0.0), 1.0)
        return self.travel_m[n - 1] + (self.travel_m[n] - self.travel_m[n - 1]) * share

    def rest_s(self, from_s: float) -> float:
        """When the belt stood."""
        return next(at_s for at_s, ckmh in zip(self.at_s, self.ckmh, strict=True) if at_s > from_s and ckmh == 0)

    def motion_s(self, from_s: float) -> float:
        """When it first moved, not later than this."""
        n = next(n for n, (at_s, ckmh) in enumerate(zip(self.at_s, self.ckmh, strict=True)) if at_s > from_s and ckmh)
        return self.at_s[n - 1]


@dataclass
class Measured:
    """One stop as it was measured, and when it was written."""

    trace: StopTrace
    stop_s: float


def walked(session: Session) -> tuple[Log, list[Measured], list[tuple[float, float]]]:
    """Commission, and note the truth beside it: stops, and starts as (written, told)."""
    log, stops, starts = Log([], [], []), [], []
    house = session.house
    while house.now_s < 1000 + 2400:
        before = session.state
        turn = session.once()
        log.at_s.append(house.now_s)
        log.travel_m.append(house.world.treadmill.physics.travel_m)
        log.ckmh.append(house.speed)
        found, run = turn.state.found, before.run
        if len(found.traces) < len(before.found.traces):  # the figures were in another unit: all is measured again
            stops.clear()
            starts.clear()
        if len(found.traces) > len(before.found.traces) and run is not None and run.stop_written_s is not None:
            trace = found.traces[-1]
            if trace.travel_mm is not None and trace.kind in ("stop", "also"):
                stops.append(Measured(trace, run.stop_written_s))
        told_s = found.start_latency_s
        if told_s is not None and told_s != before.found.start_latency_s and run is not None and run.started_s:
            starts.append((run.started_s, told_s))
        if turn.instruction.page in ("done", "unusable", "left"):
            break
    return log, stops, starts


def judged(machine: Machine, *, factor: float = 1.0) -> dict[str, Any]:
    """One machine's row, and what is wrong with it."""
    session = commissioning(machine, cap_kmh=3.0)
    log, stops, starts = walked(session)
    state, found, truth = session.state, session.state.found, truth_of(machine)
    wrong: list[str] = []
    period_s = truth.period_s * (2 if machine.habits.zero_every else 1)
    row: dict[str, Any] = {
        "machine": machine.key,
        "end": session.pages[-1] if not state.unusable else state.unusable,
        "minutes": round((session.house.now_s - 1000) / 60, 1),
        "failed": session.hand.failed,
        "stops": len(stops),
    }
    session.house.close()
    row["violations"] = len(session.house.world.violations)
    if machine.key in REFUSED:
        if state.unusable != REFUSED[machine.key]:
            wrong.append(f"ended in {row['end']}, not in {REFUSED[machine.key]}")
        return {**row, "wrong": wrong}
    if session.pages[-1] != "done":
        return {**row, "wrong": [f"ended in {session.pages[-12:]}"]}

    def exact(what: str, measured: object, true: object) -> None:
        if measured != true:
            wrong.append(f"{what} {measured}, in truth {true}")

    scaled = factor != 1.0
    exact("mph", found.quirks.mph_units, truth.mph_units and not scaled)
    if scaled:
        if not abs(found.scale / factor - 1) < 0.02:
            wrong.append(f"scale {found.scale}, in truth {factor}")
    else:
        exact("scale", found.scale, 1.0)
        exact("minimum", found.min_ckmh, truth.min_ckmh)
        exact("increment", found.increment_ckmh, truth.increment_ckmh)
    exact("stops on link loss", found.link_stops, truth.stops_on_link_loss)
    exact("answers", found.answered is True, truth.answers_control)
    for written_s, latency_s in starts:
        true_s = log.motion_s(written_s) - written_s
        row["latency_s"], row["true_latency_s"] = round(latency_s, 2), round(true_s, 2)
        if not true_s <= latency_s <= true_s + 0.1 + truth.period_s + AIR_S:
            wrong.append(f"start latency {latency_s:.2f} s, in truth {true_s:.2f}")
    excess = []
    for stop in stops:
        trace = stop.trace
        true_mm = log.travel_mm(stop.stop_s, log.rest_s(stop.stop_s))
        speed = max(trace.from_ckmh, 1) * MM_PER_S_PER_CKMH
        excess.append(((trace.travel_mm or 0) - true_mm) / (speed * period_s))
        room_mm = speed * (period_s + AIR_S) + GRAIN_CKMH * MM_PER_S_PER_CKMH * (trace.seconds or 0)
        if not true_mm - 0.5 <= (trace.travel_mm or 0) <= true_mm + room_mm:
            wrong.append(f"travel from {trace.from_ckmh / 100:.2f} {trace.travel_mm:.0f} mm, in truth {true_mm:.0f}")
    cap = cap_of(found)
    if cap is None or truth.stop_travel_m(cap) * 1000 > STOP_SHARE * (found.deck_mm or 0):
        wrong.append(f"cap {cap} runs on for more than half the deck")
    row |= {
        "excess": [round(min(excess), 2), round(max(excess), 2)],
        "cap_kmh": (cap or 0) / 100,
        "quirks": quirk_names(quirks_of(found)),
        "speeds": [p.ckmh for p in points_of(found)],
        "pause": found.pause_works,
        "link_stops": found.link_stops,
        "min": found.min_ckmh,
        "increment": found.increment_ckmh,
        "key_told": found.key_told,
        "true_ratio": None if found.true is None else round(found.true.ratio, 4),
    }
    if row["violations"]:
        wrong.append(f"{row['violations']} bytes that must never leave: {session.house.world.violations[0]}")
    return {**row, "wrong": wrong}


def misbehaving(name: str) -> dict[str, Any]:
    """S1 with one bad habit, from the door to whatever end: none may be unsafe, and none without words."""
    deed = MISCHIEF[name].deed is not None
    session = commissioning(SIMULATED_S1, mischief=() if deed else (name,), belt_mm=1800)
    if deed:
        session.until("increments")
        session.house.mischief(name)
    waiting_s = 0.0
    while session.house.now_s < 1000 + 900 and waiting_s < WAITS_S:
        shown = session.once().instruction
        if shown.page in ("done", "unusable", "left"):
            break
        waiting_s = waiting_s + 0.1 if shown.blocked else 0.0
    state, house = session.state, session.house
    house.close()
    turn = session.turn
    waits = "" if turn is None else ", ".join(turn.instruction.blocked)
    end = state.unusable or session.pages[-1]
    ended = end if state.phase in ("done", "unusable", "left") else f"waits: {waits}"
    wrong = [*house.world.violations]
    if state.phase not in ("done", "unusable", "left") and not waits:
        wrong.append(f"neither an end nor a reason: {session.pages[-8:]}")
    return {
        "machine": name,
        "end": ended,
        "minutes": round((house.now_s - 1000) / 60, 1),
        "stops": len(state.found.stops),
        "failed": session.hand.failed,
        "violations": len(house.world.violations),
        "cap_kmh": (cap_of(state.found) or 0) / 100 if state.phase == "done" else 0.0,
        "wrong": wrong,
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    """All machines, or a few."""
    if options.mischief:
        rows = []
        for name in MISCHIEF:
            print(f"{name} ...", file=sys.stderr, flush=True)
            rows.append(misbehaving(name))
            print(f"  {rows[-1]['end']}, {rows[-1]['minutes']} min {rows[-1]['wrong']}", file=sys.stderr, flush=True)
        return {"rows": rows, "failures": [f"{r['machine']}: {r['wrong'][0]}" for r in rows if r["wrong"]]}
    if options.machine:
        keys: tuple[str, ...] = (options.machine,)
    else:
        keys = QUICK if options.quick else (*NAMED, *REFUSED)
    rows = []
    for key in keys:
        print(f"{key} ...", file=sys.stderr, flush=True)
        rows.append(judged(FAST_ROLLER, factor=FACTOR) if key == FAST_ROLLER.key else judged(MACHINES[key]))
    if not options.quick and not options.machine:
        rows.append(judged(FAST_ROLLER, factor=FACTOR))
    failures = [f"{row['machine']}: {'; '.join(row['wrong'])}" for row in rows if row["wrong"]]
    return {"rows": rows, "failures": failures}


def show(result: dict[str, Any]) -> None:
    """The table."""
    rows = []
    for row in result["rows"]:
        excess = row.get("excess")
        rows.append(
            (
                row["machine"],
                row["end"],
                f"{row['minutes']:.1f}",
                row.get("min", "-"),
                row.get("increment", "-"),
                f"{row['latency_s']} ({row['true_latency_s']})" if "latency_s" in row else "-",
                {True: "stops", False: "goes on", None: "?"}[row["link_stops"]] if "link_stops" in row else "-",
                row["stops"],
                f"{excess[0]:.2f}..{excess[1]:.2f}" if excess else "-",
                f"{row['cap_kmh']:.2f}" if "cap_kmh" in row else "-",
                "ok" if not row["wrong"] else "WRONG",
            )
        )
    table(
        ("machine", "end", "min", "slowest", "step", "latency (true) s", "link lost", "stops", "excess", "cap", ""),
        rows,
    )
    machines, stops = len(rows), sum(row["stops"] for row in result["rows"])
    longest = max(row["minutes"] for row in result["rows"])
    print(
        f"{machines} machines, {stops} stops. excess: how far travel lies above the truth, in speed x data period "
        f"(0 to 1 is promised). Longest: {longest:.1f} minutes. A simulation says nothing of a real belt: it says "
        "that what is measured of it is right."
    )


if __name__ == "__main__":
    sys.exit(
        main(
            "Commissioning of simulated machines, beside their truth",
            run,
            show,
            mischief={"action": "store_true", "help": "the S1 with each bad habit in turn: safe, and with words"},
            machine={"help": "only this one", "choices": (*NAMED, *REFUSED, FAST_ROLLER.key)},
        )
    )
