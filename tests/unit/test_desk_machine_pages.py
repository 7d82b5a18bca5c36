"""The desk's pages about the machine: log, faults, system, diagnostics, touch; on a treadmill that stands still."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from hardware.link.messages import Inputs, State, Status
from kiosk.appliance import ask
from kiosk.appliance.ask import Verb
from kiosk.gallery import STATUS
from kiosk.intents import Intent, IntentKind
from kiosk.staff.desk import system
from kiosk.staff.desk.asking import ConfirmPage, PadPage, PickPage
from kiosk.staff.desk.diagnostics import DiagnosticsPage, TouchPage
from kiosk.staff.desk.faults import FaultPage, FaultsPage
from kiosk.staff.desk.log import EventPage, LogPage
from kiosk.staff.desk.system import SystemPage
from kiosk.staff.desk.turn import Page
from kiosk.staff.desk.typing import KeysPage
from kiosk.staff.desk.views import ListView, StepsView, Tone
from kiosk.store.kinds import Severity
from kiosk.store.moment import DAY_MS, Moment
from kiosk.store.records import EventIn, Staff
from kiosk.store.repositories import service
from tests.support.record import START_MS, rows
from tests.support.staffed import ANA, OLGA, Staffed

CLOSED = Inputs(clip_closed=True, red_closed=True, amber_pressed=None, permit_readback=None, fault="")


class Still:
    """A guard and a belt of which only the last word counts."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.guard = None
        self.status: Status = msgspec.structs.replace(STATUS, inputs=CLOSED)
        self.kiosk = SimpleNamespace(status=self.status, status_at_s=1000.0, refused=[], say=lambda _body: None)

    def quantum(self) -> None:
        self.now_s += 0.02
        self.kiosk.status, self.kiosk.status_at_s = msgspec.structs.replace(self.status), self.now_s

    def inputs(self, **changes: bool) -> None:
        self.status = msgspec.structs.replace(self.status, inputs=msgspec.structs.replace(CLOSED, **changes))

    def close(self) -> None:
        """Nothing."""


@pytest.fixture
def at_desk(tmp_path):
    opened: list[Staffed] = []

    def sit(page: Page, who: Staff = ANA) -> Any:
        staffed = Staffed(Still(), tmp_path, page, who)  # type: ignore[arg-type]
        opened.append(staffed)
        staffed.run(0.3)
        return staffed

    yield sit
    for staffed in opened:
        staffed.close()


def happened(staffed: Staffed, *events: EventIn, days_ago: float = 0.0) -> None:
    at = staffed._moment()
    for event in events:
        staffed.store.writer.event(event, Moment(at.now_s, at.utc_ms - round(days_ago * DAY_MS)))
    staffed.store.writer.drain()


def shown(staffed: Staffed) -> ListView:
    view = staffed.page.view(staffed.here())
    assert isinstance(view, ListView)
    return view


def test_the_log_is_newest_first_and_narrowed_by_kind_time_and_session(at_desk):
    staffed = at_desk(LogPage())
    happened(staffed, EventIn("trip", Severity.STOP, cause="clip"), days_ago=10)
    happened(staffed, EventIn("start", Severity.INFO), days_ago=2)
    happened(staffed, EventIn("trip", Severity.STOP, cause="link_lost"))
    staffed.touch("back")
    staffed.touch("open", 2)  # the log again
    assert isinstance(staffed.page, LogPage)
    staffed.run(0.3)
    assert [row.cells[2] for row in shown(staffed).rows] == ["Link to treadmill lost", "Belt started", "Clip pulled"]
    assert [row.icon for row in shown(staffed).rows] == ["octagon", "dot", "octagon"]
    staffed.touch("choose", 1)
    assert isinstance(staffed.page, PickPage)
    staffed.touch("choose", 2)  # seven days
    staffed.run(0.3)
    assert len(shown(staffed).rows) == 2
    staffed.touch("choose", 0)
    staffed.touch("choose", 2)  # stops
    staffed.run(0.3)
    assert [row.cells[2] for row in shown(staffed).rows] == ["Link to treadmill lost"]
    staffed.touch("open", 0)
    staffed.run(0.3)
    assert isinstance(staffed.page, EventPage)
    assert not staffed.page.box  # no minute was kept of it


def out_of_service(staffed: Staffed) -> None:
    for _ in range(service.LIMIT):
        happened(staffed, EventIn("trip", Severity.STOP, cause="link_lost"))
        at = staffed._moment()
        staffed.store.writer.run(lambda c, at=at: service.consider(c, staffed.store.ids, "link_lost", at)).result()


def prove(staffed: Any) -> None:
    for contact in ("clip_closed", "red_closed"):
        staffed.house.inputs(**{contact: False})
        staffed.run(0.3)
        staffed.house.inputs()
        staffed.run(0.3)


