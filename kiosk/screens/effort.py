"""How hard was that?"""

from __future__ import annotations

from kiosk.intents import Intent, IntentKind
from kiosk.screens.scores import paint_scale, scale_title
from kiosk.ui import widgets
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    question = c.t("effort.question")
    today = c.t("effort.guest") if c.snapshot.guest and not c.m.compact else ""
    frame = widgets.near_frame(c, scale_title(c, c.t("effort.title"), question), right=today)
    paint_scale(c, frame, question, "effort", (c.t("button.skip"), Intent(IntentKind.SKIP)))
