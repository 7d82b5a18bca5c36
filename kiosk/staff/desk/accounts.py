"""Accounts: who there is, a new one, a new PIN, and taking one out of use. Owners manage; others change their PIN."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from sqlalchemy import Connection

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff import pin as pins
from kiosk.staff.desk.asking import ConfirmPage, PickPage, TypePage, words
from kiosk.staff.desk.errands import Answered, Job, Read, Write
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.new_account import AddAccount, as_refusal, checked_pin, new_pin_pad, typed_twice
from kiosk.staff.desk.turn import DeskTurn, LongPage, Page
from kiosk.staff.desk.views import Button, Fact, FactsView, ListView, Row, Tone
from kiosk.staff.desk.when import day_text
from kiosk.staff.pin import Right
from kiosk.store.ids import IdSource
from kiosk.store.kinds import Role
from kiosk.store.moment import Moment
from kiosk.store.records import Staff, StoreError
from kiosk.store.store import Store

ROLES: Final = (Role.STAFF, Role.PHYSIO, Role.OWNER)


@dataclass(frozen=True, slots=True)
class EveryAccount(Read):
    """All accounts; a tuple of Staff."""

    def read(self, connection: Connection, at: Moment) -> tuple[Staff, ...]:
        """By name."""
        return pins.every(connection)


@dataclass(frozen=True, slots=True, repr=False)
class NewPin(Job):
    """Give *staff* another PIN."""

    staff: Staff
    pin: str
    by: Staff

    def do(self, store: Store, at: Moment) -> None:
        """Raises RefusalError."""
        checked_pin(self.pin)
        work = store.writer.run(
            lambda connection: pins.change_pin(connection, store.ids, at, staff=self.staff, pin=self.pin, by=self.by)
        )
        try:
            work.result(timeout=30.0)
        except StoreError as error:
            raise as_refusal(error) from error


@dataclass(frozen=True, slots=True)
class Retire(Write):
    """Take an account out of use; its name stays in the audit."""

    staff: Staff
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """Raises RefusalError for the last owner."""
        try:
            pins.retire(connection, ids, at, staff=self.staff, by=self.by)
        except StoreError as error:
            raise as_refusal(error) from error


@dataclass(frozen=True, slots=True)
class AccountsPage(LongPage):
    """The list, and adding one: name, role, PIN, PIN again."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_ACCOUNTS
    accounts: tuple[Staff, ...] = ()
    asking: str = ""
    name: str = ""
    role: Role = Role.STAFF
    pin: str = field(default="", repr=False)
    message: str = ""
    tone: Tone = Tone.NOTICE

    def opened(self, t: DeskTurn) -> None:
        """Who there is."""
        t.run(EveryAccount())

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """An account, or a new one."""
        match intent.kind:
            case IntentKind.OPEN if 0 <= intent.value < len(self.shown(t.here)):
                t.put(replace(self, asking="account", message=""))
                t.open(AccountPage(self.shown(t.here)[intent.value]))
            case IntentKind.CONFIRM if t.here.may(Right.ACCOUNTS):
                t.put(replace(self, asking="name", message=""))
                t.open(TypePage(words("setup.name"), words("setup.name_help")))

    def shown(self, here: Here) -> tuple[Staff, ...]:
        """All for an owner; for others their own."""
        if here.may(Right.ACCOUNTS):
            return self.accounts
        return tuple(account for account in self.accounts if account.id == here.who.id)

    def returned(self, t: DeskTurn, result: object) -> None:
        """One question after the other."""
        match self.asking, result:
            case "account", _:
                t.put(replace(self, asking=""))
                t.run(EveryAccount())
            case "name", str(name):
                t.put(replace(self, name=name, asking="role"))
                t.open(PickPage(words("accounts.role"), tuple(f"accounts.role_{role.value}" for role in ROLES)))
            case "role", int(index):
                t.put(replace(self, role=ROLES[index], asking="pin"))
                t.open(new_pin_pad())
            case "pin", str(digits):
                first, pad = typed_twice(self.pin, digits)
                if pad is not None:
                    t.put(replace(self, pin=first))
                    t.open(pad)
                else:
                    t.put(replace(self, pin="", asking=""))
                    t.run(AddAccount(self.name, self.role, digits, t.desk.who))
            case _:
                t.put(replace(self, pin="", asking=""))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """The list, or what became of the new one."""
        if isinstance(answer.errand, EveryAccount) and isinstance(answer.result, tuple):
            t.put(replace(self, accounts=answer.result))
        elif isinstance(answer.errand, AddAccount):
            if answer.refused:
                t.put(replace(self, message=answer.refused, tone=Tone.NOTICE))
                t.play("caution")
            else:
                t.put(replace(self, message="accounts.added", tone=Tone.GOOD))
                t.play("done")
                t.run(EveryAccount())

    def view(self, here: Here) -> ListView:
        """Name, role, since when."""
        rows = tuple(
            Row(
                (
                    account.name,
                    here.texts(f"accounts.role_{account.role.value}"),
                    here.texts("accounts.in_use" if account.active else "accounts.retired"),
                    day_text(account.created_ms),
                ),
                Intent(IntentKind.OPEN, index),
                Tone.PLAIN if account.active else Tone.MUTED,
            )
            for index, account in enumerate(self.shown(here))
        )
        add = Button(here.texts("accounts.add"), Intent(IntentKind.CONFIRM), tone=Tone.GOOD)
        return ListView(
            here.texts("menu.accounts"),
            tuple(here.texts(f"accounts.head_{name}") for name in ("name", "role", "state", "since")),
            (1.6, 1.2, 1.0, 1.0),
            rows,
            self.page,
            narrow=(0, 1),
            buttons=(add,) if here.may(Right.ACCOUNTS) else (),
            message=here.texts(self.message) if self.message else "",
            tone=self.tone,
        )


