"""The file: how it is opened, checked, migrated and, when it cannot be read, set aside.

SQLite in WAL mode with ``synchronous=FULL``: of WAL/FULL and WAL/NORMAL only FULL lost no acknowledged commit when
the power was cut (deploy.md). Nothing here ever deletes a file: what cannot be read is renamed with a time stamp.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment, stamp
from kiosk.store.records import StoreError
from kiosk.store.trouble import RecordError, Trouble, trouble_of, words_of

log = logging.getLogger(__name__)

FILE_NAME: Final = "retrowalk.db"
LOCK_NAME: Final = "retrowalk.lock"
SCHEMA: Final = "0003"  # the newest revision in migrations/versions
BUSY_S: Final = 10.0  # how long one writer waits for another (a shell command, a migration)
CHECK_BUDGET_S: Final = 2.0  # the integrity check at start may delay the first screen by this much, no more


class Access(StrEnum):
    """How a connection may use the file."""

    WRITE = "rw"
    CREATE = "rwc"
    READ = "ro"
    IMMUTABLE = "immutable"  # a read-only medium: no -shm can be made, and nobody writes


class Mode(Enum):
    """What the record stands on."""

    FILE = "file"
    READ_ONLY = "read_only"
    MEMORY = "memory"


def _uri(path: Path, access: Access) -> str:
    base = path.absolute().as_uri()
    return f"{base}?immutable=1" if access is Access.IMMUTABLE else f"{base}?mode={access.value}"


def file_engine(path: Path, access: Access, busy_s: float = BUSY_S) -> Engine:
    """An engine on the file *path*; every connection has the project's pragmas. Close what you connect."""
    writes = access in (Access.WRITE, Access.CREATE)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            _uri(path, access), uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False
        )
        try:
            _pragmas(connection, writes=writes)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return _engine(connect, "IMMEDIATE" if writes else "DEFERRED")


def memory_engine(name: str) -> Engine:
    """An engine on a database in memory that all connections of this *name* in this process share."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{name}?mode=memory&cache=shared", uri=True, isolation_level=None, check_same_thread=False
        )
        # Shared-cache readers would otherwise meet table locks, which no busy time-out waits for.
        connection.execute("PRAGMA read_uncommitted = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    return _engine(connect, "DEFERRED")


def _pragmas(connection: sqlite3.Connection, *, writes: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    if not writes:
        return
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # Two processes making the same new file: the switch to WAL does not wait by itself.
            if trouble_of(error) is not Trouble.BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")  # so that INSERT OR REPLACE meets the audit's triggers
    connection.execute("PRAGMA secure_delete = ON")  # an erased member leaves no bytes in free pages
    connection.execute("PRAGMA journal_size_limit = 16777216")


def _engine(connect: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    # No value is ever repeated in an error's text: it might be a name or a score, and errors are logged.
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)

    # sqlite3's own transaction handling begins too late (not before SELECT, not before DDL): begin ourselves, and for
    # writers with the lock, so that two writers wait for each other at the start and never meet a dead end.
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {begin}")

    event.listen(engine, "begin", on_begin)
    return engine


def check_integrity(connection: Connection, budget_s: float | None = CHECK_BUDGET_S) -> str | None:
    """What SQLite finds wrong with the file: '' if nothing, None if *budget_s* ran out before the end."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("this is no SQLite connection")
    if budget_s is not None:
        deadline = time.monotonic() + budget_s
        driver.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        found = driver.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        driver.set_progress_handler(None, 0)
    return "" if found == ("ok",) else str(found[0] if found else "no answer")


def schema_of(connection: Connection) -> str | None:
    """The schema revision of an open database; None if it has none yet."""
    known = connection.scalar(text("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"))
    return connection.scalar(text("SELECT version_num FROM alembic_version")) if known else None


class NewerSchemaError(RecordError):
    """The file was written by a newer release."""


def migrate(engine: Engine, at: Moment) -> None:
    """Bring the schema up to SCHEMA in one transaction: a power cut leaves the old schema whole.

    Raises NewerSchemaError for a file from a newer release. Two processes at once: the second waits, then finds
    nothing to do.
    """
    with engine.connect() as connection:
        if schema_of(connection) == SCHEMA:
            return
    with engine.connect() as connection:
        # Tables may be rebuilt: foreign keys are off for that, and checked as a whole before the commit.
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            raw.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            found = schema_of(connection)
            if found == SCHEMA:
                return
            if found is not None and found > SCHEMA:
                raise NewerSchemaError(
                    f"The database has schema {found}, which is newer than this Retro Walk knows ({SCHEMA}). "
                    "Install the newer release again, or restore a backup made before it."
                )
            _upgrade(connection)
            broken = connection.execute(text("PRAGMA foreign_key_check")).first()
            if broken is not None:
                raise StoreError(f"The migration was undone: it would have broken a reference in {broken[0]}.")
            connection.execute(
                text("INSERT OR IGNORE INTO meta (key, value) VALUES ('kiosk', :id)"),
                {"id": IdSource().new(at.utc_ms)},
            )


