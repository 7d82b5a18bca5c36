"""The store on real files and threads: kills, full disks, stalls, and others who use the same file."""

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from kiosk.store import database as files
from kiosk.store.commands import for_command
from kiosk.store.kinds import CapScope
from kiosk.store.records import Cap, HealthState, SessionState
from kiosk.store.repositories import caps, members, sessions
from tests.support.kills import ROOT, look, run_and_kill
from tests.support.record import START_MS, Disk, closing, moment, opened, opening, rows, samples, walk

PATIENCE_S = 30.0


def until(true, what):
    """Wait for a state that another thread will reach; the time-out is for a broken test only."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.005)


def test_what_was_said_to_be_on_disk_is_there_after_kill_9_and_at_most_2_s_of_samples_are_gone(tmp_path):
    dice = random.Random(20261120)
    for _ in range(4):
        said = run_and_kill(tmp_path, dice.uniform(0.2, 1.2))
        loss = look(tmp_path, said)
        assert loss.integrity == "ok"
        assert (loss.opened, loss.closed, loss.events) == (0, 0, 0)
        assert loss.oldest_s < 2.0
        with opened(tmp_path) as store:
            assert store.database.aside is None
            assert len(store.interrupted) <= 1
            assert rows(store, "SELECT count(*) FROM session WHERE state = 'open'") == [(0,)]


def test_a_thread_commits_samples_within_the_batch_time_without_being_asked(tmp_path):
    with opened(tmp_path, threaded=True) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
        for sample in samples(begun.id, 2):
            store.writer.sample(sample)
        until(lambda: rows(store, "SELECT count(*) FROM sample") == [(2,)], "samples never came")


def test_a_stalled_disk_never_holds_the_caller_and_its_data_follow(tmp_path):
    with opened(tmp_path, threaded=True) as store:
        store.writer.drain()
        gate = threading.Event()
        disk = Disk(store)
        disk.hold(gate)
        begun = opening(store.ids, moment())
        longest = 0.0
        store.writer.open_session(begun, moment())
        for sample in samples(begun.id, 500):
            before = time.monotonic()
            store.writer.sample(sample)
            store.writer.health()
            longest = max(longest, time.monotonic() - before)
        store.writer.close_session(closing(begun.id, 500), moment(500))
        until(lambda: store.writer.health().state is HealthState.STALLED, "the stall was never seen")
        assert store.writer.health().age_s > 2.0
        assert longest < 1.0  # against a commit that hangs for ever
        assert store.reader.ask(sessions.last).result(PATIENCE_S) == ()
        disk.mend()
        gate.set()
        assert store.writer.drain(PATIENCE_S)
        kept = store.reader.ask(lambda c: sessions.by_id(c, begun.id)).result(PATIENCE_S)
        assert (kept.state, kept.samples) == (SessionState.COMPLETED, 500)
        assert store.writer.health().ok


def test_leaving_does_not_wait_for_a_disk_that_hangs(tmp_path):
    with opened(tmp_path, threaded=True) as store:
        store.writer.drain()
        gate = threading.Event()
        disk = Disk(store)
        disk.hold(gate)
        walk(store, 3)
        before = time.monotonic()
        assert store.writer.close(timeout_s=0.3) is False
        assert time.monotonic() - before < 10
        disk.mend()
        gate.set()
        assert store.writer.close(timeout_s=PATIENCE_S) is True


FULL = """
import resource, signal, sys, pathlib
from tests.support.record import opened, walk, rows, moment
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with opened(pathlib.Path(sys.argv[1])) as store:
    size = store.path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (32768, resource.RLIM_INFINITY))
    walk(store, 2000)
    refused = store.writer.drain()
    health = store.writer.health()
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.writer._retry_at = 0.0
    followed = store.writer.drain()
    print(refused, health.state.value, followed, store.writer.health().ok, rows(store, "SELECT samples FROM session"))
