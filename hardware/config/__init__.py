"""The validated configuration and its one home: a TOML file, read once at start.

Unknown keys, wrong types and values out of range are refused with a sentence that names the key, what is wrong
and what would be right.
"""

from __future__ import annotations

import os
import tomllib
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from hardware.config.binding import BindingError, load_binding
from hardware.config.words import sentence
from hardware.constants import CAP_MAX_CKMH, TICK_LATE_MAX_S, TICK_LATE_S
from hardware.units import SpeedUnit, ckmh_from_kmh

PINS: Final = (
    "clip",
    "red_button",
    "amber_button",
    "permit",
    "permit_readback",
    "alarm",
    "deck_open_end",
    "deck_motor_end",
    "belt_pickup",
    "test_pulse",
)
"""The settings of [wiring] that name a pin."""

MIN_CAP_KMH: Final = 0.5
MAX_CAP_KMH: Final = CAP_MAX_CKMH / 100


class ConfigError(Exception):
    """The configuration cannot be used; the text says what to change, for the person who wrote it."""


class WiringLevel(StrEnum):
    """What besides Bluetooth can stop the belt (safety.md 2.5)."""

    H0 = "H0"  # nothing: supervised use only
    H1 = "H1"  # a puller takes the treadmill's own magnet key
    H2 = "H2"  # contacts in the treadmill's safety-key loop


class LinkKind(StrEnum):
    """How the belt process reaches the treadmill."""

    BLUETOOTH = "bluetooth"
    SIMULATED = "simulated"


class PinsKind(StrEnum):
    """How the guard reaches its pins."""

    GPIO = "gpio"
    SIMULATED = "simulated"


class ScreenPosition(StrEnum):
    """Where the screen stands, seen from the walker."""

    REAR = "rear"
    CONSOLE = "console"


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


Name = Annotated[str, Meta(min_length=1, max_length=60)]
Pin = Annotated[int, Meta(ge=0, le=53)]


class Gym(_Section, frozen=True):
    """Who and where."""

    name: Name = "Our gym"
    treadmill_label: Name = "Treadmill 1"
    language: Annotated[str, Meta(pattern="^(en|es|de)$")] = "en"
    units: SpeedUnit = SpeedUnit.MPH


class Treadmill(_Section, frozen=True):
    """Which treadmill, and how it is reached."""

    link: LinkKind = LinkKind.BLUETOOTH
    address: Annotated[str, Meta(pattern="^([0-9A-F]{2}:){5}[0-9A-F]{2}$")] | None = None
    adapter: str | None = None


class Limits(_Section, frozen=True):
    """Caps that hold before any other (km/h and percent, as people write them)."""

    cap_kmh: Annotated[float, Meta(ge=MIN_CAP_KMH, le=MAX_CAP_KMH)] = 2.0
    max_incline_percent: Annotated[float, Meta(ge=0, le=5)] = 0.0

    @property
    def cap_ckmh(self) -> int:
        """The gym's cap in 0.01 km/h."""
        return ckmh_from_kmh(Decimal(str(self.cap_kmh)))


class Wiring(_Section, frozen=True):
    """BCM pin numbers; a pin that is left out is not fitted. Loops are normally closed."""

    pins: PinsKind = PinsKind.GPIO
    level: WiringLevel = WiringLevel.H0
    chip_label: str | None = None
    clip: Pin = 17
    red_button: Pin = 27
    amber_button: Pin | None = None
    permit: Pin | None = None
    permit_readback: Pin | None = None
    alarm: Pin | None = None
    deck_open_end: Pin | None = None  # distance sensor, level output: open = the walker is too near the open end
    deck_motor_end: Pin | None = None  # the same for the motor end
    belt_pickup: Pin | None = None  # one pulse each pickup_mm of belt
    # Below 40 mm a fast belt outruns the samples; above 300 mm a slow one takes too long to be believed.
    pickup_mm: Annotated[int, Meta(ge=40, le=300)] = 200
    test_pulse: Pin | None = None  # feeds the loops instead of ground, so that a short to ground is seen

    @property
    def supervised(self) -> bool:
        """Staff stand by: nothing besides Bluetooth stops the belt (H0), or nobody would learn that it no longer does
        (safety.md, Levels: a permit that is read back).
        """
        return self.level is WiringLevel.H0 or self.permit_readback is None


class Screen(_Section, frozen=True):
    """The panel, in millimetres, and how far away the walker's eyes are."""

    width_px: Annotated[int, Meta(ge=320, le=7680)] = 1920
    height_px: Annotated[int, Meta(ge=240, le=4320)] = 1080
    width_mm: Annotated[float, Meta(ge=50, le=3000)] = 597.0
    viewing_distance_m: Annotated[float, Meta(ge=0.3, le=10)] = 3.0
    fullscreen: bool = True
    position: ScreenPosition = ScreenPosition.REAR


