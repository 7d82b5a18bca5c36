"""Opening check and commissioning on the screen: the procedures' own instructions, with the staff's hands.

The procedure is a pure step (opening and procedure in kiosk.staff.commissioning); this page feeds it with the
guard's word ten times a second, shows what it says, and passes on what it asks for. What has to be on disk before a
request may leave is written first: requests wait for the answer of that errand.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from hardware.config.files import save_profile
from hardware.config.profiles import Profile, ProfileError, load_profile
from hardware.link.messages import Disarm, KioskToGuard, Missing, Refused, SafetyEvent, State, Status, Stop, StopWhy
from kiosk.intents import Intent, IntentKind, ScreenId, TileState
from kiosk.staff.caps import speed_words
from kiosk.staff.commissioning import opening, procedure, progress
from kiosk.staff.commissioning import page as pages
from kiosk.staff.commissioning.findings import Findings, Identity
from kiosk.staff.commissioning.instruction import CHECK_STEPS, STEPS, Act, Awaits, Deed, Instruction, filled
from kiosk.staff.commissioning.job import day_of
from kiosk.staff.commissioning.memory import ENDS, Procedure, Seen
from kiosk.staff.commissioning.progress import Progress
from kiosk.staff.desk.asking import PadPage, words
from kiosk.staff.desk.errands import Answered, Job, RefusalError
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.noted import Note
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.typing import KeysPage
from kiosk.staff.desk.views import Bars, Button, ChartsView, Fact, NoteView, StepsView, Tone, View
from kiosk.staff.desk.when import time_text
from kiosk.store.moment import Moment
from kiosk.store.records import Staff
from kiosk.store.store import Store
from kiosk.trouble import told

KIND_CHECK: Final = "opening_check"
KIND_COMMISSION: Final = "commission"
LOOK_S: Final = 0.1
DRAW_S: Final = 60.0
HEARD_S: Final = 0.5
VOICE: Final = "X1"
MOVING: Final = frozenset({State.STARTING, State.RUNNING, State.STOPPING})
ACTS: Final = tuple(Act)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is on disk of a treadmill when commissioning begins."""

    holding: Profile
    offered: tuple[Identity, Findings, str, str] | None
    utc_ms: int


@dataclass(frozen=True, slots=True)
class ReadKept(Job):
    """Profile and kept progress of *address*; answers with Kept."""

    address: str

    def do(self, store: Store, at: Moment) -> Kept:
        """Raises RefusalError for a profile that cannot be used."""
        directory = store.path.parent
        found = progress.kept(directory, self.address, at.utc_ms)
        offered = None
        if found is not None:
            offered = (found.identity, found.found, time_text(found.saved_ms), found.who)
        try:
            return Kept(load_profile(directory, self.address), offered, at.utc_ms)
        except ProfileError as error:
            raise RefusalError("treadmill.bad_profile") from error


@dataclass(frozen=True, slots=True)
class KeepFound(Job):
    """Write what was found so far, and a profile where there is one."""

    address: str
    who: str
    identity: Identity | None
    found: Findings
    profile: Profile | None

    def do(self, store: Store, at: Moment) -> None:
        """Raises RefusalError where the disk does not take it."""
        directory = store.path.parent
        try:
            if self.profile is not None:
                save_profile(directory, self.profile)
                self._note(store, at, self.profile)
            if self.identity is None or self.identity.address != self.address:
                return
            made = Progress(identity=self.identity, saved_ms=at.utc_ms, who=self.who, found=self.found)
            if self.profile is not None and self.profile.commissioned:
                place = pages.write_record(directory, made, self.profile)
                progress.forget(directory, self.address)
                _draw(place)
            else:
                progress.keep(directory, made)
        except (ProfileError, OSError) as error:
            raise RefusalError("procedure.not_kept") from error

    def _note(self, store: Store, at: Moment, profile: Profile) -> None:
        """Who signed for what; the treadmill goes by it from now on."""
        done = profile.commissioned
        limit = f"cap {speed_words(profile.limit_ckmh)}" if done else "not commissioned: read-only"
        note = Note(self.who, "commissioned" if done else "profile kept", f"treadmill {self.address}", after=limit)
        store.writer.run(lambda connection: note.write(connection, store.ids, at))