@dataclass(frozen=True, slots=True)
class AccountPage(Page):
    """One account."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_ACCOUNT
    account: Staff
    asking: str = ""
    pin: str = field(default="", repr=False)
    message: str = ""
    tone: Tone = Tone.NOTICE

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A new PIN, or out of use."""
        if intent.kind is not IntentKind.OPEN or not self.account.active:
            return
        if intent.value == 0:
            t.put(replace(self, asking="pin", message=""))
            t.open(new_pin_pad())
        elif intent.value == 1 and t.here.may(Right.ACCOUNTS):
            t.put(replace(self, asking="retire", message=""))
            t.open(
                ConfirmPage(
                    words("accounts.retire_title", name=self.account.name),
                    (words("accounts.retire_line_1"), words("accounts.retire_line_2")),
                    "accounts.retire",
                    dire=True,
                )
            )

    def returned(self, t: DeskTurn, result: object) -> None:
        """One question after the other."""
        match self.asking, result:
            case "pin", str(digits):
                first, pad = typed_twice(self.pin, digits)
                if pad is not None:
                    t.put(replace(self, pin=first))
                    t.open(pad)
                else:
                    t.put(replace(self, pin="", asking=""))
                    t.run(NewPin(self.account, digits, t.desk.who))
            case "retire", True:
                t.put(replace(self, asking=""))
                t.run(Retire(self.account, t.desk.who))
            case _:
                t.put(replace(self, pin="", asking=""))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Done, or a sentence."""
        if not isinstance(answer.errand, NewPin | Retire) or answer.errand.staff.id != self.account.id:
            return
        if answer.refused:
            t.put(replace(self, message=answer.refused, tone=Tone.NOTICE))
            t.play("caution")
            return
        t.play("done")
        if isinstance(answer.errand, NewPin):
            t.put(replace(self, message="accounts.pin_changed", tone=Tone.GOOD))
        elif self.account.id == t.desk.who.id:
            t.sign_out()  # they have no account any more
        else:
            t.back()

    def view(self, here: Here) -> FactsView:
        """What is known, what can be done."""
        account = self.account
        actions = [Button(here.texts("accounts.new_pin"), Intent(IntentKind.OPEN, 0))]
        if here.may(Right.ACCOUNTS):
            actions.append(Button(here.texts("accounts.retire"), Intent(IntentKind.OPEN, 1), tone=Tone.BAD))
        return FactsView(
            account.name,
            (
                Fact(here.texts("accounts.head_role"), here.texts(f"accounts.role_{account.role.value}")),
                Fact(here.texts("accounts.head_since"), day_text(account.created_ms)),
                Fact(
                    here.texts("accounts.head_state"),
                    here.texts("accounts.in_use" if account.active else "accounts.retired"),
                ),
            ),
            tuple(actions) if account.active else (),
            message=here.texts(self.message) if self.message else "",
            tone=self.tone,
        )
