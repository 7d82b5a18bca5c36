"""The guard's machine, promise by promise. The rig leads it there by the legal way; the treadmill is obedient."""

from __future__ import annotations

import msgspec
import pytest

from hardware.guard import machine as machine_module
from hardware.guard.limits import House
from hardware.guard.memory import Rules, initial
from hardware.guard.opening import Checks
from hardware.link.messages import (
    Arm,
    Cause,
    Contact,
    Disarm,
    Ease,
    Envelope,
    LinkState,
    LowerCap,
    Missing,
    Purpose,
    Refused,
    Reset,
    ResetBy,
    Start,
    State,
    StatusEvent,
    Stop,
    StopWhy,
    Target,
    WishMode,
)
from tests.support.plant import ADDRESS, START_S, TICK, Habits, Rig, plant_profile, plant_rules

WIDE = Envelope(400, 50)
UNASKED = Checks(opening=False, profile=False)
MEMBER, STAFF = ResetBy.MEMBER, ResetBy.STAFF


def arm(envelope: Envelope = WIDE, session: str = "s1") -> Arm:
    return Arm(envelope, session, Purpose.SESSION)


def running(habits: Habits | None = None, speed: int = 80, **more) -> Rig:
    rig = Rig(habits, **more)
    assert rig.to_running(), rig.machine
    if speed > 80:
        rig.tick(Target(speed, 0))
        assert rig.run(60, lambda: rig.out.wish.speed_ckmh >= speed)
        rig.run(2)
    return rig


def armed(habits: Habits | None = None, **more) -> Rig:
    rig = Rig(habits, **more)
    assert rig.to_armed(), rig.machine
    return rig


def starting(habits: Habits | None = None, **more) -> Rig:
    rig = Rig(habits or Habits(latency_s=6.0), **more)
    assert rig.to_starting(), rig.machine
    return rig


def idle(habits: Habits | None = None, **more) -> Rig:
    rig = Rig(habits, **more)
    assert rig.to_idle(), rig.machine
    rig.run(1)
    return rig


def kinds(rig: Rig) -> list[str]:
    return [event.kind for event in rig.events]


def why(rig: Rig) -> tuple[Missing, ...]:
    return rig.refused[-1].why


# ------------------------------------------------------------------------------------ boot and restart


def test_it_comes_up_latched_with_the_permit_off_and_wants_nothing():
    rig = Rig()
    out = rig.tick()
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.BOOT)
    assert not rig.machine.hard
    assert out.wish.mode is WishMode.HOLD
    assert not out.permit
    assert not out.lease
    assert not out.alarm
    assert rig.events == []


def test_a_boot_is_reset_by_a_member_and_moves_nothing():
    rig = Rig()
    assert rig.to_idle(MEMBER)
    assert rig.out.wish.mode is WishMode.HOLD
    assert rig.out.permit
    assert kinds(rig) == ["reset"]
    assert rig.plant.written == []


def test_a_restart_with_an_open_lease_stops_the_belt_first_and_says_so():
    rig = Rig(lease=True)
    rig.plant.speed = rig.plant.aim = 150.0
    out = rig.tick()
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.RESTART_MOVING)
    assert out.wish.mode is WishMode.STOP
    assert out.lease
    assert not out.permit
    assert kinds(rig) == ["trip"]
    rig.run(12)
    assert rig.plant.speed == 0
    assert not rig.machine.lease
    assert rig.out.wish.mode is WishMode.HOLD
    assert kinds(rig) == ["trip", "rest"]
    rig.tick(Reset(MEMBER))
    assert why(rig) == (Missing.STAFF,)
    rig.run(1)
    rig.tick(Reset(STAFF))
    assert rig.state is State.IDLE


def test_a_restart_that_finds_the_belt_at_zero_waits_through_a_possible_spin_up():
    rig = Rig(Habits(latency_s=5.0), lease=True)
    rig.run(6.9)
    assert rig.machine.lease  # latency 5 s + 2 s since boot
    assert not rig.out.alarm  # it reads 0.00: no reason for a siren
    rig.run(0.4)
    assert not rig.machine.lease
    rig.tick()
    assert rig.machine.since_s == START_S


def test_a_restart_remembers_whose_session_it_was():
    assert initial(5.0, lease=True, session="s9").session == "s9"
    assert initial(5.0, lease=True).session == ""
    assert (initial(5.0).lease, initial(5.0).session) == (False, "")
    assert [initial(5.0, staff=staff).staff for staff in (False, True)] == [False, True]


def test_a_restart_that_cannot_stop_the_belt_sounds_the_alarm_after_the_stop_time():
    rig = Rig(Habits(stop="deaf"), lease=True)
    rig.plant.speed = rig.plant.aim = 150.0
    rig.run(5.6)
    assert not rig.out.alarm
    rig.run(0.2)
    assert rig.out.alarm
    assert rig.machine.cause is Cause.RESTART_MOVING
    assert kinds(rig) == ["trip", "escalation"]


def test_epochs_of_a_restarted_guard_are_above_all_that_it_gave_before():
    rig = running()
    before = rig.out.wish.epoch
    assert initial(rig.now).epoch > before
    assert initial(1000.0).epoch == 50_000


def test_a_lease_is_not_given_up_for_a_belt_process_that_has_not_acted_on_the_stop():
    rig = Rig(lease=True)
    rig.plant.link = LinkState.READ_ONLY  # it acts on nothing
    rig.run(30)
    assert rig.machine.lease
    assert Missing.BELT_MOVING in rig.out.reset_missing
    rig.tick(Reset(STAFF))
    assert rig.state is State.LATCHED


# ------------------------------------------------------------------------------------ reset


def test_a_reset_needs_everything_healthy():
    def missing(break_it) -> tuple[Missing, ...]:
        rig = Rig()
        rig.run(3)
        break_it(rig)
        rig.run(3)
        rig.tick(Reset(STAFF))
        assert rig.state is State.LATCHED
        assert rig.out.reset_missing == why(rig)
        return why(rig)

    def screen(rig):
        rig.screen = False

    def fault(rig):
        rig.fault = "x"

    def silent(rig):
        rig.plant.silent = True

    def lost(rig):
        rig.plant.link = LinkState.LOST

    def mute(rig):
        rig.plant.mute = True
        rig.run(1)

    def moving(rig):
        rig.plant.console(100)

    def weld(rig):
        rig.relay = True

    assert missing(lambda rig: rig.open("clip")) == (Missing.CLIP_OPEN,)
    assert missing(lambda rig: rig.open("red")) == (Missing.RED_PRESSED,)
    assert missing(screen) == (Missing.SCREEN,)
    assert missing(fault) == (Missing.WIRING,)
    assert missing(silent) == (Missing.BELT_PROCESS,)
    assert missing(lost) == (Missing.LINK,)
    assert missing(mute) == (Missing.TELEMETRY,)
    assert missing(moving) == (Missing.BELT_MOVING,)
    assert missing(weld) == (Missing.PERMIT,)


def test_a_reset_does_not_need_control_as_the_key_may_be_out_while_the_permit_is_off():
    rig = Rig()
    rig.plant.link = LinkState.READ_ONLY
    assert rig.to_idle()
    assert Missing.CONTROL in rig.out.arm_missing


