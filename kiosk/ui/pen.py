"""Smooth shapes: drawn too large on a picture of their own, scaled down once and kept.

pygame's own thick lines have no round ends and no smooth edges; ticks, arrows and triangles are polygons here and
never glyphs, so that no font decides what a state looks like.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import Final

import pygame
from pygame import Rect

from kiosk.ui.theme import Colour

Point = tuple[float, float]
_CACHE_BYTES: Final = 32_000_000


class Pen:
    """Draws in a square or oblong of *units* wide onto a large surface. Lines have round ends and joints."""

    def __init__(self, surface: pygame.Surface, unit_px: float, ground: Colour) -> None:
        self._surface = surface
        self._unit = unit_px
        self.ground = ground

    def _at(self, point: Point) -> Point:
        return point[0] * self._unit, point[1] * self._unit

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled shape."""
        pygame.draw.polygon(self._surface, colour, [self._at(point) for point in points])

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        """A filled circle."""
        pygame.draw.circle(self._surface, colour, self._at(centre), radius * self._unit)

    def ring(self, centre: Point, radius: float, width: float, colour: Colour) -> None:
        """A circle line; *radius* is its outer edge."""
        pygame.draw.circle(
            self._surface, colour, self._at(centre), radius * self._unit, max(1, round(width * self._unit))
        )

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A line through *points*."""
        for start, end in pairwise(points):
            self._bar(start, end, width, colour)
        for point in points:
            self.disc(point, width / 2, colour)

    def _bar(self, start: Point, end: Point, width: float, colour: Colour) -> None:
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = math.hypot(dx, dy)
        if length == 0:
            return
        nx, ny = -dy / length * width / 2, dx / length * width / 2
        self.polygon(
            [
                (start[0] + nx, start[1] + ny),
                (end[0] + nx, end[1] + ny),
                (end[0] - nx, end[1] - ny),
                (start[0] - nx, start[1] - ny),
            ],
            colour,
        )

    def closed(self, points: Sequence[Point], width: float, colour: Colour, fill: Colour | None = None) -> None:
        """A closed outline with round corners, filled or not."""
        if fill is not None:
            self.polygon(points, fill)
        self.line([*points, points[0]], width, colour)

    def box(self, rect: tuple[float, float, float, float], radius: float, colour: Colour) -> None:
        """A filled rectangle (x, y, width, height) with round corners."""
        x, y, w, h = (value * self._unit for value in rect)
        pygame.draw.rect(self._surface, colour, Rect(x, y, w, h), border_radius=round(radius * self._unit))

    def frame(
        self, rect: tuple[float, float, float, float], radius: float, width: float, line: Colour, fill: Colour
    ) -> None:
        """A rectangle with round corners and an outline."""
        self.box(rect, radius, line)
        x, y, w, h = rect
        self.box((x + width, y + width, w - 2 * width, h - 2 * width), max(0.0, radius - width), fill)

    def dots(self, points: Sequence[Point], gap: float, width: float, colour: Colour) -> None:
        """Round dots along a line, *gap* apart."""
        rest = 0.0
        for start, end in pairwise(points):
            length = math.dist(start, end)
            along = rest
            while along <= length:
                part = along / length if length else 0.0
                self.disc(
                    (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part), width / 2, colour
                )
                along += gap
            rest = along - length

    def arrow(self, start: Point, end: Point, width: float, colour: Colour, head: float | None = None) -> None:
        """A line with an open arrow head at *end*."""
        size = head if head is not None else width * 3.2
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        self.line([start, end], width, colour)
        for turn in (math.radians(138), math.radians(-138)):
            tip = (end[0] + size * math.cos(angle + turn), end[1] + size * math.sin(angle + turn))
            self.line([end, tip], width, colour)

    def arc(
        self, centre: Point, radius: float, start_deg: float, end_deg: float, width: float, colour: Colour
    ) -> None:
        """A piece of a circle, clockwise from *start_deg* to *end_deg*; 0 is to the right."""
        self.line(arc_points(centre, radius, start_deg, end_deg), width, colour)


def arc_points(centre: Point, radius: float, start_deg: float, end_deg: float) -> list[Point]:
    """Points along a piece of a circle."""
    count = max(3, math.ceil(abs(end_deg - start_deg) / 4))
    angles = [math.radians(start_deg + (end_deg - start_deg) * index / count) for index in range(count + 1)]
    return [(centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles]


def curve(points: Sequence[Point]) -> list[Point]:
    """A cubic Bezier curve through its four control points, as a line."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
    found = []
    for index in range(33):
        t = index / 32
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        found.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return found


