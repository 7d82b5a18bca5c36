"""A program at one level, expanded to the steps that a belt walks.

Speeds and slopes are exact decimals here (mph, percent) and get their wire values (0.01 km/h, 0.1 %) from
``hardware.units`` as they enter a step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from hardware.units import ckmh_from_mph, dpct_from_percent, on_grid
from kiosk.coach.programs import PhaseSpec, PlannedCue, Program, ProgramError, VariantSpec, planned_cues
from kiosk.coach.rules import Rules

TENTH: Final = Decimal("0.1")


class StepKind(StrEnum):
    """What a step is for."""

    HOLD = "hold"  # a stretch at a speed and slope the member knows
    NEW = "new"  # a stretch at a speed or slope that is new
    RAMP = "ramp"  # on the way to a speed or slope the member knows
    REST = "rest"  # the belt is stopped, the member stands on the side rails
    OFF_BELT = "off_belt"  # beside the treadmill
    PUSH = "push"  # the belt is off and locked out; the walker pushes it


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A stretch at one speed and one slope. *start_s* and *seconds* are plan time; resting time counts."""

    start_s: float
    seconds: float
    mph: Decimal
    percent: int
    speed_ckmh: int
    incline_dpct: int
    name: str
    kind: StepKind
    phase: int  # 1-based, ramps belong to the phase they lead to
    cues: tuple[PlannedCue, ...]
    part: str  # where in the file, for messages

    @property
    def end_s(self) -> float:
        """Plan time at which the next step begins."""
        return self.start_s + self.seconds

    @property
    def walking(self) -> bool:
        """Whether the motor moves the belt in it."""
        return self.kind in (StepKind.HOLD, StepKind.NEW, StepKind.RAMP)


@dataclass(frozen=True, slots=True)
class Choice:
    """One member's level of one variant. What a program has no symbol for is not used."""

    variant: str
    comfort_mph: Decimal = Decimal("0.5")
    new_mph: Decimal | None = None
    pt_mph: Decimal | None = None
    main_s: int | None = None
    hill: int | None = None
    sets: int = 1
    declined: bool = False  # the member said no to what is new; the known level was walked
    follow: bool = False  # the member set the pace at the console; the level's own speeds were not walked


@dataclass(frozen=True, slots=True)
class Plan:
    """A program at a level: what the player plays and the member is shown."""

    program: str
    title: str
    choice: Choice
    steps: tuple[PlanStep, ...]
    phases: int
    mastered_mph: Decimal
    clipped_by_cap: bool = False  # a cap holds it below its own speeds

    @property
    def seconds(self) -> float:
        """Plan time in all, rests included."""
        return self.steps[-1].end_s if self.steps else 0.0

    @property
    def walk_s(self) -> float:
        """Time on one's feet on the belt."""
        return sum(step.seconds for step in self.steps if step.walking or step.kind is StepKind.PUSH)

    @property
    def top_ckmh(self) -> int:
        """The fastest step."""
        return max((step.speed_ckmh for step in self.steps), default=0)

    @property
    def top_dpct(self) -> int:
        """The steepest step."""
        return max((step.incline_dpct for step in self.steps), default=0)

    @property
    def new_step(self) -> PlanStep | None:
        """The first step that is new to the member, if any: what has to be agreed to before the walk."""
        return next((step for step in self.steps if step.kind is StepKind.NEW), None)

    def index_at(self, at_s: float) -> int:
        """The step that plan time *at_s* is in; the last one at the end."""
        for index, step in enumerate(self.steps):
            if at_s < step.end_s:
                return index
        return len(self.steps) - 1


def choices(program: Program) -> Iterator[Choice]:
    """Every variant at every level the program's file names."""
    levels = program.levels
    for variant in program.variants:
        for comfort in _tenths(levels.comfort_mph) or [Decimal("0.5")]:
            news = [comfort + step for step in levels.new_steps_mph if _fits(program, comfort + step)]
            if levels.new_steps_mph and not news:
                continue
            for new in tuple(news) or (None,):
                for pt in tuple(_tenths(levels.pt_mph)) or (None,):
                    for sets, main in levels.sets or [(1, main) for main in levels.main_s or (None,)]:
                        for hill in levels.hill or (None,):
                            yield Choice(variant.id, comfort, new, pt, main, hill, sets)


def _fits(program: Program, mph: Decimal) -> bool:
    return program.cap.mph is None or mph <= program.cap.mph


