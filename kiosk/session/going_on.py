"""Once the belt stands: why it was stopped, the rest between two sets or a break, and on with the walk or its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardware.link.messages import Cause
from kiosk.coach.screening import Outcome, Result
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session.actions import Record, RecordScreening, RecordWhy
from kiosk.session.model import REST_TOUCH_S
from kiosk.session.turn import Turn, staff_latched
from kiosk.store.records import Ratings

PAUSE_S: Final = 60.0
"""A break is counted down where everybody can see it; then the walk is over (screens A10, P)."""


def rest_left_s(t: Turn) -> float:
    """How much of the rest between two sets, or of a break, is left."""
    player = t.stay.player
    if t.stay.paused:
        return max(0.0, PAUSE_S - t.screen_s)
    return 0.0 if player is None else max(0.0, player.step.seconds - t.screen_s)


def pause(t: Turn, intent: Intent) -> None:
    """On to the next set before the rest is over."""
    if intent.kind in (IntentKind.NEXT, IntentKind.DONE) and t.screen_s >= REST_TOUCH_S:
        _on_again(t)


def pausing(t: Turn) -> None:
    """The belt stands; the next set begins with a new straddle. A break that nobody ends is the end of the walk."""
    if staff_latched(t.status):
        t.go(ScreenId.OUT_OF_SERVICE)
        return
    t.say("N6")
    left_s = rest_left_s(t)
    if t.stay.paused:
        if left_s <= 0:
            t.stay = replace(t.stay, paused=False)
            to_ratings(t)
        return
    if left_s <= t.setup.content.rules.player.announce_s:
        t.say("N7")
    if left_s <= 0:
        _on_again(t)


def _on_again(t: Turn) -> None:
    """A new straddle, and from there on with the same walk; the check comes first, as always."""
    t.stay = replace(t.stay, resume=True, armed=False, pulled=False, cause=None, paused=False)
    t.go(ScreenId.CHECK)


def reasons(t: Turn) -> tuple[str, ...]:
    """The answers to choose from.

    Going on is offered after a clip that slipped, and a break after a stop by hand, with enough of the walk left.
    """
    player = t.stay.player
    cause = t.stay.cause
    on = (
        cause in (Cause.CLIP, Cause.MEMBER_STOP)
        and player is not None
        and not player.done
        and player.left_s >= t.setup.content.rules.player.resume_least_s
        and not staff_latched(t.status)
    )
    first: tuple[str, ...] = ()
    if on:
        first = ("slipped",) if cause is Cause.CLIP else ("break",)
    return (*first, "unsteady", "pain", "tired", "chest", "other")


def why_stopped(t: Turn, intent: Intent) -> None:
    """One tap. Chest pain or dizziness ends the day here; a clip that slipped may lead to a new straddle."""
    if intent.kind is IntentKind.SKIP:
        to_ratings(t)
        return
    answers = reasons(t)
    if intent.kind is not IntentKind.CHOOSE or not 0 <= intent.value < len(answers):
        return
    why = answers[intent.value]
    t.stay = replace(t.stay, why=why)
    if t.stay.consent:  # it tells of health
        t.actions.append(RecordWhy(t.stay.id, why))
    if why == "slipped":
        _on_again(t)
    elif why == "break":
        t.stay = replace(t.stay, paused=True)
        t.go(ScreenId.PAUSE)
    elif why == "chest":
        t.finish()
        if t.stay.consent:
            t.actions.append(Record(Ratings(t.stay.id, dizzy=True)))
        elif t.stay.person is not None:  # of what they said only what follows from it: not before a clinician's yes
            t.actions.append(RecordScreening(t.stay.person.id, Outcome(Result.FORBID), ""))
        t.talk("talk.unwell")
        t.say("X12")
    else:
        t.say("F8")
        to_ratings(t)


def to_ratings(t: Turn) -> None:
    """The walk is over: its record is closed, and the scores are asked.

    A member's are kept, so only with consent; a guest's are for today's summary alone.
    """
    t.finish()
    if (t.stay.consent or t.stay.guest) and t.stay.walked.walk_s > 0:
        t.go(ScreenId.EFFORT)
    else:
        t.go(ScreenId.SUMMARY)
