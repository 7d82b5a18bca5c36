"""The player: a plan, readings and the time become targets, cues, the phase, and what comes next.

Pure: ``advance(state, reading, now)`` gives the next state and what it asks for. It follows the *measured* belt: plan
time passes only while the belt runs at about what was asked. A belt that does not get there in time sets the most
that is asked from then on. Faster only as agreed before the walk; slower, at any time and at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from hardware.units import ckmh_from_mph
from kiosk.coach.cues import NEVER, Moment, Request, of_speed
from kiosk.coach.plan import Plan, PlanStep, StepKind
from kiosk.coach.rules import PlayerRules, Rules

MAX_TICK_S: Final = 1.0
"""A gap between two calls counts as at most this: after a stall the plan goes on where the walker is."""

RISE_ROUNDING_CKMH: Final = 1
"""0.2 mph is 32.19: two neighbouring speeds of a plan, each rounded, may lie 33 apart."""

DPCT_PER_STEP: Final = 10
SERIES_S: Final = 20.0  # changes closer together than this are one series: it is announced once
GET_USED_S: Final = 20.0  # G4: 20 s after a rise
GOOD_CONTROL_S: Final = 45.0
SMOOTH_S: Final = 120.0  # N3: two minutes without an event
BEHIND_AFTER_S: Final = 6.0  # a belt takes this long to follow without anybody calling it late
LAST_MINUTE_S: Final = 60.0
LONG_MAIN_S: Final = 180.0
MAIN_NAMES: Final = frozenset({"main", "set", "new"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of the belt now. *measured_ckmh* None: not known, or too old."""

    measured_ckmh: int | None
    increment_ckmh: int = 0  # the machine's own step; 0 = it tells none


@dataclass(frozen=True, slots=True)
class Walker:
    """What matters of the member for what is said."""

    new: bool = True  # the first visits: reminders in place of a drift sensor
    needs_no_technique: bool = False
    asks: bool = False  # an amber button is fitted, so that questions can be answered
    follows: bool = False  # the pace is set at the console: nothing is asked of the belt, nor said of its speed


@dataclass(frozen=True, slots=True)
class Player:
    """Where a walk stands. Immutable; ``advance`` gives the next one."""

    plan: Plan
    walker: Walker
    base_ckmh: int  # the machine's minimum: where every walk begins
    ceiling_ckmh: int  # no more than this from now on; only ever lowered
    speed_ckmh: int  # what is asked of the belt now
    incline_dpct: int
    now_s: float
    from_s: float  # when walking began
    at_s: float = 0.0  # plan time
    walked_s: float = 0.0
    changed_s: float = NEVER  # last change asked for
    raised_s: float = NEVER
    waits_since_s: float | None = None
    behind: bool = False
    slowed: bool = False  # the ceiling was lowered in this walk, by whomever
    emitted: frozenset[str] = frozenset()  # one-off cues of steps that were asked for

    @property
    def step(self) -> PlanStep:
        """The step of the plan that is walked now."""
        return self.plan.steps[self.plan.index_at(self.at_s)]

    @property
    def left_s(self) -> float:
        """Plan time left."""
        return max(0.0, self.plan.seconds - self.at_s)

    @property
    def done(self) -> bool:
        """The plan is over: bring the belt to rest."""
        return self.at_s >= self.plan.seconds

    @property
    def rest_left_s(self) -> float:
        """How much of the rest is left; 0 outside one."""
        return max(0.0, self.step.end_s - self.at_s) if self.resting else 0.0

    @property
    def resting(self) -> bool:
        """The plan rests here: the belt has to be stopped."""
        return self.step.kind is StepKind.REST and not self.done


@dataclass(frozen=True, slots=True)
class Played:
    """What one advance asks for and tells."""

    speed_ckmh: int
    incline_dpct: int
    changed: bool  # the target is another than before
    phase: int
    phases: int
    next_ckmh: int | None
    next_dpct: int | None
    next_in_s: float | None  # within the announcement only
    announced: bool  # an announcement begins with this advance
    requests: tuple[Request, ...]
    technique: tuple[str, ...]
    moment: Moment


