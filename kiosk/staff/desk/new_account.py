"""Making a staff account from the screen: what is checked first, and the words for what is refused."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.staff import pin as pins
from kiosk.staff.desk.asking import PadPage, words
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


def new_pin_pad(message: str = "") -> PadPage:
    """The pad on which a new PIN is typed for the first time; *message* says why once more."""
    return PadPage(words("setup.pin"), words("setup.pin_help"), message=message)


def typed_twice(first: str, digits: str) -> tuple[str, PadPage | None]:
    """A new PIN is typed twice. *first*: the first typing, empty while *digits* are that.

    Gives what is to be held until the second typing, and the pad for what is to be typed now; no pad: *digits* it is.
    """
    if not first:
        if pins.easy_pin(digits):
            return "", new_pin_pad("accounts.easy_pin")
        return digits, PadPage(words("setup.again"), words("setup.again_help"))
    return "", (None if digits == first else new_pin_pad("accounts.not_the_same"))


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
