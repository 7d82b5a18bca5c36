"""What progression never does, over simulated members; and what it does, case by case (coaching section 3)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.units import ckmh_from_mph, on_grid
from kiosk.coach.levels import choice_of, code_of
from kiosk.coach.plan import Choice
from kiosk.coach.progression import balance_mph, propose, upcoming
from kiosk.coach.standing import Facts, FastTrack, Verdict, Visit, judge, ladder_of
from tests.support.members import BEGAN, PROGRAMS, RULES, Body, broken, checks_of, facts_of, live, older_limit

P = RULES.progress


@given(st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_no_rule_is_broken_in_half_a_year_of_anybody(seed):
    random = Random(seed)
    facts = facts_of(random)
    walks = live(random, 26, facts, checks=checks_of(random))
    assert broken(walks, facts) == []
    assert all(sum(p.recommended for p in walk.today.proposals) == 1 for walk in walks)


@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([None, Decimal("1.8"), Decimal("3.0")]))
@settings(max_examples=6, deadline=None)
def test_nobody_who_fell_or_is_65_walks_above_1_0_unproved_nor_above_1_5_without_staffs_own_cap(seed, older, own):
    random = Random(seed)
    facts = Facts(older=older, fell=not older or random.random() < 0.5, cap_mph=own or Decimal("3.0"), own_mph=own)
    eager = Body(keen=1.0, fit_mph=3.0, sore=0.01, quits=0.0, declines=0.0, silent=0.0, misfortune=0.002)
    walks = live(random, 16, facts, eager, checks_of(random))
    history = []
    for walk in walks:
        most = older_limit(history, walk.facts)
        speeds = [s for p in walk.today.proposals for s in (p.choice.comfort_mph, p.choice.new_mph) if s is not None]
        assert max(speeds) <= most <= (Decimal("1.5") if own is None else min(own, Decimal("2.0")))
        history.append(walk.visit)
    assert balance_mph(history, facts, P) == older_limit(history, facts)


@given(st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_after_amber_it_gets_easier_and_after_red_it_begins_again_with_staff(seed):
    random = Random(seed)
    facts = facts_of(random)
    walks = live(random, 26, facts)
    for index, (before, after) in enumerate(pairwise(walks)):
        verdict = judge(before.visit, P)
        stood = ladder_of([walk.visit for walk in walks[:index]], facts, P)
        if verdict is Verdict.RED:
            assert (after.day - before.day).days >= 3
            assert (after.taken.program, after.taken.choice.variant) == ("P1", "1")
        elif verdict is Verdict.AMBER and after.taken.program == before.taken.program == "P2":
            assert after.taken.choice.main_s <= max(120, stood.main_s, before.taken.choice.main_s - 60)
            assert after.taken.choice.main_s <= max(120, max(stood.main_s, before.taken.choice.main_s) - 60)
            assert after.taken.choice.comfort_mph <= max(Decimal("0.5"), stood.comfort_mph - Decimal("0.2"))
        if (after.day - before.day).days >= P.gap_start_days:
            assert (after.taken.program, after.taken.choice.variant) == ("P1", "1")


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_who_gives_no_scores_is_never_raised(seed):
    random = Random(seed)
    walks = live(random, 10, Facts(), Body(silent=1.0, quits=0.0, misfortune=0.0, sore=0.0, holiday=0.0))
    assert {(walk.taken.program, walk.taken.choice.variant) for walk in walks} == {("P1", "1")}


# ------------------------------------------------------------------------------------------------- cases


def visit(day, program="P2", variant="main", *, top=193, walked=1.0, **changed):
    level = {"comfort_mph": Decimal("1.0"), "main_s": 120} | changed.pop("level", {})
    choice = Choice(variant, **level) if program != "P1" else Choice(variant)
    made = Visit(
        BEGAN + timedelta(days=day), program, choice, 300, 300 * walked, completed=walked == 1.0, top_ckmh=top,
        pain_before=0, pain_peak=0, pain_after=0, effort=2,
    )  # fmt: skip
    return replace(made, **changed)


def first_steps():
    tops = (113, 145, 161, 161)
    variants = ("1", "2", "3-4", "3-4")
    return [visit(d, "P1", v, top=t) for d, v, t in zip((0, 2, 4, 7), variants, tops, strict=True)]


DONE = first_steps()
DAYS = (0, 2, 4, 7, 9)


def on(day, history, **facts):
    return propose(history, BEGAN + timedelta(days=day), Facts(**facts), PROGRAMS, RULES)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.CLEAN),
        ({"pain_peak": 2}, Verdict.CLEAN),
        ({"effort": 5}, Verdict.CLEAN),
        ({"walked": 0.9}, Verdict.CLEAN),
        ({"pain_before": 1, "pain_after": 2, "pain_peak": 2}, Verdict.CLEAN),
        ({"pain_peak": 3}, Verdict.HOLD),
        ({"effort": 6}, Verdict.HOLD),
        ({"walked": 0.89}, Verdict.HOLD),
        ({"walked": 0.70}, Verdict.HOLD),
        ({"why": "slipped"}, Verdict.HOLD),
        ({"pain_peak": 4}, Verdict.AMBER),
        ({"pain_peak": 5}, Verdict.AMBER),
        ({"pain_after": 2, "pain_peak": 2}, Verdict.AMBER),
        ({"worse_next_morning": True}, Verdict.AMBER),
        ({"effort": 7}, Verdict.AMBER),
        ({"effort": 8}, Verdict.AMBER),
        ({"walked": 0.69}, Verdict.AMBER),
        ({"dizzy": True}, Verdict.AMBER),
        ({"pain_peak": 6}, Verdict.RED),
        ({"pain_after": 6}, Verdict.RED),
        ({"effort": 9}, Verdict.RED),
        ({"why": "chest"}, Verdict.RED),
        ({"stumble": True}, Verdict.RED),
        ({"cause": "red_button"}, Verdict.RED),
        ({"effort": None}, Verdict.UNRATED),
        ({"program": "P10", "pain_before": 5, "pain_peak": 5, "pain_after": 5}, Verdict.CLEAN),
        ({"program": "P10", "pain_before": 3, "pain_peak": 5, "pain_after": 5}, Verdict.AMBER),
    ],
)
def test_a_session_is_judged_as_the_design_says(changed, verdict):
    assert judge(visit(0, **changed), P) is verdict


def test_four_clean_first_steps_lead_to_the_base_plan():
    programs = [on(0, []).proposals[0]]
    programs += [on(DAYS[n], DONE[:n]).proposals[0] for n in range(1, 5)]
    assert [(p.program, p.choice.variant) for p in programs] == [
        ("P1", "1"), ("P1", "2"), ("P1", "3-4"), ("P1", "3-4"), ("P2", "main"),
    ]  # fmt: skip
    assert (programs[-1].choice.comfort_mph, programs[-1].choice.main_s) == (Decimal("1.0"), 120)
    assert [p.reason for p in programs[:2]] == ["reason.first", "reason.next_step"]


def test_tomorrow_is_a_rest_day_and_a_fourth_visit_waits_for_next_week():
    assert on(1, DONE[:1]).refusal == "talk.rest"
    assert on(2, DONE[:1]).refusal == ""
    three = [visit(0, "P1", "1"), visit(2, "P1", "2"), visit(4, "P1", "3-4")]
    assert on(6, three).refusal == "talk.week"
    assert on(7, three).refusal == ""


def test_walks_recorded_by_a_clock_years_ahead_keep_nobody_from_walking_until_then():
    ahead = [visit(400, "P1", "1"), visit(402, "P1", "2"), visit(404, "P1", "3-4")]
    assert on(0, ahead).refusal == ""
    assert on(0, ahead[:1]).proposals[0].choice.variant == "2"
    assert on(0, [visit(1, "P1", "1")]).refusal == "talk.rest"  # by hours: the rest is kept
    assert on(0, [visit(400, "P1", "1", why="chest")]).refusal == "talk.locked"


def test_a_walk_of_half_a_minute_is_no_visit():
    short = visit(0, "P1", "1", walked=0.1)
    assert on(0, [short]).refusal == ""
    assert on(0, [replace(short, why="chest")]).refusal == "talk.locked"


def test_duration_rises_by_a_minute_after_two_clean_and_once_a_week():
    history = [*DONE, visit(8), visit(15)]
    longer = on(22, history).proposals[0]
    assert (longer.choice.main_s, longer.reason) == (180, "reason.longer")
    history += [visit(22, level={"main_s": 180}), visit(24, level={"main_s": 180})]
    waits = on(26, history).proposals[0]
    assert (waits.choice.main_s, waits.reason) == (180, "reason.minute_a_week")
    assert on(29, history).proposals[0].choice.main_s == 240


def at_five_minutes(effort=2):
    mains = (120, 120, 180, 180, 240, 240, 300, 300, 300)
    days = (9, 15, 17, 22, 24, 29, 31, 36, 38)
    return [*DONE, *(visit(d, level={"main_s": m}, effort=effort) for d, m in zip(days, mains, strict=True))]


def test_speed_follows_duration_by_one_step_which_is_walked_twice():
    history = at_five_minutes(effort=4)
    first = on(41, history).proposals[0]
    assert (first.program, first.choice.new_mph, first.reason) == ("P3", Decimal("1.1"), "reason.faster")
    low = on(41, at_five_minutes(effort=3)).proposals[0]
    assert low.choice.new_mph == Decimal("1.2")
    history.append(visit(41, "P3", "step", level={"new_mph": Decimal("1.1"), "main_s": None}, top=177))
    again = on(43, history).proposals[0]
    assert (again.program, again.choice.new_mph) == ("P3", Decimal("1.1"))
    history.append(visit(45, "P3", "step", level={"new_mph": Decimal("1.1"), "main_s": None}, top=177))
    there = on(48, history).proposals[0]
    assert (there.program, there.choice.comfort_mph, there.choice.main_s) == ("P2", Decimal("1.1"), 300)


def test_a_declined_rise_is_neither_for_nor_against():
    history = at_five_minutes()
    offered = on(41, history).proposals[0]
    declined = visit(41, "P3", "step", level={"new_mph": offered.choice.new_mph, "declined": True}, top=161)
    assert judge(declined, P) is Verdict.CLEAN
    again = on(43, [*history, declined]).proposals[0]
    assert again.choice.new_mph == offered.choice.new_mph


def test_a_speed_that_was_eased_away_was_not_walked():
    history = at_five_minutes()
    step = {"new_mph": Decimal("1.2"), "main_s": None}
    history += [visit(41, "P3", "step", level=step, top=170), visit(43, "P3", "step", level=step, top=170)]
    ladder = ladder_of(history, Facts(), P)
    assert (ladder.comfort_mph, ladder.trial_mph) == (Decimal("1.0"), None)


@pytest.mark.parametrize(("minimum", "increment"), [(50, 10), (80, 10), (100, 10), (80, 16), (97, 16)])
@pytest.mark.parametrize("tenths", range(11, 21))
def test_a_new_speed_counts_though_the_machines_own_steps_leave_the_belt_a_little_below_it(
    minimum, increment, tenths
):
    new = Decimal(tenths) / 10
    step = {"comfort_mph": new - Decimal("0.1"), "new_mph": new, "main_s": None}
    top = on_grid(ckmh_from_mph(new), minimum, increment, raising=True)  # as the guard asks
    before = on_grid(ckmh_from_mph(new - Decimal("0.1")), minimum, increment, raising=True)
    assert (
        ladder_of([*DONE, *(visit(d, "P3", "step", level=step, top=top) for d in (9, 11))], Facts(), P).comfort_mph
        == new
    )
    assert ladder_of([*DONE, visit(9, "P3", "step", level=step, top=before)], Facts(), P).trial_mph is None


def test_above_2_0_there_is_no_step_up_whatever_the_cap_and_the_walks_grow_longer_instead():
    level = {"comfort_mph": Decimal("2.0"), "main_s": 600}
    top = ckmh_from_mph("2.0")
    history = [*DONE, *(visit(d, level=level, top=top) for d in (9, 16, 23, 30))]
    history = [*history[:4], visit(9, "P3", "step", level={"new_mph": Decimal("2.0")}, top=top), *history[4:]]
    history.insert(5, visit(12, "P3", "step", level={"new_mph": Decimal("2.0")}, top=top))
    best = on(37, history, cap_mph=Decimal("3.0")).proposals[0]
    assert (best.program, best.choice.comfort_mph, best.choice.main_s) == ("P2", Decimal("2.0"), 660)


def test_the_first_round_ends_at_1_5_also_by_a_big_step():
    step = {"new_mph": Decimal("1.4"), "main_s": None}
    at_1_4 = [*at_five_minutes(), *(visit(d, "P3", "step", level=step, top=225) for d in (41, 43))]
    level = {"comfort_mph": Decimal("1.4"), "main_s": 300}
    history = [*at_1_4, *(visit(d, level=level, top=225, effort=2) for d in (48, 50))]
    assert on(53, history).proposals[0].choice.new_mph == Decimal("1.5")


def test_a_base_walk_that_was_eased_below_its_speed_proves_nothing_of_that_speed():
    eased = [visit(8, top=113), visit(15, top=113)]
    assert ladder_of([*DONE, *eased], Facts(), P).streak == 0
    assert on(22, [*DONE, *eased]).proposals[0].choice.main_s == 120


def test_two_holds_count_as_amber():
    history = [
        *at_five_minutes(),
        visit(38, effort=6, level={"main_s": 300}),
        visit(40, effort=6, level={"main_s": 300}),
    ]
    back = on(46, history).proposals[0]
    assert (back.choice.main_s, back.choice.comfort_mph) == (240, Decimal("0.8"))
    assert back.reason == "reason.less"


def test_two_ambers_in_two_weeks_want_a_word_with_staff():
    history = [*at_five_minutes(), visit(41, effort=7), visit(43, effort=7)]
    assert (on(46, history).refusal, on(46, history).staff_may) == ("talk.locked", True)
    assert on(46, history, staff_signed=True).proposals


def test_red_begins_again_with_staff_from_the_third_day():
    history = [*at_five_minutes(), visit(41, cause="red_button")]
    for day in (42, 43):  # late on one day to early on the next but one are not 48 hours
        assert (on(day, history).refusal, on(day, history, staff_signed=True).proposals) == ("talk.locked", ())
    assert (on(44, history).refusal, on(44, history).staff_may) == ("talk.locked", True)
    again = on(44, history, staff_signed=True).proposals
    assert [(p.program, p.choice.variant) for p in again] == [("P1", "1")]


@pytest.mark.parametrize(("walked", "variant"), [(0, "1"), (1, "1"), (2, "2"), (3, "3-4")])
def test_with_pain_today_first_steps_bring_nothing_that_is_not_walked_yet(walked, variant):
    painless = on(DAYS[walked], DONE[:walked]).proposals[0]
    today = on(DAYS[walked], DONE[:walked], pain_now=4).proposals[0]
    assert (today.program, today.choice.variant) == ("P1", variant)
    assert today.reason == ("reason.first" if walked == 0 else "reason.small_again")
    assert painless.reason != "reason.small_again"


def test_who_stopped_for_pain_has_less_to_walk_next_whatever_the_score_afterwards():
    assert judge(visit(0, why="pain", walked=0.95), P) is Verdict.AMBER
    assert judge(visit(0, why="pain", effort=None, pain_after=None), P) is Verdict.AMBER


def test_chest_pain_and_two_reds_in_a_month_lock_until_somebody_clears_them():
    chest = [*DONE, visit(8, why="chest")]
    assert on(60, chest, staff_signed=True).refusal == "talk.locked"
    assert on(60, chest, cleared_on=BEGAN + timedelta(days=30)).proposals
    twice = [*DONE, visit(8, cause="red_button"), visit(12, "P1", "1", cause="red_button")]
    assert on(30, twice, staff_signed=True).refusal == "talk.locked"
    assert on(50, twice, staff_signed=True).proposals


def test_rising_pain_before_the_walks_is_referred():
    rising = [*DONE, visit(8, pain_before=1), visit(10, pain_before=2), visit(13, pain_before=3, pain_after=3)]
    assert on(16, rising).refusal == "talk.locked"


def test_pain_today_makes_it_shorter_and_slower_and_offers_nothing_else():
    today = on(41, at_five_minutes(), pain_now=4)
    (only,) = today.proposals
    assert (only.choice.main_s, only.choice.comfort_mph, only.reason) == (240, Decimal("0.8"), "reason.pain_today")


@pytest.mark.parametrize(
    ("away", "program", "main", "comfort"),
    [(13, "P3", None, "1.0"), (14, "P2", 180, "0.8"), (28, "P1", None, "0.5"), (90, "P1", None, "0.5")],
)
def test_after_a_gap_it_is_less(away, program, main, comfort):
    best = on(38 + away, at_five_minutes()).proposals[0]
    assert (best.program, best.choice.main_s, str(best.choice.comfort_mph)) == (program, main, comfort)
    if program == "P1":
        assert best.choice.variant == ("1" if away >= 90 else "2")


def test_older_members_need_three_clean_and_stay_at_one_mile_an_hour_until_staff_have_checked():
    history = at_five_minutes()
    assert ladder_of(history, Facts(older=True), P).comfort_mph == Decimal("1.0")
    best = on(41, history, older=True).proposals[0]
    assert best.program == "P2"
    three = [*history, visit(41, level={"main_s": 300})]
    assert on(43, three, older=True).proposals[0].choice.main_s == 360
    assert on(43, three, older=True, balance_checked=True).proposals[0].program == "P3"


def test_who_waits_for_a_balance_check_is_told_so_where_a_new_speed_is_due():
    three = [*at_five_minutes(), visit(41, level={"main_s": 300})]
    longer = on(43, three, fell=True).proposals[0]
    assert (longer.choice.main_s, longer.reason) == (360, "reason.longer_unchecked")
    assert on(43, three, fell=True, cap_mph=Decimal("1.0")).proposals[0].reason == "reason.longer"
    assert on(43, three, fell=True, balance_checked=True).proposals[0].reason == "reason.faster"


def test_a_check_that_is_too_long_ago_leads_back_to_one_mile_an_hour_and_says_why():
    step = {"new_mph": Decimal("1.2"), "main_s": None}
    history = [*at_five_minutes(), *(visit(d, "P3", "step", level=step, top=193) for d in (41, 43))]
    checked = on(46, history, fell=True, balance_checked=True).proposals[0]
    assert checked.choice.comfort_mph == Decimal("1.2")
    over = on(46, history, fell=True).proposals[0]
    assert (over.choice.comfort_mph, over.reason) == (Decimal("1.0"), "reason.unchecked")


def test_two_miles_an_hour_are_by_staff_alone():
    history = at_five_minutes()
    checked = Facts(older=True, balance_checked=True)
    assert balance_mph(history, checked, P) == Decimal("1.5")
    assert balance_mph(history, replace(checked, own_mph=Decimal("1.8")), P) == Decimal("1.8")
    assert balance_mph(history, replace(checked, own_mph=Decimal("3.0")), P) == Decimal("2.0")
    assert balance_mph(history, replace(checked, own_mph=Decimal("3.0"), balance_checked=False), P) == Decimal("1.0")
    assert balance_mph(history[:3], replace(checked, own_mph=Decimal("3.0")), P) == Decimal("1.0")
    assert balance_mph(history, Facts(), P) is None


def test_the_staffs_fast_track_is_for_those_under_65_after_two_clean_visits():
    track = FastTrack(BEGAN + timedelta(days=3), Decimal("1.8"), 600)
    best = on(4, DONE[:2], fast_track=track).proposals[0]
    assert (best.program, best.choice.comfort_mph, best.choice.main_s) == ("P2", Decimal("1.5"), 300)
    assert on(4, DONE[:1], fast_track=track).proposals[0].program == "P1"
    assert on(4, DONE[:2], fast_track=track, older=True).proposals[0].program == "P1"


def test_hills_wait_for_eight_clean_sessions_a_sure_step_and_eight_minutes():
    history = at_five_minutes()
    assert "P4" not in [p.program for p in on(41, history).proposals]
    level_ = {"comfort_mph": Decimal("1.2"), "main_s": 480}
    ready = [*history, *(visit(d, level=level_) for d in (41, 43, 45))]
    ladder = replace(ladder_of(ready, Facts(), P), comfort_mph=Decimal("1.2"), frozen=0)
    from kiosk.coach.progression import _hill

    hill = _hill(ladder, BEGAN + timedelta(days=48), Facts(), Decimal("1.2"), PROGRAMS, P)
    assert hill is not None
    assert hill.choice.hill == 1
    for facts in (Facts(flags=frozenset({"calf"})), Facts(older=True), Facts(pain_now=3)):
        assert _hill(ladder, BEGAN + timedelta(days=48), facts, Decimal("1.2"), PROGRAMS, P) is None
    frozen = replace(ladder, frozen=1, moved="C")
    assert _hill(frozen, BEGAN + timedelta(days=48), Facts(), Decimal("1.2"), PROGRAMS, P) is None


def test_who_knows_first_steps_may_warm_up_and_cool_down():
    extras = {p.program for p in on(41, at_five_minutes()).proposals if not p.recommended}
    assert extras >= {"P5", "P6", "P7"}
    assert on(2, DONE[:1]).proposals[0].recommended
    assert len(on(2, DONE[:1]).proposals) == 1


def test_what_comes_next_knows_the_rest_day():
    day, proposal = upcoming(DONE[:1], BEGAN, Facts(), PROGRAMS, RULES)
    assert (day, proposal.choice.variant) == (BEGAN + timedelta(days=2), "2")
    assert upcoming([*DONE, visit(8, why="chest")], BEGAN + timedelta(days=8), Facts(), PROGRAMS, RULES) is None


@given(
    st.sampled_from(["1", "main", "step", "hill", "sets"]),
    st.decimals("0.5", "3.5", places=1),
    st.none() | st.decimals("0.6", "3.5", places=1),
    st.none() | st.integers(60, 840),
    st.none() | st.integers(1, 5),
    st.integers(1, 5),
    st.booleans(),
)
def test_a_level_survives_the_record(variant, comfort, new, main, hill, sets, declined):
    choice = Choice(variant, comfort, new, None, main, hill, sets, declined)
    assert choice_of(code_of(choice)) == choice
