"""What the kiosk brings along: texts, cues, programs and the coach's numbers, read once at start from ``assets``.

Each part's own loader judges it; here they are read, held against each other, and refused with one plain sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.coach.cues import CueBook, CueError, parse_cues
from kiosk.coach.programs import Program, ProgramError, parse_program
from kiosk.coach.rules import Rules, RulesError, parse_rules
from kiosk.coach.screening import Screening, ScreeningError, parse_screening
from kiosk.coach.verify import verify
from kiosk.coach.week import Week, WeekError, parse_week
from kiosk.locale import Catalogue, LocaleError, load_catalogues


class ContentError(Exception):
    """Something that the kiosk needs cannot be used; the text says what and where."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that is data and not code."""

    rules: Rules
    programs: Mapping[str, Program]
    books: Mapping[str, CueBook]  # by language
    texts: Mapping[str, Catalogue]  # by language
    week: Week

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages a member can choose."""
        return tuple(self.texts)


def read_rules(assets: Path) -> Rules:
    """The coach's numbers. Raises ContentError."""
    try:
        return parse_rules(_read(assets / "coaching.toml"), str(assets / "coaching.toml"))
    except RulesError as error:
        raise ContentError(str(error)) from error


def read_books(assets: Path) -> dict[str, CueBook]:
    """The cues of every language. Raises ContentError."""
    directory = assets / "cues"
    when = _read(directory / "cues.toml")
    books = {}
    for path in sorted(directory.glob("??.toml")):
        try:
            books[path.stem] = parse_cues(when, _read(path), str(path))
        except CueError as error:
            raise ContentError(str(error)) from error
    return books


def read_screening(assets: Path) -> Screening:
    """The questions before a walk. Raises ContentError."""
    path = assets / "screening.toml"
    try:
        return parse_screening(_read(path), str(path))
    except ScreeningError as error:
        raise ContentError(str(error)) from error


def read_programs(directories: Sequence[Path]) -> dict[str, Program]:
    """Every program file in *directories*, a gym's own after ours. Raises ContentError, ProgramError."""
    programs: dict[str, Program] = {}
    for directory in directories:
        for path in sorted(directory.glob("*.toml")):
            program = parse_program(_read(path), str(path))
            known = programs.get(program.id)
            if known is not None:
                raise ProgramError(
                    str(path), program.line_of("id"), "format", f'"{program.id}" is taken by {known.where}'
                )
            programs[program.id] = program
    return programs


def load_content(
    assets: Path, *, own_programs: Path | None = None, required: frozenset[str] = frozenset()
) -> Content:
    """Read and check everything. *required*: texts that screens and session need. Raises ContentError.

    A program that breaks a rule stops the start: it would be worse to find out on a belt.
    """
    rules = read_rules(assets)
    books = read_books(assets)
    try:
        texts = load_catalogues(assets / "locale", required)
        directories = [assets / "programs"]
        if own_programs is not None and own_programs.is_dir():
            directories.append(own_programs)
        programs = read_programs(directories)
    except (LocaleError, ProgramError) as error:
        raise ContentError(str(error)) from error
    try:
        week = parse_week(_read(assets / "week.toml"), programs, str(assets / "week.toml"))
    except WeekError as error:
        raise ContentError(str(error)) from error
    reference = next(iter(texts))
    without = sorted(set(texts) - set(books))
    if without:
        raise ContentError(f"There are texts but no cues for: {', '.join(without)}. Add {assets}/cues/LANGUAGE.toml.")
    for program in programs.values():
        report = verify(program, rules, set(books[reference]))
        if report.violations:
            raise ContentError(str(report.violations[0]))
    return Content(rules, programs, books, texts, week)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path} cannot be read: {error}.") from error
