"""The guard's loop: samples between ticks, seats, lease, permit pulses, what is told to whom."""

from __future__ import annotations

import socket
from itertools import pairwise

import msgspec
import pytest

from hardware.config import Checks as ConfigChecks
from hardware.config import Config, Limits, PinsKind, Wiring, WiringLevel
from hardware.constants import ALARM_TEST_S, LEAVE_S, SAMPLE_S, TICK_S
from hardware.gpio.pins import PinError, WorldPins
from hardware.guard.black_box import BlackBoxError, Memory, Opening, Step, entries
from hardware.guard.limits import House
from hardware.guard.loop import Guard, _next_due, belt_seat, kiosk_seat, rules_of, run
from hardware.guard.machine import step
from hardware.guard.memory import Rules
from hardware.guard.opening import Check
from hardware.guard.seat import Seat
from hardware.link.endpoint import Listener, SocketEndpoint, connect, memory_pair
from hardware.link.mailbox import Mailbox
from hardware.link.messages import (
    Alive,
    Arm,
    BeginCheck,
    Belt,
    BlackBoxAck,
    BlackBoxChunk,
    Cause,
    Complaint,
    Contact,
    Envelope,
    GuardToKiosk,
    KioskToGuard,
    LinkState,
    Missing,
    PinDrive,
    PinLevels,
    Proof,
    Purpose,
    Rebind,
    Refused,
    Reset,
    ResetBy,
    SafetyEvent,
    Sentry,
    SoundAlarm,
    Start,
    State,
    Status,
    Stop,
    StopWhy,
    Wish,
    WishMode,
)
from tests.support.plant import Habits, Plant, plant_rules

WIRING = Wiring(pins=PinsKind.SIMULATED, level=WiringLevel.H1, permit=23, permit_readback=24, alarm=25)


class LeaseBook:
    def __init__(self, active: bool = False) -> None:
        self.active, self.session = active, "before" if active else ""
        self.opening: tuple[str, float] | None = None
        self.staff = False
        self.log: list[str] = []

    def take(self, session: str) -> None:
        self.active, self.session = True, session
        self.log.append(f"take {session}")

    def release(self) -> None:
        self.active = False
        self.log.append("release")

    def keep_opening(self, record: tuple[str, float] | None) -> None:
        self.opening = record

    def keep_staff(self, staff: bool) -> None:
        self.staff = staff


class House2:
    """The guard with memory mailboxes, a plant behind the belt's, and hands on the pins."""

    def __init__(
        self,
        *,
        lease: bool = False,
        wiring: Wiring = WIRING,
        rules: Rules | None = None,
        opening=None,
        staff: bool = False,
    ) -> None:
        self.now = 1000.0
        habits = Habits(latency_s=0.5)
        self.plant = Plant(habits, now=self.now)
        self.lease = LeaseBook(lease)
        self.lease.opening, self.lease.staff = opening, staff
        pins, self.world = memory_pair(PinLevels, PinDrive)
        self.levels = {17: 0, 27: 0, 24: 0}
        self.belt_seat, self.kiosk_seat = belt_seat(), kiosk_seat()
        self.stopper_seen: list[Sentry] = []
        stopper, self.stopper = memory_pair(Complaint, Sentry)
        self.guard = Guard(
            rules=rules or plant_rules(habits),
            wiring=wiring,
            pins=WorldPins(pins),
            belt=self.belt_seat,
            kiosk=self.kiosk_seat,
            stopper=Mailbox(lambda: stopper),
            lease=self.lease,
            now_s=self.now,
        )
        self.wishes: list[tuple[float, Wish]] = []
        self.drives: list[tuple[float, PinDrive]] = []
        self.told: list[tuple[float, object]] = []
        self.drawn = 0
        self.drawing = True
        self.permit_edges = 0
        self.kiosk = self.belt = None
        self.connect_belt()
        self.connect_kiosk()
        self.tell_world()

    def connect_belt(self) -> None:
        guards, self.belt = memory_pair(Belt, Wish)
        self.belt_seat.take(guards)

    def connect_kiosk(self) -> None:
        guards, self.kiosk = memory_pair(KioskToGuard, GuardToKiosk)
        self.kiosk_seat.take(guards)

    def tell_world(self) -> None:
        self.world.send(PinLevels(tuple(self.levels.items())), self.now)

    def hand(self, pin: int, level: int) -> None:
        self.levels[pin] = level
        self.tell_world()

    def after(self) -> None:
        """Read what the guard has sent."""
        for frame in self.world.drain(self.now):
            self.drives.append((self.now, frame.body))
        for frame in self.belt.drain(self.now):
            self.wishes.append((frame.t_s, frame.body))
        for frame in self.kiosk.drain(self.now):
            self.told.append((frame.t_s, frame.body))
        for frame in self.stopper.drain(self.now):
            self.stopper_seen.append(frame.body)

    def quantum(self, *messages: object) -> None:
        if self.drawing and self.drawn % 5 == 0:
            self.kiosk.send(Alive(self.drawn), self.now)
        self.drawn += 1
        for message in messages:
            self.kiosk.send(message, self.now)
        self.guard.step(self.now)
        self.after()
        pulses = sum(1 for at, d in self.drives if d.pin == 23 and self.now - at <= 0.1)
        level = int(pulses >= 4)
        if self.levels[24] != level:
            self.hand(24, level)
        if self.wishes and not self.plant.silent:
            self.plant.step(self.wishes[-1][1], self.lease.active, self.now)
            self.belt.send(self.plant.sent, self.now)
        self.now += TICK_S

    def run(self, seconds: float, until=None) -> bool:
        for _ in range(round(seconds / TICK_S)):
            if until is not None and until():
                return True
            self.quantum()
        return until() if until is not None else True

    @property
    def state(self) -> State:
        return self.guard.machine.state

    @property
    def status(self) -> Status:
        return next(body for _, body in reversed(self.told) if isinstance(body, Status))

    def walk(self) -> House2:
        self.run(3)
        self.quantum(Reset(ResetBy.STAFF))
        assert self.run(1, lambda: not self.status.arm_missing)
        self.quantum(Arm(Envelope(400, 0), "s7", Purpose.SESSION))
        self.hand(17, 1)
        self.run(0.2)
        self.hand(17, 0)
        assert self.run(1, lambda: self.state is State.ARMED)
        self.quantum(Start())
        assert self.run(5, lambda: self.state is State.RUNNING), self.guard.machine
        return self


