"""pyftms driving the simulated treadmill. Runs in pyftms's own environment (see stop_path); bleak is stood in for.

Only the radio is replaced: pyftms's client, its lock, its encoding and its wait for the indication are its own.
"""

from __future__ import annotations

import pyftms.client.client as pyftms_client
from bleak.backends.device import BLEDevice
from pyftms.client.machines import Treadmill

from tests.bench.world_gatt import WorldGatt


class Characteristic:
    """As much of a BleakGATTCharacteristic as pyftms looks at."""

    def __init__(self, uuid: int) -> None:
        self.uuid = uuid


class Services:
    """By short UUID, as pyftms names them."""

    def __init__(self, gatt: WorldGatt) -> None:
        self.gatt = gatt

    def get_characteristic(self, uuid: str) -> Characteristic | None:
        number = int(uuid, 16)
        return Characteristic(number) if number in self.gatt.chars else None

    def get_service(self, uuid: str) -> Services:
        return self


class Client:
    """As much of a BleakClient as pyftms uses."""

    def __init__(self, gatt: WorldGatt) -> None:
        self.gatt = gatt
        self.services = Services(gatt)

    @property
    def is_connected(self) -> bool:
        return self.gatt.connected

    async def read_gatt_char(self, char) -> bytearray:
        return bytearray(await self.gatt.read(number(char)))

    async def write_gatt_char(self, char, data: bytes, response: bool) -> None:
        await self.gatt.write(number(char), bytes(data))

    async def start_notify(self, char, callback) -> None:
        uuid = number(char)
        sender = Characteristic(uuid)
        await self.gatt.subscribe(uuid, lambda value: callback(sender, bytearray(value)))


def number(char) -> int:
    return int(char, 16) if isinstance(char, str) else char.uuid


class PyftmsTreadmill:
    """Start and stop as an app with pyftms has them."""

    def __init__(self, gatt: WorldGatt) -> None:
        client = Client(gatt)

        async def establish_connection(**_) -> Client:
            await gatt.connect()
            return client

        async def close_stale_connections(_) -> None:
            return None

        pyftms_client.establish_connection = establish_connection
        pyftms_client.close_stale_connections = close_stale_connections
        device = BLEDevice(gatt.address, "Simulated", None)
        self.machine = Treadmill(device, timeout=2.0, on_ftms_event=self.on_event)
        self.speed = 0

    def on_event(self, event) -> None:
        if event.event_id == "update" and "speed_instant" in event.event_data:
            self.speed = round(event.event_data["speed_instant"] * 100)

    async def connect(self) -> None:
        await self.machine.connect()

    async def start(self) -> None:
        await self.machine.start_resume()

    async def stop(self) -> None:
        await self.machine.stop()
