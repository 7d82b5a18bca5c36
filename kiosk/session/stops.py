"""Stops: asked for by two touches, or seen at the guard; until the belt stands and the member is off it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import Cause, Status, Stop, StopWhy
from hardware.link.messages import State as GuardState
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session.going_on import to_ratings
from kiosk.session.measured import measure
from kiosk.session.model import REST_TOUCH_S
from kiosk.session.near import ask_pin
from kiosk.session.turn import Turn, staff_latched

STOP_EVERY_S: Final = 0.5
STOP_BAR_S: Final = 5.0  # a first touch shows the stop bar this long
BELT_STOPPED_S: Final = 30.0
STAFF_WAIT_S: Final = 60.0  # then a stop that needs staff becomes "out of service", and the member's data go
GUARD_SILENT_S: Final = 1.5

OURS: Final = frozenset({Cause.PLAN_DONE, Cause.MEMBER_STOP, Cause.STAFF_STOP})
"""Soft stops that somebody asked for: the belt is eased to rest, nothing went wrong."""


def by_touch(t: Turn, intent: Intent) -> None:
    """On every screen where the belt may move, touch does nothing but stop, and that takes two."""
    if intent.kind is IntentKind.STOP and second_touch(t):
        stop(t, StopWhy.MEMBER)


def second_touch(t: Turn) -> bool:
    """A first touch shows the stop bar; True for one that comes while it is there."""
    first = t.state.stop_touch_s
    if first is not None and t.now_s - first <= STOP_BAR_S:
        return True
    t.state = replace(t.state, stop_touch_s=t.now_s)
    return False


def stop(t: Turn, why: StopWhy) -> None:
    """Ask for rest, and say so on the screen at once."""
    t.send(Stop(why))
    t.state = replace(t.state, stop_sent_s=t.now_s)
    t.go(ScreenId.STOPPING)
    t.say("F2")


def stopped(t: Turn) -> bool:
    """The guard stops or has stopped the belt, or does not answer: say so. True if the screen was left."""
    status = t.status
    if status is None:
        if t.now_s - t.state.status_s > GUARD_SILENT_S:
            _to_safety_stop(t, None)
            return True
        return False
    if status.state not in (GuardState.STOPPING, GuardState.LATCHED):
        return False
    cause = _cause(t, status)
    if cause in OURS:
        t.stay = replace(t.stay, cause=cause)
        t.go(ScreenId.STOPPING)
        t.say("F2")
    else:
        _to_safety_stop(t, cause)
    return True


def _cause(t: Turn, status: Status) -> Cause | None:
    """What stopped the belt. Where the console sets the pace, one that comes to rest by itself was stopped there."""
    if not t.follows or status.cause is not Cause.BELT_STOPPED_ITSELF:
        return status.cause
    player = t.stay.player
    return Cause.PLAN_DONE if player is not None and player.done else Cause.MEMBER_STOP


def _to_safety_stop(t: Turn, cause: Cause | None) -> None:
    t.stay = replace(t.stay, cause=cause)
    t.go(ScreenId.SAFETY_STOP)
    t.play("stop" if cause in (Cause.CLIP, Cause.RED_BUTTON) else "fault")
    t.state = replace(t.state, fault_sounded_s=t.now_s)  # it calls again from here
    t.say("X9" if cause is Cause.CLIP else "X1")


def stopping(t: Turn) -> None:
    """The belt comes to rest; it is at rest when it was measured so."""
    status, stay = t.status, t.stay
    if status is None:
        if t.now_s - t.state.status_s > GUARD_SILENT_S:
            _to_safety_stop(t, None)
        return
    measure(t, status)
    asked = t.now_s - t.state.stop_sent_s
    if status.state not in (GuardState.STOPPING, GuardState.LATCHED):
        if STOP_EVERY_S <= asked < STOP_EVERY_S * 20 and stay.cause is None:
            planned = stay.player is not None and (stay.player.done or stay.player.resting)
            t.send(Stop(StopWhy.PLAN_DONE if planned else StopWhy.MEMBER))
            t.state = replace(t.state, stop_sent_s=t.now_s)
        return
    cause = _cause(t, status)
    if cause not in OURS:
        _to_safety_stop(t, cause)
        return
    t.stay = replace(t.stay, cause=cause)
    if status.state is GuardState.LATCHED:
        t.play("done")
        if cause is Cause.PLAN_DONE and stay.player is not None and stay.player.resting:
            t.go(ScreenId.PAUSE)
            return
        t.go(ScreenId.BELT_STOPPED)
        if cause is Cause.PLAN_DONE:
            t.finish()
        return
    if t.screen_s >= t.setup.content.rules.cues.gap_s:
        t.say("F3")


def belt_stopped(t: Turn, intent: Intent) -> None:
    """Touch comes back a little after the belt stands."""
    if intent.kind in (IntentKind.NEXT, IntentKind.DONE) and t.screen_s >= REST_TOUCH_S:
        after_stop(t)


def at_rest(t: Turn) -> None:
    """Stand still, turn, step off, unclip; the opened clip leads on."""
    t.say("F4")
    mount = t.setup.content.rules.mount
    if t.screen_s >= mount.stand_still_s / 2:
        t.say("F5")
    if t.screen_s >= mount.stand_still_s:
        t.say("F6")
    status = t.status
    off = status is not None and not status.inputs.clip_closed and t.screen_s >= REST_TOUCH_S
    if off or t.screen_s >= BELT_STOPPED_S:
        after_stop(t)


def after_stop(t: Turn) -> None:
    """Why, if the member stopped; else how it was."""
    if t.stay.cause is Cause.MEMBER_STOP:
        t.go(ScreenId.WHY_STOPPED)
    else:
        to_ratings(t)


def safety_stop(t: Turn, intent: Intent) -> None:
    """Once at rest: staff for what needs staff, else on to the why."""
    if not rest_ready(t):
        return
    if staff_latched(t.status):
        if intent.kind is IntentKind.STAFF:
            t.finish()
            ask_pin(t)
    elif intent.kind in (IntentKind.NEXT, IntentKind.DONE):
        _after_safety_stop(t)


def rest_ready(t: Turn) -> bool:
    """The belt was measured at rest long enough for touch to come back."""
    return t.state.rest_s is not None and t.now_s - t.state.rest_s >= REST_TOUCH_S


def safely_stopped(t: Turn) -> None:
    """Follow the belt to rest, then wait for the person or for staff."""
    status = t.status
    if status is not None:
        measure(t, status)
        if status.state in (GuardState.STOPPING, GuardState.LATCHED) and status.cause is not None:
            t.stay = replace(t.stay, cause=_cause(t, status))
    still = status is not None and status.state in (GuardState.LATCHED, GuardState.IDLE) and status.at_rest
    if not still:
        t.state = replace(t.state, rest_s=None)
        if t.screen_s >= STAFF_WAIT_S and status is None:
            t.go(ScreenId.OUT_OF_SERVICE)
        return
    if t.state.rest_s is None:
        t.state = replace(t.state, rest_s=t.now_s)
        t.say("F4")
    rested = t.now_s - (t.state.rest_s or t.now_s)
    if staff_latched(status):
        if rested >= STAFF_WAIT_S:
            t.go(ScreenId.OUT_OF_SERVICE)
    elif rested >= t.setup.content.rules.mount.stand_still_s:
        _after_safety_stop(t)


def _after_safety_stop(t: Turn) -> None:
    if t.stay.cause in (Cause.CLIP, Cause.MEMBER_STOP):
        t.go(ScreenId.WHY_STOPPED)
    else:
        to_ratings(t)
