"""Sits at the guard as its kiosk, moves clip, red and amber button in the world, and waits for the guard to say so.

What lies between is the installed guard in its unit, gpiozero, the lgpio that the package carries, and the kernel's
GPIO device.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hardware.link.mailbox import Mailbox, socket_mailbox
from hardware.link.messages import ControlToWorld, GuardToKiosk, KioskToGuard, WorldHand, WorldToControl
from hardware.link.paths import open_runtime_directory
from kiosk.staff.small_kiosk import SmallKiosk

PATIENCE_S = 20.0
MOVES = (("clip", "clip_closed"), ("red", "red_closed"), ("amber", "amber_pressed"))


def main() -> int:
    """Exit code 0: each was seen to move and to come back."""
    paths = open_runtime_directory(Path("/run/retrowalk"))
    guard: Mailbox[KioskToGuard, GuardToKiosk] = socket_mailbox(paths.guard_kiosk, GuardToKiosk)
    world: Mailbox[ControlToWorld, WorldToControl] = socket_mailbox(paths.world_control, WorldToControl)
    kiosk = SmallKiosk(guard)

    def seen(name: str, wanted: bool) -> float | None:
        begin_s = time.monotonic()
        while (now_s := time.monotonic()) - begin_s < PATIENCE_S:
            kiosk.hear(now_s)
            kiosk.drawn(now_s)
            world.tend(now_s)
            world.drain(now_s)
            if kiosk.seen is not None and getattr(kiosk.seen.status.inputs, name) is wanted:
                return now_s - begin_s
            time.sleep(0.02)
        return None

    fine = seen("clip_closed", True) is not None
    if kiosk.seen is None:
        print(f"the guard says nothing; {kiosk.complaint}")
        return 1
    print(f"{kiosk.seen.status.state}, {kiosk.seen.status.inputs}", flush=True)
    for what, name in MOVES:
        rest = what != "amber"
        for closed in (not rest, rest):
            world.tend(time.monotonic())
            world.send(WorldHand(what, closed), time.monotonic())
            took_s = seen(name, closed)
            fine = fine and took_s is not None
            told = "the guard never said so" if took_s is None else f"the guard said so after {took_s:.2f} s"
            print(f"{what} {'closed' if closed else 'open'}: {told}", flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
