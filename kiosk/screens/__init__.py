"""One file a screen, and the map of which follows which.

A screen is a function of a snapshot: it draws, and notes what can be touched. ``flow.py`` says which follows which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import msgspec
import pygame

from hardware.link.messages import Cause, Deck
from kiosk.intents import DESK_SCREENS, FAR_SCREENS, Intent, IntentKind, ScreenId, TileState
from kiosk.screens import (
    attract,
    belt_starting,
    belt_stopped,
    check,
    code,
    consent,
    console_start,
    countdown,
    easing,
    effort,
    history,
    joined,
    out_of_service,
    override,
    pain,
    pause,
    preview,
    program,
    reset,
    safety_stop,
    screening,
    staff,
    staff_pin,
    step_on,
    stopping,
    straddle,
    summary,
    talk_to_staff,
    to_rails,
    walk,
    who,
    why_stopped,
)
from kiosk.snapshot import Snapshot, Step, Tile, WalkView
from kiosk.ui.canvas import Canvas, Ui
from kiosk.ui.widgets import simulation_band, still_there

PAINTERS: Final[Mapping[ScreenId, Callable[[Canvas], None]]] = MappingProxyType(
    {
        ScreenId.ATTRACT: attract.paint,
        ScreenId.WHO: who.paint,
        ScreenId.CODE: code.paint,
        ScreenId.CONSENT: consent.paint,
        ScreenId.SCREENING: screening.paint,
        ScreenId.TALK_TO_STAFF: talk_to_staff.paint,
        ScreenId.PROGRAM: program.paint,
        ScreenId.PREVIEW: preview.paint,
        ScreenId.CHECK: check.paint,
        ScreenId.CONSOLE_START: console_start.paint,
        ScreenId.STRADDLE: straddle.paint,
        ScreenId.COUNTDOWN: countdown.paint,
        ScreenId.BELT_STARTING: belt_starting.paint,
        ScreenId.STEP_ON: step_on.paint,
        ScreenId.WALK: walk.paint,
        ScreenId.EASING: easing.paint,
        ScreenId.TO_RAILS: to_rails.paint,
        ScreenId.STOPPING: stopping.paint,
        ScreenId.SAFETY_STOP: safety_stop.paint,
        ScreenId.BELT_STOPPED: belt_stopped.paint,
        ScreenId.PAUSE: pause.paint,
        ScreenId.WHY_STOPPED: why_stopped.paint,
        ScreenId.EFFORT: effort.paint,
        ScreenId.PAIN: pain.paint,
        ScreenId.SUMMARY: summary.paint,
        ScreenId.HISTORY: history.paint,
        ScreenId.JOINED: joined.paint,
        ScreenId.STAFF_PIN: staff_pin.paint,
        ScreenId.OVERRIDE: override.paint,
        ScreenId.RESET: reset.paint,
        ScreenId.OUT_OF_SERVICE: out_of_service.paint,
        **dict.fromkeys(DESK_SCREENS, staff.paint),
    }
)

HOLD_S: Final[Mapping[IntentKind, float]] = MappingProxyType({IntentKind.STAFF: 2.0, IntentKind.HOLD: 2.0})
"""Intents that count only while a finger stays so long. STAFF: on the logo of the attract screen alone."""


def paint(surface: pygame.Surface | None, ui: Ui, snapshot: Snapshot, *, probe: bool = False) -> Canvas:
    """Draw one frame and return what was noted: texts, targets, pictures. Without a *surface* it only notes."""
    canvas = Canvas(ui, snapshot, surface, probe=probe)
    PAINTERS[snapshot.screen](canvas)
    if snapshot.warn and snapshot.screen not in FAR_SCREENS and snapshot.screen is not ScreenId.ATTRACT:
        still_there(canvas)
    simulation_band(canvas)
    return canvas


def draw(surface: pygame.Surface, ui: Ui, snapshot: Snapshot) -> None:
    """Draw one frame; on a near screen also one watched screen out of sight, until all are ready."""
    if snapshot.screen not in FAR_SCREENS:
        _warm(ui, snapshot)
    paint(surface, ui, snapshot)


_WATCHED: Final[tuple[tuple[ScreenId, Cause | None, str], ...]] = (
    *((ScreenId.CHECK, None, key) for key in ("", *check.PICTURES)),
    *((screen, None, "") for screen in sorted(FAR_SCREENS - {ScreenId.SAFETY_STOP})),
    *((ScreenId.SAFETY_STOP, cause, still) for cause in Cause for still in ("", "still")),
)
"""Screens on which the guard counts frames, with what decides their pictures."""


def _warm(ui: Ui, snapshot: Snapshot) -> None:
    """Draw the next watched screen that was not drawn yet, so that none is late when it is needed.

    The guard takes 0.5 s without a frame for a frozen screen (safety.md 2.6); the pictures of a stop screen take a
    slow machine a good part of that, once.
    """
    if ui.warmed >= len(_WATCHED):
        return
    screen, cause, detail = _WATCHED[ui.warmed]
    ui.warmed += 1
    still = detail == "still"
    status = snapshot.status
    if status is not None:
        status = msgspec.structs.replace(status, at_rest=still)
    hidden = replace(
        snapshot,
        screen=screen,
        cause=cause,
        status=status,
        touch_ready=still,
        walk=_WARM_WALK,
        warn=False,
        count=3,
        tiles=(Tile(f"check.{detail}", TileState.ACTIVE),) if screen is ScreenId.CHECK and detail else (),
    )
    surface = pygame.Surface(ui.size)
    paint(surface, ui, hidden)
    if screen is ScreenId.WALK:
        for walk in (
            replace(_WARM_WALK, next_ckmh=99, next_in_s=9.0),
            replace(_WARM_WALK, next_ckmh=0, next_in_s=9.0),
            replace(_WARM_WALK, stop_touched=False),
        ):
            paint(surface, ui, replace(hidden, walk=walk))
        paint(surface, ui, replace(hidden, banner="disk_full"))
        if status is not None:
            for deck in (Deck.OPEN_END, Deck.MOTOR_END):
                drifting = msgspec.structs.replace(status, inputs=msgspec.structs.replace(status.inputs, deck=deck))
                paint(surface, ui, replace(hidden, status=drifting))


_WARM_WALK: Final = WalkView(
    title="",
    phase=1,
    phases=1,
    left_s=1234.0,
    walked_s=0.0,
    steps=(Step(0.0, 60.0, 80, 0, ""),),
    at_s=0.0,
    next_ckmh=None,
    next_in_s=None,
    cue_show=(),
    stop_touched=True,
    target_ckmh=50,
)


def targets(ui: Ui, snapshot: Snapshot) -> tuple[tuple[pygame.Rect, Intent], ...]:
    """Every place that can be touched, the topmost last."""
    return tuple((target.rect, target.intent) for target in paint(None, ui, snapshot).targets)


def intent_at(ui: Ui, snapshot: Snapshot, pos: tuple[int, int]) -> Intent | None:
    """What a touch at *pos* means, or None where there is nothing to touch."""
    for rect, intent in reversed(targets(ui, snapshot)):
        if rect.collidepoint(pos):
            return intent
    return None
