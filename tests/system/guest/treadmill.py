"""The simulated world's own treadmill behind a real Bluetooth stack and real GPIO lines.

``hardware.simulated.World`` with two of its edges exchanged: its radio is Bumble on /dev/vhci, so that the kernel and
bluetoothd see an adapter and a peripheral, and its pins are the lines of a gpio-sim chip. Model, physics, mischief,
byte tap and monitor, and the control socket with its messages, are the very same objects as in the demo.

Started by the runner: ``python -m tests.system.guest.treadmill --config FILE --runtime DIR --gpio-sim DIR``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import deque
from pathlib import Path
from typing import Final

from bumble import att, hci
from bumble.device import Connection, Device
from bumble.host import Host
from bumble.transport import open_transport
from bumble.transport.common import Transport

from hardware.config import load_config
from hardware.link.paths import open_runtime_directory
from hardware.simulated.air import HOST_ADDRESS, Air, AirController
from hardware.simulated.doors import Doors
from hardware.simulated.machines import SIMULATED_S1, Advert, Machine
from hardware.simulated.over_the_air import advertisement, follow_encryption, mounted
from hardware.simulated.peripheral import TREADMILL_DATA, Drop, Output, Peripheral
from hardware.simulated.tap import Tap, speed_in
from hardware.simulated.world import World, WorldError, machine_named
from tests.system.guest.gpio_sim import GpioSimLines

LOOK_S: Final = 0.010  # at the lines: the permit toggles every 20 ms
STEP_S: Final = 0.020
ADVERTISING_MS: Final = 100.0
ADAPTER_GONE: Final = "adapter_gone"
"""Mischief that only a real adapter knows: it is pulled out, and put back."""

# ---------------------------------------------------------------------------------------------- radio


class BumbleRadio:
    """In the place of the simulated world's Radio: the same treadmill over Bumble, the kernel and BlueZ."""

    def __init__(self, treadmill: Peripheral, tap: Tap, address: str, heard_late_s: float) -> None:
        self.treadmill: Final = treadmill
        self.tap: Final = tap
        self.clients: Final[list[object]] = []  # processes are BlueZ's clients, not ours
        self._heard_late_s: Final = heard_late_s
        self._late_zeros: deque[tuple[float, bytes]] = deque()
        self._connection: Connection | None = None
        self._adapter: Transport | None = None
        self._adapter_controller: AirController | None = None
        self._asked_supervision_s = treadmill.machine.habits.supervision_s
        self._busy: set[asyncio.Task[None]] = set()
        self._air: Final = Air(lambda event: tap.link(time.monotonic(), event))
        host = Host()
        host.controller = AirController("treadmill", link=self._air, public_address=f"{address}/P")
        self._device, self._server = mounted(treadmill, host, self, hci.Address("F0:F1:F2:F3:F4:F5"))
        self._device.on(Device.EVENT_CONNECTION, self._connected)

    async def start(self) -> None:
        """Power the peripheral, then plug the adapter in."""
        await self._device.power_on()
        await self._advertise()
        await self.plug()

    async def plug(self) -> None:
        """hci0 appears."""
        if self._adapter is not None:
            return
        self._adapter = await open_transport("vhci")
        self._adapter_controller = AirController(
            "hci0",
            host_source=self._adapter.source,
            host_sink=self._adapter.sink,
            link=self._air,
            public_address=HOST_ADDRESS,
        )

    async def unplug(self) -> None:
        """hci0 is gone, as when a dongle is pulled or its firmware dies; the treadmill finds out by its time-out."""
        adapter, controller = self._adapter, self._adapter_controller
        self._adapter = self._adapter_controller = None
        if adapter is None or controller is None:
            return
        self._air.controller_lost(controller)
        self._air.remove_controller(controller)
        await adapter.close()

    # ------------------------------------------------------------------------------------------ the link

    @property
    def up(self) -> bool:
        """True while a central is connected."""
        return self._connection is not None

    def _connected(self, connection: Connection) -> None:
        now_s = time.monotonic()
        self._connection = connection
        self.tap.link(now_s, "connected")
        connection.on(connection.EVENT_DISCONNECTION, self._disconnected)
        follow_encryption(connection, self.treadmill)
        self.send(self.treadmill.connected(now_s), now_s)

    def _disconnected(self, reason: int) -> None:
        now_s = time.monotonic()
        self._connection = None
        self._late_zeros.clear()
        self._asked_supervision_s = self.treadmill.machine.habits.supervision_s
        self.tap.link(now_s, f"link lost: reason {reason:#04x}")
        self.tap.monitor.link_lost()
        self.treadmill.disconnected(now_s)
        self._spawn(self._advertise())

    def drop(self, reason: str, now_s: float) -> None:
        """The treadmill ends the link."""
        if self._connection is not None:
            self.tap.link(now_s, reason)
            self._spawn(self._connection.disconnect(hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR))

    def _spawn(self, work) -> None:
        task = asyncio.ensure_future(work)
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _advertise(self) -> None:
        wanted = self.treadmill.habits.advert not in (Advert.ABSENT, Advert.IN_USE) and self._connection is None
        if wanted and not self._device.is_advertising:
            self._device.advertising_data = advertisement(self.treadmill)
            await self._device.start_advertising(auto_restart=False, own_address_type=hci.OwnAddressType.PUBLIC)
        elif not wanted and self._device.is_advertising:
            await self._device.stop_advertising()

    # ------------------------------------------------------------------------------------------ what World calls

    def receive(self, now_s: float) -> None:
        """Requests come by themselves, from Bumble."""

    def was_read(self, char: int, value: bytes, now_s: float) -> None:
        """The client has read this."""
        self.tap.read(char, value, now_s)

    def was_written(self, char: int, value: bytes, now_s: float, *, response: bool) -> None:
        """The client writes this."""
        self.tap.write(char, value, now_s, "" if response else "without response")

    def was_subscribed(self, char: int, on: bool, now_s: float) -> None:
        """The client wants to hear of it, or no longer."""
        self.tap.link(now_s, f"{'subscribed to' if on else 'unsubscribed from'} {char:04X}")

    def send(self, outputs: tuple[Output, ...], now_s: float) -> None:
        """What the treadmill wants to send."""
        for output in outputs:
            if isinstance(output, Drop):
                self.drop(output.reason, now_s)
                continue
            connection, handle = self._connection, self._server.handle_of.get(output.char)
            if connection is None or handle is None:
                continue
            kind = att.ATT_Handle_Value_Indication if output.indication else att.ATT_Handle_Value_Notification
            value = output.value[: connection.att_mtu - 3]
            self._server.send_gatt_pdu(connection, bytes(kind(attribute_handle=handle, attribute_value=value)))
            self._tell_tap(output.char, value, now_s, indication=output.indication)

    def _tell_tap(self, char: int, value: bytes, now_s: float, *, indication: bool) -> None:
        # The monitor judges by what the belt process can know. That the belt stands reaches it over a connection
        # event, the kernel, bluetoothd and D-Bus: a stop written meanwhile is no stop to a belt known at rest.
        if char == TREADMILL_DATA and speed_in(value) == 0:
            self._late_zeros.append((now_s + self._heard_late_s, value))
            return
        if char == TREADMILL_DATA:
            self._late_zeros.clear()
        self.tap.notify(char, value, now_s, indication=indication)

    def step(self, now_s: float) -> None:
        """Let time pass for the treadmill; follow its habits."""
        while self._late_zeros and self._late_zeros[0][0] <= now_s:
            due_s, value = self._late_zeros.popleft()
            self.tap.notify(TREADMILL_DATA, value, due_s, indication=False)
        self.send(self.treadmill.step(now_s), now_s)
        habits = self.treadmill.habits
        self._air.set_silent(habits.radio_silent)
        if self._connection is None:
            if self._device.is_advertising == (habits.advert in (Advert.ABSENT, Advert.IN_USE)) and not self._busy:
                self._spawn(self._advertise())
        elif habits.supervision_s != self._asked_supervision_s:
            self._asked_supervision_s = habits.supervision_s
            self._spawn(self._connection.update_parameters(30, 50, 0, habits.supervision_s * 1e3, use_l2cap=True))


