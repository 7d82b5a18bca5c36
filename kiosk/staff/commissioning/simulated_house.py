"""A house around a simulated treadmill for ``retrowalk commission --simulated``: guard, stopper, belt, and no kiosk.

In lock-step: the simulated world owns time, so that ten minutes pass in a fraction of one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

from hardware.link.clock import LockstepClock
from hardware.link.mailbox import Mailbox, socket_mailbox
from hardware.link.messages import WorldAsk, WorldHand, WorldReport, WorldToControl
from hardware.link.paths import RuntimePaths
from kiosk.supervise import Child, Supervisor, python_module

CONFIG: Final = """\
# Written by `retrowalk commission --simulated`: everything in here is simulated.
[gym]
name = "Retro Walk workshop"
treadmill_label = {label}

[treadmill]
link = "simulated"
address = "{address}"

[limits]
cap_kmh = 3.0
max_incline_percent = 1.0

[wiring]
pins = "simulated"
level = "H2"
clip = 17
red_button = 27
permit = 23
permit_readback = 24
alarm = 25

[timing]
tick_late_s = 0.25

[data]
directory = {data}
"""


def address_of(machine: str) -> str:
    """An address of its own for each simulated machine."""
    digest = hashlib.sha256(machine.encode()).hexdigest().upper()
    return f"C0:FF:EE:{digest[0:2]}:{digest[2:4]}:{digest[4:6]}"


def write_config(data: Path, machine: str) -> Path:
    """The configuration of the house, in its data directory. Raises OSError."""
    data.mkdir(parents=True, exist_ok=True)
    path = data / "workshop.toml"
    text = CONFIG.format(address=address_of(machine), label=json.dumps(machine[:60]), data=json.dumps(str(data)))
    path.write_text(text, encoding="utf-8")
    return path


def supervisor(
    config: Path, paths: RuntimePaths, machine: str, *, roles: str = "guard,belt,stopper,kiosk"
) -> Supervisor:
    """The processes, in lock-step with a kiosk that is ours."""
    runtime = paths.directory
    world = ["--lockstep", "--roles", roles, "--treadmill", machine]
    return Supervisor(
        [
            Child("simulated", python_module("hardware.simulated", config, runtime, *world), restart=False),
            Child("guard", python_module("hardware.guard", config, runtime, "--lockstep")),
            Child("stopper", python_module("hardware.stopper", config, runtime, "--lockstep")),
            Child("belt", python_module("hardware.belt", config, runtime, "--lockstep")),
        ]
    )


class SocketWorld:
    """The simulated world over its control socket: hands that move, and eyes (hands.World)."""

    def __init__(self, paths: RuntimePaths, now_s: float = 0.0) -> None:
        self._control: Final[Mailbox[WorldHand | WorldAsk, WorldReport]] = socket_mailbox(
            paths.world_control, WorldToControl
        )
        self._now_s = now_s
        self.report: WorldReport | None = None

    def tend(self, now_s: float) -> None:
        """Take in the last answer and ask again."""
        self._now_s = now_s
        self._control.tend(now_s)
        for frame in self._control.drain(now_s):
            if isinstance(frame.body, WorldReport):
                self.report = frame.body
        self._control.send(WorldAsk(None), now_s)

    def hand(self, what: str, closed: bool) -> None:
        """Move clip, red, amber or key."""
        self._control.send(WorldHand(what, closed), self._now_s)

    def belt_ckmh(self) -> float:
        """The belt's true speed."""
        return 0.0 if self.report is None else float(self.report.belt_ckmh)

    def close(self) -> None:
        """Idempotent."""
        self._control.close()


class HouseTime:
    """The world's clock, as ``small_kiosk.run`` wants it."""

    def __init__(self, paths: RuntimePaths) -> None:
        self._clock: Final = LockstepClock(paths.world_clock, "kiosk")
        self._clock.wait()

    def now(self) -> float:
        """The quantum's time."""
        return self._clock.now()

    def wait(self) -> bool:
        """The next quantum; False when the world is gone."""
        return self._clock.wait()

    def close(self) -> None:
        """Leave the barrier."""
        self._clock.close()
