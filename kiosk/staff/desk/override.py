"""Override: staff let one member past a GATE of the screening, for one session. Never past a FORBID.

It is given where it is needed, on the screen that sends a member to staff (TALK_TO_STAFF), by PIN and reason. This
page tells how, and what was given lately: there is no switch that would open more than one gate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sqlalchemy import Connection

from kiosk.intents import ScreenId
from kiosk.staff.desk.errands import Answered, Read
from kiosk.staff.desk.granted import KIND
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import ListView, Row
from kiosk.staff.desk.when import time_text
from kiosk.store.moment import Moment
from kiosk.store.records import Event
from kiosk.store.repositories import events


@dataclass(frozen=True, slots=True)
class Lately(Read):
    """The newest overrides."""

    def read(self, connection: Connection, at: Moment) -> tuple[Event, ...]:
        """From the log."""
        return events.of_kind(connection, KIND, 50)


@dataclass(frozen=True, slots=True)
class OverridePage(LongPage):
    """How to, and what was granted."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_OVERRIDE
    found: tuple[Event, ...] = ()
    message: str = ""

    def opened(self, t: DeskTurn) -> None:
        """Ask."""
        t.run(Lately())

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """What was granted."""
        if isinstance(answer.errand, Lately):
            found = answer.result if isinstance(answer.result, tuple) else ()
            t.put(replace(self, found=found, message=answer.refused))

    def view(self, here: Here) -> ListView:
        """When, by whom, why."""
        rows = tuple(
            Row((time_text(event.at_ms), event.detail, here.texts(f"reason_override.{event.cause}")))
            for event in self.found
            if here.texts.has(f"reason_override.{event.cause}")
        )
        return ListView(
            here.texts("menu.override"),
            tuple(here.texts(f"override.head_{name}") for name in ("when", "by", "why")),
            (1.0, 1.0, 1.4),
            rows,
            self.page,
            narrow=(0, 2),
            empty=here.texts("override.how"),
            text=here.texts("override.how") if rows else "",
            message=here.texts(self.message) if self.message else "",
        )
