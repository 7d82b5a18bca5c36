"""Our processes over the real bluetoothd and a real GPIO device, in a small virtual machine (`make system-test`).

The budgets are those of safety.md and hardware.constants with what a virtual machine may add: it is emulated, shares
two cores with whatever runs beside it, and its clock stands still when the host takes its time.
"""

from __future__ import annotations

import pytest

from hardware.constants import STOP_BUDGET_UNCOMMISSIONED_S, WISH_MISSING_S
from tests.system.outcome import Outcome

pytestmark = [pytest.mark.system, pytest.mark.timeout(3600)]

MACHINE_S = 1.0
"""What emulation on a loaded machine may add to any reaction; idle it adds some 50 ms."""

CLIP_TO_BYTES_S = 0.15 + MACHINE_S
"""safety.md 5.1: 150 ms at most from the clip to the bytes on air."""

DEATH_TO_BYTES_S = WISH_MISSING_S + 0.15 + MACHINE_S
"""A dead peer is noticed by its silence at the latest (its end of file comes sooner), and then as above."""

REST_S = STOP_BUDGET_UNCOMMISSIONED_S + MACHINE_S
"""From the cause to a belt that stands, for a treadmill nobody has measured."""


def no_forbidden_bytes(outcome: Outcome) -> None:
    assert outcome.violations == (), "\n".join((*outcome.violations, *outcome.tap))


def stopped_in_time(outcome: Outcome, bytes_s: float, rest_s: float) -> None:
    assert outcome.trips
    for trip in outcome.trips:
        assert trip.speed_ckmh > 0, "the belt did not run when the cause came"
        assert trip.stop_bytes_s is not None, "no stop bytes at the peripheral\n" + "\n".join(outcome.tap)
        assert trip.stop_bytes_s <= bytes_s
        assert trip.rest_s is not None, "the belt did not come to rest\n" + "\n".join(outcome.tap)
        assert trip.rest_s <= rest_s


@pytest.mark.scenario("clip_opened")
def test_the_clip_line_opened_while_walking_stops_the_belt(outcome: Outcome) -> None:
    stopped_in_time(outcome, CLIP_TO_BYTES_S, REST_S)
    no_forbidden_bytes(outcome)


@pytest.mark.scenario("belt_killed")
def test_a_killed_belt_process_leaves_no_belt_running(outcome: Outcome) -> None:
    stopped_in_time(outcome, DEATH_TO_BYTES_S, REST_S)
    no_forbidden_bytes(outcome)


@pytest.mark.scenario("guard_killed")
def test_a_killed_guard_leaves_no_belt_running(outcome: Outcome) -> None:
    stopped_in_time(outcome, DEATH_TO_BYTES_S, REST_S)
    no_forbidden_bytes(outcome)
