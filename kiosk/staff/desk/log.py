"""The event log: newest first, filtered by severity, time and session; each event in full, with its black box."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from sqlalchemy import Connection

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.locale import Catalogue
from kiosk.staff.desk.asking import PickPage, words
from kiosk.staff.desk.box import BoxPage
from kiosk.staff.desk.errands import Answered, Read
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import Button, Fact, FactsView, ListView, Row, Tone
from kiosk.staff.desk.when import short_time, time_text
from kiosk.store.kinds import Severity
from kiosk.store.moment import DAY_MS, Moment
from kiosk.store.records import Event
from kiosk.store.repositories import events

MOST: Final = 300
"""So many are read at a time; older ones are reached by the filters, and all of them from a shell."""

SEVERITIES: Final = (None, Severity.FAULT, Severity.STOP, Severity.NOTICE, Severity.INFO)
DAYS: Final = (None, 1, 7, 30)

TONES: Final = {
    Severity.INFO: Tone.MUTED,
    Severity.NOTICE: Tone.NOTICE,
    Severity.STOP: Tone.BAD,
    Severity.FAULT: Tone.BAD,
}
ICONS: Final = {Severity.INFO: "dot", Severity.NOTICE: "diamond", Severity.STOP: "octagon", Severity.FAULT: "cross"}


def event_words(texts: Catalogue, event: Event) -> str:
    """What happened, in a few words; what has none of its own says its name."""
    key = f"event.{event.kind}"
    kind = texts(key) if texts.has(key) else event.kind.replace("_", " ")
    cause = f"cause.{event.cause}"
    if event.kind in ("trip", "stop") and texts.has(cause):
        return texts(cause)
    return f"{kind}: {texts(cause)}" if texts.has(cause) else kind


@dataclass(frozen=True, slots=True)
class ReadLog(Read):
    """Events as filtered; answers with a tuple of Event."""

    severity: Severity | None
    days: int | None
    session_id: str | None

    def read(self, connection: Connection, at: Moment) -> tuple[Event, ...]:
        """Newest first."""
        return events.last(
            connection,
            limit=MOST,
            since_ms=0 if self.days is None else at.utc_ms - self.days * DAY_MS,
            severity=self.severity,
            session_id=self.session_id,
        )


@dataclass(frozen=True, slots=True)
class HasBox(Read):
    """Whether an event has a black box; answers with a bool."""

    event_id: str

    def read(self, connection: Connection, at: Moment) -> bool:
        """True or False."""
        return events.black_box(connection, self.event_id) is not None


@dataclass(frozen=True, slots=True)
class LogPage(LongPage):
    """The list."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_LOG
    severity: int = 0  # index into SEVERITIES
    days: int = 0  # index into DAYS
    session_id: str | None = None  # only of this session
    found: tuple[Event, ...] | None = None
    asking: str = ""
    refused: str = ""

    def query(self) -> ReadLog:
        """What is asked of the record."""
        return ReadLog(SEVERITIES[self.severity], DAYS[self.days], self.session_id)

    def opened(self, t: DeskTurn) -> None:
        """Read."""
        t.run(self.query())

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """An event, a filter."""
        match intent.kind:
            case IntentKind.OPEN if self.found is not None and 0 <= intent.value < len(self.found):
                t.open(EventPage(self.found[intent.value], alone=self.session_id is not None))
            case IntentKind.CHOOSE if intent.value == 0:
                t.put(replace(self, asking="severity"))
                t.open(PickPage(words("log.severity"), tuple(map(severity_key, SEVERITIES))))
            case IntentKind.CHOOSE if intent.value == 1:
                t.put(replace(self, asking="days"))
                t.open(PickPage(words("log.days"), tuple(map(days_key, DAYS))))

    def returned(self, t: DeskTurn, result: object) -> None:
        """A filter was chosen."""
        if isinstance(result, int) and self.asking in ("severity", "days"):
            index = result
            asked = replace(self, asking="", page=0, found=None)
            asked = replace(asked, severity=index) if self.asking == "severity" else replace(asked, days=index)
            t.put(asked)
            t.run(asked.query())

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Events."""
        if answer.errand != self.query():
            return
        if isinstance(answer.result, tuple):
            t.put(replace(self, found=answer.result, refused=""))
        else:
            t.put(replace(self, found=(), refused=answer.refused))

    def view(self, here: Here) -> ListView:
        """Icon and word, and when."""
        texts = here.texts
        rows = tuple(
            Row(
                (
                    short_time(event.at_ms, here.utc_ms),
                    texts(severity_key(event.severity)),
                    event_words(texts, event),
                ),
                Intent(IntentKind.OPEN, index),
                TONES[event.severity],
                ICONS[event.severity],
            )
            for index, event in enumerate(self.found or ())
        )
        buttons: tuple[Button, ...] = ()
        if self.session_id is None:
            buttons = (
                Button(texts(severity_key(SEVERITIES[self.severity])), Intent(IntentKind.CHOOSE, 0)),
                Button(texts(days_key(DAYS[self.days])), Intent(IntentKind.CHOOSE, 1)),
            )
        return ListView(
            texts("log.of_session") if self.session_id else texts("log.title"),
            (texts("log.when"), texts("log.severity"), texts("log.what")),
            (0.82, 0.5, 1.6),
            rows,
            self.page,
            narrow=(0, 2),
            empty=texts("log.empty") if self.found is not None else texts("log.reading"),
            buttons=buttons,
            message=texts(self.refused) if self.refused else "",
        )


def severity_key(severity: Severity | None) -> str:
    """The catalogue's word."""
    return "log.all" if severity is None else f"log.severity_{severity.value}"


