"""A question with a score from 0 to 10; our own words for what the numbers mean (coaching.md, section 4)."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_bottom, cut_top
from kiosk.ui.text import Face

_ANCHORS: Final = (0, 3, 5, 7, 10)


def paint_scale(c: Canvas, rect: Rect, question: str, scale: str, *, note: str = "") -> None:
    """The question above, eleven keys, and words under some of them."""
    m = c.m
    single = (rect.width - 10 * m.gap) // 11 >= m.touch
    keys_high = max(m.key, round(m.height * 0.17)) if single else 2 * m.touch + m.gap
    words_high = c.pitch(m.small) * 2
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
            c.block(c.t(f"{scale}.word_{value}"), place, m.small, theme.MUTED, max_lines=2, align=align)
    else:
        lower, upper = cut_bottom(rect, keys_high + c.pitch(m.small), round(m.height * 0.01))
        keys, below = cut_top(lower, keys_high, round(m.small * 0.7))
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
    c.block(
        question,
        upper,
        m.title if m.compact else round(m.headline * 0.9),
        face=Face.BOLD,
        least=m.small,
        max_lines=2 if m.compact else 3,
        balance=not m.compact,
        valign="middle",
    )
    if note:
        c.block(note, cut_bottom(upper, round(m.body * 2))[0], m.body, theme.MUTED)
