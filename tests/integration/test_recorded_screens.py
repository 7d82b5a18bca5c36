"""The screens are as they were recorded: a change that nobody meant is seen, and can be looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pygame
import pytest

from kiosk import gallery, screens
from kiosk.intents import ScreenId
from tests.support import recorded

pytestmark = pytest.mark.usefixtures("display")

SMALL = (800, 480)


def test_the_screens_are_as_recorded() -> None:
    """Every state of every screen, on the panel of the design and on the smallest."""
    found = recorded.changes(report=recorded.REPORT)
    said = [f"{change.name} at {change.size[0]}x{change.size[1]} {change.said}" for change in found]
    assert said == [], f"Look at {recorded.REPORT / 'index.html'}. If it is as it should be: {recorded.HOW}"


def test_nothing_is_recorded_that_is_drawn_no_more() -> None:
    assert recorded.gone() == set(), recorded.HOW


def drawn(snapshot: object) -> bytes:
    ui = gallery.open_ui(SMALL, gallery.panel(SMALL))
    surface = pygame.Surface(SMALL)
    screens.paint(surface, ui, snapshot)
    return recorded.fingerprint(surface)


def test_a_word_a_colour_or_a_button_that_changes_is_found() -> None:
    entries = {entry.name.partition("-")[2]: entry.snapshot for entry in gallery.catalogue()}
    walk = entries["walk"]
    assert walk.walk is not None
    other_cue = replace(walk, walk=replace(walk.walk, cue_show=("Light fingers.",)))
    for before, now in (
        (walk, other_cue),
        (walk, entries["easing"]),
        (entries["belt_stopped"], entries["belt_stopped-ready"]),
        (entries["code"], entries["code-four"]),
    ):
        assert recorded.difference(drawn(before), drawn(now)), now.screen


def test_letters_that_are_drawn_a_little_thicker_are_no_change() -> None:
    """Another rasteriser: every edge a shade lighter or darker."""
    snapshot = next(e.snapshot for e in gallery.catalogue() if e.snapshot.screen is ScreenId.PROGRAM)
    ui = gallery.open_ui(SMALL, gallery.panel(SMALL))
    surface = pygame.Surface(SMALL)
    screens.paint(surface, ui, snapshot)
    before = recorded.fingerprint(surface)
    softer = pygame.transform.smoothscale(pygame.transform.smoothscale(surface, (1600, 960)), SMALL)
    softer = pygame.transform.box_blur(softer, 1) if hasattr(pygame.transform, "box_blur") else softer
    assert recorded.difference(before, recorded.fingerprint(softer)) == ()


def test_what_differs_can_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "TILE_MOST", -1)
    found = recorded.changes([SMALL], step=60, report=tmp_path)
    assert found
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert recorded.HOW in page
    for change in found:
        assert (tmp_path / f"800x480-{change.name}.png").exists()
        assert change.name in page
