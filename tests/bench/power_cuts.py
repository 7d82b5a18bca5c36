"""Power cuts while the record is written: what is lost?

``python -m tests.bench.power_cuts [--quick] [--json] [--cuts N] [--resume FILE] [--machines | --processes]``

A virtual machine walks sessions into a record on an ext4 disk and says, line by line, what it has been told is on
disk. At a random moment qemu is killed: what the guest had not flushed is gone, as on a power cut. The next boot
looks, with plain sqlite3, what is missing of what was said, then walks on in the same record. As a control the same
is done with ``synchronous=NORMAL``: a bench that never sees a loss would prove nothing.

``--processes`` kills only the process (SIGKILL), where no virtual machine can be had: weaker, and says so. That is
also what ``--quick`` does, in under a minute; ``--quick --machines`` cuts the power of 20 machines in some minutes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import common
from tests.support.kills import look, run_and_kill

QUICK, FULL, CONTROL = 20, 200, 5
DISK_MB = 512
EVERY_S = 0.02  # fifty times the product's rate: more commits to cut into; the loss is counted in seconds
UP_S = 240.0

JOB = """
mkdir -p /run/data
mount -t ext4 -o noatime /dev/vdb /run/data || exit 9
cp /host/said /run/said
python3 -m tests.support.power_guest /run/data/record /run/said >/host/found.new && mv /host/found.new /host/found
exec python3 -m tests.support.store_victim /run/data/record {every} 150 {synchronous}
"""


def make_disk(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(DISK_MB << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(path)], check=True)


def wait_for(true, machine, what: str) -> None:
    deadline = time.monotonic() + UP_S
    while not true():
        if time.monotonic() > deadline or not machine.running:
            raise machine.error(f"{what} within {UP_S:.0f} s.")
        time.sleep(0.02)


def one_boot(image: Path, disk: Path, said: str, after_s: float, synchronous: str) -> tuple[dict, str]:
    """Boot, look at what the last cut left, walk for *after_s*, cut. Returns (what was found, what was said)."""
    from tests.system.vm import VirtualMachine

    with tempfile.TemporaryDirectory(prefix="retrowalk-cut-") as name:
        directory = Path(name)
        (directory / "said").write_text(said)
        job = JOB.format(every=EVERY_S, synchronous=synchronous)
        machine = VirtualMachine(image, directory, job, memory_mb=768, disk=disk)
        try:
            machine.boot()
            found = directory / "found"
            wait_for(found.exists, machine, "The guest did not look at the record")
            output = directory / "output"
            wait_for(lambda: output.exists() and b"\no " in output.read_bytes(), machine, "No walk began")
            time.sleep(after_s)
        finally:
            machine.stop()
        lines = output.read_text("utf-8", "replace")
        told = json.loads(found.read_text())
        up = next(line for line in lines.splitlines() if line.startswith("up "))
        told["mode"], told["set_aside"] = up.split()[2], len(up.split()) > 3
        return told, lines


def in_machines(cuts: int, synchronous: str, resume: Path | None, say) -> list[dict]:
    from tests.system.vm import ensure_emulator, ensure_image

    done = [json.loads(line) for line in resume.read_text().splitlines()] if resume and resume.exists() else []
    if len(done) >= cuts:
        return done[:cuts]
    ensure_emulator()
    image = ensure_image()
    dice = random.Random()
    with tempfile.TemporaryDirectory(prefix="retrowalk-disk-") as name:
        disk = Path(name) / "disk"
        make_disk(disk)
        said = ""
        first = True
        while len(done) < cuts:
            found, lines = one_boot(image, disk, said, dice.uniform(0.2, 4.0), synchronous)
            if not first:
                done.append(found)
                if resume is not None:
                    with resume.open("a") as file:
                        file.write(json.dumps(found) + "\n")
                say(len(done), cuts)
            said, first = lines, False
    return done


def in_processes(cuts: int, say) -> list[dict]:
    dice = random.Random()
    done = []
    with tempfile.TemporaryDirectory(prefix="retrowalk-cut-") as name:
        for _ in range(cuts):
            said = run_and_kill(Path(name), dice.uniform(0.1, 1.6))
            loss = dataclasses.asdict(look(Path(name), said))
            done.append({**loss, "said": sum(map(len, said.samples.values())), "mode": "file", "set_aside": False})
            say(len(done), cuts)
    return done


def figures(done: list[dict]) -> dict:
    """The sums. A record that was not there yet counts as missing only if something was said to be in it."""
    found = [cut for cut in done if not cut.get("missing")]
    return {
        "cuts": len(done),
        "integrity_ok": sum(cut["integrity"] == "ok" for cut in found) + len(done) - len(found),
        "set_aside": sum(bool(cut["set_aside"]) for cut in done),
        "samples_said": sum(cut["said"] for cut in found),
        "lost_acknowledged": sum(cut["opened"] + cut["closed"] + cut["events"] for cut in found)
        + sum(cut["said"] for cut in done if cut.get("missing")),
        "lost_samples_max": max((cut["samples"] for cut in found), default=0),
        "lost_samples_max_s": round(max((cut["oldest_s"] for cut in found), default=0.0), 3),
        "lost_samples_p50_s": round(common.percentile([cut["oldest_s"] for cut in found] or [0.0], 50), 3),
    }


def run(options: argparse.Namespace) -> dict:
    cuts = options.cuts or (QUICK if options.quick else FULL)

    def say(done: int, of: int) -> None:
        if sys.stderr.isatty() or done % 10 == 0 or done == of:
            print(f"power cut {done} of {of}", file=sys.stderr)

    if options.processes or (options.quick and not options.machines):
        killed = figures(in_processes(cuts, say))
        return {"how": "processes killed", "ours": killed, "held": nothing_lost(killed)}
    ours = figures(in_machines(cuts, "FULL", options.resume, say))
    control = None
    if options.control is None:
        options.control = 0 if options.quick else CONTROL
    if options.control:
        control = figures(in_machines(options.control, "NORMAL", None, say))
    return {
        "how": "virtual machines killed",
        "ours": ours,
        "control_synchronous_normal": control,
        "held": nothing_lost(ours),
    }


def nothing_lost(found: dict) -> bool:
    """Every record whole, nothing gone that was said to be there, and of samples less than two seconds."""
    whole = found["integrity_ok"] == found["cuts"] and found["set_aside"] == 0
    return whole and found["lost_acknowledged"] == 0 and found["lost_samples_max_s"] < 2.0


def show(result: dict) -> None:
    print(f"({result['how']})")
    names = list(result["ours"])
    columns = [("ours, FULL", result["ours"])]
    if result.get("control_synchronous_normal"):
        columns.append(("control, NORMAL", result["control_synchronous_normal"]))
    common.table(["", *[name for name, _ in columns]], [[n, *[found[n] for _, found in columns]] for n in names])
    cuts = result["ours"]["cuts"]
    if result["ours"]["lost_acknowledged"] == 0:
        bound = 100 * (1 - 0.05 ** (1 / cuts))
        print(f"{cuts} cuts and no commit lost: with 95 % confidence fewer than {bound:.1f} % of cuts lose one.")


if __name__ == "__main__":
    sys.exit(
        common.main(
            "Power cuts while the record is written",
            run,
            show,
            cuts={"type": int, "help": "how many"},
            resume={"type": Path, "help": "a file to go on from (one line a cut)"},
            control={"type": int, "help": "how many cuts with synchronous=NORMAL (full run: 5)"},
            machines={"action": "store_true", "help": "with --quick: kill machines all the same"},
            processes={"action": "store_true", "help": "kill processes instead of machines"},
        )
    )
