"""Speed caps: every row there is, which one wins, and changing one (screens A11).

Lowering acts at once, also on a walk under way; raising is held for 2 s, wants a reason, and acts from the next
session. Nothing goes above the commissioned limit; above 3.0 mph a second person's PIN is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from sqlalchemy import Connection

from hardware.units import SpeedUnit, kmh_from_ckmh, mph_from_ckmh
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff import caps as rules
from kiosk.staff.caps import CapContext, Change, effective, with_defaults
from kiosk.staff.desk.asking import REASONS as WHY
from kiosk.staff.desk.asking import PadPage, PickPage, another_person, reason_page, reason_word, words
from kiosk.staff.desk.errands import Answered, Read, RefusalError, Write
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.turn import DeskTurn, LongPage, Page
from kiosk.staff.desk.views import Button, Fact, ListView, Row, StepperView, Tone
from kiosk.staff.desk.when import day_text
from kiosk.store.ids import IdSource
from kiosk.store.kinds import MAX_INCLINE_DPCT, AgeBand, CapScope
from kiosk.store.moment import Moment
from kiosk.store.records import Cap, Member, Staff
from kiosk.store.repositories import caps as rows_of
from kiosk.store.repositories import members

STEP_CKMH: Final = 10
STEP_DPCT: Final = 5
SLOPE: Final = "slope"  # the steepest slope, kept in the gym's row
UNDO: Final = "undo"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a cap is about: *kind* SLOPE is the gym's steepest slope, else a speed. *label* of a member: the code."""

    scope: CapScope
    key: str = ""
    label: str = ""
    kind: str = "speed"


def gym_slope() -> Subject:
    """The steepest slope in the house."""
    return Subject(CapScope.GYM, kind=SLOPE)


def subject_text(here: Here, subject: Subject) -> str:
    """A scope in words."""
    if subject.kind == SLOPE:
        return here.texts("caps.slope")
    match subject.scope:
        case CapScope.PROGRAM:
            return program_text(here, subject.key)
        case CapScope.MEMBER:
            return here.texts("caps.scope_member", code=subject.label or "······")
        case CapScope.VISITS:
            return here.texts("caps.scope_visits", n=subject.key)
        case CapScope.AGE:
            return here.texts("caps.scope_age", band=subject.key)
        case CapScope.INCLINE:
            return here.texts("caps.scope_incline", percent=here.texts.slope(int(subject.key)))
        case _:
            return here.texts(f"caps.scope_{subject.scope.value}")


def program_text(here: Here, program_id: str) -> str:
    """A program's title in the language shown."""
    key = f"program.{program_id}.title"
    if here.texts.has(key):
        return here.texts(key)
    program = here.setup.content.programs.get(program_id)
    return program_id if program is None else program.title


def speed_words(here: Here, speed_ckmh: int | None) -> str:
    """A speed in the gym's unit; two digits, because a step of 0.1 km/h is less than 0.1 mph."""
    if speed_ckmh is None:
        return "–"
    if here.setup.units is SpeedUnit.MPH:
        return f"{here.texts.number(f'{mph_from_ckmh(speed_ckmh):.2f}')} {here.texts('unit.mph')}"
    return f"{here.texts.number(f'{kmh_from_ckmh(speed_ckmh):.1f}')} {here.texts('unit.kmh')}"


def slope_words(here: Here, dpct: int | None) -> str:
    """A slope."""
    return "–" if dpct is None else f"{here.texts.slope(dpct)} %"


def limit_ckmh(here: Here) -> int | None:
    """The commissioned limit, as the guard holds it; None while the treadmill is not known."""
    status = here.status
    return status.cap_ckmh if status is not None and status.facts is not None else None


def treadmill(here: Here) -> str:
    """The address of the treadmill here."""
    status = here.status
    return status.facts.address if status is not None and status.facts is not None else ""


# ------------------------------------------------------------------------------------------------------ errands


