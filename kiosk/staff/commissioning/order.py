"""Which step of commissioning comes next, and from which speed the belt is stopped or paused next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hardware.config.profiles import StopPoint
from hardware.link.messages import Status
from hardware.units import on_grid
from kiosk.staff.commissioning.findings import Findings, points_of
from kiosk.staff.commissioning.instruction import STEPS
from kiosk.staff.commissioning.measure import within_room
from kiosk.staff.commissioning.memory import Procedure

TAPE_CKMH: Final = 200
TAPE_STOP_S: Final = 4.5
STOP_STEP_CKMH: Final = 100  # between two speeds that are stopped from, at most
STOPS_MIN: Final = 3
PAUSES: Final = 3


def next_step(found: Findings) -> str:
    """The first step that has not been passed."""
    if found.stop_ignored and found.pause_works is None and "pause" not in found.done:
        return "pause"  # nothing else before it is known how this belt can be stopped at all
    return next(name for name in STEPS if name not in found.done)


def tape_ckmh(found: Findings) -> int:
    """Fast enough for ten passes in a minute, and slow enough to be stopped within the guard's first budget."""
    slowest = min((p.ckmh / p.seconds for p in points_of(found)), default=float(TAPE_CKMH))
    return max(found.min_ckmh or 0, min(TAPE_CKMH, round(TAPE_STOP_S * slowest)))


def goal_ckmh(state: Procedure, status: Status) -> int | None:
    """The speed to be stopped or paused from next; None: there is none left."""
    found = state.found
    if state.step == "stops":
        return _next_stop(found)
    if state.step == "pause":
        if found.stop_ignored and found.pause_works is None:
            return status.min_ckmh
        tried = [trace.from_ckmh for trace in found.traces if trace.kind == "pause"]
        if found.pause_works is False or len(tried) >= PAUSES:
            return None
        speeds = [p.ckmh for p in points_of(found)][:PAUSES]
        return next((speed for speed in speeds if all(abs(speed - one) > 2 for one in tried)), None)
    return 0


def _next_stop(found: Findings) -> int | None:
    """Rising speeds, at least three where there is room for them, until the first that takes over half the deck."""
    low, top = found.min_ckmh or 0, found.top_ckmh or found.told_max_ckmh
    points = [p for p in points_of(found) if p.ckmh not in _early(found)]
    deck = found.deck_mm or 0
    grid = max(found.increment_ckmh or 0, 1)
    if points and not within_room(points, deck):
        return _between(points, deck, low, grid)
    if not points:
        return low
    pace = min(STOP_STEP_CKMH, max((top - low) // (STOPS_MIN - 1), grid))
    if pace > grid:
        pace -= pace % grid
    last = points[-1].ckmh
    following = min(last + pace, top - (top - low) % grid)
    return following if following > last + 2 else None


def _between(points: Sequence[StopPoint], deck_mm: int, low: int, grid: int) -> int | None:
    """Where the first steps were long, one more between the last speed that fits and the first that does not."""
    fits = [p.ckmh for p in points if within_room((p,), deck_mm)]
    if not fits or len(points) >= STOPS_MIN:
        return None
    beyond = next(p.ckmh for p in points if p.ckmh > fits[-1])
    middle = on_grid((fits[-1] + beyond) // 2, low, grid, raising=True)
    return middle if fits[-1] + 2 < middle < beyond - 2 else None


def _early(found: Findings) -> frozenset[int]:
    """Speeds stopped from only on the way to something else: they count, but do not decide what comes next."""
    own = {trace.from_ckmh for trace in found.traces if trace.kind == "stop"}
    return frozenset(p.ckmh for p in found.stops if p.ckmh not in own)
