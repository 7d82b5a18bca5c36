"""The writer, without a thread: what it keeps, and what it does when the disk refuses."""

import logging
from itertools import pairwise

import pytest

from kiosk.store import database as files
from kiosk.store import start
from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment
from kiosk.store.records import (
    Closing,
    EventIn,
    HealthState,
    Ratings,
    Sample,
    SessionState,
    Severity,
    StoreError,
    Verdict,
)
from kiosk.store.repositories import events, members, sessions
from kiosk.store.writer import RETRY_MAX_S, StoreWriter
from tests.support.record import Disk, checkpoint, closing, moment, opened, opening, rows, samples, walk


def record_of(store, session_id):
    return store.reader.ask(lambda c: sessions.by_id(c, session_id)).result()


class HandClock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def test_the_session_row_is_on_disk_before_the_belt_can_move(tmp_path):
    with opened(tmp_path) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        assert record_of(store, begun.id).state is SessionState.OPEN


def test_a_whole_session_is_kept_with_its_samples_events_and_scores(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store, 40)
        store.writer.event(EventIn("trip", Severity.STOP, session_id, cause="clip", speed_ckmh=80), moment(40))
        store.writer.rate(Ratings(session_id, effort=4, pain_after=1, verdict=Verdict.CLEAN))
        store.writer.why_stopped(session_id, "tired")
        assert store.writer.drain()
        kept = record_of(store, session_id)
        assert (kept.state, kept.samples, kept.effort, kept.pain_after) == (SessionState.COMPLETED, 40, 4, 1)
        assert (kept.why, kept.verdict, kept.ended_ms) == ("tired", Verdict.CLEAN, moment(40).utc_ms)
        assert rows(store, "SELECT cause, session_id FROM event") == [("clip", session_id)]
        assert store.reader.ask(lambda c: sessions.samples_of(c, session_id)).result() == samples(session_id, 40)


def test_a_black_box_belongs_to_its_event(tmp_path):
    with opened(tmp_path) as store:
        event_id = store.writer.event(EventIn("trip", Severity.STOP, cause="clip"), moment())
        store.writer.black_box(event_id, "guard-1", b"ticks", moment(12))
        store.writer.black_box("019c0000-0000-7000-8000-00000000dead", "guard-1", b"of nothing", moment(12))
        assert store.writer.drain()
        assert store.writer.health().dropped == 0
        ask = store.reader.ask
        assert ask(lambda c: events.black_box(c, event_id)).result() == ("guard-1", b"ticks")
        assert [event.id for event in ask(events.with_black_box).result()] == [event_id]
        assert ask(lambda c: events.by_id(c, event_id)).result().cause == "clip"


def test_a_clock_set_during_a_walk_changes_no_figure_of_it(tmp_path):
    with opened(tmp_path) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        years_back = Moment(moment(60).now_s, 1_000_000_000_000)
        store.writer.close_session(closing(begun.id, 55), years_back)
        kept = record_of(store, begun.id)
        assert kept.ended_ms - kept.started_ms == 60_000


def test_a_score_given_later_leaves_the_earlier_ones(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store, 5)
        store.writer.rate(Ratings(session_id, pain_before=2))
        store.writer.rate(Ratings(session_id, effort=3))
        store.writer.rate(Ratings(session_id, worse_next_morning=False))
        kept = record_of(store, session_id)
        assert (kept.pain_before, kept.effort, kept.worse_next_morning) == (2, 3, False)


def test_a_session_that_a_power_cut_left_open_is_closed_as_interrupted_with_what_it_has(tmp_path):
    with opened(tmp_path) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        for sample in samples(begun.id, 61):
            store.writer.sample(sample)
    with opened(tmp_path, moment(3600)) as store:
        kept = record_of(store, begun.id)
        assert store.interrupted == (begun.id,)
        assert (kept.state, kept.samples, kept.top_ckmh) == (SessionState.INTERRUPTED, 61, 80)
        assert kept.walk_s == pytest.approx(61)
        assert kept.distance_m == pytest.approx(61 * 80 / 360)
        assert kept.ended_ms - kept.started_ms == 61_000
        assert rows(store, "SELECT session_id, cause FROM event") == [(begun.id, "interrupted")]
    with opened(tmp_path, moment(7200)) as store:
        assert store.interrupted == ()


