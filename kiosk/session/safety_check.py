"""Clipped and standing still: the check before the straddle, until the guard has its proof.

The guard decides what the belt does; this only asks, follows, and says on the screen what the guard has measured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import Arm, Envelope, Missing, Purpose, Reset, ResetBy, Status
from hardware.link.messages import State as GuardState
from kiosk.coach.plan import without_rises
from kiosk.coach.progression import Proposal
from kiosk.intents import Intent, IntentKind, ScreenId, TileState
from kiosk.session.going_on import to_ratings
from kiosk.session.model import Offer
from kiosk.session.near import make_offer, rules_base
from kiosk.session.turn import LINK_MISSING, Turn, linked, staff_latched
from kiosk.snapshot import Tile

RESET_EVERY_S: Final = 1.0  # the guard takes two Resets within half a second for one that is held
ARM_EVERY_S: Final = 1.0


def tiles(t: Turn) -> tuple[Tile, ...]:
    """The lines of the safety check, as the guard and the person have them. The first that is not done is active."""
    status, stay = t.status, t.stay
    inputs = None if status is None else status.inputs
    proved = status is not None and status.state is GuardState.ARMED and stay.armed
    proving = proved or (status is not None and status.state is GuardState.PROOF and stay.armed)
    red = inputs is not None and inputs.red_closed
    lines = [
        ("check.link", status is not None and linked(status) and _no(status, LINK_MISSING), False, False),
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
    if offer is None:
        return None
    if t.stay.resume:  # the caps may have been lowered in the rest, even below the machine's slowest
        return offer if offer.cap.speed_ckmh >= rules_base(t) else None
    fresh = make_offer(t, Proposal(offer.program, offer.choice, offer.recommended, offer.reason, offer.reason_values))
    if fresh is not None and not t.stay.agreed:
        fresh = replace(fresh, plan=without_rises(fresh.plan))
    return fresh
