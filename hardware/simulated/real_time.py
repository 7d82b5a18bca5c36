"""The world in real time: every knock and byte is taken as it comes, and time passes every 10 ms."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Final

from hardware.link.clock import Clock
from hardware.simulated.doors import Doors
from hardware.simulated.world import World

STEP_S: Final = 0.010


def run(world: World, doors: Doors, clock: Clock, stopping: Callable[[], bool]) -> None:
    """Until *stopping* says so at a look."""
    due_s = clock.now()
    while not stopping():
        now_s = clock.now()
        doors.admit(world)
        if now_s >= due_s:
            world.step(now_s)
            due_s = max(due_s + STEP_S, now_s)
        else:
            world.receive(now_s)
        select.select([*doors.watched, *world.watched], [], [], max(due_s - clock.now(), 0.0))
