"""At most three programs: how long, how fast after caps, how steep, and which comes next and why."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from hardware.units import speed_text
from kiosk.snapshot import Intent, IntentKind, ProgramCard
from kiosk.ui import charts, theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_bottom, cut_right, cut_top, inset, rows
from kiosk.ui.text import Face, descent_of

CARDS: Final = 3


def facts(c: Canvas, card: ProgramCard) -> str:
    """Minutes, top speed and slope in one line."""
    unit = c.t(f"unit.{c.snapshot.units.name.lower()}")
    speed = c.t("program.up_to", speed=speed_text(card.top_ckmh, c.snapshot.units), unit=unit)
    slope = c.t("program.hill", percent=f"{card.top_dpct / 10:g}") if card.top_dpct else c.t("program.flat")
    return " · ".join((c.t("unit.minutes", n=card.minutes), speed, slope))


def reason(c: Canvas, card: ProgramCard) -> str:
    """Why this one, or what caps it; a catalogue key or a sentence."""
    return c.t(card.reason) if card.reason and c.words.has(card.reason) else card.reason


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    who = s.member_name or (c.t("program.guest") if s.guest else "")
    frame = widgets.near_frame(c, c.t("program.title"), right=who)
    shown = list(enumerate(s.cards[:CARDS]))
    scale = max((card.top_ckmh for _, card in shown), default=1)
    first = next((pair for pair in shown if pair[1].recommended), None)
    rest = [pair for pair in shown if pair is not first]
    gap = m.gap if m.compact else round(m.gap * 1.6)
    if m.compact:
        cells = columns(frame.body, [1] * max(1, len(shown)), m.gap) if len(shown) > 1 else [frame.body]
        ordered = ([first] if first else []) + rest
        for (index, card), cell in zip(ordered, cells, strict=False):
            _narrow_card(c, cell, index, card, scale)
    elif first is not None:
        if rest:
            top, below = rows(frame.body, [1, 1.28], gap)
            for (index, card), cell in zip(rest, columns(below, [1] * max(2, len(rest)), gap), strict=False):
                _small_card(c, cell, index, card, scale)
        else:
            top = frame.body
        _wide_card(c, top, first[0], first[1], scale)
    else:
        for (index, card), cell in zip(
            rest, columns(frame.body, [1] * max(2, len(rest)), gap) if rest else [], strict=False
        ):
            _small_card(c, cell, index, card, scale)
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.back"), Intent(IntentKind.BACK)),
        right=(c.t("program.more"), Intent(IntentKind.NEXT)) if s.more_cards else None,
        right_style=widgets.PLAIN,
    )


def _wide_card(c: Canvas, rect: Rect, index: int, card: ProgramCard, scale: int) -> None:
    m = c.m
    room = widgets.card(c, rect, line=theme.SKY)
    c.target(rect, Intent(IntentKind.CHOOSE, index))
    go, words = cut_right(room, round(room.width * 0.2), m.margin)
    high = max(m.touch, round(m.height * 0.13))
    place = Rect(go.x, go.centery - high // 2, go.width, high)
    c.box(place, theme.SKY)
    c.block(
        c.t("program.choose"), inset(place, 12, 4), m.body, theme.INK, face=Face.BOLD, align="center", valign="middle"
    )
    sketch, words = cut_right(words, round(room.width * 0.24), m.margin)
    charts.plan_bars(
        c,
        Rect(sketch.x, sketch.y + sketch.height // 4, sketch.width, sketch.height * 5 // 8),
        card.steps,
        scale_ckmh=scale,
    )
    _card_words(c, words, card, note=reason(c, card))


def _card_words(c: Canvas, words: Rect, card: ProgramCard, *, note: str) -> None:
    m = c.m
    parts = [(facts(c, card), m.body, theme.MUTED, Face.REGULAR, 2)]
    if note:
        parts.append((note, m.small, theme.TEXT, Face.REGULAR, 2))
    y = words.y
    if card.recommended:
        box = c.block(
            c.t("program.next"), Rect(words.x, y, words.width, words.bottom - y), m.small, theme.SKY, face=Face.BOLD
        )
        y = box.bottom + round(m.title * 0.72)
    box = c.block(
        card.title,
        Rect(words.x, y, words.width, words.bottom - y),
        m.title,
        face=Face.BOLD,
        least=m.small,
        max_lines=1,
        may_cut=True,
    )
    y = box.bottom + round(m.title * 0.62)
    for text, cap, colour, face, lines in parts:
        room = Rect(words.x, y, words.width, words.bottom - y)
        if room.height < cap + descent_of(cap):
            return
        box = c.block(text, room, cap, colour, face=face, max_lines=lines, may_cut=True)
        y = box.bottom + round(m.title * 0.55)


def _small_card(c: Canvas, rect: Rect, index: int, card: ProgramCard, scale: int) -> None:
    m = c.m
    c.box(rect, theme.CARD, line=theme.BUTTON_LINE)
    pad = round(m.height * 0.032)
    room = inset(rect, round(pad * 1.2), pad)
    c.target(rect, Intent(IntentKind.CHOOSE, index))
    sketch, words = cut_bottom(room, round(room.height * 0.36), round(m.height * 0.02))
    charts.plan_bars(c, sketch, card.steps, scale_ckmh=scale)
    _card_words(c, words, card, note=reason(c, card))


def _narrow_card(c: Canvas, rect: Rect, index: int, card: ProgramCard, scale: int) -> None:
    m = c.m
    c.box(rect, theme.CARD, line=theme.SKY if card.recommended else theme.BUTTON_LINE)
    room = inset(rect, round(m.small * 0.7), round(m.small * 0.7))
    c.target(rect, Intent(IntentKind.CHOOSE, index))
    sketch, words = cut_bottom(room, round(room.height * 0.2), round(m.small * 0.5))
    charts.plan_bars(c, sketch, card.steps, scale_ckmh=scale)
    least = round(m.small * 0.72)
    y = words.y
    if card.recommended:
        line, _ = cut_top(words, round(m.small * 1.2))
        box = c.block(c.t("program.next_short"), line, m.small, theme.SKY, face=Face.BOLD, least=least)
        y = box.bottom + round(m.small * 0.75)
    box = c.block(
        card.title,
        Rect(words.x, y, words.width, words.bottom - y),
        m.small,
        face=Face.BOLD,
        least=least,
        max_lines=2,
        may_cut=True,
    )
    y = box.bottom + round(m.small * 0.9)
    unit = c.t(f"unit.{c.snapshot.units.name.lower()}")
    for text in (
        c.t("unit.minutes", n=card.minutes),
        f"{speed_text(card.top_ckmh, c.snapshot.units)} {unit}",
    ):
        room = Rect(words.x, y, words.width, words.bottom - y)
        if room.height < least + descent_of(least):
            return
        box = c.block(text, room, m.small, theme.MUTED, least=least)
        y = box.bottom + round(m.small * 0.8)
