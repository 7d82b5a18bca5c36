"""At most three programs: how long, how fast after caps, how steep, and which comes next and why."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.snapshot import ProgramCard
from kiosk.ui import charts, theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate
from kiosk.ui.layout import columns, cut_bottom, cut_left, cut_right, cut_top, inset, rows
from kiosk.ui.text import Face, Fitted, descent_of
from kiosk.ui.theme import Colour

CARDS: Final = 3


def facts(c: Canvas, card: ProgramCard) -> str:
    """Minutes, top speed and slope in one line."""
    unit = c.t(f"unit.{c.snapshot.units.name.lower()}")
    speed = c.t("program.up_to", speed=c.words.speed(card.top_ckmh, c.snapshot.units), unit=unit)
    slope = c.t("program.hill", percent=c.words.slope(card.top_dpct)) if card.top_dpct else c.t("program.flat")
    return " · ".join((c.t("unit.minutes", n=card.minutes), speed, slope))


def short_facts(c: Canvas, card: ProgramCard) -> str:
    """Minutes and top speed."""
    unit = c.t(f"unit.{c.snapshot.units.name.lower()}")
    return f"{c.t('unit.minutes', n=card.minutes)} · {c.words.speed(card.top_ckmh, c.snapshot.units)} {unit}"


def reason(c: Canvas, card: ProgramCard) -> str:
    """Why this one, or what caps it; a catalogue key or a sentence."""
    return whole(c.t(card.reason) if card.reason and c.words.has(card.reason) else card.reason)


def whole(sentence: str) -> str:
    """With its full stop: what stands beside it on other cards is a sentence too."""
    return f"{sentence}." if sentence and sentence[-1] not in ".!?…" else sentence


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    who = s.member_name or (c.t("program.guest") if s.guest else "")
    if s.visit_n is not None and not m.compact:
        who = c.t("program.week_visit", name=s.member_name, n=s.visit_n, m=s.visit_limit)
        if s.own_days:
            who = c.t("program.week_days", name=s.member_name, n=s.visit_n, m=s.visit_limit, days=s.own_days)
    frame = widgets.near_frame(c, c.t("program.title"), right=who)
    shown = list(enumerate(s.cards[:CARDS]))
    scale = max((card.top_ckmh for _, card in shown), default=1)
    ordered = sorted(shown, key=lambda pair: not pair[1].recommended)
    if m.compact:
        _compact(c, frame.body, ordered, scale)
    else:
        _full(c, frame.body, ordered, scale)
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.back"), Intent(IntentKind.BACK)),
        middle=(c.t("history.short" if m.compact else "history.button"), Intent(IntentKind.HISTORY))
        if s.has_history
        else None,
        right=(c.t("program.more_short" if m.compact else "program.more"), Intent(IntentKind.NEXT))
        if s.more_cards
        else None,
        right_style=widgets.PLAIN,
        cancel=True,
    )


def _full(c: Canvas, body: Rect, ordered: list[tuple[int, ProgramCard]], scale: int) -> None:
    """The recommended one above, two more below. Where there is only one, a picture of how it goes."""
    m = c.m
    gap = round(m.gap * 1.5)
    if not ordered:
        return
    if not ordered[0][1].recommended:
        cells = columns(body, [1] * max(2, len(ordered)), gap)
        for (index, card), cell in zip(ordered, cells, strict=False):
            _card(c, cell, index, card, scale)
        return
    top, below = rows(body, [1, 1.25], gap)
    _wide_card(c, top, ordered[0][0], ordered[0][1], scale)
    rest = ordered[1:]
    if not rest:
        _how(c, below)
        return
    for (index, card), cell in zip(rest, columns(below, [1] * max(2, len(rest)), gap), strict=False):
        _card(c, cell, index, card, scale)


def _how(c: Canvas, rect: Rect) -> None:
    m = c.m
    picture, words = cut_left(inset(rect, round(m.margin * 0.4), 0), round(rect.width * 0.42), m.margin)
    illustrate(c, "toe_heel", picture)
    c.block(c.t("program.how"), words, round(m.body * 1.15), theme.MUTED, max_lines=3, balance=True, valign="middle")


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
    sketch, words = cut_right(words, round(room.width * 0.22), m.margin)
    tall = round(sketch.height * 0.52)
    charts.plan_bars(c, Rect(sketch.x, sketch.centery - tall // 2, sketch.width, tall), card.steps, scale_ckmh=scale)
    _words(c, words, card, valign="middle")


def _card(c: Canvas, rect: Rect, index: int, card: ProgramCard, scale: int) -> None:
    m = c.m
    c.box(rect, theme.CARD, line=theme.BUTTON_LINE)
    c.target(rect, Intent(IntentKind.CHOOSE, index))
    pad = round(m.height * 0.036)
    room = inset(rect, round(pad * 1.1), pad)
    sketch, words = cut_bottom(room, round(room.height * 0.3), round(m.height * 0.02))
    charts.plan_bars(c, sketch, card.steps, scale_ckmh=scale)
    _words(c, words, card)


def _words(c: Canvas, rect: Rect, card: ProgramCard, *, valign: str = "top") -> None:
    """Marker, title, facts and reason under each other; the reason gives way where there is no room."""
    m = c.m
    note = reason(c, card) or card.about
    title = c.fit(card.title, rect, m.title, face=Face.BOLD, least=round(m.body * 1.05), max_lines=1)
    stack: list[tuple[Fitted, Face, Colour, int]] = []
    if card.recommended:
        marker = c.fit(c.t("program.next"), rect, m.small, face=Face.BOLD)
        stack.append((marker, Face.BOLD, theme.SKY, round(m.title * 0.62)))
    stack.append((title, Face.BOLD, theme.TEXT, round(m.title * 0.72)))
    stack.append((c.fit(facts(c, card), rect, m.body), Face.REGULAR, theme.MUTED, round(m.title * 0.66)))
    if note:
        stack.append((c.fit(note, rect, m.small, max_lines=2), Face.REGULAR, theme.TEXT, 0))

    def height() -> int:
        return sum(part.height for part, *_ in stack) + sum(gap for *_, gap in stack[:-1])

    while len(stack) > 1 and height() + descent_of(stack[-1][0].cap_px) > rect.height:
        stack.pop()
    y = rect.y + ((rect.height - height()) // 2 if valign == "middle" else 0)
    for part, face, colour, gap in stack:
        box = c.lines(part, Rect(rect.x, y, rect.width, rect.bottom - y), colour, face=face, may_cut=True)
        y = box.bottom + gap


def _compact(c: Canvas, body: Rect, ordered: list[tuple[int, ProgramCard]], scale: int) -> None:
    """Two columns: the first card large, the others one above the other."""
    m = c.m
    if not ordered:
        return
    left, right = columns(body, [1, 1.1], m.gap) if len(ordered) > 1 else (body, body)
    inner = round(m.small * 0.8)
    for place, (index, card) in zip(
        [left, *rows(right, [1] * max(1, len(ordered) - 1), m.gap)], ordered, strict=False
    ):
        first = place is left
        c.box(place, theme.CARD, line=theme.SKY if card.recommended else theme.BUTTON_LINE)
        c.target(place, Intent(IntentKind.CHOOSE, index))
        room = inset(place, inner, inner)
        if first:
            sketch, room = cut_bottom(room, round(place.height * 0.18), round(m.small * 0.5))
            charts.plan_bars(c, sketch, card.steps, scale_ckmh=scale)
            if card.recommended:
                line, room = cut_top(room, round(m.small * 1.9))
                c.block(c.t("program.next"), line, m.small, theme.SKY, face=Face.BOLD, least=m.least)
        limit = min(m.body, room.height // 3)
        title = c.fit(card.title, room, limit, face=Face.BOLD, max_lines=2 if first else 1)
        low = c.fit(short_facts(c, card), room, min(m.body, title.cap_px), least=m.least)
        gap = round(title.cap_px * 0.85)
        y = room.y if first else room.y + max(0, (room.height - title.height - gap - low.height) // 2)
        box = c.lines(title, Rect(room.x, y, room.width, place.bottom - y), theme.TEXT, face=Face.BOLD, may_cut=True)
        y = box.bottom + gap
        if y + low.height + descent_of(low.cap_px) <= room.bottom + (0 if first else inner):
            c.lines(low, Rect(room.x, y, room.width, place.bottom - y), theme.MUTED)
