"""A procedure: what to do now, large; what was seen and proved so far beside it."""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.screens.staff.frame import button, footer, frame, message, shown_page
from kiosk.staff.desk.views import StepsView
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_bottom, inset
from kiosk.ui.text import Face


def paint(c: Canvas, view: StepsView) -> None:
    """Draw and note targets."""
    m = c.m
    made = frame(c, view.title)
    body = message(c, made.body, view.message, view.tone)
    # A small panel has room for the list only where it is touched: what to do now comes first.
    lines = view.lines if not m.compact or any(tap for _, _, tap in view.lines) else ()
    left, right = columns(body, [1, 1.1], m.margin) if lines else (body, body)
    if view.figure and not (m.compact and view.large is not None):
        foot, left = cut_bottom(left, round(m.title * 2.0), m.gap)
        c.figure(view.figure, (foot.x, foot.centery - m.title // 2), m.title, theme.TEXT, inside=foot)
    if view.large is not None:
        tall = max(m.key, round(left.height * (0.45 if m.compact else 0.52)))
        spot, left = cut_bottom(left, tall, m.gap)
        button(c, spot, view.large, cap=m.title)
    c.block(
        view.text,
        left,
        m.body if m.compact else round(m.title * 0.9),
        face=Face.BOLD,
        max_lines=6,
        least=m.least,
        balance=True,
    )
    pages = 1
    if lines:
        taps = any(tap for _, _, tap in lines)
        pitch = m.touch + m.gap if taps else round(m.body * 2.2)
        shown, _, pages = shown_page(lines, view.page, (right.height + m.gap) // pitch)
        cap = widgets.tile_cap(c, [words for words, _, _ in lines], right.width - 2 * m.small, pitch)
        for place, (index, (words, state, tap)) in enumerate(shown):
            row = Rect(right.x, right.y + place * pitch, right.width, m.touch if taps else pitch)
            if tap:
                c.box(row, theme.BUTTON, line=theme.BUTTON_LINE)
                c.target(row, Intent(IntentKind.TICK, index))
            widgets.tile_row(c, inset(row, m.small, 0), words, state, cap)
    footer(c, made, view.buttons, paging=pages > 1)
