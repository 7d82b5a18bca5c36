"""What a look at one thing has found, as data; the words are in the catalogue (``health.CHECK.KEY``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.locale import Catalogue
from kiosk.trouble import told


class Level(StrEnum):
    """What it means for staff."""

    FINE = "fine"
    DO = "do"  # there is something to do
    BLIND = "blind"  # it could not be looked at


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: *check* is what was looked at, *key* what was found, *values* fill the sentence.

    *detail* is a ready sentence from the part itself (the belt process, the guard), where it knows better.
    """

    check: str
    level: Level
    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    detail: str = ""


def fine(check: str, key: str, **values: object) -> Finding:
    """All is well."""
    return Finding(check, Level.FINE, key, values)


def todo(check: str, key: str, detail: str = "", **values: object) -> Finding:
    """Somebody has to do something; the catalogue says what (``health.CHECK.KEY_do``)."""
    return Finding(check, Level.DO, key, values, detail)


def blind(check: str, key: str, detail: str = "", **values: object) -> Finding:
    """It cannot be told from here; the catalogue says what would help (``health.CHECK.KEY_do``)."""
    return Finding(check, Level.BLIND, key, values, detail)


def name_of(texts: Catalogue, finding: Finding) -> str:
    """What was looked at."""
    return texts(f"health.{finding.check}.name")


def found_words(texts: Catalogue, finding: Finding) -> str:
    """What was found."""
    found = texts(f"health.{finding.check}.{finding.key}", **finding.values)
    return f"{found} {told(texts, finding.detail)}" if finding.detail else found


def do_words(texts: Catalogue, finding: Finding) -> str:
    """What to do; empty where all is well."""
    if finding.level is Level.FINE:
        return ""
    return texts(f"health.{finding.check}.{finding.key}_do", **finding.values)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 all is well; 1 there is something to do; 2 nothing to do, but something could not be looked at."""
    levels = {finding.level for finding in findings}
    return 1 if Level.DO in levels else 2 if Level.BLIND in levels else 0
