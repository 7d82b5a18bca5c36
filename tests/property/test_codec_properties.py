"""The codec against its own field table, kept apart from the product's: what one packs, the other must read."""

from __future__ import annotations

import itertools
import json
import struct
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.belt.ftms import codec
from hardware.belt.ftms.codec import NO_PARTIAL, UnsafeValueError, decode_treadmill_data, merge
from hardware.belt.ftms.decode_command import Direction, decode_report
from hardware.belt.ftms.describe import as_json, remarks, rows

# Bit, field, bytes, signed, wire value that is "not available", decimals. From the FTMS 1.0 table, by hand.
TABLE = [
    (0, "speed_kmh", 2, False, None, 2),
    (1, "average_speed_kmh", 2, False, None, 2),
    (2, "distance_m", 3, False, None, 0),
    (3, "incline_pct", 2, True, 32767, 1),
    (3, "ramp_angle_deg", 2, True, 32767, 1),
    (4, "elevation_gain_pos_m", 2, False, None, 1),
    (4, "elevation_gain_neg_m", 2, False, None, 1),
    (5, "pace", 0, False, None, 0),
    (6, "average_pace", 0, False, None, 0),
    (7, "energy_kcal", 2, False, 65535, 0),
    (7, "energy_per_hour_kcal", 2, False, 65535, 0),
    (7, "energy_per_minute_kcal", 1, False, 255, 0),
    (8, "heart_rate_bpm", 1, False, None, 0),
    (9, "met", 1, False, None, 1),
    (10, "elapsed_s", 2, False, None, 0),
    (11, "remaining_s", 2, False, None, 0),
    (12, "force_n", 2, True, 32767, 0),
    (12, "power_w", 2, True, 32767, 0),
    (13, "vendor_bit13_u24", 3, False, None, 0),
]
DECODERS = [
    codec.decode_features,
    codec.decode_treadmill_data,
    codec.decode_training_status,
    codec.decode_speed_range,
    codec.decode_incline_range,
    codec.decode_control_write,
    codec.decode_control_answer,
    codec.decode_machine_status,
]


def _pack(value: int, width: int, signed: bool) -> bytes:
    return struct.pack("<i" if signed else "<I", value)[:width]


ANY_FLAGS = st.integers(0, 0x3FFF)
PLAIN_FLAGS = st.integers(0, 0x1FFF).map(lambda flags: flags & ~0x60)  # without pace and bit 13, sized by guess


