"""The record as the kiosk holds it: one writer, one reader, one source of identifiers."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from kiosk.store import database as files
from kiosk.store.database import Database, Mode
from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment
from kiosk.store.reader import StoreReader
from kiosk.store.records import EventIn, Severity, StoreError
from kiosk.store.repositories import sessions
from kiosk.store.start import open_for_kiosk
from kiosk.store.writer import CLOSE_TIMEOUT_S, StoreWriter


@dataclass(frozen=True, slots=True)
class Store:
    """Everything the kiosk needs of the record. *notices* are sentences for staff about this start."""

    database: Database
    ids: IdSource
    writer: StoreWriter
    reader: StoreReader
    interrupted: tuple[str, ...]  # sessions that a crash or power cut left open, closed at this start
    newest_ms: int  # start of the newest session on record: WallClock.raise_floor
    _leaving: threading.Event

    @property
    def notices(self) -> tuple[str, ...]:
        """What staff should be told of how the record was found."""
        return tuple(self.database.notices)

    @property
    def path(self) -> Path:
        """Where the database is, or would be."""
        return self.database.path

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Write what is left, within *timeout_s*; True if all of it is on disk."""
        self._leaving.set()
        self.reader.close()
        kept = self.writer.close(timeout_s)
        self.database.close()
        return kept


def open_store(directory: Path, at: Moment, *, threaded: bool = True) -> Store:
    """Open the record below *directory*, whatever state it is in; see start.open_for_kiosk.

    Sessions that were left open are closed as interrupted. Raises StoreError only if another kiosk holds the
    directory. *threaded* is False in lock-step and composed runs: then all work is done inside the calls.
    """
    database = open_for_kiosk(directory, at)
    ids = IdSource()
    writer = StoreWriter(database, ids, threaded=threaded)
    reader = StoreReader(database, threaded=threaded)
    closing = writer.run(sessions.close_interrupted)
    newest = reader.ask(sessions.newest_ms)
    writer.drain()
    interrupted: tuple[str, ...] = ()
    if closing.done() and closing.exception() is None:
        interrupted = closing.result()
    for session_id in interrupted:
        writer.event(
            EventIn("store", Severity.NOTICE, session_id, cause="interrupted", detail="closed at the next start"), at
        )
    if database.aside is not None:
        writer.event(EventIn("store", Severity.FAULT, cause="set_aside", detail=database.aside.name), at)
    try:
        newest_ms = newest.result(timeout=5.0)
    except (TimeoutError, StoreError):
        newest_ms = 0  # a record that does not answer tells nothing of the time
    store = Store(database, ids, writer, reader, interrupted, newest_ms, threading.Event())
    if threaded and database.mode is Mode.FILE and not database.fully_checked:
        threading.Thread(target=_check, args=(store, at), name="store-check", daemon=True).start()
    return store


def _check(store: Store, at: Moment) -> None:
    """The rest of the integrity check that the start had no time for."""
    problem = files.check_beside_the_work(store.database, lambda: not store._leaving.is_set())
    if problem:
        store.writer.event(EventIn("store", Severity.FAULT, cause="damaged", detail=problem), at)
