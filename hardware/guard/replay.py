"""A black box read again: what happened on one time axis, and what today's machine would have done with it.

Pure: bytes in, values out. The replay starts from each full copy of the machine's memory in the box (one a second),
so that one difference does not hide the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from hardware.constants import TICK_S
from hardware.guard.black_box import BlackBoxError, Memory, Opening, Step, entries
from hardware.guard.machine import step
from hardware.guard.memory import Machine, Outputs
from hardware.link.messages import Cause, Contact, SafetyEvent, State, Target, WishMode

COMPARED: Final = tuple(field for field in Outputs.__struct_fields__ if field != "events")


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of the guard. *at_s* counts from the event that the box was kept for; speeds 0.01 km/h."""

    at_s: float
    state: State
    cause: Cause | None
    clip_closed: bool
    red_closed: bool
    screen_age_s: float | None
    belt_age_s: float | None
    measured_ckmh: int | None
    wish: WishMode
    wished_ckmh: int
    permit: bool
    alarm: bool
    lease: bool
    written: bytes  # new in this step: the treadmill's control point was written to
    asked: tuple[str, ...]
    events: tuple[SafetyEvent, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where today's machine decides otherwise than the one on record."""

    at_s: float
    field: str
    recorded: str
    today: str


@dataclass(frozen=True, slots=True)
class Account:
    """A whole box."""

    event: SafetyEvent
    moments: tuple[Moment, ...]
    differences: tuple[Difference, ...]


def account_of(box: bytes) -> Account:
    """Read and replay *box*. Raises BlackBoxError if it is none, or not whole."""
    opening: Opening | None = None
    machine: Machine | None = None
    moments: list[Moment] = []
    differences: list[Difference] = []
    write_seq: int | None = None
    target: Target | None = None
    for entry in entries(box):
        if isinstance(entry, Opening):
            opening = entry
        elif opening is None:
            raise BlackBoxError("The black box does not begin with its opening: it is damaged.")
        elif isinstance(entry, Memory):
            machine = entry.machine
        elif machine is not None:  # steps before the first memory cannot be run
            after, outputs = step(machine, entry.inputs, entry.now_s, opening.rules)
            at_s = entry.now_s - opening.event.at_s
            differences += _differences(at_s, entry.outputs, outputs)
            belt = entry.inputs.belt
            written = b""
            if belt is not None:
                if write_seq is not None and belt.last_write_seq != write_seq:
                    written = belt.last_write
                write_seq = belt.last_write_seq
            asked, target = _asked(entry, target)
            moments.append(_moment(at_s, entry, after, written, asked))
            machine = after
    if opening is None:
        raise BlackBoxError("The black box is empty.")
    return Account(opening.event, tuple(moments), tuple(differences))


def _asked(entry: Step, target: Target | None) -> tuple[tuple[str, ...], Target | None]:
    """What was asked for, in words; a target that only says again what the last one said is left out."""
    words = []
    for request in entry.inputs.requests:
        if isinstance(request, Target):
            if request != target:
                words.append(f"target {request.speed_ckmh / 100:.2f}")
            target = request
        else:
            words.append(type(request).__name__.lower())
    return tuple(words), target


def _moment(at_s: float, entry: Step, after: Machine, written: bytes, asked: tuple[str, ...]) -> Moment:
    inputs, outputs = entry.inputs, entry.outputs
    return Moment(
        at_s=at_s,
        state=after.state,
        cause=after.cause,
        clip_closed=inputs.switches.clip is Contact.CLOSED,
        red_closed=inputs.switches.red is Contact.CLOSED,
        screen_age_s=None if inputs.drawn_at_s is None else entry.now_s - inputs.drawn_at_s,
        belt_age_s=None if inputs.belt_at_s is None else entry.now_s - inputs.belt_at_s,
        measured_ckmh=outputs.measured_ckmh,
        wish=outputs.wish.mode,
        wished_ckmh=outputs.wish.speed_ckmh,
        permit=outputs.permit,
        alarm=outputs.alarm,
        lease=outputs.lease,
        written=written,
        asked=asked,
        events=outputs.events,
    )


def _differences(at_s: float, recorded: Outputs, today: Outputs) -> list[Difference]:
    if recorded == today:
        return []
    return [
        Difference(at_s, name, _words(getattr(recorded, name)), _words(getattr(today, name)))
        for name in COMPARED
        if getattr(recorded, name) != getattr(today, name)
    ]


def _words(value: object) -> str:
    return msgspec.json.encode(value).decode()


def story(account: Account) -> list[str]:
    """The box in words: one line for each change, with its time from the event."""
    lines: list[str] = []
    before: Moment | None = None
    for now in account.moments:
        said = [*_changes(before, now), *(f"asked: {name}" for name in now.asked)]
        if now.written:
            said.append(f"wrote {now.written.hex(' ')}")
        lines += [f"{now.at_s:+9.3f} s  {what}" for what in said]
        before = now
    return lines


def _changes(before: Moment | None, now: Moment) -> list[str]:
    if before is None:
        clip, red = ("closed" if closed else "open" for closed in (now.clip_closed, now.red_closed))
        return [f"state {now.state}, clip {clip}, red button {red}, wish {now.wish}"]
    said = []
    if now.clip_closed != before.clip_closed:
        said.append("clip closed" if now.clip_closed else "clip opened")
    if now.red_closed != before.red_closed:
        said.append("red button released" if now.red_closed else "red button pressed")
    if now.state is not before.state:
        said.append(f"state {before.state} -> {now.state}" + (f" ({now.cause})" if now.cause else ""))
    if now.wish is not before.wish:
        said.append(f"wish {before.wish} -> {now.wish}")
    if now.permit != before.permit:
        said.append("permit on" if now.permit else "permit off")
    if now.alarm != before.alarm:
        said.append("alarm on" if now.alarm else "alarm off")
    if now.measured_ckmh != before.measured_ckmh:
        said.append("speed unknown" if now.measured_ckmh is None else f"speed {now.measured_ckmh / 100:.2f} km/h")
    gap_s = now.at_s - before.at_s
    if gap_s > 3 * TICK_S:
        said.append(f"no step for {gap_s * 1000:.0f} ms before this one")
    return said
