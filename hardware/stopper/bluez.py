"""The fallback writer on BlueZ: raw D-Bus, no bleak (whose exit would drop the link, bluez.md F17).

The path of the bound treadmill's control point is looked up beforehand and kept up to date, so that a stop is one
WriteValue. BlueZ lets any process write, and control stays with the link, not with the process that asked for it
(F16).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusFastError

from hardware.link.wake import Watchable
from hardware.stopper.writer import ATT_IN_PROGRESS, CCCD_NOT_CONFIGURED, CONTROL_POINT, REQUEST_CONTROL, STOP

BLUEZ: Final = "org.bluez"
DEVICE: Final = "org.bluez.Device1"
CHARACTERISTIC: Final = "org.bluez.GattCharacteristic1"
OBJECT_MANAGER: Final = "org.freedesktop.DBus.ObjectManager"
UUID: Final = f"{CONTROL_POINT:08x}-0000-1000-8000-00805f9b34fb"
RULES: Final = (
    "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.bluez'",
    f"type='signal',sender='org.bluez',interface='{OBJECT_MANAGER}',member='InterfacesAdded'",
)
ASK_S: Final = 2.0
RETRY_S: Final = 0.010
ANSWERED_S: Final = 0.100  # machines answer within 45-90 ms; where nothing tells that one is still out
SIGNALS: Final = frozenset(("NameOwnerChanged", "InterfacesAdded"))

_BUS_FAILS: Final = (DBusFastError, EOFError, OSError, TimeoutError)


def _says(reply: Message, att: int, name: str = "") -> bool:
    """An ATT error: measured on BlueZ 5.66 as a plain Failed with the code in its text; newer ones have names."""
    if reply.message_type is not MessageType.ERROR:
        return False
    text = str(reply.body[0]) if reply.body else ""
    return text.endswith(f"0x{att:02x}") or (bool(name) and (reply.error_name or "").endswith(f".{name}"))


def _takes_no_request(reply: Message) -> bool:
    """Written with response, it never will; "Not paired" has the same name, and there a command would be lost."""
    if reply.message_type is not MessageType.ERROR:
        return False
    name, text = reply.error_name or "", str(reply.body[0]) if reply.body else ""
    return name.endswith(".NotSupported") or (name.endswith(".NotPermitted") and text == "Write not permitted")


class BluezWriter:
    """A Writer over the system bus."""

    def __init__(self, address: str | None, adapter: str | None = None) -> None:
        """*adapter* makes a new link; a link that is up is used over whichever radio it is up."""
        self._suffix: Final = "" if address is None else f"/dev_{address.replace(':', '_')}"
        self._adapter: Final = adapter
        self._bus: MessageBus | None = None
        self._stale = True
        self._no_control = False
        self._kind = "request"
        self.path = ""  # of the control point; kept when the object goes away, as BlueZ gives it the same one again
        self.device = ""

    async def prepare(self) -> None:
        """Look the path up if anything has changed since."""
        if not self._suffix or (not self._stale and self._bus is not None and self._bus.connected):
            return
        try:
            bus = await self._connected()
            self._stale = False
            reply = await asyncio.wait_for(self._call(bus, "/", OBJECT_MANAGER, "GetManagedObjects"), ASK_S)
        except _BUS_FAILS:
            self._stale = True  # no bus, or bluetoothd gone or hung: asked again by the next call
            return
        if reply.message_type is MessageType.ERROR:
            self._stale = True
            return
        self._choose(reply.body[0])

    def _choose(self, objects: dict[str, dict[str, Any]]) -> None:
        """The treadmill may be known to more than one radio: the one with the link, then the one configured."""
        paths = [path for path in objects if path.endswith(self._suffix) and DEVICE in objects[path]]
        self.device = max(paths, key=lambda path: self._rank(path, objects[path][DEVICE]), default=self.device)
        for path, interfaces in objects.items():
            if path.startswith(f"{self.device}/"):
                self._note(path, interfaces)

    def _rank(self, path: str, properties: dict[str, Any]) -> tuple[bool, bool]:
        connected = properties.get("Connected")
        return connected is not None and connected.value is True, f"/{self._adapter}/" in path

    def _note(self, path: str, interfaces: dict[str, Any]) -> None:
        """A part of the treadmill, known to be there."""
        device, found, rest = path.partition(f"{self._suffix}/")
        if path.endswith(self._suffix) and DEVICE in interfaces:
            self.device = self.device or path
        elif rest and device.startswith("/org/bluez") and CHARACTERISTIC in interfaces:
            uuid = interfaces[CHARACTERISTIC].get("UUID")
            if uuid is not None and uuid.value == UUID:
                self.path, self.device = path, device + found.rstrip("/")

    async def _connected(self) -> MessageBus:
        if self._bus is not None and self._bus.connected:
            return self._bus
        self._close_bus()
        self._bus = bus = MessageBus(bus_type=BusType.SYSTEM)
        await asyncio.wait_for(bus.connect(), ASK_S)
        bus.add_message_handler(self._heard)
        for rule in RULES:
            message = Message(
                "org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus",
                "AddMatch",
                signature="s",
                body=[rule],
            )
            await asyncio.wait_for(bus.call(message), ASK_S)
        return bus

    def _heard(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member in SIGNALS:
            if message.member == "InterfacesAdded" and len(message.body) == 2:
                self._note(message.body[0], message.body[1])
            else:
                self._stale = True

    async def stop(self) -> bool:
        """Write; over a link of our own making take control first, once."""
        if self._bus is None or not self.path:
            return False
        try:
            if self._no_control and await self._command(self._bus, REQUEST_CONTROL):
                self._no_control = False
                if self._kind == "command":
                    await asyncio.sleep(ANSWERED_S)
            return await self._command(self._bus, STOP)
        except _BUS_FAILS:
            self._stale = True
            return False

    async def _command(self, bus: MessageBus, value: bytes) -> bool:
        """Write; turn the indications on first where the dead process had them, and let an answer still out come in.

        What the treadmill turns away with 0xFD or 0xFE it has thrown away: no control taken, no stop. A control point
        that can only be written without response (quirk 33) says none of this, and True then means handed over.
        """
        turned_on = False
        while True:
            if self._kind == "command" and not turned_on:
                turned_on = True
                await self._call(bus, self.path, CHARACTERISTIC, "StartNotify")
            reply = await self._write(bus, value)
            if reply.message_type is not MessageType.ERROR:
                return True
            if self._kind == "request" and _takes_no_request(reply):
                self._kind = "command"
            elif _says(reply, CCCD_NOT_CONFIGURED, "ImproperlyConfigured") and not turned_on:
                turned_on = True
                await self._call(bus, self.path, CHARACTERISTIC, "StartNotify")
            elif _says(reply, ATT_IN_PROGRESS):
                await asyncio.sleep(RETRY_S)
            else:
                self._stale = True
                return False

    async def _write(self, bus: MessageBus, value: bytes) -> Message:
        while True:
            reply = await self._call(
                bus, self.path, CHARACTERISTIC, "WriteValue", "aya{sv}", [value, {"type": Variant("s", self._kind)}]
            )
            if reply.error_name != "org.bluez.Error.InProgress":
                return reply
            await asyncio.sleep(RETRY_S)  # another write is outstanding there; BlueZ has no signal for its end

    async def connect(self) -> bool:
        """Connect the device if it is not; on a new link nobody has control."""
        if self._bus is None or not self.device:
            return False
        try:
            reply = await self._call(self._bus, self.device, DEVICE, "Connect")
        except _BUS_FAILS:
            return False
        if reply.message_type is MessageType.ERROR:
            return (reply.error_name or "").endswith(".AlreadyConnected")
        self._no_control = True
        return True

    @staticmethod
    async def _call(
        bus: MessageBus, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> Message:
        return await bus.call(Message(BLUEZ, path, interface, member, signature=signature, body=body or []))

    def poll(self) -> None:
        """The loop looks at the bus itself."""

    def watch(self) -> Iterable[Watchable]:
        """None of ours."""
        return ()

    def _close_bus(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def close(self) -> None:
        """Close the bus: no client of BlueZ's, so the link stays."""
        bus = self._bus
        self._close_bus()
        if bus is not None:
            try:
                await asyncio.wait_for(bus.wait_for_disconnect(), 1.0)  # type: ignore[no-untyped-call]
            except _BUS_FAILS:
                return  # closed either way
