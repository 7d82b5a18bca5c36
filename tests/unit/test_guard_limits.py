"""What this treadmill may be asked for, and how a target gets there."""

from __future__ import annotations

import msgspec
import pytest

from hardware.config.profiles import Profile, Quirks, StopPoint
from hardware.constants import CAP_MAX_CKMH
from hardware.guard.limits import (
    NOTHING,
    Course,
    House,
    Limits,
    at_start,
    eased_ckmh,
    follow,
    limits_of,
    profile_of,
    ramp_s,
    within,
)
from hardware.link.messages import Envelope, TreadmillFacts

FACTS = TreadmillFacts("C0:FF:EE:00:00:42", "T", "M1", "7", 80, 1000, 10, 0, 150, 5, True, True, "", True)
HOUSE = House(500, 50, supervised=False)
MEASURED = Profile(
    name="T",
    address="C0:FF:EE:00:00:42",
    model="M1",
    firmware="7",
    commissioned=True,
    cap_ckmh=450,
    true_speed=True,
    stops=(StopPoint(450, 4.0, 700.0),),
    stop_time_s=2.0,
    start_latency_s=3.0,
    quirks=Quirks(toggle_stop=True),
)
LIMITS = Limits(80, 300, 10, 50, 5)
but = msgspec.structs.replace


def facts(**changes) -> TreadmillFacts:
    return but(FACTS, **changes)


# ------------------------------------------------------------------------------------ profiles


def test_the_profile_of_this_address_model_and_firmware_counts():
    assert profile_of(FACTS, {MEASURED.address: MEASURED}) == MEASURED


@pytest.mark.parametrize("change", [{"firmware": "8"}, {"model": "M2"}])
def test_another_firmware_or_model_keeps_the_quirks_but_not_the_measurements(change):
    profile = profile_of(facts(**change), {MEASURED.address: MEASURED})
    assert not profile.commissioned
    assert profile.stop_time_s is None
    assert profile.quirks.toggle_stop
    assert profile.start_latency_s == 3.0
    assert limits_of(FACTS, profile, HOUSE).cap_ckmh == 200


@pytest.mark.parametrize(
    ("guards", "belts", "same"),
    [
        ({}, {}, True),
        ({"quirks": Quirks(mph_units=True)}, {}, False),  # the belt process would write 2.00 for 2.00 km/h: 3.2
        ({}, {"quirks": Quirks(mph_units=True)}, False),
        ({"scale": 1.1}, {}, False),
        ({"scale": 1.1}, {"scale": 1.1}, True),
        ({"scale": 1.1, "quirks": Quirks(mph_units=True)}, {"scale": 1.1, "quirks": Quirks(mph_units=True)}, True),
    ],
)
def test_a_belt_process_that_scales_by_another_profile_makes_it_another_machine(guards, belts, same):
    measured, known = but(MEASURED, **guards), but(MEASURED, **belts)
    told = facts(ckmh_per_told=float(known.ckmh_per_told))
    assert profile_of(told, {MEASURED.address: measured}).commissioned is same


def test_a_treadmill_never_measured_is_uncommissioned():
    profile = profile_of(FACTS, {})
    assert not profile.commissioned
    assert profile.stop_budget_s == 6.0
    assert profile.start_latency_s == 6.5


def test_a_machine_that_tells_neither_model_nor_firmware_matches_a_profile_without_them():
    silent = facts(model="", firmware="")
    nameless = but(MEASURED, model=None, firmware=None)
    assert profile_of(silent, {MEASURED.address: nameless}).commissioned
    assert not profile_of(FACTS, {MEASURED.address: nameless}).commissioned
    assert not profile_of(facts(model=""), {MEASURED.address: MEASURED}).commissioned
    assert not profile_of(facts(firmware=""), {MEASURED.address: MEASURED}).commissioned


# ------------------------------------------------------------------------------------ limits


def test_the_lowest_cap_of_all_holds():
    assert limits_of(FACTS, MEASURED, HOUSE) == Limits(80, 450, 10, 50, 5)
    assert limits_of(facts(max_ckmh=190), MEASURED, HOUSE).cap_ckmh == 190
    assert limits_of(FACTS, MEASURED, House(240, 50, supervised=False)).cap_ckmh == 240
    assert limits_of(FACTS, MEASURED, House(500, 50, supervised=True)).cap_ckmh == 200
    assert limits_of(FACTS, MEASURED, House(150, 50, supervised=True)).cap_ckmh == 150
    assert limits_of(FACTS, but(MEASURED, commissioned=False), HOUSE).cap_ckmh == 200
    assert limits_of(FACTS, but(MEASURED, cap_ckmh=5000), House(9999, 50, supervised=False)).cap_ckmh == CAP_MAX_CKMH


def test_a_machine_that_tells_no_range_cannot_be_armed():
    limits = limits_of(facts(min_ckmh=0, max_ckmh=0), MEASURED, HOUSE)
    assert limits.min_ckmh == 80
    assert limits.min_ckmh > limits.cap_ckmh
    assert NOTHING.min_ckmh > NOTHING.cap_ckmh


def test_the_profile_knows_minimum_and_increment_better_than_the_machine():
    limits = limits_of(FACTS, but(MEASURED, min_ckmh=100, increment_ckmh=0), HOUSE)
    assert (limits.min_ckmh, limits.increment_ckmh) == (100, 0)
    assert limits_of(facts(min_ckmh=96, increment_ckmh=32), MEASURED, HOUSE) == Limits(96, 450, 32, 50, 5)


