"""Memory of the installed processes while somebody walks: the package's own Python, in real time, drawn into memory.

    /usr/bin/python3 walking.py DIRECTORY     (chroot.sh puts the simulated world beside the package for this alone)

A machine that is emulated draws too slowly for the guard to let anybody walk (vm.py, part walk); this one is not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

CONFIG = """
[gym]
name = "Appliance test"
units = "mph"
[treadmill]
link = "simulated"
address = "C0:FF:EE:00:00:42"
[wiring]
pins = "simulated"
level = "H1"
amber_button = 22
permit = 23
permit_readback = 24
alarm = 25
[screen]
width_px = 1280
height_px = 800
[data]
directory = "{data}"
[checks]
opening = false
profile = false
"""
OURS = "/opt/retrowalk/app:/opt/retrowalk/lib"
PATIENCE_S, SETTLE_S = 240.0, 30.0


def pss_mb(pid: int) -> float:
    """Memory of a process, shared parts divided among those who share them, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("The kernel tells no Pss.")


def main() -> int:
    """Exit code 0: the walk was reached, and went on."""
    home = Path(sys.argv[1])
    runtime, data = home / "run", home / "data"
    runtime.mkdir(mode=0o770, parents=True)
    data.mkdir()
    config, heard = home / "retrowalk.toml", home / "kiosk"
    config.write_text(CONFIG.format(data=data), "utf-8")
    words = ["--config", str(config), "--runtime", str(runtime)]
    environment = {**os.environ, "PYTHONPATH": OURS, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    running = {
        "world": subprocess.Popen(["/usr/bin/python3", "-s", "-m", "hardware.simulated", *words], env=environment)
    }
    with heard.open("wb") as out:
        try:
            time.sleep(2)
            for name in ("guard", "belt", "stopper"):
                running[name] = subprocess.Popen([f"/opt/retrowalk/bin/retrowalk-{name}", *words])
            kiosk = ["/opt/retrowalk/bin/retrowalk-kiosk", *words, "--headless", "--autopilot"]
            running["kiosk"] = subprocess.Popen(kiosk, stdout=out)
            deadline, since, screen = time.monotonic() + PATIENCE_S, None, ""
            while time.monotonic() < deadline and (since is None or time.monotonic() - since < SETTLE_S):
                time.sleep(1)
                lines = heard.read_text("utf-8").splitlines()
                screen = json.loads(lines[-1])["screen"] if lines else ""
                since = (since or time.monotonic()) if screen == "walk" else None
            if since is None:
                print(f"Nobody came to walk; the last screen was {screen or 'none'}.")
                return 1
            print("walking: " + ", ".join(f"{name} {pss_mb(one.pid):.0f} MB" for name, one in running.items()))
            return 0
        finally:
            for one in reversed(running.values()):
                one.terminate()
            for one in running.values():
                one.wait(30)


if __name__ == "__main__":
    sys.exit(main())