@pytest.mark.parametrize(("who", "pin", "back"), [(OLGA, "", True), (ANA, "135791", True), (ANA, "246810", False)])
def test_only_an_owner_puts_it_back_and_only_after_every_proof(at_desk, who, pin, back):
    staffed = at_desk(FaultsPage(), who)
    out_of_service(staffed)
    staffed.touch("back")
    staffed.touch("open", 1)
    staffed.run(0.3)
    assert shown(staffed).rows[0].tone is Tone.BAD
    staffed.touch("confirm")
    assert isinstance(staffed.page, FaultPage)
    staffed.touch("tick", 0)
    staffed.touch("tick", 1)
    staffed.touch("hold")
    assert isinstance(staffed.page, FaultPage)  # nothing is proved yet
    view = staffed.page.view(staffed.here())
    assert isinstance(view, StepsView)
    assert view.buttons == ()
    prove(staffed)
    staffed.touch("hold")
    if pin:
        assert isinstance(staffed.page, PadPage)
        for digit in pin:
            staffed.touch("digit", int(digit))
        staffed.touch("submit")
    staffed.run(0.5)
    held = staffed.store.reader.ask(lambda c: service.read(c, START_MS)).result().hold
    assert (held == "") is back
    if back:
        assert isinstance(staffed.page, FaultsPage)
        assert rows(staffed.store, "SELECT who FROM audit")[-1] == ("Olga",)
    else:
        assert staffed.page.message == "faults.owner_only"  # type: ignore[union-attr]


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The machine's ear: what was asked of it."""
    desk = ask.Desk(tmp_path / "asks", tmp_path / "answers")
    for place in (desk.asks, desk.answers):
        place.mkdir()
    heard: list[Verb] = []
    monkeypatch.setattr(system.ask, "available", lambda: True)
    monkeypatch.setattr(system.ask, "ask", heard.append)
    monkeypatch.setattr(system.ask, "answer", lambda verb: ask.Answer(verb, True, True, f"{verb.value}: all well."))
    return heard


def test_the_machine_is_switched_off_by_a_held_red_page_with_the_verb_and_it_is_audited(at_desk, asked):
    staffed = at_desk(SystemPage())
    staffed.touch("choose", 2)
    page = staffed.page
    assert isinstance(page, ConfirmPage)
    assert page.dire
    assert page.verb == "system.power_off"
    assert asked == []
    staffed.touch("hold")
    staffed.run(0.3)
    assert asked == [Verb.POWER_OFF]
    assert rows(staffed.store, "SELECT who, action FROM audit") == [("Ana", "machine: power-off")]


@pytest.mark.parametrize("changes", [{"at_rest": False}, {"state": State.ARMED}, {"state": State.RUNNING}])
def test_nothing_is_asked_of_the_machine_while_the_belt_may_move(at_desk, asked, changes):
    staffed = at_desk(SystemPage())
    staffed.house.status = msgspec.structs.replace(staffed.house.status, **changes)
    staffed.run(0.2)
    for verb in range(5):
        staffed.touch("choose", verb)
        assert staffed.page.message == "system.belt_moves"
    assert asked == []


def test_a_belt_that_starts_while_the_page_is_held_stops_the_wish(at_desk, asked):
    staffed = at_desk(SystemPage())
    staffed.touch("choose", 1)
    staffed.house.status = msgspec.structs.replace(staffed.house.status, at_rest=False)
    staffed.run(0.2)
    staffed.touch("hold")
    staffed.run(0.3)
    assert asked == []
    assert staffed.page.message == "system.belt_moves"


def test_without_the_appliance_the_page_says_so(at_desk):
    staffed = at_desk(SystemPage())
    staffed.touch("choose", 3)
    staffed.run(0.3)
    assert staffed.page.message == "system.not_here"


def test_diagnostics_look_around_play_a_tone_and_speak(at_desk):
    staffed = at_desk(DiagnosticsPage())
    staffed.run(0.3)
    page = staffed.page
    assert page.look is not None
    assert {"disk", "record", "clock", "touch", "sound"} <= {found.check for found in page.look.findings}
    staffed.touch("choose", 0)
    staffed.touch("choose", 1)
    assert "go" in staffed.played
    assert staffed.said
    staffed.house.inputs(clip_closed=False)
    staffed.run(0.3)
    assert ("Clip", "Open") in {(fact.name, fact.value) for fact in page.view(staffed.here()).facts}


def test_crosses_are_where_the_finger_was(at_desk):
    staffed = at_desk(TouchPage())
    for x, y in ((12, 7), (1919, 1079), (800, 480)):
        staffed.step(Intent(IntentKind.TOUCH, x * 10_000 + y))
        staffed.run(0.4)
    assert staffed.page.touches[-2:] == ((1919, 1079), (800, 480))


def test_a_number_outside_its_bounds_is_not_taken(at_desk):
    staffed = at_desk(KeysPage(("typing.between", (("low", "900"), ("high", "3000"))), ("", ()), low=900, high=3000))
    for digit in "12":
        staffed.touch("letter", int(digit) - 1)
    staffed.touch("submit")
    assert staffed.page.message == ("typing.between", (("low", "900"), ("high", "3000")))
    assert staffed.page.typed == "12"
