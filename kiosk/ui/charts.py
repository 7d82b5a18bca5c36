"""Plans and walks as pictures: steps, because a belt's plan is steps, and one smooth line for what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pygame import Rect

from hardware.units import SpeedUnit, ckmh_from_kmh, ckmh_from_mph
from kiosk.snapshot import Bar, PainPair, Step
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns
from kiosk.ui.pen import Pen, opaque
from kiosk.ui.text import Face
from kiosk.ui.theme import Colour


def plan_seconds(steps: tuple[Step, ...]) -> float:
    """How long the plan takes."""
    return max((step.start_s + step.seconds for step in steps), default=0.0)


def top_ckmh(steps: tuple[Step, ...]) -> int:
    """The plan's highest speed."""
    return max((step.speed_ckmh for step in steps), default=0)


def plan_bars(
    c: Canvas,
    rect: Rect,
    steps: tuple[Step, ...],
    *,
    scale_ckmh: int | None = None,
    done: Colour = theme.SKY,
    todo: Colour = theme.SKY,
    at_s: float | None = None,
) -> None:
    """The plan as blocks on a common base line; what lies before *at_s* in *done*, the rest in *todo*."""
    total = plan_seconds(steps)
    scale = scale_ckmh or top_ckmh(steps)
    if total <= 0 or scale <= 0:
        return
    cursor = rect.x + round(rect.width * min(1.0, max(0.0, (at_s or 0.0) / total)))
    for step in steps:
        left = rect.x + round(rect.width * step.start_s / total)
        right = rect.x + round(rect.width * (step.start_s + step.seconds) / total)
        high = max(2, round(rect.height * min(1.0, step.speed_ckmh / scale)))
        bar = Rect(left, rect.bottom - high, right - left, high)
        if at_s is None:
            c.fill(bar, todo)
            continue
        before = max(0, min(right, cursor) - left)
        c.fill(Rect(left, bar.y, before, high), done)
        c.fill(Rect(left + before, bar.y, bar.width - before, high), todo)


_GRID: Final[Colour] = (0x4A, 0x60, 0x84)
PROGRESS_STEPS: Final = 80
"""The bar of a walk moves in this many steps: nothing on a far screen moves smoothly."""


