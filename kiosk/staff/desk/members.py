"""Members: a search, one in full, and what staff may do for them. No health data is shown and none can be typed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar, Final

from sqlalchemy import Connection

from hardware.units import ckmh_from_mph
from kiosk.archive import day_of, find_person
from kiosk.coach.plan import expand
from kiosk.coach.programs import ProgramError
from kiosk.coach.progression import BASE, TENTH, Facts, ladder_of, propose
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session.limits import facts_of_person, fixed_ckmh, held_ckmh
from kiosk.session.model import Person
from kiosk.session.words import sentence_in
from kiosk.staff import audit
from kiosk.staff.caps import OLDER_CKMH, CapContext, EffectiveCap, effective
from kiosk.staff.desk.asking import REASONS as WHY
from kiosk.staff.desk.asking import (
    ConfirmPage,
    NotePage,
    PadPage,
    PickPage,
    TypePage,
    reason_page,
    reason_word,
    words,
)
from kiosk.staff.desk.caps import CapPage, Subject, everybody, program_text, speed_words
from kiosk.staff.desk.errands import Answered, Job, Read, RefusalError, Write
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.places import PlacePage, WriteMember, Written
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import Button, Fact, FactsView, ListView, Row, Tone
from kiosk.staff.desk.when import day_text
from kiosk.staff.pin import Right
from kiosk.store import export as exports
from kiosk.store.commands import empty_log
from kiosk.store.ids import IdSource
from kiosk.store.kinds import AgeBand, CapScope, Screened, SessionState
from kiosk.store.moment import DAY_MS, Moment
from kiosk.store.records import Cap, Member, Progress, Screening, SessionRecord, Staff
from kiosk.store.repositories import caps as cap_rows
from kiosk.store.repositories import members, sessions
from kiosk.store.store import Store

SHOWN: Final = 200
VISITS_KNOWN: Final = 1000  # past every cap of the first visits: what grows is not held by them
LAST: Final = 5
ERASE_S: Final = 30.0
UNLOCK_DAYS: Final = 90
"""A clinician's sign-off holds for so long (coaching section 4: expiry at most 90 days)."""

ERASE_WHY: Final = ("reason_erase.asked", "reason_erase.left", "reason_erase.mistake")


@dataclass(frozen=True, slots=True)
class Hits:
    """Who was found, and how many members there are."""

    members: tuple[Member, ...]
    every: int


@dataclass(frozen=True, slots=True)
class Search(Read):
    """Members by the beginning of their code or a part of their name."""

    text: str = ""

    def read(self, connection: Connection, at: Moment) -> Hits:
        """At most SHOWN of them."""
        return Hits(members.search(connection, self.text, SHOWN), members.count(connection))


@dataclass(frozen=True, slots=True)
class Detail:
    """One member in full."""

    member: Member
    person: Person
    screening: Screening | None
    cap: Cap | None
    visits: int
    week: int
    last: tuple[SessionRecord, ...]
    utc_ms: int
    balance_ms: int | None = None  # until when their last balance check holds, or held

    @property
    def balance_counts(self) -> bool:
        """65 and older, or a fall: a balance check by staff lifts their limit."""
        return self.member.age_band is AgeBand.OLDER or self.person.limit_waits


@dataclass(frozen=True, slots=True)
class Look(Read):
    """All of one member that the desk shows; None if they are gone."""

    member_id: str

    def read(self, connection: Connection, at: Moment) -> Detail | None:
        """In one snapshot."""
        member = members.by_id(connection, self.member_id)
        person = None if member is None else find_person(connection, member.code, at)
        if member is None or person is None:
            return None
        return Detail(
            member,
            person,
            members.last_screening(connection, member.id),
            cap_rows.one(connection, CapScope.MEMBER, member.id),
            sessions.visits_of_member(connection, member.id),
            sessions.week_of_member(connection, member.id, at.utc_ms)[0],
            sessions.last_of_member(connection, member.id, LAST),
            at.utc_ms,
            members.balance_until_ms(connection, member.id),
        )


@dataclass(frozen=True, slots=True)
class Add(Write):
    """A new member; answers with the Member, whose code is shown once."""

    name: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> Member:
        """The audit names them by identifier alone."""
        member = members.add(connection, ids.new(at.utc_ms), at, name=self.name or None)
        audit.note(connection, ids, at, who=self.by.name, action="member added", subject=f"member {member.id}")
        return member


