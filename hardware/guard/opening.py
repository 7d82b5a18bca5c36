"""The opening check: what staff prove on a treadmill before the day's first session, and how long it counts. Pure.

Red button and clip are seen open and then closed, the alarm and the voice are heard, and one run on the empty belt
comes to rest in time (safety.md, Proofs). It counts for 18 h and for this treadmill. Times are monotonic seconds.
"""

from __future__ import annotations

import msgspec

from hardware.constants import OPENING_VALID_S
from hardware.link.messages import Contact, Heard, Opening, Proof, Switches


class Checks(msgspec.Struct, frozen=True):
    """What a session needs besides itself. The configuration lets either be False in a simulated world only."""

    opening: bool = True
    profile: bool = True


class Check(msgspec.Struct, frozen=True):
    """The check as it stands. *done_s* and *address*: when it was finished last, and on which treadmill."""

    under_way: bool = False
    opened: tuple[Proof, ...] = ()  # loops that were seen open since it began
    proved: tuple[Proof, ...] = ()
    sounded: bool = False  # the alarm was switched on since it began
    address: str | None = None
    done_s: float | None = None

    @property
    def record(self) -> tuple[str, float] | None:
        """What outlives this guard: treadmill and time of a finished check."""
        return None if self.address is None or self.done_s is None else (self.address, self.done_s)


but = msgspec.structs.replace


def done_before(record: tuple[str, float] | None) -> Check:
    """What a guard that starts knows of a check finished before: its treadmill and when."""
    return Check() if record is None else Check(address=record[0], done_s=record[1])


def begun() -> Check:
    """Every proof starts anew, and no older check counts any more."""
    return Check(under_way=True)


def with_proof(check: Check, proof: Proof) -> Check:
    """The check and one more proof; nothing changes unless it is under way."""
    if not check.under_way or proof in check.proved:
        return check
    return but(check, proved=(*check.proved, proof))


def with_switches(check: Check, switches: Switches) -> Check:
    """A loop is proved by having been open since the check began and being closed now."""
    if not check.under_way:
        return check
    for proof, contact in ((Proof.RED_BUTTON, switches.red), (Proof.CLIP, switches.clip)):
        if contact is Contact.OPEN and proof not in check.opened:
            check = but(check, opened=(*check.opened, proof))
        elif contact is Contact.CLOSED and proof in check.opened:
            check = with_proof(check, proof)
    return check


def with_heard(check: Check, heard: Heard) -> Check:
    """What staff heard. The alarm counts only if it was switched on."""
    if heard.sound:
        check = with_proof(check, Proof.SOUND)
    return with_proof(check, Proof.ALARM) if heard.alarm and check.sounded else check


def missing(check: Check, *, alarm: bool) -> tuple[Proof, ...]:
    """What is still to be proved; *alarm*: one is fitted."""
    needed = [proof for proof in Proof if alarm or proof is not Proof.ALARM]
    return tuple(proof for proof in needed if proof not in check.proved)


def settled(check: Check, address: str | None, *, alarm: bool, now_s: float) -> Check:
    """The check, finished if everything is proved on a treadmill that says who it is."""
    if not check.under_way or address is None or missing(check, alarm=alarm):
        return check
    return Check(address=address, done_s=now_s)


def valid_left_s(check: Check, address: str | None, now_s: float) -> float | None:
    """For how long the check still counts for *address*; None: it does not. One from the future is none."""
    if check.done_s is None or check.address != address or not 0 <= now_s - check.done_s < OPENING_VALID_S:
        return None
    return OPENING_VALID_S - (now_s - check.done_s)


def told(check: Check, address: str | None, checks: Checks, *, alarm: bool, now_s: float) -> Opening:
    """For the kiosk. While no treadmill is connected, the one that was checked is taken to be it."""
    left_s = valid_left_s(check, check.address if address is None else address, now_s)
    return Opening(
        under_way=check.under_way,
        missing=() if left_s is not None else missing(check, alarm=alarm),
        valid_left_s=left_s,
        needed=checks.opening,
    )
