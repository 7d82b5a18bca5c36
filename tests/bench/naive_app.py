"""What most apps do: screen, database, pins and Bluetooth in one asyncio process. The stop_path bench's other side.

It draws the same walk screen, commits to the same kind of database, reads the same pins and writes to the same
simulated treadmill; a pin callback creates a task that writes stop. Nothing in it is slow on purpose. With
``--through pyftms`` the commands go through that library instead of a dozen lines of our own; with
``--commits thread`` the database is kept out of the loop, as a careful author would.
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
from hardware.link.messages import PinDrive, PinLevels, PinsToGuard
from hardware.link.paths import RuntimePaths
from tests.bench.walk_frames import WalkFrames
from tests.bench.world_gatt import WorldGatt

CLIP, PERMIT = 17, 23
CONTROL_POINT, TREADMILL_DATA, STATUS = 0x2AD9, 0x2ACD, 0x2ADA
REQUEST_CONTROL, START, STOP = b"\x00", b"\x07", b"\x08\x01"


class PlainTreadmill:
    """Start and stop by hand: one command at a time, each waits for its indication."""

    def __init__(self, gatt: WorldGatt) -> None:
        self.gatt = gatt
        self.speed = 0
        self.writing = asyncio.Lock()
        self.indicated = asyncio.Event()

    async def connect(self) -> None:
        await self.gatt.connect()
        await self.gatt.subscribe(TREADMILL_DATA, self.on_data)
        await self.gatt.subscribe(STATUS, lambda value: None)
        await self.gatt.subscribe(CONTROL_POINT, lambda value: self.indicated.set())
        await self.command(REQUEST_CONTROL)

    def on_data(self, value: bytes) -> None:
        if len(value) >= 4 and not value[0] & 1:
            self.speed = int.from_bytes(value[2:4], "little")

    async def command(self, value: bytes) -> None:
        async with self.writing:
            self.indicated.clear()
            await self.gatt.write(CONTROL_POINT, value)
            await asyncio.wait_for(self.indicated.wait(), 2.0)

    async def start(self) -> None:
        await self.command(START)

    async def stop(self) -> None:
        await self.command(STOP)


class NaiveApp:
    """One loop for everything."""

    def __init__(self, paths: RuntimePaths, database: Path, treadmill, stall_s: float, *, threaded: bool) -> None:
        self.threaded = threaded
        self.pins = SocketEndpoint[PinDrive, PinLevels](connect(paths.world_pins), PinsToGuard)
        self.treadmill = treadmill
        self.frames = WalkFrames()
        self.clip_open: bool | None = None
        self.closed_at = time.monotonic()
        self.stall_s = stall_s
        self.database = sqlite3.connect(database, check_same_thread=not threaded)
        self.database.execute("pragma journal_mode=wal")
        self.database.execute("pragma synchronous=full")
        self.database.execute("create table if not exists sample (t real, speed integer)")
        self.tasks: set[asyncio.Task[None]] = set()
        self.timeouts = 0

    def keep(self, coroutine) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_pins(self) -> None:
        for frame in self.pins.drain(time.monotonic()):
            opened = dict(frame.body.levels).get(CLIP) == 1
            if opened and self.clip_open is False:
                self.keep(self.patient(self.treadmill.stop()))
            if not opened and self.clip_open:
                self.closed_at = time.monotonic()
            self.clip_open = opened

    async def patient(self, command) -> None:
        """A loop that was held up finds its own time-outs over: that alone must not end the app."""
        try:
            await command
        except TimeoutError:
            self.timeouts += 1

    async def draw(self) -> None:
        while True:
            self.frames.draw(self.treadmill.speed)
            await asyncio.sleep(1 / 30)

    async def save(self) -> None:
        while True:
            if self.threaded:
                await asyncio.to_thread(self.commit)
            else:
                self.commit()
            await asyncio.sleep(1.0)

    def commit(self) -> None:
        self.database.execute("insert into sample values (?, ?)", (time.monotonic(), self.treadmill.speed))
        time.sleep(self.stall_s)  # what a card's garbage collection does to fsync (safety.md 2.1)
        self.database.commit()

    async def permit(self) -> None:
        level = 0
        while True:
            level ^= 1
            self.pins.send(PinDrive(PERMIT, level), time.monotonic())
            await asyncio.sleep(0.02)

    async def lead(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            ready = self.clip_open is False and time.monotonic() - self.closed_at > 0.5
            if ready and self.treadmill.speed == 0:
                await self.patient(self.treadmill.start())
                patience_s = time.monotonic() + 3.0
                while self.treadmill.speed == 0 and time.monotonic() < patience_s:
                    await asyncio.sleep(0.05)

    async def run(self) -> None:
        asyncio.get_running_loop().add_reader(self.pins.fileno(), self.on_pins)
        await self.treadmill.connect()
        async with asyncio.TaskGroup() as group:  # one that fails ends the app: a bench must not lose its load
            for coroutine in (self.draw(), self.save(), self.permit(), self.lead()):
                group.create_task(coroutine)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--stall", type=float, default=0.0)
    parser.add_argument("--through", choices=("plain", "pyftms"), default="plain")
    parser.add_argument("--commits", choices=("loop", "thread"), default="loop")
    given = parser.parse_args()
    paths = RuntimePaths(given.runtime)

    async def run() -> None:
        gatt = WorldGatt(paths, given.address)
        if given.through == "pyftms":
            from tests.bench.pyftms_treadmill import PyftmsTreadmill

            treadmill = PyftmsTreadmill(gatt)
        else:
            treadmill = PlainTreadmill(gatt)
        threaded = given.commits == "thread"
        await NaiveApp(paths, given.database, treadmill, given.stall, threaded=threaded).run()

    asyncio.run(run())


if __name__ == "__main__":
    main()
