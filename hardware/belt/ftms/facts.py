"""From the bytes of 2ACC, 2AD4, 2AD5 and the device information to what the rest of the product needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_DOWN, Decimal
from typing import Final

from hardware.belt.ftms.codec import decode_features, decode_incline_range, decode_speed_range
from hardware.config.profiles import Profile, Quirks, ckmh_per_told
from hardware.constants import CAP_MAX_CKMH, INCLINE_MAX_DPCT
from hardware.link.messages import TreadmillFacts
from hardware.units import on_grid

FALLBACK_MIN_WIRE: Final = 100  # a machine that does not tell: minimums run from 0.8 to 1.0 km/h (quirk 17)
FALLBACK_INCREMENT_WIRE: Final = 10


@dataclass(frozen=True, slots=True)
class Grid:
    """What the machine can take, on the wire. *increment* 0: it does not tell."""

    minimum: int
    maximum: int
    increment: int

    def at_most(self, value: int) -> int:
        """The fastest step that is not above *value*; the minimum where nothing is."""
        return min(on_grid(value, self.minimum, self.increment, raising=True), max(self.minimum, self.maximum))


@dataclass(frozen=True, slots=True)
class Machine:
    """What the planner must know of the treadmill."""

    speed: Grid | None  # None: it takes no speed
    incline: Grid | None
    quirks: Quirks


@dataclass(frozen=True, slots=True)
class Scale:
    """Between the belt's true 0.01 km/h and what the machine means by its numbers.

    Some mean 0.01 mph (quirk 19); some belts run at a factor of their own, as commissioning measured it.
    Rounded so that a speed is never told slower than it is, nor asked for faster than was meant.
    """

    mph: bool = False
    factor: float = 1.0

    @property
    def _ckmh_per_wire(self) -> Decimal:
        return ckmh_per_told(mph=self.mph, factor=self.factor)

    def ckmh(self, wire: int) -> int:
        """What *wire* means, rounded up, at most what 16 bits hold."""
        return min(int((wire * self._ckmh_per_wire).to_integral_value(ROUND_CEILING)), 0xFFFF)

    def wire(self, speed_ckmh: int) -> int:
        """The fastest wire value that is not faster than *speed_ckmh*."""
        return int(speed_ckmh / self._ckmh_per_wire)

    def wire_at_least(self, speed_ckmh: int) -> int:
        """The slowest wire value that is told as *speed_ckmh* or faster."""
        wire = self.wire(speed_ckmh)
        return wire if self.ckmh(wire) >= speed_ckmh else wire + 1

    def wire_step(self, step_ckmh: int) -> int:
        """A step of the machine's own grid, to the nearest."""
        return int((step_ckmh / self._ckmh_per_wire).to_integral_value(ROUND_HALF_DOWN))


def scale_of(profile: Profile) -> Scale:
    """The scale that commissioning has found."""
    return Scale(profile.quirks.mph_units, profile.scale)


@dataclass(frozen=True, slots=True)
class Told:
    """What was read at connect; None: no such characteristic, or the read failed."""

    features: bytes | None = None
    speed_range: bytes | None = None
    incline_range: bytes | None = None
    model: bytes | None = None
    firmware: bytes | None = None


def _text(value: bytes | None) -> str:
    return "" if value is None else value.rstrip(b"\0").decode("utf-8", "replace").strip()[:60]


def machine_of(told: Told, profile: Profile, *, control_point: bool) -> Machine:
    """What the planner must know. Without a control point nothing can be set. The maximum is never above 3.5 mph."""
    features = decode_features(told.features or b"")
    speed = incline = None
    if control_point and (features.malformed or features.takes_speed):
        speed = _speed_grid(told, profile)
    tilt = decode_incline_range(told.incline_range or b"")
    if control_point and features.takes_incline and tilt.usable:
        low, high, increment = tilt.min_dpct or 0, tilt.max_dpct or 0, tilt.increment_dpct or 0
        incline = Grid(low, min(high, INCLINE_MAX_DPCT), increment)
    return Machine(speed, incline, profile.quirks)


def _speed_grid(told: Told, profile: Profile) -> Grid:
    scale = scale_of(profile)
    highest = scale.wire(
        CAP_MAX_CKMH
    )  # what may be asked of it is the guard's to say, in commissioning above the profile
    ranges = decode_speed_range(told.speed_range or b"")
    if ranges.usable:
        minimum, increment = ranges.min_ckmh or 0, ranges.increment_ckmh or 0
        highest = min(highest, ranges.max_ckmh or 0)
    else:
        minimum, increment = FALLBACK_MIN_WIRE, FALLBACK_INCREMENT_WIRE
    if profile.min_ckmh is not None:
        minimum = scale.wire_at_least(profile.min_ckmh)
    if profile.increment_ckmh is not None:
        increment = scale.wire_step(profile.increment_ckmh)
    return Grid(minimum, max(minimum, highest), increment)


def facts_of(told: Told, machine: Machine, profile: Profile, address: str, name: str) -> TreadmillFacts:
    """What guard and kiosk are told, in 0.01 km/h and 0.1 %."""
    model, firmware = _text(told.model), _text(told.firmware)
    same = profile.model in (None, model) and profile.firmware in (None, firmware)
    scale = scale_of(profile)
    speed = machine.speed or Grid(0, 0, 0)
    ranges = decode_speed_range(told.speed_range or b"")
    fastest = ranges.max_ckmh if ranges.usable and ranges.max_ckmh is not None else speed.maximum
    incline = machine.incline or Grid(0, 0, 0)
    return TreadmillFacts(
        address=address,
        name=name[:60],
        model=model,
        firmware=firmware,
        min_ckmh=scale.ckmh(speed.minimum),
        max_ckmh=scale.ckmh(fastest),
        increment_ckmh=scale.ckmh(speed.increment),
        min_dpct=incline.minimum,
        max_dpct=incline.maximum,
        increment_dpct=incline.increment,
        can_speed=machine.speed is not None,
        can_incline=machine.incline is not None,
        profile=profile.name,
        commissioned=profile.commissioned and same,
        ckmh_per_told=float(profile.ckmh_per_told),
    )
