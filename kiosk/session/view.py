"""The state as a screen may know it: ``snapshot(state, now, setup)``. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from hardware.link.messages import Cause, LinkState
from hardware.units import ckmh_from_mph
from kiosk.coach.plan import Plan, expand
from kiosk.coach.programs import Program
from kiosk.coach.progression import upcoming
from kiosk.coach.standing import CHEST, Visit
from kiosk.coach.week import DAYS, days_in, for_home, may_choose, next_own
from kiosk.intents import INERT_SCREENS, ScreenId
from kiosk.screens.flow import FLOW
from kiosk.session import after, amber, follow, going_on, mount, near, safety_check, service, stops
from kiosk.session.desk import here_of
from kiosk.session.model import MEASURED_FRESH_S, REST_TOUCH_S, Offer, State
from kiosk.session.past import history_view, last_walks
from kiosk.session.setup import Setup
from kiosk.session.turn import Turn, staff_latched
from kiosk.session.words import sentence_in
from kiosk.snapshot import HistoryView, ProgramCard, Snapshot, Step, SummaryView, WalkView
from kiosk.staff.desk import granted
from kiosk.staff.desk import model as desk_model
from kiosk.staff.desk.view import staff_view
from kiosk.store.kinds import AgeBand
from kiosk.store.moment import local_text
from kiosk.trouble import told

S = ScreenId

LEGEND: Final = ("legend.clip", "legend.red", "legend.amber", "legend.key", "legend.mischief")
CONSOLE: Final = "legend.console"

_WALKING: Final = frozenset({S.STEP_ON, S.WALK, S.EASING, S.TO_RAILS, S.STOPPING})
_RESTED: Final = frozenset({S.BELT_STOPPED, S.SAFETY_STOP})
_KEYPADS: Final = frozenset({S.CODE, S.STAFF_PIN})
_CARDED: Final = frozenset(
    {
        S.PREVIEW,
        S.CHECK,
        S.CONSOLE_START,
        S.STRADDLE,
        S.COUNTDOWN,
        S.BELT_STARTING,
        S.STEP_ON,
        S.WALK,
        S.EASING,
        S.TO_RAILS,
    }
)


def snapshot(state: State, now_s: float, setup: Setup) -> Snapshot:
    """One frame's worth of knowledge: the session's, or the desk's where staff are at work."""
    made = _session(state, now_s, setup)
    desk = state.desk
    if desk is None:
        return made
    left_s = desk_model.IDLE_S - (now_s - desk.active_s)
    return replace(
        made,
        screen=desk.screen,
        screen_s=now_s - desk.since_s,
        left_s=max(0.0, left_s),
        warn=left_s <= desk_model.IDLE_S - desk_model.WARN_S and not desk.page.holds,
        staff=staff_view(desk, here_of(state, desk, now_s, setup)),
    )


