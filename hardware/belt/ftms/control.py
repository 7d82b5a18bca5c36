"""Control of the machine: asked for with `00`, kept while connected, lost by FF, 05, Reset or the link."""

from __future__ import annotations

from typing import Final

from hardware.belt import trouble
from hardware.belt.ftms.codec import REQUEST_CONTROL, Result
from hardware.belt.link import LinkError
from hardware.belt.treadmill import Outcome, Report
from hardware.config.profiles import Quirks
from hardware.constants import ANSWER_S

SILENCE_IS_CONSENT_S: Final = 0.3  # quirk 1: some obey, but never answer `00` (only where the profile says so)
AGAIN_S: Final = (2.0, 5.0, 10.0, 30.0)  # pauses between requests: some machines beep at each command (quirk 7)


class Control:
    """The state of control over one connection."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks: Final = quirks
        self.held = False
        self.trouble = ""
        self.answered: bool | None = None  # the newest request; None: not asked on this link, or still open
        self._asks = 0
        self._asked_s: float | None = None
        self._open_since_s: float | None = None  # asked and not yet answered

    def reset(self) -> None:
        """Another connection: nothing is held."""
        self.held = False
        self.trouble = ""
        self.answered = None
        self._asks = 0
        self._asked_s = self._open_since_s = None

    def lost(self) -> None:
        """The machine says so."""
        self.held = False
        self._open_since_s = None  # no silence gives it back

    def take(self, report: Report, fault: LinkError | None) -> None:
        """An outcome of a write to the control point."""
        if report.outcome is Outcome.ANSWERED and report.result == Result.CONTROL_NOT_PERMITTED:
            self.lost()
        if report.op != REQUEST_CONTROL[0]:
            return
        if report.outcome is Outcome.ANSWERED:
            self._open_since_s = None
            self.answered = True
            if report.result == Result.SUCCESS:
                self._given()
            else:
                self.trouble = trouble.CONTROL_REFUSED
            return
        self._asks += 1
        self._asked_s = report.at_s
        self.answered = None
        if report.outcome is Outcome.WRITTEN:
            self._open_since_s = report.at_s
        elif fault is not None:
            self.trouble = trouble.sentence(fault)

    def tick(self, now_s: float, *, commissioned: bool = True) -> None:
        """Time passes without an answer. Of a machine that nobody has measured, silence is consent after 2 s: most
        that say nothing obey all the same (quirk 1), and commissioning is there to find out.
        """
        if self._open_since_s is None:
            return
        waited_s = now_s - self._open_since_s
        if waited_s >= ANSWER_S:
            self.answered = False
            self._open_since_s = None
            if not commissioned:
                self._given()
            elif not self.held:
                self.trouble = trouble.CONTROL_UNANSWERED
        elif self._quirks.no_request_control_answer and waited_s >= SILENCE_IS_CONSENT_S:
            self._held()

    def due(self, now_s: float) -> bool:
        """True when control is to be asked for, or asked for again."""
        if self.held:
            return False
        if self._asks == 0 or self._asked_s is None:
            return True
        return now_s - self._asked_s >= AGAIN_S[min(self._asks, len(AGAIN_S)) - 1]

    def _given(self) -> None:
        self._held()
        self._open_since_s = None

    def _held(self) -> None:
        self.held = True
        self.trouble = ""
        self._asks = 0
