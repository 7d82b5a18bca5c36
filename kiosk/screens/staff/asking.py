"""Pages that ask one thing: digits, letters, a choice, a held yes; and one to read."""

from __future__ import annotations

from dataclasses import replace

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.screens.staff.frame import BAD, button, footer, frame, hold_button, message, shown_page
from kiosk.staff.desk.asking import LETTERS
from kiosk.staff.desk.views import Button, ConfirmView, NoteView, PadView, PickView, Tone, TypeView
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_bottom, cut_left, cut_right, cut_top, grid, inset
from kiosk.ui.text import Face, descent_of


def pad(c: Canvas, view: PadView) -> None:
    """Words and dots at the left, keys at the right."""
    m = c.m
    made = frame(c, view.title if not m.compact else "", footer=False)
    whole = made.header.union(made.body) if m.compact else made.body
    keys, words = cut_right(whole, round(whole.width * (0.664 if m.compact else 0.46)), m.margin)
    if m.compact:
        keys = Rect(keys.x, made.body.y, keys.width, made.body.height)
        words = Rect(words.x, words.y, words.width, words.height)
    widgets.keypad(c, keys, ready=view.digits == 6, locked=view.paused_s is not None)
    foot, words = cut_bottom(words, widgets.footer_height(c), m.gap)
    place, _ = cut_left(foot, min(foot.width, widgets.button_width(c, c.t("button.back"))))
    widgets.button(c, place, c.t("button.back"), Intent(IntentKind.BACK), max_lines=1)
    text = view.title if m.compact else view.text
    box = c.block(text, words, m.body, theme.TEXT if m.compact else theme.MUTED, max_lines=4, least=m.least)
    words = _below(words, box.bottom + descent_of(m.body) + round(m.height * 0.03))
    dots, words = cut_top(words, round(m.body * 2.0), round(m.height * 0.02))
    widgets.code_dots(c, dots, view.digits)
    said = view.message
    if view.paused_s is not None:
        said = c.words.count("keypad.paused", view.paused_s)
    if said:
        widgets.remark(c, words, said)


def _below(rect: Rect, y: int) -> Rect:
    return Rect(rect.x, y, rect.width, max(0, rect.bottom - y))