@pytest.fixture
def house() -> House2:
    return House2()


# ------------------------------------------------------------------------------------ samples


def test_two_open_samples_trip_between_two_ticks(house):
    house.walk()
    house.wishes.clear()
    now = house.now
    house.hand(17, 1)
    house.guard.sample(now + SAMPLE_S)
    assert house.state is State.RUNNING
    house.guard.sample(now + 2 * SAMPLE_S)
    house.after()
    assert house.state is State.STOPPING
    assert house.guard.machine.cause is Cause.CLIP
    assert [(t, wish.mode) for t, wish in house.wishes] == [(now + 2 * SAMPLE_S, WishMode.STOP)]
    assert house.drives[-1][1] == PinDrive(23, 0)
    assert any(isinstance(body, SafetyEvent) and body.kind == "trip" for _, body in house.told)


def test_in_lock_step_an_opening_is_acted_on_within_its_own_quantum(house):
    house.walk()
    before = len(house.wishes)
    house.hand(27, 1)
    house.quantum()
    assert house.guard.machine.cause is Cause.RED_BUTTON
    assert [wish.mode for _, wish in house.wishes[before:]] == [WishMode.RUN, WishMode.STOP]
    assert {t for t, _ in house.wishes[before:]} == {house.now - TICK_S}  # one time for all in a quantum


def test_one_open_sample_is_a_glitch(house):
    house.walk()
    house.hand(17, 1)
    house.guard.sample(house.now + 0.001)
    house.hand(17, 0)
    house.run(1)
    assert house.state is State.RUNNING


def test_pins_that_cannot_be_read_stop_the_belt_and_say_why(house):
    house.walk()
    house.world.close()
    house.guard.step(house.now)
    assert house.guard.machine.cause is Cause.INPUT_FAULT
    assert house.kiosk.drain(house.now)[-1].body.trouble == "The simulated pins are gone."


def test_an_output_that_cannot_be_driven_is_a_fault(house, monkeypatch):
    house.walk()
    pins = house.guard._pins

    def refuse(pin: int, level: int, now_s: float) -> None:
        raise PinError("A GPIO pin failed: bad handle.")

    monkeypatch.setattr(pins, "drive", refuse)
    house.quantum()
    house.quantum()
    assert house.guard.machine.cause is Cause.INPUT_FAULT
    assert house.status.inputs.fault == "A GPIO pin failed: bad handle."


def test_a_sample_that_could_not_be_read_trips_though_the_next_one_could(house, monkeypatch):
    house.walk()
    pins = house.guard._pins

    def broken(now_s: float) -> dict[int, int]:
        raise PinError("A GPIO pin failed: bad handle.")

    with monkeypatch.context() as patch:
        patch.setattr(pins, "levels", broken)
        house.guard.sample(house.now + SAMPLE_S)
    house.guard.sample(house.now + 2 * SAMPLE_S)
    house.quantum()
    assert house.guard.machine.cause is Cause.INPUT_FAULT
    house.run(0.2)
    assert house.status.inputs.fault == ""  # it can be read again: staff may reset


