"""That staff let one session happen behind a GATE: the reasons there are, and the audit entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from kiosk.staff import audit
from kiosk.staff.desk.errands import Write
from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment

KIND: Final = "override"
REASONS: Final = ("assessed", "letter", "known", "supervised")
"""Why a gate is opened, as a list: no free health text. Texts: ``reason_override.NAME``."""


@dataclass(frozen=True, slots=True)
class NoteOverride(Write):
    """Who let whom walk, once, and why. *member_id* None: a guest. *first*: the gate was that of a first visit."""

    who: str
    member_id: str | None
    reason: str
    first: bool = False

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """The audit entry alone: the screening stays as it was, or the session keeps what is left of it."""
        subject = "guest" if self.member_id is None else f"member {self.member_id}"
        audit.note(
            connection,
            ids,
            at,
            who=self.who,
            action="override",
            subject=subject,
            before="gate",
            after="one session at base speed" + (", then with its limit" if self.first else ""),
            reason=self.reason,
        )
