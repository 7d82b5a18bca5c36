"""Clip opened -> stop bytes at the simulated link, on the real clock, with the screen drawing.

    python -m tests.bench.stop_path [--quick] [--json] [--trips N] [--houses N] [--no-load] [--plain] [--only SIDE]
        [--fresh]

Both times are the simulated world's own: when its clip moved, and when `08 01` passed its byte tap. So the figure
holds everything between: sampling, decision, sockets, the belt process. It holds no radio: the air adds a connection
event or two (bluez.md). The clip is pulled at a random moment from the start command on, in spin-up or after it.

Beside it, in the same run and under the same load, stops through a naive single-process asyncio app, through the same
app with its commits in a thread, and with pyftms (in its own Python 3.12 or 3.13; where that cannot be had, it is
said).

The load: the walk screen at 1920x1080, 30 frames a second; a database that commits each second with its fsync
stalled by 2 s; one busy process a core. Several houses run at once, because nearly all of a trip's time is the rest
that the guard insists on before the next start: each is complete, so they are load for each other as well.
Priorities are those of deploy/systemd (real time for the guard; the apps get the belt process's, which a process that
draws would never get); where the machine does not allow it, or with --plain, all are equal, and the table says so.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hardware.link.messages import State, TapEntry
from tests.bench import common, decoders, priorities
from tests.support.house import ADDRESS, House, Timeout

MACHINE = "bench"
PROFILE = """\
name = "bench"
address = "C0:FF:EE:00:00:42"
start_latency_s = 0.2
data_period_s = 0.1
stop_time_s = 1.0
"""
STALL_S = 2.0
QUICK_TRIPS, FULL_TRIPS = 200, 2000
BASELINE = 5  # one trip of a baseline for so many of ours: their figures differ by orders, ours has to be exact
CHUNK = 200
FULL_S = 28 * 60.0
HOUSES = 6
STOP = b"\x08\x01"
CONTROL_POINT = 0x2AD9
NEVER_S = 10.0
WALK_S = 40.0  # a start that does not come within this is a fault of the bench or of the product: said, never hidden
SIDES = ("ours", "naive", "naive_threads", "pyftms")
AIM_P99_MS, AIM_MAX_MS = 20.0, 60.0


def is_stop(entry: TapEntry) -> bool:
    """`08 01` leaves for the treadmill."""
    return (entry.direction, entry.char, entry.value) == ("write", CONTROL_POINT, STOP)


class Trips:
    """What one house has measured. Filled by its thread."""

    def __init__(self) -> None:
        self.stop_s: list[float] = []
        self.permit_s: list[float] = []
        self.missed = 0
        self.unplanned: list[str] = []
        self.trouble: list[str] = []
        self.violations: list[str] = []
        self.late_ticks = 0


class Driver:
    """The hand in one house, and its eye on the byte tap."""

    fitted = False  # a permit relay that a trip has to drop

    def __init__(self, house: House, trips: Trips, seed: int) -> None:
        self.house = house
        self.trips = trips
        self.rng = random.Random(seed)
        self.lines: deque[TapEntry] = deque()
        self.cursor = house.report(0).log_next

    def entries(self, seconds: float) -> Iterator[TapEntry]:
        """Lines of the tap as they come, each once, for at most *seconds*."""
        deadline = time.monotonic() + seconds
        while True:
            while self.lines:
                yield self.lines.popleft()
            if time.monotonic() > deadline:
                return
            report = self.house.report(self.cursor)
            self.cursor = report.log_next
            self.lines.extend(report.log)
            if not report.log:
                time.sleep(0.01)

    def trip(self) -> None:
        """Pull the clip now; note how long the stop bytes took."""
        for _ in self.entries(0.0):
            pass
        self.house.hand("clip", closed=False)
        opened = stopped = dropped = None
        for entry in self.entries(NEVER_S):
            if entry.note == "a hand opens clip":
                opened = entry.t_s
            elif opened is not None and is_stop(entry) and stopped is None:
                stopped = entry.t_s
            elif opened is not None and entry.note == "permit off" and dropped is None:
                dropped = entry.t_s
            if stopped is not None and (dropped is not None or not self.fitted):
                break
        if opened is None or stopped is None or (dropped is None and self.fitted):
            self.trips.missed += 1
            return
        self.trips.stop_s.append(stopped - opened)
        if dropped is not None:
            self.trips.permit_s.append(dropped - opened)

    def run(self, trips: int) -> None:
        try:
            for _ in range(trips):
                self.ready()
                self.trip()
                self.again()
        except Timeout as error:
            self.trips.trouble.append(str(error)[:600])
        self.trips.violations = list(self.house.report().violations)

    def ready(self) -> None:
        raise NotImplementedError

    def again(self) -> None:
        raise NotImplementedError


class OurDriver(Driver):
    """Goes by what the guard tells its kiosk."""

    fitted = True

    def __init__(self, house: House, trips: Trips, seed: int, kiosk: subprocess.Popen[bytes]) -> None:
        super().__init__(house, trips, seed)
        self.pipe = kiosk.stdout
        os.set_blocking(self.pipe.fileno(), False)
        self.rest = b""
        self.late_before: int | None = None
        self.state, self.cause, self.clip_closed, self.permit_on = "", "", True, False

    def listen(self, seconds: float) -> None:
        """Take in what the kiosk has said, waiting at most *seconds* for something."""
        select.select([self.pipe], [], [], max(0.0, seconds))
        more = self.pipe.read() or b""
        *lines, self.rest = (self.rest + more).split(b"\n")
        for line in lines:
            was = self.state
            self.state, self.cause, clip, permit, late = line.decode().split()
            self.clip_closed, self.permit_on = clip == "1", permit == "1"
            if was == State.PROOF and self.late_before is None:
                self.late_before = int(late)  # those of its start-up are nobody's
            self.trips.late_ticks = 0 if self.late_before is None else int(late) - self.late_before
            if was in ("starting", "running") and self.state == "stopping" and self.clip_closed:
                self.trips.unplanned.append(self.cause)

    def until(self, condition, what: str) -> None:
        deadline = time.monotonic() + WALK_S
        while not condition():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise Timeout(f"no {what} within {WALK_S:.0f} s: {self.state} {self.cause} clip {self.clip_closed}")
            self.listen(min(left_s, 0.5))

    def ready(self) -> None:
        """Re-seat the key, prove the clip, and wait until the start command is out."""
        while self.state not in (State.STARTING, State.RUNNING):
            self.until(lambda: self.state == State.PROOF and self.permit_on, "clip proof asked for")
            self.house.hand("key", closed=True)
            self.house.hand("clip", closed=False)
            self.until(lambda: not self.clip_closed, "clip seen open")
            self.house.hand("clip", closed=True)
            self.until(lambda: self.state not in (State.PROOF, State.ARMED), "start")
        time.sleep(self.rng.uniform(0.02, 0.6))
        self.listen(0)
        if self.state not in (State.STARTING, State.RUNNING):  # stopped by itself meanwhile: noted as unplanned
            self.again()
            self.ready()

    def again(self) -> None:
        self.house.hand("clip", closed=True)
        self.until(lambda: self.state not in (State.STARTING, State.RUNNING, State.STOPPING), "rest")


class AppDriver(Driver):
    """Goes by the belt itself: a naive app tells nobody anything."""

    def ready(self) -> None:
        self.until(lambda r: r.belt_ckmh > 0, "start")
        # pyftms gives no event for a record of zeros only, so the first walk has to leave a trace in the record.
        time.sleep(self.rng.uniform(0.02, 0.6) if self.trips.stop_s else 1.5)

    def again(self) -> None:
        self.until(lambda r: r.belt_ckmh == 0, "rest")
        self.house.hand("clip", closed=True)

    def until(self, condition, what: str) -> None:
        deadline = time.monotonic() + WALK_S
        while not condition(report := self.house.report()):
            if time.monotonic() > deadline:
                raise Timeout(f"no {what} within {WALK_S:.0f} s: belt {report.belt_ckmh}, clip {report.clip_closed}")
            time.sleep(0.03)


def spawn(house: House, argv: list[str], stall_s: float, **more: Any) -> subprocess.Popen[bytes]:
    """One of the bench's own processes."""
    where = ["--runtime", str(house.paths.directory), "--database", str(house.directory / "bench.db")]
    return subprocess.Popen([*argv, *where, "--stall", str(stall_s)], **more)


