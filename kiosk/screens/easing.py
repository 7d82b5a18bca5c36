"""The belt slows down and the member walks on. Where the console sets the pace, the way out of it is beside it."""

from __future__ import annotations

from kiosk.screens.walk import drift, paint_walk
from kiosk.ui import far
from kiosk.ui.canvas import Canvas
from kiosk.ui.far import FarFrame
from kiosk.ui.illustration import illustrate


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    tone = far.CHANGING
    frame = far.start(c, tone)
    where = drift(c)
    if c.snapshot.follow and not where:
        _beside(c, frame)
        return
    far.band(c, frame, tone, "chevron_down", c.t(f"drift.{where}.word" if where else "easing.word"))
    walk = c.snapshot.walk
    has_cue = bool((walk.cue_show if walk is not None else ()) or c.snapshot.cue_show)
    paint_walk(c, frame, tone)
    if not has_cue and not where:
        far.cue(c, frame, (c.t("easing.keep"),))


def _beside(c: Canvas, frame: FarFrame) -> None:
    tone = far.CHANGING
    far.band(c, frame, tone, "rails", c.t("to_rails.word"))
    far.speed(c, frame, tone)
    illustrate(c, "straddle_moving", frame.right, tone.ground)
    stop = c.t("to_rails.hold" if c.snapshot.amber else "to_rails.clip")
    far.cue_or_stop(c, frame, (c.t("to_rails.rails"), stop))
