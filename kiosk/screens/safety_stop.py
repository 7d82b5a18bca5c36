"""Something stopped the belt: what it was, what to do now, and how it goes on."""

from __future__ import annotations

from typing import Final

from pygame import Rect

from hardware.link.messages import Cause
from kiosk.intents import Intent, IntentKind
from kiosk.ui import far, theme, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.far import FarFrame
from kiosk.ui.illustration import illustrate
from kiosk.ui.layout import cut_right
from kiosk.ui.text import Face, descent_of

_PICTURES: Final = {
    Cause.CLIP: "clip_off",
    Cause.RED_BUTTON: "red_button",
    Cause.LINK_LOST: "link_lost",
    Cause.TELEMETRY_STALE: "link_lost",
    Cause.CONTROL_LOST: "link_lost",
    Cause.SAFETY_KEY: "machine",
    Cause.STOP_NOT_CONFIRMED: "machine",
    Cause.PICKUP: "machine",
    Cause.MEMBER_STOP: "stop_sign",
    Cause.STAFF_STOP: "staff",
}


def family(cause: Cause | None) -> str:
    """Which texts a cause has: its own, or those of a fault in general."""
    name = cause.value if cause is not None else ""
    return name if name in _OWN_WORDS else "other"


_OWN_WORDS: Final = frozenset(
    {
        "clip",
        "red_button",
        "member_stop",
        "staff_stop",
        "link_lost",
        "telemetry_stale",
        "overspeed",
        "start_timeout",
        "unexpected_motion",
        "belt_stopped_itself",
        "safety_key",
        "stop_not_confirmed",
        "off_deck",
        "pickup",
        "stop_test",
    }
)


def at_rest(c: Canvas) -> bool:
    """Whether the guard has measured that the belt stands."""
    status = c.snapshot.status
    return status.at_rest if status is not None else False


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.STOPPED_HARD
    name = family(s.cause)
    still = at_rest(c)
    lines: tuple[str, ...]
    frame = far.start(c, tone)
    far.band(c, frame, tone, "octagon", c.t(f"safety_stop.{name}.word"))
    far.speed(c, frame, tone)
    picture = _PICTURES.get(s.cause, "stop_sign") if s.cause is not None else "stop_sign"
    illustrate(c, picture if still else "hold", frame.right.inflate(-12, -12), tone.ground)
    if still:
        lines = (c.t("safety_stop.stand"), c.t(f"safety_stop.{name}.then"))
    elif s.cue_show:
        lines = s.cue_show
    else:
        lines = (c.t(f"safety_stop.{name}.now"), c.t(f"safety_stop.{name}.also"))
    if s.touch_ready and still:
        _way_on(c, frame, lines)
    else:
        far.cue(c, frame, lines, bar=False)


def _way_on(c: Canvas, frame: FarFrame, lines: tuple[str, ...]) -> None:
    """At rest: touch is taken again."""
    s = c.snapshot
    c.targets.clear()
    label, intent = (
        (c.t("button.staff"), Intent(IntentKind.STAFF))
        if s.needs_staff
        else (c.t("button.go_on"), Intent(IntentKind.NEXT))
    )
    way_on(c, frame, lines, label, intent, widgets.QUIET)


def way_on(
    c: Canvas, frame: FarFrame, lines: tuple[str, ...], label: str, intent: Intent, style: widgets.ButtonStyle
) -> None:
    """Two far-readable lines at the left and one button at the right, on a belt at rest."""
    m = c.m
    wide = max(round(m.width * 0.22), min(widgets.button_width(c, label), round(m.width * 0.3)))
    place, words = cut_right(frame.bottom, wide, round(m.margin * (0.5 if m.compact else 0.8)))
    high = min(place.height, max(m.key, round(m.height * 0.16)))
    high = max(high, m.touch)
    widgets.button(
        c,
        Rect(place.x, min(place.centery - high // 2, place.bottom - high), place.width, high),
        label,
        intent,
        style,
        cap=m.title,
        key=True,
    )
    cap = m.main
    for line in lines:
        width = c.width(line, cap, Face.DISPLAY)
        if width > words.width:
            cap = int(cap * words.width / width)
    leading = far.LEADING_SMALL
    cap = min(cap, int((words.height - 2) / (1 + leading + 0.32)))
    top = words.y + max(0, (words.height - round(cap * (1 + leading)) - descent_of(cap)) // 2)
    for index, line in enumerate(lines[:2]):
        c.line(line, (words.x, top + round(index * cap * leading)), cap, theme.TEXT, face=Face.DISPLAY, inside=words)
