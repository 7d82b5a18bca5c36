"""Prints what the guest's Python 3.11 needs of the lock files, with its hashes, for ``pip download --no-deps``.

All of requirements.lock, and of requirements-dev.lock bumble with what only bumble needs (uv writes "via" comments,
so the closure can be read off). Markers are judged for the guest, not for the Python that runs this: pip would take
its own.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker

GUEST = {
    "python_version": "3.11",
    "python_full_version": "3.11.2",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}
RADIO = "bumble"
_NAME = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: *; *([^\\]+?))? *\\?$")
_VIA = re.compile(r"^ +# +(?:via +)?([A-Za-z0-9._-]+)")


class Pin(NamedTuple):
    """One locked package."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    via: frozenset[str]


def read_lock(text: str) -> list[Pin]:
    """The pins of a lock file that uv wrote."""
    pins: list[Pin] = []
    for line in text.splitlines():
        if match := _NAME.match(line):
            pins.append(Pin(match[1].lower(), match[2], match[3] or "", (), frozenset()))
        elif not pins:
            continue
        elif "--hash=" in line:
            pin = pins[-1]
            pins[-1] = pin._replace(hashes=(*pin.hashes, line.strip().rstrip(" \\")))
        elif (match := _VIA.match(line)) and match[1] != "via":
            pin = pins[-1]
            pins[-1] = pin._replace(via=pin.via | {match[1].lower()})
    return pins


def closure(pins: list[Pin], root: str) -> set[str]:
    """*root* and everything that is there because of it."""
    names = {root}
    while True:
        more = {pin.name for pin in pins if pin.via & names} - names
        if not more:
            return names
        names |= more


def wanted(run: list[Pin], dev: list[Pin]) -> list[Pin]:
    """What the guest gets."""
    radio = closure(dev, RADIO)
    have = {pin.name for pin in run}
    pins = run + [pin for pin in dev if pin.name in radio and pin.name not in have]
    return [pin for pin in pins if not pin.marker or Marker(pin.marker).evaluate(GUEST)]


def main() -> None:
    project = Path(sys.argv[1])
    run = read_lock((project / "requirements.lock").read_text(encoding="utf-8"))
    dev = read_lock((project / "requirements-dev.lock").read_text(encoding="utf-8"))
    for pin in wanted(run, dev):
        print(" \\\n    ".join((f"{pin.name}=={pin.version}", *pin.hashes)))


if __name__ == "__main__":
    main()
