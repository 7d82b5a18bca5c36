"""Scheduling as deploy/systemd gives it, so that a bench measures the processes as they are deployed.

The simulated world stands for pins and air: it is the instrument, and must not be late itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from tests.bench.common import REPO

INSTRUMENT = 30  # above the guard's: real pins and a real radio do not wait for a processor
HAND = 25  # who measures and plays the walker, likewise


def unit(name: str) -> tuple[int | None, int]:
    """Real-time priority (None: none) and niceness that the unit of *name* asks for."""
    text = (REPO / "deploy" / "systemd" / f"retrowalk-{name}.service").read_text(encoding="utf-8")
    found = dict(re.findall(r"^(Nice|CPUSchedulingPolicy|CPUSchedulingPriority)=(\S+)$", text, re.MULTILINE))
    real_time = int(found["CPUSchedulingPriority"]) if found.get("CPUSchedulingPolicy") == "rr" else None
    return real_time, int(found.get("Nice", "0"))


def apply(pids: Mapping[str, int]) -> bool:
    """Give each process what its unit asks for; False where this machine does not allow it."""
    try:
        for name, pid in pids.items():
            real_time, nice = (INSTRUMENT, 0) if name == "simulated" else unit(name)
            if real_time is not None:
                os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(real_time))
            elif nice:
                os.setpriority(os.PRIO_PROCESS, pid, nice)
    except PermissionError:
        return False
    return True


def instrument() -> bool:
    """The calling thread is one of the measuring hands. What it starts is not."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(HAND))
    except PermissionError:
        return False
    return True
