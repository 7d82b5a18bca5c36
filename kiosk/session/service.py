"""In service or not; and the way back: staff's checklist with its repeated proofs, and the treadmill's own key."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import LinkState, Missing, Reset, ResetBy, Status
from hardware.link.messages import State as GuardState
from kiosk.intents import Intent, IntentKind, ScreenId, TileState
from kiosk.session.actions import Record
from kiosk.session.near import ask_pin
from kiosk.session.proofs import proof_tiles, proved
from kiosk.session.turn import LINK_MISSING, Turn, staff_latched
from kiosk.snapshot import Tile
from kiosk.staff.desk.errands import Run
from kiosk.staff.desk.noted import Note
from kiosk.store.kinds import Severity
from kiosk.store.records import EventIn
from kiosk.store.repositories.service import Service

ITEMS: Final = (("reset.item.person", True), ("reset.item.belt", True))


# ------------------------------------------------------------------------------------------------------- the reset


def reset_items(t: Turn) -> tuple[Tile, ...]:
    """What has to be seen and proved before a reset: two things by a person, the rest by the guard."""
    status = t.status
    if key_step(t):
        return (Tile("reset.item.key", TileState.ACTIVE, tap=True),)
    missing = set(status.reset_missing) if status is not None else set(Missing)
    taps = tuple(
        Tile(key, TileState.DONE if index in t.state.reset_taps else TileState.ACTIVE, tap)
        for index, (key, tap) in enumerate(ITEMS)
    )
    measured = (
        ("reset.item.link", not missing & LINK_MISSING),
        ("reset.item.still", Missing.BELT_MOVING not in missing),
    )
    lines = tuple(Tile(key, TileState.DONE if done else TileState.WAITING) for key, done in measured)
    return (*taps, *proof_tiles(t.state.proofs, None if status is None else status.inputs), *lines)


def key_step(t: Turn) -> bool:
    """The reset is done, and the treadmill's own key can be put back now that the permit holds it."""
    status = t.status
    return status is not None and status.state is not GuardState.LATCHED and t.state.key_out


def can_reset(t: Turn) -> bool:
    """Every item is done and the guard misses nothing more. With nothing latched there is nothing to do."""
    status = t.status
    if status is None:
        return False
    if status.state is not GuardState.LATCHED:
        return True
    return not status.reset_missing and all(tile.state is TileState.DONE for tile in reset_items(t))


def reset(t: Turn, intent: Intent) -> None:
    """The checklist and the reset. It never moves a belt."""
    match intent.kind:
        case IntentKind.TICK | IntentKind.CONFIRM if key_step(t):
            t.state = replace(t.state, key_out=False)
            t.play("done")
            t.leave()
        case IntentKind.TICK if 0 <= intent.value < len(ITEMS):
            t.state = replace(t.state, reset_taps=t.state.reset_taps | {intent.value})
            t.play("tick")
        case IntentKind.CONFIRM if can_reset(t):
            status = t.status
            if status is not None and status.state is GuardState.LATCHED:
                cause = status.cause.value if status.cause is not None else ""
                t.actions.append(
                    Record(EventIn("reset_by_staff", Severity.NOTICE, cause=cause, detail=t.state.staff))
                )
                t.actions.append(Run(Note(t.state.staff, "reset", "treadmill", before=f"latched: {cause}")))
                t.send(Reset(ResetBy.STAFF))
            else:
                t.leave()
        case IntentKind.BACK | IntentKind.CANCEL:
            t.go(ScreenId.OUT_OF_SERVICE if staff_latched(t.status) else ScreenId.ATTRACT)


def resetting(t: Turn) -> None:
    """Proofs are seen as they happen; once the guard has let go it is back to work."""
    status = t.status
    if status is None:
        return
    proofs = proved(t.state.proofs, status.inputs)
    if proofs != t.state.proofs:
        t.state = replace(t.state, proofs=proofs, active_s=t.now_s)  # at the treadmill is at work, too
        t.play("tick")
    if status.state is not GuardState.LATCHED and t.state.reset_taps and not t.state.key_out:
        t.play("done")
        t.leave()


# --------------------------------------------------------------------------------------------------- out of service


def told(t: Turn, service: Service) -> None:
    """The record says how it stands."""
    t.state = replace(t.state, service=service)


def held(t: Turn) -> bool:
    """The third same fault in seven days: nobody begins here until an owner clears it."""
    return bool(t.state.service.hold)


def out_of_service(t: Turn, intent: Intent) -> None:
    """Only staff lead on from here."""
    if intent.kind is IntentKind.STAFF:
        ask_pin(t)


def back_in_service(t: Turn) -> None:
    """What held it is gone."""
    if serviceable(t.status) and not held(t):
        t.go(ScreenId.ATTRACT)


def serviceable(status: Status | None) -> bool:
    """The guard answers, and no stop waits for staff."""
    return status is not None and not staff_latched(status) and status.link is not LinkState.OFF


def attracting(t: Turn) -> None:
    """A stop that waits for staff takes the treadmill out of service; so does a fault that keeps coming."""
    if staff_latched(t.status) or held(t):
        t.go(ScreenId.OUT_OF_SERVICE)
