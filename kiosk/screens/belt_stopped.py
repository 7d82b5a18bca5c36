"""The belt stands: find your balance, step off, unclip last."""

from __future__ import annotations

from kiosk.intents import Intent, IntentKind
from kiosk.screens.safety_stop import way_on
from kiosk.ui import far, widgets
from kiosk.ui.canvas import Canvas
from kiosk.ui.illustration import illustrate


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.WALKING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "tick", c.t("belt_stopped.word"))
    far.speed(c, frame, tone)
    illustrate(c, "step_off", frame.right, tone.ground)
    lines = s.cue_show or (c.t("belt_stopped.stand"), c.t("belt_stopped.off"))
    if s.touch_ready:
        way_on(c, frame, lines, c.t("button.go_on"), Intent(IntentKind.NEXT), widgets.PRIMARY)
    else:
        far.cue(c, frame, lines, bar=False)
