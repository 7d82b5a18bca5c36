"""What comes next for a member, and why (coaching section 3). Pure: history and today in, proposals out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from kiosk.coach.plan import Choice
from kiosk.coach.programs import Program
from kiosk.coach.rules import Rules


@dataclass(frozen=True, slots=True)
class Visit:
    """One walk of a member's past. Scores 0-10; None = not asked or not answered."""

    day: date
    program: str
    choice: Choice
    planned_s: float
    walked_s: float
    completed: bool  # to the end of its plan
    why: str = ""  # the why-stopped answer
    pain_before: int | None = None
    pain_peak: int | None = None
    pain_after: int | None = None
    effort: int | None = None
    dizzy: bool = False
    stumble: bool = False
    worse_next_morning: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A program at a level, and why. *reason* is a catalogue key with *values* for its places."""

    program: str
    choice: Choice
    recommended: bool
    reason: str = ""
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Today:
    """What may be walked today. With *refusal* (a catalogue key) nothing may, and no proposal is given."""

    proposals: tuple[Proposal, ...]
    refusal: str = ""


FIRST_STEPS = "P1"


def for_guest() -> Today:
    """A guest walks the first visit of First Steps (coaching section 7)."""
    return Today((Proposal(FIRST_STEPS, Choice("1"), True, "reason.first"),))


def propose(history: Sequence[Visit], today: date, programs: Mapping[str, Program], rules: Rules) -> Today:
    """What *history* (oldest first) leads to today."""
    walked = [visit for visit in history if visit.program == FIRST_STEPS and visit.completed]
    variant = ("1", "2", "3-4")[min(len(walked), 2)]
    reason = "reason.first" if not walked else "reason.next_step"
    return Today((Proposal(FIRST_STEPS, Choice(variant), True, reason),))


def code_of(choice: Choice) -> str:
    """A level as one word for the record: ``main/C1.2/D300``."""
    parts = [choice.variant, f"C{choice.comfort_mph}"]
    for letter, value in (
        ("T", choice.new_mph),
        ("P", choice.pt_mph),
        ("D", choice.main_s),
        ("L", choice.hill),
        ("S", choice.sets if choice.sets > 1 else None),
    ):
        if value is not None:
            parts.append(f"{letter}{value}")
    return "/".join(parts)


_PART = re.compile(r"^([CTPDLS])(\d+(?:\.\d+)?)$")


def choice_of(code: str) -> Choice:
    """The level back from its word; what cannot be read is left at its default (old records)."""
    variant, *parts = code.split("/")
    values: dict[str, Decimal] = {}
    for part in parts:
        match = _PART.match(part)
        if match:
            try:
                values[match.group(1)] = Decimal(match.group(2))
            except InvalidOperation:
                continue
    return Choice(
        variant,
        values.get("C", Decimal("0.5")),
        values.get("T"),
        values.get("P"),
        int(values["D"]) if "D" in values else None,
        int(values["L"]) if "L" in values else None,
        int(values.get("S", Decimal(1))),
    )
