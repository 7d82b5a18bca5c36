"""Staff accounts and their PINs: six digits, argon2id, and a lock that grows with every wrong one.

A PIN alone signs in: the kiosk tries it against every account and always against all of them, so neither the time
taken nor the answer tells whose it nearly was. A try is counted on disk *before* it is checked: cutting the power
between tries gains nothing. What the lock is worth in figures: ``python -m tests.bench.pin_force``. What it is not:
whoever takes the card home can try all 1 000 000 PINs against the hashes; six digits cannot resist that, a locked
cabinet can.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, func, insert, select, update

from kiosk.staff import audit
from kiosk.store.ids import IdSource
from kiosk.store.kinds import Role
from kiosk.store.models import PinLockRow, StaffRow
from kiosk.store.moment import Moment
from kiosk.store.records import Staff, StoreError
from kiosk.store.repositories._rows import record
from kiosk.store.store import Store

T = TypeVar("T")

PIN_DIGITS: Final = 6
NAME_MAX: Final = 60
LOCK_AFTER: Final = 5
LOCK_FIRST_S: Final = 60.0
LOCK_MAX_S: Final = 3600.0
"""Locked for 60 s after 5 wrong (screens.md A11), twice as long after each further one, at most an hour."""

_MEMORY_KIB: Final = 19_456
_PASSES: Final = 2
"""19 MiB, two passes, one lane: the OWASP minimum for argon2id. Every account is tried, so the cost counts per
account, on a Pi that is also drawing; and no cost makes six digits strong against a stolen card (see above)."""


def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)


class Right(StrEnum):
    """What an account may do."""

    RESET = "reset"  # latched stops, opening check
    CAPS = "caps"
    MEMBERS = "members"
    SYSTEM = "system"  # restart, shut down, bind, commission
    ACCOUNTS = "accounts"
    CLINICIAN = "clinician"  # programs that need a clinician's yes


_RIGHTS: Final = {
    Role.STAFF: frozenset({Right.RESET, Right.CAPS, Right.MEMBERS, Right.SYSTEM}),
    Role.PHYSIO: frozenset({Right.RESET, Right.CAPS, Right.MEMBERS, Right.CLINICIAN}),
    Role.OWNER: frozenset({Right.RESET, Right.CAPS, Right.MEMBERS, Right.SYSTEM, Right.ACCOUNTS}),
}


def may(staff: Staff, right: Right) -> bool:
    """True if the account is active and its role has the right."""
    return staff.active and right in _RIGHTS[staff.role]


# ------------------------------------------------------------------------------------------------- PINs and the lock


def valid_pin(pin: str) -> bool:
    """True for six digits 0-9."""
    return len(pin) == PIN_DIGITS and pin.isascii() and pin.isdigit()


def easy_pin(pin: str) -> bool:
    """True for PINs that are tried first: one digit, digits that count, a pair or a triple repeated."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    counts = steps in ({0}, {1}, {9})
    return counts or pin[:3] == pin[3:] or pin[:2] * 3 == pin or pin == pin[0] * 3 + pin[3] * 3


def hash_pin(pin: str) -> str:
    """The argon2id hash of a PIN. Raises StoreError for one that is not six digits, or too easy."""
    if not valid_pin(pin):
        raise StoreError(f"A PIN has {PIN_DIGITS} digits.")
    if easy_pin(pin):
        raise StoreError("That PIN cannot be used. Choose another.")
    return _hasher().hash(pin)


def lock_s(wrong: int) -> float:
    """How long the keypad is locked after *wrong* wrong PINs in a row."""
    if wrong < LOCK_AFTER:
        return 0.0
    return min(LOCK_FIRST_S * 2.0 ** min(wrong - LOCK_AFTER, 30), LOCK_MAX_S)  # 30: 2.0 ** 1024 is no float


