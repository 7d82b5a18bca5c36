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

from hardware.link.messages import LinkState, Missing, Reset, ResetBy, State, TapEntry
from kiosk.store.commands import reading
from kiosk.store.repositories import events, sessions
from tests.support.house import ScriptedKiosk, Timeout
from tests.system.guest.house import GuestHouse
from tests.system.guest.treadmill import ADAPTER_GONE
from tests.system.outcome import Trip

CONTROL_POINT: Final = 0x2AD9
STOP: Final = b"\x08\x01"
STOP_TAKEN: Final = b"\x80\x08\x01"
WALKING_CKMH: Final = 110  # one rise above the machine's minimum of 0.80, so that there is something to ease
TRIES: Final = 4
REST_WAIT_S: Final = 60.0  # how long we look; the budgets are the host's
RESET_WAIT_S: Final = 90.0
BEFORE_WALK_S: Final = 300.0  # from start-up through all screens to walking; 70 s when idle
SESSION_S: Final = 900.0  # a whole session on the real clock; 370 s when idle
BROKEN_S: Final = 8.0  # what is broken stays so: longer than the stop budget, so that the last rung is reached
STILL_S: Final = 3.0  # a belt at rest is watched so long for a motion that nobody may have asked for

Facts = dict[str, "float | int | str | bool"]
Cause = Callable[[], float]
"""Brings something about; returns when it did (guest's monotonic seconds)."""


@dataclass(slots=True)
class Seen:
    """What a scenario hands back."""

    trips: list[Trip] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------- causes


def now_s() -> float:
    """The guest's monotonic clock, which is the world's too."""
    return time.monotonic()


def signalled(house: GuestHouse, name: str, number: int) -> Cause:
    """That process gets that signal."""

    def cause() -> float:
        at_s = now_s()
        house.kill(name, number)
        return at_s

    return cause


def opened(house: GuestHouse, what: str) -> Cause:
    """A hand opens that contact. It counts from when the level of the GPIO line has changed."""

    def cause() -> float:
        house.hand(what, closed=False)
        deadline = now_s() + 5.0
        while now_s() < deadline:
            _, entries = house.news()
            for entry in entries:
                if entry.note == f"a hand opens {what}":
                    return entry.t_s
        raise Timeout("the world moved no wire")

    return cause


def misbehaves(house: GuestHouse, name: str, *, on: bool = True) -> Cause:
    """The treadmill, its radio or our adapter goes wrong."""

    def cause() -> float:
        at_s = now_s()
        house.mischief(name, on=on)
        return at_s

    return cause


# ---------------------------------------------------------------------------------------------- watching


