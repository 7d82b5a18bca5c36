"""retrowalk setup: what is asked, what is written, what is proved, and what is said where something is left out."""

import io
import os
import time
import types
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from hardware.config import ConfigError, Wiring, load_config
from hardware.config.binding import Binding, load_binding, save_binding
from hardware.gpio.pins import PinError
from hardware.guard import prove
from hardware.link.messages import Opening
from kiosk.appliance.config_text import WIRES, Answers, answers_of, config_text, read_answers, width_mm
from kiosk.appliance.setup import MOVE, STEPS, WITHOUT, Setup, SetupError, attached_panel
from kiosk.gallery import STATUS
from kiosk.staff.health.beacon import Beacon, write

MACHINE = ("C0:FF:EE:00:00:42", "Treadmill", "strong (-50 dBm)")


class Typed(io.StringIO):
    """A terminal, as input() gives it: lines without their end, and EOFError when it is closed."""

    def readline(self, size=-1):
        line = super().readline(size)
        if not line:
            raise EOFError
        return line.rstrip("\n")


class Hands:
    def __init__(self, wrong=(), machines=((MACHINE,),), services=True, opened=(True,)):
        self.wrong, self.machines = list(wrong), list(machines)
        self.proved, self.switched, self._services, self._opened = [], [], services, list(opened)

    def wires(self, config):
        return [wire.name for wire in prove.fitted(config.wiring)]

    def prove(self, config, wire, seconds):
        self.proved.append(wire)
        return self.wrong.pop(0) if self.wrong else ""

    def scan(self, seconds, adapter):
        found = self.machines.pop(0) if self.machines else ()
        if isinstance(found, Exception):
            raise found
        return found

    def services(self, *, on):
        self.switched.append(on)
        return self._services

    def opened(self):
        return self._opened.pop(0) if self._opened else None


@pytest.fixture
def place(tmp_path):
    data = tmp_path / "data"
    data.mkdir()

    def run(typed="", hands=None, answers=None, again=(), panel=None, kiosks_console=False):
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
            kiosks_console=kiosks_console,
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
    typed = "Harbour Gym\nT4\nde\nkm/h\n1280x800\n217\n1.5\nH1\n5\n6\n13\n19\n-1\nnone\n-\n23\n24\n3.5\ny\n"
    place.run(typed + "n\nn\nn\n")
    config = load_config(place.path)
    assert (config.gym.name, config.gym.language, config.gym.units) == ("Harbour Gym", "de", "km/h")
    assert (config.wiring.clip, config.wiring.amber_button, config.wiring.deck_open_end) == (5, 13, None)
    assert (config.wiring.permit, config.wiring.permit_readback) == (23, 24)
    assert config.limits.cap_kmh == 3.5
    place.run("\n" * 18 + "y\nn\nn\nn\n", again=["questions"])
    assert load_config(place.path) == config


def test_the_file_before_is_kept_and_a_no_writes_nothing(place):
    place.run(answers=Answers(gym_name="First"))
    place.run(answers=Answers(gym_name="Second"), again=["questions"])
    assert load_config(place.path).gym.name == "Second"
    assert 'name = "First"' in place.path.with_suffix(".toml.1").read_text()
    place.run("Third\n" + "\n" * 14 + "n\nn\nn\nn\n", again=["questions"])
    assert load_config(place.path).gym.name == "Second"


def test_a_wrong_answer_is_said_at_once_and_only_it_is_asked_again(place):
    typed = [
        *("\n", "x" * 61 + "\n", "T4\n", "Deutsch\n", "DE\n", "km/h\n"),
        *("1080p\n", "1280 X 800\n", "27 inch\n", "5\n", "597,5\n", "0\n", "2,5\n", "h0\n"),
        *(
            "17x\n",
            "28\n",
            "gpio17\n",
            "17\n",
            "27\n",
            "27\n",
            "none\n",
            "\n",
            "\n",
            "\n",
            "13\n",
            "20\n",
            "314\n",
            "157\n",
        ),
    ]
    _, said = place.run("".join(typed) + "y\nn\nn\nn\n")
    for sentence in (
        "From 1 to 60 letters",
        "for example 1920x1080",
        "A number from 50 to 3000",
        "A number from 0.3 to 10",
        "A GPIO number from 0 to 27",
        "Clip is on GPIO 17 already",
        "Red button is on GPIO 27 already",
        "A number from 40 to 300",
    ):
        assert sentence in said
    config = load_config(place.path)
    assert (config.gym.treadmill_label, config.gym.language, config.wiring.level) == ("T4", "de", "H0")
    assert (config.screen.width_px, config.screen.width_mm, config.screen.viewing_distance_m) == (1280, 597.5, 2.5)
    assert (config.wiring.clip, config.wiring.red_button, config.wiring.pickup_mm) == (17, 27, 157)
    assert "regex" not in said


def test_a_level_with_a_relay_needs_its_pin(place):
    _, said = place.run("\n" * 7 + "H2\n" + "\n" * 7 + "none\n23\nnone\n2\ny\nn\nn\nn\n")
    assert "Level H2 is its relay" in said
    assert "counts for nothing: supervised use" in said
    assert load_config(place.path).wiring.permit == 23
    assert load_config(place.path).wiring.supervised


