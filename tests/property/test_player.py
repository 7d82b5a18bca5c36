"""What the player never does, whatever the belt, the caps and the walker do."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.assets import assets_directory
from kiosk.coach.cues import CueClass, Speaker, of_speed, speak
from kiosk.coach.plan import Choice, StepKind, choices, clipped, expand, steady
from kiosk.coach.player import Reading, Walker, advance, begin, capped, eased, resumed, stayed
from kiosk.content import read_books, read_programs, read_rules

ASSETS = assets_directory()
RULES = read_rules(ASSETS)
BOOK = read_books(ASSETS)["en"]
PROGRAMS = read_programs([ASSETS / "programs"])
WALKED = [p for p in PROGRAMS.values() if p.id not in ("P10", "P12")]
LEVELS = {p.id: list(choices(p)) for p in WALKED}
MORE = 33  # 0.2 mph, both ends rounded to 0.01 km/h


@st.composite
def walks(draw):
    """A program at a level under a cap, on a machine, and a script of what happens in it."""
    program = draw(st.sampled_from(WALKED))
    choice = draw(st.sampled_from(LEVELS[program.id]))
    base = draw(st.sampled_from([50, 80, 100, 129]))
    cap = draw(st.integers(max(base, 80), 563))
    plan = clipped(
        expand(program, choice, RULES), cap_ckmh=cap, base_ckmh=base, max_dpct=draw(st.sampled_from([0, 50]))
    )
    events = draw(
        st.lists(
            st.tuples(
                st.floats(0, 900),
                st.sampled_from(["ease", "stay", "cap", "lost", "found", "stuck", "free", "resume"]),
                st.integers(50, 563),
            ),
            max_size=6,
        )
    )
    return plan, base, cap, sorted(events), draw(st.integers(5, 60)), draw(st.booleans())


class Belt:
    """Follows what it is asked, at most *rate* 0.01 km/h a second, unless it is stuck."""

    def __init__(self, speed, rate):
        self.speed, self.rate, self.stuck, self.lost = float(speed), rate, False, False

    def step(self, target, dt):
        if not self.stuck:
            self.speed += max(-self.rate * dt, min(self.rate * dt, target - self.speed))

    @property
    def measured(self):
        return None if self.lost else round(self.speed)


def walk(plan, base, events, rate, new, dt=1.0, limit_s=4000):
    """Play to the end; gives every tick as (player, played, cue said, what happened)."""
    now = 1000.0
    player = begin(plan, Walker(new=new), base_ckmh=base, now_s=now)
    belt, speaker, events = Belt(base, rate), Speaker(), list(events)
    while not player.done and now < 1000 + limit_s:
        now += dt
        happened = ""
        while events and now - 1000 >= events[0][0]:
            _, kind, value = events.pop(0)
            happened = (
                "resume" if "resume" in (kind, happened) else kind
            )  # of several in one tick the one that restarts
            match kind:
                case "ease":
                    player = eased(player, RULES.player)
                case "stay":
                    player = stayed(player)
                case "cap":
                    player = capped(player, value)
                case "resume":
                    player = resumed(player, now)
                    belt.speed = base
                case "lost" | "found":
                    belt.lost = kind == "lost"
                case "stuck" | "free":
                    belt.stuck = kind == "stuck"
        if player.resting and player.rest_left_s < 0.01:
            player, happened = resumed(player, now), "resume"
            belt.speed = base
        player, played = advance(player, Reading(belt.measured), now, RULES)
        speaker, cue = speak(speaker, played.requests, played.technique, played.moment, now, BOOK, RULES.cues)
        belt.step(player.speed_ckmh, dt)
        yield player, played, cue, happened, now


@given(walks())
@settings(max_examples=40, deadline=None)
def test_no_target_is_above_the_cap_rises_by_more_than_a_step_or_changes_two_things_at_once(made):
    plan, base, cap, events, rate, new = made
    speed, slope, raised = base, 0, float("-inf")
    for player, played, _, happened, now in walk(plan, base, events, rate, new):
        if happened == "resume":
            assert (played.speed_ckmh, played.incline_dpct) == (base, 0)
            speed, slope = base, 0
        assert base <= played.speed_ckmh <= max(cap, base)
        assert played.speed_ckmh <= player.ceiling_ckmh or player.resting  # in a rest the belt is stopped
        assert played.speed_ckmh - speed <= MORE
        assert abs(played.incline_dpct - slope) <= 10
        assert 0 <= played.incline_dpct <= plan.top_dpct
        assert (played.speed_ckmh == speed) or (played.incline_dpct == slope)
        if played.speed_ckmh > speed:
            assert now - raised >= RULES.player.spacing_s
            raised = now
        assert played.changed is ((played.speed_ckmh, played.incline_dpct) != (speed, slope))
        speed, slope = played.speed_ckmh, played.incline_dpct


@given(walks())
@settings(max_examples=20, deadline=None)
def test_a_walk_ends_unless_the_belts_data_are_lost(made):
    plan, base, _, events, rate, new = made
    *_, (player, *_) = walk(plan, base, [e for e in events if e[1] != "lost"], rate, new)
    assert player.done


@given(walks())
@settings(max_examples=15, deadline=None)
def test_what_slowed_a_walk_is_never_undone(made):
    plan, base, _, events, rate, new = made
    ceiling = None
    for player, *_ in walk(plan, base, events, rate, new):
        assert ceiling is None or player.ceiling_ckmh <= ceiling
        ceiling = player.ceiling_ckmh


@given(walks())
@settings(max_examples=6, deadline=None)
def test_coaching_leaves_room_before_the_end_for_saying_that_the_belt_stops(made):
    plan, base, _, events, rate, new = made
    coached = float("-inf")
    for _, _, cue, _, now in walk(plan, base, [e for e in events if e[1] == "ease"], rate, new):
        if cue is not None and (cue.rank > CueClass.CHANGE or cue.id[0] in "XM"):  # X and M as standing offers
            coached = now
    assert now - coached >= RULES.cues.gap_s


def plan_of(program="P1", variant="1", cap=200, base=80, **level):
    return clipped(
        expand(PROGRAMS[program], Choice(variant, **level), RULES), cap_ckmh=cap, base_ckmh=base, max_dpct=50
    )


def play(plan, until_s, *, measured=None, player=None, dt=0.1, **walker):
    """Play with a belt that does at once what it is asked, or that reports *measured*."""
    now = 1000.0 if player is None else player.now_s
    player = player or begin(plan, Walker(**walker), base_ckmh=80, now_s=now)
    ticks = []
    while player.at_s < until_s and not player.done and now < 5000:
        now += dt
        player, played = advance(player, Reading(player.speed_ckmh if measured is None else measured), now, RULES)
        ticks.append((round(now - 1000, 1), played))
    return player, ticks


def test_plan_time_stands_still_while_the_belt_has_not_got_there():
    player, _ = play(plan_of(), 120.05)
    assert player.speed_ckmh == 113
    player, _ = advance(player, Reading(80), player.now_s + 1, RULES)
    at = player.at_s
    for _ in range(5):
        player, _ = advance(player, Reading(80), player.now_s + 1, RULES)
    assert player.at_s == at
    assert not player.behind
    player, _ = advance(player, Reading(80), player.now_s + 1, RULES)
    assert player.behind
    player, _ = advance(player, Reading(110), player.now_s + 1, RULES)
    assert player.at_s == at + 1
    assert not player.behind


def test_a_belt_that_does_not_get_there_sets_the_most_that_is_asked_from_then_on():
    player, _ = play(plan_of("P2", "main", comfort_mph=Decimal("1.2"), main_s=120), 61)
    stuck, _ = play(player.plan, 150, measured=85, player=player)
    assert stuck.ceiling_ckmh == 85
    assert stuck.speed_ckmh == 85
    assert stuck.slowed


def test_lost_readings_stop_plan_time_and_ask_for_nothing_new():
    player, _ = play(plan_of(), 119.95)
    for _ in range(100):
        player, _ = advance(player, Reading(None), player.now_s + 0.1, RULES)
    assert player.speed_ckmh == 80
    assert player.at_s < 120


def test_a_stall_of_the_screen_does_not_skip_the_walk():
    player, _ = play(plan_of(), 60)
    player, _ = advance(player, Reading(80), player.now_s + 90, RULES)
    assert player.at_s < 62


def test_a_change_is_announced_ten_seconds_ahead_with_its_target():
    _, ticks = play(plan_of(), 125)
    announced = [(t, p.next_ckmh, p.next_dpct) for t, p in ticks if p.announced]
    assert announced == [(110.1, 113, None)]
    shown = [t for t, p in ticks if p.next_ckmh == 113]
    assert (shown[0], shown[-1]) == (110.1, pytest.approx(120.0))


def test_the_amber_button_in_the_announcement_keeps_the_speed_for_the_rest_of_the_walk():
    player, _ = play(plan_of(), 115)
    done, ticks = play(player.plan, 281, player=stayed(player))
    assert done.done
    assert {p.speed_ckmh for _, p in ticks} == {80}


def test_the_amber_button_at_any_other_time_takes_a_step_off_and_stays_there():
    player, _ = play(plan_of("P2", "main", comfort_mph=Decimal("1.2"), main_s=300), 200)
    assert player.speed_ckmh == 193
    _, ticks = play(player.plan, 600, player=eased(player, RULES.player))
    assert ticks[0][1].speed_ckmh == 161
    assert max(p.speed_ckmh for _, p in ticks) == 161


def test_a_cap_lowered_in_mid_walk_holds_at_once():
    player, _ = play(plan_of("P2", "main", comfort_mph=Decimal("1.2"), main_s=300), 200)
    _, ticks = play(player.plan, 201, player=capped(player, 120))
    assert ticks[0][1].speed_ckmh == 120


def test_after_a_stop_the_walk_goes_on_at_base_speed_where_it_was():
    player, _ = play(plan_of("P2", "main", comfort_mph=Decimal("1.2"), main_s=300), 250)
    again, ticks = play(player.plan, 2000, player=resumed(player, player.now_s + 60))
    assert {p.speed_ckmh for _, p in ticks} == {80}
    assert again.done
    assert again.at_s == pytest.approx(player.plan.seconds, abs=0.2)


def test_a_rest_waits_for_the_belt_to_be_started_again_and_then_the_speed_comes_back():
    plan = plan_of("P8", "sets", comfort_mph=Decimal("0.7"), main_s=120, sets=2)
    rest = next(step for step in plan.steps if step.kind is StepKind.REST)
    player, _ = play(plan, rest.start_s)
    for _ in range(2000):
        player, _ = advance(player, Reading(0), player.now_s + 0.1, RULES)
    assert player.resting
    assert player.rest_left_s < 0.01
    player = resumed(player, player.now_s)
    done, ticks = play(plan, 2000, player=player)
    assert done.done
    assert max(p.speed_ckmh for _, p in ticks) == 113


def test_nobody_is_told_to_rest_while_the_belt_still_runs():
    plan = plan_of("P8", "sets", comfort_mph=Decimal("0.7"), main_s=120, sets=2)
    rest = next(step for step in plan.steps if step.kind is StepKind.REST)
    player, _ = play(plan, rest.start_s - 0.5)
    asked = set()
    for _ in range(900):  # into the rest, and to its end
        player, played = advance(player, Reading(player.speed_ckmh), player.now_s + 0.1, RULES)
        asked |= {request.cue for request in played.requests}
    assert player.resting
    assert not asked & {"N6", "N7"}  # the session says them once it has seen the belt at rest


def test_no_question_is_asked_on_the_belt_without_an_amber_button():
    level = {"comfort_mph": Decimal("1.2"), "main_s": 300}
    _, without = play(plan_of("P2", "main", **level), 600)
    _, fitted = play(plan_of("P2", "main", **level), 600, asks=True)
    asked = [[r.cue for _, p in ticks for r in p.requests if r.cue.startswith("A")] for ticks in (without, fitted)]
    assert asked == [[], ["A1"]]


def test_a_machine_with_coarse_steps_is_not_called_late():
    player, _ = play(plan_of(), 120.05)
    for _ in range(300):
        player, _ = advance(player, Reading(100, increment_ckmh=50), player.now_s + 0.1, RULES)
    assert player.at_s > 145
    assert player.ceiling_ckmh == 113
    assert replace(player, plan=player.plan) == player


# ---------------------------------------------------------------------------- where the console sets the pace


@st.composite
def followed(draw):
    """A level at one pace, and a walker who sets the console as they like."""
    program = draw(st.sampled_from(WALKED))
    plan = steady(expand(program, draw(st.sampled_from(LEVELS[program.id])), RULES), base_ckmh=80, cap_ckmh=563)
    speeds = draw(st.lists(st.sampled_from([None, 0, 60, 97, 160, 320]), min_size=1, max_size=8))
    return plan, draw(st.booleans()), speeds


@settings(max_examples=6, deadline=None)
@given(followed())
def test_where_the_console_sets_the_pace_nothing_is_asked_of_it_nor_said_of_speed_and_the_plan_ends_on_time(made):
    plan, asks, speeds = made
    if plan is None:
        return  # a hill, or a rest with the belt stopped
    player = begin(plan, Walker(asks=asks, follows=True), base_ckmh=97, now_s=0.0)
    now_s = walked_s = 0.0
    heard = set()
    while not player.done:
        measured = speeds[int(now_s // 20) % len(speeds)] if now_s < 600 else 97
        now_s += 0.5
        walked_s += 0.5 if measured else 0.0
        player, played = advance(player, Reading(measured), now_s, RULES)
        assert (played.speed_ckmh, played.incline_dpct, played.changed, played.announced) == (97, 0, False, False)
        assert played.next_in_s is None
        assert not player.behind
        heard |= {request.cue for request in played.requests} | set(played.technique)
    assert walked_s == pytest.approx(plan.seconds, abs=1)
    assert not [cue for cue in heard if of_speed(cue)]
    assert heard & {"T1", "T9", "T10", "M3"}
