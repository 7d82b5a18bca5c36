"""What the gallery shows: a status, programs, walks and numbers as a session might have them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from msgspec.structs import replace as changed

from hardware.link.messages import (
    Cause,
    Deck,
    Inputs,
    LinkState,
    Missing,
    State,
    Status,
    WishMode,
)
from hardware.units import SpeedUnit, ckmh_from_mph
from kiosk.intents import ScreenId, TileState
from kiosk.snapshot import (
    Bar,
    HistoryView,
    PainPair,
    ProgramCard,
    Snapshot,
    Step,
    SummaryView,
    Tile,
    WalkView,
)

INPUTS: Final = Inputs(clip_closed=True, red_closed=True, amber_pressed=None, permit_readback=True, fault="")

STATUS: Final = Status(
    state=State.IDLE,
    cause=None,
    hard=False,
    stopping_s=0.0,
    reset_by=None,
    reset_missing=(),
    arm_missing=(),
    start_missing=(Missing.NOT_ARMED,),
    inputs=INPUTS,
    link=LinkState.READY,
    measured_ckmh=0,
    measured_age_s=0.2,
    incline_dpct=0,
    commanded_ckmh=0,
    commanded_dpct=0,
    wish=WishMode.HOLD,
    epoch=1,
    cap_ckmh=322,
    min_ckmh=80,
    start_latency_s=3.0,
    at_rest=True,
    consent_left_s=None,
    session=None,
    permit=True,
    alarm=False,
    in_use_by_other=False,
    facts=None,
    trouble="",
    ticks_late=0,
)


def with_deck(deck: Deck) -> Inputs:
    """The inputs with the walker at that place of the deck."""
    return Inputs(clip_closed=True, red_closed=True, amber_pressed=None, permit_readback=True, fault="", deck=deck)


MOVING: Final = changed(STATUS, state=State.RUNNING, at_rest=False, measured_ckmh=193)
STOPPING: Final = changed(STATUS, state=State.STOPPING, at_rest=False, measured_ckmh=64, wish=WishMode.STOP)


def plan(*pieces: tuple[str, float, float, float]) -> tuple[Step, ...]:
    """Steps from (name, seconds, mph, percent)."""
    steps: list[Step] = []
    start = 0.0
    for name, seconds, mph, percent in pieces:
        steps.append(Step(start, seconds, ckmh_from_mph(mph), round(percent * 10), name))
        start += seconds
    return tuple(steps)


FIRST_STEPS: Final = plan(("settle", 120, 0.5, 0), ("new", 120, 0.7, 0), ("ease", 40, 0.5, 0))
KNEE: Final = plan(
    ("settle", 60, 0.5, 0),
    ("known", 45, 0.7, 0),
    ("known", 45, 0.9, 0),
    ("main", 210, 1.2, 0),
    ("ease", 40, 0.9, 0),
    ("ease", 40, 0.5, 0),
)
LONG: Final = plan(
    ("settle", 120, 0.5, 0),
    ("known", 120, 0.9, 0),
    ("main", 540, 1.5, 0),
    ("hill", 180, 1.5, 2),
    ("ease", 60, 0.9, 0),
    ("ease", 60, 0.5, 0),
)
COOL_DOWN: Final = plan(("settle", 60, 0.5, 0), ("known", 60, 0.9, 0), ("main", 200, 1.2, 0), ("ease", 60, 0.5, 0))
INTERLUDE: Final = plan(("settle", 60, 0.5, 0), ("main", 140, 1.0, 0), ("ease", 40, 0.5, 0))


def card(
    name: str, title: str, steps: tuple[Step, ...], *, recommended: bool = False, reason: str = ""
) -> ProgramCard:
    """A program card for *steps*."""
    total = max(step.start_s + step.seconds for step in steps)
    return ProgramCard(
        id=name,
        title=title,
        minutes=max(1, round(total / 60)),  # as kiosk.session.view counts them
        top_ckmh=max(step.speed_ckmh for step in steps),
        top_dpct=max(step.incline_dpct for step in steps),
        steps=steps,
        recommended=recommended,
        reason=reason,
    )


CARDS: Final = (
    card("P2", "Knee Ability", KNEE, recommended=True, reason="One minute longer than on Tuesday."),
    card("P6", "Cool-down", COOL_DOWN),
    card("P7", "Interlude", INTERLUDE, reason="1.2 mph is your limit, set by staff."),
)
AT_ONE_PACE: Final = replace(
    card(
        "P2",
        "Knee Ability",
        tuple(replace(step, speed_ckmh=193) for step in KNEE),
        recommended=True,
        reason="You set the pace at the console before stepping on",
    ),
    follow=True,
)
LONG_CARDS: Final = (
    card(
        "P4",
        "Incline Builder for the hill walkers of the house",
        LONG,
        recommended=True,
        reason="The hill is one per cent steeper than on your last visit, the speed stays as it was then.",
    ),
    card(
        "P10",
        "Knee comfort with a note from your clinician",
        COOL_DOWN,
        reason="Clipped to 2.0 km/h: staff have not measured how this treadmill stops.",
    ),
    card("P1", "First Steps", FIRST_STEPS),
)

WALK: Final = WalkView(
    title="Knee Ability",
    phase=4,
    phases=6,
    left_s=245.0,
    walked_s=195.0,
    steps=KNEE,
    at_s=195.0,
    next_ckmh=None,
    next_in_s=None,
    cue_show=("Toes first, then heel.",),
    stop_touched=False,
    target_ckmh=193,
)
LONG_WALK: Final = replace(
    WALK,
    title="Incline Builder",
    steps=LONG,
    left_s=845.0,
    walked_s=235.0,
    at_s=235.0,
    phase=2,
    cue_show=("Let the knee", "straighten. No lock."),
    target_ckmh=145,
)


def tiles(*states: tuple[str, TileState]) -> tuple[Tile, ...]:
    """Lines of the safety check; those that a person confirms can be tapped."""
    taps = {"area", "shoes", "staff", "key"}
    return tuple(Tile(f"check.{key}", state, key in taps) for key, state in states)


def check_tiles(now: str, *, failed: bool = False, staff: bool = False) -> tuple[Tile, ...]:
    """The safety check when *now* is what to do."""
    order = ["link", "still", "flat", "red", "clip_on", "area", "shoes", "clip_pull", "clip_close"]
    if now == "key":
        order.insert(5, "key")
    if staff:
        order.insert(5, "staff")
    place = order.index(now)
    states = [TileState.DONE] * place + [TileState.FAILED if failed else TileState.ACTIVE]
    states += [TileState.WAITING] * (len(order) - place - 1)
    return tiles(*zip(order, states, strict=True))


def walked(steps: tuple[Step, ...], until_s: float) -> tuple[tuple[float, int], ...]:
    """A belt that follows *steps* as a belt does: late at the start, a fifth of a mph a second, a little noise."""
    speeds: list[tuple[float, int]] = []
    speed = 0.0
    for second in range(int(until_s) + 1):
        wanted = next((s.speed_ckmh for s in reversed(steps) if s.start_s <= second - 3), 0)
        if second > until_s - 6:
            wanted = 0
        speed += max(-32.0, min(24.0, wanted - speed))
        speeds.append((float(second), round(speed)))
    return tuple(speeds)


_DAYS: Final = (
    "4 May",
    "11 May",
    "18 May",
    "25 May",
    "1 Jun",
    "8 Jun",
    "15 Jun",
    "22 Jun",
    "29 Jun",
    "6 Jul",
    "13 Jul",
    "20 Jul",
)


def bars(*values: float) -> tuple[Bar, ...]:
    """Columns as a member's history has them, dated, the last one now."""
    dates = _DAYS[-len(values) :]
    return tuple(
        Bar(date, value, now=index == len(values) - 1)
        for index, (date, value) in enumerate(zip(dates, values, strict=True))
    )


