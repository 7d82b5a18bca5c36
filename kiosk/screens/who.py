"""Guest or member, and how this visit sounds and reads."""

from __future__ import annotations

from pygame import Rect

from kiosk.snapshot import Intent, IntentKind
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_bottom, cut_left, cut_top, inset
from kiosk.ui.text import Face, descent_of

_VOLUMES = (1, 2, 3)


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    frame = widgets.near_frame(c, c.t("who.title"))
    m, s = c.m, c.snapshot
    body = frame.body
    if m.compact:
        cells = columns(frame.footer, [1, 1.15, 1.15], m.gap)
        widgets.button(c, cells[0], c.t("button.cancel"), Intent(IntentKind.CANCEL), max_lines=1)
        following = (s.languages.index(s.language) + 1) % len(s.languages) if s.language in s.languages else 0
        widgets.button(
            c, cells[1], _language_name(c, s.language), Intent(IntentKind.LANGUAGE, following), max_lines=1
        )
        _volume(c, cells[2], Intent(IntentKind.VOLUME, s.volume % len(_VOLUMES) + 1), s.volume)
    else:
        free = widgets.footer_buttons(c, frame, left=(c.t("button.cancel"), Intent(IntentKind.CANCEL)))
        del free
        choices, body = cut_bottom(body, m.touch + round(m.small * 2.6), round(m.height * 0.05))
        _settings(c, choices)
    guest, member = columns(body, [1, 1], max(m.gap, m.margin // 2))
    _choice(c, guest, "person", c.t("who.guest"), c.t("who.guest_help"), Intent(IntentKind.GUEST))
    _choice(c, member, "digits", c.t("who.code"), c.t("who.code_help"), Intent(IntentKind.HAVE_CODE))


def _choice(c: Canvas, rect: Rect, icon: str, title: str, text: str, intent: Intent) -> None:
    m = c.m
    c.box(rect, theme.BUTTON, line=theme.BUTTON_LINE)
    c.target(rect, intent)
    pad = round(m.height * (0.035 if m.compact else 0.045))
    room = inset(rect, pad, pad)
    side = round(m.title * (1.3 if m.compact else 2.2))
    mark, words = cut_top(room, side, round(m.height * (0.02 if m.compact else 0.04)))
    c.icon(icon, Rect(mark.x, mark.y, side, side), theme.SKY)
    if m.compact:
        head = Rect(mark.x + side + pad // 2, mark.y, room.width - side - pad // 2, side)
        c.block(title, head, m.body, face=Face.BOLD, valign="middle", max_lines=2)
        c.block(text, words, m.small, theme.MUTED, max_lines=3, least=round(m.small * 0.8))
        return
    box = c.block(title, words, round(m.title * 1.05), face=Face.BOLD, max_lines=2)
    y = box.bottom + descent_of(m.title) + round(m.body * 0.9)
    c.block(text, Rect(words.x, y, words.width, words.bottom - y), m.body, theme.MUTED, max_lines=3)


def _language_name(c: Canvas, language: str) -> str:
    return c.ui.catalogue(language)("language.name")


def _settings(c: Canvas, rect: Rect) -> None:
    m, s = c.m, c.snapshot
    left, right = columns(rect, [max(1, len(s.languages)), len(_VOLUMES) * 0.8], m.margin * 2)
    for place, label in ((left, c.t("who.language")), (right, c.t("who.volume"))):
        c.block(label, Rect(place.x, place.y, place.width, round(m.small * 1.8)), m.small, theme.MUTED)
    row = cut_bottom(left, m.touch)[0]
    for index, (language, cell) in enumerate(
        zip(s.languages, columns(row, [1] * len(s.languages), m.gap), strict=True)
    ):
        style = widgets.PRIMARY if language == s.language else widgets.PLAIN
        widgets.button(c, cell, _language_name(c, language), Intent(IntentKind.LANGUAGE, index), style, max_lines=1)
    row = cut_bottom(right, m.touch)[0]
    for volume, cell in zip(_VOLUMES, columns(row, [1] * len(_VOLUMES), m.gap), strict=True):
        _volume(c, cell, Intent(IntentKind.VOLUME, volume), volume, chosen=volume == s.volume)


def _volume(c: Canvas, cell: Rect, intent: Intent, volume: int, *, chosen: bool = False) -> None:
    """A speaker and one, two or three bars."""
    style = widgets.PRIMARY if chosen else widgets.PLAIN
    c.box(cell, style.fill, line=style.line)
    c.target(cell, intent)
    high = round(cell.height * 0.42)
    bar = max(5, round(high * 0.2))
    mark, rest = cut_left(Rect(0, 0, high, high), high)
    del rest
    total = high + bar * 2 + bar * 2 * len(_VOLUMES)
    left = cell.centerx - total // 2
    mark.topleft = (left, cell.centery - high // 2)
    c.icon("speaker", mark, style.text)
    for index in _VOLUMES:
        tall = round(high * (0.3 + 0.23 * index))
        x = left + high + bar + (index - 1) * 2 * bar
        colour = style.text if index <= volume else (theme.IDLE if not chosen else theme.BUTTON_LINE)
        part = Rect(x, mark.bottom - tall, bar, tall)
        if index <= volume:
            c.fill(part, colour)
        else:
            c.fill(Rect(part.x, part.bottom - max(3, bar // 2), part.width, max(3, bar // 2)), colour)
