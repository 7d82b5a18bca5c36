"""What the desk's painters get: a few kinds of view, all in ready words, that serve every page.

A page that fits none of these has a kind of its own here and a painter in kiosk/screens/staff. Texts are whole
sentences in the language shown; *outside* text (names, addresses) may be cut with an ellipsis by the painter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk.intents import Intent, TileState


class Tone(StrEnum):
    """How a thing is shown: shape and colour together (screens A8)."""

    PLAIN = "plain"
    MUTED = "muted"
    GOOD = "good"  # sky, tick
    NOTICE = "notice"  # amber, diamond
    BAD = "bad"  # red, octagon
    STOP = "stop"  # the belt: filled red, for nothing else


@dataclass(frozen=True, slots=True)
class Button:
    """Something to touch. *hold*: only a finger that stays 2 s on it counts."""

    label: str
    intent: Intent
    hold: bool = False
    tone: Tone = Tone.PLAIN  # GOOD: the way on; BAD: what bites


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: cells under the columns. With an *intent* the whole line can be touched."""

    cells: tuple[str, ...]
    intent: Intent | None = None
    tone: Tone = Tone.PLAIN
    icon: str = ""


@dataclass(frozen=True, slots=True)
class ListView:
    """Rows with paging by touch: as many as fit; *page* counts on and wraps around (PREVIOUS, NEXT)."""

    title: str
    columns: tuple[str, ...]  # headings, may be empty texts
    weights: tuple[float, ...]  # widths
    rows: tuple[Row, ...]
    page: int = 0
    narrow: tuple[int, ...] = ()  # the columns that a small panel has room for, by index; empty: all
    empty: str = ""  # said where there are no rows
    text: str = ""  # one sentence above the list
    buttons: tuple[Button, ...] = ()  # in the footer, at most three
    message: str = ""
    tone: Tone = Tone.NOTICE  # of the message


@dataclass(frozen=True, slots=True)
class Item:
    """A tile of the menu."""

    label: str
    icon: str
    intent: Intent
    note: str = ""  # one or two words: "due", "3 new"
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class MenuView:
    """The tiles."""

    title: str
    items: tuple[Item, ...]
    page: int = 0
    message: str = ""
    tone: Tone = Tone.NOTICE


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what it is."""

    name: str
    value: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class FactsView:
    """One thing in full: facts at the left, what can be done at the right. Both page where they do not fit."""

    title: str
    facts: tuple[Fact, ...]
    actions: tuple[Button, ...] = ()
    page: int = 0
    text: str = ""
    message: str = ""
    tone: Tone = Tone.NOTICE
    footer: Button | None = None  # the way on


@dataclass(frozen=True, slots=True)
class StepsView:
    """A procedure: what to do now, what was seen and proved so far. *tiles* with a tap are touched (TICK)."""

    title: str
    text: str  # what to do now
    lines: tuple[tuple[str, TileState, bool], ...]  # (words, state, may be tapped)
    figure: str = ""  # a live value, as "0.0 km/h"
    message: str = ""
    tone: Tone = Tone.NOTICE
    buttons: tuple[Button, ...] = ()
    page: int = 0
    large: Button | None = None  # what is done again and again, without looking: a button as large as can be


@dataclass(frozen=True, slots=True)
class PadView:
    """Six digits."""

    title: str
    text: str
    digits: int
    message: str = ""
    paused_s: int | None = None


@dataclass(frozen=True, slots=True)
class TypeView:
    """Letters, one key each; pages of keys where they do not fit."""

    title: str
    text: str
    typed: str
    page: int
    message: str = ""
    ready: bool = True
    keys: str = ""  # the keys, where they are not the letters


@dataclass(frozen=True, slots=True)
class PickView:
    """One of a few: reasons, programs, roles."""

    title: str
    text: str
    choices: tuple[str, ...]
    page: int = 0


@dataclass(frozen=True, slots=True)
class ConfirmView:
    """A yes that is held for 2 s. *dire*: a red page, with the verb on the button."""

    title: str
    lines: tuple[str, ...]
    verb: str
    dire: bool


@dataclass(frozen=True, slots=True)
class NoteView:
    """Something to read; *figure* large, as a member's new code."""

    title: str
    text: str
    figure: str = ""
    tone: Tone = Tone.GOOD
    button: str = ""


@dataclass(frozen=True, slots=True)
class StepperView:
    """One value, a step at a time: STEP with +1 or -1. *hold*: setting it has to be held."""

    title: str
    name: str
    value: str
    note: str  # what setting it means now
    lower: bool  # may go down
    higher: bool
    sides: tuple[Fact, ...] = ()
    button: Button | None = None
    extra: tuple[Button, ...] = ()
    message: str = ""
    tone: Tone = Tone.NOTICE


@dataclass(frozen=True, slots=True)
class Bars:
    """A small chart: names and counts."""

    title: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    named: int = 1  # every so many get their name written


@dataclass(frozen=True, slots=True)
class ChartsView:
    """Sums and charts, a page at a time where they do not fit."""

    title: str
    facts: tuple[Fact, ...]
    charts: tuple[Bars, ...]
    page: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class BoxView:
    """The guard's minute around a stop, on one time axis. Seconds from the event; speeds km/h, None: not known."""

    title: str
    lanes: tuple[tuple[str, tuple[tuple[float, float, str], ...], tuple[float, ...]], ...]  # (name, bars, marks)
    measured: tuple[tuple[float, float | None], ...]
    wished: tuple[tuple[float, float | None], ...]
    measured_word: str
    wished_word: str
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class TouchView:
    """A cross where each of the last touches was."""

    title: str
    text: str
    touches: tuple[tuple[int, int], ...]  # pixels


View = (
    ListView
    | MenuView
    | FactsView
    | StepsView
    | PadView
    | TypeView
    | PickView
    | ConfirmView
    | NoteView
    | StepperView
    | ChartsView
    | BoxView
    | TouchView
)


@dataclass(frozen=True, slots=True)
class StaffView:
    """The desk as it is shown."""

    who: str  # empty before the first account
    left_s: int  # until the idle sign-out
    page: View
