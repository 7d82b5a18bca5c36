"""What the running kiosk leaves in the runtime directory for ``retrowalk doctor``: it holds the one seat at the guard
and the one display, so nobody else can ask. A few hundred bytes in memory, written while nobody walks.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from hardware.link.messages import Status

NAME: Final = "kiosk.json"
EVERY_S: Final = 5.0
FRESH_S: Final = 30.0
"""A walk writes none: an older one tells nothing of now."""


class Beacon(msgspec.Struct, frozen=True, kw_only=True):
    """The kiosk at monotonic second *at_s*."""

    at_s: float
    pid: int
    screen: str
    driver: str  # SDL's video driver
    size: tuple[int, int]
    too_small: bool  # the panel for its viewing distance
    sound: str  # '' while it can be heard, else why not
    status: Status | None  # the guard's last word


def write(directory: Path, beacon: Beacon) -> None:
    """Leave *beacon*; where the directory cannot be written nobody will read it either."""
    part = directory / f".{NAME}.part"
    with contextlib.suppress(OSError):
        part.write_bytes(msgspec.json.encode(beacon))
        part.replace(directory / NAME)


def read(directory: Path, now_s: float) -> Beacon | None:
    """The kiosk's word, if it is recent, the kiosk lives, and this user may read it."""
    try:
        found = msgspec.json.decode((directory / NAME).read_bytes(), type=Beacon)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None
    try:
        os.kill(found.pid, 0)
    except PermissionError:
        pass  # alive, and somebody else's
    except OSError:
        return None
    return found if 0.0 <= now_s - found.at_s <= FRESH_S else None
