"""What is said and shown, and when it is not: the cue catalogue and the speaker's rules.

The words are data (``assets/cues``), one file a language; when a cue belongs and how soon it may come again is the
same in all. The speaker is a pure function of its state, what is asked for, and the time.

Rules (coaching section 5, screens A5), in the order in which they are asked:

1. Safety (X) is said at once, interrupts anything and mutes the rest for 5 s.
2. 8 s lie between any two cues, 4 s while setting up and mounting (one step after the other); the same cue waits its
   own gap, or comes once an event.
3. Coaching (questions, technique, nudges) is quiet for 5 s after a change, for 5 s before one, and while the
   announcement of one is due; at most 4 cues in the walk's first minute and 2 a minute after. Announcements of
   changes, of the mount and of the finish count against that number but are not held back by it: a change that nobody
   announced is worse than a third sentence in a minute.
4. Technique: one at a time, 30 s apart, and not after the first minute for somebody who has shown to need none.
5. What could not be said in time is dropped, never queued up.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from kiosk.coach.rules import CueRules

MAX_WORDS: Final = 8
MAX_LINES: Final = 2
MAX_LINE: Final = 22
MINUTE_S: Final = 60.0
NEVER: Final = float("-inf")


class CueError(Exception):
    """A cue file cannot be used; the text names file and cue."""


class CueClass(IntEnum):
    """What goes first: the lower the number, the higher the rank."""

    SAFETY = 0
    CHANGE = 1  # set-up, mount, speed, slope, finish
    ASK = 2
    TECHNIQUE = 3
    NUDGE = 4


_CLASSES: Final = {
    "X": CueClass.SAFETY,
    "U": CueClass.CHANGE,
    "M": CueClass.CHANGE,
    "G": CueClass.CHANGE,
    "I": CueClass.CHANGE,
    "F": CueClass.CHANGE,
    "A": CueClass.ASK,
    "T": CueClass.TECHNIQUE,
    "N": CueClass.NUDGE,
}


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue in one language. *gap_s* None: once an event."""

    id: str
    rank: CueClass
    say: str
    show: tuple[str, ...]
    when: str
    gap_s: float | None


CueBook = Mapping[str, Cue]

OF_SPEED: Final = frozenset({"U8", "X3", "F1"})


def of_speed(cue: str) -> bool:
    """Whether *cue* asks for a speed or slope or announces a change of it: silent where the console sets the pace."""
    return cue[:1] in ("G", "I") or cue in OF_SPEED


class _When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    when: str
    gap_s: Annotated[float, Meta(ge=0, le=600)] | None = None
    once: bool = False


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    say: str
    show: tuple[str, ...]


def parse_cues(rules_text: str, words_text: str, where: str = "cues") -> CueBook:
    """The catalogue from the two files' texts. Raises CueError."""
    whens = _table(rules_text, dict[str, _When], f"{where} (rules)")
    words = _table(words_text, dict[str, _Words], where)
    if set(whens) != set(words):
        wrong = sorted(set(whens) ^ set(words))
        raise CueError(f"{where}: words and rules do not match for {', '.join(wrong)}.")
    book = {}
    for id_, when in whens.items():
        rank = _CLASSES.get(id_[:1])
        if rank is None or not id_[1:].isdigit():
            raise CueError(f'{where}: "{id_}" is no cue id; write one of {"".join(_CLASSES)} and a number.')
        if (when.gap_s is None) is not when.once:
            raise CueError(f"{where}: {id_} needs either gap_s or once = true.")
        word = words[id_]
        if not word.say or len(word.say.split()) > MAX_WORDS:
            raise CueError(f'{where}: {id_} says "{word.say}"; at most {MAX_WORDS} words can be heard.')
        if not 1 <= len(word.show) <= MAX_LINES or any(not 0 < len(line) <= MAX_LINE for line in word.show):
            raise CueError(f"{where}: {id_} must show one or two lines of at most {MAX_LINE} characters.")
        book[id_] = Cue(id_, rank, word.say, word.show, when.when, when.gap_s)
    return book


T = TypeVar("T")


