"""The questions before a walk and what they come to. Pure; the questions are data (``assets/screening.toml``).

A form is walked one question a page, forward and back. Answers live in the form alone and go with it: what is kept is
the ``Outcome`` (coaching sections 4 and 7).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta


class ScreeningError(Exception):
    """The file of questions cannot be used; the text says what to change."""


class Result(StrEnum):
    """What the answers come to, mildest first."""

    CLEAR = "clear"
    LIMIT = "limit"
    GATE = "gate"
    NOT_TODAY = "not_today"
    FORBID = "forbid"


_ORDER: Final = tuple(Result)


class FormKind(StrEnum):
    """Which questions are asked."""

    FULL = "full"  # first use, every 6 months, after 90 days away, after a RED
    SHORT = "short"  # a guest
    AGAIN = "again"  # each visit of a member whose screening is in force


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Consequence(_Table, frozen=True, kw_only=True):
    """What one answer leads to."""

    outcome: Result = Result.CLEAR
    ask: tuple[str, ...] = ()
    flag: str = ""
    limit_mph: Decimal | None = None
    until_checked: bool = False  # gate and limit wait for staff and a balance check (coaching section 3, cap_speed)


class Band(_Table, frozen=True, kw_only=True):
    """Scores up to and with *up_to*."""

    up_to: Annotated[int, Meta(ge=0, le=10)]
    outcome: Result = Result.CLEAR
    flag: str = ""


class Question(_Table, frozen=True, kw_only=True):
    """One page. With *scale* it is answered 0-10, else by yes or no."""

    id: str
    forms: tuple[FormKind, ...] = ()
    yes: Consequence = Consequence()
    no: Consequence = Consequence()
    scale: tuple[Band, ...] = ()


class Validity(_Table, frozen=True, kw_only=True):
    """How long an outcome holds, in days."""

    days: Annotated[int, Meta(ge=1, le=366)]
    away_days: Annotated[int, Meta(ge=1, le=366)]
    sign_off_days: Annotated[int, Meta(ge=1, le=90)]
    balance_days: Annotated[int, Meta(ge=1, le=366)]


class _File(_Table, frozen=True, kw_only=True):
    validity: Validity
    question: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Screening:
    """All questions by id, in the file's order."""

    questions: Mapping[str, Question]
    validity: Validity

    def of(self, kind: FormKind) -> tuple[str, ...]:
        """The questions of one form."""
        return tuple(q.id for q in self.questions.values() if kind in q.forms)


