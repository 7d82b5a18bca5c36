"""Before the belt, at the screen: who, questions, program, preview."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from hardware.link.messages import Missing, ResetBy, State
from hardware.units import ckmh_from_mph, on_grid, tenths_of_mph
from kiosk.coach import screening
from kiosk.coach.plan import TENTH, Choice, Plan, clipped, expand, steady, without_rises
from kiosk.coach.player import RISE_ROUNDING_CKMH
from kiosk.coach.progression import BASE, HILLS, STEP_UP, Proposal, Today, for_guest, propose
from kiosk.coach.screening import FormKind, Outcome, Result
from kiosk.coach.standing import Facts, Verdict, Visit, judge
from kiosk.coach.week import Week, in_order, own_week
from kiosk.intents import Intent, IntentKind, ScreenId
from kiosk.session import desk
from kiosk.session.actions import FindMember, Join, Record, RecordConsent, RecordScreening, TryPin
from kiosk.session.limits import facts_of_person, fixed_ckmh, held_ckmh, lowest
from kiosk.session.model import CODE_DIGITS, KEYPAD_PAUSE_S, KEYPAD_TRIES, Found, Keypad, Offer, PinTried, Stay
from kiosk.session.turn import Turn, linked, staff_latched
from kiosk.staff.caps import VISITS_KNOWN, CapContext, EffectiveCap, Source, at_slope, effective
from kiosk.staff.desk.errands import Run
from kiosk.staff.desk.faults import FaultsPage
from kiosk.staff.desk.granted import KIND as OVERRIDE
from kiosk.staff.desk.granted import REASONS as OVERRIDE_REASONS
from kiosk.staff.desk.granted import NoteOverride
from kiosk.staff.desk.noted import signed_out
from kiosk.store.kinds import Severity
from kiosk.store.records import EventIn, Ratings

NOT_READY: Final = frozenset({Missing.NOT_COMMISSIONED, Missing.OPENING_CHECK})
"""What staff do before anybody walks: the attract screen says so."""

CARDS: Final = 3
"""At most three program cards and "more" (screens, decisions)."""


def belt_free(t: Turn) -> bool:
    """Whether somebody may begin here: the guard answers, the treadmill is there, and nobody else uses it."""
    status = t.status
    if status is None or not linked(status) or status.in_use_by_other or status.inputs.fault:
        return False
    if NOT_READY & set(status.arm_missing):
        return False
    if t.state.service.hold:
        return False
    if status.state is State.LATCHED:
        return status.reset_by is ResetBy.MEMBER and status.at_rest
    return status.state is State.IDLE


# ------------------------------------------------------------------------------------------------ attract, who, code


def attract(t: Turn, intent: Intent) -> None:
    """The first touch only wakes."""
    if t.state.needs_owner:
        if intent.kind in (IntentKind.STAFF, IntentKind.WAKE):
            desk.open_first(t)
    elif intent.kind is IntentKind.STAFF:
        ask_pin(t)
    elif intent.kind is IntentKind.WAKE and belt_free(t):
        t.go(ScreenId.WHO)


def who(t: Turn, intent: Intent) -> None:
    """Guest or member, language, volume."""
    match intent.kind:
        case IntentKind.GUEST:
            t.stay = Stay(guest=True)  # nothing about them is kept, so there is nothing to consent to
            _begin_screening(t)
        case IntentKind.HAVE_CODE:
            t.go(ScreenId.CODE)
        case IntentKind.LANGUAGE if 0 <= intent.value < len(t.setup.content.languages):
            t.state = replace(t.state, language=t.setup.content.languages[intent.value])
        case IntentKind.VOLUME if 1 <= intent.value <= 3:
            t.state = replace(t.state, volume=intent.value)
            t.play("done")
        case IntentKind.BACK | IntentKind.CANCEL:
            t.leave()


def code(t: Turn, intent: Intent) -> None:
    """Six digits; five wrong ones in a row pause the keypad, whoever types."""
    match intent.kind:
        case IntentKind.BACK:
            t.go(ScreenId.WHO)
        case IntentKind.CANCEL:
            t.leave()
        case IntentKind.SHOW:
            t.state = replace(t.state, keypad=replace(t.state.keypad, shown=not t.state.keypad.shown))
        case _ if t.now_s >= t.state.code_paused_s:
            digits = _digits(t, intent)
            if digits is not None:
                t.actions.append(FindMember(digits))


def _digits(t: Turn, intent: Intent) -> str | None:
    """Keys of a keypad; gives the digits when they are complete and submitted."""
    keypad = t.state.keypad
    if keypad.asked:
        return None
    match intent.kind:
        case IntentKind.DIGIT if 0 <= intent.value <= 9 and len(keypad.digits) < CODE_DIGITS:
            t.state = replace(t.state, keypad=replace(keypad, digits=keypad.digits + str(intent.value), error=""))
        case IntentKind.ERASE:
            t.state = replace(t.state, keypad=replace(keypad, digits=keypad.digits[:-1], error=""))
        case IntentKind.SUBMIT if len(keypad.digits) == CODE_DIGITS:
            t.state = replace(t.state, keypad=Keypad(asked=True))
            return keypad.digits
    return None


def found(t: Turn, answer: Found) -> None:
    """The record knows the code, or does not."""
    if t.state.screen is not ScreenId.CODE or not t.state.keypad.asked:
        return  # the person has gone on: an answer that comes late opens nothing
    if answer.broken:
        t.state = replace(t.state, keypad=Keypad(error="keypad.no_record"))
        return
    person = answer.person
    if person is None:
        wrong = t.state.code_wrong + 1
        paused_s = t.now_s + KEYPAD_PAUSE_S if wrong >= KEYPAD_TRIES else t.state.code_paused_s
        t.state = replace(
            t.state,
            keypad=Keypad(error="keypad.wrong_code"),
            code_wrong=0 if wrong >= KEYPAD_TRIES else wrong,
            code_paused_s=paused_s,
        )
        t.play("caution")
        return
    t.state = replace(t.state, code_wrong=0)
    if person.language in t.setup.content.languages:
        t.state = replace(t.state, language=person.language)
    t.stay = Stay(guest=False, person=person, consent=person.consented)
    if person.forbidden:
        t.talk("talk.default")
    elif person.consented:
        _begin_screening(t)
    else:
        t.go(ScreenId.CONSENT)


def consent(t: Turn, intent: Intent) -> None:
    """Health data are kept only after a yes; without one everything else goes on."""
    if t.stay.joining:
        join_consent(t, intent)
        return
    match intent.kind:
        case IntentKind.YES | IntentKind.NO:
            agreed = intent.kind is IntentKind.YES
            t.stay = replace(t.stay, consent=agreed)
            if agreed and t.stay.person is not None:
                t.actions.append(RecordConsent(t.stay.person.id))
            _begin_screening(t)
        case IntentKind.BACK:
            t.go(ScreenId.WHO)
        case IntentKind.CANCEL:
            t.leave()


def join_consent(t: Turn, intent: Intent) -> None:
    """The same question to a guest who becomes a member; either answer makes them one."""
    if t.stay.join_asked_s is not None:
        return  # the record is making the code
    match intent.kind:
        case IntentKind.YES | IntentKind.NO:
            stay = t.stay
            agreed = intent.kind is IntentKind.YES
            before = None if stay.outcome is None else stay.outcome.pain
            scores = (before, stay.pain_after)
            t.stay = replace(stay, join_asked_s=t.now_s, consent=agreed)
            t.actions.append(
                Join(
                    stay.id,
                    t.language,
                    agreed,
                    Ratings(
                        stay.id,
                        effort=stay.effort,
                        pain_before=before,
                        pain_after=stay.pain_after,
                        pain_peak=max((score for score in scores if score is not None), default=None),
                    ),
                    stay.why,
                )
            )
        case IntentKind.BACK:
            t.stay = replace(t.stay, joining=False)
            t.go(ScreenId.SUMMARY)
        case IntentKind.CANCEL:
            t.leave()


# ------------------------------------------------------------------------------------------------ screening


def _begin_screening(t: Turn) -> None:
    person = t.stay.person
    if person is None:
        kind = FormKind.SHORT
    else:
        valid = person.screened_until_ms is not None and not _long_away(t) and not _after_red(t)
        kind = FormKind.AGAIN if valid else FormKind.FULL
    first = person is None or not person.history
    t.stay = replace(t.stay, form=screening.begin(t.setup.screening, kind, first_visit=first))
    t.go(ScreenId.SCREENING)


def _long_away(t: Turn) -> bool:
    person = t.stay.person
    if person is None or not person.history:
        return False
    return (t.setup.today() - person.history[-1].day).days >= t.setup.screening.validity.away_days


def _after_red(t: Turn) -> bool:
    """The last walk was RED: all is asked again (coaching section 4), unless a clinician has said yes since."""
    person = t.stay.person
    if person is None or not person.history:
        return False
    last = person.history[-1]
    cleared = person.cleared_on is not None and person.cleared_on >= last.day
    return not cleared and judge(last, t.setup.content.rules.progress) is Verdict.RED


def questions(t: Turn, intent: Intent) -> None:
    """One question a page; the answers go with the form."""
    form = t.stay.form
    if form is None:
        return
    match intent.kind:
        case IntentKind.YES | IntentKind.NO:
            form = screening.answer(form, t.setup.screening, intent.kind is IntentKind.YES)
        case IntentKind.SCORE:
            form = screening.answer(form, t.setup.screening, intent.value)
        case IntentKind.BACK:
            before = screening.back(form)
            if before is None:
                t.stay = replace(t.stay, form=None)
                t.go(ScreenId.WHO)
                return
            form = before
        case IntentKind.CANCEL:
            t.leave()
            return
        case _:
            return
    outcome = screening.decided(form, t.setup.screening)
    if outcome is None:
        t.stay = replace(t.stay, form=form)
        t.state = replace(t.state, since_s=t.now_s)  # a new page: touches meant for the last one are dropped
        return
    _screened(t, outcome, form.kind)


def _screened(t: Turn, outcome: Outcome, kind: FormKind) -> None:
    person = t.stay.person
    if person is not None and person.balance_checked:
        outcome = outcome.signed  # with their check staff have signed what this gate asks for
    t.stay = replace(t.stay, form=None, outcome=outcome)
    if "worse_next_morning" in outcome.flags and person is not None and person.last_session_id and t.stay.consent:
        t.actions.append(Record(Ratings(person.last_session_id, worse_next_morning=True)))
    if outcome.result in (Result.FORBID, Result.NOT_TODAY, Result.GATE):
        if t.stay.person is not None and outcome.result is Result.FORBID:
            t.actions.append(RecordScreening(t.stay.person.id, outcome, ""))
        t.talk("talk.not_today" if outcome.result is Result.NOT_TODAY else "talk.default")
        return
    if t.stay.person is not None and kind is FormKind.FULL:
        t.actions.append(RecordScreening(t.stay.person.id, outcome, ""))
    to_programs(t)


def talk(t: Turn, intent: Intent) -> None:
    """Never a reason; a gate may be opened by staff, a prohibition may not."""
    if intent.kind is IntentKind.STAFF and t.stay.overridable:
        ask_pin(t)
    elif intent.kind in (IntentKind.DONE, IntentKind.BACK, IntentKind.CANCEL):
        t.leave()


# ------------------------------------------------------------------------------------------------ staff PIN


def ask_pin(t: Turn) -> None:
    """A staff member is wanted here."""
    t.state = replace(t.state, pin_from=t.state.screen)
    t.go(ScreenId.STAFF_PIN)


def staff_pin(t: Turn, intent: Intent) -> None:
    """Six digits, checked by the desk; the lock that grows is the desk's."""
    if intent.kind in (IntentKind.BACK, IntentKind.CANCEL):
        _from_pin(t)
    elif t.now_s >= t.state.pin_paused_s:
        digits = _digits(t, intent)
        if digits is not None:
            t.actions.append(TryPin(digits))


