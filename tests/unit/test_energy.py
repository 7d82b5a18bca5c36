import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.units import ckmh_from_mph
from kiosk.coach.energy import Intensity, Rails, cadence, estimate, intensity, mets

# Coaching section 6: METs on the flat by mph, and the two of the Compendium (E10).
TABLE = [(0.5, 0, 1.5), (1.0, 0, 2.1), (1.5, 0, 2.6), (2.0, 0, 3.1), (3.0, 0, 4.9), (3.5, 0, 6.0), (3.5, 50, 8.4)]


@pytest.mark.parametrize(("mph", "dpct", "value"), TABLE)
def test_the_estimate_meets_the_table_of_its_sources(mph, dpct, value):
    assert mets(ckmh_from_mph(mph), dpct) == pytest.approx(value, abs=0.06)


def test_the_slopes_of_hooper_are_met_within_his_spread():
    flat_forward = 1 + 0.1 * 2.5 * 26.8 / 3.5
    for dpct, low, high in ((50, 1.15, 1.25), (100, 1.12, 1.22)):
        forward = flat_forward + 1.8 * 2.5 * 26.8 * dpct / 1000 / 3.5
        assert low < mets(ckmh_from_mph(2.5), dpct) / forward < high


def test_ten_minutes_at_one_and_a_half_miles_an_hour_are_about_35_kilocalories():
    about = estimate([(600, ckmh_from_mph(1.5), 0)], 80)
    assert about.kcal == 35
    assert (about.least, about.most) == (25, 45)


@given(st.integers(0, 563), st.integers(0, 562), st.integers(0, 50))
def test_faster_and_steeper_is_never_cheaper(a, b, slope):
    slow, fast = sorted((a, b))
    assert 1.0 <= mets(slow, slope) <= mets(fast, slope)
    assert mets(fast, 0) <= mets(fast, slope)


def test_holding_on_makes_it_cheaper():
    walked = [(1200, 322, 0)]
    costs = [estimate(walked, 100, rails).kcal for rails in (Rails.GRIPPED, Rails.FINGERTIPS, Rails.FREE)]
    assert costs == sorted(costs)
    assert len(set(costs)) == 3


def test_everything_up_to_one_and_a_half_on_the_flat_is_light_and_the_fastest_is_vigorous():
    assert {intensity(mets(s)) for s in range(ckmh_from_mph(1.5) + 1)} == {Intensity.LIGHT}
    assert intensity(mets(ckmh_from_mph(2.0))) is Intensity.MODERATE
    assert intensity(mets(ckmh_from_mph(3.5))) is Intensity.VIGOROUS


@pytest.mark.parametrize("weight", [0, 19, 301, -80])
def test_a_weight_that_nobody_has_is_refused(weight):
    with pytest.raises(ValueError, match="a weight of"):
        estimate([], weight)


def test_cadence_follows_its_table_between_its_points():
    assert cadence(ckmh_from_mph(0.3)) == (45, 60)
    assert cadence(ckmh_from_mph(1.0)) == (70, 85)
    assert cadence(200) == (77, 92)
    assert cadence(ckmh_from_mph(3.5)) == (130, 145)
