"""Mounts a USB stick for exports: what ``retrowalk-stick@.service`` runs when udev finds a file system on USB.

It asks systemd for a mount of its own, which ends with the device; nothing here mounts anything itself. The disk that
the machine runs from may hang on USB as well: a disk of which anything is in use is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MEDIA: Final = Path("/run/media/retrowalk")

OPTIONS: Final = "nosuid,nodev,noexec,nosymfollow,sync,x-systemd.device-bound=yes"
"""Nothing on a stick is run or followed; what is written is on it when the write returns (mount(8))."""

_DEVICE: Final = re.compile(r"[a-z][a-z0-9]{0,15}")
_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class System:
    """Where the kernel tells of disks and mounts; elsewhere in tests."""

    block: Path = Path("/sys/class/block")
    mounts: Path = Path("/proc/self/mountinfo")
    swaps: Path = Path("/proc/swaps")
    media: Path = field(default=MEDIA)


def options(kind: str, uid: int, gid: int) -> str:
    """Mount options for a file system of *kind*; '' for one that is not taken."""
    match kind:
        case "vfat" | "exfat":
            return f"{OPTIONS},uid={uid},gid={gid},fmask=0177,dmask=0077"
        case "ext4":  # it keeps owners: its top folder becomes the kiosk's (mount(8), X-mount.owner)
            return f"{OPTIONS},X-mount.owner={uid},X-mount.group={gid}"
        case _:
            return ""


def _family(device: str, block: Path) -> list[Path]:
    """The whole disk that *device* is of, and its partitions."""
    here = (block / device).resolve()
    disk = here.parent if (here / "partition").exists() else here
    return [disk, *(part.parent for part in disk.glob("*/partition"))]


def in_use(device: str, system: System) -> bool:
    """True where the disk of *device*, or any part of it, is mounted, is swapped to, or carries another device.

    Raises OSError.
    """
    mounted = {line.split(" ")[2] for line in system.mounts.read_text(encoding="utf-8").splitlines()}
    swapped = {line.split()[0] for line in system.swaps.read_text(encoding="utf-8").splitlines()[1:] if line}
    for one in _family(device, system.block):
        holders = one / "holders"
        if (
            (one / "dev").read_text(encoding="utf-8").strip() in mounted
            or f"/dev/{one.name}" in swapped
            or (holders.is_dir() and any(holders.iterdir()))
        ):
            return True
    return False


def name(device: str, label: str, media: Path) -> str:
    """What the folder of the stick is called, and so what staff read: its label, where that is a plain word."""
    plain = label if _LABEL.fullmatch(label) else device
    return f"{plain}-{device}" if (media / plain).is_mount() else plain


def command(device: str, told: Mapping[str, str], uid: int, gid: int, system: System) -> tuple[str, ...]:
    """The command line that mounts *device*; empty where it is left alone. *told*: what udev knows of it.

    Raises OSError where the device has gone.
    """
    wanted = options(told.get("ID_FS_TYPE", ""), uid, gid)
    if not _DEVICE.fullmatch(device) or told.get("ID_BUS") != "usb" or not wanted or in_use(device, system):
        return ()
    place = system.media / name(device, told.get("ID_FS_LABEL", ""), system.media)
    return (
        "systemd-mount",
        "--collect",
        "--no-ask-password",
        f"--type={told['ID_FS_TYPE']}",
        f"--options={wanted}",
        "--property=LazyUnmount=yes",  # a stick that was pulled lets go although a file was open
        "--property=ForceUnmount=yes",
        f"/dev/{device}",
        str(place),
    )


def properties(text: str) -> dict[str, str]:
    """What ``udevadm info --query=property`` prints."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def take(
    device: str, owner: tuple[int, int], system: System, run: Callable[[Sequence[str]], tuple[int, str]]
) -> tuple[int, str]:
    """Mount *device* for *owner* (uid, gid), if it is a stick. The exit code, and a sentence for the journal."""
    if not _DEVICE.fullmatch(device):
        return 2, f'"{device}" is no disk.'
    told = properties(run(("udevadm", "info", "--query=property", f"--path={system.block / device}"))[1])
    try:
        found = command(device, told, *owner, system)
    except OSError as error:
        return 0, f"{device} has gone again ({error.strerror})."
    if not found:
        return 0, f"{device} is left alone: it is no USB stick, or its disk is in use."
    code, text = run(found)
    if code != 0:
        return 1, f"{device} could not be mounted: {text.strip()[-300:]}"
    return 0, f"{device} is at {found[-1]}."
