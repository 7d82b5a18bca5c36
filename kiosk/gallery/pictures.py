"""The gallery drawn: pictures and an index page."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final

import pygame

from hardware.config import Screen
from kiosk import screens
from kiosk.assets import assets_directory
from kiosk.gallery import machine, member, staff
from kiosk.gallery.samples import BASE
from kiosk.gallery.spoken import spoken, texts_of
from kiosk.locale import REFERENCE_LANGUAGE, Catalogue, LocaleError, load_catalogues
from kiosk.snapshot import (
    Snapshot,
)
from kiosk.ui.canvas import Ui

PANELS_MM: Final[Mapping[tuple[int, int], float]] = {
    (1920, 1080): 597.0,  # 27 inch
    (1280, 800): 216.6,  # 10.1 inch
    (1024, 600): 222.7,  # 10.1 inch
    (800, 480): 154.1,  # 7 inch
}
"""Width in mm of the usual panel of a size."""

DEFAULT_DISTANCE_M: Final = 3.0


class GalleryError(Exception):
    """The gallery cannot be made; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of the gallery."""

    name: str
    note: str
    snapshot: Snapshot


def catalogue(language: str = REFERENCE_LANGUAGE) -> tuple[Entry, ...]:
    """Every entry: a visit, then the desk, then what staff do at the belt."""
    texts = texts_of(language)
    base = replace(BASE, language=language)
    made = chain(member.entries(base), staff.entries(base), machine.entries(base))
    return tuple(
        Entry(
            f"{number:02d}-{screen.value}" + (f"-{state}" if state else ""),
            note,
            spoken(replace(snapshot, screen=screen), texts),
        )
        for number, (screen, state, note, snapshot) in enumerate(made, 1)
    )


def parse_size(text: str) -> tuple[int, int]:
    """``1920x1080`` as two numbers. Raises GalleryError."""
    wide, cross, high = text.lower().partition("x")
    if not (cross and wide.isdigit() and high.isdigit()):
        raise GalleryError(f'"{text}" is not a size. Write it as 1920x1080.')
    size = int(wide), int(high)
    if not (320 <= size[0] <= 7680 and 240 <= size[1] <= 4320):
        raise GalleryError(f"{text} is not a size this can draw: 320x240 to 7680x4320.")
    return size


def panel(size: tuple[int, int], width_mm: float | None = None, distance_m: float = DEFAULT_DISTANCE_M) -> Screen:
    """The usual panel of *size*, or one *width_mm* wide."""
    known = PANELS_MM.get(size, Screen().width_mm)
    return Screen(
        width_px=size[0],
        height_px=size[1],
        width_mm=known if width_mm is None else width_mm,
        viewing_distance_m=distance_m,
    )


def open_ui(size: tuple[int, int], screen: Screen, catalogues: Mapping[str, Catalogue] | None = None) -> Ui:
    """A kit for pictures without a window. pygame's fonts have to be initialised."""
    texts = load_catalogues(assets_directory() / "locale") if catalogues is None else catalogues
    return Ui(size, screen, texts)


def render(directory: Path, size: tuple[int, int], language: str, screen: Screen | None = None) -> list[Path]:
    """Draw every entry into *directory*; returns the pictures. Raises GalleryError with a plain sentence."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    try:
        ui = open_ui(size, screen or panel(size))
    except LocaleError as error:
        raise GalleryError(str(error)) from error
    if language not in ui.catalogues:
        raise GalleryError(f'There are no texts for "{language}". There are: {", ".join(sorted(ui.catalogues))}.')
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GalleryError(f"{directory} cannot be made: {error.strerror}.") from error
    surface = pygame.Surface(size)
    paths = []
    entries = catalogue(language)
    for old in directory.glob("[0-9][0-9]*-*.png"):  # of an earlier gallery: numbers may have changed
        old.unlink()
    for entry in entries:
        screens.draw(surface, ui, entry.snapshot)
        path = directory / f"{entry.name}.png"
        try:
            pygame.image.save(surface, str(path))
        except (pygame.error, OSError) as error:
            raise GalleryError(f"{path} cannot be written: {error}. Is the disk full?") from error
        paths.append(path)
    (directory / "index.html").write_text(_index(entries, size, language, ui), encoding="utf-8")
    return paths


def _index(entries: tuple[Entry, ...], size: tuple[int, int], language: str, ui: Ui) -> str:
    metrics = ui.metrics()
    figures = "\n".join(
        f'<figure><a href="{entry.name}.png"><img loading="lazy" src="{entry.name}.png" alt=""></a>'
        f"<figcaption><b>{html.escape(entry.snapshot.screen.value)}</b> {html.escape(entry.note)}</figcaption>"
        "</figure>"
        for entry in entries
    )
    fits = (
        f"instructions fill {metrics.arcmin(metrics.main):.0f} minutes of arc"
        f"{' (too small: 42 are needed)' if metrics.too_small else ''}"
    )
    return f"""<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<title>Retro Walk screens, {size[0]} x {size[1]}, {language}</title>
<style>
body {{ background: #1a1f27; color: #f5f7fa; font: 16px sans-serif; margin: 2rem }}
main {{ display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(30rem, 1fr)) }}
figure {{ margin: 0 }} img {{ width: 100%; border: 1px solid #3c4551 }}
figcaption {{ padding: .4rem 0; color: #b8c4d6 }}
</style>
<h1>Retro Walk screens</h1>
<p>{size[0]} x {size[1]} pixels, {language}, panel {metrics.mm_per_px * size[0]:.0f} mm wide, read from
{metrics.distance_m:g} m: {fits}. {len(entries)} pictures.</p>
<main>
{figures}
</main>
</html>
"""
