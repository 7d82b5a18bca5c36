"""Follow mode: the member starts the belt at its console from the side rails, sets the pace, and turns round."""

from __future__ import annotations

from hardware.link.messages import State
from kiosk.screens.straddle import words
from kiosk.ui import far
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    if s.status is not None and s.status.state is State.RUNNING:
        _turn_round(c)
    else:
        _start(c)


def _start(c: Canvas) -> None:
    """Read before turning to the console: from there this screen cannot be seen."""
    tone = far.WALKING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "rails", c.t("console_start.word"))
    illustrate(c, "straddle", frame.left, tone.ground)
    words(c, frame.right, c.t("console_start.rails"), c.t("console_start.clip"))
    far.cue_or_stop(c, frame, (c.t("console_start.console"), pace(c)))


def pace(c: Canvas) -> str:
    """What to set the console to."""
    s = c.snapshot
    if not s.pace_ckmh:
        return c.t("console_start.slowest")
    unit = c.t(f"unit.{s.units.name.lower()}")
    return c.t("console_start.pace", speed=c.words.speed(s.pace_ckmh, s.units), unit=unit)


def _turn_round(c: Canvas) -> None:
    tone = far.CHANGING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "diamond", c.t("console_start.turn_word"))
    far.speed(c, frame, tone)
    illustrate(c, "straddle_moving", frame.right, tone.ground)
    then = c.t("console_start.amber" if c.snapshot.amber else "console_start.wait")
    far.cue_or_stop(c, frame, (c.t("console_start.turn"), then))
