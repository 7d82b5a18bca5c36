"""A seat for one peer: the belt's, the kiosk's. A second one is told so and sent away; after the first has gone, the
next is welcome.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from hardware.link.endpoint import Endpoint, Listener, SocketEndpoint
from hardware.link.messages import Complaint, Frame

Out = TypeVar("Out")
In = TypeVar("In")


class Seat(Generic[Out, In]):
    """Holds at most one Endpoint. *lives* counts those that have sat here."""

    def __init__(self, incoming: object, taken: str, listener: Listener | None = None) -> None:
        self._incoming: Final = incoming
        self._taken: Final = taken
        self._listener: Final = listener
        self._endpoint: Endpoint[Out, In] | None = None
        self.lives = 0
        self.sent_away = 0

    @property
    def occupied(self) -> bool:
        """True while there is a live peer."""
        return self._endpoint is not None and not self._endpoint.closed

    def take(self, endpoint: Endpoint[Out, In]) -> None:
        """Seat *endpoint* in place of whoever was there (composed runs; the process takes from its listener)."""
        if self._endpoint is not None:
            self._endpoint.close()
        self._endpoint = endpoint
        self.lives += 1

    def drain(self, now_s: float) -> list[Frame[In]]:
        """What has arrived; then let in who waits, if the seat is free."""
        frames: list[Frame[In]] = [] if self._endpoint is None else self._endpoint.drain(now_s)
        while self._listener is not None and (sock := self._listener.accept()) is not None:
            if self.occupied:
                self.sent_away += 1
                visitor: SocketEndpoint[Complaint, In] = SocketEndpoint(sock, self._incoming)
                visitor.send(Complaint(self._taken), now_s)
                visitor.close()
            else:
                self.take(SocketEndpoint(sock, self._incoming))
        return frames

    def send(self, body: Out, now_s: float) -> None:
        """Send, or drop where nobody sits."""
        if self._endpoint is not None:
            self._endpoint.send(body, now_s)

    def close(self) -> None:
        """Idempotent."""
        if self._endpoint is not None:
            self._endpoint.close()
        if self._listener is not None:
            self._listener.close()
