"""Programs as data: a TOML file each, read into typed structures with errors that name file, line and rule.

A *program* has variants (First Steps: one per visit) and levels (main time, comfort speed, hill). A variant is a list
of phases in the field's own symbols:

    C   the member's comfort speed: the last speed with a clean session
    T   the new speed: C + 0.1, or C + 0.2 where the last effort was low
    PT  the speed a physiotherapist set
    D   main time in seconds
    L   hill in percent

``kiosk.coach.plan`` expands it to steps, ``kiosk.coach.verify`` proves the rules over every variant and level.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from msgspec import Meta

Whole = Annotated[int, Meta(ge=0, le=100_000)]
Words = Annotated[str, Meta(min_length=1, max_length=300)]
ProgramId = Annotated[str, Meta(pattern="^[A-Za-z][A-Za-z0-9_-]{0,15}$")]


class ProgramError(Exception):
    """A program file that cannot be used. ``line`` is None where no single line is to blame."""

    def __init__(self, where: str, line: int | None, rule: str, message: str) -> None:
        self.where: Final = where
        self.line: Final = line
        self.rule: Final = rule
        self.message: Final = message
        at = where if line is None else f"{where}, line {line}"
        super().__init__(f"{at}: {message} (rule: {rule})")


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Cap(_Table, frozen=True, kw_only=True):
    """What the program never exceeds. *mph* None: the belt is off and the walker pushes it."""

    mph: Decimal | None = None
    incline: Annotated[int, Meta(ge=0, le=15)] = 0
    walk_s: Whole


class Needs(_Table, frozen=True, kw_only=True):
    """What has to be true before the program is offered. What is left out is not asked for."""

    clean_first_steps: Whole = 0
    clean_sessions: Whole = 0
    over_weeks: Whole = 0
    comfort_mph: Decimal = Decimal(0)
    comfort_clean: Whole = 0  # clean sessions at that comfort speed
    main_s: Whole = 0
    main_clean: Whole = 0  # clean sessions at that main time
    pain_at_most: Annotated[int, Meta(ge=0, le=10)] | None = None
    effort_at_most: Annotated[int, Meta(ge=0, le=10)] | None = None
    undizzy_sessions: Whole = 0  # no dizziness in the last so many
    age_at_most: Whole | None = None
    staff: bool = False  # a staff PIN, each time
    staff_first_visit: bool = False
    staff_from_age: Whole | None = None
    second_pin_above_mph: Decimal | None = None
    clinician: bool = False
    owner: bool = False  # the owner's and the maker's written agreement, for each machine
    no_flags: tuple[str, ...] = ()  # screening flags that lock it
    expires_sessions: Whole | None = None
    expires_days: Whole | None = None


class Levels(_Table, frozen=True, kw_only=True):
    """Everything a variant may be played at; the verifier goes through all of it."""

    comfort_mph: tuple[Decimal, Decimal] | None = None  # from, to, 0.1 apart
    new_steps_mph: tuple[Decimal, ...] = ()  # T = C + one of these
    pt_mph: tuple[Decimal, Decimal] | None = None
    main_s: tuple[Whole, ...] = ()
    hill: tuple[Annotated[int, Meta(ge=0, le=15)], ...] = ()
    sets: tuple[tuple[Whole, Whole], ...] = ()  # (number of sets, main seconds)


Number = int | float | str


class PhaseSpec(_Table, frozen=True, kw_only=True):
    """One line of ``phases``: a named stretch, or a ramp to a speed, or a ramp to a slope."""

    name: Words | None = None
    s: int | str | None = None
    mph: Number | None = None
    incline: int | str = 0
    cues: str = ""
    new: bool = False  # the speed or slope is new to the member
    rest: bool = False  # the belt is stopped, the member stands on the side rails
    off_belt: bool = False  # beside the treadmill
    push: bool = False  # the belt is off and locked out; the walker pushes it
    ramp: Number | None = None
    hill: int | str | None = None


@dataclass(frozen=True, slots=True)
class PlannedCue:
    """A cue that a phase asks for: at a share of the phase (0-1), at seconds into it, or when there is room."""

    id: str
    at_share: float | None = None
    at_s: float | None = None


_CUE: Final = re.compile(r"^([A-Z]\d+)(?:@(\d+)(%|s))?$")


def planned_cues(text: str) -> tuple[PlannedCue, ...]:
    """The cues of a phase: ``T1 T4 A1@50% A2@60s``. Raises ValueError naming the word that is none."""
    cues = []
    for word in text.split():
        match = _CUE.match(word)
        if match is None:
            raise ValueError(f'"{word}" is no cue; write its id, with @50% or @60s where it has a place')
        number = match.group(2)
        share = int(number) / 100 if number and match.group(3) == "%" else None
        seconds = float(number) if number and match.group(3) == "s" else None
        cues.append(PlannedCue(match.group(1), share, seconds))
    return tuple(cues)


class VariantSpec(_Table, frozen=True, kw_only=True):
    """One way through the program."""

    id: Words
    mastered_mph: Decimal | None = None  # fixed-speed variants: the fastest speed walked before; None: C (or PT)
    phases: tuple[PhaseSpec, ...]


class _File(_Table, frozen=True, kw_only=True):
    id: ProgramId
    title: Annotated[str, Meta(min_length=1, max_length=32)]
    who: Words
    need: Words
    sources: dict[str, Words]
    cap: Cap
    needs: Needs = Needs()
    levels: Levels = Levels()
    enabled: bool = True
    supervised_visits: Whole = 0  # staff present for the first so many
    note: str = ""
    variant: Annotated[tuple[VariantSpec, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Program:
    """A program as its file says it, with the line of each part for messages."""

    id: str
    title: str
    who: str
    need: str
    sources: Mapping[str, str]
    cap: Cap
    needs: Needs
    levels: Levels
    enabled: bool
    supervised_visits: int
    note: str
    variants: tuple[VariantSpec, ...]
    where: str
    lines: Mapping[str, int] = field(repr=False, compare=False)

    def variant(self, id_: str) -> VariantSpec:
        """The variant *id_*. Raises KeyError."""
        for variant in self.variants:
            if variant.id == id_:
                return variant
        raise KeyError(id_)

    def line_of(self, part: str) -> int | None:
        """The line of a part such as ``cap.mph`` or ``variant[0].phases[2]``, or of what holds it."""
        while part:
            if part in self.lines:
                return self.lines[part]
            part = part.rpartition(".")[0]
        return None


def parse_program(text: str, where: str) -> Program:
    """Read a program file's text. Raises ProgramError (rule ``format``)."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = int(found.group(1)) if found else None
        raise ProgramError(where, line, "format", f"not valid TOML: {error}") from error
    lines = _lines(text)
    try:
        spec = msgspec.convert(raw, _File)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        part = path.rstrip("`").lstrip(".")
        raise ProgramError(where, _nearest(lines, part), "format", f"{part or 'file'}: {message}") from error
    program = Program(
        id=spec.id,
        title=spec.title,
        who=spec.who,
        need=spec.need,
        sources=spec.sources,
        cap=spec.cap,
        needs=spec.needs,
        levels=spec.levels,
        enabled=spec.enabled,
        supervised_visits=spec.supervised_visits,
        note=spec.note,
        variants=spec.variant,
        where=where,
        lines=lines,
    )
    _check_shape(program)
    return program


