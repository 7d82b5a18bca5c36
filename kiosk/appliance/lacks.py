"""What this machine lacks that members would miss, as the standing notice says it: touch first, then sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kiosk.staff.health.computer import touch_devices
from kiosk.staff.health.machine import Machine

LOOK_S: Final = 5.0
"""A cable that is put back is seen within so long."""


class Lacks:
    """Looks now and then; for a kiosk that owns its screen (a window at a desk lacks nothing)."""

    def __init__(self, *, silent: bool, devices: Callable[[], tuple[list[str], list[str]]] | None = None) -> None:
        """*silent*: the loudspeaker could not be opened."""
        self._silent: Final = silent
        self._devices: Final = devices or (lambda: touch_devices(Machine()))
        self._looked_s = float("-inf")
        self._notice = ""

    def notice(self, now_s: float) -> str:
        """The notice's name in the catalogue; empty if nothing is missing."""
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            screens, mice = self._devices()
            self._notice = "no_touch" if not (screens or mice) else "no_sound" if self._silent else ""
        return self._notice


def nothing_lacks(_now_s: float) -> str:
    """At a desk, headless and in the simulation."""
    return ""
