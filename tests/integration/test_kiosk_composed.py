"""Sessions on the real guard, the real belt process and FTMS bytes; only the finger and the hand are scripted."""

import pytest

from hardware.config import Screen
from hardware.link.messages import Cause, State
from kiosk.autopilot import Autopilot
from kiosk.intents import ScreenId as S
from kiosk.store.kinds import SessionState
from kiosk.store.repositories import events, sessions
from kiosk.ui.canvas import Ui
from tests.support.desk import CONTENT, SCREENING
from tests.support.kiosked import ButtonStage, KioskHouse


@pytest.fixture
def house(tmp_path):
    with KioskHouse(tmp_path) as made:
        yield made
        made.assert_safe()
        assert made.kiosk.kiosk.state.astray == ()


def record_of(house):
    writer, reader = house.kiosk.store.writer, house.kiosk.store.reader
    writer.drain()
    (record,) = reader.ask(sessions.last).result()
    samples = reader.ask(lambda connection: sessions.samples_of(connection, record.id)).result()
    return record, samples


@pytest.mark.parametrize("amber", [False, True])
def test_the_autopilot_walks_first_steps_on_a_small_panel_and_it_is_on_record(tmp_path, display, amber):
    panel = Screen(width_px=800, height_px=480, width_mm=154, viewing_distance_m=1.0)
    autopilot = Autopilot(SCREENING)
    stage = ButtonStage(Ui((800, 480), panel, CONTENT.texts))
    with KioskHouse(tmp_path, autopilot=autopilot, stage=stage, amber=amber) as house:
        if amber:  # the whole walk once is enough; with the button only the mount is another
            house.until(lambda: house.screen is S.WALK or autopilot.trouble != "", 120)
            assert autopilot.trouble == ""
            return
        house.until(lambda: house.screen is S.SUMMARY or autopilot.trouble != "", 500)
        assert autopilot.trouble == ""
        summary = house.shown.summary
        assert summary is not None
        assert summary.completed
        record, samples = record_of(house)
        assert record.state is SessionState.COMPLETED
        assert record.samples == len(samples) >= 240
        assert (summary.pain_before, summary.pain_after, summary.effort) == (0, 0, 3)
        assert (record.pain_before, record.pain_after, record.effort, record.member_id) == (None, None, None, None)
        assert record.walk_s == pytest.approx(280 + 15, abs=15)
        assert max(sample.measured_ckmh or 0 for sample in samples) <= 114
        assert record.distance_m == pytest.approx(summary.distance_m, abs=0.1)
        assert house.world.tap.max_ckmh <= 114
        house.until(lambda: autopilot.done, 30)
        assert house.screen is S.ATTRACT
        assert house.kiosk.kiosk.state.astray == ()
        house.assert_safe()


def test_a_pulled_clip_leads_to_its_screen_the_why_and_a_new_straddle_at_base_speed(house):
    house.to_walk()
    house.run(20)
    house.hand("clip", False)
    house.at(S.SAFETY_STOP, within_s=1)
    assert house.shown.cause is Cause.CLIP
    house.until(lambda: house.speed == 0, within_s=8)
    house.hand("clip", True)
    house.run(6)
    house.touch("next")
    house.at(S.WHY_STOPPED)
    house.touch("choose", house.shown.choices.index("why.slipped"))
    house.at(S.CHECK)
    house.prove()
    house.at(S.WALK)
    house.run(25)
    assert house.shown.measured_ckmh == 80
    record, _ = record_of(house)
    assert record.state is SessionState.OPEN
    assert record.why is None  # nothing about a guest is kept


def test_the_red_button_needs_staff_and_the_checklist(house):
    house.to_walk()
    house.run(20)
    house.hand("red", False)
    house.at(S.SAFETY_STOP, within_s=1)
    house.until(lambda: house.state is State.LATCHED, within_s=10)
    house.run(4)
    assert house.shown.needs_staff
    house.touch("next")
    assert house.screen is S.SAFETY_STOP
    house.at(S.OUT_OF_SERVICE, within_s=70)
    record, _ = record_of(house)
    assert (record.state, record.cause) == (SessionState.STOPPED, "red_button")
    assert house.shown.member_name == ""


def test_two_touches_stop_the_belt_softly_and_ask_why(house):
    house.to_walk()
    house.run(20)
    house.touch("stop")
    assert house.shown.stop_touched
    house.touch("stop")
    assert house.screen is S.STOPPING
    house.at(S.BELT_STOPPED, within_s=15)
    assert house.speed == 0
    house.run(3.5)
    house.touch("next")
    assert house.screen is S.WHY_STOPPED


def test_a_lost_link_says_so_and_waits_for_staff(house):
    house.to_walk()
    house.run(20)
    house.mischief("link_cut")
    house.at(S.SAFETY_STOP, within_s=8)
    assert house.shown.cause in (Cause.LINK_LOST, Cause.TELEMETRY_STALE)
    house.run(1.6)
    assert house.shown.measured_ckmh is None


def test_a_frozen_screen_eases_the_belt_and_the_walk_ends_when_it_thaws(house):
    house.to_walk()
    house.run(20)
    house.kiosk.frozen = True
    house.run(10)
    assert house.speed == 0
    house.kiosk.frozen = False
    house.at(S.SAFETY_STOP, within_s=2)
    assert house.shown.cause is Cause.SCREEN_FROZEN
    house.at(S.EFFORT, within_s=40)


def test_a_belt_that_never_starts_is_a_fault_that_staff_see(house):
    house.to_check()
    house.mischief("never_starts")
    house.prove()
    house.at(S.SAFETY_STOP, within_s=40)
    assert house.shown.cause is Cause.START_TIMEOUT
    writer, reader = house.kiosk.store.writer, house.kiosk.store.reader
    writer.drain()
    kinds = {event.cause for event in reader.ask(events.last).result()}
    assert "start_timeout" in kinds


def test_a_guard_that_dies_in_mid_walk_is_told_and_the_kiosk_meets_its_successor(house):
    house.to_walk()
    house.run(20)
    house.kill_guard()
    house.at(S.SAFETY_STOP, within_s=3)
    house.until(lambda: house.speed == 0, within_s=10)
    house.start_guard()
    house.until(lambda: house.state is State.LATCHED, within_s=10)
    house.run(5)
    assert house.shown.cause is Cause.RESTART_MOVING
    assert house.shown.needs_staff


def test_the_clip_opened_in_the_countdown_starts_nothing(house):
    house.to_check()
    house.prove()
    house.at(S.COUNTDOWN)
    house.run(2)
    house.hand("clip", False)
    house.at(S.CHECK, within_s=1)
    house.run(10)
    assert house.writes(op="07") == []


def test_a_full_disk_holds_nobody_up(tmp_path):
    with KioskHouse(tmp_path) as house:
        house.kiosk.store.writer.close()
        house.to_walk()
        house.run(10)
        assert house.shown.measured_ckmh == 80
