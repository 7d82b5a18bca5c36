"""What the belt may be armed for, and what each purpose needs and allows: sessions, opening check, commissioning."""

from __future__ import annotations

import msgspec
import pytest

from hardware.constants import OPENING_VALID_S, STOP_TEST_S
from hardware.guard.limits import House
from hardware.guard.memory import Rules
from hardware.guard.opening import Checks
from hardware.guard.report import status_of, steady
from hardware.link.messages import (
    Arm,
    BeginCheck,
    Cause,
    Disarm,
    Envelope,
    Heard,
    LinkState,
    Missing,
    Proof,
    Purpose,
    Rebind,
    Reset,
    ResetBy,
    Scan,
    SoundAlarm,
    Start,
    State,
    Stop,
    StopBy,
    StopWhy,
    Target,
    WishMode,
)
from tests.support.plant import ADDRESS, START_S, Habits, Rig, plant_profile, plant_rules

SESSION, OPENING_CHECK, COMMISSIONING = Purpose.SESSION, Purpose.OPENING_CHECK, Purpose.COMMISSIONING
WIDE = Envelope(500, 50)
STRICT = Checks()
CHECKED = (ADDRESS, START_S - 3600.0)


def strict(habits: Habits | None = None, **more: object) -> Rules:
    return plant_rules(habits or Habits(), checks=STRICT, **more)


def bare(**more: object) -> Rules:
    """No profile at all, everything needed."""
    return Rules(House(500, 50, **{"supervised": False, **more}), 0.06, {}, STRICT, True)


def at_idle(rules: Rules, **more: object) -> Rig:
    rig = Rig(rules=rules, **more)
    assert rig.to_idle(), rig.machine
    rig.run(3)
    return rig


def ask(rig: Rig, request: object) -> tuple[Missing, ...]:
    """Why it was refused; () if it was not."""
    refused = len(rig.refused)
    rig.tick(request)
    return rig.refused[-1].why if len(rig.refused) > refused else ()


def commissioning(rig: Rig, speed: int = 80) -> Rig:
    assert rig.to_running(WIDE, COMMISSIONING), (rig.machine, rig.refused[-1:])
    if speed > 80:
        rig.tick(Target(speed, 0))
        assert rig.run(90, lambda: rig.out.wish.speed_ckmh >= speed)
        rig.run(2)
    return rig


def ops(rig: Rig) -> list[str]:
    return [op for _, op, _ in rig.plant.written]


# ------------------------------------------------------------------------------------ read-only without a profile


def test_a_treadmill_nobody_has_commissioned_is_read_only_and_carries_no_session():
    rig = at_idle(bare(), checked=CHECKED)
    assert not rig.out.wish.control
    assert rig.out.arm_missing == (Missing.NOT_COMMISSIONED,)
    assert ask(rig, Arm(WIDE, "s1", SESSION)) == (Missing.NOT_COMMISSIONED,)
    assert Missing.NOT_COMMISSIONED in ask(rig, Arm(WIDE, "s1", OPENING_CHECK))
    rig.run(10)
    assert ops(rig) == []
    assert not rig.out.wish.control


@pytest.mark.parametrize("change", [{"firmware": "2"}, {"model": "P2"}, {"commissioned": False}])
def test_another_model_or_firmware_than_was_measured_is_read_only(change):
    profile = plant_profile(Habits(), **change)
    rig = at_idle(Rules(House(400, 50, supervised=False), 0.06, {ADDRESS: profile}, STRICT), checked=CHECKED)
    assert rig.out.arm_missing == (Missing.NOT_COMMISSIONED,)
    assert not rig.out.wish.control


def test_a_commissioned_treadmill_gives_control_and_carries_sessions():
    rig = at_idle(strict(), checked=CHECKED)
    assert rig.out.wish.control
    assert rig.out.arm_missing == ()
    assert rig.to_running()


def test_where_the_configuration_waives_the_profile_the_uncommissioned_cap_stands():
    rules = msgspec.structs.replace(bare(), checks=Checks(opening=True, profile=False))
    rig = at_idle(rules, checked=CHECKED)
    assert rig.out.wish.control
    assert rig.to_running(WIDE)
    assert rig.out.limits.cap_ckmh == 200


@pytest.mark.parametrize("unproved", [{"true_speed": False}, {"stops": []}])
def test_a_profile_without_true_speed_or_measured_stops_keeps_two_kmh(unproved):
    rig = Rig(rules=plant_rules(Habits(), **unproved))
    assert rig.to_running()
    assert rig.out.limits.cap_ckmh == 200


