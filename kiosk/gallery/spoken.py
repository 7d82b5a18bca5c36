"""The samples in the words of a language: what the session would have said where the samples stand in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from kiosk.assets import assets_directory
from kiosk.content import read_books
from kiosk.locale import REFERENCE_LANGUAGE, Catalogue, load_catalogues
from kiosk.session.view import CONSOLE, LEGEND
from kiosk.snapshot import (
    Bar,
    ProgramCard,
    Snapshot,
)


@cache
def texts_of(language: str) -> Catalogue:
    """The texts of *language*; those of the reference where there are none."""
    known = load_catalogues(assets_directory() / "locale")
    return known.get(language) or known[REFERENCE_LANGUAGE]


_SENTENCES: Final = {
    "One minute longer than on Tuesday.": ("reason.longer", {}),
    "1.2 mph is your limit, set by staff.": ("cap.member", {"speed": "1.2"}),
    "The hill is one per cent steeper than on your last visit, the speed stays as it was then.": (
        "program.P4.about", {},
    ),
    "Clipped to 2.0 km/h: staff have not measured how this treadmill stops.": ("cap.treadmill", {"speed": "1.2"}),
    "New today: for three minutes 1.2 mph, a little faster than before.": ("preview.new_speed", {"speed": "1.2"}),
    "You set the pace at the console before stepping on": ("reason.follow", {}),
    "From Sunday. Rest a day first: muscles get stronger while you rest.": ("next.from_day", {}),
    "The same again, until it feels easy.": ("next.guest", {}),
}  # fmt: skip
"""What the fixtures say in English and the session says in the language of the person; English keeps the fixtures."""


def _sentence(text: str, texts: Catalogue) -> str:
    key, values = _SENTENCES.get(text, ("", {}))
    if texts.language == REFERENCE_LANGUAGE or not key:
        return text
    minutes = texts.count("preview.minutes", 3)
    day, reason = texts("day.sun"), texts("reason.longer")
    read = {name: texts.number(str(value)) for name, value in values.items()}
    return texts(key, **read, unit=texts("unit.mph"), minutes=minutes, day=day, reason=reason)


@cache
def _shows(language: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """The English texts of every cue, and what stands there in *language*."""
    books = read_books(assets_directory())
    own = books.get(language, books[REFERENCE_LANGUAGE])
    return {cue.show: own[cue.id].show for cue in books[REFERENCE_LANGUAGE].values()}


_CUES: Final = {("Toes first, then heel.",): "T1", ("Let the knee", "straighten. No lock."): "T5"}
"""Fixtures that are set otherwise than the cue itself."""


def _titled(text: str, texts: Catalogue) -> str:
    """A title of ours in the language of *texts*; names from outside stay as they are."""
    english = texts_of(REFERENCE_LANGUAGE)
    for number in range(1, 13):
        key = f"program.P{number}.title"
        text = text.replace(english(key), texts(key))
    return text


def _dated(label: str, texts: Catalogue) -> str:
    day, month = label.split()
    number = next(n for n in range(1, 13) if texts_of(REFERENCE_LANGUAGE)(f"month.{n}") == month)
    return texts("date.short", day=day, month=texts(f"month.{number}"))


def _bars_in(bars: tuple[Bar, ...], texts: Catalogue) -> tuple[Bar, ...]:
    return tuple(replace(bar, label=_dated(bar.label, texts)) for bar in bars)


def _card_in(made: ProgramCard, texts: Catalogue) -> ProgramCard:
    about = texts(f"program.{made.id}.about")
    return replace(made, title=_titled(made.title, texts), reason=_sentence(made.reason, texts), about=about)


def spoken(s: Snapshot, texts: Catalogue) -> Snapshot:
    """*s* with everything that the session words in the language of *texts*."""
    walk, summary, history = s.walk, s.summary, s.history
    if walk is not None:
        show = _shows(texts.language).get(walk.cue_show, walk.cue_show)
        own = _CUES.get(walk.cue_show)
        if own is not None and texts.language != REFERENCE_LANGUAGE:
            show = read_books(assets_directory())[texts.language][own].show
        walk = replace(walk, title=_titled(walk.title, texts), cue_show=show)
    if summary is not None:
        summary = replace(
            summary,
            next_title=_titled(summary.next_title, texts),
            next_reason=_sentence(summary.next_reason, texts),
            last=_bars_in(summary.last, texts),
        )
    if history is not None:
        history = replace(
            history,
            weeks=_bars_in(history.weeks, texts),
            comfort=_bars_in(history.comfort, texts),
            pain=tuple(replace(pair, label=_dated(pair.label, texts)) for pair in history.pain),
        )
    return replace(
        s,
        walk=walk,
        summary=summary,
        history=history,
        card=None if s.card is None else _card_in(s.card, texts),
        cards=tuple(_card_in(made, texts) for made in s.cards),
        preview_note=_sentence(s.preview_note, texts),
    )


def legend(language: str) -> tuple[str, ...]:
    """The keys of the simulation, as the session lists them for a treadmill with a console."""
    texts = texts_of(language)
    return tuple(texts(key) for key in (*LEGEND, CONSOLE))
