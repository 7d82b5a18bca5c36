"""Staff's leave to walk at the console's pace on one treadmill, kept in its profile (coaching, decisions). Pure."""

from __future__ import annotations

import msgspec

from hardware.config.profiles import UNCOMMISSIONED, Profile
from hardware.link.messages import TreadmillFacts


def may_be_followed(facts: TreadmillFacts) -> bool:
    """Only one that takes no speed from us: any other is led, or it is not for walking at all."""
    return not facts.can_speed


def with_leave(profile: Profile, facts: TreadmillFacts, *, allowed: bool) -> Profile:
    """*profile* with leave to follow this very treadmill, or without it.

    The leave is for the model and firmware that staff have looked at; what was measured of another firmware is not
    carried on with it.
    """
    measured = (profile.address, profile.model or "", profile.firmware or "")
    same = measured == (facts.address, facts.model, facts.firmware)
    known = profile if same else UNCOMMISSIONED
    name = known.name if same else facts.name[:60] or facts.model or UNCOMMISSIONED.name
    return msgspec.structs.replace(
        known,
        name=name,
        address=facts.address,
        model=facts.model or None,
        firmware=facts.firmware or None,
        follow_allowed=allowed,
    )
