"""``retrowalk scan``: the FTMS treadmills in reach."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from hardware.belt import trouble
from hardware.belt.link import LinkError, Seen
from hardware.link.clock import RealClock


class ScanFailedError(Exception):
    """There can be no scan; the text says why and what to do."""


def strength(rssi: int | None) -> str:
    """dBm in words. Indoors: above -60 a few metres, below -85 the edge of reach."""
    if rssi is None:
        return "connected to this machine"
    word = "strong" if rssi >= -60 else "good" if rssi >= -75 else "weak" if rssi >= -85 else "very weak"
    return f"{word} ({rssi} dBm)"


def scan(seconds: float, adapter: str | None) -> list[Seen]:
    """Look for *seconds*. Raises ScanFailedError."""
    # bleak warns of a bus that breaks; the sentence of the LinkError says it for people.
    logging.getLogger("bleak").setLevel(logging.ERROR)
    try:
        return asyncio.run(_scan(seconds, adapter))
    except LinkError as error:
        raise ScanFailedError(trouble.sentence(error)) from error


async def _scan(seconds: float, adapter: str | None) -> list[Seen]:
    from hardware.belt.bluetooth import BluetoothLink

    link = BluetoothLink(adapter, RealClock())
    try:
        return await link.scan(seconds)
    finally:
        await link.close(drop=True)


def as_json(found: Sequence[Seen]) -> str:
    """One JSON array."""
    rows = [
        {
            "name": one.name,
            "last_four": last_four(one.address),
            "address": one.address,
            "rssi_dbm": one.rssi,
            "connected": one.connected,
        }
        for one in found
    ]
    return msgspec.json.encode(rows).decode()


def last_four(address: str) -> str:
    """What is on the sticker: ``00:42`` of ``C0:FF:EE:00:00:42``."""
    return address[-5:]


def as_text(found: Sequence[Seen]) -> str:
    """A table for people."""
    if not found:
        return (
            "No FTMS treadmill is in reach. Switch the treadmill on, wait two minutes, and disconnect phones and "
            "watches from it: one that is in use does not show itself.\n"
        )
    rows = [("NAME", "LAST FOUR", "ADDRESS", "SIGNAL")]
    rows += [(one.name or "(no name)", last_four(one.address), one.address, strength(one.rssi)) for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    lines += ["", "Bind by address, after comparing the last four with the treadmill's sticker: names can be alike."]
    return "\n".join(lines) + "\n"
