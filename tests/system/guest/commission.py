"""The guest's side of the commissioning test: ``retrowalk commission`` and ``opening-check`` over real BlueZ.

    python3 -m tests.system.guest.commission MACHINE

Guard, belt and stopper are those of the system test, and nobody has measured the treadmill. A scripted technician
does what the two commands ask for. Leaves in /host/MACHINE.json what they printed and what the byte tap saw.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from hardware.simulated.machines import MACHINES
from tests.system.guest.house import GuestHouse, scheduled
from tests.system.guest.run import GPIO_SIM, HOST, say

RETROWALK: Final = "from kiosk.cli import main; main()"  # what the command `retrowalk` runs; not installed here
PIN: Final = "482915"
LEAD_S: Final = 1500.0
CAP_KMH: Final = "3.0"


def retrowalk(house: GuestHouse, *words: str) -> subprocess.Popen[str]:
    """One command, with the owner's PIN on its standard input, at the priority of the kiosk whose seat it takes."""
    argv = [sys.executable, "-c", RETROWALK, *words, "--pin-stdin", "--config", str(house.kiosk_config), "--json"]
    with (house.logs / f"{words[0]}.log").open("ab") as log:
        command = subprocess.Popen(
            scheduled("kiosk", argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert command.stdin is not None
    command.stdin.write(f"{PIN}\n")
    command.stdin.close()
    command.stdin = None
    return command


def lead(house: GuestHouse, *words: str) -> dict[str, object]:
    """A procedure; guard and belt are started anew when they have left, as their parent does."""
    command = retrowalk(house, *words, "--auto", "--runtime", str(house.paths.directory))
    out = ""
    for _ in range(round(LEAD_S / 0.5)):
        try:
            out, _ = command.communicate(timeout=0.5)
            break
        except subprocess.TimeoutExpired:
            house.ensure()
    else:
        command.kill()
    house.ensure()
    said = (house.logs / f"{words[0]}.log").read_text("utf-8", "replace").splitlines()
    say(f"{words[0]}: exit code {command.returncode}; {said[-1] if said else ''}")
    told = json.loads(out) if out.strip() else None
    return {"exit_code": command.returncode, "told": told, "said": said}


def main() -> int:
    """0 when both were carried through; what was found is for the host to judge."""
    machine = MACHINES[sys.argv[1]]
    with GuestHouse(Path("/tmp/retrowalk"), HOST / "logs", machine, commissioned=False) as house:
        for config in (house.config, house.kiosk_config):  # the technician may go up to where the deck ends
            config.write_text(config.read_text("utf-8").replace("cap_kmh = 2.0", f"cap_kmh = {CAP_KMH}"), "utf-8")
        house.start_world(Path(GPIO_SIM.read_text(encoding="ascii").strip()))
        house.ensure()
        added = retrowalk(house, "staff", "add", "Ana", "--role", "owner")
        added.communicate(timeout=LEAD_S)
        say(f"an owner is there (exit code {added.returncode})")
        found = {"commission": lead(house, "commission"), "opening_check": lead(house, "opening-check")}
        report = house.report()
        found["world"] = {"violations": report.violations, "tap_max_ckmh": report.tap_max_ckmh}
        (HOST / f"{machine.key}.json").write_text(json.dumps(found), encoding="utf-8")
    return max(found["commission"]["exit_code"], found["opening_check"]["exit_code"])


if __name__ == "__main__":
    sys.exit(main())
