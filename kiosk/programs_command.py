"""``retrowalk programs``: what there is to walk, proved and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from kiosk.assets import assets_directory

if TYPE_CHECKING:
    from kiosk.coach.plan import Plan
    from kiosk.coach.programs import Program
    from kiosk.coach.rules import Rules

app = typer.Typer(
    name="programs", help="What there is to walk: list it, prove its rules, draw it.", no_args_is_help=True
)

Own = Annotated[Path | None, typer.Option("--own", help="A folder of a gym's own programs, besides ours.")]


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of ``programs verify --json``."""

    programs: int
    plans: int
    violations: list[str]


def _fail(sentence: str, code: int = 2) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(code)


def _load(own: Path | None) -> tuple[dict[str, Program], Rules, set[str]]:
    from kiosk.coach.programs import ProgramError
    from kiosk.content import ContentError, read_books, read_programs, read_rules

    assets = assets_directory()
    if own is not None and not own.is_dir():
        raise _fail(f"{own} is not a folder. Name the folder that holds the program files.")
    try:
        programs = read_programs([assets / "programs", *([own] if own is not None else [])])
        return programs, read_rules(assets), set(read_books(assets)["en"])
    except (ContentError, ProgramError) as error:
        raise _fail(str(error), 1) from error


@app.command("list")
def list_programs(own: Own = None) -> None:
    """Every program, with its cap and what it needs."""
    programs, _, _ = _load(own)
    for program in programs.values():
        cap = "belt off" if program.cap.mph is None else f"{program.cap.mph} mph"
        slope = f", {program.cap.incline} %" if program.cap.incline else ""
        off = "" if program.enabled else "  (disabled)"
        typer.echo(f"{program.id:4} {program.title:22} up to {cap}{slope}, {program.cap.walk_s / 60:g} min{off}")
        typer.echo(f"     {program.who}; needs: {program.need}")


@app.command()
def verify(
    files: Annotated[list[Path] | None, typer.Argument(help="Program files; without any, all of ours.")] = None,
    own: Own = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
) -> None:
    """Expand every variant and level and prove the rules. Exit code 1 if one is broken."""
    from kiosk.coach.programs import ProgramError, parse_program
    from kiosk.coach.verify import verify as prove

    programs, rules, cues = _load(own)
    chosen = list(programs.values())
    if files:
        chosen = []
        for path in files:
            try:
                chosen.append(parse_program(path.read_text(encoding="utf-8"), str(path)))
            except (OSError, UnicodeDecodeError) as error:
                raise _fail(f"{path} cannot be read: {error}.") from error
            except ProgramError as error:
                raise _fail(str(error), 1) from error
    reports = [prove(program, rules, cues) for program in chosen]
    broken = [str(violation) for report in reports for violation in report.violations]
    plans = sum(report.plans for report in reports)
    for report in reports:
        longest = f"longest walk {report.longest_s / 60:.1f} min"
        typer.echo(f"{report.program:4} {report.plans:4} plans, {longest:24} {len(report.violations)} violations")
    for sentence in broken:
        typer.echo(sentence)
    typer.echo(f"{len(reports)} programs, {plans} plans, {len(broken)} violations")
    if as_json:
        made = VerifyReport(programs=len(reports), plans=plans, violations=broken)
        typer.echo(msgspec.json.encode(made).decode())
    if broken:
        raise typer.Exit(1)


@app.command()
def show(
    program_id: Annotated[str, typer.Argument(metavar="ID", help="Such as P2.")],
    png: Annotated[Path | None, typer.Option(help="Draw it to this file.")] = None,
    variant: Annotated[str | None, typer.Option(help="Which variant; the first if not given.")] = None,
    comfort: Annotated[float | None, typer.Option(help="Comfort speed C in mph.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Main time D in minutes.")] = None,
    hill: Annotated[int | None, typer.Option(help="Hill L in percent.")] = None,
    own: Own = None,
) -> None:
    """Its steps at one level, as a table or drawn."""
    from hardware.units import kmh_from_ckmh

    programs, rules, _ = _load(own)
    program = programs.get(program_id.upper()) or programs.get(program_id)
    if program is None:
        raise _fail(f'There is no program "{program_id}". There are: {", ".join(programs)}.')
    plan = _plan(program, rules, variant, comfort, minutes, hill)
    choice = plan.choice
    typer.echo(f"{program.id} {program.title}, variant {choice.variant}: {plan.walk_s / 60:.1f} min of walking")
    for name, source in program.sources.items():
        typer.echo(f"  {name}: {source}")
    for step in plan.steps:
        speed = f"{step.mph} mph  {kmh_from_ckmh(step.speed_ckmh):.2f} km/h" if step.walking else "belt stopped"
        slope = f"  {step.percent} %" if step.percent else ""
        cues = " ".join(cue.id for cue in step.cues)
        typer.echo(f"  {step.start_s:6.0f} s  {step.seconds:4.0f} s  {speed:22}{slope:6} {step.name:14} {cues}")
    if png is not None:
        _draw(plan, png)


def _plan(
    program: Program,
    rules: Rules,
    variant: str | None,
    comfort: float | None,
    minutes: float | None,
    hill: int | None,
) -> Plan:
    from dataclasses import replace
    from decimal import Decimal

    from kiosk.coach.plan import choices, expand
    from kiosk.coach.programs import ProgramError

    known = [choice for choice in choices(program) if variant in (None, choice.variant)]
    if not known:
        names = ", ".join(f'"{v.id}"' for v in program.variants)
        raise _fail(f'{program.id} has no variant "{variant}". It has: {names}.')
    choice = known[len(known) // 2] if variant is None and len(program.variants) == 1 else known[0]
    if comfort is not None:
        new = None if choice.new_mph is None else Decimal(str(comfort)) + program.levels.new_steps_mph[0]
        choice = replace(choice, comfort_mph=Decimal(str(comfort)), new_mph=new)
    if minutes is not None and choice.main_s is not None:
        choice = replace(choice, main_s=round(minutes * 60))
    if hill is not None and choice.hill is not None:
        choice = replace(choice, hill=hill)
    if choice not in known and choice not in set(choices(program)):
        raise _fail(f"{program.id} has no such level. See [levels] in its file for what there is.")
    try:
        return expand(program, choice, rules)
    except ProgramError as error:
        raise _fail(str(error), 1) from error


def _draw(plan: Plan, png: Path) -> None:
    from hardware.units import SpeedUnit
    from kiosk.snapshot import Step
    from kiosk.ui.chart_file import write_speed_chart

    steps = tuple(Step(s.start_s, s.seconds, s.speed_ckmh, s.incline_dpct, s.name) for s in plan.steps)
    try:
        write_speed_chart(png, (), SpeedUnit.MPH, plan=steps)
    except OSError as error:
        raise _fail(f"{png} cannot be written: {error}.") from error
    typer.echo(f"Drawn to {png}.")