@st.composite
def packets(draw, bits):
    """Flags, the fields in wire order as (json name, json value, bytes), each wholly within its range."""
    flags = draw(bits)
    wide_pace = draw(st.booleans())
    if flags & 0x60 and flags & 0x2000:  # undecidable together: see the examples in the unit tests
        flags &= ~0x2000
    fields = []
    for bit, name, width, signed, absent, decimals in TABLE:
        if bool(flags >> bit & 1) == (bit == 0):
            continue
        if not width:
            width, decimals = (2, 0) if wide_pace else (1, 1)
            name += "_s_per_500m" if wide_pace else "_km_per_min"
        low, high = (-(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1) if signed else (0, 2 ** (8 * width) - 1)
        edges = [low, high, 0, *([] if absent is None else [absent])]
        value = draw(st.sampled_from(edges) | st.integers(low, high))
        shown = None if value == absent else float(Decimal(value).scaleb(-decimals)) if decimals else value
        fields.append((name, shown, _pack(value, width, signed)))
    return flags, fields


def _bytes_of(flags, fields):
    return struct.pack("<H", flags) + b"".join(octets for _, _, octets in fields)


@given(packets(ANY_FLAGS))
def test_what_is_packed_is_read(packet):
    flags, fields = packet
    shown = as_json(decode_treadmill_data(_bytes_of(flags, fields)))
    assert shown == {"flags": flags, "more_data": bool(flags & 1)} | {name: value for name, value, _ in fields}
    assert list(shown)[2:] == [name for name, _, _ in fields]


@given(packets(PLAIN_FLAGS), st.data())
def test_a_cut_packet_keeps_every_whole_field_and_no_other(packet, data):
    flags, fields = packet
    whole = _bytes_of(flags, fields)
    cut = data.draw(st.integers(2, len(whole)))
    kept, at = {}, 2
    for name, value, octets in fields:
        if at + len(octets) > cut:
            break
        kept[name] = value
        at += len(octets)
    expected = {"flags": flags, "more_data": bool(flags & 1), **kept}
    if cut < len(whole):
        expected["truncated"] = True
    if at < cut:
        expected["trailing_hex"] = whole[at:cut].hex()
    assert as_json(decode_treadmill_data(whole[:cut])) == expected


@given(packets(PLAIN_FLAGS), st.binary(max_size=8))
def test_bytes_over_are_kept_and_change_nothing(packet, over):
    flags, fields = packet
    whole = _bytes_of(flags, fields)
    shown = as_json(decode_treadmill_data(whole + over))
    assert shown.pop("trailing_hex", "") == over.hex()
    assert shown == as_json(decode_treadmill_data(whole))


@given(st.binary(max_size=40))
@settings(max_examples=500)
def test_no_bytes_raise_in_any_decoder_and_all_can_be_shown(octets):
    for decode in DECODERS:
        record = decode(octets)
        assert decode(bytearray(octets)) == record
        json.dumps(as_json(record), allow_nan=False)
        assert b"".join(row.octets for row in rows(record, octets)) == octets
        assert all(remark.endswith(".") for remark in remarks(record, octets))


@given(st.binary(max_size=40))
def test_no_byte_of_treadmill_data_is_counted_twice_or_lost(octets):
    record = decode_treadmill_data(octets)
    if record.malformed:
        assert record.trailing == octets
    else:
        assert 2 + sum(codec.WIRE[name].width for name in record.seen) + len(record.trailing) == len(octets)


@given(packets(PLAIN_FLAGS.map(lambda flags: flags & ~1)), st.data())
def test_a_record_cut_in_fragments_at_any_field_comes_back_whole(packet, data):
    flags, fields = packet
    bit_of = {name: bit for bit, name, *_ in TABLE}
    groups = {bit: [field for field in fields if bit_of[field[0]] == bit] for bit in range(13)}
    order = [bit for bit in range(1, 13) if groups[bit]]
    bounds = [0, *sorted(data.draw(st.sets(st.integers(0, len(order)), max_size=4))), len(order)]
    fragments = [order[a:b] for a, b in itertools.pairwise(bounds)]
    partial = NO_PARTIAL
    for number, bits in enumerate(fragments):
        last = number == len(fragments) - 1
        flag_word = sum(1 << bit for bit in bits) | (0 if last else 1)
        chosen = [field for bit in (([0] if last else []) + bits) for field in groups[bit]]
        partial, record = merge(partial, decode_treadmill_data(_bytes_of(flag_word, chosen)))
        assert (record is None) == (not last)
    assert partial == NO_PARTIAL
    shown = as_json(record)
    assert shown == as_json(decode_treadmill_data(_bytes_of(flags, fields)))


@given(st.lists(st.binary(max_size=24), max_size=20))
def test_no_stream_of_packets_raises_in_the_merger_and_only_last_fragments_give_records(stream):
    partial = NO_PARTIAL
    for octets in stream:
        packet = decode_treadmill_data(octets)
        partial, record = merge(partial, packet)
        assert (record is not None) == (not packet.malformed and not packet.more_data)
        assert len(partial.fragments) <= codec.MAX_FRAGMENTS
        assert record is None or record.speed_ckmh == packet.speed_ckmh
    assert all(fragment.more_data for fragment in partial.fragments)


def _allowed(frame: bytes) -> bool:
    """The six writes, spelled out anew: 00, 07, 08 01, 08 02, speeds to 5.63 km/h, inclines within 5 %."""
    if frame in (b"\x00", b"\x07", b"\x08\x01", b"\x08\x02"):
        return True
    if len(frame) == 3 and frame[0] == 2:
        return struct.unpack("<H", frame[1:])[0] <= 563
    return len(frame) == 3 and frame[0] == 3 and abs(struct.unpack("<h", frame[1:])[0]) <= 50


@given(st.integers() | st.integers(-600, 700))
def test_no_integer_makes_an_encoder_write_what_may_not_leave(value):
    for encode, low, high in ((codec.encode_target_speed, 0, 563), (codec.encode_target_incline, -50, 50)):
        try:
            frame = encode(value)
        except UnsafeValueError:
            assert not low <= value <= high
        else:
            assert low <= value <= high
            assert _allowed(frame)
            ((_, back),) = codec.decode_control_write(frame).parameters
            assert back == value


def test_the_codec_offers_no_other_write():
    encoders = {name for name in vars(codec) if name.startswith("encode")}
    assert encoders == {"encode_target_speed", "encode_target_incline"}
    constants = {value for value in vars(codec).values() if isinstance(value, bytes)}
    assert constants == {b"\x00", b"\x07", b"\x08\x01", b"\x08\x02"}


@given(
    st.sampled_from(["2acc", "2acd", "2ad3", "2ad4", "2ad5", "2ad9", "2ada", "2ad2", "2ACD", ""]),
    st.text(max_size=30) | st.text(alphabet="0123456789abcdefABCDEFx ,-:", max_size=60),
    st.sampled_from([None, *Direction]),
    st.booleans(),
)
@settings(max_examples=400)
def test_whatever_is_typed_gives_a_meaning_or_a_sentence(characteristic, text, direction, as_json_object):
    report = decode_report(characteristic, text, direction, as_json_object=as_json_object)
    if report.exit_code:
        assert report.exit_code == 2
        assert report.err.endswith("\n")
        assert "Traceback" not in report.err
    else:
        assert report.out.endswith("\n")
        if as_json_object:
            assert isinstance(json.loads(report.out), dict)