def test_a_restart_with_an_open_lease_may_stop_even_a_treadmill_without_a_profile():
    rig = Rig(rules=bare(), lease=True)
    rig.plant.speed = rig.plant.aim = 150.0
    assert rig.tick().wish.control
    rig.run(12)
    assert rig.plant.speed == 0
    assert not rig.machine.lease
    assert not rig.out.wish.control


# ------------------------------------------------------------------------------------ the opening check


def test_without_an_opening_check_of_today_no_session_is_armed():
    rig = at_idle(strict())
    assert rig.out.arm_missing == (Missing.OPENING_CHECK,)
    assert ask(rig, Arm(WIDE, "s1", SESSION)) == (Missing.OPENING_CHECK,)
    assert (rig.out.opening.needed, rig.out.opening.valid_left_s) == (True, None)


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        ((ADDRESS, START_S), True),
        ((ADDRESS, START_S - OPENING_VALID_S + 60), True),
        ((ADDRESS, START_S - OPENING_VALID_S - 60), False),
        ((ADDRESS, START_S + 600), False),
        (("C0:FF:EE:00:00:43", START_S), False),
        (None, False),
    ],
)
def test_a_check_counts_for_eighteen_hours_and_for_this_treadmill(record, counts):
    rig = at_idle(strict(), checked=record)
    assert (Missing.OPENING_CHECK not in rig.out.arm_missing) is counts
    assert (rig.out.opening.valid_left_s is not None) is counts


def test_a_check_that_runs_out_between_arming_and_start_forbids_the_start():
    rig = Rig(rules=strict(), checked=(ADDRESS, START_S - OPENING_VALID_S + 12))
    assert rig.to_armed()
    rig.run(15)
    assert rig.state is State.ARMED
    assert Missing.OPENING_CHECK in ask(rig, Start())


def opened(rig: Rig, wire: str) -> None:
    rig.open(wire)
    rig.run(0.2)
    rig.close(wire)
    rig.run(1)


def brake_run(rig: Rig) -> None:
    assert rig.to_running(WIDE, OPENING_CHECK), (rig.machine, rig.refused[-1:])
    rig.run(2)
    rig.tick(Stop(StopWhy.STAFF))
    rig.run(12, lambda: rig.state is State.LATCHED)


def test_all_five_proofs_make_an_opening_check_and_the_session_follows():
    rig = at_idle(strict())
    assert ask(rig, BeginCheck()) == ()
    assert set(rig.out.opening.missing) == set(Proof)
    opened(rig, "red")
    assert rig.machine.cause is Cause.RED_BUTTON
    opened(rig, "clip")
    assert set(rig.out.opening.missing) == {Proof.ALARM, Proof.SOUND, Proof.BRAKE}
    assert ask(rig, SoundAlarm()) == ()
    assert ask(rig, Heard(alarm=True, sound=True)) == ()
    assert rig.out.opening.missing == (Proof.BRAKE,)
    assert rig.out.opening.under_way
    brake_run(rig)
    opening = rig.out.opening
    assert (opening.under_way, opening.missing) == (False, ())
    assert opening.valid_left_s == pytest.approx(OPENING_VALID_S, abs=5)
    assert rig.machine.check.record == (ADDRESS, pytest.approx(rig.now, abs=5))
    assert rig.to_running()


def test_the_alarm_is_no_proof_where_none_is_fitted():
    rig = at_idle(plant_rules(Habits(), checks=STRICT, alarm=False))
    rig.tick(BeginCheck())
    assert Proof.ALARM not in rig.out.opening.missing
    assert ask(rig, SoundAlarm()) == (Missing.WIRING,)


def test_a_check_that_begins_voids_the_one_before_it():
    rig = at_idle(strict(), checked=CHECKED)
    rig.tick(BeginCheck())
    assert rig.machine.check.record is None
    assert rig.out.arm_missing == (Missing.OPENING_CHECK,)


def test_hearing_an_alarm_that_was_not_sounded_proves_nothing():
    rig = at_idle(strict())
    rig.tick(SoundAlarm())
    rig.tick(BeginCheck())
    rig.tick(Heard(alarm=True, sound=False))
    assert Proof.ALARM in rig.out.opening.missing
    rig.tick(SoundAlarm())
    rig.tick(Heard(alarm=False, sound=False))
    assert {Proof.ALARM, Proof.SOUND} <= set(rig.out.opening.missing)
    rig.tick(Heard(alarm=True, sound=False))
    assert Proof.ALARM not in rig.out.opening.missing


