"""What the session asks the record, on a real database: codes, PINs, consent, screening, history, caps, health."""

import json
from decimal import Decimal

import pytest

from kiosk.archive import StoreArchive
from kiosk.coach.levels import code_of
from kiosk.coach.plan import Choice
from kiosk.coach.screening import Outcome, Result
from kiosk.session.actions import (
    FindMember,
    Join,
    KeepDays,
    Record,
    RecordConsent,
    RecordScreening,
    RecordWhy,
    TryPin,
    Unjoin,
)
from kiosk.session.model import CapsRead, Found, Joined, LeftOpen, PinTried, RecordHealth
from kiosk.staff import audit, pin
from kiosk.staff.desk.errands import Answered, Run
from kiosk.staff.desk.noted import Note
from kiosk.store.export import member_json
from kiosk.store.kinds import AgeBand, CapScope, Role, SessionState
from kiosk.store.moment import DAY_MS, LOOK_S, SimulatedWallClock, WallClock
from kiosk.store.records import Cap, Closing, EventIn, Opening, Ratings, StoreError
from kiosk.store.repositories import caps, events, members, sessions
from tests.support.desk import SCREENING
from tests.support.record import START_MS, START_S, moment, opened, opening, walk

NOW = START_S


@pytest.fixture
def store(tmp_path):
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def archive(store):
    return StoreArchive(store, SimulatedWallClock(START_MS, START_S), SCREENING, threaded=False, wants_owner=False)


@pytest.fixture
def member(store):
    member_id = store.ids.new(START_MS)
    store.writer.run(lambda c: members.add(c, member_id, moment(), code="482951", name="Ada Example")).result()
    return member_id


def ask(archive, code, now=NOW):
    archive.do(FindMember(code), now)
    (answer,) = [event for event in archive.poll(now) if isinstance(event, Found)]
    return answer


def walked(archive, member_id, at, *, choice, minutes=5, effort=3, state=SessionState.COMPLETED):
    session = archive.new_id(at)
    archive.do(Record(Opening(session, "P2", code_of(choice), 200, "config", member_id, plan_s=300.0)), at)
    archive.do(Record(Closing(session, state, "plan_done", minutes * 60.0, 100.0, 161, 90)), at + minutes * 60)
    archive.do(Record(Ratings(session, effort=effort, pain_before=1, pain_peak=2, pain_after=1)), at)
    return session


def test_an_unknown_code_finds_nobody_and_a_known_one_shows_the_first_name_alone(archive, member):
    assert ask(archive, "000000") == Found(None)
    person = ask(archive, "482951").person
    assert person is not None
    assert (person.id, person.label, person.consented, person.history) == (member, "Ada", False, ())
    assert "482951" not in repr(person)


def test_a_member_without_a_name_is_shown_by_the_end_of_the_code(archive, store):
    store.writer.run(lambda c: members.add(c, store.ids.new(START_MS), moment(), code="482952")).result()
    person = ask(archive, "482952").person
    assert person is not None
    assert person.label == "••••52"


def test_the_days_of_a_members_own_week_come_back_and_go_with_them(archive, store, member):
    assert ask(archive, "482951").person.days == ()
    archive.do(KeepDays(member, (1, 3, 5)), NOW)
    assert ask(archive, "482951").person.days == (1, 3, 5)
    archive.do(KeepDays(member, ()), NOW)
    assert ask(archive, "482951").person.days == ()
    archive.do(KeepDays(member, (2,)), NOW)
    exported = store.writer.run(lambda c: member_json(c, members.by_id(c, member), START_MS)).result()
    assert json.loads(exported)["own_days"] == [2]
    other = store.ids.new(START_MS)
    store.writer.run(lambda c: members.add(c, other, moment(), code="482953")).result()
    store.writer.run(lambda c: members.merge(c, other, member, START_MS)).result()
    assert ask(archive, "482953").person.days == (2,)
    store.writer.run(lambda c: members.erase(c, other, START_MS)).result()
    archive.do(KeepDays(other, (4,)), NOW)  # comes too late: nothing of who is gone is kept
    left = store.writer.run(
        lambda c: c.exec_driver_sql("SELECT key FROM meta WHERE key LIKE 'days:%'").all()
    ).result()
    assert left == []


