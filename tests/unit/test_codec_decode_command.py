"""``retrowalk decode`` as a technician types it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from hardware.belt.ftms.decode_command import Direction, decode_report, parse_characteristic, parse_hex
from kiosk.cli import app

UREVO = "8425e10028000003000000000060004e0000"


def run(*arguments: str):
    return CliRunner().invoke(app, ["decode", *arguments])


def shown(*arguments: str):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    "text",
    [
        "8425e1",
        "8425E1",
        "0x8425E1",
        "0X8425e1",
        "84 25 e1",
        "84-25-E1",
        "84:25:e1",
        "(0x) 84-25-E1",
        "0x84 0x25 0xE1",
        r"\x84\x25\xe1",
        " '84 25 e1' ",
        "8425 e1\n",
    ],
)
def test_bytes_are_read_as_other_tools_print_them(text):
    assert parse_hex(text) == b"\x84\x25\xe1"


@pytest.mark.parametrize(
    "text",
    [
        "2acd",
        "2ACD",
        "0x2acd",
        " 2ACD ",
        "00002acd-0000-1000-8000-00805f9b34fb",
        "{00002ACD-0000-1000-8000-00805F9B34FB}",
        "00002acd00001000800000805f9b34fb",
    ],
)
def test_a_characteristic_may_be_given_short_or_whole(text):
    assert parse_characteristic(text) == "2acd"


def test_bytes_may_be_given_as_separate_arguments():
    assert shown("2ad9", "08", "01") == shown("2ad9", "0801")


def test_the_table_names_every_field_with_its_unit_and_its_bytes():
    lines = run("2acd", UREVO).stdout.splitlines()
    assert "  e1 00     Instantaneous speed   2.25 km/h (1.40 mph)" in lines
    assert "  28 00 00  Total distance        40 m" in lines
    assert any("bit 13 is reserved" in line for line in lines)


def test_fragments_are_merged_into_one_record():
    assert shown("2acd", "9f0061003600000000ff7f0000ffff05006e0002,001f71000002cc003c06ff7f1a00") == {
        "average_speed_kmh": 0.97, "distance_m": 54, "incline_pct": 0.0, "ramp_angle_deg": None,
        "elevation_gain_pos_m": 0.0, "elevation_gain_neg_m": 6553.5, "energy_kcal": 5, "energy_per_hour_kcal": 110,
        "energy_per_minute_kcal": 2, "speed_kmh": 1.13, "heart_rate_bpm": 0, "met": 0.2, "elapsed_s": 204,
        "remaining_s": 1596, "force_n": None, "power_w": 26,
    }  # fmt: skip


def test_a_record_that_lacks_its_last_fragment_is_said_to_be_incomplete():
    result = run("2acd", "09000f000000,03000100", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "incline_pct": 1.5, "ramp_angle_deg": 0.0, "average_speed_kmh": 0.01, "incomplete": True,
    }  # fmt: skip
    assert "not complete" in result.stderr
    assert "not complete" in run("2acd", "09000f000000,03000100").stdout


def test_of_several_records_the_newest_is_shown_and_that_is_said():
    result = run("2acd", "00006400,0000c800", "--json")
    assert json.loads(result.stdout) == {"speed_kmh": 2.0}
    assert "2 records" in result.stderr


def test_a_broken_packet_among_fragments_is_named():
    result = run("2acd", "00,00006400", "--json")
    assert json.loads(result.stdout) == {"speed_kmh": 1.0, "malformed": True}
    assert "left out" in result.stderr


def test_the_way_of_a_control_point_value_is_told_by_its_first_byte_or_by_hand():
    assert shown("2ad9", "800801")["direction"] == "indication"
    assert shown("2ad9", "0801")["direction"] == "write"
    assert shown("2ad9", "0801", "--direction", "indication") == {"direction": "indication", "malformed": True}
    assert shown("2ad9", "800801", "--direction", "write") == {
        "direction": "write", "op": 128, "name": "response_code", "malformed": True,
    }  # fmt: skip


def test_a_direction_for_anything_but_the_control_point_is_not_used():
    report = decode_report("2acd", "00006400", Direction.WRITE, as_json_object=True)
    assert json.loads(report.out)["speed_kmh"] == 1.0
    assert "2ad9 alone" in report.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["2acd", ""], "There are no bytes to decode"),
        (["2acd", ","], "There are no bytes to decode"),
        (["2acd", "0x"], "holds no bytes"),
        (["2acd", "842"], "odd number of hex digits (3)"),
        (["2acd", "84 2 5"], "'2' is half a byte"),
        (["2acd", "84zz"], "'84zz' is not hex"),
        (["2acd", "0000,"], "Packet 2 of 2 is empty"),
        (["2acd", ",0000"], "Packet 1 of 2 is empty"),
        (["2acd", "00" * 513], "513 bytes are too many"),
        (["2ad9", "00,07"], "without commas"),
        (["2ad2", "00"], "'2ad2' is not a characteristic"),
        (["treadmill", "00"], "2acd  Treadmill Data"),
        (["", "00"], "'' is not a characteristic"),
    ],
)
def test_what_cannot_be_decoded_gets_a_sentence_and_exit_code_2(arguments, sentence):
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""


def test_an_empty_value_is_malformed_and_still_most_likely_a_slip():
    result = run("2ad3", "", "--json")
    assert json.loads(result.stdout) == {"malformed": True}
    assert result.exit_code == 2
    assert "no bytes" in result.stderr


def test_a_wrong_direction_and_a_missing_argument_are_refused():
    assert run("2ad9", "00", "--direction", "sideways").exit_code == 2
    assert run("2ad9").exit_code == 2
    assert run("2ad9", "00", "--jason").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["2acd", "00"], "Treadmill Data begins with 2 bytes of flags; 1 byte came"),
        (["2acc", "0000"], "has 8 bytes; 2 bytes came"),
        (["2ad4", "00"], "has 6 bytes; 1 byte came"),
        (["2ad4", "000000000000"], "No usable range"),
        (["2ad4", "600083022000"], "counts in mph"),
        (["2ad3", "0011"], "0x11 while paused"),
        (["2ad9", "8000"], "an indication is 80"),
        (["2ad9", "800006"], "It is no success"),
        (["2ad9", "800801"], "only Treadmill Data (2ACD) tells"),
        (["2ad9", "800705"], "Request Control (00)"),
        (["2ad9", "02"], "too few bytes for the value"),
        (["2ad9", "0809"], "this value is reserved"),
        (["2ad9", "55"], "no such operation"),
        (["2ada", "03"], "safety key is pulled"),
        (["2ada", "ff"], "took control away"),
        (["2acd", "09000f000000"], "a fragment without speed"),
        (["2acd", "9e1f5100b2005800000000ff7f0000ffff0c0097"], "the flags promise 32 bytes, 20 came"),
        (["2acd", "00c06400"], "Reserved flag bits are set: 14 and 15"),
        (["2acd", "2000640005"], "Pace has 1 byte"),
    ],
)
def test_a_remark_says_what_the_table_cannot(arguments, sentence):
    assert sentence in run(*arguments).stdout


def test_a_range_round_in_km_h_is_not_taken_for_mph():
    assert "mph: the machine" not in run("2ad4", "640078050a00").stdout


def test_text_of_a_machine_cannot_write_to_the_terminal():
    stdout = run("2ad3", b"\x01\x0d\x1b[2Jhello".hex()).stdout
    assert "\x1b" not in stdout
    assert "\\u001b[2Jhello" in stdout
