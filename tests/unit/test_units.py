from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hardware.units import (
    SpeedUnit,
    ckmh_from_kmh,
    ckmh_from_mph,
    distance_m,
    mph_from_ckmh,
    on_grid,
    speed_text,
    tenths_of_mph,
)


def test_half_a_mile_an_hour_is_80_on_the_wire_and_reads_back_as_half():
    assert ckmh_from_mph("0.5") == 80
    assert speed_text(80, SpeedUnit.MPH) == "0.5"


def test_every_tenth_of_a_kmh_is_exact_on_the_wire():
    assert [ckmh_from_kmh(Decimal(n) / 10) for n in range(251)] == [n * 10 for n in range(251)]


def test_a_binary_fraction_never_loses_a_hundredth():
    assert [ckmh_from_kmh(v) for v in (2.3, 4.1, 4.6, 5.1)] == [230, 410, 460, 510]


@given(st.integers(min_value=0, max_value=50))
def test_tenths_of_mph_survive_the_wire(tenths):
    assert speed_text(ckmh_from_mph(Decimal(tenths) / 10), SpeedUnit.MPH) == f"{Decimal(tenths) / 10:.1f}"


@given(st.integers(0, 2500))
def test_the_tenth_of_a_mph_that_a_speed_allows_is_the_fastest_that_is_not_over_it_on_the_wire(speed):
    tenth = tenths_of_mph(speed)
    assert ckmh_from_mph(tenth) <= speed < ckmh_from_mph(tenth + Decimal("0.1"))


def test_an_unknown_speed_is_shown_as_dashes():
    assert speed_text(None, SpeedUnit.KMH) == "--.-"


def test_one_km_per_hour_for_an_hour_is_a_kilometre():
    assert abs(distance_m(100, 3600) - 1000) < 1e-6
    assert abs(mph_from_ckmh(161) - 1.0) < 0.01


@given(st.integers(0, 2000), st.integers(0, 200), st.integers(-5, 100), st.booleans())
def test_the_grid_never_raises_above_the_target_and_never_lowers_below_it(target, minimum, increment, raising):
    value = on_grid(target, minimum, increment, raising=raising)
    if increment > 0:
        assert (value - minimum) % increment == 0
    if target >= minimum:
        assert value <= target if raising else value >= target
        assert abs(value - target) < max(increment, 1)