def test_nothing_is_proved_before_the_check_begins():
    rig = at_idle(strict())
    opened(rig, "clip")
    assert ask(rig, Heard(alarm=True, sound=True)) == (Missing.OPENING_CHECK,)
    rig.tick(BeginCheck())
    rig.run(2)
    assert set(rig.out.opening.missing) == set(Proof)


def test_a_loop_that_was_only_opened_is_not_proved():
    rig = at_idle(strict())
    rig.tick(BeginCheck())
    rig.open("clip")
    rig.run(5)
    assert Proof.CLIP in rig.out.opening.missing
    rig.close("clip")
    rig.run(0.3)  # not yet closed for 500 ms
    assert Proof.CLIP in rig.out.opening.missing
    rig.run(0.5)
    assert Proof.CLIP not in rig.out.opening.missing


def test_the_brake_run_needs_a_check_under_way():
    rig = at_idle(strict(), checked=CHECKED)
    assert ask(rig, Arm(WIDE, "b", OPENING_CHECK)) == (Missing.OPENING_CHECK,)
    rig.tick(BeginCheck())
    assert ask(rig, Arm(WIDE, "b", OPENING_CHECK)) == ()


@pytest.mark.parametrize("how", ["clip", "deaf", "starting", "session"])
def test_what_does_not_prove_the_brake(how):
    waived = Checks(opening=False)
    rules = plant_rules(Habits(), checks=waived if how == "session" else STRICT)
    rig = at_idle(rules)
    rig.tick(BeginCheck())
    purpose = SESSION if how == "session" else OPENING_CHECK
    if how == "starting":
        assert rig.to_starting(WIDE, purpose)
    else:
        assert rig.to_running(WIDE, purpose)
    if how == "deaf":
        rig.plant.habits = Habits(stop="deaf")
    if how == "clip":
        rig.open("clip")
    else:
        rig.tick(Stop(StopWhy.STAFF))
    if how == "deaf":  # it stops in the end, but too late
        rig.run(10, lambda: rig.machine.alarm)
        rig.plant.aim = 0.0
    rig.run(15, lambda: rig.state is State.LATCHED)
    rig.close("clip")
    rig.run(1)
    assert rig.state is State.LATCHED
    assert Proof.BRAKE in rig.out.opening.missing


def test_the_alarm_sounds_for_two_seconds_and_is_no_escalation():
    rig = at_idle(strict())
    rig.tick(SoundAlarm())
    assert rig.out.alarm
    assert not rig.machine.alarm
    rig.run(1.9)
    assert rig.out.alarm
    rig.run(0.2)
    assert not rig.out.alarm
    assert rig.out.permit
    assert "escalation" not in [event.kind for event in rig.events]


def test_an_alarm_test_ends_when_something_is_armed():
    rig = at_idle(strict(), checked=CHECKED)
    rig.tick(SoundAlarm())
    rig.tick(Arm(WIDE, "s1", SESSION))
    rig.open("clip")
    rig.run(0.1)
    rig.close("clip")
    rig.run(0.6)
    assert rig.state is State.ARMED
    assert not rig.out.alarm


# ------------------------------------------------------------------------------------ commissioning


def test_commissioning_needs_neither_profile_nor_opening_check_and_takes_control_only_when_armed():
    rig = at_idle(bare())
    assert ask(rig, Arm(WIDE, "c", COMMISSIONING)) == ()
    assert rig.state is State.PROOF
    assert rig.out.wish.control
    rig.open("clip")
    rig.run(0.2)
    rig.close("clip")
    rig.run(0.7)
    assert rig.state is State.ARMED
    rig.tick(Start())
    rig.run(5, lambda: rig.state is State.RUNNING)
    assert rig.state is State.RUNNING
    rig.tick(Stop(StopWhy.STAFF))
    rig.run(15, lambda: rig.state is State.LATCHED)
    assert rig.machine.purpose is COMMISSIONING
    assert not rig.out.wish.control
    rig.tick(Reset(ResetBy.STAFF))
    assert rig.machine.purpose is None


