"""The simulated treadmill on a radio: over a real Bluetooth adapter, or on /dev/vhci for this machine's own BlueZ.

Needs Bumble, which the appliance does not have: ``pip install "retrowalk[radio]"``. The treadmill is the very same
object as in the simulated world; Bumble's GATT server only carries bytes to it and away.
"""

from __future__ import annotations

import asyncio
import signal
import struct
import time
from collections.abc import Callable
from typing import Final, Protocol

from bumble import att, gatt_server, hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR, Characteristic, Service
from bumble.host import Host
from bumble.pairing import PairingConfig
from bumble.transport import open_transport

from hardware.simulated.air import HOST_ADDRESS, Air, AirController
from hardware.simulated.machines import Advert
from hardware.simulated.peripheral import FTMS, Answer, CharacteristicInfo, Drop, Output, Peripheral

STEP_S: Final = 0.010
ADVERTISING_MS: Final = 100.0
TELL_BELT_S: Final = 1.0
LEGACY_ADVERT: Final = 31
VHCI: Final = "vhci"

Tell = Callable[[str], None]

NO_VHCI: Final = (
    "/dev/vhci cannot be opened. Load it with:  sudo modprobe hci_vhci  and run this as root, "
    "or name a real adapter with --transport hci-socket:0."
)


class AdapterError(Exception):
    """The adapter cannot be had; the text says what to do."""


_PROPERTIES: Final = {
    "read": Characteristic.Properties.READ,
    "write": Characteristic.Properties.WRITE,
    "write-without-response": Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": Characteristic.Properties.NOTIFY,
    "indicate": Characteristic.Properties.INDICATE,
}


class Mount(Protocol):
    """Who carries a treadmill on a radio: hears of every byte, and sends."""

    def was_read(self, char: int, value: bytes, now_s: float) -> None:
        """The client has read this."""

    def was_written(self, char: int, value: bytes, now_s: float, *, response: bool) -> None:
        """The client writes this; the treadmill has not seen it yet."""

    def was_subscribed(self, char: int, on: bool, now_s: float) -> None:
        """The client wants notifications or indications, or no longer."""

    def send(self, outputs: tuple[Output, ...], now_s: float) -> None:
        """What the treadmill wants to send."""


class MountedServer(gatt_server.Server):
    """Bumble's GATT server; what concerns the treadmill's own characteristics goes straight to the treadmill."""

    def __init__(self, device: Device, treadmill: Peripheral, mount: Mount) -> None:
        super().__init__(device)
        self._treadmill: Final = treadmill
        self._mount: Final = mount
        self._uuid_of_value: dict[int, int] = {}
        self._uuid_of_cccd: dict[int, int] = {}
        self.handle_of: dict[int, int] = {}

    def mount(self) -> None:
        """Build the GATT table from the treadmill's own."""
        services: dict[int, list[Characteristic[bytes]]] = {}
        mounted: list[tuple[CharacteristicInfo, Characteristic[bytes]]] = []
        for info in self._treadmill.characteristics():
            properties = Characteristic.Properties(0)
            for name in info.properties:
                properties |= _PROPERTIES[name]
            permissions = Characteristic.READABLE | Characteristic.WRITEABLE
            characteristic = Characteristic(UUID.from_16_bits(info.uuid), properties, permissions, b"")
            services.setdefault(info.service, []).append(characteristic)
            mounted.append((info, characteristic))
        for service, members in services.items():
            self.add_service(Service(UUID.from_16_bits(service), members))
        for info, characteristic in mounted:
            self._uuid_of_value[characteristic.handle] = info.uuid
            self.handle_of[info.uuid] = characteristic.handle
            for handle in range(characteristic.handle + 1, characteristic.end_group_handle + 1):
                attribute = self.get_attribute(handle)
                if attribute is not None and attribute.type == GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR:
                    self._uuid_of_cccd[handle] = info.uuid

    def on_gatt_pdu(self, bearer: att.Bearer, att_pdu: att.ATT_PDU) -> None:
        """One request of the client."""
        now_s = time.monotonic()
        if isinstance(att_pdu, att.ATT_Handle_Value_Confirmation):
            return  # the treadmill counts an indication as confirmed when it is handed out
        if isinstance(att_pdu, att.ATT_Read_Request) and att_pdu.attribute_handle in self._uuid_of_value:
            char = self._uuid_of_value[att_pdu.attribute_handle]
            answer = self._treadmill.read(char)
            self._mount.was_read(char, answer.value, now_s)
            self._answer(bearer, att_pdu, answer, att.ATT_Read_Response(answer.value[: bearer.att_mtu - 1]))
        elif (
            isinstance(att_pdu, att.ATT_Write_Request | att.ATT_Write_Command)
            and att_pdu.attribute_handle in self._uuid_of_value
        ):
            char, value = self._uuid_of_value[att_pdu.attribute_handle], bytes(att_pdu.attribute_value)
            response = isinstance(att_pdu, att.ATT_Write_Request)
            self._mount.was_written(char, value, now_s, response=response)
            answer = self._treadmill.write(char, value, response, now_s)
            self._answer(bearer, att_pdu, answer, att.ATT_Write_Response() if response else None)
            self._mount.send(answer.outputs, now_s)
        elif isinstance(att_pdu, att.ATT_Write_Request) and att_pdu.attribute_handle in self._uuid_of_cccd:
            char, on = self._uuid_of_cccd[att_pdu.attribute_handle], any(att_pdu.attribute_value)
            self._mount.was_subscribed(char, on, now_s)
            answer = self._treadmill.subscribe(char, on, now_s)
            self._answer(bearer, att_pdu, answer, att.ATT_Write_Response())
            self._mount.send(answer.outputs, now_s)
        else:
            super().on_gatt_pdu(bearer, att_pdu)

    def _answer(self, bearer: att.Bearer, request: att.ATT_PDU, answer: Answer, success: att.ATT_PDU | None) -> None:
        if success is None or answer.att_error is None:
            return
        if answer.att_error:
            success = att.ATT_Error_Response(
                request_opcode_in_error=request.op_code,
                attribute_handle_in_error=getattr(request, "attribute_handle", 0),
                error_code=att.ErrorCode(answer.att_error),
            )
        self.send_response(bearer, success)


