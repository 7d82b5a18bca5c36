import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.records import Sample
from kiosk.store.repositories.sessions import figures_of
from kiosk.store.trace import TraceError, pack, thinned, unpack
from tests.support.record import samples

speeds = st.integers(0, 65535)
traces = st.lists(
    st.tuples(st.integers(0, 10_000_000), st.none() | speeds, speeds, st.none() | st.integers(-32768, 32767)),
    max_size=60,
    unique_by=lambda row: row[0],
).map(lambda rows: [Sample("x", t_ms / 1000, m, c, i) for t_ms, m, c, i in sorted(rows, key=lambda row: row[0])])


@given(traces)
def test_a_packed_trace_unpacks_to_the_same_samples(walk):
    assert unpack("x", pack(walk)) == walk


@given(st.binary(max_size=200))
def test_bytes_that_are_no_trace_are_named_never_a_crash(junk):
    with pytest.raises(TraceError):
        unpack("x", junk)


def test_a_steady_ten_minutes_take_a_few_dozen_bytes():
    assert len(pack(samples("x", 600))) < 60


@given(st.lists(st.integers(50, 560), min_size=20, max_size=200), st.integers(2, 15))
def test_thinning_keeps_distance_and_length_within_a_step(walked, step_s):
    walk = [Sample("x", float(t), speed, speed, 0) for t, speed in enumerate(walked)]
    thin = thinned(walk, step_s)
    assert len(thin) == -(-len(walk) // step_s)
    assert {sample.t_s % step_s for sample in thin} == {0.0}
    whole = sum(walked)
    kept = sum((s.measured_ckmh or 0) * min(step_s, len(walk) - int(s.t_s)) for s in thin)
    assert abs(kept - whole) <= len(walk)
    assert figures_of(thin)[2] <= figures_of(walk)[2]
