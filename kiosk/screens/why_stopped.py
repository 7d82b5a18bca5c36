"""Why did you stop? Asked after a clip was pulled: the answer decides what comes next time."""

from __future__ import annotations

from kiosk.snapshot import Intent, IntentKind
from kiosk.ui import widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import grid


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    frame = widgets.near_frame(c, c.t("why_stopped.title"))
    count = max(1, len(s.choices))
    across = 2
    down = (count + across - 1) // across
    gap = m.gap if m.compact else round(m.gap * 1.4)
    body = frame.body
    body.height = min(body.height, down * round(m.height * 0.19) + (down - 1) * gap)
    for index, (key, cell) in enumerate(zip(s.choices, grid(body, across, down, gap), strict=False)):
        text = c.t(key if c.words.has(key) else f"why.{key}")
        widgets.button(c, cell, text, Intent(IntentKind.CHOOSE, index), cap=round(m.body * 1.15))
    widgets.footer_buttons(c, frame, left=(c.t("button.skip"), Intent(IntentKind.SKIP)))
