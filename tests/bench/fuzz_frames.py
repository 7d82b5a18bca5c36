"""What the fuzz bench throws: bytes of the three FTMS characteristics, and packets for our own sockets.

Three kinds of each: made up, real ones spoiled, and ones that keep to the structure with hostile values in it.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from hardware.belt.ftms.codec import WIRE, treadmill_fields
from hardware.link.messages import VERSION, Frame
from tests.bench.common import REPO

HOSTILE_FLOATS = (math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 1e308, -1e308, 5e-324, 1e18)
HOSTILE_INTS = (0, 1, -1, 255, 256, 65535, 65536, -32768, 32767, 2**31, 2**53 + 1, 2**63 - 1, -(2**63))
HOSTILE_TEXTS = ("", "\x00", "\U0001f6b6" * 20, "x" * 400, "../../etc/passwd", "%s%n", "\u202e")


# ------------------------------------------------------------------------------------------------- FTMS


def vectors(characteristic: str) -> list[bytes]:
    """The project's real packets of *characteristic* that a machine sends."""
    found: list[bytes] = []
    for vector in json.loads((REPO / "tests" / "data" / "ftms_vectors.json").read_text(encoding="utf-8")):
        wrong_way = vector["expect"].get("direction") == "write"
        if vector["characteristic"] == characteristic and not wrong_way:
            found.append(bytes.fromhex(vector["hex"]))
    return found


def treadmill_data(rng: random.Random) -> bytes:
    """Flags and as many bytes as they promise, now and then one too few or too many, and extreme values."""
    flags = (
        rng.getrandbits(16) if rng.random() < 0.5 else rng.choice((0x0004, 0x000C, 0x0584, 0x2584, 0x1B9E, 0x0001))
    )
    packet = bytearray(flags.to_bytes(2, "little"))
    for name in _layout(flags & 0x3FFF):
        width = WIRE[name].width
        if name == "speed_ckmh" and rng.random() < 0.85:
            packet += rng.choice((0, 0, 80, 81, 110, 200, 231, rng.randrange(3001))).to_bytes(2, "little")
            continue
        packet += rng.choice((bytes(width), b"\xff" * width, b"\xff" * (width - 1) + b"\x7f", rng.randbytes(width)))
    if rng.random() < 0.2:
        del packet[-rng.randrange(1, 4) :]
    return bytes(packet) + (rng.randbytes(rng.randrange(1, 6)) if rng.random() < 0.2 else b"")


def machine_status(rng: random.Random) -> bytes:
    """Known and unknown op codes with parameters of any length."""
    return bytes((rng.choice((*range(0x16), 0xFF, rng.getrandbits(8))),)) + rng.randbytes(
        rng.choice((0, 1, 2, 3, 10))
    )


def control_answer(rng: random.Random) -> bytes:
    """Answers to what was asked and what was not, with any result."""
    op = rng.choice((0x00, 0x02, 0x03, 0x07, 0x08, rng.getrandbits(8)))
    head = 0x80 if rng.random() < 0.9 else rng.getrandbits(8)
    return bytes((head, op, rng.choice((1, 2, 3, 4, 5, rng.getrandbits(8))))) + rng.randbytes(
        rng.choice((0, 0, 0, 4))
    )


@lru_cache(maxsize=512)
def _layout(flags: int) -> tuple[str, ...]:
    """The fields of a packet whose length fits its flags."""
    for length in range(2, 60):
        names = treadmill_fields(flags, length)
        if 2 + sum(WIRE[name].width for name in names) == length:
            return names
    raise AssertionError(f"no length fits the flags {flags:04x}")


def spoiled(packet: bytes, rng: random.Random) -> bytes:
    """A few bits turned, bytes left out, repeated or put in."""
    data = bytearray(packet)
    for _ in range(rng.randrange(1, 4)):
        kind = rng.randrange(5)
        at = rng.randrange(len(data) + 1)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            data[at:at] = rng.randbytes(rng.randrange(1, 4))
        elif kind == 3 and at < len(data):
            data[at] = rng.choice((0, 0x7F, 0x80, 0xFF, 0xC0, 0xDC, 0x93))
        elif data:
            data[at:at] = data[: rng.randrange(1, len(data) + 1)][:64]
    return bytes(data)


FTMS: dict[str, Callable[[random.Random], bytes]] = {
    "2acd": treadmill_data,
    "2ada": machine_status,
    "2ad9": control_answer,
}


def ftms(characteristic: str, rng: random.Random) -> Iterator[bytes]:
    """Without end."""
    real, made = vectors(characteristic), FTMS[characteristic]
    while True:
        kind = rng.random()
        if kind < 0.40:
            yield made(rng)
        elif kind < 0.80:
            yield spoiled(rng.choice(real), rng)
        elif kind < 0.85:
            yield rng.choice(real)
        else:
            yield rng.randbytes(rng.choice((0, 1, 2, 3, 5, 8, 20, 64, 512)))


