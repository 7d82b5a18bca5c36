"""Digits and sticker numbers, typed on keys of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff.desk.asking import SILENT, Words, said, words
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, Page
from kiosk.staff.desk.views import TypeView

DIGITS: Final = "1234567890"
STICKER: Final = "0123456789ABCDEF"


@dataclass(frozen=True, slots=True)
class KeysPage(Page):
    """At most *most* of *keys*; closes with what was typed. *low* to *high*: only a number between counts."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_TYPE
    title: Words
    text: Words
    keys: str = DIGITS
    most: int = 4
    low: int | None = None
    high: int | None = None
    typed: str = ""
    message: Words = SILENT

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Keys."""
        match intent.kind:
            case IntentKind.LETTER if 0 <= intent.value < len(self.keys) and len(self.typed) < self.most:
                t.put(replace(self, typed=self.typed + self.keys[intent.value], message=SILENT))
            case IntentKind.ERASE:
                t.put(replace(self, typed=self.typed[:-1], message=SILENT))
            case IntentKind.SUBMIT if self.typed:
                if self.low is None or self.high is None:
                    t.back(self.typed)
                elif self.low <= int(self.typed) <= self.high:
                    t.back(int(self.typed))
                else:
                    t.put(replace(self, message=words("typing.between", low=self.low, high=self.high)))
                    t.play("caution")

    def view(self, here: Here) -> TypeView:
        """What is typed so far."""
        return TypeView(
            said(here, self.title),
            said(here, self.text),
            self.typed,
            0,
            said(here, self.message),
            ready=bool(self.typed),
            keys=self.keys,
        )