def mounted(
    treadmill: Peripheral, host: Host, mount: Mount, address: hci.Address | None = None
) -> tuple[Device, MountedServer]:
    """A Bumble device that is *treadmill*. *address*: its random address; the machine's own without it.

    Who wants to pair may, as with any machine without keys or display, and is remembered while this runs.
    """
    config = DeviceConfiguration(
        name=treadmill.machine.name or "Treadmill",
        address=address or hci.Address(treadmill.machine.address),
        gap_service_enabled=False,
        gatt_service_enabled=False,
    )
    config.advertising_interval_min = config.advertising_interval_max = ADVERTISING_MS
    device = Device(config=config, host=host)
    device.pairing_config_factory = lambda _: PairingConfig(mitm=False)
    server = MountedServer(device, treadmill, mount)
    device.gatt_server = server
    device.add_default_services(add_gap_service=True, add_gatt_service=True)
    server.mount()
    return device, server


def follow_encryption(connection: Connection, treadmill: Peripheral) -> None:
    """Let *treadmill* know when its link is encrypted: some machines take no command before.

    A new link is not, whoever has paired earlier: a bonded client encrypts it again with the key of its bond.
    """
    treadmill.paired = False

    def changed() -> None:
        treadmill.paired = connection.is_encrypted

    connection.on(connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, changed)


