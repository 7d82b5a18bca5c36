"""Pins, wires and the chip; the chip with a gpiozero and lgpio that behave as the real ones do."""

from __future__ import annotations

import sys
import types
import warnings

import pytest

from hardware.config import Wiring
from hardware.constants import SAMPLE_S
from hardware.gpio.chip import ChipPins, chips, choose_chip
from hardware.gpio.pickup import Pickup, speed_ckmh
from hardware.gpio.pickup import sampled as sampled_pickup
from hardware.gpio.pins import PinError, WorldPins
from hardware.gpio.wires import DECK_SAMPLES, Switchboard, Wire, input_pins, output_pins
from hardware.link.endpoint import memory_pair
from hardware.link.messages import Contact, Deck, PinDrive, PinLevels

WIRING = Wiring(clip=17, red_button=27, amber_button=22, permit=23, permit_readback=24, alarm=25)
CLOSED = {17: 0, 27: 0, 22: 1, 24: 0}


def settled(wiring: Wiring = WIRING) -> Switchboard:
    board = Switchboard(wiring)
    for _ in range(100):
        board.sample(CLOSED, 0.0)
    return board


# ------------------------------------------------------------------------------------ wires


def test_only_fitted_wires_have_pins():
    assert input_pins(Wiring()) == {Wire.CLIP: 17, Wire.RED: 27}
    assert output_pins(Wiring()) == {}
    assert input_pins(WIRING) == {Wire.CLIP: 17, Wire.RED: 27, Wire.AMBER: 22, Wire.READBACK: 24}
    assert output_pins(WIRING) == {Wire.PERMIT: 23, Wire.ALARM: 25}
    assert output_pins(Wiring(test_pulse=5)) == {Wire.TEST_PULSE: 5}


def test_nothing_counts_as_closed_or_pressed_at_first():
    switches = Switchboard(WIRING).switches
    assert (switches.clip, switches.red) == (Contact.SETTLING, Contact.SETTLING)
    assert (switches.amber_pressed, switches.permit_readback, switches.fault) == (False, None, "")


def test_wires_that_are_not_fitted_say_so():
    switches = Switchboard(Wiring()).switches
    assert switches.amber_pressed is None
    assert switches.permit_readback is None


def test_low_is_closed_released_and_relay_dropped():
    switches = settled().switches
    assert (switches.clip, switches.red) == (Contact.CLOSED, Contact.CLOSED)
    assert switches.amber_pressed is False
    assert switches.permit_readback is False


@pytest.mark.parametrize(("pin", "name"), [(17, "clip"), (27, "red")])
def test_a_cut_wire_reads_open_in_the_second_sample_and_asks_for_a_step_at_once(pin, name):
    board = settled()
    assert not board.sample({**CLOSED, pin: 1}, 0.0)
    assert getattr(board.switches, name) is Contact.CLOSED
    assert board.sample({**CLOSED, pin: 1}, 0.0)
    assert getattr(board.switches, name) is Contact.OPEN
    assert not board.sample({**CLOSED, pin: 1}, 0.0)


def test_amber_and_read_back_ask_for_no_step_of_their_own():
    board = settled()
    for _ in range(20):
        assert not board.sample({**CLOSED, 22: 0, 24: 1}, 0.0)
    assert board.switches.amber_pressed is True
    assert board.switches.permit_readback is True


def test_a_pin_that_is_not_heard_of_for_a_second_is_a_fault_with_its_name():
    board = settled()
    without = {pin: level for pin, level in CLOSED.items() if pin != 27}
    for _ in range(199):
        board.sample(without, 0.0)
    assert board.switches.fault == ""
    board.sample(without, 0.0)
    assert board.switches.fault == "The red button (pin 27) cannot be read."
    board.sample(CLOSED, 0.0)
    assert board.switches.fault == ""


def test_a_read_error_is_a_fault_until_the_next_good_sample():
    board = settled()
    board.failed("A GPIO pin failed: x.")
    assert board.switches.fault == "A GPIO pin failed: x."
    board.sample(CLOSED, 0.0)
    assert board.switches.fault == ""


