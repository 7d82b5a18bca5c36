"""What staff do that leaves nothing else in the record: signing out, a reset, a procedure. One audit entry each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from kiosk.staff import audit
from kiosk.staff.desk.errands import Write
from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment

KIOSK: Final = "kiosk"


@dataclass(frozen=True, slots=True)
class Note(Write):
    """An audit entry, and that alone. No name of a member, code, PIN or score in any of it."""

    who: str
    action: str
    subject: str
    before: str = ""
    after: str = ""

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """The entry."""
        audit.note(
            connection,
            ids,
            at,
            who=self.who,
            action=self.action,
            subject=self.subject,
            before=self.before,
            after=self.after,
        )


def signed_out(who: str, *, idle: bool = False) -> Note:
    """Somebody of the staff has left, or was signed out because nobody touched the screen."""
    return Note(who, "signed out", KIOSK, after="idle" if idle else "")
