"""Bytes to values: packets beyond the vectors, odd lengths, reserved values, fragments, and what may be written."""

from __future__ import annotations

import pytest

from hardware.belt.ftms import codec
from hardware.belt.ftms.codec import (
    MAX_FRAGMENTS,
    NO_PARTIAL,
    ControlOp,
    Result,
    StatusOp,
    Training,
    UnsafeValueError,
    advertises_treadmill,
    decode_control_answer,
    decode_control_write,
    decode_features,
    decode_incline_range,
    decode_machine_status,
    decode_speed_range,
    decode_training_status,
    decode_treadmill_data,
    encode_target_incline,
    encode_target_speed,
    merge,
)
from hardware.belt.ftms.describe import as_json
from hardware.constants import CAP_MAX_CKMH, INCLINE_MAX_DPCT


def data(text: str):
    return as_json(decode_treadmill_data(bytes.fromhex(text)))


# --------------------------------------------------------------------------------------------- 2ACD, further packets

FURTHER = [
    pytest.param(
        "84242c013a02002800000000d1021c0400",
        {
            "flags": 0x2484, "more_data": False, "speed_kmh": 3.0, "distance_m": 570, "energy_kcal": 40,
            "energy_per_hour_kcal": 0, "energy_per_minute_kcal": 0, "elapsed_s": 721, "vendor_bit13_u24": 1052,
        },
        id="X218 capture: 1052 steps behind bit 13 (TreadmillKit tests)",
    ),
    pytest.param(
        "84242c019600000c000000007800",
        {
            "flags": 0x2484, "more_data": False, "speed_kmh": 3.0, "distance_m": 150, "energy_kcal": 12,
            "energy_per_hour_kcal": 0, "energy_per_minute_kcal": 0, "elapsed_s": 120,
        },
        id="bit 13 with no bytes at all (WalkingPadSDK FTMSTests)",
    ),
    pytest.param(
        "84242c013a02",
        {"flags": 0x2484, "more_data": False, "speed_kmh": 3.0, "truncated": True, "trailing_hex": "3a02"},
        id="cut inside the distance (TreadmillKit tests)",
    ),
    pytest.param("8424", {"flags": 0x2484, "more_data": False, "truncated": True}, id="flags alone"),
    pytest.param(
        "00200000", {"flags": 0x2000, "more_data": False, "speed_kmh": 0.0}, id="reserved flag, no bytes (BEL tests)"
    ),
    pytest.param(
        "00206400aabb",
        {"flags": 0x2000, "more_data": False, "speed_kmh": 1.0, "vendor_bit13_u16": 0xBBAA},
        id="bit 13 with two bytes",
    ),
    pytest.param(
        "00206400aa",
        {"flags": 0x2000, "more_data": False, "speed_kmh": 1.0, "trailing_hex": "aa"},
        id="bit 13 with one byte",
    ),
    pytest.param(
        "00206400aabbccdd",
        {"flags": 0x2000, "more_data": False, "speed_kmh": 1.0, "vendor_bit13_u24": 0xCCBBAA, "trailing_hex": "dd"},
        id="bit 13 with four bytes",
    ),
    pytest.param(
        "00c06400aabb",
        {"flags": 0xC000, "more_data": False, "speed_kmh": 1.0, "trailing_hex": "aabb"},
        id="bits 14 and 15: nothing is known of them, nothing is lost",
    ),
    pytest.param(
        "0e002003100334120019000000",
        {
            "flags": 14, "more_data": False, "speed_kmh": 8.0, "average_speed_kmh": 7.84, "distance_m": 0x1234,
            "incline_pct": 2.5, "ramp_angle_deg": 0.0,
        },
        id="optional fields before the incline (BEL tests)",
    ),
    pytest.param(
        "09000f000000",
        {"flags": 9, "more_data": True, "incline_pct": 1.5, "ramp_angle_deg": 0.0},
        id="fragment with an incline and no speed (BEL tests)",
    ),
    pytest.param(
        "fe1f100e200e3412000a0014006400320078009000"
        "2c0158020a90322c013c00f4012c01",
        {
            "flags": 0x1FFE, "more_data": False, "speed_kmh": 36.0, "average_speed_kmh": 36.16, "distance_m": 4660,
            "incline_pct": 1.0, "ramp_angle_deg": 2.0, "elevation_gain_pos_m": 10.0, "elevation_gain_neg_m": 5.0,
            "pace_s_per_500m": 120, "average_pace_s_per_500m": 144, "energy_kcal": 300, "energy_per_hour_kcal": 600,
            "energy_per_minute_kcal": 10, "heart_rate_bpm": 144, "met": 5.0, "elapsed_s": 300, "remaining_s": 60,
            "force_n": 500, "power_w": 300,
        },
        id="every field, pace of two bytes (BEL tests)",
    ),
    pytest.param(
        "600064000507",
        {"flags": 0x60, "more_data": False, "speed_kmh": 1.0, "pace_km_per_min": 0.5, "average_pace_km_per_min": 0.7},
        id="both paces of one byte",
    ),
    pytest.param(
        "40006400780041",
        {"flags": 0x40, "more_data": False, "speed_kmh": 1.0, "average_pace_s_per_500m": 120, "trailing_hex": "41"},
        id="a byte over: room for the newer pace",
    ),
    pytest.param(
        "202064000507aabb",
        {"flags": 0x2020, "more_data": False, "speed_kmh": 1.0, "pace_km_per_min": 0.5, "vendor_bit13_u24": 0xBBAA07},
        id="pace and bit 13 with four bytes: three of them are steps",
    ),
    pytest.param(
        "0800640001800080",
        {"flags": 8, "more_data": False, "speed_kmh": 1.0, "incline_pct": -3276.7, "ramp_angle_deg": -3276.8},
        id="the least inclines are values: only 7FFF is not available",
    ),
    pytest.param(
        "08006400ff7fff7f",
        {"flags": 8, "more_data": False, "speed_kmh": 1.0, "incline_pct": None, "ramp_angle_deg": None},
        id="incline not available",
    ),
    pytest.param(
        "00106400ff7fffff",
        {"flags": 0x1000, "more_data": False, "speed_kmh": 1.0, "force_n": None, "power_w": -1},
        id="force not available, power -1 W",
    ),
    pytest.param(
        "0007ffffffffffffff",
        {"flags": 0x0700, "more_data": False, "speed_kmh": 655.35, "heart_rate_bpm": 255, "met": 25.5,
         "elapsed_s": 65535, "trailing_hex": "ff"},
        id="speed, heart rate, MET and times know no mark for not available",
    ),
    pytest.param(
        "0400640001",
        {"flags": 4, "more_data": False, "speed_kmh": 1.0, "truncated": True, "trailing_hex": "01"},
        id="cut inside a field (WalkingPadSDK FTMSTests)",
    ),
    pytest.param(
        "000001", {"flags": 0, "more_data": False, "truncated": True, "trailing_hex": "01"}, id="half a speed"
    ),
    pytest.param("0100", {"flags": 1, "more_data": True}, id="fragment with nothing in it"),
    pytest.param("00", {"malformed": True}, id="one byte"),
    pytest.param("", {"malformed": True}, id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FURTHER)
def test_treadmill_data_means(text, expected):
    shown = data(text)
    assert shown == expected
    assert list(shown) == list(expected)


def test_a_high_low_byte_of_the_flags_sets_no_other_flag():
    # D4: signed chars made 0x84 set every high flag.
    assert decode_treadmill_data(bytes.fromhex("80002c010000000000")).seen == (
        "speed_ckmh", "energy_kcal", "energy_per_hour_kcal", "energy_per_minute_kcal",
    )  # fmt: skip


# Pace flags, bit 13, bytes left for both -> widths read: pace fields, then what bit 13 stands for.
PACES = [
    (0x20, 0, 0, [1], None), (0x20, 0, 1, [1], None), (0x20, 0, 2, [2], None), (0x20, 0, 3, [2], None),
    (0x40, 0, 1, [1], None), (0x40, 0, 2, [2], None),
    (0x60, 0, 1, [1, 1], None), (0x60, 0, 2, [1, 1], None), (0x60, 0, 3, [1, 1], None), (0x60, 0, 4, [2, 2], None),
    (0x60, 0, 5, [2, 2], None),
    (0x20, 1, 1, [1], None), (0x20, 1, 2, [2], None), (0x20, 1, 3, [1], 2), (0x20, 1, 4, [1], 3),
    (0x20, 1, 5, [2], 3), (0x20, 1, 6, [2], 3),
    (0x60, 1, 2, [1, 1], None), (0x60, 1, 4, [2, 2], None), (0x60, 1, 5, [1, 1], 3), (0x60, 1, 6, [2, 2], 2),
    (0x60, 1, 7, [2, 2], 3),
]  # fmt: skip


@pytest.mark.parametrize(("paces", "vendor", "left", "widths", "vendor_width"), PACES)
def test_the_length_of_a_packet_decides_on_pace_and_bit_13(paces, vendor, left, widths, vendor_width):
    fields = codec.treadmill_fields(paces | vendor << 13, 2 + 2 + left)
    assert [codec.WIRE[name].width for name in fields if "pace" in name] == widths
    assert [codec.WIRE[name].width for name in fields if "bit13" in name] == ([vendor_width] if vendor_width else [])


def test_speed_and_incline_lie_before_anything_ambiguous():
    """Pace and bit 13 are read by guess: whatever the guess, speed and incline are the same."""
    for extra in range(12):
        record = decode_treadmill_data(bytes.fromhex("68206400f1ff1700") + bytes(extra))
        assert (record.speed_ckmh, record.incline_dpct) == (100, -15)


def test_anomalies_are_told_from_clean_packets():
    assert not decode_treadmill_data(bytes.fromhex("00006400")).anomalous
    assert decode_treadmill_data(bytes.fromhex("0000640000")).anomalous
    assert decode_treadmill_data(bytes.fromhex("000064")).anomalous
    assert decode_treadmill_data(b"\x00").anomalous


def test_a_bytearray_is_as_good_as_bytes():
    # bleak hands bytearrays to its callbacks and may reuse them.
    packet = bytearray.fromhex("0000390300")
    record = decode_treadmill_data(packet)
    packet[:] = b"\xff" * 5
    assert (record.speed_ckmh, record.trailing) == (825, b"\x00")


# ----------------------------------------------------------------------------------------------------- fragments

MATRIX = ("9f0061003600000000ff7f0000ffff05006e0002", "001f71000002cc003c06ff7f1a00")


def feed(*packets: str):
    partial, records = NO_PARTIAL, []
    for packet in packets:
        partial, record = merge(partial, decode_treadmill_data(bytes.fromhex(packet)))
        records.append(record)
    return partial, records


def test_the_matrix_pair_becomes_one_record_with_its_last_fragment():
    partial, (first, record) = feed(*MATRIX)
    assert first is None
    assert record is not None
    assert partial == NO_PARTIAL
    assert (record.speed_ckmh, record.elapsed_s, record.average_speed_ckmh, record.energy_per_hour_kcal) == (
        113, 204, 97, 110,
    )  # fmt: skip
    assert record.fragments == 2
    assert not record.more_data


def test_a_packet_alone_passes_unchanged():
    packet = decode_treadmill_data(bytes.fromhex("00006400"))
    assert packet.fragments == 1
    assert merge(NO_PARTIAL, packet) == (NO_PARTIAL, packet)


def test_a_lost_link_drops_the_partial_record():
    partial, _ = feed(MATRIX[0])
    assert partial != NO_PARTIAL
    _, record = merge(NO_PARTIAL, decode_treadmill_data(bytes.fromhex(MATRIX[1])))
    assert record is not None
    assert record.average_speed_ckmh is None
    assert record.distance_m is None


def test_merging_leaves_the_given_state_as_it_was():
    partial, _ = feed(MATRIX[0])
    before = partial
    merge(partial, decode_treadmill_data(bytes.fromhex(MATRIX[1])))
    assert partial == before


def test_after_a_lost_last_fragment_the_newer_values_count():
    _, records = feed("03000100", "03000200", "00006400")
    assert records[-1].average_speed_ckmh == 2


def test_not_available_in_a_later_fragment_counts():
    _, records = feed("09000a000a00", "08006400ff7f0a00")
    assert records[-1].incline_dpct is None
    assert "incline_dpct" in records[-1].seen


def test_a_machine_that_never_ends_its_record_fills_no_memory():
    partial, records = feed(*["03000100"] * 1000)
    assert len(partial.fragments) == MAX_FRAGMENTS
    assert set(records) == {None}


def test_a_malformed_packet_between_fragments_spoils_nothing():
    _, records = feed(MATRIX[0], "00", MATRIX[1])
    assert [record is None for record in records] == [True, True, False]
    assert records[-1].average_speed_ckmh == 97


def test_a_cut_fragment_marks_the_whole_record():
    _, records = feed("030061", MATRIX[1])
    assert records[-1].truncated
    assert records[-1].trailing == b"\x61"


# --------------------------------------------------------------------------------------- 2ACC, 2AD3, 2AD4, 2AD5


def test_every_feature_and_target_bit_has_its_name():
    shown = as_json(decode_features(b"\xff\xff\x01\x00\xff\xff\x01\x00"))
    assert shown["features"] == [
        "average_speed", "cadence", "total_distance", "inclination", "elevation_gain", "pace", "step_count",
        "resistance_level", "stride_count", "expended_energy", "heart_rate", "metabolic_equivalent", "elapsed_time",
        "remaining_time", "power_measurement", "force_on_belt_and_power_output", "user_data_retention",
    ]  # fmt: skip
    assert shown["targets"] == [
        "speed", "inclination", "resistance", "power", "heart_rate", "expended_energy", "step_number",
        "stride_number", "distance", "training_time", "time_in_two_heart_rate_zones",
        "time_in_three_heart_rate_zones", "time_in_five_heart_rate_zones", "indoor_bike_simulation",
        "wheel_circumference", "spin_down_control", "cadence",
    ]  # fmt: skip


def test_reserved_feature_bits_stay_readable():
    shown = as_json(decode_features(bytes.fromhex("0000028000000040")))
    assert shown["features"] == ["rfu_bit_17", "rfu_bit_31"]
    assert shown["targets"] == ["rfu_bit_30"]


def test_features_tell_what_can_be_set():
    features = decode_features(bytes.fromhex("4412000001000000"))
    assert features.takes_speed
    assert not features.takes_incline
    assert decode_features(bytes.fromhex("0000000002000000")).takes_incline
    assert not decode_features(b"").takes_speed


FIXED = {
    "2acc": (decode_features, 8),
    "2ad4": (decode_speed_range, 6),
    "2ad5": (decode_incline_range, 6),
    "2ad3": (decode_training_status, 2),
}


@pytest.mark.parametrize("characteristic", FIXED)
def test_a_short_value_is_malformed_and_offers_nothing(characteristic):
    decode, length = FIXED[characteristic]
    for short in range(length):
        record = decode(b"\x01" * short)
        assert as_json(record) == {"malformed": True}
        assert record.anomalous
        assert record.trailing == b"\x01" * short


@pytest.mark.parametrize("characteristic", FIXED)
def test_bytes_over_are_kept_and_the_value_still_read(characteristic):
    decode, length = FIXED[characteristic]
    exact, longer = decode(bytes(length)), decode(bytes(length) + b"\xaa")
    assert as_json(longer) == {**as_json(exact), "trailing_hex": "aa"}
    assert longer.anomalous
    assert not exact.anomalous


def test_ranges_are_given_as_sent_and_say_whether_they_are_usable():
    assert as_json(decode_speed_range(bytes.fromhex("640008070a00"))) == {
        "min_kmh": 1.0, "max_kmh": 18.0, "increment_kmh": 0.1,
    }  # fmt: skip
    assert decode_speed_range(bytes.fromhex("640008070a00")).usable
    assert not decode_speed_range(bytes(6)).usable
    upside_down = decode_speed_range(bytes.fromhex("d007e8030a00"))
    assert (upside_down.min_ckmh, upside_down.max_ckmh, upside_down.usable) == (2000, 1000, False)
    downhill = decode_incline_range(bytes.fromhex("ceffe7ff0500"))
    assert (downhill.min_dpct, downhill.max_dpct, downhill.usable) == (-50, -25, True)
    assert decode_incline_range(bytes.fromhex("e2ff96000500")).usable
    assert not decode_incline_range(bytes(6)).usable
    assert not decode_incline_range(b"").usable


def test_training_status_with_text():
    record = decode_training_status(b"\x01\x0dSchnellstart \xc3\xbc")
    assert as_json(record) == {"flags": 1, "status": 13, "name": "manual_mode", "string": "Schnellstart ü"}
    assert record.name is Training.MANUAL_MODE


def test_training_status_text_that_is_no_utf8_or_ends_in_zeros_is_still_text():
    assert decode_training_status(b"\x01\x0d\xff\xfeX\x00\x00").text == "\ufffd\ufffdX"


def test_training_status_text_flag_without_text_is_an_empty_text():
    assert as_json(decode_training_status(bytes.fromhex("010d"))) == {
        "flags": 1, "status": 13, "name": "manual_mode", "string": "",
    }  # fmt: skip


def test_training_status_bytes_without_the_text_flag_are_left_over():
    # Bit 1, extended string, says that there is more to read, not that it is here.
    assert as_json(decode_training_status(b"\x02\x0dab")) == {
        "flags": 2, "status": 13, "name": "manual_mode", "trailing_hex": "6162",
    }  # fmt: skip


def test_every_training_status_has_a_name_and_reserved_ones_never_raise():
    names = [as_json(decode_training_status(bytes((0, status))))["name"] for status in range(256)]
    assert names[:16] == [
        "other", "idle", "warming_up", "low_intensity_interval", "high_intensity_interval", "recovery_interval",
        "isometric", "heart_rate_control", "fitness_test", "speed_outside_of_control_region_low",
        "speed_outside_of_control_region_high", "cool_down", "watt_control", "manual_mode", "pre_workout",
        "post_workout",
    ]  # fmt: skip
    assert set(names[16:]) == {"rfu"}


# ------------------------------------------------------------------------------------------------- 2AD9 and 2ADA

WRITES = [
    ("00", "request_control", {}),
    ("01", "reset", {}),
    ("022c01", "set_target_speed", {"speed_kmh": 3.0}),
    ("02ffff", "set_target_speed", {"speed_kmh": 655.35}),
    ("0300", "set_target_inclination", {"malformed": True}),
    ("0348f4", "set_target_inclination", {"incline_pct": -300.0}),
    ("0469", "set_target_resistance_level", {"resistance_level": 10.5}),
    ("0596ff", "set_target_power", {"power_w": -106}),
    ("0678", "set_target_heart_rate", {"heart_rate_bpm": 120}),
    ("07", "start_or_resume", {}),
    ("0801", "stop_or_pause", {"control_information": "stop"}),
    ("0802", "stop_or_pause", {"control_information": "pause"}),
    ("0803", "stop_or_pause", {"control_information": "rfu", "malformed": True}),
    ("08", "stop_or_pause", {"malformed": True}),
    ("092c01", "set_targeted_expended_energy", {"energy_kcal": 300}),
    ("0ae803", "set_targeted_number_of_steps", {"steps": 1000}),
    ("0be803", "set_targeted_number_of_strides", {"strides": 1000}),
    ("0c881300", "set_targeted_distance", {"distance_m": 5000}),
    ("0c8813", "set_targeted_distance", {"malformed": True}),
    ("0d5802", "set_targeted_training_time", {"training_time_s": 600}),
    (
        "0e01000200",
        "set_targeted_time_in_two_heart_rate_zones",
        {"time_in_fat_burn_zone_s": 1, "time_in_fitness_zone_s": 2},
    ),
    (
        "0f010002000300",
        "set_targeted_time_in_three_heart_rate_zones",
        {"time_in_light_zone_s": 1, "time_in_moderate_zone_s": 2, "time_in_hard_zone_s": 3},
    ),
    (
        "1001000200030004000500",
        "set_targeted_time_in_five_heart_rate_zones",
        {
            "time_in_very_light_zone_s": 1, "time_in_light_zone_s": 2, "time_in_moderate_zone_s": 3,
            "time_in_hard_zone_s": 4, "time_in_maximum_zone_s": 5,
        },
    ),
    (
        "1118fc38ff2833",
        "set_indoor_bike_simulation_parameters",
        {"wind_speed_m_s": -1.0, "grade_pct": -2.0, "rolling_resistance": 0.004, "wind_resistance_kg_m": 0.51},
    ),
    ("123a52", "set_wheel_circumference", {"wheel_circumference_mm": 2105.0}),
    ("1301", "spin_down_control", {"spin_down_control": "start"}),
    ("1302", "spin_down_control", {"spin_down_control": "ignore"}),
    ("14b500", "set_targeted_cadence", {"cadence_rpm": 90.5}),
    ("15", "unknown_or_rfu", {}),
    ("ff0102", "unknown_or_rfu", {}),
    ("800001", "response_code", {"malformed": True}),
    ("0700", "start_or_resume", {"trailing_hex": "00"}),
    ("029a0100", "set_target_speed", {"speed_kmh": 4.1, "trailing_hex": "00"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "rest"), WRITES)
def test_a_write_to_the_control_point_means(text, name, rest):
    record = decode_control_write(bytes.fromhex(text))
    assert as_json(record) == {"direction": "write", "op": int(text[:2], 16), "name": name, **rest}


def test_an_empty_write_is_malformed():
    assert as_json(decode_control_write(b"")) == {"direction": "write", "malformed": True}


def test_every_control_operation_of_the_specification_is_known():
    known = [op for op in range(256) if decode_control_write(bytes((op,))).name is not None]
    assert known == [*range(0x15), 0x80]


ANSWERS = [
    ("800001", {"request_op": 0, "result": 1, "result_name": "success"}),
    ("800202", {"request_op": 2, "result": 2, "result_name": "op_code_not_supported"}),
    ("80ff02", {"request_op": 255, "result": 2, "result_name": "op_code_not_supported"}),
    ("800203", {"request_op": 2, "result": 3, "result_name": "invalid_parameter"}),
    ("800704", {"request_op": 7, "result": 4, "result_name": "operation_failed"}),
    ("800305", {"request_op": 3, "result": 5, "result_name": "control_not_permitted"}),
    ("800000", {"request_op": 0, "result": 0, "result_name": "rfu", "malformed": True}),
    ("8008ff", {"request_op": 8, "result": 255, "result_name": "rfu", "malformed": True}),
    ("80000100", {"request_op": 0, "result": 1, "result_name": "success", "trailing_hex": "00"}),
    ("8002012c01", {"request_op": 2, "result": 1, "result_name": "success", "trailing_hex": "2c01"}),
    (
        "801301e803b80b",
        {
            "request_op": 0x13, "result": 1, "result_name": "success", "target_speed_low_kmh": 10.0,
            "target_speed_high_kmh": 30.0,
        },
    ),
    (
        "801301e803b80baa",
        {
            "request_op": 0x13, "result": 1, "result_name": "success", "target_speed_low_kmh": 10.0,
            "target_speed_high_kmh": 30.0, "trailing_hex": "aa",
        },
    ),
    ("801301e803", {"request_op": 0x13, "result": 1, "result_name": "success", "malformed": True}),
    ("801304", {"request_op": 0x13, "result": 4, "result_name": "operation_failed"}),
    ("8008", {"malformed": True}),
    ("80", {"malformed": True}),
    ("", {"malformed": True}),
    ("810001", {"malformed": True}),
    ("0102", {"malformed": True}),
    ("029a01", {"malformed": True}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ANSWERS)
def test_an_indication_of_the_control_point_means(text, expected):
    assert as_json(decode_control_answer(bytes.fromhex(text))) == {"direction": "indication", **expected}


def test_the_bytes_of_an_answer_that_is_none_are_kept():
    assert decode_control_answer(bytes.fromhex("810001")).trailing.hex() == "810001"


def test_only_result_01_is_a_success():
    successes = [result for result in range(256) if decode_control_answer(bytes((0x80, 0x08, result))).success]
    assert successes == [Result.SUCCESS]
    assert not decode_control_answer(b"").success


STATUSES = [
    ("01", "reset", {}),
    ("0201", "stopped_or_paused_by_user", {"control_information": "stop"}),
    ("0202", "stopped_or_paused_by_user", {"control_information": "pause"}),
    ("0200", "stopped_or_paused_by_user", {"control_information": "rfu", "malformed": True}),
    ("02", "stopped_or_paused_by_user", {"malformed": True}),
    ("03", "stopped_by_safety_key", {}),
    ("0300", "stopped_by_safety_key", {"trailing_hex": "00"}),
    ("04", "started_or_resumed_by_user", {}),
    ("052c01", "target_speed_changed", {"speed_kmh": 3.0}),
    ("052c", "target_speed_changed", {"malformed": True}),
    ("05", "target_speed_changed", {"malformed": True}),
    ("06ceff", "target_incline_changed", {"incline_pct": -5.0}),
    ("0769", "target_resistance_level_changed", {"resistance_level": 10.5}),
    ("076900", "target_resistance_level_changed", {"resistance_level": 10.5}),
    ("07ceff", "target_resistance_level_changed", {"resistance_level": -5.0}),
    ("07", "target_resistance_level_changed", {"malformed": True}),
    ("08", "target_power_changed", {"malformed": True}),
    ("08c8ff", "target_power_changed", {"power_w": -56}),
    ("0978", "target_heart_rate_changed", {"heart_rate_bpm": 120}),
    ("0a2c01", "targeted_expended_energy_changed", {"energy_kcal": 300}),
    ("0be803", "targeted_number_of_steps_changed", {"steps": 1000}),
    ("0ce803", "targeted_number_of_strides_changed", {"strides": 1000}),
    ("0d881300", "targeted_distance_changed", {"distance_m": 5000}),
    ("0e5802", "targeted_training_time_changed", {"training_time_s": 600}),
    (
        "0f01000200",
        "targeted_time_in_two_heart_rate_zones_changed",
        {"time_in_fat_burn_zone_s": 1, "time_in_fitness_zone_s": 2},
    ),
    (
        "10010002000300",
        "targeted_time_in_three_heart_rate_zones_changed",
        {"time_in_light_zone_s": 1, "time_in_moderate_zone_s": 2, "time_in_hard_zone_s": 3},
    ),
    (
        "1101000200030004000500",
        "targeted_time_in_five_heart_rate_zones_changed",
        {
            "time_in_very_light_zone_s": 1, "time_in_light_zone_s": 2, "time_in_moderate_zone_s": 3,
            "time_in_hard_zone_s": 4, "time_in_maximum_zone_s": 5,
        },
    ),
    (
        "1218fc38ff2833",
        "indoor_bike_simulation_parameters_changed",
        {"wind_speed_m_s": -1.0, "grade_pct": -2.0, "rolling_resistance": 0.004, "wind_resistance_kg_m": 0.51},
    ),
    ("133a52", "wheel_circumference_changed", {"wheel_circumference_mm": 2105.0}),
    ("1401", "spin_down_status", {"spin_down_status": "spin_down_requested"}),
    ("1404", "spin_down_status", {"spin_down_status": "stop_pedaling"}),
    ("15b500", "targeted_cadence_changed", {"cadence_rpm": 90.5}),
    ("ff", "control_permission_lost", {}),
    ("ff00", "control_permission_lost", {"trailing_hex": "00"}),
    ("00", "unknown_or_rfu", {}),
    ("1601", "unknown_or_rfu", {}),
    ("fe", "unknown_or_rfu", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "rest"), STATUSES)
def test_a_machine_status_means(text, name, rest):
    record = decode_machine_status(bytes.fromhex(text))
    assert as_json(record) == {"op": int(text[:2], 16), "name": name, **rest}


def test_every_status_of_the_specification_is_known():
    known = [op for op in range(256) if decode_machine_status(bytes((op,))).name is not None]
    assert known == [*range(0x01, 0x16), 0xFF]


def test_an_empty_status_is_malformed():
    assert as_json(decode_machine_status(b"")) == {"malformed": True}


def test_a_safety_key_is_a_safety_key_whatever_follows_it():
    for rest in (b"", b"\x00", b"\xff" * 20):
        assert decode_machine_status(b"\x03" + rest).name is StatusOp.STOPPED_BY_SAFETY_KEY


def test_control_lost_is_seen():
    # D2: u8 0xFF read as "no value" hides it.
    assert decode_machine_status(b"\xff").name is StatusOp.CONTROL_PERMISSION_LOST


def test_status_operations_are_not_control_operations():
    """+ 3 for 02 to 06, + 1 from 09 on: the classic slip."""
    for control, status in [(op, op + 3) for op in range(0x02, 0x07)] + [(op, op + 1) for op in range(0x09, 0x15)]:
        mine, other = codec.CONTROL_PARAMETERS[control], codec.STATUS_PARAMETERS[status]
        assert mine == other or {control, status} == {ControlOp.SPIN_DOWN_CONTROL, StatusOp.SPIN_DOWN_STATUS}


def test_statuses_give_their_value_to_the_client():
    assert decode_machine_status(bytes.fromhex("052c01")).speed_ckmh == 300
    assert decode_machine_status(bytes.fromhex("06ceff")).incline_dpct == -50
    assert decode_machine_status(bytes.fromhex("06ceff")).speed_ckmh is None
    assert decode_machine_status(bytes.fromhex("0202")).paused
    assert not decode_machine_status(bytes.fromhex("0201")).paused


# --------------------------------------------------------------------------------------------------------- adverts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("010100", True),
        ("01", None),
        ("", None),
        ("0101", True),
        ("010001", True),
        ("012000", False),
        ("012100", True),
        ("01200001", False),
    ],
)
def test_service_data_tells_a_treadmill_short_or_swapped(text, expected):
    assert advertises_treadmill(bytes.fromhex(text)) is expected


# -------------------------------------------------------------------------------------------------------- encoding


def test_the_writes_are_those_of_the_specification():
    assert codec.REQUEST_CONTROL.hex() == "00"
    assert codec.START.hex() == "07"
    assert codec.STOP.hex() == "0801"
    assert codec.PAUSE.hex() == "0802"
    assert encode_target_speed(300).hex() == "022c01"
    assert encode_target_speed(410).hex() == "029a01"
    assert encode_target_speed(0).hex() == "020000"
    assert encode_target_speed(CAP_MAX_CKMH).hex() == "023302"
    assert encode_target_incline(25).hex() == "031900"
    assert encode_target_incline(-15).hex() == "03f1ff"
    assert encode_target_incline(INCLINE_MAX_DPCT).hex() == "033200"
    assert encode_target_incline(-INCLINE_MAX_DPCT).hex() == "03ceff"


@pytest.mark.parametrize("speed", [-1, CAP_MAX_CKMH + 1, 65535, 65536, 10**30, 4.1, 300.0, True, None, "300"])
def test_a_speed_beyond_any_cap_cannot_be_encoded(speed):
    with pytest.raises(UnsafeValueError, match="target speed"):
        encode_target_speed(speed)


@pytest.mark.parametrize("incline", [INCLINE_MAX_DPCT + 1, -INCLINE_MAX_DPCT - 1, 2.5, False, None, 32768])
def test_an_incline_beyond_any_program_cannot_be_encoded(incline):
    with pytest.raises(UnsafeValueError, match=f"target incline .* of -{INCLINE_MAX_DPCT} to {INCLINE_MAX_DPCT} "):
        encode_target_incline(incline)


# ------------------------------------------------------------------------------------------------ what is kept of it


@pytest.mark.parametrize("text", ["", "01"])
def test_of_a_packet_without_flags_every_byte_is_kept(text):
    packet = decode_treadmill_data(bytes.fromhex(text))
    assert (packet.malformed, packet.trailing.hex()) == (True, text)


def test_a_sound_packet_is_neither_cut_nor_malformed():
    packet = decode_treadmill_data(bytes.fromhex("0000c800"))
    assert (packet.truncated, packet.malformed, packet.fragments, packet.speed_ckmh) == (False, False, 1, 200)


def test_a_merged_record_has_the_flags_of_all_its_fragments_and_says_that_nothing_is_to_come():
    first, last = (
        decode_treadmill_data(bytes.fromhex("0500100000")),
        decode_treadmill_data(bytes.fromhex("0004c8000900")),
    )
    record = codec.combine((first, last))
    assert (first.flags, last.flags, record.flags) == (0x0005, 0x0400, 0x0404)
    assert (record.malformed, record.more_data, record.distance_m, record.elapsed_s) == (False, False, 16, 9)


def test_of_bytes_that_fit_no_layout_two_go_to_each_pace_and_the_rest_to_what_follows():
    assert codec.treadmill_fields(0x2060, 2 + 2 + 8)[1:] == (
        "pace_s_per_500m",
        "average_pace_s_per_500m",
        "vendor_bit13_u24",
    )


def test_of_an_answer_with_a_reserved_result_every_byte_is_kept():
    answer = decode_control_answer(bytes.fromhex("800277abcd"))
    assert (answer.malformed, answer.result, answer.trailing.hex()) == (True, 0x77, "abcd")


def test_parameters_cut_short_leave_nothing_behind_and_whole_ones_are_sound():
    cut = decode_control_write(bytes.fromhex("02c8"))
    assert (cut.parameters, cut.malformed, cut.trailing) == ((), True, b"")
    for whole in ("02c800", "00"):
        assert decode_control_write(bytes.fromhex(whole)).malformed is False
