"""Every screen in its important states, drawn to PNG with an index page.

For review, for the tests that measure what a person would see, and for the manual. The catalogue is made of snapshots
as the session makes them; nothing here knows a belt.
"""

from __future__ import annotations

import html
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import pygame

from hardware.config import Screen
from hardware.link.messages import (
    Cause,
    Deck,
    Inputs,
    LinkState,
    Missing,
    ResetBy,
    State,
    Status,
    WishMode,
)
from hardware.units import SpeedUnit, ckmh_from_mph
from kiosk import gallery_machine, gallery_staff, screens
from kiosk.assets import assets_directory
from kiosk.content import read_books
from kiosk.intents import ScreenId, TileState
from kiosk.locale import REFERENCE_LANGUAGE, Catalogue, LocaleError, load_catalogues
from kiosk.snapshot import (
    DAYS_PAGE,
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
from kiosk.staff.desk.granted import REASONS
from kiosk.ui.canvas import Ui

PANELS_MM: Final[Mapping[tuple[int, int], float]] = {
    (1920, 1080): 597.0,  # 27 inch
    (1280, 800): 216.6,  # 10.1 inch
    (1024, 600): 222.7,  # 10.1 inch
    (800, 480): 154.1,  # 7 inch
}
"""Width in mm of the usual panel of a size."""

DEFAULT_DISTANCE_M: Final = 3.0


class GalleryError(Exception):
    """The gallery cannot be made; the text says what to change."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of the gallery."""

    name: str
    note: str
    snapshot: Snapshot


# ------------------------------------------------------------------------------------------------------- the fixtures

_INPUTS: Final = Inputs(clip_closed=True, red_closed=True, amber_pressed=None, permit_readback=True, fault="")

STATUS: Final = Status(
    state=State.IDLE,
    cause=None,
    hard=False,
    stopping_s=0.0,
    reset_by=None,
    reset_missing=(),
    arm_missing=(),
    start_missing=(Missing.NOT_ARMED,),
    inputs=_INPUTS,
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


def _with_deck(deck: Deck) -> Inputs:
    return Inputs(clip_closed=True, red_closed=True, amber_pressed=None, permit_readback=True, fault="", deck=deck)


def _status(**changes: object) -> Status:
    values = {name: getattr(STATUS, name) for name in STATUS.__struct_fields__}
    return Status(**{**values, **changes})


MOVING: Final = _status(state=State.RUNNING, at_rest=False, measured_ckmh=193)
STOPPING: Final = _status(state=State.STOPPING, at_rest=False, measured_ckmh=64, wish=WishMode.STOP)


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
        minutes=math.ceil(total / 60),
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


def _tiles(*states: tuple[str, TileState]) -> tuple[Tile, ...]:
    taps = {"area", "shoes", "staff", "key"}
    return tuple(Tile(f"check.{key}", state, key in taps) for key, state in states)


def _check(now: str, *, failed: bool = False, staff: bool = False) -> tuple[Tile, ...]:
    order = ["link", "still", "flat", "red", "clip_on", "area", "shoes", "clip_pull", "clip_close"]
    if now == "key":
        order.insert(5, "key")
    if staff:
        order.insert(5, "staff")
    place = order.index(now)
    states = [TileState.DONE] * place + [TileState.FAILED if failed else TileState.ACTIVE]
    states += [TileState.WAITING] * (len(order) - place - 1)
    return _tiles(*zip(order, states, strict=True))


def _walked(steps: tuple[Step, ...], until_s: float) -> tuple[tuple[float, int], ...]:
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


def _bars(*values: float) -> tuple[Bar, ...]:
    """Columns as a member's history has them, dated, the last one now."""
    dates = _DAYS[-len(values) :]
    return tuple(
        Bar(date, value, now=index == len(values) - 1)
        for index, (date, value) in enumerate(zip(dates, values, strict=True))
    )


SIX: Final = _bars(5, 5, 6, 6, 7, 7)
HISTORY: Final = HistoryView(
    walks=23,
    minutes=131,
    weeks=_bars(9, 14, 15, 17, 0, 18, 20, 13),
    comfort=_bars(80, 80, 97, 97, 113, 113, 129, 145, 145, 161, 161, 177),
    pain=tuple(
        PainPair(bar.label, before, after)
        for bar, before, after in zip(
            _bars(*range(12)), (4, 4, 3, 4, 3, None, 3, 2, 3, 2, 2, 1), (4, 3, 3, 5, 2, 2, 2, 2, None, 1, 2, 1),
            strict=True,
        )
    ),
    kept=True,
    streak=5,
)  # fmt: skip
FIRST_WALK: Final = HistoryView(
    walks=1,
    minutes=5,
    weeks=_bars(5),
    comfort=_bars(80),
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
    speeds=_walked(KNEE, 440),
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
LEGEND: Final = (
    "C clip",
    "R red button",
    "A amber button",
    "K treadmill's key",
    "1 link lost",
    "2 wrong speed",
    "3 late start",
    "4 belt stops itself",
    "M more mischief",
)
CAUSES: Final = tuple(cause for cause in Cause if cause not in (Cause.BOOT, Cause.PLAN_DONE, Cause.ARM_EXPIRED))


@cache
def _texts(language: str) -> Catalogue:
    """The texts of *language*; those of the reference where there are none."""
    known = load_catalogues(assets_directory() / "locale")
    return known.get(language) or known[REFERENCE_LANGUAGE]


_SENTENCES: Final = {
    "One minute longer than on Tuesday.": ("reason.longer", {}),
    "1.2 mph is your limit, set by staff.": ("cap.member", {"speed": "1.2"}),
    "The hill is one per cent steeper than on your last visit, the speed stays as it was then.": (
        "program.P4.about", {},
    ),
    "Clipped to 2.0 km/h: staff have not measured how this treadmill stops.": ("cap.treadmill", {"speed": "1.2"}),
    "New today: for three minutes 1.2 mph, a little faster than before.": ("preview.new_speed", {"speed": "1.2"}),
    "You set the pace at the console before stepping on": ("reason.follow", {}),
    "From Sunday. Rest a day first: muscles get stronger while you rest.": ("next.from_day", {}),
    "The same again, until it feels easy.": ("next.guest", {}),
}  # fmt: skip
"""What the fixtures say in English and the session says in the language of the person; English keeps the fixtures."""


def _sentence(text: str, texts: Catalogue) -> str:
    key, values = _SENTENCES.get(text, ("", {}))
    if texts.language == REFERENCE_LANGUAGE or not key:
        return text
    minutes = texts.count("preview.minutes", 3)
    day, reason = texts("day.sun"), texts("reason.longer")
    read = {name: texts.number(str(value)) for name, value in values.items()}
    return texts(key, **read, unit=texts("unit.mph"), minutes=minutes, day=day, reason=reason)


@cache
def _shows(language: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """The English texts of every cue, and what stands there in *language*."""
    books = read_books(assets_directory())
    own = books.get(language, books[REFERENCE_LANGUAGE])
    return {cue.show: own[cue.id].show for cue in books[REFERENCE_LANGUAGE].values()}


_CUES: Final = {("Toes first, then heel.",): "T1", ("Let the knee", "straighten. No lock."): "T5"}
"""Fixtures that are set otherwise than the cue itself."""


def _titled(text: str, texts: Catalogue) -> str:
    """A title of ours in the language of *texts*; names from outside stay as they are."""
    english = _texts(REFERENCE_LANGUAGE)
    for number in range(1, 13):
        key = f"program.P{number}.title"
        text = text.replace(english(key), texts(key))
    return text


def _dated(label: str, texts: Catalogue) -> str:
    day, month = label.split()
    number = next(n for n in range(1, 13) if _texts(REFERENCE_LANGUAGE)(f"month.{n}") == month)
    return texts("date.short", day=day, month=texts(f"month.{number}"))


def _bars_in(bars: tuple[Bar, ...], texts: Catalogue) -> tuple[Bar, ...]:
    return tuple(replace(bar, label=_dated(bar.label, texts)) for bar in bars)


def _card_in(made: ProgramCard, texts: Catalogue) -> ProgramCard:
    about = texts(f"program.{made.id}.about")
    return replace(made, title=_titled(made.title, texts), reason=_sentence(made.reason, texts), about=about)


def _spoken(s: Snapshot, texts: Catalogue) -> Snapshot:
    """*s* with everything that the session words in the language of *texts*."""
    walk, summary, history = s.walk, s.summary, s.history
    if walk is not None:
        show = _shows(texts.language).get(walk.cue_show, walk.cue_show)
        own = _CUES.get(walk.cue_show)
        if own is not None and texts.language != REFERENCE_LANGUAGE:
            show = read_books(assets_directory())[texts.language][own].show
        walk = replace(walk, title=_titled(walk.title, texts), cue_show=show)
    if summary is not None:
        summary = replace(
            summary,
            next_title=_titled(summary.next_title, texts),
            next_reason=_sentence(summary.next_reason, texts),
            last=_bars_in(summary.last, texts),
        )
    if history is not None:
        history = replace(
            history,
            weeks=_bars_in(history.weeks, texts),
            comfort=_bars_in(history.comfort, texts),
            pain=tuple(replace(pair, label=_dated(pair.label, texts)) for pair in history.pain),
        )
    return replace(
        s,
        walk=walk,
        summary=summary,
        history=history,
        card=None if s.card is None else _card_in(s.card, texts),
        cards=tuple(_card_in(made, texts) for made in s.cards),
        preview_note=_sentence(s.preview_note, texts),
    )


def catalogue(language: str = "en") -> tuple[Entry, ...]:
    """Every entry, in the order of a visit."""
    texts = _texts(language)
    base = replace(BASE, language=language)
    member = replace(base, member_name="Anna")
    walking = replace(member, status=MOVING, measured_ckmh=193, walk=WALK)
    entries: list[Entry] = []

    def add(screen: ScreenId, state: str, note: str, snapshot: Snapshot) -> None:
        name = f"{len(entries) + 1:02d}-{screen.value}" + (f"-{state}" if state else "")
        entries.append(Entry(name, note, _spoken(replace(snapshot, screen=screen), texts)))

    a = ScreenId
    add(a.ATTRACT, "", "free", base)
    add(a.ATTRACT, "supervised", "H0: staff have to be present", replace(base, supervised=True))
    add(
        a.ATTRACT,
        "in_use",
        "the belt moves and nobody here moved it",
        replace(base, belt_free=False, status=_status(in_use_by_other=True, at_rest=False)),
    )
    add(
        a.ATTRACT, "out", "the guard does not answer", replace(base, belt_free=False, status=None, measured_ckmh=None)
    )
    add(
        a.ATTRACT,
        "starting",
        "the treadmill is being connected",
        replace(base, belt_free=False, starting=True, status=replace_status(STATUS, link=LinkState.CONNECTING)),
    )
    for missing in (Missing.OPENING_CHECK, Missing.NOT_COMMISSIONED):
        add(
            a.ATTRACT,
            missing.value,
            "staff have something to do first",
            replace(base, belt_free=False, status=replace_status(STATUS, arm_missing=(missing,))),
        )
    add(a.ATTRACT, "banner", "a full disk", replace(base, banner="disk_full"))
    add(a.ATTRACT, "no-touch", "nothing to touch", replace(base, banner="no_touch"))
    add(a.ATTRACT, "no-sound", "no loudspeaker", replace(base, banner="no_sound"))
    add(a.ATTRACT, "simulated", "simulation band with its legend", replace(base, simulated=True, legend=LEGEND))
    add(
        a.ATTRACT,
        "long_names",
        "long names",
        replace(
            base,
            gym_name="Physiotherapy and Training Centre Upper Riverside",
            treadmill_label="Treadmill by the window 12",
        ),
    )
    add(a.WHO, "", "guest or member", base)
    add(a.WHO, "warn", "the time-out is near", replace(base, warn=True, left_s=17.0))
    add(a.CODE, "", "no digit yet", base)
    add(a.CODE, "four", "four digits", replace(base, digits=4))
    add(a.CODE, "full", "six digits", replace(base, digits=6))
    add(a.CODE, "shown", "four digits, shown on request", replace(base, digits=4, shown_digits="4829"))
    add(a.CODE, "wrong", "unknown code", replace(base, keypad_error="keypad.wrong_code"))
    add(a.CODE, "no_record", "the record does not answer", replace(base, keypad_error="keypad.no_record"))
    add(a.CODE, "locked", "too many tries", replace(base, paused_s=48, keypad_error=""))
    add(a.CONSENT, "", "before the first score", member)
    add(a.CONSENT, "joining", "a guest becomes a member", replace(base, guest=True, joining=True))
    add(
        a.SCREENING,
        "",
        "a yes-no question",
        replace(member, question="question.balance", question_n=2, questions=5),
    )
    add(
        a.SCREENING,
        "scale",
        "a question with a score",
        replace(member, question="question.pain_now", question_n=1, questions=5, question_scale=True),
    )
    add(a.TALK_TO_STAFF, "", "no reason on the screen", member)
    add(a.TALK_TO_STAFF, "staff", "a staff PIN can lead on", replace(member, needs_staff=True))
    add(
        a.TALK_TO_STAFF,
        "rest",
        "a rest day, and what can be done instead",
        replace(
            member,
            talk_key="talk.rest",
            take_home=(texts("take_home.hill"), texts("take_home.care")),
        ),
    )
    planned = replace(member, has_history=True, visit_n=3, visit_limit=3)
    add(a.PROGRAM, "", "three programs", replace(planned, cards=CARDS, more_cards=True))
    add(
        a.PROGRAM,
        "long_names",
        "long names, cap reasons",
        replace(planned, member_name="Maximiliane-Henriette", cards=LONG_CARDS, more_cards=True),
    )
    add(
        a.PROGRAM,
        "guest",
        "a guest has one",
        replace(
            base,
            guest=True,
            cards=(
                replace(
                    CARDS[0], id="P1", title="First Steps", steps=FIRST_STEPS, top_ckmh=113, minutes=5, reason=""
                ),
            ),
        ),
    )
    add(a.PREVIEW, "", "nothing new", replace(member, card=CARDS[1]))
    add(
        a.PREVIEW,
        "new",
        "something new to agree to",
        replace(
            member,
            card=CARDS[0],
            preview_note="New today: for three minutes 1.2 mph, a little faster than before.",
            preview_choice=True,
        ),
    )
    add(a.PREVIEW, "capped", "a cap clips it", replace(member, card=LONG_CARDS[1]))
    add(a.PREVIEW, "follow", "the console sets the pace", replace(member, card=AT_ONE_PACE))
    for now in ("link", "still", "red", "clip_on", "area", "shoes", "clip_pull", "clip_close", "flat", "key"):
        add(a.CHECK, now, f"waits for: {now}", replace(member, card=CARDS[0], tiles=_check(now)))
    add(
        a.CHECK,
        "failed",
        "the belt moved",
        replace(member, card=CARDS[0], tiles=_check("still", failed=True, staff=True)),
    )
    add(
        a.CHECK,
        "done",
        "all done",
        replace(member, card=CARDS[0], tiles=tuple(replace(t, state=TileState.DONE) for t in _check("link"))),
    )
    at_console = replace(member, follow=True, status=replace_status(STATUS, state=State.ARMED, follow=True))
    add(a.CONSOLE_START, "", "the member starts the belt at its console", at_console)
    add(a.CONSOLE_START, "pace", "up to a pace that is known", replace(at_console, pace_ckmh=193))
    turning = replace(at_console, status=replace_status(MOVING, follow=True), measured_ckmh=97)
    add(a.CONSOLE_START, "turn", "it runs: turn round", turning)
    add(a.CONSOLE_START, "turn_amber", "with an amber button", replace(turning, amber=True, stop_touched=True))
    add(a.STRADDLE, "", "clip alone", member)
    add(a.PAUSE, "", "between two sets", replace(member, count=65, touch_ready=True))
    add(a.PAUSE, "break", "a break that the member asked for", replace(member, count=48, paused=True))
    add(a.STRADDLE, "amber", "with an amber button", replace(member, amber=True))
    for count in (5, 1):
        add(a.COUNTDOWN, str(count), "the belt starts at nought", replace(member, count=count))
    add(a.BELT_STARTING, "", "spinning up", replace(member, status=MOVING, measured_ckmh=32))
    add(a.STEP_ON, "", "at its slowest", replace(walking, measured_ckmh=80, walk=replace(WALK, cue_show=())))
    add(a.WALK, "", "main phase", walking)
    add(a.WALK, "quiet", "no cue just now", replace(walking, walk=replace(WALK, cue_show=())))
    add(a.WALK, "long", "14:05 left, two cue lines", replace(walking, walk=LONG_WALK, measured_ckmh=145))
    add(
        a.WALK,
        "faster",
        "a rise in eight seconds",
        replace(
            walking,
            measured_ckmh=145,
            walk=replace(
                WALK,
                target_ckmh=145,
                next_ckmh=193,
                next_in_s=8.0,
                cue_show=("Hold the rails.", "Speed rising soon."),
            ),
        ),
    )
    add(
        a.WALK,
        "hill",
        "a hill in five seconds",
        replace(
            walking,
            walk=replace(LONG_WALK, next_dpct=20, next_in_s=5.0, cue_show=("Hill next.", "Speed stays the same.")),
        ),
    )
    add(a.WALK, "unknown", "no fresh speed", replace(walking, measured_ckmh=None))
    add(a.WALK, "kmh", "a km/h gym", replace(walking, units=SpeedUnit.KMH))
    add(
        a.WALK,
        "touched",
        "touch again to stop",
        replace(walking, stop_touched=True, walk=replace(WALK, stop_touched=True)),
    )
    add(a.WALK, "disk", "the disk is full", replace(walking, banner="disk_full"))
    add(a.WALK, "simulated", "simulation band", replace(walking, simulated=True, legend=LEGEND, walk=LONG_WALK))
    add(
        a.EASING,
        "",
        "slowing down",
        replace(
            walking,
            measured_ckmh=113,
            walk=replace(WALK, left_s=38.0, at_s=402.0, cue_show=("Slowing down.", "Keep walking.")),
        ),
    )
    even = replace(WALK, steps=AT_ONE_PACE.steps)
    following = replace(walking, follow=True, status=replace_status(MOVING, follow=True), walk=even)
    add(a.WALK, "follow", "the console sets the pace", following)
    add(a.EASING, "follow", "nothing eases it: the way out is beside the belt", replace(following, amber=True))
    add(a.EASING, "follow_clip", "without an amber button", replace(following, stop_touched=True))
    add(a.TO_RAILS, "", "the plan is over", replace(following, count=9))
    add(a.TO_RAILS, "touched", "touch again to stop", replace(following, count=4, stop_touched=True))
    for end in (Deck.OPEN_END, Deck.MOTOR_END):
        off = replace_status(MOVING, inputs=_with_deck(end))
        add(a.WALK, end.value, "too near an end of the deck", replace(walking, status=off))
    add(
        a.EASING,
        "open_end",
        "slower, because the walker drifts",
        replace(walking, measured_ckmh=161, status=replace_status(MOVING, inputs=_with_deck(Deck.OPEN_END))),
    )
    add(
        a.STOPPING,
        "",
        "a soft stop",
        replace(walking, status=STOPPING, measured_ckmh=64, walk=replace(WALK, left_s=0.0, cue_show=())),
    )
    for cause in CAUSES:
        moving = replace(
            walking,
            status=replace_status(STOPPING, cause=cause, hard=True),
            cause=cause,
            measured_ckmh=97,
            touch_ready=False,
        )
        if cause in (Cause.LINK_LOST, Cause.TELEMETRY_STALE):
            moving = replace(moving, measured_ckmh=None)
        add(a.SAFETY_STOP, cause.value, "while the belt may move", moving)
    for cause, staff in (
        (Cause.CLIP, False),
        (Cause.RED_BUTTON, True),
        (Cause.LINK_LOST, True),
        (Cause.MEMBER_STOP, False),
    ):
        still = replace(
            walking,
            status=replace_status(
                STOPPING,
                state=State.LATCHED,
                cause=cause,
                at_rest=True,
                reset_by=ResetBy.STAFF if staff else ResetBy.MEMBER,
            ),
            cause=cause,
            measured_ckmh=0,
            needs_staff=staff,
            touch_ready=True,
        )
        add(a.SAFETY_STOP, f"{cause.value}-still", "at rest: the way on", still)
    add(a.BELT_STOPPED, "", "just stopped", replace(member, walk=WALK, touch_ready=False))
    add(a.BELT_STOPPED, "ready", "touch is taken again", replace(member, walk=WALK))
    add(
        a.WHY_STOPPED,
        "",
        "after a clip was pulled",
        replace(
            member,
            choices=(
                "why.slipped",
                "why.unsteady",
                "why.pain",
                "why.tired",
                "why.chest",
                "why.other",
            ),
        ),
    )
    add(
        a.WHY_STOPPED,
        "touched",
        "after the stop bar",
        replace(member, choices=("why.break", "why.unsteady", "why.pain", "why.tired", "why.chest", "why.other")),
    )
    add(a.EFFORT, "", "after the walk", member)
    add(a.PAIN, "", "after the walk", replace(member, pain_before=2))
    add(a.EFFORT, "guest", "a guest's scores are for today", replace(base, guest=True))
    ended = replace(member, summary=SUMMARY, left_s=40.0, has_history=True)
    add(a.SUMMARY, "", "a member's walk", ended)
    at_one_pace = replace(SUMMARY, follow=True, plan=AT_ONE_PACE.steps, speeds=_walked(AT_ONE_PACE.steps, 440))
    add(a.SUMMARY, "follow", "at the console's pace", replace(ended, summary=at_one_pace))
    add(
        a.SUMMARY,
        "first",
        "the first walk",
        replace(ended, summary=replace(SUMMARY, last=_bars(5), week_sessions=1)),
    )
    add(
        a.SUMMARY,
        "advice",
        "pain has risen",
        replace(ended, summary=replace(SUMMARY, pain_after=6, advice=texts("summary.advice"))),
    )
    add(
        a.SUMMARY,
        "guest",
        "a guest, short, nothing asked",
        replace(
            base,
            guest=True,
            left_s=31.0,
            units=SpeedUnit.KMH,
            summary=replace(
                SUMMARY,
                walk_s=92.0,
                distance_m=19.0,
                top_ckmh=80,
                week_sessions=None,
                speeds=_walked(FIRST_STEPS, 92),
                plan=FIRST_STEPS,
                effort=None,
                pain_before=None,
                pain_after=None,
                next_title="First Steps",
                next_reason="The same again, until it feels easy.",
                completed=False,
                last=(),
                join=True,
            ),
        ),
    )
    add(
        a.SUMMARY,
        "empty",
        "stopped before the first reading",
        replace(
            member,
            left_s=40.0,
            summary=replace(
                SUMMARY,
                walk_s=0.0,
                distance_m=0.0,
                top_ckmh=0,
                speeds=(),
                effort=None,
                completed=False,
                week_sessions=1,
                last=(),
            ),
            has_history=True,
        ),
    )
    add(
        a.SUMMARY,
        "join_failed",
        "no code could be made",
        replace(
            base,
            guest=True,
            left_s=40.0,
            summary=replace(SUMMARY, week_sessions=None, last=(), join=True, join_failed=True),
        ),
    )
    add(a.JOINED, "", "the new member's code", replace(base, guest=True, new_code="417926"))
    add(a.HISTORY, "", "three months", replace(member, history=HISTORY))
    add(a.HISTORY, "comfort", "a small panel's second chart", replace(member, history=replace(HISTORY, page=1)))
    add(a.HISTORY, "pain", "a small panel's third chart", replace(member, history=replace(HISTORY, page=2)))
    add(a.HISTORY, "first", "one walk", replace(member, history=FIRST_WALK))
    add(
        a.HISTORY,
        "not_kept",
        "no consent to keep scores",
        replace(member, history=replace(HISTORY, pain=(), kept=False, page=2)),
    )
    add(a.HISTORY, "empty", "before the first walk", replace(member, history=NO_WALK))
    days = replace(HISTORY, page=DAYS_PAGE, days=(0, 2, 4))
    add(a.HISTORY, "days", "the sample week", replace(member, history=days))
    own = replace(days, days=(1, 3), open_days=(5, 6), own_days=True)
    add(a.HISTORY, "own-days", "a member's own week, one day still to choose", replace(member, history=own))
    add(a.STAFF_PIN, "", "no digit yet", base)
    add(a.STAFF_PIN, "wrong", "wrong PIN", replace(base, digits=0, keypad_error="keypad.wrong_pin"))
    resetting = replace(
        base,
        status=replace_status(
            STOPPING, state=State.LATCHED, cause=Cause.RED_BUTTON, at_rest=True, reset_by=ResetBy.STAFF
        ),
        cause=Cause.RED_BUTTON,
    )
    items = (
        Tile("reset.item.person", TileState.DONE, tap=True),
        Tile("reset.item.belt", TileState.ACTIVE, tap=True),
        Tile("reset.item.red", TileState.DONE),
        Tile("reset.item.clip", TileState.ACTIVE),
        Tile("reset.item.amber", TileState.ACTIVE),
        Tile("reset.item.link", TileState.DONE),
        Tile("reset.item.still", TileState.DONE),
    )
    add(a.RESET, "", "one thing is missing", replace(resetting, reset_items=items, can_confirm=False))
    add(
        a.RESET,
        "ready",
        "ready",
        replace(
            resetting,
            reset_items=tuple(replace(item, state=TileState.DONE) for item in items),
            notes=("Signed in: Kim. Third stop of this kind in seven days.",),
        ),
    )
    add(a.OUT_OF_SERVICE, "", "a latched fault", replace(resetting, cause=Cause.OVERSPEED, needs_staff=True))
    words = load_catalogues(assets_directory() / "locale")[language]
    held = words("out_of_service.hold", cause=words("cause.link_lost")), words("out_of_service.hold_do")
    add(a.OUT_OF_SERVICE, "hold", "the third same fault in seven days", replace(base, belt_free=False, notes=held))
    add(a.ATTRACT, "set_up", "no staff account yet", replace(base, set_up_first=True, belt_free=False))
    reasons = tuple(f"reason_override.{name}" for name in REASONS)
    slow = f"{words.speed(161, base.units)} {words(f'unit.{base.units.name.lower()}')}"
    once = words("override.text_first", speed=slow)
    for state, note, text in (
        ("", "why staff let one session happen", words("override.text")),
        ("first", "a gate of the first visit alone", once),
    ):
        add(a.OVERRIDE, state, note, replace(member, choices=reasons, notes=(text,)))
    for pages in (gallery_staff, gallery_machine):
        for screen, state, note, snapshot in pages.entries(base):
            add(screen, state, note, snapshot)
    return tuple(entries)


def replace_status(status: Status, **changes: object) -> Status:
    """*status* with some fields changed."""
    values = {name: getattr(status, name) for name in status.__struct_fields__}
    return Status(**{**values, **changes})


# ------------------------------------------------------------------------------------------------------- the pictures


def parse_size(text: str) -> tuple[int, int]:
    """``1920x1080`` as two numbers. Raises GalleryError."""
    wide, cross, high = text.lower().partition("x")
    if not (cross and wide.isdigit() and high.isdigit()):
        raise GalleryError(f'"{text}" is not a size. Write it as 1920x1080.')
    size = int(wide), int(high)
    if not (320 <= size[0] <= 7680 and 240 <= size[1] <= 4320):
        raise GalleryError(f"{text} is not a size this can draw: 320x240 to 7680x4320.")
    return size


def panel(size: tuple[int, int], width_mm: float | None = None, distance_m: float = DEFAULT_DISTANCE_M) -> Screen:
    """The usual panel of *size*, or one *width_mm* wide."""
    known = PANELS_MM.get(size, Screen().width_mm)
    return Screen(
        width_px=size[0],
        height_px=size[1],
        width_mm=known if width_mm is None else width_mm,
        viewing_distance_m=distance_m,
    )


def open_ui(size: tuple[int, int], screen: Screen, catalogues: Mapping[str, Catalogue] | None = None) -> Ui:
    """A kit for pictures without a window. pygame's fonts have to be initialised."""
    texts = load_catalogues(assets_directory() / "locale") if catalogues is None else catalogues
    return Ui(size, screen, texts)


def render(directory: Path, size: tuple[int, int], language: str, screen: Screen | None = None) -> list[Path]:
    """Draw every entry into *directory*; returns the pictures. Raises GalleryError with a plain sentence."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    try:
        ui = open_ui(size, screen or panel(size))
    except LocaleError as error:
        raise GalleryError(str(error)) from error
    if language not in ui.catalogues:
        raise GalleryError(f'There are no texts for "{language}". There are: {", ".join(sorted(ui.catalogues))}.')
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GalleryError(f"{directory} cannot be made: {error.strerror}.") from error
    surface = pygame.Surface(size)
    paths = []
    entries = catalogue(language)
    for old in directory.glob("[0-9][0-9]-*.png"):  # of an earlier gallery: numbers may have changed
        old.unlink()
    for entry in entries:
        screens.draw(surface, ui, entry.snapshot)
        path = directory / f"{entry.name}.png"
        try:
            pygame.image.save(surface, str(path))
        except (pygame.error, OSError) as error:
            raise GalleryError(f"{path} cannot be written: {error}. Is the disk full?") from error
        paths.append(path)
    (directory / "index.html").write_text(_index(entries, size, language, ui), encoding="utf-8")
    return paths


def _index(entries: tuple[Entry, ...], size: tuple[int, int], language: str, ui: Ui) -> str:
    metrics = ui.metrics()
    figures = "\n".join(
        f'<figure><a href="{entry.name}.png"><img loading="lazy" src="{entry.name}.png" alt=""></a>'
        f"<figcaption><b>{html.escape(entry.snapshot.screen.value)}</b> {html.escape(entry.note)}</figcaption>"
        "</figure>"
        for entry in entries
    )
    fits = (
        f"instructions fill {metrics.arcmin(metrics.main):.0f} minutes of arc"
        f"{' (too small: 42 are needed)' if metrics.too_small else ''}"
    )
    return f"""<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<title>Retro Walk screens, {size[0]} x {size[1]}, {language}</title>
<style>
body {{ background: #1a1f27; color: #f5f7fa; font: 16px sans-serif; margin: 2rem }}
main {{ display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(30rem, 1fr)) }}
figure {{ margin: 0 }} img {{ width: 100%; border: 1px solid #3c4551 }}
figcaption {{ padding: .4rem 0; color: #b8c4d6 }}
</style>
<h1>Retro Walk screens</h1>
<p>{size[0]} x {size[1]} pixels, {language}, panel {metrics.mm_per_px * size[0]:.0f} mm wide, read from
{metrics.distance_m:g} m: {fits}. {len(entries)} pictures.</p>
<main>
{figures}
</main>
</html>
"""
