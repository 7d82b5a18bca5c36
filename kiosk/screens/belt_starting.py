"""The belt moves and nobody stands on it yet."""

from __future__ import annotations

from kiosk.ui import far
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    tone = far.CHANGING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "diamond", c.t("belt_starting.word"))
    far.speed(c, frame, tone)
    illustrate(c, "straddle_moving", frame.right, tone.ground)
    far.cue(c, frame, c.snapshot.cue_show or (c.t("belt_starting.stay"), c.t("belt_starting.watch")), bar=False)
    if c.snapshot.stop_touched:
        far.stop_bar(c)
