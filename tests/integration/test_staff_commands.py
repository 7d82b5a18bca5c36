"""The staff's commands as a person types them."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.staff import pin
from kiosk.staff.commands import shell
from kiosk.store import database as files
from kiosk.store.commands import for_command, reading
from kiosk.store.moment import Moment, wall_utc_ms
from kiosk.store.records import EventIn, Severity
from kiosk.store.repositories import service
from tests.support.record import moment, opened, walk

OLGA, SAM = "394817", "700313"


@pytest.fixture
def run(tmp_path):
    directory = tmp_path / "data"

    def run(*words, typed=""):
        return CliRunner().invoke(app, [*words, "--data", str(directory)], input=typed)

    run.directory = directory
    return run


@pytest.fixture
def olga(run):
    assert run("staff", "add", "Olga", "--role", "owner", "--pin-stdin", typed=f"{OLGA}\n").exit_code == 0
    return OLGA


def sentence(result, code):
    """What a person reads of a refusal: one plain line on standard error, nothing on standard output."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("caps", "set", "99"), "0.5 to 5.63 km/h"),
        (("caps", "set", "0"), "0.5 to 5.63 km/h"),
        (("caps", "set", "fast"), "no speed"),
        (("caps", "set"), "Give a speed"),
        (("caps", "set", "2", "--program", "P98"), "Choose one of: P1, P2"),
        (("caps", "clear", "--program", "P2"), "none to take away"),
        (("caps", "set", "2", "--incline", "9"), "0 to 5 %"),
        (("caps", "set", "2", "--incline", "steep"), "no slope"),
        (("caps", "set", "2", "--member", "12"), "no member code"),
        (("caps", "set", "2", "--member", "482913"), "No member has the code"),
        (("caps", "set", "2", "--treadmill", "my treadmill"), "no Bluetooth address"),
        (("caps", "set", "2", "--program", "../x"), "no program"),
        (("caps", "set", "2", "--age", "old"), "16-17, 18-64, 65+"),
        (("caps", "set", "2", "--guests", "--age", "65+"), "one scope at a time"),
        (("members", "add", "--name", ""), "name is empty"),
        (("members", "add", "--name", "   "), "name is empty"),
        (("members", "add", "--name", "x" * 61), "60 is the most"),
        (("members", "add", "--name", "a\x07b"), "cannot be shown"),
        (("members", "add", "--code", "12345"), "6 digits"),
        (("members", "add", "--code", "12345x"), "6 digits"),
        (("members", "add", "--language", "fr"), "en, es, de"),
        (("members", "add", "--age", "30"), "no age band"),
        (("members", "show", "48291x"), "6 digits"),
        (("members", "show", "482913"), "No member has the code 482913"),
        (("sessions", "--member", "482913"), "No member has the code 482913"),
        (("events", "--severity", "bad"), "info, notice, stop, fault"),
        (("staff", "add", "", "--role", "owner", "--pin-stdin"), "name is empty"),
        (("staff", "add", "Olga", "--role", "boss", "--pin-stdin"), "staff, owner, physio"),
        (("staff", "add", "Sam", "--pin-stdin"), "first account is the owner's"),
        (("staff", "add", "Olga", "--role", "owner"), "--pin-stdin"),
        (("staff", "add", "Olga", "--role", "owner", "--pin-stdin"), "standard input ended"),
        (("staff", "pin", "Olga", "--pin-stdin"), "no staff account yet"),
    ],
)
def test_what_cannot_be_is_refused_with_one_sentence_and_nothing_changes(run, words, says):
    with opened(run.directory):
        pass
    assert says in sentence(run(*words), 2)
    with reading(run.directory) as connection:
        for table in ("cap", "member", "staff", "audit"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0


def test_a_refused_cap_does_not_even_make_a_record(run):
    run("caps", "set", "99")
    assert not run.directory.exists()


@pytest.mark.parametrize(
    "words",
    [("members", "list"), ("sessions",), ("events",), ("staff", "list"), ("staff", "audit"), ("staff", "unlock")],
)
def test_without_a_record_a_command_says_so(run, words):
    assert "There is no record in" in sentence(run(*words), 1)


@pytest.mark.parametrize(
    "words", [("members", "list"), ("members", "add"), ("caps", "show"), ("caps", "set", "2"), ("staff", "list")]
)
def test_an_unreadable_record_is_named_and_left_alone(run, words):
    run.directory.mkdir()
    path = run.directory / files.FILE_NAME
    path.write_bytes(b"junk" * 2000)
    assert "damaged or no database" in sentence(run(*words), 1)
    assert path.read_bytes() == b"junk" * 2000


def test_a_directory_that_cannot_be_made_is_named(run):
    run.directory.write_text("in the way")
    assert "cannot be used" in sentence(run("members", "add"), 1)


def test_a_bad_configuration_file_is_named(run, tmp_path):
    config = tmp_path / "kiosk.toml"
    config.write_text("[limits]\ncap_kmh = 99\n")
    assert "limits.cap_kmh is 99" in sentence(run("caps", "show", "--config", str(config)), 2)


def test_a_member_is_added_listed_and_shown(run):
    added = json.loads(run("members", "add", "--name", "Ann", "--age", "65+", "--json").stdout)
    assert len(added["code"]) == 6
    assert added["age_band"] == "65+"
    with opened(run.directory) as store:
        walk(store, 125, member_id=added["id"])
    (listed,) = json.loads(run("members", "list", "--json").stdout)
    assert (listed["name"], listed["sessions"]) == ("Ann", 1)
    shown = json.loads(run("members", "show", added["code"], "--json").stdout)
    assert shown["sessions"][0]["walk_s"] == 125.0
    words = run("members", "show", added["code"]).stdout
    assert "1 sessions walked" in words
    assert "2:05" in words


def test_two_members_cannot_have_one_code(run):
    assert run("members", "add", "--code", "482913").exit_code == 0
    assert "belongs to another member" in sentence(run("members", "add", "--code", "482913"), 2)


def test_the_lowest_cap_is_shown_with_its_scope(run):
    code = json.loads(run("members", "add", "--json").stdout)["code"]
    assert run("caps", "set", "1.2", "--member", code).exit_code == 0
    assert run("caps", "set", "1.5mph").exit_code == 0
    shown = json.loads(run("caps", "show", "--member", code, "--json").stdout)
    assert (shown["effective"]["speed_kmh"], shown["effective"]["source"]) == (1.2, "member")
    shown = json.loads(run("caps", "show", "--json").stdout)
    assert (shown["effective"]["speed_kmh"], shown["effective"]["source"]) == (1.61, "guest")


def test_caps_can_be_seen_before_there_is_a_record(run):
    shown = json.loads(run("caps", "show", "--json").stdout)
    assert shown["effective"]["source"] == "guest"
    assert not run.directory.exists()


def test_raising_wants_a_reason_and_above_2_mph_pins(run, olga):
    assert run("caps", "set", "2.0").exit_code == 0
    assert "--reason" in sentence(run("caps", "set", "2.5"), 2)
    assert run("caps", "set", "2.5", "--reason", "asked").exit_code == 0
    assert "standard input ended" in sentence(run("caps", "set", "4", "--reason", "asked", "--pin-stdin"), 2)
    assert "Wrong PIN" in sentence(run("caps", "set", "4", "--reason", "x", "--pin-stdin", typed="555123\n"), 2)
    assert run("caps", "set", "4", "--reason", "x", "--pin-stdin", typed=f"{OLGA}\n").exit_code == 0
    twice = run("caps", "set", "5", "--reason", "x", "--pin-stdin", typed=f"{OLGA}\n{OLGA}\n")
    assert "two different" in sentence(twice, 2)
    assert run("staff", "add", "Sam", "--pin-stdin", typed=f"{OLGA}\n{SAM}\n").exit_code == 0
    assert run("caps", "set", "5", "--reason", "x", "--pin-stdin", typed=f"{OLGA}\n{SAM}\n").exit_code == 0
    entry = json.loads(run("staff", "audit", "--json").stdout)[0]
    assert (entry["who"], entry["action"]) == ("Olga, Sam", "cap raised")


def test_clearing_a_cap_brings_the_coaching_rule_back(run):
    assert run("caps", "set", "0.8", "--guests").exit_code == 0
    assert run("caps", "clear", "--guests", "--reason", "enough").exit_code == 0
    shown = json.loads(run("caps", "show", "--json").stdout)
    assert shown["effective"]["speed_kmh"] == 1.61


def test_five_wrong_pins_lock_the_shell_too_and_unlock_opens_it(run, olga):
    for _ in range(5):
        run("staff", "pin", "Olga", "--pin-stdin", typed="555123\n")
    assert "locked for another" in sentence(run("staff", "pin", "Olga", "--pin-stdin", typed=f"{OLGA}\n"), 2)
    assert run("staff", "unlock").exit_code == 0
    changed = run("staff", "pin", "Olga", "--pin-stdin", typed=f"{OLGA}\n{SAM}\n")
    assert changed.exit_code == 0, changed.output


def test_taking_away_the_only_cap_below_a_fast_configuration_wants_a_pin(run, olga, tmp_path):
    fast = tmp_path / "fast.toml"
    fast.write_text("[limits]\ncap_kmh = 4.5\n")
    assert run("caps", "set", "1.5", "--config", str(fast)).exit_code == 0
    clear = ("caps", "clear", "--reason", "x", "--config", str(fast), "--pin-stdin")
    assert "standard input ended" in sentence(run(*clear), 2)
    assert run(*clear, typed=f"{OLGA}\n").exit_code == 0


def test_a_prompt_that_stood_while_the_keypad_was_locked_tries_no_pin(run, olga, monkeypatch):
    def others_lock_it(self, prompt, *, twice=False):
        at = shell.now()
        for _ in range(5):
            with for_command(run.directory, at) as connection:
                pin.claim_try(connection, at.utc_ms)
        return OLGA

    monkeypatch.setattr(shell.PinPad, "ask", others_lock_it)
    assert "locked for another" in sentence(run("staff", "pin", "Olga"), 2)


def test_an_owner_who_forgot_the_pin_gets_a_new_one_in_the_shell_and_the_audit_says_so(run, olga):
    run("staff", "add", "Sam", "--pin-stdin", typed=f"{OLGA}\n{SAM}\n")
    forgotten = ("--forgotten", "--pin-stdin")
    assert "not an owner" in sentence(run("staff", "pin", "Sam", *forgotten, typed="700314\n"), 2)
    assert "cannot be used" in sentence(run("staff", "pin", "Olga", *forgotten, typed=f"{SAM}\n"), 2)
    assert run("staff", "pin", "Olga", *forgotten, typed="481729\n").exit_code == 0
    newest = json.loads(run("staff", "audit", "--json", "--limit", "1").stdout)[0]
    assert (newest["action"], newest["subject"], newest["reason"]) == ("pin changed", "staff Olga", "forgotten")
    assert newest["who"].startswith("shell (")
    assert "Wrong PIN" in sentence(run("staff", "retire", "Sam", "--pin-stdin", typed=f"{OLGA}\n"), 2)
    assert run("staff", "retire", "Sam", "--pin-stdin", typed="481729\n").exit_code == 0


def test_out_of_service_is_shown_and_only_an_owner_with_a_reason_ends_it(run, olga):
    assert run("staff", "service", "show").stdout.splitlines()[0] == "In service."
    assert "nothing to clear" in sentence(run("staff", "service", "clear", "--reason", "belt", "--pin-stdin"), 2)
    run("staff", "add", "Sam", "--pin-stdin", typed=f"{OLGA}\n{SAM}\n")
    at = Moment(0.0, wall_utc_ms())
    with opened(run.directory) as store:
        for _ in range(3):
            store.writer.event(EventIn("trip", Severity.STOP, cause="overspeed"), at)
            store.writer.run(lambda c: service.consider(c, store.ids, "overspeed", at)).result()
    shown = json.loads(run("staff", "service", "show", "--json").stdout)
    assert (shown["in_service"], shown["hold"], shown["faults"][0]["times"]) == (False, "overspeed", 3)
    assert run("staff", "service", "show").stdout.splitlines()[0] == "Out of service: overspeed."

    clear = ("staff", "service", "clear", "--pin-stdin", "--reason")
    assert "--reason" in sentence(run(*clear, "  ", typed=f"{OLGA}\n"), 2)
    assert "Wrong PIN" in sentence(run(*clear, "new roller", typed="555123\n"), 2)
    assert "Only an owner" in sentence(run(*clear, "new roller", typed=f"{SAM}\n"), 2)
    assert json.loads(run("staff", "service", "show", "--json").stdout)["hold"] == "overspeed"

    assert "Back in service" in run(*clear, "new roller", typed=f"{OLGA}\n").stdout
    assert json.loads(run("staff", "service", "show", "--json").stdout) == {
        "in_service": True,
        "hold": None,
        "faults": [],
    }
    entry = json.loads(run("staff", "audit", "--json").stdout)
    (entry,) = [one for one in entry if one["action"] == "back in service"]
    assert (entry["who"], entry["before"], entry["reason"]) == ("Olga", "out of service: overspeed", "new roller")


def test_staff_are_listed_and_retired(run, olga):
    run("staff", "add", "Sam", "--role", "physio", "--pin-stdin", typed=f"{OLGA}\n{SAM}\n")
    assert "last owner" in sentence(run("staff", "retire", "Olga", "--pin-stdin", typed=f"{OLGA}\n"), 2)
    assert run("staff", "retire", "sam", "--pin-stdin", typed=f"{OLGA}\n").exit_code == 0
    found = json.loads(run("staff", "list", "--json").stdout)
    assert {staff["name"]: staff["active"] for staff in found} == {"Olga": True, "Sam": False}
    assert "retired" in run("staff", "list").stdout


def test_events_are_filtered(run):
    with opened(run.directory) as store:
        session_id = walk(store, 3)
        store.writer.event(EventIn("trip", Severity.STOP, session_id, cause="clip", speed_ckmh=128), moment(3))
        store.writer.event(EventIn("note"), moment(4))
    assert len(json.loads(run("events", "--json").stdout)) == 2
    (trip,) = json.loads(
        run("events", "--severity", "stop", "--cause", "clip", "--session", session_id, "--json").stdout
    )
    assert (trip["kind"], trip["speed_kmh"]) == ("trip", 1.28)
    assert "clip" in run("events").stdout
    assert "Leave an option out" in run("events", "--cause", "overspeed").stdout


def test_an_unknown_option_and_no_command_leave_with_a_hint(run):
    result = CliRunner().invoke(app, ["members", "list", "--bogus"])
    assert result.exit_code == 2
    assert "--bogus" in result.stderr


@pytest.mark.parametrize(
    "words", ["members show", "caps set", "staff add", "staff service clear", "export", "backup", "restore", "report",
              "events", "sessions"],
)  # fmt: skip
def test_the_help_of_a_command_tells_its_exit_codes(words):
    told = " ".join(CliRunner().invoke(app, [*words.split(), "--help"]).stdout.split())
    assert "0: done. 1: the record could not do it" in told
    assert "2: what was asked for cannot be" in told


def test_no_pin_is_ever_in_the_list_of_processes(run):
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from kiosk.cli import main; main()"),
            *("staff", "add", "Olga", "--role", "owner", "--pin-stdin", "--data", str(run.directory)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as words:
        assert OLGA not in words.read()
    out, _ = process.communicate(f"{OLGA}\n", timeout=60)
    assert out == "Added Olga as owner.\n"
    assert OLGA.encode() not in (run.directory / files.FILE_NAME).read_bytes()
