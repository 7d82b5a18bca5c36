"""Belt process and stopper as real processes over a stand-in for bluetoothd; the test is the guard.

kill -9 and SIGSTOP of the belt process in mid-walk: the belt comes to rest all the same (bluez.md F15-F17).
"""

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from hardware.config.profiles import profile_path
from hardware.constants import TICK_S
from hardware.link.endpoint import Listener, SocketEndpoint, connect
from hardware.link.lease import Lease
from hardware.link.messages import Belt, Complaint, LinkState, Sentry, StopOutcome, Wish, WishMode
from hardware.link.paths import open_runtime_directory
from hardware.simulated.peripheral import Console
from hardware.stopper.bluez import BluezWriter
from tests.support.bluez import ADDRESS, DEVICE, FakeBluez
from tests.support.bluez_bench import until

STOP, CONTROL = b"\x08\x01", b"\x00"
PROFILE = f"""
name = "bench"
address = "{ADDRESS}"
cap_ckmh = 500
start_latency_s = 0.3
data_period_s = 0.1
"""


class Processes:
    """Belt and stopper as processes, and the guard's part played by the test."""

    def __init__(self, bus, directory):
        self.fake = FakeBluez(bus.address)
        self.config = directory / "c.toml"
        self.config.write_text(f'[treadmill]\naddress = "{ADDRESS}"\n[data]\ndirectory = "{directory}"\n')
        path = profile_path(directory, ADDRESS)
        path.parent.mkdir()
        path.write_text(PROFILE)
        self.paths = open_runtime_directory(directory / "run")
        self.lease = Lease(self.paths.lease, writable=True)
        self.listener = Listener(self.paths.guard_belt)
        self.processes = []
        self.belt = self.sentry = None
        self.wish = Wish(1, WishMode.STOP, 0, 0)
        self.stop_now = False
        self.at_rest = False
        self.alive = True
        self.frame = None

    async def spawn(self, name, *more):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"hardware.{name}", "--config", str(self.config), "--runtime",
            str(self.paths.directory), *more, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.processes.append(process)
        return process

    async def guard(self):
        while True:
            now_s = time.monotonic()
            sock = self.listener.accept()
            if sock is not None:
                if self.belt is not None:
                    self.belt.close()
                self.belt = SocketEndpoint(sock, Belt)
            if self.sentry is None or self.sentry.closed:
                sock = connect(self.paths.stopper)
                self.sentry = None if sock is None else SocketEndpoint(sock, Complaint)
            if self.alive and self.sentry is not None:
                self.sentry.send(Sentry("guard", self.lease.active, self.stop_now, self.at_rest, ADDRESS), now_s)
            if self.belt is not None:
                if self.alive:
                    self.belt.send(self.wish, now_s)
                for frame in self.belt.drain(now_s):
                    self.frame = frame.body
            await asyncio.sleep(TICK_S)

    def want(self, mode, epoch, speed_ckmh=0):
        self.wish = Wish(epoch, mode, speed_ckmh, 0)
        return time.monotonic()

    async def walking(self):
        await until(lambda: self.frame and self.frame.link is LinkState.READY, "control", 20)
        await until(lambda: self.frame.stop_outcome is StopOutcome.AT_REST, "rest")
        self.lease.take("test")
        self.want(WishMode.RUN, 2, 150)
        await until(lambda: self.frame.speed_ckmh == 150, "speed")


@asynccontextmanager
async def house(bus, directory, *names):
    processes = Processes(bus, directory)
    await processes.fake.start()
    guarding = asyncio.ensure_future(processes.guard())
    try:
        started = [await processes.spawn(name) for name in names]
        yield processes, started
    finally:
        guarding.cancel()
        await asyncio.wait({guarding})
        for process in processes.processes:
            if process.returncode is None:
                process.kill()
            await process.communicate()
        for endpoint in (processes.belt, processes.sentry):
            if endpoint is not None:
                endpoint.close()
        processes.listener.close()
        processes.lease.close()
        await processes.fake.close()


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_with_the_belt_process_frozen_or_killed_the_stopper_stops_the_belt_when_asked(bus, tmp_path, number):
    async def work():
        async with house(bus, tmp_path, "stopper", "belt") as (it, (stopper, belt)):
            await it.walking()
            os.kill(belt.pid, number)
            it.stop_now = True
            asked_s = it.want(WishMode.STOP, 3)
            await until(lambda: it.fake.treadmill.true_ckmh == 0, "rest")
            assert it.fake.commands(asked_s)[0] == STOP
            assert it.fake.treadmill.link_up
            senders = {one.sender for one in it.fake.written if one.at_s > asked_s}
            assert len(senders) == 1
            assert stopper.returncode is None

    asyncio.run(work())


