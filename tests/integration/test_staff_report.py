"""The desk's report: sums, page and picture."""

import json
from datetime import datetime

import pygame
import pytest
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.staff.report import charts_of, page, sums_of
from kiosk.store.kinds import SessionState
from kiosk.store.moment import DAY_MS
from kiosk.store.records import Closing, EventIn, Severity
from kiosk.store.reports import report
from kiosk.store.repositories import members
from tests.support.record import START_MS, moment, opened, opening, walk


@pytest.fixture
def gym(tmp_path):
    data = tmp_path / "data"
    with opened(data) as store:
        ann = store.writer.run(
            lambda c: members.add(c, store.ids.new(START_MS), moment(), name="Quentina", code="482913")
        ).result()
        for day in range(20):
            walk(store, 5, moment(day * DAY_MS / 1000), member_id=ann.id if day % 2 else None)
        for number, cause in enumerate(("clip", "clip", "red_button")):
            begun = opening(store.ids, moment(100 + number))
            store.writer.open_session(begun, moment(100 + number))
            stopped = Closing(begun.id, SessionState.STOPPED, cause, 10.0, 2.0, 80, 80)
            store.writer.close_session(stopped, moment(120 + number))
        never = opening(store.ids, moment(300))
        store.writer.open_session(never, moment(300))
        store.writer.close_session(
            Closing(never.id, SessionState.STOPPED, "arm_expired", 0.0, 0.0, 0, 0), moment(310)
        )
        for day in (1, 2, 15):
            at = moment(day * DAY_MS / 1000)
            store.writer.event(EventIn("trip", Severity.STOP, cause="link_lost"), at)
        third = moment(15 * DAY_MS / 1000)
        for event in (
            EventIn("out_of_service", Severity.FAULT, cause="link_lost"),
            EventIn("escalation", Severity.FAULT, cause="stop_not_confirmed"),
            EventIn("backup", Severity.FAULT, cause="failed"),
            EventIn("trip", Severity.STOP, cause="clip"),
            EventIn("stop", Severity.NOTICE, cause="plan_done"),
        ):
            store.writer.event(event, third)
    return data


def of(data, weeks=12, days=20.0):
    with opened(data) as store:
        return store.reader.ask(lambda c: report(c, START_MS + round(days * DAY_MS), weeks)).result()


def test_the_sums_are_those_of_the_walks_and_leave_out_who_never_walked(gym):
    found = of(gym)
    assert (found.sessions, found.completed, found.guests, found.members) == (23, 20, 13, 1)
    assert sum(found.by_hour) == sum(found.by_weekday) == sum(week.sessions for week in found.weeks) == 23
    assert found.walk_s == pytest.approx(20 * 5 + 3 * 10)
    assert found.stops == (("clip", 2), ("red_button", 1))
    assert dict(found.faults) == {"link_lost": 3, "stop_not_confirmed": 1, "failed": 1}, "as the session logs them"
    assert found.faults[0] == ("link_lost", 3)
    hour = datetime.fromtimestamp(START_MS / 1000).hour
    assert found.by_hour[hour] >= 20


def test_a_report_of_fewer_weeks_holds_fewer_walks(gym):
    found = of(gym, weeks=1)
    assert len(found.weeks) == 1
    assert 1 <= found.sessions <= 7


def test_an_empty_record_has_a_report_too(tmp_path):
    found = of(tmp_path / "new")
    assert found.sessions == 0
    assert dict(sums_of(found))["completed"] == "-"
    assert "None in this time" in page(found, "Our gym")


def test_the_page_names_nobody_fetches_nothing_and_escapes_what_it_shows(gym):
    text = page(of(gym), "<b>Gym & Co</b>")
    assert "&lt;b&gt;Gym &amp; Co&lt;/b&gt;" in text
    for secret in ("Quentina", "482913", "<script", "http"):
        assert secret not in text


def test_every_bar_has_a_name(gym):
    for bars in charts_of(of(gym)):
        assert len(bars.names) == len(bars.values)


def test_the_command_writes_a_page_and_a_picture_that_shows_something(gym, tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["report", str(out), "--weeks", "520", "--data", str(gym), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sessions"] == 23
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    picture = pygame.image.load(str(out / "report.png"))
    assert picture.get_size() == (1600, 1000)
    assert len({tuple(picture.get_at((x, y))) for x in range(0, 1600, 7) for y in range(0, 1000, 7)}) > 20


def test_a_report_that_cannot_be_written_says_so(gym, tmp_path):
    (tmp_path / "out").write_text("in the way")
    done = CliRunner().invoke(app, ["report", str(tmp_path / "out"), "--data", str(gym)])
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


def test_the_tables_are_for_people(gym):
    done = CliRunner().invoke(app, ["report", "--weeks", "520", "--data", str(gym)])
    assert "ended early by" in done.stdout
    assert "23 sessions, 20 completed, 1 members." in done.stdout
