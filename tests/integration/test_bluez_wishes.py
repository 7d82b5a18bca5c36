"""The Wishes of staff over real bleak and real D-Bus: scan beside the link, stops that begin with a trial, leave."""

from dataclasses import replace

from hardware.belt import trial
from hardware.link.messages import LinkState, StopBy, StopOutcome, Wish, WishMode
from hardware.simulated.machines import BENCH
from hardware.simulated.peripheral import Peripheral
from tests.support.bluez import ADDRESS
from tests.support.bluez_bench import BluezBench, run, until

STOP, CONTROL, PAUSE = b"\x08\x01", b"\x00", b"\x08\x02"
OTHER = "C0:FF:EE:00:00:77"


def at_rest(frame):
    return frame.stop_outcome is StopOutcome.AT_REST


def test_a_scan_lists_the_connected_treadmill_and_the_others_and_drops_nothing(bus, monkeypatch):
    monkeypatch.setattr("hardware.belt.scanner.SCAN_S", 0.3)

    async def work():
        async with BluezBench(bus) as bench:
            await bench.ready()
            bench.fake.character.extra_devices = {OTHER: ("Other", True), "C0:FF:EE:00:00:78": ("Watch", False)}
            bench.wish = Wish(1, WishMode.STOP, 0, 0, scan=True)
            await bench.until(lambda frame: frame.scans >= 2, "scans", 20)
            assert [(one.address, one.connected) for one in bench.frame.found] == [(ADDRESS, True), (OTHER, False)]
            assert bench.frame.found[0].rssi is None
            assert bench.frame.generation == 1
            assert bench.frame.link is LinkState.READY
            assert bench.fake.commands() == [CONTROL]

    run(work)


def test_an_unbound_process_finds_a_treadmill_to_bind(bus, monkeypatch):
    monkeypatch.setattr("hardware.belt.scanner.SCAN_S", 0.3)

    async def work():
        async with BluezBench(bus, address=None) as bench:
            bench.wish = Wish(1, WishMode.STOP, 0, 0, control=False, scan=True)
            await bench.until(lambda frame: frame.found, "treadmill", 20)
            assert [(one.address, one.connected) for one in bench.frame.found] == [(ADDRESS, False)]
            assert bench.fake.commands() == []

    run(work)


def test_without_control_only_data_flows(bus):
    async def work():
        async with BluezBench(bus) as bench:
            bench.wish = Wish(1, WishMode.STOP, 0, 0, control=False)
            await bench.until(lambda frame: frame.reading_seq > 5, "readings")
            assert bench.frame.link is LinkState.READ_ONLY
            assert bench.fake.commands() == []

    run(work)


def test_a_stop_by_pause_and_a_stop_without_a_link(bus, monkeypatch):
    monkeypatch.setattr(trial, "AWAY_S", 0.5)

    async def work():
        async with BluezBench(bus) as bench:
            await bench.walking(150)
            bench.wish = Wish(3, WishMode.STOP, 0, 0, StopBy.PAUSE)
            await bench.until(at_rest, "rest", 15)
            assert bench.frame.pause_works is True
            assert bench.fake.commands()[-1] == PAUSE
            bench.want(WishMode.RUN, 4, 150)
            await bench.until(lambda frame: abs((frame.speed_ckmh or 0) - 150) < 10, "speed")
            before = len(bench.fake.commands())
            seen = len(bench.frames)
            bench.wish = Wish(5, WishMode.STOP, 0, 0, StopBy.UNLINK)
            await bench.until(at_rest, "rest", 20)
            assert bench.frame.generation == 2
            assert bench.fake.commands()[before:][:2] == [CONTROL, STOP]
            told = [frame for frame in bench.frames[seen:] if frame.generation == 2 and frame.speed_ckmh]
            assert told[0].stop_outcome is StopOutcome.WRITING

    run(work)


def test_asked_by_the_guard_to_leave_it_ends_and_lets_go_of_the_link(bus):
    async def work():
        async with BluezBench(bus) as bench:
            await bench.ready()
            bench.wish = Wish(1, WishMode.STOP, 0, 0, leave=True)
            await until(bench.task.done, "end")
            assert bench.task.result() is True
            await until(lambda: not bench.fake.treadmill.link_up, "link down")

    run(work)


def test_a_control_point_whose_subscription_was_dropped_is_subscribed_to_again(bus):
    async def work():
        async with BluezBench(bus) as bench:
            # Before it is found, so that the first connection meets a machine that drops close CCCD writes.
            habits = replace(BENCH.habits, cccd_gap_s=0.1)
            bench.fake.treadmill = Peripheral(replace(BENCH, habits=habits), bench.link._clock.now())
            await bench.ready()
            assert bench.fake.commands().count(CONTROL) >= 2
            assert bench.frame.generation == 1

    run(work)
