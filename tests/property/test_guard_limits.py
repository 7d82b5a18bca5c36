"""Limits hold for any target, any machine and any order of requests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hardware.config.profiles import Profile
from hardware.constants import CAP_MAX_CKMH, INCLINE_MAX_DPCT, RISE_SPACING_S, RISE_STEP_CKMH
from hardware.guard.limits import House, Limits, at_start, follow, limits_of, within
from hardware.link.messages import Envelope, TreadmillFacts

ANY = st.one_of(st.integers(-(2**31), 2**31), st.integers(0, 600))
limits = st.builds(
    Limits,
    min_ckmh=st.integers(1, 120),
    cap_ckmh=st.integers(0, CAP_MAX_CKMH),
    increment_ckmh=st.sampled_from((0, 1, 5, 10, 16, 32, 50)),
    max_dpct=st.integers(0, INCLINE_MAX_DPCT),
    increment_dpct=st.sampled_from((0, 1, 5, 10)),
)
ways = st.lists(st.tuples(ANY, ANY, st.floats(0.02, 4.0), st.booleans()), min_size=1, max_size=30)


@given(limits, ways)
def test_no_target_leaves_the_limits_or_rises_too_much_or_too_often(holding: Limits, way):
    now = 100.0
    course = at_start(holding, now)
    rises = [now]
    for speed, incline, wait, may_rise in way:
        now += wait
        after = follow(course, speed, incline, holding, now if may_rise else None)
        assert holding.min_ckmh <= after.speed_ckmh <= max(holding.cap_ckmh, holding.min_ckmh)
        assert 0 <= after.incline_dpct <= holding.max_dpct
        if holding.increment_ckmh > 0:
            assert (after.speed_ckmh - holding.min_ckmh) % holding.increment_ckmh == 0
        assert after.speed_ckmh <= max(course.speed_ckmh, speed)
        faster, steeper = after.speed_ckmh > course.speed_ckmh, after.incline_dpct > course.incline_dpct
        assert after.speed_ckmh - course.speed_ckmh <= RISE_STEP_CKMH
        assert not (faster and steeper)
        if faster or steeper:
            assert may_rise
            assert now - rises[-1] >= RISE_SPACING_S
            rises.append(now)
        course = after


@given(
    st.builds(
        TreadmillFacts,
        address=st.just("A"),
        name=st.just(""),
        model=st.just(""),
        firmware=st.just(""),
        min_ckmh=st.integers(0, 65535),
        max_ckmh=st.integers(0, 65535),
        increment_ckmh=st.integers(0, 65535),
        min_dpct=st.integers(-32768, 32767),
        max_dpct=st.integers(-32768, 32767),
        increment_dpct=st.integers(0, 32767),
        can_speed=st.booleans(),
        can_incline=st.booleans(),
        profile=st.just(""),
        commissioned=st.booleans(),
    ),
    st.booleans(),
    st.integers(0, 9999),
    st.booleans(),
    st.builds(Envelope, st.integers(0, 65535), st.integers(-32768, 32767)),
)
def test_no_machine_profile_configuration_or_session_allows_more_than_anybody_may(
    facts, commissioned, house_cap, supervised, envelope
):
    profile = Profile(commissioned=commissioned, cap_ckmh=500)
    house = House(house_cap, 50, supervised=supervised)
    limits_here = limits_of(facts, profile, house)
    assert limits_here.cap_ckmh <= min(CAP_MAX_CKMH, facts.max_ckmh, house_cap)
    assert 0 <= limits_here.max_dpct <= INCLINE_MAX_DPCT
    if supervised or not commissioned:
        assert limits_here.cap_ckmh <= 200
    narrowed = within(limits_here, envelope)
    assert narrowed.cap_ckmh <= limits_here.cap_ckmh
    assert 0 <= narrowed.max_dpct <= limits_here.max_dpct
