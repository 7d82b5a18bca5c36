"""Every screen in every language on every panel, measured as a person would read and touch it: 0 findings.

``python -m tests.bench.legibility [--quick] [--json]``

Cut or overlapping text, contrast (WCAG 1.4.3), capitals below 5 mm near or 25 minutes of arc far, targets too small
or too close, anything but stop where the belt may move (tests/support/legibility.py). With and without the
simulation's band; every cue on the walk screen too. --quick: the panel of the design and the smallest.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from dataclasses import replace

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import pygame

from kiosk import gallery, screens
from kiosk.assets import assets_directory
from kiosk.content import read_books
from kiosk.intents import ScreenId
from kiosk.snapshot import Snapshot
from kiosk.ui.canvas import Ui
from tests.bench import common
from tests.support.legibility import findings

LANGUAGES = ("en", "de", "es")


def measured(ui: Ui, surface: pygame.Surface, snapshot: Snapshot) -> list[str]:
    """What is wrong with one picture."""
    return findings(screens.paint(surface, ui, snapshot, probe=True))


def run(options: argparse.Namespace) -> dict:
    pygame.display.init()
    pygame.font.init()
    sizes = list(gallery.PANELS_MM)
    if options.quick:
        sizes = [sizes[0], sizes[-1]]
    found: list[str] = []
    pictures: Counter[str] = Counter()
    for size in sizes:
        ui, surface = gallery.open_ui(size, gallery.panel(size)), pygame.Surface(size)
        name = f"{size[0]}x{size[1]}"
        for language in LANGUAGES:
            entries = gallery.catalogue(language)
            for entry in entries:
                for simulated in (False, True):
                    legend = gallery.legend(language) if simulated else ()
                    seen = measured(ui, surface, replace(entry.snapshot, simulated=simulated, legend=legend))
                    found += [f"{name} {language} {entry.name}: {finding}" for finding in seen]
                    pictures[name] += 1
            walk = next(e.snapshot for e in entries if e.snapshot.screen is ScreenId.WALK)
            for cue in read_books(assets_directory())[language].values():
                shown = replace(walk, walk=replace(walk.walk, cue_show=cue.show))
                found += [f"{name} {language} {cue.id}: {finding}" for finding in measured(ui, surface, shown)]
                pictures[name] += 1
        found += [f"{name}: no text for {key}" for t in ui.catalogues.values() for key in sorted(t.missed)]
    return {"pictures": dict(pictures), "languages": list(LANGUAGES), "findings": found, "held": not found}


def show(result: dict) -> None:
    common.table(["panel", "pictures measured"], [[name, count] for name, count in result["pictures"].items()])
    for finding in result["findings"][:40]:
        print(finding)
    print(f"{len(result['findings'])} findings in {sum(result['pictures'].values())} pictures")


if __name__ == "__main__":
    sys.exit(common.main("Legibility", run, show))
