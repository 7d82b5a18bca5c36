"""What a screening leaves for later days: the limit that holds, and what a balance check by staff makes of it. Pure.

For age and falls the record knows an age band and a limit that waits for a check, never an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hardware.units import ckmh_from_mph, tenths_of_mph
from kiosk.coach.progression import balance_mph
from kiosk.coach.rules import ProgressRules
from kiosk.coach.screening import Outcome
from kiosk.coach.standing import Facts, Visit
from kiosk.session.model import Person
from kiosk.staff.caps import allowed_ckmh
from kiosk.store.kinds import AgeBand
from kiosk.store.records import Cap


def facts_of_person(person: Person, outcome: Outcome | None, caps: Iterable[Cap]) -> Facts:
    """What is known of a member for good, with what today's form says besides."""
    flags = outcome.flags if outcome is not None else frozenset()
    own = allowed_ckmh(caps, person.id)
    return Facts(
        older=person.age_band is AgeBand.OLDER or "older" in flags,
        fell="fall" in flags or person.limit_waits or (outcome is not None and outcome.until_checked),
        balance_checked=person.balance_checked,
        own_mph=None if own is None else tenths_of_mph(own),
        flags=flags,
        cleared_on=person.cleared_on,
        fast_track=person.fast_track,
    )


def fixed_ckmh(person: Person | None, outcome: Outcome | None) -> int | None:
    """The lower of the limits of today's form and of the record, without those that wait for a balance check."""
    return _lowest(person, outcome, waits=False)


def held_ckmh(
    person: Person | None,
    outcome: Outcome | None,
    history: Sequence[Visit],
    caps: Iterable[Cap],
    rules: ProgressRules,
) -> int | None:
    """All that screening holds this person to, now that they have walked *history*; None: to nothing."""
    if person is None:
        return None if outcome is None or outcome.limit_mph is None else ckmh_from_mph(outcome.limit_mph)
    fixed = fixed_ckmh(person, outcome)
    balance = balance_mph(history, facts_of_person(person, outcome, caps), rules)
    if balance is None:
        return fixed
    proved = balance > rules.speed_older_first_mph
    return lowest(fixed, ckmh_from_mph(balance), None if proved else _lowest(person, outcome, waits=True))


def _lowest(person: Person | None, outcome: Outcome | None, *, waits: bool) -> int | None:
    today = recorded = None
    if outcome is not None and outcome.limit_mph is not None and outcome.until_checked is waits:
        today = ckmh_from_mph(outcome.limit_mph)
    if person is not None and person.limit_waits is waits:
        recorded = person.screening_limit_ckmh
    return lowest(today, recorded)


def lowest(*limits: int | None) -> int | None:
    """The lowest of those there are."""
    return min((limit for limit in limits if limit is not None), default=None)
