"""The samples of one session in a few hundred bytes: what ``trace.packed`` holds.

Second after second little changes, so each column is stored as differences, as variable-length integers, then
deflated: a ten-minute walk takes a few hundred bytes where its rows take tens of thousands (bench million_sessions).
Exact: unpacking gives the same samples.

Layout after zlib: a version byte, the count, then four columns one after the other (time, measured, commanded,
slope). A missing value is stored as 0, any other as its distance from the last one, zigzag, plus 1.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from kiosk.store.records import Sample

VERSION: Final = 1
STEP_MS: Final = 1000  # samples come once a second: only what differs from that is stored
MAX_SAMPLES: Final = 200_000


class TraceError(Exception):
    """Bytes that are no trace."""


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _unzigzag(value: int) -> int:
    return value >> 1 if value & 1 == 0 else -((value + 1) >> 1)


def _put(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _take(data: Iterator[int]) -> int:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
        if shift > 63:
            break
    raise TraceError("the trace ends in the middle of a number")


def _put_column(out: bytearray, values: Sequence[int | None]) -> None:
    last = 0
    for value in values:
        if value is None:
            _put(out, 0)
        else:
            _put(out, _zigzag(value - last) + 1)
            last = value


def _take_column(data: Iterator[int], count: int) -> list[int | None]:
    found: list[int | None] = []
    last = 0
    for _ in range(count):
        coded = _take(data)
        if coded == 0:
            found.append(None)
        else:
            last += _unzigzag(coded - 1)
            found.append(last)
    return found


def pack(samples: Sequence[Sample]) -> bytes:
    """*samples* of one session, in order of time, as bytes."""
    out = bytearray([VERSION])
    _put(out, len(samples))
    last = 0
    for sample in samples:
        t_ms = round(sample.t_s * 1000)
        _put(out, _zigzag(t_ms - last - STEP_MS))
        last = t_ms
    _put_column(out, [sample.measured_ckmh for sample in samples])
    _put_column(out, [sample.commanded_ckmh for sample in samples])
    _put_column(out, [sample.incline_dpct for sample in samples])
    return zlib.compress(bytes(out), 9)


def unpack(session_id: str, packed: bytes) -> list[Sample]:
    """The samples that were packed. Raises TraceError for bytes that are no trace."""
    try:
        raw = zlib.decompress(packed)
    except zlib.error as error:
        raise TraceError(f"the trace cannot be inflated: {error}") from error
    data = iter(raw)
    if next(data, None) != VERSION:
        raise TraceError("the trace has a version that this release does not know")
    count = _take(data)
    if count > MAX_SAMPLES:
        raise TraceError(f"the trace claims {count} samples")
    times = []
    last = 0
    for _ in range(count):
        last += _unzigzag(_take(data)) + STEP_MS
        times.append(last)
    measured = _take_column(data, count)
    commanded = _take_column(data, count)
    slopes = _take_column(data, count)
    return [
        Sample(session_id, t_ms / 1000, speed, wanted or 0, slope)
        for t_ms, speed, wanted, slope in zip(times, measured, commanded, slopes, strict=True)
    ]


def thinned(samples: Sequence[Sample], step_s: int) -> list[Sample]:
    """One sample for every *step_s* seconds: the mean of what was measured, the last of what was commanded."""
    groups: dict[int, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(int(sample.t_s // step_s), []).append(sample)
    found = []
    for group in groups.values():
        measured = [sample.measured_ckmh for sample in group if sample.measured_ckmh is not None]
        mean = round(sum(measured) / len(measured)) if measured else None
        last = group[-1]
        found.append(Sample(last.session_id, group[0].t_s, mean, last.commanded_ckmh, last.incline_dpct))
    return found
