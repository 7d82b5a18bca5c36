"""A black box as a picture: every lane on one time axis, zero at the event."""

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

SIZE: Final = (1600, 900)
LEFT: Final = 210
RIGHT: Final = 40
CAP: Final = 13


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a lane."""

    from_s: float
    to_s: float
    colour: Colour
    word: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: stretches, or marks at instants."""

    name: str
    bars: tuple[Bar, ...] = ()
    marks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BoxPicture:
    """What is drawn. Speeds in km/h; None where not known."""

    title: str
    lanes: tuple[Lane, ...]
    measured: tuple[tuple[float, float | None], ...]
    wished: tuple[tuple[float, float | None], ...]


def write_box_chart(path: Path, box: BoxPicture) -> None:
    """Draw *box* to *path* (PNG). Raises OSError if it cannot be written."""
    pygame.font.init()
    fonts = Fonts(assets_directory() / "fonts")
    surface = pygame.Surface(SIZE)
    surface.fill(theme.BACKGROUND)

    def words(text: str, x: int, y: int, colour: Colour, face: Face = Face.REGULAR, cap: int = CAP) -> None:
        surface.blit(fonts.font(face, cap).render(text, True, colour), (x, y))

    begin = box.measured[0][0] if box.measured else -1.0
    end = max(box.measured[-1][0] if box.measured else 1.0, begin + 1.0)
    wide = SIZE[0] - LEFT - RIGHT

    def x_of(at_s: float) -> int:
        return LEFT + round(wide * (at_s - begin) / (end - begin))

    words(box.title, 40, 26, theme.TEXT, Face.SEMIBOLD, 20)
    bottom = SIZE[1] - 60
    for second in range(int(begin), int(end) + 1):
        if second % 5 == 0:
            pygame.draw.line(surface, theme.CARD, (x_of(second), 80), (x_of(second), bottom))
            words(f"{second:+d} s" if second else "0 s", x_of(second) - 14, bottom + 10, theme.MUTED)
    plot = Rect(LEFT, 90, wide, 260)
    top = max((v for _, v in (*box.measured, *box.wished) if v is not None), default=1.0) * 1.15 or 1.0
    words("speed, km/h", 40, plot.y, theme.MUTED)
    words("measured", 40, plot.y + 30, theme.SKY)
    words("wished", 40, plot.y + 60, theme.AMBER)
    for value in (0.0, round(top / 2, 1), round(top, 1)):
        y = plot.bottom - round(plot.height * min(1.0, value / top))
        pygame.draw.line(surface, theme.CARD, (plot.x, y), (plot.right, y))
        words(f"{value:.1f}", plot.x - 40, y - 10, theme.MUTED)
    for points, colour in ((box.wished, theme.AMBER), (box.measured, theme.SKY)):
        _line(surface, points, colour, x_of, lambda v: plot.bottom - round(plot.height * min(1.0, v / top)))
    y = plot.bottom + 40
    step = max(34, min(56, (bottom - y) // max(1, len(box.lanes))))
    for lane in box.lanes:
        words(lane.name, 40, y, theme.TEXT)
        for bar in lane.bars:
            rect = Rect(x_of(bar.from_s), y, max(2, x_of(bar.to_s) - x_of(bar.from_s)), step - 14)
            pygame.draw.rect(surface, bar.colour, rect)
            if bar.word and fonts.width(bar.word, Face.REGULAR, CAP) + 8 < rect.width:
                words(bar.word, rect.x + 4, rect.y, theme.INK)
        free = 0
        for at_s, word in lane.marks:
            x = x_of(at_s)
            pygame.draw.line(surface, theme.TEXT, (x, y), (x, y + step - 14), 2)
            if x + 4 > free:
                words(word, x + 4, y, theme.TEXT)
                free = x + 10 + fonts.width(word, Face.REGULAR, CAP)
        y += step
    pygame.draw.line(surface, theme.RED, (x_of(0.0), 80), (x_of(0.0), bottom), 2)
    try:
        pygame.image.save(surface, str(path))
    except pygame.error as error:
        raise OSError(f"{path} cannot be written: {error}") from error


def _line(
    surface: pygame.Surface,
    points: Sequence[tuple[float, float | None]],
    colour: Colour,
    x_of: Callable[[float], int],
    y_of: Callable[[float], int],
) -> None:
    run: list[tuple[int, int]] = []
    for at_s, value in (*points, (0.0, None)):
        if value is None:
            if len(run) > 1:
                pygame.draw.lines(surface, colour, False, run, 3)
            run = []
        else:
            if run:
                run.append((x_of(at_s), run[-1][1]))  # values change by steps
            run.append((x_of(at_s), y_of(value)))
