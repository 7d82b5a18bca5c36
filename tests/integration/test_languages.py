"""Spanish and German as members meet them: every screen and every cue, measured as the English ones are."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Final

import pygame
import pytest

from hardware.units import SpeedUnit
from kiosk import gallery, screens
from kiosk.assets import assets_directory
from kiosk.content import load_content, read_books
from kiosk.intents import DESK_SCREENS, IntentKind, ScreenId
from kiosk.locale import load_catalogues
from kiosk.ui.canvas import Ui
from kiosk.ui.text import Face
from tests.support.legibility import findings

LANGUAGES = ("en", "de", "es")
PANELS = [(1920, 1080), (800, 480)]
"""The panel of the design and the smallest; English is measured on all of them in test_screens."""

pytestmark = pytest.mark.usefixtures("display")


@cache
def kit(size: tuple[int, int]) -> Ui:
    return gallery.open_ui(size, gallery.panel(size))


def test_the_kiosk_brings_english_german_and_spanish_along() -> None:
    content = load_content(assets_directory())
    assert content.languages == LANGUAGES
    assert set(content.books) == set(LANGUAGES)


@pytest.mark.parametrize("language", ["de", "es"])
@pytest.mark.parametrize("size", PANELS, ids=str)
def test_every_screen_is_as_legible_in_every_language(size: tuple[int, int], language: str) -> None:
    ui = kit(size)
    surface = pygame.Surface(size)
    found = []
    for entry in gallery.catalogue(language):
        for simulated in (False, True):
            snapshot = replace(
                entry.snapshot, simulated=simulated, legend=gallery.legend(language) if simulated else ()
            )
            canvas = screens.paint(surface, ui, snapshot, probe=True)
            found += [f"{entry.name}: {finding}" for finding in findings(canvas)]
    assert found == []


@pytest.mark.parametrize(("language", "read"), [("en", "2.5"), ("de", "2,5"), ("es", "2,5")])
def test_a_number_is_read_with_the_decimal_mark_of_the_language(language: str, read: str) -> None:
    texts = load_catalogues(assets_directory() / "locale")[language]
    assert texts.speed(250, SpeedUnit.KMH) == read
    assert texts.slope(25) == read
    assert texts.slope(20) == "2"
    assert texts.speed(None, SpeedUnit.KMH) == "--.-"
    assert texts.number("7.-2. Mai") == "7.-2. Mai"


@pytest.mark.parametrize("language", ["de", "es"])
def test_no_member_screen_shows_a_decimal_point_where_people_write_a_comma(language: str) -> None:
    ui = kit((1920, 1080))
    decimals = re.compile(r"\d\.\d")
    shown = [
        (entry.name, text.text)
        for entry in gallery.catalogue(language)
        if entry.snapshot.screen not in DESK_SCREENS
        for text in screens.paint(None, ui, entry.snapshot).texts
    ]
    assert [pair for pair in shown if decimals.search(pair[1])] == []
    assert any(re.search(r"\d,\d", text) for _, text in shown)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", PANELS, ids=str)
def test_every_cue_fits_the_walk_screen(size: tuple[int, int], language: str) -> None:
    ui = kit(size)
    surface = pygame.Surface(size)
    base = next(e.snapshot for e in gallery.catalogue(language) if e.snapshot.screen is ScreenId.WALK)
    assert base.walk is not None
    found = []
    for cue in read_books(assets_directory())[language].values():
        snapshot = replace(base, walk=replace(base.walk, cue_show=cue.show))
        canvas = screens.paint(surface, ui, snapshot, probe=True)
        drawn = " ".join(text.text for text in canvas.texts)
        # A small panel has room for one of the two lines (screens.md A7).
        assert cue.show[0] in drawn or cue.show[-1] in drawn, cue.id
        found += [f"{cue.id}: {finding}" for finding in findings(canvas)]
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_every_cue_can_be_drawn(language: str) -> None:
    fonts = kit(PANELS[0]).fonts
    for cue in read_books(assets_directory())[language].values():
        for letter in "".join(cue.show):
            assert fonts.covers(Face.DISPLAY, letter), (cue.id, letter)


def test_on_the_who_screen_each_language_stands_in_its_own_words_and_can_be_chosen() -> None:
    ui = kit(PANELS[0])
    who = next(e.snapshot for e in gallery.catalogue() if e.snapshot.screen is ScreenId.WHO)
    canvas = screens.paint(None, ui, replace(who, languages=LANGUAGES))
    drawn = {text.text for text in canvas.texts}
    assert {"English", "Deutsch", "Español"} <= drawn
    chosen = [target.intent.value for target in canvas.targets if target.intent.kind is IntentKind.LANGUAGE]
    assert chosen == [0, 1, 2]


@pytest.mark.parametrize("language", ["de", "es"])
def test_no_screen_speaks_english_to_somebody_who_chose_another_language(language: str) -> None:
    texts = load_catalogues(assets_directory() / "locale")
    same = {
        key
        for key in sorted(texts["en"].keys())
        if texts["en"]._texts[key] == texts[language]._texts[key] and not key.startswith("unit.")
    }
    # Words that really are the same.
    allowed = {"simulation.word", "button.no", "walk.next", "consent.no_short", "walk.phase", "pause.word"}
    allowed |= {"month.1", "month.2", "month.4", "month.8", "month.11", "date.short"}
    allowed |= {"accounts.head_name", "accounts.role_physio", "export.stick", "members.head_code"}
    allowed |= {"members.head_name", "members.rename"}
    allowed |= {"commission.step.pause", "commission.step.control", "commission.act.no"}
    allowed |= {"opening_check.step.alarm", "opening_check.step.clip", "health.bluetooth.name", "health.heat.fine"}
    allowed |= {"diagnostics.clip", "log.lane_alarm", "log.lane_clip", "menu.system", "procedure.deck"}
    allowed |= {"system.kiosk", "system.title", "system.updates", "system.version"}
    allowed |= {"treadmill.name", "treadmill.signal", "trouble.wire.clip"}
    allowed |= {key for key in same if not re.sub(r"{\w+}|\W", "", texts["en"]._texts[key])}  # nothing but places
    assert same <= allowed, same - allowed


SAME: Final = {"Retro Walk", "English", "Español", "Deutsch", "Cool-down", "Deadmill", "SIMULATION", "No", "Phase"}
NAMES: Final = (
    "Riverside", "Treadmill", "Physiotherapy", "Incline Builder for", "Knee comfort", "clinician", "Signed in",
    "seven days",
)  # fmt: skip
"""What stands in the fixtures as a gym or a staff member would have typed it."""


@pytest.mark.parametrize("language", ["de", "es"])
def test_no_sentence_drawn_for_another_language_is_an_english_one(language: str) -> None:
    """Whatever the session or a screen puts together itself is seen too, not only what stands in a catalogue."""
    ui = kit(PANELS[0])
    leaked = set()
    for english, other in zip(gallery.catalogue("en"), gallery.catalogue(language), strict=True):
        if english.snapshot.screen.value.startswith("staff"):
            continue
        said = {text.text for text in screens.paint(None, ui, english.snapshot).texts}
        for text in screens.paint(None, ui, other.snapshot).texts:
            words = text.text
            wordy = sum(letter.isalpha() for letter in words) > 4
            name = any(part in words for part in NAMES) or words in (other.snapshot.member_name, *SAME)
            if words in said and wordy and not name and text.role != "legend":
                leaked.add(f"{other.name}: {words}")
    assert leaked == set()


@pytest.mark.parametrize("language", ["de", "es"])
def test_a_state_word_has_no_accent_above_its_capitals(language: str) -> None:
    """It fills the band: an accent would leave the panel."""
    texts = load_catalogues(assets_directory() / "locale")[language]
    for key in sorted(texts.keys()):
        words = texts._texts[key]
        if key.endswith(".word") and words.isupper() and key != "simulation.word":
            assert words.isascii(), (key, words)
            assert len(words) <= 14, (key, words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_beside_a_moving_belt_nobody_reads_the_word_for_getting_off_the_treadmill(language: str) -> None:
    texts = load_catalogues(assets_directory() / "locale")[language]
    off = texts("belt_stopped.off").casefold()
    for key in ("to_rails.word", "step_on.word", "stopping.word", "easing.word"):
        assert texts(key).casefold() not in off, (key, off)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_voice_sends_a_walker_near_the_open_end_the_way_the_screen_does(language: str) -> None:
    """It comes from the screen: "closer" would lead off the open end."""
    way = load_catalogues(assets_directory() / "locale")[language]("drift.open_end.way").rstrip(".").casefold()
    cue = read_books(assets_directory())[language]["X6"]
    assert way in cue.say.casefold()
    assert way in " ".join(cue.show).casefold()


OTHER_WORDS: Final = {
    "de": {"Personal": "Team", "Inhaber": "Leitung", "Bedienfeld": "Bedienpult", "Gänge": "Einheiten"},
    "es": {"pinza": "clip", "vigilante": "guardián", "titular": "propietario", "control de apertura": "prueba de"},
}
"""Words that also mean a thing of ours, and the one that the kiosk uses."""


@pytest.mark.parametrize("language", ["de", "es"])
def test_a_thing_has_one_word_in_every_text(language: str) -> None:
    texts = load_catalogues(assets_directory() / "locale")[language]
    found = [
        (key, other, ours)
        for other, ours in OTHER_WORDS[language].items()
        for key in sorted(texts.keys())
        if re.search(rf"\b{other}", texts._texts[key], re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_words_of_the_kiosk_stand_in_the_lines_they_are_written_in(language: str) -> None:
    texts = load_catalogues(assets_directory() / "locale")[language]
    free = next(e for e in gallery.catalogue(language) if e.snapshot.screen is ScreenId.ATTRACT)
    for size in PANELS:
        drawn = [text.text for text in screens.paint(None, kit(size), free.snapshot).texts]
        assert [line for line in texts("attract.free_title").split("\n") if line not in drawn] == [], size
