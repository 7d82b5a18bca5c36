"""A person at the screen, on the pure session with a small stand-in for the guard: for flow tests that take no time.

The stand-in knows the guard's states and its member/staff resets; what the real guard does with belt and wires is
proved elsewhere (tests/integration runs the same session on the real one).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from msgspec import structs

from hardware.link.messages import (
    Arm,
    Cause,
    Disarm,
    Inputs,
    LinkState,
    LowerCap,
    Missing,
    Purpose,
    Refused,
    Reset,
    ResetBy,
    SafetyEvent,
    Start,
    State,
    Status,
    Stop,
    StopWhy,
    Target,
    TreadmillFacts,
    WishMode,
)
from hardware.units import SpeedUnit
from kiosk.assets import assets_directory
from kiosk.content import load_content, read_screening
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session.actions import FindMember, Join, Send, TryPin
from kiosk.session.machine import step
from kiosk.session.model import Found, Joined, PinTried, Told, Touched
from kiosk.session.model import State as SessionState
from kiosk.session.setup import Setup
from kiosk.session.view import snapshot

STEP_S = 0.1
CONTENT = load_content(assets_directory())
SCREENING = read_screening(assets_directory())
FACTS = TreadmillFacts(
    "C0:FF:EE:00:00:42", "Belt", "M1", "1.0", 80, 1600, 1, 0, 150, 5, True, True, "measured", True
)  # fmt: skip
BY_MEMBER = {
    Cause.BOOT, Cause.CLIP, Cause.MEMBER_STOP, Cause.PLAN_DONE, Cause.STAFF_STOP, Cause.ARM_EXPIRED,
    Cause.SCREEN_FROZEN, Cause.BELT_STOPPED_ITSELF,
}  # fmt: skip
SOFT = BY_MEMBER - {Cause.CLIP}


def make_setup(**changed) -> Setup:
    ids = iter(range(1, 1000))
    setup = Setup(
        content=CONTENT,
        screening=SCREENING,
        gym_name="Gym",
        treadmill_label="Treadmill 4",
        units=SpeedUnit.MPH,
        language="en",
        volume=2,
        config_cap_ckmh=200,
        config_max_dpct=0,
        simulated=False,
        supervised=False,
        puller=False,
        new_id=lambda: f"session-{next(ids)}",
        today=lambda: date(2026, 7, 11),
    )
    return replace(setup, **changed)


class PretendGuard:
    """States, resets and a belt that does in three seconds what it is asked."""

    def __init__(self, *, amber: bool = False) -> None:
        self.state, self.cause, self.staff = State.LATCHED, Cause.BOOT, False
        self.clip, self.red, self.amber = True, True, False if amber else None
        self.link = LinkState.READY
        self.speed, self.target, self.goal = 0.0, 0, 0
        self.session, self.pulled, self.since_s = "", False, 0.0
        self.latency_s, self.now_s, self.silent = 2.0, 0.0, False
        self.min_ckmh, self.cap_ckmh, self.envelope = 80, 1000, None
        self.deck, self.also_missing = None, ()
        self.follow, self.purpose = False, None  # follow: only the console sets this belt's speed
        self.used = False  # by somebody at its console: it moves, and nothing of ours is under way
        self.heard = []
        self.out = []

    def trip(self, cause):
        moving = self.state in (State.STARTING, State.RUNNING, State.STOPPING)
        if self.state is State.STOPPING and cause in SOFT:
            return
        self.cause, self.staff = cause, cause not in BY_MEMBER
        self.state, self.since_s = (State.STOPPING if moving else State.LATCHED), self.now_s
        self.goal = 0
        self.out.append(SafetyEvent(1, self.now_s, "trip", cause, self.state, round(self.speed), ""))

    def console(self, speed):
        """Somebody sets a speed at the treadmill's own console; 0: stops it there."""
        self.goal = speed

    def missing(self):
        checks = (
            (self.red, Missing.RED_PRESSED),
            (self.clip, Missing.CLIP_OPEN),
            (self.link is LinkState.READY or self.follow, Missing.LINK),
            (self.speed == 0, Missing.BELT_MOVING),
        )
        return tuple(missing for good, missing in checks if not good)

    def hear(self, body):
        self.heard.append(body)
        match body:
            case Reset(who):
                if self.state is State.LATCHED and not self.missing() and (who is ResetBy.STAFF or not self.staff):
                    self.state, self.cause, self.staff = State.IDLE, None, False
            case Arm(envelope, session, purpose):
                if self.state is State.IDLE and not self.missing() and (purpose is Purpose.FOLLOW) is self.follow:
                    self.state, self.session, self.pulled, self.envelope = State.PROOF, session, False, envelope
                    self.purpose = purpose
                else:
                    self.out.append(Refused("arm", (Missing.LATCHED,)))
            case Disarm() if self.state in (State.PROOF, State.ARMED):
                self.state = State.IDLE
            case Start():
                if self.state is State.ARMED:
                    self.state, self.since_s, self.goal = State.STARTING, self.now_s, self.min_ckmh
                else:
                    self.out.append(Refused("start", (Missing.NOT_ARMED,)))
            case Target(speed_ckmh, _) if self.state is State.RUNNING:
                self.goal = min(speed_ckmh, self.envelope.cap_ckmh)
            case LowerCap(cap_ckmh):
                self.envelope = replace_cap(self.envelope, cap_ckmh)
            case Stop(why):
                cause = {StopWhy.MEMBER: Cause.MEMBER_STOP, StopWhy.PLAN_DONE: Cause.PLAN_DONE}.get(why)
                if self.state not in (State.STOPPING, State.LATCHED, State.IDLE):
                    self.trip(cause or Cause.STAFF_STOP)

    def pass_time(self, now_s):
        self.now_s = now_s
        if not self.red and self.cause is not Cause.RED_BUTTON:
            self.trip(Cause.RED_BUTTON)
        match self.state:
            case State.PROOF:
                self.pulled = self.pulled or not self.clip
                if self.pulled and self.clip:
                    self.state, self.since_s = State.ARMED, now_s
            case State.ARMED if not self.clip:
                self.trip(Cause.CLIP)
            case State.ARMED if now_s - self.since_s > (60 if self.follow else 30):
                self.trip(Cause.ARM_EXPIRED)
            case State.ARMED if self.follow and self.goal:
                self.state, self.speed = State.RUNNING, 30.0
            case State.STARTING | State.RUNNING if not self.clip:
                self.trip(Cause.CLIP)
            case State.STARTING if now_s - self.since_s >= self.latency_s:
                self.state, self.speed = State.RUNNING, float(self.min_ckmh)
            case State.RUNNING if self.follow and not self.speed:
                self.trip(Cause.BELT_STOPPED_ITSELF)
            case State.RUNNING:
                self.speed += max(-15.0, min(15.0, self.goal - self.speed))
            case State.STOPPING:
                self.speed = max(0.0, self.speed - 10)
                if self.speed == 0 and now_s - self.since_s > 1:
                    self.state = State.LATCHED

    @property
    def permit(self):
        """As the real one drops it: for every hard cause, after boot, and to stop what nothing else can."""
        if self.state not in (State.LATCHED, State.STOPPING):
            return True
        braking = self.follow and self.state is State.STOPPING
        return self.cause in SOFT and self.cause is not Cause.BOOT and not braking

    def status(self):
        latched = self.state in (State.LATCHED, State.STOPPING)
        return Status(
            state=self.state,
            cause=self.cause if latched else None,
            hard=self.cause is not None and self.cause not in SOFT,
            stopping_s=0.0,
            reset_by=(ResetBy.STAFF if self.staff else ResetBy.MEMBER) if latched else None,
            reset_missing=self.missing() if latched else (),
            arm_missing=(() if self.state is State.IDLE and not self.missing() else (Missing.LATCHED,))
            + self.also_missing,
            start_missing=(),
            inputs=Inputs(self.clip, self.red, self.amber, True, "", self.deck),
            link=LinkState.READ_ONLY if self.follow and self.link is LinkState.READY else self.link,
            measured_ckmh=round(self.speed),
            measured_age_s=0.3,
            incline_dpct=0,
            commanded_ckmh=self.goal if self.state in (State.STARTING, State.RUNNING) else 0,
            commanded_dpct=0,
            wish=WishMode.HOLD,
            epoch=1,
            cap_ckmh=self.cap_ckmh,
            min_ckmh=self.min_ckmh,
            start_latency_s=self.latency_s,
            at_rest=self.speed == 0,
            consent_left_s=None,
            session=self.session or None,
            permit=self.permit,
            alarm=False,
            in_use_by_other=self.used,
            facts=structs.replace(FACTS, can_speed=not self.follow),
            trouble="",
            ticks_late=0,
            purpose=self.purpose,
            follow=self.follow,
        )


