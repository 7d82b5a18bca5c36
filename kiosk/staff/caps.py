"""Which speed and slope hold: the lowest of all caps that apply, and whose it is. And who may change one.

Lowering acts at once, also on a walk under way; raising wants a reason and acts from the next session (screens.md
A11): a session asks *effective* when it opens and *lowered* once a second after that, which never rises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from hardware.config import MAX_CAP_KMH, MIN_CAP_KMH
from hardware.units import ckmh_from_kmh, ckmh_from_mph, kmh_from_ckmh, mph_from_ckmh
from kiosk.staff import audit
from kiosk.store.ids import IdSource
from kiosk.store.kinds import MAX_INCLINE_DPCT, AgeBand
from kiosk.store.moment import Moment
from kiosk.store.records import Cap, CapScope, Staff, StoreError
from kiosk.store.repositories import caps as rows_of
from kiosk.store.repositories import members

MIN_CKMH: Final = ckmh_from_kmh(Decimal(str(MIN_CAP_KMH)))
MAX_CKMH: Final = ckmh_from_kmh(Decimal(str(MAX_CAP_KMH)))
ONE_SIGNER_ABOVE_CKMH: Final = ckmh_from_mph("2.0")
TWO_SIGNERS_ABOVE_CKMH: Final = ckmh_from_mph("3.0")
"""Default 2.0 mph; up to 3.0 by staff; up to 3.5 with a second staff PIN (coaching.md 1b, top speed)."""

OLDER_CKMH: Final = ckmh_from_mph("1.5")
"""65 and older, and who fell, once they are proved: more is by staff (coaching.md section 3, cap_speed)."""

VISITS_KNOWN: Final = 1000
"""More visits than any cap of the first ones: what grows is not held by them."""

BY_COACHING: Final = "coaching rules"


def _default(scope: CapScope, key: str, mph: str, reason: str) -> Cap:
    return Cap(scope, key, ckmh_from_mph(mph), None, 0, BY_COACHING, reason)


DEFAULTS: Final = (
    _default(CapScope.VISITS, "4", "1.0", "first four visits (coaching.md section 3, cap_speed in P1)"),
    _default(CapScope.AGE, AgeBand.OLDER, "1.5", "65 and older (coaching.md section 3, cap_speed)"),
    _default(CapScope.GUEST, "", "1.0", "guests walk First Steps only (coaching.md section 7)"),
    _default(CapScope.INCLINE, "1", "2.0", "on any slope (coaching.md P4, S2)"),
)
"""Caps that hold until staff set a row of the same scope and key."""


class Source(StrEnum):
    """Whose cap it is; also the catalogue key's last part."""

    MACHINE = "machine"  # the commissioned limit, or the treadmill's own range
    CONFIG = "config"
    GYM = CapScope.GYM
    TREADMILL = CapScope.TREADMILL
    PROGRAM = CapScope.PROGRAM
    VISITS = CapScope.VISITS
    AGE = CapScope.AGE
    GUEST = CapScope.GUEST
    SCREENING = "screening"
    MEMBER = CapScope.MEMBER


