"""A treadmill proves which one it is by its own key, with all parts together; and no byte is ever written for it."""

from __future__ import annotations

import pytest

from hardware.config import Checks
from hardware.config.binding import Binding, Proof, load_binding, save_binding
from hardware.config.profiles import Profile
from hardware.link.messages import Arm, Envelope, LinkState, Missing, Purpose, Rebind
from kiosk.staff.desk import own_key
from kiosk.staff.desk.own_key import OwnKeyPage
from kiosk.staff.desk.treadmill import ScanPage, TreadmillPage
from tests.support.composed import ADDRESS, Composed
from tests.support.staffed import OLGA, Staffed

OTHER = "C0:FF:EE:00:00:99"
BEFORE = Binding(address=OTHER, label="Old", bound_by="Ana", bound_at="2026-11-21T13:20:00Z")
MEASURED = Profile(name="S1", address=ADDRESS, model="S1", firmware="1.0", commissioned=True, start_latency_s=4.0)


@pytest.fixture
def gym(tmp_path):
    """Staff before the list of what is in reach; the kiosk is bound to a treadmill that is not."""
    save_binding(tmp_path, BEFORE)
    staffed = Staffed(Composed(checks=Checks(), bound_to=OTHER), tmp_path, TreadmillPage(), OLGA)
    staffed.touch("choose", 0)
    staffed.run(6)
    assert isinstance(staffed.page, ScanPage)
    yield staffed
    assert [entry for entry in staffed.house.world.tap.entries if entry.direction == "write"] == []
    staffed.close()


def choose(staffed, how):
    addresses = [one.address for one in staffed.page.found(staffed.here())]
    staffed.touch("open", addresses.index(ADDRESS))
    staffed.touch("choose", how)


def until(staffed, good, within_s):
    for _ in range(round(within_s * 10)):
        if good():
            return
        staffed.step()
    raise AssertionError(f"{staffed.page} {staffed.house.scene()}")


def reached(staffed):
    choose(staffed, 0)
    until(staffed, lambda: getattr(staffed.page, "phase", "") == "pull", 40)
    staffed.run(4)
    staffed.house.hand("key", True)  # H1: the permit was off while the guard began anew
    staffed.run(1)


def bound(staffed):
    return load_binding(staffed.store.path.parent)


def test_the_pulled_key_of_that_very_treadmill_binds_it(gym):
    reached(gym)
    assert bound(gym).proved_by is Proof.NONE
    assert gym.house.status.link is LinkState.READ_ONLY
    gym.house.hand("key", False)
    until(gym, lambda: isinstance(gym.page, TreadmillPage), 5)
    assert (bound(gym).address, bound(gym).proved_by, bound(gym).bound_by) == (ADDRESS, Proof.KEY, "Olga")
    until(gym, lambda: gym.here().status is not None and gym.here().status.facts is not None, 20)
    gym.run(2)
    facts = {fact.name: fact.value for fact in gym.page.view(gym.here()).facts}
    assert facts["Proved by"] == "Its own key"
    assert gym.house.proved


def test_until_then_nothing_can_be_armed_not_even_to_commission_it(gym):
    gym.house.profile = MEASURED
    reached(gym)
    for purpose in Purpose:
        gym.house.kiosk.say(Arm(Envelope(100, 0), "x", purpose))
        gym.run(0.3)
        assert {Missing.STAFF, Missing.NOT_COMMISSIONED} <= set(gym.house.kiosk.refused[-1].why)


def test_who_goes_back_without_a_pull_has_the_treadmill_of_before(gym):
    reached(gym)
    gym.touch("back")
    gym.run(3)
    assert bound(gym) == BEFORE
    assert gym.sent[-1] == Rebind()
    assert gym.house.address == OTHER
    assert gym.house.proved


def test_one_that_says_nothing_is_told_so_and_its_sticker_is_the_other_way(gym, monkeypatch):
    monkeypatch.setattr(own_key, "PULL_S", 8.0)
    reached(gym)
    gym.run(8)
    assert gym.page.phase == "silent"
    assert "type its sticker" in gym.page.view(gym.here()).text
    gym.touch("choose", 1)
    for digit in ADDRESS[-5:].replace(":", ""):
        gym.touch("letter", "0123456789ABCDEF".index(digit))
    gym.touch("submit")
    until(gym, lambda: isinstance(gym.page, TreadmillPage), 5)
    assert (bound(gym).address, bound(gym).proved_by) == (ADDRESS, Proof.STICKER)


def test_one_that_cannot_be_reached_is_told_so_and_can_be_tried_again(gym, monkeypatch):
    gym.house.mischief("vanished", True)
    monkeypatch.setattr(own_key, "REACH_S", 8.0)
    choose(gym, 0)
    gym.run(9)
    assert gym.page.phase == "away"
    gym.house.mischief("vanished", False)
    monkeypatch.setattr(own_key, "REACH_S", 60.0)
    gym.touch("choose", 0)
    until(gym, lambda: gym.page.phase == "pull", 40)


@pytest.fixture
def bound_gym(tmp_path):
    """Staff before the list; the kiosk is bound to the treadmill that stands there."""
    save_binding(tmp_path, Binding(address=ADDRESS, label="Mine", bound_by="Ana", bound_at="2026-11-21T13:20:00Z"))
    staffed = Staffed(Composed(checks=Checks()), tmp_path, TreadmillPage(), OLGA)
    staffed.run(4)
    staffed.touch("choose", 0)
    staffed.run(6)
    yield staffed
    assert [entry for entry in staffed.house.world.tap.entries if entry.direction == "write"] == []
    staffed.close()


def test_the_bound_one_proves_itself_without_being_bound_anew(bound_gym):
    gym = bound_gym
    choose(gym, 0)
    until(gym, lambda: isinstance(gym.page, OwnKeyPage) and gym.page.phase == "pull", 5)
    assert Rebind() not in gym.sent
    gym.house.hand("key", False)
    until(gym, lambda: isinstance(gym.page, TreadmillPage), 5)
    assert bound(gym).proved_by is Proof.KEY


def test_nobody_is_asked_to_pull_the_key_of_a_belt_that_moves(bound_gym):
    gym = bound_gym
    gym.house.mischief("console_start")
    gym.run(6)
    choose(gym, 0)
    gym.run(1)
    assert gym.page.phase == "refused"
    gym.house.hand("key", False)
    gym.run(2)
    assert bound(gym).proved_by is Proof.STICKER