def burners() -> list[subprocess.Popen[bytes]]:
    """One busy process a core."""
    return [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]


def pyftms_python() -> tuple[Path | None, str]:
    """A Python with pyftms and what the drawing needs; None and the reason where there is none."""
    return decoders.environment("pyftms-app")


class Equal(Exception):
    """This machine gives no priorities."""


def side(
    which: str, stack: ExitStack, stall_s: float, trips: Trips, seed: int, python: Path | None, *, ranked: bool
) -> Driver:
    """One house with its app, walking. Raises Equal where *ranked* cannot be had."""
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rw-")))
    ours = which == "ours"
    house = stack.enter_context(
        House(
            directory,
            names=("simulated", "guard", "stopper", "belt") if ours else ("simulated",),
            treadmill=MACHINE,
            profile=PROFILE,
            # A naive app that is held up loses the permit, and with H1 its key: it would never start again.
            level="H1" if ours else "H0",
        )
    )
    quiet = {"env": {**os.environ, "PYGAME_HIDE_SUPPORT_PROMPT": "1", "PYTHONPATH": str(common.REPO)}}
    if ours:
        house.kiosk().close()  # wait until the guard is up
        argv = [sys.executable, "-m", "tests.bench.drawing_kiosk"]
        app = spawn(house, argv, stall_s, stdout=subprocess.PIPE, **quiet)
        stack.callback(app.stdout.close)
    else:
        argv = [str(python or sys.executable), "-m", "tests.bench.naive_app", "--address", ADDRESS]
        argv += {"pyftms": ["--through", "pyftms"], "naive_threads": ["--commits", "thread"]}.get(which, [])
        app = spawn(house, argv, stall_s, **quiet)
    stack.callback(app.wait)
    stack.callback(app.kill)
    pids = {name: process.pid for name, process in house.processes.items()}
    if ranked and not priorities.apply({**pids, "kiosk" if ours else "belt": app.pid}):
        raise Equal
    return OurDriver(house, trips, seed, app) if ours else AppDriver(house, trips, seed)


