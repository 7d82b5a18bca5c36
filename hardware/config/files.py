"""Configuration that staff write from the kiosk's side: files that are there whole at every instant."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hardware.config.profiles import Profile, ProfileError, parse_profile, profile_path, profile_toml


def save_profile(directory: Path, profile: Profile) -> Path:
    """Write *profile* below the data *directory* in one step; the one before stays beside it as ``.1``.

    Raises ProfileError where it names no address, contradicts itself, or cannot be written.
    """
    if profile.address is None:
        raise ProfileError("A profile without the address of its treadmill cannot be kept.")
    path = profile_path(directory, profile.address)
    text = profile_toml(profile)
    parse_profile(text, str(path))  # what is written can be read again
    try:
        keep_and_replace(path, text)
    except OSError as error:
        raise ProfileError(f"The treadmill profile {path} cannot be written: {error.strerror}.") from error
    return path


def keep_and_replace(path: Path, text: str) -> None:
    """Put *text* at *path* so that at every instant either the old file or the new one is there whole.

    The old one is kept beside it as ``.1``. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(path.suffix + ".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    old = path.with_suffix(path.suffix + ".1")
    old.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.link(path, old)
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
