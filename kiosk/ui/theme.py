"""Colours and sizes. Sizes come from the visual angle of what a person reads, not from pixels.

Far screens are read from the side rails at the configured distance: EN 301 549 5.1.4 asks for capitals of 0.7 degrees
(42 minutes of arc). Near screens are touched at 0.6 m and are sized in millimetres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from hardware.config import Screen

Colour = tuple[int, int, int]

BACKGROUND: Final[Colour] = (0x0B, 0x13, 0x20)
TEXT: Final[Colour] = (0xF5, 0xF7, 0xFA)
MUTED: Final[Colour] = (0xB8, 0xC4, 0xD6)
IDLE: Final[Colour] = (0x8A, 0x99, 0xAE)
SKY: Final[Colour] = (0x56, 0xB4, 0xE9)
AMBER: Final[Colour] = (0xF0, 0xC4, 0x00)
RED: Final[Colour] = (0xFF, 0x5A, 0x4F)
RED_FILL: Final[Colour] = (0xC8, 0x10, 0x2E)
INK: Final[Colour] = (0x06, 0x12, 0x22)
"""Text on sky and amber."""
BUTTON: Final[Colour] = (0x1F, 0x35, 0x52)
BUTTON_LINE: Final[Colour] = (0x7F, 0xA7, 0xD9)
CARD: Final[Colour] = (0x12, 0x1F, 0x36)
CARD_LINE: Final[Colour] = (0x2A, 0x40, 0x64)
TRACK: Final[Colour] = (0x24, 0x3A, 0x5A)
"""What is still to come in a plan; drawn things that carry no message of their own."""
STOP_BACKGROUND: Final[Colour] = (0x28, 0x05, 0x0B)
STOP_MUTED: Final[Colour] = (0xF6, 0xC6, 0xC2)
AMBER_BACKGROUND: Final[Colour] = (0x22, 0x1A, 0x04)
AMBER_MUTED: Final[Colour] = (0xEF, 0xE2, 0xA8)
HATCH_DARK: Final[Colour] = (0x26, 0x2C, 0x35)
HATCH_LIGHT: Final[Colour] = (0x3C, 0x45, 0x51)

HERO_ARCMIN: Final = 80.0
MAIN_ARCMIN: Final = 42.0
SUB_ARCMIN: Final = 30.0
FLOOR_ARCMIN: Final = 25.0
"""Nothing smaller while the belt may move."""

TITLE_MM: Final = 12.0
BODY_MM: Final = 8.0
SMALL_MM: Final = 5.0
TARGET_MM: Final = 20.0
KEY_MM: Final = 30.0
GAP_MM: Final = 5.0
SMALL_PANEL_MM: Final = 3.5
"""Where a panel is too small for what it has to hold, near type may shrink to this (20 minutes of arc at 0.6 m)."""

FAR_LINE_CHARS: Final = 22
"""A cue has at most this many characters a line (screens.md, decisions)."""
_MEAN_CHAR_EM: Final = 0.52  # B612 Bold, mixed case: the widest cue lines need 0.50
_B612_CAP: Final = 0.75
_DIGITS_EM: Final = 4.10  # "0.5" and "14:05" side by side, as numerals() sets them


def luminance(colour: Colour) -> float:
    """Relative luminance of an sRGB colour, 0-1 (WCAG 2.2, definition)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, 1-21 (WCAG 2.2, 1.4.3)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def angle_mm(arcmin: float, distance_m: float) -> float:
    """Height in mm that fills *arcmin* minutes of arc at *distance_m*."""
    return 2000 * distance_m * math.tan(math.radians(arcmin / 60) / 2)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every size in pixels, for one panel at one distance. Type sizes are heights of a capital H.

    *compact*: the panel is too small for its distance, or too low in pixels. Type then takes as much of it as it can,
    and far screens leave out the phase label and the second cue line.
    """

    width: int
    height: int
    mm_per_px: float
    distance_m: float
    compact: bool
    hero: int
    main: int
    sub: int
    headline: int
    title: int
    body: int
    small: int
    least: int
    legend: int
    touch: int
    key: int
    gap: int
    margin: int
    radius: int

    def arcmin(self, cap_px: float) -> float:
        """Minutes of arc that *cap_px* pixels fill at the configured distance."""
        return math.degrees(2 * math.atan(cap_px * self.mm_per_px / (2000 * self.distance_m))) * 60

    def far_px(self, arcmin: float) -> float:
        """Pixels that fill *arcmin* at the configured distance."""
        return angle_mm(arcmin, self.distance_m) / self.mm_per_px

    @property
    def readable_m(self) -> float:
        """From how far the instructions are readable (42 minutes of arc): to be named when it is too little."""
        return self.main * self.mm_per_px / angle_mm(MAIN_ARCMIN, 1.0)

    @property
    def too_small(self) -> bool:
        """The panel does not reach 0.7 degrees at the configured distance: diagnostics and staff screens say so."""
        return self.main < math.floor(self.far_px(MAIN_ARCMIN))

    def mm(self, millimetres: float) -> int:
        """Whole pixels that are at least *millimetres*."""
        return math.ceil(millimetres / self.mm_per_px)


def _between(low: float, wanted: float, high: float) -> int:
    return math.ceil(max(low, min(wanted, high)))


def measure(width: int, height: int, screen: Screen, reserved_px: int = 0) -> Metrics:
    """Sizes for a surface of *width* x *height* pixels on the panel of *screen*.

    *reserved_px* of the height belong to the simulation band.
    """
    mm_per_px = screen.width_mm / width
    usable = height - reserved_px

    def far(arcmin: float) -> float:
        return angle_mm(arcmin, screen.viewing_distance_m) / mm_per_px

    def near(millimetres: float) -> float:
        return millimetres / mm_per_px

    margin = round(width * 0.0375) if width >= 1200 else round(width * 0.03)
    line_px = (width - 1.5 * margin) / FAR_LINE_CHARS / _MEAN_CHAR_EM * _B612_CAP
    main_max = min(line_px, usable * 0.118)
    compact = far(MAIN_ARCMIN) > main_max * 1.02 or height < 700
    if compact:
        hero_width = (width - 1.6 * margin) / (_DIGITS_EM + 0.18) * _B612_CAP
        hero = math.floor(min(hero_width, max(height * 0.285, usable * 0.25)))
        main = _between(0, min(line_px, usable * 0.112), main_max)
        sub = max(round(main * 0.74), math.ceil(min(far(FLOOR_ARCMIN), main)))
    else:
        hero = _between(usable * 0.19, far(HERO_ARCMIN), usable * 0.222)
        main = _between(usable * 0.095, far(MAIN_ARCMIN), main_max)
        sub = _between(usable * 0.066, far(SUB_ARCMIN), usable * 0.084)
    small = _between(height * 0.019, near(SMALL_MM), height * 0.056)
    body = max(small, _between(height * 0.0275, near(BODY_MM), height * 0.056))
    title = max(body, _between(height * 0.042, near(TITLE_MM), height * 0.075))
    headline = max(title, round(height * 0.064), math.ceil(min(near(TITLE_MM), height * 0.085)))
    touch = _between(height * 0.06, near(TARGET_MM), usable * 0.2167)
    return Metrics(
        width=width,
        height=height,
        mm_per_px=mm_per_px,
        distance_m=screen.viewing_distance_m,
        compact=compact,
        hero=hero,
        main=main,
        sub=sub,
        headline=headline,
        title=title,
        body=body,
        small=small,
        least=min(small, math.ceil(near(SMALL_PANEL_MM))) if compact else small,
        legend=max(9, round(height * 0.0135)),
        touch=touch,
        key=_between(height * 0.1, near(KEY_MM), usable * 0.2167),
        gap=_between(height * 0.015, near(GAP_MM), usable * 0.0542),
        margin=margin,
        radius=max(8, round(height * 0.02)),
    )
