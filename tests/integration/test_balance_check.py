"""65 and older, or a fall: staff at the first visit, then 1.0 mph until four clean visits and a balance check.

From the form to the record, to the member's page, to the caps of later days (coaching section 3, cap_speed).
"""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.units import ckmh_from_mph
from kiosk.archive import StoreArchive, day_of, find_person
from kiosk.coach.plan import Choice
from kiosk.coach.screening import Outcome, Result
from kiosk.coach.standing import Visit
from kiosk.session import near
from kiosk.session.actions import RecordScreening
from kiosk.session.limits import held_ckmh
from kiosk.session.model import CapsRead, Person, Stay
from kiosk.session.model import State as SessionState
from kiosk.session.turn import Turn
from kiosk.staff import pin
from kiosk.staff.caps import effective
from kiosk.staff.desk.errands import Run
from kiosk.staff.desk.granted import NoteOverride
from kiosk.store.export import member_json
from kiosk.store.kinds import AgeBand, CapScope, Screened
from kiosk.store.moment import DAY_MS, Moment, SimulatedWallClock
from kiosk.store.records import Cap, Screening
from kiosk.store.repositories import caps, members
from tests.support.at_desk import NOW_MS, Staffed, furnish
from tests.support.desk import SCREENING, Desk, answers, make_setup, prove
from tests.support.members import RULES, Body, live, older_limit

MPH = 160.9344
CODE = "417926"
DAYS = SCREENING.validity.balance_days


pytestmark = pytest.mark.usefixtures("cheap_pins")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    return furnish(tmp_path_factory.mktemp("furnished"))


@pytest.fixture
def staffed(tmp_path, furnished):
    made = Staffed(tmp_path / "desk", "Kim", furnished=furnished)
    yield made
    made.close()


def known(staffed, *, consent=True, band=None):
    """A member on record."""
    member = staffed.write(
        lambda c: members.add(c, staffed.store.ids.new(NOW_MS), staffed.at, code=CODE, age_band=band)
    )
    if consent:
        staffed.write(lambda c: members.give_consent(c, member.id, NOW_MS - 1))
    return member.id


def person(staffed, days=0):
    return staffed.read(lambda c: find_person(c, CODE, Moment(staffed.now_s, NOW_MS + days * DAY_MS)))


def carry(staffed, actions, days=0):
    """What a session asked of the record."""
    wall = SimulatedWallClock(NOW_MS + days * DAY_MS, 0.0)
    archive = StoreArchive(staffed.store, wall, SCREENING, threaded=False, wants_owner=False)
    for action in actions:
        archive.do(action, 0.0)
    staffed.store.writer.drain()


def clean(days_ago, program="P1", variant="3-4", top=161):
    """A visit without fault."""
    day = day_of(NOW_MS) - timedelta(days=days_ago)
    level = Choice(variant, Decimal("1.0"), main_s=120)
    return Visit(day, program, level, 280, 280, completed=True, top_ckmh=top, pain_before=0, pain_peak=0,
                 pain_after=0, effort=2)  # fmt: skip


def comes(member, *then, **odd):
    """A member types their code and answers."""
    today = day_of(NOW_MS)
    desk = Desk(people={CODE: member}, today=lambda: today, config_cap_ckmh=563)
    return desk.follow(("attract", "wake"), ("who", "have_code"), ("code", lambda d: d.code(CODE)),
                       ("screening", answers(**odd)), *then)  # fmt: skip


def signs(desk):
    """Kim lets them walk, for a reason."""
    desk.code("246810")
    desk.touch("choose", desk.shown.choices.index("reason_override.assessed"))


def screened(desk):
    """What of a form is to be kept."""
    return [action for action in desk.actions if isinstance(action, RecordScreening)]


def cap(desk):
    """Of what is recommended."""
    return desk.state.stay.offers[0].cap.speed_ckmh


def top_mph(desk):
    return max(offer.cap.speed_ckmh for offer in desk.state.stay.offers) / MPH


# ------------------------------------------------------------------------------------------- the first visit