def test_a_closed_clip_counts_only_once_it_has_settled():
    rig = Rig()
    rig.run(2)
    rig.clip = Contact.SETTLING
    rig.tick(Reset(STAFF))
    assert why(rig) == (Missing.CLIP_OPEN,)
    rig.run(1)
    rig.clip, rig.red = Contact.CLOSED, Contact.SETTLING
    rig.tick(Reset(STAFF))
    assert why(rig) == (Missing.RED_PRESSED,)


def test_a_held_reset_never_counts_even_when_the_cause_goes_while_it_is_held():
    rig = Rig()
    rig.run(2)
    rig.open("clip")
    for _ in range(100):
        rig.tick(Reset(STAFF))
    rig.close("clip")
    for _ in range(200):
        rig.tick(Reset(STAFF))
    assert rig.state is State.LATCHED
    assert why(rig) == (Missing.RESET_HELD,)
    rig.run(0.6)
    rig.tick(Reset(STAFF))
    assert rig.state is State.IDLE


def test_a_reset_half_a_second_after_another_is_still_the_same_press():
    rig = Rig()
    rig.run(2)
    rig.open("clip")
    rig.tick(Reset(MEMBER))
    rig.clip = Contact.CLOSED
    rig.run(0.48)
    rig.tick(Reset(MEMBER))  # exactly 0.5 s later
    assert rig.state is State.LATCHED
    rig.run(0.5)
    rig.tick(Reset(MEMBER))  # 0.52 s later
    assert rig.state is State.IDLE


def test_a_reset_that_is_not_needed_does_nothing():
    rig = idle()
    before = rig.machine.since_s
    rig.tick(Reset(MEMBER))
    assert (rig.state, rig.machine.since_s, rig.refused) == (State.IDLE, before, [])
    rig = running()
    rig.tick(Reset(STAFF))
    assert rig.state is State.RUNNING


def test_a_reset_while_stopping_is_refused_with_what_is_missing():
    rig = running()
    rig.tick(Stop(StopWhy.MEMBER))
    rig.tick(Reset(STAFF))
    assert rig.state is State.STOPPING
    assert why(rig) == (Missing.BELT_MOVING,)
    rig.run(2, lambda: rig.out.at_rest)


@pytest.mark.parametrize("cause", sorted(set(Cause) - {Cause.BOOT}))
def test_who_may_reset_each_cause(cause):
    by_member = {
        Cause.CLIP,
        Cause.MEMBER_STOP,
        Cause.PLAN_DONE,
        Cause.STAFF_STOP,
        Cause.ARM_EXPIRED,
        Cause.SCREEN_FROZEN,
        Cause.BELT_STOPPED_ITSELF,
        Cause.STOP_TEST,
        Cause.OFF_DECK,
    }
    rig = Rig()
    rig.run(3)
    rig.machine = machine_module._stopped(msgspec.structs.replace(rig.machine, cause=None), cause, rig.now)
    rig.run(15)
    rig.tick(Reset(MEMBER))
    assert (rig.state is State.IDLE) == (cause in by_member)
    if cause not in by_member:
        assert why(rig) == (Missing.STAFF,)
        rig.run(1)
        rig.tick(Reset(STAFF))
        assert rig.state is State.IDLE


# ------------------------------------------------------------------------------------ what is missing before Arm


def test_idle_says_what_is_missing_before_arm_one_thing_at_a_time():
    rig = idle()
    assert rig.out.arm_missing == ()
    assert rig.out.start_missing == (Missing.NOT_ARMED,)
    rig.plant.incline = 20
    rig.run(0.1)
    assert rig.out.arm_missing == (Missing.INCLINE,)
    rig.plant.incline = None
    rig.run(0.1)
    assert rig.out.arm_missing == ()
    rig.plant.link = LinkState.READ_ONLY
    rig.run(0.1)
    assert rig.out.arm_missing == (Missing.CONTROL,)
    rig.plant.link = LinkState.CONNECTING
    rig.run(3)
    assert rig.out.arm_missing == (Missing.LINK,)
    rig.tick(arm())
    assert rig.state is State.IDLE
    assert why(rig) == (Missing.LINK,)


def test_a_treadmill_without_speed_control_is_not_armed():
    rig = Rig()
    rig.plant.facts = msgspec.structs.replace(rig.plant.facts, can_speed=False)
    rig.to_idle()
    rig.run(1)
    assert rig.out.arm_missing == (Missing.CONTROL,)


def test_a_treadmill_that_has_not_said_who_it_is_is_not_armed():
    rig = idle()
    rig.plant.facts = None
    rig.run(0.1)
    assert rig.out.arm_missing == (Missing.LINK,)


def test_a_machine_whose_minimum_is_above_the_cap_is_not_armed():
    rules = Rules(House(70, 50, supervised=False), 0.06, {}, UNASKED)
    rig = Rig(rules=rules)
    rig.to_idle()
    rig.run(1)
    assert rig.out.arm_missing == (Missing.MIN_ABOVE_CAP,)
    assert (rig.out.limits.min_ckmh, rig.out.limits.cap_ckmh) == (80, 70)


def test_an_envelope_below_the_machines_minimum_is_refused():
    rig = idle()
    rig.tick(arm(Envelope(79, 0)))
    assert rig.state is State.IDLE
    assert why(rig) == (Missing.MIN_ABOVE_CAP,)
    rig.tick(arm(Envelope(80, 0)))
    assert rig.state is State.PROOF
    assert rig.out.limits.cap_ckmh == 80


def test_the_permit_relay_must_be_up_before_arm():
    rig = Rig()
    rig.run(3)
    rig.tick(Reset(MEMBER))
    assert rig.out.arm_missing == (Missing.PERMIT,)
    rig.run(0.3)
    assert rig.out.arm_missing == ()


def test_without_read_back_the_permit_is_taken_at_its_word():
    rig = Rig(readback=False)
    rig.run(3)
    rig.tick(Reset(MEMBER))
    assert rig.out.arm_missing == ()


def test_arm_is_refused_while_latched_armed_or_under_way():
    rig = Rig()
    rig.run(2)
    assert rig.out.arm_missing == (Missing.LATCHED,)
    rig.tick(arm())
    assert rig.refused == [Refused("arm", (Missing.LATCHED,))]
    rig = armed()
    rig.tick(arm())
    assert why(rig) == (Missing.ALREADY_ARMED,)
    assert rig.state is State.ARMED
    rig = running()
    rig.tick(arm())
    assert why(rig) == (Missing.ALREADY_ARMED,)
    rig.open("clip")
    rig.tick(arm())
    assert why(rig) == (Missing.LATCHED,)


# ------------------------------------------------------------------------------------ proof and consent


def test_the_clip_must_be_pulled_and_closed_after_arm():
    rig = idle()
    rig.tick(arm())
    assert rig.state is State.PROOF
    rig.run(2)
    assert rig.out.start_missing == (Missing.CLIP_PULL,)
    rig.tick(Start())
    assert why(rig) == (Missing.CLIP_PULL,)
    rig.open("clip")
    rig.tick()
    assert rig.state is State.PROOF
    assert rig.out.start_missing == (Missing.CLIP_CLOSE,)
    rig.close("clip")
    rig.run(0.48)
    assert rig.state is State.PROOF  # closed, but not for 500 ms
    rig.run(0.06)
    assert rig.state is State.ARMED
    assert rig.out.start_missing == ()
    assert rig.out.permit


def test_a_clip_pulled_before_arm_proves_nothing():
    rig = idle()
    rig.open("clip")
    rig.run(0.2)
    rig.close("clip")
    rig.run(1)
    rig.tick(arm())
    rig.run(1)
    assert rig.state is State.PROOF
    assert rig.out.start_missing == (Missing.CLIP_PULL,)