def _upgrade(connection: Connection) -> None:
    # Alembic costs a quarter of a second to import: only where there is something to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    location = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", location.replace("%", "%%"))
    config.set_main_option("version_locations", f"{location}/versions".replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def set_aside(path: Path, utc_ms: int, word: str = "broken") -> Path:
    """Rename a database, with its -wal and -shm, so that another can take its place.

    Returns the new name. Raises OSError where the directory cannot be written.
    """
    target = path.with_name(f"{path.name}.{word}-{stamp(utc_ms)}")
    count = 1
    while target.exists():
        count += 1
        target = path.with_name(f"{path.name}.{word}-{stamp(utc_ms)}-{count}")
    # The main file last: until then a power cut leaves a database that is still found and still set aside.
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return target


@dataclass
class Database:
    """An open record: where it stands, and how to connect to it. Engines may be swapped when the disk comes back."""

    path: Path
    mode: Mode
    write: Engine
    read: Engine
    notices: list[str] = field(default_factory=list)
    aside: Path | None = None
    fully_checked: bool = True  # False: the check at start ran out of time, and goes on beside the work
    damage: str = ""  # what a check beside the work has found
    generation: int = 0  # raised when the engines change, so that readers connect anew
    _keep: Connection | None = None  # holds a memory database alive
    _lock: int | None = None

    @property
    def backups(self) -> Path:
        """The directory of backups."""
        return self.path.parent / "backups"

    def take_over(self, other: Database) -> None:
        """Stand on *other*'s engines from now on."""
        old = self._keep
        self.mode, self.write, self.read = other.mode, other.write, other.read
        self.notices.extend(other.notices)
        self.aside = other.aside or self.aside
        self._keep = other._keep
        self.generation += 1
        if old is not None:
            old.close()

    def close(self) -> None:
        """Let go of memory and of the lock; idempotent."""
        if self._keep is not None:
            self._keep.close()
            self._keep = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open_in_memory(path: Path, at: Moment) -> Database:
    """A record that lives only as long as this process; *path* is where it would be."""
    engine = memory_engine(f"retrowalk-{os.urandom(8).hex()}")
    keep = engine.connect()
    keep.rollback()
    migrate(engine, at)
    return Database(path, Mode.MEMORY, engine, engine, _keep=keep)


def hold_data_directory(directory: Path) -> int | None:
    """Keep other kiosks off *directory* until the descriptor is closed; None where the disk cannot be written.

    Raises StoreError if another kiosk holds it.
    """
    try:
        descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError:
        return None  # a directory that cannot be written needs no writer's lock
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise RecordError(
            f"Another Retro Walk keeps its record in {directory}. Stop it first, or choose another directory "
            "with --data."
        ) from None
    return descriptor


def private(path: Path) -> None:
    """Make an empty file that only its owner and group may read (SQLite gives -wal and -shm the same rights)."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))


def damage_marker(path: Path) -> Path:
    """The file that says: look at the whole record at the next start."""
    return path.with_name(f"{path.name}.damaged")


def check_beside_the_work(database: Database, going_on: Callable[[], bool]) -> str:
    """The whole integrity check on a connection of its own; what it finds is kept for the next start.

    Returns '' for a sound record, or if *going_on* said False on the way.
    """
    engine = file_engine(database.path, Access.READ)
    try:
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            if not isinstance(driver, sqlite3.Connection):
                raise TypeError("this is no SQLite connection")
            driver.set_progress_handler(lambda: not going_on(), 10_000)
            found = driver.execute("PRAGMA integrity_check(1)").fetchone()
            problem = "" if found == ("ok",) else str(found[0])
    except (SQLAlchemyError, sqlite3.Error) as error:
        if not going_on() or trouble_of(error) is not Trouble.BROKEN:
            return ""
        problem = words_of(error)
    if not going_on():
        return ""
    database.fully_checked = True
    if problem:
        database.damage = "Part of the record is damaged. It is set aside at the next start; make a backup now."
        with contextlib.suppress(OSError):  # a disk that refuses this too: the short check at start will have to do
            damage_marker(database.path).touch()
    return problem


def open_read_only(path: Path) -> Database:
    """Open *path* for reading alone. Raises what SQLite raises, or StoreError for a schema that is not ours."""
    engine = file_engine(path, Access.READ)
    try:
        with engine.connect() as connection:
            found = schema_of(connection)
    except SQLAlchemyError:
        if path.with_name(path.name + "-wal").exists():
            raise
        engine = file_engine(path, Access.IMMUTABLE)
        with engine.connect() as connection:
            found = schema_of(connection)
    if found != SCHEMA:
        raise RecordError(f"The record {path} has schema {found}; this Retro Walk reads {SCHEMA}.")
    return Database(
        path,
        Mode.READ_ONLY,
        file_engine(path, Access.WRITE),
        engine,
        notices=[f"The record {path} cannot be written. Sessions work, and are kept in memory until it can be."],
    )
