"""The belt slows down and the member walks on."""

from __future__ import annotations

from kiosk.screens.walk import drift, paint_walk
from kiosk.ui import far
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    tone = far.CHANGING
    frame = far.start(c, tone)
    where = drift(c)
    far.band(c, frame, tone, "chevron_down", c.t(f"drift.{where}.word" if where else "easing.word"))
    walk = c.snapshot.walk
    has_cue = bool((walk.cue_show if walk is not None else ()) or c.snapshot.cue_show)
    paint_walk(c, frame, tone)
    if not has_cue and not where:
        far.cue(c, frame, (c.t("easing.keep"),))
