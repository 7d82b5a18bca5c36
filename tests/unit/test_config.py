import msgspec
import pytest

from hardware.config import Config, ConfigError, load_config, parse_config
from hardware.config.profiles import ProfileError, parse_profile


def test_an_empty_file_is_a_complete_configuration():
    assert parse_config("") == Config()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[limits]\ncap_kmh = 99\n", ["limits.cap_kmh is 99", "between 0.5 and 5.63"]),
        ("[limits]\ncap_khm = 2\n", ['"limits.cap_khm" is not a setting', 'Did you mean "cap_kmh"?']),
        ("[limit]\ncap_kmh = 2\n", ['"limit" is not a setting', 'Did you mean "limits"?']),
        ("[limits]\ncap_kmh = 'fast'\n", ["limits.cap_kmh is", '"fast"', "a number from 0.5 to 5.63"]),
        ("[limits\n", ["not valid TOML"]),
        ("[treadmill]\naddress = 'nonsense'\n", ["treadmill.address is", '"nonsense"', "like", "C0:FF:EE:00:00:42"]),
        ("[wiring]\nlevel = 'H2'\n", ["H2", "needs a permit output"]),
        ("[wiring]\nclip = 5\nred_button = 5\n", ["both use pin 5"]),
        ("[timing]\ntick_late_s = 1.0\n", ["timing.tick_late_s"]),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence_that_says_what_to_change(text, words):
    with pytest.raises(ConfigError) as error:
        parse_config(text, "kiosk.toml")
    for word in words:
        assert word in str(error.value)


SETTINGS = [
    (section.name, key.name)
    for section in msgspec.structs.fields(Config)
    for key in msgspec.structs.fields(section.type)
]


@pytest.mark.parametrize(("section", "key"), SETTINGS)
def test_every_setting_that_is_of_the_wrong_kind_is_named_with_what_it_must_be(section, key):
    with pytest.raises(ConfigError) as error:
        parse_config(f"[{section}]\n{key} = [1]\n", "retrowalk.toml")
    assert str(error.value).startswith(f"retrowalk.toml: {section}.{key} must be ")
    assert "`" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gym]\nname = ''", 'gym.name is ""; it must be text in quotes, 1 to 60 characters.'),
        ("[gym]\nlanguage = 'fr'", 'gym.language is "fr"; it must be one of "en", "es", "de".'),
        ("[gym]\nunits = 'kph'", 'gym.units is "kph"; it must be one of "mph", "km/h".'),
        ("[treadmill]\nlink = 'wifi'", 'treadmill.link is "wifi"; it must be one of "bluetooth", "simulated".'),
        ("[limits]\ncap_kmh = nan", "limits.cap_kmh is nan; it must be between 0.5 and 5.63 km/h"),
        ("[limits]\nmax_incline_percent = nan", "max_incline_percent is nan; it must be a number from 0 to 5."),
        ("[wiring]\nclip = 54", "wiring.clip is 54; it must be a whole number from 0 to 53."),
        ("[wiring]\nclip = true", "wiring.clip is true; it must be a whole number from 0 to 53."),
        ("[wiring]\npermit = 1.5", "wiring.permit is 1.5; it must be a whole number from 0 to 53."),
        ("[wiring]\nlevel = 'H3'", 'wiring.level is "H3"; it must be one of "H0", "H1", "H2".'),
        ("[wiring]\npickup_mm = 5", "wiring.pickup_mm is 5; it must be a whole number from 40 to 300."),
        ("[wiring]\nbelt_pickup = 17", "wiring.belt_pickup and wiring.clip both use pin 17. Give each its own."),
        ("[screen]\nwidth_mm = inf", "screen.width_mm is inf; it must be a number from 50 to 3000."),
        ("[screen]\nfullscreen = 'yes'", 'screen.fullscreen is "yes"; it must be true or false.'),
        ("[sound]\nvolume = 9", "sound.volume is 9; it must be a whole number from 1 to 3."),
        ("[checks]\nopening = false", "can be switched off for a simulated treadmill only. Leave that section out."),
        ("[checks]\nprofile = false", "can be switched off for a simulated treadmill only. Leave that section out."),
        (
            '[wiring]\npins = "simulated"\n[checks]\nprofile = false',
            "can be switched off for a simulated treadmill only",
        ),
        ("gym = 3", "gym is 3; it must be a section: [gym] on a line of its own."),
        ("[wiring]\nred = 5", '"wiring.red" is not a setting.'),
    ],
)
def test_every_malformed_value_gets_a_sentence_that_says_what_is_right(text, said):
    with pytest.raises(ConfigError) as error:
        parse_config(text, "retrowalk.toml")
    assert said in str(error.value)
    assert str(error.value).startswith("retrowalk.toml: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cap_ckmh = 9000", "cap_ckmh is 9000; it must be a whole number from 0 to 563."),
        ("stop_time_s = -1", "stop_time_s is -1; it must be a number from 0 to 60."),
        ("commissioned = 'yes'", 'commissioned is "yes"; it must be true or false.'),
        ("follow_alowed = true", '"follow_alowed" is not a setting. Did you mean "follow_allowed"?'),
        ("[quirks]\nmph = true", '"quirks.mph" is not a setting.'),
        ("[quirks]\nmph_units = 1", "quirks.mph_units is 1; it must be true or false."),
        ("[[stops]]\nckmh = 0\nseconds = 1\ntravel_mm = 1", "must be a whole number from 1 to 563."),
        ("[[stops]]\nckmh = 80", "stops[0].seconds is missing; it must be a number from 0 to 60."),
        ("stops = 3", "stops is 3; it must be a list: [[stops]] before each of its entries."),
        ("measured_on = 'today'", 'measured_on is "today"; it must be a day, like "2026-03-31".'),
        ("cap_ckmh = ", "is not a usable treadmill profile: "),
    ],
)
def test_every_malformed_value_of_a_profile_gets_a_sentence_too(text, said):
    with pytest.raises(ProfileError) as error:
        parse_profile(text, "profiles/X.toml")
    assert said in str(error.value)
    assert str(error.value).startswith("profiles/X.toml is not a usable treadmill profile: ")
    assert "`" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no configuration file .*none\.toml"):
        load_config(tmp_path / "none.toml")


def test_a_test_pulse_needs_real_pins_and_a_pin_of_its_own():
    assert parse_config("[wiring]\ntest_pulse = 5\n").wiring.test_pulse == 5
    with pytest.raises(ConfigError, match="test_pulse needs real pins"):
        parse_config('[wiring]\npins = "simulated"\ntest_pulse = 5\n')
    with pytest.raises(ConfigError, match="both use pin 17"):
        parse_config("[wiring]\ntest_pulse = 17\n")