@dataclass(frozen=True, slots=True)
class CapContext:
    """What a session is, as far as caps care. Speeds 0.01 km/h; None = no limit from there."""

    config_ckmh: int
    config_dpct: int = MAX_INCLINE_DPCT
    machine_ckmh: int | None = None
    machine_dpct: int | None = None
    treadmill: str = ""
    program_id: str = ""
    program_ckmh: int | None = None
    program_dpct: int | None = None
    member_id: str | None = None
    visits: int = 0  # walked before this one
    age_band: AgeBand | None = None
    screening_ckmh: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One cap that applies."""

    source: Source
    speed_ckmh: int | None
    incline_dpct: int | None
    set_by: str


@dataclass(frozen=True, slots=True)
class EffectiveCap:
    """What holds, and whose it is. *candidates* are all that apply, for the staff screen."""

    speed_ckmh: int
    source: Source
    incline_dpct: int
    incline_source: Source
    candidates: tuple[Candidate, ...]


def with_defaults(rows: Iterable[Cap]) -> tuple[Cap, ...]:
    """*rows*, and the defaults that no row replaces."""
    rows = tuple(rows)
    taken = {(cap.scope, cap.key) for cap in rows}
    return rows + tuple(cap for cap in DEFAULTS if (cap.scope, cap.key) not in taken)


def _applies(cap: Cap, context: CapContext) -> bool:
    match cap.scope:
        case CapScope.GYM:
            return True
        case CapScope.TREADMILL:
            return cap.key == context.treadmill
        case CapScope.PROGRAM:
            return cap.key == context.program_id
        case CapScope.VISITS:
            return context.member_id is not None and context.visits < int(cap.key)
        case CapScope.AGE:
            return context.age_band is not None and cap.key == context.age_band
        case CapScope.GUEST:
            return context.member_id is None
        case CapScope.MEMBER:
            return context.member_id is not None and cap.key == context.member_id
        case CapScope.INCLINE:
            return False  # not of the session but of the slope: see at_slope


def effective(rows: Iterable[Cap], context: CapContext) -> EffectiveCap:
    """The lowest cap of all that apply wins; of two alike the more general one is named.

    One default gives way: that of an age to what staff have allowed one member, "2.0 by staff" (coaching.md section
    3, cap_speed). A row for an age that staff have set holds as any other.
    """
    candidates = [
        Candidate(Source.MACHINE, context.machine_ckmh, context.machine_dpct, ""),
        Candidate(Source.CONFIG, context.config_ckmh, context.config_dpct, ""),
        Candidate(Source.PROGRAM, context.program_ckmh, context.program_dpct, ""),
        Candidate(Source.SCREENING, context.screening_ckmh, None, ""),
    ]
    applying = [cap for cap in with_defaults(rows) if _applies(cap, context)]
    own = allowed_ckmh(applying, context.member_id) is not None
    candidates += [
        Candidate(Source(cap.scope), cap.speed_ckmh, cap.incline_dpct, cap.set_by)
        for cap in applying
        if not (own and cap.scope is CapScope.AGE and cap.set_ms == 0)
    ]
    order = list(Source)
    found = sorted(
        (c for c in candidates if c.speed_ckmh is not None or c.incline_dpct is not None),
        key=lambda c: order.index(c.source),
    )
    speed, source = min(
        ((c.speed_ckmh, c.source) for c in found if c.speed_ckmh is not None), key=lambda pair: pair[0]
    )
    incline, incline_source = min(
        ((c.incline_dpct, c.source) for c in found if c.incline_dpct is not None), key=lambda pair: pair[0]
    )
    return EffectiveCap(min(speed, MAX_CKMH), source, min(incline, MAX_INCLINE_DPCT), incline_source, tuple(found))


def allowed_ckmh(rows: Iterable[Cap], member_id: str | None) -> int | None:
    """The speed that staff have allowed this member by a cap of their own, for a reason that they gave; else None."""
    for cap in rows:
        if cap.scope is CapScope.MEMBER and cap.key == member_id and cap.reason:
            return cap.speed_ckmh
    return None


def rests_on_ckmh(connection: Connection, scope: CapScope, key: str, at: Moment) -> int | None:
    """What holds for a member of 65 and older, or who fell, without a cap of their own: more than that is a raise."""
    if scope is not CapScope.MEMBER:
        return None
    member, last = members.by_id(connection, key), members.last_screening(connection, key)
    older = member is not None and member.age_band is AgeBand.OLDER
    waits = last is not None and last.expires_ms > at.utc_ms and members.limit_waits(connection, key)
    return OLDER_CKMH if older or waits else None


def lowered(at_start_ckmh: int, rows: Iterable[Cap], context: CapContext) -> EffectiveCap:
    """What holds now in a session that opened with *at_start_ckmh*: a cap raised since then waits for the next."""
    now = effective(rows, context)
    if now.speed_ckmh <= at_start_ckmh:
        return now
    return EffectiveCap(at_start_ckmh, now.source, now.incline_dpct, now.incline_source, now.candidates)


def at_slope(rows: Iterable[Cap], incline_dpct: int, cap_ckmh: int) -> int:
    """The speed allowed on a slope of *incline_dpct*: *cap_ckmh*, or less where a slope cap says so."""
    of_slope = [
        cap.speed_ckmh
        for cap in with_defaults(rows)
        if cap.scope is CapScope.INCLINE and cap.speed_ckmh is not None and incline_dpct >= int(cap.key)
    ]
    return min([cap_ckmh, *of_slope])


# ------------------------------------------------------------------------------------------------- changing one


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something: *name* for the audit, and the staff who typed their PIN for it."""

    name: str
    signers: tuple[Staff, ...] = ()

    @property
    def who(self) -> str:
        """The signers, or where nobody signed the name."""
        return ", ".join(sorted({signer.name for signer in self.signers})) or self.name


