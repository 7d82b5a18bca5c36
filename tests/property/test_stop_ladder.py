"""The stop ladder against treadmills that answer late, wrongly or never, ignore, toggle, lose control or the link.

The plant is small and hostile; what the ladder sees goes through the same readings and the same idea of rest as in
the belt process.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from hardware.belt import stop
from hardware.belt.ftms.codec import PAUSE, REQUEST_CONTROL, STOP, encode_target_speed
from hardware.belt.stop import Rungs, Sight
from hardware.belt.treadmill import Motion, Outcome, Readings, Report, motion, take
from hardware.config.profiles import Profile, Quirks
from hardware.constants import STOP_RESEND_S, TICK_S, WRITE_DEADLINE_S
from hardware.link.messages import StopOutcome

SLOWEST_CKMH = 80
SLOWEST = encode_target_speed(SLOWEST_CKMH)
EPS = 1e-6
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking a climb of 700 steps takes minutes


@dataclass(frozen=True)
class Nature:
    """How this treadmill is."""

    period_s: float
    write_s: float  # until the ATT response; above the deadline: it times out
    answer: int | None  # result of 08 01; None: no indication
    grants: bool
    obeys: bool
    toggles: bool
    decel_ckmh_s: float
    turned_away: int  # so many writes are turned away first
    start_s: float | None  # `07` so long before the stop; None: running for long
    latency_s: float
    cut: tuple[float, float] | None  # the link is down from, for
    loses_control_s: float | None


natures = st.builds(
    Nature,
    period_s=st.sampled_from((0.1, 0.3, 1.0, 2.0)),
    write_s=st.sampled_from((0.02, 0.06, 0.2, 0.4)),
    answer=st.sampled_from((1, 1, 1, None, 2, 4, 5)),
    grants=st.booleans(),
    obeys=st.booleans(),
    toggles=st.booleans(),
    decel_ckmh_s=st.sampled_from((20.0, 60.0, 150.0)),
    turned_away=st.integers(0, 5),
    start_s=st.none() | st.floats(0.0, 6.0),
    latency_s=st.sampled_from((0.5, 3.0, 6.0)),
    cut=st.none() | st.tuples(st.floats(0.0, 6.0), st.floats(0.1, 4.0)),
    loses_control_s=st.none() | st.floats(0.0, 6.0),
)


class Plant:
    """One treadmill, its link, and what the belt process knows of it."""

    def __init__(self, nature: Nature, speed: float, profile: Profile) -> None:
        self.nature, self.profile = nature, profile
        self.now = 100.0
        self.started_at = None if nature.start_s is None else self.now - nature.start_s
        self.moves_at = None if self.started_at is None else self.started_at + nature.latency_s
        self.speed = 0.0 if self.moves_at is not None and self.moves_at > self.now else speed
        self.top = speed
        self.stopping = False
        self.readings = Readings()
        self.next_data = self.now - 3 * nature.period_s
        self.generation = 1
        self.control = True  # as the belt process has it
        self.granted = True  # as the treadmill has it
        self.linked = True
        self.pending: tuple[float, bytes] | None = None
        self.answers: list[tuple[float, bytes, int]] = []
        self.turned_away = nature.turned_away
        self.reports: list[Report] = []
        for _ in range(4):
            self._data(self.next_data)

    def _data(self, at: float) -> None:
        self.readings = take(self.readings, round(self.speed), 0, at, self.profile.stale_s)
        self.next_data = at + self.nature.period_s

    def step(self) -> None:
        self.now += TICK_S
        nature, begun = self.nature, 100.0
        if self.moves_at is not None and self.now >= self.moves_at and not self.stopping:
            self.speed, self.moves_at = min(self.top, self.speed + 2.0), self.moves_at
        if self.stopping:
            self.speed = max(0.0, self.speed - nature.decel_ckmh_s * TICK_S)
        if nature.loses_control_s is not None and 0 <= self.now - begun - nature.loses_control_s < TICK_S:
            self.control = self.granted = False
        if nature.cut is not None:
            self._link(begun + nature.cut[0], begun + nature.cut[0] + nature.cut[1])
        if self.linked and self.now >= self.next_data:
            self._data(self.now)
        if self.pending is not None:
            self._arrive()
        due = [answer for answer in self.answers if answer[0] <= self.now]
        self.answers = [answer for answer in self.answers if answer[0] > self.now]
        for _, op, result in due:
            if op == REQUEST_CONTROL and result == 1:
                self.control = True
            if result == 5:
                self.control = False
            self.reports.append(Report(Outcome.ANSWERED, op, self.now, result, generation=self.generation))

    def _link(self, lost: float, back: float) -> None:
        up = not lost <= self.now < back
        if self.linked and not up:
            self.linked, self.control, self.granted, self.pending = False, False, False, None
            self.answers.clear()
            self.reports.clear()
        elif up and not self.linked:
            self.linked, self.generation = True, self.generation + 1
            self.readings = Readings(seq=self.readings.seq)
            self.next_data = self.now + self.nature.period_s

    def _arrive(self) -> None:
        written_at, payload = self.pending
        deadline_s = stop.deadline_s(payload)
        if self.nature.write_s > deadline_s:
            if self.now - written_at >= deadline_s - EPS:
                self.pending = None
                self._report(Outcome.TIMED_OUT, payload)
            return
        if self.now - written_at < self.nature.write_s:
            return
        self.pending = None
        if self.turned_away:
            self.turned_away -= 1
            self._report(Outcome.TURNED_AWAY, payload)
            return
        self._report(Outcome.WRITTEN, payload)
        result = self._obey(payload)
        if result is not None:
            self.answers.append((self.now + 0.05, payload[:1], result))

    def _report(self, outcome: Outcome, payload: bytes) -> None:
        self.reports.append(Report(outcome, payload, self.now, generation=self.generation))

    def _obey(self, payload: bytes) -> int | None:
        if payload == REQUEST_CONTROL:
            self.granted = self.nature.grants
            return 1 if self.nature.grants else 5
        if not self.granted:
            return 5
        standing = self.speed == 0.0 and (self.stopping or self.moves_at is None)
        if payload == STOP and self.nature.obeys:
            if standing and self.nature.toggles:
                self.stopping, self.moves_at = False, self.now + self.nature.latency_s
            else:
                self.stopping, self.moves_at = True, None
        return self.nature.answer

    def sight(self) -> Sight:
        now = self.now
        fresh = self.readings.at_s is not None and now - self.readings.at_s <= self.profile.stale_s
        return Sight(
            motion=motion(self.readings, self.profile, self.started_at, now),
            speed_ckmh=self.readings.speed_ckmh if fresh else None,
            reading_at_s=self.readings.at_s,
            linked=self.linked,
            busy=self.pending is not None,
            control=self.control,
            generation=self.generation,
        )


def climb(nature: Nature, speed: int, quirks: Quirks, seconds: float):
    """Every step of one stop: (sight, ladder after, payload, outcome)."""
    profile = Profile(start_latency_s=nature.latency_s, data_period_s=nature.period_s, quirks=quirks)
    machine = stop.rungs(quirks, SLOWEST_CKMH, SLOWEST)
    plant = Plant(nature, float(speed), profile)
    ladder = stop.begin(plant.now, plant.generation)
    for _ in range(round(seconds / TICK_S)):
        reports, plant.reports = plant.reports, []
        sight = plant.sight()
        result = stop.step(ladder, plant.now, sight, machine, reports)
        ladder = result.ladder
        if result.payload:
            plant.pending = (plant.now, result.payload)
        yield plant, sight, machine, result
        plant.step()


quirks = st.builds(
    Quirks,
    pause_unsupported=st.booleans(),
    toggle_stop=st.booleans(),
    zero_debounce_s=st.sampled_from((0.0, 0.0, 3.0)),
)


@settings(phases=PHASES, max_examples=120, deadline=None)
@given(natures, st.integers(30, 400), quirks)
def test_no_byte_outside_the_ladder_and_each_only_where_it_may(nature, speed, machine_quirks):
    for _, sight, machine, result in climb(nature, speed, machine_quirks, 14.0):
        payload = result.payload
        assert payload in (b"", REQUEST_CONTROL, STOP, PAUSE, SLOWEST)
        if payload:
            assert sight.linked
            assert not sight.busy
            assert sight.motion is not Motion.REST
        if payload == REQUEST_CONTROL:
            assert not sight.control
        if payload == PAUSE:
            assert machine.pause
        if payload == SLOWEST:
            assert sight.motion is Motion.MOVING
            assert sight.speed_ckmh > SLOWEST_CKMH
        assert (result.outcome is StopOutcome.AT_REST) == (sight.motion is Motion.REST)


@settings(phases=PHASES, max_examples=120, deadline=None)
@given(natures, st.integers(30, 400), st.booleans())
def test_while_the_belt_moves_or_nobody_knows_no_500_ms_pass_without_a_stop(nature, speed, pause):
    since = None  # last stop, or since when one is owed
    for plant, sight, _, result in climb(nature, speed, Quirks(pause_unsupported=not pause), 14.0):
        owed = sight.linked and sight.motion in (Motion.MOVING, Motion.UNKNOWN) and not result.ladder.toggles
        if not owed:
            since = None
            continue
        since = plant.now if since is None or result.payload == STOP else since
        assert plant.now - since <= STOP_RESEND_S + EPS
        event(f"owed {sight.motion}")


@settings(phases=PHASES, max_examples=80, deadline=None)
@given(natures, st.integers(30, 400), quirks)
def test_the_very_first_step_with_a_link_stops_a_belt_that_is_not_at_rest(nature, speed, machine_quirks):
    for _, sight, machine, result in climb(nature, speed, machine_quirks, TICK_S):
        if sight.linked and sight.motion is not Motion.REST and sight.control and machine.resend:
            assert result.payload == STOP


@settings(phases=PHASES, max_examples=60, deadline=None)
@given(natures, st.integers(30, 250))
def test_a_treadmill_that_obeys_comes_to_rest_even_one_that_starts_on_a_second_stop(nature, speed):
    if not nature.obeys or nature.write_s > WRITE_DEADLINE_S or not nature.grants or nature.answer not in (1, None):
        return
    if nature.toggles and (nature.answer is None or nature.decel_ckmh_s < 50 or nature.cut is not None):
        return  # it never says that it took a stop, or does not visibly slow between two readings
    last = None
    for plant, sight, _, _ in climb(nature, speed, Quirks(), 60.0):
        last = (plant.speed, sight.motion)
        if sight.motion is Motion.REST and plant.moves_at is None:
            break
    assert last == (0.0, Motion.REST)


def test_a_machine_known_to_toggle_gets_no_second_stop_once_it_stands():
    nature = Nature(1.0, 0.06, 1, True, True, True, 150.0, 0, None, 3.0, None, None)
    stood = False
    for plant, _, _, result in climb(nature, 150, Quirks(toggle_stop=True), 20.0):
        stood = stood or plant.speed == 0.0
        assert not (stood and result.payload), f"{result.payload.hex()} to a belt that stands"
        assert plant.speed == 0.0 or not stood


def test_rungs_without_a_speed_have_only_stop():
    assert stop.rungs(Quirks(), None, b"") == Rungs()
