from dataclasses import replace

import pytest

from hardware.units import ckmh_from_mph
from kiosk.staff import audit
from kiosk.staff.caps import (
    DEFAULTS,
    Actor,
    CapContext,
    Source,
    apply_change,
    at_slope,
    effective,
    lowered,
    plan_change,
    plan_return,
)
from kiosk.store.kinds import AgeBand, CapScope, Role
from kiosk.store.records import Cap, Staff, StoreError
from kiosk.store.repositories import caps as rows_of
from kiosk.store.repositories import members
from tests.support.record import moment, opened

ANN = "019c0000-0000-7000-8000-00000000000a"
OPEN = CapContext(config_ckmh=563, member_id=ANN, visits=20)


def row(scope, speed_ckmh, key="", incline_dpct=None):
    return Cap(scope, key, speed_ckmh, incline_dpct, 0, "Olga", "")


def staff(name):
    return Staff(f"019c0000-0000-7000-8000-0000000000{len(name):02d}", name, Role.STAFF, active=True, created_ms=0)


def test_the_lowest_of_all_caps_wins_and_is_named():
    rows = [row(CapScope.GYM, 400), row(CapScope.MEMBER, 250, ANN), row(CapScope.PROGRAM, 300, "P2")]
    context = CapContext(config_ckmh=563, machine_ckmh=500, program_id="P2", member_id=ANN, visits=20)
    found = effective(rows, context)
    assert (found.speed_ckmh, found.source) == (250, Source.MEMBER)
    assert len(found.candidates) == 5


@pytest.mark.parametrize(
    ("cap", "context", "holds"),
    [
        (row(CapScope.MEMBER, 100, ANN), CapContext(563, member_id="other", visits=20), False),
        (row(CapScope.PROGRAM, 100, "P2"), CapContext(563, member_id=ANN, visits=20, program_id="P3"), False),
        (row(CapScope.PROGRAM, 100, "P2"), CapContext(563, member_id=ANN, visits=20, program_id="P2"), True),
        (row(CapScope.TREADMILL, 100, "AA"), CapContext(563, member_id=ANN, visits=20, treadmill="BB"), False),
        (row(CapScope.TREADMILL, 100, "AA"), CapContext(563, member_id=ANN, visits=20, treadmill="AA"), True),
        (row(CapScope.VISITS, 100, "4"), CapContext(563, member_id=ANN, visits=3), True),
        (row(CapScope.VISITS, 100, "4"), CapContext(563, member_id=ANN, visits=4), False),
        (row(CapScope.AGE, 100, "65+"), CapContext(563, member_id=ANN, visits=20, age_band=AgeBand.OLDER), True),
        (row(CapScope.AGE, 100, "65+"), CapContext(563, member_id=ANN, visits=20, age_band=AgeBand.ADULT), False),
        (row(CapScope.GUEST, 100), CapContext(563, member_id=ANN, visits=20), False),
        (row(CapScope.GUEST, 100), CapContext(563), True),
    ],
)
def test_a_cap_holds_only_for_what_it_is_about(cap, context, holds):
    assert (effective([cap], context).speed_ckmh == 100) is holds


def test_the_coaching_rules_hold_until_staff_replace_them():
    first_visit = CapContext(config_ckmh=563, member_id=ANN, visits=0)
    assert effective([], first_visit).speed_ckmh == ckmh_from_mph("1.0")
    assert effective([], first_visit).source is Source.VISITS
    assert effective([row(CapScope.VISITS, 200, "4")], first_visit).speed_ckmh == 200


def allowed(speed_ckmh, reason="progress", key=ANN):
    return replace(row(CapScope.MEMBER, speed_ckmh, key), reason=reason)


@pytest.mark.parametrize(
    ("rows", "speed_ckmh", "source"),
    [
        ([], 241, Source.AGE),
        ([allowed(320)], 320, Source.MEMBER),
        ([allowed(320, "")], 241, Source.AGE),  # a lowered cap: nobody has allowed more
        ([allowed(200)], 200, Source.MEMBER),
        ([allowed(320), replace(row(CapScope.AGE, 250, "65+"), set_ms=1)], 250, Source.AGE),
        ([allowed(320, key="other")], 241, Source.AGE),
    ],
)
def test_the_rules_own_cap_for_65_gives_way_to_what_staff_have_allowed_this_member(rows, speed_ckmh, source):
    found = effective(rows, CapContext(563, member_id=ANN, visits=20, age_band=AgeBand.OLDER))
    assert (found.speed_ckmh, found.source) == (speed_ckmh, source)


def test_the_commissioned_limit_and_a_screening_limit_hold_besides():
    assert effective([], CapContext(563, machine_ckmh=200, member_id=ANN, visits=9)).source is Source.MACHINE
    found = effective([], CapContext(563, screening_ckmh=161, member_id=ANN, visits=9))
    assert (found.speed_ckmh, found.source) == (161, Source.SCREENING)


def test_the_lowest_slope_wins_by_itself():
    rows = [row(CapScope.GYM, 400, incline_dpct=30), row(CapScope.MEMBER, 250, ANN, incline_dpct=10)]
    found = effective(rows, OPEN)
    assert (found.incline_dpct, found.incline_source) == (10, Source.MEMBER)


def test_on_a_slope_the_slope_cap_holds():
    assert at_slope([], 0, 500) == 500
    assert at_slope([], 10, 500) == ckmh_from_mph("2.0")
    assert at_slope([row(CapScope.INCLINE, 150, "30")], 20, 500) == ckmh_from_mph("2.0")
    assert at_slope([row(CapScope.INCLINE, 150, "30")], 30, 500) == 150


