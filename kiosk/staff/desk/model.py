"""What a desk is: who is signed in, the pages they are on, and what these may know and ask for. All frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from sqlalchemy import Connection

from hardware.link.messages import Refused, SafetyEvent, Status
from kiosk.intents import Intent, ScreenId
from kiosk.staff.pin import Right, may
from kiosk.store.ids import IdSource
from kiosk.store.kinds import Role
from kiosk.store.moment import Moment
from kiosk.store.records import Cap, Staff, StoreError
from kiosk.store.store import Store

if TYPE_CHECKING:
    from kiosk.locale import Catalogue
    from kiosk.session.model import Setup
    from kiosk.staff.desk.turn import DeskTurn
    from kiosk.staff.desk.views import View

IDLE_S: Final = 60.0
"""Nobody touches for so long: signed out (screens A11). The header counts the seconds down."""

WARN_S: Final = 45.0

NOBODY: Final = Staff("", "", Role.STAFF, active=False, created_ms=0)
"""Before the first account there is nobody to sign in; nothing but making that account is open to them."""


class RefusalError(StoreError):
    """An errand cannot be done; *key* is what the screen says (catalogue), with *values* for its places."""

    def __init__(self, key: str, **values: str | int) -> None:
        super().__init__(key)
        self.key: Final = key
        self.values: Final[Mapping[str, str | int]] = values


# ----------------------------------------------------------------------------------------------------- errands


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


@dataclass(frozen=True, slots=True)
class SecondPin:
    """A PIN was tried while a desk is open: whose it is, or None; *wait_s* until the keypad takes another."""

    staff: Staff | None
    wait_s: float = 0.0
    broken: bool = False


DeskEvent = Intent | Answered | SecondPin | Status | Refused | SafetyEvent


# ------------------------------------------------------------------------------------------------------- pages


@dataclass(frozen=True, slots=True)
class Here:
    """What a page may know besides itself. Read at one instant."""

    now_s: float
    setup: Setup
    status: Status | None  # None: the guard does not answer
    caps: tuple[Cap, ...]  # rows as last read
    texts: Catalogue
    who: Staff
    since_s: float  # since the page on top came up
    utc_ms: int = 0  # 0: the record has not said what time it is yet

    def may(self, right: Right) -> bool:
        """Whether who is signed in has the right."""
        return may(self.who, right)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the desk. A page is data; its methods say what follows, by way of the turn.

    To change itself a page calls ``t.put(replace(self, ...))``; other pages open with ``t.open(page)``, and give
    something back with ``t.back(result)``, which the page below gets as ``returned``.
    """

    screen: ClassVar[ScreenId]
    holds: ClassVar[bool] = False  # True: no idle sign-out here (a belt may move)

    def opened(self, t: DeskTurn) -> None:
        """The page comes up: time to ask the record."""

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A person wants something. BACK, SIGN_OUT and STAY are done for every page."""

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """An errand is done. Every page of the stack hears of every errand: look whose it is."""

    def returned(self, t: DeskTurn, result: object) -> None:
        """The page above has closed. *result* is None where it was left without."""

    def told(self, t: DeskTurn, body: Status | Refused | SafetyEvent) -> None:
        """The guard's word; only the page on top hears it."""

    def passing(self, t: DeskTurn) -> None:
        """Time goes by; only for the page on top."""

    def leaving(self, t: DeskTurn) -> None:
        """BACK or signed out: stop what was begun."""

    def view(self, here: Here) -> View:
        """What the painter shows."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody of the staff at the screen."""

    who: Staff
    stack: tuple[Page, ...]  # the last is on top
    since_s: float  # since the page on top came up
    active_s: float  # last touch
    pin_asked: bool = False  # a second PIN is being tried
    over: bool = False  # signed out: the session's own screen comes again
    astray: tuple[tuple[ScreenId, ScreenId], ...] = ()  # steps that flow.py does not know: a bug

    @property
    def page(self) -> Page:
        """The page on top."""
        return self.stack[-1]

    @property
    def screen(self) -> ScreenId:
        """Its screen."""
        return self.stack[-1].screen