def _from_pin(t: Turn) -> None:
    """Nobody signed in: back to where it was asked."""
    t.go(t.state.pin_from)


def pin_tried(t: Turn, answer: PinTried) -> None:
    """The desk's answer."""
    if t.state.screen is not ScreenId.STAFF_PIN or not t.state.keypad.asked:
        return
    if not answer.who:
        t.state = replace(
            t.state,
            keypad=Keypad(error="keypad.no_record" if answer.broken else "keypad.wrong_pin"),
            pin_paused_s=t.now_s + answer.wait_s if answer.wait_s > 0 else t.state.pin_paused_s,
        )
        t.play("caution")
        return
    if t.state.pin_from is ScreenId.TALK_TO_STAFF and t.state.stay is not None:
        t.stay = replace(t.stay, signer=answer.who)
        t.go(ScreenId.OVERRIDE)
        return
    if staff_latched(t.status):
        t.state = replace(t.state, staff=answer.who, reset_taps=frozenset(), proofs=frozenset())
        t.go(ScreenId.RESET)
        return
    account = desk.account_of(answer)
    t.go(ScreenId.ATTRACT)
    if account is not None:
        desk.open_desk(t, account, FaultsPage() if t.state.service.hold else None)


def override(t: Turn, intent: Intent) -> None:
    """Why staff let this one session happen. It is kept in log and audit, and the screening stays as it was: the next
    visit is asked again. Where a gate was opened nothing goes faster than the slowest (screens A11).

    A gate of the first visit (65 and older, a fall: coaching section 4) is signed with the walk: see open_record.
    """
    stay = t.stay
    match intent.kind:
        case IntentKind.CHOOSE if 0 <= intent.value < len(OVERRIDE_REASONS) and stay.overridable:
            why = OVERRIDE_REASONS[intent.value]
            gated = stay.outcome is not None and stay.outcome.result is Result.GATE
            t.stay = replace(stay, signed_by=stay.signer, forced_base=gated)
            t.actions.append(Record(EventIn(OVERRIDE, Severity.NOTICE, cause=why, detail=stay.signer)))
            t.actions.append(Run(NoteOverride(stay.signer, stay.member_id, why, stay.signed_once)))
            t.actions.append(Run(signed_out(stay.signer)))
            to_programs(t)
        case IntentKind.BACK | IntentKind.CANCEL:
            t.actions.append(Run(signed_out(stay.signer)))
            t.stay = replace(stay, signer="")
            t.go(ScreenId.TALK_TO_STAFF)


