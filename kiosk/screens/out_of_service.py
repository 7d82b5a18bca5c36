"""This treadmill is not to be used until staff have looked at it."""

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
    frame = widgets.near_frame(c, s.treadmill_label, right=s.gym_name, quiet=True, outside=True)
    words, picture = columns(frame.body, [1.5, 1], m.margin)
    illustrate(c, "closed", picture)
    cap = m.headline if m.compact else round(m.headline * 1.12)
    box = c.block(c.t("attract.out_title"), words, cap, face=Face.DISPLAY, least=m.title, max_lines=2)
    words.y, words.height = box.bottom + cap, words.bottom - box.bottom - cap
    body_cap = (m.small if s.notes else m.body) if m.compact else round(m.body * 1.1)
    why = s.notes
    if not why and s.cause is not None:
        why = (c.t("out_of_service.why", cause=c.t(f"cause.{s.cause.value}")),)
    lines = [(note, theme.TEXT, Face.SEMIBOLD) for note in why]
    if not (m.compact and s.notes):  # a small panel keeps its room for what staff have to know
        lines.insert(0, (c.t("attract.out_body"), theme.MUTED, Face.REGULAR))
    for text, ink, face in lines:
        if words.height < body_cap * 2 or not c.fit(text, words, body_cap, face=face, max_lines=4).whole:
            break
        box = c.block(text, words, body_cap, ink, face=face, max_lines=4)
        y = box.bottom + descent_of(body_cap) + round(body_cap * 1.1)
        words.y, words.height = y, words.bottom - y
    widgets.footer_buttons(c, frame, right=(c.t("button.staff"), Intent(IntentKind.STAFF)), right_style=widgets.PLAIN)
