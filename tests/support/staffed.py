"""Staff at the screen of a composed house: real pages, real guard, belt and treadmill, a record on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hardware.config.binding import load_binding
from hardware.link.messages import Status
from kiosk.intents import Intent, IntentKind
from kiosk.session.actions import Action, Record, Say, Send, TryPin
from kiosk.staff.commissioning.hands import AutoHand
from kiosk.staff.commissioning.instruction import Act, Deed
from kiosk.staff.desk import machine
from kiosk.staff.desk.asking import PadPage
from kiosk.staff.desk.clerk import Clerk
from kiosk.staff.desk.errands import Run
from kiosk.staff.desk.model import DeskEvent, Here, SecondPin
from kiosk.staff.desk.procedure import ACTS, ProcedurePage
from kiosk.staff.desk.turn import Page
from kiosk.staff.desk.typing import DIGITS, KeysPage
from kiosk.store.kinds import Role
from kiosk.store.moment import Moment
from kiosk.store.records import Staff
from kiosk.store.store import open_store
from tests.support.composed import Composed
from tests.support.desk import make_setup
from tests.support.record import START_MS
from tests.support.technician import Room, anew

ANA = Staff("ana", "Ana", Role.STAFF, active=True, created_ms=START_MS)
OLGA = Staff("olga", "Olga", Role.OWNER, active=True, created_ms=START_MS)
TURN_QUANTA = 5  # ten frames a second


class Staffed:
    """The desk over the house. *who* has signed in and opened *page*."""

    def __init__(self, house: Composed, directory: Path, page: Page, who: Staff = ANA) -> None:
        self.house = house
        self.store = open_store(directory, self._moment(), threaded=False)
        self.clerk = Clerk(self.store, threaded=False)
        self.pins: dict[str, Staff] = {"246810": ANA, "135791": OLGA}
        self.setup = make_setup()
        self.sent: list[Any] = []
        self.said: list[str] = []
        self.played: list[str] = []
        self.records: list[Any] = []
        self.pages: list[str] = []
        self._refused = 0
        self._status: Status | None = None
        self._answers: list[DeskEvent] = []
        self.desk = machine.signed_in(who, house.now_s, page)
        self.desk, actions = machine.begin(self.desk, self.here())
        self._do(actions)

    def _moment(self) -> Moment:
        return Moment(self.house.now_s, START_MS + round((self.house.now_s - 1000) * 1000))

    def here(self) -> Here:
        texts = self.setup.content.texts["en"]
        kiosk = self.house.kiosk
        fresh = kiosk.status is not None and self.house.now_s - kiosk.status_at_s <= 1.0
        return Here(
            self.house.now_s,
            self.setup,
            kiosk.status if fresh else None,
            (),
            texts,
            self.desk.who,
            self.desk.since_s,
            self._moment().utc_ms,
        )

    def _do(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            match action:
                case Send(body):
                    self.sent.append(body)
                    self.house.kiosk.say(body)
                case Run(errand):
                    self.clerk.run(errand, self._moment())
                case TryPin(pin):
                    self._answers.append(SecondPin(self.pins.get(pin)))
                case Say(cue, _):
                    self.said.append(cue)
                case Record(entry):
                    self.records.append(entry)
                case _:
                    self.played.append(getattr(action, "sound", ""))

    def step(self, *events: DeskEvent) -> None:
        """A tenth of a second of the house, then one frame."""
        for _ in range(TURN_QUANTA):
            self.house.quantum()
            if self.house.guard is not None and self.house.guard.done(self.house.now_s):
                anew(self.house, self.profile(), load_binding(self.store.path.parent))
                self._refused = 0
        self.frame(*events)

    def frame(self, *events: DeskEvent) -> None:
        """What was heard, answered and touched, in one turn of the desk."""
        kiosk = self.house.kiosk
        heard: list[DeskEvent] = [*self.clerk.poll(), *self._answers]
        self._answers = []
        if kiosk.status is not None and kiosk.status is not self._status:
            self._status = kiosk.status
            heard.append(kiosk.status)
        heard += kiosk.refused[self._refused :]
        self._refused = len(kiosk.refused)
        self.desk, actions = machine.step(self.desk, [*heard, *events], self.here())
        self._do(actions)
        if not self.desk.over:
            self.desk.page.view(self.here())  # every state can be shown

    def profile(self) -> Any:
        from hardware.config.profiles import load_profile
        from tests.support.composed import ADDRESS

        return load_profile(self.store.path.parent, ADDRESS)

    def touch(self, kind: str, value: int = 0) -> None:
        for _ in range(4):
            self.step()
        self.step(Intent(IntentKind(kind), value))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.step()

    @property
    def page(self) -> Page:
        return self.desk.page

    # ---------------------------------------------------------------------------- a technician who reads the screen

    def follow(self, hand: AutoHand, *until: str, within_s: float = 1500.0) -> None:
        """Do what the screen says, by touches alone, until it shows one of *until*."""
        began_s = self.house.now_s
        deeds: list[Deed] = []
        while self.house.now_s - began_s < within_s:
            touches: list[DeskEvent] = []
            page = self.page
            if isinstance(page, ProcedurePage) and page.shown is not None:
                if not self.pages or self.pages[-1] != page.shown.page:
                    self.pages.append(page.shown.page)
                if page.shown.page in until:
                    return
                deeds += hand.answer(page.shown, self.house.now_s)
                early = self.house.now_s - self.desk.since_s < 0.4
                while deeds and not early:
                    deed = deeds.pop(0)
                    act = Act.CONFIRM if deed.act is Act.NUMBER and Act.NUMBER not in page.shown.choices else deed.act
                    self._typed = "" if deed.number is None else str(deed.number)
                    touches.append(Intent(IntentKind.CHOOSE, ACTS.index(act)))
            elif isinstance(page, KeysPage):
                for _ in page.typed:
                    self.touch("erase")
                for digit in self._typed:
                    self.touch("letter", DIGITS.index(digit))
                self.touch("submit")
            elif isinstance(page, PadPage):
                for digit in "246810":
                    self.touch("digit", int(digit))
                self.touch("submit")
            for _ in range(TURN_QUANTA):
                self.house.quantum()
                hand.watch(self.house.now_s)
                if self.house.guard is not None and self.house.guard.done(self.house.now_s):
                    anew(self.house, self.profile(), load_binding(self.store.path.parent))
                    self._refused = 0
            self.frame(*touches)
        raise AssertionError(f"{until} not reached: {self.pages[-12:]} {self.house.scene()}")

    _typed = ""

    def hand(self, **options: Any) -> AutoHand:
        return AutoHand(Room(self.house), **options)

    def close(self) -> None:
        self.store.close()
        self.house.close()
