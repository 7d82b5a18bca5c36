"""The simulated world as a process, and the lock-step barrier with scripted processes at its sockets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardware.config import Config
from hardware.link.clock import LockstepClock
from hardware.link.endpoint import Listener, SocketEndpoint, connect
from hardware.link.messages import (
    Complaint,
    GattConnect,
    GattResult,
    PinLevels,
    PinsToGuard,
    WorldAsk,
    WorldHand,
    WorldMischief,
    WorldReport,
    WorldToBelt,
    WorldToControl,
)
from hardware.link.paths import RuntimePaths, open_runtime_directory
from hardware.simulated.doors import Doors
from hardware.simulated.lockstep import START_S, Barrier, LockstepError
from hardware.simulated.world import World

CONFIG = """\
[treadmill]
link = "simulated"
address = "C0:FF:EE:00:00:42"
[wiring]
pins = "simulated"
clip = 17
red_button = 27
"""
LIMIT_S = 20.0


@pytest.fixture
def paths(tmp_path: Path) -> RuntimePaths:
    return open_runtime_directory(tmp_path / "run")


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "c.toml"
    path.write_text(CONFIG)
    return path


Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def spawn(config_file: Path, paths: RuntimePaths) -> Iterator[Spawn]:
    running = []

    def start(*more: str, config: Path = config_file) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "hardware.simulated", "--config", str(config), "--runtime"]
        process = subprocess.Popen([*argv, str(paths.directory), *more], stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def reach(path: Path) -> socket.socket:
    deadline = time.monotonic() + LIMIT_S
    while (sock := connect(path)) is None:
        assert time.monotonic() < deadline, f"nobody listens at {path}"
        time.sleep(0.01)
    return sock


def hear(endpoint: SocketEndpoint, kind: type, wanted: Callable[[object], bool] = lambda _: True):
    """The next body of *kind* for which *wanted* holds."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        for frame in endpoint.drain(0.0):
            if isinstance(frame.body, kind) and wanted(frame.body):
                return frame.body
        assert not endpoint.closed, "the world hung up"
        time.sleep(0.002)
    raise AssertionError(f"no {kind.__name__}")


# ---------------------------------------------------------------------------------------------- the process


def test_the_world_serves_pins_link_and_hands_in_real_time(spawn, paths):
    process = spawn()
    control = SocketEndpoint(reach(paths.world_control), WorldToControl)
    guard = SocketEndpoint(reach(paths.world_pins), PinsToGuard)
    belt = SocketEndpoint(reach(paths.world_link), WorldToBelt)
    try:
        assert dict(hear(guard, PinLevels).levels) == {17: 0, 27: 0}
        control.send(WorldHand("clip", False), 0.0)
        assert dict(hear(guard, PinLevels).levels) == {17: 1, 27: 0}
        belt.send(GattConnect(1, "C0:FF:EE:00:00:42"), 0.0)
        assert hear(belt, GattResult).att_error == 0
        control.send(WorldMischief("stop_ignored", True), 0.0)
        control.send(WorldAsk(0), 0.0)
        report = hear(control, WorldReport)
        assert report.connected
        assert not report.clip_closed
        assert report.mischief == ("stop_ignored",)
        assert "console_plus" in report.mischief_known
        assert any("clip" in entry.note for entry in report.log)
        control.send(WorldMischief("stop_ignred", True), 0.0)
        assert 'Did you mean "stop_ignored"' in hear(control, Complaint).reason
    finally:
        for endpoint in (control, guard, belt):
            endpoint.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0
    assert not paths.world_pins.exists()


def test_nonsense_at_a_socket_is_answered_and_changes_nothing(spawn, paths):
    process = spawn()
    with reach(paths.world_control) as liar:
        liar.settimeout(LIMIT_S)
        liar.send(b"\xc1nonsense")
        assert b"could not be read" in liar.recv(4096)
    with reach(paths.world_link) as liar:
        liar.settimeout(LIMIT_S)
        liar.send(os.urandom(200))
        assert b"could not be read" in liar.recv(4096)
    assert process.poll() is None


def test_a_second_world_in_the_same_place_is_refused(spawn, paths):
    first = spawn()
    reach(paths.world_control).close()
    second = spawn()
    assert second.wait(LIMIT_S) == 2
    assert "already running" in second.stderr.read()
    assert first.poll() is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--treadmill", "urevo"], 'Did you mean "urevo-e1l"?'),
        (["--mischief", "stop_ignore"], 'Did you mean "stop_ignored"?'),
        (["--lockstep", "--roles", "guard,cook"], "--roles takes some of guard, belt, stopper, kiosk"),
    ],
)
def test_a_wrong_option_is_refused_with_a_sentence(spawn, options, sentence):
    process = spawn(*options)
    assert process.wait(LIMIT_S) == 2
    assert sentence in process.stderr.read()


def test_lockstep_is_refused_unless_pins_and_link_are_simulated(spawn, tmp_path):
    half = tmp_path / "half.toml"
    half.write_text(CONFIG.replace('pins = "simulated"', 'pins = "gpio"'))
    process = spawn("--lockstep", config=half)
    assert process.wait(LIMIT_S) == 2
    assert "simulated throughout" in process.stderr.read()


def test_the_process_takes_its_roles_through_the_lockstep(spawn, paths):
    process = spawn("--lockstep", "--roles", "guard")
    clock = LockstepClock(paths.world_clock, "guard")
    try:
        times = []
        for _ in range(50):
            assert clock.wait()
            times.append(clock.now())
        assert times == [START_S + (n + 1) * 0.02 for n in range(50)]
    finally:
        clock.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0


