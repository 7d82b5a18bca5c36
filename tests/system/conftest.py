"""The virtual machine, booted once for all tests that were chosen, and its outcomes as they come in."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.system.outcome import Job, Outcome
from tests.system.vm import MachineError, VirtualMachine, booted

PATIENCE_S = 900.0  # for one scenario, emulated and on a loaded machine
JOB = "exec python3 -m tests.system.guest.run"


class Guest:
    """The running machine and what it has reported so far."""

    def __init__(self, machine: VirtualMachine) -> None:
        self._machine = machine
        self._outcomes: dict[str, Outcome] = {}
        self._told = False

    def outcome(self, name: str) -> Outcome:
        """What scenario *name* showed; waits for it. Raises MachineError when it will not come."""
        deadline = time.monotonic() + PATIENCE_S
        while name not in self._outcomes:
            running = self._machine.running
            self._read()
            if name in self._outcomes:
                break
            if not running:
                raise self._error(f'The virtual machine ended without an outcome of "{name}".')
            if time.monotonic() > deadline:
                raise self._error(f'No outcome of "{name}" within {PATIENCE_S:.0f} s.')
            time.sleep(0.2)
        return self._outcomes[name]

    def _error(self, sentence: str) -> MachineError:
        told, self._told = self._told, True
        return MachineError(f"{sentence} See above.") if told else self._machine.error(sentence)

    def _read(self) -> None:
        results = self._machine.directory / "results"
        for line in results.read_bytes().splitlines() if results.exists() else ():
            outcome = msgspec.json.decode(line, type=Outcome)
            self._outcomes[outcome.name] = outcome


def pytest_configure(config: pytest.Config) -> None:
    """The marker that names a test's scenario."""
    config.addinivalue_line("markers", "scenario(name): the row of tests.system.guest.scenarios.SCENARIOS")


def _tell(request: pytest.FixtureRequest, text: str) -> None:
    """A line for whoever waits, now and not at the end."""
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{text}", flush=True)


def _scenario_of(item: pytest.Item) -> str | None:
    marker = item.get_closest_marker("scenario")
    return None if marker is None else str(marker.args[0])


@pytest.fixture(scope="session")
def guest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """The machine, running the scenarios of the tests that were chosen. A machine that fails fails every one."""
    names = tuple(dict.fromkeys(name for item in request.session.items if (name := _scenario_of(item))))
    repeats = os.environ.get("RETROWALK_SYSTEM_REPEATS")
    kept = os.environ.get("RETROWALK_SYSTEM_DIR")
    directory = Path(kept) if kept else tmp_path_factory.mktemp("guest")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "results").unlink(missing_ok=True)
    job = Job(scenarios=names, repeats=int(repeats) if repeats else None)
    (directory / "job.json").write_bytes(msgspec.json.encode(job))
    started = time.monotonic()
    try:
        with booted(directory, JOB) as machine:
            capture = request.config.pluginmanager.getplugin("capturemanager")
            with capture.global_and_fixture_disabled():
                print(
                    f"\nsystem test: up after {time.monotonic() - started:.0f} s ({machine.accelerator})", flush=True
                )
            yield Guest(machine)
    except MachineError as error:
        pytest.fail(f"The system test cannot run. {error}", pytrace=False)


@pytest.fixture
def outcome(request: pytest.FixtureRequest, guest: Guest) -> Outcome:
    """What the scenario of this test showed, printed as it comes in."""
    name = _scenario_of(request.node)
    assert name is not None, "a system test names its scenario: @pytest.mark.scenario(NAME)"
    try:
        result = guest.outcome(name)
    except MachineError as error:
        result = Outcome(name=name, error=str(error))
    _tell(request, result.line())
    if result.error:
        pytest.fail("\n".join((result.error, *result.tap)), pytrace=False)
    return result
