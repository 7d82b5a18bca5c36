"""The treadmill: which one, how it is reached, what was measured; scan and bind. None of it moves a belt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from hardware.config.binding import BindingError, Proof, load_binding
from hardware.config.files import save_profile
from hardware.config.profiles import Profile, ProfileError, load_profile
from hardware.link.messages import Found, LinkState, Rebind, Scan, TreadmillFacts
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.staff import audit
from kiosk.staff.desk.asking import ConfirmPage, PickPage, words
from kiosk.staff.desk.bound import Bind, last_four, quiet
from kiosk.staff.desk.errands import Answered, Job, RefusalError
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.own_key import OwnKeyPage
from kiosk.staff.desk.procedure import KIND_CHECK, KIND_COMMISSION, ProcedurePage, ResultPage
from kiosk.staff.desk.turn import DeskTurn, LongPage
from kiosk.staff.desk.typing import STICKER, KeysPage
from kiosk.staff.desk.views import Button, Fact, FactsView, ListView, Row, Tone
from kiosk.staff.follow import may_be_followed, with_leave
from kiosk.staff.pin import Right
from kiosk.store.moment import Moment
from kiosk.store.store import Store
from kiosk.trouble import told


def strength_key(rssi: int | None) -> str:
    """dBm in words. Indoors: above -60 a few metres, below -85 the edge of reach."""
    if rssi is None:
        return "treadmill.signal_connected"
    word = "strong" if rssi >= -60 else "good" if rssi >= -75 else "weak" if rssi >= -85 else "edge"
    return f"treadmill.signal_{word}"


@dataclass(frozen=True, slots=True)
class Known:
    """What is on disk of a treadmill. *proof*: how staff made sure that it is this one; None: they bound none."""

    profile: Profile
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class ReadProfile(Job):
    """What was measured of *address*, and how it was bound; answers with Known."""

    address: str

    def do(self, store: Store, at: Moment) -> Known:
        """Raises RefusalError for a file that cannot be used."""
        directory = store.path.parent
        try:
            binding = load_binding(directory)
            proof = binding.proved_by if binding is not None and binding.address == self.address else None
            return Known(load_profile(directory, self.address), proof)
        except (ProfileError, BindingError) as error:
            raise RefusalError("treadmill.bad_profile") from error


@dataclass(frozen=True, slots=True)
class AllowFollow(Job):
    """Let this treadmill be followed, or no longer; in the audit as well. Answers with whether it is allowed."""

    facts: TreadmillFacts
    allowed: bool
    by: str

    def do(self, store: Store, at: Moment) -> bool:
        """Raises RefusalError."""
        directory = store.path.parent
        try:
            before = load_profile(directory, self.facts.address)
        except ProfileError as error:
            raise RefusalError("treadmill.bad_profile") from error
        try:
            save_profile(directory, with_leave(before, self.facts, allowed=self.allowed))
        except ProfileError as error:
            raise RefusalError("treadmill.follow_failed") from error
        words_of = {True: "allowed", False: "not allowed"}
        store.writer.run(
            lambda connection: audit.note(
                connection,
                store.ids,
                at,
                who=self.by,
                action="follow mode",
                subject=f"treadmill {self.facts.address}",
                before=words_of[before.follow_allowed],
                after=words_of[self.allowed],
            )
        )
        return self.allowed


@dataclass(frozen=True, slots=True)
class TreadmillPage(LongPage):
    """What is bound, and what can be done with it."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_TREADMILL
    profile: Profile | None = None
    address: str = ""
    message: str = ""
    tone: Tone = Tone.NOTICE
    asking: bool = False  # for follow mode
    proof: Proof | None = None

    def told(self, t: DeskTurn, body: object) -> None:
        """Another treadmill has come: what is known of it?"""
        facts = None if t.status is None else t.status.facts
        if facts is not None and facts.address != self.address:
            t.put(replace(self, address=facts.address, profile=None))
            t.run(ReadProfile(facts.address))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """Its profile."""
        if answer.errand == ReadProfile(self.address) and isinstance(answer.result, Known):
            t.put(replace(self, profile=answer.result.profile, proof=answer.result.proof))
        elif isinstance(answer.errand, AllowFollow):
            if answer.refused:
                t.put(replace(self, message=answer.refused, tone=Tone.BAD))
                return
            t.send(Rebind())
            t.play("done")
            word = "allowed" if answer.errand.allowed else "denied"
            t.put(replace(self, profile=None, address="", message=f"treadmill.follow_{word}", tone=Tone.GOOD))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """Scan, check, commission, the last result."""
        match intent.kind:
            case IntentKind.CHOOSE if intent.value == 0 and self.may_scan(t.here):
                t.open(ScanPage())
            case IntentKind.CHOOSE if intent.value == 1 and self.address:
                t.open(ProcedurePage(KIND_CHECK, self.address))
            case IntentKind.CHOOSE if intent.value == 2 and self.address and t.here.may(Right.SYSTEM):
                t.open(ProcedurePage(KIND_COMMISSION, self.address))
            case IntentKind.CHOOSE if intent.value == 3 and self.address:
                t.open(ResultPage(self.address))
            case IntentKind.CHOOSE if intent.value == 4 and self.may_allow(t.here):
                self._ask_follow(t)

    def _ask_follow(self, t: DeskTurn) -> None:
        """What it means, and a held yes."""
        facts = None if t.status is None else t.status.facts
        if facts is None:
            return
        lines = ("follow_deny_line",) if self.followed else ("follow_line_1", "follow_line_2")
        t.put(replace(self, asking=True))
        t.open(
            ConfirmPage(
                words("treadmill.follow_title", name=facts.name or "–", last=last_four(facts.address)),
                tuple(words(f"treadmill.{line}") for line in lines),
                "treadmill.follow_deny" if self.followed else "treadmill.follow_allow",
            )
        )

    def returned(self, t: DeskTurn, result: object) -> None:
        """Bound anew, or commissioned: read again what is known; or follow mode, with a held yes."""
        facts = None if t.status is None else t.status.facts
        if self.asking:
            t.put(replace(self, asking=False))
            if result is True and facts is not None and self.may_allow(t.here):
                t.run(AllowFollow(facts, not self.followed, t.here.who.name))
            return
        if result == "bound":
            t.put(replace(self, profile=None, address="", message="treadmill.bound", tone=Tone.GOOD))
        elif self.address:
            t.run(ReadProfile(self.address))

    @property
    def followed(self) -> bool:
        """Whether staff have allowed it here."""
        return self.profile is not None and self.profile.follow_allowed

    def may_allow(self, here: Here) -> bool:
        """For a treadmill that only its console can drive, where wires can stop it, and with nothing armed."""
        facts = None if here.status is None else here.status.facts
        if facts is None or here.setup.supervised or self.profile is None:
            return False
        return may_be_followed(facts) and here.may(Right.SYSTEM) and quiet(here)

    def may_scan(self, here: Here) -> bool:
        """Only with the right, and with nothing armed."""
        return here.may(Right.SYSTEM) and quiet(here)

    def view(self, here: Here) -> FactsView:
        """What is known."""
        texts, status = here.texts, here.status
        facts = None if status is None else status.facts
        rows: list[Fact] = []
        if status is None:
            rows.append(Fact(texts("treadmill.link"), texts("treadmill.no_guard"), Tone.BAD))
        else:
            followed = status.follow and status.link is LinkState.READ_ONLY
            good = status.link is LinkState.READY or followed
            rows.append(
                Fact(
                    texts("treadmill.link"),
                    texts("treadmill.link_follow" if followed else f"treadmill.link_{status.link.value}"),
                    Tone.GOOD if good else Tone.NOTICE,
                )
            )
        if facts is not None:
            unit = texts(f"unit.{here.setup.units.name.lower()}")
            least, most = (texts.speed(v, here.setup.units) for v in (facts.min_ckmh, facts.max_ckmh))
            rows += [
                Fact(texts("treadmill.name"), facts.name or "–"),
                Fact(texts("treadmill.sticker"), last_four(facts.address)),
                *self._proved(here),
                Fact(texts("treadmill.model"), f"{facts.model or '–'} / {facts.firmware or '–'}"),
                *([Fact(texts("treadmill.speeds"), f"{least} – {most} {unit}")] if facts.can_speed else []),
                Fact(texts("treadmill.slopes"), f"{texts.slope(facts.min_dpct)} – {texts.slope(facts.max_dpct)} %"),
            ]
            measured = self.profile is not None and self.profile.commissioned
            cap = ""
            if self.profile is not None and measured:
                cap = f"{texts.speed(self.profile.limit_ckmh, here.setup.units)} {unit}, {self.profile.measured_on}"
            rows.append(
                Fact(
                    texts("treadmill.measured"),
                    cap or texts("treadmill.not_measured"),
                    Tone.GOOD if measured else Tone.NOTICE,
                )
            )
            if may_be_followed(facts):
                word = "follow_wires" if here.setup.supervised else "follow_on" if self.followed else "follow_off"
                tone = Tone.GOOD if word == "follow_on" else Tone.NOTICE
                rows.append(Fact(texts("treadmill.follow"), texts(f"treadmill.{word}"), tone))
        if status is not None and status.opening.needed:
            left_s = status.opening.valid_left_s
            rows.append(
                Fact(
                    texts("treadmill.opening"),
                    texts("treadmill.opening_due")
                    if left_s is None
                    else texts.count("treadmill.hours", _hours(left_s)),
                    Tone.NOTICE if left_s is None else Tone.GOOD,
                )
            )
        actions = []
        if facts is not None:
            measured = self.profile is not None and self.profile.commissioned
            due = measured and status is not None and status.opening.needed and status.opening.valid_left_s is None
            actions.append(
                Button(texts("treadmill.check"), Intent(IntentKind.CHOOSE, 1), tone=Tone.GOOD if due else Tone.PLAIN)
            )
            if here.may(Right.SYSTEM):
                led = not may_be_followed(facts)
                tone = Tone.PLAIN if measured or self.profile is None or not led else Tone.GOOD
                actions.append(Button(texts("treadmill.commission"), Intent(IntentKind.CHOOSE, 2), tone=tone))
            if self.profile is not None and self.profile.commissioned:
                actions.append(Button(texts("treadmill.result"), Intent(IntentKind.CHOOSE, 3)))
        if self.may_allow(here):
            label = texts("treadmill.follow_deny" if self.followed else "treadmill.follow_allow")
            tone = Tone.PLAIN if self.followed else Tone.GOOD
            actions.append(Button(label, Intent(IntentKind.CHOOSE, 4), tone=tone))
        if self.may_scan(here):
            actions.append(Button(texts("treadmill.scan"), Intent(IntentKind.CHOOSE, 0)))
        trouble = "" if status is None else told(texts, status.trouble)
        message = texts(self.message) if self.message else trouble
        return FactsView(
            texts("treadmill.title"), tuple(rows), tuple(actions), self.page, message=message, tone=self.tone
        )

    def _proved(self, here: Here) -> list[Fact]:
        """How it was made sure that it is this one."""
        if self.proof is None:
            return []
        tone = Tone.NOTICE if self.proof is Proof.NONE else Tone.GOOD
        return [Fact(here.texts("treadmill.proved"), here.texts(f"treadmill.proved_{self.proof.value}"), tone)]


