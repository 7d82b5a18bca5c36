"""What is kept about health, why, and who sees it: asked before the first score."""

from __future__ import annotations

from kiosk.snapshot import Intent, IntentKind
from kiosk.ui import widgets
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m = c.m
    frame = widgets.near_frame(c, c.t("consent.title"))
    items = [c.t(f"consent.{name}") for name in ("what", "why", "who", "free")]
    room = frame.body
    widgets.bullet_list(
        c, room, items, m.small if m.compact else round(m.body * 1.1), max_lines=2 if m.compact else 3
    )
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.back"), Intent(IntentKind.BACK)),
        middle=(c.t("consent.no"), Intent(IntentKind.NO)),
        right=(c.t("consent.yes"), Intent(IntentKind.YES)),
    )