class FickleOutputs:
    """Wraps pins; the outputs named in *broken* cannot be driven."""

    def __init__(self, pins) -> None:
        self.pins = pins
        self.broken: set[int] = set()

    def levels(self, now_s: float):
        return self.pins.levels(now_s)

    def drive(self, pin: int, level: int, now_s: float) -> None:
        if pin in self.broken:
            raise PinError(f"GPIO {pin} failed.")
        self.pins.drive(pin, level, now_s)

    def close(self) -> None:
        self.pins.close()


def test_an_output_that_cannot_be_driven_is_not_forgotten_because_another_can():
    house = House2()
    pins = house.guard._pins = FickleOutputs(house.guard._pins)
    house.run(3)
    house.quantum(Reset(ResetBy.STAFF))
    assert house.run(1, lambda: not house.status.arm_missing)
    pins.broken = {25}
    house.quantum(SoundAlarm())  # and the permit's pin is driven in every tick
    house.run(0.1)
    assert house.guard.machine.cause is Cause.INPUT_FAULT
    assert house.status.inputs.fault == "GPIO 25 failed."


def test_an_alarm_that_could_not_be_switched_on_is_switched_on_as_soon_as_it_can_be():
    house = House2()
    pins = house.guard._pins = FickleOutputs(house.guard._pins)
    house.walk()
    house.plant.habits = Habits(stop="deaf")
    house.hand(17, 1)
    pins.broken = {25}
    assert house.run(10, lambda: house.guard.machine.alarm)
    house.run(1)
    assert [d.level for _, d in house.drives if d.pin == 25][1:] == []
    pins.broken = set()
    house.run(0.1)
    assert [d.level for _, d in house.drives if d.pin == 25][1:] == [1]
    house.run(1)
    assert house.status.inputs.fault == ""


class DynamicLoops:
    """Pins whose loops hang on the test pulse, as the wiring guide draws them."""

    def __init__(self) -> None:
        self.pulse = 0
        self.clip_open = False
        self.clip_shorted = False
        self.tests = 0

    def levels(self, now_s: float) -> dict[int, int]:
        self.tests += self.pulse
        clip = 1 if self.clip_open and not self.clip_shorted else self.pulse
        return {17: 0 if self.clip_shorted else clip, 27: self.pulse}

    def drive(self, pin: int, level: int, now_s: float) -> None:
        if pin == 5:
            self.pulse = level

    def close(self) -> None:
        pass


@pytest.fixture
def dynamic():
    stopper, _ = memory_pair(Complaint, Sentry)
    pins = DynamicLoops()
    guard = Guard(
        rules=plant_rules(Habits()),
        wiring=Wiring(test_pulse=5),
        pins=pins,
        belt=belt_seat(),
        kiosk=kiosk_seat(),
        stopper=Mailbox(lambda: stopper),
        lease=LeaseBook(),
        now_s=1000.0,
    )

    def samples(count: int) -> None:
        for _ in range(count):
            guard.sample(1000.0)

    return guard, pins, samples


def test_one_sample_in_four_tests_the_loops_and_closed_ones_settle_all_the_same(dynamic):
    guard, pins, samples = dynamic
    samples(140)
    assert pins.tests == 34
    assert guard._switchboard.switches.clip is Contact.CLOSED
    assert guard._switchboard.switches.fault == ""


def test_a_clip_opened_under_test_pulses_trips_within_three_samples(dynamic):
    guard, pins, samples = dynamic
    for phase in range(4):
        samples(200 + phase)
        assert guard._switchboard.switches.clip is Contact.CLOSED
        pins.clip_open = True
        samples(3)
        assert guard._switchboard.switches.clip is Contact.OPEN
        pins.clip_open = False


def test_a_clip_loop_shorted_to_ground_is_found_within_two_ticks(dynamic):
    guard, pins, samples = dynamic
    samples(200)
    pins.clip_shorted = True
    samples(8)
    assert "touches ground" in guard._switchboard.switches.fault


# ------------------------------------------------------------------------------------ outputs


def test_a_wish_leaves_in_every_tick(house):
    house.run(1.0)
    times = [t for t, _ in house.wishes]
    assert len(times) == 50
    assert {round(b - a, 6) for a, b in pairwise(times)} == {TICK_S}


def test_the_permit_is_a_train_of_edges_one_a_tick_and_stays_low_without_permit(house):
    house.run(2)
    assert {drive.level for _, drive in house.drives if drive.pin == 23} == {0}
    house.walk()
    edges = [(at, d.level) for at, d in house.drives if d.pin == 23][-50:]
    assert all(a[1] != b[1] for a, b in pairwise(edges))
    assert all(abs(b[0] - a[0] - TICK_S) < 1e-6 for a, b in pairwise(edges))
    house.hand(17, 1)
    house.quantum()
    dropped = len(house.drives)
    house.run(3)
    assert all(d.pin != 23 for _, d in house.drives[dropped:])


