"""A technician with an unknown treadmill, all parts together: measured, signed, used up to its cap and not above."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import pytest

from hardware.belt.trouble import MOVED_AFTER_STOP
from hardware.config import WiringLevel
from hardware.config.profiles import Profile, StopPoint, parse_profile, profile_toml
from hardware.link.messages import Missing, State
from hardware.simulated.machines import BENCH, SIMULATED_S1, Machine
from kiosk.staff.commissioning import procedure
from kiosk.staff.commissioning.findings import Findings, profile_of, quirk_names, quirks_of
from kiosk.staff.commissioning.hands import AutoHand
from kiosk.staff.commissioning.instruction import Act, Deed
from kiosk.staff.commissioning.memory import Procedure, Seen, Turn
from tests.support.composed import ADDRESS, Composed
from tests.support.technician import STRICT, Room, Session, commissioning

NO_CHECK = msgspec.structs.replace(STRICT, opening=False)
LONG_STOPS = replace(BENCH, habits=replace(BENCH.habits, stop_decel_ckmh_s=200.0))


@dataclass(frozen=True)
class Whole:
    """One commissioning, from the door to the signature."""

    session: Session
    profile: Profile  # as its file gives it back
    broken: Procedure  # what was known when the link had been dropped under the running belt


@pytest.fixture(scope="module")
def commissioned():
    """Three speeds are enough to learn from which one this belt runs on too far."""
    with commissioning(LONG_STOPS, cap_kmh=2.4, deck_mm=900, belt_mm=1800) as session:
        session.until("unlinked")
        broken = session.state
        session.until("done", "left", "unusable")
        return Whole(session, parse_profile(profile_toml(session.written[-1])), broken)


def another_day(broken: Procedure, machine: Machine = LONG_STOPS) -> Session:
    """Ben comes to *machine* with the progress that Ana left."""
    house = Composed(machine, level=WiringLevel.H2, checks=STRICT)
    offered = (broken.identity, broken.found, "13:00", "Ana")
    state = procedure.begin(house.now_s, who="Ben", today="2026-11-21", offered=offered)
    return Session(house, state, procedure.step, AutoHand(Room(house), belt_mm=None))


def test_an_unknown_treadmill_is_commissioned_in_ten_minutes_and_every_byte_was_allowed(commissioned):
    session, profile = commissioned.session, commissioned.profile
    assert session.pages[-1] == "done"
    assert session.hand.failed == []
    assert session.house.now_s - 1000 <= 600
    assert session.house.world.violations == ()
    assert profile.commissioned
    assert (profile.min_ckmh, profile.increment_ckmh) == (80, 10)
    assert (profile.signed_by, profile.measured_on) == ("Ana", "2026-11-21")
    assert profile.true_speed
    assert len(profile.stops) >= 3
    assert 200 < profile.limit_ckmh < profile.stops[-1].ckmh  # from the last it ran on for over half the deck


def test_a_session_goes_up_to_the_commissioned_cap_and_not_above(commissioned):
    profile = commissioned.profile
    with Composed(LONG_STOPS, level=WiringLevel.H2, cap_kmh=5.0, profile=profile, checks=NO_CHECK) as house:
        house.walking(80, cap_ckmh=500)
        house.kiosk.target(500)
        house.run(3.2 * (profile.cap_ckmh - 80) / 30 + 6)
        assert house.status.cap_ckmh == profile.cap_ckmh
        assert house.speed == pytest.approx(profile.cap_ckmh, abs=1)
        house.hand("clip", False)
        house.run(3)
        assert house.speed == 0
        house.assert_safe()


def test_a_belt_that_runs_faster_than_it_says_is_led_by_its_true_speed():
    habits = replace(BENCH.habits, write_scale=1.3, report_scale=1 / 1.3)
    profile = Profile(
        address=ADDRESS,
        model="bench",
        firmware="1.0",
        commissioned=True,
        cap_ckmh=180,
        scale=1.3,
        true_speed=True,
        stop_time_s=2.0,
        stops=(StopPoint(104, 1.0, 200.0), StopPoint(180, 2.0, 500.0)),
        start_latency_s=1.0,
    )
    with Composed(replace(BENCH, habits=habits), level=WiringLevel.H2, profile=profile, checks=NO_CHECK) as house:
        house.starting(cap_ckmh=500)
        house.until(lambda: house.state is State.RUNNING, within_s=15)
        house.kiosk.target(500)
        house.run(20)
        assert house.status.min_ckmh == 104
        assert 180 - 13 <= house.speed <= 180
        assert house.status.measured_ckmh == pytest.approx(house.speed, abs=1)
        house.assert_safe()


@pytest.mark.parametrize("change", [{"firmware": "1.1"}, {"model": "other"}])
def test_after_a_change_of_firmware_or_model_it_is_read_only_again(commissioned, change):
    with Composed(replace(LONG_STOPS, **change), profile=commissioned.profile, checks=NO_CHECK) as house:
        house.idle()
        house.run(2)
        assert house.status.arm_missing == (Missing.NOT_COMMISSIONED,)
        assert house.writes() == []


def test_a_commissioning_broken_off_is_offered_again_and_goes_on_where_it_was(commissioned):
    assert {"control", "sizes", "start", "tape", "stops", "pause"} == set(commissioned.broken.found.done)
    with another_day(commissioned.broken) as second:
        second.until("resume")
        second.until("done", "left", "unusable")
        assert second.pages[-1] == "done"
        assert "unlinked" in second.pages
        assert not {"deck", "increments", "tape", "pausing"} & set(second.pages)
        assert second.written[-1].signed_by == "Ben"
        assert second.written[-1].stops == commissioned.profile.stops


def test_a_belt_that_a_second_stop_has_started_gets_one_stop_only_by_its_profile():
    """The belt process knows it for its own life and says: measure anew, so that the profile says so."""
    with commissioning(BENCH, cap_kmh=2.4, deck_mm=900, belt_mm=1800) as session:
        session.until("minimum")
        assert not session.state.found.quirks.toggle_stop
        told = msgspec.structs.replace(session.house.kiosk.status, trouble=MOVED_AFTER_STOP)
        turn = procedure.step(session.state, Seen(told, session.house.now_s), (), session.house.now_s)
        session.state = turn.state
        session.until("reset")  # at rest: nothing of that is said there any more
    assert "toggle_stop" in quirk_names(quirks_of(session.state.found))


def test_where_the_true_speed_was_not_measured_no_cap_is_above_two(commissioned):
    found, who = commissioned.session.state.found, commissioned.session.state.identity
    untrue = profile_of(msgspec.structs.replace(found, true=None), who, signed_by="Ana", measured_on="2026-11-21")
    assert untrue is not None
    assert not untrue.true_speed
    assert (untrue.cap_ckmh, untrue.limit_ckmh) == (200, 200)


def test_progress_of_another_treadmill_or_firmware_is_not_offered(commissioned):
    with another_day(commissioned.broken, replace(LONG_STOPS, firmware="2")) as second:
        second.until("deck")
        assert "resume" not in second.pages


def test_a_clip_pulled_in_the_middle_stops_the_belt_and_the_step_is_done_again():
    with commissioning(BENCH, belt_mm=None) as session:
        session.until("increments")
        session.house.hand("clip", False)
        session.until("failed", within_s=20)
        assert session.house.speed == 0
        assert session.house.state is State.LATCHED
        session.house.hand("clip", True)
        session.until("clip_pull", within_s=30)
        session.until("increments", within_s=60)
        session.until("stopping")
        session.until("clip_pull")  # for the first stop: no belt length was given, so no tape is asked for
        assert "tape_ready" not in session.pages
        assert {"start", "tape"} <= set(session.state.found.done)
        assert "clip" in session.hand.failed[0]
        assert session.house.world.violations == ()


def test_staff_may_stop_at_any_time_and_leave_with_what_was_measured(commissioned):
    with another_day(commissioned.broken) as session:
        session.until("steady")
        assert session.house.speed > 0
        answered(session, Act.STOP)
        session.until("failed", within_s=20)
        assert session.house.speed == 0
        assert session.turn is not None
        assert session.turn.instruction.keys == (("why", "commission.failed.staff_stop"),)
        left = answered(session, Act.LEAVE)
        assert left.instruction.page == "left"
        assert left.keep
        assert left.state.found.stops == commissioned.broken.found.stops


def answered(session: Session, act: Act) -> Turn:
    """One turn in which the technician does *act* and nothing else."""
    now_s = session.house.now_s
    seen = Seen(session.house.status, session.house.kiosk.status_at_s)
    turn = procedure.step(session.state, seen, (Deed(act, now_s),), now_s)
    session.state = turn.state
    for request in turn.requests:
        session.house.kiosk.say(request)
    return turn


def test_an_incline_is_set_measured_and_brought_back_to_flat():
    with commissioning(SIMULATED_S1, belt_mm=None, max_incline_percent=1.0) as session:
        known = Findings(
            done=("control", "sizes", "start", "tape", "stops", "pause", "link"),
            deck_mm=1400,
            min_ckmh=80,
            increment_ckmh=10,
            start_latency_s=3.4,
        )
        session.state = msgspec.structs.replace(session.state, found=known)
        session.until("incline_down")
        assert session.house.world.treadmill.true_dpct == pytest.approx(10, abs=0.5)
        session.until("clip_pull")  # of the next step
        assert session.state.step == "key"
        assert session.state.found.incline_dpct == 10
        assert "incline" in session.state.found.done
        assert session.house.world.treadmill.true_dpct == 0
