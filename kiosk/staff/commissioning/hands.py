"""A scripted technician for simulated treadmills: does what the instructions ask, with human pauses.

``AutoHand`` needs a ``World``: something whose clip, red button, amber button and treadmill key it can move, and
whose belt it can look at. The simulated world over its control socket is one (``retrowalk commission --auto``), a
composed test another; a rig with servo and camera in front of a real treadmill would be a third. It plays fair: it
sees the belt and the instruction, never what the guard or the belt process think.
"""

from __future__ import annotations

from typing import Final, Protocol

from hardware.units import MM_PER_S_PER_CKMH
from kiosk.staff.commissioning.instruction import Act, Awaits, Deed, Instruction

REACT_S: Final = 1.5  # from reading an instruction to doing it
READ_S: Final = 3.0  # to read a page and choose
TAP_JITTER_S: Final = (0.02, -0.05, 0.06, -0.02, 0.0, 0.04, -0.06, 0.03)  # about a person's own, and repeatable
KEY_AGAIN_S: Final = 2.0


class World(Protocol):
    """What a technician can touch and see."""

    def hand(self, what: str, closed: bool) -> None:
        """Move ``clip``, ``red``, ``amber``, ``key``, ``console``; *closed*: on, released, pressed, seated, start."""

    def belt_ckmh(self) -> float:
        """The belt's true speed, by eye."""


class AutoHand:
    """Answers instructions. ``watch`` must be called often (every 20 ms or so), ``answer`` whenever one is shown."""

    def __init__(self, world: World, *, deck_mm: int = 1400, belt_mm: int | None = 3000, repeats: int = 2) -> None:
        self._world: Final = world
        self._deck_mm: Final = deck_mm
        self._belt_mm: Final = belt_mm
        self._repeats: Final = repeats
        self._page = ""
        self._since_s = 0.0
        self._done = False
        self._key_out = False
        self._key_s: float | None = None
        self._seen_s: float | None = None
        self._travel_mm = 0.0
        self._passes = 0
        self._taps: list[float] = []
        self._tapped = 0
        self._failures: dict[int, int] = {}
        self.failed: list[str] = []  # pages of failure that were shown, as "step: why"

    def watch(self, now_s: float) -> None:
        """Look at the belt: each time the mark passes is a tap to come."""
        if self._seen_s is not None:
            self._travel_mm += self._world.belt_ckmh() * MM_PER_S_PER_CKMH * (now_s - self._seen_s)
        self._seen_s = now_s
        if self._belt_mm is not None and int(self._travel_mm // self._belt_mm) > self._passes:
            self._passes = int(self._travel_mm // self._belt_mm)
            over_s = (self._travel_mm % self._belt_mm) / max(self._world.belt_ckmh() * MM_PER_S_PER_CKMH, 1.0)
            jitter_s = TAP_JITTER_S[self._tapped % len(TAP_JITTER_S)]
            self._tapped += 1
            self._taps.append(now_s - over_s + 0.15 + jitter_s)

    def answer(self, shown: Instruction, now_s: float) -> tuple[Deed, ...]:
        """What the technician does now."""
        if shown.page != self._page:
            self._page, self._since_s, self._done = shown.page, now_s, False
            if shown.page == "failed":
                self.failed.append(f"{shown.n}: {dict(shown.keys).get('why', '')}")
        taps = tuple(Deed(Act.TAP, at_s) for at_s in self._taps if at_s <= now_s)
        self._taps = [at_s for at_s in self._taps if at_s > now_s]
        if shown.awaits is Awaits.TAP:
            return taps
        self._key(shown, now_s)
        waited_s = now_s - self._since_s
        if self._done or waited_s < (READ_S if shown.awaits in (Awaits.CONFIRM, Awaits.NUMBER) else REACT_S):
            return ()
        self._done = True
        return self._act(shown, now_s)

    def _key(self, shown: Instruction, now_s: float) -> None:
        """A key that was pulled goes back as soon as the belt stands; a puller's only while the permit holds it."""
        wanted_out = shown.awaits is Awaits.KEY_PULL
        if wanted_out or self._world.belt_ckmh() > 0:
            return
        if self._key_s is None or now_s - self._key_s >= KEY_AGAIN_S:
            self._key_s = now_s
            if now_s - self._since_s >= REACT_S:
                self._world.hand("key", True)

    def _act(self, shown: Instruction, now_s: float) -> tuple[Deed, ...]:
        match shown.awaits:
            case Awaits.CLIP_PULL:
                self._world.hand("clip", False)
            case Awaits.CLIP_CLOSE:
                self._world.hand("clip", True)
            case Awaits.RED_PRESS:
                self._world.hand("red", False)
            case Awaits.RED_RELEASE:
                self._world.hand("red", True)
            case Awaits.KEY_PULL:
                self._world.hand("key", False)
            case Awaits.CONSOLE:
                self._world.hand("console", True)
                return self._again(shown, now_s, Act.CONFIRM)
            case Awaits.KEY_CLOSE:
                self._world.hand("key", True)
                return self._again(shown, now_s, Act.CONFIRM)
            case Awaits.NUMBER:
                number = self._deck_mm if shown.page == "deck" else self._belt_mm
                return (Deed(Act.SKIP, now_s) if number is None else Deed(Act.NUMBER, now_s, number),)
            case Awaits.CONFIRM if shown.page == "failed":
                return self._after_failure(shown, now_s)
            case Awaits.CONFIRM:
                return (Deed(Act.YES if Act.YES in shown.choices else shown.choices[0], now_s),)
        return ()

    def _again(self, shown: Instruction, now_s: float, act: Act) -> tuple[Deed, ...]:
        """An answer that may not count yet: given again while the page stays."""
        self._done, self._since_s = False, now_s
        return (Deed(act, now_s),) if act in shown.choices else ()

    def _after_failure(self, shown: Instruction, now_s: float) -> tuple[Deed, ...]:
        """Twice again, then without that step, then not at all."""
        self._failures[shown.n] = self._failures.get(shown.n, 0) + 1
        if self._failures[shown.n] <= self._repeats:
            return (Deed(Act.REPEAT, now_s),)
        return (Deed(Act.SKIP if Act.SKIP in shown.choices else Act.LEAVE, now_s),)
