"""Nobody is here: what this is, whether the treadmill is free, one button. Static."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from hardware.link.messages import Missing, ResetBy, State, Status
from kiosk.intents import Intent, IntentKind
from kiosk.snapshot import Snapshot
from kiosk.ui import theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate
from kiosk.ui.layout import columns, cut_bottom, cut_right, cut_top, inset
from kiosk.ui.text import Face, descent_of


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    c.clear(theme.BACKGROUND)
    m = c.m
    state = service_state(c.snapshot)
    outer = inset(c.content, m.margin, round(m.height * (0.035 if m.compact else 0.05)))
    if c.snapshot.banner:
        outer = widgets.notice(c, outer)
    if state in ("free", "set_up"):
        c.target(c.content, Intent(IntentKind.WAKE))
    top, rest = cut_top(outer, round(m.height * (0.14 if m.compact else 0.095)), round(m.height * 0.02))
    _top_line(c, top, state)
    rest = _foot(c, rest, state)
    words, picture = columns(rest, [1.2, 1], m.margin)
    name = _PICTURES[state]
    illustrate(c, name, picture.inflate(0, -round(m.height * (0.04 if m.compact else 0.1))))
    _words(c, words, state)


def not_ready(status: Status) -> str:
    """What staff still have to do before the first walk (a name in the catalogue); empty if nothing."""
    if Missing.NOT_COMMISSIONED in status.arm_missing:
        return "commissioning"
    return "opening" if Missing.OPENING_CHECK in status.arm_missing else ""


def service_state(s: Snapshot) -> str:
    """``free``, ``not_ready``, ``starting``, ``in_use`` or ``out``, from what the guard says; or ``set_up``."""
    if s.set_up_first:
        return "set_up"
    if s.belt_free:
        return "free"
    status = s.status
    if status is not None and not_ready(status):
        return "not_ready"
    if s.starting:
        return "starting"
    if status is None:
        return "out"
    if status.in_use_by_other or status.state in (State.STARTING, State.RUNNING, State.STOPPING):
        return "in_use"
    if status.state is State.LATCHED and status.reset_by is ResetBy.MEMBER and not status.trouble:
        return "in_use"
    return "out"


_PICTURES: Final = {
    "free": "attract",
    "starting": "attract",
    "not_ready": "staff",
    "set_up": "staff",
    "in_use": "in_use",
    "out": "closed",
}
_MARKS: Final = {
    "free": ("circle", theme.IDLE),
    "starting": ("diamond", theme.AMBER),
    "not_ready": ("diamond", theme.AMBER),
    "set_up": ("diamond", theme.AMBER),
    "in_use": ("triangle", theme.SKY),
    "out": ("octagon", theme.RED),
}


def _top_line(c: Canvas, top: Rect, state: str) -> None:
    m, s = c.m, c.snapshot
    icon, colour = _MARKS[state]
    word = c.t(f"attract.{state}")
    cap = m.body if m.compact else round(m.body * 1.3)
    label_cap = m.small if m.compact else m.body
    side = round(cap * 1.05)
    pad = round(cap * 1.1)
    gap = round(cap * 0.75)
    word_width = c.width(word, cap, Face.DISPLAY)
    label_room = round(top.width * (0.3 if m.compact else 0.26))
    label_width = min(label_room, c.width(s.treadmill_label, label_cap, Face.SEMIBOLD) + 4)
    chip, logo = cut_right(top, pad * 2 + side + gap * 2 + word_width + label_width, m.gap)
    c.box(chip, theme.CARD, line=colour if state != "free" else theme.CARD_LINE, radius=chip.height // 2)
    x = chip.x + pad
    c.line(
        s.treadmill_label,
        (x, chip.centery - label_cap // 2),
        label_cap,
        theme.MUTED,
        width=label_width,
        inside=chip,
    )
    x += label_width + gap
    c.icon(icon, Rect(x, chip.centery - side // 2, side, side), colour)
    c.line(word, (x + side + gap, chip.centery - cap // 2), cap, face=Face.DISPLAY, inside=chip)
    touch = Rect(logo.x, top.centery - m.touch // 2, max(m.touch, min(logo.width, round(m.touch * 2.4))), m.touch)
    touch.clamp_ip(c.content)
    c.target(touch, Intent(IntentKind.STAFF))
    cap = round(m.small * 1.1) if m.compact else m.title
    if m.compact:
        if c.width(widgets.WORDMARK, cap, Face.BOLD) <= logo.width:
            c.line(widgets.WORDMARK, (logo.x, logo.centery - cap // 2), cap, face=Face.BOLD)
        return
    box = c.line(widgets.WORDMARK, (logo.x, logo.centery - cap // 2), cap, face=Face.BOLD)
    x = box.right + round(cap * 0.9)
    c.line(s.gym_name, (x, box.bottom - m.body), m.body, theme.MUTED, face=Face.REGULAR, width=logo.right - x)


def _foot(c: Canvas, rect: Rect, state: str) -> Rect:
    """What this is and is not, along the bottom; returns the room above it.

    A low panel has no room for it unless staff have to be present.
    """
    m, s = c.m, c.snapshot
    staff = s.supervised and state == "free"
    if m.compact and m.height < 560 and not staff:
        return rect
    short = m.compact and m.height < 560
    note = c.t(("attract.supervised_short" if short else "attract.supervised") if staff else "attract.no_claims")
    fitted = c.fit(note, Rect(0, 0, rect.width, rect.height), m.small, max_lines=2, balance=True)
    gap = round(m.height * (0.03 if m.compact else 0.045))
    foot, rest = cut_bottom(rect, fitted.height + descent_of(fitted.cap_px), gap)
    c.lines(fitted, foot, theme.MUTED)
    return rest


def _words(c: Canvas, rect: Rect, state: str) -> None:
    m, rest = c.m, rect
    if state in ("free", "set_up"):
        high = max(m.key, round(m.height * (0.2 if m.compact else 0.155)))
        place, rest = cut_bottom(rest, high, round(m.height * (0.03 if m.compact else 0.05)))
        place.width = min(place.width, round(m.width * (0.6 if m.compact else 0.4)))
        widgets.button(
            c,
            place,
            c.t("attract.touch" if state == "free" else "setup.begin"),
            Intent(IntentKind.WAKE),
            widgets.PRIMARY,
            cap=m.body if m.compact else round(m.title * 1.1),
            key=True,
        )
    lift = round(m.height * 0.02)
    area = Rect(rest.x, rest.y + lift, rest.width, rest.height - lift)
    title_cap = m.headline if m.compact else round(m.headline * 1.06)
    words = c.t(f"attract.{state}_title")
    place = Rect(0, 0, area.width, area.height)
    # In the lines that it is written in, if a size not much smaller allows it: else it breaks in mid-sentence.
    least = round(title_cap * 0.7)
    title = c.fit(words, place, title_cap, face=Face.DISPLAY, least=least, max_lines=words.count("\n") + 1)
    if not title.whole:
        title = c.fit(words, place, title_cap, face=Face.DISPLAY, least=round(m.body * 0.85), max_lines=3)
    body_cap = m.body if m.compact else round(m.body * 1.1)
    gap = round(title.cap_px * 1.0)
    left = area.height - title.height - gap
    status = c.snapshot.status
    what = f"{state}_{not_ready(status)}" if state == "not_ready" and status is not None else f"{state}_body"
    body = c.fit(
        c.t(f"attract.{what}"),
        Rect(0, 0, round(area.width * 0.94), max(1, left)),
        body_cap,
        max_lines=4,
        least=m.least,
        balance=True,
    )
    whole = title.height + gap + body.height
    y = area.y + (0 if m.compact else max(0, (area.height - whole) // 2 - round(m.height * 0.01)))
    box = c.lines(title, Rect(area.x, y, area.width, area.bottom - y), theme.TEXT, face=Face.DISPLAY)
    if body.whole and left > 0:
        c.lines(body, Rect(area.x, box.bottom + gap, area.width, area.bottom - box.bottom - gap), theme.MUTED)