def test_a_guest_who_becomes_a_member_gets_this_session_and_no_other(tmp_path):
    with opened(tmp_path) as store:
        earlier, now = walk(store, 5), walk(store, 5, moment(100))
        add = lambda c: members.add(c, store.ids.new(moment().utc_ms), moment())  # noqa: E731
        ann, bob = store.writer.run(add).result(), store.writer.run(add).result()
        store.writer.join_member(now, ann.id)
        store.writer.join_member(now, bob.id)
        assert record_of(store, now).member_id == ann.id
        assert record_of(store, earlier).member_id is None


def test_one_bad_record_is_left_out_and_counted_and_the_others_are_kept(tmp_path, caplog):
    with opened(tmp_path) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        store.writer.sample(Sample(begun.id, 1.0, 80, 80, 0))
        store.writer.sample(Sample(begun.id, 1.5, 99_999, 80, 0))
        store.writer.sample(Sample(begun.id, 2.0, 80, 80, 0))
        assert store.writer.drain()
        assert rows(store, "SELECT t_ms FROM sample") == [(1000,), (2000,)]
        assert store.writer.health().dropped == 1
        assert "99999" not in caplog.text


@pytest.mark.parametrize("odd", [{"detail": "\ud800"}, {"speed_ckmh": 2**70}, {"detail": b"bytes"}])
def test_a_record_that_cannot_even_be_said_to_the_database_does_not_end_the_keeping(tmp_path, odd):
    with opened(tmp_path, threaded=True) as store:
        store.writer.event(EventIn("odd", **odd), moment())
        session_id = walk(store, 10)
        assert store.writer.drain()
        assert store.writer.health().dropped == 1
        assert store.reader.ask(lambda c: sessions.by_id(c, session_id)).result(10).samples == 10


def test_a_record_deleted_under_the_kiosk_is_begun_anew_with_the_walk_under_way(tmp_path):
    with opened(tmp_path) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        for sample in samples(begun.id, 20):
            store.writer.sample(sample)
        store.writer.drain()
        store.path.unlink()
        for sample in samples(begun.id, 20, first=21):
            store.writer.sample(sample)
        store.writer.close_session(closing(begun.id, 40), moment(40))
        store.writer._retry_at = 0.0
        assert store.writer.drain()
        assert record_of(store, begun.id).samples == 40


def test_only_owner_and_group_may_read_the_record(tmp_path):
    with opened(tmp_path / "data") as store:
        walk(store, 3)
        for path in (tmp_path / "data").glob("retrowalk.db*"):
            assert path.stat().st_mode & 0o007 == 0, path


# ------------------------------------------------------------------------------------------------- disks that refuse


@pytest.mark.parametrize(
    ("spoil", "state", "words"),
    [
        (Disk.fill, HealthState.DISK_FULL, "make room"),
        (Disk.forbid, HealthState.READ_ONLY, "cannot be written"),
    ],
)
def test_a_disk_that_refuses_holds_no_session_and_its_data_follow(tmp_path, spoil, state, words, caplog):
    with opened(tmp_path) as store:
        disk = Disk(store)
        spoil(disk)
        session_id = walk(store, 300)
        store.writer.rate(Ratings(session_id, effort=3))
        assert not store.writer.drain()
        health = store.writer.health()
        assert health.state is state
        assert words in health.sentence
        assert health.pending > 300
        assert rows(store, "SELECT count(*) FROM session") == [(0,)]
        disk.mend()
        store.writer._retry_at = 0.0
        assert store.writer.drain()
        assert store.writer.health().ok
        kept = record_of(store, session_id)
        assert (kept.state, kept.samples, kept.effort) == (SessionState.COMPLETED, 300, 3)


def test_a_refused_task_tells_its_caller_a_sentence(tmp_path):
    with opened(tmp_path) as store:
        disk = Disk(store)
        disk.fill()
        walk(store, 1)
        future = store.writer.run(lambda c: members.add(c, store.ids.new(0), moment()))
        with pytest.raises(StoreError, match="disk is full"):
            future.result()
        disk.mend()


def test_a_tasks_own_error_reaches_its_caller_and_changes_nothing(tmp_path):
    def work(connection):
        members.add(connection, store.ids.new(0), moment(), code="482913")
        raise ValueError("mine")

    with opened(tmp_path) as store:
        with pytest.raises(ValueError, match="mine"):
            store.writer.run(work).result()
        assert rows(store, "SELECT count(*) FROM member") == [(0,)]
        assert store.writer.health().ok


