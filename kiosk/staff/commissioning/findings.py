"""What commissioning has found so far, what it says of the treadmill, and the profile that follows. Pure data."""

from __future__ import annotations

from typing import Final

import msgspec

from hardware.config.profiles import UNCOMMISSIONED, Profile, Quirks, StopPoint
from hardware.link.messages import TreadmillFacts
from kiosk.staff.commissioning.measure import TrueSpeed, cap_ckmh, worst

LATENCY_MARGIN_S: Final = 0.5  # a start now and then takes a little longer than the ones measured
FALSE_ZERO_PERIODS: Final = 3
CAP_WITHOUT_TRUE_SPEED_CKMH: Final = UNCOMMISSIONED.cap_ckmh
PROFILE_CAP_MAX_CKMH: Final = 563  # what a profile can say at most; checked again when it is read

but = msgspec.structs.replace


class Identity(msgspec.Struct, frozen=True):
    """Which treadmill this is: what its figures are keyed by."""

    address: str
    model: str
    firmware: str


def identity_of(facts: TreadmillFacts) -> Identity:
    """Of the treadmill that is connected."""
    return Identity(facts.address, facts.model, facts.firmware)


class StopTrace(msgspec.Struct, frozen=True, kw_only=True):
    """One run's way to rest, for chart and page: seconds since the stop was written, 0.01 km/h."""

    kind: str  # "stop", "pause", "link" or "key"
    from_ckmh: int
    seconds: float | None  # upper bounds, as in measure.Stopped; None where it was not a stop of its own
    travel_mm: float | None
    react_s: float | None
    points: tuple[tuple[float, int], ...]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All that was measured. Speeds in the belt's true units as far as known when they were taken."""

    done: tuple[str, ...] = ()
    name: str = ""
    answered: bool | None = None
    told_min_ckmh: int = 0
    told_max_ckmh: int = 0
    told_increment_ckmh: int = 0
    top_ckmh: int = 0  # the fastest that the guard allows a commissioning here
    deck_mm: int | None = None
    belt_mm: int | None = None
    min_ckmh: int | None = None
    increment_ckmh: int | None = None
    overshoot_ckmh: int = 0
    start_latency_s: float | None = None
    data_period_s: float | None = None
    rise_ckmh_s: float | None = None
    fall_ckmh_s: float | None = None
    true: TrueSpeed | None = None
    scale: float = 1.0
    stops: tuple[StopPoint, ...] = ()
    traces: tuple[StopTrace, ...] = ()
    stop_ignored: bool = False
    pause_works: bool | None = None
    link_stops: bool | None = None
    incline_dpct: int | None = None  # the steepest that was measured; None: not tried, or there is none
    incline_s: float | None = None
    key_told: bool | None = None
    key_seconds: float | None = None
    control_back: bool | None = None
    false_zeros: bool = False
    quirks: Quirks = Quirks()
    provisional: bool = False  # a profile of what was found so far has been written, and holds


def stop_point(trace: StopTrace, ratio: float) -> StopPoint | None:
    """The stop of *trace*, its travel raised where the belt is known to be faster than it says."""
    if trace.seconds is None or trace.travel_mm is None or trace.from_ckmh <= 0:
        return None
    return StopPoint(trace.from_ckmh, round(trace.seconds, 3), round(trace.travel_mm * max(1.0, ratio), 1))


def ratio_of(found: Findings) -> float:
    """True over told speed as it still stands uncorrected."""
    return found.true.ratio if found.true is not None else 1.0


def points_of(found: Findings) -> tuple[StopPoint, ...]:
    """The worst stop of each speed, raised by the true speed."""
    raised = (StopPoint(p.ckmh, p.seconds, round(p.travel_mm * max(1.0, ratio_of(found)), 1)) for p in found.stops)
    return worst(raised)


def cap_of(found: Findings) -> int | None:
    """The cap that follows, 0.01 km/h; None: the treadmill must not be controlled."""
    if found.deck_mm is None or found.min_ckmh is None:
        return None
    cap = cap_ckmh(points_of(found), found.deck_mm, found.min_ckmh, found.increment_ckmh or 0)
    if cap is None:
        return None
    if found.true is None:
        cap = min(cap, CAP_WITHOUT_TRUE_SPEED_CKMH)
    return min(cap, PROFILE_CAP_MAX_CKMH)


def quirks_of(found: Findings) -> Quirks:
    """The quirks that were found, for the profile."""
    period_s = found.data_period_s or 1.0
    return but(
        found.quirks,
        no_request_control_answer=found.answered is False,
        pause_unsupported=found.pause_works is not True,
        zero_debounce_s=round(FALSE_ZERO_PERIODS * period_s, 2) if found.false_zeros else 0.0,
    )


def quirk_names(quirks: Quirks) -> tuple[str, ...]:
    """Each departure from the usual as ``name`` or ``name = value``."""
    usual = msgspec.to_builtins(Quirks())
    names = []
    for name, value in msgspec.to_builtins(quirks).items():
        if value != usual[name]:
            names.append(name if value is True else f"{name} = {str(value).lower()}")
    return tuple(names)


def provisional_profile(found: Findings, who: Identity) -> Profile:
    """What must hold for the rest of the commissioning: quirks and scale. It allows no session."""
    return Profile(
        name=(found.name or who.model)[:60],
        address=who.address,
        model=who.model,
        firmware=who.firmware,
        scale=round(found.scale, 4),
        quirks=but(quirks_of(found), pause_unsupported=found.quirks.pause_unsupported),
    )


def profile_of(found: Findings, who: Identity, *, signed_by: str, measured_on: str) -> Profile | None:
    """The profile to sign; None where the treadmill must not be controlled."""
    cap = cap_of(found)
    if cap is None or found.start_latency_s is None:
        return None
    points = points_of(found)
    beyond = next((p.ckmh for p in points if p.ckmh >= cap), points[-1].ckmh)
    return Profile(
        name=(found.name or who.model or who.address)[:60],
        address=who.address,
        model=who.model,
        firmware=who.firmware,
        commissioned=True,
        min_ckmh=found.min_ckmh,
        increment_ckmh=found.increment_ckmh,
        cap_ckmh=cap,
        start_latency_s=round(found.start_latency_s + LATENCY_MARGIN_S, 3),
        data_period_s=round(found.data_period_s or UNCOMMISSIONED.data_period_s, 3),
        stop_time_s=max(p.seconds for p in points if p.ckmh <= beyond),
        stops_on_link_loss=found.link_stops,
        deck_mm=found.deck_mm,
        belt_mm=found.belt_mm,
        scale=round(found.scale, 4),
        true_speed=found.true is not None,
        stops=points,
        signed_by=signed_by,
        measured_on=measured_on,
        quirks=quirks_of(found),
    )
