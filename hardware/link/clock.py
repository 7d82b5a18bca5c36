"""The clock, and its lock-step twin.

A process asks its Clock for the time; it never fetches it elsewhere. In lock-step the simulated world owns time: each
process says Done when its 20 ms are done and its mailboxes drained, then waits for the next Quantum. When the world
goes away, so does the process (end of file).
"""

from __future__ import annotations

import select
import time
from pathlib import Path
from typing import Final, Protocol

from hardware.link.endpoint import SocketEndpoint, connect
from hardware.link.messages import Done, FromClock, Join, Quantum

JOIN_TIMEOUT_S: Final = 10.0  # real time: the world listens before any process is started


class ClockError(Exception):
    """The lock-step clock cannot be joined; the text says why."""


class Clock(Protocol):
    """Where a process gets its time."""

    @property
    def lockstep(self) -> bool:
        """True when time is the world's."""

    def now(self) -> float:
        """Monotonic seconds."""


class RealClock:
    """CLOCK_MONOTONIC."""

    lockstep = False

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()


class VirtualClock:
    """A clock that a composed run sets by hand."""

    lockstep = True

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def now(self) -> float:
        """The time last set."""
        return self.now_s


class LockstepClock:
    """The world's clock over a socket. ``wait`` gives the quantum back and blocks until the next one."""

    lockstep = True

    def __init__(self, path: Path, role: str) -> None:
        deadline = time.monotonic() + JOIN_TIMEOUT_S
        sock = connect(path)
        while sock is None:
            if time.monotonic() > deadline:
                raise ClockError(f"No simulated world listens at {path}. Start it first.")
            time.sleep(0.01)
            sock = connect(path)
        self._endpoint: Final = SocketEndpoint[Join | Done, Quantum](sock, FromClock)
        self._now = 0.0
        self._owed = False
        self._endpoint.send(Join(role), 0.0)

    def now(self) -> float:
        """The quantum's time."""
        return self._now

    def wait(self) -> bool:
        """Say Done (if a quantum is open) and block for the next. False when the world is gone."""
        if self._owed:
            self._endpoint.send(Done(), self._now)
            self._owed = False
        while not self._endpoint.closed:
            for frame in self._endpoint.drain(self._now):
                self._now = frame.body.now_s
                self._owed = True
            if self._owed:
                return True
            if not self._endpoint.closed:
                select.select([self._endpoint.fileno()], [], [])
        return False

    def close(self) -> None:
        """Leave the barrier; idempotent."""
        self._endpoint.close()
