"""Decoded FTMS values as people and other programs read them: field names, units, decimals, plain remarks.

The codec keeps the integers of the wire; only here do they become km/h, % and names. Field names are those of the
project's test vectors: lower case, the unit last, and for a flag that is not set no field at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from hardware.belt.ftms import codec
from hardware.belt.ftms.codec import (
    CODES,
    WIRE,
    ControlAnswer,
    ControlOp,
    ControlWrite,
    Features,
    InclineRange,
    MachineStatus,
    Parameters,
    Result,
    SpeedRange,
    StatusOp,
    TrainingStatus,
    TreadmillData,
)
from hardware.units import CKMH_PER_MPH, mph_from_ckmh

Decoded = (
    TreadmillData
    | Features
    | SpeedRange
    | InclineRange
    | TrainingStatus
    | ControlWrite
    | ControlAnswer
    | MachineStatus
)
JsonValue = int | float | str | bool | list[str] | None
JsonObject = dict[str, JsonValue]


class Shown(NamedTuple):
    """How a wire field is shown: name of the field, title, unit, and how many of the wire's units make one."""

    key: str
    title: str
    unit: str = ""
    per: int = 1

    def number(self, value: int) -> int | float:
        """In the unit people read: an int where the wire has whole units."""
        return value if self.per == 1 else value / self.per

    def text(self, value: int) -> str:
        """With as many decimals as the wire has, and the unit; speeds in mph as well."""
        decimals = {1: 0, 2: 1}.get(self.per, len(str(self.per)) - 1)
        shown = f"{value / self.per:.{decimals}f}" if decimals else str(value)
        speed = f" ({mph_from_ckmh(value):.2f} mph)" if self.unit == "km/h" else ""
        return f"{shown} {self.unit}{speed}".rstrip()


SHOWN: Final[Mapping[str, Shown]] = {
    "speed_ckmh": Shown("speed_kmh", "Instantaneous speed", "km/h", 100),
    "average_speed_ckmh": Shown("average_speed_kmh", "Average speed", "km/h", 100),
    "distance_m": Shown("distance_m", "Total distance", "m"),
    "incline_dpct": Shown("incline_pct", "Inclination", "%", 10),
    "ramp_angle_ddeg": Shown("ramp_angle_deg", "Ramp angle setting", "°", 10),
    "elevation_gain_pos_dm": Shown("elevation_gain_pos_m", "Positive elevation gain", "m", 10),
    "elevation_gain_neg_dm": Shown("elevation_gain_neg_m", "Negative elevation gain", "m", 10),
    "pace_dkm_per_min": Shown("pace_km_per_min", "Instantaneous pace", "km/min", 10),
    "average_pace_dkm_per_min": Shown("average_pace_km_per_min", "Average pace", "km/min", 10),
    "pace_s_per_500m": Shown("pace_s_per_500m", "Instantaneous pace", "s / 500 m"),
    "average_pace_s_per_500m": Shown("average_pace_s_per_500m", "Average pace", "s / 500 m"),
    "energy_kcal": Shown("energy_kcal", "Total energy", "kcal"),
    "energy_per_hour_kcal": Shown("energy_per_hour_kcal", "Energy per hour", "kcal"),
    "energy_per_minute_kcal": Shown("energy_per_minute_kcal", "Energy per minute", "kcal"),
    "heart_rate_bpm": Shown("heart_rate_bpm", "Heart rate", "bpm"),
    "met_tenths": Shown("met", "Metabolic equivalent", "MET", 10),
    "elapsed_s": Shown("elapsed_s", "Elapsed time", "s"),
    "remaining_s": Shown("remaining_s", "Remaining time", "s"),
    "force_n": Shown("force_n", "Force on belt", "N"),
    "power_w": Shown("power_w", "Power output", "W"),
    "vendor_bit13_u24": Shown("vendor_bit13_u24", "Vendor field, bit 13"),
    "vendor_bit13_u16": Shown("vendor_bit13_u16", "Vendor field, bit 13"),
    "target_speed_ckmh": Shown("speed_kmh", "Target speed", "km/h", 100),
    "target_incline_dpct": Shown("incline_pct", "Target inclination", "%", 10),
    "target_resistance_tenths": Shown("resistance_level", "Target resistance level", "", 10),
    "target_resistance_tenths_s16": Shown("resistance_level", "Target resistance level", "", 10),
    "target_power_w": Shown("power_w", "Target power", "W"),
    "target_heart_rate_bpm": Shown("heart_rate_bpm", "Target heart rate", "bpm"),
    "target_energy_kcal": Shown("energy_kcal", "Targeted energy", "kcal"),
    "target_steps": Shown("steps", "Targeted number of steps"),
    "target_strides": Shown("strides", "Targeted number of strides"),
    "target_distance_m": Shown("distance_m", "Targeted distance", "m"),
    "target_time_s": Shown("training_time_s", "Targeted training time", "s"),
    "zone_fat_burn_s": Shown("time_in_fat_burn_zone_s", "Time in fat burn zone", "s"),
    "zone_fitness_s": Shown("time_in_fitness_zone_s", "Time in fitness zone", "s"),
    "zone_very_light_s": Shown("time_in_very_light_zone_s", "Time in very light zone", "s"),
    "zone_light_s": Shown("time_in_light_zone_s", "Time in light zone", "s"),
    "zone_moderate_s": Shown("time_in_moderate_zone_s", "Time in moderate zone", "s"),
    "zone_hard_s": Shown("time_in_hard_zone_s", "Time in hard zone", "s"),
    "zone_maximum_s": Shown("time_in_maximum_zone_s", "Time in maximum zone", "s"),
    "wind_speed_mm_per_s": Shown("wind_speed_m_s", "Wind speed", "m/s", 1000),
    "grade_cpct": Shown("grade_pct", "Grade", "%", 100),
    "rolling_resistance_e4": Shown("rolling_resistance", "Rolling resistance coefficient", "", 10_000),
    "wind_resistance_cg_per_m": Shown("wind_resistance_kg_m", "Wind resistance coefficient", "kg/m", 100),
    "wheel_circumference_dmm": Shown("wheel_circumference_mm", "Wheel circumference", "mm", 10),
    "target_cadence_half_rpm": Shown("cadence_rpm", "Targeted cadence", "rpm", 2),
    "control_information": Shown("control_information", "Control information"),
    "spin_down_control": Shown("spin_down_control", "Spin down control"),
    "spin_down_status": Shown("spin_down_status", "Spin down status"),
    "spin_down_low_ckmh": Shown("target_speed_low_kmh", "Target speed low", "km/h", 100),
    "spin_down_high_ckmh": Shown("target_speed_high_kmh", "Target speed high", "km/h", 100),
}
_RFU: Final = "rfu"
_UNKNOWN_OP: Final = "unknown_or_rfu"


