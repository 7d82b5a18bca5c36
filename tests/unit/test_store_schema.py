"""Migrations: from nothing, twice at once, from a newer release; and models that are what the migrations make."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import StaticPool

from kiosk.store import database as files
from kiosk.store.commands import for_command
from kiosk.store.models import AUDIT_TRIGGERS, Base
from kiosk.store.repositories import members, sessions
from kiosk.store.trouble import RecordError
from tests.support.record import moment, opened, rows, walk


def schema(connection):
    """Every table, index and trigger, as SQLite would have to be told to make it, whitespace apart."""
    return {
        " ".join(sql.replace('"', "").split())
        for (sql,) in connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'"
        )
    }


def columns_and_rules(sql):
    return frozenset(part.strip() for part in sql.replace("(", ",").replace(")", ",").split(","))


def test_the_migrations_make_exactly_what_the_models_say(tmp_path):
    with opened(tmp_path) as store, store.database.read.connect() as connection:
        migrated = {columns_and_rules(sql) for sql in schema(connection)}
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        for trigger in AUDIT_TRIGGERS:
            connection.exec_driver_sql(trigger)
        modelled = {columns_and_rules(sql) for sql in schema(connection)}
    engine.dispose()
    assert migrated == modelled


def test_the_newest_migration_is_the_one_the_code_names(tmp_path):
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "kiosk/store/migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == files.SCHEMA


def test_every_table_is_strict(tmp_path):
    with opened(tmp_path) as store:
        loose = rows(
            store, "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND schema = 'main'"
        )
        assert {name for (name,) in loose} <= {"sqlite_schema", "alembic_version", "sqlite_sequence"}


def test_a_second_start_changes_nothing_and_keeps_the_kiosks_identity(tmp_path):
    with opened(tmp_path) as store:
        first = rows(store, "SELECT value FROM meta WHERE key = 'kiosk'")
        walk(store)
    with opened(tmp_path) as store:
        assert rows(store, "SELECT value FROM meta WHERE key = 'kiosk'") == first
        assert rows(store, "SELECT count(*) FROM session") == [(1,)]


def test_a_record_of_a_newer_release_is_left_alone_and_the_kiosk_says_so(tmp_path):
    with opened(tmp_path) as store, store.database.write.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with opened(tmp_path) as store:
        assert store.database.mode is files.Mode.MEMORY
        assert "newer" in store.notices[0]
        walk(store)
        assert rows(store, "SELECT count(*) FROM session") == [(1,)]
    with pytest.raises(RecordError, match="newer"), for_command(tmp_path, moment()):
        pass
    with files.file_engine(tmp_path / files.FILE_NAME, files.Access.READ).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM session").scalar() == 0


def test_a_migration_cut_short_leaves_the_old_schema_whole(tmp_path, monkeypatch):
    path = tmp_path / files.FILE_NAME
    engine = files.file_engine(path, files.Access.CREATE)

    def half(connection):
        connection.exec_driver_sql("CREATE TABLE half (x INTEGER)")
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "_upgrade", half)
    with pytest.raises(KeyboardInterrupt):
        files.migrate(engine, moment())
    assert inspect(engine).get_table_names() == []
    monkeypatch.undo()
    files.migrate(engine, moment())
    with engine.connect() as connection:
        assert files.schema_of(connection) == files.SCHEMA


def test_two_processes_that_make_the_same_record_at_once_both_succeed(tmp_path):
    code = (
        "import sys, pathlib\n"
        "from kiosk.store.commands import for_command\n"
        "from kiosk.store.moment import Moment\n"
        "sys.stdin.readline()\n"
        "with for_command(pathlib.Path(sys.argv[1]), Moment(0.0, 0), create=True) as c:\n"
        "    print(c.exec_driver_sql('SELECT count(*) FROM meta').scalar())\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0].strip() for process in both] == ["1", "1"]
    assert [process.returncode for process in both] == [0, 0]


RELEASED = sorted(Path("tests/data").glob("schema_*.sql"))


@pytest.mark.parametrize("dump", RELEASED, ids=lambda path: path.stem)
def test_a_record_of_every_released_schema_comes_up_with_its_data(tmp_path, dump):
    path = tmp_path / files.FILE_NAME
    old = sqlite3.connect(path)
    old.executescript(dump.read_text())
    tables = [name for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    before = {
        name: sorted(old.execute(f"SELECT * FROM {name}").fetchall()) for name in tables if name != "alembic_version"
    }
    old.close()
    assert before["session"]
    with opened(tmp_path, moment(10**6)) as store:
        assert store.database.mode is files.Mode.FILE
        assert store.database.aside is None
        assert {name: sorted(rows(store, f"SELECT * FROM {name}")) for name in before} == before
        assert store.reader.ask(files.schema_of).result() == files.SCHEMA
        member = store.reader.ask(lambda c: members.find(c, "482913")).result()
        assert len(store.reader.ask(lambda c: sessions.last_of_member(c, member.id)).result()) == 2
        walk(store, 5, moment(10**6), member_id=member.id)
        with store.database.read.connect() as connection:
            migrated = {columns_and_rules(sql) for sql in schema(connection)}
    with opened(tmp_path / "fresh") as fresh, fresh.database.read.connect() as connection:
        assert migrated == {columns_and_rules(sql) for sql in schema(connection)}


def test_every_schema_before_the_newest_has_a_dump_to_come_up_from():
    assert [path.stem for path in RELEASED] == [f"schema_{n:04d}" for n in range(1, int(files.SCHEMA))]


def test_a_record_whose_migration_would_break_a_reference_is_left_as_it_is_and_the_kiosk_starts(tmp_path):
    path = tmp_path / files.FILE_NAME
    old = sqlite3.connect(path)
    old.executescript(RELEASED[0].read_text(encoding="utf-8"))
    old.execute("PRAGMA foreign_keys = OFF")
    old.execute("UPDATE session SET member_id = '00000000-0000-7000-8000-000000000000'")
    old.commit()
    old.close()
    with opened(tmp_path) as store:
        assert store.database.mode is files.Mode.MEMORY
        assert "The migration was undone" in store.notices[-1]
    old = sqlite3.connect(path)
    assert old.execute("SELECT version_num FROM alembic_version").fetchone() < (files.SCHEMA,)
    old.close()
