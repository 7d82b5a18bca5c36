"""Commands of the hardware side: decode, scan, guard, commission, treadmill, blackbox. Mounted by kiosk.cli."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from hardware.belt.ftms.decode_command import Direction, decode_report
from hardware.belt.scan_command import ScanFailedError
from hardware.guard.black_box import BlackBoxError
from hardware.guard.replay import Account, Moment, account_of, story

if TYPE_CHECKING:
    from hardware.config import Config

__all__ = [
    "Account",
    "BlackBoxError",
    "Moment",
    "ScanFailedError",
    "account_of",
    "app",
    "look_at_wires",
    "radio_trouble",
    "story",
]

SYSTEM_CONFIG: Final = Path("/etc/retrowalk/retrowalk.toml")

NO_SIMULATION: Final = (
    "The simulated treadmill is not part of the appliance, so that a kiosk on the gym floor can never pretend. "
    "Run this at a desk, from a checkout of Retro Walk."
)
"""Said where the package was built without hardware.simulated (deploy/build_deb.sh)."""

app = typer.Typer(no_args_is_help=True)


@app.command()
def decode(
    characteristic: Annotated[
        str,
        typer.Argument(help="2acc, 2acd, 2ad3, 2ad4, 2ad5, 2ad9 or 2ada; upper case, 0x or a full UUID do as well."),
    ],
    hex_bytes: Annotated[
        list[str],
        typer.Argument(
            metavar="HEX...", help="The bytes, as 8425e100 or 84-25-E1-00; packets of 2acd with commas between."
        ),
    ],
    direction: Annotated[
        Direction | None,
        typer.Option(help="Of 2ad9. Without it a first byte of 80 is an indication, all else a write."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what the bytes of a treadmill's FTMS characteristic mean."""
    report = decode_report(characteristic, " ".join(hex_bytes), direction, as_json_object=as_json)
    typer.echo(report.out, nl=False)
    typer.echo(report.err, nl=False, err=True)
    raise typer.Exit(report.exit_code)


