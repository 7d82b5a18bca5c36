"""What is known of one treadmill: model, quirks, measured stop. Data, read by belt and guard alike.

A profile is a TOML file in ``profiles/`` of the data directory, keyed by address and by model and firmware
(safety.md P11): without one, or with changed firmware, nothing above the uncommissioned limits is allowed.
Quirk numbers are those of treadmills.md section 3.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

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


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One treadmill as measured. All speeds 0.01 km/h, times in seconds."""

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
    quirks: Quirks = Quirks()

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
        return msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProfileError(f"{where} is not a usable treadmill profile: {error}.") from error


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