def _tenths(span: tuple[Decimal, Decimal] | None) -> list[Decimal]:
    if span is None:
        return []
    low, high = span
    return [low + TENTH * n for n in range(int((high - low) / TENTH) + 1)]


def expand(program: Program, choice: Choice, rules: Rules) -> Plan:
    """The steps of *program* at *choice*. Raises ProgramError where a symbol has no value or makes no sense."""
    try:
        v_index = next(i for i, variant in enumerate(program.variants) if variant.id == choice.variant)
    except StopIteration:
        raise ProgramError(program.where, None, "format", f'there is no variant "{choice.variant}"') from None
    variant = program.variants[v_index]
    builder = _Builder(program, variant, v_index, choice, rules)
    for round_ in range(choice.sets):
        for p_index, phase in enumerate(variant.phases):
            last_rest = phase.rest and round_ == choice.sets - 1 and choice.sets > 1
            if not last_rest:  # nobody rests after the last set: the session is over
                builder.add(p_index, phase)
    return builder.plan()


class _Builder:
    def __init__(self, program: Program, variant: VariantSpec, v_index: int, choice: Choice, rules: Rules) -> None:
        self._program = program
        self._variant = variant
        self._v_index = v_index
        self._choice = choice
        self._rules = rules
        self._steps: list[PlanStep] = []
        self._mph = Decimal(0)
        self._percent = 0
        self._phase = 0
        self._at_s = 0.0

    def add(self, p_index: int, phase: PhaseSpec) -> None:
        part = f"variant[{self._v_index}].phases[{p_index}]"
        if phase.ramp is not None:
            self._ramp(self._speed(phase.ramp, part), part)
        elif phase.hill is not None:
            self._hill(self._whole(phase.hill, part), part)
        else:
            self._stretch(phase, part)

    def _stretch(self, phase: PhaseSpec, part: str) -> None:
        self._phase += 1
        seconds = self._whole(phase.s if phase.s is not None else 0, part)
        if seconds <= 0:
            raise ProgramError(self._program.where, self._program.line_of(part), "length", "a phase of no length")
        if phase.rest or phase.off_belt or phase.push:
            kind = StepKind.REST if phase.rest else StepKind.OFF_BELT if phase.off_belt else StepKind.PUSH
            mph, percent = Decimal(0), 0
        else:
            kind = StepKind.NEW if phase.new else StepKind.HOLD
            mph = self._speed(phase.mph if phase.mph is not None else 0, part)
            percent = self._whole(phase.incline, part)
        self._step(mph, percent, float(seconds), phase.name or "", kind, planned_cues(phase.cues), part)

    def _ramp(self, to: Decimal, part: str) -> None:
        step = self._rules.speed.step_mph
        self._phase += 1
        while self._mph != to:
            up = to > self._mph
            mph = min(self._mph + step, to) if up else max(self._mph - step, to)
            seconds = self._rules.speed.ramp_up_s if up else self._rules.speed.ramp_down_s
            self._step(mph, self._percent, seconds, "ramp", StepKind.RAMP, (), part)
        self._phase -= 1

    def _hill(self, to: int, part: str) -> None:
        step = self._rules.incline.step_percent
        self._phase += 1
        while self._percent != to:
            up = to > self._percent
            percent = min(self._percent + step, to) if up else max(self._percent - step, to)
            self._step(self._mph, percent, self._rules.incline.ramp_s, "hill", StepKind.RAMP, (), part)
        self._phase -= 1

    def _step(  # one step has this many sides
        self,
        mph: Decimal,
        percent: int,
        seconds: float,
        name: str,
        kind: StepKind,
        cues: tuple[PlannedCue, ...],
        part: str,
    ) -> None:
        self._steps.append(
            PlanStep(
                start_s=self._at_s,
                seconds=seconds,
                mph=mph,
                percent=percent,
                speed_ckmh=ckmh_from_mph(mph),
                incline_dpct=dpct_from_percent(percent),
                name=name,
                kind=kind,
                phase=self._phase,
                cues=cues,
                part=part,
            )
        )
        self._at_s += seconds
        self._mph, self._percent = mph, percent

    def plan(self) -> Plan:
        choice = self._choice
        mastered = self._variant.mastered_mph
        if mastered is None:
            mastered = choice.pt_mph if choice.pt_mph is not None else self._comfort()
        phases = max((step.phase for step in self._steps), default=0)
        return Plan(self._program.id, self._program.title, choice, tuple(self._steps), phases, mastered)

    def _comfort(self) -> Decimal:
        cap = self._program.cap.mph
        return self._choice.comfort_mph if cap is None else min(self._choice.comfort_mph, cap)

    def _speed(self, value: int | float | str, part: str) -> Decimal:
        if not isinstance(value, str):
            return Decimal(str(value))
        return self._symbolic(value, part)

    def _whole(self, value: int | str, part: str) -> int:
        return value if isinstance(value, int) else int(self._symbolic(value, part))

    def _symbolic(self, text: str, part: str) -> Decimal:
        line = self._program.line_of(part)
        match = _SYMBOL.match(text)
        if match is None:
            wrong = f'"{text}" is no value; write a number, or C, T, PT, D or L, with + or - a number'
            raise ProgramError(self._program.where, line, "format", wrong)
        value = {
            "C": self._comfort(),
            "T": self._choice.new_mph,
            "PT": self._choice.pt_mph,
            "D": self._choice.main_s,
            "L": self._choice.hill,
        }[match.group(1)]
        if value is None:
            wrong = f"{match.group(1)} has no levels; name them under [levels]"
            raise ProgramError(self._program.where, line, "format", wrong)
        return Decimal(value) + (Decimal(match.group(2)) if match.group(2) else 0)


