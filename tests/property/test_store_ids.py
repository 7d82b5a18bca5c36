import uuid

from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.ids import IdSource, utc_ms_of

milliseconds = st.integers(min_value=0, max_value=(1 << 48) - 2_000_000)


@given(st.lists(milliseconds, min_size=2, max_size=60))
def test_identifiers_from_one_source_only_ever_grow_whatever_the_clock_does(times):
    ids = IdSource()
    made = [ids.new(ms) for ms in times]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


@given(milliseconds)
def test_an_identifier_is_a_uuid_of_version_7_that_tells_its_millisecond(ms):
    made = IdSource().new(ms)
    parsed = uuid.UUID(made)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert str(parsed) == made
    assert utc_ms_of(made) == ms


@given(st.lists(milliseconds, min_size=2, max_size=20, unique=True))
def test_identifiers_of_two_kiosks_sort_by_time(times):
    one, other = IdSource(), IdSource()
    times = sorted(times)
    made = [(one if index % 2 else other).new(ms) for index, ms in enumerate(times)]
    assert made == sorted(made)


def test_a_burst_in_one_millisecond_stays_in_order_past_the_counters_end():
    ids = IdSource(lambda n: b"\xff" * n)
    made = [ids.new(1000) for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert utc_ms_of(made[-1]) <= 1000 + 10_000 // 4096 + 1


def test_two_sources_do_not_meet():
    assert not {IdSource().new(5) for _ in range(200)} & {IdSource().new(5) for _ in range(200)}
