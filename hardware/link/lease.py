"""The lease: whether a moving belt is ours, in a small memory-mapped file below /run.

The guard writes it (a store into mapped memory, no file I/O), belt and stopper read it. It outlives a process that is
killed and ends with the boot, as a belt started before a reboot is no longer known to be ours by this file alone
(the kiosk's open session row says so then).
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final

_SIZE: Final = 64
_MAGIC: Final = b"RWL1"
_ACTIVE: Final = 4
_SESSION: Final = slice(8, 48)


class Lease:
    """The mapped lease. Opening makes the file if there is none (inactive)."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o660)
        try:
            if os.fstat(descriptor).st_size < _SIZE:
                os.ftruncate(descriptor, _SIZE)
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            self._map: Final = mmap.mmap(descriptor, _SIZE, access=access)
        finally:
            os.close(descriptor)
        if writable and self._map[0:4] != _MAGIC:
            self._map[:] = _MAGIC + bytes(_SIZE - 4)

    @property
    def active(self) -> bool:
        """True while a belt that moves is ours."""
        return self._map[0:4] == _MAGIC and self._map[_ACTIVE] == 1

    @property
    def session(self) -> str:
        """The session it was taken for, empty if none."""
        return bytes(self._map[_SESSION]).rstrip(b"\0").decode("ascii", "replace")

    def take(self, session: str) -> None:
        """Before the first byte that may move the belt."""
        self._map[_SESSION] = session.encode("ascii", "replace")[:40].ljust(40, b"\0")
        self._map[_ACTIVE] = 1

    def release(self) -> None:
        """Once the belt is measured at rest."""
        self._map[_ACTIVE] = 0

    def close(self) -> None:
        """Unmap; the file stays."""
        self._map.close()
