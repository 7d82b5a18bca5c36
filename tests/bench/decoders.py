"""Our FTMS codec beside public decoders, over the project's vectors and some packets more.

    python -m tests.bench.decoders [--quick] [--json]

Each peer runs in an environment of its own below the user's cache (pyftms needs Python 3.12 or 3.13: PATH is
searched, then pyenv's versions; RETROWALK_PY312 names one). What cannot be had is said, and the rest is run.

Right is what the vector expects; its values were made from the specification's tables by a decoder that is none of
these. Where a peer differs, the verdict is one of
  ours      the specification says so, and the packet keeps to it; or the peer reports a value that is not on the wire
  peer      the peer has the expected value and we have not (then this bench fails)
  outside   the packet itself breaks the specification (cut, bytes over): the peer gives it up, we keep what is sound
  open      the specification leaves it open (two definitions of pace)
Fields that a peer does not offer at all (names of operations, our own marks of defects) are not held against it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardware.belt.ftms.decode_command import decode_report
from tests.bench import common

REPO = Path(__file__).parents[2]
VECTORS = REPO / "tests" / "data" / "ftms_vectors.json"
PEER_PROGRAM = Path(__file__).with_name("decoder_peer.py")
# Peer -> what pip is to install, least and first-too-new Python. msgspec is for our codec under the same Python.
PEERS = {
    "pyftms": (["pyftms==0.4.15", "msgspec>=0.20,<1"], (3, 12), (3, 14)),
    "bluetooth-sig": (["bluetooth-sig==0.6.0", "msgspec>=0.20,<1"], (3, 11), (3, 14)),
}
# The stop_path bench's app draws our walk screen as well, and imports what that imports; it is no decoder.
DRAWING = ["msgspec>=0.20,<1", "pygame>=2.6,<3", "sqlalchemy>=2,<3", "argon2-cffi>=25,<26"]
APPS = {"pyftms-app": (["pyftms==0.4.15", *DRAWING], (3, 12), (3, 14))}
# Kind -> fields that each peer has a place for; all of Treadmill Data is compared but our own marks.
MARKS = {"flags", "more_data", "truncated", "trailing_hex", "malformed", "name", "result_name", "direction"}
NOT_OFFERED = {
    ("pyftms", "2acc"): {"features", "targets"},
    ("pyftms", "2ad3"): {"string"},
    ("bluetooth-sig", "2acc"): {"features", "targets"},
    ("bluetooth-sig", "2acd"): {"vendor_bit13_u24", "vendor_bit13_u16"},
    ("bluetooth-sig", "2ad9 write"): {"speed_kmh", "incline_pct", "control_information", "resistance_level"},
    ("bluetooth-sig", "2ada"): {"speed_kmh", "incline_pct", "control_information", "resistance_level"},
    ("pyftms", "2ad9 indication"): {"target_speed_low_kmh", "target_speed_high_kmh"},
    ("bluetooth-sig", "2ad9 indication"): {"target_speed_low_kmh", "target_speed_high_kmh"},
}
# Packets that no vector covers, with what the tables of FTMS 1.0 and 1.0.1 make of them.
FURTHER: list[dict[str, Any]] = [
    {"characteristic": "2ada", "hex": "ff", "expect": {"op": 255, "name": "control_permission_lost"}},
    {
        "characteristic": "2ada",
        "hex": "07ceff",
        "expect": {"op": 7, "name": "target_resistance_level_changed", "resistance_level": -5.0},
    },
    {
        "characteristic": "2ad9",
        "hex": "0469",
        "expect": {
            "direction": "write", "op": 4, "name": "set_target_resistance_level", "resistance_level": 10.5,
        },
    },
    {
        "characteristic": "2ad9",
        "hex": "801301e803b80b",
        "expect": {
            "direction": "indication", "request_op": 19, "result": 1, "result_name": "success",
            "target_speed_low_kmh": 10.0, "target_speed_high_kmh": 30.0,
        },
    },
    {
        "characteristic": "2ad3",
        "hex": "010d4d6178",
        "expect": {"flags": 1, "status": 13, "name": "manual_mode", "string": "Max"},
    },
    {
        "characteristic": "2acd",
        "hex": "10006400ab00ab00",
        "expect": {
            "flags": 16, "more_data": False, "speed_kmh": 1.0, "elevation_gain_pos_m": 17.1,
            "elevation_gain_neg_m": 17.1,
        },
    },
    {
        "characteristic": "2acd",
        "hex": "600164000b0c78",
        "expect": {
            "flags": 352, "more_data": False, "speed_kmh": 1.0, "pace_km_per_min": 1.1,
            "average_pace_km_per_min": 1.2, "heart_rate_bpm": 120,
        },
    },
    {
        "characteristic": "2acd",
        "hex": "6001640068012c0178",
        "expect": {
            "flags": 352, "more_data": False, "speed_kmh": 1.0, "pace_s_per_500m": 360,
            "average_pace_s_per_500m": 300, "heart_rate_bpm": 120,
        },
    },
]  # fmt: skip


def kind_of(vector: dict[str, Any]) -> str:
    """Characteristic, and for the control point the way."""
    way = vector["expect"].get("direction")
    return f"{vector['characteristic']} {way}" if way else vector["characteristic"]


def all_packets() -> list[dict[str, Any]]:
    """The vectors and FURTHER."""
    return [*json.loads(VECTORS.read_text(encoding="utf-8")), *FURTHER]


def ours(vector: dict[str, Any]) -> dict[str, Any]:
    """What ``retrowalk decode --json`` says."""
    report = decode_report(vector["characteristic"], vector["hex"], as_json_object=True)
    return json.loads(report.out)


# ------------------------------------------------------------------------------------------------- the peers' homes


def _candidates(least: tuple[int, int]) -> Iterator[str]:
    named = os.environ.get("RETROWALK_PY312")
    if named and least >= (3, 12):
        yield named
        return
    yield sys.executable
    for name in ("python3.13", "python3.12"):
        if found := shutil.which(name):
            yield found
    versions = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
    for pattern in ("3.13*", "3.12*"):
        yield from (str(home / "bin" / "python3") for home in sorted(versions.glob(pattern), reverse=True))


def find_python(least: tuple[int, int], too_new: tuple[int, int]) -> tuple[str, str] | None:
    """A Python within the bounds that can make environments, and its version; None where there is none."""
    probe = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    for python in _candidates(least):
        try:
            done = subprocess.run([python, "-c", probe], capture_output=True, text=True, timeout=30, check=False)
        except OSError:
            continue
        version = done.stdout.strip()
        if done.returncode == 0 and least <= tuple(map(int, version.split("."))) < too_new:
            return python, version
    return None


def environment(peer: str) -> tuple[Path | None, str]:
    """The peer's own Python, made once below the cache, and what to say of it."""
    wanted, least, too_new = {**PEERS, **APPS}[peer]
    found = find_python(least, too_new)
    if found is None:
        named = os.environ.get("RETROWALK_PY312")
        hint = f"RETROWALK_PY312={named} is none" if named else "set RETROWALK_PY312 to one"
        return None, f"{peer} needs Python {least[0]}.{least[1]} to {too_new[0]}.{too_new[1] - 1}: {hint}"
    python, version = found
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "retrowalk" / "bench"
    kind = "-app" if peer in APPS else ""
    home = cache / f"{wanted[0].replace('==', '-')}{kind}-py{version}"
    ready, holds = home / ".ready", "\n".join(wanted)
    if not ready.exists() or ready.read_text(encoding="utf-8") != holds:
        shutil.rmtree(home, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        pip = [
            str(home / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *wanted,
        ]
        print(f"making {home.name} ...", file=sys.stderr)
        for step in ([python, "-m", "venv", str(home)], pip):
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [
                    done.stderr.strip()
                ]
                shutil.rmtree(home, ignore_errors=True)
                return None, f"{peer} could not be installed: {lines[-1].removeprefix('ERROR: ')}"
        ready.write_text(holds, encoding="utf-8")
    return home / "bin" / "python", f"{wanted[0]} on Python {version}"


def ask(python: Path, peer: str, request: dict[str, Any]) -> dict[str, Any]:
    """Run the peer's program in its environment."""
    done = subprocess.run(
        [str(python), str(PEER_PROGRAM), peer],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPO) if peer == "ours" else "", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode:
        raise SystemExit(f"{peer} could not be run: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


# ---------------------------------------------------------------------------------------------------- comparison


def same(expected: Any, got: Any) -> bool:
    """Equal but for binary fractions (a peer multiplies by 0.01)."""
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return abs(expected - got) < 1e-6
    return expected == got


def judge(peer: str, vector: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """One packet: how the peer compares with what is right, and why."""
    kind, expect = kind_of(vector), vector["expect"]
    error = answer.get("error")
    if error == "no decoder":
        return {"outcome": "not offered"}
    defective = bool(expect.keys() & {"truncated", "trailing_hex", "malformed"})
    if error:
        if expect.get("malformed"):
            return {"outcome": "agrees", "why": "refuses a malformed packet"}
        verdict = "outside" if defective else "open" if any("pace" in key for key in expect) else "ours"
        return {"outcome": "raises", "verdict": verdict, "why": error}
    skipped = MARKS | NOT_OFFERED.get((peer, kind), set())
    wanted = {key: value for key, value in expect.items() if key not in skipped}
    values = answer["values"]
    wrong = {
        key: (wanted.get(key), values.get(key))
        for key in wanted | dict.fromkeys(values.keys() - skipped)
        if not same(wanted.get(key), values.get(key))
    }
    if not wrong:
        return {"outcome": "agrees"}
    if expect.get("malformed") and not values:
        return {"outcome": "agrees"}
    why = ", ".join(f"{key} {theirs} for {right}" for key, (right, theirs) in sorted(wrong.items()))
    if any("pace" in key for key in wanted):
        verdict = "open"
    elif defective and all(theirs is None for _, theirs in wrong.values()):
        verdict = "outside"
    else:
        verdict = "ours"
    return {"outcome": "differs", "verdict": verdict, "why": why}


def reason(item: dict[str, Any]) -> str:
    """What the specification says to it, in a sentence."""
    why, text = item["why"], item["hex"]
    if item["verdict"] == "open":
        return "pace: u8 of 0.1 km/min in 2017, u16 of s/500 m later; we go by the length, the peer by one of the two"
    if item["verdict"] == "outside" and item["outcome"] == "raises":
        return "the packet breaks its layout (cut, or bytes over), as real machines do; the whole reading is lost"
    if item["kind"].startswith("2acd") and item["outcome"] == "raises":
        return "FTMS gives elevation gain no not-available mark (ffff is a number): a conforming packet is lost"
    if item["kind"].startswith("2acd") and item["cut"]:
        return "reads on behind a cut field: bytes of one field are reported as another"
    if item["kind"].startswith("2acd") and "elevation" in why:
        return "elevation gain has tenths of a metre: cut to whole metres"
    if item["kind"].startswith("2acd"):
        return "7fff (incline, force, power), ffff and ff (energy) mean not available: reported as numbers"
    if item["reserved"] and item["outcome"] == "raises":
        return "reserved values are to be tolerated by a client: the notification is lost"
    if text == "ff":
        return "control permission lost is not seen: ff taken for no value"
    return "resistance: control 04 is u8, status 07 is s16 since FTMS 1.0.1; the peer has them the other way round"


def compare(peer: str, vectors: list[dict[str, Any]], answers: list[dict[str, Any]]) -> dict[str, Any]:
    """All packets of one peer."""
    items = []
    for vector, answer in zip(vectors, answers, strict=True):
        item = judge(peer, vector, answer)
        item |= {"kind": kind_of(vector), "hex": vector["hex"], "cut": bool(vector["expect"].get("truncated"))}
        item["reserved"] = vector["expect"].get("name") in ("rfu", "unknown_or_rfu")
        if "verdict" in item:
            item["reason"] = reason(item)
        items.append(item)
    counts = Counter(item["outcome"] for item in items)
    verdicts = Counter(item["verdict"] for item in items if "verdict" in item)
    return {
        "agrees": counts["agrees"],
        "differs": counts["differs"],
        "raises": counts["raises"],
        "not_offered": counts["not offered"],
        "ours": verdicts["ours"],
        "outside": verdicts["outside"],
        "open": verdicts["open"],
        "disagreements": [
            {key: item[key] for key in ("kind", "hex", "outcome", "verdict", "why", "reason")}
            for item in items
            if "verdict" in item
        ],
    }


def wrong_encodings(answer: dict[str, Any]) -> dict[str, int]:
    """How many tenths of km/h (0.1 to 25.0) and of a percent (-15 to 15) are not what was asked."""
    if "speeds" not in answer:
        return {}
    speeds = [f"02{(tenth * 10).to_bytes(2, 'little').hex()}" for tenth in range(1, 251)]
    inclines = [f"03{tenth.to_bytes(2, 'little', signed=True).hex()}" for tenth in range(-150, 151)]
    return {
        "speeds_wrong": sum(a != b for a, b in zip(speeds, answer["speeds"], strict=True)),
        "speeds": len(speeds),
        "inclines_wrong": sum(a != b for a, b in zip(inclines, answer["inclines"], strict=True)),
        "inclines": len(inclines),
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Everything; peers that cannot be had are in ``missing``."""
    vectors = all_packets()
    packets = [{"kind": kind_of(vector), "hex": vector["hex"]} for vector in vectors]
    unlike = [vector["hex"] for vector in vectors if ours(vector) != vector["expect"]]
    result: dict[str, Any] = {
        "packets": len(vectors),
        "vectors": len(vectors) - len(FURTHER),
        "ours": {"right": len(vectors) - len(unlike), "wrong": unlike},
        "peers": {},
        "missing": {},
    }
    homes = {}
    for peer in PEERS:
        python, said = environment(peer)
        if python is None:
            result["missing"][peer] = said
        else:
            homes[peer] = (python, said)
    asked = {
        peer: ask(python, peer, {"packets": packets, "timed": [], "rounds": 0}) for peer, (python, _) in homes.items()
    }
    # Time only what all of them decode at all: complete packets.
    timed = [
        vector["hex"]
        for n, vector in enumerate(vectors)
        if vector["characteristic"] == "2acd"
        and not vector["expect"].get("truncated")
        and all("values" in answer["decoded"][n] for answer in asked.values())
    ]
    timing = {"packets": [], "timed": timed, "rounds": 200 if options.quick else 2000}
    for peer, (python, said) in homes.items():
        entry = compare(peer, vectors, asked[peer]["decoded"])
        theirs = ask(python, peer, timing)["ns_per_packet"]
        mine = ask(python, "ours", timing)["ns_per_packet"]
        entry |= {
            "environment": said,
            "us_per_packet": round(theirs / 1000, 2),
            "ours_us_per_packet": round(mine / 1000, 2),
            "times_as_long_as_ours": round(theirs / mine, 1),
            **wrong_encodings(asked[peer]),
        }
        result["peers"][peer] = entry
    result["timed_packets"] = len(timed)
    return result


def show(result: dict[str, Any]) -> None:
    """For people."""
    print(f"{result['packets']} packets: the project's {result['vectors']} vectors and {len(FURTHER)} more\n")
    rows = [["Retro Walk", result["ours"]["right"], len(result["ours"]["wrong"]), 0, 0, "-", "-", "-"]]
    rows += [
        [
            entry["environment"], entry["agrees"], entry["differs"], entry["raises"], entry["not_offered"],
            entry["ours"], entry["outside"], entry["open"],
        ]
        for entry in result["peers"].values()
    ]  # fmt: skip
    common.table(["", "agrees", "differs", "raises", "no decoder", "-> ours", "outside", "open"], rows)
    for text in result["ours"]["wrong"]:
        print(f"WE ARE WRONG on {text}")
    for sentence in result["missing"].values():
        print(f"\nNot run: {sentence}.")
    for peer, entry in result["peers"].items():
        print(f"\n{peer}: where it differs, and who is right by the specification")
        grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
        for item in entry["disagreements"]:
            grouped.setdefault((item["verdict"], item["reason"]), []).append(item)
        for (verdict, why), items in sorted(grouped.items()):
            example = items[0]
            print(f"  {verdict:<8} {len(items):>2} x  {why}")
            print(f"  {'':<8}       {example['kind']} {example['hex']}: {example['why'][:150]}")
        if "speeds" in entry:
            print(
                f"  written  {entry['speeds_wrong']} of {entry['speeds']} speeds and {entry['inclines_wrong']} of "
                f"{entry['inclines']} inclines in tenths go out one step low (ours: 0; integers inside)"
            )
        print(
            f"  time     {entry['us_per_packet']} us a packet, ours {entry['ours_us_per_packet']} us on the same "
            f"Python: {entry['times_as_long_as_ours']} times as long ({result['timed_packets']} packets)"
        )


if __name__ == "__main__":
    code = common.main("Our FTMS codec beside public decoders", run, show)
    sys.exit(code or int(any(ours(vector) != vector["expect"] for vector in all_packets())))
