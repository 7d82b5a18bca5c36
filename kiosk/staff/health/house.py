"""What belongs to the kiosk itself: configuration, treadmill, profile, the guard and its wires."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hardware.config import Config, ConfigError, LinkKind, PinsKind, load_config
from hardware.config.profiles import ProfileError, load_profile
from hardware.link.messages import LinkState, ResetBy, Status
from kiosk.staff.health.finding import Finding, blind, fine, todo


@dataclass(frozen=True, slots=True)
class WireLook:
    """What ``retrowalk guard --check`` has found. *error*: it could not look."""

    lines: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    error: str = ""


def configuration(path: Path) -> tuple[Finding, Config | None]:
    """The configuration file, read as every process reads it."""
    if not path.exists():
        return todo("config", "missing", path=str(path)), None
    try:
        config = load_config(path)
    except ConfigError as error:
        if _not_allowed(error):  # the file is in order; whoever asks may not see all of it
            return blind("config", "hidden"), None
        return todo("config", "bad", detail=str(error)), None
    if config.simulated:
        return fine("config", "simulated", path=str(path)), config
    return fine("config", "fine", path=str(path)), config


def _not_allowed(error: BaseException | None) -> bool:
    return isinstance(error, PermissionError) or (error is not None and _not_allowed(error.__cause__))


def guard(status: Status | None, *, kiosk_runs: bool, alone: bool = False) -> Finding:
    """Whether the guard answers, and what it waits for. *alone*: it runs, and no kiosk does."""
    if alone:
        return todo("guard", "alone")
    if status is None:
        return todo("guard", "silent") if kiosk_runs else fine("guard", "not_running")
    if status.reset_by is ResetBy.STAFF:  # a member resets the rest in passing
        cause = "" if status.cause is None else status.cause.value
        return todo("guard", "latched", cause=cause)
    return fine("guard", "fine", late=status.ticks_late)


def wires(config: Config | None, status: Status | None, look: WireLook | None) -> tuple[Finding, ...]:
    """The wires: by the guard's word where it runs, else by a look of our own."""
    if config is None:
        return ()
    if config.wiring.pins is PinsKind.SIMULATED:
        return (fine("wires", "simulated"),)
    if status is not None:
        if status.inputs.fault:
            return (todo("wires", "trouble", detail=status.inputs.fault),)
        found = [] if status.inputs.red_closed else [todo("wires", "red_open")]
        return tuple(found) or (fine("wires", "fine"),)
    if look is None:
        return (blind("wires", "not_looked"),)
    if look.error:
        return (todo("wires", "no_pins", detail=look.error),)
    if look.missing:
        return tuple(todo("wires", "trouble", detail=sentence) for sentence in look.missing)
    return (fine("wires", "fine"),)


def treadmill(config: Config | None, directory: Path, status: Status | None) -> tuple[Finding, ...]:
    """Which treadmill, how it is reached, and whether it was commissioned."""
    if config is None:
        return ()
    facts = None if status is None else status.facts
    found: list[Finding] = []
    if status is not None:
        if status.link is LinkState.READY or (status.follow and status.link is LinkState.READ_ONLY):
            name = "-" if facts is None else facts.name or facts.address[-5:]
            found.append(fine("link", "ready", name=name))
        elif status.link is LinkState.READ_ONLY:
            found.append(todo("link", "read_only", detail=status.trouble))
        else:
            found.append(todo("link", "away", detail=status.trouble))
    if config.treadmill.link is LinkKind.SIMULATED:
        return (*found, fine("treadmill", "simulated"))
    address = config.treadmill.address
    if address is None:
        return (*found, todo("treadmill", "unbound"))
    found.append(fine("treadmill", "bound", last=address[-5:]))
    try:
        profile = load_profile(directory, address)
    except ProfileError as error:
        return (*found, todo("profile", "bad", detail=str(error)))
    if profile.follow_allowed and facts is not None and not facts.can_speed:
        same = (facts.model, facts.firmware) == (profile.model or "", profile.firmware or "")
        return (*found, fine("profile", "follow") if same else todo("profile", "follow_changed", now=facts.firmware))
    if not profile.commissioned:
        return (*found, todo("profile", "none"))
    if facts is not None and (facts.model, facts.firmware) != (profile.model, profile.firmware):
        return (*found, todo("profile", "changed", now=facts.firmware, then=profile.firmware or "?"))
    return (*found, fine("profile", "fine", cap=f"{profile.cap_ckmh / 100:.2f}"))


def opening(status: Status | None) -> tuple[Finding, ...]:
    """The opening check of the day."""
    if status is None or not status.opening.needed:
        return ()
    left_s = status.opening.valid_left_s
    if left_s is None:
        return (todo("opening", "due"),)
    return (fine("opening", "fine", hours=f"{left_s / 3600:.0f}"),)
