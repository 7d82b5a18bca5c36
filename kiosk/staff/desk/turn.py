"""The pages of a desk, and one turn of it: mutable, living for one ``step``; what comes out is frozen again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeVar

from hardware.link.messages import KioskToGuard, Refused, SafetyEvent, Status
from kiosk.intents import Intent, ScreenId
from kiosk.session.actions import Action, Play, Record, Say, Send, TryPin
from kiosk.session.setup import Setup
from kiosk.staff.desk.errands import Answered, Errand, Run
from kiosk.staff.desk.flow import may_follow
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.noted import signed_out
from kiosk.staff.desk.views import View
from kiosk.store.kinds import Severity
from kiosk.store.records import EventIn, Staff


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the desk. A page is data; its methods say what follows, by way of the turn.

    To change itself a page calls ``t.put(replace(self, ...))``; other pages open with ``t.open(page)``, and give
    something back with ``t.back(result)``, which the page below gets as ``returned``.
    """

    screen: ClassVar[ScreenId]
    holds: ClassVar[bool] = False  # True: no idle sign-out here (a belt may move)

    def opened(self, t: DeskTurn) -> None:
        """The page comes up: time to ask the record."""

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A person wants something. BACK, SIGN_OUT and STAY are done for every page."""

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """An errand is done. Every page of the stack hears of every errand: look whose it is."""

    def returned(self, t: DeskTurn, result: object) -> None:
        """The page above has closed. *result* is None where it was left without."""

    def told(self, t: DeskTurn, body: Status | Refused | SafetyEvent) -> None:
        """The guard's word; only the page on top hears it."""

    def passing(self, t: DeskTurn) -> None:
        """Time goes by; only for the page on top."""

    def leaving(self, t: DeskTurn) -> None:
        """BACK or signed out: stop what was begun."""

    def view(self, here: Here) -> View:
        """What the painter shows."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class LongPage(Page):
    """A page that may be longer than the panel: its leaves are turned for it (NEXT, PREVIOUS)."""

    page: int = field(default=0, kw_only=True)  # any number: the painter counts it round the leaves there are


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody of the staff at the screen."""

    who: Staff
    stack: tuple[Page, ...]  # the last is on top
    since_s: float  # since the page on top came up
    active_s: float  # last touch
    pin_asked: bool = False  # a second PIN is being tried
    over: bool = False  # signed out: the session's own screen comes again
    astray: tuple[tuple[ScreenId, ScreenId], ...] = ()  # steps that flow.py does not know: a bug

    @property
    def page(self) -> Page:
        """The page on top."""
        return self.stack[-1]

    @property
    def screen(self) -> ScreenId:
        """Its screen."""
        return self.stack[-1].screen


P = TypeVar("P", bound=Page)


class DeskTurn:
    """What a page may ask for while it is its turn."""

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
            self.run(signed_out(self.desk.who.name, idle=idle))

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
