"""The stop ladder: the only one, as a pure step. Who calls it does the writing and says what became of each write.

safety.md, decisions. From the moment a stop is wanted:

- ``08 01`` at once, again every 500 ms while the belt moves or nobody knows, each attempt with its own deadline;
- control lost, or result 05: ``00``, then ``08 01``;
- not slowing 1 s after acceptance: the profile's own alternatives in their order, ``08 02`` (where pause is no
  toggle) and ``02`` with the machine's minimum (only below the newest measured speed), between the ``08 01``;
- nothing ever to a belt at rest. A reading of 0.00 that came after the stop is neither moving nor unknown: it is
  waited on, as a second stop starts some belts (quirk 12), and the next reading says rest or goes on with the ladder.
  Just after `07` a zero says little, so there the stop must also have been accepted;
- a belt that stood and moves again without a `07` was started by a second stop: from then on the ladder knows, and
  repeats an accepted stop only to a belt that does not slow.

There is no end but rest. Budget and alarm are the guard's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from hardware.belt.ftms.codec import PAUSE, REQUEST_CONTROL, STOP, Result
from hardware.belt.treadmill import Motion, Outcome, Report
from hardware.config.profiles import Quirks
from hardware.constants import (
    FALLING_CKMH,
    NOT_FALLING_S,
    RELINK_S,
    STOP_RESEND_S,
    STOP_RETRY_S,
    TICK_S,
    WRITE_DEADLINE_S,
)
from hardware.link.messages import StopOutcome

EVERY_S: Final = STOP_RESEND_S - TICK_S  # the step is called once a tick: due early, so that no gap exceeds 500 ms
OTHER_DEADLINE_S: Final = WRITE_DEADLINE_S - 2 * TICK_S  # what is no stop must be over before the next one is due
FIRST_READING_S: Final = 1.5  # a machine that starts on a second stop is looked at first, on a link just made
MOST_RELINKS: Final = 4  # of doubling: 32 s between new links at most
STOP_OP: Final = STOP[0]


@dataclass(frozen=True, slots=True)
class Rungs:
    """What this machine's ladder may use."""

    pause: bool = False  # `08 02` is a rung
    resend: bool = True  # False: a stop to a stopped belt starts it (quirk 12)
    slowest_ckmh: int | None = None
    slowest: bytes = b""  # `02` with slowest_ckmh, in the machine's own units


def rungs(quirks: Quirks, slowest_ckmh: int | None, slowest: bytes) -> Rungs:
    """The rungs of a machine with *quirks*."""
    return Rungs(
        pause=not quirks.pause_unsupported and not quirks.toggle_stop,
        resend=not quirks.toggle_stop,
        slowest_ckmh=slowest_ckmh,
        slowest=slowest,
    )


