"""The simulated treadmill's GATT server for an asyncio app: what naive_app and pyftms_treadmill talk to."""

from __future__ import annotations

import asyncio
import time

from hardware.link.endpoint import SocketEndpoint, connect
from hardware.link.messages import (
    GattConnect,
    GattDropped,
    GattNotified,
    GattRead,
    GattResult,
    GattSubscribe,
    GattWrite,
    WorldToBelt,
)
from hardware.link.paths import RuntimePaths


class WorldGatt:
    """The simulated treadmill's GATT server as futures and callbacks, which is what a Bluetooth library offers."""

    def __init__(self, paths: RuntimePaths, address: str) -> None:
        self.link = SocketEndpoint(connect(paths.world_link), WorldToBelt)
        self.address = address
        self.chars: tuple[int, ...] = ()
        self.connected = False
        self.callbacks = {}
        self.answers: dict[int, asyncio.Future[GattResult]] = {}
        self.next_id = 0

    async def request(self, body, **fields) -> GattResult:
        self.next_id += 1
        future = asyncio.get_running_loop().create_future()
        self.answers[self.next_id] = future
        self.link.send(body(self.next_id, **fields), time.monotonic())
        result = await future
        if result.att_error:
            raise OSError(f"ATT error {result.att_error}")
        return result

    async def connect(self) -> None:
        asyncio.get_running_loop().add_reader(self.link.fileno(), self.on_link)
        self.chars = (await self.request(GattConnect, address=self.address)).chars
        self.connected = True

    async def read(self, char: int) -> bytes:
        return (await self.request(GattRead, char=char)).value

    async def write(self, char: int, value: bytes) -> None:
        await self.request(GattWrite, char=char, value=value, response=True)

    async def subscribe(self, char: int, callback) -> None:
        self.callbacks[char] = callback
        await self.request(GattSubscribe, char=char, on=True)

    def on_link(self) -> None:
        for frame in self.link.drain(time.monotonic()):
            body = frame.body
            if isinstance(body, GattResult):
                future = self.answers.pop(body.id, None)
                if future is not None and not future.done():
                    future.set_result(body)
            elif isinstance(body, GattNotified):
                callback = self.callbacks.get(body.char)
                if callback is not None:
                    callback(body.value)
            elif isinstance(body, GattDropped):
                self.connected = False
