"""A stop that begins with a trial, against the ladder's hostile treadmills: nothing is lost but the time agreed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from hardware.belt import stop, trial
from hardware.belt.ftms.codec import PAUSE, REQUEST_CONTROL, STOP
from hardware.belt.treadmill import Motion
from hardware.config.profiles import Profile, Quirks
from hardware.constants import NOT_FALLING_S, TICK_S, WRITE_DEADLINE_S
from hardware.link.messages import StopBy, StopOutcome
from tests.property.test_stop_ladder import SLOWEST, SLOWEST_CKMH, Plant, natures

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)

pauses = st.sampled_from(("obeyed", "ignored", "slows"))


class PausingPlant(Plant):
    """The ladder's plant, and what `08 02` does to it."""

    def __init__(self, nature, speed, profile, pause):
        super().__init__(nature, speed, profile)
        self.pause = pause

    def _obey(self, payload):
        if payload == PAUSE and self.granted and self.nature.answer == 1:
            if self.pause == "obeyed":
                self.stopping, self.moves_at = True, None
            elif self.pause == "slows":
                self.speed = self.top = max(self.speed * 0.6, 1.0)
        return super()._obey(payload)


def stop_with(by, nature, speed, pause, seconds):
    """Every step: (plant, sight, payload, trial or None once the ladder has it)."""
    profile = Profile(start_latency_s=nature.latency_s, data_period_s=nature.period_s)
    machine = stop.rungs(Quirks(), SLOWEST_CKMH, SLOWEST)
    plant = PausingPlant(nature, float(speed), profile, pause)
    one, ladder = trial.begin(by, 7, plant.now, plant.generation), None
    for _ in range(round(seconds / TICK_S)):
        reports, plant.reports = plant.reports, []
        sight = plant.sight()
        payload = b""
        if not one.over:
            act = trial.step(one, plant.now, sight, reports)
            one, payload = act.trial, act.payload
            assert not (act.cut and payload)
        if one.over and not payload:
            ladder = ladder or stop.begin(plant.now, sight.generation)
            result = stop.step(ladder, plant.now, sight, machine, reports)
            ladder, payload = result.ladder, result.payload
        if payload:
            plant.pending = (plant.now, payload)
        yield plant, sight, payload, one
        plant.step()


@settings(phases=PHASES, max_examples=30, deadline=None)
@given(natures, st.integers(81, 400), pauses)
def test_a_pause_trial_writes_only_pauses_and_only_to_a_belt_seen_moving(nature, speed, pause):
    first = None
    for _, sight, payload, one in stop_with(StopBy.PAUSE, nature, speed, pause, 12.0):
        if not one.over:
            assert payload in (b"", PAUSE)
        if payload == PAUSE:
            assert sight.motion is Motion.MOVING
            assert sight.control
        if payload and first is None:
            first = payload
    event(f"first {first!r}")


@settings(phases=PHASES, max_examples=30, deadline=None)
@given(natures, st.integers(81, 400), pauses)
def test_a_pause_works_only_where_it_alone_brought_the_belt_to_rest(nature, speed, pause):
    writes = []
    for plant, sight, payload, one in stop_with(StopBy.PAUSE, nature, speed, pause, 25.0):
        if payload:
            writes.append(payload)
        if one.over:
            if one.pause_works:
                assert set(writes) <= {PAUSE}
                assert sight.motion is Motion.REST
                assert plant.speed == 0.0
                assert one.outcome is StopOutcome.AT_REST
            event(f"pause works: {one.pause_works}")
            break


@settings(phases=PHASES, max_examples=30, deadline=None)
@given(natures, st.integers(81, 400), st.sampled_from(("ignored",)))
def test_where_the_pause_does_nothing_the_ladder_has_the_belt_within_two_periods_and_a_second(nature, speed, pause):
    steady = replace(nature, loses_control_s=None, cut=None)
    bound_s = WRITE_DEADLINE_S + 2 * NOT_FALLING_S + 2 * nature.period_s + 0.5
    for plant, sight, _, one in stop_with(StopBy.PAUSE, steady, speed, pause, 25.0):
        if one.over or sight.motion is not Motion.MOVING:
            break
        assert plant.now - 100.0 <= bound_s


@settings(phases=PHASES, max_examples=25, deadline=None)
@given(natures, st.integers(81, 400))
def test_a_link_trial_writes_nothing_until_it_is_over_and_is_over_in_its_time(nature, speed):
    cut = replace(nature, cut=(0.0, 6.5))
    for plant, _, payload, one in stop_with(StopBy.UNLINK, cut, speed, "ignored", 20.0):
        if not one.over:
            assert payload == b""
            assert plant.now - 100.0 <= trial.UNLINK_S
        elif payload:
            assert payload in (REQUEST_CONTROL, STOP, SLOWEST)
