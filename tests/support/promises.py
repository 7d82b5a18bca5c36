"""I1 to I15 of safety.md section 4, checked after every single step of the machine.

Written from the promises, not from the machine: what is healthy is judged here from the raw inputs, what the walker
and the kiosk did is remembered here, and the treadmill's truth comes from the plant.
"""

from __future__ import annotations

import msgspec

from hardware.config.profiles import UNCOMMISSIONED
from hardware.constants import RISE_STEP_CKMH
from hardware.guard.machine import step
from hardware.guard.memory import Inputs, Machine, Outputs
from hardware.link.messages import (
    Arm,
    BeginCheck,
    Cause,
    Contact,
    Deck,
    Heard,
    LinkState,
    Proof,
    Purpose,
    Reset,
    SoundAlarm,
    Start,
    State,
    StatusEvent,
    Stop,
    StopBy,
    StopWhy,
    Target,
    WishMode,
)
from tests.support.plant import TICK, Rig

EPS = 1e-6
SOFT = {
    Cause.BOOT,
    Cause.MEMBER_STOP,
    Cause.PLAN_DONE,
    Cause.STAFF_STOP,
    Cause.ARM_EXPIRED,
    Cause.SCREEN_FROZEN,
    Cause.BELT_STOPPED_ITSELF,
    Cause.STOP_TEST,
    Cause.OFF_DECK,
}
NEEDS_STAFF = set(Cause) - SOFT - {Cause.CLIP}
MOVING_STATES = {State.STARTING, State.RUNNING}
GUARDED_STATES = MOVING_STATES | {State.ARMED, State.STOPPING}
ASKED = {Cause.MEMBER_STOP, Cause.PLAN_DONE, Cause.STAFF_STOP}
DAY_S = 18 * 3600
UNLINKED_S = 12.0


