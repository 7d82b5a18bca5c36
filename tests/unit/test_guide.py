"""The wiring guide: its pins are those of the header, its filter is as fast as the stop's budget allows."""

import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hardware.config import Wiring

GUIDE = Path(__file__).parents[2] / "deploy/guide"
DRAWINGS = sorted(path.name for path in GUIDE.glob("*.svg"))
HEADER = {2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 10: 19, 9: 21, 25: 22} | {
    11: 23, 8: 24, 7: 26, 5: 29, 6: 31, 12: 32, 13: 33, 19: 35, 16: 36, 26: 37, 20: 38, 21: 40
}  # fmt: skip
"""GPIO to place, the same on every Pi with 40 pins."""
GROUND, SUPPLY = {6, 9, 14, 20, 25, 30, 34, 39}, {1, 17}
V_HIGH, V_LOW, V_SUPPLY = 2.0, 0.8, 3.3
"""What a Pi's input surely takes for high and for low."""


def wiring() -> str:
    return (GUIDE / "wiring.md").read_text()


def test_every_gpio_in_table_and_drawings_stands_where_the_header_has_it():
    told = re.findall(r"^\|[^|]*\| (?:e\.g\. )?(\d+) \| (\d+) \|", wiring(), re.MULTILINE)
    assert len(told) == 9
    for name in DRAWINGS:
        told += re.findall(r"GPIO (\d+) \((?:pin )?(\d+)\)", (GUIDE / name).read_text())
        for place, pins in (("ground", GROUND), (r"3\.3 V", SUPPLY)):
            found = re.findall(rf"{place} \(pin (\d+)\)", (GUIDE / name).read_text())
            assert {int(pin) for pin in found} <= pins, name
    for gpio, pin in told:
        assert HEADER[int(gpio)] == int(pin), gpio
    assert {Wiring().clip, Wiring().red_button} <= {int(gpio) for gpio, _ in told}


def test_the_drawn_filter_is_within_the_five_milliseconds_that_a_stop_has_for_it():
    parts = re.search(r"as drawn: ([\d.]+) kΩ from the loop to 3\.3 V, (\d) kΩ .*?, (\d) µF", wiring(), re.DOTALL)
    pull_up, series, micro = (float(part) for part in parts.groups())
    opens_ms = (pull_up + series) * micro * -math.log(1 - V_HIGH / V_SUPPLY)
    closes_ms = series * micro * math.log(V_SUPPLY / V_LOW)
    assert opens_ms < 5
    assert closes_ms < 5
    assert f"{pull_up:g} kΩ" in (GUIDE / "loops.svg").read_text()


@pytest.mark.parametrize("name", DRAWINGS)
def test_each_drawing_is_whole_and_shown_in_the_guide(name):
    assert ElementTree.parse(GUIDE / name).getroot().tag.endswith("svg")
    assert f"]({name})" in wiring()


def test_every_page_that_is_named_is_there():
    for page in (*GUIDE.glob("*.md"), GUIDE.parent / "README.md"):
        for link in re.findall(r"\]\(([^)#]+?)\)", page.read_text()):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"