def parse_screening(text: str, where: str = "screening.toml") -> Screening:
    """Read the file's text. Raises ScreeningError."""
    try:
        spec = msgspec.convert(tomllib.loads(text), _File)
    except tomllib.TOMLDecodeError as error:
        raise ScreeningError(f"{where} is not valid TOML: {error}.") from error
    except msgspec.ValidationError as error:
        raise ScreeningError(f"{where}: {error}.") from error
    questions: dict[str, Question] = {}
    for question in spec.question:
        if question.id in questions:
            raise ScreeningError(f'{where}: there are two questions "{question.id}".')
        if question.scale:
            tops = [band.up_to for band in question.scale]
            if tops != sorted(set(tops)) or tops[-1] != 10:
                raise ScreeningError(f'{where}: the scale of "{question.id}" must rise and end at 10.')
        questions[question.id] = question
    for question in questions.values():
        for consequence in (question.yes, question.no):
            for id_ in consequence.ask:
                if id_ not in questions:
                    raise ScreeningError(f'{where}: "{question.id}" asks "{id_}", which is no question.')
                if id_ == question.id:
                    raise ScreeningError(f'{where}: "{question.id}" asks itself.')
    return Screening(questions, spec.validity)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a form came to. *reasons* are question ids: for the decision at hand, never stored, never shown."""

    result: Result
    limit_mph: Decimal | None = None
    flags: frozenset[str] = frozenset()
    pain: int | None = None
    reasons: tuple[str, ...] = ()
    until_checked: bool = False
    """The limit is one that a balance check lifts, and no other answer has set one."""
    signed_once: bool = False
    """A gate that staff sign for the first visit alone: of every answer that made it."""

    @property
    def overridable(self) -> bool:
        """Staff may let this person walk: a gate, never more (coaching section 4)."""
        return self.result is Result.GATE

    @property
    def signed(self) -> Outcome:
        """What a gate of the first visit is once staff have signed it: its limit. Any other stays what it is."""
        return replace(self, result=Result.LIMIT) if self.signed_once else self


Answer = bool | int


@dataclass(frozen=True, slots=True)
class Form:
    """A form on its way: what was answered, in order, and what is still to be asked."""

    kind: FormKind
    given: tuple[tuple[str, Answer, tuple[str, ...]], ...] = ()  # question, answer, what stood behind it in the queue
    queue: tuple[str, ...] = ()

    @property
    def question(self) -> str | None:
        """The page to show; None when all is answered."""
        return self.queue[0] if self.queue else None

    @property
    def page(self) -> int:
        """1-based."""
        return len(self.given) + 1

    @property
    def pages(self) -> int:
        """As many as are known of now; a yes may add some."""
        return len(self.given) + len(self.queue)


def begin(screening: Screening, kind: FormKind, *, first_visit: bool = True) -> Form:
    """The form at its first page."""
    queue = screening.of(kind)
    if first_visit:
        queue = tuple(id_ for id_ in queue if id_ != "worse_after")
    return Form(kind, (), queue)


def answer(form: Form, screening: Screening, given: Answer) -> Form:
    """The next page. An answer of the wrong kind for the page changes nothing."""
    if form.question is None:
        return form
    question = screening.questions[form.question]
    if isinstance(given, bool) is bool(question.scale) or (question.scale and not 0 <= given <= 10):
        return form
    more: tuple[str, ...] = ()
    if isinstance(given, bool):
        asked = {id_ for id_, _, _ in form.given} | set(form.queue)
        more = tuple(id_ for id_ in (question.yes if given else question.no).ask if id_ not in asked)
    rest = form.queue[1:]
    return replace(form, given=(*form.given, (question.id, given, rest)), queue=(*more, *rest))


def back(form: Form) -> Form | None:
    """One page back, its answer taken away; None on the first page."""
    if not form.given:
        return None
    *before, (id_, _, rest) = form.given
    return replace(form, given=tuple(before), queue=(id_, *rest))


def decided(form: Form, screening: Screening) -> Outcome | None:
    """The outcome: when all is answered, or as soon as an answer settles it (nothing more is asked then)."""
    outcome = _outcome(form, screening)
    if form.question is None or outcome.result in (Result.FORBID, Result.NOT_TODAY):
        return outcome
    return None


def _outcome(form: Form, screening: Screening) -> Outcome:
    result, limit, pain = Result.CLEAR, None, None
    flags: set[str] = set()
    reasons = []
    limits_wait, gates_wait = [], []
    for id_, given, _ in form.given:
        question = screening.questions[id_]
        if isinstance(given, bool):
            consequence = question.yes if given else question.no
            if consequence.limit_mph is not None:
                limit = consequence.limit_mph if limit is None else min(limit, consequence.limit_mph)
                limits_wait.append(consequence.until_checked)
            came, flag = consequence.outcome, consequence.flag
            waits = consequence.until_checked
        else:
            band = next(band for band in question.scale if given <= band.up_to)
            came, flag, pain, waits = band.outcome, band.flag, given, False
        if came is Result.GATE:
            gates_wait.append(waits)
        if flag:
            flags.add(flag)
        if came is not Result.CLEAR:
            reasons.append(id_)
        result = max(result, came, key=_ORDER.index)
    if result is Result.CLEAR and limit is not None:
        result = Result.LIMIT
    return Outcome(
        result,
        limit,
        frozenset(flags),
        pain,
        tuple(reasons),
        until_checked=bool(limits_wait) and all(limits_wait),
        signed_once=result is Result.GATE and all(gates_wait),
    )
