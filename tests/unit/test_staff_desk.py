"""The staff's desk: who may do what there, what is asked before it is done, and what is left of it afterwards."""

from dataclasses import replace
from datetime import date

import pytest

from hardware.units import ckmh_from_mph
from kiosk.archive import find_person
from kiosk.coach.standing import FastTrack
from kiosk.intents import DESK_SCREENS, Intent, IntentKind, ScreenId
from kiosk.session import desk as over_session
from kiosk.session.model import OwnerNeeded, PinTried
from kiosk.staff import pin
from kiosk.staff.desk import flow
from kiosk.staff.desk.asking import LETTERS, REASONS
from kiosk.staff.desk.errands import Read, Run
from kiosk.staff.desk.exporting import span
from kiosk.staff.desk.places import sticks
from kiosk.staff.desk.tiles import TILES
from kiosk.store.kinds import CapScope, Role, Screened
from kiosk.store.records import Cap, Closing, Opening, SessionState, Staff
from kiosk.store.repositories import caps, members, sessions
from tests.support.at_desk import ADDRESS, NOW_MS, PINS, Staffed, furnish, status
from tests.support.desk import CONTENT, Desk, gated


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    return furnish(tmp_path_factory.mktemp("furnished"))


@pytest.fixture
def staffed(tmp_path, furnished):
    made = []

    def open_one(*args, **kwargs):
        made.append(Staffed(tmp_path / str(len(made)), *args, furnished=furnished, **kwargs))
        return made[-1]

    yield open_one
    for one in made:
        one.close()
    assert CONTENT.texts["en"].missed == set()  # every word that was shown is in the catalogue


def cap_of(desk, scope=CapScope.GYM, key=""):
    return desk.read(lambda c: caps.one(c, scope, key))


def set_cap(desk, speed_ckmh, scope=CapScope.GYM, key=""):
    desk.write(lambda c: caps.put(c, Cap(scope, key, speed_ckmh, None, NOW_MS - 1000, "Kim", "assessed")))


def member(desk, code="417926", name=None):
    return desk.write(lambda c: members.add(c, desk.store.ids.new(NOW_MS), desk.at, code=code, name=name))


def walk(desk, member_id, day, variant="1"):
    """A clean visit of First Steps."""
    at_ms = NOW_MS + day * 86_400_000
    session_id = desk.store.ids.new(at_ms)
    at = type(desk.at)(desk.now_s, at_ms)
    writer = desk.store.writer
    writer.open_session(Opening(session_id, "P1", variant, 161, "visits", member_id, plan_s=280.0), at)
    writer.close_session(Closing(session_id, SessionState.COMPLETED, "plan_done", 280.0, 60.0, 113, 90), at)
    from kiosk.store.records import Ratings

    writer.rate(Ratings(session_id, effort=2, pain_before=0, pain_peak=0, pain_after=0))
    writer.drain()
    return session_id


# ------------------------------------------------------------------------------------------- first start, sign-in


def test_the_first_start_makes_the_owner_and_signs_them_in(staffed):
    desk = staffed(None)
    assert desk.screen == "staff_setup"
    desk.touch("next").letters("olga")
    desk.digits("394817").digits("394817")
    assert desk.screen == "staff_menu"
    assert (desk.desk.who.name, desk.desk.who.role) == ("Olga", Role.OWNER)
    assert desk.pins.sign_in("394817", desk.at).result().staff is not None
    assert [entry.action for entry in desk.audit()][-1] == "account added"


@pytest.mark.parametrize("weak", ["123456", "654321", "111111", "121212", "123123"])
def test_a_weak_pin_is_refused_with_a_sentence_and_asked_again(staffed, weak):
    desk = staffed(None)
    desk.touch("next").letters("o")
    desk.digits(weak)
    assert desk.screen == "staff_pad"
    assert "too easy" in desk.view.message
    desk.digits("394817").digits("394817")
    assert desk.screen == "staff_menu"


def test_two_pins_that_differ_are_asked_for_again(staffed):
    desk = staffed(None)
    desk.touch("next").letters("o")
    desk.digits("394817").digits("394818")
    assert "not the same" in desk.view.message
    assert desk.read(pin.every) == ()


