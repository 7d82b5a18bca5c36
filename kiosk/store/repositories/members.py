"""Members, what they consented to, what screening came to, and where they stand."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Final

from sqlalchemy import Connection, delete, func, or_, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.sqlite import insert as upsert

from kiosk.store.kinds import AgeBand, CapScope, Screened
from kiosk.store.models import (
    AuditRow,
    ConsentRow,
    ErasedRow,
    EventRow,
    MemberRow,
    MetaRow,
    ProgressRow,
    SampleRow,
    ScreeningRow,
    SessionHealthRow,
    SessionRow,
    TraceRow,
)
from kiosk.store.moment import Moment
from kiosk.store.records import Member, Progress, Screening, StoreError
from kiosk.store.repositories import caps
from kiosk.store.repositories._rows import record

CODE_DIGITS: Final = 6
HEALTH_EVENTS: Final = ("pain_flag", "dizzy", "stumble")
"""Kinds of events that tell of a member's health."""

CLINICIAN: Final = "clinician"
"""The reason of a screening outcome that a clinician signed: what was before it locks no more."""

UNTIL_CHECKED: Final = "until checked"
"""The reason of an outcome whose speed limit waits for a balance check by staff. Whether it is for age or for a fall
is an answer, and not kept."""

BALANCE: Final = "balance"
"""The reason of the entry that staff have checked a member's balance. It is no outcome of a form: it opens that limit
and its gate, and nothing else."""

DAYS_KEY: Final = "days:"
"""Before a member's identifier, in the table of facts: the days of their own week."""

NAME_MAX: Final = 60
_TRIES: Final = 1000
_COLUMNS: Final = (
    MemberRow.id,
    MemberRow.code,
    MemberRow.name,
    MemberRow.language,
    MemberRow.age_band,
    MemberRow.first_seen_ms,
)


def valid_code(code: str) -> bool:
    """True for six digits 0-9."""
    return len(code) == CODE_DIGITS and code.isascii() and code.isdigit()


