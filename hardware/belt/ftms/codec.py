"""FTMS bytes to values and back. Pure: no clock, no state, no exception for any bytes that come from outside.

Sources: Fitness Machine Service 1.0 (2017) and 1.0.1 (2024), the SIG's characteristic definitions; where machines
depart from them the number is that of treadmills.md (sections 2 and 3). Everything is little endian.

Values stay as the wire has them: speed 0.01 km/h (``_ckmh``), incline 0.1 % (``_dpct``), and so on, all integers.
``None`` in a field that is ``seen`` is the wire's own "not available". ``describe`` turns them into what people read.

A packet that cannot be trusted says so: ``malformed`` (nothing beyond what the record shows is sound) or
``truncated`` (every wholly present field is kept). Bytes beyond the layout are kept in ``trailing``: real machines
add them (quirk 25), so they are an anomaly to count and never a reason to drop a reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple, TypeVar

import msgspec

from hardware.constants import CAP_MAX_CKMH, INCLINE_MAX_DPCT

E = TypeVar("E", bound=IntEnum)

MAX_FRAGMENTS: Final = 8
"""Fragments kept while More Data stays set. All fields together fill two packets of 20 bytes; eight is ample, and
a machine that never ends its record cannot fill the memory."""


class Wire(NamedTuple):
    """How one field lies on the wire: bytes, sign, and the value that means "not available"."""

    width: int
    signed: bool = False
    absent: int | None = None


_U8: Final = Wire(1)
_U16: Final = Wire(2)
_U24: Final = Wire(3)
_S16: Final = Wire(2, signed=True)
_S16_NA: Final = Wire(2, signed=True, absent=0x7FFF)

WIRE: Final[Mapping[str, Wire]] = {
    # Treadmill Data
    "speed_ckmh": _U16,
    "average_speed_ckmh": _U16,
    "distance_m": _U24,
    "incline_dpct": _S16_NA,
    "ramp_angle_ddeg": _S16_NA,
    "elevation_gain_pos_dm": _U16,  # 0xFFFF and 0x7FFF are seen, but the specification gives no "not available"
    "elevation_gain_neg_dm": _U16,
    "pace_dkm_per_min": _U8,
    "average_pace_dkm_per_min": _U8,
    "pace_s_per_500m": _U16,
    "average_pace_s_per_500m": _U16,
    "energy_kcal": Wire(2, absent=0xFFFF),
    "energy_per_hour_kcal": Wire(2, absent=0xFFFF),
    "energy_per_minute_kcal": Wire(1, absent=0xFF),
    "heart_rate_bpm": _U8,
    "met_tenths": _U8,
    "elapsed_s": _U16,
    "remaining_s": _U16,
    "force_n": _S16_NA,
    "power_w": _S16_NA,
    "vendor_bit13_u24": _U24,
    "vendor_bit13_u16": _U16,
    # Parameters of Control Point and Status, where Treadmill Data has no field like it
    "target_speed_ckmh": _U16,
    "target_incline_dpct": _S16,
    "target_resistance_tenths": _U8,
    "target_resistance_tenths_s16": _S16,
    "target_power_w": _S16,
    "target_heart_rate_bpm": _U8,
    "target_energy_kcal": _U16,
    "target_steps": _U16,
    "target_strides": _U16,
    "target_distance_m": _U24,
    "target_time_s": _U16,
    "zone_fat_burn_s": _U16,
    "zone_fitness_s": _U16,
    "zone_very_light_s": _U16,
    "zone_light_s": _U16,
    "zone_moderate_s": _U16,
    "zone_hard_s": _U16,
    "zone_maximum_s": _U16,
    "wind_speed_mm_per_s": _S16,
    "grade_cpct": _S16,
    "rolling_resistance_e4": _U8,
    "wind_resistance_cg_per_m": _U8,
    "wheel_circumference_dmm": _U16,
    "target_cadence_half_rpm": _U16,
    "control_information": _U8,
    "spin_down_control": _U8,
    "spin_down_status": _U8,
    "spin_down_low_ckmh": _U16,
    "spin_down_high_ckmh": _U16,
}
"""Every field of every characteristic here, once."""


# ------------------------------------------------------------------------------------------ 2ACD Treadmill Data

MORE_DATA: Final = 0x0001
_PACE: Final = 0x0020
_AVERAGE_PACE: Final = 0x0040
_VENDOR_STEPS: Final = 0x2000

_Layout = tuple[tuple[int, tuple[str, ...]], ...]
_BEFORE_PACE: Final[_Layout] = (
    (0x0002, ("average_speed_ckmh",)),
    (0x0004, ("distance_m",)),
    (0x0008, ("incline_dpct", "ramp_angle_ddeg")),
    (0x0010, ("elevation_gain_pos_dm", "elevation_gain_neg_dm")),
)
_AFTER_PACE: Final[_Layout] = (
    (0x0080, ("energy_kcal", "energy_per_hour_kcal", "energy_per_minute_kcal")),
    (0x0100, ("heart_rate_bpm",)),
    (0x0200, ("met_tenths",)),
    (0x0400, ("elapsed_s",)),
    (0x0800, ("remaining_s",)),
    (0x1000, ("force_n", "power_w")),
)
_VENDOR_WIDTHS: Final = (3, 0, 2)  # in order of how often seen (quirk 27)


class TreadmillData(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One Treadmill Data packet, or one record merged from fragments. Units are in the names."""

    flags: int = 0  # as sent; of a merged record the flags of all fragments together, More Data clear
    seen: tuple[str, ...] = ()  # fields wholly present, in the order of the wire
    speed_ckmh: int | None = None
    average_speed_ckmh: int | None = None
    distance_m: int | None = None
    incline_dpct: int | None = None
    ramp_angle_ddeg: int | None = None
    elevation_gain_pos_dm: int | None = None
    elevation_gain_neg_dm: int | None = None
    pace_dkm_per_min: int | None = None
    average_pace_dkm_per_min: int | None = None
    pace_s_per_500m: int | None = None
    average_pace_s_per_500m: int | None = None
    energy_kcal: int | None = None
    energy_per_hour_kcal: int | None = None
    energy_per_minute_kcal: int | None = None
    heart_rate_bpm: int | None = None
    met_tenths: int | None = None
    elapsed_s: int | None = None
    remaining_s: int | None = None
    force_n: int | None = None
    power_w: int | None = None
    vendor_bit13_u24: int | None = None
    vendor_bit13_u16: int | None = None
    fragments: int = 1
    truncated: bool = False  # the flags promise more than came
    malformed: bool = False  # not even flags
    trailing: bytes = b""

    @property
    def more_data(self) -> bool:
        """A fragment: the rest of the record, with the speed, is still to come."""
        return bool(self.flags & MORE_DATA)

    @property
    def anomalous(self) -> bool:
        """Not as the specification has it: to be counted."""
        return self.malformed or self.truncated or bool(self.trailing)


