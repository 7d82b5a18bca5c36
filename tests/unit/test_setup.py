"""retrowalk setup: what is asked, what is written, what is proved, and what is said where something is left out."""

import io
import types
from datetime import UTC, datetime

import pytest
from rich.console import Console

from hardware.config import ConfigError, Wiring, load_config
from hardware.config.binding import load_binding
from hardware.gpio.pins import PinError
from hardware.guard import prove
from kiosk.appliance.config_text import WIRES, Answers, answers_of, config_text, read_answers, width_mm
from kiosk.appliance.setup import MOVE, STEPS, WITHOUT, Setup, SetupError, attached_panel

MACHINE = ("C0:FF:EE:00:00:42", "Treadmill", "strong (-50 dBm)")


class Typed(io.StringIO):
    """A terminal, as input() gives it: lines without their end, and EOFError when it is closed."""

    def readline(self, size=-1):
        line = super().readline(size)
        if not line:
            raise EOFError
        return line.rstrip("\n")


class Hands:
    def __init__(self, wrong=(), machines=((MACHINE,),), services=True, check=0):
        self.wrong, self.machines = list(wrong), list(machines)
        self.proved, self.switched, self._services, self._check = [], [], services, check

    def wires(self, config):
        return [wire.name for wire in prove.fitted(config.wiring)]

    def prove(self, config, wire, seconds):
        self.proved.append(wire)
        return self.wrong.pop(0) if self.wrong else ""

    def scan(self, seconds, adapter):
        return self.machines.pop(0) if self.machines else ()

    def services(self, *, on):
        self.switched.append(on)
        return self._services

    def opening_check(self):
        return self._check


@pytest.fixture
def place(tmp_path):
    data = tmp_path / "data"
    data.mkdir()

    def run(typed="", hands=None, answers=None, again=(), panel=None):
        out = io.StringIO()
        one = Setup(
            config=tmp_path / "etc" / "retrowalk.toml",
            data=data,
            hands=hands or Hands(),
            console=Console(file=out, width=200),
            stream=Typed(typed),
            answers=answers,
            panel=panel,
            who="shell (root)",
            now=lambda: datetime(2026, 7, 11, 8, 15, tzinfo=UTC),
        )
        became = one.run(again)
        return became, out.getvalue()

    return types.SimpleNamespace(run=run, path=tmp_path / "etc" / "retrowalk.toml", data=data)


ALL_DEFAULTS = "\n" * 15  # fifteen questions at level H0


def test_return_at_every_question_gives_a_kiosk_that_works(place):
    became, said = place.run(ALL_DEFAULTS + "y\ny\ny\n1\ny\n")
    assert became == dict.fromkeys(STEPS, "done")
    config = load_config(place.path)
    assert config.wiring.level == "H0"
    assert config.data_directory == place.data
    assert load_binding(place.data).address == MACHINE[0]
    assert "[gym]" in said  # rich would take a section's name for a style


def test_answers_are_what_is_written_and_are_offered_again_the_next_time(place):
    typed = "Harbour Gym\nT4\nde\nkm/h\n1280x800\n217\n1.5\nH1\n5\n6\n13\n19\n-1\n-1\n-1\n23\n24\ny\n"
    place.run(typed + "n\nn\nn\n")
    config = load_config(place.path)
    assert (config.gym.name, config.gym.language, config.gym.units) == ("Harbour Gym", "de", "km/h")
    assert (config.wiring.clip, config.wiring.amber_button, config.wiring.deck_open_end) == (5, 13, None)
    assert (config.wiring.permit, config.wiring.permit_readback) == (23, 24)
    place.run("\n" * 17 + "y\nn\nn\nn\n", again=["questions"])
    assert load_config(place.path) == config


def test_the_file_before_is_kept_and_a_no_writes_nothing(place):
    place.run(answers=Answers(gym_name="First"))
    place.run(answers=Answers(gym_name="Second"), again=["questions"])
    assert load_config(place.path).gym.name == "Second"
    assert 'name = "First"' in place.path.with_suffix(".toml.1").read_text()
    place.run("Third\n" + "\n" * 14 + "n\nn\nn\nn\n", again=["questions"])
    assert load_config(place.path).gym.name == "Second"


def test_answers_that_contradict_each_other_are_named_and_asked_again(place):
    first = "\n\n\n\n\n\n\n\n7\n7\n\n\n\n\n\n"
    _, said = place.run(first + "y\n" + "\n" * 9 + "8\n" + "\n" * 5 + "y\nn\nn\nn\n")
    assert "both use pin 7" in said
    assert load_config(place.path).wiring.red_button == 8


def test_clip_and_red_button_cannot_be_left_out(place):
    typed = "\n" * 8 + "-1\n5\n-1\n6\n" + "\n" * 5
    _, said = place.run(typed + "y\nn\nn\nn\n")
    assert said.count("No kiosk goes without") == 2
    assert (load_config(place.path).wiring.clip, load_config(place.path).wiring.red_button) == (5, 6)


def test_each_wire_is_moved_and_one_that_does_not_follow_can_be_tried_again(place):
    place.run(answers=Answers(amber_button=22, alarm=25))
    hands = Hands(wrong=["GPIO 17 stayed open (high) all the time"])
    became, said = place.run("y\ny\nn\nn\n", hands)
    assert hands.proved == ["clip", "clip", "red_button", "amber_button"]
    assert hands.switched[0] is False  # the guard lets go of the pins first
    assert "stayed open" in said
    assert became["wires"] == "done"


