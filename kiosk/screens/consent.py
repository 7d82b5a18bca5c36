"""What is kept about health, why, and who sees it: asked before the first score that is kept.

A guest is asked when they become a member, and told what a member's record is besides.
"""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.ui import widgets
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    frame = widgets.near_frame(
        c,
        c.t("consent.join_title" if s.joining else "consent.title"),
        right=c.t("consent.waiting") if s.waiting else "",
    )
    if m.compact:
        short = c.t("consent.join_short" if s.joining else "consent.short")
        c.block(short, frame.body, m.body, max_lines=7, least=m.least)
    else:
        names = ("join_what", "join_scores", "who", "join_free") if s.joining else ("what", "why", "who", "free")
        items = [c.t(f"consent.{name}") for name in names]
        lead = round(m.height * 0.035)
        room = Rect(frame.body.x, frame.body.y + lead, round(frame.body.width * 0.9), frame.body.height - lead)
        widgets.bullet_list(c, room, items, round(m.body * 1.2), max_lines=3)
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.back"), Intent(IntentKind.BACK)),
        middle=(c.t("consent.no_short" if m.compact else "consent.no"), Intent(IntentKind.NO)),
        right=(c.t("consent.yes_short" if m.compact else "consent.yes"), Intent(IntentKind.YES)),
        right_style=widgets.PLAIN,  # neither answer is the expected one
        cancel=True,
    )
