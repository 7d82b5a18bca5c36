import itertools

import pytest

from hardware.belt.ftms.control import Control
from hardware.belt.ftms.facts import Grid, Scale, Told, facts_of, machine_of
from hardware.belt.link import Fault, LinkError
from hardware.belt.treadmill import Outcome, Report
from hardware.config.profiles import Profile, Quirks

SPEED_AND_INCLINE = bytes.fromhex("0000000003000000")
PROFILE = Profile(cap_ckmh=500)


def told(**more):
    base = {
        "features": SPEED_AND_INCLINE,
        "speed_range": bytes.fromhex("6000830220 00".replace(" ", "")),
        "incline_range": bytes.fromhex("000064000500"),
        "model": b"E1L\0",
        "firmware": b"1.2",
    }
    return Told(**{**base, **more})


def test_ranges_are_what_the_machine_says_up_to_what_anybody_may_allow():
    machine = machine_of(told(), PROFILE, control_point=True)
    assert machine.speed == Grid(96, 563, 32)
    assert machine.incline == Grid(0, 50, 5)
    facts = facts_of(told(), machine, PROFILE, "C0:FF:EE:00:00:42", "Mill")
    assert (facts.min_ckmh, facts.max_ckmh, facts.increment_ckmh) == (96, 643, 32)
    assert (facts.model, facts.firmware, facts.can_speed, facts.can_incline) == ("E1L", "1.2", True, True)


def test_without_a_control_point_nothing_can_be_set():
    machine = machine_of(told(), PROFILE, control_point=False)
    assert machine.speed is None
    assert machine.incline is None


@pytest.mark.parametrize("speed_range", [None, b"", bytes(6), b"\x64\x00"])
def test_a_machine_that_tells_no_speed_range_is_taken_to_start_at_1_kmh(speed_range):
    assert machine_of(told(speed_range=speed_range), PROFILE, control_point=True).speed == Grid(100, 563, 10)


def test_what_was_measured_stands_over_what_the_machine_says():
    profile = Profile(cap_ckmh=500, min_ckmh=100, increment_ckmh=10)
    assert machine_of(told(), profile, control_point=True).speed == Grid(100, 563, 10)


@pytest.mark.parametrize("incline_range", [None, bytes(6), b"\x01"])
def test_no_usable_range_is_no_incline(incline_range):
    assert machine_of(told(incline_range=incline_range), PROFILE, control_point=True).incline is None


def test_no_target_bit_is_no_incline_though_the_machine_would_answer_success():
    machine = machine_of(told(features=bytes.fromhex("0000000001000000")), PROFILE, control_point=True)
    assert machine.speed is not None
    assert machine.incline is None


def test_a_machine_that_does_not_take_speed_is_not_given_one():
    assert machine_of(told(features=bytes(8)), PROFILE, control_point=True).speed is None


@pytest.mark.parametrize(
    ("model", "firmware", "same"),
    [("E1L", "1.2", True), (None, None, True), ("E1L", "1.3", False), ("X", "1.2", False)],
)
def test_other_firmware_or_model_is_not_the_machine_that_was_commissioned(model, firmware, same):
    profile = Profile(commissioned=True, model=model, firmware=firmware)
    machine = machine_of(told(), profile, control_point=True)
    assert facts_of(told(), machine, profile, "", "").commissioned is same


def test_bytes_that_are_no_text_raise_nothing():
    facts = facts_of(
        told(model=b"\xff\xfe\x00", firmware=None), machine_of(told(), PROFILE, control_point=True), PROFILE, "", ""
    )
    assert facts.firmware == ""


@pytest.mark.parametrize("ckmh", range(0, 564, 7))
def test_a_speed_given_in_mph_is_never_faster_than_what_was_meant(ckmh):
    scale = Scale(mph=True)
    assert scale.ckmh(scale.wire(ckmh)) <= ckmh
    assert ckmh - scale.ckmh(scale.wire(ckmh)) <= 2


