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

import msgspec

from hardware.config import MAX_CAP_KMH
from hardware.config.profiles import UNCOMMISSIONED, Profile, StopPoint
from hardware.link.messages import (
    Arm,
    Cause,
    Disarm,
    Envelope,
    KioskToGuard,
    LinkState,
    Missing,
    Purpose,
    Rebind,
    Reset,
    ResetBy,
    Start,
    State,
    Status,
    Stop,
    StopWhy,
    Target,
)
from hardware.units import on_grid
from kiosk.staff.commissioning.findings import (
    Findings,
    Identity,
    StopTrace,
    cap_of,
    identity_of,
    points_of,
    profile_of,
    provisional_profile,
    stop_point,
)
from kiosk.staff.commissioning.instruction import STEPS, Act, Awaits, Deed, Instruction, Number
from kiosk.staff.commissioning.measure import (
    Reading,
    Trace,
    Units,
    data_period_s,
    false_zero,
    heard,
    increment_ckmh,
    start_latency_s,
    steady_ckmh,
    steepest_ckmh_s,
    stopped,
    true_speed,
    units_of,
    within_room,
)

SESSION: Final = "commissioning"
HIGHEST_CKMH: Final = round(MAX_CAP_KMH * 100)
SILENT_S: Final = 1.5  # a guard that says nothing for so long is not there
AGAIN_S: Final = 1.0  # requests are repeated until they show
STEP_BACK_S: Final = 2.0  # between the clip's closing and the start
CONTROL_S: Final = 40.0  # for the treadmill to give control, its key put back by hand if need be
SETTLE_S: Final = 20.0  # for a steady speed
HOLD_S: Final = 1.0  # a steady speed is held so long before it is stopped
KEY_S: Final = 60.0  # for the key to be pulled
CONTROL_BACK_S: Final = 20.0
INCLINE_REFUSED_S: Final = (
    12.0  # the guard raises an incline 3 s after a speed at the latest, if it is allowed at all
)
INCLINE_S: Final = 60.0
TAPS: Final = 11  # ten passes
TAPE_S: Final = 300.0
TAPE_CKMH: Final = 200
TAPE_STOP_S: Final = 4.5
BELT_MM: Final = (1800, 8000)
DECK_MM: Final = (900, 3000)
STOP_STEP_CKMH: Final = 100  # between two speeds that are stopped from, at most
STOPS_MIN: Final = 3
PAUSES: Final = 3
FINE_STEP_CKMH: Final = 5  # asked of a machine that does not tell its increment
FINE_STEPS: Final = 6
TOLD_STEPS: Final = 3
ONE_PERCENT_DPCT: Final = 10

ENDS: Final = ("unusable", "left", "done")
SOFT_ENDS: Final = frozenset({Cause.STAFF_STOP, Cause.STOP_TEST})
LATE_ENDS: Final = frozenset({*SOFT_ENDS, Cause.STOP_NOT_CONFIRMED})
KEY_ENDS: Final = frozenset({Cause.SAFETY_KEY, Cause.BELT_STOPPED_ITSELF, Cause.CONTROL_LOST})
NO_MATTER: Final = frozenset(
    {Missing.NOT_COMMISSIONED, Missing.OPENING_CHECK, Missing.CONTROL, Missing.MIN_ABOVE_CAP}
)
"""What keeps a session from being armed, but not a commissioning; control comes once it is armed."""

FAILURE_OF: Final = {
    Cause.CLIP: "clip",
    Cause.RED_BUTTON: "red_button",
    Cause.LINK_LOST: "link_lost",
    Cause.BELT_PROCESS: "link_lost",
    Cause.CONTROL_LOST: "no_control",
    Cause.TELEMETRY_STALE: "no_speed",
    Cause.OVERSPEED: "faster",
    Cause.DEVIATION: "faster",
    Cause.START_TIMEOUT: "no_start",
    Cause.BELT_STOPPED_ITSELF: "stopped_itself",
    Cause.UNEXPECTED_MOTION: "moved_itself",
    Cause.SAFETY_KEY: "safety_key",
    Cause.STOP_NOT_CONFIRMED: "not_stopped",
    Cause.SCREEN_FROZEN: "screen",
    Cause.STAFF_STOP: "staff_stop",
}
SKIPPABLE: Final = frozenset({"tape", "pause", "link", "incline", "key"})
"""Steps that commissioning can go on without: unknown then, and treated as the worse."""


class Seen(msgspec.Struct, frozen=True):
    """What the guard said last, when it sent that, and what it refused since the turn before."""

    status: Status
    at_s: float
    refused: tuple[Missing, ...] = ()


class Run(msgspec.Struct, frozen=True):
    """One run on the empty belt."""

    kind: str  # "start", "tape", "stop", "pause", "link", "incline" or "key"
    goal_ckmh: int = 0  # to be stopped from; 0: the slowest
    trace: Trace = Trace()
    mark: str = ""  # how far within the run
    mark_s: float = 0.0
    asked_ckmh: int = 0
    levels: tuple[int, ...] = ()  # steady speeds, the slowest first
    taps: tuple[float, ...] = ()
    steady_ckmh: int | None = None
    started_s: float | None = None
    stop_asked_s: float | None = None
    stop_written_s: float | None = None
    stop_was_s: float | None = None  # what stood there before this stop
    epoch_s: float | None = None
    armed_s: float | None = None
    failure: str = ""
    by_hand: bool = False  # staff stopped it
    alarm_s: float | None = None  # when the alarm was first heard of
    cause: Cause | None = None
    pause_works: bool | None = None


class Procedure(msgspec.Struct, frozen=True):
    """The procedure's whole memory."""

    who: str  # staff member who commissions, for the profile
    today: str  # ISO date, for the profile
    started_s: float
    phase: str = "ready"
    since_s: float = 0.0
    identity: Identity | None = None
    offered: tuple[Identity, Findings, str, str] | None = None  # kept progress: of, what, when, by whom
    found: Findings = Findings()
    step: str = "control"
    run: Run | None = None
    failure: str = ""
    detail: str = ""
    asked_s: float | None = None  # when the last request was repeated
    arms: int = 0
    anew: str = ""
    rebound: bool = False
    unusable: str = ""
    speed_first_tried: bool = False
    no_starts: int = 0


