"""The lease: whether a moving belt is ours, in a small memory-mapped file below /run; and the day's opening check.

The guard writes it (a store into mapped memory, no file I/O), belt and stopper read it. It outlives a process that is
killed and ends with the boot, as a belt started before a reboot is no longer known to be ours by this file alone
(the kiosk's open session row says so then). The opening check carries the boot it was made in, so that it is void
after a reboot even where the directory is not.

Layout, version 2: 0 magic, 4 active, 5 only staff may reset, 8 session (40 bytes), 48 boot (16), 64 address (24),
88 time (double), 96 CRC-32 of bytes 48 to 95. A file with another magic counts as none; an opening check whose sum
does not fit counts as none.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
import zlib
from pathlib import Path
from typing import Final

from hardware.link.paths import RuntimeDirError

_SIZE: Final = 128
_MAGIC: Final = b"RWL2"
_ACTIVE: Final = 4
_STAFF: Final = 5
_SESSION: Final = slice(8, 48)
_CHECK: Final = slice(48, 96)
_SUM: Final = slice(96, 100)
_RECORD: Final = struct.Struct("<16s24sd")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> bytes:
    """16 bytes that are new with each boot; zeros where the system does not tell."""
    try:
        return bytes.fromhex(_BOOT.read_text("ascii").strip().replace("-", ""))[:16].ljust(16, b"\0")
    except (OSError, ValueError):
        return bytes(16)


class Lease:
    """The mapped lease. Opening makes the file if there is none (inactive).

    Raises RuntimeDirError with a sentence where the file can be neither opened nor made.
    """

    def __init__(self, path: Path, *, writable: bool, boot: bytes | None = None) -> None:
        self._boot: Final = boot_id() if boot is None else boot
        try:
            self._map: Final = _mapped(path, writable=writable)
        except OSError as error:
            raise RuntimeDirError(
                f"The lease {path} cannot be opened: {error.strerror}. It must be a file that this user can write to."
            ) from error
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

    @property
    def staff(self) -> bool:
        """True while what the guard has latched is for staff to reset: a guard started anew is latched as firmly."""
        return self._map[0:4] == _MAGIC and self._map[_STAFF] != 0

    def keep_staff(self, staff: bool) -> None:
        """At each change."""
        self._map[_STAFF] = int(staff)

    @property
    def opening(self) -> tuple[str, float] | None:
        """The opening check of this boot: treadmill and monotonic time; None if there is none to be trusted."""
        packed = bytes(self._map[_CHECK])
        if self._map[0:4] != _MAGIC or bytes(self._map[_SUM]) != _sum(packed):
            return None
        boot, address, at_s = _RECORD.unpack(packed)
        if boot != self._boot or not address.strip(b"\0") or not math.isfinite(at_s):
            return None
        return address.rstrip(b"\0").decode("ascii", "replace"), at_s

    def keep_opening(self, record: tuple[str, float] | None) -> None:
        """A finished opening check, or none. Torn by a kill it counts as none: the sum goes first and comes last."""
        self._map[_SUM] = bytes(4)
        packed = bytes(_RECORD.size)
        if record is not None:
            address, at_s = record
            packed = _RECORD.pack(self._boot, address.encode("ascii", "replace"), at_s)
        self._map[_CHECK] = packed
        self._map[_SUM] = _sum(packed)

    def close(self) -> None:
        """Unmap; the file stays."""
        self._map.close()


def _mapped(path: Path, *, writable: bool) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        found = os.fstat(descriptor)
        if found.st_size < _SIZE:
            os.ftruncate(descriptor, _SIZE)
            if found.st_uid == os.geteuid():  # whatever the umask: guard, belt and stopper are users of one group
                os.fchmod(descriptor, 0o660)
        return mmap.mmap(descriptor, _SIZE, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


def _sum(packed: bytes) -> bytes:
    return zlib.crc32(packed).to_bytes(4, "little")
