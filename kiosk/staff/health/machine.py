"""The machine that the kiosk runs on, as files and short commands; tests give it another root and other answers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

COMMAND_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said. *code* is its exit code."""

    code: int
    out: str


def run_quietly(words: Sequence[str]) -> Answer | None:
    """Run a command that only looks; None where there is no such command, or it does not end in time."""
    try:
        done = subprocess.run(list(words), capture_output=True, text=True, timeout=COMMAND_S, check=False)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return Answer(done.returncode, done.stdout)


@dataclass(frozen=True)
class Machine:
    """Where to look. *root* stands for ``/``."""

    root: Path = Path("/")
    run: Callable[[Sequence[str]], Answer | None] = run_quietly
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def read(self, path: str) -> str | None:
        """The text of a small file, without white space around it; None where it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip("\0 \n\t")
        except OSError:
            return None

    def names(self, path: str, pattern: str = "*") -> list[str]:
        """Names in a directory, sorted; none where there is no such directory."""
        return sorted(found.name for found in (self.root / path).glob(pattern))

    def exists(self, path: str) -> bool:
        """Whether there is such a file or directory."""
        return (self.root / path).exists()
