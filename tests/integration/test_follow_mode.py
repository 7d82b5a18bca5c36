"""Walks where only the console sets the pace, end to end: real guard, belt, session and record, and never a byte."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardware.config.profiles import Profile
from hardware.link.messages import Cause, Purpose, Start, Target
from hardware.simulated.machines import MACHINES
from kiosk.coach.progression import choice_of
from kiosk.intents import ScreenId
from kiosk.store.kinds import SessionState
from kiosk.store.repositories import sessions
from tests.support.composed import ADDRESS
from tests.support.kiosked import KioskHouse

S = ScreenId
DOMYOS = MACHINES["domyos"]
FOLLOWED = Profile(address=ADDRESS, model=DOMYOS.model, firmware=DOMYOS.firmware, follow_allowed=True)


@pytest.fixture
def house(tmp_path):
    with KioskHouse(tmp_path, machine=DOMYOS, profile=FOLLOWED) as made:
        yield made
        assert written(made) == []


def written(house):
    """Every byte to the treadmill in the whole trace, whatever it was for."""
    return [entry for entry in house.world.tap.entries if entry.direction == "write"]


def to_walk(house):
    house.to_check()
    house.prove(S.CONSOLE_START)
    house.hand("console", True)
    house.at(S.WALK, within_s=60)


def nearly_done(house):
    """The plan is three seconds from its end."""
    kiosk = house.kiosk.kiosk
    player = kiosk.state.stay.player
    player = replace(player, at_s=player.plan.seconds - 3)
    kiosk.state = replace(kiosk.state, stay=replace(kiosk.state.stay, player=player))


def record(house):
    store = house.kiosk.store
    store.writer.drain()
    return store.reader.ask(lambda connection: sessions.last(connection, 1)[0]).result()


def test_a_guest_walks_at_the_consoles_pace_and_is_off_the_belt_before_its_key_stops_it(house):
    to_walk(house)
    assert house.shown.follow
    assert house.shown.measured_ckmh == 100
    assert house.kiosk.status.purpose is Purpose.FOLLOW
    house.run(20)
    nearly_done(house)
    house.at(S.TO_RAILS)
    told_s = house.now_s
    assert house.permit
    house.until(lambda: not house.permit, 20)
    assert house.now_s - told_s > 10
    house.at(S.BELT_STOPPED)
    assert house.speed == 0
    kept = record(house)
    assert kept.state is SessionState.COMPLETED
    assert choice_of(kept.variant).follow
    assert kept.top_ckmh == 100


@pytest.mark.parametrize(("how", "cause"), [("clip", Cause.CLIP), ("touch", Cause.MEMBER_STOP), ("console", None)])
def test_however_it_ends_the_way_on_is_a_new_key_and_nothing_was_asked_of_the_belt(house, how, cause):
    said = []
    heard = house.kiosk.kiosk._guard.send
    house.kiosk.kiosk._guard.send = lambda body, now_s: (said.append(body), heard(body, now_s))[1]
    to_walk(house)
    house.run(3)
    if how == "clip":
        house.hand("clip", False)
        house.at(S.SAFETY_STOP)
    elif how == "touch":
        house.touch("stop")
        house.touch("stop")
        house.at(S.STOPPING, S.BELT_STOPPED)
    else:
        house.hand("console", False)
        house.at(S.BELT_STOPPED, within_s=15)
    house.until(lambda: house.speed == 0, 8)
    assert house.kiosk.kiosk.state.key_out is (how != "console")  # the permit has stopped the belt by its own key
    assert house.kiosk.kiosk.state.stay.cause is (cause or Cause.MEMBER_STOP)
    assert [body for body in said if isinstance(body, Start | Target)] == []
