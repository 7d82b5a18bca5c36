"""Commands of the hardware side: decode, scan, guard, commission, treadmill, blackbox. Mounted by kiosk.cli."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True)