@pytest.mark.parametrize("odd", [{"age_65": True}, {"fall": True}, {"age_65": True, "fall": True}])
def test_staff_sign_the_first_visit_and_only_its_limit_is_kept(staffed, odd):
    member_id = known(staffed)
    desk = comes(person(staffed), ("talk_to_staff", "staff"), ("staff_pin", signs), ("program", None), **odd)
    assert top_mph(desk) < 0.6  # today: the slowest
    assert Run(NoteOverride("Kim", member_id, "assessed", first=True)) in desk.actions
    assert screened(desk) == []  # nobody has walked yet
    desk.follow(("program", ("choose", 0)), ("preview", "next"), ("check", prove), ("countdown", None))
    carry(staffed, screened(desk))
    kept = staffed.read(lambda c: members.last_screening(c, member_id))
    assert (kept.outcome, kept.limit_ckmh, kept.signer, kept.reason) == ("limit", 161, "Kim", "until checked")
    assert (kept.expires_ms - kept.at_ms) // DAY_MS == SCREENING.validity.sign_off_days
    after = person(staffed)
    assert after.age_band is (AgeBand.OLDER if "age_65" in odd else AgeBand.ADULT)
    assert after.limit_waits
    again = comes(after, ("program", None))
    assert top_mph(again) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("other", [{"medicine": True}, {"disease": True, "active_and_well": True}])
def test_another_gate_besides_is_asked_again_at_the_next_visit_and_keeps_nothing(staffed, other):
    known(staffed)
    desk = comes(person(staffed), ("talk_to_staff", "staff"), ("staff_pin", signs), ("program", None),
                 ("program", ("choose", 0)), ("preview", "next"), ("check", prove), ("countdown", None),
                 age_65=True, **other)  # fmt: skip
    assert screened(desk) == []


def test_of_who_did_not_agree_nothing_is_kept(staffed):
    member_id = known(staffed, consent=False)
    shy = person(staffed)
    desk = Desk(people={CODE: shy})
    desk.follow(("attract", "wake"), ("who", "have_code"), ("code", lambda d: d.code(CODE)), ("consent", "no"),
                ("screening", answers(fall=True)), ("talk_to_staff", "staff"), ("staff_pin", signs),
                ("program", ("choose", 0)), ("preview", "next"), ("check", prove), ("countdown", None))  # fmt: skip
    carry(staffed, screened(desk))
    assert staffed.read(lambda c: members.last_screening(c, member_id)) is None
    staffed.tile("members").row(CODE)
    assert "Balance checked" not in [button.label for button in staffed.view.actions]


# ------------------------------------------------------------------------------------------- the check


def limited(staffed, *, result=Result.LIMIT, flags=("fall",), signer="Kim"):
    """On record with the limit that waits."""
    member_id = known(staffed)
    outcome = Outcome(result, Decimal("1.0"), frozenset(flags), until_checked=True, signed_once=True)
    carry(staffed, [RecordScreening(member_id, outcome, signer)])
    return member_id


def test_a_check_is_held_signed_and_lifts_the_limit_after_four_clean_visits_alone(staffed):
    member_id = limited(staffed)
    staffed.tile("members").row(CODE).action("Balance checked").touch("confirm")
    assert not person(staffed).balance_checked  # a tap is no hold
    staffed.touch("hold")
    assert person(staffed).balance_checked
    entry = staffed.audit()[0]
    assert (entry.who, entry.action, entry.subject, entry.before, entry.after) == (
        "Kim", "balance checked", f"member {member_id}", "none", f"for {DAYS} days",
    )  # fmt: skip
    facts = {fact.name: fact.value for fact in staffed.view.facts}
    assert facts["Balance"].startswith("checked, until ")
    history = [clean(12, variant="1"), clean(9, variant="2"), clean(6), clean(3)]
    three = comes(replace(person(staffed), history=tuple(history[1:])), ("program", None))
    assert top_mph(three) == pytest.approx(1.0, abs=0.01)
    proved = replace(person(staffed), history=tuple(history))
    assert cap(comes(proved, ("program", None))) == 241
    own = Cap(CapScope.MEMBER, member_id, 322, None, NOW_MS, "Kim", "progress")
    desk = Desk(people={CODE: proved}, today=lambda: day_of(NOW_MS), config_cap_ckmh=563)
    desk.step(CapsRead((own,)))
    desk.follow(("attract", "wake"), ("who", "have_code"), ("code", lambda d: d.code(CODE)), ("screening", answers()),
                ("program", None))  # fmt: skip
    assert cap(desk) == 322


def test_a_check_holds_half_a_year_and_then_no_more(staffed):
    limited(staffed)
    staffed.tile("members").row(CODE).action("Balance checked").touch("hold")
    assert person(staffed, DAYS - 1).balance_checked
    assert not person(staffed, DAYS + 1).balance_checked