def treadmill_fields(flags: int, length: int) -> tuple[str, ...]:
    """Fields that *flags* promise for a packet of *length* bytes, in wire order.

    *length* decides two things the flags leave open: the size of the pace fields (D1: the 2017 definition has u8 of
    0.1 km/min, the later one u16 of seconds per 500 m) and whether the reserved bit 13 stands for 3, 2 or 0 bytes
    (quirk 27). Neither can move speed or incline: they lie in front.
    """
    before = [] if flags & MORE_DATA else ["speed_ckmh"]
    for bit, names in _BEFORE_PACE:
        if flags & bit:
            before += names
    after: list[str] = []
    for bit, names in _AFTER_PACE:
        if flags & bit:
            after += names
    left = length - 2 - sum(WIRE[name].width for name in before) - sum(WIRE[name].width for name in after)
    paces = bool(flags & _PACE) + bool(flags & _AVERAGE_PACE)
    if paces:
        width = _pace_width(paces, left, vendor=bool(flags & _VENDOR_STEPS))
        left -= paces * width
        if flags & _PACE:
            before.append("pace_dkm_per_min" if width == 1 else "pace_s_per_500m")
        if flags & _AVERAGE_PACE:
            before.append("average_pace_dkm_per_min" if width == 1 else "average_pace_s_per_500m")
    if flags & _VENDOR_STEPS:
        if left >= 3:
            after.append("vendor_bit13_u24")
        elif left == 2:
            after.append("vendor_bit13_u16")
    return (*before, *after)


def _pace_width(paces: int, left: int, *, vendor: bool) -> int:
    for vendor_width in _VENDOR_WIDTHS if vendor else (0,):
        for width in (1, 2):
            if left == paces * width + vendor_width:
                return width
    # No layout fits. With room for both sizes and bytes over take the newer; a cut packet is read as most are built.
    return 2 if left >= 2 * paces else 1


