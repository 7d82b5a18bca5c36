"""The version that runs."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The version of the installed distribution, for people and for updates."""
    try:
        return metadata.version("retrowalk")
    except metadata.PackageNotFoundError:
        return "unknown"
