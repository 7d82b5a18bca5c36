import json

import pytest
from typer.testing import CliRunner

from kiosk.programs_command import app
from tests.unit.test_programs import BROKEN, GOOD

run = CliRunner().invoke


def test_verify_proves_twelve_programs_at_every_level():
    done = run(app, ["verify", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout.splitlines()[-1]) == {"programs": 12, "plans": 525, "violations": []}


def test_verify_refuses_a_gyms_bad_file_with_its_line_and_rule(tmp_path):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(GOOD)
    bad.write_text(BROKEN["step"])
    assert run(app, ["verify", str(good)]).exit_code == 0
    done = run(app, ["verify", str(good), str(bad)])
    assert done.exit_code == 1
    assert f"{bad}, line 20:" in done.stdout
    assert "(rule: step)" in done.stdout


def test_a_gyms_own_folder_is_read_besides_ours(tmp_path):
    (tmp_path / "x.toml").write_text(GOOD)
    done = run(app, ["verify", "--own", str(tmp_path)])
    assert "13 programs" in done.stdout
    assert run(app, ["list", "--own", str(tmp_path / "nowhere")]).exit_code == 2


def test_show_prints_the_steps_and_draws_them(tmp_path, display):
    png = tmp_path / "p3.png"
    done = run(app, ["show", "p3", "--comfort", "1.2", "--png", str(png)])
    assert done.exit_code == 0
    assert "1.3 mph  2.09 km/h" in done.stdout
    assert png.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "P99"], 'no program "P99"'),
        (["show", "P1", "--variant", "9"], 'no variant "9"'),
        (["show", "P2", "--comfort", "7"], "no such level"),
        (["show", "P2", "--png", "/nowhere/at/all.png"], "cannot be written"),
        (["verify", "/nowhere.toml"], "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, said, display):
    done = run(app, arguments)
    assert done.exit_code != 0
    assert said in done.output