def decode_treadmill_data(data: bytes | bytearray) -> TreadmillData:
    """2ACD. Fewer than two bytes are ``malformed``; a packet cut short (quirk 24) is ``truncated``."""
    length = len(data)
    if length < 2:
        return TreadmillData(malformed=True, trailing=bytes(data))
    flags = data[0] | data[1] << 8
    values: dict[str, int | None] = {}
    at = 2
    truncated = False
    for name in treadmill_fields(flags, length):
        width, signed, absent = WIRE[name]
        end = at + width
        if end > length:
            truncated = True
            break
        value = int.from_bytes(data[at:end], "little", signed=signed)
        values[name] = None if value == absent else value
        at = end
    packet = TreadmillData(flags=flags, seen=tuple(values), truncated=truncated, trailing=bytes(data[at:]))
    return msgspec.structs.replace(packet, **values)


class Partial(msgspec.Struct, frozen=True):
    """Fragments of a record whose last one has not come yet. Put NO_PARTIAL in its place when the link is lost."""

    fragments: tuple[TreadmillData, ...] = ()


NO_PARTIAL: Final = Partial()


def merge(partial: Partial, packet: TreadmillData) -> tuple[Partial, TreadmillData | None]:
    """Take one packet in; give the new state and, once More Data is 0, the whole record.

    A field sent twice has its newest value: where a last fragment got lost, the next record writes over the rest.
    A malformed packet changes nothing. Of more than MAX_FRAGMENTS the oldest is dropped.
    """
    if packet.malformed:
        return partial, None
    if packet.more_data:
        return Partial((*partial.fragments, packet)[-MAX_FRAGMENTS:]), None
    if not partial.fragments:
        return NO_PARTIAL, packet
    return NO_PARTIAL, combine((*partial.fragments, packet))


def combine(fragments: tuple[TreadmillData, ...]) -> TreadmillData:
    """All fields of *fragments* as one record, later ones over earlier ones."""
    values: dict[str, int | None] = {}
    flags = 0
    for fragment in fragments:
        flags |= fragment.flags & ~MORE_DATA
        for name in fragment.seen:
            values[name] = getattr(fragment, name)
    record = TreadmillData(
        flags=flags,
        seen=tuple(values),
        fragments=len(fragments),
        truncated=any(fragment.truncated for fragment in fragments),
        trailing=b"".join(fragment.trailing for fragment in fragments),
    )
    return msgspec.structs.replace(record, **values)


# ------------------------------------------------------------------------------- 2ACC Feature, 2AD4 and 2AD5 ranges

FEATURES: Final = (
    "average_speed",
    "cadence",
    "total_distance",
    "inclination",
    "elevation_gain",
    "pace",
    "step_count",
    "resistance_level",
    "stride_count",
    "expended_energy",
    "heart_rate",
    "metabolic_equivalent",
    "elapsed_time",
    "remaining_time",
    "power_measurement",
    "force_on_belt_and_power_output",
    "user_data_retention",
)
TARGETS: Final = (
    "speed",
    "inclination",
    "resistance",
    "power",
    "heart_rate",
    "expended_energy",
    "step_number",
    "stride_number",
    "distance",
    "training_time",
    "time_in_two_heart_rate_zones",
    "time_in_three_heart_rate_zones",
    "time_in_five_heart_rate_zones",
    "indoor_bike_simulation",
    "wheel_circumference",
    "spin_down_control",
    "cadence",
)
"""Names of the bits of the two words of 2ACC, from bit 0."""

TARGET_SPEED_BIT: Final = 0x01
TARGET_INCLINE_BIT: Final = 0x02


