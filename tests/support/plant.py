"""An adversarial treadmill and its belt process, as the guard's machine sees them; and a rig to drive the machine.

The belt process here is dutiful: it does what the Wish says, by the rules of safety.md, and nothing else. The
treadmill is not: it may start late, toggle, ignore a stop, slow down lazily, read km/h as mph, send data once a
second, and be interfered with at its console. All of it steps with the machine: a minute takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec

from hardware.config.profiles import Profile
from hardware.guard.limits import House
from hardware.guard.machine import step
from hardware.guard.memory import Inputs, Machine, Outputs, Request, Rules, initial
from hardware.guard.opening import Checks
from hardware.link.messages import (
    Arm,
    Belt,
    Contact,
    Deck,
    Envelope,
    LinkState,
    Missing,
    Purpose,
    Reset,
    ResetBy,
    Start,
    State,
    StatusEvent,
    StopBy,
    StopOutcome,
    Switches,
    TreadmillFacts,
    Wish,
    WishMode,
)

TICK = 0.02
ADDRESS = "C0:FF:EE:00:00:42"
START_S = 1000.0
PICKUP_MM = 200


@dataclass(frozen=True)
class Habits:
    """What kind of treadmill it is. Speeds 0.01 km/h, seconds."""

    latency_s: float = 2.0
    slowing_ckmh_per_s: float = 150.0
    quickening_ckmh_per_s: float = 200.0
    stop: str = "obeys"  # "toggles": 08 at rest starts it; "ignores": nothing for a while; "deaf": nothing ever
    start: str = "once"  # "toggles": 07 while it moves stops it; "never": nothing
    scale: float = 1.0  # of what it is told; 1.609 takes km/h for mph
    period_s: float = 0.5  # of Treadmill Data
    minimum: int = 80
    maximum: int = 1000
    increment: int = 10
    pause: bool = True  # obeys 08 02
    unlinked: str = "runs"  # without a link: "stops" by itself, or "runs" on
    away_s: float = 4.5  # until the link that a test dropped is there again; inf: never


@dataclass
class Plant:
    """Treadmill and belt process. Attributes may be set by a test at any time: that is the adversary."""

    habits: Habits = field(default_factory=Habits)
    now: float = START_S
    speed: float = 0.0
    aim: float = 0.0
    starts_at: float | None = None
    deaf_until: float = 0.0
    link: LinkState = LinkState.READY
    generation: int = 1
    life: int = 1
    silent: bool = False  # the belt process sends no frames
    mute: bool = False  # the treadmill sends no data
    incline: int | None = 0
    event: StatusEvent | None = None
    event_seq: int = 0
    told_latency_s: float | None = None  # what the belt process knows of it; None: the truth
    future_s: float = 0.0  # frames are stamped so far ahead
    written: list[tuple[float, str, int]] = field(default_factory=list)
    seq: int = 0
    read: int | None = None
    read_previous: int | None = None
    read_at: float | None = None
    zeros: int = 0
    zero_since: float | None = None
    started_at: float | None = None
    run_epoch: int | None = None
    asked: int | None = None
    stop_at: float | None = None
    wish_epoch: int = 0
    leased: bool = False
    control: bool = True  # as the last Wish allows it
    grants: bool = True  # the treadmill answers Request Control
    cut_epoch: int | None = None  # the link test that has dropped the link
    cut_at: float = 0.0
    back_at: float | None = None
    pause_epoch: int | None = None
    pause_at: float = 0.0
    pause_works: bool | None = None
    facts: TreadmillFacts | None = None
    sent: Belt | None = None
    sent_at: float | None = None

    def __post_init__(self) -> None:
        h = self.habits
        self.facts = TreadmillFacts(
            ADDRESS, "Plant", "P1", "1", h.minimum, h.maximum, h.increment, 0, 100, 5, True, True, "plant", True
        )

    # ---------------------------------------------------------------- a person at the console

    def console(self, speed: int) -> None:
        """Somebody sets a speed at the console, or stops it there."""
        self.aim, self.starts_at = float(speed), None

    def report(self, event: StatusEvent) -> None:
        """The treadmill says something on 2ADA."""
        self.event, self.event_seq = event, self.event_seq + 1

    def restart(self) -> None:
        """The belt process is killed and starts again; the treadmill goes on as it was."""
        self.life += 1
        self.run_epoch = self.asked = self.stop_at = self.started_at = None
        self.wish_epoch, self.generation, self.event_seq, self.event = 0, 1, 0, None
        self.cut_epoch = self.back_at = self.pause_epoch = None
        self.seq = 0
        self._forget()

    def reconnect(self) -> None:
        """The link was gone and is there again, between two frames."""
        self.link, self.generation, self.back_at = LinkState.READY, self.generation + 1, None
        self._forget()

    def _forget(self) -> None:
        self.read, self.read_at, self.zeros, self.zero_since = None, None, 0, None

    # ---------------------------------------------------------------- 20 ms

    def step(self, wish: Wish, lease: bool, now: float) -> None:
        """The belt process acts on *wish*, the treadmill lives on, data come."""
        self.now, self.leased, self.control = now, lease, wish.control
        if self.back_at is not None and now >= self.back_at:
            self.reconnect()
        if self.at_rest and not lease:
            self.started_at = None
        if not self.silent and self.link is LinkState.READY:
            self._act(wish)
        self._live()
        if not self.mute and self.link is not LinkState.LOST:
            self._measure()
        if not self.silent:
            self.sent, self.sent_at = self._frame(), now + self.future_s

    @property
    def at_rest(self) -> bool:
        """As the belt process knows it."""
        latency_s = self.habits.latency_s if self.told_latency_s is None else self.told_latency_s
        spinning = self.started_at is not None and self.now - self.started_at <= latency_s + 2.0
        fresh = self.read_at is not None and self.now - self.read_at <= max(2.5, 3 * self.habits.period_s)
        still = self.zeros >= 2 and self.zero_since is not None and self.now - self.zero_since >= 1.0
        return fresh and still and not spinning

    def _act(self, wish: Wish) -> None:
        self.wish_epoch = wish.epoch
        if not wish.control:
            return
        if wish.mode is WishMode.STOP and wish.stop_by is not StopBy.LADDER and self._tries(wish):
            return
        if wish.mode is WishMode.STOP and (self.leased or self.started_at is not None):
            if not self.at_rest and (self.stop_at is None or self.now - self.stop_at >= 0.5):
                self.stop_at = self.now
                self._write("08", 1)
        elif wish.mode is WishMode.RUN:
            self.stop_at = None
            if self.run_epoch != wish.epoch and self.at_rest:
                self.run_epoch, self.started_at = wish.epoch, self.now
                self._write("07", 0)
            elif self.run_epoch == wish.epoch and self.read and self.asked != wish.speed_ckmh:
                self.asked = wish.speed_ckmh
                self._write("02", wish.speed_ckmh)
        else:
            self.stop_at = self.asked = None

    def _tries(self, wish: Wish) -> bool:
        """What commissioning wants to see of this stop; False: it is the ladder's turn."""
        if wish.stop_by is StopBy.UNLINK:
            if self.cut_epoch == wish.epoch:
                return False
            self.cut_epoch, self.cut_at = wish.epoch, self.now
            self.link, self.back_at = LinkState.LOST, self.now + self.habits.away_s
            self._forget()
            if self.habits.unlinked == "stops":
                self.aim = 0.0
            return True
        if self.pause_epoch != wish.epoch:
            self.pause_epoch, self.pause_at = wish.epoch, self.now
            self._write("0802", 0)
        self.pause_works = self.habits.pause
        return self.habits.pause or self.now - self.pause_at < 1.0

    def _write(self, op: str, value: int) -> None:
        self.written.append((self.now, op, value))
        h = self.habits
        moving = self.speed > 0
        if op == "07":
            if moving and h.start == "toggles":
                self.aim = 0.0
            elif not moving and h.start != "never":
                self.starts_at = self.now + h.latency_s
        elif op == "0802" and h.pause:
            self.aim, self.starts_at = 0.0, None
        elif op == "02" and moving and self.aim > 0:
            self.aim = value * h.scale
        elif op == "08" and h.stop != "deaf":
            if h.stop == "ignores" and self.deaf_until == 0.0:
                self.deaf_until = self.now + 2.0
            if self.now < self.deaf_until:
                return
            if h.stop == "toggles" and not moving and self.starts_at is None:
                self.starts_at = self.now + h.latency_s
            else:
                self.aim, self.starts_at = 0.0, None

    def _live(self) -> None:
        h = self.habits
        if self.starts_at is not None and self.now >= self.starts_at:
            self.aim, self.starts_at = h.minimum * h.scale, None
        if self.speed < self.aim:
            self.speed = min(self.aim, self.speed + h.quickening_ckmh_per_s * TICK)
        else:
            self.speed = max(self.aim, self.speed - h.slowing_ckmh_per_s * TICK)

    def _measure(self) -> None:
        if self.read_at is not None and self.now - self.read_at < self.habits.period_s - 1e-9:
            return
        self.read_previous, self.read = self.read, round(self.speed)
        gap = None if self.read_at is None else self.now - self.read_at
        self.read_at, self.seq = self.now, self.seq + 1
        if self.read > 0:
            self.zeros, self.zero_since = 0, None
        elif self.zero_since is None or gap is None or gap > 2.5:
            self.zeros, self.zero_since = 1, self.now
        else:
            self.zeros += 1

    def _frame(self) -> Belt:
        ready = self.link is LinkState.READY and not (self.control and self.grants)
        return Belt(
            link=LinkState.READ_ONLY if ready else self.link,
            generation=self.generation,
            adopted=False,
            wish_epoch=self.wish_epoch,
            reading_seq=self.seq,
            speed_ckmh=self.read,
            incline_dpct=self.incline,
            reading_age_s=None if self.read_at is None else self.now - self.read_at,
            previous_ckmh=self.read_previous,
            started_at_s=self.started_at,
            stop_outcome=StopOutcome.NONE,
            stop_written_at_s=self.stop_at,
            event=self.event,
            event_seq=self.event_seq,
            anomalies=0,
            last_write=b"",
            last_write_seq=len(self.written),
            facts=self.facts,
            trouble="",
            control_answered=self.grants if self.control else None,
            pause_works=self.pause_works,
        )


