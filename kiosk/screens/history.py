"""A member's walks so far: minutes a week, comfort speed, pain before and after. Near, and gone with its owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pygame import Rect

from kiosk.coach.week import DAYS
from kiosk.intents import Intent, IntentKind
from kiosk.snapshot import DAYS_PAGE, HistoryView
from kiosk.ui import charts, theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate
from kiosk.ui.layout import columns, cut_left, cut_top, rows
from kiosk.ui.text import Face, descent_of

_FEW: Final = 6
"""A chart has room for at least so many columns: one alone is a beginning, not a wall."""


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    view = s.history
    choosing = view is not None and view.page == DAYS_PAGE
    title = "history.title"
    if view is not None and choosing:
        title = "history.days_title" if view.own_days else "history.days_sample"
    frame = widgets.near_frame(c, c.t(title), right=s.member_name)
    several = m.compact and view is not None and view.walks > 0 and not choosing
    if several and view is not None and view.page != DAYS_PAGE - 1:
        onward = (c.t("history.next"), Intent(IntentKind.NEXT))
    elif choosing:
        onward = (c.t("history.short" if m.compact else "history.button"), Intent(IntentKind.OPEN, 0))
    else:
        onward = (c.t("history.days"), Intent(IntentKind.OPEN, DAYS_PAGE))
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.back"), Intent(IntentKind.BACK)),
        right=onward if view is not None else None,
        right_style=widgets.PLAIN,
        cancel=True,
    )
    if view is not None and choosing:
        _days(c, frame.body, view)
        return
    if view is None or view.walks == 0:
        _empty(c, frame.body)
        return
    parts: tuple[Callable[[Canvas, Rect, HistoryView], None], ...] = (_weeks, _comfort, _pain)
    if m.compact:
        parts[view.page % len(parts)](c, frame.body, view)
        return
    gap = round(m.gap * 1.5)
    top, below = rows(frame.body, [1, 1.2], gap)
    _weeks(c, top, view)
    left, right = columns(below, [1, 1], gap)
    _comfort(c, left, view)
    _pain(c, right, view)


def _empty(c: Canvas, body: Rect) -> None:
    """Before the first walk: what will stand here."""
    m = c.m
    words = body
    if not m.compact:
        picture, words = cut_left(body, round(body.width * 0.42), m.margin)
        illustrate(c, "toe_heel_rest", picture.inflate(0, -round(picture.height * 0.3)))
    title = c.fit(
        c.t("history.empty"),
        words,
        m.title if m.compact else m.headline,
        face=Face.DISPLAY,
        least=m.least,
        max_lines=2,
        balance=True,
    )
    cap = m.body if m.compact else round(m.body * 1.1)
    gap = round(title.cap_px * 1.0)
    left = Rect(words.x, words.y, words.width, words.height - title.height - gap - descent_of(cap))
    text = c.fit(c.t("history.empty_help"), left, cap, least=m.least, max_lines=6, balance=True)
    whole = title.height + gap + text.height + descent_of(cap)
    y = words.y + max(0, (words.height - whole) // 2)
    box = c.lines(title, Rect(words.x, y, words.width, words.bottom - y), theme.TEXT, face=Face.DISPLAY)
    y = box.bottom + gap
    c.lines(text, Rect(words.x, y, words.width, words.bottom - y), theme.MUTED)


def _days(c: Canvas, body: Rect, view: HistoryView) -> None:
    """The seven days: those of the plan filled, those that a day of rest keeps closed dimmed and without a touch."""
    m = c.m
    labels = [c.t(f"day_short.{name}") for name in DAYS]
    if m.compact:  # a row of four and one of three: a finger needs the room
        first, second = rows(Rect(body.x, body.y, body.width, 2 * m.touch + m.gap), [1, 1], m.gap)
        cells = [*columns(first, [1] * 4, m.gap), *columns(second, [1] * 4, m.gap)[: len(DAYS) - 4]]
    else:
        row = Rect(body.x, body.y + round(body.height * 0.1), body.width, max(m.touch, round(m.height * 0.26)))
        cells = columns(row, [1] * len(DAYS), m.gap)
    label_cap = c.common_cap(labels, cells[0].width - 12, m.body if m.compact else m.title)
    for day, (label, cell) in enumerate(zip(labels, cells, strict=True)):
        chosen = day in view.days
        style = widgets.PRIMARY if chosen else widgets.PLAIN
        free = chosen or day in view.open_days
        if free:
            c.box(cell, style.fill, line=style.line)
            c.target(cell, Intent(IntentKind.TICK, day))
        else:
            c.box(cell, theme.BACKGROUND, line=theme.CARD_LINE)
        colour = style.text if free else theme.IDLE
        c.line(label, (cell.centerx, cell.centery - label_cap // 2), label_cap, colour, align="center", inside=cell)
    y = cells[-1].bottom + round(m.height * (0.025 if m.compact else 0.07))
    words = Rect(body.x, y, body.width, max(0, body.bottom - y))
    text = c.t("history.days_help_short" if m.compact else "history.days_help")
    fitted = c.fit(text, words, m.small if m.compact else m.body, max_lines=4, least=m.least, balance=True)
    if fitted.whole and fitted.height + descent_of(fitted.cap_px) <= words.height:  # the dimmed days say it too
        c.lines(fitted, words, theme.MUTED)


def _panel(c: Canvas, rect: Rect, title: str, note: str, *, legend: bool = False) -> Rect:
    """A card with a title and, where there is room beside it, a remark; returns the room for the chart.

    *legend*: what the marks of the pain chart mean, at the right end of the title line.
    """
    m = c.m
    room = widgets.card(c, rect)
    head, plot = cut_top(room, round(m.small * 2.0), round(m.height * 0.012))
    cap = m.small if m.compact else round(m.small * 1.15)
    box = c.block(title, head, cap, face=Face.BOLD, least=m.least)
    if note and c.width(note, m.small, Face.REGULAR) + m.margin <= head.right - box.right:
        c.line(note, (head.right, box.y), m.small, theme.MUTED, face=Face.REGULAR, align="right")
    if legend:
        side = round(m.small * 1.05)
        x = head.right
        for key, icon, colour in (("history.after", "dot", theme.SKY), ("history.before", "circle", theme.IDLE)):
            word = c.line(c.t(key), (x, box.y), m.small, theme.MUTED, face=Face.REGULAR, align="right")
            x = word.left - round(side * 1.5)
            c.icon(icon, Rect(x, box.y, side, side), colour)
            x -= round(m.small * 1.2)
    return plot


def _weeks(c: Canvas, rect: Rect, view: HistoryView) -> None:
    """Minutes a week; the number of this one, and all in all, at the side."""
    m = c.m
    note = c.words.count("history.streak", view.streak) if view.streak > 1 else ""
    plot = _panel(c, rect, c.t("history.weeks"), note)
    if not m.compact:
        side, plot = cut_left(plot, round(plot.width * 0.22), m.margin)
        now = int(view.weeks[-1].value) if view.weeks else 0
        cap = round(m.title * 1.7)
        y = side.y + max(0, (side.height - cap - round(m.small * 6.4)) // 2)
        ink = c.figure(str(now), (side.x, y), cap, inside=rect)
        c.line(c.t("unit.min"), (ink.right + round(cap * 0.3), ink.bottom - m.body), m.body, inside=rect)
        y += cap + round(m.small * 1.3)
        c.block(c.t("history.this_week"), Rect(side.x, y, side.width, m.small * 2), m.small, theme.MUTED)
        whole = c.t("history.whole", walks=c.words.count("history.walks", view.walks), minutes=view.minutes)
        y += round(m.small * 2.4)
        c.block(whole, Rect(side.x, y, side.width, m.small * 4), m.small, theme.MUTED, max_lines=2)
    charts.columns_chart(c, plot, view.weeks, text=lambda value: f"{value:.0f}", places=_FEW)


def _comfort(c: Canvas, rect: Rect, view: HistoryView) -> None:
    s = c.snapshot
    title = c.t("history.comfort", unit=c.t(f"unit.{s.units.name.lower()}"))
    plot = _panel(c, rect, title, "")
    charts.columns_chart(c, plot, view.comfort, text=lambda value: c.words.speed(round(value), s.units), places=_FEW)


def _pain(c: Canvas, rect: Rect, view: HistoryView) -> None:
    m = c.m
    plot = _panel(c, rect, c.t("history.pain"), "", legend=bool(view.pain))
    if not view.pain:
        key = "history.no_scores" if view.kept else "history.not_kept"
        c.block(c.t(key), plot, m.body, theme.MUTED, max_lines=4, least=m.least, balance=True, valign="middle")
        return
    charts.pain_chart(c, plot, view.pain, places=_FEW)
