"""The menu, one line a tile: its catalogue key, its icon, the right it wants, and the page it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kiosk.staff.desk.model import Page
from kiosk.staff.pin import Right


@dataclass(frozen=True, slots=True)
class MenuTile:
    """*key*: the text is ``menu.KEY``. *right* None: for everybody who is signed in."""

    key: str
    icon: str
    right: Right | None
    page: Callable[[], Page]


TILES: Final[tuple[MenuTile, ...]] = ()