def _draw(place: Path) -> None:
    """The chart beside the page, drawn in a process of its own: fonts are not for two threads at once.

    Without it the page is complete but for its picture, which can be drawn again from the record.
    """
    start = (
        f"import sys; sys.path[:] = {sys.path!r}; from pathlib import Path; "
        "from kiosk.staff.commissioning import chart, page; "
        f"place = Path({str(place)!r}); chart.draw(place, page.read_record(place))"
    )
    environment = {**os.environ, "SDL_VIDEODRIVER": "dummy"}
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [sys.executable, "-c", start], env=environment, capture_output=True, timeout=DRAW_S, check=True
        )


@dataclass(frozen=True, slots=True)
class ProcedurePage(LongPage):
    """See the top of this file."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_PROCEDURE
    holds: ClassVar[bool] = True  # a belt may move: nobody is signed out in the middle of it
    kind: str
    address: str
    commission: Procedure | None = None
    check: opening.Check | None = None
    shown: Instruction | None = None
    status_s: float = 0.0
    refused: tuple[Missing, ...] = ()
    deeds: tuple[Deed, ...] = ()
    looked_s: float = float("-inf")
    waiting: tuple[KioskToGuard, ...] = ()  # requests that may not leave before the disk has what they rest on
    writing: KeepFound | None = None
    amber: bool = False
    asking: str = ""
    message: str = ""

    def opened(self, t: DeskTurn) -> None:
        """A check begins at once; commissioning asks first what was kept."""
        if self.kind == KIND_CHECK:
            t.put(replace(self, check=opening.begin(t.now_s)))
        else:
            t.run(ReadKept(self.address))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """What was kept is read; or what was found is written, and requests may go."""
        if answer.errand == ReadKept(self.address) and self.kind == KIND_COMMISSION and self.commission is None:
            kept = answer.result
            if not isinstance(kept, Kept):
                t.put(replace(self, message=answer.refused))
                return
            begun = procedure.begin(
                t.now_s,
                who=t.here.who.name,
                today=day_of(kept.utc_ms),
                holding=kept.holding,
                offered=kept.offered,
            )
            t.put(replace(self, commission=begun))
            t.run(Note(t.here.who.name, "commissioning begun", self._subject))
        elif self.writing is not None and answer.errand is self.writing:
            if answer.refused:
                t.put(replace(self, writing=None, waiting=(), message=answer.refused))
                t.play("caution")
                return
            for request in self.waiting:
                t.send(request)
            t.put(replace(self, writing=None, waiting=()))

    def told(self, t: DeskTurn, body: Status | Refused | SafetyEvent) -> None:
        """The guard's word; the amber button taps, too."""
        match body:
            case Status():
                pressed = body.inputs.amber_pressed is True
                deeds = self.deeds
                if pressed and not self.amber and self.shown is not None and Act.TAP in self.shown.choices:
                    deeds = (*deeds, Deed(Act.TAP, t.now_s))
                t.put(replace(self, status_s=t.now_s, amber=pressed, deeds=deeds))
            case Refused():
                t.put(replace(self, refused=(*self.refused, *body.why)))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """What the person does. BACK asks the procedure to be left, where the belt stands."""
        shown = self.shown
        if shown is None:
            return
        match intent.kind:
            case IntentKind.CHOOSE if 0 <= intent.value < len(ACTS):
                act = ACTS[intent.value]
                if act in shown.choices or (act is Act.STOP and self._moves(t.status)):
                    self._act(t, shown, act)
            case IntentKind.BACK if self._moves(t.status):
                self._act(t, shown, Act.STOP)

    def _moves(self, status: Status | None) -> bool:
        return not self._over() and status is not None and status.state in MOVING

    def _act(self, t: DeskTurn, shown: Instruction, act: Act) -> None:
        if act is Act.STOP:
            t.send(Stop(StopWhy.STAFF))  # at once, whatever the procedure makes of it
        if shown.awaits is Awaits.END:
            self._leave(t)
        elif act is Act.NUMBER and shown.number is not None:
            asked = shown.number
            text = words("procedure.number", low=asked.low, high=asked.high)
            usual = "" if asked.usual is None else str(asked.usual)
            t.put(replace(self, asking="number"))
            t.open(KeysPage((shown.title, ()), text, most=5, low=asked.low, high=asked.high, typed=usual))
        elif shown.page == "sign" and act is Act.CONFIRM:
            t.put(replace(self, asking="sign"))
            t.open(PadPage(words("procedure.sign"), words("procedure.sign_text"), second=True))
        else:
            t.put(replace(self, deeds=(*self.deeds, Deed(act, t.now_s))))

    def returned(self, t: DeskTurn, result: object) -> None:
        """A figure, or a signature."""
        match self.asking, result:
            case "number", int(number):
                t.put(replace(self, asking="", deeds=(*self.deeds, Deed(Act.NUMBER, t.now_s, number))))
            case "sign", Staff(name=name) if self.commission is not None:
                signed = msgspec.structs.replace(self.commission, who=name)
                t.put(replace(self, asking="", commission=signed, deeds=(*self.deeds, Deed(Act.CONFIRM, t.now_s))))
            case _:
                t.put(replace(self, asking=""))

    def passing(self, t: DeskTurn) -> None:
        """Ten looks a second; a deed is not kept waiting."""
        if self.writing is not None or not (self.deeds or t.now_s - self.looked_s >= LOOK_S - 0.005):
            return
        status = t.status
        # A page above this one has heard the guard meanwhile; what counts is that its word is fresh (Here.status).
        at_s = self.status_s if t.now_s - self.status_s <= HEARD_S else t.now_s
        seen = None if status is None else Seen(status, at_s, self.refused)
        looked = replace(self, deeds=(), refused=(), looked_s=t.now_s)
        if self.check is not None:
            turn = opening.step(self.check, seen, self.deeds, t.now_s)
            for request in turn.requests:
                t.send(request)
            if turn.say:
                t.say(VOICE)
            if turn.state.phase in opening.ENDS and self.check.phase not in opening.ENDS:
                self._checked(t, good=turn.state.phase == "done")
            t.put(_chimed(t, replace(looked, check=turn.state), turn.instruction))
        elif self.commission is not None:
            took = procedure.step(self.commission, seen, self.deeds, t.now_s)
            looked = _chimed(t, replace(looked, commission=took.state), took.instruction)
            if took.keep or took.profile is not None:
                write = KeepFound(self.address, took.state.who, took.state.identity, took.state.found, took.profile)
                t.put(replace(looked, writing=write, waiting=took.requests))
                t.run(write)
                return
            for request in took.requests:
                t.send(request)
            t.put(looked)

    @property
    def _subject(self) -> str:
        return f"treadmill {self.address}"

    def _checked(self, t: DeskTurn, *, good: bool) -> None:
        t.run(Note(t.here.who.name, "opening check" if good else "opening check broken off", self._subject))

    def _over(self) -> bool:
        return (self.check is not None and self.check.phase in opening.ENDS) or (
            self.commission is not None and self.commission.phase in ENDS
        )

    def _leave(self, t: DeskTurn) -> None:
        if self.commission is not None and self.commission.phase == "done":
            t.swap(ResultPage(self.address))
        else:
            t.back("done" if self._over() else None)

    def leaving(self, t: DeskTurn) -> None:
        """Whatever ends this page ends a run first."""
        status = t.status
        if status is not None and status.state in MOVING:
            t.send(Stop(StopWhy.STAFF))
        elif not self._over():
            t.send(Disarm())
        if self.check is not None and not self._over():
            self._checked(t, good=False)

    def view(self, here: Here) -> View:
        """The instruction; the steps and where one is; the live speed; stop first."""
        texts, shown, status = here.texts, self.shown, here.status
        title = texts(f"procedure.{self.kind}")
        if shown is None:
            message = texts(self.message) if self.message else texts("procedure.reading")
            return NoteView(title, message, tone=Tone.NOTICE, button=texts("button.back"))
        moving = shown.moving or (status is not None and status.state in MOVING)
        names = CHECK_STEPS if self.kind == KIND_CHECK else STEPS
        lines = tuple(
            (texts(f"{self.kind}.step.{name}"), _state(n, shown, over=self._good()), False)
            for n, name in enumerate(names, start=1)
        )
        unit = here.setup.units
        body = filled(texts, shown.body, shown, unit)
        message = " ".join(texts(f"commission.missing.{one}") for one in shown.blocked[:2])
        if self.message:
            message = texts(self.message)
        acts = [act for act in shown.choices if act is not Act.LEAVE]  # BACK does that
        if moving and Act.STOP not in acts:
            acts.append(Act.STOP)
        made = {act: _button(here, act, shown) for act in acts}
        large = made.pop(Act.TAP, None) or made.pop(Act.STOP, None)  # as large as can be: nobody aims at it
        buttons = tuple(made[act] for act in reversed(list(made)[:3]))
        figure = ""
        if status is not None and (moving or shown.awaits is Awaits.TAP):
            known = status.measured_ckmh is not None and (status.measured_age_s or 0.0) < 3.0
            speed = here.texts.speed(status.measured_ckmh if known else None, unit)
            figure = f"{speed} {texts(f'unit.{unit.name.lower()}')}"
        return StepsView(
            filled(texts, shown.title, shown, unit),
            body,
            lines,
            figure,
            message or told(texts, shown.trouble),
            Tone.NOTICE,
            buttons,
            self.page,
            large=large,
        )

    def _good(self) -> bool:
        return (self.check is not None and self.check.phase == "done") or (
            self.commission is not None and self.commission.phase == "done"
        )


