"""What a person with ordinary eyes and hands would stumble over on a painted screen, as sentences.

Works on what the canvas noted (texts, targets, pictures) and on the colours under each text before it was drawn.
"""

from __future__ import annotations

from itertools import combinations

from pygame import Rect

from kiosk.intents import FAR_SCREENS, INERT_SCREENS, IntentKind
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas, DrawnText, Target
from kiosk.ui.far import far_frame
from kiosk.ui.theme import contrast

CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, text of any size."""

LOCKED_CONTRAST = 3.0
"""A key that takes no touch is told by its dimmed look (WCAG exempts it; we ask for 3)."""


def findings(c: Canvas) -> list[str]:
    """Everything that is wrong with the painted canvas *c*."""
    found = clipped(c) + overlapping(c) + crowded(c) + faint(c) + misplaced_targets(c)
    return found + (small_far(c) + outside_band(c) if c.far else small_near(c))


def clipped(c: Canvas) -> list[str]:
    """Text that was cut, or stands outside its place or the screen."""
    found = []
    for text in c.texts:
        room = c.strip if text.role == "legend" else c.content
        if not text.whole:
            found.append(f'"{text.text}" was cut to fit')
        if not room.contains(text.ink):
            found.append(f'"{text.text}" leaves the screen: {text.ink} in {room}')
        if not text.inside.inflate(4, text.cap_px // 2).contains(text.ink):
            found.append(f'"{text.text}" leaves its place: {text.ink} in {text.inside}')
    return found


def overlapping(c: Canvas) -> list[str]:
    """Text over text, or text over a picture."""
    found = []
    for one, other in combinations(c.texts, 2):
        if one.layer == other.layer and one.ink.inflate(-2, -2).colliderect(other.ink.inflate(-2, -2)):
            found.append(f'"{one.text}" and "{other.text}" overlap')
    for text in c.texts:
        for picture in c.pictures:
            if text.layer == picture.layer and text.ink.inflate(-2, -2).colliderect(picture.rect):
                found.append(f'"{text.text}" stands on the picture {picture.name}')
    return found


def crowded(c: Canvas) -> list[str]:
    """Two texts on one line with less than a narrow space between them: they read as one word."""
    found = []
    for one, other in combinations(c.texts, 2):
        left, right = sorted((one, other), key=lambda text: text.ink.x)
        cap = min(one.cap_px, other.cap_px)
        beside = min(one.ink.bottom, other.ink.bottom) - max(one.ink.top, other.ink.top) > cap * 0.6
        if one.layer == other.layer and beside and right.ink.left - left.ink.right < cap * 0.2:
            found.append(f'"{left.text}" runs into "{right.text}"')
    return found


def outside_band(c: Canvas) -> list[str]:
    """Words of the band that reach over its edge."""
    band = far_frame(c).band
    return [
        f'"{text.text}" reaches over the band: {text.ink} in {band}'
        for text in c.texts
        if band.collidepoint(text.ink.center) and not band.contains(text.ink)
    ]


def faint(c: Canvas) -> list[str]:
    """Text with too little contrast to what is under it."""
    found = []
    for text in c.texts:
        worst = min((contrast(text.colour, ground) for ground in text.grounds), default=21.0)
        least = LOCKED_CONTRAST if text.colour == theme.IDLE else CONTRAST
        if worst < least:
            found.append(f'"{text.text}" has a contrast of {worst:.1f}')
    return found


def small_far(c: Canvas) -> list[str]:
    """Far text below 25 minutes of arc, where the panel can do better."""
    if c.m.compact:
        return []
    least = c.m.far_px(theme.FLOOR_ARCMIN)
    near = {IntentKind.NEXT, IntentKind.STAFF}
    buttons = [target.rect for target in c.targets if target.intent.kind in near]
    return [
        f'"{text.text}" fills {c.m.arcmin(text.cap_px):.0f} minutes of arc'
        for text in c.texts
        if text.role == "far" and text.cap_px < least and not _on_any(text, buttons)
    ]


def small_near(c: Canvas) -> list[str]:
    """Near text below 5 mm."""
    least_mm = theme.SMALL_PANEL_MM if c.m.compact else theme.SMALL_MM
    return [
        f'"{text.text}" has capitals of {text.cap_px * c.m.mm_per_px:.1f} mm'
        for text in c.texts
        if text.role == "near" and text.cap_px * c.m.mm_per_px < least_mm * 0.97
    ]


def _on_any(text: DrawnText, rects: list[Rect]) -> bool:
    return any(rect.contains(text.ink) for rect in rects)


def misplaced_targets(c: Canvas) -> list[str]:
    """Targets too small, too close to each other, outside the screen; anything but stop while the belt may move."""
    found = []
    side = c.m.touch - 1
    for target in c.targets:
        if not c.whole.contains(target.rect):
            found.append(f"{_name(target)} leaves the screen: {target.rect}")
        if min(target.rect.size) < side:
            found.append(f"{_name(target)} is {target.rect.size}, less than {side} px")
        if target.key and not c.m.compact and min(target.rect.size) < c.m.mm(theme.KEY_MM) - 1:
            found.append(f"{_name(target)} is a key of {target.rect.size}, less than 30 mm")
    for one, other in combinations(c.targets, 2):
        nested = one.rect.contains(other.rect) or other.rect.contains(one.rect)
        if not nested and one.rect.inflate(2 * c.m.gap - 4, 2 * c.m.gap - 4).colliderect(other.rect):
            found.append(f"{_name(one)} and {_name(other)} are closer than {c.m.gap} px")
    if c.snapshot.screen in INERT_SCREENS and not c.snapshot.touch_ready:
        found += [
            f"{_name(target)} can be touched while the belt may move"
            for target in c.targets
            if target.intent.kind is not IntentKind.STOP
        ]
    if c.snapshot.screen in FAR_SCREENS:
        allowed = {IntentKind.STOP, IntentKind.NEXT, IntentKind.STAFF}
        found += [f"{_name(t)} on a far screen" for t in c.targets if t.intent.kind not in allowed]
    return found


def _name(target: Target) -> str:
    return f"{target.intent.kind.value} {target.intent.value}"
