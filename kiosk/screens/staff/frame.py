"""What every page of the desk has: title, who, seconds to sign-out, the way out; and its widgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.staff.desk.views import Button, Tone
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_bottom, cut_left, cut_right, cut_top, inset
from kiosk.ui.text import Face
from kiosk.ui.theme import Colour
from kiosk.ui.widgets import ButtonStyle, NearFrame

T = TypeVar("T")

BAD: Final = ButtonStyle(theme.BUTTON, theme.RED, theme.TEXT)
STYLES: Final = {
    Tone.PLAIN: widgets.PLAIN,
    Tone.MUTED: widgets.FAINT,
    Tone.GOOD: widgets.PRIMARY,
    Tone.NOTICE: ButtonStyle(theme.AMBER, None, theme.INK),
    Tone.BAD: BAD,
    Tone.STOP: widgets.STOP,
}
INKS: Final[dict[Tone, Colour]] = {
    Tone.PLAIN: theme.TEXT,
    Tone.MUTED: theme.MUTED,
    Tone.GOOD: theme.SKY,
    Tone.NOTICE: theme.AMBER,
    Tone.BAD: theme.RED,
    Tone.STOP: theme.RED,
}
MARKS: Final = {Tone.GOOD: "tick", Tone.NOTICE: "diamond", Tone.BAD: "octagon"}


def frame(c: Canvas, title: str, *, footer: bool = True, ground: Colour = theme.BACKGROUND) -> NearFrame:
    """Title at the left; who, seconds and sign-out at the right. A small panel signs out from the menu."""
    c.clear(ground)
    m, staff = c.m, c.snapshot.staff
    outer = inset(c.content, m.margin, round(m.height * (0.03 if m.compact else 0.04)))
    if c.snapshot.banner:
        outer = widgets.notice(c, outer)
    high = round(m.title * 1.25) if m.compact else m.touch
    header, body = cut_top(outer, high, round(m.height * (0.03 if m.compact else 0.034)))
    room = header
    if staff is not None and staff.who:
        if not m.compact:
            label = c.t("staff.sign_out")
            wide = c.width(label, m.small, Face.BOLD) + round(m.small * 3)
            place, room = cut_right(room, wide, m.gap)
            widgets.button(c, place, label, Intent(IntentKind.SIGN_OUT), cap=m.small, max_lines=1)
        left = c.t("unit.seconds", n=staff.left_s)
        chip = left if m.compact else f"{staff.who} · {left}"
        wide = min(room.width // 3, c.width(chip, m.small, Face.SEMIBOLD) + m.gap)
        place, room = cut_right(room, wide, m.gap)
        c.block(chip, place, m.small, theme.MUTED, face=Face.SEMIBOLD, align="right", valign="middle", may_cut=True)
    if title:
        c.block(title, room, round(m.title * 0.86), face=Face.BOLD, valign="middle", least=m.least, may_cut=True)
    bar = Rect(body.x, body.bottom, body.width, 0)
    if footer:
        bar, body = cut_bottom(body, widgets.footer_height(c), max(m.gap, round(m.height * 0.03)))
    return NearFrame(header, body, bar)


def button(c: Canvas, rect: Rect, made: Button, *, cap: int | None = None, max_lines: int = 2) -> None:
    """A button of the desk; one that wants to be held fills while a finger stays on it."""
    style = STYLES[made.tone]
    if not made.hold:
        widgets.button(c, rect, made.label, made.intent, style, cap=cap, max_lines=max_lines)
        return
    hold_button(c, rect, made.label, made.intent, style, cap=cap, max_lines=max_lines)


def hold_button(
    c: Canvas,
    rect: Rect,
    label: str,
    intent: Intent,
    style: ButtonStyle,
    *,
    cap: int | None = None,
    max_lines: int = 2,
) -> None:
    """The label, and below it a bar that fills in two seconds. Letting go before empties it."""
    held = c.snapshot.held
    share = held.share if held is not None and held.intent == intent else 0.0
    widgets.button(c, rect, label, intent, style, cap=cap, max_lines=max_lines)
    high = max(6, round(rect.height * 0.09))
    track = Rect(rect.x + c.m.radius, rect.bottom - high - max(4, high // 2), rect.width - 2 * c.m.radius, high)
    c.box(track, theme.BACKGROUND, radius=high // 2)
    if share > 0:
        c.box(Rect(track.x, track.y, max(high, round(track.width * share)), high), style.text, radius=high // 2)


def footer(c: Canvas, made: NearFrame, buttons: Sequence[Button], *, back: bool = True, paging: bool = False) -> None:
    """Back at the left, paging in the middle, what can be done at the right: the last is the way on."""
    m, free = c.m, made.footer
    if back:
        label = c.t("button.back")
        place, free = cut_left(free, widgets.button_width(c, label), m.gap)
        widgets.button(c, place, label, Intent(IntentKind.BACK), max_lines=1)
    if paging:
        for kind, icon in ((IntentKind.PREVIOUS, "arrow_left"), (IntentKind.NEXT, "arrow_right")):
            place, free = cut_left(free, round(m.touch * 1.25), m.gap)
            widgets.button(c, place, "", Intent(kind), icon=icon)
    most = (free.width - m.gap * (len(buttons) - 1)) // max(1, len(buttons))
    for made_button in reversed(buttons):
        wide = min(most, widgets.button_width(c, made_button.label))
        place, free = cut_right(free, wide, m.gap)
        button(c, place, made_button)


def message(c: Canvas, rect: Rect, text: str, tone: Tone) -> Rect:
    """One sentence with its mark along the top of *rect*; returns what is left below."""
    if not text:
        return rect
    m = c.m
    lines = 1 if c.width(text, m.small, Face.SEMIBOLD) < rect.width - 3 * m.small else 2
    strip, rest = cut_top(rect, round(m.small * (2.1 if lines == 1 else 3.9)), round(m.height * 0.018))
    mark, words = cut_left(strip, round(m.small * 1.3), round(m.small * 0.7))
    name = MARKS.get(tone)
    if name is not None:
        side = mark.width
        c.icon(name, Rect(mark.x, strip.centery - side // 2, side, side), INKS[tone])
    else:
        words = strip
    c.block(
        text,
        words,
        m.small,
        theme.TEXT,
        face=Face.SEMIBOLD,
        valign="middle",
        max_lines=2,
        least=m.least,
    )
    return rest


def shown_page(items: Sequence[T], page: int, fit: int) -> tuple[list[tuple[int, T]], int, int]:
    """The items of *page* (which wraps around) with their indices, that page's number, and how many there are."""
    fit = max(1, fit)
    pages = max(1, -(-len(items) // fit))
    number = page % pages
    first = number * fit
    return list(enumerate(items))[first : first + fit], number, pages
