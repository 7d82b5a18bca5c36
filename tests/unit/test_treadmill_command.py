"""``retrowalk treadmill``: what there is, and plain sentences where it cannot be offered."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from hardware.cli import app
from hardware.simulated.machines import MACHINES
from hardware.simulated.mischief import MISCHIEF


def retrowalk(*arguments: str):
    return CliRunner().invoke(app, ["treadmill", *arguments])


def test_every_simulated_treadmill_is_listed():
    result = retrowalk("list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == list(MACHINES)


def test_every_mischief_is_listed():
    result = retrowalk("list", "--mischief")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == list(MISCHIEF)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--like", "urevo"], 'Did you mean "urevo-e1l"?'),
        (["--mischief", "stop_ignore"], 'Did you mean "stop_ignored"?'),
        (["--transport", "carrier-pigeon:1"], "The adapter carrier-pigeon:1 cannot be used"),
    ],
)
def test_what_cannot_be_offered_is_refused_with_a_sentence(arguments, sentence):
    result = retrowalk("simulate", *arguments)
    assert result.exit_code == 2
    assert sentence in result.output
