"""Walking: state, measured speed, time left, a point to look at, one cue, the plan."""

from __future__ import annotations

from hardware.link.messages import Deck
from kiosk.intents import ScreenId
from kiosk.snapshot import WalkView
from kiosk.ui import charts, far
from kiosk.ui.canvas import Canvas
from kiosk.ui.far import FarFrame, Tone
from kiosk.ui.illustration import illustrate


def paint(c: Canvas) -> None:
    """Draw and note targets."""
    walk = c.snapshot.walk
    if drift(c):
        tone = far.CHANGING
        frame = far.start(c, tone)
        far.band(c, frame, tone, "diamond", c.t(f"drift.{drift(c)}.word"))
        paint_walk(c, frame, tone)
        return
    change = announced(c, walk) if walk is not None else None
    tone = far.CHANGING if change is not None else far.WALKING
    frame = far.start(c, tone)
    if change is not None:
        icon, text = change
        far.band(c, frame, tone, icon, c.t("walk.changing"), right=(text,))
    else:
        right = console(c) if c.snapshot.follow else phase(c, walk)
        far.band(c, frame, tone, "triangle", c.t("walk.word"), right=right)
    paint_walk(c, frame, tone)


def drift(c: Canvas) -> str:
    """Where the walker is too near the end of the deck (a name in the catalogue); empty on the safe stretch."""
    status = c.snapshot.status
    deck = None if status is None else status.inputs.deck
    return "" if deck is None or deck is Deck.SAFE else deck.value


def console(c: Canvas) -> tuple[str, ...]:
    """That the console sets the pace, or shorter."""
    return tuple(c.t(f"follow.{key}") for key in ("band", "band_short", "band_least"))


def phase(c: Canvas, walk: WalkView | None) -> tuple[str, ...]:
    """``Phase 3 of 5``, or shorter. A compact panel has no room for either."""
    if walk is None or c.m.compact or not walk.phases:
        return ()
    return c.t("walk.phase", n=walk.phase, m=walk.phases), c.t("walk.phase_short", n=walk.phase, m=walk.phases)


def announced(c: Canvas, walk: WalkView) -> tuple[str, str] | None:
    """The change that was announced: its direction, and what it will be in how many seconds."""
    if walk.next_in_s is None:
        return None
    seconds = max(0, -int(-walk.next_in_s // 1))
    if walk.next_ckmh is not None:
        icon = "chevron_up" if walk.next_ckmh > walk.target_ckmh else "chevron_down"
        return icon, c.t("walk.next", value=c.words.speed(walk.next_ckmh, c.snapshot.units), seconds=seconds)
    if walk.next_dpct is not None:
        icon = "chevron_up" if walk.next_dpct > 0 else "chevron_down"
        return icon, c.t("walk.next", value=f"{c.words.slope(walk.next_dpct)} %", seconds=seconds)
    return None


def paint_walk(c: Canvas, frame: FarFrame, tone: Tone) -> None:
    """What walking, easing and stopping have in common."""
    s, walk = c.snapshot, c.snapshot.walk
    touched = s.stop_touched or (walk is not None and walk.stop_touched)
    far.speed(c, frame, tone)
    where = drift(c) if s.screen in (ScreenId.WALK, ScreenId.EASING) else ""
    if where:
        illustrate(c, f"drift_{where}", frame.right, tone.ground)
    if walk is not None:
        if not where:
            far.time_left(c, frame, tone, walk.left_s)
        if not touched:
            charts.progress(c, frame.bar, walk.steps, walk.at_s)
    lines = (walk.cue_show if walk is not None else ()) or s.cue_show
    if where:  # which way, as long as it lasts: the voice has said it by then
        lines = (c.t(f"drift.{where}.way"), c.t(f"drift.{where}.how"))
    if touched:
        far.stop_bar(c)
        if not c.m.compact:
            far.cue(c, frame, tuple(far.sentences(lines)[:1]))
        return
    if lines:
        far.cue(c, frame, lines)
    elif not c.m.compact and c.snapshot.screen is ScreenId.WALK:
        illustrate(c, "toe_heel_rest", frame.cue.inflate(0, -round(frame.cue.height * 0.34)))
