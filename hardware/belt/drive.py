"""What a Wish of RUN asks to be written next: one start in its epoch, then the target. Pure.

Level-triggered: there is no queue. Whatever the newest Wish says is compared with what was commanded last, and at
most one write comes out. A belt that moves before it was started was started by a hand: in that epoch nothing is
written to it, least of all a start once the hand has stopped it. Values on the wire are in the machine's own units
(0.01 km/h, or 0.01 mph where quirk 19 says so). Never above the Wish: rounding goes to the slower step of the
machine's grid (the guard, which knows the cap, may round the Wish itself). A raise is never repeated by itself; a
lowering that was not answered is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from hardware.belt.ftms.codec import START, Result, encode_target_incline, encode_target_speed
from hardware.belt.ftms.facts import Machine
from hardware.belt.treadmill import Motion, Outcome, Report
from hardware.constants import ANSWER_S, RISE_SPACING_S

SPEED_OP: Final = 0x02
INCLINE_OP: Final = 0x03
FLATTEN_TRIES: Final = 3
FLATTEN_AGAIN_S: Final = 10.0  # decks move slowly: 0.2-0.5 % a second


@dataclass(frozen=True, slots=True)
class Order:
    """A Wish of RUN, its speed already on the wire's scale."""

    epoch: int
    speed_wire: int
    incline_dpct: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A target that was written and not yet answered."""

    op: int
    value: int
    before: int | None
    lowers: bool
    at_s: float
    due: int = 1  # answers to come: more than one where it was written before the one before it was answered

    @property
    def payload(self) -> bytes:
        """As written."""
        return encode_target_speed(self.value) if self.op == SPEED_OP else encode_target_incline(self.value)


@dataclass(frozen=True, slots=True)
class Drive:
    """What was commanded."""

    epoch: int | None = None  # of the newest start
    by_hand: int | None = None  # the epoch in which the belt moved before it was started
    speed_wire: int | None = None
    incline_dpct: int | None = None
    pending: Pending | None = None
    refused: frozenset[tuple[int, int]] = frozenset()  # (op, value) the machine said no to in this epoch
    wrote_at_s: float | None = None
    speed_raised_s: float | None = None
    incline_raised_s: float | None = None
    flatten_tries: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """What is known at this moment."""

    motion: Motion
    speed_wire: int | None
    incline_dpct: int | None
    ready: bool  # linked, control held, nothing being written
    lease: bool


def fold(drive: Drive, reports: Iterable[Report], now_s: float) -> Drive:
    """Take in what became of the writes."""
    for report in reports:
        drive = _fold(drive, report)
    pending = drive.pending
    if pending is not None and now_s - pending.at_s > ANSWER_S:
        drive = _forget(replace(drive, pending=None), pending) if pending.lowers else replace(drive, pending=None)
    return drive


def _fold(drive: Drive, report: Report) -> Drive:
    pending = drive.pending
    if pending is None:
        return _thrown_away(drive, report)
    if report.op != pending.op or report.outcome is Outcome.WRITTEN:
        return drive
    if _of_the_one_before(pending, report):
        return replace(drive, pending=replace(pending, due=max(pending.due - 1, 1)))
    if report.outcome is Outcome.ANSWERED:
        drive = replace(drive, pending=None)
        if report.result == Result.SUCCESS:
            return drive
        return _restore(replace(drive, refused=drive.refused | {(pending.op, pending.value)}), pending)
    drive = replace(drive, pending=None)
    if report.outcome is Outcome.TIMED_OUT:  # it may still arrive: a raise is not repeated, a lowering is
        return _forget(drive, pending) if pending.lowers else drive
    return _restore(drive, pending)


def _of_the_one_before(pending: Pending, report: Report) -> bool:
    """Answers name their op code alone: of a raise and the lowering written over it, the first answers the raise."""
    if report.outcome is Outcome.ANSWERED:
        return pending.due > 1
    return len(report.payload) > 1 and report.payload != pending.payload


def _thrown_away(drive: Drive, report: Report) -> Drive:
    """A target turned away after a late answer to the one before it was taken for its own: it is not commanded."""
    if report.outcome is not Outcome.TURNED_AWAY or len(report.payload) != 3:
        return drive
    if drive.speed_wire is not None and report.payload == encode_target_speed(drive.speed_wire):
        return replace(drive, speed_wire=None)
    if drive.incline_dpct is not None and report.payload == encode_target_incline(drive.incline_dpct):
        return replace(drive, incline_dpct=None)
    return drive


def _restore(drive: Drive, pending: Pending) -> Drive:
    if pending.op == SPEED_OP:
        return replace(drive, speed_wire=pending.before)
    return replace(drive, incline_dpct=pending.before)


def _forget(drive: Drive, pending: Pending) -> Drive:
    return replace(drive, speed_wire=None) if pending.op == SPEED_OP else replace(drive, incline_dpct=None)


def run(drive: Drive, now_s: float, order: Order, machine: Machine, view: View) -> tuple[Drive, bytes]:
    """The next write for *order*, empty when there is none."""
    if drive.epoch != order.epoch and view.motion is Motion.MOVING:
        drive = replace(drive, by_hand=order.epoch)
    if not view.ready or not view.lease or drive.by_hand == order.epoch:
        return drive, b""
    if drive.epoch != order.epoch:
        return _start(now_s, order, machine, view, drive)
    early = view.motion is Motion.STARTING and not machine.quirks.no_speed_while_starting
    if view.motion is not Motion.MOVING and not early:
        return drive, b""
    if drive.wrote_at_s is not None and now_s - drive.wrote_at_s < machine.quirks.min_write_interval_s:
        return drive, b""
    return _follow(drive, now_s, order, machine, view)


def _start(now_s: float, order: Order, machine: Machine, view: View, drive: Drive) -> tuple[Drive, bytes]:
    if view.motion is not Motion.REST:
        return drive, b""
    fresh = Drive(epoch=order.epoch, incline_dpct=drive.incline_dpct, wrote_at_s=now_s)
    if machine.quirks.start_before_speed:
        return fresh, START
    if machine.speed is None:
        return drive, b""
    value = machine.speed.at_most(order.speed_wire)
    if value > order.speed_wire:
        return drive, b""
    return _wrote_speed(fresh, value, lowers=False, now_s=now_s), encode_target_speed(value)


def _follow(drive: Drive, now_s: float, order: Order, machine: Machine, view: View) -> tuple[Drive, bytes]:
    speed = _speed_target(drive, order, machine, view)
    incline = _incline_target(drive, order, machine, view)
    waiting = drive.pending is not None
    if speed is not None and speed[1]:
        return _wrote_speed(drive, speed[0], lowers=True, now_s=now_s), encode_target_speed(speed[0])
    if incline is not None and incline[1] and not waiting:
        return _wrote_incline(drive, incline[0], lowers=True, now_s=now_s), encode_target_incline(incline[0])
    if waiting:
        return drive, b""
    if speed is not None and _spaced(drive.incline_raised_s, now_s):
        return _wrote_speed(drive, speed[0], lowers=False, now_s=now_s), encode_target_speed(speed[0])
    if incline is not None and speed is None and _spaced(drive.speed_raised_s, now_s):
        return _wrote_incline(drive, incline[0], lowers=False, now_s=now_s), encode_target_incline(incline[0])
    return drive, b""


def _spaced(raised_s: float | None, now_s: float) -> bool:
    """Speed and incline are never raised in one step."""
    return raised_s is None or now_s - raised_s >= RISE_SPACING_S


def _speed_target(drive: Drive, order: Order, machine: Machine, view: View) -> tuple[int, bool] | None:
    """The speed to write and whether that lowers; None when there is nothing to write."""
    if machine.speed is None:
        return None
    value = machine.speed.at_most(order.speed_wire)
    if value == drive.speed_wire or (SPEED_OP, value) in drive.refused:
        return None
    known = [speed for speed in (drive.speed_wire, view.speed_wire) if speed is not None]
    lowers = bool(known) and value < max(known)
    if value > order.speed_wire and not (view.speed_wire is not None and value < view.speed_wire):
        return None  # below the machine's minimum: only ever slow down to it
    return value, lowers


def _incline_target(drive: Drive, order: Order, machine: Machine, view: View) -> tuple[int, bool] | None:
    if machine.incline is None:
        return None
    now_dpct = drive.incline_dpct if drive.incline_dpct is not None else view.incline_dpct or 0
    value = machine.incline.at_most(order.incline_dpct)
    if value == now_dpct or value < 0 or (INCLINE_OP, value) in drive.refused:
        return None
    lowers = value < now_dpct
    return None if value > order.incline_dpct and not lowers else (value, lowers)


def _due(drive: Drive, op: int) -> int:
    return 1 + (drive.pending.due if drive.pending is not None and drive.pending.op == op else 0)


def _wrote_speed(drive: Drive, value: int, *, lowers: bool, now_s: float) -> Drive:
    return replace(
        drive,
        speed_wire=value,
        pending=Pending(SPEED_OP, value, drive.speed_wire, lowers, now_s, _due(drive, SPEED_OP)),
        wrote_at_s=now_s,
        speed_raised_s=drive.speed_raised_s if lowers else now_s,
    )


def _wrote_incline(drive: Drive, value: int, *, lowers: bool, now_s: float) -> Drive:
    return replace(
        drive,
        incline_dpct=value,
        pending=Pending(INCLINE_OP, value, drive.incline_dpct, lowers, now_s, _due(drive, INCLINE_OP)),
        wrote_at_s=now_s,
        incline_raised_s=drive.incline_raised_s if lowers else now_s,
    )


def flatten(drive: Drive, now_s: float, machine: Machine, view: View, *, ours: bool) -> tuple[Drive, bytes]:
    """Back to flat once the belt is at rest: ``03`` with 0, a few times at most. *ours*: we raised the deck."""
    if machine.incline is None or not ours or not view.ready or view.motion is not Motion.REST:
        return drive, b""
    level = view.incline_dpct if view.incline_dpct is not None else drive.incline_dpct
    if level is None or level <= 0 or machine.incline.minimum > 0 or drive.flatten_tries >= FLATTEN_TRIES:
        return drive, b""
    wait_s = FLATTEN_AGAIN_S if drive.flatten_tries else machine.quirks.min_write_interval_s
    if drive.wrote_at_s is not None and now_s - drive.wrote_at_s < wait_s:
        return drive, b""
    return (
        replace(drive, incline_dpct=0, pending=None, wrote_at_s=now_s, flatten_tries=drive.flatten_tries + 1),
        encode_target_incline(0),
    )
