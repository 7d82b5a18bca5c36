"""In the guest, after a power cut: what is missing of what was said? ``power_guest DATA LINES`` prints JSON.

LINES are what tests.support.store_victim had printed before the power went.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from tests.support.kills import look, said_of


def main() -> int:
    data, lines = Path(sys.argv[1]), Path(sys.argv[2]).read_text().splitlines(keepends=True)
    # The last line may be torn: only what ends in a newline was said for certain.
    said = said_of(line for line in lines if line.endswith("\n"))
    said.killed_at = max((at for times in said.samples.values() for _, at in times), default=0.0)
    if not (data / "retrowalk.db").exists():
        print(json.dumps({"missing": True, "said": len(said.opened)}))
        return 0
    print(json.dumps({**dataclasses.asdict(look(data, said)), "said": sum(map(len, said.samples.values()))}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
