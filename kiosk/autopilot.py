"""The autopilot: plays a member who walks First Steps, by looking at the screen and touching what is there.

It knows no more than a person does: the snapshot that is shown. It touches through the stage, at the place where the
button is, and its hands move clip and buttons in the simulated world. Pauses are a person's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kiosk.coach.screening import Question, Result, Screening
from kiosk.intents import Intent, IntentKind, ScreenId, TileState
from kiosk.snapshot import Snapshot

S = ScreenId
K = IntentKind

LOOK_S: Final = 1.4
"""Between seeing a screen and touching it."""

TAP_S: Final = 1.0
PULL_S: Final = 1.5  # the clip stays off this long
PRESS_S: Final = 0.3
STEP_ON_S: Final = 8.0
READ_S: Final = 6.0  # the summary is read
STUCK_S: Final = 240.0  # longer than any wait that a healthy session has
UNHEALTHY: Final = frozenset({S.SAFETY_STOP, S.TALK_TO_STAFF, S.OUT_OF_SERVICE, S.WHY_STOPPED, S.STAFF_PIN})


@dataclass(frozen=True, slots=True)
class Hand:
    """A hand at the treadmill: *what* is clip, amber or key, as in WorldHand."""

    what: str
    closed: bool


Deed = Intent | Hand


class Autopilot:
    """One walk from attract to attract. ``done`` when it is over, ``trouble`` when it cannot go on."""

    def __init__(self, screening: Screening) -> None:
        self._healthy: Final = healthy_answers(screening.questions)
        self._seen: tuple[object, ...] = ()
        self._since_s = 0.0
        self._acted_s = float("-inf")
        self._clip_off_s: float | None = None
        self._amber_down_s: float | None = None
        self._key_back = False
        self._walks_at_console = False
        self._summary = False
        self.done = False
        self.trouble = ""

    def look(self, shown: Snapshot) -> Deed | None:
        """What to do now, having seen *shown*."""
        now_s = shown.now_s
        scene = (shown.screen, shown.question, tuple(tile.state for tile in shown.tiles), shown.touch_ready)
        if scene != self._seen:
            self._seen, self._since_s = scene, now_s
        if self._amber_down_s is not None:
            if now_s - self._amber_down_s >= PRESS_S:
                self._amber_down_s = None
                return Hand("amber", False)
            return None
        if self.done or self.trouble:
            return None
        if shown.screen is S.ATTRACT and self._summary:
            self.done = True
            return None
        if shown.screen in UNHEALTHY:
            self.trouble = f"the walk ended on the screen {shown.screen}{_because(shown)}"
            return None
        walking = shown.screen in (S.WALK, S.EASING)
        if now_s - self._since_s > STUCK_S * (5 if walking else 1):
            self.trouble = f"nothing goes on from the screen {shown.screen}{_because(shown)}"
            return None
        if now_s - self._since_s < LOOK_S or now_s - self._acted_s < TAP_S:
            return None
        deed = self._deed(shown)
        if deed is not None:
            self._acted_s = now_s
            if isinstance(deed, Hand) and deed.what == "amber":
                self._amber_down_s = now_s
        return deed

    def _deed(self, shown: Snapshot) -> Deed | None:
        match shown.screen:
            case S.ATTRACT:
                return Intent(K.WAKE) if shown.belt_free else None
            case S.WHO:
                return Intent(K.GUEST)
            case S.CONSENT:
                return Intent(K.YES)
            case S.SCREENING:
                answer = self._healthy.get(shown.question.rpartition(".")[2], False)
                if isinstance(answer, bool):
                    return Intent(K.YES if answer else K.NO)
                return Intent(K.SCORE, answer)
            case S.PROGRAM:
                return Intent(K.CHOOSE, 0)
            case S.PREVIEW:
                return Intent(K.NEXT)
            case S.CHECK:
                return self._check(shown)
            case S.CONSOLE_START if not self._walks_at_console:
                self._walks_at_console = True
                return Hand("console", True)
            case S.CONSOLE_START | S.TO_RAILS if shown.amber and shown.measured_ckmh and now_turned(shown):
                return Hand("amber", True)
            case S.STRADDLE if shown.amber:
                return Hand("amber", True)
            case S.STEP_ON if shown.amber and now_on_belt(shown):
                return Hand("amber", True)
            case S.BELT_STOPPED if shown.touch_ready:
                return Intent(K.NEXT)
            case S.EFFORT:
                return Intent(K.SCORE, 3)
            case S.PAIN:
                return Intent(K.SCORE, 0)
            case S.SUMMARY:
                self._summary = True
                return Intent(K.DONE) if shown.now_s - self._since_s >= READ_S else None
        return None

    def _check(self, shown: Snapshot) -> Deed | None:
        if self._clip_off_s is not None:
            if shown.now_s - self._clip_off_s < PULL_S:
                return None
            self._clip_off_s = None
            return Hand("clip", True)
        for index, tile in enumerate(shown.tiles):
            if tile.state is not TileState.ACTIVE:
                continue
            if tile.key == "check.key" and tile.tap and not self._key_back:
                self._key_back = True
                return Hand("key", True)
            if tile.tap:
                return Intent(K.TICK, index)
            if tile.key == "check.clip_pull":
                self._clip_off_s = shown.now_s
                return Hand("clip", False)
            if tile.key in ("check.clip_on", "check.clip_close"):
                return Hand("clip", True)
        return None


def now_on_belt(shown: Snapshot) -> bool:
    """Stepping on and feeling steady takes a person a while."""
    return shown.screen_s >= STEP_ON_S


def now_turned(shown: Snapshot) -> bool:
    """Turning round on the rails, or stepping to them, takes a person a while."""
    return shown.screen_s >= STEP_ON_S


def _because(shown: Snapshot) -> str:
    if shown.cause is not None:
        return f" ({shown.cause.value})"
    missing = () if shown.status is None else (*shown.status.reset_missing, *shown.status.arm_missing)
    return f" (missing: {', '.join(sorted({m.value for m in missing}))})" if missing else ""


def healthy_answers(questions: Mapping[str, Question]) -> dict[str, bool | int]:
    """For each question the answer that comes to nothing: read from the file, so that it stays right."""
    answers: dict[str, bool | int] = {}
    for question in questions.values():
        if question.scale:
            answers[question.id] = 0
        else:
            no_is_clear = question.no.outcome is Result.CLEAR and not question.no.ask
            answers[question.id] = not no_is_clear
    return answers
