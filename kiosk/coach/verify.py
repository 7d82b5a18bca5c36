"""The rules that every program keeps, proved over every variant and level. A gym's own file passes the same gate.

Rule names are what messages and tests refer to; each says where it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from kiosk.coach.plan import Choice, Plan, PlanStep, StepKind, choices, expand
from kiosk.coach.programs import Program, ProgramError, planned_cues
from kiosk.coach.rules import Rules

RULES: Final = {
    "format": "the file can be read, and every symbol has a value",
    "source": "the program says where it comes from (coaching: no copy claims more than its sources)",
    "first": "the first walking speed is the lowest, 0.5 mph (S3)",
    "step": "speed changes by at most 0.2 mph at a time (S3)",
    "one": "speed and slope never change in one step (S3)",
    "new": "a speed or slope that is new is held for 120 s at least (S3)",
    "ramp": "ramps lead to mastered speeds only (coaching section 2)",
    "hill-step": "the slope changes by at most 1 % at a time (S3)",
    "cap": "speed and slope stay within the program's own cap",
    "limit": "no program goes above 3.5 mph or 5 % (S1, S2)",
    "hill-speed": "no hill above 2.0 mph (S2)",
    "gate": "a hill needs clean sessions and comfort first; above 2.0 mph needs staff (S3, D)",
    "length": "the walk is no longer than the program's cap, nor than 20 minutes (S3)",
    "end": "a walk ends at the lowest speed, on the flat (coaching section 2)",
    "rest": "the belt comes to a rest from the lowest speed, and starts again at it (S3, D)",
    "cue": "every cue is in the catalogue",
    "decline": "never a decline (D)",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken: where, and in which words."""

    where: str
    line: int | None
    rule: str
    message: str

    def __str__(self) -> str:
        at = self.where if self.line is None else f"{self.where}, line {self.line}"
        return f"{at}: {self.message} (rule: {self.rule})"


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying one program came to."""

    program: str
    plans: int
    longest_s: float
    violations: tuple[Violation, ...]


Finding = tuple[str, str, str]  # rule, part of the file, message
Check = Callable[[Program, Plan, Rules], Iterator[Finding]]


def verify(program: Program, rules: Rules, cues: Collection[str]) -> Report:
    """Expand *program* at every level and prove the rules. *cues*: the ids of the catalogue."""
    found: dict[tuple[str, str], Violation] = {}

    def note(rule: str, part: str, message: str) -> None:
        line = program.line_of(part)
        found.setdefault((rule, part), Violation(program.where, line, rule, message))

    for rule, part, message in _of_the_file(program, rules, cues):
        note(rule, part, message)
    plans = 0
    longest_s = 0.0
    for choice in choices(program):
        plans += 1
        try:
            plan = expand(program, choice, rules)
        except ProgramError as error:
            found.setdefault(
                (error.rule, str(error.line)), Violation(error.where, error.line, error.rule, error.message)
            )
            continue
        longest_s = max(longest_s, plan.walk_s)
        for check in _CHECKS:
            for rule, part, message in check(program, plan, rules):
                note(rule, part, f"{message}{_at(choice)}")
    if plans == 0:
        note("format", "levels", "no level can be walked: every new speed is above the cap")
    ordered = sorted(found.values(), key=lambda violation: (violation.line or 0, violation.rule))
    return Report(program.id, plans, longest_s, tuple(ordered))


def _at(choice: Choice) -> str:
    words = [f'variant "{choice.variant}"', f"C {choice.comfort_mph}"]
    for name, value in (("T", choice.new_mph), ("PT", choice.pt_mph), ("D", choice.main_s), ("L", choice.hill)):
        if value is not None:
            words.append(f"{name} {value}")
    return f" [{', '.join(words)}]"


def _of_the_file(program: Program, rules: Rules, cues: Collection[str]) -> Iterable[Finding]:
    cap, needs = program.cap, program.needs
    if cap.mph is not None and cap.mph > rules.speed.highest_mph:
        yield "limit", "cap.mph", f"the cap of {cap.mph} mph is above {rules.speed.highest_mph} mph"
    if cap.incline > rules.incline.highest_percent:
        yield "limit", "cap.incline", f"the cap of {cap.incline} % is above {rules.incline.highest_percent} %"
    if cap.walk_s > rules.session.walk_s:
        yield "length", "cap.walk_s", f"{cap.walk_s} s is longer than {rules.session.walk_s:.0f} s"
    if cap.incline > 0:
        if needs.comfort_mph < rules.incline.need_comfort_mph:
            yield "gate", "needs", f"a hill needs a comfort speed of {rules.incline.need_comfort_mph} mph first"
        if needs.clean_sessions < rules.incline.need_clean:
            yield "gate", "needs", f"a hill needs {rules.incline.need_clean} clean sessions first"
    if cap.mph is not None and cap.mph > rules.speed.default_cap_mph and not needs.staff:
        yield "gate", "needs", f"above {rules.speed.default_cap_mph} mph needs staff"
    if cap.mph is not None and cap.mph > rules.speed.cap_staff_mph:
        second = needs.second_pin_above_mph
        if second is None or second > rules.speed.cap_staff_mph:
            yield "gate", "needs", f"above {rules.speed.cap_staff_mph} mph needs a second PIN"
    if cap.mph is None and not needs.owner:
        yield "gate", "needs", "a belt that is pushed needs the owner's and the maker's agreement"
    for v_index, variant in enumerate(program.variants):
        for p_index, phase in enumerate(variant.phases):
            if phase.push and cap.mph is not None:
                yield "gate", f"variant[{v_index}].phases[{p_index}]", "a pushed belt is for programs without cap.mph"
            for cue in planned_cues(phase.cues):
                if cue.id not in cues:
                    yield "cue", f"variant[{v_index}].phases[{p_index}]", f"there is no cue {cue.id}"


def _pairs(plan: Plan) -> Iterator[tuple[PlanStep | None, PlanStep]]:
    """Each step with the walking step right before it (None at the start and after a rest)."""
    before: PlanStep | None = None
    for step in plan.steps:
        yield before, step
        before = step if step.walking else None


def _first(_program: Program, plan: Plan, rules: Rules) -> Iterator[Finding]:
    for before, step in _pairs(plan):
        if before is None and step.walking:
            if step.mph != rules.speed.first_mph:
                yield "first", step.part, f"the walk begins at {step.mph} mph, not at {rules.speed.first_mph}"
            if step.percent != 0:
                yield "first", step.part, f"the walk begins on a slope of {step.percent} %"


def _steps(_program: Program, plan: Plan, rules: Rules) -> Iterator[Finding]:
    for before, step in _pairs(plan):
        if before is None or not step.walking:
            continue
        change, slope = abs(step.mph - before.mph), abs(step.percent - before.percent)
        if change > rules.speed.step_mph:
            yield "step", step.part, f"{before.mph} to {step.mph} mph is a step of {change} mph"
        if slope > rules.incline.step_percent:
            yield "hill-step", step.part, f"{before.percent} to {step.percent} % is a step of {slope} %"
        if change and slope:
            yield "one", step.part, f"speed and slope change together, to {step.mph} mph and {step.percent} %"


def _new(_program: Program, plan: Plan, rules: Rules) -> Iterator[Finding]:
    for index, step in enumerate(plan.steps):
        if not step.walking:
            continue
        faster = step.mph > plan.mastered_mph
        if step.kind is StepKind.RAMP and faster:
            yield "ramp", step.part, f"a ramp to {step.mph} mph, above the mastered {plan.mastered_mph} mph"
        elif step.kind is StepKind.HOLD and faster:
            yield "new", step.part, f"{step.mph} mph is new (mastered: {plan.mastered_mph}); mark the phase as new"
        elif step.kind is StepKind.NEW:
            held = _held(plan.steps[index:])
            needed = max(rules.speed.new_hold_s, rules.incline.new_hold_s if step.percent else 0)
            if held < needed:
                yield "new", step.part, f"{step.mph} mph at {step.percent} % is held for {held:.0f} s of {needed:.0f}"
            if faster and step.mph > plan.mastered_mph + rules.speed.step_mph:
                yield "new", step.part, f"{step.mph} mph is more than one step above the mastered {plan.mastered_mph}"


def _held(steps: tuple[PlanStep, ...]) -> float:
    first, held = steps[0], 0.0
    for step in steps:
        if (step.mph, step.percent) != (first.mph, first.percent):
            break
        held += step.seconds
    return held


def _caps(program: Program, plan: Plan, rules: Rules) -> Iterator[Finding]:
    for step in plan.steps:
        if program.cap.mph is not None and step.mph > program.cap.mph:
            yield "cap", step.part, f"{step.mph} mph is above the program's {program.cap.mph} mph"
        if step.percent > program.cap.incline:
            yield "cap", step.part, f"{step.percent} % is above the program's {program.cap.incline} %"
        if step.percent < 0:
            yield "decline", step.part, f"a slope of {step.percent} %"
        if step.mph > rules.speed.highest_mph:
            yield "limit", step.part, f"{step.mph} mph is above {rules.speed.highest_mph} mph"
        if step.percent > rules.incline.highest_percent:
            yield "limit", step.part, f"{step.percent} % is above {rules.incline.highest_percent} %"
        if step.percent > 0 and step.mph > rules.incline.highest_mph:
            yield "hill-speed", step.part, f"{step.mph} mph on a slope of {step.percent} %"


def _length(program: Program, plan: Plan, _rules: Rules) -> Iterator[Finding]:
    if plan.walk_s > program.cap.walk_s:
        yield "length", "cap.walk_s", f"a walk of {plan.walk_s:.0f} s; the program's cap is {program.cap.walk_s} s"
    if plan.walk_s == 0:
        yield "length", "variant", "nobody walks in it"


def _ends(_program: Program, plan: Plan, rules: Rules) -> Iterator[Finding]:
    steps = plan.steps
    for index, step in enumerate(steps):
        last = index == len(steps) - 1
        stops_next = not last and steps[index + 1].kind is StepKind.REST
        if step.walking and (last or stops_next) and (step.mph != rules.speed.first_mph or step.percent != 0):
            rule = "end" if last else "rest"
            yield rule, step.part, f"the belt would stop from {step.mph} mph at {step.percent} %"
        if last and step.kind in (StepKind.REST, StepKind.OFF_BELT):
            yield "end", step.part, "nothing is walked after the last rest; leave it out"


_CHECKS: Final[tuple[Check, ...]] = (_first, _steps, _new, _caps, _length, _ends)
