"""All 256 op codes in all states through the belt's whitelist: which leave, and in which state.

    python -m tests.bench.whitelist [--quick] [--json]

Twice. First the whitelist by itself: every op code with every kind of parameter against every combination of what it
is told (guard's mode, guard there or silent, lease, motion, quirks, and values around each measured and wished one),
held against rules written down here once more, from safety.md, and against promises P3 and P5 as such. Then the whole
belt process, brought into each of its states with a simulated treadmill: every op code is handed to its one way out,
and what would go to the control point is held against the table below.

Exit code 1 if any byte leaves that must not, or one that must leave is held back.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from hardware.belt import whitelist
from hardware.belt.treadmill import Motion
from hardware.belt.whitelist import Scene
from hardware.constants import CAP_MAX_CKMH, INCLINE_MAX_DPCT
from hardware.link.messages import WishMode
from hardware.simulated.machines import SIMULATED_S1
from tests.bench import common
from tests.support.treadmill_bench import TreadmillBench

STOP, HOLD, RUN = WishMode.STOP, WishMode.HOLD, WishMode.RUN
OPS = range(256)
LISTED = {0x00, 0x02, 0x03, 0x07, 0x08}
SPEEDS = (None, 0, 80, 120)
CEILINGS = (0, 80, 120)
INCLINES = (None, -10, 0, 20)
INCLINE_CEILINGS = (0, 20)
MAX_SHOWN = 10


def bools() -> tuple[bool, bool]:
    return (False, True)


def scenes(op: int) -> Iterator[Scene]:
    """Every state that *op* could be judged in; values that only matter to another op code stand still."""
    speeds, ceilings = (SPEEDS, CEILINGS) if op == 0x02 else ((None, 80), (80,))
    inclines, tilts = (INCLINES, INCLINE_CEILINGS) if op == 0x03 else ((0,), (0,))
    for mode, motion, speed, ceiling, incline, tilt in itertools.product(
        WishMode, Motion, speeds, ceilings, inclines, tilts
    ):
        flags = itertools.product(bools(), repeat=8)
        # Whether control is denied and a pause asked for: only where it could matter.
        wishes = [(False, False), *[(True, False)] * (op in LISTED), *[(False, True)] * (op == 0x08)]
        for (guarded, ours, flatten, spent, lease, rung, by_speed, early), (denied, asked) in itertools.product(
            flags, wishes
        ):
            yield Scene(
                mode=mode,
                guarded=guarded,
                ours=ours,
                motion=motion,
                speed_wire=speed,
                ceiling_wire=ceiling,
                ceiling_dpct=tilt,
                incline_dpct=incline,
                flatten=flatten,
                start_spent=spent,
                lease=lease,
                pause_is_rung=rung,
                starts_by_speed=by_speed,
                speed_while_starting=early,
                read_only=denied,
                pause_asked=asked,
            )


def le(value: int) -> bytes:
    """16 bits, as on the wire."""
    return (value & 0xFFFF).to_bytes(2, "little")


def parameters(op: int) -> tuple[bytes, ...]:
    """What may follow *op*: right, wrong and hostile."""
    wrong = (b"", b"\x00", b"\x01", b"\x02", b"\x03", b"\xff", b"\x01\x00", b"\x50\x00\x00")
    if op == 0x02:
        around = {v + d for v in (0, 80, 120) for d in (-1, 0, 1)} | {CAP_MAX_CKMH, CAP_MAX_CKMH + 1, 0x8000, 0xFFFF}
        return (*wrong, *(le(v) for v in sorted(around) if v >= 0))
    if op == 0x03:
        edge = INCLINE_MAX_DPCT
        around = {v + d for v in (-10, 0, 20) for d in (-1, 0, 1)} | {
            edge,
            edge + 1,
            -edge,
            -edge - 1,
            0x7FFF,
            -0x8000,
        }
        return (*wrong, *(le(v) for v in sorted(around)))
    return (*wrong, b"\x50\x00") if op in LISTED else (b"", b"\x01", b"\x50\x00")


# --------------------------------------------------------------------------------------- the rules, once more


def may_leave(payload: bytes, s: Scene) -> bool:
    """What safety.md and the FTMS notes let through, written without a look at the whitelist's code."""
    op, rest = payload[0], payload[1:]
    stop, run = s.mode is STOP, s.mode is RUN and s.guarded
    moving, at_rest = s.motion is Motion.MOVING, s.motion is Motion.REST
    reads_zero = s.motion in (Motion.ZERO, Motion.REST)
    if s.read_only and (op == 0x03 or not (stop and s.ours)):  # nobody has measured this treadmill
        return False
    if op == 0x00:  # control: as a rung of a stop of ours, or of a belt that stands while the guard is there
        return rest == b"" and ((stop and s.ours) or (s.guarded and reads_zero))
    if op == 0x08:  # stop, and pause where it is a rung or asked for: only ours, never to a belt at rest
        pause = s.pause_is_rung or (s.pause_asked and moving)
        return stop and s.ours and not at_rest and (rest == b"\x01" or (rest == b"\x02" and pause))
    if op == 0x07:  # one start an epoch, of a belt at rest, under a lease, wanted by a guard that is there
        return rest == b"" and run and s.lease and at_rest and not s.start_spent and not s.starts_by_speed
    if op == 0x02 and len(rest) == 2:
        wanted = int.from_bytes(rest, "little")
        slower = moving and s.speed_wire is not None and wanted < s.speed_wire
        if stop:  # a rung of the ladder: only below the measured speed, never 0
            return s.ours and slower and wanted > 0
        starts = s.starts_by_speed and at_rest and not s.start_spent
        early = s.speed_while_starting and s.motion is Motion.STARTING and s.start_spent
        in_reach = wanted <= CAP_MAX_CKMH and (wanted <= s.ceiling_wire or slower)
        return run and s.lease and in_reach and (moving or starts or early)
    if op == 0x03 and len(rest) == 2:
        wanted = int.from_bytes(rest, "little", signed=True)
        flatter = s.incline_dpct is not None and 0 <= wanted < s.incline_dpct
        if abs(wanted) > INCLINE_MAX_DPCT:
            return False
        if run and s.lease:
            return moving and (flatter or 0 <= wanted <= s.ceiling_dpct)
        return wanted == 0 and flatter and s.flatten and at_rest
    return False


