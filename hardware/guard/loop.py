"""The tick: read levels, read mailboxes, step the machine, write outputs. One thread, no asyncio, no file.

Everything comes in through the constructor, time included, so that the same object runs as a process on the real
clock, in lock-step with a simulated world, and composed with the other parts in one test.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from hardware.config import Config, Wiring
from hardware.config.profiles import Profile
from hardware.constants import LEAVE_S, SAMPLE_S, SCREEN_MISSING_S, SENTRY_S, TICK_S
from hardware.gpio.pins import PinError, Pins
from hardware.gpio.wires import Switchboard
from hardware.guard.black_box import BlackBox
from hardware.guard.limits import House
from hardware.guard.machine import step
from hardware.guard.memory import Inputs, Machine, Outputs, Request, Rules, initial
from hardware.guard.opening import Checks
from hardware.guard.report import status_of, steady
from hardware.guard.seat import Seat
from hardware.link.mailbox import Mailbox
from hardware.link.messages import (
    Alive,
    Belt,
    BlackBoxAck,
    BlackBoxChunk,
    Complaint,
    Frame,
    KioskToGuard,
    Refused,
    SafetyEvent,
    Sentry,
    State,
    Status,
    Wish,
)
from hardware.units import dpct_from_percent

SAMPLES_PER_TICK: Final = round(TICK_S / SAMPLE_S)
STATUS_S: Final = 0.100
EVENTS_KEPT: Final = 64  # for a kiosk that is away
LEAVE_MARGIN_S: Final = 3.0  # told to leave, and the belt not at rest by its budget: so much longer, then go

ToKiosk = Status | Refused | SafetyEvent | BlackBoxChunk | Complaint
BeltSeat = Seat[Wish, Belt]
KioskSeat = Seat[ToKiosk, KioskToGuard]


def rules_of(config: Config, profiles: dict[str, Profile], *, proved: bool = True) -> Rules:
    """What configuration, measured treadmills and the binding's proof fix for this guard's life."""
    return Rules(
        house=House(
            cap_ckmh=config.limits.cap_ckmh,
            max_dpct=dpct_from_percent(config.limits.max_incline_percent),
            supervised=config.wiring.supervised,
        ),
        tick_late_s=config.timing.tick_late_s,
        profiles=profiles,
        checks=Checks(opening=config.checks.opening, profile=config.checks.profile),
        alarm=config.wiring.alarm is not None,
        proved=proved,
    )


class LeasePort(Protocol):
    """Where the lease is kept (hardware.link.lease)."""

    @property
    def active(self) -> bool:
        """True while a belt that moves is ours."""

    @property
    def session(self) -> str:
        """For which session."""

    def take(self, session: str) -> None:
        """Before the first byte that may move the belt."""

    def release(self) -> None:
        """Once the belt is measured at rest."""

    @property
    def staff(self) -> bool:
        """True if only staff may reset what was latched last."""

    def keep_staff(self, staff: bool) -> None:
        """For a guard that is started again before the next boot."""

    @property
    def opening(self) -> tuple[str, float] | None:
        """The finished opening check: the treadmill's address, and when (monotonic seconds)."""

    def keep_opening(self, record: tuple[str, float] | None) -> None:
        """For a guard that is started again before the next boot."""


def belt_seat() -> BeltSeat:
    """A seat without a listener, for composed runs."""
    return Seat(Belt, "")


def kiosk_seat() -> KioskSeat:
    """A seat without a listener, for composed runs."""
    return Seat(KioskToGuard, "")


