"""``retrowalk staff``: accounts, their PINs, and what they did."""

from __future__ import annotations

from typing import Annotated

import typer

from kiosk.staff.commands import service
from kiosk.staff.commands.shell import (
    AsJson,
    AskedError,
    ConfigFile,
    Data,
    PinPad,
    PinStdin,
    Reason,
    checked,
    directory_of,
    now,
    print_json,
    print_table,
    sentences,
    shell_user,
    sign_in,
)
from kiosk.store.ids import IdSource
from kiosk.store.kinds import Role
from kiosk.store.moment import iso, local_text
from kiosk.store.records import Staff

app = typer.Typer(no_args_is_help=True, help="Staff accounts, their PINs, and what they did.")
app.add_typer(service.app, name="service")


def staff_json(staff: Staff) -> dict[str, object]:
    """A staff account as ``--json`` shows one."""
    return {
        "id": staff.id,
        "name": staff.name,
        "role": staff.role,
        "active": staff.active,
        "created": iso(staff.created_ms),
    }


@app.command("add")
def staff_add(
    *,
    name: Annotated[str, typer.Argument(help="The name that the log shall show.")],
    role: Annotated[str, typer.Option(help="staff, owner or physio. The first account is an owner's.")] = "staff",
    pin_stdin: PinStdin = False,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Add an account. An owner signs in first; the very first account needs nobody.

    With --pin-stdin: the owner's PIN on the first line (not for the very first account), then the new PIN.
    """
    from kiosk.staff import pin as pins
    from kiosk.store.commands import for_command

    with sentences():
        directory, pad, at, ids = directory_of(data, config), PinPad(stdin=pin_stdin), now(), IdSource()
        kind = Role(checked(Role, role, "role"))
        if not name.strip():
            raise AskedError("The name is empty. Give the name that the log shall show.")
        with for_command(directory, at, create=True) as connection:
            first = pins.first_account_needed(connection)
        if first and kind is not Role.OWNER:
            raise AskedError("The first account is the owner's. Add it with --role owner.")
        by = None if first else sign_in(directory, pad, ids, at, "Owner's PIN")
        typed = pad.ask(f"New PIN for {name} (six digits)", twice=True)
        with for_command(directory, at) as connection:
            staff = pins.add_account(connection, ids, at, name=name, role=kind, pin=typed, by=by)
        if as_json:
            print_json(staff_json(staff))
        else:
            typer.echo(f"Added {staff.name} as {staff.role}.")


@app.command("list")
def staff_list(data: Data = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """All accounts."""
    from kiosk.staff import pin as pins
    from kiosk.store.commands import reading

    with sentences():
        with reading(directory_of(data, config)) as connection:
            found = pins.every(connection)
        if as_json:
            print_json([staff_json(staff) for staff in found])
            return
        print_table(
            ("name", "role", "state", "since"),
            [
                (
                    staff.name,
                    staff.role.value,
                    "active" if staff.active else "retired",
                    local_text(staff.created_ms),
                )
                for staff in found
            ],
            "There is no staff account yet. Add the owner's first: retrowalk staff add NAME --role owner.",
        )


@app.command("pin")
def staff_pin(
    *,
    name: Annotated[str, typer.Argument(help="Whose PIN.")],
    forgotten: Annotated[bool, typer.Option("--forgotten", help="An owner's: no PIN is asked for.")] = False,
    pin_stdin: PinStdin = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Change a PIN: one's own, or anybody's by an owner. With --pin-stdin: first your PIN, then the new one.

    An owner who has forgotten theirs, with no other owner there, gets a new one with --forgotten. Whoever has this
    shell has the machine; the audit says so.
    """
    from kiosk.staff import pin as pins
    from kiosk.store.commands import for_command

    with sentences():
        directory, pad, at, ids = directory_of(data, config), PinPad(stdin=pin_stdin), now(), IdSource()
        by = None if forgotten else sign_in(directory, pad, ids, at, "Your PIN")
        with for_command(directory, at) as connection:
            staff = pins.by_name(connection, name)
        typed = pad.ask(f"New PIN for {staff.name} (six digits)", twice=True)
        with for_command(directory, at) as connection:
            if by is None:
                pins.replace_forgotten(connection, ids, at, staff=staff, pin=typed, who=shell_user())
            else:
                pins.change_pin(connection, ids, at, staff=staff, pin=typed, by=by)
        typer.echo(f"{staff.name} has a new PIN.")


@app.command("retire")
def staff_retire(
    *,
    name: Annotated[str, typer.Argument(help="Whose account.")],
    reason: Reason = "",
    pin_stdin: PinStdin = False,
    data: Data = None,
    config: ConfigFile = None,
) -> None:
    """Take an account out of use. An owner signs in; the name stays in the audit."""
    from kiosk.staff import pin as pins
    from kiosk.store.commands import for_command

    with sentences():
        directory, pad, at, ids = directory_of(data, config), PinPad(stdin=pin_stdin), now(), IdSource()
        by = sign_in(directory, pad, ids, at, "Owner's PIN")
        with for_command(directory, at) as connection:
            staff = pins.by_name(connection, name)
            pins.retire(connection, ids, at, staff=staff, by=by, reason=reason)
        typer.echo(f"{staff.name} can no longer sign in.")


@app.command("unlock")
def staff_unlock(data: Data = None, config: ConfigFile = None) -> None:
    """End the lock after wrong PINs. Whoever has this shell has the machine; the audit says so."""
    from kiosk.staff import audit
    from kiosk.staff import pin as pins
    from kiosk.store.commands import for_command

    with sentences():
        at, ids = now(), IdSource()
        with for_command(directory_of(data, config), at) as connection:
            wrong = pins.unlock(connection)
            audit.note(
                connection, ids, at, who=shell_user(), action="pin unlocked", subject="kiosk", before=f"{wrong} wrong"
            )
        typer.echo("The keypad is no longer locked.")


@app.command("audit")
def staff_audit(
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    data: Data = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Who did what, when and why, newest first."""
    from kiosk.staff import audit
    from kiosk.store.commands import reading

    with sentences():
        with reading(directory_of(data, config)) as connection:
            found = audit.last(connection, limit)
        if as_json:
            print_json(
                [
                    {
                        "at": iso(entry.at_ms),
                        "who": entry.who,
                        "action": entry.action,
                        "subject": entry.subject,
                        "before": entry.before,
                        "after": entry.after,
                        "reason": entry.reason,
                    }
                    for entry in found
                ]
            )
            return
        print_table(
            ("at", "who", "action", "what", "before", "after", "reason"),
            [
                (
                    local_text(entry.at_ms),
                    entry.who,
                    entry.action,
                    entry.subject,
                    entry.before,
                    entry.after,
                    entry.reason,
                )
                for entry in found
            ],
            "The audit is empty.",
        )
