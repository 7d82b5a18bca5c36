"""At the treadmill: check, straddle, countdown, start, step on, walk, ease, stop.

The guard decides what the belt does; this only asks, follows, and says on the screen what the guard has measured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import (
    Arm,
    Cause,
    Deck,
    Envelope,
    LowerCap,
    Missing,
    Purpose,
    Reset,
    ResetBy,
    Start,
    Status,
    Stop,
    StopWhy,
    Target,
)
from hardware.link.messages import State as GuardState
from hardware.units import distance_m
from kiosk.coach.plan import without_rises
from kiosk.coach.player import Player, Reading, Walker, advance, begin, capped, eased, resumed, stayed
from kiosk.coach.progression import Proposal, code_of
from kiosk.coach.screening import Outcome, Result
from kiosk.intents import Intent, IntentKind, ScreenId, TileState
from kiosk.session.actions import Record, RecordScreening, RecordWhy
from kiosk.session.model import GAP_S, MEASURED_FRESH_S, Offer
from kiosk.session.near import ask_pin, cap_context, make_offer
from kiosk.session.turn import Turn, linked, staff_latched
from kiosk.snapshot import Tile
from kiosk.staff.caps import lowered
from kiosk.store.records import EventIn, Opening, Ratings, Sample

RESET_EVERY_S: Final = 1.0  # the guard takes two Resets within half a second for one that is held
ARM_EVERY_S: Final = 1.0
TARGET_EVERY_S: Final = 1.0
STOP_EVERY_S: Final = 0.5
STOP_BAR_S: Final = 5.0  # a first touch shows the stop bar this long
STEADY_CKMH: Final = 16  # 0.1 mph: the belt runs at its base speed
STEADY_LATEST_S: Final = 15.0  # some machines never report their minimum exactly
REST_TOUCH_S: Final = 3.0  # touch again so long after the belt was measured at rest (screens A10, 14)
BELT_STOPPED_S: Final = 30.0
STAFF_WAIT_S: Final = 60.0  # then a stop that needs staff becomes "out of service", and the member's data go
EASING_S: Final = 5.0
SAMPLE_S: Final = 1.0
GUARD_SILENT_S: Final = 1.5
START_HEARD_S: Final = 1.0

OURS: Final = frozenset({Cause.PLAN_DONE, Cause.MEMBER_STOP, Cause.STAFF_STOP})
"""Soft stops that somebody asked for: the belt is eased to rest, nothing went wrong."""


# ------------------------------------------------------------------------------------------------ the check


def tiles(t: Turn) -> tuple[Tile, ...]:
    """The lines of the safety check, as the guard and the person have them. The first that is not done is active."""
    status, stay = t.status, t.stay
    inputs = None if status is None else status.inputs
    proved = status is not None and status.state is GuardState.ARMED and stay.armed
    proving = proved or (status is not None and status.state is GuardState.PROOF and stay.armed)
    red = inputs is not None and inputs.red_closed
    lines = [
        ("check.link", status is not None and linked(status) and _no(status, _LINK), False, False),
        ("check.still", status is not None and status.at_rest, False, False),
        ("check.flat", status is not None and not status.incline_dpct, False, False),
        ("check.red", red, inputs is not None and not red, False),
        ("check.clip_on", proving or (inputs is not None and inputs.clip_closed), False, False),
    ]
    if t.state.key_out or stay.key_seen:
        held = status is not None and status.permit  # before that the puller would take it again
        lines.append(("check.key", not t.state.key_out, False, held))
    if t.setup.supervised:
        lines.append(("check.staff", stay.staff_seen, False, True))
    lines += [
        ("check.area", stay.area_clear, False, True),
        ("check.shoes", stay.shoes, False, True),
        ("check.clip_pull", proving and (stay.pulled or proved), False, False),
        ("check.clip_close", proved, False, False),
    ]
    made, active = [], True
    for key, done, failed, tap in lines:
        state = TileState.DONE if done else TileState.FAILED if failed else TileState.WAITING
        if not done and active:
            state = state if failed else TileState.ACTIVE
            active = False
        made.append(Tile(key, state, tap))
    return tuple(made)


_LINK: Final = frozenset({Missing.LINK, Missing.CONTROL, Missing.TELEMETRY, Missing.BELT_PROCESS})


def _no(status: Status, missing: frozenset[Missing]) -> bool:
    return not missing & set(status.arm_missing + status.reset_missing)


def check(t: Turn, intent: Intent) -> None:
    """Taps for what only a person can see."""
    match intent.kind:
        case IntentKind.TICK:
            shown = tiles(t)
            if 0 <= intent.value < len(shown) and shown[intent.value].tap:
                _tap(t, shown[intent.value].key)
        case IntentKind.BACK if not t.stay.resume:
            t.disarm()
            t.go(ScreenId.PREVIEW)
        case IntentKind.BACK | IntentKind.CANCEL:
            leave_check(t)


def _tap(t: Turn, key: str) -> None:
    match key:
        case "check.area":
            t.stay = replace(t.stay, area_clear=True)
        case "check.shoes":
            t.stay = replace(t.stay, shoes=True)
        case "check.staff":
            t.stay = replace(t.stay, staff_seen=True)
        case "check.key":
            t.stay = replace(t.stay, key_seen=True)
            t.state = replace(t.state, key_out=False)
    t.play("tick")


def leave_check(t: Turn) -> None:
    """Not now: back to attract, or after a walk that was stopped to its end."""
    t.disarm()
    if t.stay.resume:
        to_ratings(t)
    else:
        t.leave()


def checking(t: Turn) -> None:
    """Reset what the member may reset, arm when all is seen, go on when the guard has its proof."""
    status, stay = t.status, t.stay
    if status is None:
        t.stay = replace(stay, armed=False, pulled=False)
        return
    if staff_latched(status):
        t.go(ScreenId.OUT_OF_SERVICE)
        return
    if t.state.service.hold:
        leave_check(t)
        return
    match status.state:
        case GuardState.LATCHED:
            t.stay = replace(stay, armed=False, pulled=False)
            if not status.reset_missing and t.now_s - stay.reset_s >= RESET_EVERY_S:
                t.stay = replace(t.stay, reset_s=t.now_s)
                t.send(Reset(ResetBy.MEMBER))
        case GuardState.IDLE:
            ready = all(tile.state is TileState.DONE for tile in tiles(t)[:-2])
            if t.now_s - stay.asked_s < ARM_EVERY_S:
                return
            t.stay = replace(stay, armed=False, pulled=False)
            if ready and not status.arm_missing:
                _arm(t, status)
        case GuardState.PROOF if stay.armed and status.session == stay.id:
            if not status.inputs.clip_closed and not stay.pulled:
                t.stay = replace(stay, pulled=True)
                t.play("tick")
        case GuardState.ARMED if stay.armed and status.session == stay.id:
            t.play("tick")
            t.go(ScreenId.CONSOLE_START if t.follows else ScreenId.STRADDLE)
        case GuardState.PROOF | GuardState.ARMED:
            t.disarm()  # armed for somebody who has left


def _arm(t: Turn, status: Status) -> None:
    """Plan and caps once more, with what the treadmill has said of itself by now; then ask for the proof."""
    offer = _renewed(t)
    if offer is None:
        t.talk("talk.machine")
        return
    t.stay = replace(t.stay, offer=offer, armed=True, pulled=False, asked_s=t.now_s)
    player = t.stay.player
    top = offer.plan.top_ckmh
    if t.stay.resume and player is not None:
        top = player.ceiling_ckmh if player.resting else player.base_ckmh
    if t.follows:  # the member's own pace may be anywhere under what they are allowed
        t.send(Arm(Envelope(max(offer.cap.speed_ckmh, status.min_ckmh), 0), t.stay.id, Purpose.FOLLOW))
        return
    top = max(top, status.min_ckmh)
    t.send(Arm(Envelope(top, offer.plan.top_dpct), t.stay.id, Purpose.SESSION))


def _renewed(t: Turn) -> Offer | None:
    offer = t.stay.offer
    if offer is None or t.stay.resume:
        return offer
    fresh = make_offer(t, Proposal(offer.program, offer.choice, offer.recommended, offer.reason, offer.reason_values))
    if fresh is not None and not t.stay.agreed:
        fresh = replace(fresh, plan=without_rises(fresh.plan))
    return fresh


# ------------------------------------------------------------------------------------------------ straddle to step on


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
    if amber_fitted(t):
        if amber_pressed(t):
            _to_countdown(t)
        elif t.screen_s >= mount.straddle_limit_s:
            t.disarm()
            t.go(ScreenId.CHECK)
    elif t.screen_s >= mount.straddle_s - GAP_S:
        _to_countdown(t)


def _to_countdown(t: Turn) -> None:
    t.go(ScreenId.COUNTDOWN)
    t.say("U8")
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
    if amber_fitted(t) and amber_pressed(t):
        t.go(ScreenId.STRADDLE)
        return
    if t.screen_s >= t.setup.content.rules.mount.countdown_s - GAP_S:
        t.send(Start())
        t.stay = replace(t.stay, steady_since_s=None, armed=False)
        t.go(ScreenId.BELT_STARTING)
        return
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
    if amber_fitted(t) and amber_pressed(t):
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
    if amber_held(t):
        stop(t, StopWhy.MEMBER)
        return
    mount = t.setup.content.rules.mount
    t.say("M1")
    if t.screen_s >= 4.0:
        t.say("M2")
    if amber_fitted(t):
        if t.screen_s >= mount.step_on_s:
            t.say("M5")
        if amber_pressed(t):
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
            needs_no_technique=len(history) >= t.setup.content.rules.cues.new_user_visits - 1 and _clean(t),
            asks=amber_fitted(t),
            follows=t.follows,
        )
        base_ckmh = status.measured_ckmh or 0 if t.follows else status.commanded_ckmh
        player = begin(offer.plan, walker, base_ckmh=max(base_ckmh, 1), now_s=t.now_s)
    t.stay = replace(stay, player=player, resume=False)
    t.go(ScreenId.WALK)


def _clean(t: Turn) -> bool:
    person = t.stay.person
    return person is not None and bool(person.history) and person.history[-1].completed


# ------------------------------------------------------------------------------------------------ the walk


def walk(t: Turn, intent: Intent) -> None:
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


def walking(t: Turn) -> None:
    """Play the plan along the measured belt."""
    status = t.status
    if stopped(t) or status is None:
        return
    player = t.stay.player
    if player is None:
        return
    measure(t, status)
    if amber_held(t):
        stop(t, StopWhy.MEMBER)
        return
    if amber_fitted(t) and amber_pressed(t):
        player = _amber_in_walk(t, player)
    player = _drift(t, player, status)
    increment = status.facts.increment_ckmh if status.facts is not None else 0
    reading = Reading(status.measured_ckmh, increment)
    before = player.speed_ckmh
    player, played = advance(player, reading, t.now_s, t.setup.content.rules)
    t.stay = replace(t.stay, player=player, played=played)
    if not t.follows and (played.changed or t.now_s - t.stay.sent_s >= TARGET_EVERY_S):
        t.send(Target(played.speed_ckmh, played.incline_dpct))
        t.stay = replace(t.stay, sent_s=t.now_s)
    if played.changed and played.speed_ckmh != before:
        t.play("faster" if played.speed_ckmh > before else "slower")
    elif played.announced:
        t.play("ahead")
    t.cue(played.requests, played.technique, moment=played.moment)
    if player.done and t.follows:
        t.go(ScreenId.TO_RAILS)
    elif player.done or player.resting:
        stop(t, StopWhy.PLAN_DONE)
    elif t.state.screen is ScreenId.EASING and t.screen_s >= EASING_S:
        t.go(ScreenId.WALK)


DRIFT_EASE_S: Final = 2.0
"""At the open end for so long after being told: the belt is too fast for this person now. Again as often."""


def _drift(t: Turn, player: Player, status: Status) -> Player:
    """Too near an end of the deck: say which way at once, and at the open end walk slower if that does not help.

    Slower helps only there: toward the motor a person walks faster than the belt, and a slower belt would take them
    nearer. The guard stops a walk that stays outside (Cause.OFF_DECK); this is what comes before.
    """
    deck = status.inputs.deck
    stay = t.stay
    if deck is None or deck is Deck.SAFE:
        if stay.drift_s is not None:
            t.stay = replace(stay, drift_s=None)
        return player
    if stay.drift_s is None:
        stay = replace(stay, drift_s=t.now_s, drift_eased_s=t.now_s)
        t.stay = stay
        t.actions.append(
            Record(EventIn("drift", session_id=stay.id, speed_ckmh=player.speed_ckmh, detail=deck.value))
        )
    t.say("X6" if deck is Deck.OPEN_END else "X7")
    if t.follows or deck is not Deck.OPEN_END or t.now_s - stay.drift_eased_s < DRIFT_EASE_S - GAP_S:
        return player
    slower = eased(player, t.setup.content.rules.player)
    t.stay = replace(
        stay,
        drift_eased_s=t.now_s,
        player=slower,
        walked=replace(stay.walked, eased=stay.walked.eased + (slower.speed_ckmh < player.speed_ckmh)),
    )
    if t.state.screen is ScreenId.WALK:
        t.go(ScreenId.EASING)
    return slower


def _amber_in_walk(t: Turn, player: Player) -> Player:
    """During an announced rise: stay here. At any other time: a step slower, and stay there.

    Nothing slows a belt whose pace the console sets: the way out of its pace is beside the belt.
    """
    stay = t.stay
    if t.follows:
        t.actions.append(Record(EventIn("ease", session_id=stay.id, detail="console")))
        if t.state.screen is ScreenId.WALK:
            t.go(ScreenId.EASING)
        t.say("X2", f"{t.now_s:.0f}")
        return player
    played = stay.played
    rising = played is not None and played.next_ckmh is not None and played.next_ckmh > player.speed_ckmh
    player = stayed(player) if rising else eased(player, t.setup.content.rules.player)
    kind = "stay" if rising else "ease"
    t.stay = replace(stay, player=player, walked=replace(stay.walked, eased=stay.walked.eased + (not rising)))
    t.actions.append(Record(EventIn(kind, session_id=stay.id, speed_ckmh=player.speed_ckmh)))
    if rising:
        t.say("G6", f"{t.now_s:.0f}")
    else:
        t.say("G5", f"{t.now_s:.0f}")
        if t.state.screen is ScreenId.WALK:
            t.go(ScreenId.EASING)
    return player


def caps_changed(t: Turn) -> None:
    """A cap lowered in mid-walk holds at once; a raised one waits for the next session.

    Nothing slows a belt whose pace the console sets, and its key pulled under a walker tips them: a pace over the new
    cap ends from the rails instead.
    """
    stay, status = t.stay, t.status
    if stay.offer is None or t.state.screen not in MOVING or stay.player is None:
        return
    machine = None if status is None or status.facts is None else status.cap_ckmh
    cap = lowered(stay.offer.cap.speed_ckmh, t.state.caps, cap_context(t, stay.offer.program, machine))
    if cap.speed_ckmh < stay.player.ceiling_ckmh or cap.speed_ckmh < stay.offer.cap.speed_ckmh:
        player = capped(stay.player, cap.speed_ckmh)
        t.stay = replace(stay, offer=replace(stay.offer, cap=cap), player=player)
        over = status is not None and (status.measured_ckmh or 0) > cap.speed_ckmh
        if t.follows and over:
            if t.state.screen in (ScreenId.WALK, ScreenId.EASING):
                t.go(ScreenId.TO_RAILS)
            return
        t.send(LowerCap(cap.speed_ckmh))


MOVING: Final = frozenset(
    {ScreenId.BELT_STARTING, ScreenId.STEP_ON, ScreenId.WALK, ScreenId.EASING, ScreenId.TO_RAILS, ScreenId.STOPPING}
)


# ------------------------------------------------------------------------------------------------ stops


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


PAUSE_S: Final = 60.0
"""A break is counted down where everybody can see it; then the walk is over (screens A10, P)."""


def rest_left_s(t: Turn) -> float:
    """How much of the rest between two sets, or of a break, is left."""
    player = t.stay.player
    if t.stay.paused:
        return max(0.0, PAUSE_S - t.screen_s)
    return 0.0 if player is None else max(0.0, player.step.seconds - t.screen_s)


def pause(t: Turn, intent: Intent) -> None:
    """On to the next set before the rest is over."""
    if intent.kind in (IntentKind.NEXT, IntentKind.DONE) and t.screen_s >= REST_TOUCH_S:
        _next_set(t)


def pausing(t: Turn) -> None:
    """The belt stands; the next set begins with a new straddle. A break that nobody ends is the end of the walk."""
    if staff_latched(t.status):
        t.go(ScreenId.OUT_OF_SERVICE)
        return
    t.say("N6")
    left_s = rest_left_s(t)
    if t.stay.paused:
        if left_s <= 0:
            t.stay = replace(t.stay, paused=False)
            to_ratings(t)
        return
    if left_s <= t.setup.content.rules.player.announce_s:
        t.say("N7")
    if left_s <= 0:
        _next_set(t)


def _next_set(t: Turn) -> None:
    t.stay = replace(t.stay, resume=True, armed=False, pulled=False, cause=None, paused=False)
    t.go(ScreenId.CHECK)


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


def to_ratings(t: Turn) -> None:
    """The walk is over: its record is closed, and the scores are asked.

    A member's are kept, so only with consent; a guest's are for today's summary alone.
    """
    t.finish()
    if (t.stay.consent or t.stay.guest) and t.stay.walked.walk_s > 0:
        t.go(ScreenId.EFFORT)
    else:
        t.go(ScreenId.SUMMARY)


# ------------------------------------------------------------------------------------------------ why, and going on


def reasons(t: Turn) -> tuple[str, ...]:
    """The answers to choose from.

    Going on is offered after a clip that slipped, and a break after a stop by hand, with enough of the walk left.
    """
    player = t.stay.player
    cause = t.stay.cause
    on = (
        cause in (Cause.CLIP, Cause.MEMBER_STOP)
        and player is not None
        and not player.done
        and player.left_s >= t.setup.content.rules.player.resume_least_s
        and not staff_latched(t.status)
    )
    first: tuple[str, ...] = ()
    if on:
        first = ("slipped",) if cause is Cause.CLIP else ("break",)
    return (*first, "unsteady", "pain", "tired", "chest", "other")


def why_stopped(t: Turn, intent: Intent) -> None:
    """One tap. Chest pain or dizziness ends the day here; a clip that slipped may lead to a new straddle."""
    if intent.kind is IntentKind.SKIP:
        to_ratings(t)
        return
    answers = reasons(t)
    if intent.kind is not IntentKind.CHOOSE or not 0 <= intent.value < len(answers):
        return
    why = answers[intent.value]
    t.stay = replace(t.stay, why=why)
    if t.stay.consent:  # it tells of health
        t.actions.append(RecordWhy(t.stay.id, why))
    if why == "slipped":
        t.stay = replace(t.stay, resume=True, armed=False, pulled=False, cause=None)
        t.go(ScreenId.CHECK)
    elif why == "break":
        t.stay = replace(t.stay, paused=True)
        t.go(ScreenId.PAUSE)
    elif why == "chest":
        t.finish()
        if t.stay.consent:
            t.actions.append(Record(Ratings(t.stay.id, dizzy=True)))
        elif t.stay.person is not None:  # of what they said only what follows from it: not before a clinician's yes
            t.actions.append(RecordScreening(t.stay.person.id, Outcome(Result.FORBID), ""))
        t.talk("talk.unwell")
        t.say("X12")
    else:
        t.say("F8")
        to_ratings(t)


# ------------------------------------------------------------------------------------------------ readings


def fresh_measured(status: Status) -> int | None:
    """The belt's speed, 0.01 km/h; None: unknown, or too old to be called one."""
    if status.measured_ckmh is None or status.measured_age_s is None or status.measured_age_s > MEASURED_FRESH_S:
        return None
    return status.measured_ckmh


