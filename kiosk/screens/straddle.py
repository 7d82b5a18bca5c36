"""Feet on the side rails before the belt moves."""

from __future__ import annotations

from pygame import Rect

from kiosk.ui import far, theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate
from kiosk.ui.text import Face, descent_of


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.WALKING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "rails", c.t("straddle.word"))
    illustrate(c, "straddle", frame.left, tone.ground)
    words(c, frame.right, c.t("straddle.face"), c.t("straddle.clip"))
    default = (c.t("straddle.feet"), c.t("straddle.amber") if s.amber else c.t("straddle.hold"))
    far.cue(c, frame, s.cue_show or default, bar=False)


def words(c: Canvas, rect: Rect, first: str, way_out: str) -> None:
    """Beside the gaze target, at SUB size: what to do, and set apart from it the way out.

    A compact panel has room for the way out alone.
    """
    m = c.m
    lines = (() if m.compact else (first,)) + tuple(way_out.split("\n"))
    room = rect.inflate(-round(m.margin * 0.2), 0)
    cap = c.common_cap(lines, room.width, m.sub, face=Face.DISPLAY, least=round(m.sub * 0.62))
    apart = 0.0 if m.compact else 0.45
    pitch = min(round(cap * 1.75), int((room.height - cap - descent_of(cap)) / (len(lines) - 1 + apart)))
    top = room.centery - (cap + descent_of(cap) + round(pitch * (len(lines) - 1 + apart))) // 2
    for index, line in enumerate(lines):
        y = top + round(pitch * (index + (apart if index else 0.0)))
        ink = theme.TEXT if line is first else theme.MUTED
        c.line(line, (room.x, y), cap, ink, face=Face.DISPLAY, inside=rect)