def _table(text: str, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except tomllib.TOMLDecodeError as error:
        raise CueError(f"{where} is not valid TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise CueError(f"{where}: {error}.") from error


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants *cue* said. *event* tells one occasion from the next for cues that come once an event.

    A *reminder* is a safety cue as a timed reminder (no drift sensor fitted): it ranks as technique and interrupts
    nothing.
    """

    cue: str
    since_s: float
    event: str = ""
    reminder: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What the speaker has to know of the walk."""

    walk_from_s: float | None = None  # when walking began; None before the walk
    changed_s: float = NEVER  # last change of speed or slope
    next_change_s: float | None = None  # when the next one comes, if it is known
    announce_s: float = 0.0  # how long before it the announcement is made
    needs_no_technique: bool = False  # third visit or later, and clean


@dataclass(frozen=True, slots=True)
class Speaker:
    """What was said. Immutable; ``speak`` gives the next one."""

    pending: tuple[Request, ...] = ()
    said: Mapping[str, float] = field(default_factory=dict)  # cue -> when last
    events: frozenset[tuple[str, str]] = frozenset()
    times: tuple[float, ...] = ()  # of cues other than safety, the last minute's
    last_s: float = NEVER
    technique_s: float = NEVER
    reminder_s: float = NEVER
    muted_until_s: float = NEVER
    showing: Cue | None = None
    show_until_s: float = NEVER

    def shown(self, now_s: float) -> Cue | None:
        """The cue that stands on the screen now."""
        return self.showing if now_s < self.show_until_s else None


def speak(  # state, wishes, time, and the two tables they are judged by
    speaker: Speaker,
    requests: tuple[Request, ...],
    technique: tuple[str, ...],
    moment: Moment,
    now_s: float,
    book: CueBook,
    rules: CueRules,
) -> tuple[Speaker, Cue | None]:
    """The speaker after *now_s*, and the cue to say now, if any.

    *technique*: cues there is room for at any time now, best first; of those that may be said, the one not heard for
    longest is.
    """
    fresh = [r for r in (*speaker.pending, *requests) if _alive(r, now_s, book, rules)]
    fresh = [r for r in fresh if not _done(r, speaker, book)]
    fresh.sort(key=lambda r: (_rank(r, book), r.since_s))
    for request in fresh:
        if _may(request, speaker, book, moment, now_s, rules):
            rest = tuple(r for r in fresh if r is not request)
            return _said(replace(speaker, pending=rest), request, book, now_s, rules), book[request.cue]
    speaker = replace(speaker, pending=tuple(fresh))
    offers = [Request(id_, now_s, reminder=True) for id_ in technique if id_ in book]
    offers = [r for r in offers if not _done(r, speaker, book) and _may(r, speaker, book, moment, now_s, rules)]
    if offers:
        chosen = min(offers, key=lambda r: speaker.said.get(r.cue, NEVER))  # min keeps the first of equals
        return _said(speaker, chosen, book, now_s, rules), book[chosen.cue]
    return speaker, None


def _rank(request: Request, book: CueBook) -> CueClass:
    rank = book[request.cue].rank
    return CueClass.TECHNIQUE if request.reminder and rank is CueClass.SAFETY else rank


def _alive(request: Request, now_s: float, book: CueBook, rules: CueRules) -> bool:
    if request.cue not in book:
        return False
    patient = _rank(request, book) <= CueClass.CHANGE
    return now_s - request.since_s <= (rules.change_stale_s if patient else rules.stale_s)


def _done(request: Request, speaker: Speaker, book: CueBook) -> bool:
    return book[request.cue].gap_s is None and (request.cue, request.event) in speaker.events


def _may(request: Request, speaker: Speaker, book: CueBook, moment: Moment, now_s: float, rules: CueRules) -> bool:
    cue, rank = book[request.cue], _rank(request, book)
    since = now_s - speaker.said.get(cue.id, NEVER)
    if cue.gap_s is not None and since < cue.gap_s:
        return False
    if rank is CueClass.SAFETY:
        return True
    if cue.rank is CueClass.SAFETY and now_s - speaker.reminder_s < rules.reminder_s:
        return False
    mounting = cue.id[0] in "UM" and not request.reminder
    if now_s < speaker.muted_until_s or now_s - speaker.last_s < (rules.mount_gap_s if mounting else rules.gap_s):
        return False
    if rank is CueClass.CHANGE and not request.reminder:
        return True
    # A standing offer (M3 in a phase's list) keeps technique's rules, whatever its class.
    return _coaching_may(max(rank, CueClass.ASK), request.reminder, speaker, moment, now_s, rules)


def _coaching_may(
    rank: CueClass, standing: bool, speaker: Speaker, moment: Moment, now_s: float, rules: CueRules
) -> bool:
    if now_s - moment.changed_s < rules.change_quiet_s:
        return False
    if moment.next_change_s is not None:
        ahead = moment.next_change_s - now_s
        if ahead < rules.before_change_s or 0 <= ahead - moment.announce_s < rules.gap_s:
            return False
    walked = None if moment.walk_from_s is None else now_s - moment.walk_from_s
    limit = rules.first_minute if walked is None or walked < MINUTE_S else rules.per_minute
    from_s = NEVER if moment.walk_from_s is None else moment.walk_from_s  # the mount's cues are not of that minute
    if sum(now_s - t < MINUTE_S and t >= from_s for t in speaker.times) >= limit:
        return False
    if rank is CueClass.TECHNIQUE or standing:
        if now_s - speaker.technique_s < rules.technique_gap_s:
            return False
        if moment.needs_no_technique and walked is not None and walked >= MINUTE_S:
            return False
    return True


def _said(speaker: Speaker, request: Request, book: CueBook, now_s: float, rules: CueRules) -> Speaker:
    cue, rank = book[request.cue], _rank(request, book)
    safety = rank is CueClass.SAFETY
    times = tuple(t for t in speaker.times if now_s - t < MINUTE_S)
    reminded = cue.rank is CueClass.SAFETY and not safety
    return replace(
        speaker,
        said={**speaker.said, cue.id: now_s},
        events=speaker.events | {(cue.id, request.event)} if cue.gap_s is None else speaker.events,
        times=times if safety else (*times, now_s),
        last_s=now_s,
        technique_s=now_s if rank is CueClass.TECHNIQUE or request.reminder else speaker.technique_s,
        reminder_s=now_s if reminded else speaker.reminder_s,
        muted_until_s=now_s + rules.safety_mute_s if safety else speaker.muted_until_s,
        showing=cue,
        show_until_s=now_s + rules.show_s,
        pending=() if safety else speaker.pending,  # what was about to be said is out of date
    )
