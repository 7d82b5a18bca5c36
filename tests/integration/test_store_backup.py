"""Backups made while the kiosk works, put back, merged; and what is kept how long."""

import hashlib
import sqlite3
import threading

import pytest

from kiosk.staff import pin
from kiosk.staff.caps import Actor, apply_change, plan_change
from kiosk.store import backup, merge, retention
from kiosk.store import database as files
from kiosk.store.commands import empty_log
from kiosk.store.kinds import CapScope, Role
from kiosk.store.maintenance import Maintenance
from kiosk.store.moment import DAY_MS, Moment, stamp
from kiosk.store.records import EventIn, HealthState, Progress, Ratings, Screened, Screening, Severity, StoreError
from kiosk.store.repositories import caps, members, sessions
from kiosk.store.trace import unpack
from tests.support.record import START_MS, moment, opened, opening, rows, samples, walk

HOUR_MS = 3_600_000


def later(days: float) -> Moment:
    return moment(days * DAY_MS / 1000)


def add_member(store, name=None, code=None):
    return store.writer.run(
        lambda c: members.add(c, store.ids.new(START_MS), moment(), name=name, code=code)
    ).result()


def set_cap(store, speed, at, scope=CapScope.GYM, key=""):
    actor = Actor("Olga")

    def work(connection):
        planned = plan_change(
            caps.every(connection), scope, key, speed_ckmh=speed, incline_dpct=None, at=at, actor=actor, reason="r"
        )
        apply_change(connection, store.ids, planned, at=at, actor=actor, reason="r")

    store.writer.run(work).result()