@pytest.mark.parametrize(("pin", "name"), [(17, "clip"), (27, "red button")])
def test_a_loop_that_touches_ground_is_found_in_the_second_test_and_named(pin, name):
    board = settled()
    board.tested({17: 1, 27: 1, pin: 0})
    assert board.switches.fault == ""
    board.sample(CLOSED, 0.0)
    board.tested({17: 1, 27: 1, pin: 0})
    assert board.switches.fault.startswith(f"The loop of the {name} (pin {pin}) touches ground")
    board.sample(CLOSED, 0.0)
    assert board.switches.fault
    board.tested({17: 1, 27: 1})
    assert board.switches.fault == ""


def test_a_loop_that_follows_the_test_pulse_stays_closed():
    board = settled()
    for _ in range(50):
        board.tested({17: 1, 27: 1})
        board.sample(CLOSED, 0.0)
    assert board.switches.clip is Contact.CLOSED


# ------------------------------------------------------------------------------------ the simulated world


def test_pins_that_no_board_has_are_not_remembered():
    ours, world = memory_pair(PinLevels, PinDrive)
    pins = WorldPins(ours)
    world.send(PinLevels(((17, 1), (-1, 1), (10**9, 1))), 1.0)
    assert pins.levels(1.0) == {17: 1}


def test_the_worlds_pins_keep_the_newest_level_and_tell_what_is_driven():
    ours, world = memory_pair(PinLevels, PinDrive)
    pins = WorldPins(ours)
    assert pins.levels(1.0) == {}
    world.send(PinLevels(((17, 0), (27, 0))), 1.0)
    world.send(PinLevels(((27, 1),)), 1.0)
    assert pins.levels(1.0) == {17: 0, 27: 1}
    assert pins.levels(1.1) == {17: 0, 27: 1}
    pins.drive(23, 1, 1.2)
    assert [frame.body for frame in world.drain(1.2)] == [PinDrive(23, 1)]
    pins.close()
    assert [frame.body for frame in world.drain(1.3)] == [PinDrive(23, 0)]
    pins.close()


def test_a_world_that_is_gone_is_an_error():
    ours, world = memory_pair(PinLevels, PinDrive)
    world.close()
    with pytest.raises(PinError, match="simulated pins are gone"):
        WorldPins(ours).levels(1.0)


# ------------------------------------------------------------------------------------ the chip


def test_the_chip_is_found_by_its_label_whatever_its_number():
    pi5 = {0: "pinctrl-rp1", 10: "gpio-brcmstb@107d508500"}
    assert choose_chip(pi5, None) == 0
    assert choose_chip({4: "pinctrl-rp1", 0: "something"}, None) == 4
    assert choose_chip({0: "pinctrl-bcm2711"}, None) == 0
    assert choose_chip(pi5, "gpio-brcmstb@107d508500") == 10


def test_no_chip_or_the_wrong_one_is_a_sentence():
    with pytest.raises(PinError, match="no GPIO device"):
        choose_chip({}, None)
    with pytest.raises(PinError, match=r"labelled nonesuch; there is: a \(gpiochip0\)"):
        choose_chip({0: "a"}, "nonesuch")


def test_chips_are_counted_from_the_device_directory(tmp_path):
    for name in ("gpiochip0", "gpiochip10", "gpiochipx", "gpiomem"):
        (tmp_path / name).touch()
    assert chips(tmp_path) == [0, 10]


def test_a_machine_without_gpio_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("hardware.gpio.chip.chips", list)
    with pytest.raises(PinError, match="no GPIO device"):
        ChipPins([17], [], tmp_path)


class LgError(Exception):
    pass


class Fallback(Warning):
    pass


