"""How the fallback writer reaches the treadmill: two makers behind one interface. It writes, it never listens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from hardware.link.wake import Watchable

STOP: Final = b"\x08\x01"
REQUEST_CONTROL: Final = b"\x00"
CONTROL_POINT: Final = 0x2AD9
CCCD_NOT_CONFIGURED: Final = 0xFD
ATT_IN_PROGRESS: Final = 0xFE


class Writer(Protocol):
    """Something that can write a stop to the bound treadmill."""

    async def prepare(self) -> None:
        """Look up beforehand what a stop needs. Never raises; called again and again."""

    async def stop(self) -> bool:
        """One attempt, bounded by its caller. True: the treadmill's ATT took the bytes."""

    async def connect(self) -> bool:
        """Make the link if there is none. True: it is up. Bounded by its caller."""

    def poll(self) -> None:
        """Take in what has arrived."""

    def watch(self) -> Iterable[Watchable]:
        """Descriptors to look at."""

    async def close(self) -> None:
        """For good. The link stays as it is."""
