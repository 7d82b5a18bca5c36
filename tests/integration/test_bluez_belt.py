"""The belt process over real bleak and real D-Bus against a stand-in for bluetoothd (bluez.md F1-F20)."""

import asyncio
import time

import pytest
from bleak import BleakScanner

from hardware.belt.bluetooth import BluetoothLink
from hardware.belt.link import CONTROL_POINT, TREADMILL_DATA, Fault, LinkError
from hardware.link.clock import RealClock
from hardware.link.messages import LinkState, StopOutcome, WishMode
from tests.support.bluez import ADDRESS, FakeBluez
from tests.support.bluez_bench import BluezBench, run, until

STOP, CONTROL, START = b"\x08\x01", b"\x00", b"\x07"


def at_rest(frame):
    return frame.stop_outcome is StopOutcome.AT_REST


def test_find_connect_control_start_speed_stop(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.walking(150)
            assert bench.frame.facts.model == "bench"
            assert bench.fake.commands() == [CONTROL, START, b"\x02\x96\x00"]
            asked_s = bench.want(WishMode.STOP, 3)
            await bench.until(at_rest, "rest")
            assert set(bench.fake.commands(asked_s)) == {STOP}
            assert bench.fake.treadmill.true_ckmh == 0
            assert bench.process.refusals == []

    run(work)


def test_a_stop_behind_a_target_in_flight_goes_out_next_and_nothing_after_it(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.walking(100)
            bench.fake.character.write_s = 0.15  # bleak is told InProgress and asks again every 10 ms (F18)
            await until(lambda: not bench.process.client.control_point.in_flight, "pause")
            bench.want(WishMode.RUN, 2, 150)
            await until(lambda: bench.process.client.control_point.in_flight[:1] == b"\x02", "target in flight")
            asked_s = bench.want(WishMode.STOP, 3)
            await until(lambda: STOP in bench.fake.commands(asked_s), "stop")
            bench.fake.character.write_s = 0.005
            await bench.until(at_rest, "rest")
            assert [value[0] for value in bench.fake.commands(asked_s)][:2] in ([0x02, 0x08], [0x08, 0x08])
            last_target = max(n for n, value in enumerate(bench.fake.commands()) if value[0] == 0x02)
            assert STOP in bench.fake.commands()[last_target:]

    run(work)


def test_a_bluetoothd_that_hangs_holds_up_neither_the_frames_nor_the_stop_after_it(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.walking(150)
            bench.fake.freeze()
            asked_s = bench.want(WishMode.STOP, 3)
            seen = len(bench.frames)
            await bench.until(lambda frame: (frame.reading_age_s or 0) > 1.5, "age")
            assert len(bench.frames) - seen > 40
            assert bench.frame.stop_written_at_s is not None
            assert bench.fake.commands(asked_s) == []
            bench.fake.thaw()
            await bench.until(at_rest, "rest", 15)
            slowest = b"\x02\x50\x00"  # a rung of the ladder, as the belt did not slow for so long
            assert set(bench.fake.commands(asked_s)) <= {CONTROL, STOP, slowest}

    run(work)


def test_a_bluetoothd_that_is_killed_is_noticed_at_once_and_after_its_return_the_belt_is_stopped_first(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.walking(150)
            killed_s = time.monotonic()
            await bench.fake.kill()
            await bench.until(lambda frame: frame.link in (LinkState.LOST, LinkState.OFF), "loss", 1.0)
            bench.want(WishMode.STOP, 3)
            await bench.until(lambda frame: "Bluetooth service is not running" in frame.trouble, "words")
            await bench.fake.start()
            await bench.until(at_rest, "rest", 15)
            assert bench.frame.generation == 2
            assert bench.fake.commands(killed_s)[:2] == [CONTROL, STOP]
            assert {value[0] for value in bench.fake.commands(killed_s)} <= {0x00, 0x08}

    run(work)


def test_a_link_that_drops_is_made_again_and_no_old_target_is_written(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.walking(150)
            lost_s = time.monotonic()
            bench.fake.drop()
            await bench.until(lambda frame: frame.link is LinkState.LOST, "loss")
            await bench.until(lambda frame: frame.generation == 2, "connection")
            await bench.until(lambda frame: frame.link is LinkState.READ_ONLY, "data")
            assert bench.fake.commands(lost_s) == []
            bench.want(WishMode.STOP, 3)
            await bench.until(at_rest, "rest")
            assert bench.fake.commands(lost_s)[:2] == [CONTROL, STOP]

    run(work)


def test_a_connect_that_never_says_connected_is_tried_again(bus):
    async def work():
        async with BluezBench(bus) as bench:
            bench.fake.character.forget_connected = 1  # F19
            await bench.ready()
            assert bench.fake.connects >= 2

    run(work)


def test_a_treadmill_that_refuses_the_connection_is_said_in_words_and_tried_again(bus):
    async def work():
        async with BluezBench(bus) as bench:
            bench.fake.character.refuse_connects = 3
            await bench.until(lambda frame: "does not let this kiosk connect" in frame.trouble, "words", 15)
            await bench.ready()

    run(work)


def test_a_second_subscriber_doubles_no_reading_and_no_answer(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.ready()
            other = BluetoothLink(None, RealClock())
            opened = await other.connect(ADDRESS, 8.0)
            assert opened.adopted
            await other.subscribe(TREADMILL_DATA, 1.0)
            await other.subscribe(CONTROL_POINT, 1.0)
            await until(lambda: len(other.events()) > 0, "data of the other")
            first = bench.frame.reading_seq
            begun_s = time.monotonic()
            await until(lambda: bench.frame.reading_seq >= first + 10, "readings")
            period_s = (time.monotonic() - begun_s) / 10
            assert period_s > 0.08  # 0.1 s a record, each said twice (F17)
            bench.lease.active = True
            bench.want(WishMode.RUN, 2, 150)
            await bench.until(lambda frame: (frame.speed_ckmh or 0) > 140, "speed")
            assert bench.fake.commands().count(START) == 1
            await other.close(drop=True)

    run(work)


def test_writes_that_no_att_answers_are_given_up_and_a_new_link_is_made(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.walking(150)
            bench.fake.character.no_att_answer = True  # F4
            asked_s = bench.want(WishMode.STOP, 3)
            await bench.until(lambda frame: frame.link is LinkState.LOST, "new link", 6)
            assert bench.fake.commands(asked_s) == []
            bench.fake.character.no_att_answer = False
            await bench.until(at_rest, "rest", 15)
            assert bench.frame.generation == 2

    run(work)


def test_a_machine_that_wants_pairing_is_paired_by_our_agent_and_no_other_device_is(bus):
    async def work():
        async with BluezBench(bus) as bench:
            bench.fake.character.needs_pairing = True
            await bench.ready()
            assert bench.fake.paired
            assert bench.fake.pair_replies == ["yes"]
            assert not bench.link._may_pair("/org/bluez/hci0/dev_00_11_22_33_44_55")

    run(work)


def test_a_control_point_that_offers_no_write_with_response_is_written_without(bus):
    async def work():
        async with BluezBench(bus) as bench:
            bench.fake.character.commands_only = True
            await bench.walking(150)
            bench.want(WishMode.STOP, 3)
            await bench.until(at_rest, "rest")

    run(work)


def test_a_machine_that_must_be_paired_before_it_indicates_is_given_the_time(bus):
    async def work():
        async with BluezBench(bus) as bench:
            bench.fake.character.pairs_to_listen = True
            bench.fake.character.pair_s = 0.5
            await bench.ready()
            assert bench.fake.pair_replies == ["yes"]
            assert bench.frame.generation == 1

    run(work)


def test_asked_to_leave_it_stops_the_belt_and_then_drops_the_link(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.walking(150)
            bench.process.leave()
            await until(bench.task.done, "end")
            assert bench.task.result() is True
            assert bench.fake.commands()[-1] == STOP
            assert bench.fake.treadmill.true_ckmh == 0
            await until(lambda: not bench.fake.treadmill.link_up, "link down")

    run(work)


# ---------------------------------------------------------------------------------------------- the link alone


async def linked(bus, **character):
    fake = FakeBluez(bus.address)
    for name, value in character.items():
        setattr(fake.character, name, value)
    await fake.start()
    return fake, BluetoothLink(None, RealClock())


def fault_of(bus, **character):
    faults = []

    async def work():
        fake, link = await linked(bus, **character)
        try:
            await link.connect(ADDRESS, 2.0)
        except LinkError as error:
            faults.append(error.fault)
        finally:
            await link.close(drop=True)
            await fake.close()

    run(work)
    return faults


@pytest.mark.parametrize(
    ("character", "fault"),
    [
        ({"adapter": False}, Fault.NO_ADAPTER),
        ({"powered": False}, Fault.ADAPTER_OFF),
        ({"advertises": False}, Fault.NOT_FOUND),
    ],
)
def test_what_stands_in_the_way_has_its_name(bus, character, fault):
    assert fault_of(bus, **character) == [fault]


def test_without_bluetoothd_the_fault_is_bluetoothd(bus):
    async def work():
        link = BluetoothLink(None, RealClock())
        with pytest.raises(LinkError) as caught:
            await link.connect(ADDRESS, 2.0)
        assert caught.value.fault is Fault.NO_BLUETOOTHD
        await link.close(drop=True)

    run(work)


def test_without_a_system_bus_the_fault_is_bluetoothd(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")

    async def work():
        link = BluetoothLink(None, RealClock())
        with pytest.raises(LinkError) as caught:
            await link.scan(1.0)
        assert caught.value.fault is Fault.NO_BLUETOOTHD
        await link.close(drop=True)

    asyncio.run(work())


def test_a_scan_lists_ftms_treadmills_by_address_the_connected_ones_too_and_nothing_else(bus):
    async def work():
        fake, link = await linked(
            bus,
            extra_devices={
                "C0:FF:EE:00:00:99": ("Simulated bench", True),
                "00:11:22:33:44:55": ("Headphones", False),
            },
        )
        seen = await link.scan(0.3)
        assert {one.address for one in seen} == {ADDRESS, "C0:FF:EE:00:00:99"}
        assert {one.name for one in seen} == {"Simulated bench"}
        assert not any(one.connected for one in seen)
        await link.connect(ADDRESS, 5.0)
        again = {one.address: one.connected for one in await link.scan(0.3)}
        assert again[ADDRESS]
        await link.close(drop=True)
        await fake.close()

    run(work)


@pytest.mark.parametrize(
    "error", [AttributeError("bus"), RuntimeError("loop"), ValueError("bytes"), TypeError("body")]
)
def test_whatever_bleak_raises_becomes_a_fault_of_the_link(bus, monkeypatch, error):
    """A scan, a healing or an asking again that ended of anything else would never be tried again."""

    async def raising(*_, **__):
        raise error

    async def work():
        fake, link = await linked(bus)
        monkeypatch.setattr(BleakScanner, "discover", raising)
        with pytest.raises(LinkError) as caught:
            await link.scan(0.1)
        assert caught.value.fault is Fault.OTHER
        await link.close(drop=True)
        await fake.close()

    run(work)


def test_notifications_of_a_connection_given_up_do_not_reach_the_next(bus):
    async def work():
        fake, link = await linked(bus)
        first = await link.connect(ADDRESS, 5.0)
        await link.subscribe(TREADMILL_DATA, 1.0)
        await until(lambda: [event for event in link.events() if event.generation == first.generation], "data")
        await link.disconnect()
        await until(lambda: not fake.treadmill.link_up, "link down")
        second = await link.connect(ADDRESS, 5.0)
        assert second.generation == first.generation + 1
        link.events()
        await link.subscribe(TREADMILL_DATA, 1.0)
        arrived = []
        await until(lambda: arrived.extend(link.events()) or len(arrived) > 3, "data")
        assert {event.generation for event in arrived} == {second.generation}
        await link.close(drop=True)
        await fake.close()

    run(work)
