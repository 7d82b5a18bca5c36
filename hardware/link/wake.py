"""What ends an asyncio process's pause between two turns: time, a descriptor with bytes, a word from within."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final, Protocol


class Watchable(Protocol):
    """Something with a descriptor that wakes the loop when bytes arrive."""

    connections: int  # a descriptor's number may come again with another connection behind it

    def fileno(self) -> int:
        """The descriptor, -1 when there is none."""


class Wake:
    """An event, and the readers that set it."""

    def __init__(self) -> None:
        self._event: Final = asyncio.Event()
        self._watched: dict[int, tuple[Watchable, int]] = {}

    def set(self) -> None:
        """There is something to do now."""
        self._event.set()

    def watch(self, mailboxes: Iterable[Watchable]) -> None:
        """Look at these descriptors, and at no others."""
        loop = asyncio.get_running_loop()
        wanted = {box.fileno(): (box, box.connections) for box in mailboxes if box.fileno() >= 0}
        for descriptor, connection in tuple(self._watched.items()):
            if wanted.get(descriptor) != connection:
                loop.remove_reader(descriptor)
                del self._watched[descriptor]
        for descriptor, connection in wanted.items():
            if descriptor not in self._watched:
                loop.add_reader(descriptor, self._event.set)
                self._watched[descriptor] = connection

    async def wait(self, seconds: float) -> None:
        """Until something happens, at most *seconds*."""
        timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._event.set)
        try:
            await self._event.wait()
        finally:
            timer.cancel()
            self._event.clear()

    def close(self) -> None:
        """No more readers."""
        loop = asyncio.get_running_loop()
        for descriptor in self._watched:
            loop.remove_reader(descriptor)
        self._watched.clear()