@dataclass(frozen=True, slots=True)
class Rename(Write):
    """Another name, or none. The audit says that it changed, never to what."""

    member_id: str
    name: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """With its audit entry."""
        members.set_name(connection, self.member_id, self.name or None)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="member renamed",
            subject=f"member {self.member_id}",
            after="name" if self.name else "no name",
        )


@dataclass(frozen=True, slots=True)
class Fast(Write):
    """Staff set a level after two clean visits of First Steps (coaching section 3)."""

    member_id: str
    comfort_mph: Decimal
    main_s: int
    reason: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """With its audit entry."""
        before = members.progress_of(connection, self.member_id)
        level = Progress(ckmh_from_mph(self.comfort_mph), self.main_s, 0, None)
        members.set_progress(connection, self.member_id, level, at.utc_ms)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="fast track",
            subject=f"member {self.member_id}",
            before="none" if before is None else f"{before.comfort_ckmh / 100:.2f} km/h, {before.main_s} s",
            after=f"{level.comfort_ckmh / 100:.2f} km/h, {level.main_s} s",
            reason=self.reason,
        )


def _keep_found(
    connection: Connection,
    ids: IdSource,
    at: Moment,
    member_id: str,
    by: Staff,
    reason: str,
    days: int,
    *,
    limit_ckmh: int | None = None,
) -> None:
    """What *by* found of a member, for *days*: an outcome, and nothing of why."""
    members.add_screening(
        connection,
        Screening(
            id=ids.new(at.utc_ms),
            member_id=member_id,
            at_ms=at.utc_ms,
            outcome=Screened.CLEAR if limit_ckmh is None else Screened.LIMIT,
            limit_ckmh=limit_ckmh,
            signer=by.name,
            reason=reason,
            expires_ms=at.utc_ms + days * DAY_MS,
        ),
    )


@dataclass(frozen=True, slots=True)
class Unlock(Write):
    """A physiotherapist lifts what locks a member; a speed limit of the last screening stays."""

    member_id: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """With its audit entry. Health data: only the outcome is kept."""
        last = members.last_screening(connection, self.member_id)
        limit = None if last is None else last.limit_ckmh
        _keep_found(connection, ids, at, self.member_id, self.by, members.CLINICIAN, UNLOCK_DAYS, limit_ckmh=limit)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="clinician unlocked",
            subject=f"member {self.member_id}",
            after=f"for {UNLOCK_DAYS} days",
        )


@dataclass(frozen=True, slots=True)
class Balance(Write):
    """Staff have checked a member's balance: what is kept is that, by whom, and until when it holds."""

    member_id: str
    days: int
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> None:
        """With its audit entry. Health data: kept only for a member who agreed, and gone with the rest of it."""
        if not members.consented(connection, self.member_id):
            raise RefusalError("members.no_consent")
        before = members.balance_until_ms(connection, self.member_id)
        _keep_found(connection, ids, at, self.member_id, self.by, members.BALANCE, self.days)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="balance checked",
            subject=f"member {self.member_id}",
            before="none" if before is None else "over" if before <= at.utc_ms else "checked",
            after=f"for {self.days} days",
        )


@dataclass(frozen=True, slots=True)
class Merge(Write):
    """Two records of one person become one; answers with how many sessions moved."""

    keep_id: str
    other_code: str
    by: Staff

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> int:
        """The other code goes."""
        other = members.by_code(connection, self.other_code)
        if other is None:
            raise RefusalError("members.no_such")
        if other.id == self.keep_id:
            raise RefusalError("members.same_one")
        count = members.merge(connection, self.keep_id, other.id, at.utc_ms)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="members merged",
            subject=f"member {self.keep_id}",
            before=f"member {other.id}",
            after=f"{count} sessions moved",
        )
        return count


