"""Hazard 35, invariant 12: what the wall clock says has no part in what guard, belt and stopper do."""

import ast
import itertools
import time
from pathlib import Path

import pytest

from hardware.link.messages import ResetBy, State
from tests.support.composed import Composed

HARDWARE = Path(__file__).parents[2] / "hardware"
PARTS = ("guard", "belt", "stopper", "gpio", "link")
YEAR_S = 365 * 86400.0
OF_THE_WALL = {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "CLOCK_REALTIME", "clock_settime"}


def wall_clock_uses(source: str) -> list[str]:
    """Where *source* could learn the date: names of the time module that tell it, and all of datetime."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] == "datetime"]
        elif isinstance(node, ast.ImportFrom):
            if node.module == "datetime":
                found.append("datetime")
            elif node.module == "time":
                found += [alias.name for alias in node.names if alias.name in OF_THE_WALL]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time":
            found += [node.attr] if node.attr in OF_THE_WALL else []
    return found


def trace(level_trip: str) -> list[object]:
    """A session with a trip in it and the start of another: every byte, every word to the kiosk, every event."""
    told = []
    with Composed(stopper=True) as house:
        house.walking(110)
        house.run(5.0)
        house.hand(level_trip, False)
        house.latched(within_s=12)
        house.hand(level_trip, True)
        house.run(1.0)
        house.kiosk.reset(ResetBy.STAFF)
        house.until(lambda: house.state is State.IDLE, within_s=5)
        house.run(0.5)
        house.hand("key", True)
        house.walking(80)
        house.kill_belt()
        house.run(8.0)
        told = [*house.world.tap.entries, house.kiosk.status, *house.kiosk.events, *house.kiosk.refused]
        house.assert_safe()
    return told


@pytest.mark.parametrize("loop", ["clip", "red"])
def test_jumps_of_years_change_no_trace(monkeypatch, loop):
    calm = trace(loop)
    jumps = itertools.cycle((0.0, 40 * YEAR_S, 3 * YEAR_S, 90 * YEAR_S, 1.0))
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    monkeypatch.setattr(time, "time_ns", lambda: int(next(jumps) * 1e9))
    stormy = trace(loop)
    assert any(getattr(entry, "value", b"") == b"\x08\x01" for entry in calm)
    assert len(calm) > 100
    assert stormy == calm


def test_the_parts_that_stop_the_belt_never_ask_for_the_date():
    modules = [path for part in PARTS for path in (HARDWARE / part).rglob("*.py")]
    assert len(modules) > 30
    found = {str(path.relative_to(HARDWARE)): wall_clock_uses(path.read_text(encoding="utf-8")) for path in modules}
    assert {path: uses for path, uses in found.items() if uses} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import time\nnow = time.time()",
        "from time import time_ns",
        "import datetime",
        "from datetime import datetime",
        "import time\ntime.clock_gettime(time.CLOCK_REALTIME)",
    ],
)
def test_every_way_to_the_date_is_seen(line):
    assert wall_clock_uses(line) != []
