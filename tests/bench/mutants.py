"""Mutation testing of the safety logic: mutmut makes the mutants, this runs them.

    make mutants [MUTANTS='hardware.guard.limits.*']

It works in a copy of the tree (``make mutants`` makes one) and leaves ``mutants/`` in it; ``mutmut show NAME`` there
shows one. Which files and which tests: pyproject.toml, ``[tool.mutmut]``. mutmut by itself starts pytest anew for
every mutant, with all tests that reach it, in no order: hours. Here pytest collects once; a mutant is a fork in which
the function has the mutant's code, and runs the tests which reach it, those that killed its neighbours first, until
one fails. A mutant that survives has passed every one of them.

Exit code 1 if one survives that tests/mutants.md does not name, or if a test fails without any mutant.
"""

from __future__ import annotations

import contextlib
import fnmatch
import gc
import os
import pickle
import signal
import sys
import tempfile
import time
from argparse import Namespace
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from mutmut import __main__ as mutmut
from mutmut.configuration import config
from mutmut.mutation import trampoline
from mutmut.mutation.data import SourceFileMutationData
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, walk_mutatable_files

from tests.bench import common

HANGS_S = 10  # of CPU, in one test: none takes a second
KILLED, SURVIVED, HUNG, UNREACHED = "killed", "survived", "hung", "no test reaches it"


def generated() -> list[str]:
    """Write the mutants below ./mutants; their names."""
    Path("mutants").mkdir(exist_ok=True)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        copy_src_dir()
        copy_also_copy_files()
        mutmut.create_mutants(os.cpu_count() or 1)
    names: list[str] = []
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        names += data.exit_code_by_key
    return names


def function_of(mutant: str) -> str:
    return mutant.rpartition("__mutmut_")[0]


class Places:
    """The functions that have mutants. In place of mutmut's trampoline, which every call would pay for."""

    def __init__(self) -> None:
        self._marked: list[tuple[dict[str, FunctionType], FunctionType]] = []

    def mark(self, mutants: dict[str, FunctionType], is_classmethod: bool = False):
        """What mutmut decorates a function with; *mutants* is filled later."""
        assert not is_classmethod, "no safety logic is a class method"

        def kept(function: FunctionType) -> FunctionType:
            self._marked.append((mutants, function))
            return function

        return kept

    def functions(self) -> dict[CodeType, str]:
        """Their names, as those of their mutants begin, by the code that runs."""
        return {
            function.__code__: function_of(f"{function.__module__}.{name}")
            for mutants, function in self._marked
            for name in list(mutants)[1:2]
        }

    def put(self, mutant: str) -> None:
        """From now on *mutant* runs in this process in place of its function."""
        module, _, name = mutant.rpartition(".")
        function, other = next((f, m[name]) for m, f in self._marked if f.__module__ == module and name in m)
        function.__code__ = other.__code__
        function.__defaults__, function.__kwdefaults__ = other.__defaults__, other.__kwdefaults__


class Passes:
    """A plugin for one pytest: instead of its tests' loop it runs the mutants."""

    def __init__(self, mutants: list[str], places: Places, workers: int) -> None:
        self.mutants = mutants
        self.places = places
        self.workers = workers
        self.fates: dict[str, str] = {}
        self.broken: list[str] = []
        self.tests = 0
        self._items: dict[str, pytest.Item] = {}
        self._reaching: dict[str, list[str]] = {}  # tests by function
        self._took_s: dict[str, float] = {}
        self._kills: dict[str, Counter[str]] = defaultdict(Counter)  # by test, of each function's mutants

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        self.tests = len(self._items)
        self._look()
        self._try_the_order()
        if self.broken:
            return True
        gc.collect()
        gc.freeze()  # forks copy less
        running: dict[int, tuple[str, int]] = {}
        for mutant in self.mutants:
            if len(running) == self.workers:
                self._reap(running)
            tests = self._in_order(function_of(mutant))
            if not tests:
                self.fates[mutant] = UNREACHED
                continue
            read, write = os.pipe()
            pid = os.fork()
            if not pid:
                os.close(read)
                self._one(mutant, tests, write)
            os.close(write)
            running[pid] = mutant, read
        while running:
            self._reap(running)
        return True

    def _in_order(self, function: str) -> list[str]:
        kills = self._kills[function]
        return sorted(self._reaching.get(function, ()), key=lambda test: (-kills[test], self._took_s[test]))

    def _try_the_order(self) -> None:
        """All tests once more as mutants meet them: one that needs another before it would look like a kill."""
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(read)
            self._one("", sorted(self._items, key=self._took_s.__getitem__), write)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            self.broken += [test for test in (pipe.read().decode(),) if test]
        os.waitpid(pid, 0)

    def _reap(self, running: dict[int, tuple[str, int]]) -> None:
        pid, status = os.wait()
        mutant, read = running.pop(pid)
        with os.fdopen(read, "rb") as pipe:
            test = pipe.read().decode()
        if test:
            self._kills[function_of(mutant)][test] += 1
        hung = os.WIFSIGNALED(status)
        self.fates[mutant] = HUNG if hung else KILLED if test else SURVIVED

    def _one(self, mutant: str, tests: Iterable[str], write: int) -> None:
        """In the fork: the test that fails is told through the pipe."""
        if mutant:
            self.places.put(mutant)
        for test in tests:
            signal.setitimer(signal.ITIMER_PROF, HANGS_S)  # its signal ends the process
            if not self._passes(test):
                os.write(write, test.encode())
                break
        os._exit(0)

    def _passes(self, test: str) -> bool:
        """Run one, without all that a report needs."""
        item = self._items[test]
        item._initrequest()
        passed = True
        try:
            item.session._setupstate.setup(item)
            item.runtest()
        except pytest.skip.Exception:
            pass
        except BaseException:  # whatever a mutant does
            passed = False
        with contextlib.suppress(Exception):  # tmp_path asks for the report
            item.session._setupstate.teardown_exact(None)
        item.funcargs.clear()
        return passed

    def _look(self) -> None:
        """In a fork, too: which functions each test reaches, and how long it takes."""
        with tempfile.TemporaryFile() as notes:
            pid = os.fork()
            if not pid:
                names = self.places.functions()
                hits: set[CodeType] = set()
                sys.setprofile(lambda frame, event, _: hits.add(frame.f_code) if event == "call" else None)
                reaching: dict[str, list[str]] = defaultdict(list)
                took_s, broken = {}, []
                for test in self._items:
                    hits.clear()
                    began_s = time.process_time()
                    if not self._passes(test):
                        broken.append(test)
                    took_s[test] = time.process_time() - began_s
                    for code in hits & names.keys():
                        reaching[names[code]].append(test)
                pickle.dump((dict(reaching), took_s, broken), notes)
                notes.flush()
                os._exit(0)
            os.waitpid(pid, 0)
            notes.seek(0)
            self._reaching, self._took_s, self.broken = pickle.load(notes)


