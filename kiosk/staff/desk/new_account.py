"""Making a staff account from the screen: what is checked first, and the words for what is refused."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.staff import pin as pins
from kiosk.staff.desk.errands import Job, RefusalError
from kiosk.store.kinds import Role
from kiosk.store.moment import Moment
from kiosk.store.records import Staff, StoreError
from kiosk.store.store import Store


@dataclass(frozen=True, slots=True, repr=False)
class AddAccount(Job):
    """Make an account; *by* None only for the very first. Answers with the Staff."""

    name: str
    role: Role
    pin: str
    by: Staff | None

    def do(self, store: Store, at: Moment) -> Staff:
        """Hashing takes a tenth of a second an account: the writer is busy for so long, and nothing else waits."""
        checked_pin(self.pin)
        work = store.writer.run(
            lambda connection: pins.add_account(
                connection, store.ids, at, name=self.name, role=self.role, pin=self.pin, by=self.by
            )
        )
        try:
            return work.result(timeout=30.0)
        except StoreError as error:
            raise as_refusal(error) from error


def checked_pin(pin: str) -> None:
    """Raises RefusalError for a PIN that nobody may have."""
    if not pins.valid_pin(pin):
        raise RefusalError("accounts.six_digits")
    if pins.easy_pin(pin):
        raise RefusalError("accounts.easy_pin")


def as_refusal(error: StoreError) -> StoreError:
    """The screen's own words for what accounts refuse; what the disk refuses keeps its own."""
    told = str(error)
    if "PIN cannot be used" in told:
        return RefusalError("accounts.easy_pin")
    if "already. Choose another name" in told:
        return RefusalError("accounts.name_taken")
    if "last owner" in told:
        return RefusalError("accounts.last_owner")
    return error
