"""The menu: what may be done here, by this account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.tiles import TILES, MenuTile
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import Item, MenuView


@dataclass(frozen=True, slots=True)
class MenuPage(LongPage):
    """See the top of this file."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_MENU

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A tile."""
        if intent.kind is IntentKind.OPEN:
            tiles = allowed(t.here)
            if 0 <= intent.value < len(tiles):
                t.open(tiles[intent.value].page())

    def view(self, here: Here) -> MenuView:
        """The tiles that this account may open, and the standing notice of a supervised treadmill."""
        items = tuple(
            Item(here.texts(f"menu.{tile.key}"), tile.icon, Intent(IntentKind.OPEN, index))
            for index, tile in enumerate(allowed(here))
        )
        # H0: nothing but Bluetooth can stop the belt, and whoever works here is what stands in for it.
        notice = here.texts("menu.supervised") if here.setup.supervised else ""
        return MenuView(here.texts("menu.title"), items, self.page, notice)


def allowed(here: Here) -> tuple[MenuTile, ...]:
    """The tiles of this account."""
    return tuple(tile for tile in TILES if tile.right is None or here.may(tile.right))
