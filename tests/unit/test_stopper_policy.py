"""When the fallback writer writes, and when not."""

import itertools

import pytest

from hardware.constants import SENTRY_MISSING_S, STOPPER_GRACE_S
from hardware.link.messages import Sentry
from hardware.stopper import policy
from hardware.stopper.policy import Post

BUDGET_S = 6.0


def sentry(role, *, stop_now=False, at_rest=False, lease=True):
    return Sentry(role, lease, stop_now, at_rest, None)


class Watch:
    """A post, driven by hand; heard processes speak at every step."""

    def __init__(self, *, lease=True, resend=True):
        self.post = Post(trusts_until_s=0.0)
        self.lease, self.resend = lease, resend
        self.alive = {}

    def at(self, now_s):
        for word in self.alive.values():
            self.post = policy.hear(self.post, word, now_s)
        self.post, write = policy.step(self.post, now_s, lease=self.lease, budget_s=BUDGET_S, resend=self.resend)
        return write

    def times(self, begin_s, end_s, step_s=0.02):
        count = round((end_s - begin_s) / step_s)
        return [begin_s + n * step_s for n in range(count) if self.at(begin_s + n * step_s)]


def both_well(watch):
    watch.alive = {"guard": sentry("guard"), "belt": sentry("belt")}
    return watch


def test_while_guard_and_belt_process_live_it_writes_nothing():
    assert both_well(Watch()).times(10, 20) == []


def test_a_guard_that_lives_and_asks_is_obeyed_at_once():
    watch = both_well(Watch())
    watch.times(10, 11)
    watch.alive = {"guard": sentry("guard", stop_now=True)}
    assert watch.at(11.0)


def test_a_guard_that_has_just_come_back_is_not_believed_over_a_belt_process_that_sees_the_belt_at_rest():
    watch = Watch()
    watch.alive = {"belt": sentry("belt", at_rest=True), "guard": sentry("guard", stop_now=True)}
    assert watch.times(10, 12) == []
    del watch.alive["belt"]  # silent: what it said is history
    assert watch.times(12, 13)


def test_it_is_repeated_within_500_ms_until_the_budget_is_over():
    watch = Watch()
    watch.alive = {"guard": sentry("guard", stop_now=True)}
    times = watch.times(10, 20)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) <= 0.5 + 1e-9
    assert min(gaps) >= 0.4  # a treadmill that is busy answering takes nothing else
    assert times[0] == 10
    assert 15.5 <= times[-1] <= 10 + BUDGET_S + 1e-9


def test_it_ends_when_the_guard_no_longer_asks():
    watch = Watch()
    watch.alive = {"guard": sentry("guard", stop_now=True)}
    assert watch.at(10.0)
    watch.alive = {"guard": sentry("guard")}
    assert watch.times(10.02, 20) == []


def test_both_silent_with_the_lease_open_is_an_alarm_after_300_ms():
    watch = both_well(Watch())
    watch.times(10, 11)
    watch.alive = {}
    times = watch.times(11, 12)
    assert 0 < times[0] - 10.98 - SENTRY_MISSING_S <= 0.05


def test_both_silent_without_a_lease_is_none_of_its_business():
    watch = both_well(Watch(lease=False))
    watch.times(10, 11)
    watch.alive = {}
    assert watch.times(11, 20) == []


@pytest.mark.parametrize("left", ["guard", "belt"])
def test_one_of_the_two_alive_is_enough_to_keep_it_quiet(left):
    watch = both_well(Watch())
    watch.times(10, 11)
    watch.alive = {left: sentry(left)}
    assert watch.times(11, 20) == []


def test_a_closed_socket_counts_as_silence_at_once():
    watch = both_well(Watch())
    watch.at(10.0)
    watch.alive = {}
    watch.post = policy.lose(policy.lose(watch.post, "guard"), "belt")
    assert watch.at(10.02)


def test_a_belt_known_at_rest_is_never_written_to():
    watch = Watch()
    watch.alive = {"guard": sentry("guard", stop_now=True, at_rest=True)}
    assert watch.times(10, 11) == []
    watch.alive = {}
    assert watch.times(11, 20) == []


