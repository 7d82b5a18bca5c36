"""Staff: what stopped the treadmill, what to check, and the reset. A reset never moves a belt."""

from __future__ import annotations

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.screens.check import tile_name
from kiosk.screens.safety_stop import family
from kiosk.snapshot import Tile
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_left, cut_top
from kiosk.ui.text import Face, descent_of


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    cause = c.t(f"cause.{s.cause.value}") if s.cause is not None else c.t("reset.no_cause")
    if m.compact:
        frame = widgets.near_frame(c, cause)
        left, right = frame.body, None
    else:
        frame = widgets.near_frame(c, c.t("reset.title"), right=s.treadmill_label, quiet=True)
        left, right = columns(frame.body, [1.05, 1], m.margin)
        head, left = cut_top(left, round(m.title * 1.5), round(m.height * 0.045))
        side = round(m.title * 1.05)
        mark, words = cut_left(head, side, round(m.title * 0.55))
        c.icon("octagon", Rect(mark.x, mark.y, side, side), theme.RED)
        c.block(cause, Rect(words.x, mark.y, words.width, side), m.title, face=Face.BOLD, valign="middle")
    _items(c, left, s.reset_items)
    if right is not None:
        _notes(c, right)
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.back"), Intent(IntentKind.BACK)),
        right=(c.t("reset.confirm"), Intent(IntentKind.CONFIRM)) if s.can_confirm else None,
    )


def _items(c: Canvas, rect: Rect, items: tuple[Tile, ...]) -> None:
    """The checklist. What only a person can see is a button; a small panel puts these beside the rest."""
    if not items:
        return
    m = c.m
    seen = [(index, tile) for index, tile in enumerate(items) if tile.tap]
    measured = [(index, tile) for index, tile in enumerate(items) if not tile.tap]
    if m.compact:
        buttons, rows_rect = columns(rect, [1, 1], m.gap) if seen else (rect, rect)
    else:
        buttons, rows_rect = (
            cut_top(rect, len(seen) * (m.touch + m.gap), round(m.gap * 0.5)) if seen else (rect, rect)
        )
    texts = [_text(c, tile) for tile in items]
    pitch = round(m.body * 2.4)
    if measured:
        pitch = min(pitch, rows_rect.height // len(measured))
    cap = widgets.tile_cap(c, texts, min(buttons.width, rows_rect.width) - 2 * m.small, pitch)
    for row, (index, tile) in enumerate(seen):
        place = Rect(buttons.x, buttons.y + row * (m.touch + m.gap), buttons.width, m.touch)
        c.box(place, theme.BUTTON, line=theme.BUTTON_LINE)
        c.target(place, Intent(IntentKind.TICK, index))
        widgets.tile_row(c, place.inflate(-2 * m.small, 0), texts[index], tile.state, cap)
    for row, (index, tile) in enumerate(measured):
        place = Rect(rows_rect.x, rows_rect.y + row * pitch, rows_rect.width, pitch)
        widgets.tile_row(c, place, texts[index], tile.state, cap)


def _text(c: Canvas, tile: Tile) -> str:
    key = f"reset.item.{tile_name(tile.key)}"
    return c.t(key) if c.words.has(key) else c.t(tile.key)


def _notes(c: Canvas, rect: Rect) -> None:
    """How to go about it, and what the session has to say."""
    m, s = c.m, c.snapshot
    room = widgets.card(c, rect)
    y = room.y
    for index, note in enumerate((c.t(f"reset.how.{family(s.cause)}"), *s.notes)):
        place = Rect(room.x, y, room.width, room.bottom - y)
        if place.height < m.body * 1.5:
            break
        ink = theme.TEXT if index == 0 else theme.MUTED
        box = c.block(note, place, m.body, ink, max_lines=6, may_cut=index > 0)
        y = box.bottom + descent_of(m.body) + round(m.body * 1.2)