# ------------------------------------------------------------------------------------------------- our own sockets


class Maker:
    """Bodies of a union of messages as the lists that go over the wire: right ones, or right but for their values."""

    def __init__(self, bodies: object, rng: random.Random) -> None:
        info = inspect.type_info(bodies)
        self.rng = rng
        self.types = info.types if isinstance(info, inspect.UnionType) else (info,)
        self.strings: list[str] = []
        self.tame: Callable[[list[Any]], bool] = lambda _: True

    def body(self, *, hostile: bool) -> list[Any]:
        """Any that ``tame`` says yes to."""
        while True:
            made: list[Any] = self.value(self.rng.choice(self.types), hostile=hostile)
            if self.tame(made):
                return made

    def value(self, info: inspect.Type, *, hostile: bool) -> Any:
        rng = self.rng
        match info:
            case inspect.StructType():
                fields = [self.value(field.type, hostile=hostile) for field in info.fields]
                return fields if info.tag is None else [info.tag, *fields]
            case inspect.UnionType():
                return self.value(rng.choice(info.types), hostile=hostile)
            case inspect.EnumType():
                return rng.choice(list(info.cls)).value
            case inspect.IntType():
                low = -(2**31) if info.ge is None else info.ge
                high = 2**31 if info.le is None else info.le
                if hostile and rng.random() < 0.5:
                    return rng.choice(HOSTILE_INTS)
                return rng.choice(
                    (low, high, max(low, min(high, rng.choice((0, 1, 80, 100, 200)))), rng.randint(low, high))
                )
            case inspect.FloatType():
                return rng.choice(HOSTILE_FLOATS) if hostile else rng.uniform(-1, 2000)
            case inspect.BoolType():
                return rng.random() < 0.5
            case inspect.NoneType():
                return None
            case inspect.BytesType():
                return rng.randbytes(rng.choice((0, 1, 2, 3, 20, 300)))
            case inspect.StrType():
                if self.strings and rng.random() < 0.6:
                    return rng.choice(self.strings)
                return rng.choice(HOSTILE_TEXTS)[: info.max_length or 400]
            case inspect.VarTupleType() | inspect.ListType():
                return [self.value(info.item_type, hostile=hostile) for _ in range(rng.choice((0, 1, 2, 5)))]
            case inspect.TupleType():
                return [self.value(item, hostile=hostile) for item in info.item_types]
        raise AssertionError(f"the messages have a type that this does not know: {info}")


def _broken(frame: list[Any], rng: random.Random) -> Any:
    """One thing in the structure is not as it should be."""
    body = frame[3]
    kind = rng.randrange(9)
    if kind == 0:
        frame[0] = rng.choice((0, VERSION + 1, -1, "1", None))
    elif kind == 1:
        frame[2] = rng.choice((None, "now", [], 2**64 - 1))
    elif kind == 2 and len(body) > 1:
        del body[rng.randrange(1, len(body))]
    elif kind == 3:
        body.append(rng.choice((None, 1, "more", [1, [2, [3]]])))
    elif kind == 4:
        body[0] = rng.choice(("Nobody", "", 7, None, "Complaint", "Wish", "Belt"))
    elif kind == 5 and len(body) > 1:
        body[rng.randrange(1, len(body))] = rng.choice((None, [], {}, "x" * 5000, 2**64 - 1, -5, 1.5, b"\xff\xfe"))
    elif kind == 6:
        nest: Any = 1
        for _ in range(rng.choice((5, 200))):
            nest = [nest]
        frame[3] = nest
    elif kind == 7:
        return rng.choice((None, [], {}, 0, "frame", frame[:3], [*frame, 1]))
    else:
        return {str(n): value for n, value in enumerate(frame)}
    return frame


def packets(
    bodies: object,
    rng: random.Random,
    now: Callable[[], float],
    strings: tuple[str, ...],
    tame: Callable[[list[Any]], bool],
) -> Iterator[bytes]:
    """Without end: packets for a socket that takes *bodies*. *now* is the time that an honest peer would give."""
    maker = Maker(bodies, rng)
    maker.strings, maker.tame = list(strings), tame
    encode = msgspec.msgpack.Encoder().encode
    seq = 0
    while True:
        seq += 1
        kind = rng.random()
        if kind < 0.40:
            yield encode(Frame(VERSION, seq, now(), maker.body(hostile=False)))
        elif kind < 0.60:
            time_s = rng.choice(HOSTILE_FLOATS) if rng.random() < 0.5 else now()
            yield encode(Frame(VERSION, seq, time_s, maker.body(hostile=True)))
        elif kind < 0.78:
            yield encode(_broken([VERSION, seq, now(), maker.body(hostile=False)], rng))
        elif kind < 0.95:
            yield spoiled(encode(Frame(VERSION, seq, now(), maker.body(hostile=False))), rng) or b"\xc0"
        else:
            yield rng.randbytes(rng.choice((1, 2, 5, 20, 300, 4000)))