@dataclass(frozen=True, slots=True)
class LockState:
    """Wrong PINs in a row, and when the last one was typed (UTC milliseconds)."""

    wrong: int = 0
    last_wrong_ms: int = 0

    def wait_s(self, utc_ms: int) -> float:
        """How long the keypad stays locked. A clock that was set back locks it for the full time again."""
        elapsed_s = (utc_ms - self.last_wrong_ms) / 1000
        full_s = lock_s(self.wrong)
        return full_s if elapsed_s < 0 else max(0.0, full_s - elapsed_s)

    def here(self, utc_ms: int) -> LockState:
        """The lock as a clock that was set back has to see it: its full time begins now, and so it ends."""
        return self if utc_ms >= self.last_wrong_ms else LockState(self.wrong, utc_ms)

    def after_try(self, utc_ms: int) -> LockState:
        """The state once another try is counted as wrong."""
        return LockState(min(self.wrong + 1, 1_000_000), utc_ms)


def lock_state(connection: Connection) -> LockState:
    """The lock as it is kept."""
    row = connection.execute(select(PinLockRow.wrong, PinLockRow.last_wrong_ms)).mappings().first()
    return LockState() if row is None else record(LockState, row)


def _put_lock(connection: Connection, state: LockState) -> None:
    connection.execute(
        update(PinLockRow).where(PinLockRow.id == 1).values(wrong=state.wrong, last_wrong_ms=state.last_wrong_ms)
    )


def locked_s(connection: Connection, utc_ms: int) -> float:
    """How long the keypad stays locked, 0.0 if it is not. Keeps what a clock that was set back makes of the lock."""
    kept = lock_state(connection)
    state = kept.here(utc_ms)
    if state != kept:
        _put_lock(connection, state)
    return state.wait_s(utc_ms)


def claim_try(connection: Connection, utc_ms: int) -> tuple[float, LockState]:
    """Count a try as wrong before it is made: (0.0, the lock now), or (how long to wait, the lock) and no count."""
    wait_s = locked_s(connection, utc_ms)
    state = lock_state(connection)
    if wait_s <= 0:
        state = state.after_try(utc_ms)
        _put_lock(connection, state)
    return wait_s, state


def unlock(connection: Connection) -> int:
    """Forget the wrong PINs on record; returns how many there were. The caller audits."""
    wrong = lock_state(connection).wrong
    _put_lock(connection, LockState())
    return wrong


def match(pin: str, accounts: Sequence[tuple[Staff, str]]) -> Staff | None:
    """The account whose PIN this is. Always tries every account (see the top of this file)."""
    hasher = _hasher()
    found: Staff | None = None
    for staff, pin_hash in accounts:
        try:
            hasher.verify(pin_hash, pin)
        except (VerificationError, InvalidHashError):
            continue
        found = staff
    return found


# ------------------------------------------------------------------------------------------------- accounts

_COLUMNS: Final = (StaffRow.id, StaffRow.name, StaffRow.role, StaffRow.active, StaffRow.created_ms)


def every(connection: Connection) -> tuple[Staff, ...]:
    """All accounts, retired ones too, by name."""
    rows = connection.execute(select(*_COLUMNS).order_by(func.lower(StaffRow.name)))
    return tuple(record(Staff, row) for row in rows.mappings())


def with_hashes(connection: Connection) -> tuple[tuple[Staff, str], ...]:
    """Active accounts with their hashes, for *match*."""
    rows = connection.execute(select(*_COLUMNS, StaffRow.pin_hash).where(StaffRow.active.is_(True)))
    found = []
    for row in rows.mappings():
        values = dict(row)
        pin_hash = values.pop("pin_hash")
        found.append((record(Staff, values), str(pin_hash)))
    return tuple(found)


def first_account_needed(connection: Connection) -> bool:
    """True until there is an active account."""
    return not any(staff.active for staff in every(connection))


def by_name(connection: Connection, name: str) -> Staff:
    """The account of this name, upper or lower case. Raises StoreError."""
    wanted = name.strip().casefold()
    for staff in every(connection):
        if staff.name.casefold() == wanted:
            return staff
    raise StoreError(f'There is no staff account "{name}". See: retrowalk staff list.')


