"""What every bench shares: its two options, percentiles, and a table or one JSON object as the last line."""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
from collections.abc import Callable, Sequence


def percentile(values: Sequence[float], q: float) -> float:
    """The nearest-rank percentile (0 < q <= 100): a value that was really measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q / 100 * len(ordered)) - 1)]


def summary(values_s: Sequence[float]) -> dict[str, float]:
    """p50, p99 and max in milliseconds, and how many."""
    return {
        "p50_ms": round(percentile(values_s, 50) * 1000, 3),
        "p99_ms": round(percentile(values_s, 99) * 1000, 3),
        "max_ms": round(max(values_s) * 1000, 3),
        "trips": len(values_s),
    }


def main(title: str, run: Callable[[argparse.Namespace], dict], show: Callable[[dict], None], **more: dict) -> int:
    """Parse --quick and --json (and *more* options), run, print."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for CI")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    for name, options in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", **options)
    options = parser.parse_args()
    result = run(options)
    result["machine"] = (
        f"{platform.machine()}, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )
    if options.json:
        print(json.dumps(result))
    else:
        print(title)
        show(result)
        print(f"({result['machine']})")
    sys.stdout.flush()
    return 0


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Plain aligned columns."""
    cells = [[str(c) for c in header], *[[str(c) for c in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for n, row in enumerate(cells):
        print(
            "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        )
        if n == 0:
            print("  ".join("-" * w for w in widths))