def test_before_the_first_account_a_touch_leads_to_making_it_and_nowhere_else():
    desk = Desk()
    desk.step(OwnerNeeded(True))
    assert desk.shown.set_up_first
    desk.touch("wake")
    assert (desk.screen, desk.shown.screen) == (ScreenId.ATTRACT, ScreenId.STAFF_SETUP)
    desk.run(61)
    assert desk.shown.screen is ScreenId.ATTRACT
    desk.step(OwnerNeeded(False))
    desk.touch("wake")
    assert desk.screen is ScreenId.WHO


def test_a_pin_at_attract_opens_the_desk_and_nobody_stays_signed_in():
    desk = Desk()
    desk.touch("staff")
    desk.code("246810")
    assert desk.shown.screen is ScreenId.STAFF_MENU
    assert desk.shown.staff.who == "Kim"
    desk.run(30)
    assert desk.shown.staff.left_s in (29, 30, 31)
    desk.touch("stay")
    assert desk.shown.staff.left_s >= 59
    desk.run(61)
    assert desk.shown.screen is ScreenId.ATTRACT
    desk.touch("staff")
    desk.code("246810")
    desk.touch("sign_out")
    assert desk.shown.screen is ScreenId.ATTRACT
    assert desk.state.desk is None


def test_a_pin_without_an_account_gives_the_least_rights():
    assert over_session.account_of(PinTried("Kim")).role is Role.STAFF
    assert over_session.account_of(PinTried("")) is None


def test_a_latched_stop_is_shown_again_when_the_desk_is_left():
    from hardware.link.messages import Cause

    desk = Desk()
    desk.touch("staff")
    desk.code("246810")
    desk.guard.trip(Cause.RED_BUTTON)
    desk.run(1)
    assert desk.shown.screen is ScreenId.STAFF_MENU
    desk.touch("sign_out")
    assert desk.shown.screen is ScreenId.OUT_OF_SERVICE


def test_a_touch_meant_for_the_page_before_is_dropped(staffed):
    desk = staffed()
    desk.tile("caps")
    desk.step(Intent(IntentKind.OPEN, 0))
    assert desk.screen == "staff_caps"


def test_every_page_of_the_menu_is_leafed_through_both_ways(staffed):
    desk = staffed()
    for tile in TILES:
        desk.tile(tile.key)
        turned = [desk.touch(way).view.page for way in ("next", "next", "previous", "previous", "previous")]
        assert turned == [1, 2, 1, 0, -1], tile.key
        desk.touch("back")


# ------------------------------------------------------------------------------------------------- accounts


def test_only_an_owner_adds_and_retires_and_everybody_changes_their_own_pin(staffed):
    desk = staffed("Kim")
    desk.tile("accounts")
    assert [row.cells[0] for row in desk.view.rows] == ["Kim"]
    assert desk.view.buttons == ()
    desk.touch("confirm")
    assert desk.screen == "staff_accounts"
    desk.row("Kim")
    assert [button.label for button in desk.view.actions] == ["New PIN"]
    desk.action("New PIN").digits("928374").digits("928374")
    assert desk.view.message == "The PIN is changed."
    assert desk.pins.sign_in("928374", desk.at).result().staff is not None


def test_an_owner_adds_an_account_by_name_role_and_pin(staffed):
    desk = staffed()
    desk.tile("accounts").touch("confirm").letters("rosa")
    desk.choose("Physio")
    desk.digits("928374").digits("928374")
    assert desk.view.message.startswith("The account is there")
    found = {staff.name: staff.role for staff in desk.read(pin.every)}
    assert found["Rosa"] is Role.PHYSIO


def test_somebody_elses_pin_gets_the_same_answer_as_a_weak_one(staffed):
    desk = staffed("Olga")
    desk.tile("accounts").touch("confirm").letters("bo")
    desk.choose("Staff")
    desk.digits(PINS["Kim"]).digits(PINS["Kim"])
    assert desk.view.message == "That PIN is too easy or is taken. Choose another."


def test_the_last_owner_cannot_be_retired_and_a_retired_pin_opens_nothing(staffed):
    desk = staffed("Olga")
    desk.tile("accounts").row("Olga").action("Take out of use").touch("hold")
    assert "last owner" in desk.view.message
    desk.touch("back").row("Kim").action("Take out of use").touch("hold")
    assert desk.screen == "staff_accounts"
    assert desk.pins.sign_in(PINS["Kim"], desk.at).result().staff is None


