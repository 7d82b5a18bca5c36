"""Diagnostics: everything the doctor looks at, live; crosses where a finger was; a tone and the voice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from hardware.link.messages import Refused, SafetyEvent, Status
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff.desk.errands import Answered, Job
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.treadmill import strength_key
from kiosk.staff.desk.turn import DeskTurn, LongPage, Page
from kiosk.staff.desk.views import Button, Fact, FactsView, Tone, TouchView
from kiosk.staff.health import computer, house, record
from kiosk.staff.health.finding import Finding, Level, do_words, found_words, name_of
from kiosk.staff.health.machine import Machine
from kiosk.store.moment import Moment
from kiosk.store.store import Store

LOOK_S: Final = 5.0
VOICE: Final = "X1"
TOUCHES: Final = 12

TONES: Final = {Level.FINE: Tone.GOOD, Level.DO: Tone.BAD, Level.BLIND: Tone.NOTICE}


@dataclass(frozen=True, slots=True)
class Look:
    """What one look around has found."""

    findings: tuple[Finding, ...]
    versions: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookAround(Job):
    """Look at the computer and the disk; answers with a Look."""

    number: int

    def do(self, store: Store, at: Moment) -> Look:
        """A tenth of a second, on a thread of its own."""
        machine, directory = Machine(), store.path.parent
        findings = (
            record.disk(directory),
            record.record(directory, thorough=False),
            record.backups(directory, at),
            computer.clock(machine),
            computer.touch(machine),
            computer.sound(machine),
            computer.heat(machine),
            computer.power(machine),
            computer.services(machine),
        )
        return Look(findings, tuple(computer.versions(machine).items()), store.notices)


@dataclass(frozen=True, slots=True)
class DiagnosticsPage(LongPage):
    """See the top of this file."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_DIAGNOSTICS
    look: Look | None = None
    looks: int = 0
    asked_s: float = float("-inf")
    jitter_s: float = 0.0
    told_s: float | None = None

    def passing(self, t: DeskTurn) -> None:
        """Look again, now and then."""
        if t.now_s - self.asked_s >= LOOK_S:
            t.put(replace(self, asked_s=t.now_s, looks=self.looks + 1))
            t.run(LookAround(self.looks + 1))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """What was found."""
        if isinstance(answer.errand, LookAround) and isinstance(answer.result, Look):
            t.put(replace(self, look=answer.result))

    def told(self, t: DeskTurn, body: Status | Refused | SafetyEvent) -> None:
        """How evenly the guard speaks: the worst gap beyond its tenth of a second."""
        if isinstance(body, Status):
            gap_s = 0.0 if self.told_s is None else max(0.0, t.now_s - self.told_s - 0.1)
            t.put(replace(self, told_s=t.now_s, jitter_s=max(self.jitter_s, gap_s)))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A tone, the voice, the crosses."""
        match intent.kind:
            case IntentKind.CHOOSE if intent.value == 0:
                t.play("go")
            case IntentKind.CHOOSE if intent.value == 1:
                t.say(VOICE)
            case IntentKind.CHOOSE if intent.value == 2:
                t.open(TouchPage())

    def view(self, here: Here) -> FactsView:
        """What wants doing first."""
        texts = here.texts
        look = self.look
        found = [*live(here), *(() if look is None else look.findings)]
        found.sort(key=lambda one: one.level is Level.FINE)
        facts = [Fact(name_of(texts, one), found_words(texts, one), TONES[one.level]) for one in found]
        facts += wires(here)
        if here.status is not None:
            late = texts("diagnostics.jitter", late=here.status.ticks_late, ms=round(self.jitter_s * 1000))
            facts.append(Fact(texts("diagnostics.ticks"), late))
        if look is not None:
            facts += [Fact(name, value) for name, value in look.versions]
            facts += [Fact(texts("diagnostics.notice"), notice, Tone.NOTICE) for notice in look.notices]
        first = next((one for one in found if one.level is not Level.FINE), None)
        return FactsView(
            texts("diagnostics.title"),
            tuple(facts),
            (
                Button(texts("diagnostics.tone"), Intent(IntentKind.CHOOSE, 0)),
                Button(texts("diagnostics.voice"), Intent(IntentKind.CHOOSE, 1)),
                Button(texts("diagnostics.touch"), Intent(IntentKind.CHOOSE, 2)),
            ),
            self.page,
            message="" if first is None else do_words(texts, first),
            tone=Tone.NOTICE,
        )


def live(here: Here) -> tuple[Finding, ...]:
    """What the kiosk knows without looking: its display, and the guard's word."""
    found: list[Finding] = []
    shown = here.setup.display
    if shown is not None:
        found.append(computer.display(Machine(), shown.driver))
        if shown.too_small:
            found.append(Finding("panel", Level.DO, "small"))
    found.append(house.guard(here.status, kiosk_runs=True))
    if here.status is not None and here.status.inputs.fault:
        found.append(Finding("wires", Level.DO, "trouble", detail=here.status.inputs.fault))
    return tuple(found)


def wires(here: Here) -> list[Fact]:
    """Each wire, and the link with the age of what it told."""
    texts, status = here.texts, here.status
    shown = here.setup.display
    facts = []
    if shown is not None:
        facts.append(
            Fact(texts("diagnostics.mode"), f"{shown.driver}, {shown.renderer}, {shown.width}x{shown.height}")
        )
    if status is None:
        return facts
    inputs = status.inputs

    def contact(closed: bool, on: str, off: str) -> str:
        return texts(f"diagnostics.{on if closed else off}")

    facts += [
        Fact(texts("diagnostics.clip"), contact(inputs.clip_closed, "closed", "open")),
        Fact(texts("diagnostics.red"), contact(inputs.red_closed, "released", "pressed")),
    ]
    if inputs.amber_pressed is not None:
        facts.append(Fact(texts("diagnostics.amber"), contact(not inputs.amber_pressed, "released", "pressed")))
    if inputs.permit_readback is not None:
        facts.append(Fact(texts("diagnostics.permit"), contact(inputs.permit_readback, "on", "off")))
    if inputs.deck is not None:
        facts.append(Fact(texts("diagnostics.deck"), texts(f"diagnostics.deck_{inputs.deck.value}")))
    bound = "" if status.facts is None else status.facts.address
    seen = next((one for one in status.found if one.address == bound and one.rssi is not None), None)
    if seen is not None:
        facts.append(Fact(texts("treadmill.signal"), f"{texts(strength_key(seen.rssi))} ({seen.rssi} dBm)"))
    age = "–" if status.measured_age_s is None else texts.number(f"{status.measured_age_s:.1f} s")
    facts.append(Fact(texts("diagnostics.age"), age))
    return facts


@dataclass(frozen=True, slots=True)
class TouchPage(Page):
    """A cross where each touch was: does the panel meet the finger?"""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_TOUCH
    touches: tuple[tuple[int, int], ...] = ()

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Another cross. The value holds both pixels (kiosk.stage)."""
        if intent.kind is IntentKind.TOUCH:
            t.put(replace(self, touches=(*self.touches, divmod(intent.value, 10_000))[-TOUCHES:]))

    def view(self, here: Here) -> TouchView:
        """The crosses so far."""
        return TouchView(here.texts("diagnostics.touch"), here.texts("diagnostics.touch_text"), self.touches)
