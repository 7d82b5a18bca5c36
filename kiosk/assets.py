"""Where the assets are: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGED: Final = Path(__file__).parent / "_assets"
_CHECKOUT: Final = Path(__file__).parent.parent / "assets"


def assets_directory() -> Path:
    """The directory that holds fonts, voice, sounds, programs, cues and locale."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