def test_the_lease_is_taken_before_the_wish_that_may_move_the_belt_and_released_at_rest(house):
    assert house.lease.log == []
    house.walk()
    assert house.lease.log == ["take s7"]
    house.quantum(Stop(StopWhy.PLAN_DONE))
    assert house.run(12, lambda: house.state is State.LATCHED)
    assert house.lease.log == ["take s7", "release"]


def test_a_guard_that_finds_its_lease_open_wants_a_stop_at_once():
    house = House2(lease=True)
    house.plant.speed = house.plant.aim = 150.0
    house.quantum()
    assert house.wishes[0][1].mode is WishMode.STOP
    assert house.status.cause is Cause.RESTART_MOVING
    assert house.status.session == "before"
    house.run(6)
    assert house.plant.speed == 0
    assert house.run(6, lambda: not house.lease.active)


def test_the_alarm_is_driven_once_and_silenced_by_a_reset(house):
    house.walk()
    house.plant.habits = Habits(stop="deaf")
    house.hand(17, 1)
    house.run(6)
    assert [d.level for _, d in house.drives if d.pin == 25][1:] == [1]
    assert house.status.alarm
    house.plant.console(0)
    house.hand(17, 0)
    assert house.run(12, lambda: house.state is State.LATCHED)
    house.run(1)
    house.quantum(Reset(ResetBy.STAFF))
    assert [d.level for _, d in house.drives if d.pin == 25][1:] == [1, 0]


def test_without_permit_and_alarm_pins_nothing_is_driven():
    house = House2(wiring=Wiring(pins=PinsKind.SIMULATED))
    house.levels[24] = 0
    house.run(3)
    house.quantum(Reset(ResetBy.MEMBER))
    house.run(1)
    assert house.drives == []
    assert house.status.permit
    assert house.status.inputs.permit_readback is None


# ------------------------------------------------------------------------------------ what the kiosk is told


def test_status_comes_ten_times_a_second_and_at_every_change(house):
    house.run(3)
    house.told.clear()
    house.run(2.0)
    count = sum(isinstance(body, Status) for _, body in house.told)
    assert 20 <= count <= 22
    house.told.clear()
    house.hand(17, 1)
    house.quantum()
    changed = [body for _, body in house.told if isinstance(body, Status)]
    assert any(not body.inputs.clip_closed for body in changed)


def test_a_new_kiosk_is_told_everything_at_once_and_the_events_it_has_missed(house):
    house.walk()
    house.kiosk.close()
    house.hand(17, 1)
    for _ in range(10):
        house.guard.step(house.now)
        house.now += TICK_S
    house.connect_kiosk()
    house.told.clear()
    house.quantum()
    assert isinstance(house.told[-1][1], Status)
    assert [body.kind for _, body in house.told if isinstance(body, SafetyEvent)] == ["trip"]


@pytest.mark.parametrize("then", ["thaws", "is killed"])
def test_the_stop_for_a_frozen_kiosk_is_told_to_one_that_draws(house, then):
    house.walk()
    house.drawing = False
    assert house.run(2, lambda: house.status.cause is Cause.SCREEN_FROZEN)
    house.run(1)
    assert not [body for _, body in house.told if isinstance(body, SafetyEvent) and body.cause is Cause.SCREEN_FROZEN]
    if then == "is killed":
        house.kiosk.close()
        house.connect_kiosk()
        house.run(0.5)
    house.drawing = True
    house.run(0.5)
    told = [body for _, body in house.told if isinstance(body, SafetyEvent) and body.cause is Cause.SCREEN_FROZEN]
    assert [body.kind for body in told] == ["stop"]


def test_a_status_says_who_may_reset_and_what_stands_in_the_way(house):
    house.run(3)
    status = house.status
    assert (status.state, status.cause, status.reset_by) == (State.LATCHED, Cause.BOOT, ResetBy.MEMBER)
    assert status.reset_missing == ()
    assert (status.min_ckmh, status.cap_ckmh, status.link) == (80, 400, LinkState.READY)
    assert status.measured_ckmh == 0
    assert status.measured_age_s == pytest.approx(0.25, abs=0.3)
    assert status.facts is not None
    assert status.at_rest
    assert not status.permit
    house.hand(27, 1)
    house.run(0.2)
    assert house.status.reset_by is ResetBy.STAFF
    assert house.status.reset_missing == (Missing.RED_PRESSED,)
    assert house.status.hard


