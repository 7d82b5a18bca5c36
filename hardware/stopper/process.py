"""The fallback writer as a process: hears guard and belt, writes when the policy says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from hardware.config.profiles import UNCOMMISSIONED, Profile, ProfileError
from hardware.constants import CONNECT_DEADLINE_S, STOPPER_GRACE_S, TICK_S, WRITE_DEADLINE_S
from hardware.link.clock import Clock
from hardware.link.detached import Detached, Overdue
from hardware.link.endpoint import Endpoint
from hardware.link.messages import Complaint, Sentry
from hardware.link.wake import Wake, Watchable
from hardware.stopper import policy
from hardware.stopper.policy import Post
from hardware.stopper.writer import Writer

Peer = Endpoint[Complaint, Sentry]
PREPARE_S: Final = 1.0
MAX_PEERS: Final = 8


class LeaseView(Protocol):
    """Whether a moving belt is ours."""

    @property
    def active(self) -> bool:
        """True while it is."""


class _Door:
    """A peer's descriptor, for the loop."""

    def __init__(self, peer: Peer, number: int) -> None:
        self.peer: Final = peer
        self.connections = number
        self.role = ""

    def fileno(self) -> int:
        """Of the peer's socket."""
        return self.peer.fileno()


class StopperProcess:
    """All of the stopper but its listening socket and signals."""

    def __init__(
        self,
        *,
        writer: Writer,
        profile: Profile,
        lease: LeaseView,
        clock: Clock,
        accept: Callable[[], Peer | None] = lambda: None,
        listener: Watchable | None = None,
        healthy: Callable[[float], None] = lambda _: None,
        grace_s: float = STOPPER_GRACE_S,
        enough: int | None = None,
        address: str | None = None,
        writer_of: Callable[[str], Writer] | None = None,
        profile_of: Callable[[str], Profile] | None = None,
    ) -> None:
        """With *enough* it ends by itself: after so many stops taken by the treadmill, or with the stop budget.

        *address* is whom *writer* writes to. *writer_of* and *profile_of* (which may raise ProfileError) give what is
        needed for the treadmill of a belt process that was started anew: staff have bound another, or measured it.
        """
        self._writer = writer
        self._profile = profile
        self._address = address
        self._writer_of: Final = writer_of
        self._profile_of: Final = profile_of
        self._anew: str | None = None  # whom the newest belt process is bound to, not yet looked up
        self._lease: Final = lease
        self._clock: Final = clock
        self._accept: Final = accept
        self._listener: Final = listener
        self._healthy: Final = healthy
        self._wake: Final = Wake()
        self._calls: Final = Detached()
        self._doors: list[_Door] = []
        self._door_count = 0
        self._attempt: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[bool] | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._prepare_due_s = clock.now()
        self._enough: Final = enough
        self._begun_s: Final = clock.now()
        self._done = False
        self.post = Post(trusts_until_s=clock.now() + grace_s)
        self.writes = 0

    def end(self) -> None:
        """Leave now. Whoever ends the stopper has ended, or ends, guard and belt too."""
        self._done = True
        self._wake.set()

    def admit(self, peer: Peer) -> None:
        """Guard or belt has connected; which one it is, its first Sentry says."""
        self._door_count += 1
        self._doors.append(_Door(peer, self._door_count))
        if len(self._doors) > MAX_PEERS:
            self._doors.pop(0).peer.close()

    async def run(self) -> None:
        """Until ``end``."""
        next_s = self._clock.now()
        try:
            while not self._done:
                now_s = self._clock.now()
                self.turn(now_s)
                self._healthy(now_s)
                if now_s >= next_s - 1e-6:
                    next_s = now_s + TICK_S if now_s >= next_s + TICK_S else next_s + TICK_S
                listener = () if self._listener is None else (self._listener,)
                self._wake.watch((*listener, *self._doors, *self._writer.watch()))
                await self._wake.wait(next_s - now_s)
        finally:
            self._wake.close()
            for door in self._doors:
                door.peer.close()
            await self._calls.close()
            await self._writer.close()

    def turn(self, now_s: float) -> None:
        """Hear, decide, write. Never blocks."""
        while (peer := self._accept()) is not None:
            self.admit(peer)
        self._hear(now_s)
        self._look_anew()
        self._writer.poll()
        self._prepare(now_s)
        if self._enough is not None:
            over = now_s - self._begun_s > self._profile.stop_budget_s
            self._done = self._done or over or self.post.confirmed >= self._enough
        if self._done or (self._attempt is not None and not self._attempt.done()):
            return
        self.post, write = policy.step(
            self.post,
            now_s,
            lease=self._lease.active,
            budget_s=self._profile.stop_budget_s,
            resend=not self._profile.quirks.toggle_stop,
        )
        if write:
            self.writes += 1
            self._attempt = self._calls.spawn(self._try())

    def _hear(self, now_s: float) -> None:
        for door in tuple(self._doors):
            for frame in door.peer.drain(now_s):
                if frame.body.role == "belt" and door.role != "belt":
                    self._anew = frame.body.address
                door.role = frame.body.role
                self.post = policy.hear(self.post, frame.body, now_s)
            if door.peer.closed:
                door.peer.close()
                self._doors.remove(door)
                if not any(other.role == door.role for other in self._doors):
                    self.post = policy.lose(self.post, door.role)

    def _look_anew(self) -> None:
        """Follow a belt process that was started anew to its treadmill. Reads a file: never while a belt may move."""
        address = self._anew
        if address is None or self._lease.active:
            return
        self._anew = None
        if self._profile_of is not None:
            try:
                self._profile = self._profile_of(address)
            except ProfileError:
                self._profile = UNCOMMISSIONED  # the belt process, which ends of it, says so
        if address != self._address and self._writer_of is not None:
            for task in (self._attempt, self._connecting, self._preparing):
                if task is not None:
                    task.cancel()
            self._calls.spawn(self._writer.close())
            self._writer, self._address = self._writer_of(address), address
            self._prepare_due_s = self._clock.now()

    def _prepare(self, now_s: float) -> None:
        if now_s >= self._prepare_due_s and (self._preparing is None or self._preparing.done()):
            self._prepare_due_s = now_s + PREPARE_S
            self._preparing = self._calls.spawn(self._writer.prepare())

    async def _try(self) -> None:
        taken = False
        try:
            taken = await self._calls.within(self._writer.stop(), WRITE_DEADLINE_S)
        except Overdue:
            pass  # it may still arrive; the next attempt is due 500 ms after this one began
        else:
            if not taken and (self._connecting is None or self._connecting.done()):
                self._connecting = self._calls.spawn(self._calls.within(self._writer.connect(), CONNECT_DEADLINE_S))
        self.post = policy.wrote(self.post, confirmed=taken)
        self._wake.set()
