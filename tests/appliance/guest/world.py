"""The simulated treadmill for the appliance in a machine: its wires are the lines of a gpio-sim chip.

    python3 -m tests.appliance.guest.world --config FILE --runtime DIR --gpio-sim DIR

An appliance is never given one: it is put beside the installed package, for this test alone.
"""

from __future__ import annotations

import argparse
import pwd
from contextlib import closing
from pathlib import Path

from hardware.config import load_config
from hardware.link import endpoint
from hardware.link.clock import RealClock
from hardware.link.paths import open_runtime_directory
from hardware.simulated import real_time
from hardware.simulated.doors import Doors
from hardware.simulated.machines import SIMULATED_S1
from hardware.simulated.world import World
from tests.system.guest.gpio_sim import GpioSimLines


def main() -> None:
    """Until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--gpio-sim", type=Path, required=True)
    options = parser.parse_args()
    # Root, for the chip's pulls; belt and stopper are heard all the same.
    heard = frozenset({0, *(pwd.getpwnam(name).pw_uid for name in endpoint.APPLIANCE_USERS)})
    endpoint.trusted_uids = lambda: heard  # type: ignore[assignment]
    config, clock = load_config(options.config), RealClock()
    world = World(config, clock.now(), SIMULATED_S1, grace_s=config.timing.tick_late_s)
    world.attach_pins(GpioSimLines(options.gpio_sim, config.wiring))
    with Doors(open_runtime_directory(options.runtime)) as doors, closing(world):
        real_time.run(world, doors, clock, stopping=lambda: False)


if __name__ == "__main__":
    main()
