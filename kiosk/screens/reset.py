"""Staff: what stopped the treadmill, what to check, and the reset. A reset never moves a belt."""

from __future__ import annotations

from pygame import Rect

from kiosk.screens.check import tile_name
from kiosk.screens.safety_stop import family
from kiosk.snapshot import Intent, IntentKind
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_left, cut_top
from kiosk.ui.text import Face, descent_of


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    frame = widgets.near_frame(c, c.t("reset.title"), right="" if m.compact else s.treadmill_label)
    left, right = columns(frame.body, [1.1, 1], m.margin)
    cause = c.t(f"safety_stop.{family(s.cause)}.word") if s.cause is not None else c.t("reset.no_cause")
    head, rest = cut_top(left, round(m.title * (1.6 if m.compact else 2.0)), round(m.height * 0.02))
    side = round(m.title * 1.0)
    mark, words = cut_left(head, side, round(m.title * 0.5))
    c.icon("octagon", Rect(mark.x, mark.centery - side // 2, side, side), theme.RED)
    c.block(cause, words, m.title, face=Face.BOLD, valign="middle", max_lines=2)
    pitch = round((m.small if m.compact else m.body) * 2.3)
    for index, tile in enumerate(s.reset_items):
        row = Rect(rest.x, rest.y + index * pitch, rest.width, pitch)
        if row.bottom > rest.bottom + 4:
            break
        key = f"reset.item.{tile_name(tile.key)}"
        text = c.t(key) if c.words.has(key) else c.t(tile.key)
        widgets.tile_row(c, row, text, tile.state)
        if tile.tap:
            c.target(row, Intent(IntentKind.TICK, index))
    room = widgets.card(c, right)
    y = room.y
    for note in (c.t(f"reset.how.{family(s.cause)}"), *s.notes):
        place = Rect(room.x, y, room.width, room.bottom - y)
        if place.height < m.small * 1.4:
            break
        box = c.block(note, place, m.small if m.compact else m.body, max_lines=6, may_cut=True)
        y = box.bottom + descent_of(m.body) + round(m.body * 0.9)
    ready = s.can_confirm
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.back"), Intent(IntentKind.BACK)),
        right=(c.t("reset.confirm"), Intent(IntentKind.CONFIRM)) if ready else None,
    )