class Turn(msgspec.Struct, frozen=True):
    """What one step amounts to."""

    state: Procedure
    requests: tuple[KioskToGuard, ...]
    instruction: Instruction
    keep: bool = False  # the findings have grown
    profile: Profile | None = None  # to be written before the requests are sent


but = msgspec.structs.replace


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
        return Turn(state, (), _page(state, state.phase))
    if seen is None or not 0 <= now_s - seen.at_s <= SILENT_S:
        if state.phase in ("anew", "signed"):
            page = _page(state, "anew") if state.phase == "anew" else _page(state, "reset")
            return Turn(but(state, rebound=True), (), page)
        silent = _page(state, "connecting", blocked=(Missing.BELT_PROCESS,), moving=state.run is not None)
        return Turn(state, (), silent)
    if state.run is not None:
        state = but(state, run=but(state.run, trace=heard(state.run.trace, seen.status, seen.at_s)))
    acts = {deed.act for deed in deeds}
    if Act.LEAVE in acts and seen.status.state in (State.LATCHED, State.IDLE, State.PROOF, State.ARMED):
        left = but(state, phase="left", run=None)
        return Turn(left, (Disarm(),), _page(left, "left"), keep=True)
    phases = {
        "ready": _ready,
        "offer": _offer,
        "number": _number,
        "tape_ready": _tape_ready,
        "run": _running,
        "failed": _failed,
        "anew": _anew,
        "key_close": _key_close,
        "key_back": _key_back,
        "sign": _sign,
        "signed": _signed,
    }
    return phases[state.phase](state, seen, tuple(deeds), now_s)


# ------------------------------------------------------------------------------------------------ pages


