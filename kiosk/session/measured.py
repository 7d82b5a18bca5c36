"""The belt's own speed, as measured: what the screen may show of it, and what the record keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import Status
from hardware.units import distance_m
from kiosk.session.actions import Record
from kiosk.session.model import GAP_S, MEASURED_FRESH_S
from kiosk.session.turn import Turn
from kiosk.store.records import Sample

SAMPLE_S: Final = 1.0


def fresh_measured(status: Status) -> int | None:
    """The belt's speed, 0.01 km/h; None: unknown, or too old to be called one."""
    if status.measured_ckmh is None or status.measured_age_s is None or status.measured_age_s > MEASURED_FRESH_S:
        return None
    return status.measured_ckmh


def measure(t: Turn, status: Status) -> None:
    """Time, distance and the trace of a moving belt, from what was measured; a sample a second to the record."""
    stay = t.stay
    dt = min(max(t.now_s - stay.measured_s, 0.0), 1.0) if stay.measured_s > float("-inf") else 0.0
    measured = status.measured_ckmh
    walked = stay.walked
    if measured is not None and measured > 0:
        walked = replace(
            walked,
            walk_s=walked.walk_s + dt,
            distance_m=walked.distance_m + distance_m(measured, dt),
            top_ckmh=max(walked.top_ckmh, measured),
        )
    t.stay = replace(stay, walked=walked, measured_s=t.now_s)
    if not stay.opened or stay.closed or t.now_s - stay.sampled_s < SAMPLE_S - GAP_S:
        return
    trace = walked.trace if measured is None else (*walked.trace, (round(walked.walk_s, 2), measured))
    t.stay = replace(t.stay, sampled_s=t.now_s, walked=replace(walked, trace=trace))
    t.actions.append(
        Record(
            Sample(
                stay.id,
                round(t.now_s - stay.began_s, 3),
                measured,
                status.commanded_ckmh,
                status.incline_dpct,
            )
        )
    )