def _name(known: IntEnum | None, otherwise: str) -> str:
    return otherwise if known is None else known.name.lower()


def _bits(word: int, names: tuple[str, ...]) -> list[tuple[int, str]]:
    """Set bits with their names; a reserved one keeps its number, so that nothing set goes unseen."""
    known = dict(enumerate(names))
    return [(bit, known.get(bit, f"rfu_bit_{bit}")) for bit in range(32) if word >> bit & 1]


# ----------------------------------------------------------------------------------------------------------- as JSON


def as_json(record: Decoded) -> JsonObject:
    """One object with the field names of the project's vectors. A field that did not come is not in it."""
    match record:
        case TreadmillData():
            shown = _treadmill_json(record)
        case Features(features=int() as features, targets=int() as targets):
            shown = {
                "features_raw": features,
                "targets_raw": targets,
                "features": [name for _, name in _bits(features, codec.FEATURES)],
                "targets": [name for _, name in _bits(targets, codec.TARGETS)],
            }
        case SpeedRange(min_ckmh=int() as low, max_ckmh=int() as high, increment_ckmh=int() as step):
            shown = {"min_kmh": low / 100, "max_kmh": high / 100, "increment_kmh": step / 100}
        case InclineRange(min_dpct=int() as low, max_dpct=int() as high, increment_dpct=int() as step):
            shown = {"min_pct": low / 10, "max_pct": high / 10, "increment_pct": step / 10}
        case TrainingStatus(status=int() as status):
            shown = {"flags": record.flags, "status": status, "name": _name(record.name, _RFU)}
            if record.text is not None:
                shown["string"] = record.text
        case ControlWrite():
            shown = {"direction": "write"}
            if record.op is not None:
                shown |= {"op": record.op, "name": _name(record.name, _UNKNOWN_OP)}
            shown |= _parameters_json(record.parameters)
        case ControlAnswer():
            shown = {"direction": "indication"}
            if record.request_op is not None:
                shown |= {
                    "request_op": record.request_op,
                    "result": record.result,
                    "result_name": _name(record.result_name, _RFU),
                }
            shown |= _parameters_json(record.parameters)
        case MachineStatus(op=int() as op):
            shown = {"op": op, "name": _name(record.name, _UNKNOWN_OP), **_parameters_json(record.parameters)}
        case _:
            shown = {}
    return shown | _defects_json(record)


