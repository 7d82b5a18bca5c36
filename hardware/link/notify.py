"""Tell systemd how we are: READY, WATCHDOG, STATUS (sd_notify(3)). Without systemd every call does nothing.

WATCHDOG is fed only from the end of a healthy tick, loop or drawn frame: a thread that survives a hang must not
feed it.
"""

from __future__ import annotations

import os
import socket
from typing import Final

FEED_EVERY: Final = 3.0  # times within the watchdog's period, so that one late datagram starts nothing


class Notifier:
    """The datagram socket named by NOTIFY_SOCKET, kept open so that feeding opens no file."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        environment = dict(os.environ) if environment is None else environment
        address = environment.get("NOTIFY_SOCKET", "")
        self._sock: socket.socket | None = None
        self._period_s: Final = _period_s(environment)
        self._fed_s: float | None = None
        if address:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            sock.setblocking(False)
            try:
                sock.connect("\0" + address[1:] if address.startswith("@") else address)
            except OSError:
                sock.close()  # the manager is gone; it can learn nothing from us
            else:
                self._sock = sock

    def ready(self, status: str = "") -> None:
        """The process does its work now."""
        self._send("READY=1" + (f"\nSTATUS={status}" if status else ""))

    def stopping(self) -> None:
        """The process is on its way out."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={text}")

    def feed(self, now_s: float) -> None:
        """One healthy round is done at *now_s* (monotonic seconds); sends at most as often as is needed."""
        if self._sock is None or self._period_s is None:
            return
        if self._fed_s is None or now_s - self._fed_s >= self._period_s / FEED_EVERY:
            self._fed_s = now_s
            self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if self._sock is None:
            return
        try:
            self._sock.send(text.encode())
        except OSError:
            pass  # a full or vanished notify socket must not disturb the tick; systemd will act on the silence

    def close(self) -> None:
        """Idempotent."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def _period_s(environment: dict[str, str]) -> float | None:
    usec = environment.get("WATCHDOG_USEC", "")
    pid = environment.get("WATCHDOG_PID", "")
    if not usec.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1e6