class Rack:
    """A chip and the two libraries over it: what they open, they hold; closing in any order is legal."""

    def __init__(self, monkeypatch) -> None:
        self.levels = {17: 1, 27: 0}
        self.driven: dict[int, int] = {}
        self.fail = ""
        self.busy: set[int] = set()
        self.open_chips: list[int] = []
        self.labels = {0: "other", 4: "pinctrl-rp1"}
        self.warn = False
        rack = self

        class Factory:
            def __init__(self, chip):
                if rack.warn:
                    warnings.warn("Falling back from lgpio", Fallback, stacklevel=1)
                self.chip = chip
                rack.open_chips.append(chip)

            def close(self):
                rack.open_chips.remove(self.chip)

        class Device:
            def __init__(self, pin, *, pin_factory):
                if pin in rack.busy:
                    raise LgError("GPIO busy")
                self.pin_number, self.pin_factory, self.closed = pin, pin_factory, False

            def close(self):
                self.closed = True

        class Input(Device):
            def __init__(self, pin, *, pull_up, pin_factory):
                assert pull_up is True
                super().__init__(pin, pin_factory=pin_factory)

            @property
            def value(self):
                if rack.fail:
                    raise LgError(rack.fail)
                return 1 - rack.levels[self.pin_number]  # active low, with a pull-up

        class Output(Device):
            def __init__(self, pin, *, initial_value, pin_factory):
                assert initial_value is False
                super().__init__(pin, pin_factory=pin_factory)
                rack.driven[pin] = 0

            @property
            def value(self):
                return rack.driven[self.pin_number]

            @value.setter
            def value(self, level):
                if rack.fail:
                    raise LgError(rack.fail)
                rack.driven[self.pin_number] = level

            def off(self):
                rack.driven[self.pin_number] = 0

        lgpio = types.ModuleType("lgpio")
        lgpio.error = LgError
        lgpio.gpiochip_open = self._chip
        lgpio.gpiochip_close = lambda handle: None
        lgpio.gpio_get_chip_info = lambda handle: [0, 54, "gpiochip", rack.labels[handle]]
        gpiozero = types.ModuleType("gpiozero")
        gpiozero.InputDevice, gpiozero.OutputDevice = Input, Output
        gpiozero.GPIOZeroError = type("GPIOZeroError", (Exception,), {})
        gpiozero.GPIOZeroWarning = Fallback
        pins = types.ModuleType("gpiozero.pins")
        backend = types.ModuleType("gpiozero.pins.lgpio")
        backend.LGPIOFactory = Factory
        for name, module in {
            "lgpio": lgpio,
            "gpiozero": gpiozero,
            "gpiozero.pins": pins,
            "gpiozero.pins.lgpio": backend,
        }.items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr("hardware.gpio.chip.chips", lambda: sorted(rack.labels))
        monkeypatch.delenv("LG_WD", raising=False)

    def _chip(self, number):
        if self.fail == "closed":
            raise LgError("can not open gpiochip")
        return number


def test_pins_are_read_as_electrical_levels_and_driven(tmp_path, monkeypatch):
    rack = Rack(monkeypatch)
    pins = ChipPins([17, 27], [23], tmp_path)
    assert rack.open_chips == [4]
    assert pins.levels(0.0) == {17: 1, 27: 0}
    rack.levels[17] = 0
    assert pins.levels(0.0) == {17: 0, 27: 0}
    pins.drive(23, 1, 0.0)
    assert rack.driven == {23: 1}
    pins.close()
    assert rack.driven == {23: 0}
    assert rack.open_chips == []
    pins.close()


def test_lgpio_gets_a_directory_it_can_write_to_and_ours_stays_where_it_was(tmp_path, monkeypatch):
    import os
    from pathlib import Path

    Rack(monkeypatch)
    here = Path.cwd()
    ChipPins([17], [], tmp_path).close()
    assert os.environ["LG_WD"] == str(tmp_path)
    assert Path.cwd() == here


def test_a_failing_pin_is_an_error_with_a_sentence(tmp_path, monkeypatch):
    rack = Rack(monkeypatch)
    pins = ChipPins([17], [23], tmp_path)
    rack.fail = "bad handle"
    with pytest.raises(PinError, match=r"A GPIO pin failed: bad handle\."):
        pins.levels(0.0)
    with pytest.raises(PinError, match="bad handle"):
        pins.drive(23, 1, 0.0)
    rack.fail = ""
    pins.close()


def test_a_pin_held_by_another_process_is_an_error_and_nothing_stays_open(tmp_path, monkeypatch):
    rack = Rack(monkeypatch)
    rack.busy = {27}
    with pytest.raises(PinError, match="Is the guard running already"):
        ChipPins([17, 27], [], tmp_path)
    assert rack.open_chips == []


