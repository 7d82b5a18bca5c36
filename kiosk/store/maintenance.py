"""The night shift: a backup, old ones removed, old samples packed and thinned; never begun while somebody walks.

::

    night = Maintenance(store, threaded=threaded)
    night.tick(at)      # about once a second, or once a frame
    night.close()       # before store.close()

The work is done on a thread of its own (the copy) and, in small transactions, on the writer's.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Final

from kiosk.store import backup, retention
from kiosk.store.commands import empty_log
from kiosk.store.database import Mode
from kiosk.store.kinds import Severity
from kiosk.store.moment import Moment
from kiosk.store.records import EventIn, StoreError
from kiosk.store.store import Store

log = logging.getLogger(__name__)

HOUR_MS: Final = 3_600_000
NIGHT: Final = range(2, 5)  # local hours in which gyms are empty or asleep
AT_MOST_EVERY_MS: Final = 20 * HOUR_MS
AT_LEAST_EVERY_MS: Final = 36 * HOUR_MS
"""A kiosk that is switched off at night is backed up at its first idle minute after a day and a half."""

FIRST_AFTER_MS: Final = 600_000  # without any backup: ten minutes after the start
RETRY_MS: Final = HOUR_MS
LOOK_MS: Final = 1000
STEP_TIMEOUT_S: Final = 60.0
MAX_STEPS: Final = 2000


class Maintenance:
    """See the top of this file. ``last_ms`` and ``sentence`` are for the diagnostics screen."""

    def __init__(self, store: Store, *, threaded: bool = True) -> None:
        self._store: Final = store
        self._threaded: Final = threaded
        self._closing: Final = threading.Event()
        self._thread: threading.Thread | None = None
        self._tried_ms = 0
        self._looked_ms = 0
        self._first_ms: int | None = None
        made = backup.every(store.database.backups)
        self.last_ms: int | None = backup.made_ms(made[0]) if made else None
        self.sentence = ""

    def due(self, at: Moment) -> bool:
        """True if a backup should be made now, provided the kiosk is idle."""
        if self._store.database.mode is not Mode.FILE or abs(at.utc_ms - self._tried_ms) < RETRY_MS:
            return False
        if self._first_ms is None or at.utc_ms < self._first_ms:  # the clock was set back
            self._first_ms = at.utc_ms
        if self.last_ms is None:
            return at.utc_ms - self._first_ms >= FIRST_AFTER_MS
        since = abs(at.utc_ms - self.last_ms)  # a clock that was ahead must not end the backups
        night = datetime.fromtimestamp(at.utc_ms / 1000).astimezone().hour in NIGHT
        return since >= AT_LEAST_EVERY_MS or (night and since >= AT_MOST_EVERY_MS)

    def tick(self, at: Moment) -> bool:
        """Start the night shift if it is due and nobody walks; True if it was started (without threads: done)."""
        if at.utc_ms - self._looked_ms < LOOK_MS and at.utc_ms >= self._looked_ms:
            return False
        self._looked_ms = at.utc_ms
        if (
            self._store.writer.walking
            or self._closing.is_set()
            or (self._thread is not None and self._thread.is_alive())
        ):
            return False
        if not self.due(at):
            return False
        self.start(at)
        return True

    def start(self, at: Moment) -> None:
        """The night shift now, whatever the hour."""
        self._tried_ms = at.utc_ms
        if not self._threaded:
            self._shift(at)
            return
        self._thread = threading.Thread(target=self._shift, args=(at,), name="store-night", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Until the shift is over; False if *timeout_s* was too short."""
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def close(self, timeout_s: float = 3.0) -> None:
        """Give up what is under way; call before Store.close."""
        self._closing.set()
        self.wait(timeout_s)

    def _shift(self, at: Moment) -> None:
        directory = self._store.database.backups
        try:
            made = backup.make(self._store.path, directory, at, going_on=lambda: not self._closing.is_set())
            backup.rotate(directory, utc_ms=at.utc_ms if at.trusted else None)
        except StoreError as error:
            self.sentence = str(error)
            log.warning("the nightly backup failed")
            self._store.writer.event(EventIn("backup", Severity.FAULT, cause="failed", detail=str(error)), at)
            return
        self.last_ms = at.utc_ms
        self.sentence = ""
        detail = f"{made.path.name}, {made.bytes / 1e6:.1f} MB, {made.sessions} sessions"
        self._store.writer.event(EventIn("backup", cause="made", detail=detail), at)
        self._keep_house(at)

    def _keep_house(self, at: Moment) -> None:
        if not at.trusted:
            return  # a clock that nobody set must not decide what is old
        backup.forget_replaced(self._store.path.parent, at.utc_ms)
        for _ in range(MAX_STEPS):
            if self._closing.is_set():
                return
            try:
                kept = self._store.writer.run(lambda c: retention.step(c, at.utc_ms)).result(STEP_TIMEOUT_S)
            except (StoreError, TimeoutError):
                return
            if kept.done:
                break
        empty_log(self._store.path.parent)
