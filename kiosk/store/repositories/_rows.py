"""From a row to a frozen record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def record(kind: type[T], row: Mapping[Any, Any]) -> T:
    """The row as *kind*, a frozen dataclass whose fields are the row's columns; types are checked, enums made.

    Raises msgspec.ValidationError for a row that the constraints should have refused.
    """
    return msgspec.convert(dict(row), kind)
