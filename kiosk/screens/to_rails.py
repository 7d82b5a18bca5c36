"""Follow mode: the plan is over; off the moving belt, before the treadmill's own key stops it."""

from __future__ import annotations

from kiosk.ui import far
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.CHANGING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "rails", c.t("to_rails.word"))
    far.speed(c, frame, tone)
    illustrate(c, "straddle_moving", frame.right, tone.ground)
    far.cue_or_stop(c, frame, (c.t("to_rails.rails"), c.t("to_rails.left", n=s.count or 0)))
