"""The week: which program belongs to which day, what has been done, and what can be done without a treadmill. Pure.

A plan of days decides nothing: what may be walked is progression's to say. It only tells which of several comes
first.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from kiosk.coach.progression import Proposal
from kiosk.coach.standing import Visit

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class WeekError(Exception):
    """The file of the week cannot be used; the text says what to change."""


class TakeHome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something for a day without a treadmill, and for whom it is not."""

    id: str
    source: str
    not_with: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sample: dict[str, str]
    take_home: tuple[TakeHome, ...] = ()


@dataclass(frozen=True, slots=True)
class Week:
    """Programs by day of the week (0 = Monday), and take-home alternatives."""

    programs: Mapping[int, str]
    take_home: tuple[TakeHome, ...] = ()

    def on(self, day: date) -> str | None:
        """The program that belongs to *day*."""
        return self.programs.get(day.weekday())


def parse_week(text: str, programs: Collection[str], where: str = "week.toml") -> Week:
    """Read the file's text. Raises WeekError."""
    try:
        spec = msgspec.convert(tomllib.loads(text), _File)
    except tomllib.TOMLDecodeError as error:
        raise WeekError(f"{where} is not valid TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise WeekError(f"{where}: {error}.") from error
    for day, program in spec.sample.items():
        if day not in DAYS:
            raise WeekError(f'{where}: "{day}" is no day; write one of {", ".join(DAYS)}.')
        if program not in programs:
            raise WeekError(f'{where}: there is no program "{program}".')
    return Week({DAYS.index(day): program for day, program in spec.sample.items()}, spec.take_home)


MOST_DAYS: Final = 3
"""Sessions a week at most (coaching section 3, week limits); a plan holds no more days than may be walked."""


def days_in(week: Week) -> tuple[int, ...]:
    """The days of a week's plan, 0 = Monday."""
    return tuple(sorted(week.programs))


def may_choose(days: Collection[int], day: int) -> bool:
    """Whether *day* can join *days*: three at most, and a day of rest on both sides of each, over Sunday too."""
    rested = not {(day - 1) % 7, day, (day + 1) % 7} & set(days)
    return rested and len(days) < MOST_DAYS


def toggled(days: Collection[int], day: int) -> tuple[int, ...]:
    """*days* without *day*, or with it; unchanged where it may not be chosen."""
    if day in days:
        return tuple(sorted(set(days) - {day}))
    return tuple(sorted({*days, day})) if may_choose(days, day) else tuple(sorted(days))


def own_week(sample: Week, days: Collection[int]) -> Week:
    """The sample's programs on the member's own *days*, in the sample's order; without any it is the sample itself.

    Days that no plan may hold (a record edited by hand) are left out.
    """
    kept: tuple[int, ...] = ()
    for day in sorted(days):
        kept = toggled(kept, day) if 0 <= day < len(DAYS) else kept
    if not kept:
        return sample
    programs = [sample.programs[day] for day in days_in(sample)]
    return Week(dict(zip(kept, programs, strict=False)), sample.take_home)


def next_own(days: Collection[int], first: date) -> date | None:
    """The first of a member's own days from *first* on; None without any."""
    ahead = (first + timedelta(days=n) for n in range(7))
    return next((day for day in ahead if day.weekday() in days), None)


def in_order(proposals: Sequence[Proposal], week: Week, today: date) -> tuple[Proposal, ...]:
    """The same proposals, the day's own right behind the recommended one, with the plan as its reason."""
    wanted = week.on(today)
    planned = [p for p in proposals if p.program == wanted and not p.recommended]
    if not planned:
        return tuple(proposals)
    first = planned[0]
    mine = Proposal(first.program, first.choice, False, "reason.plan", {"weekday": DAYS[today.weekday()]})
    rest = [p for p in proposals if p is not first]
    return (*rest[:1], mine, *rest[1:])


class DayState(StrEnum):
    """A day of the week as it is shown."""

    WALKED = "walked"
    TODAY = "today"
    PLANNED = "planned"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Day:
    """One day: *name* is mon to sun; *minutes* walked on it."""

    name: str
    state: DayState
    minutes: int = 0


def days_of(history: Sequence[Visit], week: Week, today: date) -> tuple[Day, ...]:
    """This week, Monday to Sunday: what was walked, and what the plan holds."""
    monday = today - timedelta(days=today.weekday())
    made = []
    for number, name in enumerate(DAYS):
        day = monday + timedelta(days=number)
        walked_s = sum(visit.walked_s for visit in history if visit.day == day)
        if walked_s > 0:
            made.append(Day(name, DayState.WALKED, max(1, round(walked_s / 60))))
        elif day == today:
            made.append(Day(name, DayState.TODAY))
        else:
            made.append(Day(name, DayState.PLANNED if day > today and week.on(day) else DayState.FREE))
    return tuple(made)


def weeks_in_a_row(history: Sequence[Visit], today: date, *, least: int = 2) -> int:
    """The streak: weeks with at least two visits, up to this one (coaching section 7).

    The week under way counts once it has them and never breaks the streak before it is over.
    """
    monday = today - timedelta(days=today.weekday())
    visits = {visit.day for visit in history}
    streak = 0
    for back in range(520):
        start = monday - timedelta(days=7 * back)
        enough = sum(start <= day < start + timedelta(days=7) for day in visits) >= least
        if enough:
            streak += 1
        elif back > 0:
            break
    return streak


def for_home(week: Week, flags: Collection[str]) -> tuple[TakeHome, ...]:
    """What this person may do at home; nothing that a flag speaks against."""
    return tuple(item for item in week.take_home if not set(item.not_with) & set(flags))
