"""A question with a score from 0 to 10; our own words for what the numbers mean (coaching.md, section 4)."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from kiosk.intents import Intent
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_bottom, cut_top
from kiosk.ui.text import Face

_ANCHORS: Final = (0, 3, 5, 7, 10)


def scale_title(c: Canvas, title: str, question: str) -> str:
    """What stands in the title line: a narrow panel has no room for more than the question."""
    return title if one_row(c, c.content.width - 2 * c.m.margin) else question


def one_row(c: Canvas, width: int) -> bool:
    """Whether eleven keys fit beside each other."""
    return (width - 10 * c.m.gap) // 11 >= c.m.touch


def paint_scale(
    c: Canvas, frame: widgets.NearFrame, question: str, scale: str, leave: tuple[str, Intent], *, cancel: bool = False
) -> None:
    """The question above, eleven keys, words for some of them, and the way out."""
    free = widgets.footer_buttons(c, frame, left=leave, cancel=cancel)
    if one_row(c, frame.body.width):
        _one_row(c, frame.body, question, scale)
    else:
        _two_rows(c, frame.body, free, scale)


def _one_row(c: Canvas, rect: Rect, question: str, scale: str) -> None:
    m = c.m
    keys_high = max(m.key, round(m.height * 0.17))
    words_cap = max(m.small, round(m.body * 0.86))
    words_high = c.pitch(words_cap) * 2
    lower, upper = cut_bottom(rect, keys_high + round(m.small * 1.2) + words_high, round(m.height * 0.05))
    keys, below = cut_top(lower, keys_high, round(m.small * 1.2))
    widgets.score_row(c, keys)
    cell = (rect.width - 10 * m.gap) / 11
    half = round(cell * 1.06)
    for value in _ANCHORS:
        centre = rect.x + round(value * (cell + m.gap) + cell / 2)
        place = Rect(centre - half, below.y, 2 * half, words_high)
        words = c.t(f"{scale}.word_{value}")
        align = "center"
        if c.width(words, words_cap, Face.REGULAR) <= cell:
            pass
        elif place.left < rect.left:
            place.left, align = rect.left, "left"
        elif place.right > rect.right:
            place.right, align = rect.right, "right"
        c.block(
            words,
            place,
            words_cap,
            theme.MUTED,
            max_lines=2,
            align=align,
        )
    c.block(
        question,
        upper,
        round(m.headline * 0.9),
        face=Face.BOLD,
        least=m.least,
        max_lines=3,
        balance=True,
        valign="middle",
    )


def _two_rows(c: Canvas, rect: Rect, free: Rect, scale: str) -> None:
    """A narrow panel: the question is the title, and the two ends of the scale are named beside the way out."""
    m = c.m
    keys = Rect(rect.x, rect.y, rect.width, min(rect.height, 2 * round(m.touch * 1.25) + m.gap))
    widgets.score_row(c, keys)
    ends = [f"{value}: {c.t(f'{scale}.word_{value}')}" for value in (0, 10)]
    room = Rect(free.x + m.gap, free.y, free.width - m.gap, free.height)
    cap = c.common_cap(ends, room.width, m.body, least=m.least)
    pitch = min(c.pitch(cap), room.height - cap)
    top = room.centery - (cap + pitch) // 2
    for index, text in enumerate(ends):
        c.line(text, (room.right, top + index * pitch), cap, theme.MUTED, face=Face.REGULAR, align="right")