def test_what_a_silent_belt_process_said_last_is_not_told_as_true(house):
    house.run(2)
    house.plant.silent = True
    house.run(0.5)
    status = house.status
    assert (status.link, status.facts, status.measured_ckmh, status.measured_age_s) == (
        LinkState.OFF,
        None,
        None,
        None,
    )
    assert status.incline_dpct is None


def test_a_refusal_names_what_was_asked_and_what_is_missing(house):
    house.run(2)
    house.quantum(Start())
    assert [body for _, body in house.told if isinstance(body, Refused)] == [Refused("start", (Missing.NOT_ARMED,))]


def test_stopping_time_is_told(house):
    house.walk()
    house.hand(17, 1)
    house.run(0.5)
    assert house.status.stopping_s == pytest.approx(0.45, abs=0.1)
    assert house.run(9, lambda: house.state is State.LATCHED)
    house.run(0.2)
    assert house.status.stopping_s == 0.0


def test_nonsense_and_a_flood_from_the_kiosk_change_nothing(house):
    house.run(3)
    for n in range(600):
        house.kiosk_seat._endpoint.inject(bytes([n % 256]) * (n % 7))
    house.quantum()
    assert house.state is State.LATCHED
    assert house.kiosk_seat._endpoint.counters.decode_errors > 500


# ------------------------------------------------------------------------------------ the stopper


def test_the_stopper_hears_ten_times_a_second_and_at_once_when_it_is_needed(house):
    house.run(2.0)
    assert 19 <= len(house.stopper_seen) <= 21
    assert house.stopper_seen[-1] == Sentry("guard", False, False, True, "C0:FF:EE:00:00:42")
    house.walk()
    house.stopper_seen.clear()
    house.plant.silent = True
    silent = house.now
    assert house.run(1, lambda: any(sentry.stop_now for sentry in house.stopper_seen))
    assert house.now - silent == pytest.approx(0.34, abs=0.05)
    assert house.stopper_seen[-1].lease


def test_the_stopper_hears_at_once_that_a_belt_no_longer_rests(house):
    house.walk()
    house.quantum(Stop(StopWhy.PLAN_DONE))
    assert house.run(12, lambda: house.state is State.LATCHED)
    house.run(1)
    assert house.stopper_seen[-1].at_rest
    house.plant.console(100)  # within the time that is still ours
    assert house.run(3, lambda: house.state is State.STOPPING)
    assert not house.stopper_seen[-1].at_rest


def test_a_belt_process_that_is_gone_is_not_waited_for(house):
    house.walk()
    house.belt.close()
    house.quantum()
    assert house.guard.machine.cause is Cause.BELT_PROCESS
    assert house.stopper_seen[-1].stop_now


def test_a_new_belt_process_is_not_taken_for_the_old_one(house):
    house.walk()
    house.connect_belt()
    house.plant.restart()
    house.quantum()
    assert house.guard.machine.cause in (Cause.BELT_PROCESS, Cause.LINK_LOST)
    assert house.state is State.STOPPING


def test_the_last_word_of_a_belt_process_that_is_gone_is_not_taken_for_one_of_the_next(tmp_path):
    listener = Listener(tmp_path / "belt.sock")
    house = House2()
    seat = Seat(Belt, "taken", listener)
    house.guard._belt = seat  # the same guard, on real sockets
    plant = house.plant

    def sit() -> SocketEndpoint:
        end = SocketEndpoint(connect(tmp_path / "belt.sock"), Wish)
        house.guard.collect(house.now)
        return end

    first = sit()
    plant.step(Wish(1, WishMode.HOLD, 0, 0), False, house.now)
    first.send(plant.sent, house.now)
    house.guard.collect(house.now)
    assert house.guard._inputs(()).belt is not None
    first.send(plant.sent, house.now)
    first.close()
    second = sit()  # the last frame, the end of the first and the second arrive in one tick
    house.guard.collect(house.now)
    assert seat.lives == 2
    inputs = house.guard._inputs(())
    assert inputs.belt is None, "what the one before has said is history"
    second.close()
    seat.close()


# ------------------------------------------------------------------------------------ lateness


def test_late_ticks_are_counted_and_trip(house):
    house.walk()
    house.now += 0.05
    house.quantum()
    assert house.guard.ticks_late == 1
    assert house.state is State.RUNNING
    house.now += 0.07
    house.quantum()
    assert house.guard.ticks_late == 2
    assert house.guard.machine.cause is Cause.TICK_LATE


# ------------------------------------------------------------------------------------ black box


def fetch(house: House2, event: int) -> bytes:
    data, have = b"", 0
    while True:
        house.told.clear()
        house.quantum(BlackBoxAck(event, have))
        (chunk,) = [body for _, body in house.told if isinstance(body, BlackBoxChunk)]
        if chunk.count == 0 or have == chunk.count:
            return data
        assert chunk.index == have
        data, have = data + chunk.data, have + 1


