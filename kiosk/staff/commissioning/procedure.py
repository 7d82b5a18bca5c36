"""Commissioning as one pure step: what was heard and what a person did, in; requests, an instruction, results, out.

The guard decides every motion. This only asks, as a session does: Arm, the clip pulled and closed by the person who
stands beside the belt, Start, Target, Stop. Each measurement is one such run on the empty belt, from rest to rest.
Whatever goes otherwise than expected ends the run, and its step is said to have failed with what to do about it.
What was found so far is data (``Findings``), kept by the caller whenever ``Turn.keep`` says so, and offered again.

Who runs it, ten times a second or so:

    turn = step(state, seen, deeds, now_s)
    write turn.profile first where there is one, keep turn.state.found where turn.keep, then send turn.requests
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hardware.config.profiles import UNCOMMISSIONED, Profile
from hardware.link.messages import Disarm, Missing, State, Status
from kiosk.staff.commissioning.belt_run import arm, running
from kiosk.staff.commissioning.findings import Findings, Identity, identity_of
from kiosk.staff.commissioning.instruction import Act, Awaits, Deed, Number
from kiosk.staff.commissioning.measure import heard
from kiosk.staff.commissioning.memory import ENDS, NO_MATTER, SILENT_S, Procedure, Seen, Turn, but
from kiosk.staff.commissioning.order import goal_ckmh, next_step, tape_ckmh
from kiosk.staff.commissioning.result import anew, sign, signed
from kiosk.staff.commissioning.safety_key import key_back, key_close
from kiosk.staff.commissioning.turns import end, failed, passed, resetting, show, to_phase
from kiosk.trouble import SENTENCES

BELT_MM: Final = (1800, 8000)
DECK_MM: Final = (900, 3000)


def begin(
    now_s: float,
    *,
    who: str,
    today: str,
    holding: Profile = UNCOMMISSIONED,
    offered: tuple[Identity, Findings, str, str] | None = None,
) -> Procedure:
    """Commissioning by *who* on *today* (ISO date). *holding*: the profile that guard and belt go by now.

    *offered*: progress kept earlier (of which treadmill, what, at what time and by whom, as words).
    """
    return Procedure(who, today, now_s, since_s=now_s, offered=offered, found=_fresh(holding))


def _fresh(holding: Profile) -> Findings:
    return Findings(scale=holding.scale, quirks=holding.quirks)


def step(state: Procedure, seen: Seen | None, deeds: Sequence[Deed], now_s: float) -> Turn:
    """One look at guard and person at *now_s*. Pure."""
    if state.phase in ENDS:
        return Turn(state, (), show(state, state.phase))
    if seen is None or not 0 <= now_s - seen.at_s <= SILENT_S:
        if state.phase in ("anew", "signed"):
            page = show(state, "anew") if state.phase == "anew" else show(state, "reset")
            return Turn(but(state, rebound=True), (), page)
        silent = show(state, "connecting", blocked=(Missing.BELT_PROCESS,), moving=state.run is not None)
        return Turn(state, (), silent)
    if state.run is not None:
        state = but(state, run=but(state.run, trace=heard(state.run.trace, seen.status, seen.at_s)))
    if seen.status.trouble == SENTENCES["moved_after_stop"]:  # stands only while armed, and only in this belt process
        state = but(state, found=but(state.found, quirks=but(state.found.quirks, toggle_stop=True)))
    acts = {deed.act for deed in deeds}
    if Act.LEAVE in acts and seen.status.state in (State.LATCHED, State.IDLE, State.PROOF, State.ARMED):
        left = but(state, phase="left", run=None)
        return Turn(left, (Disarm(),), show(left, "left"), keep=True)
    phases = {
        "ready": _ready,
        "offer": _offer,
        "number": _number,
        "tape_ready": _tape_ready,
        "run": running,
        "failed": failed,
        "anew": anew,
        "key_close": key_close,
        "key_back": key_back,
        "sign": sign,
        "signed": signed,
    }
    return phases[state.phase](state, seen, tuple(deeds), now_s)


def _known(state: Procedure, status: Status) -> Procedure:
    """Take in who this is. Another treadmill, or other firmware, begins from nothing."""
    facts = status.facts
    if facts is None or state.identity == identity_of(facts):
        return state
    found = state.found if state.identity is None else Findings()
    found = but(
        found,
        name=facts.name,
        told_min_ckmh=facts.min_ckmh,
        told_max_ckmh=facts.max_ckmh,
        told_increment_ckmh=facts.increment_ckmh,
    )
    return but(state, identity=identity_of(facts), found=found)


def _ready(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """At rest, nothing armed: to IDLE, and from there to whatever comes next."""
    status = seen.status
    state = _known(state, status)
    if state.identity is not None and state.offered is not None:
        if state.offered[0] == state.identity:
            return _offer(to_phase(state, "offer", now_s), seen, deeds, now_s)
        state = but(state, offered=None)
    if status.state in (State.PROOF, State.ARMED):
        return Turn(state, (Disarm(),), show(state, "reset"))
    if status.state is State.STOPPING:
        return Turn(state, (), show(state, "stopping", moving=True))
    if status.state is State.LATCHED:
        return resetting(state, status, now_s)
    blocked = tuple(one for one in status.arm_missing if one not in NO_MATTER)
    if state.identity is None or blocked:
        return Turn(state, (), show(state, "connecting", blocked=blocked, trouble=status.trouble))
    state = but(state, step=next_step(state.found))
    facts = status.facts
    if state.step == "control":
        if facts is not None and not facts.can_speed:
            return end(state, "no_control", now_s)
        state = passed(state, "control")
        return Turn(state, (), show(state, "control"), keep=True)
    if state.step == "sizes":
        return _number(to_phase(state, "number", now_s), seen, (), now_s)
    if state.step == "tape":
        if state.found.belt_mm is None:
            state = passed(state, "tape")
            return Turn(state, (), show(state, "reset"), keep=True)
        return _tape_ready(to_phase(state, "tape_ready", now_s), seen, (), now_s)
    if state.step == "incline" and facts is not None and not facts.can_incline:
        state = passed(state, "incline")
        return Turn(state, (), show(state, "reset"), keep=True)
    if state.step == "sign":
        return sign(to_phase(state, "sign", now_s), seen, (), now_s)
    kinds = {"start": "start", "stops": "stop", "pause": "pause", "link": "link", "incline": "incline", "key": "key"}
    goal = goal_ckmh(state, status)
    if state.step in ("stops", "pause") and goal is None:
        state = passed(state, state.step)
        return Turn(state, (), show(state, "reset"), keep=True)
    return arm(state, seen, kinds[state.step], goal or 0, now_s)


def _offer(state: Procedure, _seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    offered = state.offered
    acts = {deed.act for deed in deeds}
    if offered is None or Act.REPEAT in acts:
        state = but(to_phase(state, "ready", now_s), offered=None)
        return Turn(state, (), show(state, "reset"))
    if Act.CONFIRM in acts:
        state = but(to_phase(state, "ready", now_s), offered=None, found=offered[1])
        return Turn(state, (), show(state, "reset"))
    words = (("when", offered[2]), ("who", offered[3]))
    return Turn(state, (), show(state, "resume", Awaits.CONFIRM, (Act.CONFIRM, Act.REPEAT, Act.LEAVE), words=words))


def _number(state: Procedure, _seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    deck = state.found.deck_mm is None
    low, high = DECK_MM if deck else BELT_MM
    given = next((d.number for d in deeds if d.act is Act.NUMBER and d.number is not None), None)
    if given is not None and low <= given <= high:
        found = but(state.found, deck_mm=given) if deck else but(state.found, belt_mm=given)
        state = but(state, found=found)
    elif not deck and Act.SKIP in {d.act for d in deeds}:
        state = passed(state, "tape")
        given = 0
    if not deck and given is not None and (given == 0 or low <= given <= high):
        state = passed(to_phase(state, "ready", now_s), "sizes")
        return Turn(state, (), show(state, "reset"), keep=True)
    deck = state.found.deck_mm is None
    low, high = DECK_MM if deck else BELT_MM
    choices = (Act.NUMBER, Act.LEAVE) if deck else (Act.NUMBER, Act.SKIP, Act.LEAVE)
    page = show(
        state,
        "deck" if deck else "belt",
        Awaits.NUMBER,
        choices,
        number=Number(low, high),  # none is offered: it is to be measured
        speeds=(("cap", UNCOMMISSIONED.cap_ckmh),),
    )
    return Turn(state, (), page, keep=given is not None)


def _tape_ready(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    acts = {deed.act for deed in deeds}
    if Act.SKIP in acts:
        state = passed(to_phase(state, "ready", now_s), "tape")
        return Turn(state, (), show(state, "reset"), keep=True)
    if Act.CONFIRM in acts:
        return arm(to_phase(state, "ready", now_s), seen, "tape", tape_ckmh(state.found), now_s)
    return Turn(state, (), show(state, "tape_ready", Awaits.CONFIRM, (Act.CONFIRM, Act.SKIP, Act.LEAVE)))