class GuestWorld(World):
    """The World with Bumble for its radio."""

    def __init__(self, config, now_s: float, machine: Machine, grace_s: float) -> None:
        super().__init__(config, now_s, machine, grace_s=grace_s)
        self._adapter_work: asyncio.Task[None] | None = None
        address = config.treadmill.address or machine.address
        self.radio = BumbleRadio(self.treadmill, self.tap, address, heard_late_s=grace_s)

    def mischief(self, name: str, on: bool, now_s: float) -> None:
        """As in the simulated world, and the adapter may go. bluetoothd is real: kill or stop it, not its image."""
        if name == ADAPTER_GONE:
            self.tap.link(now_s, "the adapter is pulled out" if on else "the adapter is put back")
            self._adapter_work = asyncio.ensure_future(self.radio.unplug() if on else self.radio.plug())
            return
        if name.startswith("bluetooth_"):
            raise WorldError("bluetoothd is a real process here: send it a signal instead.")
        super().mischief(name, on, now_s)


async def run(config_file: Path, runtime: Path, machine: str, gpio_sim: Path) -> None:
    """Until killed."""
    config = load_config(config_file)
    world = GuestWorld(config, time.monotonic(), machine_named(machine), grace_s=config.timing.tick_late_s)
    world.attach_pins(GpioSimLines(gpio_sim, config.wiring))
    await world.radio.start()
    loop = asyncio.get_running_loop()
    with Doors(open_runtime_directory(runtime)) as doors:
        look_s = step_s = loop.time()
        while True:
            now_s = time.monotonic()
            if loop.time() >= step_s:
                step_s = max(step_s + STEP_S, loop.time())
                doors.admit(world)
                world.step(now_s)
            else:
                world.receive(now_s)
            look_s = max(look_s + LOOK_S, loop.time())
            await asyncio.sleep(look_s - loop.time())


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--gpio-sim", type=Path, required=True)
    parser.add_argument("--treadmill", default=SIMULATED_S1.key)
    options = parser.parse_args()
    asyncio.run(run(options.config, options.runtime, options.treadmill, options.gpio_sim))
    return 0


if __name__ == "__main__":
    sys.exit(main())