def begin(plan: Plan, walker: Walker, *, base_ckmh: int, now_s: float) -> Player:
    """A walk of *plan* (already clipped) on a belt that runs at *base_ckmh*."""
    ceiling = max(plan.top_ckmh, base_ckmh)
    return Player(plan, walker, base_ckmh, ceiling, base_ckmh, 0, now_s, now_s)


def resumed(player: Player, now_s: float) -> Player:
    """The walk goes on after a stop: a new straddle, and base speed from there on (coaching, screens decisions)."""
    at_s = player.step.end_s if player.resting else player.at_s
    ceiling = player.ceiling_ckmh if player.resting else player.base_ckmh
    return replace(
        player,
        at_s=at_s,
        ceiling_ckmh=ceiling,
        speed_ckmh=player.base_ckmh,
        incline_dpct=0,
        now_s=now_s,
        changed_s=now_s,
        waits_since_s=None,
        slowed=player.slowed or not player.resting,
    )


def eased(player: Player, rules: PlayerRules) -> Player:
    """0.2 mph slower, and stay there (coaching decisions)."""
    ceiling = max(player.base_ckmh, player.speed_ckmh - ckmh_from_mph(rules.ease_mph))
    return replace(player, ceiling_ckmh=min(player.ceiling_ckmh, ceiling), slowed=True)


def stayed(player: Player) -> Player:
    """The announced rise does not happen, nor any after it."""
    return replace(player, ceiling_ckmh=min(player.ceiling_ckmh, player.speed_ckmh), slowed=True)


def capped(player: Player, cap_ckmh: int) -> Player:
    """A cap was lowered in mid-walk: it holds at once. A cap cannot raise anything."""
    ceiling = max(player.base_ckmh, min(player.ceiling_ckmh, cap_ckmh))
    return replace(player, ceiling_ckmh=ceiling, slowed=player.slowed or ceiling < player.ceiling_ckmh)


def advance(player: Player, reading: Reading, now_s: float, rules: Rules) -> tuple[Player, Played]:
    """The walk at *now_s*."""
    dt = min(max(now_s - player.now_s, 0.0), MAX_TICK_S)
    before = player
    player = _follow(replace(player, now_s=now_s), reading, dt, rules)
    player, changed = _retarget(player, rules)
    ahead = _ahead(player)
    emitted, requests = _one_off(before, player, ahead, rules)
    announced = False
    if ahead is not None and ahead[1] <= rules.player.announce_s and f"soon{ahead[2]}" not in player.emitted:
        announced = not _in_series(player, ahead[2])
        emitted |= {f"soon{ahead[2]}"}
    player = replace(player, emitted=player.emitted | emitted)
    near = ahead if ahead is not None and ahead[1] <= rules.player.announce_s else None
    step = player.step
    speed_next = None if near is None or near[0][0] == player.speed_ckmh else near[0][0]
    slope_next = None if near is None or near[0][1] == player.incline_dpct else near[0][1]
    return player, Played(
        speed_ckmh=player.speed_ckmh,
        incline_dpct=player.incline_dpct,
        changed=changed,
        phase=step.phase,
        phases=player.plan.phases,
        next_ckmh=speed_next,
        next_dpct=None if speed_next is not None else slope_next,
        next_in_s=None if near is None else near[1],
        announced=announced,
        requests=requests,
        technique=_technique(player, rules),
        moment=Moment(
            walk_from_s=player.from_s,
            changed_s=player.changed_s,
            # The end of the plan is a change too; it is announced as it comes ("belt is stopping").
            next_change_s=now_s + (player.left_s if ahead is None else ahead[1]),
            announce_s=0.0 if ahead is None else rules.player.announce_s,
            needs_no_technique=player.walker.needs_no_technique,
        ),
    )