def test_a_device_that_may_not_be_opened_is_a_sentence_about_the_group(tmp_path, monkeypatch):
    rack = Rack(monkeypatch)
    rack.fail = "closed"
    with pytest.raises(PinError, match="group gpio"):
        ChipPins([17], [], tmp_path)


def test_a_fallback_to_another_library_is_an_error_never_a_warning(tmp_path, monkeypatch):
    rack = Rack(monkeypatch)
    rack.warn = True
    with pytest.raises(PinError, match="Falling back"):
        ChipPins([17], [], tmp_path)
    assert rack.open_chips == []


def test_a_missing_library_is_a_sentence_about_the_package(tmp_path, monkeypatch):
    Rack(monkeypatch)
    monkeypatch.setitem(sys.modules, "lgpio", None)
    with pytest.raises(PinError, match="python3-lgpio"):
        ChipPins([17], [], tmp_path)


@pytest.mark.parametrize(("pin", "wire"), [(17, "clip"), (27, "red button"), (24, "permit read-back"), (22, "amber")])
@pytest.mark.parametrize("level", [2, -1])
def test_a_level_that_is_none_is_a_fault_at_once_with_its_wire_and_ends_with_it(pin, wire, level):
    board = settled()
    before = board.switches
    assert not board.sample({**CLOSED, pin: level}, 0.0)
    assert f"The {wire}" in board.switches.fault
    assert f"(pin {pin}) reads {level}, which is neither low nor high." in board.switches.fault
    board.sample(CLOSED, 0.0)
    assert board.switches == before


# ------------------------------------------------------------------------------------ deck sensors, belt pick-up

OPTIONS = Wiring(deck_open_end=5, deck_motor_end=6, belt_pickup=16)
CLEAR = {17: 0, 27: 0, 5: 0, 6: 0, 16: 1}


def looked(board: Switchboard, levels: dict[int, int], samples: int) -> Deck | None:
    for _ in range(samples):
        board.sample(levels, 0.0)
    return board.switches.deck


def test_without_deck_sensors_nothing_is_said_of_the_deck():
    assert settled().switches.deck is None
    assert settled().switches.pickup_ckmh is None


@pytest.mark.parametrize(("pin", "deck"), [(5, Deck.OPEN_END), (6, Deck.MOTOR_END)])
def test_a_deck_sensor_that_opens_or_whose_wire_breaks_means_outside(pin, deck):
    board = Switchboard(OPTIONS)
    assert looked(board, CLEAR, DECK_SAMPLES - 1) is not Deck.SAFE
    assert looked(board, CLEAR, 1) is Deck.SAFE
    assert looked(board, {**CLEAR, pin: 1}, 1) is Deck.SAFE  # one sample may be a glitch
    assert looked(board, {**CLEAR, pin: 1}, 1) is deck
    assert looked(board, CLEAR, DECK_SAMPLES - 1) is deck  # between two strides the beam is free for less
    assert looked(board, CLEAR, 1) is Deck.SAFE


def test_with_one_end_fitted_the_other_is_not_missed():
    board = Switchboard(Wiring(deck_motor_end=6))
    assert looked(board, {17: 0, 27: 0, 6: 0}, DECK_SAMPLES) is Deck.SAFE
    assert looked(board, {17: 0, 27: 0, 6: 1}, 2) is Deck.MOTOR_END


def test_a_deck_sensor_that_is_never_heard_is_a_fault_with_its_name():
    board = Switchboard(OPTIONS)
    looked(board, {17: 0, 27: 0, 6: 0, 16: 1}, 250)
    assert board.switches.fault == "The open-end sensor (pin 5) cannot be read."


def turned(pickup: Pickup, ckmh: float, seconds: float, at_s: float, mm: float = 0.0) -> tuple[Pickup, float, float]:
    """The belt runs: every sample of so many seconds. Returns the pick-up, the time, and how far it ran."""
    for _ in range(round(seconds / SAMPLE_S)):
        at_s += SAMPLE_S
        mm += ckmh / 0.36 * SAMPLE_S
        pickup = sampled_pickup(pickup, low=mm % pickup.mm < pickup.mm / 2 and ckmh > 0, now_s=at_s)
    return pickup, at_s, mm


