"""The machine: restart the app, reboot, switch off, update; only with the belt at rest, and held on a red page.

The kiosk has no right to any of it: it asks (kiosk.appliance.ask), and a unit of the appliance does it, after looking
for itself that no belt moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from sqlalchemy import Connection, select

from kiosk.appliance import ask
from kiosk.appliance.ask import AskError, Verb
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff import audit
from kiosk.staff.desk.asking import ConfirmPage, words
from kiosk.staff.desk.bound import standing
from kiosk.staff.desk.errands import Answered, Job, Read, RefusalError
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import Button, Fact, FactsView, Tone
from kiosk.staff.health.computer import versions
from kiosk.staff.health.machine import Machine
from kiosk.store.models import MetaRow
from kiosk.store.moment import Moment
from kiosk.store.store import Store

DIRE: Final = (Verb.RESTART, Verb.REBOOT, Verb.POWER_OFF)
VERBS: Final = (*DIRE, Verb.UPDATE_CHECK, Verb.UPDATE)
LOOK_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class State:
    """What the machine says of itself."""

    can: bool  # somebody answers
    version: str
    sentence: str  # the newest answer to an update, empty if there is none
    good: bool


@dataclass(frozen=True, slots=True)
class ReadState(Job):
    """Answers with a State."""

    number: int

    def do(self, store: Store, at: Moment) -> State:
        """Reads a few small files."""
        told = [one for verb in (Verb.UPDATE, Verb.UPDATE_CHECK) if (one := ask.answer(verb)) is not None]
        newest = told[0] if told else None
        return State(
            ask.available(),
            versions(Machine())["retrowalk"],
            "" if newest is None else newest.sentence,
            newest is not None and newest.ok,
        )


@dataclass(frozen=True, slots=True)
class KioskId(Read):
    """This kiosk's own identifier; answers with text."""

    def read(self, connection: Connection, at: Moment) -> str:
        """From the record."""
        return connection.scalar(select(MetaRow.value).where(MetaRow.key == "kiosk")) or ""


@dataclass(frozen=True, slots=True)
class AskMachine(Job):
    """Ask for *verb*; in the audit first. Answers with the verb."""

    verb: Verb
    by: str

    def do(self, store: Store, at: Moment) -> Verb:
        """Raises RefusalError where nobody would answer."""
        if not ask.available():
            raise RefusalError("system.not_here")
        work = store.writer.run(
            lambda connection: audit.note(
                connection, store.ids, at, who=self.by, action=f"machine: {self.verb.value}", subject="machine"
            )
        )
        work.result(timeout=10.0)
        try:
            ask.ask(self.verb)
        except AskError as error:
            raise RefusalError("system.not_here") from error
        return self.verb


@dataclass(frozen=True, slots=True)
class SystemPage(LongPage):
    """See the top of this file."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_SYSTEM
    state: State | None = None
    kiosk: str = ""
    looks: int = 0
    asked_s: float = float("-inf")
    chosen: Verb | None = None
    message: str = ""
    tone: Tone = Tone.NOTICE

    def opened(self, t: DeskTurn) -> None:
        """Who am I?"""
        t.run(KioskId())

    def passing(self, t: DeskTurn) -> None:
        """What has become of an update?"""
        if t.now_s - self.asked_s >= LOOK_S:
            t.put(replace(self, asked_s=t.now_s, looks=self.looks + 1))
            t.run(ReadState(self.looks + 1))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """What is known; or what was asked for."""
        match answer.errand, answer.result:
            case ReadState(), State() as state:
                t.put(replace(self, state=state))
            case KioskId(), str(kiosk):
                t.put(replace(self, kiosk=kiosk))
            case AskMachine(), _ if answer.refused:
                t.put(replace(self, message=answer.refused, tone=Tone.BAD))
                t.play("caution")
            case AskMachine(), _:
                t.put(replace(self, message="system.asked", tone=Tone.GOOD))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A wish; what bites has to be held."""
        if intent.kind is IntentKind.CHOOSE and 0 <= intent.value < len(VERBS):
            verb = VERBS[intent.value]
            if not standing(t.here):
                t.put(replace(self, message="system.belt_moves", tone=Tone.BAD))
                t.play("caution")
            elif verb is Verb.UPDATE_CHECK:
                t.run(AskMachine(verb, t.here.who.name))
            else:
                t.put(replace(self, chosen=verb, message=""))
                key = verb.value.replace("-", "_")
                t.open(
                    ConfirmPage(
                        words(f"system.{key}_title"),
                        (words(f"system.{key}_line"), words("system.belt_line")),
                        f"system.{key}",
                        dire=True,
                    )
                )

    def returned(self, t: DeskTurn, result: object) -> None:
        """Held: if the belt still stands."""
        verb = self.chosen
        t.put(replace(self, chosen=None))
        if result is not True or verb is None:
            return
        if not standing(t.here):
            t.put(replace(self, chosen=None, message="system.belt_moves", tone=Tone.BAD))
            return
        t.run(AskMachine(verb, t.here.who.name))

    def view(self, here: Here) -> FactsView:
        """Version, identifier, update; and the wishes."""
        texts, state = here.texts, self.state
        facts = [
            Fact(texts("system.version"), "" if state is None else state.version),
            Fact(texts("system.kiosk"), self.kiosk[-12:]),
            Fact(texts("system.treadmill"), here.setup.treadmill_label),
            Fact(
                texts("system.belt"),
                texts("system.at_rest" if standing(here) else "system.moves"),
                Tone.GOOD if standing(here) else Tone.BAD,
            ),
        ]
        if state is not None and state.sentence:
            facts.append(Fact(texts("system.updates"), state.sentence, Tone.GOOD if state.good else Tone.NOTICE))
        message = texts(self.message) if self.message else ""
        if not message and state is not None and not state.can:
            message = texts("system.not_here")
        return FactsView(
            texts("system.title"),
            tuple(facts),
            tuple(
                Button(
                    texts(f"system.{verb.value.replace('-', '_')}"),
                    Intent(IntentKind.CHOOSE, index),
                    tone=Tone.BAD if verb in DIRE else Tone.PLAIN,
                )
                for index, verb in enumerate(VERBS)
            ),
            self.page,
            message=message,
            tone=self.tone,
        )
