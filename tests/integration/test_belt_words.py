"""What staff read in each situation of binding a treadmill: what is the matter, and what to do."""

from dataclasses import replace

import pytest

from hardware.config.profiles import Profile
from hardware.link.messages import LinkState, WishMode
from hardware.simulated.machines import MACHINES, SIMULATED_S1
from tests.support.treadmill_bench import TreadmillBench

MEASURED = Profile(model="S1", firmware="1.0", commissioned=True, cap_ckmh=500)


@pytest.fixture
def bench():
    with TreadmillBench() as one:
        one.want(WishMode.STOP, 1)
        yield one


def says(bench, *words, seconds=20.0):
    """The sentence in which all *words* are, once it comes."""
    bench.until(lambda frame: all(word in frame.trouble for word in words), f"word of {words}", seconds)
    return bench.frame.trouble


def test_two_alike_are_told_apart_by_the_last_four_and_the_key(bench):
    bench.mischief("twin")
    bench.want(WishMode.STOP, 1, scan=True)
    text = says(bench, "Simulated S1", "00:42", "00:99")
    assert "sticker" in text
    assert "key" in text
    assert len(bench.frame.found) == 2


def test_one_that_never_showed_itself_is_off_or_held_by_a_phone(bench):
    bench.mischief("in_use")
    text = says(bench, "phone", "disconnect")
    assert "Switch it on" in text
    assert bench.frame.link is LinkState.SEARCHING


def test_one_that_was_here_and_is_gone_has_vanished(bench):
    bench.ready()
    bench.mischief("vanished")
    bench.mischief("link_dropped")
    text = says(bench, "no longer shows itself", seconds=30)
    assert "Switch it on again" in text
    assert bench.frame.link is LinkState.LOST
    bench.mischief("vanished", on=False)
    bench.until(lambda frame: frame.link is LinkState.READY, "treadmill back", 30)
    assert bench.frame.trouble == ""


def test_one_that_wants_pairing_says_where(bench):
    bench.mischief("needs_pairing")
    assert "console" in says(bench, "paired")


def test_one_without_a_control_point_can_still_be_followed():
    with TreadmillBench(machine=MACHINES["domyos"]) as bench:
        bench.want(WishMode.STOP, 1)
        assert "follow its own console" in says(bench, "no control point")
        bench.until(lambda frame: frame.speed_ckmh == 0, "reading")


@pytest.mark.parametrize(("firmware", "quiet"), [("1.0", True), ("0.9", False)])
def test_once_staff_allow_it_to_be_followed_there_is_nothing_to_say_until_its_firmware_changes(firmware, quiet):
    allowed = Profile(model="TC", firmware=firmware, follow_allowed=True)
    with TreadmillBench(machine=MACHINES["domyos"], profile=allowed) as bench:
        bench.want(WishMode.HOLD, 1, control=False)
        bench.until(lambda frame: frame.speed_ckmh == 0, "reading")
        bench.run(2)
        assert (bench.frame.trouble == "") is quiet


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (Profile(), ("no profile", "only reads")),
        (Profile(model="S1", firmware="0.9", commissioned=True), ("S1 1.0", "S1 0.9")),
        (Profile(model="S2", commissioned=True), ("S1 1.0", "measured as S2")),
    ],
)
def test_one_that_is_not_as_it_was_measured_is_only_read(profile, words):
    with TreadmillBench(profile=profile) as bench:
        bench.want(WishMode.STOP, 1, control=False)
        assert "writes nothing" in says(bench, *words)
        bench.run(5)
        assert bench.writes() == []


def test_one_whose_minimum_is_above_the_cap_says_both():
    with TreadmillBench(machine=replace(SIMULATED_S1, min_ckmh=220), profile=Profile(cap_ckmh=200)) as bench:
        bench.want(WishMode.STOP, 1)
        assert "cap of 2 km/h" in says(bench, "2.2 km/h")


def test_all_is_well_says_nothing():
    with TreadmillBench(profile=MEASURED) as bench:
        bench.ready()
        assert bench.frame.trouble == ""


def test_no_sentence_is_longer_than_a_frame_can_carry():
    long = "x" * 60
    machine = replace(SIMULATED_S1, name=long, model=long, firmware=long)
    with TreadmillBench(machine=machine, profile=Profile(model=long, firmware="y" * 300, commissioned=True)) as bench:
        bench.mischief("twin")
        bench.want(WishMode.STOP, 1, control=False)
        says(bench, "measured as")
        bench.want(WishMode.STOP, 1, control=False, scan=True)
        says(bench, "sticker")