# ---------------------------------------------------------------------------------------------- the barrier


class Master:
    """The barrier in a thread; a test plays the processes."""

    def __init__(self, paths: RuntimePaths, roles: str, **options: float) -> None:
        self.world = World(Config(), START_S)
        self.sentences: list[str] = []
        self.error: Exception | None = None
        self._stop = threading.Event()
        self._doors = Doors(paths)
        self.barrier = Barrier(
            Listener(paths.world_clock),
            roles.split(","),
            self.world,
            self._doors,
            stopping=self._stop.is_set,
            complain=self.sentences.append,
            **options,
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.barrier.run()
        except LockstepError as error:
            self.error = error
        finally:
            self.barrier.close()
            self._doors.close()
            self.world.close()

    def ended(self) -> bool:
        self._thread.join(LIMIT_S)
        return not self._thread.is_alive()

    def stop(self) -> None:
        self._stop.set()
        assert self.ended()


@pytest.fixture
def master(paths: RuntimePaths) -> Iterator[Callable[..., Master]]:
    masters: list[Master] = []

    def make(roles: str, **options: float) -> Master:
        masters.append(Master(paths, roles, **options))
        return masters[-1]

    yield make
    for one in masters:
        one.stop()


class Player:
    """A process of the lock-step, in a thread: notes each of its quanta in a common list, and leaves after some."""

    def __init__(self, paths: RuntimePaths, role: str, log: list[tuple[str, float]], quanta: int) -> None:
        self._paths, self._role, self._log, self._quanta = paths, role, log, quanta
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def _play(self) -> None:
        clock = LockstepClock(self._paths.world_clock, self._role)
        for _ in range(self._quanta):
            if not clock.wait():
                break
            self._log.append((self._role, clock.now()))
        clock.close()

    def left(self) -> bool:
        self._thread.join(LIMIT_S)
        return not self._thread.is_alive()


def at(quantum: int) -> float:
    return START_S + quantum * 0.02


def test_each_process_gets_each_quantum_in_its_turn(master, paths):
    master("belt,guard,kiosk")
    log: list[tuple[str, float]] = []
    players = [Player(paths, role, log, 30) for role in ("kiosk", "belt", "guard")]
    assert all(player.left() for player in players)
    assert log == [(role, at(n)) for n in range(1, 31) for role in ("guard", "belt", "kiosk")]


def test_time_does_not_begin_before_everybody_is_there(master, paths):
    one = master("guard,belt")
    log: list[tuple[str, float]] = []
    guard = Player(paths, "guard", log, 3)
    with reach(paths.world_control) as sock:  # hands and questions are served meanwhile
        control = SocketEndpoint(sock, WorldToControl)
        control.send(WorldHand("clip", False), 0.0)
        control.send(WorldAsk(None), 0.0)
        report = hear(control, WorldReport)
        control.close()
    assert (report.now_s, report.clip_closed, log) == (START_S, False, [])
    belt = Player(paths, "belt", log, 3)
    assert guard.left()
    assert belt.left()
    assert log[0] == ("guard", at(1))
    assert one.sentences == []


def test_a_missing_process_is_named_when_the_wait_is_over(master, paths):
    one = master("guard,belt,kiosk", join_wait_s=0.3)
    player = Player(paths, "belt", [], 3)
    assert one.ended()
    assert player.left()
    assert "guard, kiosk did not join" in str(one.error)


def test_a_process_that_left_may_join_again(master, paths):
    master("guard,belt")
    log: list[tuple[str, float]] = []
    guard, belt = Player(paths, "guard", log, 400), Player(paths, "belt", log, 5)
    assert belt.left()
    again = Player(paths, "belt", log, 5)
    assert again.left()
    assert guard.left()
    assert [now for role, now in log if role == "guard"] == [at(n) for n in range(1, 401)]
    mine = [now for role, now in log if role == "belt"]
    assert len(mine) == 10
    assert mine == sorted(mine)


def test_a_process_that_hangs_is_dropped_with_a_sentence(master, paths):
    one = master("guard,belt", hang_s=0.2)
    log: list[tuple[str, float]] = []
    hanging = LockstepClock(paths.world_clock, "belt")
    guard = Player(paths, "guard", log, 10)
    assert hanging.wait()  # takes its quantum and never gives it back
    assert guard.left()
    hanging.close()
    assert len(log) == 10
    assert "belt process has not finished its 20 ms" in one.sentences[0]


def test_the_world_ends_when_everybody_has_left_for_good(master, paths):
    one = master("guard", left_wait_s=0.2, run_on_s=1.0)
    player = Player(paths, "guard", [], 5)
    assert player.left()
    assert one.ended()
    assert one.barrier.quanta == 5 + 50  # its own second, then time stands still
    assert one.error is None


def test_a_second_process_of_the_same_role_is_turned_away(master, paths):
    one = master("guard,belt")
    log: list[tuple[str, float]] = []
    guard, belt = LockstepClock(paths.world_clock, "guard"), Player(paths, "belt", log, 50)
    assert guard.wait()
    twin = Player(paths, "belt", log, 5)
    for _ in range(20):
        assert guard.wait()
    assert twin.left()
    guard.close()
    assert belt.left()
    assert "A second belt" in one.sentences[0]
    assert len(log) == 50
