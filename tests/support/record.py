"""A record to test with, and hands that spoil its disk."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, event

from kiosk.store.database import Database, Mode
from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment
from kiosk.store.records import Closing, Opening, Sample, SessionState
from kiosk.store.store import Store, open_store

START_MS = 1_783_000_000_000  # 2026-07-02
START_S = 5000.0


def moment(seconds: float = 0.0) -> Moment:
    """*seconds* after the test's beginning, on both clocks."""
    return Moment(START_S + seconds, START_MS + round(seconds * 1000))


def opening(ids: IdSource, at: Moment, member_id: str | None = None) -> Opening:
    return Opening(ids.new(at.utc_ms), "P1", "1", 161, "program", member_id, "C0:FF:EE:00:00:42", plan_s=280.0)


def samples(session_id: str, seconds: int, first: int = 1, ckmh: int = 80) -> list[Sample]:
    return [Sample(session_id, float(t), ckmh, ckmh, 0) for t in range(first, first + seconds)]


def closing(session_id: str, seconds: int) -> Closing:
    return Closing(session_id, SessionState.COMPLETED, "plan_done", float(seconds), seconds * 0.2222, 80, 80)


def walk(store: Store, seconds: int = 30, at: Moment | None = None, member_id: str | None = None) -> str:
    """A whole session; returns its identifier."""
    at = at or moment()
    begun = opening(store.ids, at, member_id)
    store.writer.open_session(begun, at)
    for sample in samples(begun.id, seconds):
        store.writer.sample(sample)
    store.writer.close_session(closing(begun.id, seconds), Moment(at.now_s + seconds, at.utc_ms + seconds * 1000))
    return begun.id


@contextmanager
def opened(directory: Path, at: Moment | None = None, *, threaded: bool = False) -> Iterator[Store]:
    store = open_store(directory, at or moment(), threaded=threaded)
    try:
        yield store
    finally:
        store.close()


def rows(store_or_database: Store | Database, sql: str) -> list[tuple[object, ...]]:
    """What is on record now, by a connection of its own."""
    database = store_or_database.database if isinstance(store_or_database, Store) else store_or_database
    engine = database.read if database.mode is not Mode.MEMORY else database.write
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


class Disk:
    """Spoils the writer's connections of one store from the next transaction on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._on_begin: Callable[[Connection], None] | None = None
        self._on_commit: Callable[[Connection], None] | None = None
        event.listen(store.database.write, "begin", self._begun)
        event.listen(store.database.write, "commit", self._committing)

    def _begun(self, connection: Connection) -> None:
        if self._on_begin is not None:
            self._on_begin(connection)

    def _committing(self, connection: Connection) -> None:
        if self._on_commit is not None:
            self._on_commit(connection)

    def fill(self) -> None:
        """Every commit is refused as on a full disk (truly full ones: tests/integration, bench bad_disk)."""

        def full(_: Connection) -> None:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        self._on_commit = full

    def forbid(self) -> None:
        """SQLite then says SQLITE_READONLY to every write."""
        self._on_begin = lambda c: c.exec_driver_sql("PRAGMA query_only = ON")

    def hold(self, gate: threading.Event) -> None:
        """Every commit waits for *gate*, as on a card that stops to collect its garbage."""
        self._on_commit = lambda _: gate.wait(60) and None

    def mend(self) -> None:
        """Everything as it was."""
        self._on_commit = None
        self._on_begin = lambda c: c.exec_driver_sql("PRAGMA query_only = OFF")


def checkpoint(path: Path) -> None:
    """Everything out of the -wal into the file itself."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