def test_what_was_set_by_hand_and_is_not_asked_survives_new_answers(place):
    place.run(
        answers=Answers(max_incline_percent=2.0, adapter="hci1", position="console", sound=False, test_pulse=12)
    )
    _, said = place.run("Third\n" + "\n" * 7 + "12\n\n" + "\n" * 6 + "y\nn\nn\nn\n", again=["questions"])
    assert "The test pulse is on GPIO 12 already" in said
    config = load_config(place.path)
    assert (config.gym.name, config.limits.max_incline_percent, config.treadmill.adapter) == ("Third", 2.0, "hci1")
    assert (config.screen.position, config.sound.enabled, config.wiring.test_pulse) == ("console", False, 12)


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
    assert became["check"] == "skipped"
    assert "free of any phone" in said


def test_a_bound_treadmill_takes_the_new_name_and_its_address_stays_in_its_own_file(place):
    place.run(ALL_DEFAULTS + "y\nn\ny\n1\nn\n")
    place.run("\nBy the palm\n" + "\n" * 13 + "y\nn\nn\n", again=["questions"])
    assert load_binding(place.data).label == "By the palm"
    assert load_config(place.path).gym.treadmill_label == "By the palm"
    assert MACHINE[0] not in place.path.read_text()


def test_a_file_that_cannot_be_used_is_said_before_the_questions_begin_anew(place):
    place.run(answers=Answers())
    place.path.write_text("colour = 3\n")
    _, said = place.run(ALL_DEFAULTS + "y\nn\nn\nn\n", again=["questions"])
    assert "What was set before is not used" in said
    assert "colour" in said
    assert load_config(place.path).wiring.clip == 17


def test_without_bluetooth_setup_says_why_and_goes_on(place):
    place.run(answers=Answers())
    hands = Hands(machines=[SetupError("The Bluetooth service is not running.")], opened=())
    became, said = place.run("n\ny\nn\nn\n", hands)
    assert "The Bluetooth service is not running." in said
    assert became["treadmill"] == "skipped"
    assert hands.switched == [True]  # the kiosk is started all the same: its screen says what it lacks


def test_the_opening_check_counts_once_the_guard_has_it_whatever_the_technician_says(place):
    place.run(answers=Answers())
    became, said = place.run("n\nn\ny\ny\ny\n", Hands(opened=[None, None, False, True]))
    assert became["check"] == "done"
    assert "sudo retrowalk doctor" in said
    assert "knows of no opening check yet" in said
    assert said.index("owner's name") < said.index("Commission") < said.index("Opening check: about")


@pytest.mark.parametrize(
    ("step", "typed"),
    [("wires", "y\nn\n"), ("treadmill", "y\n1\nn\n"), ("questions", ALL_DEFAULTS + "y\nn\n")],
)
def test_a_step_done_again_starts_the_kiosk_anew_and_needs_a_new_opening_check(place, step, typed):
    place.run(ALL_DEFAULTS + "y\ny\ny\n1\ny\n")
    hands = Hands()
    became, _ = place.run(typed, hands, again=[step])
    assert hands.switched[-1] is True
    assert became == {**dict.fromkeys(STEPS, "done"), "check": "skipped"}


def test_what_was_done_at_the_screen_meanwhile_is_not_asked_again_and_nothing_is_started_anew(place):
    place.run(ALL_DEFAULTS + "y\ny\nn\nn\n")  # the wires are proved, the rest is left for later
    save_binding(
        place.data,
        Binding(address=MACHINE[0], label="Treadmill 1", bound_by="Ana", bound_at="2026-07-11T09:00:00Z"),
    )
    hands = Hands()
    became, said = place.run("", hands)
    assert became == dict.fromkeys(STEPS, "done")
    assert f"Bound to {MACHINE[0]} already" in said
    assert "The guard has it" in said
    assert hands.switched == []


def test_on_the_console_that_the_kiosk_takes_it_says_so_before_it_goes(place):
    place.run(answers=Answers())
    hands = Hands(opened=())
    became, said = place.run("n\nn\nn\n", hands, kiosks_console=True)
    assert (became["check"], hands.switched) == ("skipped", [])
    assert "nobody can log in on it any more" in said
    place.run("n\nn\ny\nn\n", hands, kiosks_console=True)
    assert hands.switched == [True]


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


def test_setup_hears_of_the_opening_check_from_the_guard_by_the_kiosk_s_word(tmp_path):
    from kiosk.cli import _SetupHands

    hands = _SetupHands(tmp_path)
    assert hands.opened() is None
    for opening, expected in (
        (Opening(), False),
        (Opening(valid_left_s=60.0), True),
        (Opening(needed=False), True),
    ):
        status = msgspec.structs.replace(STATUS, opening=opening)
        lit = Beacon(
            at_s=time.monotonic(),
            pid=os.getpid(),
            screen="attract",
            driver="KMSDRM",
            size=(1920, 1080),
            too_small=False,
            sound="",
            status=status,
        )
        write(tmp_path, lit)
        assert hands.opened() is expected
    write(tmp_path, msgspec.structs.replace(lit, status=None))
    assert hands.opened() is None