def measure(
    which: str, trips: int, *, load: bool, houses: int, seed: int, python: Path | None, ranked: bool
) -> list[Trips]:
    """*trips* clip pulls, shared among *houses*."""
    houses = max(1, min(houses, trips))
    results = [Trips() for _ in range(houses)]
    with ExitStack() as stack:
        stall_s = STALL_S if load else 0.0
        drivers = [
            side(which, stack, stall_s, result, seed * 100 + n, python, ranked=ranked)
            for n, result in enumerate(results)
        ]
        for process in burners() if load else []:
            stack.callback(process.wait)
            stack.callback(process.kill)
        shares = [trips // houses + (n < trips % houses) for n in range(houses)]
        threads = [
            threading.Thread(target=driver.run, args=(share,)) for driver, share in zip(drivers, shares, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return results


def collected(results: list[Trips]) -> dict[str, Any]:
    """Everything measured, raw, so that runs can be added up."""
    kinds = ("stop_s", "permit_s", "unplanned", "trouble", "violations")
    found: dict[str, Any] = {kind: [value for trips in results for value in getattr(trips, kind)] for kind in kinds}
    found["missed"] = sum(trips.missed for trips in results)
    found["late_ticks"] = sum(trips.late_ticks for trips in results)
    return found


def added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two lots together."""
    return {key: one[key] + other[key] for key in other} if one else other


def told(which: str, found: dict[str, Any]) -> dict[str, Any]:
    """The figures of one side."""
    result: dict[str, Any] = {**common.summary(found["stop_s"]), "missed": found["missed"]}
    if which == "ours":
        result["permit_off"] = common.summary(found["permit_s"])
        result |= {key: found[key] for key in ("violations", "late_ticks")}
        result["unplanned_stops"] = found["unplanned"]
    return result | ({"trouble": found["trouble"]} if found["trouble"] else {})


def run(options: argparse.Namespace) -> dict[str, Any]:
    trips = options.trips or (QUICK_TRIPS if options.quick else FULL_TRIPS)
    load, began_s = not options.no_load, time.monotonic()
    wanted = [options.only] if options.only else list(SIDES)
    ranked = not options.plain
    name = f"stop_path-{'load' if load else 'no-load'}-{'plain' if options.plain else 'ranked'}-{options.houses}"
    saved = None if options.quick or options.trips else common.Saved(name, fresh=options.fresh)
    found: dict[str, dict[str, Any]] = saved.data if saved else {}
    python, said = pyftms_python() if "pyftms" in wanted else (None, "")
    if "pyftms" in wanted and python is None:
        wanted.remove("pyftms")
    goal = {which: trips if which == "ours" else max(options.houses, trips // BASELINE) for which in wanted}
    while True:
        due = {which: goal[which] - len(found.get(which, {}).get("stop_s", ())) for which in wanted}
        due = {which: left for which, left in due.items() if left > 0}
        if not due or (saved and time.monotonic() - began_s > FULL_S):
            break
        for which, left in due.items():
            lot = min(left, CHUNK if which == "ours" else max(options.houses, CHUNK // BASELINE))
            seed = options.seed + len(found.get(which, {}).get("stop_s", ()))
            how: dict[str, Any] = {"load": load, "houses": options.houses, "seed": seed, "python": python}
            try:
                results = measure(which, lot, **how, ranked=ranked)
            except Equal:
                ranked = False
                results = measure(which, lot, **how, ranked=ranked)
            found[which] = added(found.get(which, {}), collected(results))
            if saved:
                saved.save()
        if not saved:
            break
    result: dict[str, Any] = {which: told(which, found[which]) for which in wanted if which in found}
    if "pyftms" in result:
        result["pyftms"]["environment"] = said
    elif said:
        result["pyftms"] = {"missing": said}
    result["load"] = f"{options.houses} houses drawing 1080p at 30/s"
    if load:
        result["load"] += f", commits stalled {STALL_S:g} s, every core busy"
    result["priorities"] = "as in deploy/systemd" if ranked else "none"
    result["seconds"] = round(time.monotonic() - began_s)
    ours = result.get("ours")
    if ours is not None:
        n, p50 = ours["trips"], ours["p50_ms"]
        over = sum(value * 1000 > AIM_MAX_MS for value in found["ours"]["stop_s"])
        result["claim"] = common.claim(n, over, f"took longer than {AIM_MAX_MS:g} ms") if n else ""
        result["aims_met"] = bool(n and ours["p99_ms"] < AIM_P99_MS and ours["max_ms"] < AIM_MAX_MS)
        for which in SIDES[1:]:
            if p50 and result.get(which, {}).get("p50_ms"):
                result[f"{which}_over_ours_p50"] = round(result[which]["p50_ms"] / p50, 1)
        result["failures"] = failures(ours, goal["ours"] if not saved else n)
        beside = [which for which in SIDES[1:] if which in found and not result[which].get("trips")]
        result["failures"] += [f"{which} made no trip at all: {result[which].get('trouble')}" for which in beside]
    return result


def failures(ours: dict[str, Any], wanted: int) -> list[str]:
    """What must not be, whatever the machine: a stop that never came, a forbidden byte, walks that did not start."""
    found = []
    if ours["missed"]:
        found.append(f"{ours['missed']} clip pulls without stop bytes or permit off.")
    if ours["violations"]:
        found.append(f"Forbidden bytes left: {ours['violations'][:3]}")
    if ours["trips"] < wanted - ours["missed"]:
        found.append(f"Only {ours['trips']} of {wanted} trips were made: {ours.get('trouble')}")
    return found


def show(result: dict[str, Any]) -> None:
    sides = [(name, result[name]) for name in SIDES if "trips" in result.get(name, {})]
    rows = [(name, r["trips"], r["p50_ms"], r["p99_ms"], r["max_ms"], r["missed"]) for name, r in sides]
    if "ours" in result:
        permit = result["ours"]["permit_off"]
        rows.insert(
            1, ("ours: permit off", permit["trips"], permit["p50_ms"], permit["p99_ms"], permit["max_ms"], "")
        )
    common.table(("clip -> stop bytes", "trips", "p50 ms", "p99 ms", "max ms", "missed"), rows)
    print(f"load: {result['load']}; priorities: {result['priorities']}; {result['seconds']} s")
    if "missing" in result.get("pyftms", {}):
        print(f"pyftms was not run: {result['pyftms']['missing']}.")
    ours = result.get("ours")
    if ours is not None:
        print(result["claim"])
        print(
            f"Aims (p99 < {AIM_P99_MS:g} ms, max < {AIM_MAX_MS:g} ms): {'met' if result['aims_met'] else 'MISSED'}."
        )
        print(
            f"Forbidden bytes: {len(ours['violations'])}. Late ticks: {ours['late_ticks']}. "
            f"Walks that stopped by themselves: {len(ours['unplanned_stops'])} {sorted(set(ours['unplanned_stops']))}"
        )
    for name, r in sides:
        for sentence in r.get("trouble", ()):
            print(f"{name}: {sentence}")


if __name__ == "__main__":
    sys.exit(
        common.main(
            __doc__.splitlines()[0],
            run,
            show,
            trips={"type": int, "default": 0},
            houses={"type": int, "default": HOUSES},
            no_load={"action": "store_true"},
            plain={"action": "store_true", "help": "no priorities"},
            only={"choices": SIDES},
            fresh={"action": "store_true", "help": "forget what an earlier full run has reached"},
            seed={"type": int, "default": 20261120},
        )
    )
