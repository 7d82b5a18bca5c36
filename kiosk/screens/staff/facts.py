"""One thing in full: what is known of it, and what can be done."""

from __future__ import annotations

from pygame import Rect

from kiosk.screens.staff.frame import INKS, MARKS, button, footer, frame, message, shown_page
from kiosk.staff.desk.views import Fact, FactsView, Tone
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_left, grid
from kiosk.ui.text import Face


def paint(c: Canvas, view: FactsView) -> None:
    """Draw and note targets."""
    m = c.m
    made = frame(c, view.title)
    body = message(c, made.body, view.message, view.tone)
    if view.text:
        body = message(c, body, view.text, Tone.PLAIN)
    pages = 1
    if view.actions:
        left, right = columns(body, [1.15, 1] if not m.compact else [1, 1], m.margin)
        across = 1 if m.compact else 2
        fit = across * max(1, (right.height + m.gap) // (m.touch + m.gap))
        shown, _, pages = shown_page(view.actions, view.page, fit)
        down = max(1, min(-(-len(view.actions) // across), fit // across))
        high = min(round(m.touch * 1.5), (right.height - m.gap * (down - 1)) // down)
        place = Rect(right.x, right.y, right.width, high * down + m.gap * (down - 1))
        for (_, action), cell in zip(shown, grid(place, across, down, m.gap), strict=False):
            button(c, cell, action, cap=m.small if not m.compact else m.body)
        body = left
    rows = fact_rows(c, body, view.facts, view.page)
    footer(c, made, () if view.footer is None else (view.footer,), paging=max(pages, rows) > 1)


def fact_rows(c: Canvas, rect: Rect, facts: tuple[Fact, ...], page: int) -> int:
    """Names and values under each other; returns how many pages of them there are."""
    m = c.m
    if not facts:
        return 1
    pitch = round(m.small * (2.6 if m.compact else 2.5))
    shown, _, pages = shown_page(facts, page, rect.height // pitch)
    widest = max(c.width(fact.name, m.small) for fact in facts)
    name_width = min(round(rect.width * 0.46), widest + m.gap)
    for place, (_, fact) in enumerate(shown):
        row = Rect(rect.x, rect.y + place * pitch, rect.width, pitch)
        name, value = cut_left(row, name_width, m.gap)
        c.block(fact.name, name, m.small, theme.MUTED, valign="middle", least=m.least, may_cut=True)
        mark = MARKS.get(fact.tone)
        if mark is not None:
            side = round(m.small * 1.1)
            spot, value = cut_left(value, side, round(m.small * 0.6))
            c.icon(mark, Rect(spot.x, spot.centery - side // 2, side, side), INKS[fact.tone])
        c.block(fact.value, value, m.small, face=Face.SEMIBOLD, valign="middle", least=m.least, may_cut=True)
    return pages
