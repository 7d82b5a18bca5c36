"""Everything that runs in the guest: the treadmill's radio, bluetoothd, and our processes over them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from hardware.config.profiles import profile_path
from hardware.link.endpoint import SocketEndpoint
from hardware.link.lease import Lease
from hardware.link.messages import GuardToKiosk, TapEntry, WorldReport, WorldToControl
from hardware.simulated.machines import SIMULATED_S1, Machine
from kiosk.demo import ProgressLine
from tests.support.house import ADDRESS, House, ScriptedKiosk, Timeout
from tests.system.guest.treadmill import ADAPTER_GONE

OURS: Final = ("guard", "stopper", "belt")
BLUETOOTHD: Final = "/usr/libexec/bluetooth/bluetoothd"
UNITS: Final = Path(__file__).resolve().parents[3] / "deploy" / "systemd"
WALKED_S: Final = 5.0  # walking has begun for the kiosk
START_S: Final = 60.0  # Python starts slowly under emulation, and four do at once

CONFIG: Final = """\
[gym]
name = "System test"
[treadmill]
link = "bluetooth"
address = "{address}"
[limits]
cap_kmh = 2.0
[wiring]
pins = "gpio"
level = "H1"
clip = 17
red_button = 27
permit = 23
alarm = 25
[screen]
width_px = 800
height_px = 480
fullscreen = false
[timing]
tick_late_s = 0.25
[data]
directory = {data}
"""

# The kiosk's hands: its autopilot plays in a simulated world only, and here the wires are moved by one. It takes
# nothing else from these two sections; guard, belt and stopper have the real ones.
KIOSK_CONFIG: Final = CONFIG.replace('link = "bluetooth"', 'link = "simulated"').replace(
    'pins = "gpio"', 'pins = "simulated"'
)

# Nothing is simulated for guard and belt: they want a commissioned treadmill, and an opening check of it today.
PROFILE: Final = """\
name = "system test"
address = "{address}"
model = "{model}"
firmware = "{firmware}"
commissioned = true
cap_ckmh = 200
"""

# What the world knows of the same wires. At H0 no key puller acts on the permit: Bluetooth alone has to stop it.
WORLD_CONFIG: Final = """\
[treadmill]
link = "simulated"
address = "{address}"
[limits]
cap_kmh = 2.0
[wiring]
pins = "simulated"
level = "H0"
clip = 17
red_button = 27
permit = 23
alarm = 25
[timing]
tick_late_s = 0.25
"""


def scheduled(name: str, argv: list[str]) -> list[str]:
    """*argv* at the priority that the appliance's unit gives this process."""
    unit = UNITS / f"retrowalk-{name}.service"
    lines = unit.read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    if settings.get("CPUSchedulingPolicy") == "rr":
        return ["chrt", "--rr", settings["CPUSchedulingPriority"], *argv]
    # nice adds to our own, which is that of the runner.
    return ["nice", "-n", str(int(settings.get("Nice", "0")) - os.getpriority(os.PRIO_PROCESS, 0)), *argv]


def bluez_says(path: str, interface: str, name: str) -> bool:
    """True when BlueZ has that property of that object, and it is true."""
    ask = f"dbus-send --system --print-reply --dest=org.bluez {path} org.freedesktop.DBus.Properties.Get"
    command = [*ask.split(), f"string:{interface}", f"string:{name}"]
    return b"boolean true" in subprocess.run(command, capture_output=True, check=False).stdout


def powered() -> bool:
    """True when BlueZ says that its adapter is on."""
    return bluez_says("/org/bluez/hci0", "org.bluez.Adapter1", "Powered")


