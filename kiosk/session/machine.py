"""The session as one function: ``step(state, events, now, setup) -> (state, actions)``. Pure.

What a touch does on a screen, and what time does, is in the file of that part of a visit, one function a screen each:
``near`` (at the screen), ``safety_check``, ``mount``, ``walk``, ``stops``, ``going_on``, ``after``; ``follow`` and
``service`` beside them. Here is the order of things: the guard's word first, then what people want, then what time
brings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from hardware.link.messages import Cause, Refused, SafetyEvent, Status, Stop, StopWhy
from hardware.link.messages import State as GuardState
from kiosk.intents import INERT_SCREENS, Intent, IntentKind, ScreenId
from kiosk.screens.flow import FLOW
from kiosk.session import after, desk, follow, going_on, mount, near, safety_check, service, stops, walk
from kiosk.session.actions import Action, Record
from kiosk.session.model import (
    TOUCH_GUARD_S,
    CapsRead,
    ClockRead,
    Event,
    Found,
    GuardGone,
    Joined,
    LeftOpen,
    OwnerNeeded,
    PinTried,
    RecordHealth,
    ServiceRead,
    State,
    Told,
    Touched,
)
from kiosk.session.setup import Setup
from kiosk.session.turn import Turn, linked
from kiosk.staff.desk.errands import Answered
from kiosk.store.kinds import Severity
from kiosk.store.records import EventIn

S = ScreenId

TOUCHES: Final[Mapping[ScreenId, Callable[[Turn, Intent], None]]] = {
    S.ATTRACT: near.attract,
    S.WHO: near.who,
    S.CODE: near.code,
    S.CONSENT: near.consent,
    S.SCREENING: near.questions,
    S.TALK_TO_STAFF: near.talk,
    S.PROGRAM: near.program,
    S.PREVIEW: near.preview,
    S.CHECK: safety_check.check,
    S.CONSOLE_START: follow.console_start,
    S.STRADDLE: mount.straddle,
    S.COUNTDOWN: mount.countdown,
    S.BELT_STARTING: stops.by_touch,
    S.STEP_ON: stops.by_touch,
    S.WALK: stops.by_touch,
    S.EASING: stops.by_touch,
    S.TO_RAILS: follow.to_rails,
    S.SAFETY_STOP: stops.safety_stop,
    S.BELT_STOPPED: stops.belt_stopped,
    S.PAUSE: going_on.pause,
    S.WHY_STOPPED: going_on.why_stopped,
    S.EFFORT: after.effort,
    S.PAIN: after.pain,
    S.SUMMARY: after.summary,
    S.HISTORY: after.history,
    S.JOINED: after.joined_screen,
    S.STAFF_PIN: near.staff_pin,
    S.OVERRIDE: near.override,
    S.RESET: service.reset,
    S.OUT_OF_SERVICE: service.out_of_service,
}
"""What a touch does. STOPPING has none: the belt is stopping already."""

TIMES: Final[Mapping[ScreenId, Callable[[Turn], None]]] = {
    S.ATTRACT: service.attracting,
    S.CONSENT: after.joining,
    S.CHECK: safety_check.checking,
    S.CONSOLE_START: follow.starting,
    S.STRADDLE: mount.straddling,
    S.COUNTDOWN: mount.counting,
    S.BELT_STARTING: mount.starting,
    S.STEP_ON: mount.stepping_on,
    S.WALK: walk.walking,
    S.EASING: walk.walking,
    S.TO_RAILS: follow.leaving,
    S.STOPPING: stops.stopping,
    S.SAFETY_STOP: stops.safely_stopped,
    S.BELT_STOPPED: stops.at_rest,
    S.PAUSE: going_on.pausing,
    S.RESET: service.resetting,
    S.OUT_OF_SERVICE: service.back_in_service,
}
"""What time and the guard bring."""

_SEVERITY: Final = {"trip": Severity.STOP, "escalation": Severity.FAULT, "stop": Severity.NOTICE}


def step(state: State, events: Iterable[Event], now_s: float, setup: Setup) -> tuple[State, tuple[Action, ...]]:
    """The session at *now_s*, after *events* in their order."""
    t = Turn(state, now_s, setup)
    for event in events:
        _happened(t, event)
    ready = t.status is not None and linked(t.status)
    if ready or t.state.missing_s is None:
        t.state = replace(t.state, missing_s=None if ready else now_s)
    if not _waited_in_vain(t):
        screen = t.state.screen
        times = TIMES.get(screen)
        if times is not None:
            times(t)
    desk.pass_on(t, ())  # time goes by there too
    t.call()
    if t.state.stop_touch_s is not None and now_s - t.state.stop_touch_s > stops.STOP_BAR_S:
        t.state = replace(t.state, stop_touch_s=None)
    return t.state, tuple(t.actions)


def _happened(t: Turn, event: Event) -> None:
    match event:
        case Told(Status() as status):
            _status(t, status)
        case Told(SafetyEvent() as safety):
            _log(t, safety)
            desk.pass_on(t, (safety,))
        case Told(Refused() as refused):
            if refused.what == "start":
                mount.refused_start(t)
            elif refused.what == "arm" and t.state.stay is not None:
                t.stay = replace(t.stay, armed=False, pulled=False)
            desk.pass_on(t, (refused,))
        case GuardGone():
            t.state = replace(t.state, status=None)
        case Touched(intent) if t.state.desk is not None:
            desk.pass_on(t, (intent,))
        case Touched(intent):
            _touched(t, intent)
        case Found():
            near.found(t, event)
        case PinTried() if t.state.desk is not None:
            desk.second_pin(t, event)
        case PinTried():
            near.pin_tried(t, event)
        case Answered():
            desk.pass_on(t, (event,))
        case OwnerNeeded(needed):
            t.state = replace(t.state, needs_owner=needed)
        case ServiceRead(read):
            service.told(t, read)
        case ClockRead(utc_ms):
            t.state = replace(t.state, utc_ms=utc_ms)
        case LeftOpen(treadmill):
            t.state = replace(t.state, left_open=treadmill)
        case Joined():
            after.joined(t, event)
        case CapsRead(caps):
            if caps != t.state.caps:
                t.state = replace(t.state, caps=caps)
                walk.caps_changed(t)
        case RecordHealth(banner):
            t.state = replace(t.state, banner=banner)


def _status(t: Turn, status: Status) -> None:
    pressed = status.inputs.amber_pressed is True
    if not pressed:
        t.state = replace(t.state, amber_s=None)
    elif t.state.amber_s is None:
        t.state = replace(t.state, amber_s=t.now_s, amber_used=False)
    t.state = replace(t.state, status=status, status_s=t.now_s)
    desk.pass_on(t, (status,))
    if t.state.left_open:
        _stop_what_was_left(t, status)
    if t.setup.puller:
        stopped = status.state in (GuardState.LATCHED, GuardState.STOPPING)
        taken = stopped and not status.permit
        seated = status.state is GuardState.RUNNING  # it would not run without its key
        t.state = replace(t.state, key_out=(t.state.key_out or taken) and not seated)


def _stop_what_was_left(t: Turn, status: Status) -> None:
    """The open row is the lease's copy on disk: a belt of ours that runs on through a reboot is stopped first."""
    if status.facts is None or status.measured_ckmh is None:
        return
    booted = status.state is GuardState.LATCHED and status.cause is Cause.BOOT
    if booted and status.facts.address == t.state.left_open and status.in_use_by_other:
        t.send(Stop(StopWhy.LEFT_OPEN))
    elif not booted or status.at_rest or status.facts.address != t.state.left_open:
        t.state = replace(t.state, left_open="")


