"""The walk itself: the plan played along the measured belt, a step slower where the walker or a new cap asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import Deck, LowerCap, Status, StopWhy, Target
from kiosk.coach.plan import clipped
from kiosk.coach.player import Player, Reading, advance, capped, eased, stayed
from kiosk.intents import ScreenId
from kiosk.session import amber
from kiosk.session.actions import Record
from kiosk.session.measured import measure
from kiosk.session.model import GAP_S
from kiosk.session.near import cap_context, on_slope, rules_base
from kiosk.session.stops import stop, stopped
from kiosk.session.turn import Turn
from kiosk.staff.caps import lowered
from kiosk.store.records import EventIn

TARGET_EVERY_S: Final = 1.0
EASING_S: Final = 5.0
DRIFT_EASE_S: Final = 2.0
"""At the open end for so long after being told: the belt is too fast for this person now. Again as often."""

NO_SLOWER_CKMH: Final = 8
"""Within half of a tenth of a mph of the machine's slowest nobody would feel it slow down."""

MOVING: Final = frozenset(
    {
        ScreenId.CONSOLE_START,
        ScreenId.BELT_STARTING,
        ScreenId.STEP_ON,
        ScreenId.WALK,
        ScreenId.EASING,
        ScreenId.TO_RAILS,
        ScreenId.STOPPING,
    }
)


def walking(t: Turn) -> None:
    """Play the plan along the measured belt."""
    status = t.status
    if stopped(t) or status is None:
        return
    player = t.stay.player
    if player is None:
        return
    measure(t, status)
    if amber.held(t):
        stop(t, StopWhy.MEMBER)
        return
    if amber.fitted(t) and amber.pressed(t):
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

    At the machine's slowest it stays as it is, and nobody is told otherwise. Nothing slows a belt whose pace the
    console sets: the way out of its pace is beside the belt.
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
    slowest = player.speed_ckmh - player.base_ckmh < NO_SLOWER_CKMH
    player = stayed(player) if rising else eased(player, t.setup.content.rules.player)
    kind = "stay" if rising else "ease"
    t.stay = replace(stay, player=player, walked=replace(stay.walked, eased=stay.walked.eased + (not rising)))
    t.actions.append(Record(EventIn(kind, session_id=stay.id, speed_ckmh=player.speed_ckmh)))
    if rising:
        t.say("G6", f"{t.now_s:.0f}")
    elif slowest:
        t.say("G4")
    else:
        t.say("G5", f"{t.now_s:.0f}")
        if t.state.screen is ScreenId.WALK:
            t.go(ScreenId.EASING)
    return player


def caps_changed(t: Turn) -> None:
    """A cap lowered once the walk is armed holds at once, in a rest for the next set; a raised one waits.

    Before that, Arm looks at the caps by itself. Nothing slows a belt whose pace the console sets, and its key pulled
    under a walker tips them: a pace over the new cap ends from the rails instead.
    """
    stay, status = t.stay, t.status
    offer, player = stay.offer, stay.player
    armed = stay.armed or t.state.screen in MOVING
    if offer is None or (player is None and not armed):
        return
    machine = None if status is None or status.facts is None else status.cap_ckmh
    cap = lowered(offer.cap.speed_ckmh, t.state.caps, cap_context(t, offer.program, machine))
    cap = on_slope(t, cap, offer.plan)
    ceiling = offer.cap.speed_ckmh if player is None else max(player.ceiling_ckmh, offer.cap.speed_ckmh)
    if cap.speed_ckmh >= ceiling:
        return
    if player is None:
        plan = clipped(offer.plan, cap_ckmh=cap.speed_ckmh, base_ckmh=rules_base(t), max_dpct=cap.incline_dpct)
        t.stay = replace(stay, offer=replace(offer, cap=cap, plan=plan))
    else:
        t.stay = replace(stay, offer=replace(offer, cap=cap), player=capped(player, cap.speed_ckmh))
    if t.follows and pace_over(t):
        if t.state.screen in (ScreenId.WALK, ScreenId.EASING):
            t.go(ScreenId.TO_RAILS)
    elif armed:
        t.send(LowerCap(cap.speed_ckmh))


def pace_over(t: Turn) -> bool:
    """The belt is measured faster than this person may walk."""
    offer, status = t.stay.offer, t.status
    return offer is not None and status is not None and (status.measured_ckmh or 0) > offer.cap.speed_ckmh
