"""The shared link behaves as BlueZ was measured to (bluez.md F1-F20). Mailboxes in memory, time by hand."""

from __future__ import annotations

import pytest

from hardware.config import Config, Treadmill
from hardware.link.endpoint import memory_pair
from hardware.link.messages import (
    BeltToWorld,
    GattConnect,
    GattDisconnect,
    GattDropped,
    GattNotified,
    GattRead,
    GattResult,
    GattScan,
    GattSubscribe,
    GattWrite,
    WorldToBelt,
)
from hardware.simulated.machines import MACHINES, SIMULATED_S1, Machine
from hardware.simulated.peripheral import CONTROL_POINT, SPEED_RANGE, TREADMILL_DATA
from hardware.simulated.world import World

ADDRESS = "AA:BB:CC:00:11:22"
STEP_S = 0.02


class Process:
    """One process at the link: remembers what it was told."""

    def __init__(self, gym: Gym) -> None:
        self.gym = gym
        self.mine, theirs = memory_pair(WorldToBelt, BeltToWorld)
        gym.world.attach_link(theirs)
        gym.processes.append(self)
        self.results: dict[int, GattResult] = {}
        self.notified: list[GattNotified] = []
        self.dropped: list[GattDropped] = []
        self.last = 0

    def ask(self, kind, *arguments) -> int:
        self.last += 1
        self.mine.send(kind(self.last, *arguments), self.gym.now_s)
        return self.last

    def hear(self) -> None:
        for frame in self.mine.drain(self.gym.now_s):
            body = frame.body
            if isinstance(body, GattResult):
                self.results[body.id] = body
            elif isinstance(body, GattNotified):
                self.notified.append(body)
            else:
                self.dropped.append(body)

    def connect(self) -> GattResult:
        return self.answer(self.ask(GattConnect, ADDRESS), 1.0)

    def subscribe(self, *chars: int) -> None:
        for char in chars:
            assert self.answer(self.ask(GattSubscribe, char, True), 0.3).att_error == 0

    def write(self, command: str, *, response: bool = True) -> int:
        return self.ask(GattWrite, CONTROL_POINT, bytes.fromhex(command), response)

    def answer(self, id_: int, seconds: float) -> GattResult:
        self.gym.wait(seconds)
        return self.results[id_]

    def indications(self) -> list[str]:
        return [one.value.hex() for one in self.notified if one.char == CONTROL_POINT]


class Gym:
    def __init__(self, machine: Machine = SIMULATED_S1) -> None:
        self.now_s = 100.0
        self.world = World(Config(treadmill=Treadmill(address=ADDRESS)), self.now_s, machine)
        self.processes: list[Process] = []

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self.world.step(self.now_s)
            for process in self.processes:
                process.hear()

    def on(self, name: str) -> None:
        self.world.mischief(name, True, self.now_s)

    def off(self, name: str) -> None:
        self.world.mischief(name, False, self.now_s)

    @property
    def speed(self) -> float:
        return self.world.treadmill.true_ckmh

    def walking(self) -> Process:
        belt = Process(self)
        belt.connect()
        belt.subscribe(TREADMILL_DATA, CONTROL_POINT)
        self.world.hand("clip", False, self.now_s)
        self.wait(0.5)
        self.world.hand("clip", True, self.now_s)
        for command in ("00", "07"):
            assert belt.answer(belt.write(command), 0.3).att_error == 0
        self.wait(5)
        belt.answer(belt.write("02c800"), 5)
        assert self.speed == 200
        return belt


def test_it_is_found_by_its_address_and_service():
    gym = Gym()
    belt = Process(gym)
    adverts = belt.answer(belt.ask(GattScan), 0.5).adverts
    assert [(one.address, one.name, one.services) for one in adverts] == [(ADDRESS, "Simulated S1", (0x1826,))]


