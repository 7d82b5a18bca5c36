"""The guard as a process: memory, start-up, tick jitter under load, imports, threads.

    python -m tests.bench.guard_process [--quick] [--json] [--plain]

A tick's time is the guard's own stamp on the Wish that it sends in that tick; jitter is how far the gap between two
ticks is from 20 ms. The guard runs on pins that this bench holds still (with a real chip, ``import lgpio`` adds one
sleeping thread), LATCHED, with a belt peer that answers each Wish. The load is two busy processes a core. Priorities
are those of deploy/systemd where the machine allows it, or with --plain none.
"""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path

from hardware.constants import TICK_LATE_S, TICK_S
from hardware.link.endpoint import Listener, SocketEndpoint, connect
from hardware.link.messages import GuardToBelt, GuardToPins, PinLevels
from hardware.link.paths import open_runtime_directory
from tests.bench import priorities
from tests.bench.common import main, percentile, table
from tests.support.plant import Plant

CONFIG = """\
[treadmill]
link = "simulated"
[wiring]
pins = "simulated"
level = "H1"
permit = 23
[checks]
opening = false
profile = false
[data]
directory = "{data}"
"""
QUICK_S, FULL_S = 20.0, 600.0
QUICK_STARTS, FULL_STARTS = 5, 30
BUSY = "while True: sum(range(1000))"
FORBIDDEN = ("asyncio", "pygame", "sqlalchemy", "bleak", "typer", "hypothesis")
MAX_THREADS = 2


class Guard:
    """One guard process, from its start to its end."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / "guard.toml"
        config.write_text(CONFIG.format(data=directory))
        self.paths = open_runtime_directory(directory / "run")
        self.world = Listener(self.paths.world_pins)
        self.started_s = time.monotonic()
        argv = [sys.executable, "-m", "hardware.guard", "--config", str(config)]
        self.process = subprocess.Popen([*argv, "--runtime", str(self.paths.directory)])
        sock = self._wait(self.world.accept)
        self.pins: SocketEndpoint = SocketEndpoint(sock, GuardToPins)
        self.pins.send(PinLevels(((17, 0), (27, 0))), time.monotonic())
        self.belt: SocketEndpoint = SocketEndpoint(self._wait(lambda: connect(self.paths.guard_belt)), GuardToBelt)
        self.plant = Plant()
        self.stamps: list[float] = []

    def _wait(self, ask):
        while (found := ask()) is None:
            if time.monotonic() - self.started_s > 30 or self.process.poll() is not None:
                raise RuntimeError("The guard did not come up.")
            time.sleep(0.001)
        return found

    def turn(self, timeout_s: float) -> None:
        """Answer what has come, as a belt process and a world would."""
        select.select([self.belt, self.pins], [], [], timeout_s)
        now = time.monotonic()
        self.pins.drain(now)
        for frame in self.belt.drain(now):
            self.stamps.append(frame.t_s)
            self.plant.step(frame.body, False, now)
            self.belt.send(self.plant.sent, now)

    def proc(self, name: str) -> int:
        """A figure of /proc/PID/status."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)

    def cpu_s(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.belt.close()
        self.pins.close()
        self.world.close()
        self.process.wait()


def start_up(directory: Path) -> float:
    """From the call to the stamp of the first tick."""
    with closing(Guard(directory)) as guard:
        while not guard.stamps:
            guard.turn(0.1)
        return guard.stamps[0] - guard.started_s


def modules() -> list[str]:
    """What the guard's process imports."""
    code = "import sys, hardware.guard.process; print('\\n'.join(sorted(sys.modules)))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def jitter(directory: Path, seconds: float, *, loaded: bool, plain: bool) -> dict:
    """Tick gaps for *seconds*."""
    with ExitStack() as stack:
        guard = stack.enter_context(closing(Guard(directory)))
        busy = [
            subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2 * (os.cpu_count() or 1) if loaded else 0)
        ]
        for process in busy:
            stack.callback(process.wait)
            stack.callback(process.kill)
        scheduled = not plain and priorities.apply({"guard": guard.process.pid})
        while len(guard.stamps) < 100:
            guard.turn(0.1)
        guard.stamps.clear()
        memory, cpu, began = guard.proc("VmRSS"), guard.cpu_s(), time.monotonic()
        while time.monotonic() - began < seconds:
            guard.turn(0.1)
        gaps = [b - a for a, b in pairwise(guard.stamps)]
        off = [abs(gap - TICK_S) for gap in gaps]
        return {
            "ticks": len(gaps),
            "real_time": scheduled,
            "p50_ms": round(percentile(off, 50) * 1000, 3),
            "p999_ms": round(percentile(off, 99.9) * 1000, 3),
            "max_ms": round(max(off) * 1000, 3),
            "late": sum(gap - TICK_S > TICK_LATE_S for gap in gaps),
            "cpu_percent": round(100 * (guard.cpu_s() - cpu) / (time.monotonic() - began), 2),
            "rss_mb": round(guard.proc("VmRSS") / 1024, 1),
            "rss_grew_kb": guard.proc("VmRSS") - memory,
            "threads": guard.proc("Threads"),
        }


def run(options: argparse.Namespace) -> dict:
    """Everything, one after the other."""
    seconds = QUICK_S if options.quick else FULL_S
    starts = QUICK_STARTS if options.quick else FULL_STARTS
    with tempfile.TemporaryDirectory(prefix="rw-") as directory:
        top = Path(directory)
        up = [start_up(top / f"s{n}") for n in range(starts)]
        idle = jitter(top / "idle", seconds, loaded=False, plain=options.plain)
        loaded = jitter(top / "busy", seconds, loaded=True, plain=options.plain)
    names = modules()
    there = [name for name in FORBIDDEN if name in names]
    failures = [f"The guard imports {name}." for name in there]
    if max(idle["threads"], loaded["threads"]) > MAX_THREADS:
        failures.append(f"The guard has {loaded['threads']} threads; {MAX_THREADS} are allowed.")
    return {
        "start_up_ms": {"p50": round(percentile(up, 50) * 1000), "max": round(max(up) * 1000), "starts": len(up)},
        "idle": idle,
        "loaded": loaded,
        "modules": len(names),
        "ours": [name for name in names if name.startswith("hardware.")],
        "failures": failures,
    }


def show(result: dict) -> None:
    """A table."""
    names = {
        "ticks": "ticks measured",
        "real_time": "real-time priority",
        "p50_ms": "jitter p50, ms",
        "p999_ms": "jitter p99.9, ms",
        "max_ms": "jitter max, ms",
        "late": f"ticks more than {TICK_LATE_S * 1000:.0f} ms late",
        "cpu_percent": "processor, % of one core",
        "rss_mb": "resident, MB",
        "rss_grew_kb": "resident, growth, kB",
        "threads": "threads",
    }
    table(["", "idle", "loaded"], [[name, result["idle"][key], result["loaded"][key]] for key, name in names.items()])
    up = result["start_up_ms"]
    print(f"start to first tick: p50 {up['p50']} ms, max {up['max']} ms over {up['starts']} starts")
    print(f"modules imported: {result['modules']}, of them ours {len(result['ours'])}")


if __name__ == "__main__":
    plain = {"help": "no real-time priority", "action": "store_true"}
    sys.exit(main("The guard as a process", run, show, plain=plain))
