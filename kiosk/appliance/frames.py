"""What systemd hears of the kiosk: ready with the first frame that was drawn, alive with each further one."""

from __future__ import annotations

from typing import Protocol


class Hears(Protocol):
    """hardware.link.notify.Notifier, or a test's ear."""

    def ready(self, status: str = "") -> None:
        """Started."""

    def feed(self, now_s: float) -> None:
        """Alive."""


class FrameFeed:
    """A loop that turns without drawing is a frozen screen: it feeds nothing."""

    def __init__(self, notifier: Hears) -> None:
        self._notifier = notifier
        self._drawn = 0

    def after_turn(self, drawn: int, now_s: float) -> None:
        """*drawn* frames so far, after a turn at *now_s* (monotonic seconds)."""
        if drawn == self._drawn:
            return
        if self._drawn == 0:
            self._notifier.ready("showing its screen")
        self._drawn = drawn
        self._notifier.feed(now_s)
