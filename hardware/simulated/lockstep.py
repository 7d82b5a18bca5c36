"""The barrier: the world owns time, and each process takes its 20 ms in turn.

A quantum: the world lets its own 20 ms pass; then guard, belt, stopper and kiosk, each when the one before is done,
get ``Quantum(now)`` and answer ``Done`` once they have drained their mailboxes. What a process sent is taken in, with
the same time, as soon as it is done. End of file leaves the barrier; a process that is started again joins at the
next quantum. One that neither answers nor dies for 30 real seconds is dropped, with a sentence.

Time begins once every awaited role has joined. When the last process has left, the world may run on by itself for as
long as it was asked to; then time stands still (and the processor rests) until somebody joins or the wait is over.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable
from typing import Final

from hardware.constants import TICK_S
from hardware.link.endpoint import Listener, SocketEndpoint
from hardware.link.messages import Done, FromClock, Join, Quantum, ToClock
from hardware.simulated.doors import Doors
from hardware.simulated.world import Watched, World

ORDER: Final = ("guard", "belt", "stopper", "kiosk")
START_S: Final = 1000.0
HANG_S: Final = 30.0
JOIN_WAIT_S: Final = 60.0
LEFT_WAIT_S: Final = 60.0
POLL_S: Final = 0.25  # how soon a signal is noticed while nobody speaks

ClockEndpoint = SocketEndpoint[FromClock, ToClock]


class LockstepError(Exception):
    """The lock-step cannot go on; the text says who is missing."""


class Barrier:
    """Who takes part, and whose turn it is."""

    def __init__(
        self,
        listener: Listener,
        roles: Iterable[str],
        world: World,
        doors: Doors,
        *,
        stopping: Callable[[], bool],
        complain: Callable[[str], None],
        run_on_s: float = 0.0,
        hang_s: float = HANG_S,
        join_wait_s: float = JOIN_WAIT_S,
        left_wait_s: float = LEFT_WAIT_S,
    ) -> None:
        self._listener: Final = listener
        self._awaited: Final = frozenset(roles)
        self._world: Final = world
        self._doors: Final = doors
        self._stopping: Final = stopping
        self._complain: Final = complain
        self._run_on_s: Final = run_on_s
        self._hang_s: Final = hang_s
        self._join_wait_s: Final = join_wait_s
        self._left_wait_s: Final = left_wait_s
        self._members: dict[str, ClockEndpoint] = {}
        self._strangers: list[ClockEndpoint] = []  # connected, role not yet said
        self.quanta = 0

    @property
    def now_s(self) -> float:
        """The world's time: counted, never added up, so that it does not drift."""
        return START_S + self.quanta * TICK_S

    def run(self) -> None:
        """Until told to stop, or until everybody has left for good. Raises LockstepError."""
        self._gather()
        alone_s = 0.0
        while not self._stopping():
            self._admit()
            if self._members:
                alone_s = 0.0
            elif alone_s < self._run_on_s:
                alone_s += TICK_S
            elif not self._wait_for_anyone():
                return
            self._quantum()

    def close(self) -> None:
        """Let everybody go; idempotent."""
        for endpoint in (*self._members.values(), *self._strangers):
            endpoint.close()
        self._members.clear()
        self._strangers.clear()
        self._listener.close()

    # ------------------------------------------------------------------------------------------ joining

    def _gather(self) -> None:
        deadline = time.monotonic() + self._join_wait_s
        while not self._stopping() and not self._awaited <= self._members.keys():
            self._serve_standing_still()
            if time.monotonic() > deadline:
                missing = ", ".join(role for role in ORDER if role in self._awaited - self._members.keys())
                raise LockstepError(
                    f"The lock-step did not begin: {missing} did not join within {self._join_wait_s:.0f} seconds. "
                    "Start it with --lockstep and the same --runtime, or leave it out of --roles."
                )

    def _wait_for_anyone(self) -> bool:
        deadline = time.monotonic() + self._left_wait_s
        while not self._stopping() and time.monotonic() < deadline:
            self._serve_standing_still()
            if self._members:
                return True
        return False

    def _serve_standing_still(self) -> None:
        """Time does not pass; hands move and questions are answered."""
        watched: list[Watched] = [self._listener, *self._strangers, *self._doors.watched, *self._world.watched]
        select.select(watched, [], [], POLL_S)
        self._admit()
        self._world.receive(self.now_s)

    def _admit(self) -> None:
        while (sock := self._listener.accept()) is not None:
            self._strangers.append(ClockEndpoint(sock, ToClock))
        for stranger in tuple(self._strangers):
            for frame in stranger.drain(self.now_s):
                if isinstance(frame.body, Join):
                    self._strangers.remove(stranger)
                    self._join(frame.body.role, stranger)
                    break
            else:
                if stranger.closed:
                    stranger.close()
                    self._strangers.remove(stranger)
        self._doors.admit(self._world)

    def _join(self, role: str, endpoint: ClockEndpoint) -> None:
        old = self._members.get(role)
        if old is not None:
            old.drain(self.now_s)  # to see whether it is gone
            if not old.closed:
                self._complain(f"A second {role} wanted to join the lock-step; it was turned away.")
                endpoint.close()
                return
            old.close()
        self._members[role] = endpoint

    # ------------------------------------------------------------------------------------------ time

    def _quantum(self) -> None:
        self.quanta += 1
        now_s = self.now_s
        self._world.step(now_s)
        for role in ORDER:
            member = self._members.get(role)
            if member is None:
                continue
            member.send(Quantum(now_s), now_s)
            if not self._done(role, member, now_s):
                member.close()
                del self._members[role]
            self._doors.admit(self._world)
            self._world.receive(now_s)

    def _done(self, role: str, member: ClockEndpoint, now_s: float) -> bool:
        """Wait for *role* to finish its quantum. False if it has left, or hangs."""
        deadline = time.monotonic() + self._hang_s
        while not self._stopping():
            for frame in member.drain(now_s):
                if isinstance(frame.body, Done):
                    return True
            if member.closed:
                return False
            if time.monotonic() > deadline:
                self._complain(
                    f"The {role} process has not finished its 20 ms for {self._hang_s:.0f} seconds and was dropped "
                    "from the lock-step."
                )
                return False
            # Somebody may ask the world a question in the middle of a quantum; it is answered at its time.
            ready, _, _ = select.select([member, *self._world.watched_controls], [], [], POLL_S)
            if ready != [member]:
                self._world.receive_control(now_s)
        return True
