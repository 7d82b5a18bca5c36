"""FTMS over any GATT link: keeps one treadmill connected and read. Decides nothing about motion.

At connect: notifications on 2ACD, indications on 2AD9, and from then on a stop can be written; then 2ADA and 2AD3,
then what can be read. What arrives is tagged with the generation of its connection; all of an older one is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

from hardware.belt import trouble
from hardware.belt.ftms.codec import (
    NO_PARTIAL,
    StatusOp,
    decode_machine_status,
    decode_training_status,
    decode_treadmill_data,
    merge,
)
from hardware.belt.ftms.control import Control
from hardware.belt.ftms.control_point import ControlPoint
from hardware.belt.ftms.facts import Told, facts_of, machine_of, scale_of
from hardware.belt.link import (
    ATT_CCCD_NOT_CONFIGURED,
    CONTROL_POINT,
    FEATURE,
    FIRMWARE_REVISION,
    INCLINATION_RANGE,
    MACHINE_STATUS,
    MODEL_NUMBER,
    SPEED_RANGE,
    TRAINING_STATUS,
    TREADMILL_DATA,
    Fault,
    GattLink,
    LinkError,
    LinkEvent,
    Notified,
    Opened,
)
from hardware.belt.treadmill import Outcome, Readings, Report, take
from hardware.config.profiles import Profile
from hardware.constants import COMMAND_DEADLINE_S, CONNECT_DEADLINE_S, RECONNECT_S, STATUS_REPLAY_S
from hardware.link.clock import Clock
from hardware.link.messages import LinkState, StatusEvent, TreadmillFacts

T = TypeVar("T")

HEAL_S: Final = 2.5  # no data for so long after connecting: perhaps the subscription was not heard
HEAL_TRIES: Final = 3
SILENT_S: Final = 10.0  # nobody walks then: the guard has stopped everything after 2.5 s without data
LISTEN_MOST_S: Final = 8.0  # for a subscription during which BlueZ pairs by itself: a slow machine takes seconds
ASK_AGAIN_S: Final = 5.0  # between two tries to read what was not answered
PLAUSIBLE_CKMH: Final = 3000  # no treadmill runs faster than 30 km/h: such a record is broken

_NO_SERVICE: Final = frozenset(
    (Fault.NO_WORLD, Fault.NO_BLUETOOTHD, Fault.BLUETOOTHD_SILENT, Fault.NO_ADAPTER, Fault.ADAPTER_OFF)
)
_READ: Final = {
    FEATURE: "features",
    SPEED_RANGE: "speed_range",
    INCLINATION_RANGE: "incline_range",
    MODEL_NUMBER: "model",
    FIRMWARE_REVISION: "firmware",
}
_EVENTS: Final = {
    StatusOp.STOPPED_BY_SAFETY_KEY: StatusEvent.SAFETY_KEY,
    StatusOp.CONTROL_PERMISSION_LOST: StatusEvent.CONTROL_LOST,
    StatusOp.STOPPED_OR_PAUSED_BY_USER: StatusEvent.STOPPED_BY_USER,
    StatusOp.STARTED_OR_RESUMED_BY_USER: StatusEvent.STARTED_BY_USER,
    StatusOp.RESET: StatusEvent.RESET,
}


class FtmsClient:
    """One treadmill. ``keep`` runs for ever; ``absorb`` is called whenever something may have arrived."""

    def __init__(
        self, link: GattLink, profile: Profile, address: str | None, clock: Clock, wake: Callable[[], None]
    ) -> None:
        self._link: Final = link
        self._address: Final = address
        self._clock: Final = clock
        self._wake: Final = wake
        self._gone: Final = asyncio.Event()
        self._hurry: Final = asyncio.Event()
        self._deaf: Final = asyncio.Event()  # the control point says that its indications are off
        self._away_s = RECONNECT_S
        self._listen_s = COMMAND_DEADLINE_S
        self.profile: Final = profile
        self.scale: Final = scale_of(profile)
        self.control_point: Final = ControlPoint(link, clock, wake)
        self.control: Final = Control(profile.quirks)
        self.generation = 0
        self.adopted = False
        self.linked = False  # the control point can be written to
        self.readings = Readings()
        self.speed_wire: int | None = None
        self.machine = machine_of(Told(), profile, control_point=False)
        self.facts: TreadmillFacts | None = None
        self.anomalies = 0
        self.started_by_user_s: float | None = None
        self.events: Final[deque[tuple[int, StatusEvent]]] = deque(maxlen=16)
        self._phase = LinkState.OFF if address is None else LinkState.SEARCHING
        self._trouble = trouble.NO_TREADMILL_BOUND if address is None else ""
        self._up = False
        self._ready = False  # everything has been read
        self._told = Told()
        self._unanswered: set[int] = set()  # characteristics whose read timed out
        self._partial = NO_PARTIAL
        self._event_seq = 0
        self._first_status = True
        self._status_since_s: float | None = None

    # ---------------------------------------------------------------------------------------- for those who look

    def flowing(self, now_s: float) -> bool:
        """True while Treadmill Data is fresh."""
        return self.readings.at_s is not None and 0 <= now_s - self.readings.at_s <= self.profile.stale_s

    def state(self, now_s: float) -> LinkState:
        """How far things are."""
        if not self._ready:
            return self._phase
        return LinkState.READY if self.control.held and self.flowing(now_s) else LinkState.READ_ONLY

    def trouble(self, now_s: float) -> str:
        """What is wrong, in words; empty when all is well."""
        if self._trouble:
            return self._trouble
        if self._ready and not self.flowing(now_s):
            return trouble.NO_DATA
        return self.control.trouble

    # ---------------------------------------------------------------------------------------- connection

    async def keep(self) -> None:
        """Connect, and again one second after each loss. Ends only by cancellation."""
        while self._address is not None:
            beside: list[asyncio.Future[None]] = []
            try:
                opened = await self._open(self._address)
                beside = [asyncio.ensure_future(self._heal()), asyncio.ensure_future(self._ask_again(opened))]
                await self._gone.wait()
            except LinkError as error:
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - whatever a link raises against its word, it is tried again
                self._failed(LinkError(Fault.OTHER, repr(error)))
            finally:
                for task in beside:
                    task.cancel()
            self._lost()
            try:
                await self._link.disconnect()
            except Exception as error:  # noqa: BLE001 - the same: a belt that moves must be reached again
                self._failed(LinkError(Fault.OTHER, repr(error)))
            await self._stay_away()

    def _failed(self, error: LinkError) -> None:
        vanished = error.fault is Fault.NOT_FOUND and self.generation > 0
        self._trouble = trouble.VANISHED if vanished else trouble.sentence(error)
        if error.fault in _NO_SERVICE:
            self._phase = LinkState.OFF

    async def _stay_away(self) -> None:
        away_s, self._away_s = self._away_s, RECONNECT_S
        try:
            await asyncio.wait_for(self._hurry.wait(), away_s)
        except TimeoutError:
            pass
        self._hurry.clear()  # a word counts for one absence: what is gone is not asked for without a pause

    def drop(self, away_s: float = RECONNECT_S) -> None:
        """Give this connection up; a new one comes *away_s* after it is down. Where ATT is stuck, only this helps."""
        self._away_s = away_s
        self._hurry.clear()
        self._lost()

    def relink_if_silent(self, now_s: float) -> None:
        """A link over which data came and then nothing for long may be one that only we still believe in (F11)."""
        at_s = self.readings.at_s
        if self._ready and at_s is not None and now_s - at_s > max(SILENT_S, 2 * self.profile.stale_s):
            self._trouble = trouble.NO_DATA
            self.drop()

    def come_back(self) -> None:
        """Stay away no longer. Said over a link that is up it means nothing."""
        if not self._up:
            self._hurry.set()

    async def _open(self, address: str) -> Opened:
        if self._phase is not LinkState.LOST:
            self._phase = LinkState.SEARCHING
        opened = await self._link.connect(address, CONNECT_DEADLINE_S)
        self._begin(opened)
        await self._listen(TREADMILL_DATA)
        if CONTROL_POINT in opened.chars:
            await self._listen(CONTROL_POINT)
            self.linked = True
            self._wake()  # a stop that waits goes out now, before anything is read
        else:
            self._trouble = trouble.NO_CONTROL_POINT
        self._listen_s = COMMAND_DEADLINE_S
        self._told = Told()
        self._unanswered = set(_READ)
        await self._ask(opened)
        await self._optional(MACHINE_STATUS, opened, self._link.subscribe)
        self._status_since_s = self._clock.now()
        await self._optional(TRAINING_STATUS, opened, self._link.subscribe)
        self._ready = True
        self._wake()
        return opened

    async def _listen(self, char: int) -> None:
        """Subscribe to what nothing goes without. Giving up breaks a pairing off, so the next link has longer."""
        try:
            await self._link.subscribe(char, self._listen_s)
        except LinkError as error:
            if error.fault is Fault.TIMED_OUT:
                self._listen_s = min(2 * self._listen_s, LISTEN_MOST_S)
            raise

    async def _ask(self, opened: Opened) -> None:
        """Read what is still unanswered, and make of it what is known of the machine."""
        for char in tuple(char for char in _READ if char in self._unanswered):
            value = await self._optional(char, opened, self._link.read)
            self._told = replace(self._told, **{_READ[char]: value})
        self.machine = machine_of(self._told, self.profile, control_point=CONTROL_POINT in opened.chars)
        self.facts = facts_of(self._told, self.machine, self.profile, self._address or "", opened.name)

    async def _ask_again(self, opened: Opened) -> None:
        """A read that timed out says nothing of the machine: without its model it would be another one for ever."""
        while self._unanswered:
            await asyncio.sleep(ASK_AGAIN_S)
            try:
                await self._ask(opened)
            except LinkError:
                return  # the link is gone, and everything is asked anew over the next

    async def _heal(self) -> None:
        """Subscribe again to what was subscribed to and does not come (quirk of KingSmith, see CCCD_GAP_S)."""
        tries = 0
        while True:
            looking = self.readings.at_s is None and tries < HEAL_TRIES
            tries += 1
            try:
                await asyncio.wait_for(self._deaf.wait(), HEAL_S if looking else None)
            except TimeoutError:
                pass  # a look at whether data flows, then
            deaf = [CONTROL_POINT] if self._deaf.is_set() else []
            deaf += [TREADMILL_DATA] if self.readings.at_s is None else []
            self._deaf.clear()
            for char in deaf:
                try:
                    await self._link.resubscribe(char, COMMAND_DEADLINE_S)
                except LinkError:
                    self.anomalies += 1

    async def _optional(
        self, char: int, opened: Opened, call: Callable[[int, float], Coroutine[Any, Any, T]]
    ) -> T | None:
        """What machines leave out or answer badly (quirks 21, 26, 29): counted, not fatal."""
        if char not in opened.chars:
            self._unanswered.discard(char)
            return None
        try:
            value = await call(char, COMMAND_DEADLINE_S)
        except LinkError as error:
            if error.fault is Fault.NO_LINK:
                raise
            self.anomalies += 1
            if error.fault is not Fault.TIMED_OUT:
                self._unanswered.discard(char)
            return None
        self._unanswered.discard(char)
        return value

    def _begin(self, opened: Opened) -> None:
        self.generation = opened.generation
        self.adopted = opened.adopted
        self._gone.clear()
        self._deaf.clear()
        self._up = True
        self._phase = LinkState.CONNECTING
        self._trouble = ""
        self.readings = Readings(seq=self.readings.seq)
        self.speed_wire = None
        self._partial = NO_PARTIAL
        self._first_status = True
        self._status_since_s = None
        self.control.reset()
        self.control_point.reset(opened.generation)

    def _lost(self) -> None:
        if self._up:
            self._phase = LinkState.LOST
            self._trouble = self._trouble or trouble.sentence(LinkError(Fault.NO_LINK))
        self._up = self._ready = self.linked = False
        self.control.reset()
        self.control_point.reset(self.generation)
        self._gone.set()

    # ---------------------------------------------------------------------------------------- what arrives

    def absorb(self, now_s: float) -> list[Report]:
        """Take in everything that has arrived; the outcomes of writes are given back."""
        for event in self._link.events():
            if event.generation == self.generation and self._up:
                self._event(event)
        reports = self.control_point.reports()
        for report in reports:
            fault = self.control_point.last_fault
            if report.outcome is Outcome.FAILED and fault is not None and fault.fault is Fault.NO_LINK:
                self._lost()  # F7: BlueZ knows, whether anybody has told us or not
            if report.att == ATT_CCCD_NOT_CONFIGURED:
                self._deaf.set()
            self.control.take(report, self.control_point.last_fault)
        self.control.tick(now_s, commissioned=self.facts is not None and self.facts.commissioned)
        return reports

    def _event(self, event: LinkEvent) -> None:
        if not isinstance(event, Notified):
            self._trouble = ""
            self._lost()
        elif event.char == TREADMILL_DATA:
            self._data(event.value, event.at_s)
        elif event.char == CONTROL_POINT:
            self.anomalies += self.control_point.indicated(event.value, event.at_s)
        elif event.char == MACHINE_STATUS:
            self._status(event.value, event.at_s)
        elif event.char == TRAINING_STATUS:
            self.anomalies += decode_training_status(event.value).anomalous

    def _data(self, value: bytes, at_s: float) -> None:
        packet = decode_treadmill_data(value)
        self.anomalies += packet.anomalous
        self._partial, record = merge(self._partial, packet)
        if record is None:
            return
        if record.speed_ckmh is None or record.speed_ckmh > PLAUSIBLE_CKMH:
            self.anomalies += 1  # no speed to trust is no reading: what is known grows old
            return
        self.speed_wire = record.speed_ckmh
        speed_ckmh = self.scale.ckmh(record.speed_ckmh)
        self.readings = take(self.readings, speed_ckmh, record.incline_dpct, at_s, self.profile.stale_s)

    def _status(self, value: bytes, at_s: float) -> None:
        status = decode_machine_status(value)
        self.anomalies += status.anomalous
        first, self._first_status = self._first_status, False
        if first and (self._status_since_s is None or at_s - self._status_since_s <= STATUS_REPLAY_S):
            return  # hazard 32: the last one of an earlier use, sent again
        event = None if status.name is None else _EVENTS.get(status.name)
        if event is None:
            return
        if event in (StatusEvent.CONTROL_LOST, StatusEvent.RESET):
            self.control.lost()
        self._event_seq += 1
        self.events.append((self._event_seq, event))
        if event is StatusEvent.STARTED_BY_USER:
            self.started_by_user_s = at_s