@dataclass(frozen=True, slots=True)
class Erase(Job):
    """Name, code, scores, samples and exports go; walks stay as a guest's. Answers with how many.

    *health_only*: scores and screening go, and with them the member's yes to keeping them; the rest stays.
    """

    member_id: str
    reason: str
    by: Staff
    health_only: bool = False

    def do(self, store: Store, at: Moment) -> int:
        """With its audit entry, which names an identifier that means nothing any more."""
        count = store.writer.run(lambda connection: self._erased(connection, store.ids, at)).result(timeout=ERASE_S)
        directory = store.path.parent
        store.reader.ask(lambda connection: exports.forget(connection, directory, self.member_id)).result(ERASE_S)
        empty_log(directory)  # nor are they left in the file beside the record
        store.reader.look_now()  # their cap has gone
        return count

    def _erased(self, connection: Connection, ids: IdSource, at: Moment) -> int:
        erased = members.withdraw_consent if self.health_only else members.erase
        count = erased(connection, self.member_id, at.utc_ms)
        audit.note(
            connection,
            ids,
            at,
            who=self.by.name,
            action="health data erased" if self.health_only else "member erased",
            subject=f"member {self.member_id}",
            after=f"{count} sessions",
            reason=self.reason,
        )
        return count


# ---------------------------------------------------------------------------------------------------- the list


@dataclass(frozen=True, slots=True)
class MembersPage(LongPage):
    """Search, list, add."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_MEMBERS
    text: str = ""
    found: tuple[Member, ...] = ()
    every: int = 0
    heard: bool = False
    asking: str = ""
    message: str = ""

    def opened(self, t: DeskTurn) -> None:
        """Everybody."""
        t.run(Search(self.text))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A member, a search, a new one."""
        match intent.kind:
            case IntentKind.OPEN if 0 <= intent.value < len(self.found):
                t.put(replace(self, asking="member", message=""))
                t.open(MemberPage(self.found[intent.value].id, self.found[intent.value].code))
            case IntentKind.CHOOSE if intent.value == 0:
                t.put(replace(self, asking="code", message=""))
                t.open(PadPage(words("members.by_code"), words("members.by_code_help")))
            case IntentKind.CHOOSE:
                t.put(replace(self, asking="name", message=""))
                t.open(TypePage(words("members.by_name"), words("members.by_name_help"), may_be_empty=True))
            case IntentKind.CONFIRM:
                t.put(replace(self, asking="add", message=""))
                t.open(TypePage(words("members.new"), words("members.new_help"), may_be_empty=True))

    def returned(self, t: DeskTurn, result: object) -> None:
        """What was typed."""
        match self.asking, result:
            case "code" | "name", str(text):
                t.put(replace(self, asking=self.asking, text=text, page=0))
                t.run(Search(text))
            case "add", str(name):
                t.put(replace(self, asking=""))
                t.run(Add(name, t.desk.who))
            case "member", _:
                t.put(replace(self, asking=""))
                t.run(Search(self.text))
            case _:
                t.put(replace(self, asking=""))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Who was found; or the new one's code, this once."""
        match answer.errand, answer.result:
            case Search(text), Hits() as hits if text == self.text:
                by_code = self.asking == "code" and len(hits.members) == 1
                page = replace(self, found=hits.members, every=hits.every, heard=True, asking="")
                t.put(replace(page, asking="member") if by_code else page)
                if by_code:
                    t.open(MemberPage(hits.members[0].id, hits.members[0].code))
            case Add(), Member() as member:
                t.put(replace(self, asking="member"))
                t.open(NotePage(words("members.added"), words("members.added_help"), member.code))
            case Search() | Add(), _ if answer.refused:
                t.put(replace(self, message=answer.refused, asking=""))

    def view(self, here: Here) -> ListView:
        """Code, name, since when."""
        rows = tuple(
            Row(
                (member.code, member.name or "–", day_text(member.first_seen_ms)),
                Intent(IntentKind.OPEN, index),
                icon="person",
            )
            for index, member in enumerate(self.found)
        )
        shown = here.texts("members.shown", n=len(self.found), every=self.every) if self.heard else ""
        return ListView(
            here.texts("menu.members"),
            tuple(here.texts(f"members.head_{name}") for name in ("code", "name", "since")),
            (1.0, 1.6, 1.0),
            rows,
            self.page,
            narrow=(0, 1),
            empty=here.texts("members.none") if self.heard else "",
            text=shown,
            buttons=(
                Button(here.texts("members.find_code"), Intent(IntentKind.CHOOSE, 0)),
                Button(here.texts("members.find_name"), Intent(IntentKind.CHOOSE, 1)),
                Button(here.texts("members.add"), Intent(IntentKind.CONFIRM), tone=Tone.GOOD),
            ),
            message=here.texts(self.message) if self.message else "",
        )


# ------------------------------------------------------------------------------------------------------ one member

SPEEDS: Final = tuple(Decimal(n) / 10 for n in range(10, 16))
MINUTES: Final = (2, 3, 4, 5)
"""What a fast track may set: 1.0 to 1.5 mph, two to five minutes (coaching section 3)."""

