"""A treadmill as a GATT server: FTMS 1.0.1 to the byte, and the ways in which machines depart from it.

A plain object. No socket, no event loop, no clock: whoever mounts it (the virtual link, Bumble) tells it what the
client does and what time it is, and carries away what it wants to send. It has its own encoder, so that a mistake in
the belt process's codec cannot hide behind the same mistake here.

Mounting: ``connected(now)``, ``subscribe(char, on, now)``, ``read(char)``, ``write(char, value, response, now)``,
``step(now)`` at least every 20 ms, ``disconnected(now)``. Each returns what is to be sent since the last call. An
indication counts as confirmed when it is handed out.
"""

from __future__ import annotations

import heapq
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final

from hardware.simulated.machines import (
    FIELD_BITS,
    Answers,
    Field,
    Habits,
    Machine,
    Pause,
    Ranges,
    Speed,
    Start,
    Stop,
    Telemetry,
    Training,
)
from hardware.simulated.physics import Physics

FTMS: Final = 0x1826
DEVICE_INFORMATION: Final = 0x180A
FEATURE: Final = 0x2ACC
TREADMILL_DATA: Final = 0x2ACD
TRAINING_STATUS: Final = 0x2AD3
SPEED_RANGE: Final = 0x2AD4
INCLINE_RANGE: Final = 0x2AD5
CONTROL_POINT: Final = 0x2AD9
STATUS: Final = 0x2ADA
MODEL_NUMBER: Final = 0x2A24
FIRMWARE_REVISION: Final = 0x2A26
MANUFACTURER: Final = 0x2A29

ATT_OK: Final = 0x00
ATT_READ_NOT_PERMITTED: Final = 0x02
ATT_WRITE_NOT_PERMITTED: Final = 0x03
ATT_ATTRIBUTE_NOT_FOUND: Final = 0x0A
ATT_INVALID_LENGTH: Final = 0x0D
ATT_INSUFFICIENT_ENCRYPTION: Final = 0x0F
ATT_APPLICATION: Final = 0x80
ATT_CCCD_NOT_CONFIGURED: Final = 0xFD
ATT_IN_PROGRESS: Final = 0xFE

SUCCESS: Final = 1
NOT_SUPPORTED: Final = 2
INVALID: Final = 3
FAILED: Final = 4
NOT_PERMITTED: Final = 5

ONE_MPH_CKMH: Final = 161
FIELD_FEATURES: Final[dict[Field, int]] = {
    "average": 0,
    "distance": 2,
    "incline": 3,
    "elevation": 4,
    "pace": 5,
    "steps": 6,
    "energy": 9,
    "heart_rate": 10,
    "met": 11,
    "elapsed": 12,
    "remaining": 13,
    "force": 15,
}


@dataclass(frozen=True, slots=True)
class CharacteristicInfo:
    """What a mount has to offer: 16-bit UUIDs and properties as in the GATT table."""

    service: int
    uuid: int
    properties: frozenset[str]  # of "read", "write", "write-without-response", "notify", "indicate"


@dataclass(frozen=True, slots=True)
class Send:
    """A notification, or an indication, for the client."""

    char: int
    value: bytes
    indication: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """The machine ends the link by itself."""

    reason: str


Output = Send | Drop


@dataclass(frozen=True, slots=True)
class Answer:
    """To one ATT request. *att_error* None: the machine never answers it (bluez.md F4)."""

    att_error: int | None
    value: bytes = b""
    outputs: tuple[Output, ...] = ()


