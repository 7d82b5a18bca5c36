"""Calls that must never hold their caller: past its deadline a call is cancelled, not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Overdue(Exception):  # noqa: N818 - a fact about time, not a fault of the call
    """The call did not end in time. It may still have its effect."""


class Detached:
    """Runs calls that must never hold their caller: a call past its deadline is cancelled, not waited for.

    ``asyncio.wait_for`` waits until the cancelled call has cleaned up, and a hung bluetoothd makes that for ever.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def within(self, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
        """The result of *work*. Raises Overdue after *deadline_s* seconds."""
        task = self.spawn(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=deadline_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            raise Overdue
        return task.result()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run *work* by itself; whatever it raises unheard is dropped."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not report a call nobody waits for any more

    async def close(self) -> None:
        """Cancel what is left and give it one second."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
