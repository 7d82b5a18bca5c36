"""Five, four, three, two, one: the belt moves at nought."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from kiosk.ui import far, theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.far import FarFrame
from kiosk.ui.illustration import illustrate

TICKS: Final = 5


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.CHANGING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "diamond", c.t("countdown.word"))
    illustrate(c, "straddle_moving", frame.left, tone.ground)
    count = s.count if s.count is not None else 0
    _count(c, frame, count)
    far.cue(c, frame, s.cue_show or (c.t("countdown.slow"), c.t("countdown.stay")), bar=False)


def _count(c: Canvas, frame: FarFrame, count: int) -> None:
    m = c.m
    place = frame.right
    width = c.figure_width("0", m.hero)
    x = place.x + (place.width - width) // 2
    c.figure(str(count), (x, frame.figure_top), m.hero)
    mark = round(m.sub * 0.5)
    gap = round(mark * 0.7)
    total = TICKS * mark + (TICKS - 1) * gap
    y = frame.label_top + (m.sub - mark) // 2
    for index in range(TICKS):
        rect = Rect(place.x + (place.width - total) // 2 + index * (mark + gap), y, mark, mark)
        c.icon("dot", rect, theme.AMBER if index < count else theme.TRACK)
