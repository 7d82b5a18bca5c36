"""A kiosk's store by itself, to be killed: ``store_victim DIR [EVERY_S [LENGTH [SYNCHRONOUS]]]``.

Walks session after session on the real clock, and says so on standard output: ``o SESSION`` opened and on disk,
``s SESSION T_MS MONOTONIC`` a sample about to be handed over, ``e EVENT`` an event on disk, ``c SESSION`` closed, all
on disk. So whoever kills it knows what must be there.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import time
from pathlib import Path

from kiosk.store import database as files
from kiosk.store.moment import Moment
from kiosk.store.records import EventIn, Sample
from kiosk.store.store import open_store
from tests.support.record import closing, opening


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def now() -> Moment:
    return Moment(time.monotonic(), time.time_ns() // 1_000_000)


def loosen(synchronous: str) -> None:
    """With another ``synchronous`` than the product's: the control group of bench power_cuts."""
    ours = files._pragmas

    def pragmas(connection: sqlite3.Connection, *, writes: bool) -> None:
        ours(connection, writes=writes)
        if writes:
            connection.execute(f"PRAGMA synchronous = {synchronous}")

    files._pragmas = pragmas


def main() -> int:
    directory = Path(sys.argv[1])
    every_s = float(sys.argv[2]) if len(sys.argv) > 2 else 0.01
    length = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    if len(sys.argv) > 4:
        loosen(sys.argv[4])
    store = open_store(directory, now(), threaded=True)
    say("up", len(store.interrupted), store.database.mode.value, store.database.aside or "")
    while True:
        begun = opening(store.ids, now())
        start = time.monotonic()
        store.writer.open_session(begun, now())
        store.writer.drain()
        say("o", begun.id)
        for second in range(1, length + 1):
            t_ms = second * 1000
            say("s", begun.id, t_ms, time.monotonic())
            store.writer.sample(Sample(begun.id, t_ms / 1000, 80, 80, 0))
            time.sleep(max(0.0, start + second * every_s - time.monotonic()))
            if second % 50 == 0:
                event = store.writer.event(EventIn("note", session_id=begun.id), now())
                store.writer.drain()
                say("e", event)
        store.writer.close_session(closing(begun.id, length), now())
        if store.writer.drain():
            say("c", begun.id)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