class Offer:
    """One treadmill on one Bumble host, for one client at a time. *tell* hears in words what passes."""

    def __init__(self, treadmill: Peripheral, host: Host, tell: Tell) -> None:
        self.treadmill: Final = treadmill
        self.tell: Final = tell
        self._connection: Connection | None = None
        self._busy: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._told_ckmh = 0
        self._tell_belt_s = 0.0
        self.device, self._server = mounted(treadmill, host, self)
        self.device.on(Device.EVENT_CONNECTION, self._connected)

    async def run(self, seconds: float | None = None, *, public: bool = False) -> None:
        """Offer it for *seconds*, or until ``stop``. *public*: advertise with the controller's public address.

        It is not to be cancelled: Bumble swallows a cancellation that comes in the middle of a command.
        """
        own_address = hci.OwnAddressType.PUBLIC if public else hci.OwnAddressType.RANDOM
        await self.device.power_on()
        end_s = None if seconds is None else time.monotonic() + seconds
        while not self._stopped and (end_s is None or time.monotonic() < end_s):
            now_s = time.monotonic()
            self.send(self.treadmill.step(now_s), now_s)
            self._tell_belt(now_s)
            await self._advertise(own_address)
            await asyncio.sleep(STEP_S)
        if self._connection is not None:
            await self._connection.disconnect(hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)

    def _tell_belt(self, now_s: float) -> None:
        """What no byte says: the belt's true speed, where it has changed, once a second at most."""
        ckmh = round(self.treadmill.true_ckmh)
        if ckmh != self._told_ckmh and now_s >= self._tell_belt_s:
            self._told_ckmh, self._tell_belt_s = ckmh, now_s + TELL_BELT_S
            self.tell(f"the belt truly moves at {ckmh / 100:.2f} km/h" if ckmh else "the belt stands")

    def stop(self) -> None:
        """End ``run`` within a step."""
        self._stopped = True

    async def _advertise(self, own_address: hci.OwnAddressType) -> None:
        hidden = self.treadmill.habits.advert in (Advert.ABSENT, Advert.IN_USE)
        wanted = not hidden and self._connection is None
        if wanted and not self.device.is_advertising:
            self.device.advertising_data = advertisement(self.treadmill)
            await self.device.start_advertising(auto_restart=False, own_address_type=own_address)
        elif not wanted and self.device.is_advertising:
            await self.device.stop_advertising()

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        self.tell(f"connected to {connection.peer_address}")
        connection.on(connection.EVENT_DISCONNECTION, self._disconnected)
        follow_encryption(connection, self.treadmill)
        now_s = time.monotonic()
        self.send(self.treadmill.connected(now_s), now_s)

    def _disconnected(self, reason: int) -> None:
        self._connection = None
        self.tell(f"link lost (reason {reason:#04x})")
        self.treadmill.disconnected(time.monotonic())

    def was_read(self, char: int, value: bytes, now_s: float) -> None:
        """The client has read this."""
        self.tell(f"read   {char:04x} -> {value.hex(' ')}")

    def was_written(self, char: int, value: bytes, now_s: float, *, response: bool) -> None:
        """The client writes this."""
        self.tell(f"write  {char:04x} {value.hex(' ')}{'' if response else ' (without response)'}")

    def was_subscribed(self, char: int, on: bool, now_s: float) -> None:
        """The client wants to hear of it, or no longer."""
        self.tell(f"{'subscribed to' if on else 'unsubscribed from'} {char:04x}")

    def send(self, outputs: tuple[Output, ...], now_s: float) -> None:
        """What the treadmill wants to send."""
        for output in outputs:
            connection = self._connection
            if connection is None:
                continue
            if isinstance(output, Drop):
                self.tell(output.reason)
                task = asyncio.ensure_future(connection.disconnect(hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR))
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)
                continue
            handle = self._server.handle_of.get(output.char)
            if handle is None:
                continue
            kind = att.ATT_Handle_Value_Indication if output.indication else att.ATT_Handle_Value_Notification
            value = output.value[: connection.att_mtu - 3]
            self._server.send_gatt_pdu(connection, bytes(kind(attribute_handle=handle, attribute_value=value)))
            self.tell(f"{'indicate' if output.indication else 'notify'} {output.char:04x} {value.hex(' ')}")


def advertisement(treadmill: Peripheral) -> bytes:
    """The advertising data of this machine, its oddities included."""
    kind = treadmill.habits.advert
    parts: list[tuple[int, bytes]] = [
        (AdvertisingData.FLAGS, b"\x06"),
        (AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, struct.pack("<H", FTMS)),
    ]
    data = {Advert.SHORT: b"\x01", Advert.SWAPPED: b"\x01\x00\x01"}.get(kind, b"\x01\x01\x00")
    if kind is not Advert.NO_SERVICE_DATA:
        parts.append((AdvertisingData.SERVICE_DATA_16_BIT_UUID, struct.pack("<H", FTMS) + data))
    if kind is not Advert.NO_NAME:
        name = treadmill.machine.name.encode()
        room = LEGACY_ADVERT - len(bytes(AdvertisingData(parts))) - 2
        whole = len(name) <= room
        parts.append(
            (AdvertisingData.COMPLETE_LOCAL_NAME if whole else AdvertisingData.SHORTENED_LOCAL_NAME, name[:room])
        )
    return bytes(AdvertisingData(parts))


async def offer(treadmill: Peripheral, transport: str, tell: Tell, seconds: float | None = None) -> None:
    """Offer *treadmill* on *transport*: ``vhci``, or Bumble's name of a real adapter (``usb:0``, ``hci-socket:0``).

    For *seconds*, or until SIGINT or SIGTERM. Raises AdapterError.
    """
    virtual = transport.partition(":")[0] == VHCI
    try:
        opened = await open_transport(transport)
    except Exception as error:  # Bumble's transports raise whatever their libraries do, bare Exception among it
        if virtual and isinstance(error, OSError):
            raise AdapterError(NO_VHCI) from error
        raise AdapterError(
            f"The adapter {transport} cannot be used: {error}. Known kinds: vhci, hci-socket:0, usb:0."
        ) from error
    async with opened as adapter:
        if virtual:
            air = Air(tell)
            AirController(
                "hci0", host_source=adapter.source, host_sink=adapter.sink, link=air, public_address=HOST_ADDRESS
            )
            host = Host()
            host.controller = AirController("treadmill", link=air, public_address=f"{treadmill.machine.address}/P")
        else:
            host = Host(adapter.source, adapter.sink)
        one = Offer(treadmill, host, tell)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, one.stop)
        await one.run(seconds, public=virtual)
