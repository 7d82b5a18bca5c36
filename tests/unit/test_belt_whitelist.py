"""Every op code in every state: only 00 02 03 07 08 ever leave, each only where it may (promises P3, P5)."""

from dataclasses import replace
from itertools import product

import pytest

from hardware.belt.treadmill import Motion
from hardware.belt.whitelist import Scene, refusal
from hardware.constants import CAP_MAX_CKMH, INCLINE_MAX_DPCT
from hardware.link.messages import WishMode

STOPPING = Scene(
    mode=WishMode.STOP,
    guarded=True,
    ours=True,
    motion=Motion.MOVING,
    speed_wire=150,
    ceiling_wire=0,
    ceiling_dpct=0,
    incline_dpct=None,
    flatten=False,
    start_spent=True,
    lease=True,
    pause_is_rung=False,
    starts_by_speed=False,
    speed_while_starting=False,
    read_only=False,
    pause_asked=False,
)
RUNNING = replace(STOPPING, mode=WishMode.RUN, ceiling_wire=200, ceiling_dpct=10)
BEFORE = replace(RUNNING, motion=Motion.REST, speed_wire=0, start_spent=False)
IDLE = replace(STOPPING, mode=WishMode.HOLD, ours=False, lease=False, motion=Motion.REST, speed_wire=0)

FLAGS = ("guarded", "ours", "flatten", "start_spent", "lease", "pause_is_rung", "starts_by_speed", "read_only")


def scenes():
    for mode, motion in product(WishMode, Motion):
        for values in product((False, True), repeat=len(FLAGS)):
            speed = {Motion.MOVING: 150, Motion.UNKNOWN: None}.get(motion, 0)
            scene = replace(STOPPING, mode=mode, motion=motion, speed_wire=speed, ceiling_wire=200, incline_dpct=20)
            yield replace(scene, **dict(zip(FLAGS, values, strict=True)))


PARAMETERS = {0x02: (b"\x00\x00", b"\x50\x00", b"\xff\xff"), 0x03: (b"\x00\x00", b"\x0a\x00", b"\xf6\xff")}


def frames():
    for op in range(256):
        yield bytes((op,))
        yield bytes((op, 1))
        yield bytes((op, 2))
        for parameter in PARAMETERS.get(op, (b"\x50\x00",)):
            yield bytes((op,)) + parameter


ALL_SCENES = tuple(scenes())


def left(scenes_, frames_):
    return {(frame, scene) for frame in frames_ for scene in scenes_ if refusal(frame, scene) is None}


def test_of_all_256_op_codes_in_all_states_only_five_ever_leave():
    assert {frame[0] for frame, _ in left(ALL_SCENES, tuple(frames()))} == {0x00, 0x02, 0x03, 0x07, 0x08}


def test_a_start_leaves_only_once_at_rest_with_lease_guard_and_a_wish_to_run():
    for _, scene in left(ALL_SCENES, (b"\x07",)):
        assert scene.mode is WishMode.RUN
        assert scene.motion is Motion.REST
        assert scene.lease
        assert scene.guarded
        assert not scene.start_spent


def test_no_stop_or_pause_leaves_for_a_belt_at_rest_or_one_that_is_not_ours():
    for frame, scene in left(ALL_SCENES, (b"\x08\x01", b"\x08\x02")):
        assert scene.motion is not Motion.REST
        assert scene.ours
        assert scene.mode is WishMode.STOP
        assert scene.pause_is_rung or frame == b"\x08\x01"


def test_a_pause_that_is_asked_for_leaves_only_in_a_stop_of_our_own_moving_belt():
    asked = [replace(scene, pause_asked=True, pause_is_rung=False) for scene in ALL_SCENES]
    leaves = left(asked, (b"\x08\x02",))
    assert leaves
    for _, scene in leaves:
        assert scene.mode is WishMode.STOP
        assert scene.ours
        assert scene.motion is Motion.MOVING


def test_read_only_is_read_only_to_the_byte_but_for_the_stop_of_a_belt_that_is_ours():
    denied = [scene for scene in ALL_SCENES if scene.read_only]
    for frame, scene in left(denied, tuple(frames())):
        assert scene.ours
        assert scene.mode is WishMode.STOP
        assert frame[0] in (0x00, 0x02, 0x08)