def test_the_proof_is_asked_for_anew_in_every_session():
    rig = armed()
    rig.tick(Disarm())
    assert rig.state is State.IDLE
    rig.tick(arm())
    rig.run(1)
    assert rig.state is State.PROOF
    assert rig.out.start_missing == (Missing.CLIP_PULL,)


def test_a_bouncing_clip_is_not_pulled():
    rig = idle()
    rig.tick(arm())
    rig.clip = Contact.SETTLING
    rig.run(0.2)
    rig.clip = Contact.CLOSED
    rig.run(0.2)
    assert rig.state is State.PROOF


def test_consent_lasts_thirty_seconds_and_then_the_arming_ends():
    rig = armed()
    assert rig.out.consent_left_s == pytest.approx(30.0, abs=0.05)
    rig.run(29.9)
    assert rig.state is State.ARMED
    assert rig.out.consent_left_s == pytest.approx(0.1, abs=0.05)
    rig.run(0.2)
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.ARM_EXPIRED)
    assert rig.out.permit  # a magnet cannot put itself back
    assert rig.out.consent_left_s is None
    rig.run(1)
    rig.tick(Reset(MEMBER))
    assert rig.state is State.IDLE


def test_the_amber_button_renews_consent_but_only_by_a_press_while_armed():
    rig = idle()
    rig.tick(arm())
    rig.amber = True
    rig.open("clip")
    rig.run(0.2)
    rig.close("clip")
    rig.run(1)
    assert rig.state is State.ARMED
    rig.run(20)
    assert rig.out.consent_left_s < 11  # held since before: no press
    rig.amber = False
    rig.tick()
    rig.amber = True
    rig.tick()
    assert rig.out.consent_left_s == pytest.approx(30.0)
    rig.run(29)
    assert rig.state is State.ARMED


def test_start_asks_for_consent_even_where_the_arm_window_is_longer(monkeypatch):
    monkeypatch.setattr(machine_module, "ARM_WINDOW_S", 90.0)
    rig = armed()
    rig.run(29.9)
    assert rig.out.start_missing == ()
    rig.run(0.2)
    assert rig.state is State.ARMED
    assert rig.out.start_missing == (Missing.CONSENT,)
    assert rig.out.consent_left_s == 0.0
    rig.tick(Start())
    assert rig.state is State.ARMED
    assert why(rig) == (Missing.CONSENT,)


def test_a_proof_that_does_not_come_is_forgotten():
    rig = idle()
    rig.tick(arm())
    rig.run(180.0)
    assert rig.state is State.PROOF
    rig.run(0.1)
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.ARM_EXPIRED)


@pytest.mark.parametrize(
    "trouble", ["screen", "link", "frames", "data", "moving", "generation", "control", "incline"]
)
def test_trouble_during_the_proof_latches_nothing_but_leads_back_to_idle(trouble):
    rig = idle()
    rig.tick(arm())
    rig.open("clip")
    rig.run(0.2)
    plant = rig.plant
    if trouble == "screen":
        rig.screen = False
    elif trouble == "link":
        plant.link = LinkState.LOST
    elif trouble == "frames":
        plant.silent = True
    elif trouble == "data":
        plant.mute = True
    elif trouble == "moving":
        plant.console(100)
    elif trouble == "generation":
        plant.generation += 1
    elif trouble == "control":
        plant.link = LinkState.READ_ONLY
    else:
        plant.incline = 10
    rig.run(3)
    assert (rig.state, rig.machine.cause) == (State.IDLE, None)
    assert rig.out.wish.mode is WishMode.HOLD
    assert plant.written == []


def test_disarm_leads_back_to_idle_and_elsewhere_is_refused():
    rig = armed()
    rig.tick(Disarm())
    assert rig.state is State.IDLE
    assert rig.machine.session == ""
    rig.tick(arm())
    rig.tick(Disarm())
    assert rig.state is State.IDLE
    rig.tick(Disarm())
    assert rig.refused[-1] == Refused("disarm", (Missing.NOT_ARMED,))
    rig = running()
    rig.tick(Disarm())
    assert rig.state is State.RUNNING


# ------------------------------------------------------------------------------------ start


def test_start_needs_armed_and_starts_at_the_machines_minimum():
    rig = armed()
    assert rig.machine.session == "s1"
    epoch = rig.out.wish.epoch
    out = rig.tick(Start())
    assert rig.state is State.STARTING
    assert (out.wish.mode, out.wish.speed_ckmh, out.wish.incline_dpct) == (WishMode.RUN, 80, 0)
    assert out.wish.epoch == epoch + 1
    assert out.lease
    assert out.permit
    rig.run(1)
    assert rig.out.wish.epoch == epoch + 1
    rig.run(5)
    assert rig.state is State.RUNNING
    assert rig.out.wish.epoch == epoch + 1
    assert [op for _, op, _ in rig.plant.written] == ["07", "02"]
    assert kinds(rig) == ["reset", "arm", "start"]
    assert [event.id for event in rig.events] == [1, 2, 3]


@pytest.mark.parametrize("state", ["latched", "idle", "running", "stopping"])
def test_start_elsewhere_is_refused(state):
    rig = {"latched": Rig, "idle": idle, "running": running, "stopping": running}[state]()
    rig.run(0.1)
    if state == "stopping":
        rig.open("clip")
        rig.tick()
    rig.tick(Start())
    assert rig.refused[-1] == Refused("start", (Missing.NOT_ARMED,))
    assert [op for _, op, _ in rig.plant.written].count("07") == (state in ("running", "stopping"))


def test_start_is_refused_on_a_deck_that_is_not_level():
    rig = armed()
    rig.plant.incline = 10
    rig.tick()
    rig.tick(Start())
    assert why(rig) == (Missing.INCLINE,)
    assert rig.state is State.ARMED


def test_a_cap_lowered_below_the_minimum_while_armed_keeps_it_from_starting():
    rig = armed()
    rig.tick(LowerCap(70))
    rig.tick(Start())
    assert why(rig) == (Missing.MIN_ABOVE_CAP,)


def test_a_start_that_moves_nothing_is_given_up_and_needs_staff():
    rig = armed(Habits(start="never", latency_s=6.0))
    rig.tick(Start())
    rig.run(10.0)
    assert rig.state is State.STARTING
    rig.run(0.04)
    assert rig.machine.cause is Cause.START_TIMEOUT
    assert rig.machine.staff
    rig.run(1)
    assert rig.state is State.LATCHED
    assert not rig.out.permit


def test_a_slow_starter_gets_its_latency_and_four_seconds():
    rig = armed(Habits(start="never", latency_s=8.0))
    rig.tick(Start())
    rig.run(11.9)
    assert rig.state is State.STARTING
    rig.run(0.2)
    assert rig.machine.cause is Cause.START_TIMEOUT


@pytest.mark.parametrize("wire", ["clip", "red"])
def test_a_wire_opened_during_spin_up_stops_at_once_and_waits_until_no_start_can_come(wire):
    rig = starting(Habits(latency_s=5.0))
    rig.run(2)
    rig.open(wire)
    out = rig.tick()
    assert out.wish.mode is WishMode.STOP
    assert not out.permit
    rig.tick()
    assert rig.plant.written[-1][1] == "08"
    started = rig.plant.started_at
    assert rig.run(10, lambda: rig.state is State.LATCHED)
    assert rig.now - started == pytest.approx(7.0, abs=0.1)
    assert not rig.out.alarm


