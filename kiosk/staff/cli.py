"""The staff screens from a shell: members, caps, staff, sessions, events, backup, restore, export. For kiosk.cli."""

from __future__ import annotations

import typer

from kiosk.staff.commands import caps, data, log, members, service, staff, treadmill
from kiosk.staff.commands.shell import EXITS

app = typer.Typer(no_args_is_help=True)
app.add_typer(members.app, name="members")
app.add_typer(caps.app, name="caps")
app.add_typer(staff.app, name="staff")
app.registered_commands.extend(log.app.registered_commands)
app.registered_commands.extend(data.app.registered_commands)
for group in (members.app, caps.app, staff.app, service.app, log.app, data.app):
    for command in group.registered_commands:
        command.epilog = EXITS
app.registered_commands.extend(treadmill.app.registered_commands)
