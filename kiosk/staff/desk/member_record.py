"""What the desk asks of a member's record, and what it changes there: each change with its audit entry."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from hardware.units import ckmh_from_mph
from kiosk.archive import find_person
from kiosk.session.model import Person
from kiosk.staff import audit
from kiosk.staff.desk.errands import Job, Read, RefusalError, Write
from kiosk.store import export as exports
from kiosk.store.commands import empty_log
from kiosk.store.ids import IdSource
from kiosk.store.kinds import AgeBand, CapScope, Screened
from kiosk.store.moment import DAY_MS, Moment
from kiosk.store.records import Cap, Member, Progress, Screening, SessionRecord, Staff
from kiosk.store.repositories import caps as cap_rows
from kiosk.store.repositories import members, sessions
from kiosk.store.store import Store

SHOWN: Final = 200
LAST: Final = 5
ERASE_S: Final = 30.0
UNLOCK_DAYS: Final = 90
"""A clinician's sign-off holds for so long (coaching section 4: expiry at most 90 days)."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Who was found, and how many members there are."""

    members: tuple[Member, ...]
    every: int


@dataclass(frozen=True, slots=True)
class Search(Read):
    """Members by the beginning of their code or a part of their name."""

    text: str = ""

    def read(self, connection: Connection, at: Moment) -> Hits:
        """At most SHOWN of them."""
        return Hits(members.search(connection, self.text, SHOWN), members.count(connection))


@dataclass(frozen=True, slots=True)
class Detail:
    """One member in full."""

    member: Member
    person: Person
    screening: Screening | None
    cap: Cap | None
    visits: int
    week: int
    last: tuple[SessionRecord, ...]
    utc_ms: int
    balance_ms: int | None = None  # until when their last balance check holds, or held

    @property
    def balance_counts(self) -> bool:
        """65 and older, or a fall: a balance check by staff lifts their limit."""
        return self.member.age_band is AgeBand.OLDER or self.person.limit_waits


@dataclass(frozen=True, slots=True)
class Look(Read):
    """All of one member that the desk shows; None if they are gone."""

    member_id: str

    def read(self, connection: Connection, at: Moment) -> Detail | None:
        """In one snapshot."""
        member = members.by_id(connection, self.member_id)
        person = None if member is None else find_person(connection, member.code, at)
        if member is None or person is None:
            return None
        return Detail(
            member,
            person,
            members.last_screening(connection, member.id),
            cap_rows.one(connection, CapScope.MEMBER, member.id),
            sessions.visits_of_member(connection, member.id),
            sessions.week_of_member(connection, member.id, at.utc_ms)[0],
            sessions.last_of_member(connection, member.id, LAST),
            at.utc_ms,
            members.balance_until_ms(connection, member.id),
        )


@dataclass(frozen=True, slots=True)
class Add(Write):
    """A new member; answers with the Member, whose code is shown once."""

    name: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> Member:
        """The audit names them by identifier alone."""
        member = members.add(connection, ids.new(at.utc_ms), at, name=self.name or None)
        audit.note(connection, ids, at, who=self.by.name, action="member added", subject=f"member {member.id}")
        return member


@dataclass(frozen=True, slots=True)
class Rename(Write):
    """Another name, or none. The audit says that it changed, never to what."""

    member_id: str
    name: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """With its audit entry."""
        members.set_name(connection, self.member_id, self.name or None)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="member renamed",
            subject=f"member {self.member_id}",
            after="name" if self.name else "no name",
        )


@dataclass(frozen=True, slots=True)
class Fast(Write):
    """Staff set a level after two clean visits of First Steps (coaching section 3)."""

    member_id: str
    comfort_mph: Decimal
    main_s: int
    reason: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """With its audit entry."""
        before = members.progress_of(connection, self.member_id)
        level = Progress(ckmh_from_mph(self.comfort_mph), self.main_s, 0, None)
        members.set_progress(connection, self.member_id, level, at.utc_ms)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="fast track",
            subject=f"member {self.member_id}",
            before="none" if before is None else f"{before.comfort_ckmh / 100:.2f} km/h, {before.main_s} s",
            after=f"{level.comfort_ckmh / 100:.2f} km/h, {level.main_s} s",
            reason=self.reason,
        )