def promises(payload: bytes, s: Scene) -> str | None:
    """P3 and P5 themselves, for what has left. An open interlock reaches the belt as a Wish of STOP."""
    op, rest = payload[0], payload[1:]
    value = int.from_bytes(rest, "little", signed=op == 0x03) if len(rest) == 2 else 0
    if op not in LISTED:
        return "an op code that is not listed"
    if s.mode is not RUN:
        if op == 0x07:
            return "P3: a start that nobody wants"
        if op == 0x02 and (s.speed_wire is None or value >= s.speed_wire or s.motion is not Motion.MOVING):
            return "P3: a speed not below the measured one"
        if op == 0x03 and value > (s.incline_dpct or 0):
            return "P3: a deck that rises"
    if op in (0x02, 0x07) and not s.guarded and s.mode is not STOP:
        return "motion without a guard"
    if op in (0x02, 0x07) and not s.lease and not s.ours:
        return "motion of somebody else's belt"
    if s.read_only and not (s.ours and s.mode is STOP):
        return "a byte to a treadmill that nobody has measured"
    if op == 0x08 and s.motion is Motion.REST:
        return "P5: a stop to a belt at rest"
    if op == 0x07 and s.motion is not Motion.REST:
        return "P5: a start of a belt that is not at rest"
    return None


def by_itself() -> dict[str, Any]:
    """The whitelist as a function."""
    judged, wrong = 0, []
    left: Counter[str] = Counter()
    for op in OPS:
        payloads = [bytes((op,)) + rest for rest in parameters(op)]
        for scene in scenes(op):
            for payload in payloads:
                leaves = whitelist.refusal(payload, scene) is None
                judged += 1
                if leaves:
                    left[f"{op:02x}"] += 1
                broken = promises(payload, scene) if leaves else None
                if (broken or leaves is not may_leave(payload, scene)) and len(wrong) < MAX_SHOWN:
                    what = broken or ("left and must not" if leaves else "must leave and was held back")
                    wrong.append(f"{payload.hex(' ')}: {what}: {scene}")
    return {"judged": judged, "left": dict(sorted(left.items())), "wrong": wrong}