def add_account(
    connection: Connection, ids: IdSource, at: Moment, *, name: str, role: Role, pin: str, by: Staff | None
) -> Staff:
    """Add an account. *by* is the signed-in owner, None only for the very first account, which is an owner's.

    Raises StoreError with a sentence. An easy PIN and one that somebody has already get the same answer, so adding
    accounts tells nothing of other people's PINs.
    """
    name = " ".join(name.split())
    if not name:
        raise StoreError("The name is empty. Give the name that the log shall show.")
    if len(name) > NAME_MAX or not name.isprintable():
        raise StoreError(f"The name must be at most {NAME_MAX} printable characters.")
    accounts = with_hashes(connection)
    if by is None:
        if accounts:
            raise StoreError("There is a staff account already: its owner must sign in to add another.")
        if role is not Role.OWNER:
            raise StoreError("The first account is the owner's. Add it with the role owner.")
    elif not may(by, Right.ACCOUNTS):
        raise StoreError(f"{by.name} may not add accounts; an owner may.")
    if any(staff.name.casefold() == name.casefold() for staff in every(connection)):
        raise StoreError(f'There is an account "{name}" already. Choose another name.')
    pin_hash = hash_pin(pin)
    if match(pin, accounts) is not None:
        raise StoreError("That PIN cannot be used. Choose another.")
    staff = Staff(ids.new(at.utc_ms), name, role, active=True, created_ms=at.utc_ms)
    connection.execute(
        insert(StaffRow).values(
            id=staff.id, name=staff.name, role=staff.role, pin_hash=pin_hash, active=True, created_ms=staff.created_ms
        )
    )
    who = name if by is None else by.name
    audit.note(connection, ids, at, who=who, action="account added", subject=f"staff {name}", after=role.value)
    return staff


def change_pin(connection: Connection, ids: IdSource, at: Moment, *, staff: Staff, pin: str, by: Staff) -> None:
    """Give an account a new PIN: one's own, or anybody's by an owner. Raises StoreError."""
    if by.id != staff.id and not may(by, Right.ACCOUNTS):
        raise StoreError(f"{by.name} may change only their own PIN; an owner may change others'.")
    _put_pin(connection, staff, pin)
    audit.note(connection, ids, at, who=by.name, action="pin changed", subject=f"staff {staff.name}")


def replace_forgotten(connection: Connection, ids: IdSource, at: Moment, *, staff: Staff, pin: str, who: str) -> None:
    """A new PIN for an owner who has forgotten theirs, where no PIN can be asked for: in the machine's own shell.

    *who* is for the audit. Raises StoreError, also for an account whose PIN an owner can change.
    """
    if not may(staff, Right.ACCOUNTS):
        raise StoreError(f"{staff.name} is not an owner in use. An owner can give them a new PIN.")
    _put_pin(connection, staff, pin)
    audit.note(connection, ids, at, who=who, action="pin changed", subject=f"staff {staff.name}", reason="forgotten")


def _put_pin(connection: Connection, staff: Staff, pin: str) -> None:
    pin_hash = hash_pin(pin)
    if match(pin, with_hashes(connection)) is not None:
        raise StoreError("That PIN cannot be used. Choose another.")
    connection.execute(update(StaffRow).where(StaffRow.id == staff.id).values(pin_hash=pin_hash))


def retire(connection: Connection, ids: IdSource, at: Moment, *, staff: Staff, by: Staff, reason: str = "") -> None:
    """Take an account out of use; its name stays for the audit. Never the last owner. Raises StoreError."""
    if not may(by, Right.ACCOUNTS):
        raise StoreError(f"{by.name} may not retire accounts; an owner may.")
    owners = [other for other in every(connection) if other.active and other.role is Role.OWNER]
    if [owner.id for owner in owners] == [staff.id]:
        raise StoreError(f"{staff.name} is the last owner. Add another owner first.")
    connection.execute(update(StaffRow).where(StaffRow.id == staff.id).values(active=False))
    audit.note(
        connection,
        ids,
        at,
        who=by.name,
        action="account retired",
        subject=f"staff {staff.name}",
        before=staff.role.value,
        reason=reason,
    )


# ------------------------------------------------------------------------------------------------- signing in