def replace_cap(envelope, cap_ckmh):
    return type(envelope)(cap_ckmh, envelope.max_dpct)


class Desk:
    """The session, the stand-in, and a person who touches."""

    def __init__(self, *, amber=False, people=None, pins=None, **setup) -> None:
        self.guard = PretendGuard(amber=amber)
        self.setup = make_setup(**setup)
        self.people = people or {}
        self.joins = "739152"  # the new member's code; "": the record could not; None: it does not answer
        self.pins = pins or {"246810": "Kim"}
        self.now_s = 1000.0
        self.state = SessionState()
        self.actions = []
        self.screens = [ScreenId.ATTRACT]
        self._answers = []
        self.run(0.5)

    @property
    def screen(self):
        return self.state.screen

    @property
    def shown(self):
        return snapshot(self.state, self.now_s, self.setup)

    def step(self, *events):
        self.now_s = round(self.now_s + STEP_S, 3)
        self.guard.pass_time(self.now_s)
        said = [] if self.guard.silent else [Told(body) for body in (*self.guard.out, self.guard.status())]
        self.guard.out = []
        self.state, actions = step(self.state, (*said, *self._answers, *events), self.now_s, self.setup)
        self._answers = []
        for action in actions:
            match action:
                case Send(body):
                    self.guard.hear(body)
                case FindMember(code):
                    self._answers.append(Found(self.people.get(code)))
                case Join() if self.joins is not None:
                    self._answers.append(Joined(self.joins))
                case TryPin(pin):
                    self._answers.append(PinTried(self.pins.get(pin, "")))
        self.actions += actions
        if self.screens[-1] is not self.state.screen:
            self.screens.append(self.state.screen)
        if round(self.now_s * 10) % 20 == 0:
            snapshot(self.state, self.now_s, self.setup)  # every state can be shown

    def run(self, seconds):
        for _ in range(round(seconds / STEP_S)):
            self.step()

    def touch(self, kind, value=0):
        """A touch, as soon as the screen takes one."""
        self.run(0.4)
        self.step(Touched(Intent(IntentKind(kind), value)))

    def code(self, digits):
        for digit in digits:
            self.touch("digit", int(digit))
        self.touch("submit")
        self.run(0.2)

    def until(self, *screens, within_s=60.0):
        """Let time pass until one of *screens* is up."""
        began = self.now_s
        while self.screen not in screens:
            assert self.now_s - began < within_s, f"{self.screen} and not {screens} after {within_s:g} s"
            self.step()

    def follow(self, *script):
        """A list of (expected screen, what to do there): an Intent's name, a pair of it, a callable, or seconds."""
        for expected, deed in script:
            self.until(ScreenId(expected), within_s=420.0)
            if deed is None:
                continue
            if callable(deed):
                deed(self)
            elif isinstance(deed, str):
                self.touch(deed)
            elif isinstance(deed, tuple):
                self.touch(*deed)
            else:
                self.run(deed)
        return self

    @property
    def edges(self):
        return set(zip(self.screens, self.screens[1:], strict=False))


