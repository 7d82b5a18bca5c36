"""Every screen of the gallery, recorded as a few numbers, and what has changed since, as a page to look at.

``python -m tests.support.recorded`` compares and writes the report; ``--record`` takes what is drawn now as right.

A picture is kept as the mean brightness of 24 x 14 tiles and two colour differences of 8 x 5: a word that is gone, a
button that has moved or a band of another colour changes some of them a good deal, another version of the font
rasteriser all of them a little.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame

from kiosk import gallery, screens

RECORDING: Final = Path(__file__).parents[1] / "data" / "recorded_screens.json"
REPORT: Final = Path(__file__).parents[2] / ".cache" / "recorded-screens"
SIZES: Final = ((1920, 1080), (800, 480))
LUMA: Final = (24, 14)
CHROMA: Final = (8, 5)
TILE_MOST: Final = 12
"""A tile may differ so much (of 255). Rasterisers differ by 3 to 5 where letters are thickest."""
MEAN_MOST: Final = 1.0
"""... and all tiles together so much on average."""

HOW: Final = "python -m tests.support.recorded --record"


@dataclass(frozen=True, slots=True)
class Change:
    """One screen that is not as recorded."""

    name: str
    size: tuple[int, int]
    said: str
    tiles: tuple[int, ...]  # which, row by row
    before: bytes  # empty where it was not recorded


def named(entry: gallery.Entry) -> str:
    """An entry's name without its number: numbers move with every new entry."""
    return entry.name.partition("-")[2]


