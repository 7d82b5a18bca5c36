"""What leaves the machine: CSV, JSON, TCX (read by somebody else's parser), one member's data, checksums."""

import csv
import hashlib
import io
import json
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tcxreader.tcxreader import TCXReader
from typer.testing import CliRunner

from kiosk.cli import app
from kiosk.store.kinds import Screened
from kiosk.store.moment import DAY_MS, iso
from kiosk.store.records import EventIn, Ratings, Screening, Severity
from kiosk.store.repositories import members
from tests.support.record import START_MS, moment, opened, opening, walk


@pytest.fixture
def gym(tmp_path):
    """Three walks; Quentina's has scores."""
    data = tmp_path / "data"
    with opened(data) as store:
        ann = store.writer.run(
            lambda c: members.add(c, store.ids.new(START_MS), moment(), name="Quentina", code="482913")
        ).result()
        hers = walk(store, 120, member_id=ann.id)
        store.writer.rate(Ratings(hers, effort=3, pain_before=2, pain_after=1))
        store.writer.why_stopped(hers, "pain")
        store.writer.event(EventIn("trip", Severity.STOP, hers, cause="clip"), moment(60))
        screening = Screening(
            store.ids.new(START_MS), ann.id, START_MS, Screened.GATE, None, "Olga", "seen", START_MS + DAY_MS
        )
        store.writer.run(lambda c: members.add_screening(c, screening)).result()
        store.writer.run(lambda c: members.give_consent(c, ann.id, START_MS)).result()
        walk(store, 60, moment(1000))
        walk(store, 30, moment(3 * DAY_MS / 1000))

    def run(*words):
        return CliRunner().invoke(app, [*words, "--data", str(data)])

    run.data, run.out, run.member, run.session = data, tmp_path / "stick", ann, hers
    return run


def export(gym, *words):
    done = gym("export", str(gym.out), *words, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    path = Path(told["path"])
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == told["sha256"]
    assert path.with_name(path.name + ".sha256").read_text().split() == [told["sha256"], path.name]
    return content


def test_csv_has_a_line_a_session_without_name_code_or_score(gym):
    content = export(gym).decode()
    lines = list(csv.DictReader(io.StringIO(content)))
    assert [float(line["walk_s"]) for line in lines] == [120.0, 60.0, 30.0]
    assert lines[0]["member"] == gym.member.id
    assert lines[1]["member"] == ""
    for secret in ("Quentina", "482913", "pain", "effort"):
        assert secret not in content


def test_scores_come_only_when_asked_for(gym):
    lines = list(csv.DictReader(io.StringIO(export(gym, "--health").decode())))
    assert (lines[0]["pain_after"], lines[0]["why"], lines[1]["pain_after"]) == ("1", "pain", "")


def test_json_says_the_same_and_with_samples_every_second(gym):
    found = json.loads(export(gym, "--format", "json", "--samples"))
    assert (found["format"], found["version"]) == ("retrowalk sessions", 1)
    assert [len(session["trace"]) for session in found["sessions"]] == [120, 60, 30]
    assert found["sessions"][0]["trace"][0] == {
        "t_s": 1.0,
        "measured_kmh": 0.8,
        "commanded_kmh": 0.8,
        "incline_percent": 0.0,
    }


def test_days_narrow_an_export(gym):
    second = iso(START_MS + 3 * DAY_MS)[:10]
    assert len(json.loads(export(gym, "--format", "json", "--since", second))["sessions"]) == 1
    assert len(json.loads(export(gym, "--format", "json", "--until", second))["sessions"]) == 3
    assert len(json.loads(export(gym, "--format", "json", "--until", iso(START_MS)[:10]))["sessions"]) == 2


def test_a_third_partys_parser_opens_the_tcx_and_reads_our_figures(gym, tmp_path):
    path = tmp_path / "one.tcx"
    path.write_bytes(export(gym, "--format", "tcx", "--session", gym.session))
    activity = TCXReader().read(str(path), only_gps=False)  # a treadmill has no position
    assert activity.activity_type == "Other"
    assert activity.duration == pytest.approx(119.0)  # from first to last trackpoint
    assert activity.start_time.replace(tzinfo=None).isoformat() == iso(START_MS + 1000)[:19]
    assert len(activity.trackpoints) == 120
    assert activity.trackpoints[-1].distance == pytest.approx(119 * 80 / 360, abs=0.02)
    assert float(activity.trackpoints[5].tpx_ext["Speed"]) == pytest.approx(80 / 360, abs=0.001)
    (lap,) = activity.laps
    assert len(lap.trackpoints) == 120


def test_a_session_still_under_way_is_not_exported_as_tcx(gym):
    with opened(gym.data, moment(10**6)) as store:
        begun = opening(store.ids, moment(10**6))
        store.writer.open_session(begun, moment(10**6))
        done = gym("export", str(gym.out), "--format", "tcx", "--session", begun.id)
        assert done.exit_code == 2
        assert "still under way" in done.stderr


def test_an_access_request_holds_everything_of_one_member_and_nothing_of_others(gym):
    found = json.loads(export(gym, "--member", "482913"))
    assert found["member"]["name"] == "Quentina"
    (session,) = found["sessions"]
    assert (session["pain_after"], session["why"], len(session["trace"])) == (1, "pain", 120)
    assert session["events"][0]["cause"] == "clip"
    assert found["screenings"][0]["outcome"] == "gate"
    assert len(found["consents"]) == 1
    assert "at_ms" not in json.dumps(found)


def test_every_table_that_names_a_member_is_in_the_access_request():
    from kiosk.store.models import Base

    holding = {
        table.name
        for table in Base.metadata.tables.values()
        if "member_id" in table.columns and table.name != "erased"
    }
    assert holding == {"session", "cap", "screening", "consent", "progress"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--format", "tcx"), "Name it with --session"),
        (("--session", "nonsense"), 'no session "nonsense"'),
        (("--member", "111111"), "No member has the code"),
        (("--since", "yesterday"), "Write it as 2026-07-31"),
        (("--since", "2026-07-02", "--until", "2026-07-01"), "is before --since"),
        (("--until", "9999-12-31"), "is no day"),
        (("--samples",), "--samples is for JSON"),
        (("--member", "482913", "--format", "tcx"), "leave out --format"),
        (("--member", "482913", "--since", "2026-07-01"), "leave out --since"),
    ],
)
def test_an_export_that_cannot_be_is_refused_and_leaves_no_file(gym, words, says):
    done = gym("export", str(gym.out), *words)
    assert done.exit_code == 2
    assert says in done.stderr
    assert not gym.out.exists()