def test_incline_needs_a_machine_that_has_it_and_is_never_negative():
    assert limits_of(FACTS, MEASURED, HOUSE).max_dpct == 50
    assert limits_of(FACTS, MEASURED, House(500, 30, supervised=False)).max_dpct == 30
    assert limits_of(facts(max_dpct=20), MEASURED, HOUSE).max_dpct == 20
    assert limits_of(facts(max_dpct=-20), MEASURED, HOUSE).max_dpct == 0
    assert limits_of(facts(can_incline=False), MEASURED, HOUSE).max_dpct == 0
    assert limits_of(FACTS, MEASURED, House(500, 90, supervised=False)).max_dpct == 50


def test_an_envelope_only_lowers():
    assert within(LIMITS, Envelope(200, 20)) == Limits(80, 200, 10, 20, 5)
    assert within(LIMITS, Envelope(65535, 32767)) == LIMITS
    assert within(LIMITS, Envelope(0, -5)) == Limits(80, 0, 10, 0, 5)


# ------------------------------------------------------------------------------------ following


def test_a_belt_starts_flat_at_its_minimum():
    assert at_start(LIMITS, 5.0) == Course(80, 0, 5.0)


def go(course: Course, speed: int, incline: int = 0, now: float = 10.0, limits: Limits = LIMITS, rise: bool = True):
    return follow(course, speed, incline, limits, now if rise else None)


def test_a_rise_is_one_step_rounded_down_and_spaced_three_seconds():
    assert go(Course(80, 0, 7.0), 300) == Course(110, 0, 10.0)
    assert go(Course(80, 0, 7.01), 300) == Course(80, 0, 7.01)
    assert go(Course(80, 0, 7.0), 300, limits=but(LIMITS, increment_ckmh=0)) == Course(113, 0, 10.0)
    assert go(Course(80, 0, 7.0), 300, limits=but(LIMITS, increment_ckmh=16)) == Course(112, 0, 10.0)
    assert go(Course(80, 0, 7.0), 300, rise=False) == Course(80, 0, 7.0)


def test_a_small_rise_is_made_in_one_and_never_overshoots():
    assert go(Course(80, 0, 0.0), 95).speed_ckmh == 90
    assert go(Course(80, 0, 0.0), 89) == Course(80, 0, 0.0)
    assert go(Course(290, 0, 0.0), 400).speed_ckmh == 300
    assert go(Course(290, 0, 0.0), 400, limits=but(LIMITS, cap_ckmh=299)).speed_ckmh == 290


def test_a_machine_with_steps_coarser_than_a_rise_stays_at_its_minimum():
    assert go(Course(80, 0, 0.0), 300, limits=but(LIMITS, increment_ckmh=50)) == Course(80, 0, 0.0)


def test_a_fall_is_free_and_does_not_count_as_a_rise():
    assert go(Course(300, 50, 9.9), 95, 12) == Course(100, 15, 9.9)
    assert go(Course(300, 50, 9.9), 0, -100) == Course(80, 0, 9.9)


def test_a_lowered_cap_holds_at_once_on_the_machines_grid():
    assert go(Course(300, 0, 9.9), 300, limits=but(LIMITS, cap_ckmh=155)) == Course(150, 0, 9.9)
    assert go(Course(300, 0, 9.9), 300, limits=but(LIMITS, cap_ckmh=10)) == Course(80, 0, 9.9)


def test_incline_rises_by_one_percent_in_the_same_spacing_and_never_with_speed():
    assert go(Course(80, 0, 7.0), 80, 50) == Course(80, 10, 10.0)
    assert go(Course(80, 0, 7.01), 80, 50) == Course(80, 0, 7.01)
    assert go(Course(80, 0, 7.0), 300, 50) == Course(110, 0, 10.0)
    assert go(Course(110, 0, 10.0), 110, 50, now=13.0) == Course(110, 10, 13.0)
    assert go(Course(80, 0, 7.0), 80, 7) == Course(80, 5, 10.0)
    assert go(Course(80, 0, 7.0), 80, 4) == Course(80, 0, 7.0)
    assert go(Course(80, 40, 7.0), 80, 60) == Course(80, 50, 10.0)
    assert go(Course(80, 0, 7.0), 80, 50, rise=False) == Course(80, 0, 7.0)


def test_incline_may_rise_while_speed_falls():
    assert go(Course(200, 0, 7.0), 100, 50) == Course(100, 10, 10.0)


def test_a_lowered_incline_limit_holds_at_once():
    assert go(Course(80, 50, 9.9), 80, 50, limits=but(LIMITS, max_dpct=20)) == Course(80, 20, 9.9)


def test_the_soft_ramp_takes_a_fifth_of_a_mile_an_hour_each_second():
    assert eased_ckmh(200, 5.0, 5.0) == 200
    assert eased_ckmh(200, 5.0, 6.0) == 168
    assert eased_ckmh(200, 5.0, 5.02) == 200
    assert eased_ckmh(200, 5.0, 5.05) == 199
    assert eased_ckmh(80, 5.0, 9.0) == -48
    assert ramp_s(240, LIMITS) == 5.0
    assert ramp_s(80, LIMITS) == 0.0
