"""Sizes by visual angle and colours by contrast, against the numbers of the design (screens.md A7, A8)."""

from __future__ import annotations

import pytest

from hardware.config import Screen
from kiosk.ui import theme
from kiosk.ui.theme import angle_mm, contrast, measure


def panel(width: int, height: int, width_mm: float, distance_m: float = 3.0) -> Screen:
    return Screen(width_px=width, height_px=height, width_mm=width_mm, viewing_distance_m=distance_m)


def test_seven_tenths_of_a_degree_are_12_2_mm_per_metre() -> None:
    assert angle_mm(42, 1.0) == pytest.approx(12.2, abs=0.05)
    assert angle_mm(42, 3.0) == pytest.approx(36.65, abs=0.05)


@pytest.mark.parametrize(
    ("width_mm", "distance_m", "em_px"),
    [(476, 2.0, 131), (597, 2.0, 105), (597, 2.5, 131), (597, 3.0, 157), (708, 3.0, 132)],
)
def test_main_is_as_large_as_the_table_of_the_design_says(width_mm: float, distance_m: float, em_px: int) -> None:
    wanted = measure(1920, 1080, panel(1920, 1080, width_mm, distance_m)).far_px(theme.MAIN_ARCMIN)
    assert wanted / 0.75 == pytest.approx(em_px, abs=1)


def test_the_default_panel_holds_every_size_at_three_metres() -> None:
    metrics = measure(1920, 1080, Screen())
    assert not metrics.too_small
    assert metrics.arcmin(metrics.hero) >= theme.HERO_ARCMIN
    assert metrics.arcmin(metrics.main) >= theme.MAIN_ARCMIN
    assert metrics.arcmin(metrics.sub) >= theme.SUB_ARCMIN
    assert metrics.readable_m >= 3.0


def test_the_simulation_band_does_not_cost_the_default_panel_its_sizes() -> None:
    metrics = measure(1920, 1080, Screen(), reserved_px=50)
    assert metrics.arcmin(metrics.hero) >= theme.HERO_ARCMIN
    assert metrics.arcmin(metrics.main) >= theme.MAIN_ARCMIN


@pytest.mark.parametrize(("width", "height", "width_mm"), [(800, 480, 154.1), (1024, 600, 222.7), (1280, 800, 216.6)])
def test_a_panel_too_small_for_its_distance_is_named_and_says_how_far_it_reads(
    width: int, height: int, width_mm: float
) -> None:
    metrics = measure(width, height, panel(width, height, width_mm))
    assert metrics.compact
    assert metrics.too_small
    assert 0.5 < metrics.readable_m < 3.0


def test_a_small_panel_near_enough_is_not_too_small() -> None:
    assert not measure(800, 480, panel(800, 480, 154.1, 0.8)).too_small


def test_a_nearer_walker_gets_the_same_angle_in_fewer_pixels() -> None:
    far = measure(1920, 1080, panel(1920, 1080, 597, 3.0))
    near = measure(1920, 1080, panel(1920, 1080, 597, 2.5))
    assert near.main < far.main
    assert near.arcmin(near.main) >= theme.MAIN_ARCMIN


@pytest.mark.parametrize(("width", "height", "width_mm"), [(1920, 1080, 597), (1920, 1080, 708)])
def test_near_type_and_targets_have_their_millimetres(width: int, height: int, width_mm: float) -> None:
    metrics = measure(width, height, panel(width, height, width_mm))
    for px, millimetres in (
        (metrics.title, theme.TITLE_MM),
        (metrics.body, theme.BODY_MM),
        (metrics.small, theme.SMALL_MM),
        (metrics.touch, theme.TARGET_MM),
        (metrics.key, theme.KEY_MM),
        (metrics.gap, theme.GAP_MM),
    ):
        assert px * metrics.mm_per_px >= millimetres - 0.01


def test_keys_of_small_panels_are_92_and_104_pixels() -> None:
    assert measure(1024, 600, panel(1024, 600, 222.7)).touch >= 92
    assert measure(800, 480, panel(800, 480, 154.1)).touch >= 103


@pytest.mark.parametrize(
    ("colour", "ratio"),
    [
        (theme.TEXT, 17.3),
        (theme.MUTED, 10.6),
        (theme.IDLE, 6.4),
        (theme.SKY, 8.1),
        (theme.AMBER, 11.2),
        (theme.RED, 6.1),
        (theme.BUTTON_LINE, 7.5),
    ],
)
def test_colours_have_the_contrast_the_design_measured(colour: theme.Colour, ratio: float) -> None:
    assert contrast(colour, theme.BACKGROUND) == pytest.approx(ratio, abs=0.1)


def test_words_on_bands_and_buttons_are_readable() -> None:
    assert contrast(theme.INK, theme.SKY) > 7
    assert contrast(theme.INK, theme.AMBER) > 7
    assert contrast(theme.TEXT, theme.RED_FILL) > 5
    assert contrast(theme.TEXT, theme.BUTTON) > 7
    assert contrast(theme.STOP_MUTED, theme.STOP_BACKGROUND) > 7


def test_contrast_knows_black_and_white() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21.0)
    assert contrast((90, 90, 90), (90, 90, 90)) == pytest.approx(1.0)
