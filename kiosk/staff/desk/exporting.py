"""Taking sessions and the log away on a stick: a range of days, written without names, with a checksum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar, Final

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff.desk.errands import Answered
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.places import PlacePage, WriteSessions, Written
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import Button, Fact, FactsView, Tone

RANGES: Final = ("week", "month", "last_month", "year", "all")


def span(name: str, utc_ms: int) -> tuple[int, int]:
    """UTC milliseconds from and to (not included) of a range of whole days in the machine's time zone."""
    today = datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone().date()
    first, end = today, today + timedelta(days=1)
    match name:
        case "week":
            first = today - timedelta(days=6)
        case "month":
            first = today.replace(day=1)
        case "last_month":
            end = today.replace(day=1)
            first = (end - timedelta(days=1)).replace(day=1)
        case "year":
            first = today.replace(month=1, day=1)
        case _:
            return 0, _midnight(end)
    return _midnight(first), _midnight(end)


def _midnight(day: date) -> int:

    moment = datetime.combine(day, time.min)
    return round(moment.astimezone().timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class ExportPage(LongPage):
    """Choose the days, choose the place, and read the checksums."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_EXPORT
    chosen: str = "month"
    working: bool = False
    written: tuple[Written, ...] = ()
    message: str = ""

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A range, or go on."""
        if self.working:
            return
        match intent.kind:
            case IntentKind.CHOOSE if 0 <= intent.value < len(RANGES):
                t.put(replace(self, chosen=RANGES[intent.value], written=(), message=""))
            case IntentKind.CONFIRM:
                t.open(PlacePage())

    def returned(self, t: DeskTurn, result: object) -> None:
        """The place."""
        if isinstance(result, str):
            since_ms, until_ms = span(self.chosen, t.here.utc_ms)
            t.put(replace(self, working=True, written=(), message=""))
            t.run(WriteSessions(since_ms, until_ms, result, t.desk.who))

    def passing(self, t: DeskTurn) -> None:
        """A stick may be slow: nobody is signed out while it is written."""
        if self.working:
            t.awake()

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Written, or a sentence."""
        if not isinstance(answer.errand, WriteSessions):
            return
        if isinstance(answer.result, tuple):
            t.put(replace(self, working=False, written=answer.result))
            t.play("done")
        else:
            t.put(replace(self, working=False, message=answer.refused))
            t.play("caution")

    def view(self, here: Here) -> FactsView:
        """Ranges at the right; what was written at the left."""
        texts = here.texts
        message, tone = "", Tone.NOTICE
        if self.working:
            message, tone = texts("export.working"), Tone.PLAIN
        elif self.written:
            message, tone = texts("export.pull" if self.written[0].place else "export.in_folder"), Tone.GOOD
        elif self.message:
            message = texts(self.message)
        facts = [Fact(texts("export.days"), texts(f"export.range_{self.chosen}"))]
        for written, what in zip(self.written, ("sessions", "log"), strict=False):
            facts += [
                Fact(texts(f"export.{what}"), written.name),
                Fact(texts("export.lines"), str(written.sessions)),
                Fact("SHA-256", written.short),
            ]
        if not self.written:
            facts.append(Fact(texts("export.content"), texts("export.content_words")))
        return FactsView(
            texts("menu.export"),
            tuple(facts),
            tuple(
                Button(
                    texts(f"export.range_{name}"),
                    Intent(IntentKind.CHOOSE, index),
                    tone=Tone.GOOD if name == self.chosen else Tone.PLAIN,
                )
                for index, name in enumerate(RANGES)
            ),
            self.page,
            message=message,
            tone=tone,
            footer=None
            if self.working
            else Button(texts("export.write"), Intent(IntentKind.CONFIRM), tone=Tone.GOOD),
        )
