import pytest

from hardware.belt.treadmill import Motion, Readings, motion, take
from hardware.config.profiles import Profile, Quirks
from hardware.constants import DUPLICATE_S, REST_START_MARGIN_S

PROFILE = Profile(start_latency_s=3.0, data_period_s=1.0)


def read(*records, stale_s=2.5):
    readings = Readings()
    for at_s, speed in records:
        readings = take(readings, speed, None, at_s, stale_s)
    return readings


def test_no_data_is_unknown():
    assert motion(Readings(), PROFILE, None, 10.0) is Motion.UNKNOWN


def test_two_zeros_a_second_apart_are_rest():
    readings = read((10.0, 0), (11.0, 0))
    assert motion(readings, PROFILE, None, 11.0) is Motion.REST


def test_one_zero_is_not_rest_however_long_it_is_looked_at():
    assert motion(read((10.0, 0)), PROFILE, None, 12.4) is Motion.ZERO


def test_two_zeros_within_a_second_are_not_rest_yet():
    readings = read((10.0, 0), (10.5, 0))
    assert motion(readings, PROFILE, None, 10.9) is Motion.ZERO
    assert motion(readings, PROFILE, None, 11.0) is Motion.REST


def test_old_zeros_are_unknown():
    readings = read((10.0, 0), (11.0, 0))
    assert motion(readings, PROFILE, None, 11.0 + PROFILE.stale_s) is Motion.REST
    assert motion(readings, PROFILE, None, 11.01 + PROFILE.stale_s) is Motion.UNKNOWN


def test_a_time_stamp_from_the_future_is_no_data():
    assert motion(read((10.0, 0), (11.0, 0)), PROFILE, None, 10.99) is Motion.UNKNOWN


def test_a_zero_between_speeds_starts_the_count_anew():
    readings = read((10.0, 0), (11.0, 50), (12.0, 0))
    assert readings.zeros == 1
    assert motion(readings, PROFILE, None, 13.0) is Motion.ZERO


def test_zeros_with_a_gap_between_them_are_not_two_readings():
    readings = read((10.0, 0), (20.0, 0))
    assert readings.zeros == 1


def test_zero_during_spin_up_is_not_rest():
    readings = read(*((10.0 + n, 0) for n in range(6)))
    window_s = PROFILE.start_latency_s + REST_START_MARGIN_S
    assert motion(readings, PROFILE, 10.5, 15.0) is Motion.STARTING
    assert motion(readings, PROFILE, 10.0, 10.0 + window_s) is Motion.STARTING
    assert motion(readings, PROFILE, 9.9, 10.0 + window_s) is Motion.REST


def test_a_belt_that_has_moved_since_its_start_is_at_zero_but_not_at_rest_within_the_window():
    readings = read((10.0, 0), (11.0, 40), (12.0, 0), (13.0, 0), (14.0, 0))
    assert motion(readings, PROFILE, 10.5, 14.0) is Motion.ZERO
    assert motion(readings, PROFILE, 10.5, 15.6) is Motion.REST


def test_movement_before_the_start_says_nothing_of_the_start():
    readings = read((9.0, 40), (10.0, 0), (11.0, 0))
    assert motion(readings, PROFILE, 10.5, 11.5) is Motion.STARTING
    assert motion(readings, PROFILE, 9.0, 11.5) is Motion.STARTING  # nor does what was read at that very moment


def test_who_found_the_lease_open_does_not_call_it_rest_while_a_start_could_still_come_through():
    readings = read((10.0, 0), (11.0, 0), (12.0, 0))
    assert motion(readings, PROFILE, None, 12.0, doubt_since_s=9.0) is Motion.ZERO
    assert motion(readings, PROFILE, None, 12.0, doubt_since_s=6.9) is Motion.REST


def test_a_machine_with_transient_zeros_must_read_zero_for_longer():
    profile = Profile(quirks=Quirks(zero_debounce_s=3.0))
    readings = read(*((10.0 + n, 0) for n in range(3)))
    assert motion(readings, profile, None, 12.9) is Motion.ZERO
    assert motion(readings, profile, None, 13.0) is Motion.REST


@pytest.mark.parametrize("gap_s", [0.0, 0.001, DUPLICATE_S - 0.001])
def test_the_same_record_twice_is_one_reading(gap_s):
    readings = read((10.0, 0), (11.0, 0), (11.0 + gap_s, 0))
    assert readings.seq == 2
    assert readings.zeros == 2


def test_a_burst_after_a_hang_counts_as_one_reading_and_its_last_record_stands():
    readings = read((10.0, 0), *((11.0 + n / 1000, 0) for n in range(20)), (11.02, 150))
    assert readings.seq == 2
    assert readings.speed_ckmh == 150
    assert motion(readings, PROFILE, None, 11.1) is Motion.MOVING


def test_a_burst_that_ends_at_zero_is_one_zero():
    readings = read((10.0, 150), (11.0, 150), (11.01, 0), (11.02, 0))
    assert readings.zeros == 1
    assert readings.previous_ckmh == 150


def test_the_incline_stays_known_over_records_without_it():
    readings = take(read((10.0, 0)), 0, 20, 11.0, 2.5)
    assert take(readings, 0, None, 12.0, 2.5).incline_dpct == 20


def test_the_slowest_speed_there_is_is_movement():
    readings = read((10.0, 0), (11.0, 0), (12.0, 1))
    assert readings.zeros == 0
    assert readings.moved_at_s == 12.0
    assert motion(readings, PROFILE, None, 12.0) is Motion.MOVING


def test_the_limits_of_time_themselves_count():
    assert read((10.0, 0), (12.5, 0)).zeros == 2  # a gap of just 2.5 s is none
    assert read((0.0, 0), (DUPLICATE_S, 0)).seq == 2
    window_s = PROFILE.start_latency_s + REST_START_MARGIN_S
    readings = read((10.0, 0), (11.0, 0))
    assert motion(readings, PROFILE, None, 11.0, doubt_since_s=11.0 - window_s) is Motion.ZERO


def test_a_reading_is_as_old_as_the_time_since_it_came_and_never_younger_than_new():
    assert Readings().age_s(10.0) is None
    assert read((0.0, 0)).age_s(0.0) == 0.0
    assert read((10.0, 0)).age_s(12.5) == 2.5
    assert read((10.0, 0)).age_s(9.0) == 0.0
