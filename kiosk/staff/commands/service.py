"""``retrowalk staff service``: whether the treadmill is out of service, and back into it."""

from __future__ import annotations

import typer

from kiosk.staff.commands.shell import (
    AsJson,
    AskedError,
    ConfigFile,
    Data,
    PinPad,
    PinStdin,
    Reason,
    directory_of,
    now,
    print_json,
    print_table,
    sentences,
    sign_in,
)
from kiosk.store.ids import IdSource
from kiosk.store.moment import iso, local_text

app = typer.Typer(no_args_is_help=True, help="Out of service after the third same fault in 7 days, and back.")


@app.command("show")
def show(data: Data = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """What holds the treadmill out of service, and how often each fault came within 7 days."""
    from kiosk.store.commands import reading
    from kiosk.store.repositories import service

    with sentences():
        with reading(directory_of(data, config)) as connection:
            found = service.read(connection, now().utc_ms)
        if as_json:
            faults = [
                {"cause": one.cause, "times": one.count, "first": iso(one.first_ms), "last": iso(one.last_ms)}
                for one in found.tallies
            ]
            print_json({"in_service": not found.hold, "hold": found.hold or None, "faults": faults})
            return
        typer.echo(f"Out of service: {found.hold}." if found.hold else "In service.")
        print_table(
            ("fault", "times", "first", "last"),
            [(one.cause, str(one.count), local_text(one.first_ms), local_text(one.last_ms)) for one in found.tallies],
            "No fault in the last 7 days.",
        )


@app.command("clear")
def clear(*, reason: Reason = "", pin_stdin: PinStdin = False, data: Data = None, config: ConfigFile = None) -> None:
    """Back into service, once it was repaired: an owner's PIN, and what was done (--reason).

    The staff's Faults page sees each contact move before it lets go; a shell cannot. A kiosk that runs takes it up
    within seconds.
    """
    from kiosk.staff.pin import Right, may
    from kiosk.store.commands import for_command, reading
    from kiosk.store.repositories import service

    with sentences():
        directory, pad, at, ids = directory_of(data, config), PinPad(stdin=pin_stdin), now(), IdSource()
        with reading(directory) as connection:
            hold = service.read(connection, at.utc_ms).hold
        if not hold:
            raise AskedError("The treadmill is in service. There is nothing to clear.")
        if not reason.strip():
            raise AskedError("Say what was repaired: --reason TEXT.")
        owner = sign_in(directory, pad, ids, at, "Owner's PIN")
        if not may(owner, Right.ACCOUNTS):
            raise AskedError(f"{owner.name} is {owner.role}. Only an owner brings it back into service.")
        with for_command(directory, at) as connection:
            cause = service.clear(connection, ids, at, who=owner.name, reason=reason.strip())
        typer.echo(f"Back in service; it was out for: {cause or hold}.")
        typer.echo("No contact was proved here. Try clip and red button at the treadmill before anybody walks.")
