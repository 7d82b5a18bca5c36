import pytest

from hardware.config import Config, ConfigError, load_config, parse_config


def test_an_empty_file_is_a_complete_configuration():
    assert parse_config("") == Config()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[limits]\ncap_kmh = 99\n", ["limits.cap_kmh is 99", "between 0.5 and 5.63"]),
        ("[limits]\ncap_khm = 2\n", ['"limits.cap_khm" is not a setting', 'Did you mean "cap_kmh"?']),
        ("[limit]\ncap_kmh = 2\n", ['"limit" is not a setting', 'Did you mean "limits"?']),
        ("[limits]\ncap_kmh = 'fast'\n", ["limits.cap_kmh", "'fast'"]),
        ("[limits\n", ["not valid TOML"]),
        ("[treadmill]\naddress = 'nonsense'\n", ["treadmill.address", "'nonsense'"]),
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


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no configuration file .*none\.toml"):
        load_config(tmp_path / "none.toml")


def test_a_test_pulse_needs_real_pins_and_a_pin_of_its_own():
    assert parse_config("[wiring]\ntest_pulse = 5\n").wiring.test_pulse == 5
    with pytest.raises(ConfigError, match="test_pulse needs real pins"):
        parse_config('[wiring]\npins = "simulated"\ntest_pulse = 5\n')
    with pytest.raises(ConfigError, match="both use pin 17"):
        parse_config("[wiring]\ntest_pulse = 17\n")
