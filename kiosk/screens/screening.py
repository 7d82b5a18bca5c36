"""One question a page, answered by yes and no, or by a score."""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.screens.scores import paint_scale, scale_title
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_bottom
from kiosk.ui.text import Face


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    text = c.t(s.question if c.words.has(s.question) else f"question.{s.question}")
    title = c.t("screening.title")
    page = c.t("screening.page_short" if m.compact else "screening.page", n=s.question_n, m=s.questions)
    frame = widgets.near_frame(
        c, scale_title(c, title, text) if s.question_scale else title, right=page if s.questions else ""
    )
    if s.question_scale:
        paint_scale(c, frame, text, "pain", (c.t("button.back"), Intent(IntentKind.BACK)), cancel=True)
        return
    note_cap = m.small
    high = max(m.mm(40) if not m.compact else 0, round(m.height * (0.24 if m.compact else 0.2)))
    answers, words = cut_bottom(frame.body, high, round(m.height * 0.03))
    c.block(
        text,
        words,
        m.title if m.compact else round(m.headline * 0.9),
        face=Face.BOLD,
        least=m.least,
        max_lines=4,
        balance=not m.compact,
        valign="middle",
    )
    yes, no = columns(answers, [1, 1], m.gap)
    cap = round(m.title * 1.1)
    widgets.button(c, yes, c.t("button.yes"), Intent(IntentKind.YES), cap=cap, key=True)
    widgets.button(c, no, c.t("button.no"), Intent(IntentKind.NO), cap=cap, key=True)
    free = widgets.footer_buttons(c, frame, left=(c.t("button.back"), Intent(IntentKind.BACK)), cancel=True)
    c.block(
        c.t("screening.note"),
        Rect(free.x + m.gap, free.y, free.width - m.gap, free.height),
        note_cap,
        theme.MUTED,
        max_lines=3 if m.compact else 2,
        least=m.least,
        align="right",
        valign="middle",
    )
