"""Staff let one session happen: why, from a list."""

from __future__ import annotations

from kiosk.intents import Intent, IntentKind
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_top, grid
from kiosk.ui.text import descent_of


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m = c.m
    frame = widgets.near_frame(c, c.t("override.title"))
    body = frame.body
    if not m.compact:
        fitted = c.fit(" ".join(c.snapshot.notes), body, m.body, max_lines=2, least=m.least, balance=True)
        text, body = cut_top(body, fitted.height + descent_of(fitted.cap_px), round(m.height * 0.036))
        c.lines(fitted, text, theme.TEXT)
    cells = grid(body, 2, 2, m.gap)
    for index, (key, cell) in enumerate(zip(c.snapshot.choices, cells, strict=False)):
        widgets.button(c, cell, c.t(key), Intent(IntentKind.CHOOSE, index), max_lines=3)
    widgets.footer_buttons(c, frame, left=(c.t("button.back"), Intent(IntentKind.BACK)))
