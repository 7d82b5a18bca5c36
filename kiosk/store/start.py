"""The record at the kiosk's start, whatever state its file is in: a kiosk always gets one it can work with."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from kiosk.store import backup
from kiosk.store.database import (
    CHECK_BUDGET_S,
    FILE_NAME,
    SCHEMA,
    Access,
    Database,
    Mode,
    check_integrity,
    damage_marker,
    file_engine,
    hold_data_directory,
    migrate,
    open_in_memory,
    open_read_only,
    private,
    schema_of,
    set_aside,
)
from kiosk.store.moment import Moment
from kiosk.store.records import StoreError
from kiosk.store.trouble import RecordError, Trouble, damaged, trouble_of, words_of

log = logging.getLogger(__name__)


def open_for_kiosk(directory: Path, at: Moment) -> Database:
    """Open the record below *directory* for the kiosk, whatever state it is in.

    A file that cannot be read is set aside and a fresh one made; a disk that cannot be written is read; where neither
    is possible the record lives in memory. Each is told in ``notices``, one sentence each. Raises StoreError only if
    another kiosk holds the same directory.
    """
    path = directory / FILE_NAME
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        return _in_memory(path, at, f"The data directory {directory} cannot be made ({error.strerror}).")
    lock = hold_data_directory(directory)
    database = _open_whatever_it_is(path, at)
    database._lock = lock
    return database


def _in_memory(path: Path, at: Moment, why: str) -> Database:
    database = open_in_memory(path, at)
    database.notices.append(f"{why} Sessions work, and are kept in memory until the disk can be used.")
    return database


def _open_whatever_it_is(path: Path, at: Moment) -> Database:
    try:
        return open_file(path, at)
    except StoreError as error:  # of a newer release, or a migration that was undone
        return _in_memory(path, at, str(error))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        trouble = trouble_of(error)
        if trouble is Trouble.BROKEN:
            return _after_setting_aside(path, at)
        log.warning("the record cannot be opened for writing: %s", trouble.value)
        try:
            return open_read_only(path)
        except (SQLAlchemyError, sqlite3.Error, OSError, StoreError):
            return _in_memory(path, at, f"The record {path} can be neither written nor read ({words_of(error)}).")


def _after_setting_aside(path: Path, at: Moment) -> Database:
    try:
        aside = set_aside(path, at.utc_ms)
        database = open_file(path, at)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        return _in_memory(path, at, f"The record {path} is damaged and cannot be set aside ({words_of(error)}).")
    database.aside = aside
    database.notices.append(
        f"The record could not be read. It was set aside as {aside.name}, and a fresh one was begun. "
        "Staff can put the last backup back with: retrowalk restore."
    )
    return database


def open_file(path: Path, at: Moment, *, create: bool = True) -> Database:
    """Open *path* for reading and writing, check it and bring its schema up. Raises what SQLite raises."""
    if create:
        private(path)
    engine = file_engine(path, Access.CREATE if create else Access.WRITE)
    with engine.connect() as connection:
        connection.rollback()
        # After a check that found damage beside the work, the one at start takes the time it needs.
        marker = damage_marker(path)
        problem = check_integrity(connection, None if marker.exists() else CHECK_BUDGET_S)
        marker.unlink(missing_ok=True)
        if problem:
            raise damaged(problem)
        before = schema_of(connection)
        connection.rollback()
    notices = []
    if before is not None and before < SCHEMA:
        notices = _backup_first(path, at, before)
    migrate(engine, at)
    return Database(
        path,
        Mode.FILE,
        file_engine(path, Access.WRITE),
        file_engine(path, Access.READ),
        notices=notices,
        fully_checked=problem is not None,
    )


def _backup_first(path: Path, at: Moment, schema: str) -> list[str]:
    """A backup before a migration; where there is no room for one the migration (one transaction) goes on without."""
    try:
        made = backup.make(path, path.parent / "backups", at, label=f"before-{SCHEMA}")
    except RecordError as error:
        log.warning("no backup before the migration from %s", schema)
        return [f"The record was brought up from schema {schema} without a backup. {error}"]
    return [f"The record was brought up from schema {schema}. The backup made before: {made.path.name}."]