def test_connecting_takes_its_time_and_shows_what_there_is():
    gym = Gym()
    belt = Process(gym)
    id_ = belt.ask(GattConnect, ADDRESS)
    gym.wait(0.3)
    assert id_ not in belt.results
    gym.wait(0.2)
    assert belt.results[id_].att_error == 0
    assert not belt.results[id_].already_connected
    assert {TREADMILL_DATA, CONTROL_POINT, SPEED_RANGE} <= set(belt.results[id_].chars)
    assert belt.answer(belt.ask(GattRead, SPEED_RANGE), 0.2).value == bytes.fromhex("500040060a00")


def test_a_connected_treadmill_does_not_advertise_and_is_adopted_by_a_second_process():
    gym = Gym()
    first = Process(gym)
    first.connect()
    second = Process(gym)
    assert second.answer(second.ask(GattScan), 0.5).adverts == ()
    assert second.connect().already_connected


def test_a_foreign_address_is_not_found_and_says_so_after_eight_seconds():
    gym = Gym()
    belt = Process(gym)
    id_ = belt.ask(GattConnect, "00:00:00:00:00:01")
    gym.wait(7.5)
    assert id_ not in belt.results
    assert belt.answer(id_, 1).att_error == -1


def test_a_killed_process_leaves_link_belt_and_control_as_they_were():
    gym = Gym()
    belt = gym.walking()
    belt.mine.close()
    gym.wait(30)
    assert gym.world.radio.up
    assert gym.speed == 200
    again = Process(gym)
    assert again.connect().already_connected
    again.subscribe(CONTROL_POINT)
    assert again.answer(again.write("0801"), 4).att_error == 0  # no new Request Control: same link (F16)
    assert gym.speed == 0


def test_the_cccd_dies_with_the_last_process_that_subscribed():
    gym = Gym()
    belt = gym.walking()
    bystander = Process(gym)
    belt.mine.close()
    gym.wait(0.5)
    assert bystander.answer(bystander.write("0801"), 1).att_error == 0xFD
    assert gym.speed == 200


def test_a_process_that_subscribed_too_keeps_the_cccd_alive():
    gym = Gym()
    belt = gym.walking()
    stopper = Process(gym)
    stopper.subscribe(CONTROL_POINT)
    belt.mine.close()
    gym.wait(0.5)
    assert stopper.answer(stopper.write("0801"), 4).att_error == 0
    assert gym.speed == 0


def test_every_subscriber_hears_everything_as_often_as_there_are_subscribers():
    gym = Gym()
    belt = gym.walking()
    other = Process(gym)
    other.connect()
    other.subscribe(TREADMILL_DATA, CONTROL_POINT)
    belt.notified.clear()
    other.notified.clear()
    belt.answer(belt.write("0801"), 4)
    assert belt.indications() == other.indications() == ["800801", "800801"]


def test_a_disconnect_by_one_drops_all_two_seconds_later():
    gym = Gym()
    belt = gym.walking()
    other = Process(gym)
    other.connect()
    other.ask(GattDisconnect)
    gym.wait(1.9)
    assert gym.world.radio.up
    gym.wait(0.3)
    assert not gym.world.radio.up
    assert belt.dropped
    assert gym.speed == 200  # and the belt goes on


def test_silence_is_noticed_after_the_supervision_time_out_and_no_sooner():
    gym = Gym()
    belt = gym.walking()
    gym.on("link_cut")
    gym.wait(0.40)
    assert not belt.dropped
    gym.wait(0.06)
    assert belt.dropped
    assert gym.speed == 200
    assert belt.answer(belt.write("0801"), 0.1).att_error == -1


def test_a_longer_supervision_time_out_hides_the_loss_for_as_long():
    gym = Gym()
    gym.on("slow_supervision")
    belt = gym.walking()
    gym.on("link_cut")
    gym.wait(19.5)
    assert not belt.dropped
    gym.wait(1)
    assert belt.dropped


def test_a_silence_shorter_than_the_time_out_is_not_noticed_and_loses_nothing():
    gym = Gym()
    belt = gym.walking()
    gym.on("link_cut")
    id_ = belt.write("0801")
    gym.wait(0.2)
    assert id_ not in belt.results
    gym.off("link_cut")
    assert belt.answer(id_, 0.3).att_error == 0
    assert not belt.dropped
    gym.wait(4)
    assert gym.speed == 0


