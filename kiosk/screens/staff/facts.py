"""One thing in full: what is known of it, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
    actions = tuple(sorted(view.actions, key=lambda action: action.tone is Tone.BAD))  # what bites stands last
    if m.compact:
        _in_turn(c, made, body, replace(view, actions=actions), way_on)
        return
    pages = 1
    if actions:
        left, right = columns(body, [1.15, 1], m.margin)
        across = 2
        if sum(widths(c, view.facts, m.small)) > left.width:  # sentences need the room more than buttons do
            left, right = columns(body, [2.2, 1], m.margin)
            across = 1
        pages = _buttons(c, right, actions, view.page, across)
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


def widths(c: Canvas, facts: Sequence[Fact], cap: int) -> tuple[int, int]:
    """How wide the names are with the gap behind them, and the values with their marks."""
    names = max((c.width(fact.name, cap, Face.REGULAR) for fact in facts), default=0)
    mark = round(cap * 1.1) + round(cap * 0.6)
    values = max((c.width(fact.value, cap) + (mark if MARKS.get(fact.tone) else 0) for fact in facts), default=0)
    return names + 2 * c.m.gap, values


def fact_rows(c: Canvas, rect: Rect, facts: tuple[Fact, ...], page: int) -> int:
    """Names and values under each other; returns how many pages of them there are."""
    m = c.m
    if not facts:
        return 1
    pitch, cap = fact_pitch(c), m.small
    shown, _, pages = shown_page(facts, page, rect.height // pitch)
    if not m.compact:  # few facts are set larger
        cap = max(m.small, min(round(m.body * 0.85), round(rect.height / max(1, len(facts)) / 2.5)))
        cap = max(m.small, min(cap, cap * rect.width // max(1, sum(widths(c, facts, cap)))))
        pitch = round(cap * 2.5)
    # One size for a page of them: another one would read as another weight.
    asked = [fact for _, fact in shown]
    names, values = widths(c, asked, cap)
    while names + values > rect.width and cap > m.least:
        cap -= 1
        names, values = widths(c, asked, cap)
    name_width = min(names, max(round(rect.width * 0.46), rect.width - values)) - m.gap
    for place, (_, fact) in enumerate(shown):
        row = Rect(rect.x, rect.y + place * pitch, rect.width, pitch)
        name, value = cut_left(row, name_width, m.gap)
        c.block(fact.name, name, cap, theme.MUTED, valign="middle", least=cap, may_cut=True)
        mark = MARKS.get(fact.tone)
        if mark is not None:
            side = round(cap * 1.1)
            spot, value = cut_left(value, side, round(cap * 0.6))
            c.icon(mark, Rect(spot.x, spot.centery - side // 2, side, side), INKS[fact.tone])
        c.block(fact.value, value, cap, face=Face.SEMIBOLD, valign="middle", least=cap, max_lines=2, may_cut=True)
    return pages
