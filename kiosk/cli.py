"""The command ``retrowalk``; mounts hardware.cli."""

from __future__ import annotations

import typer

import hardware.cli
import kiosk.staff.cli

app = typer.Typer(
    name="retrowalk",
    help="Guided backward walking on FTMS treadmills.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Guided backward walking on FTMS treadmills."""
    # With a callback typer keeps the command's name even where there is only one.


app.registered_commands.extend(hardware.cli.app.registered_commands)
app.registered_groups.extend(hardware.cli.app.registered_groups)
app.registered_commands.extend(kiosk.staff.cli.app.registered_commands)
app.registered_groups.extend(kiosk.staff.cli.app.registered_groups)


def main() -> None:
    """Entry point of the distribution."""
    app()