@dataclass(frozen=True, slots=True)
class Sight:
    """What the ladder can see."""

    motion: Motion
    speed_ckmh: int | None  # measured and fresh
    reading_at_s: float | None
    linked: bool  # the control point can be written to
    busy: bool  # a write of the ladder is outstanding
    control: bool
    generation: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where one stop has come to."""

    generation: int
    linked_at_s: float
    due_s: float
    toggles: bool = False  # it stood, and then moved again: a second stop starts it
    outcome: StopOutcome = StopOutcome.WRITING
    control_tried_s: float | None = None
    handed_s: float | None = None  # newest `08 01` given to the link
    written_s: float | None = None  # first `08 01` that the treadmill's ATT confirmed
    accepted: bool = False
    stood: bool = False  # a 0.00 was read after a stop was accepted
    turned_away: bool = False
    reference: tuple[float, int] | None = None  # since when, and from what speed, it should be slowing
    slow: bool = False  # it does not slow down: alternatives
    alternative: bytes = b""  # the newest one
    alternative_due_s: float = 0.0
    stuck_since_s: float | None = None
    relinks: int = 0  # new links asked for since anything was heard of a stop
    stopped_already_s: float | None = None  # newest `80 08 04`: the machine says that it stands


@dataclass(frozen=True, slots=True)
class Step:
    """The next state, what to write now (empty: nothing), how far the stop is, and whether only a new link helps."""

    ladder: Ladder
    payload: bytes
    outcome: StopOutcome
    relink: bool = False


def deadline_s(payload: bytes) -> float:
    """How long the write of *payload* may take."""
    return WRITE_DEADLINE_S if payload == STOP else OTHER_DEADLINE_S


def begin(now_s: float, generation: int, *, toggles: bool = False, relinks: int = 0) -> Ladder:
    """A stop is wanted from *now_s* on. *toggles*: a second stop is known to have started this belt."""
    return Ladder(generation=generation, linked_at_s=now_s, due_s=now_s, toggles=toggles, relinks=relinks)


def step(ladder: Ladder, now_s: float, sight: Sight, machine: Rungs, reports: Iterable[Report]) -> Step:
    """One look at the belt, at least once a tick. Pure."""
    if sight.generation != ladder.generation:
        ladder = begin(now_s, sight.generation, toggles=ladder.toggles, relinks=ladder.relinks)
    for report in reports:
        if report.generation == ladder.generation:
            ladder = _fold(ladder, report, sight)
    if sight.motion is Motion.REST:
        stood = ladder.stood or ladder.accepted
        rest = replace(begin(now_s, sight.generation, toggles=ladder.toggles), stood=stood)
        return Step(rest, b"", StopOutcome.AT_REST)
    ladder = _judge(_learn(ladder, now_s, sight), now_s, sight)
    if not sight.linked or sight.busy:
        return Step(ladder, b"", ladder.outcome)
    if ladder.stuck_since_s is not None and now_s - ladder.stuck_since_s >= RELINK_S * 2**ladder.relinks:
        # Each new link costs seconds without data, so a second one must be worth more waiting than the first.
        relinks = min(ladder.relinks + 1, MOST_RELINKS)
        return Step(replace(ladder, stuck_since_s=None, relinks=relinks), b"", ladder.outcome, relink=True)
    ladder, payload = _next(ladder, now_s, sight, machine)
    return Step(ladder, payload, ladder.outcome)


def _fold(ladder: Ladder, report: Report, sight: Sight) -> Ladder:
    """Take in what became of one write."""
    if report.outcome is Outcome.ANSWERED:
        if ladder.turned_away:  # the control point is free again
            ladder = replace(ladder, turned_away=False, due_s=report.at_s)
        return _answered(ladder, report, sight) if report.op == STOP_OP else ladder
    if report.payload == REQUEST_CONTROL and report.outcome is Outcome.WRITTEN:
        return replace(ladder, due_s=report.at_s)
    if report.payload != STOP:
        return ladder
    if report.outcome is Outcome.WRITTEN:
        first_s = report.at_s if ladder.written_s is None else ladder.written_s
        return replace(ladder, written_s=first_s, stuck_since_s=None, relinks=0, turned_away=False)
    turned_away = report.outcome is not Outcome.TIMED_OUT
    return replace(
        ladder,
        due_s=report.at_s + STOP_RETRY_S if turned_away else report.at_s,
        stuck_since_s=report.at_s if ladder.stuck_since_s is None else ladder.stuck_since_s,
        outcome=ladder.outcome if ladder.accepted else StopOutcome.UNANSWERED,
        turned_away=turned_away,
    )


def _answered(ladder: Ladder, report: Report, sight: Sight) -> Ladder:
    """The treadmill answered a stop, so it hears us. Accepted says nothing of the belt; once accepted stays so."""
    ladder = replace(ladder, stuck_since_s=None, relinks=0)
    if report.result == Result.OPERATION_FAILED:
        ladder = replace(ladder, stopped_already_s=report.at_s)
    if ladder.accepted:
        return ladder
    stopped_already = report.result == Result.OPERATION_FAILED and sight.motion in (Motion.ZERO, Motion.STARTING)
    if report.result == Result.SUCCESS or stopped_already:
        return replace(ladder, accepted=True, outcome=StopOutcome.ACCEPTED, reference=None)
    return replace(ladder, outcome=StopOutcome.REFUSED)


def _learn(ladder: Ladder, now_s: float, sight: Sight) -> Ladder:
    if sight.motion is Motion.MOVING and ladder.stood:
        return begin(now_s, sight.generation, toggles=True)
    if ladder.accepted and _zero_since_stop(ladder, sight):
        return replace(ladder, stood=True)
    return ladder


def _zero_since_stop(ladder: Ladder, sight: Sight) -> bool:
    """0.00 was read after the first stop that the treadmill's ATT took."""
    if sight.motion not in (Motion.ZERO, Motion.STARTING):
        return False
    return ladder.written_s is not None and sight.reading_at_s is not None and sight.reading_at_s > ladder.written_s


