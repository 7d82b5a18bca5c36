"""A procedure with its hands on the disk: what a terminal or a staff screen turns ten times a second.

``CommissionJob`` and ``CheckJob`` have the same face (``Job``): give them what the guard said and what the person
did, show the instruction, send the requests. What has to be on disk first is on disk when ``turn`` returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from hardware.config.files import save_profile
from hardware.config.profiles import Profile, ProfileError, load_profile
from hardware.link.messages import KioskToGuard
from kiosk.staff.commissioning import opening, page, procedure, progress
from kiosk.staff.commissioning.findings import Findings, Identity
from kiosk.staff.commissioning.instruction import Act, Deed, Instruction
from kiosk.staff.commissioning.memory import ENDS, Seen
from kiosk.staff.commissioning.progress import Progress


class JobError(Exception):
    """The disk did not do its part; the text says what to do."""


class Job(Protocol):
    """One procedure at work."""

    @property
    def ended(self) -> bool:
        """True once nothing more will come."""

    @property
    def good(self) -> bool:
        """True if it ended as it should."""

    def turn(
        self, seen: Seen | None, deeds: Sequence[Deed], now_s: float
    ) -> tuple[Instruction, tuple[KioskToGuard, ...]]:
        """One look. Raises JobError."""


def day_of(utc_ms: int) -> str:
    """The UTC date as 2026-11-21."""
    return datetime.fromtimestamp(utc_ms / 1000, UTC).date().isoformat()


class CommissionJob:
    """Commissioning of the treadmill at *address*. *utc_ms* is asked whenever something is written."""

    def __init__(
        self,
        directory: Path,
        address: str,
        *,
        who: str,
        now_s: float,
        utc_ms: Callable[[], int],
        local_time: Callable[[int], str],
        restart: bool = False,
        resume: bool = False,
    ) -> None:
        """*resume*: take up what was kept without asking; *restart*: forget it. Raises ProfileError, OSError."""
        self._directory: Final = directory
        self._address: Final = address
        self._utc_ms: Final = utc_ms
        self._who: Final = who
        self.page: Path | None = None
        self.profile: Profile | None = None
        if restart:
            progress.forget(directory, address)
        kept = progress.kept(directory, address, utc_ms())
        offered: tuple[Identity, Findings, str, str] | None = None
        if kept is not None:
            offered = (kept.identity, kept.found, local_time(kept.saved_ms), kept.who)
        self._resume = resume and offered is not None
        self.state = procedure.begin(
            now_s,
            who=who,
            today=day_of(utc_ms()),
            holding=load_profile(directory, address),
            offered=offered,
        )

    @property
    def ended(self) -> bool:
        """True once nothing more will come."""
        return self.state.phase in ENDS

    @property
    def good(self) -> bool:
        """True if the treadmill is commissioned."""
        return self.state.phase == "done"

    def turn(
        self, seen: Seen | None, deeds: Sequence[Deed], now_s: float
    ) -> tuple[Instruction, tuple[KioskToGuard, ...]]:
        """One look. Raises JobError."""
        if self._resume and self.state.phase == "offer":
            self._resume = False
            deeds = (Deed(Act.CONFIRM, now_s),)
        turn = procedure.step(self.state, seen, deeds, now_s)
        self.state = turn.state
        try:
            if turn.profile is not None:
                save_profile(self._directory, turn.profile)
                self.profile = turn.profile
            if turn.keep:
                self._keep(turn.profile)
        except (ProfileError, OSError) as error:
            raise JobError(f"What was measured cannot be kept: {error}. Free some space, then try again.") from error
        return turn.instruction, turn.requests

    def _keep(self, written: Profile | None) -> None:
        identity = self.state.identity
        if identity is None or identity.address != self._address:
            return
        made = Progress(identity=identity, saved_ms=self._utc_ms(), who=self._who, found=self.state.found)
        if written is not None and written.commissioned:
            self.page = page.write_record(self._directory, made, written)
            progress.forget(self._directory, self._address)
            return
        progress.keep(self._directory, made)


class CheckJob:
    """The opening check. *say* lets the voice be heard."""

    def __init__(self, now_s: float, say: Callable[[], None]) -> None:
        self._say: Final = say
        self.state = opening.begin(now_s)

    @property
    def ended(self) -> bool:
        """True once nothing more will come."""
        return self.state.phase in opening.ENDS

    @property
    def good(self) -> bool:
        """True if the check counts."""
        return self.state.phase == "done"

    def turn(
        self, seen: Seen | None, deeds: Sequence[Deed], now_s: float
    ) -> tuple[Instruction, tuple[KioskToGuard, ...]]:
        """One look."""
        turn = opening.step(self.state, seen, deeds, now_s)
        self.state = turn.state
        if turn.say:
            self._say()
        return turn.instruction, turn.requests