# ------------------------------------------------------------------------------------------------- caps


def test_the_lowest_cap_that_holds_for_everybody_is_named_and_marked(staffed):
    desk = staffed()
    set_cap(desk, 402)
    set_cap(desk, 322, CapScope.TREADMILL, ADDRESS)
    desk.tile("caps")
    assert desk.view.text == "In force for everybody here: 2.00 mph (this treadmill)."
    assert [row.cells[0] for row in desk.view.rows if row.tone.value == "good"] == ["This treadmill"]


def test_lowering_is_one_touch_and_is_audited_with_before_and_after(staffed):
    desk = staffed("Kim")
    set_cap(desk, 300)
    desk.tile("caps").row("Whole gym").touch("step", -1)
    assert desk.view.button.hold is False
    desk.touch("confirm")
    assert desk.screen == "staff_caps"
    assert cap_of(desk).speed_ckmh == 290
    entry = desk.audit()[0]
    assert (entry.who, entry.action, entry.before, entry.after) == (
        "Kim", "cap set", "3.00 km/h (1.9 mph)", "2.90 km/h (1.8 mph)",
    )  # fmt: skip
    assert desk.view.message == "1.80 mph from now on, also on a walk under way."


def test_raising_is_held_and_wants_a_reason(staffed):
    desk = staffed("Kim")
    set_cap(desk, 300)
    desk.tile("caps").row("Whole gym").touch("step", 1)
    assert desk.view.button.hold is True
    desk.touch("confirm")
    assert (desk.screen, cap_of(desk).speed_ckmh) == ("staff_cap", 300)
    desk.touch("hold")
    assert desk.screen == "staff_pick"
    assert cap_of(desk).speed_ckmh == 300
    desk.choose("Walks well at this level")
    assert cap_of(desk).speed_ckmh == 310
    assert (desk.audit()[0].action, desk.audit()[0].reason) == ("cap raised", "progress")


def test_nothing_goes_above_the_commissioned_limit(staffed):
    desk = staffed(cap_ckmh=200)
    set_cap(desk, 190)
    desk.tile("caps").row("Whole gym")
    for _ in range(5):
        desk.touch("step", 1)
    assert not desk.view.higher
    desk.touch("hold").choose("Assessed in person")
    assert cap_of(desk).speed_ckmh == 200


def test_above_three_mph_another_person_has_to_sign(staffed):
    desk = staffed("Olga")
    set_cap(desk, ckmh_from_mph("3.0"))
    desk.tile("caps").row("Whole gym").touch("step", 1)
    assert "second person" in desk.view.note
    desk.touch("hold").choose("Assessed in person")
    desk.digits(PINS["Olga"])
    assert desk.view.message == "That is your own PIN. Another person is wanted."
    assert cap_of(desk).speed_ckmh == ckmh_from_mph("3.0")
    desk.digits(PINS["Kim"])
    assert cap_of(desk).speed_ckmh == 490
    assert desk.audit()[0].who == "Kim, Olga"


def test_taking_the_cap_away_where_more_than_three_mph_hold_without_it_wants_another_person_too(staffed):
    desk = staffed("Olga")
    set_cap(desk, 300)
    desk.tile("caps").row("Whole gym").touch("hold", 1).choose("Assessed in person")
    assert cap_of(desk).speed_ckmh == 300
    desk.digits(PINS["Kim"])
    assert cap_of(desk) is None
    slow = staffed("Olga", cap_ckmh=400)
    set_cap(slow, 300)
    slow.tile("caps").row("Whole gym").touch("hold", 1).choose("Assessed in person")
    assert cap_of(slow) is None


def test_a_wrong_second_pin_counts_and_locks(staffed):
    desk = staffed("Olga")
    set_cap(desk, ckmh_from_mph("3.0"))
    desk.tile("caps").row("Whole gym").touch("step", 1).touch("hold").choose("Assessed in person")
    for _ in range(5):
        desk.digits("604276")
    assert desk.view.paused_s is not None
    desk.digits(PINS["Kim"])
    assert desk.screen == "staff_pad"


