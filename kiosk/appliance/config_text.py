"""The configuration file as setup writes it: from answers, checked, with a word on each part."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from hardware.config import Config, ConfigError, WiringLevel, parse_config
from hardware.config.profiles import toml_text
from hardware.units import SpeedUnit


class Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What setup asks, and what --answers FILE may hold (TOML, any of these)."""

    gym_name: str = "Our gym"
    treadmill_label: str = "Treadmill 1"
    language: str = "en"
    units: str = "mph"
    screen_px: Annotated[str, Meta(pattern=r"^\d{3,4}x\d{3,4}$")] = "1920x1080"
    screen_width_mm: float = 597.0
    viewing_distance_m: float = 3.0
    position: str = "rear"
    volume: int = 2
    sound: bool = True
    level: str = "H0"
    chip_label: str | None = None
    clip: int = 17
    red_button: int = 27
    amber_button: int | None = None
    permit: int | None = None
    permit_readback: int | None = None
    alarm: int | None = None
    deck_open_end: int | None = None
    deck_motor_end: int | None = None
    belt_pickup: int | None = None
    pickup_mm: int = 200
    test_pulse: int | None = None
    treadmill: str | None = None  # its Bluetooth address
    adapter: str | None = None
    cap_kmh: float = 2.0
    max_incline_percent: float = 0.0


WIRES: Final = (
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


def width_mm(diagonal_inch: float, width_px: int, height_px: int) -> float:
    """How wide a panel of *diagonal_inch* is, in mm, with square pixels."""
    return round(diagonal_inch * 25.4 * width_px / math.hypot(width_px, height_px), 1)


def answers_of(config: Config) -> Answers:
    """What a configuration that is there already answers."""
    wires: dict[str, Any] = {name: getattr(config.wiring, name) for name in WIRES}
    return Answers(
        gym_name=config.gym.name,
        treadmill_label=config.gym.treadmill_label,
        language=config.gym.language,
        units=config.gym.units.value,
        screen_px=f"{config.screen.width_px}x{config.screen.height_px}",
        screen_width_mm=config.screen.width_mm,
        viewing_distance_m=config.screen.viewing_distance_m,
        position=config.screen.position.value,
        volume=config.sound.volume,
        sound=config.sound.enabled,
        level=config.wiring.level.value,
        chip_label=config.wiring.chip_label,
        pickup_mm=config.wiring.pickup_mm,
        treadmill=config.treadmill.address,
        adapter=config.treadmill.adapter,
        cap_kmh=config.limits.cap_kmh,
        max_incline_percent=config.limits.max_incline_percent,
        **wires,
    )


def read_answers(text: str, where: str) -> Answers:
    """The answers in a TOML file. Raises ConfigError with a sentence."""
    import tomllib

    try:
        return msgspec.convert(tomllib.loads(text), Answers)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        known = ", ".join(Answers.__struct_fields__)
        raise ConfigError(f"{where}: {error}. It may hold: {known}.") from error


def config_text(answers: Answers, data: str) -> str:
    """The file. Raises ConfigError where the answers contradict each other or are out of range."""
    width, height = (int(part) for part in answers.screen_px.split("x"))
    lines = [
        "# Written by retrowalk setup. By hand is fine too: what is misspelt or out of range is refused with a",
        "# sentence at the next start. The file before this one is beside it as .1",
        "[gym]",
        f"name = {toml_text(answers.gym_name)}",
        f"treadmill_label = {toml_text(answers.treadmill_label)}",
        f"language = {toml_text(answers.language)}",
        f"units = {toml_text(answers.units)}",
        "",
        "[treadmill]",
        *(
            [f"address = {toml_text(answers.treadmill)}"]
            if answers.treadmill
            else ["# address: bound on the staff's desk, or: sudo retrowalk setup --again treadmill"]
        ),
        *([f"adapter = {toml_text(answers.adapter)}"] if answers.adapter else []),
        "",
        "[limits]",
        f"cap_kmh = {answers.cap_kmh:g}",
        *([f"max_incline_percent = {answers.max_incline_percent:g}"] if answers.max_incline_percent else []),
        "",
        "[wiring]",
        "# H0: Bluetooth alone stops the belt, supervised use. H1, H2: a permit relay as well (guide/wiring.md).",
        f"level = {toml_text(answers.level)}",
        *([f"chip_label = {toml_text(answers.chip_label)}"] if answers.chip_label else []),
        *(f"{name} = {getattr(answers, name)}" for name in WIRES if getattr(answers, name) is not None),
        *([f"pickup_mm = {answers.pickup_mm}"] if answers.belt_pickup is not None else []),
        "",
        "[screen]",
        f"width_px = {width}",
        f"height_px = {height}",
        f"width_mm = {answers.screen_width_mm:g}",
        f"viewing_distance_m = {answers.viewing_distance_m:g}",
        *([f"position = {toml_text(answers.position)}"] if answers.position != Answers().position else []),
        "",
        "[sound]",
        f"volume = {answers.volume}",
        *([] if answers.sound else ["enabled = false"]),
        "",
        "[data]",
        f"directory = {toml_text(data)}",
        "",
    ]
    text = "\n".join(lines)
    parse_config(text, "what was answered")
    return text


UNITS: Final = tuple(unit.value for unit in SpeedUnit)
LEVELS: Final = tuple(level.value for level in WiringLevel)
