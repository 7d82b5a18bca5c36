"""Every state of the member's screens, in the order of a visit."""

from __future__ import annotations

from dataclasses import replace

from msgspec.structs import replace as changed

from hardware.link.messages import (
    Cause,
    Deck,
    LinkState,
    Missing,
    ResetBy,
    State,
)
from hardware.units import SpeedUnit
from kiosk.gallery.samples import (
    AT_ONE_PACE,
    CARDS,
    CAUSES,
    FIRST_STEPS,
    FIRST_WALK,
    HISTORY,
    LONG_CARDS,
    LONG_WALK,
    MOVING,
    NO_WALK,
    STATUS,
    STOPPING,
    SUMMARY,
    WALK,
    bars,
    check_tiles,
    walked,
    with_deck,
)
from kiosk.gallery.spoken import legend, texts_of
from kiosk.intents import ScreenId, TileState
from kiosk.snapshot import (
    DAYS_PAGE,
    Snapshot,
    Tile,
)
from kiosk.staff.desk.granted import REASONS


def entries(base: Snapshot) -> list[tuple[ScreenId, str, str, Snapshot]]:
    """(screen, state, note, snapshot), as *base* but for what the state is about."""
    made: list[tuple[ScreenId, str, str, Snapshot]] = []

    def add(screen: ScreenId, state: str, note: str, snapshot: Snapshot) -> None:
        made.append((screen, state, note, snapshot))

    texts, keys = texts_of(base.language), legend(base.language)
    member = replace(base, member_name="Anna")
    walking = replace(member, status=MOVING, measured_ckmh=193, walk=WALK)
    a = ScreenId
    add(a.ATTRACT, "", "free", base)
    add(a.ATTRACT, "supervised", "H0: staff have to be present", replace(base, supervised=True))
    add(
        a.ATTRACT,
        "in_use",
        "the belt moves and nobody here moved it",
        replace(base, belt_free=False, status=changed(STATUS, in_use_by_other=True, at_rest=False)),
    )
    add(
        a.ATTRACT, "out", "the guard does not answer", replace(base, belt_free=False, status=None, measured_ckmh=None)
    )
    add(
        a.ATTRACT,
        "starting",
        "the treadmill is being connected",
        replace(base, belt_free=False, starting=True, status=changed(STATUS, link=LinkState.CONNECTING)),
    )
    for missing in (Missing.OPENING_CHECK, Missing.NOT_COMMISSIONED):
        add(
            a.ATTRACT,
            missing.value,
            "staff have something to do first",
            replace(base, belt_free=False, status=changed(STATUS, arm_missing=(missing,))),
        )
    add(a.ATTRACT, "banner", "a full disk", replace(base, banner="disk_full"))
    add(a.ATTRACT, "no-touch", "nothing to touch", replace(base, banner="no_touch"))
    add(a.ATTRACT, "no-sound", "no loudspeaker", replace(base, banner="no_sound"))
    add(
        a.ATTRACT,
        "simulated",
        "simulation band with its legend",
        replace(base, simulated=True, legend=keys),
    )
    add(
        a.ATTRACT,
        "long_names",
        "long names",
        replace(
            base,
            gym_name="Physiotherapy and Training Centre Upper Riverside",
            treadmill_label="Treadmill by the window 12",
        ),
    )
    add(a.WHO, "", "guest or member", base)
    add(a.WHO, "warn", "the time-out is near", replace(base, warn=True, left_s=17.0))
    add(a.CODE, "", "no digit yet", base)
    add(a.CODE, "four", "four digits", replace(base, digits=4))
    add(a.CODE, "full", "six digits", replace(base, digits=6))
    add(a.CODE, "shown", "four digits, shown on request", replace(base, digits=4, shown_digits="4829"))
    add(a.CODE, "wrong", "unknown code", replace(base, keypad_error="keypad.wrong_code"))
    add(a.CODE, "no_record", "the record does not answer", replace(base, keypad_error="keypad.no_record"))
    add(a.CODE, "locked", "too many tries", replace(base, paused_s=48, keypad_error=""))
    add(a.CONSENT, "", "before the first score", member)
    add(a.CONSENT, "joining", "a guest becomes a member", replace(base, guest=True, joining=True))
    add(
        a.SCREENING,
        "",
        "a yes-no question",
        replace(member, question="question.balance", question_n=2, questions=5),
    )
    add(
        a.SCREENING,
        "scale",
        "a question with a score",
        replace(member, question="question.pain_now", question_n=1, questions=5, question_scale=True),
    )
    add(a.TALK_TO_STAFF, "", "no reason on the screen", member)
    add(a.TALK_TO_STAFF, "staff", "a staff PIN can lead on", replace(member, needs_staff=True))
    add(
        a.TALK_TO_STAFF,
        "rest",
        "a rest day, and what can be done instead",
        replace(
            member,
            talk_key="talk.rest",
            take_home=(texts("take_home.hill"), texts("take_home.care")),
        ),
    )
    planned = replace(member, has_history=True, visit_n=3, visit_limit=3)
    add(a.PROGRAM, "", "three programs", replace(planned, cards=CARDS, more_cards=True))
    add(
        a.PROGRAM,
        "long_names",
        "long names, cap reasons",
        replace(planned, member_name="Maximiliane-Henriette", cards=LONG_CARDS, more_cards=True),
    )
    add(
        a.PROGRAM,
        "guest",
        "a guest has one",
        replace(
            base,
            guest=True,
            cards=(
                replace(
                    CARDS[0], id="P1", title="First Steps", steps=FIRST_STEPS, top_ckmh=113, minutes=5, reason=""
                ),
            ),
        ),
    )
    add(a.PREVIEW, "", "nothing new", replace(member, card=CARDS[1]))
    add(
        a.PREVIEW,
        "new",
        "something new to agree to",
        replace(
            member,
            card=CARDS[0],
            preview_note="New today: for three minutes 1.2 mph, a little faster than before.",
            preview_choice=True,
        ),
    )
    add(a.PREVIEW, "capped", "a cap clips it", replace(member, card=LONG_CARDS[1]))
    add(a.PREVIEW, "follow", "the console sets the pace", replace(member, card=AT_ONE_PACE))
    for now in ("link", "still", "red", "clip_on", "area", "shoes", "clip_pull", "clip_close", "flat", "key"):
        add(a.CHECK, now, f"waits for: {now}", replace(member, card=CARDS[0], tiles=check_tiles(now)))
    add(
        a.CHECK,
        "failed",
        "the belt moved",
        replace(member, card=CARDS[0], tiles=check_tiles("still", failed=True, staff=True)),
    )
    add(
        a.CHECK,
        "done",
        "all done",
        replace(member, card=CARDS[0], tiles=tuple(replace(t, state=TileState.DONE) for t in check_tiles("link"))),
    )
    at_console = replace(member, follow=True, status=changed(STATUS, state=State.ARMED, follow=True))
    add(a.CONSOLE_START, "", "the member starts the belt at its console", at_console)
    add(a.CONSOLE_START, "pace", "up to a pace that is known", replace(at_console, pace_ckmh=193))
    turning = replace(at_console, status=changed(MOVING, follow=True), measured_ckmh=97)
    add(a.CONSOLE_START, "turn", "it runs: turn round", turning)
    add(a.CONSOLE_START, "turn_amber", "with an amber button", replace(turning, amber=True, stop_touched=True))
    add(a.STRADDLE, "", "clip alone", member)
    add(a.PAUSE, "", "between two sets", replace(member, count=65, touch_ready=True))
    add(a.PAUSE, "break", "a break that the member asked for", replace(member, count=48, paused=True))
    add(a.STRADDLE, "amber", "with an amber button", replace(member, amber=True))
    for count in (5, 1):
        add(a.COUNTDOWN, str(count), "the belt starts at nought", replace(member, count=count))
    add(a.BELT_STARTING, "", "spinning up", replace(member, status=MOVING, measured_ckmh=32))
    add(a.STEP_ON, "", "at its slowest", replace(walking, measured_ckmh=80, walk=replace(WALK, cue_show=())))
    add(a.WALK, "", "main phase", walking)
    add(a.WALK, "quiet", "no cue just now", replace(walking, walk=replace(WALK, cue_show=())))
    add(a.WALK, "long", "14:05 left, two cue lines", replace(walking, walk=LONG_WALK, measured_ckmh=145))
    add(
        a.WALK,
        "faster",
        "a rise in eight seconds",
        replace(
            walking,
            measured_ckmh=145,
            walk=replace(
                WALK,
                target_ckmh=145,
                next_ckmh=193,
                next_in_s=8.0,
                cue_show=("Hold the rails.", "Speed rising soon."),
            ),
        ),
    )
    add(
        a.WALK,
        "hill",
        "a hill in five seconds",
        replace(
            walking,
            walk=replace(LONG_WALK, next_dpct=20, next_in_s=5.0, cue_show=("Hill next.", "Speed stays the same.")),
        ),
    )
    add(a.WALK, "unknown", "no fresh speed", replace(walking, measured_ckmh=None))
    add(a.WALK, "kmh", "a km/h gym", replace(walking, units=SpeedUnit.KMH))
    add(
        a.WALK,
        "touched",
        "touch again to stop",
        replace(walking, stop_touched=True, walk=replace(WALK, stop_touched=True)),
    )
    add(a.WALK, "disk", "the disk is full", replace(walking, banner="disk_full"))
    add(
        a.WALK,
        "simulated",
        "simulation band",
        replace(walking, simulated=True, legend=keys, walk=LONG_WALK),
    )
    add(
        a.EASING,
        "",
        "slowing down",
        replace(
            walking,
            measured_ckmh=113,
            walk=replace(WALK, left_s=38.0, at_s=402.0, cue_show=("Slowing down.", "Keep walking.")),
        ),
    )
    even = replace(WALK, steps=AT_ONE_PACE.steps)
    following = replace(walking, follow=True, status=changed(MOVING, follow=True), walk=even)
    add(a.WALK, "follow", "the console sets the pace", following)
    add(a.EASING, "follow", "nothing eases it: the way out is beside the belt", replace(following, amber=True))
    add(a.EASING, "follow_clip", "without an amber button", replace(following, stop_touched=True))
    add(a.TO_RAILS, "", "the plan is over", replace(following, count=9))
    add(a.TO_RAILS, "touched", "touch again to stop", replace(following, count=4, stop_touched=True))
    for end in (Deck.OPEN_END, Deck.MOTOR_END):
        off = changed(MOVING, inputs=with_deck(end))
        add(a.WALK, end.value, "too near an end of the deck", replace(walking, status=off))
    add(
        a.EASING,
        "open_end",
        "slower, because the walker drifts",
        replace(walking, measured_ckmh=161, status=changed(MOVING, inputs=with_deck(Deck.OPEN_END))),
    )
    add(
        a.STOPPING,
        "",
        "a soft stop",
        replace(walking, status=STOPPING, measured_ckmh=64, walk=replace(WALK, left_s=0.0, cue_show=())),
    )
    for cause in CAUSES:
        moving = replace(
            walking,
            status=changed(STOPPING, cause=cause, hard=True),
            cause=cause,
            measured_ckmh=97,
            touch_ready=False,
        )
        if cause in (Cause.LINK_LOST, Cause.TELEMETRY_STALE):
            moving = replace(moving, measured_ckmh=None)
        add(a.SAFETY_STOP, cause.value, "while the belt may move", moving)
    for cause, staff in (
        (Cause.CLIP, False),
        (Cause.RED_BUTTON, True),
        (Cause.LINK_LOST, True),
        (Cause.MEMBER_STOP, False),
    ):
        still = replace(
            walking,
            status=changed(
                STOPPING,
                state=State.LATCHED,
                cause=cause,
                at_rest=True,
                reset_by=ResetBy.STAFF if staff else ResetBy.MEMBER,
            ),
            cause=cause,
            measured_ckmh=0,
            needs_staff=staff,
            touch_ready=True,
        )
        add(a.SAFETY_STOP, f"{cause.value}-still", "at rest: the way on", still)
    add(a.BELT_STOPPED, "", "just stopped", replace(member, walk=WALK, touch_ready=False))
    add(a.BELT_STOPPED, "ready", "touch is taken again", replace(member, walk=WALK))
    add(
        a.WHY_STOPPED,
        "",
        "after a clip was pulled",
        replace(
            member,
            choices=(
                "why.slipped",
                "why.unsteady",
                "why.pain",
                "why.tired",
                "why.chest",
                "why.other",
            ),
        ),
    )
    add(
        a.WHY_STOPPED,
        "touched",
        "after the stop bar",
        replace(member, choices=("why.break", "why.unsteady", "why.pain", "why.tired", "why.chest", "why.other")),
    )
    add(a.EFFORT, "", "after the walk", member)
    add(a.PAIN, "", "after the walk", replace(member, pain_before=2))
    add(a.EFFORT, "guest", "a guest's scores are for today", replace(base, guest=True))
    ended = replace(member, summary=SUMMARY, left_s=40.0, has_history=True)
    add(a.SUMMARY, "", "a member's walk", ended)
    at_one_pace = replace(SUMMARY, follow=True, plan=AT_ONE_PACE.steps, speeds=walked(AT_ONE_PACE.steps, 440))
    add(a.SUMMARY, "follow", "at the console's pace", replace(ended, summary=at_one_pace))
    add(
        a.SUMMARY,
        "first",
        "the first walk",
        replace(ended, summary=replace(SUMMARY, last=bars(5), week_sessions=1)),
    )
    add(
        a.SUMMARY,
        "advice",
        "pain has risen",
        replace(ended, summary=replace(SUMMARY, pain_after=6, advice=texts("summary.advice"))),
    )
    add(
        a.SUMMARY,
        "guest",
        "a guest, short, nothing asked",
        replace(
            base,
            guest=True,
            left_s=31.0,
            units=SpeedUnit.KMH,
            summary=replace(
                SUMMARY,
                walk_s=92.0,
                distance_m=19.0,
                top_ckmh=80,
                week_sessions=None,
                speeds=walked(FIRST_STEPS, 92),
                plan=FIRST_STEPS,
                effort=None,
                pain_before=None,
                pain_after=None,
                next_title="First Steps",
                next_reason="The same again, until it feels easy.",
                completed=False,
                last=(),
                join=True,
            ),
        ),
    )
    add(
        a.SUMMARY,
        "empty",
        "stopped before the first reading",
        replace(
            member,
            left_s=40.0,
            summary=replace(
                SUMMARY,
                walk_s=0.0,
                distance_m=0.0,
                top_ckmh=0,
                speeds=(),
                effort=None,
                completed=False,
                week_sessions=1,
                last=(),
            ),
            has_history=True,
        ),
    )
    add(
        a.SUMMARY,
        "join_failed",
        "no code could be made",
        replace(
            base,
            guest=True,
            left_s=40.0,
            summary=replace(SUMMARY, week_sessions=None, last=(), join=True, join_failed=True),
        ),
    )
    add(a.JOINED, "", "the new member's code", replace(base, guest=True, new_code="417926"))
    add(a.HISTORY, "", "three months", replace(member, history=HISTORY))
    add(a.HISTORY, "comfort", "a small panel's second chart", replace(member, history=replace(HISTORY, page=1)))
    add(a.HISTORY, "pain", "a small panel's third chart", replace(member, history=replace(HISTORY, page=2)))
    add(a.HISTORY, "first", "one walk", replace(member, history=FIRST_WALK))
    add(
        a.HISTORY,
        "not_kept",
        "no consent to keep scores",
        replace(member, history=replace(HISTORY, pain=(), kept=False, page=2)),
    )
    add(a.HISTORY, "empty", "before the first walk", replace(member, history=NO_WALK))
    days = replace(HISTORY, page=DAYS_PAGE, days=(0, 2, 4))
    add(a.HISTORY, "days", "the sample week", replace(member, history=days))
    own = replace(days, days=(1, 3), open_days=(5, 6), own_days=True)
    add(a.HISTORY, "own-days", "a member's own week, one day still to choose", replace(member, history=own))
    add(a.STAFF_PIN, "", "no digit yet", base)
    add(a.STAFF_PIN, "wrong", "wrong PIN", replace(base, digits=0, keypad_error="keypad.wrong_pin"))
    resetting = replace(
        base,
        status=changed(STOPPING, state=State.LATCHED, cause=Cause.RED_BUTTON, at_rest=True, reset_by=ResetBy.STAFF),
        cause=Cause.RED_BUTTON,
    )
    items = (
        Tile("reset.item.person", TileState.DONE, tap=True),
        Tile("reset.item.belt", TileState.ACTIVE, tap=True),
        Tile("reset.item.red", TileState.DONE),
        Tile("reset.item.clip", TileState.ACTIVE),
        Tile("reset.item.amber", TileState.ACTIVE),
        Tile("reset.item.link", TileState.DONE),
        Tile("reset.item.still", TileState.DONE),
    )
    add(a.RESET, "", "one thing is missing", replace(resetting, reset_items=items, can_confirm=False))
    add(
        a.RESET,
        "ready",
        "ready",
        replace(
            resetting,
            reset_items=tuple(replace(item, state=TileState.DONE) for item in items),
            notes=("Signed in: Kim. Third stop of this kind in seven days.",),
        ),
    )
    add(a.OUT_OF_SERVICE, "", "a latched fault", replace(resetting, cause=Cause.OVERSPEED, needs_staff=True))
    held = texts("out_of_service.hold", cause=texts("cause.link_lost")), texts("out_of_service.hold_do")
    add(a.OUT_OF_SERVICE, "hold", "the third same fault in seven days", replace(base, belt_free=False, notes=held))
    add(a.ATTRACT, "set_up", "no staff account yet", replace(base, set_up_first=True, belt_free=False))
    reasons = tuple(f"reason_override.{name}" for name in REASONS)
    slow = f"{texts.speed(161, base.units)} {texts(f'unit.{base.units.name.lower()}')}"
    once = texts("override.text_first", speed=slow)
    for state, note, text in (
        ("", "why staff let one session happen", texts("override.text")),
        ("first", "a gate of the first visit alone", once),
    ):
        add(a.OVERRIDE, state, note, replace(member, choices=reasons, notes=(text,)))
    return made