def test_undo_puts_the_last_change_back_and_holding_is_asked_where_that_raises(staffed):
    desk = staffed()
    set_cap(desk, 300)
    before = cap_of(desk)
    desk.tile("caps").row("Whole gym").touch("step", -1).touch("confirm")
    undo = desk.view.buttons[0]
    assert (undo.label, undo.hold) == ("Undo", True)
    desk.touch("confirm")
    assert cap_of(desk).speed_ckmh == 290
    desk.touch("hold")
    assert cap_of(desk).speed_ckmh == before.speed_ckmh
    assert desk.audit()[0].reason == "undo"


def test_undo_of_a_rule_that_was_only_the_coaching_default_takes_the_row_away(staffed):
    desk = staffed()
    desk.tile("caps").row("Guests").touch("step", -1).touch("confirm")
    assert cap_of(desk, CapScope.GUEST).speed_ckmh == 160
    desk.touch("hold")
    assert cap_of(desk, CapScope.GUEST) is None


def test_undo_is_refused_where_somebody_has_changed_the_cap_since(staffed):
    desk = staffed()
    set_cap(desk, 300)
    desk.tile("caps").row("Whole gym").touch("step", -1).touch("confirm")
    set_cap(desk, 250)
    desk.touch("hold")
    assert "in the meantime" in desk.view.message
    assert cap_of(desk).speed_ckmh == 250


def test_a_cap_that_was_lowered_meanwhile_is_not_raised_without_a_reason(staffed):
    desk = staffed()
    set_cap(desk, 300)
    desk.tile("caps").row("Whole gym").touch("step", -1)
    desk.write(lambda c: caps.put(c, Cap(CapScope.GYM, "", 200, None, NOW_MS, "Kim", "")))
    assert desk.view.button.hold  # what was a lowering is a rise by now
    desk.touch("confirm")
    assert cap_of(desk).speed_ckmh == 200


def test_a_program_and_a_member_get_a_cap_of_their_own(staffed):
    desk = staffed()
    anna = member(desk)
    desk.tile("caps").touch("choose", 1).digits("417926")
    assert desk.view.title == "Member 417926"
    desk.touch("step", -1).touch("confirm")
    assert cap_of(desk, CapScope.MEMBER, anna.id).speed_ckmh == 560
    assert "Member 417926" in [row.cells[0] for row in desk.view.rows]
    desk.touch("choose", 0).choose("Knee Ability").touch("step", -1).touch("confirm")
    assert cap_of(desk, CapScope.PROGRAM, "P2").speed_ckmh == 560


def test_an_unknown_code_gets_a_sentence(staffed):
    desk = staffed()
    desk.tile("caps").touch("choose", 1).digits("999999")
    assert desk.view.message == "No member has that code."


def test_the_slope_has_its_own_steps(staffed):
    desk = staffed()
    desk.tile("caps").row("Steepest slope").touch("step", -1).touch("confirm")
    assert cap_of(desk).incline_dpct == 45
    assert cap_of(desk).speed_ckmh is None


# ------------------------------------------------------------------------------------------------- members


def test_a_new_members_code_is_shown_once(staffed):
    desk = staffed("Kim")
    desk.tile("members").touch("confirm").letters("anna")
    assert desk.screen == "staff_note"
    code = desk.view.figure
    assert desk.read(lambda c: members.by_code(c, code)).name == "Anna"
    desk.touch("done")
    assert desk.screen == "staff_members"
    assert code not in " ".join(f"{e.subject} {e.before} {e.after} {e.reason}" for e in desk.audit())


def test_a_search_finds_by_code_and_by_a_part_of_the_name(staffed):
    desk = staffed()
    for n in range(30):
        member(desk, f"{417926 + 7 * n}", "Maria" if n == 5 else None)
    desk.tile("members")
    assert desk.view.text == "30 of 30 members."
    desk.touch("choose", 1).letters("ria")
    assert [row.cells[1] for row in desk.view.rows] == ["Maria"]
    desk.touch("choose", 0).digits("417926")
    assert (desk.screen, desk.view.title) == ("staff_member", "Member 417926")


