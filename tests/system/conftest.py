"""The virtual machine, booted once for all tests that were chosen, and its outcomes as they come in.

``RETROWALK_SYSTEM_REPEATS=10`` does each scenario that often; ``RETROWALK_SYSTEM_DIR=DIR`` keeps every log.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.outcome import Outcome
from tests.system.session import MachineError, Session, running


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
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The machine, running the scenarios of the tests that were chosen. A machine that fails fails every one."""
    names = dict.fromkeys(name for item in request.session.items if (name := _scenario_of(item)))
    repeats = int(os.environ.get("RETROWALK_SYSTEM_REPEATS", "1"))
    kept = os.environ.get("RETROWALK_SYSTEM_DIR")
    directory = Path(kept) if kept else tmp_path_factory.mktemp("guest")
    started = time.monotonic()
    try:
        with running(directory, tuple(names), repeats) as session:
            _tell(
                request, f"system test: up after {time.monotonic() - started:.0f} s ({session.machine.accelerator})"
            )
            yield session
    except MachineError as error:
        pytest.fail(f"The system test cannot run. {error}", pytrace=False)


@pytest.fixture
def outcome(request: pytest.FixtureRequest, session: Session) -> Outcome:
    """What the scenario of this test showed, printed as it comes in."""
    name = _scenario_of(request.node)
    assert name is not None, "a system test names its scenario: @pytest.mark.scenario(NAME)"
    deaths = len(session.deaths)
    result = session.outcome(name)
    for death in session.deaths[deaths:]:
        _tell(request, f"{death}\nBooted once more for what is left.")
    _tell(request, result.line())
    if result.error:
        pytest.fail("\n".join((result.error, *result.tap)), pytrace=False)
    return result
