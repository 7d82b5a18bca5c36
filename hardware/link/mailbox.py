"""A mailbox that is connected again and again: the client side of a link whose server may come and go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from hardware.link.endpoint import Endpoint, SocketEndpoint, connect
from hardware.link.messages import Frame

Out = TypeVar("Out")
In = TypeVar("In")

RETRY_S: Final = 0.100


class Mailbox(Generic[Out, In]):
    """Holds one Endpoint; when it is closed, asks *dial* for the next one, ten times a second."""

    def __init__(self, dial: Callable[[], Endpoint[Out, In] | None]) -> None:
        self._dial: Final = dial
        self._endpoint: Endpoint[Out, In] | None = None
        self._tried_s: float | None = None
        self._ended = False
        self.connections = 0

    @property
    def open(self) -> bool:
        """True while there is a peer."""
        return self._endpoint is not None and not self._endpoint.closed

    def tend(self, now_s: float) -> None:
        """Let go of a closed endpoint and try for a new one."""
        if self._ended or self.open:
            return
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None
        if self._tried_s is not None and 0 <= now_s - self._tried_s < RETRY_S:
            return
        self._tried_s = now_s
        self._endpoint = self._dial()
        if self._endpoint is not None:
            self.connections += 1

    def send(self, body: Out, now_s: float) -> None:
        """Send, or drop where there is no peer."""
        if self._endpoint is not None:
            self._endpoint.send(body, now_s)

    def drain(self, now_s: float) -> list[Frame[In]]:
        """All frames that have arrived, oldest first."""
        return [] if self._endpoint is None else self._endpoint.drain(now_s)

    def fileno(self) -> int:
        """The descriptor of the connection of now; -1 where there is none."""
        return -1 if self._endpoint is None or self._endpoint.closed else self._endpoint.fileno()

    def close(self) -> None:
        """For good; idempotent."""
        self._ended = True
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None


def socket_mailbox(path: Path, incoming: object) -> Mailbox[Out, In]:
    """A mailbox that dials the socket at *path*."""

    def dial() -> Endpoint[Out, In] | None:
        sock = connect(path)
        return None if sock is None else SocketEndpoint[Out, In](sock, incoming)

    return Mailbox(dial)