def fingerprint(surface: pygame.Surface) -> bytes:
    """Brightness of the tiles, row by row, then the two colour differences of the coarse ones."""
    fine = pygame.image.tobytes(pygame.transform.smoothscale(surface, LUMA), "RGB")
    coarse = pygame.image.tobytes(pygame.transform.smoothscale(surface, CHROMA), "RGB")
    luma = [(2 * r + 5 * g + b) // 8 for r, g, b in _threes(fine)]
    red = [128 + (r - g) // 2 for r, g, _ in _threes(coarse)]
    blue = [128 + (b - g) // 2 for _, g, b in _threes(coarse)]
    return bytes(luma + red + blue)


def _threes(data: bytes) -> Iterable[tuple[int, int, int]]:
    return zip(data[0::3], data[1::3], data[2::3], strict=True)


def difference(before: bytes, now: bytes) -> tuple[int, ...]:
    """The tiles that differ by more than they may; all of them where the whole has drifted; none if nothing has."""
    gaps = [abs(one - other) for one, other in zip(before, now, strict=True)]
    found = tuple(index for index, gap in enumerate(gaps) if gap > TILE_MOST)
    if found:
        return found
    return tuple(range(len(gaps))) if sum(gaps) / len(gaps) > MEAN_MOST else ()


def draw_all(size: tuple[int, int], visit: Callable[[gallery.Entry, pygame.Surface], None], step: int = 1) -> None:
    """Draw every *step*-th entry in English and show it to *visit*. All of them take a second."""
    pygame.display.init()
    pygame.font.init()
    ui = gallery.open_ui(size, gallery.panel(size))
    surface = pygame.Surface(size)
    for entry in gallery.catalogue("en")[::step]:
        screens.paint(surface, ui, entry.snapshot)
        visit(entry, surface)


def recorded() -> dict[str, dict[str, bytes]]:
    """By size and name."""
    raw = json.loads(RECORDING.read_text(encoding="utf-8"))
    return {size: {name: base64.b64decode(text) for name, text in found.items()} for size, found in raw.items()}


def changes(sizes: Iterable[tuple[int, int]] = SIZES, step: int = 1, report: Path | None = None) -> list[Change]:
    """What differs from the recording; with *report* also as pictures and a page there."""
    before = recorded()
    found: list[Change] = []
    for size in sizes:
        known = before.get(_key(size), {})

        def look(
            entry: gallery.Entry,
            surface: pygame.Surface,
            size: tuple[int, int] = size,
            known: dict[str, bytes] = known,
        ) -> None:
            name = named(entry)
            was = known.get(name)
            if was is None:
                found.append(Change(name, size, "is new", (), b""))
            else:
                tiles = difference(was, fingerprint(surface))
                if not tiles:
                    return
                found.append(Change(name, size, f"has changed in {len(tiles)} places", tiles, was))
            if report is not None:
                _picture(surface, found[-1], report)

        draw_all(size, look, step)
    if found and report is not None:
        _page(found, report)
    return found


def gone() -> set[str]:
    """Names that are recorded and drawn no more."""
    names = {named(entry) for entry in gallery.catalogue("en")}
    return {name for known in recorded().values() for name in known} - names


def _key(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def record() -> int:
    """Take everything as it is drawn now. Returns how many pictures."""
    made: dict[str, dict[str, str]] = {}
    for size in SIZES:
        known = made.setdefault(_key(size), {})

        def keep(entry: gallery.Entry, surface: pygame.Surface, known: dict[str, str] = known) -> None:
            known[named(entry)] = base64.b64encode(fingerprint(surface)).decode()

        draw_all(size, keep)
    text = json.dumps({size: dict(sorted(known.items())) for size, known in made.items()}, indent=0)
    RECORDING.write_text(text + "\n", encoding="utf-8")
    return sum(len(known) for known in made.values())


# ------------------------------------------------------------------------------------------------------- the report


def _picture(surface: pygame.Surface, change: Change, report: Path) -> None:
    """The screen as it is drawn now, what differs outlined; beside it the recorded tiles."""
    report.mkdir(parents=True, exist_ok=True)
    width, height = 960, round(960 * change.size[1] / change.size[0])
    now = pygame.transform.smoothscale(surface, (width, height))
    across, down = LUMA
    for tile in change.tiles:
        if tile < across * down:
            x, y = tile % across * width // across, tile // across * height // down
            pygame.draw.rect(now, (255, 90, 79), (x, y, width // across + 1, height // down + 1), 3)
    both = pygame.Surface((2 * width + 8, height))
    both.fill((60, 69, 81))
    both.blit(now, (0, 0))
    if change.before:
        tiles = pygame.Surface(LUMA)
        for index, value in enumerate(change.before[: across * down]):
            tiles.set_at((index % across, index // across), (value, value, value))
        both.blit(pygame.transform.scale(tiles, (width, height)), (width + 8, 0))
    pygame.image.save(both, str(report / f"{_key(change.size)}-{change.name}.png"))


def _page(found: list[Change], report: Path) -> None:
    figures = "\n".join(
        f'<figure><img src="{_key(c.size)}-{c.name}.png" alt=""><figcaption>{html.escape(c.name)}, {_key(c.size)}: '
        f"{html.escape(c.said)}</figcaption></figure>"
        for c in found
    )
    (report / "index.html").write_text(
        f"""<!doctype html>
<meta charset="utf-8"><title>Screens that are not as recorded</title>
<style>body {{ background: #1a1f27; color: #f5f7fa; font: 16px sans-serif; margin: 2rem }} img {{ width: 100% }}
figure {{ margin: 0 0 2rem }}</style>
<h1>{len(found)} screens are not as recorded</h1>
<p>Left: drawn now, what differs outlined in red. Right: the recorded brightness. If they are as they should be:
<code>{HOW}</code></p>
{figures}
""",
        encoding="utf-8",
    )


def main() -> int:
    """Exit code 1 if something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="take what is drawn now as right")
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    if options.record:
        print(f"{record()} pictures recorded in {RECORDING.relative_to(Path.cwd())}")
        return 0
    found = changes(report=options.report)
    for change in found:
        print(f"{change.name} at {_key(change.size)} {change.said}")
    for name in sorted(gone()):
        print(f"{name} is recorded and drawn no more")
    print(f"look at {options.report / 'index.html'}, or: {HOW}" if found else "every screen is as recorded")
    return 1 if found or gone() else 0


if __name__ == "__main__":
    sys.exit(main())