def test_with_a_stop_wanted_no_speed_at_or_above_the_measured_one_leaves():
    stopping = [scene for scene in ALL_SCENES if scene.mode is WishMode.STOP]
    speeds = [b"\x02" + speed.to_bytes(2, "little") for speed in (0, 1, 80, 149, 150, 151, 200, 563, 65535)]
    for frame, scene in left(stopping, speeds):
        assert scene.motion is Motion.MOVING
        assert 0 < int.from_bytes(frame[1:], "little") < scene.speed_wire


def test_with_a_stop_wanted_the_deck_goes_nowhere_but_flat_and_only_at_rest():
    stopping = [scene for scene in ALL_SCENES if scene.mode is not WishMode.RUN]
    inclines = [b"\x03" + level.to_bytes(2, "little", signed=True) for level in (-50, -1, 0, 1, 20, 50, 51)]
    allowed = left(stopping, inclines)
    assert {frame for frame, _ in allowed} == {b"\x03\x00\x00"}
    for _, scene in allowed:
        assert scene.motion is Motion.REST
        assert scene.flatten


def test_on_hold_nothing_leaves_that_moves_or_stops():
    holding = [scene for scene in ALL_SCENES if scene.mode is WishMode.HOLD]
    assert {frame[0] for frame, _ in left(holding, tuple(frames()))} <= {0x00, 0x03}


def test_control_is_never_asked_of_a_belt_that_moves_and_is_not_ours():
    for _, scene in left(ALL_SCENES, (b"\x00",)):
        assert scene.motion in (Motion.ZERO, Motion.REST) or (scene.ours and scene.mode is WishMode.STOP)


def test_without_a_guard_nothing_leaves_but_a_stop_of_our_own_belt_and_the_way_back_to_flat():
    alone = [scene for scene in ALL_SCENES if not scene.guarded]
    for frame, scene in left(alone, tuple(frames())):
        assert scene.mode is WishMode.STOP or frame == b"\x03\x00\x00"
        assert scene.ours or frame == b"\x03\x00\x00"


@pytest.mark.parametrize(
    ("payload", "scene"),
    [
        (b"\x08\x01", STOPPING),
        (b"\x08\x01", replace(STOPPING, motion=Motion.UNKNOWN, speed_wire=None)),
        (b"\x08\x01", replace(STOPPING, guarded=False)),
        (b"\x08\x02", replace(STOPPING, pause_is_rung=True)),
        (b"\x08\x02", replace(STOPPING, pause_asked=True)),
        (b"\x08\x01", replace(STOPPING, read_only=True)),
        (b"\x02\x50\x00", STOPPING),
        (b"\x02\x01\x00", STOPPING),
        (b"\x00", STOPPING),
        (b"\x00", IDLE),
        (b"\x07", BEFORE),
        (b"\x02\xc8\x00", RUNNING),
        (b"\x02\x78\x00", replace(RUNNING, ceiling_wire=100)),
        (b"\x02" + CAP_MAX_CKMH.to_bytes(2, "little"), replace(RUNNING, ceiling_wire=CAP_MAX_CKMH)),
        (b"\x03\x0a\x00", RUNNING),
        (b"\x03\x00\x00", replace(RUNNING, incline_dpct=20)),
        (b"\x03\x00\x00", RUNNING),
        (b"\x03\x32\x00", replace(RUNNING, ceiling_dpct=INCLINE_MAX_DPCT)),
        (b"\x03\x00\x00", replace(IDLE, incline_dpct=20, flatten=True)),
        (b"\x02\x50\x00", replace(BEFORE, starts_by_speed=True)),
        (b"\x02\x50\x00", replace(RUNNING, motion=Motion.STARTING, speed_while_starting=True)),
    ],
)
def test_what_must_leave_does_leave(payload, scene):
    assert refusal(payload, scene) is None


