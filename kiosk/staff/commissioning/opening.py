"""The opening check as one pure step: red button, clip, alarm, voice, and one stop of the empty belt (safety.md P9).

The guard collects the proofs and says which are missing (``Status.opening``); this leads a staff member through them,
in the order of the list, and looks at nothing else. Breaking off leaves the guard without an opening check.

Who runs it, ten times a second or so: as kiosk.staff.commissioning.procedure; ``Turn.say`` asks for the voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from hardware.link.messages import (
    Arm,
    BeginCheck,
    Cause,
    Disarm,
    Envelope,
    Heard,
    KioskToGuard,
    Missing,
    Proof,
    Purpose,
    Reset,
    ResetBy,
    SoundAlarm,
    Start,
    State,
    Status,
    Stop,
    StopWhy,
    Target,
)
from kiosk.staff.commissioning.instruction import CHECK_STEPS, Act, Awaits, Deed, Instruction
from kiosk.staff.commissioning.memory import FAILURE_OF, SILENT_S, STEP_BACK_S, Seen

SESSION: Final = "opening-check"
BRAKE_CKMH: Final = 150
AGAIN_S: Final = 1.0
VOICE_S: Final = 3.0
STEADY_S: Final = 3.5  # the guard raises every 3 s: what has not risen by then does not rise
RISE_S: Final = 25.0
CONTROL_S: Final = 40.0
VALID_HOURS: Final = "18"

ORDER: Final = (
    (Proof.RED_BUTTON, "red"),
    (Proof.CLIP, "clip"),
    (Proof.ALARM, "alarm"),
    (Proof.SOUND, "voice"),
    (Proof.BRAKE, "brake"),
)
ENDS: Final = ("left", "done")
PENDING: Final = frozenset({Missing.OPENING_CHECK})  # what a session misses until this is done
but = msgspec.structs.replace


class Check(msgspec.Struct, frozen=True):
    """The check's whole memory."""

    phase: str = "begin"
    since_s: float = 0.0
    asked_s: float | None = None
    step: str = "red"
    failure: str = ""
    detail: str = ""
    begun: bool = False
    sounded: bool = False
    spoken: bool = False
    alarm_heard: bool = False
    armed_s: float | None = None
    goal_ckmh: int = BRAKE_CKMH
    reached_s: float | None = None
    reached_ckmh: int = 0
    stopped: bool = False
    by_hand: bool = False
    alarmed: bool = False
    cause: Cause | None = None


class CheckTurn(msgspec.Struct, frozen=True):
    """What one step amounts to. *say*: let the voice be heard now."""

    state: Check
    requests: tuple[KioskToGuard, ...]
    instruction: Instruction
    say: bool = False


def begin(now_s: float) -> Check:
    """A check from its beginning: every proof starts anew."""
    return Check(since_s=now_s)


def step(state: Check, seen: Seen | None, deeds: Sequence[Deed], now_s: float) -> CheckTurn:
    """One look at guard and person at *now_s*. Pure."""
    if state.phase in ENDS:
        return CheckTurn(state, (), _page(state, state.phase))
    if seen is None or not 0 <= now_s - seen.at_s <= SILENT_S:
        moving = state.phase == "brake"
        return CheckTurn(state, (), _page(state, "connecting", blocked=(Missing.BELT_PROCESS,), moving=moving))
    status, acts = seen.status, {deed.act for deed in deeds}
    at_rest = status.state in (State.LATCHED, State.IDLE, State.PROOF, State.ARMED)
    if Act.LEAVE in acts and at_rest:
        left = but(state, phase="left")
        return CheckTurn(left, (Disarm(),), _page(left, "left"))
    if state.phase == "begin":
        return _begin(state, status, now_s)
    if state.phase == "failed":
        return _failed(state, status, acts, now_s)
    if state.phase == "brake":
        return _brake(state, seen, acts, now_s)
    return _proofs(state, status, acts, now_s)