def test_a_start_not_yet_written_is_not_waited_for():
    rig = armed(Habits(latency_s=5.0))
    rig.plant.silent = False
    rig.tick(Start(), Stop(StopWhy.MEMBER))
    assert rig.state is State.STOPPING
    assert rig.run(1.0, lambda: rig.state is State.LATCHED)
    assert [op for _, op, _ in rig.plant.written] == []


def test_a_belt_process_that_died_after_the_start_is_not_believed_that_it_wrote_none():
    rig = starting(Habits(latency_s=5.0))
    rig.run(0.5)
    last_run = rig.now
    rig.plant.restart()
    rig.tick()
    rig.tick()
    assert rig.machine.cause in (Cause.BELT_PROCESS, Cause.LINK_LOST)
    assert rig.plant.started_at is None
    assert rig.run(12, lambda: rig.state is State.LATCHED)
    assert rig.now - last_run >= 6.9


def test_the_first_motion_is_running_and_the_scale_must_be_proved_before_any_rise():
    rig = armed()
    rig.tick(Start())
    rig.tick(Target(200, 0))
    assert rig.run(5, lambda: rig.state is State.RUNNING)
    moved = rig.now
    rig.run(2.9)
    assert rig.out.wish.speed_ckmh == 80
    assert rig.run(1, lambda: rig.out.wish.speed_ckmh > 80)
    assert rig.now - moved == pytest.approx(3.0, abs=0.05)
    assert rig.out.wish.speed_ckmh == 110  # 80 + 33, rounded down to the grid of 10


@pytest.mark.parametrize("scale", [0.7, 0.621])
def test_a_belt_slower_than_three_quarters_of_what_was_asked_is_never_raised(scale):
    rig = Rig(Habits(scale=scale))
    assert rig.to_running()
    rig.tick(Target(200, 0))
    rig.run(20)
    assert rig.state is State.RUNNING
    assert rig.out.wish.speed_ckmh == 80


@pytest.mark.parametrize(("scale", "rises"), [(0.75, True), (0.74, False), (1.25, True)])
def test_the_scale_is_proved_within_a_quarter(scale, rises):
    rig = Rig(Habits(scale=scale, minimum=100))
    assert rig.to_running()
    rig.tick(Target(200, 0))
    rig.run(8)
    assert (rig.out.wish.speed_ckmh > 100) == rises


def test_km_h_taken_for_mph_is_found_at_the_slowest_speed():
    rig = Rig(Habits(scale=1.609))
    assert rig.to_running()
    rig.tick(Target(200, 0))
    assert rig.run(6, lambda: rig.state is State.STOPPING)
    assert rig.machine.cause is Cause.DEVIATION
    assert max(value for _, op, value in rig.plant.written if op == "02") == 80
    assert rig.plant.speed <= 130


# ------------------------------------------------------------------------------------ trips


def break_clip(rig):
    rig.open("clip")


def break_red(rig):
    rig.open("red")


def bounce_clip(rig):
    rig.clip = Contact.SETTLING


def bounce_red(rig):
    rig.red = Contact.SETTLING


def break_wire(rig):
    rig.fault = "The clip (pin 17) cannot be read."


def break_link(rig):
    rig.plant.link = LinkState.LOST


def break_control(rig):
    rig.plant.link = LinkState.READ_ONLY


def break_generation(rig):
    rig.plant.generation += 1


def break_life(rig):
    rig.plant.life += 1


def key_out(rig):
    rig.plant.report(StatusEvent.SAFETY_KEY)


def control_lost(rig):
    rig.plant.report(StatusEvent.CONTROL_LOST)


def late(rig):
    rig.late_s += 0.07


def early(rig):
    rig.late_s -= 0.5


def future_frames(rig):
    rig.plant.future_s = 1.0


def unmeasured(rig):
    rig.plant.read = None


TRIPS = {
    break_clip: Cause.CLIP,
    bounce_clip: Cause.CLIP,
    break_red: Cause.RED_BUTTON,
    bounce_red: Cause.RED_BUTTON,
    break_wire: Cause.INPUT_FAULT,
    break_link: Cause.LINK_LOST,
    break_generation: Cause.LINK_LOST,
    break_life: Cause.LINK_LOST,
    break_control: Cause.CONTROL_LOST,
    key_out: Cause.SAFETY_KEY,
    control_lost: Cause.CONTROL_LOST,
    late: Cause.TICK_LATE,
    early: Cause.TICK_LATE,
    future_frames: Cause.BELT_PROCESS,
    unmeasured: Cause.TELEMETRY_STALE,
}


@pytest.mark.parametrize("breaking", TRIPS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("where", [starting, running], ids=["starting", "running"])
def test_every_hard_trip_takes_the_permit_and_stops_in_the_same_tick(where, breaking):
    rig = where()
    rig.run(1)
    breaking(rig)
    rig.tick()
    if rig.state in (State.STARTING, State.RUNNING):  # a frame of the belt process is one tick on its way
        rig.tick()
    assert (rig.state, rig.machine.cause) == (State.STOPPING, TRIPS[breaking])
    assert rig.out.wish.mode is WishMode.STOP
    assert not rig.out.permit
    assert rig.machine.hard
    assert kinds(rig)[-1] == "trip"


@pytest.mark.parametrize("breaking", TRIPS, ids=lambda f: f.__name__)
def test_every_hard_trip_latches_an_armed_guard_which_then_writes_nothing(breaking):
    rig = armed()
    breaking(rig)
    rig.tick()
    rig.tick()
    assert (rig.state, rig.machine.cause) == (State.LATCHED, TRIPS[breaking])
    assert rig.out.wish.mode is WishMode.HOLD
    assert not rig.out.permit
    assert not rig.out.lease
    assert rig.plant.written == []


@pytest.mark.parametrize("breaking", TRIPS, ids=lambda f: f.__name__)
def test_every_hard_trip_turns_a_soft_stop_hard(breaking):
    rig = running(speed=200)
    rig.tick(Stop(StopWhy.MEMBER))
    rig.run(0.5)
    assert rig.out.wish.mode is WishMode.RUN
    assert rig.out.permit
    breaking(rig)
    rig.tick()
    rig.tick()
    assert (rig.state, rig.machine.cause) == (State.STOPPING, TRIPS[breaking])
    assert rig.out.wish.mode is WishMode.STOP
    assert not rig.out.permit


def test_a_silent_belt_process_trips_after_300_ms_and_calls_the_stopper():
    rig = running()
    rig.plant.silent = True
    rig.run(0.28)
    assert rig.state is State.RUNNING
    assert not rig.out.stop_now
    rig.run(0.06)
    assert rig.machine.cause is Cause.BELT_PROCESS
    assert rig.out.stop_now
    assert not rig.out.belt_heard
    rig.plant.silent = False
    rig.run(0.1)
    assert not rig.out.stop_now


def test_a_silent_belt_process_with_nothing_of_ours_moving_calls_nobody():
    rig = idle()
    rig.plant.silent = True
    rig.run(2)
    assert not rig.out.stop_now


@pytest.mark.parametrize("period", [0.2, 1.0])
def test_old_data_trip_after_three_periods_or_two_and_a_half_seconds(period):
    rig = running(Habits(period_s=period))
    assert rig.run(2, lambda: rig.plant.read_at == rig.plant.now)
    rig.plant.mute = True
    limit = max(2.5, 3 * period)
    rig.run(limit - 0.06)
    assert rig.state is State.RUNNING
    rig.run(0.14)
    assert rig.machine.cause is Cause.TELEMETRY_STALE


def test_a_reading_that_was_old_when_it_was_sent_is_old():
    rig = running()
    rig.plant.read_at -= 2.6
    rig.plant.mute = True
    rig.tick()
    rig.tick()
    assert rig.machine.cause is Cause.TELEMETRY_STALE


def test_a_screen_that_draws_nothing_for_half_a_second_eases_the_belt_to_a_stop():
    rig = running(speed=200)
    assert rig.run(1, lambda: rig.drawn_at == rig.machine.tick_s)
    rig.screen = False
    rig.run(0.5)
    assert rig.state is State.RUNNING
    rig.run(0.04)
    assert rig.machine.cause is Cause.SCREEN_FROZEN
    assert rig.out.permit
    assert rig.out.wish.mode is WishMode.RUN
    rig.run(1)
    assert 160 <= rig.out.wish.speed_ckmh <= 175
    assert rig.run(12, lambda: rig.state is State.LATCHED)
    assert not rig.machine.staff


def test_a_frame_that_was_drawn_before_does_not_count_again():
    rig = running()
    drawn = rig.drawn
    rig.run(0.02)
    rig.screen = False
    for _ in range(40):
        rig.drawn_at = rig.now  # the same frame number again and again
        rig.tick()
    assert rig.drawn in (drawn, drawn + 1)
    assert rig.machine.cause is Cause.SCREEN_FROZEN


def test_a_frozen_screen_ends_the_arming():
    rig = armed()
    rig.screen = False
    rig.run(0.7)
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.SCREEN_FROZEN)


