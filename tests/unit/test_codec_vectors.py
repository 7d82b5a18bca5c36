"""The project's vectors: real and made-up packets with what they mean, each with its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hardware.belt.ftms.decode_command import decode_report

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "ftms_vectors.json").read_text(encoding="utf-8")
)


def _reports(vector: dict[str, Any]):
    """The vector as the command is given it: with and without a direction, and as other tools print bytes."""
    characteristic, text = vector["characteristic"].removesuffix("_sequence"), vector["hex"]
    yield decode_report(characteristic, text, as_json_object=True)
    yield decode_report(characteristic.upper(), text.upper(), as_json_object=True)
    spaced = ",".join(bytes.fromhex(part).hex(" ") for part in text.split(","))
    yield decode_report(f"0000{characteristic}-0000-1000-8000-00805F9B34FB", spaced, as_json_object=True)
    yield decode_report(characteristic, ",".join(f"(0x) {p}" for p in text.split(",")), as_json_object=True)


def test_all_62_vectors_are_here():
    assert len(VECTORS) == 62
    assert {vector["characteristic"] for vector in VECTORS} == {
        "2acc", "2acd", "2acd_sequence", "2ad3", "2ad4", "2ad5", "2ad9", "2ada",
    }  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['characteristic']}-{v['hex']}")
def test_a_vector_decodes_to_exactly_what_it_means(vector):
    for report in _reports(vector):
        assert (report.exit_code, report.err) == (0, "")
        decoded = json.loads(report.out)
        assert decoded == vector["expect"]
        assert list(decoded) == list(vector["expect"])
        assert [type(value) for value in decoded.values()] == [type(value) for value in vector["expect"].values()]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['characteristic']}-{v['hex']}")
def test_the_table_of_a_vector_shows_every_byte_once_and_in_order(vector):
    report = decode_report(vector["characteristic"], vector["hex"])
    assert report.exit_code == 0
    shown = ""
    for line in report.out.splitlines():
        if line.startswith("  "):
            cells = line[2:].split("  ")[0].split()
            if cells and all(len(cell) == 2 and set(cell) <= set("0123456789abcdef") for cell in cells):
                shown += "".join(cells)
    assert shown == vector["hex"].replace(",", "")
