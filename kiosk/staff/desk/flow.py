"""Which page of the desk may come on top of which. The member's screens: kiosk/screens/flow.py.

Every page leads back to the one below it, and by signing out to the session's own screen; that needs no entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kiosk.intents import ScreenId

S = ScreenId

ASKING: Final = frozenset({S.STAFF_PICK, S.STAFF_PAD, S.STAFF_TYPE, S.STAFF_CONFIRM, S.STAFF_NOTE})
"""Small pages that ask one thing and close: a choice, digits, letters, a yes that is held, a message to read."""

LEADS_TO: Final[Mapping[ScreenId, frozenset[ScreenId]]] = {
    S.STAFF_SETUP: frozenset({S.STAFF_MENU}),
    S.STAFF_MENU: frozenset(
        {
            S.STAFF_CAPS, S.STAFF_MEMBERS, S.STAFF_ACCOUNTS, S.STAFF_OVERRIDE, S.STAFF_EXPORT, S.STAFF_REPORTS,
            S.STAFF_LOG, S.STAFF_FAULTS, S.STAFF_TREADMILL, S.STAFF_DIAGNOSTICS, S.STAFF_SYSTEM,
        }
    ),
    S.STAFF_CAPS: frozenset({S.STAFF_CAP}),
    S.STAFF_LOG: frozenset({S.STAFF_EVENT}),
    S.STAFF_EVENT: frozenset({S.STAFF_BOX, S.STAFF_LOG}),
    S.STAFF_FAULTS: frozenset({S.STAFF_FAULT}),
    S.STAFF_TREADMILL: frozenset({S.STAFF_TREADMILL, S.STAFF_PROCEDURE}),
    S.STAFF_DIAGNOSTICS: frozenset({S.STAFF_TOUCH}),
    S.STAFF_MEMBERS: frozenset({S.STAFF_MEMBER}),
    S.STAFF_MEMBER: frozenset({S.STAFF_CAP}),
    S.STAFF_ACCOUNTS: frozenset({S.STAFF_ACCOUNT}),
}  # fmt: skip


def may_follow(screen: ScreenId, to: ScreenId) -> bool:
    """Whether *to* may open on *screen*."""
    return to in ASKING or to in LEADS_TO.get(screen, frozenset())