@pytest.mark.parametrize(
    ("payload", "scene", "why"),
    [
        (b"", RUNNING, "empty"),
        (b"\x01", RUNNING, "not on the list"),
        (b"\x07\x00", BEFORE, "not on the list"),
        (b"\x08\x03", STOPPING, "not on the list"),
        (b"\x08", STOPPING, "not on the list"),
        (b"\x02\x50", RUNNING, "not on the list"),
        (b"\x02\xc9\x00", RUNNING, "speed above the wish"),
        (b"\x02\x78\x00", replace(RUNNING, ceiling_wire=100, speed_wire=120), "speed above the wish"),
        (b"\x02\xff\xff", replace(RUNNING, ceiling_wire=65535), "speed above any cap"),
        (b"\x02\x50\x00", replace(RUNNING, lease=False), "speed without a lease"),
        (b"\x02\x50\x00", replace(RUNNING, motion=Motion.ZERO), "speed to a belt not seen moving"),
        (b"\x02\x50\x00", replace(BEFORE, start_spent=True, starts_by_speed=True), "speed to a belt not seen moving"),
        (
            b"\x02\x50\x00",
            replace(RUNNING, motion=Motion.ZERO, speed_while_starting=True),
            "speed to a belt not seen moving",
        ),
        (b"\x02\x00\x00", STOPPING, "stop rung not below the measured speed"),
        (b"\x02\x50\x00", replace(STOPPING, ours=False), "somebody else's belt"),
        (b"\x02\x50\x00", replace(STOPPING, motion=Motion.ZERO, speed_wire=0), "speed to a belt not seen moving"),
        (b"\x02\x50\x00", IDLE, "speed not wanted"),
        (b"\x03\x0b\x00", RUNNING, "incline above the wish"),
        (b"\x03\x14\x00", replace(RUNNING, incline_dpct=20), "incline above the wish"),
        (b"\x03\xce\xff", RUNNING, "incline above the wish"),
        (b"\x03\xcd\xff", RUNNING, "incline beyond any program"),
        (b"\x03\x33\x00", replace(RUNNING, ceiling_dpct=100), "incline beyond any program"),
        (b"\x03\x0a\x00", replace(RUNNING, motion=Motion.REST), "incline to a belt not seen moving"),
        (b"\x03\x00\x00", replace(IDLE, incline_dpct=20), "somebody else's incline"),
        (b"\x03\x00\x00", replace(IDLE, incline_dpct=-20, flatten=True), "only back to flat"),
        (b"\x03\x00\x00", replace(IDLE, incline_dpct=20, flatten=True, motion=Motion.ZERO), "flat only once at rest"),
        (b"\x07", replace(BEFORE, start_spent=True), "second start in one epoch"),
        (b"\x07", replace(BEFORE, motion=Motion.ZERO), "start of a belt that is not at rest"),
        (b"\x07", replace(BEFORE, lease=False), "start without a lease"),
        (b"\x07", replace(BEFORE, guarded=False), "start not wanted"),
        (b"\x07", replace(BEFORE, starts_by_speed=True), "this machine starts by speed"),
        (b"\x08\x01", replace(STOPPING, ours=False), "somebody else's belt"),
        (b"\x08\x01", replace(STOPPING, motion=Motion.REST), "stop to a belt at rest"),
        (b"\x08\x01", RUNNING, "stop not wanted"),
        (b"\x08\x02", STOPPING, "pause is no rung here"),
        (
            b"\x08\x02",
            replace(STOPPING, motion=Motion.UNKNOWN, speed_wire=None, pause_asked=True),
            "pause is no rung here",
        ),
        (b"\x00", replace(IDLE, read_only=True), "read-only"),
        (b"\x07", replace(BEFORE, read_only=True), "read-only"),
        (b"\x03\x00\x00", replace(IDLE, incline_dpct=20, flatten=True, read_only=True), "read-only"),
        (b"\x00", replace(IDLE, motion=Motion.MOVING), "control of a belt that moves and is not ours to stop"),
        (b"\x00", replace(IDLE, guarded=False), "control without a guard"),
    ],
)
def test_what_must_not_leave_is_held_back_with_a_reason(payload, scene, why):
    assert refusal(payload, scene) == why
