"""Between the session and the record: carries out what it asks to be kept, brings the record's answers as events.

Nothing here waits: writes go to the store's writer thread, questions to its reader, PINs to the desk; answers are
fetched once a frame. In lock-step and composed runs the same calls answer at once.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection

from hardware.units import ckmh_from_mph, tenths_of_mph
from kiosk import black_box
from kiosk.coach.levels import choice_of
from kiosk.coach.screening import Outcome, Result, Screening
from kiosk.coach.standing import FastTrack, Visit
from kiosk.session.actions import (
    Action,
    FindMember,
    Join,
    KeepDays,
    Record,
    RecordConsent,
    RecordScreening,
    RecordWhy,
    TryPin,
    Unjoin,
)
from kiosk.session.model import (
    CapsRead,
    ClockRead,
    Event,
    Found,
    Joined,
    LeftOpen,
    OwnerNeeded,
    Person,
    PinTried,
    RecordHealth,
    ServiceRead,
)
from kiosk.staff.desk.clerk import Clerk
from kiosk.staff.desk.errands import Run
from kiosk.staff.pin import PinDesk, SignIn, first_account_needed
from kiosk.store.kinds import AgeBand, Screened, SessionState
from kiosk.store.maintenance import Maintenance
from kiosk.store.moment import DAY_MS, Moment, WallClock
from kiosk.store.records import Cap, Closing, EventIn, Opening, Progress, Ratings, Sample, SessionRecord
from kiosk.store.records import Screening as ScreeningRecord
from kiosk.store.repositories import black_boxes, members, service, sessions
from kiosk.store.store import Store

T = TypeVar("T")

SERVICE_S: Final = 5.0
SERVICE_SOON_S: Final = 0.5  # a fault is on disk by then, and if not it is asked again

GUARD_EVENTS: Final = 64
"""So many of the guard's events are remembered by their number, for black boxes that come later."""

CLOCK_S: Final = 10.0
"""How often the session hears what time it is, for dates on staff screens."""

LEFT_OPEN_MS: Final = 15 * 60_000
"""A belt that still moves so soon after a session was cut off is that session's. Later it is somebody else's."""

OWNER_S: Final = 2.0
"""How often it is asked whether somebody has made the first staff account by now, at the screen or from a shell."""

HISTORY: Final = 120
"""Sessions that are looked at for a member: more than half a year at three a week."""

MEMBER_LANGUAGES: Final = ("en", "es", "de")
"""Those that the record knows (its own rule); another is left out."""

FORBIDDEN_DAYS: Final = 36_500  # until a letter is on file: staff take it away, time does not


class Archive(Protocol):
    """What the kiosk needs of the record."""

    def moment(self, now_s: float) -> Moment:
        """Now, in UTC."""

    def new_id(self, now_s: float) -> str:
        """A fresh identifier for a session."""

    def do(self, action: Action, now_s: float) -> None:
        """Carry out an action that is the record's; others are left alone."""

    def keep_box(self, guard_event: int, content: bytes, now_s: float) -> None:
        """Keep the black box of the guard's event number *guard_event*."""

    def poll(self, now_s: float) -> list[Event]:
        """Answers and news since the last call."""

    def close(self) -> None:
        """Write what is left and let go."""


