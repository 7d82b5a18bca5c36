"""The measuring tool itself: each kind of fault, made on purpose, is found."""

from __future__ import annotations

from dataclasses import replace

import pygame
import pytest
from pygame import Rect

from kiosk import gallery
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.ui import theme
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate
from tests.support.legibility import findings

pytestmark = pytest.mark.usefixtures("display")

SIZE = (1920, 1080)


def canvas(screen: ScreenId = ScreenId.WHO) -> Canvas:
    ui = gallery.open_ui(SIZE, gallery.panel(SIZE))
    made = Canvas(ui, replace(gallery.BASE, screen=screen, touch_ready=False), pygame.Surface(SIZE), probe=True)
    made.clear(theme.BACKGROUND)
    return made


def test_a_clean_canvas_has_no_findings() -> None:
    c = canvas()
    c.block("Well walked.", Rect(100, 100, 800, 100), c.m.title)
    c.target(Rect(100, 300, 200, 200), Intent(IntentKind.BACK))
    assert findings(c) == []


def test_text_that_was_cut_is_found() -> None:
    c = canvas()
    c.block("This is far too long for its place", Rect(100, 100, 120, 60), c.m.title)
    assert any("cut" in finding for finding in findings(c))


def test_a_cut_name_from_outside_is_no_finding() -> None:
    c = canvas()
    c.block("Maximiliane-Henriette von und zu", Rect(100, 100, 300, 100), c.m.title, may_cut=True)
    assert findings(c) == []


def test_text_over_text_is_found() -> None:
    c = canvas()
    c.line("One thing", (100, 100), c.m.title)
    c.line("another", (150, 120), c.m.title)
    assert any("overlap" in finding for finding in findings(c))


def test_text_over_a_picture_is_found() -> None:
    c = canvas()
    illustrate(c, "straddle", Rect(100, 100, 400, 400))
    c.line("Over it", (250, 250), c.m.title)
    assert any("picture" in finding for finding in findings(c))


def test_text_off_the_screen_is_found() -> None:
    c = canvas()
    c.line("Going, going", (1800, 100), c.m.title)
    assert any("leaves the screen" in finding for finding in findings(c))


def test_faint_text_is_found_by_the_colour_really_under_it() -> None:
    c = canvas()
    c.fill(Rect(100, 80, 600, 120), theme.SKY)
    c.line("White on sky", (120, 110), c.m.title)
    assert any("contrast" in finding for finding in findings(c))


def test_small_near_text_is_found() -> None:
    c = canvas()
    c.line("tiny", (100, 100), 10)
    assert any("mm" in finding for finding in findings(c))


def test_small_far_text_is_found() -> None:
    c = canvas(ScreenId.WALK)
    c.line("too small from three metres", (100, 100), c.m.body)
    assert any("minutes of arc" in finding for finding in findings(c))


def test_small_and_crowded_targets_are_found() -> None:
    c = canvas()
    c.target(Rect(100, 100, 40, 200), Intent(IntentKind.BACK))
    c.target(Rect(300, 100, 200, 200), Intent(IntentKind.NEXT))
    c.target(Rect(505, 100, 200, 200), Intent(IntentKind.DONE))
    found = findings(c)
    assert any("less than" in finding for finding in found)
    assert any("closer" in finding for finding in found)


def test_a_control_on_a_moving_belts_screen_is_found() -> None:
    c = canvas(ScreenId.WALK)
    c.target(Rect(100, 100, 300, 300), Intent(IntentKind.CONFIRM))
    assert any("may move" in finding for finding in findings(c))