def test_a_member_is_shown_with_what_comes_next_and_why_and_without_health_data(staffed):
    desk = staffed()
    anna = member(desk, name="Anna")
    walk(desk, anna.id, -4)
    desk.tile("members").row("417926")
    facts = {fact.name: fact.value for fact in desk.view.facts}
    assert facts["Next"].startswith("First Steps, ")
    assert facts["Why"] == "One small step on"
    assert facts["Walked"] == "1 in all, 1 in seven days"
    assert facts["In force now"] == "1.00 mph (first visits)"
    assert facts["Screening"] == "not yet"
    set_cap(desk, 100)
    desk.run(1)
    assert {fact.name: fact.value for fact in desk.view.facts}["In force now"] == "0.62 mph (whole gym)"
    shown = repr(desk.view)
    assert "pain" not in shown
    assert "effort" not in shown


def test_fast_track_is_offered_after_two_clean_visits_and_reaches_progression(staffed):
    desk = staffed("Kim")
    anna = member(desk)
    walk(desk, anna.id, -8)
    desk.tile("members").row("417926")
    assert "Fast track" not in [button.label for button in desk.view.actions]
    desk.touch("back")
    walk(desk, anna.id, -4, "2")
    desk.row("417926").action("Fast track")
    desk.choose("1.30 mph").choose("4 min").choose("Assessed in person")
    person = desk.read(lambda c: find_person(c, "417926", desk.at))
    assert person.fast_track == FastTrack(date.fromtimestamp(NOW_MS / 1000), person.fast_track.comfort_mph, 240)
    assert str(person.fast_track.comfort_mph) == "1.3"
    facts = {fact.name: fact.value for fact in desk.view.facts}
    assert facts["Next"].startswith("Knee Ability, ")
    assert desk.audit()[0].action == "fast track"


def test_only_a_physio_lifts_a_clinicians_lock_and_a_speed_limit_stays(staffed):
    desk = staffed("Kim")
    anna = member(desk)
    desk.tile("members").row("417926")
    assert "Clinician's yes" not in [button.label for button in desk.view.actions]
    other = staffed("Pia")
    anna = member(other)
    from kiosk.store.records import Screening

    forbid = Screening(
        other.store.ids.new(NOW_MS), anna.id, NOW_MS - 5, Screened.FORBID, 161, "", "", NOW_MS + 10**12
    )
    other.write(lambda c: members.add_screening(c, forbid))
    assert other.read(lambda c: find_person(c, "417926", other.at)).forbidden
    other.tile("members").row("417926").action("Clinician's yes").touch("hold")
    person = other.read(lambda c: find_person(c, "417926", other.at))
    assert (person.forbidden, person.screening_limit_ckmh) == (False, 161)
    assert person.cleared_on is not None
    assert other.audit()[0].who == "Pia"


def test_erasing_is_a_red_page_that_is_held_and_leaves_the_walks_as_a_guests(staffed):
    desk = staffed()
    anna = member(desk, name="Anna")
    session_id = walk(desk, anna.id, -4)
    desk.tile("members").row("417926").action("Erase").choose("The member asked for it")
    assert (desk.view.dire, desk.view.verb) == (True, "Erase")
    desk.touch("confirm")
    assert desk.read(lambda c: members.by_id(c, anna.id)) is not None
    desk.touch("hold")
    assert desk.screen == "staff_members"
    assert desk.read(lambda c: members.by_id(c, anna.id)) is None
    assert desk.read(lambda c: sessions.by_id(c, session_id)).member_id is None
    assert (desk.audit()[0].action, desk.audit()[0].reason) == ("member erased", "asked")


def test_erasing_takes_what_was_exported_into_the_folder_and_the_bytes_in_the_record(staffed, tmp_path):
    desk = staffed()
    member(desk, name="Quentina")
    desk.tile("members").row("417926").action("Export").choose("Folder on the kiosk")
    (folder,) = tmp_path.glob("*/exports")
    assert [file.suffix for file in sorted(folder.iterdir())] == [".json", ".sha256"]
    desk.action("Erase").choose("The member asked for it").touch("hold")
    assert [*folder.iterdir()] == []
    assert b"Quentina" not in (folder.parent / "retrowalk.db").read_bytes()


