"""The data directory: the disk it is on, the record, its backups."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from kiosk.staff.health.finding import Finding, blind, fine, todo
from kiosk.store import backup
from kiosk.store.database import FILE_NAME, SCHEMA, damage_marker
from kiosk.store.moment import DAY_MS, Moment, local_text

DISK_LOW_BYTES: Final = 500_000_000
"""A year of walks is a few megabytes; backups, logs and updates need the rest."""

BACKUP_OLD_DAYS: Final = 3
"""Backups are made each night the kiosk is on; a gym may be shut over a weekend."""


def megabytes(count: float) -> str:
    """A size as people read it."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def disk(directory: Path) -> Finding:
    """Room and rights in the data directory."""
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        info = os.statvfs(place)
    except OSError as error:
        return todo("disk", "silent", detail=f"({error.strerror})", place=str(place))
    if info.f_flag & os.ST_RDONLY:
        return todo("disk", "read_only", place=str(place))
    if directory.exists() and not os.access(directory, os.R_OK | os.X_OK):
        return blind("disk", "hidden", place=str(directory))
    free = info.f_bavail * info.f_frsize
    if free < DISK_LOW_BYTES:
        return todo("disk", "low", free=megabytes(free))
    return fine("disk", "fine", free=megabytes(free))


def record(directory: Path, *, thorough: bool = True) -> Finding:
    """The database: there, whole, of this release. *thorough* reads all of it (seconds for a million walks)."""
    path = directory / FILE_NAME
    aside = sorted(directory.glob(f"{FILE_NAME}.broken-*"))
    try:
        if not path.exists():
            return fine("record", "none")
        size = path.stat().st_size
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as raw:
            (schema,) = raw.execute("SELECT version_num FROM alembic_version").fetchone()
            whole = raw.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",) if thorough else True
            (sessions,) = raw.execute("SELECT count(*) FROM session").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        if isinstance(error, sqlite3.OperationalError) and not os.access(path, os.R_OK):
            return blind("record", "hidden", path=str(path))
        return todo("record", "broken", detail=f"({error})")
    except OSError:
        return blind("record", "hidden", path=str(path))
    if not whole or damage_marker(path).exists():
        return todo("record", "broken")
    if schema > SCHEMA:
        return todo("record", "newer", schema=schema, known=SCHEMA)
    if schema < SCHEMA:
        return todo("record", "older", schema=schema, known=SCHEMA)
    if aside:
        return todo("record", "set_aside", name=aside[-1].name)
    return fine("record", "fine", size=megabytes(size), sessions=sessions, schema=schema)


def service(directory: Path) -> Finding:
    """Whether the third same fault has taken the treadmill out of service."""
    path = directory / FILE_NAME
    try:
        if not path.exists():
            return fine("service", "fine")
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as raw:
            found = raw.execute("SELECT value FROM meta WHERE key = 'service_hold'").fetchone()
    except (sqlite3.DatabaseError, OSError):
        return fine("service", "fine")  # a record that cannot be read is told by its own finding
    return fine("service", "fine") if found is None else todo("service", "held", cause=found[0])


def backups(directory: Path, at: Moment) -> Finding:
    """When the record was last copied."""
    try:
        if not (directory / FILE_NAME).exists():
            return fine("backup", "no_record")
    except PermissionError:
        return blind("backup", "hidden")
    made = [when for path in backup.every(directory / "backups") if (when := backup.made_ms(path)) is not None]
    if at.trusted:
        made = [when for when in made if when <= at.utc_ms]  # made by a clock that was ahead: nobody knows when
    if not made:
        return todo("backup", "none")
    days = (at.utc_ms - max(made)) / DAY_MS
    if days > BACKUP_OLD_DAYS and at.trusted:
        return todo("backup", "old", when=local_text(max(made)), days=int(days))
    return fine("backup", "fine", when=local_text(max(made)))
