"""One thing in full: what is known of it, and what can be done."""

from __future__ import annotations

from pygame import Rect

from kiosk.screens.staff.frame import INKS, MARKS, button, footer, frame, message, shown_page
from kiosk.staff.desk.views import Button, Fact, FactsView, Tone
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_left, grid
from kiosk.ui.text import Face
from kiosk.ui.widgets import NearFrame


def paint(c: Canvas, view: FactsView) -> None:
    """Draw and note targets."""
    m = c.m
    made = frame(c, view.title)
    body = message(c, made.body, view.message, view.tone)
    if view.text:
        body = message(c, body, view.text, Tone.PLAIN)
    way_on = () if view.footer is None else (view.footer,)
    if m.compact:
        _in_turn(c, made, body, view, way_on)
        return
    pages = 1
    if view.actions:
        left, right = columns(body, [1.15, 1], m.margin)
        pages = _buttons(c, right, view.actions, view.page, 2)
        body = left
    rows = fact_rows(c, body, view.facts, view.page)
    footer(c, made, way_on, paging=max(pages, rows) > 1)


def _in_turn(c: Canvas, made: NearFrame, body: Rect, view: FactsView, way_on: tuple[Button, ...]) -> None:
    """A small panel shows first the facts, then what can be done."""
    m = c.m
    facts = max(1, -(-len(view.facts) // max(1, body.height // fact_pitch(c)))) if view.facts else 0
    fit = 2 * max(1, (body.height + m.gap) // (m.touch + m.gap))
    buttons = -(-len(view.actions) // fit)
    pages = max(1, facts + buttons)
    page = view.page % pages
    if page < facts:
        fact_rows(c, body, view.facts, page)
    elif view.actions:
        _buttons(c, body, view.actions, page - facts, 2)
    footer(c, made, way_on, paging=pages > 1)


def _buttons(c: Canvas, rect: Rect, actions: tuple[Button, ...], page: int, across: int) -> int:
    """A grid of them; returns how many pages there are."""
    m = c.m
    fit = across * max(1, (rect.height + m.gap) // (m.touch + m.gap))
    shown, _, pages = shown_page(actions, page, fit)
    down = max(1, min(-(-len(actions) // across), fit // across))
    high = min(round(m.touch * 1.5), (rect.height - m.gap * (down - 1)) // down)
    place = Rect(rect.x, rect.y, rect.width, high * down + m.gap * (down - 1))
    for (_, action), cell in zip(shown, grid(place, across, down, m.gap), strict=False):
        button(c, cell, action, cap=m.body if m.compact else round((m.small + m.body) / 2))
    return pages


def fact_pitch(c: Canvas) -> int:
    """How far apart facts stand, at the least."""
    return round(c.m.small * 2.5)


def fact_rows(c: Canvas, rect: Rect, facts: tuple[Fact, ...], page: int) -> int:
    """Names and values under each other; returns how many pages of them there are."""
    m = c.m
    if not facts:
        return 1
    pitch, cap = fact_pitch(c), m.small
    shown, _, pages = shown_page(facts, page, rect.height // pitch)
    if not m.compact:  # few facts are set larger
        cap = max(m.small, min(round(m.body * 0.85), round(rect.height / max(1, len(facts)) / 2.5)))
        wide = max(c.width(fact.name, cap) + c.width(fact.value, cap) for fact in facts) + 3 * m.gap
        cap = max(m.small, min(cap, cap * rect.width // max(1, wide)))
        pitch = round(cap * 2.5)
    widest = max(c.width(fact.name, cap) for fact in facts)
    name_width = min(round(rect.width * 0.46), widest + m.gap)
    for place, (_, fact) in enumerate(shown):
        row = Rect(rect.x, rect.y + place * pitch, rect.width, pitch)
        name, value = cut_left(row, name_width, m.gap)
        c.block(fact.name, name, cap, theme.MUTED, valign="middle", least=m.least, may_cut=True)
        mark = MARKS.get(fact.tone)
        if mark is not None:
            side = round(cap * 1.1)
            spot, value = cut_left(value, side, round(cap * 0.6))
            c.icon(mark, Rect(spot.x, spot.centery - side // 2, side, side), INKS[fact.tone])
        c.block(fact.value, value, cap, face=Face.SEMIBOLD, valign="middle", least=m.least, may_cut=True)
    return pages
