"""A stop on the real guard; its black box fetched by the kiosk, kept in the record, read and replayed in a shell."""

import zlib

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

import hardware.cli
from hardware.guard.memory import Outputs
from hardware.link.messages import State
from kiosk.cli import app
from kiosk.intents import ScreenId as S
from kiosk.store.models import BlackBoxRow
from tests.support.kiosked import KioskHouse


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    directory = tmp_path_factory.mktemp("stopped")
    with KioskHouse(directory) as house:
        house.to_walk()
        house.run(20)
        house.hand("clip", False)
        house.at(S.SAFETY_STOP, within_s=1)
        house.until(lambda: house.state is State.LATCHED, within_s=10)
        house.run(25)
        store = house.kiosk.store
        store.writer.drain()
        rows = store.reader.ask(lambda connection: connection.execute(select(BlackBoxRow)).all()).result()
        yield house, rows


def account(rows, n=0):
    return hardware.cli.account_of(zlib.decompress(rows[n].content))


def test_a_pulled_clip_leaves_a_minute_of_ticks_in_the_record(stopped):
    _, rows = stopped
    assert len(rows) == 1
    moments = account(rows).moments
    assert moments[-1].at_s - moments[0].at_s > 40
    assert moments[-1].at_s == pytest.approx(10, abs=0.1)


def test_it_shows_the_clip_the_stop_and_the_bytes_on_one_time_axis(stopped):
    _, rows = stopped
    moments = account(rows).moments
    opened = next(m for m in moments if not m.clip_closed and m.at_s > -1)
    written = next(m for m in moments if m.written == b"\x08\x01")
    rest = next(m for m in moments if m.at_s > 0 and m.measured_ckmh == 0)
    assert opened.at_s <= 0.0 < written.at_s < 0.1 < rest.at_s
    assert not opened.permit


def test_todays_machine_decides_as_the_recorded_one_did(stopped):
    _, rows = stopped
    assert account(rows).differences == ()


def test_a_decision_that_was_different_is_found_with_its_field_and_time(stopped, monkeypatch):
    _, rows = stopped
    real = hardware.guard.replay.step

    def other(machine, inputs, now_s, rules):
        after, outputs = real(machine, inputs, now_s, rules)
        values = {name: getattr(outputs, name) for name in Outputs.__struct_fields__}
        return after, Outputs(**{**values, "permit": True})

    monkeypatch.setattr(hardware.guard.replay, "step", other)
    differences = account(rows).differences
    assert {d.field for d in differences} == {"permit"}
    assert differences[0].at_s == pytest.approx(0.0, abs=0.021)


def test_the_commands_list_show_draw_and_replay_it(stopped, tmp_path):
    house, rows = stopped
    data = ["--data", str(house.kiosk.store.path.parent)]
    run = CliRunner().invoke
    listed = run(app, ["blackbox", "list", *data])
    assert rows[0].event_id in listed.output
    assert "clip" in listed.output
    shown = run(app, ["blackbox", "show", rows[0].event_id[-6:], *data, "--png", str(tmp_path / "box.png")])
    assert shown.exit_code == 0, shown.output
    assert "clip opened" in shown.output
    assert "wrote 08 01" in shown.output
    assert (tmp_path / "box.png").stat().st_size > 5000
    replayed = run(app, ["blackbox", "replay", "last", *data])
    assert replayed.exit_code == 0, replayed.output
    assert "0 differences" in replayed.output


def test_an_unknown_or_foreign_box_gets_a_sentence(stopped, tmp_path):
    house, rows = stopped
    data = ["--data", str(house.kiosk.store.path.parent)]
    unknown = CliRunner().invoke(app, ["blackbox", "show", "nonesuch", *data])
    assert (unknown.exit_code, "retrowalk blackbox list" in unknown.output) == (2, True)
    nowhere = CliRunner().invoke(app, ["blackbox", "list", "--data", str(tmp_path)])
    assert (nowhere.exit_code, "There is no record in" in nowhere.output) == (2, True)
    store = house.kiosk.store
    cut = zlib.compress(zlib.decompress(rows[0].content)[:-3])
    change = update(BlackBoxRow).values(content=cut)
    store.writer.run(lambda connection: connection.execute(change)).result(timeout=5)
    damaged = CliRunner().invoke(app, ["blackbox", "show", "last", *data])
    assert (damaged.exit_code, "not fetched to its end" in damaged.output) == (2, True)
    back = update(BlackBoxRow).values(content=rows[0].content)
    store.writer.run(lambda connection: connection.execute(back)).result(timeout=5)


def test_the_desk_reads_the_same_box_in_a_process_of_its_own(stopped):
    from kiosk.staff.desk.box import BoxData, ReadBox

    house, rows = stopped
    store, at = house.kiosk.store, house.kiosk.archive.moment(house.now_s)
    data = ReadBox(rows[0].event_id).do(store, at)
    assert isinstance(data, BoxData)
    lanes = {lane.name: lane for lane in data.lanes}
    assert any(bar.word == "open" and -1 < bar.from_s <= 0 for bar in lanes["clip"].bars)
    assert any(word == "08 01" for _, word in lanes["written"].marks)
    assert data.measured[0][0] < -40
    assert data.measured[-1][0] == pytest.approx(10, abs=0.1)
