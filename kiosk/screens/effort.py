"""How hard was that?"""

from __future__ import annotations

from kiosk.screens.scores import paint_scale
from kiosk.snapshot import Intent, IntentKind
from kiosk.ui import widgets
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    frame = widgets.near_frame(c, c.t("effort.title"))
    paint_scale(c, frame.body, c.t("effort.question"), "effort")
    widgets.footer_buttons(c, frame, left=(c.t("button.skip"), Intent(IntentKind.SKIP)))
