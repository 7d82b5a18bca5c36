"""One turn of the session: the state as it stands, the time, and what was asked for so far.

A turn is mutable and lives for one ``step``; what comes out of it is frozen again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import Cause, Disarm, KioskToGuard, LinkState, Missing, ResetBy, Status
from hardware.link.messages import State as GuardState
from kiosk.coach.cues import CueBook, Moment, Request, Speaker, speak
from kiosk.intents import ScreenId
from kiosk.locale import Catalogue
from kiosk.screens.flow import may_follow
from kiosk.session.actions import Action, Hush, Play, Record, Say, Send
from kiosk.session.model import Keypad, State, Stay
from kiosk.session.setup import Setup
from kiosk.staff.desk.errands import Run
from kiosk.staff.desk.noted import signed_out
from kiosk.store.kinds import SessionState
from kiosk.store.records import Closing, Ratings

BEFORE_ALL: Final = frozenset({ScreenId.ATTRACT, ScreenId.OUT_OF_SERVICE})
"""Nobody is here: no personal data survives on these."""

FAULT_EVERY_S: Final = 5.0
FAULT_CALLS_S: Final = 600.0
"""After ten minutes nobody is coming for the sound: the screen goes on saying it."""
QUIET_CAUSES: Final = frozenset({None, Cause.BOOT, Cause.STAFF_STOP, Cause.STOP_TEST})

LINK_MISSING: Final = frozenset({Missing.LINK, Missing.CONTROL, Missing.TELEMETRY, Missing.BELT_PROCESS})
"""What the guard misses of a treadmill that is not connected: one line to a person."""

ONE_WALK: Final = frozenset({ScreenId.WALK, ScreenId.EASING})


class Turn:
    """See the top of this file."""

    __slots__ = ("actions", "now_s", "setup", "state")

    def __init__(self, state: State, now_s: float, setup: Setup) -> None:
        self.state = state
        self.now_s = now_s
        self.setup = setup
        self.actions: list[Action] = []

    # ------------------------------------------------------------------------------------------ reading

    @property
    def stay(self) -> Stay:
        """The person's stay. Only on screens that have one."""
        stay = self.state.stay
        return stay if stay is not None else Stay(guest=True)

    @stay.setter
    def stay(self, stay: Stay) -> None:
        self.state = replace(self.state, stay=stay)

    @property
    def status(self) -> Status | None:
        """The guard's last word, if it is recent."""
        return self.state.fresh(self.now_s)

    @property
    def screen_s(self) -> float:
        """How long this screen has been up."""
        return self.now_s - self.state.since_s

    @property
    def language(self) -> str:
        """The language that is spoken and shown now."""
        return self.state.language or self.setup.language

    @property
    def texts(self) -> Catalogue:
        """The catalogue of that language."""
        texts = self.setup.content.texts
        return texts.get(self.language) or next(iter(texts.values()))

    @property
    def book(self) -> CueBook:
        """The cues of that language."""
        books = self.setup.content.books
        return books.get(self.language) or books[next(iter(self.setup.content.texts))]

    @property
    def follows(self) -> bool:
        """Whether the console sets the pace of this walk: nothing is asked of the belt, nor said of its speed."""
        offer = self.stay.offer
        return offer is not None and offer.choice.follow

    # ------------------------------------------------------------------------------------------ acting

    def send(self, body: KioskToGuard) -> None:
        """To the guard."""
        self.actions.append(Send(body))

    def play(self, sound: str) -> None:
        """An earcon."""
        self.actions.append(Play(sound))

    def call(self) -> None:
        """A fault needs somebody: its tone again every five seconds until a person touches the screen (screens A5).

        A treadmill that is only out of service since it was switched on calls nobody.
        """
        state, status = self.state, self.status
        cause = None if status is None else status.cause
        needs = staff_latched(status) and cause not in QUIET_CAUSES
        if not needs:
            if state.fault_since_s is not None:
                self.state = replace(state, fault_since_s=None, fault_heard=False)
            return
        since_s = self.now_s if state.fault_since_s is None else state.fault_since_s
        self.state = replace(state, fault_since_s=since_s)
        if state.fault_heard or self.now_s - since_s > FAULT_CALLS_S:
            return
        if self.now_s - state.fault_sounded_s >= FAULT_EVERY_S - 0.001:
            self.state = replace(self.state, fault_sounded_s=self.now_s)
            self.play("fault")

    def say(self, cue: str, event: str = "") -> None:
        """Ask for a cue now, under the speaker's rules; what comes once an event comes once on this screen."""
        self.cue((Request(cue, self.now_s, event or f"{self.state.screen}@{self.state.since_s:.3f}"),))

    def cue(
        self, requests: tuple[Request, ...], technique: tuple[str, ...] = (), *, moment: Moment | None = None
    ) -> None:
        """One round of the speaker: what was asked for, and what it says now."""
        speaker, cue = speak(
            self.state.speaker,
            requests,
            technique,
            moment or Moment(),
            self.now_s,
            self.book,
            self.setup.content.rules.cues,
        )
        self.state = replace(self.state, speaker=speaker)
        if cue is not None:
            self.actions.append(Say(cue.id, over=cue.id.startswith("X")))

    def go(self, to: ScreenId) -> None:
        """To another screen. A step that flow.py does not know is taken all the same and noted: somebody may walk."""
        state = self.state
        if not may_follow(state.screen, to):
            state = replace(state, astray=(*state.astray, (state.screen, to)))
        speaker = state.speaker
        if not {state.screen, to} <= ONE_WALK:  # what was said there is not shown here
            speaker = replace(speaker, pending=(), showing=None)
        self.state = replace(
            state,
            speaker=speaker,
            screen=to,
            since_s=self.now_s,
            active_s=self.now_s,
            keypad=Keypad(),
            stop_touch_s=None,
            counted=None,
            rest_s=None,
            amber_used=True,  # a button that is down when a screen comes was pressed for the one before
        )
        if to in BEFORE_ALL:
            self.wipe()

    def talk(self, key: str) -> None:
        """Staff are needed; *key* is what the screen says, never a reason."""
        self.stay = replace(self.stay, talk_key=key)
        self.go(ScreenId.TALK_TO_STAFF)

    def leave(self) -> None:
        """Back to attract, from wherever."""
        self.go(ScreenId.ATTRACT)

    def disarm(self) -> None:
        """Nobody will start now."""
        status = self.status
        if self.stay.armed or (status is not None and status.state in (GuardState.PROOF, GuardState.ARMED)):
            self.send(Disarm())
        self.stay = replace(self.stay, armed=False, pulled=False)

    def wipe(self) -> None:
        """The person has gone: their record is closed, and nothing of them stays."""
        if self.state.stay is not None:
            self.finish()
            if self.state.stay.armed:
                self.disarm()
            self.actions.append(Hush())
        for who in self._at_work():
            self.actions.append(Run(signed_out(who)))
        self.state = replace(
            self.state,
            stay=None,
            language="",
            volume=0,
            staff="",
            reset_taps=frozenset(),
            proofs=frozenset(),
            speaker=Speaker(),
        )

    def _at_work(self) -> tuple[str, ...]:
        """Staff who have signed in for a reset or an override and have not said that they are done."""
        stay = self.state.stay
        signer = stay.signer if stay is not None and not stay.signed_by else ""
        return tuple(who for who in (self.state.staff, signer) if who)

    def finish(self) -> None:
        """Close the session's record, once."""
        stay = self.stay
        if not stay.opened or stay.closed:
            return
        player, walked = stay.player, stay.walked
        completed = player is not None and player.done and stay.cause in (Cause.PLAN_DONE, None)
        self.actions.append(
            Record(
                Closing(
                    session_id=stay.id,
                    state=SessionState.COMPLETED if completed else SessionState.STOPPED,
                    cause=stay.cause.value if stay.cause is not None else "left" if player else "not_started",
                    walk_s=round(walked.walk_s, 3),
                    distance_m=round(walked.distance_m, 3),
                    top_ckmh=walked.top_ckmh,
                    average_ckmh=walked.average_ckmh,
                )
            )
        )
        if stay.consent and stay.outcome is not None and stay.outcome.pain is not None:
            self.actions.append(Record(Ratings(stay.id, pain_before=stay.outcome.pain)))
        self.stay = replace(stay, closed=True)


def linked(status: Status) -> bool:
    """The treadmill gives what a walk needs of it: control, or where it is followed only its data."""
    return status.link is LinkState.READY or (status.follow and status.link is LinkState.READ_ONLY)


def staff_latched(status: Status | None) -> bool:
    """A stop that only staff may reset."""
    return status is not None and status.state is GuardState.LATCHED and status.reset_by is ResetBy.STAFF