def test_the_newest_word_on_rest_counts():
    watch = Watch()
    watch.post = policy.hear(watch.post, sentry("belt", at_rest=True), 9.0)
    watch.post = policy.hear(watch.post, sentry("guard", at_rest=False), 9.5)
    assert watch.at(10.0)


def test_someone_back_ends_the_alarm_and_a_new_silence_is_a_new_one():
    watch = Watch()
    assert watch.at(10.0)
    watch.alive = {"belt": sentry("belt")}
    assert watch.times(10.02, 20) == []
    watch.alive = {}
    assert len(watch.times(20.5, 26.5)) >= 11


def test_just_started_it_gives_the_others_time_to_come():
    watch = Watch()
    watch.post = Post(trusts_until_s=10.0 + STOPPER_GRACE_S)
    assert watch.times(10, 10.98) == []
    assert watch.at(11.0)


def test_a_machine_that_starts_on_a_second_stop_gets_one_that_it_took():
    watch = Watch(resend=False)
    assert watch.at(10.0)
    watch.post = policy.wrote(watch.post, confirmed=False)
    assert watch.at(10.5)
    watch.post = policy.wrote(watch.post, confirmed=True)
    assert watch.times(10.52, 20) == []


def test_the_last_word_counts_after_its_socket_is_closed():
    watch = Watch()
    watch.post = policy.hear(watch.post, sentry("belt", at_rest=True), 9.9)
    watch.post = policy.lose(watch.post, "belt")
    assert watch.times(10, 20) == []
    other = Watch()
    other.post = policy.hear(other.post, sentry("guard", at_rest=True), 9.9)
    other.post = policy.lose(other.post, "guard")
    assert other.times(10, 20) == []


def test_a_closed_socket_of_one_says_nothing_of_the_other():
    post = policy.hear(policy.hear(Post(trusts_until_s=0.0), sentry("guard"), 9.9), sentry("belt"), 9.9)
    lost = policy.lose(post, "guard")
    assert lost.belt == post.belt
    assert lost.guard.connected is False
    lost = policy.lose(post, "belt")
    assert lost.guard == post.guard
    assert lost.belt.connected is False
    assert policy.lose(Post(trusts_until_s=0.0), "belt") == Post(trusts_until_s=0.0)


def test_stops_that_were_taken_are_counted_one_by_one_and_anew_for_each_alarm():
    watch = Watch()
    watch.at(10.0)
    for count in (1, 2, 3):
        watch.post = policy.wrote(watch.post, confirmed=True)
        assert watch.post.confirmed == count
    watch.alive = {"belt": sentry("belt")}
    watch.at(10.02)
    assert watch.post.confirmed == 0


def test_a_new_alarm_writes_at_once_however_short_ago_the_last_one_wrote():
    watch = Watch()
    for asked, now_s in ((True, 10.0), (False, 10.02), (True, 10.04)):
        watch.alive = {"guard": sentry("guard", stop_now=asked)}
        assert watch.at(now_s) is asked


def test_the_limits_of_time_themselves_count():
    watch = Watch()
    assert watch.at(0.0)
    assert watch.at(BUDGET_S)
    assert policy.Word(sentry("guard"), 0.0).alive(SENTRY_MISSING_S)


def test_each_alarm_has_its_reason():
    watch = Watch()
    watch.at(10.0)
    assert watch.post.reason == "guard and belt process are silent"
    watch.alive = {"guard": sentry("guard", stop_now=True)}
    watch.at(10.02)
    assert watch.post.reason == "the guard asks"
    watch.alive = {"guard": sentry("guard")}
    watch.at(10.04)
    assert watch.post.reason == ""


def test_of_two_last_words_heard_together_the_one_that_knows_of_motion_is_believed():
    watch = Watch()
    watch.alive = {"guard": sentry("guard", at_rest=True), "belt": sentry("belt")}
    watch.at(10.0)
    watch.alive = {}  # both are gone just as the belt was started
    assert watch.times(10.02, 11)
