"""Identifiers that can later be merged across kiosks: UUIDv7 (RFC 9562 section 5.7), as text.

The first 48 bits are milliseconds of UTC, so identifiers sort by time of birth; the next 12 are a counter that keeps
identifiers of one millisecond in order (RFC 9562 section 6.2, method 1). Python has no generator before 3.14.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from typing import Final

_COUNTER_BITS: Final = 12
_SEED_BITS: Final = 11  # the counter's top bit starts at 0, so a burst has room for 2048 before the time must move
_MAX_MS: Final = (1 << 48) - 1


class IdSource:
    """Makes identifiers; each is greater than every one before it from this source. Safe from any thread."""

    def __init__(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._random: Final = random_bytes
        self._lock: Final = threading.Lock()
        self._ms = -1
        self._counter = 0

    def new(self, utc_ms: int) -> str:
        """An identifier born at *utc_ms* (milliseconds since 1970, clamped to 48 bits).

        A clock that was set back does not break the order: the source then counts on from its last millisecond.
        """
        with self._lock:
            utc_ms = min(max(utc_ms, 0), _MAX_MS)
            if utc_ms > self._ms:
                self._ms = utc_ms
                self._counter = int.from_bytes(self._random(2), "big") >> (16 - _SEED_BITS)
            else:
                self._counter += 1
                if self._counter >> _COUNTER_BITS:
                    self._ms += 1
                    self._counter = 0
            tail = int.from_bytes(self._random(8), "big") >> 2
            value = self._ms << 80 | 0x7 << 76 | self._counter << 64 | 0b10 << 62 | tail
        return str(uuid.UUID(int=value))


def utc_ms_of(identifier: str) -> int:
    """The millisecond an identifier was born in. Raises ValueError for text that is no UUIDv7."""
    value = uuid.UUID(identifier)
    if value.version != 7:
        raise ValueError(f"{identifier} is not a UUIDv7")
    return value.int >> 80
