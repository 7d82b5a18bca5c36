"""No PIN, name, code or score in a log, event, audit entry or black box (issue 6): searched for after a real walk."""

import logging
import re
import sqlite3

import pytest

from kiosk.coach.screening import Result
from kiosk.intents import ScreenId as S
from kiosk.session.actions import Record, RecordScreening, RecordWhy
from kiosk.session.model import Person
from kiosk.staff import pin
from kiosk.staff.desk.asking import LETTERS
from kiosk.store.kinds import Role
from kiosk.store.records import EventIn, Ratings
from kiosk.store.repositories import members
from tests.support.desk import CONTENT, Desk, healthy, prove, pull
from tests.support.kiosked import KioskHouse

NAME, CODE, PIN, WRONG = "Quentina Xylander", "482913", "394817", "604275"
OTHER_NAME, NEW_PIN = "Zoraxe", "719384"
SCORE = re.compile(r"(pain|effort)[^a-z]{0,4}\d", re.IGNORECASE)


@pytest.fixture
def house(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with KioskHouse(tmp_path) as made:
        store, at = made.kiosk.store, made.kiosk.archive.moment(made.now_s)
        store.writer.run(lambda c: members.add(c, store.ids.new(0), at, name=NAME, code=CODE)).result()
        store.writer.run(
            lambda c: pin.add_account(c, store.ids, at, name="Olga", role=Role.OWNER, pin=PIN, by=None)
        ).result()
        yield made


def keys(house, digits):
    for digit in digits:
        house.touch("digit", int(digit))
    house.touch("submit")


def walk(house, score):
    """The member signs in, says how the knee is, is screened, walks, and loses the clip."""
    house.until(lambda: house.kiosk.kiosk.shown is not None and house.shown.belt_free, 30.0)
    house.touch("wake")
    house.touch("have_code")
    keys(house, CODE)
    house.at(S.CONSENT, within_s=5)
    house.touch("yes")
    healthy(house, score)
    house.at(S.PROGRAM, within_s=5)
    house.touch("choose", 0)
    house.touch("next")
    house.at(S.CHECK)
    house.prove()
    house.at(S.WALK)
    house.run(20)
    house.hand("clip", False)
    house.until(lambda: house.speed == 0, within_s=10)
    house.hand("clip", True)
    house.run(6)
    house.touch("next")
    house.at(S.WHY_STOPPED)
    house.touch("choose", house.shown.choices.index("why.pain"))
    house.at(S.EFFORT, within_s=20)
    house.touch("score", 7)
    house.touch("score", 6)
    house.at(S.SUMMARY, within_s=5)


class AtTheDesk:
    """Hands that find buttons by their words."""

    def __init__(self, house):
        self.house = house

    @property
    def page(self):
        return self.house.shown.staff.page

    def tile(self, key):
        label = CONTENT.texts["en"](f"menu.{key}")
        item = next(item for item in self.page.items if item.label == label)
        self.house.touch("open", item.intent.value)
        return self

    def row(self, text):
        self.house.touch("open", next(row.intent.value for row in self.page.rows if row.cells[0] == text))
        return self

    def action(self, label):
        button = next(button for button in self.page.actions if button.label == label)
        self.house.touch(button.intent.kind, button.intent.value)
        return self

    def choose(self, text):
        self.house.touch("choose", self.page.choices.index(text))
        return self

    def digits(self, text):
        keys(self.house, text)
        self.house.run(0.5)
        return self

    def letters(self, text):
        for letter in text.upper():
            self.house.touch("letter", LETTERS.index(letter))
        self.house.touch("submit")
        self.house.run(0.3)
        return self

    def touch(self, kind, value=0):
        self.house.touch(kind, value)
        return self


def at_the_desk(house):
    """Everything that staff can do with people, codes and PINs; returns the code of the member they add."""
    house.at(S.ATTRACT, within_s=60)
    house.touch("staff")
    desk = AtTheDesk(house).digits(PIN)
    assert house.shown.screen is S.STAFF_MENU
    desk.tile("members").touch("choose", 1).letters("quent").touch("choose", 0).digits(CODE)
    assert house.shown.screen is S.STAFF_MEMBER
    desk.action("Speed cap").touch("step", -1).touch("confirm")
    desk.action("Name")
    for _ in NAME:
        house.touch("erase")
    desk.letters(OTHER_NAME)
    desk.action("Export").choose("Folder on the kiosk")
    desk.touch("back").touch("confirm").letters(OTHER_NAME)
    code = desk.page.figure
    desk.touch("done").touch("back")
    desk.tile("caps").touch("choose", 1).digits(code).touch("step", -1).touch("confirm").touch("back")
    desk.tile("accounts").row("Olga").action("New PIN").digits(NEW_PIN).digits(NEW_PIN).touch("back").touch("back")
    desk.tile("export").touch("confirm").choose("Folder on the kiosk").touch("back")
    desk.tile("members").touch("choose", 0).digits(code)
    desk.action("Merge").digits(CODE).touch("hold")
    desk.action("Erase").choose("The member asked for it").touch("hold").touch("back")
    assert house.shown.screen is S.STAFF_MENU
    house.touch("sign_out")
    return code


def everything_written(tmp_path, caplog, capfd):
    """All text that was logged, printed or kept outside the tables that are about people."""
    store_log = "\n".join(record.getMessage() + (record.exc_text or "") for record in caplog.records)
    out, err = capfd.readouterr()
    found = {"log": store_log, "standard output": out, "standard error": err}
    connection = sqlite3.connect(tmp_path / "retrowalk.db")
    for table in ("event", "audit", "black_box", "meta", "cap"):
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        found[table] = "\n".join(
            " ".join(cell.decode("latin-1") if isinstance(cell, bytes) else str(cell) for cell in row) for row in rows
        )
    connection.close()
    return found


def test_no_pin_name_code_or_score_is_in_a_log_an_event_the_audit_or_a_black_box(house, tmp_path, caplog, capfd):
    walk(house, 3)
    store = house.kiosk.store
    desk = pin.PinDesk(store, threaded=False)
    at = house.kiosk.archive.moment(house.now_s)
    assert desk.sign_in(WRONG, at).result().staff is None
    assert desk.sign_in(PIN, at).result().staff is not None
    house.run(30)
    store.writer.drain()
    with store.database.read.connect() as connection:
        kept = connection.exec_driver_sql("SELECT pain_before, effort, pain_after FROM session_health").all()
    assert kept == [(3, 7, 6)], "the walk was to leave scores that could leak"
    code = at_the_desk(house)
    store.writer.drain()
    found = everything_written(tmp_path, caplog, capfd)
    assert "clip" in found["event"]
    for action in (
        "signed in", "cap set", "member renamed", "member added", "pin changed", "exported", "members merged",
        "member erased",
    ):  # fmt: skip
        assert action in found["audit"], action
    for file in (tmp_path / "exports").glob("*.csv"):
        found[file.name] = file.read_text("utf-8")
    for where, text in found.items():
        for secret in (*NAME.split(), OTHER_NAME, CODE, code, PIN, NEW_PIN, WRONG):
            assert secret not in text, f"{secret} is in the {where}"
        assert SCORE.search(text) is None, f"a score is in the {where}: {SCORE.search(text)}"


@pytest.mark.parametrize("why", ["pain", "chest"])
@pytest.mark.parametrize("agreed", [True, False])
def test_of_who_said_no_neither_scores_nor_why_they_stopped_are_kept_but_chest_pain_still_locks(why, agreed):
    who = Person("m", "Cy", None, None, agreed, 2_000_000_000_000, None, None, False, ())
    desk = Desk(people={CODE: who})
    desk.follow(("attract", "wake"), ("who", "have_code"), ("code", lambda d: d.code(CODE)))
    if not agreed:
        desk.follow(("consent", "no"))
    desk.follow(("screening", healthy), ("program", ("choose", 0)), ("preview", "next"), ("check", prove),
                ("walk", 30), ("walk", pull), ("safety_stop", None))  # fmt: skip
    desk.guard.clip = True
    desk.follow(("safety_stop", "next"), ("why_stopped", None))
    desk.touch("choose", desk.shown.choices.index(f"why.{why}"))
    desk.run(0.5)
    asked = [action for action in desk.actions if isinstance(action, RecordWhy)]
    health = [a.entry for a in desk.actions if isinstance(a, Record) and isinstance(a.entry, Ratings)]
    told = [a.entry.kind for a in desk.actions if isinstance(a, Record) and isinstance(a.entry, EventIn)]
    locks = [a.outcome.result for a in desk.actions if isinstance(a, RecordScreening)]
    assert [action.why for action in asked] == ([why] if agreed else [])
    if not agreed:
        assert health == []
        assert {"pain_flag", "dizzy"}.isdisjoint(told)
        assert locks == ([Result.FORBID] if why == "chest" else [])
