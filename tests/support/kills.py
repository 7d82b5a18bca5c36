"""Kill a store at a chosen moment and look at what is left."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Said:
    """What the victim had said when it died."""

    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    samples: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    killed_at: float = 0.0


@dataclass(frozen=True)
class Loss:
    """What was missing afterwards."""

    integrity: str
    opened: int  # sessions whose row was said to be on disk and is not
    closed: int  # sessions that were said to be closed on disk and are not
    events: int
    samples: int  # said, and not there
    oldest_s: float  # age of the oldest lost sample when the power went


def run_and_kill(directory: Path, after_s: float, every_s: float = 0.01, length: int = 200) -> Said:
    """Let a victim walk for *after_s* from its first word, then SIGKILL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.store_victim", str(directory), str(every_s), str(length)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    lines: list[str] = []
    first = threading.Event()

    def listen() -> None:
        for line in process.stdout:
            lines.append(line)
            first.set()

    ears = threading.Thread(target=listen)
    ears.start()
    if not first.wait(60):
        process.kill()
        raise AssertionError("the victim never started")
    time.sleep(after_s)
    killed_at = time.monotonic()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    ears.join()
    process.stdout.close()
    told = said_of(lines)
    told.killed_at = killed_at
    return told


def said_of(lines: Iterable[str]) -> Said:
    """What a victim's lines mean."""
    said = Said()
    for line in lines:
        word, *rest = line.split()
        if word == "o":
            said.opened.append(rest[0])
        elif word == "c":
            said.closed.append(rest[0])
        elif word == "e":
            said.events.append(rest[0])
        elif word == "s":
            said.samples.setdefault(rest[0], []).append((int(rest[1]), float(rest[2])))
    return said


def look(directory: Path, said: Said) -> Loss:
    """What *directory* lacks of what was said. Opens the record with plain sqlite3: not our own code."""
    connection = sqlite3.connect(directory / "retrowalk.db")
    try:
        (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
        sessions = dict(connection.execute("SELECT id, state FROM session"))
        events = {event for (event,) in connection.execute("SELECT id FROM event")}
        samples = set(connection.execute("SELECT session_id, t_ms FROM sample"))
    finally:
        connection.close()
    lost = [at for session, times in said.samples.items() for t_ms, at in times if (session, t_ms) not in samples]
    return Loss(
        integrity,
        sum(session not in sessions for session in said.opened),
        sum(sessions.get(session) != "completed" for session in said.closed),
        sum(event not in events for event in said.events),
        len(lost),
        max((said.killed_at - at for at in lost), default=0.0),
    )
