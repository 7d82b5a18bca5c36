"""The world for those without one: treadmill, radio, pins, key, byte tap and mischief, put together.

No socket and no clock of its own: mailboxes are attached, time is handed in. ``receive`` takes what the processes
have sent; ``step`` lets time pass as well. In the lock-step and in composed tests both are called every quantum.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection
from typing import Final, Protocol

from hardware.config import Config
from hardware.link.endpoint import Endpoint
from hardware.link.messages import (
    Complaint,
    ControlToWorld,
    GuardToPins,
    PinLevels,
    WorldAsk,
    WorldHand,
    WorldReport,
    WorldToControl,
)
from hardware.simulated.machines import MACHINES, SIMULATED_S1, Machine, Start
from hardware.simulated.mischief import MISCHIEF, Deed, Mischief, misbehaving
from hardware.simulated.peripheral import Console, Peripheral
from hardware.simulated.pins import KeyCircuit, Pins
from hardware.simulated.radio import LinkEndpoint, Radio
from hardware.simulated.tap import Monitor, Tap

MAX_TEXT: Final = 400  # of a message's Text
REPORT_ENTRIES: Final = 400  # fits a packet of 64 KiB with room to spare

PinsEndpoint = Endpoint[PinLevels, GuardToPins]
ControlEndpoint = Endpoint[WorldToControl, ControlToWorld]

_CONSOLE: Final = {
    Deed.CONSOLE_PLUS: Console.PLUS,
    Deed.CONSOLE_MINUS: Console.MINUS,
    Deed.CONSOLE_STOP: Console.STOP,
    Deed.CONSOLE_PAUSE: Console.PAUSE,
    Deed.CONSOLE_START: Console.START,
}


class WorldError(Exception):
    """The world cannot do that; the text says what it can."""


class Watched(Protocol):
    """Something with a descriptor."""

    def fileno(self) -> int:
        """The descriptor."""


def machine_named(key: str) -> Machine:
    """The machine of that name. Raises WorldError with the names there are."""
    machine = MACHINES.get(key)
    if machine is None:
        raise WorldError(f'There is no simulated treadmill "{key}". {_suggest(key, MACHINES)}')
    return machine


def mischief_named(name: str) -> Mischief:
    """The mischief of that name. Raises WorldError with the names there are."""
    one = MISCHIEF.get(name)
    if one is None:
        raise WorldError(f'There is no mischief "{name}". {_suggest(name, MISCHIEF)}')
    return one


def _suggest(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f'Did you mean "{close[0]}"?' if close else f"Known: {', '.join(sorted(known))}."


class World:
    """One treadmill in one gym."""

    def __init__(
        self, config: Config, now_s: float, machine: Machine = SIMULATED_S1, *, grace_s: float = 0.0
    ) -> None:
        self.machine: Final = machine
        self.pins: Final = Pins(config.wiring)
        self.treadmill: Final = Peripheral(machine, now_s)
        self.tap: Final = Tap(
            Monitor(
                grace_s=grace_s,
                cap_ckmh=config.limits.cap_ckmh,
                speed_starts=machine.habits.start is Start.SPEED_STARTS,
            )
        )
        self.radio: Final = Radio(self.treadmill, self.tap, now_s, config.treadmill.address)
        self._key: Final = KeyCircuit(config.wiring)
        self._now_s = self._stepped_s = now_s
        self._mischief: set[str] = set()
        self._guards: list[PinsEndpoint] = []
        self._controls: list[ControlEndpoint] = []
        self._levels: tuple[tuple[int, int], ...] = ()
        self._permit = False
        self._alarm = False
        self._told_wires()

    # ------------------------------------------------------------------------------------------ mailboxes

    def attach_pins(self, endpoint: PinsEndpoint) -> None:
        """A guard opened its pins; it is told their levels at once."""
        self._guards.append(endpoint)
        endpoint.send(PinLevels(self.pins.levels(self._now_s)), self._now_s)

    def attach_link(self, endpoint: LinkEndpoint) -> None:
        """A process opened the Bluetooth link."""
        self.radio.attach(endpoint)

    def attach_control(self, endpoint: ControlEndpoint) -> None:
        """Somebody with hands, mischief or questions."""
        self._controls.append(endpoint)

    @property
    def watched(self) -> list[Watched]:
        """What a process may send through, for select."""
        every: list[Watched] = [*self._guards, *self._controls]
        every.extend(client.endpoint for client in self.radio.clients)
        return [each for each in every if each.fileno() >= 0]

    @property
    def watched_controls(self) -> list[Watched]:
        """The control mailboxes alone."""
        return [each for each in self._controls if each.fileno() >= 0]

    def close(self) -> None:
        """Let everybody go; idempotent."""
        for guard in self._guards:
            guard.close()
        for client in self.radio.clients:
            client.endpoint.close()
        for control in self._controls:
            control.close()

    def receive_control(self, now_s: float) -> None:
        """Do what hands and mischief ask, answer questions. A moved pin reaches the guard at once."""
        for control in tuple(self._controls):
            for frame in control.drain(now_s):
                body = frame.body
                if isinstance(body, WorldAsk):
                    control.send(self.report(body.log_since, now_s), now_s)
                elif isinstance(body, WorldHand):
                    self.hand(body.what, body.closed, now_s)
                else:
                    try:
                        self.mischief(body.name, body.on, now_s)
                    except WorldError as error:
                        control.send(Complaint(str(error)[:MAX_TEXT]), now_s)
            if control.closed:
                control.close()
                self._controls.remove(control)

    def receive(self, now_s: float) -> None:
        """Take everything that the processes have sent. No time passes."""
        self._now_s = max(self._now_s, now_s)
        self.receive_control(now_s)
        for guard in tuple(self._guards):
            for frame in guard.drain(now_s):
                self.pins.drive(frame.body.pin, frame.body.level, now_s)
            if guard.closed:
                guard.close()
                self._guards.remove(guard)
        self.radio.receive(now_s)
        self._settle(now_s)

    def step(self, now_s: float) -> None:
        """Take what was sent, then let time pass up to *now_s*."""
        past_s = max(0.0, now_s - self._stepped_s)
        self._stepped_s = now_s
        self.receive(now_s)
        self.pins.belt_mm += self.treadmill.true_ckmh / 0.36 * past_s
        self.radio.step(now_s)
        self._settle(now_s)

    def _settle(self, now_s: float) -> None:
        """Let relay, key and pins follow each other, and tell the guard what moved."""
        permit = self.pins.permit(now_s)
        if permit != self._permit:
            self._permit = permit
            self.tap.link(now_s, "permit on" if permit else "permit off")
        if self.pins.alarm != self._alarm:
            self._alarm = self.pins.alarm
            self.tap.link(now_s, "alarm on" if self._alarm else "alarm off")
        seated = self._key.seated(permit)
        if seated != self.treadmill.key_seated:
            self.tap.link(now_s, "key seated" if seated else "key pulled")
            self.radio.send(self.treadmill.set_key(seated, now_s), now_s)
        levels = self.pins.levels(now_s)
        if levels != self._levels:
            self._levels = levels
            for guard in self._guards:
                guard.send(PinLevels(levels), now_s)

    # ------------------------------------------------------------------------------------------ hands, mischief

    def hand(self, what: str, closed: bool, now_s: float) -> None:
        """Move the clip, the red button, the amber button, the treadmill's key or the walker on the deck.

        *closed*: clip on, red button released, amber button pressed, key seated, walker clear of that end (deck: the
        open one; deck_motor). console: its start key is pressed, or its stop key. Raises WorldError.
        """
        self._now_s = max(self._now_s, now_s)
        if what == "clip":
            self.pins.clip_closed = closed
        elif what == "red":
            self.pins.red_closed = closed
        elif what == "amber":
            self.pins.amber_pressed = closed
        elif what == "key":
            self._key.hand(closed)
        elif what == "deck":
            self.pins.clear_of_open_end = closed
        elif what == "deck_motor":
            self.pins.clear_of_motor_end = closed
        elif what == "console":
            self.tap.link(now_s, f"a hand presses {'start' if closed else 'stop'} at the console")
            self.radio.send(self.treadmill.press(Console.START if closed else Console.STOP, now_s), now_s)
            return
        else:
            raise WorldError(f'A hand can move clip, red, amber, key, deck, deck_motor or console, not "{what}".')
        self.tap.link(now_s, f"a hand {'closes' if closed else 'opens'} {what}")
        self._told_wires()
        self._settle(now_s)

    def _told_wires(self) -> None:
        pins = self.pins
        self.tap.monitor.wires(
            clip_closed=pins.clip_closed,
            red_closed=pins.red_closed,
            amber_pressed=pins.amber_pressed,
            now_s=self._now_s,
        )

    def mischief(self, name: str, on: bool, now_s: float) -> None:
        """Turn mischief on or off; a deed is done each time it is turned on. Raises WorldError."""
        self._now_s = max(self._now_s, now_s)
        one = mischief_named(name)
        if one.deed is not None:
            if on:
                self.tap.link(now_s, f"mischief {name}: {one.says}")
                self._deed(one.deed, now_s)
            return
        if on == (name in self._mischief):
            return
        self._mischief.add(name) if on else self._mischief.discard(name)
        self.tap.link(now_s, f"mischief {name} {'on' if on else 'off'}: {one.says}")
        self.treadmill.habits = misbehaving(self.machine.habits, self._mischief)

    def _deed(self, deed: Deed, now_s: float) -> None:
        if deed is Deed.LINK_DROPPED:
            self.radio.drop("the treadmill ended the link", now_s)
        elif deed is Deed.CONTROL_LOST:
            self.radio.send(self.treadmill.lose_control(now_s), now_s)
        else:
            self.radio.send(self.treadmill.press(_CONSOLE[deed], now_s), now_s)

    # ------------------------------------------------------------------------------------------ the truth

    @property
    def violations(self) -> tuple[str, ...]:
        """What the monitor of promises P3 and P5 has to say."""
        return tuple(self.tap.monitor.violations)

    @property
    def permit(self) -> bool:
        """True while the permit relay is picked up."""
        return self._permit

    def report(self, log_since: int | None, now_s: float) -> WorldReport:
        """The truth, and at most REPORT_ENTRIES lines of the tap from *log_since* on."""
        log, log_next = self.tap.since(log_since, REPORT_ENTRIES) if log_since is not None else ((), 0)
        treadmill = self.treadmill
        return WorldReport(
            now_s=now_s,
            # Rounded up, so that 0 means that it stands.
            belt_ckmh=math.ceil(treadmill.true_ckmh - 1e-6),
            belt_dpct=round(treadmill.true_dpct),
            clip_closed=self.pins.clip_closed,
            red_closed=self.pins.red_closed,
            amber_pressed=self.pins.amber_pressed,
            permit=self._permit,
            alarm=self.pins.alarm,
            connected=self.radio.up,
            tap_max_ckmh=self.tap.max_ckmh,
            tap_writes=self.tap.writes,
            tap_motion_writes=self.tap.motion_writes,
            violations=self.violations,
            mischief=tuple(sorted(self._mischief)),
            mischief_known=tuple(MISCHIEF),
            log=log,
            log_next=log_next,
        )
