"""What a session or a desk asks for: plain data that the app carries out."""

from __future__ import annotations

from dataclasses import dataclass

from hardware.link.messages import KioskToGuard
from kiosk.coach.screening import Outcome
from kiosk.staff.desk.errands import Run
from kiosk.store.records import Closing, EventIn, Opening, Ratings, Sample


@dataclass(frozen=True, slots=True)
class Send:
    """To the guard."""

    body: KioskToGuard


@dataclass(frozen=True, slots=True)
class FindMember:
    """Ask the record whose code this is."""

    code: str


@dataclass(frozen=True, slots=True)
class TryPin:
    """Ask the desk whose PIN this is."""

    pin: str


@dataclass(frozen=True, slots=True)
class Record:
    """To the record's writer."""

    entry: Opening | Sample | EventIn | Closing | Ratings


@dataclass(frozen=True, slots=True)
class RecordWhy:
    """The why-stopped answer."""

    session_id: str
    why: str


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """A member agreed that health data are kept."""

    member_id: str


@dataclass(frozen=True, slots=True)
class KeepDays:
    """A member chose the days of their own week."""

    member_id: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """A guest becomes a member and this walk is theirs; scores and why only with *consent* to keep health data."""

    session_id: str
    language: str
    consent: bool
    ratings: Ratings
    why: str


@dataclass(frozen=True, slots=True)
class Unjoin:
    """The code came when nobody was there to read it: no member, and the walk stays a guest's."""

    code: str


@dataclass(frozen=True, slots=True)
class RecordScreening:
    """What a member's full form came to."""

    member_id: str
    outcome: Outcome
    signer: str


@dataclass(frozen=True, slots=True)
class Play:
    """An earcon, by name."""

    sound: str


@dataclass(frozen=True, slots=True)
class Say:
    """A cue, by id. *over*: it interrupts what is being said."""

    cue: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Hush:
    """A session ended: voice off, volume back to the house's."""


Action = (
    Send
    | FindMember
    | TryPin
    | Record
    | RecordWhy
    | RecordConsent
    | RecordScreening
    | KeepDays
    | Join
    | Unjoin
    | Play
    | Say
    | Hush
    | Run
)
