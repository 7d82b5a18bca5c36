"""Lists: rows under headings, paged by touch; nothing scrolls by itself."""

from __future__ import annotations

from pygame import Rect

from kiosk.screens.staff.frame import INKS, MARKS, button, footer, frame, message, shown_page
from kiosk.staff.desk.views import Button, ListView, Row, Tone
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_left, cut_top, grid, inset
from kiosk.ui.text import Face


def paint(c: Canvas, view: ListView) -> None:
    """Draw and note targets."""
    m = c.m
    made = frame(c, view.title)
    body = message(c, made.body, view.message, view.tone)
    if view.text and not m.compact:
        body = message(c, body, view.text, Tone.PLAIN)
    kept = view.narrow if m.compact and view.narrow else tuple(range(len(view.weights)))
    weights = [view.weights[index] for index in kept]
    touchable = any(row.intent is not None for row in view.rows)
    if any(view.columns) and not m.compact and view.rows:
        head, body = cut_top(body, round(m.small * 1.6), round(m.small * 0.5))
        cells = columns(inset(head, round(m.small * 0.9), 0), weights, m.gap)
        cap = min(c.common_cap([view.columns[i]], cell.width, m.small) for i, cell in zip(kept, cells, strict=True))
        for index, cell in zip(kept, cells, strict=True):
            c.block(view.columns[index], cell, cap, theme.MUTED, may_cut=True, least=cap, valign="middle")
    pitch = m.touch if touchable else round(m.small * 2.5)
    gap = m.gap if touchable else 0
    fit = max(1, (body.height + gap) // (pitch + gap))
    buttons, page = view.buttons, view.page
    if m.compact and buttons and (len(view.rows) > fit or len(buttons) > 2):
        # No room beside the paging: what can be done is a page of its own, behind the last.
        pages = max(1, -(-len(view.rows) // fit)) + 1
        if page % pages == pages - 1:
            _buttons(c, body, buttons)
            footer(c, made, (), paging=True)
            return
        buttons, page = (), page % pages
        footer(c, made, (), paging=True)
    shown, number, pages = shown_page(view.rows, page, fit)
    high = min(round(pitch * 1.35), (body.height + gap) // fit - gap) if touchable else pitch
    for place, (_, row) in enumerate(shown):
        _row(c, Rect(body.x, body.y + place * (high + gap), body.width, high), row, kept, weights)
    if not view.rows and view.empty:
        c.block(view.empty, body, m.body, theme.MUTED, max_lines=3, balance=True, least=m.least)
    if pages > 1 and not m.compact:
        text = f"{number + 1} / {pages}"
        middle = Rect(made.footer.centerx - m.touch, made.footer.y, 2 * m.touch, made.footer.height)
        if not buttons:
            c.block(text, middle, m.small, theme.MUTED, align="center", valign="middle")
    if buttons or not view.buttons:
        footer(c, made, buttons, paging=pages > 1)


def _buttons(c: Canvas, rect: Rect, buttons: tuple[Button, ...]) -> None:
    down = max(1, -(-len(buttons) // 2))
    high = min(round(c.m.touch * 1.3), (rect.height - c.m.gap * (down - 1)) // down)
    place = Rect(rect.x, rect.y, rect.width, high * down + c.m.gap * (down - 1))
    for made, cell in zip(buttons, grid(place, 2, down, c.m.gap), strict=False):
        button(c, cell, made)


def _row(c: Canvas, rect: Rect, row: Row, kept: tuple[int, ...], weights: list[float]) -> None:
    m = c.m
    if row.intent is not None:
        c.box(rect, theme.BUTTON, line=INKS[row.tone] if row.tone is Tone.GOOD else theme.BUTTON_LINE)
        c.target(rect, row.intent)
    elif row.tone is Tone.GOOD:
        c.box(rect, theme.CARD, line=theme.SKY)
    room = inset(rect, round(m.small * 0.9), 0)
    cells = columns(room, weights, m.gap)
    for place, (index, cell) in enumerate(zip(kept, cells, strict=True)):
        mark = row.icon or MARKS.get(row.tone, "")
        if not place and mark:
            side = round(m.small * 1.2)
            spot, cell = cut_left(cell, side, round(m.small * 0.6))
            c.icon(mark, Rect(spot.x, spot.centery - side // 2, side, side), INKS[row.tone])
        ink = theme.MUTED if row.tone is Tone.MUTED else theme.TEXT
        face = Face.BOLD if not place else Face.REGULAR
        c.block(row.cells[index], cell, m.small, ink, face=face, valign="middle", least=m.least, may_cut=True)