# ------------------------------------------------------------------------------------------------ program, preview


def to_programs(t: Turn) -> None:
    """What may be walked here today, as cards."""
    today = today_of(t)
    proposals = in_order(today.proposals, week_of(t), t.setup.today())
    here = (found for proposal in proposals if (found := on_this_machine(t, proposal)) is not None)
    offers = tuple(offer for proposal in here if (offer := make_offer(t, proposal)) is not None)
    t.stay = replace(t.stay, offers=offers, page=0)
    if offers:
        t.go(ScreenId.PROGRAM)
    else:
        t.stay = replace(t.stay, staff_may=today.staff_may)
        t.talk(today.refusal or "talk.machine")


def week_of(t: Turn) -> Week:
    """The member's own week, or the sample's."""
    sample, person = t.setup.content.week, t.stay.person
    return sample if person is None else own_week(sample, person.days)


def today_of(t: Turn) -> Today:
    """What progression says for this person, now."""
    person = t.stay.person
    if person is None:
        return for_guest()
    content = t.setup.content
    return propose(history_of(t), t.setup.today(), facts_of(t), content.programs, content.rules)


def history_of(t: Turn) -> tuple[Visit, ...]:
    """The person's visits, with what was learnt today of the last one."""
    person, outcome = t.stay.person, t.stay.outcome
    if person is None or not person.history:
        return ()
    if outcome is None or "worse_next_morning" not in outcome.flags:
        return person.history
    return (*person.history[:-1], replace(person.history[-1], worse_next_morning=True))


