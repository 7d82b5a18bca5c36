from datetime import date, timedelta
from decimal import Decimal

import pytest

from kiosk.assets import assets_directory
from kiosk.coach.plan import Choice
from kiosk.coach.progression import Proposal
from kiosk.coach.standing import Visit
from kiosk.coach.week import (
    DAYS,
    DayState,
    WeekError,
    days_in,
    days_of,
    for_home,
    in_order,
    next_own,
    own_week,
    parse_week,
    toggled,
    weeks_in_a_row,
)

TEXT = (assets_directory() / "week.toml").read_text()
PROGRAMS = [f"P{n}" for n in range(1, 13)]
WEEK = parse_week(TEXT, PROGRAMS)
MONDAY = date(2026, 7, 6)


def visit(day, seconds=300):
    return Visit(day, "P2", Choice("main", Decimal("1.0"), main_s=120), 300, seconds, completed=True)


def proposals():
    best = Proposal("P2", Choice("main"), True, "reason.same")
    return [best, *(Proposal(f"P{n}", Choice("main"), False, f"reason.P{n}") for n in (5, 6, 7))]


def test_the_sample_week_is_cool_down_interlude_and_warm_up():
    assert {DAYS[day]: program for day, program in WEEK.programs.items()} == {"mon": "P6", "wed": "P7", "fri": "P5"}


def test_the_days_own_program_comes_second_and_says_why():
    ordered = in_order(proposals(), WEEK, MONDAY)
    assert [p.program for p in ordered] == ["P2", "P6", "P5", "P7"]
    assert (ordered[1].reason, ordered[1].values) == ("reason.plan", {"weekday": "mon"})


def test_a_plan_never_brings_in_what_progression_did_not_propose():
    only = proposals()[:1]
    assert in_order(only, WEEK, MONDAY) == tuple(only)
    assert [p.program for p in in_order(proposals(), WEEK, MONDAY + timedelta(days=1))] == ["P2", "P5", "P6", "P7"]


def test_a_members_own_days_carry_the_samples_programs_in_its_order():
    own = own_week(WEEK, (1, 3, 5))
    assert {DAYS[day]: program for day, program in own.programs.items()} == {"tue": "P6", "thu": "P7", "sat": "P5"}
    assert own.take_home == WEEK.take_home
    assert own_week(WEEK, ()) is WEEK
    assert in_order(proposals(), own, MONDAY) == tuple(proposals())
    assert in_order(proposals(), own, MONDAY + timedelta(days=1))[1].reason == "reason.plan"


@pytest.mark.parametrize("edited", [(0, 1, 2, 3, 4, 5, 6), (0, 6), (6, 0, 5), (0, 2, 4, 6), (9, 3), (5, 6)])
def test_no_plan_holds_four_days_or_two_without_a_day_of_rest_whatever_the_record_says(edited):
    days = days_in(own_week(WEEK, edited))
    assert 1 <= len(days) <= 3
    assert all((later - day) % 7 > 1 for day in days for later in days if later != day)


@pytest.mark.parametrize(
    ("days", "touched", "then"),
    [
        ((0, 2, 4), 2, (0, 4)),
        ((0, 4), 2, (0, 2, 4)),
        ((0, 2, 4), 6, (0, 2, 4)),  # a fourth
        ((0, 2), 6, (0, 2)),  # beside Monday, over the end of the week
        ((0, 2), 3, (0, 2)),
        ((5,), 5, ()),
    ],
)
def test_a_touch_takes_a_day_in_or_out_and_never_against_rest(days, touched, then):
    assert toggled(days, touched) == then


def test_the_next_own_day_is_the_first_from_when_one_may_walk():
    assert next_own((1, 5), MONDAY) == MONDAY + timedelta(days=1)
    assert next_own((1, 5), MONDAY + timedelta(days=2)) == MONDAY + timedelta(days=5)
    assert next_own((1,), MONDAY + timedelta(days=2)) == MONDAY + timedelta(days=8)
    assert next_own((), MONDAY) is None


def test_the_week_shows_what_was_walked_and_what_is_planned():
    wednesday = MONDAY + timedelta(days=2)
    days = days_of([visit(MONDAY, 430)], WEEK, wednesday)
    assert [(d.name, d.state) for d in days] == [
        ("mon", DayState.WALKED), ("tue", DayState.FREE), ("wed", DayState.TODAY), ("thu", DayState.FREE),
        ("fri", DayState.PLANNED), ("sat", DayState.FREE), ("sun", DayState.FREE),
    ]  # fmt: skip
    assert days[0].minutes == 7


def test_the_streak_counts_weeks_and_rest_days_never_break_it():
    history = [visit(MONDAY - timedelta(days=back)) for back in (21, 19, 14, 11, 7, 5)]
    assert weeks_in_a_row(history, MONDAY) == 3
    assert weeks_in_a_row(history, MONDAY + timedelta(days=6)) == 3
    assert weeks_in_a_row(history, MONDAY + timedelta(days=7)) == 0
    assert (
        weeks_in_a_row([*history, visit(MONDAY), visit(MONDAY + timedelta(days=2))], MONDAY + timedelta(days=3)) == 4
    )


def test_nothing_is_sent_home_with_a_calf_or_a_pain():
    assert [item.id for item in for_home(WEEK, ())] == ["hill", "sled"]
    assert [item.id for item in for_home(WEEK, {"older"})] == ["sled"]
    assert for_home(WEEK, {"calf"}) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mon =", "moon =", "no day"),
        ('"P6"', '"P66"', "no program"),
        ("[sample]", "[samples]", "unknown field"),
        ("[sample]", "[sample", "not valid"),
    ],
)
def test_a_week_that_cannot_be_used_says_why(old, new, said):
    with pytest.raises(WeekError, match=said):
        parse_week(TEXT.replace(old, new, 1), PROGRAMS)
