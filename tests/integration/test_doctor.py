"""``retrowalk doctor`` as a person types it; and its bundle, searched for everybody who is on record."""

from __future__ import annotations

import json
import tarfile
import zlib

import pytest
from typer.testing import CliRunner

from kiosk.assets import assets_directory
from kiosk.cli import app
from kiosk.locale import load_catalogues
from kiosk.staff.health import bundle, report
from kiosk.staff.health.finding import fine
from kiosk.staff.health.machine import Answer, Machine
from kiosk.store.records import EventIn, Ratings, Severity
from kiosk.store.repositories import members
from tests.support.record import moment, opened, walk

PIN, CODE, NAME, STAFF, GYM = "394817", "482913", "Wilhelmina Zuckerbrot", "Olga Tscherny", "Riverside Palace"


@pytest.fixture
def house(tmp_path):
    data, config = tmp_path / "data", tmp_path / "retrowalk.toml"
    config.write_text(
        f'[gym]\nname = "{GYM}"\ntreadmill_label = "By the palm"\n[data]\ndirectory = "{data}"\n'
        '[treadmill]\naddress = "C0:FF:EE:00:00:42"\n'
    )
    words = ["doctor", "--config", str(config), "--runtime", str(tmp_path / "run")]
    return data, lambda *more: CliRunner().invoke(app, [*words, *more])


def test_it_names_each_fault_with_what_to_do_and_leaves_with_1(house):
    data, doctor = house
    result = doctor()
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    lines = result.stdout.splitlines()
    wrong = [n for n, line in enumerate(lines) if line.startswith(("DO", "??"))]
    assert wrong
    assert all(lines[n + 1].startswith("      ") for n in wrong)
    assert "[health" not in result.stdout
    assert not data.exists()  # to look changes nothing


@pytest.mark.parametrize("lang", ["en", "es", "de"])
def test_it_speaks_every_language(house, lang):
    _, doctor = house
    assert "[health" not in doctor("--lang", lang).stdout


def test_a_language_that_is_not_there_is_refused(house):
    result = house[1]("--lang", "fr")
    assert result.exit_code == 2
    assert "en, " in result.stderr


def test_json_holds_the_same_and_the_exit_code(house):
    result = house[1]("--json")
    found = json.loads(result.stdout)
    assert found["exit_code"] == result.exit_code == 1
    assert {"check", "level", "found", "do"} <= set(found["findings"][0])
    assert found["versions"]["retrowalk"]


def fill(data, typed) -> None:
    """A member with scores, a staff account, a stop with its box, a reset that names who did it."""
    for words in (["staff", "add", STAFF, "--role", "owner", "--pin-stdin"], ["members", "add", "--name", NAME]):
        made = CliRunner().invoke(app, [*words, "--data", str(data)], input=typed)
        assert made.exit_code == 0, made.output
    with opened(data) as store:
        at = moment()
        member = store.reader.ask(lambda c: members.every(c)[0][0]).result()
        session = walk(store, at=at, member_id=member.id)
        store.writer.rate(Ratings(session, effort=7, pain_before=6, pain_peak=9, pain_after=8))
        event = store.writer.event(EventIn("trip", Severity.STOP, session, cause="link_lost", detail="link lost"), at)
        store.writer.black_box(event, "guard-1+zlib", zlib.compress(b"box of " + session.encode()), at)
        store.writer.event(EventIn("reset_by_staff", Severity.NOTICE, cause="link_lost", detail=STAFF), at)
        store.writer.event(
            EventIn("trip", Severity.STOP, cause="clip", detail=f"seen by {STAFF.partition(' ')[0]}"), at
        )


def nobody(code: str) -> tuple[str, ...]:
    """Words that no bundle may hold."""
    return (*NAME.split(), *STAFF.split(), code, PIN, GYM, "By the palm", "argon2", "pain", "effort")


def contents(path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {
            member.name.partition("/")[2]: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive.getmembers()
        }


def test_the_bundle_helps_and_holds_nobody(house, tmp_path):
    data, doctor = house
    fill(data, f"{PIN}\n")
    with opened(data) as store:
        code = store.reader.ask(lambda c: members.every(c)[0][0]).result().code
    (data / "binding.toml").write_text(
        f'address = "C0:FF:EE:00:00:42"\nlabel = "By the palm"\nbound_by = "{STAFF}"\n'
        'bound_at = "2026-07-01T08:00:00Z"\n'
    )
    result = doctor("--bundle", str(tmp_path / "help.tar.gz"))
    assert result.exit_code == 1, result.output
    packed = contents(tmp_path / "help.tar.gz")
    assert {"report.txt", "report.json", "events.jsonl", "config.json", "binding.json"} <= set(packed)
    boxes = [name for name in packed if name.startswith("blackbox/")]
    assert len(boxes) == 1
    assert b"box of" in zlib.decompress(packed[boxes[0]])
    events = [json.loads(line) for line in packed["events.jsonl"].splitlines()]
    assert {"trip", "reset_by_staff"} <= {event["kind"] for event in events}
    everything = b"\n".join(packed.values()) + zlib.decompress(packed[boxes[0]])
    for word in nobody(code):
        assert word.lower().encode() not in everything.lower(), word
    assert (tmp_path / "help.tar.gz").stat().st_mode & 0o077 == 0


def test_the_journal_goes_along_without_names_and_not_at_all_where_the_names_are_not_known(house, tmp_path):
    data, _ = house
    fill(data, f"{PIN}\n")
    with opened(data) as store:
        code = store.reader.ask(lambda c: members.every(c)[0][0]).result().code
    line = (
        f"kiosk: {NAME.split()[1]} walked, code {code}, told {STAFF} at {GYM}; hash $argon2id$v=19$abc; link lost\n"
    )
    machine = Machine(tmp_path, lambda words: Answer(0, line) if words[0] == "journalctl" else None, {})
    texts = load_catalogues(assets_directory() / "locale")["en"]
    examined = report.Examined((fine("disk", "fine", free="1 GB"),), {})
    packed = dict(bundle.parts(machine, texts, examined, tmp_path / "retrowalk.toml", data))
    assert b"link lost" in packed["journal.txt"]
    for word in nobody(code):
        assert word.lower().encode() not in packed["journal.txt"].lower(), word
    assert "journal.txt" not in dict(bundle.parts(machine, texts, examined, tmp_path / "retrowalk.toml", tmp_path))


def test_free_text_is_searched_for_every_name_and_part_of_one():
    scrub = bundle.Scrub([NAME, *NAME.split(), CODE, "Ann"])
    told = scrub(f"ann and {NAME.upper()}, wilhelmina {CODE}; Hannover, 1{CODE}1; /home/ann2/x; $argon2id$v=19$m")
    assert told == f"(left out) and (left out), (left out) (left out); Hannover, 1{CODE}1; /home/~/x; (left out)"


def test_a_bundle_that_cannot_be_written_is_refused_with_a_sentence(house):
    result = house[1]("--bundle", "/nowhere/at/all.tar.gz")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
