"""The guest's side of the foreign client's test: ``retrowalk treadmill simulate`` on a radio, and pyftms beside it.

    python3 -m tests.system.guest.foreign NAME=SPEED_KMH ...

bluetoothd is real; the client runs in Debian 13's Python (``/foreign``, see build.sh). Leaves in /host what each of
the two printed: ``NAME.offer`` and ``NAME.client``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hardware.simulated.machines import MACHINES
from tests.system.guest.house import BLUETOOTHD, powered

HOST: Final = Path("/host")
ROOT: Final = Path("/foreign")
PYTHON: Final = "/usr/bin/python3.13"
CLIENT: Final = "/project/tests/system/foreign/client.py"
RETROWALK: Final = "from kiosk.cli import main; main()"  # what the command `retrowalk` runs; not installed here
BUS: Final = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/run/dbus/system_bus_socket", "PATH": "/usr/bin"}
START_S: Final = 60.0
CLIENT_S: Final = 200.0


def wait(condition: Callable[[], bool], what: str) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {START_S:.0f} s")
        time.sleep(0.1)


def drive(name: str, speed_kmh: str) -> int:
    """Offer that treadmill and let pyftms drive it; its exit code."""
    offered = [sys.executable, "-c", RETROWALK, "treadmill", "simulate", "--like", name, "--transport", "vhci"]
    with (HOST / f"{name}.offer").open("wb") as said, (HOST / f"{name}.client").open("wb") as out:
        offer = subprocess.Popen(offered, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        try:
            wait(powered, "powered adapter")
            command = ["/usr/sbin/chroot", str(ROOT), PYTHON, CLIENT, MACHINES[name].address, speed_kmh]
            return subprocess.run(command, env=BUS, stdout=out, check=False, timeout=CLIENT_S).returncode
        finally:
            offer.terminate()
            offer.wait(20.0)
            wait(lambda: not powered(), "end of the adapter")


def main() -> int:
    """0 when the client got through everywhere; 3 where there is no Python for it."""
    if (ROOT / "missing").exists():
        print((ROOT / "missing").read_text(encoding="utf-8"))
        return 3
    for name in ("dev", "proc", "run", "project"):
        subprocess.run(["mount", "--bind", f"/{name}", str(ROOT / name)], check=True)
    with (HOST / "bluetoothd").open("wb") as log:
        bluetoothd = subprocess.Popen([BLUETOOTHD, "-n"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        codes = [drive(*pair.split("=")) for pair in sys.argv[1:]]
        bluetoothd.terminate()
        bluetoothd.wait(20.0)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
