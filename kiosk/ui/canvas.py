"""What a screen paints on, and the kit that outlives the frame.

A canvas draws, and notes every line of text, every touch target and every picture it placed. Without a surface it
only notes: that is how a touch is answered and how tests measure what a person would see, from the one code path that
draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pygame
from pygame import Rect

from hardware.config import Screen
from kiosk.assets import assets_directory
from kiosk.intents import FAR_SCREENS, Intent
from kiosk.locale import REFERENCE_LANGUAGE, Catalogue
from kiosk.snapshot import Snapshot
from kiosk.ui import pen, theme
from kiosk.ui.text import (
    Face,
    Fitted,
    Fonts,
    TextCache,
    TextImage,
    descent_of,
    elide,
    fit,
    numeral_cells,
    pitch_of,
)
from kiosk.ui.theme import Colour, Metrics, measure


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A line of text as it stands on the surface."""

    text: str
    ink: Rect  # what is really drawn
    cap_px: int  # height of its capitals
    role: str  # "far", "near", "legend"
    colour: Colour
    grounds: tuple[Colour, ...]  # what was under it, sampled; empty unless the canvas probes
    inside: Rect  # where it has to stay
    whole: bool  # False: it did not fit and was cut
    layer: int


@dataclass(frozen=True, slots=True)
class Target:
    """A place to touch."""

    rect: Rect
    intent: Intent
    key: bool  # a STOP or keypad key: larger than others
    layer: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture that text has to keep clear of."""

    rect: Rect
    name: str
    layer: int


class Ui:
    """Fonts, pictures and sizes, kept from frame to frame. One for each process, after ``pygame.font.init()``."""

    def __init__(self, size: tuple[int, int], screen: Screen, catalogues: Mapping[str, Catalogue]) -> None:
        self.size: Final = size
        self.screen: Final = screen
        self.catalogues: Final = catalogues
        self.fonts: Final = Fonts(assets_directory() / "fonts")
        self.texts: Final = TextCache(self.fonts)
        self.sprites: Final = pen.Sprites()
        self.warmed = 0  # watched screens drawn out of sight so far (kiosk.screens)
        self._metrics: Final[dict[int, Metrics]] = {}

    def metrics(self, reserved_px: int = 0) -> Metrics:
        """Sizes, with *reserved_px* of the height taken by the simulation band."""
        found = self._metrics.get(reserved_px)
        if found is None:
            found = measure(*self.size, self.screen, reserved_px)
            self._metrics[reserved_px] = found
        return found

    def catalogue(self, language: str) -> Catalogue:
        """The texts of *language*, or of the reference language where there are none."""
        return self.catalogues.get(language) or self.catalogues[REFERENCE_LANGUAGE]


_LEGEND_GAP_EM: Final = 2.2


class Canvas:
    """One frame of one snapshot."""

    def __init__(self, ui: Ui, snapshot: Snapshot, surface: pygame.Surface | None, *, probe: bool = False) -> None:
        self.ui: Final = ui
        self.snapshot: Final = snapshot
        self.surface: Final = surface
        self.words: Final = ui.catalogue(snapshot.language)
        self.far: Final = snapshot.screen in FAR_SCREENS
        self.whole: Final = Rect(0, 0, *ui.size)
        self.legend_lines: Final = self._legend() if snapshot.simulated else []
        self.strip: Final = self._strip()
        self.m: Final = ui.metrics(self.strip.height)
        self.content: Final = Rect(0, 0, ui.size[0], ui.size[1] - self.strip.height)
        self.texts: Final[list[DrawnText]] = []
        self.targets: Final[list[Target]] = []
        self.pictures: Final[list[Placed]] = []
        self.layer = 0
        self._probe = probe

    # -------------------------------------------------------------------------------- the simulation band's place

    def _legend(self) -> list[str]:
        metrics = self.ui.metrics()
        cap = metrics.legend
        room = self.ui.size[0] - 2 * metrics.margin - self._legend_head(cap)
        lines: list[str] = [""]
        for item in self.snapshot.legend:
            joined = f"{lines[-1]}   {item}" if lines[-1] else item
            if lines[-1] and self.ui.fonts.width(joined, Face.SEMIBOLD, cap) > room:
                lines.append(item)
            else:
                lines[-1] = joined
        return lines

    def _legend_head(self, cap: int) -> int:
        return self.ui.fonts.width(self.words("simulation.word"), Face.DISPLAY, cap) + round(cap * _LEGEND_GAP_EM * 3)

    def _strip(self) -> Rect:
        width, height = self.ui.size
        if not self.snapshot.simulated:
            return Rect(0, height, width, 0)
        cap = self.ui.metrics().legend
        high = round(cap * 1.5) + round(cap * 1.85) * len(self.legend_lines)
        return Rect(0, height - high, width, high)

    def legend_head(self) -> int:
        """Width of the word SIMULATION with its hatched surroundings."""
        return self._legend_head(self.m.legend)

    # -------------------------------------------------------------------------------------------------------- words

    def t(self, key: str, **values: object) -> str:
        """The text of *key* in the snapshot's language."""
        return self.words(key, **values)

    # ------------------------------------------------------------------------------------------------------- shapes

    def clear(self, colour: Colour) -> None:
        """Fill everything."""
        if self.surface is not None:
            self.surface.fill(colour)

    def fill(self, rect: Rect, colour: Colour) -> None:
        """A rectangle with sharp corners."""
        if self.surface is not None:
            self.surface.fill(colour, rect)

    def box(self, rect: Rect, fill: Colour, *, radius: int | None = None, line: Colour | None = None) -> None:
        """A rectangle with smooth round corners; *line* outlines it."""
        radius = min(self.m.radius if radius is None else radius, rect.width // 2, rect.height // 2)
        if line is None:
            self._round(rect, radius, fill)
            return
        width = max(2, round(self.m.height * 0.0022))
        self._round(rect, radius, line)
        self._round(rect.inflate(-2 * width, -2 * width), max(1, radius - width), fill)

    def _round(self, rect: Rect, radius: int, colour: Colour) -> None:
        if self.surface is None or rect.width <= 0 or rect.height <= 0:
            return
        if radius < 1:
            self.surface.fill(colour, rect)
            return
        disc = pen.quarter(self.ui.sprites, radius, colour)
        self.surface.fill(colour, Rect(rect.x + radius, rect.y, rect.width - 2 * radius, rect.height))
        self.surface.fill(colour, Rect(rect.x, rect.y + radius, radius, rect.height - 2 * radius))
        self.surface.fill(colour, Rect(rect.right - radius, rect.y + radius, radius, rect.height - 2 * radius))
        for x, sx in ((rect.x, 0), (rect.right - radius, radius)):
            for y, sy in ((rect.y, 0), (rect.bottom - radius, radius)):
                self.surface.blit(disc, (x, y), Rect(sx, sy, radius, radius))

    def icon(self, name: str, rect: Rect, colour: Colour) -> None:
        """An icon, as large as fits, in the middle of *rect*."""
        if self.surface is None:
            return
        size = min(rect.width, rect.height)
        picture = pen.icon(self.ui.sprites, name, size, colour)
        self.surface.blit(picture, picture.get_rect(center=rect.center))

    def picture(self, surface: pygame.Surface, rect: Rect, name: str, ink: Rect | None = None) -> None:
        """Place a finished picture; text has to keep clear of *ink* (of *rect* if not given)."""
        if self.surface is not None:
            self.surface.blit(surface, rect)
        self.pictures.append(Placed((ink or rect).copy(), name, self.layer))

    def picture_box(self, rect: Rect, name: str) -> None:
        """Note a picture without drawing it."""
        self.pictures.append(Placed(rect.copy(), name, self.layer))

    # --------------------------------------------------------------------------------------------------------- text

    def line(
        self,
        text: str,
        at: tuple[int, int],
        cap: int,
        colour: Colour = theme.TEXT,
        *,
        face: Face = Face.SEMIBOLD,
        align: str = "left",
        width: int | None = None,
        inside: Rect | None = None,
        role: str | None = None,
    ) -> Rect:
        """One line with its capitals' top at *at*[1], aligned to *at*[0] by its ink; cut to *width* with an ellipsis.

        Returns the box from the top of the capitals to the baseline.
        """
        shown = text if width is None else elide(self.ui.fonts, text, face, cap, width)
        return self._put(shown, at, cap, colour, face, align, inside or self.content, role, whole=True)

    def block(
        self,
        text: str,
        rect: Rect,
        cap: int,
        colour: Colour = theme.TEXT,
        *,
        face: Face = Face.REGULAR,
        least: int | None = None,
        max_lines: int = 1,
        align: str = "left",
        valign: str = "top",
        balance: bool = False,
        may_cut: bool = False,
        role: str | None = None,
    ) -> Rect:
        """Text wrapped and, if need be, made smaller down to *least* so that it stays in *rect*.

        *may_cut*: names and other words from outside may end in an ellipsis; our own texts may not, and tests look.
        Returns the box from the top of the first capitals to the last baseline.
        """
        fitted = self.fit(text, rect, cap, face=face, least=least, max_lines=max_lines, balance=balance)
        return self.lines(fitted, rect, colour, face=face, align=align, valign=valign, may_cut=may_cut, role=role)

    def fit(
        self,
        text: str,
        rect: Rect,
        cap: int,
        *,
        face: Face = Face.REGULAR,
        least: int | None = None,
        max_lines: int = 1,
        balance: bool = False,
    ) -> Fitted:
        """How *text* fits in *rect*, not yet drawn."""
        return fit(
            self.ui.fonts,
            text,
            face,
            width=rect.width,
            height=rect.height,
            cap_px=cap,
            least_px=min(cap, self.m.least if least is None else least),
            max_lines=max_lines,
            balance=balance,
        )

    def lines(
        self,
        fitted: Fitted,
        rect: Rect,
        colour: Colour,
        *,
        face: Face = Face.REGULAR,
        align: str = "left",
        valign: str = "top",
        may_cut: bool = False,
        role: str | None = None,
    ) -> Rect:
        """Draw what fit() found."""
        height = fitted.height
        top = rect.y
        if valign == "middle":
            top = rect.y + (rect.height - height) // 2
        elif valign == "bottom":
            top = rect.bottom - height - descent_of(fitted.cap_px)
        x = {"left": rect.x, "center": rect.centerx, "right": rect.right}[align]
        boxes = [
            self._put(
                line,
                (x, top + index * fitted.pitch),
                fitted.cap_px,
                colour,
                face,
                align,
                rect,
                role,
                whole=fitted.whole or may_cut,
            )
            for index, line in enumerate(fitted.lines)
        ]
        return boxes[0].unionall(boxes[1:])

    def common_cap(
        self, texts: Iterable[str], width: int, cap: int, *, face: Face = Face.REGULAR, least: int | None = None
    ) -> int:
        """The largest size from *cap* down at which every one of *texts* fits in *width* on one line.

        Lines of one list share a size: different sizes would read as different weights.
        """
        lowest = min(cap, self.m.least if least is None else least)
        widest = max((self.ui.fonts.width(text, face, cap) for text in texts), default=0)
        size = cap
        while size > lowest and widest * size > width * cap * 0.985:
            size -= 1
        return size

    def width(self, text: str, cap: int, face: Face = Face.SEMIBOLD) -> int:
        """Advance width of *text*."""
        return self.ui.fonts.width(text, face, cap)

    def pitch(self, cap: int, face: Face = Face.REGULAR) -> int:
        """Distance between baselines."""
        return pitch_of(cap, face)

    def figure(
        self,
        text: str,
        at: tuple[int, int],
        cap: int,
        colour: Colour = theme.TEXT,
        *,
        align: str = "left",
        inside: Rect | None = None,
        role: str | None = None,
    ) -> Rect:
        """A live number in equal cells: only the digits that change change. Returns its ink."""
        cells = numeral_cells(self.ui.fonts, text, cap)
        images = [self.ui.texts.image(glyph, Face.DISPLAY, cap, colour) for glyph, _ in cells]
        total = sum(advance for _, advance in cells)
        left = images[0].ink.x
        right = cells[-1][1] - images[-1].ink.right
        x = at[0] - left
        if align == "right":
            x = at[0] - total + right
        elif align == "center":
            x = at[0] - (total + left - right) // 2
        y = at[1] - images[0].cap_top
        places = []
        for (glyph, advance), image in zip(cells, images, strict=True):
            # A comma at this size would hang into the unit below: it stands on the line as the digits do.
            places.append((x, y - max(0, image.ink.bottom - image.baseline) if glyph == "," else y))
            x += advance
        inks = [image.ink.move(place) for image, place in zip(images, places, strict=True)]
        ink = inks[0].unionall(inks[1:])
        self._note(text, ink, images[0], colour, inside or self.content, role, whole=True)
        if self.surface is not None:
            for image, part in zip(images, inks, strict=True):
                self.surface.blit(image.surface, part)
        return ink

    def figure_width(self, text: str, cap: int) -> int:
        """Width of a live number."""
        return sum(advance for _, advance in numeral_cells(self.ui.fonts, text, cap))

    def _put(
        self,
        text: str,
        at: tuple[int, int],
        cap: int,
        colour: Colour,
        face: Face,
        align: str,
        inside: Rect,
        role: str | None,
        *,
        whole: bool,
    ) -> Rect:
        if not text:
            return Rect(at[0], at[1], 0, cap)
        image = self.ui.texts.image(text, face, cap, colour)
        x = at[0] - image.ink.x
        if align == "center":
            x = at[0] - image.ink.width // 2 - image.ink.x
        elif align == "right":
            x = at[0] - image.ink.right
        y = at[1] - image.cap_top
        ink = image.ink.move(x, y)
        self._note(text, ink, image, colour, inside, role, whole=whole)
        if self.surface is not None:
            self.surface.blit(image.surface, ink)
        return Rect(ink.x, at[1], ink.width, image.baseline - image.cap_top)

    def _note(
        self, text: str, ink: Rect, image: TextImage, colour: Colour, inside: Rect, role: str | None, *, whole: bool
    ) -> None:
        grounds: tuple[Colour, ...] = ()
        if self._probe and self.surface is not None:
            grounds = self._sample(ink)
        self.texts.append(
            DrawnText(
                text,
                ink,
                image.baseline - image.cap_top,
                role or ("far" if self.far else "near"),
                colour,
                grounds,
                inside.copy(),
                whole,
                self.layer,
            )
        )

    def _sample(self, ink: Rect) -> tuple[Colour, ...]:
        """The colours under a text before it is drawn, at 27 points."""
        assert self.surface is not None
        found: set[Colour] = set()
        area = ink.clip(self.surface.get_rect())
        if not area.width or not area.height:
            return ()
        for column in range(9):
            for row in range(3):
                x = area.x + (area.width - 1) * column // 8
                y = area.y + (area.height - 1) * row // 2
                red, green, blue, *_ = self.surface.get_at((x, y))
                found.add((red, green, blue))
        return tuple(sorted(found))

    # ------------------------------------------------------------------------------------------------------ targets

    def target(self, rect: Rect, intent: Intent, *, key: bool = False) -> None:
        """Make *rect* touchable."""
        self.targets.append(Target(rect.copy(), intent, key, self.layer))

    def modal(self) -> None:
        """What comes now stands over everything so far, and only it can be touched."""
        self.targets.clear()
        self.layer += 1