def plant_profile(habits: Habits, **more: object) -> Profile:
    """A commissioned profile that tells the truth about *habits*."""
    known: dict[str, object] = {
        "name": "plant",
        "address": ADDRESS,
        "model": "P1",
        "firmware": "1",
        "commissioned": True,
        "cap_ckmh": 400,
        "start_latency_s": habits.latency_s,
        "data_period_s": habits.period_s,
        "stop_time_s": 4.0,
        "true_speed": True,
        "stops": [{"ckmh": 400, "seconds": 4.0, "travel_mm": 700.0}],
    }
    return msgspec.convert({**known, **more}, Profile)


UNCHECKED = Checks(opening=False)
"""What every rig has that is not about the opening check: its treadmill is commissioned."""


def plant_rules(habits: Habits, *, checks: Checks = UNCHECKED, alarm: bool = True, **more: object) -> Rules:
    """Rules for a plant with such habits."""
    profiles = {ADDRESS: plant_profile(habits, **more)}
    return Rules(House(400, 50, supervised=False), 0.060, profiles, checks, alarm)


MACHINE_FLAGS = tuple(field.name for field in msgspec.structs.fields(Machine) if field.type is bool)
OUTPUT_FLAGS = tuple(field.name for field in msgspec.structs.fields(Outputs) if field.type is bool)


