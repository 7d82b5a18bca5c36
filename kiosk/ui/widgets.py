"""What near screens are made of: header, buttons, tiles, keypad, scores. No state, no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pygame import SRCALPHA, Rect, Surface

from kiosk.intents import Intent, IntentKind, TileState
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import columns, cut_bottom, cut_left, cut_right, cut_top, grid, inset
from kiosk.ui.pen import Pen, opaque
from kiosk.ui.text import Face, descent_of
from kiosk.ui.theme import Colour

WORDMARK: Final = "Retro Walk"


@dataclass(frozen=True, slots=True)
class ButtonStyle:
    """Colours of a button."""

    fill: Colour
    line: Colour | None
    text: Colour


PRIMARY: Final = ButtonStyle(theme.SKY, None, theme.INK)
PLAIN: Final = ButtonStyle(theme.BUTTON, theme.BUTTON_LINE, theme.TEXT)
STOP: Final = ButtonStyle(theme.RED_FILL, None, theme.TEXT)
FAINT: Final = ButtonStyle(theme.BACKGROUND, theme.BUTTON_LINE, theme.MUTED)
QUIET: Final = ButtonStyle(theme.STOP_BACKGROUND, theme.STOP_MUTED, theme.TEXT)


def button(
    c: Canvas,
    rect: Rect,
    label: str,
    intent: Intent,
    style: ButtonStyle = PLAIN,
    *,
    cap: int | None = None,
    icon: str | None = None,
    key: bool = False,
    max_lines: int = 2,
) -> None:
    """A labelled place to touch; *icon* stands left of the label, or alone if there is no label."""
    c.box(rect, style.fill, line=style.line)
    c.target(rect, intent, key=key)
    cap = min(cap or c.m.body, max(c.m.least, rect.height // 3))
    room = inset(rect, max(8, min(rect.height // 7, rect.width // 12)), max(4, rect.height // 12))
    if icon is None:
        c.block(
            label,
            room,
            cap,
            style.text,
            face=Face.BOLD,
            max_lines=max_lines,
            align="center",
            valign="middle",
            balance=True,
        )
        return
    if not label:
        side = min(round(cap * 1.7), rect.height // 2)
        c.icon(icon, Rect(rect.centerx - side // 2, rect.centery - side // 2, side, side), style.text)
        return
    side = round(cap * 1.15)
    gap = round(cap * 0.6)
    fitted = c.fit(label, Rect(0, 0, room.width - side - gap, room.height), cap, face=Face.BOLD, max_lines=max_lines)
    wide = max(c.width(line, fitted.cap_px, Face.BOLD) for line in fitted.lines)
    left = rect.centerx - (side + gap + wide) // 2
    c.icon(icon, Rect(left, rect.centery - side // 2, side, side), style.text)
    c.lines(
        fitted,
        Rect(left + side + gap, room.y, rect.right - left - side - gap - 4, room.height),
        style.text,
        face=Face.BOLD,
        valign="middle",
    )


@dataclass(frozen=True, slots=True)
class NearFrame:
    """The parts of a near screen."""

    header: Rect
    body: Rect
    footer: Rect


def footer_height(c: Canvas) -> int:
    """How high the buttons at the bottom are."""
    return max(c.m.touch, round(c.m.height * (0.15 if c.m.compact else 0.1)))


def near_frame(
    c: Canvas,
    title: str,
    *,
    right: str = "",
    footer: bool = True,
    quiet: bool = False,
    outside: bool = False,
    ground: Colour = theme.BACKGROUND,
) -> NearFrame:
    """Ground, title line, standing notice; returns where the screen's own things go.

    *quiet*: the title only says where one is; the screen has a headline of its own. *outside*: the title is a name
    from outside and may be cut.
    """
    c.clear(ground)
    m = c.m
    outer = inset(c.content, m.margin, round(m.height * (0.03 if m.compact else 0.05)))
    if c.snapshot.banner:
        outer = notice(c, outer)
    header, body = cut_top(outer, round(m.title * 1.25), round(m.height * (0.03 if m.compact else 0.042)))
    room = header
    if right:
        width = min(header.width // 2, c.width(right, m.small, Face.REGULAR) + 4)
        side, room = cut_right(header, width, m.gap)
        c.block(right, side, m.small, theme.MUTED, face=Face.REGULAR, align="right", valign="middle", may_cut=True)
    if title and quiet:
        c.block(title, room, m.body, theme.MUTED, valign="middle", may_cut=outside)
    elif title:
        c.block(title, room, round(m.title * 0.86), face=Face.BOLD, valign="middle", may_cut=outside)
    bar = Rect(body.x, body.bottom, body.width, 0)
    if footer:
        bar, body = cut_bottom(body, footer_height(c), max(m.gap, round(m.height * 0.036)))
    return NearFrame(header, body, bar)


def notice(c: Canvas, outer: Rect) -> Rect:
    """The standing notice for staff along the top; returns what is left below it."""
    m = c.m
    strip, rest = cut_top(outer, round(m.small * 2.3), round(m.height * 0.018))
    c.box(strip, theme.AMBER_BACKGROUND, line=theme.AMBER)
    room = inset(strip, round(m.small * 0.9), 2)
    mark, words = cut_left(room, round(m.small * 1.2), round(m.small * 0.7))
    c.icon("diamond", mark, theme.AMBER)
    key = c.snapshot.banner
    own = f"notice.{key.rpartition('.')[2]}.{'short' if m.compact else 'long'}"
    text = c.t(own, distance=c.words.number(f"{c.m.distance_m:g}")) if c.words.has(own) else c.t(key)
    c.block(text, words, m.small, theme.AMBER_MUTED, face=Face.SEMIBOLD, valign="middle", least=m.least)
    return rest


def button_width(c: Canvas, label: str, *, share: float = 0.18) -> int:
    """How wide a footer button is for *label*."""
    wide = c.width(label, c.m.body, Face.BOLD) + round(c.m.body * (1.8 if c.m.compact else 3))
    return max(round(c.m.width * share), min(wide, round(c.m.width * 0.42)))


def footer_buttons(
    c: Canvas,
    frame: NearFrame,
    *,
    left: tuple[str, Intent] | None = None,
    middle: tuple[str, Intent] | None = None,
    right: tuple[str, Intent] | None = None,
    right_style: ButtonStyle = PRIMARY,
    cancel: bool = False,
) -> Rect:
    """Buttons along the bottom, the way on at the right. Returns the free room between them.

    *cancel*: a way out to the first screen beside the one back, on every screen before the belt (screens A10).
    """
    bar = frame.footer
    free = bar
    share = 0.145 if cancel else 0.18
    if left is not None:
        place, free = cut_left(free, button_width(c, left[0], share=share), c.m.gap)
        button(c, place, left[0], left[1], max_lines=1 if cancel else 2)
    if cancel:
        word = c.t("button.leave")
        wide = button_width(c, word, share=share)
        others = [button_width(c, label) for label, _ in (part for part in (middle, right) if part is not None)]
        # Where words have no room beside each other the cross stands alone.
        cross = c.m.compact or sum(others) + len(others) * c.m.gap > free.width - wide
        place, free = cut_left(free, c.m.touch if cross else wide, c.m.gap)
        icon = "cross" if cross else None
        button(c, place, "" if cross else word, Intent(IntentKind.CANCEL), FAINT, max_lines=1, icon=icon)
    wide_right = 0 if right is None else button_width(c, right[0], share=0.22)
    wide_middle = 0 if middle is None else button_width(c, middle[0])
    room = free.width - (c.m.gap if middle is not None and right is not None else 0)
    if wide_right + wide_middle > room > 0:  # both give way alike
        wide_right = room * wide_right // (wide_right + wide_middle)
        wide_middle = room - wide_right
    if right is not None:
        place, free = cut_right(free, wide_right, c.m.gap)
        button(c, place, right[0], right[1], right_style)
    if middle is not None:
        place, free = cut_right(free, wide_middle, c.m.gap)
        button(c, place, middle[0], middle[1])
    return free


def card(c: Canvas, rect: Rect, *, line: Colour = theme.CARD_LINE, fill: Colour = theme.CARD) -> Rect:
    """A panel; returns the room inside."""
    c.box(rect, fill, line=line)
    pad = round(c.m.height * (0.03 if c.m.compact else 0.026))
    return inset(rect, round(pad * 1.3), pad)


_TILE_ICONS: Final = {
    TileState.WAITING: ("circle", theme.IDLE, theme.MUTED),
    TileState.ACTIVE: ("circle", theme.AMBER, theme.TEXT),
    TileState.DONE: ("tick", theme.SKY, theme.TEXT),
    TileState.FAILED: ("cross", theme.RED, theme.TEXT),
}


def tile_cap(c: Canvas, texts: list[str], width: int, pitch: int) -> int:
    """The size at which every line of a checklist fits."""
    cap = min(round(c.m.body * 0.92), max(c.m.least, round(pitch * 0.6)))
    return c.common_cap(texts, width - 2 * cap, cap, face=Face.BOLD, least=c.m.least)


def tile_row(c: Canvas, rect: Rect, text: str, state: TileState, cap: int) -> None:
    """One line of a checklist: shape, and words whose weight says the state too."""
    name, colour, ink = _TILE_ICONS[state]
    side = min(round(cap * 1.15), rect.height)
    mark, words = cut_left(rect, side, round(cap * 0.8))
    c.icon(name, Rect(mark.x, mark.centery - side // 2, side, side), colour)
    face = Face.BOLD if state in (TileState.ACTIVE, TileState.FAILED) else Face.REGULAR
    c.block(text, words, cap, ink, face=face, valign="middle", least=cap, may_cut=True)


_KEYS_TALL: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "erase", "0", "ok")
_KEYS_WIDE: Final = ("1", "2", "3", "erase", "4", "5", "6", "0", "7", "8", "9", "ok")


def keypad(c: Canvas, rect: Rect, *, ready: bool, locked: bool) -> None:
    """Digits, erase and OK. Low panels have the zero at the side so that keys stay large enough for a finger."""
    wide = rect.height < 4 * c.m.key + 3 * c.m.gap and c.m.compact
    names = _KEYS_WIDE if wide else _KEYS_TALL
    across, down = (4, 3) if wide else (3, 4)
    side_w = (rect.width - (across - 1) * c.m.gap) // across
    side_h = (rect.height - (down - 1) * c.m.gap) // down
    high = min(side_h, round(c.m.key * 1.8))
    wide_px = min(side_w, round(high * 1.35))
    total = Rect(0, 0, across * wide_px + (across - 1) * c.m.gap, down * high + (down - 1) * c.m.gap)
    total.midright = rect.midright
    for name, cell in zip(names, grid(total, across, down, c.m.gap), strict=True):
        _key(c, cell, name, ready=ready, locked=locked)


def _key(c: Canvas, cell: Rect, name: str, *, ready: bool, locked: bool) -> None:
    style = PLAIN
    if locked:
        style = ButtonStyle(theme.CARD, theme.CARD_LINE, theme.IDLE)
    if name == "erase":
        c.box(cell, style.fill, line=style.line)
        side = round(min(cell.width, cell.height) * 0.42)
        c.icon("erase", Rect(cell.centerx - side // 2, cell.centery - side // 2, side, side), style.text)
        if not locked:
            c.target(cell, Intent(IntentKind.ERASE), key=True)
        return
    if name == "ok":
        if ready and not locked:
            style = PRIMARY
        c.box(cell, style.fill, line=style.line)
        side = round(min(cell.width, cell.height) * 0.42)
        colour = style.text if ready or locked else theme.IDLE
        c.icon("tick", Rect(cell.centerx - side // 2, cell.centery - side // 2, side, side), colour)
        if not locked:
            c.target(cell, Intent(IntentKind.SUBMIT), key=True)
        return
    c.box(cell, style.fill, line=style.line)
    cap = min(round(cell.height * 0.34), round(cell.width * 0.36))
    c.line(
        name, (cell.centerx, cell.centery - cap // 2), cap, style.text, face=Face.DISPLAY, align="center", inside=cell
    )
    if not locked:
        c.target(cell, Intent(IntentKind.DIGIT, int(name)), key=True)


def code_dots(c: Canvas, rect: Rect, digits: int, places: int = 6, shown: str = "") -> None:
    """How many digits are in, and which only where their owner wants them *shown*."""
    side = min(round(c.m.body * 1.6), (rect.width - (places - 1) * 6) // places)
    gap = min(round(side * 0.8), max(6, (rect.width - places * side) // max(1, places - 1)))
    for index in range(places):
        mark = Rect(rect.x + index * (side + gap), rect.centery - side // 2, side, side)
        filled = index < digits
        if index < len(shown):
            cap = round(side * 0.8)
            c.line(shown[index], (mark.centerx, mark.centery - cap // 2), cap, face=Face.DISPLAY, align="center")
            continue
        c.icon("dot" if filled else "circle", mark, theme.SKY if filled else theme.IDLE)


def score_row(c: Canvas, rect: Rect, chosen: int | None = None) -> None:
    """0 to 10, one key each. A panel too narrow for one row gets two."""
    gap = min(c.m.gap, max(6, c.m.gap))
    single = (rect.width - 10 * gap) // 11 >= c.m.touch
    if single:
        cells = columns(rect, [1] * 11, gap)
    else:
        gap = min(gap, max(8, (rect.width - 6 * c.m.touch) // 5))
        high = (rect.height - gap) // 2
        upper, lower = cut_top(rect, high, gap)
        cells = columns(upper, [1] * 6, gap) + columns(lower, [1] * 6, gap)[:5]
    for value, cell in enumerate(cells):
        style = PRIMARY if value == chosen else PLAIN
        c.box(cell, style.fill, line=style.line)
        cap = round(min(cell.height * 0.36, cell.width * 0.36))
        c.line(
            str(value),
            (cell.centerx, cell.centery - cap // 2),
            cap,
            style.text,
            face=Face.DISPLAY,
            align="center",
            inside=cell,
        )
        c.target(cell, Intent(IntentKind.SCORE, value))


def bullet_list(
    c: Canvas,
    rect: Rect,
    items: list[str],
    cap: int,
    *,
    icon: str = "dot",
    colour: Colour = theme.SKY,
    ink: Colour = theme.TEXT,
    max_lines: int = 2,
    gap: float = 1.25,
) -> int:
    """Short sentences under each other with a mark before each, *gap* capitals apart. Returns where the last ends."""
    mark = round(cap * (0.5 if icon == "dot" else 1.0))
    y = rect.y
    for item in items:
        room = Rect(
            rect.x + mark + round(cap * 0.9), y, rect.width - mark - round(cap * 0.9), max(cap, rect.bottom - y)
        )
        box = c.block(item, room, cap, ink, max_lines=max_lines)
        c.icon(icon, Rect(rect.x, y + (cap - mark) // 2, mark, mark), colour)
        y = box.bottom + descent_of(cap) + round(cap * gap)
    return y


def still_there(c: Canvas) -> None:
    """The time-out is near: one touch anywhere buys more time (WCAG 2.2.1)."""
    c.modal()
    m = c.m
    if c.surface is not None:
        veil = c.ui.sprites.get(("veil", c.content.size), lambda: _veil(c.content))
        c.surface.blit(veil, (0, 0))
    panel = Rect(0, 0, round(m.width * (0.86 if m.compact else 0.56)), round(m.height * (0.74 if m.compact else 0.5)))
    panel.center = c.content.center
    c.box(panel, theme.CARD, line=theme.AMBER)
    room = inset(panel, round(m.height * 0.06), round(m.height * 0.06))
    place, words = cut_bottom(room, max(footer_height(c), m.touch), m.gap)
    title, rest = cut_top(words, round(m.title * 1.9))
    c.block(c.t("still.title"), title, m.title, face=Face.BOLD)
    left = max(0, round(c.snapshot.left_s or 0))
    c.block(c.words.count("still.closes", left), rest, m.body, theme.MUTED, max_lines=3, balance=True)
    button(c, place, c.t("still.stay"), Intent(IntentKind.STAY), PRIMARY)
    c.targets.clear()
    c.target(c.whole, Intent(IntentKind.STAY))


def remark(c: Canvas, rect: Rect, text: str) -> None:
    """What was not right, below what was typed: the mark of every notice, and a sentence."""
    m, cap = c.m, c.m.body
    side = round(cap * 1.2)
    mark, room = cut_left(rect, side, round(cap * (0.4 if m.compact else 0.7)))
    place = Rect(room.x, room.y + (side - cap) // 2, room.width, room.height)
    if c.fit(text, place, cap, face=Face.SEMIBOLD, max_lines=6, least=m.least).whole:
        c.icon("diamond", Rect(mark.x, mark.y, side, side), theme.AMBER)
    else:  # on the smallest panel the words need the room of the mark
        place = rect
    c.block(text, place, cap, theme.TEXT, face=Face.SEMIBOLD, max_lines=6, least=m.least)


def _veil(content: Rect) -> Surface:
    veil = Surface(content.size, SRCALPHA)
    veil.fill((*theme.BACKGROUND, 225))
    return veil


def simulation_band(c: Canvas) -> None:
    """Hatched grey along the bottom, in a place of its own: nothing of the screen lies under it."""
    strip = c.strip
    if not strip.height:
        return
    cap = c.m.legend
    c.fill(strip, theme.HATCH_DARK)
    head = c.legend_head()
    word_width = c.width(c.t("simulation.word"), cap, Face.DISPLAY)
    if c.surface is not None:
        hatch = c.ui.sprites.get(("hatch", strip.size, head), lambda: _hatch(strip.width, strip.height))
        c.surface.blit(hatch, strip)
        c.surface.fill(theme.HATCH_DARK, Rect(c.m.margin + head - round(cap), strip.y, strip.width, strip.height))
    plate = Rect(c.m.margin, strip.y, word_width + round(cap * 1.6), strip.height)
    c.fill(plate, theme.HATCH_DARK)
    c.line(
        c.t("simulation.word"),
        (plate.centerx, strip.centery - cap // 2),
        cap,
        face=Face.DISPLAY,
        align="center",
        inside=strip,
        role="legend",
    )
    pitch = round(cap * 1.85)
    top = strip.centery - (cap + pitch * (len(c.legend_lines) - 1)) // 2
    for index, text in enumerate(c.legend_lines):
        c.line(text, (c.m.margin + head, top + pitch * index), cap, theme.TEXT, inside=strip, role="legend")


def _hatch(width: int, height: int) -> Surface:
    step = max(10, height * 0.5)

    def draw(pen: Pen) -> None:
        x = -float(height)
        while x < width + height:
            pen.polygon(
                [(x, height), (x + step / 2, height), (x + step / 2 + height, 0), (x + height, 0)], theme.HATCH_LIGHT
            )
            x += step

    return opaque(width, height, width, theme.HATCH_DARK, draw)
