"""``retrowalk treadmill``: the simulated treadmills, and one of them on a radio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from hardware.simulated.machines import MACHINES
from hardware.simulated.mischief import MISCHIEF, misbehaving
from hardware.simulated.peripheral import Peripheral
from hardware.simulated.world import WorldError, machine_named, mischief_named

NO_BUMBLE = 'Offering a treadmill on a radio needs Bumble. Install it with:  pip install "retrowalk[radio]"'


class OfferError(Exception):
    """The treadmill cannot be offered; the text says what to do."""


def machines_text() -> str:
    """Every simulated treadmill, one a line: name, speeds in km/h, incline in percent."""
    lines = []
    for machine in MACHINES.values():
        incline = f"{machine.min_dpct / 10:g} to {machine.max_dpct / 10:g} %" if machine.has_incline else "no incline"
        speeds = f"{machine.min_ckmh / 100:.2f} to {machine.max_ckmh / 100:.2f} by {machine.increment_ckmh / 100:.2f}"
        lines.append(f"{machine.key:20} {speeds:22} km/h  {incline:14} {machine.maker} {machine.model}")
    return "\n".join(lines) + "\n"


def console_only(name: str) -> tuple[str, str] | None:
    """Model and firmware of a treadmill whose speed only its own console can set; None: of no other, nor of none."""
    machine = MACHINES.get(name)
    if machine is None or (machine.has_control_point and machine.can_speed):
        return None
    return machine.model, machine.firmware


def mischief_text() -> str:
    """Every mischief, one a line."""
    return "".join(f"{one.name:24} {one.says}\n" for one in MISCHIEF.values())


def offer(
    like: str, transport: str, mischief: Iterable[str], seconds: float | None, echo: Callable[[str], None]
) -> None:
    """Offer a treadmill *like* one of MACHINES for *seconds*, or until told to stop. Raises OfferError."""
    try:
        machine = machine_named(like)
        names = [mischief_named(name).name for name in mischief]
    except WorldError as error:
        raise OfferError(str(error)) from None
    try:
        from hardware.simulated import over_the_air
    except ModuleNotFoundError:
        raise OfferError(NO_BUMBLE) from None
    treadmill = Peripheral(machine, time.monotonic())
    treadmill.habits = misbehaving(machine.habits, names)
    began_s = time.monotonic()

    def tell(text: str) -> None:
        echo(f"{time.monotonic() - began_s:9.3f}  {text}")

    try:
        asyncio.run(over_the_air.offer(treadmill, transport, tell, seconds))
    except over_the_air.AdapterError as error:
        raise OfferError(str(error)) from error