@dataclass(frozen=True, slots=True)
class SetCap(Write):
    """Set a cap, or with neither speed nor slope take the row away. Answers with the Change."""

    subject: Subject
    speed_ckmh: int | None
    incline_dpct: int | None
    reason: str
    signers: tuple[Staff, ...]
    limit_ckmh: int | None

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> Change:
        """With its audit entry."""
        actor = rules.Actor(self.signers[0].name, self.signers)
        change = rules.plan_change(
            rows_of.every(connection),
            self.subject.scope,
            self.subject.key,
            speed_ckmh=self.speed_ckmh,
            incline_dpct=self.incline_dpct,
            at=at,
            actor=actor,
            reason=self.reason,
            limit_ckmh=self.limit_ckmh if self.speed_ckmh is not None else None,
            rests_ckmh=rules.rests_on_ckmh(connection, self.subject.scope, self.subject.key, at),
            open_ckmh=self.limit_ckmh,
        )
        if change.raises and not self.reason:
            raise RefusalError("caps.changed_meanwhile")  # somebody lowered it in the meantime: a reason is wanted
        if len({signer.id for signer in self.signers}) < change.signers:
            raise RefusalError("caps.two_wanted")
        rules.apply_change(connection, ids, change, at=at, actor=actor, reason=self.reason)
        return change


@dataclass(frozen=True, slots=True)
class PutBack(Write):
    """Undo: the row as it was before a change, or no row."""

    change: Change
    signers: tuple[Staff, ...]
    limit_ckmh: int | None

    def write(self, connection: Connection, ids: IdSource, at: Moment) -> Change:
        """With its audit entry. Refused where somebody has changed the row since."""
        rows = rows_of.every(connection)
        held = next((c for c in rows if (c.scope, c.key) == (self.change.scope, self.change.key)), None)
        if held != self.change.after:
            raise RefusalError("caps.changed_meanwhile")
        actor = rules.Actor(self.signers[0].name, self.signers)
        change = rules.plan_return(self.change, at=at, actor=actor, reason=UNDO, open_ckmh=self.limit_ckmh)
        if len({signer.id for signer in self.signers}) < change.signers:
            raise RefusalError("caps.two_wanted")
        rules.apply_change(connection, ids, change, at=at, actor=actor, reason=UNDO)
        return change


@dataclass(frozen=True, slots=True)
class CodesOf(Read):
    """The codes of members by identifier: rows name members by that alone."""

    ids: tuple[str, ...]

    def read(self, connection: Connection, at: Moment) -> tuple[tuple[str, str], ...]:
        """(identifier, code) of those that are there."""
        found = (members.by_id(connection, member_id) for member_id in self.ids)
        return tuple((member.id, member.code) for member in found if member is not None)


@dataclass(frozen=True, slots=True)
class MemberOf(Read):
    """The member with this code, and what they rest on without a cap of their own; or None."""

    code: str

    def read(self, connection: Connection, at: Moment) -> tuple[Member, int | None] | None:
        """By code."""
        member = members.by_code(connection, self.code)
        if member is None:
            return None
        return member, rules.rests_on_ckmh(connection, CapScope.MEMBER, member.id, at)


# ------------------------------------------------------------------------------------------------------ the list