def _session(state: State, now_s: float, setup: Setup) -> Snapshot:
    t = Turn(state, now_s, setup)
    screen, stay, status = state.screen, state.stay, t.status
    idle = FLOW[screen].idle
    untouched_s = now_s - state.active_s
    person = None if stay is None else stay.person
    far_cue = state.speaker.shown(now_s)
    made = Snapshot(
        now_s=now_s,
        screen=screen,
        screen_s=t.screen_s,
        left_s=None if idle is None else max(0.0, idle.end_s - untouched_s),
        warn=idle is not None and untouched_s >= idle.warn_s,
        gym_name=setup.gym_name,
        treadmill_label=setup.treadmill_label,
        units=setup.units,
        language=t.language,
        languages=setup.content.languages,
        volume=state.volume or setup.volume,
        simulated=setup.simulated,
        legend=_legend(t) if setup.simulated else (),
        banner=state.banner or _panel_notice(t),
        status=status,
        belt_free=near.belt_free(t),
        measured_ckmh=_measured(t),
        member_name=person.label if person is not None else "",
        cause=status.cause if status is not None and status.cause is not None else None,
        stop_touched=state.stop_touch_s is not None and screen in INERT_SCREENS,
        cue_show=far_cue.show if far_cue is not None else (),
        amber=amber.fitted(t),
        guest=stay is not None and stay.guest,
        supervised=setup.supervised,
        starting=_starting(t),
        set_up_first=state.needs_owner,
    )
    if screen in _KEYPADS:
        made = _keypad(made, t)
    if stay is None:
        return _staff(made, t)
    offer = stay.offer
    if screen is S.SCREENING and stay.form is not None and stay.form.question is not None:
        question = setup.screening.questions[stay.form.question]
        made = replace(
            made,
            question=f"question.{question.id}",
            question_n=stay.form.page,
            questions=stay.form.pages,
            question_scale=bool(question.scale),
        )
    if screen is S.TALK_TO_STAFF:
        made = replace(made, talk_key=stay.talk_key, needs_staff=stay.overridable)
        if stay.talk_key in ("talk.rest", "talk.week"):
            made = replace(made, take_home=take_home(t))
    if screen is S.PROGRAM:
        shown = stay.offers[stay.page * near.CARDS : (stay.page + 1) * near.CARDS]
        made = replace(made, cards=tuple(card(t, o) for o in shown), more_cards=len(stay.offers) > near.CARDS)
        if person is not None:
            limit = setup.content.rules.progress.week_sessions
            made = replace(made, has_history=True, visit_n=_week_visits(t), visit_limit=limit)
            made = replace(made, own_days=" ".join(t.texts(f"day_short.{DAYS[day]}") for day in person.days))
    if screen is S.HISTORY and person is not None:
        made = replace(
            made,
            history=_history(t),
        )
    if screen is S.CONSENT:
        made = replace(made, joining=stay.joining, waiting=stay.join_asked_s is not None)
    if screen is S.JOINED:
        made = replace(made, new_code=stay.new_code)
    if screen in _CARDED and offer is not None:
        made = replace(made, card=card(t, offer))
        if screen is S.PREVIEW:
            made = replace(made, preview_note=note(t, offer), preview_choice=offer.plan.new_step is not None)
    if screen is S.CHECK:
        made = replace(made, tiles=safety_check.tiles(t))
    if screen is S.COUNTDOWN:
        made = replace(made, count=mount.count_of(t))
    if screen is S.TO_RAILS:
        made = replace(made, count=math.ceil(follow.rails_left_s(t)))
    if t.follows:
        made = replace(made, follow=True, pace_ckmh=_pace(t))
    if screen in _WALKING:
        made = replace(made, walk=_walk(made, t))
    if screen is S.PAUSE:
        made = replace(
            made,
            count=round(going_on.rest_left_s(t)),
            touch_ready=t.screen_s >= REST_TOUCH_S,
            paused=stay.paused,
        )
    if screen in _RESTED:
        ready = stops.rest_ready(t) if screen is S.SAFETY_STOP else t.screen_s >= REST_TOUCH_S
        made = replace(
            made,
            cause=made.cause if made.cause is not None else stay.cause,
            touch_ready=ready,
            needs_staff=staff_latched(status),
        )
    if screen is S.OVERRIDE:
        made = replace(made, choices=tuple(f"reason_override.{name}" for name in granted.REASONS))
        made = replace(made, notes=(_override_note(t),))
    if screen is S.WHY_STOPPED:
        made = replace(made, choices=tuple(f"why.{name}" for name in going_on.reasons(t)))
    if screen in (S.EFFORT, S.PAIN, S.SUMMARY) and stay.outcome is not None and (stay.consent or stay.guest):
        made = replace(made, pain_before=stay.outcome.pain)
    if screen is S.SUMMARY:
        made = replace(made, summary=_summary(t), take_home=take_home(t), has_history=person is not None)
    return _staff(made, t)