def facts_of(t: Turn) -> Facts:
    """What else counts for progression."""
    person, outcome = t.stay.person, t.stay.outcome
    status = t.status
    machine = None if status is None or status.facts is None else status.cap_ckmh
    # The cap of the base plan: what one program or the first visits are capped to is no limit to growing, and what a
    # balance check lifts is progression's own.
    context = replace(cap_context(t, BASE, machine), visits=VISITS_KNOWN, program_ckmh=None)
    fixed = lowest(fixed_ckmh(person, outcome), _gate_ckmh(t))
    cap = effective(t.state.caps, replace(context, screening_ckmh=fixed))
    facts = Facts() if person is None else facts_of_person(person, outcome, t.state.caps)
    return replace(
        facts,
        cap_mph=tenths_of_mph(cap.speed_ckmh),
        pain_now=outcome.pain if outcome is not None else None,
        flags=outcome.flags if outcome is not None else frozenset(),
        staff_signed=t.stay.signed_by != "",
    )


def make_offer(t: Turn, proposal: Proposal) -> Offer | None:
    """A proposal under the caps that hold for this person on this treadmill; None where it cannot be walked."""
    content, rules = t.setup.content, t.setup.content.rules
    program = content.programs.get(proposal.program)
    if program is None or not program.enabled:
        return None
    status = t.status
    machine = None if status is None or status.facts is None else status.cap_ckmh
    base = rules_base(t)
    if base > ckmh_from_mph(rules.speed.first_highest_mph):
        return None  # this machine's slowest is too fast to begin at (coaching section 2)
    choice = replace(proposal.choice, follow=False)
    plan = expand(program, choice, rules)
    cap = on_slope(t, effective(t.state.caps, cap_context(t, proposal.program, machine)), plan)
    if cap.speed_ckmh < base:
        return None
    if _increment(t) > _step_ckmh(t):
        cap = replace(cap, speed_ckmh=base, source=Source.MACHINE)  # no rise of its own is small enough
    if status is not None and status.follow:
        even = steady(plan, base_ckmh=base, cap_ckmh=cap.speed_ckmh)
        if even is None:
            return None  # a hill, or rests with the belt stopped: the console cannot be asked for them
        return Offer(proposal.program, even.choice, even, proposal.recommended, "reason.follow", {}, cap)
    grid = _increment(t) if _increment(t) > ckmh_from_mph(TENTH) else 0
    plan = clipped(plan, cap_ckmh=cap.speed_ckmh, base_ckmh=base, max_dpct=cap.incline_dpct, increment_ckmh=grid)
    return Offer(proposal.program, choice, plan, proposal.recommended, proposal.reason, proposal.values, cap)