class Promises:
    """Remembers what the outside did, and asserts. Use as ``Rig(watch=Promises())``."""

    def __init__(self, *, dominance_every: int = 7) -> None:
        self.dominance_every = dominance_every
        self.steps = 0
        self.runs_since_arm = 0
        self.armed_session = False
        self.pulled = False
        self.clip = Contact.SETTLING
        self.amber = False
        self.consent: float | None = None
        self.resets: list[float] = []
        self.rose: float | None = None
        self.run_since: float | None = None
        self.last = (0, 0)
        self.mode = WishMode.HOLD
        self.epoch: int | None = None
        self.stop_since: float | None = None
        self.stop_speed = 0
        self.rest_ticks = 0
        self.overdue = 0
        self.staff_seen = False
        self.was_late = False
        self.opening = OpeningOracle()
        self.outside: float | None = None
        self.target: tuple[int, int] | None = None
        self.eased = False
        self.wrong: float | None = None
        self.link_test: float | None = None
        self.last_speed = 0
        self.tested = False

    def __call__(self, rig: Rig, before: Machine, inputs: Inputs, after: Machine, out: Outputs) -> None:
        now = after.tick_s
        assert now is not None
        self.steps += 1
        belt = inputs.belt
        frame = belt is not None and inputs.belt_at_s is not None and 0 <= now - inputs.belt_at_s <= 0.3
        link = frame and belt.link in (LinkState.READY, LinkState.READ_ONLY)
        age = None
        if frame and belt.reading_age_s is not None:
            age = now - (inputs.belt_at_s - belt.reading_age_s)
        told = rig.rules.profiles.get(rig.plant.facts.address, UNCOMMISSIONED)  # what guard and belt process know
        latency, period = told.start_latency_s, told.data_period_s
        stale = max(2.5, 3 * period)
        fresh = age is not None and 0 <= age <= stale + EPS and belt.speed_ckmh is not None
        clip, red = inputs.switches.clip, inputs.switches.red
        wires = clip is Contact.CLOSED and red is Contact.CLOSED and inputs.switches.fault == ""
        late = before.tick_s is not None and not 0 <= now - before.tick_s <= 0.08 + EPS
        screen = inputs.drawn_at_s is not None and now - inputs.drawn_at_s <= 0.5 + EPS
        self._remember(inputs, before, now, clip)
        following = before.purpose is Purpose.FOLLOW
        self.opening.looked(rig, inputs, before, after, out)

        if before.tick_s is None:
            assert before.state is State.LATCHED, "a guard that starts is not latched"
            assert not out.permit, "a guard that starts gives the permit"
        # I1: what trips, trips in this very step
        tripping = not wires or not frame or not link or not fresh or late
        tripping = tripping or (belt.link is not LinkState.READY and not following)
        if before.state in MOVING_STATES and tripping:
            assert out.wish.mode is WishMode.STOP or following, "I1: no STOP in the tick of the trip"
            assert not out.permit, "I1: permit kept on a hard trip"
        if before.state is State.ARMED and tripping:
            assert after.state in (State.LATCHED, State.STOPPING), "a trip while armed does not latch"
        # I2
        if out.permit:
            assert red is Contact.CLOSED, "I2: permit with the red button open"
            assert inputs.switches.fault == "", "I2: permit with a wiring fault"
            assert after.cause is None or after.cause in SOFT - {Cause.BOOT}, "I2: permit with a hard cause"
        # I3
        if out.wish.mode is WishMode.RUN and self.mode is not WishMode.RUN:
            self.runs_since_arm += 1
            assert before.state is State.ARMED, "I3: start not from ARMED"
            assert any(isinstance(r, Start) for r in inputs.requests), "I3: start without Start"
            assert wires, "I3: start with an interlock open"
            assert link, "I3: start without a link"
            assert belt.link is LinkState.READY, "I3: start without control"
            assert fresh, "I3: start without data"
            assert belt.speed_ckmh == 0, "I3: start of a moving belt"
            assert screen, "I3: start by a frozen screen"
            assert self.consent is not None, "I3: start without consent"
            assert now - self.consent <= 30 + EPS, "I3: consent too old"
            assert self.runs_since_arm == 1, "I3, I6: second start in one arming"
            self.rose, self.run_since, self.last = None, now, (out.wish.speed_ckmh, 0)
            self.eased = False
            self._purposes(rig, belt, after.purpose, now)
        # what follows the console is never written to
        if after.purpose is Purpose.FOLLOW and after.state in (State.PROOF, *GUARDED_STATES):
            assert out.wish.mode is WishMode.HOLD, "a walk that follows is driven"
            assert not out.wish.control, "a walk that follows takes control"
            assert not out.lease, "a walk that follows is ours"
            assert not rig.rules.house.supervised, "a walk that follows where only Bluetooth stops"
            assert after.state is not State.STARTING, "a walk that follows starts the belt"
            if after.state is State.STOPPING:
                assert not out.permit, "a walk that follows is stopped with the permit on"
            if before.state is State.ARMED and after.state is State.RUNNING:
                assert self.consent is not None, "following without consent"
                assert now - self.consent <= 60 + EPS, "following with a consent too old"
                self._purposes(rig, belt, after.purpose, now)
        if out.wish.control:
            allowed = not rig.rules.checks.profile or commissioned(rig) or out.lease
            staff = after.purpose is Purpose.COMMISSIONING and after.state not in (State.LATCHED, State.IDLE)
            assert allowed or staff, "P11: control of a treadmill that nobody has commissioned"
        self._link_test(inputs, before, after, out, now, lost=not (link and fresh))
        self._deck(inputs, after, out, now)
        self._pickup(inputs, after, belt.speed_ckmh if fresh else None, now)
        # I4
        if before.state is State.LATCHED and after.state not in (State.LATCHED, State.STOPPING):
            assert any(isinstance(r, Reset) for r in inputs.requests), "I4: latch left without a reset"
            assert len(self.resets) < 2 or self.resets[-1] - self.resets[-2] > 0.5 - EPS, "I4: a held reset counted"
            assert wires, "I4: reset with an interlock open"
            assert fresh, "I4: reset without data"
            assert belt.speed_ckmh == 0, "I4: reset of a moving belt"
            assert screen, "I4: reset by a frozen screen"
            assert after.state in (State.IDLE, State.PROOF), "I4: reset went further than IDLE"
            assert out.wish.mode is WishMode.HOLD, "I4: a reset moved something"
            who = next(r.who for r in inputs.requests if isinstance(r, Reset))
            assert not self.staff_seen or who == "staff", "a member reset what needs staff"
            self.staff_seen = False
        if after.cause in NEEDS_STAFF or (after.alarm and after.state is not State.IDLE):
            self.staff_seen = True
        # I5
        if out.wish.mode is WishMode.RUN:
            self._course(rig, after, out, now)
        else:
            assert (out.wish.speed_ckmh, out.wish.incline_dpct) == (0, 0), "a target without RUN"
        # I6
        if self.mode is WishMode.STOP:
            assert out.wish.mode is not WishMode.RUN, "I6: RUN after STOP without a new arming"
        # epochs
        if self.epoch is not None:
            assert out.wish.epoch >= self.epoch, "an epoch went back"
            if out.wish.mode is WishMode.STOP and self.mode is not WishMode.STOP:
                assert out.wish.epoch > self.epoch, "STOP without a new epoch"
        # I7
        known_rest = rig.plant.at_rest and frame and fresh and belt.wish_epoch == out.wish.epoch
        known_rest = known_rest and after.started_life == inputs.belt_life
        self.rest_ticks = self.rest_ticks + 1 if known_rest else 0
        known = round((1.0 + 2 * period) / TICK) + 5  # after a silence the guard counts anew
        assert not (self.rest_ticks > known and out.wish.mode is WishMode.STOP), "I7: STOP to a belt at rest"
        if after.state is State.STOPPING and after.ramp is None and not following:
            assert out.wish.mode is WishMode.STOP, "I7: stopping without STOP"
        if out.wish.mode is not WishMode.HOLD:
            assert out.lease, "the belt may move without a lease"
        # I8
        plant = rig.plant
        standing = fresh and plant.zeros >= 2 and plant.zero_since is not None and now - plant.zero_since >= 0.98
        self._budget(after, out, now, standing)
        # I9
        if after.state in MOVING_STATES:
            assert fresh, "I9: under way on stale telemetry"
            assert screen, "I9: under way with a frozen screen"
        # rest is measured, never inferred
        if before.state is State.STOPPING and after.state is State.LATCHED:
            assert fresh, "a stop ended without data"
            assert belt.speed_ckmh == 0, "a stop ended at speed"
        if before.lease and not after.lease:
            assert fresh, "rest without data"
            assert belt.speed_ckmh == 0, "rest at speed"
            if after.started_life == inputs.belt_life and belt.started_at_s is not None:
                window = latency + 2.0
                assert now - belt.started_at_s > window - EPS, "zero during spin-up taken as rest"
        # I11
        if before.cause is not None and before.cause not in SOFT and after.cause is not None:
            assert after.cause is before.cause or after.state is State.PROOF, "I11: a hard cause was replaced"
        # I15
        if after.state is State.ARMED:
            assert self.consent is not None, "armed without consent"
            window = 60 if after.purpose is Purpose.FOLLOW else 30
            assert now - self.consent <= window + 0.05, "I15: armed for too long"
        if after.state is State.STARTING:
            assert now - after.since_s <= max(10.0, latency + 4) + 0.05, "I15: starting for ever"
        if self.steps % self.dominance_every == 0 or before.state is not after.state:
            dominated(rig, before, inputs, after, out, now)
        self.mode, self.epoch = out.wish.mode, out.wish.epoch

    # ------------------------------------------------------------------------------------------

    def _remember(self, inputs: Inputs, before: Machine, now: float, clip: Contact) -> None:
        if before.state is State.IDLE and any(isinstance(r, Arm) for r in inputs.requests):
            self.runs_since_arm, self.pulled, self.consent = 0, False, None
        elif clip is Contact.OPEN:
            self.pulled = True
        if self.pulled and clip is Contact.CLOSED and self.clip is not Contact.CLOSED:
            self.consent = now
        amber = inputs.switches.amber_pressed is True
        if amber and not self.amber and before.state is State.ARMED:
            self.consent = now
        self.clip, self.amber = clip, amber
        if any(isinstance(request, Reset) for request in inputs.requests):
            self.resets = [*self.resets[-1:], now]

    def _course(self, rig: Rig, after: Machine, out: Outputs, now: float) -> None:
        wish, (speed, incline) = out.wish, self.last
        habits = rig.plant.habits
        assert wish.speed_ckmh >= habits.minimum, "I5: below the machine's minimum"
        cap = min(500, habits.maximum, rig.rules.house.cap_ckmh)
        if after.purpose is not Purpose.COMMISSIONING:
            measured = [profile.cap_ckmh for profile in rig.rules.profiles.values()]
            cap = min(cap, *measured, 400 if commissioned(rig) else 200)
        if after.state is not State.STOPPING and after.envelope is not None:
            cap = min(cap, max(after.envelope.cap_ckmh, habits.minimum))
        assert wish.speed_ckmh <= cap, "I5: above the cap"
        assert 0 <= wish.incline_dpct <= 50, "I5: incline out of range"
        assert (wish.speed_ckmh - habits.minimum) % habits.increment == 0, "off the machine's grid"
        rise, climb = wish.speed_ckmh - speed, wish.incline_dpct - incline
        assert rise <= RISE_STEP_CKMH, "I5: rises by more than a step"
        assert climb <= 10, "I5: climbs by more than a step"
        assert rise <= 0 or climb <= 0, "speed and incline rise together"
        if (rise > 0 or climb > 0) and self.mode is WishMode.RUN:
            assert after.state is State.RUNNING, "a rise while not running"
            assert self.run_since is not None
            assert now - self.run_since >= 3.0 - EPS, "I5: rises before the scale is proved"
            assert self.rose is None or now - self.rose >= 3.0 - EPS, "I5: rises too often"
            self.rose = now
        self.last = (wish.speed_ckmh, wish.incline_dpct)

    def _budget(self, after: Machine, out: Outputs, now: float, standing: bool) -> None:
        stopping = after.state is State.STOPPING or (after.state is State.LATCHED and after.lease)
        if not stopping:
            self.stop_since, self.overdue, self.tested = None, 0, False
            return
        if self.stop_since is None:
            self.stop_since, self.stop_speed = now, self.last[0]
        ramp = max(0, self.stop_speed - 80) / 32
        if self.link_test is not None:
            ramp += UNLINKED_S
        self.tested = self.tested or after.cause is Cause.STOP_TEST
        if self.tested:  # time that a test had before something hard ended it
            ramp = max(ramp, 3.0)
        overdue = now - self.stop_since > after.profile.stop_budget_s + ramp + 0.04 and not standing
        self.overdue = self.overdue + 1 if overdue else 0
        if self.overdue > 3:
            assert out.alarm, "I8: not at rest by the stop time, and no alarm"
            assert not out.permit, "I8: not at rest by the stop time, and the permit is on"

    def _purposes(self, rig: Rig, belt: object, purpose: Purpose | None, now: float) -> None:
        """The belt begins to move: it was commissioned, and checked today."""
        checks = rig.rules.checks
        if purpose is Purpose.COMMISSIONING:
            return
        if purpose is not Purpose.FOLLOW:
            assert commissioned(rig) or not checks.profile, "P11: started without a profile"
        if purpose is Purpose.OPENING_CHECK:
            assert self.opening.under_way, "a brake test without a check"
        else:
            begun = purpose is Purpose.FOLLOW and self.opening.under_way
            assert begun or not checks.opening or self.opening.valid(rig, now), "P9: started without an opening check"

    def _link_test(
        self, inputs: Inputs, before: Machine, after: Machine, out: Outputs, now: float, *, lost: bool
    ) -> None:
        asked = any(isinstance(r, Stop) and r.why is StopWhy.LINK_TEST for r in inputs.requests)
        if asked and before.state is State.RUNNING and before.purpose is Purpose.COMMISSIONING:
            self.link_test = now
        elif before.state is not State.STOPPING and after.state is not State.STOPPING:
            self.link_test = None
        if after.state is State.STOPPING and before.state is State.STOPPING and lost and out.permit:
            assert self.link_test is not None, "permit kept on a lost link"
            assert now - self.link_test <= UNLINKED_S + EPS, "permit kept on a lost link for too long"

    def _deck(self, inputs: Inputs, after: Machine, out: Outputs, now: float) -> None:
        deck = inputs.switches.deck
        if deck in (None, Deck.SAFE) or after.state is not State.RUNNING:
            self.outside = None
        elif self.outside is None:
            self.outside = now
        for request in inputs.requests:
            if isinstance(request, Target):
                target = (request.speed_ckmh, request.incline_dpct)
                if self.outside is None and target != self.target:
                    self.eased = False
                self.target = target
        away = 0.0 if self.outside is None else now - self.outside
        if away >= 0.42:
            self.eased = True
        assert away <= 6.0 + 2 * TICK + 0.6, "off the deck for ever"  # a late tick may be half a second
        if self.eased and out.wish.mode is WishMode.RUN and self.mode is WishMode.RUN:
            assert out.wish.speed_ckmh <= self.last_speed, "the deck sensor raises, or what it eased rises by itself"
        self.last_speed = out.wish.speed_ckmh

    def _pickup(self, inputs: Inputs, after: Machine, speed: int | None, now: float) -> None:
        told = inputs.switches.pickup_ckmh
        off = 0 if told is None or not speed else abs(told - speed)
        wrong = off > 30 and speed is not None and off > speed / 4 and after.state in GUARDED_STATES
        self.wrong = (now if self.wrong is None else self.wrong) if wrong else None
        if self.wrong is not None and now - self.wrong > 3.7:
            assert after.hard, "a pick-up that contradicts is not believed"


