import os
import socket

import pytest

from hardware.link.notify import Notifier


@pytest.fixture
def manager(tmp_path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(str(tmp_path / "notify"))
    sock.setblocking(False)
    yield sock, {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
    sock.close()


def heard(sock):
    lines = []
    while True:
        try:
            lines.append(sock.recv(4096).decode())
        except BlockingIOError:
            return lines


def test_systemd_hears_ready_and_a_watchdog_three_times_in_its_period(manager):
    sock, environment = manager
    notifier = Notifier(environment)
    notifier.ready("walking")
    for tick in range(100):
        notifier.feed(tick * 0.02)
    notifier.close()
    lines = heard(sock)
    assert lines[0] == "READY=1\nSTATUS=walking"
    assert lines.count("WATCHDOG=1") in (5, 6)


def test_a_watchdog_meant_for_another_process_is_not_fed(manager):
    sock, environment = manager
    notifier = Notifier({**environment, "WATCHDOG_PID": str(os.getpid() + 1)})
    notifier.feed(1.0)
    notifier.close()
    assert heard(sock) == []


def test_without_systemd_or_with_a_dead_one_nothing_happens(tmp_path):
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        notifier = Notifier(environment)
        notifier.ready()
        notifier.feed(1.0)
        notifier.stopping()
        notifier.close()
        notifier.close()


def test_a_full_notify_socket_never_blocks_or_raises(manager):
    _, environment = manager
    notifier = Notifier(environment)
    for tick in range(5000):
        notifier.feed(float(tick))
    notifier.close()
