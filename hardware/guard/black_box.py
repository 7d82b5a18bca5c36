"""The black box: a ring in memory of every step's inputs and outputs, kept around each stop and fetched by the kiosk.

Nothing is written to disk here. A box holds what is needed to run the same minute through another machine: the rules,
a full copy of the machine's memory once a second, and every step's inputs and outputs; the treadmill's newest bytes
are in the Belt frames. Entries are msgpack, each behind its length (4 bytes, little endian).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from hardware.constants import BLACK_BOX_S, TICK_S
from hardware.guard.memory import Inputs, Machine, Outputs, Rules
from hardware.link.messages import VERSION, BlackBoxAck, BlackBoxChunk, SafetyEvent

AFTER_S: Final = 10.0
"""So much of the ring's minute lies after the stop: how it ended belongs to it."""

CHUNK_BYTES: Final = 32_768
KEPT: Final = 4  # boxes waiting to be fetched
STEPS: Final = round(BLACK_BOX_S / TICK_S)
MEMORY_EVERY: Final = round(1 / TICK_S)
CUTS: Final = frozenset({"trip", "stop", "escalation"})


class Opening(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """First entry of a box."""

    version: int
    rules: Rules
    event: SafetyEvent


class Memory(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The machine before the step that follows."""

    machine: Machine


class Step(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One step."""

    now_s: float
    inputs: Inputs
    outputs: Outputs


class BlackBox:
    """Costs one encoding a step, and no more than two or three megabytes."""

    def __init__(self, rules: Rules) -> None:
        self._rules: Final = rules
        self._encoder: Final = msgspec.msgpack.Encoder()
        self._ring: deque[bytes] = deque(maxlen=STEPS + STEPS // MEMORY_EVERY)
        self._steps = 0
        self._due: deque[tuple[float, SafetyEvent]] = deque()
        self._boxes: dict[int, bytes] = {}

    def note(self, before: Machine, inputs: Inputs, outputs: Outputs, now_s: float) -> None:
        """One step. *before* is the machine that took it."""
        if self._steps % MEMORY_EVERY == 0:
            self._ring.append(self._encoder.encode(Memory(before)))
        self._steps += 1
        self._ring.append(self._encoder.encode(Step(now_s, inputs, outputs)))
        for event in outputs.events:
            if event.kind in CUTS:
                self._due.append((now_s + AFTER_S, event))
        while self._due and now_s >= self._due[0][0]:
            self._cut(self._due.popleft()[1])

    def _cut(self, event: SafetyEvent) -> None:
        opening = self._encoder.encode(Opening(VERSION, self._rules, event))
        entries = (opening, *self._ring)
        self._boxes[event.id] = b"".join(len(entry).to_bytes(4, "little") + entry for entry in entries)
        while len(self._boxes) > KEPT:
            del self._boxes[next(iter(self._boxes))]

    def answer(self, ack: BlackBoxAck) -> BlackBoxChunk:
        """The next chunk. Asking past the end gives an empty last one and forgets the box."""
        box = self._boxes.get(ack.id)
        if box is None:
            return BlackBoxChunk(ack.id, 0, 0, b"")
        count = -(-len(box) // CHUNK_BYTES)
        if ack.have >= count:
            del self._boxes[ack.id]
        start = ack.have * CHUNK_BYTES
        return BlackBoxChunk(ack.id, min(ack.have, count), count, box[start : start + CHUNK_BYTES])


class BlackBoxError(Exception):
    """The bytes are no black box of this version; the text says so."""


def entries(box: bytes) -> Iterator[Opening | Memory | Step]:
    """Read a box. Raises BlackBoxError."""
    decoder = msgspec.msgpack.Decoder(Opening | Memory | Step)
    at = 0
    while at < len(box):
        length = int.from_bytes(box[at : at + 4], "little")
        entry = box[at + 4 : at + 4 + length]
        if len(entry) < length or not entry:
            raise BlackBoxError("The black box ends in the middle of an entry: it was not fetched to its end.")
        try:
            yield decoder.decode(entry)
        except (msgspec.DecodeError, ValueError) as error:
            raise BlackBoxError(f"The black box was written by another version: {error}.") from error
        at += 4 + length
