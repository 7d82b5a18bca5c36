"""The byte tap on the simulated radio, with a parser of its own and a monitor that knows only wires and bytes.

It shares no code with guard and belt: it holds them to promises P3 and P5 of safety.md.

The exact rules. *Open* means: the wire of clip or red button, in the world itself, has been open without a break
for longer than the grace. Where quanta order the processes (lock-step, composed tests) there is no grace: the guard
sees an opening before the belt process may speak again, so only bytes of the very same instant are excused. On the
real clock the grace is the ``tick_late_s`` of the configuration: what was on its way is nobody's fault, and a guard
that is later than that must have tripped by itself. The *measured* speed is that of the newest Treadmill Data that
reached the host.

P3  with an interlock open, or since an opening longer than the grace and until the next allowed start:
    no start (`07`, or `02` to a belt at rest); no `02` above the measured speed, at rest, or while no speed is known;
    no `03` above the measured incline. Nor a start without a consent edge (clip closed, amber pressed) in the 31 s
    before. Nor, at any time, an op code other than 00 02 03 07 08, a speed above the gym's cap, or an undecodable
    command.
    On a machine that starts on a speed (quirk 2) such an `02` is judged as a start.
P5  no `08` to a belt freshly at rest, no `07` to a moving one, and no second `07` before a stop or rest.
    *Freshly at rest*: records at 0.00 and nothing else over at least 1 s, the newest at most 2.5 s old, and no start
    in the last ``rest_after_start_s`` seconds (a belt may still spin up).
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from hardware.link.messages import TapEntry

TREADMILL_DATA: Final = 0x2ACD
CONTROL_POINT: Final = 0x2AD9

ROUNDING_S: Final = 1e-6
CONSENT_S: Final = 31.0  # the guard's 30 s and its way to the wire
STILL_S: Final = 1.0
FRESH_S: Final = 2.5
REST_AFTER_START_S: Final = 8.5  # the slowest start seen, 6.5 s, and a margin of 2 s
LOG_SIZE: Final = 100_000
MAX_VIOLATIONS: Final = 200


def speed_in(record: bytes) -> int | None:
    """Instantaneous Speed of a Treadmill Data record in 0.01 km/h, None if it carries none."""
    if len(record) < 4 or record[0] & 1:
        return None
    return record[2] | record[3] << 8


def incline_in(record: bytes) -> int | None:
    """Inclination of a Treadmill Data record in 0.1 %, None if it carries none."""
    if len(record) < 2 or not record[0] & 0b1000:
        return None
    at = 2 + (0 if record[0] & 1 else 2) + (2 if record[0] & 2 else 0) + (3 if record[0] & 4 else 0)
    if len(record) < at + 2:
        return None
    value = int.from_bytes(record[at : at + 2], "little", signed=True)
    return None if value == 0x7FFF else value


class Wire:
    """One interlock as the world has it: since when it is open."""

    __slots__ = ("name", "open_since_s")

    def __init__(self, name: str) -> None:
        self.name = name
        self.open_since_s: float | None = None


class Monitor:
    """Judges each command against the wires and what the treadmill has said. Sentences in ``violations``."""

    def __init__(
        self,
        *,
        grace_s: float = 0.0,
        cap_ckmh: int | None = None,
        rest_after_start_s: float = REST_AFTER_START_S,
        speed_starts: bool = False,
    ) -> None:
        self._grace_s: Final = grace_s + ROUNDING_S
        self._speed_starts = speed_starts
        self._cap_ckmh: Final = cap_ckmh
        self._rest_after_start_s: Final = rest_after_start_s
        self._wires: Final = (Wire("clip"), Wire("red button"))
        self._tripped: str | None = None
        self._consent_s = -math.inf
        self._speed_ckmh: int | None = None
        self._speed_at_s = -math.inf
        self._zero_since_s: float | None = None
        self._incline_dpct: int | None = None
        self._started_s: float | None = None  # the newest start that no stop or rest has followed
        self._last_start_s = -math.inf
        self._moved = False
        self.violations: list[str] = []

    def speed_may_start(self) -> None:
        """Commissioning tries whether a speed starts this machine: at rest it is judged by the rules of a start."""
        self._speed_starts = True

    # ------------------------------------------------------------------------------------------ what it sees

    def wires(self, *, clip_closed: bool, red_closed: bool, amber_pressed: bool, now_s: float) -> None:
        """The state of the wires; to be told at each change."""
        clip = self._wires[0]
        if clip_closed and clip.open_since_s is not None:
            self._consent_s = now_s
        if amber_pressed:
            self._consent_s = now_s
        for wire, closed in zip(self._wires, (clip_closed, red_closed), strict=True):
            if closed:
                self._latch(wire, now_s)
                wire.open_since_s = None
            elif wire.open_since_s is None:
                wire.open_since_s = now_s

    def _latch(self, wire: Wire, now_s: float) -> None:
        if wire.open_since_s is not None and now_s - wire.open_since_s > self._grace_s:
            self._tripped = f"the {wire.name} had been opened at {wire.open_since_s:.3f} s"

    def notified(self, record: bytes, now_s: float) -> None:
        """A Treadmill Data record reached the host."""
        incline = incline_in(record)
        if incline is not None:
            self._incline_dpct = incline
        speed = speed_in(record)
        if speed is None:
            return
        self._speed_ckmh, self._speed_at_s = speed, now_s
        if speed:
            self._zero_since_s = None
            self._moved = True
        elif self._zero_since_s is None:
            self._zero_since_s = now_s
        elif self._answered(now_s) and now_s - self._zero_since_s >= STILL_S:
            self._moved = False
            self._started_s = None

    def _answered(self, now_s: float) -> bool:
        """The newest start has moved the belt, or can no longer."""
        return self._moved or now_s - self._last_start_s > self._rest_after_start_s

    def link_lost(self) -> None:
        """What was measured over the old link is no longer known."""
        self._speed_ckmh = None
        self._speed_at_s = -math.inf
        self._zero_since_s = None
        self._incline_dpct = None

    def _open(self, now_s: float) -> str | None:
        for wire in self._wires:
            if wire.open_since_s is not None and now_s - wire.open_since_s > self._grace_s:
                return f"the {wire.name} open since {wire.open_since_s:.3f} s"
        return None

    def _at_rest(self, now_s: float) -> bool:
        return (
            self._zero_since_s is not None
            and self._speed_at_s - self._zero_since_s >= STILL_S
            and now_s - self._speed_at_s <= FRESH_S
            and now_s - self._last_start_s > self._rest_after_start_s
        )

    # ------------------------------------------------------------------------------------------ what it says

    def written(self, value: bytes, now_s: float) -> None:
        """A control point write is leaving."""
        op = value[0] if value else -1
        lengths = {0x00: 1, 0x02: 3, 0x03: 3, 0x07: 1, 0x08: 2}
        if lengths.get(op) != len(value):
            self._say(value, now_s, "is no command that may ever leave")
            return
        if op == 0x02:
            self._speed(value, now_s)
        elif op == 0x03:
            self._incline(value, now_s)
        elif op == 0x07:
            self._start(value, now_s)
        elif op == 0x08:
            if self._at_rest(now_s):
                self._say(value, now_s, "stops a belt freshly at rest (P5)")
            self._started_s = None

    def _speed(self, value: bytes, now_s: float) -> None:
        wanted = value[1] | value[2] << 8
        resting = self._speed_ckmh == 0 and self._started_s is None
        danger = self._open(now_s) or self._tripped
        if self._speed_starts and resting and not self._open(now_s):
            self._start(value, now_s)
            return
        if self._cap_ckmh is not None and wanted > self._cap_ckmh:
            self._say(
                value, now_s, f"asks for {wanted / 100:.2f} km/h, above the gym's cap of {self._cap_ckmh / 100:.2f}"
            )
        if danger is not None:
            measured = self._speed_ckmh
            if measured is None:
                self._say(value, now_s, f"sets a speed though none is measured, with {danger} (P3)")
            elif measured == 0:
                self._say(value, now_s, f"sets a speed at rest, with {danger} (P3)")
            elif wanted > measured:
                self._say(value, now_s, f"is above the measured {measured / 100:.2f} km/h, with {danger} (P3)")
        elif resting:
            self._consent(value, now_s, "sets a speed at rest")

    def _incline(self, value: bytes, now_s: float) -> None:
        wanted = int.from_bytes(value[1:3], "little", signed=True)
        danger = self._open(now_s) or self._tripped
        if danger is not None and wanted > (self._incline_dpct or 0):
            self._say(value, now_s, f"raises the deck, with {danger} (P3)")

    def _start(self, value: bytes, now_s: float) -> None:
        danger = self._open(now_s)
        if danger is not None:
            self._say(value, now_s, f"starts the belt with {danger} (P3)")
        elif self._consent(value, now_s, "starts the belt"):
            self._tripped = None
        if self._speed_ckmh:
            self._say(value, now_s, f"starts a belt that moves at {self._speed_ckmh / 100:.2f} km/h (P5)")
        if self._started_s is not None:
            self._say(value, now_s, f"is a second start after the one at {self._started_s:.3f} s (P5)")
        self._started_s = self._last_start_s = now_s
        self._moved = False

    def _consent(self, value: bytes, now_s: float, what: str) -> bool:
        if now_s - self._consent_s <= CONSENT_S:
            return True
        self._say(value, now_s, f"{what} without a consent edge in the last {CONSENT_S:.0f} s (P3)")
        return False

    def _say(self, value: bytes, now_s: float, what: str) -> None:
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(f"At {now_s:.3f} s the bytes `{value.hex(' ') or '(none)'}` left: this {what}.")


class Tap:
    """Everything that passes the simulated radio, in order, and what the monitor makes of it."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor: Final = monitor
        self._log: deque[TapEntry] = deque(maxlen=LOG_SIZE)
        self._first = 0
        self.max_ckmh = 0
        self.writes = 0
        self.motion_writes = 0

    def write(self, char: int, value: bytes, now_s: float, note: str = "") -> None:
        """Bytes left the host."""
        self.writes += 1
        if char == CONTROL_POINT:
            if value[:1] in (b"\x02", b"\x03", b"\x07"):
                self.motion_writes += 1
            self.monitor.written(value, now_s)
        self._add(now_s, "write", char, value, note)

    def notify(self, char: int, value: bytes, now_s: float, *, indication: bool) -> None:
        """Bytes reached the host."""
        if char == TREADMILL_DATA:
            speed = speed_in(value)
            if speed is not None:
                self.max_ckmh = max(self.max_ckmh, speed)
            self.monitor.notified(value, now_s)
        self._add(now_s, "indicate" if indication else "notify", char, value, "")

    def read(self, char: int, value: bytes, now_s: float) -> None:
        """A characteristic was read."""
        self._add(now_s, "read", char, value, "")

    def link(self, now_s: float, note: str) -> None:
        """Something happened to the link, the wires or the machine that is no byte."""
        self._add(now_s, "link", 0, b"", note)

    def _add(self, now_s: float, direction: str, char: int, value: bytes, note: str) -> None:
        if len(self._log) == LOG_SIZE:
            self._first += 1
        self._log.append(TapEntry(now_s, direction, char, value, note))

    @property
    def entries(self) -> tuple[TapEntry, ...]:
        """The whole log, oldest first."""
        return tuple(self._log)

    def since(self, index: int, limit: int) -> tuple[tuple[TapEntry, ...], int]:
        """At most *limit* entries from *index* on, and the index after them."""
        start = max(index - self._first, 0)
        chunk = tuple(self._log[at] for at in range(start, min(start + limit, len(self._log))))
        return chunk, self._first + start + len(chunk)