@dataclass(frozen=True, slots=True)
class Change:
    """A cap as it was and as it is to be; *after* None takes the row away."""

    scope: CapScope
    key: str
    before: Cap | None  # as it holds now, defaults included
    after: Cap | None
    raises: bool
    signers: int  # how many staff PINs it needs


def speed_words(speed_ckmh: int | None) -> str:
    """A speed in both units, for sentences and the audit."""
    if speed_ckmh is None:
        return "none"
    return f"{kmh_from_ckmh(speed_ckmh):.2f} km/h ({mph_from_ckmh(speed_ckmh):.1f} mph)"


def checked_speed(speed_ckmh: int) -> int:
    """*speed_ckmh* if any cap may have it. Raises StoreError."""
    if not MIN_CKMH <= speed_ckmh <= MAX_CKMH:
        raise StoreError(
            f"A cap of {kmh_from_ckmh(speed_ckmh):g} km/h is not possible. Choose {MIN_CAP_KMH:g} to {MAX_CAP_KMH:g} "
            "km/h; 3.5 mph (5.63 km/h) is the most that any person can allow."
        )
    return speed_ckmh


def checked_incline(incline_dpct: int) -> int:
    """*incline_dpct* if any cap may have it. Raises StoreError."""
    if not 0 <= incline_dpct <= MAX_INCLINE_DPCT:
        raise StoreError(
            f"A slope of {incline_dpct / 10:g} % is not possible. Choose 0 to {MAX_INCLINE_DPCT / 10:g} %."
        )
    return incline_dpct


def plan_change(
    rows: Iterable[Cap],
    scope: CapScope,
    key: str,
    *,
    speed_ckmh: int | None,
    incline_dpct: int | None,
    at: Moment,
    actor: Actor,
    reason: str,
    limit_ckmh: int | None = None,
    rests_ckmh: int | None = None,
    open_ckmh: int | None = None,
) -> Change:
    """What setting this cap would mean; speed and slope both None takes it away. Changes nothing.

    A value that is not given keeps the one that is there. *limit_ckmh* is the commissioned limit, where it is known;
    *rests_ckmh* what holds where this row is not there (rests_on_ckmh), *open_ckmh* what holds where no row does:
    to take a row away needs the PINs that setting it so high would.
    Raises StoreError for values that no cap may have.
    """
    held = {(cap.scope, cap.key): cap for cap in with_defaults(rows)}
    defaults = {(cap.scope, cap.key): cap for cap in DEFAULTS}
    before = held.get((scope, key))
    after: Cap | None = None
    if speed_ckmh is not None or incline_dpct is not None:
        speed = _speed(before) if speed_ckmh is None else checked_speed(speed_ckmh)
        incline = _incline(before) if incline_dpct is None else checked_incline(incline_dpct)
        if limit_ckmh is not None and speed is not None and speed > limit_ckmh:
            raise StoreError(
                f"{speed_words(speed)} is above this treadmill's commissioned limit of {speed_words(limit_ckmh)}. "
                "Choose less, or commission the treadmill anew."
            )
        after = Cap(scope, key, speed, incline, at.utc_ms, actor.who, reason)
    then = after or defaults.get((scope, key))
    faster = _higher(*(rests_ckmh if speed is None else speed for speed in (_speed(then), _speed(before))))
    raises = faster or _higher(_incline(then), _incline(before))
    return Change(scope, key, before, after, raises, _signers(then, open_ckmh if faster else None) if raises else 0)