def _button(here: Here, act: Act, shown: Instruction) -> Button:
    tone = Tone.STOP if act is Act.STOP else Tone.GOOD if act is _main(shown) else Tone.PLAIN
    return Button(here.texts(f"commission.act.{act}"), Intent(IntentKind.CHOOSE, ACTS.index(act)), tone=tone)


def _main(shown: Instruction) -> Act | None:
    return next((act for act in shown.choices if act not in (Act.STOP, Act.LEAVE)), None)


def _state(n: int, shown: Instruction, *, over: bool) -> TileState:
    if over or n < shown.n:
        return TileState.DONE
    return TileState.ACTIVE if n == shown.n else TileState.WAITING


def _chimed(t: DeskTurn, page: ProcedurePage, shown: Instruction) -> ProcedurePage:
    """The page with its new instruction; a tone where something new is asked for."""
    if page.shown is not None and page.shown.page != shown.page:
        t.play("done" if shown.page == "done" else "caution" if shown.page == "failed" else "tick")
    return replace(page, shown=shown)


# ---------------------------------------------------------------------------------------------------- the result


@dataclass(frozen=True, slots=True)
class ReadResult(Job):
    """The newest commissioning on record; answers with page.Record, or None."""

    address: str

    def do(self, store: Store, at: Moment) -> pages.Record | None:
        """Raises RefusalError for one that cannot be read."""
        found = pages.records(store.path.parent, self.address)
        if not found:
            return None
        try:
            return pages.read_record(found[0])
        except (OSError, msgspec.DecodeError) as error:
            raise RefusalError("procedure.no_result") from error


