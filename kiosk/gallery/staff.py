"""The desk's pages for the gallery: real pages with made-up contents, seen through their own ``view``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Final

import msgspec

from hardware.link.messages import TreadmillFacts
from hardware.units import SpeedUnit
from kiosk.assets import assets_directory
from kiosk.coach.plan import Choice
from kiosk.coach.standing import Visit
from kiosk.content import Content, load_content, read_screening
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session.model import Person
from kiosk.session.setup import Setup
from kiosk.snapshot import Held, Snapshot
from kiosk.staff.caps import Change
from kiosk.staff.desk.accounts import AccountPage, AccountsPage
from kiosk.staff.desk.asking import ConfirmPage, NotePage, PadPage, TypePage, reason_page, words
from kiosk.staff.desk.caps import CapPage, CapsPage, Subject, gym_slope
from kiosk.staff.desk.exporting import ExportPage
from kiosk.staff.desk.granted import KIND
from kiosk.staff.desk.member_record import Detail
from kiosk.staff.desk.members import MemberPage, MembersPage
from kiosk.staff.desk.menu import MenuPage
from kiosk.staff.desk.model import NOBODY, Here
from kiosk.staff.desk.override import OverridePage
from kiosk.staff.desk.places import PlacePage, Written
from kiosk.staff.desk.reporting import ReportsPage
from kiosk.staff.desk.setup import SetupPage
from kiosk.staff.desk.turn import Desk, Page
from kiosk.staff.desk.view import staff_view
from kiosk.staff.desk.views import Tone
from kiosk.store.kinds import AgeBand, CapScope, Role, Screened, SessionState, Severity
from kiosk.store.records import Cap, Event, Member, Screening, SessionRecord, Staff
from kiosk.store.reports import Report, Week

NOW_MS: Final = 1_783_757_700_000  # 11 July 2026
DAY_MS: Final = 86_400_000
ADDRESS: Final = "C0:FF:EE:00:00:42"
KIM: Final = Staff("kim", "Kim", Role.OWNER, active=True, created_ms=NOW_MS - 90 * DAY_MS)
ALEX: Final = Staff("alex", "Alexandra Grünwald", Role.PHYSIO, active=True, created_ms=NOW_MS - 60 * DAY_MS)
BO: Final = Staff("bo", "Bo", Role.STAFF, active=False, created_ms=NOW_MS - 80 * DAY_MS)
ANNA: Final = Member("anna", "417926", "Maximiliane-Henriette", "de", AgeBand.OLDER, NOW_MS - 40 * DAY_MS)
CAPS: Final = (
    Cap(CapScope.GYM, "", 402, 50, NOW_MS - DAY_MS, "Kim", "assessed"),
    Cap(CapScope.TREADMILL, ADDRESS, 322, None, NOW_MS - 3 * DAY_MS, "Alexandra Grünwald", "machine"),
    Cap(CapScope.MEMBER, "anna", 241, None, NOW_MS, "Kim", "progress"),
)
FACTS: Final = TreadmillFacts(ADDRESS, "Belt", "M1", "1.0", 80, 1600, 1, 0, 150, 5, True, True, "measured", True)


@cache
def _content() -> Content:
    return load_content(assets_directory())


def here_for(language: str, units: SpeedUnit, base: Snapshot, who: Staff) -> Here:
    """What a page of *who* knows in the gallery."""
    content = _content()
    status = base.status
    setup = Setup(
        content=content,
        screening=read_screening(assets_directory()),
        gym_name=base.gym_name,
        treadmill_label=base.treadmill_label,
        units=units,
        language=language,
        volume=2,
        config_cap_ckmh=563,
        config_max_dpct=50,
        simulated=False,
        supervised=False,
        puller=False,
        new_id=lambda: "0",
        today=lambda: date(2026, 7, 11),
    )
    if status is not None:
        status = msgspec.structs.replace(status, facts=FACTS, cap_ckmh=563)
    return Here(base.now_s, setup, status, CAPS, content.texts[language], who, base.now_s - 5, NOW_MS)


def _session(days: int, program: str, minutes: float, state: SessionState) -> SessionRecord:
    values: dict[str, object] = dict.fromkeys(SessionRecord.__dataclass_fields__, None)
    values |= {
        "id": f"s{days}", "program_id": program, "variant": "1", "treadmill": ADDRESS, "clock_trusted": True,
        "started_ms": NOW_MS - days * DAY_MS, "ended_ms": NOW_MS - days * DAY_MS, "state": state, "cause": "clip",
        "plan_s": 280.0, "walk_s": minutes * 60, "distance_m": 80.0, "top_ckmh": 113, "average_ckmh": 90,
        "cap_ckmh": 161, "cap_source": "visits", "samples": 280,
    }  # fmt: skip
    return msgspec.convert(values, SessionRecord)


def _visit(days: int, variant: str) -> Visit:
    return Visit(
        date(2026, 7, 11 - days), "P1", Choice(variant), 280, 280, completed=True, top_ckmh=161,
        pain_before=0, pain_peak=0, pain_after=0, effort=2,
    )  # fmt: skip


def _detail(*, forbidden: bool = False, older: bool = False) -> Detail:
    history = (_visit(9, "1"), _visit(6, "2"), _visit(3, "3-4"))
    person = Person("anna", "Anna", "de", None, True, NOW_MS, 161 if older else None, "s3", forbidden, history,
                    limit_waits=older)  # fmt: skip
    outcome = Screened.FORBID if forbidden else Screened.LIMIT
    screening = Screening("x", "anna", NOW_MS - DAY_MS, outcome, 161, "", "", NOW_MS + 80 * DAY_MS)
    last = (
        _session(3, "P1", 5, SessionState.COMPLETED),
        _session(6, "P1", 2, SessionState.STOPPED),
        _session(9, "P1", 5, SessionState.COMPLETED),
    )
    member = ANNA if older else replace(ANNA, age_band=AgeBand.ADULT)
    return Detail(member, person, screening, CAPS[2], 12, 2, last, NOW_MS)


def _report() -> Report:
    hours = (0,) * 6 + (2, 5, 9, 7, 4, 3, 6, 2, 1, 3, 6, 12, 15, 8, 3, 1, 0, 0)
    weeks = tuple(Week(date(2026, 4, 20 + 7 * n) if n < 2 else date(2026, 5 + n // 5, 1 + n), n * 3 + 4, n * 900.0)
                  for n in range(12))  # fmt: skip
    stops = (("clip", 7), ("member_stop", 5), ("red_button", 2), ("link_lost", 1), ("left", 1))
    programs = (("P2", 40), ("P1", 28), ("P6", 9), ("P3", 7), ("P4", 3))
    return Report(0, NOW_MS, 87, 71, 12, 23, 36_000.0, 9_000.0, hours, (9,) * 7, weeks, stops, (), programs, ())


def _pages() -> Iterator[tuple[str, str, Page, Staff]]:
    """(state, note, page, who)."""
    yield "", "first start", SetupPage(), NOBODY
    yield "", "an owner's tiles", MenuPage(), KIM
    yield "supervised", "H0: the standing notice", MenuPage(), KIM
    yield "", "who there is", AccountsPage((KIM, ALEX, BO)), KIM
    yield "", "one account", AccountPage(ALEX), KIM
    last = Change(CapScope.GYM, "", CAPS[0], CAPS[0], False, 0)
    yield "", "the lowest is marked", CapsPage(codes=(("anna", "417926"),)), KIM
    lowered = (("speed", "2.50 mph"),)
    yield "undo", "just lowered", CapsPage(last=last, message="caps.lowered", values=lowered, tone=Tone.GOOD), KIM
    yield "", "as it holds", CapPage(Subject(CapScope.TREADMILL, ADDRESS)), KIM
    yield "lower", "acts at once", CapPage(Subject(CapScope.TREADMILL, ADDRESS), value=300), KIM
    yield "raise", "is held", CapPage(Subject(CapScope.TREADMILL, ADDRESS), value=420), KIM
    yield "two", "a second person", CapPage(Subject(CapScope.TREADMILL, ADDRESS), value=540), KIM
    yield "slope", "the steepest slope", CapPage(gym_slope(), value=35), KIM
    many = tuple(replace(ANNA, id=str(n), code=f"{417926 + 1237 * n}", name=None if n % 3 else ANNA.name)
                 for n in range(23))  # fmt: skip
    yield "", "pages of them", MembersPage(found=many, every=23, heard=True), KIM
    yield (
        "last",
        "on a small panel what can be done is behind the last",
        MembersPage(found=many, every=23, heard=True, page=-1),
        KIM,
    )
    yield "none", "nobody found", MembersPage(every=23, heard=True), KIM
    yield "", "one member, a physio's view", MemberPage("anna", "417926", _detail()), ALEX
    yield "actions", "on a small panel behind the facts", MemberPage("anna", "417926", _detail(), page=-1), KIM
    yield "forbidden", "waits for a clinician", MemberPage("anna", "417926", _detail(forbidden=True)), KIM
    yield "balance", "65 and older: not checked yet", MemberPage("anna", "417926", _detail(older=True), page=-1), KIM
    given = tuple(
        Event(str(n), NOW_MS - n * DAY_MS, None, KIND, Severity.NOTICE, why, "", None, "Kim")
        for n, why in enumerate(("assessed", "letter", "supervised"))
    )
    yield "", "what was given", OverridePage(given), KIM
    yield "none", "nothing yet", OverridePage(), KIM
    yield "", "which days", ExportPage(), KIM
    names = "retrowalk-sessions-20260711T081500Z.csv", "retrowalk-log-20260711T081500Z.csv"
    written = tuple(Written(name, "9f86d081884c7d659a2f", "/media/STICK", 87) for name in names)
    yield "written", "the stick may be pulled", ExportPage(written=written), KIM
    yield "", "twelve weeks", ReportsPage(_report()), KIM
    yield "empty", "nobody has walked", ReportsPage(replace(_report(), sessions=0, by_hour=(0,) * 24, weeks=(),
                                                            stops=(), programs=())), KIM  # fmt: skip
    yield "", "why a cap is raised", reason_page(words("reason_staff.title")), KIM
    yield "place", "sticks and the folder", PlacePage(("/media/kiosk/STICK", "")), KIM
    yield "", "a second person", PadPage(words("second_pin.title"), words("second_pin.text"), digits="123"), KIM
    wrong = PadPage(words("setup.pin"), words("setup.pin_help"), message="accounts.easy_pin")
    yield "wrong", "too easy", wrong, KIM
    yield "", "a name", TypePage(words("members.new"), words("members.new_help"), typed="Anna-Lena"), KIM
    warned = tuple(words(f"members.erase_line_{n}") for n in (1, 2, 3))
    erase = ConfirmPage(words("members.erase_title", code="417926"), warned, "members.erase", dire=True)
    yield "dire", "cannot be undone", erase, KIM
    warned = tuple(words(f"members.scores_line_{n}") for n in (1, 2, 3))
    scores = ConfirmPage(words("members.scores_title", code="417926"), warned, "members.scores", dire=True)
    yield "scores", "only the scores", scores, KIM
    unlock = (words("members.unlock_line_1"), words("members.unlock_line_2", n=90))
    yield "", "is held", ConfirmPage(words("members.member", code="417926"), unlock, "members.unlock"), ALEX
    checked = (words("members.balance_line_1"), words("members.balance_line_2", n=182, speed="1.50 mph"))
    yield (
        "balance",
        "a check of staff's",
        ConfirmPage(words("members.member", code="417926"), checked, "members.balance"),
        KIM,
    )
    yield "", "shown this once", NotePage(words("members.added"), words("members.added_help"), "417926"), KIM


def shown(base: Snapshot, here: Here, page: Page, *, held: bool) -> Snapshot:
    """The page as its account sees it; *held*: a finger stays on its button."""
    desk = Desk(here.who, (page,), base.now_s - 5, base.now_s - 8)
    finger = Held(Intent(IntentKind.HOLD, 0), 0.6) if held else None
    return replace(base, left_s=52.0, staff=staff_view(desk, here), held=finger, screen=page.screen)


def entries(base: Snapshot) -> Iterator[tuple[ScreenId, str, str, Snapshot]]:
    """(screen, state, note, snapshot) of every page of the desk."""
    for state, note, page, who in _pages():
        here = here_for(base.language, base.units, base, who)
        here = replace(here, setup=replace(here.setup, supervised=state == "supervised"))
        yield page.screen, state, note, shown(base, here, page, held=state in ("dire", "raise"))
