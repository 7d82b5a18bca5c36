"""A staff member's PIN."""

from __future__ import annotations

from kiosk.intents import IntentKind
from kiosk.screens.keypad import paint_keypad
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    paint_keypad(c, c.t("staff_pin.title"), c.t("staff_pin.help"), IntentKind.CANCEL)