def test_a_black_box_holds_the_minute_around_a_trip_and_replays_to_the_same_outputs(house):
    house.walk()
    house.run(70)
    house.hand(17, 1)
    house.quantum()
    trip = next(body for _, body in house.told if isinstance(body, SafetyEvent) and body.kind == "trip")
    assert fetch(house, trip.id) == b""  # not yet: how it ended belongs to it
    house.run(11)
    box = list(entries(fetch(house, trip.id)))
    assert isinstance(box[0], Opening)
    assert box[0].event == trip
    steps = [entry for entry in box if isinstance(entry, Step)]
    assert steps[-1].now_s - steps[0].now_s == pytest.approx(60.0, abs=1.5)
    assert steps[-1].now_s - trip.at_s == pytest.approx(10.0, abs=0.1)
    machine, compared = None, 0
    for entry in box[1:]:
        if isinstance(entry, Memory):
            assert machine is None or machine == entry.machine
            machine = entry.machine
        elif machine is not None:
            machine, outputs = step(machine, entry.inputs, entry.now_s, box[0].rules)
            assert outputs == entry.outputs
            compared += 1
    assert compared > 2900
    assert fetch(house, trip.id) == b""  # fetched to its end, it is forgotten


def test_a_box_nobody_knows_is_answered_with_nothing(house):
    house.run(1)
    assert fetch(house, 99) == b""


def test_only_the_newest_boxes_are_kept(house):
    house.walk()
    trips = []
    for _ in range(6):
        house.hand(27, 1)
        house.run(0.2)
        house.hand(27, 0)
        house.run(13)
        house.quantum(Reset(ResetBy.STAFF))
        house.run(1)
        trips = [body.id for _, body in house.told if isinstance(body, SafetyEvent) and body.kind == "trip"]
    assert len(trips) == 6
    assert [bool(fetch(house, event)) for event in trips] == [False, False, True, True, True, True]


def test_a_box_that_was_cut_short_or_is_of_another_version_says_so():
    with pytest.raises(BlackBoxError, match="not fetched to its end"):
        list(entries(b"\x05\0\0\0ab"))
    with pytest.raises(BlackBoxError, match="another version"):
        list(entries(b"\x01\0\0\0\x01"))


# ------------------------------------------------------------------------------------ seats


def test_a_second_peer_is_told_and_sent_away_and_is_welcome_once_the_first_has_gone(tmp_path):
    listener = Listener(tmp_path / "seat.sock")
    seat: Seat[Status, KioskToGuard] = Seat(KioskToGuard, "A kiosk is connected already.", listener)
    try:
        first = SocketEndpoint(connect(tmp_path / "seat.sock"), GuardToKiosk)
        seat.drain(0.0)
        assert seat.occupied
        assert seat.lives == 1
        second = SocketEndpoint(connect(tmp_path / "seat.sock"), GuardToKiosk)
        seat.drain(0.1)
        assert [frame.body for frame in second.drain(0.1)] == [Complaint("A kiosk is connected already.")]
        assert second.closed
        assert seat.sent_away == 1
        first.send(Alive(1), 0.2)
        assert [frame.body for frame in seat.drain(0.2)] == [Alive(1)]
        first.close()
        third = SocketEndpoint(connect(tmp_path / "seat.sock"), GuardToKiosk)
        seat.drain(0.3)
        assert seat.lives == 2
        third.send(Alive(2), 0.4)
        assert [frame.body for frame in seat.drain(0.4)] == [Alive(2)]
        for end in (second, third):
            end.close()
    finally:
        seat.close()


def test_connecting_to_a_listener_that_hangs_with_a_full_backlog_does_not_block(tmp_path):
    listener = Listener(tmp_path / "full.sock")
    waiting: list[socket.socket] = []
    try:
        while (sock := connect(tmp_path / "full.sock")) is not None:
            waiting.append(sock)
            assert len(waiting) < 100
    finally:
        for sock in waiting:
            sock.close()
        listener.close()


# ------------------------------------------------------------------------------------ the real clock's loop


class FakeTime:
    """A clock that moves when asked to sleep, and now and then by itself."""

    def __init__(self) -> None:
        self.now_s = 50.0
        self.slept: list[float] = []
        self.stalls: dict[int, float] = {}

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now_s += seconds + self.stalls.get(len(self.slept), 0.0)


class Recorder:
    """Stands for the guard in ``run``: when it is called, and for how long each call takes."""

    def __init__(self, time: FakeTime, ticks: int) -> None:
        self.time, self.left = time, ticks
        self.samples: list[float] = []
        self.ticks: list[float] = []
        self.told = False

    def sample(self, now_s: float) -> None:
        self.samples.append(now_s)
        self.time.now_s += 0.0002

    def collect(self, now_s: float) -> None:
        self.time.now_s += 0.0003

    def tick(self, now_s: float) -> None:
        self.ticks.append(now_s)
        self.time.now_s += 0.001
        self.left -= 1

    def leave(self, now_s: float) -> None:
        self.told = True

    def done(self, now_s: float) -> bool:
        return self.left <= 0