def test_a_wire_that_is_given_up_is_named_and_setup_goes_on(place):
    place.run(answers=Answers())
    became, said = place.run("y\nn\nn\nn\n", Hands(wrong=["GPIO 17 stayed open (high) all the time"]))
    assert became["wires"] == "failed"
    assert "clip: not proved" in said
    assert WITHOUT["wires"] in said


def test_what_is_skipped_says_what_is_then_missing(place):
    became, said = place.run(ALL_DEFAULTS + "y\nn\nn\nn\n")
    assert became == {"questions": "done", "wires": "skipped", "treadmill": "skipped", "check": "skipped"}
    assert all(WITHOUT[step] in said for step in STEPS[1:])


def test_broken_off_it_goes_on_where_it_was(place):
    with pytest.raises(EOFError):
        place.run(ALL_DEFAULTS + "y\ny\n")
    hands = Hands()
    became, said = place.run("y\n1\ny\n", hands)
    assert hands.proved == []
    assert "done before" in said
    assert became == dict.fromkeys(STEPS, "done")


def test_no_treadmill_in_reach_is_looked_for_again_or_left(place):
    place.run(answers=Answers())
    became, said = place.run("n\ny\ny\n1\nn\n", Hands(machines=[(), (MACHINE,)]))
    assert became["treadmill"] == "done"
    assert "free of any phone" in said


def test_a_file_of_answers_asks_nothing_and_proves_nothing(place):
    became, said = place.run(answers=Answers(treadmill=MACHINE[0]))
    assert became == {"questions": "done", "wires": "skipped", "treadmill": "done", "check": "skipped"}
    assert WITHOUT["wires"] in said
    assert load_config(place.path).treadmill.address == MACHINE[0]


@pytest.mark.parametrize("text", ["gym = 1", "clip = 'x'", "screen_px = 'big'", "= 3"])
def test_a_bad_file_of_answers_is_one_sentence_that_lists_what_it_may_hold(text):
    with pytest.raises(ConfigError, match="It may hold: gym_name"):
        read_answers(text, "answers.toml")


def test_answers_out_of_range_stop_before_anything_is_written(place):
    with pytest.raises(SetupError, match="cap_kmh"):
        place.run(answers=Answers(cap_kmh=99))
    assert not place.path.exists()


def test_every_wire_has_a_word_on_how_to_move_it_and_every_answer_comes_back():
    assert {wire.name for wire in prove.PROVABLE} == set(MOVE)
    full = Answers(level="H2", **{name: pin for pin, name in enumerate(WIRES, start=4)}, pickup_mm=150, volume=3)
    from hardware.config import parse_config

    assert answers_of(parse_config(config_text(full, "/d"))) == full


def test_the_panel_tells_its_pixels_and_width(tmp_path):
    assert attached_panel(tmp_path) is None
    for name, status in (("card0-HDMI-A-1", "disconnected"), ("card1-HDMI-A-2", "connected")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "status").write_text(status + "\n")
        (tmp_path / name / "modes").write_text("1920x1080\n1280x720\n")
        (tmp_path / name / "edid").write_bytes(bytes(21) + bytes([60]) + bytes(106))
    found = attached_panel(tmp_path)
    assert (found.width_px, found.height_px, found.width_mm) == (1920, 1080, 600.0)
    assert width_mm(27, 1920, 1080) == pytest.approx(597.7, abs=0.1)


class Pins:
    def __init__(self, levels):
        self.levels_to_come, self.read = levels, 0

    def levels(self, now_s):
        level = self.levels_to_come[min(self.read, len(self.levels_to_come) - 1)]
        self.read += 1
        if level is None:
            raise PinError("gone")
        return {17: level}


def watched(levels, name="clip", seconds=1.0):
    clock = [0.0]
    wire = next(one for one in prove.PROVABLE if one.name == name)
    return prove.watch(
        Pins(levels), 17, wire, seconds, lambda: clock[0], lambda s: clock.__setitem__(0, clock[0] + s)
    )


def test_a_loop_is_proved_only_when_it_was_seen_open_and_closed_again():
    assert watched([0] * 10 + [1] * 10 + [0] * 10) == ""
    assert "did not come back" in watched([0] * 10 + [1] * 10)
    assert "stayed closed" in watched([0])
    assert "stayed open" in watched([1])


def test_bounce_proves_nothing():
    assert "does not settle" in watched([0, 1] * 500)
    assert watched([0] * 10 + [1, 0, 0, 0, 0, 0, 0, 0]) != ""


def test_a_button_at_rest_reads_open_and_a_pick_up_may_rest_at_either():
    assert watched([1] * 10 + [0] * 10 + [1] * 10, "amber_button") == ""
    assert watched([1, 0], "belt_pickup") == ""
    assert watched([0, 1], "belt_pickup") == ""


def test_only_what_is_fitted_is_asked_for_and_simulated_pins_are_no_wires(tmp_path):
    assert [wire.name for wire in prove.fitted(Wiring())] == ["clip", "red_button"]
    with pytest.raises(PinError, match="simulated"):
        prove.open_inputs(Wiring(pins="simulated"), None)
