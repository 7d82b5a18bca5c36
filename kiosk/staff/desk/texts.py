"""The texts that the desk finds by a name, so that a missing one is found at start and not in front of staff."""

from __future__ import annotations

from hardware.config.binding import Proof
from kiosk.staff.caps import Source
from kiosk.staff.desk.asking import REASONS
from kiosk.staff.desk.exporting import RANGES
from kiosk.staff.desk.granted import REASONS as OVERRIDES
from kiosk.staff.desk.members import ACTIONS, ERASE_WHY
from kiosk.staff.desk.own_key import PHASES
from kiosk.staff.desk.tiles import TILES
from kiosk.staff.desk.treadmill import HOW
from kiosk.store.kinds import CapScope, Role, Screened

ASKED = (
    "staff.no_record", "staff.refused", "staff.other_person", "keypad.wrong_pin", "keypad.no_record",
    "accounts.easy_pin",
    "accounts.six_digits", "accounts.not_the_same", "accounts.name_taken", "accounts.last_owner", "accounts.added",
    "accounts.pin_changed", "caps.changed_meanwhile", "caps.two_wanted", "caps.undone", "caps.cleared", "caps.raised",
    "caps.lowered", "members.no_such", "members.same_one", "members.done", "export.not_written", "export.written",
)  # fmt: skip
"""What an errand or a page may answer."""


def keys() -> frozenset[str]:
    """The keys, for ``Catalogue.require``."""
    scopes = [scope for scope in CapScope if scope not in (CapScope.PROGRAM,)]
    return frozenset(
        [
            *ASKED,
            *REASONS,
            *ERASE_WHY,
            *(f"menu.{tile.key}" for tile in TILES),
            *(f"reason_override.{name}" for name in OVERRIDES),
            *(f"caps.scope_{scope.value}" for scope in scopes),
            *(f"caps.source_{source.value}" for source in Source),
            *(f"members.{name}" for name in ACTIONS),
            *(f"treadmill.key_{phase}" for phase in PHASES),
            *(f"treadmill.proved_{proof.value}" for proof in Proof),
            *HOW,
            *(f"members.screened_{outcome.value}" for outcome in Screened),
            *(f"accounts.role_{role.value}" for role in Role),
            *(f"export.range_{name}" for name in RANGES),
        ]
    )
