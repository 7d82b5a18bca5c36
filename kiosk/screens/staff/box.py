"""A black box on one time axis, zero at the event: speeds above, what the guard saw and did below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pygame
from pygame import Rect

from kiosk.screens.staff.frame import footer, frame
from kiosk.staff.desk.views import BoxView
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_bottom, cut_left, cut_top
from kiosk.ui.text import Face, descent_of
from kiosk.ui.theme import Colour

BAD: Final = frozenset({"open", "pressed", "off", "alarm", "latched"})
SLOW: Final = frozenset({"stopping", "stop"})
QUIET: Final = frozenset({"idle", "hold"})


def paint(c: Canvas, view: BoxView) -> None:
    """Draw and note targets."""
    m = c.m
    made = frame(c, view.title)
    lanes = view.lanes if not m.compact else tuple(lane for lane in view.lanes if lane[1])[:4]
    names = max((c.width(lane[0], m.small) for lane in lanes), default=0)
    keys = max(c.width(word, m.small) + round(m.small * 1.6) for word in (view.measured_word, view.wished_word))
    left, right = cut_left(made.body, max(names, keys), m.gap)
    foot, right = cut_bottom(right, round(m.small * 1.7), 0)
    share = 0.36 if m.compact else 0.48
    high = max(round(right.height * share), round(m.small * 4.4))
    plot, rows = cut_top(right, high, round(m.small * 0.9))
    lanes = lanes[: max(0, rows.height // round(m.small * 1.5))]  # a lane whose name cannot be read says nothing
    begin, end = _span(view)

    def x_of(at_s: float) -> int:
        return round(right.x + right.width * (min(max(at_s, begin), end) - begin) / (end - begin))

    _axis(c, right, foot, begin, end, x_of)
    _speeds(c, view, plot, Rect(left.x, plot.y, left.width, plot.height), x_of)
    pitch = rows.height // max(1, len(lanes))
    for index, (name, bars, marks) in enumerate(lanes):
        row = Rect(right.x, rows.y + index * pitch, right.width, pitch)
        c.block(
            name,
            Rect(left.x, row.y, left.width, pitch),
            m.small,
            theme.MUTED,
            valign="middle",
            least=m.least,
        )
        high = max(4, round(pitch * 0.6))
        for from_s, to_s, word in bars:
            place = Rect(x_of(from_s), row.centery - high // 2, max(2, x_of(to_s) - x_of(from_s)), high)
            c.fill(place, _colour(word))
        for at_s in marks:
            c.fill(Rect(x_of(at_s) - 1, row.centery - high // 2, 3, high), theme.TEXT)
    c.fill(Rect(x_of(0.0) - 1, right.y, 3, right.height), theme.RED)
    footer(c, made, view.buttons)


def _colour(word: str) -> Colour:
    if word in BAD:
        return theme.RED
    if word in SLOW:
        return theme.AMBER
    return theme.TRACK if word in QUIET else theme.SKY


def _span(view: BoxView) -> tuple[float, float]:
    times = [at_s for at_s, _ in view.measured] or [-1.0, 1.0]
    return min(times[0], -1.0), max(times[-1], 1.0)


def _axis(c: Canvas, right: Rect, foot: Rect, begin: float, end: float, x_of: Callable[[float], int]) -> None:
    room = c.width("-50 s", c.m.least, Face.REGULAR) * 2
    fits = [each for each in (5, 10, 20, 30) if right.width * each / (end - begin) >= room]
    step = fits[0] if fits else 60
    for second in range(-(-int(begin) // step) * step, int(end) + 1, step):
        x = x_of(second)
        c.fill(Rect(x, right.y, 1, right.height), theme.CARD_LINE)
        label = f"{second:+d} s" if second else "0 s"
        wide = c.width(label, c.m.least, Face.REGULAR)
        x = max(right.x + wide // 2, min(x, right.right - wide // 2))
        c.line(label, (x, foot.y + c.m.least // 2), c.m.least, theme.MUTED, face=Face.REGULAR, align="center")


def _speeds(c: Canvas, view: BoxView, plot: Rect, key: Rect, x_of: Callable[[float], int]) -> None:
    m = c.m
    most = max((v for _, v in (*view.measured, *view.wished) if v is not None), default=1.0) * 1.15 or 1.0
    c.fill(Rect(plot.x, plot.bottom, plot.width, 1), theme.IDLE)
    for place, (word, colour) in enumerate(((view.measured_word, theme.SKY), (view.wished_word, theme.AMBER))):
        row = Rect(key.x, key.y + place * round(m.small * 2.2), key.width, round(m.small * 2.0))
        mark, words = cut_left(row, round(m.small * 1.0), round(m.small * 0.6))
        c.fill(Rect(mark.x, mark.centery - 3, mark.width, 6), colour)
        c.block(word, words, m.small, theme.TEXT, valign="middle", least=m.least)

    def y_of(value: float) -> int:
        return plot.bottom - round(plot.height * min(1.0, value / most))

    fastest = max((v for _, v in view.measured if v is not None), default=0.0)
    free = y_of(fastest) - plot.top - descent_of(m.least)
    if fastest and free >= m.least:  # one figure makes a scale of it; above the line, where it began
        text = (
            f"{c.words.speed(round(fastest * 100), c.snapshot.units)} {c.t(f'unit.{c.snapshot.units.name.lower()}')}"
        )
        at = next(at_s for at_s, v in view.measured if v == fastest)
        x = min(x_of(at) + m.small // 2, plot.right - c.width(text, m.least))
        c.line(text, (x, y_of(fastest) - m.least - descent_of(m.least)), m.least, theme.MUTED)
    _steps(c, view.wished, theme.AMBER, x_of, y_of)
    _steps(c, view.measured, theme.SKY, x_of, y_of)


def _steps(
    c: Canvas,
    points: Sequence[tuple[float, float | None]],
    colour: Colour,
    x_of: Callable[[float], int],
    y_of: Callable[[float], int],
) -> None:
    if c.surface is None:
        return
    run: list[tuple[int, int]] = []
    for at_s, value in (*points, (0.0, None)):
        if value is None:
            if len(run) > 1:
                pygame.draw.lines(c.surface, colour, False, run, max(2, round(c.m.height * 0.003)))
            run = []
        else:
            if run:
                run.append((x_of(at_s), run[-1][1]))  # values change by steps
            run.append((x_of(at_s), y_of(value)))
