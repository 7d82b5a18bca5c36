"""The locked requirements as the appliance needs them: for its Python, without what Debian itself brings.

pip evaluates environment markers for the Python that runs it, not for the one it installs for; so they are evaluated
here. Prints requirement blocks with their hashes.

    python deploy/appliance_requirements.py requirements.lock 3.13 aarch64 [NAME]

With a NAME, that requirement alone, whoever brings it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

try:
    from packaging.requirements import Requirement
except ModuleNotFoundError:  # a fresh clone has pip alone, which brings it
    from pip._vendor.packaging.requirements import Requirement

FROM_DEBIAN = {"pygame", "lgpio"}  # python3-pygame has KMSDRM; lgpio is packaged by itself (deploy/build_deb.sh)


def blocks(text: str) -> list[str]:
    """One requirement with its hashes per item."""
    return [block for block in re.split(r"\n(?=[a-z0-9])", text.strip()) if block]


def wanted(block: str, version: str, machine: str, only: str | None = None) -> str | None:
    """The block without its marker if the appliance needs it (or it is *only*), else None."""
    head, _, tail = block.partition(" \\\n")
    requirement = Requirement(head)
    environment = {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    if requirement.name != only and (only or requirement.name in FROM_DEBIAN):
        return None
    if requirement.marker and not requirement.marker.evaluate(environment):
        return None
    hashes = "\n".join(line for line in tail.splitlines() if "--hash" in line)
    return f"{requirement.name}{requirement.specifier} \\\n{hashes}"


def main() -> int:
    """Command line: LOCK VERSION MACHINE [NAME]."""
    lock, version, machine = sys.argv[1:4]
    only = sys.argv[4] if len(sys.argv) > 4 else None
    found = [wanted(block, version, machine, only) for block in blocks(Path(lock).read_text(encoding="utf-8"))]
    print("\n".join(block for block in found if block))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