def test_commissioning_waits_for_control_before_it_is_armed_and_the_proof_ages_meanwhile():
    rig = at_idle(bare())
    rig.plant.grants = False
    rig.tick(Arm(WIDE, "c", COMMISSIONING))
    rig.open("clip")
    rig.run(0.2)
    rig.close("clip")
    rig.run(2)
    assert rig.state is State.PROOF
    assert rig.out.start_missing == (Missing.CONTROL,)
    assert ask(rig, Start()) == (Missing.CONTROL,)
    rig.run(30)
    assert rig.out.start_missing == (Missing.CLIP_PULL,)
    rig.plant.grants = True
    rig.run(2)
    assert rig.state is State.PROOF
    rig.run(180, lambda: rig.state is not State.PROOF)
    assert rig.machine.cause is Cause.ARM_EXPIRED
    assert not rig.out.wish.control


def test_commissioning_may_go_beyond_what_the_profile_says_but_not_beyond_any_other_cap():
    habits = Habits(maximum=460)
    for rules, cap in (
        (bare(), 460),
        (Rules(House(300, 50, supervised=False), 0.06, {}, STRICT), 300),
        (bare(supervised=True), 200),
        (plant_rules(habits, checks=STRICT, cap_ckmh=120), 400),
    ):
        rig = Rig(habits, rules=rules)
        commissioning(rig)
        assert rig.out.limits.cap_ckmh == cap
    rig = Rig(habits, rules=bare())
    assert rig.to_running(Envelope(150, 0), COMMISSIONING)
    assert rig.out.limits.cap_ckmh == 150


def test_the_cap_of_commissioning_ends_with_it():
    rig = Rig(rules=plant_rules(Habits(), cap_ckmh=150))
    commissioning(rig, 300)
    rig.tick(Stop(StopWhy.STAFF))
    rig.run(20, lambda: rig.state is State.LATCHED)
    assert rig.to_running(WIDE, SESSION)
    assert rig.out.limits.cap_ckmh == 150
    rig.tick(Target(400, 0))
    rig.run(30)
    assert rig.out.wish.speed_ckmh <= 150
    assert rig.plant.speed <= 150


@pytest.mark.parametrize("purpose", [OPENING_CHECK, COMMISSIONING])
def test_a_frozen_screen_stops_every_purpose(purpose):
    rig = Rig(rules=plant_rules(Habits(), checks=STRICT))
    assert rig.to_idle()
    rig.tick(BeginCheck())
    assert rig.to_running(WIDE, purpose)
    rig.screen = False
    rig.run(0.7)
    assert rig.machine.cause is Cause.SCREEN_FROZEN
    assert rig.state is State.STOPPING


def test_disarming_commissioning_gives_the_treadmill_back():
    rig = at_idle(bare())
    rig.tick(Arm(WIDE, "c", COMMISSIONING))
    rig.tick(Disarm())
    assert not rig.out.wish.control
    assert rig.machine.purpose is None


# ------------------------------------------------------------------------------------ stops that are tests


@pytest.mark.parametrize("why", [StopWhy.STAFF, StopWhy.MEMBER])
def test_a_stop_in_commissioning_is_measured_from_the_speed_it_was_asked_at_without_a_ramp(why):
    rig = commissioning(Rig(rules=bare()), speed=160)
    rig.tick(Stop(why))
    assert rig.out.wish.mode is WishMode.STOP
    assert rig.out.permit
    assert rig.machine.budget_s == 6.0


def test_a_pause_test_begins_with_a_pause_and_keeps_the_permit():
    rig = commissioning(Rig(rules=bare()))
    rig.tick(Stop(StopWhy.PAUSE_TEST))
    assert (rig.state, rig.machine.cause) == (State.STOPPING, Cause.STOP_TEST)
    assert (rig.out.wish.mode, rig.out.wish.stop_by) == (WishMode.STOP, StopBy.PAUSE)
    assert rig.out.permit
    rig.run(10, lambda: rig.state is State.LATCHED)
    assert ops(rig)[-1] == "0802"
    assert rig.state is State.LATCHED
    assert rig.out.permit


def test_a_pause_that_does_nothing_is_followed_by_the_ladder_within_the_budget():
    rig = commissioning(Rig(Habits(pause=False), rules=bare()))
    rig.tick(Stop(StopWhy.PAUSE_TEST))
    rig.run(10, lambda: rig.state is State.LATCHED)
    after = ops(rig)[ops(rig).index("0802") + 1 :]
    assert after
    assert set(after) == {"08"}
    assert not rig.machine.alarm
    assert rig.machine.budget_s == 9.0


