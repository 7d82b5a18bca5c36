"""What is offered on this treadmill and said to whom: no hill or speed that it cannot give."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace as replace_struct

from hardware.link.messages import LowerCap
from kiosk.coach.plan import Choice
from kiosk.coach.player import Walker, begin
from kiosk.coach.progression import Proposal
from kiosk.coach.standing import Visit
from kiosk.intents import ScreenId
from kiosk.session import near
from kiosk.session.actions import Send
from kiosk.session.model import Person, Stay
from kiosk.session.mount import walks_clean
from kiosk.session.turn import Turn
from kiosk.session.walk import caps_changed
from kiosk.staff.caps import Source
from kiosk.store.kinds import AgeBand
from kiosk.store.records import Cap, CapScope
from tests.support.desk import FACTS, Desk

HILL = Proposal("P4", Choice("hill", Decimal("1.2"), hill=3), False, "reason.hill", {"percent": 3})
FASTER = Proposal("P3", Choice("step", Decimal("1.0"), new_mph=Decimal("1.1")), True, "reason.faster")


def turn(*, max_dpct: int = 150, **facts: object) -> Turn:
    desk = Desk(config_max_dpct=max_dpct)
    assert desk.state.status is not None
    told = replace_struct(FACTS, **facts)
    status = replace_struct(desk.state.status, facts=told, min_ckmh=told.min_ckmh)
    return Turn(replace(desk.state, status=status), desk.now_s, desk.setup)


@pytest.mark.parametrize(
    ("given", "most"),
    [
        ({}, 3),
        ({"max_dpct": 0}, None),  # the place's own setting
        ({"can_incline": False}, None),
        ({"increment_dpct": 10}, 3),
        ({"increment_dpct": 20}, None),  # 1 % comes before 2 %
        ({"increment_dpct": 15}, None),
    ],
)
def test_a_hill_is_offered_only_where_every_percent_of_it_can_be_had(given, most):
    t = turn(**given)
    offered = near.on_this_machine(t, HILL)
    assert (None if offered is None else offered.choice.hill) == most
    if offered is not None:
        offer = near.make_offer(t, offered)
        assert offer is not None
        assert offer.plan.top_dpct == most * 10


@pytest.mark.parametrize(("given", "most"), [({"max_dpct": 20}, 2), ({"max_dpct": 10}, 1)])
def test_a_hill_over_what_the_place_allows_is_offered_as_steep_as_it_allows(given, most):
    offered = near.on_this_machine(turn(**given), HILL)
    assert offered is not None
    assert (offered.choice.hill, offered.values) == (most, {"percent": most})


def test_a_slope_that_staff_have_capped_is_not_offered_as_a_hill_and_walked_flat():
    t = turn()
    t.state = replace(t.state, caps=(Cap(CapScope.PROGRAM, "P4", None, 20, 1, "Kim", "wet deck"),))
    offered = near.on_this_machine(t, HILL)
    assert offered is not None
    assert offered.choice.hill == 2
    t.state = replace(t.state, caps=(Cap(CapScope.GYM, "", None, 0, 1, "Kim", "wet deck"),))
    assert near.on_this_machine(t, HILL) is None


@pytest.mark.parametrize(("minimum", "increment"), [(80, 1), (80, 10), (80, 16), (50, 5)])
def test_a_new_speed_stays_on_offer_where_the_machine_can_walk_it(minimum, increment):
    assert near.on_this_machine(turn(min_ckmh=minimum, increment_ckmh=increment), FASTER) is FASTER


def test_a_new_speed_that_the_machines_own_steps_leave_out_gives_way_to_the_known_one():
    offered = near.on_this_machine(turn(min_ckmh=80, increment_ckmh=20), FASTER)  # 1.0 and 1.1 mph are both 1.6 km/h
    assert offered is not None
    assert (offered.program, offered.choice.comfort_mph, offered.choice.new_mph) == ("P2", Decimal("1.0"), None)
    bigger = replace(FASTER, choice=replace(FASTER.choice, new_mph=Decimal("1.2")))
    assert near.on_this_machine(turn(min_ckmh=80, increment_ckmh=20), bigger) is bigger


def test_on_a_machine_whose_own_step_is_bigger_than_any_that_is_taken_everything_is_walked_at_its_slowest():
    t = turn(min_ckmh=80, increment_ckmh=50)
    for proposal in (FASTER, Proposal("P1", Choice("1"), True, "reason.first")):
        found = near.on_this_machine(t, proposal)
        assert found is not None
        offer = near.make_offer(t, found)
        assert offer is not None
        assert {step.speed_ckmh for step in offer.plan.steps} == {80}
        assert offer.plan.new_step is None
        assert offer.cap.source is Source.MACHINE


def test_the_cap_that_staff_set_for_slopes_holds_for_the_whole_walk_with_a_hill_and_for_no_other():
    t = turn()
    t.state = replace(t.state, caps=(Cap(CapScope.INCLINE, "1", 150, None, 1, "Kim", "steep deck"),))
    hilly = near.make_offer(t, HILL)
    assert hilly is not None
    assert (hilly.plan.top_ckmh, hilly.plan.top_dpct) == (150, 30)
    assert (hilly.cap.speed_ckmh, hilly.cap.source) == (150, Source.PROGRAM)
    flat = near.make_offer(t, Proposal("P2", Choice("main", Decimal("1.2"), main_s=120), True, "reason.same"))
    assert flat is not None
    assert flat.plan.top_ckmh == 161  # a guest's cap


def test_a_cap_for_slopes_that_is_lowered_in_mid_walk_holds_at_once():
    t = turn()
    offer = near.make_offer(t, HILL)
    assert offer is not None
    player = begin(offer.plan, Walker(), base_ckmh=80, now_s=t.now_s)
    t.state = replace(t.state, screen=ScreenId.WALK, stay=Stay(guest=True, offer=offer, player=player))
    t.state = replace(t.state, caps=(Cap(CapScope.INCLINE, "1", 150, None, 2, "Kim", "steep deck"),))
    caps_changed(t)
    assert t.stay.player is not None
    assert t.stay.player.ceiling_ckmh == 150
    assert [action.body for action in t.actions if isinstance(action, Send)] == [LowerCap(150)]


def test_no_change_is_announced_or_agreed_to_that_a_machine_of_coarse_steps_does_not_make():
    t = turn(min_ckmh=96, increment_ckmh=32)  # 0.6, 0.8 and 1.0 mph, as urevo-e1l
    first = near.make_offer(t, Proposal("P1", Choice("1"), True, "reason.first"))
    assert first is not None
    assert ({step.speed_ckmh for step in first.plan.steps}, first.plan.new_step) == ({96}, None)
    later = near.make_offer(t, Proposal("P1", Choice("3-4"), True, "reason.next_step"))
    assert later is not None
    assert {step.speed_ckmh for step in later.plan.steps} == {96, 128, 160}
    assert later.plan.new_step is not None
    assert later.plan.new_step.speed_ckmh == 160


@pytest.mark.parametrize(
    ("changed", "clean"),
    [
        ({}, True),
        ({"effort": None}, True),
        ({"pain_after": 5}, False),
        ({"dizzy": True}, False),
        ({"completed": False}, False),
    ],
)
def test_technique_is_left_out_only_for_those_whose_last_walk_was_clean(changed, clean):
    t = turn()
    last = Visit(date(2026, 7, 8), "P1", Choice("1"), 280, 280, completed=True, pain_after=0, effort=2)
    who = Person("m", "A", None, AgeBand.ADULT, True, None, None, None, False, (replace(last, **changed),))
    t.stay = Stay(guest=False, person=who)
    assert walks_clean(t) is clean
