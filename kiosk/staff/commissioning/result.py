"""Profiles that commissioning writes: one in between, for what was found to hold at once, and the one that is signed.

After either, guard and belt leave and are started anew, and come back with the profile in force.
"""

from __future__ import annotations

from hardware.link.messages import Cause, LinkState, Rebind, State
from kiosk.staff.commissioning.findings import profile_of, provisional_profile
from kiosk.staff.commissioning.instruction import Act, Awaits, Deed
from kiosk.staff.commissioning.memory import AGAIN_S, Procedure, Seen, Turn, but
from kiosk.staff.commissioning.turns import end, passed, show, to_phase


def to_anew(state: Procedure, why: str, now_s: float) -> Turn:
    """Write what was found so far as a profile, and have the treadmill connected anew with it. *why*: of ANEW."""
    state = but(to_phase(state, "anew", now_s), run=None, anew=why, rebound=False)
    who = state.identity
    assert who is not None, "it was connected"
    state = but(state, found=but(state.found, provisional=True))
    profile = provisional_profile(state.found, who)
    return Turn(but(state, asked_s=now_s), (Rebind(),), show(state, "anew"), keep=True, profile=profile)


def anew(state: Procedure, seen: Seen, _deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """Guard and belt go and come back. A guard that came back is latched by its boot."""
    status = seen.status
    page = show(state, "anew")
    fresh = state.rebound and status.state is State.LATCHED and status.cause is Cause.BOOT
    gone = status.facts is None or status.link is LinkState.OFF
    if fresh and not gone:
        facts = status.facts
        assert facts is not None, "not gone"
        found = but(
            state.found,
            told_min_ckmh=facts.min_ckmh,
            told_max_ckmh=facts.max_ckmh,
            told_increment_ckmh=facts.increment_ckmh,
        )
        state = but(to_phase(state, "ready", now_s), found=found)
        return Turn(state, (), show(state, "reset"), keep=True)
    if gone and not state.rebound:
        return Turn(but(state, rebound=True), (), page)
    if not state.rebound and now_s - (state.asked_s or 0.0) > 3 * AGAIN_S:
        return Turn(but(state, asked_s=now_s), (Rebind(),), page)
    return Turn(state, (), page)


def sign(state: Procedure, _seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """The cap that follows, shown to be signed; nothing is controlled where even the slowest speed goes too far."""
    found, who = state.found, state.identity
    assert who is not None, "it was measured"
    profile = profile_of(found, who, signed_by=state.who, measured_on=state.today)
    if profile is None:
        return end(state, "too_far", now_s)
    if Act.CONFIRM in {deed.act for deed in deeds}:
        state = passed(but(to_phase(state, "signed", now_s), anew="", rebound=False), "sign")
        return Turn(but(state, asked_s=now_s), (Rebind(),), show(state, "reset"), keep=True, profile=profile)
    at = next(p for p in profile.stops if p.ckmh >= profile.cap_ckmh)
    words = (
        ("travel", f"{at.travel_mm / 1000:.2f} m"),
        ("seconds", f"{profile.stop_time_s or 0:.1f} s"),
        ("deck", f"{(found.deck_mm or 0) / 1000:.2f} m"),
    )
    page = show(
        state, "sign", Awaits.CONFIRM, (Act.CONFIRM, Act.LEAVE), speeds=(("cap", profile.cap_ckmh),), words=words
    )
    return Turn(state, (), page)


def signed(state: Procedure, seen: Seen, _deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """Over once the treadmill is back with its profile in force. Asked for once: a slow radio needs its time."""
    status = seen.status
    if status.facts is not None and status.facts.commissioned:
        state = to_phase(state, "done", now_s)
        return Turn(state, (), show(state, "done"))
    if status.facts is None or status.link is LinkState.OFF:
        state = but(state, rebound=True)
    page = show(state, "connecting", blocked=status.arm_missing, trouble=status.trouble)
    if not state.rebound and now_s - (state.asked_s or 0.0) > 5 * AGAIN_S:
        return Turn(but(state, asked_s=now_s), (Rebind(),), page)
    return Turn(state, (), page)
