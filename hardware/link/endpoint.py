"""Mailboxes: non-blocking SEQPACKET sockets, and the same in memory for composed runs.

Nobody ever blocks. What cannot be sent waits in a short queue that drops its oldest; what does not decode is counted
and answered with a Complaint. End of file is a fact the owner asks for (``closed``), never an exception.
"""

from __future__ import annotations

import errno
import os
import pwd
import socket
import struct
from collections import deque
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from hardware.link.messages import VERSION, Complaint, Frame

MAX_PACKET: Final = 65536
QUEUE: Final = 64
MAX_DRAIN: Final = 512  # a flooding peer cannot hold a tick longer than this many packets

Out = TypeVar("Out")
In = TypeVar("In")
Out_contra = TypeVar("Out_contra", contravariant=True)


class Counters:
    """What went wrong on one endpoint since it was opened."""

    __slots__ = ("decode_errors", "dropped", "received", "sent", "version_errors")

    def __init__(self) -> None:
        self.sent = 0
        self.received = 0
        self.dropped = 0
        self.decode_errors = 0
        self.version_errors = 0


class Codec(Generic[Out, In]):
    """Encodes Frame[Out], decodes Frame[In]. Decoding never raises."""

    def __init__(self, incoming: object) -> None:
        self._encoder: Final = msgspec.msgpack.Encoder()
        self._complaint: Final = msgspec.msgpack.Decoder(Frame[Complaint])
        self._decoder: Final[msgspec.msgpack.Decoder[Frame[In]]] = msgspec.msgpack.Decoder(
            Frame[incoming]  # type: ignore[valid-type]  # a union of bodies, given at run time
        )

    def encode(self, seq: int, now_s: float, body: Out | Complaint) -> bytes:
        """One packet."""
        return self._encoder.encode(Frame(VERSION, seq, now_s, body))

    def complains(self, packet: bytes) -> bool:
        """True for a Complaint: an answer to one would be answered in turn, for ever."""
        try:
            self._complaint.decode(packet)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return False
        return True

    def decode(self, packet: bytes, counters: Counters) -> Frame[In] | None:
        """The frame, or None, counted, for bytes that are none of ours."""
        try:
            frame = self._decoder.decode(packet)
        except (msgspec.DecodeError, ValueError, RecursionError):  # ValidationError is a DecodeError
            counters.decode_errors += 1
            return None
        if frame.version != VERSION:
            counters.version_errors += 1
            return None
        return frame


class Endpoint(Protocol[Out_contra, In]):
    """One end of a link."""

    counters: Counters

    @property
    def closed(self) -> bool:
        """True once the peer is gone."""

    def send(self, body: Out_contra, now_s: float) -> None:
        """Queue and try to send. Never blocks, never raises."""

    def drain(self, now_s: float) -> list[Frame[In]]:
        """All frames that have arrived, oldest first."""

    def fileno(self) -> int:
        """For select; -1 where there is none."""

    def close(self) -> None:
        """Idempotent."""


class SocketEndpoint(Generic[Out, In]):
    """An Endpoint over a connected SEQPACKET socket."""

    def __init__(self, sock: socket.socket, incoming: object) -> None:
        sock.setblocking(False)
        self._sock: Final = sock
        self._codec: Final = Codec[Out, In](incoming)
        self._queue: deque[bytes] = deque(maxlen=QUEUE)
        self._seq = 0
        self._closed = False
        self.counters = Counters()

    @property
    def closed(self) -> bool:
        """True once the peer is gone."""
        return self._closed

    def fileno(self) -> int:
        """The socket's descriptor, -1 when closed."""
        return self._sock.fileno()

    def send(self, body: Out, now_s: float) -> None:
        """Queue and try to send. A full queue drops its oldest and counts."""
        self._send(body, now_s)

    def _send(self, body: Out | Complaint, now_s: float) -> None:
        if self._closed:
            return
        self._seq += 1
        if len(self._queue) == QUEUE:
            self.counters.dropped += 1
        self._queue.append(self._codec.encode(self._seq, now_s, body))
        self._flush()

    def _flush(self) -> None:
        while self._queue and not self._closed:
            try:
                self._sock.send(self._queue[0], socket.MSG_NOSIGNAL)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    return
                self._closed = True
                return
            self._queue.popleft()
            self.counters.sent += 1

    def drain(self, now_s: float) -> list[Frame[In]]:
        """All frames that have arrived, oldest first; nonsense is counted and answered once per drain."""
        self._flush()
        frames: list[Frame[In]] = []
        nonsense = False
        for _ in range(MAX_DRAIN):
            if self._closed:
                break
            try:
                packet = self._sock.recv(MAX_PACKET)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self._closed = True
                break
            if not packet:
                self._closed = True
                break
            frame = self._codec.decode(packet, self.counters)
            if frame is None:
                nonsense = nonsense or not self._codec.complains(packet)
                continue
            self.counters.received += 1
            frames.append(frame)
        if nonsense:
            self._send(Complaint("That message could not be read. Both sides must be of the same version."), now_s)
        return frames

    def close(self) -> None:
        """Idempotent."""
        self._closed = True
        self._sock.close()


