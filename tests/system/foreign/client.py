"""A foreign client: pyftms drives a treadmill that it takes for a real one, and tells as JSON what it read.

    python3 client.py ADDRESS SPEED_KMH

Runs in pyftms's own environment (Python 3.12 or later) and imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable

from bleak.backends.device import BLEDevice
from pyftms import FitnessMachine, MachineType, TrainingStatusCode, UpdateEvent, discover_ftms_devices, get_client

SEARCH_S = 60.0
WAIT_S = 30.0
LOOK_S = 0.05
WRITE_S = 10.0  # emulated on a busy host; its own default of 2 s is for real machines


async def until(condition: Callable[[], bool], what: str) -> float:
    """Wait for that; seconds it took."""
    began_s = time.monotonic()
    while not condition():
        if time.monotonic() - began_s > WAIT_S:
            raise TimeoutError(f"no {what} within {WAIT_S:.0f} s")
        await asyncio.sleep(LOOK_S)
    return time.monotonic() - began_s


async def drive(machine: FitnessMachine, speed_kmh: float, seen: list[dict[str, object]]) -> dict[str, object]:
    """Read everything, start, set a speed, stop."""
    told: dict[str, object] = {"connected": machine.is_connected, "name": machine.name}
    told["device_info"] = dict(machine.device_info)
    told["settings"] = machine.supported_settings
    told["ranges"] = {name: tuple(limits) for name, limits in machine.supported_ranges.items()}
    told["properties"] = machine.supported_properties
    told["start"] = str((await machine.start_resume()).name)
    await until(lambda: (machine.speed_instant or 0) > 0, "moving belt")
    told["set_speed"] = str((await machine.set_target_speed(speed_kmh)).name)
    told["speed_after_s"] = await until(lambda: machine.speed_instant == speed_kmh, f"{speed_kmh} km/h")
    steady = len(seen)
    await until(lambda: len(seen) >= steady + 3, "three more records")
    told["while_walking"] = dict(machine.properties)
    told["stop"] = str((await machine.stop()).name)
    told["rest_after_s"] = await until(lambda: machine.speed_instant == 0, "belt at rest")
    told["at_rest"] = dict(machine.properties)
    return told


def know_reserved_status() -> None:
    """pyftms 0.4.15 gives up connecting where Training Status has a reserved code, as some real machines send; its
    users teach it to take such a code for "other".
    """
    TrainingStatusCode._missing_ = classmethod(lambda cls, value: cls.OTHER)  # type: ignore[method-assign, assignment]


async def once(device: BLEDevice, kind: MachineType, speed_kmh: float) -> dict[str, object]:
    """Connect, drive it, leave."""
    seen: list[dict[str, object]] = []

    def heard(event: object) -> None:
        if isinstance(event, UpdateEvent):
            seen.append(dict(event.event_data))

    machine = get_client(device, kind, timeout=WRITE_S, on_ftms_event=heard)
    async with machine:
        told = await drive(machine, speed_kmh, seen)
    return {"type": kind.name, "updates": len(seen), **told, "left": not machine.is_connected}


async def main(address: str, speed_kmh: float) -> dict[str, object]:
    """Find it and drive it; when pyftms as it is cannot, because of a reserved Training Status, say so and go on."""
    async for device, kind in discover_ftms_devices(SEARCH_S):
        if device.address.upper() != address.upper():
            continue
        try:
            return await once(device, kind, speed_kmh)
        except ValueError as error:
            if "TrainingStatusCode" not in str(error):
                raise
            know_reserved_status()
            return {"as_released": str(error), **await once(device, kind, speed_kmh)}
    raise TimeoutError(f"no FTMS machine at {address} within {SEARCH_S:.0f} s")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], float(sys.argv[2]))), default=str))
