"""After the walk: scores, summary. Staff's reset and out of service: service.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import Cause
from kiosk.coach.plan import Choice
from kiosk.coach.standing import CHEST, Verdict, Visit, judge
from kiosk.coach.week import DAYS, days_in, toggled
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session import near
from kiosk.session.actions import KeepDays, Record, Unjoin
from kiosk.session.model import Joined
from kiosk.session.turn import Turn
from kiosk.snapshot import DAYS_PAGE
from kiosk.store.kinds import Severity
from kiosk.store.kinds import Verdict as Kept
from kiosk.store.records import EventIn, Ratings

HIGH_PAIN: Final = 7
PAIN_RISE: Final = 3
"""Pain this high, or risen by so much, is told to staff in the log and gets advice (screens A10, 15)."""


def effort(t: Turn, intent: Intent) -> None:
    """How hard it was, 0-10."""
    if intent.kind is IntentKind.SCORE and 0 <= intent.value <= 10:
        t.stay = replace(t.stay, effort=intent.value)
        _keep(t, Ratings(t.stay.id, effort=intent.value))
        t.go(ScreenId.PAIN)
    elif intent.kind in (IntentKind.SKIP, IntentKind.NEXT):
        t.go(ScreenId.PAIN)


def pain(t: Turn, intent: Intent) -> None:
    """Pain now, 0-10, beside what it was before."""
    if intent.kind is IntentKind.SCORE and 0 <= intent.value <= 10:
        before = pain_before(t)
        t.stay = replace(t.stay, pain_after=intent.value)
        _keep(t, Ratings(t.stay.id, pain_after=intent.value, pain_peak=max(intent.value, before or 0)))
        if t.stay.consent and hurts(t):
            t.actions.append(Record(EventIn("pain_flag", Severity.NOTICE, t.stay.id)))
        keep_verdict(t)
        t.go(ScreenId.SUMMARY)
    elif intent.kind in (IntentKind.SKIP, IntentKind.NEXT):
        keep_verdict(t)
        t.go(ScreenId.SUMMARY)
    elif intent.kind is IntentKind.BACK:
        t.go(ScreenId.EFFORT)


def _keep(t: Turn, ratings: Ratings) -> None:
    """Scores are kept only with consent; a guest's live as long as their stay."""
    if t.stay.consent:
        t.actions.append(Record(ratings))


def hurts(t: Turn) -> bool:
    """Pain after the walk that is high, or has risen: advice, and a note for staff."""
    before, now = pain_before(t), t.stay.pain_after
    return now is not None and (now >= HIGH_PAIN or (before is not None and now - before >= PAIN_RISE))


def visit_of(t: Turn) -> Visit:
    """This stay's walk as progression reads it."""
    stay = t.stay
    offer, walked, before = stay.offer, stay.walked, pain_before(t)
    kept = stay.consent
    return Visit(
        day=t.setup.today(),
        program=offer.program if offer is not None else "",
        choice=offer.choice if offer is not None else Choice(""),
        planned_s=offer.plan.walk_s if offer is not None else 0.0,
        walked_s=walked.walk_s,
        completed=stay.cause is Cause.PLAN_DONE,
        top_ckmh=walked.top_ckmh,
        cause=stay.cause.value if stay.cause is not None else "",
        why=stay.why,
        pain_before=before if kept else None,
        pain_peak=None if not kept or stay.pain_after is None else max(stay.pain_after, before or 0),
        pain_after=stay.pain_after,
        effort=stay.effort,
        dizzy=stay.why == CHEST,
    )


def keep_verdict(t: Turn) -> None:
    """What the coach makes of the session, for the staff's view of a member; only with consent."""
    if not t.stay.consent or t.stay.person is None:
        return
    verdict = _VERDICTS.get(judge(visit_of(t), t.setup.content.rules.progress))
    if verdict is not None:
        t.actions.append(Record(Ratings(t.stay.id, verdict=verdict)))