def _page(
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


def _to(state: Procedure, phase: str, now_s: float) -> Procedure:
    return but(state, phase=phase, since_s=now_s, asked_s=None, arms=0)


def _fail(state: Procedure, why: str, now_s: float, detail: str = "") -> Procedure:
    return but(_to(state, "failed", now_s), failure=why, detail=detail, run=None)


def _end(state: Procedure, why: str, now_s: float) -> Turn:
    state = but(_to(state, "unusable", now_s), unusable=why, run=None)
    return Turn(state, (), _page(state, "unusable"), keep=True)


def _due(state: Procedure, now_s: float) -> bool:
    return state.asked_s is None or now_s - state.asked_s >= AGAIN_S


# ------------------------------------------------------------------------------------------------ which step next


def _passed(state: Procedure, step_name: str) -> Procedure:
    found = state.found
    if step_name not in found.done:
        found = but(found, done=(*found.done, step_name))
    return but(state, found=found)


def _next_step(found: Findings) -> str:
    if found.stop_ignored and found.pause_works is None and "pause" not in found.done:
        return "pause"  # nothing else before it is known how this belt can be stopped at all
    return next(name for name in STEPS if name not in found.done)


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
            return _offer(_to(state, "offer", now_s), seen, deeds, now_s)
        state = but(state, offered=None)
    if status.state in (State.PROOF, State.ARMED):
        return Turn(state, (Disarm(),), _page(state, "reset"))
    if status.state is State.STOPPING:
        return Turn(state, (), _page(state, "stopping", moving=True))
    if status.state is State.LATCHED:
        return _resetting(state, status, now_s)
    blocked = tuple(one for one in status.arm_missing if one not in NO_MATTER)
    if state.identity is None or blocked:
        return Turn(state, (), _page(state, "connecting", blocked=blocked, trouble=status.trouble))
    state = but(state, step=_next_step(state.found))
    facts = status.facts
    if state.step == "control":
        if facts is not None and not facts.can_speed:
            return _end(state, "no_control", now_s)
        state = _passed(state, "control")
        return Turn(state, (), _page(state, "control"), keep=True)
    if state.step == "sizes":
        return _number(_to(state, "number", now_s), seen, (), now_s)
    if state.step == "tape":
        if state.found.belt_mm is None:
            state = _passed(state, "tape")
            return Turn(state, (), _page(state, "reset"), keep=True)
        return _tape_ready(_to(state, "tape_ready", now_s), seen, (), now_s)
    if state.step == "incline" and facts is not None and not facts.can_incline:
        state = _passed(state, "incline")
        return Turn(state, (), _page(state, "reset"), keep=True)
    if state.step == "sign":
        return _sign(_to(state, "sign", now_s), seen, (), now_s)
    kinds = {"start": "start", "stops": "stop", "pause": "pause", "link": "link", "incline": "incline", "key": "key"}
    goal = _goal_ckmh(state, status)
    if state.step in ("stops", "pause") and goal is None:
        state = _passed(state, state.step)
        return Turn(state, (), _page(state, "reset"), keep=True)
    return _arm(state, seen, kinds[state.step], goal or 0, now_s)


def _resetting(state: Procedure, status: Status, now_s: float) -> Turn:
    requests: tuple[KioskToGuard, ...] = ()
    if not status.reset_missing and _due(state, now_s):
        requests, state = (Reset(ResetBy.STAFF),), but(state, asked_s=now_s)
    page = _page(state, "reset", blocked=status.reset_missing, trouble=status.trouble)
    if Missing.CLIP_OPEN in status.reset_missing:
        page = but(page, awaits=Awaits.CLIP_CLOSE)
    elif Missing.RED_PRESSED in status.reset_missing:
        page = but(page, awaits=Awaits.RED_RELEASE)
    return Turn(state, requests, page)


def _offer(state: Procedure, _seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    offered = state.offered
    acts = {deed.act for deed in deeds}
    if offered is None or Act.REPEAT in acts:
        state = but(_to(state, "ready", now_s), offered=None)
        return Turn(state, (), _page(state, "reset"))
    if Act.CONFIRM in acts:
        state = but(_to(state, "ready", now_s), offered=None, found=offered[1])
        return Turn(state, (), _page(state, "reset"))
    words = (("when", offered[2]), ("who", offered[3]))
    return Turn(state, (), _page(state, "resume", Awaits.CONFIRM, (Act.CONFIRM, Act.REPEAT, Act.LEAVE), words=words))


def _number(state: Procedure, _seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    deck = state.found.deck_mm is None
    low, high = DECK_MM if deck else BELT_MM
    given = next((d.number for d in deeds if d.act is Act.NUMBER and d.number is not None), None)
    if given is not None and low <= given <= high:
        found = but(state.found, deck_mm=given) if deck else but(state.found, belt_mm=given)
        state = but(state, found=found)
    elif not deck and Act.SKIP in {d.act for d in deeds}:
        state = _passed(state, "tape")
        given = 0
    if not deck and given is not None and (given == 0 or low <= given <= high):
        state = _passed(_to(state, "ready", now_s), "sizes")
        return Turn(state, (), _page(state, "reset"), keep=True)
    deck = state.found.deck_mm is None
    low, high = DECK_MM if deck else BELT_MM
    choices = (Act.NUMBER, Act.LEAVE) if deck else (Act.NUMBER, Act.SKIP, Act.LEAVE)
    page = _page(
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
        state = _passed(_to(state, "ready", now_s), "tape")
        return Turn(state, (), _page(state, "reset"), keep=True)
    if Act.CONFIRM in acts:
        return _arm(_to(state, "ready", now_s), seen, "tape", _tape_ckmh(state.found), now_s)
    return Turn(state, (), _page(state, "tape_ready", Awaits.CONFIRM, (Act.CONFIRM, Act.SKIP, Act.LEAVE)))


def _tape_ckmh(found: Findings) -> int:
    """Fast enough for ten passes in a minute, and slow enough to be stopped within the guard's first budget."""
    slowest = min((p.ckmh / p.seconds for p in points_of(found)), default=float(TAPE_CKMH))
    return max(found.min_ckmh or 0, min(TAPE_CKMH, round(TAPE_STOP_S * slowest)))


# ------------------------------------------------------------------------------------------------ a run: arm, start


def _goal_ckmh(state: Procedure, status: Status) -> int | None:
    """The speed to be stopped or paused from next; None: there is none left."""
    found = state.found
    if state.step == "stops":
        return _next_stop(found)
    if state.step == "pause":
        if found.stop_ignored and found.pause_works is None:
            return status.min_ckmh
        tried = [trace.from_ckmh for trace in found.traces if trace.kind == "pause"]
        if found.pause_works is False or len(tried) >= PAUSES:
            return None
        speeds = [p.ckmh for p in points_of(found)][:PAUSES]
        return next((speed for speed in speeds if all(abs(speed - one) > 2 for one in tried)), None)
    return 0


def _next_stop(found: Findings) -> int | None:
    """Rising speeds, at least three where there is room for them, until the first that takes over half the deck."""
    low, top = found.min_ckmh or 0, found.top_ckmh or found.told_max_ckmh
    points = [p for p in points_of(found) if p.ckmh not in _early(found)]
    deck = found.deck_mm or 0
    grid = max(found.increment_ckmh or 0, 1)
    if points and not within_room(points, deck):
        return _between(points, deck, low, grid)
    if not points:
        return low
    pace = min(STOP_STEP_CKMH, max((top - low) // (STOPS_MIN - 1), grid))
    if pace > grid:
        pace -= pace % grid
    last = points[-1].ckmh
    following = min(last + pace, top - (top - low) % grid)
    return following if following > last + 2 else None


def _between(points: Sequence[StopPoint], deck_mm: int, low: int, grid: int) -> int | None:
    """Where the first steps were long, one more between the last speed that fits and the first that does not."""
    fits = [p.ckmh for p in points if within_room((p,), deck_mm)]
    if not fits or len(points) >= STOPS_MIN:
        return None
    beyond = next(p.ckmh for p in points if p.ckmh > fits[-1])
    middle = on_grid((fits[-1] + beyond) // 2, low, grid, raising=True)
    return middle if fits[-1] + 2 < middle < beyond - 2 else None


def _early(found: Findings) -> frozenset[int]:
    """Speeds stopped from only on the way to something else: they count, but do not decide what comes next."""
    own = {trace.from_ckmh for trace in found.traces if trace.kind == "stop"}
    return frozenset(p.ckmh for p in found.stops if p.ckmh not in own)


def _arm(state: Procedure, seen: Seen, kind: str, goal: int, now_s: float) -> Turn:
    """Ask until the guard is in PROOF."""
    if Missing.MIN_ABOVE_CAP in seen.refused:
        return _end(state, "too_fast", now_s)
    if state.arms >= 10:
        named = ", ".join(seen.refused) or "not armed"
        failed = _fail(state, "refused", now_s, named)
        return _failed(failed, seen, (), now_s)
    envelope = Envelope(HIGHEST_CKMH, ONE_PERCENT_DPCT if kind == "incline" else 0)
    state = but(
        _to(state, "run", now_s),
        run=Run(kind, goal, mark="arm", mark_s=now_s, stop_was_s=seen.status.stop_written_at_s),
        asked_s=now_s,
        arms=state.arms + 1,
    )
    return Turn(state, (Arm(envelope, SESSION, Purpose.COMMISSIONING),), _page(state, "reset"))


def _running(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    run, status = state.run, seen.status
    assert run is not None, "the phase is run"
    if status.facts is not None and state.identity != identity_of(status.facts):
        return _over(state, seen, now_s)
    if run.mark == "arm":
        return _arming(state, run, seen, now_s)
    if status.state in (State.PROOF, State.ARMED, State.STARTING):
        return _starting(state, run, status, deeds, now_s)
    if status.state is State.RUNNING and run.stop_asked_s is None:
        return _moving(state, run, seen, deeds, now_s)
    return _over(state, seen, now_s)


def _arming(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    status = seen.status
    if status.state in (State.PROOF, State.ARMED):
        run = but(run, mark="proof", mark_s=now_s)
        state = but(state, found=but(state.found, top_ckmh=min(status.cap_ckmh, state.found.told_max_ckmh)))
        return Turn(but(state, run=run, asked_s=None), (), _page(state, "clip_pull", Awaits.CLIP_PULL))
    if Missing.MIN_ABOVE_CAP in seen.refused:
        return _end(state, "too_fast", now_s)
    if now_s - run.mark_s < 3 * AGAIN_S and not seen.refused:
        return Turn(state, (), _page(state, "reset"))
    arms = state.arms
    if arms >= 10:
        return _failed(_fail(state, "refused", now_s, ", ".join(seen.refused) or "-"), seen, (), now_s)
    return Turn(but(_to(state, "ready", now_s), run=None, arms=arms), (), _page(state, "reset"))


def _starting(state: Procedure, run: Run, status: Status, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    requests: tuple[KioskToGuard, ...] = ()
    if Act.STOP in {deed.act for deed in deeds}:
        run = but(run, by_hand=True)
        requests = (Stop(StopWhy.STAFF),)
        return Turn(but(state, run=run), requests, _page(state, "stopping", moving=True))
    if status.control_answered is not None:
        state = but(state, found=but(state.found, answered=status.control_answered))
    if status.state is State.PROOF:
        if Missing.CLIP_PULL in status.start_missing:
            return Turn(but(state, run=run), (), _page(state, "clip_pull", Awaits.CLIP_PULL))
        if Missing.CLIP_CLOSE in status.start_missing:
            return Turn(but(state, run=run), (), _page(state, "clip_close", Awaits.CLIP_CLOSE))
        if run.mark != "control":
            run = but(run, mark="control", mark_s=now_s)
        waited_s = now_s - run.mark_s
        if waited_s > CONTROL_S:
            return Turn(_fail(state, "no_control", now_s), (Disarm(),), _page(state, "control"))
        page = "control" if waited_s < 5 else "key_back"
        return Turn(but(state, run=run), (), _page(state, page, trouble=status.trouble))
    if status.state is State.ARMED:
        if run.armed_s is None:
            run = but(run, armed_s=now_s)
        elif now_s - run.armed_s >= STEP_BACK_S and not status.start_missing and _due(state, now_s):
            requests, state = (Start(),), but(state, asked_s=now_s)
    if status.started_at_s is not None and status.state is State.STARTING:
        run = but(run, started_s=status.started_at_s)
    return Turn(but(state, run=run), requests, _page(state, "starting", moving=True))


# ------------------------------------------------------------------------------------------------ a run: under way


def _moving(state: Procedure, run: Run, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    if Act.STOP in {deed.act for deed in deeds}:
        return _stop(state, but(run, by_hand=True), seen, now_s, StopWhy.STAFF, "stopping")
    if run.started_s is None and seen.status.started_at_s is not None:
        run = but(run, started_s=seen.status.started_at_s)
    state = but(state, run=run)
    if run.mark in ("proof", "control", "arm"):
        run = but(run, mark="minimum", mark_s=now_s)
        state = but(state, run=run)
    if run.mark == "minimum":
        return _at_minimum(state, run, seen, now_s)
    if run.kind == "start":
        return _increments(state, run, seen, now_s)
    if run.mark == "rising":
        return _rising(state, run, seen, now_s)
    if run.kind == "tape":
        return _tape(state, run, seen, deeds, now_s)
    if run.kind == "incline":
        return _inclining(state, run, seen, now_s)
    if run.kind == "key":
        return _awaiting_key(state, run, seen, now_s)
    return _hold(state, run, seen, now_s)


def _stop(state: Procedure, run: Run, seen: Seen, now_s: float, why: StopWhy, page: str) -> Turn:
    run = but(run, stop_asked_s=now_s, mark=page, mark_s=now_s, epoch_s=seen.at_s)
    state = but(state, run=run, asked_s=now_s)
    return Turn(state, (Stop(why),), _page(state, page, moving=True))


def _late(state: Procedure, run: Run, seen: Seen, now_s: float, why: str) -> Turn:
    return _stop(state, but(run, failure=why), seen, now_s, StopWhy.STAFF, "stopping")


def _at_minimum(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """Wait for the steady slowest speed."""
    slowest = steady_ckmh(run.trace.readings, run.mark_s)
    if slowest is None:
        if now_s - run.mark_s > SETTLE_S:
            return _late(state, run, seen, now_s, "no_steady")
        return Turn(state, (), _page(state, "minimum", moving=True))
    run = but(run, levels=(slowest,), steady_ckmh=slowest, asked_ckmh=seen.status.min_ckmh, mark_s=now_s)
    mark = {"start": "increments", "incline": "incline_up", "key": "key_pull", "link": "hold"}.get(run.kind, "rising")
    if run.kind in ("stop", "pause") and run.goal_ckmh <= slowest + 2:
        mark = "hold"
    state = but(state, run=but(run, mark=mark))
    return Turn(state, (), _page(state, "minimum", moving=True))


def _increments(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """Ask for a little more, and again; note each steady speed that comes of it."""
    status, told = seen.status, state.found.told_increment_ckmh
    step_ckmh, many = (told, TOLD_STEPS) if told >= FINE_STEP_CKMH else (FINE_STEP_CKMH, FINE_STEPS)
    goal = min(status.min_ckmh + step_ckmh * len(run.levels), status.cap_ckmh)
    page = _page(state, "increments", moving=True, done=len(run.levels) - 1, wanted=many)
    if len(run.levels) > many or goal <= run.asked_ckmh:
        return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
    if status.commanded_ckmh < goal:
        if now_s - run.mark_s > SETTLE_S:  # coarser steps than may be taken at once
            return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
        return _ask(state, run, goal, 0, now_s, page)
    if run.mark != f"obeys {goal}":
        run = but(run, mark=f"obeys {goal}", mark_s=now_s)
        return Turn(but(state, run=run), (), page)
    period_s = data_period_s(run.trace.readings) or 1.0
    level = steady_ckmh(run.trace.readings, run.mark_s + period_s)
    if level is not None and now_s - run.mark_s >= 2 * HOLD_S:
        run = but(
            run, levels=(*run.levels, level), steady_ckmh=level, asked_ckmh=goal, mark="increments", mark_s=now_s
        )
        return Turn(but(state, run=run), (), page)
    if now_s - run.mark_s > SETTLE_S:
        return _late(state, run, seen, now_s, "no_steady")
    return Turn(state, (), page)


def _ask(state: Procedure, run: Run, speed: int, incline: int, now_s: float, page: Instruction) -> Turn:
    if not _due(state, now_s):
        return Turn(but(state, run=run), (), page)
    return Turn(but(state, run=run, asked_s=now_s), (Target(speed, incline),), page)


def _rising(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """Up to the goal, or as near as the guard and the machine let it come."""
    status = seen.status
    goal = min(run.goal_ckmh, status.cap_ckmh)
    page = _page(state, "rising", moving=True, speeds=(("speed", goal),))
    if status.commanded_ckmh != run.asked_ckmh:
        run = but(run, asked_ckmh=status.commanded_ckmh, mark_s=now_s)
    if status.commanded_ckmh >= goal or now_s - run.mark_s > 8:
        run = but(run, mark="hold", mark_s=now_s)
        return Turn(but(state, run=run), (), page)
    return _ask(state, run, goal, 0, now_s, page)


def _hold(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """Steady for a moment, then whatever this run is for."""
    period_s = data_period_s(run.trace.readings) or 1.0
    level = steady_ckmh(run.trace.readings, run.mark_s + period_s)
    shown = (("speed", level or run.asked_ckmh),)
    if level is None or now_s - run.mark_s < 2 * HOLD_S:
        if now_s - run.mark_s > SETTLE_S:
            return _late(state, run, seen, now_s, "no_steady")
        return Turn(state, (), _page(state, "steady", moving=True, speeds=shown))
    run = but(run, steady_ckmh=level)
    if run.kind == "pause":
        return _stop(state, run, seen, now_s, StopWhy.PAUSE_TEST, "pausing")
    if run.kind == "link":
        return _stop(state, run, seen, now_s, StopWhy.LINK_TEST, "unlinked")
    return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")


def _tape(state: Procedure, run: Run, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    period_s = data_period_s(run.trace.readings) or 1.0
    if run.mark == "hold":
        level = steady_ckmh(run.trace.readings, run.mark_s + period_s)
        if level is None or now_s - run.mark_s < HOLD_S:
            if now_s - run.mark_s > SETTLE_S:
                return _late(state, run, seen, now_s, "no_steady")
            return Turn(state, (), _page(state, "steady", moving=True, speeds=(("speed", run.asked_ckmh),)))
        run = but(run, mark="taps", mark_s=now_s, steady_ckmh=level)
    taps = (*run.taps, *(deed.at_s for deed in deeds if deed.act is Act.TAP and deed.at_s >= run.mark_s))
    run = but(run, taps=taps)
    state = but(state, run=run)
    if len(taps) >= TAPS:
        return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
    if now_s - run.mark_s > TAPE_S:
        return _late(state, run, seen, now_s, "taps")
    choices = (Act.TAP, Act.STOP)
    page = _page(state, "tape", Awaits.TAP, choices, done=max(0, len(taps) - 1), wanted=TAPS - 1, moving=True)
    return Turn(state, (), page)


def _inclining(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    status, slowest = seen.status, seen.status.min_ckmh
    level = status.incline_dpct or 0
    if run.mark == "incline_up":
        page = _page(state, "incline_up", moving=True)
        if status.commanded_dpct == 0 and now_s - run.mark_s > INCLINE_REFUSED_S:
            state = _passed(state, "incline")  # not allowed here: there is nothing to learn
            return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
        if status.commanded_dpct and level >= status.commanded_dpct:
            found = but(state.found, incline_dpct=level, incline_s=now_s - run.mark_s)
            state = but(state, found=found)
            run = but(run, mark="incline_down", mark_s=now_s)
            return Turn(but(state, run=run, asked_s=now_s), (Target(slowest, 0),), page)
        if now_s - run.mark_s > INCLINE_S:
            return _late(state, run, seen, now_s, "no_steady")
        return _ask(state, run, slowest, ONE_PERCENT_DPCT, now_s, page)
    page = _page(state, "incline_down", moving=True)
    if level <= 0:
        state = _passed(state, "incline")
        return _stop(state, run, seen, now_s, StopWhy.STAFF, "stopping")
    if now_s - run.mark_s > INCLINE_S:
        return _late(state, run, seen, now_s, "no_steady")
    return _ask(state, run, slowest, 0, now_s, page)


def _awaiting_key(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    if now_s - run.mark_s > KEY_S:
        return _late(state, run, seen, now_s, "no_key")
    return Turn(state, (), _page(state, "key_pull", Awaits.KEY_PULL, moving=True))


# ------------------------------------------------------------------------------------------------ a run: to rest


def _over(state: Procedure, seen: Seen, now_s: float) -> Turn:
    """Stopping, stopped, or given back: what was it, and what does it tell?"""
    run, status = state.run, seen.status
    assert run is not None, "the phase is run"
    written_s = status.stop_written_at_s
    if run.stop_written_s is None and written_s is not None and written_s != run.stop_was_s:
        run = but(run, stop_written_s=written_s)
    if run.cause is None or run.cause in SOFT_ENDS:
        run = but(run, cause=status.cause or run.cause)
    run = but(
        run,
        alarm_s=seen.at_s if run.alarm_s is None and status.alarm else run.alarm_s,
        pause_works=status.pause_works if run.mark == "pausing" else run.pause_works,
    )
    state = but(state, run=run)
    if status.state is State.IDLE:  # PROOF or ARMED given up, or another treadmill
        return Turn(but(_to(state, "ready", now_s), run=None), (), _page(state, "reset"))
    if status.state is State.RUNNING and _due(state, now_s):
        again = StopWhy.STAFF
        return Turn(but(state, asked_s=now_s), (Stop(again),), _page(state, "stopping", moving=True))
    if status.state is not State.LATCHED or not status.at_rest:
        page = run.mark if run.mark in ("stopping", "pausing", "unlinked") else "stopping"
        if status.alarm:
            page = "alarm"
        shown = _page(state, page, Awaits.KEY_PULL if page == "alarm" else Awaits.MACHINE, moving=True)
        return Turn(state, (), shown)
    return _judged(state, run, seen, now_s)


def _judged(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """At rest and latched: take what this run has told into the findings."""
    if run.cause is Cause.ARM_EXPIRED:
        return Turn(but(_to(state, "ready", now_s), run=None), (), _page(state, "reset"))
    state = _noted(state, run)
    run = _slow_but_sure(state, run)
    alarmed = run.alarm_s is not None
    if alarmed and run.stop_asked_s is not None and run.kind in ("start", "stop", "pause"):
        return _stop_ignored(state, run, seen, now_s)
    if run.kind == "key" and run.mark == "key_pull" and run.cause in KEY_ENDS:
        return _key_pulled(state, run, seen, now_s)
    if run.cause is Cause.START_TIMEOUT:
        return _not_started(state, seen, now_s)
    if run.by_hand and run.cause in SOFT_ENDS:
        return _failed(_fail(state, "staff_stop", now_s), seen, (), now_s)
    if run.failure:
        return _failed(_fail(state, run.failure, now_s), seen, (), now_s)
    if run.cause not in SOFT_ENDS or alarmed:
        why = FAILURE_OF.get(run.cause, "other") if run.cause is not None else "other"
        return _failed(_fail(state, why, now_s, str(run.cause or "")), seen, (), now_s)
    judges = {"start": _judge_start, "tape": _judge_tape, "stop": _judge_stop, "pause": _judge_pause}
    judges |= {"link": _judge_link}
    judge = judges.get(run.kind)
    state = but(_to(state, "ready", now_s), run=None)
    if judge is None:
        return Turn(state, (), _page(state, "reset"), keep=True)
    return judge(state, run, seen, now_s)


def _slow_but_sure(state: Procedure, run: Run) -> Run:
    """A belt that read 0.00 before the alarm sounded has stopped by itself; only the proof of it came late.

    The alarm's budget is that of a treadmill nobody has measured. This is where it is measured.
    """
    if run.alarm_s is None or run.stop_written_s is None or run.cause not in LATE_ENDS:
        return run
    told = stopped(run.trace.readings, run.stop_written_s, false_zeros=state.found.false_zeros)
    if told is None or run.stop_written_s + told.seconds > run.alarm_s:
        return run
    return but(run, alarm_s=None, cause=Cause.STAFF_STOP)


def _noted(state: Procedure, run: Run) -> Procedure:
    """What every run tells, whatever it was for."""
    found, readings = state.found, run.trace.readings
    period_s = data_period_s(readings)
    running = readings
    if run.stop_asked_s is not None:
        running = tuple(r for r in readings if r.at_s <= run.stop_asked_s)
    if period_s is not None and (found.data_period_s is None or len(readings) >= 10):
        found = but(found, data_period_s=round(max(period_s, 0.05), 3))
    up = steepest_ckmh_s(running, rising=True)
    down = None if run.kind == "key" else steepest_ckmh_s(readings, rising=False)
    found = but(
        found,
        false_zeros=found.false_zeros or false_zero(running),
        rise_ckmh_s=max(up or 0.0, found.rise_ckmh_s or 0.0) or None,
        fall_ckmh_s=max(down or 0.0, found.fall_ckmh_s or 0.0) or None,
    )
    return but(state, found=found)


def _trace_of(state: Procedure, run: Run, kind: str, stop_s: float) -> StopTrace:
    measured = stopped(run.trace.readings, stop_s, false_zeros=state.found.false_zeros)
    points = tuple((round(r.at_s - stop_s, 3), r.ckmh) for r in run.trace.readings if r.at_s >= stop_s - 3)
    speed = run.steady_ckmh or (measured.from_ckmh if measured else 0)
    if measured is None:
        return StopTrace(kind=kind, from_ckmh=speed, seconds=None, travel_mm=None, react_s=None, points=points)
    return StopTrace(
        kind=kind,
        from_ckmh=speed,
        seconds=round(measured.seconds, 3),
        travel_mm=round(measured.travel_mm, 1),
        react_s=None if measured.react_s is None else round(measured.react_s, 3),
        points=points,
    )


def _with_stop(state: Procedure, run: Run, kind: str) -> Procedure:
    """The findings with this run's stop, by the first stop byte."""
    stop_s = run.stop_written_s
    if stop_s is None:
        return state
    trace = _trace_of(state, run, kind, stop_s)
    point = stop_point(trace, 1.0)
    found = but(state.found, traces=(*state.found.traces, trace))
    if point is not None:
        found = but(found, stops=(*found.stops, point))
    return but(state, found=found)


def _judge_start(state: Procedure, run: Run, _seen: Seen, now_s: float) -> Turn:
    readings, started_s = run.trace.readings, run.started_s
    latency = None if started_s is None else start_latency_s(readings, started_s)
    if latency is None or not run.levels:
        return _failed(_fail(state, "no_steady", now_s), _seen, (), now_s)
    top = max(r.ckmh for r in readings)
    found = but(
        state.found,
        start_latency_s=round(max(latency, state.found.start_latency_s or 0.0), 3),
        min_ckmh=run.levels[0],
        increment_ckmh=increment_ckmh(run.levels),
        overshoot_ckmh=max(0, top - max(run.levels)),
    )
    state = _with_stop(_passed(but(state, found=found), "start"), run, "also")
    if found.answered is False and not found.quirks.no_request_control_answer:
        quirks = but(found.quirks, no_request_control_answer=True)
        return _to_anew(but(state, found=but(state.found, quirks=quirks)), "no_answer", now_s)
    return Turn(state, (), _page(state, "reset"), keep=True)


def _judge_stop(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    before = state.found
    state = _with_stop(state, run, "stop")
    if len(state.found.stops) == len(before.stops):
        return _failed(_fail(state, "not_stopped", now_s), seen, (), now_s)
    known = [trace.from_ckmh for trace in before.traces if trace.kind == "stop"]
    if known and run.goal_ckmh > max(known) and (run.steady_ckmh or 0) <= max(known) + 2:
        state = _passed(state, "stops")  # it does not get any faster, whatever it is asked
    return Turn(state, (), _page(state, "reset"), keep=True)


def _judge_pause(state: Procedure, run: Run, _seen: Seen, now_s: float) -> Turn:
    asked_s = run.epoch_s if run.epoch_s is not None else now_s
    trace = _trace_of(state, run, "pause", asked_s)
    works = run.pause_works is True
    found = but(state.found, traces=(*state.found.traces, trace), pause_works=works)
    state = but(state, found=found)
    if found.stop_ignored:
        if not works:
            return _end(state, "no_stop", now_s)
        state = but(state, found=but(found, quirks=but(found.quirks, pause_unsupported=False)))
        return _to_anew(state, "pause", now_s)
    return Turn(state, (), _page(state, "reset"), keep=True)


def _judge_link(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    """The first records on the new link, from before any stop byte, tell whether the belt went on."""
    asked_s = run.epoch_s if run.epoch_s is not None else now_s
    written_s = run.stop_written_s
    steady = run.steady_ckmh or 0
    after = [r for r in run.trace.readings if r.at_s > asked_s]
    gap_s = 2 * (state.found.data_period_s or 1.0)
    back = _after_gap(run.trace.readings, asked_s, gap_s)
    if not back or not after:
        return _failed(_fail(state, "link_lost", now_s), seen, (), now_s)
    untouched = [r for r in back if written_s is None or r.at_s <= written_s + 0.1]
    told = untouched or back[:1]
    stops = max(r.ckmh for r in told[-2:]) < steady - 5  # of two, as one of 0.00 alone may be false
    trace = _trace_of(state, run, "link", asked_s)
    trace = but(trace, seconds=None, travel_mm=None)
    found = but(state.found, link_stops=stops, traces=(*state.found.traces, trace))
    state = _passed(but(state, found=found), "link")
    return Turn(state, (), _page(state, "reset"), keep=True)


def _after_gap(readings: Sequence[Reading], asked_s: float, gap_s: float) -> list[Reading]:
    """The records that came after the first silence longer than *gap_s* since *asked_s*."""
    last_s = asked_s
    for n, reading in enumerate(readings):
        if reading.at_s <= asked_s:
            last_s = reading.at_s
            continue
        if reading.at_s - last_s > gap_s:
            return list(readings[n:])
        last_s = reading.at_s
    return []


def _judge_tape(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    found = state.found
    told = true_speed(run.taps, found.belt_mm or 0, run.steady_ckmh or 0)
    if told is None or told.uncertainty > 0.1:
        return _failed(_fail(state, "taps", now_s), seen, (), now_s)
    units = units_of(told.ratio)
    if units is Units.AS_SAID:
        state = _with_stop(but(state, found=but(found, true=told)), run, "also")
        state = _passed(state, "tape")
        return Turn(state, (), _page(state, "reset"), keep=True)
    # All speeds so far were wrong by this factor: it is put right, and they are measured again.
    quirks, scale, anew = found.quirks, found.scale, "scale"
    if units is Units.MPH and not quirks.mph_units:
        quirks, anew = but(quirks, mph_units=True), "mph"
    elif units is Units.KMH and quirks.mph_units:
        quirks, anew = but(quirks, mph_units=False), "kmh"
    else:
        scale = round(scale * told.ratio, 4)
    found = Findings(
        done=tuple(name for name in found.done if name in ("control", "sizes")),
        name=found.name,
        deck_mm=found.deck_mm,
        belt_mm=found.belt_mm,
        answered=found.answered,
        scale=scale,
        quirks=quirks,
        data_period_s=found.data_period_s,
        false_zeros=found.false_zeros,
        pause_works=found.pause_works if found.stop_ignored else None,
        stop_ignored=found.stop_ignored,
    )
    return _to_anew(but(state, found=found), anew, now_s)


# ------------------------------------------------------------------------------------------------ a run: surprises


def _stop_ignored(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    if run.kind == "pause":
        if state.found.stop_ignored:
            return _end(state, "no_stop", now_s)
        state = _passed(but(state, found=but(state.found, pause_works=False)), "pause")
        return _failed(_fail(state, "not_stopped", now_s), seen, (), now_s)
    if state.found.stop_ignored:  # it was found that a pause works, and now not even that helps
        return _end(state, "no_stop", now_s)
    found = but(state.found, stop_ignored=True, answered=state.found.answered)
    state = but(_to(state, "ready", now_s), run=None, found=found)
    return Turn(state, (), _page(state, "reset"), keep=True)


def _not_started(state: Procedure, seen: Seen, now_s: float) -> Turn:
    """`07` moved nothing: some machines start by a speed. If that was tried as well, a person can look."""
    if state.speed_first_tried and state.no_starts:
        return _end(state, "no_start", now_s)
    if state.speed_first_tried:
        return _failed(_fail(but(state, no_starts=1), "no_start", now_s), seen, (), now_s)
    quirks = but(state.found.quirks, start_before_speed=not state.found.quirks.start_before_speed)
    state = but(state, found=but(state.found, quirks=quirks), speed_first_tried=True)
    return _to_anew(state, "speed_first", now_s)


def _key_pulled(state: Procedure, run: Run, seen: Seen, now_s: float) -> Turn:
    moved = [r for r in run.trace.readings if r.ckmh > 0]
    rest = next((r for r in run.trace.readings if moved and r.at_s > moved[-1].at_s), None)
    steady = run.steady_ckmh or 0
    last = next((r.at_s for r in reversed(moved) if r.ckmh >= steady - 2), None)  # not yet pulled, or just then
    seconds = None if rest is None or last is None else round(rest.at_s - last, 3)
    found = but(state.found, key_told=run.cause is Cause.SAFETY_KEY, key_seconds=seconds)
    state = but(_to(state, "key_close", now_s), run=None, found=found)
    return _key_close(state, seen, (), now_s)


def _key_close(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """The key goes back by hand; with a puller (H1) only once the permit is on again, so the reset comes first."""
    status = seen.status
    acts = {deed.act for deed in deeds}
    page = _page(state, "key_close", Awaits.KEY_CLOSE, (Act.CONFIRM, Act.LEAVE), blocked=status.reset_missing)
    if status.state is State.LATCHED:
        turn = _resetting(state, status, now_s)
        return but(turn, instruction=page)
    if Act.CONFIRM in acts and status.state is State.IDLE:
        state = _to(state, "key_back", now_s)
        return _key_back(state, seen, (), now_s)
    return Turn(state, (), page)


def _key_back(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """Armed for nothing but to see whether control comes back."""
    status = seen.status
    page = _page(state, "control", blocked=tuple(m for m in status.arm_missing if m not in NO_MATTER))
    back = status.link is LinkState.READY and status.state in (State.PROOF, State.ARMED)
    if not back and now_s - state.since_s <= CONTROL_BACK_S:
        if status.state is State.LATCHED:
            return but(_resetting(state, status, now_s), instruction=page)
        if status.state is not State.IDLE or not _due(state, now_s):
            return Turn(state, (), page)
        arm = Arm(Envelope(HIGHEST_CKMH, 0), SESSION, Purpose.COMMISSIONING)
        return Turn(but(state, asked_s=now_s), (arm,), page)
    state = but(state, found=but(state.found, control_back=back))
    state = _passed(_to(state, "ready", now_s), "key")
    return Turn(state, (Disarm(),), page, keep=True)


# ------------------------------------------------------------------------------------------------ failed, anew, sign


def _failed(state: Procedure, seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    acts = {deed.act for deed in deeds}
    status = seen.status
    skippable = state.step in SKIPPABLE and not state.found.stop_ignored
    if Act.SKIP in acts and skippable:
        state = _passed(_to(state, "ready", now_s), state.step)
        return Turn(state, (), _page(state, "reset"), keep=True)
    if acts & {Act.REPEAT, Act.CONFIRM}:
        state = but(_to(state, "ready", now_s), failure="")
        return Turn(state, (), _page(state, "reset"))
    choices = (Act.REPEAT, Act.SKIP, Act.LEAVE) if skippable else (Act.REPEAT, Act.LEAVE)
    shown = _page(
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


def _to_anew(state: Procedure, why: str, now_s: float) -> Turn:
    state = but(_to(state, "anew", now_s), run=None, anew=why, rebound=False)
    who = state.identity
    assert who is not None, "it was connected"
    state = but(state, found=but(state.found, provisional=True))
    profile = provisional_profile(state.found, who)
    return Turn(but(state, asked_s=now_s), (Rebind(),), _page(state, "anew"), keep=True, profile=profile)


def _anew(state: Procedure, seen: Seen, _deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """Guard and belt go and come back. A guard that came back is latched by its boot."""
    status = seen.status
    page = _page(state, "anew")
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
        state = but(_to(state, "ready", now_s), found=found)
        return Turn(state, (), _page(state, "reset"), keep=True)
    if gone and not state.rebound:
        return Turn(but(state, rebound=True), (), page)
    if not state.rebound and now_s - (state.asked_s or 0.0) > 3 * AGAIN_S:
        return Turn(but(state, asked_s=now_s), (Rebind(),), page)
    return Turn(state, (), page)


def _sign(state: Procedure, _seen: Seen, deeds: tuple[Deed, ...], now_s: float) -> Turn:
    found, who = state.found, state.identity
    assert who is not None, "it was measured"
    profile = profile_of(found, who, signed_by=state.who, measured_on=state.today)
    if profile is None:
        return _end(state, "too_far", now_s)
    if Act.CONFIRM in {deed.act for deed in deeds}:
        state = _passed(but(_to(state, "signed", now_s), anew="", rebound=False), "sign")
        return Turn(but(state, asked_s=now_s), (Rebind(),), _page(state, "reset"), keep=True, profile=profile)
    at = next(p for p in profile.stops if p.ckmh >= profile.cap_ckmh)
    words = (
        ("travel", f"{at.travel_mm / 1000:.2f} m"),
        ("seconds", f"{profile.stop_time_s or 0:.1f} s"),
        ("deck", f"{(found.deck_mm or 0) / 1000:.2f} m"),
    )
    page = _page(
        state, "sign", Awaits.CONFIRM, (Act.CONFIRM, Act.LEAVE), speeds=(("cap", profile.cap_ckmh),), words=words
    )
    return Turn(state, (), page)


def _signed(state: Procedure, seen: Seen, _deeds: tuple[Deed, ...], now_s: float) -> Turn:
    """Over once the treadmill is back with its profile in force. Asked for once: a slow radio needs its time."""
    status = seen.status
    if status.facts is not None and status.facts.commissioned:
        state = _to(state, "done", now_s)
        return Turn(state, (), _page(state, "done"))
    if status.facts is None or status.link is LinkState.OFF:
        state = but(state, rebound=True)
    page = _page(state, "connecting", blocked=status.arm_missing, trouble=status.trouble)
    if not state.rebound and now_s - (state.asked_s or 0.0) > 5 * AGAIN_S:
        return Turn(but(state, asked_s=now_s), (Rebind(),), page)
    return Turn(state, (), page)
