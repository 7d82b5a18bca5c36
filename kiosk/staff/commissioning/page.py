"""The page of a commissioning: everything measured, the quirks, the chart, and who signed. To be read again.

``commissioning/ADDRESS/DATE/`` in the data directory holds ``record.json`` (all that was measured), ``index.html``
and ``stops.png``. Page and chart can be drawn again from the record alone.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Final

import msgspec

from hardware.config.files import keep_and_replace
from hardware.config.profiles import Profile
from hardware.units import CKMH_PER_MPH
from kiosk.staff.commissioning.findings import quirk_names, ratio_of
from kiosk.staff.commissioning.measure import STOP_SHARE
from kiosk.staff.commissioning.progress import Progress

RECORD: Final = "record.json"
PAGE: Final = "index.html"
CHART: Final = "stops.png"

QUIRK_WORDS: Final = {
    "no_request_control_answer": "never answers when asked for control, yet obeys",
    "start_before_speed": "starts by a speed, not by the start command",
    "toggle_start": "a start while it runs stops it",
    "toggle_stop": "a stop while it stands starts it",
    "pause_unsupported": "obeys a pause",
    "mph_units": "its figures are miles an hour",
    "write_without_response": "takes commands without an answer of its radio only",
    "min_write_interval_s": "wants time between two commands",
    "zero_debounce_s": "now and then says 0.00 while it runs",
    "no_speed_while_starting": "takes a speed while it starts",
}


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finished commissioning."""

    measured: Progress
    profile: Profile


def folder(directory: Path, address: str, day: str) -> Path:
    """Where the record of *day* (ISO date) is kept."""
    return directory / "commissioning" / address.replace(":", "-") / day


def write_record(directory: Path, measured: Progress, profile: Profile) -> Path:
    """Keep the record and its page; the chart is for whoever can draw. Returns the folder. Raises OSError."""
    place = folder(directory, measured.identity.address, profile.measured_on or "undated")
    record = Record(measured=measured, profile=profile)
    keep_and_replace(place / RECORD, msgspec.json.format(msgspec.json.encode(record), indent=1).decode())
    keep_and_replace(place / PAGE, page_of(record))
    return place


def records(directory: Path, address: str) -> tuple[Path, ...]:
    """The folders of all commissionings of *address*, newest first."""
    place = directory / "commissioning" / address.replace(":", "-")
    if not place.is_dir():
        return ()
    return tuple(sorted((one for one in place.iterdir() if (one / RECORD).is_file()), reverse=True))


def read_record(place: Path) -> Record:
    """The record in *place*. Raises OSError, msgspec.DecodeError."""
    return msgspec.json.decode((place / RECORD).read_bytes(), type=Record)


def kmh(ckmh: float | None) -> str:
    """Both units, for people."""
    if ckmh is None:
        return "not known"
    return f"{ckmh / 100:.2f} km/h ({ckmh / float(CKMH_PER_MPH):.2f} mph)"


def yes(value: bool | None, yes_: str = "yes", no: str = "no") -> str:
    """A finding in a word."""
    return "not tried" if value is None else yes_ if value else no


def seconds(value: float | None) -> str:
    """A time for people."""
    return "not known" if value is None else f"{value:.2f} s"