@pytest.mark.parametrize("ckmh", [50, 80, 200, 400, 563])
@pytest.mark.parametrize("mm", [40, 200, 300])
def test_the_pick_up_measures_every_speed_a_walk_may_have(ckmh, mm):
    one, at_s, _ = turned(Pickup(mm, 0.0), ckmh, 6.0, 0.0)
    assert speed_ckmh(one, at_s) == pytest.approx(ckmh, rel=0.06)


def test_after_a_standstill_the_speed_is_known_with_the_second_pulse():
    one, at_s, _ = turned(Pickup(200, 0.0), 0, 3.5, 0.0)
    assert speed_ckmh(one, at_s) is None  # it may still be a slow belt
    one, at_s, _ = turned(one, 0, 0.5, at_s)
    assert speed_ckmh(one, at_s) == 0
    one, at_s, mm = turned(one, 80, 0.8, at_s, 100)
    assert one.pulses == 1
    assert speed_ckmh(one, at_s) is None
    one, at_s, _ = turned(one, 80, 1.0, at_s, mm)
    assert speed_ckmh(one, at_s) == pytest.approx(80, abs=3)


def test_a_belt_that_stops_is_believed_to_stand_when_its_next_pulse_is_long_overdue():
    one, at_s, _ = turned(Pickup(200, 0.0), 200, 3.0, 0.0)
    speeds = []
    for _ in range(80):
        one, at_s, _ = turned(one, 0, 0.05, at_s)
        speeds.append(speed_ckmh(one, at_s))
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[-1] == 0


def test_one_sample_is_no_pulse():
    one = Pickup(200, 0.0)
    for n in range(40):
        one = sampled_pickup(one, low=n % 4 == 0, now_s=n * SAMPLE_S)
    assert one.pulses == 0


def test_a_pick_up_that_begins_low_has_not_pulsed():
    one = Pickup(200, 0.0)
    for n in range(10):
        one = sampled_pickup(one, low=True, now_s=n * SAMPLE_S)
    assert one.pulses == 0


def test_the_switchboard_tells_the_pick_ups_speed_and_counts_its_pulses():
    board, mm = Switchboard(OPTIONS), 0.0
    for n in range(800):
        mm += 160 / 0.36 * SAMPLE_S
        board.sample({**CLEAR, 16: int(mm % 200 > 100)}, n * SAMPLE_S)
    assert board.switches.pickup_ckmh == pytest.approx(160, rel=0.05)
    assert board.switches.pulses == 8


def test_a_pulse_is_two_low_samples_after_two_high_ones():
    one = Pickup(200, 0.0)
    levels = (1, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0)
    counted = []
    for n, level in enumerate(levels):
        one = sampled_pickup(one, low=level == 0, now_s=n * SAMPLE_S)
        counted.append(one.pulses)
    assert counted == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]


def pulsed(pickup: Pickup, *times: float) -> Pickup:
    for at_s in times:
        for level in (1, 1, 0, 0):
            pickup = sampled_pickup(pickup, low=level == 0, now_s=at_s)
    return pickup


def test_a_pulse_leaves_the_count_ready_for_the_next_one():
    one = pulsed(Pickup(200, 0.0), 0.5)
    assert one == Pickup(mm=200, since_s=0.0, high=False, row=-2, pulses=1, times=(0.5,))
    assert one.high is False


def test_the_mean_reaches_back_a_second_and_no_further():
    assert pulsed(Pickup(200, 0.0), 0.25, 0.5, 1.0, 1.5).times == (0.5, 1.0, 1.5)
    assert pulsed(Pickup(200, 0.0), 1.0, 2.5, 4.0, 5.5).times == (4.0, 5.5)  # but to the pulse before, always


def test_pulses_before_a_standstill_tell_nothing_of_the_speed_after_it():
    one = pulsed(Pickup(200, 0.0), 0.5, 1.0, 9.0)
    assert one.times == (9.0,)
    assert speed_ckmh(one, 9.0) is None
    assert speed_ckmh(pulsed(one, 10.0), 10.0) == 72


def test_a_belt_at_exactly_the_least_speed_still_moves():
    assert speed_ckmh(Pickup(50, 0.0), 0.9) is None
    assert speed_ckmh(Pickup(50, 0.0), 0.91) == 0
