"""What guard and belt say is said in the language of the screen; what nobody knows is shown as it came."""

from __future__ import annotations

import inspect

import pytest

from hardware.belt import trouble as belt
from hardware.belt.link import Fault, LinkError
from hardware.config import Wiring
from hardware.gpio import chip
from hardware.gpio.wires import LOOPS, SHORTED_TESTS, UNHEARD_SAMPLES, Switchboard, input_pins
from kiosk.assets import assets_directory
from kiosk.locale import load_catalogues
from kiosk.trouble import SENTENCES, WIRES, told
from kiosk.trouble import texts as keys

BOOKS = load_catalogues(assets_directory() / "locale", keys())
WIRING = Wiring(deck_open_end=5, deck_motor_end=6, belt_pickup=12)
MADE = {
    "sentence": [belt.sentence(LinkError(fault, detail)) for fault in Fault for detail in ("", "org.bluez.X (1)")]
    + [belt.sentence(LinkError(Fault.OTHER, "x" * 500))],
    "two_alike": [belt.two_alike('Gym "1"', ["02:01", "02:02"])],
    "firmware_changed": [belt.firmware_changed("", "T9 1.0"), belt.firmware_changed("T9 1.1", "T9 1.0")],
    "minimum_above_cap": [belt.minimum_above_cap(3.0, 2.0)],
}


def of_the_belt() -> list[str]:
    said = [value for name, value in vars(belt).items() if name.isupper() and isinstance(value, str)]
    return said + [sentence for made in MADE.values() for sentence in made]


def of_the_wires() -> list[str]:
    pins = input_pins(WIRING)
    low = dict.fromkeys(pins.values(), 0)
    said = []
    for wire, pin in pins.items():
        board = Switchboard(WIRING)
        for n in range(UNHEARD_SAMPLES):
            board.sample({other: 0 for other in low if other != pin}, n * 0.02)
        said.append(board.switches.fault)
        board = Switchboard(WIRING)
        board.sample({**low, pin: 7}, 0.0)
        said.append(board.switches.fault)
        if wire in LOOPS:
            board = Switchboard(WIRING)
            board.sample(low, 0.0)
            for _ in range(SHORTED_TESTS):
                board.tested({**dict.fromkeys(low, 1), pin: 0})
            said.append(board.switches.fault)
    return said


def of_the_pins() -> list[str]:
    return [chip._sentence(OSError(why)) for why in ("'GPIO busy'", "can not open gpiochip", "I/O error")] + [
        "The simulated pins are gone."
    ]


SAID = [*of_the_belt(), *of_the_wires(), *of_the_pins()]


def test_every_way_in_which_the_belt_makes_a_sentence_is_among_those_tried_here():
    made = {
        name for name, value in vars(belt).items() if inspect.isfunction(value) and value.__module__ == belt.__name__
    }
    assert made == set(MADE)


@pytest.mark.parametrize("sentence", SAID)
def test_each_is_said_in_every_language_and_in_english_as_it_came(sentence):
    assert sentence
    assert told(BOOKS["en"], sentence) == sentence
    for language in ("es", "de"):
        here = told(BOOKS[language], sentence)
        assert here != sentence
        assert not BOOKS[language].missed


def test_what_is_known_here_is_what_is_said_there():
    spoken = {key for key in SENTENCES for sentence in SAID if told(BOOKS["de"], sentence) == _german(key, sentence)}
    assert spoken == set(SENTENCES)


def _german(key: str, sentence: str) -> str:
    """The German of *sentence* if it is the one of *key*."""
    from kiosk.trouble import _PATTERNS

    return told(BOOKS["de"], sentence) if dict(_PATTERNS)[key].fullmatch(sentence) else ""


def test_wires_and_figures_keep_their_places():
    said = told(BOOKS["de"], "The red button (pin 27) reads 7, which is neither low nor high.")
    assert said == "Eine Leitung meldet 7, weder tief noch hoch: roter Knopf (Pin 27)."
    assert set(WIRES) >= {wire.value for wire in input_pins(WIRING)}
    assert told(BOOKS["de"], belt.sentence(LinkError(Fault.OTHER, "org.bluez.X"))).endswith(" (org.bluez.X)")
    assert "{" not in told(BOOKS["es"], belt.two_alike("{x}", ["a", "b"])).replace("{x}", "")


@pytest.mark.parametrize(
    "sentence", ["", "The moon is full.", "no data", "The treadmill is connected but sends no data. "]
)
def test_what_nobody_knows_is_shown_as_it_came(sentence):
    assert told(BOOKS["de"], sentence) == sentence