def _treadmill_json(record: TreadmillData) -> JsonObject:
    if record.malformed:
        return {}
    return {"flags": record.flags, "more_data": record.more_data, **_fields_json(record)}


def _fields_json(record: TreadmillData) -> JsonObject:
    shown: JsonObject = {}
    for name in record.seen:
        value: int | None = getattr(record, name)
        shown[SHOWN[name].key] = None if value is None else SHOWN[name].number(value)
    return shown


def _parameters_json(parameters: Parameters) -> JsonObject:
    return {
        SHOWN[name].key: CODES[name].get(value, _RFU) if name in CODES else SHOWN[name].number(value)
        for name, value in parameters
    }


def _defects_json(record: Decoded) -> JsonObject:
    if record.malformed:
        return {"malformed": True}  # bytes of a packet that cannot be placed are no "trailing" bytes
    shown: JsonObject = {}
    if isinstance(record, TreadmillData) and record.truncated:
        shown["truncated"] = True
    if record.trailing:
        shown["trailing_hex"] = record.trailing.hex()
    return shown


def sequence_json(record: TreadmillData, *, complete: bool, malformed: bool) -> JsonObject:
    """A record merged from fragments: the fields alone, as no one packet's flags stand for it."""
    shown = _fields_json(record) | _defects_json(record)
    if not complete:
        shown["incomplete"] = True
    if malformed:
        shown["malformed"] = True
    return shown


# ----------------------------------------------------------------------------------------------------- as a table


class Row(NamedTuple):
    """One line of the table: the bytes it comes from (may be empty), what they are, and their value."""

    octets: bytes
    title: str
    value: str


def rows(record: Decoded, data: bytes) -> list[Row]:
    """The packet *data*, already decoded to *record*, byte by byte in the order of the wire."""
    if record.malformed and not isinstance(record, ControlWrite | ControlAnswer | MachineStatus):
        return [Row(data, "Not readable", "")] if data else []
    match record:
        case TreadmillData():
            table = _treadmill_rows(record, data)
        case Features(features=int() as features, targets=int() as targets):
            table = [
                Row(data[0:4], "Features", f"0x{features:08x}"),
                *_bit_rows(features, codec.FEATURES),
                Row(data[4:8], "Targets it takes", f"0x{targets:08x}"),
                *_bit_rows(targets, codec.TARGETS),
            ]
        case SpeedRange(min_ckmh=int() as low, max_ckmh=int() as high, increment_ckmh=int() as step):
            speed = SHOWN["speed_ckmh"]
            table = _range_rows(data, speed.text(low), speed.text(high), speed.text(step))
        case InclineRange(min_dpct=int() as low, max_dpct=int() as high, increment_dpct=int() as step):
            incline = SHOWN["incline_dpct"]
            table = _range_rows(data, incline.text(low), incline.text(high), incline.text(step))
        case TrainingStatus(status=int() as status):
            table = [
                Row(data[0:1], "Flags", f"0x{record.flags:02x}"),
                Row(data[1:2], "Training status", f"0x{status:02x} {_words(_name(record.name, _RFU))}"),
            ]
            if record.text is not None:
                table.append(Row(data[2:], "Text", _printable(record.text)))
        case ControlWrite(op=int() as op):
            table = [Row(data[:1], "Operation", f"0x{op:02x} {_words(_name(record.name, _UNKNOWN_OP))}")]
            table += _parameter_rows(record.parameters, data, 1)
            table += _unplaced(record, data, 1)
        case ControlAnswer(request_op=int() as request, result=int() as result):
            asked = next((op for op in ControlOp if op == request), None)
            table = [
                Row(data[:1], "Operation", "0x80 response code"),
                Row(data[1:2], "Answers", f"0x{request:02x} {_words(_name(asked, _UNKNOWN_OP))}"),
                Row(data[2:3], "Result", f"0x{result:02x} {_words(_name(record.result_name, _RFU))}"),
                *_parameter_rows(record.parameters, data, 3),
            ]
        case MachineStatus(op=int() as op):
            table = [Row(data[:1], "Status", f"0x{op:02x} {_words(_name(record.name, _UNKNOWN_OP))}")]
            table += _parameter_rows(record.parameters, data, 1)
            table += _unplaced(record, data, 1)
        case _:
            table = [Row(data, "Not readable", "")] if data else []
    if record.trailing and not (isinstance(record, ControlAnswer) and record.request_op is None):
        table.append(Row(record.trailing, "Left over", _left_over(record, data)))
    return table