def measure(t: Turn, status: Status) -> None:
    """Time, distance and the trace of a moving belt, from what was measured; a sample a second to the record."""
    stay = t.stay
    dt = min(max(t.now_s - stay.measured_s, 0.0), 1.0) if stay.measured_s > float("-inf") else 0.0
    measured = status.measured_ckmh
    walked = stay.walked
    if measured is not None and measured > 0:
        walked = replace(
            walked,
            walk_s=walked.walk_s + dt,
            distance_m=walked.distance_m + distance_m(measured, dt),
            top_ckmh=max(walked.top_ckmh, measured),
        )
    t.stay = replace(stay, walked=walked, measured_s=t.now_s)
    if not stay.opened or stay.closed or t.now_s - stay.sampled_s < SAMPLE_S - GAP_S:
        return
    trace = walked.trace if measured is None else (*walked.trace, (round(walked.walk_s, 2), measured))
    t.stay = replace(t.stay, sampled_s=t.now_s, walked=replace(walked, trace=trace))
    t.actions.append(
        Record(
            Sample(
                stay.id,
                round(t.now_s - stay.began_s, 3),
                measured,
                status.commanded_ckmh,
                status.incline_dpct,
            )
        )
    )


# ------------------------------------------------------------------------------------------------ the amber button


def amber_fitted(t: Turn) -> bool:
    """Whether there is an amber button on the rail."""
    return t.state.status is not None and t.state.status.inputs.amber_pressed is not None


def amber_pressed(t: Turn) -> bool:
    """A press that began on this screen; each counts once."""
    if t.state.amber_s is None or t.state.amber_used:
        return False
    t.state = replace(t.state, amber_used=True)
    return True


def amber_held(t: Turn) -> bool:
    """The amber button is down for as long as asks for a stop."""
    since = t.state.amber_s
    held = t.setup.content.rules.player.hold_to_stop_s
    return since is not None and t.now_s - since >= held and since >= t.state.since_s - held
