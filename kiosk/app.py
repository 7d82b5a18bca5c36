"""The kiosk's loop: hears the guard, feeds the session, carries out what it asks for, draws, and says that it drew.

``Kiosk.step(now)`` is one turn; it never waits. The guard's proof of life is sent from the path that draws a frame,
with the frame's number: a screen that has frozen cannot send it (safety.md 2.6).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from hardware.link.mailbox import Mailbox
from hardware.link.messages import (
    Alive,
    BlackBoxChunk,
    Complaint,
    GuardToKiosk,
    KioskToGuard,
    Refused,
    SafetyEvent,
    Status,
    Stop,
    StopWhy,
    WorldAsk,
    WorldHand,
    WorldMischief,
    WorldReport,
)
from hardware.units import kmh_from_ckmh
from kiosk.appliance.lacks import nothing_lacks
from kiosk.archive import Archive
from kiosk.autopilot import Autopilot, Hand
from kiosk.black_box import Fetcher
from kiosk.intents import INERT_SCREENS, ScreenId
from kiosk.session.actions import Action, Hush, Play, Say, Send
from kiosk.session.machine import step
from kiosk.session.model import Event, GuardGone, State, Told, Touched
from kiosk.session.setup import Setup
from kiosk.session.view import snapshot
from kiosk.snapshot import Snapshot
from kiosk.sound import Sound
from kiosk.staff.health import beacon
from kiosk.stage import Key, Picture, Stage

FRAME_S: Final = 1 / 30
IDLE_FRAME_S: Final = 1 / 10
LOCKSTEP_FRAME_S: Final = 1 / 10
IDLE_AFTER_S: Final = 10.0  # nothing touched for so long on a near screen: fewer frames do
ALIVE_S: Final = 0.095  # ten a second, whatever the frame rate
PICTURE_AFTER_S: Final = 1.2  # a screen is pictured once what belongs on it has come
PROGRESS_S: Final = 1.0
EPSILON_S: Final = 0.002

IDLE_SCREENS: Final = frozenset({ScreenId.ATTRACT, ScreenId.OUT_OF_SERVICE})

WATCHED: Final = INERT_SCREENS | {ScreenId.CHECK}
"""Where the guard counts our frames, or will in a moment."""

WorldOut = WorldHand | WorldMischief | WorldAsk
WorldIn = WorldReport | Complaint


class Simulation:
    """Hands in the simulated world: keys of the keyboard, and the autopilot's hands."""

    def __init__(self, world: Mailbox[WorldOut, WorldIn]) -> None:
        self._world: Final = world
        self._clip = True
        self._red = True
        self._asked = 0
        self._known: tuple[str, ...] = ()
        self._on: set[str] = set()
        self._digits: str | None = None
        self._moves = False

    def tend(self, now_s: float) -> None:
        """Keep the line open; learn once which mischief there is."""
        self._world.tend(now_s)
        if self._world.open and self._asked < self._world.connections:
            self._asked = self._world.connections
            self._world.send(WorldAsk(None), now_s)
        for frame in self._world.drain(now_s):
            if isinstance(frame.body, WorldReport):
                self._known = frame.body.mischief_known
                self._on = set(frame.body.mischief)
                self._clip, self._red = frame.body.clip_closed, frame.body.red_closed

    def seen(self, measured_ckmh: int | None) -> None:
        """Whether the belt moves, for the hand at the console."""
        self._moves = bool(measured_ckmh)

    def hand(self, what: str, closed: bool, now_s: float) -> None:
        """Move something."""
        if what == "clip":
            self._clip = closed
        self._world.send(WorldHand(what, closed), now_s)

    def key(self, key: Key, now_s: float) -> None:
        """C clip, R red button, B amber button, K the treadmill's key back, M and two digits a mischief.

        S starts the belt at the treadmill's console, or stops it there.
        """
        if key.name == "b":
            self._world.send(WorldHand("amber", key.down), now_s)
            return
        if not key.down:
            return
        if self._digits is not None:
            self._choose(key.name, now_s)
        elif key.name == "c":
            self.hand("clip", not self._clip, now_s)
        elif key.name == "r":
            self._red = not self._red
            self._world.send(WorldHand("red", self._red), now_s)
        elif key.name == "k":
            self._world.send(WorldHand("key", True), now_s)
        elif key.name == "s":
            self._world.send(WorldHand("console", not self._moves), now_s)
        elif key.name == "m":
            self._digits = ""

    def _choose(self, name: str, now_s: float) -> None:
        if not name.isdigit() or len(name) != 1:
            self._digits = None
            return
        self._digits = (self._digits or "") + name
        if len(self._digits) < 2:
            return
        number, self._digits = int(self._digits), None
        if 1 <= number <= len(self._known):
            chosen = self._known[number - 1]
            self._on ^= {chosen}
            self._world.send(WorldMischief(chosen, chosen in self._on), now_s)

    @property
    def legend(self) -> tuple[str, ...]:
        """While a mischief is being chosen: all of them by number. Else those that are on."""
        if self._digits is not None:
            return tuple(f"{number:02d} {name}" for number, name in enumerate(self._known, start=1))
        return tuple(f"! {name}" for name in self._known if name in self._on)

    def close(self) -> None:
        """Idempotent."""
        self._world.close()


