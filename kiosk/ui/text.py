"""Text as pictures, rendered once and kept; fitting and wrapping.

Sizes are heights of a capital H in pixels. Two families: B612 for numbers, states and cues (its digits are equally
wide), Atkinson Hyperlegible Next for the rest. Letters that neither has are set without their marks.
"""

from __future__ import annotations

import math
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import pygame

from kiosk.ui.theme import Colour


class Face(StrEnum):
    """The font files, by use."""

    DISPLAY = "B612-Bold.otf"
    DISPLAY_REGULAR = "B612-Regular.otf"
    REGULAR = "AtkinsonHyperlegibleNext-400.ttf"
    SEMIBOLD = "AtkinsonHyperlegibleNext-600.ttf"
    BOLD = "AtkinsonHyperlegibleNext-700.ttf"


_CAP_PER_EM: Final = {
    Face.DISPLAY: 0.750,
    Face.DISPLAY_REGULAR: 0.750,
    Face.REGULAR: 0.668,
    Face.SEMIBOLD: 0.668,
    Face.BOLD: 0.668,
}
_FALLBACK: Final = {Face.DISPLAY: Face.BOLD, Face.DISPLAY_REGULAR: Face.REGULAR}
_CACHE_BYTES: Final = 24_000_000
_TRACK_EM: Final = 0.045
"""Taken off each numeral's advance: at hero size the font's own spacing reads as gaps."""

ELLIPSIS: Final = "…"


@dataclass(frozen=True, slots=True)
class TextImage:
    """A rendered line, cut to its ink: half of a font's line box is empty, and empty pixels are blended too.

    *ink* is where the picture stands in the line box, *cap_top* and *baseline* are where its capitals stand there.
    """

    surface: pygame.Surface
    ink: pygame.Rect
    cap_top: int
    baseline: int


class Fonts:
    """Font files by face and size. One for each process: a font must not outlive ``pygame.font.quit()``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._fonts: dict[tuple[Face, int], pygame.font.Font] = {}
        self._covers: dict[tuple[Face, str], bool] = {}
        self._settled: dict[tuple[Face, str], tuple[str, Face]] = {}
        self._widths: dict[tuple[Face, int, str], int] = {}

    def font(self, face: Face, cap_px: float) -> pygame.font.Font:
        """The font whose capitals are at least *cap_px* pixels high."""
        size = max(1, math.ceil(cap_px / _CAP_PER_EM[face]))
        font = self._fonts.get((face, size))
        if font is None:
            font = pygame.font.Font(str(self._directory / face), size)
            self._fonts[face, size] = font
        return font

    def covers(self, face: Face, letter: str) -> bool:
        """Whether *face* has a glyph of its own for *letter*: its picture is not that of a missing one."""
        key = (face, letter)
        known = self._covers.get(key)
        if known is None:
            font = self.font(face, 20)
            known = letter.isspace() or _pixels(font, letter) != _pixels(font, _NO_SUCH_LETTER)
            self._covers[key] = known
        return known

    def settle(self, text: str, face: Face) -> tuple[str, Face]:
        """How *text* can be set: in *face*, else in its fallback, else with plain letters for those that neither has.

        Names come from outside and have every letter there is; a box in place of one would be no name.
        """
        known = self._settled.get((face, text))
        if known is None:
            known = self._settle(text, face)
            if len(self._settled) > 4000:
                self._settled.clear()
            self._settled[face, text] = known
        return known

    def _settle(self, text: str, face: Face) -> tuple[str, Face]:
        for candidate in (face, _FALLBACK.get(face, face)):
            if all(self.covers(candidate, letter) for letter in text):
                return text, candidate
        plain = _FALLBACK.get(face, face)
        letters = (letter if self.covers(plain, letter) else _plain(letter) for letter in text)
        return "".join(
            letter if all(self.covers(plain, part) for part in letter) else "·" for letter in letters
        ), plain

    def face_for(self, text: str, face: Face) -> Face:
        """*face*, or its fallback if *face* lacks a letter of *text*."""
        return self.settle(text, face)[1]

    def width(self, text: str, face: Face, cap_px: float) -> int:
        """Advance width of *text* in pixels."""
        text, face = self.settle(text, face)
        key = (face, math.ceil(cap_px), text)
        width = self._widths.get(key)
        if width is None:
            width = self.font(face, math.ceil(cap_px)).size(text)[0]
            if len(self._widths) > 8000:
                self._widths.clear()
            self._widths[key] = width
        return width


class TextCache:
    """Rendered lines, the least recently used dropped beyond a few megabytes."""

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self._images: OrderedDict[tuple[str, Face, int, Colour], TextImage] = OrderedDict()
        self._bytes = 0

    def image(self, text: str, face: Face, cap_px: int, colour: Colour) -> TextImage:
        """The picture of one line of *text*."""
        key = (text, face, cap_px, colour)
        found = self._images.get(key)
        if found is not None:
            self._images.move_to_end(key)
            return found
        shown, used = self.fonts.settle(text, face)
        font = self.fonts.font(used, cap_px)
        line = font.render(shown, True, colour)
        ink = line.get_bounding_rect()
        surface = line.subsurface(ink).copy() if ink.width else line
        baseline = font.get_ascent()
        made = TextImage(surface, ink, baseline - _cap_height(font), baseline)
        self._images[key] = made
        self._bytes += _size(surface)
        while self._bytes > _CACHE_BYTES and len(self._images) > 1:
            _, dropped = self._images.popitem(last=False)
            self._bytes -= _size(dropped.surface)
        return made

    @property
    def held_bytes(self) -> int:
        """Memory in use by pictures."""
        return self._bytes


_NO_SUCH_LETTER: Final = "\u3fff"  # a Chinese sign: none of these faces has any
_PLAIN: Final = {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "ı": "i", "ŧ": "t", "’": "'", "–": "-"}


def _plain(letter: str) -> str:
    """*letter* without its marks."""
    if letter in _PLAIN:
        return _PLAIN[letter]
    return "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))


def _pixels(font: pygame.font.Font, letter: str) -> bytes:
    picture = font.render(letter, False, (255, 255, 255), (0, 0, 0))
    return bytes(str(picture.get_size()), "ascii") + pygame.image.tobytes(picture, "RGB")


def _size(surface: pygame.Surface) -> int:
    return surface.get_width() * surface.get_height() * 4


def _cap_height(font: pygame.font.Font) -> int:
    return int(font.metrics("H")[0][3])


def wrap(fonts: Fonts, text: str, face: Face, cap_px: float, width: int) -> list[str]:
    """Break *text* into lines no wider than *width*, where words allow. A newline in *text* always breaks.

    Only a plain space is a place to break: a no-break space keeps its neighbours together.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in filter(None, paragraph.split(" ")):
            candidate = f"{line} {word}" if line else word
            if line and fonts.width(candidate, face, cap_px) > width:
                lines.append(line)
                line = word
            else:
                line = candidate
        lines.append(line)
    return lines