class Guard:
    """The guard, all but its process: ``sample`` every 5 ms, ``collect`` and ``tick`` every 20; or ``step``."""

    def __init__(
        self,
        *,
        rules: Rules,
        wiring: Wiring,
        pins: Pins,
        belt: BeltSeat,
        kiosk: KioskSeat,
        stopper: Mailbox[Sentry, Complaint],
        lease: LeasePort,
        now_s: float,
    ) -> None:
        self._rules: Final = rules
        self._wiring: Final = wiring
        self._pins: Final = pins
        self._belt: Final = belt
        self._kiosk: Final = kiosk
        self._stopper: Final = stopper
        self._lease: Final = lease
        self._switchboard: Final = Switchboard(wiring)
        self._black_box: Final = BlackBox(rules)
        self.machine: Machine = initial(
            now_s, lease=lease.active, session=lease.session, checked=lease.opening, staff=lease.staff
        )
        self._frame: Frame[Belt] | None = None
        self._frame_life = 0
        self._drawn: tuple[int, float] | None = None
        self._kiosk_life = 0
        self._requests: list[Request] = []
        self._events: deque[SafetyEvent] = deque(maxlen=EVENTS_KEPT)
        self._told: Status | None = None
        self._told_s: float | None = None
        self._sentry_s: float | None = None
        self._stop_now = False
        self._told_rest = False
        self._read_fault = ""  # a sample since the last tick that could not be read
        self._pin_faults: dict[int, tuple[int, str]] = {}  # outputs that could not be driven: to what level, and why
        self._permit_level = 0
        self._alarm_level = 0
        self._pulse_level = 0
        self._samples = 0
        self._tick_s: float | None = None
        self.ticks_late = 0
        self._leaving_s: float | None = None
        self._rebinding_s: float | None = None
        for pin in (wiring.permit, wiring.alarm, wiring.test_pulse):
            if pin is not None:
                self._drive(pin, 0, now_s)

    # ------------------------------------------------------------------------------------------ time

    def step(self, now_s: float) -> None:
        """Lock-step and composed runs: the 20 ms from *now_s*, in which the levels drained at *now_s* stand.

        Frames that leave in a later sample carry *now_s* all the same: it is the quantum's time for everybody.
        """
        levels = self._levels(now_s)
        self._sampled(levels, now_s, now_s)
        self.collect(now_s)
        self.tick(now_s)
        for n in range(1, SAMPLES_PER_TICK):
            self._sampled(levels, now_s + n * SAMPLE_S, now_s)

    def sample(self, now_s: float) -> None:
        """Read the wires. An opening is acted on here, not at the next tick.

        With a test pulse fitted, one sample in four is taken with it high, and tests the loops instead. (Not in
        lock-step: its levels stand for a whole quantum.)
        """
        levels = self._levels(now_s)
        if self._pulse_level and levels is not None:
            self._switchboard.tested(levels)
        else:
            self._sampled(levels, now_s, now_s)
        if self._wiring.test_pulse is not None:
            self._samples = (self._samples + 1) % SAMPLES_PER_TICK
            level = int(self._samples == 0)
            if level != self._pulse_level:
                self._pulse_level = level
                self._drive(self._wiring.test_pulse, level, now_s)

    def tick(self, now_s: float) -> None:
        """One tick. The permit's edge comes last: only a tick that got so far makes one."""
        if self._tick_s is not None and now_s - self._tick_s > 2 * TICK_S:
            self.ticks_late += 1
        self._tick_s = now_s
        requests, self._requests = tuple(self._requests), []
        outputs = self._react(requests, now_s, now_s)
        self._read_fault = ""
        self._tell_stopper(outputs, now_s)
        for pin, (level, _) in tuple(self._pin_faults.items()):
            self._drive(pin, level, now_s)
        if outputs.permit and self._wiring.permit is not None:
            self._permit_level ^= 1
            self._drive(self._wiring.permit, self._permit_level, now_s)

    # ------------------------------------------------------------------------------------------ in

    def _levels(self, now_s: float) -> Mapping[int, int] | None:
        try:
            return self._pins.levels(now_s)
        except PinError as error:
            self._switchboard.failed(str(error))
            self._read_fault = str(error)  # the next sample may be good: a read error trips all the same
            return None

    def _sampled(self, levels: Mapping[int, int] | None, now_s: float, stamp_s: float) -> None:
        if levels is not None and self._switchboard.sample(levels, now_s):
            self._react((), now_s, stamp_s)

    def collect(self, now_s: float) -> None:
        """Drain the mailboxes. The tick's time is taken after this, so that no honest frame is from the future."""
        life = self._belt.lives  # of whom these frames are from: in the same drain the next one may take the seat
        frames = self._belt.drain(now_s)
        if frames:
            self._frame, self._frame_life = frames[-1], life
        for frame in self._kiosk.drain(now_s):
            body = frame.body
            if isinstance(body, Alive):
                self._drawn = (body.drawn, frame.t_s)
            elif isinstance(body, BlackBoxAck):
                self._kiosk.send(self._black_box.answer(body), now_s)
            else:
                self._requests.append(body)
        if self._kiosk.lives != self._kiosk_life:
            self._kiosk_life, self._told = self._kiosk.lives, None

    def _inputs(self, requests: tuple[Request, ...]) -> Inputs:
        switches = self._switchboard.switches
        undriven = next((why for _, why in self._pin_faults.values()), "")
        if not switches.fault and (self._read_fault or undriven):
            switches = msgspec.structs.replace(switches, fault=self._read_fault or undriven)
        # A frame counts for the peer that sent it: what the belt process before this one said is history.
        frame = self._frame if self._frame_life == self._belt.lives and self._belt.occupied else None
        drawn, drawn_at_s = (None, None) if self._drawn is None else self._drawn
        return Inputs(
            switches=switches,
            belt=None if frame is None else frame.body,
            belt_at_s=None if frame is None else frame.t_s,
            belt_life=self._belt.lives,
            drawn=drawn,
            drawn_at_s=drawn_at_s,
            requests=requests,
            shutdown=self._leaving_s is not None,
        )

    # ------------------------------------------------------------------------------------------ out

    def _react(self, requests: tuple[Request, ...], now_s: float, stamp_s: float) -> Outputs:
        before, inputs = self.machine, self._inputs(requests)
        self.machine, outputs = step(before, inputs, now_s, self._rules)
        if outputs.lease and not self._lease.active:
            self._lease.take(self.machine.session)  # before the byte that may move the belt
        self._belt.send(outputs.wish, stamp_s)
        if not outputs.permit:
            self._drop_permit(stamp_s)
        self._sound(outputs.alarm, stamp_s)
        if not outputs.lease and self._lease.active:
            self._lease.release()
        if self.machine.staff is not self._lease.staff:
            self._lease.keep_staff(self.machine.staff)
        if self.machine.check is not before.check:
            self._lease.keep_opening(self.machine.check.record)
        if self.machine.leave and self._rebinding_s is None:
            self._rebinding_s = now_s
        self._tell_kiosk(inputs, outputs, now_s, stamp_s)
        self._black_box.note(before, inputs, outputs, now_s)
        return outputs

    def _drop_permit(self, now_s: float) -> None:
        if self._permit_level and self._wiring.permit is not None:
            self._permit_level = 0
            self._drive(self._wiring.permit, 0, now_s)

    def _sound(self, alarm: bool, now_s: float) -> None:
        if self._wiring.alarm is not None and alarm != bool(self._alarm_level):
            self._alarm_level = int(alarm)
            self._drive(self._wiring.alarm, self._alarm_level, now_s)

    def _drive(self, pin: int, level: int, now_s: float) -> None:
        try:
            self._pins.drive(pin, level, now_s)
        except PinError as error:
            self._pin_faults[pin] = (level, str(error))  # tried again in every tick
        else:
            self._pin_faults.pop(pin, None)

    def _tell_kiosk(self, inputs: Inputs, outputs: Outputs, now_s: float, stamp_s: float) -> None:
        for refused in outputs.refused:
            self._kiosk.send(refused, stamp_s)
        self._events.extend(outputs.events)
        drawn_s = self.machine.drawn_s
        # What a frozen kiosk is told goes with it when it is killed: its events wait until it draws, or for the next.
        frozen = drawn_s is not None and now_s - drawn_s > SCREEN_MISSING_S
        while self._events and self._kiosk.occupied and not frozen:
            self._kiosk.send(self._events.popleft(), stamp_s)
        status = status_of(self.machine, inputs, outputs, now_s, self.ticks_late)
        news = steady(status)
        if news != self._told or _due(self._told_s, now_s, STATUS_S):
            self._told, self._told_s = news, now_s
            self._kiosk.send(status, stamp_s)

    def _tell_stopper(self, outputs: Outputs, now_s: float) -> None:
        self._stopper.tend(now_s)
        self._stopper.drain(now_s)
        news = (outputs.stop_now and not self._stop_now) or outputs.at_rest is not self._told_rest
        self._stop_now, self._told_rest = outputs.stop_now, outputs.at_rest
        if news or _due(self._sentry_s, now_s, SENTRY_S):
            self._sentry_s = now_s
            facts = None if self._frame is None else self._frame.body.facts
            address = None if facts is None else facts.address
            self._stopper.send(Sentry("guard", outputs.lease, outputs.stop_now, outputs.at_rest, address), now_s)

    # ------------------------------------------------------------------------------------------ the end

    def leave(self, now_s: float) -> None:
        """Told to end: the belt comes to rest first. Then ``done`` is True."""
        if self._leaving_s is None:
            self._leaving_s = now_s

    def done(self, now_s: float) -> bool:
        """True once it may leave: nothing that it stops moves any more, or the stop's budget is long over.

        To be started anew (Rebind) it lets the belt process go first, and waits no longer than LEAVE_S for that.
        """
        if self._rebinding_s is not None and not (self._belt.occupied and 0 <= now_s - self._rebinding_s < LEAVE_S):
            return True
        if self._leaving_s is None:
            return False
        late_s = now_s - self._leaving_s - self.machine.budget_s - LEAVE_MARGIN_S
        moving = self.machine.lease or self.machine.state is State.STOPPING  # without a lease: a walk that follows
        at_rest = self._tick_s is not None and self._tick_s >= self._leaving_s and not moving
        return at_rest or late_s > 0

    def close(self, now_s: float) -> None:
        """Permit off, alarm as it is needed no longer, pins and sockets released. The lease stays as it is."""
        self._drop_permit(now_s)
        self._pins.close()
        self._belt.close()
        self._kiosk.close()
        self._stopper.close()


def run(
    guard: Guard,
    now: Callable[[], float],
    sleep: Callable[[float], None],
    *,
    told_to_leave: Callable[[], bool],
    healthy: Callable[[float], None],
) -> None:
    """On a real clock until told to leave. Deadlines are absolute, so nothing drifts; what was missed is skipped."""
    sample_due_s = tick_due_s = now()
    while not guard.done(now()):
        pause_s = sample_due_s - now()
        if pause_s > 0:
            sleep(pause_s)
        now_s = now()
        if told_to_leave():
            guard.leave(now_s)
        guard.sample(now_s)
        if now_s >= tick_due_s:
            guard.collect(now_s)
            guard.tick(now())
            healthy(now_s)
            tick_due_s = _next_due(tick_due_s, TICK_S, now_s)
        sample_due_s = _next_due(sample_due_s, SAMPLE_S, now())


def _due(last_s: float | None, now_s: float, period_s: float) -> bool:
    """Half a tick of tolerance, or five ticks of 20 ms would now and then be six."""
    return last_s is None or not 0 <= now_s - last_s < period_s - TICK_S / 2


def _next_due(due_s: float, period_s: float, now_s: float) -> float:
    return due_s + period_s * max(1, math.ceil((now_s - due_s) / period_s))
