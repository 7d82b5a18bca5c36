"""Fetching the guard's black boxes: which to ask for, in chunks, until each is whole.

The guard cuts a box some seconds after a stop; until then it answers that there is none, and is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hardware.link.messages import BlackBoxAck, BlackBoxChunk, SafetyEvent, State

FORMAT: Final = "guard-1"
CUTS: Final = frozenset({"trip", "stop", "escalation"})
FIRST_ASK_S: Final = 11.0  # the guard keeps 10 s after the stop
ASK_S: Final = 0.5
GIVE_UP_S: Final = 3600.0  # it waits for the belt to be at rest; the guard keeps the last few


@dataclass(slots=True)
class _Wanted:
    since_s: float
    ask_s: float
    chunks: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole box, and the safety event that it belongs to."""

    event: int
    content: bytes


class Fetcher:
    """One box at a time, oldest first; only with the belt at rest, as a fetch is no part of a walk."""

    def __init__(self) -> None:
        self._wanted: dict[int, _Wanted] = {}

    def event(self, event: SafetyEvent, now_s: float) -> None:
        """The guard reported *event*."""
        if event.kind in CUTS:
            self._wanted[event.id] = _Wanted(now_s, now_s + FIRST_ASK_S)

    def guard_left(self) -> None:
        """The guard's memory, and so its boxes, are gone with it."""
        self._wanted.clear()

    def ask(self, state: State | None, now_s: float) -> BlackBoxAck | None:
        """What to send the guard now, None for nothing."""
        self._wanted = {n: wanted for n, wanted in self._wanted.items() if now_s - wanted.since_s <= GIVE_UP_S}
        if state not in (State.LATCHED, State.IDLE) or not self._wanted:
            return None
        number = min(self._wanted)
        wanted = self._wanted[number]
        if now_s < wanted.ask_s:
            return None
        wanted.ask_s = now_s + ASK_S
        return BlackBoxAck(number, len(wanted.chunks))

    def chunk(self, chunk: BlackBoxChunk, now_s: float) -> tuple[Fetched | None, BlackBoxAck | None]:
        """A chunk came: the box if it is whole now, and what to send next (the last of it frees the guard's copy)."""
        wanted = self._wanted.get(chunk.id)
        if wanted is None or chunk.count == 0 or chunk.index != len(wanted.chunks):
            return None, None  # not cut yet, or a repetition
        wanted.chunks.append(chunk.data)
        wanted.ask_s = now_s + ASK_S
        if len(wanted.chunks) < chunk.count:
            return None, BlackBoxAck(chunk.id, len(wanted.chunks))
        del self._wanted[chunk.id]
        return Fetched(chunk.id, b"".join(wanted.chunks)), BlackBoxAck(chunk.id, chunk.count)
