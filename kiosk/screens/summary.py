"""What was walked, over what was planned; and what comes next and why."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from hardware.units import METRES_PER_MILE, SpeedUnit
from kiosk.intents import Intent, IntentKind
from kiosk.screens.preview import fact
from kiosk.snapshot import SummaryView
from kiosk.ui import charts, theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.far import clock_text
from kiosk.ui.layout import columns, cut_left, cut_right, cut_top, rows
from kiosk.ui.text import Face, descent_of

_MILES_FROM_M: Final = 161.0
_NO_BREAK: Final = "\u00a0"
_BETWEEN: Final = " · "


def distance(c: Canvas, metres: float) -> tuple[str, str]:
    """Figure and unit: metres up to a kilometre, else km; miles in mph gyms from a tenth of a mile."""
    if c.snapshot.units is SpeedUnit.MPH and metres >= _MILES_FROM_M:
        return c.words.number(f"{metres / METRES_PER_MILE:.2f}"), c.t("unit.miles")
    if c.snapshot.units is SpeedUnit.MPH:
        return f"{metres / 0.3048:.0f}", c.t("unit.feet")
    if metres >= 1000:
        return c.words.number(f"{metres / 1000:.2f}"), c.t("unit.kilometres")
    return f"{metres:.0f}", c.t("unit.metres")


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    view = s.summary
    title = c.t("summary.well" if view is None or view.completed else "summary.early")
    closes = ""
    if s.left_s is not None:
        left = max(0, round(s.left_s))
        closes = c.t("unit.seconds", n=left) if m.compact else c.words.count("summary.closes", left)
    frame = widgets.near_frame(c, title, right=closes)
    if view is not None:
        _body(c, frame.body, view)
    other: tuple[str, Intent] | None = None
    if s.has_history:
        other = (c.t("history.short" if m.compact else "history.button"), Intent(IntentKind.HISTORY))
    elif view is not None and view.join:
        other = (c.t("summary.join_short" if m.compact else "summary.join"), Intent(IntentKind.JOIN))
    free = widgets.footer_buttons(c, frame, middle=other, right=(c.t("button.done"), Intent(IntentKind.DONE)))
    if view is not None:
        if view.advice:
            _advice(c, free, c.t("summary.advice_short") if m.compact else view.advice)
        else:
            _remark(c, free, c.t("summary.join_failed") if view.join_failed else scores(c, view))


def _advice(c: Canvas, free: Rect, text: str) -> None:
    """What has to be done now, with the mark of every notice: it is no remark."""
    m = c.m
    side = round(m.body * 1.2)
    mark, words = cut_left(free, side, round(m.body * (0.4 if m.compact else 0.7)))
    c.icon("diamond", Rect(mark.x, mark.centery - side // 2, side, side), theme.AMBER)
    lines = 3 if m.compact else 2
    c.block(text, words, m.body, face=Face.SEMIBOLD, max_lines=lines, least=m.least, balance=True, valign="middle")


def _remark(c: Canvas, free: Rect, text: str) -> None:
    """Left out where it has no room: the scores are known to who gave them."""
    m = c.m
    below = "\n".join(part[:1].upper() + part[1:] for part in text.split(_BETWEEN))
    for words, most, least in ((text, 1, m.small), (below, 2, m.least), (below.replace(_NO_BREAK, " "), 3, m.least)):
        fitted = c.fit(words, free, m.body, max_lines=most, least=least)
        if fitted.whole:
            c.lines(fitted, free, theme.MUTED, valign="middle")
            return


def scores(c: Canvas, view: SummaryView) -> str:
    """Effort and pain, in words; what was not answered is left out."""
    parts = [c.t("follow.summary")] if view.follow else []
    if view.effort is not None:
        parts.append(c.t("summary.effort", n=view.effort))
    if view.pain_before is not None and view.pain_after is not None:
        parts.append(c.t("summary.pain", before=view.pain_before, after=view.pain_after))
    elif view.pain_after is not None:
        parts.append(c.t("summary.pain_after", after=view.pain_after))
    text = _BETWEEN.join(part.replace(" ", _NO_BREAK) for part in parts)  # a line ends between two of them
    return text[:1].upper() + text[1:]


def _body(c: Canvas, body: Rect, view: SummaryView) -> None:
    m, s = c.m, c.snapshot
    gap = m.gap if m.compact else round(m.gap * 1.5)
    value, unit = distance(c, view.distance_m)
    figures = [
        (c.t("summary.time"), clock_text(int(view.walk_s)), ""),
        (c.t("summary.distance"), value, unit),
        (c.t("summary.top"), c.words.speed(view.top_ckmh, s.units), c.t(f"unit.{s.units.name.lower()}")),
    ]
    if view.week_sessions is not None:
        figures.append((c.t("summary.week"), str(view.week_sessions), c.t("summary.of", n=view.week_limit)))
    if m.compact:
        left, right = columns(body, [1, 1.25], round(m.margin * 0.8))
        short = (c.t("summary.time"), c.t("summary.distance"), c.t("summary.top_short"), c.t("summary.week_short"))
        cells = rows(left, [1] * 4, 6)
        widest = max(_figure_width(c, cells[0].height, text, unit) for _, text, unit in figures)
        label_cap = c.common_cap(short, left.width - widest - 3 * m.least, m.small)
        for cell, label, (_, text, unit) in zip(cells, short, figures, strict=False):
            _figure_row(c, cell, label, text, unit, label_cap)
        lower = _next_time_compact(c, right, view)
        charts.speed_chart(
            c,
            Rect(right.x, right.y, right.width, lower - right.y),
            view.speeds,
            view.plan,
            s.units,
            ground=theme.BACKGROUND,
            ahead=False,
        )
        return
    top, below = rows(body, [1, 1.72], gap)
    for cell, (label, text, unit) in zip(columns(top, [1] * len(figures), gap), figures, strict=True):
        fact(c, cell, label, text, unit)
    if view.last:
        chart, walks, side = columns(below, [1.9, 1, 1.05], gap)
        _last_walks(c, walks, view)
    else:
        side, chart = cut_right(below, round(below.width * 0.34), gap)
    room = widgets.card(c, chart)
    head, plot = cut_top(room, round(m.small * 2.4), round(m.height * 0.008))
    _chart_head(c, head)
    charts.speed_chart(c, plot, view.speeds, view.plan, s.units, ahead=False)
    _next_time(c, side, view)


LAST: Final = 6


def _last_walks(c: Canvas, rect: Rect, view: SummaryView) -> None:
    """The last six walks in minutes, this one last."""
    m = c.m
    room = widgets.card(c, rect)
    head, plot = cut_top(room, round(m.small * 2.4), round(m.height * 0.008))
    c.block(c.t("summary.last"), head, m.small, face=Face.BOLD, max_lines=2)
    charts.columns_chart(c, plot, view.last, text=lambda value: f"{value:.0f}", places=LAST)


def _chart_head(c: Canvas, head: Rect) -> None:
    """Title, and what line and blocks mean."""
    m, s = c.m, c.snapshot
    cap = m.small
    title = c.t("summary.chart", unit=c.t(f"unit.{s.units.name.lower()}"))
    box = c.block(title, head, cap, face=Face.BOLD)
    x = head.right
    for text, colour, high in (
        (c.t("summary.planned"), theme.TRACK, round(cap * 0.9)),
        (c.t("summary.walked"), theme.SKY, max(4, cap // 4)),
    ):
        width = c.width(text, cap, Face.REGULAR)
        x -= width
        if x - cap * 2 < box.right:
            return
        c.line(text, (x, box.y), cap, theme.MUTED, face=Face.REGULAR)
        x -= round(cap * 2.2)
        c.fill(Rect(x, box.y + (cap - high) // 2, round(cap * 1.6), high), colour)
        x -= round(cap * 1.4)


def _next_time(c: Canvas, rect: Rect, view: SummaryView) -> None:
    m = c.m
    room = widgets.card(c, rect)
    y = c.block(c.t("summary.next"), room, m.small, theme.SKY, face=Face.BOLD).bottom + round(m.body * 1.15)
    box = c.block(
        view.next_title,
        Rect(room.x, y, room.width, room.bottom - y),
        round(m.title * 0.88),
        face=Face.BOLD,
        least=round(m.body * 1.05),
        max_lines=2 if c.width(view.next_title, round(m.body * 1.05), Face.BOLD) > room.width else 1,
        may_cut=True,
    )
    y = box.bottom + descent_of(m.body) + round(m.body * 0.85)
    c.block(
        view.next_reason,
        Rect(room.x, y, room.width, room.bottom - y),
        m.body,
        theme.MUTED,
        max_lines=5,
        may_cut=True,
    )


def _figure_row(c: Canvas, rect: Rect, label: str, value: str, unit: str, label_cap: int) -> None:
    m = c.m
    c.box(rect, theme.CARD, line=theme.CARD_LINE, radius=m.radius)
    pad = round(m.small * 0.6)
    room = rect.inflate(-2 * pad, 0)
    cap = min(round(m.body * 1.1), round(rect.height * 0.5))
    small = m.least
    right = room.right
    if unit:
        foot = rect.centery + cap // 2 - small
        right = c.line(unit, (right, foot), small, align="right", inside=rect).left - round(small * 0.6)
    c.figure(value, (right, rect.centery - cap // 2), cap, align="right", inside=rect)
    c.line(
        label,
        (room.x, rect.centery - label_cap // 2),
        label_cap,
        theme.MUTED,
        face=Face.REGULAR,
        inside=rect,
    )


def _figure_width(c: Canvas, height: int, value: str, unit: str) -> int:
    cap, small = min(round(c.m.body * 1.1), round(height * 0.5)), c.m.least
    return c.figure_width(value, cap) + (c.width(unit, small, Face.SEMIBOLD) + small if unit else 0)


def _next_time_compact(c: Canvas, rect: Rect, view: SummaryView) -> int:
    m = c.m
    text = c.t("summary.next_line", title=view.next_title)
    two = c.width(text, m.least, Face.SEMIBOLD) > rect.width and rect.height > m.small * 9
    high = round(m.small * 1.9) + (c.pitch(m.small) if two else 0)
    place = Rect(rect.x, rect.bottom - high, rect.width, high)
    c.block(
        text,
        place,
        m.small,
        face=Face.SEMIBOLD,
        least=m.least,
        max_lines=2 if two else 1,
        valign="bottom",
        may_cut=True,
    )
    return place.y - round(m.small * 0.3)
