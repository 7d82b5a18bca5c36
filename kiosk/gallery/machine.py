"""The desk's pages about the machine, for the gallery: real pages with made-up contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from hardware.config.binding import Proof
from hardware.config.profiles import Profile, StopPoint
from hardware.link.messages import Found, Inputs, LinkState, Missing, Opening, State, Status
from kiosk.gallery.staff import ADDRESS, ALEX, DAY_MS, FACTS, KIM, NOW_MS, here_for, shown
from kiosk.intents import ScreenId
from kiosk.session.setup import Display
from kiosk.snapshot import Snapshot
from kiosk.staff.commissioning import opening, procedure
from kiosk.staff.commissioning import page as pages
from kiosk.staff.commissioning.findings import Findings, Identity
from kiosk.staff.commissioning.instruction import Act, Awaits, Instruction, Number
from kiosk.staff.commissioning.progress import Progress
from kiosk.staff.desk.asking import ConfirmPage, PickPage, words
from kiosk.staff.desk.box import BoxData, BoxPage, Lane, Stretch
from kiosk.staff.desk.diagnostics import DiagnosticsPage, Look, TouchPage
from kiosk.staff.desk.faults import FaultPage, FaultsPage
from kiosk.staff.desk.log import EventPage, LogPage
from kiosk.staff.desk.own_key import OwnKeyPage
from kiosk.staff.desk.procedure import KIND_CHECK, KIND_COMMISSION, ProcedurePage, ResultPage
from kiosk.staff.desk.system import State as MachineState
from kiosk.staff.desk.system import SystemPage
from kiosk.staff.desk.treadmill import HOW, ScanPage, TreadmillPage
from kiosk.staff.desk.turn import Page
from kiosk.staff.desk.typing import STICKER, KeysPage
from kiosk.staff.health.finding import fine, todo
from kiosk.store.kinds import Severity
from kiosk.store.records import Event, Staff
from kiosk.store.repositories.service import Service, Tally

EVENTS = tuple(
    Event(str(n), NOW_MS - n * 5_400_000, "0197-f00d" if n % 3 else None, kind, severity, cause, "", speed, detail)
    for n, (kind, severity, cause, speed, detail) in enumerate(
        (
            ("trip", Severity.STOP, "link_lost", 193, "no data for 2.5 s"),
            ("out_of_service", Severity.FAULT, "link_lost", None, "3 times in 7 days"),
            ("reset_by_staff", Severity.NOTICE, "red_button", None, "Kim"),
            ("trip", Severity.STOP, "red_button", 145, ""),
            ("start", Severity.INFO, "", None, ""),
            ("escalation", Severity.FAULT, "stop_not_confirmed", 64, ""),
            ("trip", Severity.STOP, "unexpected_motion", 80, ""),
            ("staff_signed_out", Severity.INFO, "", None, ""),
            ("store", Severity.NOTICE, "interrupted", None, "closed at the next start"),
        )
        * 3
    )
)
TALLIES = (
    Tally("link_lost", 3, NOW_MS - 6 * DAY_MS, NOW_MS - 3_600_000),
    Tally("belt_stopped_itself", 1, NOW_MS - 2 * DAY_MS, NOW_MS - 2 * DAY_MS),
)
FOUND = (
    Found(ADDRESS, "Belt 400", -52, True),
    Found("C0:FF:EE:00:00:43", "Belt 400", -61, False),
    Found("D2:11:22:33:5A:B7", "Runner's Friend Model Seven Plus", -79, False),
    Found("D2:11:22:33:5A:0C", "", -90, False),
)
PROFILE = Profile(
    name="Belt 400",
    address=ADDRESS,
    model="M1",
    firmware="1.0",
    commissioned=True,
    cap_ckmh=402,
    stops=tuple(StopPoint(v, 0.6 + v / 250, v * v / 350) for v in (80, 160, 240, 320, 402)),
    signed_by="Kim",
    measured_on="2026-07-10",
)


def _box() -> BoxData:
    speeds: list[tuple[float, float | None]] = [(-50.0 + n, 1.9 if n < 50 else None) for n in range(48)]
    speeds += [(-2.0, 1.9), (0.4, 1.5), (1.0, 0.9), (1.6, 0.3), (2.2, 0.0), (10.0, 0.0)]
    return BoxData(
        "trip: link_lost",
        (
            Lane("state", (Stretch(-50, 0, "running"), Stretch(0, 2.2, "stopping"), Stretch(2.2, 10, "latched"))),
            Lane("wish", (Stretch(-50, 0, "run"), Stretch(0, 10, "stop"))),
            Lane("clip", (Stretch(4, 6, "open"),)),
            Lane("red button"),
            Lane("permit", (Stretch(-50, 0, "on"), Stretch(0, 10, "off"))),
            Lane("alarm"),
            Lane("written", marks=((-30.0, "02 c1 00"), (0.02, "08 01"), (0.52, "08 01"))),
            Lane("asked", marks=((-30.0, "target"),)),
        ),
        tuple(speeds),
        ((-50.0, 1.9), (0.0, 0.0), (10.0, 0.0)),
        ("   -50.000 s  state running, clip closed, red button released, wish run", "    +0.000 s  state running -> "
         "stopping (link_lost)", "    +0.020 s  wrote 08 01", "    +2.200 s  speed 0.00 km/h"),
    )  # fmt: skip


def _shown(page: str, awaits: Awaits, choices: tuple[Act, ...], **more: object) -> Instruction:
    kind = more.pop("kind", "commission")
    values = {
        "page": page, "title": f"{kind}.page.{page}.title", "body": f"{kind}.page.{page}.body",
        "awaits": awaits, "choices": choices, "n": 4, "m": 10, **more,
    }  # fmt: skip
    return Instruction(**values)  # type: ignore[arg-type]


def _record() -> pages.Record:
    found = Findings(
        min_ckmh=80,
        start_latency_s=2.9,
        pause_works=False,
        link_stops=True,
        deck_mm=1420,
        belt_mm=3104,
        stops=PROFILE.stops,
    )
    measured = Progress(identity=Identity(ADDRESS, "M1", "1.0"), saved_ms=NOW_MS, who="Kim", found=found)
    return pages.Record(measured=measured, profile=PROFILE)


def _look() -> Look:
    return Look(
        (
            fine("disk", "fine", free="21.4 GB"),
            fine("record", "fine", sessions=871, size="14.2 MB", schema="0003"),
            todo("backup", "old", days=9, when="2026-07-02 03:10"),
            fine("clock", "rtc"),
            fine("touch", "fine", device="ILITEK Multi-Touch-V5000"),
            fine("sound", "fine", device="vc4-hdmi-0"),
            fine("heat", "fine", degrees=52),
            todo("power", "low_seen"),
            fine("services", "fine"),
        ),
        (("retrowalk", "0.1.0"), ("python", "3.13.5"), ("kernel", "6.12.34+rpt-rpi-v8")),
        (),
    )


def _pages() -> Iterator[tuple[str, str, Page, Staff]]:
    yield "", "newest first", LogPage(found=EVENTS), KIM
    yield "none", "a filter that finds nothing", LogPage(found=(), severity=1), KIM
    yield "", "a stop with its minute", EventPage(EVENTS[0], box=True), KIM
    yield "long", "much detail", EventPage(replace(EVENTS[1], detail="The check at start found a damaged page.")), KIM
    yield "", "the minute around a stop", BoxPage("0", "Link to treadmill lost", _box()), KIM
    yield "words", "the same in words", BoxPage("0", "Link to treadmill lost", _box(), in_words=True), KIM
    yield "reading", "being read", BoxPage("0", "Link to treadmill lost"), KIM
    yield "", "out of service", FaultsPage(Service("link_lost", TALLIES)), KIM
    yield "none", "nothing", FaultsPage(Service()), KIM
    yield "", "the way back", FaultPage(TALLIES[0], frozenset({0}), frozenset({"red"})), KIM
    yield "ready", "all seen", FaultPage(TALLIES[0], frozenset({0, 1}), frozenset({"red", "clip", "amber"})), ALEX
    yield "", "bound and measured", TreadmillPage(PROFILE, ADDRESS, proof=Proof.KEY), KIM
    yield "due", "check due, not measured", TreadmillPage(Profile(), ADDRESS), KIM
    yield "console", "takes no commands: may be followed", TreadmillPage(Profile(), ADDRESS), KIM
    yield "follow", "follow mode allowed", TreadmillPage(Profile(follow_allowed=True), ADDRESS), KIM
    leave = ConfirmPage(
        words("treadmill.follow_title", name="Belt 400", last=ADDRESS[-5:]),
        (words("treadmill.follow_line_1"), words("treadmill.follow_line_2")),
        "treadmill.follow_allow",
    )
    yield "follow", "what it means", leave, KIM
    yield "scan", "two alike", ScanPage(), KIM
    yield (
        "how",
        "how it proves which one it is",
        PickPage(words("treadmill.how_title", name="Belt 400", last=ADDRESS[-5:]), HOW, words("treadmill.how_text")),
        KIM,
    )
    own = OwnKeyPage(ADDRESS, "Belt 400", phase="pull", since_s=990.0)
    yield "key", "its own key is to be pulled", own, KIM
    yield "silent", "it said nothing", replace(own, phase="silent"), KIM
    sticker = KeysPage(words("treadmill.sticker"), words("treadmill.sticker_help"), keys=STICKER, typed="00")
    yield "sticker", "the last four", sticker, KIM
    begun = procedure.begin(0.0, who="Kim", today="2026-07-11")
    run = ProcedurePage(KIND_COMMISSION, ADDRESS, commission=begun)
    clip = _shown("clip_pull", Awaits.CLIP_PULL, (Act.LEAVE,))
    yield "", "the clip is proved", replace(run, shown=clip), KIM
    tape = _shown("tape", Awaits.TAP, (Act.TAP, Act.STOP), done=4, wanted=11, moving=True)
    yield "tape", "taps at each pass", replace(run, shown=tape), KIM
    deck = _shown("deck", Awaits.NUMBER, (Act.NUMBER, Act.LEAVE), number=Number(900, 3000, 1400), n=2)
    yield "number", "a length", replace(run, shown=deck), KIM
    resume = _shown("resume", Awaits.CONFIRM, (Act.CONFIRM, Act.REPEAT), n=1, words=(("when", "2026-07-10 18:20"),
                    ("who", "Alexandra"), ("name", "Belt 400"), ("steps", "5")))  # fmt: skip
    yield "resume", "what was kept", replace(run, shown=resume), KIM
    failed = _shown("failed", Awaits.CONFIRM, (Act.REPEAT, Act.SKIP, Act.LEAVE),
                    keys=(("why", "commission.failed.taps"),), words=(("what", "-"),), n=6,
                    blocked=(Missing.LINK,))  # fmt: skip
    yield "failed", "a step failed", replace(run, shown=failed), KIM
    rising = _shown("rising", Awaits.MACHINE, (Act.STOP,), moving=True, kind="opening_check", n=5, m=5,
                    speeds=(("speed", 150),), words=(("hours", "18"), ("what", "-")))  # fmt: skip
    check = ProcedurePage(KIND_CHECK, ADDRESS, check=opening.begin(0.0), shown=rising)
    yield "check", "the brake test", check, KIM
    console = _shown("console_start", Awaits.CONSOLE, (Act.STOP,), moving=True, kind="opening_check", n=5, m=5)
    yield "console", "the brake test from the console", replace(check, shown=console), KIM
    yield "result", "chart and cap", ResultPage(ADDRESS, _record(), heard=True), KIM
    yield "", "what wants doing first", DiagnosticsPage(_look(), jitter_s=0.012), KIM
    yield "", "crosses", TouchPage(((300, 240), (420, 260), (520, 250))), KIM
    yield "", "the belt stands", SystemPage(MachineState(True, "0.1.0", "Version 0.2.0 is on the stick, whole and "
                                                         "signed.", True), "0197f00d-1234"), KIM  # fmt: skip
    yield "moving", "not now", SystemPage(MachineState(True, "0.1.0", "", False), message="system.belt_moves"), KIM
    off = ConfirmPage(
        words("system.power_off_title"),
        (words("system.power_off_line"), words("system.belt_line")),
        "system.power_off",
        dire=True,
    )
    yield "off", "held", off, KIM


def _status(status: Status, page: Page, state: str) -> Status:
    change = msgspec.structs.replace
    inputs = Inputs(True, True, False, True, "")
    made = change(status, facts=FACTS, inputs=inputs, opening=Opening(valid_left_s=52_000.0), found=FOUND)
    if state == "due":
        made = change(made, opening=Opening(), link=LinkState.READ_ONLY)
    if state in ("console", "follow"):
        told = change(FACTS, can_speed=False, min_ckmh=0, max_ckmh=0)
        made = change(made, facts=told, link=LinkState.READ_ONLY, follow=state == "follow")
    if state in ("tape", "check", "moving"):
        made = change(made, state=State.RUNNING, at_rest=False, measured_ckmh=150, measured_age_s=0.2)
    return made


def entries(base: Snapshot) -> Iterator[tuple[ScreenId, str, str, Snapshot]]:
    """(screen, state, note, snapshot) of every page about the machine."""
    for state, note, page, who in _pages():
        here = here_for(base.language, base.units, base, who)
        display = Display("KMSDRM", "opengles2", 1920, 1080, state == "small", "")
        status = None if here.status is None else _status(here.status, page, state)
        here = replace(here, status=status, setup=replace(here.setup, display=display))
        yield page.screen, state, note, shown(base, here, page, held=state in ("off", "ready"))
