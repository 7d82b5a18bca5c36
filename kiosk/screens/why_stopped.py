"""Why did you stop? Asked after a clip was pulled: the answer decides what comes next time."""

from __future__ import annotations

from kiosk.intents import Intent, IntentKind
from kiosk.ui import widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import grid


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    frame = widgets.near_frame(c, c.t("why_stopped.title"), footer=not m.compact)
    across = 3 if m.compact and len(s.choices) > 6 else 2
    down = max(1, (len(s.choices) + across - 1) // across)
    gap = m.gap if m.compact else round(m.gap * 1.4)
    cells = grid(frame.body, across, down, gap)
    texts = [c.t(key if c.words.has(key) else f"why.{key}") for key in s.choices]
    for index, (text, cell) in enumerate(zip(texts, cells, strict=False)):
        widgets.button(c, cell, text, Intent(IntentKind.CHOOSE, index), cap=round(m.body * 1.2), max_lines=across)
    skip = Intent(IntentKind.SKIP)
    if m.compact and len(s.choices) < len(cells):  # else "something else" has to do
        widgets.button(c, cells[-1], c.t("button.skip"), skip, widgets.FAINT)
    elif not m.compact:
        widgets.footer_buttons(c, frame, left=(c.t("button.skip"), skip))
