"""How a treadmill stops, as one picture: every stop's speed over time, and its travel against half the deck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygame
from pygame import Rect

from kiosk.assets import assets_directory
from kiosk.ui import theme
from kiosk.ui.text import Face, Fonts
from kiosk.ui.theme import Colour

SIZE: Final = (1600, 760)
CAP: Final = 14
TITLE: Final = 22
GRID: Final[Colour] = (0x33, 0x46, 0x66)
_LOW: Final[Colour] = (0x4E, 0x7F, 0xB5)


@dataclass(frozen=True, slots=True)
class StopLine:
    """One stop: seconds since the stop byte and km/h; *over* the room that there is."""

    from_kmh: float
    points: tuple[tuple[float, float], ...]
    over: bool


@dataclass(frozen=True, slots=True)
class StopPicture:
    """What is drawn. Speeds km/h, lengths metres."""

    title: str
    lines: tuple[StopLine, ...]
    travel: tuple[tuple[float, float], ...]  # km/h, m
    room_m: float
    cap_kmh: float


def write_stop_chart(path: Path, picture: StopPicture) -> None:
    """Draw *picture* to *path* (PNG). Raises OSError if it cannot be written."""
    pygame.font.init()
    board = _Board(pygame.Surface(SIZE), Fonts(assets_directory() / "fonts"))
    board.surface.fill(theme.BACKGROUND)
    board.words(picture.title, 40, 26, theme.TEXT, Face.SEMIBOLD, TITLE)
    if any(m > picture.room_m for _, m in picture.travel):
        board.words("yellow: runs on for more than half the deck", SIZE[0] - 60, 30, theme.AMBER, align="right")
    wide = (SIZE[0] - 40 - 2 * 90) // 2
    left = Rect(90, 150, wide - 20, SIZE[1] - 250)
    right = Rect(90 + wide + 110, 150, wide - 40, SIZE[1] - 250)
    _speeds(board, left, picture)
    _travel(board, right, picture)
    try:
        pygame.image.save(board.surface, str(path))
    except pygame.error as error:
        raise OSError(f"{path} cannot be written: {error}") from error


@dataclass(frozen=True, slots=True)
class _Board:
    surface: pygame.Surface
    fonts: Fonts

    def words(
        self,
        text: str,
        x: int,
        y: int,
        colour: Colour,
        face: Face = Face.REGULAR,
        cap: int = CAP,
        align: str = "left",
    ) -> None:
        picture = self.fonts.font(face, cap).render(text, True, colour)
        left = {"left": x, "right": x - picture.get_width(), "middle": x - picture.get_width() // 2}[align]
        self.surface.blit(picture, (left, y))

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, width: int) -> None:
        if len(points) > 1:
            pygame.draw.lines(self.surface, colour, False, points, width)

    def dot(self, x: float, y: float, colour: Colour) -> None:
        pygame.draw.circle(self.surface, colour, (x, y), 6)


def _top(value: float, steps: Sequence[float]) -> tuple[float, float]:
    """The end of an axis and the distance of its grid lines, both round."""
    step = next((step for step in steps if value <= 5 * step), steps[-1])
    count = max(2, -int(-value // step))
    return step * count, step


def _axes(
    board: _Board, rect: Rect, x_top: tuple[float, float], y_top: tuple[float, float], x_unit: str, heading: str
) -> tuple[Callable[[float], float], Callable[[float], float]]:
    def x_of(value: float) -> float:
        return rect.x + rect.width * value / x_top[0]

    def y_of(value: float) -> float:
        return rect.bottom - rect.height * value / y_top[0]

    board.words(heading, rect.x - 50, rect.y - 62, theme.TEXT, Face.SEMIBOLD, 16)
    for n in range(round(y_top[0] / y_top[1]) + 1):
        y = round(y_of(n * y_top[1]))
        pygame.draw.line(board.surface, GRID, (rect.x, y), (rect.right, y))
        board.words(f"{n * y_top[1]:g}", rect.x - 14, y - CAP, theme.MUTED, align="right")
    count = round(x_top[0] / x_top[1])
    for n in range(count + 1):
        unit = f" {x_unit}" if n == count else ""
        board.words(
            f"{n * x_top[1]:g}{unit}", round(x_of(n * x_top[1])), rect.bottom + 14, theme.MUTED, align="middle"
        )
    return x_of, y_of


def _speeds(board: _Board, rect: Rect, picture: StopPicture) -> None:
    longest = max((line.points[-1][0] for line in picture.lines if line.points), default=1.0)
    fastest = max((line.from_kmh for line in picture.lines), default=1.0)
    x_of, y_of = _axes(
        board,
        rect,
        _top(max(1.0, longest), (0.5, 1, 2, 5)),
        _top(max(fastest, picture.cap_kmh) * 1.05, (0.2, 0.5, 1, 2)),
        "s",
        "Speed after the stop command, km/h",
    )
    for line in picture.lines:
        colour = theme.AMBER if line.over else theme.SKY
        steps: list[tuple[float, float]] = []
        for at_s, kmh in line.points:  # a reading holds until the next one
            x = x_of(min(max(at_s, 0.0), longest))
            if steps:
                steps.append((x, steps[-1][1]))
            steps.append((x, y_of(kmh)))
        board.line(steps, colour, 4)
    _cap_line(board, rect, y_of(picture.cap_kmh), picture.cap_kmh, level=True)


def _travel(board: _Board, rect: Rect, picture: StopPicture) -> None:
    fastest = max((kmh for kmh, _ in picture.travel), default=1.0)
    farthest = max([m for _, m in picture.travel] + [picture.room_m])
    x_of, y_of = _axes(
        board,
        rect,
        _top(fastest * 1.05, (0.2, 0.5, 1, 2)),
        _top(farthest * 1.08, (0.1, 0.2, 0.5, 1, 2)),
        "km/h",
        "Belt travel until it stands, m",
    )
    y = round(y_of(picture.room_m))
    pygame.draw.line(board.surface, theme.TEXT, (rect.x, y), (rect.right, y), 2)
    board.words(f"half the deck, {picture.room_m:.2f} m", rect.x + 10, y - 34, theme.TEXT)
    points = [(x_of(kmh), y_of(m)) for kmh, m in picture.travel]
    board.line(points, _LOW, 3)
    for (x, at), (_, m) in zip(points, picture.travel, strict=True):
        board.dot(x, at, theme.AMBER if m > picture.room_m else theme.SKY)
    _cap_line(board, rect, x_of(picture.cap_kmh), picture.cap_kmh, level=False)


def _cap_line(board: _Board, rect: Rect, at: float, cap_kmh: float, *, level: bool) -> None:
    """The cap, dashed."""
    place = round(at)
    length = rect.width if level else rect.height
    for start in range(0, length, 16):
        end = min(start + 9, length)
        a = (rect.x + start, place) if level else (place, rect.y + start)
        b = (rect.x + end, place) if level else (place, rect.y + end)
        pygame.draw.line(board.surface, theme.TEXT, a, b, 2)
    text = f"cap {cap_kmh:.2f}"
    if level:
        board.words(text, rect.right, place - 34, theme.TEXT, align="right")
    else:
        board.words(text, place + 10, rect.y, theme.TEXT)
