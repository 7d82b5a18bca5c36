"""Looks what advertises for as long as the guard's Wish says so. Connects to nothing and writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hardware.belt import trouble
from hardware.belt.link import GattLink, LinkError, Seen
from hardware.constants import RECONNECT_S
from hardware.link.messages import Found

SCAN_S: Final = 4.0  # machines advertise several times a second; some only every other second
KEPT_SCANS: Final = 3  # one that was missed so often is gone
MOST: Final = 24  # as many as a screen and a frame can hold


class Scanner:
    """One scan after another while wanted. ``found``: the newest scan first, in it the strongest first."""

    def __init__(self, link: GattLink, wake: Callable[[], None]) -> None:
        self._link: Final = link
        self._wake: Final = wake
        self._task: asyncio.Task[None] | None = None
        self._seen: dict[str, tuple[int, Seen]] = {}
        self.found: tuple[Found, ...] = ()
        self.scans = 0  # finished ones
        self.trouble = ""

    def want(self, on: bool) -> None:
        """Scan from now on, or no longer."""
        if on and self._task is None:
            self._task = asyncio.ensure_future(self._keep())
        elif not on and self._task is not None:
            self._task.cancel()
            self._task = None
            self._seen.clear()
            self.found = ()
            self.trouble = ""

    async def _keep(self) -> None:
        while True:
            try:
                seen = await self._link.scan(SCAN_S)
            except LinkError as error:
                self.trouble = trouble.sentence(error)
            else:
                self._take(seen)
            self._wake()
            await asyncio.sleep(RECONNECT_S)

    def _take(self, seen: list[Seen]) -> None:
        self.scans += 1
        for one in seen:
            self._seen[one.address] = (self.scans, one)
        self._seen = {key: kept for key, kept in self._seen.items() if self.scans - kept[0] < KEPT_SCANS}
        newest = sorted(self._seen.values(), key=lambda kept: (-kept[0], *strength(kept[1])))
        self.trouble = _alike([one for _, one in newest])
        self.found = tuple(Found(one.address, one.name[:60], one.rssi, one.connected) for _, one in newest[:MOST])

    async def close(self) -> None:
        """Cancel, and wait for the scan in hand."""
        task = self._task
        self.want(False)
        if task is not None:
            await asyncio.wait({task}, timeout=1.0)


def _alike(seen: list[Seen]) -> str:
    """A sentence where the name does not tell which is which."""
    for name in dict.fromkeys(one.name for one in seen if one.name):
        endings = [one.address[-5:] for one in seen if one.name == name]
        if len(endings) > 1:
            return trouble.two_alike(name, endings)
    return ""


def strength(one: Seen) -> tuple[bool, int, str]:
    """Sorts the connected ones first, then the strongest first."""
    return not one.connected, -(one.rssi or -127), one.address
