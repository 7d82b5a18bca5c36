"""A question with a score from 0 to 10; our own words for what the numbers mean (coaching.md, section 4)."""

from __future__ import annotations

from typing import Final

from pygame import Rect

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


def paint_scale(c: Canvas, rect: Rect, question: str, scale: str) -> None:
    """The question above, eleven keys, and words under some of them."""
    m = c.m
    single = one_row(c, rect.width)
    keys_high = max(m.key, round(m.height * 0.17)) if single else 2 * m.touch + m.gap
    words_cap = max(m.small, round(m.body * 0.86))
    words_high = c.pitch(words_cap) * 2
    if single:
        block_high = keys_high + round(m.small * 1.2) + words_high
        lower, upper = cut_bottom(rect, block_high + round(m.height * 0.05))
        keys, below = cut_top(lower, keys_high, round(m.small * 1.2))
        widgets.score_row(c, keys)
        cell = (rect.width - 10 * m.gap) / 11
        for value in _ANCHORS:
            centre = rect.x + round(value * (cell + m.gap) + cell / 2)
            half = round(cell * 1.06)
            place = Rect(centre - half, below.y, 2 * half, words_high)
            align = "center"
            if place.left < rect.left:
                place, align = Rect(rect.x, below.y, 2 * half, words_high), "left"
            if place.right > rect.right:
                place, align = Rect(rect.right - 2 * half, below.y, 2 * half, words_high), "right"
            c.block(c.t(f"{scale}.word_{value}"), place, words_cap, theme.MUTED, max_lines=2, align=align)
    else:
        spare = rect.height - keys_high - round(m.small * 1.9)
        keys, below = cut_top(rect, keys_high + max(0, min(spare, round(m.height * 0.1))), round(m.small * 0.7))
        widgets.score_row(c, keys)
        half = below.width // 2 - m.gap
        for text, align, x in (
            (f"0: {c.t(f'{scale}.word_0')}", "left", below.x),
            (f"10: {c.t(f'{scale}.word_10')}", "right", below.right - half),
        ):
            c.block(
                text,
                Rect(x, below.y, half, below.height),
                m.small,
                theme.MUTED,
                align=align,
                least=round(m.small * 0.75),
            )
        return
    c.block(
        question,
        upper,
        round(m.headline * 0.9),
        face=Face.BOLD,
        least=m.small,
        max_lines=3,
        balance=True,
        valign="middle",
    )
