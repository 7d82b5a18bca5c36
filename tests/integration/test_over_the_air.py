"""The simulated treadmill on a radio: a foreign GATT client (Bumble's) reads, starts, sets and stops it."""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import replace

import pytest
from bumble import hci
from bumble.att import ATT_Error
from bumble.core import UUID
from bumble.device import Device, DeviceConfiguration, Peer
from bumble.host import Host

from hardware.simulated.air import Air, AirController
from hardware.simulated.machines import BENCH, MACHINES, Machine
from hardware.simulated.over_the_air import Offer, advertisement
from hardware.simulated.peripheral import CONTROL_POINT, SPEED_RANGE, STATUS, TREADMILL_DATA, Peripheral

LIMIT_S = 20.0
CENTRAL = "B8:27:EB:00:00:02/P"


class Radio:
    """The treadmill and a central in one air; ``async with``."""

    def __init__(self, machine: Machine) -> None:
        self.said: list[str] = []
        self.air = Air(self.said.append)
        host = Host()
        host.controller = AirController("treadmill", link=self.air, public_address=f"{machine.address}/P")
        self.treadmill = Peripheral(machine, time.monotonic())
        self.offer = Offer(self.treadmill, host, self.said.append)
        mine = Host()
        mine.controller = AirController("central", link=self.air, public_address=CENTRAL)
        config = DeviceConfiguration(name="app", address=hci.Address("F0:F1:F2:F3:F4:F6"))
        self.central = Device(config=config, host=mine)

    async def __aenter__(self) -> Radio:
        self._running = asyncio.ensure_future(self.offer.run(public=True))
        await self.central.power_on()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.offer.stop()
        await self._running

    async def connect(self) -> Peer:
        address = hci.Address(f"{self.treadmill.machine.address}/P")
        connection = await self.central.connect(address, own_address_type=hci.OwnAddressType.PUBLIC, timeout=LIMIT_S)
        peer = Peer(connection)
        await peer.discover_services()
        await peer.discover_characteristics()
        return peer


def characteristic(peer: Peer, uuid: int):
    (found,) = peer.get_characteristics_by_uuid(UUID.from_16_bits(uuid))
    return found


async def until(reached, what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not reached():
        assert time.monotonic() < deadline, f"not reached: {what}"
        await asyncio.sleep(0.005)


def test_a_foreign_client_reads_starts_sets_and_stops_the_treadmill():
    async def scene() -> None:
        async with Radio(BENCH) as radio:
            peer = await radio.connect()
            assert struct.unpack("<HHH", await characteristic(peer, SPEED_RANGE).read_value()) == (80, 1600, 10)
            control = characteristic(peer, CONTROL_POINT)
            with pytest.raises(ATT_Error) as refused:
                await control.write_value(b"\x00", with_response=True)
            assert refused.value.error_code == 0xFD  # indications are not on yet
            answers: list[bytes] = []
            records: list[bytes] = []
            await control.subscribe(answers.append, prefer_notify=False)
            await characteristic(peer, TREADMILL_DATA).subscribe(records.append)
            await characteristic(peer, STATUS).subscribe(lambda _: None)
            for command in ("00", "07"):
                await control.write_value(bytes.fromhex(command), with_response=True)
                await until(lambda: answers and answers[-1] == bytes.fromhex(f"80{command}01"), command)  # noqa: B023
            await until(lambda: radio.treadmill.true_ckmh == 80, "it runs at its minimum")
            await control.write_value(bytes.fromhex("02c800"), with_response=True)
            await until(lambda: records and records[-1][2:4] == b"\xc8\0", "2.00 km/h is reported")
            await control.write_value(bytes.fromhex("0801"), with_response=True)
            await until(lambda: radio.treadmill.true_ckmh == 0, "it stands")
            await peer.connection.disconnect()
            await until(lambda: not radio.treadmill.link_up, "it knows that the link is gone")
            assert any("write  2ad9 08 01" in line for line in radio.said)

    asyncio.run(scene())


def test_it_advertises_again_after_a_lost_link_and_gives_control_anew():
    async def scene() -> None:
        async with Radio(BENCH) as radio:
            for _ in range(2):
                peer = await radio.connect()
                control = characteristic(peer, CONTROL_POINT)
                answers: list[bytes] = []
                await control.subscribe(answers.append, prefer_notify=False)
                await control.write_value(b"\x07", with_response=True)
                await until(lambda: bool(answers), "an answer")  # noqa: B023
                assert answers == [b"\x80\x07\x05"]  # nothing is left of an earlier client's control
                await control.write_value(b"\x00", with_response=True)
                await until(lambda: len(answers) == 2, "control")  # noqa: B023
                await peer.connection.disconnect()
                await until(lambda: not radio.treadmill.link_up, "the link is gone")

    asyncio.run(scene())


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_each_machine_fits_an_advertisement_and_tells_its_service(name):
    data = advertisement(Peripheral(MACHINES[name], 0.0))
    assert len(data) <= 31, "legacy advertising"
    assert b"\x03\x02\x26\x18" in data


def test_a_machine_that_wants_pairing_obeys_a_client_that_has_paired_and_knows_it_again():
    async def scene() -> None:
        async with Radio(replace(BENCH, habits=replace(BENCH.habits, needs_pairing=True))) as radio:
            for paired in (False, True):
                peer = await radio.connect()
                control = characteristic(peer, CONTROL_POINT)
                await control.subscribe(lambda _: None, prefer_notify=False)
                with pytest.raises(ATT_Error) as refused:
                    await control.write_value(b"\x00", with_response=True)
                assert refused.value.error_code == 0x0F
                await (peer.connection.encrypt() if paired else peer.connection.pair())
                await control.write_value(b"\x00", with_response=True)
                await until(lambda: radio.treadmill.has_control, "control")
                await peer.connection.disconnect()
                await until(lambda: not radio.treadmill.link_up, "end of the link")

    asyncio.run(scene())
