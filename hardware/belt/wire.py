"""The GATT link to the simulated treadmill: requests and answers over one mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from hardware.belt.link import (
    ATT_PROCEDURE_IN_PROGRESS,
    CCCD_GAP_S,
    FTMS_SERVICE,
    PAIRING_ERRORS,
    TREADMILL_DATA,
    Calls,
    Dropped,
    Fault,
    LinkError,
    LinkEvent,
    Notified,
    Opened,
    Seen,
)
from hardware.link.clock import Clock
from hardware.link.mailbox import Mailbox
from hardware.link.messages import (
    BeltToWorld,
    GattConnect,
    GattDisconnect,
    GattDropped,
    GattNotified,
    GattRead,
    GattResult,
    GattScan,
    GattSubscribe,
    GattWrite,
    WorldToBelt,
)
from hardware.link.wake import Watchable

SHORT_S: Final = 3.0  # a disconnect takes 2 s (F8)
NO_LINK: Final = -1  # GattResult.att_error


class WireLink:
    """A GattLink whose other end is ``hardware.simulated``."""

    def __init__(self, mailbox: Mailbox[BeltToWorld, WorldToBelt], clock: Clock) -> None:
        self._mailbox: Final = mailbox
        self._clock: Final = clock
        self._calls: Final = Calls()
        self._waiting: Final[dict[int, asyncio.Future[GattResult]]] = {}
        self._events: list[LinkEvent] = []
        self._next = 0
        self._generation = 0
        self._up = False

    @property
    def generation(self) -> int:
        """Counts connections."""
        return self._generation

    async def scan(self, seconds: float) -> list[Seen]:
        """What advertises in the simulated world, and whether it is connected."""
        result = await self._ask(GattScan, seconds + SHORT_S)
        kept = [Seen(advert.address, advert.name, None, connected=True) for advert in result.connected]
        return kept + [
            Seen(advert.address, advert.name, advert.rssi, connected=False)
            for advert in result.adverts
            if FTMS_SERVICE in advert.services
        ]

    async def connect(self, address: str, deadline_s: float) -> Opened:
        """Connect by address; the link outlives a killed client, so it may be up already."""
        result = await self._ask(lambda id_: GattConnect(id_, address), deadline_s)
        if result.att_error:
            raise LinkError(Fault.NOT_FOUND, f"{address} does not answer")
        if TREADMILL_DATA not in result.chars:
            raise LinkError(Fault.NOT_A_TREADMILL, address)
        self._generation += 1
        self._up = True
        return Opened(self._generation, result.already_connected, "", frozenset(result.chars))

    async def read(self, char: int, deadline_s: float) -> bytes:
        """Read a characteristic."""
        return (await self._linked(lambda id_: GattRead(id_, char), deadline_s)).value

    async def write(self, char: int, value: bytes, *, response: bool, deadline_s: float) -> None:
        """Write a characteristic."""
        await self._linked(lambda id_: GattWrite(id_, char, value, response), deadline_s)

    async def subscribe(self, char: int, deadline_s: float) -> None:
        """Notifications or indications on."""
        await self._linked(lambda id_: GattSubscribe(id_, char, on=True), deadline_s)

    async def resubscribe(self, char: int, deadline_s: float) -> None:
        """Off and on again."""
        await self._linked(lambda id_: GattSubscribe(id_, char, on=False), deadline_s)
        await asyncio.sleep(CCCD_GAP_S)
        await self.subscribe(char, deadline_s)

    async def disconnect(self) -> None:
        """Drop the link."""
        if not self._up:
            return
        self._drop("given up")
        try:
            await self._ask(GattDisconnect, SHORT_S)
        except LinkError:
            return  # gone already

    def on_event(self, wake: Callable[[], None]) -> None:
        """Nothing to say: the loop looks at the mailbox itself."""

    def events(self) -> list[LinkEvent]:
        """Drain the mailbox; answers go to who waits for them."""
        now_s = self._clock.now()
        self._mailbox.tend(now_s)
        for frame in self._mailbox.drain(now_s):
            body = frame.body
            if isinstance(body, GattResult):
                waiter = self._waiting.pop(body.id, None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(body)
            elif isinstance(body, GattNotified):
                self._events.append(Notified(self._generation, body.char, body.value, now_s))
            elif isinstance(body, GattDropped):
                self._drop(body.reason)
        if not self._mailbox.open:
            self._drop("the simulated world is gone")
            self._fail_waiting()
        events, self._events = self._events, []
        return events

    def watch(self) -> Iterable[Watchable]:
        """The mailbox."""
        return (self._mailbox,)

    async def close(self, *, drop: bool) -> None:
        """Close the mailbox. Without *drop* the link itself stays up, as with BlueZ."""
        if drop and self._up:
            self._next += 1
            self._mailbox.send(GattDisconnect(self._next), self._clock.now())
        self._fail_waiting()
        self._mailbox.close()
        await self._calls.close()

    async def _linked(self, request: Callable[[int], BeltToWorld], deadline_s: float) -> GattResult:
        if not self._up:
            raise LinkError(Fault.NO_LINK)
        result = await self._ask(request, deadline_s)
        if result.att_error == 0:
            return result
        if result.att_error == NO_LINK:
            raise LinkError(Fault.NO_LINK)
        if result.att_error == ATT_PROCEDURE_IN_PROGRESS:
            raise LinkError(Fault.BUSY, att=result.att_error)
        if result.att_error in PAIRING_ERRORS:
            raise LinkError(Fault.WANTS_PAIRING, att=result.att_error)
        raise LinkError(Fault.ATT, f"ATT error 0x{result.att_error:02x}", att=result.att_error)

    async def _ask(self, request: Callable[[int], BeltToWorld], deadline_s: float) -> GattResult:
        if not self._mailbox.open:
            raise LinkError(Fault.NO_WORLD)
        self._next += 1
        id_ = self._next
        waiter: asyncio.Future[GattResult] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = waiter
        self._mailbox.send(request(id_), self._clock.now())
        try:
            return await self._calls.call(_result(waiter), deadline_s)
        finally:
            self._waiting.pop(id_, None)

    def _drop(self, reason: str) -> None:
        if self._up:
            self._up = False
            self._events.append(Dropped(self._generation, reason))

    def _fail_waiting(self) -> None:
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(LinkError(Fault.NO_LINK))
        self._waiting.clear()


async def _result(waiter: asyncio.Future[GattResult]) -> GattResult:
    return await waiter