def test_the_disk_is_tried_again_with_growing_pauses(tmp_path):
    clock = HandClock()
    with opened(tmp_path) as store:
        writer = StoreWriter(store.database, IdSource(), threaded=False, clock=clock)
        disk = Disk(store)
        disk.fill()
        tries = []
        writer.open_session(opening(store.ids, moment()), moment())
        for _ in range(6000):
            before = writer._retry_at
            clock.now_s += 0.1
            writer.drain()
            if writer._retry_at != before:
                tries.append(clock.now_s)
        pauses = [b - a for a, b in pairwise(tries)]
        assert pauses[0] >= 1.0
        assert max(pauses) <= RETRY_MAX_S + 0.2
        assert len(tries) < 60
        disk.mend()
        clock.now_s += RETRY_MAX_S
        assert writer.drain()
        writer.close()


def test_memory_is_bounded_samples_are_thinned_first_and_their_number_is_told(tmp_path):
    with opened(tmp_path) as store:
        writer = StoreWriter(store.database, store.ids, threaded=False, buffer_max=200)
        disk = Disk(store)
        disk.fill()
        begun = opening(store.ids, moment())
        writer.open_session(begun, moment())
        for sample in samples(begun.id, 1000):
            writer.sample(sample)
            if sample.t_s % 50 == 0:
                writer.event(EventIn("note", session_id=begun.id), moment(sample.t_s))
        writer.close_session(closing(begun.id, 1000), moment(1000))
        health = writer.health()
        assert health.pending <= 200 + 22
        assert health.dropped > 600
        assert f"{health.dropped} records" in health.sentence
        disk.mend()
        writer._retry_at = 0.0
        assert writer.drain()
        assert record_of(store, begun.id).state is SessionState.COMPLETED
        assert rows(store, "SELECT count(*) FROM event") == [(20,)]
        writer.close()


def test_a_record_that_breaks_during_a_walk_is_set_aside_and_the_walk_goes_on_in_a_fresh_one(tmp_path):
    with opened(tmp_path) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        for sample in samples(begun.id, 100):
            store.writer.sample(sample)
        store.writer.drain()
        path = store.path
        checkpoint(path)
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))
        store.writer._disconnect()
        for sample in samples(begun.id, 50, first=101):
            store.writer.sample(sample)
        store.writer.close_session(closing(begun.id, 150), moment(150))
        store.writer._retry_at = 0.0
        assert store.writer.drain()
        health = store.writer.health()
        assert health.state is HealthState.SET_ASIDE
        assert len(list(tmp_path.glob("retrowalk.db.broken-*"))) >= 1
        kept = record_of(store, begun.id)
        assert (kept.state, kept.samples) == (SessionState.COMPLETED, 150)


def test_a_member_whom_the_fresh_record_does_not_know_walks_as_a_guest(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store, 3, member_id="019c0000-0000-7000-8000-00000000dead")
        assert record_of(store, session_id).member_id is None


# ------------------------------------------------------------------------------------------------- how it was found


def test_an_unreadable_record_is_set_aside_never_deleted_and_staff_are_told(tmp_path):
    junk = b"this is no database " * 1000
    (tmp_path / files.FILE_NAME).write_bytes(junk)
    with opened(tmp_path) as store:
        aside = store.database.aside
        assert aside.read_bytes() == junk
        assert aside.name.startswith("retrowalk.db.broken-2026")
        assert "set aside" in store.notices[0]
        assert "retrowalk restore" in store.notices[0]
        assert store.writer.health().state is HealthState.SET_ASIDE
        walk(store)
        assert rows(store, "SELECT cause FROM event") == [("set_aside",)]
    with opened(tmp_path) as store:
        assert store.writer.health().ok
        assert store.notices == ()


def test_two_unreadable_records_in_one_second_keep_both(tmp_path):
    for junk in (b"a" * 5000, b"b" * 5000):
        (tmp_path / files.FILE_NAME).write_bytes(junk)
        with opened(tmp_path):
            pass
    assert len([p for p in tmp_path.glob("*.broken-*") if not p.name.endswith(("-wal", "-shm"))]) == 2


def test_a_damaged_page_deep_in_the_record_is_found_at_start(tmp_path):
    with opened(tmp_path) as store:
        walk(store, 600)
        ((root,),) = rows(store, "SELECT rootpage FROM sqlite_master WHERE name = 'sample'")
        checkpoint(store.path)
    path = tmp_path / files.FILE_NAME
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\x00" * 4096)
    with opened(tmp_path) as store:
        assert store.database.aside is not None
        walk(store)


