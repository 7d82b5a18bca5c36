"""The clip and the red button in every state, composed: bytes, permit, belt and latch, each in its time."""

from __future__ import annotations

import pytest

from hardware.config import WiringLevel
from hardware.link.endpoint import memory_pair
from hardware.link.messages import BeltToWorld, Cause, GattWrite, Missing, ResetBy, State, StopWhy, WorldToBelt
from hardware.simulated.pins import DROP_OUT_S
from tests.support.composed import CONTROL_POINT, QUANTUM_S, Composed

CAUSES = {"clip": Cause.CLIP, "red": Cause.RED_BUTTON}
WIRES = sorted(CAUSES)


def trip(house: Composed, wire: str) -> float:
    """Open *wire* now; returns when that was."""
    house.hand(wire, False)
    return house.now_s


def assert_stop_written_within_a_quantum(house: Composed, tripped_s: float) -> None:
    stops = house.writes(since_s=tripped_s, op="0801")
    assert stops, house.scene()
    assert stops[0].t_s - tripped_s <= QUANTUM_S + 1e-6


def assert_permit_drops(house: Composed, tripped_s: float) -> None:
    house.until(lambda: not house.permit, within_s=DROP_OUT_S + 2 * QUANTUM_S)
    assert house.now_s - tripped_s <= 0.150


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("speed", [80, 200])
@pytest.mark.parametrize("level", [WiringLevel.H0, WiringLevel.H1])
def test_a_wire_opened_while_walking_stops_the_belt(wire, speed, level):
    with Composed(level=level) as house:
        house.walking(speed)
        tripped_s = trip(house, wire)
        house.run(QUANTUM_S)
        assert_stop_written_within_a_quantum(house, tripped_s)
        if level is WiringLevel.H1:
            assert_permit_drops(house, tripped_s)
        # 0.28 m/s2 and 225 ms to react, or the treadmill's own key stop, whichever is first.
        house.until(lambda: house.speed == 0, within_s=speed / 100 + 0.4)
        house.latched(within_s=4)
        assert house.cause is CAUSES[wire]
        assert not house.alarm
        assert not house.lease.active
        house.assert_safe()


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("after_s", [0.02, 0.1, 1.0, 2.4, 2.5, 2.6, 3.0])
def test_a_wire_opened_during_spin_up_stops_the_belt(wire, after_s):
    with Composed(level=WiringLevel.H0) as house:
        house.starting()
        house.run(after_s)
        tripped_s = trip(house, wire)
        house.run(0.1)
        assert house.state is State.STOPPING
        if house.writes(op="07"):
            # A stop may have to wait for the answer to the start: its indication is outstanding (0xFE).
            house.until(lambda: bool(house.writes(since_s=tripped_s, op="0801")), within_s=0.3)
        house.run(12)
        assert house.speed == 0
        assert house.state is State.LATCHED
        assert house.cause is CAUSES[wire]
        house.assert_safe()


@pytest.mark.parametrize("wire", WIRES)
def test_a_deaf_countdown_is_stopped_once_it_moves(wire):
    """Zero during spin-up is not rest: the guard stays STOPPING until the start can no longer come through."""
    with Composed(level=WiringLevel.H0, mischief=["deaf_countdown"]) as house:
        house.starting()
        house.run(1.0)
        trip(house, wire)
        house.run(0.5)
        assert house.state is State.STOPPING
        house.until(lambda: house.speed > 0, within_s=3)
        house.until(lambda: house.speed == 0, within_s=3)
        house.latched(within_s=12)
        house.assert_safe()


@pytest.mark.parametrize("wire", WIRES)
def test_a_wire_opened_during_a_soft_stop_makes_it_hard(wire):
    with Composed() as house:
        house.walking(200)
        house.kiosk.stop(StopWhy.PLAN_DONE)
        house.run(1.0)
        assert house.state is State.STOPPING
        assert house.permit
        tripped_s = trip(house, wire)
        house.run(QUANTUM_S)
        assert_stop_written_within_a_quantum(house, tripped_s)
        assert_permit_drops(house, tripped_s)
        house.latched(within_s=5)
        assert house.cause is CAUSES[wire]
        house.assert_safe()


@pytest.mark.parametrize("wire", WIRES)
def test_a_wire_opened_while_armed_latches_and_writes_nothing(wire):
    with Composed() as house:
        house.armed()
        tripped_s = trip(house, wire)
        house.run(2 * QUANTUM_S)
        assert house.state is State.LATCHED
        assert house.cause is CAUSES[wire]
        house.run(10)
        assert [one.value.hex() for one in house.writes(since_s=tripped_s)] in (
            [],
            ["00"],
        )  # a pulled key may cost control
        assert house.speed == 0
        house.assert_safe()