def test_scores_alone_can_be_erased_and_the_member_is_asked_again(staffed):
    desk = staffed()
    anna = member(desk, name="Anna")
    desk.write(lambda c: members.give_consent(c, anna.id, NOW_MS - 5))
    session_id = walk(desk, anna.id, -4)
    desk.tile("members").row("417926").action("Erase scores").choose("The member asked for it")
    assert desk.view.dire
    desk.touch("hold")
    assert desk.screen == "staff_member"
    kept = desk.read(lambda c: sessions.by_id(c, session_id))
    assert (kept.member_id, kept.effort, kept.pain_before) == (anna.id, None, None)
    person = desk.read(lambda c: find_person(c, "417926", desk.at))
    assert (person.consented, person.screened_until_ms) == (False, None)
    assert (desk.audit()[0].action, desk.audit()[0].reason) == ("health data erased", "asked")


def test_merging_keeps_the_code_that_is_shown(staffed):
    desk = staffed()
    anna, other = member(desk), member(desk, "528037")
    session_id = walk(desk, other.id, -4)
    desk.tile("members").row("417926").action("Merge").digits("528037").touch("hold")
    assert desk.read(lambda c: sessions.by_id(c, session_id)).member_id == anna.id
    desk.action("Merge").digits("417926").touch("hold")
    assert desk.view.message == "That is the same member. Type the other code."


def test_a_members_data_are_written_as_one_file_with_a_checksum(staffed, tmp_path):
    desk = staffed()
    member(desk, name="Anna")
    desk.tile("members").row("417926").action("Export")
    assert desk.view.choices[-1] == "Folder on the kiosk"
    desk.choose("Folder on the kiosk")
    (file,) = (tmp_path / "0" / "exports").glob("*.json")
    assert "Anna" in file.read_text("utf-8")
    assert file.name in desk.view.message
    assert (file.parent / f"{file.name}.sha256").exists()


# -------------------------------------------------------------------------------------- export, reports, the rest


def test_sessions_and_log_are_written_without_names_and_the_stick_may_be_pulled(staffed, tmp_path, monkeypatch):
    from kiosk.staff.desk import places

    desk = staffed()
    anna = member(desk, name="Anna")
    walk(desk, anna.id, -1)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 {tmp_path}/USB\\040STICK vfat rw 0 0\n")
    monkeypatch.setattr(places, "MOUNTS", mounts)
    monkeypatch.setattr(places, "ROOTS", (str(tmp_path),))
    desk.tile("export").touch("confirm")
    desk.choose("Stick USB STICK")
    assert desk.view.message == "Written and checked. You may pull the stick now."
    folder = tmp_path / "USB STICK" / "retrowalk"
    text = "".join(file.read_text("utf-8") for file in folder.glob("*.csv"))
    assert len(list(folder.glob("*.csv"))) == 2
    assert "plan_done" in text
    assert "Anna" not in text
    assert "417926" not in text
    assert desk.audit()[0].action == "exported"


def test_a_place_that_cannot_be_written_gets_a_sentence(staffed, tmp_path):
    desk = staffed()
    (tmp_path / "0" / "exports").write_text("in the way")
    desk.tile("export").touch("confirm").choose("Folder on the kiosk")
    assert desk.view.message.startswith("It could not be written.")


def test_sticks_are_found_by_where_they_are_mounted():
    text = "proc /proc proc rw 0 0\n/dev/sda1 /media/kiosk/MY\\040STICK vfat rw 0 0\n/dev/sdb1 /mnt/b ext4 rw 0 0\n"
    assert sticks(text) == ("/media/kiosk/MY STICK", "/mnt/b")


def test_the_folder_of_the_sticks_is_no_stick_and_a_stick_that_is_seen_twice_is_one():
    text = "tmpfs /run/media/retrowalk tmpfs rw 0 0\n" + "/dev/sda1 /run/media/retrowalk/GYM vfat rw 0 0\n" * 2
    assert sticks(text) == ("/run/media/retrowalk/GYM",)


@pytest.mark.parametrize(("name", "days"), [("week", 7), ("month", 11), ("last_month", 30), ("year", 192)])
def test_a_range_is_whole_days(name, days):
    since_ms, until_ms = span(name, NOW_MS)
    assert round((until_ms - since_ms) / 86_400_000) == days