_VERDICTS: Final = {
    Verdict.CLEAN: Kept.CLEAN,
    Verdict.HOLD: Kept.HOLD,
    Verdict.AMBER: Kept.AMBER,
    Verdict.RED: Kept.RED,
}


def pain_before(t: Turn) -> int | None:
    """The score before the walk."""
    outcome = t.stay.outcome
    return None if outcome is None else outcome.pain


def summary(t: Turn, intent: Intent) -> None:
    """Read, and gone; or the walks so far; or a guest becomes a member."""
    match intent.kind:
        case IntentKind.DONE | IntentKind.NEXT | IntentKind.CANCEL | IntentKind.BACK:
            t.leave()
        case IntentKind.HISTORY if t.stay.person is not None:
            t.stay = replace(t.stay, history_from=ScreenId.SUMMARY, history_page=0)
            t.go(ScreenId.HISTORY)
        case IntentKind.JOIN if may_join(t):
            t.stay = replace(t.stay, joining=True, join_asked_s=None, join_failed=False)
            t.go(ScreenId.CONSENT)


def history(t: Turn, intent: Intent) -> None:
    """Charts to look at; back to where they were asked for."""
    match intent.kind:
        case IntentKind.BACK | IntentKind.DONE:
            if t.stay.history_from is ScreenId.PROGRAM:
                near.to_programs(t)  # other days, another order
            else:
                t.go(t.stay.history_from)
        case IntentKind.CANCEL:
            t.leave()
        case IntentKind.OPEN if intent.value in range(HISTORY_PAGES):
            t.stay = replace(t.stay, history_page=intent.value)
            t.state = replace(t.state, since_s=t.now_s)
        case IntentKind.TICK if t.stay.history_page == DAYS_PAGE and intent.value in range(len(DAYS)):
            _choose_day(t, intent.value)
        case IntentKind.NEXT:
            t.stay = replace(t.stay, history_page=(t.stay.history_page + 1) % HISTORY_PAGES)
            t.state = replace(t.state, since_s=t.now_s)


HISTORY_PAGES: Final = 4
"""Three charts, and the days of the member's own week."""


def _choose_day(t: Turn, day: int) -> None:
    """A day more or less in the member's own week; without any the sample's days hold again."""
    person = t.stay.person
    if person is None:
        return
    chosen = toggled(days_in(near.week_of(t)), day)
    t.stay = replace(t.stay, person=replace(person, days=chosen))
    t.actions.append(KeepDays(person.id, chosen))


JOIN_WAIT_S: Final = 6.0
"""The record writes in the background; silent for this long, it does not answer a person any more."""

_UNRECORDED: Final = ("disk", "record_in_memory")


def may_join(t: Turn) -> bool:
    """Whether this guest can become a member: something was walked, and the record keeps what it is given."""
    stay = t.stay
    kept = not t.state.banner.startswith(_UNRECORDED)
    return stay.guest and stay.opened and stay.walked.walk_s > 0 and kept and not stay.new_code


def joining(t: Turn) -> None:
    """The record makes the new member; it does not keep anybody waiting."""
    asked_s = t.stay.join_asked_s
    if asked_s is not None and t.now_s - asked_s > JOIN_WAIT_S:
        joined(t, Joined(""))


def joined(t: Turn, answer: Joined) -> None:
    """The code is there, or the record could not."""
    if t.state.screen is not ScreenId.CONSENT or t.stay.join_asked_s is None:
        if answer.code:  # nobody read it: nothing about this guest is kept after all
            t.actions.append(Unjoin(answer.code))
        return
    if not answer.code:
        t.stay = replace(t.stay, joining=False, join_asked_s=None, join_failed=True, consent=False)
        t.go(ScreenId.SUMMARY)
        t.play("caution")
        return
    t.stay = replace(t.stay, joining=False, join_asked_s=None, new_code=answer.code)
    t.play("done")
    t.go(ScreenId.JOINED)


def joined_screen(t: Turn, intent: Intent) -> None:
    """The code was written down."""
    if intent.kind in (IntentKind.DONE, IntentKind.NEXT, IntentKind.CANCEL, IntentKind.BACK):
        t.leave()
