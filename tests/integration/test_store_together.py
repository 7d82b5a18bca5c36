"""Two writers, a stuck reader and a migration at once: no lock error reaches a person (issue 6)."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from kiosk.staff import audit
from kiosk.store.commands import for_command, reading
from kiosk.store.database import FILE_NAME, SCHEMA
from kiosk.store.ids import IdSource
from kiosk.store.records import HealthState
from kiosk.store.store import open_store
from tests.support.record import closing, moment, opening, samples

DUMP = Path(__file__).parents[1] / "data" / "schema_0002.sql"
WRITES = 15


@pytest.fixture
def old_record(tmp_path):
    """A record of an older release, with a reader that opened a snapshot and never lets go."""
    path = tmp_path / FILE_NAME
    with sqlite3.connect(path) as made:
        made.executescript(DUMP.read_text("utf-8"))
        made.execute("PRAGMA journal_mode = WAL")
    made.close()
    stuck = sqlite3.connect(path, isolation_level=None)
    stuck.execute("BEGIN")
    stuck.execute("SELECT count(*) FROM session").fetchone()
    yield tmp_path
    stuck.close()


def test_no_lock_error_reaches_a_person(old_record):
    errors, answers = [], []
    ready = threading.Barrier(3)

    def shell(name):
        """A member of staff at a shell: each command migrates where it has to, and writes."""
        ids = IdSource()
        try:
            ready.wait(10)
            for number in range(WRITES):
                with for_command(old_record, moment()) as connection:
                    subject = f"{name} {number}"
                    audit.note(connection, ids, moment(), who=name, action="tried", subject=subject)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=shell, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    ready.wait(10)
    store = open_store(old_record, moment(), threaded=True)  # the third that migrates
    try:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        for sample in samples(begun.id, 200):
            store.writer.sample(sample)
            answers.append(store.reader.ask(lambda c: audit.last(c, 5)))
            time.sleep(0.002)
        store.writer.close_session(closing(begun.id, 200), moment(200))
        for thread in threads:
            thread.join(60)
        assert store.writer.drain()
        assert store.writer.health().state is HealthState.OK, store.writer.health().sentence
        assert [answer.exception() for answer in answers if answer.exception(timeout=10)] == []
    finally:
        store.close()
    assert errors == []
    with reading(old_record) as connection:
        told = [entry for entry in audit.last(connection, 1000) if entry.action == "tried"]
        kept = connection.exec_driver_sql("SELECT samples FROM session WHERE id = ?", (begun.id,)).scalar()
        schema = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    assert len(told) == 2 * WRITES
    assert (kept, schema) == (200, SCHEMA)
