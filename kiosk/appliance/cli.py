"""``retrowalk update ...`` and ``retrowalk setup``, for kiosk.cli."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from kiosk.appliance import ask, bundle, helper, update
from kiosk.appliance.ask import AskError, Verb
from kiosk.appliance.bundle import UpdateError

app = typer.Typer(no_args_is_help=True)
update_app = typer.Typer(no_args_is_help=True, help="Signed updates from a USB stick.")
app.add_typer(update_app, name="update")

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="PATH", help=f'The folder "{bundle.FOLDER}", or what holds it; else a USB stick.'),
]
KeyFile = Annotated[Path, typer.Option("--key", help="The public key to check with.")]


def _fail(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(2)


def _folder(path: Path) -> Path:
    return path / bundle.FOLDER if (path / bundle.FOLDER).is_dir() else path


def _ask_or_do(verb: Verb) -> None:
    """Without a path the helper unit looks for the stick: as root directly, else by asking."""
    if os.geteuid() == 0:
        raise typer.Exit(update.from_stick(verb, ask.Desk(), helper.belt_moves))
    try:
        ask.ask(verb)
    except AskError:
        raise _fail("Looking at a USB stick needs rights of the machine: put sudo before this command.") from None
    typer.echo("Asked for. The System page of the staff's desk shows what came of it.")


@update_app.command("check")
def update_check(path: Folder = None, key: KeyFile = bundle.KEY) -> None:
    """Say whether the update is whole, signed, newer and for this machine. Changes nothing."""
    if path is None:
        _ask_or_do(Verb.UPDATE_CHECK)
        return
    try:
        version, package, _ = update.look(_folder(path), update.Places(key=key), update.Machine())
    except UpdateError as error:
        raise _fail(str(error)) from error
    typer.echo(f"Version {version} ({package.file}, {package.size / 1e6:.1f} MB) can be installed: whole and signed.")


@update_app.command("apply")
def update_apply(path: Folder = None) -> None:
    """Install the update, with the belt at rest; if the new version does not work, the old one comes back."""
    if path is None:
        _ask_or_do(Verb.UPDATE)
        return
    if os.geteuid() != 0:
        raise _fail("Installing needs rights of the machine: put sudo before this command.")
    places, folder = update.Places(), _folder(path)
    try:
        bundle.check_key(places.key)  # without one no stick helps
        bundle.check_folder(folder)
        staged = bundle.fetch(folder, places.store / "staging")
        typer.echo(update.apply(staged, places, update.Machine(), helper.belt_moves))
    except UpdateError as error:
        raise _fail(str(error)) from error
    except OSError as error:
        raise _fail(bundle.no_room(error)) from error


@update_app.command("trust")
def update_trust(
    file: Annotated[Path, typer.Argument(help="The public key of whoever signs your updates.")],
    to: Annotated[Path, typer.Option("--to", help="Where it is kept.")] = bundle.KEY,
) -> None:
    """Take a public key: from then on updates signed with its other half are accepted, and no others."""
    if not file.is_file():
        raise _fail(f"There is no file {file}. Give the public key of whoever signs your updates (it ends in .pub).")
    try:
        bundle.check_key(file)
        to.parent.mkdir(parents=True, exist_ok=True)
        part = to.with_name(f".{to.name}.part")
        shutil.copyfile(file, part)
        part.chmod(0o644)
        part.replace(to)
    except UpdateError as error:
        raise _fail(str(error)) from error
    except OSError as error:
        raise _fail(f"{to} cannot be written ({error.strerror}): put sudo before this command.") from error
    typer.echo(f"Updates are checked with {to} from now on.")
