"""One run of the virtual machine: the scenarios asked for, and their outcomes as they come in."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.system.outcome import Job, Outcome
from tests.system.vm import MachineError, VirtualMachine, booted

PATIENCE_S: Final = 1200.0  # for one scenario, emulated and on a loaded machine
DEATHS: Final = 1  # of the emulator, in one run
COMMAND: Final = "exec python3 -m tests.system.guest.run"


class Session:
    """The running machine and what it has reported so far."""

    def __init__(self, machine: VirtualMachine, job: Job) -> None:
        self.machine: Final = machine
        self.deaths: list[str] = []
        self._job: Final = job
        self._patience_s: Final = PATIENCE_S * max(1.0, job.repeats / 4)
        self._outcomes: dict[str, Outcome] = {}
        self._told = False

    def outcome(self, name: str) -> Outcome:
        """What scenario *name* showed; waits for it. Without an outcome its error says what became of the machine."""
        deadline = time.monotonic() + self._patience_s
        while True:
            running = self.machine.running
            self._read()
            if name in self._outcomes:
                return self._outcomes[name]
            if not running:
                if self.machine.exit_code is not None or len(self.deaths) == DEATHS:
                    return self._none(name, "The virtual machine ended without an outcome.")
                self._again()
            if time.monotonic() > deadline:
                return self._none(name, f"No outcome within {self._patience_s:.0f} s.")
            time.sleep(0.2)

    def _again(self) -> None:
        """The emulator itself ended (not the guest): boot once more for what is left. That is said in the outcome."""
        self.deaths.append(str(self.machine.error("The emulator ended in mid-run.")))
        left = tuple(name for name in self._job.scenarios if name not in self._outcomes)
        write_job(self.machine.directory, Job(scenarios=left, repeats=self._job.repeats))
        self.machine.stop()
        self.machine.boot()

    def _none(self, name: str, sentence: str) -> Outcome:
        told, self._told = self._told, True
        return Outcome(name=name, error=f"{sentence} See above." if told else str(self.machine.error(sentence)))

    def _read(self) -> None:
        results = self.machine.directory / "results"
        for line in results.read_bytes().splitlines(keepends=True) if results.exists() else ():
            if line.endswith(b"\n"):
                outcome = msgspec.json.decode(line, type=Outcome)
                self._outcomes[outcome.name] = outcome


def write_job(directory: Path, job: Job) -> None:
    """Where the guest's runner looks for it."""
    (directory / "job.json").write_bytes(msgspec.json.encode(job))


@contextmanager
def running(directory: Path, scenarios: Sequence[str], repeats: int = 1) -> Iterator[Session]:
    """A machine that runs *scenarios* in this order. Raises MachineError when it cannot be built or booted."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "results").unlink(missing_ok=True)
    job = Job(scenarios=tuple(scenarios), repeats=repeats)
    write_job(directory, job)
    with booted(directory, COMMAND) as machine:
        yield Session(machine, job)


__all__ = ["MachineError", "Session", "running"]