def test_guard_and_belt_process_both_gone_the_stopper_stops_the_belt_by_itself(bus, tmp_path):
    async def work():
        async with house(bus, tmp_path, "stopper", "belt") as (it, (_, belt)):
            await it.walking()
            lost_s = time.monotonic()
            belt.kill()
            it.alive = False
            it.belt.close()
            await until(lambda: it.fake.treadmill.true_ckmh == 0, "rest")
            assert set(it.fake.commands(lost_s)) == {STOP}

    asyncio.run(work())


def test_a_killed_belt_process_is_followed_by_one_that_adopts_the_link_and_stops_the_belt_first(bus, tmp_path):
    async def work():
        async with house(bus, tmp_path, "belt") as (it, (belt,)):
            await it.walking()
            belt.kill()
            await belt.wait()
            assert it.fake.treadmill.link_up
            lost_s = it.want(WishMode.STOP, 3)
            await it.spawn("belt")
            await until(lambda: it.frame.adopted, "adoption", 20)
            await until(lambda: it.frame.stop_outcome is StopOutcome.AT_REST, "rest", 15)
            assert it.fake.commands(lost_s)[:2] == [CONTROL, STOP]
            assert {value[0] for value in it.fake.commands(lost_s)} <= {0x00, 0x08}

    asyncio.run(work())


def test_sigterm_stops_the_belt_first_and_exits_0(bus, tmp_path):
    async def work():
        async with house(bus, tmp_path, "belt") as (it, (belt,)):
            await it.walking()
            belt.terminate()
            assert await asyncio.wait_for(belt.wait(), 15) == 0
            assert it.fake.commands()[-1] == STOP
            assert it.fake.treadmill.true_ckmh == 0

    asyncio.run(work())


def test_sigterm_with_a_belt_that_will_not_stop_ends_all_the_same_and_leaves_the_link_to_the_stopper(bus, tmp_path):
    async def work():
        async with house(bus, tmp_path, "stopper", "belt") as (it, (_, belt)):
            await it.walking()
            it.fake.character.no_att_answer = False
            it.fake.treadmill.habits = _deaf(it.fake.treadmill.habits)
            belt.terminate()
            assert await asyncio.wait_for(belt.wait(), 20) == 1
            assert it.fake.treadmill.link_up

    asyncio.run(work())


def _deaf(habits):
    from hardware.simulated.machines import Pause, Stop

    return replace(habits, stop=Stop.IGNORED, pause=Pause.IGNORED)


def test_once_stops_a_belt_whose_lease_is_open_and_leaves_the_link(bus, tmp_path):
    async def work():
        async with house(bus, tmp_path, "belt") as (it, (belt,)):
            await it.walking()
            belt.kill()
            await belt.wait()
            once = await it.spawn("stopper", "--once")
            assert await asyncio.wait_for(once.wait(), 20) == 0
            await until(lambda: it.fake.treadmill.true_ckmh == 0, "rest")
            assert it.fake.treadmill.link_up

    asyncio.run(work())


@pytest.mark.parametrize(
    "character", [{}, {"names_improperly_configured": True}, {"commands_only": True}], ids=["", "named", "commands"]
)
def test_the_first_stop_over_a_link_that_it_made_itself_is_one_that_the_treadmill_obeys(bus, character):
    """Nobody has control there, indications are off, and what comes before the answer to another is thrown away."""

    async def work():
        fake = await FakeBluez(bus.address).start()
        fake.character = replace(fake.character, **character)
        fake._present = True
        fake.treadmill.press(Console.START, time.monotonic())
        writer = BluezWriter(ADDRESS)
        try:
            await writer.prepare()
            assert not await writer.stop()
            assert await writer.connect()
            await until(lambda: fake.treadmill.true_ckmh > 0 and writer.path, "motion and the control point")
            assert await asyncio.wait_for(writer.stop(), 2)
            await until(lambda: fake.treadmill.true_ckmh == 0, "rest", 2)
            asked = len(fake.commands())
            assert await asyncio.wait_for(writer.stop(), 2)
            assert fake.commands()[asked:] == [STOP]  # control is held: nothing stands before a stop any more
        finally:
            await writer.close()
            await fake.close()

    asyncio.run(work())


