"""What a page of the desk has done for it by the record, and how it hears of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from kiosk.store.ids import IdSource
from kiosk.store.moment import Moment
from kiosk.store.records import StoreError
from kiosk.store.store import Store


class RefusalError(StoreError):
    """An errand cannot be done; *key* is what the screen says (catalogue), with *values* for its places."""

    def __init__(self, key: str, **values: str | int) -> None:
        super().__init__(key)
        self.key: Final = key
        self.values: Final[Mapping[str, str | int]] = values


@dataclass(frozen=True, slots=True)
class Read:
    """A question to the record: data now, asked later on the reader's thread. Raises StoreError, RefusalError."""

    def read(self, connection: Connection, at: Moment) -> object:
        """The answer."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Write:
    """A change of the record, one transaction with its audit entry. Where it raises, nothing is changed."""

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> object:
        """Make it; what it returns is the answer."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Job:
    """What takes longer or needs more than one transaction (hashing, files): a thread of its own, for this alone."""

    def do(self, store: Store, at: Moment) -> object:
        """Do it; *store*'s calls may be waited for here. Raises StoreError, RefusalError."""
        raise NotImplementedError


Errand = Read | Write | Job


@dataclass(frozen=True, slots=True)
class Run:
    """An action of the desk: have this errand carried out."""

    errand: Errand


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an errand. *refused* empty: *result* is it; else a catalogue key with its *values*."""

    errand: Errand
    result: object = None
    refused: str = ""
    values: Mapping[str, str | int] = field(default_factory=dict)