def progress(c: Canvas, rect: Rect, steps: tuple[Step, ...], at_s: float) -> None:
    """The plan with the place reached, for far screens."""
    total = plan_seconds(steps)
    if total <= 0:
        return
    stepped = total * int(PROGRESS_STEPS * min(1.0, max(0.0, at_s / total))) / PROGRESS_STEPS
    plan_bars(c, rect, steps, done=theme.SKY, todo=theme.TRACK, at_s=stepped)
    width = max(4, round(c.m.width * 0.003))
    x = rect.x + round(rect.width * stepped / total)
    x = min(max(rect.x, x - width // 2), rect.right - width)
    over = round(rect.height * 0.18)
    c.fill(Rect(x, rect.y - over, width, rect.height + 2 * over), theme.TEXT)


def nice_top(top: int, unit: SpeedUnit) -> tuple[int, list[int]]:
    """The upper end of a speed axis and its grid values, in 0.01 km/h: 0, half, whole in round numbers of *unit*."""
    to_ckmh = ckmh_from_mph if unit is SpeedUnit.MPH else ckmh_from_kmh
    for whole in (0.4, 0.6, 0.8, 1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 3.6, 4.0, 5.0, 6.0, 8.0):
        if to_ckmh(whole) >= top:
            return to_ckmh(whole), [0, to_ckmh(whole / 2), to_ckmh(whole)]
    return top, [0, top // 2, top]


def speed_chart(
    c: Canvas,
    rect: Rect,
    speeds: tuple[tuple[float, int], ...],
    plan: tuple[Step, ...],
    unit: SpeedUnit,
    *,
    ground: Colour = theme.CARD,
    ahead: bool = True,
) -> None:
    """Measured speed over the plan. The plan is a shape behind, the walk a line in front.

    *ahead*: without a walk the plan is what the picture is about; else it is one that nobody walked.
    """
    cap = c.m.small
    label_width = max(c.width("0.0", cap, Face.REGULAR), c.width("2.4", cap, Face.REGULAR)) + round(cap * 0.8)
    below = round(cap * 2.1)
    plot = Rect(rect.x + label_width, rect.y + cap // 2, rect.width - label_width, rect.height - below - cap // 2)
    seconds = max(plan_seconds(plan), max((at for at, _ in speeds), default=0.0), 60.0)
    top, values = nice_top(max(top_ckmh(plan), max((speed for _, speed in speeds), default=0), 1), unit)
    if plot.width < 20 or plot.height < max(20, 2 * cap):
        return
    picture = c.ui.sprites.get(
        ("speed_chart", plot.size, speeds, plan, top, seconds, ground, ahead),
        lambda: opaque(
            plot.width,
            plot.height,
            plot.width,
            ground,
            lambda pen: _plot(pen, plot.width, plot.height, speeds, plan, top, seconds, len(values), ahead=ahead),
        ),
    )
    c.picture(picture, plot, "chart", Rect(plot.x, plot.y, plot.width, plot.height))
    for value in values if plot.height > 4 * cap else (values[0], values[-1]):
        y = plot.bottom - round(plot.height * value / top)
        c.line(
            c.words.speed(value, unit) if value else "0",
            (plot.x - round(cap * 0.7), y - cap // 2),
            cap,
            theme.MUTED,
            face=Face.REGULAR,
            align="right",
        )
    y = plot.bottom + round(cap * 0.9)
    c.line("0:00", (plot.x, y), cap, theme.MUTED, face=Face.REGULAR)
    end = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    c.line(end, (plot.right, y), cap, theme.MUTED, face=Face.REGULAR, align="right")


def _plot(
    pen: Pen,
    width: int,
    height: int,
    speeds: tuple[tuple[float, int], ...],
    plan: tuple[Step, ...],
    top: int,
    seconds: float,
    grid: int,
    *,
    ahead: bool,
) -> None:
    stroke = max(3.0, height * 0.02)
    shape = theme.SKY if ahead and not speeds else theme.TRACK
    room = height - stroke

    def at(time_s: float, speed: float) -> tuple[float, float]:
        return width * time_s / seconds, stroke / 2 + room * (1 - speed / top)

    def lines() -> None:
        for index in range(grid):
            y = at(0, top * index / (grid - 1))[1]
            pen.polygon([(0, y), (width, y), (width, y + 1), (0, y + 1)], _GRID)

    if not speeds:
        lines()
    for step in plan:
        left, high = at(step.start_s, step.speed_ckmh)
        right = at(step.start_s + step.seconds, 0)[0]
        pen.polygon([(left, high), (right, high), (right, height), (left, height)], shape)
    if speeds:
        lines()
    points = [at(time_s, speed) for time_s, speed in speeds]
    if len(points) > 1:
        pen.line(_thinned(points), stroke, theme.SKY)


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without the points in the middle of level stretches: they add nothing but circles to draw."""
    kept = [points[0]]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        if not (before[1] == point[1] == after[1]):
            kept.append(point)
    kept.append(points[-1])
    return kept


def columns_chart(
    c: Canvas,
    rect: Rect,
    bars: Sequence[Bar],
    *,
    text: Callable[[float], str],
    places: int = 0,
    cap: int | None = None,
) -> None:
    """Columns with their values above and their dates below, the one of now in full colour.

    *places*: room for so many; fewer stand at the left of an empty rest, so that one bar is a beginning and no wall.
    Dates that would run into each other are thinned out from the right: now keeps its own.
    """
    cap = cap or c.m.small
    count = max(len(bars), places)
    if not bars or rect.width < 20 or rect.height < cap * 4.5:
        return
    gap = max(4, round(rect.width / count * 0.24))
    cells = columns(rect, [1] * count, gap)
    below = round(cap * 2.0)
    above = round(cap * 1.7)
    plot = Rect(rect.x, rect.y + above, rect.width, rect.height - above - below)
    top = max((bar.value for bar in bars), default=0) or 1
    c.fill(Rect(rect.x, plot.bottom, rect.width, max(2, round(c.m.height * 0.002))), _GRID)
    # Every value, or where there is no room the first and the last: some of them would look like a fault.
    widest = max(c.width(text(bar.value), cap, Face.SEMIBOLD) for bar in bars)
    valued = range(len(bars)) if widest <= cells[0].width + gap - 6 else (0, len(bars) - 1)
    for index, (bar, cell) in enumerate(zip(bars, cells, strict=False)):
        high = max(3, round(plot.height * bar.value / top)) if bar.value else 0
        width = min(cell.width, round(c.m.width * 0.05))
        left = cell.centerx - width // 2
        c.fill(Rect(left, plot.bottom - high, width, high), theme.SKY if bar.now else _PAST)
        if index in valued:
            c.line(
                text(bar.value),
                (cell.centerx, plot.bottom - high - round(cap * 1.5)),
                cap,
                theme.TEXT if bar.now else theme.MUTED,
                align="center",
            )
    _dates(c, [bar.label for bar in bars], cells, plot.bottom + round(cap * 0.8), cap, rect)


_PAST: Final[Colour] = (0x35, 0x6F, 0x97)


def _dates(c: Canvas, labels: Sequence[str], cells: Sequence[Rect], y: int, cap: int, within: Rect) -> None:
    """Dates under their columns, equally thinned out from the right so that none runs into its neighbour.

    The last one is moved in from the edge, and may take its neighbour's room with that: then that one is left out.
    """
    widths = [c.width(label, cap, Face.REGULAR) for label in labels]
    pitch = cells[1].x - cells[0].x if len(cells) > 1 else within.width
    every = max(1, -(-(max(widths, default=0) + cap) // max(1, pitch)))
    free_to = within.right + cap
    for index in range(len(labels) - 1, -1, -every):
        half = widths[index] // 2 + 1
        x = min(max(cells[index].centerx, within.left + half), within.right - half)
        if x + half + cap <= free_to:
            c.line(labels[index], (x, y), cap, theme.MUTED, face=Face.REGULAR, align="center")
            free_to = x - half


def pain_chart(c: Canvas, rect: Rect, pairs: Sequence[PainPair], *, places: int = 0) -> None:
    """Before (hollow) and after (full) of each walk on a scale of 0 to 10, joined: which way it went."""
    cap = c.m.small
    count = max(len(pairs), places)
    if not pairs or rect.width < 40 or rect.height < cap * 4.5:
        return
    axis = c.width("10", cap, Face.REGULAR) + round(cap * 0.9)
    below = round(cap * 2.0)
    plot = Rect(rect.x + axis, rect.y + cap, rect.width - axis, rect.height - below - cap)
    line = max(2, round(c.m.height * 0.002))
    for value in (0, 5, 10):
        y = plot.bottom - round(plot.height * value / 10)
        c.fill(Rect(plot.x, y, plot.width, line), _GRID)
        c.line(
            str(value),
            (plot.x - round(cap * 0.7), y - cap // 2),
            cap,
            theme.MUTED,
            face=Face.REGULAR,
            align="right",
        )
    gap = 4
    cells = columns(plot, [1] * count, gap)
    side = max(8, min(round(cap * 1.05), cells[0].width // 2))
    for pair, cell in zip(pairs, cells, strict=False):

        def at(value: int, cell: Rect = cell) -> int:
            return plot.bottom - round(plot.height * value / 10)

        if pair.before is not None and pair.after is not None and pair.before != pair.after:
            low, high = sorted((at(pair.before), at(pair.after)))
            c.fill(Rect(cell.centerx - line, low, 2 * line, high - low), _PAST)
        for score, icon, colour in ((pair.before, "circle", theme.IDLE), (pair.after, "dot", theme.SKY)):
            if score is not None:
                c.icon(icon, Rect(cell.centerx - side // 2, at(score) - side // 2, side, side), colour)
    _dates(c, [pair.label for pair in pairs], cells, plot.bottom + round(cap * 0.9), cap, rect)
