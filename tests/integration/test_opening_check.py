"""The opening check led step by step, all parts together, and the treadmill's commands of a shell."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

from hardware.config import WiringLevel
from hardware.config.binding import load_binding
from hardware.config.files import save_profile
from hardware.config.profiles import Profile, StopPoint, load_profile
from hardware.link.messages import Missing, Proof, State, TreadmillFacts
from hardware.simulated.machines import BENCH
from kiosk.gallery import STATUS
from kiosk.staff.cli import app as staff_app
from kiosk.staff.commands.treadmill import treadmill as treadmill_app
from kiosk.staff.commissioning import opening
from kiosk.staff.commissioning.hands import AutoHand
from kiosk.staff.commissioning.instruction import Act, Deed
from kiosk.staff.commissioning.memory import Seen
from kiosk.staff.health import beacon
from kiosk.staff.health.beacon import Beacon
from tests.support.composed import ADDRESS, Composed
from tests.support.technician import STRICT, TURN_QUANTA, Room

PROFILE = Profile(
    name="Bench",
    address=ADDRESS,
    model="bench",
    firmware="1.0",
    commissioned=True,
    cap_ckmh=120,
    start_latency_s=1.0,
    stop_time_s=2.0,
    deck_mm=1400,
    true_speed=True,
    stops=(StopPoint(80, 1.0, 200.0), StopPoint(120, 2.0, 500.0)),
    signed_by="Ana",
    measured_on="2026-11-21",
)


class Opening:
    """A morning at the treadmill."""

    def __init__(self) -> None:
        self.house = Composed(BENCH, level=WiringLevel.H2, profile=PROFILE, checks=STRICT)
        self.house.run(2)
        self.hand = AutoHand(Room(self.house))
        self.state = opening.begin(self.house.now_s)
        self.turn: opening.CheckTurn | None = None
        self.pages: list[str] = []
        self.said = 0

    def once(self, *deeds: Deed) -> str:
        house = self.house
        for _ in range(TURN_QUANTA):
            house.quantum()
            self.hand.watch(house.now_s)
        answer = deeds or (() if self.turn is None else self.hand.answer(self.turn.instruction, house.now_s))
        seen = Seen(house.status, house.kiosk.status_at_s)
        self.turn = opening.step(self.state, seen, answer, house.now_s)
        self.state = self.turn.state
        self.said += self.turn.say
        for request in self.turn.requests:
            house.kiosk.say(request)
        page = self.turn.instruction.page
        if not self.pages or self.pages[-1] != page:
            self.pages.append(page)
        return page

    def until(self, *pages: str) -> None:
        for _ in range(1200):
            if self.once() in pages:
                return
        raise AssertionError(f"{pages} not reached: {self.pages} {self.house.scene()}")


@pytest.fixture
def morning():
    one = Opening()
    yield one
    one.house.close()


def test_red_button_clip_alarm_voice_and_one_stop_open_the_day(morning):
    house = morning.house
    assert Missing.OPENING_CHECK in house.status.arm_missing or house.state is State.LATCHED
    morning.until("done", "left")
    assert morning.pages[-1] == "done"
    order = ["red_press", "clip_pull", "alarm", "voice", "brake_pull", "starting", "rising", "stopping"]
    assert [page for page in dict.fromkeys(morning.pages) if page in order] == order
    assert morning.said == 1
    assert morning.hand.failed == []
    assert house.world.tap.max_ckmh == PROFILE.cap_ckmh  # the lower of 1.5 km/h and the cap
    house.walking(80)
    house.assert_safe()


def test_a_voice_that_nobody_hears_is_no_proof_and_may_be_tried_again(morning):
    morning.until("voice")
    morning.once(Deed(Act.NO, morning.house.now_s))
    assert morning.pages[-1] == "failed"
    assert Proof.SOUND in morning.house.status.opening.missing
    morning.once(Deed(Act.REPEAT, morning.house.now_s))
    morning.until("brake_pull")
    assert morning.said == 2
    assert Proof.SOUND not in morning.house.status.opening.missing


def test_a_brake_test_broken_by_the_clip_is_no_proof_and_is_done_again(morning):
    morning.until("rising")
    morning.house.hand("clip", False)
    morning.until("failed")
    assert morning.house.speed == 0
    assert morning.turn.instruction.keys == (("why", "commission.failed.clip"),)
    assert Proof.BRAKE in morning.house.status.opening.missing
    morning.house.hand("clip", True)
    morning.until("done")
    assert morning.house.world.violations == ()


def test_breaking_off_leaves_the_day_closed(morning):
    morning.until("brake_pull")
    morning.once(Deed(Act.LEAVE, morning.house.now_s))
    assert morning.pages[-1] == "left"
    morning.house.run(1)
    assert morning.house.status.opening.valid_left_s is None


# ------------------------------------------------------------------------------------------------ in a shell


def shell(app, *arguments: str, typed: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), input=typed)
    return result.exit_code, result.output + (result.stderr if result.stderr_bytes else "")


def test_a_treadmill_is_bound_shown_and_unbound_from_a_shell(tmp_path):
    data = ("--data", str(tmp_path))
    assert shell(staff_app, "staff", "add", "Ana", "--role", "owner", "--pin-stdin", *data, typed="864209\n")[0] == 0
    code, said = shell(treadmill_app, "bind", "nonsense", "--pin-stdin", *data, typed="864209\n")
    assert (code, load_binding(tmp_path)) == (2, None)
    assert "is no address" in said
    code, said = shell(treadmill_app, "bind", ADDRESS.lower(), "--label", "Window", "--pin-stdin", *data, typed="1\n")
    assert (code, load_binding(tmp_path)) == (2, None)
    code, said = shell(
        treadmill_app, "bind", ADDRESS.lower(), "--label", "Window", "--pin-stdin", *data, typed="864209\n"
    )
    assert code == 0
    assert "not commissioned" in said
    units = re.findall(r"retrowalk-\w+", said)
    assert units == ["retrowalk-guard", "retrowalk-belt"]
    assert all((Path(__file__).parents[2] / f"deploy/systemd/{name}.service").is_file() for name in units)
    assert "end retrowalk run and start it again" in said
    bound = load_binding(tmp_path)
    assert bound is not None
    assert (bound.address, bound.label, bound.bound_by) == (ADDRESS, "Window", "Ana")
    code, said = shell(treadmill_app, "profile", *data)
    assert code == 2
    assert "is not commissioned" in said
    save_profile(tmp_path, PROFILE)
    code, said = shell(treadmill_app, "profile", *data)
    assert code == 0
    assert "1.20 km/h" in said
    assert "signed by Ana" in said
    code, said = shell(treadmill_app, "unbind", "--pin-stdin", *data, typed="864209\n")
    assert (code, load_binding(tmp_path)) == (0, None)
    assert "sudo systemctl restart retrowalk-guard retrowalk-belt" in said


def kiosk_says(runtime, **facts):
    """What the running kiosk leaves for others: the treadmill that it is connected to."""
    known = TreadmillFacts(ADDRESS, "Domyos", "TC", "1.0", 0, 0, 0, 0, 0, 0, False, False, "uncommissioned", False)
    status = structs.replace(STATUS, facts=structs.replace(known, **facts))
    lit = Beacon(
        at_s=time.monotonic(), pid=os.getpid(), screen="attract", driver="kmsdrm", size=(1920, 1080), too_small=False,
        sound="", status=status,
    )  # fmt: skip
    beacon.write(runtime, lit)


def test_follow_mode_is_allowed_from_a_shell_for_what_the_running_kiosk_is_connected_to(tmp_path):
    data, runtime = ("--data", str(tmp_path)), tmp_path / "run"
    wired = tmp_path / "retrowalk.toml"
    wired.write_text('[wiring]\nlevel = "H1"\npermit = 23\npermit_readback = 24\n')
    more = (*data, "--runtime", str(runtime), "--config", str(wired), "--address", ADDRESS, "--pin-stdin")
    assert shell(staff_app, "staff", "add", "Ana", "--role", "owner", "--pin-stdin", *data, typed="864209\n")[0] == 0
    code, said = shell(treadmill_app, "profile", "--follow", *more, typed="864209\n")
    assert code == 2
    assert "kiosk must be running" in said
    kiosk_says(runtime, can_speed=True)
    code, said = shell(treadmill_app, "profile", "--follow", *more, typed="864209\n")
    assert (code, "takes its speed over Bluetooth" in said) == (2, True)
    kiosk_says(runtime)
    code, said = shell(treadmill_app, "profile", "--follow", *more, typed="864209\n")
    assert code == 0
    assert "retrowalk-guard" in said
    kept = load_profile(tmp_path, ADDRESS)
    assert (kept.follow_allowed, kept.commissioned, kept.model, kept.firmware) == (True, False, "TC", "1.0")
    assert "follow mode allowed" in shell(treadmill_app, "profile", *data, "--address", ADDRESS)[1]
    assert shell(treadmill_app, "profile", "--no-follow", *more, typed="864209\n")[0] == 0
    assert not load_profile(tmp_path, ADDRESS).follow_allowed
    wired.write_text("")
    code, said = shell(treadmill_app, "profile", "--follow", *more, typed="864209\n")
    assert (code, "no wire that is read back could stop it" in said) == (2, True)
