"""What a treadmill, its radio or a bystander may do wrong, by name: turned on and off while the world runs.

A *habit* changes how the machine behaves for as long as it is on; a *deed* happens once, when it is turned on. Each
says what it does in words a demo can show, and where it was seen (treadmills.md section 3, safety.md 1b and its
hazards, bluez.md facts).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from hardware.simulated.machines import (
    KMH_PER_MILE,
    Advert,
    Answers,
    Bluetooth,
    Habits,
    Pause,
    Ranges,
    Speed,
    Start,
    Stop,
    Telemetry,
    Training,
)

Change = Callable[[Habits], Habits]


class Deed(StrEnum):
    """Something that happens once."""

    CONTROL_LOST = "control_lost"
    CONSOLE_PLUS = "console_plus"
    CONSOLE_MINUS = "console_minus"
    CONSOLE_STOP = "console_stop"
    CONSOLE_PAUSE = "console_pause"
    CONSOLE_START = "console_start"
    LINK_DROPPED = "link_dropped"


@dataclass(frozen=True, slots=True)
class Mischief:
    """One bad habit, or one deed."""

    name: str
    says: str
    source: str
    change: Change | None = None
    deed: Deed | None = None


def _slow_decel(habits: Habits) -> Habits:
    return replace(habits, stop_decel_ckmh_s=habits.stop_decel_ckmh_s / 4, decel_ckmh_s=habits.decel_ckmh_s / 4)


def _mph(habits: Habits) -> Habits:
    return replace(habits, write_scale=KMH_PER_MILE, report_scale=1 / KMH_PER_MILE)


_ALL: Final = (
    # ---- start
    Mischief("late_start", "start takes 7 s", "quirk 9", change=lambda h: replace(h, start_latency_s=7.0)),
    Mischief(
        "never_starts",
        "start is accepted, the belt stays",
        "QZ#1503",
        change=lambda h: replace(h, start=Start.IGNORED),
    ),
    Mischief(
        "start_toggles",
        "start to a running belt stops it",
        "QZ#5100",
        change=lambda h: replace(h, start=Start.TOGGLE),
    ),
    Mischief(
        "start_loops",
        "a second start begins the countdown anew",
        "QZ#4066",
        change=lambda h: replace(h, start=Start.LOOPS),
    ),
    Mischief(
        "start_needs_hand",
        "start waits for the console's own start key",
        "QZ#571",
        change=lambda h: replace(h, start=Start.NEEDS_HAND),
    ),
    Mischief(
        "starts_by_itself",
        "the belt starts 3 s after a connection",
        "QZ#923",
        change=lambda h: replace(h, starts_itself_after_s=3.0),
    ),
    Mischief(
        "starts_fast",
        "resumes at the speed of the last session",
        "hazard 4",
        change=lambda h: replace(h, resumes_at_last_speed=True),
    ),
    # ---- stop
    Mischief(
        "stop_ignored", "stop is accepted, the belt goes on", "QZ#923", change=lambda h: replace(h, stop=Stop.IGNORED)
    ),
    Mischief(
        "stop_toggles",
        "stop to a resting belt starts it",
        "QZ#470",
        change=lambda h: replace(h, stop=Stop.TOGGLE, pause=Pause.TOGGLE),
    ),
    Mischief(
        "stop_needs_minimum",
        "stop acts only at the lowest speed",
        "QZ PR#4916",
        change=lambda h: replace(h, stop=Stop.NEEDS_MINIMUM),
    ),
    Mischief(
        "stop_and_pause_ignored",
        "neither stop nor pause does anything",
        "QZ#1503, QZ#4023",
        change=lambda h: replace(h, stop=Stop.IGNORED, pause=Pause.IGNORED),
    ),
    Mischief(
        "pause_slows",
        "stop is ignored, pause slows to 1 mph",
        "QZ#1850",
        change=lambda h: replace(h, stop=Stop.IGNORED, pause=Pause.SLOWS),
    ),
    Mischief(
        "pause_unsupported",
        "pause is refused",
        "QZ#1255",
        change=lambda h: replace(h, pause=Pause.UNSUPPORTED),
    ),
    Mischief("slow_decel", "slows down four times slower", "safety.md 5.2", change=_slow_decel),
    Mischief(
        "deaf_countdown",
        "a stop during the countdown is forgotten",
        "safety.md, Rest",
        change=lambda h: replace(h, countdown_deaf=True),
    ),
    # ---- speed
    Mischief("mph_units", "speaks mph where km/h is meant, both ways", "quirk 19, hazard 25", change=_mph),
    Mischief(
        "mph_commands",
        "takes commands in mph, reports km/h",
        "QZ#4716",
        change=lambda h: replace(h, write_scale=KMH_PER_MILE, report_scale=1.0),
    ),
    Mischief(
        "speed_ignored",
        "speeds are accepted and not taken",
        "QZ#2385",
        change=lambda h: replace(h, speed=Speed.IGNORED),
    ),
    Mischief(
        "quick_commands_dropped",
        "a command within 300 ms of another is lost",
        "QZ#470",
        change=lambda h: replace(h, command_gap_s=0.3),
    ),
    Mischief("runaway", "speeds up by itself", "QZ#3500", change=lambda h: replace(h, runaway_ckmh=800)),
    Mischief(
        "falls_back",
        "falls back to its minimum after 20 s",
        "QZ#2630",
        change=lambda h: replace(h, falls_back_after_s=20.0),
    ),
    Mischief(
        "stops_by_itself",
        "stops by itself after 20 s",
        "QZ#4019, QZ#3797",
        change=lambda h: replace(h, stops_itself_after_s=20.0),
    ),
    # ---- telemetry
    Mischief(
        "telemetry_frozen",
        "no more data, the belt goes on",
        "hazard 19",
        change=lambda h: replace(h, telemetry=Telemetry.SILENT),
    ),
    Mischief(
        "telemetry_stuck",
        "the same record for ever",
        "hazard 33",
        change=lambda h: replace(h, telemetry=Telemetry.STUCK),
    ),
    Mischief(
        "telemetry_garbage",
        "records that promise more than they hold",
        "hazard 33",
        change=lambda h: replace(h, telemetry=Telemetry.GARBAGE),
    ),
    Mischief(
        "telemetry_truncated",
        "records cut after the flags and one byte",
        "quirk 24",
        change=lambda h: replace(h, truncate_at=3),
    ),
    Mischief(
        "zero_frames",
        "every fourth record says 0.00 while running",
        "quirk 16",
        change=lambda h: replace(h, zero_every=4),
    ),
    Mischief(
        "reports_target",
        "reports the target, not 0, at rest",
        "quirk 16",
        change=lambda h: replace(h, reports_target=True),
    ),
    Mischief(
        "silent_at_rest", "no data while it stands", "assumed", change=lambda h: replace(h, silent_at_rest=True)
    ),
    # ---- answers
    Mischief(
        "ack_lost", "no indication ever comes", "bluez.md F5", change=lambda h: replace(h, answers=Answers.LOST)
    ),
    Mischief("ack_late", "indications come 3 s late", "treadmills.md 6", change=lambda h: replace(h, answer_s=3.0)),
    Mischief(
        "always_success",
        "everything is answered with success",
        "QZ#5100",
        change=lambda h: replace(h, answers=Answers.SUCCESS),
    ),
    Mischief(
        "commands_refused",
        "everything is answered with 05",
        "hazard 30",
        change=lambda h: replace(h, answers=Answers.REFUSED),
    ),
    Mischief(
        "commands_failed",
        "everything is answered with 04",
        "hazard 24",
        change=lambda h: replace(h, answers=Answers.FAILED),
    ),
    Mischief(
        "att_silent",
        "the radio lives, no request is ever answered",
        "bluez.md F4",
        change=lambda h: replace(h, answers=Answers.ATT_SILENT),
    ),
    Mischief(
        "att_error",
        "every write is refused",
        "treadmills.md 2",
        change=lambda h: replace(h, answers=Answers.ATT_ERROR),
    ),
    Mischief(
        "control_unanswered",
        "request control is never answered",
        "quirk 1",
        change=lambda h: replace(h, answers_control=False),
    ),
    Mischief(
        "control_refused",
        "request control is answered with 05",
        "hazard 30",
        change=lambda h: replace(h, grants_control=False),
    ),
    Mischief(
        "needs_pairing", "wants to be paired first", "FTMS 4.1", change=lambda h: replace(h, needs_pairing=True)
    ),
    # ---- status and ranges
    Mischief(
        "stale_status",
        "an old 'stopped' at every subscription",
        "hazard 32",
        change=lambda h: replace(h, stale_status=True),
    ),
    Mischief(
        "odd_status",
        "status with extra bytes, repeated while ramping",
        "quirk 25",
        change=lambda h: replace(h, status_extra=True, repeats_speed_status=True, training=Training.RESERVED),
    ),
    Mischief(
        "no_ranges",
        "no speed or incline range",
        "quirk 21",
        change=lambda h: replace(h, speed_range=Ranges.MISSING, incline_range=Ranges.MISSING),
    ),
    # ---- link
    Mischief(
        "link_cut", "the radio is silent", "bluez.md F2, hazard 19", change=lambda h: replace(h, radio_silent=True)
    ),
    Mischief(
        "slow_supervision",
        "a lost link is noticed after 20 s",
        "bluez.md F2",
        change=lambda h: replace(h, supervision_s=20.0),
    ),
    Mischief(
        "stops_on_link_loss",
        "the belt stops 5 s after the link is lost",
        "safety.md 2.6",
        change=lambda h: replace(h, link_loss_stop_s=5.0),
    ),
    Mischief(
        "slow_radio",
        "each exchange takes 200 ms more",
        "treadmills.md 6",
        change=lambda h: replace(h, air_s=h.air_s + 0.1),
    ),
    Mischief(
        "flaky_connect",
        "two attempts to connect fail",
        "bluez.md F19",
        change=lambda h: replace(h, connects_failing=2),
    ),
    Mischief("vanished", "it does not advertise", "quirk 31", change=lambda h: replace(h, advert=Advert.ABSENT)),
    Mischief(
        "in_use", "another phone holds its one link", "hazard 30", change=lambda h: replace(h, advert=Advert.IN_USE)
    ),
    Mischief("twin", "a second one with the same name is near", "hazard 31", change=lambda h: replace(h, twin=True)),
    Mischief(
        "bluetooth_hung",
        "the host's Bluetooth service hangs, then delivers late",
        "bluez.md F14",
        change=lambda h: replace(h, bluetooth=Bluetooth.HUNG),
    ),
    Mischief(
        "bluetooth_killed",
        "the host's Bluetooth service dies, nobody is told",
        "bluez.md F11",
        change=lambda h: replace(h, bluetooth=Bluetooth.KILLED),
    ),
    # ---- deeds
    Mischief("control_lost", "takes control back (FF)", "hazard 30", deed=Deed.CONTROL_LOST),
    Mischief("console_plus", "somebody holds + at the console", "hazard 28", deed=Deed.CONSOLE_PLUS),
    Mischief("console_minus", "somebody holds - at the console", "hazard 28", deed=Deed.CONSOLE_MINUS),
    Mischief("console_stop", "somebody presses stop at the console", "hazard 29", deed=Deed.CONSOLE_STOP),
    Mischief("console_pause", "somebody presses pause at the console", "hazard 29", deed=Deed.CONSOLE_PAUSE),
    Mischief("console_start", "somebody presses start at the console", "hazard 29", deed=Deed.CONSOLE_START),
    Mischief("link_dropped", "the machine ends the link", "bluez.md F1", deed=Deed.LINK_DROPPED),
)

MISCHIEF: Final[dict[str, Mischief]] = {mischief.name: mischief for mischief in _ALL}


def misbehaving(habits: Habits, names: Iterable[str]) -> Habits:
    """*habits* with the named mischief on, in the order of the table whatever the order of switching."""
    on = frozenset(names)
    for mischief in _ALL:
        if mischief.name in on and mischief.change is not None:
            habits = mischief.change(habits)
    return habits
