"""The kiosk without a screen: alive only while it turns and draws; one seat; the belt stopped before it leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hardware.link.endpoint import MemoryEndpoint, memory_pair
from hardware.link.mailbox import Mailbox
from hardware.link.messages import Alive, Complaint, Disarm, GuardToKiosk, KioskToGuard, State, Stop, StopWhy
from hardware.units import SpeedUnit
from kiosk.assets import assets_directory
from kiosk.locale import load_catalogue
from kiosk.staff.commissioning.instruction import Act, Awaits, Deed, Instruction, Number
from kiosk.staff.commissioning.terminal import Typed, keys_line, panel
from kiosk.staff.small_kiosk import SeatTakenError, SmallKiosk, run
from tests.support.composed import Composed

PAGE = Instruction(
    page="p", title="commission.page.tape.title", body="commission.page.tape.body", awaits=Awaits.CONFIRM
)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def now(self) -> float:
        return self.now_s


class Guard:
    """The other end of the seat."""

    def __init__(self) -> None:
        self.end: MemoryEndpoint
        mine, self.end = memory_pair(GuardToKiosk, KioskToGuard)
        self.kiosk = SmallKiosk(Mailbox(lambda: mine))

    def heard(self, now_s: float) -> list[object]:
        return [frame.body for frame in self.end.drain(now_s)]


class Nothing:
    """A job that waits for nothing and asks for nothing."""

    ended = False
    good = False

    def __init__(self) -> None:
        self.deeds: list[Deed] = []

    def turn(self, _seen, deeds, _now_s):
        self.deeds += deeds
        requests = tuple(Stop(StopWhy.STAFF) for deed in deeds if deed.act is Act.STOP)
        return PAGE, requests


class Blank:
    def __init__(self, show: Callable[[], None] = lambda: None) -> None:
        self._show = show

    def show(self, _shown, _status, _now_s) -> None:
        self._show()

    def deeds(self, _shown, _now_s):
        return ()


def turned(guard: Guard, seconds: float, face: Blank | None = None, **more) -> Nothing:
    clock, job = Clock(), Nothing()
    end_s = clock.now_s + seconds

    def wait() -> bool:
        clock.now_s += 0.02
        return clock.now_s < end_s

    run(guard.kiosk, job, face or Blank(), now=clock.now, wait=wait, leaving=more.pop("leaving", lambda: False))
    return job


def test_it_says_alive_ten_times_a_second_each_with_a_new_frame():
    guard = Guard()
    turned(guard, 2.0)
    frames = [body.drawn for body in guard.heard(1002.0) if isinstance(body, Alive)]
    assert 18 <= len(frames) <= 21
    assert frames == list(range(1, len(frames) + 1))


def test_a_loop_that_hangs_while_it_draws_says_nothing_of_itself():
    guard, shown = Guard(), []

    def hang() -> None:
        shown.append(1)
        if len(shown) == 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        turned(guard, 60.0, Blank(hang))
    said = guard.end.drain(1001.0)
    assert max(frame.t_s for frame in said) < 1000.0 + 49 * 0.02
    assert len(said) <= 11


def test_a_seat_that_is_taken_is_said_with_what_to_do():
    mine, theirs = memory_pair(GuardToKiosk, KioskToGuard)
    kiosk = SmallKiosk(Mailbox(lambda: mine))
    clock = Clock()

    def wait() -> bool:
        clock.now_s += 0.02
        theirs.send(Complaint("A kiosk is connected to this guard already."), clock.now_s)
        return clock.now_s < 1010.0

    with pytest.raises(SeatTakenError, match="systemctl stop retrowalk-kiosk"):
        run(kiosk, Nothing(), Blank(), now=clock.now, wait=wait, leaving=lambda: False)
    assert clock.now_s <= 1004.0


def test_what_the_guard_says_while_the_loop_turns_is_never_from_the_future():
    guard, clock = Guard(), Clock()
    with Composed() as house:
        house.walking(80)
        status = house.status
    ages: list[float] = []

    class Aged(Nothing):
        def turn(self, seen, deeds, now_s):
            ages.append(now_s - seen.at_s)
            return super().turn(seen, deeds, now_s)

    def a_moment_passes() -> None:
        clock.now_s += 0.003
        guard.end.send(status, clock.now_s)

    def wait() -> bool:
        clock.now_s += 0.02
        return len(ages) < 5

    run(guard.kiosk, Aged(), Blank(), now=clock.now, wait=wait, leaving=lambda: False, tend=a_moment_passes)
    assert min(ages) >= 0


def test_told_to_leave_it_stops_the_belt_first_and_goes_when_it_stands():
    guard = Guard()
    with Composed() as house:
        house.walking(80)
        moving, still = house.status, None
        house.hand("clip", False)
        house.latched(5)
        still = house.status
    assert (moving.state, still.state) == (State.RUNNING, State.LATCHED)
    clock, job = Clock(), Nothing()

    def wait() -> bool:
        clock.now_s += 0.02
        guard.end.send(moving if clock.now_s < 1003.0 else still, clock.now_s)
        return True

    asked = run(guard.kiosk, job, Blank(), now=clock.now, wait=wait, leaving=lambda: clock.now_s > 1001.0)
    said = guard.heard(clock.now_s)
    assert asked is False
    assert {deed.act for deed in job.deeds} == {Act.STOP}
    assert Stop(StopWhy.STAFF) in said
    assert said[-1] == Disarm()
    assert 1003.0 <= clock.now_s <= 1003.2


# ------------------------------------------------------------------------------------------------ keys


def page(awaits: Awaits, *choices: Act, **more) -> Instruction:
    return Instruction(page="x", title=PAGE.title, body=PAGE.body, awaits=awaits, choices=choices, **more)


@pytest.mark.parametrize(
    ("shown", "typed", "acts"),
    [
        (page(Awaits.TAP, Act.TAP, Act.STOP), "\n \n", [Act.TAP, Act.TAP, Act.TAP]),
        (page(Awaits.TAP, Act.TAP, Act.STOP), "s", [Act.STOP]),
        (page(Awaits.CONFIRM, Act.REPEAT, Act.SKIP, Act.LEAVE), "\n", [Act.REPEAT]),
        (page(Awaits.CONFIRM, Act.REPEAT, Act.SKIP, Act.LEAVE), "K", [Act.SKIP]),
        (page(Awaits.CONFIRM, Act.YES, Act.NO, Act.LEAVE), "nql", [Act.NO, Act.LEAVE]),
        (page(Awaits.MACHINE, Act.STOP), "\n", []),
        (page(Awaits.MACHINE, Act.STOP), " ", [Act.STOP]),
        (page(Awaits.MACHINE, Act.LEAVE), "\n", []),
    ],
)
def test_keys_answer_what_can_be_answered_and_nothing_else(shown, typed, acts):
    assert [deed.act for deed in Typed().deeds(typed, shown, 5.0)] == acts


def test_a_number_grows_digit_by_digit_and_is_never_guessed():
    typed, shown = Typed(), page(Awaits.NUMBER, Act.NUMBER, Act.LEAVE, number=Number(900, 3000))
    assert typed.deeds("\n14", shown, 1.0) == ()
    assert typed.deeds("x5\x7f50", shown, 1.0) == ()
    assert typed.digits == "1450"
    assert typed.deeds("\n", shown, 2.0) == (Deed(Act.NUMBER, 2.0, 1450),)
    assert typed.digits == ""


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_a_panel_names_every_key_that_counts(language):
    say = load_catalogue(assets_directory() / "locale", language)
    shown = page(Awaits.CONFIRM, Act.REPEAT, Act.SKIP, Act.STOP, Act.LEAVE)
    line = keys_line(say, shown)
    for act, key in ((Act.SKIP, "K"), (Act.STOP, "S"), (Act.LEAVE, "L")):
        assert f"{key}: {say(f'commission.act.{act}')}" in line
    assert panel(say, SpeedUnit.MPH, "Commissioning", shown, None).title == "Commissioning  1/1"
    assert say.missed == set()