@pytest.mark.parametrize("unlinked", ["runs", "stops"])
def test_a_link_test_outlives_the_loss_of_its_link(unlinked):
    rig = commissioning(Rig(Habits(unlinked=unlinked), rules=bare()))
    rig.tick(Stop(StopWhy.LINK_TEST))
    assert (rig.machine.cause, rig.out.wish.stop_by) == (Cause.STOP_TEST, StopBy.UNLINK)
    rig.run(4)
    assert rig.plant.link is LinkState.LOST
    assert rig.out.permit
    assert rig.plant.speed == (80 if unlinked == "runs" else 0)
    rig.run(12, lambda: rig.state is State.LATCHED)
    assert (rig.state, rig.machine.cause) == (State.LATCHED, Cause.STOP_TEST)
    assert rig.plant.speed == 0
    assert rig.out.permit
    assert not rig.machine.alarm


def test_a_link_that_does_not_come_back_costs_the_permit_after_twelve_seconds():
    rig = commissioning(Rig(Habits(away_s=float("inf")), rules=bare()))
    rig.tick(Stop(StopWhy.LINK_TEST))
    rig.run(STOP_TEST_S - 0.1)
    assert rig.out.permit
    assert rig.out.wish.stop_by is StopBy.UNLINK
    rig.run(0.2)
    assert not rig.out.permit
    assert rig.machine.cause is Cause.LINK_LOST
    assert rig.out.wish.stop_by is StopBy.LADDER
    rig.run(7)
    assert rig.out.alarm


@pytest.mark.parametrize("wire", ["clip", "red"])
def test_clip_and_red_button_act_in_a_link_test_as_ever(wire):
    rig = commissioning(Rig(rules=bare()))
    rig.tick(Stop(StopWhy.LINK_TEST))
    rig.run(1)
    rig.open(wire)
    rig.tick()
    assert not rig.out.permit
    assert rig.machine.cause is {"clip": Cause.CLIP, "red": Cause.RED_BUTTON}[wire]
    assert rig.out.wish.stop_by is StopBy.LADDER


def test_a_belt_process_that_dies_in_a_link_test_costs_the_permit():
    rig = commissioning(Rig(rules=bare()))
    rig.tick(Stop(StopWhy.LINK_TEST))
    rig.run(1)
    rig.plant.silent = True
    rig.run(0.5)
    assert not rig.out.permit
    assert rig.machine.cause is Cause.BELT_PROCESS


@pytest.mark.parametrize("why", [StopWhy.PAUSE_TEST, StopWhy.LINK_TEST])
def test_in_a_session_a_test_is_an_ordinary_stop(why):
    rig = Rig()
    assert rig.to_running()
    rig.tick(Stop(why))
    assert rig.machine.cause is Cause.STAFF_STOP
    rig.run(8, lambda: rig.state is State.LATCHED)
    assert rig.out.wish.stop_by is StopBy.LADDER
    assert "0802" not in ops(rig)


def test_a_link_test_above_the_minimum_is_an_ordinary_stop():
    rig = commissioning(Rig(rules=bare()), 160)
    rig.tick(Stop(StopWhy.LINK_TEST))
    assert rig.machine.cause is Cause.STAFF_STOP
    assert rig.plant.cut_epoch is None


def test_a_link_test_of_a_belt_still_slowing_down_is_an_ordinary_stop():
    rig = commissioning(Rig(Habits(slowing_ckmh_per_s=30.0), rules=bare()), 160)
    rig.tick(Target(80, 0))
    rig.tick(Stop(StopWhy.LINK_TEST))
    assert rig.machine.cause is Cause.STAFF_STOP


@pytest.mark.parametrize(("measured", "cause"), [(100, Cause.STOP_TEST), (101, Cause.STAFF_STOP)])
def test_a_link_test_begins_no_faster_than_a_quarter_above_the_minimum(measured, cause):
    rig = commissioning(Rig(rules=bare()))
    rig.plant.speed = rig.plant.aim = float(measured)
    rig.run(1.0, lambda: rig.out.measured_ckmh == measured)
    rig.tick(Stop(StopWhy.LINK_TEST))
    assert rig.machine.cause is cause