def _follow(player: Player, reading: Reading, dt: float, rules: Rules) -> Player:
    """Plan time passes while the belt does what was asked; a belt that cannot sets the ceiling."""
    if player.done:
        return player
    step = player.step
    if step.kind is StepKind.REST:
        return replace(player, at_s=min(player.at_s + dt, step.end_s - _LEAST_S))
    measured = reading.measured_ckmh
    if measured is None:
        return replace(player, waits_since_s=None)  # the guard acts on lost data long before we could tell why
    if player.walker.follows:
        walked_s = dt if measured > 0 else 0.0
        return replace(player, at_s=player.at_s + walked_s, walked_s=player.walked_s + walked_s)
    player = replace(player, walked_s=player.walked_s + dt) if measured > 0 else player
    near = max(ckmh_from_mph(rules.player.near_mph), reading.increment_ckmh)
    if abs(measured - player.speed_ckmh) <= near:
        return replace(player, at_s=player.at_s + dt, waits_since_s=None, behind=False)
    if player.waits_since_s is None:
        return replace(player, waits_since_s=player.now_s)
    waited = player.now_s - player.waits_since_s
    if waited < rules.player.lag_s:
        return replace(player, behind=measured < player.speed_ckmh and waited >= BEHIND_AFTER_S)
    if measured < player.speed_ckmh:
        ceiling = max(player.base_ckmh, measured)
        return replace(player, ceiling_ckmh=min(player.ceiling_ckmh, ceiling), slowed=True, at_s=player.at_s + dt)
    return replace(player, at_s=player.at_s + dt)


_LEAST_S: Final = 1e-6  # a rest is left by ``resumed`` alone


def _wanted(player: Player, step: PlanStep) -> tuple[int, int]:
    if not step.walking:
        return 0, 0
    return max(player.base_ckmh, min(step.speed_ckmh, player.ceiling_ckmh)), step.incline_dpct


def _retarget(player: Player, rules: Rules) -> tuple[Player, bool]:
    """One change at a time: down at once, up by one step and not too soon, slope only while the speed stands."""
    if player.resting or player.done or player.walker.follows:
        return player, False
    speed, slope = _wanted(player, player.step)
    since = player.now_s - player.changed_s
    if speed < player.speed_ckmh:
        return replace(player, speed_ckmh=speed, changed_s=player.now_s), True
    if slope < player.incline_dpct and speed == player.speed_ckmh and since >= rules.player.spacing_s:
        slope = max(slope, player.incline_dpct - rules.incline.step_percent * DPCT_PER_STEP)
        return replace(player, incline_dpct=slope, changed_s=player.now_s), True
    if since < rules.player.spacing_s or player.behind:
        return player, False
    if speed > player.speed_ckmh:
        step = ckmh_from_mph(rules.speed.step_mph) + RISE_ROUNDING_CKMH
        speed = min(speed, player.speed_ckmh + step)
        return replace(player, speed_ckmh=speed, changed_s=player.now_s, raised_s=player.now_s), True
    if slope > player.incline_dpct:
        slope = min(slope, player.incline_dpct + rules.incline.step_percent * DPCT_PER_STEP)
        return replace(player, incline_dpct=slope, changed_s=player.now_s), True
    return player, False


Ahead = tuple[tuple[int, int], float, int]  # (speed, slope), in seconds, index of the step


def _ahead(player: Player) -> Ahead | None:
    """The next change that the plan holds, under the ceiling; None if there is none before its end."""
    if player.done or player.resting or player.walker.follows:
        return None
    index = player.plan.index_at(player.at_s)
    now = _wanted(player, player.plan.steps[index])
    for later, step in enumerate(player.plan.steps[index + 1 :], start=index + 1):
        wanted = _wanted(player, step)
        if wanted != now:
            return wanted, step.start_s - player.at_s, later
    return None