SIX: Final = bars(5, 5, 6, 6, 7, 7)
HISTORY: Final = HistoryView(
    walks=23,
    minutes=131,
    weeks=bars(9, 14, 15, 17, 0, 18, 20, 13),
    comfort=bars(80, 80, 97, 97, 113, 113, 129, 145, 145, 161, 161, 177),
    pain=tuple(
        PainPair(bar.label, before, after)
        for bar, before, after in zip(
            bars(*range(12)), (4, 4, 3, 4, 3, None, 3, 2, 3, 2, 2, 1), (4, 3, 3, 5, 2, 2, 2, 2, None, 1, 2, 1),
            strict=True,
        )
    ),
    kept=True,
    streak=5,
)  # fmt: skip
FIRST_WALK: Final = HistoryView(
    walks=1,
    minutes=5,
    weeks=bars(5),
    comfort=bars(80),
    pain=(PainPair("20 Jul", 2, 2),),
    kept=True,
    streak=0,
)
NO_WALK: Final = HistoryView(walks=0, minutes=0, weeks=(), comfort=(), pain=(), kept=True, streak=0)

SUMMARY: Final = SummaryView(
    walk_s=440.0,
    distance_m=201.0,
    top_ckmh=193,
    average_ckmh=160,
    week_sessions=3,
    week_limit=3,
    speeds=walked(KNEE, 440),
    plan=KNEE,
    effort=4,
    pain_before=2,
    pain_after=1,
    next_title="Knee Ability, 8 min",
    next_reason="From Sunday. Rest a day first: muscles get stronger while you rest.",
    completed=True,
    last=SIX,
)

BASE: Final = Snapshot(
    now_s=1000.0,
    screen=ScreenId.ATTRACT,
    screen_s=4.0,
    left_s=None,
    warn=False,
    gym_name="Riverside Gym",
    treadmill_label="Treadmill 4",
    units=SpeedUnit.MPH,
    language="en",
    languages=("en", "es", "de"),
    volume=2,
    simulated=False,
    legend=(),
    banner="",
    status=STATUS,
    belt_free=True,
    measured_ckmh=0,
    member_name="",
)

CAUSES: Final = tuple(cause for cause in Cause if cause not in (Cause.BOOT, Cause.PLAN_DONE, Cause.ARM_EXPIRED))
