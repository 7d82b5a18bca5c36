"""The appliance around the kiosk: asking, watchdog, console page, version, the answer where nothing is simulated."""

import os
import re
import sys

import pytest
from typer.testing import CliRunner

from hardware.config import Screen
from kiosk import stage
from kiosk.appliance import ask, console, helper, owner
from kiosk.appliance.ask import Answer, AskError, Desk, Verb
from kiosk.appliance.frames import FrameFeed
from kiosk.appliance.lacks import LOOK_S, Lacks
from kiosk.assets import assets_directory
from kiosk.locale import parse_catalogue


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "asks", tmp_path / "answers")
    desk.asks.mkdir()
    desk.answers.mkdir()
    return desk


class Machine:
    def __init__(self, code=0):
        self.ran, self.code = [], code

    def __call__(self, command):
        self.ran.append(tuple(command))
        return self.code


class Ear:
    def __init__(self):
        self.heard = []

    def ready(self, status=""):
        self.heard.append("ready")

    def feed(self, now_s):
        self.heard.append(now_s)


@pytest.mark.parametrize("verb", list(Verb))
def test_each_word_brings_about_its_one_fixed_command_and_is_forgotten(desk, verb):
    machine = Machine()
    ask.ask(verb, desk)
    helper.serve(desk, lambda: False, machine)
    helper.serve(desk, lambda: False, machine)
    assert machine.ran == [helper.COMMANDS[verb]]
    assert ask.answer(verb, desk).ok


def test_nothing_happens_while_the_belt_moves_and_the_kiosk_is_told_so(desk):
    machine = Machine()
    ask.ask(Verb.REBOOT, desk)
    helper.serve(desk, lambda: True, machine)
    assert machine.ran == []
    assert ask.answer(Verb.REBOOT, desk) == Answer(Verb.REBOOT, done=True, ok=False, sentence=helper.MOVING)


def test_a_word_that_is_not_one_of_the_five_is_thrown_away(desk):
    machine = Machine()
    (desk.asks / "rm -rf").touch()
    (desk.asks / "reboot.sh").write_text("reboot")
    (desk.asks / "reboot\n").touch()
    assert helper.serve(desk, lambda: False, machine) == []
    assert list(desk.asks.iterdir()) == []
    assert machine.ran == []


