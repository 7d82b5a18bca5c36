"""Ways through the kiosk, as lists of (expected screen, what is done there). Together they walk the whole map."""

import inspect
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from hardware.link.messages import (
    Arm,
    Cause,
    Deck,
    Disarm,
    LinkState,
    LowerCap,
    Missing,
    Reset,
    ResetBy,
    Start,
    State,
    Stop,
    StopWhy,
)
from kiosk.coach import progression
from kiosk.coach.plan import Choice
from kiosk.coach.standing import Visit
from kiosk.intents import FAR_SCREENS, INERT_SCREENS, Intent, IntentKind, ScreenId, TileState
from kiosk.screens.attract import service_state
from kiosk.screens.flow import EDGES, FLOW
from kiosk.session import texts
from kiosk.session.actions import Hush, Join, KeepDays, Play, Record, RecordConsent, RecordWhy, Say, Send, Unjoin
from kiosk.session.model import CapsRead, Joined, LeftOpen, Person, RecordHealth, Touched
from kiosk.store.kinds import CapScope, SessionState
from kiosk.store.records import Cap, Closing, EventIn, Opening, Ratings, Sample
from tests.support.desk import (
    CONTENT,
    SCREENING,
    TO_CHECK,
    TO_FOLLOW,
    TO_WALK,
    Desk,
    answers,
    console,
    healthy,
    press_amber,
    prove,
    pull,
    red,
    taps,
)

S = ScreenId


def person(**changed):
    return Person(
        **{
            "id": "m1",
            "label": "Ada",
            "language": None,
            "age_band": None,
            "consented": True,
            "screened_until_ms": 2_000_000_000_000,
            "screening_limit_ckmh": None,
            "last_session_id": None,
            "forbidden": False,
            "history": (),
        }
        | changed
    )


def visit(variant="1", day=date(2026, 7, 8), **changed):
    return Visit(
        day,
        "P1",
        Choice(variant),
        280,
        280,
        completed=True,
        pain_before=0,
        pain_peak=0,
        pain_after=0,
        effort=2,
        **changed,
    )


