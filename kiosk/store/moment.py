"""When something happened: on the monotonic clock for durations, in UTC for people.

The store keeps UTC as whole milliseconds since 1970 (``_ms``): exact to compare, nothing to parse, no time zone to
mistake, and the same figure that a UUIDv7 begins with. Durations (``_s``, ``t_ms``) come from the monotonic clock
only, so a clock set during a walk changes no figure of it (safety.md, hazard 35).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

DAY_MS: Final = 86_400_000

_SYNCHRONISED: Final = Path("/run/systemd/timesync/synchronized")
_RTC: Final = Path("/sys/class/rtc/rtc0/since_epoch")
RTC_SET_S: Final = 1_767_225_600
"""2026-01-01. A Pi 5 has a clock of its own even without a battery: that one begins in 1970 after each power cut."""

LOOK_S: Final = 5.0
"""So often it is looked whether somebody has set the clock: to read it asks the chip."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant: *now_s* monotonic seconds, *utc_ms* milliseconds since 1970.

    *trusted* is False where nobody has set the wall clock since boot (no RTC, no network).
    """

    now_s: float
    utc_ms: int
    trusted: bool = True


def wall_utc_ms() -> int:
    """The wall clock now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def rtc_is_set(since_epoch: str | None) -> bool:
    """True for what the kernel tells of a real-time clock (seconds, as text) that has kept the time."""
    try:
        return int(since_epoch or "") >= RTC_SET_S
    except ValueError:
        return False


def wall_clock_trusted() -> bool:
    """True if a real-time clock has kept the time, or it was synchronised since boot (deploy.md)."""
    try:
        told = _RTC.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        told = None
    return rtc_is_set(told) or _SYNCHRONISED.exists()


class WallClock:
    """Turns monotonic seconds into Moments; read at the edge, once a frame.

    *floor_ms* is the time of the last recorded session: a clock that nobody set is never believed to be earlier
    (coaching.md, decisions). It goes on from there: standing still it would end no lock and no wait.
    """

    def __init__(
        self,
        utc_ms: Callable[[], int] = wall_utc_ms,
        trusted: Callable[[], bool] = wall_clock_trusted,
        floor_ms: int = 0,
    ) -> None:
        self._utc_ms: Final = utc_ms
        self._trusted: Final = trusted
        self._floor_ms = floor_ms
        self._behind_ms = 0  # by how much an untrusted clock was found to be behind the floor
        self._settled = False
        self._looked_s = float("-inf")

    def raise_floor(self, utc_ms: int) -> None:
        """A record of *utc_ms* exists: no later moment can be before it unless the clock is trusted."""
        self._floor_ms = max(self._floor_ms, utc_ms)

    def moment(self, now_s: float) -> Moment:
        """The moment that is monotonic second *now_s*."""
        utc_ms = self._utc_ms()
        if not self._settled and not 0 <= now_s - self._looked_s < LOOK_S:
            self._looked_s, self._settled = now_s, self._trusted()
        if not self._settled:
            self._behind_ms = max(self._behind_ms, self._floor_ms - utc_ms)
            utc_ms += self._behind_ms
        return Moment(now_s, utc_ms, self._settled)


class SimulatedWallClock(WallClock):
    """A wall clock that goes with a simulated monotonic one: *utc_ms* at *now_s*, and on from there."""

    def __init__(self, utc_ms: int, now_s: float) -> None:
        super().__init__(lambda: utc_ms, lambda: True)
        self._start_ms: Final = utc_ms
        self._start_s: Final = now_s

    def moment(self, now_s: float) -> Moment:
        """The moment that is simulated second *now_s*."""
        return Moment(now_s, self._start_ms + round((now_s - self._start_s) * 1000), True)


def iso(utc_ms: int) -> str:
    """ISO 8601 in UTC to the millisecond, for exports and ``--json``."""
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_text(utc_ms: int) -> str:
    """Date and time in the machine's time zone, for a table that a person reads."""
    return datetime.fromtimestamp(utc_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


def stamp(utc_ms: int) -> str:
    """A time stamp for file names, in UTC: 20260711T081500Z."""
    return datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