@pytest.mark.parametrize("scale", [Scale(mph=True), Scale(factor=1.31), Scale(factor=0.62), Scale(True, 0.97)])
def test_a_belt_off_by_a_factor_is_told_no_slower_than_it_runs_and_asked_no_faster_than_was_meant(scale):
    true = (1.609344 if scale.mph else 1) * scale.factor
    for wire in range(0, 500, 3):
        assert wire * true <= scale.ckmh(wire) < wire * true + 1
    for ckmh in range(0, 564, 7):
        assert scale.wire(ckmh) * true <= ckmh
        assert scale.ckmh(scale.wire_at_least(ckmh)) >= ckmh
        assert scale.wire_at_least(ckmh) - scale.wire(ckmh) in (0, 1)


def test_the_measured_minimum_and_increment_of_a_scaled_belt_are_its_own_grid_again():
    for quirks, factor in ((Quirks(mph_units=True), 1.0), (Quirks(), 1.31), (Quirks(), 1.6)):
        scale = Scale(quirks.mph_units, factor)
        profile = Profile(min_ckmh=scale.ckmh(96), increment_ckmh=scale.ckmh(32), scale=factor, quirks=quirks)
        machine = machine_of(told(), profile, control_point=True)
        assert machine.speed == Grid(96, scale.wire(563), 32)
        facts = facts_of(told(), machine, profile, "", "")
        assert (facts.min_ckmh, facts.increment_ckmh) == (profile.min_ckmh, profile.increment_ckmh)


def test_one_mph_is_161():
    assert Scale(mph=True).ckmh(100) == 161
    assert Scale(mph=True).wire(161) == 100
    assert Scale().ckmh(100) == Scale().wire(100) == 100


def asked(at_s, outcome=Outcome.WRITTEN):
    return Report(outcome, b"\x00", at_s)


def answer(op, result):
    return Report(Outcome.ANSWERED, bytes((op,)), 11.0, result)


def test_control_is_asked_for_once_and_held_after_its_answer():
    control = Control(Quirks())
    assert control.due(10.0)
    control.take(asked(10.0), None)
    assert not control.due(10.1)
    control.take(answer(0, 1), None)
    assert control.held
    assert not control.due(100.0)


@pytest.mark.parametrize("op", [0x02, 0x07, 0x08])
def test_result_05_to_anything_means_that_control_is_lost(op):
    control = Control(Quirks())
    control.take(asked(10.0), None)
    control.take(answer(0, 1), None)
    control.take(answer(op, 5), None)
    assert not control.held
    assert control.due(20.0)


def test_a_refusal_says_what_to_do_and_is_asked_again_ever_more_slowly():
    control = Control(Quirks())
    now, asks = 0.0, []
    while now < 100:
        if control.due(now):
            asks.append(now)
            control.take(asked(now), None)
            control.take(answer(0, 4), None)
        now += 0.5
    assert "console" in control.trouble
    gaps = [later - earlier for earlier, later in itertools.pairwise(asks)]
    assert gaps == sorted(gaps)
    assert len(asks) <= 6


def test_no_answer_is_consent_only_where_the_profile_says_so():
    plain, silent = Control(Quirks()), Control(Quirks(no_request_control_answer=True))
    for control in (plain, silent):
        control.take(asked(10.0), None)
        control.tick(10.4)
    assert not plain.held
    assert silent.held
    plain.tick(12.1)
    assert "profile" in plain.trouble


def test_a_machine_that_wants_pairing_says_so():
    control = Control(Quirks())
    control.take(asked(10.0, Outcome.FAILED), LinkError(Fault.WANTS_PAIRING, att=0x0F))
    assert "paired" in control.trouble


def test_a_new_connection_holds_nothing():
    control = Control(Quirks())
    control.take(asked(10.0), None)
    control.take(answer(0, 1), None)
    control.reset()
    assert not control.held
    assert control.due(10.0)