ACTIONS: Final = ("cap", "rename", "fast", "unlock", "balance", "merge", "export", "scores", "erase")


@dataclass(frozen=True, slots=True)
class MemberPage(LongPage):
    """What is known, and what can be done."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_MEMBER
    member_id: str
    code: str
    detail: Detail | None = None
    facts: tuple[Fact, ...] = ()  # of the detail, worked out once, not for every frame
    fast: bool | None = None
    caps: tuple[Cap, ...] = ()  # as they were then
    asking: str = ""
    speed: Decimal = SPEEDS[0]
    main_s: int = 120
    other: str = ""
    message: str = ""
    values: tuple[tuple[str, str], ...] = ()
    tone: Tone = Tone.NOTICE

    def opened(self, t: DeskTurn) -> None:
        """Ask for all of them."""
        t.run(Look(self.member_id))

    def actions(self, here: Here) -> tuple[str, ...]:
        """What this account may do for this member."""
        found = [name for name in ACTIONS if name not in ("fast", "unlock", "balance")]
        fast = self.fast
        if fast is None and self.detail is not None:
            fast = may_fast_track(self.detail, here)
        if fast:
            found.insert(2, "fast")
        if here.may(Right.CLINICIAN):
            found.insert(2, "unlock")
        if self.detail is not None and self.detail.balance_counts and self.detail.person.consented:
            found.insert(2, "balance")
        return tuple(found)

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """An action."""
        if intent.kind is IntentKind.OPEN and self.detail is not None and 0 <= intent.value < len(ACTIONS):
            name = ACTIONS[intent.value]
            if name in self.actions(t.here):
                t.put(replace(self, asking=name, message=""))
                self._ask(t, name)

    def _ask(self, t: DeskTurn, name: str) -> None:
        who = words("members.member", code=self.code)
        match name:
            case "cap":
                rests = OLDER_CKMH if self.detail is not None and self.detail.balance_counts else None
                t.open(CapPage(Subject(CapScope.MEMBER, self.member_id, self.code), rests=rests))
            case "rename":
                typed = "" if self.detail is None else self.detail.member.name or ""
                t.open(TypePage(who, words("members.rename_help"), typed=typed, may_be_empty=True))
            case "fast":
                speeds = tuple(speed_words(t.here, ckmh_from_mph(speed)) for speed in SPEEDS)
                t.open(PickPage(words("members.fast_speed"), speeds, words("members.fast_help"), literal=True))
            case "unlock":
                lines = (words("members.unlock_line_1"), words("members.unlock_line_2", n=UNLOCK_DAYS))
                t.open(ConfirmPage(who, lines, "members.unlock"))
            case "balance":
                limit = speed_words(t.here, OLDER_CKMH)
                lines = (
                    words("members.balance_line_1"),
                    words("members.balance_line_2", n=t.setup.screening.validity.balance_days, speed=limit),
                )
                t.open(ConfirmPage(who, lines, "members.balance"))
            case "merge":
                t.open(PadPage(words("members.merge_title"), words("members.merge_help", code=self.code)))
            case "export":
                t.open(PlacePage())
            case "scores" | "erase":
                t.open(reason_page(words("reason_staff.title"), ERASE_WHY))

    def returned(self, t: DeskTurn, result: object) -> None:
        """One question after the other."""
        by = t.desk.who
        match self.asking, result:
            case "rename", str(name):
                t.run(Rename(self.member_id, name, by))
            case "fast", int(index):
                t.put(replace(self, asking="fast_main", speed=SPEEDS[index]))
                minutes = tuple(t.here.texts("unit.minutes", n=n) for n in MINUTES)
                t.open(PickPage(words("members.fast_main"), minutes, literal=True))
                return
            case "fast_main", int(index):
                t.put(replace(self, asking="fast_why", main_s=60 * MINUTES[index]))
                t.open(reason_page(words("reason_staff.title")))
                return
            case "fast_why", int(index):
                t.run(Fast(self.member_id, self.speed, self.main_s, reason_word(WHY[index]), by))
            case "unlock", True:
                t.run(Unlock(self.member_id, by))
            case "balance", True:
                t.run(Balance(self.member_id, t.setup.screening.validity.balance_days, by))
            case "merge", str(code):
                t.put(replace(self, asking="merge_sure", other=code))
                lines = (
                    words("members.merge_line_1", other=code, code=self.code),
                    words("members.merge_line_2"),
                )
                t.open(ConfirmPage(words("members.merge_title"), lines, "members.merge", dire=True))
                return
            case "merge_sure", True:
                t.run(Merge(self.member_id, self.other, by))
            case "export", str(place):
                t.run(WriteMember(self.member_id, place, by))
            case ("scores" | "erase") as what, int(index):
                t.put(replace(self, asking=f"{what}_sure", other=reason_word(ERASE_WHY[index])))
                warned = tuple(words(f"members.{what}_line_{n}") for n in (1, 2, 3))
                t.open(
                    ConfirmPage(words(f"members.{what}_title", code=self.code), warned, f"members.{what}", dire=True)
                )
                return
            case ("scores_sure" | "erase_sure") as what, True:
                t.run(Erase(self.member_id, self.other, by, health_only=what == "scores_sure"))
            case "cap", _:
                t.run(Look(self.member_id))
        t.put(replace(self, asking=""))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """What is known now, or what became of an action."""
        errand, result = answer.errand, answer.result
        if isinstance(errand, Look) and errand.member_id == self.member_id:
            if isinstance(result, Detail):
                t.put(replace(self, detail=result, code=result.member.code).worked_out(t.here))
            else:
                t.put(replace(self, message=answer.refused or "members.no_such", tone=Tone.NOTICE))
            return
        mine = (
            isinstance(errand, Rename | Fast | Unlock | Balance | Erase | WriteMember)
            and errand.member_id == self.member_id
        )
        mine = mine or (isinstance(errand, Merge) and errand.keep_id == self.member_id)
        if not mine:
            return
        if answer.refused:
            t.put(replace(self, message=answer.refused, values=(), tone=Tone.NOTICE))
            t.play("caution")
            return
        t.play("done")
        if isinstance(errand, Erase) and not errand.health_only:
            t.back()
            return
        if isinstance(result, Written):
            values = (("name", result.name), ("sum", result.short))
            t.put(replace(self, message="export.written", values=values, tone=Tone.GOOD))
            return
        t.put(replace(self, message="members.done", values=(), tone=Tone.GOOD))
        t.run(Look(self.member_id))

    def worked_out(self, here: Here) -> MemberPage:
        """With what follows from the detail and the caps."""
        if self.detail is None:
            return self
        fast = may_fast_track(self.detail, here)
        return replace(self, facts=facts_of(self.detail, here), fast=fast, caps=here.caps)

    def passing(self, t: DeskTurn) -> None:
        """A cap that was just set, here or elsewhere."""
        if self.detail is not None and t.here.caps != self.caps:
            t.put(self.worked_out(t.here))

    def view(self, here: Here) -> FactsView:
        """Facts and actions."""
        detail = self.detail
        facts = self.facts if self.facts or detail is None else facts_of(detail, here)
        tones = {"erase": Tone.BAD, "scores": Tone.BAD, "merge": Tone.BAD}
        actions = tuple(
            Button(
                here.texts(f"members.{name}"),
                Intent(IntentKind.OPEN, ACTIONS.index(name)),
                tone=tones.get(name, Tone.PLAIN),
            )
            for name in self.actions(here)
        )
        name = "" if detail is None or not detail.member.name else f" · {detail.member.name}"
        return FactsView(
            f"{here.texts('members.member', code=self.code)}{name}",
            facts,
            actions if detail is not None else (),
            self.page,
            message=here.texts(self.message, **dict(self.values)) if self.message else "",
            tone=self.tone,
        )


def may_fast_track(detail: Detail, here: Here) -> bool:
    """Two clean visits of First Steps, under 65, nothing RED, and not beyond them already (coaching section 3)."""
    progress = here.setup.content.rules.progress
    ladder = ladder_of(detail.person.history, coach_facts(detail, here), progress)
    older = detail.member.age_band is AgeBand.OLDER
    return not older and ladder.clean >= progress.fast_clean and ladder.first is not None and not ladder.reds


def cap_of(detail: Detail, here: Here) -> EffectiveCap:
    """What holds for this member on this treadmill in the base plan, and whose cap it is."""
    progress = here.setup.content.rules.progress
    held = held_ckmh(detail.person, None, detail.person.history, here.caps, progress)
    return effective(here.caps, replace(_context(detail, here), visits=detail.visits, screening_ckmh=held))


def _context(detail: Detail, here: Here) -> CapContext:
    return replace(
        everybody(here),
        member_id=detail.member.id,
        visits=VISITS_KNOWN,
        program_id=BASE,
        age_band=detail.member.age_band,
    )


def coach_facts(detail: Detail, here: Here) -> Facts:
    """What progression needs of a member, as the session gathers it (kiosk.session.near)."""
    fixed = fixed_ckmh(detail.person, None)
    cap = effective(here.caps, replace(_context(detail, here), screening_ckmh=fixed))
    return replace(
        facts_of_person(detail.person, None, here.caps),
        cap_mph=(Decimal(cap.speed_ckmh) / Decimal("160.9344")).quantize(TENTH, rounding="ROUND_FLOOR"),
    )


def plan_of(detail: Detail, here: Here) -> tuple[str, str]:
    """What comes next, and why."""
    content = here.setup.content
    if detail.person.forbidden:
        return here.texts("members.plan_none"), here.texts("members.why_forbidden")
    today = propose(
        detail.person.history, day_of(detail.utc_ms), coach_facts(detail, here), content.programs, content.rules
    )
    if not today.proposals:
        return here.texts("members.plan_none"), here.texts(today.refusal or "talk.default")
    best = today.proposals[0]
    name = program_text(here, best.program)
    try:
        plan = expand(content.programs[best.program], best.choice, content.rules)
        minutes = here.texts("unit.minutes", n=max(1, round(plan.walk_s / 60)))
        top = here.texts.speed(plan.top_ckmh, here.setup.units)
        name = f"{name}, {minutes}, {top} {here.texts(f'unit.{here.setup.units.name.lower()}')}"
    except (KeyError, ProgramError):
        pass  # a program that was taken away: its name has to do
    return name, sentence_in(here.texts, here.setup.units, best.reason, best.values)


def _balance(detail: Detail, here: Here) -> tuple[Fact, ...]:
    """Of those whose limit it lifts: whether staff have checked their balance, and until when that holds."""
    if not detail.balance_counts:
        return ()
    title, until_ms = here.texts("members.head_balance"), detail.balance_ms
    if until_ms is None:
        return (Fact(title, here.texts("members.unchecked"), Tone.NOTICE),)
    told = here.texts("members.until", what=here.texts("members.checked"), day=day_text(until_ms))
    if until_ms <= detail.utc_ms:
        return (Fact(title, here.texts("members.expired", what=told), Tone.NOTICE),)
    return (Fact(title, told),)


def facts_of(detail: Detail, here: Here) -> tuple[Fact, ...]:
    """Everything, top to bottom."""
    texts, member, screening = here.texts, detail.member, detail.screening
    plan, why = plan_of(detail, here)
    holds = cap_of(detail, here)
    own = speed_words(here, detail.cap.speed_ckmh) if detail.cap is not None else texts("members.no_cap")
    screened, tone = texts("members.not_screened"), Tone.NOTICE
    if screening is not None:
        over = screening.expires_ms <= detail.utc_ms
        screened = texts(f"members.screened_{screening.outcome.value}")
        if screening.outcome is not Screened.FORBID:
            screened = texts("members.until", what=screened, day=day_text(screening.expires_ms))
        tone = Tone.BAD if screening.outcome is Screened.FORBID else Tone.NOTICE if over else Tone.PLAIN
        screened = texts("members.expired", what=screened) if over else screened
    facts = [
        Fact(texts("members.head_plan"), plan),
        Fact(texts("members.head_why"), why),
        Fact(texts("members.head_cap"), own),
        Fact(
            texts("members.head_holds"),
            f"{speed_words(here, holds.speed_ckmh)} ({texts(f'caps.source_{holds.source.value}')})",
        ),
        Fact(texts("members.head_screening"), screened, tone),
        *_balance(detail, here),
        Fact(texts("members.head_visits"), texts("members.visits", n=detail.visits, week=detail.week)),
        Fact(texts("members.head_since"), day_text(member.first_seen_ms)),
    ]
    for session in detail.last:
        walked = texts("unit.minutes", n=round(session.walk_s / 60))
        done = "tick" if session.state is SessionState.COMPLETED else ""
        ended = texts("members.completed" if done else "members.ended_early")
        facts.append(
            Fact(day_text(session.started_ms), f"{program_text(here, session.program_id)}, {walked}, {ended}")
        )
    return tuple(facts)
