"""Feet on the side rails before the belt moves."""

from __future__ import annotations

from pygame import Rect

from kiosk.ui import far, theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate
from kiosk.ui.text import Face


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.WALKING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "rails", c.t("straddle.word"))
    illustrate(c, "straddle", frame.left, tone.ground)
    words(c, frame.right, _beside(c))
    default = (c.t("straddle.feet"), c.t("straddle.amber") if s.amber else c.t("straddle.hold"))
    far.cue(c, frame, s.cue_show or default, bar=False)


def _beside(c: Canvas) -> tuple[str, ...]:
    """What stands beside the gaze target; a compact panel has room for the way out alone."""
    way_out = tuple(c.t("straddle.clip").split("\n"))
    return way_out if c.m.compact else (c.t("straddle.face"), *way_out)


def words(c: Canvas, rect: Rect, lines: tuple[str, ...]) -> None:
    """Short lines at SUB size in one of the two slots."""
    m = c.m
    room = rect.inflate(-round(m.margin * 0.2), 0)
    cap = c.common_cap(lines, room.width, m.sub, face=Face.DISPLAY, least=round(m.sub * 0.62))
    pitch = min(round(cap * 1.75), (room.height - cap) // max(1, len(lines) - 1))
    top = room.centery - (cap + pitch * (len(lines) - 1)) // 2
    for index, line in enumerate(lines):
        c.line(line, (room.x, top + index * pitch), cap, theme.MUTED, face=Face.DISPLAY, inside=rect)