def test_a_check_is_no_screening_it_neither_opens_a_no_nor_makes_a_form_last_longer(staffed):
    member_id = limited(staffed)
    before = person(staffed).screened_until_ms
    staffed.tile("members").row(CODE).action("Balance checked").touch("hold")
    assert person(staffed).screened_until_ms == before
    carry(staffed, [RecordScreening(member_id, Outcome(Result.FORBID), "")])
    staffed.touch("back").row(CODE)
    assert "Balance checked" not in [button.label for button in staffed.view.actions]
    assert person(staffed).forbidden


def test_with_a_check_that_holds_the_next_full_form_asks_no_staff(staffed):
    limited(staffed)
    staffed.tile("members").row(CODE).action("Balance checked").touch("hold")
    again = replace(person(staffed), screened_until_ms=None, limit_waits=False, screening_limit_ckmh=None)
    desk = comes(again, ("program", None), fall=True)
    assert top_mph(desk) == pytest.approx(1.0, abs=0.01)
    (kept,) = screened(desk)
    assert (kept.outcome.result, kept.outcome.until_checked, kept.signer) == (Result.LIMIT, True, "")
    comes(again, ("talk_to_staff", None), fall=True, medicine=True)  # another gate stays one


def test_a_clinicians_yes_leaves_the_limit_one_that_waits(staffed):
    member_id = limited(staffed, result=Result.FORBID, signer="")
    assert person(staffed).forbidden
    from kiosk.staff.desk.member_record import Unlock

    staffed.write(lambda c: Unlock(member_id, staffed.desk.who).write(c, staffed.store.ids, staffed.at))
    after = person(staffed)
    assert (after.forbidden, after.screening_limit_ckmh, after.limit_waits) == (False, 161, True)


@pytest.mark.parametrize("first_stays", [True, False])
@pytest.mark.parametrize(
    ("strict", "later", "left"),
    [
        (Result.FORBID, "", "forbid"),
        (Result.LIMIT, "", "limit"),
        (Result.FORBID, members.CLINICIAN, "clear"),
        (Result.CLEAR, "", "clear"),
    ],
)
def test_a_second_code_is_no_way_round_what_was_answered_first(staffed, first_stays, strict, later, left):
    limit = None if strict is Result.CLEAR else Decimal("1.0")
    outcome = Outcome(strict, limit, frozenset({"older"}), until_checked=limit is not None)
    first = known(staffed)
    carry(staffed, [RecordScreening(first, outcome, "")])
    second = staffed.write(lambda c: members.add(c, staffed.store.ids.new(NOW_MS), staffed.at, code="528037")).id
    clear = Screening(staffed.store.ids.new(NOW_MS), second, NOW_MS + 9, Screened.CLEAR, None, "", later, NOW_MS * 2)
    staffed.write(lambda c: members.add_screening(c, clear))
    keep, goes = (first, second) if first_stays else (second, first)
    staffed.write(lambda c: members.merge(c, keep, goes, NOW_MS + 99))
    assert staffed.read(lambda c: members.last_screening(c, keep)).outcome == left
    assert staffed.read(lambda c: members.limit_waits(c, keep)) is (strict is not Result.CLEAR)


def test_the_check_goes_with_the_consent_and_is_in_the_members_own_export(staffed):
    member_id = limited(staffed)
    staffed.tile("members").row(CODE).action("Balance checked").touch("hold")
    told = json.loads(staffed.read(lambda c: member_json(c, members.find(c, CODE), NOW_MS)))
    assert "balance" in {row["reason"] for row in told["screenings"]}
    staffed.write(lambda c: members.withdraw_consent(c, member_id, NOW_MS + 1))
    assert staffed.read(lambda c: members.balance_until_ms(c, member_id)) is None
    staffed.touch("back").row(CODE)
    assert "Balance checked" not in [button.label for button in staffed.view.actions]


def test_an_own_cap_above_what_they_rest_on_is_a_raise_that_is_held_and_says_why(staffed):
    member_id = limited(staffed)
    staffed.tile("members").row(CODE).action("Speed cap")
    assert staffed.view.value.startswith("1.50")
    for _ in range(8):
        staffed.touch("step", 1)
    assert staffed.view.button.hold
    staffed.touch("confirm")
    assert staffed.read(lambda c: caps.one(c, CapScope.MEMBER, member_id)) is None
    staffed.touch("hold", 0).touch("choose", 1)
    row = staffed.read(lambda c: caps.one(c, CapScope.MEMBER, member_id))
    assert (row.speed_ckmh, row.reason) == (320, "progress")
    assert (staffed.audit()[0].action, staffed.audit()[0].reason) == ("cap raised", "progress")