class Features(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """2ACC: what the machine says it measures and takes. Not proof: some take what they do not name (quirk 21)."""

    features: int | None = None
    targets: int | None = None
    malformed: bool = False
    trailing: bytes = b""

    @property
    def takes_speed(self) -> bool:
        """The speed target bit is set."""
        return bool((self.targets or 0) & TARGET_SPEED_BIT)

    @property
    def takes_incline(self) -> bool:
        """The inclination target bit is set."""
        return bool((self.targets or 0) & TARGET_INCLINE_BIT)

    @property
    def anomalous(self) -> bool:
        """Not as the specification has it: to be counted."""
        return self.malformed or bool(self.trailing)


def decode_features(data: bytes | bytearray) -> Features:
    """2ACC: two u32. Fewer than 8 bytes are malformed."""
    if len(data) < 8:
        return Features(malformed=True, trailing=bytes(data))
    return Features(
        features=int.from_bytes(data[0:4], "little"),
        targets=int.from_bytes(data[4:8], "little"),
        trailing=bytes(data[8:]),
    )


class SpeedRange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """2AD4 in 0.01 km/h, as sent: a machine may send zeros, or a range upside down. None when malformed."""

    min_ckmh: int | None = None
    max_ckmh: int | None = None
    increment_ckmh: int | None = None
    malformed: bool = False
    trailing: bytes = b""

    @property
    def usable(self) -> bool:
        """A range one can work with: not upside down, some room above 0."""
        return self.min_ckmh is not None and self.max_ckmh is not None and self.min_ckmh <= self.max_ckmh > 0

    @property
    def anomalous(self) -> bool:
        """Not as the specification has it: to be counted."""
        return self.malformed or bool(self.trailing)


def decode_speed_range(data: bytes | bytearray) -> SpeedRange:
    """2AD4: u16 minimum, maximum, increment. Fewer than 6 bytes are malformed: no half a range is offered."""
    if len(data) < 6:
        return SpeedRange(malformed=True, trailing=bytes(data))
    return SpeedRange(
        min_ckmh=int.from_bytes(data[0:2], "little"),
        max_ckmh=int.from_bytes(data[2:4], "little"),
        increment_ckmh=int.from_bytes(data[4:6], "little"),
        trailing=bytes(data[6:]),
    )


class InclineRange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """2AD5 in 0.1 %, as sent. All zeros mean that there is none (quirk 21). None when malformed."""

    min_dpct: int | None = None
    max_dpct: int | None = None
    increment_dpct: int | None = None
    malformed: bool = False
    trailing: bytes = b""

    @property
    def usable(self) -> bool:
        """A range one can work with: minimum below maximum."""
        return self.min_dpct is not None and self.max_dpct is not None and self.min_dpct < self.max_dpct

    @property
    def anomalous(self) -> bool:
        """Not as the specification has it: to be counted."""
        return self.malformed or bool(self.trailing)


def decode_incline_range(data: bytes | bytearray) -> InclineRange:
    """2AD5: s16 minimum, s16 maximum, u16 increment. Fewer than 6 bytes are malformed."""
    if len(data) < 6:
        return InclineRange(malformed=True, trailing=bytes(data))
    return InclineRange(
        min_dpct=int.from_bytes(data[0:2], "little", signed=True),
        max_dpct=int.from_bytes(data[2:4], "little", signed=True),
        increment_dpct=int.from_bytes(data[4:6], "little"),
        trailing=bytes(data[6:]),
    )


# ---------------------------------------------------------------------------------------- 2AD3 Training Status


class Training(IntEnum):
    """States of 2AD3. From 0x10 on reserved; machines send 0x10 and 0x11 for pausing and paused (quirk 26)."""

    OTHER = 0x00
    IDLE = 0x01
    WARMING_UP = 0x02
    LOW_INTENSITY_INTERVAL = 0x03
    HIGH_INTENSITY_INTERVAL = 0x04
    RECOVERY_INTERVAL = 0x05
    ISOMETRIC = 0x06
    HEART_RATE_CONTROL = 0x07
    FITNESS_TEST = 0x08
    SPEED_OUTSIDE_OF_CONTROL_REGION_LOW = 0x09
    SPEED_OUTSIDE_OF_CONTROL_REGION_HIGH = 0x0A
    COOL_DOWN = 0x0B
    WATT_CONTROL = 0x0C
    MANUAL_MODE = 0x0D
    PRE_WORKOUT = 0x0E
    POST_WORKOUT = 0x0F


TRAINING_STRING: Final = 0x01
TRAINING_EXTENDED_STRING: Final = 0x02


class TrainingStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """2AD3. ``text`` is None unless its flag is set. An empty value (quirk 26: Domyos) is malformed."""

    flags: int = 0
    status: int | None = None
    text: str | None = None
    malformed: bool = False
    trailing: bytes = b""

    @property
    def name(self) -> Training | None:
        """The state; None where the value is reserved or missing."""
        return None if self.status is None else _known(Training, self.status)

    @property
    def anomalous(self) -> bool:
        """Not as the specification has it: to be counted."""
        return self.malformed or bool(self.trailing)


def decode_training_status(data: bytes | bytearray) -> TrainingStatus:
    """2AD3: u8 flags, u8 status, and UTF-8 text where flag bit 0 is set (bad UTF-8 becomes U+FFFD)."""
    if len(data) < 2:
        return TrainingStatus(malformed=True, trailing=bytes(data))
    flags, status, rest = data[0], data[1], bytes(data[2:])
    if flags & TRAINING_STRING:
        text = rest.rstrip(b"\x00").decode(errors="replace")
        return TrainingStatus(flags=flags, status=status, text=text)
    return TrainingStatus(flags=flags, status=status, trailing=rest)


# ------------------------------------------------------------------------- 2AD9 Control Point and 2ADA Machine Status


class ControlOp(IntEnum):
    """Operations of the control point."""

    REQUEST_CONTROL = 0x00
    RESET = 0x01
    SET_TARGET_SPEED = 0x02
    SET_TARGET_INCLINATION = 0x03
    SET_TARGET_RESISTANCE_LEVEL = 0x04
    SET_TARGET_POWER = 0x05
    SET_TARGET_HEART_RATE = 0x06
    START_OR_RESUME = 0x07
    STOP_OR_PAUSE = 0x08
    SET_TARGETED_EXPENDED_ENERGY = 0x09
    SET_TARGETED_NUMBER_OF_STEPS = 0x0A
    SET_TARGETED_NUMBER_OF_STRIDES = 0x0B
    SET_TARGETED_DISTANCE = 0x0C
    SET_TARGETED_TRAINING_TIME = 0x0D
    SET_TARGETED_TIME_IN_TWO_HEART_RATE_ZONES = 0x0E
    SET_TARGETED_TIME_IN_THREE_HEART_RATE_ZONES = 0x0F
    SET_TARGETED_TIME_IN_FIVE_HEART_RATE_ZONES = 0x10
    SET_INDOOR_BIKE_SIMULATION_PARAMETERS = 0x11
    SET_WHEEL_CIRCUMFERENCE = 0x12
    SPIN_DOWN_CONTROL = 0x13
    SET_TARGETED_CADENCE = 0x14
    RESPONSE_CODE = 0x80


class Result(IntEnum):
    """Result codes of a control point indication."""

    SUCCESS = 0x01
    OP_CODE_NOT_SUPPORTED = 0x02
    INVALID_PARAMETER = 0x03
    OPERATION_FAILED = 0x04
    CONTROL_NOT_PERMITTED = 0x05


class StatusOp(IntEnum):
    """Operations of 2ADA. Not those of the control point: + 3 for 02 to 06, + 1 from 09 on."""

    RESET = 0x01
    STOPPED_OR_PAUSED_BY_USER = 0x02
    STOPPED_BY_SAFETY_KEY = 0x03
    STARTED_OR_RESUMED_BY_USER = 0x04
    TARGET_SPEED_CHANGED = 0x05
    TARGET_INCLINE_CHANGED = 0x06
    TARGET_RESISTANCE_LEVEL_CHANGED = 0x07
    TARGET_POWER_CHANGED = 0x08
    TARGET_HEART_RATE_CHANGED = 0x09
    TARGETED_EXPENDED_ENERGY_CHANGED = 0x0A
    TARGETED_NUMBER_OF_STEPS_CHANGED = 0x0B
    TARGETED_NUMBER_OF_STRIDES_CHANGED = 0x0C
    TARGETED_DISTANCE_CHANGED = 0x0D
    TARGETED_TRAINING_TIME_CHANGED = 0x0E
    TARGETED_TIME_IN_TWO_HEART_RATE_ZONES_CHANGED = 0x0F
    TARGETED_TIME_IN_THREE_HEART_RATE_ZONES_CHANGED = 0x10
    TARGETED_TIME_IN_FIVE_HEART_RATE_ZONES_CHANGED = 0x11
    INDOOR_BIKE_SIMULATION_PARAMETERS_CHANGED = 0x12
    WHEEL_CIRCUMFERENCE_CHANGED = 0x13
    SPIN_DOWN_STATUS = 0x14
    TARGETED_CADENCE_CHANGED = 0x15
    CONTROL_PERMISSION_LOST = 0xFF


_TWO_ZONES: Final = ("zone_fat_burn_s", "zone_fitness_s")
_THREE_ZONES: Final = ("zone_light_s", "zone_moderate_s", "zone_hard_s")
_FIVE_ZONES: Final = ("zone_very_light_s", "zone_light_s", "zone_moderate_s", "zone_hard_s", "zone_maximum_s")
_BIKE: Final = ("wind_speed_mm_per_s", "grade_cpct", "rolling_resistance_e4", "wind_resistance_cg_per_m")

CONTROL_PARAMETERS: Final[Mapping[int, tuple[str, ...]]] = {
    ControlOp.SET_TARGET_SPEED: ("target_speed_ckmh",),
    ControlOp.SET_TARGET_INCLINATION: ("target_incline_dpct",),
    ControlOp.SET_TARGET_RESISTANCE_LEVEL: ("target_resistance_tenths",),
    ControlOp.SET_TARGET_POWER: ("target_power_w",),
    ControlOp.SET_TARGET_HEART_RATE: ("target_heart_rate_bpm",),
    ControlOp.STOP_OR_PAUSE: ("control_information",),
    ControlOp.SET_TARGETED_EXPENDED_ENERGY: ("target_energy_kcal",),
    ControlOp.SET_TARGETED_NUMBER_OF_STEPS: ("target_steps",),
    ControlOp.SET_TARGETED_NUMBER_OF_STRIDES: ("target_strides",),
    ControlOp.SET_TARGETED_DISTANCE: ("target_distance_m",),
    ControlOp.SET_TARGETED_TRAINING_TIME: ("target_time_s",),
    ControlOp.SET_TARGETED_TIME_IN_TWO_HEART_RATE_ZONES: _TWO_ZONES,
    ControlOp.SET_TARGETED_TIME_IN_THREE_HEART_RATE_ZONES: _THREE_ZONES,
    ControlOp.SET_TARGETED_TIME_IN_FIVE_HEART_RATE_ZONES: _FIVE_ZONES,
    ControlOp.SET_INDOOR_BIKE_SIMULATION_PARAMETERS: _BIKE,
    ControlOp.SET_WHEEL_CIRCUMFERENCE: ("wheel_circumference_dmm",),
    ControlOp.SPIN_DOWN_CONTROL: ("spin_down_control",),
    ControlOp.SET_TARGETED_CADENCE: ("target_cadence_half_rpm",),
}
STATUS_PARAMETERS: Final[Mapping[int, tuple[str, ...]]] = {
    StatusOp.STOPPED_OR_PAUSED_BY_USER: ("control_information",),
    StatusOp.TARGET_SPEED_CHANGED: ("target_speed_ckmh",),
    StatusOp.TARGET_INCLINE_CHANGED: ("target_incline_dpct",),
    StatusOp.TARGET_RESISTANCE_LEVEL_CHANGED: ("target_resistance_tenths",),
    StatusOp.TARGET_POWER_CHANGED: ("target_power_w",),
    StatusOp.TARGET_HEART_RATE_CHANGED: ("target_heart_rate_bpm",),
    StatusOp.TARGETED_EXPENDED_ENERGY_CHANGED: ("target_energy_kcal",),
    StatusOp.TARGETED_NUMBER_OF_STEPS_CHANGED: ("target_steps",),
    StatusOp.TARGETED_NUMBER_OF_STRIDES_CHANGED: ("target_strides",),
    StatusOp.TARGETED_DISTANCE_CHANGED: ("target_distance_m",),
    StatusOp.TARGETED_TRAINING_TIME_CHANGED: ("target_time_s",),
    StatusOp.TARGETED_TIME_IN_TWO_HEART_RATE_ZONES_CHANGED: _TWO_ZONES,
    StatusOp.TARGETED_TIME_IN_THREE_HEART_RATE_ZONES_CHANGED: _THREE_ZONES,
    StatusOp.TARGETED_TIME_IN_FIVE_HEART_RATE_ZONES_CHANGED: _FIVE_ZONES,
    StatusOp.INDOOR_BIKE_SIMULATION_PARAMETERS_CHANGED: _BIKE,
    StatusOp.WHEEL_CIRCUMFERENCE_CHANGED: ("wheel_circumference_dmm",),
    StatusOp.SPIN_DOWN_STATUS: ("spin_down_status",),
    StatusOp.TARGETED_CADENCE_CHANGED: ("target_cadence_half_rpm",),
}
_SPIN_DOWN_ANSWER: Final = ("spin_down_low_ckmh", "spin_down_high_ckmh")

STOPPED: Final = 0x01
PAUSED: Final = 0x02
CODES: Final[Mapping[str, Mapping[int, str]]] = {
    "control_information": {STOPPED: "stop", PAUSED: "pause"},
    "spin_down_control": {1: "start", 2: "ignore"},
    "spin_down_status": {1: "spin_down_requested", 2: "success", 3: "error", 4: "stop_pedaling"},
}
"""Parameters that are codes, with the codes the specification knows. Any other code is malformed."""

Parameters = tuple[tuple[str, int], ...]


class ControlWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a client wrote to 2AD9. ``op`` is None only for an empty value."""

    op: int | None = None
    parameters: Parameters = ()
    malformed: bool = False
    trailing: bytes = b""

    @property
    def name(self) -> ControlOp | None:
        """The operation; None where it is reserved or missing."""
        return None if self.op is None else _known(ControlOp, self.op)

    @property
    def anomalous(self) -> bool:
        """Not as the specification has it: to be counted."""
        return self.malformed or self.name is None or bool(self.trailing)


class ControlAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An indication of 2AD9: the answer to one written operation. Matched to its request by ``request_op``."""

    request_op: int | None = None  # None: too short, or no answer at all
    result: int | None = None
    parameters: Parameters = ()
    malformed: bool = False
    trailing: bytes = b""

    @property
    def result_name(self) -> Result | None:
        """The result; None where it is reserved or missing, which is never a success."""
        return None if self.result is None else _known(Result, self.result)

    @property
    def success(self) -> bool:
        """The machine took the request. Of the belt itself this says nothing (quirk 3)."""
        return self.result == Result.SUCCESS and not self.malformed

    @property
    def anomalous(self) -> bool:
        """Not as the specification has it: to be counted."""
        return self.malformed or bool(self.trailing)


class MachineStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """2ADA. ``op`` is read even where the parameters are not sound: a safety key is never lost to a missing byte."""

    op: int | None = None
    parameters: Parameters = ()
    malformed: bool = False
    trailing: bytes = b""

    @property
    def name(self) -> StatusOp | None:
        """The operation; None where it is reserved or missing (quirk 25: 0x25)."""
        return None if self.op is None else _known(StatusOp, self.op)

    @property
    def speed_ckmh(self) -> int | None:
        """New target speed of a TARGET_SPEED_CHANGED."""
        return _parameter(self.parameters, "target_speed_ckmh")

    @property
    def incline_dpct(self) -> int | None:
        """New target incline of a TARGET_INCLINE_CHANGED."""
        return _parameter(self.parameters, "target_incline_dpct")

    @property
    def paused(self) -> bool:
        """A STOPPED_OR_PAUSED_BY_USER that says pause."""
        return _parameter(self.parameters, "control_information") == PAUSED

    @property
    def anomalous(self) -> bool:
        """Not as the specification has it: to be counted."""
        return self.malformed or self.name is None or bool(self.trailing)


def decode_control_write(data: bytes | bytearray) -> ControlWrite:
    """2AD9 as written by a client: what a simulated machine or a capture sees."""
    if not data:
        return ControlWrite(malformed=True)
    op = data[0]
    if _known(ControlOp, op) is None:
        return ControlWrite(op=op)
    if op == ControlOp.RESPONSE_CODE:  # never written by a client
        return ControlWrite(op=op, malformed=True)
    parameters, malformed, trailing = _parameters(CONTROL_PARAMETERS.get(op, ()), bytes(data[1:]))
    return ControlWrite(op=op, parameters=parameters, malformed=malformed, trailing=trailing)


def decode_control_answer(data: bytes | bytearray) -> ControlAnswer:
    """2AD9 as indicated by the machine: 80, request op, result, and for a spin down the two speeds."""
    if len(data) < 3 or data[0] != ControlOp.RESPONSE_CODE:
        return ControlAnswer(malformed=True, trailing=bytes(data))
    request_op, result, rest = data[1], data[2], bytes(data[3:])
    if _known(Result, result) is None:
        return ControlAnswer(request_op=request_op, result=result, malformed=True, trailing=rest)
    if request_op == ControlOp.SPIN_DOWN_CONTROL and result == Result.SUCCESS and rest:
        parameters, malformed, trailing = _parameters(_SPIN_DOWN_ANSWER, rest)
        return ControlAnswer(
            request_op=request_op, result=result, parameters=parameters, malformed=malformed, trailing=trailing
        )
    return ControlAnswer(request_op=request_op, result=result, trailing=rest)


def decode_machine_status(data: bytes | bytearray) -> MachineStatus:
    """2ADA: op and its parameters."""
    if not data:
        return MachineStatus(malformed=True)
    op = data[0]
    if _known(StatusOp, op) is None:
        return MachineStatus(op=op)
    names = STATUS_PARAMETERS.get(op, ())
    if op == StatusOp.TARGET_RESISTANCE_LEVEL_CHANGED and len(data) > 2:
        names = ("target_resistance_tenths_s16",)  # u8 in FTMS 1.0, s16 in 1.0.1
    parameters, malformed, trailing = _parameters(names, bytes(data[1:]))
    return MachineStatus(op=op, parameters=parameters, malformed=malformed, trailing=trailing)


def _parameters(names: tuple[str, ...], data: bytes) -> tuple[Parameters, bool, bytes]:
    """Values of *names*, whether they are not sound, and the bytes behind them. Too few bytes: no values at all."""
    if len(data) < sum(WIRE[name].width for name in names):
        return (), True, b""
    values: list[tuple[str, int]] = []
    malformed = False
    at = 0
    for name in names:
        width, signed, _ = WIRE[name]
        value = int.from_bytes(data[at : at + width], "little", signed=signed)
        at += width
        values.append((name, value))
        malformed = malformed or (name in CODES and value not in CODES[name])
    return tuple(values), malformed, data[at:]


def _parameter(parameters: Parameters, name: str) -> int | None:
    for known, value in parameters:
        if known == name:
            return value
    return None


def _known(codes: type[E], value: int) -> E | None:
    try:
        return codes(value)
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------- advertised service data

MACHINE_TREADMILL: Final = 0x01


def advertises_treadmill(service_data: bytes | bytearray) -> bool | None:
    """Service data of 0x1826: u8 flags and u16 machine type, bit 0 treadmill. None: it does not tell.

    Seen short and with the two bytes swapped, so any of them may carry the bit; 2ACD in the service is the proof.
    """
    if len(service_data) < 2:
        return None
    return any(byte & MACHINE_TREADMILL for byte in service_data[1:3])


# --------------------------------------------------------------------------------------------- what may be written

REQUEST_CONTROL: Final = b"\x00"
START: Final = b"\x07"
STOP: Final = b"\x08\x01"
PAUSE: Final = b"\x08\x02"
"""Encoded once: a stop costs no work."""


class UnsafeValueError(ValueError):
    """A target that must never reach a belt. The text says which and why; it is a fault in our own code."""


def encode_target_speed(speed_ckmh: int) -> bytes:
    """``02`` with a speed of 0 to CAP_MAX_CKMH (0.01 km/h).

    Raises UnsafeValueError for anything else, and for anything that is not an int. It refuses rather than clamps: a
    number that got here so far wrong is not one to guess about. The guard's limits clamp long before; whoever
    catches this must stop the belt. (What may leave in which state is judged once more in belt.whitelist.)
    """
    if type(speed_ckmh) is not int or not 0 <= speed_ckmh <= CAP_MAX_CKMH:
        raise UnsafeValueError(f"target speed {speed_ckmh!r} is not an integer of 0 to {CAP_MAX_CKMH} (0.01 km/h)")
    return b"\x02" + speed_ckmh.to_bytes(2, "little")


def encode_target_incline(incline_dpct: int) -> bytes:
    """``03`` with an incline of -INCLINE_MAX_DPCT to +INCLINE_MAX_DPCT (0.1 %). Raises UnsafeValueError otherwise."""
    if type(incline_dpct) is not int or not -INCLINE_MAX_DPCT <= incline_dpct <= INCLINE_MAX_DPCT:
        raise UnsafeValueError(
            f"target incline {incline_dpct!r} is not an integer of {-INCLINE_MAX_DPCT} to {INCLINE_MAX_DPCT} (0.1 %)"
        )
    return b"\x03" + incline_dpct.to_bytes(2, "little", signed=True)