def plan_return(change: Change, *, at: Moment, actor: Actor, reason: str, open_ckmh: int | None = None) -> Change:
    """What undoing *change* would mean: the row as it was before, or none. Changes nothing. *open_ckmh* as above."""
    defaults = {(cap.scope, cap.key): cap for cap in DEFAULTS}
    default = defaults.get((change.scope, change.key))
    after = change.before
    if after is not None and after.set_ms == 0:
        after = None  # it was the coaching rules' own
    if after is not None:
        after = replace(after, set_ms=at.utc_ms, set_by=actor.who, reason=reason)
    now, then = change.after or default, after or default
    faster = _higher(_speed(then), _speed(now))
    raises = faster or _higher(_incline(then), _incline(now))
    signers = _signers(then, open_ckmh if faster else None) if raises else 0
    return Change(change.scope, change.key, now, after, raises, signers)


def _speed(cap: Cap | None) -> int | None:
    return None if cap is None else cap.speed_ckmh


def _incline(cap: Cap | None) -> int | None:
    return None if cap is None else cap.incline_dpct


def _higher(after: int | None, before: int | None) -> bool:
    """None is no limit, the highest of all."""
    return before is not None and (after is None or after > before)


def _signers(cap: Cap | None, open_ckmh: int | None) -> int:
    speed_ckmh = open_ckmh if _speed(cap) is None else _speed(cap)
    if speed_ckmh is None or speed_ckmh <= ONE_SIGNER_ABOVE_CKMH:
        return 0
    return 1 if speed_ckmh <= TWO_SIGNERS_ABOVE_CKMH else 2


def apply_change(
    connection: Connection, ids: IdSource, change: Change, *, at: Moment, actor: Actor, reason: str
) -> None:
    """Make a planned change, with its audit entry. Raises StoreError where a reason or a PIN is missing."""
    if change.raises and not reason.strip():
        raise StoreError("Raising a cap wants a reason. Say why with --reason.")
    names = {signer.name for signer in actor.signers}
    if len(names) < change.signers:
        raise StoreError(
            f"{_what(change)} needs the PIN of {_count_words(change.signers)}; "
            f"{len(names)} given. Up to 2.0 mph none, up to 3.0 mph one, up to 3.5 mph two are needed."
        )
    if change.after is None:
        rows_of.remove(connection, change.scope, change.key)
    else:
        rows_of.put(connection, change.after)
    audit.note(
        connection,
        ids,
        at,
        who=actor.who,
        action="cap raised" if change.raises else "cap set",
        subject=f"cap {change.scope} {change.key}".strip(),
        before=_cap_words(change.before),
        after=_cap_words(change.after),
        reason=reason,
    )


def _what(change: Change) -> str:
    speed = _speed(change.after)
    return "Taking this cap away" if speed is None else speed_words(speed)


def _count_words(signers: int) -> str:
    return "one staff member" if signers == 1 else "two different staff members"


def _cap_words(cap: Cap | None) -> str:
    if cap is None:
        return "none"
    slope = "" if cap.incline_dpct is None else f", slope {cap.incline_dpct / 10:g} %"
    return f"{speed_words(cap.speed_ckmh)}{slope}"
