"""A GATT link as the belt process sees it: one treadmill, one connection at a time, every call with its deadline.

Two makers: ``wire`` (the simulated world) and ``bluetooth`` (bleak over BlueZ). Characteristics are 16-bit UUIDs.
What arrives is not called back but collected as events, each tagged with the generation of the connection it came
over: events of an older generation are dropped by whoever drains them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

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


class Watchable(Protocol):
    """Something with a descriptor that wakes the loop when bytes arrive."""

    connections: int  # a descriptor's number may come again with another connection behind it

    def fileno(self) -> int:
        """The descriptor, -1 when there is none."""


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


class Detached:
    """Runs calls that must never hold their caller: a call past its deadline is cancelled, not waited for.

    ``asyncio.wait_for`` waits until the cancelled call has cleaned up, and a hung bluetoothd makes that for ever.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def call(self, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
        """The result of *work*. Raises LinkError(TIMED_OUT) after *deadline_s* seconds."""
        task = self.spawn(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=deadline_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            raise LinkError(Fault.TIMED_OUT, f"no answer within {deadline_s:g} s")
        return task.result()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run *work* by itself; whatever it raises unheard is dropped."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not report a call nobody waits for any more

    async def close(self) -> None:
        """Cancel what is left and give it one second."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
