"""The one frame of all far screens: band, left, gaze target, right, cue, bar.

Everything keeps its place from the straddle to the stop, so that a walker finds it with one glance and the gaze
target is at the same pixel on every one of them. Values change by cut; nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pygame import Rect

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.pen import Pen, opaque
from kiosk.ui.text import Face, descent_of
from kiosk.ui.theme import Colour

LEADING: Final = 1.45
"""Distance between the two lines of a cue, in heights of a capital."""
LEADING_WIDE: Final = 1.52
"""The same where no bar stands below."""
LEADING_SMALL: Final = 1.52
_DESCENT: Final = 0.32
_HANGS: Final = 0.35
"""How far a g reaches below the line, in heights of a capital."""
_RISES: Final = 0.07
"""How far an l reaches above a capital."""
_BAND_EDGE: Final = 0.09
"""What stays free of a band above and below its words."""


@dataclass(frozen=True, slots=True)
class FarFrame:
    """Where things stand. Depends on the panel alone, never on the screen."""

    band: Rect
    left: Rect
    right: Rect
    figure_top: int  # top of the hero figures' digits
    label_top: int  # top of the capitals of their units
    target: tuple[int, int]
    target_radius: int
    cue: Rect
    cue_lines: int  # how many lines at MAIN size the cue has room for
    bar: Rect
    bottom: Rect  # cue and bar together, for screens without a bar


@dataclass(frozen=True, slots=True)
class Tone:
    """Colours of one state."""

    band: Colour
    ink: Colour
    ground: Colour
    muted: Colour
    frame: bool = False


WALKING: Final = Tone(theme.SKY, theme.INK, theme.BACKGROUND, theme.MUTED)
CHANGING: Final = Tone(theme.AMBER, theme.INK, theme.BACKGROUND, theme.MUTED)
STOPPING: Final = Tone(theme.RED_FILL, theme.TEXT, theme.BACKGROUND, theme.MUTED)
STOPPED_HARD: Final = Tone(theme.RED_FILL, theme.TEXT, theme.STOP_BACKGROUND, theme.STOP_MUTED, frame=True)


def far_frame(c: Canvas) -> FarFrame:
    """The places on this panel."""
    return _compact_frame(c) if c.m.compact else _full_frame(c)


def _full_frame(c: Canvas) -> FarFrame:
    m, area = c.m, c.content
    height = area.height
    pad = round(height * 0.026)
    band = Rect(0, 0, area.width, m.main + 2 * round(m.main * 0.285))
    bar_high = round(height * 0.038)
    bar = Rect(m.margin, area.bottom - pad - bar_high, area.width - 2 * m.margin, bar_high)
    cue_high = m.main + round(m.main * LEADING) + descent_of(m.main)
    cue = Rect(m.margin, bar.top - round(pad * 0.75) - cue_high, bar.width, cue_high)
    row = Rect(0, band.bottom + round(pad * 0.8), area.width, cue.top - band.bottom - round(pad * 1.6))
    label_gap = round(m.sub * 0.46)
    figure_top = row.y + (row.height - m.hero - label_gap - m.sub - round(descent_of(m.sub) * 0.6)) // 2
    radius = round(height * 0.122)
    target = (round(area.width * 0.442), row.centery)
    side = round(m.margin * 0.8)
    return FarFrame(
        band=band,
        left=Rect(m.margin, row.y, target[0] - radius - side - m.margin, row.height),
        right=Rect(target[0] + radius + side, row.y, area.width - m.margin - target[0] - radius - side, row.height),
        figure_top=figure_top,
        label_top=figure_top + m.hero + label_gap,
        target=target,
        target_radius=radius,
        cue=cue,
        cue_lines=2,
        bar=bar,
        bottom=Rect(cue.x, cue.y, cue.width, area.bottom - pad - cue.y),
    )


def _compact_frame(c: Canvas) -> FarFrame:
    m, area = c.m, c.content
    height = area.height
    pad = round(height * 0.022)
    edge = round(m.margin * 0.8)
    band = Rect(0, 0, area.width, m.main + 2 * round(m.main * 0.24))
    bar_high = max(16, round(height * 0.044))
    bar = Rect(edge, area.bottom - pad - bar_high, area.width - 2 * edge, bar_high)
    figure_top = band.bottom + round(pad * 1.6)
    one = m.main + descent_of(m.main)
    two = one + round(m.main * LEADING)
    under = figure_top + m.hero
    lines = 2 if bar.top - pad - two - under >= max(round(m.sub * 1.6), round(height * 0.15)) else 1
    cue_high = two if lines == 2 else one
    cue = Rect(edge, bar.top - round(pad * 0.7) - cue_high, bar.width, cue_high)
    zone = Rect(0, under, area.width, cue.top - under)
    radius = (zone.height - 2 * round(pad * 0.8)) // 2
    target = (area.width // 2, zone.centery)
    side = round(pad * 1.2)
    top = band.bottom + side
    high = cue.top - side - top
    return FarFrame(
        band=band,
        left=Rect(edge, top, target[0] - radius - side - edge, high),
        right=Rect(target[0] + radius + side, top, area.width - edge - target[0] - radius - side, high),
        figure_top=figure_top,
        label_top=zone.centery - m.sub // 2,
        target=target,
        target_radius=radius,
        cue=cue,
        cue_lines=lines,
        bar=bar,
        bottom=Rect(cue.x, cue.y, cue.width, area.bottom - pad - cue.y),
    )


def start(c: Canvas, tone: Tone) -> FarFrame:
    """Ground, frame and gaze target; the only touch there is on a screen with a moving belt is stop."""
    c.clear(tone.ground)
    frame = far_frame(c)
    if tone.frame:
        width = max(6, round(c.m.height * 0.012))
        area = c.content
        for side in (
            Rect(area.x, area.y, width, area.height),
            Rect(area.right - width, area.y, width, area.height),
            Rect(area.x, area.bottom - width, area.width, width),
        ):
            c.fill(side, theme.RED)
    gaze_target(c, frame, tone.ground)
    if c.snapshot.screen is not ScreenId.BELT_STOPPED:
        c.target(c.whole, Intent(IntentKind.STOP), key=True)
    return frame


def gaze_target(c: Canvas, frame: FarFrame, ground: Colour) -> None:
    """A still point to rest the eyes on."""
    radius = max(1, frame.target_radius)  # a panel far below the smallest has no room for it
    side = 2 * radius
    place = Rect(frame.target[0] - radius, frame.target[1] - radius, side, side)
    if c.surface is None:
        c.picture_box(place, "gaze target")
        return

    def draw(pen: Pen) -> None:
        pen.ring((100, 100), 100, 14, theme.AMBER)
        pen.disc((100, 100), 27, theme.AMBER)

    picture = c.ui.sprites.get(("target", side, ground), lambda: opaque(side, side, 200, ground, draw), keep=True)
    c.picture(picture, place, "gaze target")


def band(c: Canvas, frame: FarFrame, tone: Tone, icon: str, word: str, *, right: tuple[str, ...] = ()) -> None:
    """Shape and word of the state. *right*: what may stand at the right end, the longest that fits is taken."""
    m = c.m
    place = frame.band
    c.fill(place, tone.band)
    edge = frame.cue.x
    side = round(m.main * 0.86)
    c.icon(icon, Rect(edge, place.centery - side // 2, side, side), tone.ink)
    left = edge + side + round(m.main * 0.42)
    room = place.right - edge - left
    cap = m.main
    word_width = c.width(word, cap, Face.DISPLAY)
    if word_width > room:
        cap = int(cap * room / word_width)
        word_width = room
    lift = 0
    if not word.isupper():  # letters below the line need their room in the band too
        cap = min(cap, int(place.height / (1 + _RISES + _HANGS + 2 * _BAND_EDGE)))
        lift = round(cap * (_HANGS - _RISES) / 2)
    c.line(word, (left, place.centery - cap // 2 - lift), cap, tone.ink, face=Face.DISPLAY, inside=place)
    free = room - word_width - m.main // 2
    notice = far_notice(c)
    if notice:
        _right_end(c, frame, tone, notice, free, mark=True)
        return
    fitting = [text for text in right if c.width(text, m.sub, Face.DISPLAY) <= free]
    if right:
        _right_end(c, frame, tone, fitting[0] if fitting else right[-1], free)


def _right_end(c: Canvas, frame: FarFrame, tone: Tone, text: str, room: int, *, mark: bool = False) -> None:
    """Words at the right end of the band; *mark*: a diamond before them, as for all standing notices."""
    m = c.m
    side = round(m.sub * 0.8) if mark else 0
    gap = round(m.sub * 0.4) if mark else 0
    cap = c.common_cap([text], room - side - gap, m.sub, face=Face.DISPLAY, least=round(m.sub * 0.7))
    if c.width(text, cap, Face.DISPLAY) > room - side - gap:
        return
    place = frame.band
    box = c.line(
        text,
        (place.right - frame.cue.x, place.centery - cap // 2),
        cap,
        tone.ink,
        face=Face.DISPLAY,
        align="right",
        inside=place,
    )
    if mark:
        c.icon("diamond", Rect(box.left - gap - side, place.centery - side // 2, side, side), tone.ink)


def far_notice(c: Canvas) -> str:
    """The standing notice in far-readable words, which takes the place of the phase; empty if there is none."""
    key = f"notice.{c.snapshot.banner.rpartition('.')[2]}.far"
    return c.t(key) if c.snapshot.banner and c.words.has(key) else ""


def figure(
    c: Canvas, frame: FarFrame, tone: Tone, side: str, text: str, label: str, *, colour: Colour | None = None
) -> None:
    """A hero figure with its unit under it, at the left or the right edge."""
    m = c.m
    place = frame.left if side == "left" else frame.right
    x = place.left if side == "left" else place.right
    ink = c.figure(text, (x, frame.figure_top), m.hero, colour or theme.TEXT, align=side)
    width = min(place.width, c.width(label, m.sub, Face.DISPLAY_REGULAR) + 4)
    under = Rect(0, frame.label_top, width, m.sub + descent_of(m.sub) + 2)
    under.centerx = ink.centerx
    under.clamp_ip(Rect(place.x, under.y, place.width, under.height))
    c.block(label, under, m.sub, tone.muted, face=Face.DISPLAY_REGULAR, least=round(m.sub * 0.7), align="center")


def speed(c: Canvas, frame: FarFrame, tone: Tone) -> None:
    """The measured speed, or --.- when it is not known."""
    s = c.snapshot
    figure(c, frame, tone, "left", c.words.speed(s.measured_ckmh, s.units), c.t(f"unit.{s.units.name.lower()}"))


def clock_text(seconds: float) -> str:
    """Minutes and seconds, as 14:05. A second that has begun counts."""
    whole = max(0, -int(-seconds // 1))
    return f"{whole // 60}:{whole % 60:02d}"


def time_left(c: Canvas, frame: FarFrame, tone: Tone, seconds: float) -> None:
    """How much of the walk is left."""
    figure(c, frame, tone, "right", clock_text(seconds), c.t("walk.left"))


def sentences(lines: tuple[str, ...]) -> list[str]:
    """Lines joined where one sentence runs over both, so that each entry makes sense alone."""
    found: list[str] = []
    for line in lines:
        if found and not found[-1].endswith((".", "!", "?")):
            found[-1] = f"{found[-1]} {line}"
        else:
            found.append(line)
    return found


def cue(c: Canvas, frame: FarFrame, lines: tuple[str, ...], *, colour: Colour = theme.TEXT, bar: bool = True) -> None:
    """The cue: one or two lines at MAIN size.

    A compact panel shows its first sentence; without a bar below it has room for two lines at SUB size.
    """
    m = c.m
    shown = [line for line in lines if line][:2]
    if not shown:
        return
    place = frame.cue if bar else frame.bottom
    cap = m.main
    leading = LEADING if bar else LEADING_WIDE
    if m.compact and frame.cue_lines == 1:
        if bar or len(shown) == 1:
            shown = sentences(tuple(shown))[:1]
        else:
            leading = LEADING_SMALL
            cap = min(m.main, round((place.height - 4) / (1 + leading + _DESCENT)))
    widest = max(c.width(line, cap, Face.DISPLAY) for line in shown)
    if widest > place.width:
        cap = int(cap * place.width / widest)
        while max(c.width(line, cap, Face.DISPLAY) for line in shown) > place.width:  # glyphs do not shrink evenly
            cap -= 1
    pitch = round(cap * leading)
    height = cap + pitch * (len(shown) - 1)
    top = place.y + max(0, (place.height - height - descent_of(cap)) // 2)
    for index, line in enumerate(shown):
        c.line(
            line, (place.centerx, top + index * pitch), cap, colour, face=Face.DISPLAY, align="center", inside=place
        )


def cue_or_stop(c: Canvas, frame: FarFrame, lines: tuple[str, ...]) -> None:
    """The cue of a screen without a bar; after a first touch the stop bar, and above it what goes on without it."""
    if not c.snapshot.stop_touched:
        cue(c, frame, lines, bar=False)
        return
    stop_bar(c)
    if not c.m.compact:
        cue(c, frame, lines[:1])


def stop_bar(c: Canvas) -> None:
    """After a first touch: the second one stops the belt."""
    m = c.m
    high = max(round(c.content.height * 0.15), m.key if not m.compact else m.touch)
    place = Rect(0, c.content.bottom - high, c.content.width, high)
    c.layer += 1
    c.fill(place, theme.RED_FILL)
    cap = min(m.main, round(high * 0.46))
    side = round(cap * 0.92)
    text = c.t("walk.touch_again")
    gap = round(cap * 0.5)
    cap = min(cap, int(cap * (place.width - 2 * m.margin - side - gap) / c.width(text, cap, Face.DISPLAY)))
    width = c.width(text, cap, Face.DISPLAY)
    left = place.centerx - (width + side + gap) // 2
    c.icon("square", Rect(left, place.centery - side // 2, side, side), theme.TEXT)
    c.line(text, (left + side + gap, place.centery - cap // 2), cap, face=Face.DISPLAY, inside=place)
    c.layer -= 1
