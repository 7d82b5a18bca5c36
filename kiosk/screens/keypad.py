"""What the two keypad screens share."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from kiosk.intents import Intent, IntentKind
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.layout import cut_bottom, cut_left, cut_right, cut_top
from kiosk.ui.text import Face, descent_of

CODE_DIGITS: Final = 6


def paint_keypad(
    c: Canvas, title: str, text: str, leave: IntentKind, *, back: bool = False, show: bool = False
) -> None:
    """Words and dots at the left, keys at the right. *show*: the digits may be shown to their owner."""
    m, s = c.m, c.snapshot
    frame = widgets.near_frame(c, "" if m.compact else title, footer=False)
    locked = s.paused_s is not None
    if m.compact:
        whole = frame.header.union(frame.body)
        pad, words = cut_right(whole, round(whole.width * 0.664), m.margin)
        box = c.block(title, words, m.body, face=Face.BOLD, max_lines=2)
        words = _below(words, box.bottom + descent_of(m.body) + round(m.small * 0.3))
    else:
        pad, words = cut_right(frame.body, round(frame.body.width * 0.46), m.margin * 2)
    widgets.keypad(c, pad, ready=s.digits >= CODE_DIGITS, locked=locked)
    foot, words = cut_bottom(words, widgets.footer_height(c), m.gap)
    out = c.t("button.leave" if back else "button.cancel")  # the end of a visit, or of asking for a PIN
    if back and not m.compact:
        place, foot = cut_left(foot, widgets.button_width(c, c.t("button.back"), share=0.145), m.gap)
        widgets.button(c, place, c.t("button.back"), Intent(IntentKind.BACK), max_lines=1)
        cancel, _ = cut_left(foot, widgets.button_width(c, out, share=0.145))
        widgets.button(c, cancel, out, Intent(leave), widgets.FAINT, max_lines=1)
    else:  # a small panel has room for one way out, and the screen before this one begins anew just as well
        cancel, _ = cut_left(foot, min(foot.width, widgets.button_width(c, out)))
        widgets.button(c, cancel, out, Intent(leave), max_lines=1)
    if not m.compact:
        box = c.block(text, words, m.body, theme.MUTED, max_lines=3)
        words = _below(words, box.bottom + descent_of(m.body) + round(m.height * 0.05))
    dots, words = cut_top(words, round(m.body * 2.2), round(m.height * (0.012 if m.compact else 0.03)))
    widgets.code_dots(c, dots, s.digits, CODE_DIGITS, s.shown_digits)
    if show and s.digits and not locked:  # in a gym somebody may look on: dots unless asked
        label = c.t("code.hide" if s.shown_digits else "code.show")
        wide = min(words.width, widgets.button_width(c, label))
        place = Rect(words.x, words.y + round(m.height * 0.02), wide, widgets.footer_height(c))
        widgets.button(c, place, label, Intent(IntentKind.SHOW), max_lines=1)
    message = ""
    if s.paused_s is not None:
        message = c.words.count("keypad.paused", s.paused_s)
    elif s.keypad_error:
        key = s.keypad_error if c.words.has(s.keypad_error) else f"keypad.{s.keypad_error}"
        short = f"{key}_short"
        message = c.t(short if m.compact and c.words.has(short) else key)
    if message:
        widgets.remark(c, words, message)


def _below(rect: Rect, y: int) -> Rect:
    """What is left of *rect* below *y*."""
    return Rect(rect.x, y, rect.width, max(0, rect.bottom - y))
