"""First start: the owner's account is made, and nothing else can be done before (issue: staff, 1)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff.desk.asking import TypePage, words
from kiosk.staff.desk.errands import Answered
from kiosk.staff.desk.menu import MenuPage
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.new_account import AddAccount, new_pin_pad, typed_twice
from kiosk.staff.desk.turn import DeskTurn, Page
from kiosk.staff.desk.views import Button, Fact, FactsView, Tone
from kiosk.store.kinds import Role
from kiosk.store.records import Staff


@dataclass(frozen=True, slots=True)
class SetupPage(Page):
    """Name, PIN, PIN again, done. The PIN lives here between its two typings and nowhere else."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_SETUP
    name: str = ""
    pin: str = field(default="", repr=False)
    asking: str = ""
    working: bool = False
    message: str = ""

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Go on: what is missing is asked."""
        if intent.kind is IntentKind.NEXT and not self.working:
            ask_name(t, self)

    def returned(self, t: DeskTurn, result: object) -> None:
        """A name or a PIN came, or was left."""
        match self.asking, result:
            case "name", str(name):
                t.put(replace(self, name=name, asking="pin", message=""))
                t.open(new_pin_pad())
            case "pin", str(digits):
                first, pad = typed_twice(self.pin, digits)
                if pad is not None:
                    t.put(replace(self, pin=first))
                    t.open(pad)
                else:
                    t.put(replace(self, pin="", asking="", working=True, message=""))
                    t.run(AddAccount(self.name, Role.OWNER, digits, None))
            case _:
                t.put(replace(self, pin="", asking=""))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """The owner is there and signed in, or a sentence says why not."""
        if not isinstance(answer.errand, AddAccount) or not self.working:
            return
        if isinstance(answer.result, Staff):
            t.desk = replace(t.desk, who=answer.result)
            t.here = replace(t.here, who=answer.result)
            t.swap(MenuPage())
            t.play("done")
            return
        t.put(replace(self, working=False, message=answer.refused))
        t.play("caution")

    def view(self, here: Here) -> FactsView:
        """What is to come."""
        done = here.texts("setup.working") if self.working else here.texts(self.message) if self.message else ""
        return FactsView(
            here.texts("setup.title"),
            tuple(Fact(str(n), here.texts(f"setup.step_{n}")) for n in (1, 2, 3)),
            text=here.texts("setup.text"),
            message=done,
            tone=Tone.PLAIN if self.working else Tone.NOTICE,
            footer=None
            if self.working
            else Button(here.texts("setup.begin"), Intent(IntentKind.NEXT), tone=Tone.GOOD),
        )


def ask_name(t: DeskTurn, page: SetupPage) -> None:
    """The first question."""
    t.put(replace(page, asking="name", message=""))
    t.open(TypePage(words("setup.name"), words("setup.name_help"), typed=page.name))