class StoreArchive:
    """The real one."""

    def __init__(
        self,
        store: Store,
        wall: WallClock,
        screening: Screening,
        *,
        threaded: bool = True,
        watch_clock: bool = False,
        wants_owner: bool = True,
    ) -> None:
        """*watch_clock*: a wall clock that nobody has set becomes the standing notice (not in the simulation).

        *wants_owner*: without a staff account nothing else can be done at the kiosk.
        """
        self._watch_clock: Final = watch_clock
        self._store: Final = store
        self._wall: Final = wall
        self._screening: Final = screening
        self._desk: Final = PinDesk(store, threaded=threaded)
        # Not in lock-step and composed runs, where nights pass in minutes.
        self._night: Final = Maintenance(store) if threaded else None
        self._clerk: Final = Clerk(store, threaded=threaded)
        self._owner: Future[bool] | None = None
        self._owner_asked_s = float("-inf")
        self._owner_wanted = wants_owner
        self._clock_s = float("-inf")
        self._lookups: list[Future[Person | None]] = []
        self._tries: list[Future[SignIn]] = []
        self._joins: list[tuple[Future[str], Join, str]] = []  # with the new member's identifier
        self._guard_events: dict[int, str] = {}  # SafetyEvent.id -> identifier in the record, newest last
        self._caps: tuple[Cap, ...] | None = None
        self._banner = ""
        self._service_s = float("-inf")
        self._service_asked: Future[service.Service] | None = None
        self._service_told = service.Service()
        self._left_open: Future[list[SessionRecord]] | None = None
        if store.interrupted:
            self._left_open = store.reader.ask(
                lambda c: [kept for one in store.interrupted if (kept := sessions.by_id(c, one)) is not None]
            )
        wall.raise_floor(store.newest_ms)

    def moment(self, now_s: float) -> Moment:
        """Now, in UTC."""
        return self._wall.moment(now_s)

    def today(self, now_s: float) -> date:
        """The day of the gym's own time zone."""
        return day_of(self.moment(now_s).utc_ms)

    def new_id(self, now_s: float) -> str:
        """A UUIDv7."""
        return self._store.ids.new(self.moment(now_s).utc_ms)

    def do(self, action: Action, now_s: float) -> None:
        """Carry out an action that is the record's; others are left alone."""
        writer = self._store.writer
        at = self.moment(now_s)
        match action:
            case Record(Opening() as opening):
                writer.open_session(opening, at)
                self._wall.raise_floor(at.utc_ms)
            case Record(Sample() as sample):
                writer.sample(sample)
            case Record(EventIn() as event):
                recorded = writer.event(event, at)
                if service.is_fault(event):
                    ids, cause = self._store.ids, event.cause
                    writer.run(lambda connection: service.consider(connection, ids, cause, at))
                    self._service_s = now_s + SERVICE_SOON_S
                if event.guard_event is not None:
                    self._guard_events[event.guard_event] = recorded
                    while len(self._guard_events) > GUARD_EVENTS:
                        del self._guard_events[next(iter(self._guard_events))]
            case Record(Closing() as closing):
                writer.close_session(closing, at)
            case Record(Ratings() as ratings):
                writer.rate(ratings, if_agreed=True)
            case RecordWhy(session_id, why):
                writer.why_stopped(session_id, why, if_agreed=True)
            case RecordConsent(member_id):
                writer.run(lambda connection: members.give_consent(connection, member_id, at.utc_ms))
            case KeepDays(member_id, days):
                writer.run(lambda connection: members.set_own_days(connection, member_id, days))
            case RecordScreening(member_id, outcome, signer):
                self._keep_screening(member_id, outcome, signer, at)
            case Join():
                self._join(action, at)
            case Unjoin(code):
                writer.run(lambda connection: forget(connection, code, at.utc_ms))
            case FindMember(code):
                self._lookups.append(self._store.reader.ask(lambda connection: find_person(connection, code, at)))
            case TryPin(pin):
                self._tries.append(self._desk.sign_in(pin, at))
            case Run(errand):
                self._clerk.run(errand, at)

    def _join(self, join: Join, at: Moment) -> None:
        """A member with a code of their own. What is theirs follows once they are on record: see _joined."""
        member_id = self._store.ids.new(at.utc_ms)
        language = join.language if join.language in MEMBER_LANGUAGES else None

        def make(connection: Connection) -> str:
            member = members.add(connection, member_id, at, language=language)
            if join.consent:
                members.give_consent(connection, member_id, at.utc_ms)
            return member.code

        self._joins.append((self._store.writer.run(make), join, member_id))

    def _joined(self, made: Future[str], join: Join, member_id: str) -> Joined:
        """The walk becomes the new member's, in the writer's order behind its closing; scores only with consent.

        Where no member could be made, nothing about the guest is kept.
        """
        if made.exception() is not None:
            return Joined("")
        writer = self._store.writer
        writer.join_member(join.session_id, member_id)
        if join.consent:
            writer.rate(join.ratings)
            if join.why:
                writer.why_stopped(join.session_id, join.why)
        return Joined(made.result())

    def _service(self, now_s: float) -> list[Event]:
        """In service or not, as the record has it: soon after a fault, and now and then, as a shell may clear it."""
        events: list[Event] = []
        if self._service_asked is not None and self._service_asked.done():
            asked, self._service_asked = self._service_asked, None
            if asked.exception() is None and asked.result() != self._service_told:
                self._service_told = asked.result()
                events.append(ServiceRead(self._service_told))
        if self._service_asked is None and now_s >= self._service_s:
            self._service_s = now_s + SERVICE_S
            utc_ms = self.moment(now_s).utc_ms
            self._service_asked = self._store.reader.ask(lambda connection: service.read(connection, utc_ms))
        return events

    def keep_box(self, guard_event: int, content: bytes, now_s: float) -> None:
        """Keep the black box of the guard's event number *guard_event*; behind the event in the writer's order."""
        event_id = self._guard_events.pop(guard_event, None)
        if event_id is None:
            return  # an event of a guard before this one
        packed = black_boxes.packed(content)
        form = black_box.FORMAT + black_boxes.COMPRESSED
        self._store.writer.black_box(event_id, form, packed, self.moment(now_s))

    def _keep_screening(self, member_id: str, outcome: Outcome, signer: str, at: Moment) -> None:
        screened = _SCREENED.get(outcome.result)
        if screened is None:
            return  # "not today" is of today: nothing to keep
        validity = self._screening.validity
        days = FORBIDDEN_DAYS if screened is Screened.FORBID else validity.days
        if screened is Screened.GATE or (signer and outcome.signed_once):
            days = validity.sign_off_days
        kept = ScreeningRecord(
            id=self._store.ids.new(at.utc_ms),
            member_id=member_id,
            at_ms=at.utc_ms,
            outcome=screened,
            limit_ckmh=None if outcome.limit_mph is None else ckmh_from_mph(outcome.limit_mph),
            signer=signer,
            reason=members.UNTIL_CHECKED if outcome.until_checked else "",
            expires_ms=at.utc_ms + days * DAY_MS,
        )
        band = (
            AgeBand.OLDER if "older" in outcome.flags else AgeBand.TEEN if "minor" in outcome.flags else AgeBand.ADULT
        )

        def keep(connection: Connection) -> None:
            whose = members.standing_id(connection, member_id)
            if whose is None:
                return  # erased since: nobody is left whom it could hold
            members.add_screening(connection, replace(kept, member_id=whose))
            if screened is not Screened.FORBID:
                members.set_age_band(connection, whose, band)

        self._store.writer.run(keep)

    def poll(self, now_s: float) -> list[Event]:
        """Answers and news since the last call; begins the night shift when it is due and nobody walks."""
        if self._night is not None:
            self._night.tick(self.moment(now_s))
        events: list[Event] = []
        for lookup in _settled(self._lookups):
            broken = lookup.exception() is not None
            events.append(Found(None, broken=True) if broken else Found(lookup.result()))
        waiting = [entry for entry in self._joins if not entry[0].done()]
        events += [self._joined(*entry) for entry in self._joins if entry[0].done()]
        self._joins = waiting
        for tried in _settled(self._tries):
            if tried.exception() is not None:
                events.append(PinTried("", broken=True))
            else:
                told = tried.result()
                name = told.staff.name if told.staff is not None else ""
                events.append(PinTried(name, told.wait_s, account=told.staff))
        events += self._cut_off(now_s)
        events += self._clerk.poll()
        events += self._service(now_s)
        events += self._first_account(now_s)
        if now_s - self._clock_s >= CLOCK_S:
            self._clock_s = now_s
            events.append(ClockRead(self.moment(now_s).utc_ms))
        caps = self._store.reader.caps()
        if caps != self._caps:
            self._caps = caps
            events.append(CapsRead(caps))
        banner = self._store.writer.health().state.value
        if not banner and self._watch_clock and not self.moment(now_s).trusted:
            banner = "clock"  # rest days and locks need a clock that somebody has set (coaching, decisions)
        if banner != self._banner:
            self._banner = banner
            events.append(RecordHealth(banner))
        return events

    def _cut_off(self, now_s: float) -> list[Event]:
        """Once after the start: the treadmill of the session that a crash or power cut has left open, if just now."""
        if self._left_open is None or not self._left_open.done():
            return []
        asked, self._left_open = self._left_open, None
        if asked.exception() is not None or not asked.result():
            return []
        newest = max(asked.result(), key=lambda kept: kept.started_ms)
        since_ms = self.moment(now_s).utc_ms - (newest.ended_ms or newest.started_ms)
        return [LeftOpen(newest.treadmill)] if newest.treadmill and since_ms <= LEFT_OPEN_MS else []

    def _first_account(self, now_s: float) -> list[Event]:
        """Ask until there is an account; once there is one there always is (the last owner cannot be retired)."""
        if not self._owner_wanted:
            return []
        if self._owner is None:
            if now_s - self._owner_asked_s >= OWNER_S:
                self._owner_asked_s = now_s
                self._owner = self._store.reader.ask(first_account_needed)
            return []
        if not self._owner.done():
            return []
        asked, self._owner = self._owner, None
        if asked.exception() is not None:
            return []  # a record that does not answer makes nobody owner
        self._owner_wanted = asked.result()
        return [OwnerNeeded(self._owner_wanted)]

    def close(self) -> None:
        """Write what is left and let go."""
        if self._night is not None:
            self._night.close()
        self._store.close()