def test_faster_than_the_cap_for_300_ms_trips():
    rules = plant_rules(Habits(), cap_ckmh=200)
    rig = running(Habits(period_s=0.02), rules=rules, speed=200)
    rig.plant.speed = rig.plant.aim = 230.0
    rig.run(2)
    assert rig.state is State.RUNNING  # cap + 0.30 is still allowed
    rig.plant.speed = rig.plant.aim = 231.0
    rig.run(0.28)
    assert rig.state is State.RUNNING
    rig.run(0.08)
    assert rig.machine.cause is Cause.OVERSPEED


def test_a_single_fast_reading_that_goes_away_does_not_trip():
    rules = plant_rules(Habits(), cap_ckmh=200)
    rig = running(Habits(period_s=0.02), rules=rules, speed=200)
    for _ in range(5):
        rig.plant.speed = rig.plant.aim = 240.0
        rig.run(0.2)
        rig.plant.speed = rig.plant.aim = 200.0
        rig.run(0.2)
    assert rig.state is State.RUNNING


def test_faster_than_asked_by_half_a_km_h_for_three_seconds_trips():
    rig = running(Habits(period_s=0.02), speed=200)
    rig.plant.speed = rig.plant.aim = 250.0
    rig.run(5)
    assert rig.state is State.RUNNING
    rig.plant.speed = rig.plant.aim = 251.0
    rig.run(3.0)
    assert rig.state is State.RUNNING
    rig.run(0.08)
    assert rig.machine.cause is Cause.DEVIATION


def test_a_belt_that_lags_behind_a_ramp_down_does_not_deviate():
    rig = running(Habits(slowing_ckmh_per_s=28.0, period_s=1.0), speed=360)
    rig.tick(Ease())
    rig.run(12)
    assert rig.state is State.RUNNING
    assert rig.out.wish.speed_ckmh == 80


def test_a_belt_that_stopped_by_itself_latches_softly():
    rig = running(speed=160)
    rig.run(6)
    rig.plant.console(0)
    assert rig.run(6, lambda: rig.state is not State.RUNNING)
    assert rig.machine.cause is Cause.BELT_STOPPED_ITSELF
    assert rig.out.wish.mode is WishMode.STOP  # no ramp: it would speed the belt up again
    assert rig.out.permit
    assert rig.run(3, lambda: rig.state is State.LATCHED)
    assert not rig.machine.staff


def test_transient_zeros_of_a_running_belt_are_borne_as_the_profile_says():
    rules = Rules(
        House(400, 50, supervised=False),
        0.06,
        {ADDRESS: plant_profile(Habits(), quirks={"zero_debounce_s": 3.0})},
        UNASKED,
    )
    rig = running(rules=rules)
    rig.plant.speed = 0.0
    rig.plant.aim = 0.0
    rig.run(2.9)
    assert rig.state is State.RUNNING
    rig.run(1.5)
    assert rig.machine.cause is Cause.BELT_STOPPED_ITSELF


def test_somebody_stopping_at_the_console_is_a_soft_stop_without_a_ramp():
    rig = running(speed=160)
    rig.plant.report(StatusEvent.STOPPED_BY_USER)
    rig.tick()
    rig.tick()
    assert rig.machine.cause is Cause.BELT_STOPPED_ITSELF
    assert rig.out.wish.mode is WishMode.STOP


@pytest.mark.parametrize("event", [StatusEvent.STARTED_BY_USER, None])
def test_events_that_stop_nothing_stop_nothing(event):
    rig = running()
    rig.plant.event, rig.plant.event_seq = event, rig.plant.event_seq + 1
    rig.run(1)
    assert rig.state is State.RUNNING


def test_an_event_counts_once_and_not_when_it_was_there_before_us():
    rig = Rig()
    rig.plant.report(StatusEvent.SAFETY_KEY)
    assert rig.to_running()


def test_a_treadmill_that_resets_itself_under_way_has_dropped_control_but_while_stopping_it_may():
    rig = running()
    rig.plant.report(StatusEvent.RESET)
    rig.tick()
    rig.tick()
    assert rig.machine.cause is Cause.CONTROL_LOST
    rig = running(speed=160)
    rig.tick(Stop(StopWhy.PLAN_DONE))
    rig.plant.report(StatusEvent.RESET)
    rig.run(0.1)
    assert rig.machine.cause is Cause.PLAN_DONE


def test_a_belt_that_moves_while_armed_is_stopped_and_ours():
    rig = armed()
    rig.plant.console(100)
    assert rig.run(2, lambda: rig.state is not State.ARMED)
    assert (rig.state, rig.machine.cause) == (State.STOPPING, Cause.UNEXPECTED_MOTION)
    assert rig.out.lease
    assert not rig.out.permit
    assert rig.run(5, lambda: rig.state is State.LATCHED)
    assert rig.plant.speed == 0


@pytest.mark.parametrize("where", ["latched", "idle"])
def test_a_belt_that_others_use_is_left_alone(where):
    rig = idle() if where == "idle" else Rig()
    rig.run(1)
    rig.plant.console(120)
    rig.run(30)
    assert rig.plant.written == []
    assert rig.out.in_use_by_other
    assert not rig.out.lease
    assert rig.plant.speed == 120
    assert rig.out.measured_ckmh == 120


def test_a_belt_that_starts_again_right_after_our_stop_is_still_ours():
    rig = running(Habits(latency_s=2.0), speed=160)
    rig.tick(Stop(StopWhy.PLAN_DONE))
    assert rig.run(15, lambda: rig.state is State.LATCHED)
    rig.run(2)
    rig.plant.console(80)  # as a toggled stop would
    assert rig.run(1, lambda: rig.state is State.STOPPING)
    assert rig.machine.cause is Cause.UNEXPECTED_MOTION
    assert rig.machine.staff
    assert not rig.out.permit
    assert rig.run(5, lambda: rig.state is State.LATCHED)
    assert rig.plant.speed == 0


