"""Our processes over the real bluetoothd and a real GPIO device, in a small virtual machine (`make system-test`).

The budgets are those of safety.md and hardware.constants with what a virtual machine may add: it is emulated, shares
two cores with whatever runs beside it, and its clock stands still when the host takes its time.
"""

from __future__ import annotations

import pytest

from hardware.constants import (
    CAP_UNCOMMISSIONED_CKMH,
    SCREEN_MISSING_S,
    SOFT_RAMP_CKMH_PER_S,
    STOP_BUDGET_UNCOMMISSIONED_S,
    TELEMETRY_PERIODS,
    WISH_MISSING_S,
)
from tests.system.outcome import Outcome

pytestmark = [pytest.mark.system, pytest.mark.timeout(7200)]

MACHINE_S = 1.0
"""What emulation on a loaded machine may add to any reaction; idle it adds some 50 ms."""

CLIP_TO_BYTES_S = 0.15 + MACHINE_S
"""safety.md 5.1: 150 ms at most from the clip to the bytes on air, and as much to the permit."""

DEATH_TO_BYTES_S = WISH_MISSING_S + 0.15 + MACHINE_S
"""A dead peer is noticed by its silence at the latest (its end of file comes sooner), and then as above."""

FROZEN_TO_BYTES_S = SCREEN_MISSING_S + CAP_UNCOMMISSIONED_CKMH / SOFT_RAMP_CKMH_PER_S + 0.15 + MACHINE_S
"""A screen is missed after 500 ms; then the soft ramp takes the belt to its minimum, at worst from the cap."""

REST_S = STOP_BUDGET_UNCOMMISSIONED_S + MACHINE_S
"""From the cause to a belt that stands, for a treadmill nobody has measured."""

LINK_TO_PERMIT_S = TELEMETRY_PERIODS * 1.0 + 0.15 + MACHINE_S
"""Whatever is between us and the treadmill breaks: at the latest the age of its data tells (three periods of 1 s)."""

BACK_TO_READY_S = 20.0
"""From Bluetooth that works again to a ready link: found, connected and discovered anew (bluez.md: 1 to 7 s, a hung
connection 10 s more), control taken."""

BACK_TO_REST_S = BACK_TO_READY_S + REST_S
"""And stopped."""


def no_forbidden_bytes(outcome: Outcome) -> None:
    assert outcome.violations == (), "\n".join((*outcome.violations, *outcome.tap))


def rests(outcome: Outcome, rest_s: float) -> None:
    assert outcome.trips
    for trip in outcome.trips:
        assert trip.speed_ckmh > 0, "the belt did not run when the cause came"
        assert trip.rest_s is not None, "the belt did not come to rest\n" + "\n".join(outcome.tap)
        assert trip.rest_s <= rest_s
        assert not trip.moved_again


def no_forbidden_bytes_but_blind_stops(outcome: Outcome) -> None:
    """With the belt process frozen nobody reads Treadmill Data: the stopper goes on for its budget (bluez.md F17)."""
    assert all("`08 01`" in sentence and "(P5)" in sentence for sentence in outcome.violations), outcome.violations


def stops(outcome: Outcome, bytes_s: float, rest_s: float = REST_S, *, blind: bool = False) -> None:
    for trip in outcome.trips:
        assert trip.stop_bytes_s is not None, "no stop bytes at the peripheral\n" + "\n".join(outcome.tap)
        assert trip.stop_bytes_s <= bytes_s
    rests(outcome, rest_s)
    if blind:
        no_forbidden_bytes_but_blind_stops(outcome)
    else:
        no_forbidden_bytes(outcome)


def permit_falls(outcome: Outcome, permit_s: float) -> None:
    for trip in outcome.trips:
        assert trip.permit_off_s is not None, "the permit stayed on\n" + "\n".join(outcome.tap)
        assert trip.permit_off_s <= permit_s


def falls_and_rests_once_it_is_back(outcome: Outcome, permit_s: float) -> None:
    """With no way to the treadmill only the permit can stop the belt; when there is one again, we do."""
    permit_falls(outcome, permit_s)
    for trip in outcome.trips:
        assert trip.repaired_s is not None
        assert trip.ready_s is not None, "the link did not become ready again\n" + "\n".join(outcome.tap)
        assert trip.ready_s <= BACK_TO_READY_S
        rests(outcome, trip.repaired_s + BACK_TO_REST_S)
    no_forbidden_bytes(outcome)


# ---------------------------------------------------------------------------------------------- a session


@pytest.mark.scenario("short_walk")
def test_a_whole_session_is_walked_over_bluetooth_and_gpio_and_stands_in_the_record(outcome: Outcome) -> None:
    no_forbidden_bytes(outcome)
    assert outcome.facts["exit code"] == 0
    assert outcome.facts["state"] == "completed"
    assert outcome.facts["samples"] >= 240
    assert outcome.facts["max_speed_kmh"] <= 2.0