_SCREENED: Final = {
    Result.CLEAR: Screened.CLEAR,
    Result.LIMIT: Screened.LIMIT,
    Result.GATE: Screened.GATE,
    Result.FORBID: Screened.FORBID,
}


def _settled(futures: list[Future[T]]) -> list[Future[T]]:
    done = [future for future in futures if future.done()]
    futures[:] = [future for future in futures if not future.done()]
    return done


def forget(connection: Connection, code: str, utc_ms: int) -> None:
    """Erase the member with this code, if there is one; their walks stay as a guest's."""
    member = members.by_code(connection, code)
    if member is not None:
        members.erase(connection, member.id, utc_ms)


def day_of(utc_ms: int) -> date:
    """The calendar day in the machine's time zone: rest days are days of the gym."""
    return datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone().date()


def find_person(connection: Connection, code: str, at: Moment) -> Person | None:
    """The member with this code and what a session needs to know of them; None if there is none."""
    member = members.by_code(connection, code)
    if member is None:
        return None
    screening = members.last_screening(connection, member.id)
    valid = screening is not None and screening.expires_ms > at.utc_ms
    past = sessions.last_of_member(connection, member.id, HISTORY)
    cleared_ms, progress = members.cleared_ms(connection, member.id), members.progress_of(connection, member.id)
    balance_ms = members.balance_until_ms(connection, member.id)
    label = member.name.split()[0] if member.name else f"••••{member.code[-2:]}"
    return Person(
        id=member.id,
        label=label,
        language=member.language,
        age_band=member.age_band,
        consented=members.consented(connection, member.id),
        screened_until_ms=screening.expires_ms if screening is not None and valid else None,
        screening_limit_ckmh=screening.limit_ckmh if screening is not None and valid else None,
        last_session_id=past[0].id if past else None,
        forbidden=screening is not None and valid and screening.outcome is Screened.FORBID,
        history=tuple(visit_of(record) for record in sorted(past, key=lambda r: r.started_ms) if record.walk_s > 0),
        cleared_on=None if cleared_ms is None else day_of(cleared_ms),
        fast_track=None if progress is None else fast_track_of(progress),
        days=members.own_days(connection, member.id),
        limit_waits=valid and members.limit_waits(connection, member.id),
        balance_checked=balance_ms is not None and balance_ms > at.utc_ms,
    )