def too_simple(code: str) -> bool:
    """True for codes that people type by accident: one digit six times, or digits that count up or down."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(code)}
    return steps in ({0}, {1}, {9})


def checked_name(name: str | None) -> str | None:
    """*name* as it is stored: None if none was given. Raises StoreError for an empty or too long one."""
    if name is None:
        return None
    name = " ".join(name.split())
    if not name:
        raise StoreError("The name is empty. Give a name, or leave it out: a code is enough.")
    if len(name) > NAME_MAX:
        raise StoreError(f"The name has {len(name)} characters; {NAME_MAX} is the most.")
    if not name.isprintable():
        raise StoreError("The name holds characters that cannot be shown.")
    return name


def new_code(connection: Connection, choose: Callable[[int], int] = secrets.randbelow) -> str:
    """A free member code. Raises StoreError when none is found."""
    for _ in range(_TRIES):
        code = f"{choose(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        if not too_simple(code) and by_code(connection, code) is None:
            return code
    raise StoreError("No free member code was found. Erase members who have left.")


def add(
    connection: Connection,
    member_id: str,
    at: Moment,
    *,
    code: str | None = None,
    name: str | None = None,
    language: str | None = None,
    age_band: AgeBand | None = None,
) -> Member:
    """Add a member; without *code* a free one is chosen. Raises StoreError with a sentence."""
    name = checked_name(name)
    if code is None:
        code = new_code(connection)
    elif not valid_code(code):
        raise StoreError(f'"{code}" is no member code. A code has {CODE_DIGITS} digits.')
    elif by_code(connection, code) is not None:
        raise StoreError(f"The code {code} belongs to another member. Choose another, or leave it out.")
    member = Member(member_id, code, name, language, age_band, at.utc_ms)
    connection.execute(
        plain_insert(MemberRow).values(
            id=member.id,
            code=member.code,
            name=member.name,
            language=member.language,
            age_band=member.age_band,
            first_seen_ms=member.first_seen_ms,
        )
    )
    return member


def by_code(connection: Connection, code: str) -> Member | None:
    """The member with this code."""
    row = connection.execute(select(*_COLUMNS).where(MemberRow.code == code)).mappings().first()
    return None if row is None else record(Member, row)


def by_id(connection: Connection, member_id: str) -> Member | None:
    """The member with this identifier."""
    row = connection.execute(select(*_COLUMNS).where(MemberRow.id == member_id)).mappings().first()
    return None if row is None else record(Member, row)


def standing_id(connection: Connection, member_id: str) -> str | None:
    """The identifier a member goes by now: their own, or that of the one they were merged into. None: erased.

    Staff may merge two codes in a shell while their member is at the kiosk. The audit knows into which.
    """
    seen: set[str] = set()
    current: str | None = member_id
    while current is not None and current not in seen and by_id(connection, current) is None:
        seen.add(current)
        merged = select(AuditRow.subject).where(
            AuditRow.action == "members merged", AuditRow.before == f"member {current}"
        )
        into = connection.scalar(merged.order_by(AuditRow.at_ms.desc(), AuditRow.id.desc()))
        current = None if into is None else into.removeprefix("member ")
    return None if current in seen else current


def find(connection: Connection, code: str) -> Member:
    """The member with this code. Raises StoreError with a sentence for a wrong or unknown one."""
    if not valid_code(code):
        raise StoreError(f'"{code}" is no member code. A code has {CODE_DIGITS} digits.')
    member = by_code(connection, code)
    if member is None:
        raise StoreError(f"No member has the code {code}. See: retrowalk members list.")
    return member


def every(connection: Connection) -> tuple[tuple[Member, int, int | None], ...]:
    """(member, sessions walked, start of the last one) of everybody, by code."""
    walked = (
        select(
            SessionRow.member_id.label("member_id"),
            func.count().label("sessions"),
            func.max(SessionRow.started_ms).label("newest"),
        )
        .where(SessionRow.walk_s > 0, SessionRow.member_id.is_not(None))
        .group_by(SessionRow.member_id)
        .subquery()
    )
    rows = connection.execute(
        select(*_COLUMNS, walked.c.sessions, walked.c.newest)
        .join(walked, walked.c.member_id == MemberRow.id, isouter=True)
        .order_by(MemberRow.code)
    ).mappings()
    found = []
    for row in rows:
        values = dict(row)
        sessions, newest = values.pop("sessions"), values.pop("newest")
        found.append((record(Member, values), sessions or 0, newest))
    return tuple(found)


def search(connection: Connection, text: str = "", limit: int = 200) -> tuple[Member, ...]:
    """Members whose code begins with *text* or whose name has it, by code; empty text finds everybody.

    At most *limit*: a screen shows no more, and a longer text finds fewer.
    """
    found = select(*_COLUMNS).order_by(MemberRow.code).limit(limit)
    if text:
        found = found.where(
            or_(MemberRow.code.startswith(text, autoescape=True), MemberRow.name.icontains(text, autoescape=True))
        )
    return tuple(record(Member, row) for row in connection.execute(found).mappings())


def count(connection: Connection) -> int:
    """How many members there are."""
    return connection.scalar(select(func.count()).select_from(MemberRow)) or 0


def set_name(connection: Connection, member_id: str, name: str | None) -> None:
    """A new name, or none. Raises StoreError for one that cannot be."""
    connection.execute(update(MemberRow).where(MemberRow.id == member_id).values(name=checked_name(name)))


def set_language(connection: Connection, member_id: str, language: str) -> None:
    """The language the member chose last."""
    connection.execute(update(MemberRow).where(MemberRow.id == member_id).values(language=language))


def set_age_band(connection: Connection, member_id: str, band: AgeBand | None) -> None:
    """What screening told of the member's age."""
    connection.execute(update(MemberRow).where(MemberRow.id == member_id).values(age_band=band))


