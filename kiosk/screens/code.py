"""The member's code: dots, unless its owner asks to see the digits."""

from __future__ import annotations

from kiosk.intents import IntentKind
from kiosk.screens.keypad import paint_keypad
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    title = c.t("code.title_short" if c.m.compact else "code.title")
    paint_keypad(c, title, c.t("code.help"), IntentKind.CANCEL, back=True, show=True)
