"""The fallback writer on the simulated link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from hardware.link.clock import Clock
from hardware.link.mailbox import Mailbox
from hardware.link.messages import (
    BeltToWorld,
    GattConnect,
    GattResult,
    GattSubscribe,
    GattWrite,
    WorldToBelt,
)
from hardware.link.wake import Watchable
from hardware.stopper.writer import ATT_IN_PROGRESS, CCCD_NOT_CONFIGURED, CONTROL_POINT, REQUEST_CONTROL, STOP

RETRY_S: Final = 0.040


class WorldWriter:
    """A Writer whose treadmill is ``hardware.simulated``."""

    def __init__(self, mailbox: Mailbox[BeltToWorld, WorldToBelt], address: str | None, clock: Clock) -> None:
        self._mailbox: Final = mailbox
        self._address: Final = address
        self._clock: Final = clock
        self._waiting: Final[dict[int, asyncio.Future[GattResult]]] = {}
        self._next = 0
        self._no_control = False

    async def prepare(self) -> None:
        """Nothing to look up."""

    async def stop(self) -> bool:
        """Write; over a link of our own making take control first, once."""
        if self._no_control and await self._command(REQUEST_CONTROL):
            self._no_control = False
        return await self._command(STOP)

    async def _command(self, value: bytes) -> bool:
        """Write; where indications are off (the process that had them on is dead), turn them on and write again."""
        while True:
            error = await self._write(value)
            if error == CCCD_NOT_CONFIGURED:
                await self._ask(lambda id_: GattSubscribe(id_, CONTROL_POINT, on=True))
            elif error == ATT_IN_PROGRESS:
                await asyncio.sleep(RETRY_S)
            else:
                return error == 0

    async def connect(self) -> bool:
        """Connect; on a link just made nobody has control."""
        address = self._address
        if address is None:
            return False
        result = await self._ask(lambda id_: GattConnect(id_, address))
        self._no_control = self._no_control or (result.att_error == 0 and not result.already_connected)
        return result.att_error == 0

    def poll(self) -> None:
        """Answers go to who waits for them; notifications are not for us."""
        now_s = self._clock.now()
        self._mailbox.tend(now_s)
        for frame in self._mailbox.drain(now_s):
            if isinstance(frame.body, GattResult):
                waiter = self._waiting.pop(frame.body.id, None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(frame.body)

    def watch(self) -> Iterable[Watchable]:
        """The mailbox."""
        return (self._mailbox,)

    async def close(self) -> None:
        """Close the mailbox."""
        self._mailbox.close()

    async def _write(self, value: bytes) -> int:
        return (await self._ask(lambda id_: GattWrite(id_, CONTROL_POINT, value, response=True))).att_error

    async def _ask(self, request: Callable[[int], BeltToWorld]) -> GattResult:
        self._next += 1
        id_ = self._next
        waiter: asyncio.Future[GattResult] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = waiter
        self._mailbox.send(request(id_), self._clock.now())
        try:
            return await waiter
        finally:
            self._waiting.pop(id_, None)