def letters(c: Canvas, view: TypeView) -> None:
    """What is typed, and a key for each letter; a small panel turns pages of them and shows what is typed above."""
    m = c.m
    signs = view.keys or LETTERS
    made = frame(c, (f"{view.typed}|" if view.typed else view.title) if m.compact else view.title)
    body = message(c, made.body, view.message, Tone.NOTICE)
    if not m.compact:
        line, body = cut_top(body, round(m.body * 2.5), round(m.gap * 0.8))
        field, hint = cut_left(line, round(line.width * 0.55), m.gap)
        c.box(field, theme.CARD, line=theme.SKY)
        room = inset(field, m.small, 0)
        c.block(f"{view.typed or ' '}|", room, m.body, face=Face.BOLD, valign="middle", may_cut=True)
        c.block(view.text, hint, m.small, theme.MUTED, max_lines=2, valign="middle", least=m.least)
    across = max(6, min(10, (body.width + m.gap) // (m.touch + m.gap)))
    down = max(1, (body.height + m.gap) // (m.touch + m.gap))
    keys, _, pages = shown_page(signs, view.page, across * down)
    rows = min(down, -(-min(len(signs), across * down) // across))
    for (index, letter), cell in zip(keys, grid(body, across, rows, m.gap), strict=False):
        c.box(cell, theme.BUTTON, line=theme.BUTTON_LINE)
        cap = min(m.body, cell.height // 3)
        c.line(letter, (cell.centerx, cell.centery - cap // 2), cap, align="center", face=Face.BOLD, inside=cell)
        c.target(cell, Intent(IntentKind.LETTER, index))
    _type_footer(c, made.footer, view, pages)


def _type_footer(c: Canvas, free: Rect, view: TypeView, pages: int) -> None:
    """Back, erase, space, more letters, done. On a small panel as signs: five words have no room there."""
    m = c.m
    wide = m.touch if m.compact else round(m.width * 0.12)
    back, done = c.t("button.back"), c.t("button.done")
    place, free = cut_left(free, wide if m.compact else widgets.button_width(c, back), m.gap)
    widgets.button(
        c, place, "" if m.compact else back, Intent(IntentKind.BACK), icon="cross" if m.compact else None, max_lines=1
    )
    place, free = cut_right(free, wide if m.compact else widgets.button_width(c, done), m.gap)
    if view.ready:
        intent = Intent(IntentKind.SUBMIT)
        sign = "tick" if m.compact else None
        widgets.button(c, place, "" if m.compact else done, intent, widgets.PRIMARY, icon=sign, max_lines=1)
    place, free = cut_left(free, wide, m.gap)
    widgets.button(c, place, "", Intent(IntentKind.ERASE), icon="erase")
    if not view.keys:
        place, free = cut_left(free, wide, m.gap)
        c.box(place, theme.BUTTON, line=theme.BUTTON_LINE)
        c.target(place, Intent(IntentKind.SPACE))
        c.fill(Rect(place.centerx - wide // 4, place.centery + m.small // 3, wide // 2, 4), theme.TEXT)
    if pages > 1:
        place, free = cut_left(free, wide, m.gap)
        widgets.button(c, place, "", Intent(IntentKind.NEXT), icon="arrow_right")


def pick(c: Canvas, view: PickView) -> None:
    """A button for each choice."""
    m = c.m
    made = frame(c, view.title)
    body = message(c, made.body, view.text, Tone.PLAIN)
    across = 1 if m.compact else 2
    fit = across * max(1, (body.height + m.gap) // (m.touch + m.gap))
    shown, _, pages = shown_page(view.choices, view.page, fit)
    down = max(1, min(fit // across, -(-len(view.choices) // across)))
    high = min(round(m.touch * 1.7), (body.height - m.gap * (down - 1)) // down)
    place = Rect(body.x, body.y, body.width, high * down + m.gap * (down - 1))
    for (index, text), cell in zip(shown, grid(place, across, down, m.gap), strict=False):
        widgets.button(c, cell, text, Intent(IntentKind.CHOOSE, index), max_lines=2)
    footer(c, made, (), paging=pages > 1)


def confirm(c: Canvas, view: ConfirmView) -> None:
    """What it means, and a button with the verb that has to be held; red where it cannot be undone."""
    m = c.m
    ground = theme.STOP_BACKGROUND if view.dire else theme.BACKGROUND
    made = frame(c, "" if view.dire else view.title, ground=ground)
    body = made.body
    ink = theme.STOP_MUTED if view.dire else theme.MUTED
    if view.dire:
        head, body = cut_top(body, round(m.title * 1.7), round(m.height * 0.03))
        side = round(m.title * 1.3)
        mark, words = cut_left(head, side, round(m.title * 0.6))
        c.icon("octagon", Rect(mark.x, head.centery - side // 2, side, side), theme.RED)
        c.block(view.title, words, m.title, face=Face.BOLD, valign="middle", least=m.least, may_cut=True)
    cap = m.body if not m.compact else m.small if not c.strip.height else m.least  # the simulation's band takes room
    gap = 0.7 if m.compact and c.strip.height else 1.25
    widgets.bullet_list(c, body, list(view.lines), cap, ink=ink, max_lines=3, gap=gap)
    free = made.footer
    label = c.t("button.cancel")
    place, free = cut_left(free, widgets.button_width(c, label), m.gap)
    widgets.button(
        c, place, label, Intent(IntentKind.BACK), widgets.QUIET if view.dire else widgets.PLAIN, max_lines=1
    )
    verb = c.t("staff.hold_to", verb=view.verb)
    place, free = cut_right(free, min(free.width, max(round(m.width * 0.34), widgets.button_width(c, verb))), m.gap)
    style = widgets.STOP if view.dire else widgets.PRIMARY
    hold_button(c, place, verb, Intent(IntentKind.HOLD), style)


def note(c: Canvas, view: NoteView) -> None:
    """A text, and a figure large enough to be copied."""
    m = c.m
    made = frame(c, view.title)
    body = made.body
    if view.figure:
        top, body = cut_top(body, round(m.headline * (2.2 if m.compact else 3.2)), m.gap)
        c.block(
            view.figure,
            top,
            round(m.headline * (1.2 if m.compact else 1.9)),
            theme.SKY,
            face=Face.DISPLAY,
            valign="middle",
            least=m.body,
            may_cut=True,
        )
    c.block(view.text, body, m.body, theme.TEXT, max_lines=6, least=m.least, balance=True)
    way_on = Button(view.button, Intent(IntentKind.DONE), tone=Tone.GOOD)
    if view.tone is Tone.GOOD:
        footer(c, made, (way_on,), back=False)
        return
    place, _ = cut_left(made.footer, widgets.button_width(c, view.button), m.gap)  # only back, where back always is
    button(c, place, replace(way_on, tone=Tone.PLAIN), max_lines=1)


__all__ = ["BAD", "confirm", "letters", "note", "pad", "pick"]
