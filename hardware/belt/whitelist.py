"""The last look at every byte before it goes to the control point: a tiny list of what may leave, and in which state.

Apart from everything that plans (stop.py, drive.py) and from the codec, with its own reading of the bytes, so that no
one bug is in both (opendbc safety does the same for a car). Promises P3 and P5 of safety.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.belt.treadmill import Motion
from hardware.constants import CAP_MAX_CKMH, INCLINE_MAX_DPCT
from hardware.link.messages import WishMode


@dataclass(frozen=True, slots=True)
class Scene:
    """The state that a payload is judged in. Wire values are in the machine's own units (0.01 km/h or 0.01 mph)."""

    mode: WishMode  # what counts now: no Wish, or an old one, is STOP
    guarded: bool  # the guard is there and its newest Wish is fresh
    ours: bool  # the lease is open, or a start of our own is not yet at rest
    motion: Motion
    speed_wire: int | None  # measured and fresh
    ceiling_wire: int  # the newest Wish
    ceiling_dpct: int
    incline_dpct: int | None  # the higher of measured and commanded
    flatten: bool  # we raised the deck, so we may lower it
    start_spent: bool  # this epoch has had its one start
    lease: bool
    pause_is_rung: bool
    starts_by_speed: bool  # quirk 2: `02` at rest is this machine's start
    speed_while_starting: bool  # this machine takes a speed before it moves
    read_only: bool  # the guard's newest Wish denies control: nothing but the stop of a belt of ours
    pause_asked: bool  # the guard's newest Wish is a stop that begins with a pause (commissioning)


def refusal(payload: bytes, scene: Scene) -> str | None:
    """Why *payload* must not leave in *scene*, or None."""
    if not payload:
        return "empty"
    op, rest = payload[0], payload[1:]
    if scene.read_only and not (scene.ours and scene.mode is WishMode.STOP and op != 0x03):
        return "read-only"
    if op == 0x00 and not rest:
        return _request_control(scene)
    if op == 0x02 and len(rest) == 2:
        return _speed(rest[0] | rest[1] << 8, scene)
    if op == 0x03 and len(rest) == 2:
        raw = rest[0] | rest[1] << 8
        return _incline(raw - 0x10000 if raw & 0x8000 else raw, scene)
    if op == 0x07 and not rest:
        return _start(scene)
    if op == 0x08 and rest in (b"\x01", b"\x02"):
        return _stop(rest == b"\x02", scene)
    return "not on the list"


def _request_control(scene: Scene) -> str | None:
    if scene.ours and scene.mode is WishMode.STOP:
        return None
    if not scene.guarded:
        return "control without a guard"
    if scene.motion in (Motion.ZERO, Motion.REST):
        return None
    return "control of a belt that moves and is not ours to stop"


def _stop(pause: bool, scene: Scene) -> str | None:
    if scene.mode is not WishMode.STOP:
        return "stop not wanted"
    if not scene.ours:
        return "somebody else's belt"
    if scene.motion is Motion.REST:
        return "stop to a belt at rest"
    if pause and not scene.pause_is_rung and not (scene.pause_asked and scene.motion is Motion.MOVING):
        return "pause is no rung here"
    return None


def _start(scene: Scene) -> str | None:
    if scene.mode is not WishMode.RUN or not scene.guarded:
        return "start not wanted"
    if not scene.lease:
        return "start without a lease"
    if scene.start_spent:
        return "second start in one epoch"
    if scene.motion is not Motion.REST:
        return "start of a belt that is not at rest"
    if scene.starts_by_speed:
        return "this machine starts by speed"
    return None


def _speed(wire: int, scene: Scene) -> str | None:
    if wire > CAP_MAX_CKMH:
        return "speed above any cap"
    if scene.mode is WishMode.STOP:
        if not scene.ours:
            return "somebody else's belt"
        if scene.motion is not Motion.MOVING or scene.speed_wire is None:
            return "speed to a belt not seen moving"
        return None if 0 < wire < scene.speed_wire else "stop rung not below the measured speed"
    if scene.mode is not WishMode.RUN or not scene.guarded:
        return "speed not wanted"
    if not scene.lease:
        return "speed without a lease"
    lowers = scene.motion is Motion.MOVING and scene.speed_wire is not None and wire < scene.speed_wire
    if wire > scene.ceiling_wire and not lowers:
        return "speed above the wish"
    if scene.motion is Motion.MOVING:
        return None
    if scene.starts_by_speed and scene.motion is Motion.REST and not scene.start_spent:
        return None
    if scene.speed_while_starting and scene.motion is Motion.STARTING and scene.start_spent:
        return None
    return "speed to a belt not seen moving"


def _incline(value_dpct: int, scene: Scene) -> str | None:
    if not -INCLINE_MAX_DPCT <= value_dpct <= INCLINE_MAX_DPCT:
        return "incline beyond any program"
    lowers = scene.incline_dpct is not None and 0 <= value_dpct < scene.incline_dpct
    if scene.mode is WishMode.RUN and scene.guarded and scene.lease:
        if scene.motion is not Motion.MOVING:
            return "incline to a belt not seen moving"
        return None if lowers or 0 <= value_dpct <= scene.ceiling_dpct else "incline above the wish"
    if not lowers or value_dpct != 0:
        return "only back to flat"
    if not scene.flatten:
        return "somebody else's incline"
    return None if scene.motion is Motion.REST else "flat only once at rest"
