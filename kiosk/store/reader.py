"""Reads for the kiosk, on a thread and a connection of their own: a slow card delays an answer, never a frame.

``future = reader.ask(lambda connection: members.by_code(connection, code))``; poll ``future.done()`` once a frame,
then ``future.result()``. Each question sees one snapshot. Once a second the thread looks whether somebody has changed
the database (``PRAGMA data_version``) and reads the caps anew: ``reader.caps()`` is always at hand and never waits,
so a cap lowered from a shell reaches a walk under way within about a second (safety.md, decisions).

With ``threaded=False`` (lock-step, composed runs) questions are answered inside ``ask``, and ``caps`` reads.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from kiosk.store.database import Database, Mode
from kiosk.store.records import Cap, StoreError
from kiosk.store.repositories import caps

T = TypeVar("T")

WATCH_S: Final = 1.0
"""How often caps are looked at (safety.md: the kiosk watches the database once a second)."""

CLOSE_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Question(Generic[T]):
    ask: Callable[[Connection], T]
    future: Future[T]

    def answer(self, connection: Connection) -> None:
        try:
            result = self.ask(connection)
        except (SQLAlchemyError, sqlite3.Error):
            raise
        except Exception as error:  # noqa: BLE001  # the caller's own work: the error is the caller's, by the future
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class StoreReader:
    """See the top of this file. Every public method may be called from any thread."""

    def __init__(
        self, database: Database, *, threaded: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._changed: Final = threading.Condition()
        self._questions: deque[_Question[object]] = deque()
        self._closing = False
        self._connection: Connection | None = None
        self._generation = -1
        self._version: object = None
        self._caps: tuple[Cap, ...] = ()
        self._watched_at = -1e9
        self._watch()
        self._thread = threading.Thread(target=self._run, name="store-reader", daemon=True) if threaded else None
        if self._thread is not None:
            self._disconnect()
            self._thread.start()

    def ask(self, question: Callable[[Connection], T]) -> Future[T]:
        """Put a question; poll the future. It raises StoreError with a sentence if the disk does not answer."""
        future: Future[T] = Future()
        asked: _Question[T] = _Question(question, future)
        if self._thread is None:
            self._answer(asked)
            return future
        with self._changed:
            if self._closing:
                future.set_exception(StoreError("The record is closed."))
                return future
            self._questions.append(asked)  # type: ignore[arg-type]  # the queue does not care what the answer is
            self._changed.notify_all()
        return future

    def caps(self) -> tuple[Cap, ...]:
        """The cap rows as last read, at most about a second old while the disk answers."""
        if self._thread is None and self._clock() - self._watched_at >= WATCH_S:
            self._watch()
        return self._caps

    def look_now(self) -> None:
        """Read the caps at once (without a thread), or at the thread's next turn."""
        if self._thread is None:
            self._watch()
            return
        with self._changed:
            self._watched_at = -1e9
            self._changed.notify_all()

    def close(self) -> None:
        """Let go; idempotent."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_TIMEOUT_S)
        else:
            self._disconnect()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closing and not self._questions and self._due_s() > 0:
                    self._changed.wait(self._due_s())
                if self._closing:
                    for left in self._questions:
                        left.future.set_exception(StoreError("The record is closed."))
                    self._questions.clear()
                    self._disconnect()
                    return
                question = self._questions.popleft() if self._questions else None
            if question is not None:
                self._answer(question)
            if self._due_s() <= 0:
                self._watch()

    def _due_s(self) -> float:
        return self._watched_at + WATCH_S - self._clock()

    def _connected(self) -> Connection:
        if self._connection is None or self._generation != self._database.generation:
            self._disconnect()
            self._generation = self._database.generation
            self._connection = self._database.read.connect()
            self._version = None
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):  # a dead disk may refuse even this
                self._connection.close()
        self._connection = None

    def _answer(self, question: _Question[T]) -> None:
        try:
            connection = self._connected()
            with connection.begin():
                question.answer(connection)
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._disconnect()
            if not question.future.done():
                wrapped = StoreError("The record does not answer. Sessions work without it; see the staff screen.")
                wrapped.__cause__ = error
                question.future.set_exception(wrapped)

    def _watch(self) -> None:
        self._watched_at = self._clock()
        try:
            connection = self._connected()
            with connection.begin():
                version = connection.exec_driver_sql("PRAGMA data_version").scalar()
                # In memory one connection's writes do not show in data_version of the shared cache: always read.
                if version != self._version or self._database.mode is Mode.MEMORY:
                    self._caps = caps.every(connection)
                    self._version = version
        except (SQLAlchemyError, sqlite3.Error):
            # The caps as last read stay in force: a disk that fails must not lift a limit.
            self._disconnect()