def test_samples_and_ticks_keep_absolute_deadlines_and_do_not_drift():
    time = FakeTime()
    guard = Recorder(time, 500)
    fed: list[float] = []
    run(guard, time.now, time.sleep, told_to_leave=lambda: False, healthy=fed.append)
    assert guard.samples[-1] - guard.samples[0] == pytest.approx((len(guard.samples) - 1) * SAMPLE_S, abs=1e-6)
    assert guard.ticks[-1] - guard.ticks[0] == pytest.approx(499 * TICK_S, abs=1e-3)
    assert len(fed) == 500
    assert all(tick > sample for tick, sample in zip(guard.ticks, guard.samples[::4], strict=False))


def test_what_a_stall_made_it_miss_is_skipped_not_made_up_for():
    time = FakeTime()
    time.stalls = {40: 0.137}
    guard = Recorder(time, 40)
    run(guard, time.now, time.sleep, told_to_leave=lambda: False, healthy=lambda _: None)
    gaps = [b - a for a, b in pairwise(guard.ticks)]
    assert max(gaps) > 0.13
    assert min(gaps) > 0.001
    late = gaps.index(max(gaps))
    assert gaps[late + 2] == pytest.approx(TICK_S, abs=2e-3)  # back on the old grid


def test_the_next_deadline_is_the_first_on_the_grid_that_has_not_passed():
    assert _next_due(10.0, 0.5, 10.0) == 10.5
    assert _next_due(10.0, 0.5, 10.4) == 10.5
    assert _next_due(10.0, 0.5, 11.2) == 11.5
    assert _next_due(10.0, 0.5, 9.0) == 10.5


def test_told_to_leave_it_brings_the_belt_to_rest_first(house):
    house.walk()
    assert not house.guard.done(house.now)
    house.guard.leave(house.now)
    assert not house.guard.done(house.now)
    house.quantum()
    assert house.wishes[-1][1].mode is WishMode.STOP
    assert house.run(12, lambda: house.guard.done(house.now))
    assert house.plant.speed == 0
    house.guard.close(house.now)
    assert not house.lease.active


def test_told_to_leave_with_a_belt_that_does_not_stop_it_goes_after_the_budget_and_leaves_the_lease(house):
    house.walk()
    house.plant.habits = Habits(stop="deaf")
    house.guard.leave(house.now)
    left = house.now
    assert house.run(20, lambda: house.guard.done(house.now))
    assert house.now - left == pytest.approx(5.7 + 3.0, abs=0.1)
    house.guard.close(house.now)
    assert house.lease.active


def test_told_to_leave_with_nothing_moving_it_goes_after_one_more_tick(house):
    house.run(1)
    house.guard.leave(house.now)
    assert not house.guard.done(house.now)
    house.quantum()
    assert house.guard.done(house.now)


def test_told_to_leave_in_a_walk_that_follows_it_waits_until_the_permit_has_stopped_the_belt():
    house = House2(rules=plant_rules(Habits(), follow_allowed=True))
    house.run(3)
    house.quantum(Reset(ResetBy.STAFF))
    assert house.run(1, lambda: not house.status.arm_missing)
    house.quantum(Arm(Envelope(400, 0), "f", Purpose.FOLLOW))
    house.hand(17, 1)
    house.run(0.2)
    house.hand(17, 0)
    assert house.run(1, lambda: house.state is State.ARMED)
    house.plant.console(100)
    assert house.run(3, lambda: house.state is State.RUNNING)
    house.run(2)
    house.guard.leave(house.now)
    house.run(1)
    assert house.state is State.STOPPING
    assert not house.status.permit
    assert not house.guard.done(house.now), "it leaves a belt that moves, and its alarm with it"
    house.plant.console(0)  # its key is out
    assert house.run(4, lambda: house.guard.done(house.now))
    assert house.status.at_rest


def test_told_to_leave_it_takes_no_start_any_more(house):
    house.run(3)
    house.quantum(Reset(ResetBy.STAFF))
    assert house.run(1, lambda: not house.status.arm_missing)
    house.quantum(Arm(Envelope(400, 0), "s7", Purpose.SESSION))
    house.hand(17, 1)
    house.run(0.2)
    house.hand(17, 0)
    assert house.run(1, lambda: house.state is State.ARMED)
    house.guard.leave(house.now)
    house.quantum(Start())
    assert house.lease.log == []
    assert WishMode.RUN not in {wish.mode for _, wish in house.wishes}
    assert house.guard.done(house.now)


