"""A session on a disk that refuses: full, read-only, failing, stalling for seven seconds.

``python -m tests.bench.bad_disk [--quick] [--json]``

A paced walk (50 samples a second) is told to the store while the disk under it is spoiled for the middle third.
Asked: how long any call held its caller, when staff could see it, whether the session is whole afterwards, and how
soon the data were on disk once the disk was back.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kiosk.store.moment import Moment
from kiosk.store.records import EventIn, HealthState, Sample
from kiosk.store.repositories import sessions
from kiosk.store.store import Store, open_store
from tests.bench import common
from tests.support.record import Disk, closing, opening

EVERY_S = 0.02
STALL_S = 7.0
PATIENCE_S = 60.0


def now() -> Moment:
    return Moment(time.monotonic(), time.time_ns() // 1_000_000)


class Hand:
    """What spoils and mends the disk of one scenario."""

    def __init__(self, spoil: Callable[[], None], mend: Callable[[], None]) -> None:
        self.spoil = spoil
        self.mend = mend


@contextlib.contextmanager
def small_file_system() -> Iterator[Path | None]:
    """A tmpfs of 4 MB, or None where mounting is not allowed."""
    with tempfile.TemporaryDirectory() as name:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", name], capture_output=True, check=False
        )
        if mounted.returncode:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=False)


def full_disk(store: Store, place: Path) -> Hand:
    filler = place / "filler"

    def spoil() -> None:
        descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while True:
                os.write(descriptor, b"\0" * 4096)
        os.close(descriptor)

    return Hand(spoil, filler.unlink)


def read_only(store: Store, place: Path) -> Hand:
    # A mounted file system cannot be made read-only while the database is open for writing: the lines to SQLite can.
    disk = Disk(store)
    return Hand(disk.forbid, disk.mend)


def file_limit(store: Store, place: Path) -> Hand:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return Hand(lambda: limit(8192), lambda: limit(resource.RLIM_INFINITY))


def stalls(store: Store, place: Path) -> Hand:
    disk = Disk(store)
    spoiled = threading.Event()

    def slow(_: object) -> None:
        if spoiled.is_set():
            time.sleep(STALL_S)

    disk._on_commit = slow
    return Hand(spoiled.set, spoiled.clear)


def other_writer(store: Store, place: Path) -> Hand:
    other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)

    def mend() -> None:
        other.execute("ROLLBACK")
        other.close()

    return Hand(lambda: other.execute("BEGIN IMMEDIATE") and None, mend)


SCENARIOS = {
    "disk full": full_disk,
    "read-only": read_only,
    "writes fail (EFBIG)": file_limit,
    "7-second stalls": stalls,
    "another writer holds the lock": other_writer,
}


def walk(make: Callable[[Store, Path], Hand], place: Path, seconds: float) -> dict:
    """One session of *seconds*, spoiled in its middle third."""
    held: list[float] = []

    def timed(call: Callable[[], object]) -> None:
        before = time.perf_counter()
        call()
        held.append(time.perf_counter() - before)

    store = open_store(place / "data", now())
    raised = 0
    seen_s: float | None = None
    states: set[str] = set()
    try:
        store.writer.drain()
        hand = make(store, place)
        begun = opening(store.ids, now())
        count = round(seconds / EVERY_S)
        start = time.monotonic()
        spoiled_at = mended_at = 0.0
        timed(lambda: store.writer.open_session(begun, now()))
        for number in range(1, count + 1):
            if number == count // 3:
                hand.spoil()
                spoiled_at = time.monotonic()
            if number == 2 * count // 3:
                hand.mend()
                mended_at = time.monotonic()
            try:
                sample = Sample(begun.id, float(number), 80, 80, 0)
                timed(lambda sample=sample: store.writer.sample(sample))
                if number % 100 == 0:
                    timed(lambda: store.writer.event(EventIn("note", session_id=begun.id), now()))
                health = store.writer.health()
            except Exception:  # the bench's question is whether anything ever comes here
                raised += 1
            if not health.ok:
                states.add(health.state.value)
                if seen_s is None:
                    seen_s = time.monotonic() - spoiled_at
            time.sleep(max(0.0, start + number * EVERY_S - time.monotonic()))
        timed(lambda: store.writer.close_session(closing(begun.id, count), now()))
        deadline = time.monotonic() + PATIENCE_S
        while not store.writer.drain(1.0) and time.monotonic() < deadline:
            pass
        followed_s = time.monotonic() - mended_at
        kept = store.reader.ask(lambda c: sessions.by_id(c, begun.id)).result(PATIENCE_S)
        health = store.writer.health()
    finally:
        store.close()
    return {
        "raised": raised,
        "held_p50_us": round(common.percentile(held, 50) * 1e6, 1),
        "held_p99_us": round(common.percentile(held, 99) * 1e6, 1),
        "held_max_ms": round(max(held) * 1e3, 2),
        "seen_after_s": None if seen_s is None else round(seen_s, 2),
        "seen_as": sorted(states),
        "followed_s_after_mending": round(followed_s, 2),
        "session": None if kept is None else kept.state.value,
        "samples_missing": count - (kept.samples if kept else 0),
        "dropped": health.dropped,
        "ok_at_the_end": health.state is HealthState.OK,
    }


def run(options: argparse.Namespace) -> dict:
    seconds = 10.0 if options.quick else 60.0
    found = {}
    for name, make in SCENARIOS.items():
        if make is full_disk:
            with small_file_system() as place:
                found[name] = {"skipped": "mounting is not allowed"} if place is None else walk(make, place, seconds)
            continue
        with tempfile.TemporaryDirectory() as directory:
            found[name] = walk(make, Path(directory), seconds)
    walked = [one for one in found.values() if "skipped" not in one]
    held = all(
        one["raised"] == 0 and one["samples_missing"] == 0 and one["session"] == "completed" and one["ok_at_the_end"]
        for one in walked
    )
    return {"ours": found, "seconds": seconds, "held": held}


def show(result: dict) -> None:
    columns = (
        ("raised", "raised"),
        ("held_p99_us", "held p99, us"),
        ("held_max_ms", "held max, ms"),
        ("seen_after_s", "staff see it after, s"),
        ("followed_s_after_mending", "data on disk after, s"),
        ("samples_missing", "samples missing"),
        ("session", "session"),
    )
    rows = [
        [name, *([one["skipped"], *[""] * (len(columns) - 1)] if "skipped" in one else [one[k] for k, _ in columns])]
        for name, one in result["ours"].items()
    ]
    common.table(["disk", *[title for _, title in columns]], rows)


if __name__ == "__main__":
    sys.exit(common.main("A session on a bad disk", run, show))