# --------------------------------------------------------------------------------------- the process in its states

Reach = Callable[[TreadmillBench], None]


def nobody_spoke(bench: TreadmillBench) -> None:
    bench.run(4.0)


def held(bench: TreadmillBench) -> None:
    bench.want(HOLD, 1)
    bench.ready()


def run_before_start(bench: TreadmillBench) -> None:
    """Wanted, lease open, and the byte not yet out: the planner is kept from it."""
    bench.ready()
    bench.lease.active = True
    bench.process.client.control.held = False
    bench.want(RUN, 2, 120)
    bench.quantum()


def run_without_lease(bench: TreadmillBench) -> None:
    bench.ready()
    bench.want(RUN, 2, 120)
    bench.run(1.0)


def spinning_up(bench: TreadmillBench) -> None:
    bench.ready()
    bench.lease.active = True
    bench.want(RUN, 2, 120)
    bench.run(0.6)


def walking(bench: TreadmillBench) -> None:
    bench.walking(120)


def holding_in_motion(bench: TreadmillBench) -> None:
    bench.walking(120)
    bench.want(HOLD, 2)
    bench.run(0.1)


def stopped_in_spin_up(bench: TreadmillBench) -> None:
    spinning_up(bench)
    bench.want(STOP, 3)
    bench.quantum()


def stopping(bench: TreadmillBench) -> None:
    bench.walking(120)
    bench.want(STOP, 3)
    bench.run(0.1)


def reads_zero(bench: TreadmillBench) -> None:
    bench.walking(120)
    bench.run(12.0)  # so long after the start that a zero is no spin-up
    bench.want(STOP, 3)
    bench.until(lambda frame: frame.speed_ckmh == 0, "zero")


def at_rest(bench: TreadmillBench) -> None:
    stopping(bench)
    bench.run(12.0)


def guard_lost(bench: TreadmillBench) -> None:
    bench.walking(120)
    bench.guard_up = False
    bench.run(0.4)


def guard_lost_at_rest(bench: TreadmillBench) -> None:
    at_rest(bench)
    bench.lease.active = False
    bench.guard_up = False
    bench.run(0.4)


def somebody_elses(bench: TreadmillBench) -> None:
    bench.ready()
    bench.want(STOP, 1)
    bench.mischief("console_start")
    bench.until(lambda frame: (frame.speed_ckmh or 0) > 0, "motion", 30)


def data_stale(bench: TreadmillBench) -> None:
    bench.walking(120)
    bench.mischief("telemetry_frozen")
    bench.run(4.0)


def data_stale_stopping(bench: TreadmillBench) -> None:
    data_stale(bench)
    bench.want(STOP, 3)
    bench.run(0.1)


CONTROL, START, STOPS = b"\x00", b"\x07", b"\x08\x01"
SPEED = "02"
STATES: dict[str, tuple[Reach, tuple[bytes | str, ...]]] = {
    "no guard has spoken": (nobody_spoke, ()),
    "HOLD, at rest": (held, (CONTROL,)),
    "RUN, at rest, start not yet written": (run_before_start, (CONTROL, START)),
    "RUN, at rest, no lease": (run_without_lease, (CONTROL,)),
    "RUN, spinning up": (spinning_up, ()),
    "RUN, moving": (walking, (SPEED,)),
    "HOLD, moving": (holding_in_motion, ()),
    "STOP, spinning up": (stopped_in_spin_up, (CONTROL, STOPS)),
    "STOP, moving": (stopping, (CONTROL, SPEED, STOPS)),
    "STOP, reads zero": (reads_zero, (CONTROL, STOPS)),
    "STOP, at rest, lease still open": (at_rest, (CONTROL,)),
    "guard silent, moving": (guard_lost, (CONTROL, SPEED, STOPS)),
    "guard silent, at rest": (guard_lost_at_rest, ()),
    "STOP, somebody else's belt moves": (somebody_elses, ()),
    "RUN, data stale": (data_stale, ()),
    "STOP, data stale": (data_stale_stopping, (CONTROL, STOPS)),
}
"""What may leave in each state: whole payloads, or SPEED with every value that the state allows.

The machine has the specification's habits: pause is no rung, it starts by `07`, and takes no speed while it spins up.
Its deck is flat and nobody wished for a tilt, so no `03` may leave anywhere but 0 as a target of RUN, which is flat.
"""


