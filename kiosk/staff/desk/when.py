"""Days and times as the desk shows them: the machine's time zone, the same order in every language."""

from __future__ import annotations

from datetime import datetime


def day_text(utc_ms: int) -> str:
    """2026-07-11; a dash for never."""
    return datetime.fromtimestamp(utc_ms / 1000).astimezone().strftime("%Y-%m-%d") if utc_ms > 0 else "–"


def time_text(utc_ms: int) -> str:
    """2026-07-11 08:15; a dash for never."""
    return datetime.fromtimestamp(utc_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M") if utc_ms > 0 else "–"


def short_time(utc_ms: int, now_ms: int) -> str:
    """07-11 08:15 within the year of *now_ms*, else with its year: what fits beside other things."""
    text = time_text(utc_ms)
    return text[5:] if text[:4] == time_text(now_ms)[:4] and utc_ms > 0 else text
