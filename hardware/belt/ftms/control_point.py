"""The one writer of the control point (2AD9): strictly one call in flight, and a stop never waits for another.

Twenty concurrent writes arrive in scrambled order (bluez.md F18), so there is one call at a time. The writer is free
again with the ATT response; the indication is matched by its op code whenever it comes. A newer write takes the place
of one still in flight: the old call is cancelled, which does not recall what BlueZ has taken already, but what it has
taken goes out first, so the newer write has the last word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hardware.belt.ftms.codec import decode_control_answer
from hardware.belt.link import CONTROL_POINT, Fault, GattLink, LinkError
from hardware.belt.treadmill import Outcome, Report
from hardware.link.clock import Clock

_OUTCOMES: Final = {Fault.TIMED_OUT: Outcome.TIMED_OUT, Fault.BUSY: Outcome.TURNED_AWAY}


class ControlPoint:
    """Writes and their outcomes, over the connection of one generation at a time."""

    def __init__(self, link: GattLink, clock: Clock, wake: Callable[[], None]) -> None:
        self._link: Final = link
        self._clock: Final = clock
        self._wake: Final = wake
        self._task: asyncio.Task[None] | None = None
        self._generation = 0
        self._reports: list[Report] = []
        self.in_flight = b""
        self.last_write = b""
        self.last_write_seq = 0
        self.last_fault: LinkError | None = None

    def reset(self, generation: int) -> None:
        """Another connection, or none: nothing of the old one counts any more."""
        self._generation = generation
        self._cancel()
        self._reports.clear()
        self.last_fault = None

    def write(self, payload: bytes, *, deadline_s: float, response: bool) -> None:
        """Hand *payload* to the link; a write still in flight gives way."""
        self._cancel()
        self.in_flight = self.last_write = payload
        self.last_write_seq += 1
        self._task = asyncio.ensure_future(self._attempt(payload, self._generation, deadline_s, response))

    def indicated(self, value: bytes, now_s: float) -> bool:
        """An indication came. True when it is not as the specification has it."""
        answer = decode_control_answer(value)
        if answer.request_op is not None and answer.result is not None:
            op = bytes((answer.request_op,))
            self._reports.append(Report(Outcome.ANSWERED, op, now_s, answer.result, generation=self._generation))
        return answer.anomalous

    def reports(self) -> list[Report]:
        """Outcomes since the last call."""
        reports, self._reports = self._reports, []
        return reports

    async def _attempt(self, payload: bytes, generation: int, deadline_s: float, response: bool) -> None:
        outcome, att = Outcome.WRITTEN, None
        try:
            await self._link.write(CONTROL_POINT, payload, response=response, deadline_s=deadline_s)
        except LinkError as error:
            outcome, att = _OUTCOMES.get(error.fault, Outcome.FAILED), error.att
            self.last_fault = error
        except Exception as error:  # noqa: BLE001 - whatever a link raises against its word, a stop is tried again
            outcome = Outcome.FAILED
            self.last_fault = LinkError(Fault.OTHER, repr(error))
        if generation == self._generation:
            self.in_flight = b""
            self._reports.append(Report(outcome, payload, self._clock.now(), att=att, generation=generation))
            self._wake()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.in_flight = b""

    async def close(self) -> None:
        """Cancel and wait for the call in flight."""
        task = self._task
        self._cancel()
        if task is not None:
            await asyncio.wait({task}, timeout=1.0)
