"""What most apps do: screen, database, pins and Bluetooth in one asyncio process. The stop_path bench's other side.

It draws the same walk screen, commits to the same kind of database, reads the same pins and writes to the same
simulated treadmill; a pin callback creates a task that writes stop. Nothing in it is slow on purpose.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import time
from pathlib import Path

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

from hardware.link.endpoint import SocketEndpoint, connect
from hardware.link.messages import (
    GattConnect,
    GattNotified,
    GattResult,
    GattSubscribe,
    GattWrite,
    PinDrive,
    PinLevels,
    WorldToBelt,
)
from hardware.link.paths import RuntimePaths
from tests.bench.walk_frames import WalkFrames

CLIP = 17
CONTROL_POINT, TREADMILL_DATA, STATUS = 0x2AD9, 0x2ACD, 0x2ADA


class NaiveApp:
    """One loop for everything."""

    def __init__(self, paths: RuntimePaths, database: Path, address: str, stall_s: float) -> None:
        self.link = SocketEndpoint(connect(paths.world_link), WorldToBelt)
        self.pins = SocketEndpoint(connect(paths.world_pins), PinLevels)
        self.address = address
        self.frames = WalkFrames()
        self.speed = 0
        self.answers: dict[int, asyncio.Future[GattResult]] = {}
        self.next_id = 0
        self.writing = asyncio.Lock()
        self.indicated = asyncio.Event()
        self.clip_open: bool | None = None
        self.closed_at = time.monotonic()
        self.stall_s = stall_s
        self.database = sqlite3.connect(database)
        self.database.execute("pragma journal_mode=wal")
        self.database.execute("pragma synchronous=full")
        self.database.execute("create table if not exists sample (t real, speed integer)")
        self.tasks: set[asyncio.Task[None]] = set()

    async def request(self, body, **fields):
        self.next_id += 1
        future = asyncio.get_running_loop().create_future()
        self.answers[self.next_id] = future
        self.link.send(body(self.next_id, **fields), time.monotonic())
        return await future

    async def command(self, value: bytes) -> None:
        async with self.writing:
            self.indicated.clear()
            await self.request(GattWrite, char=CONTROL_POINT, value=value, response=True)
            await asyncio.wait_for(self.indicated.wait(), 2.0)

    def on_link(self) -> None:
        for frame in self.link.drain(time.monotonic()):
            body = frame.body
            if isinstance(body, GattResult):
                future = self.answers.pop(body.id, None)
                if future is not None and not future.done():
                    future.set_result(body)
            elif isinstance(body, GattNotified):
                if body.char == TREADMILL_DATA and len(body.value) >= 4 and not body.value[0] & 1:
                    self.speed = int.from_bytes(body.value[2:4], "little")
                elif body.char == CONTROL_POINT:
                    self.indicated.set()

    def on_pins(self) -> None:
        for frame in self.pins.drain(time.monotonic()):
            opened = dict(frame.body.levels).get(CLIP) == 1
            if opened and self.clip_open is False:
                task = asyncio.get_running_loop().create_task(self.command(b"\x08\x01"))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            if not opened and self.clip_open:
                self.closed_at = time.monotonic()
            self.clip_open = opened

    async def draw(self) -> None:
        while True:
            self.frames.draw(self.speed)
            await asyncio.sleep(1 / 30)

    async def save(self) -> None:
        while True:
            self.database.execute("insert into sample values (?, ?)", (time.monotonic(), self.speed))
            time.sleep(self.stall_s)  # what a card's garbage collection does to fsync (safety.md 2.1)
            self.database.commit()
            await asyncio.sleep(1.0)

    async def permit(self) -> None:
        level = 0
        while True:
            level ^= 1
            self.pins.send(PinDrive(23, level), time.monotonic())
            await asyncio.sleep(0.02)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self.link.fileno(), self.on_link)
        loop.add_reader(self.pins.fileno(), self.on_pins)
        await self.request(GattConnect, address=self.address)
        for char in (TREADMILL_DATA, STATUS, CONTROL_POINT):
            await self.request(GattSubscribe, char=char, on=True)
        await self.command(b"\x00")
        for coroutine in (self.draw(), self.save(), self.permit()):
            task = loop.create_task(coroutine)
            self.tasks.add(task)
        while True:
            await asyncio.sleep(0.05)
            ready = self.clip_open is False and time.monotonic() - self.closed_at > 0.5
            if ready and self.speed == 0:
                await self.command(b"\x07")
                while self.speed == 0:
                    await asyncio.sleep(0.05)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--stall", type=float, default=0.0)
    given = parser.parse_args()
    asyncio.run(NaiveApp(RuntimePaths(given.runtime), given.database, given.address, given.stall).run())
