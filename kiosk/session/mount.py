"""From the side rails onto the moving belt: straddle, countdown, start, step on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import Start, Status, StopWhy
from hardware.link.messages import State as GuardState
from kiosk.coach.levels import code_of
from kiosk.coach.player import Walker, begin, resumed
from kiosk.coach.standing import Verdict, judge
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session import amber
from kiosk.session.actions import Record, RecordScreening
from kiosk.session.measured import fresh_measured, measure
from kiosk.session.model import GAP_S
from kiosk.session.stops import second_touch, stop, stopped
from kiosk.session.turn import Turn, staff_latched
from kiosk.session.walk import pace_over
from kiosk.store.records import Opening

STEADY_CKMH: Final = 16  # 0.1 mph: the belt runs at its base speed
STEADY_LATEST_S: Final = 15.0  # some machines never report their minimum exactly
START_HEARD_S: Final = 1.0


def not_armed(t: Turn) -> bool:
    """The guard has let go (clip opened, window over, link): back to the check, with what was seen kept."""
    status = t.status
    if staff_latched(status):
        t.go(ScreenId.OUT_OF_SERVICE)
        return True
    if status is not None and status.state is GuardState.ARMED and status.session == t.stay.id:
        return False
    t.stay = replace(t.stay, armed=False, pulled=False)
    t.go(ScreenId.CHECK)
    return True


def straddle(t: Turn, intent: Intent) -> None:
    """Touch does nothing here but stop."""
    if intent.kind is IntentKind.STOP and second_touch(t):
        t.disarm()
        t.go(ScreenId.CHECK)


def straddling(t: Turn) -> None:
    """Time to stand on the side rails: told by the amber button, or by the clock where none is fitted."""
    if not_armed(t):
        return
    t.say("X10")
    t.say("U7")
    mount = t.setup.content.rules.mount
    if amber.fitted(t):
        if amber.pressed(t):
            _to_countdown(t)
        elif t.screen_s >= mount.straddle_limit_s:
            t.disarm()
            t.go(ScreenId.CHECK)
    elif t.screen_s >= mount.straddle_s - GAP_S:
        _to_countdown(t)


def _to_countdown(t: Turn) -> None:
    t.go(ScreenId.COUNTDOWN)
    open_record(t)


def open_record(t: Turn) -> None:
    """Before the belt moves the session is on record; a disk that refuses only shows a notice."""
    stay, offer = t.stay, t.stay.offer
    if stay.opened or offer is None:
        return
    status = t.status
    t.stay = replace(stay, opened=True, began_s=t.now_s)
    t.actions.append(
        Record(
            Opening(
                id=stay.id,
                program_id=offer.program,
                variant=code_of(offer.choice),
                cap_ckmh=offer.cap.speed_ckmh,
                cap_source=offer.cap.source.value,
                member_id=stay.member_id,
                treadmill=status.facts.address if status is not None and status.facts is not None else "",
                language=t.language,
                plan_s=offer.plan.walk_s,
            )
        )
    )
    if stay.signed_by and stay.signed_once and stay.person is not None and stay.outcome is not None:
        # Staff were wanted for the first visit, which this is: from the next one on its limit is what stays.
        t.actions.append(RecordScreening(stay.person.id, stay.outcome.signed, stay.signed_by))


def countdown(t: Turn, intent: Intent) -> None:
    """Touch does nothing here but stop."""
    straddle(t, intent)


def count_of(t: Turn) -> int:
    """The number that stands on the screen: 5 to 1."""
    seconds = t.setup.content.rules.mount.countdown_s
    return max(1, seconds - int(t.screen_s + GAP_S))


def counting(t: Turn) -> None:
    """Five beeps, then Start. At zero, never before: a belt that starts early is the hazard, a late one is not."""
    if not_armed(t):
        return
    if amber.fitted(t) and amber.pressed(t):
        t.go(ScreenId.STRADDLE)
        return
    if t.screen_s >= t.setup.content.rules.mount.countdown_s - GAP_S:
        t.send(Start())
        t.stay = replace(t.stay, steady_since_s=None, armed=False)
        t.go(ScreenId.BELT_STARTING)
        return
    t.say("U8")  # asked for until it is said: "hold both rails" may have been said just before
    count = count_of(t)
    if t.state.counted != count:
        t.state = replace(t.state, counted=count)
        t.play("tick")


def refused_start(t: Turn) -> None:
    """The guard did not take the Start: nothing moves, the check begins again."""
    if t.state.screen is ScreenId.BELT_STARTING:
        t.stay = replace(t.stay, armed=True)
        t.disarm()
        t.go(ScreenId.CHECK)


def starting(t: Turn) -> None:
    """Until the belt is measured at its base speed, and evenly."""
    status = t.status
    if stopped(t):
        return
    if status is None:
        return
    if amber.fitted(t) and amber.pressed(t):
        stop(t, StopWhy.MEMBER)  # any button ends a start (safety.md, Start)
        return
    if status.state in (GuardState.ARMED, GuardState.IDLE, GuardState.PROOF):
        if t.screen_s > START_HEARD_S:
            refused_start(t)
        return
    measure(t, status)
    if status.state is GuardState.RUNNING:
        t.say("U9")
    measured = fresh_measured(status)
    even = (
        status.state is GuardState.RUNNING
        and measured is not None
        and abs(measured - status.commanded_ckmh) <= STEADY_CKMH
    )
    since = t.stay.steady_since_s
    if not even:
        t.stay = replace(t.stay, steady_since_s=None)
        slow = measured is not None and 0 < measured <= status.commanded_ckmh
        if status.state is GuardState.RUNNING and slow and t.screen_s > STEADY_LATEST_S + status.start_latency_s:
            to_step_on(t)
    elif since is None:
        t.stay = replace(t.stay, steady_since_s=t.now_s)
    elif t.now_s - since >= t.setup.content.rules.mount.moving_steady_s:
        to_step_on(t)


def to_step_on(t: Turn) -> None:
    """The belt runs as it is to be stepped on."""
    t.play("go")
    t.go(ScreenId.STEP_ON)


def stepping_on(t: Turn) -> None:
    """Step on: told by the amber button, or by the time in the program's numbers."""
    status = t.status
    if stopped(t) or status is None:
        return
    measure(t, status)
    if amber.held(t):
        stop(t, StopWhy.MEMBER)
        return
    mount = t.setup.content.rules.mount
    t.say("M1")
    if t.screen_s >= 4.0:
        t.say("M2")
    if amber.fitted(t):
        if t.screen_s >= mount.step_on_s:
            t.say("M5")
        if amber.pressed(t):
            _to_walk(t, status)
        elif t.screen_s >= mount.steady_limit_s:
            stop(t, StopWhy.MEMBER)
    elif t.screen_s >= mount.step_on_s - GAP_S:
        _to_walk(t, status)