# ------------------------------------------------------------------------------------------------- pieces of scripts


def answers(pain=0, **odd):
    """Answer the form as a healthy adult with *pain*, except for *odd*: question = yes, no or a score."""

    def deed(desk):
        while desk.screen is ScreenId.SCREENING:
            shown = desk.shown
            name = shown.question.rpartition(".")[2]
            given = odd.get(name, pain if shown.question_scale else name == "walk_10")
            if isinstance(given, bool):
                desk.touch("yes" if given else "no")
            else:
                desk.touch("score", given)

    return deed


def healthy(desk, pain=0):
    """Answer the form as a healthy adult does."""
    answers(pain)(desk)


def gated(desk):
    """Somebody who takes medicine: staff decide."""
    answers(group_walk=True, medicine=True)(desk)


def taps(desk):
    """Tap what only a person can see."""
    while True:
        desk.run(0.5)
        open_taps = [i for i, tile in enumerate(desk.shown.tiles) if tile.tap and tile.state.value != "done"]
        if not open_taps:
            return
        desk.touch("tick", open_taps[0])


def prove(desk):
    """Pull the clip and put it back."""
    taps(desk)
    desk.run(2.0)
    desk.guard.clip = False
    desk.run(0.6)
    desk.guard.clip = True
    desk.run(0.3)


def pull(desk):
    desk.guard.clip = False
    desk.step()


def red(desk):
    desk.guard.red = False
    desk.step()


def console(speed):
    """The member sets a speed at the treadmill's console; 0: stops it there."""
    return lambda desk: (desk.guard.console(speed), desk.step())


def press_amber(desk, seconds=0.3):
    desk.guard.amber = True
    desk.run(seconds)
    desk.guard.amber = False
    desk.step()


TO_CHECK = (
    ("attract", "wake"),
    ("who", "guest"),
    ("screening", healthy),
    ("program", ("choose", 0)),
    ("preview", "next"),
)
TO_FOLLOW = (*TO_CHECK, ("check", prove), ("console_start", console(80)), ("step_on", None), ("walk", None))
TO_WALK = (*TO_CHECK, ("check", prove), ("straddle", None), ("countdown", None), ("step_on", None), ("walk", None))