def _legend(t: Turn) -> tuple[str, ...]:
    """The keys of the simulation; the console's where it is what starts the belt."""
    console = (CONSOLE,) if t.status is not None and t.status.follow else ()
    return tuple(t.texts(key) for key in (*LEGEND, *console))


def _history(t: Turn) -> HistoryView:
    """The walks so far and the days of the week."""
    stay, person = t.stay, t.stay.person
    made = history_view(_walks(t), t.setup.today(), t.texts, kept=stay.consent, page=stay.history_page)
    days = days_in(near.week_of(t))
    return replace(
        made,
        days=days,
        open_days=tuple(day for day in range(len(DAYS)) if may_choose(days, day)),
        own_days=person is not None and person.days != (),
    )


def _panel_notice(t: Turn) -> str:
    """A panel too small for its distance is named where staff look, and not in the middle of a visit (screens A7)."""
    display = t.setup.display
    small = display is not None and display.too_small and not t.setup.simulated
    return "screen_small" if small and t.state.screen is S.ATTRACT else ""


STARTING_S: Final = 30.0


def _starting(t: Turn) -> bool:
    """Whether guard or treadmill are still on their way since they were last away."""
    status = t.status
    away = status is None or status.link in (LinkState.SEARCHING, LinkState.CONNECTING, LinkState.READ_ONLY)
    since_s = t.state.missing_s
    return away and since_s is not None and t.now_s - since_s < STARTING_S


def _measured(t: Turn) -> int | None:
    status = t.status
    if status is None or status.measured_ckmh is None or status.measured_age_s is None:
        return None
    age_s = status.measured_age_s + (t.now_s - t.state.status_s)
    return status.measured_ckmh if age_s <= MEASURED_FRESH_S else None


def _keypad(made: Snapshot, t: Turn) -> Snapshot:
    until_s = t.state.code_paused_s if made.screen is S.CODE else t.state.pin_paused_s
    left_s = until_s - t.now_s
    keypad = t.state.keypad
    return replace(
        made,
        digits=len(keypad.digits),
        shown_digits=keypad.digits if keypad.shown and made.screen is S.CODE else "",
        keypad_error=keypad.error,
        paused_s=None if left_s <= 0 else int(left_s) + 1,
    )


def _staff(made: Snapshot, t: Turn) -> Snapshot:
    if made.screen is S.RESET:
        return replace(made, reset_items=service.reset_items(t), can_confirm=service.can_reset(t), notes=_notes(t))
    if made.screen is S.OUT_OF_SERVICE and t.state.service.hold:
        made = replace(made, notes=_hold_notes(t))
    if made.screen in (S.OUT_OF_SERVICE, S.SAFETY_STOP):
        cause = made.cause
        return replace(made, stop_key=f"stop.{cause.value}" if cause is not None else "stop.guard_gone")
    return made


def _notes(t: Turn) -> tuple[str, ...]:
    status = t.status
    if status is None:
        return (t.texts("reset.guard_silent"),)
    found = [told(t.texts, text) for text in dict.fromkeys((status.inputs.fault, status.trouble)) if text]
    tally = None if status.cause is None else t.state.service.of(status.cause.value)
    if tally is not None and tally.count:
        times = t.texts.count("reset.times", tally.count)
        found.insert(
            0, f"{times} {t.texts('reset.first', first=local_text(tally.first_ms), last=local_text(tally.last_ms))}"
        )
    return tuple(found)


def _hold_notes(t: Turn) -> tuple[str, ...]:
    """Which fault took the treadmill out of service, and what staff do about it."""
    cause = t.texts(f"cause.{t.state.service.hold}")
    return t.texts("out_of_service.hold", cause=cause), t.texts("out_of_service.hold_do")


def steps_of(plan: Plan) -> tuple[Step, ...]:
    """A plan as a screen draws it."""
    return tuple(
        Step(step.start_s, step.seconds, step.speed_ckmh, step.incline_dpct, step.name) for step in plan.steps
    )


