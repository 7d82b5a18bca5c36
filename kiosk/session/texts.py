"""Every text that the session needs, so that a missing one is found at start and not in front of a member."""

from __future__ import annotations

from kiosk.coach.screening import Screening
from kiosk.coach.week import DAYS, Week
from kiosk.session.view import CONSOLE, LEGEND
from kiosk.staff.caps import Source

REASONS = (
    "first", "next_step", "small_again", "unrated", "same", "once_more", "after_hold", "less", "pain_today",
    "after_gap", "longer", "longer_unchecked", "minute_a_week", "unchecked", "faster", "again_faster", "hill", "plan",
    "P5", "P6", "P7", "P8",
    "follow", "console",
)  # fmt: skip
WHYS = ("slipped", "break", "unsteady", "pain", "tired", "chest", "other")
TALKS = ("default", "not_today", "unwell", "check", "machine", "rest", "week", "locked")
TILES = ("link", "still", "flat", "red", "clip_on", "key", "staff", "area", "shoes", "clip_pull", "clip_close")
ITEMS = ("person", "belt", "red", "clip", "link", "still", "key")


def keys(screening: Screening, week: Week) -> frozenset[str]:
    """The keys, for ``load_content(required=...)``."""
    return frozenset(
        [
            *LEGEND,
            CONSOLE,
            *(f"question.{id_}" for id_ in screening.questions),
            *(f"reason.{name}" for name in REASONS),
            *(f"why.{name}" for name in WHYS),
            *(f"talk.{name}" for name in TALKS),
            *(f"check.{name}.name" for name in TILES),
            *(f"reset.item.{name}" for name in ITEMS),
            *(f"cap.{source.value}" for source in Source),
            *(f"day.{name}" for name in DAYS),
            *(f"day_short.{name}" for name in DAYS),
            *(f"take_home.{item.id}" for item in week.take_home),
            "take_home.care",
            "keypad.wrong_code", "keypad.wrong_pin", "keypad.no_record",
            "preview.new_speed", "preview.new_hill", "preview.minutes.one", "preview.minutes.other",
            "next.guest", "next.from_day", "next.own_day", "next.staff", "unit.mph", "unit.kmh", "unit.minutes",
            "reset.guard_silent",
        ]
    )  # fmt: skip
