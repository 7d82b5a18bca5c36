"""``retrowalk doctor --bundle``: what somebody far away needs to help, and nothing about a person.

Left out: the gym's and the treadmill's name, every name and code of members and staff, scores, PIN hashes, who signed
what. Events go without the ``detail`` of what staff did. What remains of free text (the journal, sentences) is
searched for every name and code on record, and those are struck out.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from kiosk.locale import Catalogue
from kiosk.staff.health import report
from kiosk.staff.health.machine import Machine
from kiosk.store.commands import reading
from kiosk.store.models import BlackBoxRow, EventRow, MemberRow, StaffRow
from kiosk.store.moment import Moment, iso
from kiosk.store.records import StoreError
from kiosk.store.repositories import events

OUT: Final = "(left out)"
EVENTS: Final = 2000
BOXES: Final = 20
JOURNAL_LINES: Final = 3000
_PERSONAL_KEYS: Final = re.compile(r"(^|_)(by|who|name|signer|signed|staff|treadmill_label|label|reason)($|_)")
_QUIET_KINDS: Final = frozenset({"trip", "stop", "rest", "reset", "arm", "start", "escalation", "store"})
"""Events whose detail the machine wrote. All others may hold a name."""


class Scrub:
    """Strikes every known name, code and house name out of a text."""

    def __init__(self, words: Iterable[str]) -> None:
        known = sorted({word for word in words if len(word) >= 2}, key=len, reverse=True)
        pattern = "|".join(re.escape(word) for word in known)
        self._known: Final = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE) if pattern else None
        self._hash: Final = re.compile(r"\$argon2\S*")
        self._home: Final = re.compile(r"/home/[^/\s\"]+")

    def __call__(self, text: str) -> str:
        """*text* without them."""
        if self._known is not None:
            text = self._known.sub(OUT, text)
        return self._home.sub("/home/~", self._hash.sub(OUT, text))


def names_on_record(connection: Connection) -> list[str]:
    """Every name, each of its parts, and every member code."""
    words: list[str] = []
    for name, code in connection.execute(select(MemberRow.name, MemberRow.code)):
        words.append(code)
        words += [name, *name.split()] if name else []
    for (name,) in connection.execute(select(StaffRow.name)):
        words += [name, *name.split()]
    return words


def without_personal(table: Mapping[str, object]) -> dict[str, object]:
    """A configuration, binding or profile with everything that may name a house or a person struck out."""
    kept: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            kept[key] = without_personal(value)
        else:
            kept[key] = OUT if isinstance(value, str) and _PERSONAL_KEYS.search(key) else value
    return kept


def house_names(path: Path) -> list[str]:
    """What a TOML file of ours calls the gym, the treadmill, the people."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []
    tables = [table, *(value for value in table.values() if isinstance(value, dict))]
    return [
        value for one in tables for key, value in one.items() if isinstance(value, str) and _PERSONAL_KEYS.search(key)
    ]


def _toml(path: Path) -> bytes:
    """One of our TOML files as JSON, without names; what cannot be parsed is not passed on."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return f"{type(error).__name__}: it cannot be read\n".encode()
    return msgspec.json.format(msgspec.json.encode(without_personal(table)), indent=2)


def _events(connection: Connection) -> bytes:
    rows = connection.execute(select(*events.COLUMNS).order_by(EventRow.at_ms.desc()).limit(EVENTS))
    lines = []
    for row in rows.mappings():
        line = {key: value for key, value in row.items() if key not in ("at_ms", "detail")}
        line["at"] = iso(row["at_ms"])
        line["detail"] = row["detail"] if row["kind"] in _QUIET_KINDS else ""
        lines.append(msgspec.json.encode(line))
    return b"\n".join(lines) + b"\n"


def _boxes(connection: Connection) -> list[tuple[str, bytes]]:
    rows = connection.execute(
        select(BlackBoxRow.event_id, BlackBoxRow.format, BlackBoxRow.content)
        .order_by(BlackBoxRow.at_ms.desc())
        .limit(BOXES)
    )
    return [(f"blackbox/{row.event_id}.{row.format.replace('+', '.')}", row.content) for row in rows]


def _journal(machine: Machine) -> str:
    told = machine.run(
        [
            "journalctl",
            "-u",
            "retrowalk-*",
            "-n",
            str(JOURNAL_LINES),
            "--no-pager",
            "-o",
            "short-iso",
            "--no-hostname",
        ]
    )
    return "" if told is None or told.code != 0 else told.out


def parts(
    machine: Machine, texts: Catalogue, examined: report.Examined, config: Path, directory: Path
) -> list[tuple[str, bytes]]:
    """Everything that goes in, by name."""
    own = [path for path in (config, directory / "binding.toml") if os.access(path, os.R_OK)]
    words, found = [word for path in own for word in house_names(path)], list[tuple[str, bytes]]()
    told = "It could be read."
    try:
        with reading(directory) as connection:
            words += names_on_record(connection)
            found.append(("events.jsonl", _events(connection)))
            found += _boxes(connection)
    except (StoreError, SQLAlchemyError) as error:
        told = str(error)
    scrub = Scrub(words)
    data = msgspec.json.format(msgspec.json.encode(report.as_data(texts, examined)), indent=2).decode()
    named = [("report.txt", report.text(texts, examined)), ("report.json", data), ("record.txt", told + "\n")]
    # Without the record nobody knows which words to strike out of the journal: it stays here.
    if found:
        named.append(("journal.txt", _journal(machine)))
    clean = [(name, scrub(text).encode()) for name, text in named]
    clean += [(name, scrub(content.decode()).encode() if name.endswith("l") else content) for name, content in found]
    if os.access(config, os.R_OK):
        clean.append(("config.json", scrub(_toml(config).decode()).encode()))
    for path in [directory / "binding.toml", *sorted((directory / "profiles").glob("*.toml"))]:
        if os.access(path, os.R_OK):
            clean.append((f"{path.stem}.json", scrub(_toml(path).decode()).encode()))
    return clean


def write(path: Path, content: Sequence[tuple[str, bytes]], at: Moment) -> None:
    """One gzipped tar, readable by its owner alone. Raises OSError."""
    with closing(io.BytesIO()) as memory:
        with tarfile.open(fileobj=memory, mode="w:gz") as archive:
            for name, data in content:
                info = tarfile.TarInfo(f"retrowalk-doctor/{name}")
                info.size, info.mtime, info.mode = len(data), at.utc_ms // 1000, 0o600
                archive.addfile(info, io.BytesIO(data))
        path.touch(mode=0o600)
        path.write_bytes(memory.getvalue())
