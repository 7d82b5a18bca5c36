"""A guest has become a member: their code, once, large enough for a photo."""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import inset
from kiosk.ui.text import descent_of


def grouped(code: str) -> str:
    """Six digits in two groups, as people say them."""
    return f"{code[:3]} {code[3:]}" if len(code) == 6 else code


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    frame = widgets.near_frame(c, c.t("joined.title"))
    body = frame.body
    words_cap = m.body if m.compact else round(m.body * 1.2)
    under = round(m.height * (0.03 if m.compact else 0.06))
    least_plate = round(m.title * 1.8)
    room = Rect(0, 0, body.width, max(m.least, body.height - under - least_plate - descent_of(words_cap)))
    lines = c.fit(c.t("joined.keep"), room, words_cap, max_lines=3, least=m.least, balance=True)
    plate = Rect(body.x, body.y, body.width, body.height - lines.height - descent_of(lines.cap_px) - under)
    c.box(plate, theme.CARD, line=theme.SKY)
    room = inset(plate, m.margin, round(plate.height * 0.14))
    cap = min(room.height, round(m.height * 0.24))
    while cap > m.title and c.figure_width(grouped(s.new_code), cap) > room.width:
        cap = round(cap * 0.94)
    c.figure(grouped(s.new_code), (plate.centerx, plate.centery - cap // 2), cap, align="center", inside=plate)
    c.lines(lines, Rect(body.x, plate.bottom + under, body.width, body.bottom - plate.bottom - under), theme.TEXT)
    widgets.footer_buttons(c, frame, right=(c.t("joined.done"), Intent(IntentKind.DONE)))