def _to_walk(t: Turn, status: Status) -> None:
    stay, offer = t.stay, t.stay.offer
    if offer is None:
        return
    if stay.resume and stay.player is not None:
        player = resumed(stay.player, t.now_s)
    else:
        history = () if stay.person is None else stay.person.history
        walker = Walker(
            new=len(history) < t.setup.content.rules.cues.new_user_visits,
            needs_no_technique=len(history) >= t.setup.content.rules.cues.new_user_visits - 1 and walks_clean(t),
            asks=amber.fitted(t),
            follows=t.follows,
        )
        base_ckmh = status.measured_ckmh or 0 if t.follows else status.commanded_ckmh
        player = begin(offer.plan, walker, base_ckmh=max(base_ckmh, 1), now_s=t.now_s)
    t.stay = replace(stay, player=player, resume=False)
    t.go(ScreenId.WALK)
    if t.follows and pace_over(t):  # a cap was lowered since the pace was set
        t.go(ScreenId.TO_RAILS)


def walks_clean(t: Turn) -> bool:
    """Whether this person's last walk went to its end with nothing against it (coaching section 5, T cues)."""
    person = t.stay.person
    if person is None or not person.history:
        return False
    last = person.history[-1]
    return last.completed and judge(last, t.setup.content.rules.progress) in (Verdict.CLEAN, Verdict.UNRATED)