def test_a_belt_that_starts_long_after_our_stop_is_somebody_elses():
    rig = running(Habits(latency_s=2.0))
    rig.tick(Stop(StopWhy.PLAN_DONE))
    assert rig.run(15, lambda: rig.state is State.LATCHED)
    rig.run(4.1)
    rig.plant.console(80)
    rig.run(5)
    assert rig.state is State.LATCHED
    assert rig.out.in_use_by_other


def test_the_red_button_latches_in_every_state():
    for rig in (Rig(), idle(), armed()):
        rig.run(1)
        rig.open("red")
        rig.tick()
        assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.RED_BUTTON)
        assert not rig.out.permit
    rig = idle()
    rig.tick(arm())
    rig.open("red")
    rig.tick()
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.RED_BUTTON)


def test_a_clip_opened_in_idle_latches_nothing():
    rig = idle()
    rig.open("clip")
    rig.run(1)
    assert rig.state is State.IDLE
    assert rig.out.arm_missing == (Missing.CLIP_OPEN,)


# ------------------------------------------------------------------------------------ the permit's relay


def test_a_relay_that_stays_up_after_the_permit_dropped_is_a_fault_for_staff():
    rig = running()
    rig.open("clip")
    rig.relay = True
    rig.run(0.2)
    assert not rig.machine.staff
    rig.run(0.06)
    assert rig.machine.staff
    assert rig.machine.cause is Cause.CLIP  # the first hard cause is kept
    rig.relay = None
    rig.close("clip")
    rig.run(10)
    rig.tick(Reset(MEMBER))
    assert why(rig) == (Missing.STAFF,)


def test_a_relay_that_does_not_pick_up_is_a_fault_after_half_a_second():
    rig = Rig()
    rig.run(3)
    rig.relay = False
    rig.tick(Reset(MEMBER))
    rig.run(0.5)
    assert rig.state is State.IDLE
    rig.run(0.06)
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.PERMIT_FAULT)
    assert not rig.out.permit


def test_a_relay_that_drops_by_itself_while_walking_stops_the_belt():
    rig = running()
    rig.relay = False
    rig.run(0.48)
    assert rig.state is State.RUNNING
    rig.run(0.1)
    assert rig.machine.cause is Cause.PERMIT_FAULT


def test_a_relay_that_flickers_for_less_than_that_is_forgiven():
    rig = running()
    for _ in range(5):
        rig.relay = False
        rig.run(0.3)
        rig.relay = None
        rig.run(0.1)
    assert rig.state is State.RUNNING


# ------------------------------------------------------------------------------------ causes


def test_the_first_hard_cause_is_kept_and_a_soft_one_is_replaced():
    rig = running(speed=160)
    rig.tick(Stop(StopWhy.MEMBER))
    rig.tick(Stop(StopWhy.PLAN_DONE))
    assert rig.machine.cause is Cause.MEMBER_STOP
    rig.open("clip")
    rig.tick()
    assert rig.machine.cause is Cause.CLIP
    assert not rig.machine.staff
    rig.plant.link = LinkState.LOST
    rig.run(0.1)
    assert rig.machine.cause is Cause.CLIP
    assert not rig.machine.staff  # the key that the permit dropped may take the link with it
    rig.open("red")
    rig.run(0.1)
    assert rig.machine.cause is Cause.CLIP
    assert rig.machine.staff


def test_a_latched_soft_stop_becomes_hard_when_the_red_button_is_pressed():
    rig = running()
    rig.tick(Stop(StopWhy.PLAN_DONE))
    assert rig.run(10, lambda: rig.state is State.LATCHED)
    assert rig.out.permit
    since = rig.machine.since_s
    rig.open("red")
    rig.tick()
    assert rig.machine.cause is Cause.RED_BUTTON
    assert not rig.out.permit
    assert rig.machine.since_s == since
    assert kinds(rig)[-1] == "trip"
    rig.run(1)
    assert kinds(rig).count("trip") == 1


# ------------------------------------------------------------------------------------ stopping


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (StopWhy.MEMBER, Cause.MEMBER_STOP),
        (StopWhy.PLAN_DONE, Cause.PLAN_DONE),
        (StopWhy.STAFF, Cause.STAFF_STOP),
    ],
)
def test_a_soft_stop_ramps_down_to_the_minimum_then_stops_with_a_new_epoch(message, cause):
    rig = running(speed=200)
    epoch = rig.out.wish.epoch
    asked = rig.now
    rig.tick(Stop(message))
    assert rig.machine.cause is cause
    speeds = [rig.out.wish.speed_ckmh]
    for _ in range(500):
        if rig.out.wish.mode is not WishMode.RUN:
            break
        assert rig.out.wish.epoch == epoch
        speeds.append(rig.out.wish.speed_ckmh)
        rig.tick()
    assert rig.now - asked == pytest.approx((200 - 80) / 32, abs=0.4)
    assert speeds == sorted(speeds, reverse=True)
    assert min(speeds) > 80
    assert rig.out.wish.epoch == epoch + 1
    assert rig.out.wish.speed_ckmh == 0
    assert rig.out.permit
    assert rig.run(5, lambda: rig.state is State.LATCHED)
    assert rig.out.permit
    assert not rig.out.alarm
    assert rig.out.wish == msgspec.structs.replace(rig.out.wish, mode=WishMode.HOLD, epoch=epoch + 1, speed_ckmh=0)
    assert kinds(rig)[-2:] == ["stop", "rest"]


def test_the_incline_goes_flat_at_once_in_a_soft_stop():
    rig = running(speed=120)
    rig.tick(Target(120, 20))
    rig.run(8)
    assert rig.out.wish.incline_dpct == 20
    rig.tick(Stop(StopWhy.MEMBER))
    assert rig.out.wish.incline_dpct == 0
    assert rig.out.wish.speed_ckmh == 120


def test_the_ramp_ends_early_when_the_belt_stands_still():
    rig = running(speed=360)
    rig.tick(Stop(StopWhy.MEMBER))
    rig.plant.console(0)
    assert rig.run(6, lambda: rig.out.wish.mode is WishMode.STOP)
    assert rig.run(3, lambda: rig.state is State.LATCHED)


def test_the_ramp_ends_at_once_when_somebody_stops_the_belt_at_its_console():
    rig = running(speed=200)
    rig.tick(Stop(StopWhy.PLAN_DONE))
    rig.run(1)
    assert rig.out.wish.mode is WishMode.RUN
    rig.plant.report(StatusEvent.STOPPED_BY_USER)
    rig.tick()
    rig.tick()
    assert rig.out.wish.mode is WishMode.STOP  # another speed might set it going again
    assert (rig.machine.cause, rig.out.permit) == (Cause.PLAN_DONE, True)


def test_a_stop_before_the_belt_moves_has_no_ramp():
    rig = starting()
    rig.run(1)
    rig.tick(Ease(), Stop(StopWhy.MEMBER))
    assert rig.out.wish.mode is WishMode.STOP
    assert rig.out.permit


@pytest.mark.parametrize("where", ["proof", "armed"])
def test_a_stop_before_start_latches(where):
    rig = armed()
    if where == "proof":
        rig = idle()
        rig.tick(arm())
    rig.tick(Stop(StopWhy.MEMBER))
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.MEMBER_STOP)
    assert rig.plant.written == []


