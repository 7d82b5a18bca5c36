"""Commands of the hardware side: decode, scan, guard, commission, treadmill, blackbox. Mounted by kiosk.cli."""

from __future__ import annotations

from typing import Annotated

import typer

from hardware.belt.ftms.decode_command import Direction, decode_report

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