class TwoRadios(FakeBluez):
    """A dongle beside the Pi's own radio: BlueZ keeps what it knows of a treadmill for each of them."""

    def _managed(self):
        objects = super()._managed()
        other = {path.replace("/hci0", "/hci1"): value for path, value in {**objects, **self._gatt_objects()}.items()}
        path = DEVICE.replace("/hci0", "/hci1")
        other[path] = self._device_interfaces(ADDRESS, "Simulated bench", True, False)
        return {**dict(list(other.items())[:1]), **objects, **other}


@pytest.mark.parametrize("adapter", [None, "hci1"])
def test_with_two_radios_the_stop_goes_over_the_one_that_has_the_link(bus, adapter):
    async def work():
        fake = await TwoRadios(bus.address).start()
        fake._present = True
        writer = BluezWriter(ADDRESS, adapter)
        try:
            await fake._connect()
            await writer.prepare()
            assert writer.path.startswith(DEVICE)
            assert await asyncio.wait_for(writer.stop(), 2)
            assert STOP in fake.commands()
        finally:
            await writer.close()
            await fake.close()

    asyncio.run(work())


def test_with_two_radios_and_no_link_a_new_one_is_made_over_the_chosen_one(bus):
    async def work():
        fake = await TwoRadios(bus.address).start()
        fake._present = True
        writer = BluezWriter(ADDRESS, "hci0")
        try:
            await writer.prepare()
            assert writer.device == DEVICE
            assert await writer.connect()
        finally:
            await writer.close()
            await fake.close()

    asyncio.run(work())


def test_once_writes_nothing_without_a_lease(bus, tmp_path):
    async def work():
        async with house(bus, tmp_path) as (it, _):
            once = await it.spawn("stopper", "--once")
            assert await asyncio.wait_for(once.wait(), 20) == 0
            assert it.fake.written == []

    asyncio.run(work())


def test_once_that_cannot_reach_the_treadmill_says_so(bus, tmp_path):
    async def work():
        async with house(bus, tmp_path) as (it, _):
            it.lease.take("test")
            once = await it.spawn("stopper", "--once")
            _, err = await asyncio.wait_for(once.communicate(), 20)
            assert once.returncode == 1
            assert b"pull its own key" in err

    asyncio.run(work())


@pytest.mark.parametrize("name", ["belt", "stopper"])
def test_a_configuration_that_cannot_be_used_is_said_in_a_sentence(bus, tmp_path, name):
    async def work():
        async with house(bus, tmp_path) as (it, _):
            it.config.write_text("[treadmill]\nadress = 1\n")
            process = await it.spawn(name)
            _, err = await asyncio.wait_for(process.communicate(), 20)
            assert process.returncode == 2
            assert b'Did you mean "address"?' in err
            assert b"Traceback" not in err

    asyncio.run(work())


def test_retrowalk_scan_lists_what_is_in_reach_and_says_what_is_wrong(bus, tmp_path):
    async def scan(*more):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from kiosk.cli import main; main()", "scan", "--seconds", "1", *more,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    async def work():
        fake = await FakeBluez(bus.address).start()
        code, out, err = await scan()
        assert code == 0
        assert "00:42" in out
        assert "strong" in out
        assert err == ""
        code, out, _ = await scan("--json")
        assert '"address":"C0:FF:EE:00:00:42"' in out
        fake.character.advertises = False
        await fake.kill()
        code, _, err = await scan()
        assert code == 1
        assert "Bluetooth service is not running" in err
        assert "Traceback" not in err
        await fake.start()
        code, out, _ = await scan()
        assert "No FTMS treadmill is in reach" in out
        await fake.close()

    asyncio.run(work())
