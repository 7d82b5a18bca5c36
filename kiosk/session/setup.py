"""What does not change while the kiosk runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from hardware.units import SpeedUnit
from kiosk.coach.screening import Screening
from kiosk.content import Content


@dataclass(frozen=True, slots=True)
class Display:
    """What the kiosk draws on, for Diagnostics."""

    driver: str  # SDL's video driver
    renderer: str  # SDL_RENDER_DRIVER, or what SDL chooses
    width: int
    height: int
    too_small: bool  # for the configured distance
    silent: str  # why nobody hears it; empty if all is well


@dataclass(frozen=True, slots=True)
class Setup:
    """What does not change while the kiosk runs."""

    content: Content
    screening: Screening
    gym_name: str
    treadmill_label: str
    units: SpeedUnit
    language: str
    volume: int
    config_cap_ckmh: int
    config_max_dpct: int
    simulated: bool
    supervised: bool  # wiring level H0: staff have to be present
    puller: bool  # wiring level H1: a hard stop takes the treadmill's own key, and a hand has to put it back
    new_id: Callable[[], str]
    today: Callable[[], date]
    display: Display | None = None  # what it is shown on; None: nobody sees it
