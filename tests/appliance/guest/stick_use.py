"""What the staff's page does with a stick, in the kiosk's own view of the machine: finds it, writes, goes on writing.

stick_use.py find | write NAME | until-pulled
"""

from __future__ import annotations

import os
import sys
from typing import cast

from kiosk.assets import assets_directory
from kiosk.content import load_content
from kiosk.staff.desk.errands import RefusalError
from kiosk.staff.desk.places import MOUNTS, _put, sticks
from kiosk.store.store import Store

NO_RECORD = cast("Store", None)  # only an export to the record's own folder asks it anything


def main() -> int:
    """Exit code 0: it went as it should."""
    doing = sys.argv[1]
    found = sticks(MOUNTS.read_text(encoding="utf-8"))
    if not found:
        print("no stick is found")
        return 1
    print("found", *found, flush=True)
    if doing == "write":
        print(_put(NO_RECORD, found[0], sys.argv[2], os.urandom(100_000)))
    if doing == "until-pulled":
        content = os.urandom(1_000_000)
        for number in range(10_000):
            try:
                _put(NO_RECORD, found[0], f"long-{number % 8}.csv", content)
            except RefusalError as error:
                print(load_content(assets_directory()).texts["en"](str(error)), flush=True)
                return 0
            if number == 0:
                print("writing", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
