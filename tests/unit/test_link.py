import asyncio
import os
import socket
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.link.clock import VirtualClock
from hardware.link.endpoint import Listener, MemoryEndpoint, SocketEndpoint, connect, memory_pair
from hardware.link.lease import Lease
from hardware.link.messages import VERSION, Alive, Complaint, Frame, KioskToGuard, Target, Wish, WishMode
from hardware.link.paths import (
    APPLIANCE,
    RuntimeDirError,
    default_runtime_directory,
    open_runtime_directory,
    take_lock,
)
from hardware.link.steploop import StepLoop


@pytest.fixture
def pair():
    opened = []

    def make(a_in, b_in):
        a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        opened.extend((SocketEndpoint(a, a_in), SocketEndpoint(b, b_in)))
        return opened[-2], opened[-1]

    yield make
    for end in opened:
        end.close()


def test_a_frame_arrives_whole_with_its_sequence_number_and_time(pair):
    a, b = pair(Wish, Wish)
    a.send(Wish(3, WishMode.RUN, 80, 0), 12.5)
    a.send(Wish(4, WishMode.STOP, 0, 0), 12.52)
    frames = b.drain(0)
    assert [(f.seq, f.t_s, f.body.epoch) for f in frames] == [(1, 12.5, 3), (2, 12.52, 4)]


def test_nonsense_is_counted_and_answered_and_the_next_frame_still_arrives():
    raw, sock = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    end = SocketEndpoint(sock, KioskToGuard)
    peer = SocketEndpoint(raw, Complaint)
    raw.send(b"\xff\x00nonsense")
    peer.send(Target(100, 0), 1.0)
    frames = end.drain(1.0)
    assert [f.body for f in frames] == [Target(100, 0)]
    assert end.counters.decode_errors == 1
    assert "could not be read" in peer.drain(1.0)[0].body.reason
    end.close()
    peer.close()


def test_a_complaint_is_never_answered_by_a_complaint(pair):
    guard, belt = pair(Target, Wish)  # neither takes a Complaint
    guard._sock.send(b"\xff nonsense")
    for _ in range(3):
        belt.drain(1.0)
        guard.drain(1.0)
    assert belt.counters.sent == 1
    assert guard.counters.sent == 0
    assert guard.counters.decode_errors == 1


@given(st.binary(max_size=200))
def test_no_bytes_ever_raise_past_a_mailbox(packet):
    end = MemoryEndpoint(KioskToGuard)
    end.inject(packet)
    assert len(end.drain(0)) + end.counters.decode_errors + end.counters.version_errors == 1


def test_a_speed_below_zero_or_past_16_bits_does_not_decode():
    a, b = memory_pair(KioskToGuard, KioskToGuard)
    a.send(Target(-1, 0), 0)
    a.send(Target(70000, 0), 0)
    assert b.drain(0) == []
    assert b.counters.decode_errors == 2


def test_a_full_queue_drops_the_oldest_and_never_blocks(pair):
    a, b = pair(Alive, Alive)
    for n in range(5000):
        a.send(Alive(n), 0)
    assert a.counters.dropped > 0
    got = []
    for _ in range(50):
        got += [f.body.drawn for f in b.drain(0)]
        a.drain(0)
    assert got[-1] == 4999
    assert got == sorted(got)


def test_the_end_of_the_peer_is_seen_and_sending_on_is_harmless(pair):
    a, b = pair(Alive, Alive)
    b.close()
    a.drain(0)
    assert a.closed
    a.send(Alive(1), 0)


def test_a_listener_is_private_to_its_group_and_refuses_a_foreign_uid(tmp_path):
    listener = Listener(tmp_path / "s", allowed_uids=frozenset({os.getuid() + 1}))
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o660
    client = connect(tmp_path / "s")
    assert listener.accept() is None
    assert listener.refused == 1
    client.close()
    listener.close()
    assert connect(tmp_path / "s") is None


def test_the_lease_outlives_the_process_that_took_it(tmp_path):
    guard = Lease(tmp_path / "lease", writable=True)
    reader = Lease(tmp_path / "lease", writable=False)
    assert not reader.active
    guard.take("0197-abc")
    assert (reader.active, reader.session) == (True, "0197-abc")
    guard.close()
    again = Lease(tmp_path / "lease", writable=True)
    assert again.active
    again.release()
    assert not reader.active


def test_that_staff_are_needed_outlives_the_guard_and_is_nobody_s_business_in_another_file(tmp_path):
    guard = Lease(tmp_path / "lease", writable=True)
    assert not guard.staff
    guard.keep_staff(True)
    guard.take("s1")
    guard.release()
    guard.close()
    again = Lease(tmp_path / "lease", writable=True)
    assert again.staff is True
    again.keep_staff(False)
    assert again.staff is False
    again.close()
    (tmp_path / "lease").write_bytes(b"RWL1" + b"\xff" * 124)
    assert not Lease(tmp_path / "lease", writable=False).staff


def test_a_lease_that_cannot_be_opened_is_a_sentence_with_its_path(tmp_path):
    for path in (tmp_path, tmp_path / "none" / "lease"):
        with pytest.raises(RuntimeDirError) as error:
            Lease(path, writable=True)
        assert str(error.value).startswith(f"The lease {path} cannot be opened: ")
        assert "a file that this user can write to" in str(error.value)


