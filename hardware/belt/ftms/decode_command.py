"""``retrowalk decode``: what the bytes of an FTMS characteristic mean, for people or, as JSON, for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from hardware.belt.ftms import codec
from hardware.belt.ftms.codec import NO_PARTIAL, TreadmillData, combine, merge
from hardware.belt.ftms.describe import Decoded, JsonObject, Row, as_json, field_rows, remarks, rows, sequence_json

MAX_VALUE: Final = 512
"""Longest attribute value (Bluetooth Core, Vol 3, Part F, 3.2.9)."""


class Direction(StrEnum):
    """Which way a control point value went."""

    WRITE = "write"
    INDICATION = "indication"


class InputError(Exception):
    """What was typed cannot be decoded; the text is a sentence that says what to do."""


class Report(NamedTuple):
    """What the command prints, and its exit code: 0, or 2 where there was nothing to decode."""

    out: str
    err: str
    exit_code: int


class _Characteristic(NamedTuple):
    title: str
    decode: Callable[[bytes], Decoded]


_CHARACTERISTICS: Final[Mapping[str, _Characteristic]] = {
    "2acc": _Characteristic("Fitness Machine Feature", codec.decode_features),
    "2acd": _Characteristic("Treadmill Data", codec.decode_treadmill_data),
    "2ad3": _Characteristic("Training Status", codec.decode_training_status),
    "2ad4": _Characteristic("Supported Speed Range", codec.decode_speed_range),
    "2ad5": _Characteristic("Supported Inclination Range", codec.decode_incline_range),
    "2ad9": _Characteristic("Fitness Machine Control Point", codec.decode_control_write),
    "2ada": _Characteristic("Fitness Machine Status", codec.decode_machine_status),
}
_BASE_UUID: Final = re.compile(r"0000([0-9a-f]{4})-?0000-?1000-?8000-?00805f9b34fb")
_SEPARATORS: Final = re.compile(r"[\s:;_-]+")


def decode_report(
    characteristic: str, text: str, direction: Direction | None = None, *, as_json_object: bool = False
) -> Report:
    """The whole command but for printing. Never raises for what was typed."""
    try:
        uuid = parse_characteristic(characteristic)
        if not text.strip(" ,;"):
            return _nothing(uuid, direction, as_json_object=as_json_object)
        packets = parse_packets(uuid, text)
    except InputError as error:
        return Report("", f"{error}\n", 2)
    err = "--direction is for 2ad9 alone: not used here.\n" if direction and uuid != "2ad9" else ""
    if len(packets) > 1 or characteristic.lower().endswith("_sequence"):
        report = _sequence(packets, as_json_object=as_json_object)
    else:
        report = _single(uuid, packets[0], direction, as_json_object=as_json_object)
    return report._replace(err=err + report.err)


def parse_characteristic(text: str) -> str:
    """``2acd`` for 2acd, 2ACD, 0x2acd, or the 128-bit UUID. Raises InputError."""
    plain = text.strip().strip("{}").lower().removeprefix("0x").removesuffix("_sequence")
    if whole := _BASE_UUID.fullmatch(plain):
        plain = whole.group(1)
    if plain not in _CHARACTERISTICS:
        known = "\n".join(f"  {uuid}  {entry.title}" for uuid, entry in _CHARACTERISTICS.items())
        raise InputError(f"{_short(text)!r} is not a characteristic that can be decoded here. Give one of:\n{known}")
    return plain


def parse_packets(uuid: str, text: str) -> list[bytes]:
    """The packets in *text*: one, or for 2acd several with commas between. Raises InputError."""
    parts = text.split(",")
    if len(parts) > 1 and uuid != "2acd":
        raise InputError(f"Commas stand between 2acd packets. Give the bytes of one {uuid} packet without commas.")
    packets = []
    for number, part in enumerate(parts, start=1):
        if not part.strip():
            raise InputError(f"Packet {number} of {len(parts)} is empty. Take out the comma too many.")
        packets.append(parse_hex(part))
    return packets


def parse_hex(text: str) -> bytes:
    r"""Bytes of one packet, as tools print them: 8425e1, 84 25 e1, 84-25-E1, 84:25:e1, (0x) 84-25, 0x84 0x25, \x84.

    Raises InputError.
    """
    tokens = _SEPARATORS.split(text.replace("(0x)", " ").replace("\\x", " ").strip(" \t\r\n'\"-:;_"))
    digits = ""
    for token in tokens:
        plain = token.removeprefix("0x").removeprefix("0X")
        if not re.fullmatch(r"[0-9a-fA-F]*", plain):
            raise InputError(f"{token!r} is not hex. Each byte is two digits of 0-9 and a-f, as in 8425e100.")
        if len(plain) % 2:
            if len(plain) == 1:
                raise InputError(f"{token!r} is half a byte. Write two digits for each, as in 0{plain}.")
            raise InputError(
                f"{_short(token)!r} has an odd number of hex digits ({len(plain)}). Each byte is two: "
                "see whether one got lost in copying."
            )
        digits += plain
    if not digits:
        raise InputError(f"{text.strip()!r} holds no bytes. Give them in hex, as in 8425e100.")
    if len(digits) > 2 * MAX_VALUE:
        raise InputError(f"{len(digits) // 2} bytes are too many: a characteristic has at most {MAX_VALUE}.")
    return bytes.fromhex(digits)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _decode(uuid: str, data: bytes, direction: Direction | None) -> Decoded:
    if uuid == "2ad9" and (direction or _guess_direction(data)) is Direction.INDICATION:
        return codec.decode_control_answer(data)
    return _CHARACTERISTICS[uuid].decode(data)


def _guess_direction(data: bytes) -> Direction:
    return Direction.INDICATION if data[:1] == b"\x80" else Direction.WRITE


def _nothing(uuid: str, direction: Direction | None, *, as_json_object: bool) -> Report:
    """An empty value. Machines do send one (quirk 26), but here it is far more likely a slip: so both are said."""
    out = _json(as_json(_decode(uuid, b"", direction))) if as_json_object else ""
    return Report(
        out, f"There are no bytes to decode. Give them in hex, as in: retrowalk decode {uuid} 0000e100\n", 2
    )


def _single(uuid: str, data: bytes, direction: Direction | None, *, as_json_object: bool) -> Report:
    record = _decode(uuid, data, direction)
    if as_json_object:
        return Report(_json(as_json(record)), "", 0)
    way = {codec.ControlWrite: ", written by a client", codec.ControlAnswer: ", indicated by the machine"}
    title = f"{_CHARACTERISTICS[uuid].title} ({uuid.upper()}){way.get(type(record), '')}, {_count(data)}"
    return Report(_page(title, rows(record, data), remarks(record, data)), "", 0)


def _sequence(packets: list[bytes], *, as_json_object: bool) -> Report:
    decoded = [codec.decode_treadmill_data(data) for data in packets]
    partial = NO_PARTIAL
    newest = TreadmillData()
    whole = 0
    for packet in decoded:
        partial, record = merge(partial, packet)
        if record is not None:
            newest = record
            whole += 1
    complete = not partial.fragments
    said = []
    if not complete:
        newest = combine(partial.fragments)
        said.append("The record is not complete: its last packet, the one with the speed, is missing.")
    if whole > 1 or (whole and not complete):
        said.append(f"There are {whole + (not complete)} records here. The newest is shown.")
    malformed = any(packet.malformed for packet in decoded)
    if malformed:
        said.append("A packet of fewer than 2 bytes was left out.")
    if as_json_object:
        out = _json(sequence_json(newest, complete=complete, malformed=malformed))
        return Report(out, "".join(f"{sentence}\n" for sentence in said), 0)
    pages = [
        _page(
            f"Treadmill Data (2ACD), packet {number} of {len(packets)}, {_count(data)}",
            rows(packet, data),
            [] if packet.more_data and not packet.truncated else remarks(packet, data),
        )
        for number, (packet, data) in enumerate(zip(decoded, packets, strict=True), start=1)
    ]
    merged = "1 packet" if newest.fragments == 1 else f"{newest.fragments} packets"
    pages.append(_page(f"Record merged from {merged}", field_rows(newest), said))
    return Report("\n".join(pages), "", 0)


def _json(shown: JsonObject) -> str:
    return json.dumps(shown) + "\n"


def _count(data: bytes) -> str:
    return "1 byte" if len(data) == 1 else f"{len(data)} bytes"


def _page(title: str, table: list[Row], said: list[str]) -> str:
    """A heading, the bytes beside what they mean, and remarks."""
    lines = [title, ""]
    chunks = [[row.octets[at : at + 8].hex(" ") for at in range(0, len(row.octets), 8)] or [""] for row in table]
    bytes_width = max((len(chunk) for row in chunks for chunk in row), default=0)
    title_width = max((len(row.title) for row in table), default=0)
    for row, (first, *more) in zip(table, chunks, strict=True):
        lead = f"  {first:<{bytes_width}}  " if bytes_width else "  "
        lines.append(f"{lead}{row.title:<{title_width}}  {row.value}".rstrip())
        lines += [f"  {chunk}" for chunk in more]
    if said and table:
        lines.append("")
    return "\n".join([*lines, *said]) + "\n"
