"""From a record to its chart (drawn by kiosk.ui.stop_chart; the only part of commissioning that draws)."""

from __future__ import annotations

from pathlib import Path

from kiosk.staff.commissioning.measure import STOP_SHARE
from kiosk.staff.commissioning.page import CHART, Record
from kiosk.ui.stop_chart import StopLine, StopPicture, write_stop_chart


def picture_of(record: Record) -> StopPicture:
    """What the chart shows: each stop that was measured for itself, the worst travel of each speed, the cap."""
    profile = record.profile
    room_m = STOP_SHARE * (profile.deck_mm or 0) / 1000
    lines = tuple(
        StopLine(
            trace.from_ckmh / 100,
            tuple((at_s, ckmh / 100) for at_s, ckmh in _to_rest(trace.points)),
            (trace.travel_mm or 0) / 1000 > room_m,
        )
        for trace in record.measured.found.traces
        if trace.kind in ("stop", "also") and trace.travel_mm is not None
    )
    return StopPicture(
        title=f"{profile.name}: how it stops",
        lines=lines,
        travel=tuple((point.ckmh / 100, point.travel_mm / 1000) for point in profile.stops),
        room_m=room_m,
        cap_kmh=profile.limit_ckmh / 100,
    )


def _to_rest(points: tuple[tuple[float, int], ...]) -> tuple[tuple[float, int], ...]:
    """From the last reading before the stop to the first of rest."""
    before = [point for point in points if point[0] <= 0][-1:]
    after = [point for point in points if point[0] > 0]
    moving = [n for n, point in enumerate(after) if point[1] > 0]
    end = (moving[-1] if moving else -1) + 2
    return (*before, *after[:end])


def draw(place: Path, record: Record) -> Path:
    """The chart beside the page in *place*. Raises OSError."""
    path = place / CHART
    write_stop_chart(path, picture_of(record))
    return path