def test_rules_come_from_the_configuration():
    rules = rules_of(Config(limits=Limits(cap_kmh=3.2, max_incline_percent=2.5)), {})
    assert rules.house == House(320, 25, supervised=True)
    assert rules.tick_late_s == 0.060
    rules = rules_of(Config(wiring=Wiring(level=WiringLevel.H2, permit=5, permit_readback=6)), {})
    assert not rules.house.supervised


def test_a_permit_that_is_not_read_back_makes_nothing_unattended():
    for level in WiringLevel:
        assert rules_of(Config(wiring=Wiring(level=level, permit=5)), {}).house.supervised


def test_time_is_never_fetched_and_no_file_is_opened_in_a_walk(monkeypatch):
    """I12, P7: with every other clock broken, and open() forbidden, a walk goes as ever."""
    import builtins
    import time

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the guard fetched the time or opened a file")

    house = House2()
    for name in ("time", "monotonic", "perf_counter", "time_ns", "monotonic_ns"):
        monkeypatch.setattr(time, name, forbidden)
    monkeypatch.setattr(builtins, "open", forbidden)
    house.walk()
    house.hand(17, 1)
    assert house.run(12, lambda: house.state is State.LATCHED)
    monkeypatch.undo()


def test_a_wire_settles_after_half_a_second_of_closed_samples(house):
    for _ in range(24):
        house.quantum()
    assert house.guard._switchboard.switches.clip is Contact.SETTLING
    house.run(0.1)
    assert house.guard._switchboard.switches.clip is Contact.CLOSED


# ------------------------------------------------------------------------------------ rebind, opening check


def test_a_rebind_lets_the_belt_process_go_first_and_then_ends_in_good_order(house):
    house.run(3)
    house.quantum(Rebind())
    house.run(0.1)
    assert house.wishes[-1][1].leave
    assert not house.guard.done(house.now)
    house.belt_seat.close()
    assert house.guard.done(house.now)


def test_a_rebind_does_not_wait_for_a_belt_process_that_stays(house):
    house.run(3)
    house.quantum(Rebind())
    house.run(LEAVE_S - 0.1)
    assert not house.guard.done(house.now)
    house.run(0.2)
    assert house.guard.done(house.now)


def test_an_opening_check_is_kept_in_the_lease_read_back_and_voided_when_the_next_begins():
    record = ("C0:FF:EE:00:00:42", 990.0)
    house = House2(opening=record)
    assert house.guard.machine.check.record == record
    house.run(3)
    assert house.lease.opening == record
    house.quantum(BeginCheck())
    assert house.lease.opening is None
    finished = Check(under_way=True, proved=tuple(Proof))
    house.guard.machine = msgspec.structs.replace(house.guard.machine, check=finished)
    house.quantum()
    assert house.lease.opening == ("C0:FF:EE:00:00:42", pytest.approx(house.now, abs=0.1))
    assert house.status.opening.valid_left_s is not None


def test_a_latch_that_needs_staff_needs_them_after_a_new_start_of_the_guard_too():
    first = House2()
    first.walk()
    first.hand(27, 1)
    assert first.run(8, lambda: first.state is State.LATCHED)
    first.hand(27, 0)
    first.run(1)
    again = House2(staff=first.lease.staff)
    again.run(3)
    status = again.status
    assert (status.state, status.cause, status.reset_by) == (State.LATCHED, Cause.BOOT, ResetBy.STAFF)
    again.quantum(Reset(ResetBy.MEMBER))
    assert again.state is State.LATCHED
    again.run(1)
    again.quantum(Reset(ResetBy.STAFF))
    assert again.state is State.IDLE
    assert not again.lease.staff
    third = House2(staff=again.lease.staff)
    third.run(3)
    third.quantum(Reset(ResetBy.MEMBER))
    assert third.state is State.IDLE


def test_the_alarm_sounds_for_the_opening_check_and_ends_by_itself(house):
    house.run(3)
    house.drives.clear()
    house.quantum(SoundAlarm())
    house.run(3)
    alarm = [(at, drive.level) for at, drive in house.drives if drive.pin == 25]
    assert [level for _, level in alarm] == [1, 0]
    assert alarm[1][0] - alarm[0][0] == pytest.approx(ALARM_TEST_S, abs=0.05)


def test_rules_take_the_checks_and_the_alarm_from_the_configuration():
    strict, waived = rules_of(Config(), {}), rules_of(Config(checks=ConfigChecks(opening=False)), {})
    assert (strict.checks.opening, strict.checks.profile, strict.alarm) == (True, True, False)
    assert (waived.checks.opening, waived.checks.profile) == (False, True)
    assert rules_of(Config(wiring=WIRING), {}).alarm
