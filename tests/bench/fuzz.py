"""A million hostile frames: the treadmill's three characteristics, and each of our own sockets.

    python -m tests.bench.fuzz [--quick] [--json] [--frames N] [--only EDGE] [--workers N] [--fresh]

--frames is for each edge. A full run is taken up again where it was stopped; a quick one is too short to fill the
rings of black box and byte tap, so that it prints its memory and judges none.

Each edge is the real one. Bytes of 2ACD, 2ADA and 2AD9 go through the belt process's link, FTMS client and codec
while guard, world and kiosk go on; packets for a socket go over a real SEQPACKET socket into the process that reads
it, with all the others alive around it. A dozen or two arrive per tick of 20 ms; the clip opens and closes at random.

What must hold: nothing raises; every frame is counted (taken, or refused and counted as malformed); what the attacked
process sends to its peers still decodes there; no turn takes long; memory stays flat. And where only the sender is
hostile: no forbidden byte leaves for the belt (kiosk, world control), and a belt without a lease is not moved (Wish).

Exit code 1 if any of it fails.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import itertools
import multiprocessing
import os
import random
import resource
import socket
import sys
import threading
import time
import traceback
import tracemalloc
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hardware.belt.ftms.codec import decode_control_answer, decode_machine_status, decode_treadmill_data
from hardware.belt.link import Notified
from hardware.constants import TICK_S
from hardware.link.endpoint import Codec, Counters, SocketEndpoint
from hardware.link.messages import (
    Belt,
    BeltToWorld,
    Complaint,
    ControlToWorld,
    FromClock,
    GuardToKiosk,
    GuardToPins,
    KioskToGuard,
    PinsToGuard,
    Rebind,
    ResetBy,
    Sentry,
    State,
    ToClock,
    Wish,
    WorldToBelt,
    WorldToControl,
)
from hardware.simulated.mischief import MISCHIEF
from tests.bench import common, fuzz_frames
from tests.support.composed import ADDRESS, Composed, NotReached

QUICK, FULL = 4_000, 70_000  # for each of 15 edges
CHUNK = 70_000
BATCH = 18  # frames a turn: a chunk is 3889 turns
WARM = 0.84  # of a chunk: 65 s, after which the ring of the black box is full; then nothing may grow
GROWTH_KB = 1024  # resident, over the rest of a chunk
TRACED_KB = (
    128  # of Python objects, over the rest of an edge's first chunk: 11 bytes a frame; a full ring breathes so
)
ENDS_TURNS = 200  # so long what ends a process is tried: its successor must have filled its ring by WARM
SLOW_TURN_S = 1.0  # of processor, all processes together: no packet can make a loop
MAX_RAISED = 10  # then a chunk is given up
FULL_S = 27 * 60.0
MAX_SHOWN = 3


@dataclass
class Tally:
    """What one chunk has come to."""

    sent: int = 0
    taken: int = 0
    refused: int = 0
    answers: int = 0
    unread: int = 0  # by a process that was told to end, and did
    ended: int = 0  # such processes, started anew
    raised: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest_turn_s: float = 0.0
    rss_start_kb: int = 0
    rss_end_kb: int = 0
    grown_kb: int = 0
    traced_kb: int = 0
    seconds: float = 0.0
    violations: int = 0


class Edge:
    """One place where bytes come in. A new house for every chunk, and after anything that raised."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.rng = random.Random(f"{name} {seed}")
        self.house = Composed(stopper=True)
        self.tally = Tally()
        self.raised = self.turns = 0
        self.aside_s = 0.0  # of this turn, spent on bringing the house where the frames are to find it
        for loop in (self.house.loop, self.house.stopper_loop):
            loop.set_exception_handler(self.unheard)
        self.open()

    def unheard(self, _: object, context: dict[str, Any]) -> None:
        """A task died and nobody looked."""
        self.note(f"unheard in a task: {context.get('exception')!r} {context.get('message')}")

    def note(self, text: str) -> None:
        self.raised += 1
        if len(self.tally.raised) < MAX_SHOWN:
            self.tally.raised.append(text[-1500:])

    def open(self) -> None:
        """Take the place of the peer."""

    def throw(self, frames: list[bytes]) -> None:
        """Let *frames* arrive."""
        raise NotImplementedError

    def settle(self) -> None:
        """After a turn: count, read what came back."""

    def finish(self) -> None:
        """After the last turn."""

    def hands(self) -> None:
        """A world that moves: the clip now and then, and its wires put back."""
        if self.rng.random() < 0.01:
            self.house.hand("clip", self.rng.random() < 0.7)

    def turn(self, frames: list[bytes]) -> None:
        """Some frames, then 20 ms for everybody."""
        self.turns += 1
        began_s, self.aside_s = time.process_time(), 0.0
        try:
            self.throw(frames)
            self.hands()
            self.house.quantum()
            self.settle()
            self.parents()
        except Exception:
            self.note(traceback.format_exc())
            self.reopen()
        took_s = time.process_time() - began_s - self.aside_s
        self.tally.slowest_turn_s = max(self.tally.slowest_turn_s, took_s)

    def parents(self) -> None:
        """A belt process or guard that was told to end in good order is started anew, as its parent would."""
        house = self.house
        belt_ended = house.belt is not None and house._belt_task is not None and house._belt_task.done()
        guard_ends = house.guard is not None and house.guard.done(house.now_s)
        if not belt_ended and not guard_ends:
            return
        self.tally.ended += belt_ended + guard_ends
        if belt_ended:
            house.kill_belt()
        if guard_ends:
            house.kill_guard()
            house.start_guard()
            house.restart_kiosk()
        if belt_ended:
            house.start_belt()
        self.anew()

    def anew(self) -> None:
        """What was attacked is another process now."""
        self.open()

    def reopen(self) -> None:
        """Anew after something raised, so that the rest is tried as well."""
        self.house.close()
        self.house = Composed(stopper=True)
        self.open()

    def forget(self) -> None:
        """What is kept on purpose: boxes until a kiosk has fetched them (a few), and the script's own notes."""
        if self.house.guard is not None:
            self.house.guard._black_box._boxes.clear()
        self.house.world.tap._log.clear()
        self.house.kiosk.events.clear()
        self.house.kiosk.refused.clear()

    def close(self) -> None:
        self.house.close()


