"""What the kiosk may ask of the machine it runs on, without any privilege of its own.

The kiosk puts an empty file named after what it wants into a directory that only its user can write. A path unit
starts ``retrowalk-ask.service`` (root, no capability), which removes the file, refuses while a belt is ours and
moves, and starts the one unit that belongs to that name. Nothing that the kiosk writes is ever read by root.
Answers come back in a directory that only root can write.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

ASK_DIRECTORY: Final = Path("/run/retrowalk-ask")
ANSWER_DIRECTORY: Final = Path("/run/retrowalk-answer")


class Verb(StrEnum):
    """Everything that can be asked for. Each is the name of the file that asks."""

    RESTART = "restart"  # guard, belt, stopper and kiosk anew
    REBOOT = "reboot"
    POWER_OFF = "power-off"
    UPDATE_CHECK = "update-check"  # look for a signed bundle on a USB stick, and check it
    UPDATE = "update"  # the same, and install it


class AskError(Exception):
    """The machine cannot be asked; the text is a sentence for staff."""


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a wish. *done* is False while it is under way."""

    verb: Verb
    done: bool
    ok: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Where wishes go and answers come from; elsewhere in tests."""

    asks: Path = ASK_DIRECTORY
    answers: Path = ANSWER_DIRECTORY


def available(desk: Desk = Desk()) -> bool:
    """True on the appliance, where somebody answers."""
    return desk.asks.is_dir() and os.access(desk.asks, os.W_OK | os.X_OK)


def ask(verb: Verb, desk: Desk = Desk()) -> None:
    """Ask for *verb*. Returns at once. Raises AskError where nobody would answer."""
    try:
        os.close(os.open(desk.asks / verb.value, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise AskError(
            "This machine cannot be restarted or updated from here: that works on the installed appliance only."
        ) from error


def answer(verb: Verb, desk: Desk = Desk()) -> Answer | None:
    """The newest answer to *verb*; None if there is none, or none that can be read."""
    try:
        return msgspec.json.decode((desk.answers / f"{verb.value}.json").read_bytes(), type=Answer)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def tell(told: Answer, desk: Desk = Desk()) -> None:
    """Root's side: put *told* where the kiosk can read it, whole or not at all. Raises OSError."""
    part = desk.answers / f".{told.verb.value}.part"
    part.write_bytes(msgspec.json.encode(told))
    part.chmod(0o644)
    part.replace(desk.answers / f"{told.verb.value}.json")


def take(desk: Desk = Desk()) -> list[Verb]:
    """Root's side: what is asked for, each once; the files are removed, whatever their names."""
    asked: list[Verb] = []
    for entry in sorted(os.scandir(desk.asks), key=lambda entry: entry.name):
        with contextlib.suppress(OSError):
            os.unlink(entry.path)  # noqa: PTH108  # a name from a directory that another user writes: no Path games
        with contextlib.suppress(ValueError):
            asked.append(Verb(entry.name))
    return asked
