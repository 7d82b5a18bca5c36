"""The guest's side of the system test: bring everything up once, run the scenarios asked for, write what was seen.

One JSON line a scenario in /host/results. Every process's output is kept in /host/logs.
"""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Final

import msgspec

from tests.support.house import Timeout
from tests.system.guest.house import GuestHouse
from tests.system.guest.scenarios import SCENARIOS, Seen, restored, tail
from tests.system.outcome import Job, Outcome

HOST: Final = Path("/host")
PROJECT: Final = Path(__file__).resolve().parents[3]
GPIO_SIM: Final = Path("/run/gpio-sim")


def say(text: str) -> None:
    """A line of progress."""
    print(f"[{time.monotonic():7.1f}] {text}", flush=True)


def run_one(house: GuestHouse, name: str, repeats: int) -> Outcome:
    """Run one scenario; whatever goes wrong becomes its error."""
    scenario = SCENARIOS[name]
    started = time.monotonic()
    before = len(house.report().violations)
    house.news()
    error = ""
    seen = Seen()
    try:
        restored(house)
        seen = scenario.run(house, repeats if scenario.repeatable else 1)
    except (Timeout, AssertionError, OSError) as problem:
        error = f"{type(problem).__name__}: {problem}\n{traceback.format_exc(limit=-3)}"
        house.mend()
    report = house.report()
    violations = report.violations[before:]
    wrong = bool(error or violations or any(trip.rest_s is None for trip in seen.trips))
    return Outcome(
        name=name,
        error=error,
        trips=tuple(seen.trips),
        violations=violations,
        facts=seen.facts,
        took_s=time.monotonic() - started,
        tap=tail(house.everything()) if wrong else (),
    )


def main() -> int:
    """Exit code 0 when every scenario was run; what they showed is for the host to judge."""
    job = msgspec.json.decode((HOST / "job.json").read_bytes(), type=Job)
    # Compiled once, while bluetoothd comes up: each process would do it by itself.
    packages = [str(PROJECT / name) for name in ("hardware", "kiosk")]
    compiling = subprocess.Popen([sys.executable, "-m", "compileall", "-q", *packages])
    with GuestHouse(Path("/tmp/retrowalk"), HOST / "logs") as house, (HOST / "results").open("ab") as results:
        house.start_world(Path(GPIO_SIM.read_text(encoding="ascii").strip()))
        say("radio and bluetoothd are up")
        compiling.wait()
        house.ensure()
        for name in job.scenarios:
            outcome = run_one(house, name, job.repeats)
            say(outcome.line())
            results.write(msgspec.json.encode(outcome) + b"\n")
            results.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