class Sound(_Section, frozen=True):
    """Voice and tones."""

    enabled: bool = True
    volume: Annotated[int, Meta(ge=1, le=3)] = 2


class Data(_Section, frozen=True):
    """Where the record is kept."""

    directory: str | None = None


class Checks(_Section, frozen=True):
    """What a session needs besides itself. Either may be False in a simulated world only."""

    opening: bool = True  # an opening check in the last 18 h (safety.md P9)
    profile: bool = True  # a treadmill that was commissioned, with this model and firmware (P11)


class Timing(_Section, frozen=True):
    """Only what a virtual machine needs other than a Pi."""

    tick_late_s: Annotated[float, Meta(ge=TICK_LATE_S, le=TICK_LATE_MAX_S)] = TICK_LATE_S


class Config(_Section, frozen=True):
    """The whole file."""

    gym: Gym = Gym()
    treadmill: Treadmill = Treadmill()
    limits: Limits = Limits()
    wiring: Wiring = Wiring()
    screen: Screen = Screen()
    sound: Sound = Sound()
    data: Data = Data()
    checks: Checks = Checks()
    timing: Timing = Timing()

    @property
    def simulated(self) -> bool:
        """True if any part of the world is simulated; screens say so."""
        return self.treadmill.link is LinkKind.SIMULATED or self.wiring.pins is PinsKind.SIMULATED

    @property
    def data_directory(self) -> Path:
        """The directory of the database, pictures and backups."""
        if self.data.directory is not None:
            return Path(self.data.directory).expanduser()
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
        return Path(base).expanduser() / "retrowalk"


def load_config(path: Path) -> Config:
    """Read and check *path*. Raises ConfigError with a sentence for the person who wrote the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"There is no configuration file {path}. Make one with: sudo retrowalk setup, or name yours: --config."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration file {path} cannot be read: {error}.") from error
    return bound(parse_config(text, str(path)))


def bound(config: Config) -> Config:
    """*config* with the treadmill that staff have bound (binding.py), if they have. Raises ConfigError."""
    try:
        binding = load_binding(config.data_directory)
    except BindingError as error:
        raise ConfigError(str(error)) from error
    if binding is None:
        return config
    return msgspec.structs.replace(
        config,
        gym=msgspec.structs.replace(config.gym, treadmill_label=binding.label),
        treadmill=msgspec.structs.replace(config.treadmill, address=binding.address),
    )


def parse_config(text: str, where: str = "configuration") -> Config:
    """Check the text of a configuration file. Raises ConfigError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}.") from error
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_sentence(str(error), raw)}") from error
    _check_together(config, where)
    return config


def _check_together(config: Config, where: str) -> None:
    wiring = config.wiring
    if wiring.level is not WiringLevel.H0 and wiring.permit is None:
        raise ConfigError(
            f"{where}: wiring.level is {wiring.level}, which needs a permit output. "
            "Give wiring.permit its pin, or set wiring.level to H0 (supervised use)."
        )
    used: dict[int, str] = {}
    if wiring.test_pulse is not None and wiring.pins is PinsKind.SIMULATED:
        raise ConfigError(
            f"{where}: wiring.test_pulse needs real pins: simulated loops do not follow it. Leave it out, "
            'or set wiring.pins to "gpio".'
        )
    # Simulated pins do not make the belt at the other end of a real link a simulated one.
    if not (config.checks.opening and config.checks.profile) and config.treadmill.link is not LinkKind.SIMULATED:
        raise ConfigError(
            f"{where}: [checks] can be switched off for a simulated treadmill only. Leave that section out."
        )
    for name in PINS:
        pin = getattr(wiring, name)
        if pin is None:
            continue
        if pin in used:
            raise ConfigError(f"{where}: wiring.{name} and wiring.{used[pin]} both use pin {pin}. Give each its own.")
        used[pin] = name


def _sentence(problem: str, raw: dict[str, Any]) -> str:
    cap = raw.get("limits", {}).get("cap_kmh") if isinstance(raw.get("limits"), dict) else None
    if "`$.limits.cap_kmh`" in problem and isinstance(cap, (int, float)):
        return (
            f"limits.cap_kmh is {cap:g}; it must be between {MIN_CAP_KMH:g} and {MAX_CAP_KMH:g} km/h "
            "(3.5 mph is the most that any person can allow)."
        )
    return sentence(problem, raw, Config)
