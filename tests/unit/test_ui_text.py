"""Text: real heights of capitals, fitting, wrapping, live numbers, the cache."""

from __future__ import annotations

import pytest

from kiosk.assets import assets_directory
from kiosk.locale import load_catalogues
from kiosk.ui.text import (
    ELLIPSIS,
    Face,
    Fonts,
    TextCache,
    balanced,
    elide,
    fit,
    numeral_cells,
    wrap,
)

pytestmark = pytest.mark.usefixtures("display")


@pytest.fixture(scope="module")
def fonts(display: None) -> Fonts:
    return Fonts(assets_directory() / "fonts")


@pytest.mark.parametrize("face", list(Face))
@pytest.mark.parametrize("cap", [16, 24, 33, 52, 84, 118, 225])
def test_a_capital_h_is_really_as_high_as_was_asked(fonts: Fonts, face: Face, cap: int) -> None:
    picture = fonts.font(face, cap).render("H", False, (255, 255, 255), (0, 0, 0))
    picture.set_colorkey((0, 0, 0))
    high = picture.get_bounding_rect().height
    assert cap <= high <= cap * 1.06 + 1


def test_digits_are_equally_wide_so_that_a_live_value_does_not_jitter(fonts: Fonts) -> None:
    widths = {advance for _, advance in numeral_cells(fonts, "0123456789", 120)}
    assert len(widths) == 1


def test_wrapped_lines_fit_and_lose_no_word(fonts: Fonts) -> None:
    text = "Clip it to the back of your waistband. Put the plug in the console."
    lines = wrap(fonts, text, Face.REGULAR, 30, 600)
    assert " ".join(lines) == text
    assert all(fonts.width(line, Face.REGULAR, 30) <= 600 for line in lines)
    assert len(lines) > 1


def test_a_newline_always_breaks(fonts: Fonts) -> None:
    assert wrap(fonts, "One.\nTwo.", Face.REGULAR, 20, 5000) == ["One.", "Two."]


def test_balanced_lines_are_no_more_lines_and_leave_no_orphan(fonts: Fonts) -> None:
    text = "Two metres behind the treadmill: no bags, no people."
    plain = wrap(fonts, text, Face.REGULAR, 30, 800)
    even = balanced(fonts, text, Face.REGULAR, 30, 800)
    assert len(even) == len(plain)
    widths = [fonts.width(line, Face.REGULAR, 30) for line in even]
    before = [fonts.width(line, Face.REGULAR, 30) for line in plain]
    assert max(widths) - min(widths) <= max(before) - min(before)


def test_text_that_does_not_fit_is_made_smaller_but_never_below_its_floor(fonts: Fonts) -> None:
    text = "Sicherheitsüberprüfung"
    fitted = fit(fonts, text, Face.BOLD, width=300, height=None, cap_px=60, least_px=12)
    assert fitted.whole
    assert fitted.lines == (text,)
    assert 12 <= fitted.cap_px < 60
    assert fonts.width(text, Face.BOLD, fitted.cap_px) <= 300
    tight = fit(fonts, text, Face.BOLD, width=60, height=None, cap_px=60, least_px=20)
    assert not tight.whole
    assert tight.cap_px == 20
    assert tight.lines[0].endswith(ELLIPSIS)
    assert fonts.width(tight.lines[0], Face.BOLD, 20) <= 60


def test_a_name_that_is_cut_keeps_its_beginning(fonts: Fonts) -> None:
    cut = elide(fonts, "Maximiliane-Henriette", Face.SEMIBOLD, 20, 150)
    assert cut.startswith("Max")
    assert cut.endswith(ELLIPSIS)
    assert elide(fonts, "Ann", Face.SEMIBOLD, 20, 150) == "Ann"


def test_a_name_never_shows_a_box_where_a_letter_is_missing(fonts: Fonts) -> None:
    assert fonts.settle("Größe ñandú", Face.DISPLAY) == ("Größe ñandú", Face.DISPLAY)
    for name, plain in (("Łukasz Dvořák", "Lukasz Dvorák"), ("Özğür Çelik", "Özgür Çelik"), ("Đorđe", "Dorde")):
        for face in Face:
            shown, used = fonts.settle(name, face)
            assert shown in (name, plain)
            assert all(fonts.covers(used, letter) for letter in shown)
    assert fonts.settle("Анна", Face.SEMIBOLD)[0] == "····"


def test_a_face_says_truly_which_letters_it_has(fonts: Fonts) -> None:
    for face in Face:
        assert all(fonts.covers(face, letter) for letter in "AZaz09äöüßñ¿¡é·…%")
        assert not fonts.covers(face, "Я")


def test_every_text_of_every_language_can_be_drawn(fonts: Fonts) -> None:
    for language, catalogue in load_catalogues(assets_directory() / "locale").items():
        for key in sorted(catalogue.keys()):
            text = catalogue._texts[key].replace("\n", " ")
            for face in (Face.DISPLAY, Face.REGULAR):
                lacking = [letter for letter in text if not fonts.covers(face, letter)]
                assert not lacking, (language, key, lacking)


def test_a_line_is_rendered_once_and_kept(fonts: Fonts) -> None:
    cache = TextCache(fonts)
    first = cache.image("WALKING", Face.DISPLAY, 40, (255, 255, 255))
    assert cache.image("WALKING", Face.DISPLAY, 40, (255, 255, 255)) is first
    assert cache.image("WALKING", Face.DISPLAY, 41, (255, 255, 255)) is not first


def test_the_cache_stays_within_its_memory_however_long_the_kiosk_runs(fonts: Fonts) -> None:
    cache = TextCache(fonts)
    for number in range(1500):
        cache.image(f"Closes in {number} s", Face.DISPLAY, 60, (255, 255, 255))
    assert cache.held_bytes < 25_000_000
    kept = cache.image("Closes in 1499 s", Face.DISPLAY, 60, (255, 255, 255))
    assert cache.image("Closes in 1499 s", Face.DISPLAY, 60, (255, 255, 255)) is kept