_SYMBOL: Final = re.compile(r"^(C|T|PT|D|L)([+-]\d+(?:\.\d+)?)?$")


def clipped(plan: Plan, *, cap_ckmh: int, base_ckmh: int, max_dpct: int, increment_ckmh: int = 0) -> Plan:
    """*plan* under what holds here and now: never above the caps, never below the machine's minimum.

    With *increment_ckmh*, the machine's own step where it is coarse, every speed is the one that the belt will have
    (the guard rounds a rise down), so that no change is announced that does not come.
    Neighbouring steps that become alike stay apart, so that phases keep their numbers and names.
    """

    def here(speed_ckmh: int) -> int:
        within = max(min(speed_ckmh, cap_ckmh), base_ckmh)
        return on_grid(within, base_ckmh, increment_ckmh, raising=True)

    steps = tuple(
        replace(
            step,
            speed_ckmh=here(step.speed_ckmh) if step.walking else 0,
            incline_dpct=min(step.incline_dpct, max_dpct),
        )
        for step in plan.steps
    )
    return replace(
        plan,
        steps=tuple(_still_new(step, plan, base_ckmh) for step in steps),
        clipped_by_cap=plan.clipped_by_cap or plan.top_ckmh > max(cap_ckmh, base_ckmh),
    )


def _still_new(step: PlanStep, plan: Plan, base_ckmh: int) -> PlanStep:
    known_ckmh = max(ckmh_from_mph(plan.mastered_mph), base_ckmh)
    if step.kind is StepKind.NEW and step.speed_ckmh <= known_ckmh and step.incline_dpct == 0:
        return replace(step, kind=StepKind.HOLD)
    return step


def steady(plan: Plan, *, base_ckmh: int, cap_ckmh: int) -> Plan | None:
    """*plan* at one pace, for a treadmill whose speed only the console sets: time and phases stay, changes do not.

    The pace is set while standing on the side rails and stays to the end (coaching section 2, fixed pace): the
    fastest that the member knows, under the caps. None where the plan is nothing without its changes: a hill, a rest
    with the belt stopped, a belt that is pushed.
    """
    if plan.top_dpct or not all(step.walking for step in plan.steps):
        return None
    pace = max(base_ckmh, min(ckmh_from_mph(plan.mastered_mph), plan.top_ckmh, cap_ckmh))
    steps = tuple(replace(step, speed_ckmh=pace, kind=StepKind.HOLD) for step in plan.steps)
    return replace(plan, choice=replace(plan.choice, follow=True), steps=steps)


def without_rises(plan: Plan) -> Plan:
    """*plan* for a member who did not agree to what is new: the known speed and slope in its place.

    A rise that was not agreed on before the walk does not happen (coaching, decisions).
    """
    known_ckmh = ckmh_from_mph(plan.mastered_mph)
    known_dpct = max(
        (step.incline_dpct for step in plan.steps if step.kind is not StepKind.NEW),
        default=0,
    )
    steps = tuple(
        replace(
            step,
            speed_ckmh=min(step.speed_ckmh, known_ckmh),
            incline_dpct=min(step.incline_dpct, known_dpct),
            kind=StepKind.HOLD,
        )
        if step.kind is StepKind.NEW
        else step
        for step in plan.steps
    )
    return replace(plan, steps=steps)
