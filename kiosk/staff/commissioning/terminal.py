"""Instructions on a terminal, and keys as answers; a line a page where there is no terminal.

Enter and the space bar do what is asked for (go on, tap); S stops the belt, R repeats, K skips, Y and N answer, L
leaves. Where nothing is asked for the space bar stops the belt. Numbers are typed and sent with Enter. Nothing here
waits: a terminal that does not take what is written holds up the loop, the guard hears no more of it and stops the
belt.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.text import Text

from hardware.link.messages import Status
from hardware.units import SpeedUnit
from kiosk.locale import Catalogue
from kiosk.staff.commissioning.instruction import Act, Awaits, Deed, Instruction, filled, speed_words
from kiosk.trouble import told

DRAW_S: Final = 0.200
KEYS: Final = {
    Act.STOP: "s",
    Act.REPEAT: "r",
    Act.SKIP: "k",
    Act.YES: "y",
    Act.NO: "n",
    Act.LEAVE: "l",
}
ENTER: Final = ("\n", "\r", " ")


class Keys:
    """The keyboard of a terminal, key by key, never waited for. A context manager: the terminal is put back."""

    def __init__(self) -> None:
        self._file: Final = sys.stdin.fileno()
        self._before: list[Any] | None = None

    def __enter__(self) -> Keys:
        self._before = termios.tcgetattr(self._file)
        tty.setcbreak(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def read(self) -> str:
        """What was typed since the last call."""
        typed = b""
        while select.select([self._file], [], [], 0)[0]:
            data = os.read(self._file, 64)
            if not data:
                break
            typed += data
        return typed.decode("utf-8", "replace")


def main_choice(shown: Instruction) -> Act | None:
    """What Enter means: the first choice that is neither stopping nor leaving."""
    return next((act for act in shown.choices if act not in (Act.STOP, Act.LEAVE, Act.NUMBER)), None)


class Typed:
    """Keys into deeds. Numbers grow digit by digit."""

    def __init__(self) -> None:
        self.digits = ""
        self._page = ""

    def deeds(self, text: str, shown: Instruction, now_s: float) -> tuple[Deed, ...]:
        """What *text* answers to *shown*."""
        if shown.page != self._page:
            self._page, self.digits = shown.page, ""
        found: list[Deed] = []
        letters = {key: act for act, key in KEYS.items() if act in shown.choices}
        for key in text:
            if shown.awaits is Awaits.NUMBER and key.isdigit():
                self.digits = (self.digits + key)[-5:]
            elif shown.awaits is Awaits.NUMBER and key in ("\x7f", "\b"):
                self.digits = self.digits[:-1]
            elif shown.awaits is Awaits.NUMBER and key in ENTER:
                usual = None if shown.number is None else shown.number.usual
                number = int(self.digits) if self.digits else usual
                if number is not None:
                    found.append(Deed(Act.NUMBER, now_s, number))
                self.digits = ""
            elif key.lower() in letters:
                found.append(Deed(letters[key.lower()], now_s))
            elif key in ENTER and (act := main_choice(shown)) is not None:
                found.append(Deed(act, now_s))
            elif key == " " and Act.STOP in shown.choices:  # the widest key, where it has no other meaning
                found.append(Deed(Act.STOP, now_s))
        return tuple(found)


class TerminalFace:
    """Draws with rich, reads keys. A context manager."""

    def __init__(self, say: Catalogue, unit: SpeedUnit, heading: str) -> None:
        self._say: Final = say
        self._unit: Final = unit
        self._heading: Final = heading
        self._keys: Final = Keys()
        self._typed: Final = Typed()
        self._live: Final = Live(console=Console(), auto_refresh=False, transient=True)
        self._drawn_s: float | None = None
        self._drawn: Instruction | None = None

    def __enter__(self) -> TerminalFace:
        self._keys.__enter__()
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        self._keys.__exit__(kind, error, trace)

    def show(self, shown: Instruction, status: Status | None, now_s: float) -> None:
        """Draw, a few times a second and at once when the page changes."""
        due = self._drawn_s is None or now_s - self._drawn_s >= DRAW_S
        if not due and shown == self._drawn:
            return
        self._drawn_s, self._drawn = now_s, shown
        self._live.update(
            panel(self._say, self._unit, self._heading, shown, status, self._typed.digits), refresh=True
        )

    def deeds(self, shown: Instruction, now_s: float) -> tuple[Deed, ...]:
        """The keys pressed."""
        return self._typed.deeds(self._keys.read(), shown, now_s)


def panel(
    say: Catalogue, unit: SpeedUnit, heading: str, shown: Instruction, status: Status | None, digits: str = ""
) -> Panel:
    """One instruction as a picture of text."""
    steps = "opening_check.step" if shown.title.startswith("opening_check") else "commission.step"
    names = tuple(key for key in sorted(say.keys()) if key.startswith(steps + "."))
    parts: list[Any] = [
        Text(filled(say, shown.title, shown, unit), style="bold"),
        Text(filled(say, shown.body, shown, unit)),
        Text(""),
    ]
    parts += [Text(f"• {say(f'commission.missing.{one}')}", style="yellow") for one in shown.blocked]
    if shown.trouble:
        parts.append(Text(told(say, shown.trouble), style="yellow"))
    if shown.wanted:
        parts.append(ProgressBar(total=shown.wanted, completed=shown.done, width=40))
    if shown.number is not None:
        usual = f"  [{shown.number.usual}]" if shown.number.usual is not None else ""
        parts.append(Text(f"{shown.number.low} - {shown.number.high} mm{usual}: {digits}▏"))
    if status is not None and status.measured_ckmh is not None:
        parts.append(Text(speed_words(say, status.measured_ckmh, unit), style="bold red" if shown.moving else "dim"))
    parts += [Text(""), Text(keys_line(say, shown), style="dim")]
    return Panel(
        Group(*parts),
        title=f"{heading}  {shown.n}/{shown.m}" if names else heading,
        border_style="red" if shown.moving else "blue",
        width=88,
        padding=(1, 2),
    )


def keys_line(say: Catalogue, shown: Instruction) -> str:
    """Which keys count now."""
    words = []
    main = main_choice(shown)
    if shown.awaits is Awaits.NUMBER:
        words.append(f"Enter: {say('commission.act.number')}")
    elif main is not None:
        words.append(f"Enter: {say(f'commission.act.{main}')}")
    words += [f"{key.upper()}: {say(f'commission.act.{act}')}" for act, key in KEYS.items() if act in shown.choices]
    return "   ".join(words)


class LineFace:
    """A line for each new page: for logs, pipes and scripted technicians. Answers nothing."""

    def __init__(self, say: Catalogue, unit: SpeedUnit) -> None:
        self._say: Final = say
        self._unit: Final = unit
        self._page = ""

    def show(self, shown: Instruction, _status: Status | None, now_s: float) -> None:
        """One line, on standard error."""
        key = f"{shown.n} {shown.page} {shown.speeds}"
        if key == self._page:
            return
        self._page = key
        text = filled(self._say, shown.title, shown, self._unit)
        why = f": {filled(self._say, shown.body, shown, self._unit)}" if shown.page in ("failed", "unusable") else ""
        print(f"{now_s:9.1f} s  {shown.n}/{shown.m}  {text}{why}", file=sys.stderr, flush=True)

    def deeds(self, _shown: Instruction, _now_s: float) -> tuple[Deed, ...]:
        """Nobody is there."""
        return ()
