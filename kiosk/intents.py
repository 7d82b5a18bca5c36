"""The words that session, screens and staff desk share: which screens there are, and what a touch on one means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ScreenId(StrEnum):
    """Every screen there is. Which follows which: kiosk/screens/flow.py."""

    ATTRACT = "attract"
    WHO = "who"
    CODE = "code"
    CONSENT = "consent"  # health data, before the first pain score
    SCREENING = "screening"
    TALK_TO_STAFF = "talk_to_staff"
    PROGRAM = "program"
    PREVIEW = "preview"
    CHECK = "check"
    CONSOLE_START = "console_start"  # follow mode: the member starts the belt at its console and sets the pace
    STRADDLE = "straddle"
    COUNTDOWN = "countdown"
    BELT_STARTING = "belt_starting"
    STEP_ON = "step_on"
    WALK = "walk"
    EASING = "easing"
    TO_RAILS = "to_rails"  # follow mode: the plan is over; off the moving belt before its own key stops it
    STOPPING = "stopping"
    SAFETY_STOP = "safety_stop"
    BELT_STOPPED = "belt_stopped"
    PAUSE = "pause"  # between two sets: the belt is stopped, the member stands on the side rails
    WHY_STOPPED = "why_stopped"
    EFFORT = "effort"
    PAIN = "pain"
    SUMMARY = "summary"
    HISTORY = "history"  # a member's own walks, as charts
    JOINED = "joined"  # a guest has become a member: their code
    STAFF_PIN = "staff_pin"
    OVERRIDE = "override"  # staff opened a gate: why, from a list
    RESET = "reset"
    OUT_OF_SERVICE = "out_of_service"
    # The staff's desk (kiosk/staff/desk); small pages that ask one thing first.
    STAFF_PICK = "staff_pick"
    STAFF_PAD = "staff_pad"
    STAFF_TYPE = "staff_type"
    STAFF_CONFIRM = "staff_confirm"
    STAFF_NOTE = "staff_note"
    STAFF_SETUP = "staff_setup"
    STAFF_MENU = "staff_menu"
    STAFF_CAPS = "staff_caps"
    STAFF_CAP = "staff_cap"
    STAFF_MEMBERS = "staff_members"
    STAFF_MEMBER = "staff_member"
    STAFF_ACCOUNTS = "staff_accounts"
    STAFF_ACCOUNT = "staff_account"
    STAFF_OVERRIDE = "staff_override"
    STAFF_EXPORT = "staff_export"
    STAFF_REPORTS = "staff_reports"
    STAFF_LOG = "staff_log"
    STAFF_EVENT = "staff_event"
    STAFF_BOX = "staff_box"
    STAFF_FAULTS = "staff_faults"
    STAFF_FAULT = "staff_fault"
    STAFF_TREADMILL = "staff_treadmill"
    STAFF_PROCEDURE = "staff_procedure"
    STAFF_DIAGNOSTICS = "staff_diagnostics"
    STAFF_TOUCH = "staff_touch"
    STAFF_SYSTEM = "staff_system"


FAR_SCREENS: Final = frozenset(
    {
        ScreenId.CONSOLE_START,
        ScreenId.STRADDLE,
        ScreenId.COUNTDOWN,
        ScreenId.BELT_STARTING,
        ScreenId.STEP_ON,
        ScreenId.WALK,
        ScreenId.EASING,
        ScreenId.TO_RAILS,
        ScreenId.STOPPING,
        ScreenId.SAFETY_STOP,
        ScreenId.BELT_STOPPED,
        ScreenId.PAUSE,
    }
)
"""Read from the rails at viewing distance: type by visual angle, gaze target at one place."""


INERT_SCREENS: Final = FAR_SCREENS - {ScreenId.BELT_STOPPED, ScreenId.PAUSE}
"""The belt may move: touch does nothing but stop."""


DESK_SCREENS: Final = frozenset(
    screen for screen in ScreenId if screen.value.startswith("staff_") and screen is not ScreenId.STAFF_PIN
)
"""The staff's desk. Which page follows which there: kiosk/staff/desk/flow.py."""


class IntentKind(StrEnum):
    """What a touch or key means."""

    WAKE = "wake"
    GUEST = "guest"
    HAVE_CODE = "have_code"
    DIGIT = "digit"  # value 0-9
    ERASE = "erase"
    SUBMIT = "submit"
    SHOW = "show"  # the typed member code, or its dots again
    YES = "yes"
    NO = "no"
    BACK = "back"
    CANCEL = "cancel"
    NEXT = "next"
    CHOOSE = "choose"  # value: index of the card, tile or answer
    SCORE = "score"  # value 0-10
    SKIP = "skip"
    TICK = "tick"  # value: index of a check tile that a person confirms
    STOP = "stop"
    STAFF = "staff"  # hold the logo
    LANGUAGE = "language"  # value: index into Snapshot.languages
    VOLUME = "volume"  # value 1-3
    CONFIRM = "confirm"
    DONE = "done"
    STAY = "stay"  # more time, please
    HISTORY = "history"  # my walks so far
    JOIN = "join"  # a guest wants to become a member
    OPEN = "open"  # value: index of the tile or row
    PREVIOUS = "previous"  # the page of a list before
    STEP = "step"  # value: +1 or -1
    HOLD = "hold"  # value: which; counts only while a finger stays 2 s
    LETTER = "letter"  # value: index into the letters
    SPACE = "space"
    SIGN_OUT = "sign_out"
    TOUCH = "touch"  # value: x * 10000 + y, filled in by the stage


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish of a person."""

    kind: IntentKind
    value: int = 0


class TileState(StrEnum):
    """A line of the safety check."""

    WAITING = "waiting"
    ACTIVE = "active"  # this is what to do now
    DONE = "done"
    FAILED = "failed"