def in_process(reach: Reach, allowed: tuple[bytes | str, ...]) -> tuple[Counter[str], list[str], str]:
    """Hand every payload to the process's one way out, in the state that *reach* makes. Nothing is really written."""
    with TreadmillBench(machine=SIMULATED_S1) as bench:
        reach(bench)
        process, now_s = bench.process, bench.clock.now()
        speed = process.client.speed_wire
        wish = process._orders.wish
        written: list[bytes] = []

        def record(payload: bytes, **_: object) -> None:
            written.append(payload)

        process.client.control_point.write = record  # type: ignore[method-assign]
        before = (process._started_at_s, process._ladder_writes, list(process.refusals))
        wrong, left = [], Counter[str]()
        scene = process._scene(now_s)
        for op in OPS:
            for rest in parameters(op):
                payload = bytes((op,)) + rest
                written.clear()
                process._write(payload, now_s, 0.25)
                leaves = written == [payload]
                must = payload in allowed
                value = int.from_bytes(rest, "little")
                if op == 0x02 and len(rest) == 2 and SPEED in allowed:
                    ceiling = wish.speed_ckmh if scene.mode is RUN and wish is not None else 0
                    must = 0 < value < (speed or 0) or (scene.mode is RUN and value <= max(ceiling, (speed or 1) - 1))
                if op == 0x03 and rest == b"\0\0" and scene.mode is RUN and scene.motion is Motion.MOVING:
                    must = scene.lease and scene.guarded
                if leaves:
                    left[f"{op:02x}"] += 1
                if leaves is not must and len(wrong) < MAX_SHOWN:
                    wrong.append(f"{payload.hex(' ')} {'left and must not' if leaves else 'was held back'}: {scene}")
        process._started_at_s, process._ladder_writes, process.refusals = before
        del process.client.control_point.write
        return left, wrong, f"{scene.mode}, {scene.motion}"


def run(options: argparse.Namespace) -> dict[str, Any]:
    began_s = time.monotonic()
    rows, wrong, tried = [], [], 0
    for name, (reach, allowed) in STATES.items():
        left, bad, seen = in_process(reach, allowed)
        tried += sum(len(parameters(op)) for op in OPS)
        rows.append({"state": name, "seen": seen, "left": dict(sorted(left.items()))})
        wrong += [f"{name}: {one}" for one in bad]
    pure = by_itself()
    ops = sorted({int(op, 16) for row in rows for op in row["left"]} | {int(op, 16) for op in pure["left"]})
    if set(ops) != LISTED:
        wrong.append(f"op codes that leave: {[f'{op:02x}' for op in ops]}")
    return {
        "op_codes_that_leave": [f"{op:02x}" for op in ops],
        "states": rows,
        "in_process": tried,
        "by_itself": pure["judged"],
        "left_by_itself": pure["left"],
        "seconds": round(time.monotonic() - began_s, 1),
        "failures": wrong[:MAX_SHOWN] + pure["wrong"],
    }


def show(result: dict[str, Any]) -> None:
    listed = [f"{op:02x}" for op in sorted(LISTED)]
    common.table(
        ("the belt process in the state", "mode, motion", *listed),
        [(row["state"], row["seen"], *(row["left"].get(op, "-") for op in listed)) for row in result["states"]],
    )
    print(f"\nOp codes that leave at all: {' '.join(result['op_codes_that_leave'])}, of 256.")
    print(
        f"{result['in_process']} payloads through the process, {result['by_itself']} judgements of the whitelist "
        f"alone, {result['seconds']} s. Exhaustive in op codes, modes, motion and flags; in values, those around "
        "each limit."
    )
    print("Nothing left that must not." if not result["failures"] else f"{len(result['failures'])} WRONG")


if __name__ == "__main__":
    sys.exit(common.main(__doc__.splitlines()[0], run, show))
