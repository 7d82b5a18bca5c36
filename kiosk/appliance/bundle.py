"""An update as it comes on a USB stick: a folder with a manifest, its signature, and the packages the manifest names.

    retrowalk-update/
      manifest.json        what this is: version, and of each package its machine, size and SHA-256
      manifest.json.sig    Ed25519 over the bytes of the manifest, made by deploy/sign_update.py
      retrowalk_0.2.0_arm64.deb ...

Nothing of a bundle is believed, and no package is opened, before the signature over the manifest holds. The signature
is checked by Debian's own ``openssl``: it is patched by Debian without us, and adds no library to the package.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

FOLDER: Final = "retrowalk-update"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.json.sig"
KEY: Final = Path("/etc/retrowalk/update.pub")
MAX_MANIFEST: Final = 64 * 1024
MAX_SIGNATURE: Final = 1024
MAX_KEY: Final = 16 * 1024
MAX_PACKAGE: Final = 300 * 1024 * 1024
_VERSION: Final = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")


class UpdateError(Exception):
    """The update cannot be used; the text is a sentence for whoever holds the stick."""


def no_room(error: OSError) -> str:
    """A sentence for a disk that did not take what an update writes."""
    return f"The update could not be written to this machine ({error.strerror}). Look with: sudo retrowalk doctor"


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One package of the bundle."""

    file: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}\.deb$")]
    architecture: str
    size: Annotated[int, Meta(gt=0, le=MAX_PACKAGE)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the signature is over."""

    product: str
    version: str
    packages: list[Package]


def version_of(text: str) -> tuple[int, ...]:
    """A version as figures that compare. Raises UpdateError."""
    if not _VERSION.fullmatch(text):
        raise UpdateError(f'"{text}" is no version of Retro Walk. Fetch the update again.')
    figures = [int(part) for part in text.split(".")]
    while figures and figures[-1] == 0:
        figures.pop()
    return tuple(figures)


def _bytes_of(path: Path, most: int, missing: str) -> bytes:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise UpdateError(missing) from error
    if len(content) > most:
        raise UpdateError(f"{path.name} is far too big to be what it says. Fetch the update again.")
    return content


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpdateError("The program openssl is missing. Install it with: sudo apt install openssl") from error


def check_key(key: Path) -> None:
    """That *key* is an Ed25519 public key, and holds no private one. Raises UpdateError with a sentence."""
    if not key.is_file():
        raise UpdateError(
            f"This kiosk has no key to check updates with ({key}). Put it there: sudo retrowalk update trust FILE"
        )
    # openssl takes a private key for its public half: whoever reads it on a kiosk could sign updates for all of them.
    if b"PRIVATE" in _bytes_of(key, MAX_KEY, f"The key {key} cannot be read: put sudo before the command."):
        raise UpdateError(
            f"{key} is the private key: it never leaves the desk where updates are signed. Take it off this machine "
            "and give the file beside it that ends in .pub."
        )
    shown = _openssl("pkey", "-pubin", "-in", str(key), "-noout", "-text")
    if shown.returncode != 0 or "ED25519" not in shown.stdout.upper():
        raise UpdateError(f"{key} is not an Ed25519 public key (PEM). Ask whoever signs the updates for it.")


def _none_in(folder: Path) -> str:
    return f'There is no update in {folder}: {MANIFEST} is missing. Copy the whole folder "{FOLDER}".'


def check_folder(folder: Path) -> None:
    """That *folder* holds a manifest: said of the place that was named, not of our copy. Raises UpdateError."""
    if not (folder / MANIFEST).is_file():
        raise UpdateError(_none_in(folder))


def check_signature(folder: Path, key: Path) -> Manifest:
    """The manifest in *folder*, once its signature holds. Raises UpdateError with a sentence."""
    check_key(key)
    content = _bytes_of(folder / MANIFEST, MAX_MANIFEST, _none_in(folder))
    signature = _bytes_of(
        folder / SIGNATURE, MAX_SIGNATURE, f"The update in {folder} is not signed. Nothing was installed."
    )
    if not signature:
        raise UpdateError(f"The update in {folder} is not signed. Nothing was installed.")
    held = _openssl(
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        str(key),
        "-rawin",
        "-in",
        str(folder / MANIFEST),
        "-sigfile",
        str(folder / SIGNATURE),
    )
    if held.returncode != 0:
        raise UpdateError(
            "The update's signature does not fit: it was changed, or is signed by somebody this kiosk does not "
            "trust. Nothing was installed."
        )
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UpdateError(f"The update's manifest cannot be read ({error}). Fetch the update again.") from error
    if manifest.product != "retrowalk":
        raise UpdateError("This is an update of something else, not of Retro Walk.")
    return manifest


def choose(manifest: Manifest, installed: str, architecture: str) -> Package:
    """The package for this machine. Raises UpdateError: for another machine, not newer than what is installed."""
    new, old = version_of(manifest.version), version_of(installed)
    if new == old:
        raise UpdateError(f"Version {installed} is installed already. Nothing was changed.")
    if new < old:
        raise UpdateError(
            f"The stick holds version {manifest.version}, which is older than the installed {installed}. "
            "An older version cannot read a newer record; nothing was changed."
        )
    for package in manifest.packages:
        if package.architecture == architecture:
            return package
    machines = ", ".join(sorted(package.architecture for package in manifest.packages)) or "no machine at all"
    raise UpdateError(f"The update is for {machines}; this machine is {architecture}. Nothing was installed.")


def check_package(folder: Path, package: Package) -> Path:
    """The package's file, once its size and SHA-256 are those of the manifest. Raises UpdateError."""
    path = folder / package.file
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as file:
            while block := file.read(1 << 20):
                size += len(block)
                if size > package.size:
                    break
                digest.update(block)
    except OSError as error:
        raise UpdateError(
            f"The update is not whole: {package.file} is missing. Copy the whole folder again."
        ) from error
    if size < package.size:
        raise UpdateError(f"The update is not whole: {package.file} is cut short. Copy it to the stick again.")
    if size > package.size or digest.hexdigest() != package.sha256:
        raise UpdateError(f"{package.file} is not the file that was signed. Nothing was installed.")
    return path


def fetch(folder: Path, staging: Path) -> Path:
    """Copy what a bundle may hold into *staging*, which only root can write: a stick can change while it is read.

    Raises UpdateError.
    """
    staging.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in staging.iterdir():
        old.unlink()
    names = [MANIFEST, SIGNATURE]
    if folder.is_dir():
        names += sorted(path.name for path in folder.glob("*.deb"))[:8]
    for name in names:
        try:
            source = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue  # what is missing is said where it is needed
        copied = 0
        try:
            with os.fdopen(source, "rb") as reader, (staging / name).open("wb") as writer:
                while (block := reader.read(1 << 20)) and copied <= MAX_PACKAGE:
                    copied += writer.write(block)
        except OSError as error:
            raise UpdateError(f"The update could not be copied from the stick: {error.strerror}.") from error
    return staging
