"""A stand-in for bluetoothd on a private bus: bleak's real BlueZ backend, real D-Bus, the simulated treadmill.

It does what BlueZ was measured to do (bluez.md, F numbers below), not more: one adapter, one device. The GATT server
behind it is the simulated treadmill's own peripheral, so bytes behave as there.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from dbus_fast import DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from hardware.simulated.machines import BENCH, Machine
from hardware.simulated.peripheral import CONTROL_POINT, FTMS, Peripheral, Send

ADDRESS = "C0:FF:EE:00:00:42"
ADAPTER = "/org/bluez/hci0"
DEVICE = f"{ADAPTER}/dev_{ADDRESS.replace(':', '_')}"
DEVICE_IF, ADAPTER_IF = "org.bluez.Device1", "org.bluez.Adapter1"
CHAR_IF, SERVICE_IF = "org.bluez.GattCharacteristic1", "org.bluez.GattService1"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
STEP_S = 0.01

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:dir={directory}</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/><allow user="*"/></policy></busconfig>
"""


class NoDbusDaemonError(AssertionError):
    """The tests over D-Bus need the binary; a skipped safety test would be a hole nobody sees."""


class PrivateBus:
    """A dbus-daemon of our own."""

    def __init__(self) -> None:
        binary = shutil.which("dbus-daemon")
        if binary is None:
            raise NoDbusDaemonError("dbus-daemon is not installed. Install it with:  sudo apt install dbus")
        self._directory = Path(tempfile.mkdtemp(prefix="rw-bus-"))
        config = self._directory / "bus.conf"
        config.write_text(BUS_CONFIG.format(directory=self._directory))
        self._process = subprocess.Popen(
            [binary, "--config-file", str(config), "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def uuid(short: int) -> str:
    return f"{short:08x}-0000-1000-8000-00805f9b34fb"


@dataclass
class Character:
    """How this bluetoothd and its radio behave."""

    write_s: float = 0.005  # until the ATT response
    linger_s: float = 0.05  # after Disconnect (F8: 2 s on the real one)
    found_s: float = 0.02
    advertises: bool = True
    powered: bool = True
    adapter: bool = True
    forget_connected: int = 0  # so many Connects answer without Connected=true (F19)
    refuse_connects: int = 0
    no_att_answer: bool = False  # the treadmill's ATT is stuck (F4)
    needs_pairing: bool = False
    commands_only: bool = False  # the control point can be written without response, and in no other way
    pairs_to_listen: bool = False  # the CCCD of the control point wants encryption too
    pair_s: float = 0.0
    names_improperly_configured: bool = False  # ATT 0xFD by name; BlueZ 5.66 says Failed (tests/system)
    extra_devices: dict[str, tuple[str, bool]] = field(default_factory=dict)  # address -> (name, FTMS)


@dataclass
class Written:
    """One write that reached the treadmill."""

    at_s: float
    char: int
    value: bytes
    sender: str


class FakeBluez:
    """bluetoothd, hci0, the air, and the treadmill. ``await FakeBluez(bus.address).start()``."""

    def __init__(self, bus_address: str, machine: Machine = BENCH) -> None:
        self._bus_address = bus_address
        self.character = Character()
        self.treadmill = Peripheral(machine, time.monotonic())
        self.written: list[Written] = []
        self.agent: tuple[str, str] | None = None
        self.paired = False
        self.pair_replies: list[str] = []
        self.connects = 0
        self._discovering = 0  # counts beginnings and ends
        self._bus: MessageBus | None = None
        self._held: list[Message] | None = None
        self._present = False
        self._connected = False
        self._busy_chars: set[str] = set()
        self._notifying: dict[str, list[str]] = {}  # char path -> D-Bus clients
        self._tasks: set[asyncio.Task] = set()
        self._ticking: asyncio.Task | None = None
        self._chars: dict[str, int] = {}
        self._services: dict[str, int] = {}
        for number, service in enumerate(sorted({info.service for info in self.treadmill.characteristics()})):
            path = f"{DEVICE}/service{number * 0x100 + 1:04x}"
            self._services[path] = service
            infos = [info for info in self.treadmill.characteristics() if info.service == service]
            for place, info in enumerate(infos):
                self._chars[f"{path}/char{number * 0x100 + 2 + 3 * place:04x}"] = info.uuid

    # ------------------------------------------------------------------------------------------ life

    async def start(self) -> FakeBluez:
        """As bluetoothd coming up: no device is known until it is seen, no link is up."""
        self._bus = await MessageBus(bus_address=self._bus_address).connect()
        self._bus.add_message_handler(self._handle)
        await self._bus.call(_match("type='signal',member='NameOwnerChanged'"))
        await self._bus.request_name("org.bluez")
        if self._ticking is None:
            self._ticking = asyncio.ensure_future(self._tick())
        if self.character.adapter:
            self._added(ADAPTER, self._adapter_interfaces())
        return self

    async def kill(self) -> None:
        """SIGKILL: the name vanishes, no Disconnected is said; the kernel drops the link soon after (F11)."""
        bus, self._bus = self._bus, None
        bus.disconnect()
        await bus.wait_for_disconnect()
        self._held = None
        self._notifying.clear()
        self._busy_chars.clear()
        self._present = False
        if self._connected:
            self._connected = False
            self.treadmill.disconnected(time.monotonic())

    async def close(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait({self._ticking})
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._bus is not None:
            await self.kill()

    def freeze(self) -> None:
        """SIGSTOP (F14): everything queues."""
        self._held = []

    def thaw(self) -> None:
        """SIGCONT: everything is still done, late."""
        held, self._held = self._held or [], None
        for message in held:
            self._spawn(self._reply(message))

    def drop(self) -> None:
        """The link is lost (F1)."""
        if self._connected:
            self._connected = False
            self._notifying.clear()
            self.treadmill.disconnected(time.monotonic())
            self._changed(DEVICE, DEVICE_IF, ServicesResolved=Variant("b", False))
            self._changed(DEVICE, DEVICE_IF, Connected=Variant("b", False))
            for path in (*self._chars, *self._services):
                self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [path, [CHAR_IF, SERVICE_IF]])

    def adapter_gone(self) -> None:
        """The dongle is pulled, or its firmware dies (F9): every object goes with it."""
        self.drop()
        self.character.adapter = self._present = False
        self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [DEVICE, [DEVICE_IF]])
        self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [ADAPTER, [ADAPTER_IF]])

    def adapter_back(self) -> None:
        """It is there again, powered."""
        self.character.adapter = True
        self._added(ADAPTER, self._adapter_interfaces())

    # ------------------------------------------------------------------------------------------ the treadmill

    async def _tick(self) -> None:
        while True:
            self._out(self.treadmill.step(time.monotonic()))
            await asyncio.sleep(STEP_S)

    def _out(self, outputs) -> None:
        for output in outputs:
            if not isinstance(output, Send):
                self.drop()
                continue
            path = self._path(output.char)
            for _ in self._notifying.get(path, ()):  # F17: once for every subscriber, to everybody
                if self._held is None and self._bus is not None:
                    self._changed(path, CHAR_IF, Value=Variant("ay", output.value))

    def _path(self, short: int) -> str:
        return next(path for path, char in self._chars.items() if char == short)

    def commands(self, since_s: float = 0.0) -> list[bytes]:
        """What was written to the control point."""
        return [one.value for one in self.written if one.char == CONTROL_POINT and one.at_s >= since_s]

    # ------------------------------------------------------------------------------------------ objects

    def _adapter_interfaces(self):
        properties = {
            "Address": Variant("s", "B8:27:EB:00:00:01"),
            "Powered": Variant("b", self.character.powered),
            "Discovering": Variant("b", False),
            "Roles": Variant("as", ["central", "peripheral"]),
            "Name": Variant("s", "rig"),
            "Alias": Variant("s", "rig"),
            "UUIDs": Variant("as", []),
        }
        return {ADAPTER_IF: properties, "org.bluez.GattManager1": {}}

    def _device_interfaces(self, address: str, name: str, ftms: bool, connected: bool):
        properties = {
            "Address": Variant("s", address),
            "AddressType": Variant("s", "public"),
            "Alias": Variant("s", name or address.replace(":", "-")),
            "Paired": Variant("b", self.paired),
            "Bonded": Variant("b", self.paired),
            "Trusted": Variant("b", False),
            "Blocked": Variant("b", False),
            "LegacyPairing": Variant("b", False),
            "Connected": Variant("b", connected),
            "UUIDs": Variant("as", [uuid(FTMS)] if ftms else []),
            "Adapter": Variant("o", ADAPTER),
            "ServicesResolved": Variant("b", connected),
        }
        if name:
            properties["Name"] = Variant("s", name)
        if not connected:
            properties["RSSI"] = Variant("n", -50)
        return {DEVICE_IF: properties}

    def _treadmill_interfaces(self):
        return self._device_interfaces(ADDRESS, self.treadmill.machine.name, True, self._connected)

    def _gatt_objects(self):
        objects = {}
        for path, short in self._services.items():
            properties = {
                "UUID": Variant("s", uuid(short)),
                "Device": Variant("o", DEVICE),
                "Primary": Variant("b", True),
                "Includes": Variant("ao", []),
            }
            objects[path] = {SERVICE_IF: properties}
        flags = {info.uuid: sorted(info.properties) for info in self.treadmill.characteristics()}
        if self.character.commands_only:
            flags[CONTROL_POINT] = ["indicate", "write-without-response"]
        for path, short in self._chars.items():
            properties = {
                "UUID": Variant("s", uuid(short)),
                "Service": Variant("o", path.rsplit("/", 1)[0]),
                "Value": Variant("ay", b""),
                "Notifying": Variant("b", bool(self._notifying.get(path))),
                "Flags": Variant("as", flags[short]),
                "MTU": Variant("q", 517),
            }
            objects[path] = {CHAR_IF: properties}
        return objects

    def _managed(self):
        objects = {ADAPTER: self._adapter_interfaces()} if self.character.adapter else {}
        if self._present:
            objects[DEVICE] = self._treadmill_interfaces()
        if self._connected:
            objects.update(self._gatt_objects())
        return objects

    # ------------------------------------------------------------------------------------------ D-Bus

    def _signal(self, path: str, interface: str, member: str, signature: str, body) -> None:
        if self._bus is not None:
            self._bus.send(Message.new_signal(path, interface, member, signature, body))

    def _added(self, path: str, interfaces) -> None:
        self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def _changed(self, path: str, interface: str, **values: Variant) -> None:
        body = [interface, values, []]
        self._signal(path, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", body)

    def _spawn(self, work) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _handle(self, message: Message):
        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and not message.body[2]:
                self._client_gone(message.body[0])
            return None
        if message.message_type is not MessageType.METHOD_CALL or message.path.startswith("/org/freedesktop"):
            return None
        if self._held is not None:
            self._held.append(message)
        else:
            self._spawn(self._reply(message))
        return True

    def _client_gone(self, name: str) -> None:
        """A killed process: its notifications end with it, the link stays (F15)."""
        for path, clients in self._notifying.items():
            if name in clients:
                clients[:] = [client for client in clients if client != name]
                if not clients and self._connected:
                    self._out(self.treadmill.subscribe(self._chars[path], False, time.monotonic()).outputs)

    async def _reply(self, message: Message) -> None:
        bus = self._bus
        try:
            signature, body = await self._call(message)
        except DBusError as error:
            reply = Message.new_error(message, error.type, error.text)
        else:
            reply = Message.new_method_return(message, signature, body)
        if bus is not None and bus is self._bus:
            await bus.send(reply)

    async def _call(self, message: Message):
        member, path = message.member, message.path
        if member == "GetManagedObjects":
            return "a{oa{sa{sv}}}", [self._managed()]
        if path == "/org/bluez" and member in ("RegisterAgent", "RequestDefaultAgent"):
            self.agent = (message.sender, message.body[0])
            return "", []
        if path == ADAPTER:
            return self._adapter_call(member)
        if path == DEVICE:
            return await self._device_call(message)
        if path in self._chars:
            if not self._connected:
                raise DBusError("org.bluez.Error.Failed", "Not connected")
            return await self._char_call(message)
        raise DBusError("org.freedesktop.DBus.Error.UnknownObject", f"no {path}")

    def _adapter_call(self, member: str):
        if member == "StartDiscovery":
            if not self.character.powered:
                raise DBusError("org.bluez.Error.NotReady", "Resource Not Ready")
            self._discovering += 1
            self._spawn(self._discover(self._discovering))
        elif member == "StopDiscovery":
            self._discovering += 1
            self._changed(ADAPTER, ADAPTER_IF, Discovering=Variant("b", False))
        return "", []

    async def _discover(self, number: int) -> None:
        self._changed(ADAPTER, ADAPTER_IF, Discovering=Variant("b", True))
        await asyncio.sleep(self.character.found_s)
        self._others()
        while number == self._discovering:  # it may begin to advertise in the middle of it
            if self.character.advertises and not self._connected:
                self._present = True
                self._added(DEVICE, self._treadmill_interfaces())
                return
            await asyncio.sleep(self.character.found_s)

    def _others(self) -> None:
        for address, (name, ftms) in self.character.extra_devices.items():
            path = f"{ADAPTER}/dev_{address.replace(':', '_')}"
            self._added(path, self._device_interfaces(address, name, ftms, False))

    async def _device_call(self, message: Message):
        if not self._present:
            raise DBusError("org.freedesktop.DBus.Error.UnknownObject", "no device")
        if message.member == "Connect":
            return await self._connect()
        if message.member == "Disconnect":
            if self._connected:
                asyncio.get_running_loop().call_later(self.character.linger_s, self.drop)
            return "", []
        if message.member == "Pair":
            return await self._pair()
        if message.member == "Set":
            return "", []
        raise DBusError("org.freedesktop.DBus.Error.UnknownMethod", message.member)

    async def _connect(self):
        self.connects += 1
        if self.character.refuse_connects:
            self.character.refuse_connects -= 1
            raise DBusError("org.bluez.Error.Failed", "le-connection-abort-by-peer")
        if self.character.forget_connected:
            self.character.forget_connected -= 1
            return "", []
        if not self._connected:
            self._connected = True
            self._out(self.treadmill.connected(time.monotonic()))
            self._changed(DEVICE, DEVICE_IF, Connected=Variant("b", True))
            for path, interfaces in self._gatt_objects().items():
                self._added(path, interfaces)
            self._changed(DEVICE, DEVICE_IF, ServicesResolved=Variant("b", True))
        return "", []

    async def _pair(self):
        """Just works: the agent is asked whether this device may."""
        if self.agent is None:
            raise DBusError("org.bluez.Error.AuthenticationFailed", "Authentication Failed")
        name, path = self.agent
        ask = Message(name, path, "org.bluez.Agent1", "RequestAuthorization", signature="o", body=[DEVICE])
        reply = await self._bus.call(ask)
        self.pair_replies.append("no" if reply.message_type is MessageType.ERROR else "yes")
        if reply.message_type is MessageType.ERROR:
            raise DBusError("org.bluez.Error.AuthenticationRejected", "Authentication Rejected")
        await asyncio.sleep(self.character.pair_s)
        if not self._connected:
            raise DBusError("org.bluez.Error.AuthenticationCanceled", "Authentication Canceled")
        self.paired = True
        self.character.needs_pairing = False
        self._changed(DEVICE, DEVICE_IF, Paired=Variant("b", True))
        return "", []

    async def _char_call(self, message: Message):
        path, member = message.path, message.member
        short = self._chars[path]
        if member == "StartNotify":
            if short == CONTROL_POINT and self.character.pairs_to_listen and not self.paired:
                raise DBusError("org.bluez.Error.NotPermitted", "Not paired")
            clients = self._notifying.setdefault(path, [])
            first = not clients
            if message.sender not in clients:
                clients.append(message.sender)
            if first:
                self._out(self.treadmill.subscribe(short, True, time.monotonic()).outputs)
            return "", []
        if member == "StopNotify":
            self._notifying.get(path, []).remove(message.sender)
            return "", []
        if member == "ReadValue":
            return "ay", [self.treadmill.read(short).value]
        if member == "WriteValue":
            return await self._write(message, path, short)
        raise DBusError("org.freedesktop.DBus.Error.UnknownMethod", member)

    async def _write(self, message: Message, path: str, short: int):
        if path in self._busy_chars:  # F18: before it even looks at the type
            raise DBusError("org.bluez.Error.InProgress", "In Progress")
        if self.character.needs_pairing:
            raise DBusError("org.bluez.Error.Failed", "Operation failed with ATT error: 0x0f")
        value, options = bytes(message.body[0]), message.body[1]
        response = "type" not in options or options["type"].value == "request"
        if response and self.character.commands_only:
            raise DBusError("org.bluez.Error.NotPermitted", "Write not permitted")
        self._busy_chars.add(path)
        try:
            while self.character.no_att_answer and response:
                await asyncio.sleep(STEP_S)
            await asyncio.sleep(self.character.write_s)
        finally:
            self._busy_chars.discard(path)
        if not self._connected:
            raise DBusError("org.bluez.Error.Failed", "Operation failed with ATT error: 0x0e")
        self.written.append(Written(time.monotonic(), short, value, message.sender))
        answer = self.treadmill.write(short, value, response, time.monotonic())
        self._out(answer.outputs)
        if answer.att_error == 0xFD and self.character.names_improperly_configured:
            raise DBusError("org.bluez.Error.ImproperlyConfigured", "Improperly configured")
        if answer.att_error:
            raise DBusError("org.bluez.Error.Failed", f"Operation failed with ATT error: 0x{answer.att_error:02x}")
        return "", []


def _match(rule: str) -> Message:
    return Message(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "AddMatch",
        signature="s",
        body=[rule],
    )