def test_a_stick_that_cannot_be_written_is_named(gym, tmp_path):
    gym.out.write_text("a file")
    done = gym("export", str(gym.out))
    assert done.exit_code == 1
    assert "is no folder" in done.stderr
    stick = tmp_path / "gone"
    stick.symlink_to("/proc/nowhere")
    assert "Check the stick" in gym("export", str(stick / "deep")).stderr


def test_what_was_exported_of_a_member_into_the_records_own_folder_goes_with_them(gym, tmp_path):
    own = gym.data / "exports"
    for where in (own, tmp_path / "stick"):
        assert gym("export", str(where), "--member", "482913").exit_code == 0
    assert gym("export", str(own)).exit_code == 0
    assert len([*own.glob("*member*")]) == 2
    assert gym("members", "erase", "482913", "--yes").exit_code == 0
    assert [*own.glob("*member*")] == []
    assert len([*own.glob("*sessions*.csv")]) == 1  # it names nobody
    assert len([*(tmp_path / "stick").glob("*member*.json")]) == 1  # that went to a person


def test_what_was_exported_of_a_code_that_was_merged_goes_too(gym):
    own = gym.data / "exports"
    assert gym("export", str(own), "--member", "482913").exit_code == 0
    code = json.loads(gym("members", "add", "--json").stdout)["code"]
    assert gym("members", "merge", code, "482913", "--yes").exit_code == 0
    assert gym("members", "erase", code, "--health-only", "--yes").exit_code == 0
    assert [*own.iterdir()] == []


def test_exports_are_audited_without_naming_anybody(gym):
    export(gym, "--member", "482913")
    entry = json.loads(gym("staff", "audit", "--json").stdout)[0]
    assert (entry["action"], entry["subject"]) == ("exported", f"member {gym.member.id}")


@pytest.mark.parametrize(
    ("day", "last", "next_day"), [("2026-10-25", "23:30", "00:30"), ("2026-03-29", "23:30", "00:30")]
)
def test_a_day_ends_at_midnight_also_where_the_clocks_change(tmp_path, monkeypatch, day, last, next_day):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        with opened(tmp_path / "data") as store:
            for text in (f"{day} {last}", f"{day} {next_day}"):
                local = datetime.strptime(text, "%Y-%m-%d %H:%M") + timedelta(days=text.endswith(next_day))
                at_s = local.astimezone().timestamp() - START_MS / 1000
                walk(store, 5, moment(at_s))
        said = CliRunner().invoke(
            app, ["export", str(tmp_path), "--until", day, "--data", str(tmp_path / "data"), "--json"]
        )
        assert len(Path(json.loads(said.stdout)["path"]).read_text().splitlines()) == 1 + 1
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_cell_that_a_spreadsheet_would_run_is_quoted():
    from kiosk.store.export import _cell

    assert _cell("=cmd()") == "'=cmd()"
    assert _cell("-5 mph") == "'-5 mph"
    assert _cell("\r=1+1") == "'\r=1+1"
    assert _cell(-5) == -5


# ---------------------------------------------------------------------------------------------- the commands


def test_backup_restore_erase_and_merge_as_commands(gym, tmp_path):
    made = json.loads(gym("backup", "--json").stdout)
    assert made["sessions"] == 3
    assert made["path"] in json.loads(gym("backup", "--list", "--json").stdout)[0]["path"]
    erased = gym("members", "erase", "482913", "--yes", "--reason", "left")
    assert "guest’s now: 1." in erased.stdout
    assert gym("members", "show", "482913").exit_code == 2
    refused = gym("restore")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    done = json.loads(gym("restore", "--yes", "--json").stdout)
    assert (done["sessions"], done["erased_again"]) == (3, 1)
    assert json.loads(gym("members", "list", "--json").stdout) == []
    codes = [json.loads(gym("members", "add", "--json").stdout)["code"] for _ in range(2)]
    assert gym("members", "merge", *codes, "--yes").exit_code == 0
    assert [m["code"] for m in json.loads(gym("members", "list", "--json").stdout)] == codes[:1]
    changed = gym("members", "set", codes[0], "--name", "Zoe", "--language", "de", "--age", "18-64")
    assert changed.exit_code == 0, changed.output
    assert json.loads(gym("members", "show", codes[0], "--json").stdout)["name"] == "Zoe"
    assert gym("members", "set", codes[0]).exit_code == 2


def test_restoring_what_is_no_backup_is_refused(gym, tmp_path):
    letter = tmp_path / "letter.db"
    letter.write_text("Dear aunt")
    done = gym("restore", str(letter), "--yes")
    assert done.exit_code == 1
    assert "no backup of Retro Walk" in done.stderr
    assert gym("restore", str(tmp_path / "nowhere.db"), "--yes").exit_code == 1
