"""Not today without staff. Never a reason: others can read this."""

from __future__ import annotations

from kiosk.intents import Intent, IntentKind
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate
from kiosk.ui.layout import columns
from kiosk.ui.text import Face, descent_of


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    m, s = c.m, c.snapshot
    frame = widgets.near_frame(c, "")
    words, picture = columns(frame.body, [1.5, 1], m.margin)
    if s.take_home and m.compact:
        words = frame.body
    else:
        illustrate(c, "toe_heel_rest" if s.take_home else "staff", picture)
    key = s.talk_key or "talk.default"
    text = c.t(key if c.words.has(key) else "talk.default")
    largest = m.title if s.take_home and m.compact else m.headline
    # In one line, or a sentence a line, if a size not much smaller allows it; else wherever it breaks evenly.
    for written in (text, text.replace(". ", ".\n")):
        most, least = written.count("\n") + 1, round(largest * 0.75)
        fitted = c.fit(written, words, largest, face=Face.DISPLAY, least=least, max_lines=most)
        if fitted.whole:
            break
    else:
        fitted = c.fit(text, words, largest, face=Face.DISPLAY, least=m.least, max_lines=4, balance=True)
    help_cap = m.body if m.compact else round(m.body * 1.1)
    # A day without a treadmill: what can be done instead, and with which care.
    text = " ".join(s.take_home) if s.take_home else c.t("talk.help")
    gap = round(fitted.cap_px * 1.1)
    left = words.copy()
    left.height = max(1, words.height - fitted.height - gap - descent_of(help_cap))
    helping = c.fit(text, left, help_cap, max_lines=6, least=m.least, balance=not s.take_home)
    whole = fitted.height + gap + helping.height + descent_of(help_cap)
    place = words.copy()
    place.y += max(0, (words.height - whole) // 2)
    box = c.lines(fitted, place, theme.TEXT, face=Face.DISPLAY)
    if helping.whole and box.bottom + gap + helping.height + descent_of(help_cap) <= words.bottom:
        place.y = box.bottom + gap
        place.height = words.bottom - place.y
        c.lines(helping, place, theme.MUTED)
    widgets.footer_buttons(
        c,
        frame,
        left=(c.t("button.staff"), Intent(IntentKind.STAFF)) if s.needs_staff else None,
        right=(c.t("button.done"), Intent(IntentKind.DONE)),
    )