def test_history_comes_back_as_it_was_walked_oldest_first(archive, member):
    first = Choice("main", Decimal("1.0"), main_s=120)
    second = Choice("step", Decimal("1.0"), new_mph=Decimal("1.2"), declined=True)
    archive.do(RecordConsent(member), NOW)
    walked(archive, member, NOW, choice=first)
    last = walked(archive, member, NOW + 3 * 86400, choice=second, state=SessionState.STOPPED)
    archive.do(RecordWhy(last, "tired"), NOW)
    person = ask(archive, "482951", NOW + 4 * 86400).person
    assert person is not None
    assert [visit.choice for visit in person.history] == [first, second]
    assert [(v.completed, v.why, v.effort, v.pain_after, v.top_ckmh) for v in person.history] == [
        (True, "", 3, 1, 161),
        (False, "tired", 3, 1, 161),
    ]
    assert person.last_session_id == last
    assert (person.history[1].day - person.history[0].day).days == 3
    archive.do(Record(Ratings(last, worse_next_morning=True)), NOW)
    again = ask(archive, "482951", NOW + 4 * 86400).person
    assert again is not None
    assert again.history[1].worse_next_morning


@pytest.mark.parametrize(
    ("result", "days", "valid", "forbidden"),
    [
        (Result.CLEAR, 181, True, False),
        (Result.CLEAR, 183, False, False),
        (Result.GATE, 89, True, False),
        (Result.GATE, 91, False, False),
        (Result.FORBID, 400, True, True),
    ],
)
def test_a_screening_holds_as_long_as_its_outcome_allows(archive, member, result, days, valid, forbidden):
    archive.do(RecordScreening(member, Outcome(result, reasons=("knee",)), "Kim"), NOW)
    person = ask(archive, "482951", NOW + days * 86400).person
    assert person is not None
    assert (person.screened_until_ms is not None, person.forbidden) == (valid, forbidden)


def test_of_the_answers_only_outcome_signer_limit_and_age_band_are_kept(archive, store, member):
    outcome = Outcome(Result.GATE, Decimal("1.0"), frozenset({"older", "fall"}), 3, ("age_65", "cane"))
    archive.do(RecordScreening(member, outcome, "Kim"), NOW)
    person = ask(archive, "482951").person
    assert person is not None
    assert (person.age_band, person.screening_limit_ckmh) == (AgeBand.OLDER, 161)
    kept = store.reader.ask(lambda c: members.last_screening(c, member)).result()
    assert kept is not None
    assert (kept.outcome, kept.limit_ckmh, kept.signer) == ("gate", 161, "Kim")
    assert "cane" not in repr(kept)


def test_not_today_is_of_today_and_nothing_is_kept(archive, store, member):
    archive.do(RecordScreening(member, Outcome(Result.NOT_TODAY), ""), NOW)
    assert store.reader.ask(lambda c: members.last_screening(c, member)).result() is None


def test_a_staff_pin_opens_and_a_wrong_one_counts(archive, store):
    store.writer.run(
        lambda c: pin.add_account(c, store.ids, moment(), name="Kim", role=Role.OWNER, pin="394817", by=None)
    ).result()
    archive.do(TryPin("394817"), NOW)
    archive.do(TryPin("111999"), NOW)
    tried = [(e.who, e.account.name if e.account else "") for e in archive.poll(NOW) if isinstance(e, PinTried)]
    assert tried == [("Kim", "Kim"), ("", "")]
    for second in range(6):
        archive.do(TryPin("111999"), NOW + second)
    *_, last = [e for e in archive.poll(NOW) if isinstance(e, PinTried)]
    assert last.who == ""
    assert last.wait_s > 50


def test_caps_are_news_once(archive, store):
    assert CapsRead(()) in archive.poll(NOW)
    store.writer.run(lambda c: caps.put(c, Cap(CapScope.GYM, "", 120, None, START_MS, "Kim", "wet floor"))).result()
    store.reader.look_now()
    (news,) = archive.poll(NOW)
    assert isinstance(news, CapsRead)
    assert news.caps[0].speed_ckmh == 120
    assert archive.poll(NOW) == []


def test_the_guards_black_box_finds_its_event(archive, store):
    archive.do(Record(EventIn("trip", cause="clip", guard_event=7)), NOW)
    archive.keep_box(7, b"ticks", NOW + 12)
    archive.keep_box(8, b"of an event that nobody recorded", NOW + 12)
    (boxed,) = store.reader.ask(events.with_black_box).result()
    assert boxed.cause == "clip"


def test_a_record_that_does_not_answer_is_not_a_wrong_code(archive, store, member):
    store.writer.run(lambda c: c.exec_driver_sql("ALTER TABLE member RENAME TO gone")).result()
    assert ask(archive, "482951") == Found(None, broken=True)