Drawing = Callable[[Pen], None]


class Sprites:
    """Finished pictures by key; the least recently used dropped beyond a few megabytes, except those to keep."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[Hashable, pygame.Surface] = OrderedDict()
        self._kept: dict[Hashable, pygame.Surface] = {}
        self._bytes = 0
        self.made = 0

    def get(self, key: Hashable, make: Callable[[], pygame.Surface], *, keep: bool = False) -> pygame.Surface:
        """The picture under *key*, made on first use. *keep*: for good; for what may not be late (far screens)."""
        found = self._kept.get(key) or self._pictures.get(key)
        if found is not None:
            if key in self._pictures:
                self._pictures.move_to_end(key)
            return found
        made = make()
        self.made += 1
        if keep:
            self._kept[key] = made
            return made
        self._pictures[key] = made
        self._bytes += made.get_width() * made.get_height() * 4
        while self._bytes > _CACHE_BYTES and len(self._pictures) > 1:
            _, dropped = self._pictures.popitem(last=False)
            self._bytes -= dropped.get_width() * dropped.get_height() * 4
        return made

    @property
    def held_bytes(self) -> int:
        """Memory in use by pictures."""
        return self._bytes


def _oversample(width: int, height: int) -> int:
    """How many times too large to draw. A power of two: pygame scales others two levels too dark."""
    return 4 if width * height <= 600_000 else 2


def opaque(width: int, height: int, units: float, ground: Colour, draw: Drawing) -> pygame.Surface:
    """A picture on *ground*, *units* wide."""
    times = _oversample(width, height)
    large = pygame.Surface((width * times, height * times))
    large.fill(ground)
    draw(Pen(large, width * times / units, ground))
    return pygame.transform.smoothscale(large, (width, height))


def stencil(width: int, height: int, units: float, colour: Colour, draw: Drawing) -> pygame.Surface:
    """A picture of one *colour* on nothing, *units* wide. Transparent parts have the colour too: no dark fringes."""
    times = _oversample(width, height)
    large = pygame.Surface((width * times, height * times), pygame.SRCALPHA)
    large.fill((*colour, 0))
    draw(Pen(large, width * times / units, colour))
    return pygame.transform.smoothscale(large, (width, height))


# ------------------------------------------------------------------------------------------------ icons, 100 units


def _triangle(pen: Pen, colour: Colour) -> None:
    pen.polygon([(14, 6), (94, 50), (14, 94)], colour)


def _tick(pen: Pen, colour: Colour) -> None:
    pen.line([(14, 54), (39, 80), (87, 22)], 17, colour)


def _cross(pen: Pen, colour: Colour) -> None:
    pen.line([(20, 20), (80, 80)], 17, colour)
    pen.line([(80, 20), (20, 80)], 17, colour)


def octagon(centre: Point, radius: float) -> list[Point]:
    """The corners of an octagon with flat sides; *radius* to a side."""
    reach = radius / math.cos(math.pi / 8)
    return [
        (
            centre[0] + reach * math.cos(math.pi / 8 + index * math.pi / 4),
            centre[1] + reach * math.sin(math.pi / 8 + index * math.pi / 4),
        )
        for index in range(8)
    ]


def _octagon(pen: Pen, colour: Colour) -> None:
    pen.polygon(octagon((50, 50), 48), colour)


def _square(pen: Pen, colour: Colour) -> None:
    pen.box((10, 10, 80, 80), 6, colour)


def _diamond(pen: Pen, colour: Colour) -> None:
    pen.polygon([(50, 2), (98, 50), (50, 98), (2, 50)], colour)


def _circle(pen: Pen, colour: Colour) -> None:
    """A hollow circle, made of an arc so that the middle stays open on a stencil."""
    pen.arc((50, 50), 38, 0, 360, 15, colour)


def _dot(pen: Pen, colour: Colour) -> None:
    pen.disc((50, 50), 46, colour)


def _chevron_down(pen: Pen, colour: Colour) -> None:
    pen.line([(14, 14), (50, 46), (86, 14)], 16, colour)
    pen.line([(14, 52), (50, 84), (86, 52)], 16, colour)


def _chevron_up(pen: Pen, colour: Colour) -> None:
    pen.line([(14, 48), (50, 16), (86, 48)], 16, colour)
    pen.line([(14, 86), (50, 54), (86, 86)], 16, colour)


def _rails(pen: Pen, colour: Colour) -> None:
    pen.box((6, 4, 17, 92), 6, colour)
    pen.box((77, 4, 17, 92), 6, colour)
    for top in (14, 42, 70):
        pen.box((36, top, 28, 11), 5, colour)


def _erase(pen: Pen, colour: Colour) -> None:
    pen.line([(34, 22), (88, 22), (88, 78), (34, 78), (8, 50), (34, 22)], 9, colour)
    pen.line([(50, 40), (70, 60)], 9, colour)
    pen.line([(70, 40), (50, 60)], 9, colour)


def _arrow_right(pen: Pen, colour: Colour) -> None:
    pen.arrow((14, 50), (84, 50), 14, colour, head=36)


def _arrow_left(pen: Pen, colour: Colour) -> None:
    pen.arrow((86, 50), (16, 50), 14, colour, head=36)


def _speaker(pen: Pen, colour: Colour) -> None:
    pen.polygon([(8, 36), (28, 36), (52, 14), (52, 86), (28, 64), (8, 64)], colour)
    pen.arc((52, 50), 18, -48, 48, 9, colour)
    pen.arc((52, 50), 37, -48, 48, 9, colour)


def _person(pen: Pen, colour: Colour) -> None:
    pen.disc((50, 27), 21, colour)
    pen.polygon([(12, 96), (12, 86), (20, 68), (36, 57), (64, 57), (80, 68), (88, 86), (88, 96)], colour)


def _digits(pen: Pen, colour: Colour) -> None:
    for row in range(3):
        for column in range(3):
            pen.disc((20 + 30 * column, 20 + 30 * row), 9.5, colour)


def _bars(pen: Pen, colour: Colour) -> None:
    for left, top in ((10, 56), (40, 30), (70, 8)):
        pen.box((left, top, 20, 92 - top), 4, colour)


def _lines(pen: Pen, colour: Colour) -> None:
    for top in (14, 42, 70):
        pen.box((8, top, 16, 16), 4, colour)
        pen.box((34, top, 58, 16), 4, colour)


def _gear(pen: Pen, colour: Colour) -> None:
    pen.arc((50, 50), 26, 0, 360, 16, colour)  # open in the middle, as the circle is
    for turn in range(8):
        x, y = math.cos(turn * math.pi / 4), math.sin(turn * math.pi / 4)
        pen.line([(50 + 32 * x, 50 + 32 * y), (50 + 39 * x, 50 + 39 * y)], 15, colour)


def _hand(pen: Pen, colour: Colour) -> None:
    pen.line([(50, 8), (50, 62)], 12, colour)
    pen.polygon([(44, 40), (84, 52), (80, 84), (66, 98), (42, 98), (18, 66), (26, 58), (44, 72)], colour)


_ICONS: Final[dict[str, Callable[[Pen, Colour], None]]] = {
    "triangle": _triangle,
    "tick": _tick,
    "cross": _cross,
    "octagon": _octagon,
    "square": _square,
    "diamond": _diamond,
    "circle": _circle,
    "dot": _dot,
    "chevron_down": _chevron_down,
    "chevron_up": _chevron_up,
    "rails": _rails,
    "erase": _erase,
    "arrow_right": _arrow_right,
    "arrow_left": _arrow_left,
    "speaker": _speaker,
    "person": _person,
    "digits": _digits,
    "hand": _hand,
    "bars": _bars,
    "lines": _lines,
    "gear": _gear,
}


def icon(sprites: Sprites, name: str, size: int, colour: Colour) -> pygame.Surface:
    """One of the icons, *size* pixels square."""
    drawing = _ICONS[name]
    return sprites.get(
        ("icon", name, size, colour),
        lambda: stencil(size, size, 100, colour, lambda pen: drawing(pen, colour)),
        keep=True,
    )


def quarter(sprites: Sprites, radius: int, colour: Colour) -> pygame.Surface:
    """A disc of *radius*: its quarters are the corners of round boxes."""
    side = 2 * radius
    return sprites.get(
        ("disc", radius, colour),
        lambda: stencil(side, side, side, colour, lambda pen: pen.disc((radius, radius), radius, colour)),
        keep=True,
    )
