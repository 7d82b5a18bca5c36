"""What a commissioning has found so far, kept for a day, so that it can be broken off and taken up again.

One JSON file a treadmill in ``commissioning/`` of the data directory, keyed by address, model and firmware inside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from hardware.config.files import keep_and_replace
from kiosk.staff.commissioning.findings import Findings, Identity

KEPT_S: Final = 24 * 3600
VERSION: Final = 1


class Progress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Findings of one treadmill, when they were kept (UTC, milliseconds) and by whom they were made."""

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION
    identity: Identity
    saved_ms: int
    who: str
    found: Findings


def progress_path(directory: Path, address: str) -> Path:
    """Where the progress on *address* is kept below the data *directory*."""
    return directory / "commissioning" / f"{address.replace(':', '-')}.json"


def keep(directory: Path, progress: Progress) -> None:
    """Write *progress*, whole or not at all. Raises OSError."""
    text = msgspec.json.format(msgspec.json.encode(progress), indent=1).decode()
    keep_and_replace(progress_path(directory, progress.identity.address), text)


def kept(directory: Path, address: str, now_ms: int) -> Progress | None:
    """What was kept of *address* and still counts; None: nothing, too old, from the future, or not readable.

    Whether model and firmware are still the same is for the procedure to see, once the treadmill is connected.
    """
    try:
        progress = msgspec.json.decode(progress_path(directory, address).read_bytes(), type=Progress)
    except (OSError, msgspec.DecodeError):
        return None
    fresh = 0 <= now_ms - progress.saved_ms <= KEPT_S * 1000
    return progress if fresh and progress.identity.address == address else None


def forget(directory: Path, address: str) -> None:
    """It is finished, or begins anew. Raises OSError."""
    path = progress_path(directory, address)
    for one in (path, path.with_suffix(path.suffix + ".1")):
        one.unlink(missing_ok=True)