def test_a_red_button_pressed_in_idle_latches_for_staff():
    with Composed() as house:
        house.idle()
        trip(house, "red")
        house.run(0.1)
        assert (house.state, house.cause) == (State.LATCHED, Cause.RED_BUTTON)
        assert house.status.reset_by is ResetBy.STAFF
        house.assert_safe()


def test_a_clip_that_hangs_open_in_idle_is_no_stop_but_keeps_a_session_from_arming():
    with Composed() as house:
        house.idle()
        trip(house, "clip")
        house.run(1)
        assert house.state is State.IDLE
        assert Missing.CLIP_OPEN in house.status.arm_missing
        house.assert_safe()


@pytest.mark.parametrize("wire", WIRES)
def test_an_opening_of_one_quantum_is_enough(wire):
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        trip(house, wire)
        house.run(QUANTUM_S)
        house.hand(wire, True)
        house.until(lambda: house.speed == 0, within_s=2)
        house.latched(within_s=4)
        assert house.cause is CAUSES[wire]
        house.assert_safe()


def test_closing_the_clip_again_never_moves_the_belt():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(200)
        trip(house, "clip")
        house.run(0.3)
        house.hand("clip", True)
        house.kiosk.target(200)
        house.kiosk.start()
        top = house.speed
        for _ in range(500):
            house.quantum()
            assert house.speed <= top
            top = house.speed
        assert house.speed == 0
        house.assert_safe()


def test_a_clip_stop_is_reset_by_the_member_once_the_clip_is_back():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        trip(house, "clip")
        house.latched(within_s=8)
        house.kiosk.reset()
        house.run(0.1)
        assert house.state is State.LATCHED  # the clip is still open
        house.hand("clip", True)
        house.run(1)
        house.kiosk.reset()
        house.run(0.1)
        assert house.state is State.IDLE
        house.run(2)
        assert house.speed == 0
        house.walking(100)
        house.assert_safe()


def test_a_red_button_stop_is_reset_by_staff_alone():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        trip(house, "red")
        house.latched(within_s=8)
        house.hand("red", True)
        house.run(1)
        house.kiosk.reset(ResetBy.MEMBER)
        house.run(1)
        assert house.state is State.LATCHED
        assert any(Missing.STAFF in refused.why for refused in house.kiosk.refused)
        house.kiosk.reset(ResetBy.STAFF)
        house.run(0.1)
        assert house.state is State.IDLE
        house.assert_safe()


def test_after_a_hard_stop_the_pulled_key_is_put_back_and_the_next_session_walks():
    with Composed(level=WiringLevel.H1) as house:
        house.walking(120)
        trip(house, "clip")
        house.latched(within_s=8)
        assert not house.world.treadmill.key_seated
        house.hand("clip", True)
        house.run(1)
        house.kiosk.reset()
        house.until(lambda: house.permit, within_s=1)
        house.hand("key", True)
        house.run(3)
        house.walking(100)
        house.assert_safe()


@pytest.mark.parametrize("first", WIRES)
def test_the_first_hard_cause_is_kept(first):
    second = next(wire for wire in WIRES if wire != first)
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        trip(house, first)
        house.run(0.3)
        trip(house, second)
        house.latched(within_s=8)
        assert house.cause is CAUSES[first]
        house.assert_safe()


def test_a_chattering_clip_stops_the_belt():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(120)
        for _ in range(10):
            house.hand("clip", False)
            house.quantum()
            house.hand("clip", True)
            house.quantum()
        house.latched(within_s=8)
        assert house.cause is Cause.CLIP
        house.assert_safe()


def test_the_treadmills_own_key_latches_with_its_own_cause():
    with Composed(level=WiringLevel.H0) as house:
        house.walking(160)
        house.hand("key", False)
        house.until(lambda: house.speed == 0, within_s=1)
        house.latched(within_s=6)
        assert house.cause is Cause.SAFETY_KEY
        house.assert_safe()


@pytest.mark.parametrize("command", ["07", "02fa00", "030a00", "01", "04c8"])
def test_the_tap_catches_a_process_that_writes_past_the_guard(command):
    """The seeded bug: a process of our own house that writes to the link what nobody decided."""
    with Composed(level=WiringLevel.H0, max_incline_percent=2.0) as house:
        house.walking(120)
        rogue, worlds = memory_pair(WorldToBelt, BeltToWorld)
        house.world.attach_link(worlds)
        trip(house, "clip")
        house.run(0.2)
        house.assert_safe()
        rogue.send(GattWrite(1, CONTROL_POINT, bytes.fromhex(command), True), house.now_s)
        house.run(0.1)
        assert house.world.violations
        assert all(bytes.fromhex(command).hex(" ") in sentence for sentence in house.world.violations)
