"""``python -m hardware.guard`` as a process: what it says, how it comes up, how it leaves."""

from __future__ import annotations

import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hardware.config.profiles import profile_path
from hardware.guard import process as guard_process
from hardware.guard.process import BOOT_S, HOLD_S, _profiles
from hardware.link.endpoint import Listener, SocketEndpoint, connect
from hardware.link.lease import Lease
from hardware.link.messages import (
    Alive,
    Belt,
    Cause,
    Complaint,
    GuardToBelt,
    GuardToKiosk,
    GuardToPins,
    PinLevels,
    Rebind,
    State,
    Status,
    Wish,
    WishMode,
)
from hardware.link.paths import RuntimePaths, open_runtime_directory

ADDRESS = "C0:FF:EE:00:00:42"
CONFIG = """\
[treadmill]
link = "simulated"
address = "{address}"
[wiring]
pins = "{pins}"
[data]
directory = "{data}"
[timing]
tick_late_s = 0.25
"""


class Process:
    """A guard over a world of pins that stand still."""

    def __init__(self, tmp_path) -> None:
        self.config = tmp_path / "retrowalk.toml"
        self.write()
        self.paths: RuntimePaths = open_runtime_directory(tmp_path / "run")
        self.world: Listener | None = None
        self.ends: list[SocketEndpoint] = []
        self.process: subprocess.Popen | None = None

    def write(self, pins: str = "simulated") -> None:
        self.config.write_text(CONFIG.format(address=ADDRESS, pins=pins, data=self.config.parent))

    def argv(self, *more: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "hardware.guard",
            "--config",
            str(self.config),
            "--runtime",
            str(self.paths.directory),
            *more,
        ]

    def refused(self, *more: str) -> str:
        """It must not start: exit 2 and one sentence."""
        done = subprocess.run(self.argv(*more), capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1
        return done.stderr

    def start(self) -> None:
        self.world = Listener(self.paths.world_pins)
        self.process = subprocess.Popen(self.argv(), stderr=subprocess.PIPE, text=True)
        sock = self.wait(self.world.accept)
        pins = SocketEndpoint(sock, GuardToPins)
        pins.send(PinLevels(((17, 0), (27, 0))), time.monotonic())
        self.ends.append(pins)

    def wait(self, ask, seconds: float = 15.0):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = ask()
            if answer:
                return answer
            select.select([], [], [], 0.01)
        raise AssertionError("it did not come")

    def dial(self, path, incoming) -> SocketEndpoint:
        end = SocketEndpoint(self.wait(lambda: connect(path)), incoming)
        self.ends.append(end)
        return end

    def first(self, end: SocketEndpoint, kind: type):
        def ask():
            return [frame.body for frame in end.drain(time.monotonic()) if isinstance(frame.body, kind)]

        return self.wait(ask)[-1]

    def close(self) -> None:
        for end in self.ends:
            end.close()
        if self.world is not None:
            self.world.close()
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            self.process.stderr.close()


@pytest.fixture
def guard(tmp_path):
    process = Process(tmp_path)
    yield process
    process.close()


def test_it_comes_up_latched_wants_nothing_and_leaves_on_sigterm(guard):
    guard.start()
    kiosk = guard.dial(guard.paths.guard_kiosk, GuardToKiosk)
    belt = guard.dial(guard.paths.guard_belt, GuardToBelt)
    kiosk.send(Alive(1), time.monotonic())
    status = guard.first(kiosk, Status)
    assert (status.state, status.cause) == (State.LATCHED, Cause.BOOT)
    assert guard.first(belt, Wish).mode is WishMode.HOLD
    guard.process.send_signal(signal.SIGTERM)
    assert guard.process.wait(10) == 0
    assert guard.process.stderr.read() == ""


def test_with_an_open_lease_it_wants_a_stop_before_anything_else(guard):
    lease = Lease(guard.paths.lease, writable=True)
    lease.take("s1")
    guard.start()
    belt = guard.dial(guard.paths.guard_belt, GuardToBelt)
    assert guard.first(belt, Wish).mode is WishMode.STOP
    kiosk = guard.dial(guard.paths.guard_kiosk, GuardToKiosk)
    status = guard.first(kiosk, Status)
    assert (status.state, status.cause, status.session) == (State.LATCHED, Cause.RESTART_MOVING, "s1")
    guard.process.kill()
    guard.process.wait()
    assert lease.active  # the stopper and the next guard must know
    lease.close()


def test_told_to_rebind_it_ends_in_good_order_so_that_its_parent_starts_it_anew(guard):
    guard.start()
    kiosk = guard.dial(guard.paths.guard_kiosk, GuardToKiosk)
    guard.first(kiosk, Status)
    kiosk.send(Rebind(), time.monotonic())
    assert guard.process.wait(10) == 0
    assert guard.process.stderr.read() == ""


def test_an_opening_check_of_this_boot_is_read_back_from_the_lease_file(guard):
    lease = Lease(guard.paths.lease, writable=True)
    lease.keep_opening((ADDRESS, time.monotonic() - 60.0))
    guard.start()
    kiosk = guard.dial(guard.paths.guard_kiosk, GuardToKiosk)
    opening = guard.first(kiosk, Status).opening
    assert opening.needed
    assert opening.valid_left_s == pytest.approx(18 * 3600 - 60, abs=30)
    lease.close()


def test_a_second_kiosk_and_a_second_belt_are_told_and_sent_away(guard):
    guard.start()
    for path, incoming, word in (
        (guard.paths.guard_kiosk, GuardToKiosk, "kiosk"),
        (guard.paths.guard_belt, Complaint | Wish, "belt process"),
    ):
        first = guard.dial(path, incoming)
        guard.first(first, Status if word == "kiosk" else Wish)
        second = guard.dial(path, incoming)
        assert word in guard.first(second, Complaint).reason
        assert not first.closed


def test_a_second_guard_refuses_to_start(guard):
    guard.start()
    guard.dial(guard.paths.guard_kiosk, GuardToKiosk)
    assert "Another guard is already running" in guard.refused()
    assert guard.process.poll() is None


def test_a_bad_configuration_is_one_sentence(guard):
    guard.config.write_text("[limits]\ncap_kmh = 99\n")
    assert "must be between 0.5 and 5.63" in guard.refused()


def test_no_gpio_device_is_one_sentence(guard):
    from hardware.gpio.chip import chips

    if chips():
        pytest.skip("this machine has a GPIO device")
    guard.write(pins="gpio")
    assert "no GPIO device" in guard.refused()


def test_lock_step_is_refused_on_real_pins(guard):
    guard.write(pins="gpio")
    assert "only for a world that is simulated throughout" in guard.refused("--lockstep")


def test_nonsense_on_its_sockets_does_not_disturb_it(guard):
    guard.start()
    kiosk = guard.dial(guard.paths.guard_kiosk, GuardToKiosk)
    guard.first(kiosk, Status)
    belt = connect(guard.paths.guard_belt)
    belt.send(b"\xff" * 1000)
    belt.send(b"{}")
    kiosk._sock.send(b"\x93\x01")
    assert "could not be read" in guard.first(kiosk, Complaint).reason
    assert guard.first(kiosk, Status).state is State.LATCHED
    belt.close()


def test_every_usable_profile_is_loaded_and_a_bad_one_is_a_sentence(tmp_path, capsys):
    (tmp_path / "profiles").mkdir()
    good = f'address = "{ADDRESS}"\nmodel = "M1"\ncommissioned = true\n'
    profile_path(tmp_path, ADDRESS).write_text(good)
    profile_path(tmp_path, "C0:FF:EE:00:00:43").write_text(good)
    profile_path(tmp_path, "C0:FF:EE:00:00:44").write_text("cap_ckmh = 9999\n")
    profile_path(tmp_path, "C0:FF:EE:00:00:45").write_bytes(b"\xff\xfe")
    found = _profiles(tmp_path)
    assert list(found) == [ADDRESS]
    sentences = capsys.readouterr().err.splitlines()
    assert len(sentences) == 3
    assert all("counts as uncommissioned" in sentence for sentence in sentences)
    assert _profiles(tmp_path / "nowhere") == {}


def test_the_belts_frames_reach_the_status(guard):
    guard.start()
    belt = guard.dial(guard.paths.guard_belt, GuardToBelt)
    kiosk = guard.dial(guard.paths.guard_kiosk, GuardToKiosk)
    from tests.support.plant import Plant

    plant = Plant()

    def speaks():
        wish = [frame.body for frame in belt.drain(time.monotonic())]
        if wish:
            plant.step(wish[-1], False, time.monotonic())
            belt.send(plant.sent, time.monotonic())
        seen = [f.body for f in kiosk.drain(time.monotonic()) if isinstance(f.body, Status)]
        return [status for status in seen if status.measured_ckmh == 0]

    status = guard.wait(speaks)[-1]
    assert status.facts.name == "Plant"
    assert isinstance(plant.sent, Belt)


class Clock:
    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.mark.parametrize(
    ("up_s", "environment", "told", "held_s"),
    [
        (BOOT_S, {"NOTIFY_SOCKET": "/run/systemd/notify"}, False, HOLD_S),
        (BOOT_S - 1, {"NOTIFY_SOCKET": "/run/systemd/notify"}, False, 0.0),  # a device may come late
        (BOOT_S, {}, False, 0.0),  # by hand
        (BOOT_S, {"NOTIFY_SOCKET": "/run/systemd/notify"}, True, 0.0),  # systemctl stop
    ],
)
def test_a_start_that_a_person_has_to_mend_is_not_tried_again_at_once_for_ever(
    monkeypatch, up_s, environment, told, held_s
):
    clock = Clock(up_s)
    monkeypatch.setattr(guard_process, "time", clock)
    guard_process.hold(lambda: told, environment)
    assert clock.now_s - up_s == pytest.approx(held_s, abs=0.2)


def test_the_wait_fits_into_the_unit_s_patience():
    unit = (Path(__file__).parents[2] / "deploy/systemd/retrowalk-guard.service").read_text()
    patience = re.search(r"^TimeoutStartSec=(\d+)s$", unit, re.MULTILINE)
    assert patience is not None
    assert int(patience.group(1)) > HOLD_S + 3
