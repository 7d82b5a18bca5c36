"""Which treadmill this kiosk is bound to: keeping it, and giving back the one before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hardware.config.binding import Binding, BindingError, Proof, load_binding, remove_binding, save_binding
from hardware.link.messages import State
from kiosk.staff import audit
from kiosk.staff.desk.errands import Job, RefusalError
from kiosk.staff.desk.model import Here
from kiosk.store.moment import Moment, iso
from kiosk.store.store import Store

WORDS = {Proof.STICKER: "sticker", Proof.KEY: "own key", Proof.NONE: "to be proved"}


def last_four(address: str) -> str:
    """What is on the sticker: ``00:42`` of ``C0:FF:EE:00:00:42``."""
    return address[-5:]


def standing(here: Here) -> bool:
    """Whether nothing is armed and the belt is at rest: then, and only then, the machine may be left alone."""
    status = here.status
    return status is None or (status.at_rest and status.state in (State.LATCHED, State.IDLE))


def quiet(here: Here) -> bool:
    """Whether nothing is armed and no belt is seen to move: the guard then lets treadmills be looked for and bound.

    One that is off or out of reach is not at rest for anybody, and yet another may be bound in its place.
    """
    status = here.status
    if status is None:
        return True
    return status.state in (State.LATCHED, State.IDLE) and not status.measured_ckmh


@dataclass(frozen=True, slots=True)
class Bind(Job):
    """Keep that this kiosk drives *address* from now on; in the audit as well. Answers with the Binding before."""

    address: str
    label: str
    by: str
    before: str
    proof: Proof = Proof.STICKER

    def do(self, store: Store, at: Moment) -> Binding | None:
        """Raises RefusalError."""
        directory = Path(store.path.parent)
        try:
            made = Binding(
                address=self.address,
                label=self.label,
                bound_by=self.by,
                bound_at=iso(at.utc_ms).replace(".000Z", "Z"),
                proved_by=self.proof,
            )
            before = load_binding(directory)
            save_binding(directory, made)
        except BindingError as error:
            raise RefusalError("treadmill.not_bound") from error
        _note(store, at, self.by, "treadmill bound", self.before, f"{self.address}, {WORDS[self.proof]}")
        return before


@dataclass(frozen=True, slots=True)
class GiveBack(Job):
    """*address* was not proved: the treadmill of before is the bound one again, or the configuration's."""

    address: str
    before: Binding | None
    by: str

    def do(self, store: Store, at: Moment) -> None:
        """Raises RefusalError."""
        directory = Path(store.path.parent)
        try:
            if self.before is None:
                remove_binding(directory)
            else:
                save_binding(directory, self.before)
        except BindingError as error:
            raise RefusalError("treadmill.not_bound") from error
        after = "none" if self.before is None else self.before.address
        _note(store, at, self.by, "treadmill not proved", self.address, after)


def _note(store: Store, at: Moment, who: str, action: str, before: str, after: str) -> None:
    store.writer.run(
        lambda connection: audit.note(
            connection, store.ids, at, who=who, action=action, subject="treadmill", before=before, after=after
        )
    )