@dataclass(frozen=True, slots=True)
class CapsPage(LongPage):
    """Every cap, the lowest that holds for everybody marked."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_CAPS
    codes: tuple[tuple[str, str], ...] = ()
    last: Change | None = None
    asking: str = ""
    message: str = ""
    values: tuple[tuple[str, str], ...] = ()
    tone: Tone = Tone.NOTICE

    def opened(self, t: DeskTurn) -> None:
        """Members are named by their code."""
        ask_codes(t)

    def subjects(self, here: Here) -> tuple[Subject, ...]:
        """In the order of the list."""
        rows = with_defaults(here.caps)
        known = dict(self.codes)
        found = [Subject(CapScope.GYM)]
        if treadmill(here):
            found.append(Subject(CapScope.TREADMILL, treadmill(here)))
        found += [Subject(CapScope.VISITS, "4"), Subject(CapScope.GUEST)]
        found += [Subject(CapScope.AGE, AgeBand.OLDER), Subject(CapScope.AGE, AgeBand.TEEN)]
        found += [gym_slope(), Subject(CapScope.INCLINE, "1")]
        there = {(subject.scope, subject.key) for subject in found}
        for cap in rows:
            if (cap.scope, cap.key) not in there:
                found.append(Subject(cap.scope, cap.key, known.get(cap.key, "")))
        return tuple(found)

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A row, one more scope, or undo."""
        match intent.kind:
            case IntentKind.OPEN if 0 <= intent.value < len(self.subjects(t.here)):
                t.put(replace(self, asking="cap", message=""))
                t.open(CapPage(self.subjects(t.here)[intent.value]))
            case IntentKind.CHOOSE if intent.value == 0:
                programs = tuple(t.setup.content.programs)
                t.put(replace(self, asking="program", message=""))
                names = tuple(program_text(t.here, program) for program in programs)
                t.open(PickPage(words("caps.which_program"), names, literal=True))
            case IntentKind.CHOOSE:
                t.put(replace(self, asking="member", message=""))
                t.open(PadPage(words("caps.which_member"), words("caps.which_member_help")))
            case IntentKind.CONFIRM | IntentKind.HOLD if self.last is not None:
                if self.last.raises or intent.kind is IntentKind.HOLD:
                    _undo(t, self)

    def returned(self, t: DeskTurn, result: object) -> None:
        """A cap was changed, a program or a member was named."""
        match self.asking, result:
            case "cap", Change():
                t.put(_told(self, t.here, result))
                ask_codes(t)
            case "program", int(index):
                t.put(replace(self, asking="cap"))
                t.open(CapPage(Subject(CapScope.PROGRAM, tuple(t.setup.content.programs)[index])))
            case "member", str(code):
                t.put(replace(self, asking="member"))
                t.run(MemberOf(code))
            case "second", Staff() as second if self.last is not None:
                t.put(replace(self, asking="undo"))
                t.run(PutBack(self.last, (t.desk.who, second), limit_ckmh(t.here)))
            case _:
                t.put(replace(self, asking=""))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Codes, a member, or what became of the undo."""
        match answer.errand:
            case CodesOf() if isinstance(answer.result, tuple):
                t.put(replace(self, codes=answer.result))
            case MemberOf() if self.asking == "member":
                match answer.result:
                    case (Member() as member, int() | None as rests):
                        t.put(replace(self, asking="cap"))
                        t.open(CapPage(Subject(CapScope.MEMBER, member.id, member.code), rests=rests))
                    case _:
                        missing = answer.refused or "members.no_such"
                        t.put(replace(self, asking="", message=missing, tone=Tone.NOTICE))
            case PutBack():
                if isinstance(answer.result, Change):
                    t.put(replace(self, asking="", last=None, message="caps.undone", values=(), tone=Tone.GOOD))
                    t.play("done")
                elif answer.refused == "caps.two_wanted":
                    t.put(replace(self, asking="second"))
                    t.open(another_person(t.desk.who))
                else:
                    t.put(replace(self, asking="", message=answer.refused, values=(), tone=Tone.NOTICE))

    def view(self, here: Here) -> ListView:
        """Scope, value, who set it, when."""
        found = effective(here.caps, everybody(here))
        held = {(cap.scope, cap.key): cap for cap in with_defaults(here.caps)}
        rows = []
        for index, subject in enumerate(self.subjects(here)):
            cap = held.get((subject.scope, subject.key))
            value = _value(cap, subject)
            wins = subject.kind != SLOPE and cap is not None and value == found.speed_ckmh
            wins = wins and subject.scope in (CapScope.GYM, CapScope.TREADMILL)
            rows.append(
                Row(
                    (
                        subject_text(here, subject),
                        slope_words(here, value) if subject.kind == SLOPE else speed_words(here, value),
                        "" if value is None or cap is None else by_words(here, cap),
                        "" if value is None or cap is None or not cap.set_ms else day_text(cap.set_ms),
                    ),
                    Intent(IntentKind.OPEN, index),
                    Tone.GOOD if wins else Tone.PLAIN,
                )
            )
        buttons = [
            Button(here.texts("caps.program"), Intent(IntentKind.CHOOSE, 0)),
            Button(here.texts("caps.member"), Intent(IntentKind.CHOOSE, 1)),
        ]
        if self.last is not None:
            lowered = not self.last.raises
            kind = IntentKind.HOLD if lowered else IntentKind.CONFIRM
            buttons.insert(0, Button(here.texts("caps.undo"), Intent(kind), hold=lowered))
        text = here.texts(
            "caps.holds",
            speed=speed_words(here, found.speed_ckmh),
            source=here.texts(f"caps.source_{found.source.value}"),
        )
        return ListView(
            here.texts("menu.caps"),
            tuple(here.texts(f"caps.head_{name}") for name in ("what", "value", "by", "date")),
            (1.7, 1.0, 1.2, 0.9),
            tuple(rows),
            self.page,
            narrow=(0, 1),
            text=text,
            buttons=tuple(buttons),
            message=here.texts(self.message, **dict(self.values)) if self.message else "",
            tone=self.tone,
        )


def _undo(t: DeskTurn, page: CapsPage) -> None:
    if page.last is not None:
        t.put(replace(page, asking="undo", message=""))
        t.run(PutBack(page.last, (t.desk.who,), limit_ckmh(t.here)))


def ask_codes(t: DeskTurn) -> None:
    """Which codes the members with a cap of their own have."""
    t.run(CodesOf(tuple(cap.key for cap in t.here.caps if cap.scope is CapScope.MEMBER)))


def everybody(here: Here) -> CapContext:
    """What holds for a member past the first visits, in the base plan."""
    return CapContext(
        config_ckmh=here.setup.config_cap_ckmh,
        config_dpct=here.setup.config_max_dpct,
        machine_ckmh=limit_ckmh(here),
        treadmill=treadmill(here),
        member_id="-",
        visits=1000,
    )


def by_words(here: Here, cap: Cap) -> str:
    """Who set it."""
    return here.texts("caps.by_coaching") if cap.set_by == rules.BY_COACHING else cap.set_by


def _value(cap: Cap | None, subject: Subject) -> int | None:
    if cap is None:
        return None
    return cap.incline_dpct if subject.kind == SLOPE else cap.speed_ckmh


def _told(page: CapsPage, here: Here, change: Change) -> CapsPage:
    page = replace(page, asking="", last=change, tone=Tone.GOOD)
    after = change.after
    if after is None:
        return replace(page, message="caps.cleared", values=())
    value = after.speed_ckmh
    text = slope_words(here, after.incline_dpct) if value is None else speed_words(here, value)
    if change.before is not None and change.before.speed_ckmh == value:
        text = slope_words(here, after.incline_dpct)
    return replace(page, message="caps.raised" if change.raises else "caps.lowered", values=(("speed", text),))


# ------------------------------------------------------------------------------------------------------- one cap


@dataclass(frozen=True, slots=True)
class CapPage(Page):
    """One cap, a step at a time; closes with the Change."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_CAP
    subject: Subject
    value: int | None = None  # as it is to be; None: as it is
    rests: int | None = None  # what holds without this row, where it is known (rules.rests_on_ckmh)
    clear: bool = False  # the row is to go
    asking: str = ""
    reason: str = ""
    second: Staff | None = field(default=None)
    working: bool = False
    message: str = ""

    def held(self, here: Here) -> Cap | None:
        """The row as it holds, a default included."""
        wanted = (self.subject.scope, self.subject.key)
        return next((cap for cap in with_defaults(here.caps) if (cap.scope, cap.key) == wanted), None)

    def now(self, here: Here) -> int | None:
        """Its value, or what holds without it."""
        value = _value(self.held(here), self.subject)
        return self.rests if value is None and self.subject.kind != SLOPE else value

    def most(self, here: Here) -> int:
        """Nothing goes above this."""
        if self.subject.kind == SLOPE:
            return min(MAX_INCLINE_DPCT, here.setup.config_max_dpct)
        limit = limit_ckmh(here)
        return rules.MAX_CKMH if limit is None else max(rules.MIN_CKMH, min(rules.MAX_CKMH, limit))

    def least(self) -> int:
        """Nothing goes below this."""
        return 0 if self.subject.kind == SLOPE else rules.MIN_CKMH

    def wanted(self, here: Here) -> int | None:
        """The value on the stepper. Where there is no cap yet it begins at the most there is."""
        if self.value is not None:
            return self.value
        now = self.now(here)
        return self.most(here) if now is None else now

    def raises(self, here: Here) -> bool:
        """Whether setting it would allow more than now."""
        now, wanted = self.now(here), self.wanted(here)
        return now is not None and wanted is not None and wanted > now

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A step, or set it."""
        if self.working:
            return
        match intent.kind:
            case IntentKind.STEP if intent.value in (-1, 1):
                self._step(t, intent.value)
            case IntentKind.CONFIRM if not self.raises(t.here) and self.wanted(t.here) != self.now(t.here):
                self._set(t)
            case IntentKind.HOLD if intent.value == 0 and self.raises(t.here):
                t.put(replace(self, asking="reason", clear=False, message=""))
                t.open(reason_page(words("reason_staff.title")))
            case IntentKind.HOLD if intent.value == 1:  # take the row away
                t.put(replace(self, asking="reason", clear=True, message=""))
                t.open(reason_page(words("reason_staff.title")))

    def _step(self, t: DeskTurn, sign: int) -> None:
        step = STEP_DPCT if self.subject.kind == SLOPE else STEP_CKMH
        wanted = self.wanted(t.here)
        if wanted is None:
            return
        if sign > 0:
            value = min(self.most(t.here), (wanted // step + 1) * step)
        else:
            value = max(self.least(), (-(-wanted // step) - 1) * step)
        if sign > 0 and value <= wanted:
            return
        t.put(replace(self, value=value, message=""))

    def _set(self, t: DeskTurn) -> None:
        value = None if self.clear else self.wanted(t.here)
        slope = self.subject.kind == SLOPE
        signers = (t.desk.who,) if self.second is None else (t.desk.who, self.second)
        t.put(replace(self, working=True, message=""))
        t.run(
            SetCap(
                self.subject,
                None if slope else value,
                value if slope else None,
                self.reason,
                signers,
                limit_ckmh(t.here),
            )
        )

    def returned(self, t: DeskTurn, result: object) -> None:
        """The reason, or a second person."""
        match self.asking, result:
            case "reason", int(index):
                page = replace(self, asking="", reason=reason_word(WHY[index]))
                wanted = limit_ckmh(t.here) if self.clear else self.wanted(t.here)
                if self.subject.kind != SLOPE and wanted is not None and wanted > rules.TWO_SIGNERS_ABOVE_CKMH:
                    t.put(replace(page, asking="second"))
                    t.open(another_person(t.desk.who))
                    return
                t.put(page)
                page._set(t)
            case "second", Staff() as second:
                page = replace(self, asking="", second=second)
                t.put(page)
                page._set(t)
            case _:
                t.put(replace(self, asking="", clear=False, reason=""))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Set, or a sentence."""
        if not isinstance(answer.errand, SetCap) or answer.errand.subject != self.subject:
            return
        if isinstance(answer.result, Change):
            t.play("done")
            t.back(answer.result)
            return
        t.put(replace(self, working=False, clear=False, reason="", second=None, message=answer.refused))
        t.play("caution")

    def view(self, here: Here) -> StepperView:
        """The value, what setting it means, and what holds besides."""
        wanted, now, cap = self.wanted(here), self.now(here), self.held(here)
        slope = self.subject.kind == SLOPE
        raises = self.raises(here)
        changed = wanted != now
        sides = [
            Fact(here.texts("caps.now"), slope_words(here, now) if slope else speed_words(here, now)),
            Fact(
                here.texts("caps.most"),
                slope_words(here, self.most(here)) if slope else speed_words(here, self.most(here)),
            ),
        ]
        if cap is not None and _value(cap, self.subject) is not None:
            sides.append(Fact(here.texts("caps.head_by"), by_words(here, cap)))
            if cap.set_ms:
                sides.append(Fact(here.texts("caps.head_date"), day_text(cap.set_ms)))
        if not slope and here.setup.units is SpeedUnit.MPH and wanted is not None:
            sides.insert(0, Fact(here.texts("unit.kmh"), here.texts.number(f"{kmh_from_ckmh(wanted):.2f}")))
        note = "caps.note_same" if not changed else "caps.note_raise" if raises else "caps.note_lower"
        if raises and not slope and wanted is not None and wanted > rules.TWO_SIGNERS_ABOVE_CKMH:
            note = "caps.note_two"
        button = None
        if changed and not self.working:
            button = (
                Button(here.texts("caps.raise"), Intent(IntentKind.HOLD, 0), hold=True, tone=Tone.NOTICE)
                if raises
                else Button(here.texts("caps.set"), Intent(IntentKind.CONFIRM), tone=Tone.GOOD)
            )
        own = cap is not None and cap.set_ms > 0 and cap.speed_ckmh is not None and not slope and not self.working
        extra = (Button(here.texts("caps.clear"), Intent(IntentKind.HOLD, 1), hold=True),) if own else ()
        return StepperView(
            subject_text(here, self.subject),
            here.texts("caps.at_most"),
            slope_words(here, wanted) if slope else speed_words(here, wanted),
            here.texts(note),
            lower=wanted is not None and wanted > self.least(),
            higher=wanted is not None and wanted < self.most(here),
            sides=tuple(sides),
            button=button,
            extra=extra,
            message=here.texts(self.message) if self.message else "",
        )
