"""A soft stop: keep walking until the belt stands."""

from __future__ import annotations

from kiosk.ui import far, theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.STOPPING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "square", c.t("stopping.word"))
    far.speed(c, frame, tone)
    illustrate(c, "hold", frame.right, tone.ground)
    lines = (s.walk.cue_show if s.walk is not None else ()) or s.cue_show
    far.cue(c, frame, lines or (c.t("stopping.keep"), c.t("stopping.until")), colour=theme.TEXT, bar=False)
    if s.stop_touched or (s.walk is not None and s.walk.stop_touched):
        far.stop_bar(c)