def title_of(t: Turn, program: Program) -> str:
    """What a program is called here; a gym's own has the name that its file gives."""
    key = f"program.{program.id}.title"
    return t.texts(key) if t.texts.has(key) else program.title


def card(t: Turn, offer: Offer) -> ProgramCard:
    """An offer as a card: figures after caps, and why it is offered or clipped."""
    plan = offer.plan
    program = t.setup.content.programs[offer.program]
    about = f"program.{offer.program}.about"
    return ProgramCard(
        id=offer.program,
        title=title_of(t, program),
        about=t.texts(about) if t.texts.has(about) else "",
        minutes=max(1, round(plan.walk_s / 60)),
        top_ckmh=plan.top_ckmh,
        top_dpct=plan.top_dpct,
        steps=steps_of(plan),
        recommended=offer.recommended,
        reason=_reason(t, offer),
        follow=offer.choice.follow,
    )


def _reason(t: Turn, offer: Offer) -> str:
    if offer.plan.clipped_by_cap:
        unit = t.texts(f"unit.{t.setup.units.name.lower()}")
        speed = t.texts.speed(offer.cap.speed_ckmh, t.setup.units)
        return t.texts(f"cap.{offer.cap.source.value}", speed=speed, unit=unit)
    return sentence(t, offer.reason, offer.reason_values)


def sentence(t: Turn, key: str, values: Mapping[str, str | int | Decimal]) -> str:
    """A reason in words; speeds in the unit that is read here."""
    return sentence_in(t.texts, t.setup.units, key, values)


def take_home(t: Turn) -> tuple[str, ...]:
    """What a member may do on a day without a treadmill, with its care; nothing for guests, nor after a hard day."""
    person, outcome = t.stay.person, t.stay.outcome
    if person is None or t.stay.why == CHEST or (t.stay.pain_after or 0) > 2:
        return ()
    flags = set(outcome.flags) if outcome is not None else set()
    if person.age_band is AgeBand.OLDER:
        flags.add("older")
    items = for_home(t.setup.content.week, flags)
    return (t.texts(f"take_home.{items[0].id}"), t.texts("take_home.care")) if items else ()


def _override_note(t: Turn) -> str:
    """What staff grant here: today alone, or with what is left of a gate of the first visit."""
    stay = t.stay
    mph = stay.outcome.limit_mph if stay.outcome is not None else None
    if not stay.signed_once or mph is None:
        return t.texts("override.text")
    speed = t.texts.speed(ckmh_from_mph(mph), t.setup.units)
    return t.texts("override.text_first", speed=f"{speed} {t.texts(f'unit.{t.setup.units.name.lower()}')}")


def note(t: Turn, offer: Offer) -> str:
    """What is new in this plan, in one sentence; empty if nothing is."""
    step = offer.plan.new_step
    if step is None:
        return ""
    minutes = t.texts.count("preview.minutes", max(1, round(step.seconds / 60)))
    if step.incline_dpct > 0:
        return t.texts("preview.new_hill", minutes=minutes, percent=t.texts.slope(step.incline_dpct))
    unit = t.texts(f"unit.{t.setup.units.name.lower()}")
    speed = t.texts.speed(step.speed_ckmh, t.setup.units)
    return t.texts("preview.new_speed", minutes=minutes, speed=speed, unit=unit)