def _page(
    state: Check,
    page: str,
    awaits: Awaits = Awaits.MACHINE,
    choices: tuple[Act, ...] = (Act.LEAVE,),
    *,
    blocked: tuple[Missing, ...] = (),
    trouble: str = "",
    moving: bool = False,
) -> Instruction:
    if page in ENDS:
        awaits, choices = Awaits.END, (Act.CONFIRM,)
    return Instruction(
        page=page,
        title=f"opening_check.page.{page}.title",
        body=f"opening_check.page.{page}.body",
        awaits=awaits,
        choices=(Act.STOP,) if moving else choices,
        n=CHECK_STEPS.index(state.step) + 1,
        m=len(CHECK_STEPS),
        moving=moving,
        speeds=(("speed", state.goal_ckmh),),
        words=(("hours", VALID_HOURS), ("what", state.detail or "-")),
        keys=(("why", f"commission.failed.{state.failure}"),) if page == "failed" else (),
        blocked=blocked,
        trouble=trouble,
    )


def _due(state: Check, now_s: float) -> bool:
    return state.asked_s is None or now_s - state.asked_s >= AGAIN_S


def _fail(state: Check, why: str, now_s: float, detail: str = "") -> CheckTurn:
    state = but(state, phase="failed", since_s=now_s, failure=why, detail=detail, asked_s=None)
    choices = (Act.REPEAT, Act.LEAVE)
    return CheckTurn(state, (), _page(state, "failed", Awaits.CONFIRM, choices))


def _failed(state: Check, status: Status, acts: set[Act], now_s: float) -> CheckTurn:
    if acts & {Act.REPEAT, Act.CONFIRM}:
        fresh = but(state, phase="proofs", since_s=now_s, failure="", sounded=False, spoken=False, asked_s=None)
        return CheckTurn(fresh, (), _page(fresh, "reset"))
    page = _page(state, "failed", Awaits.CONFIRM, (Act.REPEAT, Act.LEAVE), blocked=status.reset_missing)
    return CheckTurn(state, (), page)


def _begin(state: Check, status: Status, now_s: float) -> CheckTurn:
    if status.opening.under_way and state.begun:
        state = but(state, phase="proofs", since_s=now_s, asked_s=None)
        return CheckTurn(state, (), _page(state, "reset"))
    if status.state in (State.PROOF, State.ARMED):
        return CheckTurn(state, (Disarm(),), _page(state, "reset"))
    still = status.state in (State.LATCHED, State.IDLE) and not status.measured_ckmh
    if still and _due(state, now_s):
        return CheckTurn(but(state, asked_s=now_s, begun=True), (BeginCheck(),), _page(state, "reset"))
    return CheckTurn(state, (), _page(state, "connecting", trouble=status.trouble))


def _proofs(state: Check, status: Status, acts: set[Act], now_s: float) -> CheckTurn:
    """The first proof that is missing. Switches count latched or not; the rest once what they latched is cleared."""
    opening, inputs = status.opening, status.inputs
    if opening.valid_left_s is not None:
        done = but(state, phase="done")
        return CheckTurn(done, (), _page(done, "done"))
    if not opening.under_way:  # the guard was started anew: from the beginning
        return CheckTurn(but(begin(now_s)), (), _page(state, "reset"))
    proof, name = next(((p, n) for p, n in ORDER if p in opening.missing), (Proof.BRAKE, "brake"))
    state = but(state, step=name)
    if proof is Proof.RED_BUTTON:
        awaited = ("red_press", Awaits.RED_PRESS) if inputs.red_closed else ("red_release", Awaits.RED_RELEASE)
        return CheckTurn(state, (), _page(state, *awaited))
    if proof is Proof.CLIP:
        awaited = ("clip_pull", Awaits.CLIP_PULL) if inputs.clip_closed else ("clip_close", Awaits.CLIP_CLOSE)
        return CheckTurn(state, (), _page(state, *awaited))
    if status.state is State.LATCHED:
        return _resetting(state, status, now_s)
    if proof is Proof.ALARM:
        return _alarm(state, acts, now_s)
    if proof is Proof.SOUND:
        return _voice(state, acts, now_s)
    return _arming(state, status, now_s)


