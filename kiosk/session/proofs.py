"""Repeated proofs: each contact is seen to open and to close again before a treadmill goes back to work."""

from __future__ import annotations

from hardware.link.messages import Inputs
from kiosk.intents import TileState
from kiosk.snapshot import Tile


def proved(proofs: frozenset[str], inputs: Inputs) -> frozenset[str]:
    """What has been seen to move, with *inputs* as they are now: a proof is a contact seen open, then closed."""
    seen = set(proofs)
    for name, closed in (("clip", inputs.clip_closed), ("red", inputs.red_closed)):
        if not closed:
            seen.add(f"{name}_open")
            seen.discard(name)  # proved before, and open now: it counts once it is closed again
        elif f"{name}_open" in seen:
            seen.add(name)
    if inputs.amber_pressed:
        seen.add("amber_down")
    elif inputs.amber_pressed is False and "amber_down" in seen:
        seen.add("amber")
    return frozenset(seen)


def proof_tiles(proofs: frozenset[str], inputs: Inputs | None) -> tuple[Tile, ...]:
    """The proofs as lines: each names what to do until it was seen."""
    names = ["red", "clip"]
    if inputs is not None and inputs.amber_pressed is not None:
        names.append("amber")
    return tuple(Tile(f"reset.item.{name}", TileState.DONE if name in proofs else TileState.ACTIVE) for name in names)
