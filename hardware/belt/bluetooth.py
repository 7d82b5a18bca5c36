"""The GATT link over BlueZ: bleak for reading, writing and listening, with what bleak leaves to its user (bluez.md).

Bound by address, never by name. A link that BlueZ kept is adopted (F16). Every call has a deadline of its own and
is never waited for beyond it (F4, F14). What arrives carries the generation of its connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakGATTProtocolError,
)
from bleak_retry_connector import BleakNotFoundError, establish_connection
from dbus_fast.errors import DBusFastError

from hardware.belt.bluez import Bluez, Device, check_adapter, devices
from hardware.belt.link import (
    ATT_CCCD_NOT_CONFIGURED,
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
from hardware.link.wake import Watchable

T = TypeVar("T")

ASK_S: Final = 2.0  # for a look at what BlueZ shows
DISCONNECT_S: Final = 4.0  # takes 1.9-2.4 s (F8)
PAIR_S: Final = 20.0
ATTEMPTS: Final = 2  # within one connect: F19 now and then loses one


def uuid(char: int) -> str:
    """The long form of a 16-bit UUID."""
    return f"{char:08x}-0000-1000-8000-00805f9b34fb"


def _short(long: str) -> int | None:
    return int(long[:8], 16) if long.lower().endswith("-0000-1000-8000-00805f9b34fb") else None


class BluetoothLink:
    """A GattLink over one adapter of this machine."""

    def __init__(self, adapter: str | None, clock: Clock) -> None:
        self._adapter: Final = adapter
        self._clock: Final = clock
        self._wake: Callable[[], None] = _nobody
        self._calls: Final = Calls()
        self._bluez: Final = Bluez(self._bluetoothd_gone, self._may_pair)
        self._client: BleakClient | None = None
        self._path = ""
        self._address = ""
        self._chars: dict[int, BleakGATTCharacteristic] = {}
        self._events: list[LinkEvent] = []
        self._generation = 0
        self._up = False
        self._paired_generation = 0
        self._discovering: Final = asyncio.Lock()  # BlueZ knows one discovery for each bus name

    @property
    def generation(self) -> int:
        """Counts connections."""
        return self._generation

    # ---------------------------------------------------------------------------------------- finding

    async def scan(self, seconds: float) -> list[Seen]:
        """FTMS treadmills that advertise, and those connected to this machine (which do not)."""
        objects = await self._bluez.objects(ASK_S)
        check_adapter(objects, self._adapter)
        ftms = uuid(FTMS_SERVICE)
        seen = {
            device.address: Seen(device.address, device.name, None, connected=True)
            for device in devices(objects)
            if device.connected and ftms in device.uuids
        }
        async with self._discovering:
            scanning = BleakScanner.discover(timeout=seconds, return_adv=True, **self._scanner_arguments())
            heard = await self._bounded(scanning, seconds + 10.0)
        for device, advert in heard.values():
            if device.address not in seen and (ftms in advert.service_uuids or ftms in advert.service_data):
                name = advert.local_name or device.name or ""
                seen[device.address] = Seen(device.address, name, advert.rssi, connected=False)
        return sorted(seen.values(), key=lambda one: (one.rssi is not None, -(one.rssi or 0)))

    def _scanner_arguments(self) -> dict[str, Any]:
        return {} if self._adapter is None else {"bluez": {"adapter": self._adapter}}

    async def connect(self, address: str, deadline_s: float) -> Opened:
        """Connect by address, or take over the link that is up."""
        self._address = address
        start_s = self._clock.now()
        objects = await self._bluez.objects(ASK_S)
        check_adapter(objects, self._adapter)
        kept = next((one for one in devices(objects) if one.address == address and one.connected), None)
        left_s = deadline_s - (self._clock.now() - start_s)
        device = await self._found(address, left_s) if kept is None else _ble_device(kept)
        left_s = deadline_s - (self._clock.now() - start_s)
        generation = self._generation + 1
        client = await self._established(device, generation, left_s)
        if not client.is_connected:
            raise LinkError(Fault.REFUSED, address)
        self._chars = {}
        for char in client.services.characteristics.values():
            short = _short(char.uuid)
            if short is not None:
                self._chars[short] = char
        self._generation = generation
        self._client, self._up, self._path = client, True, str(device.details["path"])
        if TREADMILL_DATA not in self._chars:
            await self.disconnect()
            raise LinkError(Fault.NOT_A_TREADMILL, address)
        return Opened(generation, kept is not None, device.name or "", frozenset(self._chars))

    async def _found(self, address: str, deadline_s: float) -> BLEDevice:
        scan_s = max(1.0, deadline_s - 4.0)
        async with self._discovering:
            search = BleakScanner.find_device_by_address(address, timeout=scan_s, **self._scanner_arguments())
            device = await self._bounded(search, scan_s + 3.0)
        if device is None:
            raise LinkError(Fault.NOT_FOUND, address)
        return device

    async def _established(self, device: BLEDevice, generation: int, deadline_s: float) -> BleakClient:
        def dropped(_: BleakClient) -> None:
            self._drop(generation, "the treadmill is gone")

        connecting = establish_connection(
            BleakClient,
            device,
            device.name or device.address,
            dropped,
            max_attempts=ATTEMPTS,
            use_services_cache=False,
        )
        try:
            return await self._bounded(connecting, max(1.0, deadline_s))
        except LinkError as error:
            if error.fault in (Fault.OTHER, Fault.NO_LINK, Fault.TIMED_OUT):
                raise LinkError(Fault.REFUSED, error.detail) from error
            raise

    # ---------------------------------------------------------------------------------------- talking

    async def read(self, char: int, deadline_s: float) -> bytes:
        """Read a characteristic."""
        client, characteristic = self._of(char)
        return bytes(await self._bounded(client.read_gatt_char(characteristic), deadline_s))

    async def write(self, char: int, value: bytes, *, response: bool, deadline_s: float) -> None:
        """Write a characteristic. Without response where it offers nothing else (quirk 33)."""
        client, characteristic = self._of(char)
        offers = characteristic.properties
        response = response and ("write" in offers or "write-without-response" not in offers)
        try:
            await self._bounded(client.write_gatt_char(characteristic, value, response=response), deadline_s)
        except LinkError as error:
            self._pair_if_wanted(error)
            raise

    async def subscribe(self, char: int, deadline_s: float) -> None:
        """Notifications or indications on."""
        client, characteristic = self._of(char)
        generation = self._generation

        def notified(_: BleakGATTCharacteristic, value: bytearray) -> None:
            self._events.append(Notified(generation, char, bytes(value), self._clock.now()))
            self._wake()

        try:
            await self._bounded(client.start_notify(characteristic, notified), deadline_s)
        except LinkError as error:
            if error.fault is not Fault.WANTS_PAIRING or self._paired_generation == self._generation:
                raise
            await self._pair_first(error)
            await self._bounded(client.start_notify(characteristic, notified), deadline_s)

    async def resubscribe(self, char: int, deadline_s: float) -> None:
        """Off and on again."""
        client, characteristic = self._of(char)
        try:
            await self._bounded(client.stop_notify(characteristic), deadline_s)
        except LinkError as error:
            if error.fault is Fault.NO_LINK:
                raise
        await asyncio.sleep(CCCD_GAP_S)
        await self.subscribe(char, deadline_s)

    def _of(self, char: int) -> tuple[BleakClient, BleakGATTCharacteristic]:
        if self._client is None or not self._up:
            raise LinkError(Fault.NO_LINK)
        if char not in self._chars:
            raise LinkError(Fault.ATT, f"no characteristic {char:04x}")
        return self._client, self._chars[char]

    # ---------------------------------------------------------------------------------------- ending

    async def disconnect(self) -> None:
        """Give the link up, within 4 s."""
        client, self._client = self._client, None
        self._drop(self._generation, "given up")
        if client is not None:
            try:
                await self._bounded(client.disconnect(), DISCONNECT_S)
            except LinkError:
                return  # a bluetoothd that is gone or hung cannot be asked

    def on_event(self, wake: Callable[[], None]) -> None:
        """Say to whom to call."""
        self._wake = wake

    def events(self) -> list[LinkEvent]:
        """What has arrived."""
        events, self._events = self._events, []
        return events

    def watch(self) -> Iterable[Watchable]:
        """bleak has its own readers."""
        return ()

    async def close(self, *, drop: bool) -> None:
        """For good. Without *drop* bleak's client is left as it is: it would take the link with it (F17)."""
        if drop:
            await self.disconnect()
        await self._bluez.close()
        await self._calls.close()

    def _drop(self, generation: int, reason: str) -> None:
        if self._up and generation == self._generation:
            self._up = False
            self._events.append(Dropped(generation, reason))
            self._wake()

    def _bluetoothd_gone(self) -> None:
        client, self._client = self._client, None
        self._drop(self._generation, "the Bluetooth service is gone")
        if client is not None:
            self._calls.spawn(client.disconnect())  # frees what it holds; there is nobody left to disconnect from

    # ---------------------------------------------------------------------------------------- pairing

    def _may_pair(self, device_path: str) -> bool:
        return bool(self._address) and device_path.endswith(f"/dev_{self._address.replace(':', '_')}")

    def _pair_if_wanted(self, error: LinkError) -> None:
        if error.fault is Fault.WANTS_PAIRING and self._paired_generation != self._generation:
            self._paired_generation = self._generation
            self._calls.spawn(self._bluez.pair(self._path, PAIR_S))

    async def _pair_first(self, error: LinkError) -> None:
        """Without its subscriptions a link is given up, and with it the pairing: so this one is waited for."""
        self._paired_generation = self._generation
        try:
            await self._bluez.pair(self._path, PAIR_S)
        except LinkError:
            raise error from None

    # ---------------------------------------------------------------------------------------- errors

    async def _bounded(self, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
        try:
            return await self._calls.call(work, deadline_s)
        except LinkError:
            raise
        except Exception as error:  # the word of GattLink: LinkError and nothing else, whatever is under it
            raise _link_error(error) from error


def _nobody() -> None:
    """Until somebody listens."""


def _ble_device(kept: Device) -> BLEDevice:
    return BLEDevice(kept.address, kept.name or None, {"path": kept.path, "props": kept.properties})


_NO_REPLY: Final = ("ServiceUnknown", "NameHasNoOwner", "NoReply", "Spawn.", "Disconnected")


def _link_error(error: Exception) -> LinkError:
    """What *error* from bleak means."""
    if isinstance(error, BleakGATTProtocolError):
        att = int(error.code)
        if att == ATT_PROCEDURE_IN_PROGRESS:
            return LinkError(Fault.BUSY, att=att)
        if att in PAIRING_ERRORS:
            return LinkError(Fault.WANTS_PAIRING, att=att)
        return LinkError(Fault.ATT, f"ATT error 0x{att:02x}", att)
    if isinstance(error, BleakBluetoothNotAvailableError):
        off = error.reason is BleakBluetoothNotAvailableReason.POWERED_OFF
        return LinkError(Fault.ADAPTER_OFF if off else Fault.NO_ADAPTER)
    if isinstance(error, (BleakDeviceNotFoundError, BleakNotFoundError)):
        return LinkError(Fault.NOT_FOUND, str(error))
    if isinstance(error, BleakDBusError):
        return _dbus_error(error)
    if isinstance(error, (EOFError, OSError, DBusFastError, AssertionError, KeyError)):
        # A bus that breaks, bleak's asserts on one torn down meanwhile, objects that BlueZ took away in between.
        return LinkError(Fault.NO_LINK, str(error) or type(error).__name__)
    text = str(error)
    if "Service Discovery" in text or "Not connected" in text or "disconnected" in text:
        return LinkError(Fault.NO_LINK, text)
    return LinkError(Fault.OTHER, text or type(error).__name__)


def _dbus_error(error: BleakDBusError) -> LinkError:
    name, detail = error.dbus_error, error.dbus_error_details or ""
    if any(part in name for part in _NO_REPLY):
        return LinkError(Fault.NO_BLUETOOTHD, name)
    if "Not paired" in detail or name.endswith((".AuthenticationFailed", ".AuthenticationRejected")):
        return LinkError(Fault.WANTS_PAIRING, detail)
    if name.endswith((".UnknownObject", ".NotConnected")) or "Not connected" in detail:
        return LinkError(Fault.NO_LINK, detail)
    if name.endswith(".ImproperlyConfigured"):
        return LinkError(Fault.ATT, detail, ATT_CCCD_NOT_CONFIGURED)
    if name.endswith(".InProgress"):
        return LinkError(Fault.BUSY, detail)
    if name.endswith(".NotReady"):
        return LinkError(Fault.ADAPTER_OFF, detail)
    return LinkError(Fault.OTHER, str(error))
