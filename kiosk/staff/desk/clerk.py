"""Carries errands out and brings the answers as events; never waits (``poll`` once a frame)."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from kiosk.staff.desk.errands import Answered, Errand, Job, Read, RefusalError, Write
from kiosk.store.moment import Moment
from kiosk.store.records import StoreError
from kiosk.store.store import Store

log = logging.getLogger(__name__)


class Clerk:
    """Reads go to the reader's thread, writes to the writer's, jobs get one of their own."""

    def __init__(self, store: Store, *, threaded: bool = True) -> None:
        self._store: Final = store
        self._threaded: Final = threaded
        self._out: list[tuple[Errand, Future[object]]] = []

    def run(self, errand: Errand, at: Moment) -> None:
        """Begin it."""
        self._out.append((errand, self._begun(errand, at)))

    def _begun(self, errand: Errand, at: Moment) -> Future[object]:
        store = self._store
        if isinstance(errand, Read):
            return store.reader.ask(lambda connection: errand.read(connection, at))
        if isinstance(errand, Write):
            future: Future[object] = store.writer.run(lambda connection: errand.write(connection, store.ids, at))
            future.add_done_callback(lambda _: store.reader.look_now())  # caps as they are now
            return future
        return self._job(errand, at)

    def _job(self, job: Job, at: Moment) -> Future[object]:
        future: Future[object] = Future()

        def work() -> None:
            try:
                future.set_result(job.do(self._store, at))
            except Exception as error:  # noqa: BLE001  # the future carries it to whoever polls
                future.set_exception(error)

        if self._threaded:
            threading.Thread(target=work, name="desk-job", daemon=True).start()
        else:
            work()
        return future

    def poll(self) -> list[Answered]:
        """What has been answered since the last call."""
        done = [(errand, future) for errand, future in self._out if future.done()]
        self._out = [(errand, future) for errand, future in self._out if not future.done()]
        return [_answer(errand, future) for errand, future in done]


def _answer(errand: Errand, future: Future[object]) -> Answered:
    error = future.exception()
    if error is None:
        return Answered(errand, future.result())
    if isinstance(error, RefusalError):
        return Answered(errand, None, error.key, error.values)
    if isinstance(error, StoreError | OSError | TimeoutError):
        return Answered(errand, None, "staff.no_record")
    if isinstance(error, SQLAlchemyError):
        log.warning("the record refused an errand: %s", type(error).__name__)  # its text may hold what was typed
        return Answered(errand, None, "staff.refused")
    raise error  # a bug in an errand: the kiosk ends and is started anew, the guard stops a belt that moves
