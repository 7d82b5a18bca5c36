"""What commissioning wants to learn of a stop before the ladder brings the belt to rest. Pure.

Two questions, each asked of an empty belt at its minimum, each the beginning of a STOP that the guard has wished for:

- PAUSE: does ``08 02`` alone bring it to rest? Written once. Refused, unanswered for a second, or a belt that is not
  slower a second after it was accepted: the ladder takes over in that very step.
- UNLINK: what does it do without a link? The link is dropped with no byte written and stays away for a while; two
  readings on the new link tell, then the ladder takes over.

The ladder follows in every case, and at once when the guard no longer asks, or nothing is known of the belt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from hardware.belt.ftms.codec import PAUSE, Result
from hardware.belt.stop import Sight
from hardware.belt.treadmill import Motion, Outcome, Report
from hardware.constants import FALLING_CKMH, NOT_FALLING_S, STOP_RETRY_S
from hardware.link.messages import StopBy, StopOutcome

AWAY_S: Final = 4.5
"""Without a link for this long after it is down: a machine that stops by itself has done so (medical ones within
0.5 s, Precor's daemon after 4 s), and with 2 s to let go and two readings the 12 s of a link test are kept."""
READINGS: Final = 2
READINGS_S: Final = 2.5  # no two readings by then on the new link: the ladder waits no longer
UNLINK_S: Final = 12.0  # the guard's own bound of a link test: a link that comes later is for the ladder at once


@dataclass(frozen=True, slots=True)
class Trial:
    """Where one trial has come to."""

    by: StopBy
    epoch: int
    begun_s: float
    generation: int
    over: bool = False  # the ladder's turn
    outcome: StopOutcome = StopOutcome.WRITING
    pause_works: bool | None = None
    # PAUSE
    due_s: float = 0.0
    handed: bool = False
    written_s: float | None = None
    accepted: bool = False
    stood: bool = False
    reference: tuple[float, int] | None = None  # since when, and from what speed, it should be slowing
    # UNLINK
    cut: bool = False
    linked_s: float | None = None
    readings: int = 0
    reading_at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """The next state, what to write now (empty: nothing), and whether the link is to be dropped now."""

    trial: Trial
    payload: bytes = b""
    cut: bool = False


def begin(by: StopBy, epoch: int, now_s: float, generation: int) -> Trial:
    """A STOP of *epoch* begins with *by*, which is not LADDER."""
    return Trial(by=by, epoch=epoch, begun_s=now_s, generation=generation, due_s=now_s)


def step(trial: Trial, now_s: float, sight: Sight, reports: Iterable[Report]) -> Act:
    """One look at the belt, once a turn for as long as the trial is not over."""
    if trial.by is StopBy.UNLINK:
        return _unlink(trial, now_s, sight)
    return _pause(trial, now_s, sight, reports)


def ended(trial: Trial) -> Trial:
    """It is over, and nothing more is learned."""
    return replace(trial, over=True)


def paused(trial: Trial, sight: Sight) -> bool:
    """True if a pause that was accepted, and is not judged yet, has brought the belt to 0.00."""
    waits = trial.by is StopBy.PAUSE and trial.accepted and not trial.over
    return waits and sight.motion is not Motion.UNKNOWN and sight.speed_ckmh == 0


# ---------------------------------------------------------------------------------------------- pause


def _pause(trial: Trial, now_s: float, sight: Sight, reports: Iterable[Report]) -> Act:
    if sight.generation != trial.generation or not sight.linked or sight.motion is Motion.UNKNOWN:
        return Act(ended(trial))
    for report in reports:
        if report.generation == trial.generation:
            trial = _fold(trial, report, now_s, sight)
    if not trial.over:
        trial = _judge(trial, now_s, sight)
    if trial.over or trial.handed or now_s < trial.due_s:
        return Act(trial)
    if not sight.control or sight.motion is not Motion.MOVING:
        return Act(ended(trial))
    return Act(replace(trial, handed=True), PAUSE)


def _fold(trial: Trial, report: Report, now_s: float, sight: Sight) -> Trial:
    if trial.over or not trial.handed:
        return trial
    if report.outcome is Outcome.ANSWERED:
        if report.op != PAUSE[0] or trial.accepted:
            return trial
        if report.result != Result.SUCCESS:
            return _failed(replace(trial, outcome=StopOutcome.REFUSED))
        speed = None if sight.speed_ckmh is None else (now_s, sight.speed_ckmh)
        return replace(trial, accepted=True, outcome=StopOutcome.ACCEPTED, reference=speed)
    if report.payload != PAUSE:
        return trial
    if report.outcome is Outcome.WRITTEN:
        return replace(trial, written_s=report.at_s)
    if report.outcome is Outcome.TURNED_AWAY and report.at_s - trial.begun_s < NOT_FALLING_S:
        return replace(trial, handed=False, due_s=report.at_s + STOP_RETRY_S)
    return ended(trial)  # it never got there, or nobody knows: nothing is learned


def _judge(trial: Trial, now_s: float, sight: Sight) -> Trial:
    if trial.handed and not trial.accepted:
        silent = trial.written_s is not None and now_s - trial.written_s >= NOT_FALLING_S
        return _failed(replace(trial, outcome=StopOutcome.UNANSWERED)) if silent else trial
    if sight.motion is Motion.REST and trial.accepted:
        return replace(trial, over=True, pause_works=True, outcome=StopOutcome.AT_REST)
    if sight.motion is not Motion.MOVING:
        return replace(trial, stood=trial.stood or trial.accepted)
    if trial.stood:
        return _failed(trial)
    at_s, speed = sight.reading_at_s, sight.speed_ckmh
    if trial.reference is None or at_s is None or speed is None:
        return trial
    since_s, before = trial.reference
    if speed <= before - FALLING_CKMH:
        return replace(trial, reference=(at_s, speed))
    return _failed(trial) if at_s - since_s >= NOT_FALLING_S else trial


def _failed(trial: Trial) -> Trial:
    return replace(trial, over=True, pause_works=False)


# ---------------------------------------------------------------------------------------------- without a link


def _unlink(trial: Trial, now_s: float, sight: Sight) -> Act:
    if not trial.cut:
        return Act(replace(trial, cut=True), cut=True)
    if sight.generation == trial.generation or not sight.linked:
        lost_again = trial.linked_s is not None
        return Act(ended(trial) if lost_again or now_s - trial.begun_s >= UNLINK_S else trial)
    linked_s = now_s if trial.linked_s is None else trial.linked_s
    readings = trial.readings + (sight.reading_at_s is not None and sight.reading_at_s != trial.reading_at_s)
    trial = replace(trial, linked_s=linked_s, readings=readings, reading_at_s=sight.reading_at_s)
    told = readings >= READINGS or sight.motion is Motion.REST
    late = now_s - linked_s >= READINGS_S or now_s - trial.begun_s >= UNLINK_S
    return Act(ended(trial) if told or late else trial)
