"""Where exports go: a stick that is mounted, or the record's own folder; and the jobs that write there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

from sqlalchemy import Connection

from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff import audit
from kiosk.staff.desk.errands import Answered, Job, RefusalError
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import PickView
from kiosk.store import export as exports
from kiosk.store.moment import Moment
from kiosk.store.records import Staff
from kiosk.store.repositories import events, members, sessions
from kiosk.store.store import Store
from kiosk.store.trouble import RecordError

ROOTS: Final = ("/media/", "/run/media/", "/mnt/")
MOUNTS: Final = Path("/proc/self/mounts")
FOLDER: Final = ""
"""The record's own folder, wherever that is."""

WAIT_S: Final = 60.0


def sticks(mounts: str) -> tuple[str, ...]:
    """Mount points below the places where sticks are put, from the text of /proc/self/mounts."""
    lines = [line.split(" ") for line in mounts.splitlines() if line.count(" ") >= 3]
    # The folder of the appliance's sticks is itself a mount in the kiosk's view, of memory: nothing stays there.
    points = {line[1].encode().decode("unicode_escape") for line in lines if line[2] != "tmpfs"}  # blank: \\040
    return tuple(sorted(point for point in points if point.startswith(ROOTS)))


@dataclass(frozen=True, slots=True)
class FindPlaces(Job):
    """Sticks that are there now, then the folder."""

    def do(self, store: Store, at: Moment) -> tuple[str, ...]:
        """Reads a file in /proc."""
        try:
            found = sticks(MOUNTS.read_text(encoding="utf-8"))
        except OSError:
            found = ()
        return (*found, FOLDER)


@dataclass(frozen=True, slots=True)
class PlacePage(LongPage):
    """Which stick, or the folder; closes with it."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_PICK
    found: tuple[str, ...] = ()

    def opened(self, t: DeskTurn) -> None:
        """Look what is there."""
        t.run(FindPlaces())

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """One of them."""
        if intent.kind is IntentKind.CHOOSE and 0 <= intent.value < len(self.found):
            t.back(self.found[intent.value])

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """What is there."""
        if isinstance(answer.errand, FindPlaces):
            t.put(replace(self, found=answer.result if isinstance(answer.result, tuple) else (FOLDER,)))

    def view(self, here: Here) -> PickView:
        """Sticks by their name."""
        names = tuple(
            here.texts("export.stick", name=Path(place).name) if place else here.texts("export.folder")
            for place in self.found
        )
        return PickView(here.texts("export.where"), here.texts("export.where_help"), names, self.page)


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is whole and on its medium: names and checksums."""

    name: str
    sha256: str
    place: str  # empty: the folder
    sessions: int = 0

    @property
    def short(self) -> str:
        """The beginning of the checksum: enough to compare by eye."""
        return self.sha256[:12]


def _directory(store: Store, place: str) -> Path:
    return Path(place) / "retrowalk" if place else store.path.parent / exports.EXPORTS


def _put(store: Store, place: str, name: str, content: bytes) -> str:
    """Write and flush; the checksum. Raises RefusalError."""
    try:
        digest = exports.write(_directory(store, place), name, content)
    except RecordError as error:
        raise RefusalError("export.not_written") from error
    if place:
        os.sync()  # a stick's own table as well: it may be pulled after this
    return digest


def _asked(store: Store, question: Callable[[Connection], tuple[str, bytes, int]]) -> tuple[str, bytes, int]:
    return store.reader.ask(question).result(timeout=WAIT_S)


@dataclass(frozen=True, slots=True)
class WriteMember(Job):
    """All that is kept of one member, as one file (access request)."""

    member_id: str
    place: str
    by: Staff

    def do(self, store: Store, at: Moment) -> Written:
        """Raises RefusalError."""

        def content(connection: Connection) -> tuple[str, bytes, int]:
            member = members.by_id(connection, self.member_id)
            if member is None:
                raise RefusalError("members.no_such")
            text = exports.member_json(connection, member, at.utc_ms)
            return exports.file_name("member", at.utc_ms, "json"), text.encode(), 1

        name, made, _ = _asked(store, content)
        digest = _put(store, self.place, name, made)
        _note(store, at, self.by, f"member {self.member_id}", name)
        return Written(name, digest, self.place)


@dataclass(frozen=True, slots=True)
class WriteSessions(Job):
    """Sessions without names, and the log, each as CSV. Times UTC milliseconds, the end not included."""

    since_ms: int
    until_ms: int
    place: str
    by: Staff

    def do(self, store: Store, at: Moment) -> tuple[Written, Written]:
        """Raises RefusalError."""

        def walks(connection: Connection) -> tuple[str, bytes, int]:
            found = sessions.between(connection, self.since_ms, self.until_ms)
            name = exports.file_name("sessions", at.utc_ms, "csv")
            return name, exports.sessions_csv(found).encode(), len(found)

        def happened(connection: Connection) -> tuple[str, bytes, int]:
            found = events.between(connection, self.since_ms, self.until_ms)
            return exports.file_name("log", at.utc_ms, "csv"), exports.events_csv(found).encode(), len(found)

        written = []
        for question in (walks, happened):
            name, made, count = _asked(store, question)
            written.append(Written(name, _put(store, self.place, name, made), self.place, count))
        _note(store, at, self.by, f"{written[0].sessions} sessions", written[0].name)
        return written[0], written[1]


def _note(store: Store, at: Moment, by: Staff, subject: str, name: str) -> None:
    store.writer.run(
        lambda connection: audit.note(
            connection, store.ids, at, who=by.name, action="exported", subject=subject, after=name
        )
    ).result(timeout=WAIT_S)
