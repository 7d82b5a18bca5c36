"""A kiosk without a screen: takes the kiosk's seat at the guard, and lets a shell lead staff through a procedure.

The guard takes it for the kiosk that it is: it says Alive only from its own loop, ten times a second, while that loop
turns and what it shows has been drawn. A loop that hangs eases the belt to a stop, as a frozen screen does. There is
one seat: while the kiosk with the screen has it, ``complaint`` says so.

``run`` is all there is to know for a rig, a bench or a virtual machine: give it a mailbox to the guard, a job
(kiosk.staff.commissioning.job), and a ``Face`` that shows instructions and answers them. ``AutoFace`` puts a scripted
technician (kiosk.staff.commissioning.hands.AutoHand over any ``World``) in front.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from hardware.link.mailbox import Mailbox
from hardware.link.messages import (
    Alive,
    Complaint,
    Disarm,
    GuardToKiosk,
    KioskToGuard,
    Missing,
    Refused,
    State,
    Status,
    Stop,
    StopWhy,
)
from kiosk.staff.commissioning.hands import AutoHand
from kiosk.staff.commissioning.instruction import Act, Deed, Instruction
from kiosk.staff.commissioning.job import Job
from kiosk.staff.commissioning.memory import Seen

ALIVE_S: Final = 0.100
LOOK_S: Final = 0.100
SEAT_S: Final = 3.0  # a seat that is taken again and again for so long belongs to somebody else
SEAT_TAKEN: Final = (
    "The kiosk sits at the guard already, and there is one seat. Stop it first: systemctl stop retrowalk-kiosk "
    "(or end the other shell that leads a procedure)."
)
LEAVE_S: Final = 30.0  # told to leave: the belt is given so long to come to rest

GuardMailbox = Mailbox[KioskToGuard, GuardToKiosk]


class Face(Protocol):
    """Shows instructions and answers them. Both calls return at once."""

    def show(self, shown: Instruction, status: Status | None, now_s: float) -> None:
        """Draw; return when it is drawn."""

    def deeds(self, shown: Instruction, now_s: float) -> tuple[Deed, ...]:
        """What the person did since the last call."""


class AutoFace:
    """A scripted technician, and a face that watches, if there is one."""

    def __init__(self, hand: AutoHand, watcher: Face | None = None) -> None:
        self._hand: Final = hand
        self._watcher: Final = watcher

    def show(self, shown: Instruction, status: Status | None, now_s: float) -> None:
        """Look at the belt, as often as the loop turns."""
        self._hand.watch(now_s)
        if self._watcher is not None:
            self._watcher.show(shown, status, now_s)

    def deeds(self, shown: Instruction, now_s: float) -> tuple[Deed, ...]:
        """What the script does."""
        return self._hand.answer(shown, now_s)


class SmallKiosk:
    """The kiosk's end of the guard's link."""

    def __init__(self, guard: GuardMailbox) -> None:
        self._guard: Final = guard
        self.seen: Seen | None = None
        self.complaint = ""
        self._turned_away_s: float | None = None
        self._drawn = 0
        self._alive_s: float | None = None
        self._refused: tuple[Missing, ...] = ()

    def hear(self, now_s: float) -> None:
        """Take in what the guard has said."""
        self._guard.tend(now_s)
        for frame in self._guard.drain(now_s):
            body = frame.body
            if isinstance(body, Status):
                self.seen = Seen(body, frame.t_s, self._refused)
                self._turned_away_s, self.complaint = None, ""
            elif isinstance(body, Refused):
                self._refused = (*self._refused, *body.why)
            elif isinstance(body, Complaint):
                since_s = self._turned_away_s
                self._turned_away_s = now_s if since_s is None else since_s
                if now_s - self._turned_away_s >= SEAT_S:
                    self.complaint = body.reason

    def look(self) -> Seen | None:
        """What the guard said last, with what it refused since the last look."""
        if self.seen is None:
            return None
        seen = Seen(self.seen.status, self.seen.at_s, self._refused)
        self._refused = ()
        return seen

    def drawn(self, now_s: float) -> None:
        """What is shown has been drawn: the guard may know that this kiosk lives."""
        if self._alive_s is None or not 0 <= now_s - self._alive_s < ALIVE_S - 0.005:
            self._alive_s = now_s
            self._drawn += 1
            self._guard.send(Alive(self._drawn), now_s)

    def say(self, request: KioskToGuard, now_s: float) -> None:
        """Ask the guard for something."""
        self._guard.send(request, now_s)

    @property
    def moving(self) -> bool:
        """True while the belt may move under our lease."""
        states = (State.STARTING, State.RUNNING, State.STOPPING)
        return self.seen is not None and self.seen.status.state in states


class SeatTakenError(Exception):
    """The kiosk with the screen sits at the guard; the text says what to do."""


def run(
    kiosk: SmallKiosk,
    job: Job,
    face: Face,
    *,
    now: Callable[[], float],
    wait: Callable[[], bool],
    leaving: Callable[[], bool],
    tend: Callable[[], None] = lambda: None,
) -> bool:
    """Turn until the job has ended, or until told to leave and the belt stands. True: it ended as it should.

    *wait* passes a little time (20 ms) and says whether to go on; *tend* looks after whatever else must live.
    Raises SeatTakenError, JobError.
    """
    shown: Instruction | None = None
    looked_s: float | None = None
    told_s: float | None = None
    while True:
        tend()
        kiosk.hear(now())
        now_s = now()  # after hearing: what the guard sent meanwhile would otherwise lie in the future
        if kiosk.complaint:
            raise SeatTakenError(SEAT_TAKEN)
        if leaving() and told_s is None:
            told_s = now_s
        if looked_s is None or now_s - looked_s >= LOOK_S - 0.005:
            looked_s = now_s
            deeds = face.deeds(shown, now_s) if shown is not None else ()
            if told_s is not None:
                deeds = (Deed(Act.STOP, now_s),) if kiosk.moving else (Deed(Act.LEAVE, now_s),)
            shown, requests = job.turn(kiosk.look(), deeds, now_s)
            for request in requests:
                kiosk.say(request, now_s)
        if shown is not None:
            status = None if kiosk.seen is None else kiosk.seen.status
            face.show(shown, status, now_s)
            kiosk.drawn(now_s)
        if job.ended:
            return job.good
        if told_s is not None and (not kiosk.moving or now_s - told_s > LEAVE_S):
            kiosk.say(Disarm(), now_s)
            return False
        if not wait():
            return False


def stop_first(kiosk: SmallKiosk, now_s: float) -> None:
    """Whatever ends this kiosk ends a run first."""
    if kiosk.moving:
        kiosk.say(Stop(StopWhy.STAFF), now_s)
