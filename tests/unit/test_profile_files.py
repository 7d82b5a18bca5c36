"""Profiles and bindings as files: what commissioning and staff write, what is refused, and with which words."""

from __future__ import annotations

import re

import msgspec
import pytest

from hardware.config import ConfigError, load_config
from hardware.config.binding import Binding, BindingError, Proof, load_binding, proved, remove_binding, save_binding
from hardware.config.files import save_profile
from hardware.config.profiles import (
    UNCOMMISSIONED,
    Profile,
    ProfileError,
    Quirks,
    StopPoint,
    load_profile,
    parse_profile,
    profile_path,
    profile_toml,
    usable_profile,
)

ADDRESS = "C0:FF:EE:00:01:02"
MEASURED = Profile(
    name='Omega "Z"\nby the window',
    address=ADDRESS,
    model="Omega Z",
    firmware="1.0",
    commissioned=True,
    min_ckmh=80,
    increment_ckmh=10,
    cap_ckmh=170,
    start_latency_s=5.82,
    data_period_s=1.0,
    stop_time_s=3.4,
    stops_on_link_loss=False,
    deck_mm=1450,
    belt_mm=3200,
    scale=1.31,
    true_speed=True,
    stops=(StopPoint(80, 1.8, 300.5), StopPoint(140, 2.9, 560.0), StopPoint(200, 3.9, 880.25)),
    signed_by="Ana (owner)",
    measured_on="2026-11-21",
    quirks=Quirks(no_request_control_answer=True, pause_unsupported=False, zero_debounce_s=3.0),
)
but = msgspec.structs.replace


def test_a_profile_is_read_back_as_it_was_written(tmp_path):
    save_profile(tmp_path, MEASURED)
    assert load_profile(tmp_path, ADDRESS) == MEASURED
    assert parse_profile(profile_toml(UNCOMMISSIONED)) == UNCOMMISSIONED


def test_the_profile_before_is_kept_beside_the_new_one(tmp_path):
    for cap in (150, 160, 170):
        save_profile(tmp_path, but(MEASURED, cap_ckmh=cap))
    path = profile_path(tmp_path, ADDRESS)
    assert load_profile(tmp_path, ADDRESS).cap_ckmh == 170
    assert parse_profile(path.with_suffix(".toml.1").read_text()).cap_ckmh == 160
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, path.name + ".1"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cap_ckmh": 210}, "cap of 2.10 km/h is above the fastest stop that was measured (2.00 km/h)"),
        ({"cap_ckmh": 190}, "runs on for more than half of the deck"),
        ({"deck_mm": 1000}, "runs on for more than half of the deck"),
        ({"stop_time_s": 3.0}, "stop time is less than what was measured at its cap"),
        ({"stop_time_s": None}, "stop time is less than what was measured"),
        ({"stops": MEASURED.stops[::-1]}, "not listed by rising speed"),
        ({"address": None}, "names no address"),
        ({"scale": 9.0}, "scale"),
        ({"measured_on": "yesterday"}, "measured_on"),
    ],
)
def test_a_profile_that_cannot_be_true_is_refused_with_a_sentence(wrong, said):
    with pytest.raises(ProfileError, match=re.escape(said)):
        parse_profile(profile_toml(but(MEASURED, **({"stop_time_s": 4.0} | wrong))))


def test_beyond_two_km_h_only_what_was_measured_throughout_counts():
    fast = but(MEASURED, cap_ckmh=300, stops=(StopPoint(80, 1.0, 100), StopPoint(300, 2.0, 600)))
    assert fast.limit_ckmh == 300
    assert but(fast, true_speed=False).limit_ckmh == 200
    assert but(fast, stops=()).limit_ckmh == 200
    assert but(fast, commissioned=False).limit_ckmh == 200
    assert but(fast, cap_ckmh=150, true_speed=False).limit_ckmh == 150


# ------------------------------------------------------------------------------------------------ binding

BOUND = Binding(address=ADDRESS, label="By the window", bound_by="Ana", bound_at="2026-11-21T13:20:00Z")


def config_file(tmp_path):
    path = tmp_path / "retrowalk.toml"
    path.write_text(
        f'[treadmill]\naddress = "C0:FF:EE:00:00:42"\n[gym]\ntreadmill_label = "T1"\n'
        f'[data]\ndirectory = "{tmp_path / "data"}"\n'
    )
    return path


def test_a_binding_by_staff_overrides_the_configuration_until_it_is_removed(tmp_path):
    path, data = config_file(tmp_path), tmp_path / "data"
    assert load_config(path).treadmill.address == "C0:FF:EE:00:00:42"
    save_binding(data, BOUND)
    config = load_config(path)
    assert (config.treadmill.address, config.gym.treadmill_label) == (ADDRESS, "By the window")
    assert load_binding(data) == BOUND
    assert remove_binding(data)
    assert not remove_binding(data)
    assert load_config(path).treadmill.address == "C0:FF:EE:00:00:42"


@pytest.mark.parametrize("proof", list(Proof))
def test_how_a_binding_was_proved_is_kept_and_until_it_is_that_treadmill_is_only_listened_to(tmp_path, proof):
    assert proved(tmp_path)  # the configuration's own
    save_binding(tmp_path, but(BOUND, proved_by=proof))
    assert load_binding(tmp_path).proved_by is proof
    assert proved(tmp_path) is (proof is not Proof.NONE)


def test_a_binding_of_before_was_by_the_sticker(tmp_path):
    save_binding(tmp_path, BOUND)
    path = tmp_path / "binding.toml"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "proved_by" not in line))
    assert load_binding(tmp_path).proved_by is Proof.STICKER


@pytest.mark.parametrize(
    "text",
    [
        "",
        'address = "somewhere"',
        "][",
        'address = "C0:FF:EE:00:01:02"\nlabel = "x"\nbound_by = "y"\nbound_at = "now"',
    ],
)
def test_a_binding_that_says_nothing_is_refused_with_what_to_do(tmp_path, text):
    path = config_file(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "binding.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"Remove that file and bind the treadmill again"):
        load_config(path)


def test_a_binding_without_an_address_is_not_written(tmp_path):
    with pytest.raises(BindingError, match="cannot be bound"):
        save_binding(tmp_path, but(BOUND, address="somewhere"))
    assert load_binding(tmp_path) is None


@pytest.mark.parametrize("text", ["cap_kmh = 'fast'", "= 3", ""])
def test_a_profile_that_cannot_be_used_is_said_and_the_belt_can_still_be_stopped(tmp_path, text):
    path = profile_path(tmp_path, ADDRESS)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    said: list[str] = []
    profile = usable_profile(tmp_path, ADDRESS, said.append)
    assert profile == UNCOMMISSIONED
    assert len(said) == 1
    assert str(path) in said[0]
