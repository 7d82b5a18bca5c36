"""Days and times as the desk shows them: the machine's time zone, the same order in every language."""

from __future__ import annotations

from datetime import datetime


def day_text(utc_ms: int) -> str:
    """2026-07-11; a dash for never."""
    return datetime.fromtimestamp(utc_ms / 1000).astimezone().strftime("%Y-%m-%d") if utc_ms > 0 else "–"


def time_text(utc_ms: int) -> str:
    """2026-07-11 08:15; a dash for never."""
    return datetime.fromtimestamp(utc_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M") if utc_ms > 0 else "–"
