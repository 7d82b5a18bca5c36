"""The record for a shell command: one transaction, and a sentence for whatever goes wrong."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from kiosk.store.database import FILE_NAME, Access, file_engine, migrate, open_read_only, private
from kiosk.store.moment import Moment
from kiosk.store.trouble import RecordError, Trouble, trouble_of, words_of


@contextlib.contextmanager
def for_command(directory: Path, at: Moment, *, create: bool = False) -> Iterator[Connection]:
    """One transaction on the record for a shell command; committed at the end unless something is raised.

    Raises StoreError with a sentence. Never sets a file aside: a person decides that, or the kiosk at its start.
    """
    path = directory / FILE_NAME
    if not create and not path.exists():
        raise RecordError(
            f"There is no record in {directory}. Start the kiosk once, or name the right directory with --data."
        )
    try:
        if create:
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            private(path)
        engine = file_engine(path, Access.CREATE if create else Access.WRITE)
        migrate(engine, at)
        with engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise RecordError(_for_command(path, error)) from error


@contextlib.contextmanager
def reading(directory: Path) -> Iterator[Connection]:
    """A snapshot of the record for a shell command that only reads. Raises StoreError with a sentence."""
    path = directory / FILE_NAME
    if not path.exists():
        raise RecordError(
            f"There is no record in {directory}. Start the kiosk once, or name the right directory with --data."
        )
    try:
        with open_read_only(path).read.connect() as connection:
            yield connection
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise RecordError(_for_command(path, error)) from error


def empty_log(directory: Path) -> bool:
    """Bring the write-ahead log into the file and empty it; False if somebody reads it (the kiosk does it later)."""
    try:
        with contextlib.closing(sqlite3.connect(directory / FILE_NAME, timeout=2.0, isolation_level=None)) as raw:
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return bool(busy == 0)


def _for_command(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The directory {path.parent} cannot be used: {error.strerror}. Choose another with --data."
    match trouble_of(error):
        case Trouble.BROKEN:
            return (
                f"The record {path} is damaged or no database at all. "
                "The kiosk sets it aside at its next start; then put the last backup back with: retrowalk restore."
            )
        case Trouble.FULL:
            return f"The disk that holds {path} is full. Make room and try again; nothing was changed."
        case Trouble.READ_ONLY:
            return f"The record {path} cannot be written or opened ({words_of(error)}). Check its owner and the disk."
        case Trouble.DEVICE:
            return f"The disk that holds {path} does not answer properly ({words_of(error)}). Nothing was changed."
        case Trouble.BUSY:
            return f"The record {path} is in use by another program for too long. Nothing was changed; try again."
        case _:
            return f"The record {path} refused this: {words_of(error)}. Nothing was changed."
