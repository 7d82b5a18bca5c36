"""Every screen in every state of the gallery, on four panels: what a person would see and touch, measured."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pygame
import pytest

from kiosk import gallery, screens
from kiosk.assets import assets_directory
from kiosk.intents import FAR_SCREENS, INERT_SCREENS, IntentKind, ScreenId
from kiosk.locale import Catalogue, load_catalogues
from kiosk.screens.walk import drift
from kiosk.ui import illustration, theme
from kiosk.ui.canvas import Canvas, Ui
from kiosk.ui.far import far_frame
from tests.support.legibility import findings

PANELS = [(1920, 1080), (1280, 800), (1024, 600), (800, 480)]
DEMO = (1280, 720)

pytestmark = pytest.mark.usefixtures("display")


@cache
def kit(size: tuple[int, int]) -> Ui:
    return gallery.open_ui(size, gallery.panel(size))


def painted(entry: gallery.Entry, ui: Ui, *, probe: bool = False) -> tuple[Canvas, pygame.Surface]:
    surface = pygame.Surface(ui.size)
    return screens.paint(surface, ui, entry.snapshot, probe=probe), surface


def entries(*kinds: ScreenId) -> list[gallery.Entry]:
    return [entry for entry in gallery.catalogue() if entry.snapshot.screen in kinds]


def test_the_gallery_has_every_screen() -> None:
    assert {entry.snapshot.screen for entry in gallery.catalogue()} == set(ScreenId)
    assert set(screens.PAINTERS) == set(ScreenId)


@pytest.mark.parametrize("size", [*PANELS, DEMO], ids=str)
def test_nothing_is_cut_covered_faint_too_small_or_hard_to_touch(size: tuple[int, int]) -> None:
    ui = kit(size)
    surface = pygame.Surface(size)
    found = [
        f"{entry.name}: {finding}"
        for entry in gallery.catalogue()
        for finding in findings(screens.paint(surface, ui, entry.snapshot, probe=True))
    ]
    assert found == []


@pytest.mark.parametrize("size", PANELS, ids=str)
def test_the_same_holds_in_the_simulation_whose_band_has_a_place_of_its_own(size: tuple[int, int]) -> None:
    ui = kit(size)
    surface = pygame.Surface(size)
    found = []
    for entry in gallery.catalogue():
        snapshot = replace(entry.snapshot, simulated=True, legend=gallery.legend("en"))
        canvas = screens.paint(surface, ui, snapshot, probe=True)
        legend = [text.text for text in canvas.texts if text.role == "legend"]
        assert legend[0] == "SIMULATION"
        assert all(item in " ".join(legend[1:]) for item in gallery.legend("en"))
        found += [f"{entry.name}: {finding}" for finding in findings(canvas)]
    assert found == []


def longer(text: str) -> str:
    """*text* with 40 % more letters, as a translation may have."""
    words = text.split(" ")
    extra = round(len(text.replace("{", "").replace("}", "")) * 0.4)
    for index in range(extra):
        place = index % len(words)
        if "{" not in words[place]:
            words[place] += "aeiou"[index % 5] if not words[place].isupper() else "AEIOU"[index % 5]
    return " ".join(words)


FAR_TABLES = ("walk.", "straddle.", "countdown.", "belt_starting.", "step_on.", "easing.", "stopping.")
FAR_TABLES += ("belt_stopped.", "safety_stop.")


@pytest.mark.parametrize("size", PANELS, ids=str)
def test_near_screens_bear_texts_that_are_40_percent_longer(size: tuple[int, int]) -> None:
    english = load_catalogues(assets_directory() / "locale")["en"]
    texts = {
        key: english._texts[key] if key.startswith(FAR_TABLES) else longer(english._texts[key])
        for key in sorted(english.keys())
    }
    ui = Ui(size, gallery.panel(size), {"en": Catalogue("en", texts)})
    surface = pygame.Surface(size)
    found = [
        f"{entry.name}: {finding}"
        for entry in gallery.catalogue()
        if entry.snapshot.screen not in FAR_SCREENS
        for finding in findings(screens.paint(surface, ui, entry.snapshot, probe=True))
    ]
    assert found == []


@pytest.mark.parametrize("size", PANELS, ids=str)
@pytest.mark.parametrize("simulated", [False, True])
def test_the_gaze_target_is_at_the_same_pixel_on_every_far_screen(size: tuple[int, int], simulated: bool) -> None:
    ui = kit(size)
    places = set()
    for entry in entries(*FAR_SCREENS):
        snapshot = replace(entry.snapshot, simulated=simulated, legend=gallery.legend("en") if simulated else ())
        canvas = screens.paint(None, ui, snapshot)
        targets = [picture.rect for picture in canvas.pictures if picture.name == "gaze target"]
        assert len(targets) == 1
        places.add(tuple(targets[0]))
    assert len(places) == 1


def test_the_gaze_target_is_drawn_there_in_amber() -> None:
    ui = kit((1920, 1080))
    for entry in entries(*FAR_SCREENS):
        canvas, surface = painted(entry, ui)
        assert tuple(surface.get_at(far_frame(canvas).target))[:3] == theme.AMBER, entry.name


def test_on_the_panel_of_the_design_the_walk_is_read_from_three_metres() -> None:
    ui = kit((1920, 1080))
    metrics = ui.metrics()
    assert not metrics.compact
    assert not metrics.too_small
    for entry in entries(*INERT_SCREENS):
        canvas, _ = painted(entry, ui)
        frame = far_frame(canvas)
        for text in canvas.texts:
            if text.ink.colliderect(frame.band) and text.cap_px < metrics.main:
                assert metrics.arcmin(text.cap_px) >= theme.SUB_ARCMIN, (entry.name, text.text)
            if text.ink.colliderect(frame.cue) and not canvas.snapshot.touch_ready:
                assert metrics.arcmin(text.cap_px) >= theme.MAIN_ARCMIN, (entry.name, text.text)
    for entry in entries(ScreenId.WALK):
        canvas, _ = painted(entry, ui)
        figures = [text for text in canvas.texts if text.text.replace(":", "").replace(".", "").isdigit()]
        assert all(metrics.arcmin(text.cap_px) >= theme.HERO_ARCMIN for text in figures)


@pytest.mark.parametrize("size", [(1024, 600), (800, 480)], ids=str)
def test_on_a_small_panel_speed_and_time_keep_28_percent_of_its_height(size: tuple[int, int]) -> None:
    ui = kit(size)
    assert ui.metrics().too_small
    for entry in entries(ScreenId.WALK):
        if entry.snapshot.simulated:
            continue
        canvas, _ = painted(entry, ui)
        heroes = [text for text in canvas.texts if text.cap_px >= 0.28 * size[1]]
        drifting = drift(canvas) != ""  # which way stands where the time does
        assert len(heroes) == (1 if drifting else 2), entry.name
        assert not any("Phase" in text.text for text in canvas.texts)


def test_the_speed_shown_is_the_measured_one_or_dashes() -> None:
    ui = kit((1920, 1080))
    walk = next(entry for entry in gallery.catalogue() if entry.snapshot.screen is ScreenId.WALK).snapshot
    for measured, shown in ((193, "1.2"), (80, "0.5"), (0, "0.0"), (None, "--.-")):
        canvas = screens.paint(None, ui, replace(walk, measured_ckmh=measured))
        assert shown in [text.text for text in canvas.texts]
    canvas = screens.paint(None, ui, replace(walk, measured_ckmh=None, status=gallery.MOVING))
    assert not {"1.2", "1.9"} & {text.text for text in canvas.texts}


def test_nothing_on_a_far_screen_moves_while_its_values_stay_the_same() -> None:
    ui = kit((800, 480))
    for entry in entries(*FAR_SCREENS):
        _, before = painted(entry, ui)
        later = replace(entry.snapshot, now_s=entry.snapshot.now_s + 0.4, screen_s=entry.snapshot.screen_s + 0.4)
        _, after = painted(replace(entry, snapshot=later), ui)
        assert pygame.image.tobytes(before, "RGB") == pygame.image.tobytes(after, "RGB"), entry.name


def test_the_profile_bar_moves_in_steps_seconds_apart() -> None:
    ui = kit((800, 480))
    walk = next(entry for entry in gallery.catalogue() if entry.snapshot.screen is ScreenId.WALK)
    assert walk.snapshot.walk is not None
    pictures = []
    for tenth in range(100):
        view = replace(walk.snapshot.walk, at_s=200 + tenth / 10)
        _, surface = painted(replace(walk, snapshot=replace(walk.snapshot, walk=view)), ui)
        pictures.append(pygame.image.tobytes(surface, "RGB"))
    assert 1 <= len(set(pictures)) <= 3


def test_no_screen_uses_green_or_magenta() -> None:
    ui = kit((800, 480))
    for entry in gallery.catalogue():
        _, surface = painted(entry, ui)
        small = pygame.transform.scale(surface, (160, 96))
        raw = pygame.image.tobytes(small, "RGB")
        for red, green, blue in zip(raw[0::3], raw[1::3], raw[2::3], strict=True):
            assert not (green > red + 40 and green > blue + 40), (entry.name, red, green, blue)
            assert not (red > green + 60 and blue > green + 60 and abs(red - blue) < 80), (
                entry.name,
                red,
                green,
                blue,
            )


def test_only_stops_have_a_red_band() -> None:
    ui = kit((1920, 1080))
    for entry in entries(*FAR_SCREENS):
        canvas, surface = painted(entry, ui)
        band = far_frame(canvas).band
        red = tuple(surface.get_at((4, band.centery)))[:3] == theme.RED_FILL
        assert red == (entry.snapshot.screen in (ScreenId.STOPPING, ScreenId.SAFETY_STOP)), entry.name


def test_no_name_is_on_a_screen_that_others_read() -> None:
    ui = kit((1920, 1080))
    public = FAR_SCREENS | {ScreenId.ATTRACT, ScreenId.OUT_OF_SERVICE}
    for entry in gallery.catalogue():
        if entry.snapshot.screen in public:
            canvas = screens.paint(None, ui, replace(entry.snapshot, member_name="Rosalinde"))
            assert not any("Rosalinde" in text.text for text in canvas.texts), entry.name


def test_digits_of_a_code_are_shown_to_nobody_who_has_not_asked_and_a_pin_offers_nothing() -> None:
    ui = kit((1920, 1080))
    pad = next(entry for entry in gallery.catalogue() if entry.snapshot.screen is ScreenId.CODE).snapshot
    before = {text.text for text in screens.paint(None, ui, replace(pad, digits=0)).texts}
    after = {text.text for text in screens.paint(None, ui, replace(pad, digits=5)).texts}
    assert after - before == {ui.catalogue("en")("code.show")}
    assert before <= after
    pin = replace(pad, screen=ScreenId.STAFF_PIN)
    none, some = (screens.paint(None, ui, replace(pin, digits=n)) for n in (0, 5))
    assert {text.text for text in none.texts} == {text.text for text in some.texts}
    assert IntentKind.SHOW not in {target.intent.kind for target in some.targets}


def test_what_is_alike_on_two_cards_stands_on_one_line() -> None:
    who = next(entry for entry in gallery.catalogue() if entry.snapshot.screen is ScreenId.WHO)
    for size in PANELS:
        ui = kit(size)
        names = (ui.catalogue("en")("who.guest"), ui.catalogue("en")("who.code"))
        lines = [text.ink.bottom for text in screens.paint(None, ui, who.snapshot).texts if text.text in names]
        assert len(lines) == 2
        assert abs(lines[0] - lines[1]) <= 2, size


def test_the_end_of_a_visit_has_one_word_and_no_other_button_has_it() -> None:
    """Beside a way back, "cancel" would promise to undo what was chosen."""
    ui = kit((1920, 1080))
    leave = ui.catalogue("en")("button.leave")
    for entry in gallery.catalogue():
        canvas = screens.paint(None, ui, entry.snapshot)
        for target in canvas.targets:
            words = [text.text for text in canvas.texts if target.rect.contains(text.ink)]
            if target.intent.kind is IntentKind.CANCEL and entry.snapshot.screen is not ScreenId.STAFF_PIN:
                assert words == [leave], entry.name
            elif target.intent.kind is not IntentKind.STAY:
                assert leave not in words, entry.name


def test_every_near_screen_has_a_way_out() -> None:
    leave = {IntentKind.BACK, IntentKind.CANCEL, IntentKind.SKIP, IntentKind.DONE, IntentKind.STAY, IntentKind.WAKE}
    leave |= {IntentKind.STAFF, IntentKind.CHOOSE, IntentKind.SIGN_OUT}
    for size in PANELS:
        for entry in gallery.catalogue():
            if entry.snapshot.screen in FAR_SCREENS:
                continue
            kinds = {intent.kind for _, intent in screens.targets(kit(size), entry.snapshot)}
            assert kinds & leave, (size, entry.name)


def test_a_touch_in_the_middle_of_a_target_is_its_intent() -> None:
    for size in PANELS:
        ui = kit(size)
        for entry in gallery.catalogue():
            found = screens.targets(ui, entry.snapshot)
            for rect, intent in found:
                hit = screens.intent_at(ui, entry.snapshot, rect.center)
                covered = [other for place, other in found if place.collidepoint(rect.center) and place != rect]
                assert hit == intent or hit in covered, (size, entry.name, intent)


def test_a_touch_beside_every_target_is_nothing() -> None:
    ui = kit((1920, 1080))
    summary = next(entry for entry in gallery.catalogue() if entry.snapshot.screen is ScreenId.SUMMARY)
    assert screens.intent_at(ui, summary.snapshot, (5, 5)) is None


@pytest.mark.parametrize("size", PANELS, ids=str)
def test_a_touch_anywhere_while_the_belt_may_move_is_stop_and_nothing_else(size: tuple[int, int]) -> None:
    ui = kit(size)
    for entry in entries(*INERT_SCREENS):
        if entry.snapshot.touch_ready and entry.snapshot.screen is ScreenId.SAFETY_STOP:
            continue
        for x in (1, size[0] // 2, size[0] - 2):
            for y in (1, size[1] // 2, size[1] - 2):
                intent = screens.intent_at(ui, entry.snapshot, (x, y))
                assert intent is not None, entry.name
                assert intent.kind is IntentKind.STOP, entry.name


def test_the_warning_before_a_time_out_takes_every_touch_as_a_wish_to_stay() -> None:
    ui = kit((1920, 1080))
    who = next(entry for entry in gallery.catalogue() if entry.snapshot.screen is ScreenId.WHO).snapshot
    warned = replace(who, warn=True, left_s=12.0)
    for position in ((5, 5), (960, 540), (300, 400)):
        intent = screens.intent_at(ui, warned, position)
        assert intent is not None
        assert intent.kind is IntentKind.STAY


def test_a_member_who_leaves_a_cue_empty_still_sees_what_to_do() -> None:
    ui = kit((1920, 1080))
    for entry in entries(*INERT_SCREENS - {ScreenId.WALK}):
        walk = entry.snapshot.walk
        bare = replace(entry.snapshot, cue_show=(), walk=replace(walk, cue_show=()) if walk else None)
        canvas = screens.paint(None, ui, bare)
        frame = far_frame(canvas)
        assert [text for text in canvas.texts if frame.bottom.colliderect(text.ink)], entry.name


def test_every_cause_has_words_for_what_it_was_what_to_do_and_how_it_goes_on() -> None:
    words = kit((1920, 1080)).catalogues["en"]
    for cause in gallery.CAUSES:
        family = screens.safety_stop.family(cause)
        for part in ("word", "now", "also", "then"):
            assert words.has(f"safety_stop.{family}.{part}"), (cause, part)
        assert words.has(f"reset.how.{family}")


def test_no_screen_asks_for_a_text_that_is_not_there() -> None:
    for size in PANELS:
        ui = kit(size)
        for catalogue in ui.catalogues.values():
            catalogue.missed.clear()
        for entry in gallery.catalogue():
            screens.paint(None, ui, entry.snapshot)
        assert [sorted(catalogue.missed) for catalogue in ui.catalogues.values()] == [[]] * len(ui.catalogues)


def test_far_lines_have_at_most_22_characters_in_every_language() -> None:
    for language, catalogue in kit((1920, 1080)).catalogues.items():
        for key in sorted(catalogue.keys()):
            if key.startswith(FAR_TABLES):
                for line in catalogue._texts[key].split("\n"):
                    assert len(line) <= theme.FAR_LINE_CHARS, (language, key)


def test_the_red_button_screen_says_red_button_pressed_and_no_screen_says_emergency() -> None:
    words = kit((1920, 1080)).catalogues["en"]
    assert words("safety_stop.red_button.word") == "Red button pressed"
    assert not [key for key in sorted(words.keys()) if "emergency" in words._texts[key].lower()]


@pytest.mark.parametrize("size", [(1920, 1080), (800, 480)], ids=str)
def test_after_a_few_near_frames_no_screen_that_the_guard_watches_has_a_picture_to_make(
    size: tuple[int, int],
) -> None:
    ui = gallery.open_ui(size, gallery.panel(size))
    surface = pygame.Surface(ui.size)
    for _ in range(100):
        screens.draw(surface, ui, gallery.BASE)
    made = ui.sprites.made
    for entry in entries(*FAR_SCREENS):
        screens.draw(surface, ui, replace(entry.snapshot, simulated=False))
    assert ui.sprites.made == made
    art = {key for key in ui.sprites._kept if key[0] == "art"}
    for entry in entries(ScreenId.CHECK):
        screens.draw(surface, ui, entry.snapshot)
    assert {key for key in ui.sprites._kept if key[0] == "art"} == art


def test_memory_stays_bounded_over_many_sessions_with_different_plans() -> None:
    ui = gallery.open_ui((1920, 1080), gallery.panel((1920, 1080)))
    surface = pygame.Surface(ui.size)
    summary = next(entry for entry in gallery.catalogue() if entry.snapshot.screen is ScreenId.SUMMARY).snapshot
    assert summary.summary is not None
    for number in range(60):
        speeds = tuple((float(second), 80 + number) for second in range(60))
        screens.draw(surface, ui, replace(summary, summary=replace(summary.summary, speeds=speeds)))
    assert ui.sprites.held_bytes <= 33_000_000
    assert ui.texts.held_bytes <= 25_000_000


def test_a_picture_has_exactly_the_ground_it_stands_on() -> None:
    ui = kit((1920, 1080))
    for name in illustration.NAMES:
        for ground in (theme.BACKGROUND, theme.STOP_BACKGROUND, theme.CARD):
            canvas = Canvas(ui, gallery.BASE, pygame.Surface(ui.size))
            canvas.clear(ground)
            illustration.illustrate(canvas, name, pygame.Rect(100, 100, 620, 560), ground)
            place = canvas.pictures[-1].rect
            assert canvas.surface is not None
            assert tuple(canvas.surface.get_at(place.topleft))[:3] == ground, name