def _walk(made: Snapshot, t: Turn) -> WalkView | None:
    stay = t.stay
    offer, player, played = stay.offer, stay.player, stay.played
    if offer is None:
        return None
    plan = offer.plan if player is None else player.plan
    moving = made.screen in (S.WALK, S.EASING)
    return WalkView(
        title=card(t, offer).title,
        phase=played.phase if played is not None else 1,
        phases=plan.phases,
        left_s=plan.seconds if player is None else player.left_s,
        walked_s=stay.walked.walk_s,
        steps=steps_of(plan),
        at_s=0.0 if player is None else player.at_s,
        next_ckmh=played.next_ckmh if played is not None and moving else None,
        next_in_s=played.next_in_s if played is not None and moving else None,
        next_dpct=played.next_dpct if played is not None and moving else None,
        cue_show=made.cue_show,
        stop_touched=made.stop_touched,
        target_ckmh=player.speed_ckmh if player is not None else 0,
        behind=player is not None and player.behind,
    )


def _week_visits(t: Turn) -> int:
    """Which visit of the last seven days this one is."""
    person, today = t.stay.person, t.setup.today()
    return 1 + sum((today - visit.day).days < 7 for visit in (person.history if person is not None else ()))


def _walks(t: Turn) -> tuple[Visit, ...]:
    """The member's walks, with the one that has just ended."""
    walked = (after.visit_of(t),) if t.stay.closed and t.stay.walked.walk_s > 0 else ()
    return (*near.history_of(t), *walked)


def _summary(t: Turn) -> SummaryView:
    stay = t.stay
    walked, person, offer = stay.walked, stay.person, stay.offer
    week = _week_visits(t) if person is not None else None
    completed = stay.cause is Cause.PLAN_DONE and player_done(t)
    title, reason = _next(t)
    return SummaryView(
        walk_s=walked.walk_s,
        distance_m=walked.distance_m,
        top_ckmh=walked.top_ckmh,
        average_ckmh=walked.average_ckmh,
        week_sessions=week,
        week_limit=t.setup.content.rules.progress.week_sessions,
        speeds=walked.trace,
        plan=steps_of(offer.plan) if offer is not None else (),
        effort=stay.effort,
        pain_before=stay.outcome.pain if stay.outcome is not None and (stay.consent or stay.guest) else None,
        pain_after=stay.pain_after,
        next_title=title,
        next_reason=reason,
        completed=completed,
        last=last_walks(_walks(t), t.texts) if person is not None else (),
        advice=t.texts("summary.advice") if after.hurts(t) else "",
        join=after.may_join(t),
        join_failed=stay.join_failed,
        follow=t.follows,
    )


def _pace(t: Turn) -> int:
    """Up to what the member is to set the console, 0.01 km/h; 0: its slowest."""
    offer, status = t.stay.offer, t.status
    slowest = 0 if status is None else status.min_ckmh
    return 0 if offer is None or offer.plan.top_ckmh <= slowest else offer.plan.top_ckmh


def player_done(t: Turn) -> bool:
    """Whether the plan was walked to its end."""
    return t.stay.player is not None and t.stay.player.done


def _next(t: Turn) -> tuple[str, str]:
    """What comes next time, from when, and why."""
    stay = t.stay
    if stay.offer is None:
        return "", ""
    title = card(t, stay.offer).title
    if stay.person is None:
        return title, t.texts("next.guest")
    content = t.setup.content
    history, facts = (*near.history_of(t), after.visit_of(t)), near.facts_of(t)
    then = upcoming(history, t.setup.today(), facts, content.programs, content.rules)
    if then is None:
        return title, t.texts("next.staff")
    own = next_own(stay.person.days, then[0])
    if own is not None:  # rest days come first: the plan's day is one on which something may be walked
        then = upcoming(history, own, facts, content.programs, content.rules) or then
    day, proposal = then
    program = content.programs[proposal.program]
    name = title_of(t, program)
    minutes = max(1, round(expand(program, proposal.choice, content.rules).walk_s / 60))
    weekday = t.texts(f"day.{DAYS[day.weekday()]}")
    reason = sentence(t, proposal.reason, proposal.values)
    return f"{name}, {t.texts('unit.minutes', n=minutes)}", t.texts(
        "next.own_day" if day.weekday() in stay.person.days else "next.from_day", day=weekday, reason=reason
    )
