"""What a run on the belt has told, once at rest: into the findings, or the surprise that it was, or a failed step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hardware.link.messages import Cause
from kiosk.staff.commissioning.findings import Findings, StopTrace, stop_point
from kiosk.staff.commissioning.measure import (
    Reading,
    Units,
    data_period_s,
    false_zero,
    increment_ckmh,
    start_latency_s,
    steepest_ckmh_s,
    stopped,
    true_speed,
    units_of,
)
from kiosk.staff.commissioning.memory import FAILURE_OF, SOFT_ENDS, Procedure, Run, Seen, Turn, but
from kiosk.staff.commissioning.result import to_anew
from kiosk.staff.commissioning.safety_key import key_pulled
from kiosk.staff.commissioning.turns import end, fail, failed, passed, show, to_phase

LATE_ENDS: Final = frozenset({*SOFT_ENDS, Cause.STOP_NOT_CONFIRMED})
KEY_ENDS: Final = frozenset({Cause.SAFETY_KEY, Cause.BELT_STOPPED_ITSELF, Cause.CONTROL_LOST})


def judged(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """At rest and latched: take what this run has told into the findings."""
    if run.cause is Cause.ARM_EXPIRED:
        return Turn(but(to_phase(state, "ready", now_s), run=None), (), show(state, "reset"))
    state = _noted(state, run)
    run = _slow_but_sure(state, run)
    alarmed = run.alarm_s is not None
    if alarmed and run.stop_asked_s is not None and run.kind in ("start", "stop", "pause"):
        return _stop_ignored(state, run, seen, now_s)
    if run.kind == "key" and run.mark == "key_pull" and run.cause in KEY_ENDS:
        return key_pulled(state, run, seen, now_s)
    if run.cause is Cause.START_TIMEOUT:
        return _not_started(state, seen, now_s)
    if run.by_hand and run.cause in SOFT_ENDS:
        return failed(fail(state, "staff_stop", now_s), seen, (), now_s)
    if run.failure:
        return failed(fail(state, run.failure, now_s), seen, (), now_s)
    if run.cause not in SOFT_ENDS or alarmed:
        why = FAILURE_OF.get(run.cause, "other") if run.cause is not None else "other"
        return failed(fail(state, why, now_s, str(run.cause or "")), seen, (), now_s)
    judges = {"start": _judge_start, "tape": _judge_tape, "stop": _judge_stop, "pause": _judge_pause}
    judges |= {"link": _judge_link}
    judge = judges.get(run.kind)
    state = but(to_phase(state, "ready", now_s), run=None)
    if judge is None:
        return Turn(state, (), show(state, "reset"), keep=True)
    return judge(state, run, seen, now_s)


def _slow_but_sure(state: Procedure, run: Run) -> Run:
    """A belt that read 0.00 before the alarm sounded has stopped by itself; only the proof of it came late.

    The alarm's budget is that of a treadmill nobody has measured. This is where it is measured.
    """
    if run.alarm_s is None or run.stop_written_s is None or run.cause not in LATE_ENDS:
        return run
    told = stopped(run.trace.readings, run.stop_written_s, false_zeros=state.found.false_zeros)
    if told is None or run.stop_written_s + told.seconds > run.alarm_s:
        return run
    return but(run, alarm_s=None, cause=Cause.STAFF_STOP)


def _noted(state: Procedure, run: Run) -> Procedure:
    """What every run tells, whatever it was for."""
    found, readings = state.found, run.trace.readings
    period_s = data_period_s(readings)
    running = readings
    if run.stop_asked_s is not None:
        running = tuple(r for r in readings if r.at_s <= run.stop_asked_s)
    if period_s is not None and (found.data_period_s is None or len(readings) >= 10):
        found = but(found, data_period_s=round(max(period_s, 0.05), 3))
    up = steepest_ckmh_s(running, rising=True)
    down = None if run.kind == "key" else steepest_ckmh_s(readings, rising=False)
    found = but(
        found,
        false_zeros=found.false_zeros or false_zero(running),
        rise_ckmh_s=max(up or 0.0, found.rise_ckmh_s or 0.0) or None,
        fall_ckmh_s=max(down or 0.0, found.fall_ckmh_s or 0.0) or None,
    )
    return but(state, found=found)


def _trace_of(state: Procedure, run: Run, kind: str, stop_s: float) -> StopTrace:
    measured = stopped(run.trace.readings, stop_s, false_zeros=state.found.false_zeros)
    points = tuple((round(r.at_s - stop_s, 3), r.ckmh) for r in run.trace.readings if r.at_s >= stop_s - 3)
    speed = run.steady_ckmh or (measured.from_ckmh if measured else 0)
    if measured is None:
        return StopTrace(kind=kind, from_ckmh=speed, seconds=None, travel_mm=None, react_s=None, points=points)
    return StopTrace(
        kind=kind,
        from_ckmh=speed,
        seconds=round(measured.seconds, 3),
        travel_mm=round(measured.travel_mm, 1),
        react_s=None if measured.react_s is None else round(measured.react_s, 3),
        points=points,
    )


def _with_stop(state: Procedure, run: Run, kind: str) -> Procedure:
    """The findings with this run's stop, by the first stop byte."""
    stop_s = run.stop_written_s
    if stop_s is None:
        return state
    trace = _trace_of(state, run, kind, stop_s)
    point = stop_point(trace, 1.0)
    found = but(state.found, traces=(*state.found.traces, trace))
    if point is not None:
        found = but(found, stops=(*found.stops, point))
    return but(state, found=found)