@pytest.mark.parametrize("ends", ["clip", "stop"])
def test_a_belt_that_a_hand_starts_after_a_session_s_arming_has_ended_is_somebody_elses(ends):
    rig = armed()
    if ends == "clip":
        rig.open("clip")
        rig.tick()
        rig.close("clip")
    else:
        rig.tick(Stop(StopWhy.MEMBER))
    cause = rig.machine.cause
    rig.run(1)
    rig.plant.console(100)
    rig.run(3)
    assert (rig.state, rig.machine.cause) == (State.LATCHED, cause)
    assert rig.out.in_use_by_other
    assert rig.plant.written == []


def test_a_stop_where_nothing_is_to_be_stopped_does_nothing():
    rig = idle()
    rig.tick(Stop(StopWhy.MEMBER))
    assert (rig.state, rig.machine.cause, rig.refused) == (State.IDLE, None, [])
    rig = Rig()
    rig.run(1)
    rig.tick(Stop(StopWhy.STAFF))
    assert rig.machine.cause is Cause.BOOT


def test_a_belt_not_at_rest_by_its_stop_time_sounds_the_alarm():
    rig = running(Habits(stop="deaf"))
    rig.open("clip")
    rig.tick()
    rig.run(5.66)  # 4.0 s x 1.3 + 0.5 s
    assert not rig.out.alarm
    rig.run(0.06)
    assert rig.out.alarm
    assert rig.machine.cause is Cause.CLIP
    assert rig.machine.staff
    assert kinds(rig)[-1] == "escalation"
    rig.run(10)
    assert kinds(rig).count("escalation") == 1
    assert rig.state is State.STOPPING
    assert rig.out.wish.mode is WishMode.STOP
    rig.plant.console(0)
    assert rig.run(8, lambda: rig.state is State.LATCHED)
    assert rig.out.alarm  # until staff have come
    rig.close("clip")
    rig.run(1)
    rig.tick(Reset(STAFF))
    assert rig.state is State.IDLE
    assert not rig.out.alarm


def test_a_soft_stop_that_is_not_obeyed_becomes_hard_and_its_budget_adds_the_ramp():
    rig = running(Habits(stop="deaf"), speed=200)
    rig.tick(Stop(StopWhy.PLAN_DONE))
    rig.run((200 - 80) / 32 + 5.66)
    assert rig.out.permit
    assert not rig.out.alarm
    rig.run(0.06)
    assert rig.machine.cause is Cause.STOP_NOT_CONFIRMED
    assert rig.out.alarm
    assert not rig.out.permit
    assert rig.machine.staff
    assert kinds(rig)[-2:] == ["trip", "escalation"]


def test_a_soft_stop_that_turns_hard_has_no_time_left_for_its_ramp():
    rig = running(Habits(stop="deaf"), speed=200)
    rig.tick(Stop(StopWhy.MEMBER))
    rig.run(1.0)
    rig.open("clip")
    rig.tick()
    budget_s = rig.machine.profile.stop_budget_s
    rig.run(budget_s - 0.1)
    assert not rig.out.alarm
    rig.run(0.2)
    assert rig.out.alarm


def test_an_uncommissioned_treadmill_has_six_seconds():
    rig = running(Habits(stop="deaf"), rules=Rules(House(400, 50, supervised=False), 0.06, {}, UNASKED))
    assert rig.machine.budget_s == 6.0
    rig.open("clip")
    rig.tick()
    rig.run(5.96)
    assert not rig.out.alarm
    rig.run(0.06)
    assert rig.out.alarm


def test_after_a_boot_a_belt_that_the_record_says_is_ours_is_stopped_first():
    rig = Rig()
    rig.plant.speed = rig.plant.aim = 150.0
    rig.run(2)
    assert (rig.out.wish.mode, rig.out.in_use_by_other) == (WishMode.HOLD, True)
    rig.tick(Stop(StopWhy.LEFT_OPEN))
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.RESTART_MOVING)
    assert rig.out.wish.mode is WishMode.STOP
    assert rig.out.lease
    assert not rig.out.permit
    assert kinds(rig) == ["trip"]
    epoch = rig.out.wish.epoch
    rig.tick(Stop(StopWhy.LEFT_OPEN))
    assert rig.out.wish.epoch == epoch
    assert rig.run(15, lambda: not rig.machine.lease)
    assert rig.plant.speed == 0
    rig.run(1)
    rig.tick(Reset(MEMBER))
    assert why(rig) == (Missing.STAFF,)


def test_after_a_boot_nobody_knows_of_a_start_so_a_first_zero_is_no_rest():
    rig = Rig(Habits(latency_s=3.0, period_s=0.2, slowing_ckmh_per_s=1e6))
    rig.plant.speed = rig.plant.aim = 150.0
    rig.run(2)
    rig.tick(Stop(StopWhy.LEFT_OPEN))
    asked = rig.now
    assert rig.run(10, lambda: not rig.machine.lease)
    assert rig.now - asked == pytest.approx(5.0, abs=0.1)  # the start latency and two seconds


def test_after_a_boot_a_belt_that_ignores_its_stop_sounds_the_alarm():
    rig = Rig(Habits(stop="deaf"))
    rig.plant.speed = rig.plant.aim = 150.0
    rig.run(2)
    rig.tick(Stop(StopWhy.LEFT_OPEN))
    assert rig.run(6, lambda: rig.out.alarm)


@pytest.mark.parametrize("where", ["at rest", "reset", "no data"])
def test_a_record_left_open_makes_no_other_belt_ours(where):
    rig = Rig()
    rig.run(3)
    if where == "reset":
        rig.tick(Reset(MEMBER))
        rig.run(1)
        rig.plant.console(150)
        rig.run(2)
    elif where == "no data":
        rig.plant.mute = True
        rig.run(4)
    rig.tick(Stop(StopWhy.LEFT_OPEN))
    rig.run(1)
    assert (rig.out.wish.mode, rig.out.lease) == (WishMode.HOLD, False)
    assert rig.machine.cause is (None if where == "reset" else Cause.BOOT)
    assert rig.plant.written == []


def test_a_budget_is_that_of_its_own_stop():
    rig = running(speed=200)
    rig.tick(Stop(StopWhy.PLAN_DONE))
    assert rig.machine.budget_s == pytest.approx(5.7 + 120 / 32)
    assert rig.run(12, lambda: rig.state is State.LATCHED)
    assert rig.machine.stop_s is None
    rig.run(9)
    assert rig.to_running()
    rig.open("clip")
    rig.tick()
    assert rig.machine.budget_s == pytest.approx(5.7)


def test_rest_needs_two_readings_of_zero_and_one_second():
    rig = running(Habits(period_s=0.5, slowing_ckmh_per_s=1e6))
    rig.run(6)
    assert rig.run(1, lambda: rig.plant.read_at == rig.plant.now)
    rig.open("clip")
    assert rig.run(2, lambda: rig.out.measured_ckmh == 0)
    zero = rig.now
    rig.run(0.9)
    assert not rig.out.at_rest
    assert rig.run(0.2, lambda: rig.out.at_rest)
    assert rig.now - zero == pytest.approx(1.0, abs=0.05)