class GuestHouse(House):
    """The house of the kill tests, on real Bluetooth and real GPIO lines. *logs* takes what each process prints."""

    def __init__(
        self, directory: Path, logs: Path, machine: Machine = SIMULATED_S1, *, commissioned: bool = True
    ) -> None:
        """*commissioned* False: nobody has measured that treadmill yet, and there was no opening check."""
        super().__init__(directory, names=())
        self.machine: Final = machine
        logs.mkdir(parents=True, exist_ok=True)
        self.logs: Final = logs
        self.data: Final = directory / "data"
        self.config.write_text(CONFIG.format(address=ADDRESS, data=json.dumps(str(self.data))), encoding="utf-8")
        self.kiosk_config: Final = directory / "kiosk.toml"
        self.kiosk_config.write_text(
            KIOSK_CONFIG.format(address=ADDRESS, data=json.dumps(str(self.data))), encoding="utf-8"
        )
        self.world_config: Final = directory / "world.toml"
        self.world_config.write_text(WORLD_CONFIG.format(address=ADDRESS), encoding="utf-8")
        if commissioned:
            profile = profile_path(self.data, ADDRESS)
            profile.parent.mkdir(parents=True, exist_ok=True)
            text = PROFILE.format(address=ADDRESS, model=machine.model, firmware=machine.firmware)
            profile.write_text(text, encoding="utf-8")
            lease = Lease(self.paths.lease, writable=True)
            lease.keep_opening((ADDRESS, time.monotonic()))
            lease.close()
        self._log_seen = 0
        self._kiosk_out: Final = logs / "kiosk.out"
        self._kiosk_said = 0

    # ------------------------------------------------------------------------------------------ below us

    def start_world(self, gpio_sim: Path) -> None:
        """Radio, treadmill and wires; then bluetoothd until its adapter is powered."""
        argv = [sys.executable, "-m", "tests.system.guest.treadmill", "--config", str(self.world_config)]
        argv += ["--runtime", str(self.paths.directory), "--gpio-sim", str(gpio_sim)]
        argv += ["--treadmill", self.machine.key]
        # It stands for hardware, which no load of ours slows down.
        self._start("treadmill", ["nice", "-n", "-5", *argv])
        self.control = SocketEndpoint(self._connected(self.paths.world_control, START_S), WorldToControl)
        self.start_bluetoothd()

    def start_bluetoothd(self) -> None:
        """Start bluetoothd (again) and wait for a powered adapter."""
        self._start("bluetoothd", [BLUETOOTHD, "-n"])
        self.wait_powered()

    def wait_powered(self) -> None:
        """Wait until BlueZ says that its adapter is on."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if powered():
                return
            time.sleep(0.1)
        raise Timeout("bluetoothd has no powered adapter")

    def device_says(self, name: str) -> bool:
        """True when BlueZ has that property of the treadmill, and it is true."""
        return bluez_says(f"/org/bluez/hci0/dev_{ADDRESS.replace(':', '_')}", "org.bluez.Device1", name)

    # ------------------------------------------------------------------------------------------ our processes

    def _start(self, name: str, argv: list[str]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "PYTHONUNBUFFERED": "1"}
        with (self.logs / f"{name}.log").open("ab") as log, (self.logs / f"{name}.out").open("ab") as out:
            self.processes[name] = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=environment
            )
        return self.processes[name]

    def spawn(self, name: str, *more: str) -> subprocess.Popen[bytes]:
        """Start (again) one of our processes, scheduled as on the appliance."""
        module, config = ("kiosk", self.kiosk_config) if name == "kiosk" else (f"hardware.{name}", self.config)
        argv = [sys.executable, "-m", module, "--config", str(config)]
        argv += ["--runtime", str(self.paths.directory), *more]
        return self._start(name, scheduled(name, argv))

    def alive(self, name: str) -> bool:
        """True while that process runs."""
        process = self.processes.get(name)
        return process is not None and process.poll() is None

    def ensure(self) -> None:
        """Start whichever of guard, stopper and belt does not run."""
        for name in OURS:
            if not self.alive(name):
                self.spawn(name)

    def mend(self) -> None:
        """After a scenario that could not be carried through: nothing frozen, no mischief, Bluetooth there."""
        for name, process in self.processes.items():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                if name == "kiosk":  # it holds the kiosk's seat at the guard
                    self.kill(name)
        for name in (*self.report().mischief, ADAPTER_GONE):
            self.mischief(name, on=False)
        if not self.alive("bluetoothd"):
            self.start_bluetoothd()

    def end(self, name: str, seconds: float = 20.0) -> int:
        """Ask a process to leave (SIGTERM); returns its exit code."""
        process = self.processes[name]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        return process.wait(seconds)

    def kiosk(self, timeout_s: float = START_S) -> ScriptedKiosk:
        """A scripted kiosk, connected to the guard."""
        return ScriptedKiosk(SocketEndpoint(self._connected(self.paths.guard_kiosk, timeout_s), GuardToKiosk))

    # ------------------------------------------------------------------------------------------ the real kiosk

    def start_kiosk(self, *more: str) -> None:
        """The kiosk itself, headless, drawing and saying that it drew, with its autopilot for a member."""
        self._kiosk_said = self._kiosk_out.stat().st_size if self._kiosk_out.exists() else 0
        self.spawn("kiosk", "--headless", "--autopilot", *more)

    def kiosk_news(self) -> ProgressLine | None:
        """The newest line of the autopilot since it was started."""
        said = self._kiosk_out.read_bytes()[self._kiosk_said :].splitlines(keepends=True)
        whole = [line for line in said if line.endswith(b"\n")]
        return msgspec.json.decode(whole[-1], type=ProgressLine) if whole else None

    def kiosk_walking(self, seconds: float) -> None:
        """Wait until the autopilot's member walks on a moving belt. Raises Timeout."""
        deadline = time.monotonic() + seconds
        while True:
            news = self.kiosk_news()
            if news is not None and news.screen == "walk" and news.walked_s >= WALKED_S:
                return
            if time.monotonic() > deadline or not self.alive("kiosk"):
                raise Timeout(f"the kiosk does not walk: {news}")
            time.sleep(0.2)

    def wait_screen(self, screen: str, seconds: float) -> None:
        """Wait until the kiosk shows that screen. Raises Timeout."""
        deadline = time.monotonic() + seconds
        while (news := self.kiosk_news()) is None or news.screen != screen:
            if time.monotonic() > deadline:
                raise Timeout(f"the kiosk does not show {screen}: {news}")
            time.sleep(0.1)

    # ------------------------------------------------------------------------------------------ looking

    def wait(self, condition: Callable[[WorldReport], bool], what: str, seconds: float) -> WorldReport:
        """Look at the world until *condition*. Raises Timeout that says what was seen last."""
        deadline = time.monotonic() + seconds
        while True:
            report = self.report()
            if condition(report):
                return report
            if time.monotonic() > deadline:
                raise Timeout(f"no {what} within {seconds:.0f} s; the belt is at {report.belt_ckmh / 100:.2f} km/h")
            time.sleep(0.05)

    def news(self) -> tuple[WorldReport, tuple[TapEntry, ...]]:
        """The world now, and what the byte tap has seen since the last call."""
        report, entries = self._read_tap(self._log_seen)
        self._log_seen = report.log_next
        return report, entries

    def everything(self) -> tuple[TapEntry, ...]:
        """All that the byte tap has kept."""
        return self._read_tap(0)[1]

    def _read_tap(self, at: int) -> tuple[WorldReport, tuple[TapEntry, ...]]:
        entries: list[TapEntry] = []
        while True:
            report = self.report(at)
            entries += report.log
            if report.log_next == at:
                return report, tuple(entries)
            at = report.log_next

    def __enter__(self) -> GuestHouse:
        return self

    def __exit__(self, *_: object) -> None:
        if self.control is not None:
            self.control.close()
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
