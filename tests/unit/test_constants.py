"""The numbers of safety.md's table, written out once more: most tests take theirs from the module that they test."""

from __future__ import annotations

import pytest

from hardware import constants as c
from hardware.config.profiles import UNCOMMISSIONED, Profile

TABLE = {
    "SAMPLE_S": 0.005,
    "TICK_S": 0.020,
    "OPEN_SAMPLES": 2,
    "TICK_LATE_S": 0.060,
    "TICK_LATE_MAX_S": 0.250,
    "WISH_MISSING_S": 0.300,
    "SCREEN_MISSING_S": 0.500,
    "TELEMETRY_PERIODS": 3.0,
    "TELEMETRY_STALE_MIN_S": 2.5,
    "RECLOSE_S": 0.500,
    "ARM_WINDOW_S": 30.0,
    "CONSENT_AGE_S": 30.0,
    "START_TIMEOUT_S": 10.0,
    "START_TIMEOUT_MARGIN_S": 4.0,
    "REST_START_MARGIN_S": 2.0,
    "RISE_STEP_CKMH": 33,
    "RISE_SPACING_S": 3.0,
    "OVERSPEED_MARGIN_CKMH": 30,
    "OVERSPEED_S": 0.300,
    "DEVIATION_CKMH": 50,
    "DEVIATION_S": 3.0,
    "STILL_READINGS": 2,
    "STILL_S": 1.0,
    "STOP_RESEND_S": 0.500,
    "WRITE_DEADLINE_S": 0.250,
    "NOT_FALLING_S": 1.0,
    "STOP_BUDGET_UNCOMMISSIONED_S": 6.0,
    "STOP_BUDGET_FACTOR": 1.3,
    "STOP_BUDGET_MARGIN_S": 0.5,
    "SOFT_RAMP_CKMH_PER_S": 32,  # 0.2 mph
    "CAP_UNCOMMISSIONED_CKMH": 200,
    "CAP_SUPERVISED_CKMH": 200,
    "CAP_MAX_CKMH": 563,  # 3.5 mph
    "OPENING_VALID_S": 64_800.0,  # 18 h
}


@pytest.mark.parametrize(("name", "value"), TABLE.items())
def test_each_constant_is_that_of_the_table(name, value):
    assert getattr(c, name) == value


def test_what_follows_from_them_does():
    measured = Profile(stop_time_s=2.0, start_latency_s=9.0, data_period_s=1.5)
    assert (UNCOMMISSIONED.stop_budget_s, UNCOMMISSIONED.start_timeout_s, UNCOMMISSIONED.stale_s) == (6.0, 10.5, 3.0)
    assert (measured.stop_budget_s, measured.start_timeout_s, measured.stale_s) == (3.1, 13.0, 4.5)
    assert Profile(start_latency_s=2.0, data_period_s=0.2).start_timeout_s == 10.0
    assert Profile(data_period_s=0.2).stale_s == 2.5
