"""What the commissioning says is there in every language, and filled."""

from __future__ import annotations

from hardware.units import SpeedUnit
from kiosk.assets import assets_directory
from kiosk.locale import load_catalogues
from kiosk.staff.commissioning.instruction import Awaits, Instruction, filled, texts


def test_every_text_of_commissioning_and_opening_check_is_there_in_every_language():
    catalogues = load_catalogues(assets_directory() / "locale", texts())
    assert set(catalogues) == {"en", "de", "es"}


def test_speeds_words_and_nested_texts_fill_the_named_places():
    say = load_catalogues(assets_directory() / "locale")["en"]
    shown = Instruction(
        page="failed",
        title="commission.page.failed.title",
        body="commission.page.failed.body",
        awaits=Awaits.CONFIRM,
        speeds=(("min", 161),),
        keys=(("why", "commission.unusable.too_fast"),),
    )
    text = filled(say, shown.body, shown, SpeedUnit.KMH)
    assert text == "Its slowest speed, 1.6 km/h, is above what may be used here."
    assert say.missed == set()
