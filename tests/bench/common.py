"""What every bench shares: its two options, percentiles, and a table or one JSON object as the last line."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[2]


def percentile(values: Sequence[float], q: float) -> float:
    """The nearest-rank percentile (0 < q <= 100): a value that was really measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q / 100 * len(ordered)) - 1)]


def summary(values_s: Sequence[float]) -> dict[str, float | None]:
    """p50, p99 and max in milliseconds, and how many."""
    if not values_s:
        return {"p50_ms": None, "p99_ms": None, "max_ms": None, "trips": 0}
    return {
        "p50_ms": round(percentile(values_s, 50) * 1000, 3),
        "p99_ms": round(percentile(values_s, 99) * 1000, 3),
        "max_ms": round(max(values_s) * 1000, 3),
        "trips": len(values_s),
    }


def most_percent(n: int, missed: int = 0) -> float:
    """With *missed* of *n* over a limit: at most so many per cent of all are (95 %, Clopper-Pearson, one-sided)."""
    if missed >= n:
        return 100.0
    low, high = missed / n, 1.0
    for _ in range(60):
        p = (low + high) / 2
        tail = sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(missed + 1))
        low, high = (p, high) if tail > 0.05 else (low, p)
    return 100 * high


def claim(n: int, missed: int, what: str) -> str:
    """What *n* rounds can claim, in a sentence."""
    seen = "None" if missed == 0 else str(missed)
    return f"{seen} of {n} {what}: so of all, at most {most_percent(n, missed):.2g} % (95 %)."


def cache_directory() -> Path:
    """Where benches keep environments and what a long run has reached."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "retrowalk" / "bench"
    base.mkdir(parents=True, exist_ok=True)
    return base


def code_key(paths: Iterable[str] = ("hardware", "tests/bench", "tests/support")) -> str:
    """Changes with the code: what was measured with another is not added to."""
    digest = hashlib.sha256()
    for top in paths:
        for path in sorted((REPO / top).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Saved:
    """What a full run has reached, so that it can be stopped and taken up again."""

    def __init__(self, name: str, *, fresh: bool = False) -> None:
        self.path = cache_directory() / f"{name}.json"
        self._key = code_key()
        self.data: dict[str, Any] = {}
        if fresh or not self.path.exists():
            return
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(kept, dict) and kept.get("key") == self._key:
            self.data = kept["data"]

    def save(self) -> None:
        """Keep what ``data`` holds now."""
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"key": self._key, "data": self.data}), encoding="utf-8")
        new.replace(self.path)


def main(title: str, run: Callable[[argparse.Namespace], dict], show: Callable[[dict], None], **more: dict) -> int:
    """Parse --quick and --json (and *more* options), run, print. 1 where the result names ``failures``
    or has ``held`` False, else 0."""
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
    failures = list(result.get("failures", []))
    if result.get("held") is False and not failures:
        failures = [f"{title}: what it promises did not hold, see above."]
    for sentence in failures:
        print(sentence, file=sys.stderr)
    sys.stdout.flush()
    return int(bool(failures))


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
