"""The desk's report as a page and as a picture: use by hour, sessions a week, stops by cause, caps.

The page is one HTML file with its charts inside as SVG: it opens anywhere, prints, and fetches nothing.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pygame
from pygame import Rect

from kiosk.assets import assets_directory
from kiosk.staff.caps import speed_words, with_defaults
from kiosk.store.reports import Report
from kiosk.ui import theme

PICTURE: Final = (1600, 1000)


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar chart. *across*: bars lie, names beside them; else they stand, every *named*th with its name."""

    title: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    across: bool = False
    named: int = 1


def _words(key: str) -> str:
    return key.replace("_", " ") or "unknown"


def day_text(utc_ms: int) -> str:
    """A day in the machine's time zone, as people write it."""
    return datetime.fromtimestamp(utc_ms / 1000).astimezone().strftime("%-d %B %Y")


def charts_of(report: Report) -> tuple[Bars, ...]:
    """The four charts."""
    hours = [hour for hour, count in enumerate(report.by_hour) if count]
    first, last = (min(hours[0], 6), max(hours[-1], 21)) if hours else (6, 21)
    shown = range(first, last + 1)
    return (
        Bars(
            "Sessions a week",
            tuple(week.monday.strftime("%-d %b") for week in report.weeks),
            tuple(week.sessions for week in report.weeks),
            named=-(-len(report.weeks) // 8),
        ),
        Bars(
            "Sessions by hour of day",
            tuple(str(hour) for hour in shown),
            tuple(report.by_hour[hour] for hour in shown),
        ),
        Bars(
            "Sessions that ended early, by cause",
            tuple(_words(cause) for cause, _ in report.stops[:8]),
            tuple(count for _, count in report.stops[:8]),
            across=True,
        ),
        Bars(
            "Sessions by program",
            tuple(program for program, _ in report.programs[:12]),
            tuple(count for _, count in report.programs[:12]),
        ),
    )


def sums_of(report: Report) -> tuple[tuple[str, str], ...]:
    """The figures above the charts: what, how much."""
    done = f"{100 * report.completed / report.sessions:.0f} %" if report.sessions else "-"
    return (
        ("sessions", str(report.sessions)),
        ("completed", done),
        ("members", str(report.members)),
        ("guest sessions", str(report.guests)),
        ("hours walked", f"{report.walk_s / 3600:.1f}"),
        ("kilometres", f"{report.distance_m / 1000:.1f}"),
    )


# ------------------------------------------------------------------------------------------------- page

_STYLE: Final = """
body { background: #0B1320; color: #F5F7FA; font: 16px/1.5 "Atkinson Hyperlegible Next", sans-serif;
  margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
h1 { margin: 0 } p { color: #B8C4D6; margin: .2rem 0 1.5rem }
dl { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 0 0 2rem }
dt { color: #B8C4D6 } dd { font-size: 2rem; margin: 0 }
main { display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)) }
section { background: #121F36; border-radius: 12px; padding: 1rem 1.5rem }
h2 { font-size: 1.1rem; margin: 0 0 .5rem }
svg { display: block; width: 100% } svg text { fill: #B8C4D6; font-size: 12px }
table { border-collapse: collapse; width: 100% }
td, th { padding: .2rem .6rem .2rem 0; text-align: left } th { color: #B8C4D6; font-weight: normal }
@media print { body { background: #fff; color: #000 } section { background: #fff; border: 1px solid #999 }
  dt, p, th { color: #333 } svg text { fill: #333 } }
"""
_WIDE: Final = 560
_HIGH: Final = 200


def _svg(bars: Bars) -> str:
    if not bars.values:
        return "<p>None in this time.</p>"
    most = max(*bars.values, 1)
    parts: list[str] = []
    if bars.across:
        high = 26 * len(bars.values)
        for index, (name, value) in enumerate(zip(bars.names, bars.values, strict=True)):
            y, wide = 26 * index, (_WIDE - 210) * value / most
            parts.append(f'<text x="0" y="{y + 16}">{html.escape(name)}</text>')
            parts.append(f'<rect x="150" y="{y + 3}" width="{max(wide, 1):.1f}" height="18" rx="3" fill="#F0C400"/>')
            parts.append(f'<text x="{156 + wide:.1f}" y="{y + 16}">{value:g}</text>')
    else:
        high = _HIGH
        step = _WIDE / len(bars.values)
        for index, (name, value) in enumerate(zip(bars.names, bars.values, strict=True)):
            tall = (_HIGH - 50) * value / most
            x, middle = index * step + step * 0.12, (index + 0.5) * step
            top = _HIGH - 24 - tall
            box = f'x="{x:.1f}" y="{top:.1f}" width="{step * 0.76:.1f}" height="{tall:.1f}"'
            parts.append(f'<rect {box} rx="3" fill="#56B4E9"/>')
            if value:
                parts.append(f'<text x="{middle:.1f}" y="{top - 5:.1f}" text-anchor="middle">{value:g}</text>')
            if index % bars.named == 0:
                parts.append(
                    f'<text x="{middle:.1f}" y="{_HIGH - 6}" text-anchor="middle">{html.escape(name)}</text>'
                )
    label = html.escape(bars.title)
    return f'<svg viewBox="0 0 {_WIDE} {high}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def page(report: Report, gym: str) -> str:
    """The whole report as one HTML file."""
    caps = "".join(
        f"<tr><td>{html.escape(f'{cap.scope} {_cap_key(cap.scope, cap.key)}'.strip())}</td>"
        f"<td>{html.escape(speed_words(cap.speed_ckmh))}</td><td>{html.escape(cap.set_by)}</td>"
        f"<td>{html.escape(cap.reason)}</td></tr>"
        for cap in with_defaults(report.caps)
        if cap.scope != "member"
    )
    none = "<tr><td>None in this time.</td></tr>"
    members = sum(cap.scope == "member" for cap in report.caps)
    faults = "".join(f"<tr><td>{html.escape(_words(cause))}</td><td>{n}</td></tr>" for cause, n in report.faults)
    sums = "".join(f"<div><dt>{what}</dt><dd>{how_much}</dd></div>" for what, how_much in sums_of(report))
    charts = "".join(
        f"<section><h2>{html.escape(bars.title)}</h2>{_svg(bars)}</section>" for bars in charts_of(report)
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Retro Walk, {html.escape(gym)}</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(gym)}</h1>"
        f"<p>Backward walking from {day_text(report.since_ms)} to {day_text(report.until_ms)}</p>"
        f"<dl>{sums}</dl><main>{charts}"
        f"<section><h2>Caps</h2><table><tr><th>of</th><th>at most</th><th>set by</th><th>why</th></tr>{caps}</table>"
        f"<p>Besides, {members} members have caps of their own.</p></section>"
        f"<section><h2>Faults in the log</h2><table>{faults or none}</table></section>"
        "</main></html>\n"
    )