def _hours(seconds: float) -> int:
    return max(1, round(seconds / 3600))


HOW: Final = ("treadmill.how_key", "treadmill.how_sticker")
"""How a treadmill proves which one it is; the belt of none is ever moved for it."""


@dataclass(frozen=True, slots=True)
class ScanPage(LongPage):
    """What advertises, the strongest first. Names can be alike: the sticker decides."""

    screen: ClassVar[ScreenId] = ScreenId.STAFF_TREADMILL
    holds: ClassVar[bool] = False
    chosen: Found | None = None
    asking: str = ""
    message: str = ""
    working: bool = False

    def opened(self, t: DeskTurn) -> None:
        """Begin to look."""
        t.send(Scan(on=True))

    def leaving(self, t: DeskTurn) -> None:
        """No longer."""
        t.send(Scan(on=False))

    def found(self, here: Here) -> tuple[Found, ...]:
        """The strongest first; what is connected before all."""
        found = () if here.status is None else here.status.found
        return tuple(sorted(found, key=lambda one: (not one.connected, -(one.rssi or 0), one.address)))

    def touched(self, t: DeskTurn, intent: Intent) -> None:
        """A treadmill: what does its sticker say?"""
        found = self.found(t.here)
        if intent.kind is IntentKind.OPEN and 0 <= intent.value < len(found) and not self.working:
            chosen = found[intent.value]
            t.put(replace(self, chosen=chosen, asking="how", message=""))
            title = words("treadmill.how_title", name=chosen.name or "–", last=last_four(chosen.address))
            t.open(PickPage(title, HOW, words("treadmill.how_text")))

    def returned(self, t: DeskTurn, result: object) -> None:
        """How to prove it; the sticker's number, and a held yes; or its own key was pulled."""
        chosen = self.chosen
        match self.asking, result:
            case "how", 0 if chosen is not None:
                t.send(Scan(on=False))
                t.put(replace(self, asking="key"))
                t.open(OwnKeyPage(chosen.address, chosen.name))
            case "how", 1 if chosen is not None:
                t.put(replace(self, asking="sticker"))
                t.open(KeysPage(words("treadmill.sticker"), words("treadmill.sticker_help"), keys=STICKER))
            case "key", _:
                t.back(result)
            case "sticker", str(typed) if chosen is not None:
                if typed != last_four(chosen.address).replace(":", ""):
                    t.put(replace(self, asking="", message="treadmill.other_sticker"))
                    t.play("caution")
                    return
                t.put(replace(self, asking="bind"))
                t.open(
                    ConfirmPage(
                        words("treadmill.bind_title", name=chosen.name or "–", last=last_four(chosen.address)),
                        (words("treadmill.bind_line_1"), words("treadmill.bind_line_2")),
                        "treadmill.bind",
                    )
                )
            case "bind", True if chosen is not None:
                facts = None if t.status is None else t.status.facts
                t.put(replace(self, asking="", working=True))
                t.run(
                    Bind(chosen.address, t.setup.treadmill_label, t.here.who.name, facts.address if facts else "none")
                )
            case _:
                t.put(replace(self, asking=""))

    def answered(self, t: DeskTurn, answer: Answered) -> None:
        """It is bound: guard and belt begin anew with it."""
        if not isinstance(answer.errand, Bind) or not self.working:
            return
        if answer.refused:
            t.put(replace(self, working=False, message=answer.refused))
            return
        t.send(Scan(on=False))
        t.send(Rebind())
        t.play("done")
        t.back("bound")

    def view(self, here: Here) -> ListView:
        """Name, strength, last four; two alike are marked."""
        texts, found = here.texts, self.found(here)
        names = Counter(one.name for one in found)
        rows = []
        for index, one in enumerate(found):
            signal = texts(strength_key(one.rssi))
            signal = signal if one.rssi is None else f"{signal} ({one.rssi} dBm)"
            alike = names[one.name] > 1
            rows.append(
                Row(
                    (one.name or "–", signal, last_four(one.address)),
                    Intent(IntentKind.OPEN, index),
                    Tone.NOTICE if alike else Tone.PLAIN,
                )
            )
        alike = any(count > 1 for count in names.values())
        message = texts(self.message) if self.message else texts("treadmill.alike") if alike else ""
        return ListView(
            texts("treadmill.scan_title"),
            (texts("treadmill.name"), texts("treadmill.signal"), texts("treadmill.sticker")),
            (1.2, 1.0, 0.5),
            tuple(rows),
            self.page,
            empty=texts("treadmill.none_yet"),
            text=texts("treadmill.scan_text"),
            message=message,
        )
