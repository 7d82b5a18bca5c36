"""Backups: copied while the kiosk works, opened and checked before they count, a few kept; and putting one back.

A backup is one ordinary SQLite file with a ``.sha256`` beside it (the form that ``sha256sum -c`` reads). It is made
from one snapshot, in small steps with pauses, so the card has time for the walk that may be under way.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kiosk.store import database as files
from kiosk.store import merge
from kiosk.store.database import SCHEMA
from kiosk.store.moment import DAY_MS, Moment, stamp
from kiosk.store.trouble import RecordError

KEEP: Final = 7
"""Nightly backups that are kept. An erased member is gone from all of them after as many nights."""

REPLACED_MS: Final = 30 * DAY_MS
"""A record that a restore has replaced is kept for so long: what is newer in it was taken over, and members who have
been erased since are still in it."""

STEP_PAGES: Final = 256  # 1 MB at a time
PAUSE_S: Final = 0.02
ROOM_FACTOR: Final = 1.1
_REPLACED: Final = re.compile(rf"^{re.escape(files.FILE_NAME)}\.replaced-(\d{{8}}T\d{{6}}Z)(-\d+)?$")
_NAME: Final = re.compile(r"^retrowalk-(\d{8}T\d{6}Z)(-[a-z0-9-]+)?\.db$")


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup on disk. *made* is its UTC time stamp as in its name."""

    path: Path
    made: str
    bytes: int
    sessions: int
    members: int
    schema: str


def checksum_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_checksum(path: Path) -> str:
    """Put ``NAME.sha256`` beside *path*; returns the digest."""
    digest = checksum_of(path)
    aside = path.with_name(f"{path.name}.sha256")
    with aside.open("w", encoding="ascii") as file:
        file.write(f"{digest}  {path.name}\n")
        file.flush()
        os.fsync(file.fileno())
    return digest


