"""What a failed call of the database means for the record."""

from __future__ import annotations

import os
import sqlite3
from enum import Enum
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError

from kiosk.store.records import StoreError


class Trouble(Enum):
    """What a failed database call means."""

    FULL = "full"
    READ_ONLY = "read_only"
    BROKEN = "broken"  # the file's content
    DEVICE = "device"  # the disk under it
    BUSY = "busy"
    CONSTRAINT = "constraint"  # a record that the database refuses: ours to fix, not the disk's
    OTHER = "other"


_TROUBLES: Final = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_AUTH: Trouble.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: Trouble.BROKEN,
    sqlite3.SQLITE_NOTADB: Trouble.BROKEN,
    sqlite3.SQLITE_IOERR: Trouble.DEVICE,
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
    sqlite3.SQLITE_CONSTRAINT: Trouble.CONSTRAINT,
    sqlite3.SQLITE_MISMATCH: Trouble.CONSTRAINT,
    sqlite3.SQLITE_TOOBIG: Trouble.CONSTRAINT,
}


def trouble_of(error: BaseException) -> Trouble:
    """What *error* (of sqlite3 or SQLAlchemy) means for the record."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "sqlite_errorcode", None)
    if isinstance(code, int):
        return _TROUBLES.get(code & 0xFF, Trouble.OTHER)
    return Trouble.CONSTRAINT if isinstance(original, sqlite3.IntegrityError) else Trouble.OTHER


SPARE_BYTES: Final = 256 * 1024


def refined(trouble: Trouble, path: Path) -> Trouble:
    """*trouble*, or FULL where the disk below *path* has no room: some calls name a full disk otherwise."""
    if trouble not in (Trouble.DEVICE, Trouble.READ_ONLY):
        return trouble
    try:
        room = os.statvfs(path.parent)
    except OSError:
        return trouble
    read_only = bool(room.f_flag & os.ST_RDONLY)
    return Trouble.FULL if room.f_bavail * room.f_frsize < SPARE_BYTES and not read_only else trouble


class RecordError(StoreError):
    """The record itself is the matter (missing, damaged, in use, disk full), not what was asked of it."""


def damaged(problem: str) -> sqlite3.DatabaseError:
    """The error that SQLite raises for a damaged file, for what a check has found."""
    error = sqlite3.DatabaseError(f"integrity check: {problem}")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


def vanished() -> sqlite3.DatabaseError:
    """The error that SQLite does not raise when its file has been deleted."""
    return damaged("the file is gone")


def words_of(error: BaseException) -> str:
    """The database's own words."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return str(original) or type(original).__name__
