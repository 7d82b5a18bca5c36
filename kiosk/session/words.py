"""Reasons in words, for members' screens and the staff's desk alike."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hardware.units import SpeedUnit, ckmh_from_mph
from kiosk.locale import Catalogue


def sentence_in(texts: Catalogue, units: SpeedUnit, key: str, values: Mapping[str, str | int | Decimal]) -> str:
    """A reason in words of *texts*; empty for an empty key."""
    if not key:
        return ""
    shown: dict[str, object] = dict(values)
    mph = values.get("speed_mph")
    if isinstance(mph, Decimal):
        shown["speed"] = f"{texts.speed(ckmh_from_mph(mph), units)} {texts(f'unit.{units.name.lower()}')}"
    weekday = values.get("weekday")
    if weekday is not None:
        shown["day"] = texts(f"day.{weekday}")
    return texts(key, **shown)
