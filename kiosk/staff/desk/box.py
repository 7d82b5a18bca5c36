"""The guard's minute around a stop, as the desk shows it: a picture on one time axis, and the same in words.

A box is read by ``retrowalk blackbox show --json`` in a process of its own: only the command line may ask the
hardware side to decode one, and a box that cannot be read takes nothing else down with it.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import msgspec

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff.desk.errands import Answered, Job, RefusalError
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import BoxView, Button, ListView, NoteView, Row, Tone, View
from kiosk.store.moment import Moment
from kiosk.store.store import Store

READ_S: Final = 30.0


class Stretch(msgspec.Struct, frozen=True, array_like=True):
    """A lane had this word from *from_s* to *to_s*, seconds from the event."""

    from_s: float
    to_s: float
    word: str


class Lane(msgspec.Struct, frozen=True):
    """One row of the picture: stretches, or marks at instants."""

    name: str
    bars: tuple[Stretch, ...] = ()
    marks: tuple[tuple[float, str], ...] = ()


class BoxData(msgspec.Struct, frozen=True):
    """A box in full. Speeds km/h, None where not known; times are seconds from the event."""

    title: str
    lanes: tuple[Lane, ...]
    measured: tuple[tuple[float, float | None], ...]
    wished: tuple[tuple[float, float | None], ...]
    story: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadBox(Job):
    """The box of an event; answers with BoxData."""

    event_id: str

    def do(self, store: Store, at: Moment) -> BoxData:
        """Raises RefusalError where there is none, or it cannot be read."""
        # The interpreter's own path goes along: on the appliance it is set by the start script.
        start = f"import sys; sys.path[:] = {sys.path!r}; from kiosk.cli import main; main()"
        words = [sys.executable, "-c", start, "blackbox", "show", self.event_id, "--data", str(store.path.parent)]
        try:
            done = subprocess.run([*words, "--json"], capture_output=True, timeout=READ_S, check=True)
            return msgspec.json.decode(done.stdout, type=BoxData)
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
            raise RefusalError("log.no_box") from error


@dataclass(frozen=True, slots=True)
class BoxPage(LongPage):
    """The picture; its other side is the story in words."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_BOX
    event_id: str
    title: str
    data: BoxData | None = None
    in_words: bool = False
    refused: str = ""

    def opened(self, t: DeskTurn) -> None:
        """Read it."""
        t.run(ReadBox(self.event_id))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """It is read, or cannot be."""
        if answer.errand != ReadBox(self.event_id):
            return
        if isinstance(answer.result, BoxData):
            t.put(replace(self, data=answer.result))
        else:
            t.put(replace(self, refused=answer.refused))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """The other side."""
        match intent.kind:
            case IntentKind.CHOOSE:
                t.put(replace(self, in_words=not self.in_words, page=0))
            case IntentKind.DONE if self.data is None:
                t.back()

    def view(self, here: Here) -> View:
        """The picture, the words, or what it waits for."""
        texts = here.texts
        if self.data is None:
            text = texts(self.refused) if self.refused else texts("log.reading")
            return NoteView(self.title, text, tone=Tone.NOTICE, button=texts("button.back"))
        turn = Button(texts("log.picture" if self.in_words else "log.words"), Intent(IntentKind.CHOOSE))
        if not self.in_words:
            return BoxView(
                self.title,
                tuple(
                    (
                        texts(f"log.lane_{lane.name.replace(' ', '_')}"),
                        tuple((bar.from_s, bar.to_s, bar.word) for bar in lane.bars),
                        tuple(at_s for at_s, _ in lane.marks),
                    )
                    for lane in self.data.lanes
                ),
                self.data.measured,
                self.data.wished,
                texts("log.lane_measured"),
                texts("log.lane_wished"),
                (turn,),
            )
        rows = []
        for line in self.data.story:
            when, _, what = line.strip().partition(" s  ")
            rows.append(Row((f"{when.strip()} s", what.strip())))
        return ListView(self.title, ("", ""), (0.22, 1.0), tuple(rows), self.page, buttons=(turn,))