def sync_directory(directory: Path) -> None:
    """Make new names in *directory* survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def verify(path: Path) -> Backup:
    """Open *path* and check all of it: integrity, references, schema. Raises RecordError with a sentence."""
    if not path.is_file():
        raise RecordError(f"There is no backup {path}. Those that are there: retrowalk backup --list.")
    aside = path.with_name(f"{path.name}.sha256")
    if aside.is_file():
        told = aside.read_text(encoding="ascii", errors="replace").split()
        if not told or told[0] != checksum_of(path):
            raise RecordError(f"The backup {path} differs from its checksum: it was changed or damaged.")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise RecordError(f"The backup {path} is damaged ({found}).")
            if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise RecordError(f"The backup {path} has broken references.")
            (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            (sessions,) = connection.execute("SELECT count(*) FROM session").fetchone()
            (members,) = connection.execute("SELECT count(*) FROM member").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise RecordError(
            f"{path} is no backup of Retro Walk ({error}). Those that are there: retrowalk backup --list."
        ) from error
    if schema > SCHEMA:
        raise RecordError(f"The backup {path} is of a newer Retro Walk (schema {schema}; this one knows {SCHEMA}).")
    return Backup(path, path.stem, path.stat().st_size, sessions, members, schema)


def make(
    source: Path,
    directory: Path,
    at: Moment,
    *,
    label: str = "",
    going_on: Callable[[], bool] = lambda: True,
) -> Backup:
    """Copy the record *source* into *directory* while others write to it, verify the copy, and name it last.

    *going_on* is asked between steps; False gives up. *label* becomes part of the name. Raises RecordError with a
    sentence; then nothing is left in *directory*.
    """
    name = f"retrowalk-{stamp(at.utc_ms)}{f'-{label}' if label else ''}.db"
    part = directory / f".{name}.part"
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        needed = source.stat().st_size * ROOM_FACTOR
        free = shutil.disk_usage(directory).free
        if free < needed:
            raise RecordError(
                f"There is no room for a backup in {directory}: "
                f"{needed / 1e6:.0f} MB needed, {free / 1e6:.0f} MB free."
            )
        _copy(source, part, going_on)
        found = verify(part)
        final = directory / name
        part.replace(final)
        write_checksum(final)
        sync_directory(directory)
    except (sqlite3.Error, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise RecordError(
            f"The backup into {directory} failed: {why}. The record itself is untouched. "
            "Choose another folder or stick."
        ) from error
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                part.with_name(part.name + suffix).unlink()
    return Backup(final, stamp(at.utc_ms), found.bytes, found.sessions, found.members, found.schema)


def _copy(source: Path, target: Path, going_on: Callable[[], bool]) -> None:
    target.unlink(missing_ok=True)
    files.private(target)
    reader = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    with contextlib.closing(reader), contextlib.closing(sqlite3.connect(target)) as writer:
        # An open snapshot: without it every commit of the walk under way would begin the copy anew.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()

        def progress(_status: int, _remaining: int, _total: int) -> None:
            if not going_on():
                raise RecordError("The backup was given up: the kiosk is being switched off.")

        reader.backup(writer, pages=STEP_PAGES, progress=progress, sleep=PAUSE_S)
        reader.execute("ROLLBACK")
        writer.execute("PRAGMA journal_mode = DELETE")  # one file that needs no -wal beside it
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def every(directory: Path) -> tuple[Path, ...]:
    """Backups in *directory*, newest first, by their names."""
    try:
        found = [path for path in directory.iterdir() if _NAME.match(path.name)]
    except OSError:
        return ()
    return tuple(sorted(found, key=lambda path: path.name, reverse=True))


def made_ms(path: Path) -> int | None:
    """When a backup was made, by its name; None for a foreign name."""
    return _stamped_ms(_NAME.match(path.name))


def _stamped_ms(match: re.Match[str] | None) -> int | None:
    from datetime import UTC, datetime

    if match is None:
        return None
    return round(datetime.strptime(match.group(1), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)


def rotate(directory: Path, keep: int = KEEP, *, utc_ms: int | None = None) -> tuple[Path, ...]:
    """Remove all but the *keep* newest backups; returns what was removed. The newest is never removed.

    *utc_ms*: what was made later than now, by a clock that was ahead, counts as the oldest; else it would stay for
    good and the new ones would go.
    """
    ahead = [path for path in every(directory) if utc_ms is not None and (made_ms(path) or 0) > utc_ms]
    found = [path for path in every(directory) if path not in ahead] + ahead
    removed = []
    for path in found[max(keep, 1) :]:
        with contextlib.suppress(OSError):
            path.unlink()
            removed.append(path)
        with contextlib.suppress(OSError):
            path.with_name(f"{path.name}.sha256").unlink()
    return tuple(removed)


def forget_replaced(data: Path, utc_ms: int) -> tuple[Path, ...]:
    """Remove records below *data* that a restore has replaced long ago; returns which. Broken ones are a person's to
    take away: nobody knows what is in them.
    """
    removed = []
    for path in data.glob(f"{files.FILE_NAME}.replaced-*"):
        made = _stamped_ms(_REPLACED.match(path.name))
        if made is None or utc_ms - made < REPLACED_MS:
            continue
        with contextlib.suppress(OSError):
            for suffix in ("-wal", "-shm", ""):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            removed.append(path)
    return tuple(removed)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. *aside* is where the record that was there before is now."""

    backup: Backup
    aside: Path | None
    merged_sessions: int  # walked since the backup, taken over from the record that was there
    erased_again: int  # members who were erased since the backup
    note: str


def restore(path: Path, data: Path, at: Moment) -> Restored:
    """Put the backup *path* in the place of the record below *data*.

    The record that is there is set aside, never deleted; if it can be read, what is newer in it is taken over:
    walks, caps, accounts, erasures. The kiosk must not be running. Raises StoreError with a sentence; until the last
    step the record that is there stays in place.
    """
    data.mkdir(mode=0o750, parents=True, exist_ok=True)
    lock = files.hold_data_directory(data)
    part = data / f".restore-{stamp(at.utc_ms)}.part"
    try:
        found = verify(path)
        target = data / files.FILE_NAME
        files.private(part)
        shutil.copyfile(path, part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        verify(part)
        aside: Path | None = None
        if target.exists():
            aside = files.set_aside(target, at.utc_ms, word="replaced")
        part.replace(target)
        sync_directory(data)
        files.migrate(files.file_engine(target, files.Access.WRITE), at)
        merged = merge.Merged(0, 0, "")
        if aside is not None:
            merged = merge.take_over(target, aside, at)
        return Restored(found, aside, merged.sessions, merged.erased, merged.note)
    except (sqlite3.Error, OSError) as error:
        raise RecordError(f"The backup {path} could not be put back: {error}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
        if lock is not None:
            os.close(lock)
