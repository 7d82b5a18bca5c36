"""Commissioning and opening check on the staff's screen, by touches alone, with guard, belt process and treadmill.

``python -m tests.bench.screen_commissioning [--quick] [--json]``: --quick does the opening check alone. Fails where a
procedure does not come to its end, a profile is not signed, or a byte moved a belt that must not. One run of each
on one simulated treadmill: it claims that the screens lead through, not how often they do.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from hardware.config import Checks, WiringLevel
from hardware.config.profiles import Profile
from hardware.simulated.machines import BENCH, SIMULATED_S1, Machine
from kiosk.staff.desk.procedure import KIND_CHECK, KIND_COMMISSION, ProcedurePage
from tests.support.composed import ADDRESS, Composed
from tests.support.staffed import Staffed

PROFILE = Profile(name="S1", address=ADDRESS, model="S1", firmware="1.0", commissioned=True, start_latency_s=4.0)


def walk(kind: str, machine: Machine, **options: object) -> dict[str, object]:
    """One procedure from its first page to its last."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as directory:
        house = Composed(machine, level=WiringLevel.H2, checks=Checks(), **options)  # type: ignore[arg-type]
        house.run(3)
        staffed = Staffed(house, Path(directory), ProcedurePage(kind, ADDRESS))
        since_s = house.now_s
        staffed.follow(staffed.hand(belt_mm=1800), "done", "unusable", "left")
        profile = staffed.profile()
        found: dict[str, object] = {
            "procedure": kind,
            "end": staffed.pages[-1],
            "pages": len(staffed.pages),
            "virtual_s": round(house.now_s - since_s, 1),
            "cpu_s": round(time.process_time() - began, 1),
            "violations": len(house.world.violations),
            "signed_by": profile.signed_by,
            "cap_kmh": profile.limit_ckmh / 100,
        }
        staffed.close()
    return found


def main() -> int:
    """Exit code 1 where something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    runs = [walk(KIND_CHECK, SIMULATED_S1, profile=PROFILE)]
    if not options.quick:
        runs.append(walk(KIND_COMMISSION, BENCH, cap_kmh=3.0))
    bad = [run for run in runs if run["end"] != "done" or run["violations"]]
    bad += [run for run in runs if run["procedure"] == KIND_COMMISSION and run["signed_by"] != "Ana"]
    if options.json:
        print(json.dumps({"runs": runs, "holds": not bad}))
    else:
        for run in runs:
            print("  ".join(f"{name} {value}" for name, value in run.items()))
        print(f"N = {len(runs)}: " + ("every page led on to the end." if not bad else f"{len(bad)} did not hold."))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
