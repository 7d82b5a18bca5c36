"""The rest between two sets, or a break that the member asked for: the belt is stopped, and what is left of it stands
where the time left does.
"""

from __future__ import annotations

from kiosk.intents import Intent, IntentKind
from kiosk.screens.safety_stop import way_on
from kiosk.ui import far, widgets
from kiosk.ui.canvas import Canvas


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    s = c.snapshot
    tone = far.WALKING
    frame = far.start(c, tone)
    far.band(c, frame, tone, "tick", c.t("pause.paused" if s.paused else "pause.word"))
    far.speed(c, frame, tone)
    far.time_left(c, frame, tone, s.count if s.count is not None else 0)
    lines = s.cue_show or (c.t("pause.rest"), c.t("pause.rails"))
    if s.paused:
        lines = (c.t("pause.off"), c.t("pause.ready"))
    if s.touch_ready:
        way_on(c, frame, lines, c.t("button.go_on"), Intent(IntentKind.NEXT), widgets.PRIMARY)
    else:
        far.cue(c, frame, lines, bar=False)
