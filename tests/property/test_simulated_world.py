"""The simulated world under arbitrary bytes, hands and mischief: it never raises, and keeps its own promises."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.config import Config, Treadmill
from hardware.link.endpoint import memory_pair
from hardware.link.messages import (
    BeltToWorld,
    GattConnect,
    GattDisconnect,
    GattDropped,
    GattRead,
    GattResult,
    GattScan,
    GattSubscribe,
    GattWrite,
    WorldToBelt,
)
from hardware.simulated.machines import MACHINES, SIMULATED_S1
from hardware.simulated.mischief import MISCHIEF, misbehaving
from hardware.simulated.peripheral import CONTROL_POINT, STATUS, TREADMILL_DATA, Console, Drop, Peripheral
from hardware.simulated.physics import Physics
from hardware.simulated.tap import Monitor, Tap
from hardware.simulated.world import World

ADDRESS = "AA:BB:CC:00:11:22"

commands = st.one_of(
    st.binary(max_size=6),
    st.sampled_from([b"\x00", b"\x01", b"\x07", b"\x08\x01", b"\x08\x02"]),
    st.integers(0, 0xFFFF).map(lambda value: b"\x02" + value.to_bytes(2, "little")),
    st.integers(0, 0xFFFF).map(lambda value: b"\x03" + value.to_bytes(2, "little")),
)
machines = st.sampled_from(sorted(MACHINES))
mischief = st.sets(st.sampled_from(sorted(MISCHIEF)), max_size=4)
pauses = st.sampled_from([0.0, 0.02, 0.1, 0.5, 3.0])


def mill_of(name: str, bad: set[str]) -> Peripheral:
    machine = MACHINES[name]
    mill = Peripheral(replace(machine, habits=misbehaving(machine.habits, bad)), 0.0)
    mill.connected(0.0)
    for n, char in enumerate((TREADMILL_DATA, STATUS, CONTROL_POINT)):
        mill.subscribe(char, True, float(n))
    return mill


@settings(max_examples=300, deadline=None)
@given(machines, mischief, st.lists(st.tuples(commands, st.booleans(), pauses), max_size=25))
def test_no_bytes_make_a_treadmill_raise_or_run_faster_than_it_can(name, bad, script):
    mill = mill_of(name, bad)
    now_s = 3.0
    fastest = max(mill.machine.max_ckmh * mill.habits.write_scale, mill.habits.runaway_ckmh or 0)
    for command, response, pause_s in script:
        answer = mill.write(CONTROL_POINT, command, response, now_s)
        assert answer.att_error in {None, 0x00, 0x03, 0x0A, 0x0D, 0x0F, 0x80, 0xFD, 0xFE}
        now_s += pause_s
        for output in mill.step(now_s):
            assert isinstance(output, Drop) or len(output.value) <= 64
        assert 0 <= mill.true_ckmh <= fastest
        assert mill.machine.min_dpct <= mill.true_dpct <= mill.machine.max_dpct


@settings(max_examples=200, deadline=None)
@given(machines, st.lists(st.tuples(commands.filter(lambda value: value[:1] != b"\x00"), pauses), max_size=25))
def test_without_control_no_bytes_move_a_belt(name, script):
    mill = mill_of(name, set())
    now_s = 3.0
    for command, pause_s in script:
        mill.write(CONTROL_POINT, command, True, now_s)
        now_s += pause_s
        mill.step(now_s)
    mill.step(now_s + 20)
    assert mill.true_ckmh == 0
    assert mill.true_dpct == 0


@settings(max_examples=200, deadline=None)
@given(machines, st.lists(st.sampled_from(list(Console)), max_size=8), st.lists(commands, max_size=8))
def test_a_pulled_key_brings_every_machine_to_rest_and_keeps_it_there(name, keys, script):
    mill = mill_of(name, set())
    mill.write(CONTROL_POINT, b"\x00", True, 3.0)
    mill.press(Console.START, 4.0)
    mill.step(15.0)
    assert mill.true_ckmh > 0
    mill.set_key(False, 15.0)
    mill.step(20.0)
    now_s = 20.0
    for key in keys:
        now_s += 1.0
        mill.press(key, now_s)
    for command in script:
        now_s += 1.0
        mill.write(CONTROL_POINT, command, True, now_s)
    for _ in range(40):
        now_s += 0.5
        mill.step(now_s)
        assert mill.true_ckmh == 0


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1000), st.floats(1, 1000)), max_size=8),
    st.lists(st.floats(0.001, 2.0), min_size=1, max_size=20),
)
def test_physics_does_not_depend_on_how_often_one_looks(aims, steps):
    once, often = Physics(0.0), Physics(0.0)
    for physics in (once, often):
        for at_s, goal, rate in sorted(aims):
            physics.belt.aim(at_s, goal, rate)
    now_s = 0.0
    for step_s in steps:
        now_s += step_s
        often.advance(now_s)
    once.advance(now_s)
    assert abs(once.speed_ckmh - often.speed_ckmh) < 1e-6
    assert abs(once.travel_m - often.travel_m) < 1e-6


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), commands),
            st.tuples(st.just("notify"), st.binary(max_size=24)),
            st.tuples(st.just("clip"), st.booleans()),
            st.tuples(st.just("red"), st.booleans()),
            st.tuples(st.just("wait"), pauses),
        ),
        max_size=60,
    )
)
def test_the_tap_never_raises_and_lets_no_start_through_with_a_wire_open(script):
    monitor = Monitor()
    tap = Tap(monitor)
    now_s, closed, opened_s = 100.0, {"clip": True, "red": True}, {"clip": None, "red": None}
    for what, value in script:
        if what == "wait":
            now_s += value
        elif what == "write":
            before = len(monitor.violations)
            tap.write(CONTROL_POINT, value, now_s)
            # each wire has a grace of its own: one that opens as the other closes is just open
            if value == b"\x07" and any(at_s is not None and now_s > at_s + 0.001 for at_s in opened_s.values()):
                assert len(monitor.violations) > before
        elif what == "notify":
            tap.notify(TREADMILL_DATA, value, now_s, indication=False)
        else:
            closed[what] = value
            monitor.wires(clip_closed=closed["clip"], red_closed=closed["red"], amber_pressed=False, now_s=now_s)
            if value or opened_s[what] is None:
                opened_s[what] = None if value else now_s
    assert tap.since(0, 1000)[1] == sum(what in ("write", "notify") for what, _ in script)


requests = st.one_of(
    st.just((GattScan,)),
    st.sampled_from([(GattConnect, ADDRESS), (GattConnect, ADDRESS), (GattConnect, "00:00:00:00:00:00")]),
    st.just((GattDisconnect,)),
    st.tuples(st.just(GattRead), st.sampled_from([0x2ACC, 0x2AD4, 0x2A24, 0x1234])),
    st.tuples(st.just(GattSubscribe), st.sampled_from([TREADMILL_DATA, CONTROL_POINT, 0x1234]), st.booleans()),
    st.tuples(st.just(GattWrite), st.just(CONTROL_POINT), commands, st.booleans()),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 1), requests),
            st.tuples(st.sampled_from(sorted(MISCHIEF)), st.booleans()),
            pauses,
        ),
        min_size=3,
        max_size=30,
    )
)
def test_every_request_is_answered_exactly_once_whatever_the_radio_does(script):
    world = World(Config(treadmill=Treadmill(address=ADDRESS)), 0.0, SIMULATED_S1)
    ends = []
    for _ in range(2):
        mine, theirs = memory_pair(WorldToBelt, BeltToWorld)
        world.attach_link(theirs)
        ends.append(mine)
    asked: set[tuple[int, int]] = set()
    answered: list[tuple[int, int]] = []
    now_s = 0.0

    def pass_time(seconds: float) -> None:
        nonlocal now_s
        for _ in range(max(1, round(seconds / 0.1))):
            now_s += seconds / max(1, round(seconds / 0.1))
            world.step(now_s)
            for who, end in enumerate(ends):
                for frame in end.drain(now_s):
                    if isinstance(frame.body, GattResult):
                        answered.append((who, frame.body.id))
                    elif isinstance(frame.body, GattDropped):
                        assert frame.body.reason

    for act in script:
        if isinstance(act, float):
            pass_time(act)
        elif isinstance(act[0], int):
            who, (kind, *arguments) = act
            id_ = len(asked) + 1
            asked.add((who, id_))
            ends[who].send(kind(id_, *arguments), now_s)
            pass_time(0.02)
        else:
            world.mischief(act[0], act[1], now_s)
    for name in MISCHIEF:
        world.mischief(name, False, now_s)
    pass_time(70.0)  # two ATT time-outs of 30 s, one after the other, and what hung behind them
    assert sorted(answered) == sorted(asked)
