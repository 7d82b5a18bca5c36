"""What may happen while somebody walks, each as one small function: bring it about, measure, say what was seen.

A scenario finds guard, belt and stopper running and the belt at rest, and leaves them so. It judges nothing: the host
does, with the budgets in test_system.py. To add one, write the function and put it into SCENARIOS.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from hardware.link.messages import State, TapEntry
from tests.support.house import ScriptedKiosk, Timeout
from tests.system.guest.house import GuestHouse
from tests.system.outcome import Trip

CONTROL_POINT: Final = 0x2AD9
STOP: Final = b"\x08\x01"
WALKING_CKMH: Final = 110  # one rise above the machine's minimum of 0.80, so that there is something to ease
TRIES: Final = 4
REST_WAIT_S: Final = 40.0  # how long we look; the budgets are the host's
RESET_WAIT_S: Final = 60.0

Facts = dict[str, "float | int | str | bool"]


@dataclass(slots=True)
class Seen:
    """What a scenario hands back."""

    trips: list[Trip] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------- pieces


def walking(house: GuestHouse, kiosk: ScriptedKiosk, seen: Seen) -> None:
    """From wherever the guard is to a belt that runs above its minimum.

    A host that takes its time may look like a frozen screen or a late tick, and the guard is right to stop then. That
    is not what is tested here, so the way there may be tried again; the fact is reported.
    """
    for _ in range(TRIES):
        kiosk.walk(house)
        kiosk.target(WALKING_CKMH)
        deadline = time.monotonic() + RESET_WAIT_S
        while kiosk.status is not None and kiosk.status.state is State.RUNNING:
            if house.report().belt_ckmh >= WALKING_CKMH:
                return
            kiosk.pump(0.1)
            if time.monotonic() > deadline:
                raise Timeout(f"the belt does not reach {WALKING_CKMH / 100:.2f} km/h; {kiosk.status}")
        cause = kiosk.status.cause if kiosk.status is not None else None
        seen.facts[f"tried again after {cause}"] = True
        kiosk.expect(lambda status: status.state is State.LATCHED, "rest", REST_WAIT_S)
    raise Timeout(f"the guard stopped {TRIES} times before the belt reached its speed; {kiosk.status}")


def trip(house: GuestHouse, cause: Callable[[], float], kiosk: ScriptedKiosk | None = None) -> Trip:
    """Let *cause* happen (it returns when it did) and watch the bytes and the belt until it stands."""
    before, _ = house.news()
    at_s = cause()
    stop_s: float | None = None
    eased = False
    deadline = time.monotonic() + REST_WAIT_S
    while time.monotonic() < deadline:
        report, entries = house.news()
        for entry in entries:
            if entry.t_s < at_s or entry.direction != "write" or entry.char != CONTROL_POINT:
                continue
            if entry.value == STOP and stop_s is None:
                stop_s = entry.t_s - at_s
            eased = eased or (stop_s is None and entry.value[:1] == b"\x02")
        if report.belt_ckmh == 0:
            return Trip(speed_ckmh=before.belt_ckmh, stop_bytes_s=stop_s, rest_s=report.now_s - at_s, eased=eased)
        if kiosk is None:
            time.sleep(0.02)
        else:
            kiosk.pump(0.02)
    return Trip(speed_ckmh=before.belt_ckmh, stop_bytes_s=stop_s, rest_s=None, eased=eased)


def killing(house: GuestHouse, name: str, number: int = signal.SIGKILL) -> Callable[[], float]:
    """A cause: that process gets that signal."""

    def cause() -> float:
        at_s = time.monotonic()
        house.kill(name, number)
        return at_s

    return cause


def opening(house: GuestHouse, what: str) -> Callable[[], float]:
    """A cause: a hand opens that contact. The edge is when the level of the GPIO line changed."""

    def cause() -> float:
        house.hand(what, closed=False)
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            _, entries = house.news()
            for entry in entries:
                if entry.note == f"a hand opens {what}":
                    return entry.t_s
        raise Timeout("the world moved no wire")

    return cause


def restored(house: GuestHouse) -> None:
    """Wires closed, everybody there, the guard ready for somebody to walk."""
    house.hand("clip", closed=True)
    house.hand("red", closed=True)
    house.ensure()
    kiosk = house.kiosk()
    try:
        kiosk.expect(lambda status: status.state is not State.STOPPING, "end of stopping", RESET_WAIT_S)
    finally:
        kiosk.close()


@contextmanager
def scripted(house: GuestHouse, seen: Seen) -> Iterator[ScriptedKiosk]:
    """A scripted kiosk that walks, and leaves at the end."""
    kiosk = house.kiosk()
    try:
        walking(house, kiosk, seen)
        yield kiosk
    finally:
        kiosk.close()


def killed_while_walking(house: GuestHouse, name: str, repeats: int) -> Seen:
    """kill -9 of one process, with nobody to start it again."""
    seen = Seen()
    for _ in range(repeats):
        with scripted(house, seen) as kiosk:
            seen.trips.append(trip(house, killing(house, name), kiosk))
        restored(house)
    return seen


# ---------------------------------------------------------------------------------------------- scenarios


def clip_opened(house: GuestHouse, repeats: int) -> Seen:
    """The clip line opens while walking."""
    seen = Seen()
    for _ in range(repeats):
        with scripted(house, seen) as kiosk:
            seen.trips.append(trip(house, opening(house, "clip"), kiosk))
        restored(house)
    return seen


def belt_killed(house: GuestHouse, repeats: int) -> Seen:
    """kill -9 of the belt process: BlueZ keeps the link, the treadmill walks on, the stopper has to stop it."""
    return killed_while_walking(house, "belt", repeats)


def guard_killed(house: GuestHouse, repeats: int) -> Seen:
    """kill -9 of the guard: the belt process hears no Wish any more."""
    return killed_while_walking(house, "guard", repeats)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table."""

    run: Callable[[GuestHouse, int], Seen]
    repeats: int = 1


SCENARIOS: Final[dict[str, Scenario]] = {
    "clip_opened": Scenario(clip_opened),
    "belt_killed": Scenario(belt_killed),
    "guard_killed": Scenario(guard_killed),
}


def tail(entries: tuple[TapEntry, ...], count: int = 40) -> tuple[str, ...]:
    """The end of a byte tap, for people."""
    return tuple(
        f"{entry.t_s:9.3f} {entry.direction:8} {entry.char:04X} {entry.value.hex(' ')} {entry.note}".rstrip()
        for entry in entries[-count:]
    )