def test_a_cap_lowered_in_mid_walk_acts_at_once_and_a_raised_one_waits():
    at_start = effective([row(CapScope.GYM, 300)], OPEN).speed_ckmh
    assert lowered(at_start, [row(CapScope.GYM, 200)], OPEN).speed_ckmh == 200
    assert lowered(at_start, [row(CapScope.GYM, 500)], OPEN).speed_ckmh == 300


# ------------------------------------------------------------------------------------------------- changing


def change(store, scope=CapScope.GYM, key="", speed=None, incline=None, reason="", signers=(), limit=None):
    actor = Actor("shell (pi)", tuple(signers))

    def work(connection):
        planned = plan_change(
            rows_of.every(connection),
            scope,
            key,
            speed_ckmh=speed,
            incline_dpct=incline,
            at=moment(),
            actor=actor,
            reason=reason,
            limit_ckmh=limit,
        )
        apply_change(connection, store.ids, planned, at=moment(), actor=actor, reason=reason)
        return planned

    return store.writer.run(work).result()


def test_lowering_needs_no_reason_and_raising_does(tmp_path):
    with opened(tmp_path) as store:
        assert not change(store, speed=300).raises
        assert not change(store, speed=200).raises
        with pytest.raises(StoreError, match="--reason"):
            change(store, speed=250)
        assert change(store, speed=250, reason="asked").raises


def test_taking_a_cap_away_is_raising_it(tmp_path):
    with opened(tmp_path) as store:
        change(store, speed=200)
        with pytest.raises(StoreError, match="--reason"):
            change(store)
        assert change(store, reason="moved").after is None
        assert store.reader.ask(rows_of.every).result() == ()


def test_up_to_3_mph_one_pin_signs_and_up_to_3_5_two_different_ones(tmp_path):
    with opened(tmp_path) as store:
        change(store, speed=200)
        with pytest.raises(StoreError, match="one staff member"):
            change(store, speed=400, reason="asked")
        change(store, speed=400, reason="asked", signers=[staff("Olga")])
        with pytest.raises(StoreError, match="two different"):
            change(store, speed=563, reason="asked", signers=[staff("Olga")])
        with pytest.raises(StoreError, match="two different"):
            change(store, speed=563, reason="asked", signers=[staff("Olga"), staff("Olga")])
        change(store, speed=563, reason="asked", signers=[staff("Olga"), staff("Samuel")])
        entry = store.reader.ask(audit.last).result()[0]
        assert (entry.who, entry.action, entry.reason) == ("Olga, Samuel", "cap raised", "asked")
        assert "4.00 km/h" in entry.before
        assert "5.63 km/h" in entry.after


@pytest.mark.parametrize("speed", [0, 49, 564, 9900, -1])
def test_a_cap_nobody_can_have_is_refused_with_the_range(tmp_path, speed):
    with opened(tmp_path) as store, pytest.raises(StoreError, match=r"0\.5 to 5\.63"):
        change(store, speed=speed)


def test_none_is_above_the_commissioned_limit(tmp_path):
    with opened(tmp_path) as store, pytest.raises(StoreError, match="commissioned limit"):
        change(store, CapScope.TREADMILL, "AA", speed=300, limit=200)


def test_raising_a_default_of_the_coaching_rules_counts_as_raising(tmp_path):
    with opened(tmp_path) as store:
        with pytest.raises(StoreError, match="--reason"):
            change(store, CapScope.GUEST, speed=200)
        assert not change(store, CapScope.GUEST, speed=100).raises


def test_slope_and_speed_keep_each_other_when_only_one_is_given(tmp_path):
    with opened(tmp_path) as store:
        change(store, speed=200, incline=20)
        change(store, incline=10)
        (cap,) = store.reader.ask(rows_of.every).result()
        assert (cap.speed_ckmh, cap.incline_dpct) == (200, 10)


def test_a_refused_change_leaves_neither_row_nor_audit(tmp_path):
    with opened(tmp_path) as store:
        with pytest.raises(StoreError):
            change(store, CapScope.GUEST, speed=300)
        assert store.reader.ask(rows_of.every).result() == ()
        assert store.reader.ask(audit.last).result() == ()


def test_a_members_cap_goes_with_the_member(tmp_path):
    with opened(tmp_path) as store:
        member = store.writer.run(lambda c: members.add(c, store.ids.new(0), moment())).result()
        change(store, CapScope.MEMBER, member.id, speed=150)
        store.writer.run(lambda c: c.exec_driver_sql("DELETE FROM member")).result()
        assert store.reader.ask(rows_of.every).result() == ()


def test_defaults_are_in_range():
    assert all(50 <= cap.speed_ckmh <= 563 for cap in DEFAULTS)


@pytest.mark.parametrize(
    ("open_ckmh", "signers"), [(200, 0), (322, 0), (483, 1), (563, 2)], ids=["2.0 km/h", "2.0", "3.0", "3.5"]
)
def test_a_speed_cap_taken_away_or_undone_wants_the_pins_that_what_holds_without_it_would(open_ckmh, signers):
    def changed(rows, speed, incline=None):
        return plan_change(
            rows, CapScope.GYM, "", speed_ckmh=speed, incline_dpct=incline, at=moment(), actor=Actor("Olga"),
            reason="r", open_ckmh=open_ckmh,
        )  # fmt: skip

    lowered = changed((), 150)
    assert (lowered.raises, lowered.signers) == (False, 0)
    gone = changed((lowered.after,), None)
    assert (gone.raises, gone.signers) == (True, signers)
    undone = plan_return(lowered, at=moment(), actor=Actor("Olga"), reason="r", open_ckmh=open_ckmh)
    assert (undone.raises, undone.signers) == (True, signers)
    flat = changed((), None, 10)
    assert changed((flat.after,), None, 50).signers == 0, "a slope is no speed"
