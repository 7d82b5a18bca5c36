"""The treadmill's own safety key: how its pull was told, and whether control comes back once it is put back."""

from __future__ import annotations

from typing import Final

from hardware.link.messages import Arm, Cause, Disarm, Envelope, LinkState, Purpose, State
from kiosk.staff.commissioning.instruction import Act, Awaits, Deed
from kiosk.staff.commissioning.memory import HIGHEST_CKMH, NO_MATTER, SESSION, Procedure, Run, Seen, Turn, but
from kiosk.staff.commissioning.turns import due, passed, resetting, show, to_phase

CONTROL_BACK_S: Final = 20.0


def key_pulled(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """The belt came to rest by its key: what was told of it, and how long that took since the last full speed."""
    moved = [r for r in run.trace.readings if r.ckmh > 0]
    rest = next((r for r in run.trace.readings if moved and r.at_s > moved[-1].at_s), None)
    steady = run.steady_ckmh or 0
    last = next((r.at_s for r in reversed(moved) if r.ckmh >= steady - 2), None)  # not yet pulled, or just then
    seconds = None if rest is None or last is None else round(rest.at_s - last, 3)
    found = but(state.found, key_told=run.cause is Cause.SAFETY_KEY, key_seconds=seconds)
    state = but(to_phase(state, "key_close", now_s), run=None, found=found)
    return key_close(state, seen, (), now_s)


def key_close(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """The key goes back by hand; with a puller (H1) only once the permit is on again, so the reset comes first."""
    status = seen.status
    acts = {deed.act for deed in deeds}
    page = show(state, "key_close", Awaits.KEY_CLOSE, (Act.CONFIRM, Act.LEAVE), blocked=status.reset_missing)
    if status.state is State.LATCHED:
        turn = resetting(state, status, now_s)
        return but(turn, instruction=page)
    if Act.CONFIRM in acts and status.state is State.IDLE:
        state = to_phase(state, "key_back", now_s)
        return key_back(state, seen, (), now_s)
    return Turn(state, (), page)


def key_back(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """Armed for nothing but to see whether control comes back."""
    status = seen.status
    page = show(state, "control", blocked=tuple(m for m in status.arm_missing if m not in NO_MATTER))
    back = status.link is LinkState.READY and status.state in (State.PROOF, State.ARMED)
    if not back and now_s - state.since_s <= CONTROL_BACK_S:
        if status.state is State.LATCHED:
            return but(resetting(state, status, now_s), instruction=page)
        if status.state is not State.IDLE or not due(state, now_s):
            return Turn(state, (), page)
        arm = Arm(Envelope(HIGHEST_CKMH, 0), SESSION, Purpose.COMMISSIONING)
        return Turn(but(state, asked_s=now_s), (arm,), page)
    state = but(state, found=but(state.found, control_back=back))
    state = passed(to_phase(state, "ready", now_s), "key")
    return Turn(state, (Disarm(),), page, keep=True)
