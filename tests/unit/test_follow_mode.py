"""Where the console sets the pace: what is asked, said, shown and kept, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hardware.link.messages import Arm, LowerCap, Purpose, Start, StopWhy, Target
from hardware.link.messages import Stop as StopBelt
from kiosk.coach.cues import of_speed
from kiosk.coach.levels import choice_of, code_of
from kiosk.coach.plan import Choice
from kiosk.coach.progression import propose
from kiosk.coach.standing import Facts, Verdict, Visit, judge, ladder_of
from kiosk.intents import ScreenId
from kiosk.session.actions import Record, Say, Send
from kiosk.session.model import CapsRead
from kiosk.store.kinds import CapScope, SessionState
from kiosk.store.records import Cap, Closing, EventIn, Opening
from tests.support.desk import CONTENT, TO_CHECK, TO_FOLLOW, Desk, console, prove
from tests.unit.test_flow import AT_REST, BO_COMES, PEOPLE, WAYS, choose_why, nearly_done, wait

S = ScreenId
RULES = CONTENT.rules


def followed(name="", *, script=(), amber=False, people=None, **guard):
    desk = Desk(amber=amber, people=people or {}, puller=True)
    for field, value in {"follow": True, **guard}.items():
        setattr(desk.guard, field, value)
    return desk.follow(*(script or WAYS[name]))


def sent(desk, kind):
    return [action.body for action in desk.actions if isinstance(action, Send) and isinstance(action.body, kind)]


def kept(desk, kind):
    return [action.entry for action in desk.actions if isinstance(action, Record) and isinstance(action.entry, kind)]


@pytest.fixture(scope="module")
def ended():
    """A guest has walked to the end."""
    return followed("the console sets the pace, to the end")


def test_nothing_is_asked_of_the_belt_but_to_be_still_and_nothing_is_said_of_its_speed(ended):
    desk = ended
    assert sent(desk, (Start, Target)) == []
    assert [arm.purpose for arm in sent(desk, Arm)] == [Purpose.FOLLOW]
    assert [stop.why for stop in sent(desk, StopBelt)] == [StopWhy.PLAN_DONE]
    said = [action.cue for action in desk.actions if isinstance(action, Say)]
    assert [cue for cue in said if of_speed(cue)] == []
    assert {"U2", "U3", "M1", "T1", "X2"} <= set(said)


def test_the_record_says_that_the_console_set_the_pace(ended):
    desk = ended
    (opening,) = kept(desk, Opening)
    assert choice_of(opening.variant).follow
    assert [closing.state for closing in kept(desk, Closing)] == [SessionState.COMPLETED]


def test_who_stops_it_at_the_console_once_the_plan_is_over_has_walked_to_the_end():
    desk = followed("stopped at the console, then a break, walked on")
    (opening,) = kept(desk, Opening)
    assert [closing.state for closing in kept(desk, Closing)] == [SessionState.COMPLETED]
    assert [arm.session for arm in sent(desk, Arm)] == [opening.id] * 2


def test_plan_time_passes_at_any_pace_and_stands_while_the_belt_does():
    desk = followed(script=(*TO_FOLLOW, ("walk", wait(5))))
    for speed in (160, 60, 110):
        before_s = desk.shown.walk.at_s
        desk.guard.console(speed)
        desk.run(10)
        assert desk.shown.walk.at_s - before_s == pytest.approx(10, abs=0.3)
        assert desk.shown.measured_ckmh == speed
        assert (desk.shown.walk.next_in_s, desk.shown.walk.behind) == (None, False)


@pytest.mark.parametrize(("who", "pace"), [("guest", 0), ("member", 161)])
def test_before_the_walk_the_member_reads_what_to_set(who, pace):
    begin = TO_CHECK[:3] if who == "guest" else BO_COMES
    script = (*begin, ("program", ("choose", 0)), ("preview", None))
    desk = followed(script=script, people=PEOPLE)
    assert "console" in desk.shown.card.reason
    assert desk.shown.pace_ckmh == pace  # 0: the belt's slowest


def test_a_belt_that_keeps_changing_its_pace_is_not_stepped_on():
    desk = followed(script=(*TO_CHECK, ("check", prove), ("console_start", console(80)), ("console_start", wait(6))))
    for speed in (140, 80, 140):
        desk.guard.console(speed)
        desk.run(6)
        assert desk.screen is S.CONSOLE_START
    desk.until(S.STEP_ON, within_s=13)


def test_the_amber_button_eases_nothing_and_shows_the_way_beside_the_belt():
    desk = followed("the console sets the pace, with an amber button", amber=True)
    assert [(e.kind, e.detail) for e in kept(desk, EventIn) if e.kind == "ease"] == [("ease", "console")]
    assert sent(desk, Target) == []


def test_the_permit_took_the_key_so_the_next_walk_begins_with_putting_it_back():
    desk = followed(
        script=(
            *TO_FOLLOW, ("walk", nearly_done), *AT_REST, ("effort", "skip"), ("pain", "skip"), ("summary", "done"),
            *TO_CHECK, ("check", wait(1)),
        )
    )  # fmt: skip
    assert "check.key" in [tile.key for tile in desk.shown.tiles]


@pytest.mark.parametrize(("cap", "screen"), [(70, S.TO_RAILS), (90, S.WALK)])
def test_a_cap_lowered_under_the_pace_ends_the_walk_from_the_rails_and_pulls_no_key_under_a_walker(cap, screen):
    desk = followed(script=(*TO_FOLLOW, ("walk", wait(20))))
    desk.step(CapsRead((Cap(CapScope.GYM, "", cap, None, 0, "Kim", "wet floor"),)))
    assert desk.screen is screen
    assert sent(desk, LowerCap) == ([] if screen is S.TO_RAILS else [LowerCap(cap)])
    desk.run(5)
    assert desk.screen is screen
    if screen is S.TO_RAILS:
        desk.until(S.STOPPING, within_s=8)


@pytest.mark.parametrize("before", [("console_start", None), ("step_on", None)])
def test_a_cap_lowered_under_the_pace_before_the_first_step_leads_back_to_the_rails(before):
    desk = followed(script=(*TO_CHECK, ("check", prove), ("console_start", console(80)), before))
    desk.run(2)
    desk.step(CapsRead((Cap(CapScope.GYM, "", 70, None, 0, "Kim", "wet floor"),)))
    desk.until(S.TO_RAILS, within_s=40)
    assert sent(desk, LowerCap) == []


def test_a_break_goes_on_at_the_console_again_under_the_same_session():
    desk = followed(
        script=(
            *TO_FOLLOW, ("walk", wait(20)), ("walk", console(0)), *AT_REST, ("why_stopped", choose_why("break")),
            ("pause", wait(4)), ("pause", "next"), ("check", prove), ("console_start", None),
        )
    )  # fmt: skip
    assert len({arm.session for arm in sent(desk, Arm)}) == 1


def test_hills_and_rests_are_not_on_offer_and_a_new_speed_gives_way_to_the_known_one():
    desk = followed(script=(*BO_COMES, ("program", None)), people=PEOPLE)
    ids = {offer.program for offer in desk.state.stay.offers}
    assert "P2" in ids
    assert not ids & {"P3", "P4", "P8"}
    assert all(offer.choice.follow and offer.plan.new_step is None for offer in desk.state.stay.offers)


# ------------------------------------------------------------------------------------ what comes of it


def visit(day, choice, program="P2"):
    return Visit(
        date(2026, 7, day), program, choice, 280, 280, completed=True, top_ckmh=161, pain_before=0, pain_peak=0,
        pain_after=0, effort=2,
    )  # fmt: skip


MAIN = Choice("main", Decimal("1.0"), main_s=300)


def test_a_clean_walk_at_the_consoles_pace_proves_no_level():
    assert judge(visit(1, MAIN), RULES.progress) is Verdict.CLEAN
    assert judge(visit(1, replace(MAIN, follow=True)), RULES.progress) is Verdict.UNRATED


def test_what_went_wrong_in_one_counts_all_the_same():
    bad = replace(visit(1, replace(MAIN, follow=True)), pain_after=6, pain_peak=6)
    assert judge(bad, RULES.progress) is Verdict.RED


def test_after_it_comes_the_same_again_and_the_reason_says_why():
    first = [replace(visit(day, Choice(v), "P1"), top_ckmh=161) for day, v in ((1, "1"), (3, "2"), (5, "3-4"))]
    history = [*first, visit(7, replace(Choice("3-4"), follow=True), "P1")]
    assert ladder_of(history, Facts(), RULES.progress).first == ladder_of(first, Facts(), RULES.progress).first
    today = propose(history, date(2026, 7, 10), Facts(), CONTENT.programs, RULES)
    assert today.proposals[0].reason == "reason.console"


def test_its_level_goes_into_the_record_and_comes_back():
    choice = replace(MAIN, follow=True)
    assert code_of(choice) == "main/C1.0/D300/console"
    assert choice_of(code_of(choice)) == choice
    assert not choice_of("main/C1.0/D300").follow