def seasoned():
    """Ten weeks of a member for whom nothing has gone wrong."""
    days = (70, 68, 66, 63, 61, 54, 52, 47, 45, 40, 38, 33, 31, 26, 24, 19, 17, 12, 10, 3)
    levels = [Choice("1"), Choice("2"), Choice("3-4"), Choice("3-4")]
    levels += [Choice("main", Decimal("1.0"), main_s=120 + 60 * (n // 4)) for n in range(16)]
    return tuple(
        Visit(
            date(2026, 7, 11) - timedelta(days=back),
            "P1" if n < 4 else "P2",
            level,
            280,
            280,
            completed=True,
            top_ckmh=161,
            pain_before=0,
            pain_peak=0,
            pain_after=0,
            effort=2,
        )
        for n, (back, level) in enumerate(zip(days, levels, strict=True))
    )


ADA = person()
BO = person(id="m2", label="Bo", history=seasoned(), last_session_id="before")
NEW = person(consented=False, screened_until_ms=None)
BARRED = person(forbidden=True)
SHY = person(id="m4", label="Cy", consented=False)  # screened, and wants no scores kept
PEOPLE = {"444555": SHY, "123457": ADA, "555666": BO, "222333": NEW, "999000": BARRED}


def code(digits):
    return lambda desk: desk.code(digits)


def wait(seconds):
    return lambda desk: desk.run(seconds)


def stop_bar(desk):
    desk.touch("stop")
    assert desk.shown.stop_touched
    desk.touch("stop")


def guard_state(**changed):
    def deed(desk):
        for name, value in changed.items():
            setattr(desk.guard, name, value)
        desk.run(0.2)

    return deed


def trip(cause):
    def deed(desk):
        desk.guard.trip(cause)
        desk.step()

    return deed


def release_red(desk):
    desk.guard.red = True
    desk.run(0.3)


def clip_on(desk):
    desk.guard.clip = True
    desk.run(0.3)


def prove_again(desk):
    """Each contact is seen to move."""
    red(desk)
    desk.run(0.3)
    release_red(desk)
    pull(desk)
    desk.run(0.3)
    clip_on(desk)
    if desk.guard.amber is not None:
        press_amber(desk)


def checklist(desk):
    prove_again(desk)
    for item in (0, 1):
        desk.touch("tick", item)
    desk.run(0.3)
    assert desk.shown.can_confirm
    desk.touch("confirm")


def choose_why(word):
    def deed(desk):
        desk.touch("choose", desk.shown.choices.index(f"why.{word}"))

    return deed


def nearly_done(desk):
    """The plan is three seconds from its end."""
    stay = desk.state.stay
    player = replace(stay.player, at_s=stay.player.plan.seconds - 3)
    desk.state = replace(desk.state, stay=replace(stay, player=player))


LONG = wait(66)
AT_REST = (("belt_stopped", wait(3.2)), ("belt_stopped", "next"))
SCORES = (("effort", ("score", 3)), ("pain", ("score", 1)), ("summary", "done"), ("attract", None))
PIN = code("246810")
NO_CONSENT = (
    ("attract", "wake"),
    ("who", "have_code"),
    ("code", code("444555")),
    ("consent", "no"),
    *TO_CHECK[2:],
)
NO_CONSENT_WALK = (*NO_CONSENT, ("check", prove), ("walk", None))
AMBER_TO_WALK = (
    *TO_CHECK,
    ("check", prove),
    ("straddle", press_amber),
    ("countdown", None),
    ("step_on", press_amber),
    ("walk", None),
)


def choose_program(title):
    """Look through the cards until one has this title."""

    def deed(desk):
        for _ in range(5):
            titles = [card.title for card in desk.shown.cards]
            if title in titles:
                desk.touch("choose", titles.index(title))
                return
            desk.touch("next")
        raise AssertionError(f"no card {title}")

    return deed


BO_COMES = (
    ("attract", "wake"),
    ("who", "have_code"),
    ("code", code("555666")),
    ("screening", healthy),
)
TO_REST = (
    *BO_COMES,
    ("program", choose_program("Intervals")),
    ("preview", "next"),
    ("check", prove),
    ("walk", None),
    ("pause", None),
)

WAYS = {
    "two sets with a rest": (
        *TO_REST, ("pause", wait(74)), ("check", prove), ("walk", None), *AT_REST, *SCORES,
    ),
    "the rest is skipped, then enough": (
        *TO_REST, ("pause", wait(4)), ("pause", "next"), ("check", "cancel"), ("effort", None),
    ),
    "red in the rest": (*TO_REST, ("pause", red), ("out_of_service", None)),
    "a guest walks to the end": (*TO_WALK, ("stopping", None), *AT_REST, *SCORES),
    "a member with a plan walks": (
        ("attract", "wake"),
        ("who", "have_code"),
        ("code", code("123457")),
        ("screening", healthy),
        ("program", ("choose", 0)),
        ("preview", "no"),
        ("check", prove),
        ("walk", None),
    ),
    "a new member is asked for consent": (
        ("attract", "wake"),
        ("who", "have_code"),
        ("code", code("222333")),
        ("consent", "back"),
        ("who", "have_code"),
        ("code", "back"),
        ("who", "cancel"),
        ("attract", "wake"),
        ("who", "have_code"),
        ("code", code("222333")),
        ("consent", "no"),
        ("screening", "back"),
        ("who", None),
    ),
    "a forbidden member is sent to staff": (
        ("attract", "wake"),
        ("who", "have_code"),
        ("code", code("999000")),
        ("talk_to_staff", "staff"),
        ("talk_to_staff", "done"),
        ("attract", None),
    ),
    "cancel everywhere": (
        ("attract", "wake"),
        ("who", "have_code"),
        ("code", "cancel"),
        ("attract", "wake"),
        ("who", "have_code"),
        ("code", code("222333")),
        ("consent", "cancel"),
        ("attract", "wake"),
        ("who", "guest"),
        ("screening", "cancel"),
        *TO_CHECK[:3],
        ("program", "cancel"),
        *TO_CHECK[:4],
        ("preview", "cancel"),
        *TO_CHECK,
        ("check", "cancel"),
        ("attract", None),
    ),
    "back from everywhere": (
        *TO_CHECK,
        ("check", "back"),
        ("preview", "back"),
        ("program", "back"),
        ("who", None),
    ),
    "nobody there: who": (("attract", "wake"), ("who", LONG), ("attract", None)),
    "nobody there: code": (("attract", "wake"), ("who", "have_code"), ("code", LONG), ("attract", None)),
    "nobody there: staff": ((("attract"), "staff"), ("staff_pin", LONG), ("attract", None)),
    "nobody there: check": (*TO_CHECK, ("check", wait(121)), ("talk_to_staff", LONG), ("attract", None)),
    "a stop answer": (*TO_CHECK[:2], ("screening", answers(group_legs=True, calf=True)), ("talk_to_staff", "done")),
    "not today": (*TO_CHECK[:2], ("screening", answers(unwell=True)), ("talk_to_staff", "done"), ("attract", None)),
    "a gate, opened by staff": (
        *TO_CHECK[:2],
        ("screening", answers(group_walk=True, medicine=True)),
        ("talk_to_staff", "staff"),
        ("staff_pin", "cancel"),
        ("talk_to_staff", "staff"),
        ("staff_pin", PIN),
        ("override", "back"),
        ("talk_to_staff", "staff"),
        ("staff_pin", PIN),
        ("override", ("choose", 0)),
        ("program", None),
    ),
    "a gate, and staff go away again": (
        *TO_CHECK[:2],
        ("screening", answers(group_walk=True, medicine=True)),
        ("talk_to_staff", "staff"),
        ("staff_pin", PIN),
        ("override", LONG),
        ("attract", None),
    ),
    "straddle, clip opened": (*TO_CHECK, ("check", prove), ("straddle", pull), ("check", clip_on)),
    "straddle, touch twice": (*TO_CHECK, ("check", prove), ("straddle", stop_bar), ("check", None)),
    "straddle, red": (*TO_CHECK, ("check", prove), ("straddle", red), ("out_of_service", None)),
    "countdown, clip opened": (*TO_CHECK, ("check", prove), ("countdown", pull), ("check", None)),
    "countdown, red": (*TO_CHECK, ("check", prove), ("countdown", red), ("out_of_service", None)),
    "check, red": (
        *TO_CHECK, ("check", red), ("out_of_service", "staff"), ("staff_pin", "cancel"), ("out_of_service", None),
    ),
    "red on attract": (("attract", "staff"), ("staff_pin", "cancel"), ("attract", red), ("out_of_service", None)),
    "start refused": (
        *TO_CHECK,
        ("check", prove),
        ("countdown", wait(4.8)),
        ("countdown", guard_state(state=State.ARMED)),
        ("belt_starting", guard_state(state=State.ARMED)),
        ("check", None),
    ),
    "clip while starting": (*TO_CHECK, ("check", prove), ("belt_starting", pull), ("safety_stop", None)),
    "clip while stepping on": (*TO_CHECK, ("check", prove), ("step_on", pull), ("safety_stop", None)),
    "touch twice while starting": (*TO_CHECK, ("check", prove), ("belt_starting", stop_bar), ("stopping", None)),
    "touch twice while stepping on": (
        *TO_CHECK, ("check", prove), ("step_on", stop_bar), ("stopping", None), *AT_REST,
        ("why_stopped", choose_why("tired")), *SCORES,
    ),
    "clip slipped, walked on to the end": (
        *TO_WALK, ("walk", wait(60)), ("walk", pull), ("safety_stop", clip_on), ("safety_stop", wait(5)),
        ("safety_stop", "next"), ("why_stopped", choose_why("slipped")), ("check", prove), ("straddle", None),
        ("walk", wait(240)), ("belt_stopped", None), *AT_REST, ("effort", None),
    ),
    "clip slipped, then no": (
        *TO_WALK, ("walk", wait(30)), ("walk", pull), ("safety_stop", clip_on),
        ("why_stopped", choose_why("slipped")), ("check", "cancel"), ("effort", "skip"), ("pain", "back"),
        ("effort", LONG), ("attract", None),
    ),
    "clip slipped, then gone": (
        *NO_CONSENT_WALK, ("walk", wait(30)), ("walk", pull), ("safety_stop", clip_on),
        ("why_stopped", choose_why("slipped")), ("check", wait(121)), ("summary", None),
    ),
    "chest pain": (
        *TO_WALK, ("walk", wait(30)), ("walk", pull), ("safety_stop", clip_on),
        ("why_stopped", choose_why("chest")), ("talk_to_staff", "staff"), ("talk_to_staff", "done"),
    ),
    "why is skipped": (
        *NO_CONSENT_WALK, ("walk", stop_bar), *AT_REST, ("why_stopped", "skip"), ("summary", None),
    ),
    "a break, walked on to the end": (
        *TO_WALK, ("walk", wait(60)), ("walk", stop_bar), *AT_REST, ("why_stopped", choose_why("break")),
        ("pause", wait(20)), ("pause", "next"), ("check", prove), ("straddle", None), ("walk", wait(240)),
        ("belt_stopped", None), *AT_REST, ("effort", None),
    ),
    "a break that nobody ends": (
        *NO_CONSENT_WALK, ("walk", wait(60)), ("walk", stop_bar), *AT_REST, ("why_stopped", choose_why("break")),
        ("pause", wait(61)), ("summary", None),
    ),
    "a guest's break that nobody ends": (
        *TO_WALK, ("walk", wait(60)), ("walk", stop_bar), *AT_REST, ("why_stopped", choose_why("break")),
        ("pause", wait(61)), ("effort", None),
    ),
    "why is not answered": (*TO_WALK, ("walk", stop_bar), *AT_REST, ("why_stopped", LONG), ("attract", None)),
    "pain is not answered": (
        *TO_WALK, ("walk", stop_bar), *AT_REST, ("why_stopped", "skip"), ("effort", "skip"), ("pain", LONG),
        ("attract", None),
    ),
    "a guest becomes a member": (
        *TO_WALK, ("walk", stop_bar), *AT_REST, ("why_stopped", choose_why("tired")), ("effort", ("score", 4)),
        ("pain", ("score", 2)), ("summary", "join"), ("consent", "back"), ("summary", "join"), ("consent", "yes"),
        ("joined", "done"), ("attract", None),
    ),
    "a guest becomes a member, and no code can be made": (
        *TO_WALK, ("walk", stop_bar), *AT_REST, ("why_stopped", "skip"), ("effort", "skip"), ("pain", "skip"),
        ("summary", lambda d: setattr(d, "joins", "")), ("summary", "join"), ("consent", "no"), ("summary", "done"),
        ("attract", None),
    ),
    "a guest becomes a member and is gone": (
        *TO_WALK, ("walk", stop_bar), *AT_REST, ("why_stopped", "skip"), ("effort", "skip"), ("pain", "skip"),
        ("summary", "join"), ("consent", LONG), ("attract", None),
    ),
    "a member looks at their walks before and after": (
        *BO_COMES, ("program", "history"), ("history", "next"), ("history", "back"), ("program", ("choose", 0)),
        ("preview", "next"), ("check", prove), ("walk", wait(60)), ("walk", stop_bar), *AT_REST,
        ("why_stopped", choose_why("tired")), ("effort", ("score", 3)), ("pain", ("score", 0)),
        ("summary", "history"), ("history", "back"), ("summary", "history"), ("history", LONG), ("attract", None),
    ),
    "no consent, nothing is asked": (*NO_CONSENT_WALK, *AT_REST, ("summary", wait(41)), ("attract", None)),
    "the screen froze": (
        *TO_WALK, ("walk", trip(Cause.SCREEN_FROZEN)), ("safety_stop", wait(8)), ("safety_stop", "next"),
        ("effort", None),
    ),
    "the treadmill stopped itself, nothing is kept": (
        *NO_CONSENT_WALK, ("walk", trip(Cause.BELT_STOPPED_ITSELF)), ("safety_stop", wait(30)), ("summary", None),
    ),
    "red button": (
        *TO_WALK, ("walk", red), ("safety_stop", wait(10)), ("safety_stop", "staff"), ("staff_pin", "cancel"),
        ("safety_stop", wait(4)), ("safety_stop", "staff"), ("staff_pin", PIN), ("reset", checklist),
        ("attract", None),
    ),
    "red button and nobody comes": (
        *TO_WALK, ("walk", red), ("safety_stop", wait(70)), ("out_of_service", "staff"), ("staff_pin", PIN),
        ("reset", LONG), ("out_of_service", release_red), ("out_of_service", "staff"), ("staff_pin", PIN),
        ("reset", checklist), ("attract", None),
    ),
    "a stop that turns hard": (
        *TO_WALK, ("walk", stop_bar), ("stopping", trip(Cause.LINK_LOST)), ("safety_stop", None),
    ),
    "eased, then a cap under the belt": (
        *AMBER_TO_WALK, ("walk", wait(130)), ("walk", press_amber), ("easing", pull),
        ("safety_stop", None),
    ),
    "eased, then held": (
        *AMBER_TO_WALK, ("walk", wait(130)), ("walk", press_amber), ("easing", lambda d: press_amber(d, 1.3)),
        ("stopping", None),
    ),
    "the countdown is ended by the amber button": (
        *TO_CHECK, ("check", prove), ("straddle", press_amber), ("countdown", press_amber), ("straddle", None),
    ),
    "nobody presses amber": (*TO_CHECK, ("check", prove), ("straddle", wait(32)), ("check", None)),
    "no program fits this machine": (*TO_CHECK[:2], ("screening", healthy), ("talk_to_staff", None)),
    "latched while a person is at the check of a stopped walk": (
        *TO_WALK, ("walk", wait(30)), ("walk", pull), ("safety_stop", clip_on),
        ("why_stopped", choose_why("slipped")), ("check", red), ("out_of_service", None),
    ),
    "no program left by the time of arming": (
        *TO_CHECK, ("check", guard_state(min_ckmh=150)), ("check", taps), ("talk_to_staff", None),
    ),
    "the console sets the pace, to the end": (
        *TO_FOLLOW, ("to_rails", None), ("stopping", None), *AT_REST, *SCORES,
    ),
    "the console sets the pace, with an amber button": (
        *TO_CHECK, ("check", prove), ("console_start", console(80)), ("console_start", wait(5)),
        ("console_start", press_amber), ("step_on", press_amber), ("walk", wait(30)), ("walk", press_amber),
        ("easing", wait(6)), ("walk", nearly_done),
        ("to_rails", wait(4)), ("to_rails", press_amber), ("stopping", None),
    ),
    "eased where nothing eases, to the end": (
        *TO_CHECK, ("check", prove), ("console_start", console(80)), ("console_start", wait(5)),
        ("console_start", press_amber), ("step_on", press_amber), ("walk", nearly_done), ("walk", press_amber),
        ("easing", None), ("to_rails", None),
    ),
    "stopped at the console, then a break, walked on": (
        *TO_FOLLOW, ("walk", wait(60)), ("walk", console(0)), *AT_REST, ("why_stopped", choose_why("break")),
        ("pause", wait(20)), ("pause", "next"), ("check", prove), ("console_start", console(80)),
        ("walk", nearly_done), ("to_rails", console(0)), *AT_REST, ("effort", None),
    ),
    "the console sets the pace, stopped by touch": (
        *TO_FOLLOW, ("walk", stop_bar), ("stopping", None), *AT_REST, ("why_stopped", None),
    ),
    "nobody starts at the console": (*TO_CHECK, ("check", prove), ("console_start", wait(62)), ("check", None)),
    "at the console, touch twice": (*TO_CHECK, ("check", prove), ("console_start", stop_bar), ("check", None)),
    "at the console, red": (*TO_CHECK, ("check", prove), ("console_start", red), ("out_of_service", None)),
    "at the console, touch twice while it runs": (
        *TO_CHECK, ("check", prove), ("console_start", console(80)), ("console_start", wait(3)),
        ("console_start", stop_bar), ("stopping", None),
    ),
    "at the console, clip while it runs": (
        *TO_CHECK, ("check", prove), ("console_start", console(80)), ("console_start", wait(3)),
        ("console_start", pull), ("safety_stop", None),
    ),
    "clip on the way to the rails": (*TO_FOLLOW, ("walk", nearly_done), ("to_rails", pull), ("safety_stop", None)),
    "touched twice on the way to the rails": (
        *TO_FOLLOW, ("walk", nearly_done), ("to_rails", stop_bar), ("stopping", None),
    ),
    "guard gone at rest": (
        *TO_WALK, ("walk", guard_state(silent=True)), ("safety_stop", wait(62)),
        ("out_of_service", guard_state(silent=False)),
    ),
}  # fmt: skip

HOUSES = {
    "the countdown is ended by the amber button": {"amber": True},
    "nobody presses amber": {"amber": True},
    "eased, then a cap under the belt": {"amber": True},
    "eased, then held": {"amber": True},
    "the console sets the pace, with an amber button": {"amber": True},
    "eased where nothing eases, to the end": {"amber": True},
}
MACHINES = {"no program fits this machine": {"min_ckmh": 150}}
FOLLOWED = (
    "the console sets the pace, to the end",
    "the console sets the pace, with an amber button",
    "eased where nothing eases, to the end",
    "stopped at the console, then a break, walked on",
    "the console sets the pace, stopped by touch",
    "nobody starts at the console",
    "at the console, touch twice",
    "at the console, red",
    "at the console, touch twice while it runs",
    "at the console, clip while it runs",
    "clip on the way to the rails",
    "touched twice on the way to the rails",
)
MACHINES |= {name: {"follow": True} for name in FOLLOWED}


def way(name):
    desk = Desk(people=PEOPLE, **HOUSES.get(name, {}))
    for field, value in MACHINES.get(name, {}).items():
        setattr(desk.guard, field, value)
    try:
        return desk.follow(*WAYS[name])
    except AssertionError as error:
        raise AssertionError(f"{name}: {error}") from error


@pytest.fixture(scope="module")
def walked():
    return {name: way(name) for name in WAYS}


def test_every_way_comes_through_and_none_leaves_the_map(walked):
    for name, desk in walked.items():
        assert desk.state.astray == (), name


def test_together_the_ways_walk_every_edge_of_the_map(walked):
    edges = set().union(*(desk.edges for desk in walked.values()))
    assert edges == set(EDGES), sorted(set(EDGES) ^ edges)


def test_no_text_was_missing_on_any_way_and_none_of_those_checked_at_start_is(walked):
    for desk in walked.values():
        assert desk.shown is not None
    for catalogue in CONTENT.texts.values():
        assert catalogue.missed == set()
        catalogue.require(texts.keys(SCREENING, CONTENT.week))


def test_every_reason_that_progression_may_give_is_checked_at_start():
    source = inspect.getsource(progression)
    given = set(re.findall(r'"reason\.(\w+)"', source)) | {f"{id_}" for id_ in progression.EXTRAS}
    assert given <= set(texts.REASONS)


def test_no_screen_is_a_dead_end():
    for screen in FLOW:
        reached, seen = {screen}, set()
        while reached - seen:
            here = (reached - seen).pop()
            seen.add(here)
            reached |= FLOW[here].leads_to
        assert S.ATTRACT in seen, screen


def test_on_attract_nothing_of_a_person_is_left(walked):
    for name, desk in walked.items():
        if desk.screen in (S.ATTRACT, S.OUT_OF_SERVICE):
            assert desk.state.stay is None, name
            assert desk.shown.member_name == ""
            assert desk.state.language == ""


def sent(desk, kind):
    return [action.body for action in desk.actions if isinstance(action, Send) and isinstance(action.body, kind)]


def kept(desk, kind):
    return [action.entry for action in desk.actions if isinstance(action, Record) and isinstance(action.entry, kind)]


def test_every_session_is_on_record_before_the_belt_is_started_and_closed_in_the_end(walked):
    for name, desk in walked.items():
        order = [
            "start" if isinstance(action, Send) and isinstance(action.body, Start) else "open"
            for action in desk.actions
            if (isinstance(action, Send) and isinstance(action.body, Start))
            or (isinstance(action, Record) and isinstance(action.entry, Opening))
        ]
        assert order[:1] in ([], ["open"]), name
        if desk.screen in (S.ATTRACT, S.OUT_OF_SERVICE, S.SUMMARY, S.EFFORT):
            assert len(kept(desk, Opening)) == len(kept(desk, Closing)), name


def test_a_walk_to_the_end_is_completed_and_any_other_stopped(walked):
    states = {name: [closing.state for closing in kept(desk, Closing)] for name, desk in walked.items()}
    assert states["a guest walks to the end"] == [SessionState.COMPLETED]
    assert states["clip slipped, walked on to the end"] == [SessionState.COMPLETED]
    assert states["red button"] == [SessionState.STOPPED]
    assert states["clip slipped, then no"] == [SessionState.STOPPED]


def test_a_walk_after_a_stop_goes_on_at_base_speed_under_the_same_session(walked):
    desk = walked["clip slipped, walked on to the end"]
    first, second = sent(desk, Arm)
    assert first.session == second.session
    assert (first.envelope.cap_ckmh, second.envelope.cap_ckmh) == (113, 80)
    (opening,) = kept(desk, Opening)
    (closing,) = kept(desk, Closing)
    assert opening.id == closing.session_id
    assert closing.top_ckmh <= 113


def test_a_break_is_counted_down_where_it_can_be_seen_and_goes_on_at_base_speed():
    desk = Desk().follow(*WAYS["a break, walked on to the end"][:-9], ("pause", wait(12)))
    assert desk.shown.paused
    assert desk.shown.count == 48
    desk = Desk().follow(*WAYS["a break, walked on to the end"])
    assert [arm.envelope.cap_ckmh for arm in sent(desk, Arm)] == [113, 80]
    assert [closing.state for closing in kept(desk, Closing)] == [SessionState.COMPLETED]


def test_one_start_is_sent_for_one_countdown(walked):
    assert len(sent(walked["a guest walks to the end"], Start)) == 1
    assert len(sent(walked["start refused"], Start)) == 1
    assert sent(walked["countdown, clip opened"], Start) == []


def test_who_leaves_before_the_belt_leaves_nothing_armed(walked):
    desk = walked["straddle, touch twice"]
    assert sent(desk, Disarm)
    desk = walked["nobody there: check"]
    assert desk.guard.state in (State.IDLE, State.LATCHED)


def test_red_button_and_lost_links_ask_for_staff_and_the_clip_does_not(walked):
    for name in ("red button", "red button and nobody comes"):
        assert [reset.who for reset in sent(walked[name], Reset)][-1] is ResetBy.STAFF
    members = [reset.who for reset in sent(walked["clip slipped, walked on to the end"], Reset)]
    assert set(members) == {ResetBy.MEMBER}


def test_without_consent_no_score_is_asked_or_kept(walked):
    for name in ("no consent, nothing is asked", "why is skipped"):
        assert kept(walked[name], Ratings) == []
        assert S.EFFORT not in walked[name].screens
    member = walked["a member looks at their walks before and after"]
    assert {r.effort for r in kept(member, Ratings)} == {None, 3}


def test_a_guest_is_asked_how_it_was_and_nothing_about_them_is_kept(walked):
    desk = walked["a guest walks to the end"]
    assert S.CONSENT not in desk.screens
    assert {S.EFFORT, S.PAIN} <= set(desk.screens)
    assert kept(desk, Ratings) == []
    assert [e for e in kept(walked["chest pain"], EventIn) if e.kind in ("pain_flag", "dizzy")] == []
    assert [a for a in walked["chest pain"].actions if isinstance(a, RecordWhy)] == []
    assert {opening.member_id for opening in kept(desk, Opening)} == {None}


def test_a_guest_sees_their_own_scores_on_the_summary_today():
    desk = Desk().follow(*TO_WALK, ("stopping", None), *AT_REST, *SCORES[:2], ("summary", None))
    assert (desk.shown.summary.effort, desk.shown.summary.pain_before, desk.shown.summary.pain_after) == (3, 0, 1)


def joins(desk):
    return [action for action in desk.actions if isinstance(action, Join)]


def test_a_guest_who_becomes_a_member_is_asked_for_consent_first_and_gets_this_walk_and_a_code(walked):
    desk = walked["a guest becomes a member"]
    (join,) = joins(desk)
    (opening,) = kept(desk, Opening)
    assert join.session_id == opening.id
    assert (join.consent, join.why, join.ratings.effort, join.ratings.pain_after) == (True, "tired", 4, 2)
    assert desk.screens.index(S.CONSENT) < desk.screens.index(S.JOINED)
    assert kept(desk, Ratings) == []  # they go with the join, or not at all


def test_a_new_members_code_is_shown_once_and_on_one_screen():
    desk = Desk().follow(*WAYS["a guest becomes a member"][:-2], ("joined", None))
    assert desk.shown.new_code == "739152"
    desk.touch("done")
    desk.run(0.5)
    assert "739152" not in repr(desk.state)
    assert desk.shown.new_code == ""


def test_without_a_code_the_guest_is_told_and_stays_a_guest(walked):
    desk = Desk().follow(*WAYS["a guest becomes a member, and no code can be made"][:-2], ("summary", None))
    assert desk.shown.summary.join_failed
    desk = Desk()
    desk.joins = None  # the disk is so slow that no answer comes
    desk.follow(
        *TO_WALK, ("walk", stop_bar), *AT_REST, ("why_stopped", "skip"), ("effort", "skip"), ("pain", "skip"),
        ("summary", "join"), ("consent", "yes"), ("consent", wait(7)), ("summary", None),
    )  # fmt: skip
    assert desk.shown.summary.join_failed


def test_a_code_that_comes_when_nobody_is_there_to_read_it_makes_no_member():
    desk = Desk()
    desk.joins = None
    desk.follow(
        *TO_WALK, ("walk", stop_bar), *AT_REST, ("why_stopped", "skip"), ("effort", "skip"), ("pain", "skip"),
        ("summary", "join"), ("consent", "yes"), ("consent", wait(7)), ("summary", "done"), ("attract", None),
    )  # fmt: skip
    desk.step(Joined("739152"))
    assert desk.actions[-1] == Unjoin("739152")
    assert desk.screen is S.ATTRACT
    assert "739152" not in repr(desk.state)


def test_while_nothing_is_recorded_nobody_is_offered_a_membership():
    desk = Desk().follow(*TO_WALK, ("stopping", None), *AT_REST, *SCORES[:2], ("summary", None))
    assert desk.shown.summary.join
    desk.step(RecordHealth("disk_full"))
    assert not desk.shown.summary.join
    desk.touch("join")
    assert desk.screen is S.SUMMARY


def test_a_member_is_never_offered_a_membership():
    desk = Desk(people=PEOPLE).follow(*WAYS["a member looks at their walks before and after"][:-5], ("summary", None))
    assert not desk.shown.summary.join
    desk.touch("join")
    assert desk.screen is S.SUMMARY


def test_the_last_six_walks_and_the_charts_end_with_todays():
    desk = Desk(people=PEOPLE).follow(*WAYS["a member looks at their walks before and after"][:-5], ("summary", None))
    last = desk.shown.summary.last
    assert len(last) == 6
    assert [bar.now for bar in last] == [False] * 5 + [True]
    assert last[-1].label == "11 Jul"
    desk.touch("history")
    history = desk.shown.history
    assert history.walks == len(BO.history) + 1
    assert len(history.comfort) == 12
    assert history.weeks[-1].now
    assert history.pain[-1].after == 0


def test_a_code_is_dots_until_its_owner_asks_and_a_pin_is_never_shown():
    desk = Desk(people=PEOPLE).follow(("attract", "wake"), ("who", "have_code"), ("code", None))
    for digit in (4, 8):
        desk.touch("digit", digit)
    assert (desk.shown.digits, desk.shown.shown_digits) == (2, "")
    desk.touch("show")
    assert desk.shown.shown_digits == "48"
    desk.touch("digit", 2)
    assert desk.shown.shown_digits == "482"
    desk.touch("show")
    assert (desk.shown.digits, desk.shown.shown_digits) == (3, "")
    desk.touch("show")
    desk.follow(("code", "back"), ("who", "have_code"), ("code", None))
    desk.touch("digit", 4)
    assert desk.shown.shown_digits == ""
    desk.follow(("code", "cancel"), ("attract", "staff"), ("staff_pin", None))
    desk.touch("digit", 4)
    desk.touch("show")
    assert (desk.shown.digits, desk.shown.shown_digits) == (1, "")


def test_a_member_chooses_days_and_program_screen_and_summary_go_by_them():
    """The desk's day is a Saturday (11 July): with Saturday among the days it is the plan's."""
    desk = Desk(people=PEOPLE).follow(*BO_COMES, ("program", "history"), ("history", ("open", 3)), ("history", None))
    assert (desk.shown.history.days, desk.shown.history.own_days) == ((0, 2, 4), False)
    assert desk.shown.history.open_days == ()
    for day in (4, 0, 5):
        desk.touch("tick", day)
        desk.run(0.5)
    assert (desk.shown.history.days, desk.shown.history.own_days) == ((2, 5), True)
    assert [action.days for action in desk.actions if isinstance(action, KeepDays)] == [(0, 2), (2,), (2, 5)]
    desk.touch("tick", 4)  # beside Saturday
    assert desk.shown.history.days == (2, 5)
    desk.follow(("history", "back"), ("program", None))
    assert desk.shown.own_days == "Wed Sat"
    desk.follow(
        ("program", ("choose", 0)), ("preview", "next"), ("check", prove), ("walk", wait(60)), ("walk", stop_bar),
        *AT_REST, ("why_stopped", choose_why("tired")), ("effort", ("score", 3)), ("pain", ("score", 0)),
        ("summary", None),
    )  # fmt: skip
    assert desk.shown.summary.next_reason.startswith("On Wednesday, your day.")


def test_before_the_first_walk_the_charts_are_empty_and_after_it_they_begin_with_it():
    desk = Desk(people=PEOPLE).follow(
        ("attract", "wake"), ("who", "have_code"), ("code", code("123457")), ("screening", healthy),
        ("program", "history"), ("history", None),
    )  # fmt: skip
    assert (desk.shown.history.walks, desk.shown.history.weeks) == (0, ())
    desk.follow(
        ("history", "back"), ("program", ("choose", 0)), ("preview", "next"), ("check", prove), ("walk", wait(60)),
        ("walk", stop_bar), *AT_REST, ("why_stopped", "skip"), ("effort", "skip"), ("pain", "skip"),
        ("summary", "history"), ("history", None),
    )  # fmt: skip
    assert desk.shown.history.walks == 1
    assert len(desk.shown.history.weeks) == 1


def test_the_charts_are_near_alone_and_go_with_their_owner(walked):
    assert S.HISTORY not in FAR_SCREENS
    assert S.JOINED not in FAR_SCREENS
    idle = FLOW[S.HISTORY].idle
    assert (idle.warn_s, idle.end_s, idle.to) == (45.0, 65.0, S.ATTRACT)
    assert walked["a member looks at their walks before and after"].state.stay is None


def test_a_members_consent_is_kept_once_it_is_given():
    desk = Desk(people=PEOPLE).follow(
        ("attract", "wake"), ("who", "have_code"), ("code", code("222333")), ("consent", "yes"), ("screening", None)
    )
    assert RecordConsent("m1") in desk.actions


def test_a_members_why_is_recorded(walked):
    desk = walked["a member looks at their walks before and after"]
    assert [a.why for a in desk.actions if isinstance(a, RecordWhy)] == ["tired"]


def test_samples_come_once_a_second_and_the_end_tells_what_they_tell(walked):
    desk = walked["a guest walks to the end"]
    samples = kept(desk, Sample)
    gaps = {round(b.t_s - a.t_s, 1) for a, b in pairwise(samples)}
    assert gaps <= {1.0, 1.1}
    (closing,) = kept(desk, Closing)
    assert len(samples) >= 280
    assert closing.distance_m == pytest.approx(sum((s.measured_ckmh or 0) / 360 for s in samples), rel=0.02)


# ------------------------------------------------------------------------------------------------- touch


def test_touches_meant_for_the_screen_before_are_dropped():
    desk = Desk()
    desk.touch("wake")
    assert desk.screen is S.WHO
    desk.step(Touched(Intent(IntentKind.GUEST)))
    assert desk.screen is S.WHO
    desk.run(0.3)
    desk.step(Touched(Intent(IntentKind.GUEST)))
    assert desk.screen is S.SCREENING


def test_a_second_answer_within_a_blink_does_not_answer_the_next_page():
    desk = Desk().follow(*TO_CHECK[:2], ("screening", None))
    desk.touch("no")
    desk.step(Touched(Intent(IntentKind.NO)))
    assert desk.shown.question_n == 2


def test_where_the_belt_may_move_touch_does_nothing_but_stop_and_that_takes_two():
    desk = Desk().follow(*TO_WALK)
    for kind in IntentKind:
        if kind is not IntentKind.STOP:
            desk.touch(kind)
    assert desk.screen is S.WALK
    desk.touch("stop")
    desk.run(5.5)
    assert not desk.shown.stop_touched
    desk.touch("stop")
    assert desk.screen is S.WALK
    desk.touch("stop")
    assert desk.screen is S.STOPPING
    assert sent(desk, Stop) == [Stop(StopWhy.MEMBER)]


def test_no_far_screen_has_a_way_to_a_higher_speed():
    for screen in INERT_SCREENS:
        assert FLOW[screen].leads_to <= FAR_SCREENS | {
            S.CHECK, S.OUT_OF_SERVICE, S.WHY_STOPPED, S.EFFORT, S.SUMMARY, S.STAFF_PIN,
        }  # fmt: skip


def test_near_screens_warn_before_they_leave_and_a_touch_keeps_them():
    desk = Desk()
    desk.touch("wake")
    desk.run(44)
    assert not desk.shown.warn
    desk.run(2)
    assert desk.shown.warn
    assert desk.shown.left_s is not None
    assert 15 < desk.shown.left_s < 20
    for _ in range(10):
        desk.touch("stay")
        assert not desk.shown.warn
        desk.run(60)
    assert desk.screen is S.WHO
    desk.run(6)
    assert desk.screen is S.ATTRACT


def test_volume_and_language_go_back_to_the_houses_when_a_stay_ends():
    desk = Desk()
    desk.touch("wake")
    desk.touch("volume", 3)
    assert desk.shown.volume == 3
    desk.touch("guest")
    desk.touch("cancel")
    assert desk.shown.volume == 2
    assert any(isinstance(action, Hush) for action in desk.actions)


# ------------------------------------------------------------------------------------------------- codes and PINs


def test_five_wrong_codes_pause_the_keypad_for_a_minute_even_across_screens():
    desk = Desk(people=PEOPLE)
    desk.touch("wake")
    desk.touch("have_code")
    for _ in range(4):
        desk.code("000001")
        assert desk.shown.keypad_error == "keypad.wrong_code"
        assert desk.shown.paused_s is None
    desk.code("000001")
    assert desk.shown.paused_s == 60
    desk.touch("back")
    desk.touch("have_code")
    desk.touch("digit", 1)
    assert desk.shown.digits == 0
    desk.run(30)
    desk.touch("stay")
    desk.run(30)
    desk.code("123457")
    assert desk.screen is S.SCREENING


def test_digits_never_leave_the_keypad():
    desk = Desk(people=PEOPLE)
    desk.touch("wake")
    desk.touch("have_code")
    for digit in "12345":
        desk.touch("digit", int(digit))
    desk.touch("submit")
    assert desk.screen is S.CODE
    desk.touch("erase")
    assert desk.shown.digits == 4
    assert "1234" not in repr(desk.shown)


def test_an_answer_that_comes_after_the_person_has_left_opens_nothing():
    desk = Desk(people=PEOPLE)
    desk.touch("wake")
    desk.touch("have_code")
    for digit in "123457":
        desk.touch("digit", int(digit))
    desk.run(0.4)
    desk.step(Touched(Intent(IntentKind.SUBMIT)), Touched(Intent(IntentKind.BACK)))
    desk.run(1)
    assert desk.screen is S.WHO
    assert desk.state.stay is None


def test_a_wrong_pin_opens_nothing():
    desk = Desk().follow(*TO_WALK, ("walk", red), ("safety_stop", wait(10)), ("safety_stop", "staff"))
    desk.code("111112")
    assert desk.screen is S.STAFF_PIN
    assert desk.shown.keypad_error == "keypad.wrong_pin"


def test_staff_cannot_override_what_forbids():
    desk = Desk().follow(*TO_CHECK[:2], ("screening", answers(group_heart=True, chest=True)), ("talk_to_staff", None))
    assert not desk.shown.needs_staff
    desk.touch("staff")
    assert desk.screen is S.TALK_TO_STAFF


# ------------------------------------------------------------------------------------------------- the check


def test_a_tile_is_done_only_when_the_guard_has_seen_it():
    desk = Desk()
    desk.guard.clip = False
    desk.follow(*TO_CHECK, ("check", wait(1)))
    names = {tile.key: tile.state for tile in desk.shown.tiles}
    assert names["check.clip_on"] is TileState.ACTIVE
    assert names["check.clip_pull"] is TileState.WAITING
    clip_on(desk)
    taps(desk)
    desk.run(1.5)
    assert {t.key: t.state for t in desk.shown.tiles}["check.clip_pull"] is TileState.ACTIVE
    pull(desk)
    desk.run(0.3)
    states = {t.key: t.state for t in desk.shown.tiles}
    assert states["check.clip_pull"] is TileState.DONE
    assert states["check.clip_close"] is TileState.ACTIVE
    assert desk.screen is S.CHECK
    clip_on(desk)
    assert desk.screen is S.STRADDLE


def test_nothing_is_armed_before_everything_else_is_seen():
    desk = Desk().follow(*TO_CHECK, ("check", wait(3)))
    assert sent(desk, Arm) == []
    taps(desk)
    desk.run(1.5)
    (arm,) = sent(desk, Arm)
    assert arm.envelope.cap_ckmh == 113


def test_after_a_hard_stop_the_treadmills_own_key_is_put_back_before_anything_is_armed():
    desk = Desk(puller=True).follow(*TO_CHECK, ("check", wait(2)))
    assert "check.key" in [tile.key for tile in desk.shown.tiles]
    taps(desk)
    assert desk.state.stay is not None
    assert desk.state.stay.key_seen
    prove(desk)
    desk.until(S.WALK)
    assert not desk.state.key_out
    red(desk)
    assert desk.state.key_out
    desk.follow(("safety_stop", wait(10)), ("safety_stop", "staff"), ("staff_pin", PIN), ("reset", checklist))
    desk.run(0.3)
    assert [item.key for item in desk.shown.reset_items] == ["reset.item.key"]
    desk.touch("tick", 0)
    assert desk.screen is S.ATTRACT
    assert not desk.state.key_out


def test_a_supervised_treadmill_asks_whether_staff_are_in_sight():
    desk = Desk(supervised=True).follow(*TO_CHECK, ("check", wait(1)))
    assert "check.staff" in [tile.key for tile in desk.shown.tiles]
    prove(desk)
    assert desk.screen is S.STRADDLE


def test_a_guard_armed_for_somebody_who_left_is_disarmed():
    desk = Desk().follow(*TO_CHECK, ("check", taps), ("check", wait(1.5)))
    assert desk.guard.state is State.PROOF
    desk.touch("cancel")
    desk.run(0.3)
    assert desk.guard.state is State.IDLE


def test_a_link_that_is_lost_before_the_start_goes_back_to_the_check():
    desk = Desk().follow(
        *TO_CHECK, ("check", prove), ("straddle", guard_state(state=State.IDLE, link=LinkState.LOST))
    )
    assert desk.screen is S.CHECK
    assert desk.shown.tiles[0].state is TileState.ACTIVE


# ------------------------------------------------------------------------------------------------- the walk


def test_the_speed_shown_is_measured_and_never_old():
    desk = Desk().follow(*TO_WALK)
    assert desk.shown.measured_ckmh == 80
    desk.guard.silent = True
    desk.run(0.9)
    assert desk.shown.measured_ckmh == 80
    desk.run(0.6)
    assert desk.shown.measured_ckmh is None


def says(desk):
    return [action.cue for action in desk.actions if isinstance(action, Say)]


@pytest.mark.parametrize("amber", [False, True])
def test_in_the_countdown_it_is_said_that_the_belt_starts_and_to_stay_on_the_rails(amber):
    mount = (("straddle", press_amber),) if amber else ()
    desk = Desk(amber=amber).follow(*TO_CHECK, ("check", prove), *mount, ("countdown", None))
    before = len(says(desk))
    desk.until(S.BELT_STARTING)
    assert says(desk)[before:] == ["U8"]


def test_at_the_belts_slowest_the_amber_button_does_not_promise_a_slower_one():
    desk = Desk(amber=True).follow(*AMBER_TO_WALK, ("walk", wait(20)))
    desk.actions.clear()
    press_amber(desk)
    desk.run(7)
    assert (desk.screen, [cue for cue in says(desk) if cue[0] in "GX"]) == (S.WALK, ["G4"])
    assert not [a for a in desk.actions if isinstance(a, Play)]
    desk.run(105)  # past the plan's rise
    assert desk.shown.measured_ckmh == 80
    assert not {"G2", "G3", "G5"} & set(says(desk))


def test_who_drifts_to_the_open_end_is_told_which_way_at_once_and_then_the_belt_is_eased():
    desk = Desk().follow(*TO_WALK, ("walk", wait(130)))
    fast = desk.state.stay.player.speed_ckmh
    desk.guard.deck = Deck.OPEN_END
    desk.run(0.2)
    assert says(desk)[-1] == "X6"
    assert desk.screen is S.WALK
    desk.run(2.1)
    assert desk.screen is S.EASING
    assert desk.state.stay.player.speed_ckmh < fast
    desk.run(20)
    slow = desk.state.stay.player.speed_ckmh
    assert slow == 80
    desk.guard.deck = Deck.SAFE
    desk.run(8)
    assert desk.screen is S.WALK
    assert desk.state.stay.player.speed_ckmh == slow
    assert [e.detail for e in kept(desk, EventIn) if e.kind == "drift"] == ["open_end"]


def test_who_drifts_to_the_motor_is_told_and_the_belt_is_not_slowed_toward_them():
    desk = Desk().follow(*TO_WALK, ("walk", wait(130)))
    fast = desk.state.stay.player.speed_ckmh
    desk.guard.deck = Deck.MOTOR_END
    desk.run(6)
    assert "X7" in says(desk)
    assert desk.screen is S.WALK
    assert desk.state.stay.player.speed_ckmh == fast


def test_a_fault_that_needs_somebody_calls_every_five_seconds_until_somebody_touches_the_screen():
    def tones(desk):
        return sum(isinstance(action, Play) and action.sound == "fault" for action in desk.actions)

    desk = Desk().follow(*TO_WALK, ("walk", trip(Cause.LINK_LOST)), ("safety_stop", wait(10)))
    before = tones(desk)
    desk.run(30)
    assert tones(desk) - before == 6
    desk.touch("staff")
    heard = tones(desk)
    desk.run(30)
    assert tones(desk) == heard


def test_the_call_goes_on_out_of_service_and_ends_after_ten_minutes_and_the_morning_is_quiet():
    desk = Desk().follow(
        *TO_WALK, ("walk", trip(Cause.LINK_LOST)), ("safety_stop", wait(70)), ("out_of_service", None)
    )
    desk.actions.clear()
    desk.run(20)
    assert sum(isinstance(action, Play) for action in desk.actions) == 4
    desk.run(600)
    desk.actions.clear()
    desk.run(20)
    assert not [action for action in desk.actions if isinstance(action, Play)]
    morning = Desk()
    morning.guard.cause, morning.guard.staff, morning.guard.state = Cause.BOOT, True, State.LATCHED
    morning.actions.clear()
    morning.run(30)
    assert not [action for action in morning.actions if isinstance(action, Play)]


@pytest.mark.parametrize("missing", [Missing.OPENING_CHECK, Missing.NOT_COMMISSIONED])
def test_before_staff_have_done_their_part_nobody_begins_and_the_screen_says_what_is_missing(missing):
    desk = Desk()
    desk.guard.also_missing = (missing,)
    desk.run(0.3)
    assert not desk.shown.belt_free
    assert service_state(desk.shown) == "not_ready"
    desk.touch("wake")
    assert desk.screen is S.ATTRACT
    desk.guard.also_missing = ()
    desk.touch("wake")
    assert desk.screen is S.WHO


def test_a_cap_lowered_in_mid_walk_reaches_guard_and_plan_at_once():
    desk = Desk().follow(*TO_WALK, ("walk", wait(130)))
    assert desk.state.stay is not None
    assert desk.state.stay.player is not None
    assert desk.state.stay.player.speed_ckmh == 113
    desk.step(CapsRead((Cap(CapScope.GYM, "", 90, None, 0, "Kim", "wet floor"),)))
    desk.run(0.2)
    assert sent(desk, LowerCap) == [LowerCap(90)]
    assert desk.state.stay.player.speed_ckmh == 90
    desk.step(CapsRead(()))
    desk.run(20)
    assert desk.state.stay.player.speed_ckmh == 90


WET = Cap(CapScope.GYM, "", 90, None, 0, "Kim", "wet floor")


@pytest.mark.parametrize(
    "where",
    [
        (*TO_CHECK, ("check", taps), ("check", wait(1.0))),
        (*TO_CHECK, ("check", prove), ("straddle", None)),
        (*TO_CHECK, ("check", prove), ("straddle", None), ("countdown", None)),
        (*TO_CHECK, ("check", prove), ("straddle", None), ("countdown", None), ("belt_starting", None)),
        (*TO_CHECK, ("check", prove), ("straddle", None), ("countdown", None), ("step_on", None)),
    ],
    ids=["proof", "straddle", "countdown", "belt_starting", "step_on"],
)
def test_a_cap_lowered_between_arming_and_the_first_step_holds_for_that_walk(where):
    desk = Desk().follow(*where)
    screen = desk.screen
    desk.step(CapsRead((WET,)))
    assert sent(desk, LowerCap) == [LowerCap(90)]
    assert desk.screen is screen
    if screen is S.CHECK:
        prove(desk)
    desk.follow(("walk", None))
    player = desk.state.stay.player
    assert player.ceiling_ckmh == player.plan.top_ckmh == 90


def test_a_cap_lowered_in_a_rest_holds_in_the_next_set():
    desk = Desk(people=PEOPLE).follow(*TO_REST, ("pause", wait(4)))
    first = sent(desk, Arm)[0].envelope.cap_ckmh
    assert first > 90
    desk.step(CapsRead((WET,)))
    assert sent(desk, LowerCap) == []  # nothing is armed: there is nothing to lower
    desk.follow(("pause", "next"), ("check", prove), ("walk", None))
    assert sent(desk, Arm)[-1].envelope.cap_ckmh == 90
    assert desk.state.stay.player.speed_ckmh <= 90


def test_a_cap_lowered_below_the_machine_s_minimum_in_a_rest_arms_no_next_set():
    desk = Desk(people=PEOPLE).follow(*TO_REST, ("pause", wait(2)))
    desk.step(CapsRead((replace(WET, speed_ckmh=70),)))
    arms = len(sent(desk, Arm))
    desk.until(S.TALK_TO_STAFF, within_s=90)
    assert len(sent(desk, Arm)) == arms


HERE = "C0:FF:EE:00:00:42"


def booted(speed, address=HERE):
    """A kiosk that starts anew; the record knows of a session on *address* that was cut off."""
    desk = Desk()
    desk.guard.speed = float(speed)
    desk.guard.used = speed > 0
    desk.step(LeftOpen(address))
    desk.run(0.3)
    return desk


def test_after_a_reboot_a_belt_that_moves_and_was_ours_is_stopped():
    desk = booted(120)
    assert set(sent(desk, Stop)) == {Stop(StopWhy.LEFT_OPEN)}
    desk.guard.state, desk.guard.cause, desk.guard.staff, desk.guard.used = (
        State.LATCHED,
        Cause.RESTART_MOVING,
        True,
        False,
    )
    desk.run(0.3)
    desk.actions.clear()
    desk.run(2)
    assert sent(desk, Stop) == []


@pytest.mark.parametrize(("speed", "address"), [(0, HERE), (120, "C0:FF:EE:00:00:99")])
def test_after_a_reboot_a_belt_at_rest_or_another_one_is_left_alone_for_good(speed, address):
    desk = booted(speed, address)
    desk.guard.speed, desk.guard.used = 120.0, True  # by somebody at its console
    desk.run(2)
    assert sent(desk, Stop) == []


def test_not_agreeing_keeps_the_known_speed():
    desk = Desk().follow(*TO_CHECK[:4], ("preview", "no"), ("check", prove), ("walk", wait(200)))
    assert desk.state.stay is not None
    assert desk.state.stay.walked.top_ckmh == 80


def test_what_is_new_is_said_before_it_is_agreed_to():
    desk = Desk().follow(*TO_CHECK[:4], ("preview", None))
    assert desk.shown.preview_choice
    assert desk.shown.preview_note == "New today: 0.7 mph for 2 minutes. A little faster than before."


def test_high_pain_after_a_walk_is_noted_for_staff_without_the_score_and_gets_advice():
    desk = Desk(people=PEOPLE).follow(
        *BO_COMES, ("program", ("choose", 0)), ("preview", "next"), ("check", prove), ("walk", wait(60)),
        ("walk", stop_bar), *AT_REST, ("why_stopped", "skip"), ("effort", "skip"), ("pain", ("score", 8)),
    )  # fmt: skip
    assert desk.shown.summary.advice
    (event,) = [e for e in kept(desk, EventIn) if e.kind == "pain_flag"]
    assert "8" not in event.detail


def test_the_banner_of_a_full_disk_holds_nobody_up():
    desk = Desk()
    desk.step(RecordHealth("disk_full"))
    desk.follow(*TO_WALK)
    assert desk.shown.banner == "disk_full"


def test_the_second_set_reaches_the_same_speed_and_is_one_session_with_the_first(walked):
    desk = walked["two sets with a rest"]
    first, second = sent(desk, Arm)
    assert first == second
    assert len(sent(desk, Start)) == 2
    (closing,) = kept(desk, Closing)
    assert (closing.state, closing.cause) == (SessionState.COMPLETED, "plan_done")
    assert [stop.why for stop in sent(desk, Stop)] == [StopWhy.PLAN_DONE, StopWhy.PLAN_DONE]


def test_a_member_sees_what_comes_next_and_why_and_what_else_there_is():
    desk = Desk(people=PEOPLE).follow(*BO_COMES, ("program", None))
    best = desk.shown.cards[0]
    assert best.recommended
    assert best.reason == "One minute longer than last time" or best.reason.startswith("One new speed")
    assert desk.shown.more_cards
    assert len(desk.shown.cards) == 3


def test_the_summary_says_what_comes_next_from_when_and_why(walked):
    desk = Desk(people=PEOPLE).follow(
        *BO_COMES, ("program", ("choose", 0)), ("preview", "next"), ("check", prove), ("walk", wait(60)),
        ("walk", stop_bar), *AT_REST, ("why_stopped", choose_why("tired")), ("effort", ("score", 3)),
        ("pain", ("score", 0)), ("summary", None),
    )  # fmt: skip
    summary = desk.shown.summary
    assert summary.next_title == "Knee Ability, 7 min"
    assert summary.next_reason == "From Monday. A little less: last time was hard."
    assert (summary.week_sessions, summary.completed) == (2, False)
    assert [r.verdict for r in kept(desk, Ratings) if r.verdict] == ["amber"]


@pytest.mark.parametrize(
    ("changed", "full"),
    [
        ({}, False),
        ({"history": (visit(day=date(2026, 4, 12)),)}, True),  # 90 days away
        ({"history": (visit(day=date(2026, 4, 13)),)}, False),
        ({"history": (visit(day=date(2026, 7, 1), cause="red_button"),)}, True),
        ({"history": (visit(day=date(2026, 7, 1), why="chest"),), "cleared_on": date(2026, 7, 3)}, False),
        ({"history": (visit(day=date(2026, 7, 1), cause="red_button"), visit(day=date(2026, 7, 4)))}, False),
        ({"screened_until_ms": None}, True),
    ],
)
def test_all_is_asked_again_after_a_long_absence_and_after_a_red_session(changed, full):
    desk = Desk(people={"123457": person(**changed)})
    desk.follow(("attract", "wake"), ("who", "have_code"), ("code", code("123457")), ("screening", None))
    assert (desk.shown.question == "question.under_18") is full


def test_a_rest_day_is_said_and_staff_cannot_talk_it_away():
    yesterday = replace(BO, history=(*BO.history[:-1], replace(BO.history[-1], day=date(2026, 7, 10))))
    desk = Desk(people={"555666": yesterday}).follow(*BO_COMES, ("talk_to_staff", None))
    assert desk.shown.talk_key == "talk.rest"
    assert not desk.shown.needs_staff


def test_after_a_red_session_staff_let_the_next_one_happen():
    bad = replace(BO, history=(*BO.history[:-1], replace(BO.history[-1], cause="red_button")))
    desk = Desk(people={"555666": bad}).follow(
        *BO_COMES, ("talk_to_staff", "staff"), ("staff_pin", PIN), ("override", ("choose", 0)), ("program", None)
    )
    assert [card.title for card in desk.shown.cards] == ["First Steps"]


def test_a_worse_morning_is_noted_on_the_walk_before_it_and_makes_today_easier():
    desk = Desk(people=PEOPLE).follow(*BO_COMES[:3], ("screening", answers(worse_after=True)), ("program", None))
    assert Ratings("before", worse_next_morning=True) in kept(desk, Ratings)
    assert desk.shown.cards[0].reason == "A little less: last time was hard"


def test_a_rise_that_was_declined_is_recorded_as_declined():
    desk = Desk().follow(*TO_CHECK[:4], ("preview", "no"), ("check", prove), ("walk", None))
    (opening,) = kept(desk, Opening)
    assert opening.variant == "1/C0.5/no"


def test_members_go_on_where_they_were():
    people = {"123457": person(history=(visit("1", date(2026, 7, 6)), visit("2", date(2026, 7, 8))))}
    desk = Desk(people=people).follow(
        ("attract", "wake"), ("who", "have_code"), ("code", code("123457")), ("screening", healthy), ("program", None)
    )
    assert [card.title for card in desk.shown.cards] == ["First Steps"]
    assert desk.shown.member_name == "Ada"
    assert desk.shown.cards[0].top_ckmh == 161
