"""What is known of one treadmill: model, quirks, measured stop. Data, read by belt and guard alike.

A profile is a TOML file in ``profiles/`` of the data directory, keyed by address and by model and firmware
(safety.md P11): without one, or with changed firmware, nothing above the uncommissioned limits is allowed.
Quirk numbers are those of treadmills.md section 3.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from hardware.config.words import sentence
from hardware.constants import (
    CAP_MAX_CKMH,
    CAP_UNCOMMISSIONED_CKMH,
    START_TIMEOUT_MARGIN_S,
    START_TIMEOUT_S,
    STOP_BUDGET_FACTOR,
    STOP_BUDGET_MARGIN_S,
    STOP_BUDGET_UNCOMMISSIONED_S,
    TELEMETRY_PERIODS,
    TELEMETRY_STALE_MIN_S,
)
from hardware.units import CKMH_PER_MPH

Seconds = Annotated[float, Meta(ge=0, le=60)]


class ProfileError(Exception):
    """A profile file cannot be used; the text says why."""


class Quirks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ways in which this machine departs from FTMS; every default is the specification's way."""

    no_request_control_answer: bool = False  # quirk 1: obeys, but never answers 00
    start_before_speed: bool = True  # quirk 2, 5: False = speed first, never 07 at rest
    toggle_start: bool = False  # quirk 3: 07 to a running belt stops it
    toggle_stop: bool = False  # quirk 12: 08 to a resting belt starts it
    pause_unsupported: bool = True  # quirk 12: 08 02 is no rung of the ladder unless measured
    mph_units: bool = False  # quirk 19: writes and reads mph where km/h is meant
    write_without_response: bool = False  # quirk 33: last resort
    min_write_interval_s: Seconds = 0.25  # quirk 20: only one of three quick presses is applied
    zero_debounce_s: Seconds = 0.0  # quirk 16: transient zeros while running
    no_speed_while_starting: bool = True  # quirk 4: a speed during spin-up drops the link


class StopPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measured stop, the worst at its speed: how long, and how far the belt ran on."""

    ckmh: Annotated[int, Meta(ge=1, le=CAP_MAX_CKMH)]
    seconds: Annotated[float, Meta(gt=0, le=60)]
    travel_mm: Annotated[float, Meta(gt=0, le=100_000)]


def ckmh_per_told(*, mph: bool, factor: float) -> Decimal:
    """What one of its hundredths is: some mean mph (quirk 19), some run at a *factor* of their own."""
    return (CKMH_PER_MPH / 100 if mph else Decimal(1)) * Decimal(str(factor))


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One treadmill as measured. All speeds are the belt's true ones, 0.01 km/h; times in seconds, lengths in mm.

    Where the treadmill's figures are off, ``quirks.mph_units`` or ``scale`` say so, and the belt process puts them
    right in both directions: guard and kiosk know true speeds only.
    """

    name: str = "uncommissioned"
    address: str | None = None
    model: str | None = None
    firmware: str | None = None
    commissioned: bool = False
    min_ckmh: Annotated[int, Meta(ge=0, le=CAP_MAX_CKMH)] | None = None  # None: as 2AD4 says
    increment_ckmh: Annotated[int, Meta(ge=0, le=200)] | None = None
    cap_ckmh: Annotated[int, Meta(ge=0, le=CAP_MAX_CKMH)] = CAP_UNCOMMISSIONED_CKMH
    start_latency_s: Seconds = 6.5  # slowest start seen: 6.2 s (quirk 9)
    data_period_s: Seconds = 1.0
    stop_time_s: Seconds | None = None  # worst measured; None until commissioned
    stops_on_link_loss: bool | None = None
    follow_allowed: bool = False  # by staff: walks that the member sets at the console (Purpose.FOLLOW)
    deck_mm: Annotated[int, Meta(ge=900, le=3000)] | None = None  # that one can walk on
    belt_mm: Annotated[int, Meta(ge=1800, le=8000)] | None = None  # once around
    scale: Annotated[float, Meta(ge=0.4, le=2.5)] = 1.0  # true speed / what its figures mean
    true_speed: bool = False  # the belt's true speed was measured by its tape mark
    stops: tuple[StopPoint, ...] = ()  # by rising speed
    signed_by: Annotated[str, Meta(max_length=80)] | None = None
    measured_on: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    quirks: Quirks = Quirks()

    @property
    def ckmh_per_told(self) -> Decimal:
        """True 0.01 km/h to each 0.01 that the treadmill tells or is told."""
        return ckmh_per_told(mph=self.quirks.mph_units, factor=self.scale)

    @property
    def limit_ckmh(self) -> int:
        """The hard cap that this profile gives: beyond 2.0 km/h only what was measured throughout (safety.md 5.2)."""
        proved = self.commissioned and self.true_speed and self.stops
        return self.cap_ckmh if proved else min(self.cap_ckmh, CAP_UNCOMMISSIONED_CKMH)

    @property
    def stop_budget_s(self) -> float:
        """How long a stop may take before the alarm (safety.md, the stop ladder)."""
        if self.stop_time_s is None:
            return STOP_BUDGET_UNCOMMISSIONED_S
        return self.stop_time_s * STOP_BUDGET_FACTOR + STOP_BUDGET_MARGIN_S

    @property
    def start_timeout_s(self) -> float:
        """How long `07` may take to show motion."""
        return max(START_TIMEOUT_S, self.start_latency_s + START_TIMEOUT_MARGIN_S)

    @property
    def stale_s(self) -> float:
        """Treadmill Data older than this is no data."""
        return max(TELEMETRY_PERIODS * self.data_period_s, TELEMETRY_STALE_MIN_S)


