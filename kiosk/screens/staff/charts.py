"""Sums and small charts, a page of them at a time."""

from __future__ import annotations

from pygame import Rect

from kiosk.screens.staff.facts import fact_rows
from kiosk.screens.staff.frame import footer, frame, message, shown_page
from kiosk.staff.desk.views import Bars, ChartsView, Tone
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_bottom, cut_left, cut_top, grid, inset
from kiosk.ui.text import Face


def paint(c: Canvas, view: ChartsView) -> None:
    """Draw and note targets."""
    m = c.m
    made = frame(c, view.title)
    body = message(c, made.body, view.text, Tone.PLAIN) if not m.compact else made.body
    if m.compact:
        parts: list[Bars | None] = [None, *view.charts]
        ((_, chart),), _, pages = shown_page(parts, view.page, 1)
        if chart is None:
            fact_rows(c, body, view.facts, 0)
        else:
            _chart(c, body, chart)
        footer(c, made, (), paging=pages > 1)
        return
    left, right = columns(body, [1, 2.4], m.margin)
    fact_rows(c, left, view.facts, 0)
    shown, _, pages = shown_page(view.charts, view.page, 4)
    for (_, chart), cell in zip(shown, grid(right, 2, 2, m.gap), strict=False):
        _chart(c, cell, chart)
    footer(c, made, (), paging=pages > 1)


def _chart(c: Canvas, rect: Rect, chart: Bars) -> None:
    m = c.m
    c.box(rect, theme.CARD, line=theme.CARD_LINE)
    room = inset(rect, round(m.small * 0.8), round(m.small * 0.6))
    head, room = cut_top(room, round(m.small * 1.7), round(m.small * 0.4))
    c.block(chart.title, head, m.small, face=Face.BOLD, valign="middle", least=m.least)
    if not any(chart.values):
        c.block(c.t("reports.none"), room, m.small, theme.MUTED, least=m.least)
        return
    most = max(chart.values)
    if chart.named == 0:
        _across(c, room, chart, most)
        return
    foot, room = cut_bottom(room, round(m.small * 1.6), round(m.small * 0.2))
    cells = columns(room, [1] * len(chart.values), 2)
    for index, (name, value, cell) in enumerate(zip(chart.names, chart.values, cells, strict=True)):
        tall = round(room.height * value / most)
        c.fill(Rect(cell.x, room.bottom - tall, max(2, cell.width), tall), theme.SKY)
        if index % chart.named == 0:
            wide = c.width(name, m.least, Face.REGULAR)
            x = max(room.x + wide // 2, min(cell.centerx, room.right - wide // 2))
            c.line(name, (x, foot.y + m.least // 3), m.least, theme.MUTED, face=Face.REGULAR, align="center")


def _across(c: Canvas, room: Rect, chart: Bars, most: float) -> None:
    """Names at the left, bars at the right: for words."""
    m = c.m
    pitch = round(m.small * 2.0)
    names = max(c.width(name, m.small, Face.REGULAR) for name in chart.names) + 4
    names = min(names, round(room.width * 0.62))
    for index, (name, value) in enumerate(zip(chart.names, chart.values, strict=True)):
        row = Rect(room.x, room.y + index * pitch, room.width, pitch)
        if row.bottom > room.bottom:
            return
        label, bar = cut_left(row, names, m.small)
        c.block(name, label, m.small, theme.MUTED, valign="middle", least=m.least, may_cut=True)
        wide = round((bar.width - 3 * m.small) * value / most)
        c.fill(Rect(bar.x, bar.centery - m.small // 2, max(2, wide), m.small), theme.AMBER)
        text = c.words.number(f"{value:g}")
        c.line(text, (bar.x + wide + m.small // 2, bar.centery - m.small // 2), m.small, theme.TEXT)
