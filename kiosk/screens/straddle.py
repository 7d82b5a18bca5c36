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
    words(c, frame.right, (c.t("straddle.face"), c.t("straddle.clip")))
    default = (c.t("straddle.feet"), c.t("straddle.amber") if s.amber else c.t("straddle.hold"))
    far.cue(c, frame, s.cue_show or default, bar=False)


def words(c: Canvas, rect: Rect, lines: tuple[str, ...]) -> None:
    """Short lines at SUB size in one of the two slots."""
    m = c.m
    room = rect.inflate(-round(m.margin * 0.2), 0)
    text = "\n".join(lines)
    c.block(
        text,
        room,
        m.sub,
        theme.MUTED,
        face=Face.DISPLAY,
        least=round(m.sub * 0.62),
        max_lines=5,
        valign="middle",
    )
