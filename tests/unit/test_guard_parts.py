"""The pure parts of the guard by themselves: opening check and deck, at their very edges."""

from __future__ import annotations

import msgspec
import pytest

from hardware.constants import OFF_DECK_S, OFF_DECK_SLOW_S, OFF_DECK_STOP_S, OPENING_VALID_S
from hardware.guard import deck, opening
from hardware.guard.deck import Away
from hardware.guard.limits import _toward, profile_of
from hardware.guard.opening import Check, Checks
from hardware.link.messages import Contact, Deck, Heard, Opening, Proof, Switches
from tests.support.plant import ADDRESS, Habits, Plant, plant_profile

ALL = tuple(Proof)
DONE = Check(address=ADDRESS, done_s=100.0)
but = msgspec.structs.replace


def wires(clip: Contact = Contact.CLOSED, red: Contact = Contact.CLOSED) -> Switches:
    return Switches(clip, red, None, None, "")


# ------------------------------------------------------------------------------------ opening check


def test_without_a_check_under_way_nothing_is_proved():
    assert opening.with_proof(Check(), Proof.BRAKE) == Check()
    assert opening.with_heard(but(Check(), sounded=True), Heard(True, True)) == but(Check(), sounded=True)
    opened = opening.with_switches(DONE, wires(clip=Contact.OPEN))
    assert opening.with_switches(opened, wires()) == DONE


def test_a_proof_counts_once():
    check = opening.with_proof(opening.begun(), Proof.SOUND)
    assert opening.with_proof(check, Proof.SOUND).proved == (Proof.SOUND,)


@pytest.mark.parametrize(
    ("alarm", "sound", "sounded", "proved"),
    [
        (True, True, True, {Proof.ALARM, Proof.SOUND}),
        (True, True, False, {Proof.SOUND}),
        (True, False, True, {Proof.ALARM}),
        (False, True, True, {Proof.SOUND}),
        (False, False, True, set()),
    ],
)
def test_what_staff_heard_is_proved_and_the_alarm_only_if_it_sounded(alarm, sound, sounded, proved):
    check = but(opening.begun(), sounded=sounded)
    assert set(opening.with_heard(check, Heard(alarm, sound)).proved) == proved


def test_each_loop_is_proved_for_itself_and_only_after_it_was_open():
    check = opening.with_switches(opening.begun(), wires())
    assert check.proved == ()
    check = opening.with_switches(check, wires(red=Contact.OPEN))
    check = opening.with_switches(check, wires(red=Contact.SETTLING))
    assert check.proved == ()
    check = opening.with_switches(check, wires(clip=Contact.OPEN))
    assert check.proved == (Proof.RED_BUTTON,)
    assert opening.with_switches(check, wires()).proved == (Proof.RED_BUTTON, Proof.CLIP)


@pytest.mark.parametrize("lacking", ALL)
def test_every_proof_is_needed(lacking):
    check = Check(under_way=True, proved=tuple(proof for proof in ALL if proof is not lacking))
    assert opening.missing(check, alarm=True) == (lacking,)
    assert opening.settled(check, ADDRESS, alarm=True, now_s=5.0) == check
    settled = opening.settled(check, ADDRESS, alarm=False, now_s=5.0)
    assert (settled.done_s == 5.0) is (lacking is Proof.ALARM)


def test_a_check_is_finished_under_way_on_a_treadmill_that_says_who_it_is():
    whole = Check(under_way=True, proved=ALL)
    assert opening.settled(whole, ADDRESS, alarm=True, now_s=7.0) == Check(address=ADDRESS, done_s=7.0)
    assert opening.settled(whole, None, alarm=True, now_s=7.0) == whole
    idle = but(whole, under_way=False)
    assert opening.settled(idle, ADDRESS, alarm=True, now_s=7.0) == idle


def test_a_finished_check_is_a_record_and_an_unfinished_one_is_none():
    assert DONE.record == (ADDRESS, 100.0)
    assert opening.done_before(DONE.record) == DONE
    assert opening.done_before(None) == Check()
    assert Check(done_s=3.0).record is None
    assert Check(address=ADDRESS).record is None