def on_slope(t: Turn, cap: EffectiveCap, plan: Plan) -> EffectiveCap:
    """*cap* for *plan*: with a hill in it also what staff allow on slopes, for all of it, as its speed stays the same
    up and down (coaching section 2).
    """
    speed_ckmh = at_slope(t.state.caps, min(plan.top_dpct, cap.incline_dpct), cap.speed_ckmh)
    return cap if speed_ckmh >= cap.speed_ckmh else replace(cap, speed_ckmh=speed_ckmh, source=Source.PROGRAM)


def on_this_machine(t: Turn, proposal: Proposal) -> Proposal | None:
    """*proposal* as this treadmill can walk it; None: not at all.

    A new speed is not on offer where the console sets the pace, nor where the machine's own steps leave it out: the
    base program as it was last walked instead. A hill is as steep as machine and place allow, and each percent on the
    way to it has to be one of the machine's own.
    """
    choice = proposal.choice
    if proposal.program == STEP_UP and choice.new_mph is not None:
        by_console = t.status is not None and t.status.follow
        return (
            proposal if not by_console and _is_faster(t, choice.comfort_mph, choice.new_mph) else _known(t, proposal)
        )
    if choice.hill is None:
        return proposal
    hill = min(choice.hill, _steepest(t))
    if hill == 0:
        return None
    return replace(proposal, choice=replace(choice, hill=hill), values={**proposal.values, "percent": hill})


def _known(t: Turn, proposal: Proposal) -> Proposal:
    walked = [visit.choice.main_s for visit in history_of(t) if visit.program == BASE and visit.choice.main_s]
    main_s = walked[-1] if walked else t.setup.content.rules.progress.main_first_s
    choice = Choice("main", proposal.choice.comfort_mph, main_s=main_s)
    return replace(proposal, program=BASE, choice=choice, reason="reason.same", values={})


def _is_faster(t: Turn, known_mph: Decimal, new_mph: Decimal) -> bool:
    """Whether the belt runs faster at *new_mph*, as the guard rounds a rise."""
    base, increment = rules_base(t), _increment(t)
    known, new = (on_grid(ckmh_from_mph(mph), base, increment, raising=True) for mph in (known_mph, new_mph))
    return new > known and increment <= _step_ckmh(t)


