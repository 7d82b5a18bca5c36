"""Which treadmill this kiosk is bound to, as staff chose it: ``binding.toml`` in the data directory.

It overrides the configuration's ``treadmill.address`` and ``gym.treadmill_label``. Only the kiosk's side writes it;
guard, belt and stopper read it when they start.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from hardware.config.files import keep_and_replace
from hardware.config.profiles import toml_text

FILE: Final = "binding.toml"


class BindingError(Exception):
    """The binding cannot be used or written; the text says what to do."""


class Proof(StrEnum):
    """How it was made sure that this address is the treadmill that people stand at. Never by moving its belt."""

    STICKER = "sticker"  # staff read it off the treadmill
    KEY = "key"  # its own safety key was pulled, and it said so (2ADA 03)
    NONE = "none"  # not yet: it is listened to so that its key can prove it; nothing is written, nobody walks


class Binding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One treadmill, by its address, and who bound it when (UTC, ISO 8601)."""

    address: Annotated[str, Meta(pattern="^([0-9A-F]{2}:){5}[0-9A-F]{2}$")]
    label: Annotated[str, Meta(min_length=1, max_length=60)]
    bound_by: Annotated[str, Meta(min_length=1, max_length=80)]
    bound_at: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+]00:00)$")]
    proved_by: Proof = Proof.STICKER


def load_binding(directory: Path) -> Binding | None:
    """The binding kept in the data *directory*; None: staff have chosen none. Raises BindingError."""
    path = directory / FILE
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Binding)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise BindingError(f"{directory} cannot be read by this user: put sudo before the command.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BindingError(f"Which treadmill is bound cannot be read from {path}: {error}.") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BindingError(
            f"{path} does not say which treadmill is bound: {error}. Remove that file and bind the treadmill again."
        ) from error


def save_binding(directory: Path, binding: Binding) -> None:
    """Bind. Counts when guard and belt are started anew (Rebind). Raises BindingError."""
    text = "# Written when staff bound this treadmill.\n"
    text += "".join(f"{key} = {toml_text(value)}\n" for key, value in msgspec.to_builtins(binding).items())
    try:
        msgspec.convert(tomllib.loads(text), Binding)
        keep_and_replace(directory / FILE, text)
    except msgspec.ValidationError as error:
        raise BindingError(f"That treadmill cannot be bound: {error}.") from error
    except OSError as error:
        raise BindingError(f"{directory / FILE} cannot be written: {error.strerror}.") from error


def remove_binding(directory: Path) -> bool:
    """Unbind: the configuration's own address holds again. True if there was a binding. Raises BindingError."""
    try:
        (directory / FILE).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise BindingError(f"{directory / FILE} cannot be removed: {error.strerror}.") from error
    return True


def proved(directory: Path) -> bool:
    """False while staff are proving a binding: until then that treadmill is only listened to. Raises BindingError."""
    binding = load_binding(directory)
    return binding is None or binding.proved_by is not Proof.NONE