@pytest.mark.scenario("clip_opened_on_screen")
def test_the_clip_line_opened_with_the_screen_drawing_stops_the_belt_and_the_screen_says_so(outcome: Outcome) -> None:
    stops(outcome, CLIP_TO_BYTES_S)
    permit_falls(outcome, CLIP_TO_BYTES_S)


@pytest.mark.scenario("kiosk_killed")
def test_a_killed_kiosk_has_the_belt_eased_to_rest(outcome: Outcome) -> None:
    stops(outcome, FROZEN_TO_BYTES_S, FROZEN_TO_BYTES_S + REST_S)


@pytest.mark.scenario("kiosk_frozen")
def test_a_frozen_kiosk_has_the_belt_eased_to_rest(outcome: Outcome) -> None:
    stops(outcome, FROZEN_TO_BYTES_S, FROZEN_TO_BYTES_S + REST_S)


# ---------------------------------------------------------------------------------------------- our processes


@pytest.mark.scenario("clip_opened")
def test_the_clip_line_opened_while_walking_stops_the_belt(outcome: Outcome) -> None:
    stops(outcome, CLIP_TO_BYTES_S)
    permit_falls(outcome, CLIP_TO_BYTES_S)


@pytest.mark.scenario("belt_killed")
def test_a_killed_belt_process_leaves_no_belt_running(outcome: Outcome) -> None:
    stops(outcome, DEATH_TO_BYTES_S, blind=True)
    permit_falls(outcome, DEATH_TO_BYTES_S)


@pytest.mark.scenario("belt_frozen")
def test_a_frozen_belt_process_leaves_no_belt_running_and_wakes_up_harmless(outcome: Outcome) -> None:
    stops(outcome, DEATH_TO_BYTES_S, blind=True)
    permit_falls(outcome, DEATH_TO_BYTES_S)


@pytest.mark.scenario("guard_killed")
def test_a_killed_guard_leaves_no_belt_running(outcome: Outcome) -> None:
    stops(outcome, DEATH_TO_BYTES_S)
    permit_falls(outcome, DEATH_TO_BYTES_S)


@pytest.mark.scenario("guard_frozen")
def test_a_frozen_guard_leaves_no_belt_running_and_wakes_up_harmless(outcome: Outcome) -> None:
    stops(outcome, DEATH_TO_BYTES_S)
    permit_falls(outcome, DEATH_TO_BYTES_S)


@pytest.mark.scenario("stopper_killed")
def test_a_killed_stopper_takes_nothing_with_it(outcome: Outcome) -> None:
    assert outcome.facts["walked on"] is True
    stops(outcome, CLIP_TO_BYTES_S)


@pytest.mark.scenario("stopper_frozen")
def test_a_frozen_stopper_takes_nothing_with_it(outcome: Outcome) -> None:
    assert outcome.facts["walked on"] is True
    stops(outcome, CLIP_TO_BYTES_S)


@pytest.mark.scenario("guard_and_belt_killed")
def test_with_guard_and_belt_process_killed_the_stopper_alone_stops_the_belt(outcome: Outcome) -> None:
    stops(outcome, DEATH_TO_BYTES_S, blind=True)
    permit_falls(outcome, DEATH_TO_BYTES_S)


# ---------------------------------------------------------------------------------------------- Bluetooth


@pytest.mark.scenario("bluetoothd_killed")
def test_a_killed_bluetoothd_costs_the_permit_at_once_and_the_belt_is_stopped_when_it_is_back(
    outcome: Outcome,
) -> None:
    falls_and_rests_once_it_is_back(outcome, DEATH_TO_BYTES_S)


@pytest.mark.scenario("bluetoothd_frozen")
def test_a_frozen_bluetoothd_costs_the_permit_and_the_belt_is_stopped_when_it_wakes(outcome: Outcome) -> None:
    falls_and_rests_once_it_is_back(outcome, LINK_TO_PERMIT_S)


@pytest.mark.scenario("bluetoothd_restarted")
def test_a_restarted_bluetoothd_ends_with_a_belt_at_rest(outcome: Outcome) -> None:
    falls_and_rests_once_it_is_back(outcome, DEATH_TO_BYTES_S)


@pytest.mark.scenario("radio_silent")
def test_a_silent_radio_costs_the_permit_and_the_belt_is_stopped_when_it_is_back(outcome: Outcome) -> None:
    falls_and_rests_once_it_is_back(outcome, LINK_TO_PERMIT_S)


@pytest.mark.scenario("adapter_gone")
def test_an_adapter_pulled_out_costs_the_permit_and_the_belt_is_stopped_when_it_is_back(outcome: Outcome) -> None:
    falls_and_rests_once_it_is_back(outcome, LINK_TO_PERMIT_S)


@pytest.mark.scenario("treadmill_unanswering")
def test_a_treadmill_that_answers_nothing_costs_the_permit_at_once_and_is_stopped_when_it_answers(
    outcome: Outcome,
) -> None:
    falls_and_rests_once_it_is_back(outcome, CLIP_TO_BYTES_S)