def fast_track_of(progress: Progress) -> FastTrack:
    """A level that staff set, as progression reads it."""
    return FastTrack(day_of(progress.updated_ms), tenths_of_mph(progress.comfort_ckmh), progress.main_s)


def visit_of(record: SessionRecord) -> Visit:
    """A recorded session as progression reads it."""
    return Visit(
        day=day_of(record.started_ms),
        program=record.program_id,
        choice=choice_of(record.variant),
        planned_s=record.plan_s,
        walked_s=record.walk_s,
        completed=record.state is SessionState.COMPLETED,
        top_ckmh=record.top_ckmh,
        cause=record.cause,
        why=record.why or "",
        pain_before=record.pain_before,
        pain_peak=record.pain_peak,
        pain_after=record.pain_after,
        effort=record.effort,
        dizzy=record.dizzy is True,
        stumble=record.stumble is True,
        worse_next_morning=record.worse_next_morning is True,
    )


class NoArchive:
    """Keeps nothing: for trials of the kiosk alone. Member codes and PINs are unknown to it."""

    def __init__(self, moment: Callable[[float], Moment]) -> None:
        self._moment: Final = moment
        self._events: list[Event] = []
        self._ids = 0
        self.actions: list[Action] = []

    def moment(self, now_s: float) -> Moment:
        """Now, in UTC."""
        return self._moment(now_s)

    def new_id(self, now_s: float) -> str:
        """Counts."""
        self._ids += 1
        return f"trial-{self._ids}"

    def do(self, action: Action, now_s: float) -> None:
        """Remember what was asked."""
        self.actions.append(action)
        if isinstance(action, FindMember):
            self._events.append(Found(None))
        elif isinstance(action, TryPin):
            self._events.append(PinTried(""))
        elif isinstance(action, Join):
            self._events.append(Joined(""))

    def keep_box(self, guard_event: int, content: bytes, now_s: float) -> None:
        """There is nowhere to keep it."""

    def poll(self, now_s: float) -> list[Event]:
        """Answers since the last call."""
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Nothing to let go."""
