"""An asyncio event loop whose time is handed to it: for the belt process in lock-step and composed runs.

The loop runs everything that is due; when it would sleep, it calls *on_idle* instead, which either moves time on
(lock-step: give the quantum back, wait for the next) or stops the loop (composed: the caller goes on).
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from hardware.link.clock import Clock

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike as FileObject


class IdleSelector(selectors.BaseSelector):
    """A selector that never sleeps: with nothing ready it calls *on_idle* and returns."""

    def __init__(self, on_idle: Callable[[], None]) -> None:
        self._inner: Final = selectors.DefaultSelector()
        self._on_idle: Final = on_idle

    def register(self, fileobj: FileObject, events: int, data: object = None) -> selectors.SelectorKey:
        """As the inner selector does."""
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: FileObject) -> selectors.SelectorKey:
        """As the inner selector does."""
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now. If nothing is and the loop wanted to sleep: *on_idle*, then look again."""
        ready = self._inner.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        self._on_idle()
        return self._inner.select(0)

    def get_map(self) -> Mapping[FileObject, selectors.SelectorKey]:
        """As the inner selector does."""
        return self._inner.get_map()

    def close(self) -> None:
        """As the inner selector does."""
        self._inner.close()


class StepLoop(asyncio.SelectorEventLoop):
    """An event loop on a Clock that others move."""

    def __init__(self, clock: Clock, on_idle: Callable[[], None]) -> None:
        self._retrowalk_clock: Final = clock
        super().__init__(IdleSelector(on_idle))

    def time(self) -> float:
        """The handed-in time."""
        return self._retrowalk_clock.now()