def _check_shape(program: Program) -> None:
    if not program.sources:
        raise ProgramError(program.where, None, "source", "[sources] is empty; say where the program comes from")
    ids = [variant.id for variant in program.variants]
    for index, id_ in enumerate(ids):
        if id_ in ids[:index]:
            line = program.line_of(f"variant[{index}]")
            raise ProgramError(program.where, line, "format", f'there are two variants "{id_}"')
    for v_index, variant in enumerate(program.variants):
        for p_index, phase in enumerate(variant.phases):
            part = f"variant[{v_index}].phases[{p_index}]"
            problem = _phase_problem(phase)
            if problem:
                raise ProgramError(program.where, program.line_of(part), "format", f"{part}: {problem}")


def _phase_problem(phase: PhaseSpec) -> str:
    ramps = (phase.ramp is not None) + (phase.hill is not None)
    if ramps == 2:
        return "a phase is a ramp of speed or of slope, never both"
    if ramps:
        others = (phase.name, phase.s, phase.mph, phase.cues, phase.incline)
        if any(others) or phase.new or phase.rest or phase.off_belt or phase.push:
            return "a ramp has nothing beside it"
        return ""
    try:
        planned_cues(phase.cues)
    except ValueError as error:
        return str(error)
    if phase.name is None or phase.s is None:
        return "a phase needs name and s (or it is a ramp or a hill)"
    still = phase.rest + phase.off_belt + phase.push
    if still > 1:
        return "rest is on the side rails, off_belt beside the treadmill, push on a belt that is off; choose one"
    if still and phase.mph is not None:
        return "the motor is stopped here; leave mph out"
    if not still and phase.mph is None:
        return "mph is missing"
    return ""


_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?")
_KEY: Final = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=\s*(\[?)")


def _lines(text: str) -> dict[str, int]:
    """The line of each table, key and element of a ``phases`` list, as msgspec names them."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    within = ""  # the list whose elements stand one to a line
    element = 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header and not within:
            name = header.group(2)
            if header.group(1) == "[[":
                index = counts.get(name, 0)
                counts[name] = index + 1
                name = f"{name}[{index}]"
            table = f"{name}."
            lines[name] = number
            continue
        if within:
            if line.lstrip().startswith("{"):
                lines[f"{within}[{element}]"] = number
                element += 1
            elif line.lstrip().startswith("]"):
                within = ""
            continue
        key = _KEY.match(line)
        if key:
            lines[f"{table}{key.group(1)}"] = number
            if key.group(2) and line.count("[") > line.count("]"):
                within, element = f"{table}{key.group(1)}", 0
    return lines


def _nearest(lines: Mapping[str, int], part: str) -> int | None:
    while part:
        if part in lines:
            return lines[part]
        shorter = part.rpartition(".")[0]
        if not shorter and part.endswith("]"):
            shorter = part.rpartition("[")[0]
        part = shorter
    return None