def typed(machine: Machine, out: Outputs) -> None:
    """What is true or false is never None or a number: the frames that carry it would not be taken."""
    assert all(type(getattr(machine, name)) is bool for name in MACHINE_FLAGS), machine
    assert all(type(getattr(out, name)) is bool for name in OUTPUT_FLAGS), out
    wish = out.wish
    assert type(wish.control) is type(wish.scan) is type(wish.leave) is bool, wish
    assert type(machine.since_s) is float, machine


STANDING = {Missing.NOT_COMMISSIONED, Missing.OPENING_CHECK}
"""What only a session misses; waiting does not bring it."""

Watcher = Callable[["Rig", Machine, Inputs, Machine, Outputs], None]


class Rig:
    """The machine, a plant, wires, a screen and a kiosk's requests, on a counted clock.

    *watch* is called after every single step with (rig, before, inputs, after, outputs).
    """

    def __init__(
        self,
        habits: Habits | None = None,
        rules: Rules | None = None,
        *,
        watch: Watcher | None = None,
        start_s: float = START_S,
        readback: bool = True,
        lease: bool = False,
        checked: tuple[str, float] | None = None,
    ) -> None:
        habits = habits or Habits()
        self.plant = Plant(habits, now=start_s)
        self.rules = rules or plant_rules(habits)
        self.watch = watch
        self.start_s = start_s
        self.ticks = 0
        self.late_s = 0.0
        self.checked = checked
        self.machine = initial(start_s, lease=lease, checked=checked)
        self.out: Outputs | None = None
        self.clip = Contact.CLOSED
        self.red = Contact.CLOSED
        self._closing: dict[str, int] = {}
        self.amber = False
        self.fault = ""
        self.deck: Deck | None = None
        self.pickup: float | None = None  # what the belt pick-up tells of the true speed; None: not fitted
        self.belt_mm = 0.0
        self.puller = False  # a permit that drops takes the treadmill's key
        self.has_readback = readback
        self.relay: bool | None = None  # None: follows the permit
        self._permits: list[bool] = [False] * 6
        self.screen = True
        self.drawn = 0
        self.drawn_at: float | None = None
        self.shutdown = False
        self.states: set[State] = set()
        self.events: list[object] = []
        self.refused: list[object] = []

    @property
    def now(self) -> float:
        """The time of the next step."""
        return self.start_s + self.ticks * TICK + self.late_s

    @property
    def state(self) -> State:
        """The machine's."""
        return self.machine.state

    def reboot(self) -> None:
        """The guard ends and is started anew: it knows what its lease file says."""
        self.checked = self.machine.check.record
        lease, session = self.machine.lease, self.machine.session
        epoch = self.machine.epoch
        staff = self.machine.staff
        self.machine = initial(self.now, lease=lease, session=session, checked=self.checked, staff=staff)
        # The adversary may have set the clock back, which no monotonic one does.
        self.machine = msgspec.structs.replace(self.machine, epoch=max(epoch, self.machine.epoch))

    # ---------------------------------------------------------------- hands

    def open(self, wire: str) -> None:
        """Open clip or red at once."""
        setattr(self, wire, Contact.OPEN)
        self._closing.pop(wire, None)

    def close(self, wire: str) -> None:
        """Close clip or red; it counts as closed after 500 ms."""
        if getattr(self, wire) is Contact.OPEN:
            setattr(self, wire, Contact.SETTLING)
            self._closing[wire] = self.ticks + 25

    # ---------------------------------------------------------------- steps

    def inputs(self, *requests: Request) -> Inputs:
        """What the next step would get."""
        plant = self.plant
        relay = self._permits[-6] if self.relay is None else self.relay
        return Inputs(
            switches=self._switches(relay if self.has_readback else None),
            belt=plant.sent,
            belt_at_s=plant.sent_at,
            belt_life=plant.life,
            drawn=self.drawn,
            drawn_at_s=self.drawn_at,
            requests=requests,
            shutdown=self.shutdown,
        )

    def _switches(self, relay: bool | None) -> Switches:
        told = None if self.pickup is None else round(self.plant.speed * self.pickup)
        pulses = int(self.belt_mm // PICKUP_MM)
        return Switches(self.clip, self.red, self.amber, relay, self.fault, self.deck, told, pulses)

    def tick(self, *requests: Request) -> Outputs:
        """20 ms: wires settle, the screen draws, the machine steps, the plant lives on."""
        for wire, at in list(self._closing.items()):
            if self.ticks >= at:
                setattr(self, wire, Contact.CLOSED)
                del self._closing[wire]
        now = self.now
        if self.screen and self.ticks % 5 == 0:
            self.drawn, self.drawn_at = self.drawn + 1, now
        inputs = self.inputs(*requests)
        before = self.machine
        self.machine, self.out = step(before, inputs, now, self.rules)
        typed(self.machine, self.out)
        self.ticks += 1
        self.states.add(self.machine.state)
        self.events.extend(self.out.events)
        self.refused.extend(self.out.refused)
        self._permits.append(self.out.permit)
        if self.watch is not None:
            self.watch(self, before, inputs, self.machine, self.out)
        if self.puller and not self.out.permit:
            self.plant.aim, self.plant.starts_at = 0.0, None
        self.plant.step(self.out.wish, self.out.lease, now)
        self.belt_mm += self.plant.speed * (self.pickup or 0.0) / 0.36 * TICK
        return self.out

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Ticks for *seconds*, or until *until*; whether it came true."""
        for _ in range(round(seconds / TICK)):
            if until is not None and until():
                return True
            self.tick()
        return until() if until is not None else True

    # ---------------------------------------------------------------- the legal way

    def to_idle(self, who: ResetBy = ResetBy.STAFF) -> bool:
        """Everything healthy, then one reset."""
        self.run(0.6)
        self.run(15.0, lambda: self.state is not State.STOPPING and not self.out.reset_missing)
        if self.state is State.LATCHED:
            self.tick(Reset(who))
        return self.state is State.IDLE

    def to_armed(self, envelope: Envelope | None = None, purpose: Purpose = Purpose.SESSION) -> bool:
        """Reset, Arm, clip pulled and closed."""
        if not self.to_idle():
            return False
        self.run(15.0, lambda: not set(self.out.arm_missing) - STANDING)
        self.tick(Arm(envelope or Envelope(400, 50), "s1", purpose))
        self.run(0.1)
        self.open("clip")
        self.run(0.2)
        self.close("clip")
        self.run(1.0, lambda: self.state is State.ARMED)
        return self.state is State.ARMED

    def to_starting(self, envelope: Envelope | None = None, purpose: Purpose = Purpose.SESSION) -> bool:
        """And Start."""
        if not self.to_armed(envelope, purpose):
            return False
        self.tick(Start())
        return self.state is State.STARTING

    def to_running(self, envelope: Envelope | None = None, purpose: Purpose = Purpose.SESSION) -> bool:
        """And the belt moves."""
        if not self.to_starting(envelope, purpose):
            return False
        self.run(12.0, lambda: self.state is not State.STARTING)
        return self.state is State.RUNNING

    def to_following(self, envelope: Envelope | None = None) -> bool:
        """Armed to follow, and the member starts the belt at the console."""
        if not self.to_armed(envelope, Purpose.FOLLOW):
            return False
        self.plant.console(self.plant.habits.minimum)
        self.run(3.0, lambda: self.state is not State.ARMED)
        return self.state is State.RUNNING


def with_habits(habits: Habits, **changes: object) -> Habits:
    """dataclasses.replace, typed for tests."""
    return replace(habits, **changes)