def _left_over(record: Decoded, data: bytes) -> str:
    if isinstance(record, TreadmillData) and record.truncated:
        cut = codec.treadmill_fields(record.flags, len(data))[len(record.seen)]
        return f"beginning of {SHOWN[cut].title.lower()}, cut"
    return f"{_bytes(len(record.trailing))} the layout has no place for"


def _treadmill_rows(record: TreadmillData, data: bytes) -> list[Row]:
    table = [Row(data[0:2], "Flags", f"0x{record.flags:04x}")]
    at = 2
    for name in record.seen:
        width = WIRE[name].width
        value: int | None = getattr(record, name)
        text = "not available" if value is None else SHOWN[name].text(value)
        table.append(Row(data[at : at + width], SHOWN[name].title, text))
        at += width
    return table


def field_rows(record: TreadmillData) -> list[Row]:
    """The fields of a merged record, which has no bytes of its own."""
    return [row._replace(octets=b"") for row in _treadmill_rows(record, b"")[1:]]


def _range_rows(data: bytes, low: str, high: str, step: str) -> list[Row]:
    return [Row(data[0:2], "Minimum", low), Row(data[2:4], "Maximum", high), Row(data[4:6], "Increment", step)]


def _bit_rows(word: int, names: tuple[str, ...]) -> list[Row]:
    return [Row(b"", f"  bit {bit}", _words(name)) for bit, name in _bits(word, names)] or [Row(b"", "  none", "")]


def _parameter_rows(parameters: Parameters, data: bytes, at: int) -> list[Row]:
    table = []
    for name, value in parameters:
        width = WIRE[name].width
        text = f"{value} {_words(CODES[name].get(value, _RFU))}" if name in CODES else SHOWN[name].text(value)
        table.append(Row(data[at : at + width], SHOWN[name].title, text))
        at += width
    return table


def _unplaced(record: ControlWrite | MachineStatus, data: bytes, at: int) -> list[Row]:
    """Bytes behind an operation that is not known, or too few for its parameter."""
    placed = record.parameters or record.trailing
    return [Row(data[at:], "Not readable", "")] if data[at:] and not placed else []


