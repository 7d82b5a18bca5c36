"""Tests of the tests: the sixteen realistic bugs of safety.md and twelve more (purposes, options, restarts), each
seeded as a source patch, each to be found.

Every bug goes into a copy of the tree of its own, never into this one. Two kinds of tests are tried on it: the
*promises* (state machine against an adversary, or walks under the byte tap) and the *examples* (unit tests that name
a promise). A bug counts as found only by a test that ran and failed; a patch that does not apply, or a tree that does
not even import, is an error of this bench. The unpatched copy must pass first.

    python -m tests.bench.seeded_bugs [--quick] [--json] [--only NAME]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.bench.common import REPO, main, table

COPIED = ("hardware", "kiosk", "tests", "assets", "pyproject.toml")
MACHINE = "hardware/guard/machine.py"
MEMORY = "hardware/guard/memory.py"
EVIDENCE = "hardware/guard/evidence.py"

GUARD_PROMISES = ("tests/property/test_guard_promises.py",)
GUARD_EXAMPLES = (
    "tests/unit/test_guard_machine.py",
    "tests/unit/test_guard_purposes.py",
    "tests/unit/test_guard_options.py",
    "tests/unit/test_guard_follow.py",
    "tests/unit/test_guard_limits.py",
    "tests/unit/test_guard_loop.py",
)
WIRE_PROMISES = ("tests/property/test_gpio_debounce.py",)
WIRE_EXAMPLES = ("tests/unit/test_gpio.py", "tests/unit/test_guard_loop.py")
WALKS = (
    "tests/integration/test_walks_stops.py",
    "tests/integration/test_walks_losses.py",
    "tests/integration/test_walks_machines.py",
)


@dataclass(frozen=True)
class Bug:
    """Source patches ``(file, before, after)``, each of which must apply exactly once, and the tests to try."""

    name: str
    patches: tuple[tuple[str, str, str], ...]
    promises: tuple[str, ...] = GUARD_PROMISES
    examples: tuple[str, ...] = GUARD_EXAMPLES


BUGS = (
    Bug(
        "clip seen only on an edge",
        (
            (
                "hardware/gpio/wires.py",
                "            level = levels.get(pin)\n            if level is None:",
                "            level = levels.get(pin)\n"
                "            if level is not None and level == self._seen.get(pin) and self._unheard[wire] == 0:\n"
                "                if level == 0 and wire in self._settle:\n"
                "                    after[wire] = sampled(before[wire], is_open=False, settle=self._settle[wire])\n"
                "                continue\n"
                "            if level is not None:\n"
                "                self._seen[pin] = level\n"
                "            if level is None:",
            ),
            (
                "hardware/gpio/wires.py",
                "        self._low_tests = dict.fromkeys(LOOPS, 0)\n",
                "        self._low_tests = dict.fromkeys(LOOPS, 0)\n        self._seen: dict[int, int] = {}\n",
            ),
        ),
        WALKS[:1],
        WIRE_EXAMPLES,
    ),
    Bug(
        "reset without an edge", ((MACHINE, "    held = m.reset_s is not None and not", "    held = False and not"),)
    ),
    Bug(
        "reset with the clip open",
        ((MACHINE, "        (seen.switches.clip is Contact.CLOSED, Missing.CLIP_OPEN),\n", ""),),
    ),
    Bug(
        "reset straight to RUNNING",
        (
            (
                MACHINE,
                "else (_idle(m, seen.now_s), ())",
                "else (but(_started(_idle(m, seen.now_s), seen), state=State.RUNNING), ())",
            ),
        ),
    ),
    Bug(
        "stop re-sent to a belt at rest",
        (
            (
                "hardware/belt/stop.py",
                "    if sight.motion is Motion.REST:\n        stood",
                "    if sight.motion is Motion.REST and ladder.handed_s is None:\n        stood",
            ),
            (
                "hardware/belt/whitelist.py",
                '    if scene.motion is Motion.REST:\n        return "stop to a belt at rest"\n',
                "",
            ),
        ),
        WALKS[:1],
        ("tests/unit/test_belt_stop.py", "tests/unit/test_belt_whitelist.py"),
    ),
    Bug(
        "stale telemetry ignored",
        (
            (
                EVIDENCE,
                "speed = belt.speed_ckmh if recent(read_s, now_s, m.profile.stale_s) else None",
                "speed = belt.speed_ckmh if read_s is not None else None",
            ),
        ),
    ),
    Bug(
        "screen heartbeat ignored in RUNNING",
        (
            (
                MACHINE,
                "((under_way or state is State.ARMED) and not seen.screen, Cause.SCREEN_FROZEN)",
                "(state in (State.STARTING, State.ARMED) and not seen.screen, Cause.SCREEN_FROZEN)",
            ),
        ),
    ),
    Bug(
        "boot in IDLE",
        (
            (
                MEMORY,
                "    state: State = State.LATCHED\n    cause: Cause | None = Cause.BOOT",
                "    state: State = State.IDLE\n    cause: Cause | None = None",
            ),
        ),
    ),
    Bug(
        "permit kept on a hard trip",
        (
            (
                MACHINE,
                "permit = m.cause is None or (m.cause in SOFT and m.cause is not Cause.BOOT)",
                "permit = m.cause is not Cause.BOOT",
            ),
        ),
    ),
    Bug(
        "cap not applied",
        (("hardware/guard/limits.py", "        highest=limits.cap_ckmh,", "        highest=CAP_MAX_CKMH,"),),
    ),
    Bug(
        "reconnect accepted while moving",
        ((MACHINE, "not (seen.link_up and seen.link == m.link)", "not seen.link_up"),),
    ),
    Bug(
        "no clip proof needed",
        ((MACHINE, "if not m.pulled or clip is not Contact.CLOSED:", "if clip is not Contact.CLOSED:"),),
    ),
    Bug(
        "zero during spin-up taken as rest",
        (
            (
                EVIDENCE,
                "at_rest=still and not _may_start_yet(m, belt, inputs.belt_life, now_s),",
                "at_rest=still,",
            ),
        ),
    ),
    Bug(
        "missing Wish ignored by the belt",
        (
            (
                "hardware/belt/orders.py",
                "return self._newest is not None and connected and now_s - self._newest.t_s <= WISH_MISSING_S",
                "return self._newest is not None and connected",
            ),
        ),
        WALKS[1:2],
        ("tests/unit/test_belt_orders.py",),
    ),
    Bug(
        "Start without a consent edge",
        (
            (
                MACHINE,
                "m, state=State.PROOF, since_s=now_s, envelope=envelope,",
                "m, state=State.ARMED, since_s=now_s, envelope=envelope,",
            ),
            (
                MACHINE,
                "link=seen.link, pulled=False, consent_s=None)",
                "link=seen.link, pulled=False, consent_s=now_s)",
            ),
        ),
    ),
    Bug(
        "mph written as km/h",
        (
            (
                "hardware/belt/ftms/facts.py",
                "        return int(speed_ckmh / self._ckmh_per_wire)\n",
                "        return speed_ckmh\n",
            ),
        ),
        WALKS[2:],
        ("tests/unit/test_belt_facts.py",),
    ),
)

# Beyond the sixteen of safety.md: the purposes, and the options of the wiring.
MORE = (
    Bug(
        "opening check skipped",
        ((MACHINE, "return valid or brakes or not seen.rules.checks.opening", "return valid is not None or brakes"),),
    ),
    Bug(
        "control without a profile",
        ((MACHINE, "known = m.profile.commissioned or", "known = True or"),),
    ),
    Bug(
        "commissioning cap leaks into a session",
        (("hardware/guard/limits.py", "if purpose is not Purpose.COMMISSIONING:", "if purpose is None:"),),
    ),
    Bug(
        "link test holds the permit for ever",
        ((MACHINE, "return test and recent(m.stop_s, now_s, STOP_TEST_S)", "return test"),),
    ),
    Bug(
        "link test in a session",
        (
            (
                MACHINE,
                "fits = m.state is State.RUNNING and m.purpose is Purpose.COMMISSIONING",
                "fits = m.state is State.RUNNING",
            ),
        ),
    ),
    Bug(
        "deck sensor raises",
        ((MACHINE, "ramp=m.ramp or (asked, seen.now_s)", "ramp=m.ramp or (m.holding.cap_ckmh, seen.now_s)"),),
    ),
    Bug(
        "back on deck the belt rises by itself",
        (
            (
                "hardware/guard/deck.py",
                "not (must_ease(away, now_s) or target == away.held)",
                "not must_ease(away, now_s)",
            ),
        ),
    ),
    Bug(
        "pick-up ignored",
        ((MACHINE, "(guarded and _contradicted(m, now_s), Cause.PICKUP)", "(False, Cause.PICKUP)"),),
    ),
    Bug(
        "a walk that follows is stopped by Bluetooth",
        ((MACHINE, "        lease=not m.following,\n", "        lease=True,\n"),),
    ),
    Bug(
        "a belt started as its arming ended is nobody's",
        (
            (
                MACHINE,
                "            m = but(m, rest_s=now_s)  # started",
                "            m = but(m, rest_s=None)  # started",
            ),
        ),
    ),
    Bug(
        "a boot forgets whose belt it was",
        ((MACHINE, "return (_reclaimed(m, now_s) if seen.moving", "return (m if seen.moving"),),
        WALKS[1:2],
    ),
    Bug(
        "the stopper keeps to the treadmill before",
        (("hardware/stopper/process.py", "self._anew = frame.body.address", "self._anew = None"),),
        ("tests/unit/test_stopper_process.py",),
        ("tests/unit/test_stopper_process.py",),
    ),
)

EXAMPLES = {True: "40", False: "200"}  # of the adversary, by --quick


class SeedError(Exception):
    """The bench itself is wrong: a patch does not apply, or a copy does not run."""


def copy_tree(where: Path) -> Path:
    """A copy of what the tests need."""
    for name in COPIED:
        source = REPO / name
        if source.is_dir():
            shutil.copytree(source, where / name, ignore=shutil.ignore_patterns("__pycache__", "*.ogg", "*.wav"))
        else:
            shutil.copy(source, where / name)
    return where


def patched(tree: Path, bug: Bug) -> dict[str, str]:
    """The files of *tree* with *bug* in them, by name. Raises SeedError if a patch does not fit exactly once."""
    texts: dict[str, str] = {}
    for name, before, after in bug.patches:
        text = texts[name] if name in texts else (tree / name).read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise SeedError(f"{bug.name}: its patch fits {text.count(before)} times in {name}; write it anew.")
        texts[name] = text.replace(before, after)
    for name, text in texts.items():
        compile(text, name, "exec")
    return texts


def seed(tree: Path, bug: Bug) -> None:
    """Apply the patches of *bug* to the copy. Raises SeedError."""
    for name, text in patched(tree, bug).items():
        (tree / name).write_text(text, encoding="utf-8")


def failed(tree: Path, tests: tuple[str, ...], *, quick: bool) -> str | None:
    """The first test that failed, or None if all passed. Raises SeedError where they could not run."""
    environment = {
        **os.environ,
        "RETROWALK_EXAMPLES": EXAMPLES[quick],
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(tree / ".hypothesis"),
    }
    # -m puts the copy first on the path, before the installed tree.
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout=580"]
    argv += ["--tb=line", *(["--hypothesis-seed=20260801"] if quick else []), *tests]
    done = subprocess.run(argv, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode != 1 or not lines or lines[0].startswith("ERROR"):
        raise SeedError(f"{' '.join(tests)} did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return lines[0].split("::", 1)[-1].split(" - ")[0].removeprefix("FAILED ")


def elsewhere(tree: Path) -> None:
    """The copy is what runs, not this tree. Raises SeedError."""
    argv = [sys.executable, "-c", "import hardware.guard.machine as m; print(m.__file__)"]
    where = subprocess.run(argv, cwd=tree, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(where).is_relative_to(tree):
        raise SeedError(f"The copy in {tree} is not what Python imports: {where}.")


def try_bug(bug: Bug | None, *, quick: bool) -> dict:
    """One bug, or (None) the tree as it is."""
    with tempfile.TemporaryDirectory(prefix="retrowalk-seed-") as directory:
        tree = copy_tree(Path(directory).resolve())
        if bug is None:
            elsewhere(tree)
            every = {path for b in (*BUGS, *MORE) for path in (*b.promises, *b.examples)}
            broken = failed(tree, tuple(sorted(every)), quick=quick)
            if broken is not None:
                raise SeedError(f"Without any seeded bug {broken} fails already: nothing can be learned.")
            return {}
        seed(tree, bug)
        examples = failed(tree, bug.examples, quick=quick)
        promises = failed(tree, bug.promises, quick=quick)
        return {"bug": bug.name, "found": bool(promises or examples), "promises": promises, "examples": examples}


def run(options: argparse.Namespace) -> dict:
    """All bugs, two at a time."""
    bugs = [bug for bug in (*BUGS, *MORE) if options.only is None or options.only in bug.name]
    if not bugs:
        raise SystemExit(f"No bug has that in its name. There are: {', '.join(bug.name for bug in (*BUGS, *MORE))}.")
    with ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 1))) as pool:
        baseline = pool.submit(try_bug, None, quick=options.quick)
        tried = list(pool.map(lambda bug: try_bug(bug, quick=options.quick), bugs))
        baseline.result()
    return {
        "bugs": len(tried),
        "found": sum(result["found"] for result in tried),
        "by_promises": sum(result["promises"] is not None for result in tried),
        "by_examples": sum(result["examples"] is not None for result in tried),
        "results": tried,
        "failures": [f"Not found: {result['bug']}." for result in tried if not result["found"]],
    }


def show(result: dict) -> None:
    """A table and the count."""
    rows = [
        [r["bug"], "found" if r["found"] else "MISSED", "yes" if r["promises"] else "no", r["examples"] or "-"]
        for r in result["results"]
    ]
    table(["bug", "", "by promises", "by example"], rows)
    print(
        f"{result['found']} of {result['bugs']} found; by the promises alone {result['by_promises']}, "
        f"by the examples alone {result['by_examples']}."
    )


if __name__ == "__main__":
    only = {"help": "only bugs with this in their name", "default": None}
    try:
        code = main("Seeded bugs: does the suite find what it must find?", run, show, only=only)
    except SeedError as error:
        print(error, file=sys.stderr)
        code = 2
    sys.exit(code)
