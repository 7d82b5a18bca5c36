"""pyftms, a foreign client, over the real bluetoothd: it takes what `retrowalk treadmill simulate` offers for real.

In a machine of its own, with its own Python (see build.sh and foreign/). The simulated treadmill's own account, every
byte and the belt's true speed, is held against what the client says it has read.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hardware.simulated.machines import MACHINES, Machine
from tests.system.vm import MachineError, booted

pytestmark = [pytest.mark.system, pytest.mark.timeout(1200)]

SPEEDS_KMH = {"simulated-s1": 2.0, "urevo-e1l": 1.92}
"""What the client asks for: above the minimum, on the grid of the machine's increment."""

PATIENCE_S = 900.0
NOT_AVAILABLE = 0xFF, 0xFFFF, 0x7FFF


class Driven(NamedTuple):
    """What both sides said."""

    machine: Machine
    speed_kmh: float
    client: dict[str, Any]
    offer: tuple[str, ...]  # without the times


def drive_all(directory: Path) -> str:
    """Run the machine once; what its job printed."""
    job = " ".join(("exec python3 -m tests.system.guest.foreign", *(f"{n}={v}" for n, v in SPEEDS_KMH.items())))
    with booted(directory, job) as machine:
        deadline = time.monotonic() + PATIENCE_S
        while machine.running:
            if time.monotonic() > deadline:
                raise machine.error(f"The client has not ended within {PATIENCE_S:.0f} s.")
            time.sleep(0.2)
        if machine.exit_code != 0:
            raise machine.error("The client did not get through.")
        return machine.output.read_text("utf-8", "replace")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Where the guest left what it saw. Busy hosts break off a walk: then once more, and that is said."""
    for attempt in range(2):
        where = tmp_path_factory.mktemp("foreign")
        started = time.monotonic()
        try:
            drive_all(where)
        except MachineError as error:
            if attempt:
                pytest.fail(str(error), pytrace=False)
            said = f"{error}\nforeign client: once more."
        else:
            said = f"foreign client: {', '.join(SPEEDS_KMH)} driven by pyftms in {time.monotonic() - started:.0f} s"
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{said}", flush=True)
        if attempt or "driven" in said:
            return where
    raise AssertionError("unreachable")


@pytest.fixture(params=SPEEDS_KMH)
def driven(directory: Path, request: pytest.FixtureRequest) -> Driven:
    """One treadmill and its client."""
    name = str(request.param)
    lines = (directory / f"{name}.offer").read_text(encoding="utf-8").splitlines()
    client = json.loads((directory / f"{name}.client").read_text(encoding="utf-8"))
    offer = tuple(line.split(maxsplit=1)[1] for line in lines if re.match(r" *\d+\.\d{3}  ", line))
    return Driven(MACHINES[name], SPEEDS_KMH[name], client, offer)


def fields(record: bytes) -> dict[str, float]:
    """A Treadmill Data record by the specification, under the client's names. What is not available is left out."""
    flags, at = int.from_bytes(record[:2], "little"), 2
    found: dict[str, float] = {}

    def take(name: str, size: int, scale: float = 1, *, signed: bool = False) -> None:
        nonlocal at
        raw = int.from_bytes(record[at : at + size], "little", signed=signed)
        at += size
        if raw not in NOT_AVAILABLE or name in ("speed_instant", "distance_total", "time_elapsed"):
            found[name] = round(raw * scale, 3)

    if not flags & 1:
        take("speed_instant", 2, 0.01)
    if flags & 1 << 2:
        take("distance_total", 3)
    if flags & 1 << 3:
        take("inclination", 2, 0.1, signed=True)
        take("ramp_angle", 2, 0.1, signed=True)
    if flags & 1 << 7:
        take("energy_total", 2)
        take("energy_per_hour", 2)
        take("energy_per_minute", 1)
    if flags & 1 << 8:
        take("heart_rate", 1)
    if flags & 1 << 10:
        take("time_elapsed", 2)
    if flags & 1 << 13:
        take("step_count", 3)
    assert at == len(record), record.hex(" ")
    found.pop("ramp_angle", None)  # 0x7FFF: not available, in tenths
    return found


def records(driven: Driven) -> list[dict[str, float]]:
    return [
        fields(bytes.fromhex(line.removeprefix("notify 2acd ")))
        for line in driven.offer
        if line.startswith("notify 2acd")
    ]


def without_training(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "training_status"}


def test_a_foreign_client_reads_what_the_machine_is(driven: Driven) -> None:
    machine, client = driven.machine, driven.client
    assert client["type"] == "TREADMILL"
    assert client["device_info"] == {"manufacturer": machine.maker, "model": machine.model}
    speeds = [machine.min_ckmh / 100, machine.max_ckmh / 100, machine.increment_ckmh / 100]
    assert client["ranges"]["target_speed"] == speeds
    if machine.can_incline:
        inclines = [machine.min_dpct / 10, machine.max_dpct / 10, machine.increment_dpct / 10]
        assert client["ranges"]["target_inclination"] == inclines
    else:
        assert "target_inclination" not in client["ranges"]


def test_a_foreign_client_starts_the_belt_sets_its_speed_and_stops_it(driven: Driven) -> None:
    assert [driven.client[name] for name in ("start", "set_speed", "stop")] == ["SUCCESS"] * 3
    asked = round(driven.speed_kmh * 100).to_bytes(2, "little").hex(" ")
    written = [line.removeprefix("write  2ad9 ") for line in driven.offer if line.startswith("write  2ad9")]
    assert written == ["00", "07", f"02 {asked}", "08 01"]
    assert f"the belt truly moves at {driven.speed_kmh:.2f} km/h" in driven.offer
    beyond = [line for line in driven.offer if line.startswith("the belt truly moves at ")]
    assert max(float(line.split()[5]) for line in beyond) == driven.speed_kmh
    stands = driven.offer.index("the belt stands")
    assert stands > driven.offer.index("write  2ad9 08 01")
    assert not any("truly moves" in line for line in driven.offer[stands:])


def test_a_foreign_client_reads_the_fields_that_were_sent(driven: Driven) -> None:
    sent = records(driven)
    walking, at_rest = without_training(driven.client["while_walking"]), without_training(driven.client["at_rest"])
    assert walking["speed_instant"] == driven.speed_kmh
    assert walking in sent
    assert at_rest["speed_instant"] == 0
    assert at_rest in sent


def test_a_foreign_client_that_leaves_has_left(driven: Driven) -> None:
    assert driven.client["left"] is True
    assert any(line.startswith("link lost") for line in driven.offer)
