"""A member's walks so far, as their charts show them. Pure; nothing of it leaves the member's own screens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from hardware.units import ckmh_from_mph
from kiosk.coach.standing import Visit
from kiosk.coach.week import weeks_in_a_row
from kiosk.locale import Catalogue
from kiosk.snapshot import Bar, HistoryView, PainPair

WEEKS: Final = 8
WALKS: Final = 12
LAST: Final = 6
"""So many walks stand on the summary (screens A10, 16)."""


def day_text(day: date, texts: Catalogue) -> str:
    """A day as people write it here: ``6 Jul``."""
    return texts("date.short", day=day.day, month=texts(f"month.{day.month}"))


def minutes_of(visit: Visit) -> int:
    """Minutes walked; what was begun counts as one."""
    return max(1, round(visit.walked_s / 60))


def last_walks(history: Sequence[Visit], texts: Catalogue) -> tuple[Bar, ...]:
    """Minutes of the last six walks, oldest first; the last of them is the one just walked."""
    shown = list(history)[-LAST:]
    return tuple(
        Bar(day_text(visit.day, texts), minutes_of(visit), now=index == len(shown) - 1)
        for index, visit in enumerate(shown)
    )


def history_view(
    history: Sequence[Visit], today: date, texts: Catalogue, *, kept: bool, page: int = 0
) -> HistoryView:
    """Minutes a week, comfort speed and pain of a member. *kept*: scores are kept at all.

    The weeks begin with the one of the first walk, at most eight back: an empty stretch before anybody came says
    nothing.
    """
    monday = today - timedelta(days=today.weekday())
    weeks = []
    for back in range(WEEKS - 1, -1, -1):
        start = monday - timedelta(days=7 * back)
        if not history or (start + timedelta(days=7) <= history[0].day and back > 0):
            continue
        walked_s = sum(visit.walked_s for visit in history if start <= visit.day < start + timedelta(days=7))
        weeks.append(Bar(day_text(start, texts), round(walked_s / 60), now=back == 0))
    recent = list(history)[-WALKS:]
    scored = [visit for visit in recent if visit.pain_before is not None or visit.pain_after is not None]
    return HistoryView(
        walks=len(history),
        minutes=round(sum(visit.walked_s for visit in history) / 60),
        weeks=tuple(weeks),
        comfort=tuple(
            Bar(day_text(visit.day, texts), ckmh_from_mph(visit.choice.comfort_mph), now=index == len(recent) - 1)
            for index, visit in enumerate(recent)
        ),
        pain=tuple(PainPair(day_text(v.day, texts), v.pain_before, v.pain_after) for v in scored) if kept else (),
        kept=kept,
        streak=weeks_in_a_row(history, today),
        page=page,
    )
