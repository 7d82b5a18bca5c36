"""The kiosk as a process: what it says when it cannot start, and how it leaves."""

import os
import select
import signal
import subprocess
import sys
import time

import pytest

from hardware.link.endpoint import Listener, SocketEndpoint
from hardware.link.messages import Alive, Complaint, KioskToGuard
from hardware.link.paths import open_runtime_directory

CONFIG = """\
[treadmill]
link = "simulated"
address = "C0:FF:EE:00:00:42"
[wiring]
pins = "simulated"
[screen]
width_px = 800
height_px = 480
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "house.toml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def kiosks():
    started = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            pipe.close()


def start(place, kiosks, *more, data="data", **environment):
    argv = [sys.executable, "-m", "kiosk", "--config", str(place / "house.toml"), "--runtime", str(place / "run")]
    process = subprocess.Popen(
        [*argv, "--data", str(place / data), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    kiosks.append(process)
    return process


def last_words(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def ready(place, within_s=60):
    """The record is open: the kiosk is up."""
    deadline = time.monotonic() + within_s
    while not (place / "data" / "retrowalk.db").exists():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.05)


def test_without_a_display_it_says_so_and_does_not_draw_into_the_void(place, kiosks):
    code, _, said = last_words(start(place, kiosks, SDL_VIDEODRIVER="dummy"))
    assert code == 2
    assert said.startswith("There is no display to show the kiosk on")
    assert "--headless" in said


def test_a_second_kiosk_is_told_about_the_first_which_leaves_when_asked(place, kiosks):
    first = start(place, kiosks, "--headless")
    ready(place)
    code, _, said = last_words(start(place, kiosks, "--headless"))
    assert code == 2
    assert "Another Retro Walk keeps its record" in said
    first.send_signal(signal.SIGTERM)
    code, out, said = last_words(first)
    assert (code, out) == (0, "")


def test_a_guard_that_already_has_a_kiosk_says_so_and_the_second_leaves_with_that_sentence(place, kiosks):
    paths = open_runtime_directory(place / "run")
    listener = Listener(paths.guard_kiosk)
    start(place, kiosks, "--headless")
    sock, deadline = None, time.monotonic() + 60
    while sock is None and time.monotonic() < deadline:
        select.select([listener], [], [], 0.5)
        sock = listener.accept()
    assert sock is not None
    guard = SocketEndpoint(sock, KioskToGuard)
    while not any(isinstance(f.body, Alive) for f in guard.drain(0)):
        assert time.monotonic() < deadline
        select.select([guard], [], [], 0.5)
    guard.send(Complaint("Another kiosk is connected to this guard. Stop it first."), 0.0)
    code, _, said = last_words(kiosks[0])
    guard.close()
    listener.close()
    assert (code, said.strip()) == (2, "Another kiosk is connected to this guard. Stop it first.")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("misspelt", '"screen.heigth_px" is not a setting'),
        ("gone", "There is no configuration file"),
        ("program", "programs/own.toml"),
    ],
)
def test_what_keeps_it_from_starting_is_one_plain_sentence(place, kiosks, spoil, said):
    if spoil == "misspelt":
        (place / "house.toml").write_text(CONFIG + "heigth_px = 3\n")
    elif spoil == "gone":
        (place / "house.toml").unlink()
    else:
        (place / "data" / "programs").mkdir(parents=True)
        (place / "data" / "programs" / "own.toml").write_text('id = "X"\n')
    code, _, told = last_words(start(place, kiosks, "--headless"))
    assert code == 2
    assert said in told
    assert len(told.strip().splitlines()) == 1
