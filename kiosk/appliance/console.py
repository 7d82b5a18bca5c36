"""Where the kiosk cannot draw it can still write: one plain page on the console that systemd gave it."""

from __future__ import annotations

import contextlib
import os
import re
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

HOLD_S: Final = 40.0
"""How long the page stands before systemd tries again. Ten failures in 300 s would reboot the machine (the unit's
limit is for screens that crash); what a person has to mend must not."""

LOOK_S: Final = 0.2
KIOSKS_CONSOLE: Final = "/dev/tty1"
_CLEAR: Final = "\x1b[2J\x1b[H\x1b[?25l"
_WIDTH: Final = 70


def page(sentence: str) -> str:
    """What is written: what is wrong, what the belt does, what to do."""
    body = textwrap.fill(sentence, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    return (
        (
            f"{_CLEAR}\r\n\r\n  RETRO WALK CANNOT START ITS SCREEN\r\n\r\n{body}\r\n\r\n"
            "  Nobody walks: without the screen the belt does not start.\r\n"
            "  Technician: log in over the network and type  sudo retrowalk doctor\r\n"
            "  It tries again by itself in a minute.\r\n"
        )
        .replace("\r\n", "\n")
        .replace("\n", "\r\n")
    )


def on_kiosks_console(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> bool:
    """True for a command that somebody types on the console that the kiosk takes (tty1).

    sudo gives its command a terminal of its own: then the login session knows which one it began on.
    """
    with contextlib.suppress(OSError):
        if os.ttyname(0) == KIOSKS_CONSOLE:
            return True
    if environment.get("SUDO_TTY") == KIOSKS_CONSOLE:
        return True
    try:
        session = re.search(r"/session-(\w+)\.scope", (root / "proc/self/cgroup").read_text("utf-8"))
        told = "" if session is None else (root / "run/systemd/sessions" / session[1]).read_text("utf-8")
    except OSError:
        return False
    return f"TTY={Path(KIOSKS_CONSOLE).name}" in told.splitlines()


def on_appliance(environment: Mapping[str, str]) -> bool:
    """True where systemd started this process and gave it a console as its standard input."""
    return "INVOCATION_ID" in environment and os.isatty(0)


def explain(sentence: str, leave: Callable[[], bool], sleep: Callable[[float], None] = time.sleep) -> None:
    """Write *sentence* on the console and let it stand, until told to *leave*."""
    try:
        os.write(0, page(sentence).encode("utf-8", "replace"))
    except OSError:
        return  # the journal has it in any case
    waited_s = 0.0
    while waited_s < HOLD_S and not leave():
        sleep(LOOK_S)
        waited_s += LOOK_S