def own_days(connection: Connection, member_id: str) -> tuple[int, ...]:
    """The days of the week that the member chose, 0 = Monday; none: the sample week's."""
    kept = connection.scalar(select(MetaRow.value).where(MetaRow.key == DAYS_KEY + member_id)) or ""
    return tuple(int(digit) for digit in kept if digit in "0123456")


def set_own_days(connection: Connection, member_id: str, days: Iterable[int]) -> None:
    """Keep the days that the member chose; none takes them away. A member who is gone gets none."""
    key, value = DAYS_KEY + member_id, "".join(str(day) for day in sorted(set(days)))
    connection.execute(delete(MetaRow).where(MetaRow.key == key))
    if value and by_id(connection, member_id) is not None:
        connection.execute(plain_insert(MetaRow).values(key=key, value=value))


# ------------------------------------------------------------------------------------------------- health data


def consented(connection: Connection, member_id: str) -> bool:
    """True if the member's last word on keeping health data was yes."""
    given = select(ConsentRow.given_ms).where(ConsentRow.member_id == member_id, ConsentRow.withdrawn_ms.is_(None))
    return connection.scalar(given) is not None


def give_consent(connection: Connection, member_id: str, utc_ms: int) -> None:
    """Yes to keeping health data."""
    if not consented(connection, member_id):
        connection.execute(
            upsert(ConsentRow)
            .values(member_id=member_id, given_ms=utc_ms)
            .on_conflict_do_update(index_elements=["member_id", "given_ms"], set_={"withdrawn_ms": None})
        )


def add_screening(connection: Connection, screening: Screening) -> None:
    """Keep the outcome of a screening; answers are not kept."""
    connection.execute(
        plain_insert(ScreeningRow).values(
            id=screening.id,
            member_id=screening.member_id,
            at_ms=screening.at_ms,
            outcome=screening.outcome,
            limit_ckmh=screening.limit_ckmh,
            signer=screening.signer,
            reason=screening.reason,
            expires_ms=screening.expires_ms,
        )
    )


def last_screening(connection: Connection, member_id: str) -> Screening | None:
    """The newest outcome, expired or not; a balance check is none."""
    row = (
        connection.execute(
            select(
                ScreeningRow.id,
                ScreeningRow.member_id,
                ScreeningRow.at_ms,
                ScreeningRow.outcome,
                ScreeningRow.limit_ckmh,
                ScreeningRow.signer,
                ScreeningRow.reason,
                ScreeningRow.expires_ms,
            )
            .where(ScreeningRow.member_id == member_id, ScreeningRow.reason != BALANCE)
            .order_by(ScreeningRow.at_ms.desc(), ScreeningRow.id.desc())
        )
        .mappings()
        .first()
    )
    return None if row is None else record(Screening, row)


def limit_waits(connection: Connection, member_id: str) -> bool:
    """Whether the limit of the member's newest form waits for a balance check; a clinician's yes keeps it so."""
    newest = (
        select(ScreeningRow.reason)
        .where(ScreeningRow.member_id == member_id, ScreeningRow.reason.not_in((CLINICIAN, BALANCE)))
        .order_by(ScreeningRow.at_ms.desc(), ScreeningRow.id.desc())
        .limit(1)
    )
    return connection.scalar(newest) == UNTIL_CHECKED


def balance_until_ms(connection: Connection, member_id: str) -> int | None:
    """Until when the member's last balance check by staff holds, or held; None without one."""
    until = select(func.max(ScreeningRow.expires_ms)).where(
        ScreeningRow.member_id == member_id, ScreeningRow.reason == BALANCE
    )
    return connection.scalar(until)


def cleared_ms(connection: Connection, member_id: str) -> int | None:
    """When a clinician last unlocked the member (a screening with CLINICIAN for its reason); None if never."""
    cleared = select(func.max(ScreeningRow.at_ms)).where(
        ScreeningRow.member_id == member_id, ScreeningRow.reason == CLINICIAN
    )
    return connection.scalar(cleared)