# ------------------------------------------------------------------------------------------------- FTMS


class FtmsEdge(Edge):
    """Notifications of the treadmill, as the belt process's link hands them over."""

    char: str
    may_count_more = False

    def open(self) -> None:
        self.waiting: list[bytes] = []
        belt = self.house.belt
        link, real = belt._link, belt._link.events
        number = int(self.char, 16)

        def events() -> list[object]:
            found = real()
            if self.waiting:
                now_s = self.house.now_s
                found += [Notified(link.generation, number, value, now_s) for value in self.waiting]
                self.waiting = []
            return found

        link.events = events
        self.lead()

    def lead(self) -> None:
        """Into a walk, as a fuzzed one soon stops; where hostile data keeps it from that, so be it."""
        began_s = time.process_time()
        self._walk()
        self.aside_s += time.process_time() - began_s

    def _walk(self) -> None:
        try:
            self.house.run(0.2)
            self.house.hand("clip", True)
            self.house.hand("key", True)
            self.house.until(lambda: not set(self.house.status.reset_missing) - {"staff"}, within_s=8)
            self.house.kiosk.reset(ResetBy.STAFF)
            self.house.run(0.3)
            self.house.hand("key", True)
            self.house.walking(80)
        except NotReached:
            return

    def throw(self, frames: list[bytes]) -> None:
        self.frames, self.waiting = frames, frames
        self.linked, self.before = self.house.belt.client._up, self.house.belt.client.anomalies

    def settle(self) -> None:
        counted = self.house.belt.client.anomalies - self.before
        refused = sum(self.malformed(frame) for frame in self.frames)
        self.tally.sent += len(self.frames)
        self.tally.refused += refused
        self.tally.taken += len(self.frames) - refused
        most = refused + len(self.frames) * self.may_count_more
        if self.linked and not refused <= counted <= most and len(self.tally.wrong) < MAX_SHOWN:
            self.tally.wrong.append(f"{refused} malformed, {counted} counted: {[f.hex() for f in self.frames]}")
        if self.house.quanta % 500 == 0 and self.house.state is State.LATCHED:
            self.lead()

    def malformed(self, frame: bytes) -> bool:
        """True for one that has to be counted."""
        raise NotImplementedError