@app.command()
def scan(
    seconds: Annotated[float, typer.Option(min=1, max=60, help="How long to look.")] = 8.0,
    adapter: Annotated[str | None, typer.Option(help="The Bluetooth adapter, hci0 for example.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the FTMS treadmills in reach, with the address to bind to."""
    from hardware.belt import scan_command

    try:
        found = scan_command.scan(seconds, adapter)
    except scan_command.ScanFailedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(scan_command.as_json(found) + "\n" if as_json else scan_command.as_text(found), nl=False)


@app.command()
def guard(
    check: Annotated[bool, typer.Option("--check", help="Look at every wire and say what is missing.")] = False,
    config: Annotated[Path, typer.Option(help="The configuration file.")] = SYSTEM_CONFIG,
    runtime: Annotated[Path | None, typer.Option(help="Where the sockets live.")] = None,
    outputs: Annotated[
        bool, typer.Option("--outputs/--no-outputs", help="Also work the permit's relay and the alarm.")
    ] = True,
) -> None:
    """Check the guard's wires. (The guard itself is started by retrowalk run, or by systemd.)"""
    import time

    from hardware.config import ConfigError, load_config
    from hardware.guard import check as guard_check
    from hardware.link.paths import RuntimeDirError, open_runtime_directory

    if not check:
        typer.echo("Say what to do: retrowalk guard --check looks at every wire.", err=True)
        raise typer.Exit(2)
    try:
        settings = load_config(config)
        with closing(guard_check.open_pins(settings, open_runtime_directory(runtime))) as pins:
            report = guard_check.check(pins, settings.wiring, time.monotonic, time.sleep, outputs=outputs)
    except (ConfigError, RuntimeDirError, guard_check.CheckError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(report.text(), nl=False)
    raise typer.Exit(1 if report.missing else 0)


def look_at_wires(settings: Config, runtime: Path | None) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """For the doctor: (every wire's line, sentences of what is missing, why it could not look). Drives no output."""
    import time

    from hardware.guard import check as guard_check
    from hardware.link.paths import RuntimeDirError, open_runtime_directory

    try:
        with closing(guard_check.open_pins(settings, open_runtime_directory(runtime))) as pins:
            report = guard_check.check(pins, settings.wiring, time.monotonic, time.sleep, outputs=False)
    except (RuntimeDirError, guard_check.CheckError) as error:
        return (), (), str(error)
    return tuple(report.lines), tuple(report.missing), ""


def prove_wire(settings: Config, name: str, seconds: float, runtime: Path | None) -> str:
    """For setup: '' once the wire *name* of [wiring] was seen to move and come back, else what was wrong."""
    import time

    from hardware.gpio.pins import PinError
    from hardware.guard import prove
    from hardware.link.paths import RuntimeDirError, open_runtime_directory

    wire = next(one for one in prove.PROVABLE if one.name == name)
    try:
        with closing(prove.open_inputs(settings.wiring, open_runtime_directory(runtime))) as pins:
            pin: int = getattr(settings.wiring, name)
            return prove.watch(pins, pin, wire, seconds, time.monotonic, time.sleep)
    except (RuntimeDirError, PinError) as error:
        return str(error)


def wires_to_prove(settings: Config) -> tuple[str, ...]:
    """For setup: the names of the inputs that a person can move."""
    from hardware.guard import prove

    return tuple(wire.name for wire in prove.fitted(settings.wiring))


def treadmills_in_reach(seconds: float, adapter: str | None) -> tuple[tuple[str, str, str], ...]:
    """For setup: (address, name, strength in words) of each FTMS treadmill. Raises ScanFailedError."""
    from hardware.belt import scan_command

    found = scan_command.scan(seconds, adapter)
    return tuple((one.address, one.name or "without a name", scan_command.strength(one.rssi)) for one in found)


def radio_trouble(adapter: str | None) -> str:
    """For the doctor: what stands between us and Bluetooth, in a sentence; empty where nothing does. Looks only."""
    import asyncio

    from hardware.belt import bluez, trouble
    from hardware.belt.link import LinkError

    async def ask() -> None:
        line = bluez.Bluez(lambda: None, lambda _path: False)
        try:
            bluez.check_adapter(await line.objects(3.0), adapter)
        finally:
            await line.close()

    try:
        asyncio.run(ask())
    except LinkError as error:
        return trouble.sentence(error)
    return ""


treadmill_app = typer.Typer(
    no_args_is_help=True,
    help="The bound treadmill: which one, and what was measured on it; at a desk, simulated ones.",
)
app.add_typer(treadmill_app, name="treadmill")


def _offer_command() -> ModuleType:
    """The simulated world's command; on the appliance, which is built without that world, one sentence."""
    try:
        from hardware.simulated import offer_command
    except ModuleNotFoundError:
        typer.echo(NO_SIMULATION, err=True)
        raise typer.Exit(2) from None
    return offer_command


def console_only(name: str) -> tuple[str, str] | None:
    """Model and firmware of the simulated treadmill *name*, if only its own console can set its speed."""
    return cast("tuple[str, str] | None", _offer_command().console_only(name))


@treadmill_app.command("list")
def treadmill_list(
    mischief: Annotated[bool, typer.Option("--mischief", help="List the bad habits instead.")] = False,
) -> None:
    """Name the simulated treadmills, or what they may do wrong."""
    offer_command = _offer_command()
    typer.echo(offer_command.mischief_text() if mischief else offer_command.machines_text(), nl=False)


@treadmill_app.command("simulate")
def treadmill_simulate(
    like: Annotated[
        str, typer.Option(help="Which treadmill to play; see retrowalk treadmill list.")
    ] = "simulated-s1",
    transport: Annotated[
        str, typer.Option(help="vhci for this machine's own BlueZ, hci-socket:0 or usb:0 for a real adapter.")
    ] = "vhci",
    mischief: Annotated[str, typer.Option(help="Bad habits, comma-separated.")] = "",
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long; until Ctrl-C without it.")] = None,
) -> None:
    """Offer a simulated treadmill over Bluetooth to any FTMS app, and print every byte that passes."""
    offer_command = _offer_command()
    names = [name.strip() for name in mischief.split(",") if name.strip()]
    try:
        offer_command.offer(like, transport, names, seconds, typer.echo)
    except offer_command.OfferError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