def test_a_single_reading_of_zero_is_no_rest_however_long_it_stands():
    rig = running(Habits(period_s=2.0, slowing_ckmh_per_s=1e6))
    rig.run(6)
    rig.open("clip")
    assert rig.run(3, lambda: rig.out.measured_ckmh == 0)
    rig.run(1.9)
    assert rig.state is State.STOPPING
    assert rig.run(0.2, lambda: rig.state is State.LATCHED)


def test_a_zero_between_two_speeds_begins_the_count_anew():
    rig = running(Habits(period_s=0.2))
    rig.run(6)
    rig.open("clip")
    for _ in range(20):
        rig.plant.speed, rig.plant.aim = 0.0, 0.0
        rig.run(0.8)
        rig.plant.speed, rig.plant.aim = 50.0, 50.0
        rig.run(0.3)
    assert rig.state is State.STOPPING


def test_told_to_leave_it_stops_without_a_ramp():
    rig = running(speed=200)
    rig.shutdown = True
    rig.tick()
    assert rig.machine.cause is Cause.STAFF_STOP
    assert rig.out.wish.mode is WishMode.STOP
    rig = running(speed=200)
    rig.tick(Stop(StopWhy.PLAN_DONE))
    rig.shutdown = True
    rig.tick()
    assert rig.out.wish.mode is WishMode.STOP
    rig = idle()
    rig.shutdown = True
    rig.run(1)
    assert rig.state is State.IDLE


# ------------------------------------------------------------------------------------ target, ease, lower cap


def test_a_target_is_followed_in_steps_and_down_at_once():
    rig = running()
    rig.tick(Target(160, 0))
    rig.run(4)
    assert rig.out.wish.speed_ckmh == 110
    rig.run(3)
    assert rig.out.wish.speed_ckmh == 140
    rig.run(3)
    assert rig.out.wish.speed_ckmh == 160
    rig.tick(Target(95, 0))
    assert rig.out.wish.speed_ckmh == 100  # not slower than asked: the grid is 10
    rig.tick(Target(0, 0))
    assert rig.out.wish.speed_ckmh == 80


def test_targets_before_start_and_after_stop_are_refused():
    rig = idle()
    rig.tick(Target(100, 0))
    assert rig.refused == [Refused("target", (Missing.NOT_ARMED,))]
    rig = running()
    rig.open("clip")
    rig.tick(Target(100, 0))
    assert why(rig) == (Missing.NOT_ARMED,)
    rig.tick(Ease())
    assert rig.refused[-1] == Refused("ease", (Missing.NOT_ARMED,))
    assert rig.out.wish.speed_ckmh == 0


def test_ease_ramps_to_the_minimum_and_stays_until_the_next_target():
    rig = running(speed=200)
    rig.tick(Ease())
    rig.run(1)
    assert 160 <= rig.out.wish.speed_ckmh <= 180
    rig.run(6)
    assert rig.out.wish.speed_ckmh == 80
    rig.run(10)
    assert rig.out.wish.speed_ckmh == 80
    rig.tick(Target(110, 0))
    rig.run(4)
    assert rig.out.wish.speed_ckmh == 110


def test_ease_keeps_the_incline_that_was_asked_for():
    rig = running(speed=120)
    rig.tick(Target(120, 10))
    rig.run(5)
    rig.tick(Ease())
    rig.run(5)
    assert (rig.out.wish.speed_ckmh, rig.out.wish.incline_dpct) == (80, 10)


def test_a_cap_lowered_in_mid_walk_holds_at_once_and_cannot_be_raised_again():
    rig = running(speed=200)
    rig.tick(LowerCap(125))
    assert rig.out.wish.speed_ckmh == 120
    assert rig.out.limits.cap_ckmh == 125
    rig.tick(LowerCap(300))
    assert rig.refused[-1] == Refused("lowercap", (Missing.NOT_ARMED,))
    rig.tick(Target(300, 0))
    rig.run(20)
    assert rig.out.wish.speed_ckmh == 120
    assert rig.state is State.RUNNING


def test_a_cap_lowered_below_the_machines_minimum_stops_the_belt_softly():
    rig = running(speed=120)
    rig.tick(LowerCap(80))
    assert rig.state is State.RUNNING
    rig.tick(LowerCap(79))
    assert (rig.state, rig.machine.cause) == (State.STOPPING, Cause.STAFF_STOP)
    assert rig.out.permit
    assert rig.run(8, lambda: rig.state is State.LATCHED)


def test_a_cap_lowered_with_nobody_armed_is_refused():
    rig = idle()
    rig.tick(LowerCap(100))
    assert rig.refused[-1].what == "lowercap"


def test_the_caps_of_all_sides_hold_together():
    habits = Habits()
    for rules, cap in (
        (Rules(House(150, 50, supervised=False), 0.06, {ADDRESS: plant_profile(habits)}, UNASKED), 150),
        (Rules(House(400, 50, supervised=True), 0.06, {ADDRESS: plant_profile(habits)}, UNASKED), 200),
        (Rules(House(400, 50, supervised=False), 0.06, {ADDRESS: plant_profile(habits, cap_ckmh=300)}, UNASKED), 300),
        (Rules(House(400, 50, supervised=False), 0.06, {}, UNASKED), 200),
    ):
        rig = running(habits, rules=rules)
        rig.tick(Target(65535, 0))
        rig.run(45)
        assert rig.out.wish.speed_ckmh == cap
        assert rig.out.limits.cap_ckmh == cap


def test_what_the_treadmill_says_of_itself_in_mid_walk_changes_no_limit():
    rig = running(speed=120)
    rig.plant.facts = msgspec.structs.replace(rig.plant.facts, min_ckmh=10, max_ckmh=3000, firmware="2")
    rig.run(1)
    assert rig.out.limits.min_ckmh == 80
    assert rig.machine.profile.commissioned


def test_several_requests_in_one_tick_are_judged_one_after_the_other():
    rig = Rig()
    rig.run(3)
    rig.tick(Reset(MEMBER), arm())
    assert rig.state is State.IDLE  # the relay is not up yet
    assert why(rig) == (Missing.PERMIT,)
    rig = Rig(readback=False)
    rig.run(3)
    rig.tick(Reset(MEMBER), arm(), Start())
    assert rig.state is State.PROOF
    assert rig.refused == [Refused("start", (Missing.CLIP_PULL,))]
    assert kinds(rig) == ["reset", "arm"]


def test_events_carry_time_speed_and_what_the_trouble_is():
    rig = running(speed=120)
    rig.fault = "The clip (pin 17) cannot be read."
    rig.tick()
    event = rig.events[-1]
    assert (event.kind, event.cause, event.state) == ("trip", Cause.INPUT_FAULT, State.STOPPING)
    assert event.speed_ckmh == 120
    assert event.at_s == pytest.approx(rig.now - TICK)
    assert event.detail == "The clip (pin 17) cannot be read."


@pytest.mark.parametrize("start_s", [0.0, 7.3e8])
def test_the_same_script_gives_the_same_trace_at_any_time_of_boot(start_s):
    def trace(start: float) -> list[object]:
        rig = Rig(start_s=start)
        first = initial(start).epoch
        seen = []
        rig.watch = lambda r, *_: seen.append(
            (r.state, r.machine.cause, r.out.wish.epoch - first, r.out.wish.speed_ckmh, r.out.permit, r.out.alarm)
        )
        rig.to_running()
        rig.tick(Target(150, 0))
        rig.run(10)
        rig.open("clip")
        rig.run(5)
        return [this for this, last in zip(seen, [None, *seen], strict=False) if this != last]

    assert trace(start_s) == trace(START_S)