class SignInResult(StrEnum):
    """How a try ended."""

    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The answer to a PIN. *wait_s*: the keypad is locked for so long; *left*: tries before it locks."""

    result: SignInResult
    staff: Staff | None
    wait_s: float
    left: int


def answer(staff: Staff | None, state: LockState, utc_ms: int) -> SignIn:
    """What to tell after a try that left the lock in *state*."""
    if staff is not None:
        return SignIn(SignInResult.OK, staff, 0.0, LOCK_AFTER)
    return SignIn(SignInResult.WRONG, None, state.wait_s(utc_ms), max(0, LOCK_AFTER - state.wrong))


def settle(connection: Connection, ids: IdSource, at: Moment, staff: Staff | None, *, where: str) -> SignIn:
    """After *match*: forget the wrong ones or tell of the lock. Both are in the audit, never what was typed."""
    state = lock_state(connection)
    if staff is not None:
        _put_lock(connection, LockState())
        audit.note(connection, ids, at, who=staff.name, action="signed in", subject=where)
    else:
        locked_s = lock_s(state.wrong)
        audit.note(
            connection,
            ids,
            at,
            who="",
            action="pin locked" if locked_s > 0 else "wrong pin",
            subject=where,
            before=f"{state.wrong} in a row",
            after=f"{locked_s:g} s" if locked_s > 0 else "",
        )
    return answer(staff, state, at.utc_ms)


def sign_in_now(connection: Connection, ids: IdSource, at: Moment, pin: str, *, where: str) -> SignIn:
    """The part after *claim_try* (committed before!), on one connection: for shell commands."""
    staff = match(pin, with_hashes(connection)) if valid_pin(pin) else None
    return settle(connection, ids, at, staff, where=where)


class PinDesk:
    """Signing in at the kiosk: hashing takes a tenth of a second an account, so it has a thread of its own.

    Where the disk refuses, the count goes on in memory: a full disk neither opens the keypad nor locks staff out.
    """

    def __init__(self, store: Store, *, threaded: bool = True) -> None:
        self._store: Final = store
        self._threaded: Final = threaded
        self._state = LockState()
        self._accounts: tuple[tuple[Staff, str], ...] = ()

    def sign_in(self, pin: str, at: Moment) -> Future[SignIn]:
        """Try *pin*; poll the future. It always answers with a SignIn unless no account could ever be read."""
        future: Future[SignIn] = Future()
        if not self._threaded:
            self._answer(future, pin, at)
        else:
            threading.Thread(target=self._answer, args=(future, pin, at), name="pin-desk", daemon=True).start()
        return future

    def _answer(self, future: Future[SignIn], pin: str, at: Moment) -> None:
        try:
            future.set_result(self._try(pin, at))
        except Exception as error:  # noqa: BLE001  # the future carries it to whoever polls
            future.set_exception(error)

    def _try(self, pin: str, at: Moment) -> SignIn:
        claimed = self._disk(lambda c: claim_try(c, at.utc_ms))
        if claimed is not None:
            wait_s, self._state = claimed
        else:
            state = self._state.here(at.utc_ms)
            wait_s = state.wait_s(at.utc_ms)
            self._state = state if wait_s > 0 else state.after_try(at.utc_ms)
        if wait_s > 0:
            return SignIn(SignInResult.LOCKED, None, wait_s, 0)
        try:
            self._accounts = self._store.reader.ask(with_hashes).result(timeout=10.0)
        except (StoreError, TimeoutError):
            if not self._accounts:
                raise StoreError("No staff account can be read now. Check the disk, then try again.") from None
        staff = match(pin, self._accounts) if valid_pin(pin) else None
        told = answer(staff, self._state, at.utc_ms)
        if staff is not None:
            self._state = LockState()
        self._disk(lambda c: settle(c, self._store.ids, at, staff, where="kiosk"))
        return told

    def _disk(self, work: Callable[[Connection], T]) -> T | None:
        """What *work* gives, or None where the disk refuses."""
        try:
            return self._store.writer.run(work).result(timeout=10.0)
        except (StoreError, TimeoutError):
            return None
