"""A GATT link as the belt process sees it: one treadmill, one connection at a time, every call with its deadline.

Two makers: ``wire`` (the simulated world) and ``bluetooth`` (bleak over BlueZ). Characteristics are 16-bit UUIDs.
What arrives is not called back but collected as events, each tagged with the generation of the connection it came
over: events of an older generation are dropped by whoever drains them.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from hardware.link.detached import Detached, Overdue
from hardware.link.wake import Watchable

T = TypeVar("T")

FTMS_SERVICE: Final = 0x1826
MODEL_NUMBER: Final = 0x2A24
FIRMWARE_REVISION: Final = 0x2A26
FEATURE: Final = 0x2ACC
TREADMILL_DATA: Final = 0x2ACD
TRAINING_STATUS: Final = 0x2AD3
SPEED_RANGE: Final = 0x2AD4
INCLINATION_RANGE: Final = 0x2AD5
CONTROL_POINT: Final = 0x2AD9
MACHINE_STATUS: Final = 0x2ADA

ATT_INSUFFICIENT_AUTHENTICATION: Final = 0x05
ATT_INSUFFICIENT_ENCRYPTION: Final = 0x0F
ATT_CCCD_NOT_CONFIGURED: Final = 0xFD
ATT_PROCEDURE_IN_PROGRESS: Final = 0xFE

CCCD_GAP_S: Final = 0.35
"""KingSmith's firmware drops CCCD writes closer than 100 to 300 ms, and says that it took them (safety.md 1b)."""

PAIRING_ERRORS: Final = frozenset((ATT_INSUFFICIENT_AUTHENTICATION, ATT_INSUFFICIENT_ENCRYPTION))


class Fault(StrEnum):
    """Why a call on the link failed."""

    NO_WORLD = "no_world"  # simulated only: nobody listens
    NO_BLUETOOTHD = "no_bluetoothd"
    BLUETOOTHD_SILENT = "bluetoothd_silent"
    NO_ADAPTER = "no_adapter"
    ADAPTER_OFF = "adapter_off"
    NOT_FOUND = "not_found"
    REFUSED = "refused"  # found, but it does not let us connect
    NOT_A_TREADMILL = "not_a_treadmill"
    WANTS_PAIRING = "wants_pairing"
    NO_LINK = "no_link"
    TIMED_OUT = "timed_out"
    BUSY = "busy"
    ATT = "att"
    OTHER = "other"


class LinkError(Exception):
    """A call on the link failed; *fault* says how, *att* is the ATT error code where there is one."""

    def __init__(self, fault: Fault, detail: str = "", att: int | None = None) -> None:
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault: Final = fault
        self.detail: Final = detail
        self.att: Final = att


@dataclass(frozen=True, slots=True)
class Seen:
    """A treadmill in reach."""

    address: str
    name: str
    rssi: int | None  # dBm; None when it is connected and so does not advertise
    connected: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection."""

    generation: int
    adopted: bool  # it was up already: BlueZ keeps the link of a process that was killed (F15, F16)
    name: str
    chars: frozenset[int]


@dataclass(frozen=True, slots=True)
class Notified:
    """A notification or indication."""

    generation: int
    char: int
    value: bytes
    at_s: float


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection of *generation* is gone."""

    generation: int
    reason: str


LinkEvent = Notified | Dropped


class GattLink(Protocol):
    """One treadmill's GATT server. All calls raise LinkError and nothing else."""

    @property
    def generation(self) -> int:
        """Counts connections; 0 before the first."""

    async def scan(self, seconds: float) -> list[Seen]:
        """FTMS treadmills in reach, those already connected to this machine included."""

    async def connect(self, address: str, deadline_s: float) -> Opened:
        """Connect by address; a link that is already up is adopted."""

    async def read(self, char: int, deadline_s: float) -> bytes:
        """Read a characteristic."""

    async def write(self, char: int, value: bytes, *, response: bool, deadline_s: float) -> None:
        """Write a characteristic. A write that timed out may still arrive."""

    async def subscribe(self, char: int, deadline_s: float) -> None:
        """Notifications or indications on."""

    async def resubscribe(self, char: int, deadline_s: float) -> None:
        """Off and on again, with a pause: some machines drop a CCCD write that comes soon after another."""

    async def disconnect(self) -> None:
        """Give the link up. Bounded; never raises."""

    def on_event(self, wake: Callable[[], None]) -> None:
        """*wake* is called when something arrived that ``events`` will give."""

    def events(self) -> list[LinkEvent]:
        """What has arrived since the last call, oldest first."""

    def watch(self) -> Iterable[Watchable]:
        """Descriptors that this link wants looked at through ``events``; empty where the loop does it itself."""

    async def close(self, *, drop: bool) -> None:
        """For good; never raises. Without *drop* the connection stays, for who may have to stop the belt."""


class Calls(Detached):
    """Detached calls whose time-out is a LinkError."""

    async def call(self, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
        """The result of *work*. Raises LinkError(TIMED_OUT) after *deadline_s* seconds."""
        try:
            return await self.within(work, deadline_s)
        except Overdue:
            raise LinkError(Fault.TIMED_OUT, f"no answer within {deadline_s:g} s") from None