def progress_of(connection: Connection, member_id: str) -> Progress | None:
    """Where the member stands; None before the first step."""
    row = (
        connection.execute(
            select(
                ProgressRow.comfort_ckmh,
                ProgressRow.main_s,
                ProgressRow.hill_dpct,
                ProgressRow.locked_until_ms,
                ProgressRow.updated_ms,
            ).where(ProgressRow.member_id == member_id)
        )
        .mappings()
        .first()
    )
    return None if row is None else record(Progress, row)


def set_progress(connection: Connection, member_id: str, progress: Progress, utc_ms: int) -> None:
    """Keep where the member stands now."""
    values = {
        "comfort_ckmh": progress.comfort_ckmh,
        "main_s": progress.main_s,
        "hill_dpct": progress.hill_dpct,
        "locked_until_ms": progress.locked_until_ms,
        "updated_ms": utc_ms,
    }
    statement = upsert(ProgressRow).values(member_id=member_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["member_id"], set_=values))


# ------------------------------------------------------------------------------------------------- leaving, merging


def withdraw_consent(connection: Connection, member_id: str, utc_ms: int) -> int:
    """No more health data: what there is goes, walks stay. Returns how many sessions lost their scores."""
    connection.execute(
        update(ConsentRow)
        .where(ConsentRow.member_id == member_id, ConsentRow.withdrawn_ms.is_(None))
        .values(withdrawn_ms=func.max(ConsentRow.given_ms, utc_ms))
    )
    return erase_health(connection, member_id)


def erase_health(connection: Connection, member_id: str) -> int:
    """Scores, verdicts, reasons and screening outcomes of a member go; walks stay. Returns how many had scores.

    A session's why-stopped answer and flags in the log ("pain", "dizzy") tell of health too.
    """
    walked = select(SessionRow.id).where(SessionRow.member_id == member_id).scalar_subquery()
    connection.execute(delete(EventRow).where(EventRow.session_id.in_(walked), EventRow.kind.in_(HEALTH_EVENTS)))
    connection.execute(update(SessionRow).where(SessionRow.member_id == member_id).values(why=None))
    gone = connection.execute(delete(SessionHealthRow).where(SessionHealthRow.session_id.in_(walked))).rowcount
    connection.execute(delete(ScreeningRow).where(ScreeningRow.member_id == member_id))
    return gone


def erase(connection: Connection, member_id: str, utc_ms: int) -> int:
    """Erase a member: name, code, caps, progress, consent, screening, scores and second-by-second samples.

    Their walks stay as a guest's, so the statistics do not change. The identifier is remembered as erased, so that a
    backup put back later does not bring the member back. Returns how many walks became a guest's.
    """
    walked = select(SessionRow.id).where(SessionRow.member_id == member_id).scalar_subquery()
    erase_health(connection, member_id)
    for samples in (SampleRow, TraceRow):
        connection.execute(delete(samples).where(samples.session_id.in_(walked)))
    count = connection.execute(
        update(SessionRow).where(SessionRow.member_id == member_id).values(member_id=None)
    ).rowcount
    set_own_days(connection, member_id, ())
    connection.execute(delete(MemberRow).where(MemberRow.id == member_id))
    connection.execute(upsert(ErasedRow).values(member_id=member_id, at_ms=utc_ms).on_conflict_do_nothing())
    return count


