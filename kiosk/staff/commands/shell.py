"""What all commands share: one sentence for a refusal, tables, JSON, PINs, and the options they have in common.

Exit codes: 0 done; 1 the record could not do it (none there, damaged, in use, disk full); 2 what was asked for cannot
be (a cap of 99, an empty name, an unknown member, a wrong PIN). PINs are asked for, or read from standard input with
``--pin-stdin`` one a line; never an argument, which every user of the machine could read in the list of processes.
"""

from __future__ import annotations

import getpass
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from hardware.config import Config, ConfigError, load_config
from hardware.units import ckmh_from_kmh, ckmh_from_mph
from kiosk.store.ids import IdSource
from kiosk.store.kinds import AgeBand, Role, Severity
from kiosk.store.moment import Moment, wall_utc_ms
from kiosk.store.records import Staff, StoreError

if TYPE_CHECKING:
    pass

SYSTEM_CONFIG: Final = Path("/etc/retrowalk/retrowalk.toml")
EXIT_RECORD: Final = 1
EXIT_ASKED: Final = 2
EXITS: Final = (
    "Exit code 0: done. 1: the record could not do it (none there, damaged, in use, disk full). "
    "2: what was asked for cannot be. The sentence on standard error says what to do."
)
"""Below the help of every command that goes by these."""


Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Directory of the record (else the configuration's).")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The kiosk's configuration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
PinStdin = Annotated[bool, typer.Option("--pin-stdin", help="Read PINs from standard input, one a line.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="The member's six digits.")]


class AskedError(Exception):
    """What was asked for cannot be; the text is a sentence."""


@contextmanager
def sentences() -> Iterator[None]:
    """Turn refusals into one sentence on standard error and an exit code."""
    from kiosk.store.trouble import RecordError

    try:
        yield
    except RecordError as error:
        _leave(str(error), EXIT_RECORD)
    except (StoreError, ConfigError, AskedError) as error:
        _leave(str(error), EXIT_ASKED)


def _leave(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def config_of(file: Path | None) -> Config:
    """The configuration in *file*, else the appliance's, where this is one, else the defaults. Raises ConfigError."""
    if file is None:
        return load_config(SYSTEM_CONFIG) if SYSTEM_CONFIG.exists() else Config()
    return load_config(file)


def directory_of(data: Path | None, config: Path | None) -> Path:
    """Where the record is: ``--data``, else what the configuration says, else its default."""
    return data if data is not None else config_of(config).data_directory


def now() -> Moment:
    """The moment of the command."""
    return Moment(time.monotonic(), wall_utc_ms())


def shell_user() -> str:
    """Who the audit names for a command without a PIN."""
    return f"shell ({getpass.getuser()})"


def print_json(value: object) -> None:
    """One JSON document, readable, on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """A table for people, or the sentence *empty* where there is nothing to show."""
    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    # Wide enough for every column when the output goes into a file or a pipe.
    Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False).print(table)


class PinPad:
    """Where PINs come from: asked for without echo, or lines of standard input."""

    def __init__(self, *, stdin: bool) -> None:
        self._stdin: Final = stdin

    def ask(self, prompt: str, *, twice: bool = False) -> str:
        """One PIN. Raises AskedError where there is none to be had."""
        if self._stdin:
            line = sys.stdin.readline()
            if not line:
                raise AskedError(f"{prompt}: standard input ended. Give one PIN a line.")
            return line.strip()
        if not sys.stdin.isatty():
            raise AskedError(f"{prompt}: there is no terminal to ask at. Use --pin-stdin.")
        pin = str(typer.prompt(prompt, hide_input=True))
        if twice and str(typer.prompt("The same again", hide_input=True)) != pin:
            raise AskedError("The two PINs differ. Nothing was changed.")
        return pin


_LOCKED: Final = "Too many wrong PINs: locked for another {:.0f} s."


def sign_in(directory: Path, pad: PinPad, ids: IdSource, at: Moment, prompt: str) -> Staff:
    """A staff member, by PIN. The try is committed before it is checked."""
    from kiosk.staff import pin as pins
    from kiosk.store.commands import for_command

    with for_command(directory, at) as connection:
        if pins.first_account_needed(connection):
            raise AskedError(
                "There is no staff account yet. Add the owner's first: retrowalk staff add NAME --role owner."
            )
        wait_s = pins.locked_s(connection, at.utc_ms)
    if wait_s > 0:
        raise AskedError(_LOCKED.format(wait_s))
    typed = pad.ask(prompt)
    with for_command(directory, at) as connection:
        # By the clock as it is now: a prompt may stand for hours, and others lock the keypad meanwhile.
        wait_s, _ = pins.claim_try(connection, now().utc_ms)
    if wait_s > 0:
        raise AskedError(_LOCKED.format(wait_s))
    with for_command(directory, at) as connection:
        told = pins.sign_in_now(connection, ids, at, typed, where="shell")
    if told.staff is None:
        if told.wait_s > 0:
            raise AskedError(f"Wrong PIN. Locked for {told.wait_s:.0f} s.")
        raise AskedError(f"Wrong PIN. {told.left} tries left before the keypad locks.")
    return told.staff


_SPEED: Final = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(mph|km/?h|kph)?\s*$", re.IGNORECASE)


def speed_of(text: str) -> int:
    """0.01 km/h of ``2.5``, ``2.5km/h`` or ``1.5mph``. Raises AskedError."""
    found = _SPEED.match(text)
    if found is None:
        raise AskedError(f'"{text}" is no speed. Write 2.5 or 2.5km/h, or 1.5mph.')
    number, unit = Decimal(found.group(1)), (found.group(2) or "km/h").lower()
    return ckmh_from_mph(number) if unit == "mph" else ckmh_from_kmh(number)


def speed_text(speed_ckmh: int | None) -> str:
    """Both units, for tables."""
    from kiosk.staff.caps import speed_words

    return "-" if speed_ckmh is None else speed_words(speed_ckmh)


def checked(kind: type[AgeBand | Role | Severity], text: str, what: str) -> str:
    """*text* if it is one of *kind*. Raises AskedError with the choices."""
    if text not in list(kind):
        raise AskedError(f'"{text}" is no {what}. Choose one of: {", ".join(kind)}.')
    return text