def _one_off(
    before: Player, player: Player, ahead: Ahead | None, rules: Rules
) -> tuple[set[str], tuple[Request, ...]]:
    """Cues that belong to a moment of the plan, each once for its step."""
    now_s = player.now_s
    emitted: set[str] = set()
    requests: list[Request] = []

    def once(cue: str, event: str, *, due: bool = True) -> None:
        token = f"{cue}/{event}"
        if player.walker.follows and of_speed(cue):
            return
        if due and token not in player.emitted and token not in emitted:
            emitted.add(token)
            requests.append(Request(cue, now_s, event))

    index = player.plan.index_at(player.at_s)
    step = player.step
    into, left = player.at_s - step.start_s, step.end_s - player.at_s
    event = str(index)
    if player.resting:
        return emitted, ()  # what is said in a rest is said once the belt was seen at rest (session.going_on)

    if ahead is not None and ahead[1] <= rules.player.announce_s:
        (speed, slope), _, later = ahead
        fresh = not _in_series(player, later)
        once("G2", str(later), due=speed > player.speed_ckmh and fresh)
        once("I1", str(later), due=slope > player.incline_dpct and fresh)
    if player.speed_ckmh > before.speed_ckmh and now_s - before.raised_s > SERIES_S:
        once("G3", event)
    if player.speed_ckmh < before.speed_ckmh and now_s - before.changed_s > SERIES_S and step.name != "ease":
        automatic = _wanted(before, step)[0] > player.speed_ckmh and before.ceiling_ckmh > player.ceiling_ckmh
        once("X3" if automatic else "G5", f"{event}/{player.speed_ckmh}")
    if player.incline_dpct > before.incline_dpct:
        once("I2", "", due=before.incline_dpct == 0)
        once("A4", "", due=step.kind is StepKind.NEW)
    once("I4", event, due=before.incline_dpct > 0 and player.incline_dpct == 0)
    settled = now_s - player.changed_s
    if step.kind is StepKind.NEW:
        once("G4", event, due=player.incline_dpct == 0 and settled >= GET_USED_S)
        once("I5", event, due=player.incline_dpct > 0 and settled >= GET_USED_S)
        once("N5", event, due=settled >= GOOD_CONTROL_S)
    if step.name in MAIN_NAMES and step.seconds >= LONG_MAIN_S:
        once("N1", event, due=into >= step.seconds / 2)
        once("N2", event, due=left <= LAST_MINUTE_S)
    once("F1", event, due=step.name == "ease")
    for cue in step.cues:
        if cue.id.startswith("A") and player.walker.asks:
            at_s = step.seconds * cue.at_share if cue.at_share is not None else cue.at_s
            once(cue.id, event, due=at_s is None or into >= at_s)
    return emitted, tuple(requests)


def _in_series(player: Player, index: int) -> bool:
    """Whether the change at step *index* follows another so closely that one announcement served both."""
    step = player.plan.steps[index]
    previous = player.plan.steps[index - 1]
    return previous.kind is StepKind.RAMP and step.kind is StepKind.RAMP and previous.part == step.part


def _technique(player: Player, rules: Rules) -> tuple[str, ...]:
    """What may be said whenever there is room, in the order of the phase's own list."""
    if player.resting or player.done:
        return ()
    step = player.step
    into = player.at_s - step.start_s
    offers = [cue.id for cue in step.cues if cue.id[0] in "TM" and cue.at_s is None and cue.at_share is None]
    if player.incline_dpct > 0:
        offers += ["I3", "T16"]
    if player.walker.new:
        offers += ["T2"] if step.name in MAIN_NAMES else []
        if into >= rules.cues.technique_gap_s:
            offers += ["X6", "X4", "X7"]
    if player.now_s - player.changed_s >= SMOOTH_S and not player.slowed:
        offers.append("N3")
    return tuple(dict.fromkeys(offers))
