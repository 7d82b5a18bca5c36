"""Our own line to BlueZ, beside bleak's: what is there, whether bluetoothd is, and a pairing agent.

bleak never notices a bluetoothd that is killed (bluez.md F11): no callback, still "connected", notifications just
end. NameOwnerChanged(org.bluez) tells within milliseconds. And what bleak remembers of devices is that of the
bluetoothd before, so whether a link is up to be adopted (F16) is asked afresh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from dbus_fast import BusType, Message, MessageType, unpack_variants
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusFastError

from hardware.belt.link import Calls, Fault, LinkError

BLUEZ: Final = "org.bluez"
DEVICE: Final = "org.bluez.Device1"
ADAPTER: Final = "org.bluez.Adapter1"
AGENT: Final = "org.bluez.Agent1"
AGENT_PATH: Final = "/org/retrowalk/agent"
OWNER_RULE: Final = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.bluez'"

_GONE: Final = frozenset(
    (
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.NoReply",
        "org.freedesktop.DBus.Error.Disconnected",
        "org.freedesktop.DBus.Error.Spawn.ChildExited",
        "org.freedesktop.DBus.Error.Spawn.ExecFailed",
    )
)

Properties = dict[str, Any]  # D-Bus variants, unpacked: each reader checks the type of what it takes
Objects = dict[str, dict[str, Properties]]


@dataclass(frozen=True, slots=True)
class Device:
    """A device that BlueZ knows."""

    path: str
    address: str
    name: str
    connected: bool
    uuids: frozenset[str]
    properties: Properties


def devices(objects: Objects) -> list[Device]:
    """All devices among *objects*."""
    found = []
    for path, interfaces in objects.items():
        properties = interfaces.get(DEVICE)
        if properties is None:
            continue
        address = str(properties.get("Address", ""))
        alias = str(properties.get("Alias", ""))
        found.append(
            Device(
                path=path,
                address=address,
                name="" if alias == address.replace(":", "-") else alias,
                connected=properties.get("Connected") is True,
                uuids=frozenset(str(uuid) for uuid in properties.get("UUIDs", ())),
                properties=properties,
            )
        )
    return found


def check_adapter(objects: Objects, adapter: str | None) -> None:
    """Raises LinkError where there is no adapter, not the named one, or it is off."""
    adapters = {path: interfaces[ADAPTER] for path, interfaces in objects.items() if ADAPTER in interfaces}
    if adapter is not None:
        adapters = {path: one for path, one in adapters.items() if path.endswith(f"/{adapter}")}
    if not adapters:
        raise LinkError(Fault.NO_ADAPTER)
    if not any(one.get("Powered") is True for one in adapters.values()):
        raise LinkError(Fault.ADAPTER_OFF)


class Bluez:
    """One connection to the system bus, made again when it breaks."""

    def __init__(self, on_gone: Callable[[], None], may_pair: Callable[[str], bool]) -> None:
        self._on_gone: Final = on_gone
        self._may_pair: Final = may_pair
        self._bus: MessageBus | None = None
        self._calls: Final = Calls()

    async def objects(self, deadline_s: float) -> Objects:
        """Everything BlueZ shows. Raises LinkError."""
        body = await self.call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", deadline_s=deadline_s)
        objects: Objects = unpack_variants(body[0]) if body else {}
        return objects

    async def pair(self, path: str, deadline_s: float) -> None:
        """Pair with the device at *path*, our agent answering for us. Raises LinkError."""
        await self.call(path, DEVICE, "Pair", deadline_s=deadline_s)

    async def call(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: tuple[Any, ...] = (),
        *,
        deadline_s: float,
    ) -> list[Any]:
        """One method call to BlueZ. Raises LinkError."""
        bus = await self._connected(deadline_s)
        message = Message(BLUEZ, path, interface, member, signature=signature, body=list(body))
        try:
            reply = await self._calls.call(bus.call(message), deadline_s)
        except LinkError as error:
            raise LinkError(Fault.BLUETOOTHD_SILENT, member) from error
        except (DBusFastError, EOFError, OSError) as error:
            raise LinkError(Fault.NO_BLUETOOTHD, str(error)) from error
        if reply.message_type is not MessageType.ERROR:
            return reply.body
        if reply.error_name in _GONE:
            raise LinkError(Fault.NO_BLUETOOTHD, reply.error_name)
        raise LinkError(Fault.OTHER, f"{member}: {reply.error_name}")

    async def _connected(self, deadline_s: float) -> MessageBus:
        if self._bus is not None and self._bus.connected:
            return self._bus
        self._drop_bus()
        try:
            bus = MessageBus(bus_type=BusType.SYSTEM)
        except (DBusFastError, OSError) as error:  # no system bus on this machine
            raise LinkError(Fault.NO_BLUETOOTHD, str(error)) from error
        self._bus = bus
        try:
            await self._calls.call(bus.connect(), deadline_s)
            bus.add_message_handler(self._heard)
            await self._calls.call(bus.call(_bus_message("AddMatch", "s", [OWNER_RULE])), deadline_s)
        except (LinkError, DBusFastError, EOFError, OSError) as error:
            self._drop_bus()
            raise LinkError(Fault.NO_BLUETOOTHD, str(error)) from error
        self._calls.spawn(self._offer_agent(bus))
        return bus

    async def _offer_agent(self, bus: MessageBus) -> None:
        """Without an agent BlueZ refuses a machine whose control point wants encryption."""
        for member, signature, body in (
            ("RegisterAgent", "os", [AGENT_PATH, "NoInputNoOutput"]),
            ("RequestDefaultAgent", "o", [AGENT_PATH]),
        ):
            await bus.call(
                Message(BLUEZ, "/org/bluez", "org.bluez.AgentManager1", member, signature=signature, body=body)
            )

    def _heard(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            name, _, new_owner = message.body
            if name == BLUEZ and not new_owner:
                self._on_gone()
            elif name == BLUEZ and self._bus is not None:
                self._calls.spawn(self._offer_agent(self._bus))
            return None
        if message.message_type is MessageType.METHOD_CALL and message.interface == AGENT:
            return self._agent(message)
        return None

    def _agent(self, message: Message) -> Message:
        member = message.member
        if member in ("Release", "Cancel"):
            return Message.new_method_return(message)
        device = str(message.body[0]) if message.body else ""
        harmless = member in ("RequestConfirmation", "RequestAuthorization", "AuthorizeService")
        if harmless and self._may_pair(device):
            return Message.new_method_return(message)
        return Message.new_error(message, "org.bluez.Error.Rejected", "Only the treadmill of this kiosk is paired.")

    def _drop_bus(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def close(self) -> None:
        """For good."""
        bus = self._bus
        self._drop_bus()
        await self._calls.close()
        if bus is not None:
            try:
                await asyncio.wait_for(bus.wait_for_disconnect(), 1.0)  # type: ignore[no-untyped-call]
            except (TimeoutError, DBusFastError, EOFError, OSError):
                return  # it is closed either way


def _bus_message(member: str, signature: str, body: list[Any]) -> Message:
    return Message(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        member,
        signature=signature,
        body=body,
    )