def days_key(days: int | None) -> str:
    """The catalogue's word."""
    return "log.always" if days is None else f"log.days_{days}"


@dataclass(frozen=True, slots=True)
class EventPage(LongPage):
    """One event in full."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_EVENT
    event: Event
    alone: bool = False  # opened from its session's own list
    box: bool = False

    def opened(self, t: DeskTurn) -> None:
        """Is there a box?"""
        t.run(HasBox(self.event.id))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """There is, or there is not."""
        if answer.errand == HasBox(self.event.id):
            t.put(replace(self, box=answer.result is True))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Its box, its session."""
        match intent.kind:
            case IntentKind.CHOOSE if intent.value == 0 and self.box:
                t.open(BoxPage(self.event.id, event_words(t.here.texts, self.event)))
            case IntentKind.CHOOSE if intent.value == 1 and self.event.session_id and not self.alone:
                t.open(LogPage(session_id=self.event.session_id))

    def view(self, here: Here) -> FactsView:
        """What is known."""
        texts, event = here.texts, self.event
        unit = texts(f"unit.{here.setup.units.name.lower()}")
        speed = "–" if event.speed_ckmh is None else f"{texts.speed(event.speed_ckmh, here.setup.units)} {unit}"
        facts = [
            Fact(texts("log.when"), time_text(event.at_ms)),
            Fact(texts("log.severity"), texts(severity_key(event.severity)), TONES[event.severity]),
            Fact(texts("log.kind"), texts(f"event.{event.kind}") if texts.has(f"event.{event.kind}") else event.kind),
        ]
        if texts.has(f"cause.{event.cause}"):
            facts.append(Fact(texts("log.cause"), texts(f"cause.{event.cause}")))
        if event.speed_ckmh is not None:
            facts.append(Fact(texts("log.speed"), speed))
        if event.session_id:
            facts.append(Fact(texts("log.session"), event.session_id[-8:]))
        if event.detail:
            facts.append(Fact(texts("log.detail"), event.detail))
        actions = []
        if self.box:
            actions.append(Button(texts("log.box"), Intent(IntentKind.CHOOSE, 0), tone=Tone.GOOD))
        if event.session_id and not self.alone:
            actions.append(Button(texts("log.its_session"), Intent(IntentKind.CHOOSE, 1)))
        return FactsView(event_words(texts, event), tuple(facts), tuple(actions), self.page)
