"""The whole house in one process and thread on a virtual clock: world, guard, belt, stopper, and a scripted kiosk.

Frames are still encoded; only sockets, processes and waiting are gone. A minute of walking takes a fraction of a
second, and the same script gives the same bytes every time. One quantum is 20 ms, in the order of the lock-step: the
world lets time pass, then guard, belt, stopper and kiosk take their turn, and after each the world takes in what was
sent. The stopper is left out unless asked for, so that a scene shows what the others do without it.

    with Composed() as house:
        house.walking(120)
        house.hand("clip", False)
        house.until(lambda: house.speed == 0, within_s=4)
        house.assert_safe()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from hardware.belt.process import BeltProcess
from hardware.belt.wire import WireLink
from hardware.config import Checks, Config, Limits, LinkKind, PinsKind, Timing, Treadmill, Wiring, WiringLevel
from hardware.config.profiles import UNCOMMISSIONED, Profile
from hardware.gpio.pins import WorldPins
from hardware.guard.loop import Guard, belt_seat, kiosk_seat, rules_of
from hardware.link.clock import VirtualClock
from hardware.link.endpoint import Endpoint, MemoryEndpoint, memory_pair
from hardware.link.mailbox import Mailbox
from hardware.link.messages import (
    Alive,
    Arm,
    Belt,
    BeltToWorld,
    Cause,
    Complaint,
    Disarm,
    Ease,
    Envelope,
    GuardToKiosk,
    GuardToPins,
    KioskToGuard,
    LowerCap,
    PinsToGuard,
    Purpose,
    Refused,
    Reset,
    ResetBy,
    SafetyEvent,
    Sentry,
    Start,
    State,
    Status,
    Stop,
    StopWhy,
    TapEntry,
    Target,
    Wish,
    WorldToBelt,
)
from hardware.link.steploop import StepLoop
from hardware.simulated.machines import SIMULATED_S1, Machine
from hardware.simulated.world import World
from hardware.stopper.process import StopperProcess
from hardware.stopper.world import WorldWriter

START_S = 1000.0
QUANTUM_S = 0.020
ALIVE_QUANTA = 5  # ten drawn frames a second reach the guard
ADDRESS = "C0:FF:EE:00:00:42"
CONTROL_POINT = 0x2AD9


UNCHECKED = Checks(opening=False, profile=False)
"""What every scene has that is not about the opening check or commissioning."""


class NotReached(AssertionError):
    """What a script waited for did not come in time; the text is the scene as it stands."""


def wiring(level: WiringLevel = WiringLevel.H1, *, amber: bool = False, deck: bool = False) -> Wiring:
    """The pins of the demo. H0 has no permit. *deck*: both deck sensors and a belt pick-up."""
    fitted = level is not WiringLevel.H0
    return Wiring(
        pins=PinsKind.SIMULATED,
        level=level,
        clip=17,
        red_button=27,
        amber_button=22 if amber else None,
        permit=23 if fitted else None,
        permit_readback=24 if fitted else None,
        alarm=25,
        deck_open_end=5 if deck else None,
        deck_motor_end=6 if deck else None,
        belt_pickup=16 if deck else None,
    )


class MemoryLease:
    """The lease, in memory that outlives guard and belt as the mapped file does."""

    def __init__(self) -> None:
        self.active = False
        self.session = ""
        self.opening: tuple[str, float] | None = None
        self.staff = False

    def take(self, session: str) -> None:
        """As hardware.link.lease.Lease does."""
        self.active, self.session = True, session

    def release(self) -> None:
        """As hardware.link.lease.Lease does."""
        self.active = False

    def keep_opening(self, record: tuple[str, float] | None) -> None:
        """As hardware.link.lease.Lease does."""
        self.opening = record

    def keep_staff(self, staff: bool) -> None:
        """As hardware.link.lease.Lease does."""
        self.staff = staff


class FakeKiosk:
    """A kiosk that says what the script says, draws ten frames a second, and remembers what it was told."""

    def __init__(self, house: Composed) -> None:
        self._house = house
        self.endpoint: MemoryEndpoint[Any, Any]
        self.endpoint, theirs = memory_pair(GuardToKiosk, KioskToGuard)
        house.kiosk_seat.take(theirs)
        self.frozen = False
        self.drawn = 0
        self.status: Status | None = None
        self.status_at_s = 0.0  # when the guard sent it
        self.events: list[SafetyEvent] = []
        self.refused: list[Refused] = []
        self._quanta = 0

    def turn(self, now_s: float) -> None:
        """One quantum."""
        for frame in self.endpoint.drain(now_s):
            body = frame.body
            if isinstance(body, Status):
                self.status, self.status_at_s = body, frame.t_s
            elif isinstance(body, SafetyEvent):
                self.events.append(body)
            elif isinstance(body, Refused):
                self.refused.append(body)
        if not self.frozen and self._quanta % ALIVE_QUANTA == 0:
            self.drawn += 1
            self.endpoint.send(Alive(self.drawn), now_s)
        self._quanta += 1

    def say(self, body: KioskToGuard) -> None:
        """Send; the guard hears it in its next turn."""
        self.endpoint.send(body, self._house.now_s)

    def arm(self, cap_ckmh: int = 200, max_dpct: int = 0, session: str = "s1") -> None:
        """A session wants to begin."""
        self.say(Arm(Envelope(cap_ckmh, max_dpct), session, Purpose.SESSION))

    def start(self) -> None:
        """The countdown is over."""
        self.say(Start())

    def target(self, speed_ckmh: int, incline_dpct: int = 0) -> None:
        """What the session is at now."""
        self.say(Target(speed_ckmh, incline_dpct))

    def stop(self, why: StopWhy = StopWhy.MEMBER) -> None:
        """Softly to rest."""
        self.say(Stop(why))

    def ease(self) -> None:
        """Down to the minimum."""
        self.say(Ease())

    def disarm(self) -> None:
        """The session is off."""
        self.say(Disarm())

    def lower_cap(self, cap_ckmh: int) -> None:
        """Staff lowered the cap."""
        self.say(LowerCap(cap_ckmh))

    def reset(self, who: ResetBy = ResetBy.MEMBER) -> None:
        """Clear the latch."""
        self.say(Reset(who))


class Composed:
    """World, guard, belt and kiosk. All options are those of a gym; *mischief* is on from the start."""

    def __init__(
        self,
        machine: Machine = SIMULATED_S1,
        *,
        level: WiringLevel = WiringLevel.H1,
        amber: bool = False,
        deck: bool = False,
        cap_kmh: float = 2.0,
        max_incline_percent: float = 0.0,
        profile: Profile = UNCOMMISSIONED,
        mischief: Iterable[str] = (),
        stopper: bool = False,
        checks: Checks = UNCHECKED,
        bound_to: str = ADDRESS,
    ) -> None:
        self.clock = VirtualClock(START_S)
        self.quanta = 0
        self.config = Config(
            treadmill=Treadmill(link=LinkKind.SIMULATED, address=ADDRESS),
            limits=Limits(cap_kmh=cap_kmh, max_incline_percent=max_incline_percent),
            wiring=wiring(level, amber=amber, deck=deck),
            checks=checks,
            timing=Timing(),
        )
        self.profile = profile
        self.address = bound_to  # of the treadmill that the belt process looks for when it starts
        self.proved = True
        self.world = World(self.config, START_S, machine)
        for name in mischief:
            self.world.mischief(name, True, START_S)
        self.lease = MemoryLease()
        self.guard: Guard | None = None
        self.guard_hangs = False
        self.belt: BeltProcess | None = None
        self.belt_hangs = False
        self._belt_task: asyncio.Task[bool] | None = None
        self._belt_ends: list[MemoryEndpoint[Any, Any]] = []
        self._guard_ends: list[MemoryEndpoint[Any, Any]] = []
        self.loop = _step_loop(self.clock)
        self.stopper: StopperProcess | None = None
        self._stopper_task: asyncio.Task[None] | None = None
        self._stopper_ends: list[MemoryEndpoint[Any, Any]] = []
        self.stopper_loop = _step_loop(self.clock)
        if stopper:
            self.start_stopper()
        self.start_guard()
        self.kiosk = FakeKiosk(self)
        self.start_belt()

    def __enter__(self) -> Composed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill what is left; idempotent."""
        self.kill_belt()
        self.kill_guard()
        self.kill_stopper()
        self.world.close()
        self.loop.close()
        self.stopper_loop.close()

    # ------------------------------------------------------------------------------------------ processes

    def start_guard(self) -> None:
        """A guard process comes up (again); nobody is connected to it yet but its pins."""
        mine, worlds = memory_pair(PinsToGuard, GuardToPins)
        self.world.attach_pins(worlds)
        self._guard_ends = [mine]
        self.belt_seat, self.kiosk_seat = belt_seat(), kiosk_seat()
        profiles = {ADDRESS: self.profile} if self.profile is not UNCOMMISSIONED else {}
        self.guard = Guard(
            rules=rules_of(self.config, profiles, proved=self.proved),
            wiring=self.config.wiring,
            pins=WorldPins(mine),
            belt=self.belt_seat,
            kiosk=self.kiosk_seat,
            stopper=Mailbox(self._dial_stopper),
            lease=self.lease,
            now_s=self.now_s,
        )

    def kill_guard(self) -> None:
        """``kill -9``: pins keep their level, sockets are closed by the kernel, the lease stays as it is."""
        self.guard = None
        for end in self._guard_ends:
            end.close()
        self.belt_seat.close()
        self.kiosk_seat.close()

    def restart_kiosk(self) -> None:
        """A new kiosk process connects."""
        self.kiosk = FakeKiosk(self)

    def start_belt(self) -> None:
        """A belt process comes up (again) and dials guard and link by itself."""

        def guard() -> Endpoint[Belt, Wish] | None:
            if self.guard is None:
                return None
            mine, guards = memory_pair(Wish, Belt)
            self.belt_seat.take(guards)
            self._belt_ends.append(mine)
            return mine

        def link() -> Endpoint[BeltToWorld, WorldToBelt] | None:
            mine, worlds = memory_pair(WorldToBelt, BeltToWorld)
            self.world.attach_link(worlds)
            self._belt_ends.append(mine)
            return mine

        self.belt_hangs = False
        self.loop.run_until_complete(self._make_belt(Mailbox(guard), Mailbox(link)))
        assert self.belt is not None
        self._belt_task = self.loop.create_task(self.belt.run())

    async def _make_belt(self, guard: Mailbox[Belt, Wish], link: Mailbox[BeltToWorld, WorldToBelt]) -> None:
        self.belt = BeltProcess(
            link=WireLink(link, self.clock),
            profile=self.profile,
            address=self.address,
            cap_ckmh=self.config.limits.cap_ckmh,
            guard=guard,
            stopper=Mailbox(self._dial_stopper),
            lease=self.lease,
            clock=self.clock,
        )

    def kill_belt(self) -> None:
        """``kill -9``: nothing more is written; the link stays up (bluez.md F15)."""
        for end in self._belt_ends:
            end.close()
        self._belt_ends.clear()
        self._belt_task, self.belt = None, None
        _bury(self.loop)

    def start_stopper(self) -> None:
        """The fallback writer comes up (again). It must be there before guard and belt dial it."""
        self.stopper_loop.run_until_complete(self._make_stopper())
        assert self.stopper is not None
        self._stopper_task = self.stopper_loop.create_task(self.stopper.run())

    async def _make_stopper(self) -> None:
        def link() -> Endpoint[BeltToWorld, WorldToBelt]:
            mine, worlds = memory_pair(WorldToBelt, BeltToWorld)
            self.world.attach_link(worlds)
            self._stopper_ends.append(mine)
            return mine

        self.stopper = StopperProcess(
            writer=WorldWriter(Mailbox(link), ADDRESS, self.clock),
            profile=self.profile,
            lease=self.lease,
            clock=self.clock,
        )

    def _dial_stopper(self) -> Endpoint[Sentry, Complaint] | None:
        if self.stopper is None:
            return None
        mine, stoppers = memory_pair(Complaint, Sentry)
        self.stopper.admit(stoppers)
        self._stopper_ends.append(stoppers)
        return mine

    def kill_stopper(self) -> None:
        """``kill -9``."""
        for end in self._stopper_ends:
            end.close()
        self._stopper_ends.clear()
        self._stopper_task, self.stopper = None, None
        _bury(self.stopper_loop)

    # ------------------------------------------------------------------------------------------ time

    @property
    def now_s(self) -> float:
        """The house's time."""
        return self.clock.now_s

    def quantum(self) -> None:
        """20 ms for everybody."""
        self.quanta += 1
        now_s = self.clock.now_s = START_S + self.quanta * QUANTUM_S
        self.world.step(now_s)
        if self.guard is not None and not self.guard_hangs:
            self.guard.step(now_s)
            self.world.receive(now_s)
        if self._belt_task is not None and not self.belt_hangs:
            _turn(self.loop, self._belt_task)
            self.world.receive(now_s)
        if self._stopper_task is not None:
            _turn(self.stopper_loop, self._stopper_task)
            self.world.receive(now_s)
        self.kiosk.turn(now_s)

    def run(self, seconds: float) -> None:
        """Let *seconds* pass."""
        for _ in range(round(seconds / QUANTUM_S)):
            self.quantum()

    def until(self, reached: Callable[[], bool], within_s: float) -> float:
        """Let time pass until *reached*; returns how long it took. Raises NotReached."""
        began_s = self.now_s
        for _ in range(round(within_s / QUANTUM_S) + 1):
            if reached():
                return self.now_s - began_s
            self.quantum()
        if reached():
            return self.now_s - began_s
        raise NotReached(f"not reached within {within_s:g} s: {self.scene()}")

    # ------------------------------------------------------------------------------------------ hands

    def hand(self, what: str, closed: bool) -> None:
        """Clip, red, amber or key, at this instant."""
        self.world.hand(what, closed, self.now_s)

    def mischief(self, name: str, on: bool = True) -> None:
        """Bad habits and deeds, at this instant."""
        self.world.mischief(name, on, self.now_s)

    # ------------------------------------------------------------------------------------------ what is true

    @property
    def speed(self) -> float:
        """The belt's true speed, 0.01 km/h."""
        return self.world.treadmill.true_ckmh

    @property
    def status(self) -> Status:
        """What the kiosk was told last."""
        assert self.kiosk.status is not None, "the guard has not spoken yet"
        return self.kiosk.status

    @property
    def state(self) -> State | None:
        """The guard's state, as the kiosk knows it."""
        return None if self.kiosk.status is None else self.kiosk.status.state

    @property
    def cause(self) -> Cause | None:
        """The guard's cause, as the kiosk knows it."""
        return None if self.kiosk.status is None else self.kiosk.status.cause

    @property
    def permit(self) -> bool:
        """The relay in the world."""
        return self.world.permit

    @property
    def alarm(self) -> bool:
        """The buzzer in the world."""
        return self.world.pins.alarm

    def writes(self, since_s: float = 0.0, op: str = "") -> list[TapEntry]:
        """Control point writes from *since_s* on; *op* is how they begin, in hex."""
        return [
            entry
            for entry in self.world.tap.entries
            if entry.direction == "write"
            and entry.char == CONTROL_POINT
            and entry.t_s >= since_s
            and entry.value.hex().startswith(op)
        ]

    def scene(self) -> str:
        """All that a failing test should show."""
        told = self.kiosk.status
        guard = "no word from the guard"
        if told is not None:
            missing = [str(one) for one in (*told.reset_missing, *told.arm_missing, *told.start_missing)]
            guard = (
                f"{told.state} cause={told.cause} link={told.link} missing={sorted(set(missing))} {told.trouble!r}"
            )
        refusals = [] if self.belt is None else self.belt.refusals[-3:]
        log = "\n".join(
            f"  {entry.t_s:9.3f} {entry.direction:8} {entry.char:04x} {entry.value.hex(' ')} {entry.note}"
            for entry in self.world.tap.entries[-40:]
        )
        return (
            f"t={self.now_s:.2f} belt={self.speed:.0f} permit={self.permit} alarm={self.alarm} {guard}\n"
            f"refused={self.kiosk.refused[-3:]} held back={refusals} violations={self.world.violations}\n{log}"
        )

    def assert_safe(self) -> None:
        """Promises P3 and P5 held, and the whitelist had nothing to hold back."""
        assert self.world.violations == (), self.scene()
        assert self.belt is None or self.belt.refusals == [], self.scene()

    # ------------------------------------------------------------------------------------------ ways through

    def idle(self) -> None:
        """From boot to IDLE, by a member's Reset."""
        self.until(lambda: self.kiosk.status is not None and not self.status.reset_missing, within_s=15)
        self.kiosk.reset()
        self.until(lambda: self.state is State.IDLE, within_s=1)

    def armed(self, cap_ckmh: int = 200, max_dpct: int = 0) -> None:
        """On to ARMED: Arm, then the clip is pulled and put back."""
        if self.state is not State.IDLE:
            self.idle()
        self.run(0.1)  # the relay begins to pick up
        self.until(lambda: not self.status.arm_missing, within_s=5)
        self.kiosk.arm(cap_ckmh, max_dpct)
        self.until(lambda: self.state is State.PROOF, within_s=1)
        self.hand("clip", False)
        self.run(0.5)
        self.hand("clip", True)
        self.until(lambda: self.state is State.ARMED, within_s=2)

    def starting(self, cap_ckmh: int = 200, max_dpct: int = 0) -> None:
        """On to STARTING: the countdown is over."""
        if self.state is not State.ARMED:
            self.armed(cap_ckmh, max_dpct)
        self.until(lambda: not self.status.start_missing, within_s=5)
        self.kiosk.start()
        self.until(lambda: self.state is State.STARTING, within_s=1)

    def walking(self, speed_ckmh: int = 80, cap_ckmh: int = 200, max_dpct: int = 0) -> None:
        """On to RUNNING at *speed_ckmh*, measured."""
        self.starting(cap_ckmh, max_dpct)
        self.until(lambda: self.state is State.RUNNING, within_s=15)
        self.kiosk.target(speed_ckmh)
        self.until(lambda: self.status.measured_ckmh == speed_ckmh, within_s=40)

    def latched(self, within_s: float) -> float:
        """Until LATCHED; returns how long it took."""
        return self.until(lambda: self.state is State.LATCHED, within_s)


def _step_loop(clock: VirtualClock) -> StepLoop:
    """A loop that returns whenever it would sleep."""

    def idle() -> None:
        loop.stop()

    loop = StepLoop(clock, idle)
    return loop


def _turn(loop: StepLoop, task: asyncio.Task[Any]) -> None:
    """All that is due now. A fault in the process is a fault of the test."""
    loop.run_forever()
    if task.done() and not task.cancelled():
        task.result()


def _bury(loop: StepLoop) -> None:
    """Unwind what a killed process leaves behind: its mailboxes are closed and time does not pass."""
    if loop.is_closed():
        return
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_forever()
