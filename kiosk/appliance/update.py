"""Installing a checked bundle: as root, with the belt at rest, and back to what was there if the new one fails.

Everything is imported before the package is replaced: afterwards this module's neighbours are those of the new
version.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from kiosk.appliance import bundle
from kiosk.appliance.ask import Answer, Desk, Verb, tell
from kiosk.appliance.bundle import FOLDER, KEY, Package, UpdateError
from kiosk.appliance.stick import MEDIA

UNITS: Final = ("guard", "belt", "stopper", "kiosk")
"""In the order in which they are stopped: the guard's own end brings the belt to rest while the others serve it."""

UNDER_WAY: Final = "under-way"
"""The file that names the package to go back to, while an update is under way."""

HEALTHY_S: Final = 90.0
LOOK_S: Final = 1.0
STICK: Final = Path("/run/retrowalk-stick")
MOVING: Final = "The belt is moving. Updates need it at rest; stop it, then try again."


class System(Protocol):
    """The machine, or a test's stand-in."""

    def run(self, *command: str) -> tuple[int, str]:
        """Exit code and what it printed."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Machine:
    """This machine."""

    def run(self, *command: str) -> tuple[int, str]:
        """Exit code and what it printed."""
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                env=environment,
            )
        except OSError as error:
            return 127, str(error)
        return done.returncode, done.stdout

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are; elsewhere in tests."""

    store: Path = Path("/var/lib/retrowalk-update")
    data: Path = Path("/var/lib/retrowalk")
    config: Path = Path("/etc/retrowalk/retrowalk.toml")
    key: Path = KEY
    root: Path = Path("/")


def _asked(system: System, *command: str) -> str:
    code, text = system.run(*command)
    if code != 0:
        raise UpdateError(f"This machine has no installed Retro Walk package ({text.strip()[:200]}).")
    return text.strip()


def installed_version(system: System) -> str:
    """The version that dpkg knows. Raises UpdateError where there is none."""
    return _asked(system, "dpkg-query", "-W", "-f=${Version}", "retrowalk")


def half_installed(system: System) -> bool:
    """True where dpkg was broken off in the middle: the version it names does not count as installed."""
    return system.run("dpkg-query", "-W", "-f=${db:Status-Abbrev}", "retrowalk")[1].strip() not in ("ii", "hi")


def look(folder: Path, places: Places, system: System) -> tuple[str, Package, Path]:
    """Check the bundle in *folder*: version, package, and its file. Raises UpdateError with a sentence."""
    manifest = bundle.check_signature(folder, places.key)
    architecture = _asked(system, "dpkg", "--print-architecture")
    installed = "0" if half_installed(system) else installed_version(system)
    package = bundle.choose(manifest, installed, architecture)
    return manifest.version, package, bundle.check_package(folder, package)


def repack(system: System, places: Places) -> Path:
    """The installed package as a .deb to go back to; made from its files where none is kept. Raises UpdateError."""
    version = installed_version(system)
    kept = places.store / f"retrowalk_{version}.deb"
    if kept.is_file():
        return kept
    places.store.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=places.store) as work:
        tree = Path(work) / "tree"
        for line in _asked(system, "dpkg-query", "-L", "retrowalk").splitlines():
            source, target = places.root / line.lstrip("/"), tree / line.lstrip("/")
            if source.is_dir() and not source.is_symlink():
                target.mkdir(parents=True, exist_ok=True)
            elif source.is_symlink() or source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
        control = tree / "DEBIAN"
        control.mkdir(parents=True)
        status = _asked(system, "dpkg-query", "-s", "retrowalk").splitlines()
        fields = [line for line in status if not line.startswith(("Status:", "Config-Version:", "Conffiles:"))]
        (control / "control").write_text("\n".join(fields) + "\n", "utf-8")
        for name in ("preinst", "postinst", "prerm", "postrm"):
            script = places.root / f"var/lib/dpkg/info/retrowalk.{name}"
            if script.is_file():
                shutil.copy2(script, control / name)
        control.chmod(0o755)
        part = places.store / f".{kept.name}.part"
        code, text = system.run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(tree), str(part))
        if code != 0:
            raise UpdateError(f"The installed version cannot be kept to go back to: {text.strip()[-300:]}")
    part.replace(kept)
    return kept


def schema_of(data: Path) -> str | None:
    """The record's schema; None without a record, or without one that can be read."""
    path = data / "retrowalk.db"
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0])


