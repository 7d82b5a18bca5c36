"""Plans and walks as pictures: steps, because a belt's plan is steps, and one smooth line for what was measured."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from hardware.units import SpeedUnit, ckmh_from_kmh, ckmh_from_mph, speed_text
from kiosk.snapshot import Step
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
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
) -> None:
    """Measured speed over the plan. The plan is a shape behind, the walk a line in front."""
    cap = c.m.small
    label_width = max(c.width("0.0", cap, Face.REGULAR), c.width("2.4", cap, Face.REGULAR)) + round(cap * 0.8)
    below = round(cap * 2.1)
    plot = Rect(rect.x + label_width, rect.y + cap // 2, rect.width - label_width, rect.height - below - cap // 2)
    seconds = max(plan_seconds(plan), max((at for at, _ in speeds), default=0.0), 60.0)
    top, values = nice_top(max(top_ckmh(plan), max((speed for _, speed in speeds), default=0), 1), unit)
    if plot.width < 20 or plot.height < 20:
        return
    picture = c.ui.sprites.get(
        ("speed_chart", plot.size, speeds, plan, top, seconds, ground),
        lambda: opaque(
            plot.width,
            plot.height,
            plot.width,
            ground,
            lambda pen: _plot(pen, plot.width, plot.height, speeds, plan, top, seconds, len(values)),
        ),
    )
    c.picture(picture, plot, "chart", Rect(plot.x, plot.y, plot.width, plot.height))
    for value in values:
        y = plot.bottom - round(plot.height * value / top)
        c.line(
            speed_text(value, unit) if value else "0",
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
) -> None:
    stroke = max(3.0, height * 0.02)
    ahead = theme.TRACK if speeds else theme.SKY  # a plan without a walk is what the picture is about
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
        pen.polygon([(left, high), (right, high), (right, height), (left, height)], ahead)
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
