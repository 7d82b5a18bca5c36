"""Everything at once, as ``retrowalk doctor`` prints it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hardware.config import Config
from kiosk.locale import Catalogue
from kiosk.staff.health import computer, house, record
from kiosk.staff.health.beacon import Beacon
from kiosk.staff.health.finding import Finding, Level, do_words, exit_code, found_words, name_of
from kiosk.staff.health.house import WireLook
from kiosk.staff.health.machine import Machine
from kiosk.store.moment import Moment

MARKS = {Level.FINE: "ok", Level.DO: "DO", Level.BLIND: "??"}


@dataclass(frozen=True, slots=True)
class Examined:
    """What there is to tell."""

    findings: tuple[Finding, ...]
    versions: dict[str, str]
    wires: tuple[str, ...] = ()  # each wire's line, as the technician reads it

    @property
    def exit_code(self) -> int:
        """See finding.exit_code."""
        return exit_code(self.findings)


def examine(
    machine: Machine,
    *,
    config: Config | None,
    config_found: Finding,
    directory: Path,
    at: Moment,
    beacon: Beacon | None,
    radio: str | None,
    look: WireLook | None,
    alone: bool = False,
) -> Examined:
    """Look at everything. *radio*: see computer.bluetooth; *look*: the wires, where the guard is not running.

    *alone*: a guard runs without a kiosk; it holds the pins, and nobody can ask it."""
    status = None if beacon is None else beacon.status
    bluetooth = config is None or not config.simulated
    findings = (
        config_found,
        record.disk(directory),
        record.record(directory),
        record.backups(directory, at),
        record.service(directory),
        computer.clock(machine),
        *((computer.bluetooth(machine, radio),) if bluetooth else ()),
        *house.treadmill(config, directory, status),
        house.guard(status, kiosk_runs=beacon is not None, alone=alone),
        *(() if alone else house.wires(config, status, look)),
        *computer.pins(machine),
        *house.opening(status),
        computer.display(machine, None if beacon is None else beacon.driver),
        *(panel(beacon) if beacon is not None else ()),
        computer.touch(machine),
        computer.sound(machine),
        computer.heat(machine),
        computer.power(machine),
        computer.services(machine),
    )
    return Examined(findings, computer.versions(machine), () if look is None else look.lines)


def panel(beacon: Beacon) -> tuple[Finding, ...]:
    """Whether the panel is large enough for where it stands."""
    return (todo_panel(),) if beacon.too_small else ()


def todo_panel() -> Finding:
    """The panel is too small for its distance (screens.md A7)."""
    return Finding("panel", Level.DO, "small")


def text(texts: Catalogue, examined: Examined) -> str:
    """For a terminal: what is wrong first, and what to do about each."""
    order = sorted(examined.findings, key=lambda found: list(Level).index(found.level))
    wrong = [found for found in order if found.level is not Level.FINE]
    lines = [_line(texts, found) for found in wrong]
    lines += [_line(texts, found) for found in order if found.level is Level.FINE]
    if examined.wires:
        lines += ["", *examined.wires]
    lines += ["", "  ".join(f"{name} {value}" for name, value in examined.versions.items())]
    lines += ["", texts.count("health.sum", len(wrong)) if wrong else texts("health.all_well")]
    return "\n".join(lines) + "\n"


def _line(texts: Catalogue, found: Finding) -> str:
    line = f"{MARKS[found.level]}  {name_of(texts, found)}: {found_words(texts, found)}"
    to_do = do_words(texts, found)
    return f"{line}\n      {to_do}" if to_do else line


def as_data(texts: Catalogue, examined: Examined) -> dict[str, object]:
    """For ``--json`` and the bundle."""
    return {
        "exit_code": examined.exit_code,
        "versions": examined.versions,
        "findings": [
            {
                "check": found.check,
                "level": found.level,
                "key": found.key,
                "values": {name: str(value) for name, value in found.values.items()},
                "found": found_words(texts, found),
                "do": do_words(texts, found),
            }
            for found in examined.findings
        ],
        "wires": list(examined.wires),
    }


def keys_of(findings: Sequence[Finding]) -> list[str]:
    """For tests: which texts these findings need."""
    keys = []
    for found in findings:
        keys += [f"health.{found.check}.name", f"health.{found.check}.{found.key}"]
        if found.level is not Level.FINE:
            keys.append(f"health.{found.check}.{found.key}_do")
    return keys
