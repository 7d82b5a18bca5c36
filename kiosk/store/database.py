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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment, stamp
from kiosk.store.records import StoreError

log = logging.getLogger(__name__)

FILE_NAME: Final = "retrowalk.db"
LOCK_NAME: Final = "retrowalk.lock"
SCHEMA: Final = "0003"  # the newest revision in migrations/versions
BUSY_S: Final = 10.0  # how long one writer waits for another (a shell command, a migration)
CHECK_BUDGET_S: Final = 2.0  # the integrity check at start may delay the first screen by this much, no more


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


def _in_memory(path: Path, at: Moment, why: str) -> Database:
    database = open_in_memory(path, at)
    database.notices.append(f"{why} Sessions work, and are kept in memory until the disk can be used.")
    return database


def _open_whatever_it_is(path: Path, at: Moment) -> Database:
    try:
        return open_file(path, at)
    except NewerSchemaError as error:
        return _in_memory(path, at, str(error))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        trouble = trouble_of(error)
        if trouble is Trouble.BROKEN:
            return _after_setting_aside(path, at)
        log.warning("the record cannot be opened for writing: %s", trouble.value)
        try:
            return open_read_only(path)
        except (SQLAlchemyError, sqlite3.Error, OSError, StoreError):
            return _in_memory(path, at, f"The record {path} can be neither written nor read ({_words(error)}).")


def _after_setting_aside(path: Path, at: Moment) -> Database:
    try:
        aside = set_aside(path, at.utc_ms)
        database = open_file(path, at)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        return _in_memory(path, at, f"The record {path} is damaged and cannot be set aside ({_words(error)}).")
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
            raise _damaged(problem)
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
        problem = _words(error)
    if not going_on():
        return ""
    database.fully_checked = True
    if problem:
        database.damage = "Part of the record is damaged. It is set aside at the next start; make a backup now."
        with contextlib.suppress(OSError):  # a disk that refuses this too: the short check at start will have to do
            damage_marker(database.path).touch()
    return problem


def _backup_first(path: Path, at: Moment, schema: str) -> list[str]:
    """A backup before a migration; where there is no room for one the migration (one transaction) goes on without."""
    from kiosk.store import backup

    try:
        made = backup.make(path, path.parent / "backups", at, label=f"before-{SCHEMA}")
    except RecordError as error:
        log.warning("no backup before the migration from %s", schema)
        return [f"The record was brought up from schema {schema} without a backup. {error}"]
    return [f"The record was brought up from schema {schema}. The backup made before: {made.path.name}."]


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


def _damaged(problem: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(f"integrity check: {problem}")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


def vanished() -> sqlite3.DatabaseError:
    """The error that SQLite does not raise when its file has been deleted."""
    return _damaged("the file is gone")


def _words(error: BaseException) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    return str(original) or type(original).__name__


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
            return f"The record {path} cannot be written or opened ({_words(error)}). Check its owner and the disk."
        case Trouble.DEVICE:
            return f"The disk that holds {path} does not answer properly ({_words(error)}). Nothing was changed."
        case Trouble.BUSY:
            return f"The record {path} is in use by another program for too long. Nothing was changed; try again."
        case _:
            return f"The record {path} refused this: {_words(error)}. Nothing was changed."