class MemoryEndpoint(Generic[Out, In]):
    """An Endpoint within one process; frames are still encoded, so composed runs test the same bytes."""

    def __init__(self, incoming: object) -> None:
        self._codec: Final = Codec[Out, In](incoming)
        self._inbox: deque[bytes] = deque(maxlen=MAX_DRAIN)
        self._peer: MemoryEndpoint[In, Out] | None = None
        self._seq = 0
        self._closed = False
        self.counters = Counters()

    @property
    def closed(self) -> bool:
        """True once either end was closed."""
        return self._closed or self._peer is None or self._peer._closed

    def fileno(self) -> int:
        """There is no descriptor: -1."""
        return -1

    def send(self, body: Out, now_s: float) -> None:
        """Deliver at once."""
        if self.closed or self._peer is None:
            return
        self._seq += 1
        self._peer._inbox.append(self._codec.encode(self._seq, now_s, body))
        self.counters.sent += 1

    def inject(self, packet: bytes) -> None:
        """Put raw bytes into this end's inbox (fuzzing)."""
        self._inbox.append(packet)

    def drain(self, now_s: float) -> list[Frame[In]]:
        """All frames that have arrived, oldest first."""
        frames: list[Frame[In]] = []
        while self._inbox:
            frame = self._codec.decode(self._inbox.popleft(), self.counters)
            if frame is not None:
                self.counters.received += 1
                frames.append(frame)
        return frames

    def close(self) -> None:
        """Idempotent."""
        self._closed = True


def memory_pair(a_incoming: object, b_incoming: object) -> tuple[MemoryEndpoint[Out, In], MemoryEndpoint[In, Out]]:
    """Two connected ends; each is told what it may receive."""
    a = MemoryEndpoint[Out, In](a_incoming)
    b = MemoryEndpoint[In, Out](b_incoming)
    a._peer, b._peer = b, a
    return a, b


def peer_uid(sock: socket.socket) -> int:
    """The uid of the process at the other end."""
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", data)[1]
    return uid


APPLIANCE_USERS: Final = ("retrowalk", "retrowalk-guard", "retrowalk-belt")
"""On the appliance each process has its own user (deploy/sysusers)."""


def trusted_uids() -> frozenset[int]:
    """Whom a listener hears: ourselves, root, and, where we are one of the appliance's users, the others."""
    uids = {os.getuid(), 0}
    appliance = set()
    for name in APPLIANCE_USERS:
        try:
            appliance.add(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
    return frozenset(uids | appliance if os.getuid() in appliance else uids)


class Listener:
    """A listening socket (mode 0660) that hands out connected sockets of peers it may trust."""

    def __init__(self, path: Path, allowed_uids: frozenset[int] | None = None) -> None:
        self.path: Final = path
        self._allowed: Final = trusted_uids() if allowed_uids is None else allowed_uids
        self.refused = 0
        path.unlink(missing_ok=True)
        self._sock: Final = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        previous = os.umask(0o117)
        try:
            self._sock.bind(str(path))
        finally:
            os.umask(previous)
        self._sock.listen(8)
        self._sock.setblocking(False)

    def fileno(self) -> int:
        """For select."""
        return self._sock.fileno()

    def accept(self) -> socket.socket | None:
        """The next peer, or None. A peer of a foreign uid is dropped and counted."""
        try:
            sock, _ = self._sock.accept()
        except OSError:  # nobody there, or gone again already
            return None
        if peer_uid(sock) not in self._allowed:
            self.refused += 1
            sock.close()
            return None
        return sock

    def close(self) -> None:
        """Close and unlink; idempotent."""
        self._sock.close()
        self.path.unlink(missing_ok=True)


def connect(path: Path) -> socket.socket | None:
    """A connected socket, or None when nobody listens there (yet), or the listener hangs with a full backlog."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    sock.setblocking(False)  # a stopped peer must not hold a tick
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        return None
    sock.setblocking(True)
    return sock