def contents(path):
    """All rows of all tables but the log of schema versions."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in tables}
    connection.close()
    return found


# ------------------------------------------------------------------------------------------------- making one


def test_a_backup_is_a_whole_record_that_opens_by_itself_with_its_checksum(tmp_path):
    with opened(tmp_path) as store:
        walk(store, 60, member_id=add_member(store, "Ann").id)
        store.writer.drain()
        made = backup.make(store.path, store.database.backups, moment())
        assert (made.sessions, made.members, made.schema) == (1, 1, files.SCHEMA)
        assert contents(made.path) == contents(store.path)
        digest, name = made.path.with_name(made.path.name + ".sha256").read_text().split()
        assert (digest, name) == (hashlib.sha256(made.path.read_bytes()).hexdigest(), made.path.name)
        assert {p.name for p in made.path.parent.iterdir()} == {made.path.name, made.path.name + ".sha256"}


def test_a_backup_made_during_a_walk_is_one_moment_of_it(tmp_path):
    with opened(tmp_path, threaded=True) as store:
        for turn in range(5):
            walk(store, 10, moment(turn * 1000))
        bulk = walk(store, 1, moment(9000))
        store.writer.run(lambda c: sessions.insert_samples(c, samples(bulk, 15_000, first=2))).result()
        begun = opening(store.ids, moment(10**6))
        store.writer.open_session(begun, moment(10**6))
        store.writer.drain()
        walking = threading.Event()

        def going_on():
            # Each step of the copy meets fresh commits: without a snapshot it would begin anew each time.
            step = int(walking.is_set())
            walking.set()
            for sample in samples(begun.id, 2, first=1 + 2 * step):
                store.writer.sample(sample)
            store.writer.drain()
            return True

        made = backup.make(store.path, store.database.backups, moment(), going_on=going_on)
        assert made.sessions == 7
        assert rows(store, "SELECT count(*) FROM sample")[0][0] > 15_000


def test_no_backup_is_begun_where_there_is_no_room_and_none_is_left_half(tmp_path, monkeypatch):
    with opened(tmp_path) as store:
        walk(store)
        monkeypatch.setattr(backup.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
        with pytest.raises(StoreError, match="no room"):
            backup.make(store.path, store.database.backups, moment())
        monkeypatch.undo()
        with pytest.raises(StoreError, match="given up"):
            backup.make(store.path, store.database.backups, moment(), going_on=lambda: False)
        assert list(store.database.backups.iterdir()) == []


@pytest.mark.parametrize("damage", ["a byte", "cut short", "another file"])
def test_a_damaged_backup_is_refused_with_a_sentence(tmp_path, damage):
    with opened(tmp_path) as store:
        walk(store, 60)
        store.writer.drain()
        made = backup.make(store.path, store.database.backups, moment())
    whole = made.path.read_bytes()
    if damage == "a byte":
        made.path.write_bytes(whole[:9000] + bytes([whole[9000] ^ 255]) + whole[9001:])
    elif damage == "cut short":
        made.path.write_bytes(whole[: len(whole) // 2])
        made.path.with_name(made.path.name + ".sha256").unlink()
    else:
        made.path.write_bytes(b"a letter to my aunt" * 100)
        made.path.with_name(made.path.name + ".sha256").unlink()
    with pytest.raises(StoreError, match="backup"):
        backup.restore(made.path, tmp_path, moment())
    with opened(tmp_path) as store:
        assert rows(store, "SELECT count(*) FROM session") == [(1,)]


def test_a_few_backups_are_kept_the_newest_always(tmp_path):
    with opened(tmp_path) as store:
        for day in range(10):
            backup.make(store.path, store.database.backups, later(day))
        removed = backup.rotate(store.database.backups)
        kept = backup.every(store.database.backups)
        assert (len(kept), len(removed)) == (7, 3)
        assert backup.made_ms(kept[0]) == later(9).utc_ms // 1000 * 1000
        backup.rotate(store.database.backups, keep=0)
        assert backup.every(store.database.backups) == kept[:1]
        assert len(list(store.database.backups.iterdir())) == 2


# ------------------------------------------------------------------------------------------------- putting one back


def test_backup_and_restore_round_trip_brings_every_row_back(tmp_path):
    with opened(tmp_path / "a") as store:
        ann = add_member(store, "Ann")
        session_id = walk(store, 100, member_id=ann.id)
        store.writer.rate(Ratings(session_id, effort=3, pain_after=1))
        store.writer.event(EventIn("trip", Severity.STOP, session_id, cause="clip"), moment())
        set_cap(store, 200, moment())
        store.writer.run(
            lambda c: pin.add_account(c, store.ids, moment(), name="Olga", role=Role.OWNER, pin="394817", by=None)
        ).result()
        store.writer.drain()
        made = backup.make(store.path, store.database.backups, moment())
        before = contents(store.path)
    done = backup.restore(made.path, tmp_path / "b", moment())
    assert done.aside is None
    assert contents(tmp_path / "b" / files.FILE_NAME) == before
    with opened(tmp_path / "b") as store:
        assert store.reader.ask(lambda c: sessions.by_id(c, session_id)).result().samples == 100


def test_restoring_takes_over_what_is_newer_and_sets_the_rest_aside(tmp_path):
    with opened(tmp_path) as store:
        ann, bob, cid = (add_member(store, name) for name in ("Ann", "Bob", "Cid"))
        old = walk(store, 20, member_id=bob.id)
        store.writer.run(lambda c: members.give_consent(c, cid.id, START_MS)).result()
        scored = walk(store, 20, moment(100), member_id=cid.id)
        store.writer.rate(Ratings(scored, pain_after=2))
        set_cap(store, 300, moment())
        begun = opening(store.ids, moment(200), ann.id)
        store.writer.open_session(begun, moment(200))
        store.writer.drain()
        made = backup.make(store.path, store.database.backups, moment(201))
        # since the backup:
        set_cap(store, 150, moment(202))
        for sample in samples(begun.id, 30):
            store.writer.sample(sample)
        from tests.support.record import closing

        store.writer.close_session(closing(begun.id, 30), moment(230))
        new = walk(store, 40, moment(300), member_id=ann.id)
        store.writer.run(lambda c: members.erase(c, bob.id, moment(400).utc_ms)).result()
        store.writer.run(lambda c: members.withdraw_consent(c, cid.id, moment(400).utc_ms)).result()
    done = backup.restore(made.path, tmp_path, moment(500))
    assert (done.merged_sessions, done.erased_again, done.note) == (2, 1, "")
    assert done.aside.name.startswith("retrowalk.db.replaced-")
    with opened(tmp_path) as store:
        found = {s.id: s for s in store.reader.ask(sessions.last).result()}
        assert found.keys() == {old, scored, begun.id, new}
        assert found[old].member_id is None, "an erased member came back"
        assert found[scored].pain_after is None, "withdrawn health data came back"
        assert (found[begun.id].samples, found[begun.id].state) == (30, "completed")
        assert (found[new].samples, found[new].member_id) == (40, ann.id)
        assert store.reader.ask(lambda c: sessions.samples_of(c, begun.id)).result() == samples(begun.id, 30)
        (cap,) = store.reader.ask(caps.every).result()
        assert cap.speed_ckmh == 150, "a cap that staff had lowered came back higher"
        assert store.interrupted == ()


def test_restoring_over_a_broken_record_says_that_nothing_could_be_taken_over(tmp_path):
    with opened(tmp_path) as store:
        walk(store)
        store.writer.drain()
        made = backup.make(store.path, store.database.backups, moment())
    (tmp_path / files.FILE_NAME).write_bytes(b"junk" * 5000)
    done = backup.restore(made.path, tmp_path, moment())
    assert "cannot be read" in done.note
    assert done.aside.read_bytes() == b"junk" * 5000
    with opened(tmp_path) as store:
        assert rows(store, "SELECT count(*) FROM session") == [(1,)]


def test_a_replaced_record_goes_after_a_month_and_a_broken_one_is_left_to_a_person(tmp_path):
    with opened(tmp_path) as store:
        made = backup.make(store.path, store.database.backups, moment())
    done = backup.restore(made.path, tmp_path, moment())
    assert done.aside is not None
    broken = tmp_path / "retrowalk.db.broken-20200101T000000Z"
    broken.write_bytes(b"junk")
    assert backup.forget_replaced(tmp_path, START_MS + 29 * DAY_MS) == ()
    assert backup.forget_replaced(tmp_path, START_MS + 31 * DAY_MS) == (done.aside,)
    assert not done.aside.exists()
    assert broken.exists()
    assert (tmp_path / files.FILE_NAME).exists()


def test_a_running_kiosk_is_not_restored_under(tmp_path):
    with opened(tmp_path) as store:
        made = backup.make(store.path, store.database.backups, moment())
        with pytest.raises(StoreError, match="Another Retro Walk"):
            backup.restore(made.path, tmp_path, moment())


def test_the_record_of_another_kiosk_is_merged_without_mixing_people_up(tmp_path):
    with opened(tmp_path / "one") as one, opened(tmp_path / "two") as two:
        ann = add_member(one, "Ann", "482913")
        theirs = add_member(two, "Zoe", "482913")
        mine = walk(one, 10, member_id=ann.id)
        guest, hers = walk(two, 20), walk(two, 30, moment(100), member_id=theirs.id)
        one.writer.drain()
        two.writer.drain()
        merged = merge.take_over(one.path, two.path, moment(1000))
        assert merged.sessions == 2
        whose = dict(rows(one, "SELECT id, member_id FROM session"))
        assert whose == {mine: ann.id, guest: None, hers: None}
        assert rows(one, "SELECT name FROM member") == [("Ann",)]
        assert merge.take_over(one.path, two.path, moment(1000)).sessions == 0
        assert rows(one, "PRAGMA foreign_key_check") == []


def test_the_days_of_a_members_week_are_taken_over_with_them_and_with_nobody_else(tmp_path):
    with opened(tmp_path / "one") as one, opened(tmp_path / "two") as two:
        add_member(one, "Ann", "482913")
        clash, bea = add_member(two, "Zoe", "482913"), add_member(two, "Bea", "482914")
        for member in (clash, bea):
            two.writer.run(lambda c, who=member.id: members.set_own_days(c, who, (1, 4))).result()
        one.writer.drain()
        two.writer.drain()
        assert merge.take_over(one.path, two.path, moment(1000)).note == ""
        assert rows(one, "SELECT key, value FROM meta WHERE key LIKE 'days:%'") == [(f"days:{bea.id}", "14")]


def test_a_migration_makes_a_backup_first(tmp_path):
    from pathlib import Path

    path = tmp_path / files.FILE_NAME
    old = sqlite3.connect(path)
    old.executescript(Path("tests/data/schema_0001.sql").read_text())
    old.close()
    with opened(tmp_path) as store:
        (made,) = backup.every(store.database.backups)
        assert made.name.endswith(f"-before-{files.SCHEMA}.db")
        assert made.name in store.notices[0]
        assert store.writer.health().state is HealthState.OK
    assert contents(made)["alembic_version"] == [("0001",)]


# ---------------------------------------------------------------------------------------------- leaving, merging


def test_an_erased_member_leaves_no_byte_and_the_statistics_do_not_change(tmp_path):
    with opened(tmp_path) as store:
        ann = add_member(store, "Quentina")
        for turn in range(3):
            session_id = walk(store, 60, moment(turn * 1000), member_id=ann.id)
            store.writer.rate(Ratings(session_id, pain_before=2, pain_after=1))
        screening = Screening(
            store.ids.new(START_MS), ann.id, START_MS, Screened.GATE, None, "Olga", "seen", START_MS + DAY_MS
        )
        store.writer.run(lambda c: members.add_screening(c, screening)).result()
        store.writer.run(lambda c: members.give_consent(c, ann.id, START_MS)).result()
        store.writer.run(lambda c: members.set_progress(c, ann.id, Progress(160, 120, 0, None), START_MS)).result()
        set_cap(store, 150, moment(), CapScope.MEMBER, ann.id)
        sums = "SELECT count(*), sum(walk_s), sum(distance_m) FROM session"
        before = rows(store, sums)
        assert store.writer.run(lambda c: members.erase(c, ann.id, moment().utc_ms)).result() == 3
        assert rows(store, sums) == before
        for table in ("member", "session_health", "screening", "consent", "progress", "cap", "sample"):
            assert rows(store, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert empty_log(tmp_path)
    raw = (tmp_path / files.FILE_NAME).read_bytes()
    assert b"Quentina" not in raw
    assert ann.code.encode() not in raw


def test_withdrawing_consent_takes_the_scores_and_leaves_the_walks(tmp_path):
    with opened(tmp_path) as store:
        ann = add_member(store)
        session_id = walk(store, 60, member_id=ann.id)
        store.writer.rate(Ratings(session_id, effort=3))
        store.writer.why_stopped(session_id, "pain")
        store.writer.event(EventIn("pain_flag", Severity.NOTICE, session_id), moment())
        store.writer.event(EventIn("trip", Severity.STOP, session_id), moment())
        store.writer.run(lambda c: members.give_consent(c, ann.id, START_MS)).result()
        assert store.reader.ask(lambda c: members.consented(c, ann.id)).result()
        assert store.writer.run(lambda c: members.withdraw_consent(c, ann.id, START_MS + 5)).result() == 1
        assert not store.reader.ask(lambda c: members.consented(c, ann.id)).result()
        kept = store.reader.ask(lambda c: sessions.by_id(c, session_id)).result()
        assert (kept.effort, kept.why, kept.samples, kept.member_id) == (None, None, 60, ann.id)
        assert rows(store, "SELECT kind FROM event") == [("trip",)]
        store.writer.run(lambda c: members.give_consent(c, ann.id, START_MS + 9)).result()
        assert store.reader.ask(lambda c: members.consented(c, ann.id)).result()


def test_merging_two_records_of_one_person_keeps_the_careful_side(tmp_path):
    with opened(tmp_path) as store:
        ann, twin = add_member(store), add_member(store, "Ann")
        walk(store, 10, member_id=ann.id)
        walk(store, 20, moment(100), member_id=twin.id)
        set_cap(store, 300, moment(), CapScope.MEMBER, ann.id)
        set_cap(store, 200, moment(), CapScope.MEMBER, twin.id)
        progress = {ann.id: Progress(200, 120, 10, None), twin.id: Progress(160, 240, 0, START_MS)}
        for member_id, step in progress.items():
            store.writer.run(lambda c, m=member_id, s=step: members.set_progress(c, m, s, START_MS)).result()
        assert store.writer.run(lambda c: members.merge(c, ann.id, twin.id, START_MS)).result() == 1
        kept = store.reader.ask(lambda c: members.find(c, ann.code)).result()
        assert kept.name == "Ann"
        assert len(store.reader.ask(lambda c: sessions.last_of_member(c, ann.id)).result()) == 2
        assert store.reader.ask(lambda c: caps.one(c, CapScope.MEMBER, ann.id)).result().speed_ckmh == 200
        careful = store.reader.ask(lambda c: members.progress_of(c, ann.id)).result()
        assert careful == Progress(160, 120, 0, START_MS, updated_ms=START_MS)
        assert rows(store, "SELECT count(*) FROM member") == [(1,)]
        with pytest.raises(StoreError, match="themselves"):
            store.writer.run(lambda c: members.merge(c, ann.id, ann.id, START_MS)).result()


# ------------------------------------------------------------------------------------------------- keeping house


def keep_house(store, at):
    while not store.writer.run(lambda c: retention.step(c, at.utc_ms)).result().done:
        pass


def test_samples_are_rows_for_a_month_then_packed_without_loss_then_thinned_after_a_year(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store, 600)
        store.writer.drain()
        before = store.reader.ask(lambda c: sessions.by_id(c, session_id)).result()

        def trace(at):
            keep_house(store, at)
            return store.reader.ask(lambda c: sessions.samples_of(c, session_id)).result()

        assert trace(later(29)) == samples(session_id, 600)
        assert rows(store, "SELECT count(*) FROM trace") == [(0,)]
        assert trace(later(31)) == samples(session_id, 600)
        assert rows(store, "SELECT count(*) FROM sample") == [(0,)]
        ((packed,),) = rows(store, "SELECT packed FROM trace")
        assert unpack(session_id, packed) == samples(session_id, 600)
        assert len(trace(later(364))) == 600
        thin = trace(later(366))
        assert len(thin) == 61
        assert {sample.measured_ckmh for sample in thin} == {80}
        assert store.reader.ask(lambda c: sessions.by_id(c, session_id)).result() == before
        assert rows(store, "SELECT step_s FROM trace") == [(10,)]


def test_an_open_session_is_never_packed(tmp_path):
    with opened(tmp_path) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        store.writer.sample(samples(begun.id, 1)[0])
        store.writer.drain()
        keep_house(store, later(60))
        assert rows(store, "SELECT count(*) FROM sample") == [(1,)]


def test_the_log_forgets_what_is_only_information_after_two_years_and_never_a_stop(tmp_path):
    with opened(tmp_path) as store:
        for severity in Severity:
            store.writer.event(EventIn("x", severity), moment())
        keep_house(store, later(729))
        assert rows(store, "SELECT count(*) FROM event") == [(4,)]
        keep_house(store, later(731))
        assert {s for (s,) in rows(store, "SELECT severity FROM event")} == {"notice", "stop", "fault"}


def test_the_night_shift_runs_once_a_night_and_only_while_nobody_walks(tmp_path):
    with opened(tmp_path) as store:
        walk(store, 20)
        shift = Maintenance(store, threaded=False)
        made = []
        for hour in range(24 * 4):
            if shift.tick(later(40 + hour / 24)):
                made.append(hour)
        assert 3 <= len(made) <= 5
        assert len(backup.every(store.database.backups)) == len(made)
        assert rows(store, "SELECT count(*) FROM sample") == [(0,)]
        store.writer.open_session(opening(store.ids, later(50)), later(50))
        assert not any(shift.tick(later(50 + hour / 24)) for hour in range(48))


def test_a_failed_backup_is_told_and_tried_again_in_an_hour(tmp_path):
    with opened(tmp_path) as store:
        store.database.backups.write_text("in the way")
        shift = Maintenance(store, threaded=False)
        assert not shift.tick(later(2.9))
        assert shift.tick(later(3))
        assert "failed" in shift.sentence
        assert rows(store, "SELECT severity FROM event WHERE kind = 'backup'") == [("fault",)]
        store.database.backups.unlink()
        assert not shift.tick(later(3 + 0.5 / 24))
        assert shift.tick(later(3 + 1.1 / 24))
        assert shift.sentence == ""


def test_an_untrusted_clock_decides_nothing_about_age(tmp_path):
    with opened(tmp_path) as store:
        walk(store, 60)
        shift = Maintenance(store, threaded=False)
        at = later(400)
        shift.start(Moment(at.now_s, at.utc_ms, trusted=False))
        assert rows(store, "SELECT count(*) FROM sample") == [(60,)]


def test_a_shift_under_way_is_given_up_when_the_kiosk_leaves(tmp_path):
    with opened(tmp_path, threaded=True) as store:
        for turn in range(10):
            walk(store, 10, moment(turn * 1000))
        store.writer.drain()
        shift = Maintenance(store)
        shift.start(later(3))
        shift.close(timeout_s=30)
        assert shift.wait(30)


# --------------------------------------------------------------------------------- what a manager does in between


def screened(store, member, outcome, at):
    kept = Screening(store.ids.new(at.utc_ms), member.id, at.utc_ms, outcome, None, "", "", at.utc_ms + 99 * DAY_MS)
    store.writer.run(lambda c: members.add_screening(c, kept)).result()


def test_a_no_that_was_merged_into_another_code_outlives_a_backup_from_before(tmp_path):
    with opened(tmp_path) as store:
        ann, twin = add_member(store), add_member(store)
        screened(store, twin, Screened.FORBID, moment())
        made = backup.make(store.path, store.database.backups, moment(1))
        store.writer.run(lambda c: members.merge(c, ann.id, twin.id, moment(2).utc_ms)).result()
    backup.restore(made.path, tmp_path, moment(3))
    with opened(tmp_path) as store:
        last = store.reader.ask(lambda c: members.last_screening(c, ann.id)).result()
        assert last is not None
        assert last.outcome is Screened.FORBID
        assert rows(store, "SELECT count(*) FROM member") == [(1,)]


def test_a_code_given_to_another_after_its_member_was_erased_stays_theirs_after_a_restore(tmp_path):
    with opened(tmp_path) as store:
        gone = add_member(store, "Bob", "482913")
        made = backup.make(store.path, store.database.backups, moment(1))
        store.writer.run(lambda c: members.erase(c, gone.id, moment(2).utc_ms)).result()
        zoe = add_member(store, "Zoe", "482913")
        hers = walk(store, 20, moment(100), member_id=zoe.id)
    backup.restore(made.path, tmp_path, moment(300))
    with opened(tmp_path) as store:
        assert rows(store, "SELECT id, code FROM member") == [(zoe.id, "482913")]
        assert rows(store, f"SELECT member_id FROM session WHERE id = '{hers}'") == [(zoe.id,)]


def test_a_record_that_was_put_back_is_as_private_as_it_was_and_a_failed_try_leaves_nothing(tmp_path, monkeypatch):
    with opened(tmp_path) as store:
        made = backup.make(store.path, store.database.backups, moment())
    assert backup.restore(made.path, tmp_path, moment(1)).note == ""
    assert (tmp_path / files.FILE_NAME).stat().st_mode & 0o007 == 0

    def full(_source, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup.shutil, "copyfile", full)
    with pytest.raises(StoreError, match="No space left"):
        backup.restore(made.path, tmp_path, moment(2))
    assert not list(tmp_path.glob(".restore-*"))
    assert (tmp_path / files.FILE_NAME).exists()


def test_a_clock_that_was_ahead_for_a_night_does_not_end_the_backups(tmp_path):
    with opened(tmp_path) as store:
        shift = Maintenance(store, threaded=False)
        shift.start(later(4000))
        assert shift.due(later(2)), "the clock was set right while the kiosk ran"
        assert Maintenance(store, threaded=False).due(later(2)), "or before it was started again"
        for day in range(1, backup.KEEP):
            shift.start(later(4000 + day))
        shift.start(later(2))
        names = {path.name for path in backup.every(store.database.backups)}
        assert f"retrowalk-{stamp(later(2).utc_ms)}.db" in names, "and it is not the new one that goes"
        assert len(names) == backup.KEEP
    with opened(tmp_path / "new") as store:
        first = Maintenance(store, threaded=False)
        assert not any(first.due(later(day)) for day in (4000, 1))
        assert first.due(later(1.01)), "ten minutes by the clock as it is now"