UNCOMMISSIONED: Final = Profile()


def parse_profile(text: str, where: str = "profile") -> Profile:
    """Check the text of a profile file. Raises ProfileError with a sentence for staff."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where} is not a usable treadmill profile: {error}.") from error
    try:
        profile = msgspec.convert(raw, Profile)
    except msgspec.ValidationError as error:
        why = sentence(str(error), raw, Profile)
        raise ProfileError(f"{where} is not a usable treadmill profile: {why}") from error
    problem = contradiction(profile)
    if problem:
        raise ProfileError(f"{where} is not a usable treadmill profile: {problem} Commission this treadmill again.")
    return profile


def contradiction(profile: Profile) -> str:
    """What in *profile* cannot be true together, as a sentence; empty where nothing is wrong."""
    speeds = [point.ckmh for point in profile.stops]
    if speeds != sorted(set(speeds)):
        return "its stops are not listed by rising speed."
    if not profile.commissioned or not profile.stops:
        return ""
    if profile.address is None:
        return "it is commissioned, but names no address."
    if profile.cap_ckmh > speeds[-1]:
        return (
            f"its cap of {profile.cap_ckmh / 100:.2f} km/h is above the fastest stop that was measured "
            f"({speeds[-1] / 100:.2f} km/h)."
        )
    if profile.stop_time_s is None or profile.stop_time_s < _at(profile, "seconds") - 0.01:
        return "its stop time is less than what was measured at its cap."
    if profile.deck_mm is not None and _at(profile, "travel_mm") > profile.deck_mm / 2 + 1:
        return "at its cap the belt runs on for more than half of the deck."
    return ""


def _at(profile: Profile, what: Literal["seconds", "travel_mm"]) -> float:
    """Stop time or travel at the cap, in a straight line between the speeds measured."""
    below = [point for point in profile.stops if point.ckmh <= profile.cap_ckmh]
    above = [point for point in profile.stops if point.ckmh >= profile.cap_ckmh]
    if not below or not above or below[-1] == above[0]:
        point = above[0] if above else below[-1]
        return float(getattr(point, what))
    low, high = below[-1], above[0]
    share = (profile.cap_ckmh - low.ckmh) / (high.ckmh - low.ckmh)
    first, second = float(getattr(low, what)), float(getattr(high, what))
    return first + (second - first) * share


def profile_toml(profile: Profile) -> str:
    """*profile* as the text of its file; what is at its default is left out."""
    plain = msgspec.to_builtins(profile)
    usual = msgspec.to_builtins(UNCOMMISSIONED)
    stops, quirks = plain.pop("stops"), plain.pop("quirks")
    lines = ["# Written by commissioning. To change it, commission the treadmill again."]
    lines += [_line(key, value) for key, value in plain.items() if value != usual[key]]
    for point in stops:
        lines += ["", "[[stops]]", *(_line(key, value) for key, value in point.items())]
    changed = [_line(key, value) for key, value in quirks.items() if value != usual["quirks"][key]]
    if changed:
        lines += ["", "[quirks]", *changed]
    return "\n".join(lines) + "\n"


def _line(key: str, value: object) -> str:
    if isinstance(value, bool):
        return f"{key} = {str(value).lower()}"
    if isinstance(value, float):
        return f"{key} = {round(value, 4)!r}"
    return f"{key} = {value}" if isinstance(value, int) else f"{key} = {toml_text(str(value))}"


def toml_text(text: str) -> str:
    """*text* as a basic string of TOML."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def profile_path(directory: Path, address: str) -> Path:
    """Where the profile of *address* is kept below the data *directory*."""
    return directory / "profiles" / f"{address.replace(':', '-')}.toml"


def load_profile(directory: Path, address: str | None) -> Profile:
    """The profile of *address*, or UNCOMMISSIONED where there is none. Raises ProfileError for a bad file."""
    if address is None:
        return UNCOMMISSIONED
    path = profile_path(directory, address)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return UNCOMMISSIONED
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"The treadmill profile {path} cannot be read: {error}.") from error
    profile = parse_profile(text, str(path))
    if profile.address != address:
        raise ProfileError(f"{path} is a profile of {profile.address}, not of {address}. Commission this treadmill.")
    return profile


def usable_profile(directory: Path, address: str | None, say: Callable[[str], None]) -> Profile:
    """As load_profile, for whoever only stops: a file that cannot be used is said, and the longest budget counts."""
    try:
        return load_profile(directory, address)
    except ProfileError as error:
        say(f"{error} It is stopped as one that was never measured.")
        return UNCOMMISSIONED