def _words(name: str) -> str:
    return {_RFU: "reserved", _UNKNOWN_OP: "unknown or reserved"}.get(name, name).replace("_", " ")


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _printable(text: str) -> str:
    """Text of a stranger on a technician's terminal: no control characters."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


# --------------------------------------------------------------------------------------------------------- remarks

_ANSWERS: Final[Mapping[Result, str]] = {
    Result.SUCCESS: "The machine took the request. Whether the belt does it, only Treadmill Data (2ACD) tells.",
    Result.OP_CODE_NOT_SUPPORTED: "This machine does not have the operation.",
    Result.INVALID_PARAMETER: "The value is out of the machine's range: compare 2AD4 and 2AD5.",
    Result.OPERATION_FAILED: "Machines answer so as well to a start while started and to a stop while stopped.",
    Result.CONTROL_NOT_PERMITTED: "Control is not held. Write Request Control (00) first.",
}
_EVENTS: Final[Mapping[StatusOp, str]] = {
    StatusOp.STOPPED_BY_SAFETY_KEY: "The machine's own safety key is pulled. The belt stays off until it is back.",
    StatusOp.CONTROL_PERMISSION_LOST: "The machine took control away. Ask for it again with Request Control (00).",
    StatusOp.TARGET_SPEED_CHANGED: "Sent while a belt ramps as well: no proof that somebody touched the console.",
}
_NEEDED: Final[Mapping[type, tuple[int, str]]] = {
    TreadmillData: (2, "Treadmill Data begins with 2 bytes of flags"),
    Features: (8, "Fitness Machine Feature has 8 bytes"),
    SpeedRange: (6, "Supported Speed Range has 6 bytes"),
    InclineRange: (6, "Supported Inclination Range has 6 bytes"),
    TrainingStatus: (2, "Training Status has at least 2 bytes"),
    ControlWrite: (1, "a control point write has at least 1 byte"),
    MachineStatus: (1, "Machine Status has at least 1 byte"),
}


def remarks(record: Decoded, data: bytes) -> list[str]:
    """What a technician should know of this packet and cannot see in the table. Plain sentences."""
    return [*_malformed_remarks(record, data), *_meaning_remarks(record, data)]


def _malformed_remarks(record: Decoded, data: bytes) -> Iterable[str]:
    if not record.malformed:
        return
    needed, sentence = _NEEDED.get(type(record), (3, ""))
    match record:
        case ControlAnswer(request_op=None):
            yield (
                "Malformed: an indication is 80, the operation it answers, and a result. "
                "To read it as a write, use --direction write."
            )
        case ControlAnswer(result_name=None):
            yield "Malformed: this result code is reserved. It is no success."
        case ControlWrite(op=ControlOp.RESPONSE_CODE):
            yield "Malformed: 80 is what a machine answers. To read it as such, use --direction indication."
        case _ if len(data) < needed:
            yield f"Malformed: {sentence}; {_came(len(data))}."
        case ControlWrite(parameters=()) | MachineStatus(parameters=()) | ControlAnswer(parameters=()):
            yield "Malformed: too few bytes for the value of this operation."
        case _:
            yield "Malformed: this value is reserved."


def _came(count: int) -> str:
    return "none came" if count == 0 else f"{_bytes(count)} came"


def _meaning_remarks(record: Decoded, data: bytes) -> Iterable[str]:
    match record:
        case TreadmillData(malformed=False):
            yield from _treadmill_remarks(record, data)
        case SpeedRange(malformed=False) | InclineRange(malformed=False) if not record.usable:
            yield "No usable range: treat the machine as one that does not take this target."
        case SpeedRange() if _round_in_mph(record):
            yield (
                "These are round in mph: the machine counts in mph. Its readings may lie beside this grid, "
                "so allow an increment when comparing."
            )
        case TrainingStatus(status=int(), name=None):
            yield "From 0x10 on reserved. Machines have been seen to send 0x10 while pausing and 0x11 while paused."
        case ControlAnswer(result_name=Result() as result):
            yield _ANSWERS[result]
        case MachineStatus(name=StatusOp() as op) if op in _EVENTS:
            yield _EVENTS[op]
        case MachineStatus(op=int(), name=None) | ControlWrite(op=int(), name=None):
            yield "FTMS has no such operation. Machines send some; they are counted and otherwise left alone."
        case _:
            pass


def _round_in_mph(given: SpeedRange) -> bool:
    """All three are tenths of mph, cut or rounded to 0.01 km/h, and not all are tenths of km/h (quirk 18)."""
    speeds = (given.min_ckmh, given.max_ckmh, given.increment_ckmh)
    if all(speed is not None and speed % 10 == 0 for speed in speeds):
        return False
    return all(speed is not None and any(_is_tenth_mph(speed + cut) for cut in (0, 1)) for speed in speeds)


def _is_tenth_mph(speed_ckmh: int) -> bool:
    return abs(speed_ckmh - round(mph_from_ckmh(speed_ckmh) * 10) * float(CKMH_PER_MPH) / 10) <= 0.5


def _treadmill_remarks(record: TreadmillData, data: bytes) -> Iterable[str]:
    if record.more_data:
        yield "More Data is set: a fragment without speed. Give all packets of the record, with commas between."
    if record.truncated:
        promised = 2 + sum(WIRE[name].width for name in codec.treadmill_fields(record.flags, len(data)))
        yield (
            f"Cut short: the flags promise {promised} bytes, {len(data)} came. What is wholly there is shown. "
            "With an ATT MTU of 23 a packet ends at 20 bytes: raise the MTU before subscribing."
        )
    if record.flags & 0x2000:
        yield "Flag bit 13 is reserved. Urevo, FitShow and KingSmith machines count steps there."
    if {record.elevation_gain_pos_dm, record.elevation_gain_neg_dm} & {0xFFFF, 0x7FFF}:
        yield "Elevation gain ff ff or ff 7f: Matrix and Life Fitness mean not available. FTMS has no such mark."
    if record.flags & 0xC000:
        bits = " and ".join(str(bit) for bit in (14, 15) if record.flags >> bit & 1)
        yield f"Reserved flag bits are set: {bits}."
    if any("pace" in name for name in record.seen):
        yield "Pace has 1 byte in the 2017 definition and 2 in the later one: read as the length of the packet fits."
