"""The amber button on the rail, where one is fitted."""

from __future__ import annotations

from dataclasses import replace

from kiosk.session.turn import Turn


def fitted(t: Turn) -> bool:
    """Whether there is an amber button on the rail."""
    return t.state.status is not None and t.state.status.inputs.amber_pressed is not None


def pressed(t: Turn) -> bool:
    """A press that began on this screen; each counts once."""
    if t.state.amber_s is None or t.state.amber_used:
        return False
    t.state = replace(t.state, amber_used=True)
    return True


def held(t: Turn) -> bool:
    """The amber button is down for as long as asks for a stop."""
    since = t.state.amber_s
    hold_s = t.setup.content.rules.player.hold_to_stop_s
    return since is not None and t.now_s - since >= hold_s and since >= t.state.since_s - hold_s