class Watch:
    """What the byte tap and the belt show after a cause."""

    def __init__(self, house: GuestHouse, kiosk: ScriptedKiosk | None) -> None:
        self._house = house
        self._kiosk = kiosk
        report, _ = house.news()
        self._speed_ckmh = report.belt_ckmh
        self._at_s = float("inf")
        self._stop_s: float | None = None
        self._taken_s: float | None = None
        self._permit_s = None if report.permit else 0.0  # a guest that stood still a moment ago has lost it already
        self._rest_s: float | None = None
        self._repaired_s: float | None = None
        self._lost = False
        self._ready_s: float | None = None
        self._eased = False
        self._moved_again = False

    def after(self, cause: Cause) -> None:
        """Let it happen and count from there."""
        self._at_s = cause()

    def repair(self, cure: Callable[[], object]) -> None:
        """Put right what was broken."""
        self._repaired_s = now_s() - self._at_s
        self._ready_s = None
        cure()

    def _follow_link(self) -> None:
        status = self._kiosk.status if self._kiosk is not None else None
        if status is None:
            return
        if status.link is not LinkState.READY:
            self._lost, self._ready_s = True, None
        elif self._lost and self._repaired_s is not None and self._ready_s is None:
            self._ready_s = now_s() - self._at_s - self._repaired_s

    def _look(self) -> None:
        self._follow_link()
        report, entries = self._house.news()
        for entry in entries:
            after_s = entry.t_s - self._at_s
            if entry.note == "permit off":
                self._permit_s = max(0.0, after_s)
            elif entry.note == "permit on":
                self._permit_s = None
            if after_s < 0:
                continue
            if entry.char == CONTROL_POINT and entry.direction == "write":
                if entry.value == STOP and self._stop_s is None:
                    self._stop_s = after_s
                self._eased = self._eased or (self._stop_s is None and entry.value[:1] == b"\x02")
            elif entry.char == CONTROL_POINT and entry.value == STOP_TAKEN and self._taken_s is None:
                self._taken_s = after_s
        if report.belt_ckmh == 0:
            if self._rest_s is None:
                self._rest_s = report.now_s - self._at_s
        elif self._rest_s is not None:
            self._moved_again = True

    def on(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Go on watching for *seconds*, or until that holds."""
        deadline = now_s() + seconds
        while now_s() < deadline:
            self._look()
            if until():
                return
            if self._kiosk is None:
                time.sleep(0.02)
            else:
                self._kiosk.pump(0.02)

    def rest(self) -> Trip:
        """Watch until the belt stands, and a while longer."""
        self.on(REST_WAIT_S, lambda: self._rest_s is not None)
        if self._rest_s is not None:
            self.on(STILL_S)
        return self._trip()

    def ready(self) -> Trip:
        """Watch until the link is ready again."""
        self.on(REST_WAIT_S, lambda: self._ready_s is not None)
        return self._trip()

    def _trip(self) -> Trip:
        return Trip(
            speed_ckmh=self._speed_ckmh,
            stop_bytes_s=self._stop_s,
            taken_s=self._taken_s,
            permit_off_s=self._permit_s,
            repaired_s=self._repaired_s,
            ready_s=self._ready_s,
            rest_s=self._rest_s,
            eased=self._eased,
            moved_again=self._moved_again,
        )


def trip(house: GuestHouse, cause: Cause, kiosk: ScriptedKiosk | None = None) -> Trip:
    """Let *cause* happen and watch until the belt stands."""
    watch = Watch(house, kiosk)
    watch.after(cause)
    return watch.rest()


# ---------------------------------------------------------------------------------------------- walking


def walking(house: GuestHouse, kiosk: ScriptedKiosk, seen: Seen) -> None:
    """From wherever the guard is to a belt that runs above its minimum.

    A host that takes its time may look like a frozen screen or a late tick, and the guard is right to stop then. That
    is not what is tested here, so the way there may be tried again; the fact is reported.
    """
    for _ in range(TRIES):
        late = kiosk.status.ticks_late if kiosk.status is not None else 0
        try:
            kiosk.walk(house)
        except Timeout:
            status = kiosk.status
            if status is not None and status.state is State.IDLE and status.ticks_late > late:
                seen.facts["proof given again after a late tick"] = True
                continue
            if status is None or status.state not in (State.STOPPING, State.LATCHED):
                raise  # nothing stopped it: it does not get there
        kiosk.target(WALKING_CKMH)
        deadline = now_s() + RESET_WAIT_S
        while kiosk.status is not None and kiosk.status.state is State.RUNNING:
            if house.report().belt_ckmh >= WALKING_CKMH:
                return
            kiosk.pump(0.1)
            if now_s() > deadline:
                raise Timeout(f"the belt does not reach {WALKING_CKMH / 100:.2f} km/h; {kiosk.status}")
        cause = kiosk.status.cause if kiosk.status is not None else None
        seen.facts[f"tried again after {cause}"] = True
        kiosk.expect(lambda status: status.state is State.LATCHED, "rest", REST_WAIT_S)
    raise Timeout(f"the guard stopped {TRIES} times before the belt reached its speed; {kiosk.status}")


def restored(house: GuestHouse) -> None:
    """Wires closed, everybody there, what was latched reset by staff: ready for somebody to walk."""
    house.hand("clip", closed=True)
    house.hand("red", closed=True)
    house.ensure()
    kiosk = house.kiosk()
    try:
        kiosk.expect(lambda status: status.state is not State.STOPPING, "end of stopping", RESET_WAIT_S)
        if kiosk.status is not None and kiosk.status.state is State.LATCHED:
            kiosk.expect(lambda status: set(status.reset_missing) <= {Missing.STAFF}, "reset allowed", RESET_WAIT_S)
            kiosk.send(Reset(ResetBy.STAFF))
        kiosk.expect(lambda status: status.state is State.IDLE and not status.arm_missing, "ready", RESET_WAIT_S)
    finally:
        kiosk.close()


@contextmanager
def scripted(house: GuestHouse, seen: Seen) -> Iterator[ScriptedKiosk]:
    """A scripted kiosk that walks; it leaves at the end, and everything is restored."""
    kiosk = house.kiosk()
    try:
        walking(house, kiosk, seen)
        yield kiosk
    finally:
        kiosk.close()
    restored(house)


# ---------------------------------------------------------------------------------------------- the kiosk itself


BUSY_HOST: Final = frozenset({"tick_late", "screen_frozen", "belt_process"})
"""What a host that takes its time looks like to the guard, which is right to stop then."""


def short_walk(house: GuestHouse, repeats: int) -> Seen:
    """The kiosk itself, and its autopilot for a member: one whole First Steps session, onto the record.

    A walk that the guard stopped because the host was busy is walked again, TRIES times at most; that is reported.
    """
    seen = Seen()
    for _ in range(repeats):
        for attempt in range(TRIES):
            house.start_kiosk("--once", "--pictures", str(house.logs / "pictures"))
            deadline = now_s() + SESSION_S
            while house.alive("kiosk"):
                if now_s() > deadline:
                    raise Timeout(f"the session does not end: {house.kiosk_news()}")
                time.sleep(0.5)
            with reading(house.data) as record:
                session = sessions.last(record, 1)[0]
                walked = sessions.samples_of(record, session.id)
                stopped = {event.cause for event in events.last(record, limit=8)} & BUSY_HOST
            if house.processes["kiosk"].returncode == 0 or not stopped or attempt == TRIES - 1:
                break
            seen.facts[f"tried again after {min(stopped)}"] = True
            restored(house)
        seen.facts["exit code"] = house.processes["kiosk"].returncode
        seen.facts["state"] = session.state.value
        seen.facts["samples"] = len(walked)
        seen.facts["walk_s"] = round(session.walk_s, 1)
        seen.facts["max_speed_kmh"] = house.report().tap_max_ckmh / 100
    return seen


def clip_opened_on_screen(house: GuestHouse, repeats: int) -> Seen:
    """The clip line opens while walking, with the kiosk drawing."""
    seen = Seen()
    for _ in range(repeats):
        house.start_kiosk()
        house.kiosk_walking(BEFORE_WALK_S)
        seen.trips.append(trip(house, opened(house, "clip")))
        house.wait_screen("safety_stop", 10.0)
        house.end("kiosk")
        restored(house)
    return seen


def kiosk_signalled(number: int) -> Callable[[GuestHouse, int], Seen]:
    """The kiosk dies or hangs while walking: the guard eases the belt to rest."""

    def run(house: GuestHouse, repeats: int) -> Seen:
        seen = Seen()
        for _ in range(repeats):
            house.start_kiosk()
            house.kiosk_walking(BEFORE_WALK_S)
            seen.trips.append(trip(house, signalled(house, "kiosk", number)))
            if house.alive("kiosk"):
                house.kill("kiosk")
            restored(house)
        return seen

    return run


# ---------------------------------------------------------------------------------------------- our processes


def clip_opened(house: GuestHouse, repeats: int) -> Seen:
    """The clip line opens while walking."""
    seen = Seen()
    for _ in range(repeats):
        with scripted(house, seen) as kiosk:
            seen.trips.append(trip(house, opened(house, "clip"), kiosk))
    return seen


def killed(name: str) -> Callable[[GuestHouse, int], Seen]:
    """kill -9 of one process, with nobody to start it again until the belt stands."""

    def run(house: GuestHouse, repeats: int) -> Seen:
        seen = Seen()
        for _ in range(repeats):
            with scripted(house, seen) as kiosk:
                seen.trips.append(trip(house, signalled(house, name, signal.SIGKILL), kiosk))
        return seen

    return run


def frozen(name: str) -> Callable[[GuestHouse, int], Seen]:
    """SIGSTOP of one process; SIGCONT once the belt stands, and what it wakes up with moves nothing."""

    def run(house: GuestHouse, repeats: int) -> Seen:
        seen = Seen()
        for _ in range(repeats):
            with scripted(house, seen) as kiosk:
                watch = Watch(house, kiosk)
                watch.after(signalled(house, name, signal.SIGSTOP))
                watch.rest()
                watch.repair(lambda: house.kill(name, signal.SIGCONT))
                seen.trips.append(watch.rest())
        return seen

    return run


def without_stopper(number: int) -> Callable[[GuestHouse, int], Seen]:
    """A stopper that dies or hangs takes nothing with it: the walk goes on, and the clip still stops it."""

    def run(house: GuestHouse, repeats: int) -> Seen:
        seen = Seen()
        for _ in range(repeats):
            with scripted(house, seen) as kiosk:
                house.kill("stopper", number)
                kiosk.pump(2.0)
                seen.facts["walked on"] = bool(house.report().belt_ckmh) and seen.facts.get("walked on", True)
                seen.trips.append(trip(house, opened(house, "clip"), kiosk))
                if house.alive("stopper"):
                    house.kill("stopper", signal.SIGCONT)
        return seen

    return run


def both_killed(house: GuestHouse, repeats: int) -> Seen:
    """kill -9 of guard and belt process at once: the stopper is alone with a moving belt."""
    seen = Seen()
    for _ in range(repeats):
        with scripted(house, seen) as kiosk:

            def cause() -> float:
                at_s = signalled(house, "guard", signal.SIGKILL)()
                house.kill("belt")
                return at_s

            seen.trips.append(trip(house, cause, kiosk))
    return seen


# ---------------------------------------------------------------------------------------------- Bluetooth


def broken(
    cause: Callable[[GuestHouse], Cause], cure: Callable[[GuestHouse], object], stays_s: float = BROKEN_S
) -> Callable[..., Seen]:
    """Something between us and the treadmill breaks; after *stays_s* it is put right, and then the belt stops."""

    def run(house: GuestHouse, repeats: int) -> Seen:
        seen = Seen()
        for _ in range(repeats):
            with scripted(house, seen) as kiosk:
                watch = Watch(house, kiosk)
                watch.after(cause(house))
                watch.on(stays_s)
                watch.repair(lambda: cure(house))
                watch.rest()
                seen.trips.append(watch.ready())
        return seen

    return run


def bluetoothd_restarted(house: GuestHouse) -> Cause:
    """As systemd does it: SIGTERM, and started again at once."""

    def cause() -> float:
        at_s = now_s()
        house.end("bluetoothd")
        house.start_bluetoothd()
        return at_s

    return cause


def unanswered(house: GuestHouse) -> Cause:
    """The treadmill answers no request any more, and then the clip is pulled."""

    def cause() -> float:
        misbehaves(house, "att_silent")()
        return opened(house, "clip")()

    return cause


def pairing_wanted(house: GuestHouse, repeats: int) -> Seen:
    """The treadmill wants an encrypted link before it obeys. A new belt process pairs; after a silence of the radio
    the bond is used again; and the clip stops the belt as ever.
    """
    seen = Seen()
    for _ in range(repeats):
        house.mischief("needs_pairing")
        try:
            house.end("belt")
            kiosk = house.kiosk()
            kiosk.expect(lambda status: status.link is not LinkState.READY, "lost link", RESET_WAIT_S)
            started_s = now_s()
            house.ensure()
            kiosk.expect(lambda status: status.link is LinkState.READY, "ready link", RESET_WAIT_S)
            seen.facts["ready_s"] = round(now_s() - started_s, 2)
            seen.facts["paired"] = house.device_says("Paired")
            kiosk.close()
            with scripted(house, seen) as kiosk:
                seen.trips.append(trip(house, opened(house, "clip"), kiosk))
                house.mischief("link_cut")
                kiosk.expect(lambda status: status.link is not LinkState.READY, "lost link", RESET_WAIT_S)
                house.mischief("link_cut", on=False)
                back_s = now_s()
                kiosk.expect(lambda status: status.link is LinkState.READY, "ready link", RESET_WAIT_S)
                seen.facts["ready_again_s"] = round(now_s() - back_s, 2)
        finally:
            house.mischief("needs_pairing", on=False)
    return seen


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table."""

    run: Callable[[GuestHouse, int], Seen]
    repeatable: bool = True  # False: takes minutes, so it is done once whatever is asked for


SCENARIOS: Final[dict[str, Scenario]] = {
    "short_walk": Scenario(short_walk, repeatable=False),
    "clip_opened_on_screen": Scenario(clip_opened_on_screen, repeatable=False),
    "kiosk_killed": Scenario(kiosk_signalled(signal.SIGKILL)),
    "kiosk_frozen": Scenario(kiosk_signalled(signal.SIGSTOP)),
    "clip_opened": Scenario(clip_opened),
    "belt_killed": Scenario(killed("belt")),
    "belt_frozen": Scenario(frozen("belt")),
    "guard_killed": Scenario(killed("guard")),
    "guard_frozen": Scenario(frozen("guard")),
    "guard_and_belt_killed": Scenario(both_killed),
    "stopper_killed": Scenario(without_stopper(signal.SIGKILL)),
    "stopper_frozen": Scenario(without_stopper(signal.SIGSTOP)),
    "bluetoothd_killed": Scenario(
        broken(lambda house: signalled(house, "bluetoothd", signal.SIGKILL), GuestHouse.start_bluetoothd)
    ),
    "bluetoothd_frozen": Scenario(
        broken(
            lambda house: signalled(house, "bluetoothd", signal.SIGSTOP),
            lambda house: house.kill("bluetoothd", signal.SIGCONT),
        )
    ),
    "bluetoothd_restarted": Scenario(broken(bluetoothd_restarted, lambda house: None, stays_s=0.0)),
    "radio_silent": Scenario(
        broken(lambda house: misbehaves(house, "link_cut"), lambda house: house.mischief("link_cut", on=False))
    ),
    "adapter_gone": Scenario(
        broken(lambda house: misbehaves(house, ADAPTER_GONE), lambda house: house.mischief(ADAPTER_GONE, on=False))
    ),
    "pairing_wanted": Scenario(pairing_wanted),
    "treadmill_unanswering": Scenario(broken(unanswered, lambda house: house.mischief("att_silent", on=False))),
}


def tail(entries: tuple[TapEntry, ...], count: int = 60) -> tuple[str, ...]:
    """The end of a byte tap, for people."""
    return tuple(
        f"{entry.t_s:9.3f} {entry.direction:8} {entry.char:04X} {entry.value.hex(' ')} {entry.note}".rstrip()
        for entry in entries[-count:]
    )
