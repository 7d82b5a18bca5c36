"""One program before it is walked: its shape, its figures, what is new today."""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.screens.program import facts, reason, whole
from kiosk.snapshot import ProgramCard
from kiosk.ui import charts, theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_bottom, cut_right, cut_top, inset, rows
from kiosk.ui.text import Face


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    card = s.card
    frame = widgets.near_frame(c, card.title if card else "", right=s.member_name, outside=True)
    if card is not None:
        if m.compact:
            _compact_body(c, frame.body, card)
        else:
            _full_body(c, frame.body, card)
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.back"), Intent(IntentKind.BACK)),
        middle=(c.t("preview.same_short" if m.compact else "preview.same"), Intent(IntentKind.NO))
        if s.preview_choice
        else None,
        right=(c.t("preview.agree") if s.preview_note else c.t("preview.next"), Intent(IntentKind.NEXT)),
        cancel=True,
    )


def _note(c: Canvas, card: ProgramCard) -> str:
    return whole(c.snapshot.preview_note) or reason(c, card) or card.about


def _full_body(c: Canvas, body: Rect, card: ProgramCard) -> None:
    m, s = c.m, c.snapshot
    note = _note(c, card)
    if note:
        strip, body = cut_bottom(body, round(m.body * 3.6), m.gap)
        c.box(strip, theme.CARD, line=theme.AMBER if s.preview_note else theme.CARD_LINE)
        room = inset(strip, round(m.body * 1.2), 4)
        side = round(m.body * 1.2)
        c.icon(
            "chevron_up" if s.preview_note else "dot",
            Rect(room.x, room.centery - side // 2, side, side),
            theme.AMBER if s.preview_note else theme.SKY,
        )
        words = Rect(room.x + side * 2, room.y, room.width - side * 2, room.height)
        c.block(note, words, m.body, max_lines=2, valign="middle", may_cut=True)
    facts_side, chart = cut_right(body, round(body.width * 0.27), m.gap)
    figures = (
        (c.t("preview.time"), str(card.minutes), c.t("unit.min")),
        (
            c.t("follow.about" if card.follow else "preview.top"),
            c.words.speed(card.top_ckmh, s.units),
            c.t(f"unit.{s.units.name.lower()}"),
        ),
        (
            c.t("preview.slope"),
            c.words.slope(card.top_dpct),
            "%",
        ),
    )
    for cell, (label, value, unit) in zip(rows(facts_side, [1, 1, 1], m.gap), figures, strict=True):
        fact(c, cell, label, value, unit)
    room = widgets.card(c, chart)
    head, plot = cut_top(room, round(m.small * 2.2), round(m.height * 0.01))
    c.block(c.t("preview.chart", unit=c.t(f"unit.{s.units.name.lower()}")), head, m.small, face=Face.BOLD)
    charts.speed_chart(c, plot, (), card.steps, s.units)


def _compact_body(c: Canvas, body: Rect, card: ProgramCard) -> None:
    m = c.m
    note = _note(c, card)
    if note:
        lower, body = cut_bottom(body, c.pitch(m.small) * 2 + 6, 4)
        c.block(note, lower, m.small, theme.TEXT, max_lines=2, least=m.least, may_cut=True, valign="middle")
    lower, body = cut_bottom(body, round(m.body * 1.7), round(m.small * 0.5))
    c.block(facts(c, card), lower, m.body, theme.MUTED, least=m.least)
    charts.plan_bars(c, Rect(body.x, body.y, body.width, body.height), card.steps)


def fact(c: Canvas, rect: Rect, label: str, value: str, unit: str) -> None:
    """A figure with its label above and its unit beside it, in a card."""
    m = c.m
    room = widgets.card(c, rect)
    label_cap = m.small
    cap = min(round(m.title * 1.5), round((room.height - label_cap) * 0.62))
    gap = round(cap * 0.5)
    height = label_cap + gap + cap
    y = room.y + max(0, (room.height - height) // 2)
    c.block(label, Rect(room.x, y, room.width, label_cap * 2), label_cap, theme.MUTED)
    y += label_cap + gap
    width = c.figure_width(value, cap) + round(cap * 0.4) + c.width(unit, round(cap * 0.55), Face.DISPLAY)
    if width > room.width:
        cap = int(cap * room.width / width)
    ink = c.figure(value, (room.x, y), cap, inside=rect)
    if unit:
        small = round(cap * 0.55)
        c.line(
            unit, (ink.right + round(cap * 0.36), y + cap - small), small, theme.TEXT, face=Face.DISPLAY, inside=rect
        )