def commissioned(rig: Rig) -> bool:
    """The treadmill is the one that was measured."""
    facts = rig.plant.facts
    return any(
        profile.commissioned and (profile.model, profile.firmware) == (facts.model, facts.firmware)
        for profile in rig.rules.profiles.values()
    )


class OpeningOracle:
    """What was really proved since BeginCheck, and when the last check was whole."""

    def __init__(self) -> None:
        self.under_way = False
        self.opened: set[Proof] = set()
        self.proved: set[Proof] = set()
        self.sounded = False
        self.ran = False
        self.done: float | None = None
        self.begun = False

    def looked(self, rig: Rig, inputs: Inputs, before: Machine, after: Machine, out: Outputs) -> None:
        """One step."""
        switches = inputs.switches
        refused = {refusal.what for refusal in out.refused}
        for request in inputs.requests:
            if isinstance(request, BeginCheck):
                if "begincheck" not in refused:
                    self.begun = self.under_way = True
                    self.opened, self.proved, self.sounded, self.done = set(), set(), False, None
            elif isinstance(request, SoundAlarm):
                self.sounded = True
            elif isinstance(request, Heard):
                heard = {Proof.SOUND} if request.sound else set()
                self.proved |= heard | ({Proof.ALARM} if request.alarm and self.sounded else set())
        for proof, contact in ((Proof.RED_BUTTON, switches.red), (Proof.CLIP, switches.clip)):
            if contact is Contact.OPEN:
                self.opened.add(proof)
            elif contact is Contact.CLOSED and proof in self.opened:
                self.proved.add(proof)
        if after.state is State.RUNNING:
            self.ran = True
        elif after.state is State.PROOF:
            self.ran = False
        ended = before.state is State.STOPPING and after.state is State.LATCHED
        brake = after.purpose in (Purpose.OPENING_CHECK, Purpose.FOLLOW)
        if ended and brake and self.ran and after.cause in ASKED and not after.alarm:
            self.proved.add(Proof.BRAKE)
        if self.under_way and self.proved >= set(Proof) - (set() if rig.rules.alarm else {Proof.ALARM}):
            self.done, self.under_way = after.tick_s, False

    def valid(self, rig: Rig, now: float) -> bool:
        """A check counts."""
        if self.done is not None:
            return 0 <= now - self.done <= DAY_S + EPS
        return not self.begun and rig.checked is not None and 0 <= now - rig.checked[1] <= DAY_S + EPS