class Kiosk:
    """See the top of this file."""

    def __init__(
        self,
        *,
        setup: Setup,
        guard: Mailbox[KioskToGuard, GuardToKiosk],
        archive: Archive,
        stage: Stage,
        sound: Sound,
        lockstep: bool,
        simulation: Simulation | None = None,
        autopilot: Autopilot | None = None,
        pictures: Path | None = None,
        progress: Callable[[str], None] | None = None,
        lacks: Callable[[float], str] = nothing_lacks,
        runtime: Path | None = None,
    ) -> None:
        self._setup: Final = setup
        self._guard: Final = guard
        self._archive: Final = archive
        self._stage: Final = stage
        self._sound: Final = sound
        self._lockstep: Final = lockstep
        self._simulation: Final = simulation
        self._autopilot: Final = autopilot
        self._pictures: Final = pictures
        self._progress: Final = progress
        self._beacon: Final = runtime
        self._beacon_s = float("-inf")
        self._lacks: Final = lacks
        self._boxes: Final = Fetcher()
        self._pictured: set[str] = set()
        self._developing: list[tuple[Picture, Path]] = []
        self._next_frame_s = float("-inf")
        self._alive_s = float("-inf")
        self._progress_s = float("-inf")
        self._guard_was = False
        self._heard = False
        self._missed_s: float | None = None
        self._untouchable = ""
        self.state: State = State()
        self.shown: Snapshot | None = None
        self.drawn = 0
        self.complaint = ""  # the guard does not want us; empty while all is well

    # ------------------------------------------------------------------------------------------ one turn

    def step(self, now_s: float) -> None:
        """Hear, decide, act, draw."""
        if self._lockstep and now_s + EPSILON_S < self._next_frame_s:
            return  # ten turns a virtual second
        events = self._heard_from_guard(now_s)
        events += self._archive.poll(now_s)
        events += self._wanted(now_s)
        self.state, actions = step(self.state, events, now_s, self._setup)
        for action in actions:
            self._act(action, now_s)
        if now_s + EPSILON_S >= self._next_frame_s or events:
            self._draw(now_s)

    def _heard_from_guard(self, now_s: float) -> list[Event]:
        self._guard.tend(now_s)
        events: list[Event] = []
        for frame in self._guard.drain(now_s):
            body = frame.body
            if isinstance(body, Complaint):
                self.complaint = "" if self._heard else body.reason
            elif isinstance(body, BlackBoxChunk):
                self._box_came(body, now_s)
            elif isinstance(body, Status | Refused | SafetyEvent):
                self._heard = True
                self.complaint = ""
                events.append(Told(body))
                if isinstance(body, SafetyEvent):
                    self._boxes.event(body, now_s)
        is_open = self._guard.open
        if self._guard_was and not is_open:
            events.append(GuardGone())
            self._boxes.guard_left()
            self._heard = False
        self._guard_was = is_open
        status = self.state.status
        ask = self._boxes.ask(None if status is None else status.state, now_s)
        if ask is not None:
            self._guard.send(ask, now_s)
        return events

    def _box_came(self, chunk: BlackBoxChunk, now_s: float) -> None:
        fetched, answer = self._boxes.chunk(chunk, now_s)
        if fetched is not None:
            self._archive.keep_box(fetched.event, fetched.content, now_s)
        if answer is not None:
            self._guard.send(answer, now_s)

    def _wanted(self, now_s: float) -> list[Event]:
        events: list[Event] = []
        if self._simulation is not None:
            self._simulation.tend(now_s)
            self._simulation.seen(None if self.shown is None else self.shown.measured_ckmh)
        for touched in self._stage.poll(self.shown, now_s):
            if not isinstance(touched, Key):
                events.append(Touched(touched))
            elif self._simulation is not None:
                self._simulation.key(touched, now_s)
        if self._autopilot is not None and self.shown is not None:
            events += self._autopilot_wants(self._autopilot, self.shown, now_s)
        return events

    def _autopilot_wants(self, autopilot: Autopilot, shown: Snapshot, now_s: float) -> list[Event]:
        deed = autopilot.look(shown)
        if deed is None:
            return []
        if isinstance(deed, Hand):
            if self._simulation is not None:
                self._simulation.hand(deed.what, deed.closed, now_s)
            return []
        touched = self._stage.touch(deed, shown)
        if touched is None:
            autopilot.trouble = f'the screen {shown.screen} has no place to touch for "{deed.kind}"'
            return []
        return [Touched(touched)]

    def _act(self, action: Action, now_s: float) -> None:
        match action:
            case Send(body):
                self._guard.send(body, now_s)
            case Play(name):
                self._sound.play(name)
            case Say(cue, over):
                self._sound.say(cue, self.state.language or self._setup.language, over=over)
            case Hush():
                self._sound.hush()
                self._sound.volume(self._setup.volume)
            case _:
                self._archive.do(action, now_s)

    def _draw(self, now_s: float) -> None:
        made = snapshot(self.state, now_s, self._setup)
        if not made.banner and made.screen not in WATCHED:
            made = replace(made, banner=self._lacks(now_s))
        if self._simulation is not None:
            made = replace(made, legend=(*made.legend, *self._simulation.legend))
        if self.shown is None or made.volume != self.shown.volume:
            self._sound.volume(made.volume)
        self._stage.draw(made)
        self.shown = made
        self.drawn += 1
        if now_s - self._alive_s >= ALIVE_S:
            self._alive_s = now_s
            self._guard.send(Alive(self.drawn), now_s)
        self._next_frame_s = now_s + self._frame_s(made)
        self._picture(made)
        self._develop(made)
        self._report(made)
        self._light(made)

    def _frame_s(self, made: Snapshot) -> float:
        if self._lockstep:
            return LOCKSTEP_FRAME_S
        idle = made.screen in IDLE_SCREENS and now_untouched_s(self.state, made) > IDLE_AFTER_S
        return IDLE_FRAME_S if idle else FRAME_S

    @property
    def next_frame_s(self) -> float:
        """When the next frame is due."""
        return self._next_frame_s

    # ------------------------------------------------------------------------------------------ reporting

    def _picture(self, made: Snapshot) -> None:
        if self._pictures is None or made.screen_s < PICTURE_AFTER_S:
            return
        name = made.screen.value
        if made.screen is ScreenId.ATTRACT and not made.belt_free:
            return  # it comes again once the treadmill is there
        if made.screen is ScreenId.SCREENING:
            name = f"{name}-{made.question.rpartition('.')[2]}"
        elif made.screen is ScreenId.WALK and made.walk is not None:
            name = f"{name}-{made.walk.phase}" + ("-change" if made.walk.next_in_s is not None else "")
        if name in self._pictured:
            return
        self._pictured.add(name)
        self._developing.append((self._stage.picture(), self._pictures / f"{len(self._pictured):02d}-{name}.png"))

    def _develop(self, made: Snapshot | None) -> None:
        """Save one kept picture; never where the belt may move: that would cost frames, which are our heartbeat."""
        if self._developing and (self._lockstep or made is None or made.screen not in WATCHED):
            picture, path = self._developing.pop(0)
            picture.save(path)

    def _light(self, made: Snapshot) -> None:
        """Leave word for the doctor; never where the belt may move."""
        shown = self._setup.display
        if self._beacon is None or shown is None or made.screen in WATCHED | {ScreenId.STAFF_PROCEDURE}:
            return
        if made.now_s - self._beacon_s < beacon.EVERY_S:
            return
        self._beacon_s = made.now_s
        lit = beacon.Beacon(
            at_s=made.now_s,
            pid=os.getpid(),
            screen=made.screen.value,
            driver=shown.driver,
            size=(shown.width, shown.height),
            too_small=shown.too_small,
            sound=shown.silent,
            status=made.status,
        )
        beacon.write(self._beacon, lit)

    def _report(self, made: Snapshot) -> None:
        if self._progress is None:
            return
        if made.now_s - self._progress_s < PROGRESS_S - EPSILON_S:
            return
        self._progress_s = made.now_s
        stay = self.state.stay
        walk = made.walk
        line = {
            "screen": made.screen.value,
            "speed_kmh": None if made.measured_ckmh is None else kmh_from_ckmh(made.measured_ckmh),
            "walked_s": round(stay.walked.walk_s, 1) if stay is not None else 0.0,
            "note": " / ".join(walk.cue_show) if walk is not None else "",
        }
        self._progress(json.dumps(line))

    # ------------------------------------------------------------------------------------------ leaving

    def leave(self, now_s: float) -> None:
        """The kiosk is told to end. A belt that moves is eased to rest by the guard; the session stays open on record
        and is closed as interrupted at the next start.
        """
        if self.state.status is not None and self.state.stay is not None and self.state.stay.opened:
            self._guard.send(Stop(StopWhy.STAFF), now_s)

    def close(self) -> None:
        """Let go of everything; idempotent."""
        while self._developing:
            self._develop(None)
        self._guard.close()
        if self._simulation is not None:
            self._simulation.close()
        self._archive.close()
        self._stage.close()


def now_untouched_s(state: State, made: Snapshot) -> float:
    """How long nobody has touched the screen."""
    return made.now_s - state.active_s