"""


def test_a_file_that_may_not_grow_holds_no_session_and_its_data_follow(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split(maxsplit=4) == ["False", "disk_broken", "True", "True", "[(2000,)]\n"], done.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 1 MB."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("this machine does not let the test mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(descriptor):
    while True:
        os.write(descriptor, b"\0" * 4096)


def test_a_truly_full_disk_holds_no_session_and_its_data_follow(small_disk):
    with opened(small_disk) as store:
        filler = small_disk / "filler"
        descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
        with pytest.raises(OSError, match="No space"):
            fill(descriptor)
        os.close(descriptor)
        session_id = walk(store, 3000)
        assert not store.writer.drain()
        assert store.writer.health().state is HealthState.DISK_FULL
        filler.unlink()
        store.writer._retry_at = 0.0
        assert store.writer.drain()
        assert store.reader.ask(lambda c: sessions.by_id(c, session_id)).result().samples == 3000


def test_a_disk_that_turned_read_only_is_read_and_a_remount_brings_the_data(small_disk):
    with opened(small_disk) as store:
        first = walk(store, 5)
    remount = ["mount", "-o", "remount,{}", "tmpfs", str(small_disk)]
    subprocess.run([part.format("ro") for part in remount], check=True)
    try:
        with opened(small_disk, moment(100)) as store:
            assert store.writer.health().state is HealthState.READ_ONLY
            assert store.reader.ask(sessions.last).result()[0].id == first
            second = walk(store, 7, moment(100))
            assert not store.writer.drain()
            subprocess.run([part.format("rw") for part in remount], check=True)
            store.writer._retry_at = 0.0
            assert store.writer.drain()
            assert store.writer.health().ok
            assert [s.id for s in store.reader.ask(sessions.last).result()] == [second, first]
    finally:
        subprocess.run([part.format("rw") for part in remount], check=False)


def test_a_cap_lowered_from_a_shell_is_seen_by_the_walk_within_a_watch(tmp_path):
    with opened(tmp_path, threaded=True) as store:
        store.writer.drain()
        assert store.reader.caps() == ()
        done = subprocess.run(
            [*RETROWALK, "caps", "set", "1.5", "--data", tmp_path],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        until(lambda: store.reader.caps() != (), "the kiosk never saw the cap")
        (cap,) = store.reader.caps()
        assert (cap.scope, cap.speed_ckmh) == (CapScope.GYM, 150)


RETROWALK = [sys.executable, "-c", "from kiosk.cli import main; main()"]


def test_another_process_that_writes_long_makes_the_kiosk_wait_and_nothing_is_lost(tmp_path):
    with opened(tmp_path, threaded=True) as store:
        store.writer.drain()
        other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        session_id = walk(store, 20)
        future = store.writer.run(lambda c: caps.put(c, Cap(CapScope.GYM, "", 200, None, 0, "x", "")))
        assert not future.done()
        other.execute("COMMIT")
        other.close()
        assert store.writer.drain(PATIENCE_S)
        future.result(PATIENCE_S)
        assert store.reader.ask(lambda c: sessions.by_id(c, session_id)).result(PATIENCE_S).samples == 20


def test_two_writers_a_stuck_reader_and_a_migration_at_once_and_no_lock_error_reaches_a_person(tmp_path):
    with opened(tmp_path, threaded=True) as store:
        store.writer.drain()
        stuck = sqlite3.connect(store.path, isolation_level=None)
        stuck.execute("BEGIN")
        stuck.execute("SELECT * FROM session").fetchall()
        errors = []
        lock = threading.Lock()

        def shell(number):
            try:
                for turn in range(10):
                    with for_command(tmp_path, moment()) as connection:
                        members.add(connection, store.ids.new(START_MS), moment(turn))
                    files.migrate(files.file_engine(store.path, files.Access.WRITE), moment())
            except Exception as error:
                with lock:
                    errors.append((number, error))

        shells = [threading.Thread(target=shell, args=(n,)) for n in range(2)]
        for thread in shells:
            thread.start()
        for turn in range(10):
            walk(store, 20, moment(turn * 1000))
            store.reader.ask(sessions.last).result(PATIENCE_S)
        for thread in shells:
            thread.join(PATIENCE_S)
        stuck.close()
        assert errors == []
        assert store.writer.drain(PATIENCE_S)
        assert rows(store, "SELECT count(*), sum(samples) FROM session") == [(10, 200)]
        assert rows(store, "SELECT count(*) FROM member") == [(20,)]


def test_a_reader_that_cannot_answer_says_so_in_a_sentence(tmp_path):
    from kiosk.store.records import StoreError

    with opened(tmp_path, threaded=True) as store:
        with pytest.raises(StoreError, match="does not answer"):
            store.reader.ask(lambda c: c.exec_driver_sql("SELECT * FROM nowhere")).result(PATIENCE_S)
        assert store.reader.ask(sessions.last).result(PATIENCE_S) == ()


def test_a_process_that_is_told_to_end_leaves_everything_on_disk(tmp_path):
    code = (
        "import pathlib, sys, signal\n"
        "from tests.support.record import *\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        "with opened(pathlib.Path(sys.argv[1]), threaded=True) as store:\n"
        "    walk(store, 33)\n"
        "    print('walked', flush=True)\n"
        "    signal.pause()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "walked\n"
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    process.stdout.close()
    with opened(tmp_path) as store:
        assert rows(store, "SELECT state, samples FROM session") == [("completed", 33)]


def test_open_files_and_memory_stay_flat_over_three_hundred_sessions(tmp_path):
    with opened(tmp_path) as store:
        walk(store, 1)
        descriptors = len(os.listdir("/proc/self/fd"))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for turn in range(300):
            walk(store, 1, moment(turn * 10))
            store.reader.ask(sessions.last).result()
        assert len(os.listdir("/proc/self/fd")) == descriptors
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown < 20_000  # KiB
