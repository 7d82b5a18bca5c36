"""One run on the empty belt, from rest to rest: armed, clip pulled and closed, started, driven, stopped.

The guard decides all of it; this asks, waits, and hands what came of it to ``verdict`` once the belt is at rest.
"""

from __future__ import annotations

from typing import Final

from hardware.link.messages import (
    Arm,
    Disarm,
    Envelope,
    KioskToGuard,
    Missing,
    Purpose,
    Start,
    State,
    Status,
    Stop,
    StopWhy,
    Target,
)
from kiosk.staff.commissioning.findings import identity_of
from kiosk.staff.commissioning.instruction import Act, Awaits, Deed, Instruction
from kiosk.staff.commissioning.measure import data_period_s, steady_ckmh
from kiosk.staff.commissioning.memory import (
    AGAIN_S,
    HIGHEST_CKMH,
    SESSION,
    SOFT_ENDS,
    STEP_BACK_S,
    Procedure,
    Run,
    Seen,
    Turn,
    but,
)
from kiosk.staff.commissioning.turns import due, end, fail, failed, passed, show, to_phase
from kiosk.staff.commissioning.verdict import judged

CONTROL_S: Final = 40.0  # for the treadmill to give control, its key put back by hand if need be
SETTLE_S: Final = 20.0  # for a steady speed
HOLD_S: Final = 1.0  # a steady speed is held so long before it is stopped
KEY_S: Final = 60.0  # for the key to be pulled
INCLINE_REFUSED_S: Final = 12.0
"""The guard raises an incline 3 s after a speed at the latest, if it is allowed at all."""
INCLINE_S: Final = 60.0
TAPS: Final = 11  # ten passes
TAPE_S: Final = 300.0
FINE_STEP_CKMH: Final = 5  # asked of a machine that does not tell its increment
FINE_STEPS: Final = 6
TOLD_STEPS: Final = 3
ONE_PERCENT_DPCT: Final = 10


def arm(state: Procedure, seen: Seen, kind: str, goal: int, now_s: float) -> Turn:
    """Ask until the guard is in PROOF."""
    if Missing.MIN_ABOVE_CAP in seen.refused:
        return end(state, "too_fast", now_s)
    if state.arms >= 10:
        named = ", ".join(seen.refused) or "not armed"
        return failed(fail(state, "refused", now_s, named), seen, (), now_s)
    envelope = Envelope(HIGHEST_CKMH, ONE_PERCENT_DPCT if kind == "incline" else 0)
    state = but(
        to_phase(state, "run", now_s),
        run=Run(kind, goal, mark="arm", mark_s=now_s, stop_was_s=seen.status.stop_written_at_s),
        asked_s=now_s,
        arms=state.arms + 1,
    )
    return Turn(state, (Arm(envelope, SESSION, Purpose.COMMISSIONING),), show(state, "reset"))