def _log(t: Turn, safety: SafetyEvent) -> None:
    stay = t.state.stay
    t.actions.append(
        Record(
            EventIn(
                kind=safety.kind,
                severity=_SEVERITY.get(safety.kind, Severity.INFO),
                session_id=stay.id if stay is not None and stay.opened else None,
                cause=safety.cause.value if safety.cause is not None else "",
                state=safety.state.value,
                speed_ckmh=safety.speed_ckmh,
                detail=safety.detail,
                guard_event=safety.id,
            )
        )
    )


def _touched(t: Turn, intent: Intent) -> None:
    """Drop what was meant for the screen before; where the belt may move let nothing through but stop."""
    screen = t.state.screen
    early = t.now_s - t.state.since_s < TOUCH_GUARD_S
    if early and not (screen in INERT_SCREENS and intent.kind is IntentKind.STOP):
        return
    if screen in INERT_SCREENS - {S.SAFETY_STOP} and intent.kind is not IntentKind.STOP:
        return
    t.state = replace(t.state, active_s=t.now_s, fault_heard=t.state.fault_since_s is not None)
    if intent.kind is IntentKind.STAY:
        return
    touches = TOUCHES.get(screen)
    if touches is not None:
        if screen not in INERT_SCREENS:
            t.play("key")
        touches(t, intent)


def _waited_in_vain(t: Turn) -> bool:
    """A screen that nobody touched is left; a check that belongs to a stopped walk ends with that walk."""
    if t.state.screen is S.CHECK and t.stay.resume:
        idle = FLOW[S.CHECK].idle
        if idle is None or t.now_s - t.state.active_s < idle.end_s:
            return False
        safety_check.leave_check(t)
        return True
    screen = t.state.screen
    idle = FLOW[screen].idle
    if t.state.desk is not None or idle is None or t.now_s - t.state.active_s < idle.end_s:
        return False
    if screen is S.CHECK:
        t.disarm()
        t.talk("talk.check")
    else:
        t.go(idle.to)
    return True
