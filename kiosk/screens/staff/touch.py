"""Crosses where the last touches were: large, thin, exactly there."""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.screens.staff.frame import footer, frame
from kiosk.staff.desk.views import TouchView
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_top


def paint(c: Canvas, view: TouchView) -> None:
    """Draw and note targets."""
    m = c.m
    made = frame(c, view.title)
    head, field = cut_top(made.body, round(m.small * 3.4), m.gap)
    c.block(view.text, head, m.small, theme.MUTED, max_lines=2, least=m.least)
    c.box(field, theme.CARD, line=theme.CARD_LINE)
    c.target(field, Intent(IntentKind.TOUCH))
    arm = round(m.touch * 0.6)
    for index, (x, y) in enumerate(view.touches):
        newest = index == len(view.touches) - 1
        colour, thick = (theme.AMBER, 5) if newest else (theme.SKY, 3)
        c.fill(Rect(x - arm, y - thick // 2, 2 * arm, thick), colour)
        c.fill(Rect(x - thick // 2, y - arm, thick, 2 * arm), colour)
    footer(c, made, ())