def _resetting(state: Check, status: Status, now_s: float) -> CheckTurn:
    page = _page(state, "reset", blocked=status.reset_missing, trouble=status.trouble)
    if Missing.CLIP_OPEN in status.reset_missing:
        page = but(page, awaits=Awaits.CLIP_CLOSE)
    elif Missing.RED_PRESSED in status.reset_missing:
        page = but(page, awaits=Awaits.RED_RELEASE)
    if status.reset_missing or not _due(state, now_s):
        return CheckTurn(state, (), page)
    return CheckTurn(but(state, asked_s=now_s), (Reset(ResetBy.STAFF),), page)


def _alarm(state: Check, acts: set[Act], now_s: float) -> CheckTurn:
    page = _page(state, "alarm", Awaits.CONFIRM, (Act.YES, Act.REPEAT, Act.NO, Act.LEAVE))
    if Act.NO in acts:
        return _fail(state, "not_heard", now_s)
    if not state.sounded or Act.REPEAT in acts:
        return CheckTurn(but(state, sounded=True, asked_s=now_s), (SoundAlarm(),), page)
    if Act.YES in acts or (state.alarm_heard and _due(state, now_s)):
        return CheckTurn(but(state, alarm_heard=True, asked_s=now_s), (Heard(alarm=True, sound=False),), page)
    return CheckTurn(state, (), page)


def _voice(state: Check, acts: set[Act], now_s: float) -> CheckTurn:
    page = _page(state, "voice", Awaits.CONFIRM, (Act.YES, Act.REPEAT, Act.NO, Act.LEAVE))
    if Act.NO in acts:
        return _fail(state, "not_heard", now_s)
    if not state.spoken or Act.REPEAT in acts:
        return CheckTurn(but(state, spoken=True, asked_s=now_s), (), page, say=True)
    if Act.YES in acts:
        return CheckTurn(but(state, asked_s=now_s), (Heard(alarm=False, sound=True),), page)
    return CheckTurn(state, (), page)


# ------------------------------------------------------------------------------------------------ the brake test


def _arming(state: Check, status: Status, now_s: float) -> CheckTurn:
    blocked = tuple(one for one in status.arm_missing if one not in PENDING)
    page = _page(state, "connecting", blocked=blocked, trouble=status.trouble)
    if status.state in (State.PROOF, State.ARMED):
        brake = but(
            state,
            phase="brake",
            since_s=now_s,
            asked_s=None,
            armed_s=None,
            reached_s=None,
            stopped=False,
            by_hand=False,
            alarmed=False,
            cause=None,
            goal_ckmh=max(status.min_ckmh, min(BRAKE_CKMH, status.cap_ckmh)),
        )
        return CheckTurn(brake, (), _page(brake, "brake_pull", Awaits.CLIP_PULL))
    if blocked or status.state is not State.IDLE or not _due(state, now_s):
        return CheckTurn(state, (), page)
    if status.follow:  # such a walk of the empty belt: the permit is its one brake
        arm = Arm(Envelope(status.cap_ckmh, 0), SESSION, Purpose.FOLLOW)
    else:
        arm = Arm(Envelope(BRAKE_CKMH, 0), SESSION, Purpose.OPENING_CHECK)
    return CheckTurn(but(state, asked_s=now_s), (arm,), page)


def _brake(state: Check, seen: Seen, acts: set[Act], now_s: float) -> CheckTurn:
    status = seen.status
    if Act.STOP in acts:
        state = but(state, by_hand=True)
        return CheckTurn(state, (Stop(StopWhy.STAFF),), _page(state, "stopping", moving=True))
    match status.state:
        case State.PROOF if Missing.CLIP_CLOSE in status.start_missing:
            return CheckTurn(state, (), _page(state, "brake_close", Awaits.CLIP_CLOSE))
        case State.PROOF:
            return CheckTurn(state, (), _page(state, "brake_pull", Awaits.CLIP_PULL))
        case State.ARMED if status.purpose is Purpose.FOLLOW:
            return CheckTurn(state, (), _page(state, "console_start", Awaits.CONSOLE, moving=True))
        case State.ARMED | State.STARTING:
            return _starting(state, status, now_s)
        case State.RUNNING if status.purpose is Purpose.FOLLOW and not state.by_hand:
            return _followed(state, now_s)
        case State.RUNNING if not state.by_hand:
            return _rising(state, status, now_s)
        case State.IDLE:
            return CheckTurn(but(state, phase="proofs", asked_s=None), (), _page(state, "reset"))
    return _over(state, status, now_s)


