"""Small pages that ask one thing and close with it: a choice, a PIN, letters, a held yes; and one to read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff.desk.model import Here, SecondPin
from kiosk.staff.desk.turn import DeskTurn, LongPage, Page
from kiosk.staff.desk.views import ConfirmView, NoteView, PadView, PickView, Tone, TypeView
from kiosk.staff.pin import PIN_DIGITS
from kiosk.store.records import Staff

Words = tuple[str, tuple[tuple[str, str], ...]]
"""A catalogue key and the values for its places."""


def words(key: str, **values: object) -> Words:
    """A text to be said later, in whatever language is shown then."""
    return key, tuple((name, str(value)) for name, value in values.items())


def said(here: Here, text: Words) -> str:
    """The text now; an empty key says nothing."""
    key, values = text
    return here.texts(key, **dict(values)) if key else ""


SILENT: Final[Words] = ("", ())


@dataclass(frozen=True, slots=True)
class PickPage(LongPage):
    """One of *choices* (ready words where *literal*, else catalogue keys); closes with its index."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_PICK
    title: Words
    choices: tuple[str, ...]
    text: Words = SILENT
    literal: bool = False

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A choice."""
        if intent.kind is IntentKind.CHOOSE and 0 <= intent.value < len(self.choices):
            t.back(intent.value)

    def view(self, here: Here) -> PickView:
        """The choices."""
        choices = self.choices if self.literal else tuple(here.texts(key) for key in self.choices)
        return PickView(said(here, self.title), said(here, self.text), choices, self.page)


@dataclass(frozen=True, slots=True)
class ConfirmPage(Page):
    """A yes that is held for 2 s; closes with True."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_CONFIRM
    title: Words
    lines: tuple[Words, ...]
    verb: str  # catalogue key: what the button does, never "OK"
    dire: bool = False

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Held."""
        if intent.kind is IntentKind.HOLD:
            t.back(result=True)

    def view(self, here: Here) -> ConfirmView:
        """What it means, and the verb."""
        lines = tuple(said(here, line) for line in self.lines)
        return ConfirmView(said(here, self.title), lines, here.texts(self.verb), self.dire)


@dataclass(frozen=True, slots=True)
class NotePage(Page):
    """Something to read, with a figure that is shown this once; closes with True."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_NOTE
    title: Words
    text: Words
    figure: str = ""
    tone: Tone = Tone.GOOD

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Read."""
        if intent.kind is IntentKind.DONE:
            t.back(result=True)

    def view(self, here: Here) -> NoteView:
        """The text."""
        return NoteView(
            said(here, self.title), said(here, self.text), self.figure, self.tone, here.texts("button.done")
        )


@dataclass(frozen=True, slots=True)
class PadPage(Page):
    """Six digits. With *second* they are a PIN that is tried: closes with that Staff; else closes with the digits.

    Digits never leave for a view or a log; a PIN leaves as a question to the PIN desk alone.
    """

    screen: ClassVar[ScreenId] = ScreenId.STAFF_PAD
    title: Words
    text: Words
    second: bool = False
    other_than: str = ""  # account id whose PIN does not count: two people are wanted
    digits: str = field(default="", repr=False)
    message: str = ""  # catalogue key
    paused_s: float = float("-inf")

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Keys."""
        if t.now_s < self.paused_s or t.desk.pin_asked:
            return
        match intent.kind:
            case IntentKind.DIGIT if 0 <= intent.value <= 9 and len(self.digits) < PIN_DIGITS:
                t.put(replace(self, digits=self.digits + str(intent.value), message=""))
            case IntentKind.ERASE:
                t.put(replace(self, digits=self.digits[:-1]))
            case IntentKind.SUBMIT if len(self.digits) == PIN_DIGITS:
                if self.second:
                    t.put(replace(self, digits="", message=""))
                    t.try_pin(self.digits)
                else:
                    t.back(self.digits)

    def tried(self, t: DeskTurn, answer: SecondPin) -> None:
        """Whose PIN it was."""
        if answer.staff is None:
            key = "keypad.no_record" if answer.broken else "keypad.wrong_pin"
            paused_s = t.now_s + answer.wait_s if answer.wait_s > 0 else self.paused_s
            t.put(replace(self, message=key, paused_s=paused_s))
            t.play("caution")
        elif answer.staff.id == self.other_than:
            t.put(replace(self, message="staff.other_person"))
            t.play("caution")
        else:
            t.back(answer.staff)

    def view(self, here: Here) -> PadView:
        """How many digits; never which."""
        left_s = self.paused_s - here.now_s
        message = here.texts(self.message) if self.message else ""
        return PadView(
            said(here, self.title),
            said(here, self.text),
            len(self.digits),
            message,
            None if left_s <= 0 else int(left_s) + 1,
        )


LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜÑÁÉÍÓÚ'-."


@dataclass(frozen=True, slots=True)
class TypePage(Page):
    """A name of at most *most* letters; closes with it. A space is a key, the case sets itself."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_TYPE
    title: Words
    text: Words
    typed: str = ""
    most: int = 20
    may_be_empty: bool = False
    page: int = 0
    message: str = ""

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Keys."""
        match intent.kind:
            case IntentKind.LETTER if 0 <= intent.value < len(LETTERS) and len(self.typed) < self.most:
                letter = LETTERS[intent.value]
                first = not self.typed or self.typed[-1] in " -."
                t.put(replace(self, typed=self.typed + (letter if first else letter.lower()), message=""))
            case IntentKind.SPACE if self.typed and not self.typed.endswith(" ") and len(self.typed) < self.most:
                t.put(replace(self, typed=self.typed + " "))
            case IntentKind.ERASE:
                t.put(replace(self, typed=self.typed[:-1]))
            case IntentKind.NEXT:
                t.put(replace(self, page=self.page + 1))
            case IntentKind.SUBMIT if self.typed.strip() or self.may_be_empty:
                t.back(self.typed.strip())

    def view(self, here: Here) -> TypeView:
        """What is typed so far."""
        message = here.texts(self.message) if self.message else ""
        ready = bool(self.typed.strip()) or self.may_be_empty
        return TypeView(said(here, self.title), said(here, self.text), self.typed, self.page, message, ready)


REASONS: Final = (
    "reason_staff.assessed",
    "reason_staff.progress",
    "reason_staff.physio",
    "reason_staff.machine",
    "reason_staff.mistake",
    "reason_staff.other",
)
"""Why a cap is raised: a list, no free text (no health text gets into the audit)."""


def reason_page(title: Words, reasons: tuple[str, ...] = REASONS) -> PickPage:
    """Pick why; closes with the index into *reasons*."""
    return PickPage(title, reasons)


def reason_word(key: str) -> str:
    """What the audit keeps of a reason: the last part of its key, the same in every language."""
    return key.rpartition(".")[2]


def another_person(by: Staff) -> PadPage:
    """A second staff member's PIN, another person than *by*."""
    return PadPage(words("second_pin.title"), words("second_pin.text"), second=True, other_than=by.id)