def test_writes_into_silence_fail_with_the_link_or_succeed_without_a_word():
    gym = Gym()
    belt = gym.walking()
    gym.on("link_cut")
    gym.wait(0.02)
    without = belt.write("0801", response=False)
    with_response = belt.write("0801")
    gym.wait(0.1)
    assert belt.results[without].att_error == 0  # proves nothing (F3)
    assert with_response not in belt.results
    gym.wait(0.5)
    assert belt.results[with_response].att_error == 0x0E
    assert gym.speed == 200


def test_a_second_write_before_the_first_is_answered_is_turned_away():
    gym = Gym()
    belt = gym.walking()
    first, second = belt.write("02fa00"), belt.write("0801")
    gym.wait(0.3)
    assert belt.results[first].att_error == 0
    assert belt.results[second].att_error == 0xFE


def test_a_machine_that_answers_nothing_blocks_the_line_for_thirty_seconds():
    gym = Gym()
    belt = gym.walking()
    gym.on("att_silent")
    stop, read = belt.write("0801"), belt.ask(GattRead, SPEED_RANGE)
    before = len(belt.notified)
    gym.wait(29)
    assert stop not in belt.results
    assert read not in belt.results
    assert len(belt.notified) >= before + 28  # data goes on all the while (F4)
    gym.wait(1.5)
    assert belt.results[stop].att_error == belt.results[read].att_error == 0x0E
    assert belt.dropped


def test_a_hung_service_delivers_late_what_it_was_given():
    gym = Gym()
    belt = gym.walking()
    gym.on("bluetooth_hung")
    heard = len(belt.notified)
    id_ = belt.write("0801")
    gym.wait(45)
    assert id_ not in belt.results
    assert len(belt.notified) == heard
    assert gym.speed == 200
    gym.off("bluetooth_hung")
    gym.wait(4)
    assert len(belt.notified) >= heard + 44
    assert gym.speed == 0  # 45 s late (F14)


def test_a_killed_service_tells_nobody_and_the_link_falls_two_seconds_later():
    gym = Gym()
    belt = gym.walking()
    gym.on("bluetooth_killed")
    gym.wait(2.0)
    assert gym.world.radio.up
    gym.wait(1.0)
    assert not gym.world.radio.up
    assert not belt.dropped
    assert belt.answer(belt.write("0801"), 0.1).att_error == -1
    gym.off("bluetooth_killed")
    assert belt.connect().att_error == 0


def test_a_flaky_connect_succeeds_at_the_third_attempt():
    gym = Gym()
    gym.on("flaky_connect")
    belt = Process(gym)
    assert [belt.connect().att_error for _ in range(3)] == [-1, -1, 0]


@pytest.mark.parametrize("name", ["vanished", "in_use", "link_cut"])
def test_a_treadmill_that_cannot_be_reached_neither_advertises_nor_connects(name):
    gym = Gym()
    gym.on(name)
    belt = Process(gym)
    assert belt.answer(belt.ask(GattScan), 0.5).adverts == ()
    assert belt.answer(belt.ask(GattConnect, ADDRESS), 9).att_error == -1


def test_a_twin_has_the_same_name_and_another_address():
    gym = Gym()
    gym.on("twin")
    belt = Process(gym)
    adverts = belt.answer(belt.ask(GattScan), 0.5).adverts
    assert len({one.address for one in adverts}) == 2
    assert len({one.name for one in adverts}) == 1


def test_an_early_speed_on_a_kingsmith_costs_everybody_the_link():
    gym = Gym(MACHINES["kingsmith-ks-hd-z1d"])
    belt = Process(gym)
    belt.connect()
    gym.wait(0.2)
    belt.subscribe(CONTROL_POINT)
    for command in ("00", "07", "026400"):
        belt.answer(belt.write(command), 0.4)
    assert belt.dropped
    gym.wait(6)
    assert gym.speed == 50
