"""The one writer of the record: never blocks its caller, never raises into it, loses nothing it can keep.

How the session uses it (all calls return at once; *at* is a Moment from WallClock.moment(now_s))::

    store = open_store(directory, wall.moment(now_s))        # kiosk/store/store.py; store.writer, store.reader
    session_id = store.ids.new(at.utc_ms)                    # the same that goes into the guard's Arm
    writer.open_session(Opening(session_id, "P1", "1", cap_ckmh, cap_source, member_id), at)   # before the belt moves
    writer.sample(Sample(session_id, t_s, measured_ckmh, commanded_ckmh, incline_dpct))        # once a second
    writer.event(EventIn("trip", Severity.STOP, session_id, cause="clip", speed_ckmh=128), at)
    writer.close_session(Closing(session_id, SessionState.COMPLETED, "plan_done", walk_s, ...), at)
    writer.rate(Ratings(session_id, effort=3, pain_after=1))        # health data: only with the member's consent
    writer.why_stopped(session_id, "tired")
    writer.join_member(session_id, member_id)                # a guest became a member at the summary
    writer.black_box(event_id, "guard-1", content, at)       # the guard's ticks around that event
    future = writer.run(lambda connection: ...)              # anything else, one transaction; poll future.done()
    writer.health()                                          # -> Health; .state is the banner's catalogue key
    writer.drain()                                           # wait until all of it is on disk (tests, lock-step)
    store.close()                                            # at exit: a last attempt, bounded in time

A worker thread owns the only write connection of the process. Samples are committed in batches of at most BATCH_S, so
a power cut loses less than 2 s of them; everything else is committed as it comes. When the disk refuses, records wait
in memory (bounded; then every second sample is given up first) and follow when the disk is back. With
``threaded=False`` (lock-step, composed runs) the work is done inside the calls: events and openings at once, samples
at ``drain`` or when BATCH_S of them have gathered.

Threads: every public method may be called from any thread.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from kiosk.store import database as files
from kiosk.store import start
from kiosk.store.database import Database, Mode
from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment
from kiosk.store.records import Closing, EventIn, Health, HealthState, Opening, Ratings, Sample, StoreError
from kiosk.store.repositories import events, sessions
from kiosk.store.trouble import Trouble, refined, trouble_of, vanished

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH_S: Final = 1.0
"""Samples wait this long for company. A power cut then takes less than 2 s of them, also where a commit takes one."""

STALL_S: Final = 2.0
"""A commit that takes longer is a stall that staff should see (cards stop for up to 7 s, safety.md hazard 37)."""

RETRY_MIN_S: Final = 1.0
RETRY_MAX_S: Final = 15.0
"""How long after a refusal the disk is tried again: doubling from the first to the second."""

BUFFER_MAX: Final = 20_000
"""Records kept in memory while the disk refuses: five hours of walking, about 4 MB."""

CLOSE_TIMEOUT_S: Final = 5.0
"""How long leaving may wait for a last commit."""


@dataclass(frozen=True, slots=True)
class _Opened:
    opening: Opening
    at: Moment


@dataclass(frozen=True, slots=True)
class _Happened:
    id: str
    event: EventIn
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Closed:
    closing: Closing
    duration_s: float


@dataclass(frozen=True, slots=True)
class _Why:
    session_id: str
    why: str


@dataclass(frozen=True, slots=True)
class _Joined:
    session_id: str
    member_id: str


@dataclass(frozen=True, slots=True)
class _Boxed:
    event_id: str
    at_ms: int
    form: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Task(Generic[T]):
    work: Callable[[Connection], T]
    future: Future[T]

    def run(self, connection: Connection) -> Callable[[], None]:
        """Do the work; what it returns settles the future once the transaction is committed."""
        result = self.work(connection)
        return lambda: self.future.set_result(result)


@dataclass(frozen=True, slots=True)
class _IfAgreed:
    """Health data said at the kiosk: kept if the member still agrees when it comes to disk."""

    said: Ratings | _Why


_Record = _Opened | Sample | _Happened | _Closed | Ratings | _Why | _IfAgreed | _Joined | _Boxed


def _apply(connection: Connection, record: _Record) -> None:
    match record:
        case _Opened(opening, at):
            sessions.insert_opening(connection, opening, at)
        case Sample():
            sessions.insert_samples(connection, (record,))
        case _Happened(event_id, event, at_ms):
            events.insert_event(connection, event_id, event, at_ms)
        case _Closed(closing, duration_s):
            sessions.update_closing(connection, closing, duration_s)
        case Ratings():
            sessions.upsert_ratings(connection, record)
        case _Why(session_id, why):
            sessions.set_why(connection, session_id, why)
        case _IfAgreed(said):
            if sessions.of_agreed_member(connection, said.session_id):
                _apply(connection, said)
            elif isinstance(said, Ratings) and said.dizzy:
                sessions.lock_without_scores(connection, said.session_id)
        case _Joined(session_id, member_id):
            sessions.set_member(connection, session_id, member_id)
        case _Boxed(event_id, at_ms, form, content):
            events.insert_black_box(connection, event_id, at_ms, form, content)


def _apply_all(connection: Connection, records: Sequence[_Record]) -> None:
    gathered: list[Sample] = []
    for record in records:
        if isinstance(record, Sample):
            gathered.append(record)
            continue
        sessions.insert_samples(connection, gathered)
        gathered = []
        _apply(connection, record)
    sessions.insert_samples(connection, gathered)


_STATES: Final = {
    Trouble.FULL: HealthState.DISK_FULL,
    Trouble.READ_ONLY: HealthState.READ_ONLY,
    Trouble.BROKEN: HealthState.BROKEN,
    Trouble.DEVICE: HealthState.BROKEN,
    Trouble.BUSY: HealthState.STALLED,
}

_SENTENCES: Final = {
    HealthState.OK: "The record is in order.",
    HealthState.DISK_FULL: "The disk is full. Sessions go on and are kept in memory; make room on the disk.",
    HealthState.READ_ONLY: "The disk cannot be written. Sessions go on and are kept in memory; check the disk.",
    HealthState.BROKEN: "The disk does not answer properly. Sessions go on and are kept in memory; replace the card.",
    HealthState.STALLED: "The disk is slow to answer. Sessions go on; if it stays so, replace the card.",
    HealthState.IN_MEMORY: "The record lives in memory only. Sessions work, and are lost if the power goes.",
    HealthState.SET_ASIDE: "An unreadable record was set aside and a fresh one begun.",
}


def _is_the_disks(error: Exception) -> bool:
    """True if trying again may help; False if the record itself cannot be stored (a rule, an odd character)."""
    return isinstance(error, (SQLAlchemyError, sqlite3.Error)) and trouble_of(error) is not Trouble.CONSTRAINT


class StoreWriter:
    """See the top of this file."""

    def __init__(
        self,
        database: Database,
        ids: IdSource,
        *,
        threaded: bool = True,
        clock: Callable[[], float] = time.monotonic,
        buffer_max: int = BUFFER_MAX,
    ) -> None:
        self._database: Final = database
        self._ids: Final = ids
        self._clock: Final = clock  # for ages and retries alone; never a time in the record
        self._buffer_max: Final = buffer_max
        self._changed: Final = threading.Condition()
        self._queue: deque[_Record | _Task[object]] = deque()
        self._pending: list[_Record] = []  # worker's; read by health() under the lock
        self._live: list[_Record] = []  # what the running session has said so far, to begin anew in a fresh file
        self._opened_s: dict[str, float] = {}
        self._connection: Connection | None = None
        self._submitted = 0
        self._settled = 0  # attempted, not necessarily on disk
        self._oldest_s: float | None = None
        self._flush = False
        self._closing = False
        self._dropped = 0
        self._busy_since: float | None = None
        self._trouble: Trouble | None = None
        self._trouble_since = 0.0
        self._retry_s = RETRY_MIN_S
        self._retry_at = clock() if database.mode is Mode.FILE else clock() + RETRY_MIN_S
        self._started_s = clock()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True) if threaded else None
        if self._thread is not None:
            self._thread.start()

    # ------------------------------------------------------------------------------------------- what callers say

    def open_session(self, opening: Opening, at: Moment) -> None:
        """The session row, before the belt moves."""
        self._opened_s = {opening.id: at.now_s}
        self._submit(_Opened(opening, at))

    def sample(self, sample: Sample) -> None:
        """One second of a walk."""
        self._submit(sample)

    def event(self, event: EventIn, at: Moment) -> str:
        """Something that happened; returns its identifier."""
        event_id = self._ids.new(at.utc_ms)
        self._submit(_Happened(event_id, event, at.utc_ms))
        return event_id

    def close_session(self, closing: Closing, at: Moment) -> None:
        """The end of a session; its length is monotonic time since its opening."""
        opened_s = self._opened_s.pop(closing.session_id, None)
        duration_s = closing.walk_s if opened_s is None else at.now_s - opened_s
        self._submit(_Closed(closing, duration_s))

    def rate(self, ratings: Ratings, *, if_agreed: bool = False) -> None:
        """Scores of a session, now or later; only what is given changes.

        *if_agreed*: only while its member agrees that they are kept; staff may have erased them in mid-walk.
        """
        self._submit(_IfAgreed(ratings) if if_agreed else ratings)

    def why_stopped(self, session_id: str, why: str, *, if_agreed: bool = False) -> None:
        """The why-stopped answer (a catalogue key of at most 40 characters); *if_agreed* as for scores."""
        said = _Why(session_id, why[:40])
        self._submit(_IfAgreed(said) if if_agreed else said)

    def join_member(self, session_id: str, member_id: str) -> None:
        """A guest became a member: this session is theirs."""
        self._submit(_Joined(session_id, member_id))

    def black_box(self, event_id: str, form: str, content: bytes, at: Moment) -> None:
        """The guard's ticks around the event *event_id* (as *event* returned it), packed as *form* names."""
        self._submit(_Boxed(event_id, at.utc_ms, form, content))

    def run(self, work: Callable[[Connection], T]) -> Future[T]:
        """Run *work* in a transaction of its own, after everything said before; poll the future.

        The future raises StoreError with a sentence where the disk refuses, or whatever *work* raises.
        """
        future: Future[T] = Future()
        task: _Task[T] = _Task(work, future)
        self._submit(task)  # type: ignore[arg-type]  # the queue does not care what a task returns
        return future

    def _submit(self, entry: _Record | _Task[object]) -> None:
        inline = False
        with self._changed:
            if self._closing:
                if isinstance(entry, _Task):
                    entry.future.set_exception(StoreError("The record is closed."))
                else:
                    self._dropped += 1
                return
            if len(self._queue) + len(self._pending) >= self._buffer_max and isinstance(entry, Sample):
                self._dropped += 1
                return
            self._queue.append(entry)
            self._submitted += 1
            if self._oldest_s is None:
                self._oldest_s = self._clock()
            if self._thread is not None:
                self._changed.notify_all()
            else:
                inline = not isinstance(entry, Sample) or self._gathered()
        if inline:
            self._work()

    def _gathered(self) -> bool:
        first, last = self._queue[0], self._queue[-1]
        return isinstance(first, Sample) and isinstance(last, Sample) and last.t_s - first.t_s >= BATCH_S

    # ---------------------------------------------------------------------------------------------- what they hear

    @property
    def walking(self) -> bool:
        """True while a session is open."""
        return bool(self._opened_s)

    def health(self) -> Health:
        """How the record is now; cheap, for every frame."""
        with self._changed:
            now = self._clock()
            pending = len(self._queue) + len(self._pending)
            if self._busy_since is not None and now - self._busy_since > STALL_S:
                state, since = HealthState.STALLED, self._busy_since
            elif self._trouble is not None:
                state, since = _STATES.get(self._trouble, HealthState.BROKEN), self._trouble_since
            elif self._database.mode is Mode.MEMORY:
                state, since = HealthState.IN_MEMORY, self._started_s
            elif self._database.mode is Mode.READ_ONLY:
                state, since = HealthState.READ_ONLY, self._started_s
            elif self._database.damage:
                state, since = HealthState.BROKEN, self._started_s
            elif self._database.aside is not None:
                state, since = HealthState.SET_ASIDE, self._started_s
            else:
                state, since = HealthState.OK, self._started_s
            sentence = self._database.damage or _SENTENCES[state]
            if self._dropped:
                sentence += f" {self._dropped} records had to be given up."
            return Health(state, sentence, max(0.0, now - since), pending, self._dropped)

    def drain(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything said so far has been tried; True if all of it is on disk."""
        if self._thread is None:
            self._work()
            return not self._pending
        with self._changed:
            target = self._submitted
            self._flush = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._settled >= target, timeout_s)
            return self._settled >= target and not self._pending

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """A last attempt, then let go. True if everything is on disk; False after *timeout_s* or a refusal."""
        if self._thread is None:
            if not self._closing:
                self._closing = True
                self._work()
                self._disconnect()
            return not self._pending
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self._pending

    # --------------------------------------------------------------------------------------------------- the worker

    def _run(self) -> None:
        while True:
            with self._changed:
                while (wait_s := self._wait_s()) is None or wait_s > 0:
                    self._changed.wait(wait_s)
                last = self._closing
            self._work()
            if last:
                self._disconnect()
                return

    def _wait_s(self) -> float | None:
        """How long the worker may sleep: 0 = there is work, None = until told. Called with the lock held."""
        if self._closing or self._flush:
            return 0.0
        now = self._clock()
        if any(isinstance(entry, _Task) for entry in self._queue):
            return 0.0
        if self._trouble is not None or self._database.mode is not Mode.FILE:
            in_memory = self._database.mode is Mode.MEMORY and self._queue
            return 0.0 if in_memory else max(0.0, self._retry_at - now)
        if not self._queue:
            return None
        if any(not isinstance(entry, Sample) for entry in self._queue):
            return 0.0
        return max(0.0, (self._oldest_s if self._oldest_s is not None else now) + BATCH_S - now)

    def _work(self) -> None:
        """Try to bring everything to disk, once."""
        with self._changed:
            batch = list(self._queue)
            self._queue.clear()
            settled = self._submitted
            self._oldest_s = None
            self._flush = False
            self._busy_since = self._clock()
            due = self._closing or self._trouble is None or self._clock() >= self._retry_at
        try:
            if self._database.mode is not Mode.FILE and (self._clock() >= self._retry_at or self._closing):
                self._try_disk()
            self._bring(batch, due=due)
        finally:
            with self._changed:
                self._busy_since = None
                self._settled = settled
                self._trim()
                self._changed.notify_all()

    def _bring(self, batch: Sequence[_Record | _Task[object]], *, due: bool) -> None:
        run: list[_Record] = []
        for entry in batch:
            if not isinstance(entry, _Task):
                run.append(entry)
                continue
            self._keep(run, due=due)
            run = []
            self._do(entry)
        self._keep(run, due=due)

    def _keep(self, records: list[_Record], *, due: bool) -> None:
        for record in records:
            if isinstance(record, _Opened):
                self._live = [record]
            elif self._live and len(self._live) < self._buffer_max:
                self._live.append(record)
        if self._database.mode is Mode.MEMORY:
            self._commit(records)
            with self._changed:
                self._pending.extend(records)
            return
        with self._changed:
            self._pending.extend(records)
        if due and self._pending and self._database.mode is Mode.FILE and self._commit(self._pending):
            with self._changed:
                self._pending = []

    def _do(self, task: _Task[object]) -> None:
        if self._trouble is not None or self._database.mode is Mode.READ_ONLY:
            task.future.set_exception(StoreError(self.health().sentence))
            return
        try:
            connection = self._connected()
            with connection.begin():
                settle = task.run(connection)
            settle()
        except (SQLAlchemyError, sqlite3.Error) as error:
            if trouble_of(error) in (Trouble.CONSTRAINT, Trouble.OTHER):
                task.future.set_exception(error)
                return
            self._failed(error)
            task.future.set_exception(StoreError(self.health().sentence))
        except Exception as error:  # noqa: BLE001  # the caller's own work: the error is the caller's, by the future
            task.future.set_exception(error)

    def _commit(self, records: Sequence[_Record]) -> bool:
        """One transaction; True if it is on disk."""
        if not records:
            return True
        try:
            connection = self._connected()
            try:
                with connection.begin():
                    _apply_all(connection, records)
            except Exception as error:  # a record that cannot be kept must not end the keeping
                if _is_the_disks(error):
                    raise
                self._commit_one_by_one(connection, records)
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._failed(error)
            return False
        if self._database.mode is Mode.FILE and not self._database.path.exists():
            # Somebody deleted the file under us: SQLite goes on writing into nowhere without a word.
            self._failed(vanished())
            return False
        self._recovered()
        return True

    def _commit_one_by_one(self, connection: Connection, records: Sequence[_Record]) -> None:
        """One record broke a rule or cannot be stored at all: leave that one out, keep the others."""
        with connection.begin():
            for record in records:
                try:
                    with connection.begin_nested():
                        _apply(connection, record)
                except Exception as error:  # as above
                    if _is_the_disks(error):
                        raise
                    with self._changed:
                        self._dropped += 1
                    # Not log.exception: SQLite's words could hold values.
                    log.error("a %s was refused by the record", type(record).__name__.strip("_").lower())  # noqa: TRY400

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = self._database.write.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is None:
            return
        with contextlib.suppress(SQLAlchemyError, sqlite3.Error):  # a dead disk may refuse even this
            self._connection.close()
        self._connection = None

    def _failed(self, error: Exception) -> None:
        trouble = refined(trouble_of(error), self._database.path)
        with self._changed:
            if self._trouble is not trouble:
                log.error("the record cannot be written: %s", trouble.value)
                self._trouble_since = self._clock()
            self._trouble = trouble
            self._retry_at = self._clock() + self._retry_s
            self._retry_s = min(self._retry_s * 2, RETRY_MAX_S)
        if trouble is not Trouble.BUSY:
            self._disconnect()
        if trouble is Trouble.BROKEN and self._database.mode is Mode.FILE:
            self._begin_anew()

    def _recovered(self) -> None:
        with self._changed:
            if self._trouble is None:
                return
            if self._database.mode is Mode.FILE:
                log.warning("the record can be written again")
            self._trouble = None
            self._retry_s = RETRY_MIN_S

    def _begin_anew(self) -> None:
        """The file broke under a running session: set it aside, and say the session again in a fresh one."""
        at = self._moment()
        try:
            aside = files.set_aside(self._database.path, at.utc_ms)
            fresh = start.open_file(self._database.path, at)
        except (SQLAlchemyError, sqlite3.Error, OSError):
            log.exception("the broken record cannot be set aside")
            return
        fresh.aside = aside
        fresh.notices.append(f"The record broke and was set aside as {aside.name}; a fresh one was begun.")
        self._database.take_over(fresh)
        said = {id(record) for record in self._live}
        with self._changed:
            rest = [record for record in self._pending if id(record) not in said]
            self._pending = [*self._live, *rest]
            self._retry_at = self._clock()

    def _moment(self) -> Moment:
        for record in reversed(self._live):
            if isinstance(record, _Opened):
                return record.at
        return Moment(self._clock(), time.time_ns() // 1_000_000)

    def _try_disk(self) -> None:
        """In memory or on a read-only disk: see whether the file can be had by now."""
        try:
            found = start.open_file(self._database.path, self._moment())
        except (SQLAlchemyError, sqlite3.Error, OSError, StoreError):
            with self._changed:
                self._retry_at = self._clock() + self._retry_s
                self._retry_s = min(self._retry_s * 2, RETRY_MAX_S)
            return
        self._disconnect()
        self._database.take_over(found)
        log.warning("the record is on disk now")

    def _trim(self) -> None:
        """Keep memory bounded: give up every second sample of the older half. Called with the lock held."""
        if len(self._pending) <= self._buffer_max:
            return
        kept: list[_Record] = []
        seen = 0
        half = len(self._pending) // 2
        for index, record in enumerate(self._pending):
            if index < half and isinstance(record, Sample):
                seen += 1
                if seen % 2 == 0:
                    self._dropped += 1
                    continue
            kept.append(record)
        self._pending = kept