class DataEdge(FtmsEdge):
    char = "2acd"
    may_count_more = True  # a whole record without a plausible speed counts as well

    def malformed(self, frame: bytes) -> bool:
        return decode_treadmill_data(frame).anomalous


class StatusEdge(FtmsEdge):
    char = "2ada"

    def malformed(self, frame: bytes) -> bool:
        return decode_machine_status(frame).anomalous


class AnswerEdge(FtmsEdge):
    char = "2ad9"

    def malformed(self, frame: bytes) -> bool:
        return decode_control_answer(frame).anomalous


# ------------------------------------------------------------------------------------------------- our sockets


class SocketEdge(Edge):
    """A hostile peer at one end of a real SEQPACKET socket."""

    incoming: object  # what the attacked process takes
    outgoing: object  # what its peer takes: all that it sends must decode as that
    strings: tuple[str, ...] = ()

    def ends(self, body: list[Any]) -> bool:
        """True for what ends the attacked process in good order."""
        return False

    def tame(self, body: list[Any]) -> bool:
        """What ends a process is tried now and then, and early: one started anew fills its rings again."""
        return not self.ends(body) or (self.turns < ENDS_TURNS and self.rng.random() < 0.05)

    def open(self) -> None:
        self.hostile, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.hostile.setblocking(False)
        self.endpoint: SocketEndpoint[Any, Any] = SocketEndpoint(ours, self.incoming)
        self.peer: Codec[Any, Any] = Codec(self.outgoing | Complaint)
        self.sent_here = 0
        self.attach()

    def attach(self) -> None:
        """Give ``endpoint`` to the process that is attacked."""
        raise NotImplementedError

    def throw(self, frames: list[bytes]) -> None:
        for frame in frames:
            try:
                self.hostile.send(frame, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                self.tally.wrong.append("the attacked process does not read its socket")
                return
            self.sent_here += 1

    def settle(self) -> None:
        counters = Counters()
        while True:
            try:
                packet = self.hostile.recv(65536)
            except BlockingIOError:
                break
            except ConnectionResetError:  # what was on its way when it ended
                packet = b""
            if not packet:
                if not self.attacked_ended():
                    self.tally.wrong.append("the attacked process hung up")
                    self.renew()
                return
            self.tally.answers += 1
            if self.peer.decode(packet, counters) is None and len(self.tally.wrong) < MAX_SHOWN:
                self.tally.wrong.append(f"it sent what its peer cannot read: {packet[:200]!r}")
        if self.rng.random() < 0.002 and not self.attacked_ended():  # an empty packet is what end of file looks like
            self.hostile.send(b"")
            self.house.quantum()
            self.renew()

    def attacked_ended(self) -> bool:
        """True once the process at the other end has left in good order."""
        return False

    def anew(self) -> None:
        self.renew(ended=True)

    def count(self, *, ended: bool = False) -> None:
        """What the endpoint made of what was sent to it."""
        counters = self.endpoint.counters
        refused = counters.decode_errors + counters.version_errors
        self.tally.sent += self.sent_here
        self.tally.taken += counters.received
        self.tally.refused += refused
        unread = self.sent_here - counters.received - refused
        if ended and unread > 0:
            self.tally.unread += unread
            return
        if unread and len(self.tally.wrong) < MAX_SHOWN:
            self.tally.wrong.append(f"{self.sent_here} sent, {counters.received} taken, {refused} refused")

    def renew(self, *, ended: bool = False) -> None:
        """The peer goes, another comes."""
        self.count(ended=ended)
        self.hostile.close()
        self.endpoint.close()
        self.open()

    def reopen(self) -> None:
        self.count()
        self.hostile.close()
        super().reopen()

    def finish(self) -> None:
        for _ in range(3):
            self.house.quantum()
        self.count()

    def close(self) -> None:
        self.hostile.close()
        super().close()


class GuardKiosk(SocketEdge):
    """A hostile kiosk. Guard, belt and world are honest: no forbidden byte may ever leave."""

    incoming, outgoing, strings = KioskToGuard, GuardToKiosk, ("s1",)

    def ends(self, body: list[Any]) -> bool:
        return body[0] == Rebind.__name__

    def attach(self) -> None:
        self.house.kiosk_seat.take(self.endpoint)

    def finish(self) -> None:
        super().finish()
        self.tally.violations = len(self.house.world.violations)
        self.tally.wrong += [f"forbidden byte: {one}" for one in self.house.world.violations[:MAX_SHOWN]]


class GuardBelt(SocketEdge):
    """A hostile belt process in the place of the real one."""

    incoming, outgoing, strings = Belt, Wish, (ADDRESS, "S1", "1.0")

    def attach(self) -> None:
        if self.house.belt is not None:
            self.house.kill_belt()
        self.house.belt_seat.take(self.endpoint)


class BeltGuard(SocketEdge):
    """A hostile guard for the belt process. Without a lease nothing that it says may move the belt."""

    incoming, outgoing = Wish, Belt

    def ends(self, body: list[Any]) -> bool:
        return body[-1] is True  # leave

    def attach(self) -> None:
        mailbox = self.house.belt._guard
        if mailbox._endpoint is not None:
            mailbox._endpoint.close()
        mailbox._endpoint = self.endpoint
        mailbox.connections += 1

    def attacked_ended(self) -> bool:
        return self.house._belt_task is not None and self.house._belt_task.done()

    def finish(self) -> None:
        super().finish()
        moved = self.house.world.tap.motion_writes
        if moved:
            self.tally.wrong.append(f"{moved} motion bytes without a lease")


class BeltLink(SocketEdge):
    """A hostile Bluetooth service for the belt process."""

    incoming, outgoing = WorldToBelt, BeltToWorld

    def attach(self) -> None:
        mailbox = self.house.belt._link._mailbox
        if mailbox._endpoint is not None:
            mailbox._endpoint.close()
        mailbox._endpoint = self.endpoint
        mailbox.connections += 1


class StopperLink(BeltLink):
    """The same for the stopper."""

    def attach(self) -> None:
        mailbox = self.house.stopper._writer._mailbox
        if mailbox._endpoint is not None:
            mailbox._endpoint.close()
        mailbox._endpoint = self.endpoint
        mailbox.connections += 1


class Stopper(SocketEdge):
    """A hostile guard or belt process for the stopper."""

    incoming, outgoing, strings = Sentry, Complaint, ("guard", "belt", "guard", "belt", ADDRESS)

    def attach(self) -> None:
        self.house.stopper.admit(self.endpoint)


class GuardPins(SocketEdge):
    """Hostile pins."""

    incoming, outgoing = PinsToGuard, GuardToPins

    def attach(self) -> None:
        self.house.guard._pins._world = self.endpoint


class WorldPins(SocketEdge):
    """A hostile guard at the world's pins."""

    incoming, outgoing = GuardToPins, PinsToGuard

    def attach(self) -> None:
        self.house.world.attach_pins(self.endpoint)


class WorldLink(SocketEdge):
    """A hostile process at the world's radio, beside the real ones."""

    incoming, outgoing, strings = BeltToWorld, WorldToBelt, (ADDRESS,)

    def attach(self) -> None:
        self.house.world.attach_link(self.endpoint)


class WorldControl(SocketEdge):
    """Hostile hands: any mischief, in any order."""

    incoming, outgoing = ControlToWorld, WorldToControl
    strings = ("clip", "red", "amber", "key", *MISCHIEF)

    def attach(self) -> None:
        self.house.world.attach_control(self.endpoint)


class Clock(SocketEdge):
    """The lock-step barrier's endpoints; the barrier itself waits in real time and is not run here."""

    incoming, outgoing, strings = ToClock, Complaint, ("guard", "belt", "stopper", "kiosk")

    def attach(self) -> None:
        return

    def settle(self) -> None:
        self.endpoint.drain(self.house.now_s)
        super().settle()

    def finish(self) -> None:
        self.endpoint.drain(self.house.now_s)
        super().finish()


class ClockOfAProcess(Clock):
    incoming = FromClock


EDGES: dict[str, type[Edge]] = {
    "2acd": DataEdge,
    "2ada": StatusEdge,
    "2ad9": AnswerEdge,
    "guard_kiosk": GuardKiosk,
    "guard_belt": GuardBelt,
    "belt_guard": BeltGuard,
    "belt_link": BeltLink,
    "stopper": Stopper,
    "stopper_link": StopperLink,
    "guard_pins": GuardPins,
    "world_pins": WorldPins,
    "world_link": WorldLink,
    "world_control": WorldControl,
    "world_clock": Clock,
    "clock_of_a_process": ClockOfAProcess,
}


def stream(edge: Edge) -> Iterator[bytes]:
    """What this edge gets."""
    if isinstance(edge, SocketEdge):
        return fuzz_frames.packets(edge.incoming, edge.rng, lambda: edge.house.now_s, edge.strings, edge.tame)
    return fuzz_frames.ftms(edge.char, edge.rng)


def resident_kb() -> int:
    """Of this process, now, once the C allocator has given back what is free.

    Without that, hostile frames of every size leave holes between the bytes of the black box's ring: measured, 2 MiB
    for each 12,500 frames, of which nothing is in use.
    """
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:
        pass  # another C library than glibc
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() // 1024


def chunk(name: str, frames: int, seed: int, traced: bool) -> Tally:
    """*frames* at one edge, in a process of its own. *traced*: long enough, and with the account of objects."""
    if traced:
        tracemalloc.start()
    edge = EDGES[name](name, seed)
    source = stream(edge)
    tally, began_s = edge.tally, time.perf_counter()

    def throw(count: int) -> None:
        for at in range(0, count, BATCH):
            if edge.raised < MAX_RAISED:
                edge.turn(list(itertools.islice(source, min(BATCH, count - at))))

    def memory() -> tuple[int, int]:
        edge.forget()
        return resident_kb(), tracemalloc.get_traced_memory()[0] // 1024

    tally.rss_start_kb = resident_kb()
    warm = int(frames * WARM)
    throw(warm)
    before = memory()
    throw(frames - warm)
    after = memory()
    tally.rss_end_kb = after[0]
    if traced:
        tally.grown_kb, tally.traced_kb = after[0] - before[0], after[1] - before[1]
    tally.seconds = time.perf_counter() - began_s
    tracemalloc.stop()
    edge.finish()
    edge.close()
    return tally


def run(options: argparse.Namespace) -> dict[str, Any]:
    frames = options.frames or (QUICK if options.quick else FULL)
    began_s = time.monotonic()
    saved = None if options.quick or options.frames else common.Saved("fuzz", fresh=options.fresh)
    done: dict[str, Any] = saved.data if saved else {}
    names = [options.only] if options.only else list(EDGES)
    jobs = [
        (name, min(CHUNK, frames - at), options.seed + at, at == 0 and frames >= FULL)
        for at in range(0, frames, CHUNK)
        for name in names
        if done.get(name, {}).get("sent", 0) <= at
    ]
    due, lock, context = deque(jobs), threading.Lock(), multiprocessing.get_context("spawn")

    def work() -> None:
        while True:
            with lock:
                if not due or (saved and time.monotonic() - began_s > FULL_S):
                    return
                job = due.popleft()
            with context.Pool(1) as pool:  # a process of its own for each chunk: its memory is looked at
                tally = pool.apply(chunk, job)
            with lock:
                add(done.setdefault(job[0], {}), tally)
                if saved:
                    saved.save()

    threads = [threading.Thread(target=work) for _ in range(options.workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result: dict[str, Any] = {"edges": {name: done[name] for name in names if name in done}, "seed": options.seed}
    total = sum(edge["sent"] for edge in result["edges"].values())
    result |= {"frames": total, "seconds": round(time.monotonic() - began_s, 1)}
    result["claim"] = common.claim(total, sum(len(e["raised"]) for e in result["edges"].values()), "frames raised")
    result["failures"] = [
        f"{name}: {sentence}" for name, edge in result["edges"].items() for sentence in faults(edge)
    ]
    if saved is None:
        result["failures"] += [f"{name}: nothing came back" for name in names if name not in result["edges"]]
    return result


def add(row: dict[str, Any], tally: Tally) -> None:
    """One chunk more."""
    for key in ("sent", "taken", "refused", "unread", "ended", "answers", "seconds", "violations"):
        row[key] = round(row.get(key, 0) + getattr(tally, key), 3)
    for key in ("raised", "wrong"):
        row[key] = row.get(key, []) + getattr(tally, key)[:MAX_SHOWN]
    row["rss_start_kb"] = row.get("rss_start_kb") or tally.rss_start_kb
    row["rss_end_kb"] = tally.rss_end_kb
    for key in ("slowest_turn_s", "grown_kb", "traced_kb"):
        row[key] = max(row.get(key, 0), round(getattr(tally, key), 4))
    row["per_second"] = round(row["sent"] / row["seconds"]) if row["seconds"] else 0


def faults(edge: dict[str, Any]) -> list[str]:
    """What must not be."""
    found = [f"raised: {text}" for text in edge["raised"]] + edge["wrong"]
    if edge["grown_kb"] > GROWTH_KB:
        found.append(f"resident memory grew by {edge['grown_kb']} KiB")
    if edge["traced_kb"] > TRACED_KB:
        found.append(f"{edge['traced_kb']} KiB of objects were kept")
    if edge["slowest_turn_s"] > SLOW_TURN_S:
        found.append(f"one turn took {edge['slowest_turn_s']:.2f} s")
    if edge["taken"] + edge["refused"] + edge["unread"] != edge["sent"]:
        found.append(f"{edge['sent']} sent, but {edge['taken']} taken and {edge['refused']} refused")
    return found


def show(result: dict[str, Any]) -> None:
    common.table(
        (
            "edge", "frames", "taken", "refused", "unread", "anew", "answered", "raised", "wrong", "slowest turn ms",
            "RSS start MiB", "end", "grew KiB", "kept KiB", "frames/s",
        ),
        [
            (
                name, e["sent"], e["taken"], e["refused"], e["unread"], e["ended"], e["answers"], len(e["raised"]),
                len(e["wrong"]), round(e["slowest_turn_s"] * 1000, 1), round(e["rss_start_kb"] / 1024, 1),
                round(e["rss_end_kb"] / 1024, 1), e["grown_kb"], e["traced_kb"], e["per_second"],
            )
            for name, e in result["edges"].items()
        ],
    )  # fmt: skip
    print(
        f"{result['claim']} {result['seconds']} s, seed {result['seed']}, {1 / TICK_S:.0f} turns a simulated second."
    )


if __name__ == "__main__":
    sys.exit(
        common.main(
            __doc__.splitlines()[0],
            run,
            show,
            frames={"type": int, "default": 0},
            only={"choices": list(EDGES)},
            workers={"type": int, "default": os.cpu_count() or 1},
            fresh={"action": "store_true", "help": "forget what an earlier full run has reached"},
            seed={"type": int, "default": 20261120},
        )
    )
