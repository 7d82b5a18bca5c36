"""Clip opened -> stop bytes at the simulated link, on the real clock, with the screen drawing.

    python -m tests.bench.stop_path [--quick] [--json] [--trips N] [--no-load] [--no-naive]

Both times are the simulated world's own: when its clip moved, and when `08 01` passed its byte tap. So the figure
holds everything between: sampling, decision, sockets, the belt process. It holds no radio: the air adds a connection
event or two (bluez.md). Beside it, in the same run and under the same load, stops through a naive single-process
asyncio app.

The load: the walk screen at 1920x1080, 30 frames a second; a database that commits each second with its fsync
stalled; one busy process a core.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import common
from tests.support.house import ADDRESS, House, Timeout

MACHINE = "bench"
PROFILE = """\
name = "bench"
address = "C0:FF:EE:00:00:42"
start_latency_s = 0.3
data_period_s = 0.2
stop_time_s = 2.0
"""
STALL_S = 2.0
QUICK_TRIPS, FULL_TRIPS = 40, 400
STOP = b"\x08\x01"
CONTROL_POINT = 0x2AD9


def spawn(module: str, house: House, *more: str) -> subprocess.Popen[bytes]:
    """One of the bench's own processes."""
    database = house.directory / "bench.db"
    argv = [sys.executable, "-m", module, "--runtime", str(house.paths.directory), "--database", str(database)]
    return subprocess.Popen([*argv, *more])


def burners() -> list[subprocess.Popen[bytes]]:
    """One busy process a core."""
    return [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]


def latencies(house: House, trips: int) -> tuple[list[float], int]:
    """Pull the clip *trips* times while the belt moves; edge to stop bytes in seconds, and how many never came."""
    found: list[float] = []
    missed = 0
    cursor = house.report(0).log_next
    for n in range(trips):
        wait_until(house, lambda r: r.belt_ckmh > 0, "the belt moves", 30)
        # Not in step with telemetry or ticks.
        time.sleep(0.05 + (n * 0.0137) % 0.2)
        cursor = house.report(cursor).log_next
        house.hand("clip", closed=False)
        opened = stopped = None
        deadline = time.monotonic() + 10
        while stopped is None and time.monotonic() < deadline:
            report = house.report(cursor)
            cursor = report.log_next
            for entry in report.log:
                if entry.note == "a hand opens clip":
                    opened = entry.t_s
                elif opened is not None and (entry.direction, entry.char, entry.value) == (
                    "write",
                    CONTROL_POINT,
                    STOP,
                ):
                    stopped = entry.t_s
                    break
            time.sleep(0.02)
        if opened is None or stopped is None:
            missed += 1
        else:
            found.append(stopped - opened)
        wait_until(house, lambda r: r.belt_ckmh == 0, "the belt rests", 30)
        time.sleep(0.3)
        house.hand("clip", closed=True)
        rearm(house)
    return found, missed


def rearm(house: House) -> None:
    """The proof of the next session: the clip pulled once more and closed."""
    time.sleep(0.9)
    house.hand("clip", closed=False)
    time.sleep(0.1)
    house.hand("clip", closed=True)


def wait_until(house: House, condition, what: str, seconds: float) -> None:
    """Ask the world until *condition* holds; a clip nudge now and then, as a proof may have come too early."""
    deadline = time.monotonic() + seconds
    nudge = time.monotonic() + 6
    while True:
        report = house.report()
        if condition(report):
            return
        if time.monotonic() > deadline:
            raise Timeout(f"{what}: not within {seconds} s ({report.belt_ckmh} ckmh, clip {report.clip_closed})")
        if time.monotonic() > nudge and what == "the belt moves":
            rearm(house)
            nudge = time.monotonic() + 6
        time.sleep(0.05)


def measure(which: str, trips: int, *, load: bool) -> dict:
    """One side of the comparison in a house of its own."""
    names = ("simulated", "guard", "stopper", "belt") if which == "ours" else ("simulated",)
    with tempfile.TemporaryDirectory(prefix="rw-") as directory:
        with House(Path(directory), names=names, treadmill=MACHINE, profile=PROFILE) as house:
            busy = burners() if load else []
            stall = ["--stall", str(STALL_S if load else 0.0)]
            if which == "ours":
                kiosk = house.kiosk()
                kiosk.close()
                app = spawn("tests.bench.drawing_kiosk", house, *stall)
            else:
                app = spawn("tests.bench.naive_app", house, "--address", ADDRESS, *stall)
            try:
                time.sleep(1.5)
                rearm(house)
                found, missed = latencies(house, trips)
                violations = list(house.report().violations)
            finally:
                for process in (*busy, app):
                    process.kill()
                    process.wait()
    return {**common.summary(found), "missed": missed, **({"violations": violations} if which == "ours" else {})}


def run(options: argparse.Namespace) -> dict:
    trips = options.trips or (QUICK_TRIPS if options.quick else FULL_TRIPS)
    load = not options.no_load
    result = {"ours": measure("ours", trips, load=load)}
    if not options.no_naive:
        result["naive"] = measure("naive", max(10, trips // 4), load=load)
        result["naive_over_ours_p50"] = round(result["naive"]["p50_ms"] / result["ours"]["p50_ms"], 1)
    result["load"] = (
        "drawing 1080p at 30/s, commits stalled 2 s, every core busy" if load else "drawing 1080p at 30/s"
    )
    return result


def show(result: dict) -> None:
    rows = [
        (name, r["trips"], r["p50_ms"], r["p99_ms"], r["max_ms"], r["missed"])
        for name, r in result.items()
        if isinstance(r, dict)
    ]
    common.table(("clip -> stop bytes", "trips", "p50 ms", "p99 ms", "max ms", "missed"), rows)
    print(f"load: {result['load']}")
    n = result["ours"]["trips"]
    print(f"What {n} trips can claim: if none of them lies over a limit, at most {300 / n:.1f} % of all do (95 %).")


if __name__ == "__main__":
    sys.exit(
        common.main(
            __doc__.splitlines()[0],
            run,
            show,
            trips={"type": int, "default": 0},
            no_load={"action": "store_true"},
            no_naive={"action": "store_true"},
        )
    )
