"""Opening check and commissioning on the staff's screen, by touches alone, with guard, belt and treadmill."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardware.config import Checks, WiringLevel
from hardware.config.profiles import Profile
from hardware.link.messages import Disarm, Rebind, Scan, State, Stop
from hardware.simulated.machines import BENCH
from kiosk.intents import Intent, IntentKind, TileState
from kiosk.staff.commissioning.instruction import Act
from kiosk.staff.desk.asking import ConfirmPage
from kiosk.staff.desk.procedure import ACTS, KIND_CHECK, ProcedurePage
from kiosk.staff.desk.treadmill import ScanPage, TreadmillPage
from kiosk.staff.desk.views import StepsView, Tone
from tests.support.composed import ADDRESS, Composed
from tests.support.staffed import Staffed

STRICT = Checks()
PROFILE = Profile(
    name="Bench", address=ADDRESS, model="bench", firmware="1.0", commissioned=True, start_latency_s=1.0
)


@pytest.fixture
def checking(tmp_path):
    house = Composed(BENCH, checks=STRICT, profile=PROFILE, level=WiringLevel.H2)
    house.run(2)
    staffed = Staffed(house, tmp_path, ProcedurePage(KIND_CHECK, ADDRESS))
    yield staffed
    staffed.close()


def steps(staffed: Staffed) -> StepsView:
    view = staffed.page.view(staffed.here())
    assert isinstance(view, StepsView)
    return view


def test_the_opening_check_is_done_by_touches_and_the_treadmill_may_be_used(checking):
    checking.follow(checking.hand(), "done", "failed", "left")
    assert checking.pages[-1] == "done"
    assert checking.said  # the voice was to be heard
    assert checking.house.status.opening.valid_left_s is not None
    assert all(state is TileState.DONE for _, state, _ in steps(checking).lines)
    assert checking.house.world.violations == ()
    checking.touch("choose", ACTS.index(Act.CONFIRM))
    checking.run(0.2)
    assert not isinstance(checking.page, ProcedurePage)


def running(staffed: Staffed) -> Staffed:
    """The brake test: the belt runs."""
    staffed.follow(staffed.hand(), "rising")
    staffed.run(1.0)
    assert staffed.house.speed > 0
    return staffed


def comes_to_rest(staffed: Staffed) -> None:
    """As soon as this belt can, and it stays there."""
    for _ in range(30):
        staffed.step()
        if staffed.house.speed == 0:
            break
    staffed.run(1.0)
    assert staffed.house.speed == 0


def test_while_the_belt_moves_stop_is_the_largest_button_and_stops_it(checking):
    running(checking)
    large = steps(checking).large
    assert large is not None
    assert large.tone is Tone.STOP
    checking.step(large.intent)
    assert any(isinstance(body, Stop) for body in checking.sent)
    comes_to_rest(checking)


def test_signing_out_while_the_belt_moves_stops_the_belt_and_only_that_signs_out(checking):
    running(checking)
    checking.desk = replace(checking.desk, active_s=checking.house.now_s - 300)
    checking.run(0.5)
    assert not checking.desk.over  # nobody is signed out by time while the belt may move
    checking.step(Intent(IntentKind.SIGN_OUT))
    assert checking.desk.over
    assert any(isinstance(body, Stop) for body in checking.sent)
    comes_to_rest(checking)
    assert checking.house.state in (State.LATCHED, State.IDLE)


def test_leaving_before_anything_runs_disarms(checking):
    checking.follow(checking.hand(), "brake_close", "clip_pull")
    checking.step(Intent(IntentKind.BACK))
    checking.run(0.3)
    assert any(isinstance(body, Disarm) for body in checking.sent)
    assert not isinstance(checking.page, ProcedurePage)


def test_scanning_and_binding_move_nothing_and_want_the_stickers_number(tmp_path):
    house = Composed(BENCH, checks=STRICT, profile=PROFILE)
    house.run(3)
    staffed = Staffed(house, tmp_path, TreadmillPage())
    staffed.run(0.5)
    writes = len(house.writes())
    staffed.touch("choose", 0)
    staffed.run(6)
    page = staffed.page
    assert isinstance(page, ScanPage)
    assert Scan(on=True) in staffed.sent
    found = page.found(staffed.here())
    assert found
    staffed.touch("open", 0)
    staffed.touch("choose", 1)
    for digit in "0000":
        staffed.touch("letter", int(digit))
    staffed.touch("submit")
    staffed.run(0.3)
    assert isinstance(staffed.page, ScanPage)
    assert staffed.page.message == "treadmill.other_sticker"
    staffed.touch("open", 0)
    staffed.touch("choose", 1)
    for digit in found[0].address[-5:].replace(":", ""):
        staffed.touch("letter", "0123456789ABCDEF".index(digit))
    staffed.touch("submit")
    staffed.run(0.3)
    assert isinstance(staffed.page, ConfirmPage)
    staffed.touch("hold")
    staffed.run(0.5)
    assert (tmp_path / "binding.toml").read_text().count(found[0].address) == 1
    assert Rebind() in staffed.sent
    assert isinstance(staffed.page, TreadmillPage)
    assert len(house.writes()) == writes
    staffed.close()
