"""What is true of a simulated machine, in km/h as the belt goes, for benches that measure it. Never for the product.

A machine's own numbers may be in mph and its answers may be lies; these are what a tape measure and a stop-watch
beside it would say. Speeds 0.01 km/h, inclines 0.1 %, times seconds, travel metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hardware.simulated.machines import Answers, LinkLoss, Machine, Pause, Ranges, Speed, Start, Stop

METRES_PER_CKMH_S: Final = 0.01 / 3.6

_NEEDS_A_HAND: Final = frozenset((Start.NEEDS_HAND, Start.IGNORED))


@dataclass(frozen=True, slots=True)
class Truth:
    """One machine as it is."""

    key: str
    mph_units: bool  # speaks 0.01 mph where 0.01 km/h is meant, both ways
    reports_truly: bool  # False: what it reports is not the belt's true speed (in km/h)
    min_ckmh: int
    max_ckmh: int
    increment_ckmh: int
    tells_ranges: bool  # 2AD4 is there and not all zero
    has_incline: bool
    max_dpct: int
    increment_dpct: int
    has_control_point: bool  # False: follow mode
    answers_control: bool  # `00` is answered
    needs_pairing: bool
    start: Start
    starts_by_itself: bool  # `07` or a speed is enough: no hand at the console
    start_latency_s: float  # the start's arrival to the belt's first motion
    takes_speed: bool
    react_s: float  # a command's arrival to the first change
    stop_decel_ckmh_s: float
    stop_works: bool  # `08 01` alone brings it to rest
    toggle_start: bool  # `07` to a running belt stops it
    toggle_stop: bool  # `08` to a resting belt starts it
    pause: Pause
    link_loss: LinkLoss
    link_loss_s: float | None  # the loss to the first change
    period_s: float  # of its Treadmill Data

    @property
    def pause_works(self) -> bool:
        """True if `08 02` alone brings a moving belt to rest."""
        return self.pause in (Pause.SPEC, Pause.TOGGLE, Pause.COASTS)

    @property
    def stops_on_link_loss(self) -> bool:
        """True if it comes to rest by itself."""
        return self.link_loss is not LinkLoss.CONTINUES

    def stop_time_s(self, speed_ckmh: float) -> float:
        """From the arrival of `08 01` to rest, from a steady *speed_ckmh*."""
        return self.react_s + speed_ckmh / self.stop_decel_ckmh_s

    def stop_travel_m(self, speed_ckmh: float) -> float:
        """How far the belt goes in that time."""
        ramp = speed_ckmh * speed_ckmh / (2 * self.stop_decel_ckmh_s)
        return (speed_ckmh * self.react_s + ramp) * METRES_PER_CKMH_S


def truth_of(machine: Machine) -> Truth:
    """The truth of *machine*, without any mischief."""
    habits = machine.habits
    scale = habits.write_scale
    return Truth(
        key=machine.key,
        mph_units=scale > 1.0,
        reports_truly=habits.report_scale == 1.0,
        min_ckmh=round(machine.min_ckmh * scale),
        max_ckmh=round(machine.max_ckmh * scale),
        increment_ckmh=round(machine.increment_ckmh * scale),
        tells_ranges=habits.speed_range is Ranges.SPEC,
        has_incline=machine.has_incline,
        max_dpct=machine.max_dpct,
        increment_dpct=machine.increment_dpct,
        has_control_point=machine.has_control_point,
        answers_control=habits.answers_control and habits.answers is not Answers.LOST,
        needs_pairing=habits.needs_pairing,
        start=habits.start,
        starts_by_itself=habits.start not in _NEEDS_A_HAND and machine.has_control_point,
        start_latency_s=habits.start_latency_s,
        takes_speed=machine.can_speed and habits.speed is Speed.SPEC,
        react_s=habits.react_s,
        stop_decel_ckmh_s=habits.stop_decel_ckmh_s,
        stop_works=habits.stop in (Stop.SPEC, Stop.TOGGLE),
        toggle_start=habits.start is Start.TOGGLE,
        toggle_stop=habits.stop is Stop.TOGGLE,
        pause=habits.pause,
        link_loss=machine.link_loss,
        link_loss_s=habits.link_loss_stop_s,
        period_s=habits.period_s,
    )
