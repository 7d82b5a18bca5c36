"""One value, a step at a time."""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.screens.staff.facts import fact_rows
from kiosk.screens.staff.frame import footer, frame, message
from kiosk.staff.desk.views import StepperView
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_top
from kiosk.ui.text import Face
from kiosk.ui.widgets import ButtonStyle


def paint(c: Canvas, view: StepperView) -> None:
    """Draw and note targets."""
    m = c.m
    made = frame(c, view.title)
    body = message(c, made.body, view.message, view.tone)
    if view.sides and not m.compact:
        left, right = columns(body, [1.2, 1], m.margin)
        fact_rows(c, right, view.sides, 0)
    else:
        left = body
    if not m.compact:
        head, left = cut_top(left, round(m.body * 1.8), m.gap)
        c.block(view.name, head, m.body, theme.MUTED, valign="middle", may_cut=True)
    row, rest = cut_top(left, max(m.key, round(m.height * (0.16 if m.compact else 0.19))), round(m.gap * 1.5))
    stepper(c, row, view.value, lower=view.lower, higher=view.higher)
    c.block(view.note, rest, m.small if m.compact else m.body, theme.MUTED, max_lines=4, least=m.least)
    buttons = (*view.extra, *(() if view.button is None else (view.button,)))
    footer(c, made, buttons)


def stepper(c: Canvas, rect: Rect, value: str, *, lower: bool, higher: bool) -> None:
    """Minus, the value, plus. A side that cannot be taken is dim and takes no touch."""
    m = c.m
    side = min(rect.height, round(rect.width * 0.22))
    high = Rect(rect.x, rect.centery - side // 2, side, side)
    low = Rect(rect.right - side, rect.centery - side // 2, side, side)
    for place, step, able in ((high, -1, lower), (low, 1, higher)):
        style = widgets.PLAIN if able else ButtonStyle(theme.CARD, theme.CARD_LINE, theme.IDLE)
        c.box(place, style.fill, line=style.line)
        bar, thick = side // 3, max(5, side // 14)
        c.fill(Rect(place.centerx - bar // 2, place.centery - thick // 2, bar, thick), style.text)
        if step > 0:
            c.fill(Rect(place.centerx - thick // 2, place.centery - bar // 2, thick, bar), style.text)
        if able:
            c.target(place, Intent(IntentKind.STEP, step), key=True)
    room = Rect(high.right + m.gap, rect.y, low.left - high.right - 2 * m.gap, rect.height)
    c.block(
        value,
        room,
        m.headline if m.compact else round(m.headline * 1.25),
        face=Face.DISPLAY,
        align="center",
        valign="middle",
        least=m.least,
    )