def balanced(fonts: Fonts, text: str, face: Face, cap_px: float, width: int) -> list[str]:
    """As wrap(), with the lines about equally long: the narrowest measure that needs no more lines."""
    lines = wrap(fonts, text, face, cap_px, width)
    if len(lines) < 2:
        return lines
    low, high = width // 3, width
    while high - low > 8:
        middle = (low + high) // 2
        trial = wrap(fonts, text, face, cap_px, middle)
        if len(trial) <= len(lines) and all(fonts.width(line, face, cap_px) <= middle for line in trial):
            high = middle
        else:
            low = middle
    return wrap(fonts, text, face, cap_px, high)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines and the size at which they fit. *whole* is False if even the smallest size was too large."""

    lines: tuple[str, ...]
    cap_px: int
    pitch: int
    whole: bool

    @property
    def height(self) -> int:
        """From the top of the first line's capitals to the baseline of the last."""
        return self.cap_px + self.pitch * (len(self.lines) - 1)


def pitch_of(cap_px: int, face: Face) -> int:
    """Distance between baselines."""
    return round(cap_px * (1.45 if face in _FALLBACK else 1.85))


def descent_of(cap_px: int) -> int:
    """How far letters reach below the baseline, at most."""
    return math.ceil(cap_px * 0.32)


def fit(
    fonts: Fonts,
    text: str,
    face: Face,
    *,
    width: int,
    height: int | None,
    cap_px: int,
    least_px: int,
    max_lines: int = 1,
    balance: bool = False,
) -> Fitted:
    """The largest size from *cap_px* to *least_px* at which *text* fits in *width* x *height* and *max_lines*."""
    face = fonts.face_for(text, face)
    size = cap_px
    while True:
        lines = wrap(fonts, text, face, size, width)
        pitch = pitch_of(size, face)
        wide = max(fonts.width(line, face, size) for line in lines)
        high = size + pitch * (len(lines) - 1) + descent_of(size)
        if len(lines) <= max_lines and wide <= width and (height is None or high <= height):
            if balance:
                lines = balanced(fonts, text, face, size, width)
            return Fitted(tuple(lines), size, pitch, whole=True)
        if size <= least_px:
            return Fitted(_cut(fonts, lines, face, size, width, max_lines), size, pitch, whole=False)
        size = max(least_px, min(size - 1, round(size * 0.95)))


def _cut(fonts: Fonts, lines: list[str], face: Face, size: int, width: int, max_lines: int) -> tuple[str, ...]:
    kept = lines[:max_lines]
    if len(lines) > max_lines:
        kept[-1] += ELLIPSIS
    return tuple(elide(fonts, line, face, size, width) for line in kept)


def elide(fonts: Fonts, line: str, face: Face, cap_px: float, width: int) -> str:
    """*line* cut with an ellipsis so that it is no wider than *width*."""
    if fonts.width(line, face, cap_px) <= width:
        return line
    body = line.rstrip(ELLIPSIS)
    while body and fonts.width(body + ELLIPSIS, face, cap_px) > width:
        body = body[:-1].rstrip()
    return body + ELLIPSIS


def numeral_cells(fonts: Fonts, text: str, cap_px: int) -> list[tuple[str, int]]:
    """Each glyph of a figure with its advance: digits all equally wide, so that a live value does not jitter."""
    track = round(cap_px / _CAP_PER_EM[Face.DISPLAY] * _TRACK_EM)
    return [(glyph, fonts.width(glyph, Face.DISPLAY, cap_px) - track) for glyph in text]