def _keep_found(
    connection: Connection,
    ids: IdSource,
    at: Moment,
    member_id: str,
    by: Staff,
    reason: str,
    days: int,
    *,
    limit_ckmh: int | None = None,
) -> None:
    """What *by* found of a member, for *days*: an outcome, and nothing of why."""
    members.add_screening(
        connection,
        Screening(
            id=ids.new(at.utc_ms),
            member_id=member_id,
            at_ms=at.utc_ms,
            outcome=Screened.CLEAR if limit_ckmh is None else Screened.LIMIT,
            limit_ckmh=limit_ckmh,
            signer=by.name,
            reason=reason,
            expires_ms=at.utc_ms + days * DAY_MS,
        ),
    )


@dataclass(frozen=True, slots=True)
class Unlock(Write):
    """A physiotherapist lifts what locks a member; a speed limit of the last screening stays."""

    member_id: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """With its audit entry. Health data: only the outcome is kept."""
        last = members.last_screening(connection, self.member_id)
        limit = None if last is None else last.limit_ckmh
        _keep_found(connection, ids, at, self.member_id, self.by, members.CLINICIAN, UNLOCK_DAYS, limit_ckmh=limit)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="clinician unlocked",
            subject=f"member {self.member_id}",
            after=f"for {UNLOCK_DAYS} days",
        )


@dataclass(frozen=True, slots=True)
class Balance(Write):
    """Staff have checked a member's balance: what is kept is that, by whom, and until when it holds."""

    member_id: str
    days: int
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """With its audit entry. Health data: kept only for a member who agreed, and gone with the rest of it."""
        if not members.consented(connection, self.member_id):
            raise RefusalError("members.no_consent")
        before = members.balance_until_ms(connection, self.member_id)
        _keep_found(connection, ids, at, self.member_id, self.by, members.BALANCE, self.days)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="balance checked",
            subject=f"member {self.member_id}",
            before="none" if before is None else "over" if before <= at.utc_ms else "checked",
            after=f"for {self.days} days",
        )


@dataclass(frozen=True, slots=True)
class Merge(Write):
    """Two records of one person become one; answers with how many sessions moved."""

    keep_id: str
    other_code: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> int:
        """The other code goes."""
        other = members.by_code(connection, self.other_code)
        if other is None:
            raise RefusalError("members.no_such")
        if other.id == self.keep_id:
            raise RefusalError("members.same_one")
        count = members.merge(connection, self.keep_id, other.id, at.utc_ms)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="members merged",
            subject=f"member {self.keep_id}",
            before=f"member {other.id}",
            after=f"{count} sessions moved",
        )
        return count


@dataclass(frozen=True, slots=True)
class Erase(Job):
    """Name, code, scores, samples and exports go; walks stay as a guest's. Answers with how many.

    *health_only*: scores and screening go, and with them the member's yes to keeping them; the rest stays.
    """

    member_id: str
    reason: str
    by: Staff
    health_only: bool = False

    def do(self, store: Store, at: Moment) -> int:
        """With its audit entry, which names an identifier that means nothing any more."""
        count = store.writer.run(lambda connection: self._erased(connection, store.ids, at)).result(timeout=ERASE_S)
        directory = store.path.parent
        store.reader.ask(lambda connection: exports.forget(connection, directory, self.member_id)).result(ERASE_S)
        empty_log(directory)  # nor are they left in the file beside the record
        store.reader.look_now()  # their cap has gone
        return count

    def _erased(self, connection: Connection, ids: IdSource, at: Moment) -> int:
        erased = members.withdraw_consent if self.health_only else members.erase
        count = erased(connection, self.member_id, at.utc_ms)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="health data erased" if self.health_only else "member erased",
            subject=f"member {self.member_id}",
            after=f"{count} sessions",
            reason=self.reason,
        )
        return count
