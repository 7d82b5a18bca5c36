"""Rules that hold in the database itself, whoever writes."""

import pytest
from sqlalchemy.exc import IntegrityError

from hardware.config import MAX_CAP_KMH, MIN_CAP_KMH
from hardware.units import ckmh_from_kmh
from kiosk.store.kinds import MAX_CAP_CKMH, MIN_CAP_CKMH
from kiosk.store.records import Ratings, Verdict
from kiosk.store.repositories import members, sessions
from tests.support.record import moment, opened, rows, walk

ID = "'019c0000-0000-7000-8000-000000000001'"
MEMBER = f"INSERT INTO member (id, code, first_seen_ms) VALUES ({ID}, '123457', 0)"
STAFF = (
    "INSERT INTO staff (id, name, role, pin_hash, active, created_ms)"
    f" VALUES ({ID}, 'Ann', 'staff', '$argon2id$x', 1, 0)"
)


@pytest.fixture
def connection(tmp_path):
    with opened(tmp_path) as store, store.database.write.connect() as connection:
        yield connection


def refused(connection, sql):
    with pytest.raises(IntegrityError) as error, connection.begin():
        connection.exec_driver_sql(sql)
    return str(error.value)


@pytest.mark.parametrize(
    "sql",
    [
        f"INSERT INTO member (id, code, first_seen_ms) VALUES ({ID}, '12345', 0)",
        f"INSERT INTO member (id, code, first_seen_ms) VALUES ({ID}, '12345x', 0)",
        f"INSERT INTO member (id, code, name, first_seen_ms) VALUES ({ID}, '123457', '', 0)",
        f"INSERT INTO member (id, code, language, first_seen_ms) VALUES ({ID}, '123457', 'xx', 0)",
        f"INSERT INTO member (id, code, first_seen_ms) VALUES ({ID}, '123457', 'yesterday')",
        STAFF.replace("$argon2id$x", "123457"),
        STAFF.replace("'staff'", "'boss'"),
        "INSERT INTO cap (scope, key, speed_ckmh, set_ms, set_by, reason) VALUES ('gym', '', 9900, 0, '', '')",
        "INSERT INTO cap (scope, key, speed_ckmh, set_ms, set_by, reason) VALUES ('moon', '', 200, 0, '', '')",
        "INSERT INTO cap (scope, key, set_ms, set_by, reason) VALUES ('gym', '', 0, '', '')",
        f"INSERT INTO cap (scope, key, speed_ckmh, set_ms, set_by, reason) VALUES ('member', {ID}, 200, 0, '', '')",
        "INSERT INTO pin_lock (id, wrong, last_wrong_ms) VALUES (2, 0, 0)",
        f"INSERT INTO sample (session_id, t_ms, commanded_ckmh) VALUES ({ID}, 0, 80)",
    ],
)
def test_the_database_itself_refuses_what_must_never_be(connection, sql):
    refused(connection, sql)


def test_a_session_is_open_exactly_while_it_has_no_end(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store)
        with store.database.write.connect() as connection:
            refused(connection, f"UPDATE session SET state = 'open' WHERE id = '{session_id}'")
            refused(connection, f"UPDATE session SET ended_ms = NULL WHERE id = '{session_id}'")
            refused(connection, f"UPDATE session SET ended_ms = started_ms - 1 WHERE id = '{session_id}'")


@pytest.mark.parametrize("score", ["effort", "pain_before", "pain_peak", "pain_after"])
def test_scores_are_0_to_10(tmp_path, score):
    with opened(tmp_path) as store:
        session_id = walk(store)
        with store.database.write.connect() as connection:
            for wrong in (-1, 11):
                refused(
                    connection, f"INSERT INTO session_health (session_id, {score}) VALUES ('{session_id}', {wrong})"
                )


def test_two_members_never_share_a_code_nor_two_accounts_a_name(connection):
    with connection.begin():
        connection.exec_driver_sql(MEMBER)
        connection.exec_driver_sql(STAFF)
    refused(connection, MEMBER.replace("0001'", "0002'"))
    refused(connection, STAFF.replace("0001'", "0002'").replace("'Ann'", "'ANN'"))


@pytest.mark.parametrize(
    "sql", ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit", "REPLACE INTO audit SELECT * FROM audit"]
)
def test_the_audit_cannot_be_changed_deleted_or_replaced(connection, sql):
    with connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO audit (id, at_ms, who, action, subject, before, after, reason)"
            f" VALUES ({ID}, 0, 'Ann', 'cap set', 'cap gym', '', '', '')"
        )
    assert "append-only" in refused(connection, sql)


def test_erasing_a_member_takes_what_is_personal_and_leaves_the_walk(tmp_path):
    with opened(tmp_path) as store:
        member = store.writer.run(lambda c: members.add(c, store.ids.new(0), moment(), name="Ann")).result()
        session_id = walk(store, 20, member_id=member.id)
        store.writer.rate(Ratings(session_id, effort=3, verdict=Verdict.CLEAN))
        store.writer.run(lambda c: members.give_consent(c, member.id, 1)).result()
        with store.database.write.connect() as connection, connection.begin():
            connection.exec_driver_sql(f"DELETE FROM member WHERE id = '{member.id}'")
        assert rows(store, "SELECT count(*) FROM consent") == [(0,)]
        assert rows(store, "SELECT member_id, walk_s FROM session") == [(None, 20.0)]


def test_health_data_can_be_erased_without_touching_a_session(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store, 20)
        store.writer.rate(Ratings(session_id, effort=3, pain_after=1))
        before = rows(store, "SELECT * FROM session")
        store.writer.run(lambda c: c.exec_driver_sql("DELETE FROM session_health")).result()
        assert rows(store, "SELECT * FROM session") == before
        kept = store.reader.ask(lambda c: sessions.by_id(c, session_id)).result()
        assert (kept.effort, kept.pain_after) == (None, None)


def test_no_cap_in_the_database_is_wider_than_the_configuration_allows():
    assert ckmh_from_kmh(str(MAX_CAP_KMH)) == MAX_CAP_CKMH
    assert ckmh_from_kmh(str(MIN_CAP_KMH)) == MIN_CAP_CKMH