@dataclass(frozen=True, slots=True)
class ResultPage(LongPage):
    """What was measured, the stops as a chart, and the cap that follows."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_PROCEDURE
    address: str
    record: pages.Record | None = None
    heard: bool = False

    def opened(self, t: DeskTurn) -> None:
        """Read it."""
        t.run(ReadResult(self.address))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """It is read."""
        if answer.errand == ReadResult(self.address):
            found = answer.result if isinstance(answer.result, pages.Record) else None
            t.put(replace(self, record=found, heard=True))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Read."""
        if intent.kind is IntentKind.DONE:
            t.back()

    def view(self, here: Here) -> View:
        """Figures at the left, charts at the right."""
        texts = here.texts
        title = texts("procedure.result")
        if self.record is None:
            text = texts("procedure.no_result") if self.heard else texts("procedure.reading")
            return NoteView(title, text, tone=Tone.NOTICE, button=texts("button.back"))
        profile, found = self.record.profile, self.record.measured.found
        units = here.setup.units
        unit = texts(f"unit.{units.name.lower()}")

        def speed(ckmh: int | None) -> str:
            return "–" if ckmh is None else f"{texts.speed(ckmh, units)} {unit}"

        def yes(value: bool | None) -> str:
            return texts("procedure.not_tried" if value is None else "button.yes" if value else "button.no")

        latency = "–" if found.start_latency_s is None else texts.number(f"{found.start_latency_s:.1f} s")
        names = tuple(texts.speed(point.ckmh, units) for point in profile.stops)
        return ChartsView(
            title,
            (
                Fact(texts("procedure.cap"), speed(profile.limit_ckmh), Tone.GOOD),
                Fact(texts("procedure.slowest"), speed(found.min_ckmh)),
                Fact(texts("procedure.starts_after"), latency),
                Fact(texts("procedure.pauses"), yes(found.pause_works)),
                Fact(texts("procedure.link_stops"), yes(found.link_stops)),
                Fact(texts("procedure.deck"), "–" if found.deck_mm is None else f"{found.deck_mm} mm"),
                Fact(texts("procedure.day"), profile.measured_on or "–"),
                Fact(texts("procedure.signed"), profile.signed_by or "–"),
            ),
            (
                Bars(
                    texts("procedure.travel", unit=unit),
                    names,
                    tuple(round(point.travel_mm / 1000, 2) for point in profile.stops),
                ),
                Bars(
                    texts("procedure.seconds", unit=unit),
                    names,
                    tuple(round(point.seconds, 2) for point in profile.stops),
                ),
            ),
            self.page,
        )
