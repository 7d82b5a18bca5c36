"""The desk's report: use by hour, sessions a week, stops by cause, programs. Counts only; nobody is named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sqlalchemy import Connection

from kiosk.intents import ScreenId
from kiosk.session.past import day_text
from kiosk.staff.desk.caps import program_text
from kiosk.staff.desk.errands import Answered, Read
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import Bars, ChartsView, Fact
from kiosk.store.moment import Moment
from kiosk.store.reports import Report, report


@dataclass(frozen=True, slots=True)
class Sums(Read):
    """The last twelve weeks."""

    def read(self, connection: Connection, at: Moment) -> Report:
        """Counted now."""
        return report(connection, at.utc_ms)


@dataclass(frozen=True, slots=True)
class ReportsPage(LongPage):
    """Figures and four charts."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_REPORTS
    found: Report | None = None
    message: str = ""

    def opened(self, t: DeskTurn) -> None:
        """Count."""
        t.run(Sums())

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Counted."""
        if isinstance(answer.errand, Sums):
            if isinstance(answer.result, Report):
                t.put(replace(self, found=answer.result))
            else:
                t.put(replace(self, message=answer.refused))

    def view(self, here: Here) -> ChartsView:
        """In words and bars."""
        texts, found = here.texts, self.found
        if found is None:
            return ChartsView(texts("menu.reports"), (), (), text=texts(self.message or "reports.counting"))
        share = f"{100 * found.completed / found.sessions:.0f} %" if found.sessions else "–"
        facts = (
            Fact(texts("reports.sessions"), str(found.sessions)),
            Fact(texts("reports.completed"), share),
            Fact(texts("reports.members"), str(found.members)),
            Fact(texts("reports.guests"), str(found.guests)),
            Fact(texts("reports.hours"), texts.number(f"{found.walk_s / 3600:.1f}")),
        )
        used = [hour for hour, count in enumerate(found.by_hour) if count]
        hours = range(min([6, *used]), max([21, *used]) + 1)
        charts = (
            Bars(
                texts("reports.by_week"),
                tuple(day_text(week.monday, texts) for week in found.weeks),
                tuple(float(week.sessions) for week in found.weeks),
                named=4,
            ),
            Bars(
                texts("reports.by_hour"),
                tuple(str(hour) for hour in hours),
                tuple(float(found.by_hour[hour]) for hour in hours),
                named=3,
            ),
            Bars(
                texts("reports.stops"),
                tuple(cause_text(here, cause) for cause, _ in found.stops[:5]),
                tuple(float(count) for _, count in found.stops[:5]),
                named=0,
            ),
            Bars(
                texts("reports.programs"),
                tuple(program_text(here, program) for program, _ in found.programs[:5]),
                tuple(float(count) for _, count in found.programs[:5]),
                named=0,
            ),
        )
        return ChartsView(texts("menu.reports"), facts, charts, self.page, texts("reports.span"))


def cause_text(here: Here, cause: str) -> str:
    """What ended a walk, in words; an unknown one as it is on record."""
    for key in (f"reports.cause_{cause}", f"cause.{cause}"):
        if here.texts.has(key):
            return here.texts(key)
    return cause.replace("_", " ") or "–"
