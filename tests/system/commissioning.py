"""`make commission-test`: two simulated treadmills commissioned over real BlueZ, each in a machine of its own.

Six minutes each on the real clock, so it is no part of the system test. Beside the truth of the machine's own model:
units, minimum, increment and what happens on link loss exact; the start latency within one data period; the travel of
every stop never below the truth, and at most speed times one data period above it. What the air, an emulated machine
and the host's other work add is allowed on the upper side alone, and said. Then the opening check, on the profile.

    python -m tests.system.commissioning [MACHINE ...]
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from hardware.simulated.machines import MACHINES
from hardware.simulated.truth import Truth, truth_of
from hardware.units import MM_PER_S_PER_CKMH
from tests.bench.common import table
from tests.system.vm import MachineError, booted

TWO: Final = ("urevo-e1l", "precor")  # one goes on when the link is lost, the other stops
MACHINE_S: Final = 0.5  # the air, the emulated machine and its loaded host
GRAIN_CKMH: Final = 2
PATIENCE_S: Final = 2400.0


def commissioned(key: str, directory: Path) -> dict[str, Any]:
    """What the guest left. Raises MachineError."""
    with booted(directory, f"exec python3 -m tests.system.guest.commission {key}") as machine:
        deadline = time.monotonic() + PATIENCE_S
        while machine.running and time.monotonic() < deadline:
            time.sleep(0.5)
        kept = directory / f"{key}.json"
        if not kept.exists():
            raise machine.error(f"{key} was not commissioned.")
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found


def judged(truth: Truth, result: dict[str, Any]) -> tuple[tuple[object, ...], list[str]]:
    """One row, and what is wrong with it."""
    wrong: list[str] = []
    told = result["commission"]["told"]
    if told is None or told["state"] != "done":
        said = result["commission"]["said"][-5:]
        return (truth.key, "not done", *[""] * 7), [f"{truth.key} was not carried through: {said}"]
    found = told["found"]

    def exact(what: str, measured: object, true: object) -> None:
        if measured != true:
            wrong.append(f"{truth.key}: {what} {measured}, in truth {true}")

    exact("mph", "mph_units" in told["quirks"], truth.mph_units)
    exact("minimum", found["min_ckmh"], truth.min_ckmh)
    exact("increment", found["increment_ckmh"], truth.increment_ckmh)
    exact("stops on link loss", found["link_stops"], truth.stops_on_link_loss)
    latency_s = found["start_latency_s"]
    if not truth.start_latency_s <= latency_s <= truth.start_latency_s + truth.period_s + MACHINE_S:
        wrong.append(f"{truth.key}: start latency {latency_s:.2f} s, in truth {truth.start_latency_s:.2f}")
    excess = []
    for trace in found["traces"]:
        if trace["travel_mm"] is None or trace["kind"] not in ("stop", "also"):
            continue
        true_mm = truth.stop_travel_m(trace["from_ckmh"]) * 1000
        speed = max(trace["from_ckmh"], 1) * MM_PER_S_PER_CKMH
        excess.append((trace["travel_mm"] - true_mm) / (speed * truth.period_s))
        grain_mm = GRAIN_CKMH * MM_PER_S_PER_CKMH * (trace["seconds"] or 0)
        room_mm = speed * (truth.period_s + MACHINE_S) + grain_mm
        if not true_mm - grain_mm <= trace["travel_mm"] <= true_mm + room_mm:
            wrong.append(
                f"{truth.key}: from {trace['from_ckmh'] / 100:.2f} km/h {trace['travel_mm']:.0f} mm, "
                f"in truth {true_mm:.0f}"
            )
    if not excess:
        wrong.append(f"{truth.key}: no stop was measured")
    if result["world"]["violations"]:
        wrong.append(f"{truth.key}: {result['world']['violations'][0]}")
    check = result["opening_check"]["exit_code"]
    exact("opening check's exit code", check, 0)
    spread = f"{min(excess):.2f}..{max(excess):.2f}" if excess else ""
    lost = "stops" if found["link_stops"] else "goes on"
    latency = f"{latency_s:.2f} ({truth.start_latency_s:.2f})"
    row = (truth.key, "done", told["minutes"], found["min_ckmh"], found["increment_ckmh"], latency, lost, spread)
    return (*row, told["cap_kmh"]), wrong


def main() -> int:
    """0 when what was measured is right."""
    rows, wrong = [], []
    for key in sys.argv[1:] or TWO:
        truth = truth_of(MACHINES[key])
        with tempfile.TemporaryDirectory(prefix="retrowalk-commission-") as scratch:
            kept = os.environ.get("RETROWALK_SYSTEM_DIR")
            directory = Path(kept) / key if kept else Path(scratch)
            try:
                row, faults = judged(truth, commissioned(key, directory))
            except MachineError as error:
                print(error, file=sys.stderr)
                return 125
        rows.append(row)
        wrong += faults
        print(f"{key}: {'right' if not faults else 'see below'}", file=sys.stderr, flush=True)
    header = ("machine", "end", "min", "slowest", "step", "latency (true) s", "link lost", "excess", "cap km/h")
    table(header, rows)
    print(f"{len(rows)} machines over real BlueZ. excess: travel above the truth, in speed x data period.")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
