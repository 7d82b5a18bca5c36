"""Where the staff's desk (kiosk/staff/desk) lies over the session: opened after a PIN, put away at sign-out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kiosk.session.model import PinTried, State
from kiosk.session.setup import Setup
from kiosk.session.turn import Turn
from kiosk.staff.desk import machine
from kiosk.staff.desk.model import DeskEvent, Here, SecondPin
from kiosk.staff.desk.turn import Desk, Page
from kiosk.store.kinds import Role
from kiosk.store.records import Staff


def here_of(state: State, desk: Desk, now_s: float, setup: Setup) -> Here:
    """What the desk may know."""
    texts = setup.content.texts
    return Here(
        now_s=now_s,
        setup=setup,
        status=state.fresh(now_s),
        caps=state.caps,
        texts=texts.get(state.language or setup.language) or next(iter(texts.values())),
        who=desk.who,
        since_s=desk.since_s,
        utc_ms=state.utc_ms,
    )


def open_desk(t: Turn, who: Staff, page: Page | None = None) -> None:
    """Sign *who* in; the session's own screen has to be one where nobody stays."""
    _begin(t, machine.signed_in(who, t.now_s, page))


def open_first(t: Turn) -> None:
    """Make the owner's account."""
    _begin(t, machine.first_start(t.now_s))


def _begin(t: Turn, desk: Desk) -> None:
    desk, actions = machine.begin(desk, here_of(t.state, desk, t.now_s, t.setup))
    t.state = replace(t.state, desk=desk)
    t.actions.extend(actions)


def pass_on(t: Turn, events: Iterable[DeskEvent]) -> None:
    """Let the desk hear of it, if there is one."""
    desk = t.state.desk
    if desk is None:
        return
    after, actions = machine.step(desk, events, here_of(t.state, desk, t.now_s, t.setup))
    t.actions.extend(actions)
    if after.over:
        t.state = replace(t.state, desk=None, since_s=t.now_s, active_s=t.now_s)
    else:
        t.state = replace(t.state, desk=after, active_s=t.now_s, needs_owner=t.state.needs_owner and not after.who.id)


def second_pin(t: Turn, answer: PinTried) -> None:
    """Another PIN, tried at the desk."""
    pass_on(t, (SecondPin(account_of(answer), answer.wait_s, answer.broken),))


def account_of(answer: PinTried) -> Staff | None:
    """Whose PIN it was; a desk that tells only a name gives the least rights."""
    if not answer.who:
        return None
    return answer.account or Staff(answer.who, answer.who, Role.STAFF, active=True, created_ms=0)