def _cap_key(scope: str, key: str) -> str:
    if scope == "incline":
        return f"from {int(key) / 10:g} %"
    return f"1-{key}" if scope == "visits" else key


# ------------------------------------------------------------------------------------------------- picture


class _Pen:
    """Text and bars on a surface."""

    def __init__(self, surface: pygame.Surface) -> None:
        self.surface: Final = surface
        self._fonts: Final[dict[tuple[int, bool], pygame.font.Font]] = {}

    def text(
        self,
        words: str,
        at: tuple[int, int],
        size: int,
        colour: theme.Colour,
        *,
        bold: bool = False,
        anchor: str = "topleft",
    ) -> Rect:
        """*words* with the point *anchor* of their box at *at*."""
        font = self._fonts.get((size, bold))
        if font is None:
            name = f"AtkinsonHyperlegibleNext-{700 if bold else 400}.ttf"
            font = pygame.font.Font(str(assets_directory() / "fonts" / name), size)
            self._fonts[size, bold] = font
        drawn = font.render(words, True, colour)
        return self.surface.blit(drawn, drawn.get_rect(**{anchor: at}))

    def bar(self, rect: Rect, colour: theme.Colour) -> None:
        pygame.draw.rect(self.surface, colour, rect, border_radius=min(5, rect.width // 3, max(rect.height // 3, 0)))


def _draw(pen: _Pen, bars: Bars, card: Rect) -> None:
    pygame.draw.rect(pen.surface, theme.CARD, card, border_radius=14)
    pen.text(bars.title, (card.x + 28, card.y + 22), 26, theme.TEXT, bold=True)
    inner = Rect(card.x + 28, card.y + 80, card.width - 56, card.height - 104)
    if not bars.values:
        pen.text("None in this time.", inner.topleft, 22, theme.MUTED)
        return
    most = max(*bars.values, 1)
    if bars.across:
        step = min(44, inner.height // len(bars.values))
        for index, (name, value) in enumerate(zip(bars.names, bars.values, strict=True)):
            y = inner.y + index * step
            pen.text(name, (inner.x, y + step // 2), 20, theme.MUTED, anchor="midleft")
            wide = max(2, round((inner.width - 300) * value / most))
            pen.bar(Rect(inner.x + 230, y + 5, wide, step - 10), theme.AMBER)
            pen.text(f"{value:g}", (inner.x + 240 + wide, y + step // 2), 20, theme.TEXT, anchor="midleft")
        return
    room = inner.width / len(bars.values)
    ground = inner.bottom - 30
    for index, (name, value) in enumerate(zip(bars.names, bars.values, strict=True)):
        tall = round((inner.height - 64) * value / most)
        middle = round(inner.x + (index + 0.5) * room)
        pen.bar(Rect(round(middle - room * 0.38), ground - tall, max(2, round(room * 0.76)), tall), theme.SKY)
        if value:
            pen.text(f"{value:g}", (middle, ground - tall - 4), 18, theme.TEXT, anchor="midbottom")
        if index % bars.named == 0:
            pen.text(name, (middle, ground + 6), 18, theme.MUTED, anchor="midtop")


def write_picture(report: Report, gym: str, path: Path) -> None:
    """The report as a PNG; no window is opened. Raises OSError if it cannot be written."""
    pygame.font.init()
    surface = pygame.Surface(PICTURE)
    surface.fill(theme.BACKGROUND)
    pen = _Pen(surface)
    pen.text(gym, (48, 32), 40, theme.TEXT, bold=True)
    span = f"Backward walking from {day_text(report.since_ms)} to {day_text(report.until_ms)}"
    pen.text(span, (48, 86), 24, theme.MUTED)
    for index, (what, how_much) in enumerate(sums_of(report)):
        x = 48 + index * (PICTURE[0] - 96) // 6
        pen.text(how_much, (x, 136), 48, theme.TEXT, bold=True)
        pen.text(what, (x, 194), 22, theme.MUTED)
    wide, high = (PICTURE[0] - 96 - 32) // 2, (PICTURE[1] - 250 - 48 - 32) // 2
    for index, bars in enumerate(charts_of(report)):
        row, column = divmod(index, 2)
        _draw(pen, bars, Rect(48 + column * (wide + 32), 250 + row * (high + 32), wide, high))
    try:
        pygame.image.save(surface, str(path))
    except pygame.error as error:
        raise OSError(0, str(error), str(path)) from error
