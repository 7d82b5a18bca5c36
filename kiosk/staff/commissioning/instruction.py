"""What staff are told and may answer in commissioning and opening check: the same data on screen and in a shell.

A procedure gives one ``Instruction`` a turn. Whoever shows it (a staff screen, ``retrowalk commission``, a test)
needs nothing else: ``title`` and ``body`` are keys of the catalogue, filled by ``filled``; ``awaits`` says what the
person is to do; ``choices`` are the answers that count now, the main one first (``commission.act.NAME`` labels it).
What the person does goes back as ``Deed``s. The clip, the red button and the treadmill's own key are no deeds: the
guard sees them itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from hardware.link.messages import Missing
from hardware.units import SpeedUnit
from kiosk.locale import Catalogue


class Awaits(StrEnum):
    """What a procedure waits for now."""

    MACHINE = "machine"  # nobody: the treadmill or the guard is at work
    CONFIRM = "confirm"  # one of ``choices``
    TAP = "tap"  # a tap at each pass of the tape mark: ``done`` of ``wanted`` so far
    CLIP_PULL = "clip_pull"
    CLIP_CLOSE = "clip_close"
    RED_PRESS = "red_press"
    RED_RELEASE = "red_release"
    KEY_PULL = "key_pull"  # the treadmill's own safety key
    KEY_CLOSE = "key_close"
    CONSOLE = "console"  # start at the treadmill's own console
    NUMBER = "number"  # a figure, as ``number`` describes it
    END = "end"  # it is over; any choice leaves


class Act(StrEnum):
    """An answer. Label: ``commission.act.NAME``."""

    CONFIRM = "confirm"
    TAP = "tap"
    STOP = "stop"  # bring the belt to rest; always among the choices while the belt may move
    REPEAT = "repeat"  # this step again; where progress is offered: from the beginning
    SKIP = "skip"  # go on without this step, where that can be
    YES = "yes"
    NO = "no"
    NUMBER = "number"  # with ``Deed.number``
    LEAVE = "leave"  # break off; what was measured is kept for a day


class Deed(msgspec.Struct, frozen=True):
    """What the person did, and when: *at_s* on the monotonic clock, near to the finger, as taps are timed."""

    act: Act
    at_s: float
    number: int | None = None


class Number(msgspec.Struct, frozen=True):
    """A whole number asked for, in millimetres. *usual* is offered; None: nothing is."""

    low: int
    high: int
    usual: int | None = None


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown now."""

    page: str  # stable name of this page, for tests and scripted hands
    title: str
    body: str
    awaits: Awaits
    choices: tuple[Act, ...] = ()
    n: int = 1  # step n of m
    m: int = 1
    done: int = 0  # within this page; a *wanted* of 0: nothing is counted
    wanted: int = 0
    number: Number | None = None
    moving: bool = False  # the belt moves or may: nobody on it, and STOP is the first choice
    speeds: tuple[tuple[str, int], ...] = ()  # named places of the texts, 0.01 km/h
    words: tuple[tuple[str, str], ...] = ()  # named places of the texts, as they are
    keys: tuple[tuple[str, str], ...] = ()  # named places of the texts that are texts themselves, as "why"
    blocked: tuple[Missing, ...] = ()  # what the guard still misses; texts: commission.missing.NAME
    trouble: str = ""  # the guard's or belt's own sentence, in English (kiosk.trouble)


def filled(say: Catalogue, key: str, shown: Instruction, unit: SpeedUnit) -> str:
    """The text of *key* with the speeds of *shown* in *unit* and its words."""
    values: dict[str, str] = {name: speed_words(say, speed, unit) for name, speed in shown.speeds}
    values |= dict(shown.words)
    values |= {"done": str(shown.done), "wanted": str(shown.wanted)}
    values |= {name: say(nested, **values) for name, nested in shown.keys}
    return say(key, **values)


def speed_words(say: Catalogue, speed_ckmh: int, unit: SpeedUnit) -> str:
    """A speed with its unit."""
    return f"{say.speed(speed_ckmh, unit)} {say('unit.mph' if unit is SpeedUnit.MPH else 'unit.kmh')}"


COMMISSION_PAGES: Final = (
    "resume",
    "connecting",
    "reset",
    "control",
    "deck",
    "belt",
    "clip_pull",
    "clip_close",
    "starting",
    "minimum",
    "increments",
    "rising",
    "tape_ready",
    "tape",
    "steady",
    "stopping",
    "pausing",
    "unlinked",
    "incline_up",
    "incline_down",
    "key_pull",
    "key_close",
    "key_back",
    "anew",
    "failed",
    "alarm",
    "sign",
    "unusable",
    "left",
    "done",
)
"""Pages of commissioning; texts: ``commission.page.NAME.title`` and ``.body``."""

CHECK_PAGES: Final = (
    "connecting",
    "reset",
    "red_press",
    "red_release",
    "clip_pull",
    "clip_close",
    "alarm",
    "voice",
    "brake_pull",
    "brake_close",
    "starting",
    "rising",
    "console_start",
    "console_runs",
    "stopping",
    "failed",
    "left",
    "done",
)
"""Pages of the opening check; texts: ``opening_check.page.NAME.title`` and ``.body``."""

STEPS: Final = ("control", "sizes", "start", "tape", "stops", "pause", "link", "incline", "key", "sign")
"""Steps of commissioning, in their order; names: ``commission.step.NAME``."""

CHECK_STEPS: Final = ("red", "clip", "alarm", "voice", "brake")
"""Steps of the opening check; names: ``opening_check.step.NAME``."""

FAILURES: Final = (
    "clip",
    "red_button",
    "link_lost",
    "no_control",
    "no_speed",
    "faster",
    "no_start",
    "stopped_itself",
    "moved_itself",
    "safety_key",
    "not_stopped",
    "screen",
    "staff_stop",
    "no_steady",
    "taps",
    "no_key",
    "budget",
    "not_heard",
    "refused",
    "other",
)
"""Why a step failed, and what to do: ``commission.failed.NAME``."""


ANEW: Final = ("no_answer", "speed_first", "mph", "kmh", "scale", "pause")
"""What was found that the treadmill must be connected anew for: ``commission.anew.NAME``."""

UNUSABLE: Final = ("no_control", "no_start", "no_stop", "too_far", "too_fast")
"""Why a treadmill must not be controlled: ``commission.unusable.NAME``."""


def texts() -> frozenset[str]:
    """Every key that the two procedures may ask of the catalogue, for the check at start and the tests."""
    keys = {f"commission.page.{page}.{part}" for page in COMMISSION_PAGES for part in ("title", "body")}
    keys |= {f"opening_check.page.{page}.{part}" for page in CHECK_PAGES for part in ("title", "body")}
    keys |= {f"commission.step.{step}" for step in STEPS} | {f"opening_check.step.{step}" for step in CHECK_STEPS}
    keys |= {f"commission.failed.{why}" for why in FAILURES} | {f"commission.anew.{why}" for why in ANEW}
    keys |= {f"commission.unusable.{why}" for why in UNUSABLE}
    keys |= {f"commission.missing.{one}" for one in Missing} | {f"commission.act.{one}" for one in Act}
    return frozenset(keys)
