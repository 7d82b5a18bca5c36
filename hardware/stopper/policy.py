"""When the fallback writer writes `08 01` by itself. Pure.

Two reasons, no third: a guard that lives asks for it (its belt process is dead or silent), or guard and belt process
are both silent while the lease is open. It never writes to a belt known at rest, and it ends with the stop budget: it
sees no data, so it cannot know when the belt stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hardware.constants import SENTRY_MISSING_S, STOP_RESEND_S, TICK_S
from hardware.link.messages import Sentry

EVERY_S = STOP_RESEND_S - TICK_S


@dataclass(frozen=True, slots=True)
class Word:
    """The newest word of one process."""

    sentry: Sentry
    at_s: float
    connected: bool = True

    def alive(self, now_s: float) -> bool:
        """Heard within 300 ms, and its socket is open."""
        return self.connected and 0 <= now_s - self.at_s <= SENTRY_MISSING_S


@dataclass(frozen=True, slots=True)
class Post:
    """What the stopper knows and has done."""

    trusts_until_s: float  # just started: until then silence is no alarm
    guard: Word | None = None
    belt: Word | None = None
    reason: str = ""
    since_s: float = 0.0
    due_s: float = 0.0
    confirmed: int = 0  # writes of this alarm that the treadmill's ATT took


def hear(post: Post, sentry: Sentry, now_s: float) -> Post:
    """A Sentry came."""
    word = Word(sentry, now_s)
    return replace(post, guard=word) if sentry.role == "guard" else replace(post, belt=word)


def lose(post: Post, role: str) -> Post:
    """The socket of *role* is closed."""
    if role == "guard" and post.guard is not None:
        return replace(post, guard=replace(post.guard, connected=False))
    if role == "belt" and post.belt is not None:
        return replace(post, belt=replace(post.belt, connected=False))
    return post


def wrote(post: Post, *, confirmed: bool) -> Post:
    """An attempt has ended."""
    return replace(post, confirmed=post.confirmed + 1) if confirmed else post


def step(post: Post, now_s: float, *, lease: bool, budget_s: float, resend: bool) -> tuple[Post, bool]:
    """The next state, and whether to write now. *resend* False: a second stop would start this machine (quirk 12)."""
    reason = _reason(post, now_s, lease)
    if reason != post.reason:
        post = replace(post, reason=reason, since_s=now_s, due_s=now_s, confirmed=0)
    if not reason or now_s < post.due_s or now_s - post.since_s > budget_s:
        return post, False
    if post.confirmed and not resend:
        return post, False
    return replace(post, due_s=now_s + EVERY_S), True


def _reason(post: Post, now_s: float, lease: bool) -> str:
    words = [word for word in (post.guard, post.belt) if word is not None]
    newest = max(words, key=lambda word: (word.at_s, not word.sentry.at_rest), default=None)
    if newest is not None and newest.sentry.at_rest:
        return ""
    if post.belt is not None and post.belt.alive(now_s) and post.belt.sentry.at_rest:
        return ""  # it sees the belt; a guard that has just come back does not yet hear it and asks all the same
    if post.guard is not None and post.guard.alive(now_s):
        return "the guard asks" if post.guard.sentry.stop_now else ""
    if post.belt is not None and post.belt.alive(now_s):
        return ""  # its own dead-man stops the belt
    if not lease or now_s < post.trusts_until_s:
        return ""
    return "guard and belt process are silent"
