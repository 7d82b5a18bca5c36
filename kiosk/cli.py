"""The command ``retrowalk``; mounts hardware.cli."""

from __future__ import annotations

import typer

import hardware.cli

app = typer.Typer(
    name="retrowalk",
    help="Guided backward walking on FTMS treadmills.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.registered_commands.extend(hardware.cli.app.registered_commands)
app.registered_groups.extend(hardware.cli.app.registered_groups)


def main() -> None:
    """Entry point of the distribution."""
    app()