def test_reports_count_walks_and_name_nobody(staffed):
    desk = staffed()
    anna = member(desk, name="Anna")
    walk(desk, anna.id, -1)
    desk.tile("reports")
    assert [fact.value for fact in desk.view.facts][:2] == ["1", "100 %"]
    assert "Anna" not in repr(desk.view)


def test_a_record_that_does_not_answer_gets_a_sentence(staffed):
    from kiosk.staff.desk.errands import Answered

    desk = staffed()
    desk.tile("members")
    asked = [action.errand for action in desk.actions if isinstance(action, Run)][-1]
    assert isinstance(asked, Read)
    desk.step(Answered(asked, None, "staff.no_record"))
    assert desk.view.message.startswith("The record does not answer")


def test_who_is_signed_out_in_the_middle_is_not_followed_by_answers(staffed):
    desk = staffed()
    desk.tile("caps").touch("sign_out")
    assert desk.desk.over
    assert any(getattr(getattr(a, "entry", None), "kind", "") == "staff_signed_out" for a in desk.actions)


def test_every_tile_opens_a_page_that_can_be_shown_and_left_and_none_leaves_the_map(staffed):
    desk = staffed()
    for tile in TILES:
        if not desk.here.may(tile.right) if tile.right is not None else False:
            continue
        desk.tile(tile.key)
        assert desk.view is not None
        assert CONTENT.texts["en"].has(f"menu.{tile.key}")
        desk.touch("back")
        assert desk.screen == "staff_menu", tile.key
    assert desk.desk.astray == ()


def test_the_map_names_screens_of_the_desk_alone():
    for screen, leads_to in flow.LEADS_TO.items():
        assert {screen} | leads_to <= DESK_SCREENS


def test_letters_and_reasons_have_texts_in_every_language():
    for texts in CONTENT.texts.values():
        assert all(texts.has(key) for key in REASONS)
    assert len(set(LETTERS)) == len(LETTERS)


def test_no_digit_of_a_pin_is_in_a_view_or_a_representation(staffed):
    desk = staffed(None)
    desk.touch("next").letters("olga")
    for digit in "39481":
        desk.touch("digit", int(digit))
    assert "39481" not in repr(desk.view)
    assert "39481" not in repr(desk.desk)


def test_staff_rights_hide_what_may_not_be_done():
    nobody = Staff("x", "X", Role.PHYSIO, active=True, created_ms=0)
    assert not pin.may(nobody, pin.Right.SYSTEM)
    assert status().facts is not None


def test_an_override_is_one_session_at_the_slowest_speed_with_a_reason_in_log_and_audit():
    from kiosk.session.actions import Record
    from kiosk.staff.desk.granted import NoteOverride
    from kiosk.store.records import EventIn

    desk = Desk()
    desk.follow(("attract", "wake"), ("who", "guest"), ("screening", gated), ("talk_to_staff", "staff"))
    desk.code("246810")
    assert desk.screen is ScreenId.OVERRIDE
    assert desk.state.stay.signed_by == ""  # a PIN alone opens nothing
    desk.touch("choose", desk.shown.choices.index("reason_override.letter"))
    assert desk.screen is ScreenId.PROGRAM
    assert {card.top_ckmh for card in desk.shown.cards} == {desk.guard.min_ckmh}
    assert Run(NoteOverride("Kim", None, "letter")) in desk.actions
    (event,) = [a.entry for a in desk.actions if isinstance(a, Record) and isinstance(a.entry, EventIn)
                and a.entry.kind == "override"]  # fmt: skip
    assert (event.cause, event.detail) == ("letter", "Kim")
    desk.touch("cancel")
    desk.follow(("attract", "wake"), ("who", "guest"), ("screening", gated), ("talk_to_staff", None))


@pytest.mark.parametrize("supervised", [False, True])
def test_where_only_bluetooth_stops_the_belt_the_menu_says_so_for_as_long_as_it_is_so(staffed, supervised):
    desk = staffed()
    desk.setup = replace(desk.setup, supervised=supervised)
    assert desk.view.message == (CONTENT.texts["en"]("menu.supervised") if supervised else "")
