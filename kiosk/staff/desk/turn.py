"""One turn of the desk: mutable, lives for one ``step``; what comes out of it is frozen again."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from hardware.link.messages import KioskToGuard, Status
from kiosk.session.model import Action, Play, Record, Say, Send, Setup, TryPin
from kiosk.staff.desk.flow import may_follow
from kiosk.staff.desk.model import Desk, Errand, Here, Page, Run
from kiosk.store.kinds import Severity
from kiosk.store.records import EventIn

P = TypeVar("P", bound=Page)


class DeskTurn:
    """See the top of this file."""

    __slots__ = ("actions", "desk", "here", "level")

    def __init__(self, desk: Desk, here: Here) -> None:
        self.desk = desk
        self.here = here
        self.level = len(desk.stack) - 1  # whose turn it is, from the bottom
        self.actions: list[Action] = []

    # ------------------------------------------------------------------------------------------ reading

    @property
    def now_s(self) -> float:
        """Monotonic."""
        return self.here.now_s

    @property
    def status(self) -> Status | None:
        """The guard's last word, if it is recent."""
        return self.here.status

    @property
    def setup(self) -> Setup:
        """What does not change."""
        return self.here.setup

    @property
    def page_s(self) -> float:
        """How long the page on top has been up."""
        return self.here.now_s - self.desk.since_s

    # ------------------------------------------------------------------------------------------ acting

    def put(self, page: Page) -> None:
        """The page as it is from now on."""
        stack = self.desk.stack
        self.desk = replace(self.desk, stack=(*stack[: self.level], page, *stack[self.level + 1 :]))

    def open(self, page: Page) -> None:
        """Another page on top of this one."""
        self._note(page)
        self._top((*self.desk.stack, page))
        page.opened(self)

    def swap(self, page: Page) -> None:
        """Another page in place of this one."""
        self._note(page)
        self._top((*self.desk.stack[:-1], page))
        page.opened(self)

    def back(self, result: object = None) -> None:
        """Close this page; the one below hears *result*. Closing the last signs out."""
        if len(self.desk.stack) < 2:
            self.sign_out()
            return
        self._top(self.desk.stack[:-1])
        self.desk.page.returned(self, result)

    def _top(self, stack: tuple[Page, ...]) -> None:
        self.desk = replace(self.desk, stack=stack, since_s=self.now_s, active_s=self.now_s, pin_asked=False)
        self.level = len(stack) - 1
        self.here = replace(self.here, since_s=self.now_s)

    def _note(self, page: Page) -> None:
        step = self.desk.screen, page.screen
        if not may_follow(*step):
            self.desk = replace(self.desk, astray=(*self.desk.astray, step))

    def sign_out(self, *, idle: bool = False) -> None:
        """Away from the desk; every page may stop what it began."""
        if self.desk.over:
            return
        self.desk = replace(self.desk, over=True)
        for level in reversed(range(len(self.desk.stack))):
            self.level = level
            self.desk.stack[level].leaving(self)
        if self.desk.who.id:
            detail = "idle" if idle else ""
            self.actions.append(Record(EventIn("staff_signed_out", Severity.INFO, detail=detail)))

    def run(self, errand: Errand) -> None:
        """Have this carried out; the answer comes to ``Page.answered``."""
        self.actions.append(Run(errand))

    def try_pin(self, pin: str) -> None:
        """Ask whose PIN this is; the answer comes to ``machine.second_pin``."""
        self.desk = replace(self.desk, pin_asked=True)
        self.actions.append(TryPin(pin))

    def send(self, body: KioskToGuard) -> None:
        """To the guard."""
        self.actions.append(Send(body))

    def play(self, sound: str) -> None:
        """An earcon."""
        self.actions.append(Play(sound))

    def say(self, cue: str) -> None:
        """A cue, by id."""
        self.actions.append(Say(cue, over=True))

    def record(self, event: EventIn) -> None:
        """Into the log."""
        self.actions.append(Record(event))

    def awake(self) -> None:
        """What goes on counts as a touch: nobody is signed out in the middle of it."""
        self.desk = replace(self.desk, active_s=self.now_s)