@pytest.mark.parametrize(
    "body",
    [
        ["Target", 70000, 0],
        ["Target", -1, 0],
        ["Target", 100],
        ["Target", "fast", 0],
        ["Arm", [200, 0], "s" * 41, "session"],
        ["Arm", [200, 0], "s", "race"],
        ["Arm", [200], "s", "session"],
        ["Stop", "because"],
        ["Heard", True],
        ["Heard", 1, 1],
        ["Scan", None],
        ["Reset", "manager"],
        ["Start!"],
        [],
        None,
        7,
    ],
)
def test_a_malformed_request_is_counted_and_answered_with_a_sentence(body):
    kiosk, guard = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours = SocketEndpoint(guard, KioskToGuard)
    kiosk.send(msgspec.msgpack.encode([VERSION, 1, 0.0, body]))
    assert ours.drain(0.0) == []
    assert ours.counters.decode_errors == 1
    answer = msgspec.msgpack.decode(kiosk.recv(65536), type=Frame[Complaint]).body.reason
    assert answer == "That message could not be read. Both sides must be of the same version."
    kiosk.close()
    ours.close()


CHECKED = ("C0:FF:EE:00:00:42", 1234.5)
BOOT, NEXT_BOOT = b"one boot 0123456", b"the next 0123456"


def test_an_opening_check_is_read_back_by_the_next_guard_of_this_boot_and_by_none_after_it(tmp_path):
    guard = Lease(tmp_path / "lease", writable=True, boot=BOOT)
    assert guard.opening is None
    guard.keep_opening(CHECKED)
    guard.take("s1")
    guard.close()
    again = Lease(tmp_path / "lease", writable=True, boot=BOOT)
    assert again.opening == CHECKED
    assert again.active
    again.close()
    assert Lease(tmp_path / "lease", writable=True, boot=NEXT_BOOT).opening is None


def test_an_opening_check_that_begins_anew_is_none_until_it_is_finished(tmp_path):
    guard = Lease(tmp_path / "lease", writable=True)
    guard.keep_opening(CHECKED)
    assert guard.opening == CHECKED
    guard.keep_opening(None)
    assert guard.opening is None
    assert Lease(tmp_path / "lease", writable=True).opening is None


@pytest.mark.parametrize("at", [*range(4), *range(48, 100)])
def test_a_torn_or_foreign_lease_file_holds_no_opening_check(tmp_path, at):
    guard = Lease(tmp_path / "lease", writable=True)
    guard.keep_opening(CHECKED)
    guard.close()
    torn = bytearray((tmp_path / "lease").read_bytes())
    torn[at] ^= 0x40
    (tmp_path / "lease").write_bytes(torn)
    assert Lease(tmp_path / "lease", writable=False).opening is None
    assert Lease(tmp_path / "lease", writable=True).opening is None


@pytest.mark.parametrize("content", [b"", b"RWL1" + bytes([1]) + bytes(59), b"#!/bin/sh\n" * 20, b"\xff" * 4096])
def test_a_lease_file_of_another_version_counts_as_none_and_is_made_anew(tmp_path, content):
    (tmp_path / "lease").write_bytes(content)
    reader = Lease(tmp_path / "lease", writable=False)
    assert not reader.active
    assert reader.opening is None
    guard = Lease(tmp_path / "lease", writable=True)
    assert (guard.active, guard.session, guard.opening) == (False, "", None)
    guard.take("s1")
    assert reader.active


def test_a_time_that_is_no_number_is_no_opening_check(tmp_path):
    guard = Lease(tmp_path / "lease", writable=True)
    guard.keep_opening(("C0:FF:EE:00:00:42", float("nan")))
    assert guard.opening is None


def test_a_second_kiosk_on_the_machine_is_told_who_runs_already(tmp_path):
    paths = open_runtime_directory(tmp_path / "run")
    first = take_lock(paths)
    with pytest.raises(RuntimeDirError, match=f"already running.*process {os.getpid()}"):
        take_lock(paths)
    os.close(first)
    os.close(take_lock(paths))


def test_a_loop_on_a_handed_in_clock_runs_hours_in_no_time():
    clock = VirtualClock(0.0)
    loop = StepLoop(clock, lambda: setattr(clock, "now_s", clock.now_s + 0.5))
    asyncio.set_event_loop(loop)

    async def nap():
        await asyncio.sleep(7200)
        return loop.time()

    try:
        assert loop.run_until_complete(nap()) == pytest.approx(7200, abs=1)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_a_command_on_the_appliance_finds_the_guard_where_the_units_have_it(tmp_path, monkeypatch):
    monkeypatch.delenv("RETROWALK_RUNTIME", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    appliance = tmp_path / "retrowalk"
    assert str(default_runtime_directory(appliance)) == "/run/user/1000/retrowalk"
    appliance.mkdir()
    assert default_runtime_directory(appliance) == appliance
    monkeypatch.setenv("RETROWALK_RUNTIME", "/elsewhere")
    assert str(default_runtime_directory(appliance)) == "/elsewhere"


def test_the_appliance_s_runtime_directory_is_the_one_that_its_package_makes():
    made = (Path(__file__).parents[2] / "deploy/etc/tmpfiles.conf").read_text().splitlines()
    assert f"d {APPLIANCE} 2770 root retrowalk -" in made


def test_the_lease_is_the_group_s_whatever_the_umask_of_who_makes_it(tmp_path):
    before = os.umask(0o077)
    try:
        Lease(tmp_path / "lease", writable=True).close()
    finally:
        os.umask(before)
    assert (tmp_path / "lease").stat().st_mode & 0o777 == 0o660
