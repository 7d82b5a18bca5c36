from pathlib import Path

import pytest

from kiosk.assets import assets_directory
from kiosk.locale import LocaleError, differences, load_catalogues, parse_catalogue


def test_tables_nest_and_places_are_filled_by_name():
    texts = parse_catalogue('[walk]\nphase = "Phase {n} of {m}"\n[walk.band]\nwalking = "WALKING"\n', "en", "en.toml")
    assert texts("walk.phase", n=2, m=5) == "Phase 2 of 5"
    assert texts("walk.band.walking") == "WALKING"


def test_a_missing_key_still_draws_and_is_remembered():
    texts = parse_catalogue('a = "A {n}"', "en", "en.toml")
    assert texts("b") == "[b]"
    assert texts("a", wrong=1) == "[a]"
    assert texts.missed == {"a", "b"}


def test_the_check_at_start_names_every_missing_key():
    texts = parse_catalogue('a = "A"', "en", "en.toml")
    with pytest.raises(LocaleError, match=r"en\.toml has no text for: b, c\.d"):
        texts.require(["a", "c.d", "b"])


def test_one_and_many_have_their_own_texts():
    texts = parse_catalogue('[left]\none = "{n} minute"\nother = "{n} minutes"', "en", "en.toml")
    assert [texts.count("left", n) for n in (0, 1, 2)] == ["0 minutes", "1 minute", "2 minutes"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1", "a must be a text"),
        ("a = ", "not valid TOML"),
        ('a = "{"', "broken place"),
        ('a = "{}"', "without a name"),
    ],
)
def test_a_catalogue_that_cannot_be_used_says_where(text, said):
    with pytest.raises(LocaleError, match=said):
        parse_catalogue(text, "xx", "xx.toml")


def test_languages_differ_in_words_only():
    english = parse_catalogue('a = "A {n}"\nb = "B"', "en", "en.toml")
    german = parse_catalogue('a = "A {m}"\nc = "C"', "de", "de.toml")
    assert differences(english, german) == [
        "no text for b",
        "c: not in en.toml",
        "a must have the places {n}",
    ]


def test_a_language_with_other_keys_stops_the_start(tmp_path: Path):
    (tmp_path / "en.toml").write_text('a = "A"')
    (tmp_path / "de.toml").write_text('b = "B"')
    with pytest.raises(LocaleError, match=r"de\.toml: no text for a"):
        load_catalogues(tmp_path)


def test_all_languages_that_we_ship_have_the_same_keys_and_places():
    catalogues = load_catalogues(assets_directory() / "locale")
    assert "en" in catalogues
