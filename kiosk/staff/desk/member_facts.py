"""A member as staff read them: what comes next and why, what holds for them, the last walks. No score is among it."""

from __future__ import annotations

from dataclasses import replace

from hardware.units import tenths_of_mph
from kiosk.archive import day_of
from kiosk.coach.plan import expand
from kiosk.coach.programs import ProgramError
from kiosk.coach.progression import BASE, propose
from kiosk.coach.standing import Facts, ladder_of
from kiosk.session.limits import facts_of_person, fixed_ckmh, held_ckmh
from kiosk.session.words import sentence_in
from kiosk.staff.caps import VISITS_KNOWN, CapContext, EffectiveCap, effective
from kiosk.staff.desk.caps import everybody, program_text, speed_words
from kiosk.staff.desk.member_record import Detail
from kiosk.staff.desk.model import Here
from kiosk.staff.desk.views import Fact, Tone
from kiosk.staff.desk.when import day_text
from kiosk.store.kinds import AgeBand, Screened, SessionState


def may_fast_track(detail: Detail, here: Here) -> bool:
    """Two clean visits of First Steps, under 65, nothing RED, and not beyond them already (coaching section 3)."""
    progress = here.setup.content.rules.progress
    ladder = ladder_of(detail.person.history, coach_facts(detail, here), progress)
    older = detail.member.age_band is AgeBand.OLDER
    return not older and ladder.clean >= progress.fast_clean and ladder.first is not None and not ladder.reds


def cap_of(detail: Detail, here: Here) -> EffectiveCap:
    """What holds for this member on this treadmill in the base plan, and whose cap it is."""
    progress = here.setup.content.rules.progress
    held = held_ckmh(detail.person, None, detail.person.history, here.caps, progress)
    return effective(here.caps, replace(_context(detail, here), visits=detail.visits, screening_ckmh=held))


def _context(detail: Detail, here: Here) -> CapContext:
    return replace(
        everybody(here),
        member_id=detail.member.id,
        visits=VISITS_KNOWN,
        program_id=BASE,
        age_band=detail.member.age_band,
    )


def coach_facts(detail: Detail, here: Here) -> Facts:
    """What progression needs of a member, as the session gathers it (kiosk.session.near)."""
    fixed = fixed_ckmh(detail.person, None)
    cap = effective(here.caps, replace(_context(detail, here), screening_ckmh=fixed))
    return replace(facts_of_person(detail.person, None, here.caps), cap_mph=tenths_of_mph(cap.speed_ckmh))


def plan_of(detail: Detail, here: Here) -> tuple[str, str]:
    """What comes next, and why."""
    content = here.setup.content
    if detail.person.forbidden:
        return here.texts("members.plan_none"), here.texts("members.why_forbidden")
    today = propose(
        detail.person.history, day_of(detail.utc_ms), coach_facts(detail, here), content.programs, content.rules
    )
    if not today.proposals:
        return here.texts("members.plan_none"), here.texts(today.refusal or "talk.default")
    best = today.proposals[0]
    name = program_text(here, best.program)
    try:
        plan = expand(content.programs[best.program], best.choice, content.rules)
        minutes = here.texts("unit.minutes", n=max(1, round(plan.walk_s / 60)))
        top = here.texts.speed(plan.top_ckmh, here.setup.units)
        name = f"{name}, {minutes}, {top} {here.texts(f'unit.{here.setup.units.name.lower()}')}"
    except (KeyError, ProgramError):
        pass  # a program that was taken away: its name has to do
    return name, sentence_in(here.texts, here.setup.units, best.reason, best.values)


def _balance(detail: Detail, here: Here) -> tuple[Fact, ...]:
    """Of those whose limit it lifts: whether staff have checked their balance, and until when that holds."""
    if not detail.balance_counts:
        return ()
    title, until_ms = here.texts("members.head_balance"), detail.balance_ms
    if until_ms is None:
        return (Fact(title, here.texts("members.unchecked"), Tone.NOTICE),)
    told = here.texts("members.until", what=here.texts("members.checked"), day=day_text(until_ms))
    if until_ms <= detail.utc_ms:
        return (Fact(title, here.texts("members.expired", what=told), Tone.NOTICE),)
    return (Fact(title, told),)


def facts_of(detail: Detail, here: Here) -> tuple[Fact, ...]:
    """Everything, top to bottom."""
    texts, member, screening = here.texts, detail.member, detail.screening
    plan, why = plan_of(detail, here)
    holds = cap_of(detail, here)
    own = speed_words(here, detail.cap.speed_ckmh) if detail.cap is not None else texts("members.no_cap")
    screened, tone = texts("members.not_screened"), Tone.NOTICE
    if screening is not None:
        over = screening.expires_ms <= detail.utc_ms
        screened = texts(f"members.screened_{screening.outcome.value}")
        if screening.outcome is not Screened.FORBID:
            screened = texts("members.until", what=screened, day=day_text(screening.expires_ms))
        tone = Tone.BAD if screening.outcome is Screened.FORBID else Tone.NOTICE if over else Tone.PLAIN
        screened = texts("members.expired", what=screened) if over else screened
    facts = [
        Fact(texts("members.head_plan"), plan),
        Fact(texts("members.head_why"), why),
        Fact(texts("members.head_cap"), own),
        Fact(
            texts("members.head_holds"),
            f"{speed_words(here, holds.speed_ckmh)} ({texts(f'caps.source_{holds.source.value}')})",
        ),
        Fact(texts("members.head_screening"), screened, tone),
        *_balance(detail, here),
        Fact(texts("members.head_visits"), texts("members.visits", n=detail.visits, week=detail.week)),
        Fact(texts("members.head_since"), day_text(member.first_seen_ms)),
    ]
    for session in detail.last:
        walked = texts("unit.minutes", n=round(session.walk_s / 60))
        done = "tick" if session.state is SessionState.COMPLETED else ""
        ended = texts("members.completed" if done else "members.ended_early")
        facts.append(
            Fact(day_text(session.started_ms), f"{program_text(here, session.program_id)}, {walked}, {ended}")
        )
    return tuple(facts)