FAULTS = (
    "clip",
    "red",
    "wire",
    "frames",
    "link",
    "control",
    "stale",
    "screen",
    "key",
    "future",
    "nan",
    "unmeasured",
    "generation",
    "deck",
    "pickup",
    "pulse",
)
LINK_FAULTS = {"link", "control", "stale", "nan", "unmeasured", "generation"}


def with_fault(inputs: Inputs, name: str) -> Inputs:
    """*inputs* and one more thing wrong."""
    but = msgspec.structs.replace
    belt, switches = inputs.belt, inputs.switches
    if name == "clip":
        return but(inputs, switches=but(switches, clip=Contact.OPEN))
    if name == "red":
        return but(inputs, switches=but(switches, red=Contact.OPEN))
    if name == "wire":
        return but(inputs, switches=but(switches, fault="The clip (pin 17) cannot be read."))
    if name == "deck":
        return but(inputs, switches=but(switches, deck=Deck.OPEN_END))
    if name == "pickup":
        return but(inputs, switches=but(switches, pickup_ckmh=500))
    if name == "pulse":
        return but(inputs, switches=but(switches, pulses=switches.pulses + 1))
    if name == "frames":
        return but(inputs, belt=None, belt_at_s=None)
    if name == "screen":
        return but(inputs, drawn_at_s=None, drawn=(inputs.drawn or 0) + 1)
    if belt is None or inputs.belt_at_s is None:
        return inputs
    changes = {
        "link": but(belt, link=LinkState.LOST),
        "control": but(belt, link=LinkState.READ_ONLY if belt.link is LinkState.READY else belt.link),
        "stale": but(belt, reading_age_s=60.0),
        "key": but(belt, event=StatusEvent.SAFETY_KEY, event_seq=belt.event_seq + 1),
        "nan": but(belt, reading_age_s=float("nan")),
        "unmeasured": but(belt, speed_ckmh=None),
        "generation": but(belt, generation=belt.generation + 1),
    }
    if name == "future":
        return but(inputs, belt_at_s=inputs.belt_at_s + 5.0)
    return but(inputs, belt=changes[name])