def _steepest(t: Turn) -> int:
    """The steepest whole percent that machine and caps allow this person, up a percent at a time."""
    status = t.status
    facts = None if status is None else status.facts
    if facts is None or not facts.can_incline or (facts.increment_dpct > 0 and 10 % facts.increment_dpct):
        return 0
    cap = effective(t.state.caps, cap_context(t, HILLS, None))
    return max(0, min(facts.max_dpct, cap.incline_dpct)) // 10


def _increment(t: Turn) -> int:
    """The machine's own step, 0.01 km/h; 0: it tells none."""
    status = t.status
    return 0 if status is None or status.facts is None else status.facts.increment_ckmh


def _step_ckmh(t: Turn) -> int:
    """The biggest rise that the guard takes at once, 0.2 mph rounded up (coaching section 2)."""
    return ckmh_from_mph(t.setup.content.rules.speed.step_mph) + RISE_ROUNDING_CKMH


def rules_base(t: Turn) -> int:
    """Where a walk begins: the machine's minimum, or the coach's lowest speed if that is higher."""
    status = t.status
    first = ckmh_from_mph(t.setup.content.rules.speed.first_mph)
    return first if status is None or status.facts is None else max(status.min_ckmh, 1)


def cap_context(t: Turn, program_id: str, machine_ckmh: int | None) -> CapContext:
    """What caps need to know of this session."""
    program = t.setup.content.programs[program_id]
    person = t.stay.person
    status = t.status
    held = held_ckmh(person, t.stay.outcome, history_of(t), t.state.caps, t.setup.content.rules.progress)
    return CapContext(
        config_ckmh=t.setup.config_cap_ckmh,
        config_dpct=t.setup.config_max_dpct,
        machine_ckmh=machine_ckmh,
        treadmill=status.facts.address if status is not None and status.facts is not None else "",
        program_id=program_id,
        program_ckmh=ckmh_from_mph(program.cap.mph) if program.cap.mph is not None else None,
        program_dpct=program.cap.incline * 10,
        member_id=t.stay.member_id,
        visits=len(person.history) if person is not None else 0,
        age_band=person.age_band if person is not None else None,
        screening_ckmh=lowest(held, _gate_ckmh(t)),
    )


def _gate_ckmh(t: Turn) -> int | None:
    """Where a gate was opened for today: nothing faster than the slowest."""
    return rules_base(t) if t.stay.forced_base else None


def program(t: Turn, intent: Intent) -> None:
    """A card, or others."""
    stay = t.stay
    match intent.kind:
        case IntentKind.CHOOSE:
            shown = stay.offers[stay.page * CARDS : (stay.page + 1) * CARDS]
            if 0 <= intent.value < len(shown):
                t.stay = replace(stay, offer=shown[intent.value], agreed=True)
                t.go(ScreenId.PREVIEW)
        case IntentKind.HISTORY if stay.person is not None:
            t.stay = replace(stay, history_from=ScreenId.PROGRAM, history_page=0)
            t.go(ScreenId.HISTORY)
        case IntentKind.NEXT if len(stay.offers) > CARDS:
            pages = -(-len(stay.offers) // CARDS)
            t.stay = replace(stay, page=(stay.page + 1) % pages)
            t.state = replace(t.state, since_s=t.now_s)
        case IntentKind.BACK:
            t.stay = replace(stay, outcome=None, offers=())
            t.go(ScreenId.WHO)
        case IntentKind.CANCEL:
            t.leave()


def preview(t: Turn, intent: Intent) -> None:
    """What is new today is agreed to here, or left out: nothing is raised later without a yes."""
    match intent.kind:
        case IntentKind.NEXT | IntentKind.CONFIRM | IntentKind.YES:
            _to_check(t, agreed=True)
        case IntentKind.NO if t.stay.offer is not None and t.stay.offer.plan.new_step is not None:
            _to_check(t, agreed=False)
        case IntentKind.BACK:
            t.go(ScreenId.PROGRAM)
        case IntentKind.CANCEL:
            t.leave()


def _to_check(t: Turn, *, agreed: bool) -> None:
    offer = t.stay.offer
    if offer is None or staff_latched(t.status):
        return
    if not agreed:
        choice = replace(offer.choice, declined=True)
        offer = replace(offer, plan=without_rises(offer.plan), choice=choice)
    t.stay = replace(t.stay, offer=offer, agreed=agreed, id=t.setup.new_id(), area_clear=False, shoes=False)
    t.go(ScreenId.CHECK)
