"""The map: which screen may follow which, and when a screen gives up waiting. The one home of flow.

The session asks here before it goes anywhere (``kiosk.session``); tests walk every edge. Screens know nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kiosk.intents import ScreenId

S = ScreenId


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody touches: offer to stay after *warn_s*, leave *to* after *end_s* (screens A10)."""

    warn_s: float
    end_s: float
    to: ScreenId


@dataclass(frozen=True, slots=True)
class Place:
    """One screen on the map."""

    leads_to: frozenset[ScreenId]
    idle: Idle | None = None


def _place(*leads_to: ScreenId, idle: Idle | None = None) -> Place:
    return Place(frozenset(leads_to), idle)


def _near(to: ScreenId, *leads_to: ScreenId) -> Place:
    return _place(to, *leads_to, idle=Idle(45.0, 65.0, to))


FLOW: Final[Mapping[ScreenId, Place]] = {
    S.ATTRACT: _place(S.WHO, S.STAFF_PIN, S.OUT_OF_SERVICE),
    S.WHO: _near(S.ATTRACT, S.CODE, S.SCREENING),
    S.CODE: _near(S.ATTRACT, S.WHO, S.CONSENT, S.SCREENING, S.TALK_TO_STAFF),
    # A guest is asked only when they become a member, at the summary.
    S.CONSENT: _near(S.ATTRACT, S.WHO, S.SCREENING, S.SUMMARY, S.JOINED),
    S.SCREENING: _near(S.ATTRACT, S.WHO, S.PROGRAM, S.TALK_TO_STAFF),
    S.TALK_TO_STAFF: _near(S.ATTRACT, S.STAFF_PIN),
    S.PROGRAM: _near(S.ATTRACT, S.WHO, S.PREVIEW, S.HISTORY),
    S.PREVIEW: _near(S.ATTRACT, S.PROGRAM, S.CHECK),
    # Back at the check by a stop or an opened clip, a walk that began ends with its own scores.
    S.CHECK: _place(
        S.ATTRACT, S.PREVIEW, S.STRADDLE, S.CONSOLE_START, S.TALK_TO_STAFF, S.EFFORT, S.SUMMARY, S.OUT_OF_SERVICE,
        idle=Idle(95.0, 120.0, S.TALK_TO_STAFF),
    ),
    # Follow mode: the console starts the belt and sets its pace, so there is no countdown, and nothing can ease it.
    S.CONSOLE_START: _place(S.STEP_ON, S.CHECK, S.STOPPING, S.SAFETY_STOP, S.OUT_OF_SERVICE),
    S.TO_RAILS: _place(S.STOPPING, S.SAFETY_STOP),
    S.STRADDLE: _place(S.COUNTDOWN, S.CHECK, S.OUT_OF_SERVICE),
    S.COUNTDOWN: _place(S.BELT_STARTING, S.STRADDLE, S.CHECK, S.OUT_OF_SERVICE),
    S.BELT_STARTING: _place(S.STEP_ON, S.STOPPING, S.SAFETY_STOP, S.CHECK),
    S.STEP_ON: _place(S.WALK, S.STOPPING, S.SAFETY_STOP),
    S.WALK: _place(S.EASING, S.TO_RAILS, S.STOPPING, S.SAFETY_STOP),
    S.EASING: _place(S.WALK, S.TO_RAILS, S.STOPPING, S.SAFETY_STOP),
    S.STOPPING: _place(S.BELT_STOPPED, S.PAUSE, S.SAFETY_STOP),
    S.PAUSE: _place(S.CHECK, S.EFFORT, S.SUMMARY, S.OUT_OF_SERVICE),
    S.SAFETY_STOP: _place(S.WHY_STOPPED, S.EFFORT, S.SUMMARY, S.STAFF_PIN, S.OUT_OF_SERVICE),
    S.BELT_STOPPED: _place(S.WHY_STOPPED, S.EFFORT, S.SUMMARY),
    S.WHY_STOPPED: _near(S.ATTRACT, S.CHECK, S.PAUSE, S.EFFORT, S.SUMMARY, S.TALK_TO_STAFF),
    S.EFFORT: _near(S.ATTRACT, S.PAIN),
    S.PAIN: _near(S.ATTRACT, S.SUMMARY, S.EFFORT),
    S.SUMMARY: _place(S.ATTRACT, S.CONSENT, S.HISTORY, idle=Idle(25.0, 40.0, S.ATTRACT)),
    S.HISTORY: _near(S.ATTRACT, S.PROGRAM, S.SUMMARY),
    S.JOINED: _near(S.ATTRACT),
    S.OVERRIDE: _near(S.ATTRACT, S.TALK_TO_STAFF, S.PROGRAM),
    S.STAFF_PIN: _near(S.ATTRACT, S.TALK_TO_STAFF, S.OVERRIDE, S.RESET, S.OUT_OF_SERVICE, S.SAFETY_STOP),
    S.RESET: _near(S.OUT_OF_SERVICE, S.ATTRACT),
    S.OUT_OF_SERVICE: _place(S.ATTRACT, S.STAFF_PIN),
}  # fmt: skip


def may_follow(screen: ScreenId, to: ScreenId) -> bool:
    """Whether *to* may come after *screen*."""
    return to in FLOW[screen].leads_to


EDGES: Final = tuple((screen, to) for screen, place in FLOW.items() for to in ScreenId if to in place.leads_to)
"""Every step there is, in order: what the flow tests walk."""
