"""Members: a search, one in full, and what staff may do for them. No health data is shown and none can be typed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar, Final

from hardware.units import ckmh_from_mph
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff.caps import OLDER_CKMH
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
from kiosk.staff.desk.caps import CapPage, Subject, speed_words
from kiosk.staff.desk.errands import Answered
from kiosk.staff.desk.member_facts import facts_of, may_fast_track
from kiosk.staff.desk.member_record import (
    UNLOCK_DAYS,
    Add,
    Balance,
    Detail,
    Erase,
    Fast,
    Hits,
    Look,
    Merge,
    Rename,
    Search,
    Unlock,
)
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.places import PlacePage, WriteMember, Written
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.views import Button, Fact, FactsView, ListView, Row, Tone
from kiosk.staff.desk.when import day_text
from kiosk.staff.pin import Right
from kiosk.store.kinds import CapScope
from kiosk.store.records import Cap, Member

ERASE_WHY: Final = ("reason_erase.asked", "reason_erase.left", "reason_erase.mistake")


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