def _judge_start(state: Procedure, run: Run, _seen: Seen, now_s: float) -> Turn:
    readings, started_s = run.trace.readings, run.started_s
    latency = None if started_s is None else start_latency_s(readings, started_s)
    if latency is None or not run.levels:
        return failed(fail(state, "no_steady", now_s), _seen, (), now_s)
    top = max(r.ckmh for r in readings)
    found = but(
        state.found,
        start_latency_s=round(max(latency, state.found.start_latency_s or 0.0), 3),
        min_ckmh=run.levels[0],
        increment_ckmh=increment_ckmh(run.levels),
        overshoot_ckmh=max(0, top - max(run.levels)),
    )
    state = _with_stop(passed(but(state, found=found), "start"), run, "also")
    if found.answered is False and not found.quirks.no_request_control_answer:
        quirks = but(found.quirks, no_request_control_answer=True)
        return to_anew(but(state, found=but(state.found, quirks=quirks)), "no_answer", now_s)
    return Turn(state, (), show(state, "reset"), keep=True)


def _judge_stop(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    before = state.found
    state = _with_stop(state, run, "stop")
    if len(state.found.stops) == len(before.stops):
        return failed(fail(state, "not_stopped", now_s), seen, (), now_s)
    known = [trace.from_ckmh for trace in before.traces if trace.kind == "stop"]
    if known and run.goal_ckmh > max(known) and (run.steady_ckmh or 0) <= max(known) + 2:
        state = passed(state, "stops")  # it does not get any faster, whatever it is asked
    return Turn(state, (), show(state, "reset"), keep=True)


def _judge_pause(state: Procedure, run: Run, _seen: Seen, now_s: float) -> Turn:
    asked_s = run.epoch_s if run.epoch_s is not None else now_s
    trace = _trace_of(state, run, "pause", asked_s)
    works = run.pause_works is True
    found = but(state.found, traces=(*state.found.traces, trace), pause_works=works)
    state = but(state, found=found)
    if found.stop_ignored:
        if not works:
            return end(state, "no_stop", now_s)
        state = but(state, found=but(found, quirks=but(found.quirks, pause_unsupported=False)))
        return to_anew(state, "pause", now_s)
    return Turn(state, (), show(state, "reset"), keep=True)


def _judge_link(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """The first records on the new link, from before any stop byte, tell whether the belt went on."""
    asked_s = run.epoch_s if run.epoch_s is not None else now_s
    written_s = run.stop_written_s
    steady = run.steady_ckmh or 0
    after = [r for r in run.trace.readings if r.at_s > asked_s]
    gap_s = 2 * (state.found.data_period_s or 1.0)
    back = _after_gap(run.trace.readings, asked_s, gap_s)
    if not back or not after:
        return failed(fail(state, "link_lost", now_s), seen, (), now_s)
    untouched = [r for r in back if written_s is None or r.at_s <= written_s + 0.1]
    told = untouched or back[:1]
    stops = max(r.ckmh for r in told[-2:]) < steady - 5  # of two, as one of 0.00 alone may be false
    trace = _trace_of(state, run, "link", asked_s)
    trace = but(trace, seconds=None, travel_mm=None)
    found = but(state.found, link_stops=stops, traces=(*state.found.traces, trace))
    state = passed(but(state, found=found), "link")
    return Turn(state, (), show(state, "reset"), keep=True)


def _after_gap(readings: Sequence[Reading], asked_s: float, gap_s: float) -> list[Reading]:
    """The records that came after the first silence longer than *gap_s* since *asked_s*."""
    last_s = asked_s
    for n, reading in enumerate(readings):
        if reading.at_s <= asked_s:
            last_s = reading.at_s
            continue
        if reading.at_s - last_s > gap_s:
            return list(readings[n:])
        last_s = reading.at_s
    return []


def _judge_tape(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    found = state.found
    told = true_speed(run.taps, found.belt_mm or 0, run.steady_ckmh or 0)
    if told is None or told.uncertainty > 0.1:
        return failed(fail(state, "taps", now_s), seen, (), now_s)
    units = units_of(told.ratio)
    if units is Units.AS_SAID:
        state = _with_stop(but(state, found=but(found, true=told)), run, "also")
        state = passed(state, "tape")
        return Turn(state, (), show(state, "reset"), keep=True)
    # All speeds so far were wrong by this factor: it is put right, and they are measured again.
    quirks, scale, anew = found.quirks, found.scale, "scale"
    if units is Units.MPH and not quirks.mph_units:
        quirks, anew = but(quirks, mph_units=True), "mph"
    elif units is Units.KMH and quirks.mph_units:
        quirks, anew = but(quirks, mph_units=False), "kmh"
    else:
        scale = round(scale * told.ratio, 4)
    found = Findings(
        done=tuple(name for name in found.done if name in ("control", "sizes")),
        name=found.name,
        deck_mm=found.deck_mm,
        belt_mm=found.belt_mm,
        answered=found.answered,
        scale=scale,
        quirks=quirks,
        data_period_s=found.data_period_s,
        false_zeros=found.false_zeros,
        pause_works=found.pause_works if found.stop_ignored else None,
        stop_ignored=found.stop_ignored,
    )
    return to_anew(but(state, found=found), anew, now_s)


def _stop_ignored(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    if run.kind == "pause":
        if state.found.stop_ignored:
            return end(state, "no_stop", now_s)
        state = passed(but(state, found=but(state.found, pause_works=False)), "pause")
        return failed(fail(state, "not_stopped", now_s), seen, (), now_s)
    if state.found.stop_ignored:  # it was found that a pause works, and now not even that helps
        return end(state, "no_stop", now_s)
    found = but(state.found, stop_ignored=True, answered=state.found.answered)
    state = but(to_phase(state, "ready", now_s), run=None, found=found)
    return Turn(state, (), show(state, "reset"), keep=True)


def _not_started(state: Procedure, seen: Seen, now_s: float) -> Turn:
    """`07` moved nothing: some machines start by a speed. If that was tried as well, a person can look."""
    if state.speed_first_tried and state.no_starts:
        return end(state, "no_start", now_s)
    if state.speed_first_tried:
        return failed(fail(but(state, no_starts=1), "no_start", now_s), seen, (), now_s)
    quirks = but(state.found.quirks, start_before_speed=not state.found.quirks.start_before_speed)
    state = but(state, found=but(state.found, quirks=quirks), speed_first_tried=True)
    return to_anew(state, "speed_first", now_s)
