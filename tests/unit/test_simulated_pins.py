"""The simulated wires behave as the real ones: loops, charge pump, relay read-back, key puller."""

from __future__ import annotations

import pytest

from hardware.config import Config, Wiring, WiringLevel
from hardware.link.endpoint import memory_pair
from hardware.link.messages import GuardToPins, PinDrive, PinLevels, PinsToGuard
from hardware.simulated.pins import DROP_OUT_S, KeyCircuit, Pins
from hardware.simulated.world import World, WorldError, machine_named

WIRING = Wiring(
    clip=17, red_button=27, amber_button=22, permit=23, permit_readback=24, alarm=25, level=WiringLevel.H1
)


def pulse(pins: Pins, start_s: float, seconds: float, every_s: float = 0.020) -> float:
    now_s = start_s
    for edge in range(round(seconds / every_s)):
        now_s = start_s + edge * every_s
        pins.drive(23, edge % 2, now_s)
    return now_s


def test_closed_loops_read_zero_and_open_ones_one():
    pins = Pins(WIRING)
    assert dict(pins.levels(0.0)) == {17: 0, 27: 0, 22: 1, 24: 0}
    pins.clip_closed, pins.red_closed, pins.amber_pressed = False, False, True
    assert dict(pins.levels(0.0)) == {17: 1, 27: 1, 22: 0, 24: 0}


def test_pins_that_are_not_fitted_are_not_told():
    assert dict(Pins(Wiring(clip=5, red_button=6)).levels(0.0)) == {5: 0, 6: 0}


def test_pulses_pick_the_relay_up_and_their_end_drops_it_after_100_ms():
    pins = Pins(WIRING)
    last_s = pulse(pins, 10.0, 0.5)
    assert pins.permit(last_s)
    assert dict(pins.levels(last_s))[24] == 1
    assert pins.permit(last_s + DROP_OUT_S - 0.001)
    assert not pins.permit(last_s + DROP_OUT_S + 0.001)


@pytest.mark.parametrize("level", [0, 1])
def test_a_stuck_level_never_holds_the_relay(level):
    pins = Pins(WIRING)
    last_s = pulse(pins, 10.0, 0.5)
    for tick in range(50):
        pins.drive(23, level, last_s + 0.02 * (tick + 1))
    assert not pins.permit(last_s + 1.0)


def test_slow_pulses_do_not_pick_it_up():
    pins = Pins(WIRING)
    last_s = pulse(pins, 10.0, 5.0, every_s=0.2)
    assert not pins.permit(last_s)


def test_the_h1_puller_takes_the_key_and_only_a_hand_puts_it_back():
    key = KeyCircuit(WIRING)
    assert key.seated(permit=False)  # uncocked before the first permit
    assert key.seated(permit=True)
    assert not key.seated(permit=False)
    assert not key.seated(permit=True)
    key.hand(True)
    assert key.seated(permit=True)


def test_a_key_put_back_without_permit_does_not_hold():
    key = KeyCircuit(WIRING)
    key.seated(permit=True)
    key.seated(permit=False)
    key.hand(True)
    assert not key.seated(permit=False)
    assert not key.seated(permit=True)


def test_an_h2_loop_follows_the_permit():
    key = KeyCircuit(Wiring(permit=23, level=WiringLevel.H2))
    assert [key.seated(permit=on) for on in (False, True, False, True)] == [True, True, False, True]


def test_without_a_permit_only_a_hand_moves_the_key():
    key = KeyCircuit(Wiring())
    assert key.seated(permit=False)
    key.hand(False)
    assert not key.seated(permit=False)
    key.hand(True)
    assert key.seated(permit=False)


def test_the_guard_hears_of_a_moved_wire_at_once_and_of_each_change_once():
    world = World(Config(wiring=WIRING), 0.0)
    guard, theirs = memory_pair(PinsToGuard, GuardToPins)
    world.attach_pins(theirs)
    assert dict(guard.drain(0.0)[0].body.levels)[17] == 0
    world.step(0.02)
    guard.drain(0.02)
    world.hand("clip", False, 0.03)
    told = [frame.body for frame in guard.drain(0.03)]
    assert len(told) == 1
    assert isinstance(told[0], PinLevels)
    assert dict(told[0].levels)[17] == 1
    for step in range(10):
        world.step(0.04 + step / 100)
    assert guard.drain(1.0) == []


def test_a_dropped_permit_pulls_the_key_of_a_running_treadmill():
    world = World(Config(wiring=WIRING), 0.0)
    guard, theirs = memory_pair(PinsToGuard, GuardToPins)
    world.attach_pins(theirs)
    now_s, level = 0.0, 0

    def run(seconds: float, *, pulsing: bool) -> None:
        nonlocal now_s, level
        for _ in range(round(seconds / 0.02)):
            now_s += 0.02
            if pulsing:
                level = 1 - level
                guard.send(PinDrive(23, level), now_s)
            world.step(now_s)

    run(0.5, pulsing=True)
    assert world.permit
    world.mischief("console_start", True, now_s)
    run(6.0, pulsing=True)
    assert world.treadmill.true_ckmh == 80
    run(0.4, pulsing=False)
    assert not world.permit
    assert world.treadmill.true_ckmh == 0
    world.hand("key", True, now_s)
    run(0.02, pulsing=False)
    assert not world.treadmill.key_seated


def test_unknown_names_are_answered_with_the_nearest_known_one():
    world = World(Config(), 0.0)
    with pytest.raises(WorldError, match='Did you mean "stop_ignored"'):
        world.mischief("stop_ignore", True, 0.0)
    with pytest.raises(WorldError, match='Did you mean "urevo-e1l"'):
        machine_named("urevo_e1l")
    with pytest.raises(WorldError, match="clip, red, amber, key, deck, deck_motor or console"):
        world.hand("foot", True, 0.0)
