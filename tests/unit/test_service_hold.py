"""The third same fault in seven days: out of service until an owner clears it, whatever becomes of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.store.ids import IdSource
from kiosk.store.kinds import Severity
from kiosk.store.moment import DAY_MS, Moment
from kiosk.store.records import EventIn
from kiosk.store.repositories import service
from kiosk.store.store import Store
from tests.support.record import moment, opened, rows

IDS = IdSource()


def fault(store: Store, day: float, cause: str = "link_lost", kind: str = "trip") -> bool:
    """One fault on day *day*; True if the treadmill is out of service after it."""
    at = moment(day * DAY_MS / 1000)
    store.writer.event(EventIn(kind, Severity.STOP, cause=cause), at)
    return store.writer.run(lambda c: service.consider(c, IDS, cause, at)).result()


def now(store: Store, day: float) -> service.Service:
    utc_ms = moment(day * DAY_MS / 1000).utc_ms
    return store.reader.ask(lambda c: service.read(c, utc_ms)).result()


def clear(store: Store, day: float) -> str:
    at = moment(day * DAY_MS / 1000)
    return store.writer.run(lambda c: service.clear(c, IDS, at, who="Olga")).result()


def test_the_third_same_fault_in_seven_days_takes_the_treadmill_out(tmp_path: Path):
    with opened(tmp_path) as store:
        assert [fault(store, day) for day in (0, 3, 6.9)] == [False, False, True]
        assert now(store, 6.9).hold == "link_lost"
        assert now(store, 6.9).of("link_lost").count == 3
        assert ("out_of_service", "link_lost") in rows(store, "SELECT kind, cause FROM event")


def test_two_of_one_and_one_of_another_are_not_three_of_a_kind(tmp_path: Path):
    with opened(tmp_path) as store:
        assert not fault(store, 0)
        assert not fault(store, 0.1, "overspeed")
        assert not fault(store, 0.2)
        assert now(store, 0.3) == service.Service(
            "",
            (
                service.Tally("link_lost", 2, moment().utc_ms, moment(0.2 * 86400).utc_ms),
                service.Tally("overspeed", 1, moment(0.1 * 86400).utc_ms, moment(0.1 * 86400).utc_ms),
            ),
        )


def test_a_fault_of_eight_days_ago_no_longer_counts(tmp_path: Path):
    with opened(tmp_path) as store:
        assert [fault(store, day) for day in (0, 2, 8, 8.5)] == [False, False, False, True]


@pytest.mark.parametrize(
    "cause",
    ["clip", "red_button", "member_stop", "safety_key", "off_deck", "plan_done", "boot", "belt_stopped_itself"],
)
def test_what_a_person_does_is_no_fault(cause: str):
    for kind in ("trip", "stop"):
        assert not service.is_fault(EventIn(kind, Severity.STOP, cause=cause))


def test_a_screen_that_freezes_three_times_counts_though_its_stop_leaves_the_permit(tmp_path: Path):
    assert service.is_fault(EventIn("stop", Severity.NOTICE, cause="screen_frozen"))
    with opened(tmp_path) as store:
        assert [fault(store, day, "screen_frozen", "stop") for day in (0, 1, 2)] == [False, False, True]


def test_only_trips_count_not_what_is_said_about_them(tmp_path: Path):
    assert service.is_fault(EventIn("trip", Severity.STOP, cause="overspeed"))
    assert not service.is_fault(EventIn("reset_by_staff", Severity.NOTICE, cause="overspeed"))
    with opened(tmp_path) as store:
        assert [fault(store, 0.1 * n, kind="reset_by_staff") for n in range(5)] == [False] * 5


def test_it_stays_out_over_a_restart_and_when_the_week_is_over(tmp_path: Path):
    with opened(tmp_path) as store:
        for day in (0, 1, 2):
            fault(store, day)
    with opened(tmp_path) as store:
        assert now(store, 30).hold == "link_lost"


def test_the_owners_clearing_brings_it_back_and_starts_the_count_anew(tmp_path: Path):
    with opened(tmp_path) as store:
        for day in (0, 1, 2):
            fault(store, day)
        assert clear(store, 2.1) == "link_lost"
        assert now(store, 2.1) == service.Service()
        assert rows(store, "SELECT who, action, before FROM audit") == [
            ("Olga", "back in service", "out of service: link_lost")
        ]
        assert [fault(store, day) for day in (2.2, 2.3, 2.4)] == [False, False, True]
        assert clear(store, 2.5) == "link_lost"
        assert clear(store, 2.6) == ""


def test_a_clock_that_was_set_back_hides_no_fault(tmp_path: Path):
    with opened(tmp_path) as store:
        for day in (10, 11, 12):
            fault(store, day)
        clear(store, 13)
        assert [fault(store, day) for day in (1, 1.1, 1.2)] == [False, False, True]


def test_a_restored_backup_does_not_put_it_back_into_service(tmp_path: Path):
    from kiosk.store import backup
    from kiosk.store.database import FILE_NAME

    with opened(tmp_path) as store:
        made = backup.make(tmp_path / FILE_NAME, tmp_path / "backups", moment())
        for day in (0, 1, 2):
            fault(store, day)
    backup.restore(made.path, tmp_path, Moment(1.0, moment().utc_ms + 3 * DAY_MS))
    with opened(tmp_path) as store:
        assert now(store, 3).hold == "link_lost"
