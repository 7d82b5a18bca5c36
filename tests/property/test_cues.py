"""How much is said, and when it is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.assets import assets_directory
from kiosk.coach.cues import CueClass, CueError, Moment, Request, Speaker, parse_cues, speak
from kiosk.content import read_books, read_rules

ASSETS = assets_directory()
CORE = read_rules(ASSETS)
RULES = CORE.cues
BOOK = read_books(ASSETS)["en"]
TECHNIQUE = tuple(id_ for id_ in BOOK if id_[0] == "T")


@st.composite
def hours(draw):
    """Four minutes of requests, as (when, cue, event), and the changes of speed in them."""
    asked = draw(
        st.lists(st.tuples(st.integers(0, 1199), st.sampled_from(sorted(BOOK)), st.integers(0, 2)), max_size=60)
    )
    changes = sorted(draw(st.sets(st.integers(1, 23), max_size=6)))
    return sorted(asked), [10.0 * c for c in changes], draw(st.booleans())


def listen(asked, changes, quiet_walker, offers=TECHNIQUE, seconds=240):
    speaker, said = Speaker(), []
    asked = list(asked)
    for tick in range(seconds * 5):
        now = tick / 5
        requests = []
        while asked and asked[0][0] <= tick:
            _, cue, event = asked.pop(0)
            requests.append(Request(cue, now, str(event)))
        moment = Moment(
            walk_from_s=0.0,
            changed_s=max((c for c in changes if c <= now), default=float("-inf")),
            next_change_s=min((c for c in changes if c > now), default=None),
            announce_s=10.0,
            needs_no_technique=quiet_walker,
        )
        speaker, cue = speak(speaker, tuple(requests), offers, moment, now, BOOK, RULES)
        if cue is not None:
            said.append((now, cue, moment))
    return said, speaker


@given(hours())
@settings(max_examples=30, deadline=None)
def test_cues_keep_their_distance(made):
    asked, changes, quiet_walker = made
    said, _ = listen(asked, changes, quiet_walker)
    last_any = last_technique = muted = float("-inf")
    last_of: dict[str, float] = {}
    others: list[float] = []
    for now, cue, moment in said:
        if cue.gap_s is not None:
            assert now - last_of.get(cue.id, float("-inf")) >= cue.gap_s
        if cue.rank is CueClass.SAFETY:
            muted = now + RULES.safety_mute_s
        else:
            assert now >= muted
            assert now - last_any >= (RULES.mount_gap_s if cue.id[0] in "UM" else RULES.gap_s)
            if cue.rank is not CueClass.CHANGE:
                limit = RULES.first_minute if now < 60 else RULES.per_minute
                assert sum(now - t < 60 for t in others) < limit
                assert now - moment.changed_s >= RULES.change_quiet_s
                assert moment.next_change_s is None or moment.next_change_s - now >= RULES.before_change_s
            others.append(now)
        if cue.rank is CueClass.TECHNIQUE:
            assert now - last_technique >= RULES.technique_gap_s
            assert not (quiet_walker and now >= 60)
            last_technique = now
        last_any = last_of[cue.id] = now


@given(hours())
@settings(max_examples=25, deadline=None)
def test_safety_is_said_in_the_tick_in_which_it_is_asked_for(made):
    asked, changes, quiet_walker = made
    urgent = {t: cue for t, cue, _ in asked if cue[0] == "X" and BOOK[cue].gap_s == 0}
    said, _ = listen(asked, changes, quiet_walker)
    heard = {(round(now * 5), cue.id) for now, cue, _ in said}
    for tick in urgent:
        assert any((tick, cue) in heard for cue in BOOK if cue[0] == "X")


def one(speaker, cue, now, event="", reminder=False):
    return speak(speaker, (Request(cue, now, event, reminder),), (), Moment(), now, BOOK, RULES)


def test_a_safety_cue_interrupts_and_silences_what_was_about_to_be_said():
    speaker, cue = one(Speaker(), "G2", 0.0)
    speaker, cue = speak(speaker, (Request("G3", 1.0),), (), Moment(), 1.0, BOOK, RULES)
    assert cue is None
    speaker, cue = one(speaker, "X9", 2.0)
    assert cue is not None
    assert (cue.id, speaker.pending) == ("X9", ())
    assert speaker.shown(2.0) is cue


def test_of_two_at_once_the_higher_class_is_said_and_the_other_dropped_when_stale():
    requests = (Request("N1", 0.0), Request("G2", 0.0))
    speaker, cue = speak(Speaker(), requests, (), Moment(), 0.0, BOOK, RULES)
    assert cue is not None
    assert cue.id == "G2"
    for tick in range(1, 200):
        speaker, cue = speak(speaker, (), (), Moment(), tick / 10, BOOK, RULES)
        assert cue is None


def test_once_an_event_means_once_an_event():
    speaker, first = one(Speaker(), "G3", 0.0, event="4")
    speaker, again = one(speaker, "G3", 60.0, event="4")
    speaker, other = one(speaker, "G3", 120.0, event="7")
    assert first is not None
    assert again is None
    assert other is not None


def test_a_safety_cue_as_a_timed_reminder_interrupts_nothing_and_comes_every_ninety_seconds():
    speaker, said = Speaker(), []
    for tick in range(4000):
        speaker, cue = speak(speaker, (), ("X6", "X4", "X7"), Moment(walk_from_s=0.0), tick / 10, BOOK, RULES)
        if cue is not None:
            said.append((tick / 10, cue.id))
    assert said == [(0.0, "X6"), (90.0, "X4"), (180.0, "X7"), (270.0, "X6"), (360.0, "X4")]
    assert speaker.muted_until_s < 0


def test_what_was_said_at_the_mount_does_not_silence_the_first_minute_of_the_walk():
    speaker = Speaker()
    for at_s, cue in ((0.0, "U7"), (5.0, "U8"), (13.0, "U9"), (17.0, "M1"), (21.0, "M2")):
        speaker, said = one(speaker, cue, at_s, "mount")
        assert said is not None
    speaker, said = speak(speaker, (), ("M3", "M4"), Moment(walk_from_s=32.0), 32.0, BOOK, RULES)
    assert said is not None
    assert said.id == "M3"


def test_technique_goes_round_by_what_was_not_heard_for_longest():
    said, _ = listen([], [], False, offers=("T1", "T8", "T7"), seconds=600)
    assert [cue.id for _, cue, _ in said[:6]] == ["T1", "T8", "T7", "T1", "T8", "T7"]


def test_a_cue_stands_on_the_screen_for_its_time_and_no_longer():
    speaker, cue = one(Speaker(), "T1", 10.0)
    assert speaker.shown(10.0 + RULES.show_s - 0.1) is cue
    assert speaker.shown(10.0 + RULES.show_s) is None


WHEN = '[T1]\nwhen = "x"\ngap_s = 60\n'
WORDS = '[T1]\nsay = "Toes first."\nshow = ["Toes first."]\n'


@pytest.mark.parametrize(
    ("when", "words", "said"),
    [
        (WHEN, WORDS.replace("Toes first.", "one two three four five six seven eight nine", 1), "at most 8 words"),
        (WHEN, WORDS.replace('["Toes first."]', '["Toes first, and then the heel."]'), "22 characters"),
        (WHEN, WORDS.replace('["Toes first."]', '["a", "b", "c"]'), "one or two lines"),
        (WHEN.replace("gap_s = 60", ""), WORDS, "either gap_s or once"),
        (WHEN.replace("T1", "T2"), WORDS, "do not match for T1, T2"),
        (WHEN.replace("T1", "Q1"), WORDS.replace("T1", "Q1"), '"Q1" is no cue id'),
        (WHEN, WORDS.replace("say", "sya"), "unknown field `sya`"),
        (WHEN, "[T1", "not valid TOML"),
    ],
)
def test_a_cue_file_that_cannot_be_used_says_why(when, words, said):
    with pytest.raises(CueError, match=said):
        parse_cues(when, words, "xx.toml")