def _seen_since(sight: Sight, at_s: float | None) -> bool:
    """The newest reading came after *at_s*. A speed to a belt that stands starts some (quirk 2)."""
    return at_s is None or (sight.reading_at_s is not None and sight.reading_at_s > at_s)


def _judge(ladder: Ladder, now_s: float, sight: Sight) -> Ladder:
    """Is it slowing? Judged on readings that came at least half a second after the reference."""
    at_s, speed = sight.reading_at_s, sight.speed_ckmh
    if sight.motion is not Motion.MOVING or at_s is None or speed is None or ladder.handed_s is None:
        return ladder
    if ladder.reference is None:
        return replace(ladder, reference=(now_s, speed))
    since_s, before = ladder.reference
    if speed <= before - FALLING_CKMH:
        return replace(ladder, slow=False, reference=(at_s, speed))
    if now_s - since_s >= NOT_FALLING_S and at_s - since_s >= NOT_FALLING_S / 2:
        return replace(ladder, slow=True, reference=(now_s, speed))
    return ladder


def _next(ladder: Ladder, now_s: float, sight: Sight, machine: Rungs) -> tuple[Ladder, bytes]:
    if _hold(ladder, now_s, sight, machine):
        return ladder, b""
    room = ladder.handed_s is None or now_s + OTHER_DEADLINE_S + TICK_S <= ladder.handed_s + STOP_RESEND_S
    control_due = ladder.control_tried_s is None or now_s - ladder.control_tried_s >= EVERY_S
    if not sight.control and control_due and room:
        return replace(ladder, control_tried_s=now_s), REQUEST_CONTROL
    if now_s >= ladder.due_s:
        silent = ladder.outcome is StopOutcome.WRITING and ladder.handed_s is not None
        outcome = StopOutcome.UNANSWERED if silent else ladder.outcome
        return replace(ladder, handed_s=now_s, due_s=now_s + EVERY_S, outcome=outcome), STOP
    if ladder.slow and room and now_s >= ladder.alternative_due_s:
        return _alternative(ladder, now_s, sight, machine)
    return ladder, b""


def _hold(ladder: Ladder, now_s: float, sight: Sight, machine: Rungs) -> bool:
    """A stop now could start the belt, and nothing says that it is needed."""
    if sight.motion in (Motion.ZERO, Motion.STARTING):
        return _zero_since_stop(ladder, sight) and (ladder.accepted or sight.motion is Motion.ZERO)
    if machine.resend and not ladder.toggles:
        return False
    if ladder.accepted:
        return not (sight.motion is Motion.MOVING and ladder.slow)
    return sight.reading_at_s is None and now_s - ladder.linked_at_s < FIRST_READING_S


def _alternative(ladder: Ladder, now_s: float, sight: Sight, machine: Rungs) -> tuple[Ladder, bytes]:
    """The next of the profile's own alternatives, in turn."""
    choices = [PAUSE] if machine.pause else []
    slowest, speed = machine.slowest_ckmh, sight.speed_ckmh
    moving = sight.motion is Motion.MOVING and _seen_since(sight, ladder.stopped_already_s)
    if moving and slowest is not None and speed is not None and slowest < speed:
        choices.append(machine.slowest)
    if not choices:
        return ladder, b""
    payload = next((choice for choice in choices if choice != ladder.alternative), choices[0])
    return replace(ladder, alternative=payload, alternative_due_s=now_s + EVERY_S), payload