def merge(connection: Connection, keep_id: str, other_id: str, utc_ms: int) -> int:
    """Two records of one person become one: *keep_id*'s code, name and cap stay; everything of *other_id* joins.

    The lower of two caps stays, where both have progress the lower step of each, and the stricter of two screenings
    that hold: a second code is no way round a no. Returns how many sessions moved. Raises StoreError if they are the
    same.
    """
    if keep_id == other_id:
        raise StoreError("A member cannot be merged with themselves. Give two different codes.")
    _merge_screenings(connection, keep_id, other_id, utc_ms)
    moved = connection.execute(
        update(SessionRow).where(SessionRow.member_id == other_id).values(member_id=keep_id)
    ).rowcount
    connection.execute(update(ScreeningRow).where(ScreeningRow.member_id == other_id).values(member_id=keep_id))
    for given_ms, withdrawn_ms in connection.execute(
        select(ConsentRow.given_ms, ConsentRow.withdrawn_ms).where(ConsentRow.member_id == other_id)
    ).all():
        connection.execute(
            upsert(ConsentRow)
            .values(member_id=keep_id, given_ms=given_ms, withdrawn_ms=withdrawn_ms)
            .on_conflict_do_nothing()
        )
    _merge_caps(connection, keep_id, other_id)
    if not own_days(connection, keep_id):
        set_own_days(connection, keep_id, own_days(connection, other_id))
    set_own_days(connection, other_id, ())
    mine, theirs = progress_of(connection, keep_id), progress_of(connection, other_id)
    if theirs is not None:
        set_progress(connection, keep_id, theirs if mine is None else _lower(mine, theirs), utc_ms)
    keep, other = by_id(connection, keep_id), by_id(connection, other_id)
    if keep is not None and other is not None:
        connection.execute(
            update(MemberRow)
            .where(MemberRow.id == keep_id)
            .values(
                name=keep.name or other.name,
                language=keep.language or other.language,
                age_band=AgeBand.OLDER
                if AgeBand.OLDER in (keep.age_band, other.age_band)
                else keep.age_band or other.age_band,
                first_seen_ms=min(keep.first_seen_ms, other.first_seen_ms),
            )
        )
    connection.execute(delete(MemberRow).where(MemberRow.id == other_id))
    connection.execute(upsert(ErasedRow).values(member_id=other_id, at_ms=utc_ms).on_conflict_do_nothing())
    return moved


_STRICTER: Final = (Screened.CLEAR, Screened.LIMIT, Screened.GATE, Screened.FORBID)


def _merge_screenings(connection: Connection, keep_id: str, other_id: str, utc_ms: int) -> None:
    """Take away what was answered later and more mildly under the one code than what holds under the other.

    What a clinician has signed stands, and balance checks are nobody's answer.
    """
    found = [last_screening(connection, member_id) for member_id in (keep_id, other_id)]
    last = sorted((one for one in found if one is not None), key=lambda one: one.at_ms)
    if len(last) < 2 or last[0].expires_ms <= utc_ms or last[1].reason == CLINICIAN:
        return
    if _STRICTER.index(last[0].outcome) > _STRICTER.index(last[1].outcome):
        connection.execute(
            delete(ScreeningRow).where(
                ScreeningRow.member_id == last[1].member_id,
                ScreeningRow.at_ms > last[0].at_ms,
                ScreeningRow.reason != BALANCE,
            )
        )


def _lower(mine: Progress, theirs: Progress) -> Progress:
    locks = [lock for lock in (mine.locked_until_ms, theirs.locked_until_ms) if lock is not None]
    return Progress(
        min(mine.comfort_ckmh, theirs.comfort_ckmh),
        min(mine.main_s, theirs.main_s),
        min(mine.hill_dpct, theirs.hill_dpct),
        max(locks, default=None),
    )


def _merge_caps(connection: Connection, keep_id: str, other_id: str) -> None:
    mine = caps.one(connection, CapScope.MEMBER, keep_id)
    theirs = caps.one(connection, CapScope.MEMBER, other_id)
    if theirs is None:
        return

    def least(a: int | None, b: int | None) -> int | None:
        known = [value for value in (a, b) if value is not None]
        return min(known, default=None)

    joined = replace(theirs, key=keep_id)
    if mine is not None:
        joined = replace(
            mine,
            speed_ckmh=least(mine.speed_ckmh, theirs.speed_ckmh),
            incline_dpct=least(mine.incline_dpct, theirs.incline_dpct),
        )
    caps.put(connection, joined)
