"""Which order counts now: the guard's newest Wish, or STOP where there is none, or an old one. Pure.

safety.md: no Wish for 300 ms, or end of file, means STOP; a STOP kills every target of its epoch and older ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hardware.constants import WISH_MISSING_S
from hardware.link.messages import Frame, Wish, WishMode

FUTURE_S: Final = 0.050  # one machine, one clock: a time-stamp further ahead than this is nonsense


class Orders:
    """The newest Wish and what it means."""

    def __init__(self) -> None:
        self._newest: Frame[Wish] | None = None
        self.late = 0  # Wishes that were old when they came (a process that was held up finds a queue of them)
        self._killed: int | None = None

    @property
    def wish(self) -> Wish | None:
        """The newest; None: none yet from this guard."""
        return None if self._newest is None else self._newest.body

    def new_guard(self) -> None:
        """Another guard counts its epochs anew; it starts latched."""
        self._newest = None
        self._killed = None

    def hear(self, frames: Iterable[Frame[Wish]], now_s: float) -> None:
        """Take the newest; what is older than the dead-man's time is no order."""
        for frame in frames:
            if not -FUTURE_S <= now_s - frame.t_s <= WISH_MISSING_S:
                self.late += 1
                continue
            self._newest = frame
            if frame.body.mode is WishMode.STOP:
                self._kill(frame.body.epoch)

    def fresh(self, now_s: float, *, connected: bool) -> bool:
        """True while the guard is there and heard of."""
        return self._newest is not None and connected and now_s - self._newest.t_s <= WISH_MISSING_S

    def mode(self, now_s: float, *, connected: bool) -> WishMode:
        """What to do now. An epoch that was stopped once, for whatever reason, stays stopped."""
        wish = self.wish
        if wish is None:
            return WishMode.STOP
        if not self.fresh(now_s, connected=connected):
            self._kill(wish.epoch)
        if wish.mode is WishMode.RUN and not wish.control:
            return WishMode.STOP
        if wish.mode is WishMode.RUN and self._killed is not None and wish.epoch <= self._killed:
            return WishMode.STOP
        return wish.mode if self.fresh(now_s, connected=connected) else WishMode.STOP

    def kill(self) -> None:
        """Our own reason to stop this epoch."""
        if self.wish is not None:
            self._kill(self.wish.epoch)

    def _kill(self, epoch: int) -> None:
        self._killed = epoch if self._killed is None else max(self._killed, epoch)