def facts_of(record: Record) -> tuple[tuple[str, str], ...]:
    """Everything measured, line by line."""
    found, profile = record.measured.found, record.profile
    true = found.true
    if true is None:
        speed = "not measured: the cap is 2.0 km/h at most"
    else:
        speed = (
            f"{true.ckmh / 100:.3f} km/h where the treadmill says {true.ckmh / true.ratio / 100:.2f} "
            f"(± {100 * true.uncertainty:.1f} %, {true.passes} passes of the mark)"
        )
    stops = found.link_stops
    return (
        ("Slowest speed", kmh(found.min_ckmh)),
        ("Smallest step", kmh(found.increment_ckmh)),
        ("Says of itself", f"{kmh(found.told_min_ckmh)} to {kmh(found.told_max_ckmh)}"),
        ("True speed", speed),
        ("Factor put right", "none" if found.scale == 1.0 else f"{found.scale:.3f}"),
        ("Still off by", "nothing" if true is None else f"{100 * (ratio_of(found) - 1):+.1f} %"),
        ("Start, to motion", seconds(found.start_latency_s)),
        ("Data every", seconds(found.data_period_s)),
        (
            "Gets faster by",
            "not known" if found.rise_ckmh_s is None else f"{found.rise_ckmh_s / 100:.2f} km/h a second",
        ),
        (
            "Gets slower by",
            "not known" if found.fall_ckmh_s is None else f"{found.fall_ckmh_s / 100:.2f} km/h a second",
        ),
        ("Overshoot", kmh(found.overshoot_ckmh)),
        ("Answers when asked for control", yes(found.answered)),
        ("Obeys a pause", yes(found.pause_works)),
        ("Obeys a stop", yes(not found.stop_ignored)),
        ("When the link is lost", yes(stops, "the belt stops by itself", "the belt goes on")),
        (
            "Incline",
            "none, or not allowed here" if found.incline_dpct is None else f"{found.incline_dpct / 10:g} % reached",
        ),
        (
            "Its own key",
            "not tried"
            if found.key_told is None
            else "stops it, and it says so"
            if found.key_told
            else "stops it, but it does not say so",
        ),
        ("Key pulled, to rest", seconds(found.key_seconds)),
        ("Control back with the key", yes(found.control_back)),
        ("Deck", f"{profile.deck_mm} mm" if profile.deck_mm else "not measured"),
        ("Belt, once around", f"{profile.belt_mm} mm" if profile.belt_mm else "not measured"),
    )


_STYLE: Final = """
body{font:17px/1.5 system-ui,sans-serif;color:#14233b;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.9rem;margin:0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
.cap{font-size:2.6rem;font-weight:600;margin:.4rem 0}.muted{color:#55657e}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid #dde3ec}
th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr.over td{color:#a3281c}img{width:100%;height:auto;border:1px solid #dde3ec}
@media print{body{margin:0}}
"""


def page_of(record: Record) -> str:
    """The page as HTML that needs nothing but the chart beside it."""
    profile, measured = record.profile, record.measured
    text = html.escape
    name = text(profile.name)
    room_mm = STOP_SHARE * (profile.deck_mm or 0)
    rows = "".join(
        f'<tr class="{"over" if profile.deck_mm and point.travel_mm > room_mm else ""}">'
        f'<td class="n">{point.ckmh / 100:.2f} km/h</td><td class="n">{point.ckmh / float(CKMH_PER_MPH):.2f} mph</td>'
        f'<td class="n">{point.seconds:.2f} s</td><td class="n">{point.travel_mm / 1000:.2f} m</td>'
        f"<td>{'more than half the deck' if profile.deck_mm and point.travel_mm > room_mm else ''}</td></tr>"
        for point in profile.stops
    )
    facts = "".join(f"<tr><th>{text(key)}</th><td>{text(value)}</td></tr>" for key, value in facts_of(record))
    quirks = [
        QUIRK_WORDS.get(one.split(" ")[0], one) + (f" ({one.split(' = ')[1]})" if "_s = " in one else "")
        for one in quirk_names(profile.quirks)
    ]
    listed = "".join(f"<li>{text(one)}</li>" for one in quirks) or "<li>none: it does as the standard says</li>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}: commissioned</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<h1>{name}</h1><p class="muted">{text(profile.model or "")}, '
        f"firmware {text(profile.firmware or 'not told')}, address {text(profile.address or '')}</p>"
        f'<p class="cap">Cap {profile.limit_ckmh / 100:.2f} km/h '
        f'<span class="muted">({profile.limit_ckmh / float(CKMH_PER_MPH):.2f} mph)</span></p>'
        f"<p>Commissioned on {text(profile.measured_on or '')}, signed by {text(profile.signed_by or '')}. "
        f"The cap is the highest speed from which the belt runs on for at most half of the deck "
        f"({room_mm / 1000:.2f} m). Times and distances are upper bounds: the belt is taken to have run at the "
        f"older, higher reading until the newer one arrived.</p>"
        f'<img src="{CHART}" alt="How the belt stops: speed over time, and travel by speed">'
        f'<h2>Stops</h2><table><tr><th class="n" colspan="2">from</th><th class="n">time</th>'
        f'<th class="n">travel</th><th></th></tr>{rows}</table>'
        f"<h2>Ways of its own</h2><ul>{listed}</ul><h2>Everything measured</h2><table>{facts}</table>"
        f'<p class="muted">Bluetooth can fail. The treadmill\'s own key stays worn, always.</p>'
        f'<p class="muted">Measured by {text(measured.who)}.</p></body></html>\n'
    )
