"""Promises of scenarios that are no part of the system test: `python -m tests.system.repeats --times N NAME`.

A new one is tried here until it is known how it fares on a busy host.
"""

from __future__ import annotations

import pytest

from tests.system.outcome import Outcome
from tests.system.test_system import BACK_TO_READY_S, CLIP_TO_BYTES_S, permit_falls, stops

PAIRED_S = 60.0
"""Connected, refused, paired, and asked again for what timed out meanwhile; the peer is emulated as well."""


@pytest.mark.scenario("pairing_wanted")
def test_a_treadmill_that_wants_pairing_is_paired_once_and_driven_as_any_other(outcome: Outcome) -> None:
    assert outcome.facts["paired"] is True
    assert outcome.facts["ready_s"] <= PAIRED_S
    assert outcome.facts["ready_again_s"] <= BACK_TO_READY_S
    stops(outcome, CLIP_TO_BYTES_S)
    permit_falls(outcome, CLIP_TO_BYTES_S)
