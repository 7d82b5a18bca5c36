"""The safety check: what the guard sees itself, the clip pulled and closed, and what only a person can see."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from kiosk.intents import Intent, IntentKind, TileState
from kiosk.snapshot import Tile
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate
from kiosk.ui.layout import columns
from kiosk.ui.text import Face, descent_of

PICTURES: Final = {
    "clip_pull": "clip_pull",
    "clip_close": "clip_close",
    "clip_on": "clip_waist",
    "red": "release",
    "area": "area",
    "shoes": "shoes",
    "link": "link_wait",
    "still": "straddle",
    "flat": "flat",
    "key": "machine_key",
    "amber": "amber_button",
    "staff": "staff",
}


def tile_name(key: str) -> str:
    """The part of a tile's catalogue key that names it."""
    return key.rpartition(".")[2]


def tile_text(c: Canvas, tile: Tile, part: str) -> str:
    """What a tile is called (``name``, ``short``), asks to ``do`` or explains (``help``); empty if it has none."""
    key = f"check.{tile_name(tile.key)}.{part}"
    if c.words.has(key):
        return c.t(key)
    return c.t(tile.key) if part in ("name", "short", "do") else ""


def active_tile(tiles: tuple[Tile, ...]) -> tuple[int, Tile] | None:
    """What is to be done now: a failed tile before an active one."""
    for wanted in (TileState.FAILED, TileState.ACTIVE):
        for index, tile in enumerate(tiles):
            if tile.state is wanted:
                return index, tile
    return None


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    title = s.card.title if s.card is not None else c.t("check.title")
    done = sum(tile.state is TileState.DONE for tile in s.tiles)
    frame = widgets.near_frame(
        c,
        "" if m.compact else title,
        right="" if m.compact else c.t("check.step", n=done, m=len(s.tiles)),
        quiet=True,
        outside=True,
    )
    now = active_tile(s.tiles)
    body = frame.body.union(frame.header) if m.compact else frame.body
    if m.compact:
        list_side, do_side = columns(body, [1, 1.35], round(m.margin * 0.8))
    else:
        do_side, picture = columns(body, [1.5, 1], m.margin)
    if now is None:
        do, helping, art = c.t("check.all_done"), c.t("check.all_done_help"), "straddle"
    else:
        do, helping = tile_text(c, now[1], "do"), tile_text(c, now[1], "help")
        art = PICTURES.get(tile_name(now[1].key), "")
    if m.compact:
        _checklist(c, list_side, s.tiles)
        box = c.block(do, do_side, m.title, face=Face.DISPLAY, least=m.least, max_lines=3)
        y = box.bottom + descent_of(m.title) + round(m.height * 0.025)
        room = Rect(do_side.x, y, do_side.width, do_side.bottom - y)
        if art and room.height > m.height * 0.2:
            illustrate(c, art, room)
    else:
        if art:
            illustrate(c, art, Rect(picture.x, picture.y, picture.width, round(picture.height * 0.96)))
        cap = round(m.headline * 1.1)
        head = Rect(do_side.x, do_side.y, do_side.width, round(do_side.height * 0.36))
        box = c.block(do, head, cap, face=Face.DISPLAY, least=m.title, max_lines=2, balance=True)
        y = box.bottom + round(cap * 0.72)
        box = c.block(
            helping,
            Rect(do_side.x, y, do_side.width, round(do_side.height * 0.2)),
            round(m.body * 1.08),
            theme.MUTED,
            max_lines=2,
            balance=True,
        )
        rows_high = _rows_height(c, len(s.tiles))
        top = max(box.bottom + round(m.body * 1.6), do_side.bottom - rows_high)
        _checklist(c, Rect(do_side.x, top, do_side.width, do_side.bottom - top), s.tiles)
    right = None
    if now is not None and now[1].tap:
        right = (c.t(f"check.{tile_name(now[1].key)}.tap"), Intent(IntentKind.TICK, now[0]))
    widgets.footer_buttons(c, frame, left=(c.t("button.leave"), Intent(IntentKind.CANCEL)), right=right)


def _rows_height(c: Canvas, count: int) -> int:
    pitch = round(c.m.body * (2.3 if count <= 6 else 2.0))
    return pitch * ((count + 1) // 2 if count > 6 else count)


def _checklist(c: Canvas, rect: Rect, tiles: tuple[Tile, ...]) -> None:
    """One column, or two on a large panel when there are many."""
    if not tiles:
        return
    split = not c.m.compact and len(tiles) > 6
    halves = columns(rect, [1, 1], c.m.margin // 2) if split else [rect]
    per = (len(tiles) + 1) // 2 if split else len(tiles)
    pitch = min(round(c.m.body * 2.3), rect.height // per)
    texts = [tile_text(c, tile, "short" if c.m.compact else "name") for tile in tiles]
    cap = widgets.tile_cap(c, texts, halves[0].width, pitch)
    for index, (tile, text) in enumerate(zip(tiles, texts, strict=True)):
        column = halves[index // per]
        row = Rect(column.x, rect.y + (index % per) * pitch, column.width, pitch)
        widgets.tile_row(c, row, text, tile.state, cap)