def test_a_link_in_the_asking_directory_is_removed_and_never_followed(desk, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (desk.asks / "reboot").symlink_to(precious)
    helper.serve(desk, lambda: False, Machine())
    assert precious.read_text() == "kept"
    (desk.asks / "reboot").symlink_to(precious)
    with pytest.raises(AskError):
        ask.ask(Verb.REBOOT, desk)


def test_a_machine_that_refuses_is_said_in_words(desk):
    ask.ask(Verb.POWER_OFF, desk)
    helper.serve(desk, lambda: False, Machine(code=1))
    assert "plug" in ask.answer(Verb.POWER_OFF, desk).sentence


def test_at_a_desk_nobody_answers_and_that_is_one_sentence(tmp_path):
    nowhere = Desk(tmp_path / "none", tmp_path / "none")
    assert not ask.available(nowhere)
    with pytest.raises(AskError, match="installed appliance"):
        ask.ask(Verb.RESTART, nowhere)
    assert ask.answer(Verb.RESTART, nowhere) is None


def test_the_belt_counts_as_at_rest_before_any_guard_ran_and_as_the_lease_says_after(tmp_path):
    from hardware.link.lease import Lease

    assert not helper.belt_moves(tmp_path)
    lease = Lease(tmp_path / "lease", writable=True)
    assert not helper.belt_moves(tmp_path)
    lease.take("a walk")
    assert helper.belt_moves(tmp_path)
    lease.release()
    lease.close()
    assert not helper.belt_moves(tmp_path)


def test_systemd_hears_ready_with_the_first_drawn_frame_and_nothing_from_a_loop_that_draws_none():
    ear = Ear()
    frames = FrameFeed(ear)
    frames.after_turn(0, 1.0)
    assert ear.heard == []
    frames.after_turn(1, 2.0)
    frames.after_turn(1, 3.0)
    frames.after_turn(1, 4.0)
    frames.after_turn(2, 5.0)
    assert ear.heard == ["ready", 2.0, 5.0]


def test_a_kiosk_without_a_display_writes_its_sentence_on_the_console_and_waits():
    here, there = os.openpty()
    saved = os.dup(0)
    slept = []
    try:
        os.dup2(there, 0)
        assert console.on_appliance({"INVOCATION_ID": "1"})
        assert not console.on_appliance({})
        console.explain("There is no display to show the kiosk on.", lambda: False, slept.append)
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(there)
    written = os.read(here, 4096).decode()
    os.close(here)
    assert "There is no display" in written
    assert "the belt does not start" in written
    assert sum(slept) == pytest.approx(console.HOLD_S, abs=1)


def test_the_page_ends_at_once_when_the_kiosk_is_told_to_leave():
    slept = []
    console.explain("x", lambda: True, slept.append)
    assert slept == []


def test_waiting_on_the_console_never_adds_up_to_the_units_reboot_limit():
    unit = (helper.Path(__file__).parents[2] / "deploy/systemd/retrowalk-kiosk.service").read_text()
    fields = dict(line.split("=", 1) for line in unit.splitlines() if line.startswith("StartLimit"))
    assert console.HOLD_S * int(fields["StartLimitBurst"]) > int(fields["StartLimitIntervalSec"])


def test_missing_touch_is_told_before_missing_sound_and_a_cable_put_back_ends_it():
    there = [[], []]
    lacks = Lacks(silent=True, devices=lambda: there)
    assert lacks.notice(0.0) == "no_touch"
    there[0] = ["Panel"]
    assert lacks.notice(LOOK_S - 0.1) == "no_touch"
    assert lacks.notice(LOOK_S) == "no_sound"
    assert Lacks(silent=False, devices=lambda: ([], ["Mouse"])).notice(0.0) == ""


@pytest.mark.parametrize("language", ["en", "es", "de"])
def test_every_lack_has_its_words(language):
    catalogue = parse_catalogue((assets_directory() / "locale" / f"{language}.toml").read_text("utf-8"), language, "")
    for name in ("no_touch", "no_sound"):
        assert catalogue(f"notice.{name}.long")
        assert catalogue(f"notice.{name}.short")


@pytest.mark.parametrize("command", [["demo"], ["treadmill", "list"], ["treadmill", "simulate"]])
def test_where_the_simulated_world_is_left_out_its_commands_are_one_sentence(command, monkeypatch):
    from kiosk.cli import app

    monkeypatch.setitem(sys.modules, "hardware.simulated", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert "not part of the appliance" in done.output


def test_the_version_is_told():
    from kiosk.cli import app

    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    assert re.fullmatch(r"retrowalk \d+\.\d+\.\d+\n", done.output)


def test_a_command_without_a_configuration_named_takes_that_of_the_appliance(tmp_path, monkeypatch):
    from kiosk.staff.commands import shell

    file = tmp_path / "retrowalk.toml"
    monkeypatch.setattr(shell, "SYSTEM_CONFIG", file)
    at_a_desk = shell.directory_of(None, None)
    file.write_text(f'[data]\ndirectory = "{tmp_path}/record"\n', "utf-8")
    assert shell.directory_of(None, None) == tmp_path / "record" != at_a_desk


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_in_the_data_directory_belongs_to_the_kiosk_and_links_are_left_alone(tmp_path):
    data, outside = tmp_path / "data", tmp_path / "outside"
    (data / "profiles").mkdir(parents=True)
    for path in (data / "retrowalk.db", data / "profiles" / "one.toml", outside, data / "theirs"):
        path.touch()
    (data / "link").symlink_to(outside)
    os.link(outside, data / "second name")
    os.chown(data, 4242, 4343)
    os.chown(data / "theirs", 5151, 5151)
    assert owner.hand_over(data) == 3
    for path in (data / "retrowalk.db", data / "profiles", data / "profiles" / "one.toml"):
        assert (path.stat().st_uid, path.stat().st_gid) == (4242, 4343), path
    assert outside.stat().st_uid == 0
    assert (data / "theirs").stat().st_uid == 5151
    assert owner.hand_over(data) == 0


def test_nothing_is_given_away_where_there_is_no_appliance(tmp_path):
    (tmp_path / "file").touch()
    assert owner.hand_over(tmp_path) == 0
    assert owner.hand_over(tmp_path / "none") == 0


@pytest.mark.parametrize("step", ["init", "set_mode"])
def test_a_display_that_is_not_there_is_a_sentence_for_the_console_and_no_crash(monkeypatch, step):
    """A crash would be tried ten times and then reboot the machine (retrowalk-kiosk.service)."""

    def refuse(*_args):
        raise stage.pygame.error("kmsdrm not available")

    monkeypatch.setattr(stage.pygame.display, step, refuse)
    with pytest.raises(stage.DisplayError, match=r"kmsdrm not available.*plugged in"):
        stage.PygameStage(Screen(), {}, headless=True, title="")


def test_the_kiosk_s_console_is_known_through_sudo(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "run/systemd/sessions").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/user.slice/user-1000.slice/session-c1.scope\n")
    session = tmp_path / "run/systemd/sessions/c1"
    assert console.on_kiosks_console({"SUDO_TTY": "/dev/tty1"}, tmp_path)
    assert not console.on_kiosks_console({}, tmp_path)
    session.write_text("UID=1000\nTTY=tty1\nREMOTE=0\n")
    assert console.on_kiosks_console({"SUDO_TTY": "/dev/pts/0"}, tmp_path)
    session.write_text("UID=1000\nTTY=pts/0\nREMOTE=1\n")
    assert not console.on_kiosks_console({}, tmp_path)
