"""Faults of the last seven days; and back into service, after the third of a kind, by an owner's PIN."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sqlalchemy import Connection

from hardware.link.messages import Missing, Refused, SafetyEvent, Status
from kiosk.intents import Intent, IntentKind, ScreenId, TileState
from kiosk.session.proofs import proof_tiles, proved
from kiosk.snapshot import Tile
from kiosk.staff.desk.asking import PadPage, words
from kiosk.staff.desk.errands import Answered, Read, RefusalError, Write
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import Button, ListView, Row, StepsView, Tone
from kiosk.staff.desk.when import short_time
from kiosk.staff.pin import Right, may
from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment
from kiosk.store.records import Staff
from kiosk.store.repositories import service
from kiosk.store.repositories.service import Service, Tally


@dataclass(frozen=True, slots=True)
class ReadService(Read):
    """How it stands; answers with a Service."""

    def read(self, connection: Connection, at: Moment) -> Service:
        """Hold and tallies."""
        return service.read(connection, at.utc_ms)


@dataclass(frozen=True, slots=True)
class BackInService(Write):
    """Clear the hold; *by* is an owner. Answers with the cause."""

    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> str:
        """Raises RefusalError for anybody but an owner."""
        if not may(self.by, Right.ACCOUNTS):
            raise RefusalError("faults.owner_only")
        return service.clear(connection, ids, at, who=self.by.name)


@dataclass(frozen=True, slots=True)
class FaultsPage(LongPage):
    """How often each came."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_FAULTS
    found: Service | None = None
    message: str = ""

    def opened(self, t: DeskTurn) -> None:
        """Read."""
        t.run(ReadService())

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Read."""
        if answer.errand == ReadService():
            found = answer.result if isinstance(answer.result, Service) else Service()
            t.put(replace(self, found=found, message=answer.refused))

    def returned(self, t: DeskTurn, result: object) -> None:
        """Perhaps it is in service again."""
        t.run(ReadService())

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """The way back into service."""
        if intent.kind is IntentKind.CONFIRM and self.found is not None and self.found.hold:
            t.open(FaultPage(self.found.of(self.found.hold)))

    def view(self, here: Here) -> ListView:
        """Cause, how often, first and last."""
        texts, found = here.texts, self.found or Service()
        rows = tuple(
            Row(
                (
                    texts(f"cause.{one.cause}"),
                    str(one.count),
                    short_time(one.first_ms, here.utc_ms),
                    short_time(one.last_ms, here.utc_ms),
                ),
                tone=Tone.BAD if one.cause == found.hold else Tone.NOTICE,
            )
            for one in found.tallies
        )
        message = texts("faults.held", cause=texts(f"cause.{found.hold}")) if found.hold else ""
        if self.message:
            message = texts(self.message)
        buttons: tuple[Button, ...] = ()
        if found.hold:
            buttons = (Button(texts("faults.reopen"), Intent(IntentKind.CONFIRM), tone=Tone.GOOD),)
        return ListView(
            texts("faults.title"),
            (texts("log.cause"), texts("faults.times"), texts("faults.first"), texts("faults.last")),
            (1.6, 0.3, 0.7, 0.7),
            rows,
            self.page,
            narrow=(0, 1, 3),
            empty=texts("faults.none") if self.found is not None else texts("log.reading"),
            text=texts("faults.text"),
            message=message,
            tone=Tone.BAD if found.hold else Tone.NOTICE,
            buttons=buttons,
        )


TAPS = ("repaired", "belt")


@dataclass(frozen=True, slots=True)
class FaultPage(LongPage):
    """The way back: what was done, each contact seen to move again, and an owner's PIN."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_FAULT
    tally: Tally
    taps: frozenset[int] = frozenset()
    proofs: frozenset[str] = frozenset()
    asking: bool = False
    message: str = ""

    def told(self, t: DeskTurn, body: Status | Refused | SafetyEvent) -> None:
        """Proofs are seen as they happen; who works at the treadmill is at work."""
        if isinstance(body, Status):
            proofs = proved(self.proofs, body.inputs)
            if proofs != self.proofs:
                t.put(replace(self, proofs=proofs))
                t.play("tick")
                t.awake()

    def lines(self, here: Here) -> tuple[Tile, ...]:
        """Taps first, then proofs, then what the guard measures."""
        status = here.status
        taps = tuple(
            Tile(f"faults.{name}", TileState.DONE if n in self.taps else TileState.ACTIVE, tap=True)
            for n, name in enumerate(TAPS)
        )
        rest = status is not None and status.at_rest and Missing.BELT_MOVING not in status.reset_missing
        still = Tile("reset.item.still", TileState.DONE if rest else TileState.WAITING)
        return (*taps, *proof_tiles(self.proofs, None if status is None else status.inputs), still)

    def ready(self, here: Here) -> bool:
        """All is seen."""
        return all(tile.state is TileState.DONE for tile in self.lines(here))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A tap, or the end of it."""
        match intent.kind:
            case IntentKind.TICK if 0 <= intent.value < len(TAPS):
                t.put(replace(self, taps=self.taps | {intent.value}))
                t.play("tick")
            case IntentKind.HOLD if self.ready(t.here):
                t.put(replace(self, asking=True, message=""))
                if may(t.here.who, Right.ACCOUNTS):
                    t.run(BackInService(t.here.who))
                else:
                    t.open(PadPage(words("faults.owner"), words("faults.owner_text"), second=True))

    def returned(self, t: DeskTurn, result: object) -> None:
        """Whose PIN it was."""
        if isinstance(result, Staff) and self.asking:
            t.run(BackInService(result))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Back in service, or not."""
        if not isinstance(answer.errand, BackInService) or not self.asking:
            return
        if answer.refused:
            t.put(replace(self, asking=False, message=answer.refused))
            t.play("caution")
            return
        t.play("done")
        t.back(result=True)

    def view(self, here: Here) -> StepsView:
        """The checklist."""
        texts, tally = here.texts, self.tally
        text = texts(
            "faults.how",
            cause=texts(f"cause.{tally.cause}"),
            n=tally.count,
            first=short_time(tally.first_ms, here.utc_ms),
            last=short_time(tally.last_ms, here.utc_ms),
        )
        ready = self.ready(here)
        return StepsView(
            texts("faults.back"),
            text,
            tuple((texts(tile.key), tile.state, tile.tap) for tile in self.lines(here)),
            message=texts(self.message) if self.message else "",
            buttons=(Button(texts("faults.reopen"), Intent(IntentKind.HOLD), hold=True, tone=Tone.GOOD),)
            if ready
            else (),
            page=self.page,
        )
