"""Any pain now? Asked before the first walk of a visit and after it."""

from __future__ import annotations

from kiosk.intents import Intent, IntentKind
from kiosk.screens.scores import paint_scale, scale_title
from kiosk.ui import widgets
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    before = (
        c.t("pain.before_short" if c.m.compact else "pain.before", n=s.pain_before)
        if s.pain_before is not None
        else ""
    )
    question = c.t("pain.question")
    frame = widgets.near_frame(c, scale_title(c, c.t("pain.title"), question), right=before)
    paint_scale(c, frame, question, "pain", (c.t("button.skip"), Intent(IntentKind.SKIP)))
