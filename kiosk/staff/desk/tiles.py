"""The menu, one line a tile: its catalogue key, its icon, the right it wants, and the page it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kiosk.staff.desk.accounts import AccountsPage
from kiosk.staff.desk.caps import CapsPage
from kiosk.staff.desk.exporting import ExportPage
from kiosk.staff.desk.members import MembersPage
from kiosk.staff.desk.model import Page
from kiosk.staff.desk.override import OverridePage
from kiosk.staff.desk.reporting import ReportsPage
from kiosk.staff.pin import Right


@dataclass(frozen=True, slots=True)
class MenuTile:
    """*key*: the text is ``menu.KEY``. *right* None: for everybody who is signed in."""

    key: str
    icon: str
    right: Right | None
    page: Callable[[], Page]


TILES: Final[tuple[MenuTile, ...]] = (
    MenuTile("caps", "chevron_down", Right.CAPS, CapsPage),
    MenuTile("members", "person", Right.MEMBERS, MembersPage),
    MenuTile("override", "hand", None, OverridePage),
    MenuTile("export", "arrow_right", Right.MEMBERS, ExportPage),
    MenuTile("reports", "rails", None, ReportsPage),
    MenuTile("accounts", "digits", None, AccountsPage),
)
