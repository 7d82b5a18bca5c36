"""The real processes on the real clock, with a scripted kiosk and a hand in the simulated world.

For kill tests and benches. The scripted kiosk speaks the real messages over the real socket.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hardware.constants import SCREEN_MISSING_S
from hardware.link.endpoint import SocketEndpoint, connect
from hardware.link.messages import (
    Alive,
    Arm,
    Complaint,
    ControlToWorld,
    Envelope,
    GuardToKiosk,
    KioskToGuard,
    Purpose,
    Refused,
    Reset,
    ResetBy,
    SafetyEvent,
    Start,
    State,
    Status,
    Target,
    WorldAsk,
    WorldHand,
    WorldMischief,
    WorldReport,
    WorldToControl,
)
from hardware.link.paths import RuntimePaths, open_runtime_directory

ADDRESS = "C0:FF:EE:00:00:42"

START_UP_S = 60.0  # a busy machine takes its time to load Python; nothing is measured in it

CONFIG = """\
[treadmill]
link = "simulated"
address = "{address}"
[limits]
cap_kmh = {cap_kmh}
[wiring]
pins = "simulated"
level = "{level}"
clip = 17
red_button = 27
{amber}{permit}alarm = 25
[checks]
opening = {checks}
profile = {checks}
[timing]
tick_late_s = {tick_late}
[data]
directory = {data}
"""


class Timeout(AssertionError):
    """What was waited for did not come."""


class House:
    """World, guard, belt and stopper as processes. ``with House(tmp_path) as house: ...``"""

    def __init__(
        self,
        directory: Path,
        *,
        treadmill: str | None = None,
        level: str = "H1",
        amber: bool = False,
        cap_kmh: float = 2.0,
        tick_late: float = 0.25,
        names: Sequence[str] = ("simulated", "guard", "stopper", "belt"),
        profile: str | None = None,
        checks: bool = False,
    ) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.config = directory / "house.toml"
        self.config.write_text(
            CONFIG.format(
                address=ADDRESS,
                cap_kmh=cap_kmh,
                level=level,
                amber="amber_button = 22\n" if amber else "",
                permit="" if level == "H0" else "permit = 23\npermit_readback = 24\n",
                tick_late=tick_late,
                checks=str(checks).lower(),
                data=json.dumps(str(directory)),
            )
        )
        if profile is not None:
            (directory / "profiles").mkdir(exist_ok=True)
            (directory / "profiles" / f"{ADDRESS.replace(':', '-')}.toml").write_text(profile)
        self.paths: RuntimePaths = open_runtime_directory(directory / "run")
        self._treadmill = treadmill
        self._names = names
        self._tap_end = 0
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.control: SocketEndpoint[WorldHand | WorldMischief | WorldAsk, WorldReport | Complaint] | None = None

    def __enter__(self) -> House:
        try:
            for name in self._names:
                self.spawn(name)
            self.control = SocketEndpoint(self._connected(self.paths.world_control), WorldToControl)
        except BaseException:  # nothing that was started stays behind
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.control is not None:
            self.control.close()
        order = sorted(self.processes, key=lambda name: name == "simulated")
        for name in order:
            process = self.processes[name]
            if process.poll() is None:
                process.kill()
            process.wait()

    def spawn(self, name: str, *more: str) -> subprocess.Popen[bytes]:
        """Start (again) one of the processes."""
        argv = [sys.executable, "-m", f"hardware.{name}", "--config", str(self.config), "--runtime"]
        argv += [str(self.paths.directory), *more]
        if name == "simulated" and self._treadmill:
            argv += ["--treadmill", self._treadmill]
        self.processes[name] = subprocess.Popen(argv)
        return self.processes[name]

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send *name* a signal; after SIGKILL it is reaped."""
        os.kill(self.processes[name].pid, number)
        if number == signal.SIGKILL:
            self.processes[name].wait()

    def _connected(self, path: Path, timeout_s: float = START_UP_S):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            sock = connect(path)
            if sock is not None:
                return sock
            time.sleep(0.01)
        raise Timeout(f"nobody listens at {path}")

    def kiosk(self, timeout_s: float = START_UP_S) -> ScriptedKiosk:
        """A new scripted kiosk that the guard has seated: it has spoken to it.

        Who knocks in the very moment in which another leaves may be sent away, and knocks again.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            link = SocketEndpoint(self._connected(self.paths.guard_kiosk, deadline - time.monotonic()), GuardToKiosk)
            kiosk = ScriptedKiosk(link)
            while time.monotonic() < deadline and not link.closed:
                if kiosk.pump(0.1, lambda status: True):
                    return kiosk
            kiosk.close()
            if time.monotonic() > deadline:
                raise Timeout(f"the guard says nothing within {timeout_s} s")

    def hand(self, what: str, *, closed: bool) -> None:
        """Move the clip, a button or the key in the simulated world."""
        self.control.send(WorldHand(what, closed), time.monotonic())

    def mischief(self, name: str, *, on: bool = True) -> None:
        """Give the treadmill a bad habit."""
        self.control.send(WorldMischief(name, on), time.monotonic())

    def report(self, log_since: int | None = None, timeout_s: float = 5.0) -> WorldReport:
        """The world's own account; with *log_since* also the byte tap from that index on."""
        self.control.send(WorldAsk(log_since), time.monotonic())
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for frame in self.control.drain(time.monotonic()):
                if isinstance(frame.body, WorldReport):
                    return frame.body
                if isinstance(frame.body, Complaint):
                    raise AssertionError(frame.body.reason)
            select.select([self.control.fileno()], [], [], 0.05)
        raise Timeout("the world does not answer")

    def tap_end(self) -> int:
        """The index after the newest line of the byte tap."""
        report = self.report(self._tap_end)
        while report.log:
            self._tap_end = report.log_next
            report = self.report(self._tap_end)
        return self._tap_end


