"""Staff at the real kiosk, over guard, belt and treadmill: what they change reaches the belt, and nothing leaks."""

import time

from typer.testing import CliRunner

from kiosk.archive import StoreArchive
from kiosk.cli import app
from kiosk.intents import ScreenId as S
from kiosk.session.model import CapsRead
from kiosk.staff import pin
from kiosk.staff.desk.clerk import Clerk
from kiosk.staff.desk.member_record import Add, Erase, Search
from kiosk.staff.desk.new_account import AddAccount
from kiosk.staff.desk.places import WriteSessions
from kiosk.store.kinds import Role
from kiosk.store.moment import SimulatedWallClock
from kiosk.store.records import Member, Staff
from tests.support.composed import START_S
from tests.support.desk import SCREENING
from tests.support.kiosked import BEGAN_MS, KioskHouse
from tests.support.record import moment, opened


def set_cap(tmp_path, *arguments):
    result = CliRunner().invoke(app, ["caps", "set", *arguments, "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_cap_set_from_a_shell_is_heard_by_the_running_kiosk(tmp_path):
    """What the session makes of it on a walk under way: tests/unit/test_flow.py (LowerCap at once, never a rise)."""
    with opened(tmp_path) as store:
        wall = SimulatedWallClock(BEGAN_MS, START_S)
        archive = StoreArchive(store, wall, SCREENING, threaded=False, wants_owner=False)
        archive.poll(START_S)
        said = set_cap(tmp_path, "0.9")
        assert "also on a walk under way" in said
        store.reader.look_now()  # by itself within a second (reader.WATCH_S)
        heard = [event.caps for event in archive.poll(START_S) if isinstance(event, CapsRead)]
        assert [(cap.scope, cap.speed_ckmh) for cap in heard[0]] == [("gym", 90)]


def test_the_desk_lies_over_the_attract_screen_and_a_walk_cannot_begin_under_it(tmp_path):
    with KioskHouse(tmp_path) as house:
        store, at = house.kiosk.store, house.kiosk.archive.moment(house.now_s)
        store.writer.run(
            lambda c: pin.add_account(c, store.ids, at, name="Olga", role=Role.OWNER, pin="394817", by=None)
        ).result()
        house.until(lambda: house.kiosk.kiosk.shown is not None and house.shown.belt_free, 30.0)
        house.touch("staff")
        for digit in "394817":
            house.touch("digit", int(digit))
        house.touch("submit")
        house.run(0.5)
        assert house.shown.screen is S.STAFF_MENU
        house.touch("wake")
        assert house.shown.screen is S.STAFF_MENU
        assert house.screen is S.ATTRACT
        house.run(61)
        assert house.shown.screen is S.ATTRACT
        house.touch("wake")
        assert house.shown.screen is S.WHO


def test_errands_are_carried_out_on_threads_and_each_is_answered_once(tmp_path):
    at = moment()
    owner = Staff("x", "Olga", Role.OWNER, active=True, created_ms=0)
    errands = [
        AddAccount("Olga", Role.OWNER, "394817", None),
        Search(""),
        Add("Anna", owner),
        WriteSessions(0, 10**13, "", owner),
        AddAccount("Kim", Role.STAFF, "111111", owner),
        Erase("nobody", "asked", owner),
    ]
    with opened(tmp_path, threaded=True) as store:
        clerk = Clerk(store)
        answers = []
        for errand in errands:
            clerk.run(errand, at)
        deadline = time.monotonic() + 60
        while len(answers) < len(errands) and time.monotonic() < deadline:
            answers += clerk.poll()
            time.sleep(0.005)
        by = {type(answer.errand).__name__ + str(errands.index(answer.errand)): answer for answer in answers}
        assert len(by) == len(errands)
        assert by["AddAccount4"].refused == "accounts.easy_pin"
        assert by["Erase5"].refused == "staff.refused"  # a rule of the database: a sentence, and the kiosk goes on
        assert [name for name, answer in by.items() if answer.refused] == ["AddAccount4", "Erase5"]
        assert isinstance(by["Add2"].result, Member)
        assert (tmp_path / "exports").is_dir()
