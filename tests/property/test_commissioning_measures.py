"""What is measured of a stop is never less than the truth, and at most speed x one data period more."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from hardware.config.profiles import StopPoint
from hardware.units import MM_PER_S_PER_CKMH
from kiosk.staff.commissioning.measure import (
    MPH_RATIO,
    STOP_SHARE,
    Reading,
    Units,
    cap_ckmh,
    increment_ckmh,
    start_latency_s,
    steady_ckmh,
    stopped,
    true_speed,
    units_of,
    worst,
)

STOP_S = 100.0


@st.composite
def stops(draw):
    """A belt that falls in one to three straight pieces, told each period, each record some time on the air."""
    speed = draw(st.integers(30, 563))
    react_s = draw(st.floats(0.0, 2.0))
    pieces = draw(st.lists(st.tuples(st.floats(0.1, 1.0), st.floats(20.0, 600.0)), min_size=1, max_size=3))
    period_s = draw(st.floats(0.1, 2.0))
    phase = draw(st.floats(0.0, 1.0))
    air_s = draw(st.floats(0.0, 0.2))
    return speed, react_s, pieces, period_s, phase, air_s


def way(speed, react_s, pieces):
    """(time, speed) corners of the true fall, from the stop on; it ends at 0."""
    corners, now_s, value = [(0.0, float(speed)), (react_s, float(speed))], react_s, float(speed)
    for share, rate in pieces[:-1]:
        down = value * share * 0.9
        now_s += down / rate
        value -= down
        corners.append((now_s, value))
    rate = pieces[-1][1]
    corners.append((now_s + value / rate, 0.0))
    return corners


def speed_at(corners, at_s):
    if at_s <= 0:
        return corners[0][1]
    for (a, v), (b, w) in pairwise(corners):
        if at_s <= b:
            return v if b == a else v + (w - v) * (at_s - a) / (b - a)
    return 0.0


def travel_mm(corners):
    return sum((b - a) * (v + w) / 2 * MM_PER_S_PER_CKMH for (a, v), (b, w) in pairwise(corners))


def told(corners, period_s, phase, air_s):
    """Records as they arrive, rounded as the wire has them; a moving belt is never told as 0.00."""
    readings, n = [], 0
    first = STOP_S - (3 + phase) * period_s
    while True:
        left_s = first + n * period_s
        true = speed_at(corners, left_s - STOP_S)
        readings.append(Reading(left_s + air_s, max(round(true), 1 if true > 0 else 0)))
        if left_s > STOP_S + corners[-1][0] + period_s:
            return readings
        n += 1


@given(stops())
@example((200, 0.225, [(1.0, 100.0)], 1.0, 0.0, 0.03))
def test_travel_and_time_of_a_stop_are_bounds_of_the_truth_and_close_ones(case):
    speed, react_s, pieces, period_s, phase, air_s = case
    corners = way(speed, react_s, pieces)
    measured = stopped(told(corners, period_s, phase, air_s), STOP_S)
    assert measured is not None
    true_mm, true_s = travel_mm(corners), corners[-1][0]
    grain = 20 if measured.travel_mm else 0  # where every record is a multiple, the machine may cut to it
    assert measured.travel_mm >= true_mm - 1e-6
    room_mm = speed * MM_PER_S_PER_CKMH * (period_s + air_s) + grain * MM_PER_S_PER_CKMH * measured.seconds
    assert measured.travel_mm <= true_mm + room_mm + 1e-6
    assert true_s - 1e-9 <= measured.seconds <= true_s + period_s + air_s + 1e-9
    assert abs(measured.from_ckmh - speed) <= 1


@given(stops(), st.integers(0, 40))
def test_a_record_of_zero_that_lies_hides_no_travel_where_that_is_known(case, lie):
    speed, react_s, pieces, period_s, phase, air_s = case
    corners = way(speed, react_s, pieces)
    readings = told(corners, period_s, phase, air_s)
    moving = [n for n, r in enumerate(readings) if r.ckmh > 0 and r.at_s > STOP_S]
    if moving:
        n = moving[lie % len(moving)]
        readings[n] = Reading(readings[n].at_s, 0)
    last = readings[-1]
    readings += [Reading(last.at_s + period_s, 0), Reading(last.at_s + 2 * period_s, 0)]
    measured = stopped(readings, STOP_S, false_zeros=True)
    assert measured is not None
    assert measured.travel_mm >= travel_mm(corners) - 1e-6
    assert measured.seconds >= corners[-1][0] - 1e-9


@given(stops())
def test_a_belt_that_is_not_yet_told_at_rest_gives_no_figure(case):
    corners = way(*case[:3])
    readings = [r for r in told(corners, *case[3:]) if r.ckmh > 0]
    assert stopped(readings, STOP_S) is None


@given(st.floats(0.1, 10.0), st.floats(0.1, 2.0), st.floats(0.0, 1.0))
def test_start_latency_is_at_most_one_period_above_the_truth(latency_s, period_s, phase):
    readings = []
    n = 0
    while not readings or readings[-1].ckmh == 0:
        at_s = STOP_S + (phase + n - 2) * period_s
        readings.append(Reading(at_s, 80 if at_s - STOP_S >= latency_s else 0))
        n += 1
    told_s = start_latency_s(readings, STOP_S)
    assert told_s is not None
    assert latency_s <= told_s + 1e-9
    assert told_s <= latency_s + period_s + 1e-9


points = st.lists(
    st.tuples(st.integers(30, 563), st.floats(0.2, 10.0), st.floats(10.0, 5000.0)), min_size=1, max_size=8
).map(lambda rows: tuple(StopPoint(*row) for row in rows))


@given(points, st.integers(900, 3000), st.integers(0, 40))
def test_the_cap_is_on_the_grid_measured_and_never_beyond_half_the_deck(stops_, deck_mm, increment):
    ordered = worst(stops_)
    minimum = ordered[0].ckmh
    cap = cap_ckmh(stops_, deck_mm, minimum, increment)
    if cap is None:
        assert ordered[0].travel_mm > STOP_SHARE * deck_mm
        return
    assert minimum <= cap <= ordered[-1].ckmh
    assert increment == 0 or (cap - minimum) % increment == 0
    below = [p for p in ordered if p.ckmh <= cap]
    assert all(p.travel_mm <= STOP_SHARE * deck_mm for p in below)


@given(points)
def test_the_worst_stop_of_each_speed_counts_and_no_faster_one_is_better(stops_):
    ordered = worst(stops_)
    assert [p.ckmh for p in ordered] == sorted({p.ckmh for p in stops_})
    for one in stops_:
        kept = next(p for p in ordered if p.ckmh == one.ckmh)
        assert kept.seconds >= one.seconds
        assert kept.travel_mm >= one.travel_mm
    assert [p.travel_mm for p in ordered] == sorted(p.travel_mm for p in ordered)


@given(
    st.integers(50, 400),
    st.integers(1800, 8000),
    st.sampled_from([1.0, MPH_RATIO, 1 / MPH_RATIO, 1.3]),
    st.lists(st.floats(-0.08, 0.08), min_size=11, max_size=11),
    st.sets(st.integers(2, 8), max_size=1),
)
def test_taps_by_hand_tell_the_true_speed_within_the_uncertainty_they_name(reported, belt_mm, ratio, jitter, missed):
    true = reported * ratio
    pass_s = belt_mm / (true * MM_PER_S_PER_CKMH)
    taps = [50.0 + n * pass_s + off for n, off in enumerate(jitter) if n not in missed]
    measured = true_speed(taps, belt_mm, reported)
    if pass_s < 0.6:
        return
    assert measured is not None
    assert abs(measured.ratio / ratio - 1) <= max(measured.uncertainty, 0.032 / pass_s)
    assert measured.passes == 10
    if abs(measured.ratio / ratio - 1) < 0.02:
        expected = {1.0: Units.AS_SAID, MPH_RATIO: Units.MPH, 1 / MPH_RATIO: Units.KMH, 1.3: Units.SCALE}
        assert units_of(measured.ratio) is expected[ratio]


def test_taps_that_are_no_passes_of_one_mark_tell_nothing():
    assert true_speed([0.0, 1.0, 1.2, 4.0, 4.1, 9.0], 3000, 200) is None
    assert true_speed([0.0, 5.0, 10.0], 3000, 200) is None
    assert true_speed([], 3000, 200) is None
    assert true_speed([0, 5, 10, 15, 20], 3000, 0) is None


@given(st.integers(30, 200), st.integers(3, 60), st.integers(2, 6))
def test_the_step_that_a_machine_takes_is_found_whatever_it_is_asked(minimum, increment, many):
    asked = [minimum + n * increment for n in range(many)]
    assert increment_ckmh(asked) == increment
    finer = [minimum + (n * 5) // increment * increment for n in range(1 + 2 * math.ceil(increment / 5))]
    assert increment_ckmh(finer) == increment


def test_a_machine_that_took_one_speed_only_has_no_step():
    assert increment_ckmh([80, 80, 81]) is None


def test_a_speed_is_steady_only_when_enough_new_records_agree():
    readings = [Reading(n * 1.0, v) for n, v in enumerate([60, 79, 80, 80])]
    assert steady_ckmh(readings, 0.5) == 80
    assert steady_ckmh(readings, 1.5) is None
    assert steady_ckmh([*readings, Reading(4.0, 0)], 0.5) == 80
    assert steady_ckmh([*readings, Reading(4.0, 90)], 0.5) is None
