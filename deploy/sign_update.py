"""Make the folder that goes on the USB stick: packages, manifest, signature (see kiosk/appliance/bundle.py).

    python deploy/sign_update.py --new-key update-key.pem          once; keep it off the kiosks and off the network
    python deploy/sign_update.py --key update-key.pem --out STICK dist/retrowalk_0.2.0_*.deb

The first writes ``update-key.pub`` too: what ``sudo retrowalk update trust update-key.pub`` takes on each kiosk.
Needs openssl and dpkg-deb.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = "retrowalk-update"


def new_key(path: Path) -> None:
    """A fresh Ed25519 key pair: *path* and, beside it, the public half."""
    if path.exists():
        raise SystemExit(f"{path} is there already; a key is not overwritten.")
    os.umask(0o077)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(path)], check=True)
    public = path.with_suffix(".pub")
    subprocess.run(["openssl", "pkey", "-in", str(path), "-pubout", "-out", str(public)], check=True)
    public.chmod(0o644)
    print(f"{path}: keep it secret.\n{public}: give it to the kiosks.")


def field(package: Path, name: str) -> str:
    """A field of the package's control file."""
    done = subprocess.run(["dpkg-deb", "--field", str(package), name], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{package} is no package of ours: make it with make deb. ({done.stderr.strip()})")
    return done.stdout.strip()


def make(packages: list[Path], key: Path, out: Path) -> Path:
    """Write the bundle below *out*; returns its folder."""
    if not key.is_file():
        raise SystemExit(f"There is no key {key}. Make one, once: python deploy/sign_update.py --new-key {key}")
    versions = {field(package, "Version") for package in packages}
    if len(versions) != 1:
        raise SystemExit(f"The packages are of different versions: {', '.join(sorted(versions))}.")
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    listed = []
    for package in packages:
        content = package.read_bytes()
        shutil.copyfile(package, folder / package.name)
        listed.append(
            {
                "file": package.name,
                "architecture": field(package, "Architecture"),
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    manifest = {"product": "retrowalk", "version": versions.pop(), "packages": listed}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    asked = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(key), "-in", str(folder / "manifest.json")]
    if subprocess.run([*asked, "-out", str(folder / "manifest.json.sig")], check=False).returncode != 0:
        raise SystemExit(f"{key} could not sign. It must be the private key that --new-key made.")
    return folder


def main() -> int:
    """Command line: see the top of this file."""
    parser = argparse.ArgumentParser(description="Make and sign the folder that goes on the USB stick.")
    parser.add_argument("--new-key", type=Path, metavar="FILE", help="make a key pair and leave")
    parser.add_argument("--key", type=Path, help="the private key")
    parser.add_argument("--out", type=Path, help="where the folder goes: the stick")
    parser.add_argument("packages", type=Path, nargs="*", metavar="DEB")
    options = parser.parse_args()
    if options.new_key:
        new_key(options.new_key)
        return 0
    if not (options.key and options.out and options.packages):
        parser.error("give --key, --out and the packages")
    print(make(options.packages, options.key, options.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