class Console(StrEnum):
    """Keys of the machine's own console."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    PLUS = "plus"
    MINUS = "minus"


class Mode(Enum):
    """What the machine is doing."""

    IDLE = auto()
    WAITING = auto()  # start accepted, a person must press start at the console
    COUNTDOWN = auto()
    RUNNING = auto()
    STOPPING = auto()


class Peripheral:
    """One treadmill. See the module for how to mount it."""

    def __init__(self, machine: Machine, now_s: float) -> None:
        self.machine: Final = machine
        self.habits: Habits = machine.habits
        self.physics: Final = Physics(now_s)
        self.mode = Mode.IDLE
        self.key_seated = True
        self.link_up = False
        self.has_control = False
        self.paired = False  # a bond outlives the link
        self._subscribed: set[int] = set()
        self._now_s = now_s
        self._queue: list[tuple[float, int, Output]] = []
        self._queued = 0
        self._answer_at_s: float | None = None  # an indication is outstanding until then
        self._target_ckmh = 0  # in the machine's own units, as written
        self._last_target_ckmh = 0
        self._move_at_s = 0.0
        self._running_since_s: float | None = None
        self._hand_started = False
        self._stop_op = 0x01
        self._stop_by_hand = False
        self._last_command_s = -math.inf
        self._last_cccd_s = -math.inf
        self._connected_s = 0.0
        self._started_itself = False
        self._link_lost_s: float | None = None
        self._data_due_s = now_s
        self._records = 0
        self._stuck: tuple[bytes, ...] = ()
        self._elapsed_s = 0.0
        self._travel_zero_m = 0.0
        self._speed_sum = 0.0
        self._status_due_s = 0.0

    # ------------------------------------------------------------------------------------------ what it is

    def characteristics(self) -> tuple[CharacteristicInfo, ...]:
        """The GATT table."""
        read, notify = frozenset({"read"}), frozenset({"notify"})
        table = [
            CharacteristicInfo(DEVICE_INFORMATION, MODEL_NUMBER, read),
            CharacteristicInfo(DEVICE_INFORMATION, FIRMWARE_REVISION, read),
            CharacteristicInfo(DEVICE_INFORMATION, MANUFACTURER, read),
            CharacteristicInfo(FTMS, FEATURE, read),
            CharacteristicInfo(FTMS, TREADMILL_DATA, notify),
            CharacteristicInfo(FTMS, TRAINING_STATUS, read | notify),
        ]
        if self.habits.speed_range is not Ranges.MISSING:
            table.append(CharacteristicInfo(FTMS, SPEED_RANGE, read))
        if self.habits.incline_range is not Ranges.MISSING:
            table.append(CharacteristicInfo(FTMS, INCLINE_RANGE, read))
        if self.machine.has_control_point:
            properties = {"write", "indicate"}
            if self.habits.takes_write_command:
                properties.add("write-without-response")
            table.append(CharacteristicInfo(FTMS, CONTROL_POINT, frozenset(properties)))
        table.append(CharacteristicInfo(FTMS, STATUS, notify))
        return tuple(table)

    def _info(self, char: int) -> CharacteristicInfo | None:
        return next((info for info in self.characteristics() if info.uuid == char), None)

    @property
    def true_ckmh(self) -> float:
        """The belt's true speed, whatever the machine says."""
        return self.physics.speed_ckmh

    @property
    def true_dpct(self) -> float:
        """The deck's true incline."""
        return self.physics.incline_dpct

    @property
    def controllable(self) -> bool:
        """True while a client holds control over a live link."""
        return self.link_up and self.has_control

    # ------------------------------------------------------------------------------------------ the link

    def connected(self, now_s: float) -> tuple[Output, ...]:
        """A client connected. Nothing is kept from an earlier link: no control, no subscription."""
        self._to(now_s)
        self.link_up = True
        self.has_control = False
        self._subscribed.clear()
        self._queue.clear()
        self._answer_at_s = None
        self._connected_s = now_s
        self._link_lost_s = None
        self._started_itself = False
        self._data_due_s = now_s + self.habits.period_s
        return self._out(now_s)

    def disconnected(self, now_s: float) -> None:
        """The link is gone. The belt does what this machine does then (most: it goes on)."""
        self._to(now_s)
        if not self.link_up:
            return
        self.link_up = False
        self.has_control = False
        self._subscribed.clear()
        self._queue.clear()
        self._answer_at_s = None
        self._link_lost_s = now_s

    def subscribe(self, char: int, on: bool, now_s: float) -> Answer:
        """The client wrote the CCCD of *char*."""
        self._to(now_s)
        info = self._info(char)
        if info is None or not info.properties & {"notify", "indicate"}:
            return Answer(ATT_ATTRIBUTE_NOT_FOUND, outputs=self._out(now_s))
        if self.habits.answers is Answers.ATT_SILENT:
            return Answer(None, outputs=self._out(now_s))
        quick = now_s - self._last_cccd_s < self.habits.cccd_gap_s
        self._last_cccd_s = now_s
        if not quick:
            if on:
                self._subscribed.add(char)
            else:
                self._subscribed.discard(char)
            if on and char == STATUS and self.habits.stale_status:
                self._emit(STATUS, b"\x02\x01", now_s)
        return Answer(ATT_OK, outputs=self._out(now_s))

    def read(self, char: int) -> Answer:
        """The client read *char*."""
        info = self._info(char)
        if info is None:
            return Answer(ATT_ATTRIBUTE_NOT_FOUND)
        if "read" not in info.properties:
            return Answer(ATT_READ_NOT_PERMITTED)
        if self.habits.answers is Answers.ATT_SILENT:
            return Answer(None)
        return Answer(ATT_OK, self._value(char))

    def _value(self, char: int) -> bytes:
        machine = self.machine
        if char == FEATURE:
            return self._features()
        if char == SPEED_RANGE:
            if self.habits.speed_range is Ranges.ZERO:
                return bytes(6)
            return struct.pack("<HHH", machine.min_ckmh, machine.max_ckmh, machine.increment_ckmh)
        if char == INCLINE_RANGE:
            if self.habits.incline_range is Ranges.ZERO:
                return bytes(6)
            return struct.pack("<hhH", machine.min_dpct, machine.max_dpct, machine.increment_dpct)
        if char == TRAINING_STATUS:
            return self._training()
        texts = {MODEL_NUMBER: machine.model, FIRMWARE_REVISION: machine.firmware, MANUFACTURER: machine.maker}
        return texts[char].encode()

    def _features(self) -> bytes:
        features = 0
        for record in self.habits.records:
            for name in record:
                if name in FIELD_FEATURES:
                    features |= 1 << FIELD_FEATURES[name]
        targets = (1 if self.machine.can_speed else 0) | (2 if self.machine.can_incline else 0)
        return struct.pack("<II", features, targets)

    def _training(self) -> bytes:
        if self.habits.training is Training.EMPTY:
            return b""
        status = {
            Mode.IDLE: 0x01,
            Mode.WAITING: 0x0E,
            Mode.COUNTDOWN: 0x0E,
            Mode.RUNNING: 0x0D,
            Mode.STOPPING: 0x0F,
        }[self.mode]
        if self.habits.training is Training.RESERVED:
            status = {Mode.IDLE: 0x11, Mode.STOPPING: 0x10}.get(self.mode, status)
        return bytes((0, status))

    # ------------------------------------------------------------------------------------------ control point

    def write(self, char: int, value: bytes, response: bool, now_s: float) -> Answer:
        """The client wrote *value*. A write without response has nobody to be refused to: its att_error is 0."""
        self._to(now_s)
        att = self._write(char, value, response, now_s)
        return Answer(att if response else ATT_OK, outputs=self._out(now_s))

    def _write(self, char: int, value: bytes, response: bool, now_s: float) -> int | None:
        info = self._info(char)
        if info is None:
            return ATT_ATTRIBUTE_NOT_FOUND
        if char != CONTROL_POINT:
            return ATT_WRITE_NOT_PERMITTED
        habits = self.habits
        if habits.answers is Answers.ATT_SILENT:
            return None
        if habits.needs_pairing and not self.paired:
            return ATT_INSUFFICIENT_ENCRYPTION
        if habits.answers is Answers.ATT_ERROR:
            return ATT_APPLICATION
        if not value:
            return ATT_INVALID_LENGTH
        if not response and not habits.takes_write_command:
            return ATT_WRITE_NOT_PERMITTED
        if CONTROL_POINT not in self._subscribed:
            return ATT_CCCD_NOT_CONFIGURED
        if self._answer_at_s is not None:
            return ATT_IN_PROGRESS  # thrown away, not queued (FTMS 4.16.2, treadmills.md section 2)
        result, drop = self._procedure(value, now_s)
        if drop:
            self._queue_at(now_s, Drop("the machine ended the link"))
            return ATT_OK
        if habits.answers is Answers.LOST or (value[0] == 0x00 and not habits.answers_control):
            return ATT_OK
        self._answer_at_s = now_s + habits.answer_s
        self._queue_at(self._answer_at_s, Send(CONTROL_POINT, bytes((0x80, value[0], result)), indication=True))
        return ATT_OK

    def _procedure(self, value: bytes, now_s: float) -> tuple[int, bool]:
        habits = self.habits
        if habits.answers is Answers.REFUSED:
            return NOT_PERMITTED, False
        if habits.answers is Answers.FAILED:
            return FAILED, False
        quick = now_s - self._last_command_s < habits.command_gap_s
        self._last_command_s = now_s
        if quick and value[0] != 0x00:
            return SUCCESS, False
        early = self.mode in (Mode.COUNTDOWN, Mode.WAITING)
        if value[0] == 0x02 and early and habits.drops_link_on_early_speed:
            return SUCCESS, True
        result = self._obey(value, now_s)
        return (SUCCESS if habits.answers is Answers.SUCCESS else result), False

    def _obey(self, value: bytes, now_s: float) -> int:
        op, parameter = value[0], value[1:]
        if op == 0x00:
            if parameter:
                return INVALID
            if not self.habits.grants_control:
                return NOT_PERMITTED
            self.has_control = True
            return SUCCESS
        if not self.has_control:
            return NOT_PERMITTED
        if op == 0x01:
            return self._reset(now_s) if not parameter else INVALID
        if op == 0x02 and self.machine.can_speed:
            if len(parameter) != 2:
                return INVALID
            return self._set_speed(int.from_bytes(parameter, "little"), now_s)
        if op == 0x03 and (self.machine.can_incline or self.habits.incline_success_without_deck):
            if len(parameter) != 2:
                return INVALID
            return self._set_incline(int.from_bytes(parameter, "little", signed=True), now_s)
        if op == 0x07:
            return self._start(now_s) if not parameter else INVALID
        if op == 0x08:
            if parameter == b"\x01":
                return self._stop(now_s)
            if parameter == b"\x02":
                return self._pause(now_s)
            return INVALID
        return NOT_SUPPORTED

    def _reset(self, now_s: float) -> int:
        self._halt(now_s, 0x01)
        if self.machine.has_incline:
            self.physics.deck.aim(now_s, 0.0, self.habits.incline_rate_dpct_s)
        self._elapsed_s = 0.0
        self._travel_zero_m = self.physics.travel_m
        self._echo(b"\x01", now_s)
        self.has_control = False  # control lasts until Reset
        return SUCCESS

    def _in_range(self, value: int, low: int, high: int) -> int | None:
        if low <= value <= high:
            return value
        return min(max(value, low), high) if self.habits.clamps_silently else None

    def _set_speed(self, wanted: int, now_s: float) -> int:
        habits, machine = self.habits, self.machine
        if habits.speed is Speed.UNSUPPORTED:
            return NOT_SUPPORTED
        speed = self._in_range(wanted, machine.min_ckmh, machine.max_ckmh)
        if speed is None:
            return INVALID
        if habits.speed is Speed.IGNORED or (habits.speed is Speed.AFTER_HAND_START and not self._hand_started):
            return SUCCESS
        if machine.increment_ckmh > 0:  # a machine cuts to its own grid (TMIW#470)
            speed -= (speed - machine.min_ckmh) % machine.increment_ckmh
        self._target_ckmh = speed
        if self.mode is Mode.RUNNING:
            self._aim(speed, now_s + habits.react_s)
        elif self.mode is Mode.IDLE and habits.start is Start.SPEED_STARTS and self.key_seated:
            self._begin(now_s)
        self._echo(b"\x05" + speed.to_bytes(2, "little"), now_s)
        return SUCCESS

    def _set_incline(self, wanted: int, now_s: float) -> int:
        machine = self.machine
        if not machine.has_incline:
            return SUCCESS
        incline = self._in_range(wanted, machine.min_dpct, machine.max_dpct)
        if incline is None:
            return INVALID
        if machine.increment_dpct > 0:
            incline -= (incline - machine.min_dpct) % machine.increment_dpct
        self.physics.deck.aim(now_s + self.habits.react_s, incline, self.habits.incline_rate_dpct_s)
        self._echo(b"\x06" + incline.to_bytes(2, "little", signed=True), now_s)
        return SUCCESS

    def _start(self, now_s: float) -> int:
        habit = self.habits.start
        if not self.key_seated:
            return FAILED
        if self.mode is Mode.RUNNING or (self.mode is Mode.STOPPING and self.physics.moving):
            if habit is Start.TOGGLE:
                self._halt(now_s, 0x02)
                return SUCCESS
            return FAILED  # start when started
        if self.mode in (Mode.COUNTDOWN, Mode.WAITING):
            if habit is Start.LOOPS:
                self._begin(now_s)
                return SUCCESS
            if habit is Start.TOGGLE:
                self._halt(now_s, 0x02)
                return SUCCESS
            return FAILED
        if habit is Start.IGNORED:
            return SUCCESS
        if habit is Start.SPEED_STARTS:
            return FAILED
        if habit is Start.NEEDS_HAND:
            self.mode = Mode.WAITING
            self._training_changed(now_s)
            return SUCCESS
        self._begin(now_s)
        self._echo(b"\x04", now_s)
        return SUCCESS

    def _begin(self, now_s: float) -> None:
        self.mode = Mode.COUNTDOWN
        self._move_at_s = now_s + self.habits.start_latency_s
        if self.habits.resumes_at_last_speed and self._last_target_ckmh:
            self._target_ckmh = self._last_target_ckmh
        self._training_changed(now_s)

    def _stop(self, now_s: float) -> int:
        habit = self.habits.stop
        if habit is Stop.IGNORED:
            return SUCCESS
        if self.mode is Mode.IDLE:
            if habit is Stop.TOGGLE and self.key_seated:
                self._begin(now_s)
                return SUCCESS
            return FAILED  # stop when stopped
        if self.mode in (Mode.COUNTDOWN, Mode.WAITING) and self.habits.countdown_deaf:
            return SUCCESS
        if (
            habit is Stop.NEEDS_MINIMUM
            and self.mode is Mode.RUNNING
            and self.true_ckmh > self._true(self.machine.min_ckmh) + 1
        ):
            return SUCCESS
        self._halt(now_s, 0x01)
        return SUCCESS

    def _pause(self, now_s: float) -> int:
        habit = self.habits.pause
        if habit is Pause.UNSUPPORTED:
            return INVALID
        if habit is Pause.IGNORED:
            return SUCCESS
        if self.mode is Mode.IDLE:
            if habit is Pause.TOGGLE and self.key_seated:
                self._begin(now_s)
                return SUCCESS
            return FAILED
        if habit is Pause.SLOWS and self.mode is Mode.RUNNING:
            self.physics.belt.aim(now_s + self.habits.react_s, ONE_MPH_CKMH, self.habits.decel_ckmh_s)
            return SUCCESS
        self._halt(now_s, 0x02, coasting=habit is Pause.COASTS)
        return SUCCESS

    def _halt(self, now_s: float, op: int, *, by_hand: bool = False, coasting: bool = False) -> None:
        """Begin to come to rest; *op* 1 stop, 2 pause; *coasting*: it is not braked."""
        if self.mode is Mode.IDLE:
            return
        if self._target_ckmh:
            self._last_target_ckmh = self._target_ckmh
        moving = self.physics.moving
        self.mode = Mode.STOPPING
        self._stop_op, self._stop_by_hand = op, by_hand
        if not self.habits.reports_target:
            self._target_ckmh = 0
        decel = self.habits.coast_decel_ckmh_s if coasting else self.habits.stop_decel_ckmh_s
        self.physics.belt.aim(now_s + (self.habits.react_s if moving else 0.0), 0.0, decel)
        self._training_changed(now_s)
        if not self.habits.status_after_ramp:
            self._stopped_status(now_s)

    def _stopped_status(self, now_s: float) -> None:
        value = bytes((0x02, self._stop_op)) + (b"\x00" if self.habits.status_extra else b"")
        if self._stop_by_hand:
            self._emit(STATUS, value, now_s)
        else:
            self._echo(value, now_s)

    # ------------------------------------------------------------------------------------------ hands

    def press(self, key: Console, now_s: float) -> tuple[Output, ...]:
        """Somebody presses a key of the machine's console. A held PLUS or MINUS is 1.0 km/h."""
        self._to(now_s)
        machine = self.machine
        if key is Console.START:
            self._hand_started = True
            if self.key_seated and self.mode in (Mode.IDLE, Mode.WAITING):
                self._begin(now_s)
                self._emit(STATUS, b"\x04" + (b"\x00\x00" if self.habits.status_extra else b""), now_s)
        elif key is Console.STOP:
            self._halt(now_s, 0x01, by_hand=True)
        elif key is Console.PAUSE:
            self._halt(now_s, 0x02, by_hand=True)
        elif self.mode is Mode.RUNNING:
            step = 100 if key is Console.PLUS else -100
            now_at = self._target_ckmh or machine.min_ckmh
            self._target_ckmh = min(max(now_at + step, machine.min_ckmh), machine.max_ckmh)
            self._aim(self._target_ckmh, now_s)
            self._emit(STATUS, b"\x05" + self._target_ckmh.to_bytes(2, "little"), now_s)
        return self._out(now_s)

    def set_key(self, seated: bool, now_s: float) -> tuple[Output, ...]:
        """The machine's own safety key is pulled or put back. Pulled: its own stop, and no start until it is back."""
        self._to(now_s)
        if seated != self.key_seated:
            self.key_seated = seated
            if not seated:
                self._target_ckmh = 0
                self.physics.belt.aim(now_s, 0.0, self.habits.key_decel_ckmh_s)
                if self.mode is not Mode.IDLE:
                    self.mode = Mode.STOPPING
                    self._stop_by_hand = True
                    self._training_changed(now_s)
                self._emit(STATUS, b"\x03", now_s)
        return self._out(now_s)

    def lose_control(self, now_s: float) -> tuple[Output, ...]:
        """The machine takes control back (2ADA FF)."""
        self._to(now_s)
        self.has_control = False
        self._emit(STATUS, b"\xff", now_s)
        return self._out(now_s)

    # ------------------------------------------------------------------------------------------ time

    def step(self, now_s: float) -> tuple[Output, ...]:
        """Let time pass; returns what became due."""
        self._to(now_s)
        return self._out(now_s)

    def _to(self, now_s: float) -> None:
        if now_s < self._now_s:  # a caller's rounding; time never runs backwards
            return
        habits = self.habits
        if self.mode is Mode.COUNTDOWN and now_s >= self._move_at_s:
            self.physics.advance(self._move_at_s)
            self._run(self._move_at_s)
        before_s, self._now_s = self._now_s, now_s
        self.physics.advance(now_s)
        if self.physics.moving:
            self._elapsed_s += now_s - before_s
            self._speed_sum += self.true_ckmh * (now_s - before_s)
        if self.mode is Mode.STOPPING and not self.physics.moving and not self.physics.belt.final_goal:
            self.mode = Mode.IDLE
            self._running_since_s = None
            self._hand_started = False
            self._training_changed(now_s)
            if habits.status_after_ramp and self.key_seated:
                self._stopped_status(now_s)
        self._unasked(now_s)
        self._ramp_status(now_s)
        if self._answer_at_s is not None and now_s >= self._answer_at_s:
            self._answer_at_s = None
        if now_s >= self._data_due_s:
            late = math.floor((now_s - self._data_due_s) / habits.period_s) if habits.period_s > 0 else 0
            self._data_due_s += (late + 1) * habits.period_s
            self._data(now_s)

    def _run(self, now_s: float) -> None:
        self.mode = Mode.RUNNING
        self._running_since_s = now_s
        self._target_ckmh = self._target_ckmh or self.machine.min_ckmh
        self._aim(self._target_ckmh, now_s)
        self._training_changed(now_s)
        if self.habits.status_extra:
            self._echo(b"\x04\x00\x00", now_s)

    def _unasked(self, now_s: float) -> None:
        """What some machines do by themselves."""
        habits = self.habits
        since = self._running_since_s
        if self.mode is Mode.RUNNING and since is not None:
            if habits.stops_itself_after_s is not None and now_s - since >= habits.stops_itself_after_s:
                self._halt(now_s, 0x01, by_hand=True)
            elif habits.runaway_ckmh is not None and self.physics.belt.final_goal != habits.runaway_ckmh:
                self.physics.belt.aim(now_s, habits.runaway_ckmh, habits.accel_ckmh_s)
            elif (
                habits.falls_back_after_s is not None
                and now_s - since >= habits.falls_back_after_s
                and self._target_ckmh > self.machine.min_ckmh
            ):
                self._target_ckmh = self.machine.min_ckmh
                self._aim(self._target_ckmh, now_s)
        if (
            self.link_up
            and habits.starts_itself_after_s is not None
            and not self._started_itself
            and now_s - self._connected_s >= habits.starts_itself_after_s
        ):
            self._started_itself = True
            if self.mode is Mode.IDLE and self.key_seated:
                self._begin(now_s)
        drop_s = habits.drops_link_after_s
        if self.link_up and drop_s is not None and now_s - self._connected_s >= drop_s:
            self._connected_s = math.inf
            self._queue_at(now_s, Drop("the machine ended the link"))
        if (
            self._link_lost_s is not None
            and habits.link_loss_stop_s is not None
            and now_s - self._link_lost_s >= habits.link_loss_stop_s
        ):
            self._link_lost_s = None
            self._halt(now_s, 0x01, by_hand=True, coasting=habits.link_loss_coasts)

    def _ramp_status(self, now_s: float) -> None:
        if not self.habits.repeats_speed_status or now_s < self._status_due_s:
            return
        self._status_due_s = now_s + 0.3
        if self.physics.moving and self.physics.speed_ckmh != self.physics.belt.final_goal:
            self._echo(b"\x05" + self._wire(self.true_ckmh).to_bytes(2, "little"), now_s)

    def _true(self, written_ckmh: float) -> float:
        return written_ckmh * self.habits.write_scale

    def _wire(self, true_ckmh: float) -> int:
        value = round(true_ckmh * self.habits.report_scale)
        step = max(self.habits.report_step_ckmh, 1)
        # A belt that moves is never reported as 0.00 by rounding alone.
        return max(value // step * step, 1 if true_ckmh > 0 else 0)

    def _aim(self, written_ckmh: int, at_s: float) -> None:
        goal = self._true(written_ckmh)
        rising = goal > self.true_ckmh
        self.physics.belt.aim(at_s, goal, self.habits.accel_ckmh_s if rising else self.habits.decel_ckmh_s)

    # ------------------------------------------------------------------------------------------ sending

    def _training_changed(self, now_s: float) -> None:
        self._emit(TRAINING_STATUS, self._training(), now_s)

    def _echo(self, value: bytes, now_s: float) -> None:
        """Status of a change that a client made: by the specification for other clients, in fact mostly for all."""
        if self.habits.echoes_status:
            self._emit(STATUS, value, now_s)

    def _emit(self, char: int, value: bytes, at_s: float) -> None:
        if char in self._subscribed:
            self._queue_at(at_s, Send(char, value))

    def _queue_at(self, at_s: float, output: Output) -> None:
        if not self.link_up:
            return
        self._queued += 1
        heapq.heappush(self._queue, (at_s, self._queued, output))

    def _out(self, now_s: float) -> tuple[Output, ...]:
        due: list[Output] = []
        while self._queue and self._queue[0][0] <= now_s:
            due.append(heapq.heappop(self._queue)[2])
        return tuple(due)

    # ------------------------------------------------------------------------------------------ treadmill data

    def _data(self, now_s: float) -> None:
        habits = self.habits
        self._records += 1
        if TREADMILL_DATA not in self._subscribed or habits.telemetry is Telemetry.SILENT:
            return
        if habits.silent_at_rest and self.mode is Mode.IDLE:
            return
        if habits.telemetry is Telemetry.STUCK and self._stuck:
            records = self._stuck
        else:
            records = tuple(self._encode())
            self._stuck = records
        if habits.telemetry is Telemetry.GARBAGE:
            records = (b"\xff\xff" + records[-1][2:5],)
        for record in records:
            self._emit(TREADMILL_DATA, record, now_s)

    def _reported_ckmh(self) -> int:
        habits = self.habits
        if habits.reports_target and self._target_ckmh and self.mode in (Mode.IDLE, Mode.STOPPING):
            return self._target_ckmh
        running = self.mode is Mode.RUNNING and self.physics.moving
        if habits.zero_every and running and self._records % habits.zero_every == 0:
            return 0
        return self._wire(self.true_ckmh)

    def _encode(self) -> Iterable[bytes]:
        habits = self.habits
        speed = min(self._reported_ckmh(), 0xFFFF)
        elapsed = min(int(self._elapsed_s), 0xFFFF)
        walked = int(self.physics.travel_m - self._travel_zero_m)
        metres = (habits.odometer_m + walked) // habits.distance_step_m * habits.distance_step_m
        average = round(self._speed_sum / self._elapsed_s * habits.report_scale) if self._elapsed_s else 0
        values: dict[Field, bytes] = {
            "speed": speed.to_bytes(2, "little"),
            "average": min(average, 0xFFFF).to_bytes(2, "little"),
            "distance": (metres & 0xFFFFFF).to_bytes(3, "little"),
            "incline": struct.pack("<hh", round(self.true_dpct), 0x7FFF),
            "elevation": struct.pack("<HH", 0, habits.no_elevation),
            "pace": bytes((min(round(speed / 600 * 10), 255),)),
            "average_pace": bytes((min(round(average / 600 * 10), 255),)),
            "energy": struct.pack("<HHB", walked // 20, 0xFFFF, 0xFF),
            "heart_rate": b"\x00",
            "met": bytes((min(speed // 10, 255),)),
            "elapsed": elapsed.to_bytes(2, "little"),
            "remaining": b"\x00\x00",
            "force": struct.pack("<hh", 0x7FFF, 0x7FFF),
            "steps": min(walked * 2, 0xFFFFFF).to_bytes(3, "little"),
        }
        for record in habits.records:
            flags = 0 if "speed" in record else 1
            body = b""
            for name in sorted(record, key=lambda name: FIELD_BITS[name]):
                flags |= 0 if name == "speed" else 1 << FIELD_BITS[name]
                body += values[name]
            packet = flags.to_bytes(2, "little") + body
            yield packet[: habits.truncate_at] if habits.truncate_at is not None else packet
