"""The belt runs at its slowest: one foot, then the other."""

from __future__ import annotations

from kiosk.ui import far
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.WALKING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "triangle", c.t("step_on.word"))
    far.speed(c, frame, tone)
    illustrate(c, "step_on", frame.right, tone.ground)
    lines = (s.walk.cue_show if s.walk is not None else ()) or s.cue_show
    far.cue(c, frame, lines or (c.t("step_on.first"), c.t("step_on.second")), bar=False)
    if s.stop_touched or (s.walk is not None and s.walk.stop_touched):
        far.stop_bar(c)