def _starting(state: Check, status: Status, now_s: float) -> CheckTurn:
    page = _page(state, "starting", moving=True)
    if status.state is State.ARMED and state.armed_s is None:
        return CheckTurn(but(state, armed_s=now_s), (), page)
    ready = state.armed_s is not None and now_s - state.armed_s >= STEP_BACK_S and not status.start_missing
    if status.state is State.ARMED and ready and _due(state, now_s):
        return CheckTurn(but(state, asked_s=now_s), (Start(),), page)
    return CheckTurn(state, (), page)


def _rising(state: Check, status: Status, now_s: float) -> CheckTurn:
    page = _page(state, "rising", moving=True)
    if state.stopped:
        page = _page(state, "stopping", moving=True)
        if not _due(state, now_s):
            return CheckTurn(state, (), page)
        return CheckTurn(but(state, asked_s=now_s), (Stop(StopWhy.STAFF),), page)
    near = (status.measured_ckmh or 0) * 20 >= status.commanded_ckmh * 19
    if status.commanded_ckmh >= state.goal_ckmh - 20 and near:  # its grid may not have the goal itself
        if state.reached_s is None or status.commanded_ckmh != state.reached_ckmh:
            state = but(state, reached_s=now_s, reached_ckmh=status.commanded_ckmh)
        elif now_s - state.reached_s >= STEADY_S:
            return CheckTurn(but(state, stopped=True, asked_s=now_s), (Stop(StopWhy.STAFF),), page)
        return _asking(state, now_s, page)
    if state.reached_s is None and state.armed_s is not None and now_s - state.armed_s > RISE_S + 15:
        return CheckTurn(but(state, stopped=True, asked_s=now_s), (Stop(StopWhy.STAFF),), page)
    return _asking(state, now_s, page)


def _followed(state: Check, now_s: float) -> CheckTurn:
    """The console runs the belt: once it has done so for a moment, the permit stops it."""
    if state.reached_s is None:
        state = but(state, reached_s=now_s)
    elif now_s - state.reached_s >= STEADY_S and _due(state, now_s):
        page = _page(state, "stopping", moving=True)
        return CheckTurn(but(state, stopped=True, asked_s=now_s), (Stop(StopWhy.STAFF),), page)
    return CheckTurn(state, (), _page(state, "console_runs", moving=True))


def _asking(state: Check, now_s: float, page: Instruction) -> CheckTurn:
    if not _due(state, now_s):
        return CheckTurn(state, (), page)
    return CheckTurn(but(state, asked_s=now_s), (Target(state.goal_ckmh, 0),), page)


def _over(state: Check, status: Status, now_s: float) -> CheckTurn:
    state = but(
        state,
        alarmed=state.alarmed or status.alarm,
        cause=status.cause if state.cause in (None, Cause.STAFF_STOP) else state.cause,
    )
    if status.state is not State.LATCHED or not status.at_rest:
        return CheckTurn(state, (), _page(state, "stopping", moving=True))
    if Proof.BRAKE not in status.opening.missing or status.opening.valid_left_s is not None:
        state = but(state, phase="proofs", since_s=now_s, asked_s=None)
        return CheckTurn(state, (), _page(state, "reset"))
    if state.cause is Cause.ARM_EXPIRED:
        return CheckTurn(but(state, phase="proofs", asked_s=None), (), _page(state, "reset"))
    if state.alarmed:
        return _fail(state, "budget", now_s)
    why = "other" if state.cause is None else FAILURE_OF.get(state.cause, "other")
    return _fail(state, why, now_s, str(state.cause or ""))