def test_a_writer_that_is_closed_breaks_no_session_and_says_what_it_does_not_keep(archive, store):
    entry = Note("Kim", "reset", "treadmill")
    store.writer.close()
    walk = guests_walk(archive)
    assert joins(archive, walk, consent=True) == "", "nobody is handed a code that is not on record"
    archive.do(Run(entry), NOW)
    assert Answered(entry, refused="staff.no_record") in archive.poll(NOW)
    assert store.reader.ask(lambda c: sessions.by_id(c, walk)).result() is None
    assert store.writer.health().dropped == 2, "the walk's opening and its end, counted as given up"


def test_a_clock_that_nobody_has_set_is_said_unless_the_world_is_simulated(store):
    wall = WallClock(lambda: START_MS, lambda: False)
    for watch, banner in ((True, "clock"), (False, None)):
        archive = StoreArchive(store, wall, SCREENING, threaded=False, watch_clock=watch, wants_owner=False)
        said = [event.banner for event in archive.poll(NOW) if isinstance(event, RecordHealth)]
        assert said == ([] if banner is None else [banner])


def test_a_clock_that_was_set_once_is_trusted_and_before_that_is_looked_at_now_and_then():
    looks = iter([False, True])
    wall = WallClock(lambda: START_MS, lambda: next(looks), floor_ms=START_MS + 5)
    assert [wall.moment(NOW + s).trusted for s in (0.0, 1.0, LOOK_S, LOOK_S + 1, 9 * LOOK_S)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert wall.moment(NOW + 99).utc_ms == START_MS


def test_a_clock_behind_the_last_session_goes_on_from_there_until_somebody_sets_it():
    now_s, looks = [NOW], [False]
    behind = [START_MS - DAY_MS]
    wall = WallClock(lambda: behind[0], lambda: looks[0])
    wall.raise_floor(START_MS)
    seen = []
    for _ in range(3):
        seen.append(wall.moment(now_s[0]).utc_ms - START_MS)
        wall.raise_floor(START_MS + seen[-1])
        now_s[0] += 60
        behind[0] += 60_000
    assert seen == [0, 60_000, 120_000]
    behind[0] = 0
    assert wall.moment(now_s[0]).utc_ms == START_MS + 120_000, "set back once more: not before what is on record"
    looks[0], behind[0] = True, START_MS + 7
    assert wall.moment(now_s[0] + LOOK_S).utc_ms == START_MS + 7


def joins(archive, session, *, consent, now=NOW):
    ratings = Ratings(session, effort=4, pain_before=1, pain_peak=2, pain_after=2)
    archive.do(Join(session, "de", consent, ratings, "tired"), now)
    (answer,) = [event for event in archive.poll(now) if isinstance(event, Joined)]
    return answer.code


@pytest.mark.parametrize("then", ["erased", "scores erased", "agrees"])
def test_what_is_said_of_health_is_kept_only_while_the_member_agrees(archive, store, member, then):
    store.writer.run(lambda c: members.give_consent(c, member, START_MS)).result()
    session = archive.new_id(NOW)
    archive.do(Record(Opening(session, "P1", code_of(Choice("1")), 113, "config", member, plan_s=280.0)), NOW)
    forget = {"erased": members.erase, "scores erased": members.withdraw_consent}.get(then)
    if forget is not None:
        store.writer.run(lambda c: forget(c, member, START_MS + 1)).result()
    archive.do(RecordWhy(session, "pain"), NOW)
    archive.do(Record(Ratings(session, effort=4, dizzy=True)), NOW)
    kept = store.reader.ask(lambda c: sessions.by_id(c, session)).result()
    assert (kept.why, kept.effort, kept.dizzy) == {
        "erased": (None, None, None),
        "scores erased": (None, None, True),
        "agrees": ("pain", 4, True),
    }[then], "chest pain locks the member also without scores"


def test_what_is_said_at_the_kiosk_is_theirs_whom_staff_merged_the_code_into_meanwhile(archive, store, member):
    other = store.ids.new(START_MS)
    store.writer.run(lambda c: members.add(c, other, moment(), code="482952")).result()
    assert ask(archive, "482952").person is not None

    def merge(connection):
        members.merge(connection, member, other, START_MS)
        about = {"subject": f"member {member}", "before": f"member {other}"}
        audit.note(connection, store.ids, moment(), who="shell", action="members merged", **about)

    store.writer.run(merge).result()
    session = archive.new_id(NOW)
    archive.do(Record(Opening(session, "P1", code_of(Choice("1")), 113, "config", other, plan_s=280.0)), NOW)
    archive.do(RecordScreening(other, Outcome(Result.FORBID), ""), NOW)
    person = ask(archive, "482951").person
    assert (person.forbidden, person.last_session_id) == (True, session)
    archive.do(RecordScreening(store.ids.new(START_MS), Outcome(Result.FORBID), ""), NOW)
    assert store.writer.health().dropped == 0, "one who was erased is no error"


def guests_walk(archive):
    session = archive.new_id(NOW)
    archive.do(Record(Opening(session, "P1", code_of(Choice("1")), 113, "config", None, plan_s=280.0)), NOW)
    archive.do(Record(Closing(session, SessionState.STOPPED, "member_stop", 90.0, 20.0, 80, 80)), NOW + 95)
    return session


def test_a_guest_who_joins_has_a_code_the_walk_and_with_consent_its_scores(archive, store):
    session = guests_walk(archive)
    code = joins(archive, session, consent=True)
    person = ask(archive, code).person
    assert person is not None
    assert (person.consented, person.language, person.last_session_id) == (True, "de", session)
    (visit,) = person.history
    assert (visit.walked_s, visit.effort, visit.pain_after, visit.why) == (90.0, 4, 2, "tired")


def test_a_guest_who_joins_and_says_no_to_scores_has_the_walk_alone(archive):
    code = joins(archive, guests_walk(archive), consent=False)
    person = ask(archive, code).person
    assert person is not None
    assert not person.consented
    (visit,) = person.history
    assert (visit.walked_s, visit.effort, visit.pain_before, visit.pain_after, visit.why) == (
        90.0,
        None,
        None,
        None,
        "",
    )


def test_two_guests_who_join_get_two_codes_and_their_own_walk_each(archive):
    one, other = guests_walk(archive), guests_walk(archive)
    codes = [joins(archive, session, consent=False) for session in (one, other)]
    assert len(set(codes)) == 2
    assert [ask(archive, code).person.last_session_id for code in codes] == [one, other]


def test_a_record_that_cannot_make_a_member_says_so_and_the_walk_stays_a_guests(archive, store, monkeypatch):
    session = guests_walk(archive)

    def full(*_, **__):
        raise StoreError("No free member code was found. Erase members who have left.")

    monkeypatch.setattr(members, "add", full)
    assert joins(archive, session, consent=True) == ""
    kept = store.reader.ask(lambda c: sessions.last(c, 1)).result()[0]
    assert (kept.id, kept.member_id, kept.effort) == (session, None, None)


def test_a_code_that_nobody_read_is_nobodys_and_the_walk_is_a_guests_again(archive, store):
    session = guests_walk(archive)
    code = joins(archive, session, consent=True)
    archive.do(Unjoin(code), NOW)
    assert ask(archive, code).person is None
    kept = store.reader.ask(lambda c: sessions.last(c, 1)).result()[0]
    assert (kept.id, kept.member_id, kept.effort, kept.why) == (session, None, None, None)


@pytest.mark.parametrize(("away_s", "told"), [(5.0, True), (890.0, True), (960.0, False)])
def test_a_session_cut_off_a_moment_ago_is_told_with_its_treadmill_once(tmp_path, away_s, told):
    with opened(tmp_path) as store:
        begun = opening(store.ids, moment())
        store.writer.open_session(begun, moment())
    with opened(tmp_path, moment(away_s)) as store:
        wall = SimulatedWallClock(START_MS, START_S)
        archive = StoreArchive(store, wall, SCREENING, threaded=False, wants_owner=False)
        heard = [event for event in archive.poll(START_S + away_s) if isinstance(event, LeftOpen)]
        assert heard == ([LeftOpen(begun.treadmill)] if told else [])
        assert begun.treadmill
        assert not [event for event in archive.poll(START_S + away_s + 1) if isinstance(event, LeftOpen)]


def test_a_session_that_was_closed_leaves_nothing_open(tmp_path):
    with opened(tmp_path) as store:
        walk(store, 5)
    with opened(tmp_path, moment(5)) as store:
        archive = StoreArchive(store, SimulatedWallClock(START_MS, START_S), SCREENING, threaded=False)
        assert not [event for event in archive.poll(START_S + 5) if isinstance(event, LeftOpen)]
