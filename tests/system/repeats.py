"""Every scenario many times over real BlueZ, one after another, with what so many times can claim.

    python -m tests.system.repeats [--times 10] [--fresh] [--json] [NAME ...]

No NAME: all that can be repeated (see tests.system.guest.scenarios). They are done in rounds, each once a round, so
that a run that is stopped has done each about as often; started again it goes on where it was, as long as the code is
the same. Each time is judged by the promise and the budgets of tests/system/test_system.py. One that was missed is
done once more at the end, and both are told: on a busy host the virtual machine's clock stands still now and then.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.bench.common import claim, code_key, percentile, table
from tests.system import by_name, test_system
from tests.system.outcome import Job, Outcome, Trip
from tests.system.session import COMMAND, DEATHS, PATIENCE_S, write_job
from tests.system.vm import MachineError, VirtualMachine, booted, cache_directory

Judge = Callable[[Outcome], None]
CODE: Final = ("hardware", "kiosk", "tests/system", "tests/support")
BY_NAME: Final = frozenset({"short_walk", "clip_opened_on_screen", "pairing_wanted"})  # minutes each, or on trial


def judges() -> dict[str, Judge]:
    """The test of each scenario, in their order."""
    found: dict[str, Judge] = {}
    for name, value in (*vars(test_system).items(), *vars(by_name).items()):
        if name.startswith("test_"):
            found |= {mark.args[0]: value for mark in value.pytestmark if mark.name == "scenario"}
    return found


def missed(judge: Judge, outcome: Outcome) -> str:
    """Why *outcome* does not hold, in one line; empty when it does."""
    if outcome.error:
        return outcome.error.splitlines()[0]
    try:
        judge(outcome)
    except AssertionError as error:
        return (str(error) or "a promise of test_system.py").splitlines()[0]
    return ""


def all_missed(judge: Judge, done: Sequence[Outcome], name: str) -> list[str]:
    """One line for each of *name*'s that does not hold."""
    return [why for outcome in done if outcome.name == name and (why := missed(judge, outcome))]


# ---------------------------------------------------------------------------------------------- running


class Record:
    """What was seen so far with this code; one JSON line a time."""

    def __init__(self, *, fresh: bool) -> None:
        directory = cache_directory() / "repeats"
        directory.mkdir(parents=True, exist_ok=True)
        self.path: Final = directory / f"{code_key(CODE)}.jsonl"
        if fresh:
            self.path.unlink(missing_ok=True)

    def read(self) -> list[Outcome]:
        """All, oldest first."""
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        return [msgspec.json.decode(line, type=Outcome) for line in lines]

    def add(self, outcome: Outcome) -> None:
        """One more."""
        with self.path.open("ab") as out:
            out.write(msgspec.json.encode(outcome) + b"\n")


def left_to_do(names: Sequence[str], times: int, done: Sequence[Outcome]) -> tuple[str, ...]:
    """The rounds that are missing, in order."""
    counts = {name: sum(outcome.name == name for outcome in done) for name in names}
    return tuple(name for turn in range(times) for name in names if counts[name] <= turn)


def done_in(machine: VirtualMachine) -> Iterator[Outcome]:
    """The outcomes of a booted machine as they come. Raises MachineError when nothing comes any more."""
    seen, results = 0, machine.directory / "results"
    heard_s = time.monotonic()
    while True:
        running = machine.running
        whole = results.read_bytes().splitlines(keepends=True)[seen:] if results.exists() else []
        for line in whole:
            if line.endswith(b"\n"):
                seen, heard_s = seen + 1, time.monotonic()
                yield msgspec.json.decode(line, type=Outcome)
        if not running:
            if machine.exit_code != 0:
                raise machine.error("The virtual machine ended before its job did.")
            return
        if time.monotonic() - heard_s > PATIENCE_S:
            raise machine.error(f"No outcome within {PATIENCE_S:.0f} s.")
        time.sleep(0.2)


def carry_out(names: Sequence[str], record: Record, directory: Path) -> None:
    """Do *names* in this order and add each to *record*. An emulator that ends is booted again, DEATHS times."""
    todo = list(names)
    for attempt in range(DEATHS + 1):
        (directory / "results").unlink(missing_ok=True)
        directory.mkdir(parents=True, exist_ok=True)
        write_job(directory, Job(scenarios=tuple(todo)))
        try:
            with booted(directory, COMMAND) as machine:
                for outcome in done_in(machine):
                    todo.remove(outcome.name)
                    record.add(outcome)
                    print(outcome.line(), file=sys.stderr, flush=True)
            return
        except MachineError as error:
            if attempt == DEATHS:
                raise
            print(f"{error}\nBooted once more for what is left.", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------- telling


def spread(trips: Sequence[Trip], field: str) -> str:
    """Median and worst in seconds."""
    values = [value for trip in trips if (value := getattr(trip, field)) is not None]
    if not values:
        return ""
    return f"{percentile(values, 50):.2f} / {max(values):.2f}"


def show(names: Sequence[str], done: Sequence[Outcome], said: dict[str, list[str]]) -> None:
    """The tables."""
    rows = []
    for name in names:
        outcomes = [outcome for outcome in done if outcome.name == name]
        trips = [trip for outcome in outcomes for trip in outcome.trips]
        fields = ("permit_off_s", "stop_bytes_s", "rest_s", "ready_s")
        rows.append((name, len(outcomes), len(said[name]), *(spread(trips, field) for field in fields)))
    print("seconds, median / worst; stop bytes and rest from the cause, ready from the repair\n")
    table(("scenario", "times", "missed", "permit off", "stop bytes", "rest", "ready again"), rows)
    for name in names:
        for sentence in said[name]:
            print(f"{name}: {sentence}")
    total = len(done)
    print()
    print(claim(total, sum(map(len, said.values())), "missed a promise"))
    print(f"Host: {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end.")


def main() -> int:
    """0 when every promise was kept, in the first go or in the one more."""
    for number in (signal.SIGINT, signal.SIGTERM):  # in the background a shell has SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    known = judges()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all that can be repeated when left out")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier run has done")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args()
    names = options.names or [name for name in known if name not in BY_NAME]
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(known)}")
    record = Record(fresh=options.fresh)
    try:
        with tempfile.TemporaryDirectory(prefix="retrowalk-repeats-") as scratch:
            if todo := left_to_do(names, options.times, record.read()):
                carry_out(todo, record, Path(scratch))
            done = [outcome for outcome in record.read() if outcome.name in names]
            said = {name: all_missed(known[name], done, name) for name in names}
            again = [name for name in names if said[name]]
            before = len(record.read())
            if again:
                print(f"once more: {', '.join(again)}", file=sys.stderr, flush=True)
                carry_out(again, record, Path(scratch))
    except MachineError as error:
        print(error, file=sys.stderr)
        return 125
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 130
    more = record.read()[before:]
    lost = [one.name for one in more if missed(known[one.name], one)]
    show(names, done, said)
    for one in more:
        print(f"{one.name}, once more: {missed(known[one.name], one) or 'kept'}")
    if options.json:
        figures = {name: [msgspec.to_builtins(one) for one in done if one.name == name] for name in names}
        print(json.dumps({"outcomes": figures, "missed": said, "missed_again": lost}))
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
