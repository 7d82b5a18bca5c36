"""A level as one word for the record, and back: ``main/C1.2/D300``. Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from kiosk.coach.plan import Choice
from kiosk.coach.standing import LOWEST_MPH


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
    marks = [mark for mark, holds in (("no", choice.declined), ("console", choice.follow)) if holds]
    return "/".join([*parts, *marks])


_PART: Final = re.compile(r"^([CTPDLS])(\d+(?:\.\d+)?)$")


def choice_of(code: str) -> Choice:
    """The level back from its word; what cannot be read is left at its default (old records)."""
    variant, *parts = code.split("/")
    values = {match.group(1): Decimal(match.group(2)) for part in parts if (match := _PART.match(part))}
    return Choice(
        variant,
        values.get("C", LOWEST_MPH),
        values.get("T"),
        values.get("P"),
        int(values["D"]) if "D" in values else None,
        int(values["L"]) if "L" in values else None,
        int(values.get("S", Decimal(1))),
        declined="no" in parts,
        follow="console" in parts,
    )