def put_record_back(data: Path, schema: str | None) -> str:
    """After a failed update: the backup made before it, if the record was migrated since. Returns what was done."""
    if schema is None or schema_of(data) == schema:
        return "The record is as it was."
    for candidate in sorted((data / "backups").glob("retrowalk-*-before-*.db"), reverse=True):
        with closing(sqlite3.connect(f"{candidate.absolute().as_uri()}?immutable=1", uri=True)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if row is None or str(row[0]) != schema:
            continue
        path = data / "retrowalk.db"
        owner = path.stat()
        for suffix in ("-wal", "-shm", ""):
            old = path.with_name(path.name + suffix)
            if old.exists():
                old.rename(path.with_name(f"{path.name}.failed-update{suffix}"))
        part = path.with_name(".update-undone.part")
        shutil.copyfile(candidate, part)
        if os.geteuid() == 0:
            os.chown(part, owner.st_uid, owner.st_gid)
        part.chmod(0o640)
        part.replace(path)
        return f"The record was put back from {candidate.name}."
    return "The record was changed and no backup from before fits: restore one with retrowalk restore."


def apply(folder: Path, places: Places, system: System, moves: Callable[[], bool]) -> str:
    """Install the bundle in *folder*. Returns a sentence. Raises UpdateError with one; then all is as it was."""
    version, _, package = look(folder, places, system)
    if moves():
        raise UpdateError(MOVING)
    before = installed_version(system)
    schema = schema_of(places.data)
    back = repack(system, places)
    if moves():
        raise UpdateError(MOVING)
    # A power cut from here on: retrowalk-update-undo.service finds this at the next boot and puts the old one back.
    under_way = places.store / UNDER_WAY
    under_way.write_text(f"{back}\n", "utf-8")
    _sync(under_way)
    code, text = system.run("dpkg", "--install", str(package))
    why = f"it could not be installed: {_last(text)}" if code != 0 else _unhealthy(places, system)
    if not why:
        under_way.unlink()
        kept = places.store / f"retrowalk_{version}.deb"
        part = places.store / f".{kept.name}.part"
        try:
            shutil.copyfile(package, part)
            part.replace(kept)
        except OSError:  # a full card: it is installed all the same, and is made from its files where it is needed
            part.unlink(missing_ok=True)
        for old in places.store.glob("retrowalk_*.deb"):
            if old not in (kept, back):
                old.unlink()
        return f"Version {version} is installed. It was {before}."
    _stop(system)
    record = put_record_back(places.data, schema)
    code, text = system.run("dpkg", "--install", "--force-downgrade", str(back))
    if code != 0:
        raise UpdateError(
            f"Version {version} failed ({why}), and {before} could not be put back: {_last(text)}. "
            f"Call the technician: sudo dpkg --install {back}. {record}"
        )
    under_way.unlink()
    raise UpdateError(f"Version {version} was taken back, {before} runs again: {why}. {record}")


def _sync(path: Path) -> None:
    for name in (path, path.parent):
        descriptor = os.open(name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("The record")] or lines[-1:]
    return told[0][:300] if told else "no reason given"


def _stop(system: System) -> None:
    for unit in UNITS:
        system.run("systemctl", "stop", f"retrowalk-{unit}.service")


def _unhealthy(places: Places, system: System) -> str:
    """Why the new version does not work; empty if it does, or where nothing is configured to run yet."""
    if not places.config.exists() or system.run("systemctl", "is-system-running")[1].strip() in ("offline", ""):
        return ""
    left = HEALTHY_S
    while True:
        down = [
            unit for unit in UNITS if system.run("systemctl", "is-active", "--quiet", f"retrowalk-{unit}.service")[0]
        ]
        if not down:
            return ""
        if left <= 0:
            return f"it does not start ({', '.join(down)})"
        system.sleep(LOOK_S)
        left -= LOOK_S


# ---------------------------------------------------------------------------------------------------- from a stick


def partitions(by_id: Path = Path("/dev/disk/by-id")) -> list[Path]:
    """USB disks and their partitions."""
    if not by_id.is_dir():
        return []
    return sorted(by_id.glob("usb-*"), key=lambda path: ("-part" not in path.name, path.name))


def stick(system: System, devices: Sequence[Path], at: Path = STICK) -> Path:
    """Mount the first stick that holds an update, read-only; its folder. Raises UpdateError with a sentence.

    The unit has mounts of its own: what is mounted here is gone with the process.
    """
    at.mkdir(mode=0o700, parents=True, exist_ok=True)
    seen = 0
    for device in devices:
        options = "ro,nosuid,nodev,noexec"
        if system.run("mount", "-t", "vfat,exfat,ext4", "-o", options, str(device), str(at))[0] != 0:
            # A stick that is mounted for exports cannot be mounted read-only once more; that mount can be shown so.
            source = str(device.resolve())
            code, place = system.run("findmnt", "--noheadings", "--first-only", "--output=TARGET", source)
            if code != 0 or not place.startswith(f"{MEDIA}/"):
                continue
            if system.run("mount", "--bind", "-o", options, place.rstrip("\n"), str(at))[0] != 0:
                continue
        seen += 1
        if (at / FOLDER).is_dir():
            return at / FOLDER
        system.run("umount", str(at))
    if seen:
        raise UpdateError(f'The USB stick holds no folder "{FOLDER}". Copy the whole folder onto it.')
    raise UpdateError("No USB stick was found that can be read (FAT, exFAT or ext4). Put it in and try again.")


def from_stick(verb: Verb, desk: Desk, moves: Callable[[], bool]) -> int:
    """What the two update units run; the answer is told to the kiosk. Returns the exit code."""
    machine, places = Machine(), Places()
    try:
        tell(Answer(verb, done=False, ok=True, sentence="Looking at the USB stick."), desk)
        staged = bundle.fetch(stick(machine, partitions()), places.store / "staging")
        if verb is Verb.UPDATE:
            sentence = apply(staged, places, machine, moves)
        else:
            sentence = f"Version {look(staged, places, machine)[0]} is on the stick and can be installed."
        told = Answer(verb, done=True, ok=True, sentence=sentence)
    except UpdateError as error:
        told = Answer(verb, done=True, ok=False, sentence=str(error))
    except OSError as error:
        told = Answer(verb, done=True, ok=False, sentence=bundle.no_room(error))
    tell(told, desk)
    print(told.sentence, file=sys.stdout if told.ok else sys.stderr)
    return 0 if told.ok else 1
