"""Guest or member, and how this visit sounds and reads."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_bottom, cut_top, inset
from kiosk.ui.text import Face, Fitted

_VOLUMES = (1, 2, 3)


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    frame = widgets.near_frame(c, c.t("who.title"))
    m, s = c.m, c.snapshot
    body = frame.body
    if m.compact:
        cells = columns(frame.footer, [1, 1.15, 1.15], m.gap)
        widgets.button(c, cells[0], c.t("button.leave"), Intent(IntentKind.CANCEL), max_lines=1)
        following = (s.languages.index(s.language) + 1) % len(s.languages) if s.language in s.languages else 0
        widgets.button(
            c, cells[1], _language_name(c, s.language), Intent(IntentKind.LANGUAGE, following), max_lines=1
        )
        _volume(c, cells[2], Intent(IntentKind.VOLUME, s.volume % len(_VOLUMES) + 1), s.volume)
    else:
        widgets.footer_buttons(c, frame, left=(c.t("button.leave"), Intent(IntentKind.CANCEL)))
        high = round(m.touch * 1.2)
        choices, body = cut_bottom(body, high + round(m.small * 2.4), round(m.height * 0.05))
        _settings(c, choices)
    cards = columns(body, [1, 1], max(m.gap, m.margin // 2))
    guest = (c.t("who.guest"), c.t("who.guest_help"))
    member = (c.t("who.code"), c.t("who.code_help"))
    highest = 0 if m.compact else max(_high(c, _room(c, cards[0]), *words) for words in (guest, member))
    _choice(c, cards[0], "person", *guest, Intent(IntentKind.GUEST), highest)
    _choice(c, cards[1], "digits", *member, Intent(IntentKind.HAVE_CODE), highest)


def _room(c: Canvas, card: Rect) -> Rect:
    pad = round(c.m.height * (0.035 if c.m.compact else 0.06))
    return inset(card, pad, round(pad * 0.9))


def _fitted(c: Canvas, room: Rect, title: str, text: str) -> tuple[Fitted, Fitted]:
    m = c.m
    head = c.fit(title, room, round(m.title * 1.15), face=Face.BOLD, max_lines=2)
    return head, c.fit(text, room, m.body, max_lines=3, balance=True)


def _gaps(c: Canvas) -> tuple[int, int, int]:
    """Side of the icon, and what is free below it and below the title."""
    return round(c.m.title * 2.9), round(c.m.height * 0.045), round(round(c.m.title * 1.15) * 0.9)


def _high(c: Canvas, room: Rect, title: str, text: str) -> int:
    head, helping = _fitted(c, room, title, text)
    return sum(_gaps(c)) + head.height + helping.height


def _choice(c: Canvas, rect: Rect, icon: str, title: str, text: str, intent: Intent, highest: int) -> None:
    """One card. *highest*: of both cards' contents, so that icon and title of both stand on the same lines."""
    m = c.m
    c.box(rect, theme.BUTTON, line=theme.BUTTON_LINE)
    c.target(rect, intent)
    room = _room(c, rect)
    if m.compact:
        pad = room.x - rect.x
        side = round(m.title * 1.3)
        mark, words = cut_top(room, side, round(m.height * 0.03))
        c.icon(icon, Rect(mark.x, mark.y, side, side), theme.SKY)
        head = Rect(mark.x + side + pad // 2, mark.y, room.width - side - pad // 2, side)
        c.block(title, head, m.body, face=Face.BOLD, valign="middle", max_lines=2, least=m.least)
        c.block(text, words, m.body, theme.MUTED, max_lines=4, least=m.least)
        return
    side, below_icon, below_title = _gaps(c)
    fitted, helping = _fitted(c, room, title, text)
    y = room.y + max(0, (room.height - highest) // 2)
    c.icon(icon, Rect(room.x, y, side, side), theme.SKY)
    y += side + below_icon
    box = c.lines(fitted, Rect(room.x, y, room.width, room.bottom - y), theme.TEXT, face=Face.BOLD)
    y = box.bottom + below_title
    c.lines(helping, Rect(room.x, y, room.width, rect.bottom - y), theme.MUTED)


_OWN_NAMES: Final = {"en": "English", "es": "Español", "de": "Deutsch"}
"""Each in its own language: whoever looks for it can read it."""


def _language_name(c: Canvas, language: str) -> str:
    known = c.ui.catalogues.get(language)
    return known("language.name") if known is not None else _OWN_NAMES.get(language, language)


def _settings(c: Canvas, rect: Rect) -> None:
    m, s = c.m, c.snapshot
    left, right = columns(rect, [max(1, len(s.languages)), len(_VOLUMES) * 0.8], m.margin * 2)
    for place, label in ((left, c.t("who.language")), (right, c.t("who.volume"))):
        c.block(label, Rect(place.x, place.y, place.width, round(m.small * 1.8)), m.small, theme.MUTED)
    row = cut_bottom(left, round(m.touch * 1.2))[0]
    for index, (language, cell) in enumerate(
        zip(s.languages, columns(row, [1] * len(s.languages), m.gap), strict=True)
    ):
        style = widgets.PRIMARY if language == s.language else widgets.PLAIN
        widgets.button(c, cell, _language_name(c, language), Intent(IntentKind.LANGUAGE, index), style, max_lines=1)
    row = cut_bottom(right, round(m.touch * 1.2))[0]
    for volume, cell in zip(_VOLUMES, columns(row, [1] * len(_VOLUMES), m.gap), strict=True):
        _volume(c, cell, Intent(IntentKind.VOLUME, volume), volume, chosen=volume == s.volume)


def _volume(c: Canvas, cell: Rect, intent: Intent, volume: int, *, chosen: bool = False) -> None:
    """A speaker and one, two or three bars."""
    style = widgets.PRIMARY if chosen else widgets.PLAIN
    c.box(cell, style.fill, line=style.line)
    c.target(cell, intent)
    high = round(cell.height * 0.46)
    bar = max(6, round(high * 0.24))
    step = round(bar * 1.7)
    total = high + bar + step * (len(_VOLUMES) - 1) + bar
    mark = Rect(cell.centerx - total // 2, cell.centery - high // 2, high, high)
    c.icon("speaker", mark, style.text)
    for index in _VOLUMES:
        loud = index <= volume
        tall = round(high * (0.4 + 0.2 * index)) if loud else max(4, bar // 2)
        c.fill(
            Rect(mark.right + bar + (index - 1) * step, mark.bottom - tall, bar, tall),
            style.text if loud or chosen else theme.IDLE,
        )