@pytest.mark.parametrize(
    ("now_s", "left_s"),
    [
        (99.9, None),
        (100.0, OPENING_VALID_S),
        (100.0 + OPENING_VALID_S - 8.0, 8.0),
        (100.0 + OPENING_VALID_S, None),
        (float("nan"), None),
    ],
)
def test_it_counts_from_its_end_for_eighteen_hours_and_not_before(now_s, left_s):
    assert opening.valid_left_s(DONE, ADDRESS, now_s) == left_s
    assert opening.valid_left_s(DONE, "C0:FF:EE:00:00:43", now_s) is None


def test_what_the_kiosk_is_told_of_it():
    left_s = OPENING_VALID_S - 10.0
    assert opening.told(DONE, ADDRESS, Checks(), alarm=True, now_s=110.0) == Opening(False, (), left_s, True)
    assert opening.told(DONE, None, Checks(), alarm=True, now_s=110.0).valid_left_s == left_s  # not connected yet
    other = opening.told(DONE, "C0:FF:EE:00:00:43", Checks(opening=False), alarm=False, now_s=110.0)
    assert other == Opening(False, tuple(proof for proof in ALL if proof is not Proof.ALARM), None, False)
    assert opening.told(opening.begun(), ADDRESS, Checks(), alarm=True, now_s=1.0) == Opening(True, ALL, None, True)


# ------------------------------------------------------------------------------------ deck


def test_leaving_and_coming_back():
    away = deck.watched(Away(), Deck.OPEN_END, slowest=False, now_s=10.0)
    assert away == Away(since_s=10.0)
    away = deck.watched(away, Deck.MOTOR_END, slowest=True, now_s=11.0)
    assert away == Away(since_s=10.0, slow_s=11.0)
    assert deck.watched(away, Deck.OPEN_END, slowest=True, now_s=12.0) == away
    assert deck.watched(away, Deck.OPEN_END, slowest=False, now_s=12.0) == Away(since_s=10.0)
    held = deck.eased(away, (200, 0))
    for inside in (Deck.SAFE, None):
        assert deck.watched(held, inside, slowest=True, now_s=12.0) == Away(held=(200, 0))
    assert deck.watched(held, Deck.OPEN_END, slowest=True, now_s=12.0) == held


def test_easing_and_stopping_begin_on_time():
    out = Away(since_s=0.0)
    assert not deck.must_ease(Away(), 100.0)
    assert not deck.must_ease(out, OFF_DECK_S - 0.001)
    assert deck.must_ease(out, OFF_DECK_S)
    assert not deck.must_stop(Away(), 100.0)
    assert not deck.must_stop(out, OFF_DECK_STOP_S - 0.001)
    assert deck.must_stop(out, OFF_DECK_STOP_S)
    late = Away(since_s=100.0)
    assert not deck.must_ease(late, 100.0)
    assert not deck.must_stop(late, 100.0)
    slow = Away(since_s=0.0, slow_s=1.0)
    assert not deck.must_stop(slow, 1.0 + OFF_DECK_SLOW_S - 0.001)
    assert deck.must_stop(slow, 1.0 + OFF_DECK_SLOW_S)


def test_which_targets_count():
    assert deck.counts(Away(), (200, 0), 5.0)
    assert deck.counts(Away(since_s=0.0), (200, 0), 5.0)  # nothing was eased yet
    held = Away(held=(200, 0))
    assert not deck.counts(held, (200, 0), 5.0)
    assert deck.counts(held, (200, 5), 5.0)
    assert deck.counts(held, (190, 0), 5.0)
    assert not deck.counts(but(held, since_s=0.0), (190, 0), 5.0)
    assert deck.counts(but(held, since_s=4.9), (190, 0), 5.0)


# ------------------------------------------------------------------------------------ limits


def test_another_firmware_leaves_a_profile_that_allows_nothing():
    profile = plant_profile(Habits(), firmware="2", follow_allowed=True)
    known = profile_of(Plant().facts, {ADDRESS: profile})
    assert known.commissioned is False
    assert known.follow_allowed is False


def test_a_speed_that_is_off_the_grid_stays_no_lower_than_it_is_until_something_lower_is_asked_for():
    assert _toward(105, 105, lowest=80, highest=300, increment=10, step=33) == 110
    assert _toward(105, 104, lowest=80, highest=300, increment=10, step=33) == 110
    assert _toward(105, 106, lowest=80, highest=300, increment=10, step=33) == 100
