"""The world's sockets: who knocks is let in and attached."""

from __future__ import annotations

from types import TracebackType
from typing import Final

from hardware.link.endpoint import Listener, SocketEndpoint, connect
from hardware.link.messages import BeltToWorld, ControlToWorld, GuardToPins, PinLevels, WorldToBelt, WorldToControl
from hardware.link.paths import RuntimePaths
from hardware.simulated.world import Watched, World


class DoorsError(Exception):
    """The sockets cannot be opened; the text says why."""


class Doors:
    """Listens for guard (pins), belt and stopper (link), and whoever has hands (control)."""

    def __init__(self, paths: RuntimePaths) -> None:
        for path in (paths.world_pins, paths.world_link, paths.world_control):
            there = connect(path)
            if there is not None:
                there.close()
                raise DoorsError(
                    f"A simulated world is already running in {paths.directory}. "
                    "Stop it first, or choose another --runtime."
                )
        self._pins: Final = Listener(paths.world_pins)
        self._link: Final = Listener(paths.world_link)
        self._control: Final = Listener(paths.world_control)

    @property
    def watched(self) -> list[Watched]:
        """For select."""
        return [self._pins, self._link, self._control]

    def admit(self, world: World) -> None:
        """Let in everybody who waits."""
        while (sock := self._pins.accept()) is not None:
            world.attach_pins(SocketEndpoint[PinLevels, GuardToPins](sock, GuardToPins))
        while (sock := self._link.accept()) is not None:
            world.attach_link(SocketEndpoint[WorldToBelt, BeltToWorld](sock, BeltToWorld))
        while (sock := self._control.accept()) is not None:
            world.attach_control(SocketEndpoint[WorldToControl, ControlToWorld](sock, ControlToWorld))

    def close(self) -> None:
        """Idempotent."""
        for listener in (self._pins, self._link, self._control):
            listener.close()

    def __enter__(self) -> Doors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
