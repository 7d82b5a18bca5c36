"""The menu's tiles."""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.screens.staff.frame import INKS, footer, frame, message, shown_page
from kiosk.staff.desk.views import Button, Item, MenuView, Tone
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import grid, inset
from kiosk.ui.text import Face


def paint(c: Canvas, view: MenuView) -> None:
    """Draw and note targets."""
    m = c.m
    across = 3 if m.compact else 4
    paged = m.compact or len(view.items) > 3 * across
    made = frame(c, view.title, footer=paged)
    body = message(c, made.body, view.message, view.tone)
    least = m.touch if m.compact else round(m.height * 0.17)
    down = max(1, min(3, (body.height + m.gap) // (least + m.gap)))
    shown, _, pages = shown_page(view.items, view.page, across * down)
    for (_, item), cell in zip(shown, grid(body, across, down, m.gap), strict=False):
        _tile(c, cell, item)
    if paged:  # elsewhere the way out is at the top alone
        out = Button(c.t("staff.sign_out"), Intent(IntentKind.SIGN_OUT))
        footer(c, made, (out,) if m.compact else (), back=False, paging=pages > 1)


def _tile(c: Canvas, rect: Rect, item: Item) -> None:
    m = c.m
    c.box(rect, theme.BUTTON, line=theme.BUTTON_LINE)
    c.target(rect, item.intent)
    if m.compact:
        room = inset(rect, round(m.small * 0.4), round(m.small * 0.3))
        c.block(item.label, room, m.body, face=Face.BOLD, max_lines=2, least=m.least, align="center", valign="middle")
        return
    pad = round(m.height * 0.026)
    room = inset(rect, pad, pad)
    side = round(m.title * 1.15)
    c.icon(item.icon, Rect(room.x, room.y, side, side), INKS[item.tone] if item.tone is not Tone.PLAIN else theme.SKY)
    words = Rect(room.x, room.y + side + round(m.body * 0.5), room.width, room.height - side - round(m.body * 0.5))
    if item.note:
        place = Rect(room.x + side + m.small, room.y, room.width - side - m.small, side)
        c.block(item.note, place, m.small, INKS[item.tone], align="right", valign="middle", least=m.least)
    c.block(item.label, words, m.body, face=Face.BOLD, max_lines=2, valign="bottom", least=m.small)
