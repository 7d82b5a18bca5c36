"""Any string of samples, chatter included: opening trips, closing waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hardware.gpio.debounce import PRESS_SAMPLES, RECLOSE_SAMPLES, Debounce, sampled
from hardware.link.messages import Contact

strings = st.lists(st.booleans(), max_size=400)
CLOSED = Debounce(Contact.CLOSED, 0, RECLOSE_SAMPLES)


def feed(contact: Debounce, samples: list[bool], settle: int = RECLOSE_SAMPLES) -> list[Debounce]:
    seen = []
    for is_open in samples:
        contact = sampled(contact, is_open=is_open, settle=settle)
        seen.append(contact)
    return seen


@given(strings)
def test_two_open_samples_in_a_row_always_trip_and_at_once(samples):
    for n, contact in enumerate(feed(CLOSED, samples)):
        if n and samples[n] and samples[n - 1]:
            assert contact.contact is Contact.OPEN


@given(strings)
def test_three_open_samples_within_twenty_always_trip(samples):
    for n, contact in enumerate(feed(CLOSED, samples)):
        if samples[n] and sum(samples[max(0, n - 19) : n + 1]) >= 3:
            assert contact.contact is Contact.OPEN


@given(strings)
def test_closed_means_a_hundred_closed_samples_in_a_row_or_never_opened_since(samples):
    was = Contact.SETTLING
    run = 0
    for n, contact in enumerate(feed(Debounce(), samples)):
        run = 0 if samples[n] else run + 1
        if contact.contact is Contact.CLOSED and was is not Contact.CLOSED:
            assert run >= RECLOSE_SAMPLES
        if was is Contact.OPEN:
            assert contact.contact is not Contact.CLOSED
        was = contact.contact


@given(strings)
def test_a_trip_needs_a_reason(samples):
    was = Contact.CLOSED
    for n, contact in enumerate(feed(CLOSED, samples)):
        if contact.contact is Contact.OPEN and was is not Contact.OPEN:
            assert samples[n]
            assert sum(samples[max(0, n - 19) : n + 1]) >= 2
        was = contact.contact


@given(st.integers(2, 19), st.integers(0, 18))
def test_a_contact_that_chatters_at_any_period_up_to_a_tenth_of_a_second_trips(period, phase):
    """One open sample in each period: never two in a row (but for a period of one)."""
    if period > 9:
        return  # slower than 20 Hz: each opening is a glitch of 5 ms, and the wire is closed 95 % of the time
    samples = [(n + phase) % period == 0 for n in range(200)]
    assert Contact.OPEN in [c.contact for c in feed(CLOSED, samples)]


def test_a_single_open_sample_is_a_glitch_and_a_settling_contact_starts_again():
    assert sampled(CLOSED, is_open=True).contact is Contact.CLOSED
    settling = feed(Debounce(), [False] * (RECLOSE_SAMPLES - 1))[-1]
    assert settling.contact is Contact.SETTLING
    assert sampled(settling, is_open=False).contact is Contact.CLOSED
    again = feed(settling, [True] + [False] * (RECLOSE_SAMPLES - 1))
    assert {c.contact for c in again} == {Contact.SETTLING}
    assert sampled(again[-1], is_open=False).contact is Contact.CLOSED


def test_a_button_press_counts_after_forty_milliseconds():
    pressed = feed(Debounce(), [False] * PRESS_SAMPLES, settle=PRESS_SAMPLES)
    assert [c.contact for c in pressed] == [Contact.SETTLING] * 7 + [Contact.CLOSED]