def named() -> set[str]:
    """The mutants that tests/mutants.md says change nothing."""
    words = Path("tests/mutants.md").read_text(encoding="utf-8").replace("`", " ").split()
    return {word for word in words if "__mutmut_" in word}


def run(options: Namespace) -> dict:
    began_s = time.monotonic()
    config()  # read here, beside pyproject.toml
    harmless = named()
    mutants = [name for name in generated() if fnmatch.fnmatch(name, options.only)]
    os.chdir("mutants")
    sys.path[:] = [os.getcwd(), *(path for path in sys.path if path not in ("", os.getcwd(), str(Path.cwd().parent)))]
    for name in list(sys.modules):  # this package is the copy's own; from here on the mutants' copy of it counts
        if name.partition(".")[0] in ("tests", "hardware", "kiosk"):
            del sys.modules[name]
    places = Places()
    trampoline.wrap_in_trampoline = places.mark
    passes = Passes(mutants, places, options.workers)
    selection = config().pytest_add_cli_args_test_selection
    pytest.main(["-q", "--rootdir=.", "-p", "no:cacheprovider", *selection], plugins=[passes])
    modules: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant, fate in passes.fates.items():
        modules[function_of(mutant).rpartition(".")[0]][fate] += 1
    alive = [mutant for mutant, fate in passes.fates.items() if fate in (SURVIVED, UNREACHED)]
    failures = [f"{test} fails without any mutant." for test in passes.broken]
    if not passes.fates:
        failures.append("No mutant was tried: see what pytest says above.")
    failures += [f"{mutant}: {passes.fates[mutant]}" for mutant in alive if mutant not in harmless]
    return {
        "tests": passes.tests,
        "modules": {module: dict(fates) for module, fates in sorted(modules.items())},
        "harmless": [mutant for mutant in alive if mutant in harmless],
        "failures": failures,
        "seconds": round(time.monotonic() - began_s),
        "cpu_seconds": round(sum(os.times()[:4])),
    }


def show(result: dict) -> None:
    fates = (KILLED, HUNG, SURVIVED, UNREACHED)
    rows = [
        (module, sum(got.values()), *(got.get(fate, 0) for fate in fates))
        for module, got in result["modules"].items()
    ]
    rows.append(("all", *(sum(row[n] for row in rows) for n in range(1, len(fates) + 2))))
    common.table(("module", "mutants", *fates), rows)
    for mutant in result["harmless"]:
        print(f"{mutant} survives and changes nothing: tests/mutants.md")
    print(f"By {result['tests']} tests in {result['seconds']} s, {result['cpu_seconds']} s of CPU.")


if __name__ == "__main__":
    sys.exit(
        common.main(
            "Mutants of the safety logic, and whether a test notices them.",
            run,
            show,
            only={"default": "*", "help": "a pattern of names, as hardware.guard.limits.*"},
            workers={"type": int, "default": os.cpu_count() or 1, "help": "mutants at a time"},
        )
    )
