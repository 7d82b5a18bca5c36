"""The menu, one line a tile: its catalogue key, its icon, the right it wants, and the page it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kiosk.staff.desk.accounts import AccountsPage
from kiosk.staff.desk.caps import CapsPage
from kiosk.staff.desk.diagnostics import DiagnosticsPage
from kiosk.staff.desk.exporting import ExportPage
from kiosk.staff.desk.faults import FaultsPage
from kiosk.staff.desk.log import LogPage
from kiosk.staff.desk.members import MembersPage
from kiosk.staff.desk.override import OverridePage
from kiosk.staff.desk.reporting import ReportsPage
from kiosk.staff.desk.system import SystemPage
from kiosk.staff.desk.treadmill import TreadmillPage
from kiosk.staff.desk.turn import Page
from kiosk.staff.pin import Right


@dataclass(frozen=True, slots=True)
class MenuTile:
    """*key*: the text is ``menu.KEY``. *right* None: for everybody who is signed in."""

    key: str
    icon: str
    right: Right | None
    page: Callable[[], Page]


TILES: Final[tuple[MenuTile, ...]] = (
    MenuTile("treadmill", "rails", Right.RESET, TreadmillPage),
    MenuTile("faults", "octagon", Right.RESET, FaultsPage),
    MenuTile("log", "lines", None, LogPage),
    MenuTile("caps", "chevron_down", Right.CAPS, CapsPage),
    MenuTile("members", "person", Right.MEMBERS, MembersPage),
    MenuTile("override", "hand", None, OverridePage),
    MenuTile("export", "arrow_right", Right.MEMBERS, ExportPage),
    MenuTile("reports", "bars", None, ReportsPage),
    MenuTile("diagnostics", "speaker", None, DiagnosticsPage),
    MenuTile("accounts", "digits", None, AccountsPage),
    MenuTile("system", "gear", Right.SYSTEM, SystemPage),
)
