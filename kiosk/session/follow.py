"""Follow mode, at the treadmill: the console sets the pace, and the kiosk guides and records (coaching, decisions).

The guard writes nothing to such a treadmill; its permit is the one stop there is, and that is the treadmill's own
key. So the pace is set while standing on the side rails, nobody is told to change it while walking, and at the end of
the plan the member leaves the moving belt for the rails before the key stops it (coaching section 2, fixed pace: a
change is made beside the belt; a hard stop tips who walks backward).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import State as GuardState
from hardware.link.messages import Status, StopWhy
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session import amber, mount, stops
from kiosk.session.measured import fresh_measured, measure
from kiosk.session.model import GAP_S
from kiosk.session.turn import Turn

TURN_ROUND_S: Final = 10.0
"""D: to turn round on the rails, at a pace that nobody has changed for so long."""

FACE_AWAY_S: Final = 3.0
HOLD_ON_S: Final = 8.0
RAILS_S: Final = 12.0
"""D: to step from the belt to the side rails, once told."""


def console_start(t: Turn, intent: Intent) -> None:
    """Touch does nothing here but stop."""
    if intent.kind is not IntentKind.STOP or not stops.second_touch(t):
        return
    status = t.status
    if status is not None and status.state is GuardState.RUNNING:
        stops.stop(t, StopWhy.MEMBER)
    else:
        t.disarm()
        t.go(ScreenId.CHECK)


def starting(t: Turn) -> None:
    """Until the member has started the belt, set a pace and turned round."""
    status = t.status
    if status is None or status.state is GuardState.STOPPING:
        stops.stopped(t)
        return
    if status.state is not GuardState.RUNNING:
        if not mount.not_armed(t):
            mount.open_record(t)
            t.say("U2")
        return
    t.stay = replace(t.stay, armed=False)
    measure(t, status)
    if amber.held(t) or t.screen_s >= t.setup.content.rules.mount.straddle_limit_s:
        stops.stop(t, StopWhy.MEMBER)
        return
    even_s = _even_s(t, status)
    if even_s >= FACE_AWAY_S:
        t.say("U3" if even_s < HOLD_ON_S else "U7")
    if amber.fitted(t):
        if amber.pressed(t):
            mount.to_step_on(t)
    elif even_s >= TURN_ROUND_S - GAP_S:
        mount.to_step_on(t)


def _even_s(t: Turn, status: Status) -> float:
    """How long the belt has kept its pace."""
    stay, measured = t.stay, fresh_measured(status)
    if not measured or stay.steady_since_s is None or abs(measured - stay.pace_ckmh) > mount.STEADY_CKMH:
        t.stay = replace(stay, steady_since_s=t.now_s if measured else None, pace_ckmh=measured or 0)
        return 0.0
    return t.now_s - stay.steady_since_s


def rails_left_s(t: Turn) -> float:
    """How long until the belt is stopped, on TO_RAILS."""
    return max(0.0, RAILS_S - t.screen_s)


def to_rails(t: Turn, intent: Intent) -> None:
    """Touch does nothing here but stop: the plan is over either way."""
    if intent.kind is IntentKind.STOP and stops.second_touch(t):
        stops.stop(t, StopWhy.PLAN_DONE)


def leaving(t: Turn) -> None:
    """Told to step to the rails; the amber button says that they stand there, or the time is over."""
    status = t.status
    if stops.stopped(t) or status is None:
        return
    measure(t, status)
    t.say("X2")
    if (amber.fitted(t) and amber.pressed(t)) or t.screen_s >= RAILS_S - GAP_S:
        stops.stop(t, StopWhy.PLAN_DONE)
