"""The desk as one function: ``step(desk, events, here) -> (desk, actions)``. Pure.

The guard's word first, then answers and touches in their order, then what time brings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from hardware.link.messages import Refused, SafetyEvent, Status
from kiosk.intents import Intent, IntentKind
from kiosk.session.actions import Action
from kiosk.session.model import TOUCH_GUARD_S
from kiosk.staff.desk.asking import PadPage
from kiosk.staff.desk.errands import Answered
from kiosk.staff.desk.menu import MenuPage
from kiosk.staff.desk.model import IDLE_S, NOBODY, DeskEvent, Here, SecondPin
from kiosk.staff.desk.setup import SetupPage
from kiosk.staff.desk.turn import Desk, DeskTurn, LongPage, Page
from kiosk.store.records import Staff

LEAVES: Final = {IntentKind.NEXT: 1, IntentKind.PREVIOUS: -1}


def signed_in(who: Staff, now_s: float, page: Page | None = None) -> Desk:
    """A desk for *who*: the menu, with *page* on top of it if one is named."""
    stack: tuple[Page, ...] = (MenuPage(),) if page is None else (MenuPage(), page)
    return Desk(who, stack, now_s, now_s)


def first_start(now_s: float) -> Desk:
    """Nobody has an account yet: the owner's is made."""
    return Desk(NOBODY, (SetupPage(),), now_s, now_s)


def begin(desk: Desk, here: Here) -> tuple[Desk, tuple[Action, ...]]:
    """The first page comes up."""
    t = DeskTurn(desk, here)
    desk.page.opened(t)
    return t.desk, tuple(t.actions)


def step(desk: Desk, events: Iterable[DeskEvent], here: Here) -> tuple[Desk, tuple[Action, ...]]:
    """The desk after *events*, at ``here.now_s``. A desk that is ``over`` is to be put away."""
    t = DeskTurn(desk, here)
    for event in events:
        if t.desk.over:
            break
        t.level = len(t.desk.stack) - 1
        _happened(t, event)
    if not t.desk.over:
        t.level = len(t.desk.stack) - 1
        t.desk.page.passing(t)
    if not t.desk.over and t.desk.page.holds:
        t.awake()
    if not t.desk.over and here.now_s - t.desk.active_s >= IDLE_S:
        t.sign_out(idle=True)
    return t.desk, tuple(t.actions)


def _happened(t: DeskTurn, event: DeskEvent) -> None:
    match event:
        case Intent():
            _touched(t, event)
        case Answered():
            for level in reversed(range(len(t.desk.stack))):
                if level < len(t.desk.stack) and not t.desk.over:  # an answer may close pages
                    t.level = level
                    t.desk.stack[level].answered(t, event)
        case SecondPin():
            page = t.desk.page
            if t.desk.pin_asked and isinstance(page, PadPage):
                t.desk = replace(t.desk, pin_asked=False)
                page.tried(t, event)
        case Status() | Refused() | SafetyEvent():
            t.desk.page.told(t, event)


def _touched(t: DeskTurn, intent: Intent) -> None:
    """Drop what was meant for the page before; sign-out counts at all times."""
    if intent.kind is IntentKind.SIGN_OUT:
        t.play("key")
        t.sign_out()
        return
    if t.page_s < TOUCH_GUARD_S:
        return
    t.awake()
    if intent.kind is IntentKind.STAY:
        return
    t.play("key")
    if intent.kind is IntentKind.BACK:
        page = t.desk.page
        if not _steps_back(t, page):
            page.leaving(t)
            t.back()
        return
    page = t.desk.page
    if isinstance(page, LongPage) and intent.kind in LEAVES:
        t.put(replace(page, page=page.page + LEAVES[intent.kind]))
        return
    page.touched(t, intent)


def _steps_back(t: DeskTurn, page: Page) -> bool:
    """A page with steps of its own goes one back first."""
    before = t.desk
    page.touched(t, Intent(IntentKind.BACK))
    return t.desk is not before
