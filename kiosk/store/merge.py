"""Taking over from another, later record what this one lacks: after a restore, or from another kiosk.

Identifiers are UUIDv7, so the same row has the same identifier in both and no two kiosks ever made the same one. Rows
that both have and that may change (accounts, caps, consent) are taken as the other, later record has them. What was
erased on either side is erased; withdrawn consent takes the scores with it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from kiosk.store import database as files
from kiosk.store.database import SCHEMA
from kiosk.store.moment import Moment
from kiosk.store.repositories import members

_BY_MEMBER: Final = ("consent", "progress", "screening")
_BY_SESSION: Final = ("sample", "trace")


@dataclass(frozen=True, slots=True)
class Merged:
    """What was taken over; *note* is a sentence if something was not."""

    sessions: int
    erased: int
    note: str


def take_over(target: Path, other: Path, at: Moment) -> Merged:
    """Take over into *target* what only *other* has. An unreadable *other* is a note, not an error."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{other.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as reading:
            if reading.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                return Merged(0, 0, f"Nothing was taken over from {other.name}: it is damaged.")
            (schema,) = reading.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError):
        return Merged(0, 0, f"Nothing was taken over from {other.name}: it cannot be read.")
    if schema != SCHEMA:
        return Merged(0, 0, f"Nothing was taken over from {other.name}: it has schema {schema}, not {SCHEMA}.")
    with files.file_engine(target, files.Access.WRITE).connect() as connection:
        raw = connection.connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):
            raise TypeError("this is no SQLite connection")
        raw.execute("ATTACH DATABASE ? AS other", (f"{other.absolute().as_uri()}?mode=ro",))
        try:
            with connection.begin():
                # Erasures of both sides hold on both.
                raw.execute("INSERT OR IGNORE INTO erased SELECT * FROM other.erased")
                # Out of service stays out of service: an owner clears it, an old backup does not.
                raw.execute("INSERT OR REPLACE INTO meta SELECT * FROM other.meta WHERE key = 'service_hold'")
                sessions = _copy(connection, raw)
                erased = [
                    member
                    for (member,) in raw.execute("SELECT id FROM member WHERE id IN (SELECT member_id FROM erased)")
                ]
                for member in erased:
                    members.erase(connection, member, at.utc_ms)
                for member in _withdrawn(raw):
                    members.erase_health(connection, member)
        finally:
            raw.execute("DETACH DATABASE other")
    return Merged(sessions, len(erased), "")


def _columns(raw: sqlite3.Connection, table: str) -> list[str]:
    return [f'"{row[1]}"' for row in raw.execute(f"PRAGMA main.table_info({table})")]


def _insert(raw: sqlite3.Connection, table: str, where: str) -> int:
    columns = ", ".join(_columns(raw, table))
    before = raw.total_changes
    raw.execute(
        f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM other.{table} AS o WHERE {where} "
        "ON CONFLICT DO NOTHING"
    )
    return raw.total_changes - before


def _later(raw: sqlite3.Connection, table: str, key: str) -> None:
    """Rows of both: as the other record has them, which is the later one. A row that would break a rule stays."""
    columns = [column for column in _columns(raw, table) if column.strip('"') not in key.split(", ")]
    listed = ", ".join(columns)
    same = " AND ".join(f"o.{part} = {table}.{part}" for part in key.split(", "))
    raw.execute(
        f"UPDATE OR IGNORE main.{table} SET ({listed}) = (SELECT {listed} FROM other.{table} AS o WHERE {same}) "
        f"WHERE EXISTS (SELECT 1 FROM other.{table} AS o WHERE {same})"
    )


def _copy(connection: Connection, raw: sqlite3.Connection) -> int:
    not_erased = "o.{0} NOT IN (SELECT member_id FROM main.erased)"
    # The code of somebody who is erased in a moment may have been given to another since.
    for (member,) in raw.execute(
        "SELECT m.id FROM main.member AS m JOIN other.member AS o ON o.code = m.code AND o.id <> m.id "
        "WHERE m.id IN (SELECT member_id FROM main.erased)"
    ).fetchall():
        raw.execute("UPDATE main.member SET code = ? WHERE id = ?", (members.new_code(connection), member))
    # A code given out twice (by two kiosks) stays with whom it is here; the other member is left out.
    _later(raw, "member", "id")
    _insert(raw, "member", f"o.code NOT IN (SELECT code FROM main.member) AND {not_erased.format('id')}")
    _later(raw, "staff", "id")
    _insert(raw, "staff", "lower(o.name) NOT IN (SELECT lower(name) FROM main.staff)")
    known = "o.member_id IN (SELECT id FROM main.member)"
    # A session that was open when the backup was made has ended since: it is taken over whole.
    raw.execute("DELETE FROM main.session WHERE state = 'open' AND id IN (SELECT id FROM other.session)")
    raw.execute(
        "CREATE TEMP TABLE fresh AS SELECT id FROM other.session WHERE id NOT IN (SELECT id FROM main.session)"
    )
    columns = _columns(raw, "session")
    whose = f"CASE WHEN {known} THEN o.member_id END"
    taken = [whose if column == '"member_id"' else f"o.{column}" for column in columns]
    raw.execute(
        f"UPDATE main.session SET member_id = (SELECT {whose} FROM other.session AS o WHERE o.id = session.id) "
        "WHERE id IN (SELECT id FROM other.session)"
    )
    raw.execute(
        f"INSERT INTO main.session ({', '.join(columns)}) SELECT {', '.join(taken)} FROM other.session AS o "
        "WHERE o.id IN (SELECT id FROM temp.fresh)"
    )
    (sessions,) = raw.execute("SELECT count(*) FROM temp.fresh").fetchone()
    _later(raw, "session_health", "session_id")
    for table in _BY_SESSION:
        _insert(raw, table, "o.session_id IN (SELECT id FROM temp.fresh)")
    _insert(raw, "session_health", "o.session_id IN (SELECT id FROM main.session)")
    _insert(raw, "event", "o.session_id IS NULL OR o.session_id IN (SELECT id FROM main.session)")
    _insert(raw, "black_box", "o.event_id IN (SELECT id FROM main.event)")
    _later(raw, "consent", "member_id, given_ms")
    _later(raw, "progress", "member_id")
    raw.execute(
        "INSERT OR REPLACE INTO main.meta SELECT * FROM other.meta WHERE key IN (SELECT ? || id FROM main.member)",
        (members.DAYS_KEY,),
    )
    for table in _BY_MEMBER:
        _insert(raw, table, known)
    # What two codes of one person came to is with the one that they were merged into.
    raw.execute(
        "UPDATE main.screening SET member_id = o.member_id FROM other.screening AS o "
        f"WHERE o.id = screening.id AND {known}"
    )
    raw.execute(
        "DELETE FROM main.cap WHERE EXISTS (SELECT 1 FROM other.cap AS o "
        "WHERE o.scope = cap.scope AND o.key = cap.key AND o.set_ms > cap.set_ms)"
    )
    _insert(raw, "cap", f"o.member_id IS NULL OR {known}")
    _insert(raw, "audit", "1")
    raw.execute("DROP TABLE temp.fresh")
    return int(sessions)


def _withdrawn(raw: sqlite3.Connection) -> list[str]:
    """Members whose last word on health data is no."""
    return [
        member
        for (member,) in raw.execute(
            "SELECT member_id FROM consent GROUP BY member_id HAVING count(*) = count(withdrawn_ms)"
        )
    ]
