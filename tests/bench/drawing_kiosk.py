"""A kiosk process for the stop_path bench: draws, saves, and leads one start after another.

Alive is sent from the drawn-frame path, as the product's kiosk does. What the guard says goes to standard output, a
line at each change, for the bench whose hand moves the clip.
"""

from __future__ import annotations

import argparse
import sqlite3
import threading
import time
from pathlib import Path

from hardware.link.endpoint import SocketEndpoint, connect
from hardware.link.messages import (
    Alive,
    Arm,
    Envelope,
    GuardToKiosk,
    Missing,
    Purpose,
    Reset,
    ResetBy,
    Start,
    State,
    Status,
)
from hardware.link.paths import RuntimePaths
from tests.bench.walk_frames import WalkFrames

FRAME_S = 1 / 30
ALIVE_FRAMES = 3
ASK_S = 0.6  # a Reset within half a second of the last counts as held


def save_for_ever(path: Path, stall_s: float) -> None:
    """The store's writer thread: a commit a second, each stalled as a bad card stalls it."""
    database = sqlite3.connect(path)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    database.execute("create table if not exists sample (t real)")
    while True:
        database.execute("insert into sample values (?)", (time.monotonic(),))
        time.sleep(stall_s)
        database.commit()
        time.sleep(1.0)


def wanted(status: Status, session: int) -> object | None:
    """What to ask for in this state, None for nothing."""
    if status.state is State.LATCHED and not set(status.reset_missing) - {Missing.STAFF}:
        return Reset(ResetBy.STAFF)
    if status.state is State.IDLE and not status.arm_missing:
        return Arm(Envelope(200, 0), f"bench-{session}", Purpose.SESSION)
    if status.state is State.ARMED and not status.start_missing:
        return Start()
    return None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--stall", type=float, default=0.0)
    given = parser.parse_args()
    link = SocketEndpoint(connect(RuntimePaths(given.runtime).guard_kiosk), GuardToKiosk)
    threading.Thread(target=save_for_ever, args=(given.database, given.stall), daemon=True).start()
    frames = WalkFrames()
    status: Status | None = None
    asked: tuple[type[object], float] = (object, 0.0)
    session, told, next_s = 0, "", time.monotonic()
    while not link.closed:
        now_s = time.monotonic()
        for frame in link.drain(now_s):
            if isinstance(frame.body, Status):
                status = frame.body
                inputs = status.inputs
                line = f"{status.state} {status.cause} {int(inputs.clip_closed)} {int(inputs.permit_readback or 0)}"
                if line != told:
                    told = line
                    print(line, status.ticks_late, flush=True)
        frames.draw((status.measured_ckmh if status else None) or 0)
        if frames.drawn % ALIVE_FRAMES == 0:
            link.send(Alive(frames.drawn), time.monotonic())
        ask = None if status is None else wanted(status, session)
        if ask is not None and (type(ask) is not asked[0] or now_s - asked[1] >= ASK_S):
            session += isinstance(ask, Arm)
            asked = (type(ask), now_s)
            link.send(ask, now_s)
        next_s = max(next_s + FRAME_S, time.monotonic())
        time.sleep(max(0.0, next_s - time.monotonic()))


if __name__ == "__main__":
    main()
