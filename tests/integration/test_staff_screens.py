"""The desk on every panel: whatever a page offers can be reached there, if need be by turning pages."""

from dataclasses import replace
from functools import cache

import pygame
import pytest

from kiosk import gallery, screens
from kiosk.intents import DESK_SCREENS, Intent, IntentKind
from kiosk.snapshot import Held
from kiosk.staff.desk.asking import LETTERS
from kiosk.staff.desk.views import FactsView, ListView, MenuView, PickView, StepsView, Tone, TypeView
from kiosk.stage import PygameStage

PANELS = [(1920, 1080), (1280, 800), (1024, 600), (800, 480)]
PAGES = 30

pytestmark = pytest.mark.usefixtures("display")


@cache
def pages(language="en"):
    """The desk's pages of the gallery."""
    return tuple(entry for entry in gallery.catalogue(language) if entry.snapshot.screen in DESK_SCREENS)


def offered(view):
    """Everything that a view says can be touched."""
    match view:
        case ListView():
            return {row.intent for row in view.rows if row.intent} | {button.intent for button in view.buttons}
        case MenuView():
            return {item.intent for item in view.items}
        case FactsView():
            footer = set() if view.footer is None else {view.footer.intent}
            return {action.intent for action in view.actions} | footer
        case StepsView():
            taps = {Intent(IntentKind.TICK, index) for index, (_, _, tap) in enumerate(view.lines) if tap}
            return taps | {button.intent for button in view.buttons}
        case PickView():
            return {Intent(IntentKind.CHOOSE, index) for index in range(len(view.choices))}
        case TypeView():
            return {Intent(IntentKind.LETTER, index) for index in range(len(view.keys or LETTERS))}
    return set()


@pytest.mark.parametrize(("size", "language"), [*((size, "de") for size in PANELS), (PANELS[-1], "en")])
def test_everything_a_page_offers_can_be_reached_on_every_panel(size, language):
    ui = gallery.open_ui(size, gallery.panel(size))
    for entry in pages(language):
        staff = entry.snapshot.staff
        wanted = set() if staff is None else offered(staff.page)
        if staff is None or not wanted:
            continue
        reached, turns = set(), set()
        for page in range(PAGES):
            turned = replace(entry.snapshot, staff=replace(staff, page=replace(staff.page, page=page)))
            found = {intent for _, intent in screens.targets(ui, turned)}
            reached |= found
            if wanted <= reached:
                break
            turns |= {Intent(IntentKind.NEXT)} - found
        assert wanted <= reached, (entry.name, wanted - reached)
        assert turns == set(), f"{entry.name}: pages that cannot be turned"


def test_a_key_types_what_is_written_on_it():
    size = PANELS[0]
    ui = gallery.open_ui(size, gallery.panel(size))
    kinds = set()
    for entry in pages():
        view = entry.snapshot.staff.page
        if not isinstance(view, TypeView):
            continue
        signs = view.keys or LETTERS
        kinds.add(signs)
        canvas = screens.paint(None, ui, entry.snapshot)
        for rect, intent in screens.targets(ui, entry.snapshot):
            if intent.kind is IntentKind.LETTER:
                assert [text.text for text in canvas.texts if rect.contains(text.ink)] == [signs[intent.value]]
    assert len(kinds) > 1


def test_a_button_that_wants_to_be_held_fills_while_a_finger_stays():
    size = PANELS[0]
    ui = gallery.open_ui(size, gallery.panel(size))
    entry = next(e for e in pages() if e.name.endswith("staff_confirm-dire"))
    pictures = []
    for share in (0.0, 0.5, 1.0):
        surface = pygame.Surface(size)
        screens.paint(surface, ui, replace(entry.snapshot, held=Held(Intent(IntentKind.HOLD), share)))
        pictures.append(pygame.image.tobytes(surface, "RGB"))
    assert len(set(pictures)) == 3


def test_every_page_of_the_desk_shows_who_is_signed_in_and_for_how_long():
    for size in (PANELS[0], PANELS[-1]):
        ui = gallery.open_ui(size, gallery.panel(size))
        for entry in pages():
            if not entry.snapshot.staff.who:
                continue
            texts = [text.text for text in screens.paint(None, ui, entry.snapshot).texts]
            assert any(text.endswith(f"{entry.snapshot.staff.left_s} s") for text in texts), (size, entry.name)


def test_what_is_held_counts_after_two_seconds_and_not_before(monkeypatch):
    ui = gallery.open_ui(PANELS[0], gallery.panel(PANELS[0]))
    entry = next(e for e in pages() if e.name.endswith("staff_confirm-dire"))
    place = next(rect for rect, intent in screens.targets(ui, entry.snapshot) if intent.kind is IntentKind.HOLD)
    stage = object.__new__(PygameStage)
    stage._surface, stage.ui, stage._headless = pygame.Surface(PANELS[0]), ui, True
    stage._pressed, stage._pressed_at_s, stage._closed = None, None, False
    happened = []
    monkeypatch.setattr(pygame.event, "get", lambda: [happened.pop()] if happened else [])

    def press(now_s):
        happened.append(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=place.center))
        return stage.poll(entry.snapshot, now_s)

    assert press(10.0) == []
    assert stage.poll(entry.snapshot, 11.9) == []
    assert stage._with_finger(replace(entry.snapshot, now_s=11.0)).held.share == pytest.approx(0.5)
    assert stage.poll(entry.snapshot, 12.0) == [Intent(IntentKind.HOLD)]
    assert stage.poll(entry.snapshot, 14.5) == []  # once
    assert press(20.0) == []
    happened.append(pygame.event.Event(pygame.MOUSEBUTTONUP, button=1, pos=place.center))
    assert stage.poll(entry.snapshot, 21.9) == []
    assert stage.poll(entry.snapshot, 30.0) == []


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_what_is_known_of_a_thing_stands_in_one_size(language):
    for size in (PANELS[0], PANELS[-1]):
        ui = gallery.open_ui(size, gallery.panel(size))
        for entry in pages(language):
            view = entry.snapshot.staff.page
            if not isinstance(view, FactsView):
                continue
            canvas = screens.paint(None, ui, entry.snapshot)
            words = {part for fact in view.facts for part in (fact.name, fact.value)} - {view.title}
            taken = {button.label for button in view.actions}
            sizes = {text.cap_px for text in canvas.texts if text.text in words - taken}
            assert max(sizes, default=0) - min(sizes, default=0) <= 1, (size, entry.name, sizes)  # two faces


def test_what_bites_stands_behind_everything_else_that_can_be_done():
    ui = gallery.open_ui(PANELS[0], gallery.panel(PANELS[0]))
    several = 0
    for entry in pages():
        view = entry.snapshot.staff.page
        if not isinstance(view, FactsView):
            continue
        bad = {action.intent for action in view.actions if action.tone is Tone.BAD}
        order = [intent in bad for _, intent in screens.targets(ui, entry.snapshot) if intent in
                 {action.intent for action in view.actions}]  # fmt: skip
        assert order == sorted(order), entry.name
        several += len(set(order)) > 1
    assert several > 2