def test_damage_that_the_short_check_had_no_time_for_is_found_beside_the_work_and_set_aside_next_time(
    tmp_path, monkeypatch
):
    with opened(tmp_path) as store:
        walk(store, 600)
        ((root,),) = rows(store, "SELECT rootpage FROM sqlite_master WHERE name = 'ix_event_at_ms'")
        checkpoint(store.path)
    path = tmp_path / files.FILE_NAME
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    monkeypatch.setattr(start, "check_integrity", lambda connection, budget_s: None)
    with opened(tmp_path) as store:
        assert not store.database.fully_checked
        assert store.writer.health().ok
        assert files.check_beside_the_work(store.database, lambda: False) == ""
        assert files.check_beside_the_work(store.database, lambda: True)
        assert store.writer.health().state is HealthState.BROKEN
        assert "damaged" in store.writer.health().sentence
        assert files.damage_marker(path).exists()
    monkeypatch.undo()
    budgets = []
    check = files.check_integrity
    monkeypatch.setattr(start, "check_integrity", lambda c, b: budgets.append(b) or check(c, b))
    with opened(tmp_path) as store:
        assert budgets[0] is None
        assert store.database.aside is not None
        assert not files.damage_marker(path).exists()


def test_a_check_that_runs_out_of_time_says_so(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store, 1)
        store.writer.run(lambda c: sessions.insert_samples(c, samples(session_id, 20_000, first=2))).result()
        with store.database.read.connect() as connection:
            assert files.check_integrity(connection, 0.0) is None
            assert files.check_integrity(connection, 60.0) == ""


@pytest.mark.parametrize("obstacle", ["a file in its place", "a directory that is a file"])
def test_where_no_file_can_be_had_the_record_lives_in_memory_and_says_so(tmp_path, obstacle):
    directory = tmp_path / "data"
    if obstacle == "a file in its place":
        directory.write_text("not a directory")
    else:
        directory.mkdir()
        (directory / files.FILE_NAME).mkdir()
    with opened(directory) as store:
        assert store.writer.health().state is HealthState.IN_MEMORY
        assert "in memory" in store.notices[0]
        session_id = walk(store, 30)
        assert record_of(store, session_id).samples == 30


def test_what_memory_held_follows_when_the_directory_can_be_used(tmp_path):
    directory = tmp_path / "data"
    directory.write_text("in the way")
    with opened(directory) as store:
        session_id = walk(store, 30)
        assert not store.writer.drain()
        directory.unlink()
        directory.mkdir()
        store.writer._retry_at = 0.0
        assert store.writer.drain()
        assert store.writer.health().ok
        assert record_of(store, session_id).samples == 30
    with opened(directory) as store:
        assert record_of(store, session_id).state is SessionState.COMPLETED


def test_a_second_kiosk_on_the_same_record_is_refused_with_a_sentence(tmp_path):
    with opened(tmp_path), pytest.raises(StoreError, match="Another Retro Walk"), opened(tmp_path):
        pass


def test_after_closing_nothing_is_taken_and_nothing_raises(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store, 3)
    store.writer.sample(Sample(session_id, 9.0, 80, 80, 0))
    store.writer.event(EventIn("late"), moment())
    with pytest.raises(StoreError, match="closed"):
        store.writer.run(lambda c: None).result()


def test_closing_a_session_twice_keeps_the_first_end(tmp_path):
    with opened(tmp_path) as store:
        session_id = walk(store, 10)
        store.writer.close_session(Closing(session_id, SessionState.STOPPED, "clip", 1.0, 0.1, 1, 1), moment(500))
        kept = record_of(store, session_id)
        assert (kept.state, kept.cause, kept.walk_s) == (SessionState.COMPLETED, "plan_done", 10.0)


def test_no_name_code_or_score_reaches_the_log(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with opened(tmp_path) as store:
        member = store.writer.run(lambda c: members.add(c, store.ids.new(0), moment(), name="Quentina")).result()
        disk = Disk(store)
        disk.fill()
        session_id = walk(store, 3, member_id=member.id)
        store.writer.rate(Ratings(session_id, effort=77, pain_after=88))
        store.writer.drain()
        disk.mend()
        store.writer._retry_at = 0.0
        store.writer.drain()
    assert caplog.text
    for secret in ("Quentina", member.code, "77", "88"):
        assert secret not in "".join(record.getMessage() + (record.exc_text or "") for record in caplog.records)
