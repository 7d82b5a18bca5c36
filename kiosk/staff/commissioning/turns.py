"""What every phase of commissioning does: show a page, go on to another phase, pass a step, fail one, end, reset."""

from __future__ import annotations

from typing import Final

from hardware.link.messages import KioskToGuard, Missing, Reset, ResetBy, Status
from kiosk.staff.commissioning.findings import cap_of
from kiosk.staff.commissioning.instruction import STEPS, Act, Awaits, Deed, Instruction, Number
from kiosk.staff.commissioning.memory import AGAIN_S, ENDS, Procedure, Seen, Turn, but

SKIPPABLE: Final = frozenset({"tape", "pause", "link", "incline", "key"})
"""Steps that commissioning can go on without: unknown then, and treated as the worse."""


def show(
    state: Procedure,
    page: str,
    awaits: Awaits = Awaits.MACHINE,
    choices: tuple[Act, ...] = (Act.LEAVE,),
    *,
    blocked: tuple[Missing, ...] = (),
    trouble: str = "",
    done: int = 0,
    wanted: int = 0,
    number: Number | None = None,
    speeds: tuple[tuple[str, int], ...] = (),
    words: tuple[tuple[str, str], ...] = (),
    keys: tuple[tuple[str, str], ...] = (),
    moving: bool = False,
) -> Instruction:
    """The instruction of *page*, with the texts that belong to it. A page that ends all offers only the way out."""
    if page in ENDS:
        awaits, choices = Awaits.END, (Act.CONFIRM,)
    if page == "unusable":
        keys = (("why", f"commission.unusable.{state.unusable}"),)
        speeds = (("min", state.found.min_ckmh or state.found.told_min_ckmh),)
    if page == "done":
        speeds = (("cap", cap_of(state.found) or 0),)
    if page == "anew":
        keys = (("why", f"commission.anew.{state.anew}"),)
        words = (("percent", str(round(100 * state.found.scale))),)
    return Instruction(
        page=page,
        title=f"commission.page.{page}.title",
        body=f"commission.page.{page}.body",
        awaits=awaits,
        choices=(Act.STOP,) if moving and Act.TAP not in choices else choices,
        n=STEPS.index(state.step) + 1,
        m=len(STEPS),
        done=done,
        wanted=wanted,
        number=number,
        moving=moving,
        speeds=speeds,
        words=words,
        keys=keys,
        blocked=blocked,
        trouble=trouble,
    )


def to_phase(state: Procedure, phase: str, now_s: float) -> Procedure:
    """Into *phase*, with no request repeated yet."""
    return but(state, phase=phase, since_s=now_s, asked_s=None, arms=0)


def fail(state: Procedure, why: str, now_s: float, detail: str = "") -> Procedure:
    """Into the failed step. *why*: of FAILURES; *detail*: words for the technician."""
    return but(to_phase(state, "failed", now_s), failure=why, detail=detail, run=None)


def end(state: Procedure, why: str, now_s: float) -> Turn:
    """Over: the treadmill must not be controlled. *why*: of UNUSABLE."""
    state = but(to_phase(state, "unusable", now_s), unusable=why, run=None)
    return Turn(state, (), show(state, "unusable"), keep=True)


def due(state: Procedure, now_s: float) -> bool:
    """True if a request that has not shown is to be repeated."""
    return state.asked_s is None or now_s - state.asked_s >= AGAIN_S


def passed(state: Procedure, step_name: str) -> Procedure:
    """The step is done, with whatever it found."""
    found = state.found
    if step_name not in found.done:
        found = but(found, done=(*found.done, step_name))
    return but(state, found=found)


def resetting(state: Procedure, status: Status, now_s: float) -> Turn:
    """Latched: ask for the reset as soon as the guard misses nothing for it, and say what it misses."""
    requests: tuple[KioskToGuard, ...] = ()
    if not status.reset_missing and due(state, now_s):
        requests, state = (Reset(ResetBy.STAFF),), but(state, asked_s=now_s)
    page = show(state, "reset", blocked=status.reset_missing, trouble=status.trouble)
    if Missing.CLIP_OPEN in status.reset_missing:
        page = but(page, awaits=Awaits.CLIP_CLOSE)
    elif Missing.RED_PRESSED in status.reset_missing:
        page = but(page, awaits=Awaits.RED_RELEASE)
    return Turn(state, requests, page)


def failed(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """The step that failed, why, and the choice to do it again, to go on without it, or to leave."""
    acts = {deed.act for deed in deeds}
    status = seen.status
    skippable = state.step in SKIPPABLE and not state.found.stop_ignored
    if Act.SKIP in acts and skippable:
        state = passed(to_phase(state, "ready", now_s), state.step)
        return Turn(state, (), show(state, "reset"), keep=True)
    if acts & {Act.REPEAT, Act.CONFIRM}:
        state = but(to_phase(state, "ready", now_s), failure="")
        return Turn(state, (), show(state, "reset"))
    choices = (Act.REPEAT, Act.SKIP, Act.LEAVE) if skippable else (Act.REPEAT, Act.LEAVE)
    shown = show(
        state,
        "failed",
        Awaits.CONFIRM,
        choices,
        words=(("what", state.detail or "-"),),
        keys=(("why", f"commission.failed.{state.failure}"),),
        blocked=status.reset_missing,
        trouble=status.trouble,
    )
    return Turn(state, (), shown)
