"""Texts that the desk's pages put together from parts: every part there is has its text, in every language."""

from __future__ import annotations

import pytest

from hardware.link.messages import Cause, Deck, LinkState
from kiosk.appliance.ask import Verb
from kiosk.assets import assets_directory
from kiosk.locale import load_catalogues
from kiosk.staff.desk.faults import TAPS
from kiosk.staff.desk.log import DAYS, SEVERITIES, days_key, severity_key
from kiosk.staff.desk.tiles import TILES
from kiosk.staff.desk.treadmill import strength_key

LANES = ("state", "wish", "clip", "red_button", "permit", "alarm", "written", "asked")
ASKED = (Verb.RESTART, Verb.REBOOT, Verb.POWER_OFF, Verb.UPDATE)


@pytest.mark.parametrize("language", ["en", "es", "de"])
def test_every_part_has_its_text(language):
    keys = {f"cause.{cause}" for cause in Cause}
    keys |= {f"treadmill.link_{state}" for state in LinkState} | {
        strength_key(rssi) for rssi in (None, -40, -70, -80, -95)
    }
    keys |= {f"diagnostics.deck_{deck}" for deck in Deck} | {f"log.lane_{lane}" for lane in LANES}
    keys |= {severity_key(severity) for severity in SEVERITIES} | {days_key(days) for days in DAYS}
    keys |= {f"system.{verb.value.replace('-', '_')}" for verb in Verb}
    keys |= {f"system.{verb.value.replace('-', '_')}_{part}" for verb in ASKED for part in ("title", "line")}
    keys |= {f"menu.{tile.key}" for tile in TILES} | {f"faults.{tap}" for tap in TAPS}
    keys |= {f"reset.item.{name}" for name in ("red", "clip", "amber", "still", "link", "key", "person", "belt")}
    texts = load_catalogues(assets_directory() / "locale")[language]
    assert sorted(key for key in keys if not texts.has(key)) == []


def test_signal_strength_has_its_words_at_the_same_bounds_as_in_the_shell():
    words = [strength_key(rssi).rpartition("_")[2] for rssi in (-59, -60, -61, -75, -76, -85, -86)]
    assert words == ["strong", "strong", "good", "good", "weak", "weak", "edge"]
