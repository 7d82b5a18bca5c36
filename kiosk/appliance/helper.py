"""``retrowalk-helper``: the few things that are done as root, or at an upgrade. Started by systemd and dpkg alone.

retrowalk-helper serve                   what the kiosk asked for (retrowalk-ask.service)
retrowalk-helper update-check|update     a signed bundle from a USB stick (retrowalk-update*.service)
retrowalk-helper stick DEVICE             a USB stick is mounted for exports (retrowalk-stick@.service)
retrowalk-helper upgrade-record VERSION  backup and migration (postinst, as the kiosk's user)
retrowalk-helper console hold|free       no other console while the kiosk is on (retrowalk-kiosk.service)
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from kiosk.appliance.ask import Answer, Desk, Verb, take, tell

RUNTIME: Final = Path("/run/retrowalk")
DATA: Final = Path("/var/lib/retrowalk")

COMMANDS: Final = {
    Verb.RESTART: ("systemctl", "--no-block", "restart", "retrowalk.target"),
    Verb.REBOOT: ("systemctl", "--no-block", "reboot"),
    Verb.POWER_OFF: ("systemctl", "--no-block", "poweroff"),
    Verb.UPDATE_CHECK: ("systemctl", "--no-block", "start", "retrowalk-update-check.service"),
    Verb.UPDATE: ("systemctl", "--no-block", "start", "retrowalk-update.service"),
}
"""The whole of what the kiosk can bring about: fixed command lines, nothing of it comes from the kiosk."""

_VT_ACTIVATE: Final = 0x5606  # linux/vt.h
_VT_LOCKSWITCH: Final = 0x560B
_VT_UNLOCKSWITCH: Final = 0x560C
_NEVER_BLANK: Final = (
    b"\033[9;0]\033[14;0]\033[?25l\033[2J"  # console_codes(4): no blanking, no power-down, no cursor
)

MOVING: Final = "The belt is moving. Stop it first, then try again."


def belt_moves(runtime: Path = RUNTIME) -> bool:
    """True while a moving belt is ours, by the guard's lease. Without a lease no guard has run since boot."""
    from hardware.link.lease import Lease

    path = runtime / "lease"
    if not path.exists():
        return False
    lease = Lease(path, writable=False)
    try:
        return lease.active
    finally:
        lease.close()


def serve(desk: Desk, moves: Callable[[], bool], run: Callable[[Sequence[str]], int]) -> list[Answer]:
    """Do what was asked for, once each; what came of it, as told to the kiosk."""
    answers = []
    for verb in take(desk):
        if moves():
            told = Answer(verb, done=True, ok=False, sentence=MOVING)
        elif run(COMMANDS[verb]) == 0:
            told = Answer(verb, done=verb is Verb.RESTART, ok=True, sentence="")
        else:
            told = Answer(
                verb, done=True, ok=False, sentence="The machine refused. Switch it off and on at the plug."
            )
        tell(told, desk)
        answers.append(told)
    return answers


def upgrade_record(data: Path, version: str, *, undo: bool = False) -> int:
    """Back up the record and bring its schema up; on failure it stays as it was. Returns the exit code.

    *undo*: an update was broken off by a power cut and this is the version from before: a record that was migrated
    already gives way to its backup from before, and is kept aside.

    For dpkg's postinst, as the kiosk's user, with the kiosk stopped.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from kiosk.appliance.update import put_record_back, schema_of
    from kiosk.store import backup
    from kiosk.store.database import FILE_NAME, SCHEMA, Access, file_engine, hold_data_directory, migrate
    from kiosk.store.moment import Moment, wall_utc_ms
    from kiosk.store.records import StoreError

    path = data / FILE_NAME
    if not path.exists() or path.stat().st_size == 0:  # empty: the plug was pulled when it had only just been made
        return 0
    label = "before-" + "".join(c if c.isalnum() else "-" for c in version.lower()).strip("-")
    at = Moment(time.monotonic(), wall_utc_ms())
    lock: int | None = None
    try:
        lock = hold_data_directory(data)
        if undo and (schema_of(data) or "") > SCHEMA:
            print(put_record_back(data, SCHEMA))
        made = backup.make(path, data / "backups", at, label=label)
        migrate(file_engine(path, Access.WRITE), at)
    except (StoreError, SQLAlchemyError, OSError) as error:
        print(f"The record could not be brought up to this version; it is as it was. {error}", file=sys.stderr)
        return 1
    finally:
        if lock is not None:
            os.close(lock)
    print(f"The record was backed up first: {made.path}")
    return 0


def console(*, hold: bool, device: Path = Path("/dev/tty1")) -> int:
    """Bring the kiosk's console to the front and let nobody switch away from it (or again). Returns the exit code 0:
    a machine without consoles still shows the kiosk.
    """
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        print(f"There is no console {device} ({error.strerror}).", file=sys.stderr)
        return 0
    try:
        if hold:
            fcntl.ioctl(descriptor, _VT_ACTIVATE, 1)
            fcntl.ioctl(descriptor, _VT_LOCKSWITCH, 0)
            os.write(descriptor, _NEVER_BLANK)
        else:
            fcntl.ioctl(descriptor, _VT_UNLOCKSWITCH, 0)
    except OSError as error:
        print(f"The console {device} cannot be held ({error.strerror}).", file=sys.stderr)
    finally:
        os.close(descriptor)
    return 0


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, check=False).returncode


def _stick(device: str) -> int:
    import pwd

    from kiosk.appliance import stick
    from kiosk.appliance.update import Machine

    try:
        owner = pwd.getpwnam("retrowalk")
    except KeyError:
        print("There is no user retrowalk: install the package anew.", file=sys.stderr)
        return 1
    machine = Machine()
    code, sentence = stick.take(
        device, (owner.pw_uid, owner.pw_gid), stick.System(), lambda command: machine.run(*command)
    )
    print(sentence, file=sys.stderr if code else sys.stdout)
    return code


def main() -> int:
    """Entry point; see the top of this file."""
    match sys.argv[1:]:
        case ["serve"]:
            serve(Desk(), belt_moves, _run)
            return 0
        case ["update-check" | "update" as verb]:
            from kiosk.appliance.update import from_stick

            return from_stick(Verb(verb), Desk(), belt_moves)
        case ["stick", device]:
            return _stick(device)
        case ["console", "hold" | "free" as what]:
            return console(hold=what == "hold")
        case ["upgrade-record", version]:
            return upgrade_record(DATA, version)
        case ["upgrade-record", version, "--undo"]:
            return upgrade_record(DATA, version, undo=True)
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    raise SystemExit(main())
