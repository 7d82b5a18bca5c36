"""A walker who leaves the safe stretch of the deck: first the belt eases, then it stops. Pure.

The belt never rises again by itself: back inside, the session's target counts only when a new one comes. Times are
monotonic seconds, speeds 0.01 km/h, inclines 0.1 %.
"""

from __future__ import annotations

import msgspec

from hardware.constants import OFF_DECK_S, OFF_DECK_SLOW_S, OFF_DECK_STOP_S
from hardware.link.messages import Deck


class Away(msgspec.Struct, frozen=True):
    """Where the walker has been in this walk."""

    since_s: float | None = None  # outside without a break
    slow_s: float | None = None  # outside, and the belt at its minimum
    held: tuple[int, int] | None = None  # the target that no longer counts: the belt was eased


def watched(away: Away, deck: Deck | None, *, slowest: bool, now_s: float) -> Away:
    """One more look. *slowest*: the belt is asked for its minimum."""
    if deck is None or deck is Deck.SAFE:
        return msgspec.structs.replace(away, since_s=None, slow_s=None)
    since_s = now_s if away.since_s is None else away.since_s
    slow_s = (now_s if away.slow_s is None else away.slow_s) if slowest else None
    return Away(since_s, slow_s, away.held)


def must_ease(away: Away, now_s: float) -> bool:
    """True once the walker has been outside for longer than a stride."""
    return away.since_s is not None and now_s - away.since_s >= OFF_DECK_S


def must_stop(away: Away, now_s: float) -> bool:
    """True where easing has not brought them back."""
    slow = away.slow_s is not None and now_s - away.slow_s >= OFF_DECK_SLOW_S
    return slow or (away.since_s is not None and now_s - away.since_s >= OFF_DECK_STOP_S)


def eased(away: Away, target: tuple[int, int]) -> Away:
    """The belt eases now: *target* counts no longer."""
    return msgspec.structs.replace(away, held=target)


def counts(away: Away, target: tuple[int, int], now_s: float) -> bool:
    """Whether a target of the session counts: not while the belt eases for a walker outside, and back inside only
    one that differs from what was asked for last.
    """
    return away.held is None or not (must_ease(away, now_s) or target == away.held)
