"""``retrowalk gallery``: pictures of every screen with an index page, or a sentence that says why not."""

from __future__ import annotations

from pathlib import Path

import pygame
import pytest
from typer.testing import CliRunner

from kiosk import gallery
from kiosk.cli import app

pytestmark = pytest.mark.usefixtures("display")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["gallery", *arguments])
    return result.exit_code, result.output


def test_it_draws_every_entry_and_an_index_that_names_each(tmp_path: Path) -> None:
    code, said = run(str(tmp_path / "pictures"), "--size", "800x480")
    assert code == 0, said
    names = {entry.name for entry in gallery.catalogue()}
    assert {path.stem for path in (tmp_path / "pictures").glob("*.png")} == names
    index = (tmp_path / "pictures" / "index.html").read_text(encoding="utf-8")
    assert all(f"{name}.png" in index for name in names)
    assert "too small" in index
    picture = pygame.image.load(str(tmp_path / "pictures" / "01-attract.png"))
    assert picture.get_size() == (800, 480)
    assert len({tuple(picture.get_at((x, 240))) for x in range(0, 800, 4)}) > 5


def test_a_second_run_leaves_no_picture_of_the_first(tmp_path: Path) -> None:
    stale = tmp_path / "97-gone.png"
    stale.write_bytes(b"old")
    assert run(str(tmp_path), "--size", "400x240")[0] == 0
    assert not stale.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--size", "wide"], "is not a size"),
        (["--size", "10x10"], "320x240"),
        (["--lang", "xx"], 'no texts for "xx"'),
    ],
)
def test_bad_input_gets_a_sentence_and_code_2(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    code, said = run(str(tmp_path), *arguments)
    assert code == 2
    assert sentence in said


def test_a_place_that_cannot_be_written_gets_a_sentence_and_code_2(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    code, said = run(str(blocked / "pictures"))
    assert code == 2
    assert "cannot be made" in said