def dominated(rig: Rig, before: Machine, inputs: Inputs, after: Machine, healthy: Outputs, now: float) -> None:
    """I10: one more fault never gives a permit, a start or a higher target that the healthy input did not.

    One exception, by design: with nothing armed, missing data is no trip, but motion measured soon after our own stop
    is. A fault that hides that motion keeps the permit.
    """
    if after.state is State.STOPPING and before.state in (State.LATCHED, State.IDLE, State.PROOF):
        return
    unlinked = before.cause is Cause.STOP_TEST and before.stop_by is StopBy.UNLINK
    for name in FAULTS:
        if unlinked and name in LINK_FAULTS:
            continue  # a link test: for twelve seconds the loss of the link is what was asked for
        _, faulty = step(before, with_fault(inputs, name), now, rig.rules)
        assert faulty.permit <= healthy.permit, f"I10: {name} gives a permit"
        if faulty.wish.mode is WishMode.RUN:
            assert healthy.wish.mode is WishMode.RUN, f"I10: {name} gives a start ({before.state}: {after.cause})"
            # A target lowered in this very tick may be lowered gently instead, by the ramp of a soft stop.
            speed = max(healthy.wish.speed_ckmh, before.course.speed_ckmh if before.mode is WishMode.RUN else 0)
            assert faulty.wish.speed_ckmh <= speed, f"I10: {name} gives a higher target"
            assert faulty.wish.incline_dpct <= healthy.wish.incline_dpct, f"I10: {name} gives a steeper target"
        if before.mode is WishMode.STOP:
            assert faulty.wish.mode is not WishMode.RUN, f"I10: {name} undoes a stop"