class ScriptedKiosk:
    """Says what a kiosk says, when told to; draws nothing."""

    def __init__(self, link: SocketEndpoint[object, object]) -> None:
        self.link = link
        self.status: Status | None = None
        self.events: list[SafetyEvent] = []
        self.refusals: list[Refused] = []
        self.complaints: list[str] = []
        self.drawn = 0
        self._alive_at = 0.0
        self._late = False

    @property
    def screen_was_missed(self) -> bool:
        """The guard has missed our own heartbeats since we came: this script was late, not what it tests."""
        return self._late

    def close(self) -> None:
        """Leave without a word, as a killed process does."""
        self.link.close()

    def send(self, body: object) -> None:
        """One message to the guard."""
        self.link.send(body, time.monotonic())

    def pump(
        self, seconds: float = 0.0, until: Callable[[Status], bool] | None = None, *, alive: bool = True
    ) -> bool:
        """Send Alive ten a second and read for *seconds*, or until the Status satisfies *until*."""
        deadline = time.monotonic() + seconds
        while True:
            now_s = time.monotonic()
            if alive and now_s - self._alive_at >= 0.1:
                self._late = self._late or (self.drawn > 0 and now_s - self._alive_at > SCREEN_MISSING_S - 0.1)
                self.drawn += 1
                self._alive_at = now_s
                self.send(Alive(self.drawn))
            for frame in self.link.drain(now_s):
                if isinstance(frame.body, Status):
                    self.status = frame.body
                elif isinstance(frame.body, SafetyEvent):
                    self.events.append(frame.body)
                elif isinstance(frame.body, Refused):
                    self.refusals.append(frame.body)
                elif isinstance(frame.body, Complaint):
                    self.complaints.append(frame.body.reason)
            if until is not None and self.status is not None and until(self.status):
                return True
            if now_s >= deadline:
                return False
            if self.link.closed:
                time.sleep(0.01)
            else:
                select.select([self.link.fileno()], [], [], min(0.05, max(0.0, deadline - now_s)))

    def expect(self, until: Callable[[Status], bool], what: str, seconds: float = 15.0) -> Status:
        """As pump, but failing is an error that says what was seen."""
        if not self.pump(seconds, until):
            gone = " (the guard hung up)" if self.link.closed else ""
            raise Timeout(f"no {what} within {seconds} s{gone}; {self.complaints} last status: {self.status}")
        assert self.status is not None
        return self.status

    def arm(self, house: House, *, cap_ckmh: int = 200, session: str = "bench") -> Status:
        """From wherever the guard is to ARMED by the legal way: reset, key back, arm, clip pulled and closed."""
        status = self.expect(lambda s: True, "status")
        if status.state in (State.LATCHED, State.STOPPING):
            self.expect(lambda s: s.state is State.LATCHED and not _standing(s), "reset allowed", 30)
            self.send(Reset(ResetBy.STAFF))
        self.expect(lambda s: s.state is State.IDLE and not s.arm_missing, "idle and ready to arm", 30)
        house.hand("key", closed=True)  # H1: a permit that dropped has pulled it
        self.send(Arm(Envelope(cap_ckmh, 0), session, Purpose.SESSION))
        self.expect(lambda s: s.state is State.PROOF, "proof")
        house.hand("clip", closed=False)
        self.expect(lambda s: not s.inputs.clip_closed, "clip open")
        house.hand("clip", closed=True)
        self.expect(lambda s: s.state is State.ARMED, "armed")
        return self.expect(lambda s: not s.start_missing, "ready to start")

    def walk(self, house: House, *, cap_ckmh: int = 200, session: str = "bench") -> Status:
        """From wherever the guard is to RUNNING by the legal way: reset, arm, clip pulled and closed, start."""
        self.arm(house, cap_ckmh=cap_ckmh, session=session)
        self.send(Start())
        return self.expect(lambda s: s.state is State.RUNNING, "running", 20)

    def target(self, speed_ckmh: int, incline_dpct: int = 0) -> None:
        """Ask for a speed."""
        self.send(Target(speed_ckmh, incline_dpct))


def _standing(status: Status) -> tuple[object, ...]:
    return tuple(item for item in status.reset_missing if str(item) != "staff")


KioskBodies = KioskToGuard
ControlBodies = ControlToWorld