def test_a_test_while_starting_is_an_ordinary_stop():
    rig = Rig(rules=bare())
    assert rig.to_starting(WIDE, COMMISSIONING)
    rig.tick(Stop(StopWhy.PAUSE_TEST))
    assert rig.machine.cause is Cause.STAFF_STOP
    assert rig.out.wish.stop_by is StopBy.LADDER


# ------------------------------------------------------------------------------------ scan and rebind


def test_a_scan_is_wished_for_while_nothing_is_armed_and_somebody_looks():
    rig = at_idle(strict(), checked=CHECKED)
    assert ask(rig, Scan(True)) == ()
    assert rig.out.wish.scan
    assert rig.tick(Scan(False)).wish.scan is False
    rig.tick(Scan(True))
    rig.tick(Arm(WIDE, "s1", SESSION))
    assert rig.out.wish.scan is False
    assert ask(rig, Scan(True)) == (Missing.ALREADY_ARMED,)
    rig.tick(Disarm())
    rig.tick(Scan(True))
    rig.screen = False
    rig.run(0.7)
    assert not rig.out.wish.scan


def test_a_scan_needs_no_treadmill_and_no_reset():
    rig = Rig(rules=bare())
    rig.plant.link = LinkState.SEARCHING
    rig.plant.mute = True
    rig.run(0.5)
    assert rig.state is State.LATCHED
    assert ask(rig, Scan(True)) == ()
    assert rig.out.wish.scan


@pytest.mark.parametrize("request_", [Scan(True), Rebind(), BeginCheck(), SoundAlarm(), Heard(True, True)])
def test_nothing_of_this_while_a_belt_moves_or_is_armed(request_):
    rig = at_idle(strict(), checked=CHECKED)
    rig.plant.aim = 100.0
    rig.run(2)
    assert ask(rig, request_) == (Missing.BELT_MOVING,)
    rig.plant.aim = 0.0
    rig.run(8)
    assert rig.to_running()
    assert ask(rig, request_) == (Missing.ALREADY_ARMED,)
    assert rig.state is State.RUNNING
    assert not rig.out.alarm


def test_a_rebind_latches_and_nothing_can_be_reset_or_armed_until_the_guard_is_new():
    rig = at_idle(strict(), checked=CHECKED)
    rig.tick(Scan(True))
    since_s = rig.now
    rig.tick(Rebind())
    assert rig.out.wish.leave
    assert rig.out.wish.scan is False
    assert (rig.state, rig.machine.cause, rig.machine.since_s) == (State.LATCHED, Cause.BOOT, since_s)
    assert not rig.out.permit
    rig.run(2)
    assert Missing.BELT_PROCESS in rig.out.reset_missing
    assert Missing.BELT_PROCESS in ask(rig, Reset(ResetBy.STAFF))
    assert rig.out.wish.leave


def test_a_rebind_does_not_forgive_what_was_latched():
    rig = at_idle(strict())
    rig.open("red")
    rig.run(0.1)
    rig.close("red")
    rig.run(2)
    rig.tick(Rebind())
    assert rig.machine.cause is Cause.RED_BUTTON
    assert rig.out.wish.leave


# ------------------------------------------------------------------------------------ what the kiosk is told


def test_the_status_says_what_the_procedures_need():
    rig = commissioning(Rig(rules=bare()))
    rig.run(2)
    rig.tick(Stop(StopWhy.PAUSE_TEST))
    rig.run(3)
    inputs = rig.inputs()
    status = status_of(rig.machine, inputs, rig.out, rig.now, 0)
    belt = inputs.belt
    assert status.purpose is COMMISSIONING
    assert (status.reading_seq, status.started_at_s) == (belt.reading_seq, belt.started_at_s)
    assert (status.stop_written_at_s, status.stop_outcome) == (belt.stop_written_at_s, belt.stop_outcome)
    assert (status.control_answered, status.pause_works) == (True, True)
    assert status.stop_budget_s == 9.0
    assert (status.found, status.scans) == (belt.found, belt.scans)
    assert status.opening == rig.out.opening


def test_a_check_that_only_grows_older_is_no_news():
    rig = at_idle(strict(), checked=CHECKED)
    first = steady(status_of(rig.machine, rig.inputs(), rig.out, rig.now, 0))
    rig.run(0.4)
    assert steady(status_of(rig.machine, rig.inputs(), rig.out, rig.now, 0)) == first
    rig.tick(BeginCheck())
    assert steady(status_of(rig.machine, rig.inputs(), rig.out, rig.now, 0)) != first