def test_a_limit_of_another_question_that_waits_for_the_check_holds_until_it_is_proved():
    """The gym's physiotherapist may mark other answers so; the lowest counts, and a fixed one stays besides."""
    four = (clean(12, variant="1"), clean(9, variant="2"), clean(6), clean(3))
    unsure = Outcome(Result.LIMIT, Decimal("0.8"), frozenset({"unsure"}), until_checked=True)
    who = Person("m", "A", None, AgeBand.ADULT, True, 2_000_000_000_000, None, None, False, four)
    rules = RULES.progress
    assert held_ckmh(who, unsure, four, (), rules) == 129
    assert held_ckmh(replace(who, balance_checked=True), unsure, four, (), rules) == 241
    fixed = replace(unsure, until_checked=False)
    assert held_ckmh(replace(who, balance_checked=True), fixed, four, (), rules) == 129
    assert held_ckmh(who, Outcome(Result.CLEAR), four, (), rules) is None
    assert held_ckmh(None, unsure, (), (), rules) == 129


def test_any_staff_may_keep_a_check():
    assert {role for role in pin.Role if pin.may(pin.Staff("x", "X", role, active=True, created_ms=0),
                                                 pin.Right.MEMBERS)} == set(pin.Role)  # fmt: skip


# ------------------------------------------------------------------------------------------- never


SETUP = make_setup(config_cap_ckmh=563)
LIVES = [
    tuple(walk.visit for walk in live(Random(seed), weeks, replace(near.Facts(), cap_mph=Decimal("3.0")),
                                      Body(keen=1.0, fit_mph=3.0, misfortune=0.0)))
    for seed, weeks in ((1, 1), (2, 2), (3, 5), (4, 9))
]  # fmt: skip


@given(
    history=st.sampled_from([(), *LIVES]),
    older=st.booleans(),
    recorded=st.booleans(),
    today=st.booleans(),
    checked=st.booleans(),
    own=st.sampled_from([None, 200, 290, 400, 563]),
    reason=st.sampled_from(["progress", ""]),
    signed=st.booleans(),
    program=st.sampled_from(sorted(SETUP.content.programs)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_cap_of_a_session_is_above_what_a_fall_or_65_allows(
    history, older, recorded, today, checked, own, reason, signed, program
):
    outcome = Outcome(Result.CLEAR)
    if today:
        outcome = Outcome(Result.LIMIT, Decimal("1.0"), frozenset({"fall"}), until_checked=True)
    who = Person(
        "m", "A", None, AgeBand.OLDER if older else AgeBand.ADULT, True, 2_000_000_000_000,
        161 if recorded else None, None, False, history, limit_waits=recorded, balance_checked=checked,
    )  # fmt: skip
    rows = () if own is None else (Cap(CapScope.MEMBER, "m", own, None, 1, "Kim", reason),)
    t = Turn(SessionState(caps=rows), 1000.0, SETUP)
    t.stay = Stay(guest=False, person=who, consent=True, outcome=outcome, signed_by="Kim" if signed else "")
    found = effective(rows, near.cap_context(t, program, 563)).speed_ckmh
    facts = replace(near.facts_of(t), own_mph=Decimal(own) / Decimal(MPH) if own and reason else None)
    most = older_limit(list(history), replace(facts, older=older, fell=recorded or today, balance_checked=checked))
    assert near.facts_of(t).balance_checked is checked
    if most is not None:
        assert found <= round(float(most) * MPH) + 1
        assert near.facts_of(t).fell or near.facts_of(t).older


@pytest.mark.parametrize("tenths", range(6, 36))
def test_a_cap_in_mph_lets_a_member_grow_to_that_speed_and_no_further(tenths):
    mph = Decimal(tenths) / 10
    t = Turn(SessionState(caps=(Cap(CapScope.GYM, "", ckmh_from_mph(mph), None, 1, "Kim", ""),)), 1000.0, SETUP)
    who = Person("m", "A", None, AgeBand.ADULT, True, None, None, None, False, ())
    t.stay = Stay(guest=False, person=who, consent=True, outcome=Outcome(Result.CLEAR))
    assert near.facts_of(t).cap_mph == mph
