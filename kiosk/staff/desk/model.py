"""Who is at the desk, what its pages may know, and what may happen to them. All frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hardware.link.messages import Refused, SafetyEvent, Status
from kiosk.intents import Intent
from kiosk.locale import Catalogue
from kiosk.session.setup import Setup
from kiosk.staff.desk.errands import Answered
from kiosk.staff.pin import Right, may
from kiosk.store.kinds import Role
from kiosk.store.records import Cap, Staff

IDLE_S: Final = 60.0
"""Nobody touches for so long: signed out (screens A11). The header counts the seconds down."""

WARN_S: Final = 45.0

NOBODY: Final = Staff("", "", Role.STAFF, active=False, created_ms=0)
"""Before the first account there is nobody to sign in; nothing but making that account is open to them."""


@dataclass(frozen=True, slots=True)
class SecondPin:
    """A PIN was tried while a desk is open: whose it is, or None; *wait_s* until the keypad takes another."""

    staff: Staff | None
    wait_s: float = 0.0
    broken: bool = False


DeskEvent = Intent | Answered | SecondPin | Status | Refused | SafetyEvent


@dataclass(frozen=True, slots=True)
class Here:
    """What a page may know besides itself. Read at one instant."""

    now_s: float
    setup: Setup
    status: Status | None  # None: the guard does not answer
    caps: tuple[Cap, ...]  # rows as last read
    texts: Catalogue
    who: Staff
    since_s: float  # since the page on top came up
    utc_ms: int = 0  # 0: the record has not said what time it is yet

    def may(self, right: Right) -> bool:
        """Whether who is signed in has the right."""
        return may(self.who, right)
