"""Walks where only the console sets the pace, end to end: real guard, belt, session and record, and never a byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_profile

from hardware.config import Checks
from hardware.config.profiles import Profile, load_profile
from hardware.link.messages import Cause, Purpose, ResetBy, Start, Target
from hardware.simulated.machines import MACHINES
from kiosk.coach.levels import choice_of
from kiosk.intents import ScreenId
from kiosk.staff import audit
from kiosk.staff.desk.asking import ConfirmPage
from kiosk.staff.desk.treadmill import TreadmillPage
from kiosk.store.kinds import Role, SessionState
from kiosk.store.repositories import sessions
from tests.support.composed import ADDRESS, Composed
from tests.support.kiosked import KioskHouse
from tests.support.staffed import OLGA, Staffed

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
    house.run(2)
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


@pytest.mark.parametrize("how", ["touch", "console"])
def test_however_it_ends_nothing_was_asked_of_the_belt_and_a_stop_of_ours_took_its_key(house, how):
    said = []
    heard = house.kiosk.kiosk._guard.send
    house.kiosk.kiosk._guard.send = lambda body, now_s: (said.append(body), heard(body, now_s))[1]
    to_walk(house)
    house.run(3)
    if how == "touch":
        house.touch("stop")
        house.touch("stop")
        house.at(S.STOPPING, S.BELT_STOPPED)
    else:
        house.hand("console", False)
        house.at(S.BELT_STOPPED, within_s=15)
    house.until(lambda: house.speed == 0, 8)
    assert house.kiosk.kiosk.state.key_out is (how != "console")  # the permit has stopped the belt by its own key
    assert house.kiosk.kiosk.state.stay.cause is Cause.MEMBER_STOP
    assert [body for body in said if isinstance(body, Start | Target)] == []


# ------------------------------------------------------------------------------------ staff


@pytest.fixture
def strict(tmp_path):
    """Nothing waived: a treadmill that nobody has measured or allowed, and staff at its page."""
    staffed = Staffed(Composed(DOMYOS, checks=Checks()), tmp_path, TreadmillPage(), OLGA)
    staffed.run(4)
    yield staffed
    assert written(staffed.house) == []
    staffed.close()


def allow(staffed):
    staffed.touch("choose", 4)
    assert isinstance(staffed.page, ConfirmPage)
    staffed.touch("hold")
    staffed.run(6)


def test_staff_allow_it_with_a_held_yes_and_it_is_in_the_audit(strict):
    facts = [(fact.name, fact.value) for fact in strict.page.view(strict.here()).facts]
    assert ("Follow mode", "Not allowed") in facts
    allow(strict)
    assert load_profile(strict.store.path.parent, ADDRESS) == replace_profile(FOLLOWED, name="TC")
    assert strict.house.status.follow
    assert strict.house.status.trouble == ""
    (entry,) = [e for e in strict.store.reader.ask(lambda c: audit.last(c, 9)).result() if e.action == "follow mode"]
    assert (entry.who, entry.before, entry.after) == ("Olga", "not allowed", "allowed")


def test_only_staff_with_the_right_are_offered_it_and_only_with_nothing_armed(strict):
    assert strict.page.may_allow(strict.here())
    assert not strict.page.may_allow(replace(strict.here(), setup=replace(strict.setup, supervised=True)))
    physio = replace(OLGA, role=Role.PHYSIO)
    assert not strict.page.may_allow(replace(strict.here(), who=physio))


def test_the_opening_check_proves_the_permit_on_a_run_from_the_console_and_then_a_walk_may_be_armed(strict):
    allow(strict)
    strict.touch("choose", 1)
    strict.follow(strict.hand(), "done")
    assert "console_start" in strict.pages
    strict.house.run(1)
    strict.house.kiosk.reset(ResetBy.STAFF)
    strict.house.hand("key", True)
    strict.house.run(1)
    assert strict.house.status.opening.valid_left_s is not None
    assert strict.house.status.arm_missing == ()