def running(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """A run is under way: whatever the guard's state asks for next."""
    run, status = state.run, seen.status
    assert run is not None, "the phase is run"
    if status.facts is not None and state.identity != identity_of(status.facts):
        return _over(state, seen, now_s)
    if run.mark == "arm":
        return _arming(state, run, seen, now_s)
    if status.state in (State.PROOF, State.ARMED, State.STARTING):
        return _starting(state, run, status, deeds, now_s)
    if status.state is State.RUNNING and run.stop_asked_s is None:
        return _moving(state, run, seen, deeds, now_s)
    return _over(state, seen, now_s)


def _arming(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    status = seen.status
    if status.state in (State.PROOF, State.ARMED):
        run = but(run, mark="proof", mark_s=now_s)
        state = but(state, found=but(state.found, top_ckmh=min(status.cap_ckmh, state.found.told_max_ckmh)))
        return Turn(but(state, run=run, asked_s=None), (), show(state, "clip_pull", Awaits.CLIP_PULL))
    if Missing.MIN_ABOVE_CAP in seen.refused:
        return end(state, "too_fast", now_s)
    if now_s - run.mark_s < 3 * AGAIN_S and not seen.refused:
        return Turn(state, (), show(state, "reset"))
    arms = state.arms
    if arms >= 10:
        return failed(fail(state, "refused", now_s, ", ".join(seen.refused) or "-"), seen, (), now_s)
    return Turn(but(to_phase(state, "ready", now_s), run=None, arms=arms), (), show(state, "reset"))


def _starting(state: Procedure, run: Run, status: Status, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    requests: tuple[KioskToGuard, ...] = ()
    if Act.STOP in {deed.act for deed in deeds}:
        run = but(run, by_hand=True)
        requests = (Stop(StopWhy.STAFF),)
        return Turn(but(state, run=run), requests, show(state, "stopping", moving=True))
    if status.control_answered is not None:
        state = but(state, found=but(state.found, answered=status.control_answered))
    if status.state is State.PROOF:
        if Missing.CLIP_PULL in status.start_missing:
            return Turn(but(state, run=run), (), show(state, "clip_pull", Awaits.CLIP_PULL))
        if Missing.CLIP_CLOSE in status.start_missing:
            return Turn(but(state, run=run), (), show(state, "clip_close", Awaits.CLIP_CLOSE))
        if run.mark != "control":
            run = but(run, mark="control", mark_s=now_s)
        waited_s = now_s - run.mark_s
        if waited_s > CONTROL_S:
            return Turn(fail(state, "no_control", now_s), (Disarm(),), show(state, "control"))
        page = "control" if waited_s < 5 else "key_back"
        return Turn(but(state, run=run), (), show(state, page, trouble=status.trouble))
    if status.state is State.ARMED:
        if run.armed_s is None:
            run = but(run, armed_s=now_s)
        elif now_s - run.armed_s >= STEP_BACK_S and not status.start_missing and due(state, now_s):
            requests, state = (Start(),), but(state, asked_s=now_s)
    if status.started_at_s is not None and status.state is State.STARTING:
        run = but(run, started_s=status.started_at_s)
    return Turn(but(state, run=run), requests, show(state, "starting", moving=True))


def _moving(state: Procedure, run: Run, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    if Act.STOP in {deed.act for deed in deeds}:
        return _stop(state, but(run, by_hand=True), seen, now_s, StopWhy.STAFF, "stopping")
    if run.started_s is None and seen.status.started_at_s is not None:
        run = but(run, started_s=seen.status.started_at_s)
    state = but(state, run=run)
    if run.mark in ("proof", "control", "arm"):
        run = but(run, mark="minimum", mark_s=now_s)
        state = but(state, run=run)
    if run.mark == "minimum":
        return _at_minimum(state, run, seen, now_s)
    if run.kind == "start":
        return _increments(state, run, seen, now_s)
    if run.mark == "rising":
        return _rising(state, run, seen, now_s)
    if run.kind == "tape":
        return _tape(state, run, seen, deeds, now_s)
    if run.kind == "incline":
        return _inclining(state, run, seen, now_s)
    if run.kind == "key":
        return _awaiting_key(state, run, seen, now_s)
    return _hold(state, run, seen, now_s)


def _stop(state: Procedure, run: Run, seen: Seen, now_s: float, why: StopWhy, page: str) -> Turn:
    run = but(run, stop_asked_s=now_s, mark=page, mark_s=now_s, epoch_s=seen.at_s)
    state = but(state, run=run, asked_s=now_s)
    return Turn(state, (Stop(why),), show(state, page, moving=True))


def _late(state: Procedure, run: Run, seen: Seen, now_s: float, why: str) -> Turn:
    return _stop(state, but(run, failure=why), seen, now_s, StopWhy.STAFF, "stopping")


def _at_minimum(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """Wait for the steady slowest speed."""
    slowest = steady_ckmh(run.trace.readings, run.mark_s)
    if slowest is None:
        if now_s - run.mark_s > SETTLE_S:
            return _late(state, run, seen, now_s, "no_steady")
        return Turn(state, (), show(state, "minimum", moving=True))
    run = but(run, levels=(slowest,), steady_ckmh=slowest, asked_ckmh=seen.status.min_ckmh, mark_s=now_s)
    mark = {"start": "increments", "incline": "incline_up", "key": "key_pull", "link": "hold"}.get(run.kind, "rising")
    if run.kind in ("stop", "pause") and run.goal_ckmh <= slowest + 2:
        mark = "hold"
    state = but(state, run=but(run, mark=mark))
    return Turn(state, (), show(state, "minimum", moving=True))


def _increments(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """Ask for a little more, and again; note each steady speed that comes of it."""
    status, told = seen.status, state.found.told_increment_ckmh
    step_ckmh, many = (told, TOLD_STEPS) if told >= FINE_STEP_CKMH else (FINE_STEP_CKMH, FINE_STEPS)
    goal = min(status.min_ckmh + step_ckmh * len(run.levels), status.cap_ckmh)
    page = show(state, "increments", moving=True, done=len(run.levels) - 1, wanted=many)
    if len(run.levels) > many or goal <= run.asked_ckmh:
        return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
    if status.commanded_ckmh < goal:
        if now_s - run.mark_s > SETTLE_S:  # coarser steps than may be taken at once
            return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
        return _ask(state, run, goal, 0, now_s, page)
    if run.mark != f"obeys {goal}":
        run = but(run, mark=f"obeys {goal}", mark_s=now_s)
        return Turn(but(state, run=run), (), page)
    period_s = data_period_s(run.trace.readings) or 1.0
    level = steady_ckmh(run.trace.readings, run.mark_s + period_s)
    if level is not None and now_s - run.mark_s >= 2 * HOLD_S:
        run = but(
            run, levels=(*run.levels, level), steady_ckmh=level, asked_ckmh=goal, mark="increments", mark_s=now_s
        )
        return Turn(but(state, run=run), (), page)
    if now_s - run.mark_s > SETTLE_S:
        return _late(state, run, seen, now_s, "no_steady")
    return Turn(state, (), page)


def _ask(state: Procedure, run: Run, speed: int, incline: int, now_s: float, page: Instruction) -> Turn:
    if not due(state, now_s):
        return Turn(but(state, run=run), (), page)
    return Turn(but(state, run=run, asked_s=now_s), (Target(speed, incline),), page)


def _rising(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """Up to the goal, or as near as the guard and the machine let it come."""
    status = seen.status
    goal = min(run.goal_ckmh, status.cap_ckmh)
    page = show(state, "rising", moving=True, speeds=(("speed", goal),))
    if status.commanded_ckmh != run.asked_ckmh:
        run = but(run, asked_ckmh=status.commanded_ckmh, mark_s=now_s)
    if status.commanded_ckmh >= goal or now_s - run.mark_s > 8:
        run = but(run, mark="hold", mark_s=now_s)
        return Turn(but(state, run=run), (), page)
    return _ask(state, run, goal, 0, now_s, page)


def _hold(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """Steady for a moment, then whatever this run is for."""
    period_s = data_period_s(run.trace.readings) or 1.0
    level = steady_ckmh(run.trace.readings, run.mark_s + period_s)
    shown = (("speed", level or run.asked_ckmh),)
    if level is None or now_s - run.mark_s < 2 * HOLD_S:
        if now_s - run.mark_s > SETTLE_S:
            return _late(state, run, seen, now_s, "no_steady")
        return Turn(state, (), show(state, "steady", moving=True, speeds=shown))
    run = but(run, steady_ckmh=level)
    if run.kind == "pause":
        return _stop(state, run, seen, now_s, StopWhy.PAUSE_TEST, "pausing")
    if run.kind == "link":
        return _stop(state, run, seen, now_s, StopWhy.LINK_TEST, "unlinked")
    return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")


def _tape(state: Procedure, run: Run, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    period_s = data_period_s(run.trace.readings) or 1.0
    if run.mark == "hold":
        level = steady_ckmh(run.trace.readings, run.mark_s + period_s)
        if level is None or now_s - run.mark_s < HOLD_S:
            if now_s - run.mark_s > SETTLE_S:
                return _late(state, run, seen, now_s, "no_steady")
            return Turn(state, (), show(state, "steady", moving=True, speeds=(("speed", run.asked_ckmh),)))
        run = but(run, mark="taps", mark_s=now_s, steady_ckmh=level)
    taps = (*run.taps, *(deed.at_s for deed in deeds if deed.act is Act.TAP and deed.at_s >= run.mark_s))
    run = but(run, taps=taps)
    state = but(state, run=run)
    if len(taps) >= TAPS:
        return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
    if now_s - run.mark_s > TAPE_S:
        return _late(state, run, seen, now_s, "taps")
    choices = (Act.TAP, Act.STOP)
    page = show(state, "tape", Awaits.TAP, choices, done=max(0, len(taps) - 1), wanted=TAPS - 1, moving=True)
    return Turn(state, (), page)


def _inclining(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    status, slowest = seen.status, seen.status.min_ckmh
    level = status.incline_dpct or 0
    if run.mark == "incline_up":
        page = show(state, "incline_up", moving=True)
        if status.commanded_dpct == 0 and now_s - run.mark_s > INCLINE_REFUSED_S:
            state = passed(state, "incline")  # not allowed here: there is nothing to learn
            return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
        if status.commanded_dpct and level >= status.commanded_dpct:
            found = but(state.found, incline_dpct=level, incline_s=now_s - run.mark_s)
            state = but(state, found=found)
            run = but(run, mark="incline_down", mark_s=now_s)
            return Turn(but(state, run=run, asked_s=now_s), (Target(slowest, 0),), page)
        if now_s - run.mark_s > INCLINE_S:
            return _late(state, run, seen, now_s, "no_steady")
        return _ask(state, run, slowest, ONE_PERCENT_DPCT, now_s, page)
    page = show(state, "incline_down", moving=True)
    if level <= 0:
        state = passed(state, "incline")
        return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
    if now_s - run.mark_s > INCLINE_S:
        return _late(state, run, seen, now_s, "no_steady")
    return _ask(state, run, slowest, 0, now_s, page)


def _awaiting_key(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    if now_s - run.mark_s > KEY_S:
        return _late(state, run, seen, now_s, "no_key")
    return Turn(state, (), show(state, "key_pull", Awaits.KEY_PULL, moving=True))


def _over(state: Procedure, seen: Seen, now_s: float) -> Turn:
    """Stopping, stopped, or given back: what was it, and what does it tell?"""
    run, status = state.run, seen.status
    assert run is not None, "the phase is run"
    written_s = status.stop_written_at_s
    if run.stop_written_s is None and written_s is not None and written_s != run.stop_was_s:
        run = but(run, stop_written_s=written_s)
    if run.cause is None or run.cause in SOFT_ENDS:
        run = but(run, cause=status.cause or run.cause)
    run = but(
        run,
        alarm_s=seen.at_s if run.alarm_s is None and status.alarm else run.alarm_s,
        pause_works=status.pause_works if run.mark == "pausing" else run.pause_works,
    )
    state = but(state, run=run)
    if status.state is State.IDLE:  # PROOF or ARMED given up, or another treadmill
        return Turn(but(to_phase(state, "ready", now_s), run=None), (), show(state, "reset"))
    if status.state is State.RUNNING and due(state, now_s):
        again = StopWhy.STAFF
        return Turn(but(state, asked_s=now_s), (Stop(again),), show(state, "stopping", moving=True))
    if status.state is not State.LATCHED or not status.at_rest:
        page = run.mark if run.mark in ("stopping", "pausing", "unlinked") else "stopping"
        if status.alarm:
            page = "alarm"
        shown = show(state, page, Awaits.KEY_PULL if page == "alarm" else Awaits.MACHINE, moving=True)
        return Turn(state, (), shown)
    return judged(state, run, seen, now_s)
