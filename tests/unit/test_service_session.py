"""Out of service and the way back, as the screens have it."""

from __future__ import annotations

import msgspec
import pytest

from hardware.link.messages import Cause, Inputs, Reset, State
from kiosk.intents import ScreenId as S
from kiosk.intents import TileState
from kiosk.session import proofs
from kiosk.session.model import ServiceRead
from kiosk.store.repositories.service import Service, Tally
from tests.support.desk import Desk, press_amber, pull, red

CLOSED = Inputs(clip_closed=True, red_closed=True, amber_pressed=False, permit_readback=None, fault="")
OPEN_CLIP = msgspec.structs.replace(CLOSED, clip_closed=False)
OPEN_RED = msgspec.structs.replace(CLOSED, red_closed=False)
AMBER = msgspec.structs.replace(CLOSED, amber_pressed=True)
HELD = Service("link_lost", (Tally("link_lost", 3, 1_783_000_000_000, 1_783_100_000_000),))


def seen(*inputs: Inputs) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for one in inputs:
        found = proofs.proved(found, one)
    return found


@pytest.mark.parametrize(("moved", "name"), [(OPEN_CLIP, "clip"), (OPEN_RED, "red"), (AMBER, "amber")])
def test_a_contact_proves_itself_by_opening_and_closing_again_and_by_nothing_less(moved, name):
    assert name not in seen(CLOSED, CLOSED)
    assert name not in seen(CLOSED, moved)
    assert name in seen(CLOSED, moved, CLOSED)
    assert seen(CLOSED, moved, CLOSED) & {"clip", "red", "amber"} == {name}


def test_a_contact_that_opens_again_is_no_longer_proved():
    assert "clip" not in seen(OPEN_CLIP, CLOSED, OPEN_CLIP)
    assert "clip" in seen(OPEN_CLIP, CLOSED, OPEN_CLIP, CLOSED)


def test_an_amber_button_is_proved_only_where_one_is_fitted():
    names = [tile.key for tile in proofs.proof_tiles(frozenset(), CLOSED)]
    without = msgspec.structs.replace(CLOSED, amber_pressed=None)
    assert names == ["reset.item.red", "reset.item.clip", "reset.item.amber"]
    assert [tile.key for tile in proofs.proof_tiles(frozenset(), without)] == names[:2]


def latched(*, amber: bool = False) -> Desk:
    """A link that was lost and is back; staff have signed in for the reset."""
    desk = Desk(amber=amber)
    desk.run(1.0)
    desk.guard.state, desk.guard.cause, desk.guard.staff = State.LATCHED, Cause.LINK_LOST, True
    desk.run(1.0)
    assert desk.screen is S.OUT_OF_SERVICE
    desk.touch("staff")
    for digit in (2, 4, 6, 8, 1, 0):
        desk.touch("digit", digit)
    desk.touch("submit")
    desk.run(0.5)
    assert desk.screen is S.RESET
    return desk


def states(desk: Desk) -> dict[str, TileState]:
    return {tile.key.rpartition(".")[2]: tile.state for tile in desk.shown.reset_items}


@pytest.mark.parametrize("amber", [False, True])
def test_the_reset_opens_only_when_each_contact_was_seen_to_move(amber):
    desk = latched(amber=amber)
    desk.touch("tick", 0)
    desk.touch("tick", 1)
    desk.run(0.3)
    assert not desk.shown.can_confirm
    assert states(desk)["clip"] is TileState.ACTIVE
    pull(desk)
    desk.run(0.3)
    desk.guard.clip = True
    desk.run(0.3)
    assert states(desk)["clip"] is TileState.DONE
    assert not desk.shown.can_confirm
    red(desk)
    desk.run(0.3)
    desk.guard.red = True
    desk.run(0.3)
    assert desk.shown.can_confirm is not amber
    if amber:
        press_amber(desk)
        desk.run(0.3)
        assert desk.shown.can_confirm
    desk.touch("confirm")
    desk.run(0.5)
    assert any(isinstance(body, Reset) for body in desk.guard.heard)
    assert desk.screen is S.ATTRACT


def test_proofs_of_one_reset_are_not_those_of_the_next():
    desk = latched()
    pull(desk)
    desk.run(0.3)
    desk.guard.clip = True
    desk.run(0.3)
    desk.touch("back")
    desk.run(0.5)
    desk.touch("staff")
    for digit in (2, 4, 6, 8, 1, 0):
        desk.touch("digit", digit)
    desk.touch("submit")
    desk.run(0.5)
    assert states(desk)["clip"] is TileState.ACTIVE


def test_a_held_treadmill_takes_nobody_says_why_and_comes_back_when_cleared():
    desk = Desk()
    desk.run(1.0)
    desk.step(ServiceRead(HELD))
    desk.run(0.5)
    assert desk.screen is S.OUT_OF_SERVICE
    assert not desk.shown.belt_free
    assert "Link to treadmill lost" in desk.shown.notes[0]
    assert len(desk.shown.notes) == 2
    desk.touch("wake")
    desk.run(0.5)
    assert desk.screen is S.OUT_OF_SERVICE
    desk.step(ServiceRead(Service()))
    desk.run(0.5)
    assert desk.screen is S.ATTRACT


def test_the_reset_says_how_often_it_came():
    desk = latched()
    desk.step(ServiceRead(Service("", (Tally("link_lost", 2, 1_783_000_000_000, 1_783_100_000_000),))))
    desk.run(0.3)
    assert desk.shown.notes[0].startswith("2 times in 7 days. First: 2026-07-02")


def test_after_the_third_fault_a_staff_pin_leads_to_the_faults():
    desk = Desk()
    desk.run(1.0)
    desk.step(ServiceRead(HELD))
    desk.run(0.5)
    desk.touch("staff")
    for digit in (2, 4, 6, 8, 1, 0):
        desk.touch("digit", digit)
    desk.touch("submit")
    desk.run(0.5)
    assert desk.state.desk is not None
    assert desk.shown.screen is S.STAFF_FAULTS
