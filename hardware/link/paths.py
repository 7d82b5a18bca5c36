"""Where the sockets and the lease live, and the lock that keeps a second kiosk off this machine."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Final

MAX_SOCKET_PATH: Final = 107  # sun_path of Linux


class RuntimeDirError(Exception):
    """The runtime directory cannot be used; the text says what to do."""


class RuntimePaths:
    """Names below one runtime directory (see default_runtime_directory)."""

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory
        self.guard_belt: Final = directory / "guard-belt.sock"
        self.guard_kiosk: Final = directory / "guard-kiosk.sock"
        self.stopper: Final = directory / "stopper.sock"
        self.world_pins: Final = directory / "world-pins.sock"
        self.world_link: Final = directory / "world-link.sock"
        self.world_clock: Final = directory / "world-clock.sock"
        self.world_control: Final = directory / "world-control.sock"
        self.lease: Final = directory / "lease"
        self.lock: Final = directory / "lock"


APPLIANCE: Final = Path("/run/retrowalk")
"""Made by the package, for its own users and root (deploy/etc/tmpfiles.conf)."""


def default_runtime_directory(appliance: Path = APPLIANCE) -> Path:
    """``$RETROWALK_RUNTIME``, else *appliance* where we may work in it: there guard and belt are to be found.

    Else ``$XDG_RUNTIME_DIR/retrowalk``, else ``/tmp/retrowalk-UID``.
    """
    named = os.environ.get("RETROWALK_RUNTIME")
    if named:
        return Path(named)
    if os.access(appliance, os.R_OK | os.W_OK | os.X_OK):
        return appliance
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base) / "retrowalk" if base else Path("/tmp") / f"retrowalk-{os.getuid()}"


def open_runtime_directory(directory: Path | None = None) -> RuntimePaths:
    """Make the directory if need be (mode 0750) and check that it is ours. Raises RuntimeDirError."""
    directory = directory or default_runtime_directory()
    paths = RuntimePaths(directory)
    if len(os.fsencode(paths.world_control)) > MAX_SOCKET_PATH:
        raise RuntimeDirError(
            f"The runtime directory {directory} has too long a name for sockets. Choose a shorter one."
        )
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        info = directory.stat()
    except OSError as error:
        raise RuntimeDirError(f"The runtime directory {directory} cannot be made: {error}.") from error
    group_ok = info.st_gid in (os.getgid(), *os.getgroups())
    if not stat.S_ISDIR(info.st_mode) or (info.st_uid != os.getuid() and not group_ok) or info.st_mode & 0o002:
        raise RuntimeDirError(
            f"The runtime directory {directory} belongs to somebody else. Remove it or choose another."
        )
    return paths


def take_lock(paths: RuntimePaths) -> int:
    """Hold the machine's one kiosk lock until this process ends; returns the open descriptor.

    Raises RuntimeDirError naming the process that holds it.
    """
    descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise RuntimeDirError(
            f"Another Retro Walk is already running on this machine (process {holder}). "
            "Stop it first, or wait until it has ended."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
    return descriptor
